//! Drafting, telling, changing, suspending and ending agreements.

use super::*;
use protocol::{
    agreement::{About, BreakGlass, Clause, Purpose, WeeklyHours},
    time::WeekMinute,
};

#[test]
fn terms_that_make_no_sense_are_refused_at_their_place() {
    let (a, b) = (identity(1), identity(2));
    let clause = |all: ClauseTerms| Terms { all, ..Terms::default() };
    let place = |preset, terms: Terms| {
        draft((a.site(), "A"), &peer(&b, "B"), preset, &terms).map(|_| ()).map_err(|wrong| wrong.term)
    };
    let list = |code: &str| vec![code.to_owned()];
    let none = ClauseTerms::default;
    let cases = [
        (clause(ClauseTerms { time_zone: Some("Mars/Olympus".to_owned()), ..none() }), "time_zone"),
        (clause(ClauseTerms { spans: vec![(0, 10_081)], ..none() }), "spans"),
        (clause(ClauseTerms { modalities: list("C T"), ..none() }), "modalities"),
        (clause(ClauseTerms { modalities_excluded: list("ct"), ..none() }), "modalities_excluded"),
        (clause(ClauseTerms { regions: list("HEAD\\NECK"), ..none() }), "regions"),
        (clause(ClauseTerms { regions: list("HEAD"), regions_excluded: list("HEAD"), ..none() }), "regions_excluded"),
        (clause(ClauseTerms { since_days: Some(0), ..none() }), "since_days"),
        (clause(ClauseTerms { cache_days: Some(0), ..none() }), "cache_days"),
        (clause(ClauseTerms { kbits_max: Some(1), ..none() }), "kbits_max"),
        (clause(ClauseTerms { break_glass_hours: Some(0), ..none() }), "break_glass_hours"),
        (Terms { theirs: Some(ClauseTerms { cache_days: Some(0), ..none() }), ..Terms::default() }, "cache_days"),
        (Terms { legal_reference: "one\ntwo".to_owned(), ..Terms::default() }, "legal_reference"),
        (Terms { not_after: Some(Timestamp(1)), ..Terms::default() }, "not_after"),
    ];
    for (terms, term) in cases {
        assert_eq!(place(Preset::OnCall, terms), Err(term));
    }
    assert_eq!(place(Preset::CaseOnly, clause(ClauseTerms { spans: vec![(0, 60)], ..none() })), Err("spans"));
    assert_eq!(place(Preset::OnCall, Terms::default()), Ok(()));
}

#[test]
fn each_direction_may_have_terms_of_its_own() {
    let (a, b) = (identity(1), identity(2));
    let ours = ClauseTerms { fields: Some(Vec::new()), regions: vec!["HEAD".to_owned()], ..ClauseTerms::default() };
    let terms = Terms { ours: Some(ours), ..Terms::default() };
    let text = draft((a.site(), "A"), &peer(&b, "B"), Preset::All, &terms).unwrap();
    let (ours, theirs) = (text.clause(&a.site(), &b.site()).unwrap(), text.clause(&b.site(), &a.site()).unwrap());
    assert_eq!((ours.regions.len(), ours.fields.len()), (1, 0));
    assert_eq!((theirs.regions.len(), theirs.fields.len()), (0, 7));
    assert!(!ours.onward && !theirs.onward, "never by default");
}

#[test]
fn the_words_say_what_the_clauses_do() {
    let (a, b) = (identity(1), identity(2));
    let make = |preset, terms: &Terms| draft((a.site(), "CH Nord"), &peer(&b, "CH Sud"), preset, terms).unwrap();
    let ours = Terms { direction: Direction::Ours, ..Terms::default() };
    let french = sentences(&make(Preset::All, &ours), Language::French).join("\n");
    assert!(french.contains("CH Sud voit la liste de toutes les études de CH Nord et peut en ouvrir"), "{french}");
    assert!(french.contains("rien n’est transmis à des tiers"), "{french}");
    assert!(french.contains("nom du patient") && french.contains("30 jours"));
    let spans = ClauseTerms { spans: vec![(1080, 1920)], ..ClauseTerms::default() };
    let spans = Terms { all: spans, ..ours.clone() };
    let english = sentences(&make(Preset::OnCall, &spans), Language::English).join("\n");
    assert!(english.contains("from Monday 18:00 to Tuesday 08:00 (Europe/Paris time)"), "{english}");
    let case = sentences(&make(Preset::CaseOnly, &ours), Language::English).join("\n");
    assert!(case.contains("sees no study of CH Nord except those that CH Nord shares one by one"), "{case}");
    let both = make(Preset::All, &Terms::default());
    assert_eq!(
        sentences(&both, Language::English).len(),
        2 * sentences(&make(Preset::All, &ours), Language::English).len()
    );
    let narrow = ClauseTerms {
        modalities: vec!["CT".to_owned(), "MR".to_owned()],
        regions: vec!["HEAD".to_owned()],
        since_days: Some(1),
        fields: Some(Vec::new()),
        ..ClauseTerms::default()
    };
    let said = sentences(&make(Preset::All, &Terms { all: narrow, ..ours }), Language::English).join("\n");
    assert!(
        said.contains("sees the list of CT, MR studies of CH Nord of the head, since yesterday and may open"),
        "{said}"
    );
    assert!(said.contains("neither name nor birth date"), "{said}");
}

/// One of the many clauses there may be; small ranges, so that two are often alike in a field.
fn clauses(holder: SiteId, reader: SiteId) -> impl Strategy<Value = Clause> {
    let codes = |list: [&'static str; 3]| proptest::sample::subsequence(list.to_vec(), 0..=3);
    let owned = |list: Vec<&'static str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let levels =
        proptest::sample::select(vec![Level::Card, Level::Manifest, Level::Headers, Level::Pixels, Level::Objects]);
    let fields = proptest::sample::subsequence(
        vec![Field::PatientName, Field::BirthDate, Field::Sex, Field::PatientId, Field::Accession],
        0..=5,
    );
    let hours = proptest::option::of((proptest::sample::select(vec!["UTC", "Europe/Paris"]), 0u16..3, 4u16..6));
    let scope = (
        codes(["CT", "MR", "US"]),
        codes(["MG", "XA", "SR"]),
        codes(["HEAD", "KNEE", "ODD"]),
        codes(["HIP", "FOOT", "EYE"]),
    );
    let rest = (
        proptest::option::of(1u32..3),
        1u32..3,
        any::<bool>(),
        proptest::option::of(64u32..66),
        proptest::option::of(1u32..3),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    (any::<bool>(), levels, scope, hours, fields, rest).prop_map(
        move |(announce, level, scope, hours, fields, rest)| Clause {
            holder,
            reader,
            announce,
            level,
            modalities: owned(scope.0),
            modalities_excluded: owned(scope.1),
            regions: owned(scope.2),
            regions_excluded: owned(scope.3),
            since_days: rest.0,
            hours: hours.map(|(zone, from, to)| WeeklyHours {
                time_zone: zone.to_owned(),
                spans: vec![(WeekMinute(from * 60), WeekMinute(to * 60))],
            }),
            fields,
            cache_days: rest.1,
            onward: rest.2,
            kbits_max: rest.3,
            break_glass: rest.4.map(|review_hours| BreakGlass { review_hours }),
            with_case: rest.5,
            on_duty: rest.6,
            presence: rest.7,
        },
    )
}

/// A clause with each of its fields in turn taken from another.
fn with_one_field_of(one: &Clause, other: &Clause) -> Vec<Clause> {
    let mut made = Vec::new();
    macro_rules! take {
        ($($field:ident),*) => { $(made.push(Clause { $field: other.$field.clone(), ..one.clone() });)* };
    }
    take!(announce, level, modalities, modalities_excluded, regions, regions_excluded, since_days, hours, fields);
    take!(cache_days, onward, kbits_max, break_glass, with_case, on_duty, presence, holder, reader);
    made.retain(|clause| clause != one);
    made
}

proptest! {
    #[test]
    fn nothing_that_a_clause_says_goes_unsaid((one, other) in {
        let (a, b) = (identity(1).site(), identity(2).site());
        (clauses(a, b), clauses(b, a))
    }) {
        let (a, b) = (identity(1), identity(2));
        let mut text = draft((a.site(), "CH Nord"), &peer(&b, "CH Sud"), Preset::Custom, &Terms::default()).unwrap();
        let mut said = |clause: &Clause| {
            text.clauses = vec![clause.clone()];
            [Language::French, Language::English].map(|language| sentences(&text, language))
        };
        let before = said(&one);
        for clause in with_one_field_of(&one, &other) {
            let after = said(&clause);
            prop_assert_ne!(&before[0], &after[0], "{:?}", &clause);
            prop_assert_ne!(&before[1], &after[1], "{:?}", &clause);
        }
    }
}

#[test]
fn what_the_whole_says_is_said_and_what_changes_is_told() {
    let (a, b) = (identity(1), identity(2));
    let make = |terms: &Terms| draft((a.site(), "CH Nord"), &peer(&b, "CH Sud"), Preset::All, terms).unwrap();
    let old = make(&Terms::default());
    let about = |id: &str, contact: &str| About { national_id: id.to_owned(), privacy_contact: contact.to_owned() };
    let terms = Terms {
        all: ClauseTerms { cache_days: Some(7), ..ClauseTerms::default() },
        about: [about("750000001", "dpo@nord.example"), about("", "dpo@sud.example")],
        legal_reference: "Art. L1110-4 CSP".to_owned(),
        purposes: vec![Purpose::Care, Purpose::Emergency],
        not_after: Some(at("2099-01-01T00:00:00Z")),
        ..Terms::default()
    };
    let new = make(&terms);
    for (language, wanted) in [
        (
            Language::English,
            ["care of the patient, danger to life", "L1110-4", "2099-01-01", "750000001", "dpo@sud.example"],
        ),
        (
            Language::French,
            ["soins du patient, urgence vitale", "L1110-4", "2099-01-01", "750000001", "dpo@sud.example"],
        ),
    ] {
        let changes = changes(&old, &new, language);
        let added = changes.added.join("\n");
        assert!(wanted.iter().all(|word| added.contains(word)), "{added}");
        assert_eq!(changes.removed.len(), 2, "the days of copies, of either clause: {:?}", changes.removed);
    }
    let same = changes(&new, &new, Language::French);
    assert_eq!((same.added, same.removed), (vec![], vec![]));
}

#[tokio::test]
async fn either_party_suspends_at_once_and_only_it_resumes() {
    let (a, b) = two_peers().await;
    let ct = facts("1.2.3", "CT");
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let basis = Basis::Agreement(id);
    let permit = reads(&a, &b, &ct).unwrap();
    let said = b.trust.suspend(&id, true).await.unwrap();
    assert!(matches!(b.trust.suspend(&id, true).await, Err(TrustError::State)));
    assert!(a.trust.hear_suspension(&b.site(), said.clone()).await.unwrap().is_some());
    assert!(a.trust.hear_suspension(&b.site(), said.clone()).await.unwrap().is_none(), "told twice, kept once");
    assert_eq!(permit.allows(&ct.study, Level::Pixels), Err(Refusal::Revoked));
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::Suspended);
    assert_eq!(a.trust.may_tell(&b.site(), &ct), None);
    assert_eq!(a.trust.require_going_on(&b.site()), Err(Refusal::Suspended));
    assert!(b.trust.in_force(&a.site(), &basis), "what was told stays listed");
    let person = radiologist();
    let (a_site, b_site) = (a.site(), b.site());
    let there =
        |b: &Site| b.trust.authorize(Caller::Person(&person), &ct, Held::ByPeer(&a_site, &basis), Level::Pixels);
    assert_eq!(there(&b).unwrap_err(), Refusal::Suspended, "closed, copies too");
    assert_eq!(b.trust.cache_days(&basis), 30, "not erased");

    // Ours comes on top; both must resume.
    let ours = a.trust.suspend(&id, true).await.unwrap();
    b.trust.hear_suspension(&a_site, ours).await.unwrap();
    let (a, b) = (a.again(1).await, b.again(2).await);
    for site in [&a, &b] {
        assert_eq!(site.state_of(&id), [AgreementState::Suspended], "it survives a restart");
    }
    let resumed = b.trust.suspend(&id, false).await.unwrap();
    a.trust.hear_suspension(&b_site, resumed).await.unwrap();
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::Suspended);
    assert!(a.trust.hear_suspension(&b_site, said).await.unwrap().is_none(), "an older word does not count");
    let resumed = a.trust.suspend(&id, false).await.unwrap();
    b.trust.hear_suspension(&a_site, resumed).await.unwrap();
    assert!(reads(&a, &b, &ct).is_ok() && there(&b).is_ok());
    let other = Site::open(3);
    a.trust.add_peer(peer(&other.identity, "Clinique")).await.unwrap();
    let forged = other.identity.seal(&Suspension { agreement: id, suspended: true, at: tasks::now() });
    assert!(a.trust.hear_suspension(&other.site(), forged.clone()).await.is_err(), "not its agreement");
    assert!(a.trust.hear_suspension(&b_site, forged).await.is_err(), "not its signature");
    assert_eq!(a.state_of(&id), [AgreementState::Active]);
}

#[tokio::test]
async fn what_was_being_read_is_read_to_its_end_and_nothing_new_is_opened() {
    let (a, b) = two_peers().await;
    let (ct, mr, seen) = (facts("1.2.3", "CT"), facts("1.2.4", "MR"), facts("1.2.5", "CT"));
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    assert!(a.trust.under(&id).is_empty());
    assert!(matches!(a.trust.close(&id, 0).await, Err(TrustError::Refused(Refusal::Malformed))));
    let permit = reads(&a, &b, &ct).unwrap();
    let grant = a.trust.share(&seen.study, &b.site(), &Given::hours(1)).await.unwrap();
    let under = a.trust.under(&id);
    assert_eq!((under.reading.len(), under.grants.len()), (1, 1));

    // B reads what A lent it, and A does not know of it.
    let (person, basis, a_site) = (radiologist(), Basis::Agreement(id), a.site());
    let there = |b: &Site, study: &StudyFacts| {
        b.trust.authorize(Caller::Person(&person), study, Held::ByPeer(&a_site, &basis), Level::Pixels).map(|_| ())
    };
    there(&b, &seen).unwrap();
    let said = a.trust.close(&id, 24).await.unwrap();
    assert!(matches!(a.trust.close(&id, 24).await, Err(TrustError::State)));
    b.trust.hear_closing(&a_site, said.clone()).await.unwrap();
    assert!(b.trust.hear_closing(&a_site, said).await.unwrap().is_none());
    assert_eq!(permit.allows(&ct.study, Level::Pixels), Ok(()), "it is not cut");
    assert!(reads(&a, &b, &ct).is_ok());
    assert_eq!(reads(&a, &b, &mr).unwrap_err(), Refusal::Closing);
    assert_eq!((there(&b, &ct), there(&b, &seen), there(&b, &mr)), (Ok(()), Ok(()), Err(Refusal::Closing)));
    assert!(reads(&a, &b, &seen).is_ok(), "what was shared stays shared");
    assert!(a.trust.share(&mr.study, &b.site(), &Given::hours(1)).await.is_err(), "and nothing more is");
    assert_eq!(a.trust.due(tasks::now()), vec![]);

    // Over a restart nothing is under way but the grant.
    let (a, b) = (a.again(1).await, b.again(2).await);
    assert_eq!(a.state_of(&id), [AgreementState::Closing]);
    assert_eq!(reads(&a, &b, &mr).unwrap_err(), Refusal::Closing);
    a.trust.revoke_grant(&grant.open(&a_site).unwrap().id, &a_site).await.unwrap();
    let due = notices::Due { agreement: id, peer: b.site(), by: a_site };
    assert_eq!(a.trust.due(tasks::now()), vec![], "who reads on is not known yet");
    assert_eq!(a.trust.due(tasks::now().after(Duration::from_secs(16 * 60))), [due]);
    assert_eq!(b.trust.due(tasks::now()), vec![], "who ends it says when");
    let late = tasks::now().after(Duration::from_secs(25 * 3600));
    assert_eq!(b.trust.due(late), [notices::Due { peer: a_site, ..due }], "but not for ever");
    a.trust.end(&id, &a_site).await.unwrap();
    assert_eq!(a.trust.due(late), vec![]);
}

#[tokio::test]
async fn a_version_is_one_above_the_newest_and_never_given_twice() {
    let (a, b) = two_peers().await;
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let known = a.trust.peer(&b.site()).unwrap();
    let next = |modality: &str| {
        let all = only_modality(vec![modality.to_owned()]);
        let terms = Terms { all, replaces: Some(id), ..Terms::default() };
        draft((a.site(), "CH Nord"), &known, Preset::All, &terms).unwrap()
    };
    let versions = |site: &Site| site.trust.agreements().iter().map(|r| r.agreement.version).collect::<Vec<_>>();
    let second = a.trust.offer(next("CT")).await.unwrap();
    let third = a.trust.offer(next("MR")).await.unwrap();
    assert_eq!(versions(&a), [1, 3]);
    b.trust.receive(&a.site(), third).await.unwrap();
    assert!(b.trust.receive(&a.site(), second).await.is_err(), "older than what waits");
    let again = SignedAgreement::draft(&a.identity.key(), &Agreement { version: 3, ..next("US") });
    assert!(b.trust.receive(&a.site(), again).await.is_err(), "another text under the same number");
    let first = SignedAgreement::draft(&a.identity.key(), &Agreement { version: 1, ..next("US") });
    assert!(b.trust.receive(&a.site(), first).await.is_err());
    assert_eq!(versions(&b), [1, 3]);
}

#[tokio::test]
async fn a_restored_site_hears_what_it_forgot_to_have_suspended() {
    let (a, b) = two_peers().await;
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let said = a.trust.suspend(&id, true).await.unwrap();
    b.trust.hear_suspension(&a.site(), said).await.unwrap();
    let restored = Site::open(1);
    restored.trust.add_peer(peer(&b.identity, "CH Sud")).await.unwrap();
    let notices = b.trust.notices_with(&a.site());
    let [protocol::message::Request::Suspension(notice)] = notices.as_slice() else { panic!("{notices:?}") };
    assert!(
        restored.trust.hear_suspension(&b.site(), notice.clone()).await.unwrap().is_none(),
        "not of a stranger's text"
    );
    restored.trust.shut();
    assert!(restored.trust.hear_suspension(&b.site(), notice.clone()).await.unwrap().is_some());
    restored.trust.relearn(&b.site(), &b.trust.known_of(&a.site())).await.unwrap();
    restored.trust.unshut();
    assert_eq!(restored.state_of(&id), [AgreementState::Suspended]);
    assert_eq!(reads(&restored, &b, &facts("1.2.3", "CT")).unwrap_err(), Refusal::Suspended);
}
