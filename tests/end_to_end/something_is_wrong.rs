//! Something is wrong with a node; those who are to know get mail, and their own alarm system a signed call.

use crate::SITE;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tests::{Site, Study, certificates::Authority, eventually, ports::Port, tools::pynetdicom::Serving, wait::holds};

/// Entries of a kind that a sink kept.
fn kept(folder: &Path, kind: &str) -> Vec<Value> {
    let named = |n: usize| fs::read(folder.join(format!("{kind}-{n}.json")));
    (1..).map_while(|n| named(n).ok()).map(|bytes| serde_json::from_slice(&bytes).unwrap()).collect()
}

pub(super) fn secret(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn rot(site: &Site) -> PathBuf {
    site.dir().join("objects/rotten/0000.dcm")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_those_who_are_to_know_are_told_once() {
    let site = Site::init(SITE, "CH Nord");
    let (folder, secrets) = (site.scratch("sinks"), site.scratch("secrets"));
    let authority = Authority::found(&secrets, "authority");
    let shown = authority.issue("localhost");
    let (mail, hook) = (Port::reserve(), Port::reserve());
    let text = |path: &Path| path.display().to_string();
    let ports = [mail.address().port().to_string(), hook.address().port().to_string()];
    let arguments = [&text(&folder), &ports[0], &ports[1], &text(&shown.certificate), &text(&shown.key), "a secret"];
    let _sinks = Serving::start("alarm_sinks.py", &arguments);
    eventually!(60, "the sinks listen", {
        holds([&mail, &hook].iter().all(|port| std::net::TcpStream::connect(port.address()).is_ok()))
    });

    let set = |key: &str, value: &str| site.configure("alarms", key, toml::Value::String(value.to_owned()));
    site.configure("alarms", "mail_to", toml::Value::Array(vec!["it@chnord.example".into()]));
    set("mail_from", "node@chnord.example");
    set("smtp", &format!("127.0.0.1:{}", ports[0]));
    set("smtp_credentials", &text(&secret(&secrets, "smtp", "node\ns3cret\n")));
    set("webhook", &format!("https://127.0.0.1:{}/hook", ports[1]));
    set("webhook_secret", &text(&secret(&secrets, "hook", "a secret\n")));
    set("tls_ca", &text(&authority.certificate));
    set("look_every", "500ms");
    // What this machine's disk does is not this story's.
    site.serve().await;
    let study = Study::of(1).named("Durand^Secret").make();
    let _ = site.stow(&[&study[0].file]).await.ok();

    let said = site.cli(&["alarms", "test"]).ok();
    assert!(said.out.contains("mail") && said.out.contains("webhook"), "{}", said.out);
    let of = |kind: &'static str, what: &'static str| {
        let folder = folder.clone();
        move || {
            let is = |entry: &Value| entry["body"]["kind"] == kind && entry["body"]["what"] == what;
            kept(&folder, "hook").into_iter().filter(is).count()
        }
    };
    fs::create_dir_all(rot(&site).parent().unwrap()).unwrap();
    fs::write(rot(&site), b"what was an image").unwrap();
    let raised = of("rot-found", "raised");
    eventually!(30, "the hook is called", holds(raised() == 1));
    eventually!(30, "the portal says so, and that it was told", {
        let standing = site.get("/api/alarms").await.ok().json();
        let is = |a: &Value| a["kind"] == "rot-found" && a["level"] == "critical" && !a["told"].is_null();
        holds(standing["standing"].as_array().unwrap().iter().any(is))
    });
    let listed = site.cli(&["alarms"]).ok();
    assert!(listed.out.contains("rot-found"), "{}", listed.out);

    // A restart tells nothing twice; what is over is told.
    site.stop().await;
    site.serve().await;
    fs::remove_file(rot(&site)).unwrap();
    let over = of("rot-found", "over");
    eventually!(30, "its end is told", holds(over() == 1));
    assert_eq!(raised(), 1);

    for entry in kept(&folder, "hook") {
        assert_eq!((&entry["signed"], &entry["path"]), (&Value::Bool(true), &Value::from("/hook")));
        assert!(!entry.to_string().contains("Durand"));
    }
    eventually!(30, "mail of both came", {
        holds(kept(&folder, "mail").iter().filter(|m| m["text"].as_str().unwrap().contains("rot-found")).count() == 2)
    });
    for entry in kept(&folder, "mail") {
        assert_eq!((&entry["tls"], &entry["user"]), (&Value::Bool(true), &Value::Bool(true)), "{entry}");
        assert_eq!(entry["to"][0], "it@chnord.example");
        assert!(!entry.to_string().contains("Durand"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_pages_about_it_say_so() {
    let site = Site::init(SITE, "CH Sud");
    site.configure("alarms", "look_every", toml::Value::String("500ms".to_owned()));
    site.serve().await;
    let failed = site.cli(&["alarms", "test"]);
    assert!(failed.code == Some(1) && failed.err.contains("[alarms]"), "{failed:?}");
    let study = Study::of(3).make();
    let files: Vec<&[u8]> = study.iter().map(|i| i.file.as_slice()).collect();
    let _ = site.stow(&files).await.ok();
    let storage = site.get("/api/storage").await.ok().json();
    assert!(
        storage["uses"].as_array().unwrap().iter().any(|u| u["kind"] == "objects" && u["bytes"].as_u64() > Some(0))
    );
    assert!(storage["disk_bytes"].as_u64() >= storage["free_bytes"].as_u64());
    assert!(storage["backup"]["last"].is_null());

    let vault = site.scratch("vault").display().to_string();
    let words = secret(&site.scratch("secrets"), "words", "quatre mots au hasard").display().to_string();
    let _ = site.cli(&["backup", "--to", &vault, "--passphrase-file", &words]).ok();
    let storage = site.get("/api/storage").await.ok().json();
    assert_eq!(storage["backup"]["age_days"], 0);
    assert!(storage["backup"]["new_bytes"].as_u64() > Some(0));
    let token = site.new_token("reader", "radiologist");
    let refused = tests::http::ask(site.portal(), tests::http::Ask::get("/api/alarms").bearer(&token)).await.unwrap();
    assert_eq!(refused.status, 403);
}
