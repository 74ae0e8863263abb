//! Backup and restore from the command line.

use super::{
    accounts::read_password,
    args::{Backup, Restore},
    node::Node,
    objects::spinner,
    text,
};
use crate::{
    archive,
    backup::{self, Vault},
    site::Lock,
};
use serde_json::{Value, json};
use std::path::Path;
use zeroize::Zeroizing;

pub(super) async fn backup(dir: &Path, asked: Backup) -> anyhow::Result<()> {
    let passphrase = Zeroizing::new(read_password(&asked.passphrase_file)?);
    if asked.list {
        for name in Vault::open(&asked.to, &passphrase)?.snapshots()? {
            println!("{name}");
        }
        return Ok(());
    }
    // A node has its own current folder.
    let to = std::path::absolute(&asked.to)?;
    let mut node = Node::open(dir).await?;
    let bar = spinner();
    let mut total = Value::Null;
    node.lines("/api/backup", &json!({ "to": to, "passphrase": &*passphrase }), |mut line| {
        let progress = &line["progress"];
        let number = |key: &str| progress[key].as_u64().unwrap_or(0);
        bar.set_message(told!("{} files, {}" | "{} fichiers, {}", number("files"), text::size(number("bytes"))));
        bar.tick();
        if !line["total"].is_null() {
            total = line["total"].take();
        }
    })
    .await?;
    bar.finish_and_clear();
    node.close().await?;
    ensure!(
        !total.is_null(),
        "the backup was cut off; the next one goes on from there"
            | "la sauvegarde a été interrompue ; la prochaine reprendra de là"
    );
    if let Some(error) = total["error"].as_str().map(text::spoken) {
        bail!("{error}");
    }
    let number = |key: &str| total[key].as_u64().unwrap_or(0);
    let (files, bytes) = (number("files"), text::size(number("bytes")));
    println!(
        "Snapshot {} holds {files} files ({bytes})." | "L'instantané {} contient {files} fichiers ({bytes}).",
        text::field(&total, "snapshot")
    );
    println!(
        "New in it: {} files ({})." | "Dont nouveaux : {} fichiers ({}).",
        number("new_files"),
        text::size(number("new_bytes"))
    );
    Ok(())
}

pub(super) async fn restore(dir: &Path, asked: Restore) -> anyhow::Result<()> {
    if asked.fetch_back {
        return fetch_back(dir).await;
    }
    let (Some(from), Some(file)) = (asked.from, asked.passphrase_file) else {
        return current(dir, asked.reason.filter(|_| asked.confirm)).await;
    };
    let passphrase = Zeroizing::new(read_password(&file)?);
    let vault = Vault::open(&from, &passphrase)?;
    let bar = spinner();
    let copied = backup::restore(&vault, asked.snapshot.as_deref(), dir, &mut |copied| {
        bar.set_message(told!("{} files, {}" | "{} fichiers, {}", copied.files, text::size(copied.bytes)));
        bar.tick();
    })?;
    let _lock = Lock::try_take(dir)?;
    let totals = archive::rebuild(dir, &mut |records| {
        bar.set_message(told!("{records} records" | "{records} enregistrements"))
    })?;
    bar.finish_and_clear();
    println!(
        "{} files ({}) are back, each compared with its digest."
            | "{} fichiers ({}) sont revenus, chacun comparé à son empreinte.",
        copied.files,
        text::size(copied.bytes)
    );
    println!(
        "The index is made again: {} studies, {} instances." | "L'index est refait : {} examens, {} instances.",
        totals.studies, totals.instances
    );
    let folder = dir.display();
    println!(
        "\nAgreements ended and peers revoked since the backup are in force again, and people removed are back."
            | "\nLes accords terminés et les confrères révoqués depuis la sauvegarde sont de nouveau en vigueur, et les personnes retirées sont revenues."
    );
    println!(
        "The node serves nothing to peers until each of them has told what it knows that is newer."
            | "Le nœud ne sert rien aux confrères tant que chacun d'eux n'a pas dit ce qu'il sait de plus récent."
    );
    println!(
        "Look at what it knows, end what must end; it opens by itself, or when you say so:"
            | "Regardez ce qu'il sait, terminez ce qui doit l'être ; il s'ouvre de lui-même, ou quand vous le dites :"
    );
    println!("  confrere user list --dir {folder}");
    println!("  confrere restore --state --dir {folder}");
    println!("  confrere restore --confirm --reason TEXT --dir {folder}");
    Ok(())
}

/// Studies that came after the backup, from peers that copied them.
async fn fetch_back(dir: &Path) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    let mut total = Value::Null;
    node.lines("/api/restore/fetch-back", &json!({}), |mut line| {
        if !line["total"].is_null() {
            total = line["total"].take();
            return;
        }
        let study = text::field(&line, "study");
        match line["error"].as_str() {
            Some(error) => println!("{study}: {error}"),
            None => {
                let (here, of) = (text::field(&line, "here"), text::field(&line, "of"));
                println!("{study}: {here} of {of} instances" | "{study} : {here} instances sur {of}");
            }
        }
    })
    .await?;
    node.close().await?;
    ensure!(
        !total.is_null(),
        "it was cut off; what came is here, ask again for the rest"
            | "interrompu ; ce qui est venu est là, redemandez le reste"
    );
    let (whole, left) = (text::field(&total, "studies"), text::field(&total, "left"));
    println!("{whole} studies are whole, {left} are not." | "{whole} examens sont entiers, {left} ne le sont pas.");
    Ok(())
}

/// How a restored node stands, or, with a reason, that it may serve peers.
async fn current(dir: &Path, reason: Option<String>) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let state = node.get("/api/restore").await?;
    let taken = text::field(&state, "restored");
    if let Some(reason) = reason {
        node.post("/api/restore/confirm", &json!({ "reason": reason })).await?;
        println!(
            "The node restored from the backup of {taken} may serve peers."
                | "Le nœud restauré de la sauvegarde du {taken} peut servir les confrères."
        );
        return node.close().await;
    }
    if state["restored"].is_null() {
        println!("The node is current." | "Le nœud est à jour.");
    } else {
        println!(
            "Restored from the backup of {taken}: nothing is served to peers."
                | "Restauré de la sauvegarde du {taken} : rien n'est servi aux confrères."
        );
        for peer in state["waiting"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("  {peer} has not told yet what it knows." | "  {peer} n'a pas encore dit ce qu'il sait.");
        }
    }
    let studies = state["studies"].as_array().cloned().unwrap_or_default();
    if !studies.is_empty() {
        println!(
            "Known to peers and not held here, {} studies:" | "Connus des confrères et absents ici, {} examens :",
            text::field(&state, "forgotten")
        );
        let row = |known: &Value| ["study", "site", "instances", "copied"].map(|key| text::field(known, key)).to_vec();
        let rows: Vec<_> = studies.iter().map(row).collect();
        print!(
            "{}",
            text::table(word!("STUDY|AT|INSTANCES|COPIED THERE" | "EXAMEN|CHEZ|INSTANCES|COPIÉ LÀ-BAS"), &rows)
        );
    }
    node.close().await
}
