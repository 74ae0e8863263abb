//! Looks for earlier studies of a patient when a study of theirs arrives, and retrieves some of them before anybody asks.
//!
//! A prior is of the same Patient ID *and* the same issuer; of neither is one without the other enough. A study of ours that
//! names no issuer is of this site's, whose name stands for it. Of several the newest of the same modality come first.

use super::{Inner, Source, SourceError, Sources};
use crate::{
    archive::{ArchiveEvent, StudyRow},
    audit::Actor,
};
use dicom_dictionary_std::tags;
use lru::LruCache;
use protocol::Uid;
use std::{num::NonZeroUsize, sync::Arc};
use tokio::sync::broadcast::error::RecvError;

/// Studies of which is known that their priors were asked for.
const ASKED_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// Runs until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut events = inner.archive.events();
    let mut asked: LruCache<Uid, ()> = LruCache::new(ASKED_MAX);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            () = inner.tasks.stopping() => return,
        };
        let study = match event {
            Ok(ArchiveEvent::Growing(study) | ArchiveEvent::Settled(study) | ArchiveEvent::Amended(study, _)) => study,
            Ok(ArchiveEvent::Conflicts | ArchiveEvent::Rotten) => continue,
            // Of studies that were missed no priors are looked for; opening the list still finds them.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if asked.put(study.clone(), ()).is_none() {
            look_for(&inner, &study).await;
        }
    }
}

async fn look_for(inner: &Arc<Inner>, study: &Uid) {
    let sources: Vec<Source> = super::lock(&inner.book).sources.values().cloned().collect();
    let Ok(Some(row)) = inner.archive.study(study) else { return };
    for source in sources.iter().filter(|source| source.purposes.priors) {
        // What comes from a source itself, by a recall or in bulk, has no priors that are not listed there.
        let theirs = Sources(inner.clone());
        if theirs.is_recalling(study) || inner.shadow.has(&source.name, study) {
            continue;
        }
        match priors(inner, source, &row).await {
            Ok(priors) => {
                for prior in priors.iter().take(usize::from(source.limits.prefetch)) {
                    let actor = Actor { person: "priors".to_owned(), role: "node".to_owned(), ..Actor::default() };
                    // It goes on by itself, a few at a time.
                    drop(theirs.recall(&prior.study, actor, false));
                }
            }
            Err(error) => tracing::warn!(source = source.name, %error, "priors were not looked for"),
        }
    }
}

impl Sources {
    /// Brings earlier studies of a study's patient, as a rule says: at most so many of each source that may be listed.
    /// They come in the background.
    pub(crate) async fn bring_priors(&self, study: &Uid, most: u8, actor: &Actor) {
        let inner = &self.0;
        let sources: Vec<Source> = super::lock(&inner.book).sources.values().cloned().collect();
        let Ok(Some(row)) = inner.archive.study(study) else { return };
        for source in sources.iter().filter(|source| source.purposes.list && !inner.shadow.has(&source.name, study)) {
            match priors(inner, source, &row).await {
                Ok(priors) => {
                    for prior in priors.iter().take(usize::from(most)) {
                        drop(self.recall(&prior.study, actor.clone(), false));
                    }
                }
                Err(error) => tracing::warn!(source = source.name, %error, "priors were not looked for"),
            }
        }
    }
}

async fn priors(inner: &Arc<Inner>, source: &Source, of: &StudyRow) -> Result<Vec<StudyRow>, SourceError> {
    let Some(id) = of.patient.id.clone().filter(|id| !id.contains(['*', '?', '\\'])) else { return Ok(Vec::new()) };
    let keys = super::Answer::from([(tags::PATIENT_ID, id)]);
    let found = inner.studies_like(source, &keys).await?;
    let priors = chosen(found, of, &inner.site_name);
    inner.tell(inner.shadow.add(source, priors.clone()));
    let held = |row: &StudyRow| inner.archive.study(&row.study).is_ok_and(|own| own.is_some());
    Ok(priors.into_iter().filter(|row| !held(row)).collect())
}

/// The confirmed priors among what a source answered, the most useful first.
fn chosen(found: Vec<StudyRow>, of: &StudyRow, site_name: &str) -> Vec<StudyRow> {
    let issuer = |row: &StudyRow| row.patient.issuer.clone().unwrap_or_else(|| site_name.to_owned());
    let is_same = |row: &StudyRow| row.patient.id == of.patient.id && issuer(row) == issuer(of);
    let mut priors: Vec<StudyRow> = found.into_iter().filter(|row| row.study != of.study && is_same(row)).collect();
    let is_alike = |row: &StudyRow| row.modalities.iter().any(|modality| of.modalities.contains(modality));
    let is_of_part = |row: &StudyRow| row.body_parts.iter().any(|part| of.body_parts.contains(part));
    priors.sort_by(|a, b| {
        (is_alike(b), is_of_part(b), &b.date, &b.study).cmp(&(is_alike(a), is_of_part(a), &a.date, &a.study))
    });
    priors
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{
        Timestamp,
        manifest::{Completeness, Patient},
    };

    fn row(study: &str, id: &str, issuer: Option<&str>, modality: &str, date: &str) -> StudyRow {
        StudyRow {
            study: Uid::parse(study).unwrap(),
            patient: Patient {
                name: None,
                birth_date: None,
                sex: None,
                id: Some(id.into()),
                issuer: issuer.map(Into::into),
            },
            date: Some(date.into()),
            time: None,
            utc_offset_min: None,
            national: None,
            modalities: vec![modality.into()],
            body_parts: vec![],
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
            series: 1,
            instances: 1,
            bytes: 0,
            arrived: Timestamp(0),
            changed: Timestamp(0),
            completeness: Completeness::Arriving,
            version: 0,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    #[test]
    fn a_prior_has_the_same_id_of_the_same_issuer() {
        let of = row("1.1", "42", None, "CT", "20240601");
        let found = vec![
            row("1.2", "42", Some("CH Nord"), "MR", "20240101"),
            row("1.3", "42", Some("CH Nord"), "CT", "20200101"),
            row("1.4", "42", Some("CH Sud"), "CT", "20230101"),
            row("1.5", "421", Some("CH Nord"), "CT", "20230101"),
            row("1.6", "42", Some("CH Nord"), "CT", "20230101"),
            row("1.1", "42", Some("CH Nord"), "CT", "20240601"),
        ];
        let chosen: Vec<String> = chosen(found, &of, "CH Nord").iter().map(|row| row.study.to_string()).collect();
        assert_eq!(chosen, ["1.6", "1.3", "1.2"]);
    }
}
