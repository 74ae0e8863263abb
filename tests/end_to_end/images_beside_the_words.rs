//! Images beside the words: those that a question is about, those that were measured while it was read, and those of before. They
//! are signed with the report, shown where it was asked for, and one click from the viewer; in the portal's own viewer studies side
//! by side move together and say when they grow, and Weasis reads what its token is for and nothing else.

use crate::{
    SITE,
    cases_are_read_elsewhere::{Person, filed},
    prior_at_a_third_site::{GROUP, stored},
};
use serde_json::{Value, json};
use tests::{
    Instance, Pair, Preset, Site, Study, browser,
    documents::Says,
    eventually,
    http::{self, Ask, Method},
    multipart,
    tools::dcmtk,
};

const LENGTH: Says<'_> = Says::Measured("Lésion frontale", ["Length", "23.4", "mm"]);

fn key_image(of: &Instance, text: &str) -> Value {
    json!({ "study": of.study, "series": of.series, "instance": of.uid, "text": text })
}

fn question(study: &Study, to: &Site, key_images: &[Value]) -> Value {
    json!({ "priority": "P2", "question": "Lésion ?", "identity_checked": true, "justification": "avis", "consent": "informed", "modality": "CT",
        "region": "HEAD", "studies": [study.uid], "to": [{ "site": to.name }], "key_images": key_images })
}

/// Somebody has it to read: asked, taken and claimed.
async fn claimed(reader: &Person<'_>, case: &str) {
    let _ = reader.sees(10, case, "it is offered", |case| case["tab"] == "offered").await;
    let _ = reader.step(case, json!({ "step": "accept" })).await;
    let _ = reader.sees(10, case, "the images are ready", |case| case["stage"] == "images-ready").await;
    let _ = reader.step(case, json!({ "step": "claim" })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_measured_is_signed_with_the_report_and_shown_where_it_was_asked_for() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(6).named("DURAND^PAUL");
    let other = Study::of(1);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let asker = Person::new(&pair.a, "dr.morvan", "referrer");
    let reader = Person::new(&pair.b, "dr.garde", "radiologist");
    let begun = asker.begin(question(&study, &pair.b, &[key_image(&made[2], "ici ?")])).await;
    let case = begun["case"].as_str().unwrap();
    claimed(&reader, case).await;
    let found = format!("/api/cases/{case}/key-images");
    assert_eq!(reader.get(&found).await, json!({ "images": [], "partial": false }));

    // The viewer saves a measurement beside the images; a selection of another program lies there as well.
    let selected = study.document(&made[0], Says::Selected("À revoir"));
    let _ = pair.b.stow(&[&study.document(&made[4], LENGTH), &selected]).await.ok();
    let told = eventually!(20, "both documents are read", {
        let told = reader.get(&found).await;
        (told["images"].as_array()?.len() == 2).then_some(told)
    });
    let of = |at: &Instance| told["images"].as_array().unwrap().iter().find(|one| one["instance"] == *at.uid).unwrap();
    assert_eq!(of(&made[4])["values"], json!([{ "name": "Length", "value": "23.4", "unit": "mm" }]));
    assert_eq!((&of(&made[4])["label"], &of(&made[4])["number"]), (&json!("Lésion frontale"), &json!(5)));
    assert_eq!((&of(&made[0])["label"], &of(&made[0])["values"]), (&json!("À revoir"), &json!([])));

    // Signed with the report, and nobody else's images are.
    let mut report = reader.report(case, "final", "lésion frontale").await;
    report["key_images"] = json!([key_image(&other.make()[0], "ailleurs")]);
    let refused = reader.try_sign(case, &report).await;
    assert_eq!(refused.error_code(), "wrong-patient", "{}", refused.text());
    let words = "Lésion frontale · Longueur 23,4 mm";
    report["key_images"] = json!([key_image(&made[4], words)]);
    let _ = reader.try_sign(case, &report).await.ok();
    let shown =
        asker.sees(10, case, "the report is there", |case| case["reports"][0]["key_images"][0]["text"] == words).await;
    assert_eq!(shown["reports"][0]["key_images"][0]["instance"], json!(made[4].uid));

    // What is filed where it was asked for names them too.
    let _ = asker.sees(20, case, "it is filed", |case| case["reports"][0]["delivered"] == true).await;
    let folder = pair.a.scratch("reports");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("report.dcm");
    std::fs::write(&file, &filed(&pair.a, &study.uid, "SR").await[0]).unwrap();
    let read = dcmtk::report(&file);
    assert!(read.success && read.text.contains("Lésion frontale · Longueur 23,4 mm"), "{}", read.text);
    assert!(read.text.contains("ici ?"), "what the question was about: {}", read.text);
    let event = shown["reports"][0]["event"].as_str().unwrap();
    let pdf = asker.ask(Method::GET, &format!("/api/cases/{case}/reports/{event}/pdf"), None).await.ok();
    assert!(pdf.body.starts_with(b"%PDF-"));
}

/// What Weasis asks with its token; no cookie goes with it.
async fn as_weasis(site: &Site, token: &str, path: &str, accept: &str) -> http::Response {
    http::ask(site.portal(), Ask::get(path).header("accept", accept).bearer(token)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weasis_reads_what_its_token_is_for_and_nothing_else() {
    const JSON: &str = "application/dicom+json";
    const DICOM: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    let site = Site::open(SITE, "CH Nord").await;
    let (study, other) = (Study::of(3), Study::of(1));
    let (made, _) = (stored(&site, &study).await, stored(&site, &other).await);
    let body = json!({ "studies": [study.uid] });
    let by_token = Person::new(&site, "programme", "radiologist");
    let refused = by_token.ask(Method::POST, "/api/readings/viewer", Some(&body)).await;
    assert_eq!(refused.status.as_u16(), 401, "it ends with a session, which a token has none of");

    let reader = Person::signed_in(&site, "dr.garde", "radiologist").await;
    let viewing = reader.ask(Method::POST, "/api/readings/viewer", Some(&body)).await.ok().json();
    let (root, token) = (viewing["dicomweb_root"].as_str().unwrap(), viewing["token"].as_str().unwrap());
    let asks = async |path: &str, accept: &str| as_weasis(&site, token, path, accept).await;
    let found = asks(&format!("{root}/studies?StudyInstanceUID={}", study.uid), JSON).await.ok().json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let series = asks(&format!("{root}/studies/{}/series", study.uid), JSON).await.ok().json();
    let series = series[0]["0020000E"]["Value"][0].as_str().unwrap();
    let instances = asks(&format!("{root}/studies/{}/series/{series}/instances", study.uid), JSON).await.ok().json();
    assert_eq!(instances.as_array().unwrap().len(), made.len());
    let file = asks(&format!("{root}{}", made[1].path()), DICOM).await.ok();
    assert!(multipart::parts(&file)[0].ends_with(&made[1].pixels));

    let outside = asks(&format!("{root}/studies/{}/series", other.uid), JSON).await;
    assert_eq!(outside.status.as_u16(), 404, "another study");
    for path in
        [format!("/dicomweb/studies/{}/series", study.uid), "/api/studies".to_owned(), format!("{root}0/studies")]
    {
        assert_eq!(asks(&path, JSON).await.status.as_u16(), 401, "{path}: nowhere but in its own context");
    }
    let stow = Ask::new(Method::POST, format!("{root}/studies"))
        .body(&multipart::dicom_type(), multipart::body(&[&made[0].file]))
        .bearer(token);
    assert_eq!(http::ask(site.portal(), stow).await.unwrap().status.as_u16(), 401, "it stores nothing");
    let log = site.audit("").await;
    let opened = |entry: &Value| entry["act"] == "study-opened" && entry["study"] == study.uid;
    assert!(log.iter().any(|entry| opened(entry) && entry["person"] == "dr.garde"), "it is in the log: {log:?}");

    // Signed out, it is over.
    let _ = reader.ask(Method::DELETE, "/api/session", None).await;
    let over = asks(&format!("{root}{}", made[1].path()), DICOM).await;
    assert_eq!(over.status.as_u16(), 401, "{}", over.text());
}

fn desk(site: &Site, name: &str, role: &str) -> Value {
    json!({ "portal": format!("http://{}", site.portal()), "site": site.name, "name": name,
        "password": site.new_user(name, role) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_images_in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study { series: 2, ..Study::of(8) }.size(256, 256).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    // Of the second series, where no viewer begins by itself.
    let (chosen, measured) = (&made[13], &made[10]);
    let _ = pair.b.stow(&[&study.document(measured, LENGTH)]).await.ok();
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "b": desk(&pair.b, "pr.expert", "radiologist"),
        "study": study.uid, "patient": "Kervella Maïwenn", "born": "24/05/1961",
        "series": chosen.series, "number": chosen.number, "chosen": chosen.uid, "measured": measured.uid,
    });
    let seen = browser::run("images_beside_the_words", &input);
    assert_eq!(
        (&seen["asked"], &seen["jumped"]),
        (&json!(1), &json!([chosen.uid, measured.uid, measured.uid])),
        "{seen}"
    );
    assert!(seen["signed"].as_str().unwrap().contains("Longueur 23,4 mm"), "{seen}");
    assert_eq!(seen["weasis"], true, "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn studies_side_by_side_move_together_and_say_when_they_grow() {
    let site = Site::open(SITE, "CH Nord").await;
    let of = |date: &str| Study {
        issuer: Some(GROUP.to_owned()),
        date: date.to_owned(),
        ..Study::of(12).named("Kervella^Maïwenn").region("HEAD").size(256, 256)
    };
    let current = of("20260301");
    let prior = Study { patient_id: current.patient_id.clone(), ..of("20250110") };
    let made = stored(&site, &current).await;
    let _ = stored(&site, &prior).await;
    let more: Vec<Instance> = (13..=15).map(|number| current.one(&made[0].series, 1, number)).collect();
    let late = tests::part10::write(&more, &site.scratch("late"));
    let input = json!({
        "portal": format!("http://{}", site.portal()), "name": "dr.garde",
        "password": site.new_user("dr.garde", "radiologist"), "current": current.uid, "prior": prior.uid,
    });
    // The late images come while the viewer is open: the script says when by a file.
    let opened = site.scratch("opened").join("now");
    std::fs::create_dir_all(opened.parent().unwrap()).unwrap();
    let mut input = input;
    input["opened"] = json!(opened);
    let watched = opened.clone();
    let story = std::thread::spawn(move || browser::run("side_by_side", &input));
    eventually!(180, "the studies are open side by side", watched.exists().then_some(()));
    let _ = site.c_store(&late).ok();
    let seen = story.join().unwrap();
    assert_eq!(seen["together"], json!([4, 4]), "scroll one, the other follows: {seen}");
    assert_eq!(seen["apart"], json!([6, 4]), "switched off, it stays: {seen}");
    assert_eq!(seen["again"], json!([8, 6]), "joined anew from where they stood: {seen}");
    assert!(seen["said"].as_str().unwrap().contains("non recalé"), "{seen}");
    assert!(seen["grown"].as_str().unwrap().contains("12 → 15"), "{seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}
