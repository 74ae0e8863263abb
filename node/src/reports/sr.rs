//! The DICOM objects of a report: Basic Text SR, and Encapsulated PDF.
//!
//! Patient and study are those of the archive's study that it belongs to, so that it lies beside the images whatever the request
//! called them. Sections are headed by PS3.16 CID 7001 and hold text of CID 7002, as TID 2000 and 2001 have it. A preliminary
//! report is PARTIAL and UNVERIFIED, all others COMPLETE and VERIFIED by their author (PS3.3 C.17.2); what stands in the place of
//! an earlier one, or adds to it, names it as predecessor.
//!
//! # Not here
//! Whether the study is the patient's: `desk`.

use super::{Kind, Reference, STATION, Sheet, pdf::pdf, words};
use crate::{archive::StudyRow, words::Language};
use dicom_core::{
    DataElement, PrimitiveValue, Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
    value::DataSetSequence,
};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use jiff::{
    Timestamp as Instant, Zoned, civil,
    tz::{Offset, TimeZone},
};
use protocol::{Uid, case::event::Standing};
use std::collections::BTreeMap;

type Object = InMemDicomObject;

/// An object to be taken into the archive: its data set in Explicit VR Little Endian.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) class: Uid,
    pub(crate) instance: Uid,
    pub(crate) data_set: Vec<u8>,
}

/// A value that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written as DICOM")]
pub(crate) struct Unwritable;

impl Document {
    /// The syntax of [`Self::data_set`].
    pub(crate) const TRANSFER_SYNTAX: &'static str = uids::EXPLICIT_VR_LITTLE_ENDIAN;
}

/// All objects of a report, each under its own UID.
#[cfg(test)]
pub(crate) fn documents(sheet: &Sheet, study: &StudyRow) -> Result<Vec<Document>, Unwritable> {
    let own = |kind: Kind| document(sheet, study, (kind, kind.instance(&sheet.event)));
    Kind::ALL.into_iter().map(own).collect()
}

/// One object of a report, under one of its UIDs, for the study of ours that it belongs to.
///
/// # Errors
/// When a value cannot be written: never, for what an event and a row may hold.
pub(crate) fn document(sheet: &Sheet, study: &StudyRow, (kind, instance): (Kind, Uid)) -> Result<Document, Unwritable> {
    let class = kind.class();
    let mut object = head(sheet, study, kind, (class, &instance));
    match kind {
        Kind::Sr => text(&mut object, sheet, study),
        Kind::Pdf => encapsulated(&mut object, sheet, study),
    }
    let mut data_set = Vec::new();
    object.write_dataset_with_ts(&mut data_set, &EXPLICIT_VR_LITTLE_ENDIAN.erased()).map_err(|_| Unwritable)?;
    let class = class.parse().unwrap_or_else(|_| instance.clone());
    Ok(Document { kind, class, instance, data_set })
}

/// When it was signed, by the clock of the study that it lies with: one object has one offset from UTC (0008,0201), and the study's
/// own date and time stand in it. Where the images do not say theirs, it is this site's at the time of the study.
fn at(sheet: &Sheet, study: &StudyRow) -> Zoned {
    let at = Instant::from_millisecond(i64::try_from(sheet.at.0).unwrap_or(0)).unwrap_or_default();
    let said = study.utc_offset_min.and_then(|minutes| Offset::from_seconds(i32::from(minutes) * 60).ok());
    let offset = said.or_else(|| made(study).map(|made| made.offset()));
    at.to_zoned(offset.map_or_else(TimeZone::system, TimeZone::fixed))
}

/// When the study was made, by this site's clock.
fn made(study: &StudyRow) -> Option<Zoned> {
    let date = civil::Date::strptime("%Y%m%d", study.date.as_deref()?).ok()?;
    let time = study.time.as_deref().and_then(|time| civil::Time::strptime("%H%M", time.get(..4)?).ok());
    date.to_datetime(time.unwrap_or_default()).to_zoned(TimeZone::system()).ok()
}

fn put(object: &mut Object, tag: Tag, value: &str) {
    let vr = StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed());
    let value = if value.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(value) };
    object.put(DataElement::new(tag, vr, value));
}

fn put_some(object: &mut Object, tag: Tag, value: Option<&str>) {
    put(object, tag, value.unwrap_or_default());
}

fn put_items(object: &mut Object, tag: Tag, items: Vec<Object>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn of(elements: &[(Tag, &str)]) -> Object {
    let mut object = Object::new_empty();
    for (tag, value) in elements {
        put(&mut object, *tag, value);
    }
    object
}

/// A coded concept: value, scheme, meaning.
type Code = (&'static str, &'static str, &'static str);

fn code((value, scheme, meaning): Code) -> Object {
    of(&[(tags::CODE_VALUE, value), (tags::CODING_SCHEME_DESIGNATOR, scheme), (tags::CODE_MEANING, meaning)])
}

const REPORT: Code = ("18748-4", "LN", "Diagnostic imaging study");
const LANGUAGE: Code = ("121049", "DCM", "Language of Content Item and Descendants");
const OBSERVER_TYPE: Code = ("121005", "DCM", "Observer Type");
const PERSON: Code = ("121006", "DCM", "Person");
const OBSERVER_NAME: Code = ("121008", "DCM", "Person Observer Name");
const OBSERVER_PLACE: Code = ("121009", "DCM", "Person Observer's Organization Name");
const CRITICAL: Code = ("73568-8", "LN", "Communication of Critical Results");
const ADDENDUM: Code = ("55107-7", "LN", "Addendum");
const KEY_IMAGES: Code = ("121180", "DCM", "Key Images");
const DESCRIPTION: Code = ("113012", "DCM", "Key Object Description");
const SUMMARY: Code = ("55112-7", "LN", "Summary");

/// Heading and element of the four parts, in their order.
const PARTS: [(Code, Code); 4] = [
    (("18785-6", "LN", "Indications for Procedure"), ("55115-0", "LN", "Request")),
    (("55111-9", "LN", "Current Procedure Descriptions"), ("121065", "DCM", "Procedure Description")),
    (("59776-5", "LN", "Findings"), ("121071", "DCM", "Finding")),
    (("55110-1", "LN", "Conclusions"), ("121077", "DCM", "Conclusion")),
];

fn head(sheet: &Sheet, study: &StudyRow, kind: Kind, (class, instance): (&str, &Uid)) -> Object {
    let (at, patient) = (at(sheet, study), &study.patient);
    let (date, time) = (at.strftime("%Y%m%d").to_string(), at.strftime("%H%M%S").to_string());
    let number = sheet.number.to_string();
    let (modality, series_number) = match kind {
        Kind::Sr => ("SR", "9001"),
        Kind::Pdf => ("DOC", "9002"),
    };
    let mut object = of(&[
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192"),
        (tags::INSTANCE_CREATION_DATE, &date),
        (tags::INSTANCE_CREATION_TIME, &time),
        (tags::SOP_CLASS_UID, class),
        (tags::SOP_INSTANCE_UID, instance.as_str()),
        (tags::SERIES_DATE, &date),
        (tags::SERIES_TIME, &time),
        (tags::CONTENT_DATE, &date),
        (tags::CONTENT_TIME, &time),
        (tags::TIMEZONE_OFFSET_FROM_UTC, &at.strftime("%z").to_string()),
        (tags::MODALITY, modality),
        (tags::MANUFACTURER, "Confrere"),
        (tags::INSTITUTION_NAME, &sheet.reader),
        (tags::STATION_NAME, STATION),
        (tags::SERIES_DESCRIPTION, &words::title(sheet)),
        (tags::STUDY_INSTANCE_UID, study.study.as_str()),
        (tags::SERIES_INSTANCE_UID, kind.series(&sheet.case).as_str()),
        (tags::SERIES_NUMBER, series_number),
        (tags::INSTANCE_NUMBER, &number),
    ]);
    for (tag, value) in [
        (tags::STUDY_DATE, &study.date),
        (tags::STUDY_TIME, &study.time),
        (tags::ACCESSION_NUMBER, &study.accession),
        (tags::REFERRING_PHYSICIAN_NAME, &study.referrer),
        (tags::STUDY_DESCRIPTION, &study.description),
        (tags::STUDY_ID, &study.study_id),
        (tags::PATIENT_NAME, &patient.name),
        (tags::PATIENT_ID, &patient.id),
        (tags::PATIENT_BIRTH_DATE, &patient.birth_date),
        (tags::PATIENT_SEX, &patient.sex),
    ] {
        put_some(&mut object, tag, value.as_deref());
    }
    if let Some(issuer) = patient.issuer.as_deref() {
        put(&mut object, tags::ISSUER_OF_PATIENT_ID, issuer);
    }
    object
}

fn encapsulated(object: &mut Object, sheet: &Sheet, study: &StudyRow) {
    // What became of it since is no part of the object.
    let bytes = pdf(&Sheet { superseded: None, ..sheet.clone() });
    if !sheet.before.is_empty() {
        put_items(object, tags::PREDECESSOR_DOCUMENTS_SEQUENCE, vec![predecessors(sheet, study, Kind::Pdf)]);
    }
    for (tag, value) in [
        (tags::CONVERSION_TYPE, "SYN"),
        (tags::BURNED_IN_ANNOTATION, "YES"),
        (tags::DOCUMENT_TITLE, &words::title(sheet)),
        (tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, "application/pdf"),
        (tags::VERIFICATION_FLAG, if sheet.is_preliminary() { "UNVERIFIED" } else { "VERIFIED" }),
    ] {
        put(object, tag, value);
    }
    put_items(object, tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code(REPORT)]);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    object.put(DataElement::new(tags::ENCAPSULATED_DOCUMENT_LENGTH, VR::UL, PrimitiveValue::from(length)));
    object.put(DataElement::new(tags::ENCAPSULATED_DOCUMENT, VR::OB, PrimitiveValue::from(bytes)));
}

fn text(object: &mut Object, sheet: &Sheet, study: &StudyRow) {
    let at = at(sheet, study).strftime("%Y%m%d%H%M%S%z").to_string();
    let (complete, verified) =
        if sheet.is_preliminary() { ("PARTIAL", "UNVERIFIED") } else { ("COMPLETE", "VERIFIED") };
    put(object, tags::COMPLETION_FLAG, complete);
    put(object, tags::VERIFICATION_FLAG, verified);
    put(object, tags::PRELIMINARY_FLAG, if sheet.is_preliminary() { "PRELIMINARY" } else { "FINAL" });
    let mut author = of(&[
        (tags::INSTITUTION_NAME, &sheet.reader),
        (tags::OBSERVER_TYPE, "PSN"),
        (tags::PERSON_NAME, &sheet.person),
    ]);
    put_items(&mut author, tags::INSTITUTION_CODE_SEQUENCE, Vec::new());
    put_items(&mut author, tags::PERSON_IDENTIFICATION_CODE_SEQUENCE, Vec::new());
    put_items(object, tags::AUTHOR_OBSERVER_SEQUENCE, vec![author]);
    if !sheet.is_preliminary() {
        let mut verifier = of(&[
            (tags::VERIFYING_ORGANIZATION, &sheet.reader),
            (tags::VERIFICATION_DATE_TIME, &at),
            (tags::VERIFYING_OBSERVER_NAME, &sheet.person),
        ]);
        put_items(&mut verifier, tags::VERIFYING_OBSERVER_IDENTIFICATION_CODE_SEQUENCE, Vec::new());
        put_items(object, tags::VERIFYING_OBSERVER_SEQUENCE, vec![verifier]);
    }
    put_items(object, tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    put_items(object, tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new());
    if !sheet.before.is_empty() {
        put_items(object, tags::PREDECESSOR_DOCUMENTS_SEQUENCE, vec![predecessors(sheet, study, Kind::Sr)]);
    }
    let (own, others): (Vec<_>, Vec<_>) =
        sheet.beside.references.iter().partition(|reference| reference.study == study.study);
    for (tag, references) in
        [(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, own), (tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE, others)]
    {
        if !references.is_empty() {
            put_items(object, tag, evidence(&references));
        }
    }
    put(object, tags::VALUE_TYPE, "CONTAINER");
    put_items(object, tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code(REPORT)]);
    put(object, tags::CONTINUITY_OF_CONTENT, "SEPARATE");
    let template = of(&[(tags::MAPPING_RESOURCE, "DCMR"), (tags::TEMPLATE_IDENTIFIER, "2000")]);
    put_items(object, tags::CONTENT_TEMPLATE_SEQUENCE, vec![template]);
    put_items(object, tags::CONTENT_SEQUENCE, content(sheet));
}

/// The objects of the same kind that this one stands in the place of, or adds to.
fn predecessors(sheet: &Sheet, study: &StudyRow, kind: Kind) -> Object {
    let named = sheet.before.iter().map(|event| {
        let [own, second] = kind.instances(event);
        let instance = if sheet.beside.seconds.contains(&second) { second } else { own };
        of(&[(tags::REFERENCED_SOP_CLASS_UID, kind.class()), (tags::REFERENCED_SOP_INSTANCE_UID, instance.as_str())])
    });
    let mut series = of(&[(tags::SERIES_INSTANCE_UID, kind.series(&sheet.case).as_str())]);
    put_items(&mut series, tags::REFERENCED_SOP_SEQUENCE, named.collect());
    let mut predecessors = of(&[(tags::STUDY_INSTANCE_UID, study.study.as_str())]);
    put_items(&mut predecessors, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    predecessors
}

/// The items below the root, in the order of TID 2000.
fn content(sheet: &Sheet) -> Vec<Object> {
    let language = match sheet.language() {
        Language::English => ("en", "RFC5646", "English"),
        Language::French => ("fr", "RFC5646", "French"),
    };
    let mut items = vec![
        coded("HAS CONCEPT MOD", LANGUAGE, language),
        coded("HAS OBS CONTEXT", OBSERVER_TYPE, PERSON),
        valued("HAS OBS CONTEXT", "PNAME", OBSERVER_NAME, (tags::PERSON_NAME, &sheet.person)),
        valued("HAS OBS CONTEXT", "TEXT", OBSERVER_PLACE, (tags::TEXT_VALUE, &sheet.reader)),
    ];
    let report = &sheet.report;
    let is_addendum = report.standing == Standing::Addendum;
    let parts = [&report.indication, &report.technique, &report.findings, &report.conclusion];
    for ((heading, element), part) in PARTS.into_iter().zip(parts) {
        if !part.trim().is_empty() {
            items.push(section(if is_addendum { ADDENDUM } else { heading }, element, part));
        }
    }
    if report.critical {
        let said = words::label(sheet, words::Label::Critical);
        items.push(section(CRITICAL, SUMMARY, &said));
    }
    if !report.despite.trim().is_empty() {
        let said = format!("{} : {}", words::label(sheet, words::Label::Despite), report.despite);
        items.push(section(SUMMARY, SUMMARY, &said));
    }
    if let Some(known) = sheet.identified() {
        items.push(section(SUMMARY, SUMMARY, &format!("{} : {known}", words::label(sheet, words::Label::Identified))));
    }
    let (said, bare): (Vec<&Reference>, Vec<&Reference>) =
        sheet.beside.references.iter().partition(|reference| !reference.text.trim().is_empty());
    items.extend(said.into_iter().map(|one| chosen(&one.text, &[one])));
    if !bare.is_empty() {
        items.push(chosen("", &bare));
    }
    items
}

/// Study by study and series by series, each object once.
fn evidence(references: &[&Reference]) -> Vec<Object> {
    let mut studies: BTreeMap<&Uid, BTreeMap<&Uid, BTreeMap<&Uid, &Uid>>> = BTreeMap::new();
    for one in references {
        let series = studies.entry(&one.study).or_default().entry(&one.series).or_default();
        let _ = series.insert(&one.instance, &one.class);
    }
    let objects = |objects: BTreeMap<&Uid, &Uid>| {
        let object = |(instance, class): (&Uid, &Uid)| object(class, instance);
        objects.into_iter().map(object).collect::<Vec<Object>>()
    };
    let series = |(uid, found): (&Uid, BTreeMap<&Uid, &Uid>)| {
        let mut series = of(&[(tags::SERIES_INSTANCE_UID, uid.as_str())]);
        put_items(&mut series, tags::REFERENCED_SOP_SEQUENCE, objects(found));
        series
    };
    let study = |(uid, all): (&Uid, BTreeMap<&Uid, BTreeMap<&Uid, &Uid>>)| {
        let mut study = of(&[(tags::STUDY_INSTANCE_UID, uid.as_str())]);
        put_items(&mut study, tags::REFERENCED_SERIES_SEQUENCE, all.into_iter().map(series).collect());
        study
    };
    studies.into_iter().map(study).collect()
}

fn object(class: &Uid, instance: &Uid) -> Object {
    of(&[(tags::REFERENCED_SOP_CLASS_UID, class.as_str()), (tags::REFERENCED_SOP_INSTANCE_UID, instance.as_str())])
}

/// What was chosen, in a section of its own (TID 2005): images and documents about images, with what is said of them.
fn chosen(text: &str, references: &[&Reference]) -> Object {
    let one = |reference: &&Reference| {
        let value_type = if reference.is_image { "IMAGE" } else { "COMPOSITE" };
        let mut item = of(&[(tags::RELATIONSHIP_TYPE, "CONTAINS"), (tags::VALUE_TYPE, value_type)]);
        let mut object = object(&reference.class, &reference.instance);
        if let Some(frame) = reference.frame {
            put(&mut object, tags::REFERENCED_FRAME_NUMBER, &frame.to_string());
        }
        put_items(&mut item, tags::REFERENCED_SOP_SEQUENCE, vec![object]);
        item
    };
    let mut section = item("CONTAINS", "CONTAINER", KEY_IMAGES);
    put(&mut section, tags::CONTINUITY_OF_CONTENT, "SEPARATE");
    let said = (!text.is_empty()).then(|| valued("CONTAINS", "TEXT", DESCRIPTION, (tags::TEXT_VALUE, text)));
    put_items(&mut section, tags::CONTENT_SEQUENCE, said.into_iter().chain(references.iter().map(one)).collect());
    section
}

fn item(relationship: &str, value_type: &str, name: Code) -> Object {
    let mut item = of(&[(tags::RELATIONSHIP_TYPE, relationship), (tags::VALUE_TYPE, value_type)]);
    put_items(&mut item, tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code(name)]);
    item
}

fn coded(relationship: &str, name: Code, value: Code) -> Object {
    let mut item = item(relationship, "CODE", name);
    put_items(&mut item, tags::CONCEPT_CODE_SEQUENCE, vec![code(value)]);
    item
}

fn valued(relationship: &str, value_type: &str, name: Code, (tag, value): (Tag, &str)) -> Object {
    let mut item = item(relationship, value_type, name);
    put(&mut item, tag, value);
    item
}

fn section(heading: Code, element: Code, text: &str) -> Object {
    let mut section = item("CONTAINS", "CONTAINER", heading);
    put(&mut section, tags::CONTINUITY_OF_CONTENT, "SEPARATE");
    // Lines as a UT value has them (PS3.5 6.2).
    let text = text.trim_end().replace("\r\n", "\n").replace('\n', "\r\n");
    put_items(
        &mut section,
        tags::CONTENT_SEQUENCE,
        vec![valued("CONTAINS", "TEXT", element, (tags::TEXT_VALUE, &text))],
    );
    section
}
