//! Somebody comes with a medium of another hospital: it is looked at first, a person chooses, and what was chosen is taken
//! in as it is.

use crate::SITE;
use hyper::Method;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tests::{Instance, Site, Study, http, part10};

async fn stored(site: &Site, study: &Study) -> Vec<Instance> {
    let made = study.make();
    let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
    let _ = site.stow(&files).await.ok();
    let _ = site.settled(&study.uid, made.len()).await;
    made
}

fn medium(site: &Site, name: &str, form: &[&str]) -> PathBuf {
    let to = site.scratch("out").join(name);
    let path = to.display().to_string();
    let _ = site.cli(&[&["export", "--to", &path, "--purpose", "transfer"][..], form].concat()).ok();
    to
}

fn import(site: &Site, path: &Path, more: &[&str]) -> tests::site::Said {
    let path = path.display().to_string();
    site.cli(&[&["import", &path][..], more].concat())
}

async fn insist(site: &Site, all: &[Instance]) {
    for instance in all {
        let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_folder_zip_and_image() {
    let from = Site::open(SITE, "CH Nord").await;
    let mut all = stored(&from, &Study { series: 2, ..Study::of(3) }).await;
    all.extend(stored(&from, &Study::of(2).named("Dupont^Jean")).await);
    let folder = medium(&from, "folder", &["--pdi"]);
    // What else lies on a medium is left alone.
    fs::write(folder.join("AUTORUN.EXE"), b"MZ").unwrap();
    for path in [
        folder.clone(),
        medium(&from, "medium.iso", &["--iso"]),
        medium(&from, "medium.zip", &["--pdi", "--zip"]),
        deflated(&from, &folder),
    ] {
        let to = Site::open(SITE, "CH Sud").await;
        let said = import(&to, &path, &["--scan"]).ok();
        assert_eq!(said.out.matches("Patient ").count(), 2, "{}", said.out);
        assert!(said.out.contains("6 instances, 0 held already") && said.out.contains("Nothing was taken in"));
        assert!(to.listed(&all[0].study).await.is_none());
        let said = import(&to, &path, &[]).ok();
        assert!(said.out.contains("8 stored") && said.out.contains("0 refused"), "{}: {}", path.display(), said.out);
        insist(&to, &all).await;
        // Again: what was cut off goes on so.
        let said = import(&to, &path, &[]).ok();
        assert!(said.out.contains("0 stored") && said.out.contains("8 known"), "{}", said.out);
    }
}

/// A zip as other programs write it.
fn deflated(site: &Site, folder: &Path) -> PathBuf {
    let to = site.scratch("out").join("deflated.zip");
    let script = "import os,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)\n\
                  [z.write(os.path.join(d,f),os.path.join('CD',os.path.relpath(os.path.join(d,f),sys.argv[2]))) \
                  for d,_,fs in os.walk(sys.argv[2]) for f in fs]\nz.close()";
    let done = Command::new("python3").args(["-c", script]).arg(&to).arg(folder).status().unwrap();
    assert!(done.success());
    to
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_person_chooses_whose_images_stay() {
    let from = Site::open(SITE, "CH Nord").await;
    let mine = Study::of(3);
    let other = Study::of(2).named("Dupont^Jean");
    let (wanted, unwanted) = (stored(&from, &mine).await, stored(&from, &other).await);
    let image = medium(&from, "medium.iso", &["--iso"]);

    let to = Site::open(SITE, "CH Sud").await;
    // The same patient is known here, under the same ID.
    let here = Study { patient_id: mine.patient_id.clone(), ..Study::of(1) };
    let _ = stored(&to, &here).await;
    let said = import(&to, &image, &["--scan"]).ok();
    assert!(said.out.contains(&format!("perhaps ours: {}", mine.patient_id)), "{}", said.out);
    assert_eq!(said.out.matches("perhaps ours").count(), 1, "{}", said.out);

    let said = import(&to, &image, &["--leave-out", &other.patient_id]).ok();
    assert!(said.out.contains("3 stored") && said.out.contains("2 left out"), "{}", said.out);
    insist(&to, &wanted).await;
    assert!(to.listed(&unwanted[0].study).await.is_none());
    let said = import(&to, &image, &["--patient", &other.patient_id]).ok();
    assert!(said.out.contains("2 stored") && said.out.contains("3 left out"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_same_id_is_not_the_same_patient() {
    let from = Site::open(SITE, "CH Nord").await;
    let zoe = Study { patient_id: "4711".to_owned(), ..Study::of(2).named("Durand^Zoe") };
    let paul = Study { patient_id: "N-9".to_owned(), ..Study::of(1).named("Martin^Paul") };
    let (_, pauls) = (stored(&from, &zoe).await, stored(&from, &paul).await);
    let image = medium(&from, "medium.iso", &["--iso"]);

    let to = Site::open(SITE, "CH Sud").await;
    let ours = Study { patient_id: "4711".to_owned(), ..Study::of(1).named("Martin^Paul") };
    let _ = stored(&to, &ours).await;
    let said = import(&to, &image, &["--scan"]).ok();
    assert!(said.out.contains("not the same as ours?: 4711") && said.out.contains("To be decided"), "{}", said.out);
    assert!(said.out.contains("same name, birth date and sex") && said.out.contains(&ours.uid), "{}", said.out);
    let said = import(&to, &image, &[]);
    assert!(said.code != Some(0) && said.out.contains("2 wait for a decision"), "{said:?}");
    assert!(to.listed(&zoe.uid).await.is_none(), "nobody is taken for somebody else");
    assert!(to.listed(&paul.uid).await.is_some(), "an ID of its own needs no decision");

    let said = import(&to, &image, &["--external", "4711", "--issuer", "CH Nord", "--patient", "4711"]).ok();
    assert!(said.out.contains("2 stored"), "{}", said.out);
    let row = to.listed(&zoe.uid).await.unwrap();
    assert_eq!((&row["patient"]["issuer"], &row["patient"]["name"]), (&json!("CH Nord"), &json!("Durand^Zoe")));
    assert_eq!(to.listed(&ours.uid).await.unwrap()["patient"]["issuer"], Value::Null);

    // The other one is ours, under another ID: shown as such, and the received bytes stay.
    let said = import(&to, &image, &["--link", &format!("N-9={}", ours.uid), "--patient", "N-9"]).ok();
    assert!(said.out.contains("1 known"), "{}", said.out);
    assert_eq!(to.listed(&paul.uid).await.unwrap()["patient"]["id"], "4711");
    let folder = to.dir().join("objects").join(&pauls[0].digest().to_string()[..2]);
    let kept = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    assert!(kept.into_iter().any(|file| file.ends_with(pauls[0].data_set())));
    let undo = to.get("/api/corrections").await.ok().json()[0]["id"].to_string();
    let _ = to.cli(&["correct", "undo", &undo]).ok();
    assert_eq!(to.listed(&paul.uid).await.unwrap()["patient"]["id"], "N-9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_from_somebodys_own_workstation() {
    let from = Site::open(SITE, "CH Nord").await;
    let study = Study::of(3);
    let all = stored(&from, &study).await;
    let zip = fs::read(medium(&from, "medium.zip", &["--pdi", "--zip"])).unwrap();

    let to = Site::open(SITE, "CH Sud").await;
    let (tech, other) = (to.new_token("tech", "technologist"), to.new_token("other", "technologist"));
    let ask = async |method: Method, path: &str, token: &str| {
        http::ask(to.portal(), http::Ask::new(method, path).bearer(token)).await.unwrap()
    };
    let reader = to.new_token("reader", "referrer");
    assert_eq!(ask(Method::POST, "/api/uploads", &reader).await.status, 403);
    let id = ask(Method::POST, "/api/uploads", &tech).await.ok().json()["id"].as_str().unwrap().to_owned();
    let put = async |name: &str, token: &str| {
        let path = format!("/api/uploads/{id}?name={name}");
        http::ask(
            to.portal(),
            http::Ask::new(Method::PUT, &path).body("application/octet-stream", zip.clone()).bearer(token),
        )
        .await
        .unwrap()
    };
    assert_eq!(put("../medium.zip", &tech).await.status, 400);
    assert_eq!(put("medium.zip", &other).await.status, 404, "an upload is of one person");
    assert_eq!(put("CD/medium.zip", &tech).await.status, 204);
    let run = async |body: Value, token: &str| {
        let ask = http::Ask::new(Method::POST, "/api/import").json(&body).bearer(token);
        http::ask(to.portal(), ask).await.unwrap()
    };
    assert_eq!(run(json!({ "upload": id }), &other).await.status, 404);
    assert_eq!(run(json!({ "paths": ["/etc"] }), &tech).await.status, 403);
    let seen = run(json!({ "upload": id, "scan": true }), &tech).await.ok();
    assert!(seen.text().contains(&study.uid), "{}", seen.text());
    assert!(to.listed(&study.uid).await.is_none());
    let taken = run(json!({ "upload": id }), &tech).await.ok();
    assert!(taken.text().contains("\"stored\":3"), "{}", taken.text());
    insist(&to, &all).await;
    assert_eq!(ask(Method::DELETE, &format!("/api/uploads/{id}"), &tech).await.status, 204);
    assert!(fs::read_dir(to.dir().join("uploads")).unwrap().next().is_none());
}

/// Directories that lie about where things are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_damaged_one_harms_nobody() {
    let from = Site::open(SITE, "CH Nord").await;
    let _ = stored(&from, &Study::of(2)).await;
    let to = Site::open(SITE, "CH Sud").await;
    for (name, form) in [("medium.iso", &["--iso"][..]), ("medium.zip", &["--pdi", "--zip"])] {
        let whole = fs::read(medium(&from, name, form)).unwrap();
        for cut in [3, 40_000.min(whole.len() / 2), whole.len() - 10] {
            let path = to.scratch("broken").join(format!("{cut}-{name}"));
            fs::write(&path, &whole[..cut]).unwrap();
            let said = import(&to, &path, &[]);
            assert!(said.code.is_some_and(|code| code <= 1), "{said:?}");
        }
        // Every length and offset of the directories, turned over.
        let path = to.scratch("broken").join(format!("turned-{name}"));
        let turned: Vec<u8> = if name.ends_with("zip") {
            let at = whole.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
            whole.iter().enumerate().map(|(n, byte)| if n > at + 16 && n < at + 46 { !byte } else { *byte }).collect()
        } else {
            whole
                .iter()
                .enumerate()
                .map(|(n, b)| if (32_768 + 156..32_768 + 190).contains(&n) { !b } else { *b })
                .collect()
        };
        fs::write(&path, turned).unwrap();
        let said = import(&to, &path, &[]);
        assert!(said.code.is_some_and(|code| code <= 1), "{said:?}");
    }
    assert!(to.runs());
}
