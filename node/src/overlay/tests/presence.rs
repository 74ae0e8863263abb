//! Blind questions between two nodes.

use super::*;
use crate::trust::{Person, Role};
use protocol::message::Answer;
use protocol::presence::{Element, MINUTE_MAX, Subject, oprf::Asking};

const INS: &str = "1.2.250.1.213.1.4.8";
const KNOWN: &str = "255081416802538";
const OTHER: &str = "255081416802637";

fn subject(number: &str) -> Subject {
    Subject::parse(INS, number).unwrap()
}

fn reader(name: &str) -> Person {
    Person::new(name.to_owned(), Role::Radiologist)
}

fn terms() -> Terms {
    Terms { all: ClauseTerms { presence: true, ..ClauseTerms::default() }, ..Terms::default() }
}

/// What A says to B's question; a person asks a few times only.
async fn says(b: &Hospital, person: &str, number: &str) -> PresenceAnswer {
    let answers = b.overlay.ask_presence(&reader(person), &subject(number)).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers[0].1
}

async fn two_who_ask() -> (Hospital, Hospital) {
    let (a, b) = two_peers().await;
    a.store_of(CT, "CT", 1, (KNOWN, INS)).await;
    a.agree(&b, Preset::CaseOnly, &terms()).await;
    (a, b)
}

fn is_known(answer: PresenceAnswer, wanted: &[(&'static str, u8)]) -> bool {
    matches!(answer, PresenceAnswer::Knows(counts, _) if counts.each().eq(wanted.iter().copied()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_known_as_long_as_there_are_studies() {
    let (a, b) = two_who_ask().await;
    assert!(is_known(says(&b, "one", KNOWN).await, &[("CT", 1)]));
    assert!(matches!(says(&b, "one", OTHER).await, PresenceAnswer::DoesNot(_)));
    let first = b.overlay.inner.presence.name_of(&a.site()).unwrap();
    // What comes later is beside the answer: the list stays.
    a.store_of(MR, "MR", 1, (OTHER, INS)).await;
    a.store_of("1.2.3.300", "MR", 1, (KNOWN, INS)).await;
    a.overlay.look_again();
    assert!(is_known(says(&b, "two", OTHER).await, &[("MR", 1)]));
    assert!(is_known(says(&b, "two", KNOWN).await, &[("CT", 1), ("MR", 1)]));
    assert_eq!(b.overlay.inner.presence.name_of(&a.site()).unwrap(), first);
    assert!(a.audited(Act::PresenceAsked) >= 4 && b.audited(Act::PresenceAsked) >= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_when_nothing_is_agreed_any_more() {
    let (a, b) = two_who_ask().await;
    assert!(is_known(says(&b, "one", KNOWN).await, &[("CT", 1)]));
    let id = a.trust.agreements()[0].agreement.id;
    a.trust.end(&id, &a.site()).await.unwrap();
    assert_eq!(says(&b, "one", KNOWN).await, PresenceAnswer::Refused(Refusal::NotPermitted), "the holder decides");
    a.overlay.send_ending(&b.site(), &id).await.unwrap();
    until("the list is let go", || b.overlay.inner.presence.name_of(&a.site()).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_is_named_and_who_asks_too_often_waits() {
    let (a, b) = two_who_ask().await;
    for _ in 0..10 {
        assert!(is_known(says(&b, "one", KNOWN).await, &[("CT", 1)]));
    }
    let more = b.overlay.ask_presence(&reader("one"), &subject(KNOWN)).await;
    assert!(matches!(more, Err(Refusal::Busy(wait_ms)) if wait_ms > 30_000), "{more:?}");
    // Others there ask on, until the site has asked enough.
    for n in 10..MINUTE_MAX {
        assert!(is_known(says(&b, &format!("reader {}", n / 5), KNOWN).await, &[("CT", 1)]));
    }
    assert!(matches!(says(&b, "two", KNOWN).await, PresenceAnswer::Refused(Refusal::Busy(_))));
    let a_site = a.site();
    a.stop().await;
    until("A is away", || !b.overlay.contact(&a_site).connected).await;
    assert_eq!(says(&b, "three", KNOWN).await, PresenceAnswer::NotReached);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_without_patients_answers_like_any_other() {
    let (a, b) = two_peers().await;
    a.agree(&b, Preset::All, &terms()).await;
    assert!(matches!(says(&b, "one", KNOWN).await, PresenceAnswer::DoesNot(_)));
    let (_, element) = Asking::blind(&subject(KNOWN), &[1; 32]).unwrap();
    let ask = async |element| b.overlay.inner.ask(a.site(), &Request::Presence(element)).await;
    let Some(Answer::Presence(one)) = ask(element).await else { panic!() };
    let Some(Answer::Presence(again)) = ask(element).await else { panic!() };
    assert_eq!((one.element, one.set), (again.element, again.set), "one key for all questions");
    assert_ne!(one.proof, again.proof);
    assert_eq!(ask(Element([0; 32])).await, Some(Answer::Refused(Refusal::Malformed)));
}
