//! Long work of the command line over the control socket: import, verify and backup. Each tells its progress line by line as
//! JSON (NDJSON), and never lets a whole archive stand in memory.

use super::{Door, error::ApiError, signin::LocalCaller};
use crate::{
    archive::{Form, Source, Verified},
    audit::{Act, Actor, Event},
    backup::{self, BackupError, Copied, Vault},
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    convert::Infallible,
    path::{Path, PathBuf},
};
use tokio::{io::AsyncReadExt, sync::mpsc};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use zeroize::Zeroizing;

/// Lines waiting for a slow reader before the work itself waits.
const LINES_WAITING: usize = 64;
/// Bytes read from an imported file at once.
const READ_BYTES: usize = 256 * 1024;

type Lines = mpsc::Sender<Value>;

fn ndjson(lines: mpsc::Receiver<Value>) -> Response {
    let body = ReceiverStream::new(lines).map(|line| Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response()
}

/// Files and folders on the node's machine.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Import {
    #[schema(value_type = Vec<String>)]
    paths: Vec<PathBuf>,
}

#[derive(Default)]
struct ImportTotal {
    stored: u64,
    known: u64,
    refused: u64,
    bytes: u64,
}

#[utoipa::path(post, path = "/api/import", request_body = Import,
    responses((status = 200, content_type = "application/x-ndjson")))]
pub(super) async fn import(
    State(door): State<Door>,
    LocalCaller(person): LocalCaller,
    Json(import): Json<Import>,
) -> Result<Response, ApiError> {
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    let event = Event::new(Act::StudyReceived, person.actor()).note("import begun");
    door.audit.record(event).await?;
    let tasks = door.tasks.clone();
    tasks.spawn("import", async move {
        let source = Source { actor: person.actor() };
        let mut total = ImportTotal::default();
        let mut waiting: VecDeque<PathBuf> = import.paths.into();
        while let Some(path) = waiting.pop_front() {
            if tokio::fs::metadata(&path).await.is_ok_and(|m| m.is_dir()) {
                folder_into(&path, &mut waiting).await;
                continue;
            }
            let line = import_one(&door, &path, &source, &mut total).await;
            if lines.send(line).await.is_err() {
                break;
            }
        }
        let event = Event::new(Act::StudyReceived, source.actor)
            .amount(total.stored, total.bytes)
            .note(format!("import ended: {} known, {} refused", total.known, total.refused));
        if let Err(error) = door.audit.record(event).await {
            tracing::error!(%error, "import: evidence");
        }
        let total =
            json!({ "stored": total.stored, "known": total.known, "refused": total.refused, "bytes": total.bytes });
        // The reader may be gone; the import itself is done and in evidence.
        let _ = lines.send(json!({ "total": total })).await;
    });
    Ok(ndjson(receiver))
}

/// Puts a folder's entries in front, sorted, so that the walk goes depth first and needs no recursion.
async fn folder_into(path: &Path, waiting: &mut VecDeque<PathBuf>) {
    let mut entries = Vec::new();
    if let Ok(mut dir) = tokio::fs::read_dir(path).await {
        while let Ok(Some(entry)) = dir.next_entry().await {
            entries.push(entry.path());
        }
    }
    entries.sort();
    for entry in entries.into_iter().rev() {
        waiting.push_front(entry);
    }
}

async fn import_one(door: &Door, path: &Path, source: &Source, total: &mut ImportTotal) -> Value {
    let shown = path.display().to_string();
    match read_in(door, path, source).await {
        Ok(ingested) if ingested.known => {
            total.known += 1;
            json!({ "path": shown, "known": ingested.instance.to_string() })
        }
        Ok(ingested) => {
            total.stored += 1;
            total.bytes += ingested.bytes;
            json!({ "path": shown, "stored": ingested.instance.to_string() })
        }
        Err(reason) => {
            total.refused += 1;
            json!({ "path": shown, "error": reason })
        }
    }
}

async fn read_in(door: &Door, path: &Path, source: &Source) -> Result<crate::archive::Ingested, String> {
    let told = |e: &dyn std::fmt::Display| e.to_string();
    let mut file = tokio::fs::File::open(path).await.map_err(|e| told(&e))?;
    let mut spool = door.archive.spool(Form::File).await.map_err(|e| told(&e))?;
    loop {
        let mut buffer = bytes::BytesMut::with_capacity(READ_BYTES);
        if file.read_buf(&mut buffer).await.map_err(|e| told(&e))? == 0 {
            break;
        }
        spool.write(buffer.freeze()).await.map_err(|e| told(&e))?;
    }
    door.archive.ingest(spool, source).await.map_err(|e| told(&e))
}

#[utoipa::path(post, path = "/api/verify", responses((status = 200, content_type = "application/x-ndjson")))]
pub(super) async fn verify(State(door): State<Door>, LocalCaller(_person): LocalCaller) -> Result<Response, ApiError> {
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    let tasks = door.tasks.clone();
    tasks.spawn("verify", async move { verify_all(&door, &lines).await });
    std::future::ready(Ok(ndjson(receiver))).await
}

async fn verify_all(door: &Door, lines: &Lines) {
    let of = door.archive.totals().instances;
    let (mut objects, mut bytes, mut faults) = (0u64, 0u64, 0u64);
    let mut each = |seen: Verified| {
        objects += 1;
        bytes += seen.bytes;
        let line = match seen.fault {
            Some(fault) => {
                faults += 1;
                json!({ "instance": seen.instance.to_string(), "fault": fault })
            }
            None if objects % 64 == 0 => json!({ "progress": { "objects": objects, "of": of, "bytes": bytes } }),
            None => return,
        };
        // Progress may be dropped for a slow reader; a fault is counted in the total and stands in the log.
        if lines.try_send(line).is_err() {
            tracing::debug!("verify: the reader is slow");
        }
    };
    let outcome = door.archive.verify(&mut each).await;
    let error = outcome.err().map(|e| e.to_string());
    let total = json!({ "objects": objects, "bytes": bytes, "faults": faults, "error": error });
    let _ = lines.send(json!({ "total": total })).await;
}

/// Where a backup goes; the passphrase never leaves the machine.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct Backup {
    #[schema(value_type = String)]
    to: PathBuf,
    passphrase: String,
}

#[utoipa::path(post, path = "/api/backup", request_body = Backup,
    responses((status = 200, content_type = "application/x-ndjson")))]
pub(super) async fn backup(
    State(door): State<Door>,
    LocalCaller(person): LocalCaller,
    Json(asked): Json<Backup>,
) -> Result<Response, ApiError> {
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    let tasks = door.tasks.clone();
    tasks.spawn("backup", async move {
        let total = match back_up(&door, asked, &lines).await {
            Ok((name, copied)) => {
                let note = format!("snapshot {name}, {} files new of {}", copied.new_files, copied.files);
                let actor = Actor { person: person.name, ..Actor::default() };
                let event = Event::new(Act::BackupTaken, actor).amount(copied.new_files, copied.new_bytes).note(note);
                let error = door.audit.record(event).await.err().map(|error| error.to_string());
                json!({ "snapshot": name, "files": copied.files, "bytes": copied.bytes,
                    "new_files": copied.new_files, "new_bytes": copied.new_bytes, "error": error })
            }
            Err(error) => json!({ "error": error.to_string() }),
        };
        let _ = lines.send(json!({ "total": total })).await;
    });
    std::future::ready(Ok(ndjson(receiver))).await
}

async fn back_up(door: &Door, asked: Backup, lines: &Lines) -> Result<(String, Copied), BackupError> {
    let (dir, site, lines) = (door.dir.clone(), door.identity.site(), lines.clone());
    let work = door.tasks.spawn_blocking("backup", move || {
        let passphrase = Zeroizing::new(asked.passphrase);
        let mut vault = Vault::open_or_begin(&asked.to, &passphrase)?;
        let mut each = |copied: &Copied| {
            if copied.files.is_multiple_of(64) {
                // Progress may be dropped for a slow reader.
                let _ = lines.try_send(json!({ "progress": { "files": copied.files, "bytes": copied.bytes } }));
            }
        };
        backup::take(&dir, site, &mut vault, &mut each)
    });
    work.await.map_err(|_| BackupError::Stopping)?
}
