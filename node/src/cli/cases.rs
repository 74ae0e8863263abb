//! Cases on the command line: listed, shown, asked for and steered. Who holds the machine is no physician: taking a case,
//! reading it and signing are done by who signed in.

use super::{
    args::{CaseCommand, CaseStep, ListCases},
    node::{Node, segment},
    text,
};
use anyhow::Context;
use hyper::Method;
use serde_json::{Value, json};
use std::{io::Read, path::Path};

pub(super) async fn case(dir: &Path, command: CaseCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        CaseCommand::List(asked) => list(&mut node, asked).await?,
        CaseCommand::Show { case, json } => {
            let case = node.get(&format!("/api/cases/{}", segment(&case))).await?;
            if json {
                println!("{case:#}");
            } else {
                show(&case);
            }
        }
        CaseCommand::Request { file } => {
            let case = node.post("/api/cases", &read(&file)?).await?;
            println!("{}", text::field(&case, "case"));
        }
        CaseCommand::Step(asked) => {
            let body = step(&asked)?;
            let case = node.post(&format!("/api/cases/{}/steps", segment(&asked.case)), &body).await?;
            println!("{}", text::field(&case, "stage"));
        }
        CaseCommand::Settings { set: None } => println!("{:#}", node.get("/api/cases/settings").await?),
        CaseCommand::Settings { set: Some(file) } => {
            let set = read(&file)?;
            println!("{:#}", node.ask(Method::PUT, "/api/cases/settings", Some(&set)).await?);
        }
    }
    node.close().await
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let mut said = String::new();
    if file == Path::new("-") {
        let _ = std::io::stdin().read_to_string(&mut said)?;
    } else {
        said = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    }
    Ok(serde_json::from_str(&said)?)
}

fn step(asked: &CaseStep) -> anyhow::Result<Value> {
    let mut body = json!({ "step": asked.step });
    for pair in &asked.set {
        let Some((name, value)) = pair.split_once('=') else {
            bail!("--set takes NAME=VALUE" | "--set attend NOM=VALEUR")
        };
        // Numbers, lists and yes or no as JSON has them; all else is text.
        let value = serde_json::from_str(value).ok().filter(|v: &Value| !v.is_object()).unwrap_or_else(|| json!(value));
        body[name] = value;
    }
    Ok(body)
}

async fn list(node: &mut Node, asked: ListCases) -> anyhow::Result<()> {
    let filters = [("tab", asked.tab), ("priority", asked.priority)];
    let query: String =
        filters.into_iter().filter_map(|(key, value)| value.map(|v| format!("&{key}={}", segment(&v)))).collect();
    let page = node.get(&format!("/api/cases?limit=500{query}")).await?;
    if asked.json {
        println!("{page:#}");
        return Ok(());
    }
    let row = |row: &Value| {
        vec![
            text::field(row, "case"),
            text::field(row, "priority"),
            text::field(row, "stage"),
            text::field(row, "requester_name"),
            row["reader_name"].as_str().unwrap_or("–").to_owned(),
            row["claim"]["person"].as_str().unwrap_or("–").to_owned(),
            row["due"]["at"].as_str().map_or_else(|| "–".to_owned(), |_| text::time(&row["due"], "at")),
            row["flags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        ]
    };
    let rows: Vec<Vec<String>> = page["rows"].as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "CASE|PRIORITY|STAGE|FROM|READ AT|CLAIMED BY|DUE|REMARKS"
            | "DOSSIER|PRIORITÉ|ÉTAPE|DE|LU À|PRIS PAR|ÉCHÉANCE|REMARQUES"
    );
    print!("{}", text::table(heads, &rows));
    Ok(())
}

fn show(case: &Value) {
    println!("{} {} {}", text::field(case, "case"), text::field(case, "priority"), text::field(case, "stage"));
    println!("{}", text::field(case, "question"));
    let row = |event: &Value| {
        vec![
            text::time(event, "at"),
            text::field(event, "site_name"),
            text::field(event, "person"),
            text::field(event, "step"),
            event["void"].as_str().unwrap_or("").to_owned(),
            text::field(event, "text"),
        ]
    };
    let rows: Vec<Vec<String>> = case["events"].as_array().into_iter().flatten().map(row).collect();
    let heads = word!("AT|SITE|PERSON|STEP|WITHOUT EFFECT|WORDS" | "À|SITE|PERSONNE|ÉTAPE|SANS EFFET|TEXTE");
    print!("{}", text::table(heads, &rows));
}
