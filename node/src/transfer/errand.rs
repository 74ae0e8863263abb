//! An errand: the wish to have objects of one study of one custodian in the leased cache.
//!
//! Whoever opens a study has an errand for it and names objects with a priority; the line's [`super::pump`] fetches them in
//! order, writes verified chunks into the lease and tells the errand. Dropping the errand gives up what was not yet
//! fetched.
//!
//! Whoever looks at an object, or waits for a part of it, says so until they look away: then it waits as what is left of that.
//!
//! An errand can be paused and called off: then nothing more of it is asked for but what somebody looks at, which is never
//! kept waiting for an administrator's sake. What was asked for in vain stays with a paused one until it goes on. So it is with
//! one that stands back for what is to be seen before its images.
//!
//! # At a crash
//! What was written stays readable: the next errand asks only for the chunks that are missing.
//!
//! # Not here
//! Reading the bytes: whoever holds the lease does.

use super::{
    TransferError,
    doubts::Doubts,
    failure::Failure,
    opening::Gift,
    others::{Other, PassedOver},
    pump::Pump,
    schedule::{Looks, OfReader, QUEUED_MAX, Urgency},
};
use crate::archive::cache::{CHUNK_BYTES, CacheError, Copy, Lease};
use protocol::{
    Digest, Refusal, SiteId, Uid,
    digest::Groups,
    fetch::{Priority, Reader},
    limits::RANGE_BYTES_MAX,
};
use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

/// Chunks of one span: one request.
pub(crate) const SPAN_CHUNKS: u64 = RANGE_BYTES_MAX / CHUNK_BYTES;
/// After this time a failed object may be asked for again.
const FORGET_FAILURE_AFTER: Duration = Duration::from_secs(5);

/// An object on its way.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
    pub(crate) reader: Reader,
    /// Whose turn it takes.
    turn_of: u64,
    pub(crate) errand: Weak<Errand>,
    looks: Mutex<Looks>,
    copy: OnceCell<Copy>,
    /// Believed group values. Whoever asks for them first holds the lock meanwhile.
    pub(crate) groups: tokio::sync::Mutex<Option<Arc<Groups>>>,
    /// Rises with every chunk, and when it failed.
    beat: watch::Sender<u64>,
    failure: Mutex<Option<(Failure, Instant)>>,
    pub(crate) tries: AtomicU64,
    partial: AtomicU64,
    /// Holders that are not asked for it now.
    pub(crate) passed_over: PassedOver,
}

impl Object {
    /// The copy in the lease.
    ///
    /// # Errors
    /// When the lease is gone.
    pub(crate) async fn copy(&self, lease: &Lease) -> Result<&Copy, CacheError> {
        self.copy.get_or_try_init(|| lease.object(&self.digest, self.bytes)).await
    }

    fn looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rises with every chunk that arrives, and when the object failed.
    pub(crate) fn beats(&self) -> watch::Receiver<u64> {
        self.beat.subscribe()
    }

    /// Why it does not come.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).map(|(failure, _)| failure)
    }

    pub(crate) fn fail(&self, failure: Failure) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some((failure, Instant::now()));
        self.beat.send_modify(|n| *n += 1);
    }

    fn has_failed_lately(&self) -> bool {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match *failure {
            Some((_, at)) if at.elapsed() < FORGET_FAILURE_AFTER => true,
            Some(_) => {
                *failure = None;
                self.tries.store(0, Ordering::Relaxed);
                false
            }
            None => false,
        }
    }

    /// Spans of the object.
    fn spans(&self) -> u32 {
        u32::try_from(self.bytes.div_ceil(RANGE_BYTES_MAX).max(1)).unwrap_or(u32::MAX)
    }
}

/// The name of one request in the queue.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) object: Arc<Object>,
    pub(crate) index: u32,
}

impl Span {
    /// Bytes of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.object.bytes.saturating_sub(u64::from(self.index) * RANGE_BYTES_MAX).min(RANGE_BYTES_MAX)
    }

    /// The line of another holder that it was lent to.
    pub(super) fn pump_of(&self, site: &SiteId) -> Option<Arc<Pump>> {
        self.object.errand.upgrade()?.pump_of(site)
    }
}

impl OfReader for Span {
    fn reader(&self) -> u64 {
        self.object.turn_of
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.object, &other.object) && self.index == other.index
    }
}
impl Eq for Span {}
impl Hash for Span {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.object) as usize, self.index).hash(state);
    }
}

/// How far an errand is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Objects completely here.
    pub(crate) objects: u64,
    /// Their bytes, and those of parts of others that came in this run.
    pub(crate) bytes: u64,
    /// Objects asked for and not yet here.
    pub(crate) open: u64,
    /// Bytes that were brought for this errand: only rises.
    pub(crate) fetched: u64,
    /// Bytes that came over the wire for them: fewer, where they were coded.
    pub(crate) wire: u64,
    /// The last failure, if no chunk came after it.
    pub(crate) failure: Option<Failure>,
    pub(crate) steer: Steer,
}

/// Whether more is asked for than what somebody looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Steer {
    #[default]
    Goes,
    Paused,
    /// Called off, and nothing was wanted since.
    CalledOff,
}

/// How often it was stopped: what runs compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stops {
    pub(crate) all: u64,
    pub(crate) called_off: u64,
}

#[derive(Debug, Default)]
struct Books {
    here: HashMap<Digest, u64>,
    open: HashMap<Digest, Arc<Object>>,
    failure: Option<Failure>,
    steer: Steer,
    /// Whatever an administrator says, it waits for what stands for the images.
    stands_back: bool,
    /// What waits until a paused one goes on. Bounded as the queue it was taken from.
    aside: Vec<(Span, Priority)>,
}

/// The errand.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) holder: SiteId,
    pub(crate) study: Uid,
    pub(crate) lease: Lease,
    pub(crate) ended: CancellationToken,
    /// Of the custodian's line: its queue is the errand's.
    pub(super) pump: Arc<Pump>,
    /// Changes when something is wanted.
    wants: watch::Sender<()>,
    stops: watch::Sender<Stops>,
    /// Bytes under way unasked: of one object.
    gift: Mutex<Option<(Digest, Gift)>>,
    books: Mutex<Books>,
    pub(super) others: Mutex<Vec<Other>>,
    /// For whom others are looked for, as of which manifest.
    pub(super) sought: Mutex<HashMap<Reader, Digest>>,
    /// Bytes that each holder brought. Bounded by the holders.
    brought: Mutex<BTreeMap<SiteId, u64>>,
    fetched: AtomicU64,
    wire: AtomicU64,
    moved: Mutex<Instant>,
    pub(crate) doubts: Doubts,
    this: Weak<Self>,
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.ended.cancel();
        self.pump.sweep();
    }
}

impl Errand {
    pub(crate) fn new(
        (holder, study): (SiteId, Uid),
        lease: Lease,
        pump: Arc<Pump>,
        ended: CancellationToken,
        doubts: Doubts,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            holder,
            study,
            lease,
            ended,
            pump,
            wants: watch::Sender::default(),
            stops: watch::Sender::default(),
            gift: Mutex::default(),
            books: Mutex::default(),
            others: Mutex::default(),
            sought: Mutex::default(),
            brought: Mutex::default(),
            fetched: AtomicU64::new(0),
            wire: AtomicU64::new(0),
            moved: Mutex::new(Instant::now()),
            doubts,
            this: this.clone(),
        })
    }

    /// Wants a range of an object (all of it: `0, bytes`) for a reader. Gives the object to wait on.
    ///
    /// # Errors
    /// [`TransferError::Cancelled`] after the end; the object's own failure when it failed a moment ago; busy when too
    /// much is asked of this holder already.
    pub(crate) fn want(
        &self,
        of: (&Digest, u64),
        range: (u64, u64),
        priority: Priority,
        reader: &Reader,
    ) -> Result<Arc<Object>, TransferError> {
        let (object, spans) = self.named(of, range, reader)?;
        self.ask(&object, spans.map(|index| (index, Urgency::from(priority))))?;
        Ok(object)
    }

    /// Wants a range as long as somebody looks: one who waits for it, or (`is_shown`) a viewer that has the object on its
    /// screen; without bytes, parts of it that are not known, and then what is waited for of it is as urgent. Gives the object,
    /// and the number by which [`Self::look_away`] ends it.
    ///
    /// # Errors
    /// As [`Self::want`].
    pub(crate) fn look(
        &self,
        of: (&Digest, u64),
        range: (u64, u64),
        (priority, is_shown): (Priority, bool),
        reader: &Reader,
    ) -> Result<(Arc<Object>, u64), TransferError> {
        let (object, spans) = self.named(of, range, reader)?;
        let spans = if is_shown && range.1 == 0 { 0..0 } else { spans };
        // Held until it is asked for: whoever looks away meanwhile does not lower it.
        let mut looks = object.looks();
        let number = looks.enter(spans.clone(), priority, is_shown);
        let mut risen = looks.all();
        risen.retain(|(index, _)| is_shown || spans.contains(index));
        let asked = self.ask(&object, risen);
        let left = if asked.is_err() { looks.leave(number) } else { Vec::new() };
        for (index, urgency) in left {
            self.pump.lower(&Span { object: object.clone(), index }, urgency);
        }
        drop(looks);
        asked.map(|()| (object, number))
    }

    /// Somebody looks no more. What nobody else looks at goes along with its series.
    pub(crate) fn look_away(&self, object: &Arc<Object>, number: u64) {
        let mut looks = object.looks();
        for (index, urgency) in looks.leave(number) {
            self.pump.lower(&Span { object: object.clone(), index }, urgency);
        }
    }

    /// An object, and its spans that a range lies in.
    fn named(
        &self,
        (digest, bytes): (&Digest, u64),
        (offset, len): (u64, u64),
        reader: &Reader,
    ) -> Result<(Arc<Object>, Range<u32>), TransferError> {
        if self.ended.is_cancelled() {
            return Err(TransferError::Cancelled);
        }
        let object = self.object(digest, bytes, reader);
        if object.has_failed_lately() {
            return object.failure().map_or(Ok((object, 0..0)), |failure| Err(failure.into()));
        }
        let first = u32::try_from(offset / RANGE_BYTES_MAX).unwrap_or(u32::MAX);
        let end = offset.saturating_add(len).div_ceil(RANGE_BYTES_MAX).max(u64::from(first) + 1);
        let end = u32::try_from(end).unwrap_or(u32::MAX).min(object.spans());
        Ok((object, first..end))
    }

    fn ask(&self, object: &Arc<Object>, spans: impl IntoIterator<Item = (u32, Urgency)>) -> Result<(), TransferError> {
        for (index, urgency) in spans {
            let span = Span { object: object.clone(), index };
            let Some(span) = self.put_aside(span, urgency.priority) else { continue };
            if !self.pump.ask(&span, urgency) {
                return Err(TransferError::Refused(Refusal::Busy(1_000)));
            }
        }
        self.wants.send_replace(());
        Ok(())
    }

    /// Bytes of an object are under way without its having been wanted; those of another are let go.
    pub(crate) fn give(&self, digest: Digest, gift: Gift) {
        *self.gift.lock().unwrap_or_else(PoisonError::into_inner) = Some((digest, gift));
    }

    /// Takes what is under way of an object.
    pub(crate) fn take_gift(&self, of: &Digest) -> Option<Gift> {
        let mut gift = self.gift.lock().unwrap_or_else(PoisonError::into_inner);
        gift.take_if(|(digest, _)| digest == of).map(|(_, gift)| gift)
    }

    /// Keeps a span for later where the errand is paused; else gives it back.
    pub(crate) fn put_aside(&self, span: Span, priority: Priority) -> Option<Span> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if priority >= Priority::Screen {
            return Some(span);
        }
        if books.steer != Steer::Paused {
            books.steer = Steer::Goes;
            if !books.stands_back {
                return Some(span);
            }
        }
        if books.aside.len() < QUEUED_MAX {
            books.aside.push((span, priority));
        }
        None
    }

    /// Asks for nothing more but what somebody looks at, until it goes on.
    pub(crate) fn pause(&self) {
        self.hold(|books| books.steer = Steer::Paused);
    }

    /// Lets what stands for the images go first: as if it were paused, until it goes on.
    pub(crate) fn stand_back(&self) {
        self.hold(|books| books.stands_back = true);
    }

    fn hold(&self, how: impl FnOnce(&mut Books)) {
        how(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner));
        let taken = self.pump.take(self);
        self.books.lock().unwrap_or_else(PoisonError::into_inner).aside.extend(taken);
        self.stops.send_modify(|stops| stops.all += 1);
    }

    /// Whether it is paused, or stands back.
    pub(crate) fn is_paused(&self) -> bool {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.steer == Steer::Paused || books.stands_back
    }

    /// Goes on where it was paused.
    pub(crate) fn resume(&self) {
        self.go_on(|books| {
            if books.steer == Steer::Paused {
                books.steer = Steer::Goes;
            }
        });
    }

    /// Stands back no longer.
    pub(crate) fn stand_forth(&self) {
        self.go_on(|books| books.stands_back = false);
    }

    fn go_on(&self, how: impl FnOnce(&mut Books)) {
        let aside = {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            how(&mut books);
            if books.steer == Steer::Paused || books.stands_back {
                return;
            }
            std::mem::take(&mut books.aside)
        };
        for (span, priority) in aside {
            // A full queue: it is asked for again when it is read.
            let _ = self.pump.ask(&span, priority);
        }
    }

    /// Gives up what is not here and nobody looks at. What is here stays; what is wanted from now on is fetched.
    pub(crate) fn call_off(&self) {
        let mut gone = self.pump.take(self);
        {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            books.steer = Steer::CalledOff;
            gone.append(&mut books.aside);
        }
        self.stops.send_modify(|stops| {
            stops.all += 1;
            stops.called_off += 1;
        });
        for (span, _) in gone {
            self.let_go(&span.object);
        }
    }

    /// Nobody fetches it any more: who waits for it is told, who wants it again asks anew.
    pub(crate) fn let_go(&self, object: &Object) {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).open.remove(&object.digest);
        object.fail(Failure::CalledOff);
    }

    /// Changes when something is wanted.
    pub(super) fn wants(&self) -> watch::Receiver<()> {
        self.wants.subscribe()
    }

    /// Changes when it is paused or called off.
    pub(crate) fn stops(&self) -> watch::Receiver<Stops> {
        self.stops.subscribe()
    }

    fn object(&self, digest: &Digest, bytes: u64, reader: &Reader) -> Arc<Object> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            Arc::new(Object {
                digest: *digest,
                bytes,
                reader: reader.clone(),
                turn_of: turn_of(reader),
                errand: self.this.clone(),
                looks: Mutex::default(),
                copy: OnceCell::new(),
                groups: tokio::sync::Mutex::new(None),
                beat: watch::Sender::new(0),
                failure: Mutex::new(None),
                tries: AtomicU64::new(0),
                partial: AtomicU64::new(0),
                passed_over: PassedOver::default(),
            })
        };
        books.open.entry(*digest).or_insert_with(made).clone()
    }

    /// An object was found complete in the lease, or became so.
    pub(crate) fn note_here(&self, digest: &Digest, bytes: u64) {
        self.doubts.end(&self.study, digest);
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.here.insert(*digest, bytes);
        if let Some(object) = books.open.remove(digest) {
            object.beat.send_modify(|n| *n += 1);
        }
    }

    /// Whether an object is known to be complete here.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).here.contains_key(digest)
    }

    /// An object that was complete is not so any more (evicted, erased).
    pub(crate) fn note_gone(&self, digest: &Digest) {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).here.remove(digest);
    }

    pub(crate) fn note_chunk(&self, object: &Object, bytes: u64, from: &SiteId) {
        *self.brought.lock().unwrap_or_else(PoisonError::into_inner).entry(*from).or_default() += bytes;
        self.fetched.fetch_add(bytes, Ordering::Relaxed);
        object.partial.fetch_add(bytes, Ordering::Relaxed);
        object.tries.store(0, Ordering::Relaxed);
        object.beat.send_modify(|n| *n += 1);
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_said_for_good(&books) {
            books.failure = None;
        }
    }

    /// Bytes that each holder brought for it.
    pub(crate) fn brought(&self) -> BTreeMap<SiteId, u64> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts bytes that came over the wire.
    pub(crate) fn note_wire(&self, bytes: u64) {
        self.wire.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn note_failure(&self, object: &Object, failure: Failure) {
        {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.is_said_for_good(&books) {
                books.failure = Some(failure);
            }
        }
        if failure.is_corrupt() {
            self.doubts.begin(&self.study, &object.digest);
        }
        object.fail(failure);
    }

    /// An end stays, and so do wrong bytes: other images arriving well do not make them right.
    fn is_said_for_good(&self, books: &Books) -> bool {
        self.ended.is_cancelled() || books.failure.is_some_and(Failure::is_corrupt)
    }

    /// Ends it with a failure: nothing more is asked, and whoever waits is told.
    pub(crate) fn end(&self, failure: Failure) {
        let open: Vec<_> = {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            self.ended.cancel();
            books.failure = Some(failure);
            books.open.drain().map(|(_, object)| object).collect()
        };
        for object in open {
            object.fail(failure);
        }
        self.pump.sweep();
    }

    /// Time since the last chunk.
    pub(crate) fn silent_for(&self) -> Duration {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// How far it is.
    pub(crate) fn tally(&self) -> Tally {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let partial: u64 = books.open.values().map(|o| o.partial.load(Ordering::Relaxed)).sum();
        Tally {
            objects: books.here.len() as u64,
            bytes: books.here.values().sum::<u64>() + partial,
            open: books.open.values().filter(|o| o.failure().is_none()).count() as u64,
            fetched: self.fetched.load(Ordering::Relaxed),
            wire: self.wire.load(Ordering::Relaxed),
            failure: books.failure,
            steer: books.steer,
        }
    }
}

/// A person takes one turn in each role, whatever they read.
fn turn_of(reader: &Reader) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&reader.person, &reader.role).hash(&mut hasher);
    hasher.finish()
}
