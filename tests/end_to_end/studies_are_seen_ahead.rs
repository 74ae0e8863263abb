//! A study is seen before it is here: at a glance in one answer, and its stack in reduced frames. Neither is taken for images.

use crate::SITE;
use protocol::fetch::{ALPN_ROADS, ALPNS};
use serde_json::{Value, json};
use std::{fs, thread};
use tests::{
    Instance, OverRoad, Pair, Site, Study, browser, eventually, http::Response, multipart, road::Conduct, wait::holds,
};

async fn announce(pair: &Pair, instances: u32) -> Vec<Instance> {
    let study = Study::of(instances).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    made
}

async fn digest(site: &Site, study: &str) -> Response {
    site.get(&format!("/api/studies/{study}/digest")).await
}

async fn tally(site: &Site, study: &str) -> Value {
    site.get(&format!("/api/studies/{study}/previews")).await.ok().json()
}

fn preview_of(instance: &Instance) -> String {
    format!("/api/studies/{}/previews/{}/{}", instance.study, instance.series, instance.uid)
}

/// What stands beside these events of a study, the newest first.
async fn notes(site: &Site, act: &str, study: &str) -> Vec<String> {
    let events = site.audit(&format!("&study={study}")).await;
    let of_act = events.iter().filter(|event| event["act"] == *act);
    of_act.map(|event| event["note"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_is_seen_at_a_glance_and_both_sites_write_that_down() {
    let world = OverRoad::coded(SITE, &ALPNS).await;
    let (pair, road) = (&world.pair, &world.road);
    let made = announce(pair, 3).await;
    let study = &made[0].study;
    let before = road.asked();
    let answer = digest(&pair.b, study).await.ok();
    assert_eq!(answer.headers["confrere-picture"], "preview, not diagnostic");
    assert_eq!(road.asked() - before, 1, "one round trip");
    assert!(answer.body.len() < 60_000, "{}", answer.body.len());
    let seen = answer.json();
    let [series] = &seen["series"].as_array().unwrap()[..] else { panic!("{seen}") };
    assert_eq!((&series["instances"], &series["picture"]["instance"]), (&json!(3), &json!(made[1].uid)));
    assert!(series["picture"]["jpeg"].as_str().unwrap().starts_with("/9j/"));
    assert_eq!(seen["conclusions"], json!([]));
    for (site, act) in [(&pair.a, "study-served"), (&pair.b, "study-fetched")] {
        assert_eq!(notes(site, act, study).await, ["digest, not diagnostic"], "{}", site.name);
    }
    // Of what is one's own there is none to ask for, and a stranger's study is none.
    assert_eq!(digest(&pair.a, study).await.ok().json(), Value::Null);
    assert_eq!(digest(&pair.b, "1.2.3").await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_on_the_way_is_not_shown() {
    let world = OverRoad::open(SITE).await;
    let made = announce(&world.pair, 2).await;
    let study = &made[0].study;
    world.road.conduct(Conduct::WrongByte);
    let answer = digest(&world.pair.b, study).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (502, &json!("corrupt")));
    let alerts = world.pair.b.audit("&alerts=true").await;
    assert!(alerts.iter().any(|alert| alert["study"] == *study), "{alerts:?}");
    let _ = world.pair.b.post(&format!("/api/studies/{study}/previews"), &json!({})).await.ok();
    eventually!(20, "previews are given up", holds(tally(&world.pair.b, study).await["over"] == true));
    assert_eq!(tally(&world.pair.b, study).await["previewed"], 0);
    assert_eq!(world.pair.b.get(&preview_of(&made[0])).await.status.as_u16(), 404);
    world.road.conduct(Conduct::Honest);
    let _ = digest(&world.pair.b, study).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_of_before_is_not_asked_for_what_it_does_not_know() {
    let world = OverRoad::coded(SITE, &[ALPN_ROADS]).await;
    let made = announce(&world.pair, 1).await;
    assert_eq!(digest(&world.pair.b, &made[0].study).await.ok().json(), Value::Null);
    let _ = world.pair.b.post(&format!("/api/studies/{}/previews", made[0].study), &json!({})).await.ok();
    let answer = world.pair.b.frame(&made[0].path(), 1).await.ok();
    assert_eq!(multipart::parts(&answer), std::slice::from_ref(&made[0].pixels));
    assert!(world.pair.a.audit("&alerts=true").await.is_empty(), "A heard nothing that it cannot read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_is_previewed_first_and_never_taken_for_images() {
    let world = OverRoad::coded(SITE, &ALPNS).await;
    let (pair, road) = (&world.pair, &world.road);
    let made = announce(pair, 20).await;
    let study = &made[0].study;
    // Nothing of an object passes: what is seen is seen by previews alone.
    road.allow_only(0);
    let begun = pair.b.post(&format!("/api/studies/{study}/previews"), &json!({})).await;
    assert_eq!(begun.status.as_u16(), 202, "{}", begun.text());
    let done =
        eventually!(30, "all of it is previewed", Some(tally(&pair.b, study).await).filter(|t| t["over"] == true));
    assert_eq!((&done["images"], &done["previewed"], &done["whole"]), (&json!(20), &json!(20), &json!(0)));
    for instance in [&made[0], &made[17]] {
        let picture = pair.b.get(&format!("{}?window=40,400&frame=1", preview_of(instance))).await.ok();
        assert_eq!(picture.headers["content-type"], "image/png");
        assert_eq!(picture.headers["confrere-picture"], "preview, not diagnostic");
        assert_eq!(&picture.body[16..24], [0, 0, 0, 128, 0, 0, 0, 128], "a quarter of its rows and columns");
        assert_eq!(pair.b.get(&format!("{}?frame=2", preview_of(instance))).await.status.as_u16(), 404);
    }
    // Who asks for images gets images or nothing: frames, pictures made of them, objects.
    let asked = |path: &str| {
        let address = format!("/dicomweb{}{path}", made[3].path());
        async move { pair.b.get(&address).await.status.as_u16() }
    };
    let refused = tokio::join!(asked("/frames/1"), asked("/rendered"), asked(""));
    assert_eq!(refused, (503, 503, 503));
    for (site, act) in [(&pair.a, "study-served"), (&pair.b, "study-fetched")] {
        let said = notes(site, act, study).await;
        assert!(said.contains(&"previews, not diagnostic".to_owned()), "{}: {said:?}", site.name);
    }
    // The images come, and their previews are gone.
    road.allow_all();
    let answer = eventually!(30, "the image is here", {
        Some(pair.b.frame(&made[3].path(), 1).await).filter(|answer| answer.status.is_success())
    });
    assert_eq!(multipart::parts(&answer), std::slice::from_ref(&made[3].pixels));
    assert_eq!(pair.b.get(&preview_of(&made[3])).await.status.as_u16(), 404);
    eventually!(60, "all images follow", holds(tally(&pair.b, study).await["whole"] == 20));
}

/// B is started anew, and knows of its link to A that it is thin.
async fn over_a_thin_link(pair: &Pair) {
    let b = &pair.b;
    b.stop().await;
    let run = json!({ "bytes": 20_000_000, "wire": null, "took_s": 2000.0, "rtt_s": 0.6 });
    let links = json!({ &pair.a_id: { "runs": [run], "firsts": [], "cold_firsts": [] } });
    fs::write(b.dir().join("links.state"), serde_json::to_vec(&links).unwrap()).unwrap();
    b.serve().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_viewer_asks_for_previews_only_where_the_study_takes_long() {
    let world = OverRoad::open(SITE).await;
    let (b, made) = (&world.pair.b, announce(&world.pair, 2).await);
    let path = format!("/api/studies/{}/previews?when=long", made[0].study);
    let told = b.post(&path, &json!({})).await;
    assert_eq!((told.status.as_u16(), &told.json()["wanted"]), (202, &json!(false)), "nothing is known of the link");
    over_a_thin_link(&world.pair).await;
    eventually!(30, "the study is listed again", b.listed(&made[0].study).await);
    let told = eventually!(30, "the peer answers", {
        Some(b.post(&path, &json!({})).await).filter(|answer| answer.status.is_success())
    });
    assert_eq!(told.json()["wanted"], true);
    eventually!(20, "both are previewed", holds(tally(b, &made[0].study).await["previewed"] == 2));
    assert_eq!(b.post(&path.replace("long", "short"), &json!({})).await.status.as_u16(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_her_viewer() {
    let world = OverRoad::coded(SITE, &ALPNS).await;
    let (pair, road) = (&world.pair, &world.road);
    let study = Study::of(12).size(512, 512).named("Lefèvre^Zoé");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    over_a_thin_link(pair).await;
    eventually!(30, "the peer answers", holds(digest(&pair.b, &study.uid).await.status.is_success()));
    road.allow_only(0);
    let signal = pair.b.dir().join("images-pass");
    let input = json!({
        "portal": format!("http://{}", pair.b.portal()),
        "name": "zoe.martin",
        "password": pair.b.new_user("zoe.martin", "radiologist"),
        "patient": "Lefèvre",
        "signal": signal,
    });
    let reading = thread::spawn(move || browser::run("studies_are_seen_ahead", &input));
    eventually!(120, "she has seen a preview", holds(signal.exists() || reading.is_finished()));
    road.allow_all();
    let seen = reading.join().unwrap();
    assert_eq!(seen["width"], 128, "a quarter of the columns: {seen}");
    assert!(seen["mark"].as_str().unwrap().contains("APERÇU, NON DIAGNOSTIQUE"), "{seen}");
    assert_eq!((&seen["measured"], &seen["cached"]), (&json!(0), &json!(0)), "{seen}");
    assert_eq!(seen["shown"], true, "the image took its place: {seen}");
    assert_eq!(seen["errors"], json!([]), "{seen}");
}
