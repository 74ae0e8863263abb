//! Transfers from peers: seen, held up, called off; and links tried.

use super::{
    args::{OneTransfer, PeerTest, TransferCommand},
    node::{Node, segment},
    text,
};
use serde_json::{Value, json};
use std::path::Path;

pub(super) async fn transfer(dir: &Path, command: TransferCommand) -> anyhow::Result<()> {
    match command {
        TransferCommand::List { json } => list(dir, json).await,
        TransferCommand::Pause(of) => steer(dir, &of, "pause").await,
        TransferCommand::Resume(of) => steer(dir, &of, "resume").await,
        TransferCommand::Cancel(of) => steer(dir, &of, "cancel").await,
    }
}

async fn list(dir: &Path, json: bool) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    let (transfers, links) = (node.get("/api/transfers").await?, node.get("/api/links").await?);
    // A node that was started before it was replaced does not tell.
    let outgoing = node.get("/api/transfers/outgoing").await.unwrap_or_default();
    node.close().await?;
    if json {
        println!("{:#}", json!({ "transfers": transfers, "outgoing": outgoing, "links": links }));
        return Ok(());
    }
    let shown = table(&transfers);
    if shown.is_empty() {
        println!("Nothing is on its way." | "Rien n'est en route.");
    } else {
        print!("{shown}");
    }
    let outgoing = outgoing_table(&outgoing);
    if outgoing.is_empty() {
        println!("Nothing is being sent." | "Rien ne part.");
    } else {
        print!("\n{outgoing}");
    }
    print!("\n{}", link_table(&links));
    Ok(())
}

async fn steer(dir: &Path, of: &OneTransfer, what: &str) -> anyhow::Result<()> {
    let mut node = Node::running(dir).await?;
    let transfers = node.get("/api/transfers").await?;
    let rows = transfers.as_array().into_iter().flatten();
    let is_it = |row: &&Value| {
        let site = of.site.as_deref();
        let is_from = site.is_none_or(|site| row["site_name"] == *site || text::field(row, "site").starts_with(site));
        row["study"] == *of.uid && is_from && row["road"] != "source"
    };
    let sites: Vec<String> = rows.filter(is_it).map(|row| text::field(row, "site")).collect();
    let [site] = sites.as_slice() else {
        node.close().await?;
        if sites.is_empty() {
            bail!("no such study is on its way" | "aucun examen de ce nom n'est en route");
        }
        bail!("it comes from several sites: say --site" | "il vient de plusieurs sites : précisez --site");
    };
    node.post(&format!("/api/transfers/{}/{}/{what}", segment(site), segment(&of.uid)), &json!({})).await?;
    node.close().await?;
    match what {
        "pause" => eprintln!(
            "Paused: only what somebody looks at still comes."
                | "En pause : seul vient encore ce que quelqu'un regarde."
        ),
        "resume" => eprintln!("It goes on." | "Le transfert reprend."),
        _ => eprintln!("Called off; what is here stays." | "Abandonné ; ce qui est ici reste."),
    }
    Ok(())
}

pub(super) async fn test(dir: &Path, asked: PeerTest) -> anyhow::Result<()> {
    let PeerTest { site, json } = asked;
    let mut node = Node::running(dir).await?;
    let found = node.post(&format!("/api/peers/{}/test", segment(&site)), &json!({})).await?;
    node.close().await?;
    if json {
        println!("{found:#}");
        return Ok(());
    }
    let number = |key: &str| found[key].as_f64().unwrap_or(0.0);
    let (mbit, rtt) = (number("bits_per_s") / 1e6, number("rtt_ms"));
    let (site, size) = (text::field(&found, "site_name"), text::size(found["bytes"].as_u64().unwrap_or(0)));
    let seconds = number("seconds");
    println!(
        "{site}: {mbit:.1} Mbit/s ({size} in {seconds:.2} s), round trip {rtt:.1} ms. It stands in both ledgers."
            | "{site} : {mbit:.1} Mbit/s ({size} en {seconds:.2} s), aller-retour {rtt:.1} ms. C'est inscrit aux deux registres."
    );
    Ok(())
}

/// Transfers as a table; empty where there is none.
pub(super) fn table(transfers: &Value) -> String {
    let transfers = transfers.as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> =
        transfers.flat_map(|transfer| std::iter::once(row(transfer)).chain(holders(transfer))).collect();
    if rows.is_empty() {
        return String::new();
    }
    let heads = word!(
        "FROM|ROAD|STATE|VERIFIED|SPEED|OF LINK|ROUND TRIP|LOST|LEFT|STUDY UID"
            | "DE|VOIE|ÉTAT|VÉRIFIÉES|DÉBIT|DU LIEN|ALLER-RETOUR|PERTES|RESTE|STUDY UID"
    );
    text::table(heads, &rows)
}

fn row(row: &Value) -> Vec<String> {
    let rate = row["bytes_per_s"].as_f64().unwrap_or(0.0);
    // Both over the wire: what comes coded becomes more than the link carried.
    let wire_rate = row["wire_bytes_per_s"].as_f64().unwrap_or(0.0);
    let link = row["link_bytes_per_s"].as_f64().filter(|link| *link > 0.0);
    vec![
        text::field(row, "site_name"),
        road(row["road"].as_str().unwrap_or_default()).to_owned(),
        text::field(row, "state"),
        format!("{}/{}", text::field(row, "instances_done"), text::field(row, "instances_total")),
        speed(Some(rate)),
        link.map_or_else(none, |link| format!("{:.0} %", (100.0 * wire_rate / link).min(100.0))),
        millis(row["rtt_ms"].as_f64()),
        share(row["lost"].as_f64()),
        row["seconds_left"].as_f64().map_or_else(none, |s| told!("{s:.0} s" | "{s:.0} s")),
        text::field(row, "study"),
    ]
}

/// Below a study that several sites bring: what each of them does.
fn holders(transfer: &Value) -> impl Iterator<Item = Vec<String>> {
    transfer["holders"].as_array().into_iter().flatten().map(|holder| {
        let mut row = vec![
            format!("· {}", text::field(holder, "site_name")),
            road(holder["road"].as_str().unwrap_or_default()).to_owned(),
            String::new(),
            text::size(holder["bytes"].as_u64().unwrap_or(0)),
            speed(holder["bytes_per_s"].as_f64()),
        ];
        row.resize(10, String::new());
        row
    })
}

/// What is being sent as a table; empty where there is nothing.
pub(super) fn outgoing_table(outgoing: &Value) -> String {
    let row = |row: &Value| {
        let agreed = row["kbits_max"].as_u64().map(|kbits| kbits as f64 / 1e3);
        vec![
            text::field(row, "site_name"),
            match row["via"].as_str() {
                Some(via) => told!("by {via}" | "par {via}"),
                None => road(row["road"].as_str().unwrap_or_default()).to_owned(),
            },
            urgency(row["priority"].as_str()).to_owned(),
            text::field(row, "streams"),
            text::size(row["bytes"].as_u64().unwrap_or(0)),
            speed(row["bytes_per_s"].as_f64()),
            agreed.map_or_else(none, |mbit| {
                let held = if row["held_back"] == true { word!(", holds" | ", retient") } else { "" };
                told!("{mbit:.1} Mbit/s{held}" | "{mbit:.1} Mbit/s{held}")
            }),
            millis(row["rtt_ms"].as_f64()),
            share(row["lost"].as_f64()),
            speed(row["link_bytes_per_s"].as_f64()),
            text::span(row["seconds"].as_u64().unwrap_or(0)),
            text::field(row, "study"),
        ]
    };
    let rows: Vec<Vec<String>> = outgoing.as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "SENT TO|ROAD|URGENCY|ANSWERS|SENT|SPEED|AGREED|ROUND TRIP|LOST|LINK|SINCE|STUDY UID"
            | "ENVOYÉ À|VOIE|URGENCE|RÉPONSES|ENVOYÉ|DÉBIT|CONVENU|ALLER-RETOUR|PERTES|LIEN|DEPUIS|STUDY UID"
    );
    if rows.is_empty() { String::new() } else { text::table(heads, &rows) }
}

fn urgency(word: Option<&str>) -> &str {
    match word {
        Some("emergency") => word!("emergency" | "urgence"),
        Some("screen") => word!("on screen" | "à l'écran"),
        Some("series") => word!("series" | "série"),
        Some("prefetch") => word!("ahead" | "d'avance"),
        Some("backup") => word!("backup" | "copie"),
        Some(other) => other,
        None => "–",
    }
}

fn none() -> String {
    "–".to_owned()
}

pub(super) fn road(word: &str) -> &str {
    match word {
        "direct" | "quic" => word!("direct" | "directe"),
        "punched" => word!("punched NAT" | "NAT percé"),
        "tcp" => word!("TCP" | "TCP"),
        "relay" => word!("relay" | "relais"),
        "source" => word!("PACS" | "PACS"),
        "none" => "–",
        other => other,
    }
}

fn speed(bytes_per_s: Option<f64>) -> String {
    let Some(megabytes) = bytes_per_s.map(|rate| rate / 1e6) else { return none() };
    told!("{megabytes:.1} MB/s" | "{megabytes:.1} Mo/s")
}

fn millis(ms: Option<f64>) -> String {
    ms.map_or_else(none, |ms| told!("{ms:.1} ms" | "{ms:.1} ms"))
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(none, |share| format!("{:.2} %", share * 100.0))
}

/// Links as a table.
pub(super) fn link_table(links: &Value) -> String {
    let row = |row: &Value| {
        vec![
            text::field(row, "site_name"),
            if row["connected"] == true { word!("up" | "établi") } else { word!("down" | "coupé") }.to_owned(),
            match row["via"].as_str() {
                Some(via) => told!("by {via}" | "par {via}"),
                None => road(row["road"].as_str().unwrap_or_default()).to_owned(),
            },
            millis(row["rtt_ms"].as_f64()),
            share(row["lost"].as_f64()),
            speed(row["bytes_per_s"].as_f64()),
            speed(row["best_bytes_per_s"].as_f64()),
            format!("{}+{}", text::field(row, "running"), text::field(row, "waiting")),
        ]
    };
    let rows: Vec<Vec<String>> = links.as_array().into_iter().flatten().map(row).collect();
    let heads = word!(
        "LINK TO|STATE|ROAD|ROUND TRIP|LOST|NOW|BEST|QUEUE"
            | "LIEN VERS|ÉTAT|VOIE|ALLER-RETOUR|PERTES|ACTUEL|MEILLEUR|FILE"
    );
    if rows.is_empty() { String::new() } else { text::table(heads, &rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_told_with_what_holds_it_back() {
        assert_eq!(outgoing_table(&json!([])), "");
        let row = json!({
            "site": "k", "site_name": "CHU Sud", "study": "1.2.3", "priority": "emergency", "streams": 4, "bytes": 1_500_000,
            "bytes_per_s": 2.5e6, "seconds": 61, "kbits_max": 20_000, "held_back": true, "road": "tcp", "via": null,
            "rtt_ms": 40.0, "lost": 0.01, "window_bytes": 262_144, "link_bytes_per_s": null,
        });
        let shown = outgoing_table(&json!([row]));
        let line = shown.lines().nth(1).unwrap();
        for said in [
            "CHU Sud",
            "TCP",
            "emergency",
            "4",
            "1.5 MB",
            "2.5 MB/s",
            "20.0 Mbit/s, holds",
            "40.0 ms",
            "1.00 %",
            "1.2.3",
        ] {
            assert!(line.contains(said), "{said}: {line}");
        }
    }
}
