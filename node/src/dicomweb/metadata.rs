//! Metadata of studies, series and instances (PS3.18 §10.4.1.1.2): headers as JSON, bulk values as URLs.
//!
//! The viewer asks for every series of a study when it opens it, and keeps a failed answer for the life of the page; so
//! an instance whose header cannot be read is described by what the manifest says of it, and never fails its series.
//! Encoded series are kept on a small shelf by study version, so a second reader costs nothing.

use super::{
    asker::{Asker, etag_of, tag},
    body,
    dataset::{DataSet, Syntax, readable},
    error::Problem,
    json::{self, Attributes, Encoder},
    text::Charset,
};
use crate::studies::{OpenStudy, SeriesView};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use futures::{StreamExt, TryStreamExt, stream};
use lru::LruCache;
use protocol::{Uid, manifest::InstanceEntry};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of encoded metadata kept: some 60 series of 120 slices.
const SHELF_BYTES_MAX: usize = 32 << 20;
/// An answer larger than this is not kept.
const SHELVED_BYTES_MAX: usize = 8 << 20;
/// Series of one study encoded side by side for study-level metadata.
const SERIES_AT_ONCE: usize = 2;

/// Encoded metadata by root, study version and series.
#[derive(Debug)]
pub(super) struct Shelf(Mutex<Shelved>);

#[derive(Debug)]
struct Shelved {
    by_key: LruCache<String, Bytes>,
    bytes: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self(Mutex::new(Shelved { by_key: LruCache::unbounded(), bytes: 0 }))
    }
}

impl Shelf {
    fn take(&self, key: &str) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_key.get(key).cloned()
    }

    fn put(&self, key: String, body: Bytes) {
        if body.len() > SHELVED_BYTES_MAX {
            return;
        }
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.bytes += body.len();
        if let Some((_, old)) = shelf.by_key.push(key, body) {
            shelf.bytes -= old.len();
        }
        while shelf.bytes > SHELF_BYTES_MAX {
            match shelf.by_key.pop_lru() {
                Some((_, old)) => shelf.bytes -= old.len(),
                None => break,
            }
        }
    }
}

/// URL of an instance under a root.
pub(super) fn instance_url(root: &str, study: &Uid, series: &Uid, instance: &Uid) -> String {
    format!("{root}/studies/{study}/series/{series}/instances/{instance}")
}

/// Appends the metadata of one instance.
pub(super) fn write_instance(
    out: &mut String,
    url: &str,
    study: &Uid,
    series: &Uid,
    entry: &InstanceEntry,
    header: &[u8],
) {
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    let bulk_root = format!("{url}/bulkdata");
    let whole = readable(header, syntax).ok();
    let set = whole.as_deref().and_then(|h| DataSet::parse(h, syntax).ok()).unwrap_or_default();
    let mut extra = Attributes::new();
    extra.insert(tags::AVAILABLE_TRANSFER_SYNTAX_UID, json::string("UI", Some(entry.transfer_syntax.as_str())));
    let mut require = |tag: Tag, value: &Uid| {
        if set.ascii(tag).is_none() {
            extra.insert(tag, json::string("UI", Some(value.as_str())));
        }
    };
    require(tags::SOP_CLASS_UID, &entry.sop_class);
    require(tags::SOP_INSTANCE_UID, &entry.instance);
    require(tags::STUDY_INSTANCE_UID, study);
    require(tags::SERIES_INSTANCE_UID, series);
    if let Some((tag, vr)) = bulk_beyond(entry, &set, syntax) {
        extra.insert(tag, json::bulk(vr, &format!("{bulk_root}/{:04X}{:04X}", tag.0, tag.1)));
    }
    let mut encoder = Encoder::new(syntax, &bulk_root);
    std::mem::swap(&mut encoder.out, out);
    encoder.data_set(&set, &Charset::default(), &extra);
    std::mem::swap(&mut encoder.out, out);
}

/// The bulk attribute that follows the header, as the manifest and the header tell without reading it.
fn bulk_beyond(entry: &InstanceEntry, set: &DataSet<'_>, syntax: Syntax) -> Option<(Tag, &'static str)> {
    if u64::from(entry.header_bytes) >= entry.bytes || set.element(tags::PIXEL_DATA).is_some() {
        return None;
    }
    // Encapsulated PDF, CDA, STL, OBJ, MTL storage.
    if entry.sop_class.as_str().starts_with("1.2.840.10008.5.1.4.1.1.104.") {
        return Some((tags::ENCAPSULATED_DOCUMENT, "OB"));
    }
    if entry.frames == 0 {
        return None;
    }
    let allocated = set.count(tags::BITS_ALLOCATED, syntax).unwrap_or(16);
    Some(match allocated {
        64 => (tags::DOUBLE_FLOAT_PIXEL_DATA, "OD"),
        32 if set.element(tags::PIXEL_REPRESENTATION).is_none() => (tags::FLOAT_PIXEL_DATA, "OF"),
        bits if syntax.encapsulated || bits <= 8 && syntax.explicit => (tags::PIXEL_DATA, "OB"),
        _ => (tags::PIXEL_DATA, "OW"),
    })
}

async fn encoded_series(asker: &Asker, study: &Arc<OpenStudy>, series: &Uid) -> Result<Bytes, Problem> {
    let uid = asker.study()?;
    study.about_to_read(series, None);
    let version = study.version().await?;
    let key = format!("{}\n{uid}\n{version}\n{series}\n{}", asker.root, study.edition());
    if let Some(body) = asker.desk.metadata.take(&key) {
        return Ok(body);
    }
    let headers = study.shown_headers(series).await?;
    if headers.is_empty() {
        return Err(Problem::NotFound);
    }
    let closed = |_| Problem::Internal("the door is closed".to_owned());
    let _turn = asker.desk.encodes.acquire().await.map_err(closed)?;
    let (root, series) = (asker.root.clone(), series.clone());
    let encode = move || {
        let mut out = String::with_capacity(headers.len() * 4096);
        out.push('[');
        for (i, (entry, header)) in headers.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            let url = instance_url(&root, &uid, &series, &entry.instance);
            write_instance(&mut out, &url, &uid, &series, entry, header);
        }
        out.push(']');
        Bytes::from(out)
    };
    let body = asker.desk.door.tasks.spawn_blocking("dicomweb-metadata", encode).await;
    let body = body.map_err(|e| Problem::Internal(format!("metadata: {e}")))?;
    asker.desk.metadata.put(key, body.clone());
    Ok(body)
}

/// The tag of the metadata of these series: it changes with their instances, and costs no encoding.
fn set_tag<'a>(asker: &Asker, study: &OpenStudy, series: impl Iterator<Item = &'a SeriesView>) -> String {
    let edition = study.edition();
    let mut parts = vec![asker.root.as_bytes(), edition.as_bytes()];
    for view in series {
        parts.push(view.series.as_str().as_bytes());
        parts.extend(view.instances.iter().map(|entry| entry.digest.0.as_slice()));
    }
    etag_of(&parts)
}

/// The answer where no metadata are to be sent: they have not changed, or only their head is asked for.
fn head(asker: &Asker, media: &'static str, etag: &str) -> Option<Response> {
    asker.unchanged(etag).or_else(|| {
        asker.head_only.then(|| {
            let mut response = ([(header::CONTENT_TYPE, media)], body::headless()).into_response();
            tag(&mut response, etag);
            response
        })
    })
}

pub(super) async fn series(State(_): State<Arc<super::asker::Desk>>, asker: Asker) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let (study, series) = (asker.open().await?, asker.series()?);
    let all = study.series().await?;
    let view = all.iter().find(|view| view.series == series).ok_or(Problem::NotFound)?;
    let etag = set_tag(&asker, &study, std::iter::once(view));
    if let Some(head) = head(&asker, media, &etag) {
        return Ok(head);
    }
    let body = encoded_series(&asker, &study, &series).await?;
    Ok(asker.answer(media, body, Some(&etag)))
}

pub(super) async fn study(State(_): State<Arc<super::asker::Desk>>, asker: Asker) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let study = asker.open().await?;
    let all = study.series().await?;
    let etag = set_tag(&asker, &study, all.iter());
    if let Some(head) = head(&asker, media, &etag) {
        return Ok(head);
    }
    let parts: Vec<_> = all.iter().map(|view| encoded_series(&asker, &study, &view.series)).collect();
    let parts: Vec<Bytes> = stream::iter(parts).buffered(SERIES_AT_ONCE).try_collect().await?;
    let mut body = Vec::with_capacity(parts.iter().map(Bytes::len).sum());
    body.push(b'[');
    for part in parts {
        // Each is an array of its own: its brackets go.
        let inner = part.get(1..part.len().saturating_sub(1)).unwrap_or_default();
        if body.len() > 1 && !inner.is_empty() {
            body.push(b',');
        }
        body.extend_from_slice(inner);
    }
    body.push(b']');
    Ok(asker.answer(media, body.into(), Some(&etag)))
}

pub(super) async fn instance(State(_): State<Arc<super::asker::Desk>>, asker: Asker) -> Result<Response, Problem> {
    let media = asker.json_type()?;
    let (study, series, instance) = (asker.open().await?, asker.series()?, asker.instance()?);
    study.about_to_read(&series, None);
    let entry = study.instance(&series, &instance).await?;
    let etag = etag_of(&[&entry.digest.0, asker.root.as_bytes(), study.edition().as_bytes()]);
    if let Some(head) = head(&asker, media, &etag) {
        return Ok(head);
    }
    let header = study.shown_header(&series, &instance).await?;
    let uid = asker.study()?;
    let url = instance_url(&asker.root, &uid, &series, &instance);
    let mut out = String::from("[");
    write_instance(&mut out, &url, &uid, &series, &entry, &header);
    out.push(']');
    Ok(asker.answer(media, out.into(), Some(&etag)))
}
