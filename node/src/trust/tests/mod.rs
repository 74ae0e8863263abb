mod agreements;

use super::{judge::Question, *};
use proptest::prelude::*;
use protocol::{
    agreement::{Closing, Preset, SignedAgreement, Suspension, Withheld},
    grant::GrantCheck,
};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

fn identity(seed: u8) -> Arc<Identity> {
    Arc::new(Identity::from_seed(&[seed; 32]))
}
fn peer(of: &Identity, name: &str) -> Peer {
    let record = SiteRecord { name: name.to_owned(), overlay: Vec::new(), pixels: Vec::new(), issued: Timestamp(1) };
    Peer { site: of.site(), name: name.to_owned(), record: of.seal(&record), paired: Timestamp(1), revoked: None }
}
pub(super) fn facts(study: &str, modality: &str) -> StudyFacts {
    let day = i64::try_from(tasks::now().0 / 86_400_000).unwrap();
    StudyFacts {
        study: study.parse().unwrap(),
        modalities: vec![modality.to_owned()],
        regions: Vec::new(),
        day,
        withheld: Withheld::NOTHING,
    }
}
fn only_modality(modalities: Vec<String>) -> ClauseTerms {
    ClauseTerms { modalities, ..ClauseTerms::default() }
}
fn at(text: &str) -> Timestamp {
    Timestamp(u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()).unwrap())
}
pub(super) fn radiologist() -> Person {
    Person::new("garde".to_owned(), Role::Radiologist)
}

/// Two sites' trust, as two nodes would keep it.
pub(super) struct Site {
    dir: tempfile::TempDir,
    identity: Arc<Identity>,
    tasks: Tasks,
    pub(super) trust: Trust,
}

impl Site {
    fn open(seed: u8) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), seed)
    }
    fn open_in(dir: tempfile::TempDir, seed: u8) -> Self {
        let (identity, tasks) = (identity(seed), Tasks::default());
        let trust = Trust::open(Journal::open(dir.path(), &tasks).unwrap(), identity.clone(), &tasks).unwrap();
        Self { dir, identity, tasks, trust }
    }
    pub(super) async fn again(self, seed: u8) -> Self {
        let Self { dir, tasks, trust, .. } = self;
        drop(trust);
        assert_eq!(tasks.stop(LONG).await, Vec::<&str>::new());
        Self::open_in(dir, seed)
    }
    pub(super) fn site(&self) -> SiteId {
        self.identity.site()
    }
    fn state_of(&self, id: &Id128) -> Vec<AgreementState> {
        self.trust.agreements().iter().filter(|r| r.agreement.id == *id).map(|r| r.state).collect()
    }
}

pub(super) async fn two_peers() -> (Site, Site) {
    let (a, b) = (Site::open(1), Site::open(2));
    a.trust.add_peer(peer(&b.identity, "CH Sud")).await.unwrap();
    b.trust.add_peer(peer(&a.identity, "CH Nord")).await.unwrap();
    (a, b)
}

pub(super) async fn agree(a: &Site, b: &Site, preset: Preset, terms: &Terms) -> Id128 {
    let known = a.trust.peer(&b.site()).unwrap();
    let text = draft((a.site(), "CH Nord"), &known, preset, terms).unwrap();
    let offered = a.trust.offer(text.clone()).await.unwrap();
    b.trust.receive(&a.site(), offered).await.unwrap();
    let signed = b.trust.accept(&text.id).await.unwrap();
    a.trust.receive(&b.site(), signed).await.unwrap();
    text.id
}

pub(super) fn reads(a: &Site, b: &Site, study: &StudyFacts) -> Result<Permit, Refusal> {
    a.trust.authorize(Caller::Peer(&b.site()), study, Held::Here, Level::Pixels)
}

#[tokio::test]
async fn after_pairing_nothing_is_shared() {
    let (a, b) = two_peers().await;
    let ct = facts("1.2.3", "CT");
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::NotPermitted);
    assert_eq!(a.trust.may_tell(&b.site(), &ct), None);
    let stranger = Site::open(3);
    assert_eq!(reads(&a, &stranger, &ct).unwrap_err(), Refusal::NotPaired);
}

#[tokio::test]
async fn an_agreement_counts_when_both_signed_it_and_survives_a_restart() {
    let (a, b) = two_peers().await;
    let ct = facts("1.2.3", "CT");
    let known = a.trust.peer(&b.site()).unwrap();
    let text = draft((a.site(), "CH Nord"), &known, Preset::All, &Terms::default()).unwrap();
    let offered = a.trust.offer(text.clone()).await.unwrap();
    assert_eq!(a.state_of(&text.id), [AgreementState::Offered]);
    assert!(reads(&a, &b, &ct).is_err(), "an offer alone shares nothing");
    b.trust.receive(&a.site(), offered.clone()).await.unwrap();
    b.trust.receive(&a.site(), offered).await.unwrap();
    assert_eq!(b.state_of(&text.id), [AgreementState::Received]);
    let signed = b.trust.accept(&text.id).await.unwrap();
    a.trust.receive(&b.site(), signed.clone()).await.unwrap();
    a.trust.receive(&b.site(), signed).await.unwrap();
    assert!(reads(&a, &b, &ct).is_ok());
    let a = a.again(1).await;
    assert!(reads(&a, &b, &ct).is_ok());
    assert_eq!(a.trust.cache_days(&Basis::Agreement(text.id)), 30);
}

#[tokio::test]
async fn nobody_but_the_parties_can_make_or_end_an_agreement() {
    let (a, b) = two_peers().await;
    let c = Site::open(3);
    a.trust.add_peer(peer(&c.identity, "Clinique")).await.unwrap();
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    assert!(matches!(a.trust.end(&id, &c.site()).await, Err(TrustError::NoAgreement)));
    let known = peer(&a.identity, "CH Nord");
    let forged = draft((b.site(), "CH Sud"), &known, Preset::All, &Terms::default()).unwrap();
    let by_c = SignedAgreement::draft(&c.identity.key(), &forged);
    assert!(a.trust.receive(&c.site(), by_c).await.is_err());
    assert_eq!(a.state_of(&id), [AgreementState::Active]);
}

#[tokio::test]
async fn a_narrower_version_supersedes_at_once_and_cuts_only_what_it_drops() {
    let (a, b) = two_peers().await;
    let (ct, mr) = (facts("1.2.3", "CT"), facts("1.2.4", "MR"));
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let (on_ct, on_mr) = (reads(&a, &b, &ct).unwrap(), reads(&a, &b, &mr).unwrap());
    let terms = Terms { all: only_modality(vec!["CT".to_owned()]), replaces: Some(id), ..Terms::default() };
    assert_eq!(agree(&a, &b, Preset::All, &terms).await, id);
    assert_eq!(on_mr.ended().await, Refusal::Revoked);
    assert_eq!(on_ct.allows(&ct.study, Level::Pixels), Ok(()));
    assert!(reads(&a, &b, &mr).is_err());
    assert_eq!(a.trust.agreements()[0].agreement.version, 2);
    assert_eq!(a.trust.agreements().len(), 1);
}

#[tokio::test]
async fn an_old_text_cannot_be_brought_back() {
    let (a, b) = two_peers().await;
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let first = a.trust.state().agreements[&id].active.as_ref().unwrap().signed.clone();
    let terms = Terms { all: only_modality(vec!["CT".to_owned()]), replaces: Some(id), ..Terms::default() };
    agree(&a, &b, Preset::All, &terms).await;
    assert!(a.trust.receive(&b.site(), first.clone()).await.is_err());
    assert!(reads(&a, &b, &facts("1.2.4", "MR")).is_err());
    a.trust.end(&id, &a.site()).await.unwrap();
    assert!(a.trust.receive(&b.site(), first).await.is_err());
    assert_eq!(a.state_of(&id), [AgreementState::Ended]);
}

#[tokio::test]
async fn crossed_offers_leave_one_text_at_both() {
    let (a, b) = two_peers().await;
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let terms = |modality: &str| Terms {
        all: only_modality(vec![modality.to_owned()]),
        replaces: Some(id),
        ..Terms::default()
    };
    let at_b = a.trust.peer(&b.site()).unwrap();
    let at_a = b.trust.peer(&a.site()).unwrap();
    let from_a = a.trust.offer(draft((a.site(), "CH Nord"), &at_b, Preset::All, &terms("CT")).unwrap()).await.unwrap();
    let from_b = b.trust.offer(draft((b.site(), "CH Sud"), &at_a, Preset::All, &terms("MR")).unwrap()).await.unwrap();
    let (to_a, to_b) = (a.trust.receive(&b.site(), from_b).await, b.trust.receive(&a.site(), from_a).await);
    assert_eq!((to_a.is_ok(), to_b.is_ok()), (b.site() < a.site(), a.site() < b.site()));
}

#[tokio::test]
async fn ending_and_revoking_cut_before_they_return() {
    let (a, b) = two_peers().await;
    let ct = facts("1.2.3", "CT");
    let id = agree(&a, &b, Preset::All, &Terms::default()).await;
    let permit = reads(&a, &b, &ct).unwrap();
    a.trust.end(&id, &b.site()).await.unwrap();
    assert_eq!(permit.allows(&ct.study, Level::Pixels), Err(Refusal::Revoked));
    agree(&a, &b, Preset::All, &Terms::default()).await;
    let permit = reads(&a, &b, &ct).unwrap();
    a.trust.revoke_peer(&b.site()).await.unwrap();
    assert_eq!(permit.ended().await, Refusal::Revoked);
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::NotPaired);
    assert_eq!(a.trust.farewells(), [b.site()]);
    let a = a.again(1).await;
    assert_eq!(reads(&a, &b, &ct).unwrap_err(), Refusal::NotPaired);
    assert_eq!(a.trust.farewells(), [b.site()], "it is still to be told");
    a.trust.farewell_done(&b.site()).await.unwrap();
    assert_eq!(a.trust.farewells(), []);
}

#[tokio::test]
async fn a_grant_opens_one_study_to_one_peer_for_its_time() {
    let (a, b) = two_peers().await;
    let (ct, mr) = (facts("1.2.3", "CT"), facts("1.2.4", "MR"));
    assert!(matches!(a.trust.share(&ct.study, &b.site(), 24).await, Err(TrustError::NoAgreement)));
    agree(&a, &b, Preset::CaseOnly, &Terms::default()).await;
    assert!(reads(&a, &b, &ct).is_err() && a.trust.may_tell(&b.site(), &ct).is_none());
    assert!(a.trust.share(&ct.study, &b.site(), 0).await.is_err());
    assert!(a.trust.share(&ct.study, &b.site(), 721).await.is_err());
    let grant = a.trust.share(&ct.study, &b.site(), 24).await.unwrap();
    assert!(reads(&a, &b, &ct).is_ok() && reads(&a, &b, &mr).is_err());
    let (basis, _) = a.trust.may_tell(&b.site(), &ct).unwrap();
    assert_eq!(a.trust.granted(&b.site()), [(ct.study.clone(), basis)]);

    assert!(!b.trust.in_force(&a.site(), &basis), "B has not got it yet");
    b.trust.receive_grant(&a.site(), grant.clone()).await.unwrap();
    assert!(b.trust.in_force(&a.site(), &basis));
    let person = radiologist();
    let held = Held::ByPeer(&a.identity.site(), &basis);
    assert!(b.trust.authorize(Caller::Person(&person), &ct, held.clone(), Level::Pixels).is_ok());
    assert_eq!(
        b.trust.authorize(Caller::Person(&person), &mr, held, Level::Pixels).unwrap_err(),
        Refusal::NotPermitted
    );

    let permit = reads(&a, &b, &ct).unwrap();
    let id = grant.open(&a.site()).unwrap().id;
    a.trust.revoke_grant(&id, &b.site()).await.unwrap();
    assert_eq!(permit.allows(&ct.study, Level::Pixels), Ok(()), "only who gave it takes it back");
    a.trust.revoke_grant(&id, &a.site()).await.unwrap();
    assert_eq!(permit.ended().await, Refusal::Revoked);
}

#[tokio::test]
async fn people_here_read_by_role_and_peers_studies_by_the_same_chain() {
    let (a, b) = two_peers().await;
    let ct = facts("1.2.3", "CT");
    let id = agree(&a, &b, Preset::All, &Terms { direction: Direction::Ours, ..Terms::default() }).await;
    let basis = Basis::Agreement(id);
    let person = radiologist();
    let auditor = Person::new("dpo".to_owned(), Role::Auditor);
    let ours = |who| b.trust.authorize(Caller::Person(who), &ct, Held::Here, Level::Objects);
    assert!(ours(&person).is_ok());
    assert_eq!(ours(&auditor).unwrap_err(), Refusal::Role);
    let a_site = a.site();
    let theirs = |who| b.trust.authorize(Caller::Person(who), &ct, Held::ByPeer(&a_site, &basis), Level::Pixels);
    let permit = theirs(&person).unwrap();
    assert_eq!(theirs(&auditor).unwrap_err(), Refusal::Role);
    assert_eq!(reads(&b, &a, &ct).unwrap_err(), Refusal::NotPermitted, "one direction only");
    let b_site = b.site();
    let through = a.trust.authorize(Caller::Peer(&b_site), &ct, Held::ByPeer(&b_site, &basis), Level::Card);
    assert_eq!(through.unwrap_err(), Refusal::NotPermitted, "what is lent is not lent on");
    b.trust.end(&id, &a.site()).await.unwrap();
    assert_eq!(permit.allows(&ct.study, Level::Card), Err(Refusal::Revoked));
    assert!(!b.trust.in_force(&a.site(), &basis));
}

#[tokio::test]
async fn mail_waits_over_a_restart_until_it_is_done() {
    let (a, b) = two_peers().await;
    let mail = a.trust.keep_mail(&b.site(), protocol::message::Request::Nudge).await.unwrap();
    let a = a.again(1).await;
    assert_eq!(a.trust.mail_for(&b.site()), std::slice::from_ref(&mail));
    a.trust.mail_done(&mail.id).await.unwrap();
    let a = a.again(1).await;
    assert_eq!(a.trust.mail_for(&b.site()), []);
}

#[tokio::test]
async fn a_peer_is_found_by_key_start_of_key_or_name() {
    let (a, b) = two_peers().await;
    for text in [b.site().to_string(), b.site().short(), "ch sud".to_owned()] {
        assert_eq!(a.trust.find_peer(&text).map(|p| p.site), Some(b.site()), "{text}");
    }
    assert!(a.trust.find_peer("CH").is_none());
    let c = Site::open(3);
    a.trust.add_peer(peer(&c.identity, "CH Sud")).await.unwrap();
    assert!(a.trust.find_peer("CH Sud").is_none(), "two of that name");
}

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
}
const LINKS: [Link; 16] = [
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
        ..ClauseTerms::default()
    }
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
    let terms = Terms { direction, all: covering(broken, now, hour_of_now), ..Terms::default() };
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
    let today = i64::try_from(now.0 / 86_400_000).unwrap();
    let day = if is(Link::Recent) { today - 31 } else { today };
    let study = StudyFacts {
        modalities: vec!["CT".to_owned(), "SR".to_owned()],
        regions: vec!["HEAD".to_owned(), "NECK".to_owned()],
        day,
        ..facts("1.2.3", "CT")
    };
    let (a, b) = (a.site(), b.site());
    let asked = Question { holder: &a, reader: &b, study: &study, level: Level::Pixels, told: None };
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
enum Given {
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
}
const GIVEN: [Given; 10] = [
    Given::OtherStudy,
    Given::OtherSite,
    Given::Level,
    Given::Early,
    Given::Late,
    Given::AgreementEnded,
    Given::AgreementSuspended,
    Given::AgreementClosed,
    Given::OtherAgreement,
    Given::Direction,
];

/// A study shared under a case-by-case agreement, asked for; with what the judgement says is wrong with the grant.
fn given(broken: Option<Given>, now: Timestamp, left: u64) -> (Result<(), Refusal>, Vec<judge::Link>) {
    let (a, b) = (identity(1), identity(2));
    let is = |what| broken == Some(what);
    let direction = if is(Given::Direction) { Direction::Theirs } else { Direction::Ours };
    let terms = Terms { direction, ..Terms::default() };
    let text = presets::draft_at((a.site(), "A"), &peer(&b, "B"), Preset::CaseOnly, &terms, now).unwrap();
    let mut signed = SignedAgreement::draft(&a.key(), &text);
    signed.sign(&b.key());
    let grant = protocol::grant::Grant {
        id: Id128([7; 16]),
        issuer: a.site(),
        subject: if is(Given::OtherSite) { identity(3).site() } else { b.site() },
        basis: if is(Given::OtherAgreement) { Id128([8; 16]) } else { text.id },
        study: if is(Given::OtherStudy) { "1.2.4" } else { "1.2.3" }.parse().unwrap(),
        level: if is(Given::Level) { Level::Headers } else { Level::Pixels },
        not_before: if is(Given::Early) { Timestamp(now.0 + 1) } else { now },
        expires: if is(Given::Late) { now } else { Timestamp(now.0 + left) },
        kind: protocol::grant::GrantKind::Shared,
    };
    let mut state = State::new(a.site());
    state.apply(Record::PeerAdded(peer(&b, "B")));
    state.apply(Record::Agreement { peer: b.site(), signed });
    if is(Given::AgreementEnded) {
        state.apply(Record::AgreementEnded { agreement: text.id, by: b.site(), at: now });
    }
    if is(Given::AgreementSuspended) {
        state.apply(Record::AgreementSuspended(a.seal(&Suspension { agreement: text.id, suspended: true, at: now })));
    }
    // What was given before lives as long as the agreement takes to end, and no longer.
    let until = if is(Given::AgreementClosed) { now } else { Timestamp(now.0 + 1) };
    let closing = Closing { agreement: text.id, reading: Vec::new(), until, at: now };
    state.apply(Record::AgreementClosing { signed: a.seal(&closing), reading: Vec::new() });
    // After the end, as a journal of hand-made records would have it: the grant still does not stand by itself.
    state.apply(Record::Grant(a.seal(&grant)));
    let study = facts("1.2.3", "CT");
    let (a, b) = (a.site(), b.site());
    let asked = Question { holder: &a, reader: &b, study: &study, level: Level::Pixels, told: None };
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
                Given::OtherStudy | Given::OtherSite => vec![],
                Given::Level => vec![judge::Link::Grant(GrantCheck::Level)],
                Given::Early => vec![judge::Link::Grant(GrantCheck::Begun)],
                Given::Late => vec![judge::Link::Grant(GrantCheck::NotOver)],
                Given::AgreementEnded => vec![judge::Link::NotEnded],
                Given::AgreementSuspended => vec![judge::Link::NotSuspended],
                Given::AgreementClosed => vec![judge::Link::NotClosing],
                Given::OtherAgreement => vec![judge::Link::Agreed],
                Given::Direction => vec![judge::Link::Direction],
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

#[test]
fn an_on_call_permit_ends_with_the_hours() {
    let (a, b) = (identity(1), identity(2));
    let now = at("2026-01-05T20:00:00Z");
    let text = presets::draft_at((a.site(), "A"), &peer(&b, "B"), Preset::OnCall, &Terms::default(), now).unwrap();
    let mut signed = SignedAgreement::draft(&a.key(), &text);
    signed.sign(&b.key());
    let mut state = State::new(a.site());
    state.apply(Record::PeerAdded(peer(&b, "B")));
    state.apply(Record::Agreement { peer: b.site(), signed });
    let study = facts("1.2.3", "CT");
    let (a, b) = (a.site(), b.site());
    let asked = Question { holder: &a, reader: &b, study: &study, level: Level::Objects, told: None };
    let verdict = state.judge(&asked, now).unwrap();
    assert_eq!(verdict.until, Some(at("2026-01-06T07:00:00Z")));
    let noon = at("2026-01-06T11:00:00Z");
    assert_eq!(state.judge(&asked, noon).unwrap_err(), Refusal::OutsideHours);
    assert!(state.may_tell(&b, &study, noon).is_some(), "it stays listed");
    let weekend = at("2026-01-10T11:00:00Z");
    assert_eq!(state.judge(&asked, weekend).unwrap().until, Some(at("2026-01-12T07:00:00Z")));
}

#[tokio::test]
async fn an_explanation_says_what_authorize_says_and_why_in_two_languages() {
    let (a, b) = two_peers().await;
    let (ct, mr) = (facts("1.2.3", "CT"), facts("1.2.4", "MR"));
    let b_site = b.site();
    let why = |study: &StudyFacts, at| a.trust.explain(&Caller::Peer(&b_site), study, &Held::Here, Level::Pixels, at);
    let none = why(&ct, tasks::now());
    assert_eq!(none.verdict, Err(reads(&a, &b, &ct).unwrap_err()));
    assert_eq!(none.note(), "agreed");
    let terms = Terms { all: only_modality(vec!["CT".to_owned()]), ..Terms::default() };
    let id = agree(&a, &b, Preset::All, &terms).await;
    let yes = why(&ct, tasks::now());
    assert_eq!(yes.verdict, Ok((reads(&a, &b, &ct).unwrap().basis, None)));
    assert!(yes.steps.iter().all(|s| s.step.holds) && yes.wrong().next().is_none());
    let no = why(&mr, tasks::now());
    assert_eq!(no.verdict, Err(reads(&a, &b, &mr).unwrap_err()));
    let wrong: Vec<_> = no.wrong().collect();
    assert_eq!(wrong.len(), 1);
    assert_eq!((wrong[0].version, wrong[0].english.as_str()), (Some(1), "the study is MR; agreed: CT"));
    assert_eq!(wrong[0].french, "l’étude est MR ; convenu : CT");
    assert_eq!(no.note(), format!("agreement {id} v1: modalities"));
    let before = why(&ct, at("2020-01-01T00:00:00Z"));
    assert_eq!(before.note(), format!("agreement {id} v1: begun"), "asked for another time");
    a.trust.revoke_peer(&b.site()).await.unwrap();
    assert_eq!(why(&ct, tasks::now()).note(), "not-revoked");
}
