//! The holder's side: gives a trusted peer what it may have, and nothing else.
//!
//! Every request is judged by trust; the first under a permit writes its evidence durably before any byte leaves; every
//! send also waits for the end of its permit, so that a withdrawn one cuts the stream where it is.
//!
//! # At a crash
//! The evidence of whatever left is on disk. The asker sees its streams end and asks again for what is missing.
//!
//! # Not here
//! Whose key it is: [`super::keys`]. What the bytes are and whether they are still those that were signed: `archive`.

use super::{
    Inner,
    coding::Load,
    endpoint::code,
    extent::{Extent, level},
    give::{Giver, Sender},
    give_back::GiveBack,
    kept::Kept,
    lend::Lending,
    outgoing::{Begun, Outgoing},
    passes::Watched,
    rates::{Rates, Throttle},
    trial::Trials,
    turns::Turns,
    wire,
};
use crate::{
    archive::{Archive, StudyRow},
    audit::{Act, Actor, Alerts, Event},
    cases::Cases,
    pace::Pace,
    sources::{Recalling, Sources},
    tasks::{self, Tasks},
    trust::{Caller, Held, Permit, Served, Trust, TrustError},
};
use lru::LruCache;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    agreement::{Level, StudyFacts, Withheld},
    catalog::Basis,
    fetch::{Answer, Priority, Reader, Request, What},
    pass::Pass,
};
use quinn::{Connection, RecvStream, SendStream};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, broadcast::error::RecvError, watch};

/// Requests served at once for one connection; more wait in their streams.
const SERVED_MAX: usize = 128;
/// A request that does not come whole within this time is dropped.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// Permits kept for one connection: as many readers × studies as a busy night has.
const PERMITS_MAX: NonZeroUsize = super::room(512);
/// A permit unused for so long is asked for, and written down, anew.
const PERMIT_IDLE: Duration = Duration::from_secs(30 * 60);
/// A peer whose study is being recalled comes again after this time.
const RECALL_RETRY_MS: u32 = 2000;
/// What a refusal takes at least for whoever is refused too often.
const REFUSED_WAIT: Duration = Duration::from_secs(1);
/// Requests that cannot be read after which a connection is closed: an honest peer sends none.
const UNREADABLE_MAX: u32 = 16;
/// Streams that end without a request, one after the other, after which a connection is closed: an honest peer changes its
/// mind now and then, and asks something in between.
const NOTHING_MAX: u32 = 8192;

/// The way from what is served on one connection to the other lines. Set once, when both are there.
#[derive(Debug, Default)]
pub(crate) struct Outward(OnceLock<Weak<Inner>>);

impl Outward {
    pub(crate) fn set(&self, inner: Weak<Inner>) {
        let _ = self.0.set(inner);
    }

    pub(crate) fn get(&self) -> Option<Arc<Inner>> {
        self.0.get()?.upgrade()
    }
}

/// What serving needs.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) trust: Trust,
    pub(crate) archive: Archive,
    pub(crate) sources: Sources,
    pub(crate) cases: Cases,
    /// What goes with cases, held in memory while it is sent: each peer has turns of its own.
    pub(crate) attaching: Turns,
    pub(crate) alerts: Alerts,
    pub(crate) giver: Giver,
    pub(crate) given_back: GiveBack,
    pub(crate) kept: Kept,
    pub(crate) lending: Lending,
    /// Passes that we gave, watched.
    pub(crate) watched: Watched,
    /// Readings that begin: each is a record on disk before its first byte leaves, and a peer may name a new reader with
    /// every request.
    pub(crate) begun: Pace<SiteId>,
    /// Readings that are refused: each is judged and looked up.
    pub(crate) refused: Pace<SiteId>,
    pub(crate) rates: Arc<Rates>,
    pub(super) outgoing: Outgoing<Connection>,
    pub(crate) trials: Trials,
    pub(crate) roads: Outward,
    pub(crate) tasks: Tasks,
}

type Slot = Arc<tokio::sync::Mutex<Option<(Permit, Instant)>>>;

/// One connection of one peer.
pub(super) struct Visit {
    pub(super) peer: SiteId,
    connection: Connection,
    load: Load,
    permits: Mutex<LruCache<(Uid, Reader, Extent), Slot>>,
    running: Running,
    unreadable: AtomicU32,
    /// Streams without a request since the last one with.
    nothing: AtomicU32,
}

/// Priorities of the sends that run for an object.
#[derive(Default)]
struct Running(Mutex<HashMap<Digest, Vec<Arc<watch::Sender<Priority>>>>>);

impl Running {
    fn enter(&self, digest: Digest, priority: Priority) -> Arc<watch::Sender<Priority>> {
        let sender = Arc::new(watch::Sender::new(priority));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_default().push(sender.clone());
        sender
    }
    fn leave(&self, digest: &Digest, sender: &Arc<watch::Sender<Priority>>) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = running.get_mut(digest) {
            list.retain(|s| !Arc::ptr_eq(s, sender));
            if list.is_empty() {
                running.remove(digest);
            }
        }
    }
    fn raise(&self, digest: &Digest, priority: Priority) {
        if let Some(list) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(digest) {
            for sender in list {
                sender.send_if_modified(|current| {
                    let rises = priority > *current;
                    *current = priority.max(*current);
                    rises
                });
            }
        }
    }
}

/// A night's list opened in a second, then fifty a second.
pub(crate) fn begun_pace() -> Pace<SiteId> {
    Pace::new(256, Duration::from_millis(20))
}

/// As many refusals: an agreement that ends under a list makes some.
pub(crate) fn refused_pace() -> Pace<SiteId> {
    Pace::new(256, Duration::from_millis(20))
}

/// Serves one connection until it closes.
pub(crate) async fn attend(server: Arc<Server>, peer: SiteId, connection: Connection) {
    let (permits, running) = (Mutex::new(LruCache::new(PERMITS_MAX)), Running::default());
    let (unreadable, nothing) = (AtomicU32::new(0), AtomicU32::new(0));
    let load = Load::new(connection.clone());
    let visit = Arc::new(Visit { peer, connection: connection.clone(), load, permits, running, unreadable, nothing });
    let room = Arc::new(Semaphore::new(SERVED_MAX));
    let stop = server.tasks.stop_token();
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let stream = tokio::select! {
            () = stop.cancelled() => {
                connection.close(code::STOPPING, b"stopping");
                return;
            }
            stream = connection.accept_bi() => stream,
        };
        let Ok((send, recv)) = stream else { return };
        let (server, visit) = (server.clone(), visit.clone());
        server.tasks.clone().spawn("transfer.serve", async move {
            let _place = place;
            server.request(&visit, send, recv).await;
        });
    }
}

impl Server {
    async fn request(self: &Arc<Self>, visit: &Visit, mut send: SendStream, mut recv: RecvStream) {
        let request = match tokio::time::timeout(REQUEST_WITHIN, wire::read_request(&mut recv)).await {
            Ok(Ok(request)) => request,
            Ok(Err(fault)) if fault.is_theirs() => {
                let _ = send.reset(code::MALFORMED);
                return self.unreadable(visit).await;
            }
            Ok(Err(_)) | Err(_) => return self.nothing_asked(visit).await,
        };
        visit.nothing.store(0, Ordering::Relaxed);
        if !is_plain(&request.reader) {
            self.unreadable(visit).await;
            return refuse(send, Refusal::Malformed).await;
        }
        if let What::Reprioritize { digest } = &request.what {
            visit.running.raise(digest, request.priority);
            let _ = send.finish();
            return;
        }
        if let What::Roads | What::Relay { .. } | What::Relayed { .. } | What::Message { .. } = &request.what {
            return self.on_roads(visit, &request.what, (send, recv)).await;
        }
        if let What::Line | What::Sample { .. } = &request.what {
            return self.on_line(visit.peer, &visit.connection, &request.what, &mut send).await;
        }
        if let What::Trial { .. } = &request.what {
            return self.try_link(visit.peer, &visit.connection, &request, &mut send).await;
        }
        if let What::Return { .. } | What::ReturnManifest(_) | What::Kept(_) | What::Attachment { .. } = &request.what {
            return self.give_apart(visit, &request, &mut send).await;
        }
        if let What::PassOver(id) = &request.what {
            self.hear_pass_over(visit, id);
            let _ = wire::write_answer(&mut send, &Answer::Blob { bytes: 0 }).await;
            let _ = send.finish();
            return;
        }
        let object = match &request.what {
            What::Range { digest, .. } | What::Coded { digest, .. } | What::Lent { digest, .. } => Some(*digest),
            _ => None,
        };
        // Before it is judged, which takes the time of a write: what is raised meanwhile is raised.
        let entered = object.map(|digest| (digest, visit.running.enter(digest, request.priority)));
        let raised = entered.as_ref().map(|(_, priority)| priority.subscribe());
        self.judge_and_send(visit, &request, send, raised).await;
        if let Some((digest, priority)) = &entered {
            visit.running.leave(digest, priority);
        }
    }

    async fn judge_and_send(
        self: &Arc<Self>,
        visit: &Visit,
        request: &Request,
        mut send: SendStream,
        raised: Option<watch::Receiver<Priority>>,
    ) {
        let permitted = match &request.what {
            What::Lent { .. } => self.permit_lent(visit, request).await,
            _ => self.permit(visit, request).await.map(|permit| (permit, None)),
        };
        match permitted {
            Err(refusal) => refuse(send, refusal).await,
            Ok((permit, _)) if matches!(request.what, What::Passes { .. }) => {
                self.give_passes(visit, &permit, request, &mut send).await;
            }
            Ok((permit, pass)) => {
                self.send_while_permitted((visit, &permit, pass.as_ref()), request, &mut send, raised).await;
            }
        }
    }

    /// What is asked about roads rather than studies. Of trust it needs that the sites are paired, which the connection
    /// shows.
    async fn on_roads(&self, visit: &Visit, what: &What, (mut send, recv): (SendStream, RecvStream)) {
        let Some(inner) = self.roads.get() else { return };
        match what {
            What::Roads => inner.tell_offer(visit.peer, visit.connection.remote_address(), send).await,
            What::Relay { to } => inner.carry_for(visit.peer, *to, (send, recv)).await,
            What::Relayed { from } => inner.hear_relayed(visit.peer, *from, (send, recv)).await,
            What::Message { bytes } => self.hear(visit.peer, *bytes, (send, recv)).await,
            _ => {
                let _ = send.reset(code::MALFORMED);
            }
        }
    }

    /// Whoever is refused too often waits for it, in a place of its own connection.
    pub(super) async fn slow(&self, peer: SiteId) {
        if let Err(wait) = self.refused.take(&peer, Instant::now()) {
            self.tasks.pause(wait.max(REFUSED_WAIT)).await;
        }
    }

    /// A request that breaks the protocol is told to admins; who sends them again and again is cut off.
    async fn unreadable(&self, visit: &Visit) {
        let count = visit.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        self.alerts.security("requests that cannot be read", visit.peer, None).await;
        if count >= UNREADABLE_MAX {
            visit.connection.close(code::MALFORMED, b"requests that cannot be read");
        }
    }

    /// A stream that is given up before it asks costs little; a peer that opens them without end is told to admins and cut
    /// off.
    async fn nothing_asked(&self, visit: &Visit) {
        if visit.nothing.fetch_add(1, Ordering::Relaxed) + 1 == NOTHING_MAX {
            visit.connection.close(code::MALFORMED, b"streams that ask nothing");
            self.alerts.security("streams that ask nothing", visit.peer, None).await;
        }
    }

    /// What no agreement about a study lets out: the asker's own bytes, sealed ones, and what goes with a case of both. Revoking
    /// the pairing closes the connection under it.
    async fn give_apart(&self, visit: &Visit, request: &Request, send: &mut SendStream) {
        let stop = self.tasks.stop_token();
        let is_attachment = matches!(request.what, What::Attachment { .. });
        let priority = if is_attachment { Priority::Series } else { Priority::Backup };
        let mut sender = Sender::new(send, priority, None);
        let given = if let Err(refusal) = self.trust.require_open() {
            Err(refusal)
        } else {
            let giving = async {
                match &request.what {
                    What::Attachment { .. } => self.give_attachment(&visit.peer, request, &mut sender).await,
                    What::Kept(_) => self.kept.give(&visit.peer, request, &self.alerts, &mut sender).await,
                    What::ReturnManifest(digest) => {
                        self.given_back.give_manifest(&visit.peer, request, digest, &mut sender).await
                    }
                    _ => self.given_back.give(&visit.peer, request, &self.alerts, &mut sender).await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => Err(Refusal::Internal),
                given = giving => given,
            }
        };
        match given {
            Ok(()) => {}
            Err(refusal) if !sender.has_begun() => {
                let _ = sender.head(&Answer::Refused(refusal)).await;
                let _ = send.finish();
            }
            Err(_) => {
                let _ = send.reset(code::UNWANTED);
            }
        }
    }

    async fn send_while_permitted(
        &self,
        (visit, permit, pass): (&Visit, &Permit, Option<&Pass>),
        request: &Request,
        send: &mut SendStream,
        raised: Option<watch::Receiver<Priority>>,
    ) {
        let stop = self.tasks.stop_token();
        let throttle = self.throttle(visit.peer, permit, pass);
        let begun = Begun {
            line: visit.connection.clone(),
            priority: request.priority,
            raised: raised.clone(),
            kbits_max: throttle.as_ref().map(Throttle::kbits),
        };
        let listed = self.outgoing.begin((visit.peer, &request.study), begun, Instant::now());
        let mut sender = Sender::new(send, request.priority, raised).throttled(throttle).counted(listed.counts());
        let gone = self.reader_gone(visit.peer, &request.reader.person);
        let cut = tokio::select! {
            biased;
            refusal = permit.ended() => {
                tracing::debug!(study = %request.study, ?refusal, "permit ended, stream cut");
                code::WITHDRAWN
            }
            () = gone => code::WITHDRAWN,
            () = stop.cancelled() => code::STOPPING,
            outcome = self.give((visit, permit, pass), request, &mut sender) => match outcome {
                Ok(()) => return,
                Err(refusal) if !sender.has_begun() => {
                    let _ = sender.head(&Answer::Refused(refusal)).await;
                    let _ = send.finish();
                    return;
                }
                Err(_) => code::UNWANTED,
            },
        };
        let _ = send.reset(cut);
    }

    async fn give(
        &self,
        (visit, permit, pass): (&Visit, &Permit, Option<&Pass>),
        request: &Request,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let Some(pass) = pass else {
            return self.giver.give((visit.peer, permit, &visit.load), request, to).await;
        };
        let turn = self.giver.turn(visit.peer, request.priority).await;
        let held = self.giver.hold_lent(visit.peer, request.priority).await;
        let copy = self.lending.open(visit, request, pass).await?;
        drop(turn);
        self.giver.give_lent((&visit.load, held), request, copy, to).await
    }

    /// Resolves when a peer says that this person of its reads no more.
    pub(super) fn reader_gone(&self, peer: SiteId, person: &str) -> impl Future<Output = ()> + use<> {
        let (mut gone, person) = (self.trust.readers_gone(), person.to_owned());
        async move {
            loop {
                match gone.recv().await {
                    Ok((site, name)) if site == peer && name == person => return,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        }
    }

    /// The permit of this reader for this study, with its evidence written when it is new.
    async fn permit(&self, visit: &Visit, request: &Request) -> Result<Permit, Refusal> {
        let slot = {
            let mut permits = visit.permits.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (request.study.clone(), request.reader.clone(), Extent::of(&request.what));
            permits.get_or_insert(key, Slot::default).clone()
        };
        // Held while the evidence is written, so that requests that come together share one permit and one event.
        let mut slot = slot.lock().await;
        let needed = level(&request.what);
        if let Some((permit, used)) = slot.as_mut()
            && used.elapsed() < PERMIT_IDLE
            && permit.allows(&request.study, needed).is_ok()
        {
            *used = Instant::now();
            return Ok(permit.clone());
        }
        let permit = self.judge(visit, request, needed).await?;
        *slot = Some((permit.clone(), Instant::now()));
        Ok(permit)
    }

    async fn judge(&self, visit: &Visit, request: &Request, needed: Level) -> Result<Permit, Refusal> {
        let actor = Actor {
            person: request.reader.person.clone(),
            role: request.reader.role.clone(),
            site: Some(visit.peer),
            ..Actor::default()
        };
        let row = self.archive.study(&request.study).map_err(|fault| {
            tracing::error!(%fault, "the index cannot be read");
            Refusal::Internal
        })?;
        // A study that is not here is judged like one that is, so that the answer does not tell who asks without right.
        let nearline = match &row {
            None => self.sources.nearline_study(&request.study, true),
            Some(_) => None,
        };
        let known = row.as_ref().or_else(|| nearline.as_ref().map(|nearline| &nearline.row));
        let facts = match known {
            Some(row) => self.facts(row)?,
            None => unknown(&request.study),
        };
        let caller = || Caller::Reader(&visit.peer, &request.reader);
        // One permit for the whole reading where the agreement goes so far: one event instead of three. A glance tells of
        // reports too where they may be had.
        let most = if matches!(request.what, What::Glance { .. }) { Level::Objects } else { Level::Pixels.max(needed) };
        let judged = self
            .trust
            .authorize(caller(), &facts, Held::Here, most)
            .or_else(|_| self.trust.authorize(caller(), &facts, Held::Here, needed));
        let (permit, row) = match (judged, row) {
            (Ok(_), Some(_)) if self.sources.is_recalling(&request.study) => {
                return Err(Refusal::Busy(RECALL_RETRY_MS));
            }
            // What is held back since it was looked at cuts no permit that was not there yet.
            (Ok(_), Some(row)) if self.facts(&row)?.withheld != facts.withheld => return Err(Refusal::Busy(1)),
            (Ok(permit), Some(row)) => (permit, row),
            (Ok(_), None) if nearline.is_some() => return Err(self.recall(&request.study, actor)),
            (Ok(_), None) => return Err(Refusal::NotHeld),
            (Err(refusal), _) => {
                let why = || self.trust.explain(&caller(), &facts, &Held::Here, needed, tasks::now()).note();
                self.alerts.refused(actor, visit.peer, &request.study, refusal, why).await;
                self.slow(visit.peer).await;
                return Err(refusal);
            }
        };
        self.begun
            .take(&visit.peer, Instant::now())
            .map_err(|wait| Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1)))?;
        self.count(permit.basis.as_ref(), request).await?;
        let extent = Extent::of(&request.what);
        let mut event = Event::new(Act::StudyServed, actor)
            .peer(visit.peer)
            .study(&request.study)
            .amount(u64::from(row.instances), extent.bytes(&row))
            .note(extent.note());
        event.basis = permit.basis.as_ref().map(Basis::id);
        let (written, delivered) =
            tokio::join!(self.alerts.audit().record(event), self.deliver(visit, request, &permit, &row));
        delivered?;
        written.map_err(|fault| {
            tracing::error!(%fault, "no evidence, no bytes");
            Refusal::Internal
        })?;
        Ok(permit)
    }
}

impl Server {
    fn facts(&self, row: &StudyRow) -> Result<StudyFacts, Refusal> {
        self.archive.facts(row).map_err(|fault| {
            tracing::error!(%fault, "the index cannot be read");
            Refusal::Internal
        })
    }

    /// Counts the copy where the grant lets only some.
    async fn count(&self, basis: Option<&Basis>, request: &Request) -> Result<(), Refusal> {
        match self.trust.note_read_into(basis, request.reader.copy).await {
            Ok(()) => Ok(()),
            Err(TrustError::Refused(refusal)) => Err(refusal),
            Err(fault) => {
                tracing::error!(%fault, "a copy that counts is not recorded, no bytes");
                Err(Refusal::Internal)
            }
        }
    }

    /// What the agreement says of bandwidth.
    fn throttle(&self, peer: SiteId, permit: &Permit, pass: Option<&Pass>) -> Option<Throttle> {
        if pass.is_some() {
            let (agreement, kbits) = self.trust.lent_kbits_max(&peer)?;
            return Some(Throttle::new(&self.rates, peer, agreement, kbits));
        }
        let basis = permit.basis.as_ref()?;
        let kbits = self.trust.kbits_max(&peer, basis)?;
        Some(Throttle::new(&self.rates, peer, basis.agreement(), kbits))
    }

    /// Writes down which copy of the peer's the study is let out into.
    async fn deliver(&self, visit: &Visit, request: &Request, permit: &Permit, row: &StudyRow) -> Result<(), Refusal> {
        let copy = request.reader.copy;
        // What mends the asker's own store is no copy of ours.
        if copy.is_none() && request.reader.role == super::REPAIR {
            return Ok(());
        }
        let told = self.trust.may_tell(&visit.peer, &self.facts(row)?).map(|(basis, _)| basis);
        let bases: Vec<Basis> = permit.basis.into_iter().chain(told).collect();
        let served =
            Served { study: &row.study, version: row.version, instances: u64::from(row.instances), bytes: row.bytes };
        self.trust.note_delivered(&visit.peer, copy, served, &bases).await.map_err(|fault| {
            tracing::error!(%fault, "no record of the copy, no bytes");
            Refusal::Internal
        })
    }

    /// Has a study brought from the PACS beside us; until it is here the peer is told to come again.
    fn recall(&self, study: &Uid, actor: Actor) -> Refusal {
        match self.sources.recall(study, actor, true) {
            Some(state) if !matches!(*state.borrow(), Recalling::Failed(_)) => Refusal::Busy(RECALL_RETRY_MS),
            _ => Refusal::NotHeld,
        }
    }
}

async fn refuse(mut send: SendStream, refusal: Refusal) {
    if wire::write_answer(&mut send, &Answer::Refused(refusal)).await.is_ok() {
        let _ = send.finish();
        let _ = send.stopped().await;
    }
}

/// Names as they are made here: what a log or a list shows as it is.
fn is_plain(reader: &Reader) -> bool {
    [&reader.person, &reader.role].into_iter().all(|text| protocol::fetch::is_person(text))
}

fn unknown(study: &Uid) -> StudyFacts {
    let day = i64::try_from(tasks::now().0 / 86_400_000).unwrap_or(i64::MAX);
    StudyFacts { study: study.clone(), modalities: Vec::new(), regions: Vec::new(), day, withheld: Withheld::NOTHING }
}
