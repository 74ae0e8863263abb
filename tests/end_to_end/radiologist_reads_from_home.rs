//! The radiologist on call sits at home, and nothing is installed there: her own site's portal over 10 Mbit/s and 60 ms shows her the
//! list and the images of another hospital's study, and takes her report.

use crate::SITE;
use serde_json::json;
use tests::{Pair, Preset, Study, browser};

const BITS_PER_S: u32 = 10_000_000;
const RTT_MS: u32 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_ten_megabits() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let password = pair.b.new_user("dr.leroy", "radiologist");
    let study = Study::of(24).size(512, 512).named("Kervella^Maïwenn");
    let id = crate::cases::ready(&pair, &study).await;
    let seen = browser::run(
        "radiologist_reads_from_home",
        &json!({
            "portal": format!("http://{}", pair.b.portal()), "name": "dr.leroy", "password": password, "case": id,
            "site": pair.a.name, "patient": "Kervella Maïwenn", "born": "24/05/1961", "a": { "site": pair.a.name },
            "shape": { "bits_per_s": BITS_PER_S, "one_way_ms": RTT_MS / 2 },
        }),
    );
    println!("seconds: {}", seen["seconds"]);
    assert!(seen["shades"].as_u64().unwrap() > 16, "an image is drawn: {seen}");
    assert_ne!(seen["first"], seen["second"], "and the next one is another: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    let case = pair.b.get(&format!("/api/cases/{id}")).await.ok().json();
    assert_eq!(case["reports"][0]["standing"], "final", "{case}");
}
