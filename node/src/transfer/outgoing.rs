//! What is being given, for whoever looks: by asking site and study, how fast, by which road, and how the line is.
//!
//! A stream counts in an atomic of its own; the register's lock is taken when one begins or ends, and by whoever looks. What is
//! counted was handed to the connection: up to its send window may not be at the other side yet.
//!
//! # At a crash
//! Nothing is kept here.
//!
//! # Not here
//! What was given, as evidence: `audit`. What comes from others: `studies::progress`. What no study is: second copies of backups,
//! attachments, trials.

use super::{Transfer, congestion, progress::Rate};
use protocol::{SiteId, Uid, fetch::Priority, roads::RoadKind};
use quinn::Connection;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Studies listed at once; what is given beyond that is given all the same.
const ROWS_MAX: usize = 1024;
/// One of which nothing is given any more stays listed for so long.
const STAYS: Duration = Duration::from_secs(6);
/// Fewer packets tell nothing of the share that is lost.
const PACKETS_MIN: u64 = 50;

/// What one stream counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    bytes: AtomicU64,
    is_held_back: AtomicBool,
}

impl Counts {
    pub(super) fn note(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether it waits for what is agreed of bandwidth.
    pub(super) fn note_held_back(&self, is_held_back: bool) {
        self.is_held_back.store(is_held_back, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A stream that begins, on a line.
#[derive(Debug)]
pub(super) struct Begun<L> {
    pub(super) line: L,
    pub(super) priority: Priority,
    /// Where it may rise.
    pub(super) raised: Option<watch::Receiver<Priority>>,
    /// What is agreed of bandwidth.
    pub(super) kbits_max: Option<u32>,
}

#[derive(Debug)]
struct Stream<L> {
    begun: Begun<L>,
    counts: Arc<Counts>,
}

impl<L> Stream<L> {
    fn priority(&self) -> Priority {
        self.begun.raised.as_ref().map_or(self.begun.priority, |raised| *raised.borrow())
    }
}

/// A study that one site is given.
#[derive(Debug)]
struct Giving<L> {
    since: Instant,
    rate: Rate,
    /// Bytes of streams that ended.
    bytes: u64,
    /// Bounded by the requests that are served at once.
    streams: Vec<Stream<L>>,
    /// Since when there is none.
    ended: Option<Instant>,
}

impl<L> Giving<L> {
    fn new(now: Instant) -> Self {
        Self { since: now, rate: Rate::default(), bytes: 0, streams: Vec::new(), ended: None }
    }

    fn bytes(&self) -> u64 {
        self.bytes + self.streams.iter().map(|stream| stream.counts.bytes()).sum::<u64>()
    }

    fn is_over(&self, now: Instant) -> bool {
        self.ended.is_some_and(|ended| now.saturating_duration_since(ended) >= STAYS)
    }
}

type Key = (SiteId, Uid);

#[derive(Debug)]
struct Register<L> {
    rows: HashMap<Key, Giving<L>>,
    /// Bytes of streams that ended, since the start. Bounded by the number of peers.
    given: HashMap<SiteId, u64>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Outgoing<L>(Mutex<Register<L>>);

impl<L> Default for Outgoing<L> {
    fn default() -> Self {
        Self(Mutex::new(Register { rows: HashMap::new(), given: HashMap::new() }))
    }
}

/// What is given of one study, over a line.
#[derive(Debug)]
struct Row<L> {
    peer: SiteId,
    study: Uid,
    /// The highest of what runs; none where nothing does.
    priority: Option<Priority>,
    streams: usize,
    bytes: u64,
    bytes_per_s: f64,
    since: Duration,
    kbits_max: Option<u32>,
    is_held_back: bool,
    line: Option<L>,
}

/// What one site was given of studies since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GivenTotal {
    pub(crate) bytes: u64,
    /// Streams that run.
    pub(crate) streams: usize,
}

impl<L: Clone> Outgoing<L> {
    fn register(&self) -> MutexGuard<'_, Register<L>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a stream until what is given back is dropped.
    pub(super) fn begin(&self, (peer, study): (SiteId, &Uid), begun: Begun<L>, now: Instant) -> Listed<'_, L> {
        let (key, counts) = ((peer, study.clone()), Arc::new(Counts::default()));
        let mut register = self.register();
        if !register.rows.contains_key(&key) {
            register.rows.retain(|_, giving| !giving.is_over(now));
        }
        if register.rows.len() < ROWS_MAX || register.rows.contains_key(&key) {
            let giving = register.rows.entry(key.clone()).or_insert_with(|| Giving::new(now));
            if giving.is_over(now) {
                *giving = Giving::new(now);
            }
            let bytes = giving.bytes();
            giving.rate.note(now, bytes);
            giving.ended = None;
            giving.streams.push(Stream { begun, counts: counts.clone() });
        }
        drop(register);
        Listed { outgoing: self, key, counts }
    }

    fn end(&self, key: &Key, counts: &Arc<Counts>, now: Instant) {
        let mut register = self.register();
        let bytes = counts.bytes();
        *register.given.entry(key.0).or_insert(0) += bytes;
        if let Some(giving) = register.rows.get_mut(key)
            && let Some(at) = giving.streams.iter().position(|stream| Arc::ptr_eq(&stream.counts, counts))
        {
            giving.streams.swap_remove(at);
            giving.bytes += bytes;
            let all = giving.bytes();
            giving.rate.note(now, all);
            if giving.streams.is_empty() {
                giving.ended = Some(now);
            }
        }
    }

    /// What is given now, and what just was: in the order of the sites' keys, and of the studies.
    fn rows(&self, now: Instant) -> Vec<Row<L>> {
        let mut register = self.register();
        register.rows.retain(|_, giving| !giving.is_over(now));
        let rows = register.rows.iter_mut().map(|((peer, study), giving)| {
            let bytes = giving.bytes();
            giving.rate.note(now, bytes);
            Row {
                peer: *peer,
                study: study.clone(),
                priority: giving.streams.iter().map(Stream::priority).max(),
                streams: giving.streams.len(),
                bytes,
                bytes_per_s: if giving.streams.is_empty() { 0.0 } else { giving.rate.bytes_per_s() },
                since: now.saturating_duration_since(giving.since),
                kbits_max: giving.streams.iter().find_map(|stream| stream.begun.kbits_max),
                is_held_back: giving.streams.iter().any(|s| s.counts.is_held_back.load(Ordering::Relaxed)),
                line: giving.streams.last().map(|stream| stream.begun.line.clone()),
            }
        });
        let mut rows: Vec<Row<L>> = rows.collect();
        rows.sort_by(|a, b| (a.peer, &a.study).cmp(&(b.peer, &b.study)));
        rows
    }

    fn totals(&self) -> HashMap<SiteId, GivenTotal> {
        let register = self.register();
        let ended = register.given.iter().map(|(peer, bytes)| (*peer, GivenTotal { bytes: *bytes, streams: 0 }));
        let mut totals: HashMap<SiteId, GivenTotal> = ended.collect();
        for ((peer, _), giving) in &register.rows {
            let total = totals.entry(*peer).or_default();
            total.streams += giving.streams.len();
            total.bytes += giving.streams.iter().map(|stream| stream.counts.bytes()).sum::<u64>();
        }
        totals
    }
}

/// A stream that is listed.
#[derive(Debug)]
pub(super) struct Listed<'a, L: Clone> {
    outgoing: &'a Outgoing<L>,
    key: Key,
    counts: Arc<Counts>,
}

impl<L: Clone> Listed<'_, L> {
    pub(super) fn counts(&self) -> Arc<Counts> {
        self.counts.clone()
    }
}

impl<L: Clone> Drop for Listed<'_, L> {
    fn drop(&mut self) {
        self.outgoing.end(&self.key, &self.counts, Instant::now());
    }
}

/// A line as this side measures it: of what it sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OutgoingLine {
    pub(crate) road: RoadKind,
    /// The site that relays.
    pub(crate) via: Option<SiteId>,
    pub(crate) rtt_s: f64,
    /// Share of our packets that were lost on this connection.
    pub(crate) lost: Option<f64>,
    /// Bytes that may be on their way.
    pub(crate) window_bytes: u64,
    /// Bytes a second that the sender measured; none before it did.
    pub(crate) bytes_per_s: Option<u64>,
}

/// What is given of one study.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutgoingRow {
    pub(crate) peer: SiteId,
    pub(crate) study: Uid,
    /// The highest of what runs; none where nothing does any more.
    pub(crate) priority: Option<Priority>,
    pub(crate) streams: usize,
    /// Since it is listed.
    pub(crate) bytes: u64,
    /// Over the last seconds.
    pub(crate) bytes_per_s: f64,
    pub(crate) since: Duration,
    /// What is agreed of bandwidth.
    pub(crate) kbits_max: Option<u32>,
    /// Whether bytes wait for that now.
    pub(crate) is_held_back: bool,
    /// While something is given.
    pub(crate) line: Option<OutgoingLine>,
}

impl Transfer {
    /// What peers are being given.
    pub(crate) fn outgoing(&self) -> Vec<OutgoingRow> {
        let rows = self.inner.server.outgoing.rows(Instant::now()).into_iter();
        rows.map(|row| OutgoingRow {
            peer: row.peer,
            study: row.study,
            priority: row.priority,
            streams: row.streams,
            bytes: row.bytes,
            bytes_per_s: row.bytes_per_s,
            since: row.since,
            kbits_max: row.kbits_max,
            is_held_back: row.is_held_back,
            line: row.line.map(|connection| self.sent_over(&connection)),
        })
        .collect()
    }

    /// What each peer was given since the start, in the order of their keys.
    pub(crate) fn given(&self) -> Vec<(SiteId, GivenTotal)> {
        let mut totals: Vec<_> = self.inner.server.outgoing.totals().into_iter().collect();
        totals.sort_by_key(|(peer, _)| *peer);
        totals
    }

    fn sent_over(&self, connection: &Connection) -> OutgoingLine {
        let road = self.inner.roads.road_of(&connection.remote_address());
        let path = connection.stats().path;
        let measured = congestion::measured(connection).map_or(0, |measured| measured.load(Ordering::Relaxed));
        OutgoingLine {
            road: road.kind,
            via: road.via,
            rtt_s: connection.rtt().as_secs_f64(),
            lost: (path.sent_packets >= PACKETS_MIN).then(|| path.lost_packets as f64 / path.sent_packets as f64),
            window_bytes: path.cwnd,
            bytes_per_s: (measured > 0).then_some(measured),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u8) -> SiteId {
        SiteId([n; 32])
    }

    fn uid(text: &str) -> Uid {
        Uid::parse(text).unwrap()
    }

    fn begun(line: u8, priority: Priority) -> Begun<u8> {
        Begun { line, priority, raised: None, kbits_max: None }
    }

    #[test]
    fn streams_of_a_study_for_one_site_are_one_row() {
        let (outgoing, now) = (Outgoing::default(), Instant::now());
        let one = outgoing.begin((peer(1), &uid("1.2")), begun(7, Priority::Prefetch), now);
        let (raise, raised) = watch::channel(Priority::Series);
        let throttled = Begun { raised: Some(raised), kbits_max: Some(512), ..begun(8, Priority::Series) };
        let two = outgoing.begin((peer(1), &uid("1.2")), throttled, now);
        let _other = outgoing.begin((peer(2), &uid("1.2")), begun(9, Priority::Screen), now);
        one.counts().note(1_000);
        two.counts().note(3_000_000);
        two.counts().note_held_back(true);
        raise.send_replace(Priority::Emergency);
        let rows = outgoing.rows(now + Duration::from_secs(2));
        let sums: Vec<_> = rows.iter().map(|row| (row.peer, row.streams, row.bytes, row.priority, row.line)).collect();
        assert_eq!(
            sums,
            [
                (peer(1), 2, 3_001_000, Some(Priority::Emergency), Some(8)),
                (peer(2), 1, 0, Some(Priority::Screen), Some(9)),
            ]
        );
        let first = &rows[0];
        assert!((first.bytes_per_s - 1_500_500.0).abs() < 1.0, "{first:?}");
        assert_eq!((first.kbits_max, first.is_held_back, first.since), (Some(512), true, Duration::from_secs(2)));
        assert!(!rows[1].is_held_back);
    }

    #[test]
    fn what_ended_stays_some_seconds_and_counts_for_ever() {
        let outgoing = Outgoing::default();
        let of = (peer(1), &uid("1.2"));
        let stream = outgoing.begin(of, begun(7, Priority::Series), Instant::now());
        stream.counts().note(500);
        assert_eq!(outgoing.totals()[&peer(1)], GivenTotal { bytes: 500, streams: 1 });
        drop(stream);
        let now = Instant::now();
        let rows = outgoing.rows(now);
        let [row] = rows.as_slice() else { panic!("it is listed") };
        assert_eq!((row.priority, row.streams, row.bytes, row.line), (None, 0, 500, None));
        let again = outgoing.begin(of, begun(7, Priority::Series), now);
        assert_eq!(outgoing.rows(now)[0].bytes, 500, "it goes on");
        drop(again);
        assert!(outgoing.rows(Instant::now() + STAYS).is_empty());
        assert_eq!(outgoing.totals()[&peer(1)], GivenTotal { bytes: 500, streams: 0 });
    }

    #[test]
    fn so_many_are_listed_and_the_rest_is_counted_all_the_same() {
        let (outgoing, now) = (Outgoing::default(), Instant::now());
        let study = |n: usize| uid(&format!("1.2.{}", n + 1));
        let streams: Vec<_> =
            (0..=ROWS_MAX).map(|n| outgoing.begin((peer(1), &study(n)), begun(7, Priority::Series), now)).collect();
        assert_eq!(outgoing.rows(now).len(), ROWS_MAX);
        streams.last().unwrap().counts().note(9);
        drop(streams);
        assert_eq!(outgoing.totals()[&peer(1)].bytes, 9);
        let later = Instant::now() + STAYS;
        let _new = outgoing.begin((peer(1), &study(ROWS_MAX)), begun(7, Priority::Series), later);
        assert_eq!(outgoing.rows(later).len(), 1, "those that ended made room");
    }
}
