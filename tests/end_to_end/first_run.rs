//! A site's first administrator is led through setting it up, in a browser against a new node: a person, a modality that is asked and asks,
//! a confrère.

use crate::SITE;
use serde_json::json;
use tests::{Pair, browser, eventually, ports::Port, wait::holds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_browser() {
    let pair = Pair::strangers(SITE).await;
    let nobody = Port::reserve();
    let seen = browser::run(
        "first_run",
        &json!({
            "a": { "portal": format!("http://{}", pair.a.portal()), "site": pair.a.name, "name": "amy.wong",
                "password": pair.a.new_user("amy.wong", "admin"), "title": pair.a.ae_title, "dimse": pair.a.dimse().port() },
            "b": { "portal": format!("http://{}", pair.b.portal()), "site": pair.b.name, "name": "jean.petit",
                "password": pair.b.new_user("jean.petit", "admin"), "title": pair.b.ae_title },
            "modality": nobody.address().port(),
            "answers": pair.b.dimse().port(),
        }),
    );
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["begins_at"], "/setup", "{seen}");
    let done = |nth: usize| -> Vec<bool> {
        let steps = seen["steps"][nth].as_array().unwrap();
        steps
            .iter()
            .map(|step| {
                let text = step.as_str().unwrap();
                text.ends_with("fait") || (text.ends_with("done") && !text.ends_with("to be done"))
            })
            .collect()
    };
    assert_eq!(done(0), [false, false, false, false], "{seen}");
    assert_eq!(done(1), [false, true, false, false], "a modality that is known and not heard of: {seen}");
    assert_eq!(done(2), [false, true, true, true], "{seen}");
    assert_eq!(done(3), done(2), "what is done is done, in either language and out of sight: {seen}");
    assert_eq!(seen["left"], json!(["Il reste 3 étapes sur 4."]), "{seen}");
    assert_eq!(seen["links_after"], 0, "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    // By the command line as by the portal; a restarted node has heard nothing yet.
    let told = pair.a.cli(&["ae", "test", &pair.b.ae_title]).ok();
    assert!(told.err.contains("answered after"), "{}", told.err);
    pair.a.stop().await;
    pair.a.serve().await;
    eventually!(10, "nothing was heard since the start", {
        let known = pair.a.get("/api/aes").await.ok().json();
        holds(known.as_array().unwrap().iter().all(|ae| ae["heard"].is_null()))
    });
}
