//! One flow, and what happens to it.

use super::{
    super::REMEMBERED_WINDOW_BYTES_MAX,
    Chance, MS, MTU, S,
    competitors::{Controller, Kind},
    each,
    link::Link,
    percent,
    world::World,
};

const MUCH: u64 = 1 << 40;

fn alone(link: Link, seed: u64) -> World {
    let mut world = World::new(link, seed);
    world.flow(Kind::Ours, 0, MUCH);
    world
}

fn bandwidth(world: &World) -> u64 {
    match &world.flows[0].controller {
        Controller::Ours(ours) => ours.bandwidth().unwrap_or(0),
        _ => 0,
    }
}

/// Percent of the link's rate that flow 0 delivers in the next while.
fn rate(world: &mut World, during: u64) -> u64 {
    let until = world.now + during;
    let bytes = world.delivered_until(0, until);
    percent(bytes, world.bottleneck.link.rate / 8_000 * (during / MS))
}

fn drawn(chance: &mut Chance) -> Link {
    let rtt_ms = chance.between(5, 100);
    Link { loss: chance.between(0, 100), ..Link::new(chance.between(10, 120), rtt_ms) }
}

#[test]
fn a_link_is_full_with_a_small_queue_whatever_it_loses() {
    each(|seed, chance| {
        let mut link = drawn(chance);
        link.jitter = chance.between(0, link.rtt / 10);
        let (rtt, loss, jitter) = (link.rtt, link.loss, link.jitter);
        let mut world = alone(link, seed);
        world.run_until(S + 10 * rtt);
        let before = world.bottleneck.clone();
        let got = rate(&mut world, 2 * S);
        assert!(got + loss / 100 >= 94, "seed {seed}: {got} % of {before:?}");
        let passed = world.bottleneck.passed - before.passed;
        let queued = (world.bottleneck.queued - before.queued) / u128::from(passed.max(1));
        assert!(queued < u128::from(rtt * 2 / 5 + jitter + 5 * MS), "seed {seed}: {queued} ns wait in {before:?}");
        let dropped = world.bottleneck.dropped - before.dropped;
        assert!(dropped * 50 < passed, "seed {seed}: {dropped} of {passed} dropped in {before:?}");
    });
}

#[test]
fn starting_fills_the_link_and_not_its_queue() {
    each(|seed, chance| {
        let link = Link::new(chance.between(10, 120), chance.between(20, 100));
        let rtt = link.rtt;
        let mut world = alone(link, seed);
        world.run_until(12 * rtt);
        let bottleneck = &world.bottleneck;
        let queued = bottleneck.queued / u128::from(bottleneck.passed.max(1));
        assert!(queued < u128::from(rtt / 2), "seed {seed}: {queued} ns wait in {bottleneck:?}");
    });
}

#[test]
fn what_is_remembered_of_a_path_that_carries_less_now_costs_one_burst() {
    each(|seed, chance| {
        let link = Link::new(chance.between(10, 40), chance.between(20, 100));
        let (bdp, rtt) = (link.bdp(), link.rtt);
        let mut world = alone(link, seed);
        if let Controller::Ours(ours) = &mut world.flows[0].controller {
            ours.remember(u64::MAX);
        }
        world.run_until(3 * rtt + S);
        let lost = world.bottleneck.dropped * MTU;
        assert!(lost <= REMEMBERED_WINDOW_BYTES_MAX / 4 * 5, "seed {seed}: {lost} bytes dropped, the path holds {bdp}");
        let got = rate(&mut world, 2 * S);
        assert!(got >= 90, "seed {seed}: {got} % of {:?}", world.bottleneck);
    });
}

#[test]
fn loss_in_bursts_is_no_congestion() {
    each(|seed, chance| {
        let link = Link { loss: 100, burst: chance.between(3, 10), ..drawn(chance) };
        let rtt = link.rtt;
        let mut world = alone(link, seed);
        world.run_until(S + 10 * rtt);
        let got = rate(&mut world, 2 * S);
        assert!(got >= 88, "seed {seed}: {got} % of {:?}", world.bottleneck);
    });
}

#[test]
fn late_and_clumped_acknowledgements_do_not_talk_the_rate_down() {
    each(|seed, chance| {
        let mut link = Link { loss: 0, ..drawn(chance) };
        link.clump = chance.between(1, link.rtt / 2 / MS) * MS;
        link.stall = chance.between(0, 2) * MS;
        let rtt = link.rtt;
        let mut world = alone(link, seed);
        world.run_until(2 * S + 10 * rtt);
        let got = rate(&mut world, 2 * S);
        assert!(got >= 85, "seed {seed}: {got} % of {:?}", world.bottleneck);
    });
}

#[test]
fn a_starved_host_keeps_the_rate_it_can() {
    each(|seed, chance| {
        let link = Link { stall: chance.between(4, 20) * MS, loss: 0, ..drawn(chance) };
        let mut world = alone(link, seed);
        world.run_until(2 * S);
        let early = world.delivered_until(0, 4 * S);
        world.run_until(10 * S);
        let late = world.delivered_until(0, 12 * S);
        assert!(late * 10 >= early * 4, "seed {seed}: {early} then {late} bytes over {:?}", world.bottleneck);
    });
}

#[test]
fn a_shallow_queue_is_not_kept_overflowing() {
    each(|seed, chance| {
        let mut link = Link::new(chance.between(20, 100), chance.between(20, 60));
        link.queue = (link.bdp() / chance.between(4, 6)).max(40_000);
        let mut world = alone(link, seed);
        world.run_until(2 * S);
        let before = world.bottleneck.clone();
        let got = rate(&mut world, 2 * S);
        let (passed, dropped) = (world.bottleneck.passed - before.passed, world.bottleneck.dropped - before.dropped);
        assert!(got >= 88 && dropped * 20 < passed, "seed {seed}: {got} %, {dropped} of {passed} in {before:?}");
    });
}

#[test]
fn after_an_outage_the_link_is_full_again_without_a_burst() {
    each(|seed, chance| {
        let link = drawn(chance);
        let mut world = alone(link, seed);
        world.run_until(2 * S);
        world.change(|link| link.outage = true);
        world.run_until(2 * S + chance.between(500, 1_200) * MS);
        world.change(|link| link.outage = false);
        let dropped = world.bottleneck.dropped;
        let back = world.now + 1_500 * MS;
        world.run_until(back);
        let bdp = world.bottleneck.link.bdp();
        let burst = (world.bottleneck.dropped - dropped) * MTU;
        assert!(burst <= bdp * 3 / 2 + 64 * 1024, "seed {seed}: {burst} bytes dropped in {:?}", world.bottleneck);
        let got = rate(&mut world, S);
        assert!(got >= 80, "seed {seed}: {got} % of {:?}", world.bottleneck);
    });
}

#[test]
fn more_room_is_found_and_less_is_noticed() {
    each(|seed, chance| {
        let (mbits, rtt_ms) = (chance.between(10, 25), chance.between(10, 60));
        let mut world = alone(Link { queue: 400_000, ..Link::new(mbits, rtt_ms) }, seed);
        world.run_until(2 * S);
        let more = chance.between(2, 5);
        world.change(|link| link.rate *= more);
        world.run_until(2 * S + 40 * rtt_ms * MS);
        let got = rate(&mut world, S);
        assert!(got >= 85, "seed {seed}: {got} % of {more} times as much, {:?}", world.bottleneck);
        world.change(|link| link.rate /= more);
        let settled = world.now + 4 * S;
        world.run_until(settled);
        let before = world.bottleneck.clone();
        let got = rate(&mut world, S);
        let (passed, dropped) = (world.bottleneck.passed - before.passed, world.bottleneck.dropped - before.dropped);
        assert!(got >= 75 && dropped * 50 < passed, "seed {seed}: {got} %, {dropped} of {passed} of {before:?}");
    });
}

#[test]
fn a_longer_or_shorter_way_is_learned() {
    each(|seed, chance| {
        let rtt_ms = chance.between(10, 30);
        let mut world = alone(Link { queue: 600_000, ..Link::new(chance.between(20, 50), rtt_ms) }, seed);
        world.run_until(2 * S);
        let times = chance.between(3, 5);
        world.change(|link| link.rtt *= times);
        world.run_until(7 * S);
        let got = rate(&mut world, 2 * S);
        assert!(got >= 85, "seed {seed}: {got} % of {times} times as far, {:?}", world.bottleneck);
        world.change(|link| link.rtt /= times);
        world.run_until(11 * S);
        let got = rate(&mut world, 2 * S);
        assert!(got >= 90, "seed {seed}: {got} % of as near as before, {:?}", world.bottleneck);
    });
}

#[test]
fn what_is_not_sent_lowers_nothing_and_idle_ends_without_loss() {
    each(|seed, chance| {
        let link = Link { loss: 0, ..drawn(chance) };
        let (rtt, full) = (link.rtt, link.rate / 8);
        let mut world = World::new(link, seed);
        world.flow(Kind::Ours, 0, full * 3);
        world.run_until(2 * S);
        let known = bandwidth(&world);
        assert!(known * 10 >= full * 9, "seed {seed}: {known} of {full}");
        // A fifth of the rate, in blocks, for five seconds; then nothing for ten.
        for n in 0..100 {
            world.offer(0, 4 * S + n * 50 * MS, full / 100);
        }
        world.run_until(19 * S);
        assert!(bandwidth(&world) * 10 >= known * 9, "seed {seed}: {known}, then {}", bandwidth(&world));
        let dropped = world.bottleneck.dropped;
        world.offer(0, 19 * S, MUCH);
        world.run_until(19 * S + 2 * rtt);
        let got = rate(&mut world, 5 * rtt / MS * MS + 10 * MS);
        assert!(got >= 75, "seed {seed}: {got} % after idle, {:?}", world.bottleneck);
        assert_eq!(world.bottleneck.dropped, dropped, "seed {seed}: {:?}", world.bottleneck);
    });
}

#[test]
fn a_short_way_goes_by_cubic() {
    each(|seed, _| {
        let mut world = alone(Link { queue: 256 * 1024, ..Link::new(200, 1) }, seed);
        world.run_until(S / 2);
        let got = rate(&mut world, S);
        assert!(got >= 95, "seed {seed}: {got} %");
        assert!(world.bottleneck.dropped * 50 < world.bottleneck.passed, "seed {seed}: {:?}", world.bottleneck);
    });
}
