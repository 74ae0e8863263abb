//! A million pairs of French records, with what goes wrong at admission desks. `CONFRERE_PAIRS=1000000` for all.
#![expect(clippy::print_stdout, reason = "what the seeds reached is read with --no-capture")]

mod people;

use super::*;
use people::{Chance, again, other, somebody};

const PAIRS: u64 = 20_000;

#[test]
fn no_two_people_are_linked_and_one_person_is_found_again() {
    let pairs = std::env::var("CONFRERE_PAIRS").ok().and_then(|n| n.parse().ok()).unwrap_or(PAIRS);
    let mut chance = Chance(20_260_131);
    let (mut same, mut found, mut linked, mut linkable, mut shown) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for pair in 0..pairs {
        let mut one = somebody(&mut chance);
        one.identifiers.push(Identifier { issuer: "CHSUD".to_owned(), id: "4711".to_owned() });
        if pair % 2 == 0 {
            let second = again(&mut chance, &one);
            let verdict = judge(&one, &second);
            assert_eq!(verdict, judge(&second, &one), "the same from both sides");
            same += 1;
            found += u64::from(verdict != Verdict::Different);
            linked += u64::from(verdict == Verdict::Same);
            linkable += u64::from(second.standing == Standing::Qualified && second.national().is_some());
        } else {
            let second = other(&mut chance, &one);
            let verdict = judge(&one, &second);
            assert_ne!(verdict, Verdict::Same, "two people are linked:\n{one:?}\n{second:?}");
            shown += u64::from(verdict != Verdict::Different);
        }
    }
    println!(
        "{pairs} pairs: 0 false links; of {same} of one person {found} found, {linked} linked by themselves (of {linkable} with \
         a qualified number); of {} of two people {shown} shown to somebody who compares",
        pairs - same
    );
    assert!(found * 100 >= same * 95, "{found} of {same} are found");
}

#[test]
fn one_trait_less_and_nothing_is_linked_by_itself() {
    let mut chance = Chance(7);
    let one = somebody(&mut chance);
    assert_eq!(judge(&one, &one), Verdict::Same);
    let changed = |change: &dyn Fn(&mut Record)| {
        let mut other = one.clone();
        change(&mut other);
        judge(&one, &other)
    };
    let changes: [&dyn Fn(&mut Record); 9] = [
        &|r| r.standing = Standing::Validated,
        &|r| r.birth_name.push('x'),
        &|r| r.first_names = format!("x{}", r.first_names),
        &|r| r.birth_date = "19010203".to_owned(),
        &|r| r.birth_date.clear(),
        &|r| r.sex = Sex::Unknown,
        &|r| r.birthplace = "99999".to_owned(),
        &|r| r.identifiers.clear(),
        &|r| r.identifiers[0].issuer = "1.2.250.1.213.1.4.9".to_owned(),
    ];
    for (at, change) in changes.iter().enumerate() {
        assert_ne!(changed(change), Verdict::Same, "{at}");
    }
    assert_eq!(changed(&|r| r.birthplace.clear()), Verdict::Same, "a place that is not known says nothing");
}

#[test]
fn a_local_number_is_compared_with_its_issuer_alone() {
    let mut chance = Chance(9);
    let (mut one, mut other) = (somebody(&mut chance), somebody(&mut chance));
    let local = |issuer: &str| Identifier { issuer: issuer.to_owned(), id: "4711".to_owned() };
    one.identifiers = vec![local("CHNORD")];
    other.identifiers = vec![local("CHSUD")];
    assert_eq!(judge(&one, &other), Verdict::Different);
    other.identifiers = vec![local("CHNORD")];
    assert!(matches!(judge(&one, &other), Verdict::Candidate(_)));
    one.identifiers = vec![local(" ")];
    other.identifiers = vec![local(" ")];
    assert_eq!(judge(&one, &other), Verdict::Different, "nobody issued it");
}

#[test]
fn what_a_person_decided_only_persons_change() {
    use LinkState::*;
    for (from, to) in [(Candidate, Rejected), (Confirmed, Revoked), (Rejected, Confirmed), (Revoked, Confirmed)] {
        assert!(from.may_become(to, Method::Person));
        assert!(!from.may_become(to, Method::Strict));
    }
    assert!(Candidate.may_become(Confirmed, Method::Strict));
    assert!(!Confirmed.may_become(Rejected, Method::Person), "it is revoked, so that what was opened is listed");
}

#[test]
fn names_the_wrong_way_round_are_seen_with_several_first_names_and_with_particles() {
    let mut chance = Chance(11);
    let somebody = somebody(&mut chance);
    for (birth_name, first_names) in [("Martin", "Jean Pierre"), ("Le Goff", "Anne-Sophie Marie"), ("Müller", "Zoé")]
    {
        let named = |birth_name: &str, first_names: &str| Record {
            identifiers: Vec::new(),
            birth_name: birth_name.to_owned(),
            first_names: first_names.to_owned(),
            ..somebody.clone()
        };
        let (one, other) = (named(birth_name, first_names), named(first_names, birth_name));
        assert_eq!(judge(&one, &other), Verdict::Candidate(vec![Trait::NamesSwapped]), "{birth_name}, {first_names}");
        assert_eq!(judge(&other, &one), judge(&one, &other), "the same from both sides");
    }
}
