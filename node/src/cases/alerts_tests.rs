//! Whom a case calls at each site, at each turn of it.

use super::alerts::{Alert, AlertKind, Present, of_case};
use crate::{
    cases::{Team, Whole},
    trust::{Person, Role},
};
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    case::{
        Case,
        event::{
            Ask, Class, Consent, Event, Heard, Kind, Particulars, Patient, Priority, Report, Standing, Step, case_name,
        },
    },
    ids::Id128,
};
use std::{collections::BTreeSet, time::Duration};

const ASKER: SiteId = SiteId([1; 32]);
const READER: SiteId = SiteId([2; 32]);
const HEAR: Duration = Duration::from_secs(900);

fn now() -> Timestamp {
    crate::tasks::now()
}

fn begun(priority: Priority) -> Case {
    let empty = String::new;
    let ask = Ask {
        nonce: Id128([7; 16]),
        kind: Kind::Diagnosis,
        priority,
        question: "AVC ?".to_owned(),
        patient: Patient {
            name: "DURAND^PAUL".to_owned(),
            birth_date: "19500101".to_owned(),
            sex: "M".to_owned(),
            id: "4711".to_owned(),
            issuer: "CHN".to_owned(),
            national: empty(),
            standing: None,
        },
        context: empty(),
        contraindications: empty(),
        priors: empty(),
        justification: empty(),
        consent: Consent::Unable,
        modality: "CT".to_owned(),
        region: empty(),
        studies: Vec::new(),
        accession: (empty(), empty()),
        telephone: empty(),
        key_images: Vec::new(),
        to: Vec::new(),
    };
    let (case, step) = (case_name(&ASKER, &ask.nonce), Step::Requested(Box::new(ask)));
    let (person, role) = ("dr.morvan".to_owned(), "referrer".to_owned());
    Case::begin(Event { case, site: ASKER, person, role, clock: 0, at: now(), after: Vec::new(), step }).unwrap()
}

fn does(case: &mut Case, (site, person): (SiteId, &str), step: Step) -> Digest {
    let event = case.propose((site, person, "role"), now(), step).unwrap();
    let digest = event.digest();
    assert_eq!(case.admit(event), Ok(true));
    digest
}

fn offers(case: &mut Case, whom: &str) -> Digest {
    let (to, until) = (READER, now().after(Duration::from_secs(120)));
    does(case, (ASKER, ""), Step::Offered { to, whom: whom.to_owned(), rank: 1, until })
}

/// Who is before a screen, and who is on duty.
fn there(live: &[&str], on_duty: &[&str]) -> Present {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    Present {
        people: owned(&["dr.leroy", "dr.bernard", "dr.morvan", "dr.keller"]),
        live: owned(live),
        on_duty: on_duty.iter().map(|name| ((*name).to_owned(), vec!["CT".to_owned()])).collect(),
        teams: Vec::new(),
        opened: BTreeSet::new(),
    }
}

fn called(case: &Case, us: SiteId, name: &str, role: Role, present: &Present) -> Vec<Alert> {
    of_case(&Whole::of_case(case.clone()), us, &Person::new(name.to_owned(), role), present, HEAR)
}

fn kinds(case: &Case, us: SiteId, name: &str, role: Role, present: &Present) -> Vec<AlertKind> {
    called(case, us, name, role, present).into_iter().map(|alert| alert.kind).collect()
}

fn report(standing: Standing, critical: bool) -> Step {
    let empty = String::new;
    let findings = format!("{standing:?}");
    let (indication, technique, conclusion) = (empty(), empty(), empty());
    let read = Vec::new();
    let report = Report {
        standing,
        indication,
        technique,
        findings,
        conclusion,
        language: empty(),
        read,
        critical,
        despite: empty(),
    };
    Step::Reported(Box::new(report))
}

#[test]
fn an_offer_calls_those_who_can_act_whom_it_names_first() {
    let mut case = begun(Priority::P0);
    let _ = offers(&mut case, "dr.leroy");
    let all = there(&["dr.leroy", "dr.bernard"], &["dr.leroy"]);
    let of = |name: &str, role, present: &Present| kinds(&case, READER, name, role, present);
    assert_eq!(of("dr.leroy", Role::Radiologist, &all), [AlertKind::Asked]);
    for (name, role) in [("dr.bernard", Role::Radiologist), ("tech", Role::Technologist), ("it", Role::Admin)] {
        assert_eq!(of(name, role, &all), [], "{name} is not asked");
    }
    // Nobody of those that it is for sits before a screen: all are called who could act.
    let away = there(&["dr.bernard"], &["dr.leroy"]);
    assert_eq!(of("dr.bernard", Role::Radiologist, &away), [AlertKind::Asked]);
    assert_eq!(of("tech", Role::Technologist, &away), []);
    let mut team = begun(Priority::P1);
    let _ = offers(&mut team, "neuroradiologie");
    let of = |name: &str, present: &Present| kinds(&team, READER, name, Role::Radiologist, present);
    assert_eq!((of("dr.leroy", &all), of("dr.bernard", &all)), (vec![AlertKind::Asked], vec![]), "by duty");
    let nobody_on_duty = there(&["dr.leroy", "dr.bernard"], &[]);
    assert_eq!(of("dr.bernard", &nobody_on_duty), [AlertKind::Asked]);
    let mut calm = begun(Priority::P2);
    let _ = offers(&mut calm, "");
    assert_eq!(kinds(&calm, READER, "dr.leroy", Role::Radiologist, &nobody_on_duty), [], "it is not urgent");
}

#[test]
fn what_becomes_urgent_calls_whoever_was_asked_and_whoever_has_it() {
    let mut case = begun(Priority::P2);
    let _ = offers(&mut case, "dr.leroy");
    let here = there(&["dr.leroy", "dr.bernard"], &[]);
    let raise = |priority| Step::Prioritised { priority, reason: "aggravation".to_owned() };
    let raised = does(&mut case, (ASKER, "dr.morvan"), raise(Priority::P0));
    let alerts = called(&case, READER, "dr.leroy", Role::Radiologist, &here);
    assert_eq!(alerts.iter().map(|a| (a.kind, a.event)).collect::<Vec<_>>(), [(AlertKind::Asked, raised)]);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [], "it was taken as what it is");
    let _ = does(&mut case, (ASKER, "dr.morvan"), raise(Priority::P2));
    let _ = does(&mut case, (READER, "dr.bernard"), Step::Claimed);
    assert_eq!(kinds(&case, READER, "dr.bernard", Role::Radiologist, &here), [], "less urgent calls nobody");
    let _ = does(&mut case, (ASKER, "dr.morvan"), raise(Priority::P0));
    assert_eq!(kinds(&case, READER, "dr.bernard", Role::Radiologist, &here), [AlertKind::Prioritised]);
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [], "it is in a colleague's hands");
}

#[test]
fn the_asker_is_called_for_a_refusal_and_for_a_question() {
    let mut case = begun(Priority::P1);
    let _ = offers(&mut case, "");
    let here = there(&["dr.morvan"], &[]);
    let of = |case: &Case, name: &str| kinds(case, ASKER, name, Role::Referrer, &here);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Refused { reason: "surcharge".to_owned() });
    let alerts = called(&case, ASKER, "dr.morvan", Role::Referrer, &here);
    assert_eq!((alerts[0].kind, alerts[0].text.as_str()), (AlertKind::Refused, "surcharge"));
    assert_eq!(of(&case, "dr.keller"), [], "it is Morvan's request, who is there");
    let _ = offers(&mut case, "");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
    assert_eq!(of(&case, "dr.morvan"), [], "somebody took it");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::InfoAsked { text: "Créatinine ?".to_owned() });
    assert_eq!(of(&case, "dr.morvan"), [AlertKind::InfoAsked]);
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [], "whoever asks is not called");
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::InfoGiven { text: "80".to_owned() });
    assert_eq!(of(&case, "dr.morvan"), []);
}

#[test]
fn a_critical_result_calls_until_somebody_heard_and_a_difference_calls_both() {
    let mut case = begun(Priority::P1);
    let _ = offers(&mut case, "");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Claimed);
    let first = does(&mut case, (READER, "dr.leroy"), report(Standing::Preliminary, true));
    let (here, away) = (there(&["dr.morvan"], &[]), there(&[], &[]));
    let of = |case: &Case, name: &str, role, present: &Present| kinds(case, ASKER, name, role, present);
    assert_eq!(of(&case, "dr.morvan", Role::Referrer, &here), [AlertKind::Critical]);
    assert_eq!(of(&case, "dr.keller", Role::Referrer, &here), []);
    assert_eq!(of(&case, "dr.keller", Role::Referrer, &away), [AlertKind::Critical], "somebody has to hear of it");
    assert_eq!(of(&case, "tech", Role::Technologist, &away), [], "who cannot act on it is not called");
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Heard { report: first, how: Heard::Here });
    assert_eq!(of(&case, "dr.morvan", Role::Referrer, &here), []);
    let last = does(&mut case, (READER, "dr.leroy"), report(Standing::Final, false));
    let compared = Step::Compared { reports: [first, last], class: Class::Major, text: String::new() };
    let _ = does(&mut case, (READER, "dr.bernard"), compared);
    assert_eq!(of(&case, "dr.morvan", Role::Referrer, &here), [AlertKind::Compared]);
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [AlertKind::Compared]);
    assert_eq!(kinds(&case, READER, "dr.bernard", Role::Radiologist, &here), [], "who compared them knows");
}

#[test]
fn an_escalation_calls_until_what_it_is_about_is_over() {
    let mut case = begun(Priority::P0);
    let here = there(&["dr.morvan"], &[]);
    let _ = does(&mut case, (ASKER, ""), Step::Escalated { text: super::NOBODY_ANSWERS.to_owned() });
    assert_eq!(kinds(&case, ASKER, "dr.morvan", Role::Referrer, &here), [AlertKind::Escalated]);
    let _ = offers(&mut case, "");
    assert_eq!(kinds(&case, ASKER, "dr.morvan", Role::Referrer, &here), [], "somebody is asked");
    let _ = does(&mut case, (ASKER, ""), Step::TimedOut { to: READER });
    let again = does(&mut case, (ASKER, ""), Step::Escalated { text: super::NOBODY_ANSWERS.to_owned() });
    let alerts = called(&case, ASKER, "dr.morvan", Role::Referrer, &here);
    assert_eq!(alerts.iter().map(|alert| alert.event).collect::<Vec<_>>(), [again]);
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Unserved { reason: "lu sur place".to_owned() });
    assert_eq!(kinds(&case, ASKER, "dr.morvan", Role::Referrer, &here), []);
}

#[test]
fn what_is_nearly_late_calls_until_there_is_a_report_whatever_else_is_done() {
    for reason in ["wanted-due", "preliminary-due"] {
        let mut case = begun(Priority::P1);
        let here = there(&["dr.morvan"], &[]);
        let of = |case: &Case| kinds(case, ASKER, "dr.morvan", Role::Referrer, &here);
        let _ = offers(&mut case, "");
        let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
        let _ = does(&mut case, (READER, ""), Step::Escalated { text: reason.to_owned() });
        assert_eq!(of(&case), [AlertKind::Escalated], "{reason}");
        let _ = does(&mut case, (READER, "dr.leroy"), Step::Claimed);
        assert_eq!(of(&case), [AlertKind::Escalated], "{reason}: somebody has it, and it is not read");
        let _ = does(&mut case, (READER, "dr.leroy"), report(Standing::Preliminary, false));
        assert_eq!(of(&case), [AlertKind::Reported], "{reason}: it is over, and there is a report");
    }
}

#[test]
fn an_hour_that_was_named_anew_ends_the_call_for_the_one_before() {
    let mut case = begun(Priority::P1);
    let here = there(&["dr.morvan"], &[]);
    let of = |case: &Case| kinds(case, ASKER, "dr.morvan", Role::Referrer, &here);
    let _ = does(&mut case, (ASKER, ""), Step::Escalated { text: "wanted-due".to_owned() });
    assert_eq!(of(&case), [AlertKind::Escalated]);
    let later = Particulars { answer_by: Some(Timestamp(86_400_000)), ..Particulars::default() };
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Specified(later));
    assert_eq!(of(&case), []);
    let _ = does(&mut case, (ASKER, ""), Step::Escalated { text: "wanted-due".to_owned() });
    assert_eq!(of(&case), [AlertKind::Escalated], "and is said anew of the new one");
}

#[test]
fn images_that_come_call_whoever_looks_at_what_there_was() {
    let mut case = begun(Priority::P1);
    let study = Uid::parse("1.2.3").unwrap();
    let ready = |version: u64| Step::ImagesReady { studies: vec![(study.clone(), version)], count_confirmed: false };
    let _ = offers(&mut case, "");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
    let _ = does(&mut case, (READER, ""), ready(1));
    let looks = Present {
        opened: BTreeSet::from([("dr.keller".to_owned(), study.clone())]),
        ..there(&["dr.leroy", "dr.bernard", "dr.keller"], &["dr.leroy"])
    };
    let of = |case: &Case, name: &str| kinds(case, READER, name, Role::Radiologist, &looks);
    assert_eq!(of(&case, "dr.keller"), [], "nothing has come since");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Claimed);
    let _ = does(&mut case, (READER, ""), ready(2));
    assert_eq!(of(&case, "dr.keller"), [AlertKind::Late], "who has it open");
    assert_eq!(of(&case, "dr.leroy"), [AlertKind::Late], "and who reads it");
    assert_eq!(of(&case, "dr.bernard"), []);
}

/// Taken by the reader's dr.leroy, who has it.
fn read_by_leroy(priority: Priority) -> Case {
    let mut case = begun(priority);
    let _ = offers(&mut case, "");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Claimed);
    case
}

#[test]
fn what_is_put_on_hold_or_made_less_urgent_elsewhere_calls_whoever_asked() {
    let mut case = read_by_leroy(Priority::P0);
    let here = there(&["dr.morvan"], &[]);
    let of = |case: &Case| kinds(case, ASKER, "dr.morvan", Role::Referrer, &here);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::OnHold { reason: "créatinine".to_owned() });
    assert_eq!(of(&case), [AlertKind::Held]);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Resumed);
    assert_eq!(of(&case), []);
    let lower = |priority| Step::Prioritised { priority, reason: "stable".to_owned() };
    let _ = does(&mut case, (READER, "dr.leroy"), lower(Priority::P3));
    assert_eq!(of(&case), [AlertKind::Lowered]);
    let _ = does(&mut case, (ASKER, "dr.morvan"), lower(Priority::P1));
    assert_eq!(of(&case), [], "whoever asked has had the last word");
}

#[test]
fn a_report_that_may_differ_calls_its_author_and_whoever_asked_until_they_are_compared() {
    let mut case = read_by_leroy(Priority::P2);
    let first = does(&mut case, (READER, "dr.leroy"), report(Standing::Preliminary, false));
    let last = does(&mut case, (READER, "dr.leroy"), report(Standing::Final, false));
    let here = there(&["dr.leroy", "dr.morvan"], &[]);
    let of = |case: &Case, us, name, role| kinds(case, us, name, role, &here);
    assert_eq!(of(&case, READER, "dr.leroy", Role::Radiologist), [AlertKind::Differs]);
    assert_eq!(of(&case, ASKER, "dr.morvan", Role::Referrer), [AlertKind::Differs]);
    let compared = Step::Compared { reports: [first, last], class: Class::None, text: "idem".to_owned() };
    let _ = does(&mut case, (READER, "dr.leroy"), compared);
    assert_eq!(of(&case, READER, "dr.leroy", Role::Radiologist), []);
    assert_eq!(of(&case, ASKER, "dr.morvan", Role::Referrer), []);
}

#[test]
fn what_is_opened_again_calls_who_reads_and_what_is_called_off_calls_who_had_it() {
    let mut case = read_by_leroy(Priority::P2);
    let here = there(&["dr.leroy"], &[]);
    let of = |case: &Case| kinds(case, READER, "dr.leroy", Role::Radiologist, &here);
    let signed = does(&mut case, (READER, "dr.leroy"), report(Standing::Final, false));
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Acknowledged { report: signed });
    assert_eq!(of(&case), []);
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Reopened { reason: "et le bassin ?".to_owned() });
    assert_eq!(of(&case), [AlertKind::Reopened]);
    let _ = does(&mut case, (READER, "dr.leroy"), report(Standing::Addendum, false));
    assert_eq!(of(&case), []);

    let mut case = read_by_leroy(Priority::P2);
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Cancelled { reason: "transféré".to_owned() });
    assert_eq!(of(&case), [AlertKind::Cancelled]);
    assert_eq!(kinds(&case, READER, "dr.bernard", Role::Radiologist, &here), [], "who had it is there");
}

#[test]
fn an_opinion_asked_by_name_calls_that_person_however_urgent_it_is() {
    let mut case = begun(Priority::P2);
    let here = there(&["dr.bernard"], &[]);
    let _ = offers(&mut case, "dr.leroy");
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [AlertKind::Named]);
    assert_eq!(kinds(&case, READER, "dr.bernard", Role::Radiologist, &here), []);
}

#[test]
fn an_answer_calls_who_asked_and_a_word_the_other_side() {
    let mut case = read_by_leroy(Priority::P2);
    let here = there(&["dr.leroy", "dr.morvan"], &[]);
    let of = |case: &Case, us, name, role| kinds(case, us, name, role, &here);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::InfoAsked { text: "Créatinine ?".to_owned() });
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::InfoGiven { text: "80".to_owned() });
    assert_eq!(of(&case, READER, "dr.leroy", Role::Radiologist), [AlertKind::Answered]);
    assert_eq!(of(&case, READER, "dr.bernard", Role::Radiologist), []);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Said { text: "Merci, j'appelle".to_owned() });
    assert_eq!(of(&case, ASKER, "dr.morvan", Role::Referrer), [AlertKind::Said]);
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Said { text: "D'accord".to_owned() });
    assert_eq!(of(&case, ASKER, "dr.morvan", Role::Referrer), [], "they have written since");
}

#[test]
fn a_report_that_comes_calls_whoever_asked_where_it_is_urgent_or_comes_after_all() {
    let here = there(&["dr.morvan"], &[]);
    let of = |case: &Case| kinds(case, ASKER, "dr.morvan", Role::Referrer, &here);
    let mut routine = read_by_leroy(Priority::P3);
    let signed = does(&mut routine, (READER, "dr.leroy"), report(Standing::Final, false));
    assert_eq!(of(&routine), [], "it stands in the list");
    let _ = does(&mut routine, (ASKER, "dr.morvan"), Step::Acknowledged { report: signed });
    let more = does(&mut routine, (READER, "dr.leroy"), report(Standing::Addendum, false));
    assert_eq!(of(&routine), [AlertKind::Reported]);
    let _ = does(&mut routine, (ASKER, "dr.morvan"), Step::Acknowledged { report: more });
    assert_eq!(of(&routine), []);
    let mut urgent = read_by_leroy(Priority::P1);
    let _ = does(&mut urgent, (READER, "dr.leroy"), report(Standing::Preliminary, false));
    assert_eq!(of(&urgent), [AlertKind::Reported]);
}

fn moves(from: &str, to: &str) -> Step {
    Step::Regulated { from: from.to_owned(), to: to.to_owned(), reason: "ne répond plus".to_owned() }
}

#[test]
fn who_is_given_a_case_who_lost_it_and_who_asked_are_told_why() {
    let mut case = read_by_leroy(Priority::P1);
    let here = there(&["dr.leroy", "dr.bernard", "dr.morvan", "dr.keller"], &["dr.leroy", "dr.bernard", "dr.keller"]);
    let of = |case: &Case, us, name, role| kinds(case, us, name, role, &here);
    let moved = does(&mut case, (READER, "dr.keller"), moves("dr.leroy", "dr.bernard"));
    assert_eq!(of(&case, READER, "dr.bernard", Role::Radiologist), [AlertKind::Given]);
    assert_eq!(of(&case, READER, "dr.leroy", Role::Radiologist), [AlertKind::Taken]);
    assert_eq!(of(&case, ASKER, "dr.morvan", Role::Referrer), [AlertKind::Moved]);
    assert_eq!(of(&case, READER, "dr.keller", Role::Radiologist), [], "whoever did it knows");
    let told = called(&case, READER, "dr.leroy", Role::Radiologist, &here);
    assert_eq!((told[0].event, told[0].text.as_str(), told[0].person.as_str()), (moved, "ne répond plus", "dr.keller"));
    let _ = does(&mut case, (READER, "dr.bernard"), Step::Reading);
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Said { text: "Je vais mieux".to_owned() });
    assert_eq!(of(&case, READER, "dr.bernard", Role::Radiologist), [], "they look at it");
    assert_eq!(of(&case, READER, "dr.leroy", Role::Radiologist), [], "they wrote");
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Said { text: "Bien".to_owned() });
    let _ = does(&mut case, (READER, "dr.bernard"), report(Standing::Final, false));
    assert!(!of(&case, ASKER, "dr.morvan", Role::Referrer).contains(&AlertKind::Moved), "there is a report");
}

#[test]
fn what_is_left_to_the_duty_calls_who_is_on_duty_whomever_it_was_asked_of() {
    let mut case = begun(Priority::P1);
    let _ = offers(&mut case, "dr.leroy");
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Accepted { protocol: String::new() });
    let _ = does(&mut case, (READER, "dr.leroy"), Step::Claimed);
    let _ = does(&mut case, (READER, "dr.keller"), moves("dr.leroy", ""));
    let here = there(&["dr.leroy", "dr.bernard", "dr.keller"], &["dr.bernard"]);
    let of = |case: &Case, name| kinds(case, READER, name, Role::Radiologist, &here);
    assert_eq!((of(&case, "dr.bernard"), of(&case, "dr.leroy")), (vec![AlertKind::Given], vec![AlertKind::Taken]));
    assert_eq!(of(&case, "dr.keller"), [], "whoever did it knows");
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Said { text: "Où en est-on ?".to_owned() });
    assert_eq!(of(&case, "dr.bernard"), [AlertKind::Said, AlertKind::Given]);
    assert_eq!(of(&case, "dr.leroy"), [AlertKind::Taken], "it is theirs no more");
    let _ = does(&mut case, (READER, "dr.bernard"), Step::Claimed);
    assert_eq!(of(&case, "dr.bernard"), []);
}

#[test]
fn what_was_moved_and_is_called_off_calls_who_had_it_last() {
    let mut case = read_by_leroy(Priority::P2);
    let _ = does(&mut case, (READER, "dr.keller"), moves("dr.leroy", "dr.bernard"));
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Cancelled { reason: "transféré".to_owned() });
    let here = there(&["dr.leroy", "dr.bernard"], &[]);
    let of = |name| kinds(&case, READER, name, Role::Radiologist, &here);
    assert_eq!((of("dr.bernard"), of("dr.leroy")), (vec![AlertKind::Cancelled], vec![]));
}

#[test]
fn what_somebody_had_ended_is_not_taken_from_them_when_it_is_opened_again_and_given_on() {
    let mut case = read_by_leroy(Priority::P2);
    let signed = does(&mut case, (READER, "dr.leroy"), report(Standing::Final, false));
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Acknowledged { report: signed });
    let _ = does(&mut case, (ASKER, "dr.morvan"), Step::Reopened { reason: "et le bassin ?".to_owned() });
    let _ = does(&mut case, (READER, "dr.keller"), moves("", "dr.bernard"));
    let here = there(&["dr.leroy", "dr.bernard"], &["dr.bernard"]);
    let of = |name| kinds(&case, READER, name, Role::Radiologist, &here);
    assert!(of("dr.bernard").contains(&AlertKind::Given));
    assert!(!of("dr.leroy").contains(&AlertKind::Taken), "they had signed it");
}

#[test]
fn what_nobody_had_is_given_without_a_word_to_whoever_asked() {
    let mut case = begun(Priority::P1);
    let _ = offers(&mut case, "");
    let _ = does(&mut case, (READER, "dr.keller"), Step::Accepted { protocol: String::new() });
    let _ = does(&mut case, (READER, "dr.keller"), moves("", "dr.leroy"));
    let here = there(&["dr.leroy", "dr.morvan"], &["dr.leroy"]);
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [AlertKind::Given]);
    assert_eq!(kinds(&case, ASKER, "dr.morvan", Role::Referrer, &here), []);
}

#[test]
fn who_had_what_a_colleague_gives_back_to_the_asker_is_told() {
    let mut case = read_by_leroy(Priority::P1);
    let here = there(&["dr.leroy", "dr.bernard", "dr.morvan"], &["dr.bernard"]);
    let _ = does(&mut case, (READER, "dr.bernard"), Step::Refused { reason: "scanner de recours saturé".to_owned() });
    assert_eq!(kinds(&case, READER, "dr.leroy", Role::Radiologist, &here), [AlertKind::Taken]);
    assert_eq!(kinds(&case, READER, "dr.bernard", Role::Radiologist, &here), []);
    assert_eq!(kinds(&case, ASKER, "dr.morvan", Role::Referrer, &here), [AlertKind::Refused]);
    let mut own = read_by_leroy(Priority::P1);
    let _ = does(&mut own, (READER, "dr.leroy"), Step::Refused { reason: "hors compétence".to_owned() });
    assert_eq!(kinds(&own, READER, "dr.leroy", Role::Radiologist, &here), [], "they gave it back themselves");
}

#[test]
fn an_opinion_that_is_asked_of_a_team_calls_those_of_its_members_who_may_give_it() {
    let mut case = begun(Priority::P2);
    let _ = offers(&mut case, "Neuroradiologie ");
    let team = |members: &[(&str, &str)]| {
        let fit = |(name, modality): &(&str, &str)| ((*name).to_owned(), vec![(*modality).to_owned()]);
        let names = members.iter().map(|(name, _)| (*name).to_owned()).collect();
        (Team { name: "neuroradiologie".to_owned(), members: names }, members.iter().map(fit).collect())
    };
    let here = Present {
        teams: vec![team(&[("dr.leroy", "CT"), ("dr.bernard", "CT"), ("dr.keller", "MR")])],
        ..there(&[], &["dr.morel"])
    };
    let of = |name: &str| kinds(&case, READER, name, Role::Radiologist, &here);
    assert_eq!((of("dr.leroy"), of("dr.bernard")), (vec![AlertKind::Named], vec![AlertKind::Named]));
    assert_eq!((of("dr.keller"), of("dr.morel")), (vec![], vec![]), "no paper for it, and not of the team");
    let mut urgent = begun(Priority::P1);
    let _ = offers(&mut urgent, "Neuroradiologie");
    let live = Present { live: ["dr.bernard", "dr.morel"].map(str::to_owned).into(), ..here.clone() };
    let of = |name: &str| kinds(&urgent, READER, name, Role::Radiologist, &live);
    assert_eq!((of("dr.bernard"), of("dr.morel")), (vec![AlertKind::Asked], vec![]));
}
