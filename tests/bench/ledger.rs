//! The ledger at a million events: `cargo bench -p tests --bench ledger`.
//!
//! What a proof costs to carry and to check, and what the tree adds to an append, beside what every append waits for: a
//! write of a record that is synced.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use protocol::ledger::tree::{self, Hash};
use std::{
    fs::OpenOptions,
    hint::black_box,
    io::Write,
    time::{Duration, Instant},
};

const EVENTS: u64 = 1_000_000;
/// An entry as it is stored.
const RECORD_BYTES: usize = 180;
const PROOFS: u64 = 1_000;
const SYNCED: u32 = 200;

/// All complete subtrees, grown a leaf at a time as the node does.
#[derive(Default)]
struct Levels(Vec<Vec<Hash>>);

impl Levels {
    fn push(&mut self, mut hash: Hash) {
        for level in 0.. {
            if self.0.len() == level {
                self.0.push(Vec::new());
            }
            let row = &mut self.0[level];
            row.push(hash);
            if row.len() % 2 == 1 {
                return;
            }
            hash = Hash::node(&row[row.len() - 2], &row[row.len() - 1]);
        }
    }

    fn complete(&self, level: u32, index: u64) -> Result<Hash, ()> {
        let row = self.0.get(usize::try_from(level).unwrap()).ok_or(())?;
        row.get(usize::try_from(index).unwrap()).copied().ok_or(())
    }
}

fn record(n: u64) -> [u8; RECORD_BYTES] {
    let mut bytes = [7; RECORD_BYTES];
    bytes[..8].copy_from_slice(&n.to_le_bytes());
    bytes
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn synced_append() -> Duration {
    let dir = tempfile::tempdir_in(".").unwrap();
    let mut file = OpenOptions::new().create(true).append(true).open(dir.path().join("journal")).unwrap();
    let times = (0..SYNCED).map(|n| {
        let began = Instant::now();
        file.write_all(&record(u64::from(n))).unwrap();
        file.sync_data().unwrap();
        began.elapsed()
    });
    median(times.collect())
}

fn main() {
    let mut levels = Levels::default();
    let began = Instant::now();
    for n in 0..EVENTS {
        levels.push(Hash::leaf(&record(n)));
    }
    let append = began.elapsed() / u32::try_from(EVENTS).unwrap();
    let root = tree::root(0, EVENTS, &mut |level, index| levels.complete(level, index)).unwrap();

    let (mut times, mut hashes_max) = (Vec::new(), 0);
    for n in 0..PROOFS {
        let place = n * (EVENTS / PROOFS) + n % 7;
        let proof = tree::inclusion(place, EVENTS, &mut |level, index| levels.complete(level, index)).unwrap();
        hashes_max = hashes_max.max(proof.len());
        let began = Instant::now();
        assert!(black_box(tree::is_included(&Hash::leaf(&record(place)), place, (EVENTS, &root), &proof)));
        times.push(began.elapsed());
    }
    println!("inclusion at {EVENTS} events: {} bytes, checked in {:?}", hashes_max * 32, median(times));

    let (mut times, mut hashes_max) = (Vec::new(), 0);
    for n in 1..PROOFS {
        let old = n * (EVENTS / PROOFS) + n % 13;
        let old_root = tree::root(0, old, &mut |level, index| levels.complete(level, index)).unwrap();
        let proof = tree::consistency(old, EVENTS, &mut |level, index| levels.complete(level, index)).unwrap();
        hashes_max = hashes_max.max(proof.len());
        let began = Instant::now();
        assert!(black_box(tree::is_consistent((old, &old_root), (EVENTS, &root), &proof)));
        times.push(began.elapsed());
    }
    println!("consistency at {EVENTS} events: {} bytes, checked in {:?}", hashes_max * 32, median(times));

    let synced = synced_append();
    let share = append.as_secs_f64() / synced.as_secs_f64() * 100.0;
    println!("append: {append:?} for the tree, beside {synced:?} for a synced record: {share:.2} %");
}
