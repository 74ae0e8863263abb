//! What the log tells of a patient, in plain words.

use super::{node::Node, text};
use serde_json::Value;
use std::path::Path;

pub(super) async fn patient(dir: &Path, id: &str, issuer: Option<&str>, json: bool) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let mut path = format!("/api/audit/patient?id={}", super::node::segment(id));
    if let Some(issuer) = issuer {
        path = format!("{path}&issuer={}", super::node::segment(issuer));
    }
    let told = node.get(&path).await?;
    node.close().await?;
    if json {
        println!("{told:#}");
        return Ok(());
    }
    let entries = told["entries"].as_array().cloned().unwrap_or_default();
    println!(
        "Patient {id}: {} studies, {} entries, newest first."
            | "Patient {id} : {} examens, {} entrées, les plus récentes d'abord.",
        told["studies"].as_array().map_or(0, Vec::len),
        entries.len()
    );
    for entry in &entries {
        println!("{}", sentence(entry));
    }
    if told["more"] == true {
        println!("There are older entries." | "Il y a des entrées plus anciennes.");
    }
    Ok(())
}

/// When, who, for whom, what, how it ended, of which study.
fn sentence(entry: &Value) -> String {
    let field = |key| text::field(entry, key);
    let person = if field("person").is_empty() { word!("the node" | "le nœud").to_owned() } else { field("person") };
    let role = field("role");
    let who = if role.is_empty() || role == "-" { person } else { format!("{person} ({role})") };
    let site = match entry["site_name"].as_str() {
        Some(site) => told!(" of {site}" | " de {site}"),
        None => String::new(),
    };
    let other = match entry["peer_name"].as_str() {
        Some(peer) if entry["site_name"].as_str() != Some(peer) => told!(", with {peer}" | ", avec {peer}"),
        _ => String::new(),
    };
    let act = act(entry["act"].as_str().unwrap_or_default());
    let end = match entry["outcome"].as_str() {
        Some("refused") => word!(" – refused" | " – refusé"),
        Some("failed") => word!(" – failed" | " – échec"),
        _ => "",
    };
    format!("{}  {who}{site}: {act}{other}{end}  [{}]", text::time(entry, "at"), field("study"))
}

/// An act in words; those that are not about studies keep theirs.
fn act(word: &str) -> String {
    let said = match word {
        "study-received" => word!("sent images of it" | "a envoyé des images"),
        "instance-refused" => word!("sent an image that was not taken" | "a envoyé une image non prise"),
        "study-opened" => word!("opened it" | "l'a ouvert"),
        "studies-queried" => word!("saw it in a list" | "l'a vu dans une liste"),
        "study-served" => word!("read images of it from here" | "en a lu des images d'ici"),
        "study-fetched" => word!("fetched it" | "l'a fait venir"),
        "pass-given" => word!("may be given it by a third site" | "peut le recevoir d'un site tiers"),
        "copy-lent" => word!("read images of it from a copy" | "en a lu des images d'une copie"),
        "study-shared" => word!("shared it" | "l'a partagé"),
        "study-exported" => word!("took it out" | "l'a exporté"),
        "study-rejected" => word!("rejected it" | "l'a rejeté"),
        "study-reinstated" => word!("took the rejection back" | "a annulé le rejet"),
        "study-corrected" => word!("corrected it" | "l'a corrigé"),
        "correction-undone" => word!("took a correction back" | "a annulé une correction"),
        "study-erased" => word!("erased images of it" | "en a effacé des images"),
        "study-offered" => word!("offered it" | "l'a proposé"),
        "study-labelled" => word!("changed its labels" | "en a changé les étiquettes"),
        "retention-changed" => word!("changed how long it is kept" | "a changé sa durée de conservation"),
        "study-withheld" => word!("held it back from other sites" | "l'a retenu aux autres sites"),
        "study-released" => word!("holds it back no more" | "ne le retient plus"),
        "log-read" => word!("read this list" | "a lu cette liste"),
        other => other,
    };
    said.to_owned()
}
