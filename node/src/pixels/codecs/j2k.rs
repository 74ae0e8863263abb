//! JPEG 2000 and High-Throughput JPEG 2000 (ISO 15444-1, -2, -15), bare or in boxes, by a port of OpenJPEG.

use super::{Raster, Reading};
use jpeg2k::{DecodeParameters, Image};

/// Width, height and components of the codestream's own header.
pub(super) fn size(bytes: &[u8]) -> Reading<(u32, u32, u32)> {
    /// Start of codestream, and of the segment of sizes.
    const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
    let at = bytes.windows(4).take(1 << 16).position(|w| w == START)?;
    let word = |n: usize| bytes.get(at + n..at + n + 4)?.try_into().ok().map(u32::from_be_bytes);
    let components = bytes.get(at + 40..at + 42)?.try_into().ok().map(u16::from_be_bytes)?;
    Some((word(8)?.checked_sub(word(16)?)?, word(12)?.checked_sub(word(20)?)?, components.into()))
}

/// Decodes a codestream whose size was found fit. A palette of its boxes is left to the data set.
pub(super) fn read(bytes: &[u8]) -> Reading<Raster> {
    let image = Image::from_bytes_with(bytes, DecodeParameters::new().strict(true).ignore_pclr_cmap_cdef()).ok()?;
    let first = image.components().first()?;
    let (columns, rows) = (first.width() as usize, first.height() as usize);
    let mut raster = Raster::new(columns, rows, image.components().len(), first.precision());
    for (number, component) in image.components().iter().enumerate() {
        if (component.width() as usize, component.height() as usize) != (columns, rows) {
            return None;
        }
        for (row, line) in component.data().chunks_exact(columns).take(rows).enumerate() {
            raster.put_row(row, number, line);
        }
    }
    Some(raster)
}
