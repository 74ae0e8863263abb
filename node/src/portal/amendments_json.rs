//! Conflicts, corrections and notices, as the portal reads them.

use super::json::{Patient, rfc3339};
use crate::{
    archive::{self, Archive, ConflictRow, Correcting, CorrectionRow, HeaderOf, Identified},
    studies,
};
use protocol::manifest::{Amended, Amendment};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The last amendment of a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AmendedStudy {
    pub(super) at: String,
    /// `corrected`, `rejected`, `reinstated` or `replaced`.
    pub(super) what: &'static str,
    /// Keywords of attributes that read otherwise than in the objects.
    pub(super) attributes: Vec<&'static str>,
}

impl AmendedStudy {
    pub(super) fn of(amended: &Amended) -> Self {
        let keyword = |tag: u32| archive::by_tag(tag).map(|attribute| attribute.keyword);
        Self {
            at: rfc3339(amended.at),
            what: match amended.what {
                Amendment::Corrected => "corrected",
                Amendment::Rejected => "rejected",
                Amendment::Reinstated => "reinstated",
                Amendment::Replaced => "replaced",
            },
            attributes: amended.edits.iter().filter_map(|edit| keyword(edit.tag)).collect(),
        }
    }
}

/// What became of a study, for who has it open.
#[derive(Debug, Serialize)]
pub(super) struct Notice {
    study: String,
    site_name: String,
    at: String,
    what: &'static str,
}

impl From<studies::Notice> for Notice {
    fn from(notice: studies::Notice) -> Self {
        Self { study: notice.study.to_string(), site_name: notice.site_name, at: rfc3339(notice.at), what: notice.what }
    }
}

fn patient(patient: &protocol::manifest::Patient) -> Patient {
    let protocol::manifest::Patient { name, birth_date, sex, id, issuer } = patient.clone();
    Patient { name, birth_date, sex, id, issuer }
}

/// A decision, or an undoing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecidedBy {
    pub(super) at: String,
    pub(super) person: String,
    pub(super) note: String,
}

fn decided(by: &archive::Decided) -> DecidedBy {
    DecidedBy { at: rfc3339(by.at), person: by.person.clone(), note: by.note.clone() }
}

/// Other bytes under a known SOP Instance UID.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conflict {
    pub(super) id: u64,
    pub(super) at: String,
    /// Who sent the other bytes.
    pub(super) person: String,
    pub(super) instance: String,
    pub(super) study: String,
    pub(super) series: String,
    /// Of the other bytes.
    pub(super) patient: Patient,
    pub(super) bytes: u64,
    /// `open`, `keep`, `take` or `elsewhere`.
    pub(super) state: &'static str,
    pub(super) decided: Option<DecidedBy>,
    /// From then on it may be closed without giving a reason; `null`: it is not decided, or closed.
    pub(super) closable: Option<String>,
    /// Who closed it, and why: what was decided against is erased, and nothing can be undone.
    pub(super) closed: Option<DecidedBy>,
    /// Of the bytes that were erased.
    pub(super) erased: Option<String>,
}

impl Conflict {
    pub(super) fn of(row: &ConflictRow, archive: &Archive) -> Self {
        Self {
            id: row.id,
            at: rfc3339(row.at),
            person: row.person.clone(),
            instance: row.instance.to_string(),
            study: row.study.to_string(),
            series: row.series.to_string(),
            patient: patient(&row.patient),
            bytes: row.bytes,
            state: row.state.word(),
            decided: row.decided.as_ref().map(decided),
            closable: archive.closable(row).map(rfc3339),
            closed: row.closed.as_ref().map(|closed| DecidedBy {
                at: rfc3339(closed.at),
                person: closed.person.clone(),
                note: closed.reason.clone(),
            }),
            erased: row.closed.as_ref().map(|closed| closed.gone.to_string()),
        }
    }
}

/// What one of two objects says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Side {
    pub(super) study: String,
    pub(super) series: String,
    pub(super) patient: Patient,
    pub(super) date: Option<String>,
    pub(super) time: Option<String>,
    pub(super) description: Option<String>,
    pub(super) accession: Option<String>,
    pub(super) modality: String,
    pub(super) number: Option<i32>,
    pub(super) transfer_syntax: String,
    pub(super) frames: u32,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) bytes: u64,
    pub(super) digest: String,
}

impl Side {
    fn of(header: HeaderOf) -> Self {
        Self {
            study: header.study.to_string(),
            series: header.series.to_string(),
            patient: patient(&header.patient),
            date: header.date,
            time: header.time,
            description: header.description,
            accession: header.accession,
            modality: header.modality,
            number: header.number,
            transfer_syntax: header.transfer_syntax.to_string(),
            frames: header.frames,
            rows: header.rows,
            columns: header.columns,
            bytes: header.bytes,
            digest: header.digest.to_string(),
        }
    }
}

/// A conflict with both objects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Compared {
    pub(super) conflict: Conflict,
    /// `null`: its file is not whole.
    pub(super) first: Option<Side>,
    pub(super) other: Option<Side>,
}

impl Compared {
    pub(super) fn of(row: &ConflictRow, first: Option<HeaderOf>, other: Option<HeaderOf>, archive: &Archive) -> Self {
        Self { conflict: Conflict::of(row, archive), first: first.map(Side::of), other: other.map(Side::of) }
    }
}

/// A correction, standing or undone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CorrectionEntry {
    pub(super) id: u64,
    pub(super) at: String,
    pub(super) person: String,
    pub(super) note: String,
    /// `study` or `merge`.
    pub(super) kind: &'static str,
    /// Of a `study`: which.
    pub(super) study: Option<String>,
    /// Of a `merge`: whose studies.
    pub(super) from_id: Option<String>,
    pub(super) from_issuer: Option<String>,
    /// Values by keyword; `null`: empty.
    pub(super) set: BTreeMap<&'static str, Option<String>>,
    pub(super) undone: Option<DecidedBy>,
}

impl CorrectionEntry {
    pub(super) fn of(row: &CorrectionRow) -> Self {
        let record = &row.record;
        let (study, from, edits) = match &record.what {
            Correcting::Study { study, edits } => (Some(study.to_string()), None, edits.clone()),
            Correcting::Merge { from, into } => (None, Some(from.clone()), archive::identity_of(into)),
        };
        let named = |tag: u32| archive::by_tag(tag).map(|attribute| attribute.keyword);
        Self {
            id: record.id,
            at: rfc3339(record.at),
            person: record.person.clone(),
            note: record.note.clone(),
            kind: record.what.word(),
            study,
            from_id: from.as_ref().map(|from| from.id.clone()),
            from_issuer: from.and_then(|from| from.issuer),
            set: edits.into_iter().filter_map(|edit| Some((named(edit.tag)?, edit.value))).collect(),
            undone: row.undone.as_ref().map(decided),
        }
    }
}

/// An identity that objects of a study name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Identity {
    pub(super) patient: Patient,
    pub(super) series: Vec<String>,
    pub(super) instances: u32,
}

impl Identity {
    pub(super) fn of(found: Identified) -> Self {
        Self {
            patient: patient(&found.patient),
            series: found.series.iter().map(ToString::to_string).collect(),
            instances: found.instances,
        }
    }
}
