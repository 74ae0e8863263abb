//! By which road two sites reach each other, which one is taken when there are several, and what is said about them.
//!
//! A higher road is taken before a lower one, unless it was measured to carry less than half of what the other did. What
//! was left is let alone for a while that doubles, so that a bad line does not make two sites change roads for ever.
//! Pure: the caller tells the time in milliseconds of a clock of its own.
//!
//! # Not here
//! Sockets, dialling, punching: `node::transfer::roads`.

use crate::wire::Wire;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// ALPN of the TLS that carries datagrams between two sites over an ordered road: TCP, or a relay's stream.
pub const ALPN_TUNNEL: &[u8] = b"confrere-road/1";
/// Addresses that one site tells another to punch a hole to.
pub const CANDIDATES_MAX: usize = 8;
/// Largest datagram in a tunnel, bytes: an Ethernet frame's. Longer ones break the protocol.
pub const DATAGRAM_BYTES_MAX: usize = 1500;

/// A kind of road, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoadKind {
    /// Through a third site that both are paired with.
    Relay,
    /// QUIC within TLS over TCP.
    Tcp,
    /// QUIC over UDP through a hole in both sites' address translators.
    Punched,
    /// QUIC over UDP to the peer's own address.
    Direct,
}

impl RoadKind {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Punched, Self::Tcp, Self::Relay];

    /// The word of the interface.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Punched => "punched",
            Self::Tcp => "tcp",
            Self::Relay => "relay",
        }
    }
}

/// What a site does for others' roads, and how it sees the asker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Whether it carries bytes between peers of its own.
    pub relays: bool,
    /// The UDP address that the asker has for it; `None` where it came by another road.
    pub seen: Option<SocketAddr>,
}

impl Wire for Offer {
    const VERSION: u8 = 1;
    const NAME: &'static str = "offer of roads";
}

/// What the two ends of a relayed tunnel say to each other beside datagrams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunnelWord {
    /// Where the speaker may be found; answered with the other's own.
    Candidates(Vec<SocketAddr>),
    /// Both have all candidates: now.
    Go,
}

impl Wire for TunnelWord {
    const VERSION: u8 = 1;
    const NAME: &'static str = "word in a tunnel";
}

/// Whether a peer may have datagrams sent to this address: one that a host can have.
#[must_use]
pub fn is_candidate(address: &SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    let is_host = match ip {
        IpAddr::V4(v4) => !v4.is_broadcast() && v4.octets()[0] < 224 && v4.octets()[0] != 0,
        IpAddr::V6(v6) => !v6.is_unicast_link_local(),
    };
    address.port() >= 1024 && !ip.is_unspecified() && !ip.is_multicast() && is_host
}

/// A rate older than this tells nothing of now.
const REMEMBERED_MS: u64 = 10 * 60_000;
/// A road that carries less than half of what another did for so long is left.
const POOR_FOR_MS: u64 = 5_000;
/// A road that loses this share of its packets is compared with the next, of which nothing is known yet.
const LOST_POOR: f64 = 0.1;
/// What was left, or could not be reached, is let alone for so long at first.
const APART_MS: u64 = 10_000;
/// And at most.
const APART_MAX_MS: u64 = 5 * 60_000;

/// A road let alone for a while that doubles.
#[derive(Clone, Copy, Debug, Default)]
struct Apart {
    until: u64,
    for_ms: u64,
}

impl Apart {
    fn again(&mut self, now: u64) {
        self.for_ms = (self.for_ms * 2).clamp(APART_MS, APART_MAX_MS);
        self.until = now + self.for_ms;
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Bytes a second under demand, and when.
    rate: Option<(f64, u64)>,
    /// It could not be reached.
    unreached: Apart,
    /// It carried too little.
    left: Apart,
}

impl Known {
    fn is_open(&self, now: u64) -> bool {
        self.unreached.until <= now && self.left.until <= now
    }
}

/// The judgement of one pair of sites.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    known: [Known; 4],
    poor_since: Option<u64>,
}

impl Judge {
    fn of(&self, kind: RoadKind) -> &Known {
        &self.known[kind as usize]
    }

    fn of_mut(&mut self, kind: RoadKind) -> &mut Known {
        &mut self.known[kind as usize]
    }

    fn rate(&self, now: u64, kind: RoadKind) -> Option<f64> {
        self.of(kind).rate.filter(|(_, at)| now.saturating_sub(*at) < REMEMBERED_MS).map(|(rate, _)| rate)
    }

    /// A connection by this road could, or could not, be made.
    pub fn tried(&mut self, now: u64, kind: RoadKind, is_reached: bool) {
        let unreached = &mut self.of_mut(kind).unreached;
        if is_reached {
            *unreached = Apart::default();
        } else {
            unreached.again(now);
        }
    }

    /// Whether it could not be reached a while ago.
    #[must_use]
    pub fn is_unreached(&self, now: u64, kind: RoadKind) -> bool {
        self.of(kind).unreached.until > now
    }

    /// Which roads are worth a try beside the one in use, the best first; none where a hole is punched already.
    #[must_use]
    pub fn worth_trying(&self, now: u64, current: RoadKind) -> Vec<RoadKind> {
        let is_due = |kind: &RoadKind| *kind > current && self.of(*kind).is_open(now);
        RoadKind::ALL.into_iter().filter(is_due).filter(|_| current < RoadKind::Punched).collect()
    }

    /// Whether a connection by a new road takes the place of the one in use.
    #[must_use]
    pub fn takes_over(&self, now: u64, current: RoadKind, new: RoadKind) -> bool {
        self.of(new).left.until <= now && (new > current || self.of(current).left.until > now)
    }

    /// While more is asked for than comes: so many bytes a second come by this road, this share of packets is lost. Gives
    /// the road to change to, where another was twice as good or may be; this one is let alone then.
    pub fn carries(&mut self, now: u64, kind: RoadKind, bytes_per_s: f64, lost: f64) -> Option<RoadKind> {
        let best = RoadKind::ALL
            .into_iter()
            .filter(|other| *other != kind && self.of(*other).is_open(now))
            .filter_map(|other| self.rate(now, other).map(|rate| (other, rate)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let better = match best {
            Some((other, rate)) => Some(other).filter(|_| bytes_per_s * 2.0 < rate),
            None => Some(RoadKind::Tcp).filter(|tcp| lost >= LOST_POOR && kind > *tcp && self.of(*tcp).is_open(now)),
        };
        self.of_mut(kind).rate = Some((bytes_per_s, now));
        let Some(better) = better else {
            self.poor_since = None;
            return None;
        };
        if now.saturating_sub(*self.poor_since.get_or_insert(now)) < POOR_FOR_MS {
            return None;
        }
        self.poor_since = None;
        self.of_mut(kind).left.again(now);
        Some(better)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1000;

    #[test]
    fn a_higher_road_takes_over_and_a_lower_one_does_not() {
        let judge = Judge::default();
        assert!(judge.takes_over(0, RoadKind::Relay, RoadKind::Punched));
        assert!(judge.takes_over(0, RoadKind::Tcp, RoadKind::Direct));
        assert!(!judge.takes_over(0, RoadKind::Direct, RoadKind::Tcp));
        assert!(!judge.takes_over(0, RoadKind::Tcp, RoadKind::Tcp));
        assert_eq!(judge.worth_trying(0, RoadKind::Relay), [RoadKind::Direct, RoadKind::Punched, RoadKind::Tcp]);
        assert_eq!(judge.worth_trying(0, RoadKind::Punched), []);
    }

    #[test]
    fn what_cannot_be_reached_is_let_alone_for_a_while_that_doubles() {
        let mut judge = Judge::default();
        judge.tried(0, RoadKind::Direct, false);
        assert_eq!(judge.worth_trying(9 * S, RoadKind::Tcp), [RoadKind::Punched]);
        assert_eq!(judge.worth_trying(10 * S, RoadKind::Tcp), [RoadKind::Direct, RoadKind::Punched]);
        judge.tried(10 * S, RoadKind::Direct, false);
        assert_eq!(judge.worth_trying(29 * S, RoadKind::Tcp), [RoadKind::Punched]);
        assert_eq!(judge.worth_trying(30 * S, RoadKind::Tcp), [RoadKind::Direct, RoadKind::Punched]);
    }

    #[test]
    fn a_road_that_carries_less_than_half_is_left_after_five_seconds_and_let_alone() {
        let mut judge = Judge::default();
        assert_eq!(judge.carries(0, RoadKind::Tcp, 10e6, 0.0), None);
        for second in 1..6 {
            assert_eq!(judge.carries(second * S, RoadKind::Direct, 2e6, 0.0), None);
        }
        assert_eq!(judge.carries(6 * S, RoadKind::Direct, 2e6, 0.0), Some(RoadKind::Tcp));
        assert!(judge.takes_over(6 * S, RoadKind::Direct, RoadKind::Tcp));
        assert!(!judge.takes_over(15 * S, RoadKind::Tcp, RoadKind::Direct));
        assert!(judge.takes_over(17 * S, RoadKind::Tcp, RoadKind::Direct));
        // And it is as good as the other meanwhile.
        assert_eq!(judge.carries(20 * S, RoadKind::Direct, 8e6, 0.0), None);
    }

    #[test]
    fn a_road_that_loses_a_tenth_is_compared_with_tcp() {
        let mut judge = Judge::default();
        assert_eq!(judge.carries(0, RoadKind::Direct, 1e6, 0.2), None);
        assert_eq!(judge.carries(5 * S, RoadKind::Direct, 1e6, 0.2), Some(RoadKind::Tcp));
        // TCP was no better: the higher road is taken again, and nothing is compared once more.
        assert_eq!(judge.carries(9 * S, RoadKind::Tcp, 1e6, 0.0), None);
        assert!(judge.takes_over(16 * S, RoadKind::Tcp, RoadKind::Direct));
        for second in 17..60 {
            assert_eq!(judge.carries(second * S, RoadKind::Direct, 1e6, 0.2), None);
        }
    }

    #[test]
    fn only_addresses_of_hosts_are_candidates() {
        for good in ["192.0.2.7:7411", "10.77.1.1:40000", "[2001:db8::1]:7411", "127.0.0.1:20001"] {
            assert!(is_candidate(&good.parse().unwrap()), "{good}");
        }
        for bad in [
            "0.0.0.0:7411",
            "255.255.255.255:7411",
            "224.0.0.1:7411",
            "240.0.0.1:7411",
            "[ff02::1]:7411",
            "192.0.2.7:53",
        ] {
            assert!(!is_candidate(&bad.parse().unwrap()), "{bad}");
        }
    }

    proptest! {
        /// However two roads do, they are not changed more often than once in ten seconds and, over an hour, not more
        /// often than the doubling lets.
        #[test]
        fn roads_are_not_changed_back_and_forth(rates in proptest::collection::vec((0f64..2e7, 0f64..0.3), 60)) {
            let mut judge = Judge::default();
            let (mut road, mut changes, mut last) = (RoadKind::Direct, 0, None::<u64>);
            for second in 0..3600u64 {
                let now = second * S;
                let (rate, lost) = rates[(second % 60) as usize];
                let upgrade = judge.worth_trying(now, road).contains(&RoadKind::Direct)
                    && judge.takes_over(now, road, RoadKind::Direct);
                let left = judge.carries(now, road, rate, lost);
                let to = if upgrade { Some(RoadKind::Direct) } else { left };
                if let Some(to) = to.filter(|to| *to != road) {
                    if to < road {
                        prop_assert!(last.is_none_or(|at| now - at >= POOR_FOR_MS));
                        last = Some(now);
                    }
                    road = to;
                    changes += 1;
                }
            }
            prop_assert!(changes <= 60, "{changes} changes in an hour");
        }
    }
}
