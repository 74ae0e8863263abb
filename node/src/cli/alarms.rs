//! What is wrong with the node, and whether it would be told.

use super::{args::AlarmsCommand, node::Node, text};
use serde_json::json;
use std::{path::Path, process::ExitCode};

pub(super) async fn alarms(dir: &Path, command: Option<AlarmsCommand>) -> anyhow::Result<ExitCode> {
    let mut node = Node::running(dir).await?;
    let code = match command {
        None | Some(AlarmsCommand::List { json: false }) => list(&mut node, false).await?,
        Some(AlarmsCommand::List { json: true }) => list(&mut node, true).await?,
        Some(AlarmsCommand::Test) => test(&mut node).await?,
    };
    node.close().await?;
    Ok(ExitCode::from(code))
}

async fn list(node: &mut Node, json: bool) -> anyhow::Result<u8> {
    let alarms = node.get("/api/alarms").await?;
    if json {
        println!("{alarms:#}");
        return Ok(0);
    }
    let standing = alarms["standing"].as_array().cloned().unwrap_or_default();
    if standing.is_empty() {
        println!("Nothing is wrong." | "Tout va bien.");
    } else {
        let row = |alarm: &serde_json::Value| {
            let field = |key| text::field(alarm, key);
            vec![
                field("level"),
                field("kind"),
                field("subject"),
                field("value"),
                text::time(alarm, "since"),
                text::time(alarm, "told"),
            ]
        };
        let rows: Vec<_> = standing.iter().map(row).collect();
        print!(
            "{}",
            text::table(word!("LEVEL|WHAT|OF|VALUE|SINCE|TOLD" | "NIVEAU|QUOI|DE|VALEUR|DEPUIS|PRÉVENU"), &rows)
        );
    }
    if !alarms["fault"].is_null() {
        let fault = text::fault(&alarms["fault"]);
        eprintln!("The last notice did not go out: {fault}" | "Le dernier avis n'est pas parti : {fault}");
    }
    if alarms["mail"] == false && alarms["webhook"] == false {
        eprintln!(
            "Nobody is told: set mail or webhook in [alarms] of confrere.toml."
                | "Personne n'est prévenu : réglez le courriel ou le webhook dans [alarms] de confrere.toml."
        );
    }
    Ok(0)
}

async fn test(node: &mut Node) -> anyhow::Result<u8> {
    let told = node.post("/api/alarms/test", &json!({})).await?;
    if !told["fault"].is_null() {
        bail!("{}", text::fault(&told["fault"]));
    }
    for (key, way) in [("mail", word!("mail" | "courriel")), ("webhook", "webhook")] {
        if told[key] == true {
            println!("A test went out by {way}." | "Un essai est parti par {way}.");
        }
    }
    Ok(0)
}
