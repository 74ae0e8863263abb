//! Whether the confrères know a patient.

use super::{node::Node, text};
use anyhow::Context;
use serde_json::{Value, json};
use std::path::Path;

/// More than a number has.
const LINE_MAX: u64 = 64;

pub(super) async fn ask(dir: &Path, ins: String, issuer: &str) -> anyhow::Result<()> {
    // What stands on a command line stays in histories and lists of processes.
    let ins = if ins == "-" { read_line()? } else { ins };
    let mut node = Node::running(dir).await?;
    let answers = node.post("/api/presence", &json!({ "ins": ins, "issuer": issuer })).await?;
    node.close().await?;
    let row = |row: &Value| {
        let studies = row["studies"].as_array().into_iter().flatten();
        let counts: Vec<String> =
            studies.map(|kind| format!("{} {}", text::field(kind, "kind"), kind["studies"])).collect();
        let as_of = if row["as_of"].is_null() { "–".to_owned() } else { text::time(row, "as_of") };
        vec![text::field(row, "site_name"), said(row), counts.join(", "), as_of]
    };
    let rows: Vec<Vec<String>> = answers["sites"].as_array().into_iter().flatten().map(row).collect();
    print!("{}", text::table(word!("SITE|ANSWER|STUDIES|AS OF" | "SITE|RÉPONSE|EXAMENS|AU"), &rows));
    Ok(())
}

fn read_line() -> anyhow::Result<String> {
    use std::io::{BufRead, Read};
    let mut line = String::new();
    std::io::stdin().lock().take(LINE_MAX).read_line(&mut line).context(word!("standard input" | "entrée standard"))?;
    Ok(line.trim().to_owned())
}

fn said(row: &Value) -> String {
    let reason = || row["reason"].as_str().unwrap_or_default();
    let word = match row["answer"].as_str().unwrap_or_default() {
        "knows" => word!("knows the patient" | "connaît le patient"),
        "does-not" => word!("does not" | "ne le connaît pas"),
        "not-reached" => word!("not reached" | "non joint"),
        "faulty" => word!("answered what cannot be believed" | "a répondu ce qui ne peut être cru"),
        _ => match reason() {
            "busy" => word!("asked too often, or not ready: again later" | "trop demandé, ou pas prêt : plus tard"),
            "outside-hours" => word!("may say so only at other hours" | "ne peut le dire qu'à d'autres heures"),
            "off-duty" => {
                word!("may say so only while somebody is on duty here" | "ne peut le dire que pendant une garde ici")
            }
            "suspended" => word!("the agreement is suspended" | "l'accord est suspendu"),
            "closing" => word!("the agreement is ending" | "l'accord prend fin"),
            _ => word!("may not say" | "ne peut le dire"),
        },
    };
    word.to_owned()
}
