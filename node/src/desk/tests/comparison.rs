//! Two reports that may differ are to be compared in time: by when, who is told when it is past, and what is counted.

use super::*;
use crate::cases::{Delay, Due, Statistics, night_of};
use jiff::tz::TimeZone;
use protocol::case::event::Class;
use std::time::Duration;

fn delays() -> Delays {
    Delays::new(Arc::new(Settings::default()), Vec::new())
}

fn due(case: &Case) -> Option<Due> {
    Whole::of_case(case.clone()).due(&delays())
}

/// Signed preliminarily at the fifth second and otherwise at the hundredth, read where it was asked for.
fn differing(world: &Told) -> Case {
    let mut case = taken(world);
    let _ = settle(&mut case, world, 3);
    does(&mut case, (NEAR, "dr.garde"), 4, Step::Claimed);
    let Step::Reported(last) = report(false) else { unreachable!() };
    let mut first = last.clone();
    (first.standing, first.findings) = (Standing::Preliminary, "rien".to_owned());
    does(&mut case, (NEAR, "dr.garde"), 5, Step::Reported(first));
    assert_eq!(due(&case).map(|due| due.what.word()), Some("final"));
    does(&mut case, (NEAR, "dr.garde"), 100, Step::Reported(last));
    let _ = settle(&mut case, world, 101);
    case
}

fn compared(case: &Case) -> Option<Delay> {
    let (whole, zone) = (Whole::of_case(case.clone()), TimeZone::UTC);
    let night = night_of(whole.requested, &zone);
    let told = Statistics::of([&whole], (&Settings::default(), &delays()), &zone, (night, night));
    assert_eq!((told.lines.len(), told.groups.len()), (1, 1));
    assert_eq!(told.groups[0].compared.count, usize::from(told.lines[0].compared.is_some()));
    told.lines[0].compared
}

#[test]
fn a_comparison_is_due_as_a_report_is_and_whoever_reads_is_told_when_it_is_past() {
    let world = Told { ranks: vec![NEAR], images: vec![image(Some(1), 4)], ..Told::default() };
    let mut case = differing(&world);
    let owed = due(&case).unwrap();
    assert_eq!((owed.what.word(), owed.since.0 / 1_000, owed.at.0 / 1_000), ("compare", 100, 1_000));
    assert_eq!(compared(&case), None, "nobody has compared them");
    assert_eq!(next(&case, &world, NEAR, 999), None);
    let past = next(&case, &world, NEAR, 1_000).unwrap();
    assert!(matches!(&past, Step::Escalated { text } if text == "comparison-due"), "{past:?}");
    assert_eq!(next(&case, &world, US, 1_000), None, "it is the reader's to see to");
    does(&mut case, (NEAR, ""), 1_000, past);
    assert_eq!(next(&case, &world, NEAR, 2_000), None, "said once");
    let reports = case.state().comparisons[0].reports;
    let says = Step::Compared { reports, class: Class::Major, text: "un défect".to_owned() };
    does(&mut case, (NEAR, "dr.garde"), 1_600, says);
    assert_eq!(due(&case), None);
    let (took, within) = (Duration::from_secs(1_500), Duration::from_secs(900));
    assert_eq!(compared(&case), Some(Delay { took, within }), "and counted as late");
}

#[test]
fn what_is_more_pressing_is_due_first() {
    let world = Told { ranks: vec![NEAR], images: vec![image(Some(1), 4)], ..Told::default() };
    let mut case = differing(&world);
    let Step::Reported(mut second) = report(true) else { unreachable!() };
    second.standing = Standing::Addendum;
    does(&mut case, (NEAR, "dr.garde"), 102, Step::Reported(second));
    assert_eq!(due(&case).map(|due| due.what.word()), Some("hear"), "a critical result before all");
}

#[test]
fn a_comparison_that_is_late_hides_nothing_else_that_is() {
    let world = Told { ranks: vec![NEAR], images: vec![image(Some(1), 4)], ..Told::default() };
    let mut case = differing(&world);
    let past = next(&case, &world, NEAR, 1_000).unwrap();
    does(&mut case, (NEAR, ""), 1_000, past);
    does(&mut case, (US, "dr.urgence"), 1_001, Step::Reopened { reason: "et le bassin ?".to_owned() });
    let last = 1_001 + Settings::default().last(Priority::P0).as_secs();
    let late = next(&case, &world, NEAR, last);
    assert!(matches!(&late, Some(Step::Escalated { text }) if text == "final-due"), "{late:?}");
    does(&mut case, (NEAR, ""), last, late.unwrap());
    assert_eq!(next(&case, &world, NEAR, last + 1), None, "each is said once");
}
