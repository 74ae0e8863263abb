//! From text to settings, collecting every fault on the way.

use super::{
    ArchiveConfig, CacheConfig, CodingMode, Config, DicomwebConfig, DimseConfig, DimseTls, Fault, OverlayConfig,
    PixelsConfig, PortalConfig, RelayConfig, SiteConfig, alarms, cold, collector, oidc, units,
};
use protocol::{
    AeTitle, SiteId,
    congestion::Law,
    identity::Standing,
    limits::{SITE_NAME_MAX, is_site_name},
    retention::Rules,
};
use std::{
    net::{Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
};
use toml::{Table, Value};

/// Associations that can be allowed at once: each may hold a few megabytes.
const ASSOCIATIONS: RangeInclusive<u64> = 1..=1024;
/// Shorter and a slow scanner's study falls apart; longer and nobody would wait.
const SETTLE_MS: RangeInclusive<u64> = 100..=3_600_000;
const STANDINGS: &str = "\"provisional\", \"retrieved\", \"validated\" or \"qualified\"";
const RULES: &str = "\"france-hospital\" or \"france-practice\"";
const COLD_AFTER: &str = "\"never\" or a time like \"90d\"";
/// More pages than a hospital has viewers.
const CORS_ORIGINS_MAX: usize = 16;
/// Pairs relayed at once: each holds two streams and their windows.
const RELAYED_MAX: u32 = 256;
/// Peers named in the settings.
const RELAY_PEERS_MAX: usize = 64;
/// Below this not one study fits.
const QUOTA_MIN: u64 = 64 << 20;

/// One section of the file: keys are taken out as they are read, and what is left over is unknown.
pub(super) struct Section<'a> {
    name: &'static str,
    pub(super) table: Table,
    faults: &'a mut Vec<Fault>,
}

pub(super) fn read(text: &str) -> Result<Config, Vec<Fault>> {
    let mut file: Table = text
        .parse()
        .map_err(|e: toml::de::Error| vec![Fault { key: String::new(), problem: e.to_string().trim().to_owned() }])?;
    let mut faults = Vec::new();
    let config = Config {
        site: section(&mut file, "site", &mut faults, site),
        portal: section(&mut file, "portal", &mut faults, portal),
        dicomweb: section(&mut file, "dicomweb", &mut faults, dicomweb),
        dimse: section(&mut file, "dimse", &mut faults, dimse),
        overlay: section(&mut file, "overlay", &mut faults, overlay),
        pixels: section(&mut file, "pixels", &mut faults, pixels),
        relay: section(&mut file, "relay", &mut faults, relay),
        archive: section(&mut file, "archive", &mut faults, archive),
        cache: section(&mut file, "cache", &mut faults, cache),
        alarms: section(&mut file, "alarms", &mut faults, alarms::read),
        collector: section(&mut file, "collector", &mut faults, collector::read),
        oidc: section(&mut file, "oidc", &mut faults, oidc::read),
        signatures_ca: section(&mut file, "signatures", &mut faults, |section| section.path("ca")),
    };
    for unknown in file.keys() {
        faults.push(Fault { key: unknown.clone(), problem: "there is no such section".to_owned() });
    }
    if faults.is_empty() {
        together(&config, &mut faults);
    }
    if faults.is_empty() { Ok(config) } else { Err(faults) }
}

fn section<T>(
    file: &mut Table,
    name: &'static str,
    faults: &mut Vec<Fault>,
    read: impl FnOnce(&mut Section<'_>) -> T,
) -> T {
    let table = match file.remove(name) {
        Some(Value::Table(table)) => table,
        None => Table::new(),
        Some(_) => {
            faults.push(Fault { key: name.to_owned(), problem: "must be a section".to_owned() });
            Table::new()
        }
    };
    let mut section = Section { name, table, faults };
    let value = read(&mut section);
    let unknown: Vec<String> = section.table.keys().cloned().collect();
    for key in unknown {
        section.fault(&key, "there is no such setting");
    }
    value
}

impl Section<'_> {
    pub(super) fn fault(&mut self, key: &str, problem: impl Into<String>) {
        self.faults.push(Fault { key: format!("{}.{key}", self.name), problem: problem.into() });
    }

    /// A text that `parse` understands; anything else is a fault that says what is `wanted`.
    pub(super) fn text<T>(&mut self, key: &str, default: T, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> T {
        let Some(value) = self.table.remove(key) else { return default };
        match value.as_str().and_then(parse) {
            Some(value) => value,
            None => {
                self.fault(key, format!("{value} is not {wanted}"));
                default
            }
        }
    }

    fn address(&mut self, default: SocketAddr) -> SocketAddr {
        self.text("listen", default, "an address with a port, like \"127.0.0.1:8080\"", |text| text.parse().ok())
    }

    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key, None, "a path", |text| (!text.is_empty()).then(|| Some(PathBuf::from(text))))
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, key: &str, default: bool) -> bool {
        let Some(value) = self.table.remove(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.fault(key, format!("{value} is neither true nor false"));
            default
        })
    }

    /// A whole number from 0 to `most`.
    pub(super) fn count(&mut self, key: &str, default: u32, most: u32) -> u32 {
        let Some(value) = self.table.remove(key) else { return default };
        match value.as_integer().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= most) {
            Some(number) => number,
            None => {
                self.fault(key, format!("{value} is not a number from 0 to {most}"));
                default
            }
        }
    }

    fn advertise(&mut self) -> Vec<String> {
        let Some(value) = self.table.remove("advertise") else { return Vec::new() };
        let named = |value: &Value| {
            let (host, port) = value.as_str()?.rsplit_once(':')?;
            let fit = !host.is_empty() && host.len() <= 253 && !host.contains(char::is_whitespace);
            (fit && port.parse::<u16>().is_ok_and(|port| port > 0)).then(|| format!("{host}:{port}"))
        };
        let read: Option<Vec<String>> = value.as_array().and_then(|list| list.iter().map(named).collect());
        match read {
            Some(list) if list.len() <= 8 => list,
            _ => {
                self.fault("advertise", format!("{value} is not a list of at most 8 \"host:port\""));
                Vec::new()
            }
        }
    }
}

fn site(section: &mut Section<'_>) -> SiteConfig {
    let wanted = format!("a name of 1 to {SITE_NAME_MAX} characters");
    if !section.table.contains_key("name") {
        section.fault("name", "is missing: the institution's name as peers see it");
    }
    let name = section.text("name", String::new(), &wanted, |text| {
        let name = text.trim();
        is_site_name(name).then(|| name.to_owned())
    });
    let language = section.text("language", "fr".to_owned(), "\"fr\" or \"en\"", |text| {
        ["fr", "en"].contains(&text).then(|| text.to_owned())
    });
    let zone = section.text("time_zone", String::new(), "an IANA time zone, as Europe/Paris", |text| {
        (text.is_empty() || protocol::roster::zone(text).is_some()).then(|| text.to_owned())
    });
    let national_identity = section.text("national_identity", None, STANDINGS, |text| Some(Some(standing(text)?)));
    SiteConfig { name, language, time_zone: Some(zone).filter(|zone| !zone.is_empty()), national_identity }
}

fn standing(text: &str) -> Option<Standing> {
    match text {
        "provisional" => Some(Standing::Provisional),
        "retrieved" => Some(Standing::Retrieved),
        "validated" => Some(Standing::Validated),
        "qualified" => Some(Standing::Qualified),
        _ => None,
    }
}

/// The words of `trust`'s roles.
pub(super) const ROLES: [&str; 5] = ["admin", "radiologist", "referrer", "technologist", "auditor"];

fn portal(section: &mut Section<'_>) -> PortalConfig {
    let default = PortalConfig::default();
    PortalConfig {
        listen: section.address(default.listen),
        url: oidc::portal_url(section, "url"),
        tls_cert: section.path("tls_cert"),
        tls_key: section.path("tls_key"),
        web_dir: section.path("web_dir"),
        second_factor: factor_roles(section),
    }
}

fn factor_roles(section: &mut Section<'_>) -> Vec<String> {
    let Some(value) = section.table.remove("second_factor") else { return Vec::new() };
    let words = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<&str>>>());
    match words.filter(|words| words.iter().all(|word| ROLES.contains(word))) {
        Some(words) => words.into_iter().map(str::to_owned).collect(),
        None => {
            section.fault("second_factor", format!("{value} is not a list of roles: {}", ROLES.join(", ")));
            Vec::new()
        }
    }
}

fn dicomweb(section: &mut Section<'_>) -> DicomwebConfig {
    let default = DicomwebConfig::default();
    let default = DicomwebConfig { ask_peers: section.switch("ask_peers", default.ask_peers), ..default };
    let Some(value) = section.table.remove("cors_origins") else { return default };
    let Some(list) = value.as_array().filter(|list| list.len() <= CORS_ORIGINS_MAX) else {
        section.fault("cors_origins", format!("{value} is not a list of at most {CORS_ORIGINS_MAX} origins"));
        return default;
    };
    let mut cors_origins = Vec::new();
    for value in list {
        match value.as_str().filter(|text| is_origin(text)) {
            Some(origin) => cors_origins.push(origin.to_owned()),
            None => section.fault(
                "cors_origins",
                format!("{value} is not an origin as browsers send it, like \"https://viewer.example\" (http on this machine only)"),
            ),
        }
    }
    DicomwebConfig { cors_origins, ..default }
}

/// Whether a browser may send this text as Origin (RFC 6454 §7): scheme, host, and the port where it is not the
/// scheme's own. A page that came over plain HTTP may be anybody's, unless it came from this machine.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).is_some_and(|h| h.parse::<Ipv6Addr>().is_ok());
    let is_name = host.split('.').all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    let own_port = if scheme == "https" { "443" } else { "80" };
    let port_is_fit =
        port.is_none_or(|p| p != own_port && !p.starts_with('0') && p.parse::<u16>().is_ok_and(|p| p > 0));
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    text.len() <= 255 && (is_v6 || is_name) && port_is_fit && (scheme == "https" || scheme == "http" && is_here)
}

fn dimse(section: &mut Section<'_>) -> DimseConfig {
    let default = DimseConfig::default();
    let ae_title = section.text("ae_title", default.ae_title, "an AE title (1 to 16 printable characters)", |text| {
        AeTitle::parse(text).ok().map(|title| title.as_str().to_owned())
    });
    let associations_max = match section.table.remove("associations_max") {
        None => default.associations_max,
        Some(value) => {
            let number = value.as_integer().and_then(|n| u64::try_from(n).ok());
            let fit = number.filter(|n| ASSOCIATIONS.contains(n)).and_then(|n| usize::try_from(n).ok());
            fit.unwrap_or_else(|| {
                section.fault("associations_max", format!("{value} is not a number from 1 to 1024"));
                default.associations_max
            })
        }
    };
    DimseConfig {
        listen: section.address(default.listen),
        ae_title,
        associations_max,
        ask_peers: section.switch("ask_peers", default.ask_peers),
        tls: dimse_tls(section),
    }
}

/// All of it or nothing: a listener without an authority would trust nobody, or everybody.
fn dimse_tls(section: &mut Section<'_>) -> Option<DimseTls> {
    let wanted = "an address with a port, like \"0.0.0.0:2762\"";
    let listen = section.text("tls_listen", None, wanted, |text| text.parse().ok().map(Some));
    let paths = ["tls_cert", "tls_key", "tls_ca"].map(|key| (key, section.path(key)));
    let anonymous = section.table.remove("tls_anonymous");
    let is_anonymous = anonymous.as_ref().is_some_and(|value| value.as_bool() == Some(true));
    if anonymous.as_ref().is_some_and(|value| value.as_bool().is_none()) {
        section.fault("tls_anonymous", "is neither true nor false");
    }
    let is_any = listen.is_some() || anonymous.is_some() || paths.iter().any(|(_, path)| path.is_some());
    if !is_any {
        return None;
    }
    if listen.is_none() {
        section.fault("tls_listen", "is missing beside the other tls settings");
    }
    for (key, _) in paths.iter().filter(|(_, path)| path.is_none()) {
        section.fault(key, "is missing beside the other tls settings");
    }
    let [(_, certificate), (_, key), (_, ca)] = paths;
    Some(DimseTls { listen: listen?, certificate: certificate?, key: key?, ca: ca?, anonymous: is_anonymous })
}

fn overlay(section: &mut Section<'_>) -> OverlayConfig {
    OverlayConfig { listen: section.address(OverlayConfig::default().listen), advertise: section.advertise() }
}

fn pixels(section: &mut Section<'_>) -> PixelsConfig {
    let default = PixelsConfig::default();
    PixelsConfig {
        listen: section.address(default.listen),
        advertise: section.advertise(),
        tcp: section.switch("tcp", default.tcp),
        congestion: section.text("congestion", default.congestion, "\"by path\" or \"cubic\"", congestion_named),
        coding: section.text("coding", default.coding, "\"off\", \"auto\" or \"always\"", CodingMode::named),
    }
}

fn congestion_named(name: &str) -> Option<Law> {
    [Law::ByPath, Law::Cubic].into_iter().find(|law| law.name() == name)
}

fn relay(section: &mut Section<'_>) -> RelayConfig {
    let default = RelayConfig::default();
    let connections = u32::try_from(default.connections_max).unwrap_or(RELAYED_MAX);
    let connections_max = section.count("connections_max", connections, RELAYED_MAX);
    if connections_max == 0 {
        section.fault("connections_max", "is 0: where nothing is relayed, set enabled = false");
    }
    RelayConfig {
        enabled: section.switch("enabled", default.enabled),
        peers: relayed_peers(section),
        kbits_max: section.count("kbits_max", default.kbits_max, 100_000_000),
        connections_max: usize::try_from(connections_max).unwrap_or(default.connections_max),
    }
}

fn relayed_peers(section: &mut Section<'_>) -> Vec<SiteId> {
    let Some(value) = section.table.remove("peers") else { return Vec::new() };
    let keys = |list: &Vec<Value>| list.iter().map(|key| key.as_str()?.parse().ok()).collect::<Option<Vec<SiteId>>>();
    match value.as_array().filter(|list| list.len() <= RELAY_PEERS_MAX).and_then(keys) {
        Some(peers) => peers,
        None => {
            section.fault("peers", format!("{value} is not a list of at most {RELAY_PEERS_MAX} keys of sites"));
            Vec::new()
        }
    }
}

fn archive(section: &mut Section<'_>) -> ArchiveConfig {
    let default = ArchiveConfig::default();
    ArchiveConfig {
        settle_ms: section.text("settle", default.settle_ms, "a time from \"100ms\" to \"1h\"", |text| {
            units::milliseconds(text).filter(|ms| SETTLE_MS.contains(ms))
        }),
        free_bytes_min: section.text("free_min", default.free_bytes_min, "a size like \"1 GiB\"", units::bytes),
        scrub_days: section.count("scrub_days", default.scrub_days, 365),
        conflict_days: section.count("conflict_days", default.conflict_days, 3650),
        cold: cold::read(section),
        cold_after_ms: section.text("cold_after", default.cold_after_ms, COLD_AFTER, |text| match text {
            "never" => Some(0),
            text => units::milliseconds(text).filter(|ms| *ms > 0),
        }),
        retention: section.text("retention", default.retention, RULES, |text| match text {
            "france-hospital" => Some(Rules::FranceHospital),
            "france-practice" => Some(Rules::FrancePractice),
            _ => None,
        }),
    }
}

fn cache(section: &mut Section<'_>) -> CacheConfig {
    let default = CacheConfig::default();
    let wanted = "a size of at least \"64 MiB\"";
    let quota_bytes = section
        .text("quota", default.quota_bytes, wanted, |text| units::bytes(text).filter(|bytes| *bytes >= QUOTA_MIN));
    CacheConfig { quota_bytes }
}

/// Rules over several settings.
fn together(config: &Config, faults: &mut Vec<Fault>) {
    let mut fault = |key: &str, problem: String| faults.push(Fault { key: key.to_owned(), problem });
    let portal = &config.portal;
    match (&portal.tls_cert, &portal.tls_key) {
        (Some(_), None) => fault("portal.tls_key", "is missing beside tls_cert".to_owned()),
        (None, Some(_)) => fault("portal.tls_cert", "is missing beside tls_key".to_owned()),
        (None, None) if !portal.listen.ip().is_loopback() => fault(
            "portal.listen",
            format!("{} is beyond loopback: set portal.tls_cert and portal.tls_key", portal.listen),
        ),
        _ => {}
    }
    let mut doors = vec![
        ("portal.listen", portal.listen),
        ("dimse.listen", config.dimse.listen),
        ("overlay.listen", config.overlay.listen),
        ("pixels.listen", config.pixels.listen),
    ];
    doors.extend(config.dimse.tls.as_ref().map(|tls| ("dimse.tls_listen", tls.listen)));
    for (n, (key, address)) in doors.iter().enumerate() {
        let taken = doors.iter().take(n).find(|(_, other)| clash(*address, *other));
        if let Some((other, _)) = taken {
            fault(key, format!("{address} is taken by {other}"));
        }
    }
}

fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let same_place = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_place
}
