//! A workstation's search that names a patient by an ID with its issuer is asked of the other sites, by QIDO-RS and by C-FIND:
//! what they have is found though no card tells whose it is, in pages that do not overlap; who does not answer is named, and
//! whoever breaks off asks no more.

use crate::prior_at_a_third_site::{GROUP, Three, stored};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Instant};
use tests::{
    Site, Study, eventually,
    http::{self, Ask, Client},
    tools::{association::Proposal, dcmtk, scu::element},
    wait::holds,
};

const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const SILENT: &str = "peers that did not answer: Clinique Ouest";

/// As a radiologist's viewer asks.
struct Viewer<'a> {
    site: &'a Site,
    token: String,
}

impl<'a> Viewer<'a> {
    fn of(site: &'a Site, name: &str) -> Self {
        Self { site, token: site.new_token(name, "radiologist") }
    }

    fn ask(&self, query: &str) -> Ask {
        Ask::get(format!("/dicomweb/studies?{}", query.replace(' ', "%20"))).bearer(&self.token)
    }

    async fn search(&self, query: &str) -> http::Response {
        http::ask(self.site.portal(), self.ask(query)).await.unwrap().ok()
    }

    async fn found(&self, query: &str) -> Vec<String> {
        let all = self.search(query).await.json();
        all.as_array().unwrap().iter().map(|row| row["0020000D"]["Value"][0].as_str().unwrap().to_owned()).collect()
    }
}

fn names(study: &Study) -> String {
    format!("PatientID={}&IssuerOfPatientID={GROUP}", study.patient_id)
}

/// All of the log.
async fn log(site: &Site) -> Vec<Value> {
    site.get("/api/audit?limit=500").await.ok().json()["entries"].as_array().unwrap().clone()
}

async fn asked(site: &Site) -> usize {
    log(site).await.iter().filter(|entry| entry["act"] == "history-asked").count()
}

async fn is_noted(site: &Site, person: &str) -> bool {
    log(site).await.iter().any(|entry| entry["person"] == person && entry["note"] == SILENT)
}

/// A patient with one study at the asking site, one at the third, one at both, and one more at the third.
struct Patient {
    current: Study,
    prior: Study,
    both: Study,
    old: Study,
}

impl Patient {
    async fn set(sites: &Three) -> Self {
        let of = |date: &str| Study {
            issuer: Some(GROUP.to_owned()),
            date: date.to_owned(),
            ..Study::of(2).named("Kervella^Maïwenn").region("HEAD")
        };
        let current = of("20260201");
        let again = |date: &str| Study { patient_id: current.patient_id.clone(), ..of(date) };
        let (prior, both, old) = (again("20250110"), again("20240301"), again("20230514"));
        // The same number, given by the third site itself to somebody else.
        let stranger = Study { patient_id: current.patient_id.clone(), ..Study::of(1).named("Durand^Zoé") };
        for study in [&current, &both] {
            let _ = stored(&sites.asker, study).await;
        }
        for study in [&prior, &both, &old, &stranger] {
            let _ = stored(&sites.third, study).await;
        }
        for study in [&current, &prior, &both, &old, &stranger] {
            let _ = sites.reader.settled(&study.uid, study.instances as usize).await;
        }
        Self { current, prior, both, old }
    }

    /// Newest first, as searches list them.
    fn all(&self) -> Vec<&str> {
        [&self.current, &self.prior, &self.both, &self.old].map(|study| study.uid.as_str()).to_vec()
    }

    /// Those whose cards say whose they are.
    fn told(&self) -> Vec<&str> {
        [&self.current, &self.both].map(|study| study.uid.as_str()).to_vec()
    }
}

async fn one_is_silent(sites: &Three, patient: &Patient, viewer: &Viewer<'_>) {
    let (reader, names) = (&sites.reader, names(&patient.current));
    let other = Viewer::of(reader, "dr.soir");
    // A site that says nothing is named within two seconds, and the pages go on.
    sites.third.halt();
    let began = Instant::now();
    let answer = viewer.search(&format!("{names}&limit=1")).await;
    assert!(began.elapsed().as_millis() < 2_500, "{:?}", began.elapsed());
    assert_eq!(answer.header("warning"), "299 confrere \"Not answered: Clinique Ouest (away)\"");
    assert_eq!(viewer.found(&format!("{names}&limit=1&offset=1")).await, patient.told()[1..]);
    assert!(is_noted(reader, "dr.garde").await);

    // Whoever hangs up asks no more: nothing is noted of the question that was broken off.
    let before = asked(reader).await;
    let gone = Viewer::of(reader, "dr.parti");
    let mut client = Client::connect(reader.portal()).await.unwrap();
    let hangs_up = async {
        eventually!(5, "the question is under way", holds(asked(reader).await > before));
    };
    tokio::select! {
        answer = client.ask(gone.ask(&names)) => panic!("answered: {answer:?}"),
        () = hangs_up => {}
    }
    drop(client);
    let _ = other.search(&names).await;
    assert!(is_noted(reader, "dr.soir").await, "who asked after it has heard");
    assert!(!is_noted(reader, "dr.parti").await);
}

async fn nobody_is_asked_where_the_site_says_so(patient: &Patient, viewer: &Viewer<'_>) {
    let (reader, names) = (viewer.site, names(&patient.current));
    // The site's own setting is for searches that do not say.
    reader.stop().await;
    reader.configure("dicomweb", "ask_peers", false.into());
    reader.serve().await;
    let before = asked(reader).await;
    assert_eq!(viewer.found(&names).await, patient.told());
    assert_eq!(asked(reader).await, before);
    let _ = viewer.search(&format!("{names}&live=true")).await;
    assert_eq!(asked(reader).await, before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_qido() {
    let sites = Three::set().await;
    let patient = Patient::set(&sites).await;
    let reader = &sites.reader;
    let viewer = Viewer::of(reader, "dr.garde");
    let names = names(&patient.current);

    // Nobody is asked about a name, about a number that anybody may have given, or against the wish of whoever asks.
    for query in [
        "PatientName=KERVELLA*".to_owned(),
        format!("PatientID={}", patient.current.patient_id),
        format!("{names}&live=false"),
        format!("PatientID={}&IssuerOfPatientID=GHT*", patient.current.patient_id),
    ] {
        assert_eq!(viewer.found(&query).await, patient.told(), "{query}");
    }
    assert_eq!(asked(reader).await, 0);

    // Asked, the third site tells what it has; one study at two sites is one row.
    let answer = viewer.search(&names).await;
    assert!(answer.headers.get("warning").is_none(), "{:?}", answer.headers);
    let rows = answer.json();
    let uids: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["0020000D"]["Value"][0].as_str().unwrap()).collect();
    assert_eq!(uids, patient.all());
    let prior = &rows[1];
    assert_eq!(prior["00100020"]["Value"], json!([patient.current.patient_id]), "{prior}");
    assert_eq!((&prior["00100021"]["Value"], &prior["00080056"]["Value"]), (&json!([GROUP]), &json!(["NEARLINE"])));
    assert_eq!(prior["00100010"]["Value"], Value::Null, "the agreement names no patient");
    assert_eq!(viewer.found(&format!("{names}&StudyDate=20240101-20251231")).await, patient.all()[1..3]);
    let told = log(&sites.third).await;
    let told: Vec<&Value> = told.iter().filter(|entry| entry["act"] == "history-told").collect();
    assert!(!told.is_empty() && told.iter().all(|entry| entry["person"] == "dr.garde"), "{told:?}");
    assert!(told.iter().all(|entry| !entry.to_string().contains(&patient.current.patient_id)), "{told:?}");

    // Pages neither overlap nor ask again; what one person was told is not listed for the next.
    let before = asked(reader).await;
    let mut paged = Vec::new();
    for offset in 0..5 {
        paged.extend(viewer.found(&format!("{names}&limit=1&offset={offset}")).await);
    }
    assert_eq!(paged, patient.all());
    assert_eq!(asked(reader).await, before + 2, "two sites, once");
    let other = Viewer::of(reader, "dr.jour");
    assert_eq!(other.found(&format!("{names}&live=false")).await, patient.told());
    assert_eq!(
        other.found(&format!("PatientID={}&IssuerOfPatientID=CHU%20Sud", patient.current.patient_id)).await,
        [""; 0]
    );

    // What was found opens.
    let path = format!("/dicomweb/studies/{}/series", patient.prior.uid);
    let _ = http::ask(reader.portal(), Ask::get(path).bearer(&viewer.token)).await.unwrap().ok();

    one_is_silent(&sites, &patient, &viewer).await;
    nobody_is_asked_where_the_site_says_so(&patient, &viewer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_c_find() {
    let sites = Three::set().await;
    let patient = Patient::set(&sites).await;
    let reader = &sites.reader;
    let (id, issuer) = (format!("PatientID={}", patient.current.patient_id), format!("IssuerOfPatientID={GROUP}"));
    let keys = ["QueryRetrieveLevel=STUDY", &id, &issuer, "StudyInstanceUID", "InstanceAvailability"];
    let find = || {
        let said = dcmtk::find(reader.dimse(), &reader.ae_title, &keys);
        let all: BTreeSet<&str> = patient.all().into_iter().filter(|uid| said.text.contains(uid)).collect();
        (said.success, all.len(), said.text.matches("(Pending)").count())
    };

    // An AE that reaches what is held here asks nobody.
    reader.add_ae(dcmtk::WORKSTATION, 1, "own");
    assert_eq!(find(), (true, 0, 0));
    assert_eq!(asked(reader).await, 0);
    reader.add_ae(dcmtk::WORKSTATION, 1, "all");
    assert_eq!(find(), (true, 4, 4));
    assert_eq!(asked(reader).await, 2);
    let told = log(&sites.third).await;
    let is_it = |entry: &&Value| entry["act"] == "history-told" && entry["person"] == dcmtk::WORKSTATION;
    assert!(told.iter().any(|entry| is_it(&entry)), "the holder knows which AE asked: {told:?}");
    let got = dcmtk::get(
        reader.dimse(),
        &reader.ae_title,
        &reader.scratch("got"),
        &["QueryRetrieveLevel=STUDY", &format!("StudyInstanceUID={}", patient.prior.uid)],
    );
    assert!(got.success, "{}", got.text);

    // A question that is taken back ends at once, also where a site says nothing.
    sites.third.halt();
    let before = asked(reader).await;
    reader.add_ae("OTHER", 1, "all");
    let mut other = Proposal::new(&reader.ae_title, "OTHER", FIND).accepted(reader.dimse()).await;
    let number = |tag, value: u16| element(0, tag, &value.to_le_bytes());
    let question = [element(0, 2, FIND.as_bytes()), number(0x100, 0x20), number(0x110, 7), number(0x700, 0)];
    let asks = [
        element(8, 0x52, b"STUDY"),
        element(0x10, 0x20, patient.current.patient_id.as_bytes()),
        element(0x10, 0x21, GROUP.as_bytes()),
        element(0x20, 0xd, b""),
    ];
    other.say(&question, Some(&asks.concat())).await.unwrap();
    eventually!(5, "the question is under way", holds(asked(reader).await > before));
    other.say(&[number(0x100, 0xfff), number(0x120, 7)], None).await.unwrap();
    assert_eq!(other.last().await.unwrap(), 0xfe00);
    other.release().await.unwrap();

    // Unanswered, it ends with what is known, and the log says who did not answer.
    let began = Instant::now();
    assert_eq!(find(), (true, 2, 2));
    assert!(began.elapsed().as_millis() < 4_000, "{:?}", began.elapsed());
    assert!(is_noted(reader, dcmtk::WORKSTATION).await);
    assert!(!is_noted(reader, "OTHER").await, "what was taken back asked no more");
}
