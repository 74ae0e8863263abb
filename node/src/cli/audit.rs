//! The ledger from the command line: how it stands, evidence written out, and evidence checked.
//!
//! Checking needs no node, no folder and no network: the bundle and the public keys are enough.

use super::{args::AuditCommand, node::Node, text};
use crate::{
    audit::{
        stamp::Unstamped,
        verify::{Fault, Report, Shown, verify},
    },
    x509::Authorities,
};
use anyhow::Context as _;
use protocol::{SiteId, Timestamp};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Largest bundle that is read, bytes.
const BUNDLE_BYTES_MAX: u64 = crate::audit::BUNDLE_BYTES_MAX;

pub(super) async fn audit(dir: &Path, command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify { bundle, keys, timestamp_ca, quiet } => {
            return check(&bundle, &keys, timestamp_ca.as_deref(), quiet);
        }
        AuditCommand::Patient { id, issuer, json } => {
            super::access::patient(dir, &id, issuer.as_deref(), json).await?;
        }
        AuditCommand::Status { json } => {
            let mut node = Node::open(dir).await?;
            let ledger = node.get("/api/ledger").await?;
            node.close().await?;
            if json {
                println!("{ledger:#}");
            } else {
                show(&ledger);
            }
        }
        AuditCommand::Reviews { all } => super::emergency::reviews(dir, all).await?,
        AuditCommand::Review { request, verdict, note } => {
            super::emergency::review(dir, &request, &verdict, &note).await?;
        }
        AuditCommand::Settle => {
            let mut node = Node::open(dir).await?;
            node.post("/api/ledger/settle", &Value::Null).await?;
            node.close().await?;
            eprintln!("Noted; the alarm is over." | "Pris en compte ; l'alerte est levée.");
        }
        AuditCommand::Export { study, patient, issuer, from, to, out, timestamp } => {
            let asked = json!({ "studies": study, "patient": patient, "issuer": issuer, "from": from, "to": to });
            let mut node = Node::open(dir).await?;
            let mut bundle = node.post("/api/ledger/evidence", &asked).await?;
            node.close().await?;
            if let Some(url) = timestamp {
                super::stamp::add(&mut bundle, &url).await?;
            }
            let records = bundle["records"].as_array().map_or(0, Vec::len);
            match out {
                None => println!("{bundle:#}"),
                Some(out) => {
                    fs::write(&out, format!("{bundle:#}\n")).with_context(|| out.display().to_string())?;
                    let out = out.display();
                    eprintln!(
                        "{records} records are in {out}. Whoever checks it needs the public keys of the sites:"
                            | "{records} enregistrements sont dans {out}. Pour le vérifier il faut les clés publiques des sites :"
                    );
                    eprintln!("  confrere audit verify {out} --key A.pub --key B.pub");
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(ledger: &Value) {
    println!(
        "{} records, since {}; {} were there before." | "{} enregistrements, depuis {} ; {} y étaient déjà.",
        text::field(ledger, "size"),
        text::time(ledger, "since"),
        text::field(ledger, "before")
    );
    println!("root {}" | "racine {}", text::field(ledger, "root"));
    let head = |peer: &Value, key: &str| {
        if peer[key].is_null() {
            return "–".to_owned();
        }
        let broken = if peer[key]["unbroken"] == true { "" } else { word!(" BROKEN" | " ROMPU") };
        format!("{} ({}){broken}", text::field(&peer[key], "size"), text::time(&peer[key], "at"))
    };
    let rows = |key: &str| ledger[key].as_array().cloned().unwrap_or_default();
    let peers: Vec<_> = rows("peers")
        .iter()
        .map(|peer| {
            vec![text::field(peer, "name"), head(peer, "cosigned"), head(peer, "held"), text::field(peer, "missing")]
        })
        .collect();
    if !peers.is_empty() {
        let heads = word!(
            "PEER|OURS COSIGNED|THEIRS HELD|NOT COUNTERSIGNED"
                | "CONFRÈRE|LE NÔTRE COSIGNÉ|LE LEUR DÉTENU|NON CONTRESIGNÉS"
        );
        print!("{}", text::table(heads, &peers));
    }
    for finding in rows("findings") {
        let (site, wrong) = (text::field(&finding, "site_name"), text::field(&finding, "wrong"));
        let (first, last) = (text::field(&finding, "first"), text::field(&finding, "last"));
        let record = finding["number"].as_u64().map_or_else(String::new, |number| format!(" · n° {number}"));
        let at = text::time(&finding, "at");
        println!(
            "FINDING {at} · {site} · {wrong} · places {first} to {last}{record}"
                | "CONSTAT {at} · {site} · {wrong} · places {first} à {last}{record}"
        );
    }
}

/// A key as it is, or a file that holds it.
fn key(text: &str) -> anyhow::Result<SiteId> {
    if let Ok(site) = text.parse() {
        return Ok(site);
    }
    let read = fs::read_to_string(text).with_context(|| text.to_owned())?;
    let first = read.split_whitespace().next().unwrap_or_default();
    match first.parse() {
        Ok(site) => Ok(site),
        Err(_) => bail!("{text}: not a site's public key" | "{text} : ce n'est pas la clé publique d'un site"),
    }
}

fn check(bundle: &PathBuf, keys: &[String], ca: Option<&Path>, quiet: bool) -> anyhow::Result<ExitCode> {
    let keys = keys.iter().map(|text| key(text)).collect::<anyhow::Result<BTreeSet<_>>>()?;
    let mut bytes = Vec::new();
    let file = File::open(bundle).with_context(|| bundle.display().to_string())?;
    file.take(BUNDLE_BYTES_MAX).read_to_end(&mut bytes)?;
    let authorities = ca.map(Authorities::read).transpose()?;
    let report = verify(&bytes, &keys, authorities.as_ref());
    if !quiet {
        report.shown.iter().for_each(|shown| event(&report, shown));
    }
    proves(&report);
    stamped(&report);
    for fault in &report.faults {
        println!("DOES NOT HOLD: {}" | "NE TIENT PAS : {}", said(fault));
    }
    limits(&report);
    if report.faults.is_empty() {
        println!("Everything in this bundle holds." | "Tout ce que contient ce dossier de preuve tient.");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{} things in this bundle do NOT hold." | "{} éléments de ce dossier de preuve NE TIENNENT PAS.",
        report.faults.len()
    );
    Ok(ExitCode::from(super::FAILED))
}

fn time(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(String::new, |at| at.to_string())
}

fn event(report: &Report, shown: &Shown) {
    let Shown { number, act, outcome, person, .. } = shown;
    let (at, site) = (time(shown.at), shown.site.short());
    let study = shown.study.as_deref().unwrap_or("–");
    let by = match &shown.countersigned {
        Some((peer, at)) if Some(shown.site) == report.site => {
            let (peer, at) = (peer.short(), time(*at));
            told!("countersigned by {peer} at {at}" | "contresigné par {peer} le {at}")
        }
        Some(_) => told!("in this log as well" | "aussi dans ce journal"),
        None => told!("not countersigned" | "non contresigné"),
    };
    println!("{at}  {site} n° {number}  {act} ({outcome})  {person}  {study}  {by}");
}

fn proves(report: &Report) {
    let (Some(site), Some(head)) = (report.site, &report.head) else { return };
    let (name, key, events, size, at) = (&report.site_name, site.short(), report.shown.len(), head.size, time(head.at));
    println!();
    println!(
        "What this proves. {name} (key {key}…) signed, at {at}, a log of {size} records; the {events} events above are in \
         it, each at its place and as shown."
            | "Ce que cela prouve. {name} (clé {key}…) a signé, le {at}, un journal de {size} enregistrements ; les {events} \
               événements ci-dessus y sont, chacun à sa place et tel que montré."
    );
    for (peer, seen, at) in &report.seen {
        let (peer, at) = (peer.short(), time(*at));
        println!(
            "Site {peer}… saw the first {seen} records of that log at {at}: none of them was changed, removed or inserted \
             since."
                | "Le site {peer}… a vu les {seen} premiers enregistrements de ce journal le {at} : aucun n'a été modifié, \
                   retiré ou inséré depuis."
        );
    }
}

fn stamped(report: &Report) {
    if let Some(stamped) = &report.stamped {
        let (at, by, issuer) = (time(stamped.at), &stamped.by.subject, &stamped.by.issuer);
        println!(
            "A time-stamping authority ({by}, certified by {issuer}) saw the head of that log at {at}: the log with all of \
             the records above existed then. When an event happened before that, it does not say."
                | "Une autorité d'horodatage ({by}, certifiée par {issuer}) a vu la tête de ce journal le {at} : le journal, avec \
                   tous les enregistrements ci-dessus, existait alors. Elle ne dit pas quand un événement antérieur a eu lieu."
        );
    }
    if report.is_stamp_unchecked {
        println!(
            "It carries a time-stamp, which is not checked: name the authorities by --timestamp-ca."
                | "Il porte un horodatage, qui n'est pas vérifié : indiquez les autorités par --timestamp-ca."
        );
    }
}

fn limits(report: &Report) {
    if report.head.is_none() {
        return;
    }
    let (since, before) = (time(report.since), report.before);
    println!(
        "What it does not prove. That nothing happened which was never recorded; that the exporter left no event out of \
         this bundle; that the sites' clocks were right; that the persons were who their site says. What the log held \
         before {since} ({before} records) is as it was found then."
            | "Ce que cela ne prouve pas. Que rien ne s'est produit sans être enregistré ; que l'exportateur n'a omis aucun \
               événement de ce dossier ; que les horloges des sites étaient justes ; que les personnes étaient bien celles \
               que leur site indique. Ce que le journal contenait avant le {since} ({before} enregistrements) est tel \
               qu'il a été trouvé alors."
    );
}

fn said(fault: &Fault) -> String {
    match fault {
        Fault::Format => {
            told!("this is no evidence bundle that is known here" | "ce n'est pas un dossier de preuve connu")
        }
        Fault::SiteKey(key) => told!(
            "the key of the site that made it is not given: {key}"
                | "la clé du site qui l'a fait n'est pas donnée : {key}"
        ),
        Fault::Head => told!("the head is not signed by that site" | "la tête n'est pas signée par ce site"),
        Fault::Record(place) => told!(
            "the record at place {place} is not in that log as it is shown"
                | "l'enregistrement à la place {place} n'est pas dans ce journal tel que montré"
        ),
        Fault::Receipt(place) => told!(
            "the countersignature at place {place} is not one"
                | "la contresignature à la place {place} n'en est pas une"
        ),
        Fault::Twin(place) => told!(
            "the peer's event at place {place} is not signed by that peer"
                | "l'événement du confrère à la place {place} n'est pas signé par lui"
        ),
        Fault::Key(site) => told!(
            "the key {site} is not given, so what it signed is not checked"
                | "la clé {site} n'est pas donnée ; ce qu'elle a signé n'est pas vérifié"
        ),
        Fault::Cosignature(site) => told!(
            "what site {site} is said to have seen does not lead to this log"
                | "ce que le site {site} aurait vu ne mène pas à ce journal"
        ),
        Fault::Broken(site) => {
            told!("site {site} says that this log was rewritten" | "le site {site} dit que ce journal a été réécrit")
        }
        Fault::Stamp(why) => match why {
            Unstamped::Unreadable => {
                told!("its time-stamp cannot be read" | "son horodatage ne peut pas être lu")
            }
            Unstamped::Other => {
                told!("its time-stamp is of another head" | "son horodatage est celui d'une autre tête")
            }
            Unstamped::Unsigned => told!(
                "its time-stamp is not signed by a certificate for time-stamps"
                    | "son horodatage n'est pas signé par un certificat d'horodatage"
            ),
            Unstamped::Unknown => told!(
                "no authority that was named vouches for its time-stamp"
                    | "aucune autorité indiquée ne répond de son horodatage"
            ),
        },
        Fault::Missing(number, site) => told!(
            "record {number} is not countersigned by {site}"
                | "l'enregistrement n° {number} n'est pas contresigné par {site}"
        ),
    }
}
