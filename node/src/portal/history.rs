//! One patient's studies everywhere, told line by line as they are found: ours and those told at once, each peer's answer
//! as it comes, with the peers that do not answer by name.
//!
//! Whom is meant stands in the body and never in the address, which proxies write down. Closing the answer ends the
//! questions.
//!
//! # Not here
//! What is found, and what is only alike: `studies`.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    local::{LINES_WAITING, ndjson},
    signin::Caller,
    worklist::uid,
};
use crate::{
    audit::{Act, Event},
    links,
    studies::{AheadFigures, HistoryLine, HistoryRow, Is, SiteState, Subject, trait_word},
    trust::Action,
};
use axum::{Json, extract::State, response::Response};
use protocol::{
    Uid,
    identity::{
        Identifier,
        ins::{Ins, is_national},
    },
    ids::Id128,
    manifest::Patient,
    priors::RELEVANT,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use utoipa::ToSchema;

/// Characters of an identifier, of who issued it.
const LINE_MAX: usize = 256;

/// Whose history: by a study, by a case, or by an identifier with who issued it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryOf {
    /// Study Instance UID.
    study: Option<String>,
    case: Option<String>,
    patient_id: Option<String>,
    issuer: Option<String>,
    /// Whether peers are asked now, beside what they told before.
    #[serde(default)]
    live: bool,
}

/// A site that has a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryHolder {
    /// `null`: we.
    site: Option<String>,
    site_name: String,
}

/// A study of the history.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryStudy {
    study: json::Study,
    holders: Vec<HistoryHolder>,
    /// `same` (an equal identifier), `linked` (a person confirmed it, or the strict rule) or `candidate` (it looks alike: to be compared, and not
    /// to be opened beside).
    is: &'static str,
    /// In what it does not look alike, or only nearly.
    differs: Vec<&'static str>,
    /// Its identifier and who issued it, to decide about it.
    identifier: Option<IdentifierJson>,
    link: Option<String>,
    /// `candidate`, `confirmed`, `rejected` or `revoked`.
    link_state: Option<&'static str>,
    /// How much it helps to read the study that the history is asked for, 0 to 100.
    relevance: u8,
    /// It helps enough to be brought before anybody asks.
    relevant: bool,
}

/// A Patient ID with who issued it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentifierJson {
    pub(super) issuer: String,
    pub(super) id: String,
}

impl From<Identifier> for IdentifierJson {
    fn from(of: Identifier) -> Self {
        Self { issuer: of.issuer, id: of.id }
    }
}

impl HistoryStudy {
    fn of(row: HistoryRow) -> Self {
        let (is, differs, link, state) = match row.is {
            Is::Same => ("same", Vec::new(), None, None),
            Is::Linked(link) => {
                ("linked", Vec::new(), Some(link), Some(links::word(protocol::identity::LinkState::Confirmed)))
            }
            // Not asserted, for want of a disk perhaps: to be compared as any other.
            Is::Strict(_) => ("candidate", Vec::new(), None, None),
            Is::Candidate { differs, link, state } => ("candidate", differs, link, state.map(links::word)),
            Is::Other => ("other", Vec::new(), None, None),
        };
        let holder = |(site, site_name): (Option<protocol::SiteId>, String)| HistoryHolder {
            site: site.map(|site| site.to_string()),
            site_name,
        };
        Self {
            study: json::Study::from(row.found),
            holders: row.holders.into_iter().map(holder).collect(),
            is,
            differs: differs.into_iter().map(trait_word).collect(),
            identifier: row.identifier.map(Into::into),
            link: link.map(|link| link.to_string()),
            link_state: state,
            relevance: row.relevance,
            relevant: row.relevance >= RELEVANT,
        }
    }
}

/// Whom the request means, the studies that are being read, and what it is written down as.
fn meant(door: &Door, asked: &HistoryOf) -> Result<(Subject, Vec<Uid>), ApiError> {
    let studies = door.studies()?;
    match (&asked.study, &asked.case, &asked.patient_id, &asked.issuer) {
        (Some(study), None, None, None) => {
            let study = uid(study)?;
            Ok((studies.subject(&study)?, vec![study]))
        }
        (None, Some(case), None, None) => {
            let case: Id128 = case.parse().map_err(|_| ApiError::Bad("not a case"))?;
            let whole = door.cases.case(&case).ok_or(ApiError::NotFound)?;
            Ok((door.desk()?.subject_of(&whole), whole.state.ask.studies.clone()))
        }
        (None, None, Some(id), Some(issuer)) => {
            let line = |text: &str| {
                let is_long = text.chars().count() > LINE_MAX || text.chars().any(protocol::limits::is_hidden);
                !text.trim().is_empty() && !is_long
            };
            if !line(id) || !line(issuer) {
                return Err(ApiError::Bad("an identifier, and who issued it"));
            }
            if is_national(issuer).is_some() && Ins::parse(id).is_none() {
                return Err(ApiError::Bad("an INS has 15 characters, the last two of which are its key"));
            }
            let patient = Patient {
                id: Some(id.trim().to_owned()),
                issuer: Some(issuer.trim().to_owned()),
                ..Patient::default()
            };
            Ok((studies.subject_of(&patient, Vec::new(), None), Vec::new()))
        }
        _ => Err(ApiError::Bad("a study, a case, or patient_id with issuer")),
    }
}

fn state_word(state: SiteState) -> (&'static str, Option<&'static str>) {
    match state {
        SiteState::Answered => ("answered", None),
        SiteState::Refused(refusal) => ("refused", Some(refusal.code())),
        SiteState::Away => ("away", None),
        SiteState::Unknown => ("unknown", None),
    }
}

fn line(of: HistoryLine, current: &[Uid], ahead: AheadFigures) -> Value {
    match of {
        HistoryLine::Asking(sites) => {
            let site =
                |(site, name): (protocol::SiteId, String)| json!({ "site": site.to_string(), "site_name": name });
            json!({ "line": "asking", "sites": sites.into_iter().map(site).collect::<Vec<_>>() })
        }
        HistoryLine::Study(row) => {
            let is_current = current.contains(&row.found.row.study);
            json!({ "line": "study", "current": is_current, "row": HistoryStudy::of(*row) })
        }
        HistoryLine::Site { site, name, state, studies, after_ms } => {
            let (state, reason) = state_word(state);
            json!({ "line": "site", "site": site.map(|site| site.to_string()), "site_name": name, "state": state,
                "reason": reason, "studies": studies, "after_ms": after_ms })
        }
        HistoryLine::End { more } => {
            let AheadFigures { studies, bytes, opened, opened_bytes } = ahead;
            let ahead = json!({ "studies": studies, "bytes": bytes, "opened": opened, "opened_bytes": opened_bytes });
            json!({ "line": "end", "more": more, "ahead": ahead })
        }
    }
}

/// A patient's studies at all sites, as JSON lines: `patient`, then `study`, `asking`, `site` in the order in which they
/// come (a study that is told again replaces what was told of it), at last `end`.
#[utoipa::path(post, path = "/api/history", operation_id = "history", request_body = HistoryOf,
    responses((status = 200, content_type = "application/x-ndjson", body = HistoryStudy), (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn tell(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<HistoryOf>,
) -> Result<Response, ApiError> {
    caller.may(Action::ReadStudies)?;
    let (subject, current) = meant(&door, &asked)?;
    let mut event = Event::new(Act::StudiesQueried, caller.0.actor());
    event.study = current.first().cloned();
    let event = if asked.live { event.note("history, peers asked") } else { event.note("history") };
    door.audit.record(event).await?;
    let whose = &subject.whose;
    let patient = json!({ "line": "patient",
        "name": whose.patient.name, "birth_date": whose.patient.birth_date, "sex": whose.patient.sex,
        "identifiers": whose.identifiers.iter().cloned().map(IdentifierJson::from).collect::<Vec<_>>(),
        "site_name": whose.site.map_or_else(|| door.config.site.name.clone(), |site| door.site_name(&site)) });
    let studies = door.studies()?.clone();
    let mut told = studies.history(&caller.0, subject, asked.live)?;
    let (lines, receiver) = mpsc::channel(LINES_WAITING);
    door.tasks.spawn("history lines", async move {
        if lines.send(patient).await.is_err() {
            return;
        }
        while let Some(of) = told.recv().await {
            let line = line(of, &current, studies.ahead_figures());
            // Nobody reads on: dropping `told` ends the questions.
            if lines.send(line).await.is_err() {
                return;
            }
        }
    });
    Ok(ndjson(receiver))
}
