//! How a node that was restored from a backup stands with its peers, and letting it serve them at somebody's word.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    local::{LINES_WAITING, ndjson},
    signin::Caller,
};
use crate::{
    archive::ArchiveError,
    audit::{Act, Event},
    backup::{self, BackupError},
    studies::TakenBack,
    trust::Action,
};
use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use tokio::sync::mpsc;
use utoipa::ToSchema;

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 150;
/// Studies in the answer at most; how many there are stands beside them.
const LISTED_MAX: usize = 200;

/// A study of ours that a peer knows and this node does not, or only as it was before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KnownElsewhere {
    study: String,
    /// The peer's name.
    site: String,
    version: u64,
    instances: u32,
    /// Of them, whole in the peer's copy.
    copied: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Restore {
    /// The time of the backup this node was restored from; nothing where it is current.
    restored: Option<String>,
    /// Peers that have not told yet what they know: nothing is served to any peer before.
    waiting: Vec<String>,
    /// Studies known to peers and not held here; for administrators.
    forgotten: u64,
    studies: Vec<KnownElsewhere>,
}

#[utoipa::path(get, path = "/api/restore", responses((status = 200, body = Restore)))]
pub(super) async fn show(State(door): State<Door>, caller: Caller) -> Result<Json<Restore>, ApiError> {
    let shared = door.clone();
    let read =
        door.tasks.spawn_blocking("restore", move || (backup::restored(&shared.dir), backup::forgotten(&shared.dir)));
    let (restored, forgotten) = read.await.map_err(|_| ApiError::NotRunning)?;
    let restored = restored.map_err(disk)?;
    let is_admin = caller.may(Action::Administer).is_ok();
    let waiting = match &door.overlay {
        Some(overlay) if restored.is_some() => overlay.unlearnt(),
        _ => Vec::new(),
    };
    let listed = forgotten.iter().take(if is_admin { LISTED_MAX } else { 0 });
    let studies = listed.map(|known| KnownElsewhere {
        study: known.study.to_string(),
        site: door.site_name(&known.site),
        version: known.version,
        instances: known.instances,
        copied: known.copied,
    });
    Ok(Json(Restore {
        waiting: waiting.iter().map(|site| door.site_name(site)).collect(),
        forgotten: forgotten.len() as u64,
        studies: studies.collect(),
        restored,
    }))
}

fn disk(error: BackupError) -> ApiError {
    ApiError::Archive(ArchiveError::Io(std::io::Error::other(error)))
}

/// Takes back, of all studies that peers told of, what they copied; tells each study as a line.
#[utoipa::path(post, path = "/api/restore/fetch-back",
    responses((status = 200, content_type = "application/x-ndjson"), (status = 403, body = ErrorBody)))]
pub(super) async fn fetch_back(State(door): State<Door>, caller: Caller) -> Result<Response, ApiError> {
    caller.may(Action::Administer)?;
    let (studies, actor) = (door.studies()?.clone(), caller.0.actor());
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    let tasks = door.tasks.clone();
    tasks.spawn("fetch back", async move {
        let mut left = backup::forgotten(&door.dir);
        left.sort_by_key(|known| std::cmp::Reverse(known.version));
        let (mut rest, mut done) = (Vec::new(), BTreeSet::new());
        for known in left {
            // The newest card of it was gone by already, whole.
            if done.contains(&known.study) {
                continue;
            }
            let taken = studies.take_back(&known, &actor).await;
            let line = match &taken {
                Ok(TakenBack { here, of }) => json!({ "study": known.study, "here": here, "of": of }),
                Err(error) => json!({ "study": known.study, "error": error.to_string() }),
            };
            match taken {
                Ok(TakenBack { here, of }) if here == of => drop(done.insert(known.study)),
                _ => rest.push(known),
            }
            if lines.send(line).await.is_err() {
                // Whoever asked is gone; what was taken in stays, the rest is asked for again.
                return;
            }
        }
        rest.retain(|known| !done.contains(&known.study));
        if let Err(error) = backup::note_forgotten(&door.dir, &rest) {
            tracing::error!(%error, "what peers know and we do not could not be listed");
        }
        let _ = lines.send(json!({ "total": { "studies": done.len(), "left": rest.len() } })).await;
    });
    Ok(ndjson(receiver))
}

/// Why it may serve although not every peer has answered.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Confirm {
    /// For the access log; without names of patients.
    reason: String,
}

#[utoipa::path(post, path = "/api/restore/confirm", request_body = Confirm,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn confirm(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<Confirm>,
) -> Result<axum::http::StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let reason: String = asked.reason.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    if reason.is_empty() {
        return Err(ApiError::Bad("a reason is needed"));
    }
    let taken =
        backup::restored(&door.dir).map_err(disk)?.ok_or(ApiError::Bad("nothing waits for a confirmation here"))?;
    let event = Event::new(Act::RestoreConfirmed, caller.0.actor());
    door.audit.record(event.note(format!("backup of {taken}: {reason}"))).await?;
    backup::confirm(&door.dir).map_err(disk)?;
    door.trust.unshut();
    Ok(axum::http::StatusCode::NO_CONTENT)
}
