//! A patient's history everywhere: a prior at a third site that tells no names is found by the identifier, opened beside what is
//! read, and brought before anybody asks; a record that only looks alike is compared by a person, and nobody else's images
//! stand beside a patient's.

use crate::{
    SITE,
    coverage_hole::{covered_by, hour, radiologist, time},
};
use serde_json::{Value, json};
use std::time::Instant;
use tests::{
    Instance, Pair, Site, Study, browser, eventually,
    hospital::{agree, pair},
    http::{self, Ask, Method},
    wait::holds,
};

/// The identifier's issuer that several hospitals share.
pub(crate) const GROUP: &str = "GHT Ouest";

pub(crate) async fn stored(site: &Site, study: &Study) -> Vec<Instance> {
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    made
}

async fn lines(site: &Site, asked: &Value) -> Vec<Value> {
    let answer = site.post("/api/history", asked).await.ok();
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Rows by study: the last word of each.
fn row<'a>(lines: &'a [Value], study: &Study) -> Option<&'a Value> {
    let of = |line: &&Value| line["line"] == "study" && line["row"]["study"]["study"] == *study.uid;
    lines.iter().rev().find(of).map(|line| &line["row"])
}

fn site_line<'a>(lines: &'a [Value], site: &Site) -> &'a Value {
    lines.iter().find(|line| line["line"] == "site" && line["site_name"] == *site.name).unwrap()
}

async fn reading(site: &Site, studies: &[&Study]) -> http::Response {
    let studies: Vec<&str> = studies.iter().map(|study| study.uid.as_str()).collect();
    site.post("/api/readings", &json!({ "studies": studies })).await
}

/// A requesting site, the reader's, and a third that has been told of nobody and tells no names.
pub(crate) struct Three {
    pub(crate) asker: Site,
    pub(crate) reader: Site,
    pub(crate) third: Site,
}

impl Three {
    pub(crate) async fn set() -> Self {
        let asker = Site::open(SITE, "CH Nord").await;
        let reader = Site::open(SITE, "CHU Sud").await;
        let third = Site::open(SITE, "Clinique Ouest").await;
        for (holder, terms) in [
            (&asker, json!({ "preset": "all", "direction": "ours" })),
            (&third, json!({ "preset": "all", "direction": "ours", "fields": [] })),
        ] {
            pair(holder, &reader).await;
            let _ = agree((holder, &reader), &terms).await;
        }
        Self { asker, reader, third }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prior_at_a_third_site() {
    let Three { asker, reader, third } = Three::set().await;
    let of = |region: &str| Study {
        issuer: Some(GROUP.to_owned()),
        ..Study::of(3).named("Kervella^Maïwenn").region(region)
    };
    let current = of("HEAD");
    let prior = Study { patient_id: current.patient_id.clone(), date: "20250110".to_owned(), ..of("HEAD") };
    let breast = Study { patient_id: current.patient_id.clone(), ..of("BREAST").modality("MG") };
    // The same number, given by the third site itself to somebody else.
    let stranger = Study { patient_id: current.patient_id.clone(), ..Study::of(1).named("Durand^Zoé").region("HEAD") };
    let _ = stored(&asker, &current).await;
    for study in [&prior, &breast, &stranger] {
        let _ = stored(&third, study).await;
        let _ = reader.settled(&study.uid, study.instances as usize).await;
    }
    let _ = reader.settled(&current.uid, 3).await;

    // What is known here names nobody: only the question finds it.
    let known = lines(&reader, &json!({ "study": current.uid })).await;
    assert!(row(&known, &prior).is_none() && row(&known, &current).is_some(), "{known:?}");
    assert_eq!(reading(&reader, &[&current, &prior]).await.error_code(), "wrong-patient");
    let told = lines(&reader, &json!({ "study": current.uid, "live": true })).await;
    let found = row(&told, &prior).expect("the prior is found");
    assert_eq!((&found["is"], &found["relevant"]), (&json!("same"), &json!(true)), "{found}");
    assert_eq!(found["holders"], json!([{ "site": third.id().await, "site_name": "Clinique Ouest" }]));
    assert_eq!(row(&told, &breast).unwrap()["relevant"], json!(false), "it is of another part");
    assert!(row(&told, &stranger).is_none(), "a number without its issuer is nobody's");
    assert_eq!(site_line(&told, &third)["state"], "answered");

    // One click: both in one context, and nothing else; the images come.
    let opened = reading(&reader, &[&current, &prior]).await.ok().json();
    assert!(opened["viewer"].as_str().unwrap().contains(&format!("{},{}", current.uid, prior.uid)));
    let root = opened["dicomweb_root"].as_str().unwrap();
    let beside = reader.get(&format!("{root}/studies")).await.ok().json();
    assert_eq!(beside.as_array().unwrap().len(), 2, "{beside}");
    assert_eq!(reading(&reader, &[&current, &stranger]).await.error_code(), "wrong-patient");

    // Both logs have it, and neither says whose it was.
    for (site, act) in [(&reader, "history-asked"), (&third, "history-told")] {
        let log = site.audit("").await;
        let of_it: Vec<_> = log.iter().filter(|entry| entry["act"] == act).collect();
        assert!(of_it.iter().any(|entry| entry["outcome"] == "done"), "{act}: {log:?}");
        assert!(of_it.iter().all(|entry| !entry.to_string().contains(&current.patient_id)), "{of_it:?}");
    }

    // A site that may not be asked is named with the reason, one that is dead within two seconds.
    let agreements = reader.get("/api/agreements").await.ok().json();
    let third_id = third.id().await;
    let agreement = agreements.as_array().unwrap().iter().find(|row| row["peer"] == *third_id).unwrap();
    let path = format!("/api/agreements/{}", agreement["id"].as_str().unwrap());
    let _ = third.post(&format!("{path}/suspend"), &json!({})).await.ok();
    eventually!(10, "the reader's site has heard that it is suspended", {
        let told = lines(&reader, &json!({ "study": current.uid, "live": true })).await;
        holds(site_line(&told, &third)["reason"] == "suspended")
    });
    let _ = third.post(&format!("{path}/resume"), &json!({})).await.ok();
    eventually!(10, "it may be asked again", {
        let told = lines(&reader, &json!({ "study": current.uid, "live": true })).await;
        holds(site_line(&told, &third)["state"] == "answered")
    });
    third.kill();
    let began = Instant::now();
    let told = lines(&reader, &json!({ "patient_id": current.patient_id, "issuer": GROUP, "live": true })).await;
    assert_eq!(site_line(&told, &third)["state"], "away", "{told:?}");
    assert!(began.elapsed().as_millis() < 2_500, "{:?}", began.elapsed());
    assert_eq!(row(&told, &current).unwrap()["is"], "same", "what is known is told all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priors_of_a_case_are_there_before_anybody_opens_it() {
    let Three { asker, reader, third } = Three::set().await;
    let of = |region: &str| Study {
        issuer: Some(GROUP.to_owned()),
        ..Study::of(4).named("Kervella^Maïwenn").region(region)
    };
    let current = of("HEAD");
    let prior = Study { patient_id: current.patient_id.clone(), date: "20250110".to_owned(), ..of("HEAD") };
    let other = Study { patient_id: current.patient_id.clone(), ..of("ANKLE").modality("DX") };
    let _ = stored(&asker, &current).await;
    let made = stored(&third, &prior).await;
    let _ = stored(&third, &other).await;
    for study in [&prior, &other] {
        let _ = reader.settled(&study.uid, 4).await;
    }
    let _ = reader.settled(&current.uid, 4).await;
    let referrer = asker.new_token("dr.urgence", "referrer");
    let request = json!({ "studies": [current.uid], "priority": "P1", "question": "AVC ?", "identity_checked": true, "justification": "déficit",
        "consent": "informed", "modality": "CT", "region": "HEAD", "to": [{ "site": "CHU Sud" }] });
    let ask = Ask::new(Method::POST, "/api/cases").json(&request).bearer(&referrer);
    let _ = http::ask(asker.portal(), ask).await.unwrap().ok();
    let here = async |study: &Study| reader.listed(&study.uid).await.map(|row| row["instances_here"].clone());
    eventually!(30, "the relevant prior is brought", holds(here(&prior).await == Some(json!(4))));
    assert_eq!(here(&other).await, Some(json!(0)), "what does not help is left where it is");
    let asked = json!({ "study": current.uid });
    let ahead = async || lines(&reader, &asked).await.pop().unwrap()["ahead"].clone();
    let before = ahead().await;
    assert_eq!((&before["studies"], &before["opened"]), (&json!(1), &json!(0)), "{before}");
    let _ = reader.frame(&made[0].path(), 1).await.ok();
    assert_eq!(ahead().await["opened"], json!(1), "it was of use");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priors_of_a_study_on_duty_are_there_before_anybody_asks() {
    let Three { asker, reader, third } = Three::set().await;
    let of = |patient: &str| Study {
        issuer: Some(GROUP.to_owned()),
        patient_id: patient.to_owned(),
        ..Study::of(4).named("Kervella^Maïwenn").region("HEAD")
    };
    let earlier = |patient: &str| Study { date: "20250110".to_owned(), ..of(patient) };
    let (prior, other) = (earlier("P1"), earlier("P2"));
    for study in [&prior, &other] {
        let _ = stored(&third, study).await;
        let _ = reader.settled(&study.uid, 4).await;
    }
    // In a night that nobody here reads nothing is brought.
    let before = of("P2");
    let _ = stored(&asker, &before).await;
    let _ = reader.settled(&before.uid, 4).await;
    let _ = radiologist(&reader, "leroy", &["CT"]).await;
    let coverage = covered_by((&asker, &reader), &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    let plan = json!({ "person": "leroy", "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)), "presence": "astreinte", "confirmed": true });
    let _ = reader.post("/api/shifts", &plan).await.ok();
    let current = of("P1");
    let _ = stored(&asker, &current).await;
    let here = async |study: &Study| reader.listed(&study.uid).await.map(|row| row["instances_here"].clone());
    eventually!(30, "the prior is brought", holds(here(&prior).await == Some(json!(4))));
    assert_eq!(here(&other).await, Some(json!(0)), "of whom nobody here is to read nothing is brought");
    assert_eq!(reader.get("/api/cases").await.json()["total"], 0, "nobody has asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priors_of_a_site_that_was_away_are_brought_when_it_is_back() {
    let Three { asker, reader, third } = Three::set().await;
    let of = |date: &str| Study {
        issuer: Some(GROUP.to_owned()),
        date: date.to_owned(),
        ..Study::of(4).named("Kervella^Maïwenn").region("HEAD")
    };
    let current = of("20260301");
    let prior = Study { patient_id: current.patient_id.clone(), ..of("20250110") };
    let _ = stored(&asker, &current).await;
    let _ = stored(&third, &prior).await;
    for study in [&prior, &current] {
        let _ = reader.settled(&study.uid, 4).await;
    }
    third.kill();
    eventually!(20, "the third site is away", {
        let told = lines(&reader, &json!({ "study": current.uid, "live": true })).await;
        holds(site_line(&told, &third)["state"] == "away")
    });
    let referrer = asker.new_token("dr.urgence", "referrer");
    let request = json!({ "studies": [current.uid], "priority": "P1", "question": "AVC ?", "identity_checked": true, "justification": "déficit",
        "consent": "informed", "modality": "CT", "region": "HEAD", "to": [{ "site": "CHU Sud" }] });
    let ask = Ask::new(Method::POST, "/api/cases").json(&request).bearer(&referrer);
    let _ = http::ask(asker.portal(), ask).await.unwrap().ok();
    eventually!(20, "the case is here, and its priors were looked for", {
        let list = reader.get("/api/cases").await.json();
        let log = reader.audit("").await;
        let asked = log.iter().filter(|entry| entry["act"] == "history-asked" && entry["person"] != "story").count();
        holds(list["total"] == 1 && asked > 0)
    });
    let here = async || reader.listed(&prior.uid).await.map(|row| row["instances_here"].clone());
    assert_ne!(here().await, Some(json!(4)), "its holder is away");
    third.serve().await;
    eventually!(60, "the prior is brought", holds(here().await == Some(json!(4))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_patient_candidate() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    // Two hospitals' own numbers; name, birth date and sex are the same.
    let ours = Study::of(1).named("Kervella^Maïwenn");
    let theirs = Study::of(1).named("Kervella^Maiwenn");
    let nobody = Study::of(1).named("Durand^Zoé");
    let _ = stored(&pair.b, &ours).await;
    for study in [&theirs, &nobody] {
        let _ = stored(&pair.a, study).await;
        let _ = pair.b.settled(&study.uid, 1).await;
    }
    let asked = json!({ "study": ours.uid, "live": true });
    let told = lines(&pair.b, &asked).await;
    assert!(row(&told, &nobody).is_none(), "the same birth date is not enough");
    let candidate = row(&told, &theirs).expect("it is shown, to be compared");
    assert_eq!((&candidate["is"], &candidate["differs"]), (&json!("candidate"), &json!([])), "{candidate}");
    let refused = reading(&pair.b, &[&ours, &theirs]).await;
    assert_eq!((refused.status.as_u16(), refused.error_code()), (409, "wrong-patient".to_owned()));

    let decide = async |role: &str, decision: &str| {
        let token = pair.b.new_token(&format!("{role}-{decision}"), role);
        let body = json!({
            "ours": { "issuer": pair.b.name, "id": ours.patient_id },
            "theirs": { "issuer": pair.a.name, "id": theirs.patient_id },
            "peer": pair.a_id, "decision": decision,
        });
        http::ask(pair.b.portal(), Ask::new(Method::POST, "/api/patient-links").json(&body).bearer(&token))
            .await
            .unwrap()
    };
    let listed = pair.b.get("/api/patient-links").await.ok().json();
    assert_eq!((&listed[0]["state"], &listed[0]["person"]), (&json!("candidate"), &json!("")), "{listed}");
    assert_eq!(decide("technologist", "confirm").await.status.as_u16(), 403, "a physician compares");
    assert_eq!(decide("radiologist", "revoke").await.status.as_u16(), 409, "nothing was confirmed");

    // Two people of one name and birth date: rejected, it is not proposed again.
    let _ = decide("radiologist", "reject").await.ok();
    let told = lines(&pair.b, &asked).await;
    assert!(row(&told, &theirs).is_none());
    assert_eq!(reading(&pair.b, &[&ours, &theirs]).await.error_code(), "wrong-patient");

    // It was a mistake: confirmed, it stands beside; over a restart, too.
    let link = decide("radiologist", "confirm").await.ok().json();
    pair.b.kill();
    pair.b.serve().await;
    eventually!(20, "it is linked", {
        let told = lines(&pair.b, &asked).await;
        holds(row(&told, &theirs).is_some_and(|row| row["is"] == "linked"))
    });
    let opened = reading(&pair.b, &[&ours, &theirs]).await.ok().json();
    let root = opened["dicomweb_root"].as_str().unwrap();
    assert_eq!(pair.b.get(&format!("{root}/studies")).await.ok().json().as_array().unwrap().len(), 2);

    // Taken back: what was opened by it is listed, and what stood together does no longer.
    let revoked = http::ask(
        pair.b.portal(),
        Ask::new(Method::POST, "/api/patient-links")
            .json(&json!({ "ours": link["ours"], "theirs": link["theirs"], "peer": pair.a_id, "decision": "revoke" }))
            .bearer(&pair.b.new_token("dim", "radiologist")),
    );
    let revoked = revoked.await.unwrap().ok().json();
    assert_eq!(
        (&revoked["state"], &revoked["opened"][0]["study"]),
        (&json!("revoked"), &json!(theirs.uid)),
        "{revoked}"
    );
    assert_eq!(pair.b.get(&format!("{root}/studies")).await.status.as_u16(), 404);
    assert_eq!(reading(&pair.b, &[&ours, &theirs]).await.error_code(), "wrong-patient");
    let log = pair.b.audit("").await;
    let notes: Vec<_> =
        log.iter().filter(|entry| entry["act"] == "patient-linked").map(|e| e["note"].clone()).collect();
    assert!(notes.contains(&json!("revoked")) && notes.contains(&json!("rejected")), "{notes:?}");
    assert!(!log.iter().any(|entry| entry.to_string().contains("Kervella")), "no log has a name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_browser() {
    let Three { asker, reader, third } = Three::set().await;
    let of = |region: &str| Study {
        issuer: Some(GROUP.to_owned()),
        ..Study::of(3).named("Kervella^Maïwenn").region(region).size(256, 256)
    };
    let current = of("HEAD");
    let prior = Study { patient_id: current.patient_id.clone(), date: "20250110".to_owned(), ..of("HEAD") };
    // Of the requesting site's own number, and told with its names.
    let alike = Study::of(1).named("Kervella^Maiwenn").region("HEAD");
    let stranger = Study::of(1).named("Durand^Zoé").region("HEAD");
    for (site, study) in [(&asker, &current), (&third, &prior), (&asker, &alike), (&asker, &stranger)] {
        let made = stored(site, study).await;
        let _ = reader.settled(&study.uid, made.len()).await;
    }
    let password = reader.new_user("dr.garde", "radiologist");
    let seen = browser::run(
        "prior_at_a_third_site",
        &json!({ "portal": format!("http://{}", reader.portal()), "name": "dr.garde", "password": password,
            "current": current.uid, "prior": prior.uid, "alike": alike.uid, "stranger": stranger.uid }),
    );
    println!("seconds: {}", seen["seconds"]);
    assert_eq!((&seen["before"], &seen["after"]), (&json!([1, 0, 0]), &json!([1, 1])), "{seen}");
    let compared = seen["compared"].as_str().unwrap();
    for shown in ["KERVELLA Maïwenn", "KERVELLA Maiwenn", GROUP, &alike.patient_id] {
        assert!(compared.to_lowercase().contains(&shown.to_lowercase()), "{shown}: {compared}");
    }
    assert!(seen["viewer"].as_str().unwrap().contains("hangingProtocolId=confrere.compare"), "{seen}");
    assert!(seen["side_by_side"].as_u64().unwrap() >= 2, "{seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}
