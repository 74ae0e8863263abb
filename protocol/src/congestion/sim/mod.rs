//! A network in virtual time: one bottleneck with a queue, and flows over it that do what quinn does around a controller.
//!
//! Everything follows from a seed. A story that fails says its seed; `CONFRERE_SEEDS=1000` tells each story a thousand
//! times.

mod competitors;
mod flow;
mod link;
mod shares;
mod stories;
mod world;

const SEEDS: u64 = 2;

/// Tells a story with several seeds.
fn each(story: impl Fn(u64, &mut Chance)) {
    let seeds = std::env::var("CONFRERE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    (1..=seeds).for_each(|seed| story(seed, &mut Chance(seed)));
}

fn percent(part: u64, whole: u64) -> u64 {
    part * 100 / whole.max(1)
}

pub(super) const MTU: u64 = 1_400;
pub(super) const MS: u64 = 1_000_000;
pub(super) const S: u64 = 1_000 * MS;

/// SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn of(&mut self, parts: u64, whole: u64) -> bool {
        self.next() % whole < parts
    }

    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }
}
