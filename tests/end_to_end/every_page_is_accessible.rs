//! Somebody who works by keyboard, by screen reader or on a phone uses the portal of a site that has seen things.

use crate::SITE;
use serde_json::json;
use tests::{Pair, Preset, Study, browser, eventually, wait::holds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_her_browser() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (site, cold) = (&pair.a, pair.a.scratch("cold"));
    site.stop().await;
    site.configure("archive", "cold", toml::Value::String(cold.join("mount").display().to_string()));
    site.serve().await;
    let _ = site.cli(&["rule", "add", "offers", "--offer", "CHU Sud"]).ok();
    let _ = site.cli(&["rule", "add", "night", "--of-peer", "CHU Sud", "--offered", "--fetch-mb-s", "10"]).ok();
    let studies: Vec<Study> = (0..4).map(|_| Study::of(3)).collect();
    let mut conflicting = Vec::new();
    for study in &studies {
        let (made, paths) = study.write(&site.scratch(&study.uid));
        let _ = site.c_store(&paths).ok();
        let _ = site.settled(&study.uid, 3).await;
        conflicting = made[0].file.clone();
    }
    *conflicting.last_mut().unwrap() ^= 1;
    assert_eq!(site.stow(&[&conflicting]).await.status, 409);
    let correction = json!({ "set": { "PatientName": "Lefevre^Zora" }, "note": "" });
    let _ = site.post(&format!("/api/studies/{}/correct", studies[0].uid), &correction).await.ok();
    let rejection = json!({ "reason": "113038", "note": "" });
    let _ = site.post(&format!("/api/studies/{}/reject", studies[1].uid), &rejection).await.ok();
    eventually!(15, "a study is settled and goes cold", {
        let asked = site.post(&format!("/api/studies/{}/tier", studies[2].uid), &json!({ "tier": "cold" })).await;
        holds(asked.status.is_success())
    });
    eventually!(15, "it is in the cold tier", {
        let row = site.listed(&studies[2].uid).await?;
        holds(row["availability"] == "nearline")
    });
    let source =
        json!({ "name": "PACS", "purposes": ["list", "migrate"], "title": "PACS", "host": "127.0.0.1", "port": 9 });
    let _ = site.post("/api/sources", &source).await.ok();

    let password = site.new_user("amy.wong", "admin");
    let portal = format!("http://{}", site.portal());
    let seen = browser::run(
        "every_page_is_accessible",
        &json!({ "portal": portal, "name": "amy.wong", "password": password }),
    );
    assert_eq!(seen["judged"], json!(2 * (1 + 2 * 26)), "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe");
    assert_eq!(seen["overflows"], json!([]), "no page is wider than the screen");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}
