//! Every file of the corpus through every door: taken by C-STORE at one site and by STOW-RS at another, or refused with a
//! reason at both; and what was taken comes back out of each door, and out of another site's, bit for bit.
//!
//! Where the corpus is absent the same is told with synthetic files. The table: `--no-capture`.

use crate::SITE;
use protocol::Digest;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt::Write as _,
    fs,
    path::PathBuf,
};
use tests::{
    Client, Pair, Preset, Site, Study, corpus, eventually,
    http::{Ask, Method},
    multipart, part10,
    tools::retriever::{self, Received, Taker},
};

const MEMORY_MAX: u64 = 512 << 20;
const READER: &str = "READER";

struct File {
    name: String,
    path: PathBuf,
    data_set: Digest,
}

/// What an entrance did with each file: why it was refused, if it was.
type Entered = BTreeMap<String, Option<String>>;

/// An instance that a site holds.
#[derive(Clone, Debug)]
struct Held {
    study: String,
    series: String,
    instance: String,
    pair: (String, String),
}

fn files(site: &Site) -> Vec<File> {
    let read = |name: String, path: PathBuf| {
        let file = fs::read(&path).unwrap();
        File { name, data_set: Digest::of(&file[part10::data_set_at(&file)..]), path }
    };
    if let Some(folder) = corpus::folder() {
        return corpus::samples(&folder, "").into_iter().map(|sample| read(sample.name, sample.path)).collect();
    }
    let made = [1, 7, 30].map(|instances| Study::of(instances).write(&site.scratch("made")).1);
    made.into_iter().flatten().map(|path| read(path.display().to_string(), path)).collect()
}

/// Sends each file in a request of its own.
async fn by_stow(site: &Site, files: &[File]) -> Entered {
    let mut client = Client::connect(site.portal()).await.unwrap();
    let mut entered = Entered::new();
    for file in files {
        let body = multipart::body(&[&fs::read(&file.path).unwrap()]);
        let ask = Ask::new(Method::POST, "/dicomweb/studies").body(&multipart::dicom_type(), body);
        let answer = client.ask(ask.bearer(&site.token)).await.unwrap();
        let refused = (answer.status.as_u16() != 200).then(|| {
            let reason = answer.json()["00081198"]["Value"][0]["00081197"]["Value"][0].as_u64();
            format!("{:04X}", reason.unwrap_or_else(|| panic!("{}: {}", file.name, answer.text())))
        });
        entered.insert(file.name.clone(), refused);
    }
    entered
}

/// Sends all files with the node's own SCU, which names each that was not taken.
fn by_c_store(site: &Site, files: &[File]) -> Entered {
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let said = site.c_store(&paths);
    let refused: HashMap<&str, &str> = said.err.lines().filter_map(|line| line.split_once(": ")).collect();
    let class = |reason: &&str| {
        let code = reason.rsplit_once('(').and_then(|(_, code)| code.get(..4));
        let code = code.filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        code.map_or_else(|| format!("not sent ({reason})"), str::to_owned)
    };
    files.iter().map(|f| (f.name.clone(), refused.get(f.path.to_str().unwrap()).map(class))).collect()
}

/// All that a site lists.
async fn held(site: &Site) -> Vec<Held> {
    let text = |row: &Value, tag: &str| row[tag]["Value"][0].as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    let studies = site.get("/dicomweb/studies?limit=1000").await.ok().json();
    for study in studies.as_array().unwrap().iter().map(|row| text(row, "0020000D")) {
        let metadata = site.get(&format!("/dicomweb/studies/{study}/metadata")).await.ok().json();
        all.extend(metadata.as_array().unwrap().iter().map(|row| Held {
            study: study.clone(),
            series: text(row, "0020000E"),
            instance: text(row, "00080018"),
            pair: (text(row, "00080016"), text(row, "00083002")),
        }));
    }
    all
}

#[derive(Clone, Copy)]
enum Web {
    Rs,
    Uri,
}

/// Every instance by itself, over four connections.
async fn by_web(site: &Site, held: &[Held], web: Web) -> Received {
    let share = async |first: usize| {
        let mut client = Client::connect(site.portal()).await.unwrap();
        let mut got = Vec::new();
        for Held { study, series, instance, .. } in held.iter().skip(first).step_by(4) {
            let ask = match web {
                Web::Rs => Ask::get(format!("/dicomweb/studies/{study}/series/{series}/instances/{instance}"))
                    .header("accept", "multipart/related; type=\"application/dicom\"; transfer-syntax=*"),
                Web::Uri => Ask::get(format!(
                    "/dicomweb/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}\
                     &contentType=application%2Fdicom"
                )),
            };
            let answer = client.ask(ask.bearer(&site.token)).await.unwrap().ok();
            let file = match web {
                Web::Rs => multipart::parts(&answer).remove(0),
                Web::Uri => answer.body,
            };
            got.push((instance.clone(), file[part10::data_set_at(&file)..].to_vec()));
        }
        got
    };
    let (a, b, c, d) = tokio::join!(share(0), share(1), share(2), share(3));
    [a, b, c, d].into_iter().flatten().collect()
}

/// Studies with the pairs of class and syntax that their instances have.
fn studies(held: &[Held]) -> BTreeMap<String, Vec<(String, String)>> {
    let mut pairs: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for one in held {
        pairs.entry(one.study.clone()).or_default().insert(one.pair.clone());
    }
    pairs.into_iter().map(|(study, pairs)| (study, pairs.into_iter().collect())).collect()
}

fn by_get(site: &Site, held: &[Held]) -> Received {
    let mut all = Received::new();
    for (study, pairs) in studies(held) {
        let (received, ended) = retriever::get(site.dimse(), [READER, &site.ae_title], &study, &pairs).unwrap();
        assert_eq!((ended.status, ended.failed), (0, 0), "{study}: {pairs:?}");
        all.extend(received);
    }
    all
}

fn by_move(site: &Site, taker: &Taker, held: &[Held]) -> Received {
    let studies: Vec<String> = studies(held).into_keys().collect();
    let ended = retriever::move_to(site.dimse(), [READER, &site.ae_title], READER, &studies).unwrap();
    for (study, ended) in studies.iter().zip(&ended) {
        assert_eq!((ended.status, ended.failed), (0, 0), "{study}");
    }
    assert_eq!(ended.len(), studies.len());
    taker.received()
}

/// The table, and what is wrong in it.
#[derive(Default)]
struct Table {
    text: String,
    faults: Vec<String>,
}

impl Table {
    fn entrance(&mut self, door: &str, entered: &Entered) {
        let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in entered.values().flatten() {
            *refused.entry(reason).or_default() += 1;
        }
        let taken = entered.values().filter(|reason| reason.is_none()).count();
        writeln!(self.text, "{door:<28} {:>6} sent {taken:>6} taken, refused: {refused:?}", entered.len()).unwrap();
    }

    fn exit(&mut self, door: &str, received: &Received, wanted: &HashSet<Digest>) {
        let got: HashSet<Digest> = received.values().map(|data_set| Digest::of(data_set)).collect();
        let identical = wanted.intersection(&got).count();
        let (differing, missing) = (got.len() - identical, wanted.len() - identical);
        writeln!(
            self.text,
            "{door:<28} {:>6} held {identical:>6} identical {differing:>6} differing {missing:>6} missing",
            wanted.len()
        )
        .unwrap();
        if differing + missing > 0 || received.len() != wanted.len() {
            self.faults.push(format!("{door}: {differing} differ, {missing} missing, {} came", received.len()));
        }
    }
}

/// The data sets that an entrance took.
fn taken(files: &[File], entered: &Entered) -> HashSet<Digest> {
    files.iter().filter(|file| entered[&file.name].is_none()).map(|file| file.data_set).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_in_by_any_door_goes_out_by_every_door_bit_for_bit() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let scanners = Site::open(SITE, "CH Est").await;
    let (web, peer) = (&pair.a, &pair.b);
    let files = files(web);
    let mut table = Table::default();

    let stowed = by_stow(web, &files).await;
    table.entrance("STOW-RS", &stowed);
    let stored = by_c_store(&scanners, &files);
    table.entrance("C-STORE", &stored);
    for (name, refused) in &stowed {
        match (refused, &stored[name]) {
            // What names no class or instance cannot be announced, and so is not sent; STOW-RS looks into it.
            (_, Some(reason)) if reason.starts_with("not sent") => {}
            (stowed, stored) if stowed == stored => {}
            (stowed, stored) => table.faults.push(format!("{name}: STOW-RS {stowed:?}, C-STORE {stored:?}")),
        }
    }

    let taker = Taker::start();
    for site in [web, &scanners] {
        site.add_ae(READER, taker.port, "own");
    }
    let wanted = taken(&files, &stowed);
    let instances = held(web).await;
    table.exit("WADO-RS", &by_web(web, &instances, Web::Rs).await, &wanted);
    table.exit("WADO-URI", &by_web(web, &instances, Web::Uri).await, &wanted);
    table.exit("C-GET", &by_get(web, &instances), &wanted);
    table.exit("C-MOVE", &by_move(web, &taker, &instances), &wanted);
    let count = studies(&instances).len();
    eventually!(60, "the other site lists all studies", {
        let listed = held(peer).await;
        (listed.len() == instances.len() && studies(&listed).len() == count).then_some(())
    });
    table.exit("WADO-RS at the other site", &by_web(peer, &instances, Web::Rs).await, &wanted);
    table.exit(
        "WADO-RS after C-STORE",
        &by_web(&scanners, &held(&scanners).await, Web::Rs).await,
        &taken(&files, &stored),
    );

    println!("{}", table.text);
    assert!(table.faults.is_empty(), "{}\n{:#?}", table.text, table.faults);
    for site in [web, peer, &scanners] {
        assert!(site.memory(true) < MEMORY_MAX, "{}: {} MB", site.name, site.memory(true) >> 20);
    }
}
