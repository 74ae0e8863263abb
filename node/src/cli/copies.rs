//! Who holds copies of our studies.

use super::{
    args::{Holders, PeerCopies},
    node::{Node, segment},
    text,
};
use serde_json::Value;
use std::path::Path;

pub(super) async fn of_study(dir: &Path, asked: Holders) -> anyhow::Result<()> {
    let Holders { uid, json } = asked;
    let mut node = Node::running(dir).await?;
    let copies = node.get(&format!("/api/studies/{}/holders", segment(&uid))).await?;
    node.close().await?;
    say(&copies, json, "peer_name");
    Ok(())
}

pub(super) async fn at_peer(dir: &Path, asked: PeerCopies) -> anyhow::Result<()> {
    let PeerCopies { site, all, json } = asked;
    let mut node = Node::running(dir).await?;
    let copies = node.get(&format!("/api/peers/{}/copies?all={all}", segment(&site))).await?;
    node.close().await?;
    say(&copies, json, "study");
    Ok(())
}

fn say(copies: &Value, json: bool, first: &str) {
    if json {
        println!("{copies:#}");
        return;
    }
    let (held, overdue) = (text::field(copies, "held"), text::field(copies, "overdue"));
    eprintln!(
        "Copies that may still be there: {held}; of these overdue: {overdue}."
            | "Copies peut-être encore présentes : {held} ; dont en retard : {overdue}."
    );
    let row = |row: &Value| {
        let bytes = row["bytes"].as_u64().unwrap_or(0);
        let ends = if row["erased"].is_null() { text::time(row, "until") } else { text::time(&row["erased"], "at") };
        vec![
            text::field(row, first),
            state(row["state"].as_str().unwrap_or_default()).to_owned(),
            text::time(row, "since"),
            ends,
            text::field(row, "instances"),
            text::size(bytes),
            row["erased"]["why"].as_str().map(why).unwrap_or_default().to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = copies["copies"].as_array().into_iter().flatten().map(row).collect();
    if !rows.is_empty() {
        let of = if first == "study" { word!("STUDY" | "EXAMEN") } else { word!("SITE" | "SITE") };
        let heads = word!("STATE|SINCE|UNTIL|INSTANCES|AT MOST|WHY" | "ÉTAT|DEPUIS|JUSQU'À|INSTANCES|AU PLUS|POURQUOI");
        print!("{}", text::table(&format!("{of}|{heads}"), &rows));
    }
}

fn state(word: &str) -> &str {
    match word {
        "held" => word!("held" | "détenue"),
        "ending" => word!("ending" | "s'achève"),
        "overdue" => word!("overdue" | "en retard"),
        "unconfirmed" => word!("not confirmed" | "non confirmée"),
        "erased" => word!("erased" | "effacée"),
        other => other,
    }
}

fn why(word: &str) -> &str {
    match word {
        "agreement-ended" => word!("agreement ended" | "accord terminé"),
        "grant-ended" => word!("grant ended" | "autorisation terminée"),
        "withdrawn" => word!("withdrawn" | "retiré"),
        "outdated" => word!("replaced" | "remplacé"),
        "lease-over" => word!("time is over" | "délai écoulé"),
        "room" => word!("room was needed" | "manque de place"),
        "parted" => word!("sites parted" | "sites séparés"),
        "unknown" => word!("not known there" | "inconnue là-bas"),
        other => other,
    }
}
