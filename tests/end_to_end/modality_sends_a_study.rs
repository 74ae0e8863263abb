//! A scanner sends a study to its own hospital's node.

use crate::SITE;
use hyper::StatusCode;
use std::time::Duration;
use tests::{
    Site, Study, eventually,
    http::Ask,
    ports::Port,
    tools::{dcmtk, pynetdicom::Serving},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_study_is_listed_while_it_arrives_and_complete_when_it_is_quiet() {
    let site = Site::open(SITE, "CH Nord").await;
    let echo = dcmtk::echo(site.dimse(), &site.ae_title);
    assert!(echo.success, "{}", echo.text);

    let study = Study::of(6);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let sent = dcmtk::store(site.dimse(), &site.ae_title, &paths[..3]);
    assert!(sent.success, "{}", sent.text);
    let row = eventually!(2, "the study is listed", site.listed(&study.uid).await);
    assert_eq!(row["patient"]["name"], study.patient_name);
    assert_eq!(row["modalities"], serde_json::json!(["CT"]));

    let sent = dcmtk::store(site.dimse(), &site.ae_title, &paths[3..]);
    assert!(sent.success, "{}", sent.text);
    let row = site.settled(&study.uid, 6).await;
    assert_eq!((&row["series"], &row["availability"]), (&1.into(), &"online".into()));

    for instance in &made {
        let frame = site.frame(&instance.path(), 1).await.ok();
        assert_eq!(tests::multipart::parts(&frame)[0], instance.pixels);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_comes_back_byte_for_byte_and_sending_again_changes_nothing() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study { series: 2, ..Study::of(3) };
    let (made, paths) = study.write(&site.scratch("scanner"));
    for _ in 0..2 {
        let _ = site.c_store(&paths).ok();
        let _ = site.settled(&study.uid, made.len()).await;
    }
    for instance in &made {
        let file = site.retrieve(&instance.path()).await.unwrap();
        assert_eq!(&file[tests::part10::data_set_at(&file)..], instance.data_set());
    }
    let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
    assert_eq!(site.stow(&files).await.status, StatusCode::OK, "the same bytes once more");
    assert_eq!(site.listed(&study.uid).await.unwrap()["instances"], made.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_under_a_known_uid_are_refused_and_both_facts_are_in_the_log() {
    let site = Site::open(SITE, "CH Nord").await;
    let made = Study::of(1).make();
    assert_eq!(site.stow(&[&made[0].file]).await.status, StatusCode::OK);
    let mut other = made[0].file.clone();
    *other.last_mut().unwrap() ^= 1;
    let answer = site.stow(&[&other]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text());
    // 0111H: duplicate SOP instance.
    assert_eq!(answer.json()["00081198"]["Value"][0]["00081197"]["Value"][0], 0x0111, "{}", answer.text());
    let kept = site.retrieve(&made[0].path()).await.unwrap();
    assert!(kept.ends_with(made[0].data_set()), "the first bytes stay");
    let log = site.audit("").await;
    assert!(log.iter().any(|entry| entry["outcome"] != "done" && entry["study"] == made[0].study), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_studies_are_listed_too() {
    let site = Site::open(SITE, "CH Nord").await;
    let long = "Wolfeschlegelsteinhausenbergerdorff".repeat(2);
    let odd = [
        Study { patient_name: long, ..Study::of(1) },
        Study { patient_name: String::new(), patient_id: String::new(), date: String::new(), ..Study::of(1) },
        Study { description: String::new(), modality: String::new(), ..Study::of(1) },
        Study { instances: 40, series: 5, rows: 8, columns: 8, ..Study::default() },
    ];
    for study in &odd {
        let made = study.make();
        let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
        assert_eq!(site.stow(&files).await.status, StatusCode::OK);
        let _ = site.settled(&study.uid, made.len()).await;
        let metadata = site.get(&format!("/dicomweb/studies/{}/metadata", study.uid)).await.ok().json();
        assert_eq!(metadata.as_array().unwrap().len(), made.len());
    }
    let list = site.get("/api/studies").await.ok().json();
    assert_eq!(list["studies"].as_array().unwrap().len(), odd.len());
    let found = site.get("/dicomweb/studies?limit=101&offset=0&includefield=00081030,00080060").await.ok().json();
    for row in found.as_array().unwrap() {
        let modalities = &row["00080061"];
        assert!(modalities.is_null() || modalities["Value"].is_array(), "a tag without a value breaks viewers: {row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_without_a_right_to() {
    let site = Site::open(SITE, "CH Nord").await;
    let made = Study::of(1).make();
    let _ = site.stow(&[&made[0].file]).await.ok();
    let frame = format!("/dicomweb{}/frames/1", made[0].path());
    let nobody = tests::http::ask(site.portal(), Ask::get(&frame)).await.unwrap();
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let auditor = site.new_token("inspection", "auditor");
    for path in [frame.as_str(), "/api/studies", "/dicomweb/studies"] {
        let answer = tests::http::ask(site.portal(), Ask::get(path).bearer(&auditor)).await.unwrap();
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let log = tests::http::ask(site.portal(), Ask::get("/api/audit").bearer(&auditor)).await.unwrap();
    assert_eq!(log.status, StatusCode::OK, "an auditor reads the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_that_hangs_up_in_the_middle_disturbs_nobody() {
    use tokio::io::AsyncWriteExt;
    let site = Site::open(SITE, "CH Nord").await;
    let mut half_open = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(site.dimse()).await.unwrap();
        // The first bytes of an A-ASSOCIATE-RQ that claims 4 GiB, and no more.
        stream.write_all(&[1, 0, 0xff, 0xff, 0xff, 0xff, 0, 1]).await.unwrap();
        half_open.push(stream);
    }
    let began = std::time::Instant::now();
    assert!(dcmtk::echo(site.dimse(), &site.ae_title).success);
    assert!(began.elapsed() < Duration::from_secs(2), "others are served meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workstation_is_told_of_the_study_when_it_is_complete() {
    let site = Site::open(SITE, "CH Nord").await;
    let workstation = Port::reserve();
    let (port, file) = (workstation.number().to_string(), site.scratch("told").join("studies"));
    let _serving = Serving::start("availability_scp.py", &[&port, "TOLD", &file.display().to_string()]);
    eventually!(20, "the workstation listens", tokio::net::TcpStream::connect(workstation.address()).await.ok());
    let _ = site.cli(&["ae", "add", "TOLD", "127.0.0.1", &port, "--notify"]).ok();
    let study = Study { series: 2, ..Study::of(3) };
    let (made, paths) = study.write(&site.scratch("scanner"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let told = eventually!(20, "the workstation is told", {
        std::fs::read_to_string(&file).ok().filter(|told| told.lines().any(|line| line == "end"))
    });
    let lines: std::collections::BTreeSet<&str> = told.lines().filter(|line| *line != "end").collect();
    let expected: Vec<String> = made
        .iter()
        .map(|i| format!("{} {} 1.2.840.10008.5.1.4.1.1.2 {} ONLINE {}", i.study, i.series, i.uid, site.ae_title))
        .collect();
    assert_eq!(lines, expected.iter().map(String::as_str).collect());
    let log = site.audit("").await;
    let noted = |entry: &serde_json::Value| {
        entry["act"] == "study-exported"
            && entry["outcome"] == "done"
            && entry["person"] == "TOLD"
            && entry["study"] == study.uid
    };
    assert!(log.iter().any(noted), "{log:?}");
}
