//! Agreements: drafted, read, compared, signed, suspended and ended.

use super::{
    args::{AgreementCommand, DirectionWord, Draft, PresetWord},
    node::{Node, segment},
    text,
};
use crate::words;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn agreement(dir: &Path, command: AgreementCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        AgreementCommand::Offer(draft) => {
            let offered = node.post("/api/agreements", &body(draft)).await?;
            sentences(&offered["sentences"]);
            changes(&offered["changes"]);
            eprintln!(
                "Offered to {}; they accept with this id:" | "Proposé à {} ; on l'accepte avec cet identifiant :",
                text::field(&offered, "peer_name")
            );
            println!("{}", text::field(&offered, "id"));
        }
        AgreementCommand::Preview(draft) => preview(&node.post("/api/agreements/preview", &body(draft)).await?)?,
        AgreementCommand::Show { id, changes } => show(&mut node, &id, changes).await?,
        AgreementCommand::Accept { id } => {
            let accepted = post(&mut node, &id, "accept", &json!({})).await?;
            sentences(&accepted["sentences"]);
            eprintln!("Agreed with {}." | "Accord conclu avec {}.", text::field(&accepted, "peer_name"));
        }
        AgreementCommand::Suspend { id } => {
            let said = post(&mut node, &id, "suspend", &json!({})).await?;
            eprintln!(
                "The agreement with {} is suspended until it is resumed here."
                    | "L'accord avec {} est suspendu jusqu'à sa reprise ici.",
                text::field(&said, "peer_name")
            );
        }
        AgreementCommand::Resume { id } => {
            let said = post(&mut node, &id, "resume", &json!({})).await?;
            let name = text::field(&said, "peer_name");
            if said["state"] == "suspended" {
                eprintln!("{name} still suspends it." | "{name} le suspend encore.");
            } else {
                eprintln!("The agreement with {name} goes on." | "L'accord avec {name} reprend.");
            }
        }
        AgreementCommand::End { id, after: None } => ended(&post(&mut node, &id, "end", &json!({})).await?),
        AgreementCommand::End { id, after: Some(hours) } => {
            let said = post(&mut node, &id, "close", &json!({ "hours": hours })).await?;
            match said["closing"]["until"].as_str().filter(|_| said["state"] == "closing") {
                Some(_) => eprintln!(
                    "The agreement with {} ends when what is being read has been read, at the latest {}."
                        | "L'accord avec {} prend fin quand ce qui se lit aura été lu, au plus tard {}.",
                    text::field(&said, "peer_name"),
                    text::time(&said["closing"], "until")
                ),
                None => ended(&said),
            }
        }
        AgreementCommand::List { json } => {
            let agreements = node.get("/api/agreements").await?;
            if json {
                println!("{agreements:#}");
            } else {
                print!("{}", agreement_table(&agreements));
            }
        }
    }
    node.close().await
}

async fn post(node: &mut Node, id: &str, what: &str, body: &Value) -> anyhow::Result<Value> {
    node.post(&format!("/api/agreements/{}/{what}", segment(id)), body).await
}

fn ended(said: &Value) {
    eprintln!("The agreement with {} has ended." | "L'accord avec {} a pris fin.", text::field(said, "peer_name"));
}

/// The terms as the API takes them.
fn body(draft: Draft) -> Value {
    let fields = if draft.without_names { Some(Vec::new()) } else { draft.fields };
    let mut body = json!({
        "site": draft.site,
        "preset": word::<PresetWord>(draft.preset),
        "direction": word::<DirectionWord>(draft.direction),
        "time_zone": draft.time_zone,
        "level": draft.level,
        "fields": fields,
        "modalities": draft.modalities,
        "modalities_excluded": draft.no_modalities,
        "regions": draft.regions,
        "regions_excluded": draft.no_regions,
        "since_days": draft.since_days,
        "cache_days": draft.cache_days,
        "onward": draft.onward,
        "kbits_max": draft.kbits_max,
        "break_glass_hours": draft.break_glass_hours,
        "with_case": draft.with_case,
        "on_duty": draft.on_duty,
        "presence": draft.presence,
        "purposes": draft.purposes,
        "not_before": draft.from,
        "not_after": draft.until,
        "replaces": draft.replaces,
    });
    let texts = [
        ("legal_reference", draft.legal_reference),
        ("our_national_id", draft.our_national_id),
        ("our_privacy_contact", draft.our_privacy_contact),
        ("their_national_id", draft.their_national_id),
        ("their_privacy_contact", draft.their_privacy_contact),
    ];
    for (name, text) in texts {
        if let (Some(text), Some(body)) = (text, body.as_object_mut()) {
            body.insert(name.to_owned(), json!(text));
        }
    }
    body
}

fn word<T: ValueEnum>(value: T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn lines(said: &Value) -> impl Iterator<Item = &str> {
    said[words::spoken().tag()].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What was signed, in plain words.
fn sentences(said: &Value) {
    for sentence in lines(said) {
        eprintln!("  · {sentence}");
    }
}

/// What a version says otherwise than the one in force; nothing where there is none.
fn changes(changes: &Value) {
    if changes.is_null() {
        return;
    }
    eprintln!("Against version {}:" | "Par rapport à la version {} :", text::field(changes, "version"));
    for (mark, list) in [("-", &changes["removed"]), ("+", &changes["added"])] {
        for sentence in lines(list) {
            println!("  {mark} {sentence}");
        }
    }
}

fn preview(said: &Value) -> anyhow::Result<()> {
    let language = words::spoken().tag();
    let wrong: Vec<String> = said["wrong"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|wrong| format!("{}: {}", text::field(wrong, "term"), text::field(wrong, language)))
        .collect();
    if !wrong.is_empty() {
        bail!("this cannot be offered: {}" | "ceci ne peut se proposer : {}", wrong.join("; "));
    }
    for sentence in lines(&said["sentences"]) {
        println!("  · {sentence}");
    }
    changes(&said["changes"]);
    Ok(())
}

async fn show(node: &mut Node, id: &str, only_changes: bool) -> anyhow::Result<()> {
    let agreements = node.get("/api/agreements").await?;
    let rows: Vec<&Value> = agreements.as_array().into_iter().flatten().filter(|row| row["id"] == id).collect();
    if rows.is_empty() {
        bail!("no such agreement" | "pas de tel accord");
    }
    for row in rows {
        if only_changes {
            changes(&row["changes"]);
            continue;
        }
        println!(
            "{} · version {} · {}" | "{} · version {} · {}",
            text::field(row, "peer_name"),
            text::field(row, "version"),
            text::field(row, "state")
        );
        for sentence in lines(&row["sentences"]) {
            println!("  · {sentence}");
        }
        changes(&row["changes"]);
    }
    Ok(())
}

fn agreement_table(agreements: &Value) -> String {
    let columns = ["id", "peer_name", "preset", "state", "version"];
    let row = |row: &Value| columns.iter().map(|column| text::field(row, column)).collect();
    let rows: Vec<Vec<String>> = agreements.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return word!("No agreements.\n" | "Aucun accord.\n").to_owned();
    }
    text::table(word!("ID|SITE|PRESET|STATE|VERSION" | "ID|SITE|MODÈLE|ÉTAT|VERSION"), &rows)
}
