//! Pairing and peers. Who pairs compares: both sides see the same six digits and each other's name.

use super::{
    args::PeerCommand,
    node::{Node, segment},
    text, transfers,
};
use hyper::Method;
use serde_json::{Value, json};
use std::{io::IsTerminal, path::Path, process::ExitCode, time::Duration};

/// How often a pairing is looked at while two people talk.
const LOOK_EVERY: Duration = Duration::from_millis(300);

pub(super) async fn peer(dir: &Path, command: PeerCommand) -> anyhow::Result<ExitCode> {
    match command {
        PeerCommand::Invite { yes, wait, no_wait, replaces } => {
            let stays = !no_wait && (yes || wait || std::io::stdin().is_terminal());
            return invite(dir, yes, stays, replaces.as_deref()).await;
        }
        PeerCommand::Join { invitation, code, yes, replaces } => {
            return join(dir, &invitation, &code, (yes, replaces.as_deref())).await;
        }
        PeerCommand::List { json } => list(dir, json).await?,
        PeerCommand::ViewAs(asked) => super::insight::view_as(dir, asked).await?,
        PeerCommand::Copies(asked) => super::copies::at_peer(dir, asked).await?,
        PeerCommand::Test(asked) => transfers::test(dir, asked).await?,
        PeerCommand::Revoke { site } => {
            let mut node = Node::open(dir).await?;
            node.ask(Method::DELETE, &format!("/api/peers/{}", segment(&site)), None).await?;
            node.close().await?;
            eprintln!(
                "{site} is revoked: agreements, grants and running transfers have ended."
                    | "{site} est révoqué : accords, autorisations et transferts en cours ont pris fin."
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn invite(dir: &Path, yes: bool, stays: bool, replaces: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut node = Node::running(dir).await?;
    let invited = node.post("/api/peers/invitations", &json!({})).await?;
    eprintln!(
        "Send this invitation to the other site (mail will do):\n"
            | "Envoyez cette invitation à l'autre site (un courriel suffit) :\n"
    );
    println!("Invitation: {}" | "Invitation : {}", text::field(&invited, "invitation"));
    eprintln!(
        "\nSpeak this code on the telephone, never in the same message:\n"
            | "\nDictez ce code au téléphone, jamais dans le même message :\n"
    );
    println!("Code: {}" | "Code : {}", text::field(&invited, "code"));
    eprintln!(
        "\nBoth are good until {}, once." | "\nLes deux valent jusqu'à {}, une seule fois.",
        text::time(&invited, "expires")
    );
    if !stays {
        eprintln!(
            "Compare the six digits in the portal, or with `confrere peer invite --wait`."
                | "Comparez les six chiffres dans le portail, ou avec `confrere peer invite --wait`."
        );
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("Waiting for the other site …" | "En attente de l'autre site …");
    let id = text::field(&invited, "id");
    let pairing = until(&mut node, &id, |pairing| pairing["state"] != "waiting").await?;
    compare(node, pairing, (yes, replaces)).await
}

async fn join(dir: &Path, invitation: &str, code: &str, how: (bool, Option<&str>)) -> anyhow::Result<ExitCode> {
    let mut node = Node::running(dir).await?;
    let pairing = node.post("/api/peers/join", &json!({ "invitation": invitation, "code": code })).await?;
    compare(node, pairing, how).await
}

/// Shows names and digits, asks, and waits for the other side. `replaces`: the peer that it is, which lost its key.
async fn compare(
    mut node: Node,
    mut pairing: Value,
    (yes, replaces): (bool, Option<&str>),
) -> anyhow::Result<ExitCode> {
    let id = text::field(&pairing, "id");
    if pairing["state"] == "compare" {
        let ours = text::field(&node.get("/api/site").await?, "name");
        println!("This site: {ours}" | "Ce site : {ours}");
        println!("Other site: {}" | "Autre site : {}", text::field(&pairing, "peer_name"));
        println!("Digits: {}" | "Chiffres : {}", text::field(&pairing, "digits"));
        let agree = yes
            || text::ask(word!(
                "Does the other side see the same digits and both names?"
                    | "L'autre site voit-il les mêmes chiffres et les deux noms ?"
            ));
        pairing = node
            .post(&format!("/api/pairings/{}/confirm", segment(&id)), &json!({ "accept": agree, "replaces": replaces }))
            .await?;
        if agree && pairing["state"] == "compare" {
            eprintln!("Waiting for the other side to compare …" | "En attente de la comparaison par l'autre site …");
            pairing = until(&mut node, &id, |pairing| pairing["state"] != "compare").await?;
        }
    }
    node.close().await?;
    if pairing["state"] == "done" {
        let name = text::field(&pairing, "peer_name");
        println!(
            "Paired with {name}. Nothing is shared until an agreement is signed:"
                | "Appairé avec {name}. Rien n'est partagé tant qu'un accord n'est pas signé :"
        );
        println!("  confrere agreement offer \"{name}\" --preset on-call");
        return Ok(ExitCode::SUCCESS);
    }
    bail!("not paired: {}" | "pas d'appairage : {}", reason(&text::field(&pairing, "reason")))
}

async fn until(node: &mut Node, id: &str, reached: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    loop {
        let pairings = node.get("/api/pairings").await?;
        let found = pairings.as_array().into_iter().flatten().find(|pairing| pairing["id"] == id);
        match found {
            Some(pairing) if reached(pairing) => return Ok(pairing.clone()),
            Some(_) => tokio::time::sleep(LOOK_EVERY).await,
            None => bail!("not paired: {}" | "pas d'appairage : {}", reason("expired")),
        }
    }
}

fn reason(code: &str) -> &str {
    match code {
        "wrong-code" => word!("the spoken code was wrong" | "le code dicté était faux"),
        "expired" => word!("the invitation has expired or was used" | "l'invitation a expiré ou a déjà servi"),
        "unreachable" => word!("the other site cannot be reached" | "l'autre site est injoignable"),
        "bad-invitation" => word!("the invitation is not readable" | "l'invitation est illisible"),
        "rejected" => word!("one side said that the digits differ" | "l'un des sites a dit que les chiffres diffèrent"),
        "protocol" => word!("the other side broke the protocol" | "l'autre site n'a pas respecté le protocole"),
        "already-paired" => word!("the sites are paired already" | "les sites sont déjà appairés"),
        other => other,
    }
}

async fn list(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut node = Node::open(dir).await?;
    let peers = node.get("/api/peers").await?;
    node.close().await?;
    if json {
        println!("{peers:#}");
        return Ok(());
    }
    print!("{}", peer_table(&peers));
    Ok(())
}

/// Peers as a table; also for status.
pub(super) fn peer_table(peers: &Value) -> String {
    let row = |peer: &Value| {
        let state = match (peer["revoked"].is_null(), peer["connected"].as_bool()) {
            (false, _) => word!("revoked" | "révoqué").to_owned(),
            (true, Some(true)) => {
                told!("connected ({})" | "connecté ({})", transfers::road(&text::field(peer, "road")))
            }
            _ => word!("away" | "absent").to_owned(),
        };
        let key: String = text::field(peer, "site").chars().take(8).collect();
        vec![text::field(peer, "name"), key, state, text::time(peer, "last_contact"), text::field(peer, "studies_told")]
    };
    let rows: Vec<Vec<String>> = peers.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return word!("No peers.\n" | "Aucun confrère.\n").to_owned();
    }
    text::table(word!("SITE|KEY|STATE|LAST CONTACT|STUDIES" | "SITE|CLÉ|ÉTAT|DERNIER CONTACT|EXAMENS"), &rows)
}
