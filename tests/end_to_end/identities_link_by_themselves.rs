//! Two hospitals know a patient by numbers of their own and by one qualified national identity: the records are linked by themselves, by
//! the strict rule and by nothing less, shown as such, and taken back as any other link.

use crate::{SITE, prior_at_a_third_site::stored};
use serde_json::{Value, json};
use tests::{
    Site, Study, eventually,
    hospital::{agree, pair},
    http::{self, Ask, Method},
    wait::holds,
};

const NUMBER: &str = "255081416802538";
const NATIONAL: &str = "1.2.250.1.213.1.4.8";

async fn sure(name: &str, standing: &str) -> Site {
    let site = Site::init(SITE, name);
    site.configure("site", "national_identity", standing.into());
    site.serve().await;
    site
}

/// What a study is to the patient of another; `Null`: it is not shown.
async fn is(site: &Site, current: &Study, other: &Study) -> (Value, Value, Value) {
    let asked = json!({ "study": current.uid, "live": true });
    let told = site.post("/api/history", &asked).await.ok().text();
    let lines = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut rows = lines.filter(|line| line["line"] == "study" && line["row"]["study"]["study"] == *other.uid);
    let row = rows.next_back().map_or(Value::Null, |line| line["row"].clone());
    (row["is"].clone(), row["differs"].clone(), row["link_state"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_by_the_strict_rule() {
    let holder = sure("CH Nord", "validated").await;
    let reader = sure("CHU Sud", "qualified").await;
    pair(&holder, &reader).await;
    let _ = agree((&holder, &reader), &json!({ "preset": "all", "direction": "ours" })).await;
    let of = |name: &str, issuer: &str| Study {
        other_id: Some((NUMBER.to_owned(), issuer.to_owned())),
        ..Study::of(1).named(name)
    };
    let ours = of("Kervella^Maïwenn", NATIONAL);
    let theirs = of("KERVELLA^MAIWENN", NATIONAL);
    let misspelt = of("KERVELA^MAIWENN", NATIONAL);
    let local = of("KERVELLA^MAIWENN", "1.2.3.4");
    let _ = stored(&reader, &ours).await;
    for study in [&theirs, &misspelt, &local] {
        let _ = stored(&holder, study).await;
        let _ = reader.settled(&study.uid, 1).await;
    }
    let reading = async || {
        let body = json!({ "studies": [ours.uid, theirs.uid] });
        reader.post("/api/readings", &body).await
    };
    let (candidate, linked) = (json!("candidate"), json!("linked"));

    // A site that has only seen papers is not sure enough, however equal the records are.
    let (as_what, differs, _) = is(&reader, &ours, &theirs).await;
    assert_eq!((as_what, differs), (candidate.clone(), json!([])));
    assert_eq!(reading().await.error_code(), "wrong-patient");

    // Qualified at both sites, with equal traits: linked by itself. One letter less, or a local number, and it is not.
    holder.stop().await;
    holder.configure("site", "national_identity", "qualified".into());
    holder.serve().await;
    eventually!(30, "the holder has said how sure it is", holds(is(&reader, &ours, &theirs).await.0 == linked));
    assert_eq!(is(&reader, &ours, &misspelt).await, (candidate.clone(), json!(["name"]), json!("candidate")));
    assert_eq!(is(&reader, &ours, &local).await, (candidate.clone(), json!([]), json!("candidate")));
    let links = reader.get("/api/patient-links").await.ok().json();
    let confirmed: Vec<&Value> = links.as_array().unwrap().iter().filter(|link| link["state"] == "confirmed").collect();
    let [link] = confirmed[..] else { panic!("{links}") };
    assert_eq!((&link["method"], &link["person"]), (&json!("strict"), &json!("")), "{link}");
    assert_eq!((&link["ours"]["id"], &link["theirs"]["id"]), (&json!(ours.patient_id), &json!(theirs.patient_id)));
    let opened = reading().await.ok().json();
    let root = opened["dicomweb_root"].as_str().unwrap();
    assert_eq!(reader.get(&format!("{root}/studies")).await.ok().json().as_array().unwrap().len(), 2);
    let log = reader.audit("").await;
    let note = |entry: &&Value| entry["act"] == "patient-linked" && entry["note"] == "confirmed by the strict rule";
    assert_eq!(log.iter().filter(note).count(), 1, "{log:?}");
    assert!(!log.iter().any(|entry| entry.to_string().contains(NUMBER)), "no log has the number");

    // Taken back by a person it stays so.
    let body = json!({ "ours": link["ours"], "theirs": link["theirs"], "peer": link["peer"], "decision": "revoke" });
    let ask = Ask::new(Method::POST, "/api/patient-links").json(&body).bearer(&reader.new_token("dim", "radiologist"));
    let revoked = http::ask(reader.portal(), ask).await.unwrap().ok().json();
    assert_eq!(revoked["opened"][0]["study"], json!(theirs.uid), "{revoked}");
    assert_eq!(reader.get(&format!("{root}/studies")).await.status.as_u16(), 404);
    assert_eq!(is(&reader, &ours, &theirs).await, (candidate, json!([]), json!("revoked")));
    assert_eq!(reading().await.error_code(), "wrong-patient");
}
