//! A workstation that speaks only C-FIND, C-MOVE and C-GET finds and retrieves its site's studies, and peers'.

use crate::SITE;
use tests::{
    Instance, Pair, Preset, Site, Study,
    tools::{dcmtk, pynetdicom},
};

/// As DCMTK wrote the received files: the data set of each by its SOP Instance UID.
fn received(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|file| file[tests::part10::data_set_at(&file)..].to_vec())
        .collect();
    all.sort();
    all
}

fn sent(made: &[Instance]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = made.iter().map(|instance| instance.data_set().to_vec()).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_at_every_level_what_an_admin_lets_it_find() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study { series: 2, ..Study::of(3) };
    let (made, paths) = study.write(&site.scratch("scanner"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let _ = site.settled(&study.uid, made.len()).await;

    let find = |keys: &[&str]| dcmtk::find(site.dimse(), &site.ae_title, keys);
    let at_study = ["QueryRetrieveLevel=STUDY", "StudyInstanceUID", "PatientName", "ModalitiesInStudy=CT"];
    let refused = find(&at_study);
    assert!(refused.text.contains("Unknown Status: 0x124"), "{}", refused.text);

    site.add_ae("WORKSTATION", 1, "own");
    let found = find(&at_study);
    assert!(found.text.contains(study.uid.as_str()), "{}", found.text);
    let uid = format!("StudyInstanceUID={}", study.uid);
    let series = find(&["QueryRetrieveLevel=SERIES", &uid, "SeriesInstanceUID", "NumberOfSeriesRelatedInstances"]);
    assert_eq!(series.text.matches("(0020,1209) IS [3 ]").count(), 2, "{}", series.text);
    let series = format!("SeriesInstanceUID={}", made[0].series);
    let images = find(&["QueryRetrieveLevel=IMAGE", &uid, &series, "SOPInstanceUID", "InstanceNumber=2"]);
    assert_eq!(images.text.matches("(Pending)").count(), 1, "{}", images.text);
    let patients = find(&["QueryRetrieveLevel=STUDY", "StudyInstanceUID", "PatientName=NOBODY*"]);
    assert!(!patients.text.contains(study.uid.as_str()), "{}", patients.text);
    let wrong = find(&["QueryRetrieveLevel=SERIES", "SeriesInstanceUID"]);
    assert!(wrong.text.contains("0xa900") || wrong.text.contains("DataSetDoesNotMatch"), "{}", wrong.text);

    let log = site.audit("").await;
    assert!(log.iter().any(|entry| entry["act"] == "studies-queried" && entry["outcome"] == "refused"), "{log:?}");
    assert!(log.iter().any(|entry| entry["act"] == "studies-queried" && entry["outcome"] == "done"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_retrieves_byte_for_byte_by_get_and_by_move() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study { series: 2, ..Study::of(4) };
    let (made, paths) = study.write(&site.scratch("scanner"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let _ = site.settled(&study.uid, made.len()).await;
    let workstation = dcmtk::Receiver::start(&site.scratch("moved")).await;
    site.add_ae("WORKSTATION", workstation.port, "own");
    let uid = format!("StudyInstanceUID={}", study.uid);

    let folder = site.scratch("got");
    let got = dcmtk::get(site.dimse(), &site.ae_title, &folder, &["QueryRetrieveLevel=STUDY", &uid]);
    assert!(got.success, "{}", got.text);
    assert_eq!(received(&folder), sent(&made));

    let keys = ["QueryRetrieveLevel=STUDY", uid.as_str()];
    let moved = dcmtk::move_to(site.dimse(), &site.ae_title, "NOWHERE", &keys);
    assert!(moved.text.contains("0xa801") || moved.text.contains("MoveDestinationUnknown"), "{}", moved.text);
    let moved = dcmtk::move_to(site.dimse(), &site.ae_title, "WORKSTATION", &keys);
    assert!(moved.success, "{}", moved.text);
    assert_eq!(received(&workstation.folder), sent(&made));
    let log = site.audit("").await;
    let exported = |outcome: &str| {
        let of_it = |entry: &&serde_json::Value| entry["act"] == "study-exported" && entry["study"] == study.uid;
        log.iter().filter(of_it).filter(|entry| entry["outcome"] == outcome).count()
    };
    assert_eq!((exported("done"), exported("failed")), (2, 1), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_studies_stand_behind_the_same_door_where_an_admin_says_so() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study { series: 2, ..Study::of(5) };
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let reader = &pair.b;
    let uid = format!("StudyInstanceUID={}", study.uid);
    let keys = ["QueryRetrieveLevel=STUDY", uid.as_str(), "PatientName", "InstanceAvailability"];
    let find = || dcmtk::find(reader.dimse(), &reader.ae_title, &keys);

    reader.add_ae("WORKSTATION", 1, "own");
    let found = find();
    assert!(!found.text.contains("NEARLINE"), "only what is held here: {}", found.text);
    reader.add_ae("WORKSTATION", 1, "all");
    let found = find();
    assert!(found.text.contains("NEARLINE"), "{}", found.text);

    let folder = reader.scratch("got");
    let got = dcmtk::get(reader.dimse(), &reader.ae_title, &folder, &keys[..2]);
    assert!(got.success, "{}", got.text);
    assert_eq!(received(&folder), sent(&made));
    let at_a = pair.a.audit("").await;
    let served = |entry: &&serde_json::Value| entry["person"] == dcmtk::WORKSTATION && entry["site"] == pair.b_id;
    assert!(at_a.iter().find(served).is_some(), "the holder knows which AE read: {at_a:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_says_for_each_ae_what_it_may_and_takes_it_back() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(2);
    let (_, paths) = study.write(&site.scratch("scanner"));
    let store = || dcmtk::store(site.dimse(), &site.ae_title, &paths);

    let _ = site.cli(&["ae", "add", "CT1", "127.0.0.1", "104", "--no-store"]).ok();
    let refused = store();
    assert!(!refused.success && refused.text.contains("124"), "{}", refused.text);
    let _ = site.cli(&["ae", "add", "CT1", "127.0.0.1", "104", "--no-store", "--no-echo"]).ok();
    let rejected = store();
    assert!(rejected.text.contains("Calling AE Title Not Recognized"), "{}", rejected.text);
    let listed = site.cli(&["ae", "list"]).ok().out;
    assert!(listed.lines().any(|line| line.contains("CT1") && line.contains("false")), "{listed}");

    let _ = site.cli(&["ae", "remove", "CT1"]).ok();
    assert!(store().success, "an unknown scanner on this machine stores");
    let log = site.audit("").await;
    assert!(log.iter().any(|entry| entry["note"] == "DIMSE C-STORE" && entry["outcome"] == "refused"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_at_a_workstation_asks_relationally_and_a_stranger_does_not_get_in() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(2);
    let (made, paths) = study.write(&site.scratch("scanner"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let _ = site.settled(&study.uid, made.len()).await;
    site.add_ae("WORKSTATION", 1, "own");
    let password = site.new_user("durand", "radiologist");
    let port = site.dimse().port().to_string();
    let ask = |passcode: &str| {
        let arguments = [&port, &site.ae_title, "WORKSTATION", "durand", passcode, &made[0].series];
        pynetdicom::run("ask_scu.py", &arguments)
    };
    let said = ask(&password);
    let is_said = |line: &str| said.lines().any(|said| said == line);
    assert!(is_said("window 5 1") && is_said("extended 010001"), "{said}");
    assert!(said.contains("identified"), "{said}");
    assert!(is_said(&format!("study {}", study.uid)) && is_said("status 0000"), "{said}");
    let said = ask("not the passcode");
    assert!(said.contains("rejected 1 2 1"), "{said}");
    let log = site.audit("").await;
    assert!(log.iter().any(|entry| entry["act"] == "studies-queried" && entry["person"] == "durand"), "{log:?}");
}
