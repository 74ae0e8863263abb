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
    reseal::{Progress, Reseal, Stage},
    trust::{Action, KeyRow},
};
use axum::{Extension, Json, extract::State};
use protocol::{Keys, Refusal};
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
    /// Since when two successors of one key are known. Of a peer: nothing passes until the sites are paired again. Of ours:
    /// somebody else has a key of this site.
    conflict: Option<String>,
    /// The other chain.
    rival: Option<RivalJson>,
    /// How often it may still be changed; then the sites pair again.
    changes_left: usize,
}

/// A chain of keys that parts from the one known.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RivalJson {
    /// The key that it ends in.
    key: String,
    /// The last key that both chains have: who has it made one of the two.
    follows: String,
    /// When that other key says that it was made.
    changed: Option<String>,
    /// From when on it says that what the key before gave is void.
    void_from: Option<String>,
}

impl RivalJson {
    fn of(known: &Keys, rival: &Keys) -> Self {
        let pairs = known.successions().iter().zip(rival.successions());
        let same = pairs.take_while(|(one, other)| one == other).count();
        let last = rival.successions().last();
        Self {
            key: rival.current().to_string(),
            follows: known.before().get(same).copied().unwrap_or_else(|| known.current()).to_string(),
            changed: last.map(|link| json::rfc3339(link.at)),
            void_from: last.and_then(|link| link.void_from).map(json::rfc3339),
        }
    }
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
            rival: row.rival.as_ref().map(|rival| RivalJson::of(&row.keys, rival)),
            changes_left: left,
        }
    }
}

/// How what is sealed at rest stands to a key that may be in other hands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SealingJson {
    /// `none`: nothing hangs on a root of before; `waits-for-backup`: it goes on when a backup was taken; `working`;
    /// `store-away`: the object store is not there, or does not take some copies now.
    stage: &'static str,
    /// When it was begun.
    since: Option<String>,
    /// Cold copies looked at, of how many.
    done: usize,
    total: usize,
    /// Second factors that were sealed under the root before. What was recorded of them stays in the journal: where the
    /// folder itself was copied, they should be set up anew.
    factors: usize,
}

impl From<Progress> for SealingJson {
    fn from(of: Progress) -> Self {
        let Progress { stage, since, done, total, factors } = of;
        Self { stage: stage.word(), since: since.map(json::rfc3339), done, total, factors }
    }
}

/// Ours and the peers'.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeysJson {
    own: KeyJson,
    peers: Vec<KeyJson>,
    sealing: SealingJson,
}

/// As far as an open folder tells.
fn sealing(door: &PortalDoor) -> SealingJson {
    let told = || {
        let since = door.identity.resealing();
        let stage = if since.is_some() { Stage::Working } else { Stage::None };
        Progress { stage, since, ..Progress::default() }
    };
    door.reseal.as_ref().map_or_else(told, Reseal::progress).into()
}

fn own(door: &PortalDoor) -> KeyJson {
    KeyJson::of(door.config.site.name.clone(), &door.trust.keys_of(&door.identity.site()))
}

#[utoipa::path(get, path = "/api/keys", operation_id = "list_keys", responses((status = 200, body = KeysJson)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<KeysJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peers = door.trust.peers().into_iter().filter(|peer| peer.revoked.is_none());
    let peers = peers.map(|peer| KeyJson::of(peer.name, &door.trust.keys_of(&peer.site))).collect();
    std::future::ready(Ok(Json(KeysJson { own: own(&door), peers, sealing: sealing(&door) }))).await
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

/// Whoever changes what keys hang on says once more who it is; whoever holds the folder has it anyway.
async fn confirm(
    door: &PortalDoor,
    (caller, presented, is_local): (&Caller, Option<&Presented>, bool),
    password: &str,
    code: Option<&str>,
) -> Result<(), ApiError> {
    let session = match (presented, is_local) {
        (_, true) => return Ok(()),
        (Some(session), false) => session,
        (None, false) => return Err(ApiError::NotSignedIn),
    };
    if let Err(why) = door.users.prove(&caller.0.name, password, code, &session.id()).await {
        let event = Event::new(Act::KeyChanged, caller.0.actor());
        let event = event.outcome(Outcome::Refused(Refusal::NotPermitted)).note("identity was not confirmed");
        door.audit.record(event).await?;
        return Err(why.into());
    }
    Ok(())
}

/// Sealing anew; in the portal whoever does it signs in once more.
#[derive(Deserialize, ToSchema)]
pub(super) struct SealAnew {
    #[serde(default)]
    password: String,
    /// Where the account has a second factor.
    code: Option<String>,
    /// No backup is waited for: one from before will not read the cold copies.
    #[serde(default)]
    without_backup: bool,
}

/// Seals anew what is sealed at rest under a key that was changed, and destroys what it hung on. It goes on by itself.
#[utoipa::path(post, path = "/api/keys/reseal", operation_id = "reseal", request_body = SealAnew,
    responses((status = 200, body = SealingJson), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn reseal(
    State(door): State<Door>,
    caller: Caller,
    presented: Option<Extension<Presented>>,
    local: Option<Extension<Local>>,
    Json(asked): Json<SealAnew>,
) -> Result<Json<SealingJson>, ApiError> {
    caller.may(Action::Administer)?;
    let work = door.reseal.as_ref().ok_or(ApiError::NotRunning)?;
    confirm(&door, (&caller, presented.as_deref(), local.is_some()), &asked.password, asked.code.as_deref()).await?;
    work.begin(caller.0.actor(), asked.without_backup).await?;
    Ok(Json(sealing(&door)))
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
    confirm(&door, (&caller, presented.as_deref(), local.is_some()), &asked.password, asked.code.as_deref()).await?;
    let done = overlay.rotate(asked.compromised.then_some(since), caller.0.actor()).await?;
    let names = |sites: &[protocol::SiteId]| sites.iter().map(|site| door.site_name(site)).collect();
    Ok(Json(RotatedJson { own: own(&door), told: names(&done.told), untold: names(&done.untold) }))
}
