//! Every route of the node is open to those whom its row names and closed to all others, and leaves in the log what its
//! row says. The routes are read from the doors' own tables: a route without a row fails.

mod router;
mod rows;

use crate::SITE;
use rows::ROWS;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::{
    Client, Site, Study,
    http::{Ask, Method, Response},
    multipart,
    tools::dcmtk,
};

/// A letter of the rows, and the role.
const ROLES: [(char, &str); 5] =
    [('A', "admin"), ('R', "radiologist"), ('F', "referrer"), ('T', "technologist"), ('U', "auditor")];

/// One line of the table.
#[derive(Debug)]
struct Row {
    method: Method,
    route: &'static str,
    who: &'static str,
    status: u16,
    /// The act, or nothing: the row says why.
    done: Option<&'static str>,
    refused: Option<&'static str>,
    body: &'static str,
}

impl Row {
    fn read(line: &'static str) -> Self {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [asked, who, status, done, refused, rest @ ..] = &fields[..] else { panic!("{line}") };
        let (method, route) = asked.split_once(' ').unwrap();
        let act = |field: &'static str| (!field.starts_with('-')).then_some(field);
        assert!(!done.starts_with('-') || done.len() > 2, "a row that says no reason: {line}");
        Self {
            method: method.parse().unwrap(),
            route: route.trim(),
            who,
            status: status.parse().unwrap(),
            done: act(done),
            refused: act(refused),
            body: rest.first().copied().unwrap_or_default(),
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    fn needs_sign_in(&self) -> bool {
        self.who != "open"
    }

    fn allows(&self, letter: char) -> bool {
        !matches!(self.who, "open" | "local") && self.who.contains(letter)
    }

    /// The roles that it refuses.
    fn others(&self) -> impl Iterator<Item = &'static str> {
        let refuses = |letter| self.needs_sign_in() && !self.allows(letter);
        ROLES.into_iter().filter(move |(letter, _)| refuses(*letter)).map(|(_, role)| role)
    }
}

fn rows() -> Vec<Row> {
    ROWS.lines().filter(|line| !line.is_empty()).map(Row::read).collect()
}

/// What stands in the places of paths and bodies.
struct Filling {
    places: Vec<(&'static str, String)>,
    file: Vec<u8>,
}

impl Filling {
    fn text(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
    }

    fn ask(&self, row: &Row) -> Ask {
        let mut path = self.text(row.route);
        match row.name().as_str() {
            "GET /api/studies/{study}/export" => path.push_str("?purpose=letter"),
            "PUT /api/uploads/{id}" => path.push_str("?name=file"),
            "GET /api/peers/{site}/explain" => path.push_str(&self.text("?study={study}")),
            "GET /api/audit/patient" => path.push_str(&self.text("?id={patient}")),
            "GET /dicomweb/wado" => path.push_str(&self.text(
                "?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}&contentType=application/dicom",
            )),
            _ => {}
        }
        let ask = Ask::new(row.method.clone(), path);
        match row.body {
            "" => ask,
            "STOW" => ask.body(&multipart::dicom_type(), multipart::body(&[&self.file])),
            json => ask.body("application/json", self.text(json)),
        }
    }
}

/// The status of the answer, and its body unless it has no end.
async fn answer(site: &Site, row: &Row, ask: Ask) -> (u16, Option<Response>) {
    let mut client = Client::connect(site.portal()).await.unwrap();
    if row.route == "/api/events" {
        return (client.head(ask).await.unwrap().as_u16(), None);
    }
    let answer = client.ask(ask).await.unwrap();
    (answer.status.as_u16(), Some(answer))
}

/// All entries of the log after a number, oldest first.
async fn log_after(site: &Site, after: u64) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = site.get(&format!("/api/audit?limit=500{before}")).await.ok().json();
        let entries = page["entries"].as_array().unwrap().clone();
        let oldest = entries.last().and_then(|entry| entry["number"].as_u64()).unwrap_or_default();
        all.extend(entries);
        if page["more"] != json!(true) || oldest <= after {
            break;
        }
        before = format!("&before={oldest}");
    }
    all.retain(|entry| entry["number"].as_u64().unwrap() > after);
    all.reverse();
    all
}

fn number_of(log: &[Value]) -> u64 {
    log.last().and_then(|entry| entry["number"].as_u64()).unwrap_or_default()
}

/// A site with a study, a token of each role, and what fills the places of the rows.
async fn bed() -> (Site, BTreeMap<&'static str, String>, Filling) {
    let site = Site::init(SITE, "CH Nord");
    let tokens = ROLES.iter().map(|(_, role)| (*role, site.new_token(&format!("as-{role}"), role))).collect();
    site.serve().await;
    let study = Study::of(2);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    let other = Study::of(1).write(&site.scratch("other")).0.remove(0);
    let places = vec![
        ("$STUDY", study.uid.clone()),
        ("{study}", study.uid.clone()),
        ("{series}", made[0].series.clone()),
        ("{instance}", made[0].uid.clone()),
        ("{patient}", study.patient_id.clone()),
        ("{frames}", "1".to_owned()),
        ("{*path}", "7FE00010".to_owned()),
        ("{name}", "probe".to_owned()),
        ("{title}", "PROBE".to_owned()),
        ("{subscriber}", "PROBE".to_owned()),
        ("{site}", "nobody".to_owned()),
    ];
    (site, tokens, Filling { places, file: other.file })
}

impl Filling {
    /// With an id that the rows after it use.
    fn with_id(&self, id: &str) -> Self {
        let mut places = self.places.clone();
        places.push(("{id}", id.to_owned()));
        Self { places, file: self.file.clone() }
    }

    /// An id of a thing that is there where the row needs one, else of nothing.
    fn of(&self, row: &Row, made: &BTreeMap<&'static str, String>) -> Self {
        let none = if row.route.contains("pairings")
            || row.route.contains("spare")
            || row.route.contains("agree")
            || row.route.contains("grants")
            || row.route.contains("uploads")
            || row.route.contains("reviews")
            || row.route.contains("patient-links")
        {
            "00000000000000000000000000000001"
        } else {
            "4000"
        };
        let thing = row.route.split('/').nth(2).unwrap_or_default();
        self.with_id(made.get(thing).map_or(none, String::as_str))
    }
}

#[test]
fn every_route_has_a_row() {
    let named: BTreeSet<String> = rows().iter().map(Row::name).collect();
    assert_eq!(named.len(), rows().len(), "a route has two rows");
    let there = router::routes();
    let without: Vec<_> = there.difference(&named).collect();
    let gone: Vec<_> = named.difference(&there).collect();
    assert!(
        without.is_empty() && gone.is_empty(),
        "routes without a row: {without:#?}; rows without a route: {gone:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_named_is_refused_and_written_down() {
    let (site, tokens, filling) = bed().await;
    let removed = site.new_token("removed", "admin");
    let answer_to = site.delete("/api/tokens/removed").await;
    assert!(answer_to.status.is_success());
    let password = site.new_user("gone", "admin");
    let signed_in = tests::http::ask(
        site.portal(),
        Ask::new(Method::POST, "/api/session").json(&json!({ "name": "gone", "password": password })),
    );
    let cookie = signed_in.await.unwrap().ok().header("set-cookie").split(';').next().unwrap().to_owned();
    let page = |ask: Ask| ask.header("cookie", cookie.clone()).header("sec-fetch-site", "same-origin");
    let ended = tests::http::ask(site.portal(), page(Ask::new(Method::DELETE, "/api/session")));
    assert_eq!(ended.await.unwrap().status.as_u16(), 204);

    let before = number_of(&log_after(&site, 0).await);
    let (mut faults, mut asked, mut refusals) = (Vec::new(), 0u32, Vec::new());
    let nothing = BTreeMap::new();
    let all = rows();
    for row in all.iter().filter(|row| row.needs_sign_in()) {
        let ask = || filling.of(row, &nothing).ask(row);
        for (credential, ask) in
            [("none", ask()), ("removed token", ask().bearer(&removed)), ("ended session", page(ask()))]
        {
            let (status, _) = answer(&site, row, ask).await;
            asked += 1;
            if status != 401 {
                faults.push(format!("{}: {credential}: {status}", row.name()));
            }
        }
        for role in row.others() {
            let (status, _) = answer(&site, row, ask().bearer(&tokens[role])).await;
            asked += 1;
            if status != 403 {
                faults.push(format!("{}: {role}: {status}", row.name()));
            }
            if row.refused.is_some() {
                refusals.push((row, role));
            }
        }
    }
    let log = log_after(&site, before).await;
    for (row, role) in &refusals {
        let is_of = |entry: &&Value| {
            entry["person"] == json!(format!("as-{role}"))
                && entry["role"] == *role
                && entry["address"] == "127.0.0.1"
                && entry["act"] == json!(row.refused)
                && entry["outcome"] == "refused"
                && (entry["note"] == json!(row.name()) || row.refused == Some("study-opened"))
                && (!row.route.contains("{study}") || entry["study"] == json!(filling.text("{study}")))
        };
        if !log.iter().any(|entry| is_of(&entry)) {
            faults.push(format!("{}: {role}: the refusal left no {:?}", row.name(), row.refused));
        }
    }
    let strange = log.iter().filter(|entry| entry["act"] == "sign-in" && entry["outcome"] == "refused").count();
    assert!(strange > 0, "the removed token left nothing");
    assert!(faults.is_empty(), "{} of {asked} requests:\n{}", faults.len(), faults.join("\n"));
    println!("{asked} requests refused, {} refusals of roles in the log, 0 faults", refusals.len());
}

/// What a first success makes, for rows after it.
fn remember(row: &Row, answer: Option<&Response>, made: &mut BTreeMap<&'static str, String>) {
    let Some(answer) = answer.filter(|answer| answer.status.is_success()) else { return };
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let id = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match row.name().as_str() {
        "POST /api/rules" => made.insert("rules", id(&json["id"])),
        "POST /api/studies/{study}/correct" => made.insert("corrections", id(&json["id"])),
        "GET /api/rejections" => {
            let first = &json[0];
            made.insert("rejections", id(&first["id"]))
        }
        _ => None,
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_named_is_answered_and_written_down() {
    let (site, tokens, filling) = bed().await;
    let (mut faults, mut made) = (Vec::new(), BTreeMap::new());
    let all = rows();
    // First those who may as well and do not count, with what changes nothing; then the one whom the row measures.
    for row in all.iter().filter(|row| row.method == Method::GET) {
        for (letter, role) in ROLES.into_iter().filter(|(letter, _)| row.allows(*letter)).skip(1) {
            let (status, _) = answer(&site, row, filling.of(row, &made).ask(row).bearer(&tokens[role])).await;
            if matches!(status, 401 | 403) && status != row.status {
                faults.push(format!("{}: {letter}: {status}", row.name()));
            }
        }
    }
    let mut after = number_of(&log_after(&site, 0).await);
    let mut whole = Vec::new();
    for row in &all {
        let role = ROLES.into_iter().find(|(letter, _)| row.allows(*letter)).map(|(_, role)| role);
        let ask = filling.of(row, &made).ask(row);
        let ask = match role {
            Some(role) => ask.bearer(&tokens[role]),
            None if row.needs_sign_in() => ask.bearer(&tokens["admin"]),
            None => ask,
        };
        let (status, answered) = answer(&site, row, ask).await;
        remember(row, answered.as_ref(), &mut made);
        if status != row.status {
            let said = answered.map(|a| a.text().chars().take(200).collect::<String>()).unwrap_or_default();
            faults.push(format!("{}: {status}: {said}", row.name()));
        }
        let log = log_after(&site, after).await;
        after = number_of(&log).max(after);
        whole.extend(log.iter().cloned());
        let person = role.map(|role| format!("as-{role}")).unwrap_or_default();
        let mine: Vec<_> = log.iter().filter(|entry| entry["person"] == json!(person)).collect();
        let acts: Vec<_> = mine.iter().filter_map(|entry| entry["act"].as_str()).collect();
        let is_right = match row.done {
            Some(shared) if shared.starts_with('=') => {
                let stands = |entry: &&Value| entry["person"] == json!(person) && entry["act"] == shared[1..];
                whole.iter().any(|entry| stands(&entry))
            }
            Some(act) => mine.iter().any(|entry| {
                // By this person in this role, from here; done where the answer says so.
                entry["act"] == act
                    && (status >= 400 || entry["outcome"] == "done")
                    && role.is_none_or(|role| entry["role"] == role && entry["address"] == "127.0.0.1")
                    && (!row.route.contains("{study}")
                        || row.body == "STOW"
                        || act == "studies-queried" && row.route.starts_with("/dicomweb")
                        || entry["study"] == json!(filling.text("{study}")))
            }),
            None => row.who == "local" || acts.is_empty(),
        };
        if !is_right {
            faults.push(format!("{}: leaves {acts:?}, not {:?}", row.name(), row.done));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), all.len(), faults.join("\n"));
    println!("{} routes answered, 0 faults", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dimse_operation_is_written_down() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(1);
    let (_, paths) = study.write(&site.scratch("scanner"));
    let uid = format!("StudyInstanceUID={}", study.uid);
    let find = || dcmtk::find(site.dimse(), &site.ae_title, &["QueryRetrieveLevel=STUDY", "StudyInstanceUID"]);
    let get =
        |name: &str| dcmtk::get(site.dimse(), &site.ae_title, &site.scratch(name), &["QueryRetrieveLevel=STUDY", &uid]);
    let has = async |act: &str, outcome: &str| {
        site.audit("").await.iter().any(|entry| entry["act"] == act && entry["outcome"] == outcome)
    };
    // C-STORE is open to whoever reaches the port; finding and retrieving are not.
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let _ = site.settled(&study.uid, 1).await;
    assert!(has("study-received", "done").await, "C-STORE");
    let _ = find();
    assert!(has("studies-queried", "refused").await, "C-FIND of a stranger");
    let _ = get("none");
    assert!(has("study-exported", "refused").await, "C-GET of a stranger");
    site.add_ae("WORKSTATION", 1, "own");
    assert!(find().success);
    assert!(has("studies-queried", "done").await, "C-FIND");
    assert!(get("all").success);
    assert!(has("study-exported", "done").await || has("study-opened", "done").await, "C-GET");
}
