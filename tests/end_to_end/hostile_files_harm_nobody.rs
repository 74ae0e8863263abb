//! Hostile files: stored whole or refused with a reason, quickly, and whoever sent them, the node goes on.
//!
//! Where the corpus is absent the same is told with damage made here.

use crate::SITE;
use protocol::Digest;
use std::{
    fs,
    time::{Duration, Instant},
};
use tests::{
    Site, Study,
    corpus::{self, Sample},
    part10,
};

const MEMORY_MAX: u64 = 512 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// Objects that belong to no study (media directories, colour palettes) cannot lie in an archive of studies: they are
/// among those that may be refused with a reason.
fn is_good(sample: &Sample) -> bool {
    !sample.name.starts_with("bad/") && !sample.study.is_empty()
}

/// Hostile files: those of the corpus, or damage made to good ones.
fn bad_files(site: &Site) -> Vec<(String, Vec<u8>)> {
    if let Some(folder) = corpus::folder() {
        let samples = corpus::samples(&folder, "").into_iter().filter(|sample| !is_good(sample));
        return samples.map(|s| (s.name, fs::read(&s.path).unwrap())).collect();
    }
    let good = Study::of(1).make().remove(0).file;
    let mut bad = vec![("empty".to_owned(), Vec::new()), ("preamble".to_owned(), good[..132].to_vec())];
    for cut in [140, 300, 700, good.len() / 2, good.len() - 1] {
        bad.push((format!("cut at {cut}"), good[..cut].to_vec()));
    }
    for at in (132..good.len().min(1_200)).step_by(3) {
        let mut file = good.clone();
        file[at] = 0xff;
        bad.push((format!("0xff at {at}"), file));
    }
    let mut nested = good[..part10::data_set_at(&good)].to_vec();
    for _ in 0..20_000 {
        nested.extend_from_slice(&[8, 0, 0x40, 0x11, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff]);
        nested.extend_from_slice(&[0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    }
    bad.push(("20,000 sequences deep".to_owned(), nested));
    let _ = site;
    bad
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_files_are_stored_whole_or_refused_with_a_reason() {
    let site = Site::open(SITE, "CH Nord").await;
    for (name, file) in bad_files(&site) {
        let began = Instant::now();
        let answer = site.try_ask(stow_ask(&file)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
        assert!(site.runs(), "{name} ended the node");
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 202 | 400 | 409 | 413 | 415), "{name}: {status} {}", answer.text());
        if status == 200 {
            let digest = Digest::of(&file[part10::data_set_at(&file)..]);
            assert!(!file.is_empty() && digest.0 != [0; 32], "{name}");
        } else {
            assert!(!answer.body.is_empty(), "{name}: refused without a word");
        }
    }
    assert!(site.memory(true) < MEMORY_MAX, "{} MB", site.memory(true) >> 20);
    // Whatever was accepted is listed and described without harm.
    let list = site.get("/dicomweb/studies?limit=1000").await;
    if list.status == 200 {
        for row in list.json().as_array().unwrap() {
            let study = row["0020000D"]["Value"][0].as_str().unwrap();
            let began = Instant::now();
            let metadata = site.get(&format!("/dicomweb/studies/{study}/metadata")).await;
            assert!(metadata.status.as_u16() < 500 && began.elapsed() < PATIENCE, "{study}: {}", metadata.text());
        }
    }
    assert!(site.memory(true) < MEMORY_MAX, "{} MB", site.memory(true) >> 20);
    assert!(site.runs());
}

fn stow_ask(file: &[u8]) -> tests::http::Ask {
    tests::http::Ask::new(hyper::Method::POST, "/dicomweb/studies")
        .body(&tests::multipart::dicom_type(), tests::multipart::body(&[file]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_files_sent_by_c_store_harm_nobody() {
    let site = Site::open(SITE, "CH Nord").await;
    let folder = site.scratch("hostile");
    for (index, (name, file)) in bad_files(&site).into_iter().enumerate() {
        let path = folder.join(format!("{index}.dcm"));
        fs::write(&path, file).unwrap();
        let began = Instant::now();
        let said = site.c_store(&[path]);
        assert!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
        assert!(matches!(said.code, Some(0 | 1)), "{name}: {:?} {}", said.code, said.err);
        assert!(site.runs(), "{name} ended the node");
    }
    assert!(tests::tools::dcmtk::echo(site.dimse(), &site.ae_title).success);
    assert!(site.memory(true) < MEMORY_MAX, "{} MB", site.memory(true) >> 20);
}
