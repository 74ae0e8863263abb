//! How the ledger stands, and evidence written out. Both are for those who may read the log; writing evidence out is an
//! entry of it.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    signin::Caller,
};
use crate::{
    archive::StudyQuery,
    audit::{Act, Asked, BundleError, Event},
    trust::Action,
};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use protocol::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Studies of one bundle at most.
const STUDIES_MAX: usize = 500;

/// A head: so many records, when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerHeadJson {
    size: u64,
    at: String,
    /// Whether it follows from all that was seen before.
    unbroken: bool,
}

impl From<(u64, Timestamp, bool)> for LedgerHeadJson {
    fn from((size, at, unbroken): (u64, Timestamp, bool)) -> Self {
        Self { size, at: rfc3339(at), unbroken }
    }
}

/// How the ledger stands with one peer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerPeerJson {
    site: String,
    name: String,
    /// The newest head of ours that it cosigned.
    cosigned: Option<LedgerHeadJson>,
    /// Its newest head that we hold.
    held: Option<LedgerHeadJson>,
    /// Events of ours that it has not countersigned yet.
    missing: u64,
    /// The number of the oldest of them, and when it happened.
    oldest: Option<u64>,
    oldest_at: Option<String>,
}

/// Something wrong with a log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerFindingJson {
    at: String,
    site: String,
    site_name: String,
    /// `shorter`, `changed`, `forked`, `forged`, `unreadable` or `unwitnessed`.
    wrong: String,
    /// Places in that log, from 0, among which it must be.
    first: u64,
    last: u64,
    /// The record's number, where it is known.
    number: Option<u64>,
    /// Whether an administrator has taken note of it.
    settled: bool,
}

/// How the ledger stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerJson {
    size: u64,
    /// Hex.
    root: String,
    /// Since when records are in the ledger as they are made.
    since: String,
    /// Records that were there before.
    before: u64,
    peers: Vec<LedgerPeerJson>,
    /// Newest first.
    findings: Vec<LedgerFindingJson>,
}

#[utoipa::path(get, path = "/api/ledger", operation_id = "show_ledger",
    responses((status = 200, body = LedgerJson), (status = 403, body = ErrorBody)))]
pub(super) async fn show(State(door): State<Door>, caller: Caller) -> Result<Json<LedgerJson>, ApiError> {
    caller.may(Action::ReadLog)?;
    let state = door.audit.ledger_state();
    let trusted = door.trust.peers().into_iter().filter(|peer| peer.revoked.is_none());
    let peers = trusted.map(|peer| {
        let state = door.audit.peer_state(&peer.site);
        LedgerPeerJson {
            site: peer.site.to_string(),
            name: peer.name,
            cosigned: state.cosigned.map(LedgerHeadJson::from),
            held: state.held.map(LedgerHeadJson::from),
            missing: state.missing,
            oldest: state.oldest.map(|(_, number, _)| number),
            oldest_at: state.oldest.map(|(_, _, at)| rfc3339(at)),
        }
    });
    let findings = state.findings.into_iter().rev().map(|(finding, settled)| LedgerFindingJson {
        at: rfc3339(finding.at),
        site: finding.site.to_string(),
        site_name: door.site_name(&finding.site),
        wrong: finding.wrong.word().to_owned(),
        first: finding.first,
        last: finding.last,
        number: finding.number,
        settled,
    });
    std::future::ready(Ok(Json(LedgerJson {
        size: state.size,
        root: state.root.to_string(),
        since: rfc3339(state.since),
        before: state.before,
        peers: peers.collect(),
        findings: findings.collect(),
    })))
    .await
}

/// An administrator has looked at all findings; the alarm is over.
#[utoipa::path(post, path = "/api/ledger/settle", operation_id = "settle_ledger",
    responses((status = 204), (status = 403, body = ErrorBody)))]
pub(super) async fn settle(State(door): State<Door>, caller: Caller) -> Result<axum::http::StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.audit.settle(caller.0.actor()).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Which evidence is wanted. All, where nothing is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct EvidenceAsked {
    /// Study Instance UIDs.
    studies: Vec<String>,
    /// A patient of ours, with the issuer: studies held here.
    patient: Option<String>,
    issuer: Option<String>,
    /// RFC 3339, both inclusive.
    from: Option<String>,
    to: Option<String>,
}

/// Evidence as a bundle that anybody checks with the sites' public keys.
#[utoipa::path(post, path = "/api/ledger/evidence", operation_id = "export_evidence", request_body = EvidenceAsked,
    responses((status = 200, content_type = "application/json", body = String), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)))]
pub(super) async fn export(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<EvidenceAsked>,
) -> Result<Response, ApiError> {
    caller.may(Action::ReadLog)?;
    let asked = understood(&door, asked)?;
    let mut event = Event::new(Act::LogExported, caller.0.actor()).note(format!("{} studies", asked.studies.len()));
    event.study = asked.studies.first().filter(|_| asked.studies.len() == 1).cloned();
    door.audit.record(event).await?;
    let head = door.audit.head(door.identity.site());
    let signed = door.identity.seal(&head);
    let (audit, name) = (door.audit.clone(), door.config.site.name.clone());
    let making = move || {
        let bundle = audit.bundle(&asked, (&head, &signed), &name)?;
        Ok::<_, BundleError>(serde_json::to_vec_pretty(&bundle).unwrap_or_default())
    };
    let made = door.tasks.spawn_blocking("evidence", making).await.map_err(|_| ApiError::Bad("stopping"))?;
    let bytes = made.map_err(|error| match error {
        BundleError::TooMany => ApiError::Bad("more than 10,000 records; ask for fewer days or studies"),
        BundleError::Journal(error) => ApiError::Audit(error.into()),
    })?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"evidence.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}

fn understood(door: &Door, asked: EvidenceAsked) -> Result<Asked, ApiError> {
    let at = |text: Option<String>, bad| {
        let instant = text.map(|text| text.parse::<jiff::Timestamp>()).transpose().map_err(|_| ApiError::Bad(bad))?;
        Ok::<_, ApiError>(instant.map(|at| Timestamp(u64::try_from(at.as_millisecond()).unwrap_or(0))))
    };
    let parsed = asked.studies.iter().map(|study| protocol::Uid::parse(study)).collect::<Result<_, _>>();
    let mut wanted = Asked {
        studies: parsed.map_err(|_| ApiError::Bad("study"))?,
        from: at(asked.from, "from is a time as 2026-01-31T00:00:00Z")?,
        to: at(asked.to, "to is a time as 2026-01-31T00:00:00Z")?,
    };
    if let Some(patient) = asked.patient {
        // An ID is never compared without its issuer.
        let Some(issuer) = asked.issuer else { return Err(ApiError::Bad("a patient is an ID and its issuer")) };
        if patient.contains(['*', '?', '\\']) || issuer.contains(['*', '?', '\\']) {
            return Err(ApiError::Bad("a patient is one patient"));
        }
        let query = StudyQuery { patient_id: Some(patient), issuer: Some(issuer), ..StudyQuery::default() };
        let rows = door.archive.studies(&query, 0, STUDIES_MAX)?;
        if rows.is_empty() {
            return Err(ApiError::NotFound);
        }
        wanted.studies.extend(rows.into_iter().map(|row| row.study));
    }
    if wanted.studies.len() > STUDIES_MAX {
        return Err(ApiError::Bad("at most 500 studies"));
    }
    Ok(wanted)
}
