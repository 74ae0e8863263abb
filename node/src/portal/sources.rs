//! The PACS beside this node, and taking over their studies in bulk.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    fault::FaultJson,
    json::rfc3339,
    signin::Caller,
};
use crate::{
    archive::StudyRow,
    audit::{Act, Event},
    sources::{
        Access, Answer, DimseAccess, Limits, MigrationState, MigrationView, NewMigration, Outcome, Purposes,
        RetrieveBy, Secret, Source, WebAccess,
    },
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use dicom_core::{Tag, dictionary::DataDictionary, dictionary::DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;
use protocol::AeTitle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Rows of one answer of `find`.
const FOUND_MAX: usize = 1000;

/// A source as an admin gives it. Of `host`… and `url` one is given.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewSource {
    name: String,
    /// AE title of a source by DIMSE.
    title: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    /// `get` (as if not given) or `move`.
    retrieve: Option<String>,
    #[serde(default)]
    tls: bool,
    /// SHA-256 of the one certificate it shows.
    certificate: Option<String>,
    /// Base URL of a source by DICOMweb.
    url: Option<String>,
    /// PEM file, on the node's machine, of authorities believed besides the system's.
    ca: Option<String>,
    /// Bearer token; kept, never shown.
    token: Option<String>,
    /// Name and password, as in `name:password`; kept, never shown.
    basic: Option<String>,
    /// Issuer of Patient IDs in which it names none; as if not given: this site's name.
    issuer: Option<String>,
    /// Of `list`, `peers`, `priors`, `migrate`, `reject` (its rejection notes are obeyed); as if not given: `list`, `priors`, `migrate`.
    purposes: Option<Vec<String>>,
    /// Studies retrieved at once, 1 to 8; as if not given: 2.
    concurrent: Option<u8>,
    /// Megabytes a second in bulk; as if not given, and 0: as fast as it goes.
    #[serde(default)]
    mb_per_s: u32,
    /// Days back that are listed; as if not given: 3650.
    days: Option<u32>,
    /// Priors retrieved before anybody asks.
    #[serde(default)]
    prefetch: u8,
    /// When it may be read in bulk, `19:00-06:00`.
    hours: Option<String>,
}

/// A source.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceJson {
    name: String,
    /// `dimse` or `dicomweb`.
    kind: &'static str,
    /// AE title, host and port, or the URL.
    at: String,
    /// `get`, `move` or `wado`.
    retrieve: &'static str,
    tls: bool,
    has_credentials: bool,
    issuer: String,
    purposes: Vec<&'static str>,
    concurrent: u8,
    mb_per_s: u32,
    days: u32,
    prefetch: u8,
    hours: Option<String>,
    /// Studies of it that are listed.
    listed: usize,
    /// When it last answered.
    answered: Option<String>,
    /// What went wrong since.
    fault: Option<FaultJson>,
}

const PURPOSES: [&str; 5] = ["list", "peers", "priors", "migrate", "reject"];

impl NewSource {
    fn source(&self, site_name: &str) -> Result<Source, ApiError> {
        let access = match (&self.url, &self.title, &self.host, self.port) {
            (Some(url), None, None, None) => {
                Access::Dicomweb(WebAccess { url: url.trim_end_matches('/').to_owned(), ca: self.ca.clone() })
            }
            (None, Some(title), Some(host), Some(port)) => Access::Dimse(DimseAccess {
                title: AeTitle::parse(title).map_err(|_| ApiError::Bad("not an AE title"))?,
                host: host.clone(),
                port,
                by: match self.retrieve.as_deref() {
                    None | Some("get") => RetrieveBy::Get,
                    Some("move") => RetrieveBy::Move,
                    Some(_) => return Err(ApiError::Bad("studies are retrieved by get or move")),
                },
                tls: self.tls,
                certificate: match &self.certificate {
                    Some(text) => Some(text.parse().map_err(|()| ApiError::Bad("not a SHA-256 fingerprint"))?),
                    None => None,
                },
            }),
            _ => return Err(ApiError::Bad("a source has an AE title, host and port, or a URL")),
        };
        let named = |word: &str| match &self.purposes {
            Some(purposes) => purposes.iter().any(|purpose| purpose == word),
            None => !matches!(word, "peers" | "reject"),
        };
        if self.purposes.iter().flatten().any(|purpose| !PURPOSES.contains(&purpose.as_str())) {
            return Err(ApiError::Bad("purposes are list, peers, priors, migrate and reject"));
        }
        Ok(Source {
            name: self.name.clone(),
            access,
            issuer: self.issuer.clone().unwrap_or_else(|| site_name.to_owned()),
            purposes: Purposes {
                list: named("list"),
                peers: named("peers"),
                priors: named("priors"),
                migrate: named("migrate"),
                reject: named("reject"),
            },
            limits: Limits {
                concurrent: self.concurrent.unwrap_or(2),
                mb_per_s: self.mb_per_s,
                days: self.days.unwrap_or(3650),
                prefetch: self.prefetch,
            },
            hours: self.hours.clone(),
        })
    }

    fn secret(&self) -> Result<Option<Secret>, ApiError> {
        let secret = match (&self.token, &self.basic) {
            (None, None) => return Ok(None),
            (Some(token), None) => Secret::bearer(token),
            (None, Some(pair)) => pair.split_once(':').and_then(|(name, password)| Secret::basic(name, password)),
            (Some(_), Some(_)) => None,
        };
        if self.url.is_none() {
            return Err(ApiError::Bad("credentials are for DICOMweb; DIMSE has certificates"));
        }
        secret.map(Some).ok_or(ApiError::Bad("credentials are a token, or a name and a password"))
    }
}

#[utoipa::path(get, path = "/api/sources", responses((status = 200, body = Vec<SourceJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<SourceJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let shown = door.sources.list().into_iter().map(|(source, health, has_credentials)| {
        let (kind, at, retrieve, tls) = match &source.access {
            Access::Dimse(to) => {
                let retrieve = if to.by == RetrieveBy::Get { "get" } else { "move" };
                ("dimse", format!("{}@{}:{}", to.title, to.host, to.port), retrieve, to.tls)
            }
            Access::Dicomweb(to) => ("dicomweb", to.url.clone(), "wado", to.url.starts_with("https:")),
        };
        let Purposes { list, peers, priors, migrate, reject } = source.purposes;
        let purposes = PURPOSES.into_iter().zip([list, peers, priors, migrate, reject]).filter(|(_, may)| *may);
        SourceJson {
            purposes: purposes.map(|(word, _)| word).collect(),
            name: source.name,
            kind,
            at,
            retrieve,
            tls,
            has_credentials,
            issuer: source.issuer,
            concurrent: source.limits.concurrent,
            mb_per_s: source.limits.mb_per_s,
            days: source.limits.days,
            prefetch: source.limits.prefetch,
            hours: source.hours,
            listed: health.listed,
            answered: health.answered.map(rfc3339),
            fault: health.fault.map(FaultJson::from),
        }
    });
    std::future::ready(Ok(Json(shown.collect()))).await
}

/// Adds a source, or changes the one of that name.
#[utoipa::path(post, path = "/api/sources", request_body = NewSource,
    responses((status = 204), (status = 400, body = ErrorBody)))]
pub(super) async fn set(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewSource>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let source = new.source(&door.config.site.name)?;
    door.sources.set(source, new.secret()?, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a source and its credentials; its migrations are cancelled.
#[utoipa::path(delete, path = "/api/sources/{name}", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn remove(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.sources.remove(&name, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A source that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tested {
    /// Studies of today that it lists.
    today: usize,
}

/// Asks a source whether it is there.
#[utoipa::path(post, path = "/api/sources/{name}/test", params(("name" = String, Path)),
    responses((status = 200, body = Tested), (status = 502, body = ErrorBody)))]
pub(super) async fn test(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Tested>, ApiError> {
    caller.may(Action::Administer)?;
    Ok(Json(Tested { today: door.sources.test(&name).await? }))
}

/// A study that a source has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundThere {
    study: String,
    patient_name: Option<String>,
    patient_id: Option<String>,
    issuer: Option<String>,
    date: Option<String>,
    modalities: Vec<String>,
    description: Option<String>,
    accession: Option<String>,
    instances: u32,
}

impl From<StudyRow> for FoundThere {
    fn from(row: StudyRow) -> Self {
        Self {
            study: row.study.to_string(),
            patient_name: row.patient.name,
            patient_id: row.patient.id,
            issuer: row.patient.issuer,
            date: row.date,
            modalities: row.modalities,
            description: row.description,
            accession: row.accession,
            instances: row.instances,
        }
    }
}

/// Asks a source for studies; the body holds conditions by keyword (`{"PatientID": "42"}`), at least one.
#[utoipa::path(post, path = "/api/sources/{name}/find", params(("name" = String, Path)),
    request_body = BTreeMap<String, String>,
    responses((status = 200, body = Vec<FoundThere>), (status = 502, body = ErrorBody)))]
pub(super) async fn find(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
    Json(keys): Json<BTreeMap<String, String>>,
) -> Result<Json<Vec<FoundThere>>, ApiError> {
    caller.may(Action::Administer)?;
    let mut asked = Answer::new();
    for (keyword, value) in keys {
        asked.insert(tag_of(&keyword).ok_or(ApiError::Bad("no such attribute"))?, value);
    }
    if asked.values().all(String::is_empty) {
        return Err(ApiError::Bad("at least one condition"));
    }
    let event = Event::new(Act::StudiesQueried, caller.0.actor()).note(format!("at source {name}"));
    door.audit.record(event).await?;
    let rows = door.sources.find(&name, &asked).await?;
    Ok(Json(rows.into_iter().take(FOUND_MAX).map(Into::into).collect()))
}

fn tag_of(keyword: &str) -> Option<Tag> {
    StandardDataDictionary.by_name(keyword).map(DataDictionaryEntry::tag)
}

/// What is to be taken over.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewMigrationJson {
    source: String,
    /// Study dates, inclusive, `YYYYMMDD`.
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    modalities: Vec<String>,
    /// Also what is here already, to compare its bytes.
    #[serde(default)]
    compare: bool,
    concurrent: Option<u8>,
    mb_per_s: Option<u32>,
    hours: Option<String>,
}

/// A migration and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MigrationJson {
    id: u64,
    source: String,
    from: Option<String>,
    to: Option<String>,
    modalities: Vec<String>,
    compare: bool,
    concurrent: u8,
    mb_per_s: u32,
    hours: Option<String>,
    begun: String,
    by: String,
    /// `running`, `paused`, `cancelled`, `done`.
    state: &'static str,
    changed: String,
    /// For what it waits: its hours, or a source that is away.
    waiting: Option<FaultJson>,
    /// Studies that the source listed; absent: it was not asked since this node started.
    found: Option<usize>,
    /// Studies of which all was asked for.
    studies: usize,
    /// Of those, the ones of which nothing lacks.
    complete: usize,
    /// Instances taken in.
    instances: u64,
    bytes: u64,
}

impl From<MigrationView> for MigrationJson {
    fn from(view: MigrationView) -> Self {
        let job = view.job;
        Self {
            id: job.id,
            source: job.source,
            from: job.from,
            to: job.to,
            modalities: job.modalities,
            compare: job.compare,
            concurrent: job.limits.concurrent,
            mb_per_s: job.limits.mb_per_s,
            hours: job.hours,
            begun: rfc3339(job.begun),
            by: job.person,
            state: view.state.word(),
            changed: rfc3339(view.changed),
            waiting: view.waiting.map(FaultJson::from),
            found: view.found,
            studies: view.studies,
            complete: view.complete,
            instances: view.instances,
            bytes: view.bytes,
        }
    }
}

#[utoipa::path(get, path = "/api/migrations", responses((status = 200, body = Vec<MigrationJson>)))]
pub(super) async fn migrations(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<MigrationJson>>, ApiError> {
    caller.may(Action::Administer)?;
    std::future::ready(Ok(Json(door.sources.migrations().into_iter().map(Into::into).collect()))).await
}

/// The number of a migration.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Begun {
    id: u64,
}

#[utoipa::path(post, path = "/api/migrations", request_body = NewMigrationJson,
    responses((status = 200, body = Begun), (status = 400, body = ErrorBody)))]
pub(super) async fn migrate(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<NewMigrationJson>,
) -> Result<Json<Begun>, ApiError> {
    caller.may(Action::Administer)?;
    let NewMigrationJson { source, from, to, modalities, compare, concurrent, mb_per_s, hours } = new;
    let asked = NewMigration { source, from, to, modalities, compare, concurrent, mb_per_s, hours };
    Ok(Json(Begun { id: door.sources.migrate(asked, caller.0.actor()).await? }))
}

async fn steer(door: &Door, caller: &Caller, id: u64, to: MigrationState) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.sources.steer(id, to, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/migrations/{id}/pause", params(("id" = u64, Path)),
    responses((status = 204), (status = 400, body = ErrorBody)))]
pub(super) async fn pause(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    steer(&door, &caller, id, MigrationState::Paused).await
}

/// Goes on with one that is paused; with one that is done, for what lacks.
#[utoipa::path(post, path = "/api/migrations/{id}/resume", params(("id" = u64, Path)),
    responses((status = 204), (status = 400, body = ErrorBody)))]
pub(super) async fn resume(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    steer(&door, &caller, id, MigrationState::Running).await
}

#[utoipa::path(post, path = "/api/migrations/{id}/cancel", params(("id" = u64, Path)),
    responses((status = 204), (status = 400, body = ErrorBody)))]
pub(super) async fn cancel(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, ApiError> {
    steer(&door, &caller, id, MigrationState::Cancelled).await
}

/// An instance that was not taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedJson {
    instance: String,
    reason: String,
}

/// What became of one study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutcomeJson {
    study: String,
    date: Option<String>,
    series: u32,
    /// Instances that the source lists.
    said: u32,
    /// Instances that its study says it has, where that is another number.
    announced: Option<u32>,
    /// Here before.
    had: u32,
    /// Taken in.
    got: u32,
    bytes: u64,
    missing: Vec<String>,
    refused: Vec<RefusedJson>,
    /// Other bytes are here under the same UID.
    conflicts: Vec<String>,
    patient_differs: bool,
    complete: bool,
    error: Option<String>,
}

impl From<Outcome> for OutcomeJson {
    fn from(outcome: Outcome) -> Self {
        let texts = |uids: &[protocol::Uid]| uids.iter().map(ToString::to_string).collect();
        let refused = outcome.refused.iter();
        Self {
            complete: outcome.is_complete(),
            missing: texts(&outcome.missing),
            conflicts: texts(&outcome.conflicts),
            refused: refused.map(|(uid, why)| RefusedJson { instance: uid.to_string(), reason: why.clone() }).collect(),
            study: outcome.study.to_string(),
            date: outcome.date,
            series: outcome.series,
            said: outcome.said,
            announced: outcome.announced,
            had: outcome.had,
            got: outcome.got,
            bytes: outcome.bytes,
            patient_differs: outcome.patient_differs,
            error: outcome.error,
        }
    }
}

/// A migration with what became of its studies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportJson {
    migration: MigrationJson,
    studies: Vec<OutcomeJson>,
}

#[utoipa::path(get, path = "/api/migrations/{id}/report", params(("id" = u64, Path)),
    responses((status = 200, body = ReportJson), (status = 404, body = ErrorBody)))]
pub(super) async fn report(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<ReportJson>, ApiError> {
    caller.may(Action::Administer)?;
    let report = door.sources.report(id)?;
    let studies = report.studies.into_iter().map(Into::into).collect();
    std::future::ready(Ok(Json(ReportJson { migration: report.view.into(), studies }))).await
}

#[utoipa::path(get, path = "/api/migrations/{id}/report.csv", params(("id" = u64, Path)),
    responses((status = 200, content_type = "text/csv"), (status = 404, body = ErrorBody)))]
pub(super) async fn report_csv(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<impl IntoResponse, ApiError> {
    caller.may(Action::Administer)?;
    let csv = door.sources.report(id)?.csv();
    let attached = format!("attachment; filename=\"migration-{id}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, attached)];
    std::future::ready(Ok((headers, csv))).await
}
