//! Keepings: who keeps a second copy of whose backup. Offered, countersigned and ended as agreements are; they let nobody
//! read anything.
//!
//! One text between an owner and a keeper is in force: that which both signed last. What was ended stays known, until the
//! copy is erased and longer: the receipt is part of it.
//!
//! # At a crash
//! As for agreements: what is recorded holds. An ending that was not answered may be lost with the process.
//!
//! # Not here
//! Fetching and erasing copies: `spare`. Telling the other site: `overlay`.

use super::{AgreementState, Record, Trust, TrustError, TrustEvent, hours, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp,
    countersigned::Text as _,
    ids::Id128,
    keeping::{Erased, Keeping, SignedKeeping},
};

/// Keepings between us and one peer that are remembered; more are noise.
const KEEPINGS_MAX: usize = 64;

/// A keeping as lists show it.
#[derive(Clone, Debug)]
pub(crate) struct KeepingRow {
    pub(crate) keeping: Keeping,
    pub(crate) signed: SignedKeeping,
    pub(crate) state: AgreementState,
    pub(crate) peer: SiteId,
    /// When and by whom it was ended.
    pub(crate) ended: Option<(Timestamp, SiteId)>,
    /// Whether a later text took its place.
    pub(crate) replaced: bool,
    /// The keeper's word that the copy is no more.
    pub(crate) erased: Option<Erased>,
}

impl KeepingRow {
    /// Whether we are the one that keeps.
    pub(crate) fn is_keeper(&self) -> bool {
        self.keeping.owner.site == self.peer
    }
}

/// A keeping over its life.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    peer: SiteId,
    keeping: Keeping,
    signed: SignedKeeping,
    signers: Vec<SiteId>,
    ended: Option<(Timestamp, SiteId)>,
    replaced: bool,
    erased: Option<Erased>,
}

impl Kept {
    fn is_active(&self) -> bool {
        self.signers.len() == 2 && self.ended.is_none() && !self.replaced
    }

    fn row(&self, us: &SiteId) -> KeepingRow {
        let state = match self {
            _ if self.ended.is_some() || self.replaced => AgreementState::Ended,
            _ if self.signers.len() == 2 => AgreementState::Active,
            _ if self.signers.contains(us) => AgreementState::Offered,
            _ => AgreementState::Received,
        };
        KeepingRow {
            keeping: self.keeping.clone(),
            signed: self.signed.clone(),
            state,
            peer: self.peer,
            ended: self.ended,
            replaced: self.replaced,
            erased: self.erased.clone(),
        }
    }
}

impl State {
    /// Takes a text; one that both signed takes the place of those before.
    pub(super) fn keep_keeping(&mut self, peer: SiteId, signed: SignedKeeping) -> Vec<TrustEvent> {
        let Ok((keeping, signers)) = signed.open() else { return Vec::new() };
        let id = keeping.id;
        if signers.len() == 2 {
            let same = |kept: &&mut Kept| {
                kept.keeping.owner.site == keeping.owner.site && kept.keeping.keeper.site == keeping.keeper.site
            };
            let earlier = self.keepings.values_mut().filter(same).filter(|kept| kept.keeping.id != id);
            earlier.for_each(|kept| kept.replaced |= kept.is_active());
        }
        let fresh = Kept { peer, keeping, signed, signers, ended: None, replaced: false, erased: None };
        match self.keepings.get_mut(&id) {
            Some(kept) => {
                let (ended, replaced) = (kept.ended, kept.replaced);
                *kept = Kept { ended, replaced, ..fresh };
            }
            None => drop(self.keepings.insert(id, fresh)),
        }
        vec![TrustEvent::KeepingChanged { peer }]
    }

    pub(super) fn end_keeping(&mut self, id: &Id128, by: SiteId, at: Timestamp) -> Vec<TrustEvent> {
        let Some(kept) = self.keepings.get_mut(id).filter(|kept| kept.ended.is_none()) else { return Vec::new() };
        kept.ended = Some((at, by));
        vec![TrustEvent::KeepingChanged { peer: kept.peer }]
    }

    pub(super) fn end_keepings_of(&mut self, peer: &SiteId, at: Timestamp) {
        let us = self.us;
        for kept in self.keepings.values_mut().filter(|kept| kept.peer == *peer && kept.ended.is_none()) {
            kept.ended = Some((at, us));
        }
    }

    pub(super) fn keeping_erased(&mut self, erased: Erased) -> Vec<TrustEvent> {
        let Some(kept) = self.keepings.get_mut(&erased.keeping) else { return Vec::new() };
        kept.erased = Some(erased);
        vec![TrustEvent::KeepingChanged { peer: kept.peer }]
    }
}

impl Trust {
    /// All that ever were.
    pub(crate) fn keepings(&self) -> Vec<KeepingRow> {
        let us = self.inner.identity.site();
        self.state().keepings.values().map(|kept| kept.row(&us)).collect()
    }

    /// The keeping in force with this peer by which we are the owner, or the keeper.
    pub(crate) fn keeping(&self, peer: &SiteId, is_keeper: bool) -> Option<Keeping> {
        let state = self.state();
        state.peer(peer)?;
        let theirs =
            |kept: &&Kept| kept.peer == *peer && (kept.keeping.owner.site == *peer) == is_keeper && kept.is_active();
        state.keepings.values().find(theirs).map(|kept| kept.keeping.clone())
    }

    /// The one judgement of what is asked under a keeping: in force, by its name, between us and this peer.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`]; [`Refusal::NotHeld`] for one that is not known here at all.
    pub(crate) fn authorize_keeping(&self, peer: &SiteId, id: &Id128, is_keeper: bool) -> Result<Keeping, Refusal> {
        self.require_open()?;
        if !self.state().keepings.contains_key(id) {
            return Err(Refusal::NotHeld);
        }
        self.keeping(peer, is_keeper).filter(|keeping| keeping.id == *id).ok_or(Refusal::NotPermitted)
    }

    /// A draft of ours, signed by us.
    pub(crate) async fn offer_keeping(&self, keeping: Keeping) -> Result<SignedKeeping, TrustError> {
        let changing = self.changing().await;
        let peer = keeping.other(&self.inner.identity.site()).ok_or(Refusal::Malformed)?;
        self.state().peer(&peer).ok_or(TrustError::NoPeer)?;
        self.require_keeping(&peer, &keeping)?;
        let signed = SignedKeeping::draft(&self.inner.identity.key(), &keeping);
        self.commit(changing, Record::Keeping { peer, signed: signed.clone() }).await?;
        Ok(signed)
    }

    fn require_keeping(&self, peer: &SiteId, keeping: &Keeping) -> Result<(), TrustError> {
        let known = self.state().keepings.values().filter(|kept| kept.peer == *peer).count();
        let zone = keeping.hours.as_ref().is_none_or(|hours| hours::is_known_zone(&hours.time_zone));
        if !keeping.is_sound() || !zone {
            return Err(Refusal::Malformed.into());
        }
        if known < KEEPINGS_MAX { Ok(()) } else { Err(Refusal::Busy(60_000).into()) }
    }

    /// What a peer sent: an offer, or a text that both signed. One that we signed and do not know (we were restored from
    /// a backup) is believed by our signature.
    pub(crate) async fn receive_keeping(&self, from: &SiteId, signed: SignedKeeping) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let (keeping, signers) = signed.open()?;
        if keeping.other(&self.inner.identity.site()) != Some(*from) || !signers.contains(from) {
            return Err(Refusal::Malformed.into());
        }
        self.state().peer(from).ok_or(Refusal::NotPaired)?;
        let known = self.state().keepings.get(&keeping.id).cloned();
        match known {
            Some(known) if known.keeping != keeping || known.peer != *from => return Err(Refusal::Malformed.into()),
            Some(known) if known.ended.is_some() => return Err(TrustError::State),
            Some(known) if known.signers.len() >= signers.len() => return Ok(()),
            Some(_) => {}
            None => self.require_keeping(from, &keeping)?,
        }
        self.commit(changing, Record::Keeping { peer: *from, signed }).await
    }

    /// Countersigns what was received; gives the text to send back.
    pub(crate) async fn accept_keeping(&self, id: &Id128) -> Result<SignedKeeping, TrustError> {
        let changing = self.changing().await;
        let us = self.inner.identity.site();
        let (peer, mut signed) = {
            let state = self.state();
            let kept = state.keepings.get(id).ok_or(TrustError::NoAgreement)?;
            if kept.row(&us).state != AgreementState::Received {
                return Err(TrustError::State);
            }
            state.peer(&kept.peer).ok_or(TrustError::NoPeer)?;
            (kept.peer, kept.signed.clone())
        };
        signed.sign(&self.inner.identity.key());
        self.commit(changing, Record::Keeping { peer, signed: signed.clone() }).await?;
        Ok(signed)
    }

    /// Ends a keeping; by us (`from` ours) or as told by the peer.
    pub(crate) async fn end_keeping(&self, id: &Id128, from: &SiteId) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let known = self.state().keepings.get(id).map(|kept| (kept.peer, kept.ended.is_some()));
        let (peer, is_ended) = known.ok_or(TrustError::NoAgreement)?;
        if *from != self.inner.identity.site() && *from != peer {
            return Err(TrustError::NoAgreement);
        }
        if is_ended {
            return Ok(());
        }
        self.withdraw(changing, Record::KeepingEnded { keeping: *id, by: *from, at: tasks::now() }).await
    }

    /// The copy is erased: by us, or as the keeper says.
    pub(crate) async fn note_keeping_erased(&self, from: &SiteId, erased: Erased) -> Result<(), TrustError> {
        let changing = self.changing().await;
        {
            let state = self.state();
            let kept = state.keepings.get(&erased.keeping).ok_or(TrustError::NoAgreement)?;
            if kept.keeping.keeper.site != *from {
                return Err(TrustError::NoAgreement);
            }
            if kept.erased.is_some() {
                return Ok(());
            }
        }
        self.commit(changing, Record::KeepingErased(erased)).await
    }

    /// Whether it may be copied at this hour.
    pub(crate) fn is_hour(&self, keeping: &Keeping) -> bool {
        let Some(at) = &keeping.hours else { return true };
        hours::week_minute(tasks::now(), &at.time_zone).is_some_and(|minute| at.contains(minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use protocol::agreement::Party;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }
    fn site(seed: u8) -> SiteId {
        SiteId(key(seed).verifying_key().to_bytes())
    }
    fn signed(id: u8, signers: &[u8]) -> SignedKeeping {
        let party = |seed| Party { site: site(seed), name: format!("site {seed}") };
        let keeping = Keeping {
            id: Id128([id; 16]),
            owner: party(1),
            keeper: party(2),
            bytes_max: 1 << 30,
            bytes_per_second: 1 << 20,
            hours: None,
            days_after: 30,
            drafted: Timestamp(u64::from(id)),
        };
        let (first, rest) = signers.split_first().unwrap();
        let mut signed = SignedKeeping::draft(&key(*first), &keeping);
        rest.iter().for_each(|seed| signed.sign(&key(*seed)));
        signed
    }
    fn states(state: &State) -> Vec<AgreementState> {
        state.keepings.values().map(|kept| kept.row(&site(1)).state).collect()
    }

    #[test]
    fn the_text_signed_last_by_both_is_in_force_and_what_ended_stays_so() {
        use AgreementState::{Active, Ended, Offered, Received};
        let mut state = State::new(site(1));
        let _ = state.keep_keeping(site(2), signed(1, &[1]));
        assert_eq!(states(&state), [Offered]);
        let _ = state.keep_keeping(site(2), signed(1, &[1, 2]));
        assert_eq!(states(&state), [Active]);
        let _ = state.keep_keeping(site(2), signed(2, &[2]));
        assert_eq!(states(&state), [Active, Received], "an offer changes nothing");
        let _ = state.keep_keeping(site(2), signed(2, &[2, 1]));
        assert_eq!(states(&state), [Ended, Active]);
        let _ = state.end_keeping(&Id128([2; 16]), site(2), Timestamp(9));
        let _ = state.keep_keeping(site(2), signed(2, &[2, 1]));
        assert_eq!(states(&state), [Ended, Ended], "over is over");
    }

    #[test]
    fn a_text_of_others_is_none() {
        let mut state = State::new(site(1));
        let mut strange = signed(1, &[1]);
        strange.sign(&key(3));
        assert!(state.keep_keeping(site(2), strange).is_empty());
        assert!(state.keepings.is_empty());
    }
}
