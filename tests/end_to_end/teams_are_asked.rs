//! A site names teams; peers that may ask it see the names. What is asked of a team calls its members and is theirs to take while one
//! of them is there; any other name means what it always did.

use crate::{
    SITE,
    cases_are_read_elsewhere::{Person, id, sent, stroke},
};
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Site, eventually,
    http::{Ask, Method, Response},
    wait::holds,
};

async fn set(site: &Site, teams: Value) -> Response {
    site.ask(Ask::new(Method::PUT, "/api/cases/teams").json(&teams)).await
}

async fn known(site: &Site) -> Value {
    site.get("/api/cases/askable?modality=CT").await.ok().json()["sites"][0]["teams"].clone()
}

async fn calls(person: &Person<'_>, kind: &str) -> bool {
    let alerts = person.get("/api/cases/alerts").await;
    alerts.as_array().unwrap().iter().any(|alert| alert["kind"] == kind)
}

/// Asked of a name at the other site.
fn question(study: &str, site: &str, whom: &str) -> Value {
    let mut asked = stroke(study, &[]);
    asked["to"] = json!([{ "site": site, "whom": whom }]);
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_members_are_called_and_the_first_of_them_has_it() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let one = Person::signed_in(&pair.b, "dr.un", "radiologist").await;
    let two = Person::signed_in(&pair.b, "dr.deux", "radiologist").await;
    for (name, role) in [("dr.trois", "radiologist"), ("accueil", "technologist")] {
        let _ = pair.b.new_user(name, role);
    }
    let neuro = json!({ "name": "Neuroradiologie", "members": ["dr.un"] });
    for wrong in [
        json!([{ "name": "", "members": ["dr.un"] }]),
        json!([{ "name": "dr.un", "members": ["dr.un"] }]),
        json!([{ "name": "Thorax", "members": [] }]),
        json!([{ "name": "Thorax", "members": ["personne"] }]),
        json!([{ "name": "Thorax", "members": ["accueil"] }]),
        json!([neuro, neuro]),
    ] {
        assert_eq!(set(&pair.b, wrong.clone()).await.error_code(), "missing", "{wrong}");
    }
    assert_eq!(known(&pair.a).await, json!([]));
    let _ = set(&pair.b, json!([neuro, { "name": "Pédiatrie", "members": ["dr.trois"] }])).await.ok();
    let names = json!(["Neuroradiologie", "Pédiatrie"]);
    eventually!(10, "the peer sees their names", holds(known(&pair.a).await == names));

    let (study, _) = sent(&pair.a).await;
    let asker = Person::new(&pair.a, "dr.morvan", "referrer");
    assert_eq!(one.ask(Method::POST, "/api/shifts/alive", Some(&json!({}))).await.status, 204);
    assert_eq!(two.ask(Method::POST, "/api/shifts/alive", Some(&json!({}))).await.status, 204);
    let case = id(&asker.begin(question(&study, &pair.b_id, "neuroradiologie ")).await);
    let asked = |case: &Value| case["stage"] == "offered";
    let _ = one.sees(10, &case, "it is asked", asked).await;
    assert!(calls(&one, "asked").await && !calls(&two, "asked").await, "its members are called");
    assert_eq!(two.try_step(&case, json!({ "step": "accept" })).await.error_code(), "not-of-team");
    let shown = two.case(&case).await;
    assert!(!shown["actions"].as_array().unwrap().contains(&json!("accept")), "{shown}");
    let _ = one.step(&case, json!({ "step": "accept" })).await;
    assert_eq!(two.try_step(&case, json!({ "step": "claim" })).await.error_code(), "not-of-team");
    let claimed = one.step(&case, json!({ "step": "claim" })).await;
    assert_eq!(claimed["claim"]["person"], "dr.un");

    // None of the members is there, or the name is no team's: whoever is there takes it.
    for whom in ["Pédiatrie", "équipe de nuit"] {
        let case = id(&asker.begin(question(&study, &pair.b_id, whom)).await);
        let _ = two.sees(10, &case, "it is asked", asked).await;
        assert!(calls(&two, "asked").await, "{whom}");
        for word in ["accept", "claim"] {
            let _ = two.step(&case, json!({ "step": word })).await;
        }
    }
    let _ = set(&pair.b, json!([])).await.ok();
    eventually!(10, "there are none any more", holds(known(&pair.a).await == json!([])));
}
