//! One site after the other: every step where it may come, and where it may not.

mod checked;
mod regulated;

use super::{
    Case, Refused,
    event::{
        ATTACHMENTS_MAX, Ask, Attachment, Class, Consent, Counted, Event, Examination, Heard, Joined, Kind, Media,
        Particulars, Patient, Priority, Report, Skip, Standing, Step, case_name,
    },
    practice::Rule,
    state::{Answer, Stage, Void},
};
use crate::{
    digest::Digest,
    ids::{Id128, SiteId, Uid},
    time::Timestamp,
};

pub(super) const ASKER: SiteId = SiteId([1; 32]);
const READER: SiteId = SiteId([2; 32]);
const OTHER: SiteId = SiteId([3; 32]);

pub(super) fn ask(nonce: u8) -> Ask {
    Ask {
        nonce: Id128([nonce; 16]),
        kind: Kind::Diagnosis,
        priority: Priority::P0,
        question: "AVC ? Début 01:10, hémiparésie droite".to_owned(),
        patient: Patient {
            name: "DURAND^PAUL".to_owned(),
            birth_date: "19500101".to_owned(),
            sex: "M".to_owned(),
            id: "4711".to_owned(),
            issuer: "CHN".to_owned(),
            national: String::new(),
            standing: Some(crate::identity::Standing::Validated),
        },
        context: String::new(),
        contraindications: String::new(),
        priors: String::new(),
        justification: "pas de radiologue sur place".to_owned(),
        consent: Consent::Unable,
        modality: "CT".to_owned(),
        region: "HEAD".to_owned(),
        studies: Vec::new(),
        accession: ("A1".to_owned(), "CHN".to_owned()),
        telephone: "+33 3 20 00 00 00".to_owned(),
        key_images: Vec::new(),
        to: Vec::new(),
    }
}

pub(super) fn request(site: SiteId, ask: Ask) -> Event {
    Event {
        case: case_name(&site, &ask.nonce),
        site,
        person: "dr.urgence".to_owned(),
        role: "requester".to_owned(),
        clock: 0,
        at: Timestamp(0),
        after: Vec::new(),
        step: Step::Requested(Box::new(ask)),
    }
}

pub(super) fn report(standing: Standing, text: &str) -> Step {
    Step::Reported(Box::new(Report {
        standing,
        indication: String::new(),
        technique: String::new(),
        findings: text.to_owned(),
        conclusion: String::new(),
        language: "fr".to_owned(),
        read: Vec::new(),
        critical: false,
        despite: String::new(),
    }))
}

fn begun() -> Case {
    Case::begin(request(ASKER, ask(7))).unwrap()
}

/// Does it at one site, and everybody knows it.
fn does(case: &mut Case, who: (SiteId, &str), step: Step) -> Result<Digest, Void> {
    let event = case.propose((who.0, who.1, "role"), Timestamp(1), step)?;
    let digest = event.digest();
    assert_eq!(case.admit(event), Ok(true));
    Ok(digest)
}

fn offer(to: SiteId) -> Step {
    Step::Offered { to, whom: String::new(), rank: 1, until: Timestamp(120_000) }
}

fn accepted() -> Step {
    Step::Accepted { protocol: "sans injection puis TSA".to_owned() }
}

fn ready() -> Step {
    Step::ImagesReady { studies: vec![(Uid::parse("1.2.3").unwrap(), 1)], count_confirmed: true }
}

const DOCTOR: (SiteId, &str) = (READER, "dr.garde");
const REQUESTER: (SiteId, &str) = (ASKER, "dr.urgence");

/// Up to the images.
fn readable() -> Case {
    let mut case = begun();
    for (who, step) in [
        (REQUESTER, offer(READER)),
        (DOCTOR, accepted()),
        (REQUESTER, Step::Acquired { studies: Vec::new(), how: Joined::Confirmed }),
        (REQUESTER, Step::Complement { text: "rien à signaler".to_owned() }),
        (REQUESTER, ready()),
    ] {
        let _ = does(&mut case, who, step).unwrap();
    }
    case
}

#[test]
fn a_night_goes_from_the_request_to_the_end() {
    let mut case = begun();
    let mut stages = Vec::new();
    let mut step = |case: &mut Case, who, step| {
        let digest = does(case, who, step).unwrap();
        stages.push(case.state().stage);
        digest
    };
    let _ = step(&mut case, REQUESTER, offer(READER));
    let _ = step(&mut case, DOCTOR, accepted());
    let _ = step(&mut case, REQUESTER, Step::Acquired { studies: Vec::new(), how: Joined::Confirmed });
    let _ = step(&mut case, REQUESTER, Step::Complement { text: String::new() });
    let _ = step(&mut case, REQUESTER, ready());
    let _ = step(&mut case, DOCTOR, Step::Claimed);
    let _ = step(&mut case, DOCTOR, Step::Reading);
    let first = step(&mut case, DOCTOR, report(Standing::Preliminary, "occlusion M1 gauche"));
    let _ = step(&mut case, DOCTOR, Step::Released { reason: "fin de garde".to_owned() });
    let morning = (READER, "dr.matin");
    let _ = step(&mut case, morning, Step::Claimed);
    let last = step(&mut case, morning, report(Standing::Final, "occlusion M1 gauche, ASPECTS 8"));
    let compared = Step::Compared { reports: [first, last], class: Class::None, text: String::new() };
    let _ = step(&mut case, morning, compared);
    let _ = step(&mut case, REQUESTER, Step::Delivered { report: last });
    let _ = step(&mut case, REQUESTER, Step::Acknowledged { report: last });
    let _ = step(&mut case, REQUESTER, Step::Closed);
    use Stage::*;
    let expected = [
        Offered,
        Accepted,
        Acquired,
        Complemented,
        ImagesReady,
        ImagesReady,
        Reading,
        Preliminary,
        Preliminary,
        Preliminary,
        Final,
        Final,
        Delivered,
        Acknowledged,
        Closed,
    ];
    assert_eq!(stages, expected);
    assert!(case.state().void.is_empty());
}

#[test]
fn a_claim_has_one_winner_and_the_other_is_told_by_whom() {
    let mut case = readable();
    let one = case.propose((READER, "dr.un", "r"), Timestamp(5), Step::Claimed).unwrap();
    let two = case.propose((READER, "dr.deux", "r"), Timestamp(5), Step::Claimed).unwrap();
    let mut mirrored = case.clone();
    for event in [&one, &two] {
        let _ = case.admit(event.clone()).unwrap();
    }
    for event in [&two, &one] {
        let _ = mirrored.admit(event.clone()).unwrap();
    }
    assert_eq!(case.state(), mirrored.state());
    let state = case.state();
    let winner = state.claim.clone().unwrap();
    let loser = if winner.person == "dr.un" { &two } else { &one };
    let told = Void::Claimed { site: READER, person: winner.person };
    assert_eq!(state.void.get(&loser.digest()), Some(&told));
    assert_eq!(does(&mut case, (READER, "dr.trois"), Step::Claimed), Err(told));
}

#[test]
fn nothing_is_cancelled_after_the_complement_or_a_report() {
    let cancel = || Step::Cancelled { reason: "transféré ailleurs".to_owned() };
    let mut early = begun();
    assert_eq!(does(&mut early, (READER, "x"), cancel()), Err(Void::NoParty));
    let _ = does(&mut early, REQUESTER, offer(READER)).unwrap();
    assert_eq!(does(&mut early, DOCTOR, cancel()), Err(Void::NotYours));
    let _ = does(&mut early, REQUESTER, cancel()).unwrap();
    assert!(!early.state().stage.is_open());
    assert_eq!(does(&mut readable(), REQUESTER, cancel()), Err(Void::Complemented));
}

#[test]
fn a_refusal_keeps_its_reason_and_the_next_is_asked() {
    let mut case = begun();
    let _ = does(&mut case, REQUESTER, offer(READER)).unwrap();
    let _ = does(&mut case, DOCTOR, Step::Refused { reason: "IRM en panne".to_owned() }).unwrap();
    assert_eq!(case.state().stage, Stage::Requested);
    assert_eq!(case.state().owner().site, ASKER);
    let _ = does(&mut case, REQUESTER, offer(OTHER)).unwrap();
    assert_eq!(does(&mut case, DOCTOR, accepted()), Err(Void::NotYours), "it refused");
    let _ = does(&mut case, (OTHER, "dr.autre"), accepted()).unwrap();
    let asked = case.state().asked;
    assert_eq!((asked[0].site, &asked[0].answer), (READER, &Answer::Refused { reason: "IRM en panne".to_owned() }));
    assert_eq!((asked[1].site, &asked[1].answer), (OTHER, &Answer::Accepted));
}

#[test]
fn a_late_yes_counts_while_nobody_else_said_it() {
    let mut case = begun();
    let _ = does(&mut case, REQUESTER, offer(READER)).unwrap();
    let _ = does(&mut case, REQUESTER, Step::TimedOut { to: READER }).unwrap();
    let _ = does(&mut case, REQUESTER, offer(OTHER)).unwrap();
    let _ = does(&mut case, DOCTOR, accepted()).unwrap();
    assert_eq!(case.state().reader, Some(READER));
    assert_eq!(does(&mut case, (OTHER, "dr.autre"), accepted()), Err(Void::TooLate));
}

#[test]
fn a_second_final_is_not_let_be_signed_and_an_addendum_is() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let _ = does(&mut case, DOCTOR, report(Standing::Final, "normal")).unwrap();
    let again = case.propose((READER, "dr.deux", "r"), Timestamp(9), report(Standing::Final, "anormal"));
    assert_eq!(again.unwrap_err(), Void::AlreadyFinal);
    let early = begun().propose((ASKER, "dr.urgence", "r"), Timestamp(9), report(Standing::Addendum, "en plus"));
    assert_eq!(early.unwrap_err(), Void::NoReport);
    let _ = does(&mut case, DOCTOR, report(Standing::Addendum, "en plus")).unwrap();
    assert_eq!(case.state().reports.len(), 2);
}

#[test]
fn what_a_broken_node_signs_against_the_rules_is_kept_and_marked() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let first = does(&mut case, DOCTOR, report(Standing::Final, "normal")).unwrap();
    let mut event = case.propose((READER, "x", "r"), Timestamp(2), Step::Said { text: "x".to_owned() }).unwrap();
    event.step = report(Standing::Final, "anormal");
    let second = event.digest();
    assert_eq!(case.admit(event), Ok(true));
    let state = case.state();
    assert!(state.reports.iter().any(|r| r.event == second && r.against_rules));
    assert!(state.comparisons.iter().any(|c| c.reports == [first, second] && c.class.is_none()));
}

#[test]
fn a_critical_result_is_heard_by_a_name_or_read_back() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let Step::Reported(mut text) = report(Standing::Final, "hématome extra-dural") else { unreachable!() };
    text.critical = true;
    let event = does(&mut case, DOCTOR, Step::Reported(text)).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Delivered { report: event }).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Acknowledged { report: event }).unwrap();
    assert_eq!(does(&mut case, REQUESTER, Step::Closed), Err(Void::Owed), "opening is not hearing");
    let call =
        |read_back| Step::Heard { report: event, how: Heard::Call { who: "Dr Y, urgences".to_owned(), read_back } };
    assert_eq!(does(&mut case, DOCTOR, call(false)), Err(Void::NotReadBack));
    let here = Step::Heard { report: event, how: Heard::Here };
    assert_eq!(does(&mut case, DOCTOR, here), Err(Void::NotYours));
    let _ = does(&mut case, DOCTOR, call(true)).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Closed).unwrap();
}

#[test]
fn a_report_outlives_a_cancellation_that_came_before_it_elsewhere() {
    let mut asker = begun();
    let _ = does(&mut asker, REQUESTER, offer(READER)).unwrap();
    let _ = does(&mut asker, DOCTOR, accepted()).unwrap();
    let mut reader = asker.clone();
    let _ = does(&mut asker, REQUESTER, Step::Cancelled { reason: "sorti".to_owned() }).unwrap();
    let _ = does(&mut reader, DOCTOR, Step::Claimed).unwrap();
    let signed = does(&mut reader, DOCTOR, report(Standing::Final, "normal")).unwrap();
    for event in reader.lacking(asker.heads()) {
        let _ = asker.admit(event.clone()).unwrap();
    }
    let state = asker.state();
    assert_eq!(state.stage, Stage::Final);
    assert!(state.is_called_off && state.reports.iter().any(|r| r.event == signed));
}

#[test]
fn what_is_not_an_event_of_the_case_is_refused() {
    let mut case = begun();
    let said = case.propose((ASKER, "x", "r"), Timestamp(1), Step::Said { text: "bonsoir".to_owned() }).unwrap();
    let refused = |change: &dyn Fn(&mut Event)| {
        let mut event = said.clone();
        change(&mut event);
        begun().admit(event).unwrap_err()
    };
    let missing = Digest([9; 32]);
    assert_eq!(refused(&|e| e.case = Id128([0; 16])), Refused::Malformed);
    assert_eq!(refused(&|e| e.clock = 9), Refused::Malformed);
    assert_eq!(refused(&|e| e.clock = u64::MAX), Refused::Malformed);
    assert_eq!(refused(&|e| e.after = vec![missing]), Refused::Missing(vec![missing]));
    assert_eq!(refused(&|e| e.after = Vec::new()), Refused::Malformed);
    assert_eq!(refused(&|e| e.person = String::new()), Refused::Malformed);
    assert_eq!(refused(&|e| e.step = Step::Said { text: "\u{202e}".to_owned() }), Refused::Malformed);
    // Another site cannot begin a case of this name.
    let mut forged = request(OTHER, ask(7));
    forged.case = case.name();
    assert_eq!(case.admit(forged.clone()), Err(Refused::Malformed));
    assert!(Case::begin(forged).is_err());
    assert_eq!(case.admit(said.clone()), Ok(true));
    assert_eq!(case.admit(said), Ok(false));
}

#[test]
fn a_second_reading_is_another_physicians_and_is_compared() {
    let mut case = readable();
    let second = || report(Standing::SecondReading, "nodule de plus");
    assert_eq!(does(&mut case, (READER, "dr.deux"), second()), Err(Void::NoReport));
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let first = does(&mut case, DOCTOR, report(Standing::Final, "normal")).unwrap();
    assert_eq!(does(&mut case, DOCTOR, second()), Err(Void::NoReport), "one's own is no second reading");
    let other = does(&mut case, (READER, "dr.deux"), second()).unwrap();
    let state = case.state();
    assert!(state.comparisons.iter().any(|c| c.reports == [first, other] && c.class.is_none()));
    assert_eq!(state.owner().site, READER, "who reads has to compare");
}

#[test]
fn who_was_passed_over_and_what_is_expected_is_kept() {
    let mut case = begun();
    let skipped = Step::Skipped { rank: 1, whom: "CHU".to_owned(), why: Skip::NobodyOnDuty };
    assert_eq!(does(&mut case, (READER, "x"), skipped.clone()), Err(Void::NoParty));
    let _ = does(&mut case, (ASKER, ""), skipped).unwrap();
    let study = Uid::parse("1.2.3").unwrap();
    let count = |instances, by| Step::Expected { study: study.clone(), instances, by };
    let _ = does(&mut case, REQUESTER, count(400, Counted::Technologist)).unwrap();
    let _ = does(&mut case, REQUESTER, count(412, Counted::Technologist)).unwrap();
    let _ = does(&mut case, (ASKER, ""), count(411, Counted::Modality)).unwrap();
    let state = case.state();
    assert_eq!(state.skipped[0].why, Skip::NobodyOnDuty);
    assert_eq!(state.expected.iter().map(|(_, n, _)| *n).collect::<Vec<_>>(), [412, 411]);
}

#[test]
fn the_requester_adds_papers_until_there_are_too_many() {
    let mut case = begun();
    let paper = |n: u8| {
        let (digest, name) = (Digest([n; 32]), format!("courrier {n}.pdf"));
        Step::Attached(Attachment { digest, bytes: 9, media: Media::Pdf, name })
    };
    assert_eq!(does(&mut case, (READER, "x"), paper(1)), Err(Void::NoParty));
    let offer = Step::Offered { to: READER, whom: String::new(), rank: 1, until: Timestamp(9) };
    let _ = does(&mut case, REQUESTER, offer).unwrap();
    assert_eq!(does(&mut case, (READER, "x"), paper(1)), Err(Void::NotYours));
    let most = u8::try_from(ATTACHMENTS_MAX).unwrap();
    for n in 1..=most {
        let _ = does(&mut case, REQUESTER, paper(n)).unwrap();
    }
    assert_eq!(does(&mut case, REQUESTER, paper(most + 1)), Err(Void::Full));
    let _ = does(&mut case, REQUESTER, paper(1)).unwrap();
    let state = case.state();
    assert_eq!((state.attachments.len(), state.attachments[0].person.as_str()), (ATTACHMENTS_MAX, REQUESTER.1));
    let _ = does(&mut case, REQUESTER, Step::Cancelled { reason: "erreur".to_owned() }).unwrap();
    assert_eq!(does(&mut case, REQUESTER, paper(1)), Err(Void::TooLate));
}

#[test]
fn each_site_says_where_it_is_rung_up() {
    let mut case = begun();
    let at = |number: &str| Step::Reachable { numbers: vec![("Urgences".to_owned(), number.to_owned())] };
    assert_eq!(does(&mut case, (READER, ""), at("+33 1")), Err(Void::NoParty));
    assert_eq!(does(&mut case, (ASKER, ""), at("no digit")), Err(Void::Malformed));
    let _ = does(&mut case, (ASKER, ""), at("+33 1")).unwrap();
    let offer = Step::Offered { to: READER, whom: String::new(), rank: 1, until: Timestamp(9) };
    let _ = does(&mut case, REQUESTER, offer).unwrap();
    let _ = does(&mut case, (READER, ""), at("+33 2")).unwrap();
    let _ = does(&mut case, (ASKER, ""), at("+33 3")).unwrap();
    let reachable = case.state().reachable;
    assert_eq!((reachable[&ASKER][0].1.as_str(), reachable[&READER][0].1.as_str()), ("+33 3", "+33 2"));
}

#[test]
fn images_that_no_report_names_are_told_until_one_does() {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let _ = does(&mut case, DOCTOR, report(Standing::Final, "normal")).unwrap();
    let study = Uid::parse("1.2.3").unwrap();
    let more = Step::ImagesReady { studies: vec![(study.clone(), 2)], count_confirmed: true };
    let _ = does(&mut case, REQUESTER, more).unwrap();
    assert!(case.state().images_after_report);
    let Step::Reported(mut addendum) = report(Standing::Addendum, "une série de plus") else { unreachable!() };
    addendum.read = vec![(study, 2)];
    let _ = does(&mut case, DOCTOR, Step::Reported(addendum)).unwrap();
    assert!(!case.state().images_after_report);
}

#[test]
fn images_that_come_when_all_is_closed_are_told_and_change_nothing_else() {
    let mut case = readable();
    let study = Uid::parse("1.2.3").unwrap();
    let ready = |version| Step::ImagesReady { studies: vec![(study.clone(), version)], count_confirmed: true };
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let Step::Reported(mut read) = report(Standing::Final, "normal") else { unreachable!() };
    read.read = vec![(study.clone(), 1)];
    let _ = does(&mut case, DOCTOR, Step::Reported(read)).unwrap();
    let signed = case.state().reports[0].event;
    let _ = does(&mut case, REQUESTER, Step::Acknowledged { report: signed }).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Closed).unwrap();
    assert!(!case.state().images_after_report);
    let _ = does(&mut case, REQUESTER, ready(1)).unwrap();
    assert!(!case.state().images_after_report, "the same images");
    let _ = does(&mut case, REQUESTER, ready(2)).unwrap();
    assert_eq!((case.state().images_after_report, case.state().stage), (true, Stage::Closed));
}

#[test]
fn a_report_that_was_signed_without_the_newest_images_is_marked() {
    let mut case = readable();
    let study = Uid::parse("1.2.3").unwrap();
    let more = Step::ImagesReady { studies: vec![(study.clone(), 2)], count_confirmed: true };
    let _ = does(&mut case, REQUESTER, more).unwrap();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let Step::Reported(mut old) = report(Standing::Preliminary, "normal") else { unreachable!() };
    old.read = vec![(study.clone(), 1)];
    let _ = does(&mut case, DOCTOR, Step::Reported(old)).unwrap();
    assert!(case.state().images_after_report, "with a reason, or on an island that had not heard of them");
    let Step::Reported(mut new) = report(Standing::Final, "normal") else { unreachable!() };
    new.read = vec![(study, 2)];
    let _ = does(&mut case, DOCTOR, Step::Reported(new)).unwrap();
    assert!(!case.state().images_after_report);
}

/// To the final report that says other than the preliminary one.
fn discordant() -> (Case, Digest, Digest) {
    let mut case = readable();
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let first = does(&mut case, DOCTOR, report(Standing::Preliminary, "normal")).unwrap();
    let last = does(&mut case, DOCTOR, report(Standing::Final, "embolie")).unwrap();
    (case, first, last)
}

fn compared(reports: [Digest; 2], class: Class) -> Step {
    Step::Compared { reports, class, text: "un défect".to_owned() }
}

#[test]
fn a_difference_found_after_the_report_was_read_is_to_be_acknowledged_anew() {
    let (mut case, first, last) = discordant();
    let read = Step::Acknowledged { report: last };
    let _ = does(&mut case, REQUESTER, read.clone()).unwrap();
    let _ = does(&mut case, DOCTOR, compared([first, last], Class::Major)).unwrap();
    let state = case.state();
    assert_eq!((state.stage, state.comparisons[0].unread, state.owes()), (Stage::Acknowledged, true, true));
    assert_eq!(state.superseded_by(&first).map(|one| one.event), Some(last));
    assert!(state.superseded_by(&last).is_none());
    assert_eq!(does(&mut case, REQUESTER, Step::Closed), Err(Void::Owed));
    assert_eq!(does(&mut case, DOCTOR, read.clone()), Err(Void::NotYours), "the requester's to read");
    let _ = does(&mut case, REQUESTER, read.clone()).unwrap();
    assert!(!case.state().owes());
    // Who sees it as less is not believed; who sees it as worse is, and that is told again.
    let _ = does(&mut case, DOCTOR, compared([last, first], Class::Minor)).unwrap();
    assert!(!case.state().owes());
    let _ = does(&mut case, REQUESTER, Step::Closed).unwrap();
    let _ = does(&mut case, DOCTOR, compared([last, first], Class::Severe)).unwrap();
    assert_eq!((case.state().stage, case.state().owes()), (Stage::Acknowledged, true), "open again");
    let _ = does(&mut case, REQUESTER, read).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Closed).unwrap();
}

#[test]
fn reports_that_say_the_same_ask_for_nothing_more() {
    let (mut case, first, last) = discordant();
    let _ = does(&mut case, REQUESTER, Step::Acknowledged { report: last }).unwrap();
    let _ = does(&mut case, DOCTOR, compared([first, last], Class::None)).unwrap();
    assert!(!case.state().owes());
    let _ = does(&mut case, REQUESTER, Step::Closed).unwrap();
}

#[test]
fn an_acknowledgement_made_without_knowing_of_the_difference_is_none_of_it() {
    let (case, first, last) = discordant();
    let (mut asker, mut reader) = (case.clone(), case);
    // The island of the requester is further in time: its acknowledgement stands behind the comparison in any order.
    let _ = does(&mut asker, REQUESTER, Step::Said { text: "merci".to_owned() }).unwrap();
    let _ = does(&mut asker, REQUESTER, Step::Acknowledged { report: last }).unwrap();
    let _ = does(&mut reader, DOCTOR, compared([first, last], Class::Major)).unwrap();
    for event in reader.lacking(asker.heads()) {
        let _ = asker.admit(event.clone()).unwrap();
    }
    let state = asker.state();
    assert!(state.reports[1].acknowledged && state.comparisons[0].unread && state.owes());
    let _ = does(&mut asker, REQUESTER, Step::Acknowledged { report: first }).unwrap();
    assert!(!asker.state().owes(), "of either report, by whoever knows");
}

/// Nobody knows who it is.
fn nobody() -> Patient {
    let empty = String::new;
    let (id, issuer) = ("X12".to_owned(), "CHN".to_owned());
    Patient { name: empty(), birth_date: empty(), sex: empty(), id, issuer, national: empty(), standing: None }
}

#[test]
fn an_unknown_patient_is_read_and_identified_later() {
    let mut case = Case::begin(request(ASKER, Ask { patient: nobody(), ..ask(7) })).unwrap();
    for (who, step) in [(REQUESTER, offer(READER)), (DOCTOR, accepted()), (REQUESTER, ready()), (DOCTOR, Step::Claimed)]
    {
        let _ = does(&mut case, who, step).unwrap();
    }
    let first = does(&mut case, DOCTOR, report(Standing::Preliminary, "hématome")).unwrap();
    let known = ask(7).patient;
    let says = |patient: &Patient| Step::Identified(Box::new(patient.clone()));
    assert_eq!(does(&mut case, DOCTOR, says(&known)), Err(Void::NotYours), "who asks knows who it is");
    assert_eq!(does(&mut case, REQUESTER, says(&nobody())), Err(Void::Malformed), "somebody is named");
    let _ = does(&mut case, REQUESTER, says(&known)).unwrap();
    // Written by somebody who had not heard of it.
    let last = does(&mut case, DOCTOR, report(Standing::Final, "hématome sous-dural")).unwrap();
    let state = case.state();
    assert_eq!(state.ask.patient, known);
    assert_eq!(state.identities.iter().map(|said| &said.patient).collect::<Vec<_>>(), [&nobody(), &known]);
    let of = |event| state.reports.iter().find(|r| r.event == event).map(|r| &r.patient);
    assert_eq!((of(first), of(last)), (Some(&nobody()), Some(&known)), "each keeps what it was signed with");
}

#[test]
fn who_had_not_heard_the_name_signed_without_it() {
    let mut here = Case::begin(request(ASKER, Ask { patient: nobody(), ..ask(7) })).unwrap();
    for (who, step) in [(REQUESTER, offer(READER)), (DOCTOR, accepted()), (REQUESTER, ready()), (DOCTOR, Step::Claimed)]
    {
        let _ = does(&mut here, who, step).unwrap();
    }
    let there = here.clone();
    for text in ["un", "deux"] {
        let _ = does(&mut here, REQUESTER, Step::Said { text: text.to_owned() }).unwrap();
    }
    let _ = does(&mut here, REQUESTER, Step::Identified(Box::new(ask(7).patient))).unwrap();
    let event = there.propose((DOCTOR.0, DOCTOR.1, "role"), Timestamp(1), report(Standing::Final, "hématome")).unwrap();
    assert_eq!(here.admit(event), Ok(true));
    let state = here.state();
    assert_eq!((&state.reports[0].patient, &state.ask.patient), (&nobody(), &ask(7).patient));
}

#[test]
fn a_case_that_is_over_still_learns_who_it_was_about() {
    let mut case = readable();
    let says = Step::Identified(Box::new(Patient { id: "4712".to_owned(), ..ask(7).patient }));
    let _ = does(&mut case, DOCTOR, Step::Claimed).unwrap();
    let last = does(&mut case, DOCTOR, report(Standing::Final, "rien")).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Acknowledged { report: last }).unwrap();
    let _ = does(&mut case, REQUESTER, Step::Closed).unwrap();
    let _ = does(&mut case, REQUESTER, says).unwrap();
    assert_eq!((case.state().stage, case.state().ask.patient.id.as_str()), (Stage::Closed, "4712"));
}

#[test]
fn what_is_not_read_from_afar_is_neither_asked_nor_taken() {
    let mut case = Case::begin(request(ASKER, Ask { modality: "NM".to_owned(), ..ask(7) })).unwrap();
    let barred = Err(Void::FromAfar(Rule::NuclearAlone));
    assert_eq!(does(&mut case, REQUESTER, offer(READER)), barred);
    let _ = does(&mut case, REQUESTER, offer(ASKER)).unwrap();
    let with = |on_site: &str, examination| {
        Step::Specified(Particulars { examination, on_site: on_site.to_owned(), answer_by: None })
    };
    assert_eq!(does(&mut case, DOCTOR, with("Dr Curie", Examination::Unsaid)), Err(Void::NoParty));
    let _ = does(&mut case, REQUESTER, with("Dr Curie", Examination::Unsaid)).unwrap();
    let _ = does(&mut case, REQUESTER, offer(READER)).unwrap();
    let _ = does(&mut case, REQUESTER, with("", Examination::ScreeningFirst)).unwrap();
    assert_eq!(does(&mut case, DOCTOR, accepted()), Err(Void::FromAfar(Rule::ScreeningFirst)), "said after the offer");
    let _ = does(&mut case, REQUESTER, with("Dr Curie", Examination::Unsaid)).unwrap();
    let _ = does(&mut case, DOCTOR, accepted()).unwrap();
    assert_eq!(case.state().particulars.on_site, "Dr Curie");
    let moves = |from: &str, to: &str| Step::Regulated {
        from: from.to_owned(),
        to: to.to_owned(),
        reason: "ne répond plus".to_owned(),
    };
    let _ = does(&mut case, DOCTOR, moves("", "dr.un")).unwrap();
    let _ = does(&mut case, REQUESTER, with("", Examination::Unsaid)).unwrap();
    assert_eq!(does(&mut case, DOCTOR, moves("dr.un", "dr.deux")), barred, "nor given to somebody");
    let _ = does(&mut case, DOCTOR, moves("dr.un", "")).unwrap();
}

#[test]
fn who_reads_outside_their_credentials_says_why() {
    let mut case = begun();
    let says = || Step::Uncovered { reason: "seul de garde, AVC".to_owned() };
    assert_eq!(does(&mut case, DOCTOR, says()), Err(Void::NoParty));
    let _ = does(&mut case, REQUESTER, offer(READER)).unwrap();
    assert_eq!(does(&mut case, REQUESTER, says()), Err(Void::NotYours));
    assert_eq!(does(&mut case, DOCTOR, Step::Uncovered { reason: " ".to_owned() }), Err(Void::Malformed));
    let _ = does(&mut case, DOCTOR, says()).unwrap();
    assert!(case.state().is_uncovered(&READER, DOCTOR.1) && !case.state().is_uncovered(&READER, "dr.autre"));
}
