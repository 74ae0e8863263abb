//! How long studies are kept, litigation holds, and erasing by two persons.

use super::{
    args::{HoldCommand, RetentionCommand},
    node::{Node, segment},
    text,
};
use hyper::Method;
use serde_json::{Value, json};
use std::path::Path;

/// Rows asked for at once.
const PAGE: usize = 200;

pub(super) async fn hold(dir: &Path, command: HoldCommand) -> anyhow::Result<()> {
    let (uid, body) = match command {
        HoldCommand::Set { uid, reason } => (uid, json!({ "claim": "hold", "reason": reason })),
        HoldCommand::Release { uid, number, reason } => {
            (uid, json!({ "claim": "release", "released": number, "reason": reason }))
        }
    };
    record(dir, &uid, &body).await
}

async fn record(dir: &Path, uid: &str, body: &Value) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let path = format!("/api/studies/{}/retention", segment(uid));
    let done = node.post(&path, body).await?;
    let kept = node.get(&path).await?;
    node.close().await?;
    println!("Recorded: {} (number {})." | "Consigné : {} (numéro {}).", text::field(&done, "claim"), done["id"]);
    show(&kept);
    Ok(())
}

pub(super) async fn retention(dir: &Path, command: RetentionCommand) -> anyhow::Result<()> {
    match command {
        RetentionCommand::Show { uid } => {
            let mut node = Node::open(dir).await?;
            let kept = node.get(&format!("/api/studies/{}/retention", segment(&uid))).await?;
            node.close().await?;
            show(&kept);
        }
        RetentionCommand::Due => due(dir).await?,
        RetentionCommand::Visit { uid, day, reason } => {
            record(dir, &uid, &json!({ "claim": "visit", "day": day, "reason": reason })).await?;
        }
        RetentionCommand::Death { uid, day, reason } => {
            record(dir, &uid, &json!({ "claim": "death", "day": day, "reason": reason })).await?;
        }
        RetentionCommand::Propose { uid, rejection, reason } => {
            let mut node = Node::open(dir).await?;
            let body = json!({ "study": uid, "rejection": rejection, "reason": reason });
            let proposed = node.post("/api/retention/proposals", &body).await?;
            node.close().await?;
            println!(
                "Proposed, number {}. Nothing is erased before somebody else approves:"
                    | "Proposé, numéro {}. Rien n'est effacé avant l'approbation d'une autre personne :",
                proposed["id"]
            );
            println!("  confrere retention approve {}", proposed["id"]);
        }
        RetentionCommand::Approve { number } => {
            let mut node = Node::open(dir).await?;
            let done = node.post(&format!("/api/retention/proposals/{number}/approve"), &json!({})).await?;
            node.close().await?;
            println!(
                "Erased: {} instances of {}." | "Effacé : {} instances de {}.",
                done["instances"],
                text::field(&done, "study")
            );
        }
        RetentionCommand::Withdraw { number } => {
            let mut node = Node::open(dir).await?;
            node.ask(Method::DELETE, &format!("/api/retention/proposals/{number}"), None).await?;
            node.close().await?;
            println!("The proposal is withdrawn." | "La proposition est retirée.");
        }
        RetentionCommand::Proposals => list(dir, "/api/retention/proposals", &["person", "study", "reason"]).await?,
        RetentionCommand::Erased => {
            let path = format!("/api/retention/erased?limit={PAGE}");
            list(dir, &path, &["proposer", "approver", "study", "reason"]).await?;
        }
    }
    Ok(())
}

async fn list(dir: &Path, path: &str, fields: &[&str]) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let rows = node.get(path).await?;
    node.close().await?;
    for row in rows.as_array().into_iter().flatten() {
        let told: Vec<String> = fields.iter().map(|field| text::field(row, field)).collect();
        println!("{}  {}  {}", row["id"], text::time(row, "at"), told.join("  "));
    }
    Ok(())
}

async fn due(dir: &Path) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let (mut offset, mut free, mut blocked) = (0, 0u64, 0u64);
    loop {
        let page = node.get(&format!("/api/retention?offset={offset}&limit={PAGE}")).await?;
        let rows = page.as_array().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            if row["free"] == json!(true) {
                free += 1;
                show(row);
            } else if row["until"].as_str().is_some_and(|until| until <= today().as_str()) {
                blocked += 1;
            }
        }
        if rows.len() < PAGE {
            break;
        }
        offset += rows.len();
    }
    node.close().await?;
    eprintln!(
        "{free} may be proposed for erasing; {blocked} more are past their time and something blocks them."
            | "{free} peuvent être proposés à l'effacement ; {blocked} autres ont passé leur terme et quelque chose les bloque."
    );
    Ok(())
}

fn today() -> String {
    let civil = crate::tasks::civil(crate::tasks::now());
    let part = |range: std::ops::Range<usize>| civil.get(range).unwrap_or_default().to_owned();
    format!("{}-{}-{}", part(0..4), part(4..6), part(6..8))
}

fn show(kept: &Value) {
    let until = kept["until"].as_str().unwrap_or_else(|| word!("not known" | "inconnu"));
    let may = if kept["free"] == json!(true) {
        word!("may be proposed for erasing" | "peut être proposé à l'effacement")
    } else {
        word!("is kept" | "est conservé")
    };
    println!("{}  {may}; its time ends: {until}" | "{}  {may} ; son terme : {until}", text::field(kept, "study"));
    for reason in kept["reasons"].as_array().into_iter().flatten() {
        println!("  {}", sentence(reason));
    }
    for one in kept["recorded"].as_array().into_iter().flatten() {
        let day = one["day"].as_str().unwrap_or_default();
        let (person, reason) = (text::field(one, "person"), text::field(one, "reason"));
        println!(
            "  recorded {}: {} {day} ({person}: {reason})" | "  consigné {} : {} {day} ({person} : {reason})",
            one["id"],
            text::field(one, "claim")
        );
    }
}

fn sentence(reason: &Value) -> String {
    let day = |key: &str| reason[key].as_str().unwrap_or("?").to_owned();
    let (since, until) = (day("since"), day("until"));
    match reason["code"].as_str().unwrap_or_default() {
        "visit" => told!(
            "20 years from the last stay or visit ({since}): {until}"
                | "20 ans après le dernier séjour ou passage ({since}) : {until}"
        ),
        "minor" => told!(
            "not before the 28th birthday (born {since}): {until}"
                | "pas avant le 28e anniversaire (né le {since}) : {until}"
        ),
        "birth-unknown" => told!(
            "the birth date is unknown, so as if born at the last visit: {until}"
                | "date de naissance inconnue, donc comme né au dernier passage : {until}"
        ),
        "death" => told!("10 years from death ({since}): {until}" | "10 ans après le décès ({since}) : {until}"),
        "practice" => told!("5 years from the study ({since}): {until}" | "5 ans après l'examen ({since}) : {until}"),
        "at-hand" => told!("at hand until {until}" | "à portée de main jusqu'au {until}"),
        "hold" => word!("BLOCKED: a litigation hold" | "BLOQUÉ : gel pour litige").to_owned(),
        "visit-unknown" => word!(
            "BLOCKED: nobody recorded the last stay or visit (`retention visit`)"
                | "BLOQUÉ : personne n'a consigné le dernier séjour ou passage (`retention visit`)"
        )
        .to_owned(),
        "visit-old" => told!(
            "BLOCKED: the last visit was looked up on {since}, before the time ran out"
                | "BLOQUÉ : le dernier passage a été recherché le {since}, avant le terme"
        ),
        "unidentified" => {
            word!("BLOCKED: the study names no patient" | "BLOQUÉ : l'examen ne nomme pas de patient").to_owned()
        }
        "contradicted" => word!(
            "BLOCKED: the objects contradict one another about the patient"
                | "BLOQUÉ : les objets se contredisent sur le patient"
        )
        .to_owned(),
        "undated" => word!("BLOCKED: the study bears no date" | "BLOQUÉ : l'examen n'a pas de date").to_owned(),
        other => other.to_owned(),
    }
}
