//! A hospital's rule says that a study is meant for the confrère; the confrère's rule fetches it, under lease and behind
//! everything else, so that it is there before anybody opens it. What no agreement covers is not even named.

use crate::SITE;
use serde_json::{Value, json};
use tests::{Instance, OverRoad, Pair, Preset, Site, Study, eventually, part10, wait::holds};

/// What a site's rules do with peers.
async fn work(site: &Site, kind: &str) -> Vec<Value> {
    let work = site.get("/api/rules/peers").await.ok().json();
    work[kind].as_array().cloned().unwrap_or_default()
}

async fn fetch_of(site: &Site, study: &str) -> Option<Value> {
    work(site, "fetches").await.into_iter().find(|row| row["study"] == study)
}

async fn in_state(site: &Site, kind: &str, study: &str, state: &str) -> Value {
    eventually!(60, format!("{kind} of the study: {state}"), {
        work(site, kind).await.into_iter().find(|row| row["study"] == study && row["state"] == state)
    })
}

async fn arrives(site: &Site, study: &Study) -> Vec<Instance> {
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    made
}

fn bytes(made: &[Instance]) -> u64 {
    made.iter().map(|instance| instance.data_set().len() as u64).sum()
}

async fn acts(site: &Site, study: &str, act: &str) -> Vec<Value> {
    let log = site.audit("").await;
    log.into_iter().filter(|entry| entry["study"] == study && entry["act"] == act).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_what_is_meant_for_it_is_there_before_anybody_opens_it() {
    let world = OverRoad::open(SITE).await;
    let (pair, road) = (&world.pair, &world.road);
    let (a, b) = (&pair.a, &pair.b);
    let _ = a.cli(&["rule", "add", "CT for the night", "--modality", "CT", "--offer", "CHU Sud"]).ok();
    let nobody = a.cli(&["rule", "add", "nobody", "--offer", "Elsewhere"]);
    assert!(nobody.code == Some(1) && nobody.err.contains("paired sites"), "{nobody:?}");
    let station = b.cli(&["rule", "add", "station", "--of-peer", "CH Nord", "--station", "CT1"]);
    assert!(station.code == Some(1) && station.err.contains("do not tell stations"), "{station:?}");
    let _ = b.cli(&["rule", "add", "night", "--of-peer", "CH Nord", "--offered"]).ok();
    let listed = b.cli(&["rule", "list"]).ok();
    assert!(listed.out.contains("studies of peers") && listed.out.contains("offered"), "{}", listed.out);

    // 20 MB, of which the first passes; then the road is closed.
    road.allow_only(3_000);
    let (ct, mr) = (Study::of(40).size(512, 512), Study::of(2).modality("MR"));
    let made = arrives(a, &ct).await;
    let _ = arrives(a, &mr).await;
    let offered = in_state(a, "offers", &ct.uid, "done").await;
    assert_eq!((&offered["site_name"], &offered["rule"]), (&json!("CHU Sud"), &json!(1)), "{offered}");
    eventually!(30, "it is on its way", holds(road.passed() > 2_000_000));
    let going = fetch_of(b, &ct.uid).await.unwrap();
    assert_eq!((&going["state"], &going["cause"]), (&json!("sending"), &json!("offered")), "{going}");

    // A power cut at the reader in the midst, while the road is closed.
    b.kill();
    b.serve().await;
    let waits = eventually!(30, "it waits still", fetch_of(b, &ct.uid).await);
    assert!(["waiting", "sending", "failing"].contains(&waits["state"].as_str().unwrap()), "{waits}");
    road.allow_all();
    let done = in_state(b, "fetches", &ct.uid, "done").await;
    assert!(done["opened"].is_null() && done["kept_bytes"].as_u64().unwrap() >= bytes(&made), "{done}");
    assert!(road.passed() < bytes(&made) * 5 / 4, "{} passed for {}", road.passed(), bytes(&made));
    let _ = b.settled(&mr.uid, 2).await;
    assert!(fetch_of(b, &mr.uid).await.is_none(), "nobody offered it");
    assert!(work(a, "offers").await.iter().all(|row| row["study"] == json!(ct.uid)));

    let told = b.cli(&["rule", "peers"]).ok();
    assert!(told.out.contains("Nobody has opened 1 of them") && told.out.contains("offered"), "{}", told.out);
    evidence(&world, &ct.uid).await;

    // The holder is unplugged: it is read from here.
    a.kill();
    for instance in &made {
        let file = b.retrieve(&instance.path()).await.unwrap();
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
    let waste = b.get("/api/rules/peers").await.ok().json()["waste"].clone();
    assert_eq!((&waste["fetched"], &waste["unopened"], &waste["wasted"]), (&json!(1), &json!(0), &json!(0)), "{waste}");
}

async fn evidence(world: &OverRoad, study: &str) {
    let pair = &world.pair;
    let of = async |site: &Site, act: &str| acts(site, study, act).await;
    let offered = of(&pair.a, "study-offered").await;
    assert!(offered.iter().any(|entry| entry["person"] == "rule 1" && entry["outcome"] == "done"), "{offered:?}");
    let served = of(&pair.a, "study-served").await;
    assert!(served.iter().any(|entry| entry["person"] == "rule 1"), "{served:?}");
    let heard = of(&pair.b, "study-offered").await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(of(&pair.b, "rule-fired").await.len(), 1);
    let fetched = of(&pair.b, "study-fetched").await;
    assert!(!fetched.is_empty() && fetched.iter().all(|entry| entry["person"] == "rule 1"), "{fetched:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_each_state_of_a_study_is_fetched_once() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (a, b) = (&pair.a, &pair.b);
    let before = Study::of(2);
    let _ = arrives(a, &before).await;
    let _ = b.settled(&before.uid, 2).await;
    let tried = b.cli(&["rule", "add", "all CT", "--of-peer", "CH Nord", "--modality", "CT", "--dry-run"]).ok();
    assert!(tried.out.contains("1 of the last 1 studies"), "{}", tried.out);
    let _ = b.cli(&["rule", "add", "all CT", "--of-peer", "CH Nord", "--modality", "CT"]).ok();
    let (ct, mr) = (Study::of(3), Study::of(2).modality("MR"));
    let made = arrives(a, &ct).await;
    let _ = arrives(a, &mr).await;
    let first = in_state(b, "fetches", &ct.uid, "done").await;
    assert_eq!(first["cause"], "announced");

    // Killed and its index lost, and told anew by a holder that begins anew: nothing is fetched twice.
    b.kill();
    let _ = b.cli(&["rebuild"]).ok();
    a.kill();
    a.serve().await;
    b.serve().await;
    let later = ct.one(&made[0].series, 1, 77);
    let more = part10::write(std::slice::from_ref(&later), &a.scratch("more"));
    let _ = a.c_store(&more).ok();
    let _ = a.settled(&ct.uid, 4).await;
    eventually!(60, "the later instance is here too", {
        let row = fetch_of(b, &ct.uid).await.unwrap();
        holds(row["state"] == "done" && row["at"] != first["at"])
    });
    let _ = b.settled(&mr.uid, 2).await;
    assert_eq!(work(b, "fetches").await.len(), 1, "not the MR, and not what was there before the rule");
    assert_eq!(acts(b, &ct.uid, "rule-fired").await.len(), 2, "once for each state");
    a.kill();
    let file = b.retrieve(&later.path()).await.unwrap();
    assert_eq!(&file[part10::data_set_at(&file)..], later.data_set());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_what_no_agreement_covers_is_refused_and_not_named() {
    let pair = Pair::paired(SITE).await;
    let (a, b) = (&pair.a, &pair.b);
    let _ = pair.agree(&json!({ "preset": "all", "modalities": ["CT"] })).await;
    let _ = a.cli(&["rule", "add", "everything", "--offer", "CHU Sud"]).ok();
    let _ = b.cli(&["rule", "add", "everything", "--of-peer", "", "--offered"]).ok();
    let (mr, ct) = (Study::of(2).modality("MR"), Study::of(2));
    let _ = arrives(a, &mr).await;
    let refused = in_state(a, "offers", &mr.uid, "refused").await;
    assert_eq!(refused["reason"], "not-permitted", "{refused}");
    let _ = arrives(a, &ct).await;
    let _ = in_state(b, "fetches", &ct.uid, "done").await;
    assert!(b.listed(&mr.uid).await.is_none());
    assert!(b.audit("").await.iter().all(|entry| entry["study"] != mr.uid), "not even its name went out");
    let offered = acts(a, &mr.uid, "study-offered").await;
    assert!(offered.len() == 1 && offered[0]["outcome"] == "refused", "{offered:?}");
    let again = a.cli(&["rule", "retry-peer", "CHU Sud", "--study", &mr.uid]).ok();
    assert!(again.err.contains("tried now"), "{again:?}");
    eventually!(20, "it is refused again", holds(acts(a, &mr.uid, "study-offered").await.len() == 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_it_stops_when_less_is_agreed_and_the_copy_goes() {
    let world = OverRoad::open(SITE).await;
    let (pair, road) = (&world.pair, &world.road);
    let (a, b) = (&pair.a, &pair.b);
    let _ = b.cli(&["rule", "add", "all", "--of-peer", "CH Nord", "--fetch-mb-s", "500"]).ok();
    road.allow_only(3_000);
    let (cut, dropped) = (Study::of(60).size(512, 512), Study::of(3).modality("MR"));
    let made = arrives(a, &cut).await;
    eventually!(30, "it is on its way", holds(road.passed() > 1_500_000));
    // Another one waits behind it, and is dropped by a person.
    let _ = arrives(a, &dropped).await;
    let waits = eventually!(30, "the other one waits", fetch_of(b, &dropped.uid).await);
    assert_eq!(waits["state"], "waiting", "{waits}");
    let _ = b.cli(&["rule", "drop-peer", "CH Nord", &dropped.uid]).ok();
    let _ = in_state(b, "fetches", &dropped.uid, "dropped").await;

    let narrower = json!({ "preset": "all", "modalities": ["MR"], "replaces": world.agreement });
    let _ = pair.agree(&narrower).await;
    pair.withdrawn(&cut.uid).await;
    road.allow_all();
    let gone = in_state(b, "fetches", &cut.uid, "gone").await;
    eventually!(10, "the copy goes", holds(fetch_of(b, &cut.uid).await.is_some_and(|row| row["kept_bytes"] == 0)));
    assert!(road.passed() < bytes(&made), "{} of {}: {gone}", road.passed(), bytes(&made));
    let copy = b.frame(&made[0].path(), 1).await;
    assert!(matches!(copy.status.as_u16(), 403 | 404), "{}", copy.status);
    // Told anew, what a person dropped stays dropped.
    b.kill();
    b.serve().await;
    let _ = b.settled(&dropped.uid, 3).await;
    let row = fetch_of(b, &dropped.uid).await.unwrap();
    assert_eq!((&row["state"], &row["kept_bytes"]), (&json!("dropped"), &json!(0)), "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_patients_earlier_studies_come_along() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (a, b) = (&pair.a, &pair.b);
    let of_patient = |study: Study| Study { patient_id: "77".to_owned(), issuer: Some("CH Nord".to_owned()), ..study };
    let (prior, other, new) = (of_patient(Study::of(2)), Study::of(2), of_patient(Study::of(3)));
    for study in [&prior, &other] {
        let _ = arrives(a, study).await;
        let _ = b.settled(&study.uid, 2).await;
    }
    let _ = b.cli(&["rule", "add", "with priors", "--of-peer", "CH Nord", "--priors", "2"]).ok();
    let _ = arrives(a, &new).await;
    let _ = in_state(b, "fetches", &new.uid, "done").await;
    let row = in_state(b, "fetches", &prior.uid, "done").await;
    assert_eq!(row["cause"], "prior", "{row}");
    assert!(fetch_of(b, &other.uid).await.is_none(), "another patient's");

    // The rule is switched off: what is told from then on is not fetched.
    let _ = b.cli(&["rule", "off", "1"]).ok();
    let last = of_patient(Study::of(1));
    let _ = arrives(a, &last).await;
    let _ = b.settled(&last.uid, 1).await;
    assert!(fetch_of(b, &last.uid).await.is_none());
}
