//! The cases in memory, each with what its events come to.
//!
//! # Not here
//! Reading and writing the journal: [`super`].

use super::{
    alerts::Heard,
    filings::Filings,
    opened::Readers,
    performed::{Made, Performed},
    record::{Record, Settings},
    subscribed::Subscriptions,
    teams::Team,
    undecoded::Undecoded,
    unverified::Unverified,
};
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    case::{
        Case, Refused,
        event::{Event, KeyImage, Step},
        state::{Reported, State},
    },
    ids::Id128,
    signed::{SignatureBytes, Signed},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Studies of which is remembered that they need no request. Beyond, the oldest are asked about again.
const DISMISSED_MAX: usize = 10_000;
/// Performed procedure steps remembered: of some months. Beyond, the oldest count no more.
const PERFORMED_MAX: usize = 10_000;

/// A case with what its events come to. Never changed: another takes its place.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) case: Case,
    pub(crate) state: State,
    /// When it was asked, by the requesting site's clock.
    pub(crate) requested: Timestamp,
    /// The latest time of an event, by its site's clock.
    pub(crate) changed: Timestamp,
    /// Bytes of its events, encoded.
    pub(crate) bytes: usize,
    pub(super) signatures: BTreeMap<Digest, SignatureBytes>,
}

impl Whole {
    pub(super) fn of(case: Case, signatures: BTreeMap<Digest, SignatureBytes>) -> Self {
        let state = case.state();
        let events = || case.events().values();
        let first = |event: &&Event| matches!(event.step, Step::Requested(_));
        let requested = events().find(first).map_or(Timestamp(0), |event| event.at);
        let changed = events().map(|event| event.at).max().unwrap_or(requested);
        let bytes = events().map(|event| protocol::wire::encode(event).len()).sum();
        Self { case, state, requested, changed, bytes, signatures }
    }

    /// Without signatures: to be looked at, not to be told.
    #[cfg(test)]
    pub(crate) fn of_case(case: Case) -> Self {
        Self::of(case, BTreeMap::new())
    }

    pub(crate) fn name(&self) -> Id128 {
        self.case.name()
    }

    /// Images that the request is about. Of studies of the case alone: what another site says is not proof that an image is
    /// this patient's.
    pub(crate) fn key_images(&self) -> impl Iterator<Item = &KeyImage> {
        self.state.ask.key_images.iter().filter(|image| self.state.ask.studies.contains(&image.study))
    }

    /// Images that one of its reports points at; as [`Self::key_images`].
    pub(crate) fn key_images_of<'a>(&'a self, reported: &'a Reported) -> impl Iterator<Item = &'a KeyImage> {
        reported.images.iter().filter(|image| self.state.ask.studies.contains(&image.study))
    }

    /// Its events, in the order in which they count.
    pub(crate) fn in_order(&self) -> Vec<(&Digest, &Event)> {
        let mut order: Vec<_> = self.case.events().iter().collect();
        order.sort_by_key(|(digest, event)| (event.clock, event.site, **digest));
        order
    }

    /// Those of its events that have an effect, in that order.
    pub(crate) fn in_effect(&self) -> impl Iterator<Item = &Event> {
        let has_effect = |(digest, _): &(&Digest, &Event)| !self.state.void.contains_key(*digest);
        self.in_order().into_iter().filter(move |row| has_effect(row)).map(|(_, event)| event)
    }

    /// The event by which whoever has the claim has it.
    pub(crate) fn claim_event(&self) -> Option<Digest> {
        let _ = self.state.claim.as_ref()?;
        let claims = |(digest, event): &(&Digest, &Event)| {
            let gives = match &event.step {
                Step::Claimed | Step::HandedOver { .. } => true,
                Step::Regulated { to, .. } => !to.is_empty(),
                _ => false,
            };
            gives && !self.state.void.contains_key(*digest)
        };
        self.in_order().into_iter().rfind(claims).map(|(digest, _)| *digest)
    }

    pub(crate) fn is_claimed_by(&self, site: &SiteId, person: &str) -> bool {
        self.state.claim.as_ref().is_some_and(|claim| claim.site == *site && claim.person == person)
    }

    /// What a site with these heads lacks, signed as it came.
    pub(super) fn lacking(&self, heads: &BTreeSet<Digest>) -> Vec<Signed<Event>> {
        let signed = |event: &Event| {
            let signature = self.signatures.get(&event.digest())?;
            Some(Signed::again(event, event.site, signature.clone()))
        };
        self.case.lacking(heads).into_iter().filter_map(signed).collect()
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Book {
    cases: BTreeMap<Id128, Arc<Whole>>,
    settings: Arc<Settings>,
    teams: Arc<Vec<Team>>,
    dismissed: BTreeMap<Uid, Timestamp>,
    /// Claims and the transactions they are bound to. Bounded by the cases there are.
    bound: BTreeMap<Id128, (Digest, Digest)>,
    /// Performed procedure steps, by their UIDs.
    performed: BTreeMap<Uid, Performed>,
    pub(super) undecoded: Undecoded,
    pub(super) unverified: Unverified,
    pub(super) filings: Filings,
    pub(super) heard: Heard,
    pub(super) subscriptions: Subscriptions,
    pub(super) readers: Readers,
}

impl Book {
    pub(super) fn len(&self) -> usize {
        self.cases.len()
    }

    pub(super) fn case(&self, name: &Id128) -> Option<Arc<Whole>> {
        self.cases.get(name).cloned()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Whole>> {
        self.cases.values()
    }

    pub(super) fn put(&mut self, whole: Arc<Whole>) {
        let _ = self.cases.insert(whole.name(), whole);
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    pub(super) fn teams(&self) -> Arc<Vec<Team>> {
        self.teams.clone()
    }

    pub(super) fn dismissed(&self, study: &Uid) -> bool {
        self.dismissed.contains_key(study)
    }

    /// The transaction that the claim of a case is bound to.
    pub(super) fn bound(&self, whole: &Whole) -> Option<Digest> {
        let (claim, transaction) = self.bound.get(&whole.name())?;
        (whole.claim_event() == Some(*claim)).then_some(*transaction)
    }

    pub(super) fn performed(&self, step: &Uid) -> Option<Performed> {
        self.performed.get(step).cloned()
    }

    pub(super) fn counted(&self, study: &Uid) -> Option<u32> {
        let mut steps = self.performed.values().filter(|one| one.study == *study).peekable();
        let _ = steps.peek()?;
        steps.try_fold(0u32, |sum, one| (one.made != Made::InProgress).then(|| sum.saturating_add(one.instances)))
    }

    /// What is recorded beside events.
    pub(super) fn change(&mut self, record: Record) {
        match record {
            Record::Events(_) => {}
            Record::Tried(tried) => self.undecoded.take(tried),
            Record::Compared(compared) => self.unverified.take(compared),
            Record::Filing(filing) => self.filings.take(filing),
            Record::AlertsHeard { case, person, alerts, .. } => {
                let heard = alerts.into_iter().map(|(kind, event)| (person.clone(), kind, event));
                self.heard.entry(case).or_default().extend(heard);
            }
            Record::Subscribed(subscribed) => self.subscriptions.take(subscribed),
            Record::Opened(opened) => self.readers.open(opened),
            Record::Noted(noted) => self.readers.note(noted),
            Record::Performed(performed) => {
                let _ = self.performed.insert(performed.step.clone(), performed);
                if self.performed.len() > PERFORMED_MAX
                    && let Some(oldest) = self.performed.values().min_by_key(|one| one.at).map(|one| one.step.clone())
                {
                    let _ = self.performed.remove(&oldest);
                }
            }
            Record::Bound { case, claim, transaction } => {
                let _ = self.bound.insert(case, (claim, transaction));
            }
            Record::Settings(settings) => self.settings = Arc::new(*settings),
            Record::Teams(teams) => self.teams = Arc::new(teams),
            Record::Dismissed { study, at, .. } => {
                let _ = self.dismissed.insert(study, at);
                if self.dismissed.len() > DISMISSED_MAX
                    && let Some(oldest) = self.dismissed.iter().min_by_key(|(_, at)| **at).map(|(uid, _)| uid.clone())
                {
                    let _ = self.dismissed.remove(&oldest);
                }
            }
        }
    }
}

/// The journal being read: what each case comes to is asked once, at its end.
#[derive(Debug, Default)]
pub(super) struct Reading {
    book: Book,
    cases: BTreeMap<Id128, (Case, BTreeMap<Digest, SignatureBytes>)>,
}

impl Reading {
    pub(super) fn take(&mut self, record: Record) {
        match record {
            Record::Events(events) => events.into_iter().for_each(|(event, signature)| self.event(event, signature)),
            other => self.book.change(other),
        }
    }

    /// What was written was admitted before: in the same order it is admitted again.
    fn event(&mut self, event: Event, signature: SignatureBytes) {
        let (name, digest) = (event.case, event.digest());
        let taken = match self.cases.get_mut(&name) {
            Some((case, signatures)) => case.admit(event).map(|_| _ = signatures.insert(digest, signature)),
            None => Case::begin(event).map(|case| {
                let _ = self.cases.insert(name, (case, BTreeMap::from([(digest, signature)])));
            }),
        };
        if let Err(why @ (Refused::Malformed | Refused::Missing(_) | Refused::Full)) = taken {
            tracing::error!(case = %name, %why, "an event in the journal is none of its case");
        }
    }

    pub(super) fn done(mut self) -> Book {
        for (case, signatures) in self.cases.into_values() {
            self.book.put(Arc::new(Whole::of(case, signatures)));
        }
        self.book
    }
}
