//! Second copies of backups: what was agreed with whom, how ours stand at peers, and what is kept here for them.

use super::{
    Door,
    agreements_json::state,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    local::{LINES_WAITING, ndjson},
    signin::{Caller, LocalCaller},
};
use crate::{
    audit::{Act, Actor, Event},
    backup::Copied,
    overlay::KEEPING,
    spare::SpareError,
    tasks,
    trust::{Action, AgreementState, KeepingRow},
};
use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use protocol::{
    agreement::{Party, WeeklyHours},
    ids::Id128,
    keeping::{Halt, Keeping, Standing},
    time::WeekMinute,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use tokio::sync::mpsc;
use utoipa::ToSchema;

/// Ten megabytes a second: what a night holds of a large hospital's day.
const BYTES_PER_SECOND: u64 = 10 << 20;
/// Days that a copy stays after the end.
const DAYS_AFTER: u32 = 30;
/// Files proved at once, where nothing else is said.
const PROVED_FILES: usize = 64;

/// How a copy stands, in the keeper's words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandingJson {
    /// When the backup was taken of which all is there; nothing where none is whole yet.
    whole: Option<String>,
    files: u64,
    bytes: u64,
    missing_files: u64,
    missing_bytes: u64,
    /// Why it does not go on: `full` or `no-room`.
    halt: Option<String>,
    /// For `full`: bytes that are needed.
    needed_bytes: Option<u64>,
}

impl From<&Standing> for StandingJson {
    fn from(standing: &Standing) -> Self {
        let (halt, needed_bytes) = match standing.halt {
            Some(Halt::Full(needed)) => (Some("full".to_owned()), Some(needed)),
            Some(Halt::NoRoom) => (Some("no-room".to_owned()), None),
            None => (None, None),
        };
        Self {
            whole: standing.whole.map(|(_, taken)| rfc3339(taken)),
            files: standing.files,
            bytes: standing.bytes,
            missing_files: standing.missing_files,
            missing_bytes: standing.missing_bytes,
            halt,
            needed_bytes,
        }
    }
}

/// What came of asking for proof.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProvedJson {
    at: String,
    files: u64,
    /// Not there, or not what they were; they are fetched again.
    bad: u64,
}

/// The keeper's receipt.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErasedJson {
    at: String,
    files: u64,
    bytes: u64,
}

/// A keeping: who keeps a second copy of whose backup.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeepingJson {
    id: String,
    peer: String,
    peer_name: String,
    /// Whether we keep theirs; otherwise they keep ours.
    keeps: bool,
    /// `offered`, `received`, `active` or `ended`.
    state: String,
    bytes_max: u64,
    bytes_per_second: u64,
    /// IANA time zone of the hours; nothing: at any hour.
    time_zone: Option<String>,
    /// Minutes of the week, Monday 00:00 is 0; half-open.
    spans: Vec<(u16, u16)>,
    /// Days that the copy stays after the end.
    days_after: u32,
    drafted: String,
    ended: Option<String>,
    /// Whether a later text took its place.
    replaced: bool,
    standing: Option<StandingJson>,
    /// When the keeper said so.
    told: Option<String>,
    /// Days since the backup of which all is there was taken.
    age_days: Option<u64>,
    proved: Option<ProvedJson>,
    erased: Option<ErasedJson>,
}

/// The list of our own backup, for its keepers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListJson {
    taken: String,
    files: u64,
    bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SecondCopies {
    list: Option<ListJson>,
    keepings: Vec<KeepingJson>,
    /// A second copy is overdue after so many days; 0: never.
    rule_days: u32,
}

fn shown(door: &Door, row: &KeepingRow) -> KeepingJson {
    let (keeping, keeps) = (&row.keeping, row.is_keeper());
    let told = door.second.told(&row.peer);
    let is_over = row.state == AgreementState::Ended && row.erased.is_some();
    let standing = match keeps {
        _ if is_over || row.replaced => None,
        true => door.held.head(&row.peer).and_then(|_| door.held.standing(&row.peer).ok()).map(|s| (s, tasks::now())),
        false => told.standing,
    };
    let whole = standing.and_then(|(standing, _)| standing.whole);
    let proved = told.proved.filter(|_| !keeps && !row.replaced);
    KeepingJson {
        id: keeping.id.to_string(),
        peer: row.peer.to_string(),
        peer_name: door.site_name(&row.peer),
        keeps,
        state: state(row.state).to_owned(),
        bytes_max: keeping.bytes_max,
        bytes_per_second: keeping.bytes_per_second,
        time_zone: keeping.hours.as_ref().map(|hours| hours.time_zone.clone()),
        spans: keeping.hours.iter().flat_map(|hours| &hours.spans).map(|(from, to)| (from.0, to.0)).collect(),
        days_after: keeping.days_after,
        drafted: rfc3339(keeping.drafted),
        ended: row.ended.map(|(at, _)| rfc3339(at)),
        replaced: row.replaced,
        standing: standing.as_ref().map(|(standing, _)| standing.into()),
        told: standing.map(|(_, at)| rfc3339(at)),
        age_days: whole.map(|(_, taken)| tasks::now().since(taken).as_secs() / 86_400),
        proved: proved.map(|p| ProvedJson { at: rfc3339(p.at), files: p.files, bad: p.bad }),
        erased: row.erased.as_ref().map(|e| ErasedJson { at: rfc3339(e.at), files: e.files, bytes: e.bytes }),
    }
}

#[utoipa::path(get, path = "/api/spare", operation_id = "list_second_copies",
    responses((status = 200, body = SecondCopies), (status = 403, body = ErrorBody)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<SecondCopies>, ApiError> {
    caller.may(Action::Administer)?;
    let shared = door.clone();
    let look = move || {
        let mut rows = shared.trust.keepings();
        rows.sort_by_key(|row| std::cmp::Reverse(row.keeping.drafted));
        SecondCopies {
            list: shared.second.head().map(|h| ListJson { taken: rfc3339(h.taken), files: h.files, bytes: h.bytes }),
            keepings: rows.iter().map(|row| shown(&shared, row)).collect(),
            rule_days: shared.config.alarms.backup_days,
        }
    };
    Ok(Json(door.tasks.spawn_blocking("spare list", look).await.map_err(|_| ApiError::NotRunning)?))
}

async fn one(door: &Door, id: &Id128) -> Result<Json<KeepingJson>, ApiError> {
    let row = row(door, id)?;
    let shared = door.clone();
    let shown = door.tasks.spawn_blocking("spare show", move || shown(&shared, &row)).await;
    Ok(Json(shown.map_err(|_| ApiError::NotRunning)?))
}

fn row(door: &Door, id: &Id128) -> Result<KeepingRow, ApiError> {
    door.trust.keepings().into_iter().find(|row| row.keeping.id == *id).ok_or(ApiError::NotFound)
}

fn parse_id(text: &str) -> Result<Id128, ApiError> {
    text.parse().map_err(|_| ApiError::Bad("not a second copy"))
}

/// A draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepingOffer {
    /// Key, short key or name of the peer.
    site: String,
    /// Whether we keep theirs; otherwise they keep ours.
    #[serde(default)]
    keeps: bool,
    /// Room at the keeper's, bytes.
    bytes_max: u64,
    /// Default: 10 MiB.
    bytes_per_second: Option<u64>,
    /// IANA time zone of the hours.
    time_zone: Option<String>,
    /// Minutes of the week; none: at any hour.
    #[serde(default)]
    spans: Vec<(u16, u16)>,
    /// Default: 30.
    days_after: Option<u32>,
}

#[utoipa::path(post, path = "/api/spare", request_body = KeepingOffer, operation_id = "offer_second_copy",
    responses((status = 200, body = KeepingJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn offer(
    State(door): State<Door>,
    caller: Caller,
    Json(offer): Json<KeepingOffer>,
) -> Result<Json<KeepingJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peer = door.trust.find_peer(&offer.site).ok_or(ApiError::NotFound)?;
    let ours = Party { site: door.identity.site(), name: door.config.site.name.clone() };
    let theirs = Party { site: peer.site, name: peer.name };
    let (owner, keeper) = if offer.keeps { (theirs, ours) } else { (ours, theirs) };
    let spans: Vec<_> = offer.spans.iter().map(|(from, to)| (WeekMinute(*from), WeekMinute(*to))).collect();
    let time_zone = offer.time_zone.unwrap_or_else(|| "Europe/Paris".to_owned());
    let keeping = Keeping {
        id: tasks::random_id(),
        owner,
        keeper,
        bytes_max: offer.bytes_max,
        bytes_per_second: offer.bytes_per_second.unwrap_or(BYTES_PER_SECOND),
        hours: (!spans.is_empty()).then_some(WeeklyHours { time_zone, spans }),
        days_after: offer.days_after.unwrap_or(DAYS_AFTER),
        drafted: tasks::now(),
    };
    let id = keeping.id;
    let event = Event::new(Act::AgreementOffered, caller.0.actor()).peer(peer.site).basis(id).note(KEEPING);
    door.audit.record(event).await?;
    let signed = door.trust.offer_keeping(keeping).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_keeping(&peer.site, signed).await?;
    }
    one(&door, &id).await
}

#[utoipa::path(post, path = "/api/spare/{id}/accept", params(("id" = String, Path)), operation_id = "accept_second_copy",
    responses((status = 200, body = KeepingJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn accept(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeepingJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    let peer = row(&door, &id)?.peer;
    let event = Event::new(Act::AgreementAccepted, caller.0.actor()).peer(peer).basis(id).note(KEEPING);
    door.audit.record(event).await?;
    let signed = door.trust.accept_keeping(&id).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_keeping(&peer, signed).await?;
    }
    one(&door, &id).await
}

#[utoipa::path(post, path = "/api/spare/{id}/end", params(("id" = String, Path)), operation_id = "end_second_copy",
    responses((status = 200, body = KeepingJson), (status = 404, body = ErrorBody)))]
pub(super) async fn end(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeepingJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    let peer = row(&door, &id)?.peer;
    let event = Event::new(Act::AgreementEnded, caller.0.actor()).peer(peer).basis(id).note(KEEPING);
    door.audit.record(event).await?;
    door.trust.end_keeping(&id, &door.identity.site()).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_keeping_end(&peer, &id).await?;
    }
    one(&door, &id).await
}

/// How many files are to be proved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Prove {
    /// Drawn at random; default 64, at most 1024.
    files: Option<usize>,
}

#[utoipa::path(post, path = "/api/spare/{id}/prove", params(("id" = String, Path)), request_body = Prove,
    operation_id = "prove_second_copy",
    responses((status = 200, body = ProvedJson), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn prove(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Json(asked): Json<Prove>,
) -> Result<Json<ProvedJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peer = row(&door, &parse_id(&id)?)?.peer;
    let spare = door.spare.as_ref().ok_or(ApiError::NotRunning)?;
    let proved = spare.prove(&peer, asked.files.unwrap_or(PROVED_FILES)).await?;
    Ok(Json(ProvedJson { at: rfc3339(proved.at), files: proved.files, bad: proved.bad }))
}

/// Where a peer's copy is written.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct KeptExport {
    /// Key, short key or name of the peer.
    site: String,
    /// A new folder.
    #[schema(value_type = String)]
    to: PathBuf,
}

#[utoipa::path(post, path = "/api/spare/export", request_body = KeptExport, operation_id = "export_kept",
    responses((status = 200, content_type = "application/x-ndjson")))]
pub(super) async fn export(
    State(door): State<Door>,
    LocalCaller(person): LocalCaller,
    Json(asked): Json<KeptExport>,
) -> Result<Response, ApiError> {
    // A site that was revoked is found by its key alone.
    let owner = door.trust.find_peer(&asked.site).map(|peer| peer.site).or_else(|| asked.site.parse().ok());
    let owner = owner.ok_or(ApiError::NotFound)?;
    let spare = door.spare.clone().ok_or(ApiError::NotRunning)?;
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    let event = Event::new(Act::KeptExported, Actor { person: person.name, ..Actor::default() }).peer(owner);
    door.audit.record(event.note("to a folder, sealed as it is")).await?;
    let audit_tasks = door.tasks.clone();
    audit_tasks.spawn("spare export", async move {
        let progress = lines.clone();
        let each = move |copied: &Copied| {
            if copied.files.is_multiple_of(64) {
                // Progress may be dropped for a slow reader.
                let _ = progress.try_send(json!({ "progress": { "files": copied.files, "bytes": copied.bytes } }));
            }
        };
        let total = match spare.export(&owner, asked.to, each).await {
            Ok((copied, bad)) => json!({ "files": copied.files, "bytes": copied.bytes, "bad": bad }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        let _ = lines.send(json!({ "total": total })).await;
    });
    Ok(ndjson(receiver))
}

/// Whose copy is erased.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct KeptErase {
    /// Key, short key or name of the peer.
    site: String,
}

#[utoipa::path(post, path = "/api/spare/erase", request_body = KeptErase, operation_id = "erase_kept",
    responses((status = 200, content_type = "application/json"), (status = 404, body = ErrorBody)))]
pub(super) async fn erase(
    State(door): State<Door>,
    LocalCaller(_person): LocalCaller,
    Json(asked): Json<KeptErase>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let owner = door.trust.find_peer(&asked.site).map(|peer| peer.site).or_else(|| asked.site.parse().ok());
    let spare = door.spare.as_ref().ok_or(ApiError::NotRunning)?;
    let gone = spare.erase_now(&owner.ok_or(ApiError::NotFound)?).await?;
    Ok(Json(json!({ "files": gone.files, "bytes": gone.bytes })))
}

/// What the door answers.
pub(super) fn outside(error: &SpareError) -> (axum::http::StatusCode, &'static str) {
    use axum::http::StatusCode as S;
    match error {
        SpareError::NoKeeping => (S::NOT_FOUND, "no-keeping"),
        SpareError::NoList => (S::CONFLICT, "no-backup"),
        SpareError::Waits => (S::CONFLICT, "busy"),
        SpareError::Transfer(_) | SpareError::Stopping => (S::SERVICE_UNAVAILABLE, "unreachable"),
        SpareError::Trust(_) | SpareError::Corrupt | SpareError::Backup(_) => (S::INTERNAL_SERVER_ERROR, "internal"),
    }
}
