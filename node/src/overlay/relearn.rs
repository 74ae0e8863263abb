//! A restored site asks every peer what it forgot; and a peer answers.
//!
//! It is asked on the first greeting with each peer, before anything else is said. What the peer knows of agreements and
//! grants goes to `trust`; versions of our cards go on above the highest it has; studies of ours that it knows and we do
//! not are listed for people. A peer that answers keeps what it has of the restored site's studies for
//! [`SPARED_FOR`], though the feed that begins anew does not tell them again: it may have the only copy.
//!
//! # At a crash
//! Who was asked is not kept: all are asked again.
//!
//! # Not here
//! Opening to peers again: `site`, when all have answered, or an administrator. A ledger's heads would be compared in
//! [`Inner::relearn`], beside `head`.

use super::{Inner, OverlayEvent, converse::is_lost};
use crate::{
    audit::{Act, Actor, Event},
    backup::Forgotten,
    tasks,
};
use protocol::{
    Refusal, SiteId, Uid,
    manifest::StudyCard,
    message::{Answer, Request},
    relearn::{KnownStudy, STUDIES_MAX},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long what a restored peer does not tell again is kept.
pub(super) const SPARED_FOR: Duration = Duration::from_secs(7 * 86_400);
/// Studies listed as known elsewhere: people look at the first, and restore a newer backup for more.
const FORGOTTEN_MAX: usize = 10_000;

/// Who has told what it knows, and which studies.
#[derive(Debug, Default)]
pub(super) struct Relearning(Mutex<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    from: BTreeSet<SiteId>,
    forgotten: Vec<Forgotten>,
}

impl Relearning {
    fn lock(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has(&self, peer: &SiteId) -> bool {
        self.lock().from.contains(peer)
    }

    pub(super) fn forgotten(&self) -> Vec<Forgotten> {
        self.lock().forgotten.clone()
    }
}

impl super::Overlay {
    /// The newest card that we signed of a study of ours, as a peer kept it; believed by our own signature alone.
    pub(crate) async fn card_back(&self, peer: &SiteId, study: &Uid) -> Option<StudyCard> {
        let us = self.inner.identity.site();
        let Some(Answer::Card(card)) = self.inner.ask(*peer, &Request::CardBack { study: study.clone() }).await else {
            return None;
        };
        card.open(&us).ok().filter(|card| card.custodian == us && card.study == *study)
    }
}

impl Inner {
    /// Asks a peer for all that it knows. Whether that is over: it has told, or does not know the question.
    pub(super) async fn relearn(self: &Arc<Self>, peer: SiteId) -> bool {
        let (mut after, mut head, mut learnt, mut forgotten) = (None, 0, 0, Vec::new());
        loop {
            let known = match self.ask(peer, &Request::Relearn { after: after.clone() }).await {
                Some(Answer::Known(known)) => known,
                Some(Answer::Refused(Refusal::NotPaired)) => return self.relearn_parting(peer).await,
                answer if is_lost(answer.as_ref()) => return false,
                answer => {
                    tracing::warn!(peer = %peer.short(), ?answer, "it does not tell what a restored node forgot");
                    return true;
                }
            };
            if after.is_none() {
                match self.trust.relearn(&peer, &known).await {
                    Ok(count) => learnt = count,
                    Err(why) => {
                        tracing::error!(%why, "what a peer knows could not be recorded; it is asked again");
                        return false;
                    }
                }
            }
            head = head.max(known.head);
            let last = known.studies.last().map(|known| known.study.clone());
            forgotten.extend(known.studies.into_iter().filter_map(|known| self.forgotten(peer, known)));
            forgotten.truncate(FORGOTTEN_MAX);
            match last {
                // Each page goes further, or the peer would be asked for ever.
                Some(last) if known.more && after.as_ref().is_none_or(|after| last > *after) => after = Some(last),
                _ => break,
            }
        }
        if let Err(error) = self.archive.raise_floor(head).await {
            tracing::error!(%error, "versions do not go on above what a peer has; it is asked again");
            return false;
        }
        if !self.relearn_copies(peer).await {
            return false;
        }
        let note = format!("{learnt} agreements and grants, {} studies not held here", forgotten.len());
        self.record(Event::new(Act::PeerRelearned, Actor::default()).peer(peer).note(note)).await;
        self.have_learnt(peer, forgotten);
        true
    }

    pub(super) async fn relearn_parting(self: &Arc<Self>, peer: SiteId) -> bool {
        if let Err(why) = self.trust.relearn_parting(&peer).await {
            tracing::error!(%why, "that a peer parted could not be recorded; it is asked again");
            return false;
        }
        self.record(Event::new(Act::PeerRevoked, Actor { site: Some(peer), ..Actor::default() }).peer(peer)).await;
        self.have_learnt(peer, Vec::new());
        true
    }

    fn have_learnt(&self, peer: SiteId, forgotten: Vec<Forgotten>) {
        {
            let mut learnt = self.relearning.lock();
            learnt.from.insert(peer);
            learnt.forgotten.extend(forgotten);
            learnt.forgotten.truncate(FORGOTTEN_MAX);
        }
        self.tell(OverlayEvent::Contact(peer));
    }

    fn forgotten(&self, site: SiteId, known: KnownStudy) -> Option<Forgotten> {
        let held = self.archive.study(&known.study).ok().flatten();
        let is_here = held.is_some_and(|row| row.version >= known.version);
        let KnownStudy { study, version, instances, copied } = known;
        (!is_here).then_some(Forgotten { study, site, version, instances, copied })
    }

    /// What we know of a peer that was restored.
    pub(super) fn known_of(&self, peer: SiteId, after: Option<&Uid>) -> Answer {
        let mut known = self.trust.known_of(&peer);
        let (head, studies, more) = self.directory.known_of(&peer, after, STUDIES_MAX);
        self.directory.spare(&peer, tasks::now().after(SPARED_FOR));
        let copied = |study: &Uid| u32::try_from(self.cache.kept(&peer, study).objects).unwrap_or(u32::MAX);
        known.studies = studies
            .into_iter()
            .map(|(study, version, instances)| {
                let copied = copied(&study);
                KnownStudy { study, version, instances, copied }
            })
            .collect();
        (known.head, known.more) = (head, more);
        Answer::Known(Box::new(known))
    }
}
