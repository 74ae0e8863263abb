//! Second copies of backups on the pixel plane: an owner gives its keeper sealed files, a keeper proves that it has them.
//!
//! What is asked is judged by the keeping, each time anew; the evidence is durable before the first sealed byte leaves.
//! It is the lowest of all traffic, within the hours and at the pace that both signed: the keeper keeps to them, and the
//! owner too.
//!
//! # Not here
//! When something is asked: `spare`. What lies where: `backup`.

use super::{Transfer, TransferError, give::Sender};
use crate::{
    audit::{Act, Actor, Alerts, Event},
    backup::{Held, Second},
    identity::Identity,
    tasks::Tasks,
    trust::Trust,
};
use bytes::Bytes;
use protocol::{
    Refusal, SiteId,
    agreement::Purpose,
    fetch::{Answer, Priority, Reader, Request, What},
    ids::Id128,
    keeping::{Ask, Keeping},
    limits::KEPT_LIST_BYTES_MAX,
    wire,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Files given of one snapshot within this time are one event.
const ONE_EVENT: Duration = Duration::from_secs(60 * 60);
/// A proof reads a whole file; a keeper reads so many at once, of all owners.
const PROOFS_AT_ONCE: usize = 2;
/// While there is no list of a backup yet, the keeper comes again after this.
const NO_LIST_RETRY_MS: u32 = 60_000;
/// Room of an answer beside its bytes.
const ANSWER_ROOM: usize = 64;

/// Answers what is asked of second copies.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) trust: Trust,
    pub(crate) identity: Arc<Identity>,
    pub(crate) second: Second,
    pub(crate) held: Held,
    pub(crate) tasks: Tasks,
    /// When each keeper's next piece may leave. Bounded by the number of peers.
    paces: Mutex<HashMap<SiteId, Instant>>,
    written: tokio::sync::Mutex<HashMap<SiteId, (u64, Instant)>>,
    proofs: tokio::sync::Semaphore,
}

impl Kept {
    pub(crate) fn new(trust: Trust, identity: Arc<Identity>, second: Second, held: Held, tasks: Tasks) -> Self {
        let proofs = tokio::sync::Semaphore::new(PROOFS_AT_ONCE);
        Self { trust, identity, second, held, tasks, paces: Mutex::default(), written: Default::default(), proofs }
    }

    /// Answers [`What::Kept`] of a trusted peer.
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
        let What::Kept(ask) = &request.what else { return Err(Refusal::Malformed) };
        let bytes = self.answer(peer, request, ask, alerts).await?;
        let length = u32::try_from(bytes.len()).map_err(|_| Refusal::Internal)?;
        to.head(&Answer::Blob { bytes: length }).await?;
        to.piece(Bytes::from(bytes)).await?;
        to.finish().await
    }

    async fn answer(&self, peer: &SiteId, request: &Request, ask: &Ask, alerts: &Alerts) -> Result<Vec<u8>, Refusal> {
        let is_keeper = matches!(ask, Ask::Prove { .. });
        let keeping = self.keeping(peer, request, is_keeper)?;
        let blocking = |name, work: Box<dyn FnOnce() -> Result<Vec<u8>, Refusal> + Send>| {
            let work = self.tasks.spawn_blocking(name, work);
            async { work.await.map_err(|_| Refusal::Internal)? }
        };
        match ask {
            Ask::Head(standing) => {
                let (second, peer, standing) = (self.second.clone(), *peer, *standing);
                let told: Box<dyn FnOnce() -> _ + Send> = Box::new(move || {
                    second.note_standing(&peer, standing);
                    Ok(Vec::new())
                });
                blocking("kept standing", told).await?;
                let head = self.second.head().ok_or(Refusal::Busy(NO_LIST_RETRY_MS))?;
                Ok(wire::encode(&self.identity.seal(&head)))
            }
            Ask::Page(page) => {
                let (second, page) = (self.second.clone(), *page);
                blocking("kept page", Box::new(move || second.page(&page).ok_or(Refusal::NotHeld))).await
            }
            Ask::Piece { name, at, bytes } => {
                if !self.trust.is_hour(&keeping) {
                    return Err(Refusal::OutsideHours);
                }
                self.write_down(peer, &keeping, alerts).await?;
                let (second, name, at, bytes) = (self.second.clone(), name.clone(), *at, *bytes);
                let read = blocking("kept piece", Box::new(move || second.piece(&name, at, bytes))).await?;
                tokio::time::sleep_until(self.pace(peer, &keeping, read.len()).into()).await;
                Ok(read)
            }
            Ask::Prove { page, place, key } => {
                let _turn = self.proofs.acquire().await.map_err(|_| Refusal::Internal)?;
                let (held, peer, page, place, key) = (self.held.clone(), *peer, *page, *place, *key);
                let prove = move || held.prove(&peer, &page, place, &key).map(|keyed| keyed.0.to_vec());
                blocking("kept proof", Box::new(prove)).await
            }
        }
    }

    fn keeping(&self, peer: &SiteId, request: &Request, is_keeper: bool) -> Result<Keeping, Refusal> {
        let id = request.study.as_str().strip_prefix("2.25.").and_then(|id| id.parse::<u128>().ok());
        let id = id.ok_or(Refusal::Malformed)?;
        self.trust.authorize_keeping(peer, &Id128(id.to_be_bytes()), is_keeper)
    }

    /// When a piece may leave that comes behind those before.
    fn pace(&self, peer: &SiteId, keeping: &Keeping, bytes: usize) -> Instant {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let next = paces.entry(*peer).or_insert_with(Instant::now);
        let start = (*next).max(Instant::now());
        *next = start + time_of(bytes, keeping.bytes_per_second);
        start
    }

    async fn write_down(&self, peer: &SiteId, keeping: &Keeping, alerts: &Alerts) -> Result<(), Refusal> {
        let snapshot = self.second.head().map_or(0, |head| head.snapshot);
        // Held while it is written, so that pieces asked for together have one event.
        let mut written = self.written.lock().await;
        if written.get(peer).is_some_and(|(known, at)| *known == snapshot && at.elapsed() < ONE_EVENT) {
            return Ok(());
        }
        let actor = Actor { person: "node".to_owned(), role: String::new(), site: Some(*peer), ..Actor::default() };
        let event = Event::new(Act::BackupServed, actor).peer(*peer).basis(keeping.id);
        let note = format!("sealed files of the backup up to snapshot {snapshot:014}, for the second copy");
        alerts.audit().record(event.note(note)).await.map_err(|fault| {
            tracing::error!(%fault, "no evidence, no bytes");
            Refusal::Internal
        })?;
        written.insert(*peer, (snapshot, Instant::now()));
        Ok(())
    }
}

/// How long so many bytes take at a pace.
pub(crate) fn time_of(bytes: usize, bytes_per_second: u64) -> Duration {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    Duration::from_micros(bytes.saturating_mul(1_000_000) / bytes_per_second.max(1))
}

impl Transfer {
    /// Asks the other one of a keeping.
    ///
    /// # Errors
    /// [`TransferError`].
    pub(crate) async fn ask_kept(&self, peer: &SiteId, keeping: &Keeping, ask: Ask) -> Result<Bytes, TransferError> {
        let bytes_max = match &ask {
            Ask::Piece { bytes, .. } => usize::try_from(*bytes).unwrap_or(0),
            Ask::Prove { .. } => 32,
            Ask::Head(_) | Ask::Page(_) => KEPT_LIST_BYTES_MAX,
        };
        let request = Request {
            study: keeping.uid(),
            reader: Reader { person: "node".to_owned(), role: "backup".to_owned(), copy: None, purpose: Purpose::Care },
            priority: Priority::Backup,
            what: What::Kept(ask),
        };
        self.blob(peer, &request, bytes_max + ANSWER_ROOM).await
    }
}
