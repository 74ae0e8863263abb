//! A stroke at night: the request from one hospital rings at another, is accepted, read and signed there, and the critical
//! result is heard where it was asked for. In two browsers, against two nodes.

use crate::SITE;
use serde_json::json;
use tests::{Pair, Preset, Study, browser};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let asker = pair.a.new_user("dr.morvan", "referrer");
    let reader = pair.b.new_user("dr.leroy", "radiologist");
    let study = Study::of(24).size(256, 256).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let input = json!({
        "a": { "portal": format!("http://{}", pair.a.portal()), "site": pair.a.name, "name": "dr.morvan", "password": asker },
        "b": { "portal": format!("http://{}", pair.b.portal()), "site": pair.b.name, "name": "dr.leroy", "password": reader },
        "study": study.uid,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("stroke_at_night", &input);
    assert_eq!(seen["heard_by_opening"], false, "looking at a critical result is not hearing of it: {seen}");
    assert_eq!(seen["final_begins_with"], "AVC ischémique sylvien gauche, occlusion M1.", "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    println!("seconds: {}", seen["seconds"]);
    let seconds = |what: &str| seen["seconds"][what].as_f64().unwrap();
    for (what, most) in
        [("request", 60.0), ("alert", 2.0), ("accepted_seen", 5.0), ("claim_seen", 2.0), ("preliminary_seen", 5.0)]
    {
        assert!(seconds(what) <= most, "{what}: {} s, not {most}", seconds(what));
    }
}
