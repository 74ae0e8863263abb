//! The list of studies, own and peers', and what is done from it: open, fetch, share.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    glass::Broken,
    grants::Share,
    json,
    signin::{Caller, Presented},
    withheld::Withheld,
};
use crate::{
    archive::StudyQuery,
    audit::{Act, Event},
    trust::Action,
};
use axum::{
    Extension, Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
};
use protocol::{SiteId, Uid, agreement::Withheld as Nothing, ids::Id128};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Rows in one page at most: a screen shows about forty.
const PAGE_MAX: usize = 500;
/// Studies in one reading context at most: a case with all its priors.
const READING_STUDIES_MAX: usize = 64;

/// Which site's studies.
enum Held {
    Any,
    Own,
    By(SiteId),
}

struct Asked {
    query: StudyQuery,
    held: Held,
    offset: usize,
    limit: usize,
}

fn parse(raw: Option<&str>) -> Result<Asked, ApiError> {
    let mut asked = Asked { query: StudyQuery::default(), held: Held::Any, offset: 0, limit: 50 };
    for (key, value) in form(raw.unwrap_or_default())? {
        if value.is_empty() {
            continue;
        }
        match key.as_str() {
            "text" => asked.query.text = Some(value),
            "patient_id" => asked.query.patient_id = Some(value),
            "issuer" => asked.query.issuer = Some(value),
            "from" => asked.query.date_from = Some(date(value)?),
            "to" => asked.query.date_to = Some(date(value)?),
            "label" => asked.query.labels.push(value),
            "modality" => asked.query.modalities.push(value),
            "site" if value == "own" => asked.held = Held::Own,
            "site" => asked.held = Held::By(value.parse().map_err(|_| ApiError::Bad("site"))?),
            "offset" => asked.offset = value.parse().map_err(|_| ApiError::Bad("offset"))?,
            "limit" => asked.limit = value.parse().map_err(|_| ApiError::Bad("limit"))?,
            _ => return Err(ApiError::Bad("unknown parameter")),
        }
    }
    asked.limit = asked.limit.clamp(1, PAGE_MAX);
    Ok(asked)
}

fn date(value: String) -> Result<String, ApiError> {
    let legal = value.len() == 8 && value.bytes().all(|b| b.is_ascii_digit());
    if legal { Ok(value) } else { Err(ApiError::Bad("dates are YYYYMMDD")) }
}

/// Pairs of a query string, percent-decoded. At most 64, so that a query stays cheap.
pub(super) fn form(raw: &str) -> Result<Vec<(String, String)>, ApiError> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .take(64)
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((percent_decoded(key)?, percent_decoded(value)?))
        })
        .collect()
}

fn percent_decoded(text: &str) -> Result<String, ApiError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let byte = match b {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                let value = high.zip(low).map(|(h, l)| h * 16 + l).ok_or(ApiError::Bad("percent encoding"))?;
                u8::try_from(value).map_err(|_| ApiError::Bad("percent encoding"))?
            }
            other => other,
        };
        out.push(byte);
    }
    String::from_utf8(out).map_err(|_| ApiError::Bad("UTF-8"))
}

#[utoipa::path(get, path = "/api/studies",
    params(("text" = Option<String>, Query), ("patient_id" = Option<String>, Query), ("issuer" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("modality" = Option<Vec<String>>, Query),
        ("label" = Option<Vec<String>>, Query, description = "all of these"),
        ("site" = Option<String>, Query, description = "`own` or a site key"),
        ("offset" = Option<usize>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = json::StudyPage), (status = 400, body = ErrorBody)))]
pub(super) async fn studies(
    State(door): State<Door>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Result<Json<json::StudyPage>, ApiError> {
    caller.may(Action::ListStudies)?;
    let asked = parse(raw.as_deref())?;
    let found = match (&door.studies, &asked.held) {
        (Some(studies), Held::Any) => {
            studies.find(&caller.0, &asked.query, None, asked.offset, asked.limit.saturating_add(1)).await?
        }
        (Some(studies), held) => {
            // A page of one site's studies is cut from the merged list: that list is what is ordered.
            let all = studies.find(&caller.0, &asked.query, None, 0, usize::MAX).await?;
            let wanted = |site: &Option<SiteId>| match held {
                Held::Own => site.is_none(),
                Held::By(id) => site.as_ref() == Some(id),
                Held::Any => true,
            };
            let one_more = asked.limit.saturating_add(1);
            all.into_iter().filter(|f| wanted(&f.holder)).skip(asked.offset).take(one_more).collect()
        }
        (None, _) => own_only(&door, &asked)?,
    };
    let more = found.len() > asked.limit;
    let failed = failed(&door)?;
    let page = found.into_iter().take(asked.limit);
    let studies = page.map(|found| shown(&door, found, &failed)).collect::<Result<_, _>>()?;
    Ok(Json(json::StudyPage { studies, offset: asked.offset, more }))
}

/// With what is held back of it, and whether the glass was broken for it.
fn shown(door: &Door, found: crate::studies::FoundStudy, failed: &HashSet<String>) -> Result<json::Study, ApiError> {
    let withheld = match found.holder {
        None if door.archive.facts(&found.row)?.withheld != Nothing::NOTHING => {
            door.archive.withholdings_of(&found.row)?
        }
        _ => Vec::new(),
    };
    let broken = found.holder.and_then(|holder| door.trust.glass_on(&holder, &found.row.study));
    let study = json::Study::of(found, failed);
    Ok(json::Study {
        withheld: withheld.iter().map(Withheld::of).collect(),
        break_glass: broken.map(|used| Broken::of(door, &used)),
        ..study
    })
}

/// Without a running node there are only our own studies.
fn own_only(door: &Door, asked: &Asked) -> Result<Vec<crate::studies::FoundStudy>, ApiError> {
    if matches!(asked.held, Held::By(_)) {
        return Err(ApiError::NotRunning);
    }
    let rows = door.archive.studies(&asked.query, asked.offset, asked.limit.saturating_add(1))?;
    let found = rows.into_iter().map(|row| crate::studies::FoundStudy {
        instances_here: row.instances,
        zone: crate::studies::Zoned::of(&row, door.config.site.time_zone.as_deref()),
        row,
        holder: None,
        site_name: door.config.site.name.clone(),
        availability: crate::studies::Availability::Online,
        at_source: None,
        recall_s: None,
        ends: None,
    });
    Ok(found.collect())
}

/// Studies of which bytes were met, here or on their way, that are not those signed.
fn failed(door: &Door) -> Result<HashSet<String>, ApiError> {
    let rotten = door.archive.to_repair()?.into_iter();
    let mut failed: HashSet<String> = rotten.map(|(study, _)| study.to_string()).collect();
    if let Some(studies) = &door.studies {
        let corrupt = studies.transfers().into_iter().filter(|row| row.state == "corrupt");
        failed.extend(corrupt.map(|row| row.study));
    }
    Ok(failed)
}

pub(super) fn uid(text: &str) -> Result<Uid, ApiError> {
    Uid::parse(text).map_err(|_| ApiError::Bad("not a Study Instance UID"))
}

#[utoipa::path(get, path = "/api/studies/{study}", params(("study" = String, Path)),
    responses((status = 200, body = json::Study), (status = 404, body = ErrorBody)))]
pub(super) async fn study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<json::Study>, ApiError> {
    caller.may(Action::ListStudies)?;
    let query = StudyQuery { study: vec![uid(&study)?], ..StudyQuery::default() };
    let asked = Asked { query, held: Held::Any, offset: 0, limit: 1 };
    let found = match &door.studies {
        Some(studies) => studies.find(&caller.0, &asked.query, None, 0, 1).await?,
        None => own_only(&door, &asked)?,
    };
    Ok(Json(shown(&door, found.into_iter().next().ok_or(ApiError::NotFound)?, &failed(&door)?)?))
}

#[utoipa::path(post, path = "/api/studies/{study}/fetch", params(("study" = String, Path)),
    responses((status = 202), (status = 404, body = ErrorBody)))]
pub(super) async fn fetch(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<(StatusCode, Json<serde_json::Value>), ApiError> {
    caller.may(Action::ReadStudies)?;
    door.studies()?.prefetch(&caller.0, &uid(&study)?).await?;
    Ok((StatusCode::ACCEPTED, Json(serde_json::json!({}))))
}

#[utoipa::path(post, path = "/api/studies/{study}/share", params(("study" = String, Path)), request_body = Share,
    responses((status = 200, body = json::Grant), (status = 404, body = ErrorBody)))]
pub(super) async fn share(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(share): Json<Share>,
) -> Result<Json<json::Grant>, ApiError> {
    caller.may(Action::ShareStudies)?;
    let study = uid(&study)?;
    let peer = door.trust.find_peer(&share.site).ok_or(ApiError::NotFound)?;
    let row = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
    if !door.archive.facts(&row)?.withheld.lets_share() {
        return Err(ApiError::Refused(protocol::Refusal::NotPermitted));
    }
    let event = Event::new(Act::StudyShared, caller.0.actor()).study(&study).peer(peer.site);
    door.audit.record(event).await?;
    let signed = door.trust.share(&study, &peer.site, &share.given(&door)?).await?;
    let grant = signed.open(&door.identity.site()).map_err(|_| ApiError::Bad("grant"))?;
    if let Some(overlay) = &door.overlay {
        overlay.send_grant(&peer.site, signed).await?;
    }
    Ok(Json(json::Grant { grant: grant.id.to_string(), expires: json::rfc3339(grant.expires) }))
}

/// The study to read, then the priors opened with it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewReading {
    studies: Vec<String>,
}

#[utoipa::path(post, path = "/api/readings", request_body = NewReading,
    responses((status = 200, body = json::Reading), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn new_reading(
    State(door): State<Door>,
    caller: Caller,
    Json(wanted): Json<NewReading>,
) -> Result<Json<json::Reading>, ApiError> {
    let id = begin_reading(&door, &caller, &wanted).await?;
    let list = wanted.studies.join(",");
    Ok(Json(json::Reading {
        id: id.to_string(),
        dicomweb_root: format!("/dicomweb/contexts/{id}"),
        viewer: format!("/ohif/viewer?StudyInstanceUIDs={list}&context={id}"),
    }))
}

/// A reading context for a viewer on the person's own machine.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Viewing {
    /// The DICOMweb root of these studies, and nothing else.
    dicomweb_root: String,
    /// Reads that root alone, as `Authorization: Bearer`; until then at the latest, and no longer than the session.
    token: String,
    ends: String,
}

#[utoipa::path(post, path = "/api/readings/viewer", operation_id = "read_in_own_viewer", request_body = NewReading,
    responses((status = 200, body = Viewing), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn new_viewing(
    State(door): State<Door>,
    caller: Caller,
    presented: Option<Extension<Presented>>,
    Json(wanted): Json<NewReading>,
) -> Result<Json<Viewing>, ApiError> {
    caller.may(Action::ReadStudies)?;
    // It ends with the session: a token makes no other.
    let session = presented.ok_or(ApiError::NotSignedIn)?.id();
    let id = begin_reading(&door, &caller, &wanted).await?;
    let (token, ends) = door.users.begin_viewing(&caller.0, session, id);
    Ok(Json(Viewing { dicomweb_root: format!("/dicomweb/contexts/{id}"), token, ends: json::rfc3339(ends) }))
}

async fn begin_reading(door: &Door, caller: &Caller, wanted: &NewReading) -> Result<Id128, ApiError> {
    caller.may(Action::ReadStudies)?;
    if wanted.studies.is_empty() || wanted.studies.len() > READING_STUDIES_MAX {
        return Err(ApiError::Bad("one to 64 studies"));
    }
    let studies = door.studies()?;
    let uids = wanted.studies.iter().map(|s| uid(s)).collect::<Result<Vec<_>, _>>()?;
    let query = StudyQuery { study: uids.clone(), ..StudyQuery::default() };
    if studies.find(&caller.0, &query, None, 0, uids.len()).await?.len() < uids.len() {
        return Err(ApiError::NotFound);
    }
    let links = together(door, &uids)?;
    for (link, study) in &links {
        door.links.opened(*link, study, &caller.0.name).await?;
    }
    Ok(studies.new_context(&caller.0, uids, links.into_iter().map(|(link, _)| link).collect()))
}

/// By which links these studies are of one patient: nobody sees another patient's images beside those that are read. Studies
/// of one case were put together by a person.
fn together(door: &Door, studies: &[Uid]) -> Result<Vec<(Id128, Uid)>, ApiError> {
    let Some((first, others)) = studies.split_first() else { return Ok(Vec::new()) };
    let mut links = Vec::new();
    for other in others.iter().filter(|other| *other != first) {
        match door.studies()?.stands_beside(first, other) {
            Ok(link) => links.extend(link.map(|link| (link, other.clone()))),
            Err(differs) => {
                let has_both = |studies: &[Uid]| studies.contains(first) && studies.contains(other);
                if !door.cases.all().iter().any(|whole| has_both(&whole.state.ask.studies)) {
                    return Err(ApiError::WrongPatient(differs));
                }
            }
        }
    }
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_decoded_and_checked() {
        let asked = parse(Some("text=L%C3%A9a+D&modality=CT&modality=MR&from=20260101&offset=5")).unwrap();
        assert_eq!(asked.query.text.as_deref(), Some("Léa D"));
        assert_eq!(asked.query.modalities, ["CT", "MR"]);
        assert_eq!(asked.query.date_from.as_deref(), Some("20260101"));
        assert_eq!((asked.offset, asked.limit), (5, 50));
        for wrong in ["from=yesterday", "text=%E9", "text=%4", "site=CH", "wanted=1", "limit=-1"] {
            assert!(parse(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
