//! A study arrived under the wrong name. It is corrected beside its bytes: lists, peers, metadata and objects that leave
//! show the right one, and whoever has it open is told. Other bytes under a known UID are kept aside until somebody
//! decides.

#![allow(clippy::print_stdout, reason = "how long the confrère took: `--no-capture`")]

use crate::SITE;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tests::{Instance, Pair, Preset, Site, Study, eventually, part10, tools::dcmtk, wait::holds};

/// "At every reachable holder" within.
const WITHIN_S: u32 = 5;

fn number(said: &str) -> String {
    said.chars().filter(char::is_ascii_digit).collect()
}

async fn data_set(site: &Site, instance: &Instance) -> Vec<u8> {
    let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
    file[part10::data_set_at(&file)..].to_vec()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn name_in_metadata(site: &Site, instance: &Instance) -> Value {
    let metadata = site.get(&format!("/dicomweb{}/metadata", instance.path())).await.ok().json();
    metadata[0]["00100010"]["Value"][0]["Alphabetic"].clone()
}

/// A portal page that listens.
struct Screen {
    heard: tokio::sync::mpsc::Receiver<String>,
    _tasks: tokio::task::JoinSet<()>,
}

impl Screen {
    async fn open(site: &Site) -> Self {
        let token = site.new_token(&format!("screen-{}", part10::uid()), "radiologist");
        let stream = tokio::net::TcpStream::connect(site.portal()).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let _ = connection.await;
        });
        let request = hyper::Request::get("/api/events")
            .header("host", site.portal().to_string())
            .header("authorization", format!("Bearer {token}"))
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let (tell, heard) = tokio::sync::mpsc::channel(1000);
        tasks.spawn(async move {
            let _kept = sender;
            let mut body = answer.into_body();
            while let Some(Ok(frame)) = body.frame().await {
                if let Ok(bytes) = frame.into_data() {
                    let _ = tell.send(String::from_utf8_lossy(&bytes).into_owned()).await;
                }
            }
        });
        Self { heard, _tasks: tasks }
    }

    /// Waits for a notice of a study.
    async fn noticed(&mut self, study: &str, what: &str) {
        let wait = async {
            loop {
                let text = self.heard.recv().await.expect("the stream goes on");
                if text.contains("event: amended") && text.contains(study) && text.contains(what) {
                    return;
                }
            }
        };
        let within = std::time::Duration::from_secs(WITHIN_S.into());
        tokio::time::timeout(within, wait).await.unwrap_or_else(|_| panic!("no notice that {study} was {what}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_both_hospitals_show_the_right_name() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(3);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    for instance in &made {
        assert_eq!(data_set(&pair.a, instance).await, instance.data_set());
        assert_eq!(data_set(&pair.b, instance).await, instance.data_set());
    }
    let (mut here, mut there) = (Screen::open(&pair.a).await, Screen::open(&pair.b).await);

    let said = pair.a.cli(&[
        "correct",
        "study",
        &study.uid,
        "--set",
        "PatientName=Martin^Zoé",
        "--set",
        "PatientID=P-RIGHT",
        "--note",
        "jumeaux",
    ]);
    let id = number(&said.ok().out);
    let (_, took) = Site::measure(WITHIN_S, "B shows the right name", async || {
        holds(pair.b.listed(&study.uid).await.is_some_and(|row| row["patient"]["name"] == "Martin^Zoé"))
    })
    .await;
    println!("corrected at the confrère after {} ms", took.as_millis());
    here.noticed(&study.uid, "corrected").await;
    there.noticed(&study.uid, "corrected").await;

    for site in [&pair.a, &pair.b] {
        assert_eq!(name_in_metadata(site, &made[0]).await, "Martin^Zoé", "{}", site.name);
        let out = data_set(site, &made[0]).await;
        assert!(has(&out, "Martin^Zoé") && has(&out, "P-RIGHT") && has(&out, "CORRECT "), "{}", site.name);
        assert!(has(&out, &study.patient_name), "the first value is kept in the Original Attributes Sequence");
        assert!(out.ends_with(&made[0].pixels), "the pixels are those received");
    }
    let kept = pair.a.files_with(made[0].data_set());
    assert!(
        kept.iter().any(|(path, _)| path.starts_with(pair.a.dir().join("objects"))),
        "the received bytes stay: {kept:?}"
    );
    let found = pair.a.get("/dicomweb/studies?PatientID=P-RIGHT").await.ok().json();
    assert_eq!(found[0]["0020000D"]["Value"][0], json!(study.uid));

    // It holds over a crash, a lost index and a rebuild; and is taken back.
    pair.a.kill();
    std::fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    let _ = pair.a.cli(&["rebuild"]).ok();
    pair.a.serve().await;
    assert_eq!(pair.a.listed(&study.uid).await.unwrap()["patient"]["id"], "P-RIGHT");
    let _ = pair.a.cli(&["correct", "undo", &id]).ok();
    assert_eq!(data_set(&pair.a, &made[0]).await, made[0].data_set(), "as it was received");
    eventually!(30, "B shows the first name", {
        holds(pair.b.listed(&study.uid).await.is_some_and(|row| row["patient"]["name"] == study.patient_name.as_str()))
    });
    eventually!(10, "B gives what was received", { holds(data_set(&pair.b, &made[0]).await == made[0].data_set()) });
    let acts: Vec<_> = pair.a.audit("").await.into_iter().map(|entry| entry["act"].clone()).collect();
    assert!(acts.contains(&json!("study-corrected")) && acts.contains(&json!("correction-undone")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_identities_of_one_patient_are_merged() {
    let site = Site::open(SITE, "CH Nord").await;
    let (right, wrong, later) = (Study::of(1), Study::of(1).named("Lefevre^Zoe"), Study::of(1).named("Lefevre^Zoe"));
    let later = Study { patient_id: wrong.patient_id.clone(), ..later };
    for study in [&right, &wrong] {
        let _ = site.stow(&[&study.make()[0].file]).await.ok();
    }
    let said = site.cli(&["patient", "merge", &wrong.patient_id, "--like", &right.uid]).ok();
    let _ = site.stow(&[&later.make()[0].file]).await.ok();
    for study in [&right, &wrong, &later] {
        let row = site.listed(&study.uid).await.unwrap();
        assert_eq!(row["patient"]["id"], right.patient_id.as_str());
        assert_eq!(row["patient"]["name"], right.patient_name.as_str());
    }
    // A workstation finds and gets it so, and every reader of DICOM reads it.
    site.add_ae("WORKSTATION", 1, "own");
    let (patient, uid) = (format!("PatientID={}", right.patient_id), format!("StudyInstanceUID={}", wrong.uid));
    let found = dcmtk::find(site.dimse(), &site.ae_title, &["QueryRetrieveLevel=STUDY", "StudyInstanceUID", &patient]);
    assert!([&right, &wrong, &later].iter().all(|study| found.text.contains(&study.uid)), "{}", found.text);
    let folder = site.scratch("got");
    let got = dcmtk::get(site.dimse(), &site.ae_title, &folder, &["QueryRetrieveLevel=STUDY", &uid]);
    assert!(got.success, "{}", got.text);
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&file).unwrap();
    assert!(has(&bytes, &right.patient_name) && has(&bytes, "Lefevre^Zoe") && has(&bytes, "CORRECT "));

    let _ = site.cli(&["patient", "unmerge", &number(&said.out)]).ok();
    assert_eq!(site.listed(&later.uid).await.unwrap()["patient"]["name"], "Lefevre^Zoe");
    let _ = site.cli(&["correct", "move", &wrong.uid, "--like", &right.uid]).ok();
    assert_eq!(site.listed(&wrong.uid).await.unwrap()["patient"]["id"], right.patient_id.as_str());
    assert_eq!(site.listed(&later.uid).await.unwrap()["patient"]["name"], "Lefevre^Zoe");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workstation_gets_and_is_sent_it_as_it_was_corrected() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(3).named("Lefevre^Zoe");
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    let set = ["--set", "PatientName=Martin^Paul", "--set", "PatientID=P-RIGHT"];
    let _ = site.cli(&[&["correct", "study", &study.uid][..], &set].concat()).ok();
    let workstation = dcmtk::Receiver::start(&site.scratch("moved")).await;
    site.add_ae("WORKSTATION", workstation.port, "own");
    // What was wrong finds nobody.
    let find = |id: &str| {
        let key = format!("PatientID={id}");
        dcmtk::find(
            site.dimse(),
            &site.ae_title,
            &["QueryRetrieveLevel=STUDY", "StudyInstanceUID", "PatientName", &key],
        )
    };
    assert!(find("P-RIGHT").text.contains(&study.uid), "{}", find("P-RIGHT").text);
    assert!(!find(&study.patient_id).text.contains(&study.uid));

    let (uid, folder) = (format!("StudyInstanceUID={}", study.uid), site.scratch("got"));
    let keys = ["QueryRetrieveLevel=STUDY", uid.as_str()];
    let got = dcmtk::get(site.dimse(), &site.ae_title, &folder, &keys);
    assert!(got.success, "{}", got.text);
    let moved = dcmtk::move_to(site.dimse(), &site.ae_title, "WORKSTATION", &keys);
    assert!(moved.success, "{}", moved.text);
    for folder in [&folder, &workstation.folder] {
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), made.len());
        for file in files {
            let said = dcmtk::dump(&file);
            let own = |tag: &str, value: &str| said.lines().any(|line| line.starts_with(tag) && line.contains(value));
            assert!(own("(0010,0010)", "[Martin^Paul]") && own("(0010,0020)", "[P-RIGHT]"), "{said}");
            assert!(own("(0400,0561)", "") && said.contains("[Lefevre^Zoe]") && said.contains("[CORRECT]"), "{said}");
            let bytes = std::fs::read(&file).unwrap();
            assert!(made.iter().any(|instance| bytes.ends_with(&instance.pixels)), "the pixels are those received");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_under_a_known_uid_are_kept_aside_and_taken() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(2);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    assert_eq!(data_set(&pair.b, &made[0]).await, made[0].data_set());
    let mut there = Screen::open(&pair.b).await;

    let mut resent = made[0].clone();
    *resent.file.last_mut().unwrap() ^= 1;
    for _ in 0..2 {
        assert_eq!(pair.a.stow(&[&resent.file]).await.status, 409, "refused as before");
    }
    assert_eq!(data_set(&pair.a, &made[0]).await, made[0].data_set());
    let conflicts = pair.a.get("/api/conflicts").await.ok().json();
    assert_eq!((conflicts.as_array().unwrap().len(), &conflicts[0]["instance"]), (1, &json!(made[0].uid)));
    let id = conflicts[0]["id"].to_string();
    let shown = pair.a.get(&format!("/api/conflicts/{id}")).await.ok().json();
    assert_ne!(shown["first"]["digest"], shown["other"]["digest"]);
    let radiologist = pair.a.new_token("reader", "radiologist");
    let ask = tests::http::Ask::get("/api/conflicts").bearer(&radiologist);
    assert_eq!(tests::http::ask(pair.a.portal(), ask).await.unwrap().status, 403, "not everybody's to see");

    let _ = pair.a.cli(&["conflict", "resolve", &id, "take", "--note", "renvoi corrigé"]).ok();
    assert_eq!(data_set(&pair.a, &resent).await, resent.data_set());
    let (_, took) = Site::measure(WITHIN_S, "B gives the new bytes", async || {
        let file = pair.b.retrieve(&made[0].path()).await.ok()?;
        holds(&file[part10::data_set_at(&file)..] == resent.data_set())
    })
    .await;
    println!("replaced at the confrère after {} ms", took.as_millis());
    there.noticed(&study.uid, "replaced").await;

    pair.a.kill();
    std::fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    let _ = pair.a.cli(&["rebuild"]).ok();
    pair.a.serve().await;
    assert_eq!(data_set(&pair.a, &resent).await, resent.data_set());
    let _ = pair.a.cli(&["conflict", "resolve", &id, "open"]).ok();
    assert_eq!(data_set(&pair.a, &made[0]).await, made[0].data_set(), "the first bytes were not lost");
}
