//! Keys that speak for sites: which, since when, and changing ours.

use super::{
    Door, Local, PortalDoor,
    error::{ApiError, ErrorBody},
    insight::moment,
    json,
    signin::{Caller, Presented},
};
use crate::{
    audit::{Act, Event, Outcome},
    trust::{Action, KeyRow},
};
use axum::{Extension, Json, extract::State};
use protocol::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The keys of one site as known here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyJson {
    /// Its name for programs: its first key.
    site: String,
    name: String,
    /// The key that speaks for it now.
    key: String,
    /// Those before it, oldest first.
    before: Vec<String>,
    /// When it changed its key last, by its own clock.
    changed: Option<String>,
    /// When this site heard of it.
    heard: Option<String>,
    /// The key before may have been in other hands; grants from this time on are void.
    void_from: Option<String>,
    /// Since when two successors of one key are known: nothing passes until the sites are paired again.
    conflict: Option<String>,
    /// How often it may still be changed; then the sites pair again.
    changes_left: usize,
}

impl KeyJson {
    fn of(name: String, row: &KeyRow) -> Self {
        let last = row.keys.successions().last();
        let left = protocol::succession::SUCCESSIONS_MAX.saturating_sub(row.keys.successions().len());
        Self {
            site: row.keys.site().to_string(),
            name,
            key: row.keys.current().to_string(),
            before: row.keys.before().iter().map(ToString::to_string).collect(),
            changed: last.map(|link| json::rfc3339(link.at)),
            heard: row.heard.map(json::rfc3339),
            void_from: last.and_then(|link| link.void_from).map(json::rfc3339),
            conflict: row.conflict.map(json::rfc3339),
            changes_left: left,
        }
    }
}

/// Ours and the peers'.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeysJson {
    own: KeyJson,
    peers: Vec<KeyJson>,
}

fn own(door: &PortalDoor) -> KeyJson {
    KeyJson::of(door.config.site.name.clone(), &door.trust.keys_of(&door.identity.site()))
}

#[utoipa::path(get, path = "/api/keys", operation_id = "list_keys", responses((status = 200, body = KeysJson)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<KeysJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peers = door.trust.peers().into_iter().filter(|peer| peer.revoked.is_none());
    let peers = peers.map(|peer| KeyJson::of(peer.name, &door.trust.keys_of(&peer.site))).collect();
    std::future::ready(Ok(Json(KeysJson { own: own(&door), peers }))).await
}

/// Changing the key; in the portal whoever does it signs in once more.
#[derive(Deserialize, ToSchema)]
pub(super) struct Rotate {
    #[serde(default)]
    password: String,
    /// Where the account has a second factor.
    code: Option<String>,
    /// The key in use may be in other hands.
    #[serde(default)]
    compromised: bool,
    /// Since when (RFC 3339); grants given from then on are void. Default: now.
    since: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RotatedJson {
    own: KeyJson,
    /// Names of peers that took the new key at once.
    told: Vec<String>,
    /// Names of peers that meet it when they are met.
    untold: Vec<String>,
}

/// Gives the site a new key. Agreements and copies stay; connections are made anew.
#[utoipa::path(post, path = "/api/keys/rotate", operation_id = "rotate_key", request_body = Rotate,
    responses((status = 200, body = RotatedJson), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn rotate(
    State(door): State<Door>,
    caller: Caller,
    presented: Option<Extension<Presented>>,
    local: Option<Extension<Local>>,
    Json(asked): Json<Rotate>,
) -> Result<Json<RotatedJson>, ApiError> {
    caller.may(Action::Administer)?;
    let overlay = door.overlay()?;
    let since = moment(asked.since.as_deref())?;
    match (&presented, &local) {
        (_, Some(_)) => {}
        (Some(Extension(session)), None) => {
            let proof = door.users.prove(&caller.0.name, &asked.password, asked.code.as_deref(), &session.id()).await;
            if let Err(why) = proof {
                let event = Event::new(Act::KeyChanged, caller.0.actor());
                let event = event.outcome(Outcome::Refused(Refusal::NotPermitted)).note("identity was not confirmed");
                door.audit.record(event).await?;
                return Err(why.into());
            }
        }
        (None, None) => return Err(ApiError::NotSignedIn),
    }
    let done = overlay.rotate(asked.compromised.then_some(since), caller.0.actor()).await?;
    let names = |sites: &[protocol::SiteId]| sites.iter().map(|site| door.site_name(site)).collect();
    Ok(Json(RotatedJson { own: own(&door), told: names(&done.told), untold: names(&done.untold) }))
}
