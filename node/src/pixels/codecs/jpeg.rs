//! JPEG (ITU-T T.81): which of the decoders reads a stream, and in which colours its samples come out.

use super::{Raster, Reading, stream};
use jpeg_decoder::{ColorTransform, Decoder};

/// A decoded picture, and whether its colours came out as RGB whatever the data set says.
pub(super) struct Decoded {
    pub(super) raster: Raster,
    pub(super) made_rgb: bool,
}

/// What a frame header says: its marker, bits, and (columns, rows, components).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) process: u8,
    pub(super) bits: u8,
    pub(super) size: (u32, u32, u32),
}

/// Decodes a stream whose size was found fit. `luminance`: the data set says that the samples are luminance and colour
/// differences; an Adobe segment in the stream knows better.
pub(super) fn read(bytes: &[u8], header: Header, luminance: bool) -> Reading<Decoded> {
    if header.process == 0xC3 || header.bits != 8 {
        return stream::read(bytes, header.size).map(|raster| Decoded { raster, made_rgb: false });
    }
    let made_rgb = header.size.2 == 3 && adobe(bytes).map_or(luminance, |transform| transform == 1);
    let mut decoder = Decoder::new(bytes);
    if header.size.2 == 3 {
        decoder.set_color_transform(if made_rgb { ColorTransform::YCbCr } else { ColorTransform::RGB });
    }
    let samples = decoder.decode().ok()?;
    let (columns, rows, components) = header.size;
    let mut raster = Raster::new(columns as usize, rows as usize, components as usize, 8);
    if samples.len() != raster.values.len() {
        return None;
    }
    raster.values.iter_mut().zip(samples).for_each(|(value, sample)| *value = sample.into());
    Some(Decoded { raster, made_rgb })
}

/// The transform that an Adobe segment names.
fn adobe(bytes: &[u8]) -> Option<u8> {
    let mut at = 2;
    while let Some((marker, body)) = super::marks::next(bytes, &mut at) {
        match marker {
            0xEE if body.starts_with(b"Adobe") => return body.get(11).copied(),
            0xDA | 0xD9 => return None,
            _ => {}
        }
    }
    None
}

/// The frame header of a stream.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let mut at = 2;
    while let Some((marker, body)) = super::marks::next(bytes, &mut at) {
        if matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7) {
            let [bits, h1, h2, w1, w2, components, ..] = body else { return None };
            let number = |a: &u8, b: &u8| u32::from(u16::from_be_bytes([*a, *b]));
            let size = (number(w1, w2), number(h1, h2), u32::from(*components));
            return Some(Header { process: marker, bits: *bits, size });
        }
        if marker == 0xDA {
            return None;
        }
    }
    None
}
