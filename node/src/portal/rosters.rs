//! Coverages and the weeks under them: offered, signed and ended; who is on duty, which minutes have nobody, who is asked for a
//! study; and rosters as calendar files.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    insight::moment,
    json::rfc3339,
    rosters_json::{CoverageJson, HoleJson, NewCoverage, RungJson, ShiftJson, coverage_id, plans, site_of},
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    overlay::COVERAGE,
    roster::{Fate, Imported, Question},
    tasks,
    trust::{Action, AgreementState, CoverageRow, TrustError},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use protocol::{
    SiteId, Timestamp,
    duty::What,
    ids::Id128,
    roster::{Coverage, CoverageEnd, Holiday, zone},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days shown at once: six weeks.
const DAYS_MAX: u16 = 42;
/// Days of a calendar file.
const FILE_DAYS_MAX: u16 = 366;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/coverages", get(coverages).post(offer))
        .route("/coverages/{id}/accept", post(accept))
        .route("/coverages/{id}/end", post(end))
        .route("/rosters", get(week))
        .route("/rosters/who", get(who))
        .route("/rosters/{id}/calendar", get(export).post(import))
}

#[utoipa::path(get, path = "/api/coverages", operation_id = "list_coverages",
    responses((status = 200, body = Vec<CoverageJson>)))]
pub(super) async fn coverages(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<CoverageJson>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let mut rows = door.trust.coverages();
    // What waits and what is over is for those who sign.
    rows.retain(|row| plans(&caller) || row.state == AgreementState::Active);
    rows.sort_by(|a, b| (&a.coverage.name, a.coverage.id).cmp(&(&b.coverage.name, b.coverage.id)));
    std::future::ready(Ok(Json(rows.iter().map(|row| CoverageJson::of(&door, row)).collect()))).await
}

fn row(door: &Door, id: &Id128, version: Option<u32>) -> Result<Json<CoverageJson>, ApiError> {
    let fits =
        |row: &&CoverageRow| row.coverage.id == *id && version.is_none_or(|version| row.coverage.version == version);
    let rows = door.trust.coverages();
    rows.iter().rfind(fits).map(|row| Json(CoverageJson::of(door, row))).ok_or(ApiError::NotFound)
}

/// Evidence at this site of what concerns all sites of a coverage: one event each, to be countersigned.
async fn written(door: &Door, caller: &Caller, act: Act, coverage: &Coverage) -> Result<(), ApiError> {
    let us = door.identity.site();
    let mut others: Vec<SiteId> = coverage.parties().map(|party| party.site).filter(|site| *site != us).collect();
    others.sort_unstable();
    others.dedup();
    for peer in others {
        door.audit.record(Event::new(act, caller.0.actor()).peer(peer).basis(coverage.id).note(COVERAGE)).await?;
    }
    Ok(())
}

/// Offers a coverage, or its next version, to its other sites. It is in force when all have signed.
#[utoipa::path(post, path = "/api/coverages", operation_id = "offer_coverage", request_body = NewCoverage,
    responses((status = 200, body = CoverageJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn offer(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewCoverage>,
) -> Result<Json<CoverageJson>, ApiError> {
    caller.may(Action::Administer)?;
    let text = new.text(&door)?;
    door.trust.may_offer_coverage(&text)?;
    let (id, version) = (text.id, text.version);
    written(&door, &caller, Act::AgreementOffered, &text).await?;
    door.trust.offer_coverage(text).await?;
    row(&door, &id, Some(version))
}

fn of_state(door: &Door, text: &str, fits: impl Fn(AgreementState) -> bool) -> Result<Coverage, ApiError> {
    let id: Id128 = text.parse().map_err(|_| ApiError::NotFound)?;
    let rows = door.trust.coverages();
    let mut of_id = rows.into_iter().filter(|row| row.coverage.id == id).peekable();
    of_id.peek().ok_or(ApiError::NotFound)?;
    of_id.find(|row| fits(row.state)).map(|row| row.coverage).ok_or(ApiError::Trust(TrustError::State))
}

/// Signs a coverage that another site has offered.
#[utoipa::path(post, path = "/api/coverages/{id}/accept", operation_id = "accept_coverage", params(("id" = String, Path)),
    responses((status = 200, body = CoverageJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn accept(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CoverageJson>, ApiError> {
    caller.may(Action::Administer)?;
    let text = of_state(&door, &id, |state| state == AgreementState::Received)?;
    written(&door, &caller, Act::AgreementAccepted, &text).await?;
    door.trust.accept_coverage(&text.id).await?;
    row(&door, &text.id, Some(text.version))
}

/// Ends a coverage for all its sites.
#[utoipa::path(post, path = "/api/coverages/{id}/end", operation_id = "end_coverage", params(("id" = String, Path)),
    responses((status = 200, body = CoverageJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn end(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CoverageJson>, ApiError> {
    caller.may(Action::Administer)?;
    let text = of_state(&door, &id, |state| state != AgreementState::Ended)?;
    written(&door, &caller, Act::AgreementEnded, &text).await?;
    let end = CoverageEnd { coverage: text.id, at: tasks::now() };
    door.trust.end_coverage(end, &door.identity.site()).await?;
    row(&door, &text.id, None)
}

/// Which days are looked at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    /// A coverage in force; not said: the site's own shifts.
    coverage: Option<String>,
    /// The first day, by the coverage's wall; default: today.
    from: Option<String>,
    /// How many, at most 42; default: 7.
    days: Option<u16>,
    /// Where no coverage says it: an IANA time zone; default: UTC.
    zone: Option<String>,
}

/// A day of a roster.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DayJson {
    date: String,
    start: String,
    end: String,
    /// 24, but on the days of the clock change.
    hours: f64,
    /// `new-year`, `good-friday`, `easter-monday`, `labour`, `victory`, `ascension`, `whit-monday`, `national`,
    /// `assumption`, `all-saints`, `armistice`, `christmas` or `st-stephen`.
    holiday: Option<&'static str>,
    /// Somebody has to be on duty the whole day.
    whole: bool,
}

/// Some days of a roster.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RosterJson {
    coverage: Option<CoverageJson>,
    time_zone: String,
    now: String,
    days: Vec<DayJson>,
    /// When somebody has to be on duty.
    asked: Vec<(String, String)>,
    holes: Vec<HoleJson>,
    /// Those of all its sites that touch these days, and those that run now.
    shifts: Vec<ShiftJson>,
    /// Whoever asks may plan for everybody of this site.
    plans: bool,
    /// People of this site that may be planned, where whoever asks may.
    people: Vec<String>,
}

fn timestamp(at: &jiff::Zoned) -> Timestamp {
    Timestamp(u64::try_from(at.timestamp().as_millisecond()).unwrap_or(0))
}

/// Days by the wall of a time zone: each with its beginning and end.
fn days(first: Date, count: u16, zone: &TimeZone) -> Result<Vec<(Date, Timestamp, Timestamp)>, ApiError> {
    let bad = |_| ApiError::Bad("a day is written as 2026-12-24");
    let midnight = |later: u16| first.checked_add(i32::from(later).days())?.to_zoned(zone.clone());
    let mut days = Vec::with_capacity(usize::from(count));
    for later in 0..count {
        let (start, end) = (midnight(later).map_err(bad)?, midnight(later + 1).map_err(bad)?);
        days.push((start.date(), timestamp(&start), timestamp(&end)));
    }
    Ok(days)
}

fn first_day(text: Option<&str>, zone: &TimeZone) -> Result<Date, ApiError> {
    match text {
        Some(text) => text.parse().map_err(|_| ApiError::Bad("a day is written as 2026-12-24")),
        None => {
            let now = jiff::Timestamp::from_millisecond(i64::try_from(tasks::now().0).unwrap_or(0)).unwrap_or_default();
            Ok(zone.to_datetime(now).date())
        }
    }
}

fn in_force(door: &Door, text: &str) -> Result<CoverageRow, ApiError> {
    let id = coverage_id(text)?;
    let is_it = |row: &CoverageRow| row.coverage.id == id && row.state == AgreementState::Active;
    door.trust.coverages().into_iter().find(is_it).ok_or(ApiError::NotFound)
}

/// Some days of a coverage: its calendar, its shifts, and the minutes that nobody has.
#[utoipa::path(get, path = "/api/rosters", operation_id = "show_roster", params(Period),
    responses((status = 200, body = RosterJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn week(
    State(door): State<Door>,
    caller: Caller,
    Query(period): Query<Period>,
) -> Result<Json<RosterJson>, ApiError> {
    caller.may(Action::ListStudies)?;
    let row = period.coverage.as_deref().map(|text| in_force(&door, text)).transpose()?;
    let coverage = row.as_ref().map(|row| &row.coverage);
    let named = period.zone.unwrap_or_else(|| "UTC".to_owned());
    let time_zone = coverage.map_or(named, |coverage| coverage.calendar.week.time_zone.clone());
    let zone = zone(&time_zone).ok_or(ApiError::Bad("the time zone is not known"))?;
    let count = period.days.unwrap_or(7).clamp(1, DAYS_MAX);
    let all = days(first_day(period.from.as_deref(), &zone)?, count, &zone)?;
    let from = all.first().map_or(Timestamp(0), |(_, start, _)| *start);
    let until = all.last().map_or(from, |(_, _, end)| *end);
    let now = tasks::now();
    let id = coverage.map(|coverage| coverage.id);
    let rows = door.roster.rows();
    let shown = rows.iter().filter(|row| match &row.duty.what {
        What::Shift(shift) => shift.coverage == id && (shift.start < until && from < shift.end || shift.is_time(now)),
        What::Case(_) => false,
    });
    let mut shifts: Vec<_> = shown.collect();
    shifts.sort_by_key(|row| (row.duty.over(), row.duty.id));
    let day = |(date, start, end): &(Date, Timestamp, Timestamp)| {
        let (whole, holiday) = coverage.map_or((false, None), |coverage| coverage.calendar.holiday(*date));
        DayJson {
            date: date.to_string(),
            start: rfc3339(*start),
            end: rfc3339(*end),
            hours: end.since(*start).as_secs_f64() / 3600.0,
            holiday: holiday.map(Holiday::word),
            whole,
        }
    };
    let asked = coverage.map(|coverage| coverage.calendar.within(from, until)).unwrap_or_default();
    let holes = coverage.map(|coverage| door.roster.holes(coverage, from, until)).unwrap_or_default();
    let people = door.users.accounts().into_iter().filter(|account| plans(&caller) && !account.is_disabled);
    let reads = people.filter(|account| account.person.role.allows(Action::ReadStudies));
    std::future::ready(Ok(Json(RosterJson {
        coverage: row.as_ref().map(|row| CoverageJson::of(&door, row)),
        time_zone,
        now: rfc3339(now),
        days: all.iter().map(day).collect(),
        asked: asked.as_slice().iter().map(|(from, until)| (rfc3339(*from), rfc3339(*until))).collect(),
        holes: holes.iter().map(HoleJson::from).collect(),
        shifts: shifts.into_iter().filter_map(|row| ShiftJson::of(&door, &caller, row)).collect(),
        plans: plans(&caller),
        people: reads.map(|account| account.person.name).collect(),
    })))
    .await
}

/// For what somebody is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Whose study it is: name or key; default: this site.
    site: Option<String>,
    /// Separated by commas; not said: not known yet.
    modalities: Option<String>,
    /// Body parts, separated by commas.
    regions: Option<String>,
    /// RFC 3339; default: now.
    at: Option<String>,
    /// Sites that refused it, separated by commas.
    refused: Option<String>,
}

fn list(text: Option<&str>) -> Vec<String> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words.take(64).map(str::to_owned).collect()
}

/// Who is asked for a study, in order: own site, group, department, region, company; with the reason of each that is not.
#[utoipa::path(get, path = "/api/rosters/who", operation_id = "who_is_asked", params(Asked),
    responses((status = 200, body = Vec<RungJson>), (status = 404, body = ErrorBody)))]
pub(super) async fn who(
    State(door): State<Door>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<RungJson>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let refused = list(asked.refused.as_deref());
    let away = door.trust.peers().into_iter().filter(|peer| peer.revoked.is_none()).map(|peer| peer.site);
    let away = away.filter(|site| door.overlay.as_ref().is_some_and(|overlay| !overlay.contact(site).connected));
    let question = Question {
        site: asked.site.as_deref().map(|text| site_of(&door, text)).transpose()?,
        modalities: list(asked.modalities.as_deref()),
        regions: list(asked.regions.as_deref()),
        at: asked.at.as_deref().map(|text| moment(Some(text))).transpose()?,
        refused: refused.iter().map(|text| site_of(&door, text)).collect::<Result<_, _>>()?,
        refused_by: Vec::new(),
        unreached: away.collect(),
    };
    let shifts = door.roster.shifts();
    let rungs = door.roster.who(&question).into_iter().map(|rung| RungJson::of(&door, rung, &shifts)).collect();
    std::future::ready(Ok(Json(rungs))).await
}

/// Of which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePeriod {
    /// The first day; default: today.
    from: Option<String>,
    /// How many; default and at most 366.
    days: Option<u16>,
}

/// This site's shifts of a coverage as iCalendar (RFC 5545).
#[utoipa::path(get, path = "/api/rosters/{id}/calendar", operation_id = "export_roster",
    params(("id" = String, Path), FilePeriod),
    responses((status = 200, content_type = "text/calendar"), (status = 404, body = ErrorBody)))]
pub(super) async fn export(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Query(period): Query<FilePeriod>,
) -> Result<Response, ApiError> {
    caller.may(Action::ListStudies)?;
    let coverage = in_force(&door, &id).map_err(|_| ApiError::NotFound)?.coverage;
    let zone = zone(&coverage.calendar.week.time_zone).ok_or(ApiError::NotFound)?;
    let count = period.days.unwrap_or(FILE_DAYS_MAX).clamp(1, FILE_DAYS_MAX);
    let all = days(first_day(period.from.as_deref(), &zone)?, count, &zone)?;
    let from = all.first().map_or(Timestamp(0), |(_, start, _)| *start);
    let until = all.last().map_or(from, |(_, _, end)| *end);
    let file = door.roster.file(&coverage, from, until);
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"roster.ics\""),
    ];
    std::future::ready(Ok((headers, file).into_response())).await
}

/// Whether it is only looked at.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Trial {
    /// Say what would become of the file, and change nothing; default: false.
    trial: Option<bool>,
}

/// An event of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedJson {
    /// Where it begins.
    line: usize,
    person: String,
    start: String,
    end: String,
    presence: &'static str,
    rank: u8,
    confirmed: bool,
    /// `new`, `moved`, `same`, `past`, `cancelled`; with one that is `unknown` (no such person here) or a `clash` (there
    /// twice, or taken already) nothing is changed.
    fate: &'static str,
}

impl From<Imported> for ImportedJson {
    fn from(row: Imported) -> Self {
        let Imported { event, fate } = row;
        Self {
            line: event.line,
            person: event.person,
            start: rfc3339(event.start),
            end: rfc3339(event.end),
            presence: event.presence.word(),
            rank: event.rank,
            confirmed: event.confirmed,
            fate: fate.word(),
        }
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportJson {
    /// Whether the roster was changed.
    done: bool,
    events: Vec<ImportedJson>,
}

/// Reads an iCalendar file (RFC 5545), at most 256 KiB, into this site's shifts of a coverage.
#[utoipa::path(post, path = "/api/rosters/{id}/calendar", operation_id = "import_roster",
    params(("id" = String, Path), Trial), request_body(content = String, content_type = "text/calendar"),
    responses((status = 200, body = ImportJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn import(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Query(asked): Query<Trial>,
    body: Bytes,
) -> Result<Json<ImportJson>, ApiError> {
    caller.may(Action::Administer)?;
    let is_trial = asked.trial.unwrap_or(false);
    let id = id.parse().map_err(|_| ApiError::NotFound)?;
    let events = door.roster.import(&caller.0, &id, &body, is_trial).await?;
    let done = !is_trial && !events.iter().any(|row| matches!(row.fate, Fate::Unknown | Fate::Clash));
    Ok(Json(ImportJson { done, events: events.into_iter().map(ImportedJson::from).collect() }))
}
