//! Real files of many vendors, and hostile ones: kept whole, or refused with a reason.
//!
//! Where the corpus is absent the same is told with synthetic files and with damage made here.

use crate::SITE;
use protocol::Digest;
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};
use tests::{
    Response, Site, Study,
    corpus::{self, Sample},
    part10,
};

const MEMORY_MAX: u64 = 512 << 20;
const PATIENCE: Duration = Duration::from_secs(5);

/// Files with the data sets they hold.
struct Sent {
    paths: Vec<PathBuf>,
    /// Digest of the data set to the name of a file that has it.
    data_sets: HashMap<Digest, String>,
}

/// Objects that belong to no study (media directories, colour palettes) cannot lie in an archive of studies: they are
/// among those that may be refused with a reason.
fn is_good(sample: &Sample) -> bool {
    !sample.name.starts_with("bad/") && !sample.study.is_empty()
}

fn good_files(site: &Site) -> Sent {
    let mut sent = Sent { paths: Vec::new(), data_sets: HashMap::new() };
    let mut take = |name: String, path: PathBuf| {
        let file = fs::read(&path).unwrap();
        sent.data_sets.insert(Digest::of(&file[part10::data_set_at(&file)..]), name);
        sent.paths.push(path);
    };
    match corpus::folder() {
        Some(folder) => {
            let mut instances = HashSet::new();
            for sample in corpus::samples(&folder, "").into_iter().filter(is_good) {
                // The corpus has a few objects twice, under one UID with other bytes: the first is kept.
                if instances.insert(sop_instance(&fs::read(&sample.path).unwrap())) {
                    take(sample.name, sample.path);
                }
            }
        }
        None => {
            for instances in [1, 7, 30] {
                let (_, paths) = Study::of(instances).write(&site.scratch("made"));
                paths.into_iter().for_each(|path| take(path.display().to_string(), path));
            }
        }
    }
    sent
}

/// The Media Storage SOP Instance UID, or the whole file where there is none.
fn sop_instance(file: &[u8]) -> Vec<u8> {
    let tag = [2, 0, 3, 0, b'U', b'I'];
    let at = file.windows(6).take(4096).position(|window| window == tag);
    at.and_then(|at| {
        let length = usize::from(u16::from_le_bytes([*file.get(at + 6)?, *file.get(at + 7)?]));
        file.get(at + 8..at + 8 + length).map(<[u8]>::to_vec)
    })
    .unwrap_or_else(|| file.to_vec())
}

/// Digests of the data sets of everything the site holds, through WADO-RS.
async fn held(site: &Site) -> HashSet<Digest> {
    let mut digests = HashSet::new();
    let mut offset = 0;
    loop {
        let path = format!("/dicomweb/studies?limit=100&offset={offset}");
        let answer = site.get(&path).await.ok();
        let rows =
            if answer.status == 204 { Vec::new() } else { answer.json().as_array().cloned().unwrap_or_default() };
        if rows.is_empty() {
            return digests;
        }
        offset += rows.len();
        for row in rows {
            let study = row["0020000D"]["Value"][0].as_str().unwrap().to_owned();
            let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
            let ask = tests::http::Ask::get(format!("/dicomweb/studies/{study}")).header("accept", accept);
            let answer: Response = site.ask(ask).await.ok();
            for part in tests::multipart::parts(&answer) {
                digests.insert(Digest::of(&part[part10::data_set_at(&part)..]));
            }
        }
    }
}

fn missing(sent: &Sent, held: &HashSet<Digest>) -> Vec<String> {
    let mut names: Vec<String> =
        sent.data_sets.iter().filter(|(digest, _)| !held.contains(digest)).map(|(_, name)| name.clone()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_files_come_back_byte_for_byte_after_c_store() {
    let site = Site::open(SITE, "CH Nord").await;
    let sent = good_files(&site);
    let said = site.c_store(&sent.paths);
    let missing = missing(&sent, &held(&site).await);
    assert!(missing.is_empty(), "{} of {}: {missing:#?}\n{}", missing.len(), sent.data_sets.len(), said.err);
    assert!(site.memory(true) < MEMORY_MAX, "{} MB", site.memory(true) >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_files_come_back_byte_for_byte_after_stow() {
    let site = Site::open(SITE, "CH Nord").await;
    let sent = good_files(&site);
    let mut refused = Vec::new();
    for batch in sent.paths.chunks(20) {
        let files: Vec<Vec<u8>> = batch.iter().map(|path| fs::read(path).unwrap()).collect();
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let answer = site.stow(&files).await;
        if answer.status != 200 {
            refused.push(answer.text());
        }
    }
    let missing = missing(&sent, &held(&site).await);
    assert!(missing.is_empty(), "{} of {}: {missing:#?}\n{refused:#?}", missing.len(), sent.data_sets.len());
    assert!(site.memory(true) < MEMORY_MAX, "{} MB", site.memory(true) >> 20);
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
