//! Checks a node and its surroundings, and says what to do about what is found.

use super::{node::Node, text, transfers};
use crate::{config::Config, identity::Identity, site, tasks};
use serde_json::Value;
use std::{
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::ExitCode,
    time::Duration,
};

/// A door on this machine answers at once, or not at all.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Agreements with hours and grants are judged by the clock: a minute is the least they count.
const CLOCK_OFFSET_MAX_MS: u64 = 30_000;
/// A certificate is renewed within a month.
const CERTIFICATE_DAYS_MIN: u64 = 30;
/// Files that a busy node holds open.
const FILES_MIN: u64 = 8_192;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Look,
    Bad,
}

/// What was found, line by line.
#[derive(Default)]
pub(super) struct Findings {
    bad: u32,
    look: u32,
}

impl Findings {
    pub(super) fn say(&mut self, mark: Mark, what: &str, advice: &str) {
        let word = match mark {
            Mark::Good => word!("good" | "bon "),
            Mark::Look => word!("look" | "voir"),
            Mark::Bad => word!("BAD " | "MAL "),
        };
        println!("{word}  {what}");
        if mark != Mark::Good {
            println!("      {advice}");
        }
        self.bad += u32::from(mark == Mark::Bad);
        self.look += u32::from(mark == Mark::Look);
    }

    pub(super) fn expect(&mut self, is_good: bool, otherwise: Mark, what: &str, advice: &str) {
        self.say(if is_good { Mark::Good } else { otherwise }, what, advice);
    }
}

pub(super) async fn doctor(dir: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(dir)?;
    let mut findings = Findings::default();
    findings.say(
        Mark::Good,
        word!("configuration: every setting is right" | "configuration : tous les réglages sont bons"),
        "",
    );
    folder(dir, &mut findings);
    certificates(&config, &mut findings);
    disk(dir, &config, &mut findings);
    super::kernel::look(config.pixels.tcp, &mut findings);
    open_files(&mut findings);
    super::surroundings::ask(&config, &mut findings).await;
    match Node::connect(dir).await? {
        Some(mut node) => {
            let status = node.get("/api/status").await?;
            node.close().await?;
            running(&status, &mut findings);
        }
        None => stopped(dir, &config, &mut findings),
    }
    println!();
    match (findings.bad, findings.look) {
        (0, 0) => println!("All is well." | "Tout va bien."),
        (0, look) => println!("It works; {look} to look at." | "Cela marche ; à regarder : {look}."),
        (bad, look) => println!("{bad} to mend, {look} to look at." | "À réparer : {bad}, à regarder : {look}."),
    }
    Ok(ExitCode::from(if findings.bad == 0 { 0 } else { super::FAILED }))
}

fn folder(dir: &Path, findings: &mut Findings) {
    match Identity::load(dir) {
        Ok(identity) => findings.say(Mark::Good, &told!("key: {}" | "clé : {}", identity.site()), ""),
        Err(e) => {
            let advice = told!(
                "Restore {} from the backup, mode 0600." | "Restaurez {} de la sauvegarde, mode 0600.",
                dir.join(crate::identity::KEY_FILE).display()
            );
            findings.say(Mark::Bad, &told!("key: {e}" | "clé : {e}"), &advice);
        }
    }
    let mode = std::fs::metadata(dir).map_or(0o777, |meta| meta.permissions().mode() & 0o777);
    let advice = told!(
        "Others on this machine can look in: chmod 700 {}"
            | "D'autres comptes de cette machine peuvent y regarder : chmod 700 {}",
        dir.display()
    );
    findings.expect(
        mode & 0o077 == 0,
        Mark::Look,
        &told!("folder: mode {mode:04o}" | "dossier : mode {mode:04o}"),
        &advice,
    );
}

fn certificates(config: &Config, findings: &mut Findings) {
    match config.tls() {
        Some((cert, _)) => certificate(word!("certificate" | "certificat"), "portal.tls_cert", cert, findings),
        None => findings.say(
            Mark::Good,
            word!(
                "certificate: none needed, the portal is on loopback"
                    | "certificat : inutile, le portail n'écoute que cette machine"
            ),
            "",
        ),
    }
    if let Some(tls) = &config.dimse.tls {
        certificate(word!("DICOM certificate" | "certificat DICOM"), "dimse.tls_cert", &tls.certificate, findings);
    }
}

fn certificate(what: &str, key: &str, cert: &Path, findings: &mut Findings) {
    match site::certificate_expiry(cert) {
        None => findings.say(
            Mark::Bad,
            &told!("{what}: {} cannot be read" | "{what} : {} ne peut pas être lu", cert.display()),
            &told!(
                "{key} names a PEM file, the node's own certificate first."
                    | "{key} désigne un fichier PEM, le certificat du nœud en premier."
            ),
        ),
        Some(end) => {
            let days = end.since(tasks::now()).as_secs() / 86_400;
            let mark = if days == 0 { Mark::Bad } else { Mark::Look };
            let advice = word!(
                "Put a new certificate and key in place and start the node again."
                    | "Mettez en place un certificat et une clé neufs et redémarrez le nœud."
            );
            findings.expect(
                days >= CERTIFICATE_DAYS_MIN,
                mark,
                &told!("{what}: ends in {days} days" | "{what} : expire dans {days} jours"),
                advice,
            );
        }
    }
}

fn disk(dir: &Path, config: &Config, findings: &mut Findings) {
    let Ok(stat) = nix::sys::statvfs::statvfs(dir) else {
        findings.say(
            Mark::Bad,
            word!("disk: cannot be asked" | "disque : ne peut être interrogé"),
            word!("Is the folder on a disk that is there?" | "Le dossier est-il sur un disque présent ?"),
        );
        return;
    };
    let free = stat.blocks_available().saturating_mul(stat.fragment_size());
    let least = config.archive.free_bytes_min;
    let what = told!(
        "disk: {} free, nothing is taken in below {}" | "disque : {} libres, rien n'est pris en dessous de {}",
        text::size(free),
        text::size(least)
    );
    let mark = if free < least { Mark::Bad } else { Mark::Look };
    findings.expect(
        free >= least.saturating_mul(4),
        mark,
        &what,
        word!(
            "Make room, or move the folder to a larger disk."
                | "Faites de la place, ou mettez le dossier sur un disque plus grand."
        ),
    );
}

fn open_files(findings: &mut Findings) {
    if let Ok((_, hard)) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE) {
        let advice = word!(
            "Raise it: LimitNOFILE=65536 in the node's systemd unit."
                | "Relevez cette limite : LimitNOFILE=65536 dans l'unité systemd du nœud."
        );
        findings.expect(
            hard >= FILES_MIN,
            Mark::Look,
            &told!("open files: up to {hard}" | "fichiers ouverts : jusqu'à {hard}"),
            advice,
        );
    }
}

fn running(status: &Value, findings: &mut Findings) {
    let up = text::span(status["uptime_s"].as_u64().unwrap_or(0));
    findings.say(Mark::Good, &told!("node: running for {up}" | "nœud : en marche depuis {up}"), "");
    for (door, key) in [
        (word!("portal" | "portail"), "portal"),
        ("DICOM", "dimse"),
        (word!("messages with peers" | "messages avec les confrères"), "overlay"),
    ] {
        let text = text::field(status, key);
        let answers = text
            .parse()
            .is_ok_and(|address: SocketAddr| TcpStream::connect_timeout(&reachable(address), CONNECT_MAX).is_ok());
        let advice = word!(
            "The node runs but this port does not answer: see its log and the local firewall."
                | "Le nœud tourne mais ce port ne répond pas : voyez son journal et le pare-feu local."
        );
        findings.expect(answers, Mark::Bad, &told!("{door}: {text} answers" | "{door} : {text} répond"), advice);
    }
    for peer in status["peers"].as_array().into_iter().flatten().filter(|peer| peer["revoked"].is_null()) {
        peer_line(peer, findings);
    }
}

fn peer_line(peer: &Value, findings: &mut Findings) {
    let name = text::field(peer, "name");
    if peer["connected"] != true {
        let last = text::time(peer, "last_contact");
        let last = if last.is_empty() { word!("never" | "jamais").to_owned() } else { last };
        let advice = told!(
            "Is it running? From here its address must answer (UDP and TCP): {}"
                | "Est-il en marche ? D'ici, son adresse doit répondre (UDP et TCP) : {}",
            text::field(peer, "addresses")
        );
        findings.say(
            Mark::Look,
            &told!("peer {name}: away, last contact {last}" | "confrère {name} : absent, dernier contact {last}"),
            &advice,
        );
        return;
    }
    let road = text::field(peer, "road");
    let advice = word!(
        "Messages go over TCP: a firewall on the way drops UDP; open the port for UDP."
            | "Les messages passent par TCP : un pare-feu en chemin arrête UDP ; ouvrez le port en UDP."
    );
    findings.expect(
        road != "tcp",
        Mark::Look,
        &told!("peer {name}: connected ({})" | "confrère {name} : connecté ({})", transfers::road(&road)),
        advice,
    );
    if let Some(offset) = peer["clock_offset_ms"].as_i64() {
        let advice = word!(
            "Set both clocks by NTP (timedatectl set-ntp true): hours and grants are judged by them."
                | "Réglez les deux horloges par NTP (timedatectl set-ntp true) : horaires et autorisations en dépendent."
        );
        let what = told!("clock: {offset} ms from {name}'s" | "horloge : {offset} ms d'écart avec {name}");
        findings.expect(offset.unsigned_abs() <= CLOCK_OFFSET_MAX_MS, Mark::Bad, &what, advice);
    }
}

fn stopped(dir: &Path, config: &Config, findings: &mut Findings) {
    let advice = told!("Start it: confrere serve --dir {}" | "Démarrez-le : confrere serve --dir {}", dir.display());
    findings.say(Mark::Look, word!("node: not running" | "nœud : arrêté"), &advice);
    let tcp = |address: SocketAddr| TcpListener::bind(address).map(drop);
    let udp = |address: SocketAddr| UdpSocket::bind(address).map(drop);
    let doors = [
        (word!("portal" | "portail"), "portal.listen", config.portal.listen, tcp(config.portal.listen)),
        ("DICOM", "dimse.listen", config.dimse.listen, tcp(config.dimse.listen)),
        (
            word!("messages with peers (TCP)" | "messages avec les confrères (TCP)"),
            "overlay.listen",
            config.overlay.listen,
            tcp(config.overlay.listen),
        ),
        (
            word!("messages with peers (UDP)" | "messages avec les confrères (UDP)"),
            "overlay.listen",
            config.overlay.listen,
            udp(config.overlay.listen),
        ),
        (
            word!("images with peers (UDP)" | "images avec les confrères (UDP)"),
            "pixels.listen",
            config.pixels.listen,
            udp(config.pixels.listen),
        ),
        (
            word!("images with peers (TCP)" | "images avec les confrères (TCP)"),
            "pixels.tcp",
            config.pixels.listen,
            if config.pixels.tcp { tcp(config.pixels.listen) } else { Ok(()) },
        ),
    ];
    for (door, key, address, bound) in doors {
        match bound {
            Ok(()) => {
                findings.say(Mark::Good, &told!("{door}: {address} is free" | "{door} : {address} est libre"), "")
            }
            Err(e) => {
                let advice = told!(
                    "Another program has it (ss -lntup), or the address is not of this machine: see {key}."
                        | "Un autre programme la tient (ss -lntup), ou l'adresse n'est pas de cette machine : voyez {key}."
                );
                findings.say(Mark::Bad, &format!("{door}: {address}: {e}"), &advice);
            }
        }
    }
}

/// Where to knock: a door on every address is on loopback too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(_) if address.ip().is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) if address.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        _ => address.ip(),
    };
    SocketAddr::new(ip, address.port())
}
