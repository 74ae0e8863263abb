//! What site this is, and how it is doing.

use super::{Door, assets, error::ApiError, json, peers, signin::Caller};
use crate::trust::Action;
use axum::{Json, extract::State};

#[utoipa::path(get, path = "/api/site", responses((status = 200, body = json::SiteFacts)))]
pub(super) async fn site(State(door): State<Door>) -> Json<json::SiteFacts> {
    std::future::ready(Json(json::SiteFacts {
        name: door.config.site.name.clone(),
        site_id: door.identity.site().to_string(),
        language: door.config.site.language.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ae_title: door.config.dimse.ae_title.clone(),
        portal_built: assets::is_built(&door),
        identity_provider: door.oidc.as_ref().map(|oidc| oidc.name().to_owned()),
    }))
    .await
}

#[utoipa::path(get, path = "/api/status",
    responses((status = 200, body = json::Status), (status = 403, body = super::error::ErrorBody)))]
pub(super) async fn status(State(door): State<Door>, caller: Caller) -> Result<Json<json::Status>, ApiError> {
    caller.may(Action::Administer)?;
    let totals = door.archive.totals();
    let transfers = door.studies.as_ref().map(crate::studies::Studies::transfers).unwrap_or_default();
    std::future::ready(Ok(Json(json::Status {
        site: door.config.site.name.clone(),
        site_id: door.identity.site().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_s: door.started.elapsed().as_secs(),
        portal: door.bound.portal.to_string(),
        dimse: door.bound.dimse.to_string(),
        overlay: door.bound.overlay.to_string(),
        pixels: door.bound.pixels.to_string(),
        studies: totals.studies,
        instances: totals.instances,
        bytes: totals.bytes,
        cache_bytes: door.cache.bytes(),
        free_bytes: door.archive.free_bytes()?,
        rss_bytes: rss_bytes(),
        peers: peers::rows(&door),
        transfers: transfers.into_iter().map(Into::into).collect(),
        associations: door.associations.load(std::sync::atomic::Ordering::Relaxed),
    })))
    .await
}

/// Resident bytes of this process, from `/proc/self/status`; 0 where there is none.
fn rss_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse::<u64>().ok())
        .map_or(0, |kib| kib.saturating_mul(1024))
}
