//! Instance availability notification as user (PS3.4 Annex R): AEs of which an admin says so hear of each study of ours
//! when it is complete, and again when it has grown.
//!
//! A help to workstations, not a promise: an AE that cannot be reached is tried once more and then left; it finds the
//! study by asking. Few are told at once.
//!
//! # At a crash
//! What was not told yet is not told.

use super::{
    Calling, Destination, DimseError, DimseParts,
    association::Incoming,
    identifier,
    link::Patience,
    message::{Command, N_CREATE_RSP},
    negotiate::{EXPLICIT_LE, IMPLICIT_LE},
    pdu::Abort,
};
use crate::{
    archive::{ArchiveError, ArchiveEvent, Tier},
    audit::{Act, Actor, Event, Outcome},
    tasks,
    users::KnownAe,
};
use bytes::{Bytes, BytesMut};
use dicom_dictionary_std::tags;
use protocol::{AeTitle, Uid};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast::error::RecvError};

const NOTIFICATION: &str = "1.2.840.10008.5.1.4.33";
/// Told at once; more wait.
const TOLD_MAX: usize = 8;

/// What tells.
#[derive(Debug)]
pub(super) struct Notifier {
    pub(super) title: AeTitle,
    pub(super) calling: Option<Calling>,
    pub(super) patience: Patience,
    pub(super) parts: DimseParts,
}

impl Notifier {
    /// Tells of studies as they become complete, until the node stops.
    pub(super) async fn run(self) {
        let notifier = Arc::new(self);
        let tasks = notifier.parts.tasks.clone();
        let places = Arc::new(Semaphore::new(TOLD_MAX));
        let mut events = notifier.parts.archive.events();
        loop {
            let event = tokio::select! {
                () = tasks.stopping() => return,
                event = events.recv() => event,
            };
            let study = match event {
                Ok(ArchiveEvent::Settled(study)) => study,
                Ok(
                    ArchiveEvent::Growing(_)
                    | ArchiveEvent::Amended(..)
                    | ArchiveEvent::Conflicts
                    | ArchiveEvent::Rotten,
                ) => continue,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "news of studies came faster than they could be told to AEs");
                    continue;
                }
                Err(RecvError::Closed) => return,
            };
            for ae in notifier.parts.users.aes().into_iter().filter(|ae| ae.rights.notify) {
                let place = tokio::select! {
                    () = tasks.stopping() => return,
                    place = places.clone().acquire_owned() => place,
                };
                let Ok(place) = place else { return };
                tasks.spawn("availability notification", notifier.clone().tell(ae, study.clone(), place));
            }
        }
    }

    async fn tell(self: Arc<Self>, ae: KnownAe, study: Uid, _place: OwnedSemaphorePermit) {
        let tasks = self.parts.tasks.clone();
        let told = async {
            for attempt in 0..2 {
                match self.tell_once(&ae, &study).await {
                    Ok(()) => return,
                    Err(error) => {
                        tracing::warn!(%error, ae = %ae.title, attempt, "an AE is not told of a study");
                        self.write_untold(&ae, &study).await;
                    }
                }
                tokio::time::sleep(self.patience.retry).await;
            }
        };
        tokio::select! {
            () = tasks.stopping() => {}
            () = told => {}
        }
    }

    async fn write_untold(&self, ae: &KnownAe, study: &Uid) {
        let event = Event::new(Act::StudyExported, Actor::ae(ae.title.as_str())).study(study);
        let event = event.outcome(Outcome::Failed).note("availability notification, not taken");
        if let Err(error) = self.parts.audit.record(event).await {
            tracing::error!(%error, "a notification that was not taken cannot be logged");
        }
    }

    async fn tell_once(&self, ae: &KnownAe, study: &Uid) -> Result<(), DimseError> {
        let to = Destination::of(ae.clone(), self.calling.as_ref());
        let to = to.ok_or(DimseError::Refused("this AE is called by TLS, which is not set up here"))?;
        let uid = |text: &str| Uid::parse(text).map_err(|_| DimseError::Refused("not a UID"));
        let pairs = [(uid(NOTIFICATION)?, uid(IMPLICIT_LE)?), (uid(NOTIFICATION)?, uid(EXPLICIT_LE)?)];
        let mut there = super::connect(&to, &self.title, &pairs, self.patience).await?;
        let Some(context) = there.context_for(NOTIFICATION, None).cloned() else {
            there.abort(Abort::USER).await;
            return Err(DimseError::Refused("the peer takes no availability notifications"));
        };
        let data = self.notification(study, context.transfer_syntax.as_str() == EXPLICIT_LE).map_err(|error| {
            tracing::error!(%error, "a study cannot be looked up");
            DimseError::Refused("the study cannot be looked up")
        })?;
        let event = Event::new(Act::StudyExported, Actor::ae(ae.title.as_str()))
            .study(study)
            .note("availability notification, no images");
        if let Err(error) = self.parts.audit.record(event).await {
            tracing::error!(%error, "an AE is not told of a study: it cannot be logged");
            return Err(DimseError::Refused("it cannot be logged"));
        }
        let instance = format!("2.25.{}", u128::from_be_bytes(tasks::random_id().0));
        there.send_with(context.id, &Command::create_request(1, NOTIFICATION, &instance), data).await?;
        let is_taken = match there.next_within(self.patience.unit).await? {
            Incoming::Command(_, answer) => answer.field() == Some(N_CREATE_RSP) && answer.status() == Some(0),
            Incoming::ReleaseAsked => false,
        };
        if !is_taken {
            there.abort(Abort::USER).await;
            return Err(DimseError::Refused("the peer did not take the availability notification"));
        }
        if let Err(error) = there.release().await {
            tracing::debug!(%error, "the association was not released in order");
        }
        Ok(())
    }

    /// The data set (PS3.4 table R.3.2-1): every instance of the study that is held here, each with where its own bytes are.
    fn notification(&self, study: &Uid, explicit: bool) -> Result<Bytes, ArchiveError> {
        let archive = &self.parts.archive;
        let mut all = Vec::new();
        for row in archive.series(study)? {
            let instances = archive.instances(study, &row.series)?;
            let tiers =
                instances.iter().map(|instance| archive.instance_tier(instance)).collect::<Result<Vec<_>, _>>()?;
            let items = instances.iter().zip(tiers).map(|(instance, tier)| {
                let mut item = BytesMut::new();
                identifier::put(&mut item, tags::RETRIEVE_AE_TITLE, self.title.as_str().as_bytes(), explicit);
                identifier::put(&mut item, tags::INSTANCE_AVAILABILITY, word(tier), explicit);
                let (class, uid) = (instance.entry.sop_class.as_str(), instance.entry.instance.as_str());
                identifier::put(&mut item, tags::REFERENCED_SOP_CLASS_UID, class.as_bytes(), explicit);
                identifier::put(&mut item, tags::REFERENCED_SOP_INSTANCE_UID, uid.as_bytes(), explicit);
                item
            });
            let mut series = BytesMut::new();
            identifier::put_items(&mut series, tags::REFERENCED_SOP_SEQUENCE, items, explicit);
            identifier::put(&mut series, tags::SERIES_INSTANCE_UID, row.series.as_str().as_bytes(), explicit);
            all.push(series);
        }
        let mut out = BytesMut::new();
        let none = std::iter::empty();
        identifier::put_items(&mut out, tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, none, explicit);
        identifier::put_items(&mut out, tags::REFERENCED_SERIES_SEQUENCE, all.into_iter(), explicit);
        identifier::put(&mut out, tags::STUDY_INSTANCE_UID, study.as_str().as_bytes(), explicit);
        Ok(out.freeze())
    }
}

/// Instance Availability (0008,0056) of what lies there (PS3.3 C.4.23).
const fn word(tier: Option<Tier>) -> &'static [u8] {
    match tier {
        Some(Tier::Hot) => b"ONLINE",
        Some(Tier::Cold) => b"NEARLINE",
        Some(Tier::Unreachable) => b"OFFLINE",
        None => b"UNAVAILABLE",
    }
}
