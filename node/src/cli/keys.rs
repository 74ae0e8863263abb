//! Keys that speak for sites.

use super::{
    args::{KeyCommand, RotateKey},
    node::Node,
    text,
};
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn key(dir: &Path, command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::List { json } => list(dir, json).await,
        KeyCommand::Rotate(asked) => rotate(dir, asked).await,
    }
}

async fn list(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let keys = node.get("/api/keys").await?;
    node.close().await?;
    if json {
        println!("{keys:#}");
        return Ok(());
    }
    let row = |site: &Value| {
        let conflict = word!("two successors: pair again" | "deux successeurs : appairer à nouveau");
        let standing = if site["conflict"].is_null() { "" } else { conflict };
        let changed = if site["changed"].is_null() { String::new() } else { text::time(site, "changed") };
        vec![text::field(site, "name"), text::field(site, "key"), changed, standing.to_owned()]
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(&keys["own"]).chain(keys["peers"].as_array().into_iter().flatten()).map(row).collect();
    print!("{}", text::table(word!("SITE|KEY|CHANGED|" | "SITE|CLÉ|CHANGÉE|"), &rows));
    Ok(())
}

async fn rotate(dir: &Path, asked: RotateKey) -> anyhow::Result<()> {
    let RotateKey { compromised, since, yes } = asked;
    let mut node = Node::running(dir).await?;
    let is_meant = yes
        || text::ask(word!(
            "Give this site a new key? Peers take it at once; take a backup afterwards."
                | "Donner une nouvelle clé à ce site ? Les confrères la prennent aussitôt ; sauvegardez ensuite."
        ));
    if !is_meant {
        return node.close().await;
    }
    let done = node.post("/api/keys/rotate", &json!({ "compromised": compromised, "since": since })).await?;
    node.close().await?;
    println!("New key: {}" | "Nouvelle clé : {}", text::field(&done["own"], "key"));
    let names =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    let (told, untold) = (names(&done["told"]), names(&done["untold"]));
    if !told.is_empty() {
        eprintln!("It is known to: {told}." | "Elle est connue de : {told}.");
    }
    if !untold.is_empty() {
        eprintln!(
            "These learn it when they are met: {untold}." | "Ceux-ci l'apprendront au prochain contact : {untold}."
        );
    }
    eprintln!(
        "Take a backup now: one from before this has the old key."
            | "Faites une sauvegarde maintenant : une plus ancienne a l'ancienne clé."
    );
    Ok(())
}
