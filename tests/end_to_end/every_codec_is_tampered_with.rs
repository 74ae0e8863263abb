//! One bit is turned, in every place where a bit can be turned and in objects of every transfer syntax there is a file of:
//! never is a byte shown that is not what the holder signed.
//!
//! The sixth place, the log, is the story `ledger_is_tampered_with`.

use crate::SITE;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tests::{OverRoad, Pair, Response, Site, Study, corpus, eventually, road::Conduct};

/// Objects of one group have no list of groups that could be wrong.
const GROUP: u64 = 16 << 10;
/// Files up to this lie in the journal at first.
const IN_JOURNAL_MAX: u64 = 64 << 10;
/// Larger ones only take longer.
const BYTES_MAX: u64 = 3 << 20;
/// Where a bit is turned on the road, in the order in which a reader needs it.
const ON_THE_ROAD: [(Conduct, &str); 4] = [
    (Conduct::WrongManifest, "manifest"),
    (Conduct::WrongHeaders, "metadata"),
    (Conduct::WrongList, "group list"),
    (Conduct::WrongByte, "wire"),
];

struct Object {
    syntax: String,
    name: String,
    path: PathBuf,
    study: String,
    at: String,
}

/// One file of each transfer syntax, each of a study of its own: from the corpus where there is one, else made here.
fn objects(made: &Path) -> Vec<Object> {
    let Some(folder) = corpus::folder() else {
        let (instances, paths) = Study::of(1).size(64, 64).write(made);
        let at = instances[0].path();
        let (study, name) = (instances[0].study.clone(), "made".to_owned());
        return vec![Object { syntax: "1.2.840.10008.1.2.1".into(), name, path: paths[0].clone(), study, at }];
    };
    let manifest = fs::read_to_string(folder.join("MANIFEST.csv")).unwrap();
    let mut by_syntax: BTreeMap<String, Object> = BTreeMap::new();
    let mut studies = Vec::new();
    let bytes = |row: &&str| row.split(',').nth(2).and_then(|bytes| bytes.parse::<u64>().ok()).unwrap_or(0);
    let mut rows: Vec<&str> = manifest.lines().skip(1).filter(|row| !row.starts_with("bad/")).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(bytes(row)));
    for row in rows {
        let column: Vec<&str> = row.split(',').collect();
        let [name, _, bytes, _, _, syntax, study, series, instance] = column[..9] else { continue };
        let fits = bytes.parse::<u64>().is_ok_and(|bytes| bytes < BYTES_MAX) && row.contains(",ok,");
        let has_pixels = column[10].parse::<u32>().is_ok_and(|rows| rows > 0);
        let is_new = !by_syntax.contains_key(syntax) && !studies.contains(&study);
        if fits && has_pixels && is_new && [study, series, instance].iter().all(|uid| !uid.is_empty()) {
            studies.push(study);
            let at = format!("/studies/{study}/series/{series}/instances/{instance}");
            let (syntax, name) = (syntax.to_owned(), name.to_owned());
            let path = folder.join(&name);
            by_syntax.insert(syntax.clone(), Object { syntax, name, path, study: study.to_owned(), at });
        }
    }
    by_syntax.into_values().collect()
}

async fn shown(site: &Site, object: &Object) -> Option<Vec<Vec<u8>>> {
    let answer: Response = site.frame(&object.at, 1).await;
    answer.status.is_success().then(|| tests::multipart::parts(&answer).into_iter().map(|part| part.to_vec()).collect())
}

/// Whether headers that came with a turned bit are refused; where they are not, they are right.
async fn headers_are_refused(pair: &Pair, object: &Object) -> bool {
    let path = format!("/dicomweb{}/metadata", object.at);
    let there = pair.b.get(&path).await;
    if !there.status.is_success() {
        return true;
    }
    let here = pair.a.get(&path).await.ok();
    let tags = |answer: &Response| {
        let mut json = answer.json();
        // Where to ask for bulk data is the server's own.
        let rows = json.as_array_mut().unwrap();
        rows.iter_mut()
            .for_each(|row| row.as_object_mut().unwrap().retain(|_, value| value.get("BulkDataURI").is_none()));
        json
    };
    assert_eq!(tags(&there), tags(&here), "{}: a turned bit of the headers is shown", object.name);
    false
}

/// Turns the middle bit of every file of a folder, keys aside.
fn turn_all(folder: &Path) -> usize {
    let mut turned = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            turned += turn_all(&path);
        } else if path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with("keys")) {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            if let Some(byte) = bytes.get_mut(middle) {
                *byte ^= 0x10;
                fs::write(&path, &bytes).unwrap();
                turned += 1;
            }
        }
    }
    turned
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_no_turned_bit_is_shown() {
    let world = OverRoad::open(SITE).await;
    let (pair, road) = (&world.pair, &world.road);
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let objects = objects(&pair.a.scratch("made"));
    let mut kept = Vec::new();
    for object in &objects {
        let stored = pair.a.stow(&[&fs::read(&object.path).unwrap()]).await;
        if !stored.status.is_success() {
            println!("{} is not taken: {}", object.name, stored.status);
            continue;
        }
        let _ = pair.a.settled(&object.study, 1).await;
        let _ = pair.b.settled(&object.study, 1).await;
        let Some(right) = shown(&pair.a, object).await else {
            println!("{} has no frame that can be asked for", object.name);
            continue;
        };
        kept.push((object, right));
    }
    assert!(kept.len() * 4 > objects.len() * 3, "{} of {} can be read", kept.len(), objects.len());
    for (object, right) in &kept {
        let places = found.entry(object.syntax.clone()).or_default();
        let is_small = fs::metadata(&object.path).unwrap().len() <= GROUP;
        for (conduct, place) in ON_THE_ROAD {
            if is_small && conduct == Conduct::WrongList {
                continue;
            }
            road.conduct(conduct);
            if conduct == Conduct::WrongHeaders && !headers_are_refused(pair, object).await {
                // Of a deflated object the headers are read from the object itself.
                continue;
            }
            if conduct != Conduct::WrongHeaders {
                let answer = pair.b.frame(&object.at, 1).await;
                assert!(!answer.status.is_success(), "{}: {place}: {} is shown", object.name, answer.status);
            }
            places.push(place);
        }
        road.conduct(Conduct::Honest);
        let read = eventually!(30, format!("{} reads over an honest road", object.name), shown(&pair.b, object).await);
        assert!(read == *right, "{}: other bytes than at its holder", object.name);
    }
    // What the reader keeps.
    assert!(turn_all(&pair.b.dir().join("cache")) > 0, "the copies are kept");
    for (object, right) in &kept {
        let read = shown(&pair.b, object).await;
        assert!(read.is_none_or(|read| read == *right), "{}: a turned bit of the copy is shown", object.name);
        found.entry(object.syntax.clone()).or_default().push("cache");
    }
    // What the holder keeps: found when every byte is read again, and never shown.
    turn_all(&pair.a.dir().join("objects"));
    let verified = pair.a.cli(&["verify"]);
    assert_eq!(verified.code, Some(1), "{}", verified.out);
    for (object, right) in &kept {
        let instance = object.at.rsplit('/').next().unwrap();
        let is_file = fs::metadata(&object.path).unwrap().len() > IN_JOURNAL_MAX;
        assert!(!is_file || verified.out.contains(instance), "{}: not found: {}", object.name, verified.out);
        for site in [&pair.a, &pair.b] {
            let read = shown(site, object).await;
            assert!(read.is_none_or(|read| read == *right), "{}: a turned bit of the file is shown", object.name);
        }
        if is_file {
            found.entry(object.syntax.clone()).or_default().push("file");
        }
    }
    println!("{:<28} {}", "transfer syntax", "places found");
    for (syntax, places) in &found {
        println!("{syntax:<28} {} found: {}", places.len(), places.join(", "));
        assert!(
            places.len() >= 4 && ["manifest", "wire", "cache"].iter().all(|place| places.contains(place)),
            "{syntax}"
        );
    }
}
