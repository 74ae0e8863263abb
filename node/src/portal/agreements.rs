//! Agreements: what is shared with whom, in clauses for programs and in sentences for people.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    trust::{Action, AgreementRow, AgreementState, Direction, Language, Terms, draft, sentences},
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{
    SiteId,
    agreement::{Agreement, Clause, Field, Level, Preset},
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hours {
    /// IANA time zone.
    time_zone: String,
    /// Minutes of the week, Monday 00:00 is 0; half-open.
    spans: Vec<(u16, u16)>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClauseJson {
    holder: String,
    reader: String,
    announce: bool,
    level: &'static str,
    modalities: Vec<String>,
    modalities_excluded: Vec<String>,
    since_days: Option<u32>,
    hours: Option<Hours>,
    fields: Vec<&'static str>,
    cache_days: u32,
}

/// The same, as people read it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sentences {
    fr: Vec<String>,
    en: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgreementJson {
    id: String,
    version: u32,
    peer: String,
    peer_name: String,
    /// `all`, `on-call`, `case-only` or `custom`.
    preset: &'static str,
    /// `offered`, `received`, `active` or `ended`.
    state: &'static str,
    drafted: String,
    not_before: String,
    not_after: Option<String>,
    clauses: Vec<ClauseJson>,
    sentences: Sentences,
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Card => "card",
        Level::Manifest => "manifest",
        Level::Headers => "headers",
        Level::Pixels => "pixels",
        Level::Objects => "objects",
    }
}

fn field(field: &Field) -> &'static str {
    match field {
        Field::PatientName => "patient-name",
        Field::BirthDate => "birth-date",
        Field::Sex => "sex",
        Field::PatientId => "patient-id",
        Field::Description => "description",
        Field::Accession => "accession",
        Field::Referrer => "referrer",
    }
}

fn preset(preset: Preset) -> &'static str {
    match preset {
        Preset::All => "all",
        Preset::OnCall => "on-call",
        Preset::CaseOnly => "case-only",
        Preset::Custom => "custom",
    }
}

pub(super) fn state(state: AgreementState) -> &'static str {
    match state {
        AgreementState::Offered => "offered",
        AgreementState::Received => "received",
        AgreementState::Active => "active",
        AgreementState::Ended => "ended",
    }
}

impl From<&Clause> for ClauseJson {
    fn from(clause: &Clause) -> Self {
        Self {
            holder: clause.holder.to_string(),
            reader: clause.reader.to_string(),
            announce: clause.announce,
            level: level(clause.level),
            modalities: clause.modalities.clone(),
            modalities_excluded: clause.modalities_excluded.clone(),
            since_days: clause.since_days,
            hours: clause.hours.as_ref().map(|h| Hours {
                time_zone: h.time_zone.clone(),
                spans: h.spans.iter().map(|(from, to)| (from.0, to.0)).collect(),
            }),
            fields: clause.fields.iter().map(field).collect(),
            cache_days: clause.cache_days,
        }
    }
}

fn row(door: &Door, row: &AgreementRow) -> AgreementJson {
    let agreement = &row.agreement;
    AgreementJson {
        id: agreement.id.to_string(),
        version: agreement.version,
        peer: row.peer.to_string(),
        peer_name: door.site_name(&row.peer),
        preset: preset(agreement.preset),
        state: state(row.state),
        drafted: json::rfc3339(agreement.drafted),
        not_before: json::rfc3339(agreement.not_before),
        not_after: agreement.not_after.map(json::rfc3339),
        clauses: agreement.clauses.iter().map(Into::into).collect(),
        sentences: Sentences {
            fr: sentences(agreement, Language::French),
            en: sentences(agreement, Language::English),
        },
    }
}

fn newest(door: &Door, id: &Id128) -> Result<Json<AgreementJson>, ApiError> {
    let rows = door.trust.agreements();
    let found = rows.iter().filter(|r| r.agreement.id == *id).max_by_key(|r| r.agreement.version);
    found.map(|r| Json(row(door, r))).ok_or(ApiError::NotFound)
}

fn parse_id(text: &str) -> Result<Id128, ApiError> {
    text.parse().map_err(|_| ApiError::Bad("not an agreement"))
}

#[utoipa::path(get, path = "/api/agreements", operation_id = "list_agreements", responses((status = 200, body = Vec<AgreementJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<AgreementJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let rows = door.trust.agreements().iter().map(|r| row(&door, r)).collect();
    std::future::ready(Ok(Json(rows))).await
}

/// A draft from a preset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    /// Key, short key or name of the peer.
    site: String,
    /// `all`, `on-call` or `case-only`.
    preset: String,
    /// `both` (default), `ours` (they read ours) or `theirs`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    direction: Direction,
    /// For `on-call`: IANA time zone, default Europe/Paris.
    time_zone: Option<String>,
    /// For `on-call`: minutes of the week; default nights and week-ends.
    #[serde(default)]
    spans: Vec<(u16, u16)>,
    /// Only these modalities.
    #[serde(default)]
    modalities: Vec<String>,
    since_days: Option<u32>,
    cache_days: Option<u32>,
    /// The glass may be broken; each time is reviewed within so many hours.
    break_glass_hours: Option<u32>,
    /// The agreement this is the next version of.
    replaces: Option<String>,
}

fn drafted(door: &Door, offer: Offer) -> Result<(SiteId, Agreement), ApiError> {
    let peer = door.trust.find_peer(&offer.site).ok_or(ApiError::NotFound)?;
    let preset = match offer.preset.as_str() {
        "all" => Preset::All,
        "on-call" => Preset::OnCall,
        "case-only" => Preset::CaseOnly,
        _ => return Err(ApiError::Bad("preset is all, on-call or case-only")),
    };
    let terms = Terms {
        direction: offer.direction,
        time_zone: offer.time_zone,
        spans: offer.spans,
        modalities: offer.modalities,
        since_days: offer.since_days,
        cache_days: offer.cache_days,
        break_glass_hours: offer.break_glass_hours,
        replaces: offer.replaces.as_deref().map(parse_id).transpose()?,
    };
    let site = peer.site;
    let ours = (door.identity.site(), door.config.site.name.as_str());
    Ok((site, draft(ours, &peer, preset, &terms)?))
}

#[utoipa::path(post, path = "/api/agreements", request_body = Offer,
    responses((status = 200, body = AgreementJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn offer(
    State(door): State<Door>,
    caller: Caller,
    Json(offer): Json<Offer>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let (peer, agreement) = drafted(&door, offer)?;
    let id = agreement.id;
    let event = Event::new(Act::AgreementOffered, caller.0.actor()).peer(peer).basis(id);
    door.audit.record(event).await?;
    let signed = door.trust.offer(agreement).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_agreement(&peer, signed).await?;
    }
    newest(&door, &id)
}

#[utoipa::path(post, path = "/api/agreements/{id}/accept", params(("id" = String, Path)),
    responses((status = 200, body = AgreementJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn accept(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    let received = |r: &AgreementRow| r.agreement.id == id && r.state == AgreementState::Received;
    let peer = door.trust.agreements().into_iter().find(received).ok_or(ApiError::NotFound)?.peer;
    door.audit.record(Event::new(Act::AgreementAccepted, caller.0.actor()).peer(peer).basis(id)).await?;
    let signed = door.trust.accept(&id).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_agreement(&peer, signed).await?;
    }
    newest(&door, &id)
}

#[utoipa::path(post, path = "/api/agreements/{id}/end", params(("id" = String, Path)),
    responses((status = 200, body = AgreementJson), (status = 404, body = ErrorBody)))]
pub(super) async fn end(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    let open = |r: &AgreementRow| r.agreement.id == id && r.state != AgreementState::Ended;
    let peer = door.trust.agreements().into_iter().find(open).ok_or(ApiError::NotFound)?.peer;
    door.audit.record(Event::new(Act::AgreementEnded, caller.0.actor()).peer(peer).basis(id)).await?;
    door.trust.end(&id, &door.identity.site()).await?;
    door.cache.end_agreement(&id)?;
    if let Some(overlay) = &door.overlay {
        overlay.send_ending(&peer, &id).await?;
    }
    newest(&door, &id)
}
