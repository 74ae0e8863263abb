//! Two sites that trust one another, and what lies between them: UDP that does not pass, or ceases to; no way at all but over a
//! third site; a third site that lies.

use crate::SITE;
use protocol::{
    SiteId,
    agreement::Purpose,
    fetch::{Answer, Priority, Reader, Request, What},
    ids::Id128,
    roads::Offer,
    wire,
};
use quinn::{Connection, RecvStream, SendStream};
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
};
use tests::{
    Instance, Pair, Site, Study, eventually, hospital,
    passage::Passage,
    ports::Port,
    tools::quic::{self, Key},
    wait::holds,
};
use tokio::task::JoinSet;

/// What stands before a site: its two planes are reached through these passages only.
struct Wall {
    pixels: Passage,
    overlay: Passage,
    _ports: [Port; 2],
}

impl Wall {
    async fn before(name: &str) -> (Site, Self) {
        let site = Site::init(SITE, name);
        let ports = [Port::reserve(), Port::reserve()];
        for (section, port) in ["pixels", "overlay"].into_iter().zip(&ports) {
            let told = toml::Value::Array(vec![toml::Value::String(port.address().to_string())]);
            site.configure(section, "advertise", told);
        }
        let pixels = Passage::open(ports[0].address(), site.pixels()).await.unwrap();
        let overlay = Passage::open(ports[1].address(), site.overlay()).await.unwrap();
        site.serve().await;
        (site, Self { pixels, overlay, _ports: ports })
    }

    fn udp(&self, pass: bool) {
        [&self.pixels, &self.overlay].into_iter().for_each(|passage| passage.udp(pass));
    }

    fn tcp(&self, pass: bool) {
        [&self.pixels, &self.overlay].into_iter().for_each(|passage| passage.tcp(pass));
    }
}

/// Two sites behind walls, under an agreement for everything.
async fn walled() -> (Pair, [Wall; 2]) {
    let ((a, before_a), (b, before_b)) = (Wall::before("CH Nord").await, Wall::before("CHU Sud").await);
    let (a_id, b_id) = (a.id().await, b.id().await);
    let pair = Pair { a, b, a_id, b_id };
    pair.pair().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    (pair, [before_a, before_b])
}

async fn link(site: &Site, to: &str) -> Option<Value> {
    let links = site.get("/api/links").await.ok().json();
    links.as_array()?.iter().find(|link| link["site"] == *to).cloned()
}

async fn road(site: &Site, to: &str) -> String {
    link(site, to).await.and_then(|link| link["road"].as_str().map(str::to_owned)).unwrap_or_default()
}

async fn row(site: &Site, study: &str) -> Option<Value> {
    let rows = site.get("/api/transfers").await.ok().json();
    rows.as_array().unwrap().iter().find(|row| row["study"] == *study).cloned()
}

/// A study at A that B was told of.
async fn told(pair: &Pair, instances: u32) -> (Study, Vec<Instance>) {
    let study = Study::of(instances).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    (study, made)
}

/// All of a study comes, and is what was stored.
async fn comes(pair: &Pair, study: &Study, made: &[Instance]) {
    let _ = pair.b.post(&format!("/api/studies/{}/fetch", study.uid), &json!({})).await.ok();
    eventually!(60, "all of it came", row(&pair.b, &study.uid).await.filter(|row| row["state"] == "done"));
    for instance in made.iter().step_by(7) {
        let frame = pair.b.frame(&instance.path(), 1).await.ok();
        assert!(tests::multipart::parts(&frame)[0] == instance.pixels, "the image is the one that was stored");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn udp_that_never_passed_is_no_hindrance() {
    let (pair, walls) = walled().await;
    let (study, made) = told(&pair, 20).await;
    // B has not met A's images yet: both start anew where no datagram passes.
    for site in [&pair.a, &pair.b] {
        site.stop().await;
    }
    walls.iter().for_each(|wall| wall.udp(false));
    for site in [&pair.a, &pair.b] {
        site.serve().await;
    }
    eventually!(30, "they meet by TCP", holds(road(&pair.b, &pair.a_id).await == "tcp"));
    comes(&pair, &study, &made).await;
    let status = pair.b.cli(&["status"]).ok().out;
    assert!(status.contains("TCP"), "{status}");
    let at_b = hospital::peer(&pair.b, &pair.a_id).await.unwrap();
    assert_eq!((&at_b["connected"], &at_b["road"]), (&json!(true), &json!("tcp")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn udp_that_ceases_in_the_midst_of_a_transfer_is_replaced_and_taken_again() {
    let (pair, walls) = walled().await;
    let (study, made) = told(&pair, 120).await;
    eventually!(30, "they are connected", holds(road(&pair.b, &pair.a_id).await == "direct"));
    let _ = pair.b.post(&format!("/api/studies/{}/fetch", study.uid), &json!({})).await.ok();
    eventually!(20, "some of it came", {
        pair.b.listed(&study.uid).await.filter(|row| row["instances_here"].as_u64() > Some(2))
    });
    walls.iter().for_each(|wall| wall.pixels.udp(false));
    comes(&pair, &study, &made).await;
    eventually!(10, "by TCP", holds(road(&pair.b, &pair.a_id).await == "tcp"));
    walls.iter().for_each(|wall| wall.pixels.udp(true));
    eventually!(60, "by UDP again", holds(road(&pair.b, &pair.a_id).await == "direct"));
    let (study, made) = told(&pair, 10).await;
    comes(&pair, &study, &made).await;
}

/// Two sites behind walls that are shut, and a third that both reach.
async fn around(relay: &Site) -> (Pair, [Wall; 2]) {
    let (pair, walls) = walled().await;
    for site in [&pair.a, &pair.b] {
        hospital::pair(relay, site).await;
        let _ = hospital::agree((relay, site), &json!({ "preset": "all" })).await;
    }
    for site in [&pair.a, &pair.b] {
        site.stop().await;
    }
    for wall in &walls {
        wall.udp(false);
        wall.tcp(false);
    }
    (pair, walls)
}

async fn carried(relay: &Site) -> Vec<Value> {
    relay.audit("").await.into_iter().filter(|entry| entry["act"] == "road-relayed").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sites_without_an_open_port_work_together_over_a_third_that_sees_nothing() {
    let relay = Site::init(SITE, "CHU Centre");
    relay.configure("relay", "enabled", toml::Value::Boolean(true));
    relay.serve().await;
    let (pair, _walls) = around(&relay).await;
    for site in [&pair.a, &pair.b] {
        site.serve().await;
    }
    for (site, other) in [(&pair.a, &pair.b_id), (&pair.b, &pair.a_id)] {
        let what = format!("{} reaches its peer", site.name);
        eventually!(60, what, holds(hospital::peer(site, other).await.is_some_and(|peer| peer["connected"] == true)));
        eventually!(30, "images too", holds(matches!(road(site, other).await.as_str(), "relay" | "punched")));
    }
    // Told of, and read: messages and images both go over it.
    let (study, made) = told(&pair, 20).await;
    comes(&pair, &study, &made).await;
    let carried = carried(&relay).await;
    assert!(!carried.is_empty(), "the relay wrote down for whom it carried");
    assert!(relay.files_with(&made[0].pixels[..64]).is_empty(), "and has nothing of what it carried");
    let status = pair.b.cli(&["status"]).ok().out;
    assert!(status.contains("CHU Centre") || status.contains("punched"), "{status}");

    // The relay parts from A: what it carried for A ends.
    let _ = relay.delete(&format!("/api/peers/{}", pair.a_id)).await;
    eventually!(30, "it ended", {
        let entries = self::carried(&relay).await;
        let count =
            |word: &str| entries.iter().filter(|e| e["note"].as_str().unwrap_or_default().ends_with(word)).count();
        holds(count("begun") == count("ended"))
    });
}

/// What a relay does with what it carries.
const HONEST: u8 = 0;
const CHANGES: u8 = 1;
const CUTS_OUT: u8 = 2;
const REPEATS: u8 = 3;

/// A relay that is not one: it has a site's key, and carries as it likes.
struct Liar {
    conduct: Arc<AtomicU8>,
    _tasks: JoinSet<()>,
}

type Lines = Arc<Mutex<HashMap<SiteId, Connection>>>;

/// Whose connection it is: the last 32 bytes of a SubjectPublicKeyInfo of an ed25519 key are the key.
fn whose(connection: &Connection) -> SiteId {
    let shown = connection.peer_identity().unwrap().downcast::<Vec<CertificateDer<'static>>>().unwrap();
    SiteId(shown[0][12..].try_into().unwrap())
}

impl Liar {
    /// Stands where the site stood, and is dialled by whom it was dialled by.
    fn instead_of(site: &Site) -> Self {
        let endpoint = quic::listen(site.pixels(), &Key::of_folder(&site.dir())).unwrap();
        let conduct = Arc::new(AtomicU8::new(HONEST));
        let (lines, how): (Lines, _) = (Lines::default(), conduct.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut serving = JoinSet::new();
            while let Some(incoming) = endpoint.accept().await {
                let Ok(connection) = incoming.await else { continue };
                lines.lock().unwrap().insert(whose(&connection), connection.clone());
                serving.spawn(serve(connection, lines.clone(), how.clone()));
            }
        });
        Self { conduct, _tasks: tasks }
    }
}

async fn serve(connection: Connection, lines: Lines, conduct: Arc<AtomicU8>) {
    let mut streams = JoinSet::new();
    while let Ok((send, recv)) = connection.accept_bi().await {
        streams.spawn(answer(whose(&connection), (send, recv), lines.clone(), conduct.clone()));
    }
}

fn about_roads(what: What) -> Vec<u8> {
    let reader = Reader { person: String::new(), role: "road".into(), copy: None, purpose: Purpose::Quality };
    let request = Request { study: Id128([0; 16]).uid(), reader, priority: Priority::Series, what };
    let body = wire::encode(&request);
    [&u16::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

fn head(answer: &Answer) -> Vec<u8> {
    let body = wire::encode(answer);
    [&u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

async fn answer(
    from: SiteId,
    (mut send, mut recv): (SendStream, RecvStream),
    lines: Lines,
    conduct: Arc<AtomicU8>,
) -> Option<()> {
    let mut length = [0; 2];
    recv.read_exact(&mut length).await.ok()?;
    let mut body = vec![0; usize::from(u16::from_le_bytes(length))];
    recv.read_exact(&mut body).await.ok()?;
    match wire::decode::<Request>(&body).ok()?.what {
        What::Roads => {
            let offer = wire::encode(&Offer { relays: true, seen: None });
            let bytes = u32::try_from(offer.len()).unwrap();
            send.write_all(&[head(&Answer::Blob { bytes }), offer].concat()).await.ok()?;
            send.finish().ok()?;
        }
        What::Relay { to } => {
            let other = lines.lock().unwrap().get(&to).cloned()?;
            let (mut far_send, mut far_recv) = other.open_bi().await.ok()?;
            far_send.write_all(&about_roads(What::Relayed { from })).await.ok()?;
            let (told, _) = quic::read_head(&mut far_recv).await.ok()?;
            send.write_all(&told).await.ok()?;
            tokio::select! {
                () = carry(&mut recv, &mut far_send, &conduct) => {}
                () = carry(&mut far_recv, &mut send, &conduct) => {}
            }
            let _ = (far_send.finish(), send.finish());
        }
        _ => drop(send.reset(quinn::VarInt::from_u32(4))),
    }
    Some(())
}

async fn carry(from: &mut RecvStream, to: &mut SendStream, conduct: &AtomicU8) {
    let mut piece = vec![0; 16_384];
    while let Ok(Some(read)) = from.read(&mut piece).await {
        let how = if read > 1_000 { conduct.swap(HONEST, Ordering::Relaxed) } else { HONEST };
        let mut said = piece[..read].to_vec();
        match how {
            CHANGES => said[read / 2] ^= 1,
            CUTS_OUT => drop(said.drain(read / 3..read / 2)),
            REPEATS => said.extend_from_within(..),
            _ => {}
        }
        if to.write_all(&said).await.is_err() {
            return;
        }
    }
}

async fn alerts(site: &Site) -> usize {
    let log = site.audit("").await;
    let is_it = |entry: &&Value| {
        entry["act"] == "security-alert" && entry["note"].as_str().unwrap_or_default().contains("changed on a road")
    };
    log.iter().filter(is_it).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_changes_cuts_out_or_repeats_bytes_is_found_and_named() {
    let relay = Site::open(SITE, "CHU Centre").await;
    let (pair, _walls) = around(&relay).await;
    let relay_id = relay.id().await;
    relay.stop().await;
    let liar = Liar::instead_of(&relay);
    let mut found = 0;
    for how in [CHANGES, CUTS_OUT, REPEATS] {
        // Started anew: of the same within a minute the log would keep count only.
        for site in [&pair.a, &pair.b] {
            site.stop().await;
            site.serve().await;
        }
        eventually!(60, "they meet over it", holds(road(&pair.b, &pair.a_id).await == "relay"));
        let (study, made) = told(&pair, 4).await;
        liar.conduct.store(how, Ordering::Relaxed);
        // Not one wrong byte is shown, and it comes all the same: over a road made anew.
        comes(&pair, &study, &made).await;
        found = eventually!(30, "it is found", {
            let now = alerts(&pair.a).await + alerts(&pair.b).await;
            Some(now).filter(|now| *now > found)
        });
    }
    let named = [pair.a.audit("").await, pair.b.audit("").await].concat();
    let names = named.iter().filter(|entry| entry["note"].as_str().unwrap_or_default().contains("changed on a road"));
    assert!(names.clone().all(|entry| entry["peer"] == json!(relay_id)), "{:?}", names.collect::<Vec<_>>());
}
