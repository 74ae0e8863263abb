//! Retrieves one study and compares what came with what the source lists.
//!
//! What is here already is not asked for again, unless it is to be compared. What did not come at once is asked for once
//! more, piece by piece. Whatever the source does, nothing of another study is taken.

use super::{
    Access, Answer, Inner, Level, Outcome, RetrieveBy, Secret, Source, SourceError,
    ask::ListedSeries,
    sink::{Refusals, Sink, Throttle},
    web,
};
use crate::{
    archive::{self, StudyRow},
    audit::{Act, Actor, Event},
};
use dicom_dictionary_std::tags;
use protocol::Uid;
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Instances named in one request.
const NAMED_MAX: usize = 50;

/// How to retrieve.
#[derive(Clone, Copy, Debug)]
pub(super) struct How<'a> {
    pub(super) actor: &'a Actor,
    /// Why, for the log.
    pub(super) purpose: &'static str,
    /// Also what is here already.
    pub(super) compare: bool,
    pub(super) throttle: Option<&'a Throttle>,
    /// How many instances the source lists, once that is known.
    pub(super) listed: Option<&'a AtomicU32>,
}

impl Inner {
    /// Retrieves what is not here of a study. Writes its evidence before it asks.
    ///
    /// # Errors
    /// Where nothing can be said of the study: the source is away, or the node stops. What else goes wrong is in the
    /// outcome.
    pub(super) async fn fetch(
        self: &Arc<Self>,
        source: &Source,
        told: &StudyRow,
        how: How<'_>,
    ) -> Result<Outcome, SourceError> {
        let study = &told.study;
        let note = format!("{} from source {}", how.purpose, source.name);
        self.audit.record(Event::new(Act::StudyRecalled, how.actor.clone()).study(study).note(note)).await?;
        let listed = self.contents(source, study).await?;
        let said: Vec<&Uid> = listed.iter().flat_map(|s| s.instances.iter().map(|(uid, _)| uid)).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        if let Some(shared) = how.listed {
            shared.store(number(said.len()), Ordering::Relaxed);
        }
        let before = self.held(study).await?;
        let had = said.iter().filter(|uid| before.contains(**uid)).count();
        let (bytes, refusals, fault) = self.bring(source, study, &listed, &before, how).await?;
        let now = self.held(study).await?;
        let got = said.iter().filter(|uid| now.contains(**uid) && !before.contains(**uid)).count();
        if got > 0 {
            self.archive.settle_now(study);
        }
        let is_known = |uid: &Uid| refusals.refused.contains_key(uid) || refusals.conflicts.contains(uid);
        let missing = said.iter().filter(|uid| !now.contains(**uid) && !is_known(uid)).map(|uid| (*uid).clone());
        let missing: Vec<Uid> = missing.collect();
        let announced = Some(told.instances).filter(|count| *count > 0 && *count != number(said.len()));
        let error = match fault {
            // All is here: how the source ended its answers does not matter.
            Some(error) if !missing.is_empty() || said.is_empty() => Some(error.to_string()),
            _ if said.is_empty() => Some("the source lists no instance of it".to_owned()),
            _ => None,
        };
        let outcome = Outcome {
            study: study.clone(),
            date: told.date.clone(),
            series: number(listed.len()),
            said: number(said.len()),
            announced,
            had: number(had),
            got: number(got),
            bytes,
            missing,
            refused: refusals.refused.into_iter().collect(),
            conflicts: refusals.conflicts,
            patient_differs: self.is_other_patient(told)?,
            error,
            at: crate::tasks::now(),
        };
        let note = format!("{} from source {}: ended, {} missing", how.purpose, source.name, outcome.missing.len());
        let event = Event::new(Act::StudyRecalled, how.actor.clone()).study(study);
        self.audit.record(event.amount(u64::from(outcome.got), bytes).note(note)).await?;
        self.heed(source, &listed, how.actor).await;
        Ok(outcome)
    }

    /// Hears the rejection notes among what a source lists and is here, after all that came with them. Also those that
    /// were here: what a stop cut off is made up.
    async fn heed(&self, source: &Source, listed: &[ListedSeries], actor: &Actor) {
        let actor = Actor { person: super::brought_by(&source.name), ..actor.clone() };
        for (instance, class) in listed.iter().flat_map(|series| &series.instances) {
            if class.as_ref().is_some_and(|class| !archive::is_note_class(class)) {
                continue;
            }
            // What is not heard is not written down, and heard when the study is asked for again.
            if let Err(error) = self.archive.heed(instance, source.purposes.reject, actor.clone()).await {
                tracing::error!(%error, note = %instance, "a rejection note could not be heeded");
            }
        }
    }

    /// Asks for what is not here, as a whole where nothing is, then for what still lacks.
    async fn bring(
        self: &Arc<Self>,
        source: &Source,
        study: &Uid,
        listed: &[ListedSeries],
        before: &HashSet<Uid>,
        how: How<'_>,
    ) -> Result<(u64, Refusals, Option<SourceError>), SourceError> {
        let from = Actor { person: super::brought_by(&source.name), ..how.actor.clone() };
        let sink = Sink::new(&self.archive, study, from, how.throttle);
        let mut fault = None;
        let is_all = how.compare || listed.iter().all(|s| s.instances.iter().all(|(uid, _)| !before.contains(uid)));
        let is_listed = listed.iter().any(|s| !s.instances.is_empty());
        if is_all && is_listed {
            fault = self.retrieve(source, study, None, &classes(listed), &sink).await.err();
        }
        let is_over = |fault: &Option<SourceError>| {
            matches!(fault, Some(SourceError::Unreachable(_) | SourceError::Stopping | SourceError::Here(_)))
        };
        if !is_over(&fault) {
            let held = self.held(study).await?;
            for series in listed {
                let lacking: Vec<&(Uid, Option<Uid>)> =
                    series.instances.iter().filter(|(uid, _)| !held.contains(uid) && !sink.has_refused(uid)).collect();
                for some in lacking.chunks(NAMED_MAX) {
                    let named: Vec<Uid> = some.iter().map(|(uid, _)| uid.clone()).collect();
                    let classes: Vec<Uid> = some.iter().filter_map(|(_, class)| class.clone()).collect();
                    let part = Some((&series.series, named.as_slice()));
                    if let Err(error) = self.retrieve(source, study, part, &classes, &sink).await {
                        fault = Some(error);
                    }
                    if is_over(&fault) {
                        break;
                    }
                }
            }
        }
        let (bytes, refusals) = sink.end();
        match fault {
            // Said of the source, not of the study: nothing is known of what it lacks.
            Some(error @ (SourceError::Unreachable(_) | SourceError::Stopping | SourceError::Here(_))) => Err(error),
            fault => Ok((bytes, refusals, fault)),
        }
    }

    /// Has a study, or some instances of a series of it, sent.
    pub(super) async fn retrieve(
        &self,
        source: &Source,
        study: &Uid,
        part: Option<(&Uid, &[Uid])>,
        classes: &[Uid],
        sink: &Sink<'_>,
    ) -> Result<(), SourceError> {
        let retrieving = async {
            match &source.access {
                Access::Dimse(to) => {
                    let mut keys = Answer::from([(tags::STUDY_INSTANCE_UID, study.to_string())]);
                    let mut level = Level::Study;
                    if let Some((series, named)) = part {
                        let named: Vec<&str> = named.iter().map(Uid::as_str).collect();
                        keys.insert(tags::SERIES_INSTANCE_UID, series.to_string());
                        keys.insert(tags::SOP_INSTANCE_UID, named.join("\\"));
                        level = Level::Image;
                    }
                    let dimse = self.dimse()?;
                    match to.by {
                        RetrieveBy::Get => dimse.get(to, (level, &keys), classes, sink).await,
                        RetrieveBy::Move => dimse.move_here(to, (level, &keys)).await,
                    }
                }
                Access::Dicomweb(to) => {
                    let secret = Secret::read(&self.dir, &source.name);
                    let Some((series, named)) = part else {
                        return web::retrieve(to, secret.as_ref(), (study, None, None), sink).await;
                    };
                    let mut fault = None;
                    for instance in named {
                        let of = (study, Some(series), Some(instance));
                        match web::retrieve(to, secret.as_ref(), of, sink).await {
                            Ok(()) | Err(SourceError::NotThere) => {}
                            Err(error @ (SourceError::Unreachable(_) | SourceError::Here(_))) => return Err(error),
                            Err(error) => fault = Some(error),
                        }
                    }
                    fault.map_or(Ok(()), Err)
                }
            }
        };
        tokio::select! {
            retrieved = retrieving => retrieved,
            () = self.tasks.stopping() => Err(SourceError::Stopping),
        }
    }

    /// SOP Instance UIDs of a study that are here.
    async fn held(self: &Arc<Self>, study: &Uid) -> Result<HashSet<Uid>, SourceError> {
        let (inner, study) = (self.clone(), study.clone());
        let reading = self.tasks.spawn_blocking("source compare", move || {
            let mut held = HashSet::new();
            for series in inner.archive.series(&study)? {
                held.extend(inner.archive.instances(&study, &series.series)?.into_iter().map(|row| row.entry.instance));
            }
            Ok::<_, archive::ArchiveError>(held)
        });
        let read = reading.await.map_err(|_| SourceError::Stopping)?;
        read.map_err(|error| SourceError::Here(error.to_string()))
    }

    /// Whether what is here says another patient than the source does.
    fn is_other_patient(&self, told: &StudyRow) -> Result<bool, SourceError> {
        let row = self.archive.study(&told.study).map_err(|error| SourceError::Here(error.to_string()))?;
        let Some(row) = row else { return Ok(false) };
        let differs = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        Ok(row.patient_conflict || differs(&row.patient.id, &told.patient.id))
    }
}

fn classes(listed: &[ListedSeries]) -> Vec<Uid> {
    let mut all: Vec<Uid> =
        listed.iter().flat_map(|s| s.instances.iter().filter_map(|(_, class)| class.clone())).collect();
    all.sort();
    all.dedup();
    all
}
