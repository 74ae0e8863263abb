//! What a peer sees of ours, and why it may or may not have a study.

use super::{
    args::{Explain, ViewAs},
    node::{Node, segment},
    text,
};
use crate::words;
use serde_json::Value;
use std::{path::Path, process::ExitCode};

/// Nothing is wrong with the question; the answer is no.
const REFUSED: u8 = 1;

pub(super) async fn view_as(dir: &Path, asked: ViewAs) -> anyhow::Result<()> {
    let ViewAs { site, limit, json } = asked;
    let mut node = Node::running(dir).await?;
    let sees = node.get(&format!("/api/peers/{}/sees?limit={limit}", segment(&site))).await?;
    if json {
        println!("{sees:#}");
        return node.close().await;
    }
    eprintln!(
        "{} sees {} of our studies:" | "{} voit {} de nos examens :",
        text::field(&sees, "peer_name"),
        text::field(&sees, "total")
    );
    let row = |row: &Value| {
        let modalities = row["modalities"].as_array().into_iter().flatten().filter_map(Value::as_str);
        vec![
            text::field(row, "study"),
            text::field(row, "date"),
            modalities.collect::<Vec<_>>().join(","),
            text::field(&row["patient"], "name"),
            text::field(row, "basis"),
            match row["closed"].as_str() {
                None => word!("yes" | "oui").to_owned(),
                Some(why) => why.to_owned(),
            },
        ]
    };
    let rows: Vec<Vec<String>> = sees["studies"].as_array().into_iter().flatten().map(row).collect();
    if !rows.is_empty() {
        let heads = word!("STUDY|DATE|MODALITIES|PATIENT|BY|OPENS NOW" | "EXAMEN|DATE|MODALITÉS|PATIENT|PAR|S'OUVRE");
        print!("{}", text::table(heads, &rows));
    }
    node.close().await
}

pub(super) async fn explain(dir: &Path, asked: Explain) -> anyhow::Result<ExitCode> {
    let Explain { peer, study, at, level, person, purpose, json } = asked;
    let mut node = Node::running(dir).await?;
    let more = [("at", at), ("person", person), ("purpose", purpose)].into_iter();
    let more = more.filter_map(|(name, value)| value.map(|value| format!("&{name}={}", segment(&value))));
    let more = more.collect::<String>();
    let (peer, study, level) = (segment(&peer), segment(&study), segment(&level));
    let path = format!("/api/peers/{peer}/explain?study={study}&level={level}{more}");
    let said = node.get(&path).await?;
    node.close().await?;
    let allowed = said["allowed"].as_bool() == Some(true);
    if json {
        println!("{said:#}");
    } else {
        print!("{}", chain(&said));
    }
    Ok(if allowed { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Each link on a line, under what it belongs to.
fn chain(said: &Value) -> String {
    let language = words::spoken().tag();
    let mut shown = String::new();
    let mut last = None;
    for step in said["steps"].as_array().into_iter().flatten() {
        let ground = (text::field(step, "ground"), text::field(step, "ground_id"));
        if last.as_ref() != Some(&ground) {
            let head = match ground.0.as_str() {
                "agreement" => word!("Agreement" | "Accord"),
                "grant" => word!("Grant" | "Autorisation"),
                _ => word!("Sites" | "Sites"),
            };
            let version = step["version"].as_u64().map(|v| format!(" v{v}")).unwrap_or_default();
            shown += &format!("{head} {}{version}\n", ground.1);
            last = Some(ground);
        }
        let mark = if step["holds"].as_bool() == Some(true) { "✓" } else { "✗" };
        shown += &format!("  {mark} {}\n", text::field(step, language));
    }
    let verdict = match (said["allowed"].as_bool(), said["until"].as_str()) {
        (Some(true), None) => word!("Allowed." | "Permis.").to_owned(),
        (Some(true), Some(until)) => format!("{} {until}.", word!("Allowed until" | "Permis jusqu'au")),
        _ => format!("{} ({}).", word!("Refused" | "Refusé"), text::field(said, "refusal")),
    };
    shown + &verdict + "\n"
}
