//! A request names a study before it is made, and what comes under that name is of another patient: the wrong line of a worklist, or the
//! wrong patient on the table. Both sites are told, and nobody signs without having said why. In two browsers, against two nodes.

use crate::{
    SITE,
    cases::desk,
    cases_are_read_elsewhere::{Person, id, is_stage},
    coverage_hole::alarms,
};
use serde_json::json;
use tests::{Pair, Preset, Study, browser, eventually, wait::holds};

/// Who issues numbers at the asking site.
const ISSUER: &str = "CHNORD";
const REASON: &str = "Vu avec la salle : mauvaise ligne de la liste de travail, la patiente est celle de la demande.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let of_other = |date: &str| Study {
        patient_id: "9999".to_owned(),
        issuer: Some(ISSUER.to_owned()),
        date: date.to_owned(),
        ..Study::of(3).named("LE GOFF^ANNE")
    };
    // The other patient has been here before.
    let (earlier, images) = (of_other("20240110"), of_other("20260301"));
    let (made, paths) = earlier.write(&pair.a.scratch("earlier"));
    pair.announced(&earlier.uid, made.len(), &paths).await;
    let (_, files) = images.write(&pair.a.scratch("scanner"));

    let asker = Person::new(&pair.a, "dr.urgence", "referrer");
    let request = json!({
        "priority": "P1", "question": "Fracture ?", "identity_checked": true, "justification": "pas de radiologue sur place",
        "consent": "informed", "modality": "CT", "studies": [images.uid], "telephone": "02 97 01 02 03",
        "to": [{ "site": pair.b_id }],
        "patient": { "name": "KERVELLA^MAIWENN", "birth_date": "19580311", "id": "4711", "issuer": ISSUER },
    });
    let case = id(&asker.begin(request).await);
    let reader = Person::new(&pair.b, "dr.garde", "radiologist");
    let _ = reader.sees(10, &case, "it is offered", is_stage("offered")).await;

    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "b": desk(&pair.b, "dr.leroy", "radiologist"),
        "scanner": { "portal": format!("http://{}", pair.a.portal()), "token": pair.a.token },
        "case": case,
        "files": files,
        "patient": "KERVELLA MAIWENN",
        "other": {
            "shown": "le goff", "prior": earlier.uid, "patient": { "name": "LE GOFF^ANNE", "birth_date": "19610524" },
        },
    });
    let seen = browser::run("two_patients_under_one_uid", &input);
    println!("seconds: {}", seen["seconds"]);
    let named = json!({ "asker": false, "reader": false, "editor": false, "report": false });
    assert_eq!(seen["named"], named, "nothing of the other patient stands in the case: {seen}");
    assert_eq!(seen["listed"], 0, "nor what they had made before: {seen}");
    let viewer = &seen["viewer"];
    let mark = "AUTRE PATIENT ? · date de naissance : demande 11/03/1958, images 24/05/1961 · identifiant : demande 4711, images 9999";
    assert_eq!((&viewer["said"], &viewer["marked"]), (&json!(mark), &json!(true)), "over each viewport: {seen}");
    assert_eq!(viewer["takes"], false, "the images are read all the same: {seen}");
    let refused = &seen["refused"];
    assert_eq!(refused["their_name"], json!([409, "wrong-patient", ["name", "birth_date"]]), "{seen}");
    assert_eq!(refused["no_reason"], json!([409, "images-of-another", []]), "{seen}");
    assert_eq!(refused["other_reason"], json!([409, "images-of-another", []]), "a reason is for what it names: {seen}");
    assert_eq!(seen["signs_without_reason"], false, "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    // Both sites keep the reason and that both were told; the report does not lie with the other patient, and somebody is called for it.
    for person in [&asker, &reader] {
        let kept = person.case(&case).await;
        assert_eq!((&kept["reports"][0]["despite"], &kept["stage"]), (&json!(REASON), &json!("closed")), "{kept}");
        let told = kept["events"].as_array().unwrap().iter().filter(|event| event["text"] == "other-patient").count();
        assert_eq!(told, 1, "said once: {}", kept["events"]);
    }
    eventually!(10, "the report is kept out, and that is told", {
        holds(!alarms(&pair.a, "reports-unfiled").await.is_empty())
    });
    let found = pair.a.get(&format!("/dicomweb/studies/{}/series", images.uid)).await.ok().json();
    assert_eq!(found.as_array().unwrap().len(), 1, "no report lies there: {found}");
}
