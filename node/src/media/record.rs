//! One directory record: what it takes from the objects it speaks of (PS3.3 F.5).
//!
//! Keys are copied as the first object of a patient, study or series has them, with its character set; what an object
//! lacks is there without a value, or numbered where the standard wants a number.
//!
//! # Not here
//! Offsets: [`super::dicomdir`].

use crate::pixels::{
    dataset::{DataSet, Element, Syntax, Value, readable},
    write::{Changes, Plain, Writer},
};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;

/// Names our records of objects that no standard record is for (PS3.3 F.3.2.2): they have the keys of others.
const PRIVATE_RECORD: &str = "2.25.201867930285174638401926573820194756382";

/// Levels of the directory, and what a leaf is by its SOP class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Patient,
    Study,
    Series,
    Leaf(&'static str),
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Study => "STUDY",
            Self::Series => "SERIES",
            Self::Leaf(word) => word,
        }
    }

    /// The record of a SOP class (PS3.3 F.4, table F.4-1, and PS3.4 annex B for which class is what).
    pub(super) fn of_class(class: &str) -> Self {
        let rest = class.strip_prefix("1.2.840.10008.5.1.4.1.1.").unwrap_or("");
        let is = |prefix: &str| rest == prefix || rest.strip_prefix(prefix).is_some_and(|r| r.starts_with('.'));
        Self::Leaf(match rest {
            "88.59" => "KEY OBJECT DOC",
            "66" => "RAW DATA",
            "66.1" | "66.2" | "66.3" | "66.7" => "REGISTRATION",
            "66.4" => "IMAGE",
            "66.5" => "SURFACE",
            "4.2" => "SPECTROSCOPY",
            "67" => "VALUE MAP",
            "68.1" | "68.2" => "SURFACE SCAN",
            "66.6" => "TRACT",
            "481.2" => "RT DOSE",
            "481.3" => "RT STRUCTURE SET",
            "481.5" | "481.8" => "RT PLAN",
            "481.4" | "481.6" | "481.7" | "481.9" => "RT TREAT RECORD",
            _ if is("88") => "SR DOCUMENT",
            _ if is("11") => "PRESENTATION",
            _ if is("9") => "WAVEFORM",
            _ if is("104") => "ENCAP DOC",
            _ if rest.is_empty() => "PRIVATE",
            _ => "IMAGE",
        })
    }

    /// Keys copied from the object: type 1 and 2 of its record, and those that viewers show.
    fn keys(self) -> &'static [Tag] {
        match self {
            Self::Patient => &[
                tags::PATIENT_NAME,
                tags::PATIENT_ID,
                tags::ISSUER_OF_PATIENT_ID,
                tags::PATIENT_BIRTH_DATE,
                tags::PATIENT_SEX,
            ],
            Self::Study => &[
                tags::STUDY_DATE,
                tags::STUDY_TIME,
                tags::ACCESSION_NUMBER,
                tags::STUDY_DESCRIPTION,
                tags::STUDY_INSTANCE_UID,
                tags::STUDY_ID,
            ],
            Self::Series => &[
                tags::MODALITY,
                tags::SERIES_DESCRIPTION,
                tags::INSTITUTION_NAME,
                tags::SERIES_INSTANCE_UID,
                tags::SERIES_NUMBER,
            ],
            Self::Leaf(word) => leaf_keys(word),
        }
    }

    /// Keys that are there even without a value (type 2, and type 1 of which nothing can be said).
    fn always(self) -> &'static [(Tag, VR)] {
        match self {
            Self::Patient => &[(tags::PATIENT_NAME, VR::PN), (tags::PATIENT_ID, VR::LO)],
            Self::Study => &[
                (tags::STUDY_DATE, VR::DA),
                (tags::STUDY_TIME, VR::TM),
                (tags::ACCESSION_NUMBER, VR::SH),
                (tags::STUDY_DESCRIPTION, VR::LO),
            ],
            Self::Series => &[(tags::MODALITY, VR::CS)],
            Self::Leaf(_) => &[],
        }
    }

    /// What the standard wants numbered.
    const fn number(self) -> Option<(Tag, VR)> {
        match self {
            Self::Patient => None,
            Self::Study => Some((tags::STUDY_ID, VR::SH)),
            Self::Series => Some((tags::SERIES_NUMBER, VR::IS)),
            Self::Leaf(_) => Some((tags::INSTANCE_NUMBER, VR::IS)),
        }
    }
}

/// What a record of an object takes from it (PS3.3 F.5.4 to F.5.44).
fn leaf_keys(word: &str) -> &'static [Tag] {
    match word {
        "SR DOCUMENT" => &[
            tags::INSTANCE_NUMBER,
            tags::COMPLETION_FLAG,
            tags::VERIFICATION_FLAG,
            tags::CONTENT_DATE,
            tags::CONTENT_TIME,
            tags::CONCEPT_NAME_CODE_SEQUENCE,
        ],
        "KEY OBJECT DOC" => {
            &[tags::INSTANCE_NUMBER, tags::CONTENT_DATE, tags::CONTENT_TIME, tags::CONCEPT_NAME_CODE_SEQUENCE]
        }
        "ENCAP DOC" => &[
            tags::INSTANCE_NUMBER,
            tags::CONTENT_DATE,
            tags::CONTENT_TIME,
            tags::DOCUMENT_TITLE,
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT,
        ],
        "PRESENTATION" => &[
            tags::INSTANCE_NUMBER,
            tags::PRESENTATION_CREATION_DATE,
            tags::PRESENTATION_CREATION_TIME,
            tags::CONTENT_LABEL,
            tags::CONTENT_DESCRIPTION,
            tags::CONTENT_CREATOR_NAME,
            tags::REFERENCED_SERIES_SEQUENCE,
        ],
        "RT DOSE" => &[tags::INSTANCE_NUMBER, tags::DOSE_SUMMATION_TYPE],
        "RT STRUCTURE SET" => {
            &[tags::INSTANCE_NUMBER, tags::STRUCTURE_SET_LABEL, tags::STRUCTURE_SET_DATE, tags::STRUCTURE_SET_TIME]
        }
        "RT PLAN" => &[tags::INSTANCE_NUMBER, tags::RT_PLAN_LABEL, tags::RT_PLAN_DATE, tags::RT_PLAN_TIME],
        "RT TREAT RECORD" => &[tags::INSTANCE_NUMBER, tags::TREATMENT_DATE, tags::TREATMENT_TIME],
        "IMAGE" => &[
            tags::IMAGE_TYPE,
            tags::INSTANCE_NUMBER,
            tags::NUMBER_OF_FRAMES,
            tags::ROWS,
            tags::COLUMNS,
            tags::IMAGE_POSITION_PATIENT,
            tags::IMAGE_ORIENTATION_PATIENT,
            tags::FRAME_OF_REFERENCE_UID,
        ],
        _ => &[
            tags::INSTANCE_NUMBER,
            tags::CONTENT_DATE,
            tags::CONTENT_TIME,
            tags::CONTENT_LABEL,
            tags::CONTENT_DESCRIPTION,
        ],
    }
}

/// The file a leaf refers to, and what the index knows of it, should its header not be readable.
pub(super) struct File<'a> {
    pub(super) study: &'a str,
    pub(super) series: &'a str,
    pub(super) modality: &'a str,
    /// Components of its File ID.
    pub(super) path: &'a str,
    pub(super) sop_class: &'a str,
    pub(super) instance: &'a str,
    pub(super) transfer_syntax: &'a str,
}

/// The keys of a record in Explicit VR Little Endian, behind the five elements that [`super::dicomdir`] writes.
pub(super) fn keys(kind: Kind, header: &[u8], syntax: Syntax, file: &File<'_>, number: u32) -> Vec<u8> {
    let mut elements: BTreeMap<Tag, Vec<u8>> = BTreeMap::new();
    let plain = Syntax::of(crate::pixels::dataset::EXPLICIT_LE);
    let mut own = |tag: Tag, vr: VR, value: &[u8]| {
        let mut writer = Writer::new(Plain::Explicit, plain);
        if writer.value(tag, vr, value).is_ok() {
            elements.insert(tag, writer.out);
        }
    };
    for (tag, vr) in kind.always() {
        own(*tag, *vr, b"");
    }
    if let Some((tag, vr)) = kind.number() {
        own(tag, vr, number.to_string().as_bytes());
    }
    if kind == Kind::Leaf("PRIVATE") {
        own(tags::PRIVATE_RECORD_UID, VR::UI, PRIVATE_RECORD.as_bytes());
    }
    match kind {
        Kind::Patient => {}
        Kind::Study => own(tags::STUDY_INSTANCE_UID, VR::UI, file.study.as_bytes()),
        Kind::Series => {
            own(tags::SERIES_INSTANCE_UID, VR::UI, file.series.as_bytes());
            own(tags::MODALITY, VR::CS, file.modality.as_bytes());
        }
        Kind::Leaf(_) => {
            own(tags::REFERENCED_FILE_ID, VR::CS, file.path.replace('/', "\\").as_bytes());
            own(tags::REFERENCED_SOP_CLASS_UID_IN_FILE, VR::UI, file.sop_class.as_bytes());
            own(tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE, VR::UI, file.instance.as_bytes());
            own(tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE, VR::UI, file.transfer_syntax.as_bytes());
        }
    }
    let bytes = readable(header, syntax).unwrap_or_default();
    let mut set = DataSet::parse(&bytes, syntax).unwrap_or_default();
    let wanted = |tag: Tag| tag == tags::SPECIFIC_CHARACTER_SET || kind.keys().contains(&tag);
    set.elements.retain(|element| wanted(element.tag) && !is_empty(element));
    for element in set.elements {
        let tag = element.tag;
        let mut writer = Writer::new(Plain::Explicit, syntax);
        if writer.data_set(&DataSet { elements: vec![element] }, &Changes::new()).is_ok() {
            elements.insert(tag, writer.out);
        }
    }
    elements.into_values().flatten().collect()
}

fn is_empty(element: &Element<'_>) -> bool {
    match &element.value {
        Value::Bytes(bytes) => bytes.iter().all(|byte| matches!(byte, b' ' | 0)) && element.vr != VR::US,
        Value::Items(items) => items.is_empty(),
        Value::Encapsulated => true,
    }
}
