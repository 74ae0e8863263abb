//! The cold tier: how it is, and studies moved by hand.

use super::{
    args::TierCommand,
    node::{Node, segment},
    objects::spinner,
    text,
};
use anyhow::bail;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// How often the node is asked how far a move is.
const ASK_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn tier(dir: &Path, command: TierCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        TierCommand::Status => show(&node.get("/api/tiers").await?),
        TierCommand::Cold { uid } => wait(&mut node, &uid, "cold").await?,
        TierCommand::Hot { uid } => wait(&mut node, &uid, "hot").await?,
    }
    node.close().await
}

fn show(tiers: &Value) {
    if tiers["configured"] != json!(true) {
        println!("No cold tier is configured (archive.cold in confrere.toml).");
        return;
    }
    let there = if tiers["reachable"] == json!(true) { "there" } else { "NOT THERE" };
    println!("The cold tier is {there}.");
    let bytes = |key: &str| tiers[key].as_u64().map_or_else(|| "unknown".to_owned(), text::size);
    println!("Studies in it: {}, {}.", tiers["studies"], bytes("bytes"));
    println!("Free: {}. Read at: {} a second.", bytes("free_bytes"), bytes("pace"));
    for one in tiers["moves"].as_array().into_iter().flatten() {
        let error = one["error"].as_str().unwrap_or_default();
        println!(
            "{} to {}: {} of {} {error}",
            text::field(one, "study"),
            text::field(one, "to"),
            one["done"],
            one["objects"]
        );
    }
}

async fn wait(node: &mut Node, uid: &str, tier: &str) -> anyhow::Result<()> {
    let path = format!("/api/studies/{}/tier", segment(uid));
    node.post(&path, &json!({ "tier": tier })).await?;
    let bar = spinner();
    loop {
        let now = node.get(&path).await?;
        let moving = &now["moving"];
        if let Some(error) = moving["error"].as_str() {
            bail!("the study was not moved: {error}");
        }
        if moving.is_null() {
            bar.finish_and_clear();
            println!("The study is {}.", text::field(&now, "tier"));
            return Ok(());
        }
        bar.set_message(format!("{} of {} objects", moving["done"], moving["objects"]));
        bar.tick();
        tokio::time::sleep(ASK_EVERY).await;
    }
}
