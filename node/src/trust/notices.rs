//! What one party says of an agreement beside its text: suspended, resumed, about to end.
//!
//! A suspension is of its party alone: what both suspended goes on when both have resumed. While it lasts nothing is told
//! and nothing is opened; what was told stays listed, and copies stay, closed. An agreement that is about to end opens
//! nothing new; what was being read may be read to its end, and what was given one by one stays given, until all is over
//! or the time is.
//!
//! # At a crash
//! As [`super`]: a suspension is a withdrawal, a resumption a change. Of a closing that was not recorded nothing is left.
//!
//! # Not here
//! Telling the peer, and ending what is over: `overlay`.

use super::{AgreementState, Record, Trust, TrustError, TrustEvent, permit::Reading, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::{CLOSING_HOURS_MAX, Closing, READING_MAX, Suspension},
    catalog::Basis,
    duty::{Duty, What},
    grant::Grant,
    ids::Id128,
    message::Request,
    signed::Signed,
};
use std::{collections::BTreeSet, time::Duration};

/// What stands of an agreement beside its text.
#[derive(Clone, Debug, Default)]
pub(super) struct Notices {
    /// The newest of each party.
    suspensions: Vec<(SiteId, Suspension, Signed<Suspension>)>,
    closing: Option<Closed>,
}

#[derive(Clone, Debug)]
struct Closed {
    by: SiteId,
    at: Timestamp,
    until: Timestamp,
    reading: BTreeSet<Uid>,
    signed: Signed<Closing>,
}

/// The same, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// By whom it is suspended, and since when.
    pub(crate) suspended: Vec<(SiteId, Timestamp)>,
    /// By whom it is being ended, and until when at most.
    pub(crate) closing: Option<(SiteId, Timestamp)>,
}

impl Standing {
    /// Of an agreement signed by both and not over.
    pub(super) fn state(&self) -> AgreementState {
        match (self.suspended.is_empty(), self.closing.is_none()) {
            (false, _) => AgreementState::Suspended,
            (true, false) => AgreementState::Closing,
            (true, true) => AgreementState::Active,
        }
    }
}

fn studies_of(duty: Duty) -> Vec<Uid> {
    match duty.what {
        What::Case(case) => case.studies,
        What::Shift(_) => Vec::new(),
    }
}

/// What is under way under an agreement: what its end would cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Under {
    pub(crate) reading: Vec<Reading>,
    /// Live, of either side.
    pub(crate) grants: Vec<Grant>,
    /// Open ones, of either side, by who opened them.
    pub(crate) cases: Vec<(SiteId, Duty)>,
}

impl Under {
    pub(crate) fn is_empty(&self) -> bool {
        self.reading.is_empty() && self.grants.is_empty() && self.cases.is_empty()
    }
}

/// An agreement that has taken its time to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) agreement: Id128,
    pub(crate) peer: SiteId,
    pub(crate) by: SiteId,
}

impl Notices {
    pub(super) fn is_suspended(&self) -> bool {
        self.suspensions.iter().any(|(_, said, _)| said.suspended)
    }

    /// Whether a study, or what was given one by one, may be read though the agreement is about to end.
    pub(super) fn lets_finish(&self, study: Option<&Uid>, now: Timestamp) -> bool {
        self.closing.as_ref().is_none_or(|c| now < c.until && study.is_none_or(|study| c.reading.contains(study)))
    }

    pub(super) fn standing(&self) -> Standing {
        let suspended = self.suspensions.iter().filter(|(_, said, _)| said.suspended);
        Standing {
            suspended: suspended.map(|(by, said, _)| (*by, said.at)).collect(),
            closing: self.closing.as_ref().map(|c| (c.by, c.until)),
        }
    }

    fn of(&self, site: &SiteId) -> Option<&Suspension> {
        self.suspensions.iter().find(|(by, ..)| by == site).map(|(_, said, _)| said)
    }
}

impl State {
    /// The newest of its signer takes the place of the one before.
    pub(super) fn note_suspension(&mut self, signed: Signed<Suspension>) -> Vec<TrustEvent> {
        let by = signed.claimed_signer();
        let Ok(said) = signed.open(&by) else { return Vec::new() };
        let id = said.agreement;
        let notices = self.notices.entry(id).or_default();
        notices.suspensions.retain(|(site, ..)| *site != by);
        notices.suspensions.push((by, said, signed));
        self.noted(id)
    }

    /// Of two the earlier end holds, and whatever either names may be read to its end.
    pub(super) fn note_closing(&mut self, signed: Signed<Closing>, reading: Vec<Uid>) -> Vec<TrustEvent> {
        let by = signed.claimed_signer();
        let Ok(said) = signed.open(&by) else { return Vec::new() };
        let id = said.agreement;
        let named = said.reading.into_iter().chain(reading);
        let notices = self.notices.entry(id).or_default();
        match &mut notices.closing {
            Some(known) => {
                known.until = known.until.min(said.until);
                known.reading.extend(named);
            }
            None => {
                let (at, until, reading) = (said.at, said.until, named.collect());
                notices.closing = Some(Closed { by, at, until, reading, signed });
            }
        }
        self.noted(id)
    }

    fn noted(&self, agreement: Id128) -> Vec<TrustEvent> {
        let peer = self.agreements.get(&agreement).map(|kept| kept.peer);
        peer.map(|peer| TrustEvent::AgreementChanged { peer, agreement }).into_iter().collect()
    }

    /// Whether something is suspended between us: then nothing at all is told, so that nothing need be withdrawn.
    pub(super) fn is_silent(&self, peer: &SiteId) -> bool {
        let mut with = self.agreements.iter().filter(|(_, kept)| kept.peer == *peer && kept.ended.is_none());
        with.any(|(id, _)| self.notices.get(id).is_some_and(Notices::is_suspended))
    }

    pub(super) fn is_closing(&self, id: &Id128) -> bool {
        self.notices.get(id).is_some_and(|n| n.closing.is_some())
    }

    /// One that stands and is with this peer, or with whomever.
    fn stands(&self, id: &Id128, with: Option<&SiteId>) -> Result<SiteId, TrustError> {
        let kept = self.agreements.get(id).filter(|k| with.is_none_or(|site| k.peer == *site));
        let kept = kept.ok_or(TrustError::NoAgreement)?;
        self.peer(&kept.peer).ok_or(TrustError::NoPeer)?;
        if kept.ended.is_some() || kept.active.is_none() {
            return Err(TrustError::State);
        }
        Ok(kept.peer)
    }

    fn grants_under(&self, id: &Id128, now: Timestamp) -> Vec<Grant> {
        self.grants.values().filter(|grant| grant.basis == *id && now < grant.expires).cloned().collect()
    }
}

impl Trust {
    /// Suspends an agreement in our name, or resumes what we suspended. A suspension is in effect, and permits are
    /// withdrawn, before this returns. Gives what the peer is told.
    ///
    /// # Errors
    /// [`TrustError::State`] where it is so already, or the agreement is not in force.
    pub(crate) async fn suspend(&self, id: &Id128, suspended: bool) -> Result<Signed<Suspension>, TrustError> {
        let changing = self.changing().await;
        let us = self.inner.identity.site();
        let said = {
            let state = self.state();
            let _: SiteId = state.stands(id, None)?;
            let known = state.notices.get(id).and_then(|n| n.of(&us));
            if known.is_some_and(|known| known.suspended) == suspended {
                return Err(TrustError::State);
            }
            // Also when the clock was set back, ours is the newest.
            let now = tasks::now();
            let at = known.map_or(now, |known| now.max(Timestamp(known.at.0.saturating_add(1))));
            Suspension { agreement: *id, suspended, at }
        };
        let signed = self.inner.identity.seal(&said);
        let record = Record::AgreementSuspended(signed.clone());
        if suspended {
            self.withdraw(changing, record).await?;
        } else {
            self.commit(changing, record).await?;
        }
        Ok(signed)
    }

    /// What a peer says, or repeats to us that we said. Whether it is news.
    ///
    /// # Errors
    /// When it is about somebody else's agreement, or cannot be recorded.
    pub(crate) async fn hear_suspension(
        &self,
        from: &SiteId,
        signed: Signed<Suspension>,
    ) -> Result<Option<Suspension>, TrustError> {
        let changing = self.changing().await;
        let by = self.party(from, &signed.claimed_signer())?;
        let said = signed.open(&by).map_err(|_| Refusal::Malformed)?;
        if !self.concerns_us(&said.agreement, from)? {
            return Ok(None);
        }
        let known = self.state().notices.get(&said.agreement).and_then(|n| n.of(&by)).cloned();
        if known.is_some_and(|known| known.at >= said.at) {
            return Ok(None);
        }
        let record = Record::AgreementSuspended(signed);
        if said.suspended {
            self.withdraw(changing, record).await?;
        } else {
            self.commit(changing, record).await?;
        }
        Ok(Some(said))
    }

    /// Ends an agreement when what is being read has been read, within so many hours. Nothing new is opened from now on.
    ///
    /// # Errors
    /// [`TrustError::State`] where it ends already, or is not in force.
    pub(crate) async fn close(&self, id: &Id128, hours: u32) -> Result<Signed<Closing>, TrustError> {
        let changing = self.changing().await;
        if !(1..=CLOSING_HOURS_MAX).contains(&hours) {
            return Err(Refusal::Malformed.into());
        }
        let now = tasks::now();
        {
            let state = self.state();
            let _: SiteId = state.stands(id, None)?;
            if state.is_closing(id) {
                return Err(TrustError::State);
            }
        }
        let reading = self.reading_now(id, now);
        let until = now.after(Duration::from_secs(u64::from(hours) * 3600));
        let said = Closing { agreement: *id, reading, until, at: now };
        let signed = self.inner.identity.seal(&said);
        let record = Record::AgreementClosing { signed: signed.clone(), reading: Vec::new() };
        self.withdraw(changing, record).await?;
        Ok(signed)
    }

    /// A peer ends an agreement in good order, or repeats to us that we do. What is being read here may be read to its end
    /// as well. Whether it is news.
    ///
    /// # Errors
    /// As [`Self::hear_suspension`].
    pub(crate) async fn hear_closing(
        &self,
        from: &SiteId,
        signed: Signed<Closing>,
    ) -> Result<Option<Closing>, TrustError> {
        let changing = self.changing().await;
        let by = self.party(from, &signed.claimed_signer())?;
        let said = signed.open(&by).map_err(|_| Refusal::Malformed)?;
        if said.reading.len() > READING_MAX {
            return Err(Refusal::Malformed.into());
        }
        if !self.concerns_us(&said.agreement, from)? {
            return Ok(None);
        }
        let repeated =
            self.state().notices.get(&said.agreement).and_then(|n| n.closing.as_ref()).is_some_and(|c| c.by == by);
        if repeated {
            return Ok(None);
        }
        let reading = self.reading_now(&said.agreement, tasks::now());
        self.withdraw(changing, Record::AgreementClosing { signed, reading }).await?;
        Ok(Some(said))
    }

    /// What the end of an agreement would cut.
    pub(crate) fn under(&self, id: &Id128) -> Under {
        let now = tasks::now();
        let reading = self.inner.watch.reading(id, now).into_iter().collect();
        let state = self.state();
        Under { reading, grants: state.grants_under(id, now), cases: state.cases_under(id, now) }
    }

    /// Agreements that were to end and whose time is over, or of ours under which nothing is under way any more.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Due> {
        let us = self.inner.identity.site();
        let state = self.state();
        let closing = state.agreements.iter().filter(|(_, kept)| kept.ended.is_none()).filter_map(|(id, kept)| {
            let closed = state.notices.get(id)?.closing.as_ref()?;
            Some((*id, kept.peer, closed))
        });
        let is_over = |id: &Id128, closed: &Closed| {
            // After a restart nobody knows yet who reads on.
            let is_known = closed.reading.is_empty() || self.inner.watch.remembers(closed.at, now);
            let is_used = !state.grants_under(id, now).is_empty() || !state.cases_under(id, now).is_empty();
            is_known && !is_used && self.inner.watch.reading(id, now).is_empty()
        };
        closing
            .filter(|(id, _, closed)| now >= closed.until || (closed.by == us && is_over(id, closed)))
            .map(|(agreement, peer, closed)| Due { agreement, peer, by: closed.by })
            .collect()
    }

    /// Whether something between us is suspended.
    ///
    /// # Errors
    /// [`Refusal::Suspended`].
    pub(crate) fn require_going_on(&self, peer: &SiteId) -> Result<(), Refusal> {
        if self.state().is_silent(peer) { Err(Refusal::Suspended) } else { Ok(()) }
    }

    /// Whether either party's word keeps nobody from opening a study that was told by this basis. For lists; who opens one
    /// is judged.
    pub(crate) fn opens(&self, basis: &Basis, study: &Uid) -> bool {
        let named = match basis {
            Basis::Agreement(_) => Some(study),
            Basis::Grant { .. } => None,
        };
        let state = self.state();
        let notices = state.notices.get(&basis.agreement());
        notices.is_none_or(|n| !n.is_suspended() && n.lets_finish(named, tasks::now()))
    }

    /// When an agreement that is about to end does so at the latest.
    pub(crate) fn ends(&self, agreement: &Id128) -> Option<Timestamp> {
        self.state().notices.get(agreement)?.closing.as_ref().map(|closing| closing.until)
    }

    /// All that was said of agreements with a peer that still counts: for one that was restored.
    pub(crate) fn notices_with(&self, peer: &SiteId) -> Vec<Request> {
        let state = self.state();
        let with = state.agreements.iter().filter(|(_, kept)| kept.peer == *peer && kept.ended.is_none());
        let notices = with.filter_map(|(id, _)| state.notices.get(id));
        let said = |n: &Notices| {
            let suspensions = n.suspensions.iter().map(|(.., signed)| Request::Suspension(signed.clone()));
            let closing = n.closing.iter().map(|c| Request::Closing(c.signed.clone()));
            suspensions.chain(closing).collect::<Vec<_>>()
        };
        notices.flat_map(said).collect()
    }

    fn reading_now(&self, id: &Id128, now: Timestamp) -> Vec<Uid> {
        let read = self.inner.watch.reading(id, now).into_iter().map(|r| r.study);
        let of_cases = self.state().cases_under(id, now).into_iter().flat_map(|(_, duty)| studies_of(duty));
        let studies: BTreeSet<Uid> = read.chain(of_cases).collect();
        studies.into_iter().take(READING_MAX).collect()
    }

    /// A signer who may speak on this connection: the peer, or we ourselves, repeated.
    fn party(&self, from: &SiteId, signer: &SiteId) -> Result<SiteId, TrustError> {
        let is_party = signer == from || *signer == self.inner.identity.site();
        if is_party { Ok(*signer) } else { Err(Refusal::Malformed.into()) }
    }

    /// Whether a notice is to be kept. A restored node keeps one of an agreement that it is yet to learn of.
    fn concerns_us(&self, id: &Id128, from: &SiteId) -> Result<bool, TrustError> {
        let shut = self.require_open().is_err();
        let (stands, is_known) = {
            let state = self.state();
            (state.stands(id, Some(from)), state.agreements.contains_key(id))
        };
        match stands {
            Ok(_) => Ok(true),
            Err(TrustError::NoAgreement) if is_known => Err(Refusal::Malformed.into()),
            Err(TrustError::NoAgreement | TrustError::State) => Ok(shut),
            Err(why) => Err(why),
        }
    }
}
