//! Rules on arrival and on peers' studies: written, tried out, and what waits for AEs because of them.
//!
//! # Not here
//! What waits for peers, or from them: [`super::rules_with_peers`].

use super::{
    Door,
    error::{ApiError, ErrorBody},
    fault::FaultJson,
    json::rfc3339,
    labels, rules_with_peers,
    signin::Caller,
};
use crate::{
    archive::{Actions, ArchiveError, Conditions, Fetch, Rule, RuleRecord, StudyQuery, StudyRow, Trigger},
    rules::{self, RouteView, Seen, Waits},
    sources::DayHours,
    trust::Action,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use protocol::{AeTitle, SiteId, Uid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The routes of rules and labels.
pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/rules", get(list).post(add))
        .route("/rules/test", post(test))
        .route("/rules/peers", get(rules_with_peers::list))
        .route("/rules/peers/retry", post(rules_with_peers::retry))
        .route("/rules/peers/drop", post(rules_with_peers::drop_one))
        .route("/rules/{id}", post(change).delete(remove))
        .route("/studies/{study}/rules", get(of_study))
        .route("/routes", get(waiting))
        .route("/routes/retry", post(retry))
        .route("/routes/drop", post(drop_route))
        .route("/labels", get(labels::list))
        .route("/studies/{study}/labels", post(labels::set))
}

/// Studies that a rule is tried out on: as if not given, and at most.
const LAST: usize = 1000;
const LAST_MAX: usize = 20_000;
/// Of those it means, so many are named.
const NAMED_MAX: usize = 20;

/// Which studies a rule means. Patterns take `*` and `?`; case and accents do not count; of each list one must match.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConditionsJson {
    /// One series must match all that is asked of series: modality, station, its description, body part.
    modalities: Vec<String>,
    stations: Vec<String>,
    /// Institution Name (0008,0080), of the same series.
    institutions: Vec<String>,
    series_descriptions: Vec<String>,
    body_parts: Vec<String>,
    /// Study Description.
    descriptions: Vec<String>,
    /// Referring Physician's Name.
    referrers: Vec<String>,
    /// AE titles, or names of accounts and tokens, by which it came in.
    senders: Vec<String>,
    /// Years at the date of the study, inclusive.
    age_from: Option<u16>,
    age_to: Option<u16>,
    /// When it was complete, `19:00-06:00` by the node's clock.
    hours: Option<String>,
}

/// What a rule has done.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ActionsJson {
    /// AE titles to send to.
    routes: Vec<String>,
    labels: Vec<String>,
    /// Earlier studies of the patient to bring here; 0: none.
    priors: u8,
    /// Hours after which it goes to the cold tier, compressed; 0: at once; absent: not.
    cold_after_h: Option<u32>,
    /// Peers that are told that it is meant for them: keys, short keys or names.
    offers: Vec<String>,
    /// How a peer's study is fetched; only of rules on peers' studies.
    fetch: Option<FetchJson>,
}

/// How a peer's study is fetched.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FetchJson {
    /// Only at these hours, `19:00-06:00` by the node's clock.
    hours: Option<String>,
    /// Megabytes a second at most.
    mb_s: Option<u32>,
}

/// A rule on what peers tell of, rather than on what arrives here.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CardsJson {
    /// Of these peers: keys, short keys or names; empty: of any.
    peers: Vec<String>,
    /// Only what the peer offers to us.
    offered: bool,
}

/// A rule as an admin gives it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleJson {
    name: String,
    /// As if not given: on.
    #[serde(default = "on")]
    on: bool,
    /// Absent: it is on arrivals.
    #[serde(default)]
    cards: Option<CardsJson>,
    #[serde(default)]
    conditions: ConditionsJson,
    #[serde(default)]
    actions: ActionsJson,
}

const fn on() -> bool {
    true
}

/// A rule that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptRule {
    id: u64,
    version: u32,
    /// It means studies of which something came in since.
    since: String,
    person: String,
    #[serde(flatten)]
    rule: RuleJson,
}

/// The same members in the API and in the archive.
macro_rules! alike {
    ($json:ident, $kept:ident { $($member:ident),+ }) => {
        impl From<$json> for $kept {
            fn from(given: $json) -> Self {
                Self { $($member: given.$member),+ }
            }
        }
        impl From<$kept> for $json {
            fn from(kept: $kept) -> Self {
                Self { $($member: kept.$member),+ }
            }
        }
    };
}
alike!(
    ConditionsJson,
    Conditions {
        modalities,
        stations,
        institutions,
        series_descriptions,
        body_parts,
        descriptions,
        referrers,
        senders,
        age_from,
        age_to,
        hours
    }
);
alike!(FetchJson, Fetch { hours, mb_s });

fn are_hours(hours: Option<&str>) -> Result<(), ApiError> {
    match hours.map(str::parse::<DayHours>) {
        Some(Err(())) => Err(ApiError::Bad("hours are HH:MM-HH:MM")),
        _ => Ok(()),
    }
}

fn peers(door: &Door, named: &[String]) -> Result<Vec<SiteId>, ApiError> {
    let find = |name: &String| door.trust.find_peer(name).map(|peer| peer.site);
    named.iter().map(find).collect::<Option<_>>().ok_or(ApiError::Bad("a rule names paired sites"))
}

impl RuleJson {
    fn rule(self, door: &Door) -> Result<Rule, ApiError> {
        let Self { name, on: is_on, cards, conditions, actions: a } = self;
        are_hours(conditions.hours.as_deref())?;
        are_hours(a.fetch.as_ref().and_then(|fetch| fetch.hours.as_deref()))?;
        let mut routes = Vec::with_capacity(a.routes.len());
        for text in &a.routes {
            let title = title(text)?;
            if !door.users.ae(&title).is_some_and(|ae| ae.rights.destination) {
                return Err(ApiError::Bad("a rule routes to known AEs to which studies may be moved"));
            }
            routes.push(title);
        }
        let trigger = match &cards {
            None => Trigger::Arrival,
            Some(cards) => Trigger::Card { peers: peers(door, &cards.peers)?, is_offered: cards.offered },
        };
        let fetch = a.fetch.or_else(|| cards.map(|_| FetchJson::default())).map(Fetch::from);
        let (offers, labels) = (peers(door, &a.offers)?, a.labels);
        let actions = Actions { routes, labels, priors: a.priors, cold_after_h: a.cold_after_h, offers, fetch };
        Ok(Rule { name, is_on, trigger, conditions: conditions.into(), actions })
    }

    fn of(rule: &Rule) -> Self {
        let a = rule.actions.clone();
        let keys = |peers: &[SiteId]| peers.iter().map(ToString::to_string).collect();
        let cards = match &rule.trigger {
            Trigger::Arrival => None,
            Trigger::Card { peers, is_offered } => Some(CardsJson { peers: keys(peers), offered: *is_offered }),
        };
        let actions = ActionsJson {
            routes: a.routes.iter().map(ToString::to_string).collect(),
            labels: a.labels,
            priors: a.priors,
            cold_after_h: a.cold_after_h,
            offers: keys(&a.offers),
            fetch: a.fetch.map(FetchJson::from),
        };
        Self { name: rule.name.clone(), on: rule.is_on, cards, conditions: rule.conditions.clone().into(), actions }
    }
}

fn kept(record: &RuleRecord) -> Option<KeptRule> {
    let rule = RuleJson::of(record.rule.as_ref()?);
    let (id, version, since, person) = (record.id, record.version, rfc3339(record.at), record.person.clone());
    Some(KeptRule { id, version, since, person, rule })
}

#[utoipa::path(get, path = "/api/rules", responses((status = 200, body = Vec<KeptRule>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<KeptRule>>, ApiError> {
    caller.may(Action::Administer)?;
    let rules = door.archive.rules()?;
    std::future::ready(Ok(Json(rules.iter().filter_map(kept).collect()))).await
}

/// Adds a rule, or changes one.
async fn set(door: &Door, caller: &Caller, id: Option<u64>, rule: RuleJson) -> Result<Json<KeptRule>, ApiError> {
    caller.may(Action::Administer)?;
    let record = door.archive.set_rule(id, rule.rule(door)?, caller.0.actor()).await?;
    kept(&record).map(Json).ok_or(ApiError::NotFound)
}

#[utoipa::path(post, path = "/api/rules", request_body = RuleJson,
    responses((status = 200, body = KeptRule), (status = 400, body = ErrorBody)))]
pub(super) async fn add(
    State(door): State<Door>,
    caller: Caller,
    Json(rule): Json<RuleJson>,
) -> Result<Json<KeptRule>, ApiError> {
    set(&door, &caller, None, rule).await
}

#[utoipa::path(post, path = "/api/rules/{id}", params(("id" = u64, Path)), request_body = RuleJson,
    responses((status = 200, body = KeptRule), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn change(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
    Json(rule): Json<RuleJson>,
) -> Result<Json<KeptRule>, ApiError> {
    set(&door, &caller, Some(id), rule).await
}

#[utoipa::path(delete, path = "/api/rules/{id}", params(("id" = u64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn remove(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.archive.remove_rule(id, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A rule to try out.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TryOut {
    rule: RuleJson,
    /// On how many of the studies held here, the newest first; as if not given: 1000.
    last: Option<usize>,
}

/// What a rule would have meant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriedOut {
    looked_at: usize,
    matched: usize,
    /// The first of those it means.
    studies: Vec<Meant>,
}

/// A study that a rule means.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Meant {
    study: String,
    patient_name: Option<String>,
    /// `YYYYMMDD`.
    date: Option<String>,
    description: Option<String>,
    modalities: Vec<String>,
}

impl From<StudyRow> for Meant {
    fn from(row: StudyRow) -> Self {
        Self {
            study: row.study.to_string(),
            patient_name: row.patient.name,
            date: row.date,
            description: row.description,
            modalities: row.modalities,
        }
    }
}

#[utoipa::path(post, path = "/api/rules/test", request_body = TryOut,
    responses((status = 200, body = TriedOut), (status = 400, body = ErrorBody)))]
pub(super) async fn test(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<TryOut>,
) -> Result<Json<TriedOut>, ApiError> {
    caller.may(Action::Administer)?;
    let rule = asked.rule.rule(&door)?;
    let last = asked.last.unwrap_or(LAST).min(LAST_MAX);
    if rule.trigger != Trigger::Arrival {
        let rules = door.rules()?.clone();
        let trying = door.tasks.spawn_blocking("rule tried out", move || rules.try_on_cards(&rule, last));
        let (looked_at, meant) = trying.await.map_err(std::io::Error::other).map_err(ArchiveError::from)??;
        let studies = meant.iter().take(NAMED_MAX).cloned().map(Meant::from).collect();
        return Ok(Json(TriedOut { looked_at, matched: meant.len(), studies }));
    }
    let conditions = rule.conditions;
    let (archive, sources) = (door.archive.clone(), door.sources.clone());
    let trying = door.tasks.spawn_blocking("rule tried out", move || {
        let rows = archive.studies(&StudyQuery::default(), 0, last)?;
        let mut tried = TriedOut { looked_at: rows.len(), matched: 0, studies: Vec::new() };
        for row in rows {
            let seen = Seen::at(&archive, &sources, row)?;
            if !rules::matches(&conditions, &seen) {
                continue;
            }
            tried.matched += 1;
            if tried.studies.len() < NAMED_MAX {
                tried.studies.push(seen.row.into());
            }
        }
        Ok::<_, ApiError>(tried)
    });
    Ok(Json(trying.await.map_err(std::io::Error::other).map_err(ArchiveError::from)??))
}

/// One rule held against a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Judged {
    id: u64,
    name: String,
    on: bool,
    /// All that it asks holds.
    matches: bool,
    /// It fired for this study, as it is now.
    fired: bool,
    checks: Vec<CheckJson>,
}

/// One condition held against a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckJson {
    condition: &'static str,
    wanted: String,
    found: String,
    holds: bool,
}

/// Where a study was sent, or is to go.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sent {
    to: String,
    sent: u32,
    dropped: u32,
    /// Nothing more waits.
    done: bool,
    /// When something of it was dealt with last.
    at: String,
}

/// What rules mean to a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StudyRules {
    rules: Vec<Judged>,
    routes: Vec<Sent>,
}

pub(super) fn uid(text: &str) -> Result<Uid, ApiError> {
    Uid::parse(text).map_err(|_| ApiError::Bad("not a Study Instance UID"))
}

#[utoipa::path(get, path = "/api/studies/{study}/rules", params(("study" = String, Path)),
    responses((status = 200, body = StudyRules), (status = 404, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<StudyRules>, ApiError> {
    caller.may(Action::Administer)?;
    let study = uid(&study)?;
    let seen = Seen::of(&door.archive, &door.sources, &study)?.ok_or(ApiError::NotFound)?;
    let fired = door.archive.fired(&study)?;
    let all = door.archive.rules()?;
    let judged = all.iter().filter_map(|record| {
        let rule = record.rule.as_ref().filter(|rule| rule.trigger == Trigger::Arrival)?;
        let checks = rules::checks(&rule.conditions, &seen);
        let fired = fired.contains(&(record.id, record.version));
        let matches = checks.iter().all(|check| check.holds);
        let checks = checks.into_iter().map(|check| {
            let rules::Check { condition, wanted, found, holds } = check;
            CheckJson { condition, wanted, found, holds }
        });
        let (name, on, checks) = (rule.name.clone(), rule.is_on, checks.collect());
        Some(Judged { id: record.id, name, on, matches, fired, checks })
    });
    let judged = judged.collect();
    let routes = door.archive.routes_of(&study)?.into_iter().map(|(to, row)| Sent {
        to: to.to_string(),
        sent: row.sent,
        dropped: row.dropped,
        done: !row.is_open,
        at: rfc3339(row.at),
    });
    let routes = routes.collect();
    std::future::ready(Ok(Json(StudyRules { rules: judged, routes }))).await
}

/// A study that waits for an AE.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Route {
    study: String,
    patient_name: Option<String>,
    date: Option<String>,
    description: Option<String>,
    /// AE title.
    to: String,
    /// Number of the rule that asked last.
    rule: u64,
    since: String,
    sent: u32,
    dropped: u32,
    /// Instances of the study now.
    instances: u32,
    /// `waiting`, `sending` or `failing`.
    state: &'static str,
    attempts: u32,
    /// What was wrong last.
    error: Option<FaultJson>,
    /// When it is tried again; `null`: now.
    again: Option<String>,
}

#[utoipa::path(get, path = "/api/routes", responses((status = 200, body = Vec<Route>), (status = 503, body = ErrorBody)))]
pub(super) async fn waiting(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<Route>>, ApiError> {
    caller.may(Action::Administer)?;
    let mut routes = Vec::new();
    for view in door.rules()?.routes()? {
        let RouteView { study, to, row, instances, waits } = view;
        let Waits { state, attempts, error, again } = waits;
        let held = door.archive.study(&study)?;
        let (patient_name, date, description) =
            held.map_or((None, None, None), |held| (held.patient.name, held.date, held.description));
        routes.push(Route {
            study: study.to_string(),
            patient_name,
            date,
            description,
            to: to.to_string(),
            rule: row.rule,
            since: rfc3339(row.since),
            sent: row.sent,
            dropped: row.dropped,
            instances,
            state,
            attempts,
            error: error.map(FaultJson::from),
            again: again.map(rfc3339),
        });
    }
    std::future::ready(Ok(Json(routes))).await
}

/// What is to be tried now: one study, or all that waits for an AE.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Retry {
    to: String,
    study: Option<String>,
}

#[utoipa::path(post, path = "/api/routes/retry", request_body = Retry,
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn retry(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<Retry>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let study = asked.study.as_deref().map(uid).transpose()?;
    door.rules()?.retry(&title(&asked.to)?, study.as_ref())?;
    std::future::ready(Ok(StatusCode::NO_CONTENT)).await
}

/// What is not to be sent after all.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DropRoute {
    to: String,
    study: String,
}

#[utoipa::path(post, path = "/api/routes/drop", request_body = DropRoute,
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn drop_route(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<DropRoute>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.rules()?.drop_route(&uid(&asked.study)?, &title(&asked.to)?, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn title(text: &str) -> Result<AeTitle, ApiError> {
    AeTitle::parse(text).map_err(|_| ApiError::Bad("an AE title has 1 to 16 characters"))
}
