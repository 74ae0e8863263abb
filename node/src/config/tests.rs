//! The configuration file: every fault, the example, what belongs together.

use super::*;

const EXAMPLE: &str = include_str!("../../../docs/confrere.toml");

fn example() -> Config {
    Config {
        site: SiteConfig::named("CH Nord"),
        portal: PortalConfig::default(),
        dicomweb: DicomwebConfig::default(),
        dimse: DimseConfig { ae_title: "CHNORD".to_owned(), ..DimseConfig::default() },
        overlay: OverlayConfig::default(),
        pixels: PixelsConfig::default(),
        relay: RelayConfig::default(),
        archive: ArchiveConfig::default(),
        cache: CacheConfig::default(),
        alarms: AlarmsConfig::default(),
        collector: None,
        oidc: None,
        signatures_ca: None,
    }
}

fn keys(text: &str) -> Vec<String> {
    Config::parse(text).unwrap_err().into_iter().map(|fault| fault.key).collect()
}

#[test]
fn the_example_of_the_documentation_is_what_init_writes_and_reads_back() {
    assert_eq!(example().to_text(true), EXAMPLE, "docs/confrere.toml differs from Config::to_text");
    assert_eq!(Config::parse(EXAMPLE).unwrap(), example());
    assert_eq!(Config::parse(&example().to_text(false)).unwrap(), example());
}

#[test]
fn relaying_is_off_unless_said_and_within_bounds() {
    let config = Config::parse("[site]\nname = \"CH Nord\"").unwrap();
    assert!(!config.relay.enabled && config.pixels.tcp);
    let key = SiteId([7; 32]).to_string();
    let text = format!("[relay]\nenabled = true\npeers = [\"{key}\"]\nkbits_max = 50000\nconnections_max = 2");
    let relay = Config::parse(&format!("[site]\nname = \"CH Nord\"\n{text}")).unwrap().relay;
    assert_eq!(
        relay,
        RelayConfig { enabled: true, peers: vec![SiteId([7; 32])], kbits_max: 50_000, connections_max: 2 }
    );
    let bad = "[site]\nname = \"a\"\n[relay]\nenabled = 1\npeers = [\"x\"]\nkbits_max = -1\nconnections_max = 0";
    assert_eq!(keys(bad), ["relay.connections_max", "relay.enabled", "relay.peers", "relay.kbits_max"]);
}

#[test]
fn a_file_with_only_a_name_has_the_defaults() {
    let config = Config::parse("[site]\nname = \"CH Nord\"").unwrap();
    assert_eq!(config.archive.settle_ms, 3_000);
    assert_eq!(config.cache.quota_bytes, 64 << 30);
    assert_eq!(config.dimse.ae_title, "CONFRERE");
}

#[test]
fn every_fault_is_told_at_once_with_its_key() {
    let text = r#"
        extra = 1
        [site]
        language = "de"
        time_zone = "Mars/Olympus"
        [portal]
        listen = "localhost"
        colour = "blue"
        [dimse]
        ae_title = "MUCH TOO LONG A TITLE"
        associations_max = 0
        [overlay]
        advertise = ["nohost"]
        [pixels]
        listen = 7411
        coding = "sometimes"
        [archive]
        settle = 3
        free_min = "a lot"
        [cache]
        quota = "1 MiB"
        [printer]
    "#;
    let mut found = keys(text);
    found.sort();
    assert_eq!(
        found,
        [
            "archive.free_min",
            "archive.settle",
            "cache.quota",
            "dimse.ae_title",
            "dimse.associations_max",
            "extra",
            "overlay.advertise",
            "pixels.coding",
            "pixels.listen",
            "portal.colour",
            "portal.listen",
            "printer",
            "site.language",
            "site.name",
            "site.time_zone",
        ]
    );
}

#[test]
fn settings_must_fit_together() {
    let site = "[site]\nname = \"N\"\n";
    assert_eq!(keys(&format!("{site}[portal]\nlisten = \"0.0.0.0:443\"")), ["portal.listen"]);
    assert_eq!(keys(&format!("{site}[portal]\ntls_cert = \"c.pem\"")), ["portal.tls_key"]);
    assert_eq!(keys(&format!("{site}[dimse]\nlisten = \"0.0.0.0:8080\"")), ["dimse.listen"]);
    let both = "[portal]\nlisten = \"0.0.0.0:443\"\ntls_cert = \"c\"\ntls_key = \"k\"";
    assert!(Config::parse(&format!("{site}{both}")).is_ok());
    assert_eq!(
        keys(&format!("{site}[dimse]\ntls_listen = \"0.0.0.0:2762\"\ntls_anonymous = 1")),
        ["dimse.tls_anonymous", "dimse.tls_cert", "dimse.tls_key", "dimse.tls_ca"]
    );
    let tls = "tls_cert = \"c\"\ntls_key = \"k\"\ntls_ca = \"a\"";
    assert_eq!(keys(&format!("{site}[dimse]\n{tls}")), ["dimse.tls_listen"]);
    assert_eq!(keys(&format!("{site}[dimse]\n{tls}\ntls_listen = \"0.0.0.0:8080\"")), ["dimse.tls_listen"]);
    let read = Config::parse(&format!("{site}[dimse]\n{tls}\ntls_listen = \"0.0.0.0:2762\"")).unwrap();
    assert_eq!(read.dimse.tls.as_ref().map(|tls| tls.anonymous), Some(false), "certificates are asked for");
    assert_eq!(Config::parse(&read.to_text(true)).unwrap(), read);
    let any = "[portal]\nlisten = \"127.0.0.1:0\"\n[dimse]\nlisten = \"127.0.0.1:0\"";
    assert!(Config::parse(&format!("{site}{any}")).is_ok());
}

#[test]
fn a_file_that_is_not_toml_says_where() {
    let faults = Config::parse("[site\nname = 1").unwrap_err();
    assert!(faults[0].problem.contains("line 1"), "{}", faults[0]);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[site]\nname = \"N\"\n[portal]\ntls_cert = \"c.pem\"\ntls_key = \"k.pem\"\n";
    std::fs::write(dir.path().join(CONFIG_FILE), text).unwrap();
    let told = Config::load(dir.path()).unwrap_err().to_string();
    assert!(told.contains("portal.tls_cert") && told.contains("portal.tls_key"), "{told}");
    for (name, mode) in [("c.pem", 0o644), ("k.pem", 0o644)] {
        std::fs::write(dir.path().join(name), "").unwrap();
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let told = Config::load(dir.path()).unwrap_err().to_string();
    assert!(!told.contains("tls_cert") && told.contains("0600"), "{told}");
    std::fs::set_permissions(dir.path().join("k.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(Config::load(dir.path()).unwrap().portal.tls_key, Some(dir.path().join("k.pem")));
}

#[test]
fn only_what_a_browser_sends_as_origin_may_ask_across() {
    let read = |list: &str| Config::parse(&format!("[site]\nname = \"CH Nord\"\n[dicomweb]\ncors_origins = {list}"));
    let good = r#"["https://viewer.example", "https://10.1.2.3:8443", "https://[2001:db8::1]", "http://localhost:3000", "http://127.0.0.1:1"]"#;
    assert_eq!(read(good).unwrap().dicomweb.cors_origins.len(), 5);
    assert!(Config::parse("[site]\nname = \"CH Nord\"").unwrap().dicomweb.cors_origins.is_empty());
    for wrong in [
        "*",
        "null",
        "",
        "viewer.example",
        "https://",
        "https://*.example",
        "https://viewer.example/",
        "https://viewer.example/ohif",
        "https://Viewer.example",
        "https://viewer.example:443",
        "https://viewer.example:0",
        "https://user@viewer.example",
        "http://viewer.example",
        "ftp://viewer.example",
        "https://viewer.example:",
        "https://[::1",
    ] {
        let faults = read(&format!("[\"https://fit.example\", \"{wrong}\"]")).unwrap_err();
        assert_eq!(faults.iter().map(|f| f.key.as_str()).collect::<Vec<_>>(), ["dicomweb.cors_origins"], "{wrong}");
    }
    assert!(read("\"https://viewer.example\"").is_err());
    assert!(read(&format!("[{}]", ["\"https://a.example\""; 17].join(","))).is_err());
}
