//! Identifiers of queries and their answers (PS3.4 C.2.2), and the front of data sets as far as an answer needs it.
//!
//! Reading is one pass without recursion: elements of the top level are slices of the input, what lies inside sequences
//! is stepped over, and nothing is allocated by a declared length. What follows a broken element is left out. Answers
//! are written in UTF-8, or in Latin-1 where the question was and everything in them fits.
//!
//! # Not here
//! What an answer holds: [`super::find_scp`].

use super::negotiate::{EXPLICIT_LE, IMPLICIT_LE};
use crate::archive;
use bytes::{BufMut, Bytes, BytesMut};
use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use std::collections::BTreeMap;

/// Elements read of one data set: an identifier has some thirty, a header some hundred.
const ELEMENTS_MAX: usize = 4096;
pub(super) const UNDEFINED: u32 = u32::MAX;
const LATIN_1: &str = "ISO_IR 100";
const UTF_8: &str = "ISO_IR 192";

/// Top-level attributes by tag, values as they came; a sequence has an empty value.
#[derive(Clone, Debug, Default)]
pub(super) struct Identifier {
    elements: BTreeMap<Tag, Bytes>,
}

impl Identifier {
    /// Reads a data set; one in a syntax that is not plain little endian has no attributes.
    pub(super) fn decode(bytes: &Bytes, transfer_syntax: &str) -> Self {
        let explicit = match transfer_syntax {
            IMPLICIT_LE => false,
            "1.2.840.10008.1.2.2" | "1.2.840.10008.1.2.1.99" => return Self::default(),
            _ => true,
        };
        let (mut elements, mut at, mut depth) = (BTreeMap::new(), 0usize, 0usize);
        for _ in 0..ELEMENTS_MAX {
            let Some(head) = bytes.get(at..).and_then(|rest| head(rest, explicit)) else { break };
            at += head.bytes;
            let is_delimiter = head.tag.0 == 0xFFFE && head.tag.1 != 0xE000;
            if is_delimiter {
                depth = depth.saturating_sub(1);
                continue;
            }
            let (value, deeper) = if head.length == UNDEFINED {
                (Bytes::new(), 1)
            } else {
                let Some(end) = usize::try_from(head.length).ok().and_then(|length| at.checked_add(length)) else {
                    break;
                };
                if end > bytes.len() {
                    break;
                }
                let value = if head.vr == VR::SQ { Bytes::new() } else { bytes.slice(at..end) };
                at = end;
                (value, 0)
            };
            if depth == 0 {
                elements.entry(head.tag).or_insert(value);
            }
            depth += deeper;
        }
        Self { elements }
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = Tag> + '_ {
        self.elements.keys().copied()
    }

    /// A value as text, decoded by the data set's own character sets; `None` when absent, empty, or not text (of binary
    /// values only a single US is read).
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let value = self.elements.get(&tag)?;
        let charset = self.elements.get(&tags::SPECIFIC_CHARACTER_SET).map_or(&[][..], |set| set);
        let text = match vr_of(tag) {
            VR::US => <[u8; 2]>::try_from(&**value).ok().map(|two| u16::from_le_bytes(two).to_string()),
            // Lists of UIDs are longer than any text, and of the default repertoire.
            VR::UI => std::str::from_utf8(value).ok().map(|text| text.trim_matches(['\0', ' ']).to_owned()),
            vr if is_text(vr) => archive::text_of(charset, value),
            _ => None,
        };
        text.filter(|text| !text.is_empty())
    }

    /// Whether the asker reads Latin-1.
    pub(super) fn is_latin_1(&self) -> bool {
        self.text(tags::SPECIFIC_CHARACTER_SET).is_some_and(|set| set == LATIN_1)
    }
}

/// Tag, VR and length of an element.
pub(super) struct Head {
    pub(super) tag: Tag,
    pub(super) vr: VR,
    pub(super) length: u32,
    /// Of the head itself.
    pub(super) bytes: usize,
}

pub(super) fn head(bytes: &[u8], explicit: bool) -> Option<Head> {
    let front = bytes.first_chunk::<8>()?;
    let [g0, g1, e0, e1, a, b, c, d] = *front;
    let tag = Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
    let written = VR::from_binary([a, b]).filter(|_| explicit && tag.0 != 0xFFFE);
    let Some(vr) = written else {
        return Some(Head { tag, vr: vr_of(tag), length: u32::from_le_bytes([a, b, c, d]), bytes: 8 });
    };
    if is_short(vr) {
        return Some(Head { tag, vr, length: u16::from_le_bytes([c, d]).into(), bytes: 8 });
    }
    let length = bytes.get(8..)?.first_chunk::<4>()?;
    Some(Head { tag, vr, length: u32::from_le_bytes(*length), bytes: 12 })
}

/// VRs whose explicit length has 16 bits (PS3.5 §7.1.2).
fn is_short(vr: VR) -> bool {
    use VR::{AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, PN, SH, SL, SS, ST, TM, UI, UL, US};
    matches!(vr, AE | AS | AT | CS | DA | DS | DT | FD | FL | IS | LO | LT | PN | SH | SL | SS | ST | TM | UI | UL | US)
}

/// Whether values of this VR are text that is matched; UIDs are too, and are known of each level.
pub(super) fn is_text(vr: VR) -> bool {
    use VR::{AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UR, UT};
    matches!(vr, AE | AS | CS | DA | DS | DT | IS | LO | LT | PN | SH | ST | TM | UC | UR | UT)
}

/// The VR of an attribute by the dictionary.
pub(super) fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed())
}

/// Longest value written, bytes: what a 16-bit length can say (PS3.5 §7.1.2), even.
pub(super) const VALUE_BYTES_MAX: usize = u16::MAX as usize - 1;

/// Writes an answer: attributes in Unicode, empty where there is no value.
pub(super) fn encode(attributes: &BTreeMap<Tag, String>, transfer_syntax: &str, latin_1: bool) -> Bytes {
    let is_ascii = attributes.values().all(|text| text.is_ascii());
    let fits = |text: &String| text.chars().all(|c| u32::from(c) < 0x100);
    let latin_1 = latin_1 && attributes.values().all(fits);
    let mut out = BytesMut::with_capacity(512);
    let explicit = transfer_syntax == EXPLICIT_LE;
    if !is_ascii {
        let set = if latin_1 { LATIN_1 } else { UTF_8 };
        put(&mut out, tags::SPECIFIC_CHARACTER_SET, set.as_bytes(), explicit);
    }
    for (tag, value) in attributes.iter().filter(|(tag, _)| **tag != tags::SPECIFIC_CHARACTER_SET) {
        match vr_of(*tag) {
            VR::US => {
                let number = value.parse::<u16>().map_or_else(|_| Vec::new(), |n| n.to_le_bytes().to_vec());
                put(&mut out, *tag, &number, explicit);
            }
            _ if latin_1 => {
                let bytes: Vec<u8> = value.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
                put(&mut out, *tag, &bytes, explicit);
            }
            _ => put(&mut out, *tag, value.as_bytes(), explicit),
        }
    }
    out.freeze()
}

/// Appends an element, padded.
pub(super) fn put(out: &mut BytesMut, tag: Tag, value: &[u8], explicit: bool) {
    let vr = vr_of(tag);
    let value = value.get(..value.len().min(VALUE_BYTES_MAX)).unwrap_or(value);
    let padded = value.len().next_multiple_of(2);
    out.put_u16_le(tag.0);
    out.put_u16_le(tag.1);
    let length = u16::try_from(padded).unwrap_or_default();
    if explicit {
        out.put_slice(vr.to_bytes().as_slice());
    }
    match (explicit, is_short(vr)) {
        (true, true) => out.put_u16_le(length),
        (true, false) => {
            out.put_u16_le(0);
            out.put_u32_le(length.into());
        }
        (false, _) => out.put_u32_le(length.into()),
    }
    out.put_slice(value);
    if padded > value.len() {
        out.put_u8(if vr == VR::UI { 0 } else { b' ' });
    }
}

/// Appends a sequence of items; nothing in it is deeper than what the items hold.
pub(super) fn put_items(out: &mut BytesMut, tag: Tag, items: impl Iterator<Item = BytesMut>, explicit: bool) {
    const ITEM: Tag = Tag(0xFFFE, 0xE000);
    let mut body = BytesMut::new();
    for item in items {
        put_head(&mut body, ITEM, item.len());
        body.put_slice(&item);
    }
    if explicit {
        out.put_u16_le(tag.0);
        out.put_u16_le(tag.1);
        out.put_slice(b"SQ\0\0");
        out.put_u32_le(u32::try_from(body.len()).unwrap_or(UNDEFINED));
    } else {
        put_head(out, tag, body.len());
    }
    out.put_slice(&body);
}

fn put_head(out: &mut BytesMut, tag: Tag, length: usize) {
    out.put_u16_le(tag.0);
    out.put_u16_le(tag.1);
    out.put_u32_le(u32::try_from(length).unwrap_or(UNDEFINED));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_again() {
        let name = "Lefèvre^Éloïse".to_owned();
        let attributes = BTreeMap::from([
            (tags::PATIENT_NAME, name.clone()),
            (tags::STUDY_INSTANCE_UID, "1.2.3".to_owned()),
            (tags::REFERENCED_STUDY_SEQUENCE, String::new()),
            (tags::ROWS, "512".to_owned()),
        ]);
        for syntax in [IMPLICIT_LE, EXPLICIT_LE] {
            for latin_1 in [true, false] {
                let read = Identifier::decode(&encode(&attributes, syntax, latin_1), syntax);
                assert_eq!(read.text(tags::PATIENT_NAME), Some(name.clone()));
                assert_eq!(read.text(tags::STUDY_INSTANCE_UID).as_deref(), Some("1.2.3"));
                assert_eq!(read.text(tags::ROWS).as_deref(), Some("512"));
                assert_eq!(read.is_latin_1(), latin_1);
                assert_eq!(read.tags().count(), 5);
            }
        }
    }

    #[test]
    fn binary_values_are_not_taken_for_text() {
        let mut bytes = vec![0x18, 0x00, 0x87, 0x90, b'F', b'D', 8, 0];
        bytes.extend(*b"ABCDEFGH");
        bytes.extend([0x28, 0x00, 0x10, 0x00, b'U', b'S', 4, 0, 1, 0, 2, 0]);
        bytes.extend([0x28, 0x00, 0x52, 0x10, b'D', b'S', 2, 0, b'-', b'1']);
        let read = Identifier::decode(&bytes.into(), EXPLICIT_LE);
        assert_eq!(read.text(tags::DIFFUSION_B_VALUE), None);
        assert_eq!(read.text(tags::ROWS), None, "two numbers are not one");
        assert_eq!(read.text(tags::RESCALE_INTERCEPT).as_deref(), Some("-1"));
    }

    #[test]
    fn what_lies_in_sequences_is_stepped_over() {
        let mut bytes = Vec::new();
        // A sequence of undefined length with an item of undefined length that holds a Patient ID, then one outside.
        bytes.extend([0x08, 0x00, 0x10, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff]);
        bytes.extend([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
        bytes.extend([0x10, 0x00, 0x20, 0x00, b'L', b'O', 2, 0, b'A', b'A']);
        bytes.extend([0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0]);
        bytes.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
        bytes.extend([0x10, 0x00, 0x20, 0x00, b'L', b'O', 2, 0, b'B', b'B']);
        let read = Identifier::decode(&bytes.into(), EXPLICIT_LE);
        assert_eq!(read.text(tags::PATIENT_ID).as_deref(), Some("BB"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), implicit: bool) {
            let syntax = if implicit { IMPLICIT_LE } else { EXPLICIT_LE };
            let read = Identifier::decode(&bytes.into(), syntax);
            for tag in read.tags() {
                let _ = read.text(tag);
            }
        }
    }
}
