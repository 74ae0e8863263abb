//! Slows down who guesses passwords, without letting a guesser lock anybody out.
//!
//! Three bounds. *By name and address*: after three attempts each further one waits twice as long. *By name from
//! addresses it never signed in from*: guessing from a thousand machines is no faster than a hundred tries an hour; the
//! owner at the usual desk does not notice. *By address*: a few attempts in work at once, so that a flood from one place
//! leaves room for others. A *known device* (its cookie is signed by the node) is a place of its own in all of these:
//! what others do, at its own address too, is not counted against it. All tables are bounded; an attempt counts from its beginning, so that attempts side by side
//! are no way around.

use super::{UsersError, device::Device};
use lru::LruCache;
use protocol::Timestamp;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Attempts of one name from one address before it waits: a person mistypes.
const FREE: u32 = 3;
/// Longest wait of one name from one address, seconds.
const WAIT_MAX_S: u64 = 300;
/// Attempts that count against a name from addresses unknown to it, before it waits for one to drain.
const STRANGE_MAX: u64 = 100;
/// One counted attempt drains in this time: a hundred an hour.
const DRAIN: Duration = Duration::from_secs(36);
/// Attempts of one address in work at once.
const AT_ONCE_MAX: usize = 4;
/// Attempts of all addresses in work at once: two hash at a time, the last waits about two seconds.
const ALL_AT_ONCE_MAX: usize = 64;
/// Room beyond that, for known devices only.
const KNOWN_AT_ONCE_MAX: usize = 16;
/// Rows kept of names and of pairs; the longest unused go first.
const ROWS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Address(IpAddr),
    /// A device that has signed in as this name.
    Device(Device),
}

impl Place {
    /// The name has signed in there: others' guesses do not hold it up.
    pub(super) fn of_session(session: &str) -> Self {
        let digest = protocol::Digest::of(session.as_bytes());
        Self::Device(digest.0.first_chunk().copied().unwrap_or_default())
    }

    fn network(self) -> Self {
        match self {
            Self::Address(address) => Self::Address(network(address)),
            device @ Self::Device(_) => device,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    attempts: u32,
    until: Timestamp,
    /// The name has signed in from here.
    known: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Strange {
    /// The bucket is full so far into the future; `until - now` over [`DRAIN`] is its level.
    until: Timestamp,
}

#[derive(Debug)]
pub(super) struct Throttle {
    pairs: LruCache<(String, Place), Pair>,
    strange: LruCache<String, Strange>,
    at_once: HashMap<Place, usize>,
    all_at_once: usize,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            pairs: LruCache::new(ROWS_MAX),
            strange: LruCache::new(ROWS_MAX),
            at_once: HashMap::new(),
            all_at_once: 0,
        }
    }
}

/// One attempt in work.
#[derive(Debug)]
pub(super) struct Attempt {
    throttle: Arc<Mutex<Throttle>>,
    name: String,
    from: Place,
}

impl Throttle {
    /// Counts an attempt, or says how long to wait.
    pub(super) fn attempt(
        throttle: &Arc<Mutex<Self>>,
        name: &str,
        from: Place,
        now: Timestamp,
    ) -> Result<Attempt, UsersError> {
        let from = from.network();
        let is_known = matches!(from, Place::Device(_));
        let all_max = ALL_AT_ONCE_MAX + if is_known { KNOWN_AT_ONCE_MAX } else { 0 };
        let mut this = throttle.lock().unwrap_or_else(PoisonError::into_inner);
        if this.all_at_once >= all_max || this.at_once.get(&from).is_some_and(|n| *n >= AT_ONCE_MAX) {
            return Err(UsersError::Throttled(1));
        }
        let pair_key = (name.to_owned(), from);
        let mut pair = this.pairs.get(&pair_key).copied().unwrap_or_default();
        if pair.until > now {
            return Err(UsersError::Throttled(seconds(pair.until.since(now))));
        }
        if !pair.known && !is_known {
            let mut strange = this.strange.get(name).copied().unwrap_or_default();
            let level = strange.until.since(now);
            if level > DRAIN.saturating_mul(u32::try_from(STRANGE_MAX).unwrap_or(u32::MAX)) {
                return Err(UsersError::Throttled(seconds(DRAIN)));
            }
            strange.until = strange.until.max(now).after(DRAIN);
            this.strange.put(name.to_owned(), strange);
        }
        pair.attempts = pair.attempts.saturating_add(1);
        if let Some(over) = pair.attempts.checked_sub(FREE) {
            let wait = 1_u64.checked_shl(over).unwrap_or(WAIT_MAX_S).min(WAIT_MAX_S);
            pair.until = now.after(Duration::from_secs(wait));
        }
        this.pairs.put(pair_key, pair);
        *this.at_once.entry(from).or_default() += 1;
        this.all_at_once += 1;
        drop(this);
        Ok(Attempt { throttle: throttle.clone(), name: name.to_owned(), from })
    }
}

impl Attempt {
    /// The password was right: nothing is held against the name here any more.
    pub(super) fn succeeded(&self) {
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.pairs.put((self.name.clone(), self.from), Pair { known: true, ..Pair::default() });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.all_at_once = throttle.all_at_once.saturating_sub(1);
        if let Some(count) = throttle.at_once.get_mut(&self.from) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                throttle.at_once.remove(&self.from);
            }
        }
    }
}

/// Whoever has one IPv6 address has a /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const HOME: Place = Place::Address(DESK);
    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn stranger(n: u32) -> Place {
        Place::Address(IpAddr::V4(std::net::Ipv4Addr::from(0x0a64_0000 + n)))
    }

    fn wait(result: Result<Attempt, UsersError>) -> u64 {
        match result {
            Err(UsersError::Throttled(s)) => s,
            other => panic!("not throttled: {other:?}"),
        }
    }

    #[test]
    fn each_further_guess_waits_twice_as_long_up_to_five_minutes() {
        let throttle = Arc::default();
        for _ in 0..3 {
            Throttle::attempt(&throttle, "durand", HOME, NOW).unwrap();
        }
        let mut now = NOW;
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let waited = wait(Throttle::attempt(&throttle, "durand", HOME, now));
            assert_eq!(waited, expected);
            now = now.after(Duration::from_secs(waited));
            Throttle::attempt(&throttle, "durand", HOME, now).unwrap();
        }
        Throttle::attempt(&throttle, "martin", HOME, now).unwrap();
    }

    #[test]
    fn a_right_password_clears_what_was_held_against_the_name() {
        let throttle = Arc::default();
        for _ in 0..20 {
            Throttle::attempt(&throttle, "durand", HOME, NOW).unwrap().succeeded();
        }
    }

    #[test]
    fn guesses_from_everywhere_do_not_lock_out_the_owner() {
        let throttle = Arc::default();
        Throttle::attempt(&throttle, "durand", HOME, NOW).unwrap().succeeded();
        let admitted = (0..1000).filter(|n| Throttle::attempt(&throttle, "durand", stranger(*n), NOW).is_ok()).count();
        assert!((99..=101).contains(&admitted), "{admitted}");
        Throttle::attempt(&throttle, "durand", HOME, NOW).unwrap();
        let hour = NOW.after(Duration::from_secs(3600));
        Throttle::attempt(&throttle, "durand", stranger(2000), hour).unwrap();
    }

    #[test]
    fn a_flood_from_one_place_leaves_room_for_others() {
        let throttle = Arc::default();
        let flood: Vec<_> =
            (0..100).filter_map(|n| Throttle::attempt(&throttle, &format!("name{n}"), HOME, NOW).ok()).collect();
        assert_eq!(flood.len(), AT_ONCE_MAX);
        Throttle::attempt(&throttle, "durand", stranger(1), NOW).unwrap();
        drop(flood);
        Throttle::attempt(&throttle, "durand", HOME, NOW).unwrap();
    }

    #[test]
    fn a_known_device_is_not_held_up_by_whoever_shares_its_address() {
        let throttle = Arc::default();
        for n in 0..200 {
            let _ = Throttle::attempt(&throttle, "durand", HOME, NOW);
            let _ = Throttle::attempt(&throttle, "durand", stranger(n), NOW);
        }
        wait(Throttle::attempt(&throttle, "durand", HOME, NOW));
        let device = Place::Device([1; 16]);
        for _ in 0..FREE {
            Throttle::attempt(&throttle, "durand", device, NOW).unwrap();
        }
        let _flood: Vec<_> = (0..ALL_AT_ONCE_MAX)
            .filter_map(|n| Throttle::attempt(&throttle, "x", stranger(u32::try_from(1000 + n).unwrap()), NOW).ok())
            .collect();
        Throttle::attempt(&throttle, "durand", Place::Device([2; 16]), NOW).unwrap();
        assert_eq!(wait(Throttle::attempt(&throttle, "durand", stranger(5000), NOW)), 1, "no room for others");
        Throttle::attempt(&throttle, "durand", device, NOW.after(Duration::from_secs(1))).unwrap();
        let guessed = wait(Throttle::attempt(&throttle, "durand", device, NOW.after(Duration::from_secs(1))));
        assert_eq!(guessed, 2, "a stolen device guesses no faster");
    }

    #[test]
    fn a_v6_network_is_one_place() {
        let a: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let b: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        assert_eq!(network(a), network(b));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), DESK);
    }
}
