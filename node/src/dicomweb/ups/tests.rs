//! The workitems of a case, as its events make them.

use super::{
    report,
    set::Set,
    turn::{StepState, parse, readiness, turns, uid},
};
use crate::{cases::Whole, dicomweb::query::Search, tasks};
use dicom_dictionary_std::tags;
use protocol::{
    SiteId, Timestamp,
    case::{
        Case,
        event::{Ask, Consent, Event, Kind, Priority, Report, Standing, Step, case_name},
    },
    ids::Id128,
};

const US: SiteId = SiteId([1; 32]);

fn begun() -> Case {
    let ask = Ask {
        nonce: tasks::random_id(),
        kind: Kind::Diagnosis,
        priority: Priority::P1,
        question: "AVC ?".to_owned(),
        patient: crate::desk::unnamed(),
        context: String::new(),
        contraindications: String::new(),
        priors: String::new(),
        justification: "nuit".to_owned(),
        consent: Consent::Unable,
        modality: "CT".to_owned(),
        region: String::new(),
        studies: vec!["1.2.3".parse().unwrap()],
        accession: (String::new(), String::new()),
        telephone: String::new(),
        key_images: Vec::new(),
        to: Vec::new(),
    };
    let case = case_name(&US, &ask.nonce);
    let step = Step::Requested(Box::new(ask));
    let (person, role) = ("dr.urgence".to_owned(), "referrer".to_owned());
    Case::begin(Event { case, site: US, person, role, clock: 0, at: Timestamp(1_000), after: Vec::new(), step })
        .unwrap()
}

fn does(case: &mut Case, person: &str, step: Step) {
    let at = Timestamp(1_000 * (case.events().len() as u64 + 1));
    let event = case.propose((US, person, "radiologist"), at, step).unwrap();
    assert!(case.admit(event).unwrap());
}

fn taken() -> Case {
    let mut case = begun();
    does(&mut case, "", Step::Offered { to: US, whom: String::new(), rank: 1, until: Timestamp(u64::MAX) });
    does(&mut case, "dr.a", Step::Accepted { protocol: String::new() });
    let studies = vec![("1.2.3".parse().unwrap(), 4)];
    does(&mut case, "", Step::ImagesReady { studies, count_confirmed: true });
    case
}

fn report(standing: Standing) -> Step {
    let text = String::new;
    Step::Reported(Box::new(Report {
        standing,
        indication: text(),
        technique: text(),
        findings: "rien".to_owned(),
        conclusion: text(),
        language: text(),
        read: vec![("1.2.3".parse().unwrap(), 4)],
        critical: false,
        despite: text(),
    }))
}

fn states(case: &Case) -> Vec<StepState> {
    turns(&Whole::of_case(case.clone())).iter().map(|turn| turn.progress).collect()
}

#[test]
fn a_claim_that_is_given_back_ends_its_workitem_and_the_case_goes_on_as_another() {
    use StepState::{Canceled, Completed, InProgress, Scheduled};
    assert_eq!(states(&begun()), [Scheduled]);
    let mut case = taken();
    assert_eq!(states(&case), [Scheduled]);
    does(&mut case, "dr.a", Step::Claimed);
    does(&mut case, "dr.a", Step::Reading);
    assert_eq!(states(&case), [InProgress]);
    does(&mut case, "dr.a", Step::Released { reason: "fin de garde".to_owned() });
    assert_eq!(states(&case), [Canceled, Scheduled]);
    does(&mut case, "dr.b", Step::Claimed);
    does(&mut case, "dr.b", report(Standing::Preliminary));
    does(&mut case, "dr.b", Step::HandedOver { to: "dr.c".to_owned() });
    assert_eq!(states(&case), [Canceled, InProgress]);
    does(&mut case, "dr.c", report(Standing::Final));
    assert_eq!(states(&case), [Canceled, Completed]);
    // What follows changes it no more.
    does(&mut case, "dr.c", report(Standing::Addendum));
    does(&mut case, "dr.d", Step::Claimed);
    does(&mut case, "dr.d", Step::Released { reason: "rien".to_owned() });
    let all = turns(&Whole::of_case(case));
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].reason, "fin de garde");
    let (at, site, person) = all[1].taken.clone().unwrap();
    assert_eq!((site, person.as_str(), all[1].progress), (US, "dr.c", Completed));
    assert!(at < all[1].ended.unwrap() && all[1].since == all[0].ended.unwrap());
}

#[test]
fn what_whoever_regulates_moves_is_one_workitem_until_nobody_has_it() {
    use StepState::{Canceled, InProgress, Scheduled};
    let moves = |from: &str, to: &str| Step::Regulated {
        from: from.to_owned(),
        to: to.to_owned(),
        reason: "ne répond plus".to_owned(),
    };
    let mut case = taken();
    does(&mut case, "dr.regul", moves("", "dr.a"));
    does(&mut case, "dr.regul", moves("dr.a", "dr.b"));
    assert_eq!(states(&case), [InProgress]);
    let all = turns(&Whole::of_case(case.clone()));
    assert_eq!(all[0].taken.as_ref().map(|(_, _, person)| person.as_str()), Some("dr.b"));
    does(&mut case, "dr.regul", moves("dr.b", ""));
    assert_eq!(states(&case), [Canceled, Scheduled]);
    assert_eq!(turns(&Whole::of_case(case))[0].reason, "ne répond plus");
}

#[test]
fn what_is_called_off_is_canceled() {
    let mut case = taken();
    does(&mut case, "dr.a", Step::Claimed);
    does(&mut case, "dr.urgence", Step::Cancelled { reason: "transféré".to_owned() });
    let all = turns(&Whole::of_case(case));
    assert_eq!((all.len(), all[0].progress, all[0].reason.as_str()), (1, StepState::Canceled, "transféré"));
}

#[test]
fn a_workitem_is_found_by_its_uid_and_by_nothing_like_it() {
    let case = Id128([0xAB; 16]);
    for number in [0, 1, 4_096] {
        assert_eq!(parse(&uid(&case, number)), Some((case, number)));
        assert!(uid(&case, number).len() <= 64);
    }
    let base = uid(&case, 0);
    for strange in [
        "",
        "1.2.3",
        "2.25.",
        "2.25.-1",
        "2.25.x",
        &format!("{base}.0"),
        &format!("{base}.01"),
        &format!("{base}.1.1"),
        &format!("{base}000000"),
        &format!("{base}.99999999999"),
    ] {
        assert_eq!(parse(strange), None, "{strange}");
    }
}

#[test]
fn it_is_ready_where_it_was_taken_and_can_be_read() {
    let (ready, asked) = (Whole::of_case(taken()), Whole::of_case(begun()));
    assert_eq!(readiness(&ready, &US), "READY");
    assert_eq!(readiness(&ready, &SiteId([2; 32])), "INCOMPLETE");
    assert_eq!(readiness(&asked, &US), "INCOMPLETE");
}

#[test]
fn a_reason_to_sign_all_the_same_is_said_as_such() {
    let item = |scheme: &str, name: &str, text: &str| {
        let code = Set::of(&[(tags::CODE_VALUE, name), (tags::CODING_SCHEME_DESIGNATOR, scheme)]);
        let mut item = Set::of(&[(tags::VALUE_TYPE, "TEXT"), (tags::TEXT_VALUE, text)]);
        item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code]);
        item
    };
    let said = |items: Vec<Set>| {
        let mut performed = Set::default();
        performed.put_items(tags::PERFORMED_PROCESSING_PARAMETERS_SEQUENCE, items);
        let mut set = Set::of(&[(tags::COMMENTS_ON_THE_PERFORMED_PROCEDURE_STEP, "done in haste")]);
        set.put_items(tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE, vec![performed]);
        report::despite(&set)
    };
    assert_eq!(said(Vec::new()), "", "a comment is no reason");
    assert_eq!(said(vec![item("99OTHER", "despite", "x"), item("99CONFRERE", "findings", "y")]), "");
    assert_eq!(said(vec![item("99OTHER", "despite", "x"), item("99CONFRERE", "despite", "counted")]), "counted");
}

#[test]
fn data_sets_are_read_within_bounds_and_matched() {
    let told = br#"[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"ROUX^Zo\u00e9"}]},"00741000":{"vr":"CS","Value":["SCHEDULED"]},
        "0040a370":{"vr":"SQ","Value":[{"00080050":{"vr":"SH","Value":["A7"]}}]},"00404005":{"vr":"DT","Value":["20261129101500+0000"]}}]"#;
    let set = Set::read(told).unwrap();
    assert_eq!(set.text(tags::PATIENT_NAME), "ROUX^Zoé");
    for (query, is) in [
        ("PatientName=roux*", true),
        ("00741000=SCHEDULED", true),
        ("ProcedureStepState=COMPLETED,SCHEDULED", true),
        ("ReferencedRequestSequence.AccessionNumber=A7", true),
        ("0040A370.00080050=A8", false),
        ("ScheduledProcedureStepStartDateTime=20261129-20261130", true),
        ("ScheduledProcedureStepStartDateTime=-20261128", false),
        ("PatientID=1", false),
    ] {
        let search = Search::parse(query).unwrap();
        assert_eq!(set.meets(&search.conditions, false), is, "{query}");
    }
    for wrong in ["", "[]", "[{},{}]", "{\"x\":{}}", "{\"00100010\":1}", "null", "[[{}]]", "\u{0}"] {
        assert!(Set::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
    // Nothing strange in a value breaks a reader.
    let odd = br#"{"00100010":{"Value":"x"},"00100020":{"Value":[null]},"0040A370":{"Value":[1,[],{"00080050":{}}]}}"#;
    let odd = Set::read(odd).unwrap();
    assert_eq!((odd.text(tags::PATIENT_NAME), odd.text(tags::PATIENT_ID)), (String::new(), String::new()));
    assert_eq!(odd.items(tags::REFERENCED_REQUEST_SEQUENCE).len(), 1);
    let deep = format!("{{\"0040A370\":{{\"Value\":{}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Set::read(deep.as_bytes()).is_err());
}
