//! Studies of ours that came after the backup this node was restored from: taken back from a peer that copied them.
//!
//! The peer gives back the newest card that we signed ourselves, by that the manifest, by that every object: nothing is
//! believed of the peer. It could keep back a newer card, under which images were rejected; so an administrator asks for
//! it, study by study or for all that peers told of. Objects come in by the one way in and are what they were, to the
//! byte of the data set; the study is told to peers again under a version above any before.
//!
//! # At a crash
//! What was taken in is here; the rest is asked for again.
//!
//! # Not here
//! Which studies peers know: `overlay::relearn`. Giving back: `transfer::give_back`.

use super::{Shared, Studies, StudyError};
use crate::{
    archive::{Form, Source},
    audit::{Act, Actor, Event},
    backup::Forgotten,
    transfer::{Lost, Recovery, Right, TransferError},
};
use protocol::{Refusal, manifest::InstanceEntry};

/// What came of a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TakenBack {
    /// Here now, of those it had.
    pub(crate) here: u32,
    pub(crate) of: u32,
}

impl Studies {
    /// Takes back what a peer has of a study of ours.
    ///
    /// # Errors
    /// [`StudyError::NotFound`] where the peer has no card that we signed, or no manifest of it; when it cannot be reached.
    pub(crate) async fn take_back(&self, known: &Forgotten, actor: &Actor) -> Result<TakenBack, StudyError> {
        self.shared.take_back(known, actor).await
    }
}

impl Shared {
    async fn take_back(&self, known: &Forgotten, actor: &Actor) -> Result<TakenBack, StudyError> {
        let card = self.overlay.card_back(&known.site, &known.study).await.ok_or(StudyError::NotFound)?;
        let manifest = self.transfer.manifest_back(&known.site, &card).await?;
        let event = Event::new(Act::StudyFetched, actor.clone()).peer(known.site).study(&known.study);
        let note = "ours, given back by a peer that copied it: it came after the backup";
        self.audit.record(event.note(note)).await.map_err(StudyError::internal)?;
        let mut taken = TakenBack::default();
        for entry in manifest.series.iter().flat_map(|series| &series.instances) {
            taken.of = taken.of.saturating_add(1);
            let held = self.archive.by_digest(&known.study, &entry.digest).map_err(StudyError::internal)?;
            if held.is_some() || self.instance_back(known, entry, actor).await? {
                taken.here = taken.here.saturating_add(1);
            }
        }
        Ok(taken)
    }

    /// Whether the peer had it whole, and it was taken in.
    async fn instance_back(&self, known: &Forgotten, entry: &InstanceEntry, actor: &Actor) -> Result<bool, StudyError> {
        let lost = Lost { study: known.study.clone(), digest: entry.digest, bytes: entry.bytes };
        let mut recovery = Recovery::new(known.site, Right::Owner, lost);
        let mut spool = None;
        loop {
            match self.transfer.recover(&mut recovery).await {
                Ok(Some(piece)) => {
                    if spool.is_none() {
                        spool = Some(self.archive.spool(form(entry)).await.map_err(StudyError::internal)?);
                    }
                    if let Some(spool) = &mut spool {
                        spool.write(piece).await.map_err(StudyError::internal)?;
                    }
                }
                Ok(None) => break,
                // Not copied, or not whole.
                Err(TransferError::Refused(Refusal::NotHeld)) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        let Some(spool) = spool else { return Ok(false) };
        let source = Source { actor: actor.clone() };
        self.archive.ingest_of(&known.study, spool, &source).await.map_err(StudyError::internal)?;
        Ok(true)
    }
}

fn form(entry: &InstanceEntry) -> Form {
    Form::DataSet {
        transfer_syntax: entry.transfer_syntax.clone(),
        sop_class: entry.sop_class.clone(),
        sop_instance: entry.instance.clone(),
        source: None,
    }
}
