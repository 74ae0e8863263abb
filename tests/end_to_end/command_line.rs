//! The command line is a contract: names, exit codes, and what scripts rely on.

use crate::SITE;
use std::fs;
use tests::{Site, Study};

#[test]
fn the_example_configuration_is_accepted() {
    let site = Site::init(SITE, "CH Nord");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/confrere.toml");
    fs::copy(example, site.dir().join("confrere.toml")).unwrap();
    let said = site.cli(&["config", "check"]).ok();
    assert!(said.out.contains("CH Nord"), "the effective settings are shown: {}", said.out);
}

#[test]
fn every_fault_of_a_configuration_is_named_at_once() {
    let site = Site::init(SITE, "CH Nord");
    let path = site.dir().join("confrere.toml");
    fs::write(&path, "[site]\nname = \"CH Nord\"\n[dimse]\nassociations_max = 0\n[portal]\ncolour = \"red\"\n")
        .unwrap();
    let said = site.cli(&["config", "check"]);
    assert_eq!(said.code, Some(64), "{}", said.err);
    assert!(format!("{}{}", said.out, said.err).contains("colour"), "{}{}", said.out, said.err);
    let said = site.cli(&["serve"]);
    assert_eq!(said.code, Some(64), "it does not serve with it either");
}

#[test]
fn it_listens_beyond_loopback_only_with_tls() {
    let site = Site::init(SITE, "CH Nord");
    site.configure("portal", "listen", toml::Value::String("0.0.0.0:8443".to_owned()));
    for field in ["tls_cert", "tls_key"] {
        let path = site.dir().join("confrere.toml");
        let mut config: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        config["portal"].as_table_mut().unwrap().remove(field);
        fs::write(&path, config.to_string()).unwrap();
    }
    assert_eq!(site.cli(&["config", "check"]).code, Some(64));
}

#[test]
fn usage_errors_are_2_and_failures_1() {
    let site = Site::init(SITE, "CH Nord");
    assert_eq!(site.cli(&["no-such-command"]).code, Some(2));
    assert_eq!(site.tool(&["send", "--to", "NOBODY@127.0.0.1:1"], &[site.dir().join("site.key")]).code, Some(1));
    assert_eq!(site.cli(&["init", "--site", "Again", "--ae-title", "AGAIN"]).code, Some(1), "nothing is overwritten");
    let help = site.tool(&["--help"], &[]).ok();
    for command in
        ["init", "serve", "demo", "status", "user", "peer", "agreement", "study", "doctor", "verify", "rebuild"]
    {
        assert!(help.out.contains(command), "{command}: {}", help.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_is_asked_and_a_resting_one_is_read() {
    let site = Site::open(SITE, "CH Nord").await;
    let (made, paths) = Study::of(3).write(&site.scratch("import"));
    let paths: Vec<String> = paths.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    let import: Vec<&str> = std::iter::once("import").chain(paths.iter().map(String::as_str)).collect();
    let _ = site.cli(&import).ok();
    let _ = site.settled(&made[0].study, 3).await;
    let listed = site.cli(&["study", "list", "--json"]).ok();
    assert!(listed.out.contains(&made[0].study), "{}", listed.out);
    let _ = site.cli(&["status"]).ok();
    let said = site.cli(&["doctor"]);
    // Whatever this kernel grants, it is said.
    for what in ["  UDP buffers: up to ", "  TCP: BBR may "] {
        assert!(said.out.lines().any(|line| line.contains(what)), "{}", said.out);
    }
    site.stop().await;
    let listed = site.cli(&["study", "list", "--json"]).ok();
    assert!(listed.out.contains(&made[0].study), "also without a running node: {}", listed.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_speaks_the_language_of_whoever_asks() {
    let site = Site::open(SITE, "CH Nord").await;
    let french = |arguments: &[&str]| site.cli_in(&[("LC_ALL".to_owned(), "fr_FR.UTF-8".into())], arguments);
    let help = french(&["--help"]).ok();
    for said in ["Utilisation :", "Commandes:", "Sites appairés", "Premiers pas :", "Afficher l'aide"] {
        assert!(help.out.contains(said), "{said}: {}", help.out);
    }
    let said = french(&["status"]).ok();
    assert!(said.out.contains("en marche depuis") && said.out.contains("Aucun confrère."), "{}", said.out);
    let said = french(&["no-such-command"]);
    assert!(said.code == Some(2) && said.err.contains("sous-commande inconnue"), "{}", said.err);
    // What a running node answers, and what is wrong with what it was given.
    let said = french(&["rule", "add", "R", "--modality", "CT"]);
    assert!(said.code == Some(1) && said.err.starts_with("erreur : une règle fait quelque chose"), "{}", said.err);
    let said = french(&["source", "test", "nulle-part"]);
    assert!(said.err.contains("il n'y a pas de source de ce nom"), "{}", said.err);
    // The line says it more loudly than the surroundings; programs are told the same in every language.
    let said = french(&["--lang", "en", "source", "test", "nulle-part"]);
    assert!(said.err.starts_with("error: there is no source of that name"), "{}", said.err);
    let json = |said: &str| serde_json::from_str::<serde_json::Value>(said).unwrap()["site"].clone();
    let (french_one, english_one) = (french(&["status", "--json"]).ok(), site.cli(&["status", "--json"]).ok());
    assert_eq!(json(&french_one.out), json(&english_one.out));
    site.stop().await;
    fs::write(site.dir().join("confrere.toml"), "[site]\nname = \"CH Nord\"\n[portal]\ncolour = \"red\"\n").unwrap();
    let said = french(&["config", "check"]);
    assert!(said.code == Some(64) && said.err.contains("portal.colour: il n'y a pas de tel réglage"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_and_the_control_socket_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::open(SITE, "CH Nord").await;
    for name in ["site.key", "control.sock"] {
        let mode = fs::metadata(site.dir().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}
