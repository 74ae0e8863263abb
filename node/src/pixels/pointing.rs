//! What a document of a study points at: the images of a Key Object Selection (PS3.3 C.17.6), and where measurements of a
//! structured report were taken (PS3.16 TID 1410, 1411, 1501, in whatever stands around them).
//!
//! Documents come from any workstation and from peers: a place that is not named by the document's own evidence, or not in
//! full, is left out, and so is what is beyond the bounds.
//!
//! # Not here
//! Rejection notes, which are of the same class and say something else: [`super::rejection_note`].

use super::{
    dataset::{DataSet, Syntax, readable},
    rejection_note,
};
use crate::archive::text_of;
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use protocol::Uid;
use std::collections::HashMap;

/// A document larger than this is no selection and no measurements of a reader.
const HEADER_BYTES_MAX: usize = 4 << 20;
/// Places of one document that are told.
const PLACES_MAX: usize = 128;
/// Values of one place.
const VALUES_MAX: usize = 16;
/// Instances that the evidence of one document may name; beyond, they are nowhere.
const EVIDENCE_MAX: usize = 50_000;

/// Measurement Group, Finding, Tracking Identifier, Key Object Description (DCM).
const GROUP: &str = "125007";
const FINDING: &str = "121071";
const TRACKING: &str = "112039";
const DESCRIPTION: &str = "113012";
/// Finding Site, by its codes of then and now: where the viewer writes what a person called it.
const SITES: [&str; 2] = ["363698007", "G-C0E3"];

/// A number that somebody measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// What, as the document calls it.
    pub(crate) name: String,
    /// As it stands in the document.
    pub(crate) value: String,
    /// UCUM; empty: none.
    pub(crate) unit: String,
}

/// An image that a document points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) study: Uid,
    pub(crate) series: Uid,
    pub(crate) instance: Uid,
    /// From 1, where one frame is meant.
    pub(crate) frame: Option<u32>,
    /// What is to be seen there.
    pub(crate) label: String,
    /// Empty: it was chosen, and nothing measured.
    pub(crate) values: Vec<Measured>,
}

/// Whether documents of this class may point at images: selections, and reports that can hold measurements.
pub(crate) fn points(class: &Uid) -> bool {
    [
        uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
        uids::ENHANCED_SR_STORAGE,
        uids::COMPREHENSIVE_SR_STORAGE,
        uids::COMPREHENSIVE3_DSR_STORAGE,
    ]
    .contains(&class.as_str())
}

/// Where a document of one of these classes points. Nothing of a rejection note.
pub(crate) fn read(header: &[u8], transfer_syntax: &str) -> Vec<Place> {
    if header.len() > HEADER_BYTES_MAX || rejection_note::read(header, transfer_syntax).is_some() {
        return Vec::new();
    }
    let mut syntax = Syntax::of(transfer_syntax);
    let Ok(plain) = readable(header, syntax) else { return Vec::new() };
    syntax.deflated = false;
    let Ok(set) = DataSet::parse(&plain, syntax) else { return Vec::new() };
    let charset = set.bytes(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default();
    let document = Document { charset, syntax, evidence: evidence(&set) };
    let mut places = Vec::new();
    if set.ascii(tags::SOP_CLASS_UID).as_deref() == Some(uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE) {
        document.selected(&set, &mut places);
    } else {
        document.measured(&set, &mut places);
    }
    places
}

/// Where each instance lies that the document names: study and series.
fn evidence(set: &DataSet<'_>) -> HashMap<Uid, (Uid, Uid)> {
    let uid = |item: &DataSet<'_>, tag| item.ascii(tag).and_then(|text| Uid::parse(&text).ok());
    let mut found = HashMap::new();
    for tag in [tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE] {
        for study in set.items(tag) {
            let Some(named) = uid(study, tags::STUDY_INSTANCE_UID) else { continue };
            for series in study.items(tags::REFERENCED_SERIES_SEQUENCE) {
                let Some(lies) = uid(series, tags::SERIES_INSTANCE_UID) else { continue };
                for one in series.items(tags::REFERENCED_SOP_SEQUENCE) {
                    if found.len() >= EVIDENCE_MAX {
                        return found;
                    }
                    if let Some(instance) = uid(one, tags::REFERENCED_SOP_INSTANCE_UID) {
                        let _ = found.insert(instance, (named.clone(), lies.clone()));
                    }
                }
            }
        }
    }
    found
}

/// The code of an item's name, if it is one of DICOM's own.
fn named(item: &DataSet<'_>) -> Option<String> {
    let name = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first()?;
    name.ascii(tags::CODE_VALUE).filter(|_| name.ascii(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some("DCM"))
}

struct Document<'a> {
    charset: &'a [u8],
    syntax: Syntax,
    evidence: HashMap<Uid, (Uid, Uid)>,
}

impl Document<'_> {
    fn text(&self, item: &DataSet<'_>, tag: Tag) -> Option<String> {
        text_of(self.charset, item.bytes(tag)?)
    }

    fn meaning(&self, item: &DataSet<'_>, sequence: Tag) -> Option<String> {
        self.text(item.items(sequence).first()?, tags::CODE_MEANING)
    }

    /// The image of an item, and of nothing else but one.
    fn place(&self, item: &DataSet<'_>) -> Option<Place> {
        let one = item.items(tags::REFERENCED_SOP_SEQUENCE).first()?;
        let instance = Uid::parse(&one.ascii(tags::REFERENCED_SOP_INSTANCE_UID)?).ok()?;
        let (study, series) = self.evidence.get(&instance)?.clone();
        let frame = one.count(tags::REFERENCED_FRAME_NUMBER, self.syntax).filter(|frame| *frame > 0);
        Some(Place { study, series, instance, frame, label: String::new(), values: Vec::new() })
    }

    /// The images of a selection, all under its description, or its title.
    fn selected(&self, set: &DataSet<'_>, places: &mut Vec<Place>) {
        let items = set.items(tags::CONTENT_SEQUENCE);
        let said = items.iter().find(|item| named(item).as_deref() == Some(DESCRIPTION));
        let said = said.and_then(|item| self.text(item, tags::TEXT_VALUE));
        let label = said.or_else(|| self.meaning(set, tags::CONCEPT_NAME_CODE_SEQUENCE)).unwrap_or_default();
        let is_image = |item: &&DataSet<'_>| item.ascii(tags::VALUE_TYPE).as_deref() == Some("IMAGE");
        let found = items.iter().filter(is_image).filter_map(|item| self.place(item));
        places.extend(found.take(PLACES_MAX).map(|place| Place { label: label.clone(), ..place }));
    }

    /// Groups of measurements, however deep they stand. Sequences nest no deeper than the reader of data sets lets them.
    fn measured(&self, set: &DataSet<'_>, places: &mut Vec<Place>) {
        for item in set.items(tags::CONTENT_SEQUENCE) {
            if places.len() >= PLACES_MAX {
                return;
            }
            if named(item).as_deref() == Some(GROUP) {
                places.extend(self.group(item));
            } else {
                self.measured(item, places);
            }
        }
    }

    fn group(&self, group: &DataSet<'_>) -> Option<Place> {
        let items = group.items(tags::CONTENT_SEQUENCE);
        let place = self.first_place(group)?;
        let of = |name: &'static str| move |item: &&DataSet<'_>| named(item).as_deref() == Some(name);
        let finding = items.iter().find(of(FINDING)).and_then(|item| {
            self.meaning(item, tags::CONCEPT_CODE_SEQUENCE).or_else(|| self.text(item, tags::TEXT_VALUE))
        });
        let is_site = |item: &&DataSet<'_>| {
            let name = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first();
            name.and_then(|name| name.ascii(tags::CODE_VALUE)).is_some_and(|code| SITES.contains(&code.as_str()))
        };
        let site = || self.meaning(items.iter().find(is_site)?, tags::CONCEPT_CODE_SEQUENCE);
        // Programs write their own name there; what a person wrote is kept.
        let tracked = || {
            let said = items.iter().find(of(TRACKING)).and_then(|item| self.text(item, tags::TEXT_VALUE))?;
            Some(said).filter(|said| !said.to_ascii_lowercase().starts_with("cornerstone"))
        };
        let label = finding.or_else(site).or_else(tracked).unwrap_or_default();
        let values = items.iter().filter_map(|item| self.number(item)).take(VALUES_MAX).collect();
        Some(Place { label, values, ..place })
    }

    fn number(&self, item: &DataSet<'_>) -> Option<Measured> {
        let measured = item.items(tags::MEASURED_VALUE_SEQUENCE).first()?;
        let value = measured.ascii(tags::NUMERIC_VALUE)?;
        // One number, as a DS holds it.
        let is_number = value.len() <= 16 && value.parse::<f64>().is_ok_and(f64::is_finite);
        let name = self.meaning(item, tags::CONCEPT_NAME_CODE_SEQUENCE).filter(|_| is_number)?;
        let unit = measured.items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE).first();
        let unit = unit.and_then(|unit| self.text(unit, tags::CODE_VALUE)).unwrap_or_default();
        Some(Measured { name, value, unit: if unit == "1" { String::new() } else { unit } })
    }

    /// The first image that stands anywhere in an item.
    fn first_place(&self, item: &DataSet<'_>) -> Option<Place> {
        self.place(item).or_else(|| item.items(tags::CONTENT_SEQUENCE).iter().find_map(|item| self.first_place(item)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_core::{DataElement, PrimitiveValue, VR, value::DataSetSequence};
    use dicom_object::InMemDicomObject;
    use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;

    type Object = InMemDicomObject;
    const EXPLICIT: &str = "1.2.840.10008.1.2.1";

    fn of(elements: &[(Tag, VR, &str)]) -> Object {
        let element = |(tag, vr, value): &(Tag, VR, &str)| DataElement::new(*tag, *vr, PrimitiveValue::from(*value));
        Object::from_element_iter(elements.iter().map(element))
    }

    fn with(mut object: Object, tag: Tag, items: Vec<Object>) -> Object {
        object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        object
    }

    fn code(value: &str, scheme: &str, meaning: &str) -> Vec<Object> {
        vec![of(&[
            (tags::CODE_VALUE, VR::SH, value),
            (tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
            (tags::CODE_MEANING, VR::LO, meaning),
        ])]
    }

    fn item(kind: &str, name: (&str, &str, &str)) -> Object {
        with(of(&[(tags::VALUE_TYPE, VR::CS, kind)]), tags::CONCEPT_NAME_CODE_SEQUENCE, code(name.0, name.1, name.2))
    }

    fn image(instance: &str, frame: &str) -> Object {
        let named = of(&[
            (tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance),
            (tags::REFERENCED_FRAME_NUMBER, VR::IS, frame),
        ]);
        with(of(&[(tags::VALUE_TYPE, VR::CS, "IMAGE")]), tags::REFERENCED_SOP_SEQUENCE, vec![named])
    }

    /// A document of study 1.2, whose evidence names two instances of series 1.2.3.
    fn document(class: &str, title: (&str, &str, &str), content: Vec<Object>) -> Vec<u8> {
        let instances = ["1.2.3.1", "1.2.3.2"].map(|uid| of(&[(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, uid)]));
        let series = of(&[(tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3")]);
        let series = with(series, tags::REFERENCED_SOP_SEQUENCE, instances.to_vec());
        let study = of(&[(tags::STUDY_INSTANCE_UID, VR::UI, "1.2")]);
        let study = with(study, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
        let root = of(&[(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"), (tags::SOP_CLASS_UID, VR::UI, class)]);
        let root = with(root, tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, vec![study]);
        let root = with(root, tags::CONCEPT_NAME_CODE_SEQUENCE, code(title.0, title.1, title.2));
        let root = with(root, tags::CONTENT_SEQUENCE, content);
        let mut bytes = Vec::new();
        root.write_dataset_with_ts(&mut bytes, &EXPLICIT_VR_LITTLE_ENDIAN.erased()).unwrap();
        bytes
    }

    fn number(name: &str, value: &str, unit: &str, within: Vec<Object>) -> Object {
        let unit = code(unit, "UCUM", "unit");
        let measured = with(of(&[(tags::NUMERIC_VALUE, VR::DS, value)]), tags::MEASUREMENT_UNITS_CODE_SEQUENCE, unit);
        let number = with(item("NUM", ("410668003", "SCT", name)), tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
        with(number, tags::CONTENT_SEQUENCE, within)
    }

    /// As the viewer writes one: the words of the reader as a finding site.
    fn group(finding: &str, at: &str) -> Object {
        let tracked = of(&[(tags::TEXT_VALUE, VR::UT, "Cornerstone3DTools@^0.1.0:Length")]);
        let mut tracking = item("TEXT", (TRACKING, "DCM", "Tracking Identifier"));
        tracking.extend(tracked);
        let seen = with(
            item("CODE", ("363698007", "SCT", "Finding Site")),
            tags::CONCEPT_CODE_SEQUENCE,
            code("CORNERSTONEFREETEXT", "CORNERSTONEJS", finding),
        );
        let drawn = with(of(&[(tags::VALUE_TYPE, VR::CS, "SCOORD")]), tags::CONTENT_SEQUENCE, vec![image(at, "1")]);
        let content = vec![
            tracking,
            seen,
            number("Length", "23.4", "mm", vec![drawn]),
            number("Ratio", "no number", "1", Vec::new()),
        ];
        with(item("CONTAINER", (GROUP, "DCM", "Measurement Group")), tags::CONTENT_SEQUENCE, content)
    }

    fn measurements(groups: Vec<Object>) -> Vec<u8> {
        let all = item("CONTAINER", ("126010", "DCM", "Imaging Measurements"));
        let title = ("126000", "DCM", "Imaging Measurement Report");
        document(uids::COMPREHENSIVE3_DSR_STORAGE, title, vec![with(all, tags::CONTENT_SEQUENCE, groups)])
    }

    #[test]
    fn measurements_are_read_with_their_images_and_nothing_that_is_nowhere() {
        let places =
            read(&measurements(vec![group("Lésion frontale", "1.2.3.2"), group("ailleurs", "1.2.9")]), EXPLICIT);
        let [place] = places.as_slice() else { panic!("one is named by the evidence: {places:?}") };
        assert_eq!((place.study.as_str(), place.series.as_str(), place.instance.as_str()), ("1.2", "1.2.3", "1.2.3.2"));
        assert_eq!((place.frame, place.label.as_str()), (Some(1), "Lésion frontale"));
        let length = Measured { name: "Length".to_owned(), value: "23.4".to_owned(), unit: "mm".to_owned() };
        assert_eq!(place.values, [length]);
    }

    #[test]
    fn a_selection_points_at_its_images_and_a_rejection_note_at_none() {
        let mut said = item("TEXT", (DESCRIPTION, "DCM", "Key Object Description"));
        said.extend(of(&[(tags::TEXT_VALUE, VR::UT, "À revoir")]));
        let content = || vec![said.clone(), image("1.2.3.1", "0"), image("1.2.3.2", "4"), image("1.2.9", "1")];
        let class = uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE;
        let places = read(&document(class, ("113000", "DCM", "Of Interest"), content()), EXPLICIT);
        let told: Vec<_> = places.iter().map(|p| (p.instance.as_str(), p.frame, p.label.as_str())).collect();
        assert_eq!(told, [("1.2.3.1", None, "À revoir"), ("1.2.3.2", Some(4), "À revoir")]);
        assert_eq!(read(&document(class, ("113037", "DCM", "Rejected"), content()), EXPLICIT), []);
    }

    #[test]
    fn whatever_is_cut_off_or_endless_is_bounded() {
        let many = measurements((0..300).map(|_| group("x", "1.2.3.1")).collect());
        assert_eq!(read(&many, EXPLICIT).len(), PLACES_MAX);
        let whole = measurements(vec![group("x", "1.2.3.1")]);
        for end in 0..whole.len() {
            assert!(read(&whole[..end], EXPLICIT).len() <= 1);
        }
    }
}
