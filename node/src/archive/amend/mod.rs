//! Corrections in an object's bytes as it leaves: a coerced copy, while the stored bytes stay.
//!
//! Corrected attributes take the place of received ones in the header; everything else stays byte for byte, unless a
//! value has letters that the object's character set lacks: then all its text is written in UTF-8. What they replace goes
//! into the Original Attributes Sequence (PS3.3 C.12.1.1.9), behind items that are there already. An object whose study
//! has no correction never comes here.
//!
//! # Not here
//! Encapsulated documents get no Original Attributes Sequence, which would have to stand behind the document. What
//! leaves, and to whom: `studies` and the doors.

mod recode;

use super::{edits, prescan};
use prescan::Coding;
use protocol::{
    Timestamp, Uid,
    limits::HEADER_BYTES_MAX,
    manifest::{Amended, Edit},
};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

const CHARSET: u32 = 0x0008_0005;
const SOP_CLASS: u32 = 0x0008_0016;
const ORIGINALS: u32 = 0x0400_0561;
const MODIFIED: u32 = 0x0400_0550;
const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const UNDEFINED: u32 = u32::MAX;
/// Nesting that taking in allows.
const DEPTH_MAX: usize = 130;
const DOCUMENTS: &str = "1.2.840.10008.5.1.4.1.1.104.";

/// An element as it stands in a header.
struct Element {
    tag: u32,
    start: usize,
    /// Where its value begins.
    value: usize,
    end: usize,
    is_undefined: bool,
}

/// The bytes that take the place of a stored data set's header; for a deflated one, of all of it. `system` is who
/// modifies, by name. `None` where the header cannot be followed, which what was taken in always can.
pub(crate) fn amended_header(header: &[u8], transfer_syntax: &Uid, amended: &Amended, system: &str) -> Option<Vec<u8>> {
    let (is_deflated, coding) = prescan::coding_of(transfer_syntax);
    if !is_deflated {
        return amended_plain(header, coding, amended, system);
    }
    let mut plain = Vec::new();
    let inflating = flate2::read::DeflateDecoder::new(header);
    inflating.take(HEADER_BYTES_MAX * 4 + 1).read_to_end(&mut plain).ok()?;
    if plain.is_empty() || plain.len() as u64 > HEADER_BYTES_MAX * 4 {
        return None;
    }
    let out = amended_plain(&plain, coding, amended, system)?;
    let mut deflating = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflating.write_all(&out).ok()?;
    let mut out = deflating.finish().ok()?;
    if out.len() % 2 == 1 {
        out.push(0);
    }
    Some(out)
}

/// As [`amended_header`], of a data set that was inflated where it was deflated.
pub(crate) fn amended_inflated(
    header: &[u8],
    transfer_syntax: &Uid,
    amended: &Amended,
    system: &str,
) -> Option<Vec<u8>> {
    amended_plain(header, prescan::coding_of(transfer_syntax).1, amended, system)
}

fn amended_plain(header: &[u8], coding: Coding, amended: &Amended, system: &str) -> Option<Vec<u8>> {
    let elements = elements_of(header, coding, 0)?;
    let charset = elements.iter().find(|e| e.tag == CHARSET).and_then(|e| header.get(e.value..e.end));
    let charset = charset.unwrap_or_default();
    let fits = |edit: &Edit| {
        edit.value.as_deref().is_none_or(|text| text.is_ascii() || !charset.is_empty() && prescan::fits(charset, text))
    };
    if amended.edits.iter().all(fits) {
        return amended_in(header, &elements, coding, amended, system);
    }
    // A name with other letters in it would be another name: all is written in a set that has them.
    match recode::in_utf_8(header, coding, charset) {
        Some(unicode) => amended_in(&unicode, &elements_of(&unicode, coding, 0)?, coding, amended, system),
        None => amended_in(header, &elements, coding, amended, system),
    }
}

/// The elements of a data set, or of an item.
fn elements_of(header: &[u8], coding: Coding, depth: usize) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut at = 0;
    while at < header.len() && header.get(at..).is_some_and(|rest| rest.iter().any(|b| *b != 0)) {
        let element = element(header, at, coding, depth)?;
        at = element.end;
        elements.push(element);
    }
    Some(elements)
}

fn amended_in(header: &[u8], elements: &[Element], coding: Coding, amended: &Amended, system: &str) -> Option<Vec<u8>> {
    let value = |tag: u32| elements.iter().find(|e| e.tag == tag).and_then(|e| header.get(e.value..e.end));
    let charset = value(CHARSET).unwrap_or_default();
    let is_document = value(SOP_CLASS).is_some_and(|class| class.starts_with(DOCUMENTS.as_bytes()));
    let mut puts: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for edit in &amended.edits {
        let attribute = edits::by_tag(edit.tag)?;
        let mut bytes = prescan::encode(charset, edit.value.as_deref().unwrap_or_default());
        pad(&mut bytes);
        puts.insert(edit.tag, written(coding, edit.tag, attribute.vr, &bytes));
    }
    if !is_document {
        let item = original(header, elements, coding, amended, system);
        let before = elements.iter().find(|e| e.tag == ORIGINALS);
        let mut items = before.map(|e| items_of(header, e)).unwrap_or_default();
        items.extend_from_slice(&item);
        puts.insert(ORIGINALS, written(coding, ORIGINALS, *b"SQ", &items));
    }
    let mut out = Vec::with_capacity(header.len() + 1024);
    let mut end = 0;
    for element in elements {
        while let Some(put) = puts.first_entry().filter(|put| *put.key() < element.tag) {
            out.extend_from_slice(&put.remove());
        }
        match puts.remove(&element.tag) {
            Some(put) => out.extend_from_slice(&put),
            // Group lengths of what changed would be wrong; they are retired.
            None if element.tag & 0xFFFF == 0 => {}
            None => out.extend_from_slice(header.get(element.start..element.end)?),
        }
        end = element.end;
    }
    for put in puts.into_values() {
        out.extend_from_slice(&put);
    }
    out.extend_from_slice(header.get(end..)?);
    Some(out)
}

/// Items of a sequence without what ends it.
fn items_of(header: &[u8], sequence: &Element) -> Vec<u8> {
    let end = if sequence.is_undefined { sequence.end.saturating_sub(8) } else { sequence.end };
    header.get(sequence.value..end).unwrap_or_default().to_vec()
}

/// One item of the Original Attributes Sequence.
fn original(header: &[u8], elements: &[Element], coding: Coding, amended: &Amended, system: &str) -> Vec<u8> {
    let mut was = Vec::new();
    let mut sorted: Vec<&Edit> = amended.edits.iter().collect();
    sorted.sort_by_key(|edit| edit.tag);
    for edit in sorted {
        match elements.iter().find(|element| element.tag == edit.tag) {
            Some(element) => was.extend_from_slice(header.get(element.start..element.end).unwrap_or_default()),
            None => {
                let vr = edits::by_tag(edit.tag).map_or(*b"LO", |attribute| attribute.vr);
                was.extend_from_slice(&written(coding, edit.tag, vr, &[]));
            }
        }
    }
    let mut body = written(coding, MODIFIED, *b"SQ", &item(coding, &was));
    let mut text = |tag: u32, vr: [u8; 2], text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        pad(&mut bytes);
        body.extend_from_slice(&written(coding, tag, vr, &bytes));
    };
    text(0x0400_0562, *b"DT", &format!("{}+0000", moment(amended.at)));
    let system: String = system.chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).take(64).collect();
    text(0x0400_0563, *b"LO", if system.trim().is_empty() { "Confrere" } else { system.trim() });
    text(0x0400_0564, *b"LO", "");
    text(0x0400_0565, *b"CS", "CORRECT");
    item(coding, &body)
}

/// `YYYYMMDDHHMMSS`, UTC.
fn moment(at: Timestamp) -> String {
    crate::tasks::civil(at)
}

fn pad(bytes: &mut Vec<u8>) {
    if bytes.len() % 2 == 1 {
        bytes.push(b' ');
    }
}

fn put_tag(out: &mut Vec<u8>, coding: Coding, tag: u32) {
    let [a, b, c, d] = tag.to_be_bytes();
    out.extend_from_slice(&if coding == Coding::ExplicitBe { [a, b, c, d] } else { [b, a, d, c] });
}

fn put_length(out: &mut Vec<u8>, coding: Coding, length: usize) {
    let length = u32::try_from(length).unwrap_or(0);
    out.extend_from_slice(&if coding == Coding::ExplicitBe { length.to_be_bytes() } else { length.to_le_bytes() });
}

fn item(coding: Coding, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 8);
    put_tag(&mut out, coding, ITEM);
    put_length(&mut out, coding, body.len());
    out.extend_from_slice(body);
    out
}

/// An element of one of the representations used here: all but SQ have the short form.
fn written(coding: Coding, tag: u32, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 12);
    put_tag(&mut out, coding, tag);
    if coding == Coding::ImplicitLe {
        put_length(&mut out, coding, value.len());
    } else if vr == *b"SQ" {
        out.extend_from_slice(&[b'S', b'Q', 0, 0]);
        put_length(&mut out, coding, value.len());
    } else {
        out.extend_from_slice(&vr);
        let length = u16::try_from(value.len()).unwrap_or(0);
        out.extend_from_slice(&if coding == Coding::ExplicitBe { length.to_be_bytes() } else { length.to_le_bytes() });
    }
    out.extend_from_slice(value);
    out
}

fn number(coding: Coding, bytes: &[u8], at: usize) -> Option<u32> {
    let bytes: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if coding == Coding::ExplicitBe { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

fn tag_at(coding: Coding, bytes: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c, d] = bytes.get(at..at.checked_add(4)?)? else { return None };
    Some(u32::from_be_bytes(if coding == Coding::ExplicitBe { [a, b, c, d] } else { [b, a, d, c] }))
}

fn element(bytes: &[u8], start: usize, coding: Coding, depth: usize) -> Option<Element> {
    let tag = tag_at(coding, bytes, start)?;
    let after = start.checked_add(4)?;
    let (length, value, inner) = if coding == Coding::ImplicitLe {
        (number(coding, bytes, after)?, start.checked_add(8)?, coding)
    } else {
        let vr = bytes.get(after..after.checked_add(2)?)?;
        let &[l1, l2] = bytes.get(start.checked_add(6)?..start.checked_add(8)?)? else { return None };
        let known = dicom_core::VR::from_binary(vr.try_into().ok()?);
        let is_long = matches!(vr, b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN")
            || matches!(vr, b"UR" | b"UT" | b"UV")
            || (known.is_none() && l1 == 0 && l2 == 0);
        let inner = if vr == b"UN" || known.is_none() { Coding::ImplicitLe } else { coding };
        if is_long {
            (number(coding, bytes, start.checked_add(8)?)?, start.checked_add(12)?, inner)
        } else {
            let short =
                if coding == Coding::ExplicitBe { u16::from_be_bytes([l1, l2]) } else { u16::from_le_bytes([l1, l2]) };
            (u32::from(short), start.checked_add(8)?, inner)
        }
    };
    let is_undefined = length == UNDEFINED;
    let end = if is_undefined {
        sequence_end(bytes, value, inner, depth + 1)?
    } else {
        value.checked_add(usize::try_from(length).ok()?)?
    };
    (end <= bytes.len()).then_some(Element { tag, start, value, end, is_undefined })
}

/// Behind the delimiter of a sequence whose length is not given.
fn sequence_end(bytes: &[u8], mut at: usize, coding: Coding, depth: usize) -> Option<usize> {
    if depth > DEPTH_MAX {
        return None;
    }
    loop {
        let (tag, length) = (tag_at(coding, bytes, at)?, number(coding, bytes, at.checked_add(4)?)?);
        at = at.checked_add(8)?;
        match (tag, length) {
            (SEQUENCE_END, _) => return Some(at),
            (ITEM, UNDEFINED) => {
                while tag_at(coding, bytes, at)? != ITEM_END {
                    at = element(bytes, at, coding, depth + 1)?.end;
                }
                at = at.checked_add(8)?;
            }
            (ITEM, length) => at = at.checked_add(usize::try_from(length).ok()?)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{edits::tag, prescan::DataSet, tests::Made};
    use protocol::manifest::Amendment;

    fn amended() -> Amended {
        let edit = |tag, value: &str| Edit { tag, value: Some(value.to_owned()).filter(|v| !v.is_empty()) };
        let edits = vec![
            edit(tag::ACCESSION, "A9"),
            edit(tag::PATIENT_NAME, "Lefèvre^Éloïse"),
            edit(tag::PATIENT_ID, "P2"),
            edit(tag::SEX, ""),
        ];
        Amended { at: Timestamp(1_700_000_000_000), what: Amendment::Corrected, edits }
    }

    fn says(bytes: &[u8], syntax: &str) -> crate::archive::rows::StudySays {
        prescan::scan(DataSet::Memory(bytes), &Uid::parse(syntax).unwrap()).unwrap().study
    }

    #[test]
    fn only_corrected_attributes_are_others_and_the_first_ones_are_kept() {
        let explicit = "1.2.840.10008.1.2.1";
        let mut made = Made::new("1.2", "1.3", "1.4");
        made.text(0x0010_0040, "CS", "M").text(0x0010_1010, "AS", "042Y");
        let bytes = made.data_set();
        let out = amended_header(&bytes, &Uid::parse(explicit).unwrap(), &amended(), "CH Nord").unwrap();
        let now = says(&out, explicit);
        assert_eq!(now.patient.name.as_deref(), Some("Lefèvre^Éloïse"));
        assert_eq!((now.patient.id.as_deref(), now.patient.sex), (Some("P2"), None));
        assert_eq!(now.accession.as_deref(), Some("A9"));
        let class = Uid::parse("1.2.840.10008.5.1.4.1.1.2").unwrap();
        let file = [crate::archive::front(explicit, &class, &Uid::parse("1.4").unwrap()), out.clone()].concat();
        let file = dicom_object::from_reader(&file[..]).unwrap();
        let object: &dicom_object::InMemDicomObject = &file;
        let text = |object: &dicom_object::InMemDicomObject, tag: (u16, u16)| {
            object.element(dicom_core::Tag(tag.0, tag.1)).unwrap().to_str().unwrap().trim().to_owned()
        };
        let originals = object.element(dicom_core::Tag(0x0400, 0x0561)).unwrap().items().unwrap();
        assert_eq!(text(&originals[0], (0x0400, 0x0565)), "CORRECT");
        assert_eq!(text(&originals[0], (0x0400, 0x0563)), "CH Nord");
        let was = originals[0].element(dicom_core::Tag(0x0400, 0x0550)).unwrap().items().unwrap();
        assert_eq!(
            (text(&was[0], (0x0010, 0x0010)), text(&was[0], (0x0010, 0x0020))),
            ("Test^Anna".into(), "P1".into())
        );
        assert_eq!(text(&was[0], (0x0008, 0x0050)), "");
        assert_eq!(text(object, (0x0010, 0x1010)), "042Y");
        // Amended once more, the first item stays.
        let again = amended_header(&out, &Uid::parse(explicit).unwrap(), &amended(), "CH Nord").unwrap();
        assert_eq!(again.windows(8).filter(|w| *w == b"CORRECT ").count(), 2);
    }

    #[test]
    fn a_declared_character_set_is_kept() {
        let explicit = Uid::parse("1.2.840.10008.1.2.1").unwrap();
        let mut made = Made::new("1.2", "1.3", "1.4");
        made.text(0x0008_0005, "CS", "ISO_IR 100");
        let out = amended_header(&made.data_set(), &explicit, &amended(), "x").unwrap();
        assert!(out.windows(14).any(|w| w == b"Lef\xe8vre^\xc9lo\xefse"), "in Latin-1");
        assert_eq!(says(&out, explicit.as_str()).patient.name.as_deref(), Some("Lefèvre^Éloïse"));
    }

    #[test]
    fn a_name_keeps_its_letters_though_the_object_s_set_lacks_them() {
        let name = "Łœuillet^Ζωή";
        let mut amended = amended();
        amended.edits[1].value = Some(name.to_owned());
        for (syntax, charset) in [
            ("1.2.840.10008.1.2.1", "ISO_IR 100"),
            ("1.2.840.10008.1.2.1", ""),
            ("1.2.840.10008.1.2", "ISO_IR 100"),
            ("1.2.840.10008.1.2.2", "ISO_IR 100"),
        ] {
            let (coding, uid) = (prescan::coding_of(&Uid::parse(syntax).unwrap()).1, Uid::parse(syntax).unwrap());
            // Descriptions in Latin-1, one of them in an item of undefined length; a private value that is no text.
            let latin = b"Cr\xe2ne ";
            let mut sequence = item(coding, &written(coding, 0x0008_0104, *b"LO", latin));
            let mut end = Vec::new();
            put_tag(&mut end, coding, SEQUENCE_END);
            put_length(&mut end, coding, 0);
            sequence.extend(end);
            let mut head = written(coding, 0x0008_1032, *b"SQ", &[]);
            let at = head.len() - 4;
            head.truncate(at);
            head.extend([0xFF; 4]);
            let made = [
                written(coding, CHARSET, *b"CS", charset.as_bytes()),
                written(coding, SOP_CLASS, *b"UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
                written(coding, 0x0008_1030, *b"LO", latin),
                head,
                sequence,
                written(coding, 0x0010_0010, *b"PN", b"B\xfcc^J "),
                written(coding, 0x0011_1001, *b"CS", b"\xe2\xff"),
                written(coding, 0x0020_000D, *b"UI", b"1.2\0"),
                written(coding, 0x0020_000E, *b"UI", b"1.3\0"),
            ];
            let header = if charset.is_empty() { made[1..].concat() } else { made.concat() };
            let out = amended_header(&header, &uid, &amended, "x").unwrap();
            let now = says(&out, syntax);
            assert_eq!(now.patient.name.as_deref(), Some(name), "{syntax} {charset}");
            assert_eq!(now.description.as_deref(), Some("Crâne"), "{syntax} {charset}");
            let has = |bytes: &[u8]| out.windows(bytes.len()).any(|window| window == bytes);
            assert!(has(&written(coding, CHARSET, *b"CS", b"ISO_IR 192")), "{syntax} {charset}");
            assert!(has(&written(coding, 0x0008_0104, *b"LO", "Crâne".as_bytes())), "{syntax} {charset}");
            assert!(
                has(&written(coding, 0x0010_0010, *b"PN", "Büc^J".as_bytes())),
                "what was is kept: {syntax} {charset}"
            );
            assert!(has(b"\xe2\xff"), "what is no text stays: {syntax} {charset}");
        }
    }

    #[test]
    fn of_a_report_a_correction_reaches_the_patient_and_the_study_and_no_word_of_its_own() {
        let explicit = Uid::parse("1.2.840.10008.1.2.1").unwrap();
        let mut made = Made::new("1.2", "1.3", "1.4");
        made.text(0x0008_1010, "SH", crate::archive::REPORT_STATION);
        // Dates of the series and of the content, who wrote it and where, its title, what was said in it.
        made.text(0x0008_0021, "DA", "20240103").text(0x0008_0023, "DA", "20240103").text(0x0008_0080, "LO", "CHU Sud");
        made.text(0x0008_103E, "LO", "Report").text(0x0040_A075, "PN", "dr.leroy").text(0x0040_A491, "CS", "COMPLETE");
        made.text(0x0040_A493, "CS", "VERIFIED").text(0x0042_0010, "ST", "CT");
        made.text(0x0040_A160, "LT", "no haemorrhage");
        let all = edits::ATTRIBUTES.iter().map(|known| Edit { tag: known.tag, value: None }).collect();
        let all = Amended { at: Timestamp(1_700_000_000_000), what: Amendment::Corrected, edits: all };
        let (before, coding) = (made.data_set(), prescan::coding_of(&explicit).1);
        let after = amended_header(&before, &explicit, &all, "CH Nord").unwrap();
        assert_eq!(says(&after, explicit.as_str()).patient.name, None, "corrected");
        let own = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let elements = elements_of(bytes, coding, 0).unwrap();
            let is_own = |element: &&Element| edits::by_tag(element.tag).is_none() && element.tag != ORIGINALS;
            elements.iter().filter(is_own).map(|element| bytes[element.start..element.end].to_vec()).collect()
        };
        assert_eq!(own(&after), own(&before));
        assert!(own(&before).len() >= 10);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_followed_or_not(bytes in proptest::collection::vec(0u8..=255, 0..300), coding in 0..3usize) {
            let syntax = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"][coding];
            let _ = amended_header(&bytes, &Uid::parse(syntax).unwrap(), &amended(), "x");
        }
    }
}
