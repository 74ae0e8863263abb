//! What the other side of a line tells of its packets: how many of those that carry images are lost.
//!
//! It is asked while images come, once a second at most, over connections whose other end knows the question. One that does not
//! answer it as it should is not asked again on that connection.
//!
//! # At a crash
//! Nothing is kept.
//!
//! # Not here
//! Which share that is: `protocol::line`. What is done about it: [`super::line`] chooses the road, [`super::links`] shows.

use super::{
    endpoint::code,
    keys,
    line::{Line, Live},
    roads::relay::about_roads,
    serve::Server,
    wire,
};
use crate::tasks::Tasks;
use protocol::{
    SiteId,
    fetch::{Answer, What},
    line::{LINE_STATE_BYTES_MAX, LineState, Losses},
};
use quinn::{Connection, SendStream};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Between two questions.
const EACH: Duration = Duration::from_secs(1);
/// An answer that takes longer is none; it goes before all images.
const WITHIN: Duration = Duration::from_secs(5);

/// What was told of a line's connection in use.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Of>);

#[derive(Debug, Default)]
struct Of {
    /// Which one.
    connection: Option<usize>,
    asked: Option<Instant>,
    is_refused: bool,
    losses: Losses,
    window_bytes: Option<u64>,
}

impl Told {
    fn of(&self) -> MutexGuard<'_, Of> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be asked now on this connection; if so it counts as asked.
    fn is_due(&self, connection: usize, now: Instant) -> bool {
        let mut of = self.of();
        if of.connection != Some(connection) {
            *of = Of { connection: Some(connection), ..Of::default() };
        }
        let is_early = of.asked.is_some_and(|at| now.duration_since(at) < EACH);
        if is_early || of.is_refused {
            return false;
        }
        of.asked = Some(now);
        true
    }

    /// So it was answered on this connection; `None`: it was not.
    fn note(&self, connection: usize, state: Option<&LineState>) {
        let mut of = self.of();
        if of.connection != Some(connection) {
            return;
        }
        match state {
            Some(state) => {
                of.losses.note(state);
                of.window_bytes = Some(state.window_bytes);
            }
            None => of.is_refused = true,
        }
    }

    /// Which share of the packets to us is lost lately on this connection, as far as was told.
    pub(crate) fn lost(&self, connection: usize) -> Option<f64> {
        Some(self.of()).filter(|of| of.connection == Some(connection))?.losses.share()
    }

    /// Bytes that the other side lets be under way to us at once, as it told last.
    pub(crate) fn window_bytes(&self, connection: usize) -> Option<u64> {
        Some(self.of()).filter(|of| of.connection == Some(connection))?.window_bytes
    }
}

/// Asks how the other side's packets fare, if it is time for that.
pub(super) fn ask(tasks: &Tasks, line: &Arc<Line>, live: &Live) {
    let connection = live.connection.clone();
    let id = connection.stable_id();
    if !line.told.is_due(id, Instant::now()) {
        return;
    }
    if !keys::knows_lines(&connection) {
        return line.told.note(id, None);
    }
    let line = line.clone();
    tasks.spawn("transfer.losses", async move {
        // A lost connection is not asked again either.
        if let Ok(state) = tokio::time::timeout(WITHIN, state_of(&connection)).await {
            line.told.note(id, state.as_ref());
        }
    });
}

async fn state_of(connection: &Connection) -> Option<LineState> {
    let (mut send, mut recv) = connection.open_bi().await.ok()?;
    wire::write_request(&mut send, &about_roads(What::Line)).await.ok()?;
    let Answer::Blob { bytes } = wire::read_answer(&mut recv).await.ok()? else { return None };
    let size = usize::try_from(bytes).ok().filter(|size| *size <= LINE_STATE_BYTES_MAX)?;
    let mut body = vec![0; size];
    recv.read_exact(&mut body).await.ok()?;
    protocol::wire::decode(&body).ok()
}

/// How this side's packets on a connection fare.
fn state_here(connection: &Connection) -> LineState {
    let stats = connection.stats();
    LineState {
        packets_sent: stats.path.sent_packets,
        packets_lost: stats.path.lost_packets,
        bytes_sent: stats.udp_tx.bytes,
        window_bytes: stats.path.cwnd,
        rtt_us: u64::try_from(stats.path.rtt.as_micros()).unwrap_or(u64::MAX),
    }
}

impl Server {
    /// Answers what is asked about the line itself. Of trust it needs that the sites are paired, which the connection shows.
    pub(super) async fn on_line(&self, peer: SiteId, connection: &Connection, what: &What, send: &mut SendStream) {
        match what {
            What::Line => {
                let state = protocol::wire::encode(&state_here(connection));
                let bytes = u32::try_from(state.len()).unwrap_or(u32::MAX);
                // It tells of now: it goes before what waits.
                let _ = send.set_priority(wire::FIRST);
                if wire::write_answer(send, &Answer::Blob { bytes }).await.is_ok()
                    && send.write_all(&state).await.is_ok()
                {
                    let _ = send.finish();
                }
            }
            What::Sample { bytes } => self.give_sample(peer, *bytes, send).await,
            _ => {
                let _ = send.reset(code::MALFORMED);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::world, *};

    #[test]
    fn it_is_asked_once_a_second_and_not_where_it_is_refused() {
        let (told, start) = (Told::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(told.is_due(1, at(0)));
        assert!(!told.is_due(1, at(999)));
        assert!(told.is_due(1, at(1000)));
        told.note(1, None);
        assert!(!told.is_due(1, at(60_000)), "it does not know");
        assert!(told.is_due(2, at(60_000)), "another connection");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_holder_tells_of_its_own_packets() {
        let (a, b) = (world::Site::new("CH Nord", 1).await, world::Site::new("Clinique Sud", 2).await);
        a.pair(&b).await;
        let pump = b.transfer.inner.pump(&a.id()).unwrap();
        let live = pump.line().reach(Duration::from_secs(10)).await.unwrap();
        assert!(keys::knows_lines(&live.connection));
        let before = state_of(&live.connection).await.unwrap();
        assert!(before.packets_sent > 0 && before.bytes_sent > 0 && before.window_bytes > 0, "{before:?}");
        let after = state_of(&live.connection).await.unwrap();
        assert!(after.packets_sent > before.packets_sent, "the answer itself was sent: {before:?}, {after:?}");
    }

    #[test]
    fn what_was_told_is_of_its_connection() {
        let (told, now) = (Told::default(), Instant::now());
        let state = LineState { packets_sent: 1000, packets_lost: 30, window_bytes: 7, ..LineState::default() };
        assert!(told.is_due(1, now));
        told.note(1, Some(&state));
        assert_eq!((told.lost(1), told.window_bytes(1)), (Some(0.03), Some(7)));
        assert_eq!((told.lost(2), told.window_bytes(2)), (None, None));
        assert!(told.is_due(2, now));
        // Answered late, on the connection before.
        told.note(1, Some(&state));
        assert_eq!((told.lost(1), told.lost(2)), (None, None));
    }
}
