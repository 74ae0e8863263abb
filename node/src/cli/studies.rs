//! Studies: list, fetch, share.

use super::{
    args::{GrantWords, StudyCommand},
    emergency::{self, Of},
    node::{Node, segment},
    text,
};
use serde_json::{Value, json};
use std::path::Path;

/// Rows asked for at once.
const PAGE: usize = 200;

pub(super) async fn study(dir: &Path, command: StudyCommand) -> anyhow::Result<()> {
    match command {
        StudyCommand::List { remote, json, text, limit } => list(dir, remote, json, text.as_deref(), limit).await,
        StudyCommand::Fetch { uid } => {
            let mut node = Node::running(dir).await?;
            node.post(&format!("/api/studies/{}/fetch", segment(&uid)), &json!({})).await?;
            node.close().await?;
            eprintln!(
                "The study is being fetched; `confrere status` shows how far."
                    | "L'examen est en cours de transfert ; `confrere status` montre où il en est."
            );
            Ok(())
        }
        StudyCommand::Share { uid, site, hours, terms } => share(dir, &uid, (&site, hours), terms).await,
        StudyCommand::Holders(asked) => super::copies::of_study(dir, asked).await,
        StudyCommand::Reject { uid, series, instance, reason, note } => {
            let mut node = Node::open(dir).await?;
            let body = json!({ "series": series, "instance": instance, "reason": reason, "note": note });
            let done = node.post(&format!("/api/studies/{}/reject", segment(&uid)), &body).await?;
            node.close().await?;
            println!(
                "Rejected: {} instances. Number {}." | "Rejeté : {} instances. Numéro {}.",
                done["instances"], done["id"]
            );
            eprintln!(
                "Nobody sees them any more, here or at paired sites. To take it back:"
                    | "Plus personne ne les voit, ni ici ni chez les confrères. Pour annuler :"
            );
            eprintln!("  confrere study reinstate {}", done["id"]);
            Ok(())
        }
        StudyCommand::Label { uid, add, remove } => {
            let mut node = Node::open(dir).await?;
            let body = json!({ "add": add, "remove": remove });
            let labels = node.post(&format!("/api/studies/{}/labels", segment(&uid)), &body).await?;
            node.close().await?;
            for label in labels["labels"].as_array().into_iter().flatten() {
                println!("{}", label.as_str().unwrap_or_default());
            }
            Ok(())
        }
        StudyCommand::Rejected => rejected(dir).await,
        StudyCommand::Reinstate { id } => {
            let mut node = Node::open(dir).await?;
            let done = node.post(&format!("/api/rejections/{id}/reinstate"), &json!({})).await?;
            node.close().await?;
            println!(
                "{} instances of {} are back." | "{} instances de {} sont de retour.",
                done["instances"],
                text::field(&done, "study")
            );
            Ok(())
        }
        StudyCommand::Notes => notes(dir).await,
        StudyCommand::Obey { id } => decide(dir, id, "obey").await,
        StudyCommand::Leave { id } => decide(dir, id, "leave").await,
        StudyCommand::Oppose(held) => emergency::withhold(dir, Of::study(held), "opposed").await,
        StudyCommand::Mask(held) => emergency::withhold(dir, Of::study(held), "masked").await,
        StudyCommand::NoBreakGlass(held) => emergency::withhold(dir, Of::study(held), "no-break-glass").await,
        StudyCommand::Withheld => emergency::withheld(dir).await,
        StudyCommand::Release { id, note } => emergency::release(dir, id, &note).await,
    }
}

async fn share(dir: &Path, uid: &str, (site, hours): (&str, u32), terms: GrantWords) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let body = super::duty::shared(site, Some(hours), terms);
    let shared = node.post(&format!("/api/studies/{}/share", segment(uid)), &body).await?;
    node.close().await?;
    eprintln!(
        "{site} may read the study until {}." | "{site} peut lire l'examen jusqu'au {}.",
        text::time(&shared, "expires")
    );
    println!("{}", text::field(&shared, "grant"));
    Ok(())
}

async fn notes(dir: &Path) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let notes = node.get("/api/rejections/notes").await?;
    node.close().await?;
    let row = |note: &Value| {
        let waits = if note["waits"] == json!(true) { word!("waits" | "attend") } else { "" };
        let columns = ["id", "reason", "named", "study", "person", "done"].map(|column| text::field(note, column));
        [&columns[..], &[waits.to_owned()]].concat()
    };
    let rows: Vec<Vec<String>> = notes.as_array().into_iter().flatten().map(row).collect();
    print!(
        "{}",
        text::table(word!("NUMBER|REASON|IMAGES|STUDY|FROM|DONE|" | "NUMÉRO|RAISON|IMAGES|EXAMEN|DE|FAIT|"), &rows)
    );
    Ok(())
}

async fn decide(dir: &Path, id: u64, what: &str) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let note = node.post(&format!("/api/rejections/notes/{id}/{what}"), &json!({})).await?;
    node.close().await?;
    println!("{}", text::field(&note, "done"));
    Ok(())
}

async fn rejected(dir: &Path) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let mut offset = 0;
    loop {
        let page = node.get(&format!("/api/rejections?offset={offset}&limit={PAGE}")).await?;
        let rows = page.as_array().map(Vec::as_slice).unwrap_or_default();
        for row in rows {
            println!(
                "{}  {}  {}  {:>6} instances  {}  {}" | "{}  {}  {}  {:>6} instances  {}  {}",
                row["id"],
                text::time(row, "at"),
                text::field(row, "reason"),
                row["instances"],
                text::field(row, "study"),
                text::field(row, "note"),
            );
        }
        if rows.len() < PAGE {
            break;
        }
        offset += rows.len();
    }
    node.close().await
}

async fn list(dir: &Path, remote: bool, json: bool, words: Option<&str>, limit: usize) -> anyhow::Result<()> {
    let mut node = if remote { Node::running(dir).await? } else { Node::open(dir).await? };
    let site = if remote { "" } else { "&site=own" };
    let words = words.map(|words| format!("&text={}", segment(words))).unwrap_or_default();
    let mut rows: Vec<Value> = Vec::new();
    let mut offset = 0;
    let mut more = true;
    while more && rows.len() < limit {
        let page = node.get(&format!("/api/studies?offset={offset}&limit={PAGE}{site}{words}")).await?;
        more = page["more"].as_bool().unwrap_or(false);
        offset += PAGE;
        let found = page["studies"].as_array().into_iter().flatten();
        rows.extend(found.filter(|study| !remote || !study["holder"].is_null()).cloned());
    }
    node.close().await?;
    more |= rows.len() > limit;
    rows.truncate(limit);
    if json {
        println!("{:#}", Value::Array(rows));
        return Ok(());
    }
    print!("{}", study_table(&rows));
    if more {
        eprintln!("There are more; see --limit." | "Il y en a d'autres ; voyez --limit.");
    }
    Ok(())
}

/// The hour of a study; with its time zone, where that is not the reader's, and of another site's study that it is not
/// known, where it is not.
fn clock(study: &Value) -> Option<String> {
    let time = study["time"].as_str()?;
    let clock = format!("{}:{}", time.get(..2)?, time.get(2..4)?);
    let minutes = study["utc_offset_min"].as_i64().and_then(|minutes| i32::try_from(minutes).ok());
    let Some(minutes) = minutes else {
        let is_ours = study["holder"].is_null();
        return Some(if is_ours {
            clock
        } else {
            format!("{clock} ({})", word!("time zone unknown" | "fuseau inconnu"))
        });
    };
    let wall = format!("{}{}", study["date"].as_str().unwrap_or_default(), time.get(..4)?);
    if is_read_here(&wall, minutes) {
        return Some(clock);
    }
    let place =
        study["time_zone"].as_str().and_then(|zone| zone.rsplit('/').next()).map(|place| place.replace('_', " "));
    let place = place.map(|place| format!("{place}, ")).unwrap_or_default();
    Some(format!("{clock} ({place}{})", text::utc(minutes)))
}

/// Whether the clock of this machine showed the same then.
fn is_read_here(wall: &str, ahead_min: i32) -> bool {
    let Ok(wall) = jiff::civil::DateTime::strptime("%Y%m%d%H%M", wall) else { return false };
    let Ok(offset) = jiff::tz::Offset::from_seconds(ahead_min.saturating_mul(60)) else { return false };
    offset.to_timestamp(wall).is_ok_and(|at| jiff::tz::TimeZone::system().to_offset(at) == offset)
}

fn study_table(studies: &[Value]) -> String {
    if studies.is_empty() {
        return word!("No studies.\n" | "Aucun examen.\n").to_owned();
    }
    let row = |study: &Value| {
        let state = match study["completeness"].as_str() {
            Some("arriving") => word!("arriving" | "en cours d'arrivée").to_owned(),
            _ => text::field(study, "availability"),
        };
        vec![
            [text::field(study, "date"), clock(study).unwrap_or_default()].join(" ").trim_end().to_owned(),
            text::field(&study["patient"], "name"),
            text::field(study, "modalities"),
            text::field(study, "description"),
            text::field(study, "instances"),
            text::size(study["bytes"].as_u64().unwrap_or(0)),
            text::field(study, "site_name"),
            state,
            text::field(study, "study"),
        ]
    };
    let rows: Vec<Vec<String>> = studies.iter().map(row).collect();
    text::table(
        word!(
            "DATE|PATIENT|MOD|DESCRIPTION|IMAGES|SIZE|SITE|STATE|STUDY UID"
                | "DATE|PATIENT|MOD|DESCRIPTION|IMAGES|TAILLE|SITE|ÉTAT|STUDY UID"
        ),
        &rows,
    )
}
