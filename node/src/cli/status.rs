//! How the running node is doing.

use super::{node::Node, peers, text};
use serde_json::Value;
use std::path::Path;

/// Looks only: a folder on which no node runs is not opened.
pub(super) async fn status(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    let status = node.get("/api/status").await?;
    node.close().await?;
    if json {
        println!("{status:#}");
    } else {
        show(&status);
    }
    Ok(())
}

fn show(status: &Value) {
    let number = |key: &str| status[key].as_u64().unwrap_or(0);
    println!(
        "{} · up {} · version {}",
        text::field(status, "site"),
        text::span(number("uptime_s")),
        text::field(status, "version")
    );
    println!("  site key   {}", text::field(status, "site_id"));
    for (label, key) in [("portal", "portal"), ("DICOM", "dimse"), ("messages", "overlay"), ("images", "pixels")] {
        println!("  {label:<10} {}", text::field(status, key));
    }
    println!(
        "  archive    {} studies, {} instances, {}",
        number("studies"),
        number("instances"),
        text::size(number("bytes"))
    );
    println!("  copies     {} of peers' studies", text::size(number("cache_bytes")));
    println!("  disk       {} free", text::size(number("free_bytes")));
    println!("  memory     {}", text::size(number("rss_bytes")));
    println!("  DICOM      {} associations open", number("associations"));
    println!("\n{}", peers::peer_table(&status["peers"]).trim_end());
    let transfers: Vec<Vec<String>> = status["transfers"].as_array().into_iter().flatten().map(transfer).collect();
    if !transfers.is_empty() {
        println!("\n{}", text::table(&["FROM", "STATE", "IMAGES", "SPEED", "STUDY UID"], &transfers).trim_end());
    }
}

fn transfer(row: &Value) -> Vec<String> {
    let megabytes = row["bytes_per_s"].as_f64().unwrap_or(0.0) / 1e6;
    vec![
        text::field(row, "site_name"),
        text::field(row, "state"),
        format!("{}/{}", text::field(row, "instances_done"), text::field(row, "instances_total")),
        format!("{megabytes:.1} MB/s"),
        text::field(row, "study"),
    ]
}
