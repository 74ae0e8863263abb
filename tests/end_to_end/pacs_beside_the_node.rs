//! Most sites keep their PACS. The node asks it, lists what it has, brings what is opened, and takes all of it over.

use crate::SITE;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tests::{
    Instance, Pair, Preset, Site, Study,
    certificates::{Authority, Issued},
    eventually, part10,
    tools::pacs::Pacs,
    wait::holds,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

async fn insist(site: &Site, all: &[Instance]) {
    for instance in all {
        // While a study is recalled the answer is "come again".
        let what = format!("{} gives {}", site.name, instance.uid);
        let file = eventually!(60, what, site.retrieve(&instance.path()).await.ok());
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set(), "byte for byte what the PACS was given");
    }
}

fn put(pacs: &Pacs, site: &Site, study: &Study) -> Vec<Instance> {
    let (made, paths) = study.write(&site.scratch(&study.uid));
    pacs.store(&paths);
    made
}

fn migration(site: &Site) -> Value {
    let all: Value = serde_json::from_str(&site.cli(&["migrate", "status", "--json"]).ok().out).unwrap();
    all[0].clone()
}

fn report(site: &Site, id: &str) -> Value {
    serde_json::from_str(&site.cli(&["migrate", "report", id, "--json"]).ok().out).unwrap()
}

async fn done(site: &Site) {
    eventually!(120, "the migration is done", holds(migration(site)["state"] == "done"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_it_has_is_listed_nearline_and_opened_here_and_at_a_peer() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let pacs = Pacs::dcmtk((&pair.a.ae_title, pair.a.dimse())).await;
    let (here, there) = (Study { series: 2, ..Study::of(3) }, Study::of(4));
    let (made_here, made_there) = (put(&pacs, &pair.a, &here), put(&pacs, &pair.a, &there));
    let _ = pair.a.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", "list,peers"]).ok();
    assert!(pair.a.cli(&["source", "test", "pacs"]).ok().out.contains("pacs answers;"));
    let found = pair.a.cli(&["source", "find", "pacs", &format!("PatientID={}", here.patient_id)]).ok();
    assert!(found.out.contains(&here.uid), "{}", found.out);

    let row = eventually!(30, "A lists it", pair.a.listed(&here.uid).await);
    assert_eq!((&row["availability"], &row["instances_here"]), (&json!("nearline"), &json!(0)), "{row}");
    assert_eq!((&row["source"], &row["holder"]), (&json!("pacs"), &Value::Null));
    let asked = format!("/dicomweb/studies?StudyInstanceUID={}", here.uid);
    let rows = pair.a.get(&asked).await.ok().json();
    assert_eq!(rows[0]["00080056"]["Value"][0], "NEARLINE", "{rows}");
    insist(&pair.a, &made_here).await;
    let row = pair.a.settled(&here.uid, 6).await;
    assert_eq!((&row["availability"], &row["source"]), (&json!("online"), &Value::Null), "{row}");

    // The confrère sees what only the PACS has, and opens it.
    let row = eventually!(30, "B lists it", pair.b.listed(&there.uid).await);
    assert_eq!(row["holder"], pair.a_id, "{row}");
    insist(&pair.b, &made_there).await;
    let log = pair.a.audit("").await;
    assert!(log.iter().any(|e| e["act"] == "study-recalled" && e["study"] == there.uid && e["site"] == pair.b_id));
    assert!(log.iter().any(|e| e["act"] == "study-served" && e["study"] == there.uid && e["site"] == pair.b_id));

    // What the source no longer may be asked is no longer listed; what came stays.
    let _ = pair.a.cli(&["source", "remove", "pacs"]).ok();
    insist(&pair.a, &made_here).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_killed_in_the_middle_goes_on_and_brings_all_once() {
    let site = Site::open(SITE, "CH Nord").await;
    let mut pacs = Pacs::dcmtk((&site.ae_title, site.dimse())).await;
    let studies: Vec<Study> = (0..60).map(|_| Study::of(2).size(16, 16)).collect();
    let mut made = Vec::new();
    let mut paths = Vec::new();
    for study in &studies {
        let (some, written) = study.write(&site.scratch(&study.uid));
        made.push(some);
        paths.extend(written);
    }
    pacs.store(&paths);
    let _ = site.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", "migrate"]).ok();
    let _ = site.cli(&["migrate", "start", "pacs", "--from", "20260101", "--to", "20261231"]).ok();
    eventually!(60, "some came", holds(migration(&site)["studies"].as_u64() >= Some(10)));
    site.kill();
    // The PACS is away when the node returns.
    pacs.stop();
    site.serve().await;
    eventually!(30, "it says that it waits", holds(migration(&site)["waiting"].is_object()));
    let before = migration(&site)["studies"].as_u64().unwrap();
    assert!((10..60).contains(&before), "{before}");
    pacs.start().await;
    done(&site).await;

    let report = report(&site, "1");
    let all = report["studies"].as_array().unwrap();
    assert_eq!(all.len(), 60);
    for outcome in all {
        assert_eq!(outcome["complete"], true, "{outcome}");
        assert_eq!(outcome["said"], 2);
        assert_eq!(outcome["had"].as_u64().unwrap() + outcome["got"].as_u64().unwrap(), 2, "{outcome}");
    }
    insist(&site, &made[0]).await;
    insist(&site, &made[59]).await;
    assert!(site.cli(&["verify"]).ok().out.starts_with("120 objects"), "nothing twice");
    let csv = site.cli(&["migrate", "report", "1", "--csv"]).ok().out;
    assert_eq!(csv.lines().count(), 61, "{csv}");
    let log = site.audit("").await;
    assert!(log.iter().any(|e| e["act"] == "migration-changed"), "{log:?}");

    // Again: nothing is asked for twice.
    let _ = site.cli(&["migrate", "start", "pacs"]).ok();
    done(&site).await;
    let again = self::report(&site, "2");
    let sum = |key: &str| again["studies"].as_array().unwrap().iter().map(|s| s[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("had"), sum("got")), (120, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_lost_is_in_the_report_and_what_it_gets_again_is_fetched() {
    let site = Site::open(SITE, "CH Nord").await;
    let pacs = Pacs::dcmtk((&site.ae_title, site.dimse())).await;
    let (whole, torn) = (Study::of(2), Study::of(3));
    put(&pacs, &site, &whole);
    let made = put(&pacs, &site, &torn);
    pacs.lose(&made[1].uid);
    let _ = site.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--move"]).ok();
    let _ = site.cli(&["migrate", "start", "pacs", "--modalities", "CT"]).ok();
    done(&site).await;
    let said = report(&site, "1");
    let of = |study: &Study| said["studies"].as_array().unwrap().iter().find(|s| s["study"] == study.uid).cloned();
    assert_eq!(of(&whole).unwrap()["complete"], true, "{said}");
    let lacks = of(&torn).unwrap();
    assert_eq!((&lacks["complete"], &lacks["got"]), (&json!(false), &json!(2)), "{lacks}");
    assert_eq!(lacks["missing"], json!([made[1].uid]), "{lacks}");
    let text = site.cli(&["migrate", "report", "1"]).ok().out;
    assert!(text.contains("1 missing") && text.contains(&made[1].uid), "{text}");

    pacs.store(&[site.scratch(&torn.uid).join(format!("{}.dcm", made[1].uid))]);
    let _ = site.cli(&["migrate", "resume", "1"]).ok();
    eventually!(60, "nothing lacks", holds(migration(&site)["complete"] == 2));
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orthanc_is_taken_over_by_dicomweb_by_get_and_by_move() {
    for by in ["web", "get", "move"] {
        let site = Site::open(SITE, "CH Nord").await;
        let pacs = Pacs::orthanc((&site.ae_title, site.dimse())).await;
        let study = Study { series: 2, ..Study::of(3) };
        let made = put(&pacs, &site, &study);
        let secret = site.scratch("secret").join("file");
        std::fs::write(&secret, "node:secret\n").unwrap();
        let (at, url, secret) = (pacs.at(), pacs.url(), secret.display().to_string());
        let _ = match by {
            "web" => site.cli(&["source", "add", "pacs", "--url", &url, "--basic-file", &secret]),
            "get" => site.cli(&["source", "add", "pacs", "--at", &at]),
            _ => site.cli(&["source", "add", "pacs", "--at", &at, "--move"]),
        }
        .ok();
        assert!(site.cli(&["source", "test", "pacs"]).ok().out.contains("pacs answers;"), "{by}");
        let row = eventually!(30, "it is listed", site.listed(&study.uid).await);
        assert_eq!((&row["availability"], &row["instances"]), (&json!("nearline"), &json!(6)), "{by}: {row}");
        let _ = site.cli(&["migrate", "start", "pacs", "--compare"]).ok();
        done(&site).await;
        let report = report(&site, "1");
        assert_eq!(report["studies"][0]["complete"], true, "{by}: {report}");
        insist(&site, &made).await;
        assert!(!site.cli(&["source", "list"]).ok().out.contains("secret"));
    }
}

fn secret(site: &Site, name: &str, text: &str) -> String {
    let file = site.scratch("secret").join(name);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// As many characters as the name and password that the PACS behind the gate wants.
const TOKEN: &str = "Bearer 0123456789abcde";
const BASIC: &str = "Basic bm9kZTpzZWNyZXQ=";

/// One line through the gate.
async fn through(client: impl AsyncRead + AsyncWrite, pacs: SocketAddr) {
    let server = TcpStream::connect(pacs).await.unwrap();
    let ((mut asks, mut told), (mut answers, mut asked)) = (tokio::io::split(client), server.into_split());
    let to = async {
        let mut bytes = vec![0; 65_536];
        while let Ok(count @ 1..) = asks.read(&mut bytes).await {
            let mut piece = bytes[..count].to_vec();
            let at = piece.windows(TOKEN.len()).position(|window| window == TOKEN.as_bytes());
            if let Some(at) = at {
                piece[at..at + TOKEN.len()].copy_from_slice(BASIC.as_bytes());
            }
            asked.write_all(&piece).await.unwrap();
        }
    };
    tokio::select! {
        () = to => {}
        _ = tokio::io::copy(&mut answers, &mut told) => {}
    }
}

/// A gate by TLS that lets in who shows a token, as hospitals put before their PACS; it ends when dropped.
async fn gate(pacs: SocketAddr, shown: &Issued) -> (SocketAddr, JoinSet<()>) {
    let chain = CertificateDer::pem_file_iter(&shown.certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&shown.key).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let tls = TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut lines = JoinSet::new();
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let tls = tls.clone();
            lines.spawn(async move {
                if let Ok(client) = tls.accept(client).await {
                    through(client, pacs).await;
                }
            });
        }
    });
    (address, tasks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_tls_and_a_token_that_nobody_is_shown() {
    assert_eq!(TOKEN.len(), BASIC.len());
    let site = Site::open(SITE, "CH Nord").await;
    let pacs = Pacs::orthanc((&site.ae_title, site.dimse())).await;
    let made = put(&pacs, &site, &Study::of(2));
    let authority = Authority::found(&site.scratch("certificates"), "hospital");
    let (at, _gate) = gate(pacs.web(), &authority.issue("gate")).await;
    let (url, ca) = (format!("https://{at}/dicom-web"), authority.certificate.display().to_string());
    let right = secret(&site, "right", TOKEN.strip_prefix("Bearer ").unwrap());
    let add = |token: &str, more: &[&str]| {
        site.cli(&[&["source", "add", "pacs", "--url", &url, "--token-file", token][..], more].concat()).ok()
    };
    let _ = add(&right, &[]);
    let refused = site.cli(&["source", "test", "pacs"]);
    assert!(
        refused.code != Some(0) && refused.err.contains("UnknownIssuer"),
        "its authority is not known: {refused:?}"
    );
    let _ = add(&secret(&site, "wrong", "0123456789abcdX\n"), &["--ca", &ca]);
    assert_ne!(site.cli(&["source", "test", "pacs"]).code, Some(0), "with another token");
    let _ = add(&right, &["--ca", &ca]);
    assert!(site.cli(&["source", "test", "pacs"]).ok().out.contains("pacs answers;"));
    let _ = site.cli(&["migrate", "start", "pacs"]).ok();
    done(&site).await;
    insist(&site, &made).await;
    let shown = site.cli(&["source", "list"]).ok().out + &site.get("/api/sources").await.ok().text();
    assert!(!shown.contains("0123456789abcde"), "{shown}");
}

/// A window of the local clock that begins in three hours.
fn later() -> String {
    let hour = std::process::Command::new("date").arg("+%H").output().unwrap().stdout;
    let hour: u32 = String::from_utf8(hour).unwrap().trim().parse().unwrap();
    format!("{:02}:00-{:02}:00", (hour + 3) % 24, (hour + 5) % 24)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_its_hours_at_its_rate_and_paused_or_cancelled() {
    let site = Site::open(SITE, "CH Nord").await;
    let pacs = Pacs::dcmtk((&site.ae_title, site.dimse())).await;
    // 8 MiB in all.
    let studies: Vec<Study> = (0..16).map(|_| Study::of(1).size(512, 512)).collect();
    let mut made = Vec::new();
    for study in &studies {
        made.extend(put(&pacs, &site, study));
    }
    let bytes: usize = made.iter().map(|instance| instance.data_set().len()).sum();
    assert!(bytes > 8 << 20, "{bytes}");
    let _ = site.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", "migrate"]).ok();

    let hours = later();
    let _ = site.cli(&["migrate", "start", "pacs", "--hours", &hours]).ok();
    let waits = eventually!(30, "it waits for its hours", {
        let now = migration(&site);
        (now["waiting"]["detail"] == json!(hours)).then_some(now)
    });
    assert_eq!((&waits["studies"], &waits["state"]), (&json!(0), &json!("running")), "{waits}");
    let _ = site.cli(&["migrate", "cancel", "1"]).ok();
    eventually!(30, "it is cancelled", holds(migration(&site)["state"] == "cancelled"));
    assert_ne!(site.cli(&["migrate", "resume", "1"]).code, Some(0), "for good");
    assert!(site.listed(&studies[0].uid).await.is_none());

    // No faster than 1 MB a second, of which some second's worth may come at once.
    let began = Instant::now();
    let _ = site.cli(&["migrate", "start", "pacs", "--mb-per-s", "1", "--concurrent", "1"]).ok();
    eventually!(60, "some came", holds(migration(&site)["studies"].as_u64() >= Some(2)));
    let _ = site.cli(&["migrate", "pause", "2"]).ok();
    let paused = eventually!(30, "it is paused", {
        let now = migration(&site);
        (now["state"] == "paused").then_some(now)
    });
    assert!(paused["studies"].as_u64() < Some(16), "{paused}");
    // It stays so over a stop and a start.
    site.kill();
    site.serve().await;
    assert_eq!(migration(&site)["state"], "paused");
    let _ = site.cli(&["migrate", "resume", "2"]).ok();
    done(&site).await;
    let least = Duration::from_secs(u64::try_from(bytes / 1_000_000).unwrap() - 2);
    assert!(began.elapsed() > least, "{bytes} bytes in {:?}", began.elapsed());
    insist(&site, &made).await;
    let said = report(&site, "2");
    assert!(said["studies"].as_array().unwrap().iter().all(|study| study["complete"] == true), "{said}");
}
