//! A request is read at another hospital: asked, taken, claimed, reported, acknowledged. Also when two click at once, when one
//! refuses, when the network is cut while somebody writes, when a process dies, and when islands join.

use crate::SITE;
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Instant;
use tests::{
    Instance, Pair, Site, Study, browser, eventually, hospital,
    http::{self, Ask, Method, Response},
    multipart,
    tools::dcmtk,
    wait::holds,
};

/// Somebody at a site.
pub(crate) struct Person<'a> {
    site: &'a Site,
    by: By,
}

pub(crate) enum By {
    Token(String),
    /// The cookie of a browser's session.
    Session(String),
}

impl<'a> Person<'a> {
    pub(crate) fn new(site: &'a Site, name: &str, role: &str) -> Self {
        Self { site, by: By::Token(site.new_token(name, role)) }
    }

    /// With an account, signed in.
    pub(crate) async fn signed_in(site: &'a Site, name: &str, role: &str) -> Self {
        let password = site.new_user(name, role);
        let ask = Ask::new(Method::POST, "/api/session").json(&json!({ "name": name, "password": password }));
        let answer = http::ask(site.portal(), ask).await.unwrap().ok();
        let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
        let session =
            cookies.filter_map(|cookie| cookie.split(';').next()).find(|c| !c.starts_with("confrere-device-"));
        Self { site, by: By::Session(session.unwrap().to_owned()) }
    }

    pub(crate) fn as_them(&self, ask: Ask) -> Ask {
        match &self.by {
            By::Token(token) => ask.bearer(token),
            By::Session(cookie) => ask.header("cookie", cookie).header("sec-fetch-site", "same-origin"),
        }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let ask = Ask::new(method, path);
        let ask = match body {
            Some(body) => ask.json(body),
            None => ask,
        };
        http::ask(self.site.portal(), self.as_them(ask)).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.ok().json()
    }

    pub(crate) async fn case(&self, case: &str) -> Value {
        self.get(&format!("/api/cases/{case}")).await
    }

    pub(crate) async fn try_step(&self, case: &str, step: Value) -> Response {
        self.ask(Method::POST, &format!("/api/cases/{case}/steps"), Some(&step)).await
    }

    pub(crate) async fn step(&self, case: &str, step: Value) -> Value {
        self.try_step(case, step).await.ok().json()
    }

    pub(crate) async fn begin(&self, request: Value) -> Value {
        let answer = self.ask(Method::POST, "/api/cases", Some(&request)).await.ok();
        assert_eq!(answer.status.as_u16(), 201);
        answer.json()
    }

    /// A report as the editor sends it: with what the case says of the patient.
    pub(crate) async fn report(&self, case: &str, standing: &str, findings: &str) -> Value {
        let shown = self.case(case).await;
        let read: Vec<Value> = shown["study_list"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|study| !study["version"].is_null())
            .map(|study| json!({ "study": study["study"], "version": study["version"] }))
            .collect();
        let counted = shown["images"]["count_confirmed"] == true;
        let despite = if read.is_empty() || !counted { "images lues sur place, comptées avec la salle" } else { "" };
        json!({
            "standing": standing, "indication": "AVC", "technique": "TDM", "findings": findings,
            "conclusion": format!("en somme : {findings}"),
            "language": "fr", "read": read, "despite": despite, "despite_of": ["missing", "unconfirmed", "late"],
            "patient": { "name": shown["patient"]["name"], "birth_date": shown["patient"]["birth_date"] },
            "hospital": shown["requester_name"], "study_date": shown["study_date"],
        })
    }

    pub(crate) async fn try_sign(&self, case: &str, report: &Value) -> Response {
        self.ask(Method::POST, &format!("/api/cases/{case}/reports"), Some(report)).await
    }

    pub(crate) async fn sign(&self, case: &str, standing: &str, findings: &str) -> Value {
        let report = self.report(case, standing, findings).await;
        self.try_sign(case, &report).await.ok().json()
    }

    /// Waits until the case looks so here.
    pub(crate) async fn sees(&self, seconds: u32, case: &str, what: &str, looks: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/cases/{case}");
        let what = format!("{}: {what}", self.site.name);
        eventually!(seconds, what, {
            let answer = http::ask(self.site.portal(), self.as_them(Ask::get(&path))).await.ok()?;
            let case = answer.status.is_success().then(|| answer.json())?;
            looks(&case).then_some(case)
        })
    }
}

pub(super) async fn sent(site: &Site) -> (String, Vec<Instance>) {
    let study = Study::of(3).named("DURAND^PAUL");
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    (study.uid, made)
}

pub(super) fn stroke(study: &str, to: &[&str]) -> Value {
    let to: Vec<Value> = to.iter().map(|site| json!({ "site": site })).collect();
    json!({
        "priority": "P0", "question": "AVC ? début 01:20", "identity_checked": true, "justification": "pas de radiologue sur place",
        "consent": "unable", "modality": "CT", "region": "HEAD", "studies": [study], "telephone": "02 97 00 00 00",
        "to": to,
    })
}

pub(super) fn is_stage(stage: &'static str) -> impl Fn(&Value) -> bool {
    move |case: &Value| case["stage"] == stage
}

pub(super) fn id(case: &Value) -> String {
    case["case"].as_str().unwrap().to_owned()
}

async fn keeps_a_draft(garde: &Person<'_>, case: &str) {
    let draft = json!({ "serial": 1, "standing": "preliminary", "findings": "occlusion M1 gauche" });
    let kept = garde.ask(Method::PUT, &format!("/api/cases/{case}/draft"), Some(&draft)).await;
    assert_eq!(kept.status.as_u16(), 204);
    assert!(garde.site.files_with("occlusion M1".as_bytes()).is_empty(), "a draft lies open on the disk");
    let again = garde.get(&format!("/api/cases/{case}/draft")).await;
    assert_eq!(again["findings"], "occlusion M1 gauche");
}

async fn signs_for_no_other_patient(garde: &Person<'_>, case: &str) {
    // The wrong patient is not signed for, whatever the editor shows.
    let mut wrong = garde.report(case, "preliminary", "occlusion M1 gauche").await;
    wrong["patient"]["birth_date"] = json!("20000101");
    let refused = garde.try_sign(case, &wrong).await;
    assert_eq!((refused.status.as_u16(), refused.error_code()), (409, "wrong-patient".to_owned()));
    assert_eq!(refused.json()["differs"], json!(["birth_date"]));
}

async fn both_wrote_it_down(pair: &Pair) {
    // Both sites wrote each step down, and each countersigned the other's.
    for site in [&pair.a, &pair.b] {
        let log = site.audit("").await;
        let steps: Vec<Value> = log.into_iter().filter(|entry| entry["act"] == "case-changed").collect();
        for word in ["requested", "offered", "accepted", "claimed", "reported", "acknowledged", "closed"] {
            let has = |entry: &Value| entry["note"].as_str().is_some_and(|note| note.starts_with(word));
            assert!(steps.iter().any(has), "{}: {word} is in the log", site.name);
        }
        eventually!(15, "all is countersigned", {
            let ledger = site.get("/api/ledger").await.ok().json();
            holds(ledger["peers"][0]["missing"] == 0 && ledger["findings"].as_array().is_some_and(Vec::is_empty))
        });
    }
}

/// Objects of one series at the site that asked, by modality.
pub(crate) async fn filed(site: &Site, study: &str, modality: &str) -> Vec<Bytes> {
    let found = site.get(&format!("/dicomweb/studies/{study}/series?Modality={modality}")).await.ok().json();
    let series = found[0]["0020000E"]["Value"][0].as_str().unwrap().to_owned();
    let ask = Ask::get(format!("/dicomweb/studies/{study}/series/{series}")).bearer(&site.token);
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    multipart::parts(&http::ask(site.portal(), ask.header("accept", accept)).await.unwrap().ok())
}

/// Both reports lie beside the images that they are about, as other toolkits read them, and as PDF.
async fn reports_lie_with_the_images(
    asker: &Person<'_>,
    reader: &Person<'_>,
    (case, study): (&str, &str),
    reports: [&str; 2],
) {
    let site = asker.site;
    let folder = site.scratch("reports");
    std::fs::create_dir_all(&folder).unwrap();
    let mut said = Vec::new();
    for (nth, bytes) in filed(site, study, "SR").await.iter().enumerate() {
        let file = folder.join(format!("{nth}.dcm"));
        std::fs::write(&file, bytes).unwrap();
        let read = dcmtk::report(&file);
        // DCMTK reads UTF-8 and says that it does not check values in it.
        let is_fault = |line: &str| (line.starts_with("W:") && !line.contains("ISO_IR 192")) || line.starts_with("E:");
        assert!(read.success && !read.text.lines().any(is_fault), "{}", read.text);
        said.push(read.text);
    }
    let has = |words: &[&str]| said.iter().any(|text| words.iter().all(|word| text.contains(word)));
    assert!(has(&["PARTIAL", "UNVERIFIED", "occlusion M1 gauche", "dr.garde"]), "{said:?}");
    assert!(has(&["COMPLETE", "VERIFIED", "ASPECTS 8", "dr.matin", "Predecessor"]), "{said:?}");
    assert_eq!((said.len(), filed(site, study, "DOC").await.len()), (2, 2));
    for (person, report) in [(asker, reports[0]), (reader, reports[1])] {
        let answer = person.ask(Method::GET, &format!("/api/cases/{case}/reports/{report}/pdf"), None).await.ok();
        assert!(answer.body.starts_with(b"%PDF-") && answer.headers["cache-control"] == "no-store");
        std::fs::write(browser::screenshots().join(format!("report-{}.pdf", person.site.name)), &answer.body).unwrap();
    }
    let unknown = asker.ask(Method::GET, &format!("/api/cases/{case}/reports/{}/pdf", "0".repeat(64)), None).await;
    assert_eq!(unknown.status.as_u16(), 404);
    let shown = asker.case(case).await;
    let ready = shown["events"].as_array().unwrap().iter().filter(|event| event["step"] == "images-ready").count();
    assert_eq!(ready, 1, "a report that is filed is no new image: {}", shown["events"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_from_the_request_to_the_acknowledgement() {
    let pair = Pair::paired(SITE).await;
    let (study, made) = sent(&pair.a).await;
    let terms = json!({ "preset": "all", "direction": "ours", "with_case": true, "purposes": ["on-call"] });
    let _ = pair.agree(&terms).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let garde = Person::new(&pair.b, "dr.garde", "radiologist");
    assert!(pair.b.listed(&study).await.is_none(), "without a case nothing is open");

    // What is missing is named; a reader's site asks nothing of it.
    let bare = urgence.ask(Method::POST, "/api/cases", Some(&json!({ "studies": [study] }))).await;
    assert_eq!((bare.status.as_u16(), bare.error_code()), (400, "missing".to_owned()));
    assert_eq!(bare.json()["fields"], json!(["question", "justification", "consent"]));

    let began = Instant::now();
    let case = id(&urgence.begin(stroke(&study, &[&pair.b.name])).await);
    let seen = garde.sees(5, &case, "the case is offered", |case| case["tab"] == "offered").await;
    println!("offered at the other site after {:?}", began.elapsed());
    assert_eq!(seen["patient"]["name"], "DURAND^PAUL");
    assert_eq!((&seen["role"], &seen["due"]["what"]), (&json!("asked"), &json!("answer")));
    assert!(seen["actions"].as_array().unwrap().contains(&json!("accept")), "{}", seen["actions"]);
    let list = garde.get("/api/cases?tab=offered&priority=P0").await;
    assert_eq!((&list["rows"][0]["case"], &list["tabs"]["offered"]), (&json!(case), &json!(1)));

    let _ = garde.step(&case, json!({ "step": "accept", "protocol": "sans injection puis TSA" })).await;
    let _ = garde.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let _ = urgence.sees(5, &case, "it is taken", |case| case["protocol"] == "sans injection puis TSA").await;
    // The open case lets the reader at the study, and at nothing else.
    let _ = pair.b.settled(&study, made.len()).await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();

    let _ = garde.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let claimed = garde.step(&case, json!({ "step": "claim" })).await;
    assert_eq!(claimed["claim"]["mine"], true);
    keeps_a_draft(&garde, &case).await;
    signs_for_no_other_patient(&garde, &case).await;
    let began = Instant::now();
    let signed = garde.sign(&case, "preliminary", "occlusion M1 gauche").await;
    let first = signed["reports"][0]["event"].clone();
    let seen = urgence.sees(5, &case, "the preliminary report is there", is_stage("preliminary")).await;
    println!("preliminary at the requester after {:?}", began.elapsed());
    assert_eq!(seen["reports"][0]["findings"], "occlusion M1 gauche");
    // Whoever looks at the study at a glance sees what the report comes to, where they take part in the case.
    // A report that is filed makes a new version of the study, which for a moment is still arriving.
    let told = eventually!(10, "the study at a glance tells of the report", {
        let glance = garde.get(&format!("/api/studies/{study}/digest")).await;
        Some(glance["conclusions"][0].clone()).filter(|told| !told.is_null())
    });
    assert_eq!((&told["standing"], &told["person"]), (&json!("preliminary"), &json!("dr.garde")));
    assert_eq!(told["text"], "en somme : occlusion M1 gauche");
    let gone = garde.ask(Method::GET, &format!("/api/cases/{case}/draft"), None).await;
    assert_eq!(gone.status.as_u16(), 404, "what is signed is no draft any more");

    // In the morning somebody else signs the final one, which says more.
    let _ = garde.step(&case, json!({ "step": "release", "reason": "fin de garde" })).await;
    let matin = Person::new(&pair.b, "dr.matin", "radiologist");
    let _ = matin.step(&case, json!({ "step": "claim" })).await;
    let signed = matin.sign(&case, "final", "occlusion M1 gauche, ASPECTS 8").await;
    let last = signed["reports"][1]["event"].clone();
    assert!(signed["flags"].as_array().unwrap().contains(&json!("comparison-owed")), "{}", signed["flags"]);
    let twice = matin.report(&case, "final", "autre").await;
    assert_eq!(matin.try_sign(&case, &twice).await.error_code(), "already-final");
    let _ = matin
        .step(&case, json!({ "step": "compare", "reports": [first, last], "class": "minor", "text": "score ajouté" }))
        .await;
    let _ = urgence.sees(5, &case, "the final report is delivered", is_stage("delivered")).await;
    let seen = urgence.sees(5, &case, "it was compared", |case| case["comparisons"][0]["class"] == "minor").await;
    let shown = json!([seen["comparisons"][0]["event"]]);
    let _ = urgence.step(&case, json!({ "step": "acknowledge", "report": last, "differences": shown })).await;
    let _ = urgence.sees(5, &case, "it is closed by itself", is_stage("closed")).await;
    let _ = garde.sees(5, &case, "it is closed there too", is_stage("closed")).await;
    let reports = [&first, &last].map(|event| event.as_str().unwrap());
    reports_lie_with_the_images(&urgence, &garde, (&case, &study), reports).await;
    eventually!(10, "the study is closed with its case", holds(pair.b.listed(&study).await.is_none()));

    both_wrote_it_down(&pair).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_click_at_once_and_one_is_told_by_whom() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let (study, _) = sent(&pair.a).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let (one, two) = (Person::new(&pair.b, "dr.un", "radiologist"), Person::new(&pair.b, "dr.deux", "radiologist"));
    let case = id(&urgence.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = one.sees(5, &case, "the case is offered", is_stage("offered")).await;
    let _ = one.step(&case, json!({ "step": "accept" })).await;
    let claim = || json!({ "step": "claim" });
    let (first, second) = tokio::join!(one.try_step(&case, claim()), two.try_step(&case, claim()));
    let (won, lost, winner) =
        if first.status.is_success() { (first, second, "dr.un") } else { (second, first, "dr.deux") };
    let _ = won.ok();
    assert_eq!((lost.status.as_u16(), lost.error_code()), (409, "claimed".to_owned()));
    let by = lost.json()["by"].clone();
    assert_eq!((&by["person"], &by["site_name"]), (&json!(winner), &json!(pair.b.name)));
    assert!(by["at"].is_string(), "{by}");
    let seen = urgence.sees(5, &case, "it is reserved", |case| case["claim"]["person"] == winner).await;
    assert_eq!(seen["tab"], "reading");
}

async fn three() -> (Site, Site, Site) {
    let open = async |name| Site::open(SITE, name).await;
    let (a, b, c) = (open("CH Nord").await, open("CHU Sud").await, open("CHU Est").await);
    for reader in [&b, &c] {
        hospital::pair(&a, reader).await;
        let _ = hospital::agree((&a, reader), &json!({ "preset": "all" })).await;
    }
    (a, b, c)
}

pub(super) async fn set(site: &Site, change: impl FnOnce(&mut Value)) {
    let mut settings = site.get("/api/cases/settings").await.ok().json();
    change(&mut settings);
    let _ = site.ask(Ask::new(Method::PUT, "/api/cases/settings").json(&settings)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_refuses_says_why_and_the_next_is_asked() {
    let (a, b, c) = three().await;
    let (study, _) = sent(&a).await;
    set(&a, |settings| {
        settings["ranks"] = json!([{ "site": b.name }, { "site": c.name, "whom": "neuro" }]);
        settings["telephones"] = json!([{ "name": "Standard", "number": "02 97 11 11 11" }]);
    })
    .await;
    let urgence = Person::new(&a, "dr.urgence", "referrer");
    let (sud, est) = (Person::new(&b, "dr.sud", "radiologist"), Person::new(&c, "dr.est", "radiologist"));
    let case = id(&urgence.begin(stroke(&study, &[])).await);
    let _ = sud.sees(5, &case, "the first is asked", |case| case["tab"] == "offered").await;
    let _ = sud.step(&case, json!({ "step": "refuse", "reason": "scanner en panne" })).await;
    let _ = est.sees(5, &case, "the next is asked", |case| case["tab"] == "offered").await;
    let _ = est.step(&case, json!({ "step": "refuse", "reason": "hors compétence" })).await;
    let seen = urgence.sees(5, &case, "people are called", |case| {
        case["flags"].as_array().is_some_and(|flags| flags.contains(&json!("escalated")))
    });
    let seen = seen.await;
    assert_eq!(seen["asked"][0]["reason"], "scanner en panne");
    assert_eq!((&seen["asked"][1]["whom"], &seen["asked"][1]["answer"]), (&json!("neuro"), &json!("refused")));
    let numbers = seen["escalation"]["telephones"].as_array().unwrap();
    let is = |one: &&Value| one["name"] == "Standard" && one["number"] == "02 97 11 11 11" && one["of"] == "site";
    assert_eq!((numbers.iter().filter(is).count(), &seen["escalation"]["call"]), (1, &json!("not-reached")), "{seen}");
    assert_eq!(seen["owner"]["ours"], true, "a case always has an owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_in_a_cut_network_survives_a_kill_and_arrives() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let (study, _) = sent(&pair.a).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let garde = Person::new(&pair.b, "dr.garde", "radiologist");
    let case = id(&urgence.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = garde.sees(5, &case, "the case is offered", is_stage("offered")).await;
    let _ = garde.step(&case, json!({ "step": "accept" })).await;
    let _ = garde.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let _ = garde.step(&case, json!({ "step": "claim" })).await;
    pair.a.stop().await;
    let draft = json!({ "serial": 1, "standing": "final", "findings": "hématome" });
    let _ = garde.ask(Method::PUT, &format!("/api/cases/{case}/draft"), Some(&draft)).await.ok();
    pair.b.kill();
    pair.b.serve().await;
    let kept = garde.get(&format!("/api/cases/{case}/draft")).await;
    assert_eq!(kept["findings"], "hématome", "what was kept is kept");
    let _ = garde.sign(&case, "final", "hématome").await;
    pair.b.kill();
    pair.b.serve().await;
    pair.a.serve().await;
    let seen = urgence.sees(30, &case, "the report is there", is_stage("delivered")).await;
    assert_eq!(
        (&seen["reports"][0]["findings"], &seen["reports"][0]["person"]),
        (&json!("hématome"), &json!("dr.garde"))
    );
}

/// What is said is there or was not answered, whenever the process dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_moment_loses_nothing_that_was_answered() {
    let site = Site::open(SITE, "CH Nord").await;
    let (study, _) = sent(&site).await;
    let urgence = Person::new(&site, "dr.urgence", "referrer");
    let case = id(&urgence.begin(stroke(&study, &[])).await);
    let mut answered = Vec::new();
    for round in 0..8 {
        for more in 0..3 {
            let text = format!("{round}, {more}");
            let _ = urgence.step(&case, json!({ "step": "say", "text": text })).await;
            answered.push(text);
        }
        // The last one is on its way when the process is killed, a little further each time.
        let text = format!("{round}, last");
        let said = json!({ "step": "say", "text": text });
        let ask = Ask::new(Method::POST, format!("/api/cases/{case}/steps")).json(&said);
        let saying = http::ask(site.portal(), urgence.as_them(ask));
        let killing = async {
            for _ in 0..round * 40 {
                tokio::task::yield_now().await;
            }
            site.kill();
        };
        let (answer, ()) = tokio::join!(saying, killing);
        if answer.is_ok_and(|answer| answer.status.is_success()) {
            answered.push(text);
        }
        site.serve().await;
        let thread = urgence.case(&case).await["thread"].clone();
        let there: Vec<&str> = thread.as_array().unwrap().iter().map(|said| said["text"].as_str().unwrap()).collect();
        for text in &answered {
            assert!(there.contains(&text.as_str()), "{text} was answered and is lost: {there:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_hands_on_cases_and_drafts() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let (study, _) = sent(&pair.a).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let leaver = Person::signed_in(&pair.b, "leaver", "radiologist").await;
    let next = Person::new(&pair.b, "dr.suite", "radiologist");
    let case = id(&urgence.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = leaver.sees(5, &case, "the case is offered", is_stage("offered")).await;
    let _ = leaver.step(&case, json!({ "step": "accept" })).await;
    let _ = leaver.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let _ = leaver.step(&case, json!({ "step": "claim" })).await;
    let draft = json!({ "serial": 1, "standing": "preliminary", "findings": "début de texte" });
    let path = format!("/api/cases/{case}/draft");
    let _ = leaver.ask(Method::PUT, &path, Some(&draft)).await.ok();
    let hidden = next.ask(Method::GET, &path, None).await;
    assert_eq!(hidden.status.as_u16(), 404, "a draft is its writer's");
    let left = pair.b.post("/api/users/leaver/disabled", &json!({ "disabled": true })).await.ok().json();
    assert_eq!(left["cases"], json!([case]));
    let free = next.sees(5, &case, "the claim is given back", |case| case["claim"].is_null()).await;
    let last = free["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["step"], &last["text"]), (&json!("released"), &json!("account-disabled")));
    let _ = next.step(&case, json!({ "step": "claim" })).await;
    let left = next.get(&path).await;
    assert_eq!((&left["findings"], &left["person"]), (&json!("début de texte"), &json!("leaver")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn islands_that_both_took_a_case_join_without_loss() {
    let (a, b, c) = three().await;
    let (study, _) = sent(&a).await;
    set(&a, |settings| settings["answer_s"] = json!([1, 1, 1, 1])).await;
    let urgence = Person::new(&a, "dr.urgence", "referrer");
    let (sud, est) = (Person::new(&b, "dr.sud", "radiologist"), Person::new(&c, "dr.est", "radiologist"));
    let case = id(&urgence.begin(stroke(&study, &[&b.name, &c.name])).await);
    let _ = sud.sees(5, &case, "the first is asked", is_stage("offered")).await;
    b.stop().await;
    // It does not answer: the next takes it, and reads.
    let _ = est.sees(10, &case, "the next is asked", is_stage("offered")).await;
    let _ = est.step(&case, json!({ "step": "accept" })).await;
    let _ = urgence.sees(5, &case, "the next has it", |case| case["reader_name"] == "CHU Est").await;
    let _ = est.step(&case, json!({ "step": "claim" })).await;
    let _ = est.sign(&case, "final", "normal").await;
    let _ = urgence.sees(5, &case, "there is a report", |case| case["reports"][0]["findings"] == "normal").await;
    a.stop().await;
    c.stop().await;
    // On its island the first knows nothing of that: it takes the case, claims it, and signs.
    b.serve().await;
    let _ = sud.step(&case, json!({ "step": "accept" })).await;
    let _ = sud.step(&case, json!({ "step": "claim" })).await;
    let _ = sud.sign(&case, "final", "occlusion M1").await;
    a.serve().await;
    c.serve().await;
    let both = |case: &Value| case["reports"].as_array().is_some_and(|reports| reports.len() == 2);
    let mut states = Vec::new();
    for person in [&urgence, &sud, &est] {
        let seen = person.sees(30, &case, "both reports are there", |case| {
            both(case) && case["reports"].as_array().unwrap().iter().all(|report| report["delivered"] == true)
        });
        let seen = seen.await;
        assert!(seen["flags"].as_array().unwrap().contains(&json!("comparison-owed")), "{}", seen["flags"]);
        states.push((seen["stage"].clone(), seen["reader"].clone(), seen["claim"]["person"].clone()));
        let void: Vec<&Value> = seen["events"].as_array().unwrap().iter().filter(|e| !e["void"].is_null()).collect();
        assert!(!void.is_empty(), "who lost is told why");
    }
    assert_eq!(states[0], states[1]);
    assert_eq!(states[1], states[2], "all sites come to the same");
}
