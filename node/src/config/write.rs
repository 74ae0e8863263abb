//! From settings to text: what `init` writes, what `config check` prints, and the example in the documentation.

use super::{
    AlarmsConfig, ArchiveConfig, CollectorConfig, Config, DimseConfig, PixelsConfig, PortalConfig, RelayConfig,
    SiteConfig, cold, oidc, units,
};
use protocol::{identity::Standing, retention::Rules};
use std::{
    fmt::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use toml::Value;

/// A comment, a key, and its value or nothing where it is not set.
struct Line<'a>(&'a str, &'a str, Option<Value>);

pub(super) fn write(config: &Config, comments: bool) -> String {
    let mut text = String::new();
    if comments {
        text.push_str("# Confrere. `confrere config check --dir D` tells what is wrong with this file.\n");
        text.push_str("# Peers, agreements and users are not here: they are changed while the node runs.\n\n");
    }
    for (name, lines) in sections(config) {
        _ = writeln!(text, "[{name}]");
        for Line(comment, key, value) in lines {
            if comments {
                _ = writeln!(text, "# {comment}");
            }
            match value {
                Some(value) => _ = writeln!(text, "{key} = {value}"),
                None if comments => _ = writeln!(text, "# {key} = \"…\""),
                None => {}
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

type Section = (&'static str, Vec<Line<'static>>);

fn sections(config: &Config) -> [Section; 13] {
    let Config {
        site,
        portal,
        dicomweb,
        dimse,
        overlay,
        pixels,
        relay,
        archive,
        cache,
        alarms,
        collector,
        oidc,
        signatures_ca,
    } = config;
    [
        site_section(site),
        portal_section(portal),
        (
            "dicomweb",
            vec![
                Line(
                    "Other web pages that may ask, with a token, by their origin: [\"https://viewer.example\"].",
                    "cors_origins",
                    names(&dicomweb.cors_origins),
                ),
                Line(
                    "A search that names a patient by an ID with its issuer asks peers, too, unless it says live=false.",
                    "ask_peers",
                    Some(Value::Boolean(dicomweb.ask_peers)),
                ),
            ],
        ),
        dimse_section(dimse),
        (
            "overlay",
            vec![
                Line("Messages with peers: UDP (QUIC) and TCP on the same port.", "listen", listen(overlay.listen)),
                Line(
                    "\"host:port\" told to peers, where it differs from listen (NAT, a name).",
                    "advertise",
                    names(&overlay.advertise),
                ),
            ],
        ),
        pixels_section(pixels),
        relay_section(relay),
        archive_section(archive),
        (
            "cache",
            vec![Line(
                "Copies of peers' studies take at most so much; the least recently read go first.",
                "quota",
                text(&units::size_text(cache.quota_bytes)),
            )],
        ),
        alarms_section(alarms),
        collector_section(collector.as_ref()),
        ("oidc", oidc::lines(oidc.as_ref()).into_iter().map(|(about, key, value)| Line(about, key, value)).collect()),
        signatures_section(signatures_ca.as_deref()),
    ]
}

fn site_section(site: &SiteConfig) -> Section {
    let lines = vec![
        Line("The institution's name as peers see it, at most 64 characters.", "name", text(&site.name)),
        Line("Language of texts made by the node: \"fr\" or \"en\".", "language", text(&site.language)),
        Line(
            "In which time zone this site's devices date what they make, as \"Europe/Paris\": other sites show it beside the hour.",
            "time_zone",
            site.time_zone.as_deref().and_then(text),
        ),
        Line(
            "How sure this site is of whom the national number (INS) in its images means; links come by themselves of \"qualified\" only.",
            "national_identity",
            site.national_identity.and_then(|standing| text(standing_word(standing))),
        ),
    ];
    ("site", lines)
}

const fn standing_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Provisional => "provisional",
        Standing::Retrieved => "retrieved",
        Standing::Validated => "validated",
        Standing::Qualified => "qualified",
    }
}

fn pixels_section(pixels: &PixelsConfig) -> Section {
    let lines = vec![
        Line("Images to and from peers: UDP (QUIC).", "listen", listen(pixels.listen)),
        Line("\"host:port\" told to peers, where it differs from listen.", "advertise", names(&pixels.advertise)),
        Line(
            "The same by TLS over the TCP port of that number, where UDP does not pass.",
            "tcp",
            Some(Value::Boolean(pixels.tcp)),
        ),
        Line(
            "How fast images are sent: \"by path\" by measured bandwidth and delay (\"cubic\" below 3 ms), \"cubic\" everywhere.",
            "congestion",
            Some(pixels.congestion.name().into()),
        ),
        Line(
            "Images in fewer bytes, exactly the same again behind the link: \"auto\" where that is sooner, \"always\", \"off\".",
            "coding",
            Some(pixels.coding.name().into()),
        ),
    ];
    ("pixels", lines)
}

fn relay_section(relay: &RelayConfig) -> Section {
    let count = |number: usize| Some(Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)));
    let peers: Vec<String> = relay.peers.iter().map(ToString::to_string).collect();
    let lines = vec![
        Line(
            "Carries bytes between two peers that do not reach each other. They are sealed end to end.",
            "enabled",
            Some(Value::Boolean(relay.enabled)),
        ),
        Line("For these peers only, by their keys; [] for all.", "peers", names(&peers)),
        Line(
            "So many kilobits a second, all together; 0: as fast as it goes.",
            "kbits_max",
            Some(Value::Integer(i64::from(relay.kbits_max))),
        ),
        Line("So many pairs at once, 1 to 256.", "connections_max", count(relay.connections_max)),
    ];
    ("relay", lines)
}

fn portal_section(portal: &PortalConfig) -> Section {
    let path = |path: &Option<PathBuf>| path.as_ref().and_then(|path| text(&path.to_string_lossy()));
    let lines = vec![
        Line(
            "Where the portal, its API and DICOMweb listen. Beyond loopback only with TLS.",
            "listen",
            listen(portal.listen),
        ),
        Line(
            "Where browsers find the portal, without a path: stands in reports and in links. Else [oidc] portal_url, else listen.",
            "url",
            portal.url.as_deref().and_then(text),
        ),
        Line("Certificate chain, PEM; a path is relative to this file.", "tls_cert", path(&portal.tls_cert)),
        Line("Its key, PEM, mode 0600.", "tls_key", path(&portal.tls_key)),
        Line(
            "Serves the portal from a folder instead of the built-in files (development).",
            "web_dir",
            path(&portal.web_dir),
        ),
        Line(
            "Roles whose people need a second factor to sign in: [\"admin\"].",
            "second_factor",
            names(&portal.second_factor),
        ),
    ];
    ("portal", lines)
}

fn dimse_section(dimse: &DimseConfig) -> Section {
    let tls = dimse.tls.as_ref();
    let path = |path: &Path| text(&path.to_string_lossy());
    let associations = Value::Integer(i64::try_from(dimse.associations_max).unwrap_or(i64::MAX));
    let lines = vec![
        Line("Where scanners and PACS send to (C-STORE, C-ECHO).", "listen", listen(dimse.listen)),
        Line("This node's AE title, 1 to 16 characters.", "ae_title", text(&dimse.ae_title)),
        Line(
            "Associations at once, 1 to 1024; further ones are rejected for the moment.",
            "associations_max",
            Some(associations),
        ),
        Line(
            "A C-FIND that names a patient by an ID with its issuer asks peers, too, of AEs that reach peers' studies.",
            "ask_peers",
            Some(Value::Boolean(dimse.ask_peers)),
        ),
        Line(
            "A second place to listen, by TLS; all of the next three with it.",
            "tls_listen",
            tls.and_then(|t| listen(t.listen)),
        ),
        Line(
            "Certificate chain, PEM, shown to callers and to those we call by TLS.",
            "tls_cert",
            tls.and_then(|t| path(&t.certificate)),
        ),
        Line("Its key, PEM, mode 0600.", "tls_key", tls.and_then(|t| path(&t.key))),
        Line("Authorities of the certificates that others show, PEM.", "tls_ca", tls.and_then(|t| path(&t.ca))),
        Line(
            "true: callers by TLS need not show a certificate. Then an AE title is all that they show.",
            "tls_anonymous",
            tls.map(|t| Value::Boolean(t.anonymous)),
        ),
    ];
    ("dimse", lines)
}

fn archive_section(archive: &ArchiveConfig) -> Section {
    let mut lines = vec![
        Line(
            "A study is complete after so long without a new image, \"100ms\" to \"1h\".",
            "settle",
            text(&units::time_text(archive.settle_ms)),
        ),
        Line(
            "Nothing is taken in when less is free on the disk.",
            "free_min",
            text(&units::size_text(archive.free_bytes_min)),
        ),
        Line(
            "Every stored byte is read again, in the background, once in so many days; 0: never.",
            "scrub_days",
            Some(Value::Integer(i64::from(archive.scrub_days))),
        ),
        Line(
            "So many days a decision on other bytes under a known UID can be undone; closed sooner only with a reason.",
            "conflict_days",
            Some(Value::Integer(i64::from(archive.conflict_days))),
        ),
    ];
    lines.extend(cold::lines(archive.cold.as_ref()).into_iter().map(|(about, key, value)| Line(about, key, value)));
    lines.extend([
        Line(
            "Studies go there when nobody used them for so long, like \"90d\"; \"never\": only by hand.",
            "cold_after",
            text(&match archive.cold_after_ms {
                0 => "never".to_owned(),
                ms => units::time_text(ms),
            }),
        ),
        Line(
            "How long studies are kept: \"france-hospital\" or \"france-practice\". Nothing is ever erased by itself.",
            "retention",
            text(match archive.retention {
                Rules::FranceHospital => "france-hospital",
                Rules::FrancePractice => "france-practice",
            }),
        ),
    ]);
    ("archive", lines)
}

fn alarms_section(alarms: &AlarmsConfig) -> Section {
    let path = |path: Option<&PathBuf>| path.and_then(|path| text(&path.to_string_lossy()));
    let (mail, webhook) = (alarms.mail.as_ref(), alarms.webhook.as_ref());
    let lines = vec![
        Line(
            "Who gets mail when something is wrong, at most 8 addresses; the next two with it.",
            "mail_to",
            mail.and_then(|m| names(&m.to)),
        ),
        Line("The sender's address.", "mail_from", mail.and_then(|m| text(&m.from))),
        Line("The mail server, \"host:port\".", "smtp", mail.and_then(|m| text(&format!("{}:{}", m.host, m.port)))),
        Line(
            "\"starttls\", \"tls\", or \"none\" to a server on this machine.",
            "smtp_security",
            mail.and_then(|m| text(m.security.word())),
        ),
        Line(
            "A file of mode 0600 with a name and a password, a line each.",
            "smtp_credentials",
            path(mail.and_then(|m| m.credentials.as_ref())),
        ),
        Line("A URL that gets each alarm as JSON by HTTPS POST.", "webhook", webhook.and_then(|w| text(&w.url()))),
        Line(
            "A file of mode 0600 with the secret that signs it (HMAC-SHA-256).",
            "webhook_secret",
            path(webhook.and_then(|w| w.secret.as_ref())),
        ),
        Line("An authority (PEM) beside the system's, for both.", "tls_ca", path(alarms.tls_ca.as_ref())),
        Line(
            "A backup older than so many days is overdue; 0: never.",
            "backup_days",
            Some(Value::Integer(i64::from(alarms.backup_days))),
        ),
        Line(
            "A paired site is silent after so many hours; 0: never.",
            "peer_silent_hours",
            Some(Value::Integer(i64::from(alarms.peer_silent_hours))),
        ),
        Line(
            "How often the node looks at itself, \"500ms\" to \"1h\".",
            "look_every",
            text(&units::time_text(alarms.look_every_ms)),
        ),
        Line(
            "Whoever is on duty is not there when no screen has been live for so long, \"5s\" to \"1h\".",
            "screen_silent",
            text(&units::time_text(alarms.screen_silent_ms)),
        ),
    ];
    ("alarms", lines)
}

fn text(text: &str) -> Option<Value> {
    Some(Value::String(text.to_owned()))
}

fn listen(address: SocketAddr) -> Option<Value> {
    text(&address.to_string())
}

fn names(names: &[String]) -> Option<Value> {
    Some(Value::Array(names.iter().map(|name| Value::String(name.clone())).collect()))
}

fn signatures_section(ca: Option<&Path>) -> Section {
    let about = "Authorities of those who sign objects (PS3.15 Annex C), PEM; not set: no signer is known.";
    ("signatures", vec![Line(about, "ca", ca.and_then(|path| text(&path.to_string_lossy())))])
}

fn collector_section(collector: Option<&CollectorConfig>) -> Section {
    let path = |path: &Path| text(&path.to_string_lossy());
    let lines = vec![
        Line(
            "Where the events of the log go as DICOM audit messages (syslog by TLS), \"host:port\"; not set: nowhere.",
            "address",
            collector.and_then(|to| text(&format!("{}:{}", to.host, to.port))),
        ),
        Line("Authorities of the collector's certificate, PEM.", "ca", collector.and_then(|to| path(&to.ca))),
        Line(
            "Certificate chain that we show where it asks for one, PEM.",
            "cert",
            collector.and_then(|to| path(to.certificate.as_deref()?)),
        ),
        Line("Its key, PEM, mode 0600.", "key", collector.and_then(|to| path(to.key.as_deref()?))),
    ];
    ("collector", lines)
}
