//! Retrieves frames (PS3.18 §10.4.1.1.6): the stored bytes untouched, as soon as they are here and verified.
//!
//! The request is held by `studies` until the frame has arrived from its holder, and what the viewer asks for first is
//! fetched first.

use super::{
    accept,
    asker::{Asker, Desk, etag_of, tag},
    body::{self, Part, Piece},
    dataset::{self, EXPLICIT_LE, Syntax},
    error::Problem,
    metadata::instance_url,
};
use crate::{
    pixels::{
        framed::{Framed, framed},
        map::{Extent, FrameMap},
        picture::picture,
        source::Source,
    },
    studies::OpenStudy,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lru::LruCache;
use protocol::{Digest, Uid, fetch::Priority, manifest::InstanceEntry};
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

/// Frames named in one request.
const LIST_MAX: usize = 10_000;
/// Instances whose frame map is kept, and the largest map kept: 64 × 20,000 extents are 20 MiB.
const MAPS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);
const MAP_WEIGHT_MAX: usize = 20_000;

/// Bytes after a header that are read whole for one frame: one range of the pixel plane.
const TAIL_BYTES_MAX: u64 = protocol::limits::RANGE_BYTES_MAX;

/// Frame maps of instances lately read, by digest.
#[derive(Debug)]
pub(super) struct FrameMaps(Mutex<LruCache<Digest, Arc<FrameMap>>>);

impl Default for FrameMaps {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAPS_MAX)))
    }
}

/// Opens an instance for reading frames.
pub(super) async fn open(
    desk: &Desk,
    study: &Arc<OpenStudy>,
    series: &Uid,
    instance: &Uid,
    priority: Priority,
) -> Result<Framed, Problem> {
    let entry = study.instance(series, instance).await?;
    let mut syntax = Syntax::of(entry.transfer_syntax.as_str());
    let mut source = Asker::source(study, priority);
    let known = desk.maps.0.lock().unwrap_or_else(PoisonError::into_inner).get(&entry.digest).cloned();
    if let (Some(map), false) = (known, syntax.deflated) {
        return Ok(Framed { source, entry: Arc::new(entry), syntax, map });
    }
    if syntax.deflated {
        let (source, entry) = inflated(desk, &source, entry).await?;
        syntax.deflated = false;
        let header = source.whole(&entry, 0, entry.bytes).await?;
        return Ok(framed(source, entry, &header, 0, syntax).await?);
    }
    let header = study.header(series, instance).await?;
    let from = header.len() as u64;
    let tail = entry.bytes.saturating_sub(from);
    // A small image is asked for at once, instead of first where its frame lies and then the frame.
    if entry.frames <= 1 && tail <= TAIL_BYTES_MAX {
        source = Source::Memory { from, bytes: source.range(&entry, from, tail).await? };
    }
    let digest = entry.digest;
    let framed = framed(source, entry, &header, from, syntax).await?;
    if framed.map.weight() <= MAP_WEIGHT_MAX {
        desk.maps.0.lock().unwrap_or_else(PoisonError::into_inner).put(digest, framed.map.clone());
    }
    Ok(framed)
}

/// Reads a deflated data set whole and inflates it, both bounded.
pub(super) async fn inflated(
    desk: &Desk,
    source: &Source,
    mut entry: InstanceEntry,
) -> Result<(Source, InstanceEntry), Problem> {
    if entry.bytes > dataset::INFLATED_BYTES_MAX {
        return Err(dataset::DataSetError::Size.into());
    }
    let deflated = source.whole(&entry, 0, entry.bytes).await?;
    let bytes = desk.door.decoders.inflate(deflated).await?;
    entry.bytes = bytes.len() as u64;
    Ok((Source::Memory { from: 0, bytes }, entry))
}

/// Frame numbers, from 1, as the path lists them.
fn numbers(list: &str) -> Result<Vec<u64>, Problem> {
    let numbers: Vec<u64> = list
        .split(',')
        .take(LIST_MAX + 1)
        .map(|n| n.trim().parse().ok().filter(|n| *n > 0).ok_or_else(|| Problem::bad("frames are numbered from 1")))
        .collect::<Result<_, _>>()?;
    if numbers.len() > LIST_MAX { Err(Problem::bad("too many frames in one request")) } else { Ok(numbers) }
}

pub(super) async fn frames(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let numbers = numbers(asker.param("frames"))?;
    let (uid, study) = (asker.study()?, asker.open().await?);
    let (series, instance) = (asker.series()?, asker.instance()?);
    let framed = open(&desk, &study, &series, &instance, Priority::Screen).await?;
    if numbers.iter().any(|n| *n > framed.map.frames()) {
        return Err(Problem::NotFound);
    }
    let stored = framed.frame_syntax().to_owned();
    let form = accept::frames(&asker.accepted()?, numbers.len() == 1, framed.is_encapsulated(), &stored)?;
    let form_text = format!("{form:?}");
    let etag = etag_of(&[&framed.entry.digest.0, asker.param("frames").as_bytes(), form_text.as_bytes()]);
    const IMMUTABLE: &str = "private, max-age=3600";
    if asker.has(&etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        tag(&mut response, &etag, IMMUTABLE);
        return Ok(response);
    }
    let url = instance_url(&asker.root, &uid, &series, &instance);
    let syntax = if form.decode || form.little_endian { EXPLICIT_LE } else { stored.as_str() };
    let mut parts = Vec::with_capacity(numbers.len());
    for number in &numbers {
        let content_type = format!("{}; transfer-syntax={syntax}", form.media);
        let location = format!("{url}/frames/{number}");
        let pieces = pieces(&desk, &study, (&series, &instance), &framed, &form, number - 1).await?;
        parts.push(Part { content_type, location, pieces });
    }
    let mut response = if form.multipart {
        body::multipart(framed.source.clone(), &form, parts.into_iter()).await?
    } else {
        let part = parts.into_iter().next().ok_or(Problem::NotFound)?;
        body::single(framed.source.clone(), &asker.headers, part).await?
    };
    tag(&mut response, &etag, IMMUTABLE);
    Ok(response)
}

/// A frame in the form asked: ranges of the object, or bytes made from them.
async fn pieces(
    desk: &Desk,
    study: &Arc<OpenStudy>,
    (series, instance): (&Uid, &Uid),
    framed: &Framed,
    form: &accept::Form,
    index: u64,
) -> Result<Vec<Piece>, Problem> {
    let swapped = !framed.is_encapsulated() && form.little_endian && framed.syntax.big_endian;
    if form.decode || swapped {
        let header = study.header(series, instance).await?;
        let picture = picture(&header, framed, index).await?;
        let decoded = desk.door.decoders.samples(&picture).await?;
        return Ok(vec![Piece::Own(decoded.bytes.into())]);
    }
    match *framed.map {
        FrameMap::Native { bits, .. } if bits % 8 != 0 => Ok(vec![Piece::Own(framed.held(index).await?)]),
        _ => {
            let (extents, _) = framed.map.frame(index).ok_or(Problem::NotFound)?;
            let stored = |e: Extent| Piece::Stored { entry: framed.entry.clone(), offset: e.offset, len: e.len };
            Ok(extents.into_iter().map(stored).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_lists_are_read() {
        assert_eq!(numbers("1,2,7").unwrap(), [1, 2, 7]);
        for wrong in ["", "0", "-1", "1,,2", "x", "1;2", "99999999999999999999"] {
            assert!(matches!(numbers(wrong), Err(Problem::BadRequest(_))), "{wrong}");
        }
    }
}
