//! The codecs, one file each: a stored frame to samples in little endian.
//!
//! They run in a worker process (see [`super::worker`]): what one of them allocates or how it fails is its own affair.
//! Still, a picture whose own header does not have the size that the data set says is not decoded at all.

mod dct;
mod huffman;
mod j2k;
mod jls;
mod jpeg;
mod jxl;
mod lossless;
mod marks;
mod raster;
mod rle;
mod stream;

use super::{
    Fault,
    decode::Samples,
    picture::{Picture, UNREADABLE},
};
use raster::Raster;
use std::io::Read;

/// What a codec made out; `None` where it could not.
type Reading<T> = Option<T>;

/// Whether frames of this transfer syntax are decoded here.
pub(super) fn known(transfer_syntax: &str) -> bool {
    matches!(codec(transfer_syntax), Some(codec) if codec != Codec::Unknown)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Plain,
    Deflated,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
    JpegXl,
    Unknown,
}

fn codec(transfer_syntax: &str) -> Option<Codec> {
    Some(match transfer_syntax.strip_prefix("1.2.840.10008.1.2.")? {
        "1.98" => Codec::Plain,
        "8.1" => Codec::Deflated,
        "5" => Codec::Rle,
        "4.50" | "4.51" | "4.52" | "4.53" | "4.54" | "4.55" | "4.56" | "4.57" | "4.58" | "4.70" => Codec::Jpeg,
        "4.80" | "4.81" => Codec::JpegLs,
        "4.90" | "4.91" | "4.92" | "4.93" | "4.201" | "4.202" | "4.203" => Codec::Jpeg2000,
        "4.110" | "4.111" | "4.112" => Codec::JpegXl,
        _ => Codec::Unknown,
    })
}

/// Decodes a frame of an encapsulated syntax.
pub(super) fn decode(picture: &Picture) -> Result<Samples, Fault> {
    let layout = &picture.layout;
    let (bytes, size) = (picture.bytes.as_ref(), (layout.columns, layout.rows, layout.samples));
    let same = || layout.photometric.clone();
    let luminance = layout.photometric.starts_with("YBR");
    let decoded = match codec(&picture.transfer_syntax).unwrap_or(Codec::Unknown) {
        Codec::Plain => plain(bytes.to_vec(), picture),
        Codec::Deflated => inflate(bytes, picture).and_then(|bytes| plain(bytes, picture)),
        Codec::Rle => return Ok(Samples { bytes: rle::decode(picture)?, planar: false, photometric: same() }),
        Codec::Jpeg => jpeg::header(bytes).filter(|header| header.size == size).and_then(|header| {
            let decoded = jpeg::read(bytes, header, luminance)?;
            let photometric = if decoded.made_rgb { "RGB".to_owned() } else { same() };
            samples(&decoded.raster, photometric, picture)
        }),
        Codec::JpegLs => jpeg::header(bytes)
            .filter(|header| header.size == size)
            .and_then(|_| samples(&jls::read(bytes, size)?, same(), picture)),
        Codec::Jpeg2000 => j2k::size(bytes).filter(|own| *own == size).and_then(|_| {
            // The codestream's own colour transform was undone by its decoder.
            let photometric = match layout.photometric.as_str() {
                "YBR_RCT" | "YBR_ICT" => "RGB".to_owned(),
                other => other.to_owned(),
            };
            samples(&j2k::read(bytes)?, photometric, picture)
        }),
        Codec::JpegXl => jxl::read(bytes, (size.0, size.1), size.2 as usize).and_then(|decoded| {
            let rgb = layout.samples == 3 && (decoded.made_rgb || layout.photometric == "XYB");
            samples(&decoded.raster, if rgb { "RGB".to_owned() } else { same() }, picture)
        }),
        Codec::Unknown => None,
    };
    decoded.ok_or(UNREADABLE)
}

/// A frame that is stored as samples; a pad byte may follow it.
fn plain(mut bytes: Vec<u8>, picture: &Picture) -> Reading<Samples> {
    let whole = usize::try_from(picture.decoded_bytes()).ok().filter(|whole| bytes.len() >= *whole)?;
    bytes.truncate(whole);
    Some(Samples { bytes, planar: picture.planar, photometric: picture.layout.photometric.clone() })
}

fn inflate(bytes: &[u8], picture: &Picture) -> Reading<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::DeflateDecoder::new(bytes).take(picture.decoded_bytes()).read_to_end(&mut out).ok()?;
    Some(out)
}

/// The samples as the data set's Bits Allocated lays them out; negative ones keep their sign over all bits.
fn samples(raster: &Raster, photometric: String, picture: &Picture) -> Reading<Samples> {
    let layout = &picture.layout;
    let size = (raster.columns, raster.rows, raster.components);
    let wanted = (layout.columns as usize, layout.rows as usize, layout.samples as usize);
    if size != wanted || raster.bits > layout.allocated || !layout.allocated.is_multiple_of(8) {
        return None;
    }
    let width = (layout.allocated / 8) as usize;
    let negative_from = (picture.signed && raster.bits < layout.allocated).then(|| 1i32 << (raster.bits - 1));
    let mut bytes = Vec::with_capacity(raster.values.len() * width);
    for value in &raster.values {
        let value = match negative_from {
            Some(half) if *value >= half => value - 2 * half,
            _ => *value,
        };
        bytes.extend(value.to_le_bytes().get(..width)?);
    }
    // Colour differences of fewer samples were stretched.
    Some(Samples { bytes, planar: false, photometric: photometric.replace("_422", "") })
}
