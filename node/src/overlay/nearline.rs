//! Which studies are not at hand at once where they lie: in the holder's cold tier, or in the PACS beside it.
//!
//! It is no part of the card: a card is signed and vouches for what a study is, and where its bytes lie changes without
//! that. A peer asks about the studies of each page it pulled, and after its own start once about all; the holder puts a
//! study into the feed anew when it moves. A holder that does not know the question answers that it is malformed, and is
//! not asked again before its feed begins anew.
//!
//! # At a crash
//! Nothing of it is kept; it is asked anew.
//!
//! # Not here
//! Bringing a study back: whoever reads it does, at its holder.

use super::{Inner, OverlayEvent, converse::is_lost};
use crate::archive::{ArchiveError, Tier};
use protocol::{
    Refusal, SiteId, Uid,
    catalog::Nearline,
    limits::WHERE_MAX,
    message::{Answer, Request},
};
use std::sync::Arc;

impl Inner {
    /// Of studies that a peer was told, those that are not at hand at once.
    pub(super) async fn where_they_lie(self: &Arc<Self>, peer: SiteId, studies: Vec<Uid>) -> Answer {
        if studies.len() > WHERE_MAX {
            return Answer::Refused(Refusal::Malformed);
        }
        let inner = self.clone();
        let looking = self.tasks.spawn_blocking("nearline", move || inner.nearline_of(&peer, &studies));
        match looking.await {
            Ok(Ok(found)) => Answer::Nearline(found),
            Ok(Err(why)) => {
                tracing::error!(%why, "where studies lie");
                Answer::Refused(Refusal::Internal)
            }
            Err(_) => Answer::Refused(Refusal::Busy(1000)),
        }
    }

    fn nearline_of(&self, peer: &SiteId, studies: &[Uid]) -> Result<Vec<Nearline>, ArchiveError> {
        let mut found = Vec::new();
        for study in studies {
            let Some(row) = self.known().study(study)? else { continue };
            // What it is not told of, it learns nothing of.
            if self.trust.may_tell(peer, &self.archive.facts(&row)?).is_none() {
                continue;
            }
            let is_held = self.archive.study(study)?.is_some();
            let recall_s = match self.archive.tier(study)? {
                Tier::Hot if is_held => continue,
                Tier::Cold => self.archive.recall_s(row.bytes),
                Tier::Hot | Tier::Unreachable => None,
            };
            let recall_s = recall_s.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX));
            found.push(Nearline { study: study.clone(), recall_s });
        }
        Ok(found)
    }

    /// Asks a peer where the studies lie that it just told, and once after our start where all do. Whether it was heard.
    pub(super) async fn ask_where(self: &Arc<Self>, peer: SiteId, told: &[Uid]) -> bool {
        let (all, is_first) = self.directory.to_ask_where(&peer, told);
        for some in all.chunks(WHERE_MAX) {
            let changed = match self.ask(peer, &Request::Where(some.to_vec())).await {
                Some(Answer::Nearline(found)) => self.directory.lie(&peer, some, found),
                answer if is_lost(answer.as_ref()) => {
                    // Its page is taken and does not come again: those studies are asked about with all others.
                    self.directory.was_asked_where(&peer, false);
                    return false;
                }
                _ => {
                    self.directory.is_not_asked_where(&peer);
                    return true;
                }
            };
            for study in changed {
                self.tell(OverlayEvent::Directory { holder: peer, study });
            }
        }
        if is_first {
            self.directory.was_asked_where(&peer, true);
        }
        true
    }
}
