//! What stands for an image before it is here: a frame with a quarter of its rows and columns, and a small lossy picture.
//!
//! A reduced frame keeps what its values stand for: the header of the object says of them what it says of the object's own,
//! and the same way leads from them to the screen. It is a mean, so that nothing thin is left out by chance; what is smaller
//! than a pixel of it is paler than it is.
//!
//! # At a crash
//! As of every frame that is decoded.
//!
//! # Not here
//! When they are made, and who may have them: `transfer`. That they are no images for a diagnosis: whoever shows them says so.

use super::{
    Decoders, Fault,
    dataset::{EXPLICIT_LE, Syntax},
    decode::Samples,
    framed::framed,
    grey::{Grey, Window, colours},
    map::Layout,
    picture::{Picture, picture},
    shown::{jpeg, toned},
    source::Source,
    tones::{Tones, tones},
};
use crate::tasks::Tasks;
use bytes::Bytes;
use dicom_core::VR;
use image::{DynamicImage, ImageFormat};
use protocol::{
    limits::PREVIEW_SIDE_MAX,
    manifest::InstanceEntry,
    preview::{self, Absent, Reduced, Sketch},
};
use std::io::Cursor;

/// A reduced frame has so many times fewer rows and columns …
const FACTOR: u32 = 4;
/// … or half of them, where an image is so small that a quarter shows nothing.
const SMALL: u32 = 256;
/// Sides and qualities of a lossy picture, the largest first.
const SKETCHES: [(u32, u8); 4] = [(320, 60), (256, 50), (176, 45), (112, 40)];
const UNREADABLE: Fault = Fault::Unreadable("the frame cannot be shown small");

/// A decoded frame with what is needed to show it.
struct Decoded {
    picture: Picture,
    samples: Samples,
    tones: Tones,
    index: u64,
}

/// Makes pictures of objects.
#[derive(Clone, Debug)]
pub(crate) struct Reducer {
    pub(crate) decoders: Decoders,
    pub(crate) tasks: Tasks,
}

impl Reducer {
    /// A frame with fewer pixels: the middle one of several.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn reduced(
        &self,
        (source, entry, header): (Source, InstanceEntry, Bytes),
    ) -> Result<Reduced, Absent> {
        let decoded = self.decoded(source, entry, &header, None).await.map_err(absent)?;
        let work = self.tasks.spawn_blocking("reduce", move || fewer(&decoded));
        work.await.map_err(|_| Absent::Unreadable)?.ok_or(Absent::Unreadable)
    }

    /// A small lossy picture in sizes that fall; `frame`, from 0: the middle one where none is named.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn sketched(
        &self,
        (source, entry, header): (Source, InstanceEntry, Bytes),
        frame: Option<u32>,
    ) -> Result<Vec<Sketch>, Absent> {
        let instance = entry.instance.clone();
        let decoded = self.decoded(source, entry, &header, frame).await.map_err(absent)?;
        let frame = u32::try_from(decoded.index).map_err(|_| Absent::Unreadable)?;
        let work = self.tasks.spawn_blocking("sketch", move || {
            let image = toned(&decoded.picture, &decoded.samples, &decoded.tones, None)?;
            let sketch = |(side, quality)| {
                let small = scaled(&image, side);
                let sides = (u16::try_from(small.width()), u16::try_from(small.height()));
                let (Ok(width), Ok(height)) = sides else { return Err(UNREADABLE) };
                let jpeg = jpeg(&small, quality)?;
                Ok(Sketch { instance: instance.clone(), frame, width, height, jpeg })
            };
            SKETCHES.into_iter().map(sketch).collect::<Result<Vec<_>, Fault>>()
        });
        work.await.map_err(|_| Absent::Unreadable)?.map_err(absent)
    }

    async fn decoded(
        &self,
        mut source: Source,
        mut entry: InstanceEntry,
        header: &Bytes,
        frame: Option<u32>,
    ) -> Result<Decoded, Fault> {
        let (written, study) = (entry.transfer_syntax.clone(), source.study().cloned());
        let mut syntax = Syntax::of(written.as_str());
        let (mut front, mut from) = (header.clone(), header.len() as u64);
        if syntax.deflated {
            if entry.bytes > super::dataset::INFLATED_BYTES_MAX {
                return Err(UNREADABLE);
            }
            let bytes = self.decoders.inflate(source.whole(&entry, 0, entry.bytes).await?).await?;
            entry.bytes = bytes.len() as u64;
            (front, from) = (bytes.clone(), 0);
            source = Source::Memory { from: 0, bytes };
            syntax.deflated = false;
        }
        let framed = framed(source, entry, &front, from, syntax).await?;
        let frames = framed.map.frames();
        let index = frame.map_or(frames / 2, u64::from);
        let picture = picture(header, &framed, index).await?;
        let tones = tones(header, written.as_str(), index)?;
        let samples = self.decoders.samples_of(study.as_ref(), &framed.entry, index, &picture).await?;
        Ok(Decoded { picture, samples, tones, index })
    }
}

/// Whether an object has pictures was looked at before.
#[expect(clippy::needless_pass_by_value, reason = "as it comes")]
fn absent(fault: Fault) -> Absent {
    tracing::debug!(%fault, "an object is not shown small");
    Absent::Unreadable
}

fn scaled(image: &DynamicImage, side: u32) -> DynamicImage {
    if image.width() > side || image.height() > side { image.thumbnail(side, side) } else { image.clone() }
}

/// By how much rows and columns become fewer.
fn factor(rows: u32, columns: u32) -> u32 {
    let longer = rows.max(columns);
    let usual = if longer < SMALL { FACTOR / 2 } else { FACTOR };
    usual.max(longer.div_ceil(u32::from(PREVIEW_SIDE_MAX)))
}

/// The frame with fewer pixels; `None` of a kind that has no mean, or more bits than are kept.
fn fewer(decoded: &Decoded) -> Option<Reduced> {
    let Decoded { picture, samples, tones, index } = decoded;
    let (rows, columns) = (picture.layout.rows, picture.layout.columns);
    let by = factor(rows, columns);
    let sides = (u16::try_from(rows.div_ceil(by)).ok()?, u16::try_from(columns.div_ceil(by)).ok()?);
    let frame = u32::try_from(*index).ok()?;
    let at = (rows as usize, columns as usize, by as usize);
    if picture.layout.samples == 1 && samples.photometric != "PALETTE COLOR" {
        let is_whole = matches!(picture.layout.allocated, 8 | 16) && !matches!(picture.vr, VR::OF | VR::OD);
        if !is_whole || (samples.bytes.len() as u64) < picture.pixels() * u64::from(picture.layout.allocated / 8) {
            return None;
        }
        // Whole numbers of sixteen bits.
        #[allow(clippy::cast_possible_truncation)]
        let values: Vec<i32> = Grey::new(picture, samples).values().map(|value| value as i32).collect();
        let means = means(&values, at, 1);
        let is_narrow = !picture.signed && picture.stored <= 8;
        let (kind, bytes) = if is_narrow {
            (preview::Samples::Grey8, means.iter().map(|mean| mean.to_le_bytes()[0]).collect())
        } else {
            let kind = preview::Samples::Grey16 { signed: picture.signed };
            (kind, means.iter().flat_map(|mean| [mean.to_le_bytes()[0], mean.to_le_bytes()[1]]).collect::<Vec<u8>>())
        };
        return Reduced::of(frame, sides, kind, bytes);
    }
    let colours = if picture.layout.samples == 1 {
        toned(picture, samples, tones, None).ok()?.to_rgb8().into_raw()
    } else {
        colours(picture, samples)?
    };
    let values: Vec<i32> = colours.into_iter().map(i32::from).collect();
    let bytes = means(&values, at, 3).iter().map(|mean| mean.to_le_bytes()[0]).collect();
    Reduced::of(frame, sides, preview::Samples::Rgb, bytes)
}

/// The mean of each square of pixels, rounded; at the edges of what there is.
fn means(values: &[i32], (rows, columns, by): (usize, usize, usize), step: usize) -> Vec<i32> {
    let mut made = Vec::with_capacity(rows.div_ceil(by) * columns.div_ceil(by) * step);
    let mut sums = vec![0i64; columns.div_ceil(by) * step];
    for band in values.chunks((columns * step * by).max(1)).take(rows.div_ceil(by)) {
        sums.fill(0);
        let height = band.len() / (columns * step).max(1);
        for row in band.chunks_exact((columns * step).max(1)) {
            for (sum, square) in sums.chunks_exact_mut(step).zip(row.chunks(by * step)) {
                for pixel in square.chunks_exact(step) {
                    sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += i64::from(*value));
                }
            }
        }
        for (place, sum) in sums.iter().enumerate() {
            let width = by.min(columns - place / step * by);
            let count = i64::try_from(width * height).unwrap_or(i64::MAX).max(1);
            let mean = (sum + count.div_euclid(2)).div_euclid(count);
            made.push(i32::try_from(mean).unwrap_or(0));
        }
    }
    made
}

/// A reduced frame as an eight-bit picture in PNG, by what the header of its object says, or in another window.
///
/// # Errors
/// Where it is not what it says.
pub(crate) fn shown(
    header: &[u8],
    transfer_syntax: &str,
    reduced: &Reduced,
    window: Option<Window>,
) -> Result<Vec<u8>, Fault> {
    let bytes = reduced.pixels().ok_or(UNREADABLE)?;
    let tones = tones(header, transfer_syntax, reduced.frame.into())?;
    let (samples, allocated, is_signed) = match reduced.samples {
        preview::Samples::Grey8 => (1, 8, false),
        preview::Samples::Grey16 { signed } => (1, 16, signed),
        preview::Samples::Rgb => (3, 8, false),
    };
    let photometric = if samples == 3 { "RGB".to_owned() } else { photometric(header, transfer_syntax)? };
    let layout = Layout {
        rows: reduced.rows.into(),
        columns: reduced.columns.into(),
        samples,
        allocated,
        photometric: photometric.clone(),
        frames: 1,
    };
    let picture = Picture {
        bytes: Bytes::new(),
        transfer_syntax: EXPLICIT_LE.to_owned(),
        encapsulated: false,
        big_endian: false,
        vr: VR::OW,
        layout,
        stored: allocated,
        high: allocated - 1,
        signed: is_signed,
        planar: false,
    };
    let image = toned(&picture, &Samples { bytes, planar: false, photometric }, &tones, window)?;
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, ImageFormat::Png).map_err(|e| Fault::Internal(format!("picture: {e}")))?;
    Ok(out.into_inner())
}

fn photometric(header: &[u8], transfer_syntax: &str) -> Result<String, Fault> {
    let syntax = Syntax::of(transfer_syntax);
    let plain = super::dataset::readable(header, syntax)?;
    let set = super::dataset::DataSet::parse(&plain, syntax)?;
    Ok(Layout::of(&set, syntax).photometric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_becomes_its_mean_also_at_the_edge() {
        // 3 × 5 pixels by two: squares of 4, 4, 2 pixels above, 2, 2, 1 below.
        let values = [0, 2, 10, 10, 7, 4, 6, 10, 10, -8, 1, 2, -5, -6, 100];
        assert_eq!(means(&values, (3, 5, 2), 1), [3, 10, 0, 2, -5, 100]);
        // Colours each by itself.
        assert_eq!(means(&[1, 10, 100, 3, 30, 200], (1, 2, 2), 3), [2, 20, 150]);
    }

    #[test]
    fn a_quarter_is_what_is_left_of_rows_and_columns() {
        assert_eq!(factor(512, 512), 4);
        assert_eq!(factor(64, 64), 2);
        assert_eq!(factor(3000, 2500), 6);
        assert_eq!(factor(1, 65_535), 128);
    }
}
