//! Checks a node and its surroundings, and says what to do about what is found.

use super::{node::Node, text};
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
/// Receive buffer at which QUIC does not lose packets in bursts, bytes.
const UDP_BUFFER_MIN: u64 = 7_500_000;
/// Files that a busy node holds open.
const FILES_MIN: u64 = 8_192;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Look,
    Bad,
}

/// What was found, line by line.
#[derive(Default)]
struct Findings {
    bad: u32,
    look: u32,
}

impl Findings {
    fn say(&mut self, mark: Mark, what: &str, advice: &str) {
        let word = match mark {
            Mark::Good => "good",
            Mark::Look => "look",
            Mark::Bad => "BAD ",
        };
        println!("{word}  {what}");
        if mark != Mark::Good {
            println!("      {advice}");
        }
        self.bad += u32::from(mark == Mark::Bad);
        self.look += u32::from(mark == Mark::Look);
    }

    fn expect(&mut self, is_good: bool, otherwise: Mark, what: &str, advice: &str) {
        self.say(if is_good { Mark::Good } else { otherwise }, what, advice);
    }
}

pub(super) async fn doctor(dir: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(dir)?;
    let mut findings = Findings::default();
    findings.say(Mark::Good, "configuration: every setting is right", "");
    folder(dir, &mut findings);
    certificates(&config, &mut findings);
    disk(dir, &config, &mut findings);
    system(&mut findings);
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
        (0, 0) => println!("All is well."),
        (0, look) => println!("It works; {look} to look at."),
        (bad, look) => println!("{bad} to mend, {look} to look at."),
    }
    Ok(ExitCode::from(if findings.bad == 0 { 0 } else { super::FAILED }))
}

fn folder(dir: &Path, findings: &mut Findings) {
    match Identity::load(dir) {
        Ok(identity) => findings.say(Mark::Good, &format!("key: {}", identity.site()), ""),
        Err(e) => {
            let advice =
                format!("Restore {} from the backup, mode 0600.", dir.join(crate::identity::KEY_FILE).display());
            findings.say(Mark::Bad, &format!("key: {e}"), &advice);
        }
    }
    let mode = std::fs::metadata(dir).map_or(0o777, |meta| meta.permissions().mode() & 0o777);
    let advice = format!("Others on this machine can look in: chmod 700 {}", dir.display());
    findings.expect(mode & 0o077 == 0, Mark::Look, &format!("folder: mode {mode:04o}"), &advice);
}

fn certificates(config: &Config, findings: &mut Findings) {
    match config.tls() {
        Some((cert, _)) => certificate("certificate", "portal.tls_cert", cert, findings),
        None => findings.say(Mark::Good, "certificate: none needed, the portal is on loopback", ""),
    }
    if let Some(tls) = &config.dimse.tls {
        certificate("DICOM certificate", "dimse.tls_cert", &tls.certificate, findings);
    }
}

fn certificate(what: &str, key: &str, cert: &Path, findings: &mut Findings) {
    match site::certificate_expiry(cert) {
        None => findings.say(
            Mark::Bad,
            &format!("{what}: {} cannot be read", cert.display()),
            &format!("{key} names a PEM file, the node's own certificate first."),
        ),
        Some(end) => {
            let days = end.since(tasks::now()).as_secs() / 86_400;
            let mark = if days == 0 { Mark::Bad } else { Mark::Look };
            let advice = "Put a new certificate and key in place and start the node again.";
            findings.expect(days >= CERTIFICATE_DAYS_MIN, mark, &format!("{what}: ends in {days} days"), advice);
        }
    }
}

fn disk(dir: &Path, config: &Config, findings: &mut Findings) {
    let Ok(stat) = nix::sys::statvfs::statvfs(dir) else {
        findings.say(Mark::Bad, "disk: cannot be asked", "Is the folder on a disk that is there?");
        return;
    };
    let free = stat.blocks_available().saturating_mul(stat.fragment_size());
    let least = config.archive.free_bytes_min;
    let what = format!("disk: {} free, nothing is taken in below {}", text::size(free), text::size(least));
    let mark = if free < least { Mark::Bad } else { Mark::Look };
    findings.expect(free >= least.saturating_mul(4), mark, &what, "Make room, or move the folder to a larger disk.");
}

fn system(findings: &mut Findings) {
    let buffer = std::fs::read_to_string("/proc/sys/net/core/rmem_max").ok();
    if let Some(bytes) = buffer.and_then(|text| text.trim().parse::<u64>().ok()) {
        let advice = "Images come faster over a fast line with:\n      \
                      sysctl -w net.core.rmem_max=7500000 net.core.wmem_max=7500000   (and in /etc/sysctl.d)";
        let what = format!("UDP buffers: up to {}", text::size(bytes));
        findings.expect(bytes >= UDP_BUFFER_MIN, Mark::Look, &what, advice);
    }
    if let Ok((_, hard)) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE) {
        let advice = "Raise it: LimitNOFILE=65536 in the node's systemd unit.";
        findings.expect(hard >= FILES_MIN, Mark::Look, &format!("open files: up to {hard}"), advice);
    }
}

fn running(status: &Value, findings: &mut Findings) {
    let up = text::span(status["uptime_s"].as_u64().unwrap_or(0));
    findings.say(Mark::Good, &format!("node: running for {up}"), "");
    for (door, key) in [("portal", "portal"), ("DICOM", "dimse"), ("messages with peers", "overlay")] {
        let text = text::field(status, key);
        let answers = text
            .parse()
            .is_ok_and(|address: SocketAddr| TcpStream::connect_timeout(&reachable(address), CONNECT_MAX).is_ok());
        let advice = "The node runs but this port does not answer: see its log and the local firewall.";
        findings.expect(answers, Mark::Bad, &format!("{door}: {text} answers"), advice);
    }
    for peer in status["peers"].as_array().into_iter().flatten().filter(|peer| peer["revoked"].is_null()) {
        peer_line(peer, findings);
    }
}

fn peer_line(peer: &Value, findings: &mut Findings) {
    let name = text::field(peer, "name");
    if peer["connected"] != true {
        let last = text::time(peer, "last_contact");
        let last = if last.is_empty() { "never".to_owned() } else { last };
        let advice = format!(
            "Is it running? From here its address must answer (UDP and TCP): {}",
            text::field(peer, "addresses")
        );
        findings.say(Mark::Look, &format!("peer {name}: away, last contact {last}"), &advice);
        return;
    }
    let road = text::field(peer, "road");
    let advice = "Messages go over TCP: a firewall on the way drops UDP; open the port for UDP.";
    findings.expect(road != "tcp", Mark::Look, &format!("peer {name}: connected ({road})"), advice);
    if let Some(offset) = peer["clock_offset_ms"].as_i64() {
        let advice = "Set both clocks by NTP (timedatectl set-ntp true): hours and grants are judged by them.";
        let what = format!("clock: {offset} ms from {name}'s");
        findings.expect(offset.unsigned_abs() <= CLOCK_OFFSET_MAX_MS, Mark::Bad, &what, advice);
    }
}

fn stopped(dir: &Path, config: &Config, findings: &mut Findings) {
    let advice = format!("Start it: confrere serve --dir {}", dir.display());
    findings.say(Mark::Look, "node: not running", &advice);
    let tcp = |address: SocketAddr| TcpListener::bind(address).map(drop);
    let udp = |address: SocketAddr| UdpSocket::bind(address).map(drop);
    let doors = [
        ("portal", "portal.listen", config.portal.listen, tcp(config.portal.listen)),
        ("DICOM", "dimse.listen", config.dimse.listen, tcp(config.dimse.listen)),
        ("messages with peers (TCP)", "overlay.listen", config.overlay.listen, tcp(config.overlay.listen)),
        ("messages with peers (UDP)", "overlay.listen", config.overlay.listen, udp(config.overlay.listen)),
        ("images with peers (UDP)", "pixels.listen", config.pixels.listen, udp(config.pixels.listen)),
    ];
    for (door, key, address, bound) in doors {
        match bound {
            Ok(()) => findings.say(Mark::Good, &format!("{door}: {address} is free"), ""),
            Err(e) => {
                let advice =
                    format!("Another program has it (ss -lntup), or the address is not of this machine: see {key}.");
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
