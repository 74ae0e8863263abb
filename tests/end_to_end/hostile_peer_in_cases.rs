//! A paired site whose key is in bad hands tells of cases: what it forges, what is not its own and what has no bounds is
//! refused and written down; what it may say is taken; what it may not know it does not learn.

use crate::hostile_peer_asks::Scene;
use ed25519_dalek::SigningKey;
use protocol::{
    Digest, Refusal, SiteId, Timestamp,
    case::{
        Case,
        event::{Ask, Consent, Event, Kind, Patient, Priority, Step, TEXT_MAX, case_name},
    },
    ids::Id128,
    message::{Answer, Request},
    signed::Signed,
};
use serde_json::json;
use tests::tools::control::{Peer, seed_of_folder};

fn id_of(key: &SigningKey) -> SiteId {
    SiteId(key.verifying_key().to_bytes())
}

fn ask(nonce: u8) -> Ask {
    Ask {
        nonce: Id128([nonce; 16]),
        kind: Kind::Diagnosis,
        priority: Priority::P0,
        question: "AVC ?".to_owned(),
        patient: Patient {
            name: "DURAND^PAUL".to_owned(),
            birth_date: "19500101".to_owned(),
            sex: "M".to_owned(),
            id: "4711".to_owned(),
            issuer: "CHO".to_owned(),
            national: String::new(),
            standing: None,
        },
        context: String::new(),
        contraindications: String::new(),
        priors: String::new(),
        justification: String::new(),
        consent: Consent::Unable,
        modality: "CT".to_owned(),
        region: "HEAD".to_owned(),
        studies: Vec::new(),
        accession: (String::new(), String::new()),
        telephone: String::new(),
        key_images: Vec::new(),
        to: Vec::new(),
    }
}

fn request(site: SiteId, nonce: u8) -> Event {
    let ask = ask(nonce);
    let (case, person, role) = (case_name(&site, &ask.nonce), "dr".to_owned(), "referrer".to_owned());
    let step = Step::Requested(Box::new(ask));
    Event { case, site, person, role, clock: 0, at: Timestamp(1), after: Vec::new(), step }
}

/// A request of a site's, and its offer to another.
fn offered(site: SiteId, nonce: u8, to: SiteId) -> (Case, Vec<Event>) {
    let request = request(site, nonce);
    let mut case = Case::begin(request.clone()).unwrap();
    let step = Step::Offered { to, whom: String::new(), rank: 1, until: Timestamp(u64::MAX) };
    let offer = case.propose((site, "", "node"), Timestamp(2), step).unwrap();
    let _ = case.admit(offer.clone()).unwrap();
    (case, vec![request, offer])
}

fn sealed(key: &SigningKey, events: &[Event]) -> Request {
    Request::CaseEvents(events.iter().map(|event| Signed::seal(key, event)).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_makes_up_of_cases_is_refused_and_told() {
    let scene = Scene::set().await;
    let hostile = SigningKey::from_bytes(&seed_of_folder(&scene.peers[1].dir()));
    let stranger = SigningKey::from_bytes(&[77; 32]);
    let honest = id_of(&SigningKey::from_bytes(&seed_of_folder(&scene.peers[0].dir())));
    let holder: SiteId = scene.holder.id().await.parse().unwrap();
    let us = id_of(&hostile);
    // A case of the holder's, with which the hostile site has nothing to do.
    let begun =
        json!({ "priority": "P0", "identity_checked": true, "question": "AVC ?", "studies": [scene.told[0].study] });
    let own = scene.holder.post("/api/cases", &begun).await.ok().json();
    let own: Id128 = own["case"].as_str().unwrap().parse().unwrap();
    let peer = Peer::dial(hostile.to_bytes(), scene.holder.overlay(), |_| None).await.unwrap();

    let malformed = Some(Answer::Refused(Refusal::Malformed));
    let (_, good) = offered(us, 1, holder);
    let mut endless = good.clone();
    endless[1].step = Step::Said { text: "x".repeat(TEXT_MAX + 1) };
    let mut named = good.clone();
    named[0].site = honest;
    for (what, said) in [
        ("signed by a stranger", sealed(&stranger, &good)),
        ("in another's name", sealed(&hostile, &named)),
        ("without bounds", sealed(&hostile, &endless)),
        ("too many", sealed(&hostile, &vec![good[0].clone(); 257])),
        ("too many heads", Request::CaseHeads(vec![(own, Vec::new()); 129])),
    ] {
        assert_eq!(peer.ask(&said).await, malformed, "{what}");
    }
    // Cases of others, whole and well signed.
    let (others, theirs) = offered(id_of(&stranger), 2, honest);
    let refused = |case: &Case, why| Some(Answer::CasesHeard(vec![(case.name(), why)]));
    assert_eq!(peer.ask(&sealed(&stranger, &theirs)).await, refused(&others, Refusal::NotPermitted));
    let (strange, theirs) = offered(id_of(&stranger), 3, holder);
    assert_eq!(peer.ask(&sealed(&stranger, &theirs)).await, refused(&strange, Refusal::NotPermitted));
    let (elsewhere, theirs) = offered(us, 4, honest);
    assert_eq!(peer.ask(&sealed(&hostile, &theirs)).await, refused(&elsewhere, Refusal::NotPermitted));
    // Before what it follows.
    let (ours, events) = offered(us, 1, holder);
    assert_eq!(peer.ask(&sealed(&hostile, &events[1..])).await, refused(&ours, Refusal::NotHeld));
    assert_eq!(scene.holder.get("/api/cases").await.ok().json()["total"], 1, "nothing of it was kept");

    // Of a case that it has no part in it learns not even that there is one.
    let heads = vec![(own, vec![Digest([1; 32])]), (Id128([9; 16]), vec![Digest([1; 32])])];
    let silent = heads.iter().map(|(case, _)| (*case, Vec::new())).collect();
    assert_eq!(peer.ask(&Request::CaseHeads(heads)).await, Some(Answer::CaseHeads(silent)));

    // What it may say is taken once, however often and in whatever order it comes.
    let heard = Some(Answer::CasesHeard(Vec::new()));
    assert_eq!(peer.ask(&sealed(&hostile, &events)).await, heard);
    assert_eq!(peer.ask(&sealed(&hostile, &events)).await, heard);
    let shown = scene.holder.get(&format!("/api/cases/{}", ours.name())).await.ok().json();
    assert_eq!((shown["events"].as_array().map(Vec::len), &shown["tab"]), (Some(2), &json!("offered")));
    // In it, it does not speak for the holder, and claims nothing.
    let step = Step::Accepted { protocol: String::new() };
    let accepted = ours.propose((holder, "garde", "radiologist"), Timestamp(3), step).unwrap();
    assert_eq!(peer.ask(&sealed(&hostile, &[accepted])).await, malformed);
    let alerts = scene.alerts().await;
    for what in ["an event of a case that its site did not sign, or that is malformed", "an event of a case of others"]
    {
        assert!(alerts.iter().any(|note| note == what), "{what}: {alerts:?}");
    }
    scene.others_are_served().await;
}
