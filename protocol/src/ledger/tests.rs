//! Proofs hold for what is so, and for nothing else.

use super::{tree::*, *};
use proptest::prelude::*;
use std::convert::Infallible;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| Hash::leaf(&n.to_le_bytes())).collect()
}

/// A tree by the definition of RFC 9162 §2.1.1, without any of the cleverness above.
fn by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            Hash::node(&by_definition(left), &by_definition(right))
        }
    }
}

fn complete(leaves: &[Hash]) -> impl FnMut(u32, u64) -> Result<Hash, Infallible> + '_ {
    |level, index| {
        let from = usize::try_from(index << level).unwrap();
        Ok(by_definition(&leaves[from..from + (1 << level)]))
    }
}

#[test]
fn the_roots_are_those_of_the_standard() {
    // RFC 6962's well-known test tree, as in Certificate Transparency's own tests.
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let leaves: Vec<Hash> = inputs.iter().map(|bytes| Hash::leaf(bytes)).collect();
    let roots = [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ];
    for (size, expected) in roots {
        let count = usize::try_from(size).unwrap();
        assert_eq!(root(0, size, &mut complete(&leaves[..count])).unwrap().to_string(), expected);
    }
    assert_eq!(Hash::empty().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn every_record_is_proved_in_every_small_log_and_every_log_in_every_later_one() {
    let all = leaves(40);
    for size in 0..=40u64 {
        let of = &all[..usize::try_from(size).unwrap()];
        let whole = by_definition(of);
        assert_eq!(root(0, size, &mut complete(of)).unwrap(), whole);
        for place in 0..size {
            let proof = inclusion(place, size, &mut complete(of)).unwrap();
            let leaf = all[usize::try_from(place).unwrap()];
            assert!(is_included(&leaf, place, (size, &whole), &proof), "{place} of {size}");
            for other in 0..size + 2 {
                assert_eq!(is_included(&leaf, other, (size, &whole), &proof), other == place, "{other} for {place}");
            }
        }
        for old in 0..=size {
            let old_root = by_definition(&all[..usize::try_from(old).unwrap()]);
            let proof = consistency(old, size, &mut complete(of)).unwrap();
            assert!(is_consistent((old, &old_root), (size, &whole), &proof), "{old} of {size}");
            let other = Hash::leaf(b"another");
            assert!(!is_consistent((old, &other), (size, &whole), &proof), "{old} of {size}");
            assert!(!is_consistent((old, &old_root), (size, &other), &proof) || old == 0 && size > 0);
        }
    }
}

proptest! {
    #[test]
    fn a_changed_log_is_not_consistent(size in 2u64..300, old: prop::sample::Index, at: prop::sample::Index) {
        let all = leaves(size);
        let old = u64::try_from(old.index(usize::try_from(size - 1).unwrap())).unwrap() + 1;
        let old_root = by_definition(&all[..usize::try_from(old).unwrap()]);
        let mut changed = all.clone();
        changed[at.index(usize::try_from(old).unwrap())] = Hash::leaf(b"another");
        let proof = consistency(old, size, &mut complete(&changed)).unwrap();
        prop_assert!(!is_consistent((old, &old_root), (size, &by_definition(&changed)), &proof));
    }

    #[test]
    fn a_damaged_proof_proves_nothing(size in 2u64..300, place: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8) {
        let all = leaves(size);
        let place = place.index(usize::try_from(size).unwrap());
        let whole = by_definition(&all);
        let mut proof = inclusion(u64::try_from(place).unwrap(), size, &mut complete(&all)).unwrap();
        let at = at.index(proof.len() * 32);
        proof[at / 32].0[at % 32] ^= 1 << bit;
        prop_assert!(!is_included(&all[place], u64::try_from(place).unwrap(), (size, &whole), &proof));
    }

    #[test]
    fn any_proof_is_judged(old: u64, size: u64, seeds in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<Hash> = seeds.into_iter().map(Hash).collect();
        let (a, b) = (Hash::leaf(b"a"), Hash::leaf(b"b"));
        let _ = is_consistent((old, &a), (size, &b), &proof);
        let _ = is_included(&a, old, (size, &b), &proof);
    }
}

#[test]
fn a_head_follows_goes_on_is_shorter_or_forked() {
    let all = leaves(20);
    let head = |size: usize, leaves: &[Hash]| Head {
        site: SiteId([1; 32]),
        size: u64::try_from(size).unwrap(),
        root: by_definition(&leaves[..size]),
        at: Timestamp(1),
    };
    let held = head(13, &all);
    let proof = |old, leaves: &[Hash]| consistency(old, 20, &mut complete(leaves)).unwrap();
    assert_eq!(follows(None, &head(20, &all), 0, &[]), Follows::Yes);
    assert_eq!(follows(Some(&held), &head(20, &all), 13, &proof(13, &all)), Follows::Yes);
    assert_eq!(follows(Some(&held), &head(20, &all), 7, &proof(7, &all)), Follows::Unproved);
    assert_eq!(follows(Some(&held), &head(12, &all), 13, &[]), Follows::Shorter);
    let mut other = all;
    other[3] = Hash::leaf(b"another");
    assert_eq!(follows(Some(&held), &head(20, &other), 13, &proof(13, &other)), Follows::Forked);
    assert_eq!(follows(Some(&held), &head(13, &other), 13, &[]), Follows::Forked);
}
