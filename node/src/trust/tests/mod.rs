mod agreements;
mod chains;
mod links;

use super::{judge::Question, *};
use proptest::prelude::*;
use protocol::{
    agreement::{Closing, Preset, SignedAgreement, Suspension, Withheld},
    duty::{Duty, OpenCase, Shift, ShiftState, What},
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
    assert!(matches!(a.trust.share(&ct.study, &b.site(), &Given::hours(24)).await, Err(TrustError::NoAgreement)));
    agree(&a, &b, Preset::CaseOnly, &Terms::default()).await;
    assert!(reads(&a, &b, &ct).is_err() && a.trust.may_tell(&b.site(), &ct).is_none());
    assert!(a.trust.share(&ct.study, &b.site(), &Given::hours(0)).await.is_err());
    assert!(a.trust.share(&ct.study, &b.site(), &Given::hours(721)).await.is_err());
    let grant = a.trust.share(&ct.study, &b.site(), &Given::hours(24)).await.unwrap();
    assert!(reads(&a, &b, &ct).is_ok() && reads(&a, &b, &mr).is_err());
    let (basis, _) = a.trust.may_tell(&b.site(), &ct).unwrap();
    let rows: Vec<_> = a.trust.grants().into_iter().map(|row| (row.grant.id, row.grant.study, row.holder)).collect();
    assert_eq!(rows, [(basis.id(), ct.study.clone(), Some(a.site()))]);

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

#[test]
fn records_of_accounts_in_the_same_journal_are_not_taken_for_ours() {
    for accounts in 32..=63 {
        assert!(!Record::KINDS.contains(&accounts), "{accounts}");
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
    let asked =
        Question { holder: &a, reader: &b, study: &study, level: Level::Objects, told: None, by: By::default() };
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
