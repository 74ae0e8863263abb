//! Conflicts, corrections and merges of patients.

use super::{
    args::{ConflictCommand, CorrectCommand, PatientCommand},
    emergency,
    node::{Node, segment},
    presence, text,
};
use anyhow::Context;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Rows asked for at once.
const PAGE: usize = 200;

/// All rows of a list.
async fn all(node: &mut Node, path: &str) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    loop {
        let page = node.get(&format!("{path}offset={}&limit={PAGE}", rows.len())).await?;
        let found = page.as_array().cloned().unwrap_or_default();
        let is_last = found.len() < PAGE;
        rows.extend(found);
        if is_last {
            return Ok(rows);
        }
    }
}

pub(super) async fn conflict(dir: &Path, command: ConflictCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        ConflictCommand::List { all: is_all } => {
            for row in all(&mut node, &format!("/api/conflicts?all={is_all}&")).await? {
                println!(
                    "{}  {}  {:<9}  {:>9}  {}  {}",
                    row["id"],
                    text::time(&row, "at"),
                    if row["closed"].is_null() {
                        text::field(&row, "state")
                    } else {
                        word!("closed" | "clos").to_owned()
                    },
                    text::size(row["bytes"].as_u64().unwrap_or_default()),
                    text::field(&row, "instance"),
                    text::field(&row, "person"),
                );
            }
        }
        ConflictCommand::Show { id } => {
            let shown = node.get(&format!("/api/conflicts/{id}")).await?;
            print!("{}", side_by_side(&shown));
        }
        ConflictCommand::Resolve { id, decision, note } => {
            let body = json!({ "decision": decision, "note": note });
            let row = node.post(&format!("/api/conflicts/{id}/resolve"), &body).await?;
            println!("Conflict {id}: {}." | "Conflit {id} : {}.", text::field(&row, "state"));
            if decision != "open" {
                eprintln!(
                    "To take that back:\n  confrere conflict resolve {id} open"
                        | "Pour revenir là-dessus :\n  confrere conflict resolve {id} open"
                );
            }
        }
        ConflictCommand::Close { ids, due: is_due, reason } => {
            let ids = if is_due { due(&mut node).await? } else { ids };
            let mut closed = 0;
            for some in ids.chunks(PAGE) {
                let rows = node.post("/api/conflicts/close", &json!({ "ids": some, "reason": reason })).await?;
                closed += rows.as_array().map_or(0, Vec::len);
                if closed < ids.len() {
                    eprintln!("{closed} of {} closed" | "{closed} sur {} clos", ids.len());
                }
            }
            println!(
                "Closed: {closed}. What was decided against is erased."
                    | "Clos : {closed}. Ce qui n'a pas été retenu est effacé."
            );
        }
    }
    node.close().await
}

/// Decided conflicts whose time of undoing is over.
async fn due(node: &mut Node) -> anyhow::Result<Vec<u64>> {
    let now = jiff::Timestamp::now();
    let from = |row: &Value| row["closable"].as_str()?.parse::<jiff::Timestamp>().ok();
    let is_due = |row: &&Value| from(row).is_some_and(|from| from <= now);
    Ok(all(node, "/api/conflicts?all=true&")
        .await?
        .iter()
        .filter(is_due)
        .filter_map(|row| row["id"].as_u64())
        .collect())
}

fn side_by_side(shown: &Value) -> String {
    const FACTS: [&str; 13] = [
        "study",
        "series",
        "date",
        "time",
        "description",
        "accession",
        "modality",
        "number",
        "transfer_syntax",
        "frames",
        "rows",
        "columns",
        "bytes",
    ];
    let (first, other) = (&shown["first"], &shown["other"]);
    let line = |name: &str, first: &Value, other: &Value, key: &str| {
        let (first, other) = (text::field(first, key), text::field(other, key));
        let mark = if first == other { "" } else { "*" };
        vec![mark.to_owned(), name.to_owned(), first, other]
    };
    let patient = ["name", "birth_date", "sex", "id", "issuer"].into_iter().map(|key| {
        line(&told!("patient {}" | "patient : {}", text::named(key)), &first["patient"], &other["patient"], key)
    });
    let rows: Vec<_> = patient.chain(FACTS.into_iter().map(|key| line(text::named(key), first, other, key))).collect();
    text::table(word!("||first received|kept aside" | "||reçu en premier|mis de côté"), &rows)
}

pub(super) async fn correct(dir: &Path, command: CorrectCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        CorrectCommand::Study { uid, set, note } => {
            let mut values = Map::new();
            for one in set {
                let (keyword, value) = one.split_once('=').with_context(|| {
                    told!(
                        "an attribute is given as KEYWORD=VALUE" | "un attribut se donne sous la forme MOT-CLÉ=VALEUR"
                    )
                })?;
                values.insert(keyword.to_owned(), Value::from(value));
            }
            let body = json!({ "set": values, "note": note });
            made(&node.post(&format!("/api/studies/{}/correct", segment(&uid)), &body).await?);
        }
        CorrectCommand::Move { uid, like, note } => {
            let body = json!({ "like": like, "note": note });
            made(&node.post(&format!("/api/studies/{}/correct", segment(&uid)), &body).await?);
        }
        CorrectCommand::List => {
            for row in all(&mut node, "/api/corrections?").await? {
                let whose = text::field(&row, if row["study"].is_null() { "from_id" } else { "study" });
                let set = row["set"].as_object().map(|set| set.keys().cloned().collect::<Vec<_>>().join(","));
                println!(
                    "{}  {}  {:<5}  {:<6}  {whose}  {}  {}",
                    row["id"],
                    text::time(&row, "at"),
                    text::field(&row, "kind"),
                    if row["undone"].is_null() { word!("stands" | "en vigueur") } else { word!("undone" | "annulée") },
                    set.unwrap_or_default(),
                    text::field(&row, "note"),
                );
            }
        }
        CorrectCommand::Undo { id } => undo(&mut node, id).await?,
    }
    node.close().await
}

pub(super) async fn patient(dir: &Path, command: PatientCommand) -> anyhow::Result<()> {
    let (how, held) = match command {
        PatientCommand::Oppose(held) => ("opposed", held),
        PatientCommand::Mask(held) => ("masked", held),
        PatientCommand::NoBreakGlass(held) => ("no-break-glass", held),
        PatientCommand::BreakGlass(asked) => return emergency::break_glass(dir, *asked).await,
        PatientCommand::Presence { ins, issuer } => return presence::ask(dir, ins, &issuer).await,
        command @ (PatientCommand::Merge { .. } | PatientCommand::Unmerge { .. }) => return merge(dir, command).await,
    };
    emergency::withhold(dir, emergency::Of::patient(held), how).await
}

async fn merge(dir: &Path, command: PatientCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        PatientCommand::Merge { id, issuer, like, note } => {
            let body = json!({ "id": id, "issuer": issuer, "like": like, "note": note });
            made(&node.post("/api/patients/merge", &body).await?);
        }
        PatientCommand::Unmerge { id } => undo(&mut node, id).await?,
        _ => {}
    }
    node.close().await
}

fn made(row: &Value) {
    println!("Corrected. Number {}." | "Corrigé. Numéro {}.", row["id"]);
    eprintln!(
        "The received bytes are as they were. To take it back:\n  confrere correct undo {}"
            | "Les octets reçus restent tels quels. Pour annuler :\n  confrere correct undo {}",
        row["id"]
    );
}

async fn undo(node: &mut Node, id: u64) -> anyhow::Result<()> {
    let row = node.post(&format!("/api/corrections/{id}/undo"), &json!({})).await?;
    println!("Correction {} is taken back." | "La correction {} est annulée.", row["id"]);
    Ok(())
}
