//! Opposition, masking, broken glass, and its reviews.

use super::{
    accounts::read_password,
    args::{AskedFor, Broken, HeldBack, StudyHeldBack},
    node::{Node, segment},
    text,
};
use serde_json::{Value, json};
use std::path::Path;

/// The study or the patient that is held back, as the API names it.
pub(super) enum Of {
    Study(String),
    Patient(String, Option<String>),
}

impl Of {
    pub(super) fn study(held: StudyHeldBack) -> (Self, AskedFor) {
        (Self::Study(held.uid), held.asked)
    }
    pub(super) fn patient(held: HeldBack) -> (Self, AskedFor) {
        (Self::Patient(held.id, held.issuer), held.asked)
    }
}

pub(super) async fn withhold(dir: &Path, (of, asked): (Of, AskedFor), how: &str) -> anyhow::Result<()> {
    let AskedFor { asked_by, on, note } = asked;
    let mut body = json!({ "how": how, "asked_by": asked_by, "asked_on": on, "note": note });
    match of {
        Of::Study(uid) => body["study"] = json!(uid),
        Of::Patient(id, issuer) => {
            body["patient_id"] = json!(id);
            body["issuer"] = json!(issuer);
        }
    }
    let mut node = Node::open(dir).await?;
    let row = node.post("/api/withheld", &body).await?;
    node.close().await?;
    println!("Held back. Number {}." | "Retenu. Numéro {}.", row["id"]);
    eprintln!(
        "In force at once, at paired sites too. To take it back:"
            | "Effectif aussitôt, y compris chez les confrères. Pour annuler :"
    );
    eprintln!("  confrere study release {}", row["id"]);
    Ok(())
}

pub(super) async fn release(dir: &Path, id: u64, note: &str) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let row = node.post(&format!("/api/withheld/{id}/release"), &json!({ "note": note })).await?;
    node.close().await?;
    println!("Number {} is taken back." | "Le numéro {} est annulé.", row["id"]);
    Ok(())
}

pub(super) async fn withheld(dir: &Path) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let rows = node.get("/api/withheld").await?;
    node.close().await?;
    let row = |row: &Value| {
        let whom = if row["study"].is_null() {
            format!("{} ({})", text::field(row, "patient_id"), row["issuer"].as_str().unwrap_or("–"))
        } else {
            text::field(row, "study")
        };
        let columns = ["how", "asked_by", "asked_on", "person", "note"].map(|column| text::field(row, column));
        [&[row["id"].to_string(), whom][..], &columns].concat()
    };
    let rows: Vec<Vec<String>> = rows.as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "NUMBER|STUDY OR PATIENT|HOW|ASKED BY|ON|RECORDED BY|NOTE"
            | "NUMÉRO|EXAMEN OU PATIENT|COMMENT|DEMANDÉ PAR|LE|NOTÉ PAR|NOTE"
    );
    print!("{}", text::table(heads, &rows));
    Ok(())
}

pub(super) async fn break_glass(dir: &Path, asked: Broken) -> anyhow::Result<()> {
    let Broken { site, person, password_file, code, id, issuer, name, birth_date, sex, reason, text: words } = asked;
    let password = read_password(&password_file)?;
    let body = json!({
        "site": site, "person": person, "password": password, "code": code, "patient_id": id, "issuer": issuer,
        "name": name, "birth_date": birth_date, "sex": sex, "reason": reason, "text": words,
    });
    let mut node = Node::running(dir).await?;
    let broken = node.post("/api/emergencies", &body).await?;
    node.close().await?;
    eprintln!(
        "The glass is broken until {}; both sites have written it down and will review it."
            | "Bris de glace jusqu'au {} ; les deux sites l'ont consigné et le contrôleront.",
        text::time(&broken, "ends")
    );
    for study in broken["studies"].as_array().into_iter().flatten() {
        println!("{}", study.as_str().unwrap_or_default());
    }
    Ok(())
}

pub(super) async fn reviews(dir: &Path, all: bool) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let rows = node.get(&format!("/api/reviews?all={all}")).await?;
    node.close().await?;
    let row = |row: &Value| {
        let whose = if row["ours"] == json!(true) {
            word!("ours there" | "des nôtres, là-bas")
        } else {
            word!("theirs here" | "des leurs, ici")
        };
        let studies = row["studies"].as_array().map_or(0, Vec::len);
        let due =
            text::time(row, "due") + if row["overdue"] == json!(true) { word!(" LATE" | " EN RETARD") } else { "" };
        vec![
            text::field(row, "request"),
            text::time(row, "at"),
            text::field(row, "peer_name"),
            whose.to_owned(),
            text::field(row, "person"),
            text::field(row, "reason"),
            studies.to_string(),
            due,
            row["verdict"].as_str().unwrap_or("–").to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = rows.as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "REQUEST|AT|SITE|WHOSE|PERSON|REASON|STUDIES|DUE|VERDICT"
            | "DEMANDE|LE|SITE|DE QUI|PERSONNE|MOTIF|EXAMENS|AVANT LE|AVIS"
    );
    print!("{}", text::table(heads, &rows));
    Ok(())
}

pub(super) async fn review(dir: &Path, request: &str, verdict: &str, note: &str) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let body = json!({ "verdict": verdict, "note": note });
    let row = node.post(&format!("/api/reviews/{}", segment(request)), &body).await?;
    node.close().await?;
    println!("{}", text::field(&row, "verdict"));
    Ok(())
}
