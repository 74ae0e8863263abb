//! A study is corrected, images of it are replaced and rejected, and at last all of it is withdrawn, while radiologists
//! at both sites have it on their screens.

#![allow(clippy::print_stdout, reason = "how long it took to tell them: `--no-capture`")]

use crate::SITE;
use serde_json::{Value, json};
use tests::{Pair, Preset, Site, Study, browser};

/// "At every reachable holder" within.
const WITHIN_MS: u64 = 5_000;

fn at(site: &Site, name: &str) -> Value {
    let password = site.new_user(name, "radiologist");
    json!({ "portal": format!("http://{}", site.portal()), "site": site.name, "name": name, "password": password })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_both_are_told_and_see_no_more_of_it_in_their_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(6).size(128, 128).named("Lefèvre^Zoé");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let mut resent = made[1].clone();
    *resent.file.last_mut().unwrap() ^= 1;
    assert_eq!(pair.a.stow(&[&resent.file]).await.status, 409);
    let conflicts = pair.a.get("/api/conflicts").await.ok().json();

    let input = json!({
        "a": at(&pair.a, "anne.roux"),
        "b": at(&pair.b, "zoe.martin"),
        "token": pair.a.new_token("rossi", "technologist"),
        "patient": "Lefèvre",
        "study": study.uid,
        "series": made[0].series,
        "instance": made[0].uid,
        "conflict": conflicts[0]["id"],
        "within_ms": WITHIN_MS,
    });
    let seen = browser::run("study_changes_under_readers", &input);
    for what in ["corrected", "replaced", "rejected", "withdrawn"] {
        println!("{what}: told here and at the confrère after {} ms", seen["told_ms"][what]);
        let all = seen["told_ms"][what].as_array().unwrap();
        assert_eq!(all.iter().filter(|ms| ms.as_u64().is_some_and(|ms| ms <= WITHIN_MS)).count(), 2, "{what}: {seen}");
    }
    assert_eq!(seen["still_shown"], json!([]), "hidden as long as it is not loaded anew");
    assert_eq!(seen["after"], json!([false, false]), "and not there after");
    assert_eq!(seen["outside_hosts"], json!([]));
}
