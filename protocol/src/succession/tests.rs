use super::*;
use crate::{
    message::SiteRecord,
    signed::{Signed, sign_bytes, verify_bytes},
    wire,
};
use proptest::prelude::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A site whose first key is of `first`, with a change for each step.
fn site(first: u8, steps: &[(u8, u64, Option<u64>)]) -> Vec<SiteKey> {
    let mut all = vec![SiteKey::from(key(first))];
    for (seed, at, void) in steps {
        let last = all.last().unwrap();
        all.push(last.succeed(key(*seed), Timestamp(*at), void.map(Timestamp)).unwrap());
    }
    all
}

fn record() -> SiteRecord {
    SiteRecord { name: "CH Nord".into(), overlay: Vec::new(), pixels: Vec::new(), issued: Timestamp(5) }
}

#[test]
fn what_any_of_a_sites_keys_signed_is_the_sites() {
    let keys = site(1, &[(2, 10, None), (3, 20, Some(15))]);
    for signer in &keys {
        assert_eq!(signer.site(), keys[0].site(), "the name stays");
        let signed = Signed::seal(signer, &record());
        assert_eq!(signed.open(&keys[0].site()), Ok(record()));
        assert_eq!(signed.keys().as_ref(), Some(signer.keys()));
        let kept: Signed<SiteRecord> = postcard::from_bytes(&postcard::to_allocvec(&signed).unwrap()).unwrap();
        assert_eq!(kept, signed);
    }
    assert_eq!(keys[2].keys().before(), [keys[0].keys().current(), keys[1].keys().current()]);
}

#[test]
fn a_first_keys_signature_has_the_bytes_it_always_had() {
    let signature = sign_bytes(&key(1), "domain", b"text");
    let bytes = postcard::to_allocvec(&signature).unwrap();
    assert_eq!((bytes.len(), bytes[0]), (65, 64));
}

#[test]
fn a_new_key_that_the_old_one_did_not_name_is_a_stranger() {
    let (ours, thief) = (site(1, &[(2, 10, None)]), SiteKey::from(key(9)));
    let stolen = SiteKey { key: key(9), keys: ours[1].keys().clone() };
    assert!(SiteKey::of(key(9), ours[1].keys().clone()).is_none());
    for forged in [Signed::seal(&stolen, &record()), Signed::seal(&thief, &record())] {
        assert!(forged.open(&ours[0].site()).is_err());
    }
}

#[test]
fn a_key_comes_once_and_never_before_the_one_before_it() {
    let keys = site(1, &[(2, 10, None)]);
    assert!(keys[1].succeed(key(1), Timestamp(20), None).is_none(), "back to the first");
    assert!(keys[1].succeed(key(2), Timestamp(20), None).is_none(), "the same again");
    assert!(keys[1].succeed(key(3), Timestamp(9), None).is_none(), "before the last change");
    let mut last = SiteKey::from(key(100));
    for seed in (101..).take(SUCCESSIONS_MAX) {
        last = last.succeed(key(seed), Timestamp(1), None).unwrap();
    }
    assert!(last.succeed(key(1), Timestamp(1), None).is_none(), "one more than may be");
}

#[test]
fn two_successors_of_one_key_are_in_conflict_whoever_comes_first() {
    let common = site(1, &[(2, 10, None)]).pop().unwrap();
    let ours = common.succeed(key(3), Timestamp(20), None).unwrap();
    let later = ours.succeed(key(4), Timestamp(30), None).unwrap();
    let thiefs = common.succeed(key(9), Timestamp(20), None).unwrap();
    let of = |one: &SiteKey, two: &SiteKey| one.keys().relation(two.keys());
    assert_eq!(of(&ours, &ours), Relation::Same);
    assert_eq!((of(&later, &ours), of(&ours, &later)), (Relation::Ahead, Relation::Behind));
    assert_eq!((of(&common, &later), of(&later, &common)), (Relation::Behind, Relation::Ahead));
    for (one, two) in [(&ours, &thiefs), (&later, &thiefs), (&ours, &SiteKey::from(key(7)))] {
        assert_eq!((of(one, two), of(two, one)), (Relation::Conflict, Relation::Conflict));
    }
    let said_again = common.succeed(key(3), Timestamp(21), None).unwrap();
    assert_eq!(of(&ours, &said_again), Relation::Conflict, "the same key at another time");
}

/// Steps of a chain: seeds that differ, times that do not fall.
fn steps() -> impl Strategy<Value = Vec<(u8, u64, Option<u64>)>> {
    proptest::collection::vec((0u64..1000, proptest::option::of(any::<u64>())), 0..=SUCCESSIONS_MAX).prop_map(|steps| {
        let mut at = 0;
        let each = (10u8..).zip(steps).map(|(seed, (later, void))| {
            at += later;
            (seed, at, void)
        });
        each.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn chains_survive_the_wire_and_no_changed_byte_does(steps in steps(), at: prop::sample::Index, bit in 0u8..8) {
        let last = site(1, &steps).pop().unwrap();
        let bytes = wire::encode(last.keys());
        prop_assert_eq!(&wire::decode::<Keys>(&bytes).unwrap(), last.keys());
        let mut changed = bytes.clone();
        let place = at.index(bytes.len());
        changed[place] ^= 1 << bit;
        // A chain without a link names a site by its first key, whichever that is.
        if let Ok(read) = wire::decode::<Keys>(&changed) {
            prop_assert!(steps.is_empty() && read.site() != last.site());
        }
    }

    #[test]
    fn a_changed_byte_of_a_signature_or_its_chain_breaks_it(steps in steps(), at: prop::sample::Index, bit in 0u8..8) {
        let last = site(1, &steps).pop().unwrap();
        let signature = sign_bytes(&last, "domain", b"text");
        prop_assert!(verify_bytes(&last.site(), "domain", b"text", &signature));
        prop_assert!(!verify_bytes(&last.site(), "other", b"text", &signature));
        prop_assert!(!verify_bytes(&last.site(), "domain", b"texts", &signature));
        let mut bytes = postcard::to_allocvec(&signature).unwrap();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let read = postcard::from_bytes::<crate::signed::SignatureBytes>(&bytes);
        prop_assert!(!read.is_ok_and(|read| verify_bytes(&last.site(), "domain", b"text", &read)));
    }

    #[test]
    fn a_link_taken_out_or_moved_breaks_the_chain(steps in steps(), at: prop::sample::Index) {
        prop_assume!(steps.len() > 1);
        let last = site(1, &steps).pop().unwrap();
        let mut chain = last.keys().successions().to_vec();
        let place = at.index(chain.len() - 1);
        chain.swap(place, place + 1);
        prop_assert!(Keys::checked(last.site(), chain.clone()).is_none());
        chain.swap(place, place + 1);
        chain.remove(place);
        prop_assert!(Keys::checked(last.site(), chain).is_none());
    }
}
