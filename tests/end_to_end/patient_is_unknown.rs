//! A patient without papers is read at once, at another hospital, and identified later by the one that asked.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Pair, Preset, eventually,
    http::{self, Ask, Method},
    wait::holds,
};

/// Name, birth date and number.
fn person(name: &str, birth_date: &str, id: &str, identity: &str) -> Value {
    json!({ "name": name, "birth_date": birth_date, "id": id, "issuer": "CHN", "identity": identity })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_said_later_and_repeated() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let reader = pair.b.new_token("dr.garde", "radiologist");
    let request = |priority: &str, patient: Value| {
        json!({ "priority": priority, "question": "coma", "modality": "CT", "justification": "nuit",
            "consent": "unable", "to": [{ "site": pair.b.name }], "patient": patient })
    };
    let unknown = person("", "", "X12", "unknown");
    let routine = pair.a.post("/api/cases", &request("P3", unknown.clone())).await;
    assert_eq!(routine.json()["fields"], json!(["patient"]), "only an emergency goes without a name");
    let unsaid = pair.a.post("/api/cases", &request("P0", person("", "", "X12", "provisional"))).await;
    assert_eq!(unsaid.json()["fields"], json!(["patient"]), "and only where it is said that nobody knows");
    let named = pair.a.post("/api/cases", &request("P1", person("DURAND^PAUL", "19500101", "4711", "validated"))).await;
    assert_eq!(named.json()["fields"], json!(["identity"]), "whoever is named was compared with the patient");
    let made = pair.a.post("/api/cases", &request("P0", unknown)).await.ok().json();
    let path = format!("/api/cases/{}", made["case"].as_str().unwrap());
    let as_reader = async |path: &str, body: &Value| {
        http::ask(pair.b.portal(), Ask::new(Method::POST, path).json(body).bearer(&reader)).await.unwrap()
    };
    eventually!(20, "it is offered", {
        let answer = pair.b.get(&path).await;
        holds(answer.status.is_success() && answer.json()["asked"][0]["answer"] == "waiting")
    });
    let steps = format!("{path}/steps");
    for word in ["accept", "claim"] {
        let _ = as_reader(&steps, &json!({ "step": word })).await.ok();
    }
    let report = |standing: &str, name: &str, birth_date: &str| {
        json!({ "standing": standing, "findings": "hématome", "language": "fr", "despite": "lu sur place",
            "despite_of": ["missing", "unconfirmed", "late"],
            "patient": { "name": name, "birth_date": birth_date }, "hospital": pair.a.name })
    };
    let reports = format!("{path}/reports");
    let _ = as_reader(&reports, &report("preliminary", "", "")).await.ok();

    let known = person("DURAND^PAUL", "19500101", "4711", "validated");
    let identify = |shown: &str, patient: &Value, checked: bool| json!({ "step": "identify", "patient": patient, "checked": checked, "shown": { "name": shown, "birth_date": "" } });
    let elsewhere = as_reader(&steps, &identify("", &known, true)).await;
    assert!(!elsewhere.status.is_success(), "who it is, the site that asked says");
    let other = pair.a.post(&steps, &identify("MARTIN^ZOE", &known, true)).await;
    assert_eq!(other.error_code(), "wrong-patient");
    assert_eq!(pair.a.post(&steps, &identify("", &known, false)).await.json()["fields"], json!(["checked"]));
    let nameless = person("^", "", "4711", "provisional");
    assert_eq!(pair.a.post(&steps, &identify("", &nameless, true)).await.json()["fields"], json!(["patient"]));
    let _ = pair.a.post(&steps, &identify("", &known, true)).await.ok();
    eventually!(20, "the reader knows", holds(pair.b.get(&path).await.json()["patient"]["name"] == "DURAND^PAUL"));

    // What the editor showed until now is no longer this patient.
    assert_eq!(as_reader(&reports, &report("final", "", "")).await.error_code(), "wrong-patient");
    let _ = as_reader(&reports, &report("final", "DURAND^PAUL", "19500101")).await.ok();
    let at_a = eventually!(20, "both reports are at the asker", {
        let case = pair.a.get(&path).await.json();
        (case["reports"].as_array()?.len() == 2).then_some(case)
    });
    let signed = |nth: usize| (at_a["reports"][nth]["patient"]["id"].clone(), at_a["reports"][nth]["standing"].clone());
    let ids = [signed(0), signed(1)];
    let of = |standing: &str| ids.iter().find(|(_, known)| known == standing).map(|(id, _)| id.clone());
    assert_eq!((of("preliminary"), of("final")), (Some(json!("X12")), Some(json!("4711"))), "each as it was signed");
    let identities = at_a["identities"].as_array().unwrap();
    assert_eq!(identities.len(), 2, "{at_a}");
    assert!(identities[0]["checked_by"].is_null(), "there was nobody to compare: {}", identities[0]);
    assert_eq!(identities[1]["checked_by"], identities[1]["person"], "who says who it is has looked");
}
