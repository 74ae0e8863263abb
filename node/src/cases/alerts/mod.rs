//! Whom of this site a case calls, and why: worked out of what the case is, so that it rings again after a restart, a cut
//! line or another sign-in, until its cause is over or the person has said that they heard.
//!
//! Only those are called who can act on it: by role, by whom it names, by duty. Where none of those that it is for sits before
//! a screen, all are called who could do it.
//!
//! # At a crash
//! Who heard is in the journal of cases when they are answered.
//!
//! # Not here
//! Mail and webhook: `alarms`. The next rank: `desk`. Sound: the portal.

mod moved;
mod talk;

use super::{CaseError, Cases, Doing, News, Team, Whole, may, record::Record};
use crate::{
    audit::{Act, Actor, Event as Evidence},
    tasks,
    trust::Person,
};
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    case::{
        event::{Class, Event, Priority, Standing, Step},
        state::Void,
    },
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::Duration,
};

/// What happened to a case that is over is told for so long.
const TOLD: Duration = Duration::from_secs(7 * 86_400);
/// Alerts of one person that are shown, the most urgent first.
const SHOWN_MAX: usize = 200;

/// The word of the reason for which a node escalates when nobody is left to be asked; the interface has a sentence for it.
pub(crate) const NOBODY_ANSWERS: &str = "nobody-answers";

/// The word of the reason where images of a case say another patient than the case does.
pub(crate) const OTHER_PATIENT: &str = "other-patient";

/// Why somebody is called. Stored: variants are only ever added, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum AlertKind {
    /// An urgent reading is offered to this site.
    Asked,
    /// What this site has taken has become urgent.
    Prioritised,
    /// A critical result of ours has not been heard.
    Critical,
    /// Nobody answers, or something is nearly late.
    Escalated,
    /// Images came after the report.
    Late,
    /// It was not taken.
    Refused,
    /// Something is asked of us.
    InfoAsked,
    /// Two reports differ.
    Compared,
    /// A claim of theirs lost to somebody else's.
    Lost,
    /// Somebody else put it on hold.
    Held,
    /// A site that did not ask says that it is less urgent.
    Lowered,
    /// A report came that may differ from one before: they are to be compared.
    Differs,
    /// It was opened again.
    Reopened,
    /// It was called off.
    Cancelled,
    /// An opinion is asked of them by name, or of a team of theirs, and is not urgent.
    Named,
    /// What was asked is answered.
    Answered,
    /// A report came.
    Reported,
    /// Somebody of the other side wrote.
    Said,
    /// It was given to them by whoever regulates.
    Given,
    /// It was taken from them by whoever regulates.
    Taken,
    /// It was taken from one who read what they asked for.
    Moved,
}

impl AlertKind {
    const ALL: [(Self, &'static str); 21] = [
        (Self::Asked, "asked"),
        (Self::Prioritised, "prioritised"),
        (Self::Critical, "critical"),
        (Self::Escalated, "escalated"),
        (Self::Late, "late"),
        (Self::Refused, "refused"),
        (Self::InfoAsked, "info-asked"),
        (Self::Compared, "compared"),
        (Self::Lost, "lost"),
        (Self::Held, "held"),
        (Self::Lowered, "lowered"),
        (Self::Differs, "differs"),
        (Self::Reopened, "reopened"),
        (Self::Cancelled, "cancelled"),
        (Self::Named, "named"),
        (Self::Answered, "answered"),
        (Self::Reported, "reported"),
        (Self::Said, "said"),
        (Self::Given, "given"),
        (Self::Taken, "taken"),
        (Self::Moved, "moved"),
    ];

    /// Whether it is read when there is time: behind what calls for somebody to act.
    const fn is_calm(self) -> bool {
        matches!(self, Self::Named | Self::Answered | Self::Reported | Self::Said | Self::Moved)
    }

    /// The word of the interface.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| *word)
    }
}

/// A person is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) kind: AlertKind,
    /// The event that calls. With the kind it is the alert's name.
    pub(crate) event: Digest,
    /// Where and by whom it was made, and when by the clock there.
    pub(crate) site: SiteId,
    pub(crate) person: String,
    pub(crate) at: Timestamp,
    /// Word of a reason, or what a person wrote.
    pub(crate) text: String,
}

impl Alert {
    /// Its name.
    pub(crate) fn id(&self) -> String {
        format!("{}-{}", self.kind.word(), self.event)
    }
}

/// Somebody, with the modalities that they are there for or may read; none: all.
pub(crate) type Fit = (String, Vec<String>);

/// Who of this site is there now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    /// Accounts that are not disabled.
    pub(crate) people: BTreeSet<String>,
    /// Those whose screen is live.
    pub(crate) live: BTreeSet<String>,
    /// Those on duty.
    pub(crate) on_duty: Vec<Fit>,
    /// Teams, with those of each whose credentials let them read anything.
    pub(crate) teams: Vec<(Team, Vec<Fit>)>,
    /// Who looks at which study, or did lately.
    pub(crate) opened: BTreeSet<(String, Uid)>,
}

impl Present {
    /// Whether a person is one of those to be called: those it is for, and everybody where none of them is before a screen.
    fn calls(&self, person: &str, for_whom: &[&str]) -> bool {
        let is_there = for_whom.iter().any(|name| self.live.contains(*name));
        !is_there || for_whom.contains(&person)
    }

    /// Whoever is named and has an account, or is in the team that is named; nobody where neither is known here.
    fn named<'a>(&'a self, whom: &'a str, modality: &str) -> Vec<&'a str> {
        if self.people.contains(whom) {
            return vec![whom];
        }
        let team = self.teams.iter().find(|(team, _)| team.is_named(whom));
        team.map(|(_, members)| fitting(members, modality)).unwrap_or_default()
    }

    /// Those who read here: whoever is named, else who is on duty for it.
    fn readers<'a>(&'a self, whom: &'a str, modality: &str) -> Vec<&'a str> {
        let named = self.named(whom, modality);
        if named.is_empty() { fitting(&self.on_duty, modality) } else { named }
    }
}

/// Those who are there for a modality, or may read it.
fn fitting<'a>(all: &'a [Fit], modality: &str) -> Vec<&'a str> {
    let fits = |known: &[String]| known.is_empty() || modality.is_empty() || known.iter().any(|m| m == modality);
    all.iter().filter(|(_, known)| fits(known)).map(|(name, _)| name.as_str()).collect()
}

/// A case, looked at by a person.
struct Look<'a> {
    whole: &'a Whole,
    us: SiteId,
    person: &'a Person,
    present: &'a Present,
    /// A critical result is everybody's after this.
    hear: Duration,
    now: Timestamp,
    /// Its events that have an effect, in their order.
    steps: Vec<(&'a Digest, &'a Event)>,
}

impl<'a> Look<'a> {
    fn is_requester(&self) -> bool {
        self.whole.state.requester.0 == self.us
    }

    fn is_reader(&self) -> bool {
        self.whole.state.reader == Some(self.us)
    }

    fn may(&self, doing: Doing) -> bool {
        may(self.person, self.whole, &self.us, doing)
    }

    fn is_mine(&self, event: &Event) -> bool {
        event.site == self.us && event.person == self.person.name
    }

    fn last(&self, is: impl Fn(&Event) -> bool) -> Option<(usize, &'a Digest, &'a Event)> {
        let found = self.steps.iter().enumerate().rev().find(|(_, (_, event))| is(event));
        found.map(|(at, (digest, event))| (at, *digest, *event))
    }

    fn alert(&self, kind: AlertKind, (digest, event): (&Digest, &Event)) -> Option<Alert> {
        let text = match &event.step {
            Step::Escalated { text } | Step::InfoAsked { text } | Step::InfoGiven { text } | Step::Said { text } => {
                text.clone()
            }
            Step::Refused { reason }
            | Step::Prioritised { reason, .. }
            | Step::OnHold { reason }
            | Step::Reopened { reason }
            | Step::Regulated { reason, .. }
            | Step::Cancelled { reason } => reason.clone(),
            _ => String::new(),
        };
        let alert = Alert { kind, event: *digest, site: event.site, person: event.person.clone(), at: event.at, text };
        (!self.is_mine(event)).then_some(alert)
    }

    /// Whoever asked; where they are away, all who could act for them.
    fn calls_requester(&self) -> bool {
        let may_act = self.may(Doing::Asking) || self.may(Doing::Preparing);
        self.is_requester() && may_act && self.present.calls(&self.person.name, &[&self.whole.state.requester.1])
    }

    /// Whoever has the claim or wrote here; else who was asked. Who is on duty, where nobody was or it was left to them.
    fn calls_reader(&self) -> bool {
        let state = &self.whole.state;
        let own = |site: &SiteId| *site == self.us;
        let claimed = state.claim.iter().filter(|claim| own(&claim.site)).map(|claim| claim.person.as_str());
        let wrote = state.reports.iter().filter(|report| own(&report.site)).map(|report| report.person.as_str());
        let mut whom: Vec<&str> = claimed.chain(wrote).collect();
        if self.is_for_duty() {
            whom = self.present.readers("", &state.ask.modality);
        } else if whom.is_empty() {
            let asked = state.asked.iter().rev().find(|asked| own(&asked.site)).map_or("", |asked| asked.whom.as_str());
            whom = self.present.readers(asked, &state.ask.modality);
        }
        self.may(Doing::Reading) && self.present.calls(&self.person.name, &whom)
    }

    fn is_urgent(&self) -> bool {
        matches!(self.whole.state.ask.priority, Priority::P0 | Priority::P1)
    }

    /// The last event by which it became more urgent than it was.
    fn raised(&self) -> Option<(usize, &'a Digest, &'a Event)> {
        let (mut known, mut raised) = (None, None);
        for (at, (digest, event)) in self.steps.iter().enumerate() {
            let priority = match &event.step {
                Step::Requested(ask) => ask.priority,
                Step::Prioritised { priority, .. } => *priority,
                _ => continue,
            };
            if known.is_some_and(|before| priority < before) {
                raised = Some((at, *digest, *event));
            }
            known = Some(priority);
        }
        raised
    }

    fn asked(&self) -> Option<Alert> {
        let state = &self.whole.state;
        if !self.whole.is_asked(&self.us) || state.reader.is_some() {
            return None;
        }
        let offer = self.last(|event| matches!(&event.step, Step::Offered { to, .. } if *to == self.us))?;
        if !self.is_urgent() {
            let Step::Offered { whom, .. } = &offer.2.step else { return None };
            let named = self.present.named(whom, &state.ask.modality);
            let is_named = named.contains(&self.person.name.as_str()) && self.may(Doing::Reading);
            return is_named.then(|| self.alert(AlertKind::Named, (offer.1, offer.2))).flatten();
        }
        let newest = self.raised().filter(|raised| raised.0 > offer.0).unwrap_or(offer);
        self.calls_reader().then(|| self.alert(AlertKind::Asked, (newest.1, newest.2))).flatten()
    }

    fn prioritised(&self) -> Option<Alert> {
        let state = &self.whole.state;
        if !self.is_reader() || !self.is_urgent() || !state.reports.is_empty() || !state.stage.is_open() {
            return None;
        }
        let raised = self.raised()?;
        let taken = self.last(|event| matches!(event.step, Step::Accepted { .. }) && event.site == self.us)?;
        let is_news = raised.0 > taken.0 && self.calls_reader();
        is_news.then(|| self.alert(AlertKind::Prioritised, (raised.1, raised.2))).flatten()
    }

    fn critical(&self) -> Vec<Alert> {
        if !self.is_requester() || !self.may(Doing::Acting) {
            return Vec::new();
        }
        let asker = self.whole.state.requester.1.as_str();
        let calls = |at: Timestamp| at.after(self.hear) <= self.now || self.present.calls(&self.person.name, &[asker]);
        let unheard = self.whole.state.reports.iter().filter(|report| report.unheard && calls(report.at));
        let event = |digest: &Digest| self.steps.iter().find(|(known, _)| *known == digest).copied();
        unheard.filter_map(|report| self.alert(AlertKind::Critical, event(&report.event)?)).collect()
    }

    /// Whether what somebody was called for is over.
    fn is_settled(&self, at: usize, text: &str) -> bool {
        let state = &self.whole.state;
        match text {
            NOBODY_ANSWERS => {
                let is_asked = state.asked.iter().any(|asked| self.whole.is_asked(&asked.site));
                state.reader.is_some() || is_asked || !state.reports.is_empty()
            }
            "answer-due" => state.reader.is_some(),
            "preliminary-due" => !state.reports.is_empty(),
            // Another hour may have been named since.
            "wanted-due" => {
                let mut later = self.steps.iter().skip(at + 1);
                !state.reports.is_empty() || later.any(|(_, event)| matches!(event.step, Step::Specified(_)))
            }
            // Of a case that was opened again: the addendum.
            "final-due" => {
                let ends =
                    |event: &Event| event.step.report().is_some_and(|report| report.standing != Standing::Preliminary);
                self.steps.iter().skip(at + 1).any(|(_, event)| ends(event))
            }
            OTHER_PATIENT => self.steps.iter().skip(at + 1).any(|(_, e)| matches!(e.step, Step::Identified(_))),
            "critical-unheard" => !state.reports.iter().any(|report| report.unheard),
            "comparison-due" => !state.comparisons.iter().any(|comparison| comparison.class.is_none()),
            // A person called: another one did something.
            _ => {
                let by = self.steps.get(at).map(|(_, event)| (event.site, &event.person));
                let mut later = self.steps.iter().skip(at + 1).map(|(_, event)| (event.site, &event.person));
                later.any(|who| !who.1.is_empty() && Some(who) != by)
            }
        }
    }

    fn escalated(&self) -> Vec<Alert> {
        if !self.whole.state.stage.is_open() || !(self.calls_requester() || (self.is_reader() && self.calls_reader())) {
            return Vec::new();
        }
        let mut by_reason = BTreeMap::new();
        for (at, (digest, event)) in self.steps.iter().enumerate() {
            if let Step::Escalated { text } = &event.step
                && !self.is_settled(at, text)
            {
                let _ = by_reason.insert(text, (*digest, *event));
            }
        }
        by_reason.into_values().filter_map(|row| self.alert(AlertKind::Escalated, row)).collect()
    }

    /// Whether a study that was ready before has more images by this event, and the person reads it or looks at it.
    fn grew_before_them(&self, at: usize, now: &[(Uid, u64)]) -> bool {
        let had = |study: &Uid, version: u64| {
            self.steps.iter().take(at).any(|(_, event)| match &event.step {
                Step::ImagesReady { studies, .. } => studies.iter().any(|(known, v)| known == study && *v < version),
                _ => false,
            })
        };
        let reads = self.whole.is_claimed_by(&self.us, &self.person.name);
        let looks = |study: &Uid| self.present.opened.contains(&(self.person.name.clone(), study.clone()));
        now.iter().any(|(study, version)| had(study, *version) && (reads || looks(study)))
    }

    /// Images that came after a report: who asked and who wrote it. Before it: whoever looks at what there was.
    fn late(&self) -> Option<Alert> {
        let state = &self.whole.state;
        let (at, digest, event) = self.last(|event| matches!(event.step, Step::ImagesReady { .. }))?;
        let Step::ImagesReady { studies, .. } = &event.step else { return None };
        let wrote = state.reports.iter().any(|report| report.site == self.us);
        let after = state.images_after_report && (self.calls_requester() || (wrote && self.calls_reader()));
        let before = state.stage.is_open() && self.grew_before_them(at, studies);
        (after || before).then(|| self.alert(AlertKind::Late, (digest, event))).flatten()
    }

    fn refused(&self) -> Option<Alert> {
        let state = &self.whole.state;
        if state.reader.is_some() || !state.stage.is_open() || !self.calls_requester() {
            return None;
        }
        let (_, digest, event) = self.last(|event| matches!(event.step, Step::Refused { .. }))?;
        self.alert(AlertKind::Refused, (digest, event))
    }

    /// Whoever did not ask is to answer.
    fn info_asked(&self) -> Option<Alert> {
        let state = &self.whole.state;
        if !state.info_asked || !state.stage.is_open() {
            return None;
        }
        let (_, digest, event) = self.last(|event| matches!(event.step, Step::InfoAsked { .. }))?;
        let is_of_requester = (event.site, event.person.as_str()) == (state.requester.0, state.requester.1.as_str());
        let is_of_asker = event.site == state.requester.0 && (state.reader != Some(event.site) || is_of_requester);
        let calls = if is_of_asker { self.is_reader() && self.calls_reader() } else { self.calls_requester() };
        calls.then(|| self.alert(AlertKind::InfoAsked, (digest, event))).flatten()
    }

    fn compared(&self) -> Option<Alert> {
        let state = &self.whole.state;
        let differ = |reports: &[Digest; 2]| {
            let same = |known: &[Digest; 2]| reports.iter().all(|report| known.contains(report));
            let worse = |class: Option<Class>| class.is_some_and(|class| class > Class::None);
            state.comparisons.iter().any(|known| same(&known.reports) && worse(known.class))
        };
        let (_, digest, event) =
            self.last(|event| matches!(&event.step, Step::Compared { reports, .. } if differ(reports)))?;
        let wrote = state.reports.iter().any(|report| report.site == self.us && report.person == self.person.name);
        let asked = self.is_requester() && self.may(Doing::Acting) && self.calls_requester();
        (wrote || asked).then(|| self.alert(AlertKind::Compared, (digest, event))).flatten()
    }

    /// A claim of theirs that lost its effect to what came from elsewhere.
    fn lost(&self) -> Option<Alert> {
        let state = &self.whole.state;
        let events = self.whole.case.events();
        let claims = state.void.iter().filter(|(_, void)| matches!(void, Void::Claimed { .. }));
        let lost = claims.filter_map(|(digest, _)| Some((*digest, events.get(digest)?)));
        let lost = lost.filter(|(_, event)| self.is_mine(event) && event.step == Step::Claimed);
        let (event, mine) = lost.max_by_key(|(_, event)| event.clock)?;
        let holder = state.claim.as_ref().filter(|claim| claim.site != self.us || claim.person != self.person.name)?;
        let (site, person) = (holder.site, holder.person.clone());
        state.stage.is_open().then(|| Alert {
            kind: AlertKind::Lost,
            event,
            site,
            person,
            at: mine.at,
            text: String::new(),
        })
    }

    fn all(&self) -> Vec<Alert> {
        let one = [
            self.asked(),
            self.prioritised(),
            self.late(),
            self.refused(),
            self.info_asked(),
            self.compared(),
            self.lost(),
            self.held(),
            self.lowered(),
            self.differs(),
            self.reopened(),
            self.cancelled(),
            self.answered(),
            self.reported(),
            self.said(),
            self.given(),
            self.taken(),
            self.moved(),
        ];
        one.into_iter().flatten().chain(self.critical()).chain(self.escalated()).collect()
    }
}

/// For which alerts each person said that they heard. Bounded by the alerts there were.
pub(super) type Heard = BTreeMap<Id128, BTreeSet<(String, AlertKind, Digest)>>;

/// What a case calls a person for, heard or not.
pub(super) fn of_case(whole: &Whole, us: SiteId, person: &Person, present: &Present, hear: Duration) -> Vec<Alert> {
    let now = tasks::now();
    if !whole.state.stage.is_open() && !whole.state.owes() && whole.changed.after(TOLD) < now {
        return Vec::new();
    }
    let mut steps = whole.in_order();
    steps.retain(|(digest, _)| !whole.state.void.contains_key(*digest));
    Look { whole, us, person, present, hear, now, steps }.all()
}

impl Cases {
    /// What calls a person now and they have not said that they heard, the most urgent first.
    pub(crate) fn alerts(&self, person: &Person, present: &Present) -> Vec<(std::sync::Arc<Whole>, Alert)> {
        let (us, hear) = (self.us(), self.settings().hear());
        let mut all = Vec::new();
        for whole in self.all() {
            let unheard = |alert: &Alert| !self.is_heard(&whole.name(), person, alert);
            let of = of_case(&whole, us, person, present, hear).into_iter().filter(unheard);
            all.extend(of.map(|alert| (whole.clone(), alert)));
        }
        let key = |whole: &Whole, alert: &Alert| (whole.state.ask.priority, alert.kind, alert.at, alert.event);
        all.sort_by_key(|(whole, alert)| (alert.kind.is_calm(), key(whole, alert)));
        all.truncate(SHOWN_MAX);
        all
    }

    fn is_heard(&self, case: &Id128, person: &Person, alert: &Alert) -> bool {
        let key = (person.name.clone(), alert.kind, alert.event);
        self.book().heard.get(case).is_some_and(|heard| heard.contains(&key))
    }

    /// A person has heard what a case calls them for: all of it, or those alerts only. Durable when it returns; every screen
    /// of theirs is told.
    ///
    /// # Errors
    /// See [`CaseError`].
    pub(crate) async fn hear_alerts(
        &self,
        case: Id128,
        (person, actor): (Person, Actor),
        present: &Present,
        ids: &[String],
    ) -> Result<(), CaseError> {
        let whole = self.case(&case).ok_or(CaseError::NoCase)?;
        let (us, hear) = (self.us(), self.settings().hear());
        let wanted =
            |alert: &Alert| (ids.is_empty() || ids.contains(&alert.id())) && !self.is_heard(&case, &person, alert);
        let heard: Vec<Alert> = of_case(&whole, us, &person, present, hear).into_iter().filter(wanted).collect();
        if heard.is_empty() {
            return Ok(());
        }
        let words: Vec<&str> = heard.iter().map(|alert| alert.kind.word()).collect();
        let evidence = Evidence::new(Act::AlertHeard, actor).basis(case).note(words.join(", "));
        let alerts = heard.iter().map(|alert| (alert.kind, alert.event)).collect();
        let record = Record::AlertsHeard { case, person: person.name.clone(), alerts, at: tasks::now() };
        let this = self.clone();
        self.finish(async move {
            let _writing = this.inner.writing.lock().await;
            let _ = this.inner.audit.record(evidence).await?;
            this.write(&record).await?;
            this.inner.book.write().unwrap_or_else(PoisonError::into_inner).change(record);
            this.tell(News::Heard { person: person.name });
            Ok(())
        })
        .await
    }
}
