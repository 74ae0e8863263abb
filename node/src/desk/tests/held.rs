//! A case on hold: nobody else is asked, and what is late is told, whether or not an offer waits for its answer.

use super::*;
use crate::cases::Due;

fn due(case: &Case) -> Due {
    let delays = Delays::new(Arc::new(Settings::default()), Vec::new());
    Whole::of_case(case.clone()).due(&delays).unwrap()
}

fn is_late(step: Option<&Step>, reason: &str) -> bool {
    matches!(step, Some(Step::Escalated { text }) if text == reason)
}

/// Offered at the first second, for two minutes, and put on hold at the next.
fn held(world: &Told) -> Case {
    let mut case = begun();
    let _ = settle(&mut case, world, 1);
    assert_eq!(due(&case).what.word(), "answer");
    does(&mut case, (US, "dr.urgence"), 2, Step::OnHold { reason: "créatinine".to_owned() });
    case
}

#[test]
fn a_report_is_late_while_an_offer_waits_for_its_answer_and_that_is_told_once() {
    let world = Told { ranks: vec![NEAR, FAR], ..Told::default() };
    let mut case = held(&world);
    assert_eq!((due(&case).what.word(), due(&case).at), ("preliminary", Timestamp(900_000)));
    assert_eq!(next(&case, &world, US, 719), None, "nobody else is asked while it is on hold");
    assert_eq!(next(&case, &world, NEAR, 720), None, "it is the requester's to see to");
    let late = next(&case, &world, US, 720);
    assert!(is_late(late.as_ref(), "preliminary-due"), "{late:?}");
    does(&mut case, (US, ""), 720, late.unwrap());
    assert_eq!(next(&case, &world, US, 2_000), None, "said once");

    // Taken up again, the offer's time is over, and the next is asked.
    does(&mut case, (US, "dr.urgence"), 2_001, Step::Resumed);
    assert_eq!(due(&case).what.word(), "answer");
    let done = settle(&mut case, &world, 2_002);
    assert!(matches!(done[0], Step::TimedOut { to: NEAR }), "{done:?}");
    assert_eq!(done.iter().find_map(asked), Some(FAR), "{done:?}");
}

#[test]
fn the_hour_that_the_requester_named_runs_on_as_well() {
    let world = Told { ranks: vec![NEAR], ..Told::default() };
    let mut case = held(&world);
    let wanted = Particulars { answer_by: Some(Timestamp(3_600_000)), ..Particulars::default() };
    does(&mut case, (US, "dr.urgence"), 3, Step::Specified(wanted));
    assert_eq!((due(&case).what.word(), due(&case).at), ("wanted", Timestamp(3_600_000)));
    assert_eq!(next(&case, &world, US, 2_879), None);
    let late = next(&case, &world, US, 2_880);
    assert!(is_late(late.as_ref(), "wanted-due"), "{late:?}");
}
