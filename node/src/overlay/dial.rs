//! When to dial whom, and by which road: QUIC first, TCP when there is no connection a second later, then again after
//! a pause that grows. Pure: the swarm loop asks what is due.

use libp2p::{Multiaddr, multiaddr::Protocol};
use protocol::SiteId;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// QUIC's head start.
const HEAD_START: Duration = Duration::from_secs(1);

/// The two roads of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    Quic,
    Tcp,
}

impl Road {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Tcp => "tcp",
        }
    }

    pub(super) fn of(address: &Multiaddr) -> Self {
        if address.iter().any(|p| matches!(p, Protocol::Tcp(_))) { Self::Tcp } else { Self::Quic }
    }

    pub(super) fn address(self, to: SocketAddr) -> Multiaddr {
        let address = Multiaddr::from(to.ip());
        match self {
            Self::Quic => address.with(Protocol::Udp(to.port())).with(Protocol::QuicV1),
            Self::Tcp => address.with(Protocol::Tcp(to.port())),
        }
    }
}

#[derive(Debug)]
struct Target {
    addresses: Vec<String>,
    road: Road,
    /// `None`: connected, nothing to do.
    due: Option<Instant>,
    pause: Duration,
}

/// Who is to be kept connected.
#[derive(Debug, Default)]
pub(super) struct Dialer(BTreeMap<SiteId, Target>);

impl Dialer {
    /// Keeps a site connected; new addresses are tried at once.
    pub(super) fn keep(&mut self, site: SiteId, addresses: Vec<String>, now: Instant) {
        match self.0.get_mut(&site) {
            Some(target) if target.addresses == addresses => {}
            Some(target) => {
                target.addresses = addresses;
                if target.due.is_some() {
                    (target.due, target.road, target.pause) = (Some(now), Road::Quic, PAUSE_MIN);
                }
            }
            None => {
                self.0.insert(site, Target { addresses, road: Road::Quic, due: Some(now), pause: PAUSE_MIN });
            }
        }
    }

    /// What kept it from being met may be over: it is dialled at once.
    pub(super) fn hurry(&mut self, site: &SiteId, now: Instant) {
        if let Some(target) = self.0.get_mut(site) {
            (target.due, target.road, target.pause) = (Some(now), Road::Quic, PAUSE_MIN);
        }
    }

    pub(super) fn forget(&mut self, site: &SiteId) {
        self.0.remove(site);
    }

    pub(super) fn connected(&mut self, site: &SiteId) {
        if let Some(target) = self.0.get_mut(site) {
            target.due = None;
        }
    }

    /// The connection proved good: the next loss is met at once.
    pub(super) fn settled(&mut self, site: &SiteId) {
        if let Some(target) = self.0.get_mut(site) {
            target.pause = PAUSE_MIN;
        }
    }

    pub(super) fn lost(&mut self, site: &SiteId, now: Instant) {
        if let Some(target) = self.0.get_mut(site) {
            (target.due, target.road) = (Some(now + target.pause), Road::Quic);
            target.pause = (target.pause * 2).min(PAUSE_MAX);
        }
    }

    /// A dial failed: QUIC's failure need not be waited out.
    pub(super) fn failed(&mut self, site: &SiteId, now: Instant) {
        if let Some(target) = self.0.get_mut(site).filter(|t| t.road == Road::Tcp && t.due.is_some()) {
            target.due = Some(now);
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().filter_map(|t| t.due).min()
    }

    /// Who is to be dialled now, where, and by which road.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(SiteId, Road, Vec<String>)> {
        let due = self.0.iter_mut().filter(|(_, t)| t.due.is_some_and(|at| at <= now));
        due.map(|(site, target)| {
            let road = target.road;
            match road {
                Road::Quic => (target.road, target.due) = (Road::Tcp, Some(now + HEAD_START)),
                Road::Tcp => {
                    (target.road, target.due) = (Road::Quic, Some(now + target.pause));
                    target.pause = (target.pause * 2).min(PAUSE_MAX);
                }
            }
            (*site, road, target.addresses.clone())
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quic_goes_first_and_tcp_follows_a_second_later_or_on_failure() {
        let (site, start) = (SiteId([1; 32]), Instant::now());
        let mut dialer = Dialer::default();
        dialer.keep(site, vec!["a:1".to_owned()], start);
        assert_eq!(dialer.due(start), [(site, Road::Quic, vec!["a:1".to_owned()])]);
        assert_eq!(dialer.due(start), []);
        assert_eq!(dialer.next(), Some(start + HEAD_START));
        dialer.failed(&site, start);
        assert_eq!(dialer.due(start), [(site, Road::Tcp, vec!["a:1".to_owned()])]);
        dialer.connected(&site);
        assert_eq!(dialer.next(), None);
    }

    #[test]
    fn the_pause_grows_to_its_bound_and_a_good_connection_resets_it() {
        let (site, mut now) = (SiteId([1; 32]), Instant::now());
        let mut dialer = Dialer::default();
        dialer.keep(site, Vec::new(), now);
        for _ in 0..20 {
            now = dialer.next().unwrap();
            dialer.due(now);
        }
        assert!(dialer.next().unwrap() - now <= PAUSE_MAX);
        dialer.connected(&site);
        dialer.settled(&site);
        dialer.lost(&site, now);
        assert_eq!(dialer.next(), Some(now + PAUSE_MIN));
    }
}
