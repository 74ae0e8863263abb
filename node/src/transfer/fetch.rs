//! The asker's side: manifests, header packs and verified ranges from a holder.
//!
//! Nothing that came is given on before it was found to be what the custodian signed: a manifest against the card's digest, a
//! header against the manifest's, each group of 16 KiB against the object's digest by way of its group values.
//!
//! # At a crash
//! Chunks are written as they verify; what was written is not asked for again.
//!
//! # Not here
//! When and in what order: [`super::pump`]. Bytes on their way into the lease: [`super::receive`].

use super::{
    TransferError,
    coded::{self, Unit},
    endpoint::code,
    errand::{Errand, Object, SPAN_CHUNKS, Span},
    failure::Failure,
    line::Live,
    pump::Pump,
    receive::{self, CHUNK_GROUPS, Step},
    wire::{self, WireFault},
};
use crate::archive::cache::{CHUNK_BYTES, Copy};
use bytes::{Bytes, BytesMut};
use protocol::{
    Digest,
    coding::KNOWN,
    digest::Groups,
    fetch::{Answer, Priority, Request, What, groups_bytes},
    limits::{GROUP_BYTES, HEADER_PACK_BYTES_MAX, MANIFEST_BYTES_MAX},
    manifest::{Manifest, SeriesEntry, StudyCard},
    pass::Pass,
    signed::Signed,
};
use quinn::{ReadError, ReadExactError, RecvStream};
use std::{
    io::Read,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

#[expect(clippy::cast_possible_truncation, reason = "16 KiB")]
const GROUP: usize = GROUP_BYTES as usize;
/// A blob that brings no byte for so long does not come.
const BLOB_SILENCE: Duration = Duration::from_secs(10);
/// Header bytes of one series in memory at most.
const HEADERS_BYTES_MAX: u64 = 512 << 20;

/// How the fetch of a span ended.
#[derive(Debug)]
pub(crate) enum SpanEnd {
    /// All of it is in the lease, or nobody wants it.
    Done,
    /// The connection was lost: ask again for what is missing.
    Again,
    /// It was given to another holder, or is asked for anew.
    TakenBack,
    /// The errand was paused or, where it is so, called off.
    Stopped {
        called_off: bool,
    },
    Failed(Failure),
}

/// A fault on the way, sorted by what is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Lost,
    Failed(Failure),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<WireFault> for Fault {
    fn from(fault: WireFault) -> Self {
        match fault {
            WireFault::Malformed => Self::Failed(Failure::Protocol),
            WireFault::Write(_) => Self::Lost,
            WireFault::Read(fault) => fault.into(),
        }
    }
}

impl From<ReadExactError> for Fault {
    fn from(fault: ReadExactError) -> Self {
        match fault {
            ReadExactError::ReadError(ReadError::Reset(reason)) if reason == code::MALFORMED => {
                Self::Failed(Failure::Protocol)
            }
            // Also when the permit was withdrawn: asking again brings the refusal itself.
            ReadExactError::ReadError(_) => Self::Lost,
            ReadExactError::FinishedEarly(_) => Self::Failed(Failure::Protocol),
        }
    }
}

/// One run of a span at one holder.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) span: Span,
    /// Shown to a holder that is not the custodian.
    pub(crate) pass: Option<Signed<Pass>>,
    /// Given to another holder, or asked for anew.
    pub(crate) taken_back: CancellationToken,
    is_hastened: AtomicBool,
    /// When its request was written.
    asked: Mutex<Option<Instant>>,
    /// Since when it is waited for, how soon its first byte is expected, and how urgent it is.
    wanted: Mutex<(Instant, Duration, Priority)>,
    /// When bytes came last; none before the first: a head alone is no image.
    moved: Mutex<Option<Instant>>,
    /// Bytes of the object that are not here yet.
    left: AtomicU64,
    /// Bytes that came, and of them those that were of use.
    came: AtomicU64,
    used: AtomicU64,
}

impl Run {
    pub(crate) fn new(span: Span, pass: Option<Signed<Pass>>, priority: Priority, expected: Duration) -> Self {
        let left = AtomicU64::new(span.bytes());
        Self {
            span,
            pass,
            taken_back: CancellationToken::new(),
            is_hastened: AtomicBool::new(false),
            asked: Mutex::default(),
            wanted: Mutex::new((Instant::now(), expected, priority)),
            moved: Mutex::default(),
            left,
            came: AtomicU64::new(0),
            used: AtomicU64::new(0),
        }
    }

    /// Since when it is waited for, how soon its first byte is expected, and how urgent it is.
    pub(crate) fn wanted(&self) -> (Instant, Duration, Priority) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is more urgent from now on. Gives whether it was asked for before, as less than that.
    pub(crate) fn raise(&self, priority: Priority, expected: Duration) -> bool {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), expected, priority);
        asked.is_some()
    }

    /// Takes it back to be asked for anew, as what it has become.
    pub(crate) fn hasten(&self) {
        self.is_hastened.store(true, Ordering::Relaxed);
        self.taken_back.cancel();
    }

    pub(crate) fn is_hastened(&self) -> bool {
        self.is_hastened.load(Ordering::Relaxed)
    }

    /// When its request was written; nothing as long as it waits for what goes before it.
    pub(crate) fn asked(&self) -> Option<Instant> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its request is being written: as urgent as it is now.
    pub(super) fn ask(&self) -> Priority {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (.., priority) = self.wanted();
        let _ = asked.insert(Instant::now());
        priority
    }

    /// When bytes of it came last; nothing before the first.
    pub(crate) fn moved(&self) -> Option<Instant> {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the object that are not here yet.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Bytes that came and were of no use.
    pub(crate) fn wasted(&self) -> u64 {
        self.came.load(Ordering::Relaxed).saturating_sub(self.used.load(Ordering::Relaxed))
    }
}

/// What a run works with.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) pump: &'a Pump,
    live: &'a Live,
    errand: &'a Errand,
    run: &'a Run,
}

impl Work<'_> {
    fn object(&self) -> &Object {
        &self.run.span.object
    }

    /// Counts bytes that came.
    pub(crate) fn came(&self, bytes: u64) {
        *self.run.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.run.came.fetch_add(bytes, Ordering::Relaxed);
        self.pump.note_bytes(bytes);
    }

    /// Counts bytes that were of use.
    pub(crate) fn used(&self, bytes: u64) {
        self.run.used.fetch_add(bytes, Ordering::Relaxed);
        self.errand.note_wire(bytes);
    }

    /// Counts bytes of the object that are in the lease.
    fn kept(&self, bytes: u64) {
        let left = self.run.left().saturating_sub(bytes);
        self.run.left.store(left, Ordering::Relaxed);
        self.errand.note_chunk(self.object(), bytes, &self.pump.line().peer);
        self.pump.note_kept(bytes);
        self.pump.line().pulse.beat();
    }

    fn note(&self, step: Step) {
        match step {
            Step::Came(bytes) => self.came(bytes),
            Step::Verified(bytes) => self.used(bytes),
            Step::Kept(bytes) => self.kept(bytes),
        }
    }
}

/// Fetches what is missing of a span into the lease.
pub(crate) async fn span(pump: &Pump, live: &Live, run: &Run, priority: Priority) -> SpanEnd {
    let Some(errand) = run.span.object.errand.upgrade() else { return SpanEnd::Done };
    let mut stops = errand.stops();
    let before = *stops.borrow_and_update();
    if priority < Priority::Screen && errand.is_paused() {
        return SpanEnd::Stopped { called_off: false };
    }
    let work = Work { pump, live, errand: &errand, run };
    let fetched = tokio::select! {
        biased;
        () = errand.ended.cancelled() => return SpanEnd::Done,
        Ok(()) = stops.changed(), if priority < Priority::Screen => {
            let called_off = stops.borrow().called_off != before.called_off;
            return SpanEnd::Stopped { called_off };
        }
        () = run.taken_back.cancelled() => return SpanEnd::TakenBack,
        () = live.abandoned.cancelled() => return SpanEnd::Again,
        fetched = missing_runs(work) => fetched,
    };
    match fetched {
        Ok(()) => SpanEnd::Done,
        Err(Fault::Lost) => SpanEnd::Again,
        Err(Fault::Failed(failure)) => SpanEnd::Failed(failure),
    }
}

async fn missing_runs(work: Work<'_>) -> Result<(), Fault> {
    let object = work.object();
    let copy = object.copy(&work.errand.lease).await.map_err(|_| Failure::Cache)?;
    let first = u64::from(work.run.span.index) * SPAN_CHUNKS;
    let mut asked = 0;
    while let Some((from, count)) = copy.missing(first).filter(|(from, _)| *from < first + SPAN_CHUNKS) {
        // Each round brings at least one chunk, or the copy does not keep what is written to it; once, coded bytes were
        // wrong.
        asked += 1;
        if asked > SPAN_CHUNKS + 1 {
            return Err(Failure::Cache.into());
        }
        let count = count.min(first + SPAN_CHUNKS - from);
        one_run(work, copy, (from, count)).await?;
    }
    if copy.is_complete() {
        work.errand.note_here(&object.digest, object.bytes);
    }
    Ok(())
}

/// What asks for groups of an object: of the custodian, or by its pass.
fn what_of(work: Work<'_>, groups: bool, first_group: u64, groups_wanted: u32) -> What {
    let digest = work.object().digest;
    let codings = if work.pump.asks_coded(work.live) { KNOWN.to_vec() } else { Vec::new() };
    match &work.run.pass {
        Some(pass) => What::Lent { pass: pass.clone(), digest, groups, first_group, groups_wanted, codings },
        None if codings.is_empty() => What::Range { digest, groups, first_group, groups_wanted },
        None => What::Coded { digest, groups, first_group, groups_wanted, codings },
    }
}

async fn one_run(work: Work<'_>, copy: &Copy, (from, count): (u64, u64)) -> Result<(), Fault> {
    let (object, errand) = (work.object(), work.errand);
    // Whoever comes first asks for the group values; the others of this object wait for them here.
    let mut known = object.groups.lock().await;
    let groups = known.is_none() && Groups::count(object.bytes) > 0;
    let (first_group, groups_wanted) =
        (from * CHUNK_GROUPS, u32::try_from(count * CHUNK_GROUPS).map_err(|_| Failure::Protocol)?);
    let digest = object.digest;
    // What came with the manifest is the first span, if nothing of it is here yet.
    let is_first = groups && from == 0 && count == SPAN_CHUNKS.min(object.bytes.div_ceil(CHUNK_BYTES));
    let given = match errand.take_gift(&digest).filter(|_| is_first && work.run.pass.is_none()) {
        Some(gift) => {
            let _ = work.run.ask();
            gift.head().await?
        }
        None => None,
    };
    let (mut recv, head, what) = match given {
        Some(given) => given,
        None => {
            let (what, priority) = (what_of(work, groups, first_group, groups_wanted), work.run.ask());
            let request = Request { study: errand.study.clone(), reader: object.reader.clone(), priority, what };
            let mut recv = ask(work.live, &request).await?;
            let head = range_head(&mut recv).await?;
            (recv, head, request.what)
        }
    };
    let head = check_head(head, object.bytes, &what)?;
    let groups = match &*known {
        Some(groups) => groups.clone(),
        None if groups => {
            let groups = Arc::new(read_groups(&mut recv, head.values, &object.digest, object.bytes).await?);
            *known = Some(groups.clone());
            groups
        }
        None => Arc::new(Groups::default()),
    };
    drop(known);
    work.pump.note_span(head.coded.map_or(head.bytes, u64::from));
    match head.coded {
        Some(coded) => {
            let unit = Unit { bytes: head.bytes, coded };
            let Some(chunks) = coded::unit(work, &mut recv, unit, first_group, &groups, &digest).await? else {
                work.pump.doubt_coding(errand).await;
                return Ok(());
            };
            work.used(coded.into());
            copy.write(from, chunks).await.map_err(|_| Failure::Cache)?;
            work.kept(head.bytes);
            Ok(())
        }
        None => {
            let sums = (groups.as_ref(), &digest);
            receive::into_copy(&mut recv, copy, (from, head.bytes), sums, &|step| work.note(step)).await
        }
    }
}

/// Opens a stream and writes the request.
async fn ask(live: &Live, request: &Request) -> Result<RecvStream, Fault> {
    let (mut send, recv) = live.connection.open_bi().await.map_err(|_| Fault::Lost)?;
    wire::write_request(&mut send, request).await?;
    Ok(recv)
}

/// What the head of an answer announces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    object_bytes: u64,
    values: u64,
    bytes: u64,
    /// Bytes that come in place of `bytes`.
    coded: Option<u32>,
}

async fn range_head(recv: &mut RecvStream) -> Result<Head, Fault> {
    head_of(wire::read_answer(recv).await?)
}

/// The head of a range.
pub(super) fn head_of(answer: Answer) -> Result<Head, Fault> {
    match answer {
        Answer::Range { object_bytes, values, bytes } => {
            Ok(Head { object_bytes, values: values.into(), bytes: bytes.into(), coded: None })
        }
        Answer::Coded { object_bytes, values, bytes, coding, coded } if KNOWN.contains(&coding) && coded < bytes => {
            Ok(Head { object_bytes, values: values.into(), bytes: bytes.into(), coded: Some(coded) })
        }
        Answer::Refused(refusal) => Err(Failure::Refused(refusal).into()),
        Answer::Blob { .. } | Answer::Coded { .. } => Err(Failure::Protocol.into()),
    }
}

/// The announced numbers must be those of the signed size, and coded bytes those that were asked for.
fn check_head(head: Head, signed_bytes: u64, what: &What) -> Result<Head, Fault> {
    let (What::Range { groups, first_group, groups_wanted, .. }
    | What::Return { groups, first_group, groups_wanted, .. }
    | What::Lent { groups, first_group, groups_wanted, .. }
    | What::Coded { groups, first_group, groups_wanted, .. }) = what
    else {
        return Err(Failure::Protocol.into());
    };
    let takes_coded = match what {
        What::Coded { .. } => true,
        What::Lent { codings, .. } => !codings.is_empty(),
        _ => false,
    };
    if head.coded.is_some() && !takes_coded {
        return Err(Failure::Protocol.into());
    }
    let values = if *groups { Groups::count(signed_bytes) } else { 0 };
    let bytes = groups_bytes(signed_bytes, *first_group, *groups_wanted);
    let is_signed = head.object_bytes == signed_bytes && head.values == values && head.bytes == bytes;
    if is_signed { Ok(head) } else { Err(Failure::Corrupt.into()) }
}

/// Whether bytes that begin with group `first_group` of an object are the object's.
pub(crate) fn verified(bytes: &[u8], first_group: u64, groups: &Groups, digest: &Digest) -> bool {
    bytes.chunks(GROUP).zip(first_group..).all(|(group, index)| groups.holds(index, group, digest))
}

/// Reads group values and believes them only if they are the object's.
pub(crate) async fn read_groups(
    recv: &mut RecvStream,
    values: u64,
    digest: &Digest,
    bytes: u64,
) -> Result<Groups, Fault> {
    // Grows with what comes, not with what was announced.
    let mut groups = Groups::default();
    for _ in 0..values {
        let mut value = [0; 32];
        recv.read_exact(&mut value).await?;
        groups.0.push(value);
    }
    if groups.belong_to(digest, bytes) { Ok(groups) } else { Err(Failure::Corrupt.into()) }
}

/// Asks for one range of an object and reads it whole, with its group values where they are not known yet.
pub(crate) async fn piece(
    live: &Live,
    request: &Request,
    object_bytes: u64,
    known: Option<Arc<Groups>>,
) -> Result<(Arc<Groups>, Bytes), Fault> {
    let (What::Range { digest, first_group, .. }
    | What::Lent { digest, first_group, .. }
    | What::Return { digest, first_group, .. }) = &request.what
    else {
        return Err(Failure::Protocol.into());
    };
    let mut recv = ask(live, request).await?;
    let head = check_head(range_head(&mut recv).await?, object_bytes, &request.what)?;
    let groups = match known {
        Some(groups) => groups,
        None if head.values > 0 => Arc::new(read_groups(&mut recv, head.values, digest, object_bytes).await?),
        None => Arc::new(Groups::default()),
    };
    let bytes = usize::try_from(head.bytes).map_err(|_| Failure::Protocol)?;
    let mut whole = BytesMut::new();
    receive::verified(&mut recv, (*first_group, bytes), (groups.as_ref(), digest), &mut whole, &|_| {}).await?;
    Ok((groups, whole.freeze()))
}

/// Asks for a manifest or a header pack on one connection.
pub(crate) async fn blob(live: &Live, request: &Request, bytes_max: usize) -> Result<Bytes, Fault> {
    blob_of(&mut ask_in_time(live, request).await?, bytes_max).await
}

/// Asks, on a link that may be dead.
pub(super) async fn ask_in_time(live: &Live, request: &Request) -> Result<RecvStream, Fault> {
    tokio::time::timeout(BLOB_SILENCE, ask(live, request)).await.map_err(|_| Fault::Lost)?
}

/// Reads a manifest or header pack from a stream on which more may follow.
pub(super) async fn blob_of(recv: &mut RecvStream, bytes_max: usize) -> Result<Bytes, Fault> {
    let head = tokio::time::timeout(BLOB_SILENCE, wire::read_answer(recv));
    let announced = match head.await.map_err(|_| Fault::Lost)?? {
        Answer::Blob { bytes } => usize::try_from(bytes).map_err(|_| Failure::Protocol)?,
        Answer::Refused(refusal) => return Err(Failure::Refused(refusal).into()),
        Answer::Range { .. } | Answer::Coded { .. } => return Err(Failure::Protocol.into()),
    };
    if announced > bytes_max {
        return Err(Failure::Protocol.into());
    }
    let mut bytes = BytesMut::new();
    while bytes.len() < announced {
        let left = announced - bytes.len();
        let piece = tokio::time::timeout(BLOB_SILENCE, recv.read_chunk(left, true)).await;
        match piece.map_err(|_| Fault::Lost)? {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece.bytes),
            Ok(None) => return Err(Failure::Protocol.into()),
            Err(fault) => return Err(ReadExactError::ReadError(fault).into()),
        }
    }
    Ok(bytes.freeze())
}

/// The bound of a manifest as the card tells it.
pub(crate) fn manifest_bytes_max(card: &StudyCard) -> usize {
    let told = card.manifest.map_or(0, |m| usize::try_from(m.bytes).unwrap_or(usize::MAX));
    told.min(MANIFEST_BYTES_MAX)
}

/// Believes a manifest only if it is the one the signed card names, of the same study and custodian, and sound.
///
/// # Errors
/// [`TransferError::Corrupt`].
pub(crate) fn believe_manifest(card: &StudyCard, bytes: &[u8]) -> Result<Manifest, TransferError> {
    let named = card.manifest.ok_or(TransferError::Corrupt)?;
    if usize::try_from(named.bytes) != Ok(bytes.len()) || Digest::of(bytes) != named.digest {
        return Err(TransferError::Corrupt);
    }
    let manifest: Manifest = protocol::wire::decode(bytes).map_err(|_| TransferError::Corrupt)?;
    let is_right = manifest.custodian == card.custodian && manifest.study == card.study && manifest.is_sound();
    if is_right { Ok(manifest) } else { Err(TransferError::Corrupt) }
}

/// The bound of a header pack: what zstd makes of incompressible headers.
pub(crate) fn pack_bytes_max(series: &SeriesEntry) -> usize {
    let raw: u64 = series.instances.iter().map(|i| u64::from(i.header_bytes)).sum();
    usize::try_from(raw + raw / 128 + 1024).unwrap_or(usize::MAX).min(HEADER_PACK_BYTES_MAX)
}

/// Unpacks a header pack and believes each header only if it is the one the manifest names. Blocks for some milliseconds.
///
/// # Errors
/// [`TransferError::Corrupt`].
pub(crate) fn unpack_headers(pack: &[u8], series: &SeriesEntry) -> Result<Vec<Bytes>, TransferError> {
    let total: u64 = series.instances.iter().map(|i| u64::from(i.header_bytes)).sum();
    if total > HEADERS_BYTES_MAX {
        return Err(TransferError::Protocol);
    }
    let decoder = zstd::stream::Decoder::new(pack).map_err(|_| TransferError::Corrupt)?;
    let mut raw = Vec::new();
    decoder.take(total + 1).read_to_end(&mut raw).map_err(|_| TransferError::Corrupt)?;
    if raw.len() as u64 != total {
        return Err(TransferError::Corrupt);
    }
    let mut raw = Bytes::from(raw);
    let mut headers = Vec::with_capacity(series.instances.len());
    for instance in &series.instances {
        let length = usize::try_from(instance.header_bytes).map_err(|_| TransferError::Corrupt)?;
        let header = raw.split_to(length.min(raw.len()));
        if Digest::of(&header) != instance.header_digest {
            return Err(TransferError::Corrupt);
        }
        headers.push(header);
    }
    Ok(headers)
}
