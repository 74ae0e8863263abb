//! How sure a holder is of whose its studies are, and by which national number it knows the patient.
//!
//! Neither is part of the card, whose shape sites of before read: a peer asks with each page that it pulls. What is told is
//! what the site says of itself (`site.national_identity`) and of studies whose objects bear a national number; of all others
//! nothing is told, which is "not known". The number itself leaves only of a qualified identity, and only where the
//! agreement tells Patient IDs. A holder that does not know the question answers that it is malformed, and is not asked again before
//! its feed begins anew.
//!
//! # At a crash
//! What was told is kept with the cards. What was asked and not heard is asked of all studies again.
//!
//! # Not here
//! What follows from it: `protocol::identity`, `studies`.

use super::{Inner, converse::is_lost};
use crate::{archive::ArchiveError, trust::TrustError};
use protocol::{
    Refusal, SiteId, Uid,
    agreement::Field,
    catalog::Identified,
    identity::Standing,
    limits::WHERE_MAX,
    message::{Answer, Request},
};
use std::sync::Arc;

impl Inner {
    /// How sure we are of whose those studies are that a peer was told.
    pub(super) async fn identified(self: &Arc<Self>, peer: SiteId, studies: Vec<Uid>) -> Result<Answer, TrustError> {
        self.trust.require_open()?;
        if studies.len() > WHERE_MAX {
            return Err(Refusal::Malformed.into());
        }
        let Some(standing) = self.config.site.national_identity else { return Ok(Answer::Identified(Vec::new())) };
        let inner = self.clone();
        let looking =
            self.tasks.spawn_blocking("identified", move || inner.identified_of(&peer, &studies, standing)).await;
        Ok(match looking {
            Ok(Ok(told)) => Answer::Identified(told),
            Ok(Err(why)) => {
                tracing::error!(%why, "how sure it is whose studies are");
                Answer::Refused(Refusal::Internal)
            }
            Err(_) => Answer::Refused(Refusal::Busy(1000)),
        })
    }

    fn identified_of(
        &self,
        peer: &SiteId,
        studies: &[Uid],
        standing: Standing,
    ) -> Result<Vec<Identified>, ArchiveError> {
        let mut told = Vec::new();
        for study in studies {
            let Some(row) = self.known().study(study)? else { continue };
            let Some(national) = row.national() else { continue };
            // What it is not told of, it learns nothing of.
            let Some((_, fields)) = self.trust.may_tell(peer, &self.archive.facts(&row)?) else { continue };
            if fields.contains(&Field::PatientId) {
                let national = Some(national).filter(|_| standing == Standing::Qualified);
                told.push(Identified { study: study.clone(), version: row.version, standing, national });
            }
        }
        Ok(told)
    }

    /// Asks a peer how sure it is of whose those studies are that it just told. Whether it was heard.
    pub(super) async fn ask_identified(self: &Arc<Self>, peer: SiteId, told: &[Uid]) -> bool {
        let Some(all) = self.directory.to_ask_identified(&peer, told) else { return true };
        for some in all.chunks(WHERE_MAX) {
            match self.ask(peer, &Request::Identified(some.to_vec())).await {
                Some(Answer::Identified(told)) if told.iter().all(Identified::is_sound) => {
                    self.directory.identify(&peer, some, told);
                }
                answer if is_lost(answer.as_ref()) => {
                    self.directory.were_identified(&peer, Some(false));
                    return false;
                }
                _ => {
                    self.directory.were_identified(&peer, None);
                    return true;
                }
            }
        }
        self.directory.were_identified(&peer, Some(true));
        true
    }
}
