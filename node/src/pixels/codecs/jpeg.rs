//! JPEG baseline, extended and lossless.

use crate::pixels::{
    Fault,
    decode::Samples,
    picture::{Picture, UNREADABLE},
};
use dicom_core::{DataElement, PrimitiveValue, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder;

/// Size in a JPEG's own frame header: (columns, rows, components).
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let mut at = 2;
    while let [0xFF, marker, rest @ ..] = bytes.get(at..)? {
        match *marker {
            0xFF => at += 1,
            0x01 | 0xD0..=0xD8 => at += 2,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let [_, _, _, h1, h2, w1, w2, components, ..] = rest else { return None };
                let size = |a: u8, b: u8| u32::from(u16::from_be_bytes([a, b]));
                return Some((size(*w1, *w2), size(*h1, *h2), u32::from(*components)));
            }
            _ => {
                let [l1, l2, ..] = rest else { return None };
                at += 2 + usize::from(u16::from_be_bytes([*l1, *l2]).max(2));
            }
        }
    }
    None
}

pub(in crate::pixels) fn decode(picture: &Picture) -> Result<Samples, Fault> {
    let layout = &picture.layout;
    if jpeg_size(&picture.bytes) != Some((layout.columns, layout.rows, layout.samples)) {
        return Err(UNREADABLE);
    }
    let short = |n: u32| u16::try_from(n).map(PrimitiveValue::from).map_err(|_| UNREADABLE);
    let mut object = InMemDicomObject::new_empty();
    for (tag, value) in [
        (tags::ROWS, layout.rows),
        (tags::COLUMNS, layout.columns),
        (tags::SAMPLES_PER_PIXEL, layout.samples),
        (tags::BITS_ALLOCATED, layout.allocated),
        (tags::BITS_STORED, picture.stored),
        (tags::HIGH_BIT, picture.high),
        (tags::PIXEL_REPRESENTATION, u32::from(picture.signed)),
        (tags::PLANAR_CONFIGURATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, short(value)?));
    }
    object.put(DataElement::new(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, layout.photometric.as_str()));
    let fragments = PixelFragmentSequence::new_fragments(vec![picture.bytes.to_vec()]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(picture.transfer_syntax.as_str())
        .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.7")
        .media_storage_sop_instance_uid("2.25.1");
    let object = object.with_meta(meta).map_err(|_| UNREADABLE)?;
    let decoded = object.decode_pixel_data_frame(0).map_err(|error| {
        tracing::debug!(%error, "a JPEG frame cannot be decoded");
        UNREADABLE
    })?;
    let photometric = if layout.samples == 3 { "RGB".to_owned() } else { layout.photometric.clone() };
    Ok(Samples { bytes: decoded.data().to_vec(), planar: false, photometric })
}
