//! What a query or retrieval asks (PS3.4 C.4, C.6): the level, the studies it means, and who may ask.
//!
//! An AE finds and retrieves only what an admin said it may ([`Reach`]), from this machine too. Patient IDs of different
//! issuers name different patients: a retrieval by an ID that several have is refused.

use super::{
    caller::Caller,
    identifier::{self, Identifier},
    negotiate::Options,
    refusals::Operation,
    status::Status,
};
use crate::{
    archive::{Archive, StudyQuery},
    audit::{Act, Audit, Event},
    studies::{FoundStudy, Studies, StudyError},
    trust::Person,
    users::Reach,
};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use protocol::Uid;
use std::collections::BTreeSet;

/// Studies that one question may mean; more is a search too wide to read.
const STUDIES_MAX: usize = 10_000;
/// Shapes of query remembered per association; each is in the log once.
const SHAPES_MAX: usize = 64;

/// Query/Retrieve Level (0008,0052).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Patient,
    Study,
    Series,
    Image,
}

impl Level {
    /// `None` where it is missing, unknown, or not of this root: study root (1.2.840.10008.5.1.4.1.2.2.x) has no patients.
    pub(super) fn of(identifier: &Identifier, class: &Uid) -> Option<Self> {
        let has_patients = class.as_str().starts_with("1.2.840.10008.5.1.4.1.2.1.");
        match identifier.text(tags::QUERY_RETRIEVE_LEVEL)?.as_str() {
            "PATIENT" if has_patients => Some(Self::Patient),
            "STUDY" => Some(Self::Study),
            "SERIES" => Some(Self::Series),
            "IMAGE" => Some(Self::Image),
            _ => None,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Image => "IMAGE",
        }
    }
}

/// The UIDs of a key; none where it asks nothing.
pub(super) fn uids(identifier: &Identifier, tag: Tag) -> Result<Vec<Uid>, Status> {
    let Some(text) = identifier.text(tag).filter(|text| text != "*") else { return Ok(Vec::new()) };
    text.split('\\').map(|one| Uid::parse(one.trim()).map_err(|_| Status::BAD_IDENTIFIER)).collect()
}

/// The study that is asked for by its UID, where it is one.
pub(super) fn one_study(identifier: &Identifier) -> Option<Uid> {
    let mut named = uids(identifier, tags::STUDY_INSTANCE_UID).ok()?;
    if named.len() == 1 { named.pop() } else { None }
}

/// Refuses what can be no date or time, nor a range of them: taken for nothing asked, it would find every patient.
pub(super) fn check_times(identifier: &Identifier) -> Result<(), Status> {
    let is_time = |side: &str| side.is_empty() || side.bytes().any(|b| b.is_ascii_digit());
    let is_range = |text: &str| {
        let text = text.strip_suffix('*').unwrap_or(text);
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let is_legal = text.bytes().all(|b| b.is_ascii_digit() || b"-.: ".contains(&b));
        is_legal && is_time(from.trim()) && is_time(to.trim())
    };
    let mut times = identifier.tags().filter(|tag| matches!(identifier::vr_of(*tag), VR::DA | VR::TM));
    let is_legal = times.all(|tag| identifier.text(tag).is_none_or(|text| is_range(&text)));
    if is_legal { Ok(()) } else { Err(Status::BAD_IDENTIFIER) }
}

/// The search for the studies that an identifier means.
pub(super) fn study_query(identifier: &Identifier, options: Options) -> Result<StudyQuery, Status> {
    let text = |tag| identifier.text(tag);
    let range = |tag| match identifier.text(tag).filter(|text| text != "*") {
        None => (None, None),
        Some(value) => {
            let (from, to) = value.split_once('-').unwrap_or((&value, &value));
            (Some(from.to_owned()).filter(|t| !t.is_empty()), Some(to.to_owned()).filter(|t| !t.is_empty()))
        }
    };
    let (date_from, date_to) = range(tags::STUDY_DATE);
    let (time_from, time_to) = range(tags::STUDY_TIME);
    let list = |tag| -> Vec<String> {
        let all = text(tag).filter(|text| text != "*");
        all.map(|all| all.split('\\').map(str::to_owned).collect()).unwrap_or_default()
    };
    Ok(StudyQuery {
        study: uids(identifier, tags::STUDY_INSTANCE_UID)?,
        patient_name: text(tags::PATIENT_NAME),
        patient_id: text(tags::PATIENT_ID),
        issuer: text(tags::ISSUER_OF_PATIENT_ID),
        birth_date: text(tags::PATIENT_BIRTH_DATE),
        sex: list(tags::PATIENT_SEX),
        accession: text(tags::ACCESSION_NUMBER),
        description: text(tags::STUDY_DESCRIPTION),
        referrer: text(tags::REFERRING_PHYSICIAN_NAME),
        study_id: text(tags::STUDY_ID),
        date_from,
        date_to,
        time_from,
        time_to,
        series: text(tags::NUMBER_OF_STUDY_RELATED_SERIES),
        instances: text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
        modalities: list(tags::MODALITIES_IN_STUDY),
        labels: Vec::new(),
        text: None,
        fuzzy: options.fuzzy,
        date_time: options.date_time,
    })
}

/// Whoever asks over one association.
#[derive(Debug)]
pub(super) struct Asker {
    archive: Archive,
    pub(super) studies: Studies,
    pub(super) audit: Audit,
    pub(super) caller: Caller,
    pub(super) person: Person,
    ask_peers: bool,
    shapes: BTreeSet<String>,
}

impl Asker {
    pub(super) fn new(archive: Archive, studies: Studies, audit: Audit, caller: Caller, ask_peers: bool) -> Self {
        let person = caller.person();
        Self { archive, studies, audit, caller, person, ask_peers, shapes: BTreeSet::new() }
    }

    /// Names the studies of a relational question that says only which series or instances it means: of those held here.
    /// `false`: there are none.
    pub(super) async fn narrow(&self, query: &mut StudyQuery, identifier: &Identifier) -> Result<bool, Status> {
        let series = uids(identifier, tags::SERIES_INSTANCE_UID)?;
        let instances = uids(identifier, tags::SOP_INSTANCE_UID)?;
        if !query.study.is_empty() || series.is_empty() && instances.is_empty() {
            return Ok(true);
        }
        query.study = self.archive.studies_with(series, instances).await.map_err(|error| {
            tracing::error!(%error, "the studies of a question cannot be looked up");
            Status::FAILURE
        })?;
        Ok(!query.study.is_empty())
    }

    pub(super) async fn write(&self, event: Event) -> Result<(), Status> {
        self.audit.record(event).await.map(|_| ()).map_err(|error| {
            tracing::error!(%error, "a question is not answered: it cannot be logged");
            Status::FAILURE
        })
    }

    /// Writes down which attributes are asked for, and of which study where one is named: once per association and shape.
    pub(super) async fn write_queried(&mut self, level: Level, identifier: &Identifier) -> Result<(), Status> {
        let asked: Vec<String> = identifier
            .tags()
            .filter(|tag| *tag != tags::SPECIFIC_CHARACTER_SET && *tag != tags::QUERY_RETRIEVE_LEVEL)
            .filter(|tag| identifier.text(*tag).is_some())
            .map(|tag| format!("{:04X}{:04X}", tag.0, tag.1))
            .collect();
        let note = format!("DIMSE {}, by {}", level.word(), asked.join(" "));
        let study = one_study(identifier);
        let shape = format!("{note} {}", study.as_ref().map_or("", Uid::as_str));
        if self.shapes.contains(&shape) {
            return Ok(());
        }
        let mut event = Event::new(Act::StudiesQueried, self.person.actor()).note(note);
        event.study = study;
        self.write(event).await?;
        if self.shapes.len() >= SHAPES_MAX {
            self.shapes.clear();
        }
        self.shapes.insert(shape);
        Ok(())
    }

    /// Writes down a question that is answered with an error, unless it was refused, which is written already.
    pub(super) async fn in_vain(&self, operation: Operation, status: Status, identifier: &Identifier) -> Status {
        if status == Status::NOT_AUTHORIZED {
            return status;
        }
        self.caller.in_vain(operation, status, one_study(identifier).as_ref()).await
    }

    /// The studies that a query means, within the reach.
    pub(super) async fn found(&self, query: &StudyQuery, reach: Reach) -> Result<Vec<FoundStudy>, Status> {
        within(self.studies.find(&self.person, query, None, 0, STUDIES_MAX + 1).await, reach)
    }

    /// [`Self::found`]; of an AE that reaches peers' studies, with what peers answer now where the query names one patient.
    pub(super) async fn found_live(&self, query: &StudyQuery, reach: Reach) -> Result<Vec<FoundStudy>, Status> {
        if !self.ask_peers || reach != Reach::All {
            return self.found(query, reach).await;
        }
        // Who did not answer is in the log: a response has no place for it that a success may use (PS3.7 C.1).
        let found = self.studies.find_live(&self.person, query, 0, STUDIES_MAX + 1).await;
        within(found.map(|(found, _)| found), reach)
    }
}

fn within(found: Result<Vec<FoundStudy>, StudyError>, reach: Reach) -> Result<Vec<FoundStudy>, Status> {
    let mut found = found.map_err(|error| status_of(&error))?;
    if found.len() > STUDIES_MAX {
        return Err(Status::TOO_MANY);
    }
    if reach == Reach::Own {
        found.retain(|study| study.holder.is_none());
    }
    Ok(found)
}

/// The status of what a study did not give.
pub(super) fn status_of(error: &StudyError) -> Status {
    match error {
        StudyError::Refused(_) => Status::NOT_AUTHORIZED,
        StudyError::Unreachable { .. } | StudyError::Waiting { .. } => Status::NOT_ANSWERED,
        StudyError::NotFound | StudyError::Corrupt | StudyError::Internal(_) => {
            tracing::error!(%error, "a question of a DICOM peer could not be answered");
            Status::FAILURE
        }
    }
}
