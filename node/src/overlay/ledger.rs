//! The ledger between sites: events are countersigned, heads are cosigned, and what two peers saw of a third is compared.
//!
//! With each peer, at contact, after every event that concerns it, and now and then: our events that wait are told until the
//! peer's receipt is recorded; our head is shown with the proof that it follows from the last one that peer holds; and of
//! sites that both know, the heads that both hold must go together. What does not is written down with the site and the
//! record, and as a security alert, at whichever side sees it.
//!
//! # At a crash
//! What waits is in the audit journal and is said again. A peer that is ahead of what we remember says which head it holds,
//! and we prove from there: nothing is signed that is not durable, so an honest log never looks forked.
//!
//! # Not here
//! Trees, proofs, twins on disk: `audit`. Looking at our own log: `site`, by `audit`.

use super::{Inner, converse::is_lost};
use crate::{
    audit::{Finding, HeldHead, Wrong},
    tasks,
};
use protocol::{
    Refusal, SiteId,
    ledger::{
        self, CROSSINGS_MAX, Crossing, Follows, Hash, Head, OTHERS_MAX, PLACES_MAX, Receipt, Seen, follows, tree,
    },
    message::{Answer, Request},
    signed::Signed,
};
use std::{sync::Arc, time::Duration};

/// Events that come together are told together.
const GATHER: Duration = Duration::from_millis(100);
/// Where nothing crosses, heads are exchanged once in so many looks of the watch: with one a minute, every quarter of an hour.
/// Each exchange costs both sites some 500 bytes of journal.
const HEADS_EVERY_LOOKS: u32 = 15;
/// Times a head is shown anew because the peer holds another than we thought.
const SHOWN_MAX: u32 = 3;

impl Inner {
    /// Exchanges with each peer with whom something happened, and with all now and then.
    pub(super) async fn watch_ledger(self: Arc<Self>) {
        let every = Duration::from_millis(self.config.alarms.look_every_ms).saturating_mul(HEADS_EVERY_LOOKS);
        loop {
            let due = tokio::select! {
                () = self.tasks.stopping() => return,
                due = self.audit.crossed() => due.into_iter().collect(),
                () = tokio::time::sleep(every) => self.trusted().collect::<Vec<_>>(),
            };
            tokio::time::sleep(GATHER).await;
            for peer in due {
                self.tell_ledger(peer);
            }
        }
    }

    pub(super) fn tell_ledger(self: &Arc<Self>, peer: SiteId) {
        if self.trust.peer(&peer).is_some() && self.contacts.is_connected(&peer) {
            self.once("ledger", |inner| &inner.ledgers, peer, move |inner| async move { inner.exchange(peer).await });
        }
    }

    /// Whether it is over; otherwise it is tried again while the peer is connected.
    async fn exchange(self: Arc<Self>, peer: SiteId) -> bool {
        if self.trust.peer(&peer).is_none() {
            return true;
        }
        self.have_witnessed(peer).await && self.show_head(peer).await && self.compare_others(peer).await
    }

    async fn have_witnessed(&self, peer: SiteId) -> bool {
        loop {
            let (audit, us) = (self.audit.clone(), self.identity.site());
            let waiting = move || audit.waiting(us, &peer, CROSSINGS_MAX);
            let waiting = match self.tasks.spawn_blocking("ledger", waiting).await {
                Ok(Ok(waiting)) => waiting,
                Ok(Err(error)) => {
                    tracing::error!(%error, "events that wait for a countersignature cannot be read");
                    return true;
                }
                Err(_) => return true,
            };
            if waiting.is_empty() {
                return true;
            }
            let told: Vec<_> = waiting.iter().map(|crossing| self.identity.seal(crossing)).collect();
            let receipts = match self.ask(peer, &Request::Witness(told.clone())).await {
                Some(Answer::Witnessed(receipts)) => receipts,
                answer if is_lost(answer.as_ref()) => return false,
                // A site of the version before does not know the question; the alarm tells.
                _ => return true,
            };
            for ((crossing, signed), receipt) in waiting.iter().zip(told).zip(&receipts) {
                let is_theirs = receipt.open(&peer).is_ok_and(|opened| opened.of == crossing.hash());
                if !is_theirs {
                    let mut finding = Finding::new(peer, Wrong::Forged, crossing.place, crossing.place);
                    finding.number = Some(crossing.number);
                    self.find(finding).await;
                    return true;
                }
                if let Err(error) = self.audit.keep_receipt(peer, crossing.place, signed, receipt.clone()).await {
                    tracing::error!(%error, "a countersignature could not be recorded");
                    return false;
                }
            }
            if receipts.len() < waiting.len() {
                return true;
            }
        }
    }

    async fn show_head(&self, peer: SiteId) -> bool {
        let head = self.audit.head(self.identity.site());
        let signed = self.identity.seal(&head);
        let mut from = self.audit.cosigned_size(&peer).unwrap_or(0);
        for _ in 0..SHOWN_MAX {
            let Some(proof) = self.consistency(from, head.size).await else { return true };
            match self.ask(peer, &Request::LedgerHead { head: signed.clone(), from, proof }).await {
                Some(Answer::LedgerSeen(seen)) => return self.was_seen(peer, head, signed, seen).await,
                Some(Answer::LedgerHeld(held)) => match self.is_behind(peer, &head, held).await {
                    Some(size) => from = size,
                    None => return true,
                },
                answer => return !is_lost(answer.as_ref()),
            }
        }
        true
    }

    async fn was_seen(&self, peer: SiteId, head: Head, signed: Signed<Head>, cosigned: Signed<Seen>) -> bool {
        match cosigned.open(&peer) {
            Ok(seen) if seen.head == head => {
                if self
                    .audit
                    .peer_state(&peer)
                    .cosigned
                    .is_some_and(|(size, _, whole)| (size, whole) == (head.size, seen.unbroken))
                {
                    return true;
                }
                self.audit.keep_cosigned(peer, signed, (seen, cosigned)).await.is_ok()
            }
            _ => {
                self.find(Finding::new(peer, Wrong::Forged, head.size.saturating_sub(1), head.size)).await;
                true
            }
        }
    }

    /// The peer holds another head of ours than we thought: its size, to prove from there.
    async fn is_behind(&self, peer: SiteId, head: &Head, held: Signed<Head>) -> Option<u64> {
        let Ok(theirs) = held.open(&head.site) else {
            self.find(Finding::new(peer, Wrong::Forged, 0, head.size)).await;
            return None;
        };
        let wrong = if theirs.size > head.size {
            Some((Wrong::Shorter, head.size))
        } else {
            let (audit, size) = (self.audit.clone(), theirs.size);
            let root = self.tasks.spawn_blocking("ledger", move || audit.root_at(size)).await;
            matches!(root, Ok(Ok(root)) if root != theirs.root).then_some((Wrong::Changed, 0))
        };
        if let Some((wrong, first)) = wrong {
            let mut finding = Finding::new(head.site, wrong, first, theirs.size.saturating_sub(1));
            finding.heads = vec![held];
            self.find(finding).await;
        }
        Some(theirs.size)
    }

    async fn consistency(&self, old: u64, size: u64) -> Option<Vec<Hash>> {
        let audit = self.audit.clone();
        match self.tasks.spawn_blocking("ledger", move || audit.consistency(old, size)).await {
            Ok(Ok(proof)) => Some(proof),
            Ok(Err(error)) => {
                tracing::error!(%error, "the ledger cannot be read");
                None
            }
            Err(_) => None,
        }
    }

    /// What this peer saw of sites that we know as well.
    async fn compare_others(&self, peer: SiteId) -> bool {
        let held: Vec<HeldHead> = self
            .audit
            .all_held()
            .into_iter()
            .filter(|held| held.head.site != peer && self.trust.peer(&held.head.site).is_some())
            .take(OTHERS_MAX)
            .collect();
        if held.is_empty() {
            return true;
        }
        let aliases = held.iter().map(|held| ledger::alias(&held.head.site)).collect();
        let heads = match self.ask(peer, &Request::LedgerOthers(aliases)).await {
            Some(Answer::LedgerHeads(heads)) => heads,
            answer => return !is_lost(answer.as_ref()),
        };
        for signed in heads {
            let site = signed.claimed_signer();
            let Some(ours) = held.iter().find(|held| held.head.site == site) else { continue };
            // What its site did not sign says nothing about that site; what another holder of its key did says that.
            if let Ok(theirs) = signed.open(&site) {
                let Some(keys) = signed.keys() else { continue };
                if !self.goes_with_known(&keys).await {
                    continue;
                }
                self.compare_heads(ours, theirs, signed).await;
            }
        }
        true
    }

    async fn compare_heads(&self, ours: &HeldHead, theirs: Head, signed: Signed<Head>) {
        let site = ours.head.site;
        let (older, newer) = if ours.head.size <= theirs.size { (&ours.head, &theirs) } else { (&theirs, &ours.head) };
        let goes = if older.size == newer.size {
            older.root == newer.root
        } else {
            let asked = Request::LedgerProve { size: newer.size, places: Vec::new(), old: Some(older.size) };
            match self.ask(site, &asked).await {
                Some(Answer::LedgerProofs(proofs)) => {
                    let proof = proofs.last().map_or(&[][..], Vec::as_slice);
                    tree::is_consistent((older.size, &older.root), (newer.size, &newer.root), proof)
                }
                // One whose log ends before what it signed cannot prove it; one that cannot be reached may later.
                Some(Answer::Refused(Refusal::NotHeld)) => false,
                _ => return,
            }
        };
        if !goes {
            let mut finding = Finding::new(site, Wrong::Forked, 0, older.size.saturating_sub(1));
            finding.heads = vec![ours.signed.clone(), signed];
            self.find(self.located(finding, &theirs).await).await;
        }
    }

    pub(super) async fn find(&self, finding: Finding) {
        if let Err(error) = self.audit.found(finding).await {
            tracing::error!(%error, "what was found wrong with a ledger could not be recorded");
        }
    }

    /// Countersigns a peer's events: each is in our log before its receipt leaves.
    pub(super) async fn witness(&self, from: SiteId, told: Vec<Signed<Crossing>>) -> Result<Answer, Refusal> {
        if told.len() > CROSSINGS_MAX {
            return Err(Refusal::Malformed);
        }
        let us = self.identity.site();
        let mut receipts = Vec::with_capacity(told.len());
        for signed in told {
            let crossing = Crossing::opened(&signed, &from, &us)?;
            let place = self.audit.keep_twin(&crossing, signed).await.map_err(|error| {
                tracing::error!(%error, "a peer's event could not be recorded");
                Refusal::Internal
            })?;
            receipts.push(self.identity.seal(&Receipt { of: crossing.hash(), place, at: tasks::now() }));
        }
        Ok(Answer::Witnessed(receipts))
    }

    /// Judges a peer's head, and holds it.
    pub(super) async fn hear_head(
        self: &Arc<Self>,
        peer: SiteId,
        signed: Signed<Head>,
        from: u64,
        proof: Vec<Hash>,
    ) -> Result<Answer, Refusal> {
        let head = signed.open(&peer).ok().filter(|head| head.site == peer).ok_or(Refusal::Malformed)?;
        self.trust.vouch(&peer, &signed, head.at)?;
        let held = self.audit.held(&peer);
        let wrong = match follows(held.as_ref().map(|held| &held.head), &head, from, &proof) {
            Follows::Yes => None,
            Follows::Unproved => return Ok(held.map_or(Answer::Done, |held| Answer::LedgerHeld(held.signed))),
            Follows::Shorter => Some(Wrong::Shorter),
            Follows::Forked => Some(Wrong::Forked),
        };
        let unbroken = held.as_ref().is_none_or(|held| held.unbroken) && wrong.is_none();
        if let (Some(wrong), Some(held)) = (wrong, &held) {
            let mut finding = Finding::new(peer, wrong, 0, held.head.size.saturating_sub(1));
            finding.heads = vec![held.signed.clone(), signed.clone()];
            let (inner, head, held_next) = (self.clone(), head.clone(), signed);
            // Asking back would wait for this answer. Held only once it is written down: it is found again after a crash.
            self.tasks.spawn("ledger break", async move {
                let finding = inner.located(finding, &head).await;
                inner.find(finding).await;
                if let Err(error) = inner.audit.keep_held(head, held_next, false).await {
                    tracing::error!(%error, "a peer's head could not be recorded");
                }
            });
        } else if held.is_none_or(|held| held.head.size != head.size) {
            self.audit.keep_held(head.clone(), signed, unbroken).await.map_err(|error| {
                tracing::error!(%error, "a peer's head could not be recorded");
                Refusal::Internal
            })?;
        }
        Ok(Answer::LedgerSeen(self.identity.seal(&Seen { head, unbroken, at: tasks::now() })))
    }

    /// Names the record by the events that the site told us: the first that it cannot prove any more.
    async fn located(&self, mut finding: Finding, head: &Head) -> Finding {
        let (audit, site) = (self.audit.clone(), finding.site);
        let told = self.tasks.spawn_blocking("ledger", move || audit.told_by(&site)).await;
        let Ok(Ok(told)) = told else { return finding };
        let known: Vec<_> = told.into_iter().filter(|told| told.place <= finding.last).collect();
        for some in known.chunks(PLACES_MAX) {
            let places: Vec<u64> = some.iter().map(|told| told.place).filter(|place| *place < head.size).collect();
            let proofs = if places.is_empty() {
                Vec::new()
            } else {
                let asked = Request::LedgerProve { size: head.size, places, old: None };
                match self.ask(site, &asked).await {
                    Some(Answer::LedgerProofs(proofs)) => proofs,
                    _ => return finding,
                }
            };
            let mut proofs = proofs.into_iter();
            for told in some {
                let proof = if told.place < head.size { proofs.next() } else { None };
                let is_there = proof
                    .is_some_and(|proof| tree::is_included(&told.leaf, told.place, (head.size, &head.root), &proof));
                if is_there {
                    finding.first = finding.first.max(told.place.saturating_add(1)).min(finding.last);
                    continue;
                }
                finding.number = Some(told.number);
                if told.place < head.size {
                    (finding.wrong, finding.last) = (Wrong::Forked, told.place);
                } else {
                    finding.first = finding.first.max(head.size).min(finding.last);
                }
                return finding;
            }
        }
        finding
    }

    /// Proofs from our own log.
    pub(super) async fn prove(&self, size: u64, places: Vec<u64>, old: Option<u64>) -> Result<Answer, Refusal> {
        if places.len() > PLACES_MAX {
            return Err(Refusal::Malformed);
        }
        if size > self.audit.head(self.identity.site()).size {
            return Err(Refusal::NotHeld);
        }
        let audit = self.audit.clone();
        let proving = move || {
            let mut proofs = Vec::with_capacity(places.len() + 1);
            for place in places {
                proofs.push(audit.inclusion(place, size)?);
            }
            if let Some(old) = old {
                proofs.push(audit.consistency(old, size)?);
            }
            Ok::<_, crate::journal::JournalError>(proofs)
        };
        match self.tasks.spawn_blocking("ledger", proving).await {
            Ok(Ok(proofs)) => Ok(Answer::LedgerProofs(proofs)),
            _ => Err(Refusal::Internal),
        }
    }

    /// Heads that we hold of sites that the asker knows as well.
    pub(super) fn heads_of(&self, asker: &SiteId, aliases: &[Hash]) -> Result<Answer, Refusal> {
        if aliases.len() > OTHERS_MAX {
            return Err(Refusal::Malformed);
        }
        let known = self.audit.all_held().into_iter().filter(|held| held.head.site != *asker);
        let heads = known.filter(|held| aliases.contains(&ledger::alias(&held.head.site))).map(|held| held.signed);
        Ok(Answer::LedgerHeads(heads.collect()))
    }
}
