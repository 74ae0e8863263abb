//! Studies offered to peers: said once for each state of a study, as soon as the peer is there to hear it.
//!
//! # Not here
//! Whether the peer may be told at all, and the evidence of it: `overlay`, at the moment it is said.

use super::{
    Inner, RulesError,
    queue::{self, Ended as Attempt, Job, Key},
};
use crate::{
    archive::{Ended, Firing},
    overlay::Said,
    trust::Person,
};
use protocol::{SiteId, Uid, manifest::Completeness};
use std::{collections::HashSet, sync::Arc, time::Duration};

/// Peers that are spoken to at once.
const PEERS_MAX: usize = 4;
/// Until a peer has pulled a study's card, or a study that arrives again is complete.
const SOON: Duration = Duration::from_secs(1);

/// Says what is to be said, until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    queue::run(inner, |inner| &inner.offers, ("offer", PEERS_MAX), attempt).await;
}

async fn attempt(inner: Arc<Inner>, Job { key, stop }: Job<SiteId>) {
    let ended = tokio::select! {
        () = stop.cancelled() => Attempt::Later(SOON, None),
        ended = say(&inner, &key) => ended.unwrap_or_else(|error| {
            tracing::error!(%error, "a study cannot be offered now");
            Attempt::Refused(queue::INTERNAL.to_owned())
        }),
    };
    inner.offers.ended(&key, ended, HashSet::new());
}

async fn say(inner: &Inner, (to, study): &Key<SiteId>) -> Result<Attempt, RulesError> {
    let archive = &inner.parts.archive;
    let Some(row) = archive.offer_row(study, to)?.filter(|row| row.ended.is_none()) else { return Ok(Attempt::Done) };
    let held = archive.study(study)?;
    if held.as_ref().is_some_and(|held| held.completeness == Completeness::Arriving) {
        return Ok(Attempt::Later(SOON, None));
    }
    let manifest = archive.manifest(study)?.map(|manifest| manifest.reference.digest);
    let (manifest, ended) = match inner.parts.overlay.offer(to, study, Person::of_rule(row.rule).actor()).await? {
        Said::Heard(manifest) => (Some(manifest), Ended::Done),
        Said::Refused(refusal) => (manifest, Ended::Refused(refusal)),
        Said::Unknown => (manifest, Ended::Unknown),
        Said::NotHere if held.is_none() => (None, Ended::Gone),
        Said::NotHere | Said::NotYet => return Ok(Attempt::Later(SOON, None)),
        Said::Away => return Ok(Attempt::Away("away".to_owned())),
    };
    let _changing = inner.changing.lock().await;
    // Somebody may have dropped it meanwhile.
    if archive.offer_row(study, to)?.is_some_and(|row| row.ended.is_none()) {
        archive.offered(study, *to, (manifest, ended)).await?;
    }
    Ok(Attempt::Done)
}

/// Offers a study again that was refused, as the same rule said.
pub(super) async fn again(inner: &Inner, to: &SiteId, study: &Uid) -> Result<bool, RulesError> {
    let _changing = inner.changing.lock().await;
    let archive = &inner.parts.archive;
    let row = archive.offer_row(study, to)?;
    let Some(row) = row.filter(|row| matches!(row.ended, Some(Ended::Refused(_) | Ended::Unknown))) else {
        return Ok(false);
    };
    archive.fire(study, Firing { offers: vec![(*to, row.rule)], ..Firing::default() }).await?;
    inner.offers.add(study, *to, 0);
    Ok(true)
}
