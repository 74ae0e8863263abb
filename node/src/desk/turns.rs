//! Which cases are looked at when a second has passed and nothing has happened in them.
//!
//! All in which the time for something is up; and of the others as many as a second has room for, in turn, so that what came
//! without news is seen as well: a roster, an archive, a peer that is other than it was. Up to [`TURN_MAX`] urgent ones and as
//! many others each has its turn every second, and with ten thousand, half of them urgent, within twenty.
//!
//! # Not here
//! What is asked of a case: [`super::next`].

use protocol::ids::Id128;
use std::{
    collections::BTreeSet,
    ops::Bound::{Excluded, Included, Unbounded},
};

/// Cases of each kind that have their turn in a second.
const TURN_MAX: usize = 256;

/// Where each turn stands.
#[derive(Debug, Default)]
pub(super) struct Turns {
    urgent: Option<Id128>,
    others: Option<Id128>,
}

/// An open case, as far as its turn goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) case: Id128,
    /// Nobody reads it yet, and it cannot wait for long.
    pub(super) is_urgent: bool,
    /// The time for something is up.
    pub(super) is_time: bool,
}

impl Turns {
    /// Those that are looked at now.
    pub(super) fn next(&mut self, open: &[Open]) -> BTreeSet<Id128> {
        let names = |is: fn(&Open) -> bool| open.iter().filter(|one| is(one)).map(|one| one.case).collect();
        let mut due: BTreeSet<Id128> = names(|one| one.is_time);
        due.extend(turn(&names(|one| one.is_urgent), &mut self.urgent));
        due.extend(turn(&names(|one| !one.is_urgent), &mut self.others));
        due
    }
}

/// Those behind the last that had its turn, and then again from the first; each once.
fn turn(all: &BTreeSet<Id128>, last: &mut Option<Id128>) -> Vec<Id128> {
    let (behind, before) = match *last {
        Some(last) => (all.range((Excluded(last), Unbounded)), all.range((Unbounded, Included(last)))),
        None => (all.range(..), all.range((Unbounded, Excluded(Id128([0; 16]))))),
    };
    let turn: Vec<Id128> = behind.chain(before).copied().take(TURN_MAX).collect();
    *last = turn.last().copied().or(*last);
    turn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(nth: usize, is_urgent: bool) -> Open {
        let mut name = [0; 16];
        name[..8].copy_from_slice(&(nth as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        Open { case: Id128(name), is_urgent, is_time: false }
    }

    #[test]
    fn few_are_all_looked_at_each_second() {
        let all: Vec<Open> = (0..2 * TURN_MAX).map(|nth| open(nth, nth % 2 == 0)).collect();
        let (mut turns, names) = (Turns::default(), all.iter().map(|one| one.case).collect::<BTreeSet<_>>());
        for _ in 0..3 {
            assert_eq!(turns.next(&all), names);
        }
        assert!(turns.next(&[]).is_empty());
        assert_eq!(turns.next(&all), names, "also after a time without any");
    }

    #[test]
    fn each_has_its_turn_though_there_are_many() {
        let all: Vec<Open> = (0..10_000).map(|nth| open(nth, nth % 2 == 0)).collect();
        let mut turns = Turns::default();
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let now = turns.next(&all);
            assert!(now.len() <= 2 * TURN_MAX);
            seen.extend(now);
        }
        assert_eq!(seen.len(), all.len());
    }

    #[test]
    fn many_others_do_not_keep_an_urgent_one_waiting() {
        let mut all: Vec<Open> = (0..10_000).map(|nth| open(nth, false)).collect();
        all.push(open(10_000, true));
        let mut turns = Turns::default();
        for _ in 0..20 {
            assert!(turns.next(&all).contains(&open(10_000, true).case));
        }
    }

    #[test]
    fn whose_time_is_up_is_looked_at_at_once_and_whoever_comes_meanwhile_is_not_passed_over() {
        let mut all: Vec<Open> = (0..10_000).map(|nth| open(nth, false)).collect();
        let mut turns = Turns::default();
        let _ = turns.next(&all);
        for one in all.iter_mut().step_by(3) {
            one.is_time = true;
        }
        let now = turns.next(&all);
        assert!(all.iter().filter(|one| one.is_time).all(|one| now.contains(&one.case)));
        // Half of them end, others begin: whoever stays is seen within a round.
        let mut all: Vec<Open> = (5_000..15_000).map(|nth| open(nth, false)).collect();
        let mut seen = BTreeSet::new();
        for _ in 0..40 {
            seen.extend(turns.next(&all));
        }
        assert_eq!(seen.len(), all.len());
        all.clear();
        assert!(turns.next(&all).is_empty());
    }
}
