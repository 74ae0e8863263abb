//! What can be asked of whom, before it is asked: the sites, why one may not be asked for this, who is known of each, and by
//! when an answer is wanted where nothing else is said.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
    worklist::{form, uid},
};
use crate::{
    cases::{examination_of, kind_of, priority_of, rule_word, skip_word},
    desk::unnamed,
    tasks,
    trust::Action,
};
use axum::{
    Json,
    extract::{RawQuery, State},
};
use protocol::{
    SiteId, Timestamp,
    case::{
        event::{Ask, Consent, Kind, Particulars, Priority},
        practice,
    },
    roster::Stated,
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// People named of one site: those of a roster, not everybody who ever was on one.
const PEOPLE_MAX: usize = 64;

/// Somebody whom a roster names.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KnownPerson {
    person: String,
    on_duty: bool,
}

/// A site that may be asked, or not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskableSite {
    site: String,
    site_name: String,
    /// `not-agreed`, `out-of-scope`, `from-afar` or `unreachable`; `null`: it may be asked.
    bar: Option<&'static str>,
    /// As far as rosters tell: whom a request names beside them is not checked.
    people: Vec<KnownPerson>,
    /// Teams that may be named, as the site said last.
    teams: Vec<String>,
}

/// What can be asked of whom.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Askable {
    /// Why it is not read from afar, whoever is asked: `screening-first`, `screening-second` or `nuclear-alone`.
    rule: Option<&'static str>,
    /// Whether it has to be said that the examination is a screening, or none.
    needs_examination: bool,
    /// Whether a nuclear medicine physician on site has to be named, or an opinion asked for instead.
    needs_on_site: bool,
    /// By when an answer is due where the request says nothing.
    answer_by: String,
    sites: Vec<AskableSite>,
}

fn parse(raw: Option<&str>) -> Result<(Ask, Particulars), ApiError> {
    let empty = String::new;
    let mut ask = Ask {
        nonce: tasks::random_id(),
        kind: Kind::Diagnosis,
        priority: Priority::P3,
        question: empty(),
        patient: unnamed(),
        context: empty(),
        contraindications: empty(),
        priors: empty(),
        justification: empty(),
        consent: Consent::Open,
        modality: empty(),
        region: empty(),
        studies: Vec::new(),
        accession: (empty(), empty()),
        telephone: empty(),
        key_images: Vec::new(),
        to: Vec::new(),
    };
    let mut particulars = Particulars::default();
    for (key, value) in form(raw.unwrap_or_default())?.into_iter().filter(|(_, value)| !value.is_empty()) {
        match key.as_str() {
            "kind" => ask.kind = kind_of(&value).ok_or(ApiError::Bad("kind"))?,
            "priority" => ask.priority = priority_of(&value).ok_or(ApiError::Bad("priority"))?,
            "modality" => ask.modality = value.trim().to_uppercase(),
            "region" => ask.region = value.trim().to_uppercase(),
            "examination" => {
                particulars.examination = examination_of(&value).ok_or(ApiError::Bad("examination"))?;
            }
            "on_site" => particulars.on_site = value,
            "study" => ask.studies.push(uid(&value)?),
            _ => return Err(ApiError::Bad("unknown parameter")),
        }
    }
    if ask.studies.len() > protocol::case::event::STUDIES_MAX {
        return Err(ApiError::Bad("study"));
    }
    Ok((ask, particulars))
}

fn people(shifts: &[Stated], site: &SiteId, now: Timestamp) -> Vec<KnownPerson> {
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    for stated in shifts.iter().filter(|stated| stated.site == *site && stated.shift.state.counts()) {
        *known.entry(&stated.shift.person).or_default() |= stated.shift.is_time(now);
    }
    let person = |(person, on_duty): (&str, bool)| KnownPerson { person: person.to_owned(), on_duty };
    known.into_iter().map(person).take(PEOPLE_MAX).collect()
}

#[utoipa::path(get, path = "/api/cases/askable", operation_id = "show_askable",
    params(("kind" = Option<String>, Query), ("priority" = Option<String>, Query), ("modality" = Option<String>, Query),
        ("region" = Option<String>, Query),
        ("examination" = Option<String>, Query, description = "`clinical`, `screening-first` or `screening-second`"),
        ("on_site" = Option<String>, Query, description = "nuclear medicine physician who is with the patient"),
        ("study" = Option<String>, Query, description = "once for each study")),
    responses((status = 200, body = Askable), (status = 400, body = ErrorBody)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Result<Json<Askable>, ApiError> {
    caller.may(Action::RequestReadings)?;
    let (ask, particulars) = parse(raw.as_deref())?;
    let (desk, now) = (door.desk()?, tasks::now());
    let shifts = door.roster.shifts();
    let peers = door.trust.peers().into_iter().filter(|peer| peer.revoked.is_none());
    let site = |site: SiteId, site_name: String| AskableSite {
        site: site.to_string(),
        site_name,
        bar: desk.bar(&site, &ask, &particulars).map(skip_word),
        people: people(&shifts, &site, now),
        teams: door.overlay.as_ref().map(|overlay| overlay.teams_of(&site)).unwrap_or_default(),
    };
    let rule = desk.rule(&ask, &particulars);
    let modalities = desk.modalities(&ask);
    let alone = Particulars { on_site: String::new(), ..particulars.clone() };
    let askable = Askable {
        rule: rule.map(rule_word),
        needs_examination: practice::needs_examination(&ask, &modalities, &Particulars::default()),
        needs_on_site: practice::bars(&ask, &modalities, &alone, true) == Some(practice::Rule::NuclearAlone),
        answer_by: json::rfc3339(now.after(door.cases.settings().preliminary(ask.priority))),
        sites: peers.map(|peer| site(peer.site, peer.name)).collect(),
    };
    std::future::ready(Ok(Json(askable))).await
}
