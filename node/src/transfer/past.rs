//! What the last transfers from each peer were like, and what the next will be like.
//!
//! Of each peer the last sixteen runs are kept: how many bytes came in how long while more was asked for all the time, over
//! which round trip; and how long a first image took. The next is taken to be like those that resemble it in size and
//! round trip, the newest most of all.
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
}

/// What a study will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Foresight {
    pub(crate) first_s: f64,
    pub(crate) whole_s: f64,
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
        let text = {
            let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
            let list = of(peers.entry(site.to_string()).or_default());
            list.push_front(run);
            list.truncate(KEPT_MAX);
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

    /// The highest rate of the last runs, bytes a second: what the link carries as far as is known.
    pub(crate) fn best_rate(&self, site: &SiteId) -> Option<f64> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = |run: &Run| run.wire.unwrap_or(run.bytes) as f64 / run.took_s;
        peers.get(&site.to_string())?.runs.iter().map(rate).max_by(f64::total_cmp)
    }

    /// The last round trip, seconds.
    pub(crate) fn last_rtt(&self, site: &SiteId) -> Option<f64> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = peers.get(&site.to_string())?;
        peer.runs.front().or_else(|| peer.firsts.front()).map(|run| run.rtt_s)
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
        let carries = likely(&peer.runs, all.max(RUN_BYTES_MIN), rtt_s, Run::carried)?;
        // What an image takes where nothing is in the way; the last ones took so many times that.
        let plain = |trips: f64, rtt_s: f64, bytes: u64| trips * rtt_s + bytes as f64 / carries;
        let times = |firsts: &VecDeque<Run>, trips: f64| {
            likely(firsts, image, rtt_s, |run| {
                (run.took_s / plain(trips, run.rtt_s, run.bytes)).clamp(TIMES_MIN, TIMES_MAX)
            })
        };
        let (warm, cold) = (times(&peer.firsts, TRIPS), times(&peer.cold_firsts, TRIPS + CONNECT_TRIPS));
        let (trips, times) = if is_connected {
            (TRIPS, warm.or(cold).unwrap_or(1.0))
        } else {
            (TRIPS + CONNECT_TRIPS, cold.or(warm).unwrap_or(1.0))
        };
        let first_s = times * plain(trips, rtt_s, image);
        // What keeps the first image longer keeps all of them.
        let before = (first_s - plain(TRIPS, rtt_s, image)).max(0.0);
        Some(Foresight { first_s, whole_s: before + plain(TRIPS, rtt_s, all.max(image)) })
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
        // Over twice the round trip, and twice as large: half as long again each.
        assert!((next(0.1, true, 500_000) - 0.3).abs() < 1e-6);
        assert!((next(0.05, true, 1_000_000) - 0.3).abs() < 1e-6);
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
