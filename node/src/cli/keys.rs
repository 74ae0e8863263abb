//! Keys that speak for sites.

use super::{
    args::{KeyCommand, RotateKey},
    node::Node,
    text,
};
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn key(dir: &Path, command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::List { json } => list(dir, json).await,
        KeyCommand::Rotate(asked) => rotate(dir, asked).await,
        KeyCommand::Reseal { without_backup, yes } => reseal(dir, without_backup, yes).await,
    }
}

async fn list(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let keys = node.get("/api/keys").await?;
    node.close().await?;
    if json {
        println!("{keys:#}");
        return Ok(());
    }
    let row = |site: &Value| {
        let conflict = word!("two successors: pair again" | "deux successeurs : appairer à nouveau");
        let standing = if site["conflict"].is_null() { "" } else { conflict };
        let changed = if site["changed"].is_null() { String::new() } else { text::time(site, "changed") };
        vec![text::field(site, "name"), text::field(site, "key"), changed, standing.to_owned()]
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(&keys["own"]).chain(keys["peers"].as_array().into_iter().flatten()).map(row).collect();
    print!("{}", text::table(word!("SITE|KEY|CHANGED|" | "SITE|CLÉ|CHANGÉE|"), &rows));
    what_to_do(&keys);
    how_far(&keys["sealing"]);
    Ok(())
}

/// How far sealing anew is, where it was begun.
fn how_far(sealing: &Value) {
    let (done, total) = (text::field(sealing, "done"), text::field(sealing, "total"));
    match sealing["stage"].as_str() {
        Some("waits-for-backup") => eprintln!(
            "Sealing anew: take a backup now, it goes on afterwards. One from before will not read the cold copies."
                | "Nouveau scellement : faites une sauvegarde maintenant, il continuera ensuite. Une plus ancienne ne lira pas les copies froides."
        ),
        Some("working") => eprintln!(
            "Sealing anew: {done} of {total} cold copies." | "Nouveau scellement : {done} copies froides sur {total}."
        ),
        Some("store-away") => eprintln!(
            "Sealing anew: the object store is not there, or does not take some copies now; {done} of {total} were looked at. It goes on by itself."
                | "Nouveau scellement : le stockage objet n'est pas là, ou ne prend pas certaines copies ; {done} sur {total} ont été vues. Il continuera de lui-même."
        ),
        _ => {}
    }
}

async fn reseal(dir: &Path, without_backup: bool, yes: bool) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    let is_meant = yes
        || text::ask(word!(
            "Seal anew what is sealed at rest? All cold copies in an object store are read and written once more."
                | "Sceller à nouveau ce qui est scellé au repos ? Toutes les copies froides d'un stockage objet sont relues et réécrites."
        ));
    if is_meant {
        let sealing = node.post("/api/keys/reseal", &json!({ "without_backup": without_backup })).await?;
        how_far(&sealing);
        eprintln!(
            "It goes on by itself; confrere key list shows how far it is. If the node's folder itself was copied, have second factors set up anew too: what was recorded of them stays in the journal."
                | "Il continue de lui-même ; confrere key list montre où il en est. Si le dossier du nœud a été copié, faites aussi refaire les seconds facteurs : ce qui en fut enregistré reste dans le journal."
        );
    }
    node.close().await
}

/// Of each chain that parts from the known one: the two keys, and what is to be done.
fn what_to_do(keys: &Value) {
    if keys["own"]["conflict"].is_string() {
        let (name, rival) = (text::field(&keys["own"], "name"), text::field(&keys["own"]["rival"], "key"));
        let follows = text::field(&keys["own"]["rival"], "follows");
        eprintln!(
            "Somebody else has signed a new key in the name of {name}: {rival}, which follows {follows}. That key is in other hands, or this node was put back from an older backup. Now: confrere key rotate --compromised --since TIME; telephone the peers; pair again with those that stand still."
                | "Quelqu'un d'autre a signé une nouvelle clé au nom de {name} : {rival}, qui suit {follows}. Cette clé est dans d'autres mains, ou ce nœud vient d'une sauvegarde plus ancienne. À faire : confrere key rotate --compromised --since MOMENT ; téléphoner aux confrères ; appairer à nouveau ceux qui se sont arrêtés."
        );
    }
    for peer in keys["peers"].as_array().into_iter().flatten().filter(|peer| peer["conflict"].is_string()) {
        let (name, key) = (text::field(peer, "name"), text::field(peer, "key"));
        let (rival, follows) = (text::field(&peer["rival"], "key"), text::field(&peer["rival"], "follows"));
        eprintln!(
            "Two keys claim to follow {follows} of {name}: {key} and {rival}. One of them is not the site, and nothing passes. Telephone its administrator, by a number you had before; then pair the sites again: agreements go on."
                | "Deux clés prétendent suivre {follows} de {name} : {key} et {rival}. L'une n'est pas le site, et rien ne passe. Téléphonez à son administrateur, à un numéro que vous aviez déjà ; puis appairez les sites à nouveau : les accords continuent."
        );
    }
}

async fn rotate(dir: &Path, asked: RotateKey) -> anyhow::Result<()> {
    let RotateKey { compromised, since, yes } = asked;
    let mut node = Node::running(dir).await?;
    let is_meant = yes
        || text::ask(word!(
            "Give this site a new key? Peers take it at once; take a backup afterwards."
                | "Donner une nouvelle clé à ce site ? Les confrères la prennent aussitôt ; sauvegardez ensuite."
        ));
    if !is_meant {
        return node.close().await;
    }
    let done = node.post("/api/keys/rotate", &json!({ "compromised": compromised, "since": since })).await?;
    node.close().await?;
    println!("New key: {}" | "Nouvelle clé : {}", text::field(&done["own"], "key"));
    let names =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    let (told, untold) = (names(&done["told"]), names(&done["untold"]));
    if !told.is_empty() {
        eprintln!("It is known to: {told}." | "Elle est connue de : {told}.");
    }
    if !untold.is_empty() {
        eprintln!(
            "These learn it when they are met: {untold}." | "Ceux-ci l'apprendront au prochain contact : {untold}."
        );
    }
    if compromised {
        eprintln!(
            "What is sealed at rest still hangs on the first key: confrere key reseal seals it anew."
                | "Ce qui est scellé au repos dépend encore de la première clé : confrere key reseal le scelle à nouveau."
        );
    }
    eprintln!(
        "Take a backup now: one from before this has the old key."
            | "Faites une sauvegarde maintenant : une plus ancienne a l'ancienne clé."
    );
    Ok(())
}
