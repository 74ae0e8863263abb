//! Several flows over one bottleneck: nobody starves.

use super::{Chance, MS, S, competitors::Kind, each, link::Link, percent, world::World};

const MUCH: u64 = 1 << 40;

/// Percent that each flow has of what is delivered between `from` and `until`.
fn shares(kinds: &[Kind], seed: u64, link: Link, from: u64, until: u64) -> Vec<u64> {
    let mut world = World::new(link, seed);
    for (place, kind) in (0..).zip(kinds) {
        world.flow(*kind, place * 700 * MS, MUCH);
    }
    world.run_until(from);
    let before: Vec<u64> = world.flows.iter().map(|flow| flow.received).collect();
    world.run_until(until);
    let got: Vec<u64> = world.flows.iter().zip(before).map(|(flow, before)| flow.received - before).collect();
    let all = got.iter().sum();
    got.into_iter().map(|bytes| percent(bytes, all)).collect()
}

fn drawn(chance: &mut Chance) -> Link {
    Link::new(chance.between(25, 50), chance.between(20, 60))
}

#[test]
fn two_of_ours_share_within_two_to_one() {
    each(|seed, chance| {
        let link = drawn(chance);
        let got = shares(&[Kind::Ours, Kind::Ours], seed, link.clone(), 6 * S, 16 * S);
        assert!(got.iter().all(|share| *share >= 33), "seed {seed}: {got:?} over {link:?}");
    });
}

#[test]
fn four_of_ours_leave_each_a_share() {
    each(|seed, chance| {
        let link = drawn(chance);
        let got = shares(&[Kind::Ours; 4], seed, link.clone(), 8 * S, 18 * S);
        assert!(got.iter().all(|share| *share >= 12), "seed {seed}: {got:?} over {link:?}");
    });
}

#[test]
fn beside_cubic_neither_starves() {
    each(|seed, chance| {
        let link = drawn(chance);
        let got = shares(&[Kind::Ours, Kind::Cubic], seed, link.clone(), 4 * S, 24 * S);
        assert!(got.iter().all(|share| *share >= 20), "seed {seed}: ours, cubic {got:?} over {link:?}");
        let got = shares(&[Kind::Cubic, Kind::Ours], seed, link.clone(), 4 * S, 24 * S);
        assert!(got.iter().all(|share| *share >= 15), "seed {seed}: cubic, ours {got:?} over {link:?}");
    });
}

#[test]
fn beside_bbr_neither_starves() {
    each(|seed, chance| {
        let link = drawn(chance);
        let got = shares(&[Kind::Ours, Kind::Bbr], seed, link.clone(), 4 * S, 24 * S);
        assert!(got.iter().all(|share| *share >= 15), "seed {seed}: ours, BBR {got:?} over {link:?}");
        let got = shares(&[Kind::Bbr, Kind::Ours], seed, link.clone(), 4 * S, 24 * S);
        assert!(got.iter().all(|share| *share >= 12), "seed {seed}: BBR, ours {got:?} over {link:?}");
    });
}
