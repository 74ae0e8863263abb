//! Two sites' cases, exchanged as the control plane would: what each takes, what it refuses, and what survives.

use super::{hear::Heard, *};
use crate::trust::{Peer, Terms, draft as draft_agreement};
use protocol::{
    Refusal,
    agreement::{Preset, Purpose},
    case::event::{Consent, Kind, Particulars, Patient, Priority, Report, Standing},
    message::SiteRecord,
    signed::Signed,
};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

struct Node {
    dir: tempfile::TempDir,
    identity: Arc<Identity>,
    trust: Trust,
    tasks: Tasks,
    cases: Cases,
}

impl Node {
    fn open(seed: u8) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), seed)
    }

    fn open_in(dir: tempfile::TempDir, seed: u8) -> Self {
        let (identity, tasks) = (Arc::new(Identity::from_seed(&[seed; 32])), Tasks::default());
        let journal = Journal::open(&dir.path().join("journal").join("site"), &tasks).unwrap();
        let trust = Trust::open(journal, identity.clone(), &tasks).unwrap();
        let audit = Audit::open(dir.path(), &tasks).unwrap();
        let cases = Cases::open(dir.path(), identity.clone(), trust.clone(), audit, &tasks).unwrap();
        Self { dir, identity, trust, tasks, cases }
    }

    async fn again(self, seed: u8) -> Self {
        let Self { dir, tasks, trust, cases, identity } = self;
        drop((trust, cases, identity));
        assert_eq!(tasks.stop(LONG).await, Vec::<&str>::new());
        Self::open_in(dir, seed)
    }

    fn site(&self) -> SiteId {
        self.identity.site()
    }

    fn peer(&self, name: &str) -> Peer {
        let record =
            SiteRecord { name: name.to_owned(), overlay: Vec::new(), pixels: Vec::new(), issued: Timestamp(1) };
        let record = self.identity.seal(&record);
        Peer { site: self.site(), name: name.to_owned(), record, paired: Timestamp(1), revoked: None }
    }

    async fn does(&self, case: Id128, person: &str, step: Step) -> Result<Arc<Whole>, CaseError> {
        self.cases.act(case, actor(person), step).await
    }
}

fn actor(person: &str) -> Actor {
    Actor { person: person.to_owned(), role: "radiologist".to_owned(), ..Actor::default() }
}

fn ask() -> Ask {
    Ask {
        nonce: tasks::random_id(),
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
        studies: Vec::new(),
        accession: (String::new(), String::new()),
        telephone: String::new(),
        key_images: Vec::new(),
        to: Vec::new(),
    }
}

fn report(text: &str) -> Step {
    Step::Reported(Box::new(Report {
        standing: Standing::Final,
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

/// Asks (a) and reads (b), for these purposes.
async fn two(purposes: &[Purpose]) -> (Node, Node) {
    let (a, b) = (Node::open(1), Node::open(2));
    a.trust.add_peer(b.peer("CH Sud")).await.unwrap();
    b.trust.add_peer(a.peer("CH Nord")).await.unwrap();
    let terms = Terms { purposes: purposes.to_vec(), ..Terms::default() };
    let known = a.trust.peer(&b.site()).unwrap();
    let text = draft_agreement((a.site(), "CH Nord"), &known, Preset::All, &terms).unwrap();
    let offered = a.trust.offer(text.clone()).await.unwrap();
    b.trust.receive(&a.site(), offered).await.unwrap();
    let signed = b.trust.accept(&text.id).await.unwrap();
    a.trust.receive(&b.site(), signed).await.unwrap();
    (a, b)
}

fn offer(to: SiteId) -> Step {
    Step::Offered { to, whom: String::new(), rank: 1, until: Timestamp(u64::MAX) }
}

async fn offered(a: &Node, b: &Node) -> Id128 {
    let name = a.cases.begin(actor("dr.urgence"), ask(), Particulars::default()).await.unwrap().name();
    let _ = a.does(name, "", offer(b.site())).await.unwrap();
    name
}

/// What one says to the other, as its node would.
async fn tell(from: &Node, to: &Node) -> Heard {
    let mut all = Heard::default();
    let names = from.cases.shared_with(&to.site());
    let heads: Heads = names.iter().map(|name| (*name, from.cases.heads(name, &to.site()).unwrap())).collect();
    let lacking = to.cases.lacking_here(&from.site(), &heads);
    for page in from.cases.pages(&to.site(), &lacking) {
        let heard = to.cases.hear(from.site(), page).await.unwrap();
        all.refused.extend(heard.refused);
        all.alarming = all.alarming.or(heard.alarming);
    }
    all
}

async fn told(from: &Node, to: &Node) {
    let heard = tell(from, to).await;
    assert!(heard.refused.is_empty() && heard.alarming.is_none(), "{heard:?}");
}

#[tokio::test]
async fn a_case_goes_between_two_sites_and_outlives_their_restarts() {
    let (a, b) = two(&[Purpose::OnCall]).await;
    let name = offered(&a, &b).await;
    told(&a, &b).await;
    let _ = b.does(name, "dr.garde", Step::Accepted { protocol: String::new() }).await.unwrap();
    let _ = b.does(name, "dr.garde", Step::Claimed).await.unwrap();
    let b = b.again(2).await;
    let _ = b.does(name, "dr.garde", report("hématome")).await.unwrap();
    told(&b, &a).await;
    let a = a.again(1).await;
    let (at_a, at_b) = (a.cases.case(&name).unwrap(), b.cases.case(&name).unwrap());
    assert_eq!(at_a.state, at_b.state);
    assert_eq!(at_a.state.reports[0].report.findings, "hématome");
    let news = a.cases.pages(&b.site(), &a.cases.lacking_here(&b.site(), &Vec::new()));
    assert!(news.is_empty(), "nothing is said twice");
}

#[tokio::test]
async fn two_islands_claim_and_join() {
    let (a, b) = two(&[Purpose::OnCall]).await;
    let name = offered(&a, &b).await;
    told(&a, &b).await;
    let _ = b.does(name, "dr.un", Step::Accepted { protocol: String::new() }).await.unwrap();
    told(&b, &a).await;
    // Each goes on alone.
    let _ = b.does(name, "dr.un", Step::Claimed).await.unwrap();
    let lost = b.does(name, "dr.deux", Step::Claimed).await.unwrap_err();
    assert!(matches!(&lost, CaseError::Void(Void::Claimed { person, .. }) if person == "dr.un"), "{lost}");
    let _ = a.does(name, "dr.urgence", Step::Said { text: "bloc à 3 h".to_owned() }).await.unwrap();
    told(&a, &b).await;
    told(&b, &a).await;
    assert_eq!(a.cases.case(&name).unwrap().state, b.cases.case(&name).unwrap().state);
    assert_eq!(a.cases.case(&name).unwrap().case.heads().len(), 2);
}

#[tokio::test]
async fn a_case_comes_only_under_an_agreement_for_it() {
    let (a, b) = two(&[Purpose::Quality]).await;
    let name = offered(&a, &b).await;
    assert_eq!(tell(&a, &b).await.refused, [(name, Refusal::Purpose)]);
    assert!(b.cases.case(&name).is_none());
    let (c, d) = (Node::open(3), Node::open(4));
    d.trust.add_peer(c.peer("CH Est")).await.unwrap();
    let name = offered(&c, &d).await;
    assert_eq!(tell(&c, &d).await.refused, [(name, Refusal::NotPermitted)]);
}

#[tokio::test]
async fn what_is_forged_or_of_others_is_refused_and_told() {
    let (a, b) = two(&[]).await;
    let name = offered(&a, &b).await;
    let pages = a.cases.pages(&b.site(), &vec![(name, Vec::new())]);
    let all: Vec<Signed<Event>> = pages.into_iter().flatten().collect();
    let request = all[0].open(&a.site()).unwrap();
    // Signed by another than it names.
    let forged = b.identity.seal(&request);
    assert!(b.cases.hear(a.site(), vec![forged]).await.unwrap().is_nothing());
    // Brought by somebody who has no part in it.
    let stranger = Node::open(9);
    let heard = b.cases.hear(stranger.site(), all.clone()).await.unwrap();
    assert_eq!(heard.refused, [(name, Refusal::NotPermitted)]);
    assert!(heard.alarming.is_some());
    // Before what it follows.
    let heard = b.cases.hear(a.site(), vec![all[1].clone()]).await.unwrap();
    assert_eq!(heard.refused, [(name, Refusal::NotHeld)]);
    // A case in which we have no part.
    let alone = a.cases.begin(actor("dr.urgence"), ask(), Particulars::default()).await.unwrap();
    let signed = a.cases.case(&alone.name()).unwrap().lacking(&std::collections::BTreeSet::new());
    let heard = b.cases.hear(a.site(), signed).await.unwrap();
    assert_eq!(heard.refused, [(alone.name(), Refusal::NotPermitted)]);
    // Too many.
    assert!(b.cases.hear(a.site(), vec![all[0].clone(); 300]).await.unwrap().is_nothing());
    assert_eq!(b.cases.all().len(), 0, "nothing of it was kept");
    // Sent twice, it is there once.
    let _ = b.cases.hear(a.site(), [all.clone(), all].concat()).await.unwrap();
    assert_eq!(b.cases.case(&name).unwrap().case.events().len(), 2);
    // A site asks of heads only where it takes part.
    assert_eq!(b.cases.heads(&name, &stranger.site()), None);
    assert_eq!(b.cases.lacking_here(&stranger.site(), &vec![(name, Vec::new())]), [(name, Vec::new())]);
}

#[tokio::test]
async fn a_claim_is_bound_to_the_transaction_that_claimed() {
    let (a, b) = two(&[]).await;
    let name = offered(&a, &b).await;
    told(&a, &b).await;
    let _ = b.does(name, "dr.un", Step::Accepted { protocol: String::new() }).await.unwrap();
    let _ = b.cases.claim_bound(name, actor("dr.un"), "1.2.3").await.unwrap();
    let bound = |node: &Node, transaction| node.cases.bound(&node.cases.case(&name).unwrap(), transaction);
    assert_eq!((bound(&b, "1.2.3"), bound(&b, "1.2.4")), (Bound::Same, Bound::Other));
    for (person, transaction) in [("dr.un", "1.2.3"), ("dr.un", "1.2.4"), ("dr.deux", "1.2.5")] {
        let lost = b.cases.claim_bound(name, actor(person), transaction).await.unwrap_err();
        assert!(matches!(&lost, CaseError::Void(Void::Claimed { person, .. }) if person == "dr.un"), "{lost}");
    }
    // It outlives a restart, and no other site hears of it.
    let b = b.again(2).await;
    assert_eq!((bound(&b, "1.2.3"), bound(&b, "1.2.5")), (Bound::Same, Bound::Other));
    told(&b, &a).await;
    assert_eq!(bound(&a, "1.2.3"), Bound::Unbound);
    // A claim that is taken over, given back or taken anew is bound to nothing.
    let _ = b.does(name, "dr.un", Step::HandedOver { to: "dr.deux".to_owned() }).await.unwrap();
    assert_eq!(bound(&b, "1.2.3"), Bound::Unbound);
    let _ = b.does(name, "dr.deux", Step::Released { reason: "rien".to_owned() }).await.unwrap();
    let _ = b.does(name, "dr.un", Step::Claimed).await.unwrap();
    assert_eq!(bound(&b, "1.2.3"), Bound::Unbound);
    // What a stop left without its binding is bound by the same person.
    let _ = b.cases.claim_bound(name, actor("dr.un"), "1.2.9").await.unwrap();
    assert_eq!((bound(&b, "1.2.9"), bound(&b, "1.2.3")), (Bound::Same, Bound::Other));
}

#[tokio::test]
async fn a_case_that_is_moved_keeps_drafts_and_is_moved_at_both_sites() {
    let (a, b) = two(&[]).await;
    let name = offered(&a, &b).await;
    told(&a, &b).await;
    let _ = b.does(name, "dr.un", Step::Accepted { protocol: String::new() }).await.unwrap();
    let _ = b.cases.claim_bound(name, actor("dr.un"), "1.2.3").await.unwrap();
    let draft = Draft {
        person: "dr.un".to_owned(),
        serial: 1,
        at: tasks::now(),
        standing: Standing::Preliminary,
        indication: String::new(),
        technique: String::new(),
        findings: "occlusion M1".to_owned(),
        conclusion: String::new(),
        language: "fr".to_owned(),
        critical: false,
        read: Vec::new(),
    };
    b.cases.keep_draft(name, draft.clone()).await.unwrap();
    let moves = |from: &str, to: &str| Step::Regulated {
        from: from.to_owned(),
        to: to.to_owned(),
        reason: "ne répond plus".to_owned(),
    };
    let stale = b.does(name, "dr.regul", moves("dr.autre", "dr.deux")).await.unwrap_err();
    assert!(matches!(&stale, CaseError::Void(Void::Claimed { person, .. }) if person == "dr.un"), "{stale}");
    let whole = b.does(name, "dr.regul", moves("dr.un", "dr.deux")).await.unwrap();
    assert!(whole.is_claimed_by(&b.site(), "dr.deux"));
    assert_eq!(b.cases.bound(&whole, "1.2.3"), Bound::Unbound, "a workstation goes on with what was lost");
    for person in ["dr.un", "dr.deux"] {
        let kept = b.cases.draft(name, person.to_owned()).await.unwrap();
        assert_eq!(kept.map(|kept| kept.findings), Some(draft.findings.clone()), "{person}");
    }
    told(&b, &a).await;
    let b = b.again(2).await;
    for node in [&a, &b] {
        let state = node.cases.case(&name).unwrap().state.clone();
        assert_eq!(state.claim.map(|claim| (claim.site, claim.person)), Some((b.site(), "dr.deux".to_owned())));
    }
}

#[tokio::test]
async fn teams_outlive_a_restart_and_the_last_word_counts() {
    let a = Node::open(1);
    let team = |name: &str| Team { name: name.to_owned(), members: vec!["dr.un".to_owned()] };
    a.cases.set_teams(vec![team("Thorax")], actor("admin")).await.unwrap();
    a.cases.set_teams(vec![team("Neuroradiologie"), team("Pédiatrie")], actor("admin")).await.unwrap();
    let a = a.again(1).await;
    assert_eq!(*a.cases.teams(), [team("Neuroradiologie"), team("Pédiatrie")]);
}

#[tokio::test]
async fn the_modality_s_count_is_that_of_all_its_steps_when_they_have_ended() {
    let a = Node::open(1);
    let study: Uid = "1.2.3".parse().unwrap();
    let step = |step: &str, made, instances| Performed {
        step: step.parse().unwrap(),
        study: "1.2.3".parse().unwrap(),
        made,
        instances,
        at: tasks::now(),
    };
    assert_eq!(a.cases.counted(&study), None, "nobody said so");
    for (performed, counted) in [
        (step("1.2.4", Made::InProgress, 0), None),
        (step("1.2.4", Made::Completed, 400), Some(400)),
        (step("1.2.5", Made::InProgress, 3), None),
        (step("1.2.5", Made::Discontinued, 12), Some(412)),
    ] {
        a.cases.perform(performed, actor("CT1")).await.unwrap();
        assert_eq!(a.cases.counted(&study), counted);
    }
    let a = a.again(1).await;
    assert_eq!(a.cases.counted(&study), Some(412));
    assert_eq!(a.cases.performed(&"1.2.5".parse().unwrap()).unwrap().made, Made::Discontinued);
    assert_eq!(a.cases.counted(&"1.2.9".parse().unwrap()), None);
}

#[tokio::test]
async fn figures_tell_why_requests_ended_unread_and_no_other_reason() {
    let (a, b) = two(&[Purpose::OnCall]).await;
    let told = |node: &Node| {
        let (all, delays) = (node.cases.all(), node.cases.delays());
        let nights = (jiff::civil::Date::MIN, jiff::civil::Date::MAX);
        let zone = jiff::tz::TimeZone::UTC;
        Statistics::of(all.iter().map(Arc::as_ref), (&node.cases.settings(), &delays), &zone, nights)
    };
    let withdrawn = offered(&a, &b).await;
    let _ = a.does(withdrawn, "dr.leroy", Step::Cancelled { reason: " transferred ".to_owned() }).await.unwrap();
    let left = a.cases.begin(actor("dr.leroy"), ask(), Particulars::default()).await.unwrap().name();
    let _ = a.does(left, "dr.leroy", Step::Unserved { reason: "read here".to_owned() }).await.unwrap();
    let _ = offered(&a, &b).await;
    let found = told(&a);
    assert_eq!(found.unread, [("read here".to_owned(), 1), ("transferred".to_owned(), 1)]);
    assert_eq!(found.lines.iter().filter(|line| line.unread.is_none()).count(), 1, "one is open");
}

fn draft(person: &str, serial: u64, findings: &str) -> Draft {
    Draft {
        person: person.to_owned(),
        serial,
        at: tasks::now(),
        standing: Standing::Preliminary,
        indication: String::new(),
        technique: String::new(),
        findings: findings.to_owned(),
        conclusion: String::new(),
        language: "fr".to_owned(),
        critical: false,
        read: Vec::new(),
    }
}

#[tokio::test]
async fn a_draft_is_sealed_and_goes_on_with_who_takes_the_case() {
    let (a, b) = two(&[]).await;
    let name = offered(&a, &b).await;
    told(&a, &b).await;
    let _ = b.does(name, "dr.garde", Step::Accepted { protocol: String::new() }).await.unwrap();
    let _ = b.does(name, "dr.garde", Step::Claimed).await.unwrap();
    b.cases.keep_draft(name, draft("dr.garde", 2, "hémorragie frontale gauche")).await.unwrap();
    let stale = b.cases.keep_draft(name, draft("dr.garde", 2, "autre")).await.unwrap_err();
    assert!(matches!(stale, CaseError::Draft(DraftError::Stale)));
    assert_eq!(b.cases.draft(name, "dr.matin".to_owned()).await.unwrap(), None, "not claimed");
    let b = b.again(2).await;
    for entry in std::fs::read_dir(b.dir.path().join("drafts")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(9).any(|w| w == b"frontale "), "a draft lies open on the disk");
    }
    let _ = b.does(name, "", Step::Released { reason: "account-disabled".to_owned() }).await.unwrap();
    let _ = b.does(name, "dr.matin", Step::Claimed).await.unwrap();
    let left = b.cases.draft(name, "dr.matin".to_owned()).await.unwrap().unwrap();
    assert_eq!((left.person.as_str(), left.findings.as_str()), ("dr.garde", "hémorragie frontale gauche"));
    b.cases.drop_draft(name, None).await.unwrap();
    assert_eq!(b.cases.draft(name, "dr.matin".to_owned()).await.unwrap(), None);
}

/// Ten thousand cases as they would be read from the journal.
fn many(us: SiteId) -> Vec<Arc<Whole>> {
    let priorities = [Priority::P0, Priority::P1, Priority::P2, Priority::P3];
    (0..10_000u64)
        .map(|n| {
            let mut ask = ask();
            ask.priority = priorities[usize::try_from(n % 4).unwrap()];
            let event = Event {
                case: case_name(&us, &ask.nonce),
                site: us,
                person: "dr.urgence".to_owned(),
                role: String::new(),
                clock: 0,
                at: Timestamp(n * 7 % 10_007),
                after: Vec::new(),
                step: Step::Requested(Box::new(ask)),
            };
            Arc::new(Whole::of(Case::begin(event).unwrap(), std::collections::BTreeMap::new()))
        })
        .collect()
}

#[test]
fn pages_of_ten_thousand_cases_neither_miss_nor_repeat() {
    let us = SiteId([1; 32]);
    let (all, delays) = (many(us), Delays::new(Arc::default(), Vec::new()));
    let mut filter = Filter { limit: 100, ..Filter::default() };
    let (mut seen, mut slowest) = (Vec::new(), Duration::ZERO);
    loop {
        let started = Instant::now();
        let page = list::page(all.iter(), &filter, &delays, us);
        slowest = slowest.max(started.elapsed());
        assert_eq!(page.total, 10_000);
        seen.extend(page.rows.iter().map(|whole| whole.name()));
        let Some(next) = page.next else { break };
        // The cursor survives its way through a client.
        filter.after = Some(next.to_string().parse().unwrap());
    }
    println!("slowest page of 10,000 cases: {slowest:?}");
    let set: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), set.len()), (10_000, 10_000));
    let first = all.iter().find(|whole| whole.name() == seen[0]).unwrap();
    assert_eq!(first.state.ask.priority, Priority::P0);
}
