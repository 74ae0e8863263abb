//! Whether the confrères know a patient: asked of all of them at once, of none by name.
//!
//! # Not here
//! What they learn, and how often one may ask: `overlay`.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{overlay::PresenceAnswer, tasks, trust::Action, users::UsersError};
use axum::{Json, extract::State};
use protocol::{Refusal, SiteId, presence::Subject};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The French national identity by its number in the register (INS-NIR).
const INS_NIR: &str = "1.2.250.1.213.1.4.8";

/// Whom to ask for. It goes no further than this node.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskPresence {
    /// The national number of a qualified identity, fifteen characters.
    ins: String,
    /// The object identifier of who issued it. Default: `1.2.250.1.213.1.4.8`.
    issuer: Option<String>,
}

/// Studies of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KindCount {
    /// `CT`, `MR`, `XR` (plain X-ray), `US`, `MG`, `NM` (with PET), `XA` (with fluoroscopy) or `OT`.
    kind: &'static str,
    /// 255: that many or more.
    studies: u8,
}

/// What one site answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresenceRow {
    site: String,
    site_name: String,
    /// `knows`, `does-not`, `not-reached`, `refused` or `faulty`.
    answer: &'static str,
    /// Of a refusal: its code.
    reason: Option<&'static str>,
    /// Of a refusal: it may be asked again after so many seconds.
    retry_s: Option<u32>,
    /// When what it knows was looked at.
    as_of: Option<String>,
    /// Of a patient that it knows.
    studies: Vec<KindCount>,
}

/// What all answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresenceAnswers {
    asked: String,
    sites: Vec<PresenceRow>,
}

fn row(door: &Door, site: &SiteId, answer: PresenceAnswer) -> PresenceRow {
    let mut row = PresenceRow {
        site: site.to_string(),
        site_name: door.site_name(site),
        answer: "not-reached",
        reason: None,
        retry_s: None,
        as_of: None,
        studies: Vec::new(),
    };
    match answer {
        PresenceAnswer::Knows(counts, as_of) => {
            row.answer = "knows";
            row.as_of = Some(json::rfc3339(as_of));
            row.studies = counts.each().map(|(kind, studies)| KindCount { kind, studies }).collect();
        }
        PresenceAnswer::DoesNot(as_of) => {
            row.answer = "does-not";
            row.as_of = Some(json::rfc3339(as_of));
        }
        PresenceAnswer::NotReached => {}
        PresenceAnswer::Refused(refusal) => {
            row.answer = "refused";
            row.reason = Some(refusal.code());
            if let Refusal::Busy(wait_ms) = refusal {
                row.retry_s = Some(wait_ms.div_ceil(1000));
            }
        }
        PresenceAnswer::Faulty => row.answer = "faulty",
    }
    row
}

/// A person has asked as often as one may for now.
fn too_often(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Busy(wait_ms) => UsersError::Throttled(u64::from(wait_ms.div_ceil(1000))).into(),
        other => other.into(),
    }
}

/// Asks every paired site whether it knows a patient; a site that does not learns nothing of whom.
#[utoipa::path(post, path = "/api/presence", operation_id = "ask_presence", request_body = AskPresence,
    responses((status = 200, body = PresenceAnswers), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn ask(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<AskPresence>,
) -> Result<Json<PresenceAnswers>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let issuer = asked.issuer.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or(INS_NIR);
    let subject = Subject::parse(issuer, &asked.ins)
        .ok_or(ApiError::Bad("not a national number: fifteen characters whose key fits, by who issues it"))?;
    let overlay = door.overlay.as_ref().ok_or(ApiError::NotRunning)?;
    let at = tasks::now();
    let answers = overlay.ask_presence(&caller.0, &subject).await.map_err(too_often)?;
    let sites = answers.into_iter().map(|(site, answer)| row(&door, &site, answer)).collect();
    Ok(Json(PresenceAnswers { asked: json::rfc3339(at), sites }))
}
