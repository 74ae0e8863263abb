//! A holder that is not the custodian: gives of its leased copy of another site's study to whom the custodian names.
//!
//! Each request shows the custodian's pass, and is judged by trust. Only what the pass's manifest names is given, only from a
//! lease that is alive, and only bytes that are still what the manifest names. The first request by a pass is written down
//! twice before a byte leaves: for the site that reads, and for the custodian, which both countersign. A pass that is taken
//! back, a lease that is erased or an agreement that ends cuts what runs.
//!
//! # At a crash
//! The evidence of whatever left is on disk. The asker sees its streams end and asks elsewhere.
//!
//! # Not here
//! Giving passes: [`super::passes`]. Asking by them: [`super::others`].

use super::serve::{Server, Visit};
use crate::{
    archive::{
        ReadError,
        cache::{Cache, CopiedObject, Lease},
    },
    audit::{Act, Actor, Audit, Event},
    tasks::Tasks,
    trust::Permit,
};
use lru::LruCache;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    fetch::{Request, What},
    ids::Id128,
    limits::RANGE_BYTES_MAX,
    manifest::{InstanceEntry, Manifest},
    pass::Pass,
    wire,
};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::OnceCell;

/// Manifests kept unpacked: those of the studies now being given on.
const NAMED_MAX: NonZeroUsize = super::room(8);
/// Passes whose evidence was written; one that is used again later is written down anew.
const WRITTEN_MAX: NonZeroUsize = super::room(4096);
/// Large copies kept open, so that each range does not verify the whole anew. No bytes of them.
const OPEN_MAX: NonZeroUsize = super::room(16);

type Named = Arc<HashMap<Digest, InstanceEntry>>;
type Key = (SiteId, Uid, Digest);
type Once<T> = Arc<OnceCell<T>>;

/// Gives on.
#[derive(Debug)]
pub(crate) struct Lending {
    cache: Cache,
    audit: Audit,
    tasks: Tasks,
    named: Mutex<LruCache<Key, Named>>,
    written: Mutex<LruCache<(SiteId, Id128), Once<()>>>,
    open: Mutex<LruCache<Key, Once<CopiedObject>>>,
}

impl Lending {
    pub(crate) fn new(cache: Cache, audit: Audit, tasks: Tasks) -> Self {
        Self {
            cache,
            audit,
            tasks,
            named: Mutex::new(LruCache::new(NAMED_MAX)),
            written: Mutex::new(LruCache::new(WRITTEN_MAX)),
            open: Mutex::new(LruCache::new(OPEN_MAX)),
        }
    }

    /// What a manifest that we have of a custodian names.
    async fn named(&self, lease: &Lease, pass: &Pass) -> Result<Named, Refusal> {
        let key = (pass.custodian, pass.study.clone(), pass.manifest);
        if let Some(known) = self.named.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let kept = lease.take(&format!("manifest {}", pass.manifest)).await.ok().flatten();
        let bytes = kept.filter(|bytes| Digest::of(bytes) == pass.manifest).ok_or(Refusal::NotHeld)?;
        let manifest: Manifest = wire::decode(&bytes).map_err(|_| Refusal::NotHeld)?;
        if manifest.custodian != pass.custodian || manifest.study != pass.study {
            return Err(Refusal::NotPermitted);
        }
        let entries = manifest.series.into_iter().flat_map(|series| series.instances);
        let named: Named = Arc::new(entries.map(|entry| (entry.digest, entry)).collect());
        self.named.lock().unwrap_or_else(PoisonError::into_inner).put(key, named.clone());
        Ok(named)
    }

    /// Opens what is asked for: by the pass, of a lease that is alive.
    ///
    /// # Errors
    /// The refusal to give.
    pub(super) async fn open(&self, visit: &Visit, request: &Request, pass: &Pass) -> Result<CopiedObject, Refusal> {
        let What::Lent { digest, .. } = &request.what else { return Err(Refusal::Malformed) };
        let lease = self.cache.find(&pass.custodian, &pass.study).ok_or(Refusal::NotHeld)?;
        let named = self.named(&lease, pass).await?;
        let entry = named.get(digest).ok_or(Refusal::NotPermitted)?;
        self.write_down(visit.peer, request, pass, &named).await?;
        if entry.bytes <= RANGE_BYTES_MAX {
            return CopiedObject::open(&lease, entry, &self.tasks).await.map_err(|fault| refusal_of(&fault));
        }
        let slot = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.get_or_insert((pass.custodian, pass.study.clone(), *digest), Arc::default).clone()
        };
        let opened = slot.get_or_try_init(|| CopiedObject::open(&lease, entry, &self.tasks)).await;
        match opened {
            Ok(object) if lease.is_alive() => Ok(object.clone()),
            Ok(_) => Err(Refusal::NotHeld),
            Err(fault) => Err(refusal_of(&fault)),
        }
    }

    /// For the one who reads and for the custodian: each countersigns its own.
    async fn write_down(&self, peer: SiteId, request: &Request, pass: &Pass, named: &Named) -> Result<(), Refusal> {
        let slot = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.get_or_insert((peer, pass.id), Arc::default).clone()
        };
        let written = slot.get_or_try_init(|| async {
            let (instances, bytes) = (named.len() as u64, named.values().map(|entry| entry.bytes).sum());
            let event = |to: SiteId, note: String| {
                let actor = Actor {
                    person: request.reader.person.clone(),
                    role: request.reader.role.clone(),
                    site: Some(peer),
                    ..Actor::default()
                };
                let event = Event::new(Act::CopyLent, actor).peer(to).study(&pass.study).basis(pass.agreement);
                self.audit.record(event.amount(instances, bytes).note(note))
            };
            let (one, two) = tokio::join!(
                event(peer, format!("from our copy, by pass {} of {}", pass.id, pass.custodian)),
                event(pass.custodian, format!("from our copy, by its pass {}, to {peer}", pass.id)),
            );
            one.and(two).map(|_| ())
        });
        match written.await {
            Ok(()) => Ok(()),
            Err(fault) => {
                tracing::error!(%fault, "no evidence, no bytes");
                Err(Refusal::Internal)
            }
        }
    }
}

fn refusal_of(fault: &ReadError) -> Refusal {
    match fault {
        ReadError::Refused(refusal) => *refusal,
        ReadError::Corrupt => Refusal::Corrupt,
        ReadError::NotHeld | ReadError::Offline => Refusal::NotHeld,
        ReadError::Io(fault) => {
            tracing::error!(%fault, "a copy cannot be read");
            Refusal::Internal
        }
    }
}

impl Server {
    /// The permit to give of a copy, by the pass that the request shows.
    ///
    /// # Errors
    /// The refusal to give; it is written down.
    pub(super) async fn permit_lent(
        &self,
        visit: &Visit,
        request: &Request,
    ) -> Result<(Permit, Option<Pass>), Refusal> {
        let What::Lent { pass, .. } = &request.what else { return Err(Refusal::Malformed) };
        let whose = (&request.study, &request.reader);
        match self.trust.authorize_lent(&visit.peer, whose, pass) {
            Ok((pass, permit)) => Ok((permit, Some(pass))),
            Err(refusal) => {
                let actor = Actor {
                    person: request.reader.person.clone(),
                    role: request.reader.role.clone(),
                    site: Some(visit.peer),
                    ..Actor::default()
                };
                let why = || format!("of our copy, by a pass of {}", pass.claimed_signer());
                self.alerts.refused(actor, visit.peer, &request.study, refusal, why).await;
                self.slow(visit.peer).await;
                Err(refusal)
            }
        }
    }

    /// A custodian takes back a pass that it gave for us.
    pub(super) fn hear_pass_over(&self, visit: &Visit, id: &Id128) {
        self.trust.pass_over(&visit.peer, id);
        tracing::debug!(custodian = %visit.peer.short(), at = ?Instant::now(), "a pass is over");
    }
}
