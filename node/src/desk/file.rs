//! Signed reports into the archive of the site that asked: beside the images they are about, as SR and PDF.
//!
//! A report is delivered when it is filed, or when there is no study here to file it in: then it is in the case alone. Where the
//! study's identity contradicts the case's it is not filed, and people are called: what is read of one patient must not lie with
//! another.
//!
//! # At a crash
//! Filed and not yet said to be: found here by its UIDs at the next look, and said.
//!
//! # Not here
//! What the objects hold: `reports`.

use super::{Inner, next::World, nobody};
use crate::{
    archive::{Form, IngestError, InstanceRow, Source, StudyRow, is_note_class},
    cases::Whole,
    reports::{self, Beside, Document, Kept, Kind, Reference, Sheet, Unwritable},
};
use bytes::Bytes;
use protocol::{Uid, case::state::Reported, retention::Day};

/// Objects that one report points at.
const REFERENCES_MAX: usize = 128;

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
}

fn reference(study: &Uid, series: &Uid, row: InstanceRow, frame: Option<u32>) -> Reference {
    let is_image = !is_note_class(&row.entry.sop_class);
    let (study, series) = (study.clone(), series.clone());
    Reference { study, series, class: row.entry.sop_class, instance: row.entry.instance, frame, is_image }
}

/// What is known of both and differs.
fn contradicts(whole: &Whole, row: &StudyRow) -> bool {
    let (asked, held) = (&whole.state.ask.patient, &row.patient);
    let differs = |asked: &str, held: Option<&str>| {
        let held = held.map(str::trim).unwrap_or_default();
        !asked.is_empty() && !held.is_empty() && asked.trim() != held
    };
    let same_issuer = !differs(&asked.issuer, held.issuer.as_deref());
    row.patient_conflict
        || differs(&asked.birth_date, held.birth_date.as_deref())
        || (same_issuer && differs(&asked.id, held.id.as_deref()))
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
        let Some(study) = read.chain(&whole.state.ask.studies).next() else { return sheet };
        // Not known now is not known at all: the report does not wait for it.
        let kept = self.parts.archive.kept(study).await.ok().flatten();
        let day = |until: Day| until.to_string().replace('-', "");
        sheet.beside = Beside {
            viewer: Some(format!("{}/ohif/viewer?StudyInstanceUIDs={study}", self.parts.portal_url)),
            kept: kept.map(|kept| kept.until.map_or(Kept::Open, |until| Kept::Until(day(until)))),
            references: self.chosen(whole),
        };
        sheet
    }

    /// Images that the request points at, and key object selections beside them, as far as they lie here.
    fn chosen(&self, whole: &Whole) -> Vec<Reference> {
        let archive = &self.parts.archive;
        let ask = &whole.state.ask;
        let named = ask.key_images.iter().filter_map(|image| {
            let instance = image.instance.as_ref()?;
            let rows = archive.instances(&image.study, &image.series).ok()?;
            let row = rows.into_iter().find(|row| row.entry.instance == *instance)?;
            Some(reference(&image.study, &image.series, row, image.frame))
        });
        let selections = ask.studies.iter().flat_map(|study| {
            let series = archive.series(study).unwrap_or_default();
            series.into_iter().filter(|row| row.modality == "KO").flat_map(move |series| {
                let rows = archive.instances(study, &series.series).unwrap_or_default();
                let is_selection = |row: &InstanceRow| {
                    is_note_class(&row.entry.sop_class) && !archive.is_note(&row.entry.instance).unwrap_or(true)
                };
                let kept: Vec<Reference> = rows
                    .into_iter()
                    .filter(is_selection)
                    .map(|row| reference(study, &series.series, row, None))
                    .collect();
                kept
            })
        });
        named.chain(selections).take(REFERENCES_MAX).collect()
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
        self.parts.archive.knows(&kind.instance(&reported.event)).unwrap_or(false)
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

    /// Reports of a case of ours that are not in the archive though a study of it is.
    pub(super) fn unfiled(&self, whole: &Whole) -> u64 {
        let is_ours = whole.state.requester.0 == self.us();
        let is_open = |reported: &&Reported| match self.place(whole, reported) {
            Place::Nowhere => false,
            Place::OtherPatient => true,
            Place::Study(_) => !reported.delivered,
        };
        if is_ours { whole.state.reports.iter().filter(is_open).count() as u64 } else { 0 }
    }

    /// Files what was reported to us and is not here.
    pub(super) async fn file(&self, whole: &Whole) {
        if whole.state.requester.0 != self.us() {
            return;
        }
        for reported in whole.state.reports.iter().filter(|reported| !reported.delivered) {
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
        for document in reports::documents(&sheet, row)? {
            if !self.was_filed(document.kind, reported) {
                self.take_in(&row.study, document).await?;
            }
        }
        self.parts.archive.settle_now(&row.study);
        Ok(())
    }

    async fn take_in(&self, study: &Uid, document: Document) -> Result<(), FileError> {
        let transfer_syntax = Document::TRANSFER_SYNTAX.parse().map_err(|_| Unwritable)?;
        let Document { class, instance, data_set, .. } = document;
        let form = Form::DataSet { transfer_syntax, sop_class: class, sop_instance: instance, source: None };
        let mut spool = self.parts.archive.spool(form).await?;
        spool.write(Bytes::from(data_set)).await?;
        let _ = self.parts.archive.ingest_of(study, spool, &Source { actor: nobody() }).await?;
        Ok(())
    }
}
