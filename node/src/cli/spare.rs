//! Second copies of backups from the command line.

use super::{
    args::SpareCommand,
    node::{Node, segment},
    objects::spinner,
    text,
};
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn spare(dir: &Path, command: SpareCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        SpareCommand::Offer { site, keep, bytes_max, bytes_per_second, days_after, time_zone, nights } => {
            let spans: Vec<(u16, u16)> = if nights { every_night() } else { Vec::new() };
            let body = json!({ "site": site, "keeps": keep, "bytes_max": bytes_max,
                "bytes_per_second": bytes_per_second, "days_after": days_after, "time_zone": time_zone, "spans": spans });
            let offered = node.post("/api/spare", &body).await?;
            let peer = text::field(&offered, "peer_name");
            eprintln!(
                "Offered to {peer}; they accept with this id:"
                    | "Proposé à {peer} ; ils acceptent par cet identifiant :"
            );
            println!("{}", text::field(&offered, "id"));
        }
        SpareCommand::Accept { id } => {
            let agreed = node.post(&format!("/api/spare/{}/accept", segment(&id)), &json!({})).await?;
            let peer = text::field(&agreed, "peer_name");
            eprintln!("Agreed with {peer}." | "Convenu avec {peer}.");
        }
        SpareCommand::End { id } => {
            let ended = node.post(&format!("/api/spare/{}/end", segment(&id)), &json!({})).await?;
            let (peer, days) = (text::field(&ended, "peer_name"), text::field(&ended, "days_after"));
            eprintln!(
                "Ended with {peer}. The copy stays {days} days more."
                    | "Terminé avec {peer}. La copie reste encore {days} jours."
            );
        }
        SpareCommand::List { json } => {
            let copies = node.get("/api/spare").await?;
            if json {
                println!("{copies:#}");
            } else {
                print!("{}", table(&copies));
            }
        }
        SpareCommand::Prove { id, files } => {
            let path = format!("/api/spare/{}/prove", segment(&id));
            let proved = node.post(&path, &json!({ "files": files })).await?;
            let (files, bad) = (text::field(&proved, "files"), text::field(&proved, "bad"));
            println!(
                "{files} files asked for, {bad} not there or not what they were."
                    | "{files} fichiers demandés, {bad} absents ou altérés."
            );
            ensure!(proved["bad"] == 0, "the keeper fetches them again" | "le gardien les reprend");
        }
        SpareCommand::Export { site, to } => export(&mut node, &site, &to).await?,
        SpareCommand::Erase { site } => {
            let gone = node.post("/api/spare/erase", &json!({ "site": site })).await?;
            let bytes = gone["bytes"].as_u64().unwrap_or(0);
            let (files, size) = (text::field(&gone, "files"), text::size(bytes));
            println!("{files} files ({size}) are erased." | "{files} fichiers ({size}) sont effacés.");
        }
    }
    node.close().await
}

async fn export(node: &mut Node, site: &str, to: &Path) -> anyhow::Result<()> {
    // A node has its own current folder.
    let body = json!({ "site": site, "to": std::path::absolute(to)? });
    let (bar, mut total) = (spinner(), Value::Null);
    node.lines("/api/spare/export", &body, |mut line| {
        let number = |key: &str| line["progress"][key].as_u64().unwrap_or(0);
        let (files, size) = (number("files"), text::size(number("bytes")));
        bar.set_message(told!("{files} files, {size}" | "{files} fichiers, {size}"));
        bar.tick();
        if !line["total"].is_null() {
            total = line["total"].take();
        }
    })
    .await?;
    bar.finish_and_clear();
    ensure!(
        !total.is_null(),
        "the export was cut off; begin again in a new folder"
            | "l'export a été interrompu ; recommencez dans un nouveau dossier"
    );
    if let Some(error) = total["error"].as_str() {
        return Err(anyhow::Error::msg(error.to_owned()));
    }
    let number = |key: &str| total[key].as_u64().unwrap_or(0);
    let (files, size, place) = (number("files"), text::size(number("bytes")), to.display());
    println!("{files} files ({size}) are in {place}." | "{files} fichiers ({size}) sont dans {place}.");
    println!(
        "On the new machine, with the passphrase of that site:"
            | "Sur la nouvelle machine, avec la phrase secrète de ce site :"
    );
    println!("  confrere restore --from FOLDER --passphrase-file FILE --dir DIR");
    let bad = number("bad");
    ensure!(bad == 0, "{bad} files are not there, or not what they were" | "{bad} fichiers sont absents ou altérés");
    Ok(())
}

/// From 20:00 to 06:00.
fn every_night() -> Vec<(u16, u16)> {
    const DAY: u16 = 24 * 60;
    (0..7).map(|day| (day * DAY + 20 * 60, (day + 1) % 7 * DAY + 6 * 60)).collect()
}

fn table(copies: &Value) -> String {
    let row = |row: &Value| {
        let whose = if row["keeps"] == true {
            word!("theirs, here" | "la leur, ici")
        } else {
            word!("ours, there" | "la nôtre, là-bas")
        };
        let standing = &row["standing"];
        let number = |key: &str| standing[key].as_u64().unwrap_or(0);
        let how = match (row["erased"].is_null(), standing.is_null(), standing["halt"].as_str()) {
            (false, ..) => word!("erased" | "effacée").to_owned(),
            (_, true, _) => String::new(),
            (_, _, Some("full")) => {
                let needed = text::size(number("needed_bytes"));
                told!("full: {needed} needed" | "plein : {needed} nécessaires")
            }
            (_, _, Some(_)) => word!("no room on the disk" | "disque plein").to_owned(),
            _ if number("missing_files") > 0 => {
                let (files, size) = (number("missing_files"), text::size(number("missing_bytes")));
                told!("{files} files to come ({size})" | "{files} fichiers à venir ({size})")
            }
            _ => {
                let (files, size) = (number("files"), text::size(number("bytes")));
                told!("{files} files ({size})" | "{files} fichiers ({size})")
            }
        };
        vec![
            text::field(row, "id"),
            text::field(row, "peer_name"),
            whose.to_owned(),
            text::field(row, "state"),
            text::time(standing, "whole"),
            how,
        ]
    };
    let rows: Vec<Vec<String>> = copies["keepings"].as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return told!("No second copies.\n" | "Aucune seconde copie.\n");
    }
    text::table(word!("ID|SITE|WHOSE|STATE|WHOLE AS OF|COPY" | "ID|SITE|À QUI|ÉTAT|ENTIÈRE AU|COPIE"), &rows)
}
