//! A study shared with one site is passed on to a third, narrower, where holder and agreement let it; what is wider is refused,
//! and what is taken back is taken from all.

use crate::SITE;
use serde_json::{Value, json};
use tests::{Site, Study, eventually, hospital, wait::holds};

async fn grants(site: &Site) -> Vec<Value> {
    site.get("/api/grants").await.ok().json().as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_grants_is_narrowed_not_widened_and_taken_back_from_its_head() {
    let (a, b, c) =
        (Site::open(SITE, "CH Nord").await, Site::open(SITE, "CHU Sud").await, Site::open(SITE, "Clinique").await);
    for (one, other) in [(&a, &b), (&a, &c), (&b, &c)] {
        hospital::pair(one, other).await;
    }
    let closed = json!({ "preset": "case-only", "direction": "ours", "level": "pixels" });
    let agreed = hospital::agree((&a, &b), &closed).await;
    let study = Study::of(3);
    let (made, paths) = study.write(&a.scratch(&study.uid));
    let _ = a.c_store(&paths).ok();
    let _ = a.settled(&study.uid, made.len()).await;

    // Never by default.
    let said = a.cli(&["study", "share", &study.uid, "CHU Sud", "--hours", "4", "--forward", "Clinique"]);
    assert!(said.code == Some(1) && said.err.contains("onward"), "{}", said.err);
    let mut onward = closed.clone();
    (onward["onward"], onward["replaces"]) = (json!(true), agreed["id"].clone());
    let _ = hospital::agree((&a, &b), &onward).await;
    let alone = a.cli(&["study", "share", &study.uid, "CHU Sud", "--hours", "4"]).ok().out.trim().to_owned();
    eventually!(10, "the grant is there", holds(grants(&b).await.iter().any(|row| row["grant"] == alone)));
    let said = b.cli(&["grant", "pass-on", &alone, "Clinique"]);
    assert!(said.code == Some(1) && said.err.contains("narrower-subject"), "forward=false: {}", said.err);
    let _ = a.cli(&["grant", "revoke", &alone]).ok();

    let share =
        ["study", "share", &study.uid, "CHU Sud", "--hours", "4", "--forward", "Clinique", "--purpose", "expertise"];
    let root = a.cli(&share).ok().out.trim().to_owned();
    eventually!(10, "the grant is there", holds(grants(&b).await.iter().any(|row| row["grant"] == root)));
    for (wider, named) in [
        (&["--hours", "9"][..], "narrower-end"),
        (&["--level", "objects"][..], "narrower-level"),
        (&["--purpose", "care"][..], "narrower-purpose"),
        (&["--forward", "CH Nord"][..], "narrower-forward"),
    ] {
        let said = b.cli(&[&["grant", "pass-on", &root, "Clinique"][..], wider].concat());
        assert!(said.code == Some(1) && said.err.contains(named), "{named}: {}", said.err);
    }
    assert!(c.listed(&study.uid).await.is_none());

    let leaf = b.cli(&["grant", "pass-on", &root, "Clinique", "--hours", "2", "--copies-max", "2"]).ok();
    let leaf = leaf.out.trim().to_owned();
    let _ = c.settled(&study.uid, made.len()).await;
    let _ = c.frame(&made[0].path(), 1).await.ok();
    for site in [&a, &b, &c] {
        let row = grants(site).await.into_iter().find(|row| row["grant"] == leaf).expect("each of the three has it");
        assert_eq!((&row["through"], &row["parent"]), (&json!(["CH Nord", "CHU Sud"]), &json!(root)), "{row}");
        assert_eq!((&row["peer_name"], &row["purpose"]), (&json!("Clinique"), &json!("expertise")));
    }
    let said = a.cli(&["grant", "list"]).ok();
    assert!(said.out.contains("CH Nord → CHU Sud → Clinique") && said.out.contains("1/2"), "{}", said.out);
    let explained = a.cli(&["explain", "--peer", "Clinique", "--study", &study.uid, "--json"]);
    let explained: Value = serde_json::from_str(&explained.out).unwrap();
    let links: Vec<_> = explained["steps"].as_array().unwrap().iter().map(|step| step["link"].clone()).collect();
    assert!(links.contains(&json!("grant-parent")) && links.contains(&json!("onward")), "{links:?}");
    let shared = a
        .audit("")
        .await
        .iter()
        .filter(|event| {
            event["act"] == "study-shared"
                && event["note"].as_str().is_some_and(|note| note.starts_with("passed on to"))
        })
        .count();
    assert_eq!(shared, 1, "the holder wrote it down");

    // The head of the chain is taken back, and with it all.
    let _ = a.cli(&["grant", "revoke", &root]).ok();
    eventually!(5, "it is gone at the third site", holds(c.listed(&study.uid).await.is_none()));
    assert!(!c.frame(&made[1].path(), 1).await.status.is_success());
    for site in [&a, &b, &c] {
        eventually!(5, "no grant is left", holds(grants(site).await.is_empty()));
    }
}
