//! Two administrators on the phone make their sites peers.

use crate::SITE;
use serde_json::json;
use std::io::{BufRead, BufReader};
use tests::{
    Pair, browser, eventually,
    hospital::{agreement, peer},
    wait::holds,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::strangers(SITE).await;
    let password = pair.a.new_user("admin", "admin");
    let _ = pair.b.new_user("admin", "admin");
    let input = json!({
        "a": { "portal": format!("http://{}", pair.a.portal()), "site": pair.a.name },
        "b": { "portal": format!("http://{}", pair.b.portal()), "site": pair.b.name },
        "name": "admin",
        "password": password,
    });
    let seen = browser::run("admins_pair_two_sites", &input);
    assert_eq!(seen["digits_a"], seen["digits_b"], "{seen}");
    assert_eq!(seen["errors"], json!([]), "{seen}");
    println!("seconds: {}", seen["seconds"]);
    for (site, other) in [(&pair.a, &pair.b_id), (&pair.b, &pair.a_id)] {
        eventually!(20, "the peers are connected", peer(site, other).await.filter(|p| p["connected"] == true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_interface_of_a_program() {
    let pair = Pair::paired(SITE).await;
    let agreement_id = pair.agree(&json!({ "preset": "all" })).await["id"].as_str().unwrap().to_owned();
    let row = agreement(&pair.b, &agreement_id).await.unwrap();
    assert!(!row["sentences"]["fr"].as_array().unwrap().is_empty(), "it is explained in French: {row}");
    assert!(!row["sentences"]["en"].as_array().unwrap().is_empty(), "and in English");
    let _ = pair.b.stop().await;
    pair.b.serve().await;
    eventually!(
        30,
        "a restarted site finds its peer",
        peer(&pair.b, &pair.a_id).await.filter(|p| p["connected"] == true)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_command_line() {
    let pair = Pair::strangers(SITE).await;
    let (a, b) = (&pair.a, &pair.b);
    let mut inviting = a.cli_start(&["peer", "invite", "--yes"]);
    let mut lines = BufReader::new(inviting.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut next =
        |name: &str| lines.find_map(|line| line.strip_prefix(name).map(|rest| rest.trim().to_owned())).unwrap();
    let (invitation, code) = (next("Invitation:"), next("Code:"));
    let joined = b.cli(&["peer", "join", &invitation, "--code", &code, "--yes"]).ok();
    assert_eq!(next("Other site:"), b.name);
    assert!(joined.out.contains(&format!("Digits: {}", next("Digits:"))), "{}", joined.out);
    assert!(inviting.wait().unwrap().success());
    eventually!(20, "both are peers", {
        let (at_a, at_b) = (a.cli(&["peer", "list"]).ok(), b.cli(&["peer", "list"]).ok());
        holds(at_a.out.contains(&b.name) && at_b.out.contains(&a.name))
    });
    let _ = a.cli(&["agreement", "offer", &b.name, "--preset", "on-call"]).ok();
    let id = eventually!(15, "the offer arrives", {
        let rows = b.get("/api/agreements").await.ok().json();
        rows.as_array()?.iter().find(|row| row["state"] == "received")?["id"].as_str().map(str::to_owned)
    });
    let _ = b.cli(&["agreement", "accept", &id]).ok();
    eventually!(15, "it is in force", agreement(a, &id).await.filter(|row| row["state"] == "active"));
    let _ = a.cli(&["agreement", "end", &id]).ok();
    eventually!(15, "it is over at both", agreement(b, &id).await.filter(|row| row["state"] == "ended"));
    let _ = a.cli(&["peer", "revoke", &b.name]).ok();
}
