//! Vectors of agreements as they were written before.

use super::{agreement, old, site};
use crate::{
    agreement::{About, Agreement, SignedAgreement},
    wire,
};

#[test]
fn agreements_from_before_regions_are_read() {
    let mut before = agreement();
    (before.legal_reference, before.purposes) = (String::new(), Vec::new());
    before.about = [About::default(), About::default()];
    for clause in &mut before.clauses {
        (clause.regions, clause.regions_excluded) = (Vec::new(), Vec::new());
        (clause.kbits_max, clause.break_glass) = (None, None);
        (clause.with_case, clause.on_duty, clause.presence) = (false, false, false);
    }
    assert_eq!(wire::decode::<Agreement>(&old("agreement.1.hex")), Ok(before.clone()));
    let signed = wire::decode::<SignedAgreement>(&old("signed-agreement.1.hex")).unwrap();
    assert_eq!(signed.open(), Ok((before, vec![site()])), "the signature holds over the bytes of then");
}

#[test]
fn agreements_from_before_duty_are_read() {
    let mut before = agreement();
    for clause in &mut before.clauses {
        (clause.with_case, clause.on_duty, clause.presence) = (false, false, false);
    }
    assert_eq!(wire::decode::<Agreement>(&old("agreement.2.hex")), Ok(before.clone()));
    let signed = wire::decode::<SignedAgreement>(&old("signed-agreement-with-regions.1.hex")).unwrap();
    assert_eq!(signed.open(), Ok((before, vec![site()])), "the signature holds over the bytes of then");
}

#[test]
fn agreements_from_before_presence_are_read_and_still_written_so() {
    let mut before = agreement();
    for clause in &mut before.clauses {
        clause.presence = false;
    }
    assert_eq!(wire::decode::<Agreement>(&old("agreement.3.hex")), Ok(before.clone()));
    assert_eq!(wire::encode(&before), old("agreement.3.hex"), "who lets nobody ask is read by sites of then");
    assert_eq!(wire::encode(&agreement()).first(), Some(&4));
    let signed = wire::decode::<SignedAgreement>(&old("signed-agreement-with-duty.1.hex")).unwrap();
    assert_eq!(signed.open(), Ok((before, vec![site()])), "the signature holds over the bytes of then");
}
