//! Grants of single studies: those that we gave, were given or passed on, each with what it narrows; passing one on, and
//! taking one back.

use super::{
    Door,
    agreements_json::{level_of, level_word, purpose_of, purpose_word},
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    trust::{Action, Given, GrantRow},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::ids::Id128;
use serde::{Deserialize, Serialize};

/// A live grant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct GrantJson {
    grant: String,
    study: String,
    /// For whom it is.
    peer: String,
    peer_name: String,
    expires: String,
    /// The study is ours.
    ours: bool,
    /// It is for us.
    for_us: bool,
    level: &'static str,
    /// `null`: those of the agreement.
    purpose: Option<&'static str>,
    /// `null`: any number.
    copies_max: Option<u32>,
    /// Copies that were read into, where they are counted here.
    copies: usize,
    /// Names of the sites that it may be passed on to.
    forward: Vec<String>,
    /// The grant that it narrows.
    parent: Option<String>,
    /// Names of the sites that it came through, the study's holder first.
    through: Vec<String>,
    /// We may take it back.
    revocable: bool,
}

fn shown(door: &Door, row: &GrantRow) -> GrantJson {
    let (us, grant) = (door.identity.site(), &row.grant);
    let name = |site| door.site_name(site);
    GrantJson {
        grant: grant.id.to_string(),
        study: grant.study.to_string(),
        peer: grant.subject.to_string(),
        peer_name: name(&grant.subject),
        expires: json::rfc3339(grant.expires),
        ours: row.holder == Some(us),
        for_us: grant.subject == us,
        level: level_word(grant.level),
        purpose: grant.purpose.map(purpose_word),
        copies_max: grant.copies_max,
        copies: row.copies,
        forward: grant.forward.iter().map(name).collect(),
        parent: row.ancestors.first().map(ToString::to_string),
        through: row.through.iter().map(name).collect(),
        revocable: row.through.contains(&us),
    }
}

#[utoipa::path(get, path = "/api/grants", operation_id = "list_grants", responses((status = 200, body = Vec<GrantJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<GrantJson>>, ApiError> {
    caller.may(Action::ShareStudies)?;
    let rows = door.trust.grants().iter().map(|row| shown(&door, row)).collect();
    std::future::ready(Ok(Json(rows))).await
}

/// The peer's running transfers under it stop, and its copies are erased when it hears of it.
#[utoipa::path(delete, path = "/api/grants/{id}", operation_id = "revoke_grant", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn revoke(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ShareStudies)?;
    let id: Id128 = id.parse().map_err(|_| ApiError::Bad("not a grant"))?;
    let us = door.identity.site();
    let row = door.trust.grants().into_iter().find(|row| row.grant.id == id && row.through.contains(&us));
    let grant = row.ok_or(ApiError::NotFound)?.grant;
    let event = Event::new(Act::StudyShared, caller.0.actor()).peer(grant.subject).basis(id).study(&grant.study);
    door.audit.record(event.note("taken back")).await?;
    match &door.overlay {
        Some(overlay) => overlay.take_back(&id).await?,
        None => drop(door.trust.revoke_grant(&id, &us).await?),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How a study is shared. What is not said is as wide as what it rests on, but for passing it on.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    /// Key, short key or name of the site that it is for.
    pub(super) site: String,
    pub(super) hours: Option<u32>,
    /// `card`, `manifest`, `headers`, `pixels` or `objects`.
    pub(super) level: Option<String>,
    /// `care`, `on-call`, `expertise`, `emergency`, `quality` or `screening`.
    pub(super) purpose: Option<String>,
    /// No more copies than so many.
    pub(super) copies_max: Option<u32>,
    /// Keys or names of the sites that it may be passed on to.
    #[serde(default)]
    pub(super) forward: Vec<String>,
}

impl Share {
    /// # Errors
    /// [`ApiError::Bad`] for a word that is none; [`ApiError::NotFound`] for a site to pass it on to that is no peer and no key.
    pub(super) fn given(&self, door: &Door) -> Result<Given, ApiError> {
        let site = |text: &String| {
            let known = door.trust.find_peer(text).map(|peer| peer.site);
            known.or_else(|| text.parse().ok()).ok_or(ApiError::NotFound)
        };
        Ok(Given {
            hours: self.hours,
            level: self.level.as_deref().map(level_of).transpose()?,
            purpose: self.purpose.as_deref().map(purpose_of).transpose()?,
            copies_max: self.copies_max,
            forward: self.forward.iter().map(site).collect::<Result<_, _>>()?,
        })
    }
}

/// A narrower grant than this one, for another site. The study's holder decides, and must be reachable.
#[utoipa::path(post, path = "/api/grants/{id}/narrow", operation_id = "narrow_grant", params(("id" = String, Path)),
    request_body = Share,
    responses((status = 200, body = json::Grant), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn narrow(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Json(share): Json<Share>,
) -> Result<Json<json::Grant>, ApiError> {
    caller.may(Action::ShareStudies)?;
    let id: Id128 = id.parse().map_err(|_| ApiError::Bad("not a grant"))?;
    let to = door.trust.find_peer(&share.site).ok_or(ApiError::NotFound)?.site;
    let row = door.trust.grants().into_iter().find(|row| row.grant.id == id).ok_or(ApiError::NotFound)?;
    let event = Event::new(Act::StudyShared, caller.0.actor()).study(&row.grant.study).peer(to).basis(id);
    door.audit.record(event.note("passed on")).await?;
    let grant = door.overlay()?.pass_on(&id, &to, &share.given(&door)?).await?;
    Ok(Json(json::Grant { grant: grant.id.to_string(), expires: json::rfc3339(grant.expires) }))
}
