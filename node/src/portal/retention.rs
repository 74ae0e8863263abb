//! How long studies are kept, facts and holds recorded about that, and erasing by two persons.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    archive::{Claim, ClaimRecord, Proposal, StoredErase, StudyRow, Target},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use protocol::{
    Timestamp, Uid,
    retention::{Day, Kept, Rules},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows in one page at most.
const PAGE_MAX: usize = 200;

/// A sentence of the explanation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reason {
    /// `visit`, `minor`, `birth-unknown`, `death`, `practice`, `at-hand`; and those that block: `hold`,
    /// `visit-unknown`, `visit-old`, `unidentified`, `contradicted`, `undated`.
    code: &'static str,
    /// The day that it counts from, `YYYY-MM-DD`.
    since: Option<String>,
    until: Option<String>,
    /// Nothing goes while it stands.
    blocks: bool,
}

/// A fact that somebody recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recorded {
    id: u64,
    at: String,
    person: String,
    /// `death`, `visit` or `hold`.
    claim: &'static str,
    /// `YYYY-MM-DD`.
    day: Option<String>,
    reason: String,
}

/// Until when a study is kept, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StudyKept {
    study: String,
    patient_name: Option<String>,
    date: Option<String>,
    description: Option<String>,
    instances: u32,
    bytes: u64,
    /// `france-hospital` or `france-practice`.
    rules: &'static str,
    /// The first day on which it may go if nothing blocks; `null`: not known.
    until: Option<String>,
    /// It may be proposed for erasing today.
    free: bool,
    reasons: Vec<Reason>,
    recorded: Vec<Recorded>,
}

/// Something proposed for erasing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Proposed {
    id: u64,
    at: String,
    person: String,
    study: String,
    /// Number of the rejection that it is about; `null`: about the study.
    rejection: Option<u64>,
    reason: String,
    /// Whoever asks proposed it, and cannot approve it.
    own: bool,
}

/// Something that was erased.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Erased {
    id: u64,
    at: String,
    proposer: String,
    approver: String,
    study: String,
    rejection: Option<u64>,
    reason: String,
    instances: usize,
    bytes: u64,
    /// The bytes are gone.
    done: bool,
}

/// A fact to record.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewClaim {
    /// `death`, `visit`, `hold`, or `release`.
    claim: String,
    /// Of death or visit, `YYYYMMDD`.
    day: Option<String>,
    /// Number of the claim that a release takes back.
    released: Option<u64>,
    /// Why, and where that is known from; without names.
    reason: String,
}

/// What is to be erased: a study, or a rejection.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewProposal {
    study: Option<String>,
    rejection: Option<u64>,
    reason: String,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Page {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX)
    }
}

fn uid(text: &str) -> Result<Uid, ApiError> {
    Uid::parse(text).map_err(|_| ApiError::Bad("not a UID"))
}

fn at(when: Timestamp) -> String {
    json::rfc3339(when)
}

fn recorded(record: &ClaimRecord) -> Recorded {
    let day = match record.claim {
        Claim::Death(day) | Claim::Visit(day) => Some(day.to_string()),
        Claim::Hold | Claim::Release(_) => None,
    };
    Recorded {
        id: record.id,
        at: at(record.at),
        person: record.person.clone(),
        claim: record.word(),
        day,
        reason: record.reason.clone(),
    }
}

fn study_kept(door: &Door, row: StudyRow, kept: &Kept) -> Result<StudyKept, ApiError> {
    let today = Day(i64::try_from(crate::tasks::now().0 / 86_400_000).unwrap_or(i64::MAX));
    let reason = |reason: &protocol::retention::Reason| {
        let (since, until) = reason.days();
        Reason {
            code: reason.code(),
            since: since.map(|day| day.to_string()),
            until: until.map(|day| day.to_string()),
            blocks: reason.blocks(),
        }
    };
    Ok(StudyKept {
        study: row.study.to_string(),
        recorded: door.archive.claims(&row.study)?.iter().map(recorded).collect(),
        patient_name: row.patient.name,
        date: row.date,
        description: row.description,
        instances: row.instances,
        bytes: row.bytes,
        rules: match door.config.archive.retention {
            Rules::FranceHospital => "france-hospital",
            Rules::FrancePractice => "france-practice",
        },
        until: kept.until.map(|day| day.to_string()),
        free: kept.is_free(today),
        reasons: kept.reasons.iter().map(reason).collect(),
    })
}

#[utoipa::path(get, path = "/api/studies/{study}/retention", params(("study" = String, Path)),
    responses((status = 200, body = StudyKept), (status = 404, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<StudyKept>, ApiError> {
    caller.may(Action::ListStudies)?;
    let study = uid(&study)?;
    let row = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
    let kept = door.archive.kept(&study).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(study_kept(&door, row, &kept)?))
}

#[utoipa::path(post, path = "/api/studies/{study}/retention", params(("study" = String, Path)),
    request_body = NewClaim, responses((status = 200, body = Recorded), (status = 400, body = ErrorBody)))]
pub(super) async fn claim(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(asked): Json<NewClaim>,
) -> Result<Json<Recorded>, ApiError> {
    caller.may(Action::Administer)?;
    let day = || asked.day.as_deref().and_then(Day::parse).ok_or(ApiError::Bad("a day like 20240131 is to be given"));
    let claim = match asked.claim.as_str() {
        "death" => Claim::Death(day()?),
        "visit" => Claim::Visit(day()?),
        "hold" => Claim::Hold,
        "release" => Claim::Release(asked.released.ok_or(ApiError::Bad("the number to take back is to be given"))?),
        _ => return Err(ApiError::Bad("no such claim")),
    };
    let record = door.archive.claim(uid(&study)?, claim, &asked.reason, caller.0.actor()).await?;
    Ok(Json(recorded(&record)))
}

#[utoipa::path(get, path = "/api/retention", params(Page), responses((status = 200, body = Vec<StudyKept>)))]
pub(super) async fn old(
    State(door): State<Door>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<StudyKept>>, ApiError> {
    caller.may(Action::Administer)?;
    let found = door.archive.old(page.offset, page.limit()).await?;
    let rows: Result<Vec<StudyKept>, ApiError> =
        found.into_iter().map(|(row, kept)| study_kept(&door, row, &kept)).collect();
    Ok(Json(rows?))
}

fn proposed(proposal: &Proposal, caller: &Caller) -> Proposed {
    Proposed {
        id: proposal.id,
        at: at(proposal.at),
        person: proposal.person.clone(),
        study: proposal.study.to_string(),
        rejection: match proposal.target {
            Target::Rejection(id) => Some(id),
            Target::Study(_) => None,
        },
        reason: proposal.reason.clone(),
        own: proposal.person == caller.0.actor().person,
    }
}

#[utoipa::path(get, path = "/api/retention/proposals", responses((status = 200, body = Vec<Proposed>)))]
pub(super) async fn proposals(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<Proposed>>, ApiError> {
    caller.may(Action::Administer)?;
    let all = door.archive.proposals()?;
    std::future::ready(Ok(Json(all.iter().map(|one| proposed(one, &caller)).collect()))).await
}

#[utoipa::path(post, path = "/api/retention/proposals", request_body = NewProposal,
    responses((status = 200, body = Proposed), (status = 409, body = ErrorBody)))]
pub(super) async fn propose(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<NewProposal>,
) -> Result<Json<Proposed>, ApiError> {
    caller.may(Action::Administer)?;
    let target = match (&asked.study, asked.rejection) {
        (Some(study), None) => Target::Study(uid(study)?),
        (None, Some(rejection)) => Target::Rejection(rejection),
        _ => return Err(ApiError::Bad("either a study or a rejection is named")),
    };
    let proposal = door.archive.propose(target, &asked.reason, caller.0.actor()).await?;
    Ok(Json(proposed(&proposal, &caller)))
}

#[utoipa::path(post, path = "/api/retention/proposals/{id}/approve", params(("id" = u64, Path)),
    responses((status = 200, body = Erased), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn approve(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<Erased>, ApiError> {
    caller.may(Action::Administer)?;
    let record = door.archive.erase(id, caller.0.actor()).await?;
    Ok(Json(erased(&StoredErase { record, is_done: true })))
}

#[utoipa::path(delete, path = "/api/retention/proposals/{id}", params(("id" = u64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn withdraw(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.archive.withdraw(id, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn erased(stored: &StoredErase) -> Erased {
    let record = &stored.record;
    Erased {
        id: record.id,
        at: at(record.at),
        proposer: record.proposer.clone(),
        approver: record.approver.clone(),
        study: record.study.to_string(),
        rejection: record.rejection,
        reason: record.reason.clone(),
        instances: record.instances.len(),
        bytes: record.instances.iter().map(|named| named.bytes).sum(),
        done: stored.is_done,
    }
}

#[utoipa::path(get, path = "/api/retention/erased", params(Page), responses((status = 200, body = Vec<Erased>)))]
pub(super) async fn erasures(
    State(door): State<Door>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Erased>>, ApiError> {
    caller.may(Action::Administer)?;
    let all = door.archive.erasures(page.offset, page.limit())?;
    std::future::ready(Ok(Json(all.iter().map(erased).collect()))).await
}
