//! The pixel plane: bytes of studies between sites that trust one another, verified as they come.
//!
//! One QUIC endpoint of our own carries requests of `protocol::fetch`: one stream per range, urgent ones first. What a
//! peer may have is trust's judgement, made anew for every reader and study, written down before a byte leaves, and
//! watched while bytes flow. What comes from a peer is believed only as far as it is what that peer signed.
//!
//! # At a crash
//! Nothing is kept here: the holder's evidence is in the audit log, the asker's bytes are in the leased cache.
//!
//! # Not here
//! Who has which study: `overlay`. Who reads it, and what the reader sees: `studies`.

mod access;
mod ahead;
mod aside;
mod attached;
mod calls;
mod coded;
mod coding;
mod congestion;
mod dial;
mod doubts;
mod endpoint;
mod errand;
mod extent;
mod failure;
mod fetch;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod give;
mod give_ahead;
mod give_back;
mod kept;
mod keys;
mod lend;
mod line;
mod links;
mod losses;
mod memory;
mod opening;
mod others;
mod outgoing;
mod passes;
mod past;
mod progress;
mod pump;
mod raise;
mod rates;
mod receive;
mod recover;
mod roads;
mod sample;
mod schedule;
mod send;
mod serve;
mod share;
mod spread;
mod trial;
mod turns;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use ahead::{believe_glance, believe_previews};
pub(crate) use aside::Message;
pub(crate) use errand::{Errand, Object, Steer, Tally};
pub(crate) use failure::Failure;
pub(crate) use fetch::{believe_manifest, unpack_headers};
pub(crate) use give_ahead::{Lent, Shown};
pub(crate) use kept::time_of;
pub(crate) use links::LinkRow;
pub(crate) use opening::Opening;
pub(crate) use outgoing::{GivenTotal, OutgoingRow};
pub(crate) use past::Past;
pub(crate) use progress::Rate;
pub(crate) use recover::{Lost, Recovery, Right};
pub(crate) use trial::Trial;

use crate::{
    archive::{
        Archive,
        cache::{Cache, CacheError, Lease},
    },
    audit::{Alerts, Audit},
    backup::{Held, Second},
    cases::Cases,
    config::Config,
    identity::Identity,
    pace::Pace,
    tasks::Tasks,
    trust::{Trust, TrustEvent},
};
use bytes::Bytes;
use coding::Coding;
use fetch::Fault;
use keys::{Gate, Keys};
use line::Line;
use protocol::{
    Digest, Key, Refusal, SiteId, Uid,
    congestion::Law,
    fetch::{Priority, Reader, Request, What},
    manifest::{Manifest, SeriesEntry, StudyCard},
};
use pump::Pump;
use quinn::{Connection, Endpoint};
use roads::{Roads, relay::Relay};
use serve::Server;
use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak},
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, mpsc, watch};
use turns::Turns;

/// Handshakes under way at once, of anybody.
const HANDSHAKES_MAX: usize = 64;
/// A handshake that takes longer is dropped.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Handshakes from one address at once: a hospital group behind one, all starting again.
const CALLS_BURST: u32 = 256;
/// One more in so long. A handshake costs about a millisecond of one core.
const CALL_EACH: Duration = Duration::from_millis(50);
/// Connections of one site at once. A site keeps one, and dials some when the line is bad.
const VISITS_BURST: u32 = 32;
/// One more in so long.
const VISIT_EACH: Duration = Duration::from_secs(1);
/// How long a manifest or header pack waits for a connection.
const REACH_WITHIN: Duration = Duration::from_secs(3);
/// Connections a manifest or header pack is asked on, one after the other as they are lost.
const BLOB_TRIES: usize = 3;
/// The role that a node asks in for what mends its own store.
const REPAIR: &str = "repair";
/// Strange keys waiting to be written down; more are the same flood.
const KNOCKS_MAX: usize = 16;

/// The room of a bounded memory.
const fn room(entries: usize) -> NonZeroUsize {
    match NonZeroUsize::new(entries) {
        Some(entries) => entries,
        None => NonZeroUsize::MIN,
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error("the holder cannot be reached")]
    Unreachable,
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// What came was not what the holder signed. Audited as a security alert.
    #[error("what came is not what the site signed")]
    Corrupt,
    #[error("the holder broke the protocol")]
    Protocol,
    #[error("the transfer was given up")]
    Cancelled,
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct TransferParts {
    pub(crate) config: Arc<Config>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) sources: crate::sources::Sources,
    pub(crate) cases: Cases,
    pub(crate) second: Second,
    pub(crate) held: Held,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    pub(crate) past: Past,
}

#[derive(Debug)]
struct Inner {
    site: SiteId,
    identity: Arc<Identity>,
    keys: RwLock<Keys>,
    law: Law,
    /// What earlier connections measured.
    known: Arc<congestion::Known>,
    endpoint: Endpoint,
    roads: Roads,
    relay: Relay,
    messages: OnceLock<mpsc::Sender<Message>>,
    trust: Trust,
    server: Arc<Server>,
    alerts: Alerts,
    doubts: doubts::Doubts,
    tasks: Tasks,
    /// Handshakes by address, before anything is spent on one.
    callers: Pace<IpAddr>,
    /// Connections by site.
    visits: Pace<SiteId>,
    coding: Arc<Coding>,
    past: Arc<Past>,
    access: Arc<access::Access>,
    pumps: Mutex<HashMap<SiteId, Arc<Pump>>>,
    this: Weak<Self>,
}

impl Transfer {
    /// Binds the endpoint and serves trusted peers.
    ///
    /// # Errors
    /// [`TransferError::Listen`].
    #[expect(clippy::unused_async, reason = "binding needs the runtime, and the caller awaits all parts alike")]
    pub(crate) async fn start(parts: TransferParts) -> Result<Self, TransferError> {
        let TransferParts { config, identity, trust, archive, cache, sources, cases, second, held, audit, tasks, past } =
            parts;
        let address = config.pixels.listen;
        let listen = |e: rustls::Error| TransferError::Listen { address, source: std::io::Error::other(e) };
        let (rekeyed, news) = (identity.changes(), trust.events());
        let keys = Keys::new(identity.key().signing_key()).map_err(listen)?;
        let (knock, knocks) = mpsc::channel(KNOCKS_MAX);
        let gate = Self::gate(trust.clone(), knock);
        let (tcp, law) = (config.pixels.tcp, config.pixels.congestion);
        let bound = endpoint::bind(address, &keys, gate.clone(), (tcp, law))?;
        let roads = Roads::new(bound.table, bound.socket, tcp, gate.clone());
        let (alerts, doubts) = (Alerts::new(audit), doubts::Doubts::new(cases.clone()));
        let coding = Coding::new(config.pixels.coding, &tasks);
        let ahead = give_ahead::Ahead::new(archive.clone(), cases.clone(), identity.clone());
        let server = Arc::new(Server {
            trust: trust.clone(),
            archive: archive.clone(),
            sources,
            cases,
            attaching: Turns::default(),
            alerts: alerts.clone(),
            giver: give::Giver::new(archive, tasks.clone(), coding.clone(), ahead),
            given_back: give_back::GiveBack::new(cache.clone()),
            lending: lend::Lending::new(cache, alerts.audit().clone(), tasks.clone()),
            watched: passes::Watched::default(),
            kept: kept::Kept::new(trust.clone(), identity.clone(), second, held, tasks.clone()),
            begun: serve::begun_pace(),
            refused: serve::refused_pace(),
            rates: Arc::default(),
            outgoing: outgoing::Outgoing::default(),
            trials: trial::Trials::default(),
            roads: serve::Outward::default(),
            tasks: tasks.clone(),
        });
        let inner = Arc::new_cyclic(|this| Inner {
            site: identity.site(),
            relay: Relay::new(config.relay.clone(), identity.site()),
            identity,
            keys: RwLock::new(keys),
            law,
            known: Arc::default(),
            endpoint: bound.endpoint,
            roads,
            messages: OnceLock::new(),
            trust,
            server: server.clone(),
            alerts,
            doubts,
            tasks: tasks.clone(),
            callers: Pace::new(CALLS_BURST, CALL_EACH),
            visits: Pace::new(VISITS_BURST, VISIT_EACH),
            coding,
            past: Arc::new(past),
            access: Arc::default(),
            pumps: Mutex::default(),
            this: this.clone(),
        });
        server.roads.set(inner.this.clone());
        tasks.spawn("transfer.alerts", inner.alerts.clone().run(tasks.clone()));
        tasks.spawn("transfer.doubts", inner.doubts.clone().run(tasks.clone()));
        tasks.spawn("transfer.accept", calls::accept(inner.clone()));
        if let Some(listener) = bound.listener {
            tasks.spawn("transfer.tcp", roads::tcp::accept(inner.clone(), listener));
        }
        tasks.spawn("transfer.knocks", calls::write_knocks(inner.clone(), knocks));
        tasks.spawn("transfer.trust", follow_trust(inner.clone(), news));
        tasks.spawn("transfer.keys", follow_keys(inner.clone(), gate, rekeyed));
        Ok(Self { inner })
    }

    /// Lets keys of peers in, and tells of others.
    fn gate(trust: Trust, knock: mpsc::Sender<(Key, Instant)>) -> Gate {
        Arc::new(move |key: &Key| {
            let is_peer = trust.peer_with(key).is_some();
            if !is_peer {
                // A full queue already tells of a flood.
                let _ = knock.try_send((*key, Instant::now()));
            }
            is_peer
        })
    }

    /// The address the endpoint is bound to.
    pub(crate) fn address(&self) -> Option<std::net::SocketAddr> {
        self.inner.endpoint.local_addr().ok()
    }

    /// Whether a connection to the peer is open.
    pub(crate) fn is_connected(&self, peer: &SiteId) -> bool {
        self.inner.pump(peer).is_some_and(|p| p.line().live().is_some())
    }

    /// Whether the peer was dialled last without success.
    pub(crate) fn is_down(&self, peer: &SiteId) -> bool {
        self.inner.pump(peer).is_none_or(|p| p.line().is_down())
    }

    /// Whether somebody waits for what is asked of any holder: background work holds back then.
    pub(crate) fn is_urgent(&self) -> bool {
        let pumps = self.inner.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        pumps.values().any(|pump| pump.is_urgent())
    }

    /// Waits for a connection to a peer.
    ///
    /// # Errors
    /// [`TransferError::Unreachable`].
    pub(crate) async fn reach(&self, peer: &SiteId, within: Duration) -> Result<(), TransferError> {
        let pump = self.inner.pump(peer).ok_or(Refusal::NotPaired)?;
        pump.line().reach(within).await.map(|_| ())
    }

    /// Begins an errand for a study of a holder.
    ///
    /// # Errors
    /// When the holder is no peer.
    pub(crate) fn errand(&self, holder: &SiteId, study: &Uid, lease: Lease) -> Result<Arc<Errand>, TransferError> {
        let pump = self.inner.pump(holder).ok_or(Refusal::NotPaired)?;
        let ended = pump.line().over.child_token();
        Ok(Errand::new((*holder, study.clone()), lease, pump, ended, self.inner.doubts.clone()))
    }

    /// The manifest that a card names, believed.
    ///
    /// # Errors
    /// [`TransferError`]; [`TransferError::Corrupt`] is in the audit log already.
    pub(crate) async fn manifest(
        &self,
        holder: &SiteId,
        card: &StudyCard,
        reader: &Reader,
    ) -> Result<(Bytes, Manifest), TransferError> {
        let named = card.manifest.ok_or(Refusal::NotHeld)?;
        let request = Request {
            study: card.study.clone(),
            reader: reader.clone(),
            priority: Priority::Screen,
            what: What::Manifest(named.digest),
        };
        let bytes = self.blob(holder, &request, fetch::manifest_bytes_max(card)).await?;
        match believe_manifest(card, &bytes) {
            Ok(manifest) => Ok((bytes, manifest)),
            Err(fault) => {
                Err(self.doubt(holder, &card.study, "a manifest is not the one the site signed", fault).await)
            }
        }
    }

    /// Has the holder bring a study to where it can be read: one of which there is no manifest yet, since it lies in the
    /// PACS beside the holder.
    ///
    /// # Errors
    /// [`Refusal::Busy`] while it is brought; [`Refusal::NotHeld`] where there is nothing to bring; as
    /// [`Self::manifest`].
    pub(crate) async fn rouse(&self, holder: &SiteId, study: &Uid, reader: &Reader) -> Result<(), TransferError> {
        let what = What::Manifest(Digest::of(study.as_str().as_bytes()));
        let request = Request { study: study.clone(), reader: reader.clone(), priority: Priority::Screen, what };
        self.blob(holder, &request, 0).await.map(|_| ())
    }

    /// The header pack of a series as of a manifest, and the headers in it, believed.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub(crate) async fn headers(
        &self,
        holder: &SiteId,
        (study, manifest): (&Uid, &Digest),
        series: &SeriesEntry,
        reader: &Reader,
    ) -> Result<(Bytes, Vec<Bytes>), TransferError> {
        let request = Request {
            study: study.clone(),
            reader: reader.clone(),
            priority: Priority::Screen,
            what: What::Headers { manifest: *manifest, series: series.series.clone() },
        };
        let pack = self.blob(holder, &request, fetch::pack_bytes_max(series)).await?;
        self.unpacked(holder, study, pack, series.clone()).await
    }

    async fn doubt(&self, holder: &SiteId, study: &Uid, what: &'static str, fault: TransferError) -> TransferError {
        if matches!(fault, TransferError::Corrupt) {
            self.inner.alerts.security(what, *holder, Some(study)).await;
        }
        fault
    }

    async fn blob(&self, holder: &SiteId, request: &Request, bytes_max: usize) -> Result<Bytes, TransferError> {
        let pump = self.inner.pump(holder).ok_or(Refusal::NotPaired)?;
        for _ in 0..BLOB_TRIES {
            let live = pump.line().reach(REACH_WITHIN).await?;
            pump.line().pulse.beat();
            let came = tokio::select! {
                () = live.abandoned.cancelled() => Err(Fault::Lost),
                () = silence(pump.line(), &live) => Err(Fault::Lost),
                came = fetch::blob(&live, request, bytes_max) => came,
            };
            match came {
                Ok(bytes) => return Ok(bytes),
                Err(Fault::Lost) => {}
                Err(Fault::Failed(failure)) => return Err(failure.into()),
            }
        }
        Err(TransferError::Unreachable)
    }
}

/// Reports silence again and again; never resolves, the line abandons a dead connection.
async fn silence(line: &Line, live: &line::Live) {
    loop {
        tokio::time::sleep(progress::patience(live.connection.rtt())).await;
        line.report_silence();
    }
}

impl Inner {
    /// The pump of a trusted peer, made when it is first needed.
    fn pump(&self, peer: &SiteId) -> Option<Arc<Pump>> {
        let mut pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pump) = pumps.get(peer) {
            return Some(pump.clone());
        }
        self.trust.peer(peer)?;
        let this = self.this.upgrade()?;
        let line = Arc::new(Line::new(*peer, self.tasks.stop_token()));
        let parts = pump::PumpParts {
            alerts: self.alerts.clone(),
            tasks: self.tasks.clone(),
            coding: self.coding.clone(),
            past: self.past.clone(),
            access: self.access.clone(),
        };
        let pump = Arc::new(Pump::new(line.clone(), parts));
        pumps.insert(*peer, pump.clone());
        drop(pumps);
        self.tasks.spawn("transfer.sample", this.clone().keep_sampled(pump.clone()));
        self.tasks.spawn("transfer.line", async move { line.keep(&*this).await });
        self.tasks.spawn("transfer.pump", pump.clone().run());
        Some(pump)
    }

    fn serve(&self, peer: SiteId, connection: &Connection) {
        let noting = self.known.enter(peer, connection);
        let attending = serve::attend(self.server.clone(), peer, connection.clone());
        self.tasks.spawn("transfer.attend", async move {
            attending.await;
            drop(noting);
        });
        if let Some(tunnel) = self.roads.table.at(&connection.remote_address()) {
            let connection = connection.clone();
            self.tasks.spawn("transfer.tunnel.watch", async move {
                tokio::select! {
                    _ = connection.closed() => tunnel.over.cancel(),
                    () = tunnel.over.cancelled() => connection.close(endpoint::code::REPLACED, b"the road ended"),
                }
            });
        }
    }

    fn keys(&self) -> Keys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections made with a key of before end: those with one peer, or, where the key was ours, all.
    fn renew(&self, peer: Option<&SiteId>) {
        let pumps: Vec<Arc<Pump>> = {
            let pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
            pumps
                .iter()
                .filter(|(site, _)| peer.is_none_or(|peer| peer == *site))
                .map(|(_, pump)| pump.clone())
                .collect()
        };
        pumps.iter().for_each(|pump| pump.line().renew());
        self.roads.table.end(peer);
    }

    /// Closes lines of sites that are no peers any more, and opens those of new ones.
    fn follow(&self) {
        let peers: Vec<SiteId> =
            self.trust.peers().into_iter().map(|p| p.site).filter(|site| self.trust.peer(site).is_some()).collect();
        let ended: Vec<Arc<Pump>> = {
            let mut pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
            let gone: Vec<SiteId> = pumps.keys().filter(|site| !peers.contains(site)).copied().collect();
            gone.iter().filter_map(|site| pumps.remove(site)).collect()
        };
        self.past.keep_only(&peers);
        for pump in ended {
            pump.line().end();
            self.roads.table.end(Some(&pump.line().peer));
        }
        for peer in peers {
            self.pump(&peer);
        }
    }
}

/// Dials and is dialled with our key of now.
async fn follow_keys(inner: Arc<Inner>, gate: Gate, mut changes: watch::Receiver<()>) {
    let stop = inner.tasks.stop_token();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
        let made = Keys::new(inner.identity.key().signing_key())
            .and_then(|keys| endpoint::accepting(&keys, gate.clone(), inner.law).map(|server| (keys, server)));
        match made {
            Ok((keys, server)) => {
                *inner.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
                inner.endpoint.set_server_config(Some(server));
                inner.renew(None);
            }
            Err(why) => tracing::error!(%why, "the new key does not speak before the next start"),
        }
    }
}

async fn follow_trust(inner: Arc<Inner>, mut news: broadcast::Receiver<TrustEvent>) {
    let stop = inner.tasks.stop_token();
    inner.follow();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = news.recv() => event,
        };
        match event {
            Ok(TrustEvent::KeysChanged(site)) if site != inner.site => inner.renew(Some(&site)),
            Ok(_) => inner.follow(),
            // Missed some: the records themselves tell; that a key was changed is not among what stands.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                inner.follow();
                inner.renew(None);
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}
