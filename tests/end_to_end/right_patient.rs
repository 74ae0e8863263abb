//! One browser, one patient: two cases of one reader in tabs of one browser. While the viewer shows one of them, the report of the
//! other can be neither written nor signed; the way out is one click, and what was written stays.

use crate::SITE;
use serde_json::json;
use tests::{Pair, Preset, Study, browser};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_tabs_of_one_browser() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let mut cases = Vec::new();
    for name in ["Kervella^Maïwenn", "Durand^Paul"] {
        cases.push(crate::cases::ready(&pair, &Study::of(3).named(name)).await);
    }
    let input = json!({
        "b": { "portal": format!("http://{}", pair.b.portal()), "name": "dr.leroy",
            "password": pair.b.new_user("dr.leroy", "radiologist") },
        "cases": cases,
        "patients": ["Kervella Maïwenn", "Durand Paul"],
    });
    let seen = browser::run("right_patient", &input);
    println!("seconds: {}", seen["seconds"]);
    let locked = json!({ "writes": false, "signs": false });
    let open = json!({ "writes": true, "signs": true });
    assert_eq!(seen["own_viewer"], open, "the images of the case itself lock nothing: {seen}");
    assert_eq!(seen["other_viewer"], locked, "{seen}");
    assert_eq!(seen["signed_by_keyboard"], 0, "{seen}");
    assert_eq!(seen["says_whom"], true, "{seen}");
    assert_eq!(seen["viewer_warns"], true, "the viewer says so too: {seen}");
    assert_eq!(seen["after_closing"], open, "{seen}");
    assert_eq!(seen["kept"], "Texte de l’un.", "what was written stays: {seen}");
    assert_eq!(seen["viewer_gone"], true, "{seen}");
    assert_eq!(
        seen["other_name"],
        json!([409, "wrong-patient", ["name"]]),
        "under the other's name nothing is signed: {seen}"
    );
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}
