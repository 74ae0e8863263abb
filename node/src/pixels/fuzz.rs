//! What stored bytes meet before they are a picture, for the fuzz targets (see `crate::fuzz`).

use super::{
    dataset::Syntax,
    decode,
    framed::framed,
    map::{FrameMap, Layout},
    picture::{Picture, picture},
    source::Source,
};
use bytes::Bytes;
use dicom_core::VR;
use protocol::{
    Digest, Uid,
    manifest::InstanceEntry,
    preview::{Previews, StudyGlance},
    wire,
};

/// Implicit, explicit, big-endian, deflated, and the codecs that are Rust alone: RLE, JPEG (baseline, twelve bits,
/// lossless), JPEG-LS.
pub(crate) const SYNTAXES: [&str; 9] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
];
/// Decoding more than this at every run would be slow.
const DECODED_BYTES_MAX: u64 = 1 << 20;

/// What a manifest would say of a data set of so many bytes with this header.
pub(crate) fn entry(choice: u8, header: &[u8], bytes: usize) -> Option<InstanceEntry> {
    Some(InstanceEntry {
        instance: Uid::parse("1.2.3").ok()?,
        sop_class: Uid::parse("1.2.840.10008.5.1.4.1.1.7").ok()?,
        transfer_syntax: Uid::parse(SYNTAXES.get(usize::from(choice) % SYNTAXES.len())?).ok()?,
        number: None,
        frames: 1,
        bytes: bytes as u64,
        digest: Digest([0; 32]),
        header_bytes: u32::try_from(header.len()).ok()?,
        header_digest: Digest([0; 32]),
    })
}

/// A data set, its first byte telling the syntax, the next two where its header ends: frames are found within it, and
/// decoded where they are small.
pub(crate) fn frames(bytes: &[u8]) {
    let &[choice, low, high, ref data @ ..] = bytes else { return };
    let header = data.get(..usize::from(u16::from_le_bytes([low, high]))).unwrap_or(data);
    let Some(entry) = entry(choice, header, data.len()) else { return };
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    if syntax.deflated {
        return;
    }
    let source = Source::Memory { from: 0, bytes: Bytes::copy_from_slice(data) };
    futures::executor::block_on(async {
        let Ok(framed) = framed(source, entry, header, header.len() as u64, syntax).await else { return };
        let all = framed.map.frames();
        assert!(framed.map.frame(all).is_none(), "there is none behind the last");
        for index in [0, all / 2, all.saturating_sub(1)] {
            let Ok(held) = framed.held(index).await else { continue };
            match *framed.map {
                FrameMap::Native { bits, .. } => assert_eq!(held.len() as u64, bits.div_ceil(8)),
                FrameMap::Encapsulated(_) => assert!(held.len() <= data.len()),
            }
        }
        if let Ok(picture) = picture(header, &framed, 0).await {
            decoded(&picture);
        }
    });
}

/// A stored frame, the bytes before it telling syntax, columns, rows, samples and bits.
pub(crate) fn codecs(bytes: &[u8]) {
    let &[choice, columns, rows, kind, ref frame @ ..] = bytes else { return };
    let Some(syntax) = SYNTAXES.get(4 + usize::from(choice) % 5) else { return };
    let samples = if kind & 1 == 0 { 1 } else { 3 };
    let (allocated, stored) = [(8, 8), (16, 12), (16, 16), (32, 32)][usize::from(kind >> 1) % 4];
    decoded(&Picture {
        bytes: Bytes::copy_from_slice(frame),
        transfer_syntax: (*syntax).to_owned(),
        encapsulated: true,
        big_endian: false,
        vr: VR::OB,
        layout: Layout {
            rows: rows.into(),
            columns: columns.into(),
            samples,
            allocated,
            photometric: if samples == 1 { "MONOCHROME2" } else { "YBR_FULL" }.to_owned(),
            frames: 1,
        },
        stored,
        high: stored - 1,
        signed: kind & 8 != 0,
        planar: kind & 16 != 0,
    });
}

fn decoded(picture: &Picture) {
    if picture.decoded_bytes() > DECODED_BYTES_MAX {
        return;
    }
    if let Ok(samples) = decode::samples(picture) {
        assert!(
            samples.bytes.len() as u64 <= picture.decoded_bytes().next_multiple_of(2),
            "as large as the image says"
        );
    }
}

/// Any bytes are what stands for images or are refused; what is read is within its bounds, and is shown or is not.
pub(crate) fn preview(bytes: &[u8]) {
    let glance = wire::decode::<StudyGlance>(bytes).ok();
    if let Some(glance) = glance.filter(|glance| glance.is_of(&glance.study, &glance.manifest)) {
        assert!(glance.series.len() <= StudyGlance::SERIES_MAX);
        assert_eq!(wire::decode(&wire::encode(&glance)), Ok(glance));
    }
    let Ok(previews) = wire::decode::<Previews>(bytes) else { return };
    for frame in previews.frames.iter().flatten() {
        let Some(pixels) = frame.pixels() else { continue };
        let count = usize::from(frame.rows) * usize::from(frame.columns);
        assert_eq!(pixels.len(), count * frame.samples.pixel_bytes());
        // A header that says nothing.
        if let Ok(png) = super::reduce::shown(&[], super::dataset::EXPLICIT_LE, frame, None) {
            assert!(png.starts_with(b"\x89PNG"));
        }
    }
}
