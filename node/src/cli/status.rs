//! How the running node is doing.

use super::{node::Node, peers, text, transfers};
use serde_json::Value;
use std::path::Path;

/// Looks only: a folder on which no node runs is not opened.
pub(super) async fn status(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    let mut status = node.get("/api/status").await?;
    status["links"] = node.get("/api/links").await?;
    // A node that was started before it was replaced does not tell.
    status["outgoing"] = node.get("/api/transfers/outgoing").await.unwrap_or_default();
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
    let links = transfers::link_table(&status["links"]);
    if !links.is_empty() {
        println!("\n{}", links.trim_end());
    }
    let transfers = transfers::table(&status["transfers"]);
    if !transfers.is_empty() {
        println!("\n{}", transfers.trim_end());
    }
    let outgoing = transfers::outgoing_table(&status["outgoing"]);
    if !outgoing.is_empty() {
        println!("\n{}", outgoing.trim_end());
    }
}
