//! Who is on duty and which cases are open, as facts; cases stated, stated anew, and closed. Shifts: [`super::shifts`].

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    overlay::Overlay,
    trust::{Action, DutyRow, Trust},
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{
    SiteId, Timestamp,
    duty::{Duty, OpenCase, ShiftState, What},
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A shift or a case, as its site states it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DutyJson {
    id: String,
    site: String,
    site_name: String,
    /// This site states it.
    ours: bool,
    /// `shift` or `case`.
    kind: &'static str,
    serial: u64,
    stated: String,
    /// Who is on duty, or whose the case is.
    person: String,
    role: Option<String>,
    /// Modalities; empty: all.
    competences: Vec<String>,
    start: Option<String>,
    end: String,
    /// `planned`, `confirmed`, `active`, `handed-over` or `ended`; `open` or `closed`.
    state: &'static str,
    studies: Vec<String>,
    /// Names of the other sites of a case.
    parties: Vec<String>,
    /// It says now what it says: not over, and not ended.
    counts: bool,
}

/// A case on studies of ours.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCase {
    studies: Vec<String>,
    /// Account name.
    owner: String,
    /// Keys or names of the other sites.
    parties: Vec<String>,
    until: String,
    /// The case that is stated anew.
    id: Option<String>,
}

fn moment(text: &str) -> Result<Timestamp, ApiError> {
    let at = text.parse::<jiff::Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    at.map(Timestamp).ok_or(ApiError::Bad("the time is not RFC 3339, for example 2026-01-05T20:00:00Z"))
}

fn id(text: &str) -> Result<Id128, ApiError> {
    text.parse().map_err(|_| ApiError::Bad("not a shift or a case"))
}

fn row(door: &Door, row: DutyRow) -> DutyJson {
    let DutyRow { site, duty } = row;
    let counts = Trust::duty_counts(&duty);
    let mut said = DutyJson {
        id: duty.id.to_string(),
        site: site.to_string(),
        site_name: door.site_name(&site),
        ours: site == door.identity.site(),
        kind: "case",
        serial: duty.serial,
        stated: json::rfc3339(duty.at),
        person: String::new(),
        role: None,
        competences: Vec::new(),
        start: None,
        end: json::rfc3339(duty.over()),
        state: "",
        studies: Vec::new(),
        parties: Vec::new(),
        counts,
    };
    match duty.what {
        What::Shift(shift) => {
            let word = ShiftState::ALL.iter().find(|(state, _)| *state == shift.state);
            (said.kind, said.state) = ("shift", word.map_or("", |(_, word)| *word));
            (said.person, said.role, said.competences) = (shift.person, Some(shift.role), shift.competences);
            said.start = Some(json::rfc3339(shift.start));
        }
        What::Case(case) => {
            said.state = if case.open { "open" } else { "closed" };
            said.person = case.owner;
            said.studies = case.studies.iter().map(ToString::to_string).collect();
            said.parties = case.parties.iter().map(|site| door.site_name(site)).collect();
        }
    }
    said
}

#[utoipa::path(get, path = "/api/duty", operation_id = "list_duty", responses((status = 200, body = Vec<DutyJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<DutyJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let rows = door.trust.duties().into_iter().map(|duty| row(&door, duty)).collect();
    std::future::ready(Ok(Json(rows))).await
}

async fn state(door: &Door, caller: &Caller, id: Option<Id128>, what: What) -> Result<Json<DutyJson>, ApiError> {
    let duty = door.trust.state_duty(id, what).await?;
    let event = Event::new(Act::DutyStated, caller.0.actor()).basis(duty.id).note(Overlay::duty_note(&duty));
    door.audit.record(event).await?;
    Ok(Json(row(door, DutyRow { site: door.identity.site(), duty })))
}

#[utoipa::path(post, path = "/api/duty/cases", operation_id = "state_case", request_body = NewCase,
    responses((status = 200, body = DutyJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn case(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewCase>,
) -> Result<Json<DutyJson>, ApiError> {
    caller.may(Action::Administer)?;
    let studies: Result<Vec<_>, _> = new.studies.iter().map(|uid| uid.trim().parse()).collect();
    let site = |text: &String| door.trust.find_peer(text).map(|peer| peer.site).ok_or(ApiError::NotFound);
    let parties: Vec<SiteId> = new.parties.iter().map(site).collect::<Result<_, _>>()?;
    let case = OpenCase {
        studies: studies.map_err(|_| ApiError::Bad("not a Study Instance UID"))?,
        owner: new.owner,
        parties,
        until: moment(&new.until)?,
        open: true,
    };
    let id = new.id.as_deref().map(id).transpose()?;
    state(&door, &caller, id, What::Case(case)).await
}

/// Closes a case. Permits that rest on it are cut here before the answer, at peers as soon as they hear of it. Shifts end by
/// their own route, which looks after what is open.
#[utoipa::path(post, path = "/api/duty/{id}/end", operation_id = "end_duty", params(("id" = String, Path)),
    responses((status = 200, body = DutyJson), (status = 404, body = ErrorBody)))]
pub(super) async fn end(
    State(door): State<Door>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<DutyJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = id(&text).map_err(|_| ApiError::NotFound)?;
    let Duty { what, .. } = door.trust.own_duty(&id).ok_or(ApiError::NotFound)?;
    let What::Case(case) = what else { return Err(ApiError::NotFound) };
    state(&door, &caller, Some(id), What::Case(OpenCase { open: false, ..case })).await
}
