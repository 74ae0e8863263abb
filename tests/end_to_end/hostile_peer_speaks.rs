//! A paired site whose key is in bad hands says on the control plane what it may not say, and says it badly: nothing of it
//! takes effect, admins are told, the log does not fill, and another peer is served as before.

use crate::hostile_peer_asks::Scene;
use ed25519_dalek::SigningKey;
use protocol::{
    Digest, Refusal, SiteId, Timestamp, Uid,
    agreement::{About, Agreement, Clause, Ending, Field, Level, Party, Preset, SignedAgreement},
    catalog::{Basis, Change, Cursor, Entry, Offer, Page},
    grant::{Grant, GrantKind},
    ids::Id128,
    ledger::{Crossing, Hash, Head},
    manifest::{Completeness, Patient, StudyCard},
    message::{Answer, Request, SiteRecord},
    signed::Signed,
    wire,
};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};
use tests::{
    eventually,
    tools::control::{Peer, framed, seed_of_folder},
    wait::holds,
};

/// Questions of the flood.
const MANY: usize = 5_000;
/// Waves of a flood, at most.
const WAVES: usize = 40;
/// Records that any number of messages of one peer may cost, with what the peers do otherwise meanwhile.
const RECORDS_MAX: u64 = 100;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

fn id_of(key: &SigningKey) -> SiteId {
    SiteId(key.verifying_key().to_bytes())
}

/// The keys of the battle: the holder's is only known by name.
struct Keys {
    hostile: SigningKey,
    stranger: SigningKey,
    holder: SiteId,
    honest: SiteId,
}

impl Keys {
    async fn of(scene: &Scene) -> Self {
        Self {
            hostile: SigningKey::from_bytes(&seed_of_folder(&scene.peers[1].dir())),
            stranger: SigningKey::from_bytes(&[77; 32]),
            holder: scene.holder.id().await.parse().unwrap(),
            honest: id_of(&SigningKey::from_bytes(&seed_of_folder(&scene.peers[0].dir()))),
        }
    }

    fn us(&self) -> SiteId {
        id_of(&self.hostile)
    }

    /// Everything, for the hostile site.
    fn text(&self, id: Id128, version: u32, other: SiteId) -> Agreement {
        let clause = Clause {
            holder: other,
            reader: self.us(),
            announce: true,
            level: Level::Objects,
            modalities: Vec::new(),
            modalities_excluded: Vec::new(),
            regions: Vec::new(),
            regions_excluded: Vec::new(),
            since_days: None,
            hours: None,
            fields: vec![Field::PatientName],
            cache_days: 3650,
            onward: true,
            kbits_max: None,
            break_glass: None,
            with_case: false,
            on_duty: false,
            presence: false,
        };
        Agreement {
            id,
            version,
            parties: [Party { site: self.us(), name: "CH".into() }, Party { site: other, name: "CH Nord".into() }],
            about: [About::default(), About::default()],
            legal_reference: String::new(),
            purposes: Vec::new(),
            preset: Preset::All,
            clauses: vec![clause],
            not_before: Timestamp(0),
            not_after: None,
            drafted: now(),
        }
    }

    /// Signed by the hostile site and, in the name of the other, by a stranger's key.
    fn forged(&self, text: &Agreement) -> Request {
        let mut signed = SignedAgreement::draft(&self.hostile, text);
        signed.sign(&self.stranger);
        let mut bytes = wire::encode(&Request::Agreement(signed));
        let (stranger, holder) = (id_of(&self.stranger).0, self.holder.0);
        let at = bytes.windows(32).rposition(|window| window == stranger).expect("the stranger has signed");
        bytes[at..at + 32].copy_from_slice(&holder);
        wire::decode(&bytes).unwrap()
    }

    fn grant(&self, issuer: SiteId, subject: SiteId, basis: Id128, study: &Uid) -> Grant {
        Grant {
            id: Id128([8; 16]),
            issuer,
            subject,
            basis,
            study: study.clone(),
            level: Level::Objects,
            not_before: Timestamp(0),
            expires: Timestamp(now().0 + 3_600_000),
            kind: GrantKind::Shared,
            parent: None,
            purpose: None,
            copies_max: None,
            forward: Vec::new(),
        }
    }

    fn crossing(&self, site: SiteId, peer: SiteId, study: &Uid) -> Crossing {
        Crossing {
            site,
            peer,
            place: 1,
            leaf: Hash::leaf(b"record"),
            number: 1,
            at: now(),
            act: "study-served".into(),
            outcome: "done".into(),
            person: "durand".into(),
            role: "radiologist".into(),
            of_site: Some(site),
            study: Some(study.clone()),
            basis: None,
            instances: 1,
            bytes: 1,
        }
    }
}

fn record(name: &str) -> SiteRecord {
    let addresses = vec!["127.0.0.1:9".to_owned()];
    SiteRecord { name: name.to_owned(), overlay: addresses.clone(), pixels: addresses, issued: now() }
}

fn hello(key: &SigningKey, record: &SiteRecord) -> Request {
    Request::Hello { record: Signed::seal(key, record), now: now() }
}

/// What the holder says of peers and agreements: nothing of what is thrown may change it.
async fn standing(scene: &Scene) -> Value {
    let mut peers = scene.holder.get("/api/peers").await.ok().json();
    for peer in peers.as_array_mut().unwrap() {
        // Who is connected is not what is agreed.
        let (site, name) = (peer["site"].clone(), peer["name"].clone());
        *peer = serde_json::json!([site, name]);
    }
    let agreements = scene.holder.get("/api/agreements").await.ok().json();
    serde_json::json!([peers, agreements])
}

/// Said in the right form, and never right.
fn lies(keys: &Keys, scene: &Scene) -> Vec<(&'static str, Request)> {
    let [of_honest, of_hostile] = [0, 1].map(|n| scene.agreements[n].parse::<Id128>().unwrap());
    let (kept, told) = (Uid::parse(&scene.kept[0].study).unwrap(), Uid::parse(&scene.told[0].study).unwrap());
    let seal = |grant: &Grant| Request::Grant(Signed::seal(&keys.hostile, grant));
    let us = keys.us();
    let ending = |agreement| Ending { agreement, at: now() };
    let text = |id, other| keys.text(id, 9, other);
    let mut old = text(of_hostile, keys.holder);
    old.version = 1;
    let mut strange = text(Id128([3; 16]), keys.holder);
    strange.clauses[0].holder = keys.honest;
    let mut named = text(Id128([4; 16]), keys.holder);
    named.parties[0].name = "CH\u{202e}droN".into();
    vec![
        ("the holder's signature forged", keys.forged(&text(Id128([2; 16]), keys.holder))),
        ("a next version with a forged signature", keys.forged(&text(of_hostile, keys.holder))),
        (
            "an agreement of others",
            Request::Agreement(SignedAgreement::draft(&keys.hostile, &text(Id128([5; 16]), keys.honest))),
        ),
        (
            "another peer's agreement replaced",
            Request::Agreement(SignedAgreement::draft(&keys.hostile, &text(of_honest, keys.holder))),
        ),
        ("the version in force again, changed", Request::Agreement(SignedAgreement::draft(&keys.hostile, &old))),
        ("a clause about a third site", Request::Agreement(SignedAgreement::draft(&keys.hostile, &strange))),
        ("a name that turns the writing", Request::Agreement(SignedAgreement::draft(&keys.hostile, &named))),
        (
            "a stranger's agreement",
            Request::Agreement(SignedAgreement::draft(&keys.stranger, &text(Id128([6; 16]), keys.holder))),
        ),
        ("the end of another peer's agreement", Request::End(Signed::seal(&keys.hostile, &ending(of_honest)))),
        ("an end signed by a stranger", Request::End(Signed::seal(&keys.stranger, &ending(of_hostile)))),
        ("a grant in the holder's name", seal(&keys.grant(keys.holder, us, of_hostile, &kept))),
        (
            "a grant signed by a stranger",
            Request::Grant(Signed::seal(&keys.stranger, &keys.grant(us, keys.holder, of_hostile, &told))),
        ),
        ("a grant for a third site", seal(&keys.grant(us, keys.honest, of_hostile, &told))),
        ("a grant under another peer's agreement", seal(&keys.grant(us, keys.holder, of_honest, &told))),
        (
            "a grant for years",
            seal(&Grant { expires: Timestamp(u64::MAX), ..keys.grant(us, keys.holder, of_hostile, &told) }),
        ),
    ]
}

/// The same, of names, logs and offers.
fn other_lies(keys: &Keys, scene: &Scene) -> Vec<(&'static str, Request)> {
    let (kept, told) = (Uid::parse(&scene.kept[0].study).unwrap(), Uid::parse(&scene.told[0].study).unwrap());
    let us = keys.us();
    let crossing = |site, peer| keys.crossing(site, peer, &kept);
    let head = |site| Head { site, size: 9, root: Hash::leaf(b"root"), at: now() };
    let shown = |key: &SigningKey, site| Request::LedgerHead {
        head: Signed::seal(key, &head(site)),
        from: 3,
        proof: vec![Hash::leaf(b"x"); 4],
    };
    let offer = |to, study: &Uid| Offer { to, study: study.clone(), manifest: Digest([1; 32]), at: now() };
    vec![
        ("a record signed by a stranger", hello(&keys.stranger, &record("CH"))),
        ("another peer's name", hello(&keys.hostile, &record(" chu  SUD"))),
        ("a name that hides", hello(&keys.hostile, &record("CH\u{200b}U Sud"))),
        ("a name with a line break", hello(&keys.hostile, &record("CH\nadmin signed in"))),
        (
            "an event signed by a stranger",
            Request::Witness(vec![Signed::seal(&keys.stranger, &crossing(us, keys.holder))]),
        ),
        (
            "an event of another site's log",
            Request::Witness(vec![Signed::seal(&keys.hostile, &crossing(keys.honest, keys.holder))]),
        ),
        ("an event with a third site", Request::Witness(vec![Signed::seal(&keys.hostile, &crossing(us, keys.honest))])),
        ("the head of another site's log", shown(&keys.hostile, keys.honest)),
        ("a head signed by a stranger", shown(&keys.stranger, us)),
        ("a head that does not follow", shown(&keys.hostile, us)),
        (
            "proofs of what is not there",
            Request::LedgerProve { size: u64::MAX, places: vec![u64::MAX; 64], old: Some(u64::MAX) },
        ),
        ("an offer for a third site", Request::Offer(Signed::seal(&keys.hostile, &offer(keys.honest, &told)))),
        ("an offer signed by a stranger", Request::Offer(Signed::seal(&keys.stranger, &offer(keys.holder, &told)))),
        ("the card of a study it never signed", Request::CardBack { study: kept.clone() }),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_it_makes_up_takes_effect() {
    let scene = Scene::set().await;
    let keys = Keys::of(&scene).await;
    let peer = Peer::dial(keys.hostile.to_bytes(), scene.holder.overlay(), |_| None).await.unwrap();
    let before = standing(&scene).await;
    for (what, request) in lies(&keys, &scene).into_iter().chain(other_lies(&keys, &scene)) {
        let answer = peer.ask(&request).await;
        // To end what one has no part in is answered as done, since nothing of it stands; whether it had an effect is seen below.
        let is_refused = match answer {
            Some(Answer::Refused(_)) => true,
            // "Prove it from the head that is held": nothing was taken.
            Some(Answer::LedgerHeld(_)) => what == "a head that does not follow",
            Some(Answer::Done) => what.starts_with("the end of another"),
            _ => false,
        };
        assert!(is_refused, "{what}: {answer:?}");
        assert_eq!(standing(&scene).await, before, "{what}");
    }
    scene.others_are_served().await;
    let alerts = scene.alerts().await;
    assert!(alerts.iter().any(|note| note == "messages that are not what they should be"), "{alerts:?}");
    // What it may not know it is not told, however it asks.
    let kept = Uid::parse(&scene.kept[0].study).unwrap();
    let told = Uid::parse(&scene.told[0].study).unwrap();
    let Some(Answer::Nearline(lying)) = peer.ask(&Request::Where(vec![kept.clone(), told])).await else { panic!() };
    assert_eq!(lying, []);
    for cursor in [Cursor::default(), Cursor { epoch: 1, position: u64::MAX }] {
        let Some(Answer::Page(page)) = peer.ask(&Request::Pull(cursor)).await else { panic!("no page") };
        let named = page.entries.iter().map(|entry| match &entry.change {
            Change::Told { card, .. } => card.open(&keys.holder).unwrap().study,
            Change::Withdrawn { study } => study.clone(),
        });
        assert!(named.into_iter().all(|study| study != kept), "the uncovered study is named");
    }
    // A stranger's key is not let in at all, and neither is that of a site that said goodbye.
    let unheard = match Peer::dial(keys.stranger.to_bytes(), scene.holder.overlay(), |_| None).await {
        Some(stranger) => stranger.ask(&Request::Nudge).await,
        None => None,
    };
    assert_eq!(unheard, None);
    assert_eq!(peer.ask(&Request::Goodbye).await, Some(Answer::Done));
    eventually!(10, "it is let in no more", {
        let again = Peer::dial(keys.hostile.to_bytes(), scene.holder.overlay(), |_| None).await;
        let answer = match &again {
            Some(again) => again.ask(&Request::Pull(Cursor::default())).await,
            None => None,
        };
        holds(matches!(answer, None | Some(Answer::Refused(Refusal::NotPaired))))
    });
    scene.others_are_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_and_floods_cost_others_nothing() {
    let scene = Scene::set().await;
    let keys = Keys::of(&scene).await;
    scene.others_are_served().await;
    let before = (scene.newest().await, scene.holder.memory(false), standing(&scene).await);
    let peer = Peer::dial(keys.hostile.to_bytes(), scene.holder.overlay(), |_| None).await.unwrap();
    let good = wire::encode(&Request::Pull(Cursor::default()));
    let with = |length: u32, body: &[u8]| [&length.to_le_bytes()[..], body].concat();
    let version = |version: u8| framed(&[&[version], &good[1..]].concat());
    for (what, frame) in [
        ("a length of 4 GiB", with(u32::MAX, &good)),
        ("a length over the bound", with((1 << 20) + 1, &[0; 1 << 16])),
        ("a frame that ends early", with(4096, &good)),
        ("no length", vec![1]),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(peer.throw(frame).await, None, "{what}");
        scene.others_are_served().await;
    }
    let refusal = |answer: Option<Vec<u8>>| match answer.map(|bytes| wire::decode(&bytes)) {
        Some(Ok(Answer::Refused(why))) => why,
        other => panic!("{other:?}"),
    };
    for older_or_newer in [0, 2, 255] {
        assert_eq!(refusal(peer.throw(version(older_or_newer)).await), Refusal::Version);
    }
    for (what, body) in
        [("nothing", vec![1]), ("noise", vec![1; 4096]), ("more than it says", [&good[..], &[0]].concat())]
    {
        assert_eq!(refusal(peer.throw(framed(&body)).await), Refusal::Malformed, "{what}");
    }
    // Everything at once: nudges, questions, greetings under ever new addresses, lists at their bounds.
    let uids: Vec<Uid> = (0..1000).map(|n| Uid::parse(&format!("1.2.{n}")).unwrap()).collect();
    let flood = (0..MANY).map(|n| match n % 4 {
        0 => peer.ask_soon(Request::Nudge),
        1 => peer.ask_soon(Request::Pull(Cursor::default())),
        2 => peer.ask_soon(Request::Where(uids.clone())),
        _ => peer.ask_soon(Request::CardBack { study: uids[n % 1000].clone() }),
    });
    let answers = futures::future::join_all(flood);
    let meanwhile = async {
        for _ in 0..10 {
            scene.others_are_served().await;
        }
    };
    let (answers, ()) = tokio::join!(answers, meanwhile);
    let heard = answers.iter().flatten().count();
    println!("{heard} of {MANY} answered");
    assert!(heard > 0, "a peer that asks much is still answered what it may ask");
    scene.others_are_served().await;
    let written = scene.newest().await - before.0;
    assert!(written < RECORDS_MAX, "{written} records");
    let grown = scene.holder.memory(false).saturating_sub(before.1);
    assert!(grown < 96 << 20, "memory grew by {grown} bytes");
    assert_eq!(standing(&scene).await, before.2);
}

/// Notices that a site may tell, each a little other than the one before.
fn gossip(keys: &Keys, scene: &Scene, number: usize) -> Request {
    let told = Uid::parse(&scene.told[0].study).unwrap();
    match number % 4 {
        0 => Request::Nudge,
        1 => {
            let addresses = vec![format!("127.0.0.1:{}", 1024 + number)];
            let (overlay, pixels) = (addresses.clone(), addresses);
            let at = Timestamp(now().0 + number as u64);
            hello(&keys.hostile, &SiteRecord { name: "Clinique Ouest".into(), overlay, pixels, issued: at })
        }
        2 => {
            let manifest = Digest([u8::try_from(number % 251).unwrap(); 32]);
            let offer = Offer { to: keys.holder, study: told, manifest, at: now() };
            Request::Offer(Signed::seal(&keys.hostile, &offer))
        }
        _ => Request::LedgerHead {
            head: Signed::seal(
                &keys.hostile,
                &Head { site: keys.us(), size: number as u64, root: Hash::leaf(&number.to_le_bytes()), at: now() },
            ),
            from: 0,
            proof: Vec::new(),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_gossip_is_bounded_and_told() {
    let scene = Scene::set().await;
    let keys = Keys::of(&scene).await;
    scene.others_are_served().await;
    let before = (scene.newest().await, scene.holder.memory(false));
    let peer = Peer::dial(keys.hostile.to_bytes(), scene.holder.overlay(), |_| None).await.unwrap();
    // Wave upon wave, while another peer reads.
    let mut heard = 0;
    for wave in 0..WAVES {
        let flood = (0..MANY / 10).map(|n| peer.ask_soon(gossip(&keys, &scene, wave * MANY / 10 + n)));
        let (answers, ()) = tokio::join!(futures::future::join_all(flood), scene.others_are_served());
        heard += answers.iter().flatten().filter(|answer| !matches!(answer, Answer::Refused(Refusal::Busy(_)))).count();
        if scene.alerts().await.contains(&"more questions than anybody has".to_owned()) {
            break;
        }
    }
    assert!(heard > 0, "it is heard as others are");
    let alerts = scene.alerts().await;
    assert!(alerts.contains(&"more questions than anybody has".to_owned()), "{alerts:?}");
    scene.others_are_served().await;
    let written = scene.newest().await - before.0;
    assert!(written < RECORDS_MAX, "{written} records");
    let grown = scene.holder.memory(false).saturating_sub(before.1);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
    // What it said of itself stands, and nothing else.
    let peers = scene.holder.get("/api/peers").await.ok().json();
    assert_eq!(peers.as_array().unwrap().len(), 2);
}

fn card(keys: &Keys, study: &str, custodian: SiteId) -> StudyCard {
    let patient = Patient { name: Some("DUPONT^Marie".into()), ..Patient::default() };
    StudyCard {
        custodian,
        study: Uid::parse(study).unwrap(),
        version: 1,
        completeness: Completeness::Arriving,
        date: Some("20261128".into()),
        time: None,
        modalities: vec!["CT".into()],
        body_parts: Vec::new(),
        description: None,
        accession: None,
        referrer: None,
        patient: Patient { issuer: Some(keys.us().short()), ..patient },
        series: 1,
        instances: 1,
        bytes: 1,
        arrived: now(),
        issued: now(),
        manifest: None,
        amended: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalog_that_lies_is_not_believed() {
    let scene = Scene::set().await;
    let keys = Keys::of(&scene).await;
    let basis = Basis::Agreement(scene.agreements[1].parse().unwrap());
    let told = |position, key: &SigningKey, card: &StudyCard| Entry {
        position,
        change: Change::Told { card: Signed::seal(key, card), basis },
    };
    let page = |entries: Vec<Entry>| Page { epoch: 5, entries, more: false };
    let us = keys.us();
    let esc = StudyCard { description: Some("\u{1b}[2J\u{1b}]0;owned\u{7}".into()), ..card(&keys, "1.2.90", us) };
    let pages = [
        ("cards that a stranger signed", page(vec![told(1, &keys.stranger, &card(&keys, "1.2.91", us))])),
        ("cards in another peer's name", page(vec![told(1, &keys.hostile, &card(&keys, "1.2.92", keys.honest))])),
        ("cards in the reader's own name", page(vec![told(1, &keys.hostile, &card(&keys, "1.2.93", keys.holder))])),
        (
            "more than a page",
            page((1..=201).map(|n| told(n, &keys.hostile, &card(&keys, &format!("1.2.94.{n}"), us))).collect()),
        ),
        ("a card under an agreement of others", {
            let basis = Basis::Agreement(scene.agreements[0].parse().unwrap());
            let card = Signed::seal(&keys.hostile, &card(&keys, "1.2.95", us));
            page(vec![Entry { position: 1, change: Change::Told { card, basis } }])
        }),
    ];
    let shown = Arc::new(Mutex::new(page(Vec::new())));
    let asked = Arc::new(Mutex::new(0usize));
    let (says, counts) = (shown.clone(), asked.clone());
    let greeting = Signed::seal(&keys.hostile, &record("Clinique Ouest"));
    let peer = Peer::dial(keys.hostile.to_bytes(), scene.holder.overlay(), move |request| match request {
        Request::Hello { .. } => Some(Answer::Hello { record: greeting.clone(), now: now() }),
        Request::Pull(_) => {
            *counts.lock().unwrap() += 1;
            Some(Answer::Page(says.lock().unwrap().clone()))
        }
        Request::Where(_) => Some(Answer::Nearline(Vec::new())),
        _ => Some(Answer::Refused(Refusal::Malformed)),
    });
    let peer = peer.await.unwrap();
    for (what, page) in pages {
        *shown.lock().unwrap() = page;
        let before = *asked.lock().unwrap();
        assert_eq!(peer.ask(&Request::Nudge).await, Some(Answer::Done));
        eventually!(20, format!("{what}: it is pulled"), holds(*asked.lock().unwrap() > before));
        for study in ["1.2.91", "1.2.92", "1.2.93", "1.2.94.1", "1.2.94.201", "1.2.95"] {
            assert!(scene.holder.listed(study).await.is_none(), "{what}: {study}");
        }
    }
    // What is told as it should be is taken, also by a site that lied before; and it is text, whatever it holds.
    *shown.lock().unwrap() = page(vec![told(7, &keys.hostile, &esc)]);
    assert_eq!(peer.ask(&Request::Nudge).await, Some(Answer::Done));
    eventually!(30, "the right card is listed", holds(scene.holder.listed("1.2.90").await.is_some()));
    let list = scene.holder.cli(&["study", "list", "--remote"]).ok();
    assert!(list.out.contains("1.2.90"), "{}", list.out);
    assert!(!list.out.contains('\u{1b}') && !list.out.contains('\u{7}'), "{:?}", list.out);
    scene.others_are_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_measured_and_told_and_nothing_is_refused_for_it() {
    let scene = Scene::set().await;
    let keys = Keys::of(&scene).await;
    let greeting = Signed::seal(&keys.hostile, &record("Clinique Ouest"));
    // Off by seconds that no admin need hear of, by minutes, and by an hour either way.
    for (seconds, level) in [(5i64, None), (-90, Some("warning")), (3600, Some("critical")), (-3600, Some("critical"))]
    {
        let greeting = greeting.clone();
        let its = move || Timestamp(now().0.checked_add_signed(seconds * 1000).unwrap());
        let peer = Peer::dial(keys.hostile.to_bytes(), scene.holder.overlay(), move |request| match request {
            Request::Hello { .. } => Some(Answer::Hello { record: greeting.clone(), now: its() }),
            _ => Some(Answer::Refused(Refusal::Malformed)),
        });
        let peer = peer.await.unwrap();
        eventually!(20, format!("{seconds} s are shown"), {
            let peers = scene.holder.get("/api/peers").await.ok().json();
            let row = peers.as_array()?.iter().find(|row| row["site"] == *scene.hostile_id)?;
            holds((row["clock_offset_ms"].as_i64()? - seconds * 1000).abs() < 2000)
        });
        eventually!(20, format!("{seconds} s: {level:?}"), {
            let standing = scene.holder.get("/api/alarms").await.ok().json();
            let alarm = standing["standing"].as_array()?.iter().find(|alarm| alarm["kind"] == "clock-differs");
            holds(alarm.map(|alarm| alarm["level"].as_str().unwrap().to_owned()).as_deref() == level)
        });
        // It is judged by this node's clock, and served.
        assert!(matches!(peer.ask(&Request::Pull(Cursor::default())).await, Some(Answer::Page(_))));
        drop(peer);
        eventually!(20, "it is gone", {
            let peers = scene.holder.get("/api/peers").await.ok().json();
            let row = peers.as_array()?.iter().find(|row| row["site"] == *scene.hostile_id)?;
            holds(row["connected"] == false)
        });
    }
}
