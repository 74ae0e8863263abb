//! Figures of the reading room, for whoever answers for it: by site and night as JSON, case by case as CSV. No patient is in them.
//!
//! # Not here
//! Counting: `cases`.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    cases::{Delay, Statistics, Together, kind_word, night_of, priority_word, skip_word, stage_word},
    tasks,
    trust::Action,
};
use axum::{
    Json,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use protocol::SiteId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Nights in one answer at most.
const NIGHTS_MAX: i32 = 400;
/// Nights when no beginning is said.
const NIGHTS_USUAL: i64 = 30;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Nights {
    /// First night, `YYYY-MM-DD`; none: thirty nights back.
    from: Option<String>,
    /// Last night; none: the one of now.
    to: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DelaysJson {
    count: usize,
    in_time: usize,
    median_s: u64,
    longest_s: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupJson {
    night: String,
    requester: String,
    requester_name: String,
    reader: Option<String>,
    reader_name: Option<String>,
    cases: usize,
    /// From P0.
    by_priority: [usize; 4],
    cancelled: usize,
    unserved: usize,
    refused: usize,
    answer: DelaysJson,
    preliminary: DelaysJson,
    #[serde(rename = "final")]
    last: DelaysJson,
    heard: DelaysJson,
    /// From two reports that may differ to somebody who compared them.
    compared: DelaysJson,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReasonJson {
    text: String,
    count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatisticsJson {
    from: String,
    to: String,
    cases: usize,
    groups: Vec<GroupJson>,
    refusals: Vec<ReasonJson>,
    /// Words of reasons for which a site was passed over.
    skips: Vec<ReasonJson>,
    justifications: Vec<ReasonJson>,
    /// Why requests ended unread: withdrawn, or taken by nobody.
    unread: Vec<ReasonJson>,
}

fn range(asked: &Nights, zone: &TimeZone) -> Result<(Date, Date), ApiError> {
    let day = |text: &Option<String>, what| {
        let parsed = text.as_ref().filter(|text| !text.is_empty()).map(|text| text.parse::<Date>());
        parsed.transpose().map_err(|_| ApiError::Bad(what))
    };
    let to = day(&asked.to, "to is no day as 2026-01-31")?.unwrap_or_else(|| night_of(tasks::now(), zone));
    let from =
        day(&asked.from, "from is no day as 2026-01-31")?.unwrap_or_else(|| to.saturating_sub(NIGHTS_USUAL.days()));
    let nights = from.until(to).map_or(-1, |span| span.get_days());
    if (0..=NIGHTS_MAX).contains(&nights) {
        Ok((from, to))
    } else {
        Err(ApiError::Bad("more nights than are told at once"))
    }
}

async fn counted(door: &Door, caller: &Caller, asked: &Nights) -> Result<((Date, Date), Statistics), ApiError> {
    caller.may(Action::ReadLog)?;
    let zone = TimeZone::system();
    let range = range(asked, &zone)?;
    let note = format!("statistics of cases, {} to {}", range.0, range.1);
    door.audit.record(Event::new(Act::LogRead, caller.0.actor()).note(note)).await?;
    let (cases, settings, delays) = (door.cases.all(), door.cases.settings(), door.cases.delays());
    let counting = move || Statistics::of(cases.iter().map(Arc::as_ref), (&settings, &delays), &zone, range);
    let counted = door.tasks.spawn_blocking("statistics of cases", counting).await;
    Ok((range, counted.map_err(|_| ApiError::NotRunning)?))
}

#[utoipa::path(get, path = "/api/cases/statistics", operation_id = "case_statistics", params(Nights),
    responses((status = 200, body = StatisticsJson), (status = 400, body = ErrorBody)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    Query(nights): Query<Nights>,
) -> Result<Json<StatisticsJson>, ApiError> {
    let ((from, to), found) = counted(&door, &caller, &nights).await?;
    let delays = |delays: &Together| DelaysJson {
        count: delays.count,
        in_time: delays.in_time,
        median_s: delays.median.as_secs(),
        longest_s: delays.longest.as_secs(),
    };
    let reason = |(text, count): (String, usize)| ReasonJson { text, count };
    let groups = found.groups.iter().map(|group| GroupJson {
        night: group.night.to_string(),
        requester: group.requester.to_string(),
        requester_name: name(&door, &group.requester),
        reader: group.reader.map(|site| site.to_string()),
        reader_name: group.reader.map(|site| name(&door, &site)),
        cases: group.cases,
        by_priority: group.by_priority,
        cancelled: group.cancelled,
        unserved: group.unserved,
        refused: group.refused,
        answer: delays(&group.answer),
        preliminary: delays(&group.preliminary),
        last: delays(&group.last),
        heard: delays(&group.heard),
        compared: delays(&group.compared),
    });
    Ok(Json(StatisticsJson {
        from: from.to_string(),
        to: to.to_string(),
        cases: found.lines.len(),
        groups: groups.collect(),
        refusals: found.refusals.into_iter().map(reason).collect(),
        skips: found.skips.into_iter().map(|(why, count)| reason((skip_word(why).to_owned(), count))).collect(),
        justifications: found.justifications.into_iter().map(reason).collect(),
        unread: found.unread.into_iter().map(reason).collect(),
    }))
}

fn name(door: &Door, site: &SiteId) -> String {
    if *site == door.identity.site() {
        return door.config.site.name.clone();
    }
    door.trust.peer(site).map_or_else(|| site.short(), |peer| peer.name)
}

const HEAD: &str = "night,requested,case,requester,reader,kind,priority,modality,region,stage,answer_s,answer_within_s,\
    preliminary_s,preliminary_within_s,final_s,final_within_s,heard_s,heard_within_s,compared_s,compared_within_s,\
    refusals,skipped,justification,unread\r\n";

#[utoipa::path(get, path = "/api/cases/statistics.csv", operation_id = "case_statistics_csv", params(Nights),
    responses((status = 200, content_type = "text/csv"), (status = 400, body = ErrorBody)))]
pub(super) async fn csv(
    State(door): State<Door>,
    caller: Caller,
    Query(nights): Query<Nights>,
) -> Result<Response, ApiError> {
    let ((from, to), found) = counted(&door, &caller, &nights).await?;
    let mut text = HEAD.to_owned();
    for line in &found.lines {
        let delay = |delay: &Option<Delay>| {
            let both = delay.map(|delay| [delay.took.as_secs().to_string(), delay.within.as_secs().to_string()]);
            both.unwrap_or_default()
        };
        let words = |words: Vec<String>| words.join("; ");
        let mut fields = vec![
            line.night.to_string(),
            json::rfc3339(line.requested),
            line.case.to_string(),
            name(&door, &line.requester),
            line.reader.map(|site| name(&door, &site)).unwrap_or_default(),
            kind_word(line.kind).to_owned(),
            priority_word(line.priority).to_owned(),
            line.modality.clone(),
            line.region.clone(),
            stage_word(line.stage).to_owned(),
        ];
        for of in [&line.answer, &line.preliminary, &line.last, &line.heard, &line.compared] {
            fields.extend(delay(of));
        }
        fields.push(words(line.refusals.clone()));
        fields.push(words(line.skips.iter().map(|why| skip_word(*why).to_owned()).collect()));
        fields.push(line.justification.clone());
        fields.push(line.unread.clone().unwrap_or_default());
        text.push_str(&fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    let file = format!("attachment; filename=\"cases-{from}-{to}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, text).into_response())
}

/// A field of RFC 4180. What a spreadsheet would take for a formula is made plain text.
fn quoted(field: &str) -> String {
    let field = field.replace(['\r', '\n'], " ");
    let plain = if field.starts_with(['=', '+', '-', '@', '\t']) { format!("'{field}") } else { field };
    if plain.contains([',', '"', ';']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_field_breaks_a_line_or_becomes_a_formula() {
        assert_eq!(quoted("a,\"b\"\nc"), "\"a,\"\"b\"\" c\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("pas de radiologue"), "pas de radiologue");
    }
}
