//! Every link of a judgement is needed, and the one that fails is named.

use super::*;

/// A chain from pairing to clause in which everything is in order, and each way to break one link of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Paired,
    NotRevoked,
    Countersigned,
    NotEnded,
    NotSuspended,
    NotClosing,
    InPeriod,
    Direction,
    Announced,
    Level,
    Modality,
    Excluded,
    Region,
    RegionExcluded,
    Recent,
    Hours,
    Purpose,
    Case,
    OnDuty,
}
const LINKS: [Link; 19] = [
    Link::Paired,
    Link::NotRevoked,
    Link::Countersigned,
    Link::NotEnded,
    Link::NotSuspended,
    Link::NotClosing,
    Link::InPeriod,
    Link::Direction,
    Link::Announced,
    Link::Level,
    Link::Modality,
    Link::Excluded,
    Link::Region,
    Link::RegionExcluded,
    Link::Recent,
    Link::Hours,
    Link::Purpose,
    Link::Case,
    Link::OnDuty,
];

impl Link {
    /// What the judgement calls it when this is wrong.
    fn named(self) -> judge::Link {
        use protocol::agreement::Check;
        match self {
            Self::Paired => judge::Link::Paired,
            Self::NotRevoked => judge::Link::NotRevoked,
            Self::Countersigned => judge::Link::Countersigned,
            Self::NotEnded => judge::Link::NotEnded,
            Self::NotSuspended => judge::Link::NotSuspended,
            Self::NotClosing => judge::Link::NotClosing,
            Self::InPeriod => judge::Link::NotOver,
            Self::Direction => judge::Link::Direction,
            Self::Announced => judge::Link::Clause(Check::Announced),
            Self::Level => judge::Link::Clause(Check::Level),
            Self::Modality => judge::Link::Clause(Check::Modalities),
            Self::Excluded => judge::Link::Clause(Check::Excluded),
            Self::Region => judge::Link::Clause(Check::Regions),
            Self::RegionExcluded => judge::Link::Clause(Check::RegionsExcluded),
            Self::Recent => judge::Link::Clause(Check::Age),
            Self::Hours => judge::Link::Clause(Check::Hours),
            Self::Purpose => judge::Link::Purpose,
            Self::Case => judge::Link::Case,
            Self::OnDuty => judge::Link::OnDuty,
        }
    }
}

/// Terms that cover the study of [`chain`], but for what is broken.
fn covering(broken: Option<Link>, now: Timestamp, hour_of_now: u16) -> ClauseTerms {
    let is = |link| broken == Some(link);
    let minute = hours::week_minute(now, "Europe/Paris").unwrap().0;
    let span = if is(Link::Hours) {
        ((minute + 60) % 10_080, (minute + 120) % 10_080)
    } else {
        (minute, (minute + 60 + hour_of_now) % 10_080)
    };
    let one = |spoilt: bool, other: &str, usual: &str| vec![if spoilt { other } else { usual }.to_owned()];
    ClauseTerms {
        spans: vec![span],
        modalities: one(is(Link::Modality), "MR", "CT"),
        modalities_excluded: one(is(Link::Excluded), "SR", "MG"),
        regions: one(is(Link::Region), "KNEE", "HEAD"),
        regions_excluded: one(is(Link::RegionExcluded), "NECK", "FOOT"),
        since_days: Some(30),
        with_case: true,
        on_duty: true,
        ..ClauseTerms::default()
    }
}

/// A case of the holder's and a shift of the reader's, but for what is broken.
fn on_duty(broken: Option<Link>, (a, b): (&Identity, &Identity), now: Timestamp) -> [Record; 2] {
    let over = Timestamp(now.0 + 1);
    let until = if broken == Some(Link::Case) { now } else { over };
    let case = OpenCase {
        studies: vec!["1.2.3".parse().unwrap()],
        owner: "dr".to_owned(),
        parties: vec![b.site()],
        until,
        open: true,
    };
    let person = if broken == Some(Link::OnDuty) { "other" } else { "garde" }.to_owned();
    let shift = Shift::of(person, [now, over], ShiftState::Confirmed);
    let said = |by: &Identity, what| Record::Duty {
        signed: by.seal(&Duty { id: Id128([5; 16]), serial: 1, at: now, what }),
        at: now,
    };
    [said(a, What::Case(case)), said(b, What::Shift(shift))]
}

/// The judgement, and which links it said do not hold.
fn chain(
    broken: Option<Link>,
    now: Timestamp,
    hour_of_now: u16,
    on_call: bool,
) -> (Result<(), Refusal>, Vec<judge::Link>) {
    let (a, b) = (identity(1), identity(2));
    let is = |link| broken == Some(link);
    let direction = if is(Link::Direction) { Direction::Theirs } else { Direction::Ours };
    let purposes = vec![Purpose::Care, Purpose::OnCall];
    let terms = Terms { direction, all: covering(broken, now, hour_of_now), purposes, ..Terms::default() };
    let preset = if on_call || is(Link::Hours) { Preset::OnCall } else { Preset::All };
    let mut text = presets::draft_at((a.site(), "A"), &peer(&b, "B"), preset, &terms, now).unwrap();
    if is(Link::InPeriod) {
        text.not_after = Some(now);
    }
    for clause in &mut text.clauses {
        clause.announce = !is(Link::Announced);
        clause.level = if is(Link::Level) { Level::Headers } else { Level::Pixels };
    }
    let mut signed = SignedAgreement::draft(&a.key(), &text);
    if !is(Link::Countersigned) {
        signed.sign(&b.key());
    }
    let mut state = State::new(a.site());
    if !is(Link::Paired) {
        state.apply(Record::PeerAdded(peer(&b, "B")));
    }
    state.apply(Record::Agreement { peer: b.site(), signed });
    if is(Link::NotRevoked) {
        state.apply(Record::PeerRevoked { site: b.site(), at: now });
    }
    if is(Link::NotEnded) {
        state.apply(Record::AgreementEnded { agreement: text.id, by: b.site(), at: now });
    }
    // By either party; of another agreement it means nothing.
    let suspended = Suspension {
        agreement: if is(Link::NotSuspended) { text.id } else { Id128([3; 16]) },
        suspended: true,
        at: now,
    };
    state.apply(Record::AgreementSuspended(if on_call { &a } else { &b }.seal(&suspended)));
    let reading = vec![if is(Link::NotClosing) { "1.2.4" } else { "1.2.3" }.parse().unwrap()];
    let closing = Closing { agreement: text.id, reading, until: Timestamp(now.0 + 1), at: now };
    state.apply(Record::AgreementClosing { signed: b.seal(&closing), reading: Vec::new() });
    for record in on_duty(broken, (&a, &b), now) {
        state.apply(record);
    }
    let today = i64::try_from(now.0 / 86_400_000).unwrap();
    let day = if is(Link::Recent) { today - 31 } else { today };
    let study = StudyFacts {
        modalities: vec!["CT".to_owned(), "SR".to_owned()],
        regions: vec!["HEAD".to_owned(), "NECK".to_owned()],
        day,
        ..facts("1.2.3", "CT")
    };
    let (a, b) = (a.site(), b.site());
    let purpose = Some(if is(Link::Purpose) { Purpose::Quality } else { Purpose::OnCall });
    let by = By { person: Some("garde".to_owned()), purpose, copy: None };
    let asked = Question { holder: &a, reader: &b, study: &study, level: Level::Pixels, told: None, by };
    let mut wrong = Vec::new();
    let verdict = state.judge_aloud(&asked, now, &mut |step| {
        if !step.holds {
            wrong.push(step.link);
        }
    });
    (verdict.map(|_| ()), wrong)
}

/// What can be wrong with a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lacks {
    OtherStudy,
    OtherSite,
    Level,
    Early,
    Late,
    AgreementEnded,
    AgreementSuspended,
    AgreementClosed,
    OtherAgreement,
    Direction,
    Purpose,
    AgreementPurpose,
}
const GIVEN: [Lacks; 12] = [
    Lacks::OtherStudy,
    Lacks::OtherSite,
    Lacks::Level,
    Lacks::Early,
    Lacks::Late,
    Lacks::AgreementEnded,
    Lacks::AgreementSuspended,
    Lacks::AgreementClosed,
    Lacks::OtherAgreement,
    Lacks::Direction,
    Lacks::Purpose,
    Lacks::AgreementPurpose,
];

/// A study shared under a case-by-case agreement, asked for; with what the judgement says is wrong with the grant.
fn given(broken: Option<Lacks>, now: Timestamp, left: u64) -> (Result<(), Refusal>, Vec<judge::Link>) {
    let (a, b) = (identity(1), identity(2));
    let is = |what| broken == Some(what);
    let direction = if is(Lacks::Direction) { Direction::Theirs } else { Direction::Ours };
    let purposes = vec![if is(Lacks::AgreementPurpose) { Purpose::Quality } else { Purpose::Expertise }];
    let terms = Terms { direction, purposes, ..Terms::default() };
    let text = presets::draft_at((a.site(), "A"), &peer(&b, "B"), Preset::CaseOnly, &terms, now).unwrap();
    let mut signed = SignedAgreement::draft(&a.key(), &text);
    signed.sign(&b.key());
    let grant = protocol::grant::Grant {
        id: Id128([7; 16]),
        issuer: a.site(),
        subject: if is(Lacks::OtherSite) { identity(3).site() } else { b.site() },
        basis: if is(Lacks::OtherAgreement) { Id128([8; 16]) } else { text.id },
        study: if is(Lacks::OtherStudy) { "1.2.4" } else { "1.2.3" }.parse().unwrap(),
        level: if is(Lacks::Level) { Level::Headers } else { Level::Pixels },
        not_before: if is(Lacks::Early) { Timestamp(now.0 + 1) } else { now },
        expires: if is(Lacks::Late) { now } else { Timestamp(now.0 + left) },
        kind: protocol::grant::GrantKind::Shared,
        parent: None,
        purpose: is(Lacks::Purpose).then_some(Purpose::Quality),
        copies_max: None,
        forward: Vec::new(),
    };
    let mut state = State::new(a.site());
    state.apply(Record::PeerAdded(peer(&b, "B")));
    state.apply(Record::Agreement { peer: b.site(), signed });
    if is(Lacks::AgreementEnded) {
        state.apply(Record::AgreementEnded { agreement: text.id, by: b.site(), at: now });
    }
    if is(Lacks::AgreementSuspended) {
        state.apply(Record::AgreementSuspended(a.seal(&Suspension { agreement: text.id, suspended: true, at: now })));
    }
    // What was given before lives as long as the agreement takes to end, and no longer.
    let until = if is(Lacks::AgreementClosed) { now } else { Timestamp(now.0 + 1) };
    let closing = Closing { agreement: text.id, reading: Vec::new(), until, at: now };
    state.apply(Record::AgreementClosing { signed: a.seal(&closing), reading: Vec::new() });
    // After the end, as a journal of hand-made records would have it: the grant still does not stand by itself.
    state.apply(Record::Grant(a.seal(&grant)));
    let study = facts("1.2.3", "CT");
    let (a, b) = (a.site(), b.site());
    let by = By { person: None, purpose: Some(Purpose::Expertise), copy: None };
    let asked = Question { holder: &a, reader: &b, study: &study, level: Level::Pixels, told: None, by };
    let (mut wrong, mut at_grant) = (Vec::new(), false);
    let verdict = state.judge_aloud(&asked, now, &mut |step| {
        at_grant |= matches!(step.ground, Ground::Grant(_));
        if at_grant && !step.holds {
            wrong.push(step.link);
        }
    });
    (verdict.map(|_| ()), wrong)
}

proptest! {
    #[test]
    fn every_element_of_a_grant_is_needed_and_named(hour in 0u64..24 * 365, left in 1u64..86_400_000) {
        let now = at("2026-01-01T00:00:00Z").after(Duration::from_secs(hour * 3600));
        prop_assert_eq!(given(None, now, left), (Ok(()), vec![]));
        for broken in GIVEN {
            let (verdict, wrong) = given(Some(broken), now, left);
            prop_assert!(verdict.is_err(), "{:?}", broken);
            let named = match broken {
                // It is not looked at: it is about something else.
                Lacks::OtherStudy | Lacks::OtherSite => vec![],
                Lacks::Level => vec![judge::Link::Grant(GrantCheck::Level)],
                Lacks::Early => vec![judge::Link::Grant(GrantCheck::Begun)],
                Lacks::Late => vec![judge::Link::Grant(GrantCheck::NotOver)],
                Lacks::AgreementEnded => vec![judge::Link::NotEnded],
                Lacks::AgreementSuspended => vec![judge::Link::NotSuspended],
                Lacks::AgreementClosed => vec![judge::Link::NotClosing],
                Lacks::OtherAgreement => vec![judge::Link::Agreed],
                Lacks::Direction => vec![judge::Link::Direction],
                Lacks::Purpose => vec![judge::Link::Grant(GrantCheck::Purpose)],
                Lacks::AgreementPurpose => vec![judge::Link::Purpose],
            };
            prop_assert_eq!(wrong, named, "{:?}", broken);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_link_of_the_chain_is_needed(hour in 0u64..24 * 365, wide in 0u16..600, on_call: bool) {
        let now = at("2026-01-01T00:00:00Z").after(Duration::from_secs(hour * 3600 + 61));
        prop_assert_eq!(chain(None, now, wide, on_call), (Ok(()), vec![]));
        for link in LINKS {
            let (verdict, wrong) = chain(Some(link), now, wide, on_call);
            prop_assert!(verdict.is_err(), "{:?}", link);
            prop_assert_eq!(wrong, vec![link.named()], "the one thing that is wrong is named");
        }
        prop_assert_eq!(chain(Some(Link::Hours), now, wide, on_call).0, Err(Refusal::OutsideHours));
    }
}
