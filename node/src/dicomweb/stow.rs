//! Stores instances (STOW-RS, PS3.18 §10.5): each part goes straight to the archive's spool, and is acknowledged only
//! after the archive did.
//!
//! Parts are kept spooled until the body has come to its end, so that a request that breaks off stores nothing; meanwhile
//! they are hashed and written. In a request of more than [`SPOOLED_MAX`] parts the first ones are taken in before, each
//! whole or not at all.
//!
//! # Not here
//! What an instance must be to be taken in: `archive::ingest`. The Origin check: the portal's layer.

use super::{
    accept::MediaRange,
    asker::{Asker, Desk},
    dataset::{self, DataSet, EXPLICIT_LE, Syntax, readable},
    error::Problem,
    json::{self, Attributes},
    metadata::instance_url,
    reasons,
};
use crate::{
    archive::{Ahead, Form, IngestError, Ingested, Source, Spool},
    audit::{Act, Event},
    multipart::{Multipart, MultipartError, Piece},
    trust::Action,
};
use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use futures::{Stream, StreamExt, stream};
use protocol::{Refusal, Uid};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Parts kept spooled at once: one open file each.
const SPOOLED_MAX: usize = 32;
/// Parts of one request.
const PARTS_MAX: usize = 20_000;
/// Instances taken in side by side: they share the archive's syncs.
const INGESTS_AT_ONCE: usize = 8;
/// Largest instance uploaded over HTTP, bytes.
const INSTANCE_BYTES_MAX: u64 = 4 << 30;
/// A client that sends nothing for so long is cut off.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// A node that stops is there again after so long, seconds.
const STOPPING_RETRY_S: u32 = 30;
/// Metadata and bulk data apart (PS3.18 §10.5.2) would be put together here, and no longer be what was signed or sent.
const PARTS: &str = "whole instances are stored, as application/dicom; metadata and bulk data apart are not";
/// Bytes at the front of an instance that are looked at for its names.
const FRONT_BYTES: usize = 128 * 1024;

pub(super) async fn store(State(desk): State<Arc<Desk>>, asker: Asker, body: Body) -> Result<Response, Problem> {
    if !asker.person.allows(Action::StoreStudies) {
        return Err(Problem::Refused(Refusal::Role));
    }
    let media = asker.json_type()?;
    let study = if asker.param("study").is_empty() { None } else { Some(asker.study()?) };
    let busy = Problem::Busy { code: "busy", message: "too many uploads at once", retry_s: 5 };
    let _turn = desk.stows.try_acquire().map_err(|_| busy)?;
    let content_type = asker.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let content = MediaRange::parse(content_type).ok_or_else(|| Problem::bad("the Content-Type is missing"))?;
    let stream = timed(body);
    let mut store = Store { desk: &desk, asker: &asker, study, spooled: Vec::new(), outcomes: Vec::new(), parts: 0 };
    match content.media.as_str() {
        "multipart/related" => {
            if content.param("type").is_some_and(|t| !t.eq_ignore_ascii_case("application/dicom")) {
                return Err(Problem::UnsupportedMedia(PARTS));
            }
            let boundary = content.param("boundary").unwrap_or_default().to_owned();
            store.multipart(Multipart::new(stream, &boundary).map_err(wrong)?).await?;
        }
        "application/dicom" => store.single(stream).await?,
        _ => return Err(Problem::UnsupportedMedia("only multipart/related and application/dicom are stored")),
    }
    store.ingest().await;
    if store.outcomes.is_empty() {
        return Err(Problem::bad("there is no instance in the body"));
    }
    write_received(&desk, &asker, &store.outcomes).await?;
    store.heed().await;
    Ok(answer(&asker, media, &store.outcomes))
}

fn wrong(error: MultipartError) -> Problem {
    match error {
        MultipartError::Slow => Problem::Slow,
        other => Problem::bad(other.to_string()),
    }
}

/// The body's chunks, each within [`SILENCE_MAX`].
fn timed(body: Body) -> impl Stream<Item = Result<Bytes, MultipartError>> + Unpin + Send {
    Box::pin(stream::unfold(body.into_data_stream(), |mut body| async move {
        let chunk = match tokio::time::timeout(SILENCE_MAX, body.next()).await {
            Err(_) => Err(MultipartError::Slow),
            Ok(None) => return None,
            Ok(Some(chunk)) => chunk.map_err(|_| MultipartError::Broken),
        };
        Some((chunk, body))
    }))
}

/// What became of one part.
#[derive(Debug)]
struct Outcome {
    names: Names,
    result: Result<Ingested, Failure>,
}

/// Why a part was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error("the instance is not of the study asked")]
    OtherStudy,
}

/// What an instance calls itself.
#[derive(Clone, Debug, Default)]
struct Names {
    class: Option<String>,
    instance: Option<String>,
    study: Option<Uid>,
}

/// A part on its way in.
struct Incoming {
    spool: Result<Spool, IngestError>,
    front: Vec<u8>,
    bytes: u64,
}

struct Store<'a> {
    desk: &'a Desk,
    asker: &'a Asker,
    study: Option<Uid>,
    spooled: Vec<(Names, Ahead)>,
    outcomes: Vec<Outcome>,
    parts: usize,
}

impl Store<'_> {
    async fn multipart<S>(&mut self, mut body: Multipart<S>) -> Result<(), Problem>
    where
        S: Stream<Item = Result<Bytes, MultipartError>> + Unpin + Send,
    {
        let mut current: Option<Incoming> = None;
        loop {
            match body.next().await.map_err(wrong)? {
                Piece::Part(headers) => {
                    self.finish(current.take());
                    check_part(&headers)?;
                    current = Some(self.begin().await?);
                }
                Piece::Data(data) => {
                    if let Some(incoming) = &mut current {
                        incoming.write(data).await;
                    }
                }
                Piece::End => {
                    self.finish(current.take());
                    return Ok(());
                }
            }
        }
    }

    async fn single<S>(&mut self, mut body: S) -> Result<(), Problem>
    where
        S: Stream<Item = Result<Bytes, MultipartError>> + Unpin + Send,
    {
        let mut incoming = self.begin().await?;
        while let Some(chunk) = body.next().await {
            incoming.write(chunk.map_err(wrong)?).await;
        }
        if incoming.bytes > 0 {
            self.finish(Some(incoming));
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<Incoming, Problem> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(Problem::TooLarge("parts of one request"));
        }
        if self.spooled.len() >= SPOOLED_MAX {
            self.ingest().await;
        }
        let spool = self.desk.door.archive.spool(Form::File).await;
        if let Err(IngestError::Stopping) = spool {
            return Err(Problem::Busy { code: "stopping", message: "the node is stopping", retry_s: STOPPING_RETRY_S });
        }
        Ok(Incoming { spool, front: Vec::new(), bytes: 0 })
    }

    /// A part has come whole: it waits for the end of the body, or has failed.
    fn finish(&mut self, incoming: Option<Incoming>) {
        let Some(Incoming { spool, front, .. }) = incoming else { return };
        let names = names(&front);
        let result = match spool {
            Ok(_) if !self.may_hold(&names) => Err(Failure::OtherStudy),
            Ok(spool) => {
                self.spooled.push((names, spool.look_ahead(&self.asker.person.actor().person)));
                return;
            }
            Err(error) => Err(error.into()),
        };
        self.outcomes.push(Outcome { names, result });
    }

    /// Whether the instance belongs to the study of the path and to the reading context.
    fn may_hold(&self, names: &Names) -> bool {
        let of_path = self.study.as_ref().is_none_or(|study| names.study.as_ref() == Some(study));
        let of_context = self.asker.within.as_ref().is_none_or(|w| names.study.as_ref().is_some_and(|s| w.contains(s)));
        of_path && of_context
    }

    /// Takes in what is spooled.
    async fn ingest(&mut self) {
        let source = Source { actor: self.asker.person.actor() };
        let archive = &self.desk.door.archive;
        let spooled = std::mem::take(&mut self.spooled);
        let outcomes: Vec<Outcome> = stream::iter(spooled)
            .map(|(names, spool)| {
                let source = &source;
                async move {
                    let result = archive.ingest(spool.spool().await, source).await.map_err(Failure::from);
                    Outcome { names, result }
                }
            })
            .buffered(INGESTS_AT_ONCE)
            .collect()
            .await;
        self.outcomes.extend(outcomes);
    }
}

impl Store<'_> {
    /// Rejection notes are obeyed, or it is written down why not, before they are answered and after all that came with
    /// them. Within a reading context nobody rejects.
    async fn heed(&mut self) {
        let person = &self.asker.person;
        let may_reject = person.allows(Action::RejectStudies) && self.asker.within.is_none();
        for outcome in &mut self.outcomes {
            let Ok(ingested) = &outcome.result else { continue };
            if !ingested.may_be_note() {
                continue;
            }
            if let Err(error) = self.desk.door.archive.heed(&ingested.instance, may_reject, person.actor()).await {
                // It is sent again, and heard then.
                outcome.result = Err(IngestError::Storage(error.to_string()).into());
            }
        }
    }
}

fn check_part(headers: &[(String, String)]) -> Result<(), Problem> {
    let of = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let media = of("content-type").and_then(MediaRange::parse);
    let is_dicom = media.is_none_or(|m| matches!(m.media.as_str(), "application/dicom" | "application/octet-stream"));
    let is_plain =
        of("content-transfer-encoding").is_none_or(|e| matches!(e.to_ascii_lowercase().as_str(), "binary" | "8bit"));
    if is_dicom && is_plain { Ok(()) } else { Err(Problem::UnsupportedMedia(PARTS)) }
}

impl Incoming {
    async fn write(&mut self, data: Bytes) {
        self.bytes = self.bytes.saturating_add(data.len() as u64);
        let room = FRONT_BYTES.saturating_sub(self.front.len()).min(data.len());
        self.front.extend_from_slice(data.get(..room).unwrap_or_default());
        // What failed is read on, so that the parts behind it can be.
        let Ok(spool) = &mut self.spool else { return };
        let written = if self.bytes > INSTANCE_BYTES_MAX {
            Err(IngestError::TooLarge("instance"))
        } else {
            spool.write(data).await
        };
        if let Err(error) = written {
            self.spool = Err(error);
        }
    }
}

/// Reads an instance's names from its front: for the answer, and to refuse what is of another study before storing it.
fn names(front: &[u8]) -> Names {
    let magic = |at: usize| front.get(at..at + 4) == Some(b"DICM");
    let start = if magic(128) {
        132
    } else if magic(0) {
        4
    } else {
        0
    };
    let meta_syntax = Syntax::of(EXPLICIT_LE);
    let mut at = start;
    while let Some(head) = front.get(at..).and_then(|f| dataset::head(f, meta_syntax, false)).filter(|h| h.tag.0 == 2) {
        let length = head.length.and_then(|l| usize::try_from(l).ok()).unwrap_or(usize::MAX);
        at = at.saturating_add(head.head_bytes).saturating_add(length);
    }
    let meta =
        DataSet::parse(front.get(start..at.min(front.len())).unwrap_or_default(), meta_syntax).unwrap_or_default();
    let body = front.get(at..).unwrap_or_default();
    let syntax = match meta.ascii(tags::TRANSFER_SYNTAX_UID) {
        Some(uid) => Syntax::of(&uid),
        None if body.get(4..6).is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase)) => meta_syntax,
        None => Syntax::of("1.2.840.10008.1.2"),
    };
    let body = readable(body, syntax).unwrap_or_default();
    let set = DataSet::parse(&body, syntax).unwrap_or_default();
    let either = |of_set: Tag, of_meta: Tag| set.ascii(of_set).or_else(|| meta.ascii(of_meta));
    Names {
        class: either(tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID),
        instance: either(tags::SOP_INSTANCE_UID, tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
        study: set.ascii(tags::STUDY_INSTANCE_UID).and_then(|u| Uid::parse(&u).ok()),
    }
}

/// Failure Reason (0008,1197), PS3.18 annex I.2.2.
fn reason(failure: &Failure) -> u16 {
    match failure {
        Failure::OtherStudy => 0xA900,
        Failure::Ingest(error) => match error {
            IngestError::Conflict { .. } => 0x0111,
            IngestError::Rejected { .. } => 0xC904,
            IngestError::ClassMismatch | IngestError::InstanceMismatch | IngestError::OtherStudy => 0xA900,
            IngestError::NoSpace | IngestError::TooLarge(_) | IngestError::Stopping => 0xA700,
            IngestError::Malformed(_) => 0xC000,
            IngestError::Storage(_) => 0x0110,
        },
    }
}

fn status(outcomes: &[Outcome]) -> StatusCode {
    let failed: Vec<&Failure> = outcomes.iter().filter_map(|o| o.result.as_ref().err()).collect();
    let all = |test: fn(&IngestError) -> bool| failed.iter().all(|f| matches!(f, Failure::Ingest(e) if test(e)));
    match failed.len() {
        0 => StatusCode::OK,
        n if n < outcomes.len() => StatusCode::ACCEPTED,
        _ if all(|e| matches!(e, IngestError::NoSpace)) => StatusCode::INSUFFICIENT_STORAGE,
        _ if all(|e| matches!(e, IngestError::TooLarge(_))) => StatusCode::PAYLOAD_TOO_LARGE,
        _ if all(|e| matches!(e, IngestError::Stopping)) => StatusCode::SERVICE_UNAVAILABLE,
        _ if all(|e| matches!(e, IngestError::Storage(_))) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}

/// Who brought what, written down before it is acknowledged: once per study.
async fn write_received(desk: &Desk, asker: &Asker, outcomes: &[Outcome]) -> Result<(), Problem> {
    let mut received: BTreeMap<&Uid, (u64, u64)> = BTreeMap::new();
    for ingested in outcomes.iter().filter_map(|o| o.result.as_ref().ok()) {
        let (instances, bytes) = received.entry(&ingested.study).or_default();
        *instances += 1;
        *bytes = bytes.saturating_add(ingested.bytes);
    }
    for (study, (instances, bytes)) in received {
        let event = Event::new(Act::StudyReceived, asker.person.actor()).study(study).amount(instances, bytes);
        let written = desk.door.audit.record(event.note("STOW request")).await;
        written.map_err(|e| Problem::Internal(format!("stored but not acknowledged: {e}")))?;
    }
    Ok(())
}

fn answer(asker: &Asker, media: &'static str, outcomes: &[Outcome]) -> Response {
    let (mut stored, mut failed) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let mut item = Attributes::new();
        match &outcome.result {
            Ok(ingested) => {
                let url = instance_url(&asker.root, &ingested.study, &ingested.series, &ingested.instance);
                item.insert(tags::REFERENCED_SOP_CLASS_UID, json::string("UI", Some(ingested.sop_class.as_str())));
                item.insert(tags::REFERENCED_SOP_INSTANCE_UID, json::string("UI", Some(ingested.instance.as_str())));
                item.insert(tags::RETRIEVE_URL, json::string("UR", Some(&url)));
                stored.push(item);
            }
            Err(error) => {
                if let Failure::Ingest(IngestError::Storage(cause)) = error {
                    tracing::error!(%cause, "an instance could not be stored");
                }
                let known = match error {
                    Failure::Ingest(IngestError::Conflict { instance }) => Some(instance.as_str()),
                    _ => outcome.names.instance.as_deref(),
                };
                item.insert(tags::REFERENCED_SOP_CLASS_UID, json::string("UI", outcome.names.class.as_deref()));
                item.insert(tags::REFERENCED_SOP_INSTANCE_UID, json::string("UI", known));
                item.insert(tags::FAILURE_REASON, json::number("US", reason(error)));
                failed.push(item);
            }
        }
    }
    let mut all = Attributes::new();
    let studies = outcomes.iter().filter_map(|o| o.result.as_ref().ok()).map(|i| &i.study);
    let mut studies: Vec<&Uid> = studies.collect();
    studies.dedup();
    if let [study] = studies.as_slice() {
        all.insert(tags::RETRIEVE_URL, json::string("UR", Some(&format!("{}/studies/{study}", asker.root))));
    }
    for (tag, items) in [(tags::REFERENCED_SOP_SEQUENCE, stored), (tags::FAILED_SOP_SEQUENCE, failed)] {
        if !items.is_empty() {
            all.insert(tag, json::sequence(&items));
        }
    }
    let mut body = String::new();
    json::write_object(&mut body, &all);
    let failures = outcomes.iter().filter_map(|o| o.result.as_ref().err());
    let warnings = reasons::warnings(&asker.headers, failures);
    let status = status(outcomes);
    let mut response = (status, [(header::CONTENT_TYPE, media)], warnings, body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, STOPPING_RETRY_S.into());
    }
    response
}
