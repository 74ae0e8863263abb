//! Overlay planes (PS3.3 C.9.2) of a data set, drawn over a rendered frame for who asks for them.
//!
//! # Not here
//! Planes in unused bits of the pixel data, which the standard retired in 2004.

use super::dataset::{DataSet, Syntax, to_little_endian};
use dicom_core::Tag;
use image::{DynamicImage, Luma, Rgb};

/// Groups of a data set that may hold a plane.
const PLANES_MAX: u16 = 16;
/// Side of a plane, pixels.
const SIDE_MAX: u32 = 1 << 16;

/// A plane as far as it lies over one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlay {
    columns: u32,
    /// Place of its first pixel in the image, from 0.
    left: i64,
    top: i64,
    /// Pixels from the lowest bit of the first byte on, line by line.
    bits: Vec<u8>,
    first: usize,
    count: usize,
}

/// The planes that lie over frame `index` (from 0).
pub(crate) fn overlays(set: &DataSet<'_>, syntax: Syntax, index: u64) -> Vec<Overlay> {
    (0..PLANES_MAX).filter_map(|plane| overlay(set, syntax, 0x6000 + 2 * plane, index)).collect()
}

fn overlay(set: &DataSet<'_>, syntax: Syntax, group: u16, index: u64) -> Option<Overlay> {
    let count = |element| set.count(Tag(group, element), syntax);
    let (rows, columns) = (count(0x0010)?, count(0x0011)?);
    let data = set.element(Tag(group, 0x3000))?;
    let bytes = set.bytes(Tag(group, 0x3000))?;
    if rows == 0 || columns == 0 || rows > SIDE_MAX || columns > SIDE_MAX || count(0x0100).unwrap_or(1) != 1 {
        return None;
    }
    // One plane lies over all frames; several, over as many from the frame of origin on.
    let frame = match count(0x0015).filter(|frames| *frames > 1) {
        None => 0,
        Some(frames) => {
            let origin = u64::from(count(0x0051).unwrap_or(1).max(1));
            (index + 1).checked_sub(origin).filter(|frame| *frame < u64::from(frames))?
        }
    };
    let bits = if syntax.big_endian { to_little_endian(bytes, data.vr) } else { bytes.to_vec() };
    let size = u64::from(rows) * u64::from(columns);
    let first = usize::try_from(frame.checked_mul(size)?).ok()?;
    let size = usize::try_from(size).ok()?;
    let [top, left] = set.numbers(Tag(group, 0x0050), syntax).try_into().unwrap_or([1.0, 1.0]);
    // Of sixteen bits.
    #[allow(clippy::cast_possible_truncation)]
    let (top, left) = (top as i64 - 1, left as i64 - 1);
    (first + size <= bits.len() * 8).then_some(Overlay { columns, left, top, bits, first, count: size })
}

impl Overlay {
    /// Draws in white.
    pub(crate) fn draw(&self, image: &mut DynamicImage) {
        for pixel in 0..self.count {
            let bit = self.first + pixel;
            if self.bits.get(bit / 8).is_none_or(|byte| byte >> (bit % 8) & 1 == 0) {
                continue;
            }
            let (row, column) = (pixel / self.columns as usize, pixel % self.columns as usize);
            let place = |at: usize, offset: i64| i64::try_from(at).ok().and_then(|at| u32::try_from(at + offset).ok());
            let (Some(x), Some(y)) = (place(column, self.left), place(row, self.top)) else { continue };
            match image {
                DynamicImage::ImageLuma8(grey) => {
                    if let Some(dot) = grey.get_pixel_mut_checked(x, y) {
                        *dot = Luma([255]);
                    }
                }
                DynamicImage::ImageRgb8(colour) => {
                    if let Some(dot) = colour.get_pixel_mut_checked(x, y) {
                        *dot = Rgb([255; 3]);
                    }
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::dataset::{EXPLICIT_LE, Element, Value};
    use dicom_core::VR;
    use image::GrayImage;

    fn set<'a>(values: &[(u16, VR, &'a [u8])]) -> DataSet<'a> {
        let element = |(number, vr, bytes): &(u16, VR, &'a [u8])| Element {
            tag: Tag(0x6002, *number),
            vr: *vr,
            value: Value::Bytes(bytes),
        };
        DataSet { elements: values.iter().map(element).collect() }
    }

    #[test]
    fn a_plane_lies_where_its_origin_says() {
        // Two by two, ones on the diagonal; its first pixel is the second of the second line.
        let set = set(&[
            (0x10, VR::US, &[2, 0]),
            (0x11, VR::US, &[2, 0]),
            (0x50, VR::SS, &[2, 0, 2, 0]),
            (0x3000, VR::OW, &[0b1001, 0]),
        ]);
        let planes = overlays(&set, Syntax::of(EXPLICIT_LE), 0);
        assert_eq!(planes.len(), 1);
        let mut image = DynamicImage::ImageLuma8(GrayImage::new(3, 2));
        planes[0].draw(&mut image);
        // The one at the lower right lies outside.
        assert_eq!(image.as_bytes(), [0, 0, 0, 0, 255, 0]);
    }

    #[test]
    fn a_plane_of_frames_follows_the_image() {
        let set = set(&[
            (0x10, VR::US, &[1, 0]),
            (0x11, VR::US, &[2, 0]),
            (0x15, VR::IS, b"2 "),
            (0x51, VR::US, &[3, 0]),
            (0x3000, VR::OW, &[0b1001, 0]),
        ]);
        let at = |index| overlays(&set, Syntax::of(EXPLICIT_LE), index).first().map(|overlay| overlay.first);
        assert_eq!([0, 1, 2, 3, 4].map(at), [None, None, Some(0), Some(2), None]);
    }

    #[test]
    fn a_plane_that_is_short_is_not_drawn() {
        let short = set(&[(0x10, VR::US, &[0xFF, 0xFF]), (0x11, VR::US, &[9, 0]), (0x3000, VR::OW, &[1, 0])]);
        assert!(overlays(&short, Syntax::of(EXPLICIT_LE), 0).is_empty());
    }
}
