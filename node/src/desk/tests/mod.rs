//! What a node has to do in a case, at a time that the test holds.

mod comparison;
mod held;

use super::next::{Image, View, Wanted, World, is_time, step};
use crate::cases::{Delays, OTHER_PATIENT, Rank, Settings, Whole};
use protocol::{
    SiteId, Timestamp, Uid,
    agreement::{Party, WeeklyHours},
    case::{
        Case,
        event::{
            Ask, Consent, Counted, Event, Kind, Particulars, Patient, Priority, Report, Skip, Standing, Step, case_name,
        },
        state::Reported,
    },
    ids::Id128,
    roster::{self, Calendar, Coverage, Holidays, Reader, Rung, Target, Tier},
};
use std::{collections::BTreeMap, sync::Arc};

const US: SiteId = SiteId([1; 32]);
const NEAR: SiteId = SiteId([2; 32]);
const FAR: SiteId = SiteId([3; 32]);

/// A world of a few words.
#[derive(Default)]
struct Told {
    ranks: Vec<SiteId>,
    rungs: Vec<Rung>,
    coverages: Vec<Coverage>,
    barred: BTreeMap<SiteId, Skip>,
    images: Vec<Image>,
    joins: Option<Uid>,
    touched: Timestamp,
    is_archive_full: bool,
    is_of_another: bool,
    counted: Option<u32>,
    listed: Option<u32>,
}

impl World for Told {
    fn rungs(&self, _: &Wanted<'_>) -> Vec<Rung> {
        self.rungs.clone()
    }
    fn bars(&self, site: &SiteId, _: &Whole) -> Option<Skip> {
        self.barred.get(site).copied()
    }
    fn name(&self, site: &SiteId) -> String {
        site.short()
    }
    fn images(&self, _: &[Uid]) -> Vec<Image> {
        self.images.clone()
    }
    fn counted(&self, _: &Uid, by: Counted) -> Option<u32> {
        match by {
            Counted::Modality => self.counted,
            Counted::Pacs => self.listed,
            Counted::Technologist => None,
        }
    }
    fn touched(&self, _: &Uid) -> Timestamp {
        self.touched
    }
    fn is_filed(&self, _: &Whole, _: &Reported) -> bool {
        !self.is_archive_full
    }
    fn joins(&self, whole: &Whole) -> Option<Uid> {
        self.joins.clone().filter(|study| !whole.state.ask.studies.contains(study))
    }
    fn is_of_another(&self, _: &Whole) -> bool {
        self.is_of_another
    }
    fn active(&self, _: &Whole) -> Timestamp {
        Timestamp(0)
    }
}

fn study() -> Uid {
    "1.2.3".parse().unwrap()
}

pub(super) fn begun() -> Case {
    let ask = Ask {
        nonce: Id128([7; 16]),
        kind: Kind::Diagnosis,
        priority: Priority::P0,
        question: "AVC ?".to_owned(),
        patient: Patient {
            name: "DURAND^PAUL".to_owned(),
            birth_date: "19500101".to_owned(),
            sex: "M".to_owned(),
            id: "4711".to_owned(),
            issuer: "CHN".to_owned(),
            national: String::new(),
            standing: None,
        },
        context: String::new(),
        contraindications: String::new(),
        priors: String::new(),
        justification: String::new(),
        consent: Consent::Unable,
        modality: "CT".to_owned(),
        region: String::new(),
        studies: vec![study()],
        accession: (String::new(), String::new()),
        telephone: String::new(),
        key_images: Vec::new(),
        to: Vec::new(),
    };
    let (case, at) = (case_name(&US, &ask.nonce), Timestamp(0));
    let (person, role, after) = ("dr.urgence".to_owned(), String::new(), Vec::new());
    let step = Step::Requested(Box::new(ask));
    Case::begin(Event { case, site: US, person, role, clock: 0, at, after, step }).unwrap()
}

fn does(case: &mut Case, who: (SiteId, &str), at_s: u64, step: Step) {
    let event = case.propose((who.0, who.1, "role"), Timestamp(at_s * 1_000), step).unwrap();
    assert_eq!(case.admit(event), Ok(true));
}

/// The node's next step at a second, at a site.
fn next(case: &Case, world: &Told, us: SiteId, at_s: u64) -> Option<Step> {
    let whole = Whole::of_case(case.clone());
    let ranks = world.ranks.iter().map(|site| Rank { site: *site, whom: String::new() }).collect();
    let settings = Arc::new(Settings { ranks, ..Settings::default() });
    let delays = Delays::new(settings.clone(), world.coverages.clone());
    let (now, started) = (Timestamp(at_s * 1_000), Timestamp(0));
    looked_at(&View { whole: &whole, settings: &settings, delays: &delays, us, now, started, world })
}

/// The next step; what time alone makes due is seen without the rest.
fn looked_at(view: &View<'_>) -> Option<Step> {
    let step = step(view);
    let is_of_time = |step: &Step| match step {
        Step::Escalated { text } => text != OTHER_PATIENT,
        Step::Released { reason } => reason == "idle",
        _ => false,
    };
    assert!(is_time(view) || !step.as_ref().is_some_and(is_of_time), "{step:?} is due by time");
    assert!(step.is_some() || !is_time(view), "nothing is due");
    step
}

/// All that the requester's node does at a second, until nothing is left.
fn settle(case: &mut Case, world: &Told, at_s: u64) -> Vec<Step> {
    let mut done = Vec::new();
    while let Some(step) = next(case, world, US, at_s) {
        does(case, (US, ""), at_s, step.clone());
        done.push(step);
        assert!(done.len() < 20, "it comes to an end: {done:?}");
    }
    done
}

fn asked(step: &Step) -> Option<SiteId> {
    match step {
        Step::Offered { to, .. } => Some(*to),
        _ => None,
    }
}

#[test]
fn those_in_the_order_are_asked_in_turn_with_the_reason_of_each_skip() {
    let (mut case, mut world) = (begun(), Told { ranks: vec![FAR, NEAR], ..Told::default() });
    let _ = world.barred.insert(FAR, Skip::NotAgreed);
    let done = settle(&mut case, &world, 1);
    assert!(matches!(&done[0], Step::Skipped { rank: 1, why: Skip::NotAgreed, .. }), "{done:?}");
    assert_eq!((done.len(), asked(&done[1])), (2, Some(NEAR)));
    // Before its time is over nobody else is asked; then it is, and with nobody left people are called.
    assert_eq!(settle(&mut case, &world, 100), []);
    let done = settle(&mut case, &world, 121);
    assert!(matches!(done[0], Step::TimedOut { to: NEAR }), "{done:?}");
    assert!(matches!(&done[1], Step::Escalated { text } if text == crate::cases::NOBODY_ANSWERS), "{done:?}");
    assert_eq!(settle(&mut case, &world, 122), [], "it is said once");
}

#[test]
fn that_nobody_answers_is_said_again_when_whoever_was_asked_by_hand_refuses_too() {
    let (mut case, world) = (begun(), Told::default());
    let is_said = |done: &[Step]| matches!(done, [Step::Escalated { text }] if text == crate::cases::NOBODY_ANSWERS);
    assert!(is_said(&settle(&mut case, &world, 1)));
    assert_eq!(settle(&mut case, &world, 2), [], "it is said once");
    let offer = Step::Offered { to: FAR, whom: String::new(), rank: 1, until: Timestamp(60_000) };
    does(&mut case, (US, "dr.urgence"), 3, offer);
    does(&mut case, (FAR, "dr.loin"), 4, Step::Refused { reason: "surcharge".to_owned() });
    assert!(is_said(&settle(&mut case, &world, 5)), "and again");
    assert_eq!(settle(&mut case, &world, 6), []);
}

#[test]
fn a_second_critical_result_that_nobody_heard_is_said_as_well() {
    let (mut case, world) = (begun(), Told { ranks: vec![FAR], ..Told::default() });
    let _ = settle(&mut case, &world, 1);
    does(&mut case, (FAR, "dr.loin"), 2, Step::Accepted { protocol: String::new() });
    does(&mut case, (FAR, "dr.loin"), 3, Step::Claimed);
    let critical = |standing| {
        let Step::Reported(mut report) = report(true) else { unreachable!() };
        report.standing = standing;
        Step::Reported(report)
    };
    let is_said = |step: Option<Step>| matches!(step, Some(Step::Escalated { text }) if text == "critical-unheard");
    does(&mut case, (FAR, "dr.loin"), 10, critical(Standing::Preliminary));
    let said = next(&case, &world, FAR, 911);
    assert!(is_said(said.clone()), "{said:?}");
    does(&mut case, (FAR, ""), 911, said.unwrap());
    assert!(!is_said(next(&case, &world, FAR, 912)), "once");
    does(&mut case, (FAR, "dr.loin"), 913, critical(Standing::Final));
    // With the final report the case is the requester's to see to.
    let done = settle(&mut case, &world, 914);
    assert!(done.into_iter().any(|step| is_said(Some(step))), "the first is still unheard, and there is another");
}

#[test]
fn each_side_says_where_it_is_rung_up_and_says_it_anew_when_it_changed() {
    let mut case = begun();
    let says = |case: &Case, us: SiteId, number: &str| {
        let telephones = vec![crate::cases::Telephone { name: "Urgences".to_owned(), number: number.to_owned() }];
        let settings = Arc::new(Settings { telephones, ..Settings::default() });
        let (whole, delays) = (Whole::of_case(case.clone()), Delays::new(settings.clone(), Vec::new()));
        let (now, started, world) = (Timestamp(1_000), Timestamp(0), Told::default());
        looked_at(&View { whole: &whole, settings: &settings, delays: &delays, us, now, started, world: &world })
    };
    does(&mut case, (US, ""), 1, Step::Escalated { text: crate::cases::NOBODY_ANSWERS.to_owned() });
    let said = says(&case, US, "+33 1");
    assert!(matches!(&said, Some(Step::Reachable { numbers }) if numbers[0].1 == "+33 1"), "{said:?}");
    does(&mut case, (US, ""), 1, said.unwrap());
    assert_eq!(says(&case, US, "+33 1"), None, "it is known");
    assert_eq!(says(&case, NEAR, "+33 2"), None, "who takes no part says nothing");
    assert!(matches!(says(&case, US, "+33 3"), Some(Step::Reachable { .. })));
    assert_eq!(says(&case, US, "no digit"), Some(Step::Reachable { numbers: Vec::new() }), "no number any more");
}

#[test]
fn a_refusal_asks_the_next() {
    let (mut case, world) = (begun(), Told { ranks: vec![FAR, NEAR], ..Told::default() });
    let _ = settle(&mut case, &world, 1);
    does(&mut case, (FAR, "dr.loin"), 2, Step::Refused { reason: "IRM en panne".to_owned() });
    let done = settle(&mut case, &world, 3);
    assert_eq!(done.iter().filter_map(asked).collect::<Vec<_>>(), [NEAR]);
}

#[test]
fn the_last_one_is_asked_though_it_is_away() {
    let (mut case, mut world) = (begun(), Told { ranks: vec![FAR, NEAR], ..Told::default() });
    world.barred = BTreeMap::from([(FAR, Skip::Unreachable), (NEAR, Skip::Unreachable)]);
    let done = settle(&mut case, &world, 1);
    assert!(matches!(&done[0], Step::Skipped { why: Skip::Unreachable, .. }), "{done:?}");
    assert_eq!(asked(&done[1]), Some(NEAR));
}

fn rung(site: SiteId, person: &str, skip: Option<roster::Skip>) -> Rung {
    let person = (!person.is_empty()).then(|| person.to_owned());
    Rung { tier: Tier::Group, coverage: Some(Id128([4; 16])), site, shift: None, person, rank: 1, skip }
}

fn said(done: &[Step]) -> Vec<(u16, String)> {
    let of = |step: &Step| match step {
        Step::Offered { whom, rank, .. } => Some((*rank, whom.clone())),
        Step::Skipped { whom, rank, why } => Some((*rank, format!("{whom}: {why:?}"))),
        _ => None,
    };
    done.iter().filter_map(of).collect()
}

#[test]
fn the_roster_of_now_decides_and_what_was_asked_stays_as_it_was() {
    let asleep = Some(roster::Skip::NotConfirmed);
    let rungs = vec![rung(NEAR, "leroy", asleep), rung(NEAR, "martin", None), rung(FAR, "dupont", None)];
    let (mut case, mut world) = (begun(), Told { rungs, ranks: vec![FAR], ..Told::default() });
    let leroy = format!("{} · leroy", NEAR.short());
    let done = settle(&mut case, &world, 1);
    assert_eq!(said(&done), [(1, format!("{leroy}: NobodyOnDuty")), (2, "martin".to_owned())]);
    // The shift ends, and another comes before all: nothing changes for whoever is asked, and it is asked next.
    world.rungs = vec![rung(FAR, "moreau", None), rung(FAR, "dupont", None)];
    assert_eq!(settle(&mut case, &world, 60), []);
    let done = settle(&mut case, &world, 121);
    assert!(matches!(done[0], Step::TimedOut { to: NEAR }), "{done:?}");
    assert_eq!(said(&done), [(3, "moreau".to_owned())]);
    // Whoever was passed over is asked when the reason is gone, and nobody twice.
    world.rungs = vec![rung(NEAR, "leroy", None), rung(NEAR, "martin", None), rung(FAR, "moreau", None)];
    let done = settle(&mut case, &world, 242);
    assert_eq!(said(&done), [(4, "leroy".to_owned())]);
    let done = settle(&mut case, &world, 363);
    assert!(matches!(&done[1..], [Step::Escalated { text }] if text == crate::cases::NOBODY_ANSWERS), "{done:?}");
    // Nobody is on duty any more: those that were set by hand are.
    world.rungs = vec![rung(NEAR, "", Some(roster::Skip::NotOnDuty))];
    let done = settle(&mut case, &world, 400);
    assert_eq!(said(&done), [(5, format!("{}: NobodyOnDuty", NEAR.short())), (6, String::new())]);
}

#[test]
fn a_site_that_comes_and_goes_is_passed_over_once_and_asked_when_it_is_there() {
    let (mut case, mut world) = (begun(), Told { ranks: vec![FAR, NEAR], ..Told::default() });
    let _ = world.barred.insert(FAR, Skip::Unreachable);
    assert_eq!(settle(&mut case, &world, 1).len(), 2);
    let done = settle(&mut case, &world, 121);
    assert!(done.iter().all(|step| asked(step).is_none()), "it is away still, and people are called: {done:?}");
    world.barred.clear();
    assert_eq!(said(&settle(&mut case, &world, 130)), [(3, String::new())]);
    let _ = world.barred.insert(FAR, Skip::Unreachable);
    let done = settle(&mut case, &world, 300);
    assert!(done.iter().all(|step| asked(step).is_none()), "{done:?}");
}

/// US is covered by NEAR; P0 within 1 min, and read within 10.
fn coverage() -> Coverage {
    let party = |site| Party { site, name: "CH".to_owned() };
    let target = Target { acknowledge: 1, report: 10 };
    Coverage {
        id: Id128([4; 16]),
        version: 1,
        name: "Nuit".to_owned(),
        beneficiaries: vec![party(US)],
        readers: vec![Reader { party: party(NEAR), tier: Tier::Group }],
        modalities: vec!["CT".to_owned()],
        regions: Vec::new(),
        calendar: Calendar {
            week: WeeklyHours { time_zone: "Europe/Paris".to_owned(), spans: Vec::new() },
            holidays: Holidays::None,
            extra_days: Vec::new(),
        },
        targets: [target; 4],
        telephone: String::new(),
        from: Timestamp(0),
        until: None,
        drafted: Timestamp(0),
    }
}

#[test]
fn the_coverage_of_the_two_sites_says_how_long_it_may_take() {
    let rungs = vec![rung(NEAR, "martin", None), rung(FAR, "dupont", None)];
    let (mut case, world) = (begun(), Told { rungs, coverages: vec![coverage()], ..Told::default() });
    let until = |step: &Step| match step {
        Step::Offered { until, .. } => Some(until.0 / 1_000),
        _ => None,
    };
    assert_eq!(settle(&mut case, &world, 1).iter().find_map(until), Some(61), "as was agreed");
    assert_eq!(settle(&mut case, &world, 61).iter().find_map(until), Some(181), "as is set here: it is under none");
    does(&mut case, (NEAR, "dr.garde"), 62, Step::Accepted { protocol: String::new() });
    let whole = Whole::of_case(case.clone());
    let due = |coverages| whole.due(&Delays::new(Arc::new(Settings::default()), coverages)).unwrap().at.0 / 1_000;
    assert_eq!((due(vec![coverage()]), due(Vec::new())), (600, 900));
    let of_mr = Coverage { modalities: vec!["MR".to_owned()], ..coverage() };
    assert_eq!(due(vec![of_mr]), 900, "it is not about such studies");
}

fn taken(world: &Told) -> Case {
    let mut case = begun();
    let _ = settle(&mut case, world, 1);
    does(&mut case, (NEAR, "dr.garde"), 2, Step::Accepted { protocol: String::new() });
    case
}

fn image(version: Option<u64>, instances: u32) -> Image {
    Image { study: study(), version, instances }
}

#[test]
fn images_are_ready_when_they_have_settled_and_anew_when_more_come() {
    let mut world = Told { ranks: vec![NEAR], images: vec![image(None, 100)], ..Told::default() };
    let mut case = taken(&world);
    assert_eq!(settle(&mut case, &world, 3), [], "still arriving");
    world.images = vec![image(Some(1), 412)];
    let done = settle(&mut case, &world, 4);
    assert!(matches!(&done[0], Step::ImagesReady { count_confirmed: false, .. }), "{done:?}");
    does(&mut case, (US, "manip"), 5, Step::Expected { study: study(), instances: 412, by: Counted::Technologist });
    let done = settle(&mut case, &world, 6);
    assert!(matches!(&done[0], Step::ImagesReady { count_confirmed: true, .. }), "{done:?}");
    assert_eq!(settle(&mut case, &world, 7), []);
    does(&mut case, (NEAR, "dr.garde"), 8, Step::Claimed);
    does(&mut case, (NEAR, "dr.garde"), 9, report(false));
    // The report is filed beside the images: a version more, and nothing new to read.
    world.images = vec![image(Some(2), 412)];
    let done = settle(&mut case, &world, 10);
    assert!(matches!(done[..], [Step::Delivered { .. }]), "{done:?}");
    (world.images, world.touched) = (vec![image(Some(3), 420)], Timestamp(10_500));
    let done = settle(&mut case, &world, 11);
    assert!(done.iter().any(|step| matches!(step, Step::ImagesReady { count_confirmed: false, .. })), "{done:?}");
    assert!(case.state().images_after_report, "whoever reported is told");
    let event = case.state().reports[0].event;
    does(&mut case, (US, "dr.urgence"), 12, Step::Acknowledged { report: event });
    assert!(matches!(settle(&mut case, &world, 13)[..], [Step::Closed]));
    assert!(Whole::of_case(case).is_to_read(), "what came after the end is still to be read");
}

#[test]
fn the_count_of_the_modality_confirms_and_another_does_not() {
    let mut world = Told { ranks: vec![NEAR], images: vec![image(Some(1), 412)], ..Told::default() };
    let mut case = taken(&world);
    let done = settle(&mut case, &world, 3);
    assert!(matches!(done[..], [Step::ImagesReady { count_confirmed: false, .. }]), "nobody counted: {done:?}");
    world.counted = Some(411);
    let done = settle(&mut case, &world, 4);
    assert!(matches!(done[..], [Step::Expected { instances: 411, by: Counted::Modality, .. }]), "{done:?}");
    // Another step of the same study ended meanwhile.
    world.counted = Some(412);
    let done = settle(&mut case, &world, 5);
    assert!(
        matches!(done[..], [Step::Expected { instances: 412, .. }, Step::ImagesReady { count_confirmed: true, .. }]),
        "{done:?}"
    );
    assert_eq!(settle(&mut case, &world, 6), []);
    // A PACS that was not sent all says nothing of what came here.
    world.listed = Some(400);
    let done = settle(&mut case, &world, 7);
    assert!(matches!(done[..], [Step::Expected { instances: 400, by: Counted::Pacs, .. }]), "{done:?}");
    assert!(case.state().count_confirmed);
    // The PACS has more than came here: it is confirmed no more, until they have come or the PACS says otherwise.
    world.listed = Some(414);
    let done = settle(&mut case, &world, 8);
    assert!(
        matches!(done[..], [Step::Expected { instances: 414, .. }, Step::ImagesReady { count_confirmed: false, .. }]),
        "{done:?}"
    );
    assert!(!case.state().count_confirmed);
    assert_eq!(settle(&mut case, &world, 9), [], "said once");
    // A person may know better, until somebody counts more anew.
    let by_hand = Step::ImagesReady { studies: vec![(study(), 1)], count_confirmed: true };
    does(&mut case, (US, "manip"), 10, by_hand);
    assert_eq!(settle(&mut case, &world, 11), []);
    world.listed = Some(415);
    let done = settle(&mut case, &world, 12);
    assert!(matches!(done[..], [_, Step::ImagesReady { count_confirmed: false, .. }]), "{done:?}");
    world.listed = Some(412);
    let done = settle(&mut case, &world, 13);
    assert!(
        matches!(done[..], [Step::Expected { instances: 412, .. }, Step::ImagesReady { count_confirmed: true, .. }]),
        "{done:?}"
    );
}

#[test]
fn a_pacs_alone_that_has_fewer_confirms_nothing_and_a_person_who_counted_fewer_contradicts() {
    let images = vec![image(Some(1), 412)];
    let mut world = Told { ranks: vec![NEAR], images, listed: Some(400), ..Told::default() };
    let mut case = taken(&world);
    let _ = settle(&mut case, &world, 3);
    assert!(!case.state().count_confirmed);
    does(&mut case, (US, "manip"), 4, Step::Expected { study: study(), instances: 411, by: Counted::Technologist });
    world.listed = Some(412);
    let _ = settle(&mut case, &world, 5);
    assert!(!case.state().count_confirmed);
    does(&mut case, (US, "manip"), 6, Step::Expected { study: study(), instances: 412, by: Counted::Technologist });
    let done = settle(&mut case, &world, 7);
    assert!(matches!(done[..], [Step::ImagesReady { count_confirmed: true, .. }]), "{done:?}");
}

fn report(critical: bool) -> Step {
    Step::Reported(Box::new(Report {
        standing: Standing::Final,
        indication: String::new(),
        technique: String::new(),
        findings: "occlusion".to_owned(),
        conclusion: String::new(),
        language: "fr".to_owned(),
        read: vec![(study(), 1)],
        critical,
        despite: String::new(),
    }))
}

#[test]
fn a_report_is_delivered_and_the_case_closes_when_nothing_is_owed() {
    let world = Told { ranks: vec![NEAR], images: vec![image(Some(1), 4)], ..Told::default() };
    let mut case = taken(&world);
    let _ = settle(&mut case, &world, 3);
    does(&mut case, (NEAR, "dr.garde"), 4, Step::Claimed);
    does(&mut case, (NEAR, "dr.garde"), 5, report(true));
    let full = Told { is_archive_full: true, ranks: vec![NEAR], images: vec![image(Some(1), 4)], ..Told::default() };
    assert_eq!(settle(&mut case, &full, 6), [], "what is not filed is not called delivered");
    let done = settle(&mut case, &world, 6);
    assert!(matches!(done[..], [Step::Delivered { .. }]), "{done:?}");
    let event = case.state().reports[0].event;
    does(&mut case, (US, "dr.urgence"), 7, Step::Acknowledged { report: event });
    assert_eq!(settle(&mut case, &world, 8), [], "a critical result is still unheard");
    // A quarter of an hour later people are called, once.
    assert_eq!(settle(&mut case, &world, 5 + 899), []);
    let done = settle(&mut case, &world, 5 + 900);
    assert!(matches!(&done[..], [Step::Escalated { text }] if text == "critical-unheard"), "{done:?}");
    let how = protocol::case::event::Heard::Here;
    does(&mut case, (US, "dr.urgence"), 1_000, Step::Heard { report: event, how });
    let done = settle(&mut case, &world, 1_001);
    assert!(matches!(done[..], [Step::Closed]), "{done:?}");
}

#[test]
fn who_does_nothing_gives_the_claim_back_and_people_are_warned_before_it_is_late() {
    let world = Told { ranks: vec![NEAR], images: vec![image(Some(1), 4)], ..Told::default() };
    let mut case = taken(&world);
    let _ = settle(&mut case, &world, 3);
    does(&mut case, (NEAR, "dr.garde"), 10, Step::Claimed);
    assert_eq!(next(&case, &world, NEAR, 719), None);
    let warned = next(&case, &world, NEAR, 720).unwrap();
    assert!(matches!(&warned, Step::Escalated { text } if text == "preliminary-due"), "{warned:?}");
    does(&mut case, (NEAR, ""), 720, warned);
    assert_eq!(next(&case, &world, NEAR, 10 + 1_799), None);
    let released = next(&case, &world, NEAR, 10 + 1_800);
    assert!(matches!(&released, Some(Step::Released { reason }) if reason == "idle"), "{released:?}");
    assert_eq!(next(&case, &world, US, 10 + 1_800), None, "it is the reader's to see to");
}

#[test]
fn a_study_joins_by_accession_and_equal_identity() {
    let joins = Some("1.2.4".parse().unwrap());
    let world = Told { ranks: vec![NEAR], joins, ..Told::default() };
    let mut case = begun();
    let done = settle(&mut case, &world, 1);
    assert!(matches!(&done[0], Step::Acquired { studies, .. } if studies[0].as_str() == "1.2.4"), "{done:?}");
    assert_eq!(case.state().joined.len(), 1);
}

#[test]
fn an_answer_is_due_by_the_hour_that_the_requester_named() {
    let mut case = begun();
    let says = |answer_by| Step::Specified(Particulars { answer_by, ..Particulars::default() });
    does(&mut case, (US, "dr.urgence"), 1, says(Some(Timestamp(3_600_000))));
    does(&mut case, (US, ""), 1, Step::Offered { to: NEAR, whom: String::new(), rank: 1, until: Timestamp(120_000) });
    does(&mut case, (NEAR, "expert"), 2, Step::Accepted { protocol: String::new() });
    let due = |case: &Case| {
        Whole::of_case(case.clone()).due(&Delays::new(Arc::new(Settings::default()), Vec::new())).unwrap()
    };
    let wanted = due(&case);
    assert_eq!((wanted.what.word(), wanted.at), ("wanted", Timestamp(3_600_000)), "not the fifteen minutes of a P0");
    let world = Told::default();
    let late = next(&case, &world, US, 3_000);
    assert!(!matches!(&late, Some(Step::Escalated { text }) if text == "wanted-due"), "it is the reader's: {late:?}");
    let late = next(&case, &world, NEAR, 3_000);
    assert!(matches!(&late, Some(Step::Escalated { text }) if text == "wanted-due"), "a fifth is left: {late:?}");
    does(&mut case, (NEAR, ""), 3_000, late.unwrap());
    assert_eq!(next(&case, &world, NEAR, 3_001), None, "said once");
    does(&mut case, (US, "dr.urgence"), 3_002, says(Some(Timestamp(7_200_000))));
    assert_eq!(next(&case, &world, NEAR, 5_759), None);
    let late = next(&case, &world, NEAR, 5_760);
    assert!(matches!(&late, Some(Step::Escalated { text }) if text == "wanted-due"), "the new hour: {late:?}");
    does(&mut case, (US, "dr.urgence"), 5_761, says(None));
    assert_eq!(due(&case).what.word(), "preliminary", "as the priority says");
}

#[test]
fn whose_screen_falls_silent_is_not_waited_for_while_somebody_else_is_there() {
    let silent = Some(roster::Skip::Silent);
    let rungs = vec![rung(NEAR, "leroy", None), rung(FAR, "dupont", None)];
    let (mut case, mut world) = (begun(), Told { rungs, ..Told::default() });
    assert_eq!(said(&settle(&mut case, &world, 1)), [(1, "leroy".to_owned())]);
    world.rungs = vec![rung(NEAR, "leroy", silent)];
    assert_eq!(settle(&mut case, &world, 60), [], "there is nobody else");
    world.rungs = vec![rung(NEAR, "leroy", silent), rung(FAR, "dupont", None)];
    world.barred = BTreeMap::from([(FAR, Skip::Unreachable)]);
    assert_eq!(settle(&mut case, &world, 61), [], "or nobody who can be asked");
    world.barred.clear();
    let done = settle(&mut case, &world, 62);
    assert!(matches!(done[0], Step::TimedOut { to: NEAR }), "{done:?}");
    assert_eq!(asked(done.last().unwrap()), Some(FAR));
}

#[test]
fn images_of_somebody_else_are_told_once_and_anew_when_the_request_says_another() {
    let mixed = |case: &Case, world: &Told| matches!(next(case, world, US, 10), Some(Step::Escalated { text }) if text == OTHER_PATIENT);
    let (mut case, mut world) = (begun(), Told { ranks: vec![NEAR], is_of_another: true, ..Told::default() });
    let _ = settle(&mut case, &world, 1);
    assert!(!mixed(&case, &world), "nobody reads them yet");
    does(&mut case, (NEAR, "dr.leroy"), 2, Step::Accepted { protocol: String::new() });
    assert!(mixed(&case, &world));
    let _ = settle(&mut case, &world, 10);
    assert!(!mixed(&case, &world), "once");
    let patient = Patient { birth_date: "19510101".to_owned(), ..case.state().ask.patient };
    does(&mut case, (US, "dr.urgence"), 10, Step::Identified(Box::new(patient)));
    assert!(mixed(&case, &world), "and are not that one's either");
    world.is_of_another = false;
    assert!(!mixed(&case, &world));
}

#[test]
fn what_comes_after_the_end_is_told_and_nothing_else_is_done() {
    let image = |version| Image { study: study(), version: Some(version), instances: 3 };
    let (mut case, mut world) = (begun(), Told { ranks: vec![NEAR], images: vec![image(1)], ..Told::default() });
    let _ = settle(&mut case, &world, 1);
    does(&mut case, (NEAR, "dr.leroy"), 2, Step::Accepted { protocol: String::new() });
    let _ = settle(&mut case, &world, 3);
    does(&mut case, (NEAR, "dr.leroy"), 4, Step::Claimed);
    let Step::Reported(mut report) = report(false) else { unreachable!() };
    report.read = vec![(study(), 1)];
    does(&mut case, (NEAR, "dr.leroy"), 5, Step::Reported(report));
    let _ = settle(&mut case, &world, 6);
    let signed = case.state().reports[0].event;
    does(&mut case, (US, "dr.urgence"), 7, Step::Acknowledged { report: signed });
    let _ = settle(&mut case, &world, 8);
    assert_eq!(case.state().stage, protocol::case::state::Stage::Closed);
    assert_eq!(settle(&mut case, &world, 9), []);
    world.images = vec![image(2)];
    assert_eq!(settle(&mut case, &world, 10), [], "a report that was filed, or corrected words");
    world.touched = Timestamp(10_500);
    assert!(matches!(&settle(&mut case, &world, 11)[..], [Step::ImagesReady { .. }]));
    assert!(case.state().images_after_report);
    assert_eq!(settle(&mut case, &world, 12), []);
}
