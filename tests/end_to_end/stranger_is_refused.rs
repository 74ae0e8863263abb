//! Whoever is not trusted gets nothing, and whoever is trusted gets nothing without an agreement.

use crate::SITE;
use ed25519_dalek::SigningKey;
use protocol::{
    Digest, Keys, Refusal, Signed, Timestamp, Uid,
    agreement::Purpose,
    catalog::Cursor,
    fetch::{self, Answer, Priority, Reader, What},
    message::{Request, SiteRecord},
};
use serde_json::json;
use tests::{
    Pair, Study, eventually, hospital,
    tools::{
        control::Peer,
        quic::{self, Key},
    },
    wait::holds,
};

fn range_of(study: &Study, digest: Digest) -> fetch::Request {
    fetch::Request {
        study: Uid::parse(&study.uid).unwrap(),
        reader: Reader {
            person: "mallory".to_owned(),
            role: "radiologist".to_owned(),
            copy: None,
            purpose: Purpose::Care,
        },
        priority: Priority::Screen,
        what: What::Range { digest, groups: true, first_group: 0, groups_wanted: 1 },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_key_gets_nothing() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let study = Study::of(2);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, 2, &paths).await;
    let request = range_of(&study, made[0].digest());

    let stranger = Key::from_seed(&[7; 32]);
    let got = match quic::dial(pair.a.pixels(), &stranger).await {
        Ok(connection) => quic::ask(&connection, &request).await.ok(),
        Err(_) => None,
    };
    assert!(got.is_none(), "{got:?}");

    // The same question with the reader's own key is answered: it was the key that was refused.
    let reader = Key::of_folder(&pair.b.dir());
    let connection = quic::dial(pair.a.pixels(), &reader).await.unwrap();
    let (answer, bytes) = quic::ask(&connection, &request).await.unwrap();
    assert!(matches!(answer, Answer::Range { .. }), "{answer:?}");
    assert!(!bytes.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_without_an_agreement_gets_nothing() {
    let pair = Pair::paired(SITE).await;
    let study = Study::of(2);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, 2).await;
    let reader = Key::of_folder(&pair.b.dir());
    let connection = quic::dial(pair.a.pixels(), &reader).await.unwrap();
    let (answer, bytes) = quic::ask(&connection, &range_of(&study, made[0].digest())).await.unwrap();
    assert_eq!((answer, bytes.len()), (Answer::Refused(Refusal::NotPermitted), 0));
    assert!(pair.b.listed(&study.uid).await.is_none(), "B does not even know of it");
    let refused = pair.a.audit("").await;
    assert!(refused.iter().any(|e| e["outcome"] == "refused" && e["site"] == pair.b_id), "{refused:?}");

    // The agreement is what was missing.
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let _ = pair.b.settled(&study.uid, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agreed_peer_gets_no_object_of_another_study() {
    let pair = Pair::paired(SITE).await;
    let _ = pair.agree(&json!({ "preset": "all", "modalities": ["CT"] })).await;
    let (told, kept) = (Study::of(1), Study::of(1).modality("MR"));
    let (_, paths) = told.write(&pair.a.scratch("ct"));
    let (secret, mr) = kept.write(&pair.a.scratch("mr"));
    let _ = pair.a.c_store(&mr).ok();
    let _ = pair.a.settled(&kept.uid, 1).await;
    pair.announced(&told.uid, 1, &paths).await;
    let connection = quic::dial(pair.a.pixels(), &Key::of_folder(&pair.b.dir())).await.unwrap();
    // The study that is allowed, the object that is not.
    let (answer, _) = quic::ask(&connection, &range_of(&told, secret[0].digest())).await.unwrap();
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    let (answer, _) = quic::ask(&connection, &range_of(&kept, secret[0].digest())).await.unwrap();
    assert_eq!(answer, Answer::Refused(Refusal::NotPermitted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_spends_a_try_and_pairs_nobody() {
    let pair = Pair::strangers(SITE).await;
    let invitation = pair.a.post("/api/peers/invitations", &json!({})).await.ok().json();
    let code: String = invitation["code"].as_str().unwrap().chars().filter(char::is_ascii_digit).collect();
    let wrong = format!("{:08}", (code.parse::<u32>().unwrap() + 1) % 100_000_000);
    for tries_left in [2, 1, 0] {
        let joined =
            pair.b.post("/api/peers/join", &json!({ "invitation": invitation["invitation"], "code": wrong })).await;
        assert!(!joined.status.is_success() || joined.json()["state"] == "failed", "{}", joined.text());
        if tries_left > 0 {
            eventually!(5, "the invitation counts tries", {
                let pairings = pair.a.get("/api/pairings").await.ok().json();
                holds(pairings.as_array()?.iter().any(|p| p["tries_left"] == tries_left))
            });
        }
    }
    // Three wrong codes: the right one comes too late.
    let late = pair.b.post("/api/peers/join", &json!({ "invitation": invitation["invitation"], "code": code })).await;
    assert!(!late.status.is_success() || late.json()["state"] == "failed", "{}", late.text());
    for site in [&pair.a, &pair.b] {
        assert_eq!(site.get("/api/peers").await.ok().json(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_side_that_sees_other_digits_ends_it() {
    let pair = Pair::strangers(SITE).await;
    let invitation = pair.a.post("/api/peers/invitations", &json!({})).await.ok().json();
    let join = json!({ "invitation": invitation["invitation"], "code": invitation["code"] });
    let joined = pair.b.post("/api/peers/join", &join).await.ok().json();
    let id = joined["id"].as_str().unwrap();
    let _ = pair.b.post(&format!("/api/pairings/{id}/confirm"), &json!({ "accept": false })).await;
    eventually!(15, "the pairing failed at A", {
        let pairings = pair.a.get("/api/pairings").await.ok().json();
        holds(pairings.as_array()?.iter().all(|p| p["state"] == "failed"))
    });
    for site in [&pair.a, &pair.b] {
        assert_eq!(site.get("/api/peers").await.ok().json(), json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_key_that_speaks_is_not_answered_whatever_it_says() {
    let pair = Pair::paired(SITE).await;
    let before = pair.a.audit("").await[0]["number"].as_u64().unwrap();
    let stranger = SigningKey::from_bytes(&[7; 32]);
    let record = SiteRecord {
        name: "CHU Sud".to_owned(),
        overlay: vec![pair.b.overlay().to_string()],
        pixels: Vec::new(),
        issued: Timestamp(1),
    };
    let hello = |record: Signed<SiteRecord>| Request::Hello { record, now: Timestamp(1) };
    let own = Signed::seal(&stranger, &record);
    // The peer's name in the stranger's record, and the peer's own keys with nothing that they signed.
    let forged = Signed::again(&record, pair.b_id.parse().unwrap(), own.signature());
    let keys = Keys::first(pair.b_id.parse().unwrap());
    let says = [
        ("nothing new", Request::Nudge),
        ("a feed", Request::Pull(Cursor::default())),
        ("a record of its own", hello(own)),
        ("a record in the name of the peer", hello(forged)),
        ("the peer's keys", Request::KeysPart(keys)),
        ("goodbye", Request::Goodbye),
    ];
    for (what, request) in says {
        let Some(peer) = Peer::dial([7; 32], pair.a.overlay(), |_| None).await else { continue };
        let answer = peer.ask(&request).await;
        assert!(answer.is_none(), "{what}: {answer:?}");
    }
    // Many that say nothing take each other's places, and no peer's.
    let crowd: Vec<_> = (10..22).map(|seed| Peer::dial([seed; 32], pair.a.overlay(), |_| None)).collect();
    let crowd = futures::future::join_all(crowd).await;
    pair.b.stop().await;
    pair.b.serve().await;
    eventually!(20, "the peer is there", {
        hospital::peer(&pair.a, &pair.b_id).await.filter(|peer| peer["connected"] == true)
    });
    drop(crowd);
    eventually!(20, "that strangers knocked is one alert", {
        let alerts = pair.a.audit("&alerts=true").await;
        let news = alerts.iter().filter(|entry| entry["number"].as_u64() > Some(before)).count();
        assert!(news <= 2, "they are counted, not listed: {alerts:?}");
        holds(news > 0)
    });
}
