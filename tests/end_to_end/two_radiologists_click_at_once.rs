//! Two radiologists of one site reserve the same case in the same moment.

use crate::SITE;
use serde_json::json;
use tests::{
    Pair, Preset, Study, browser, eventually,
    http::{self, Ask},
    wait::holds,
};

const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let readers = ["dr.leroy", "dr.bernard"];
    let passwords: Vec<String> = readers.iter().map(|name| pair.b.new_user(name, "radiologist")).collect();
    let id = crate::cases::ready(&pair, &Study::of(4).named("Kervella^Maïwenn")).await;
    let input = json!({
        "portal": format!("http://{}", pair.b.portal()),
        "readers": readers.iter().zip(&passwords).map(|(name, password)| json!({ "name": name, "password": password })).collect::<Vec<_>>(),
        "patient": "Kervella Maïwenn",
        "rounds": ROUNDS,
    });
    let seen = browser::run("two_radiologists_click_at_once", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["rounds"], ROUNDS, "{seen}");
    for (won, told) in seen["won"].as_array().unwrap().iter().zip(seen["told"].as_array().unwrap()) {
        let winner = won[0].as_str().unwrap();
        assert_eq!(won.as_array().unwrap().len(), 1, "exactly one has it: {seen}");
        assert!(
            told[0].as_str().unwrap().starts_with(&format!("Pris par {winner} ")),
            "and the other knows who: {seen}"
        );
    }
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    eventually!(10, "the asking site knows that it is free again", {
        let case = http::ask(pair.a.portal(), Ask::get(format!("/api/cases/{id}")).bearer(&pair.a.token)).await.ok()?;
        holds(case.json()["claim"].is_null())
    });
}
