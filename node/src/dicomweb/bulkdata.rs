//! Retrieves single bulk values (PS3.18 §10.4.1.1.5) by the path that a BulkDataURI names: tags and item numbers.

use super::{
    accept::MediaRange,
    asker::{Asker, Desk, etag_of, strong, tag},
    body::{self, Part, Piece},
    dataset::{DataSet, Syntax, Value, readable, to_little_endian},
    error::Problem,
    frames,
    metadata::instance_url,
    opened::opened,
};
use crate::pixels::{
    map::{FrameMap, Walker},
    source::Source,
};
use axum::{extract::State, response::Response};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use protocol::{fetch::Priority, manifest::InstanceEntry};
use std::sync::Arc;

/// Steps of a path: as deep as headers are read.
const STEPS_MAX: usize = 129;

pub(super) async fn bulkdata(State(desk): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let (uid, study) = (asker.study()?, asker.open().await?);
    let (series, instance) = (asker.series()?, asker.instance()?);
    let entry = study.instance(&series, &instance).await?;
    let path = asker.param("path").to_owned();
    let wants_multipart = wants_multipart(&asker.accepted()?)?;
    let etag = etag_of(&[&entry.digest.0, path.as_bytes(), &[u8::from(wants_multipart)]]);
    if let Some(unchanged) = asker.unchanged(&etag) {
        return Ok(unchanged);
    }
    opened(&asker, &uid, std::iter::once(&entry)).await?;
    let header = study.header(&series, &instance).await?;
    let (pieces, source) = match in_header(&header, &entry, &path)? {
        Some(value) => own(value.into()),
        None => beyond(&desk, &study, (&series, &instance), &entry, (&path, !asker.head_only)).await?,
    };
    let url = instance_url(&asker.root, &uid, &series, &instance);
    let part = Part {
        content_type: "application/octet-stream".to_owned(),
        location: format!("{url}/bulkdata/{path}"),
        pieces,
    };
    if wants_multipart {
        let form = super::accept::Form {
            multipart: true,
            media: "application/octet-stream".to_owned(),
            decode: false,
            little_endian: false,
        };
        let mut response = body::multipart(&asker, source, &form, std::iter::once(part)).await?;
        tag(&mut response, &etag);
        return Ok(response);
    }
    body::single(&asker, source, strong(&etag), part).await
}

/// Viewers of all ages ask for bulk data in many ways: a single part when it is named, else multipart.
fn wants_multipart(ranges: &[MediaRange]) -> Result<bool, Problem> {
    for range in ranges {
        match range.media.as_str() {
            "multipart/related" | "multipart/*" | "*/*" | "*" => return Ok(true),
            "application/octet-stream" | "application/*" | "application/pdf" => return Ok(false),
            _ => {}
        }
    }
    Err(Problem::NotAcceptable("bulk data are given as application/octet-stream"))
}

fn parse_tag(step: &str) -> Option<Tag> {
    if step.len() != 8 || !step.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(Tag(u16::from_str_radix(step.get(..4)?, 16).ok()?, u16::from_str_radix(step.get(4..)?, 16).ok()?))
}

/// The value at this path if the header holds it.
pub(super) fn in_header(header: &[u8], entry: &InstanceEntry, path: &str) -> Result<Option<Vec<u8>>, Problem> {
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    let header = readable(header, syntax)?;
    let root = DataSet::parse(&header, syntax)?;
    let mut set = &root;
    let mut steps = path.split('/').take(STEPS_MAX);
    let wrong = || Problem::bad("bulk data are named by tags and item numbers");
    loop {
        let tag = steps.next().and_then(parse_tag).ok_or_else(wrong)?;
        let Some(item) = steps.next() else {
            return Ok(match set.element(tag) {
                Some(element) => match element.value {
                    Value::Bytes(bytes) if syntax.big_endian => Some(to_little_endian(bytes, element.vr)),
                    Value::Bytes(bytes) => Some(bytes.to_vec()),
                    Value::Items(_) | Value::Encapsulated => None,
                },
                None => None,
            });
        };
        let index: usize = item.parse().map_err(|_| wrong())?;
        set = set.items(tag).get(index).ok_or(Problem::NotFound)?;
    }
}

/// A value that is read already.
fn own(value: bytes::Bytes) -> (Vec<Piece>, Source) {
    (vec![Piece::Own(value)], Source::Memory { from: 0, bytes: bytes::Bytes::new() })
}

/// The value of a top-level attribute after the header: all frames of encapsulated pixel data, one after the other. With where it is
/// read from, if it is (`reads`).
async fn beyond(
    desk: &Desk,
    study: &Arc<crate::studies::OpenStudy>,
    (series, instance): (&protocol::Uid, &protocol::Uid),
    entry: &InstanceEntry,
    (path, reads): (&str, bool),
) -> Result<(Vec<Piece>, Source), Problem> {
    let tag = parse_tag(path).ok_or(Problem::NotFound)?;
    let syntax = Syntax::of(entry.transfer_syntax.as_str());
    let stored = |offset, len| Piece::Stored { entry: Arc::new(entry.clone()), offset, len };
    if syntax.deflated {
        let source = Source::of(study, Priority::Screen);
        let (source, inflated) = frames::inflated(desk, &source, entry.clone()).await?;
        let plain = Syntax { deflated: false, ..syntax };
        let found = Walker::new(&source, &inflated).find(0, tag, plain).await?;
        let (head, value) = found.ok_or(Problem::NotFound)?;
        let len = u64::from(head.length.ok_or(Problem::NotFound)?);
        return Ok(own(source.whole(&inflated, value, len).await?));
    }
    if tag == tags::PIXEL_DATA {
        let framed = frames::open(desk, study, (series, instance), (Priority::Screen, reads)).await?;
        let pieces = match framed.map.as_ref() {
            FrameMap::Native { value, .. } => vec![stored(value.offset, value.len)],
            FrameMap::Encapsulated(all) => all.iter().flatten().map(|e| stored(e.offset, e.len)).collect(),
        };
        // One that was read whole already lies in memory from its header on.
        return Ok((pieces, framed.source));
    }
    let source = Source::of(study, Priority::Screen);
    let from = u64::from(entry.header_bytes);
    let (head, value) = Walker::new(&source, entry).find(from, tag, syntax).await?.ok_or(Problem::NotFound)?;
    let len = u64::from(head.length.ok_or(Problem::NotFound)?).min(entry.bytes.saturating_sub(value));
    Ok((vec![stored(value, len)], source))
}
