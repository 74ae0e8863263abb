//! Whether bytes are coded for the wire, and the bounded work of coding and decoding.
//!
//! Both sides must gain. The holder codes when coded bytes will be there sooner than plain ones would be, by the rate of
//! the connection, by what waits on it already, and by how fast coding went lately on this machine and how much of it
//! waits: a fast link or a busy processor sends plain bytes, and both in turn where the two are even. The asker asks for
//! plain bytes while its own decoding lags behind.
//!
//! # At a crash
//! Nothing is kept here: coded bytes never reach a disk.
//!
//! # Not here
//! The coding itself: `protocol::coding`. Whether the bytes are right: [`super::coded`] and [`super::fetch`] check every
//! group.

use super::congestion;
use crate::{config::CodingMode as Mode, tasks::Tasks};
use protocol::congestion::INITIAL_WINDOW_BYTES;
use quinn::Connection;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Works at once at most: more cores than that are better left to readers.
const AT_ONCE_MAX: usize = 4;
/// What a MiB takes on one core as long as none was measured, nanoseconds: 260 MB/s.
const FIRST_PACE_NS: u64 = 4_000_000;
/// A decoder this far behind asks for plain bytes.
const LAG_MAX: Duration = Duration::from_millis(50);
/// What coding is believed to save as long as nothing was measured, thousandths of the bytes.
const FIRST_SAVING: u64 = 600;
/// Never believed to save less: one study of noise must not end coding for all that come after.
const SAVING_MIN: u64 = 200;
/// How long a measure of a path is looked at before it is asked whether it is still that path's.
const LOOK_EACH: Duration = Duration::from_secs(1);
const MIB: u64 = 1 << 20;

/// The coding of one node, both ways.
#[derive(Debug)]
pub(crate) struct Coding {
    mode: Mode,
    pub(crate) encoding: Works,
    pub(crate) decoding: Works,
    /// A mean of what coding saved lately, thousandths.
    saving: AtomicU64,
}

impl Coding {
    pub(crate) fn new(mode: Mode, tasks: &Tasks) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(AT_ONCE_MAX);
        Arc::new(Self {
            mode,
            encoding: Works::new("transfer.encode", cores, tasks.clone()),
            decoding: Works::new("transfer.decode", cores, tasks.clone()),
            saving: AtomicU64::new(FIRST_SAVING),
        })
    }

    /// Whether to ask for coded bytes.
    pub(crate) fn asks(&self) -> bool {
        match self.mode {
            Mode::Off => false,
            Mode::Auto => self.decoding.time_for(0) < LAG_MAX,
            Mode::Always => true,
        }
    }

    /// Whether to code so many bytes that are counted as waiting on a connection. What is coded then enters at once, so that the
    /// next one knows of it.
    pub(crate) fn codes(&self, bytes: u64, load: &Load) -> bool {
        match self.mode {
            Mode::Off => false,
            Mode::Auto => {
                // The other side's machine is taken to be like this one, without what waits here.
                let takes = self.encoding.time_for(bytes) + self.encoding.pace_of(bytes);
                is_sooner(takes, load.plain_time(), self.saving.load(Ordering::Relaxed))
            }
            Mode::Always => true,
        }
    }

    /// Notes what coding made of so many bytes.
    pub(crate) fn note_saving(&self, bytes: u64, coded: u64) {
        let saved = bytes.saturating_sub(coded).saturating_mul(1000) / bytes.max(1);
        let before = self.saving.load(Ordering::Relaxed);
        self.saving.store(((before * 15 + saved) / 16).max(SAVING_MIN), Ordering::Relaxed);
    }
}

/// Whether work of this time is worth saving so many thousandths of the time that plain bytes take.
fn is_sooner(work: Duration, plain: Duration, saving: u64) -> bool {
    work.as_secs_f64() < plain.as_secs_f64() * saving.min(1000) as f64 / 1000.0
}

/// What one connection has yet to bring to the other side.
#[derive(Debug)]
pub(crate) struct Load {
    connection: Connection,
    waiting: AtomicU64,
    /// What the sender measures, and since when we look at it: a path that moved has another.
    measured: Mutex<Option<(Arc<AtomicU64>, Instant)>>,
}

impl Load {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, waiting: AtomicU64::new(0), measured: Mutex::default() }
    }

    /// Counts bytes as waiting until what is given is dropped.
    pub(crate) fn enter(&self, bytes: u64) -> Counted<'_> {
        Counted::enter(&self.waiting, bytes)
    }

    /// How long it takes until all that waits is there, as it is.
    fn plain_time(&self) -> Duration {
        let seconds = self.waiting.load(Ordering::Relaxed) as f64 / self.rate().max(1.0);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// Bytes a second that the path carries; before that was measured, what a first window makes of its round trip.
    fn rate(&self) -> f64 {
        let mut known = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(_, since)| since.elapsed() > LOOK_EACH) {
            *known = congestion::measured(&self.connection).map(|measured| (measured, Instant::now()));
        }
        match known.as_ref().map_or(0, |(measured, _)| measured.load(Ordering::Relaxed)) {
            0 => INITIAL_WINDOW_BYTES as f64 / self.connection.rtt().as_secs_f64().max(1e-6),
            measured => measured as f64,
        }
    }
}

/// A part of a count, also when its holder is dropped.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a AtomicU64, u64);

impl<'a> Counted<'a> {
    fn enter(count: &'a AtomicU64, bytes: u64) -> Self {
        count.fetch_add(bytes, Ordering::Relaxed);
        Self(count, bytes)
    }
}
impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// Work of one kind on the blocking pool: so much at once, the rest in its turn.
#[derive(Debug)]
pub(crate) struct Works {
    name: &'static str,
    room: Arc<Semaphore>,
    at_once: u64,
    /// Bytes that wait or are being worked on.
    ahead: AtomicU64,
    /// A mean of what a MiB took lately, on the clock: a busy machine is a slow one.
    pace_ns: Arc<AtomicU64>,
    tasks: Tasks,
}

/// A turn to work.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    works: &'a Works,
    counted: Counted<'a>,
    place: OwnedSemaphorePermit,
}

impl Works {
    fn new(name: &'static str, at_once: usize, tasks: Tasks) -> Self {
        let room = Arc::new(Semaphore::new(at_once));
        let pace_ns = Arc::new(AtomicU64::new(FIRST_PACE_NS));
        Self { name, room, at_once: at_once as u64, ahead: AtomicU64::new(0), pace_ns, tasks }
    }

    /// When so many bytes that come now would be done.
    fn time_for(&self, bytes: u64) -> Duration {
        let before = self.ahead.load(Ordering::Relaxed) / self.at_once.max(1);
        self.pace_of(bytes.saturating_add(before))
    }

    /// What so many bytes take by themselves.
    fn pace_of(&self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(self.pace_ns.load(Ordering::Relaxed)) / MIB)
    }

    /// Waits for a turn.
    pub(crate) async fn enter(&self, bytes: u64) -> Option<Turn<'_>> {
        let counted = Counted::enter(&self.ahead, bytes);
        // The semaphore is never closed.
        let place = self.room.clone().acquire_owned().await.ok()?;
        Some(Turn { works: self, counted, place })
    }
}

impl Turn<'_> {
    /// Works; `None` when the node stops. The place is taken until the work is done, also when nobody waits for it.
    pub(crate) async fn work<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let Self { works, counted, place } = self;
        let (bytes, pace) = (counted.1, works.pace_ns.clone());
        let working = works.tasks.spawn_blocking(works.name, move || {
            let begun = Instant::now();
            let made = work();
            let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if let Some(took) = took.saturating_mul(MIB).checked_div(bytes) {
                let before = pace.load(Ordering::Relaxed);
                pace.store(before.saturating_mul(7).saturating_add(took) / 8, Ordering::Relaxed);
            }
            drop(place);
            made
        });
        let made = working.await.ok();
        drop(counted);
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: u64 = 525_000;

    fn plain_at(bits_per_s: f64) -> Duration {
        Duration::from_secs_f64(UNIT as f64 * 8.0 / bits_per_s)
    }

    #[test]
    fn a_slow_link_is_worth_the_work_and_a_fast_one_is_not() {
        let works = Works::new("test", 2, Tasks::default());
        let takes = works.time_for(UNIT) + works.pace_of(UNIT);
        for (mbit, worth) in [(0.256, true), (30.0, true), (100.0, true), (300.0, true), (10_000.0, false)] {
            assert_eq!(is_sooner(takes, plain_at(mbit * 1e6), 720), worth, "{mbit} Mb/s");
        }
        assert!(!is_sooner(takes, plain_at(300e6), 20), "what hardly shrinks is not coded");
    }

    #[test]
    fn what_waits_already_makes_it_later() {
        let works = Works::new("test", 2, Tasks::default());
        let alone = works.time_for(UNIT);
        let waiting = Counted::enter(&works.ahead, 20 * UNIT);
        assert!(works.time_for(UNIT) > alone * 10);
        assert!(!is_sooner(works.time_for(UNIT), plain_at(300e6), 720), "plain bytes go meanwhile");
        drop(waiting);
        assert_eq!(works.time_for(UNIT), alone);
    }

    #[tokio::test]
    async fn the_pace_follows_what_was_measured_and_places_come_back() {
        let works = Works::new("test", 1, Tasks::default());
        for _ in 0..40 {
            let turn = works.enter(64 * MIB).await.unwrap();
            assert_eq!(turn.work(|| 7).await, Some(7));
        }
        assert!(works.pace_of(MIB) < Duration::from_nanos(FIRST_PACE_NS) / 10, "{:?}", works.pace_of(MIB));
        assert_eq!(works.ahead.load(Ordering::Relaxed), 0);
        assert_eq!(works.room.available_permits(), 1);
    }

    #[test]
    fn noise_does_not_end_coding_for_ever() {
        let coding = Coding::new(Mode::Auto, &Tasks::default());
        for _ in 0..1000 {
            coding.note_saving(UNIT, UNIT);
        }
        assert_eq!(coding.saving.load(Ordering::Relaxed), SAVING_MIN);
        for _ in 0..100 {
            coding.note_saving(UNIT, UNIT / 4);
        }
        assert!(coding.saving.load(Ordering::Relaxed) > 700);
    }
}
