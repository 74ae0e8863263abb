//! The line between a radiologist's browser and the node is cut in the midst of a report.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Study, browser,
    http::{self, Ask},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_her_browser() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let password = pair.b.new_user("dr.leroy", "radiologist");
    let id = crate::cases::ready(&pair, &Study::of(4).named("Kervella^Maïwenn")).await;
    let input = json!({
        "portal": format!("http://{}", pair.b.portal()),
        "name": "dr.leroy",
        "password": password,
        "case": id,
    });
    let seen = browser::run("network_cut_while_reporting", &input);
    println!("seconds: {}", seen["seconds"]);
    let (before, during) = ("Hématome capsulo-lenticulaire gauche", ", 32 mm, sans effet de masse");
    assert_eq!(seen["before"], before, "{seen}");
    assert_eq!(seen["readable"], false, "nothing of it can be read on the disk");
    assert_eq!(seen["sealed"], true, "and it is there");
    assert_eq!(seen["during"], format!("{before}{during}"), "it is at the node by itself once the line is back");
    let whole = format!("{before}{during}. Ligne médiane en place.");
    assert_eq!((&seen["found"], &seen["after"]), (&json!(whole), &json!(whole)), "a tab that is loaded anew finds it");
    assert_eq!(seen["left"], false, "nothing stays in the browser once the node has it");
    assert_eq!(seen["outside_hosts"], json!([]), "{seen}");
    let report = http::ask(pair.b.portal(), Ask::get(format!("/api/cases/{id}")).bearer(&pair.b.token)).await.unwrap();
    assert_eq!(report.json()["reports"], Value::Array(Vec::new()), "a draft is no report");
}
