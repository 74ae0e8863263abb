//! The final report of the morning says other than the preliminary one of the night. In three browsers, against two nodes.
#![allow(clippy::print_stdout, reason = "how long its steps took: `--no-capture`")]

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Site, Study, browser, eventually,
    http::{self, Ask},
    wait::holds,
};

/// Of the study that is read.
const IMAGES: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_three_browsers() {
    let _ = told(false).await;
}

/// The final report was read before anybody compared: the difference is told all the same, and nothing is closed until it is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_three_browsers_where_the_final_report_was_read_first() {
    let seen = told(true).await;
    assert_eq!(seen["told_after"], 0, "who knows is told no more: {seen}");
}

async fn told(read_first: bool) -> Value {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let case = crate::cases::ready(&pair, &Study::of(IMAGES).named("Kervella^Maïwenn")).await;
    let desk = |site: &Site, name: &str, role: &str| {
        json!({ "portal": format!("http://{}", site.portal()), "site": site.name, "name": name,
            "password": site.new_user(name, role) })
    };
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "night": desk(&pair.b, "dr.leroy", "radiologist"),
        "morning": desk(&pair.b, "dr.bernard", "radiologist"),
        "case": case,
        "read_first": read_first,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("discrepancy", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["final_begins_with"], "Pas d’embolie pulmonaire.", "{seen}");
    assert_eq!(seen["asker_may_compare"], false, "a physician of the reading site compares: {seen}");
    let marked = seen["marked"].to_string();
    assert!(marked.contains("lobaire") && !marked.contains("épanchement"), "what differs, and only that: {seen}");
    assert_eq!((&seen["says_without_class"], &seen["says_without_why"]), (&json!(false), &json!(false)), "{seen}");
    assert_eq!(seen["read_by_opening"], false, "looking at a report is not having read it: {seen}");
    assert_eq!((&seen["wide"], &seen["grave"]), (&json!([]), &json!([])), "from a phone to a wall, and axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    // Both sites keep both reports, and what was said of them.
    for site in [&pair.a, &pair.b] {
        let kept = http::ask(site.portal(), Ask::get(format!("/api/cases/{case}")).bearer(&site.token)).await;
        let kept = kept.unwrap().ok().json();
        assert_eq!(kept["reports"].as_array().unwrap().len(), 2, "{kept}");
        let compared = &kept["comparisons"][0];
        assert_eq!((&compared["class"], &compared["person"]), (&json!("major"), &json!("dr.bernard")), "{kept}");
        assert_eq!(kept["stage"], "closed", "{kept}");
        eventually!(10, "reports lie beside the images, and are none", {
            let ask = Ask::get(format!("/api/cases/{case}")).bearer(&site.token);
            holds(http::ask(site.portal(), ask).await.unwrap().json()["study_list"][0]["instances"] == IMAGES)
        });
    }
    seen
}
