//! Facts of duty that count here: ours, to be told to those whose agreements ask for them, and peers'.
//!
//! A site speaks for itself alone: of a shift its own signature counts, of a case that of the study's holder. So who would
//! read can open nothing by stating it. Of one fact the highest serial holds; what ends one takes effect, and cuts the
//! permits that rested on it, before it is recorded.
//!
//! # At a crash
//! As for everything here. What was stated is told to peers again after a restart.
//!
//! # Not here
//! Telling: `overlay`. What is asked of a clause: [`super::judge`].

use super::{Record, Trust, TrustError, TrustEvent, changes::CLOCKS_DIFFER, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    duty::{Duty, What},
    ids::Id128,
    signed::Signed,
};
use std::{collections::BTreeSet, time::Duration};

/// Facts of one site that are kept at once.
const FACTS_MAX: usize = 2048;
/// One that is over is remembered for so long, to be shown, and so that nobody states it again.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// The newest of one name.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    duty: Duty,
    signed: Signed<Duty>,
    /// The latest time at which any serial of it would have counted.
    over: Timestamp,
}

/// One for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DutyRow {
    pub(crate) site: SiteId,
    pub(crate) duty: Duty,
}

fn counts(duty: &Duty, now: Timestamp) -> bool {
    match &duty.what {
        What::Shift(shift) => shift.state.counts() && now < shift.end,
        What::Case(case) => case.is_open(now),
    }
}

impl State {
    pub(super) fn note_duty(&mut self, signed: Signed<Duty>, at: Timestamp) -> Vec<TrustEvent> {
        let by = signed.claimed_signer();
        let Ok(duty) = signed.open(&by) else { return Vec::new() };
        let key = (by, duty.id);
        let known = self.duties.get(&key);
        if known.is_some_and(|known| known.duty.serial >= duty.serial) {
            return Vec::new();
        }
        let over = known.map_or_else(|| duty.over(), |known| known.over.max(duty.over()));
        let concerned = known.map(|known| self.concerned(&by, &known.duty)).unwrap_or_default();
        let concerned: BTreeSet<SiteId> = concerned.into_iter().chain(self.concerned(&by, &duty)).collect();
        let roster = self.roster_events(&by, &duty);
        self.duties.insert(key, Fact { duty, signed, over });
        self.duties.retain(|_, fact| fact.over.after(REMEMBERED) > at);
        concerned.into_iter().map(|peer| TrustEvent::DutyChanged { peer }).chain(roster).collect()
    }

    /// The peers between which and us a fact counts.
    fn concerned(&self, by: &SiteId, duty: &Duty) -> Vec<SiteId> {
        if *by != self.us {
            return vec![*by];
        }
        let peers = self.peers.values().filter(|peer| peer.revoked.is_none()).map(|peer| peer.site);
        peers.filter(|peer| self.is_told(peer, duty)).collect()
    }

    /// Whether what a peer lets us do hangs on a fact of ours: a case of its, a shift where a clause asks for one.
    fn is_told(&self, peer: &SiteId, duty: &Duty) -> bool {
        let mut texts = self.agreements.values().filter(|kept| kept.peer == *peer && kept.ended.is_none());
        match &duty.what {
            What::Case(case) => case.parties.contains(peer) && texts.any(|kept| kept.active.is_some()),
            What::Shift(_) => texts
                .filter_map(|kept| kept.active.as_ref())
                .any(|text| text.agreement.clauses.iter().any(|clause| clause.reader == self.us && clause.on_duty)),
        }
    }

    /// Until when the holder has a case open on a study with a reader.
    pub(super) fn case_until(
        &self,
        holder: &SiteId,
        reader: &SiteId,
        study: &Uid,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let ends =
            self.duties.iter().filter(|((by, _), _)| by == holder).filter_map(|(_, fact)| match &fact.duty.what {
                What::Case(case) => {
                    let is_it = case.is_open(now) && case.parties.contains(reader) && case.studies.contains(study);
                    is_it.then_some(case.until)
                }
                What::Shift(_) => None,
            });
        ends.max()
    }

    /// Whether a site has anybody on duty, for whatever.
    pub(super) fn is_anybody_on_duty(&self, site: &SiteId, now: Timestamp) -> bool {
        let mut facts = self.duties.iter().filter(|((by, _), _)| by == site);
        facts.any(|(_, fact)| match &fact.duty.what {
            What::Shift(shift) => shift.state.counts() && shift.start <= now && now < shift.end,
            What::Case(_) => false,
        })
    }

    /// Until when a person of a site, or anybody there, is on duty for a study of these modalities.
    pub(super) fn on_duty_until(
        &self,
        site: &SiteId,
        person: Option<&str>,
        modalities: &[String],
        now: Timestamp,
    ) -> Option<Timestamp> {
        let ends = self.duties.iter().filter(|((by, _), _)| by == site).filter_map(|(_, fact)| match &fact.duty.what {
            What::Shift(shift) => {
                let is_it = person.is_none_or(|person| person == shift.person) && shift.covers(modalities, now);
                is_it.then_some(shift.end)
            }
            What::Case(_) => None,
        });
        ends.max()
    }

    /// Open cases between the two sites of an agreement, in a direction that it has.
    pub(super) fn cases_under(&self, agreement: &Id128, now: Timestamp) -> Vec<(SiteId, Duty)> {
        let Some(kept) = self.agreements.get(agreement) else { return Vec::new() };
        let Some(text) = &kept.active else { return Vec::new() };
        let between = |by: &SiteId, duty: &Duty| match &duty.what {
            What::Case(case) => {
                let other = if *by == self.us { kept.peer } else { self.us };
                let is_theirs = *by == self.us || *by == kept.peer;
                let has_clause = text.agreement.clause(by, &other).is_some();
                is_theirs && has_clause && case.is_open(now) && case.parties.contains(&other)
            }
            What::Shift(_) => false,
        };
        let found = self.duties.iter().filter(|((by, _), fact)| between(by, &fact.duty));
        found.map(|((by, _), fact)| (*by, fact.duty.clone())).collect()
    }
}

impl Trust {
    /// What is known of duty, newest first.
    pub(crate) fn duties(&self) -> Vec<DutyRow> {
        let state = self.state();
        let row = |((site, _), fact): (&(SiteId, Id128), &Fact)| DutyRow { site: *site, duty: fact.duty.clone() };
        let mut rows: Vec<DutyRow> = state.duties.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.duty.at));
        rows
    }

    /// Whether a fact says now what it says: a shift that is or will be, an open case.
    pub(crate) fn duty_counts(duty: &Duty) -> bool {
        counts(duty, tasks::now())
    }

    /// One of ours by its name.
    pub(crate) fn own_duty(&self, id: &Id128) -> Option<Duty> {
        self.state().duties.get(&(self.inner.identity.site(), *id)).map(|fact| fact.duty.clone())
    }

    /// What a peer is to know of us.
    pub(crate) fn duties_for(&self, peer: &SiteId) -> Vec<Signed<Duty>> {
        let state = self.state();
        let told = |duty: &Duty| state.is_told(peer, duty) || state.is_rostered(peer, duty);
        let ours = state.duties.iter().filter(|((by, _), fact)| *by == state.us && told(&fact.duty));
        ours.map(|(_, fact)| fact.signed.clone()).collect()
    }

    /// States a fact, or states one of ours anew. In effect here when this returns.
    ///
    /// # Errors
    /// [`TrustError::NoPeer`] for a case with a site that is none of ours; [`Refusal::Malformed`] over a bound.
    pub(crate) async fn state_duty(&self, id: Option<Id128>, what: What) -> Result<Duty, TrustError> {
        if let Some(id) = &id {
            self.own_duty(id).ok_or(TrustError::NoDuty)?;
        }
        self.state_duty_as(id.unwrap_or_else(tasks::random_id), what).await
    }

    /// The same under a name that the caller has chosen at random, so that there can be evidence before there is a fact.
    pub(crate) async fn state_duty_as(&self, id: Id128, what: What) -> Result<Duty, TrustError> {
        let changing = self.changing().await;
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let (duty, is_new) = {
            let state = self.state();
            let known = state.duties.get(&(us, id));
            // By the clock, so that a site that was restored does not say again under a number what peers know otherwise.
            let serial = known.map_or(0, |known| known.duty.serial).saturating_add(1).max(now.0);
            if let What::Case(case) = &what
                && case.parties.iter().any(|site| state.peer(site).is_none())
            {
                return Err(TrustError::NoPeer);
            }
            (Duty { id, serial, at: now, what }, known.is_none())
        };
        if !duty.is_sound() {
            return Err(Refusal::Malformed.into());
        }
        if is_new {
            self.state().has_room_for_duty(&us, now)?;
        }
        let signed = self.inner.identity.seal(&duty);
        self.take_duty(changing, signed, &duty, now).await?;
        Ok(duty)
    }

    /// What a peer states of itself. Gives it where it is news.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for what is not its own, or over a bound; [`Refusal::Expired`] for an older word than the one
    /// known, or one that is over and was never known.
    pub(crate) async fn hear_duty(&self, from: &SiteId, signed: Signed<Duty>) -> Result<Option<Duty>, TrustError> {
        let changing = self.changing().await;
        let now = tasks::now();
        let duty = signed.open(from).map_err(|_| Refusal::Malformed)?;
        if !duty.is_sound() || duty.at > now.after(CLOCKS_DIFFER) {
            return Err(Refusal::Malformed.into());
        }
        {
            let state = self.state();
            state.peer(from).ok_or(Refusal::NotPaired)?;
            match state.duties.get(&(*from, duty.id)) {
                Some(known) if known.duty == duty => return Ok(None),
                Some(known) if known.duty.serial >= duty.serial => return Err(Refusal::Expired.into()),
                Some(_) => {}
                // Nobody waits for it any more.
                None if duty.over() <= now => return Ok(None),
                None => state.has_room_for_duty(from, now)?,
            }
        }
        self.take_duty(changing, signed, &duty, now).await?;
        Ok(Some(duty))
    }

    async fn take_duty(
        &self,
        changing: tokio::sync::OwnedMutexGuard<()>,
        signed: Signed<Duty>,
        duty: &Duty,
        at: Timestamp,
    ) -> Result<(), TrustError> {
        let record = Record::Duty { signed, at };
        if counts(duty, at) { self.commit(changing, record).await } else { self.withdraw(changing, record).await }
    }
}

impl State {
    fn has_room_for_duty(&self, site: &SiteId, now: Timestamp) -> Result<(), Refusal> {
        let kept = self.duties.iter().filter(|((by, _), fact)| by == site && fact.over.after(REMEMBERED) > now).count();
        if kept < FACTS_MAX { Ok(()) } else { Err(Refusal::Busy(60_000)) }
    }
}
