//! Long work: import (of an administrator), and verify and backup over the control socket alone. Each tells its progress line by line as
//! JSON (NDJSON), and never lets a whole archive stand in memory.

use super::{
    Door,
    error::ApiError,
    signin::{Caller, LocalCaller},
};
use crate::{
    archive::{Form, Peeked, Source, Verified},
    audit::{Act, Actor, Event},
    backup::{self, BackupError, Copied, Vault},
    media::{self, Choice, Found, Item, Sighted},
    trust::Action,
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
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use zeroize::Zeroizing;

/// Lines waiting for a slow reader before the work itself waits.
const LINES_WAITING: usize = 64;
/// Bytes read from an imported file at once; the first piece also tells whose it is.
const READ_BYTES: u64 = 512 * 1024;

type Lines = mpsc::Sender<Value>;

fn ndjson(lines: mpsc::Receiver<Value>) -> Response {
    let body = ReceiverStream::new(lines).map(|line| Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response()
}

/// Files, folders, zips and images on the node's machine.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Import {
    #[schema(value_type = Vec<String>)]
    paths: Vec<PathBuf>,
    /// Only say what is there; nothing is taken in.
    #[serde(default)]
    scan: bool,
    /// Only what has one of these Patient IDs; empty: all.
    #[serde(default)]
    patients: Vec<String>,
    /// Nothing that has one of these Patient IDs.
    #[serde(default)]
    leave_out: Vec<String>,
}

#[derive(Default)]
struct ImportTotal {
    stored: u64,
    known: u64,
    refused: u64,
    left_out: u64,
    bytes: u64,
}

/// What is still to be looked at.
enum Waiting {
    Path(PathBuf),
    Item(Item),
}

#[utoipa::path(post, path = "/api/import", request_body = Import,
    responses((status = 200, content_type = "application/x-ndjson")))]
pub(super) async fn import(
    State(door): State<Door>,
    Caller(person): Caller,
    Json(import): Json<Import>,
) -> Result<Response, ApiError> {
    // Whoever names paths of the node's machine is its administrator.
    Caller(person.clone()).may(Action::Administer)?;
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    if !import.scan {
        door.audit.record(Event::new(Act::StudyReceived, person.actor()).note("import begun")).await?;
    }
    let tasks = door.tasks.clone();
    tasks.spawn("import", async move {
        let importing = Importing {
            source: Source { actor: person.actor() },
            choice: Choice { only: import.patients, never: import.leave_out },
            total: ImportTotal::default(),
            sighted: import.scan.then(Sighted::default),
            door,
            lines,
        };
        importing.run(import.paths).await;
    });
    Ok(ndjson(receiver))
}

/// An import, or a look at what one would bring.
struct Importing {
    door: Door,
    lines: Lines,
    source: Source,
    choice: Choice,
    total: ImportTotal,
    /// `None`: what is chosen is taken in.
    sighted: Option<Sighted>,
}

impl Importing {
    async fn run(mut self, paths: Vec<PathBuf>) {
        let mut waiting: VecDeque<Waiting> = paths.into_iter().map(Waiting::Path).collect();
        while let Some(next) = waiting.pop_front() {
            let line = match next {
                Waiting::Path(path) => match self.look(&path, &mut waiting).await {
                    Ok(()) => continue,
                    Err(reason) => self.refused(&path.display().to_string(), &reason),
                },
                Waiting::Item(item) => self.one(item).await,
            };
            if self.lines.send(line).await.is_err() {
                break;
            }
        }
        self.end().await;
    }

    /// Puts what a path holds in front, sorted, so that the walk goes depth first and needs no recursion.
    async fn look(&self, path: &Path, waiting: &mut VecDeque<Waiting>) -> Result<(), String> {
        let looked = path.to_owned();
        let found = self.door.tasks.spawn_blocking("import look", move || media::look(&looked)).await;
        match found.map_err(|e| e.to_string())?.map_err(|e| e.to_string())? {
            Found::Items(items) => {
                for item in items.into_iter().rev() {
                    waiting.push_front(Waiting::Item(item));
                }
            }
            Found::Folder => folder_into(path, waiting).await,
        }
        Ok(())
    }

    fn refused(&mut self, name: &str, reason: &str) -> Value {
        self.total.refused += 1;
        json!({ "path": name, "error": reason })
    }

    async fn one(&mut self, item: Item) -> Value {
        let name = item.name.clone();
        let (front, rest) = match self.begin(item).await {
            Ok(begun) => begun,
            Err(reason) => return self.refused(&name, &reason),
        };
        let peeked = crate::archive::peek(&front);
        let is_chosen = match &peeked {
            Ok(Peeked { patient, .. }) => self.choice.takes(patient.id.as_deref().unwrap_or("")),
            // What does not say whose it is comes only where everything comes.
            Err(_) => self.choice.is_all(),
        };
        if let Some(sighted) = &mut self.sighted {
            return match peeked {
                Ok(peeked) => {
                    let instance = peeked.instance.as_ref();
                    let is_held = instance.is_some_and(|i| self.door.archive.has_instance(i).unwrap_or(false));
                    sighted.add(peeked, is_held, is_chosen);
                    json!({ "path": name })
                }
                Err(reason) => self.refused(&name, &reason),
            };
        }
        if !is_chosen {
            self.total.left_out += 1;
            return json!({ "path": name, "left_out": true });
        }
        match read_in(&self.door, front, rest, &self.source).await {
            Ok(ingested) if ingested.known => {
                self.total.known += 1;
                json!({ "path": name, "known": ingested.instance.to_string() })
            }
            Ok(ingested) => {
                self.total.stored += 1;
                self.total.bytes += ingested.bytes;
                json!({ "path": name, "stored": ingested.instance.to_string() })
            }
            Err(reason) => self.refused(&name, &reason),
        }
    }

    /// Opens a file and reads its front.
    async fn begin(&self, item: Item) -> Result<(Bytes, Reader), String> {
        let reading = self.door.tasks.spawn_blocking("import read", move || {
            let mut file = item.open()?;
            let front = piece(&mut file)?;
            Ok::<_, std::io::Error>((front, file))
        });
        reading.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
    }

    async fn end(self) {
        let ImportTotal { stored, known, refused, left_out, bytes } = self.total;
        let mut total = json!({ "stored": stored, "known": known, "refused": refused, "left_out": left_out,
            "bytes": bytes });
        match self.sighted {
            Some(sighted) => {
                let (archive, tasks) = (self.door.archive.clone(), &self.door.tasks);
                let seen = tasks.spawn_blocking("import candidates", move || media::sight(&archive, sighted)).await;
                total["patients"] = seen.ok().and_then(Result::ok).unwrap_or_default();
            }
            None => {
                let event = Event::new(Act::StudyReceived, self.source.actor)
                    .amount(stored, bytes)
                    .note(format!("import ended: {known} known, {refused} refused, {left_out} left out"));
                if let Err(error) = self.door.audit.record(event).await {
                    tracing::error!(%error, "import: evidence");
                }
            }
        }
        // The reader may be gone; the import itself is done and in evidence.
        let _ = self.lines.send(json!({ "total": total })).await;
    }
}

async fn folder_into(path: &Path, waiting: &mut VecDeque<Waiting>) {
    let mut entries = Vec::new();
    if let Ok(mut dir) = tokio::fs::read_dir(path).await {
        while let Ok(Some(entry)) = dir.next_entry().await {
            entries.push(entry.path());
        }
    }
    entries.sort();
    for entry in entries.into_iter().rev() {
        waiting.push_front(Waiting::Path(entry));
    }
}

type Reader = Box<dyn std::io::Read + Send>;

/// The next bytes: as many as there are, up to a bound.
fn piece(file: &mut Reader) -> std::io::Result<Bytes> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.take(READ_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

async fn read_in(
    door: &Door,
    front: Bytes,
    mut rest: Reader,
    source: &Source,
) -> Result<crate::archive::Ingested, String> {
    let told = |e: &dyn std::fmt::Display| e.to_string();
    let mut spool = door.archive.spool(Form::File).await.map_err(|e| told(&e))?;
    let mut next = front;
    while !next.is_empty() {
        spool.write(next).await.map_err(|e| told(&e))?;
        let reading = door.tasks.spawn_blocking("import read", move || piece(&mut rest).map(|bytes| (bytes, rest)));
        (next, rest) = reading.await.map_err(|e| told(&e))?.map_err(|e| told(&e))?;
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
