//! A request that names nobody goes down the ranks: who cannot be asked is passed over, who refuses says why, the next takes it; and
//! whoever asked sees all of it. In three browsers, against five nodes.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Site, Study, browser, eventually,
    hospital::{agree, pair, peer},
    http::{Ask, Method},
    wait::holds,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_three_browsers() {
    let asker = Site::open(SITE, "CH Nord").await;
    let silent = Site::open(SITE, "Clinique Close").await;
    let strange = Site::open(SITE, "Clinique Neuve").await;
    let refuser = Site::open(SITE, "CHU Sud").await;
    let taker = Site::open(SITE, "CHU Est").await;
    for site in [&silent, &strange, &refuser, &taker] {
        pair(&asker, site).await;
    }
    for site in [&silent, &refuser, &taker] {
        let _ = agree((&asker, site), &json!({ "preset": "all", "direction": "ours" })).await;
    }
    let mut settings = asker.get("/api/cases/settings").await.ok().json();
    settings["ranks"] = json!([&silent, &strange, &refuser, &taker].map(|site| json!({ "site": site.name })));
    let _ = asker.ask(Ask::new(Method::PUT, "/api/cases/settings").json(&settings)).await.ok();
    let study = Study::of(4).size(128, 128).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&asker.scratch("scanner"));
    let _ = asker.c_store(&paths).ok();
    let _ = asker.settled(&study.uid, made.len()).await;
    let silent_id = silent.id().await;
    silent.kill();
    eventually!(60, "the silent site is known to be away", {
        holds(peer(&asker, &silent_id).await.is_some_and(|peer| peer["connected"] == false))
    });

    let desk = |site: &Site, name: &str, role: &str| json!({ "portal": format!("http://{}", site.portal()), "name": name, "password": site.new_user(name, role) });
    let seen = browser::run(
        "refused_and_rerouted",
        &json!({
            "asker": desk(&asker, "dr.morvan", "referrer"),
            "refuser": desk(&refuser, "dr.leroy", "radiologist"),
            "taker": desk(&taker, "dr.bernard", "radiologist"),
            "study": study.uid,
            "patient": "Kervella Maïwenn",
        }),
    );
    println!("seconds: {}", seen["seconds"]);
    let said = |turn: &Value, rank: usize| turn[rank].as_str().unwrap_or_default().to_owned();
    let says = |turn: &Value, rank: usize, words: [&str; 2]| {
        let line = said(turn, rank);
        assert!(words.iter().all(|word| line.contains(word)), "{words:?}: {line} of {seen}");
    };
    for turn in [&seen["turns"][0], &seen["turns"][1], &seen["lines"]] {
        says(turn, 0, ["Clinique Close", "non sollicité : injoignable"]);
        says(turn, 1, ["Clinique Neuve", "non sollicité : aucun accord ne le couvre"]);
    }
    says(&seen["turns"][0], 2, ["CHU Sud", "sollicité, jusqu’à"]);
    assert_eq!(seen["turns"][0].as_array().unwrap().len(), 3, "nobody else is asked before that: {seen}");
    says(&seen["turns"][1], 2, ["CHU Sud", "refus : Hors de ma compétence"]);
    says(&seen["lines"], 3, ["CHU Est", "accepté"]);
    says(&seen["english"], 0, ["Clinique Close", "not asked: cannot be reached"]);
    says(&seen["english"], 2, ["CHU Sud", "refused: Hors de ma compétence"]);
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}
