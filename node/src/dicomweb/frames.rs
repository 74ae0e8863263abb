//! Retrieves frames (PS3.18 §10.4.1.1.6): the stored bytes untouched, as soon as they are here and verified.
//!
//! The request is held by `studies` until the frame has arrived from its holder. What the viewer says it shows comes first,
//! then what it asks for first.

use super::{
    accept::{self, MediaRange},
    asker::{Asker, Desk, etag_of, strong, tag},
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
    studies::{OpenStudy, StudyError},
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
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

/// Bytes of one frame that are asked for before they are read: more than any mammogram has, and few beside what may be asked for.
const ASKED_BYTES_MAX: u64 = 128 * protocol::limits::RANGE_BYTES_MAX;

/// Frame maps of instances lately read, by digest.
#[derive(Debug)]
pub(super) struct FrameMaps(Mutex<LruCache<Digest, Arc<FrameMap>>>);

impl Default for FrameMaps {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MAPS_MAX)))
    }
}

/// Opens an instance for reading frames; or only for knowing where they lie, where none is read (`reads`).
pub(super) async fn open(
    desk: &Desk,
    study: &Arc<OpenStudy>,
    (series, instance): (&Uid, &Uid),
    (priority, reads): (Priority, bool),
) -> Result<Framed, Problem> {
    let entry = study.instance(series, instance).await?;
    let mut syntax = Syntax::of(entry.transfer_syntax.as_str());
    let from = u64::from(entry.header_bytes);
    let tail = entry.bytes.saturating_sub(from);
    let is_large = reads && entry.frames <= 1 && tail > TAIL_BYTES_MAX && !syntax.deflated;
    let mut source = if is_large { asked(study, &entry, tail, priority).await? } else { Source::of(study, priority) };
    let known = desk.maps.0.lock().unwrap_or_else(PoisonError::into_inner).get(&entry.digest).cloned();
    if let (Some(map), false) = (known, syntax.deflated) {
        return Ok(Framed { source, entry: Arc::new(entry), syntax, map });
    }
    if syntax.deflated {
        let (source, entry) = inflated(desk, &source, entry).await?;
        syntax.deflated = false;
        let header = source.whole(&entry, 0, entry.bytes).await?;
        let framed = framed(source, entry.clone(), &header, 0, syntax).await;
        return Ok(desk.door.decoders.found(study.study(), &entry, framed).await?);
    }
    // A small image is asked for at once and beside its header, instead of first where its frame lies and then the frame.
    let header = if entry.frames <= 1 && tail <= TAIL_BYTES_MAX {
        let (header, bytes) = tokio::join!(study.header(series, instance), source.range(&entry, from, tail));
        let (header, bytes) = (header?, bytes?);
        if header.len() as u64 == from {
            source = Source::Memory { from, bytes };
        }
        header
    } else {
        study.header(series, instance).await?
    };
    let from = header.len() as u64;
    let digest = entry.digest;
    let framed = framed(source, entry.clone(), &header, from, syntax).await;
    let framed = desk.door.decoders.found(study.study(), &entry, framed).await?;
    if framed.map.weight() <= MAP_WEIGHT_MAX {
        desk.maps.0.lock().unwrap_or_else(PoisonError::into_inner).put(digest, framed.map.clone());
    }
    Ok(framed)
}

/// All of a large image is asked for before it is looked at where its frame lies, and before the rest of its series: it is read piece
/// by piece, and each piece would wait behind that.
async fn asked(
    study: &Arc<OpenStudy>,
    entry: &InstanceEntry,
    tail: u64,
    priority: Priority,
) -> Result<Source, Problem> {
    let range = (u64::from(entry.header_bytes), tail.min(ASKED_BYTES_MAX));
    let look = study.ask(entry, range, priority).await?;
    Ok(Source::asked(study, priority, look))
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

/// Deflation and implicit VRs are not in a frame's bytes.
fn frame_syntax(entry: &InstanceEntry, is_encapsulated: bool, syntax: Syntax) -> &str {
    if is_encapsulated || syntax.big_endian { entry.transfer_syntax.as_str() } else { EXPLICIT_LE }
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
    study.about_to_read(&series, Some(&instance).filter(|_| !asker.head_only));
    let entry = study.instance(&series, &instance).await?;
    let accepted = asker.accepted()?;
    let etag = etag_of(&[&entry.digest.0, asker.param("frames").as_bytes(), format!("{accepted:?}").as_bytes()]);
    if let Some(unchanged) = asker.unchanged(&etag) {
        return Ok(unchanged);
    }
    if asker.head_only {
        return head(&entry, &numbers, &accepted, &etag);
    }
    let priority = study.frame_priority(&desk.door.cases);
    let framed = open(&desk, &study, (&series, &instance), (priority, true)).await?;
    if numbers.iter().any(|n| *n > framed.map.frames()) {
        return Err(Problem::NotFound);
    }
    let framed = Arc::new(framed);
    let stored = framed.frame_syntax().to_owned();
    let form = accept::frames(&accepted, numbers.len() == 1, framed.is_encapsulated(), &stored)?;
    let url = instance_url(&asker.root, &uid, &series, &instance);
    let mut parts = Vec::with_capacity(numbers.len());
    for number in &numbers {
        let content_type = content_type(&form, &stored);
        let location = format!("{url}/frames/{number}");
        let mut pieces = pieces(&desk, &study, (&series, &instance), &framed, &form, number - 1).await?;
        // The first is made before the status goes out, so that what cannot be decoded is a 406; the others in their turn.
        if parts.is_empty()
            && let [Piece::Made(first)] = pieces.as_slice()
        {
            pieces = vec![Piece::Own(first.made().await?)];
        }
        parts.push(Part { content_type, location, pieces });
    }
    let source = framed.source.clone();
    if !form.multipart {
        let part = parts.into_iter().next().ok_or(Problem::NotFound)?;
        // Another version of a codec may decode otherwise.
        let etag = if form.decode { &etag } else { strong(&etag) };
        return body::single(&asker, source, etag, part).await;
    }
    let mut response = body::multipart(&asker, source, &form, parts.into_iter()).await?;
    tag(&mut response, &etag);
    Ok(response)
}

fn content_type(form: &accept::Form, stored: &str) -> String {
    let syntax = if form.decode || form.little_endian { EXPLICIT_LE } else { stored };
    format!("{}; transfer-syntax={syntax}", form.media)
}

/// The answer to HEAD, by what the manifest says: the object is not touched.
fn head(entry: &InstanceEntry, numbers: &[u64], accepted: &[MediaRange], etag: &str) -> Result<Response, Problem> {
    if numbers.iter().any(|n| *n > u64::from(entry.frames)) {
        return Err(Problem::NotFound);
    }
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    let stored = frame_syntax(entry, syntax.encapsulated, syntax);
    let form = accept::frames(accepted, numbers.len() == 1, syntax.encapsulated, stored)?;
    let (content_type, etag) = if form.multipart {
        (format!("multipart/related; type=\"{}\"", form.media), etag)
    } else {
        (content_type(&form, stored), if form.decode { etag } else { strong(etag) })
    };
    let mut response = ([(header::CONTENT_TYPE, content_type)], body::headless()).into_response();
    tag(&mut response, etag);
    Ok(response)
}

/// A frame that does not leave as it is stored.
#[derive(Debug)]
pub(super) struct Changed {
    desk: Arc<Desk>,
    study: Uid,
    framed: Arc<Framed>,
    /// To decode by; `None`: only moved to begin on a byte.
    header: Option<Bytes>,
    index: u64,
}

impl Changed {
    async fn made(&self) -> Result<Bytes, Problem> {
        let Some(header) = &self.header else { return Ok(self.framed.held(self.index).await?) };
        let picture = picture(header, &self.framed, self.index).await?;
        let decoders = &self.desk.door.decoders;
        let samples = decoders.samples_of(Some(&self.study), &self.framed.entry, self.index, &picture).await?;
        Ok(samples.bytes.into())
    }

    /// Its bytes, in an answer that has begun.
    pub(super) async fn bytes(&self) -> Result<Bytes, StudyError> {
        self.made().await.map_err(|problem| StudyError::Internal(problem.to_string()))
    }
}

/// A frame in the form asked: ranges of the object, or bytes made from them.
async fn pieces(
    desk: &Arc<Desk>,
    study: &Arc<OpenStudy>,
    (series, instance): (&Uid, &Uid),
    framed: &Arc<Framed>,
    form: &accept::Form,
    index: u64,
) -> Result<Vec<Piece>, Problem> {
    let changed = |header| {
        let (desk, study, framed) = (desk.clone(), study.study().clone(), framed.clone());
        vec![Piece::Made(Arc::new(Changed { desk, study, framed, header, index }))]
    };
    let swapped = !framed.is_encapsulated() && form.little_endian && framed.syntax.big_endian;
    if form.decode || swapped {
        return Ok(changed(Some(study.header(series, instance).await?)));
    }
    match *framed.map {
        FrameMap::Native { bits, .. } if bits % 8 != 0 => Ok(changed(None)),
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
