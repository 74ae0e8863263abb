//! A night changes hands: what is open goes along, and counts when the one who comes has said so. And a reader before no screen
//! is passed over.

use crate::{
    SITE,
    coverage_hole::{alarms, covered, hour, radiologist, time},
};
use serde_json::{Value, json};
use std::time::SystemTime;
use tests::{
    Pair, Site, Study, eventually,
    http::{Ask, Response, ask},
    wait::holds,
};

/// What somebody with a token of their own asks.
struct Person<'a> {
    site: &'a Site,
    cookie: String,
}

impl<'a> Person<'a> {
    async fn sign_in(site: &'a Site, name: &str, password: &str) -> Self {
        let answer = ask(
            site.portal(),
            Ask::new(hyper::Method::POST, "/api/session")
                .header("sec-fetch-site", "same-origin")
                .json(&json!({ "name": name, "password": password })),
        )
        .await
        .unwrap()
        .ok();
        let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let cookie = cookies.filter_map(|value| value.split(';').next()).collect::<Vec<_>>().join("; ");
        Self { site, cookie }
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        let asked = Ask::new(hyper::Method::POST, path)
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", "same-origin")
            .json(body);
        ask(self.site.portal(), asked).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        ask(self.site.portal(), Ask::get(path).header("cookie", &self.cookie)).await.unwrap()
    }
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

async fn shift(site: &Site, shift: &str) -> Value {
    let rows = site.get("/api/shifts").await.ok().json();
    rows.as_array().unwrap().iter().find(|row| row["id"] == *shift).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_what_is_open_goes_along() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let words = [radiologist(&pair.b, "martin", &["CT"]).await, radiologist(&pair.b, "leroy", &["CT"]).await];
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    let plan = |person: &str, rank: u8| json!({ "person": person, "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)), "rank": rank, "confirmed": true });
    let first = id(&pair.b.post("/api/shifts", &plan("martin", 1)).await.ok().json());
    let second = id(&pair.b.post("/api/shifts", &plan("leroy", 2)).await.ok().json());
    let (martin, leroy) =
        (Person::sign_in(&pair.b, "martin", &words[0]).await, Person::sign_in(&pair.b, "leroy", &words[1]).await);

    // Taken by its person alone; what was tried stays with it, at both sites.
    let tried = json!({ "sound": "worked", "notifications": "refused", "link": "worked" });
    let skipped = json!({ "sound": "not-tried", "notifications": "worked" });
    assert_eq!(martin.post(&format!("/api/shifts/{first}/take"), &skipped).await.status, 400, "nothing is skipped");
    let refused = leroy.post(&format!("/api/shifts/{first}/take"), &tried).await;
    assert_eq!((refused.status.as_u16(), refused.error_code()), (403, "role".to_owned()));
    let taken = martin.post(&format!("/api/shifts/{first}/take"), &tried).await.ok().json();
    assert_eq!(
        (&taken["state"], &taken["taken"]["sound"], &taken["taken"]["answered"]),
        (&json!("active"), &json!("worked"), &json!(1))
    );
    let _ = leroy.post(&format!("/api/shifts/{second}/take"), &tried).await.ok();
    eventually!(
        2,
        "the covered site knows",
        holds(shift(&pair.a, &first).await["taken"]["notifications"] == "refused")
    );

    // An open case is Martin's: the shift does not end over it.
    let study = Study::of(1);
    let (_, paths) = study.write(&pair.b.scratch(&study.uid));
    let _ = pair.b.c_store(&paths).ok();
    let _ = pair.b.settled(&study.uid, 1).await;
    let said = pair
        .b
        .cli(&["duty", "case", &study.uid, "--owner", "martin", "--with", &pair.a.name, "--until", &time(hour(20))])
        .ok();
    let case = said.out.trim().to_owned();
    let held = martin.post(&format!("/api/shifts/{first}/end"), &json!({})).await;
    assert_eq!((held.status.as_u16(), held.error_code()), (409, "open-cases".to_owned()));
    let handing = martin.get(&format!("/api/shifts/{first}/handing")).await.ok().json();
    assert_eq!((&handing["cases"][0]["case"], &handing["next"][0]["id"]), (&json!(case), &json!(second)), "{handing}");

    // Offered is not handed over; acknowledged by somebody else it is not either.
    let _ = martin.post(&format!("/api/shifts/{first}/offer"), &json!({ "shift": second })).await.ok();
    assert_eq!(shift(&pair.b, &first).await["state"], "active");
    assert_eq!(martin.post(&format!("/api/shifts/{second}/relieve"), &json!({ "shift": first })).await.status, 403);
    let offered = leroy.get(&format!("/api/shifts/{second}/handing")).await.ok().json();
    assert_eq!(
        (&offered["offered"][0]["shift"]["person"], &offered["offered"][0]["shift"]["relief"]["cases"]),
        (&json!("martin"), &json!(1))
    );
    let _ = leroy.post(&format!("/api/shifts/{second}/relieve"), &json!({ "shift": first })).await.ok();
    for site in [&pair.a, &pair.b] {
        eventually!(2, "it is handed over", holds(shift(site, &first).await["state"] == "handed-over"));
    }
    let duties = pair.b.get("/api/duty").await.ok().json();
    let row = duties.as_array().unwrap().iter().find(|row| row["id"] == case).cloned().unwrap();
    assert_eq!((&row["person"], &row["state"]), (&json!("leroy"), &json!("open")), "never without an owner");
    let ladder = pair.a.get("/api/rosters/who?modalities=CT").await.ok().json();
    assert_eq!((&ladder[0]["person"], &ladder[0]["skip"]), (&json!("leroy"), &json!(null)));

    // What is open over the end of a shift is an alarm, until it has gone.
    let _ = pair.b.cli(&["duty", "end", &case]).ok();
    let _ = leroy.post(&format!("/api/shifts/{second}/end"), &json!({})).await.ok();
    assert!(alarms(&pair.b, "handover-owed").await.is_empty());
    let notes: Vec<String> = pair
        .b
        .audit("")
        .await
        .iter()
        .filter(|e| e["act"] == "duty-stated")
        .map(|e| e["note"].as_str().unwrap().to_owned())
        .collect();
    for word in ["taken", "hand-over offered", "hand-over acknowledged", "handed over"] {
        assert!(notes.iter().any(|note| note.contains(word)), "{word}: {notes:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_reader_before_no_screen_is_passed_over() {
    let pair = Pair::paired(SITE).await;
    pair.b.stop().await;
    for (key, value) in [("screen_silent", "5s"), ("look_every", "500ms")] {
        pair.b.configure("alarms", key, toml::Value::String(value.to_owned()));
    }
    pair.b.serve().await;
    let word = radiologist(&pair.b, "martin", &["CT"]).await;
    let _ = radiologist(&pair.b, "leroy", &["CT"]).await;
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    let plan = |person: &str, rank: u8, presence: &str| json!({ "person": person, "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)), "rank": rank, "presence": presence, "confirmed": true });
    let first = id(&pair.b.post("/api/shifts", &plan("martin", 1, "garde")).await.ok().json());
    // At home nobody sits before a screen until they are called.
    let _ = pair.b.post("/api/shifts", &plan("leroy", 2, "astreinte")).await.ok();
    let asked = async |site: &Site| {
        let ladder = site.get("/api/rosters/who?modalities=CT&site=CH%20Nord").await.ok().json();
        let found = ladder.as_array().unwrap().iter().find(|rung| rung["skip"].is_null()).cloned();
        found.and_then(|rung| rung["person"].as_str().map(str::to_owned)).unwrap_or_default()
    };
    let martin = Person::sign_in(&pair.b, "martin", &word).await;
    assert_eq!(martin.post("/api/shifts/alive", &json!({})).await.status, 204);
    eventually!(3, "who is there is asked", holds(asked(&pair.a).await == "martin"));
    let since = SystemTime::now();
    eventually!(15, "no screen is live: the next in rank is asked, at both sites", {
        holds(asked(&pair.b).await == "leroy" && asked(&pair.a).await == "leroy")
    });
    println!("passed over {:?} after the last sign of life (5 s are set)", since.elapsed().unwrap());
    let subject = alarms(&pair.b, "screen-silent").await;
    assert!(subject.len() == 1 && subject[0].1 == "critical" && !subject[0].0.contains("martin"), "{subject:?}");
    assert_eq!(martin.post("/api/shifts/alive", &json!({})).await.status, 204);
    eventually!(8, "a screen is live again", holds(asked(&pair.a).await == "martin"));
    eventually!(8, "and the alarm is over", holds(alarms(&pair.b, "screen-silent").await.is_empty()));
    assert!(shift(&pair.a, &first).await["silent"].is_null());
}

impl Person<'_> {
    async fn case(&self, case: &str) -> Value {
        self.get(&format!("/api/cases/{case}")).await.ok().json()
    }

    /// Waits until the case looks so here.
    async fn sees(&self, case: &str, what: &str, looks: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/cases/{case}");
        eventually!(10, format!("{}: {what}", self.site.name), {
            let answer = self.get(&path).await;
            let case = answer.status.is_success().then(|| answer.json())?;
            looks(&case).then_some(case)
        })
    }

    async fn step(&self, case: &str, step: &Value) -> Value {
        self.post(&format!("/api/cases/{case}/steps"), step).await.ok().json()
    }

    /// A stroke, of nobody in particular; its name.
    async fn asks(&self, study: &str) -> String {
        let request = json!({
            "priority": "P0", "question": "AVC ?", "identity_checked": true, "justification": "pas de radiologue sur place", "consent": "unable",
            "modality": "CT", "studies": [study], "telephone": "02 97 00 00 00", "to": [],
        });
        self.post("/api/cases", &request).await.ok().json()["case"].as_str().unwrap().to_owned()
    }
}

/// Whom a case was asked of, in order, and what they said.
fn asked(case: &Value) -> Vec<(String, String)> {
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    case["asked"].as_array().unwrap().iter().map(|row| (word(row, "whom"), word(row, "answer"))).collect()
}

fn is(asked: &[(&str, &str)]) -> Vec<(String, String)> {
    asked.iter().map(|(whom, answer)| ((*whom).to_owned(), (*answer).to_owned())).collect()
}

fn seconds(from: &Value, to: &Value) -> i64 {
    let at = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    at(to) - at(from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_whoever_is_on_duty_is_asked_and_has_the_cases() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let words = [radiologist(&pair.b, "martin", &["CT"]).await, radiologist(&pair.b, "leroy", &["CT"]).await];
    let asker = pair.a.new_user("dr.morvan", "referrer");
    let targets: Vec<Value> = [(1, 10), (5, 30), (30, 240), (1_440, 1_440)]
        .map(|(acknowledge, report)| json!({ "acknowledge": acknowledge, "report": report }))
        .into();
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)), "targets": targets })).await;
    let plan = |person: &str, rank: u8| json!({ "person": person, "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)), "rank": rank, "presence": "astreinte", "confirmed": true });
    let first = id(&pair.b.post("/api/shifts", &plan("martin", 1)).await.ok().json());
    let second = id(&pair.b.post("/api/shifts", &plan("leroy", 2)).await.ok().json());
    eventually!(5, "the asking site knows who is on duty", {
        let ladder = pair.a.get("/api/rosters/who?modalities=CT").await.ok().json();
        holds(ladder[0]["person"] == "martin" && ladder[1]["person"] == "leroy")
    });
    let morvan = Person::sign_in(&pair.a, "dr.morvan", &asker).await;
    let (martin, leroy) =
        (Person::sign_in(&pair.b, "martin", &words[0]).await, Person::sign_in(&pair.b, "leroy", &words[1]).await);
    let (made, paths) = Study::of(3).named("DURAND^PAUL").write(&pair.a.scratch("ct"));
    pair.announced(&made[0].study, made.len(), &paths).await;

    // The first on duty is asked, for as long as the coverage says; so it is at both sites.
    let case = morvan.asks(&made[0].study).await;
    let shown = morvan.sees(&case, "Martin is asked", |case| asked(case) == is(&[("martin", "waiting")])).await;
    let within = seconds(&shown["requested"], &shown["asked"][0]["until"]);
    assert!((60..66).contains(&within), "a minute from the offer, not the two that are set: {within} s");
    let _ = martin.sees(&case, "it is offered", |case| case["stage"] == "offered").await;
    let _ = martin.step(&case, &json!({ "step": "accept", "protocol": "" })).await;
    let _ = martin.sees(&case, "it can be read", |case| case["stage"] == "images-ready").await;
    let _ = martin.step(&case, &json!({ "step": "claim" })).await;
    for person in [&morvan, &martin] {
        let shown = person.sees(&case, "it is Martin's", |case| case["owner"]["person"] == "martin").await;
        assert_eq!(shown["due"]["what"], "preliminary");
        assert_eq!(seconds(&shown["requested"], &shown["due"]["at"]), 600, "ten minutes, not the fifteen that are set");
    }

    // A case that runs is Martin's: the shift does not end over it, and is handed over with it.
    let held = martin.post(&format!("/api/shifts/{first}/end"), &json!({})).await;
    assert_eq!((held.status.as_u16(), held.error_code()), (409, "open-cases".to_owned()));
    let handing = martin.get(&format!("/api/shifts/{first}/handing")).await.ok().json();
    assert_eq!((&handing["cases"][0]["case"], &handing["next"][0]["id"]), (&json!(case), &json!(second)), "{handing}");
    let _ = martin.post(&format!("/api/shifts/{first}/offer"), &json!({ "shift": second })).await.ok();
    let _ = leroy.post(&format!("/api/shifts/{second}/relieve"), &json!({ "shift": first })).await.ok();
    for person in [&morvan, &leroy] {
        let shown = person.sees(&case, "it is Leroy's", |case| case["owner"]["person"] == "leroy").await;
        assert_eq!(asked(&shown), is(&[("martin", "accepted")]), "what was asked stays");
    }

    // A new case is asked of whoever is on duty now. One that waits keeps its order when the shift ends, and goes on from there.
    eventually!(5, "the asking site knows", holds(shift(&pair.a, &first).await["state"] == "handed-over"));
    let next = morvan.asks(&made[0].study).await;
    let _ = morvan.sees(&next, "Leroy is asked", |case| asked(case) == is(&[("leroy", "waiting")])).await;
    let third = id(&pair.b.post("/api/shifts", &plan("martin", 3)).await.ok().json());
    eventually!(5, "Martin is on call again", holds(shift(&pair.a, &third).await["state"] == "confirmed"));
    assert_eq!(asked(&morvan.case(&next).await), is(&[("leroy", "waiting")]));
    let _ = leroy.step(&next, &json!({ "step": "refuse", "reason": "deux AVC déjà" })).await;
    let shown =
        morvan.sees(&next, "Martin is next", |case| asked(case) == is(&[("leroy", "refused"), ("martin", "waiting")]));
    assert_eq!(shown.await["asked"][1]["rank"], 2);

    // Nobody is left on duty: people are called.
    let _ = leroy.step(&case, &json!({ "step": "release", "reason": "fin de garde" })).await;
    for (person, shift) in [(&leroy, &second), (&martin, &third)] {
        let _ = person.post(&format!("/api/shifts/{shift}/end"), &json!({})).await.ok();
    }
    eventually!(5, "the asking site knows", holds(shift(&pair.a, &third).await["state"] == "ended"));
    let last = morvan.asks(&made[0].study).await;
    let shown = morvan.sees(&last, "nobody is asked", |case| !case["escalation"]["since"].is_null()).await;
    assert_eq!((&shown["asked"], &shown["skipped"][0]["why"]), (&json!([]), &json!("nobody-on-duty")), "{shown}");
    assert_eq!((&shown["owner"]["ours"], &shown["escalation"]["reasons"]), (&json!(true), &json!(["nobody-answers"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_three_browsers() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let words = [radiologist(&pair.b, "martin", &["CT"]).await, radiologist(&pair.b, "leroy", &["CT"]).await];
    let planner = pair.b.new_user("planner", "admin");
    let asker = pair.a.new_user("dr.morvan", "referrer");
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    let plan = json!({ "person": "leroy", "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)), "rank": 2, "confirmed": true });
    let second = id(&pair.b.post("/api/shifts", &plan).await.ok().json());
    let study = Study::of(12).size(256, 256).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let portal = format!("http://{}", pair.b.portal());
    let person = |name: &str, password: &str| json!({ "portal": portal, "name": name, "password": password });
    let input = json!({
        "planner": person("planner", &planner),
        "martin": person("martin", &words[0]),
        "leroy": person("leroy", &words[1]),
        "asker": { "portal": format!("http://{}", pair.a.portal()), "name": "dr.morvan", "password": asker },
        "coverage": coverage, "study": study.uid, "patient": "Kervella Maïwenn", "reader": pair.b_id,
    });
    let seen = tests::browser::run("shift_handover", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    let listed = seen["listed"].as_str().unwrap();
    for word in ["P0", "Kervella Maïwenn", "CH Nord", "provisoire"] {
        assert!(listed.contains(word), "a hand-over lists patient, priority, time left and state: {listed}");
    }
    // What was tried, and what failed, is kept with the shifts, and known where they cover.
    let shifts = pair.a.get("/api/shifts").await.ok().json();
    let of = |person: &str| shifts.as_array().unwrap().iter().find(|row| row["person"] == person).cloned().unwrap();
    assert_eq!(of("martin")["taken"]["notifications"], "not-noticed", "{shifts}");
    assert_eq!((&of("martin")["state"], &of("leroy")["id"]), (&json!("handed-over"), &json!(second)));
    // No open case is without an owner, at either site.
    for site in [&pair.a, &pair.b] {
        let rows = site.get("/api/cases").await.ok().json()["rows"].clone();
        let rows = rows.as_array().unwrap();
        assert!(rows.len() == 1 && rows[0]["owner"]["person"] == "leroy", "{rows:?}");
    }
}
