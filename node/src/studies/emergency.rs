//! Opposition and masking, and breaking the glass: what both ask of several parts at once.
//!
//! # At a crash
//! What is recorded is in force from the next start on; what was cut does not run then.
//!
//! # Not here
//! The records: `archive` and `trust`. Who may: the doors.

use super::{Studies, StudyError};
use crate::{
    archive::{Of, WithholdError, WithholdRecord, Withholding},
    audit::{Act, Actor, Event, Outcome},
    overlay::OverlayError,
    trust::{GlassUse, Person, TrustError},
};
use protocol::{
    SiteId,
    glass::{Reason, Whom},
};

/// What a person says who breaks the glass.
#[derive(Debug)]
pub(crate) struct Emergency {
    pub(crate) holder: SiteId,
    pub(crate) reason: Reason,
    pub(crate) text: String,
    pub(crate) patient: Whom,
    /// The person's number in the national register; empty: none.
    pub(crate) rpps: String,
}

impl Studies {
    /// Holds back a study, or all of a patient: in force, and what runs is cut, when this returns.
    ///
    /// # Errors
    /// See [`WithholdError`].
    pub(crate) async fn withhold(&self, asked: Withholding, actor: Actor) -> Result<WithholdRecord, WithholdError> {
        let record = self.shared.archive.withhold(asked, actor).await?;
        self.withheld_changed(&record.of).await?;
        Ok(record)
    }

    /// Takes it back.
    ///
    /// # Errors
    /// See [`WithholdError`].
    pub(crate) async fn release(&self, id: u64, note: &str, actor: Actor) -> Result<WithholdRecord, WithholdError> {
        let record = self.shared.archive.release(id, note, actor).await?;
        self.withheld_changed(&record.of).await?;
        Ok(record)
    }

    async fn withheld_changed(&self, of: &Of) -> Result<(), WithholdError> {
        let (shared, of) = (self.shared.clone(), of.clone());
        let looked = self.shared.tasks.spawn_blocking("withheld", move || {
            for study in shared.archive.meant(&of)? {
                if let Some(row) = shared.archive.study(&study)? {
                    shared.trust.facts_changed(&shared.archive.facts(&row)?);
                }
            }
            Ok::<_, crate::archive::ArchiveError>(())
        });
        looked.await.map_err(std::io::Error::other).map_err(crate::archive::ArchiveError::from)??;
        self.kept.forget_own();
        self.shared.overlay.look_again();
        Ok(())
    }

    /// Breaks the glass at a peer. What it answers is written down, also that it answered nothing.
    ///
    /// # Errors
    /// [`StudyError::Refused`] as the peer or the agreement has it; [`StudyError::Unreachable`].
    pub(crate) async fn break_glass(&self, person: &Person, asked: Emergency) -> Result<GlassUse, StudyError> {
        let Emergency { holder, reason, text, patient, rpps } = asked;
        let shared = &self.shared;
        let event = Event::new(Act::GlassBroken, person.actor()).peer(holder).note(reason.word());
        let signed = match shared.trust.glass_request(holder, (person, rpps), (reason, text), &patient) {
            Ok(signed) => signed,
            Err(refusal) => {
                let refused = event.outcome(Outcome::Refused(refusal));
                shared.audit.record(refused).await.map_err(StudyError::internal)?;
                return Err(refusal.into());
            }
        };
        let us = signed.claimed_signer();
        let event = match signed.open(&us) {
            Ok(request) => event.basis(request.id),
            Err(_) => event,
        };
        let answer = shared.overlay.ask_glass(holder, signed.clone(), patient).await;
        let (outcome, grants) = match answer {
            Ok(grants) => (Outcome::Done, Ok(grants)),
            Err(OverlayError::Trust(TrustError::Refused(refusal))) => {
                (Outcome::Refused(refusal), Err(StudyError::Refused(refusal)))
            }
            Err(OverlayError::Unreachable) => (Outcome::Failed, Err(StudyError::Unreachable { retry_s: 10 })),
            Err(fault) => (Outcome::Failed, Err(StudyError::internal(fault))),
        };
        let said = match &grants {
            Ok(grants) => event.clone().note(format!("{}, studies: {}", reason.word(), grants.len())),
            Err(_) => event.clone(),
        };
        // The evidence first: nothing is open here before.
        shared.audit.record(said.outcome(outcome)).await.map_err(StudyError::internal)?;
        match shared.overlay.keep_glass(holder, signed, grants?).await {
            Ok(used) => Ok(used),
            Err(fault) => {
                shared.audit.record(event.outcome(Outcome::Failed)).await.map_err(StudyError::internal)?;
                Err(StudyError::internal(fault))
            }
        }
    }
}
