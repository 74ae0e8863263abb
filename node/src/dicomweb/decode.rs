//! Decodes one frame for previews and for callers that ask for plain octets: native, RLE, and JPEG (8 bits, lossless).
//!
//! A frame comes from outside and says of itself what it likes, so its size is checked in 64 bits before anything is
//! allocated, the codec's own header must agree with it, at most a few frames are decoded at once, each within a time,
//! and a codec that panics fails its request only. Codecs are pure Rust; what they cannot read is said so (406), and
//! the stored frame can still be had.
//!
//! # Not here
//! Grey levels and colours: [`super::rendered`].

use super::{
    asker::Desk,
    dataset::{DataSet, Syntax},
    error::Problem,
    frames::Framed,
    metadata::readable,
    pixels::{FrameMap, Layout},
};
use bytes::Bytes;
use dicom_core::{DataElement, PrimitiveValue, VR, value::PixelFragmentSequence};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// Pixels of a frame that is decoded here.
const PIXELS_MAX: u64 = 64 << 20;
/// Bytes of a decoded frame: two of them at once stay within the node's memory.
const DECODED_BYTES_MAX: u64 = 128 << 20;
/// Time for one frame; the largest take about 2 s.
const DECODE_TIME_MAX: Duration = Duration::from_secs(10);

const TOO_LARGE: Problem = Problem::NotAcceptable("the frame is too large to be decoded here");
const UNREADABLE: Problem = Problem::NotAcceptable("the frame cannot be decoded here; retrieve it as it is stored");

/// A stored frame and what its object says of it.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) bytes: Bytes,
    pub(super) transfer_syntax: String,
    pub(super) encapsulated: bool,
    pub(super) big_endian: bool,
    pub(super) vr: VR,
    pub(super) layout: Layout,
    pub(super) stored: u32,
    pub(super) high: u32,
    pub(super) signed: bool,
    pub(super) planar: bool,
}

/// A decoded frame: samples in little endian.
#[derive(Debug)]
pub(super) struct Samples {
    pub(super) bytes: Vec<u8>,
    /// Samples of a pixel lie apart, in planes.
    pub(super) planar: bool,
    pub(super) photometric: String,
}

/// Reads a frame's bytes and attributes.
pub(super) async fn picture(header: &[u8], framed: &Framed, index: u64) -> Result<Picture, Problem> {
    let mut picture = {
        let syntax = Syntax::of(framed.entry.transfer_syntax.as_str());
        let header = readable(header, syntax)?;
        let set = DataSet::parse(&header, syntax)?;
        described(&set, syntax, framed)
    };
    picture.check_size()?;
    picture.bytes = framed.held(index).await?;
    Ok(picture)
}

fn described(set: &DataSet<'_>, syntax: Syntax, framed: &Framed) -> Picture {
    let layout = Layout::of(set, syntax);
    let stored = set.count(tags::BITS_STORED, syntax).filter(|s| (1..=layout.allocated).contains(s));
    let stored = stored.unwrap_or(layout.allocated);
    let high = set.count(tags::HIGH_BIT, syntax).filter(|h| *h < layout.allocated && *h + 1 >= stored);
    let vr = match *framed.map {
        FrameMap::Native { vr, .. } => vr,
        FrameMap::Encapsulated(_) => VR::OB,
    };
    Picture {
        bytes: Bytes::new(),
        transfer_syntax: framed.entry.transfer_syntax.as_str().to_owned(),
        encapsulated: framed.is_encapsulated(),
        big_endian: framed.syntax.big_endian,
        vr,
        stored,
        high: high.unwrap_or_else(|| stored.saturating_sub(1)),
        signed: set.count(tags::PIXEL_REPRESENTATION, syntax) == Some(1),
        planar: set.count(tags::PLANAR_CONFIGURATION, syntax) == Some(1),
        layout,
    }
}

impl Picture {
    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.layout.rows) * u64::from(self.layout.columns)
    }

    fn decoded_bytes(&self) -> u64 {
        self.pixels()
            .saturating_mul(u64::from(self.layout.samples))
            .saturating_mul(u64::from(self.layout.allocated.div_ceil(8)))
    }

    fn check_size(&self) -> Result<(), Problem> {
        let known = matches!(self.layout.allocated, 1 | 8 | 16 | 32 | 64) && matches!(self.layout.samples, 1 | 3 | 4);
        if self.pixels() == 0 || !known {
            return Err(UNREADABLE);
        }
        if self.pixels() > PIXELS_MAX || self.decoded_bytes() > DECODED_BYTES_MAX {
            return Err(TOO_LARGE);
        }
        Ok(())
    }
}

/// Runs decoding work in its turn, off the async threads, within its time.
pub(super) async fn run<T, F>(desk: &Desk, work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    let turn =
        desk.decodes.clone().acquire_owned().await.map_err(|_| Problem::Internal("the door is closed".to_owned()))?;
    let task = desk.door.tasks.spawn_blocking("dicomweb-decode", move || {
        // Held by the work itself: a frame that runs out of time still counts until it ends.
        let _turn = turn;
        catch_unwind(AssertUnwindSafe(work))
    });
    match tokio::time::timeout(DECODE_TIME_MAX, task).await {
        Ok(Ok(Ok(result))) => result,
        Ok(Ok(Err(_)) | Err(_)) => {
            tracing::warn!("a picture codec failed");
            Err(UNREADABLE)
        }
        Err(_) => Err(Problem::NotAcceptable("the frame takes too long to be decoded here")),
    }
}

/// Decodes.
pub(super) fn samples(picture: &Picture) -> Result<Samples, Problem> {
    picture.check_size()?;
    let photometric = picture.layout.photometric.clone();
    if !picture.encapsulated {
        let bytes = if picture.big_endian {
            super::json::to_little_endian(&picture.bytes, picture.vr)
        } else {
            picture.bytes.to_vec()
        };
        return Ok(Samples { bytes, planar: picture.planar, photometric });
    }
    match picture.transfer_syntax.strip_prefix("1.2.840.10008.1.2.").unwrap_or_default() {
        "5" => Ok(Samples { bytes: rle(picture)?, planar: false, photometric }),
        "4.50" | "4.51" | "4.57" | "4.70" => jpeg(picture),
        "1.98" => Ok(Samples { bytes: picture.bytes.to_vec(), planar: picture.planar, photometric }),
        _ => Err(UNREADABLE),
    }
}

/// RLE (PS3.5 annex G): one segment of PackBits for each byte of each sample, most significant first.
fn rle(picture: &Picture) -> Result<Vec<u8>, Problem> {
    let pixels = usize::try_from(picture.pixels()).map_err(|_| TOO_LARGE)?;
    let width = picture.layout.allocated.div_ceil(8) as usize;
    let segments = picture.layout.samples as usize * width;
    let mut out = vec![0; pixels * segments];
    let word = |at: usize| -> Option<usize> {
        let four: [u8; 4] = picture.bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    if word(0) != Some(segments) || segments > 15 {
        return Err(UNREADABLE);
    }
    for segment in 0..segments {
        let from = word(4 + segment * 4).ok_or(UNREADABLE)?;
        let packed = picture.bytes.get(from..).ok_or(UNREADABLE)?;
        let (sample, byte) = (segment / width, segment % width);
        let first = sample * width + (width - 1 - byte);
        unpack(packed, out.iter_mut().skip(first).step_by(segments));
    }
    Ok(out)
}

/// Undoes PackBits into as many places as there are; ends early where the input does.
fn unpack<'o>(packed: &[u8], mut places: impl Iterator<Item = &'o mut u8>) {
    let mut input = packed.iter().copied();
    while let Some(control) = input.next() {
        match control {
            0..=127 => {
                for _ in 0..=control {
                    let (Some(byte), Some(place)) = (input.next(), places.next()) else { return };
                    *place = byte;
                }
            }
            128 => {}
            129..=255 => {
                let Some(byte) = input.next() else { return };
                for _ in 0..(257 - u16::from(control)) {
                    let Some(place) = places.next() else { return };
                    *place = byte;
                }
            }
        }
    }
}

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

fn jpeg(picture: &Picture) -> Result<Samples, Problem> {
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
