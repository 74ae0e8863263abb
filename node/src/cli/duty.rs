//! Who is on duty, which cases are open, and the grants in force.

use super::{
    args::{CaseWords, DutyCommand, GrantCommand, GrantWords},
    node::{Node, segment},
    text,
};
use hyper::Method;
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn duty(dir: &Path, command: DutyCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        DutyCommand::List { json } => {
            let rows = node.get("/api/duty").await?;
            if json {
                println!("{rows:#}");
            } else {
                print!("{}", duty_table(&rows));
            }
        }
        DutyCommand::Case(CaseWords { studies, owner, with, until, id }) => {
            let body = json!({ "studies": studies, "owner": owner, "parties": with, "until": until, "id": id });
            let said = node.post("/api/duty/cases", &body).await?;
            eprintln!(
                "The case is open until {}. Its id:" | "Le dossier est ouvert jusqu'au {}. Son identifiant :",
                text::time(&said, "end")
            );
            println!("{}", text::field(&said, "id"));
        }
        DutyCommand::End { id } => {
            let said = node.post(&format!("/api/duty/{}/end", segment(&id)), &json!({})).await?;
            println!("{}", text::field(&said, "state"));
        }
    }
    node.close().await
}

pub(super) fn list(row: &Value, key: &str) -> String {
    let words = row[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(",")
}

fn duty_table(rows: &Value) -> String {
    let row = |row: &Value| {
        let about = if row["kind"] == "case" { list(row, "studies") } else { list(row, "competences") };
        let counts = if row["counts"] == json!(true) { word!("yes" | "oui") } else { "–" };
        vec![
            text::field(row, "id"),
            text::field(row, "kind"),
            text::field(row, "site_name"),
            text::field(row, "person"),
            row["start"].as_str().map_or_else(|| "–".to_owned(), |_| text::time(row, "start")),
            text::time(row, "end"),
            text::field(row, "state"),
            counts.to_owned(),
            about,
            list(row, "parties"),
        ]
    };
    let rows: Vec<Vec<String>> = rows.as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "ID|WHAT|SITE|PERSON|FROM|UNTIL|STATE|COUNTS|OF|WITH" | "ID|QUOI|SITE|PERSONNE|DE|À|ÉTAT|COMPTE|PORTE SUR|AVEC"
    );
    text::table(heads, &rows)
}

/// The terms as the API takes them.
pub(super) fn shared(site: &str, hours: Option<u32>, terms: GrantWords) -> Value {
    let GrantWords { level, purpose, copies_max, forward } = terms;
    json!({
        "site": site, "hours": hours, "level": level, "purpose": purpose, "copies_max": copies_max, "forward": forward,
    })
}

pub(super) async fn grant(dir: &Path, command: GrantCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        GrantCommand::List { json } => {
            let rows = node.get("/api/grants").await?;
            if json {
                println!("{rows:#}");
            } else {
                print!("{}", grant_table(&rows));
            }
        }
        GrantCommand::PassOn { id, site, hours, terms } => {
            let path = format!("/api/grants/{}/narrow", segment(&id));
            let given = node.post(&path, &shared(&site, hours, terms)).await?;
            eprintln!(
                "{site} may read the study until {}." | "{site} peut lire l'examen jusqu'au {}.",
                text::time(&given, "expires")
            );
            println!("{}", text::field(&given, "grant"));
        }
        GrantCommand::Revoke { id } => {
            node.ask(Method::DELETE, &format!("/api/grants/{}", segment(&id)), None).await?;
            eprintln!(
                "The grant is taken back, with all that was passed on from it."
                    | "L'autorisation est retirée, avec tout ce qui en a été transmis."
            );
        }
    }
    node.close().await
}

fn grant_table(rows: &Value) -> String {
    let row = |row: &Value| {
        let through = row["through"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let chain: Vec<&str> = through.chain(row["peer_name"].as_str()).collect();
        vec![
            text::field(row, "grant"),
            text::field(row, "study"),
            chain.join(" → "),
            text::field(row, "level"),
            row["purpose"].as_str().unwrap_or("–").to_owned(),
            row["copies_max"].as_u64().map_or_else(|| "–".to_owned(), |most| format!("{}/{most}", row["copies"])),
            list(row, "forward"),
            text::time(row, "expires"),
        ]
    };
    let rows: Vec<Vec<String>> = rows.as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "GRANT|STUDY|FROM → TO|LEVEL|PURPOSE|COPIES|MAY GO TO|UNTIL"
            | "AUTORISATION|EXAMEN|DE → À|NIVEAU|FINALITÉ|COPIES|TRANSMISSIBLE À|JUSQU'AU"
    );
    text::table(heads, &rows)
}
