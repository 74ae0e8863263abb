//! After a restore: what peers know of us that we forgot, and the door that stays shut until they have been asked.
//!
//! While it is shut no peer is judged: nothing of ours is served or told to any of them. What we may read at peers is
//! judged by them. Shutting and opening are of the process; that a node was restored is a mark in its folder.
//!
//! # At a crash
//! Each thing learnt is a record of its own. The mark still stands, and the peers are asked again.
//!
//! # Not here
//! Asking: `overlay::relearn`. The mark, and who may open without it: `backup`, `portal`.

use super::{Record, State, Trust, TrustError, changes::other_party};
use crate::tasks;
use protocol::{
    Refusal, SiteId,
    ids::Id128,
    relearn::{AGREEMENTS_MAX, ENDED_MAX, GRANTS_MAX, Known},
};
use std::sync::atomic::Ordering;

/// Peers come again after this time.
const SHUT_RETRY_MS: u32 = 30_000;

impl Trust {
    /// Judges no peer from now on.
    pub(crate) fn shut(&self) {
        self.inner.is_shut.store(true, Ordering::Release);
    }

    /// Judges peers again.
    pub(crate) fn unshut(&self) {
        self.inner.is_shut.store(false, Ordering::Release);
    }

    /// Whether peers are judged.
    ///
    /// # Errors
    /// [`Refusal::Busy`] while they are not.
    pub(crate) fn require_open(&self) -> Result<(), Refusal> {
        if self.inner.is_shut.load(Ordering::Acquire) { Err(Refusal::Busy(SHUT_RETRY_MS)) } else { Ok(()) }
    }

    /// What we know of a peer that was restored; its studies are not ours to tell.
    pub(crate) fn known_of(&self, peer: &SiteId) -> Known {
        self.state().known_of(peer)
    }

    /// Takes over what a peer knows and we forgot. How many things that were.
    ///
    /// # Errors
    /// When something cannot be recorded; it is asked for again then.
    pub(crate) async fn relearn(&self, peer: &SiteId, known: &Known) -> Result<u64, TrustError> {
        let mut learnt = 0;
        for signed in known.agreements.iter().take(AGREEMENTS_MAX) {
            let changing = self.changing().await;
            let Ok((text, signers)) = signed.open() else { continue };
            let us = self.inner.identity.site();
            let is_theirs = other_party(&text, &us) == Some(*peer);
            if is_theirs && self.state().is_newer(peer, &text, signers.len() == 2) {
                self.commit(changing, Record::Agreement { peer: *peer, signed: signed.clone() }).await?;
                learnt += 1;
            }
        }
        for (agreement, by) in known.ended.iter().take(ENDED_MAX) {
            let stands = self.state().agreements.get(agreement).is_some_and(|k| k.peer == *peer && k.ended.is_none());
            if stands {
                let by = if *by == self.inner.identity.site() { *by } else { *peer };
                self.end(agreement, &by).await?;
                learnt += 1;
            }
        }
        for grant in known.given.iter().take(GRANTS_MAX) {
            // One that does not fit what is agreed now is none.
            if self.receive_grant(peer, grant.clone()).await.is_err() {
                let _ = self.relearn_narrowed(peer, grant).await;
            }
        }
        let forgotten = self.state().forgotten_grants(peer, known);
        for (grant, by) in forgotten {
            let _ = self.revoke_grant(&grant, &by).await?;
            learnt += 1;
        }
        Ok(learnt)
    }

    /// A peer says that we are none of its any more.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub(crate) async fn relearn_parting(&self, peer: &SiteId) -> Result<(), TrustError> {
        self.revoke_peer(peer).await?;
        self.farewell_done(peer).await
    }
}

impl State {
    fn known_of(&self, peer: &SiteId) -> Known {
        let kept = || self.agreements.values().filter(|kept| kept.peer == *peer);
        let texts = kept().filter(|kept| kept.ended.is_none()).flat_map(|k| k.active.iter().chain(k.pending.iter()));
        let mut ended: Vec<_> = self
            .agreements
            .iter()
            .filter(|(_, k)| k.peer == *peer)
            .filter_map(|(id, k)| Some((k.ended?, *id)))
            .collect();
        ended.sort_by_key(|((at, _), _)| std::cmp::Reverse(*at));
        let now = tasks::now();
        let mut live: Vec<_> = self.grants.values().filter(|grant| grant.expires > now).collect();
        live.sort_by_key(|grant| std::cmp::Reverse(grant.expires));
        // What we passed on is the holder's to know too.
        let ours = |grant: &&&protocol::grant::Grant| {
            grant.issuer == self.us && (grant.subject == *peer || self.holder_of(grant) == Some(*peer))
        };
        let given = live.iter().filter(ours);
        let of_theirs =
            |grant: &&&protocol::grant::Grant| grant.issuer == *peer || self.holder_of(grant) == Some(*peer);
        let received = live.iter().filter(of_theirs);
        Known {
            agreements: texts.map(|text| text.signed.clone()).take(AGREEMENTS_MAX).collect(),
            ended: ended.into_iter().map(|((_, by), id)| (id, by)).take(ENDED_MAX).collect(),
            given: given.filter_map(|grant| self.given.get(&grant.id).cloned()).take(GRANTS_MAX).collect(),
            received: received.map(|grant| grant.id).take(GRANTS_MAX).collect(),
            ..Known::default()
        }
    }

    /// Whether a text goes beyond what we have of the agreement. What is over stays over.
    fn is_newer(&self, peer: &SiteId, text: &protocol::agreement::Agreement, is_by_both: bool) -> bool {
        let Some(kept) = self.agreements.get(&text.id) else { return true };
        let active = kept.active.as_ref().map_or(0, |known| known.agreement.version);
        let pending = kept.pending.as_ref().map_or(0, |known| known.agreement.version);
        let known = if is_by_both { active } else { active.max(pending) };
        kept.peer == *peer && kept.ended.is_none() && text.version > known
    }

    /// Live grants here that the peer does not tell of, and who gave them.
    fn forgotten_grants(&self, peer: &SiteId, known: &Known) -> Vec<(Id128, SiteId)> {
        let now = tasks::now();
        let told: Vec<Id128> =
            known.given.iter().filter_map(|signed| signed.open(peer).ok()).map(|grant| grant.id).collect();
        let is_told = |grant: &&protocol::grant::Grant| {
            if grant.issuer == *peer { told.contains(&grant.id) } else { known.received.contains(&grant.id) }
        };
        let between = self.grants.values().filter(|grant| grant.issuer == *peer || grant.subject == *peer);
        let gone = between.filter(|grant| grant.expires > now).filter(|grant| !is_told(grant));
        gone.map(|grant| (grant.id, grant.issuer)).collect()
    }
}
