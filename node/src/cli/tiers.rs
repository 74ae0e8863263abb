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
        println!("No cold tier is configured (archive.cold or archive.cold_store in confrere.toml).");
        return;
    }
    let kind = if tiers["kind"] == json!("store") { "an object store" } else { "a folder" };
    println!("The cold tier is {kind}: {}", text::field(tiers, "place"));
    match tiers["away"].as_str() {
        None => println!("It is there."),
        Some(why) => println!("It is NOT THERE: {}.", away(why)),
    }
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

fn away(why: &str) -> &str {
    match why {
        "silent" => "it does not answer",
        "unmarked" => "its mark is missing",
        "other-site" => "it belongs to another site",
        "credentials" => "the store does not accept the credentials, or they do not allow it",
        "bucket" => "the store has no such bucket",
        "region" => "the bucket is in another region than archive.cold_region",
        "clock" => "the store's clock and this machine's differ",
        "versions" => "the bucket keeps old versions, and what is erased would stay there",
        other => other,
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
