//! What the events of a case come to: the same events, the same state.
//!
//! Events are taken in the order (clock, site, digest), which every site has alike and which puts each event after all it
//! follows. Each has its effect, or is void for a reason that is kept and told to its author: the second of two claims, a
//! cancellation after the complement. A report is never void: what somebody signed is kept and shown, whatever else
//! happened meanwhile elsewhere.
//!
//! # Not here
//! Delays and who is on duty; both are asked of the state by `node`.

use super::{
    Case,
    event::{
        Ask, Attachment, Class, Counted, Event, Joined, KeyImage, Kind, Particulars, Patient, Report, Skip, Standing,
        Step,
    },
    practice::{self, Rule},
};
use crate::{
    digest::Digest,
    ids::{Id128, SiteId, Uid},
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// How far a case is. In the order of an ordinary case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Nobody is asked, or those asked have refused or did not answer.
    Requested,
    /// A site is asked.
    Offered,
    /// A site has taken it.
    Accepted,
    /// The examination is made.
    Acquired,
    /// The complement is sent: no cancelling from here on.
    Complemented,
    /// All images can be read.
    ImagesReady,
    /// Images are being looked at.
    Reading,
    /// There is a preliminary report.
    Preliminary,
    /// There is a final report.
    Final,
    /// It is in the requester's archive.
    Delivered,
    /// Somebody there has read it.
    Acknowledged,
    /// Opened again.
    Reopened,
    /// Done.
    Closed,
    /// Called off.
    Cancelled,
    /// Nobody took it.
    Unserved,
}

impl Stage {
    /// Whether somebody has something to do.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Cancelled | Self::Unserved)
    }
}

/// Why an event has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Void {
    /// Another event began the case.
    #[error("the case began already")]
    Begun,
    /// The site has no part in the case.
    #[error("the site has no part in the case")]
    NoParty,
    /// It is another site's to do.
    #[error("it is another site's to do")]
    NotYours,
    /// Another holds the claim.
    #[error("somebody else holds the claim")]
    Claimed {
        /// Where.
        site: SiteId,
        /// Who.
        person: String,
    },
    /// Nobody, or somebody else, holds the claim.
    #[error("not claimed by this person")]
    NotClaimed,
    /// The case is past it, or over.
    #[error("the case is past that")]
    TooLate,
    /// The case is not so far.
    #[error("the case is not so far")]
    TooEarly,
    /// The complement is sent: no cancelling any more.
    #[error("the post-examination complement is sent")]
    Complemented,
    /// There is a report: what remains is to read it.
    #[error("there is a report")]
    Reported,
    /// The report is not known, or not of the kind.
    #[error("no such report")]
    NoReport,
    /// Its author knew a final report: only an addendum can follow.
    #[error("there is a final report; only an addendum can follow")]
    AlreadyFinal,
    /// The one called did not read it back.
    #[error("not read back")]
    NotReadBack,
    /// A critical result was not heard, reports were not compared, or the difference between them was not acknowledged.
    #[error("something of it is still owed")]
    Owed,
    /// Out of bounds.
    #[error("out of bounds")]
    Malformed,
    /// Too many events, or attachments.
    #[error("there are too many of them")]
    Full,
    /// It is not read from afar. No node lets it be done; what came all the same counts.
    #[error("it is not read from afar")]
    FromAfar(Rule),
}

/// What became of asking a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// None yet.
    Waiting {
        /// Until then.
        until: Timestamp,
    },
    /// None in time.
    TimedOut,
    /// It took it.
    Accepted,
    /// It did not.
    Refused {
        /// Why.
        reason: String,
    },
}

/// One time that a site was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub site: SiteId,
    /// Person or team there; empty: whoever is on duty.
    pub whom: String,
    /// Which in the order of those to be asked.
    pub rank: u16,
    /// What came of it.
    pub answer: Answer,
}

/// One that was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Which in the order.
    pub rank: u16,
    /// Its name.
    pub whom: String,
    /// Why.
    pub why: Skip,
    /// When, by the requesting site's clock.
    pub at: Timestamp,
}

/// Who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where.
    pub site: SiteId,
    /// Account.
    pub person: String,
    /// Since when, by the site's clock.
    pub at: Timestamp,
}

/// What goes with the request beside its images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// What.
    pub what: Attachment,
    /// Who attached it, at the requesting site.
    pub person: String,
    /// When, by that site's clock.
    pub at: Timestamp,
}

/// Somebody compared whom the case names with the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Who, at the requesting site.
    pub person: String,
    /// When, by that site's clock.
    pub at: Timestamp,
}

/// Who the patient is, as the requesting site said it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The event that said so.
    pub event: Digest,
    /// Who.
    pub patient: Patient,
    /// Who said it, at the requesting site.
    pub person: String,
    /// When, by that site's clock.
    pub at: Timestamp,
    /// Who compared it with the patient; `None`: nobody said so.
    pub checked: Option<Checked>,
}

/// Somebody reads what their credentials do not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// Where.
    pub site: SiteId,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When, by the site's clock.
    pub at: Timestamp,
}

/// A report that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The event that reported.
    pub event: Digest,
    /// Where.
    pub site: SiteId,
    /// Who.
    pub person: String,
    /// When, by the site's clock.
    pub at: Timestamp,
    /// What.
    pub report: Report,
    /// Images that its author points at.
    pub images: Vec<KeyImage>,
    /// Of whom, as its author knew it.
    pub patient: Patient,
    /// Whether the author held the claim.
    pub claimed: bool,
    /// Whether it is in the requester's archive.
    pub delivered: bool,
    /// Whether somebody there has read it.
    pub acknowledged: bool,
    /// Whether a critical result in it still waits for somebody to hear of it.
    pub unheard: bool,
    /// Whether its author knew of a final report and signed another all the same: no node lets that be done.
    pub against_rules: bool,
}

/// Two reports that are to be compared, or were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The events that reported, the earlier one first.
    pub reports: [Digest; 2],
    /// How far they differ, as somebody said who had both.
    pub class: Option<Class>,
    /// The event that said so; of several, the one that was believed.
    pub said_by: Option<Digest>,
    /// They differ, and nobody at the requesting site has acknowledged either report since it knows that.
    pub unread: bool,
}

impl Comparison {
    pub(super) fn owed(reports: [Digest; 2]) -> Self {
        Self { reports, class: None, said_by: None, unread: false }
    }

    /// Whether somebody found a difference.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.class.is_some_and(|class| class > Class::None)
    }
}

/// Who has to see to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The site.
    pub site: SiteId,
    /// The person there; none: whoever is on duty.
    pub person: Option<String>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The case.
    pub case: Id128,
    /// What is asked.
    pub ask: Ask,
    /// The site that asks, and the person there.
    pub requester: (SiteId, String),
    /// How far it is.
    pub stage: Stage,
    /// Sites that were asked, in that order, each time with what came of it.
    pub asked: Vec<Asked>,
    /// Those that were passed over.
    pub skipped: Vec<Skipped>,
    /// The site that took it.
    pub reader: Option<SiteId>,
    /// Who reads.
    pub claim: Option<Claim>,
    /// What there is to read, with the version of each manifest.
    pub images: Vec<(Uid, u64)>,
    /// How many instances a study is to have, by whose count; the last word of each kind of count.
    pub expected: Vec<(Uid, u32, Counted)>,
    /// Studies that joined after the request, and how.
    pub joined: Vec<(Uid, Joined)>,
    /// Whether it is confirmed that no more images will come.
    pub count_confirmed: bool,
    /// There is a report, and the last one does not name all images that were said to be ready.
    pub images_after_report: bool,
    /// What goes with it beside its images, in the order of events.
    pub attachments: Vec<Attached>,
    /// Every report, in the order of events.
    pub reports: Vec<Reported>,
    /// Reports to compare, and compared.
    pub comparisons: Vec<Comparison>,
    /// The complement is sent.
    pub complemented: bool,
    /// What more the requester said of it.
    pub particulars: Particulars,
    /// Who the patient is, as it was said from the request on: the last one counts.
    pub identities: Vec<Identified>,
    /// Those who read it outside their credentials, and why.
    pub uncovered: Vec<Uncovered>,
    /// The requester called it off, and was heard or not.
    pub is_called_off: bool,
    /// Waits for a reason that is not the reader's.
    pub on_hold: bool,
    /// Something was asked and is not answered.
    pub info_asked: bool,
    /// Higher persons were called.
    pub escalated: bool,
    /// Where each site is rung up, as it said itself: name and number.
    pub reachable: BTreeMap<SiteId, Vec<(String, String)>>,
    /// Sites that take part.
    pub parties: BTreeSet<SiteId>,
    /// Events without effect, and why.
    pub void: BTreeMap<Digest, Void>,
}

/// For each event, which it follows, directly or not.
struct Past<'a> {
    places: BTreeMap<&'a Digest, usize>,
    before: Vec<Vec<u64>>,
}

impl<'a> Past<'a> {
    fn of(order: &[(&'a Digest, &'a Event)]) -> Self {
        let places: BTreeMap<&Digest, usize> =
            order.iter().enumerate().map(|(at, (digest, _))| (*digest, at)).collect();
        let words = order.len().div_ceil(64);
        let mut before: Vec<Vec<u64>> = Vec::with_capacity(order.len());
        for (_, event) in order {
            let mut own = vec![0; words];
            for at in event.after.iter().filter_map(|d| places.get(d)) {
                if let Some(theirs) = before.get(*at) {
                    own.iter_mut().zip(theirs).for_each(|(mine, their)| *mine |= their);
                }
                if let Some(word) = own.get_mut(at / 64) {
                    *word |= 1 << (at % 64);
                }
            }
            before.push(own);
        }
        Self { places, before }
    }

    /// Whether the author of the event at a place knew another event.
    fn knew(&self, place: usize, other: &Digest) -> bool {
        let word =
            |at: &usize| self.before.get(place).and_then(|own| own.get(at / 64)).map(|word| word >> (at % 64) & 1);
        self.places.get(other).and_then(word) == Some(1)
    }
}

impl State {
    pub(super) fn of(case: &Case) -> Self {
        let mut order: Vec<(&Digest, &Event)> = case.events().iter().collect();
        order.sort_by_key(|(digest, event)| (event.clock, event.site, **digest));
        let past = Past::of(&order);
        let (first, request, ask) = case.request();
        let mut state = Self::begun(case.name(), (first, request), ask);
        for (place, (digest, event)) in order.iter().enumerate().filter(|(_, (digest, _))| **digest != first) {
            if let Err(why) = state.take(digest, event, &|other| past.knew(place, other)) {
                let _ = state.void.insert(**digest, why);
            }
        }
        state
    }

    fn begun(case: Id128, (first, event): (Digest, &Event), ask: &Ask) -> Self {
        let (patient, person) = (ask.patient.clone(), event.person.clone());
        Self {
            case,
            ask: ask.clone(),
            requester: (event.site, event.person.clone()),
            stage: Stage::Requested,
            asked: Vec::new(),
            skipped: Vec::new(),
            reader: None,
            claim: None,
            images: Vec::new(),
            expected: Vec::new(),
            joined: Vec::new(),
            count_confirmed: false,
            images_after_report: false,
            attachments: Vec::new(),
            reports: Vec::new(),
            comparisons: Vec::new(),
            complemented: false,
            particulars: Particulars::default(),
            identities: vec![Identified { event: first, patient, person, at: event.at, checked: None }],
            uncovered: Vec::new(),
            is_called_off: false,
            on_hold: false,
            info_asked: false,
            escalated: false,
            reachable: BTreeMap::new(),
            parties: BTreeSet::from([event.site]),
            void: BTreeMap::new(),
        }
    }

    /// Whether something of it is owed: a critical result that nobody heard of, reports that nobody compared, a difference
    /// between them that the requesting site has not acknowledged.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.reports.iter().any(|r| r.unheard) || self.comparisons.iter().any(|c| c.class.is_none() || c.unread)
    }

    /// The final report that took the place of a preliminary one.
    #[must_use]
    pub fn superseded_by(&self, preliminary: &Digest) -> Option<&Reported> {
        let mut from = self.reports.iter().skip_while(|one| one.event != *preliminary);
        let _ = from.next().filter(|one| one.report.standing == Standing::Preliminary)?;
        from.find(|one| one.report.standing == Standing::Final)
    }

    /// Who has to see to it; of a case that is over, who keeps it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        let of = |site: SiteId| Owner { site, person: None };
        match (&self.claim, self.reader) {
            (Some(claim), _) => Owner { site: claim.site, person: Some(claim.person.clone()) },
            (None, Some(reader)) if self.stage < Stage::Final || self.stage == Stage::Reopened => of(reader),
            (None, Some(reader)) if self.comparisons.iter().any(|c| c.class.is_none()) => of(reader),
            _ => of(self.requester.0),
        }
    }

    /// Why this site may not ask, take or read it so: what an agreement derogates from is judged by who knows it.
    pub(super) fn barred(&self, event: &Event) -> Option<Rule> {
        let is_afar = match &event.step {
            Step::Offered { to, .. } => *to != self.requester.0,
            Step::Accepted { .. } | Step::Claimed => event.site != self.requester.0,
            // Whoever is given it takes it; who gives it back reads nothing.
            Step::Regulated { to, .. } => !to.is_empty() && event.site != self.requester.0,
            _ => false,
        };
        is_afar.then(|| practice::bars(&self.ask, &[], &self.particulars, true)).flatten()
    }

    /// Whether a person has said why they read outside their credentials.
    #[must_use]
    pub fn is_uncovered(&self, site: &SiteId, person: &str) -> bool {
        self.uncovered.iter().any(|said| said.site == *site && said.person == person)
    }

    /// Which of the two.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.ask.kind
    }
}
