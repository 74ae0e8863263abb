//! The worklist as a workstation sees it: found, claimed, updated, given back, called off, and who may.

use super::*;
use protocol::{
    SiteId, Timestamp,
    case::event::{Report, Standing, Step},
    ids::Id128,
};
use serde_json::{Value, json};

const JSON: &str = "application/dicom+json";
const TRANSACTION: &str = "1.2.826.0.1.77";

fn item(name: &str, value: &str) -> Value {
    json!({
        "0040A040": { "vr": "CS", "Value": ["TEXT"] },
        "0040A043": { "vr": "SQ", "Value": [{ "00080100": { "vr": "SH", "Value": [name] }, "00080102": { "vr": "SH", "Value": ["99CONFRERE"] } }] },
        "0040A160": { "vr": "UT", "Value": [value] },
    })
}

fn request() -> Value {
    json!([{
        "00100010": { "vr": "PN", "Value": [{ "Alphabetic": "ROUX^ANNE" }] },
        "00100020": { "vr": "LO", "Value": ["ID70"] },
        "00100021": { "vr": "LO", "Value": ["CHN"] },
        "00100030": { "vr": "DA", "Value": ["19700203"] },
        "00741000": { "vr": "CS", "Value": ["SCHEDULED"] },
        "00741200": { "vr": "CS", "Value": ["HIGH"] },
        "0040A370": { "vr": "SQ", "Value": [{ "00401002": { "vr": "LO", "Value": ["Embolie ?"] } }] },
        "00404021": { "vr": "SQ", "Value": [{ "0020000D": { "vr": "UI", "Value": [STUDY] } }] },
        "00741210": { "vr": "SQ", "Value": [item("justification", "nuit"), item("consent", "informed"), item("modality", "ct")] },
    }])
}

fn performed(items: &[Value]) -> Value {
    json!([{ "00741216": { "vr": "SQ", "Value": [{ "00741212": { "vr": "SQ", "Value": items } }] } }])
}

fn state(state: &str, transaction: &str) -> Value {
    let mut set = json!({ "00741000": { "vr": "CS", "Value": [state] } });
    if !transaction.is_empty() {
        set["00081195"] = json!({ "vr": "UI", "Value": [transaction] });
    }
    json!([set])
}

impl Node {
    async fn send(&self, who: &str, role: Role, method: Method, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("/dicomweb{path}"));
        let request = request.header(header::HOST, "pacs.example:8080").header(header::CONTENT_TYPE, JSON);
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.ask(Some(Person::new(who.to_owned(), role)), request.body(body).unwrap()).await
    }

    async fn reads(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send("dr.durand", Role::Radiologist, method, path, body).await
    }

    async fn created(&self) -> (Id128, String) {
        let made = self.send("gp", Role::Referrer, Method::POST, "/workitems", &request()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
        let place = made.header("location").to_owned();
        let uid = place.strip_prefix("http://pacs.example:8080/dicomweb/workitems/").unwrap().to_owned();
        let whole = self.cases.all().into_iter().find(|whole| whole.name().uid().to_string() == uid).unwrap();
        (whole.name(), uid)
    }

    async fn does(&self, case: Id128, person: &str, step: Step) {
        let actor = Person::new(person.to_owned(), Role::Radiologist).actor();
        let _ = self.cases.act(case, actor, step).await.unwrap();
    }

    /// This site takes it, and its images are there.
    async fn taken(&self, case: Id128) {
        let us: SiteId = self.cases.us();
        let until = Timestamp(u64::MAX);
        self.does(case, "", Step::Offered { to: us, whom: String::new(), rank: 1, until }).await;
        self.does(case, "dr.durand", Step::Accepted { protocol: String::new() }).await;
        let studies = vec![(STUDY.parse().unwrap(), 4)];
        self.does(case, "", Step::ImagesReady { studies, count_confirmed: true }).await;
    }

    async fn item(&self, uid: &str) -> Value {
        let got = self.get(&format!("/workitems/{uid}"), &[]).await;
        assert_eq!(got.status, StatusCode::OK, "{:?}", got.body);
        got.json()[0].clone()
    }
}

fn first<'a>(item: &'a Value, tag: &str) -> &'a Value {
    &item[tag]["Value"][0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_a_workitem_that_is_found() {
    let node = node().await;
    let (case, uid) = node.created().await;
    let found = node.get("/workitems?ProcedureStepState=SCHEDULED&PatientID=ID70&00741200=HIGH", &[]).await.json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let told = &found[0];
    assert_eq!(first(told, "00080018"), &json!(uid));
    assert_eq!(first(told, "00404041"), "INCOMPLETE");
    assert_eq!(first(told, "00100010")["Alphabetic"], "ROUX^ANNE");
    assert_eq!(first(first(told, "0040A370"), "00401002"), "Embolie ?");
    assert_eq!(
        first(first(first(told, "00404021"), "0040E025"), "00081190"),
        &json!(format!("http://pacs.example:8080/dicomweb/studies/{STUDY}"))
    );
    assert_eq!(&node.item(&uid).await, told);
    node.taken(case).await;
    for (query, count) in [
        ("InputReadinessState=READY", 1),
        ("InputReadinessState=INCOMPLETE", 0),
        ("ProcedureStepState=COMPLETED", 0),
        ("ReferencedRequestSequence.StudyInstanceUID=1.2.826.0.1.1", 1),
        ("PatientName=roux*&limit=0", 0),
        ("offset=1", 0),
    ] {
        let found = node.get(&format!("/workitems?{query}"), &[]).await.json();
        assert_eq!(found.as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(node.get("/workitems?Nonsense=1", &[]).await.status, StatusCode::BAD_REQUEST);
    for strange in [format!("{uid}.1"), "1.2.3".to_owned(), "x".to_owned()] {
        assert_eq!(node.get(&format!("/workitems/{strange}"), &[]).await.status, StatusCode::NOT_FOUND, "{strange}");
    }
    // What is not a request: too little, another's UID, another state.
    let mut short = request();
    let _ = short[0].as_object_mut().unwrap().remove("00741210");
    let mut claimed = request();
    claimed[0]["00741000"] = json!({ "vr": "CS", "Value": ["IN PROGRESS"] });
    for (path, body) in [
        ("/workitems", short),
        ("/workitems", claimed),
        ("/workitems?workitem=1.2.3", request()),
        ("/workitems?1.2.3", request()),
    ] {
        let refused = node.reads(Method::POST, path, &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}: {:?}", refused.body);
    }
    assert_eq!(node.cases.all().len(), 1);
    let mut more = request();
    more[0]["00404025"] = json!({ "vr": "SQ" });
    let made = node.reads(Method::POST, "/workitems", &more).await;
    assert_eq!(
        (made.status, made.header("warning")),
        (StatusCode::CREATED, "299 confrere: The Workitem was created with modifications.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_locked_by_its_transaction_and_its_person() {
    let node = node().await;
    let (case, uid) = node.created().await;
    let (path, at) = (format!("/workitems/{uid}/state"), format!("/workitems/{uid}"));
    let early = node.reads(Method::PUT, &path, &state("IN PROGRESS", TRANSACTION)).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let inconsistent = "299 confrere: The submitted request is inconsistent with the state of the UPS Instance.";
    assert_eq!(early.header("warning"), inconsistent);
    node.taken(case).await;
    let bare = node.reads(Method::PUT, &path, &state("IN PROGRESS", "")).await;
    assert_eq!(
        (bare.status, bare.header("warning")),
        (StatusCode::BAD_REQUEST, "299 confrere: The Transaction UID is missing.")
    );
    assert_eq!(node.reads(Method::PUT, &path, &state("IN PROGRESS", TRANSACTION)).await.status, StatusCode::OK);
    for other in ["1.2.3", TRANSACTION] {
        let late = node.reads(Method::PUT, &path, &state("IN PROGRESS", other)).await;
        assert_eq!((late.status, late.header("warning")), (StatusCode::CONFLICT, inconsistent), "{other}");
    }
    let told = node.item(&uid).await;
    assert_eq!(first(&told, "00741000"), "IN PROGRESS");
    assert!(!told.to_string().contains(TRANSACTION), "the lock is told to nobody: {told}");
    assert!(node.cases.case(&case).unwrap().is_claimed_by(&node.cases.us(), "dr.durand"));

    // A report: of this patient, by who has the lock.
    let text = [item("121071", "Pas d'embolie."), item("read", &format!("{STUDY} 4"))];
    let whose = [item("patient-name", "ROUX^ANNE"), item("birth-date", "19700203")];
    let report = performed(&[&text[..], &whose].concat());
    for (query, warning) in [("", "missing"), ("?transaction-uid=1.2.3", "incorrect")] {
        let refused = node.reads(Method::POST, &format!("{at}{query}"), &report).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.header("warning"), format!("299 confrere: The Transaction UID is {warning}."));
    }
    let locked = format!("{at}?{TRANSACTION}");
    let stolen = node.send("dr.autre", Role::Radiologist, Method::POST, &locked, &report).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST, "the number alone opens nothing");
    assert_eq!(node.reads(Method::POST, &locked, &performed(&text)).await.status, StatusCode::BAD_REQUEST);
    let other = performed(&[&text[..], &[item("patient-name", "ROUX^ANNA"), item("birth-date", "19700203")]].concat());
    assert_eq!(node.reads(Method::POST, &locked, &other).await.status, StatusCode::CONFLICT);
    assert_eq!(node.cases.draft(case, "dr.durand".to_owned()).await.unwrap(), None, "nothing of it was kept");
    let kept = node.reads(Method::POST, &locked, &report).await;
    assert_eq!((kept.status, kept.header("warning")), (StatusCode::OK, ""), "{:?}", kept.body);
    let draft = node.cases.draft(case, "dr.durand".to_owned()).await.unwrap().unwrap();
    assert_eq!((draft.findings.as_str(), draft.read.len(), draft.serial), ("Pas d'embolie.", 1, 1));
    let strange = node.reads(Method::POST, &locked, &json!([{ "00100010": { "vr": "PN" } }])).await;
    assert_eq!(strange.header("warning"), "299 confrere: Requested optional Attributes are not supported.");
    let none = node.reads(Method::PUT, &path, &state("COMPLETED", TRANSACTION)).await;
    assert_eq!(none.status, StatusCode::SERVICE_UNAVAILABLE, "no reading room here: {:?}", none.body);

    given_back_it_goes_on_as_another(&node, &uid, (&locked, &report)).await;
}

/// Given back: this workitem is over, and the case goes on as another.
async fn given_back_it_goes_on_as_another(node: &Node, uid: &str, (locked, report): (&str, &Value)) {
    let path = format!("/workitems/{uid}/state");
    assert_eq!(node.reads(Method::PUT, &path, &state("CANCELED", TRANSACTION)).await.status, StatusCode::OK);
    let told = node.item(uid).await;
    assert_eq!(first(&told, "00741000"), "CANCELED");
    let again = node.reads(Method::PUT, &path, &state("CANCELED", TRANSACTION)).await;
    assert_eq!(
        (again.status, again.header("warning")),
        (StatusCode::OK, "299 confrere: The UPS is already in the requested state of CANCELED.")
    );
    assert_eq!(node.reads(Method::POST, locked, report).await.status, StatusCode::BAD_REQUEST);
    let next = format!("{uid}.1");
    let told = node.item(&next).await;
    assert_eq!(
        (first(&told, "00741000"), first(first(&told, "00741224"), "00081155")),
        (&json!("SCHEDULED"), &json!(uid))
    );
    // The old number opens the new one no more.
    let path = format!("/workitems/{next}/state");
    assert_eq!(node.reads(Method::PUT, &path, &state("IN PROGRESS", "1.2.99")).await.status, StatusCode::OK);
    let old = node.reads(Method::PUT, &path, &state("COMPLETED", TRANSACTION)).await;
    assert_eq!(
        (old.status, old.header("warning")),
        (StatusCode::BAD_REQUEST, "299 confrere: The Transaction UID is incorrect.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_in_the_portal_is_not_signed_by_a_workstation() {
    let node = node().await;
    let (case, uid) = node.created().await;
    node.taken(case).await;
    let (path, locked) = (format!("/workitems/{uid}/state"), format!("/workitems/{uid}?{TRANSACTION}"));
    assert_eq!(node.reads(Method::PUT, &path, &state("IN PROGRESS", TRANSACTION)).await.status, StatusCode::OK);
    let whose = [item("patient-name", "ROUX^ANNE"), item("birth-date", "19700203")];
    let brings = async |parts: &[Value]| {
        let kept = node.reads(Method::POST, &locked, &performed(&[parts, &whose].concat())).await;
        assert_eq!(kept.status, StatusCode::OK, "{:?}", kept.body);
    };
    let completed = async || node.reads(Method::PUT, &path, &state("COMPLETED", TRANSACTION)).await;
    let own = async || node.cases.own_draft(case, "dr.durand".to_owned()).await.unwrap().unwrap();
    let (findings, conclusion) = (item("121071", "Pas d'embolie."), item("121077", "Rien."));
    brings(std::slice::from_ref(&findings)).await;
    assert_eq!(own().await.patient, Some(("ROUX^ANNE".to_owned(), "19700203".to_owned())));
    assert_eq!(completed().await.status, StatusCode::SERVICE_UNAVAILABLE, "it would be signed, if there were a desk");
    // The portal keeps it, as its author goes on there.
    let mut draft = own().await.draft;
    draft.serial += 1;
    node.cases.keep_draft(case, draft).await.unwrap();
    let refused = completed().await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.json()["message"].as_str().unwrap().contains("written in the portal"), "{:?}", refused.body);
    // A part that no workstation showed stays one.
    brings(std::slice::from_ref(&conclusion)).await;
    assert_eq!(completed().await.status, StatusCode::CONFLICT);
    assert_eq!(own().await.draft.findings, "Pas d'embolie.", "and is not lost");
    brings(&[findings, conclusion]).await;
    assert_eq!(completed().await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_completes_and_a_request_is_called_off() {
    let node = node().await;
    let (case, uid) = node.created().await;
    node.taken(case).await;
    // Claimed at the portal: it is in progress, and no transaction opens it.
    node.does(case, "dr.durand", Step::Claimed).await;
    let path = format!("/workitems/{uid}/state");
    let foreign = node.reads(Method::PUT, &path, &state("CANCELED", TRANSACTION)).await;
    assert_eq!(
        (foreign.status, foreign.header("warning")),
        (StatusCode::BAD_REQUEST, "299 confrere: The target URI did not reference a claimed Workitem.")
    );
    let report = Report {
        standing: Standing::Final,
        indication: String::new(),
        technique: String::new(),
        findings: "rien".to_owned(),
        conclusion: String::new(),
        language: "fr".to_owned(),
        read: vec![(STUDY.parse().unwrap(), 4)],
        critical: false,
        despite: String::new(),
    };
    node.does(case, "dr.durand", Step::Reported(Box::new(report))).await;
    assert_eq!(first(&node.item(&uid).await, "00741000"), "COMPLETED");
    let again = node.reads(Method::PUT, &path, &state("COMPLETED", TRANSACTION)).await;
    assert_eq!(
        (again.status, again.header("warning")),
        (StatusCode::OK, "299 confrere: The UPS is already in the requested state of COMPLETED.")
    );
    let cancel = |uid: &str| format!("/workitems/{uid}/cancelrequest");
    let late = node.reads(Method::POST, &cancel(&uid), &Value::Null).await;
    assert_eq!(
        (late.status, late.header("warning")),
        (StatusCode::CONFLICT, "299 confrere: The UPS is already COMPLETED.")
    );

    let (case, uid) = node.created().await;
    let reason = json!([{ "00741238": { "vr": "LT", "Value": ["transféré"] } }]);
    assert_eq!(
        node.send("gp", Role::Referrer, Method::POST, &cancel(&uid), &reason).await.status,
        StatusCode::ACCEPTED
    );
    let told = node.item(&uid).await;
    assert_eq!(
        (first(&told, "00741000"), first(first(&told, "00741002"), "00741238")),
        (&json!("CANCELED"), &json!("transféré"))
    );
    assert!(node.cases.case(&case).unwrap().state.is_called_off);
    let again = node.reads(Method::POST, &cancel(&uid), &Value::Null).await;
    assert_eq!(
        (again.status, again.header("warning")),
        (StatusCode::ACCEPTED, "299 confrere: The UPS is already in the requested state of CANCELED.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_does_what_it_may_in_the_portal_and_no_more() {
    let node = node().await;
    let (case, uid) = node.created().await;
    node.taken(case).await;
    let claim = (Method::PUT, format!("/workitems/{uid}/state"), state("IN PROGRESS", TRANSACTION));
    let list = (Method::GET, "/workitems".to_owned(), Value::Null);
    let show = (Method::GET, format!("/workitems/{uid}"), Value::Null);
    let create = (Method::POST, "/workitems".to_owned(), request());
    let listen = (Method::POST, "/workitems/1.2.840.10008.5.1.4.34.5/subscribers/WS1".to_owned(), Value::Null);
    let hear = (Method::GET, "/subscribers/WS1".to_owned(), Value::Null);
    for (role, asked) in [
        (Role::Auditor, [&list, &show, &create, &claim, &listen, &hear].as_slice()),
        (Role::Referrer, [&claim].as_slice()),
        (Role::Technologist, [&claim, &create].as_slice()),
    ] {
        for (method, path, body) in asked {
            let refused = node.send("x", role, method.clone(), path, body).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?} {method} {path}");
        }
    }
    let nobody = Request::get("/dicomweb/workitems").body(Body::empty()).unwrap();
    assert_eq!(node.ask(None, nobody).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(node.cases.case(&case).unwrap().state.claim, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_are_their_persons_own() {
    let node = node().await;
    let (_, uid) = node.created().await;
    let at = |resource: &str, tail: &str| format!("/workitems/{resource}/subscribers/WS1{tail}");
    let (all, some) = ("1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1");
    let made = node.reads(Method::POST, &at(all, "?deletionlock=true"), &Value::Null).await;
    assert_eq!(
        (made.status, made.header("content-location")),
        (StatusCode::CREATED, "ws://pacs.example:8080/dicomweb/subscribers/WS1")
    );
    assert_eq!(made.header("warning"), "299 confrere: Deletion Lock not granted.");
    let other = node.send("dr.autre", Role::Radiologist, Method::POST, &at(&uid, ""), &Value::Null).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert_eq!(node.reads(Method::GET, "/subscribers/WS1", &Value::Null).await.status, StatusCode::BAD_REQUEST);
    // Suspended, what is open is still told of by its name.
    assert_eq!(node.reads(Method::POST, &at(all, "/suspend"), &Value::Null).await.status, StatusCode::OK);
    assert_eq!(node.reads(Method::POST, &at(all, "/suspend"), &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(node.reads(Method::DELETE, &at(&uid, ""), &Value::Null).await.status, StatusCode::OK);
    assert_eq!(node.reads(Method::DELETE, &at(&uid, ""), &Value::Null).await.status, StatusCode::NOT_FOUND);
    for (filter, status) in [
        ("", 400),
        ("?filter=x", 400),
        ("?filter=Nonsense%3D1", 400),
        ("?filter=00741200%3DHIGH%2CPatientID%3DID70", 201),
        ("?ProcedureStepState=SCHEDULED", 201),
    ] {
        let made = node.reads(Method::POST, &at(some, filter), &Value::Null).await;
        assert_eq!(made.status.as_u16(), status, "{filter}");
    }
    assert_eq!(node.reads(Method::DELETE, &at(some, ""), &Value::Null).await.status, StatusCode::OK);
    assert_eq!(
        node.reads(Method::POST, "/workitems/1.2.3/subscribers/WS1", &Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
    let strange = node.reads(Method::POST, &format!("/workitems/{all}/subscribers/a%20b"), &Value::Null).await;
    assert_eq!(strange.status, StatusCode::BAD_REQUEST);
}
