//! The holder's side of a repair: a peer is given back bytes that it signed itself, from the copy that was leased of it.
//!
//! It needs no agreement beyond the pairing: they are the asker's own bytes, and go to nobody else. Only whole copies are
//! given, only to the site whose lease it is, one stream of a peer at a time and at a bounded pace. The evidence is
//! written before a byte leaves. When the lease ended there is nothing to give: its key is gone.
//!
//! # Not here
//! What an agreement lets a peer read: [`super::serve`]. Comparing what comes back: [`super::recover`].

use super::give::{Sender, values_bytes};
use crate::{
    archive::cache::{Cache, Copy},
    audit::{Act, Actor, Alerts, Event},
};
use bytes::Bytes;
use lru::LruCache;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    digest::{Groups, GroupsBuilder},
    fetch::{Answer, Request, What, groups_bytes},
    limits::{GROUP_BYTES, RANGE_BYTES_MAX},
};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What one peer is given back in a second at most: a repair is never urgent enough to slow a reader.
const BYTES_PER_S: u64 = 16 << 20;
/// Read of a copy at once.
const PIECE_BYTES: u64 = 256 * 1024;
/// Studies given back lately; one that is asked for again later is written down anew.
const WRITTEN_MAX: NonZeroUsize = super::room(256);
/// Returns of a study within this time are one event.
const ONE_EVENT: Duration = Duration::from_secs(30 * 60);

/// Gives back.
#[derive(Debug)]
pub(crate) struct GiveBack {
    cache: Cache,
    /// One stream of a peer at a time. Bounded by the number of peers.
    turns: Mutex<HashMap<SiteId, Arc<tokio::sync::Mutex<()>>>>,
    written: Mutex<LruCache<(SiteId, Uid), Instant>>,
}

impl GiveBack {
    pub(crate) fn new(cache: Cache) -> Self {
        Self { cache, turns: Mutex::default(), written: Mutex::new(LruCache::new(WRITTEN_MAX)) }
    }

    fn turn(&self, peer: &SiteId) -> Arc<tokio::sync::Mutex<()>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(*peer).or_default().clone()
    }

    /// Answers [`What::Return`] of a trusted peer.
    ///
    /// # Errors
    /// The refusal to give when nothing was sent yet; after that, that the stream must be cut.
    pub(crate) async fn give(
        &self,
        peer: &SiteId,
        request: &Request,
        alerts: &Alerts,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let What::Return { digest, groups, first_group, groups_wanted } = &request.what else {
            return Err(Refusal::Malformed);
        };
        if u64::from(*groups_wanted) * GROUP_BYTES > RANGE_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        let turn = self.turn(peer);
        let _turn = turn.lock().await;
        let lease = self.cache.find(peer, &request.study).ok_or(Refusal::NotHeld)?;
        let whole = lease.whole(digest).await.map_err(|_| Refusal::NotHeld)?;
        let (copy, size) = whole.ok_or(Refusal::NotHeld)?;
        let values = if *groups { Some(groups_of(&copy, size, digest).await?) } else { None };
        self.write_down(peer, request, size, alerts).await?;
        let bytes = groups_bytes(size, *first_group, *groups_wanted);
        let at = first_group.saturating_mul(GROUP_BYTES).min(size);
        let piece = copy.read(at, bytes).await.ok().flatten().ok_or(Refusal::NotHeld)?;
        let values = values.as_ref().map_or_else(Bytes::new, values_bytes);
        let count = u32::try_from(values.len() / 32).map_err(|_| Refusal::Internal)?;
        let length = u32::try_from(bytes).map_err(|_| Refusal::Internal)?;
        to.head(&Answer::Range { object_bytes: size, values: count, bytes: length }).await?;
        if !values.is_empty() {
            to.piece(values).await?;
        }
        to.piece(piece).await?;
        to.finish().await?;
        tokio::time::sleep(Duration::from_micros(bytes.saturating_mul(1_000_000) / BYTES_PER_S)).await;
        Ok(())
    }

    /// Answers [`What::ReturnManifest`] of a trusted peer: UIDs and digests that it signed.
    ///
    /// # Errors
    /// As [`Self::give`].
    pub(crate) async fn give_manifest(
        &self,
        peer: &SiteId,
        request: &Request,
        digest: &Digest,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let lease = self.cache.find(peer, &request.study).ok_or(Refusal::NotHeld)?;
        let kept = lease.take(&format!("manifest {digest}")).await.ok().flatten();
        let bytes = kept.filter(|bytes| Digest::of(bytes) == *digest).ok_or(Refusal::NotHeld)?;
        to.head(&Answer::Blob { bytes: u32::try_from(bytes.len()).map_err(|_| Refusal::Internal)? }).await?;
        to.piece(bytes).await?;
        to.finish().await
    }

    async fn write_down(&self, peer: &SiteId, request: &Request, size: u64, alerts: &Alerts) -> Result<(), Refusal> {
        let key = (*peer, request.study.clone());
        let is_written = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.get(&key).is_some_and(|at| at.elapsed() < ONE_EVENT)
        };
        if is_written {
            return Ok(());
        }
        let actor = Actor {
            person: request.reader.person.clone(),
            role: request.reader.role.clone(),
            site: Some(*peer),
            ..Actor::default()
        };
        let event = Event::new(Act::ObjectReturned, actor).peer(*peer).study(&request.study).amount(1, size);
        let recorded = alerts.audit().record(event.note("its own bytes, from our copy")).await;
        recorded.map_err(|fault| {
            tracing::error!(%fault, "no evidence, no bytes");
            Refusal::Internal
        })?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).put(key, Instant::now());
        Ok(())
    }
}

/// The group values of a copy that is still what its digest says.
async fn groups_of(copy: &Copy, size: u64, digest: &Digest) -> Result<Groups, Refusal> {
    let mut hasher = GroupsBuilder::default();
    let mut at = 0;
    while at < size {
        let piece = copy.read(at, PIECE_BYTES).await.ok().flatten().ok_or(Refusal::NotHeld)?;
        hasher.update(&piece);
        at += PIECE_BYTES;
    }
    let (groups, read) = hasher.finish();
    if read == *digest { Ok(groups) } else { Err(Refusal::Corrupt) }
}
