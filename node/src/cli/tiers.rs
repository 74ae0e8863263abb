//! The cold tier: how it is, and studies moved by hand.

use super::{
    args::TierCommand,
    node::{Node, segment},
    objects::spinner,
    text,
};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// How often the node is asked how far a move is.
const ASK_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn tier(dir: &Path, command: TierCommand) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    match command {
        TierCommand::Status => show(&node.get("/api/tiers").await?),
        TierCommand::Cold { uid } => wait(&mut node, &uid, "cold").await?,
        TierCommand::Hot { uid } => wait(&mut node, &uid, "hot").await?,
    }
    node.close().await
}

fn show(tiers: &Value) {
    if tiers["configured"] != json!(true) {
        println!(
            "No cold tier is configured (archive.cold or archive.cold_store in confrere.toml)."
                | "Aucun niveau froid n'est réglé (archive.cold ou archive.cold_store dans confrere.toml)."
        );
        return;
    }
    let kind = if tiers["kind"] == json!("store") {
        word!("an object store" | "un stockage d'objets")
    } else {
        word!("a folder" | "un dossier")
    };
    println!("The cold tier is {kind}: {}" | "Le niveau froid est {kind} : {}", text::field(tiers, "place"));
    match tiers["away"].as_str() {
        None => println!("It is there." | "Il est là."),
        Some(why) => println!("It is NOT THERE: {}." | "Il N'EST PAS LÀ : {}.", away(why)),
    }
    let bytes = |key: &str| tiers[key].as_u64().map_or_else(|| word!("unknown" | "inconnu").to_owned(), text::size);
    println!("Studies in it: {}, {}." | "Examens qu'il contient : {}, {}.", tiers["studies"], bytes("bytes"));
    println!(
        "Free: {}. Read at: {} a second." | "Libre : {}. Lu à : {} par seconde.",
        bytes("free_bytes"),
        bytes("pace")
    );
    for one in tiers["moves"].as_array().into_iter().flatten() {
        let error = text::field(one, "error");
        println!(
            "{} to {}: {} of {} {error}" | "{} vers {} : {} sur {} {error}",
            text::field(one, "study"),
            text::field(one, "to"),
            one["done"],
            one["objects"]
        );
    }
}

fn away(why: &str) -> &str {
    match why {
        "silent" => word!("it does not answer" | "il ne répond pas"),
        "unmarked" => word!("its mark is missing" | "sa marque manque"),
        "other-site" => word!("it belongs to another site" | "il appartient à un autre site"),
        "credentials" => word!(
            "the store does not accept the credentials, or they do not allow it"
                | "le stockage n'accepte pas les identifiants, ou ils ne le permettent pas"
        ),
        "bucket" => word!("the store has no such bucket" | "le stockage n'a pas ce bucket"),
        "region" => word!(
            "the bucket is in another region than archive.cold_region"
                | "le bucket est dans une autre région que archive.cold_region"
        ),
        "clock" => word!(
            "the store's clock and this machine's differ" | "l'horloge du stockage et celle de cette machine diffèrent"
        ),
        "versions" => word!(
            "the bucket keeps old versions, and what is erased would stay there"
                | "le bucket garde les anciennes versions, et ce qui est effacé y resterait"
        ),
        other => other,
    }
}

async fn wait(node: &mut Node, uid: &str, tier: &str) -> anyhow::Result<()> {
    let path = format!("/api/studies/{}/tier", segment(uid));
    node.post(&path, &json!({ "tier": tier })).await?;
    let bar = spinner();
    loop {
        let now = node.get(&path).await?;
        let moving = &now["moving"];
        if !moving["error"].is_null() {
            let error = text::fault(&moving["error"]);
            bail!("the study was not moved: {error}" | "l'examen n'a pas été déplacé : {error}");
        }
        if moving.is_null() {
            bar.finish_and_clear();
            println!("The study is {}." | "L'examen est maintenant ici : {}.", text::field(&now, "tier"));
            return Ok(());
        }
        bar.set_message(told!("{} of {} objects" | "{} sur {} objets", moving["done"], moving["objects"]));
        bar.tick();
        tokio::time::sleep(ASK_EVERY).await;
    }
}
