//! What is on its way from a peer: seen with its road and its figures, held up and called off while what somebody looks at
//! still comes, told of before it begins; and a link that is tried, which both sites write down.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Instance, OverRoad, Pair, Preset, Site, Study, eventually,
    http::{self, Ask, Method},
};

async fn row(site: &Site, study: &str) -> Option<Value> {
    let rows = site.get("/api/transfers").await.ok().json();
    rows.as_array().unwrap().iter().find(|row| row["study"] == *study).cloned()
}

fn done(row: &Value) -> u64 {
    row["instances_done"].as_u64().unwrap()
}

/// A study at A that B was told of.
async fn told(pair: &Pair, instances: u32) -> (Study, Vec<Instance>) {
    let study = Study::of(instances).size(256, 256);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    (study, made)
}

/// All of it is asked for, and a little of it came.
async fn under_way(over: &OverRoad, study: &Study) -> Value {
    let b = &over.pair.b;
    over.road.allow_only(0);
    let _ = b.post(&format!("/api/studies/{}/fetch", study.uid), &json!({})).await.ok();
    eventually!(20, "it is asked for", row(b, &study.uid).await.filter(|row| row["waiting"] == study.instances));
    over.road.allow_only(3000);
    eventually!(20, "some images came", row(b, &study.uid).await.filter(|row| done(row) > 1))
}

async fn notes(site: &Site) -> Vec<String> {
    let log = site.audit("").await;
    let steered = log.iter().filter(|entry| entry["act"] == "transfer-steered" && entry["outcome"] == "done");
    let mut notes: Vec<String> = steered.map(|entry| entry["note"].as_str().unwrap().to_owned()).collect();
    notes.reverse();
    notes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_held_up_and_called_off_while_what_is_looked_at_comes() {
    let over = OverRoad::open(SITE).await;
    let b = &over.pair.b;
    let (study, made) = told(&over.pair, 60).await;
    let running = under_way(&over, &study).await;
    assert_eq!((&running["state"], &running["road"]), (&json!("running"), &json!("direct")), "{running}");
    assert!(running["rtt_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{running}");
    let listed = b.cli(&["transfer", "list"]).ok().out;
    assert!(listed.contains("CH Nord") && listed.contains("direct") && listed.contains("/60"), "{listed}");

    // Held up: the road is open again, and only what is looked at comes.
    let _ = b.cli(&["transfer", "pause", &study.uid]).ok();
    let paused = eventually!(5, "it is held up", row(b, &study.uid).await.filter(|row| row["state"] == "paused"));
    over.road.allow_all();
    for instance in &made[50..] {
        let frame = b.frame(&instance.path(), 1).await.ok();
        assert_eq!(tests::multipart::parts(&frame)[0], instance.pixels);
    }
    let later = row(b, &study.uid).await.unwrap();
    assert_eq!(later["state"], "paused", "{later}");
    assert!(done(&later) <= done(&paused) + 10, "{paused} {later}");
    let _ = b.cli(&["transfer", "resume", &study.uid]).ok();
    eventually!(30, "all of it came", row(b, &study.uid).await.filter(|row| row["state"] == "done"));

    // Called off: what came stays, and it is fetched anew when somebody wants it.
    let (study, made) = told(&over.pair, 60).await;
    let running = under_way(&over, &study).await;
    let _ = b.cli(&["transfer", "cancel", &study.uid, "--site", "CH Nord"]).ok();
    let ended = eventually!(5, "it is called off", row(b, &study.uid).await.filter(|row| row["state"] == "cancelled"));
    assert!(done(&ended) >= done(&running) && ended["waiting"] == 0, "{ended}");
    over.road.allow_all();
    let frame = b.frame(&made[59].path(), 1).await.ok();
    assert_eq!(tests::multipart::parts(&frame)[0], made[59].pixels);
    let _ = b.post(&format!("/api/studies/{}/fetch", study.uid), &json!({})).await.ok();
    eventually!(30, "all of it came", row(b, &study.uid).await.filter(|row| row["state"] == "done"));

    assert_eq!(notes(b).await, ["pause", "resume", "cancel"]);
    let reader = b.new_token("reader", "radiologist");
    let path = format!("/api/transfers/{}/{}/pause", over.pair.a_id, study.uid);
    let answer = http::ask(b.portal(), Ask::new(Method::POST, path).json(&json!({})).bearer(&reader)).await.unwrap();
    assert_eq!(answer.status, 403, "who reads does not steer");
    assert_eq!(b.cli(&["transfer", "pause", "1.2.3"]).code, Some(1), "nothing of that name is on its way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_foretold_before_the_first_and_a_trial_stands_in_both_ledgers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (a, b) = (&pair.a, &pair.b);
    let (first, _) = told(&pair, 24).await;
    let forecast =
        async |site: &Site, study: &Study| site.get(&format!("/api/studies/{}/forecast", study.uid)).await.ok().json();
    // Nothing ever came from there: the line is sampled, and nobody's ledger is filled with that.
    let sampled = eventually!(60, "the first is foretold", {
        Some(forecast(b, &first).await).filter(|forecast| !forecast["first_s"].is_null())
    });
    assert_eq!((&sampled["instances"], &sampled["bytes_here"]), (&json!(24), &json!(0)), "{sampled}");
    assert!(sampled["whole_s"].as_f64().unwrap() < 30.0, "{sampled}");
    for site in [a, b] {
        assert!(!site.audit("").await.iter().any(|entry| entry["act"] == "link-tried"));
    }
    assert_eq!(forecast(a, &first).await, json!(null), "ours is here");

    let _ = b.post(&format!("/api/studies/{}/fetch", first.uid), &json!({})).await.ok();
    eventually!(30, "all of it came", row(b, &first.uid).await.filter(|row| row["state"] == "done"));
    let (second, made) = told(&pair, 24).await;
    let known = eventually!(10, "the next is foretold", {
        Some(forecast(b, &second).await).filter(|forecast| !forecast["first_s"].is_null())
    });
    let seconds = |key: &str| known[key].as_f64().unwrap();
    assert!(0.0 < seconds("first_s") && seconds("first_s") <= seconds("whole_s"), "{known}");
    assert!(seconds("whole_s") < 10.0, "{known}");
    let bytes: usize = made.iter().map(|instance| instance.data_set().len()).sum();
    assert_eq!((&known["bytes"], &known["bytes_here"], &known["road"]), (&json!(bytes), &json!(0), &json!("direct")));

    let said = b.cli(&["peer", "test", "CH Nord", "--json"]).ok().out;
    let trial: Value = serde_json::from_str(&said).unwrap();
    assert!(trial["bytes"].as_u64() > Some(1_000_000) && trial["bits_per_s"].as_f64() > Some(1e6), "{trial}");
    for (site, other) in [(a, &pair.b_id), (b, &pair.a_id)] {
        let entry = eventually!(20, "the trial stands in the log, countersigned", {
            let log = site.audit("").await;
            log.into_iter().find(|entry| entry["act"] == "link-tried" && entry["peer"] == **other)
        });
        assert!(entry["note"].as_str().unwrap().contains("Mb/s"), "{entry}");
    }
    let again = b.cli(&["peer", "test", "CH Nord"]);
    assert_eq!(again.code, Some(1), "one a minute");
    assert!(b.audit("").await.iter().any(|e| e["act"] == "link-tried" && e["outcome"] == "refused"));

    let metrics = b.get("/api/metrics").await.ok();
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = metrics.text();
    assert!(
        text.lines().any(|l| l.starts_with("confrere_link_connected{site=\"CH Nord\"") && l.ends_with(" 1")),
        "{text}"
    );
    assert!(!text.contains(&second.uid) && !text.contains(&first.uid), "no study is named");
    let status = b.cli(&["status"]).ok().out;
    assert!(status.contains("LINK TO") && status.contains("CH Nord"), "{status}");
}
