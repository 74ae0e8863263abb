//! Images and requests find one another: by Study UID, or by accession number and issuer with equal identity; never by a name. What
//! does not meet is told after a while, and a person who knows brings it together, repeating whose both are. Over C-STORE, as
//! a scanner sends.

use crate::{
    SITE,
    cases::{get, post},
};
use hyper::Method;
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Site, Study, browser, eventually,
    http::{self, Ask, Response},
    tools::pacs::Pacs,
    wait::holds,
};

/// Who issues numbers here.
const ISSUER: &str = "CHNORD";

/// A scanner's study of a patient of this site.
fn study(name: &str, id: &str) -> Study {
    Study { patient_id: id.to_owned(), issuer: Some(ISSUER.to_owned()), ..Study::of(2) }.named(name)
}

async fn sent(site: &Site, study: &Study) {
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
}

fn request(name: &str, birth_date: &str, id: &str) -> Value {
    json!({
        "priority": "P1", "question": "Fracture ?", "identity_checked": true, "justification": "pas de radiologue", "consent": "informed",
        "modality": "CT", "telephone": "02 97 01 02 03",
        "patient": { "name": name, "birth_date": birth_date, "id": id, "issuer": if id.is_empty() { "" } else { ISSUER } },
    })
}

async fn asked(site: &Site, token: &str, (request, more): (Value, Value)) -> String {
    let mut request = request;
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post(site, token, "/api/cases", &request).await["case"].as_str().unwrap().to_owned()
}

async fn joined(site: &Site, case: &str) -> Vec<(String, String)> {
    let case = get(site, &site.token, &format!("/api/cases/{case}")).await;
    let word = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    case["study_list"].as_array().unwrap().iter().map(|row| (word(row, "study"), word(row, "joined_by"))).collect()
}

/// Studies without a request, with how many requests they may belong to, and requests without images.
async fn loose(site: &Site) -> (Vec<(String, usize)>, Vec<String>) {
    let all = get(site, &site.token, "/api/cases/loose").await;
    let studies = all["studies"].as_array().unwrap().iter();
    let studies =
        studies.map(|one| (one["study"].as_str().unwrap().to_owned(), one["candidates"].as_array().unwrap().len()));
    let cases = all["cases"].as_array().unwrap().iter().map(|one| one["case"].as_str().unwrap().to_owned());
    (studies.collect(), cases.collect())
}

async fn set(site: &Site, change: Value) {
    let mut settings = get(site, &site.token, "/api/cases/settings").await;
    settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let ask = Ask::new(Method::PUT, "/api/cases/settings").json(&settings).bearer(&site.token);
    let _ = http::ask(site.portal(), ask).await.unwrap().ok();
}

async fn stands(site: &Site, alarm: &str) -> bool {
    let alarms = get(site, &site.token, "/api/alarms").await;
    alarms["standing"].as_array().unwrap().iter().any(|one| one["kind"] == alarm)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_uid_or_by_accession_number_with_equal_identity_and_never_by_a_name() {
    let site = Site::open(SITE, "CH Nord").await;
    let asker = site.new_token("dr.morvan", "referrer");
    let accession = |number: &str| json!({ "accession": number, "accession_issuer": ISSUER });

    // The request names the study before it is made.
    let first = study("KERVELLA^MAIWENN", "4711");
    let by_uid =
        asked(&site, &asker, (request("KERVELLA^MAIWENN", "19610524", "4711"), json!({ "studies": [first.uid] })))
            .await;
    sent(&site, &first).await;
    assert_eq!(joined(&site, &by_uid).await, [(first.uid.clone(), "request".to_owned())]);

    // By the accession number, its issuer, and all of the identity.
    let by_number = asked(&site, &asker, (request("LE GOFF^ANNE", "19610524", "4712"), accession("A2"))).await;
    let second = Study { accession: "A2".to_owned(), ..study("LE GOFF^ANNE", "4712") };
    sent(&site, &second).await;
    eventually!(
        10,
        "it joins",
        holds(joined(&site, &by_number).await == [(second.uid.clone(), "accession".to_owned())])
    );

    // The number and a name, but another identity; a name and a birth date, but no number: neither joins by itself.
    let by_name = asked(&site, &asker, (request("DURAND^PAUL", "19610524", "4713"), accession("A3"))).await;
    let other = Study { accession: "A3".to_owned(), ..study("DURAND^PAUL", "9999") };
    let namesake = asked(&site, &asker, (request("MARTIN^JEAN", "19610524", ""), json!({}))).await;
    let same_name = study("MARTIN^JEAN", "4714");
    for study in [&other, &same_name] {
        sent(&site, study).await;
    }
    let told = eventually!(10, "what looks like an open request is told", {
        let (studies, _) = loose(&site).await;
        studies.iter().any(|(uid, _)| *uid == other.uid).then_some(studies)
    });
    assert_eq!(told, [(other.uid.clone(), 1)], "a name alone is no candidate, and by default no alarm");
    assert_eq!((joined(&site, &by_name).await, joined(&site, &namesake).await), (vec![], vec![]));
    // Nor by its UID alone, typed by somebody: what is told of both contradicts.
    let prepares = site.new_token("manip", "technologist");
    let refused = acquire(&site, &prepares, (&by_name, &other.uid)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["differs"]), (409, &json!(["id"])));
}

/// Somebody says that a study was made for the case, by its UID alone.
async fn acquire(site: &Site, token: &str, (case, study): (&str, &str)) -> Response {
    let typed = json!({ "step": "acquired", "studies": [study] });
    let ask = Ask::new(Method::POST, format!("/api/cases/{case}/steps")).json(&typed).bearer(token);
    http::ask(site.portal(), ask).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_its_uid_alone_joins_what_is_equal_in_all_or_is_not_here_yet() {
    let site = Site::open(SITE, "CH Nord").await;
    let (asker, manip) = (site.new_token("dr.morvan", "referrer"), site.new_token("manip", "technologist"));
    let (images, others) = (study("LE GOFF^ANNE", "4712"), study("MARTIN^JEAN", "4714"));
    for study in [&images, &others] {
        sent(&site, study).await;
    }
    // Nothing contradicts, and not all is said: a person compares, as where studies are joined.
    let bare = asked(&site, &asker, (request("LE GOFF^ANNE", "19610524", ""), json!({}))).await;
    let nobody = json!({ "name": "", "birth_date": "", "id": "", "issuer": "", "identity": "unknown" });
    let unknown = asked(&site, &asker, (request("", "", ""), json!({ "priority": "P0", "patient": nobody }))).await;
    for case in [&bare, &unknown] {
        let refused = acquire(&site, &manip, (case, &images.uid)).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["fields"]), (400, &json!(["patient"])));
        assert_eq!(joined(&site, case).await, []);
    }
    let repeated = json!({ "study": images.uid, "patient": { "name": "LE GOFF^ANNE", "birth_date": "19610524" } });
    let _ = try_join(&site, &manip, &bare, repeated).await.ok();
    // What belongs to it already may be said again: nothing joins by it.
    let _ = acquire(&site, &manip, (&bare, &images.uid)).await.ok();
    assert_eq!(joined(&site, &bare).await, [(images.uid.clone(), "confirmed".to_owned())]);
    let equal = asked(&site, &asker, (request("MARTIN^JEAN", "19610524", "4714"), json!({}))).await;
    let _ = acquire(&site, &manip, (&equal, &others.uid)).await.ok();
    assert_eq!(joined(&site, &equal).await, [(others.uid.clone(), "confirmed".to_owned())]);
    // Of what is not here yet nobody knows whose it is but who says so.
    let later = study("DURAND^PAUL", "4713");
    let waits = asked(&site, &asker, (request("DURAND^PAUL", "19610524", "4713"), json!({}))).await;
    let _ = acquire(&site, &manip, (&waits, &later.uid)).await.ok();
    assert_eq!(joined(&site, &waits).await, [(later.uid.clone(), "confirmed".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_meet_is_told_after_a_while() {
    let site = Site::open(SITE, "CH Nord").await;
    let asker = site.new_token("dr.morvan", "referrer");
    set(&site, json!({ "requested_modalities": ["CT"] })).await;
    let alone = study("DURAND^PAUL", "4713");
    sent(&site, &alone).await;
    let bare = asked(&site, &asker, (request("LE GOFF^ANNE", "19610524", "4712"), json!({}))).await;
    let (studies, cases) = loose(&site).await;
    assert_eq!(
        (studies, cases),
        (vec![(alone.uid.clone(), 0)], vec![]),
        "a request waits five minutes before it is told"
    );
    for alarm in ["studies-without-request", "cases-without-images", "case-without-images"] {
        assert!(!stands(&site, alarm).await, "{alarm}");
    }
    // The five minutes are a setting.
    assert_eq!(get(&site, &site.token, "/api/cases/settings").await["images_s"], 300);
    set(&site, json!({ "images_s": 1 })).await;
    eventually!(
        15,
        "both are told",
        holds(stands(&site, "studies-without-request").await && stands(&site, "cases-without-images").await)
    );
    eventually!(15, "it is urgent, and says whom to ring up", holds(stands(&site, "case-without-images").await));
    assert_eq!(loose(&site).await.1, std::slice::from_ref(&bare));
    let whole = get(&site, &site.token, &format!("/api/cases/{bare}")).await;
    assert!(whole["flags"].as_array().unwrap().contains(&json!("no-images")), "{}", whole["flags"]);
    // Somebody says that it needs none; the images of the other come.
    let dismissed = format!("/api/cases/loose/{}/dismiss", alone.uid);
    let ask = Ask::new(Method::POST, dismissed).json(&json!({ "reason": "contrôle qualité" })).bearer(&site.token);
    let _ = http::ask(site.portal(), ask).await.unwrap().ok();
    eventually!(15, "the study is told no more", holds(!stands(&site, "studies-without-request").await));
    // It is by when a study came, whatever its scanner's clock says; also after a restart.
    let misdated = Study { date: "19991231".to_owned(), ..study("MARTIN^JEAN", "4714") };
    sent(&site, &misdated).await;
    site.kill();
    site.serve().await;
    eventually!(
        15,
        "the one that is not dismissed is told",
        holds(loose(&site).await.0 == [(misdated.uid.clone(), 0)])
    );
}

async fn try_join(site: &Site, token: &str, case: &str, join: Value) -> Response {
    let ask = Ask::new(Method::POST, format!("/api/cases/{case}/join")).json(&join).bearer(token);
    http::ask(site.portal(), ask).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_joins_what_is_the_same_on_all_sides() {
    let site = Site::open(SITE, "CH Nord").await;
    let (asker, manip) = (site.new_token("dr.morvan", "referrer"), site.new_token("manip", "technologist"));
    let right = asked(&site, &asker, (request("LE GOFF^ANNE", "19610524", ""), json!({}))).await;
    let wrong = asked(&site, &asker, (request("DURAND^PAUL", "19500101", ""), json!({}))).await;
    let nobody = json!({ "name": "", "birth_date": "", "id": "", "issuer": "", "identity": "unknown" });
    let unknown = asked(&site, &asker, (request("", "", ""), json!({ "priority": "P0", "patient": nobody }))).await;
    let images = study("LE GOFF^Anne", "4712");
    sent(&site, &images).await;
    let said = |name: &str, birth_date: &str, reason: &str| json!({ "study": images.uid, "patient": { "name": name, "birth_date": birth_date }, "reason": reason });
    // What the images say is not what the request says: refused, whatever is repeated.
    for repeated in [
        said("LE GOFF^ANNE", "19610524", ""),
        said("DURAND^PAUL", "19500101", ""),
        said("LE GOFF^ANNE", "19610524", "c’est lui"),
    ] {
        let refused = try_join(&site, &manip, &wrong, repeated).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["differs"]), (409, &json!(["birth_date", "name"])));
    }
    let misread = try_join(&site, &manip, &right, said("LE GOFF^ANNE", "19610525", "")).await;
    assert_eq!((misread.status.as_u16(), &misread.json()["differs"]), (409, &json!(["birth_date"])));
    // The request does not know its patient: somebody says how they know.
    let bare = try_join(&site, &manip, &unknown, said("LE GOFF^ANNE", "19610524", " ")).await;
    assert_eq!((bare.status.as_u16(), &bare.json()["fields"]), (400, &json!(["reason"])));
    let known =
        try_join(&site, &manip, &unknown, said("Le Goff Anne", "19610524", "bracelet lu en salle")).await.ok().json();
    assert_eq!(
        (&known["thread"][0]["text"], &known["thread"][0]["person"]),
        (&json!("bracelet lu en salle"), &json!("manip"))
    );
    assert_eq!(joined(&site, &unknown).await, [(images.uid.clone(), "confirmed".to_owned())]);
    let again = study("LE GOFF^Anne", "4712");
    sent(&site, &again).await;
    let same = json!({ "study": again.uid, "patient": { "name": "Le Goff Anne", "birth_date": "19610524" } });
    let _ = try_join(&site, &manip, &right, same).await.ok();
    assert_eq!(joined(&site, &right).await, [(again.uid.clone(), "confirmed".to_owned())]);
    assert_eq!(joined(&site, &wrong).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_browser() {
    let site = Site::open(SITE, "CH Nord").await;
    let asker = site.new_token("dr.morvan", "referrer");
    set(&site, json!({ "requested_modalities": ["CT"], "images_s": 1 })).await;
    let right = asked(&site, &asker, (request("KERVELLA^MAIWENN", "19610524", ""), json!({}))).await;
    let wrong = asked(&site, &asker, (request("KERVELLA^MARIE", "19580311", ""), json!({}))).await;
    let images = study("Kervella^Maïwenn", "4711");
    sent(&site, &images).await;
    eventually!(15, "it is told", holds(stands(&site, "studies-without-request").await));
    let input = json!({
        "a": { "portal": format!("http://{}", site.portal()), "name": "manip", "password": site.new_user("manip", "technologist") },
    });
    let seen = browser::run("images_find_their_request", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(
        seen["marked"],
        json!(["Kervella Maïwenn", "24/05/1961", "KERVELLA MARIE", "11/03/1958"]),
        "what contradicts is marked: {seen}"
    );
    assert_eq!(seen["ready_before_repeating"], false, "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    assert_eq!(joined(&site, &right).await, [(images.uid.clone(), "confirmed".to_owned())]);
    assert_eq!(joined(&site, &wrong).await, []);
}

/// The scanner sends to the PACS and to the node; what the PACS has and the node has not is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pacs_says_how_many_there_are() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let site = &pair.a;
    let pacs = Pacs::dcmtk((&site.ae_title, site.dimse())).await;
    let images = Study { instances: 4, ..study("Kervella^Maïwenn", "4711") };
    let (_, paths) = images.write(&site.scratch(&images.uid));
    pacs.store(&paths);
    let _ = site.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", "priors"]).ok();
    // One of four does not come.
    pair.announced(&images.uid, 3, &paths[..3]).await;
    let case = crate::cases::taken(&pair, &images.uid).await;
    let path = format!("/api/cases/{case}");
    let case = async || get(site, &site.token, &path).await;
    let seen = eventually!(20, "the PACS was asked", {
        let case = case().await;
        (case["study_list"][0]["expected"] == 4).then_some(case)
    });
    assert_eq!(
        (&seen["images"]["here"], &seen["images"]["expected"], &seen["images"]["count_confirmed"]),
        (&json!(3), &json!(4), &json!(false))
    );
    let expects =
        |case: &Value| case["events"].as_array().unwrap().iter().filter(|event| event["step"] == "expected").count();
    assert_eq!(expects(&seen), 1, "said once: {}", seen["events"]);
    let _ = site.c_store(&paths[3..]).ok();
    let seen = eventually!(30, "all are here", {
        let case = case().await;
        (case["images"]["count_confirmed"] == true).then_some(case)
    });
    assert_eq!((&seen["images"]["here"], &seen["count_confirmed_by"]), (&json!(4), &json!("pacs")));
}
