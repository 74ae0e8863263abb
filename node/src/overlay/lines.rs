//! Which connections there are to whom, which of them are dead, and which are one too many. Pure: the swarm loop tells
//! and asks.
//!
//! A site dials only when it has no connection. So when a site that we have long been connected with dials us, it has
//! lost that connection, and died without saying so: the old one is closed for the new. When both sides dialled at about
//! the same time, all connections may be good, and the two ends may have seen them come in different orders: then only
//! the site with the lower key closes what is too many. Whoever does not answer pings is closed by either side.

use super::dial::Road;
use libp2p::swarm::ConnectionId;
use protocol::SiteId;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Connections that came within this of each other may be from both sides dialling by both roads.
const RACE: Duration = Duration::from_secs(3);
/// Without an answer to a ping for so long, a connection is dead.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// A connection that answered within this is good.
const SILENCE: Duration = Duration::from_millis(2500);
/// How often [`Lines::ending`] is asked.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Line {
    road: Road,
    since: Instant,
    /// When it last answered.
    heard: Instant,
}

/// All connections. Bounded by the peers and the connections that each may have.
#[derive(Debug)]
pub(super) struct Lines {
    own: SiteId,
    lines: HashMap<SiteId, HashMap<ConnectionId, Line>>,
    looked: Instant,
}

impl Lines {
    pub(super) fn new(own: SiteId, now: Instant) -> Self {
        Self { own, lines: HashMap::new(), looked: now }
    }

    /// A connection is there; which others are to be closed for it.
    pub(super) fn opened(
        &mut self,
        site: SiteId,
        id: ConnectionId,
        road: Road,
        dialled_here: bool,
        now: Instant,
    ) -> Vec<ConnectionId> {
        let lines = self.lines.entry(site).or_default();
        let old = lines.iter().filter(|(_, line)| !dialled_here && now.duration_since(line.since) > RACE);
        let dead = old.map(|(id, _)| *id).collect();
        lines.insert(id, Line { road, since: now, heard: now });
        dead
    }

    /// A connection is gone: whose it was, and whether it was the last; `None` when it was not known.
    pub(super) fn closed(&mut self, id: ConnectionId) -> Option<(SiteId, bool)> {
        let (site, lines) = self.lines.iter_mut().find(|(_, lines)| lines.contains_key(&id))?;
        lines.remove(&id);
        let (site, last) = (*site, lines.is_empty());
        if last {
            self.lines.remove(&site);
        }
        Some((site, last))
    }

    /// All are gone; who had any.
    pub(super) fn clear(&mut self) -> Vec<SiteId> {
        self.lines.drain().map(|(site, _)| site).collect()
    }

    /// A ping was answered.
    pub(super) fn heard(&mut self, site: &SiteId, id: ConnectionId, now: Instant) {
        if let Some(line) = self.lines.get_mut(site).and_then(|lines| lines.get_mut(&id)) {
            line.heard = now;
        }
    }

    /// QUIC if any connection has it.
    pub(super) fn road(&self, site: &SiteId) -> Option<Road> {
        self.lines.get(site)?.values().map(|line| line.road).max_by_key(|road| *road == Road::Quic)
    }

    pub(super) fn look_at(&self) -> Instant {
        self.looked + LOOK_EVERY
    }

    /// Those to be closed now: the dead, and here if it is ours to say, those that are one too many.
    pub(super) fn ending(&mut self, now: Instant) -> Vec<ConnectionId> {
        // This machine was not running itself: whoever could not be heard has still to answer.
        if now.duration_since(self.looked) > 3 * LOOK_EVERY {
            self.lines.values_mut().flat_map(HashMap::values_mut).for_each(|line| line.heard = now);
        }
        self.looked = now;
        let mut ending = Vec::new();
        for (site, lines) in &self.lines {
            let silent = |line: &Line| now.duration_since(line.heard);
            ending.extend(lines.iter().filter(|(_, line)| silent(line) > SILENCE_MAX).map(|(id, _)| *id));
            let settled = lines.values().all(|line| now.duration_since(line.since) > RACE);
            if self.own < *site && lines.len() > 1 && settled {
                let good = |line: &Line| (silent(line) < SILENCE, line.road == Road::Quic, line.since);
                let best = lines.iter().max_by_key(|(_, line)| good(line)).map(|(id, _)| *id);
                ending.extend(lines.keys().copied().filter(|id| Some(*id) != best));
            }
        }
        ending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: SiteId = SiteId([1; 32]);
    const HIGH: SiteId = SiteId([2; 32]);

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    /// Looks every second, as the loop does, with answers on all of `alive`; what is to end at the last look.
    fn looks(lines: &mut Lines, site: SiteId, alive: &[usize], from: Instant, seconds: u32) -> Vec<ConnectionId> {
        let mut ending = Vec::new();
        for second in 1..=seconds {
            let now = from + second * LOOK_EVERY;
            alive.iter().for_each(|number| lines.heard(&site, id(*number), now));
            ending = lines.ending(now);
        }
        ending
    }

    #[test]
    fn a_site_that_dials_anew_has_lost_its_old_connection() {
        let start = Instant::now();
        let mut lines = Lines::new(HIGH, start);
        assert_eq!(lines.opened(LOW, id(1), Road::Quic, true, start), []);
        let later = start + RACE + LOOK_EVERY;
        assert_eq!(lines.opened(LOW, id(2), Road::Quic, false, later), [id(1)]);
        assert_eq!(lines.closed(id(1)), Some((LOW, false)));
        assert_eq!(lines.closed(id(1)), None);
        assert_eq!(lines.closed(id(2)), Some((LOW, true)));
    }

    #[test]
    fn when_both_dialled_the_lower_key_alone_closes_what_is_too_many() {
        let start = Instant::now();
        for (own, peer, closes) in [(LOW, HIGH, vec![id(2)]), (HIGH, LOW, vec![])] {
            let mut lines = Lines::new(own, start);
            assert_eq!(lines.opened(peer, id(1), Road::Quic, true, start), []);
            assert_eq!(lines.opened(peer, id(2), Road::Tcp, false, start + LOOK_EVERY), []);
            assert_eq!(lines.road(&peer), Some(Road::Quic));
            assert_eq!(looks(&mut lines, peer, &[1, 2], start, 4), []);
            assert_eq!(looks(&mut lines, peer, &[1, 2], start, 5), closes);
        }
    }

    #[test]
    fn a_connection_that_does_not_answer_is_dead_and_never_the_one_that_is_kept() {
        let start = Instant::now();
        for own in [LOW, SiteId([3; 32])] {
            let mut lines = Lines::new(own, start);
            lines.opened(HIGH, id(1), Road::Quic, true, start);
            lines.opened(HIGH, id(2), Road::Tcp, true, start);
            assert!(looks(&mut lines, HIGH, &[2], start, 6).iter().all(|dead| *dead == id(1)));
            assert!(lines.ending(start + 7 * LOOK_EVERY).contains(&id(1)));
        }
    }

    #[test]
    fn a_pause_of_this_machine_is_not_held_against_others() {
        let start = Instant::now();
        let mut lines = Lines::new(HIGH, start);
        lines.opened(LOW, id(1), Road::Quic, true, start);
        assert_eq!(lines.ending(start + 60 * LOOK_EVERY), []);
        assert_eq!(looks(&mut lines, LOW, &[], start + 60 * LOOK_EVERY, 6), [id(1)]);
    }
}
