//! A small picture of an image, for the index page of a medium.
//!
//! # Not here
//! Diagnosis: pictures are for finding one's way.

use super::Media;
use crate::{
    archive::Object,
    pixels::{
        Fault,
        dataset::{Syntax, readable},
        framed::framed,
        picture::picture,
        shown::{jpeg, toned},
        source::Source,
        tones::tones,
    },
};
use protocol::manifest::InstanceEntry;

/// Longer side, pixels.
const SIDE: u32 = 320;
const QUALITY: u8 = 80;

/// The middle frame as JPEG.
pub(super) async fn jpeg_of(
    media: &Media,
    object: Object,
    entry: InstanceEntry,
    header: &[u8],
) -> Result<Vec<u8>, Fault> {
    let mut syntax = Syntax::of(entry.transfer_syntax.as_str());
    let study = object.study().clone();
    let (mut source, mut entry) = (Source::Object(object, None), entry);
    let mut from = header.len() as u64;
    if syntax.deflated {
        let whole = media.decoders.inflate(source.whole(&entry, 0, entry.bytes).await?).await?;
        (entry.bytes, from, syntax.deflated) = (whole.len() as u64, 0, false);
        source = Source::Memory { from: 0, bytes: whole };
    }
    let plain = readable(header, Syntax::of(entry.transfer_syntax.as_str()))?;
    let framed = framed(source, entry, &plain, from, syntax).await?;
    let index = framed.map.frames() / 2;
    let picture = picture(header, &framed, index).await?;
    let tones = tones(header, framed.entry.transfer_syntax.as_str(), index)?;
    let samples = media.decoders.samples_of(Some(&study), &framed.entry, index, &picture).await?;
    let work = media.tasks.spawn_blocking("export preview", move || {
        let mut image = toned(&picture, &samples, &tones, None)?;
        if image.width() > SIDE || image.height() > SIDE {
            image = image.thumbnail(SIDE, SIDE);
        }
        jpeg(&image, QUALITY)
    });
    work.await.map_err(|error| Fault::Internal(error.to_string()))?
}
