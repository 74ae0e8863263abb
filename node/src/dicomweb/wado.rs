//! Retrieves whole objects (PS3.18 §10.4.1.1.1): Part 10 files as first received, streamed; those of a corrected study
//! with the corrections in their headers.
//!
//! # Not here
//! Objects in another transfer syntax than their own: [`super::plain`].

use super::{
    accept,
    asker::{Asker, Desk, etag_of, strong, tag},
    body::{self, Part, Piece},
    error::Problem,
    metadata::instance_url,
    opened::opened,
    plain,
};
use crate::{pixels::source::Source, studies::SeriesView};
use axum::{extract::State, response::Response};
use bytes::Bytes;
use protocol::{Uid, fetch::Priority, manifest::InstanceEntry};
use std::sync::Arc;

pub(super) async fn study(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    retrieve(asker, None, None).await
}

pub(super) async fn series(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let series = asker.series()?;
    retrieve(asker, Some(series), None).await
}

pub(super) async fn instance(State(_): State<Arc<Desk>>, asker: Asker) -> Result<Response, Problem> {
    let (series, instance) = (asker.series()?, asker.instance()?);
    retrieve(asker, Some(series), Some(instance)).await
}

/// `is_corrected`: its header is not the stored one.
fn part(url: String, series: Uid, entry: InstanceEntry, is_corrected: bool) -> Part {
    let entry = Arc::new(entry);
    let offset = if is_corrected { u64::from(entry.header_bytes) } else { 0 };
    let stored = Piece::Stored { entry: entry.clone(), offset, len: entry.bytes.saturating_sub(offset) };
    let front = is_corrected.then(|| Piece::Front(series, entry.clone()));
    Part {
        content_type: format!("application/dicom; transfer-syntax={}", entry.transfer_syntax),
        location: url,
        pieces: std::iter::once(Piece::Meta(entry)).chain(front).chain(std::iter::once(stored)).collect(),
    }
}

async fn retrieve(asker: Asker, series: Option<Uid>, instance: Option<Uid>) -> Result<Response, Problem> {
    let (uid, study) = (asker.study()?, asker.open().await?);
    let chosen: Vec<(Uid, InstanceEntry)> = match (&series, &instance) {
        (Some(series), Some(instance)) => vec![(series.clone(), study.instance(series, instance).await?)],
        _ => {
            let all = study.series().await?;
            let of =
                |view: &SeriesView| view.instances.iter().map(|e| (view.series.clone(), e.clone())).collect::<Vec<_>>();
            all.iter().filter(|v| series.as_ref().is_none_or(|s| *s == v.series)).flat_map(of).collect()
        }
    };
    if chosen.is_empty() {
        return Err(Problem::NotFound);
    }
    let mut syntaxes: Vec<&str> = chosen.iter().map(|(_, e)| e.transfer_syntax.as_str()).collect();
    syntaxes.sort_unstable();
    syntaxes.dedup();
    let form = accept::objects(&asker.accepted()?, instance.is_some(), &syntaxes)?;
    let form_text = if form.decode { "plain" } else { form.media.as_str() };
    let mut seen: Vec<&[u8]> = chosen.iter().map(|(_, e)| e.digest.0.as_slice()).collect();
    // The same data set can stand in files with different meta groups.
    let meta = match chosen.first() {
        Some((_, entry)) if !form.multipart && !form.decode => study.meta(entry).await?,
        _ => Bytes::new(),
    };
    let edition = study.edition();
    let is_corrected = !edition.is_empty();
    seen.extend([form_text.as_bytes(), &meta, edition.as_bytes()]);
    let etag = etag_of(&seen);
    if let Some(unchanged) = asker.unchanged(&etag) {
        return Ok(unchanged);
    }
    opened(&asker, &uid, chosen.iter().map(|(_, entry)| entry)).await?;
    if form.decode {
        let mut response = plain::answer(asker, study, &form, uid, chosen).await?;
        tag(&mut response, &etag);
        return Ok(response);
    }
    let source = Source::of(&study, Priority::Series);
    let root = asker.root.clone();
    let mut parts = chosen.into_iter().map(move |(series, entry)| {
        let url = instance_url(&root, &uid, &series, &entry.instance);
        part(url, series, entry, is_corrected)
    });
    if !form.multipart {
        return body::single(&asker, source, strong(&etag), parts.next().ok_or(Problem::NotFound)?).await;
    }
    let mut response = body::multipart(&asker, source, &form, parts).await?;
    tag(&mut response, &etag);
    Ok(response)
}
