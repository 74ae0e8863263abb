//! Long work over the control socket alone: verify and backup. Each tells its progress line by line as JSON (NDJSON), and
//! never lets a whole archive stand in memory.

use super::{Door, error::ApiError, signin::LocalCaller};
use crate::{
    archive::Verified,
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
use std::{convert::Infallible, path::PathBuf};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use zeroize::Zeroizing;

/// Lines waiting for a slow reader before the work itself waits.
pub(super) const LINES_WAITING: usize = 64;

pub(super) type Lines = mpsc::Sender<Value>;

pub(super) fn ndjson(lines: mpsc::Receiver<Value>) -> Response {
    let body = ReceiverStream::new(lines).map(|line| Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response()
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
                // Its second copy is brought up to date.
                if let Some(spare) = &door.spare {
                    spare.look();
                }
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
