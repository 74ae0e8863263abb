//! What the last transfers from each peer were like, and what the next will be like.
//!
//! Of each peer the last sixteen runs are kept: how many bytes came in how long while more was asked for all the time, over
//! which round trip; and how long a first image took. The next is taken to be like those that resemble it in size and
//! round trip, the newest most of all. A first image takes what the middle one of the last ones took beside the round trip and
//! its own bytes: at both ends a busy moment makes one of them late, and that one says nothing of the next.
//!
//! Of a peer from which nothing came yet a sample of the line stands in ([`super::sample`]), as long as nothing better is known.
//!
//! # At a crash
//! A file of its own, written whole. Lost or unreadable, transfers are foretold again after the next one.
//!
//! # Not here
//! What runs now: [`super::links`].

use protocol::SiteId;
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

const FILE: &str = "links.state";
/// Runs kept of a peer, and first images.
const KEPT_MAX: usize = 16;
/// The first images of which the middle one tells of the next: half of them make a change known.
const FIRSTS: usize = 9;
/// Round trips that differ by less, or by less than half, are of the same road.
const SAME_ROAD_S: f64 = 0.005;
const SAME_ROAD_SHARE: f64 = 0.5;
/// After this time a sample is taken anew, if nothing came meanwhile.
const SAMPLE_STALE_S: u64 = 86_400;
/// Less says more about the round trip than about the rate.
const RUN_BYTES_MIN: u64 = 1 << 20;
/// Round trips of a first image: manifest, headers and image come in one answer.
const TRIPS: f64 = 1.0;
/// So many times what it should take does a first image take at least, and at most.
const TIMES_MIN: f64 = 0.1;
const TIMES_MAX: f64 = 50.0;
/// Those of making a connection: TLS 1.3 within QUIC, and our own greeting.
const CONNECT_TRIPS: f64 = 2.0;
/// So much less does a run weigh than the next newer one.
const FADES: f64 = 0.6;
/// At least this part of a run is bytes that come; the rest may be the round trip before the first of them.
const COMES_MIN: f64 = 0.25;

/// Bytes that came without a pause.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Bytes of objects that they were.
    pub(crate) bytes: u64,
    /// Bytes that the link carried for them: fewer where they were coded. None: as many.
    #[serde(default)]
    pub(crate) wire: Option<u64>,
    /// From the first request on.
    pub(crate) took_s: f64,
    pub(crate) rtt_s: f64,
}

impl Run {
    /// Bytes of objects a second once they come: eight images wait for the same round trip as five hundred.
    fn carried(&self) -> f64 {
        self.bytes as f64 / (self.took_s - self.rtt_s).max(self.took_s * COMES_MIN)
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Peer {
    runs: VecDeque<Run>,
    /// First images of studies of which nothing was here, over a connection that there was.
    firsts: VecDeque<Run>,
    /// Those for which the connection had to be made.
    #[serde(default)]
    cold_firsts: VecDeque<Run>,
    /// What the line carried while nobody waited on it.
    #[serde(default)]
    sample: Option<Sample>,
}

/// A sample of a line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    /// Seconds since 1970.
    at_s: u64,
    bytes_per_s: f64,
    rtt_s: f64,
}

/// What a study will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Foresight {
    pub(crate) first_s: f64,
    pub(crate) whole_s: f64,
    /// Nothing came from there yet: told by a sample, which may not have got going on a fast link.
    pub(crate) is_of_sample: bool,
}

/// The memory. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(crate) struct Past {
    peers: Mutex<HashMap<String, Peer>>,
    file: Option<PathBuf>,
}

impl Past {
    /// What is known from before, kept in a folder.
    pub(crate) fn open(dir: &Path) -> Self {
        let file = dir.join(FILE);
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { peers: Mutex::new(known.unwrap_or_default()), file: Some(file) }
    }

    /// Bytes came without a pause. Blocks for a write of some KiB.
    pub(crate) fn note_run(&self, site: &SiteId, run: Run) {
        if run.bytes >= RUN_BYTES_MIN {
            self.note(site, run, |peer| &mut peer.runs);
        }
    }

    /// The first image of a study was here so long after it was asked for. Blocks as [`Self::note_run`].
    pub(crate) fn note_first(&self, site: &SiteId, run: Run, was_connected: bool) {
        self.note(site, run, |peer| if was_connected { &mut peer.firsts } else { &mut peer.cold_firsts });
    }

    fn note(&self, site: &SiteId, run: Run, of: impl Fn(&mut Peer) -> &mut VecDeque<Run>) {
        if run.took_s <= 0.0 || run.rtt_s <= 0.0 {
            return;
        }
        self.change(site, |peer| {
            let list = of(peer);
            list.push_front(run);
            list.truncate(KEPT_MAX);
        });
    }

    /// Whether the rate of a peer's line is worth a sample: nothing came from there yet, and none was taken within a day.
    pub(crate) fn wants_sample(&self, site: &SiteId, now_s: u64) -> bool {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(peer) = peers.get(&site.to_string()) else { return true };
        let is_stale = |sample: &Sample| now_s.abs_diff(sample.at_s) >= SAMPLE_STALE_S;
        peer.runs.is_empty() && peer.sample.as_ref().is_none_or(is_stale)
    }

    /// A sample brought so many bytes a second. Blocks as [`Self::note_run`].
    pub(crate) fn note_sample(&self, site: &SiteId, bytes_per_s: f64, rtt_s: f64, at_s: u64) {
        if bytes_per_s > 0.0 && bytes_per_s.is_finite() && rtt_s > 0.0 {
            self.change(site, |peer| peer.sample = Some(Sample { at_s, bytes_per_s, rtt_s }));
        }
    }

    fn change(&self, site: &SiteId, change: impl FnOnce(&mut Peer)) {
        let text = {
            let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
            change(peers.entry(site.to_string()).or_default());
            serde_json::to_vec(&*peers)
        };
        let Some((file, text)) = self.file.as_ref().zip(text.ok()) else { return };
        if let Err(error) = write(file, &text) {
            tracing::warn!(%error, "links.state was not written");
        }
    }

    /// Forgets sites that are no peers.
    pub(crate) fn keep_only(&self, peers: &[SiteId]) {
        let names: Vec<String> = peers.iter().map(ToString::to_string).collect();
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).retain(|site, _| names.contains(site));
    }

    /// The highest rate of the last runs, bytes over the wire a second: what the link carries as far as is known.
    pub(crate) fn best_rate(&self, site: &SiteId) -> Option<f64> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = |run: &Run| run.wire.unwrap_or(run.bytes) as f64 / run.took_s;
        let peer = peers.get(&site.to_string())?;
        let best = peer.runs.iter().map(rate).max_by(f64::total_cmp);
        best.or_else(|| peer.sample.map(|sample| sample.bytes_per_s))
    }

    /// The last round trip, seconds.
    pub(crate) fn last_rtt(&self, site: &SiteId) -> Option<f64> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = peers.get(&site.to_string())?;
        let last = peer.runs.front().or_else(|| peer.firsts.front()).map(|run| run.rtt_s);
        last.or_else(|| peer.sample.map(|sample| sample.rtt_s))
    }

    /// What so many bytes will take over this round trip, with a connection or without, the first image of them being so
    /// large; `None` of a peer that nothing is known of.
    pub(crate) fn foresee(
        &self,
        site: &SiteId,
        (rtt_s, is_connected): (f64, bool),
        (image, all): (u64, u64),
    ) -> Option<Foresight> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = peers.get(&site.to_string())?;
        // One image comes at the rate of the link, without the pauses that a whole study has.
        let carries = likely(&peer.runs, all.max(RUN_BYTES_MIN), rtt_s, Run::carried)
            .or_else(|| peer.sample.map(|sample| sample.bytes_per_s))?;
        // What an image takes where nothing is in the way.
        let plain = |trips: f64, rtt_s: f64, bytes: u64| trips * rtt_s + bytes as f64 / carries;
        let like = |firsts: &VecDeque<Run>, of: f64, to: f64| {
            let past = |run: &Run| plain(of, run.rtt_s, run.bytes);
            first_like(firsts, rtt_s, past, plain(to, rtt_s, image))
        };
        let (warm_trips, cold_trips) = (TRIPS, TRIPS + CONNECT_TRIPS);
        let trips = if is_connected { warm_trips } else { cold_trips };
        let warm = || like(&peer.firsts, warm_trips, trips);
        let cold = || like(&peer.cold_firsts, cold_trips, trips);
        let known = if is_connected { warm().or_else(cold) } else { cold().or_else(warm) };
        let first_s = known.unwrap_or_else(|| plain(trips, rtt_s, image));
        // What keeps the first image longer keeps all of them.
        let before = (first_s - plain(TRIPS, rtt_s, image)).max(0.0);
        let whole_s = before + plain(TRIPS, rtt_s, all.max(image));
        Some(Foresight { first_s, whole_s, is_of_sample: peer.runs.is_empty() })
    }
}

/// The mean of logarithms over runs, those that are alike and new weighing most.
fn likely(runs: &VecDeque<Run>, bytes: u64, rtt_s: f64, of: impl Fn(&Run) -> f64) -> Option<f64> {
    let (mut sum, mut weights, mut newness) = (0.0, 0.0, 1.0);
    for run in runs {
        let size = (run.bytes.max(1) as f64 / bytes.max(1) as f64).ln().abs();
        let road = (run.rtt_s / rtt_s.max(1e-6)).ln().abs();
        // Never nothing: of a link that was another, the last known rate is better than none.
        let weight = newness * (-size - 3.0 * road).exp().max(1e-9);
        sum += weight * of(run).max(1e-9).ln();
        weights += weight;
        newness *= FADES;
    }
    (weights > 0.0).then(|| (sum / weights).exp())
}

/// What a first image takes that would take `plain` where nothing is in the way, as would each of the last ones `past`: over the
/// same road so much more as the middle one of them took, else so many times as long. `None` where there was none.
fn first_like(firsts: &VecDeque<Run>, rtt_s: f64, past: impl Fn(&Run) -> f64, plain: f64) -> Option<f64> {
    let is_same = |run: &&Run| {
        let apart = (run.rtt_s - rtt_s).abs();
        apart <= SAME_ROAD_S || apart <= SAME_ROAD_SHARE * run.rtt_s.min(rtt_s)
    };
    let more = firsts.iter().filter(is_same).take(FIRSTS).map(|run| run.took_s - past(run));
    let times = || firsts.iter().take(FIRSTS).map(|run| (run.took_s / past(run)).clamp(TIMES_MIN, TIMES_MAX));
    let like = middle(more.collect()).map(|more| plain + more);
    // A rate that was taken to be lower than it is makes all of them quicker than they should be: none is quicker than this.
    like.or_else(|| middle(times().collect()).map(|times| plain * times)).map(|like| like.max(plain * TIMES_MIN))
}

/// The middle one, or the mean of the two in the middle.
fn middle(mut of: Vec<f64>) -> Option<f64> {
    of.sort_by(f64::total_cmp);
    let upper = *of.get(of.len() / 2)?;
    let lower = of.get(of.len().saturating_sub(1) / 2).copied().unwrap_or(upper);
    Some(f64::midpoint(lower, upper))
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("state.new");
    File::create(&fresh)?.write_all(text)?;
    fs::rename(fresh, path)
}

/// The round trip as seconds.
pub(crate) fn seconds(rtt: Duration) -> f64 {
    rtt.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: SiteId = SiteId([1; 32]);

    fn run(bytes: u64, took_s: f64, rtt_s: f64) -> Run {
        Run { bytes, wire: None, took_s, rtt_s }
    }

    #[test]
    fn of_a_stranger_nothing_is_foretold() {
        assert_eq!(Past::default().foresee(&SITE, (0.05, true), (500_000, 200_000_000)), None);
    }

    #[test]
    fn the_next_is_like_those_that_resemble_it() {
        let past = Past::default();
        // A thin far link in the morning, a wide near one in the afternoon.
        past.note_run(&SITE, run(20_000_000, 20.0, 0.2));
        past.note_run(&SITE, run(20_000_000, 0.2, 0.01));
        let near = past.foresee(&SITE, (0.01, true), (500_000, 20_000_000)).unwrap();
        assert!((0.2..0.25).contains(&near.whole_s), "{near:?}");
        let far = past.foresee(&SITE, (0.2, true), (500_000, 20_000_000)).unwrap();
        assert!((18.0..22.0).contains(&far.whole_s), "{far:?}");
        assert!(far.first_s > near.first_s * 10.0);
    }

    #[test]
    fn a_short_run_says_as_much_of_the_link_as_a_long_one() {
        let past = Past::default();
        past.note_run(&SITE, run(4_000_000, 0.25, 0.05));
        let whole_s = past.foresee(&SITE, (0.05, true), (500_000, 200_000_000)).unwrap().whole_s;
        assert!((whole_s - 10.05).abs() < 1e-6, "{whole_s}");
        past.note_run(&SITE, run(4_000_000, 0.05, 0.05));
        assert!(past.foresee(&SITE, (0.05, true), (500_000, 200_000_000)).unwrap().whole_s.is_finite());
    }

    #[test]
    fn a_first_image_takes_as_long_as_the_last_ones() {
        let past = Past::default();
        past.note_run(&SITE, run(100_000_000, 10.05, 0.05));
        past.note_first(&SITE, run(500_000, 0.2, 0.05), true);
        // One that had to connect first says nothing of one that need not.
        past.note_first(&SITE, run(500_000, 0.6, 0.05), false);
        let next = |rtt_s, is_connected, bytes| {
            past.foresee(&SITE, (rtt_s, is_connected), (bytes, 100_000_000)).unwrap().first_s
        };
        assert!((next(0.05, true, 500_000) - 0.2).abs() < 1e-6);
        assert!((next(0.05, false, 500_000) - 0.6).abs() < 1e-6);
        // Over another road of twice the round trip: half as long again. Twice as large: as much longer as its bytes take.
        assert!((next(0.1, true, 500_000) - 0.3).abs() < 1e-6);
        assert!((next(0.05, true, 1_000_000) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn one_late_first_image_does_not_make_the_next_one_late() {
        let past = Past::default();
        past.note_run(&SITE, run(100_000_000, 1.001, 0.001));
        let next = || past.foresee(&SITE, (0.0015, true), (500_000, 100_000_000)).unwrap().first_s;
        assert!((next() - 0.0065).abs() < 1e-3, "the way and the bytes, as long as no more is known: {}", next());
        for took_s in [0.028, 0.033, 0.9, 0.030, 0.027, 0.031, 0.4, 0.029, 0.034] {
            past.note_first(&SITE, run(500_000, took_s, 0.001), true);
        }
        assert!((0.028..0.034).contains(&next()), "{}", next());
        // The hosts have become quicker: after five of nine it is known.
        for _ in 0..5 {
            past.note_first(&SITE, run(500_000, 0.012, 0.001), true);
        }
        assert!((0.011..0.014).contains(&next()), "{}", next());
    }

    #[test]
    fn a_rate_that_was_thought_too_low_makes_no_forecast_of_nothing() {
        let past = Past::default();
        // A sample that had no time to get going.
        past.note_sample(&SITE, 1e6, 0.05, 0);
        past.note_first(&SITE, run(500_000, 0.1, 0.05), true);
        let first = |bytes| past.foresee(&SITE, (0.05, true), (bytes, 100_000_000)).unwrap().first_s;
        assert!((first(500_000) - 0.1).abs() < 1e-9);
        assert!(first(100_000) > 0.0);
    }

    #[test]
    fn a_sample_stands_in_until_something_came_and_for_a_day() {
        let folder = tempfile::TempDir::new().unwrap();
        let past = Past::open(folder.path());
        assert!(past.wants_sample(&SITE, 1_000_000));
        past.note_sample(&SITE, 10e6, 0.05, 1_000_000);
        past.note_sample(&SITE, f64::INFINITY, 0.05, 1_000_000);
        let past = Past::open(folder.path());
        assert!(!past.wants_sample(&SITE, 1_000_000 + SAMPLE_STALE_S - 1));
        assert!(past.wants_sample(&SITE, 1_000_000 + SAMPLE_STALE_S));
        assert_eq!((past.best_rate(&SITE), past.last_rtt(&SITE)), (Some(10e6), Some(0.05)));
        let seen = past.foresee(&SITE, (0.05, true), (500_000, 200_000_000)).unwrap();
        assert!((seen.first_s - 0.1).abs() < 1e-6 && (seen.whole_s - 20.05).abs() < 1e-6, "{seen:?}");
        assert!(seen.is_of_sample);
        // What came tells more.
        past.note_run(&SITE, run(100_000_000, 1.05, 0.05));
        let seen = past.foresee(&SITE, (0.05, true), (500_000, 200_000_000)).unwrap();
        assert!((seen.whole_s - 2.05).abs() < 1e-6 && !seen.is_of_sample, "{seen:?}");
        assert!(!past.wants_sample(&SITE, u64::MAX), "a rate is known");
    }

    #[test]
    fn what_a_version_before_wrote_is_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let run = r#"{"bytes":20000000,"took_s":2.0,"rtt_s":0.6}"#;
        let text = format!(r#"{{"{SITE}":{{"runs":[{run}],"firsts":[]}}}}"#);
        fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(Past::open(folder.path()).best_rate(&SITE), Some(10e6));
    }

    #[test]
    fn it_is_known_after_a_start_and_forgotten_with_the_peer() {
        let folder = tempfile::TempDir::new().unwrap();
        let past = Past::open(folder.path());
        for n in 1..40 {
            past.note_run(&SITE, run(n << 20, 1.0, 0.05));
        }
        past.note_run(&SITE, run(1000, 0.001, 0.05));
        let again = Past::open(folder.path());
        assert_eq!(again.best_rate(&SITE), Some(f64::from(39 << 20)));
        assert_eq!(again.last_rtt(&SITE), Some(0.05));
        assert_eq!(again.peers.lock().unwrap()[&SITE.to_string()].runs.len(), KEPT_MAX);
        again.keep_only(&[]);
        assert_eq!(again.best_rate(&SITE), None);
        fs::write(folder.path().join(FILE), b"not it").unwrap();
        assert_eq!(Past::open(folder.path()).best_rate(&SITE), None);
    }
}
