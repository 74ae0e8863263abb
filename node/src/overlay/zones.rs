//! In which time zone the dates and times of peers' studies are.
//!
//! DICOM's dates and times are those of the wall clock where a study was made. A site says which clock that is
//! (`site.time_zone`); an object may say it for itself (0008,0201). Neither is part of the card, whose shape sites of before
//! read: a peer asks with each page that it pulls, so after each greeting too. A holder that does not know the question
//! answers that it is malformed, and is not asked again before its feed begins anew.
//!
//! # At a crash
//! What was told is kept with the cards. What was asked and not heard is asked of all studies again.
//!
//! # Not here
//! How far a zone is ahead of UTC on a day, and what is shown: `studies`.

use super::{Inner, OverlayEvent, converse::is_lost};
use crate::{archive::ArchiveError, trust::TrustError};
use protocol::{
    Refusal, SiteId, Uid,
    catalog::Zones,
    limits::WHERE_MAX,
    message::{Answer, Request},
};
use std::sync::Arc;

impl Inner {
    /// Our zone, and of studies that a peer was told, what their objects say.
    pub(super) async fn zones(self: &Arc<Self>, peer: SiteId, studies: Vec<Uid>) -> Result<Answer, TrustError> {
        self.trust.require_open()?;
        if studies.len() > WHERE_MAX {
            return Err(Refusal::Malformed.into());
        }
        let inner = self.clone();
        Ok(match self.tasks.spawn_blocking("zones", move || inner.offsets_of(&peer, &studies)).await {
            Ok(Ok(offsets)) => Answer::Zones(Zones { site: self.config.site.time_zone.clone(), offsets }),
            Ok(Err(why)) => {
                tracing::error!(%why, "in which zones studies are");
                Answer::Refused(Refusal::Internal)
            }
            Err(_) => Answer::Refused(Refusal::Busy(1000)),
        })
    }

    fn offsets_of(&self, peer: &SiteId, studies: &[Uid]) -> Result<Vec<(Uid, i16)>, ArchiveError> {
        let mut offsets = Vec::new();
        for study in studies {
            let Some(row) = self.known().study(study)? else { continue };
            // What it is not told of, it learns nothing of.
            if let Some(offset) = row.utc_offset_min
                && self.trust.may_tell(peer, &self.archive.facts(&row)?).is_some()
            {
                offsets.push((study.clone(), offset));
            }
        }
        Ok(offsets)
    }

    /// Asks a peer in which time zone the studies are that it just told. Whether it was heard.
    pub(super) async fn ask_zones(self: &Arc<Self>, peer: SiteId, told: &[Uid]) -> bool {
        let Some(all) = self.directory.to_ask_zones(&peer, told) else { return true };
        let mut parts: Vec<&[Uid]> = all.chunks(WHERE_MAX).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for some in parts {
            let changed = match self.ask(peer, &Request::Zones(some.to_vec())).await {
                Some(Answer::Zones(zones)) if zones.is_sound() => self.directory.date(&peer, some, zones),
                answer if is_lost(answer.as_ref()) => {
                    self.directory.were_zones_told(&peer, Some(false));
                    return false;
                }
                _ => {
                    self.directory.were_zones_told(&peer, None);
                    return true;
                }
            };
            for study in changed {
                self.tell(OverlayEvent::Directory { holder: peer, study });
            }
        }
        self.directory.were_zones_told(&peer, Some(true));
        true
    }
}
