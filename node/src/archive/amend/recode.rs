//! A header whose text is written in UTF-8, items of sequences included; what is no text stays byte for byte.
//!
//! An item that names a character set of its own is left as it is.

use super::{CHARSET, Coding, DEPTH_MAX, Element, ITEM, SEQUENCE_END, UNDEFINED, element, elements_of, item, number};
use super::{pad, prescan, put_length, put_tag, tag_at, written};
use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::StandardDataDictionary;

const UTF_8: &[u8] = b"ISO_IR 192";

/// `None` where it cannot be followed, or a value becomes too long.
pub(super) fn in_utf_8(header: &[u8], coding: Coding, charset: &[u8]) -> Option<Vec<u8>> {
    let named = written(coding, CHARSET, *b"CS", UTF_8);
    let elements = elements_of(header, coding, 0)?;
    let mut out = Vec::with_capacity(header.len() + named.len());
    let mut is_named = false;
    for element in &elements {
        if !is_named && element.tag >= CHARSET && element.tag & 0xFFFF != 0 {
            out.extend_from_slice(&named);
            is_named = true;
        }
        if element.tag != CHARSET {
            recode(header, element, coding, charset, 0, &mut out)?;
        }
    }
    if !is_named {
        out.extend_from_slice(&named);
    }
    out.extend_from_slice(header.get(elements.last().map_or(0, |last| last.end)..)?);
    Some(out)
}

/// The VR that is written, or else the dictionary's.
fn vr_of(bytes: &[u8], element: &Element, coding: Coding) -> VR {
    if coding != Coding::ImplicitLe {
        let at = element.start.saturating_add(4);
        let written = bytes.get(at..at.saturating_add(2)).and_then(|vr| <[u8; 2]>::try_from(vr).ok());
        return written.and_then(VR::from_binary).unwrap_or(VR::UN);
    }
    let [group, number] = [element.tag >> 16, element.tag & 0xFFFF].map(|half| u16::try_from(half).unwrap_or(0));
    StandardDataDictionary.by_tag(Tag(group, number)).map_or(VR::UN, |known| known.vr().relaxed())
}

fn recode(
    bytes: &[u8],
    element: &Element,
    coding: Coding,
    charset: &[u8],
    depth: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    let value = bytes.get(element.value..element.end)?;
    match vr_of(bytes, element, coding) {
        VR::SQ => {
            let items = items(value, coding, charset, depth + 1)?;
            out.extend_from_slice(&written(coding, element.tag, *b"SQ", &items));
        }
        vr @ (VR::SH | VR::LO | VR::ST | VR::LT | VR::PN | VR::UC | VR::UT)
            if !element.is_undefined && value.iter().any(|b| !b.is_ascii() || *b == 0x1b) =>
        {
            let mut text = prescan::decode(charset, value).into_bytes();
            while text.last() == Some(&b' ') {
                text.pop();
            }
            pad(&mut text);
            if matches!(vr, VR::UC | VR::UT) && coding != Coding::ImplicitLe {
                put_tag(out, coding, element.tag);
                out.extend_from_slice(&vr.to_bytes());
                out.extend_from_slice(&[0, 0]);
                put_length(out, coding, text.len());
                out.extend_from_slice(&text);
            } else {
                (coding == Coding::ImplicitLe || u16::try_from(text.len()).is_ok()).then_some(())?;
                out.extend_from_slice(&written(coding, element.tag, vr.to_bytes(), &text));
            }
        }
        _ => out.extend_from_slice(bytes.get(element.start..element.end)?),
    }
    Some(())
}

/// The items of a sequence, each of defined length.
fn items(bytes: &[u8], coding: Coding, charset: &[u8], depth: usize) -> Option<Vec<u8>> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0usize);
    while at < bytes.len() {
        let (tag, length) = (tag_at(coding, bytes, at)?, number(coding, bytes, at.checked_add(4)?)?);
        at = at.checked_add(8)?;
        match (tag, length) {
            (SEQUENCE_END, _) => break,
            (ITEM, UNDEFINED) => {
                let start = at;
                while tag_at(coding, bytes, at)? != super::ITEM_END {
                    at = element(bytes, at, coding, depth)?.end;
                }
                out.extend_from_slice(&item(coding, &inner(bytes.get(start..at)?, coding, charset, depth)?));
                at = at.checked_add(8)?;
            }
            (ITEM, length) => {
                let end = at.checked_add(usize::try_from(length).ok()?)?;
                out.extend_from_slice(&item(coding, &inner(bytes.get(at..end)?, coding, charset, depth)?));
                at = end;
            }
            _ => return None,
        }
    }
    Some(out)
}

/// What stands in an item.
fn inner(bytes: &[u8], coding: Coding, charset: &[u8], depth: usize) -> Option<Vec<u8>> {
    let elements = elements_of(bytes, coding, depth)?;
    if elements.iter().any(|element| element.tag == CHARSET) {
        return Some(bytes.to_vec());
    }
    let mut out = Vec::with_capacity(bytes.len());
    // Group lengths of what changed would be wrong; they are retired.
    for element in elements.iter().filter(|element| element.tag & 0xFFFF != 0) {
        recode(bytes, element, coding, charset, depth, &mut out)?;
    }
    Some(out)
}
