//! Whom a case names was compared with the patient: by whom, of which identity, and that nothing was said before.

use super::*;
use crate::case::state::Identified;

/// Numbers of the identities, and who compared each with the patient.
fn said(case: &Case) -> Vec<(String, Option<String>)> {
    let one = |said: Identified| (said.patient.id, said.checked.map(|checked| checked.person));
    case.state().identities.into_iter().map(one).collect()
}

#[test]
fn who_compared_the_patient_is_kept_with_the_identity_that_was_compared() {
    let mut case = readable();
    let patient = ask(7).patient;
    let number = patient.id.clone();
    assert_eq!(said(&case), [(number.clone(), None)], "a request alone says nothing of it");
    let says = |patient: &Patient| Step::Identified(Box::new(patient.clone()));
    assert_eq!(does(&mut case, DOCTOR, says(&patient)), Err(Void::NotYours), "the patient is where it is asked");
    let _ = does(&mut case, REQUESTER, says(&patient)).unwrap();
    let _ = does(&mut case, (ASKER, "mer.autre"), says(&patient)).unwrap();
    let first = (number, Some(REQUESTER.1.to_owned()));
    assert_eq!(said(&case), std::slice::from_ref(&first), "no other identity, and the first who looked counts");
    let other = Patient { id: "4712".to_owned(), ..patient };
    let _ = does(&mut case, (ASKER, "mer.autre"), says(&other)).unwrap();
    assert_eq!(
        said(&case),
        [first, ("4712".to_owned(), Some("mer.autre".to_owned()))],
        "what was checked is the other one"
    );
    assert_eq!(case.state().ask.patient, other);
}
