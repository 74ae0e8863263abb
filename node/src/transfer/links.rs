//! How the lines to the peers are: what portal, command line and collectors of figures show.
//!
//! # Not here
//! What was: [`super::past`]. Which studies are on their way: `studies::progress`.

use super::{Inner, Transfer, past};
use protocol::{SiteId, roads::RoadKind};
use std::{sync::PoisonError, time::Duration};

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LinkRow {
    pub(crate) peer: SiteId,
    pub(crate) is_connected: bool,
    /// By which road, where it is connected.
    pub(crate) road: Option<RoadKind>,
    /// The site that relays.
    pub(crate) via: Option<SiteId>,
    /// As measured now; else as it was last.
    pub(crate) rtt_s: Option<f64>,
    /// Share of the peer's packets to us, those that carry images, that is lost lately, as it tells; `None` where it does not.
    pub(crate) lost: Option<f64>,
    /// Bytes that come over the wire for images now, a second.
    pub(crate) wire_bytes_per_s: f64,
    /// The highest of the last transfers, by the same measure.
    pub(crate) best_wire_bytes_per_s: Option<f64>,
    /// Requests that wait for their turn, and that run.
    pub(crate) waiting: usize,
    pub(crate) running: usize,
    /// Bytes that came over the wire for images since the start.
    pub(crate) came: u64,
    /// Verified bytes of images that they became and that were kept.
    pub(crate) kept: u64,
    /// Bytes that came over the wire and were of no use: of what was taken back, cut off, or wrong.
    pub(crate) wasted: u64,
    /// Bytes this connection carried, all told.
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) packets_sent: u64,
    pub(crate) packets_lost: u64,
    pub(crate) window_bytes: u64,
    /// What the peer lets be under way to us, as it told last.
    pub(crate) peer_window_bytes: Option<u64>,
}

impl Transfer {
    /// All lines, in the order of their peers' keys.
    pub(crate) fn links(&self) -> Vec<LinkRow> {
        let mut peers: Vec<SiteId> = {
            let pumps = self.inner.pumps.lock().unwrap_or_else(PoisonError::into_inner);
            pumps.keys().copied().collect()
        };
        peers.sort_unstable();
        peers.iter().filter_map(|peer| self.inner.link(peer)).collect()
    }

    /// The line to a peer.
    pub(crate) fn link(&self, peer: &SiteId) -> Option<LinkRow> {
        self.inner.link(peer)
    }

    /// What so many bytes of a peer's, the first image and all, will take; `None` where nothing is known of it.
    pub(crate) fn foresee(&self, peer: &SiteId, bytes: (u64, u64)) -> Option<past::Foresight> {
        let link = self.inner.link(peer)?;
        self.inner.past.foresee(peer, (link.rtt_s?, link.is_connected), bytes)
    }

    /// The first image of a study was here so long after it was asked for; over a connection that there was, or a new one.
    pub(crate) fn note_first(&self, peer: &SiteId, bytes: u64, took: Duration, was_connected: bool) {
        let Some(rtt_s) = self.inner.link(peer).filter(|link| link.is_connected).and_then(|link| link.rtt_s) else {
            return;
        };
        let (past, peer) = (self.inner.past.clone(), *peer);
        let run = past::Run { bytes, wire: None, took_s: took.as_secs_f64(), rtt_s };
        drop(self.inner.tasks.spawn_blocking("transfer.past", move || past.note_first(&peer, run, was_connected)));
    }
}

impl Inner {
    fn link(&self, peer: &SiteId) -> Option<LinkRow> {
        let pump = self.pumps.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned()?;
        let live = pump.line().live();
        let stats = live.as_ref().map(|live| live.connection.stats());
        let path = stats.as_ref().map(|stats| stats.path).unwrap_or_default();
        let id = live.as_ref().map(|live| live.connection.stable_id());
        let rtt = live.as_ref().map(|live| past::seconds(live.connection.rtt()));
        let (waiting, running) = pump.load();
        Some(LinkRow {
            peer: *peer,
            is_connected: live.is_some(),
            road: live.as_ref().map(|live| live.road.kind),
            via: live.as_ref().and_then(|live| live.road.via),
            rtt_s: rtt.or_else(|| self.past.last_rtt(peer)),
            lost: id.and_then(|id| pump.line().told.lost(id)),
            wire_bytes_per_s: pump.rate_now(),
            best_wire_bytes_per_s: self.past.best_rate(peer),
            waiting,
            running,
            came: pump.came(),
            kept: pump.kept(),
            wasted: pump.wasted(),
            received: stats.as_ref().map_or(0, |stats| stats.udp_rx.bytes),
            sent: stats.as_ref().map_or(0, |stats| stats.udp_tx.bytes),
            packets_sent: path.sent_packets,
            packets_lost: path.lost_packets,
            window_bytes: path.cwnd,
            peer_window_bytes: id.and_then(|id| pump.line().told.window_bytes(id)),
        })
    }
}
