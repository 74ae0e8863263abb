//! How fast what is withdrawn ends: `cargo bench -p tests --bench revoke [-- RUNS] [keys]`.
//!
//! Two real nodes over loopback; a study of 12 MB is on its way at a few MB/s when its peer is revoked, its grant taken
//! back, its agreement ended, or its reader's account disabled. Measured from before the administrator's request: the
//! last byte that leaves the holder, the reader's node refusing its viewer, the reader's receipt at the holder (for a
//! person: the holder's log), and bytes that passed the road between the two after the request was answered: pieces that lay on
//! it already, one KiB for each request under way.
//!
//! Then keys (`keys`: these alone), at two other nodes: from `confrere key rotate` until a study that was not read before is read at the peer under
//! the new key; and from `confrere key rotate --compromised` until the key before is answered no more at the peer, by
//! either plane, over open connections or fresh ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tests::{
    Instance, OverRoad, Response, Site, Study, eventually,
    hospital::{self, Pair, Preset},
    http::{self, Ask, Method},
    tools::{control::seed_of_folder, thief::Thief},
    wait::holds,
};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const RUNS: usize = 20;
/// Passes in a millisecond.
const KIB_PER_MS: usize = 3;
/// Looked at so long after the last byte: nothing follows.
const QUIET: Duration = Duration::from_millis(1500);
/// Changes of one site's key; then the sites pair again.
const CHANGES_MAX: usize = protocol::succession::SUCCESSIONS_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Peer,
    Grant,
    Agreement,
    Person,
}

#[derive(Debug, Default)]
struct Times {
    local: Vec<Duration>,
    refused: Vec<Duration>,
    told: Vec<Duration>,
    after: Vec<u64>,
}

struct World {
    over: OverRoad,
    study: Study,
    made: Vec<Instance>,
    password: String,
}

impl World {
    fn a(&self) -> &Site {
        &self.over.pair.a
    }
    fn b(&self) -> &Site {
        &self.over.pair.b
    }

    /// Whatever stood is ended, and the study is told again.
    async fn agree(&self, preset: &str) -> Option<String> {
        let pair = &self.over.pair;
        for row in self.a().get("/api/agreements").await.ok().json().as_array().unwrap() {
            if row["state"] == "active" {
                let path = format!("/api/agreements/{}/end", row["id"].as_str().unwrap());
                let _ = self.a().post(&path, &json!({})).await;
            }
        }
        eventually!(20, "B lists nothing", holds(self.b().listed(&self.study.uid).await.is_none()));
        let _ = pair.agree(&json!({ "preset": preset })).await;
        let mut grant = None;
        if preset == "case-only" {
            let share = json!({ "site": pair.b_id, "hours": 2 });
            let shared = self.a().post(&format!("/api/studies/{}/share", self.study.uid), &share).await.ok().json();
            grant = shared["grant"].as_str().map(str::to_owned);
        }
        let _ = self.b().settled(&self.study.uid, self.made.len()).await;
        grant
    }

    async fn as_reader(&self, cookies: &str, ask: Ask) -> Response {
        let ask = ask.header("cookie", cookies).header("sec-fetch-site", "same-origin");
        http::ask(self.b().portal(), ask).await.unwrap()
    }

    async fn sign_in(&self) -> String {
        let body = json!({ "name": "zoe", "password": self.password });
        let answer = self.as_reader("", Ask::new(Method::POST, "/api/session").json(&body)).await;
        let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        cookies.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }

    /// The newest entry of the holder's log that says that a reader is gone.
    async fn last_gone(&self) -> Option<u64> {
        let log = self.a().audit("").await;
        log.iter().filter(|entry| entry["act"] == "reader-gone").filter_map(|entry| entry["number"].as_u64()).max()
    }

    /// Whether the holder was told the end: a receipt, or the reader's name in the log.
    async fn is_told(&self, what: What, before: Option<u64>) -> bool {
        if what == What::Person {
            return self.last_gone().await > before;
        }
        let told = self.a().get(&format!("/api/studies/{}/holders", self.study.uid)).await.ok().json();
        told["held"] == 0
    }

    async fn withdraw(&self, what: What, grant: Option<String>) {
        let pair = &self.over.pair;
        let answer = match what {
            What::Peer => self.a().delete(&format!("/api/peers/{}", pair.b_id)).await,
            What::Grant => self.a().delete(&format!("/api/grants/{}", grant.unwrap())).await,
            What::Agreement => {
                let rows = self.a().get("/api/agreements").await.ok().json();
                let is_active = |row: &&Value| row["state"] == "active";
                let id = rows.as_array().unwrap().iter().find(is_active).unwrap()["id"].as_str().unwrap().to_owned();
                self.a().post(&format!("/api/agreements/{id}/end"), &json!({})).await
            }
            What::Person => self.b().post("/api/users/zoe/disabled", &json!({ "disabled": true })).await,
        };
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    async fn run(&self, what: What, times: &mut Times) {
        let (pair, road) = (&self.over.pair, &self.over.road);
        let _ = self.b().post("/api/users/zoe/disabled", &json!({ "disabled": false })).await.ok();
        if hospital::peer(self.a(), &pair.b_id).await.is_none_or(|peer| !peer["revoked"].is_null()) {
            hospital::pair(&pair.a, &pair.b).await;
        }
        let grant = self.agree(if what == What::Grant { "case-only" } else { "all" }).await;
        let cookies = self.sign_in().await;
        road.allow_only(0);
        let began = road.passed();
        let fetch = Ask::new(Method::POST, format!("/api/studies/{}/fetch", self.study.uid)).json(&json!({}));
        let _ = self.as_reader(&cookies, fetch).await.ok();
        let flows = Arc::new(AtomicBool::new(true));
        let pouring = async {
            while flows.load(Ordering::Relaxed) {
                road.allow_only(KIB_PER_MS);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let measuring = async {
            eventually!(20, "the transfer runs", holds(road.passed() > began + 1_000_000));
            let before = self.last_gone().await;
            let start = Instant::now();
            let watching = async {
                let (mut last, mut passed) = (Duration::ZERO, road.passed());
                while start.elapsed() < last + QUIET {
                    let now = road.passed();
                    if now != passed {
                        (last, passed) = (start.elapsed(), now);
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                last
            };
            let asking = async {
                self.withdraw(what, grant).await;
                let answered = road.passed();
                let mut refused = None;
                loop {
                    let frame = format!("/dicomweb{}/frames/1", self.made[0].path());
                    if refused.is_none() {
                        let answer = self.as_reader(&cookies, Ask::get(frame)).await;
                        refused = matches!(answer.status.as_u16(), 401 | 403 | 404).then(|| start.elapsed());
                    }
                    if self.is_told(what, before).await
                        && let Some(refused) = refused
                    {
                        return (answered, refused, start.elapsed());
                    }
                    assert!(start.elapsed() < Duration::from_secs(20), "{what:?} was not heard of");
                }
            };
            let (last, (answered, refused, told)) = tokio::join!(watching, asking);
            times.local.push(last);
            times.refused.push(refused);
            times.told.push(told);
            times.after.push(road.passed() - answered);
            flows.store(false, Ordering::Relaxed);
        };
        tokio::join!(pouring, measuring);
        road.allow_all();
    }
}

async fn key_at(site: &Site, whose: &str) -> String {
    let keys = site.get("/api/keys").await.ok().json();
    let row = if whose == "own" { &keys["own"] } else { &keys["peers"][0] };
    row["key"].as_str().unwrap().to_owned()
}

/// From `key rotate` until the peer has read, under the new key, what it had not read before.
async fn read_after_change(pair: &Pair) -> Duration {
    let study = Study::of(1).size(64, 64);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, 1, &paths).await;
    let old = key_at(&pair.b, "peer").await;
    let start = Instant::now();
    let mut command = pair.a.cli_start(&["key", "rotate", "--yes"]);
    while key_at(&pair.b, "peer").await == old {
        assert!(start.elapsed() < Duration::from_secs(60), "the new key is not heard of");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while !pair.b.frame(&made[0].path(), 1).await.status.is_success() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is read with the new key");
    }
    let read = start.elapsed();
    assert!(command.wait().unwrap().success());
    assert_eq!(key_at(&pair.b, "peer").await, key_at(&pair.a, "own").await);
    read
}

/// From `key rotate --compromised` until the key before is answered no more at the peer.
async fn refused_after_theft(pair: &Pair) -> Duration {
    let mut thief = Thief::new(seed_of_folder(&pair.a.dir()));
    assert!(thief.gets_in(&pair.b).await, "it is the site's key");
    let start = Instant::now();
    let mut command = pair.a.cli_start(&["key", "rotate", "--yes", "--compromised"]);
    let refused = loop {
        let asked = start.elapsed();
        if !thief.gets_in(&pair.b).await {
            break asked;
        }
        assert!(asked < Duration::from_secs(60), "the key before still gets in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(command.wait().unwrap().success());
    assert!(!thief.gets_in(&pair.b).await, "nor does it come back");
    for (site, other) in [(&pair.a, &pair.b_id), (&pair.b, &pair.a_id)] {
        eventually!(
            40,
            "both are connected",
            hospital::peer(site, other).await.filter(|peer| peer["connected"] == true)
        );
    }
    refused
}

async fn keys(runs: usize) {
    println!("{:<34} {:>13}", "key of a site", "ms");
    for is_stolen in [false, true] {
        let (mut times, mut pair) = (Vec::new(), None);
        for run in 0..runs {
            if run % CHANGES_MAX == 0 {
                pair = Some(Pair::agreed(SITE, Preset::All).await);
            }
            let pair = pair.as_ref().unwrap();
            times.push(if is_stolen { refused_after_theft(pair).await } else { read_after_change(pair).await });
        }
        let what = if is_stolen { "stolen, until the old is refused" } else { "changed, until a read by the new" };
        println!("{what:<34} {}", ms(&times));
    }
}

fn ms(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!("{:>6.0} {:>6.0}", ms(sorted[sorted.len() / 2]), ms(sorted[sorted.len() - 1]))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let runs = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(RUNS);
    if !std::env::args().any(|word| word == "keys") {
        withdrawn(runs).await;
    }
    keys(runs).await;
}

async fn withdrawn(runs: usize) {
    let over = OverRoad::open(SITE).await;
    let study = Study::of(24).size(512, 512);
    let (made, paths) = study.write(&over.pair.a.scratch("scanner"));
    over.pair.announced(&study.uid, made.len(), &paths).await;
    let password = over.pair.b.new_user("zoe", "radiologist");
    let world = World { over, study, made, password };
    println!("{runs} runs each; ms, median and longest");
    println!("{:<12} {:>13} {:>13} {:>13}  bytes after the answer", "withdrawn", "last byte", "refused", "told");
    for what in [What::Person, What::Grant, What::Agreement, What::Peer] {
        let mut times = Times::default();
        for _ in 0..runs {
            world.run(what, &mut times).await;
        }
        let after = times.after.iter().max().unwrap();
        let (local, refused, told) = (ms(&times.local), ms(&times.refused), ms(&times.told));
        println!("{:<12} {local} {refused} {told}  {after}", format!("{what:?}"));
    }
}
