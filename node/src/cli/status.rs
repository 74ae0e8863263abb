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
        "{} · up {} · version {}" | "{} · en marche depuis {} · version {}",
        text::field(status, "site"),
        text::span(number("uptime_s")),
        text::field(status, "version")
    );
    println!("  site key   {}" | "  clé        {}", text::field(status, "site_id"));
    let doors =
        [(word!("portal" | "portail"), "portal"), ("DICOM", "dimse"), ("messages", "overlay"), ("images", "pixels")];
    for (label, key) in doors {
        println!("  {label:<10} {}", text::field(status, key));
    }
    println!(
        "  archive    {} studies, {} instances, {}" | "  archive    {} examens, {} instances, {}",
        number("studies"),
        number("instances"),
        text::size(number("bytes"))
    );
    println!(
        "  copies     {} of peers' studies" | "  copies     {} d'examens de confrères",
        text::size(number("cache_bytes"))
    );
    println!("  disk       {} free" | "  disque     {} libres", text::size(number("free_bytes")));
    println!("  memory     {}" | "  mémoire    {}", text::size(number("rss_bytes")));
    println!("  DICOM      {} associations open" | "  DICOM      {} associations ouvertes", number("associations"));
    println!("\n{}", peers::peer_table(&status["peers"]).trim_end());
    let transfers: Vec<Vec<String>> = status["transfers"].as_array().into_iter().flatten().map(transfer).collect();
    if !transfers.is_empty() {
        println!(
            "\n{}",
            text::table(word!("FROM|STATE|IMAGES|SPEED|STUDY UID" | "DE|ÉTAT|IMAGES|DÉBIT|STUDY UID"), &transfers)
                .trim_end()
        );
    }
}

fn transfer(row: &Value) -> Vec<String> {
    let megabytes = row["bytes_per_s"].as_f64().unwrap_or(0.0) / 1e6;
    vec![
        text::field(row, "site_name"),
        text::field(row, "state"),
        format!("{}/{}", text::field(row, "instances_done"), text::field(row, "instances_total")),
        told!("{megabytes:.1} MB/s" | "{megabytes:.1} Mo/s"),
        text::field(row, "study"),
    ]
}
