//! A sample of a line of which nothing is known: at most 2 MiB or a second of bytes that mean nothing, while nobody waits for
//! anything, so that the first study from a new peer is foretold too.
//!
//! Taken once a peer, and again after a day as long as nothing else came from there; of one line at a time, and only where an
//! agreement lets us read there. It is given up as soon as anything is asked for. It leaves no evidence, since it tells of
//! nobody; the holder gives one a minute to each peer, behind everything else.
//!
//! # At a crash
//! A sample under way is none.
//!
//! # Not here
//! What is made of it: [`super::past`]. The trial that an administrator has made, which stands in both ledgers: [`super::trial`].

use super::{Inner, endpoint::code, keys, line::Live, pump::Pump, roads::relay::about_roads, serve::Server, wire};
use crate::tasks;
use protocol::{
    Refusal, SiteId,
    fetch::{Answer, Priority, What},
    line::{SAMPLE_BYTES_MAX, SAMPLE_LASTS_MS},
};
use quinn::{RecvStream, SendStream};
use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

/// A line is sampled after so long without anything on it: what was just connected is about to be used.
const QUIET: Duration = Duration::from_secs(2);
/// Where something is in the way, it is looked at again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Where it is not wanted now: an agreement may be signed meanwhile.
const LOOK_LATER: Duration = Duration::from_secs(10);
/// After a sample, also one that came to nothing: longer than its holder lets pass between two.
const AGAIN: Duration = Duration::from_secs(90);
const LASTS: Duration = Duration::from_millis(SAMPLE_LASTS_MS);
/// What the asker waits for, of the longest roads.
const WITHIN: Duration = Duration::from_secs(5);
/// Fewer bytes tell nothing of the rate: about what a satellite of 256 kb/s brings in half of the time.
const BYTES_MIN: u64 = 16 << 10;
/// Written and read at once.
const PIECE_BYTES: usize = 16 << 10;
/// A rate that is told from less time would be that of the processor.
const TELLING: Duration = Duration::from_micros(500);

/// What is known of a line before it is sampled.
#[derive(Clone, Copy, Debug)]
struct Situation {
    /// Its rate is not known, it is connected, its other end knows samples, and we may read there.
    is_wanted: bool,
    /// Anything runs or waits, here or on another line.
    is_busy: bool,
    silent_for: Duration,
}

/// Whether it is sampled now; else after which time it is looked at again.
fn is_due(at: Situation) -> Result<(), Duration> {
    match at {
        Situation { is_wanted: false, .. } => Err(LOOK_LATER),
        Situation { is_busy: true, .. } => Err(LOOK_AGAIN),
        Situation { silent_for, .. } if silent_for < QUIET => Err(QUIET - silent_for),
        Situation { .. } => Ok(()),
    }
}

/// Bytes a second, of how many had come when: those of the later half, which comes when the sender has got going. `None`: too
/// few to tell.
fn rate(came: &[(Duration, u64)]) -> Option<f64> {
    let (&(first_at, first), &(last_at, last)) = (came.first()?, came.last()?);
    if last < BYTES_MIN {
        return None;
    }
    let (half_at, half) = came.iter().copied().find(|(_, bytes)| *bytes >= last / 2)?;
    let of = |bytes: u64, took: Duration| (took >= TELLING && bytes > 0).then(|| bytes as f64 / took.as_secs_f64());
    of(last - half, last_at - half_at).or_else(|| of(last - first, last_at - first_at))
}

impl Inner {
    /// Samples a line when it is time for that, as long as there is trust in its peer.
    pub(super) async fn keep_sampled(self: Arc<Self>, pump: Arc<Pump>) {
        let stop = self.tasks.stop_token();
        let mut changes = pump.line().changes();
        loop {
            let pause = tokio::select! {
                () = stop.cancelled() => return,
                () = pump.line().over.cancelled() => return,
                pause = self.sample_if_due(&pump) => pause,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = pump.line().over.cancelled() => return,
                // Whoever had it made is about to ask.
                _ = changes.changed() => self.tasks.pause(QUIET).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Gives after which time to look again.
    async fn sample_if_due(&self, pump: &Arc<Pump>) -> Duration {
        let peer = pump.line().peer;
        let now_s = tasks::now().0 / 1000;
        let Some(live) = pump.line().live() else { return LOOK_LATER };
        let is_wanted = self.past.wants_sample(&peer, now_s)
            && keys::knows_lines(&live.connection)
            && self.trust.may_ask(&peer, &self.site).is_ok();
        let situation = Situation { is_wanted, is_busy: self.is_busy(), silent_for: pump.line().pulse.silent_for() };
        if let Err(pause) = is_due(situation) {
            return pause;
        }
        let Ok(_alone) = self.access.sampling.try_lock() else { return LOOK_AGAIN };
        let sampled = tokio::time::timeout(WITHIN, self.sample(pump, &live)).await.ok().flatten();
        let Some(bytes_per_s) = sampled else { return AGAIN };
        let rtt_s = live.connection.rtt().as_secs_f64();
        tracing::debug!(peer = %peer.short(), bytes_per_s, "sampled");
        let past = self.past.clone();
        let noting =
            self.tasks.spawn_blocking("transfer.past", move || past.note_sample(&peer, bytes_per_s, rtt_s, now_s));
        let _ = noting.await;
        AGAIN
    }

    /// Whether anything runs or waits on any line: all share the way to the network.
    fn is_busy(&self) -> bool {
        let pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        pumps.values().any(|pump| pump.load() != (0, 0))
    }

    /// Bytes a second; `None` where it was refused, given up, or tells nothing.
    async fn sample(&self, pump: &Pump, live: &Live) -> Option<f64> {
        let began = Instant::now();
        let (mut send, mut recv) = live.connection.open_bi().await.ok()?;
        let what = What::Sample { bytes: SAMPLE_BYTES_MAX };
        wire::write_request(&mut send, &about_roads(what)).await.ok()?;
        let Answer::Blob { bytes } = wire::read_answer(&mut recv).await.ok()? else { return None };
        // Another has asked for something, or got something, since: it must not wait for this.
        let is_in_the_way = || pump.line().pulse.silent_for() < began.elapsed() || self.is_busy();
        let came = read(&mut recv, bytes.min(SAMPLE_BYTES_MAX).into(), is_in_the_way).await;
        // What is left of it need not come.
        let _ = recv.stop(code::UNWANTED);
        rate(&came?)
    }
}

/// How many bytes had come when, since the first of them; `None`: it was given up.
async fn read(recv: &mut RecvStream, bytes_max: u64, is_in_the_way: impl Fn() -> bool) -> Option<Vec<(Duration, u64)>> {
    let (mut came, mut total) = (Vec::new(), 0u64);
    let mut since: Option<Instant> = None;
    loop {
        let ends = since.map_or_else(|| Instant::now() + WITHIN, |at| at + LASTS);
        let piece = match tokio::time::timeout_at(ends.into(), recv.read_chunk(PIECE_BYTES, true)).await {
            Ok(Ok(Some(piece))) => piece,
            // All of it, or the time is over.
            Ok(Ok(None)) | Err(_) => return Some(came),
            Ok(Err(_)) => return None,
        };
        if is_in_the_way() {
            return None;
        }
        let now = Instant::now();
        total += piece.bytes.len() as u64;
        came.push((now.duration_since(*since.get_or_insert(now)), total));
        if total >= bytes_max {
            return Some(came);
        }
    }
}

impl Server {
    /// Gives a peer a sample. It holds nothing up: its stream goes behind all others, and ends soon.
    pub(super) async fn give_sample(&self, peer: SiteId, bytes: u32, send: &mut SendStream) {
        wire::place(send, Priority::Backup);
        let turn = self.trust.require_open().and_then(|()| {
            self.trials
                .take_sample(&peer, Instant::now())
                .map_err(|wait| Refusal::Busy(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1)))
        });
        if let Err(refusal) = turn {
            let _ = wire::write_answer(send, &Answer::Refused(refusal)).await;
            let _ = send.finish();
            return;
        }
        let stop = self.tasks.stop_token();
        let sent = tokio::select! {
            () = stop.cancelled() => None,
            // Its bytes may wait long for more urgent ones; then it is of no use.
            sent = tokio::time::timeout(LASTS * 2, pour(send, bytes.min(SAMPLE_BYTES_MAX))) => sent.ok().flatten(),
        };
        if sent.is_none() {
            let _ = send.reset(code::UNWANTED);
        }
    }
}

/// Sends bytes that nothing on the way can make fewer, until the asker has them or wants no more. `None`: it does not.
async fn pour(send: &mut SendStream, bytes: u32) -> Option<()> {
    wire::write_answer(send, &Answer::Blob { bytes }).await.ok()?;
    let mut noise = blake3::Hasher::new().update(&tasks::now().0.to_le_bytes()).finalize_xof();
    let mut left = usize::try_from(bytes).ok()?;
    let mut piece = vec![0; PIECE_BYTES];
    while left > 0 {
        let size = left.min(PIECE_BYTES);
        let part = piece.get_mut(..size)?;
        noise.fill(part);
        send.write_all(part).await.ok()?;
        left -= size;
    }
    send.finish().ok()?;
    send.stopped().await.ok().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{super::tests::world, *};
    use crate::audit::Act;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_new_peer_is_foretold_before_anything_came_from_it() {
        let (a, b) = (world::Site::new("CH Nord", 1).await, world::Site::new("Clinique Sud", 2).await);
        a.pair(&b).await;
        let foreseen = || b.transfer.foresee(&a.id(), (500_000, 200_000_000));
        assert_eq!(foreseen(), None);
        a.agree(&b).await;
        b.transfer.reach(&a.id(), Duration::from_secs(10)).await.unwrap();
        world::eventually("it was sampled", || foreseen().is_some()).await;
        let seen = foreseen().unwrap();
        assert!(seen.first_s > 0.0 && seen.first_s <= seen.whole_s && seen.whole_s < 60.0, "{seen:?}");
        assert!(a.events(Act::LinkTried).is_empty() && b.events(Act::LinkTried).is_empty(), "it is no evidence");
        assert_eq!(b.transfer.link(&a.id()).unwrap().kept, 0, "and no image");
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn it_is_taken_of_a_quiet_line_of_which_nothing_is_known() {
        let quiet = Situation { is_wanted: true, is_busy: false, silent_for: QUIET };
        assert_eq!(is_due(quiet), Ok(()));
        assert_eq!(is_due(Situation { silent_for: ms(1500), ..quiet }), Err(ms(500)));
        assert_eq!(is_due(Situation { is_busy: true, ..quiet }), Err(LOOK_AGAIN));
        assert_eq!(is_due(Situation { is_wanted: false, ..quiet }), Err(LOOK_LATER));
    }

    #[test]
    fn the_rate_is_that_of_the_later_half() {
        // A slow start, then a MB in 80 ms.
        let came = [(ms(0), 20_000), (ms(50), 100_000), (ms(100), 500_000), (ms(150), 1_000_000), (ms(230), 2_000_000)];
        assert_eq!(rate(&came), Some(12.5e6));
        // All of the later half at once: then all of it.
        assert_eq!(rate(&[(ms(0), 0), (ms(100), 1_000_000), (ms(100), 1_900_000)]), Some(19e6));
        assert_eq!(rate(&[(ms(0), 1_000_000)]), None, "at once");
        assert_eq!(rate(&[(ms(0), 1000), (ms(900), BYTES_MIN - 1)]), None, "too few");
        assert_eq!(rate(&[]), None);
        // A satellite, in the second that it has.
        let slow = [(ms(0), 8_000), (ms(250), 16_000), (ms(500), 24_000), (ms(750), 32_000)];
        assert_eq!(rate(&slow), Some(32_000.0));
    }
}
