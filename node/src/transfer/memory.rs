//! How much of what is given lies in memory until the askers take it: [`BYTES_MAX`], over all connections together.
//!
//! Whoever takes slowly does not take it all: a quarter is for those that hold nothing yet, and of the rest nobody has more than they
//! leave free, so that one alone comes to half of that. What somebody waits for at a peer, and what nobody waits for there, have a share each.
//! Twenty peers that take nothing at all still leave room for the next range. Of those that may, the more urgent is first, and then who came
//! first; within a share nothing overtakes what is larger. What is dropped while it waits leaves nothing behind.
//!
//! # Not here
//! What a connection has in hand itself, its send window: [`super::endpoint`]. What is kept for the next who ask: [`super::give`].

use protocol::{SiteId, fetch::Priority};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// In memory at most.
pub(super) const BYTES_MAX: u64 = 64 << 20;
/// Counted for one answer at most, so that each is small beside the whole: more than what a range needs.
pub(super) const ONE_MAX: u64 = 8 << 20;

/// The more urgent first, and then who came first.
type Place = (Reverse<Priority>, u64);

/// A peer, and whether somebody waits for it there.
type Whose = (SiteId, bool);

#[derive(Debug)]
struct Waiter {
    of: Whose,
    bytes: u64,
    woken: Arc<Notify>,
}

/// The decision: who has what, and who is next. Bounded by the streams that are served.
#[derive(Debug)]
struct Shares {
    bytes_max: u64,
    held: u64,
    /// Of those that hold something.
    of: HashMap<Whose, u64>,
    turn: u64,
    waiting: BTreeMap<Place, Waiter>,
}

impl Shares {
    fn may(&self, waiter: &Waiter) -> bool {
        let free = self.bytes_max.saturating_sub(self.held);
        let kept = self.bytes_max / 4;
        self.of.get(&waiter.of).is_none_or(|own| own + waiter.bytes + kept <= free)
    }

    /// Who takes next, if there is room for it: what waits for room is not overtaken by what is smaller.
    fn next(&self) -> Option<Place> {
        let mut barred = HashSet::new();
        let is_next = |(_, waiter): &(&Place, &Waiter)| {
            let may = !barred.contains(&waiter.of) && self.may(waiter);
            if !may {
                let _ = barred.insert(waiter.of);
            }
            may
        };
        let (place, waiter) = self.waiting.iter().find(is_next)?;
        (self.held + waiter.bytes <= self.bytes_max).then_some(*place)
    }

    fn enter(&mut self, waiter: Waiter, priority: Priority) -> Place {
        let place = (Reverse(priority), self.turn);
        self.turn += 1;
        self.waiting.insert(place, waiter);
        place
    }

    /// Takes, if it is next.
    fn take(&mut self, place: Place) -> bool {
        if self.next() != Some(place) {
            return false;
        }
        let Some(waiter) = self.waiting.remove(&place) else { return false };
        self.held += waiter.bytes;
        *self.of.entry(waiter.of).or_insert(0) += waiter.bytes;
        self.wake();
        true
    }

    fn leave(&mut self, place: Place) {
        self.waiting.remove(&place);
        self.wake();
    }

    fn give_back(&mut self, of: &Whose, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
        if let Some(own) = self.of.get_mut(of) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                self.of.remove(of);
            }
        }
        self.wake();
    }

    fn wake(&self) {
        if let Some(waiter) = self.next().and_then(|next| self.waiting.get(&next)) {
            waiter.woken.notify_one();
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Memory(Mutex<Shares>);

impl Default for Memory {
    fn default() -> Self {
        Self::of(BYTES_MAX)
    }
}

impl Memory {
    fn of(bytes_max: u64) -> Self {
        let (of, waiting) = (HashMap::new(), BTreeMap::new());
        Self(Mutex::new(Shares { bytes_max, held: 0, of, turn: 0, waiting }))
    }

    fn shares(&self) -> MutexGuard<'_, Shares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many bytes may be held for a peer; they are given back when what is given is dropped. Whoever holds some
    /// must not wait for more.
    pub(super) async fn take(&self, peer: SiteId, priority: Priority, bytes: u64) -> Held<'_> {
        let (bytes, woken) = (bytes.min(ONE_MAX), Arc::new(Notify::new()));
        let of = (peer, priority >= Priority::Screen);
        let place = self.shares().enter(Waiter { of, bytes, woken: woken.clone() }, priority);
        let mut waiting = Waiting { memory: self, place: Some(place) };
        while !self.shares().take(place) {
            woken.notified().await;
        }
        waiting.place = None;
        Held { memory: self, of, bytes }
    }
}

/// A place in the row, left when it is dropped.
struct Waiting<'a> {
    memory: &'a Memory,
    place: Option<Place>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.memory.shares().leave(place);
        }
    }
}

/// Bytes held for a peer.
#[derive(Debug)]
pub(super) struct Held<'a> {
    memory: &'a Memory,
    of: Whose,
    bytes: u64,
}

impl Held<'_> {
    /// No more than so many are held from now on.
    pub(super) fn shrink(&mut self, bytes: u64) {
        let back = self.bytes.saturating_sub(bytes);
        if back > 0 {
            self.bytes -= back;
            self.memory.shares().give_back(&self.of, back);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use proptest::prelude::*;

    const MIB: u64 = 1 << 20;

    fn peer(n: u8) -> SiteId {
        SiteId([n; 32])
    }

    fn take(memory: &Memory, n: u8, priority: Priority) -> Option<Held<'_>> {
        memory.take(peer(n), priority, MIB).now_or_never()
    }

    #[test]
    fn who_takes_slowly_has_its_part_and_the_next_finds_room() {
        let memory = Memory::default();
        let slow: Vec<_> = std::iter::from_fn(|| take(&memory, 1, Priority::Emergency)).collect();
        assert_eq!(slow.len() as u64 * MIB, BYTES_MAX * 3 / 8);
        let too: Vec<_> = std::iter::from_fn(|| take(&memory, 2, Priority::Prefetch)).collect();
        assert_eq!(too.len() as u64 * MIB, BYTES_MAX * 3 / 16);
        assert!(take(&memory, 3, Priority::Backup).is_some());
    }

    #[test]
    fn twenty_that_take_nothing_leave_room_for_one_more() {
        let memory = Memory::default();
        let mut slow = Vec::new();
        for n in 0..20 {
            slow.extend(std::iter::from_fn(|| take(&memory, n, Priority::Screen)));
        }
        assert_eq!(memory.shares().of.len(), 20);
        assert!(take(&memory, 20, Priority::Backup).is_some());
        assert_eq!(memory.shares().held, slow.len() as u64 * MIB);
    }

    #[test]
    fn the_more_urgent_of_a_peer_goes_before_and_one_over_its_share_keeps_nobody() {
        let memory = Memory::of(4 * MIB);
        let mut held =
            vec![take(&memory, 1, Priority::Prefetch).unwrap(), take(&memory, 1, Priority::Prefetch).unwrap()];
        let mut first = Box::pin(memory.take(peer(1), Priority::Prefetch, MIB));
        let mut urgent = Box::pin(memory.take(peer(1), Priority::Series, MIB));
        assert!((&mut first).now_or_never().is_none() && (&mut urgent).now_or_never().is_none());
        drop(take(&memory, 2, Priority::Backup).expect("another peer's goes by those that wait for their own"));
        held.pop();
        assert!((&mut first).now_or_never().is_none(), "the more urgent is next");
        let urgent = (&mut urgent).now_or_never().unwrap();
        drop(urgent);
        assert!((&mut first).now_or_never().is_some());
    }

    #[test]
    fn what_somebody_waits_for_is_not_kept_out_by_what_nobody_waits_for_nor_what_is_large_by_what_is_small() {
        let memory = Memory::default();
        let ahead: Vec<_> = std::iter::from_fn(|| take(&memory, 1, Priority::Series)).collect();
        assert!(take(&memory, 1, Priority::Screen).is_some());
        let mut large = Box::pin(memory.take(peer(1), Priority::Series, 4 * MIB));
        let mut small = Box::pin(memory.take(peer(1), Priority::Series, MIB));
        assert!((&mut large).now_or_never().is_none());
        let mut ahead = ahead.into_iter();
        for _ in 0..2 {
            drop(ahead.next());
            assert!((&mut small).now_or_never().is_none(), "it came later");
        }
        drop(ahead.next());
        drop(ahead.next());
        let large = (&mut large).now_or_never().expect("its share has room");
        assert!((&mut small).now_or_never().is_none());
        drop(large);
        assert!((&mut small).now_or_never().is_some());
    }

    #[test]
    fn what_waits_for_room_is_not_overtaken_by_what_is_smaller_and_gone_it_bars_nobody() {
        let memory = Memory::of(4 * MIB);
        let held = memory.take(peer(1), Priority::Series, 2 * MIB).now_or_never().unwrap();
        let mut large = Box::pin(memory.take(peer(2), Priority::Series, 3 * MIB));
        assert!((&mut large).now_or_never().is_none());
        let mut small = Box::pin(memory.take(peer(3), Priority::Series, MIB));
        assert!((&mut small).now_or_never().is_none());
        drop(large);
        assert!((&mut small).now_or_never().is_some(), "it is told");
        drop((held, small));
        let shares = memory.shares();
        assert_eq!((shares.held, shares.waiting.len(), shares.of.len()), (0, 0, 0));
    }

    #[test]
    fn what_is_given_back_early_is_there_for_others() {
        let memory = Memory::of(4 * MIB);
        let mut held = memory.take(peer(1), Priority::Series, 2 * MIB).now_or_never().unwrap();
        held.shrink(3 * MIB);
        assert_eq!(memory.shares().held, 2 * MIB);
        let mut other = Box::pin(memory.take(peer(2), Priority::Series, 3 * MIB));
        assert!((&mut other).now_or_never().is_none());
        held.shrink(MIB);
        assert_eq!(memory.shares().held, MIB);
        assert!((&mut other).now_or_never().is_some(), "it is told");
        drop(held);
        assert_eq!(memory.shares().held, 0);
    }

    proptest! {
        /// Whoever takes, goes and gives back in whatever order: never more than there is, and at the end all of it is back.
        #[test]
        fn the_bound_holds(steps in prop::collection::vec((0u8..6, 0u8..4, 1u64..9), 1..200)) {
            let memory = Memory::of(16 * MIB);
            let (mut held, mut waiting) = (Vec::new(), Vec::new());
            for (what, n, mib) in steps {
                match what {
                    0..3 => {
                        let mut taking = Box::pin(memory.take(peer(n), Priority::Series, mib * MIB));
                        match (&mut taking).now_or_never() {
                            Some(taken) => held.push(taken),
                            None => waiting.push(taking),
                        }
                    }
                    3 if !waiting.is_empty() => drop(waiting.remove(usize::from(n) % waiting.len())),
                    _ if !held.is_empty() => drop(held.remove(usize::from(n) % held.len())),
                    _ => {}
                }
                let mut still = Vec::new();
                for mut taking in waiting {
                    match (&mut taking).now_or_never() {
                        Some(taken) => held.push(taken),
                        None => still.push(taking),
                    }
                }
                waiting = still;
                prop_assert!(memory.shares().held <= 16 * MIB);
                prop_assert_eq!(memory.shares().held, held.iter().map(|one| one.bytes).sum::<u64>());
            }
            drop(waiting);
            drop(held);
            prop_assert_eq!(memory.shares().held, 0);
        }
    }
}
