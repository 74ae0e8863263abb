//! Signed reports into the archive of the site that asked: beside the images they are about, as SR and PDF.
//!
//! A report is delivered when it is filed, or when there is no study here to file it in: then it is in the case alone. Where the
//! study's identity contradicts the case's it is not filed, and people are called: what is read of one patient must not lie with
//! another. When the requesting site says who the patient is, what was kept out is filed.
//!
//! It counts as filed where the bytes lie there that were to be filed, not where anything lies under its UID: which bytes those are is
//! written down before they are. Where somebody else's object lies under its UID, the archive keeps ours aside for a person to see, and
//! the report is filed under another UID that is its own as well.
//!
//! # At a crash
//! Filed and not yet said to be: found here by its bytes at the next look, and said.
//!
//! # Not here
//! What the objects hold: `reports`.

use super::{Inner, join::contradictions, next::World, nobody};
use crate::{
    archive::{Form, IngestError, InstanceRow, Known, Source, StudyRow},
    cases::{CaseError, Whole},
    pixels::pointing::points,
    reports::{self, Beside, Document, Kept, Kind, Reference, Sheet, Unwritable},
};
use bytes::Bytes;
use protocol::{Digest, Uid, case::state::Reported, retention::Day};
use std::sync::PoisonError;

/// Objects that one report points at.
const REFERENCES_MAX: usize = 128;
/// Studies that one address of the viewer names.
const ADDRESSED_MAX: usize = 16;

/// Where a report belongs.
enum Place {
    /// No study of the case lies here.
    Nowhere,
    /// The study is somebody else's, as far as it says.
    OtherPatient,
    Study(Box<StudyRow>),
}

/// Why a report is not in the archive.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl FileError {
    /// Whether its UID is taken by something else.
    fn is_taken(&self) -> bool {
        matches!(self, Self::Ingest(IngestError::Conflict { .. } | IngestError::Rejected { .. }))
    }
}

fn reference(study: &Uid, series: &Uid, row: InstanceRow, (frame, text): (Option<u32>, &str)) -> Reference {
    let is_image = !points(&row.entry.sop_class);
    let (study, series) = (study.clone(), series.clone());
    Reference {
        study,
        series,
        class: row.entry.sop_class,
        instance: row.entry.instance,
        frame,
        is_image,
        text: text.to_owned(),
    }
}

/// Whether what is known of a UID is the object that was to be filed under it. What a person took out is not filed again.
fn is_filing(ours: Digest, known: Known) -> bool {
    match known {
        Known::Held(held) => held == ours,
        Known::Rejected => true,
        Known::No => false,
    }
}

/// What is known of both and differs. Names are written in many ways, and a sex is often not said: neither keeps a report out.
fn contradicts(whole: &Whole, row: &StudyRow) -> bool {
    !differing(whole, row).is_empty()
}

/// In what it does: `birth_date`, `id`.
pub(super) fn differing(whole: &Whole, row: &StudyRow) -> Vec<&'static str> {
    let mut differs = contradictions(&whole.state.ask.patient, row);
    differs.retain(|what| matches!(*what, "birth_date" | "id"));
    differs
}

impl super::Desk {
    /// A report with all that stands beside it here.
    pub(crate) async fn sheet(&self, whole: &Whole, reported: &Reported) -> Sheet {
        self.inner.sheet(whole, reported).await
    }
}

impl Inner {
    async fn sheet(&self, whole: &Whole, reported: &Reported) -> Sheet {
        let mut sheet = Sheet::of(whole, reported, |site| self.name(site));
        let read = reported.report.read.iter().map(|(study, _)| study);
        let mut studies: Vec<&Uid> = Vec::new();
        for study in read.chain(&whole.state.ask.studies).take(ADDRESSED_MAX) {
            if !studies.contains(&study) {
                studies.push(study);
            }
        }
        let Some(first) = studies.first() else { return sheet };
        // Not known now is not known at all: the report does not wait for it.
        let kept = self.parts.archive.kept(first).await.ok().flatten();
        let day = |until: Day| until.to_string().replace('-', "");
        let list = studies.iter().map(|study| study.as_str()).collect::<Vec<_>>().join(",");
        sheet.beside = Beside {
            viewer: Some(format!("{}/ohif/viewer?StudyInstanceUIDs={list}", self.parts.portal_url)),
            kept: kept.map(|kept| kept.until.map_or(Kept::Open, |until| Kept::Until(day(until)))),
            references: self.chosen(whole, reported),
            seconds: self.seconds(&sheet),
        };
        sheet
    }

    /// Objects of earlier reports that it names, and that lie under the second of their UIDs.
    fn seconds(&self, sheet: &Sheet) -> Vec<Uid> {
        let of = |event: &Digest| Kind::ALL.map(|kind| kind.instances(event)).map(|[_, second]| second);
        let seconds = sheet.before.iter().flat_map(of);
        seconds.filter(|second| self.parts.cases.filing(second).is_some()).collect()
    }

    /// Images that the report and the request point at, and documents beside them that point at images (key object selections,
    /// measurements), as far as they lie here; each once.
    fn chosen(&self, whole: &Whole, reported: &Reported) -> Vec<Reference> {
        let archive = &self.parts.archive;
        let ask = &whole.state.ask;
        // Of this case's studies alone, whatever another site pointed at.
        let pointed = whole.key_images_of(reported).chain(whole.key_images());
        let named = pointed.filter_map(|image| {
            let instance = image.instance.as_ref()?;
            let rows = archive.instances(&image.study, &image.series).ok()?;
            let row = rows.into_iter().find(|row| row.entry.instance == *instance)?;
            Some(reference(&image.study, &image.series, row, (image.frame, &image.text)))
        });
        let documents = ask.studies.iter().flat_map(|study| {
            let series = archive.series(study).unwrap_or_default();
            series.into_iter().filter(|row| ["KO", "SR"].contains(&row.modality.as_str())).flat_map(move |series| {
                let rows = archive.instances(study, &series.series).unwrap_or_default();
                let is_one = |row: &InstanceRow| {
                    points(&row.entry.sop_class) && !archive.is_note(&row.entry.instance).unwrap_or(true)
                };
                let kept: Vec<Reference> = rows
                    .into_iter()
                    .filter(is_one)
                    .map(|row| reference(study, &series.series, row, (None, "")))
                    .collect();
                kept
            })
        });
        let mut chosen: Vec<Reference> = Vec::new();
        for one in named.chain(documents) {
            if chosen.len() >= REFERENCES_MAX {
                break;
            }
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }

    fn place(&self, whole: &Whole, reported: &Reported) -> Place {
        let read = reported.report.read.iter().map(|(study, _)| study);
        let studies = read.filter(|study| whole.state.ask.studies.contains(study)).chain(&whole.state.ask.studies);
        let row = studies.filter_map(|study| self.parts.archive.study(study).ok().flatten()).next();
        match row {
            None => Place::Nowhere,
            Some(row) if contradicts(whole, &row) => Place::OtherPatient,
            Some(row) => Place::Study(Box::new(row)),
        }
    }

    /// Whether its object of a kind was filed; taken out by a person since, it is not filed again.
    fn was_filed(&self, kind: Kind, reported: &Reported) -> bool {
        let [own, second] = kind.instances(&reported.event);
        let known = |instance: &Uid| self.parts.archive.known(instance).unwrap_or(Known::No);
        let is_ours =
            |instance: &Uid| self.parts.cases.filing(instance).is_some_and(|ours| is_filing(ours, known(instance)));
        // One that an earlier version filed: its bytes were not written down.
        let is_older = || reported.delivered && self.parts.cases.filing(&own).is_none() && known(&own) != Known::No;
        is_ours(&own) || is_ours(&second) || is_older()
    }

    fn were_filed(&self, reported: &Reported) -> bool {
        Kind::ALL.into_iter().all(|kind| self.was_filed(kind, reported))
    }

    /// Whether nothing more is to be done before it is delivered.
    pub(super) fn is_filed(&self, whole: &Whole, reported: &Reported) -> bool {
        match self.place(whole, reported) {
            Place::Nowhere | Place::OtherPatient => true,
            Place::Study(_) => self.were_filed(reported),
        }
    }

    /// Whether it is still to be filed: not delivered yet, or kept out of the archive while the images were somebody else's there.
    /// What a person took out since stays out: the archive knows it.
    fn is_unfiled(&self, reported: &Reported) -> bool {
        !reported.delivered || !self.were_filed(reported)
    }

    /// Reports of a case of ours that are not in the archive though a study of it is.
    fn unfiled(&self, whole: &Whole) -> u64 {
        let is_ours = whole.state.requester.0 == self.us();
        let is_open = |reported: &&Reported| match self.place(whole, reported) {
            Place::Nowhere => false,
            Place::OtherPatient => true,
            Place::Study(_) => self.is_unfiled(reported),
        };
        if is_ours { whole.state.reports.iter().filter(is_open).count() as u64 } else { 0 }
    }

    /// Files what was reported to us and is not here.
    pub(super) async fn file(&self, whole: &Whole) {
        if whole.state.requester.0 != self.us() {
            return;
        }
        self.file_all(whole).await;
        let unfiled = self.unfiled(whole);
        let mut kept_out = self.kept_out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = if unfiled > 0 { kept_out.insert(whole.name(), unfiled) } else { kept_out.remove(&whole.name()) };
    }

    async fn file_all(&self, whole: &Whole) {
        for reported in whole.state.reports.iter().filter(|reported| self.is_unfiled(reported)) {
            let Place::Study(row) = self.place(whole, reported) else { continue };
            if self.were_filed(reported) {
                continue;
            }
            if let Err(error) = self.file_one(whole, reported, &row).await {
                tracing::error!(%error, case = %whole.name(), "a report could not be filed");
                return;
            }
        }
    }

    async fn file_one(&self, whole: &Whole, reported: &Reported, row: &StudyRow) -> Result<(), FileError> {
        let sheet = self.sheet(whole, reported).await;
        // One that lies there already is left as it is, also where the study was corrected between the two.
        for kind in Kind::ALL.into_iter().filter(|kind| !self.was_filed(*kind, reported)) {
            self.file_as(&sheet, row, kind).await?;
        }
        self.parts.archive.settle_now(&row.study);
        Ok(())
    }

    /// Under its own UID, or under the second one where something else has that.
    async fn file_as(&self, sheet: &Sheet, row: &StudyRow, kind: Kind) -> Result<(), FileError> {
        let [own, second] = kind.instances(&sheet.event);
        match self.take_in(&row.study, reports::document(sheet, row, (kind, own))?).await {
            Err(why) if why.is_taken() => {
                tracing::error!(%why, case = %sheet.case, "something else lies under the UID of a report");
                self.take_in(&row.study, reports::document(sheet, row, (kind, second))?).await
            }
            done => done,
        }
    }

    async fn take_in(&self, study: &Uid, document: Document) -> Result<(), FileError> {
        let transfer_syntax = Document::TRANSFER_SYNTAX.parse().map_err(|_| Unwritable)?;
        let Document { class, instance, data_set, kind } = document;
        tracing::debug!(?kind, %instance, "a report is filed");
        self.parts.cases.file(instance.clone(), Digest::of(&data_set)).await?;
        let form = Form::DataSet { transfer_syntax, sop_class: class, sop_instance: instance, source: None };
        let mut spool = self.parts.archive.spool(form).await?;
        spool.write(Bytes::from(data_set)).await?;
        let _ = self.parts.archive.ingest_of(study, spool, &Source { actor: nobody() }).await?;
        Ok(())
    }
}
