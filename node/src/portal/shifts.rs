//! Shifts: planned, moved, confirmed, taken, handed over and ended; and that somebody sits before a screen.

use super::{
    Door,
    cases_row::{CaseRow, For},
    error::{ApiError, ErrorBody},
    rosters_json::{NewShiftJson, OpenCaseJson, ShiftJson, site_of},
    signin::Caller,
};
use crate::{
    cases::Whole,
    roster::{Planned, RosterError},
    trust::{Action, DutyRow},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post, put},
};
use protocol::{
    SiteId,
    duty::Trial,
    ids::Id128,
    roster::{Stated, Step},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Cases that a hand-over lists of one kind.
const ROWS_MAX: usize = 200;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/shifts", get(list).post(plan))
        .route("/shifts/alive", post(alive))
        .route("/shifts/{id}", put(alter))
        .route("/shifts/{id}/handing", get(handing))
        .route("/shifts/{id}/take", post(take))
        .route("/shifts/{id}/offer", post(offer))
        .route("/shifts/{id}/relieve", post(relieve))
        .route("/shifts/{id}/{step}", post(step))
}

fn id(text: &str) -> Result<Id128, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}

fn said(door: &Door, caller: &Caller, planned: Planned) -> Result<Json<ShiftJson>, ApiError> {
    let row = DutyRow { site: door.identity.site(), duty: planned.duty };
    ShiftJson::of(door, caller, &row).map(Json).ok_or(ApiError::NotFound)
}

/// All shifts that are known here: of this site, and of the sites of its coverages.
#[utoipa::path(get, path = "/api/shifts", operation_id = "list_shifts", responses((status = 200, body = Vec<ShiftJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<ShiftJson>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let mut rows = door.roster.rows();
    rows.sort_by_key(|row| (row.duty.over(), row.duty.id));
    let rows = rows.iter().filter_map(|row| ShiftJson::of(&door, &caller, row)).collect();
    std::future::ready(Ok(Json(rows))).await
}

/// Plans a shift of one's own, or, as an administrator, of anybody of this site.
#[utoipa::path(post, path = "/api/shifts", operation_id = "plan_shift", request_body = NewShiftJson,
    responses((status = 200, body = ShiftJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn plan(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewShiftJson>,
) -> Result<Json<ShiftJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let planned = door.roster.plan(&caller.0, &new.plan(&caller)?, None).await?;
    said(&door, &caller, planned)
}

/// Moves a shift, or gives it to somebody else, who then has to confirm it.
#[utoipa::path(put, path = "/api/shifts/{id}", operation_id = "move_shift", params(("id" = String, Path)),
    request_body = NewShiftJson,
    responses((status = 200, body = ShiftJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn alter(
    State(door): State<Door>,
    caller: Caller,
    Path(text): Path<String>,
    Json(new): Json<NewShiftJson>,
) -> Result<Json<ShiftJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let planned = door.roster.alter(&caller.0, &id(&text)?, &new.plan(&caller)?).await?;
    said(&door, &caller, planned)
}

/// One step: `confirm`, `doubt` (takes a confirmation back), `keep` (takes the offer of a hand-over back), `end`.
#[utoipa::path(post, path = "/api/shifts/{id}/{step}", operation_id = "step_shift",
    params(("id" = String, Path), ("step" = String, Path)),
    responses((status = 200, body = ShiftJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn step(
    State(door): State<Door>,
    caller: Caller,
    Path((text, word)): Path<(String, String)>,
) -> Result<Json<ShiftJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let id = id(&text)?;
    let planned = match word.as_str() {
        "confirm" => door.roster.step(&caller.0, &id, Step::Confirm).await?,
        "doubt" => door.roster.step(&caller.0, &id, Step::Doubt).await?,
        "keep" => door.roster.step(&caller.0, &id, Step::Keep).await?,
        "end" => door.roster.end(&caller.0, &id).await?,
        _ => return Err(ApiError::NotFound),
    };
    said(&door, &caller, planned)
}

/// What was tried before a shift is taken, and what came of it: `worked`, `not-noticed`, `refused` or `absent`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tried {
    /// Whether the person heard the sound of an alert.
    sound: String,
    /// Whether the person saw a notification.
    notifications: String,
    /// Whether the page hears at once what happens here; `not-tried`, as without a page, if left out.
    #[serde(default)]
    link: Option<String>,
}

impl Tried {
    /// Nothing that a person has to notice is left untried.
    fn trials(&self) -> Result<[Trial; 3], ApiError> {
        let tried = |word: &str, field| {
            Trial::of(word).filter(|trial| *trial != Trial::NotTried).ok_or_else(|| ApiError::Missing(vec![field]))
        };
        let link = self.link.as_deref().map_or(Some(Trial::NotTried), Trial::of).ok_or(ApiError::Bad("link"))?;
        Ok([tried(&self.sound, "sound")?, tried(&self.notifications, "notifications")?, link])
    }
}

/// The person is there. Links to the covered sites are tried by the node; all of it is kept with the shift.
#[utoipa::path(post, path = "/api/shifts/{id}/take", operation_id = "take_shift", params(("id" = String, Path)),
    request_body = Tried,
    responses((status = 200, body = ShiftJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn take(
    State(door): State<Door>,
    caller: Caller,
    Path(text): Path<String>,
    Json(tried): Json<Tried>,
) -> Result<Json<ShiftJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let (id, trials) = (id(&text)?, tried.trials()?);
    let sites = door.roster.covered(&id)?;
    let answers = |site: &SiteId| door.overlay.as_ref().is_some_and(|overlay| overlay.contact(site).connected);
    let answered = sites.iter().filter(|site| answers(site)).count();
    let links = [answered, sites.len() - answered].map(|count| u8::try_from(count).unwrap_or(u8::MAX));
    let planned = door.roster.take(&caller.0, &id, trials, links).await?;
    said(&door, &caller, planned)
}

/// A shift that is offered to another one, with what goes along.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OfferedJson {
    shift: ShiftJson,
    /// Its person's cases, as far as they are known here.
    rows: Vec<CaseRow>,
}

/// A hand-over: what is open, and to whom it may go; or what is offered to this shift.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HandingJson {
    cases: Vec<OpenCaseJson>,
    /// The same as the list shows them: patient, priority, time left, state.
    rows: Vec<CaseRow>,
    /// What this site has taken and nobody has reserved: it is of whoever is on duty.
    unclaimed: Vec<CaseRow>,
    /// Shifts that could take over, the next first.
    next: Vec<ShiftJson>,
    /// Shifts that are offered to this one.
    offered: Vec<OfferedJson>,
}

fn rows(door: &Door, caller: &Caller, stated: &[Stated]) -> Vec<ShiftJson> {
    let all = door.roster.rows();
    let row = |one: &Stated| all.iter().find(|row| row.site == one.site && row.duty.id == one.id);
    stated.iter().filter_map(row).filter_map(|row| ShiftJson::of(door, caller, row)).collect()
}

/// Open cases as the list shows them, the most urgent first.
fn open_rows(door: &Door, caller: &Caller, is_it: impl Fn(&Whole) -> bool) -> Vec<CaseRow> {
    let is_open = |whole: &Whole| whole.state.stage.is_open() || whole.state.owes();
    let mut open = door.cases.all();
    open.retain(|whole| is_open(whole) && is_it(whole));
    let delays = door.cases.delays();
    open.sort_by_key(|whole| (whole.state.ask.priority, whole.due(&delays).map(|due| due.at), whole.name()));
    let told = For { door, person: &caller.0 };
    open.iter().take(ROWS_MAX).map(|whole| told.row(whole)).collect()
}

/// What is open of a shift's person. Names of patients are for those who list cases.
#[utoipa::path(get, path = "/api/shifts/{id}/handing", operation_id = "show_handing", params(("id" = String, Path)),
    responses((status = 200, body = HandingJson), (status = 404, body = ErrorBody)))]
pub(super) async fn handing(
    State(door): State<Door>,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<HandingJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    caller.may(Action::ListStudies)?;
    let id = id(&text)?;
    let us = door.identity.site();
    let person = door.roster.person_of(&id)?;
    let (cases, next) = door.roster.handing(&id)?;
    let offered = door.roster.offered_to(&id);
    let of = |stated: &Stated| {
        let (site, person) = (stated.site, &stated.shift.person);
        let mine = open_rows(&door, &caller, |whole| whole.is_claimed_by(&site, person));
        let shift = rows(&door, &caller, std::slice::from_ref(stated)).pop()?;
        Some(OfferedJson { shift, rows: mine })
    };
    std::future::ready(Ok(Json(HandingJson {
        cases: cases.into_iter().map(|row| OpenCaseJson::of(&door, row)).collect(),
        rows: open_rows(&door, &caller, |whole| whole.is_claimed_by(&us, &person)),
        unclaimed: open_rows(&door, &caller, |whole| {
            whole.state.claim.is_none() && whole.state.owner().site == us && whole.state.reader == Some(us)
        }),
        next: rows(&door, &caller, &next),
        offered: offered.iter().filter_map(of).collect(),
    })))
    .await
}

/// The other shift of a hand-over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherShift {
    /// Of which site; default: this one.
    site: Option<String>,
    shift: String,
}

impl OtherShift {
    fn name(&self, door: &Door) -> Result<(SiteId, Id128), ApiError> {
        Ok((site_of(door, self.site.as_deref().unwrap_or("here"))?, id(&self.shift)?))
    }
}

/// Offers a shift, with what is open, to another one. It is handed over when that has acknowledged it.
#[utoipa::path(post, path = "/api/shifts/{id}/offer", operation_id = "offer_shift", params(("id" = String, Path)),
    request_body = OtherShift,
    responses((status = 200, body = ShiftJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn offer(
    State(door): State<Door>,
    caller: Caller,
    Path(text): Path<String>,
    Json(other): Json<OtherShift>,
) -> Result<Json<ShiftJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let planned = door.roster.offer(&caller.0, &id(&text)?, other.name(&door)?).await?;
    said(&door, &caller, planned)
}

/// Acknowledges what another shift has offered: from now on it is this one's.
#[utoipa::path(post, path = "/api/shifts/{id}/relieve", operation_id = "relieve_shift", params(("id" = String, Path)),
    request_body = OtherShift,
    responses((status = 200, body = ShiftJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn relieve(
    State(door): State<Door>,
    caller: Caller,
    Path(text): Path<String>,
    Json(other): Json<OtherShift>,
) -> Result<Json<ShiftJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let planned = door.roster.relieve(&caller.0, &id(&text)?, other.name(&door)?).await?;
    said(&door, &caller, planned)
}

/// A page that is looked at says every some seconds that it is.
#[utoipa::path(post, path = "/api/shifts/alive", operation_id = "screen_is_live", responses((status = 204)))]
pub(super) async fn alive(State(door): State<Door>, caller: Caller) -> Result<StatusCode, ApiError> {
    caller.may(Action::ReadStudies)?;
    door.roster.alive(&caller.0.name);
    std::future::ready(Ok(StatusCode::NO_CONTENT)).await
}

/// Status and word of what a roster refuses.
pub(super) fn outside(e: &RosterError) -> (StatusCode, &'static str) {
    match e {
        RosterError::NoShift | RosterError::NoCoverage => (StatusCode::NOT_FOUND, "not-found"),
        RosterError::NotReader => (StatusCode::CONFLICT, "not-reader"),
        RosterError::NoAccount => (StatusCode::NOT_FOUND, "no-account"),
        RosterError::NotYours => (StatusCode::FORBIDDEN, "role"),
        RosterError::Overlap => (StatusCode::CONFLICT, "overlap"),
        RosterError::Begun => (StatusCode::CONFLICT, "begun"),
        RosterError::OpenCases => (StatusCode::CONFLICT, "open-cases"),
        RosterError::NoRelief => (StatusCode::CONFLICT, "no-relief"),
        RosterError::NoSuccessor => (StatusCode::CONFLICT, "no-successor"),
        RosterError::Unfit(_) => (StatusCode::BAD_REQUEST, "unfit"),
        RosterError::Step(protocol::roster::StepError::State) => (StatusCode::CONFLICT, "state"),
        RosterError::Step(protocol::roster::StepError::Time) => (StatusCode::CONFLICT, "shift-time"),
        RosterError::File(e) => (StatusCode::BAD_REQUEST, e.wrong.word()),
        RosterError::Trust(e) => super::error::trust(e),
        RosterError::Audit(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}
