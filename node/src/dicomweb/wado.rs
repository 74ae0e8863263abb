//! Retrieves whole objects (PS3.18 §10.4.1.1.1): Part 10 files as first received, streamed.
//!
//! # Not here
//! Objects in another transfer syntax than their own: [`super::plain`].

use super::{
    accept,
    asker::{Asker, Desk, etag_of, tag},
    body::{self, Part, Piece},
    error::Problem,
    metadata::instance_url,
    plain,
};
use crate::studies::SeriesView;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
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

fn part(url: String, entry: InstanceEntry) -> Part {
    let entry = Arc::new(entry);
    let stored = Piece::Stored { entry: entry.clone(), offset: 0, len: entry.bytes };
    Part {
        content_type: format!("application/dicom; transfer-syntax={}", entry.transfer_syntax),
        location: url,
        pieces: vec![Piece::Meta(entry), stored],
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
    let form_text = if form.decode { "plain" } else { "" };
    let digests = chosen.iter().map(|(_, e)| e.digest.0.as_slice());
    let etag = etag_of(&digests.chain([form_text.as_bytes()]).collect::<Vec<_>>());
    if asker.has(&etag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        tag(&mut response, &etag, "private, no-cache");
        return Ok(response);
    }
    if form.decode {
        let mut response = plain::answer(asker, study, &form, uid, chosen).await?;
        tag(&mut response, &etag, "private, no-cache");
        return Ok(response);
    }
    let source = Asker::source(&study, Priority::Series);
    let root = asker.root.clone();
    let mut parts = chosen.into_iter().map(move |(series, entry)| {
        let url = instance_url(&root, &uid, &series, &entry.instance);
        part(url, entry)
    });
    let mut response = if form.multipart {
        body::multipart(source, &form, parts).await?
    } else {
        body::single(source, &asker.headers, parts.next().ok_or(Problem::NotFound)?).await?
    };
    tag(&mut response, &etag, "private, no-cache");
    Ok(response)
}
