//! How quick the portal is with ten thousand cases: `cargo bench -p tests --bench portal [-- CASES]`.
//!
//! One node that asks nobody, with so many open cases, and a browser without a graphics card on the same machine. Told are, for each page,
//! the first and the largest paint, what moved by itself (CLS), for how long the page could not answer (beyond 50 ms at a time), and the
//! bytes; and for each act at the worklist the longest time from the key or click to the frame that shows it, as the browser measures it
//! (Event Timing; in steps of 8 ms). How long another page takes to stand is told without an aim: it is asked of the node. Each new case is
//! escalated once, since nobody can be asked: the pages are opened when the node is done
//! with that; what it needs of a core from then on is told as well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement stops where it fails"
)]

use serde_json::json;
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};
use tests::{
    Site, browser,
    http::{Ask, Client, Method},
};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const CASES: usize = 10_000;
const AT_ONCE: usize = 8;
/// A node that uses less of a core is at rest.
const CALM: f64 = 0.2;
const LOOK_S: u64 = 5;
const CALM_WITHIN_S: u64 = 300;
/// From a key to the frame that shows it.
const ACT_MS_MAX: f64 = 100.0;
/// As web.dev calls good: largest paint, layout shift; and what may block a page that is opened.
const LCP_MS_MAX: f64 = 2_500.0;
const CLS_MAX: f64 = 0.1;

async fn ask(client: &mut Client, token: &str, nth: usize) -> String {
    let names = ["Durand^Paul", "Kervella^Maïwenn", "Ben Saïd^Fatima", "Le Goff^Anne-Sophie", "Nguyen^Loïc"];
    let priority = ["P0", "P1", "P2", "P3"][nth % 4];
    let name = names[nth % names.len()];
    let request = json!({
        "priority": priority, "question": format!("Question {nth}"), "identity_checked": true, "justification": "nuit", "consent": "informed",
        "modality": "CT", "studies": [], "telephone": "02 97 01 02 03", "to": [],
        "patient": { "name": name, "birth_date": "19500101", "sex": "O", "id": format!("{nth:08}"), "issuer": "CHNORD",
            "ins": null, "identity": "validated" },
    });
    let answer = client.ask(Ask::new(Method::POST, "/api/cases").json(&request).bearer(token)).await.unwrap();
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.json()["case"].as_str().unwrap().to_owned()
}

/// Seconds of a core that the node has used so far.
fn used_s(site: &Site) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", site.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, in hundredths.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Waits until the node is done with what the cases needed; what share of a core it uses then.
async fn calm(site: &Site) -> f64 {
    let mut before = used_s(site);
    for _ in 0..CALM_WITHIN_S / LOOK_S {
        tokio::time::sleep(Duration::from_secs(LOOK_S)).await;
        let now = used_s(site);
        let share = (now - before) / LOOK_S as f64;
        if share < CALM {
            return share;
        }
        before = now;
    }
    panic!("the node does not come to rest");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let cases = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(CASES);
    let site = Site::open(SITE, "CH Nord").await;
    let password = site.new_user("dr.leroy", "radiologist");
    let token = site.new_token("many", "radiologist");
    let began = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..AT_ONCE {
        let (address, token) = (site.portal(), token.clone());
        lanes.spawn(async move {
            let mut client = Client::connect(address).await.unwrap();
            let mut last = String::new();
            for nth in (lane..cases).step_by(AT_ONCE) {
                last = ask(&mut client, &token, nth).await;
            }
            last
        });
    }
    let case = lanes.join_all().await.into_iter().find(|name| !name.is_empty()).unwrap();
    println!("{cases} cases asked for in {:.1} s", began.elapsed().as_secs_f64());

    let share = calm(&site).await;
    println!("at rest {:.1} s after the first: {share:.2} of a core", began.elapsed().as_secs_f64());

    let input = json!({ "portal": format!("http://{}", site.portal()), "name": "dr.leroy", "password": password, "case": case });
    let seen = browser::run("portal_is_quick", &input);
    let mut missed = 0;
    let mut verdict = |is_met: bool| {
        missed += i32::from(!is_met);
        if is_met { "met" } else { "MISSED" }
    };
    println!("{:<12} {:>10} {:>10} {:>7} {:>10} {:>8}", "page", "first ms", "largest ms", "CLS", "blocked ms", "kB");
    for (page, told) in seen["pages"].as_object().unwrap() {
        if let Some(shown) = told["shown_ms"].as_f64() {
            println!("{page:<16} {shown:>6.0} ms from the key until it stands");
            continue;
        }
        let of = |what: &str| told[what].as_f64().unwrap();
        let is_good = verdict(of("lcp_ms") <= LCP_MS_MAX && of("cls") <= CLS_MAX);
        println!(
            "{page:<12} {:>10.0} {:>10.0} {:>7.3} {:>10.0} {:>8.1} {is_good}",
            of("fcp_ms"),
            of("lcp_ms"),
            of("cls"),
            of("blocked_ms"),
            of("kb")
        );
    }
    println!("{:<12} {:>7} {:>10} (the list was scrolled to row {})", "act", "times", "worst ms", seen["reached"]);
    for (act, told) in seen["acts"].as_object().unwrap() {
        let worst = told["worst_ms"].as_f64().unwrap();
        println!("{act:<12} {:>7} {worst:>10.0} {}", told["times"], verdict(worst <= ACT_MS_MAX));
    }
    println!("serious or critical for axe: {}", seen["grave"]);
    println!("{missed} missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
