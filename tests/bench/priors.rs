//! Whether the priors that a reader wants are here when they open a case: `cargo bench -p tests --bench priors [-- CASES]`.
//!
//! Three real nodes over loopback. Patients of one group of hospitals have a current study at the requesting site and none to
//! eight earlier ones, there or at a third site, of mixed regions, modalities and ages. Requests arrive one after the other at
//! the reader's site, in an order of chance (seeded). Which priors are relevant is decided here, and not by the node's ranking: those
//! of the same region by a modality of the same group, however old.
//!
//! Twice, in worlds of their own: requests as fast as they can be made, opened when nothing is on its way any more; and one
//! every three seconds over links of 2 Mbit/s by agreement, each opened 30 seconds after it came. Told are the relevant priors
//! that were wholly here when they were opened, and the bytes that were brought and then not opened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};
use tests::{
    Instance, Site, Study,
    hospital::{agree, pair},
    http::{self, Ask, Method},
};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const CASES: usize = 40;
const SEED: u64 = 20_261_129;
/// The identifier's issuer that the hospitals share.
const GROUP: &str = "GHT Ouest";
const INSTANCES: u32 = 10;
const SIDE: u16 = 128;
const REGIONS: [&str; 6] = ["HEAD", "CHEST", "ABDOMEN", "SPINE", "KNEE", "BREAST"];
const MODALITIES: [&str; 6] = ["CT", "MR", "PT", "DX", "CR", "US"];
/// What shows much the same to a reader.
const GROUPS: [&[&str]; 3] = [&["CT", "MR", "PT"], &["DX", "CR"], &["US"]];
/// The slow world.
const KBITS_MAX: u32 = 2_000;
const ARRIVES_EVERY: Duration = Duration::from_secs(3);
const OPENED_AFTER: Duration = Duration::from_secs(30);
/// Nothing came for so long: prefetching is idle.
const IDLE_FOR: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(250);
const AIM_PERCENT: usize = 95;

/// Chance with a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A prior, where it lies, and its first image.
struct Prior {
    study: Study,
    is_at_third: bool,
    first: Instance,
}

struct Case {
    current: Study,
    priors: Vec<Prior>,
}

impl Case {
    /// By region and group of modalities alone.
    fn relevant(&self) -> impl Iterator<Item = &Prior> {
        let group = |modality: &str| GROUPS.iter().position(|group| group.contains(&modality));
        let (region, modality) = (&self.current.region, group(&self.current.modality));
        self.priors
            .iter()
            .filter(move |prior| prior.study.region == *region && group(&prior.study.modality) == modality)
    }
}

struct World {
    asker: Site,
    reader: Site,
    third: Site,
}

impl World {
    async fn open(kbits_max: Option<u32>) -> Self {
        let asker = Site::open(SITE, "CH Nord").await;
        let reader = Site::open(SITE, "CHU Sud").await;
        let third = Site::open(SITE, "Clinique Ouest").await;
        for holder in [&asker, &third] {
            pair(holder, &reader).await;
            let mut terms = json!({ "preset": "all", "direction": "ours" });
            if let Some(kbits) = kbits_max {
                terms["kbits_max"] = json!(kbits);
            }
            let _ = agree((holder, &reader), &terms).await;
        }
        Self { asker, reader, third }
    }

    /// Stores what a patient has.
    fn case(&self, number: usize, chance: &mut Chance) -> Case {
        let of = |chance: &mut Chance, date: String| Study {
            issuer: Some(GROUP.to_owned()),
            patient_id: format!("P{number:05}"),
            date,
            ..Study::of(INSTANCES)
                .named(&format!("Patient{number}^Anne"))
                .modality(chance.of(&MODALITIES))
                .region(chance.of(&REGIONS))
                .size(SIDE, SIDE)
        };
        let current = of(chance, "20261128".to_owned());
        let mut priors = Vec::new();
        for _ in 0..chance.below(9) {
            let date = format!("{}{:02}{:02}", 2006 + chance.below(20), 1 + chance.below(12), 1 + chance.below(28));
            let mut study = of(chance, date);
            // People are seen for the same thing again.
            if chance.below(2) == 0 {
                study.region.clone_from(&current.region);
            }
            let is_at_third = chance.below(2) == 0;
            let site = if is_at_third { &self.third } else { &self.asker };
            let (made, paths) = study.write(&site.scratch(&study.uid));
            let _ = site.c_store(&paths).ok();
            priors.push(Prior { study, is_at_third, first: made.into_iter().next().unwrap() });
        }
        let (_, paths) = current.write(&self.asker.scratch(&current.uid));
        let _ = self.asker.c_store(&paths).ok();
        Case { current, priors }
    }

    async fn cases(&self, count: usize) -> Vec<Case> {
        let mut chance = Chance(SEED);
        let mut cases: Vec<Case> = (0..count).map(|number| self.case(number, &mut chance)).collect();
        for study in cases.iter().flat_map(|case| case.priors.iter().map(|p| &p.study).chain([&case.current])) {
            let _ = self.reader.settled(&study.uid, INSTANCES as usize).await;
        }
        // In an order of chance.
        for n in (1..cases.len()).rev() {
            cases.swap(n, chance.below(n + 1));
        }
        cases
    }

    async fn ask(&self, token: &str, case: &Case) {
        let request = json!({
            "studies": [case.current.uid], "priority": "P3", "question": "Évolution ?", "justification": "pas de radiologue",
            "identity_checked": true, "consent": "informed", "modality": case.current.modality, "region": case.current.region,
            "on_site_physician": "Dr Curie", "examination": "clinical",
            "to": [{ "site": self.reader.name }],
        });
        let ask = Ask::new(Method::POST, "/api/cases").json(&request).bearer(token);
        let _ = http::ask(self.asker.portal(), ask).await.unwrap().ok();
    }

    /// What the node says of what it brought.
    async fn ahead(&self, of: &Case) -> Value {
        let answer = self.reader.post("/api/history", &json!({ "study": of.current.uid })).await.ok();
        let last = answer.text().lines().last().unwrap().to_owned();
        serde_json::from_str::<Value>(&last).unwrap()["ahead"].clone()
    }

    async fn is_idle(&self) -> bool {
        let transfers = self.reader.get("/api/transfers").await.ok().json();
        transfers.as_array().unwrap().iter().all(|row| row["state"] == "done")
    }

    /// Waits until nothing was on its way, and nothing new was brought, for a while.
    async fn idle(&self, of: &Case) {
        let (mut before, mut since) = (Value::Null, Instant::now());
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while since.elapsed() < IDLE_FOR {
            let _ = looks.tick().await;
            let now = self.ahead(of).await;
            if now != before || !self.is_idle().await {
                (before, since) = (now, Instant::now());
            }
        }
    }

    async fn is_here(&self, study: &Study) -> bool {
        let row = self.reader.listed(&study.uid).await.unwrap();
        row["instances_here"] == json!(INSTANCES)
    }

    /// Opens a case as a reader does: its relevant priors, and no others. Of how many, how many are here.
    async fn open_priors(&self, case: &Case, found: &mut Found) {
        let (mut of, mut here) = (0, 0);
        for prior in case.relevant() {
            of += 1;
            here += usize::from(self.is_here(&prior.study).await);
            found.at_third += usize::from(prior.is_at_third);
        }
        for prior in case.relevant() {
            let _ = self.reader.frame(&prior.first.path(), 1).await.ok();
        }
        found.relevant += of;
        found.here += here;
        found.cases_whole += usize::from(of == here);
    }
}

#[derive(Debug, Default)]
struct Found {
    relevant: usize,
    here: usize,
    at_third: usize,
    cases_whole: usize,
}

fn tell(name: &str, cases: usize, found: &Found, ahead: &Value) {
    let share = |part: usize, of: usize| (part * 1_000).checked_div(of).unwrap_or(1_000);
    let percent = |permille: usize| format!("{}.{} %", permille / 10, permille % 10);
    let bytes = |field: &str| ahead[field].as_u64().unwrap();
    let wasted = bytes("bytes") - bytes("opened_bytes");
    let of_bytes = share(usize::try_from(wasted).unwrap(), usize::try_from(bytes("bytes")).unwrap());
    println!("{name}");
    println!(
        "  relevant priors here when opened   {} of {} ({}; aim {AIM_PERCENT} %), {} of them held by the third site",
        found.here,
        found.relevant,
        percent(share(found.here, found.relevant)),
        found.at_third
    );
    println!("  cases of which all were here       {} of {cases}", found.cases_whole);
    println!("  brought ahead                      {} studies, {} kB", bytes("studies"), bytes("bytes") / 1_000);
    println!("  brought and not opened             {} kB ({})", wasted / 1_000, percent(of_bytes));
}

/// All requests at once; opened when nothing is on its way.
async fn at_rest(count: usize) {
    let world = World::open(None).await;
    let cases = world.cases(count).await;
    let priors: usize = cases.iter().map(|case| case.priors.len()).sum();
    println!("{count} cases with {priors} priors of {INSTANCES} images, seed {SEED}");
    let token = world.asker.new_token("dr.urgence", "referrer");
    let began = Instant::now();
    for case in &cases {
        world.ask(&token, case).await;
    }
    world.idle(&cases[0]).await;
    let took = began.elapsed().saturating_sub(IDLE_FOR);
    let mut found = Found::default();
    for case in &cases {
        world.open_priors(case, &mut found).await;
    }
    let name = format!("no bound on the links, opened when all had come (after {} s)", took.as_secs());
    tell(&name, count, &found, &world.ahead(&cases[0]).await);
}

/// One after the other over slow links; each opened after a while.
async fn over_slow_links(count: usize) {
    let world = World::open(Some(KBITS_MAX)).await;
    let cases = world.cases(count).await;
    let token = world.asker.new_token("dr.urgence", "referrer");
    let mut found = Found::default();
    let mut waiting: VecDeque<(Instant, &Case)> = VecDeque::new();
    let mut arrivals = tokio::time::interval(ARRIVES_EVERY);
    let mut coming = cases.iter();
    loop {
        let _ = arrivals.tick().await;
        if let Some(case) = coming.next() {
            world.ask(&token, case).await;
            waiting.push_back((Instant::now() + OPENED_AFTER, case));
        }
        while waiting.front().is_some_and(|(at, _)| *at <= Instant::now()) {
            let (_, case) = waiting.pop_front().unwrap();
            world.open_priors(case, &mut found).await;
        }
        if waiting.is_empty() {
            break;
        }
    }
    let (every, after) = (ARRIVES_EVERY.as_secs(), OPENED_AFTER.as_secs());
    let name = format!("links of {KBITS_MAX} kbit/s, a request every {every} s, opened {after} s after it came");
    tell(&name, count, &found, &world.ahead(&cases[0]).await);
}

#[tokio::main]
async fn main() {
    let count = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(CASES);
    at_rest(count).await;
    over_slow_links(count).await;
}
