//! Cases: requests for a reading or an opinion, and what becomes of them, at every site that takes part.
//!
//! A case is the set of its events. Each site adds its own at once, also when no other site can be reached, and gives what
//! it has to the others; whoever has the same events comes to the same state, in whatever order they came ([`state`]). So
//! two islands work on and join without loss: the first claim by logical time holds, and the other is told; reports are
//! kept, all of them, and two that nobody compared stand side by side until somebody does.
//!
//! # At a crash
//! An event is kept before anything follows from it; then the state is whatever the kept events come to.
//!
//! # Not here
//! Signatures (an event is opened before it comes here), the store, the way to other sites, who may take part, rosters and
//! delays: `node`.

mod effect;
pub mod event;
pub mod practice;
pub mod state;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use crate::{
    digest::Digest,
    ids::{Id128, SiteId},
    time::Timestamp,
};
use event::{AFTER_MAX, Ask, EVENTS_MAX, Event, Standing, Step};
use state::{State, Void};
use std::collections::{BTreeMap, BTreeSet};

/// The events of one case that a site has, each with all it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    name: Id128,
    /// The event it begins with; of two that a broken site signed, the same one everywhere.
    request: (Digest, Event, Ask),
    events: BTreeMap<Digest, Event>,
    /// Those that nothing follows yet.
    heads: BTreeSet<Digest>,
}

/// Why an event is not taken into a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Out of bounds, or of another case, or its clock is not one more than the greatest it follows.
    #[error("not an event of this case")]
    Malformed,
    /// What it follows is not here yet.
    #[error("{} events that it follows are not here", .0.len())]
    Missing(Vec<Digest>),
    /// The case has [`EVENTS_MAX`].
    #[error("the case has too many events")]
    Full,
}

impl Case {
    /// Begins with a request.
    ///
    /// # Errors
    /// [`Refused::Malformed`] when the event is not a request, or not sound.
    pub fn begin(request: Event) -> Result<Self, Refused> {
        let Step::Requested(ask) = &request.step else { return Err(Refused::Malformed) };
        if !request.is_sound() {
            return Err(Refused::Malformed);
        }
        let (name, digest) = (request.case, request.digest());
        let begins = (digest, request.clone(), (**ask).clone());
        let (events, heads) = (BTreeMap::from([(digest, request)]), BTreeSet::from([digest]));
        Ok(Self { name, request: begins, events, heads })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Id128 {
        self.name
    }

    pub(crate) fn request(&self) -> (Digest, &Event, &Ask) {
        (self.request.0, &self.request.1, &self.request.2)
    }

    /// The events, by their digests.
    #[must_use]
    pub fn events(&self) -> &BTreeMap<Digest, Event> {
        &self.events
    }

    /// The events that nothing follows: whoever has these has all.
    #[must_use]
    pub fn heads(&self) -> &BTreeSet<Digest> {
        &self.heads
    }

    /// Takes an event that its site signed; whether it is new.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn admit(&mut self, event: Event) -> Result<bool, Refused> {
        let digest = event.digest();
        if self.events.contains_key(&digest) {
            return Ok(false);
        }
        if event.case != self.name || !event.is_sound() {
            return Err(Refused::Malformed);
        }
        if self.events.len() >= EVENTS_MAX {
            return Err(Refused::Full);
        }
        let missing: Vec<Digest> = event.after.iter().filter(|d| !self.events.contains_key(d)).copied().collect();
        if !missing.is_empty() {
            return Err(Refused::Missing(missing));
        }
        if event.clock != self.clock_after(event.after.iter()) {
            return Err(Refused::Malformed);
        }
        for before in &event.after {
            let _ = self.heads.remove(before);
        }
        if let Step::Requested(ask) = &event.step
            && (event.site, digest) < (self.request.1.site, self.request.0)
        {
            self.request = (digest, event.clone(), (**ask).clone());
        }
        let _ = self.heads.insert(digest);
        let _ = self.events.insert(digest, event);
        Ok(true)
    }

    /// One more than the greatest; 0 for what follows nothing.
    fn clock_after<'a>(&self, before: impl Iterator<Item = &'a Digest>) -> u64 {
        before.filter_map(|d| self.events.get(d)).map(|e| e.clock.saturating_add(1)).max().unwrap_or_default()
    }

    /// What the events come to.
    #[must_use]
    pub fn state(&self) -> State {
        State::of(self)
    }

    /// An event that follows everything known here, if it would have its effect now.
    ///
    /// # Errors
    /// [`Void`], why not.
    pub fn propose(
        &self,
        (site, person, role): (SiteId, &str, &str),
        at: Timestamp,
        step: Step,
    ) -> Result<Event, Void> {
        let after: Vec<Digest> = self.heads.iter().take(AFTER_MAX).copied().collect();
        let clock = self.clock_after(after.iter());
        let (person, role) = (person.to_owned(), role.to_owned());
        let event = Event { case: self.name, site, person, role, clock, at, after, step };
        let mut with = self.clone();
        let digest = event.digest();
        match with.admit(event.clone()) {
            Ok(true) => {}
            Ok(false) => return Err(Void::TooLate),
            Err(Refused::Full) => return Err(Void::Full),
            Err(Refused::Malformed | Refused::Missing(_)) => return Err(Void::Malformed),
        }
        let mut state = with.state();
        if let Some(why) = state.void.remove(&digest) {
            return Err(why);
        }
        if let Some(rule) = state.barred(&event) {
            return Err(Void::FromAfar(rule));
        }
        // A report that came is kept whatever it is; one that is to be signed here must be as it should.
        match state.reports.iter().find(|r| r.event == digest) {
            Some(signed) if signed.against_rules => Err(match signed.report.standing {
                Standing::Addendum | Standing::SecondReading => Void::NoReport,
                Standing::Preliminary | Standing::Final => Void::AlreadyFinal,
            }),
            Some(signed)
                if !signed.claimed && matches!(signed.report.standing, Standing::Preliminary | Standing::Final) =>
            {
                Err(Void::NotClaimed)
            }
            _ => Ok(event),
        }
    }

    /// Events of ours that a site with these heads lacks, those that come first first.
    #[must_use]
    pub fn lacking(&self, heads: &BTreeSet<Digest>) -> Vec<&Event> {
        let mut theirs: BTreeSet<Digest> = BTreeSet::new();
        let mut open: Vec<Digest> = heads.iter().filter(|d| self.events.contains_key(d)).copied().collect();
        while let Some(digest) = open.pop() {
            if theirs.insert(digest) {
                open.extend(self.events.get(&digest).into_iter().flat_map(|e| e.after.iter().copied()));
            }
        }
        let mut ours: Vec<(&Digest, &Event)> = self.events.iter().filter(|(d, _)| !theirs.contains(d)).collect();
        ours.sort_by_key(|(digest, event)| (event.clock, event.site, **digest));
        ours.into_iter().map(|(_, event)| event).collect()
    }
}
