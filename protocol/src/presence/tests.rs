//! The blind question, from both ends and from outside.

use super::{oprf::*, set::*, *};
use crate::{message::Request, refusal::Refusal, wire};
use proptest::prelude::*;

const OID: &str = "1.2.250.1.213.1.4.8";

/// The `n`th of many well-formed numbers.
fn subject(n: u64) -> Subject {
    let number = 1_550_814_168_000 + n;
    Subject::parse(OID, &format!("{number}{:02}", 97 - number % 97)).unwrap()
}
fn seed(n: u64) -> [u8; 32] {
    *blake3::hash(&n.to_le_bytes()).as_bytes()
}
fn key() -> HolderKey {
    HolderKey::draw(&[7; 32]).unwrap()
}
fn asker() -> SiteId {
    SiteId([2; 32])
}
fn counts(ct: u8) -> Counts {
    Counts([ct, 0, 0, 0, 0, 0, 0, 1])
}
fn asked(key: &HolderKey, n: u64, chance: u64) -> Output {
    let (asking, element) = Asking::blind(&subject(n), &seed(chance)).unwrap();
    let (answer, proof) = key.evaluate(&element, &seed(chance + 1)).unwrap();
    asking.finish(&key.public(), &answer, &proof).unwrap()
}
fn list(key: &HolderKey, patients: std::ops::Range<u64>, id: &Id128) -> Records {
    let outputs: Vec<Output> = patients.map(|n| key.output(&subject(n)).unwrap()).collect();
    Records::make(outputs.iter().map(|output| (output, counts(3))), (&asker(), id), &[9; 32]).unwrap()
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// RFC 9497 A.1.2.1: what the crate computes is what the standard says.
#[test]
fn the_vectors_of_the_standard_hold() {
    let key = HolderKey::of_vector(&[0xa3; 32], b"test key");
    assert_eq!(key.public().0, hex("c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"));
    let blinded = Element(hex("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"));
    let (answer, _) = key.evaluate(&blinded, &seed(1)).unwrap();
    assert_eq!(answer.0, hex("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"));
}

#[test]
fn only_a_national_number_can_be_asked_for() {
    assert!(Subject::parse(OID, "2 55 08 14 168 025 38").is_some());
    assert!(Subject::parse("CHNORD", "255081416802538").is_none(), "a local number");
    assert!(Subject::parse(OID, "255081416802539").is_none(), "a wrong key");
    let test = Subject::parse("1.2.250.1.213.1.4.10", "255081416802538");
    assert_ne!(test, Subject::parse(OID, "255081416802538"), "a number for tests is nobody's");
    assert_eq!(Subject::parse("1.2.250.1.213.1.4.9", "255081416802538"), Subject::parse(OID, "255081416802538"));
}

#[test]
fn who_is_in_the_list_is_found_and_nobody_else() {
    let (key, id) = (key(), Id128([1; 16]));
    let list = list(&key, 0..100, &id);
    assert!(list.is_sound());
    assert_eq!(list.len(), 128);
    let nothing =
        Recent { id: Id128([2; 16]), records: Records::make([], (&asker(), &Id128([2; 16])), &[1; 32]).unwrap() };
    for n in [0, 1, 50, 99] {
        assert_eq!(look(&asked(&key, n, 1000 + n), &asker(), (&list, &id), &nothing), counts(3));
    }
    for n in [100, 101, 5000] {
        assert!(!look(&asked(&key, n, 2000 + n), &asker(), (&list, &id), &nothing).is_known());
    }
    let output = asked(&key, 5, 1);
    assert!(list.find(&output, (&SiteId([3; 32]), &id)).is_none(), "another asker's list");
    assert!(list.find(&output, (&asker(), &Id128([3; 16]))).is_none(), "another list");
    assert!(list.find(&asked(&HolderKey::draw(&[8; 32]).unwrap(), 5, 1), (&asker(), &id)).is_none(), "another key");
}

#[test]
fn what_changed_counts_before_the_list() {
    let (key, id, changed) = (key(), Id128([1; 16]), Id128([2; 16]));
    let list = list(&key, 0..10, &id);
    let [gone, more, new] = [1, 2, 50].map(|n| key.output(&subject(n)).unwrap());
    let rows = [(&gone, Counts::default()), (&more, counts(4)), (&new, counts(1))];
    let recent = Recent { id: changed, records: Records::make(rows, (&asker(), &changed), &[5; 32]).unwrap() };
    assert!(recent.is_sound());
    let says = |n| look(&asked(&key, n, 77 + n), &asker(), (&list, &id), &recent);
    assert!(!says(1).is_known());
    assert_eq!((says(2), says(50), says(3)), (counts(4), counts(1), counts(3)));
}

/// What the holder receives for any patient is a point that only chance decides: the same size, the same bits.
#[test]
fn what_the_holder_receives_says_nothing_of_the_patient() {
    const ASKED: u64 = 600;
    let sent = |n: u64, from: u64| -> Vec<[u8; 32]> {
        (0..ASKED).map(|i| Asking::blind(&subject(n), &seed(from + i)).unwrap().1.0).collect()
    };
    let (one, other) = (sent(1, 0), sent(2, 100_000));
    let sizes: std::collections::BTreeSet<usize> =
        one.iter().chain(&other).map(|e| wire::encode(&Request::Presence(Element(*e))).len()).collect();
    assert_eq!(sizes.len(), 1, "one size for all");
    let all: std::collections::HashSet<_> = one.iter().chain(&other).collect();
    assert_eq!(all.len(), 2 * 600, "the same question twice is two questions");
    let ones = |of: &[[u8; 32]], bit: usize| of.iter().filter(|e| e[bit / 8] >> (bit % 8) & 1 == 1).count();
    // A point is below 2²⁵⁵ and even (RFC 9496); every other bit is a coin, for either patient: within five deviations.
    for bit in 1..255 {
        for of in [&one, &other] {
            let heads = ones(of, bit).abs_diff(300);
            assert!(heads <= 62, "bit {bit} of 600 points is {heads} off the half");
        }
    }
    assert_eq!((ones(&one, 0), ones(&other, 0), ones(&one, 255), ones(&other, 255)), (0, 0, 0, 0));
}

/// What the asker holds of patients that it did not ask for is chance as well.
#[test]
fn lists_of_the_same_patients_have_nothing_in_common() {
    let key = key();
    let lists = [1, 2].map(|n| list(&key, 0..64, &Id128([n; 16])));
    let marks = |list: &Records| -> std::collections::HashSet<Vec<u8>> {
        list.as_bytes().chunks(16).map(|record| record[..8].to_vec()).collect()
    };
    assert!(marks(&lists[0]).is_disjoint(&marks(&lists[1])));
    let ones: u32 = lists.iter().flat_map(|list| list.as_bytes()).map(|byte| byte.count_ones()).sum();
    assert!(ones.abs_diff(2 * 64 * 64) < 5 * 64, "{ones} of {} bits", 2 * 64 * 128);
}

#[test]
fn sizes_tell_an_order_of_magnitude() {
    assert_eq!([0, 1, 64, 65, 1000].map(padded), [64, 64, 64, 128, 1024].map(Some));
    assert_eq!(padded(PATIENTS_MAX), Some(PATIENTS_MAX));
    assert_eq!(padded(PATIENTS_MAX + 1), None);
}

#[test]
fn what_is_no_point_is_refused() {
    let key = key();
    let mut above = [0xff; 32];
    above[31] = 0x7f;
    let mut odd = [0; 32];
    odd[0] = 1;
    for wrong in [[0; 32], [0xff; 32], above, odd] {
        assert_eq!(key.evaluate(&Element(wrong), &seed(1)), Err(Refusal::Malformed), "{wrong:?}");
    }
    let (asking, element) = Asking::blind(&subject(1), &seed(1)).unwrap();
    let (answer, proof) = key.evaluate(&element, &seed(2)).unwrap();
    let finished = |key: Element, answer: Element, proof: Proof| asking.finish(&key, &answer, &proof).map(|_| ());
    assert_eq!(finished(key.public(), answer, proof), Ok(()));
    assert_eq!(finished(Element([0; 32]), answer, proof), Err(Refusal::Malformed), "the neutral element as key");
    assert_eq!(finished(key.public(), Element([0; 32]), proof), Err(Refusal::Malformed));
    assert_eq!(finished(key.public(), element, proof), Err(Refusal::Malformed), "the question sent back");
    assert_eq!(finished(key.public(), answer, Proof([[0xff; 32]; 2])), Err(Refusal::Malformed));
}

#[test]
fn an_answer_to_another_question_or_by_another_key_is_refused() {
    let (key, other) = (key(), HolderKey::draw(&[8; 32]).unwrap());
    let (asking, element) = Asking::blind(&subject(1), &seed(1)).unwrap();
    let (_, before) = Asking::blind(&subject(1), &seed(2)).unwrap();
    let (answer, proof) = key.evaluate(&before, &seed(3)).unwrap();
    assert!(asking.finish(&key.public(), &answer, &proof).is_err(), "an answer that was given before");
    let (answer, proof) = other.evaluate(&element, &seed(3)).unwrap();
    assert!(asking.finish(&key.public(), &answer, &proof).is_err(), "a key for this one question");
    assert!(asking.finish(&other.public(), &answer, &proof).is_ok());
}

#[test]
fn pages_come_whole_and_in_bounds() {
    let set = SetName { id: Id128([1; 16]), key: key().public() };
    let page = |pages, records: usize| SetPage { set, pages, records: Records::from_bytes(vec![0; records * 16]) };
    assert!(page(1, 64).is_sound(0) && page(2, PAGE_RECORDS).is_sound(0) && page(2, PAGE_RECORDS).is_sound(1));
    assert!(!page(1, 64).is_sound(1) && !page(0, 64).is_sound(0) && !page(33, PAGE_RECORDS).is_sound(0));
    assert!(!page(2, 64).is_sound(0) && !page(1, 0).is_sound(0) && !page(1, PAGE_RECORDS + 1).is_sound(0));
    let torn = SetPage { set, pages: 1, records: Records::from_bytes(vec![0; 65]) };
    assert!(!torn.is_sound(0));
    let whole = list(&key(), 0..100, &set.id);
    let parts: Vec<u8> = (0..4).flat_map(|n| whole.page(n, 32).unwrap().as_bytes().to_vec()).collect();
    assert_eq!((parts.as_slice(), whole.page(4, 32)), (whole.as_bytes(), None));
}

#[test]
fn studies_are_counted_by_kind() {
    let mut counts = Counts::default();
    assert!(!counts.is_known());
    for study in [&["CT", "SR"][..], &["CT"], &["PT", "CT"], &["SR"]] {
        counts.add(&study.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>());
    }
    assert_eq!(counts.each().collect::<Vec<_>>(), [("CT", 3), ("NM", 1), ("OT", 1)]);
    (0..300).for_each(|_| counts.add(&["US".to_owned()]));
    assert_eq!(counts.0[3], 255);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn asking_gives_what_the_holder_computes(n in 0u64..1_000_000, chance in any::<u64>(), of_key in any::<[u8; 32]>()) {
        let key = HolderKey::draw(&of_key).unwrap();
        prop_assert_eq!(*asked(&key, n, chance >> 1).0, *key.output(&subject(n)).unwrap().0);
    }

    #[test]
    fn any_changed_byte_of_an_answer_is_refused(at in 0usize..96, bit in 0u8..8) {
        let key = key();
        let (asking, element) = Asking::blind(&subject(1), &seed(1)).unwrap();
        let (mut answer, mut proof) = key.evaluate(&element, &seed(2)).unwrap();
        match at {
            0..32 => answer.0[at] ^= 1 << bit,
            32..64 => proof.0[0][at - 32] ^= 1 << bit,
            _ => proof.0[1][at - 64] ^= 1 << bit,
        }
        prop_assert!(asking.finish(&key.public(), &answer, &proof).is_err());
    }

    #[test]
    fn any_bytes_are_a_list_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2100)) {
        let records = Records::from_bytes(bytes);
        let _ = records.is_sound();
        let _ = records.find(&key().output(&subject(1)).unwrap(), (&asker(), &Id128([1; 16])));
    }
}
