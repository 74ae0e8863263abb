//! Who regulates where it is read moves a case: from whom, to whom, and what is not moved.

use super::*;
use crate::case::state::{Claim, Owner};

fn moves(from: &str, to: &str) -> Step {
    Step::Regulated { from: from.to_owned(), to: to.to_owned(), reason: "ne répond plus".to_owned() }
}

const REGULATOR: (SiteId, &str) = (READER, "dr.regul");

fn holder(case: &Case) -> Option<String> {
    case.state().claim.map(|claim| claim.person)
}

#[test]
fn what_nobody_claimed_is_given_to_somebody_and_taken_from_them_again() {
    let mut case = begun();
    let _ = does(&mut case, REQUESTER, offer(READER)).unwrap();
    assert_eq!(does(&mut case, REGULATOR, moves("", "dr.un")), Err(Void::TooEarly), "it is not taken yet");
    let _ = does(&mut case, DOCTOR, accepted()).unwrap();
    assert_eq!(does(&mut case, REQUESTER, moves("", "dr.un")), Err(Void::NotYours), "the readers' site regulates");
    let _ = does(&mut case, REGULATOR, moves("", "dr.un")).unwrap();
    assert_eq!(case.state().claim, Some(Claim { site: READER, person: "dr.un".to_owned(), at: Timestamp(1) }));
    let _ = does(&mut case, REGULATOR, moves("dr.un", "dr.deux")).unwrap();
    assert_eq!(holder(&case).as_deref(), Some("dr.deux"));
    let _ = does(&mut case, REGULATOR, moves("dr.deux", "")).unwrap();
    assert_eq!(case.state().owner(), Owner { site: READER, person: None }, "of whoever is on duty");
    let _ = does(&mut case, (READER, "dr.trois"), Step::Claimed).unwrap();
    assert_eq!(holder(&case).as_deref(), Some("dr.trois"));
    assert!(case.state().void.is_empty());
}

#[test]
fn a_move_says_from_whom_to_whom_and_why() {
    let mut case = readable();
    for (from, to, reason) in [("", "", "x"), ("dr.un", "dr.un", "x"), ("", "dr.un", "  "), ("a\nb", "dr.un", "x")] {
        let step = Step::Regulated { from: from.to_owned(), to: to.to_owned(), reason: reason.to_owned() };
        assert_eq!(does(&mut case, REGULATOR, step), Err(Void::Malformed), "{from:?} {to:?} {reason:?}");
    }
    assert_eq!(does(&mut case, (READER, ""), moves("", "dr.un")), Err(Void::Malformed), "no node does it by itself");
}

#[test]
fn whoever_regulates_on_a_claim_that_is_no_more_moves_nothing() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let held = Void::Claimed { site: READER, person: DOCTOR.1.to_owned() };
    assert_eq!(does(&mut case, REGULATOR, moves("", "dr.un")), Err(held.clone()), "claimed meanwhile");
    assert_eq!(does(&mut case, REGULATOR, moves("dr.autre", "dr.un")), Err(held));
    let _ = does(&mut case, DOCTOR, Step::Released { reason: "rappelé au bloc".to_owned() }).unwrap();
    assert_eq!(does(&mut case, REGULATOR, moves(DOCTOR.1, "dr.un")), Err(Void::NotClaimed), "given back meanwhile");
}

#[test]
fn a_claim_and_a_move_at_once_have_one_winner_in_every_order() {
    let case = readable();
    let claim = case.propose((READER, "dr.un", "role"), Timestamp(1), Step::Claimed).unwrap();
    let moved = case.propose((READER, "dr.regul", "role"), Timestamp(1), moves("", "dr.deux")).unwrap();
    let (mut here, mut there) = (case.clone(), case);
    for event in [&claim, &moved] {
        assert_eq!(here.admit(event.clone()), Ok(true));
    }
    for event in [&moved, &claim] {
        assert_eq!(there.admit(event.clone()), Ok(true));
    }
    assert_eq!(here.state(), there.state());
    let state = here.state();
    let winner = state.claim.clone().unwrap().person;
    let loser = if winner == "dr.un" { &moved } else { &claim };
    assert_eq!(state.void.get(&loser.digest()), Some(&Void::Claimed { site: READER, person: winner }));
}

#[test]
fn a_preliminary_report_is_left_with_somebody_and_a_final_one_is_not_moved() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let _ = does(&mut case, DOCTOR, Step::Reading).unwrap();
    let first = does(&mut case, DOCTOR, report(Standing::Preliminary, "occlusion M1")).unwrap();
    assert_eq!(does(&mut case, REGULATOR, moves(DOCTOR.1, "")), Err(Void::Reported), "who would end it?");
    let _ = does(&mut case, REGULATOR, moves(DOCTOR.1, "dr.matin")).unwrap();
    assert_eq!((case.state().stage, case.state().reports[0].person.as_str()), (Stage::Preliminary, DOCTOR.1));
    let late = case.propose((DOCTOR.0, DOCTOR.1, "role"), Timestamp(2), report(Standing::Final, "occlusion M1"));
    assert_eq!(late.unwrap_err(), Void::NotClaimed, "whoever lost it does not sign unawares");
    let last = does(&mut case, (READER, "dr.matin"), report(Standing::Final, "rien")).unwrap();
    assert!(case.state().comparisons.iter().any(|c| c.reports == [first, last] && c.class.is_none()));
    assert_eq!(does(&mut case, REGULATOR, moves("", "dr.un")), Err(Void::Reported));
}

#[test]
fn a_report_of_whoever_lost_it_on_an_island_is_kept_beside_the_other() {
    let mut here = readable();
    let _ = does(&mut here, DOCTOR, Step::Claimed).unwrap();
    let mut there = here.clone();
    let first = does(&mut there, DOCTOR, report(Standing::Final, "hématome")).unwrap();
    let _ = does(&mut here, REGULATOR, moves(DOCTOR.1, "dr.deux")).unwrap();
    let second = does(&mut here, (READER, "dr.deux"), report(Standing::Final, "rien")).unwrap();
    for event in there.events().values() {
        let _ = here.admit(event.clone()).unwrap();
    }
    let state = here.state();
    assert_eq!(state.reports.iter().filter(|r| r.event == first || r.event == second).count(), 2);
    assert!(state.comparisons.iter().any(|c| c.reports.contains(&first) && c.reports.contains(&second)));
}

#[test]
fn whoever_is_given_it_has_not_looked_yet() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let _ = does(&mut case, DOCTOR, Step::Reading).unwrap();
    assert_eq!(case.state().stage, Stage::Reading);
    let _ = does(&mut case, REGULATOR, moves(DOCTOR.1, "dr.deux")).unwrap();
    assert_eq!(case.state().stage, Stage::ImagesReady);
    assert_eq!(does(&mut case, DOCTOR, Step::Reading), Err(Void::NotClaimed));
    let _ = does(&mut case, (READER, "dr.deux"), Step::Reading).unwrap();
    assert_eq!(case.state().stage, Stage::Reading);
}
