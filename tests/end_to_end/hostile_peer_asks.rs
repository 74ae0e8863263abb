//! A paired site whose key is in bad hands asks for what it may not have, and asks badly: each is refused and told to the
//! admins, the log does not fill, and another peer is served as before.

use crate::SITE;
use protocol::{
    Digest, Refusal, Uid,
    agreement::Purpose,
    fetch::{Answer, Priority, Reader, Request, What},
    wire,
};
use quinn::Connection;
use serde_json::json;
use std::time::Duration;
use tests::{
    Instance, Site, Study, eventually,
    hospital::{agree, pair},
    tools::quic::{self, Key},
    wait::holds,
};

/// Requests that cannot be read, and more of them than a connection lives through.
const UNREADABLE: usize = 40;
/// Studies asked for that nobody holds, and readers under whose names is asked.
const MANY: usize = 3_000;
/// Records that any number of requests of one peer may cost in the minute of the story, with what peers do otherwise.
const RECORDS_MAX: u64 = 100;
/// Streams that one connection may have open, at most.
const STREAMS_MAX: usize = 1_000;

/// The holder with a study that both peers may see and one that neither may; both peers only as keys.
pub(crate) struct Scene {
    pub(crate) holder: Site,
    honest: Key,
    hostile: Key,
    pub(crate) hostile_id: String,
    pub(crate) told: Vec<Instance>,
    pub(crate) kept: Vec<Instance>,
    /// The honest one and the hostile one, stopped: their folders hold the keys.
    pub(crate) peers: [Site; 2],
    /// The agreements with them.
    pub(crate) agreements: [String; 2],
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let holder = Site::init(SITE, "CH Nord");
        holder.configure("alarms", "look_every", toml::Value::String("500ms".to_owned()));
        holder.serve().await;
        let peers = [Site::open(SITE, "CHU Sud").await, Site::open(SITE, "Clinique Ouest").await];
        let mut agreements = [String::new(), String::new()];
        for (peer, id) in peers.iter().zip(&mut agreements) {
            pair(&holder, peer).await;
            let agreed = agree((&holder, peer), &json!({ "preset": "all", "modalities": ["CT"] })).await;
            *id = agreed["id"].as_str().unwrap().to_owned();
        }
        let (told, ct) = Study::of(3).write(&holder.scratch("ct"));
        let (kept, mr) = Study::of(1).modality("MR").write(&holder.scratch("mr"));
        let _ = holder.c_store(&[ct, mr].concat()).ok();
        let _ = holder.settled(&told[0].study, 3).await;
        let _ = holder.settled(&kept[0].study, 1).await;
        let hostile_id = peers[1].id().await;
        // From here on both speak for themselves.
        for peer in &peers {
            let _ = peer.settled(&told[0].study, 3).await;
            peer.stop().await;
        }
        let (honest, hostile) = (Key::of_folder(&peers[0].dir()), Key::of_folder(&peers[1].dir()));
        Self { holder, honest, hostile, hostile_id, told, kept, peers, agreements }
    }

    async fn hostile(&self) -> Connection {
        quic::dial(self.holder.pixels(), &self.hostile).await.unwrap()
    }

    fn request(&self, what: What) -> Request {
        Request {
            study: Uid::parse(&self.told[0].study).unwrap(),
            reader: Reader {
                person: "reader".to_owned(),
                role: "radiologist".to_owned(),
                copy: None,
                purpose: Purpose::Care,
            },
            priority: Priority::Emergency,
            what,
        }
    }

    /// Another peer reads an image, whole and right.
    pub(crate) async fn others_are_served(&self) {
        let connection = quic::dial(self.holder.pixels(), &self.honest).await.unwrap();
        for instance in &self.told {
            let (answer, bytes) = quic::ask(&connection, &self.request(range(instance.digest()))).await.unwrap();
            assert!(matches!(answer, Answer::Range { .. }), "{answer:?}");
            assert!(bytes.ends_with(instance.data_set()), "{} bytes", bytes.len());
        }
    }

    /// The number of the newest record.
    pub(crate) async fn newest(&self) -> u64 {
        self.holder.audit("").await[0]["number"].as_u64().unwrap()
    }

    /// Notes of the alerts that name the hostile site.
    pub(crate) async fn alerts(&self) -> Vec<String> {
        let events = self.holder.audit("&alerts=true").await;
        let its = events.iter().filter(|event| event["peer"] == *self.hostile_id);
        its.map(|event| event["note"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn range(digest: Digest) -> What {
    What::Range { digest, groups: false, first_group: 0, groups_wanted: 64 }
}

/// Writes bytes as they are; whether anything but a refusal or an end comes back.
async fn throw(connection: &Connection, bytes: &[u8], is_finished: bool) -> bool {
    let Ok((mut send, mut receive)) = connection.open_bi().await else { return false };
    if send.write_all(bytes).await.is_err() || (is_finished && send.finish().is_err()) {
        return false;
    }
    match quic::read_head(&mut receive).await {
        Ok((_, answer)) => !matches!(answer, Answer::Refused(_)),
        Err(_) => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_refused_told_and_cut_off() {
    let scene = Scene::set().await;
    let good = wire::encode(&scene.request(range(scene.told[0].digest())));
    let framed = |length: u16, body: &[u8]| [&length.to_le_bytes()[..], body].concat();
    let length = u16::try_from(good.len()).unwrap();
    let mut flipped = good.clone();
    flipped[0] ^= 0xff;
    let thrown = [
        framed(u16::MAX, &good),
        framed(length - 1, &good[..good.len() - 1]),
        framed(length, &good[..good.len() / 2]),
        framed(length, &flipped),
        framed(0, &[]),
        vec![0xff; 4096],
        vec![1],
        Vec::new(),
    ];
    for bytes in &thrown {
        let connection = scene.hostile().await;
        assert!(!throw(&connection, bytes, true).await, "{} bytes are answered", bytes.len());
        scene.others_are_served().await;
    }
    assert_eq!(scene.alerts().await, ["requests that cannot be read"], "told once, and then counted");
    // Again and again: the connection ends.
    let connection = scene.hostile().await;
    for _ in 0..UNREADABLE {
        assert!(!throw(&connection, &thrown[3], true).await);
    }
    assert!(connection.close_reason().is_some(), "a peer that sends garbage is cut off");
    // A request followed by bytes without end gets its answer, and its bytes go nowhere.
    let connection = scene.hostile().await;
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    send.write_all(&framed(length, &good)).await.unwrap();
    let mut written = 0usize;
    while send.write_all(&[0; 65536]).await.is_ok() {
        written += 65536;
        assert!(written < 1 << 30, "bytes without end are taken");
    }
    let (_, answer) = quic::read_head(&mut receive).await.unwrap();
    assert!(matches!(answer, Answer::Range { .. }), "{answer:?}");
    scene.others_are_served().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_may_not_have_it_does_not_get_however_it_asks() {
    let scene = Scene::set().await;
    let connection = scene.hostile().await;
    let told = |what| scene.request(what);
    let study = |uid: &str, what| Request { study: Uid::parse(uid).unwrap(), ..scene.request(what) };
    let named = |person: &str| {
        let reader =
            Reader { person: person.to_owned(), role: "radiologist".to_owned(), copy: None, purpose: Purpose::Care };
        Request { reader, ..scene.request(range(scene.told[0].digest())) }
    };
    let secret = scene.kept[0].digest();
    let series = Uid::parse(&scene.kept[0].series).unwrap();
    let asked = [
        ("the study that is not covered", study(&scene.kept[0].study, range(secret))),
        ("its object under one that is", told(range(secret))),
        ("an object that is nowhere", told(range(Digest([7; 32])))),
        ("a manifest that is nowhere", told(What::Manifest(Digest([7; 32])))),
        ("headers of another study's series", told(What::Headers { manifest: Digest([7; 32]), series })),
        ("a study that is nowhere", study("1.2.3.4", range(secret))),
        ("its own bytes, which are not its own", told(What::ReturnManifest(secret))),
        (
            "the same, as a range",
            told(What::Return { digest: secret, groups: true, first_group: 0, groups_wanted: 64 }),
        ),
        ("a reader with a line break", named("reader\nadmin signed in")),
        ("a reader that turns the writing", named("reader\u{202e}nimda")),
        ("a reader without end", named(&"r".repeat(65))),
    ];
    for (what, request) in asked {
        let (answer, bytes) = quic::ask(&connection, &request).await.unwrap();
        assert!(matches!(answer, Answer::Refused(_)) && bytes.is_empty(), "{what}: {answer:?}");
    }
    // Numbers at their ends are cut to what there is, or refused.
    let digest = scene.told[0].digest();
    for (first_group, groups_wanted) in [(u64::MAX, u32::MAX), (0, u32::MAX), (u64::MAX / 2, 1), (0, 0)] {
        let what = What::Range { digest, groups: true, first_group, groups_wanted };
        let (_, bytes) = quic::ask(&connection, &told(what)).await.unwrap();
        assert!(bytes.len() <= scene.told[0].data_set().len() + (64 << 10), "{} bytes", bytes.len());
    }
    scene.others_are_served().await;
    let refused = scene.holder.audit("").await;
    let kept = refused.iter().find(|event| event["study"] == scene.kept[0].study && event["outcome"] == "refused");
    assert!(kept.is_some_and(|event| event["site"] == *scene.hostile_id), "{refused:?}");
    assert!(scene.alerts().await.contains(&"requests that cannot be read".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_fills_neither_the_log_nor_memory_and_keeps_nobody_out() {
    let scene = Scene::set().await;
    scene.others_are_served().await;
    let before = (scene.newest().await, scene.holder.memory(false));
    let connection = scene.hostile().await;
    let digest = scene.told[0].digest();
    let mut busy = 0;
    for n in 0..MANY {
        let study = Uid::parse(&format!("1.2.{n}")).unwrap();
        let (answer, _) = quic::ask(&connection, &Request { study, ..scene.request(range(digest)) }).await.unwrap();
        assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
        let reader = Reader {
            person: format!("reader {n}"),
            role: "radiologist".to_owned(),
            copy: None,
            purpose: Purpose::Care,
        };
        let (answer, _) = quic::ask(&connection, &Request { reader, ..scene.request(range(digest)) }).await.unwrap();
        busy += usize::from(matches!(answer, Answer::Refused(Refusal::Busy(_))));
    }
    // Streams that say nothing, as many as may be open.
    let mut silent = Vec::new();
    while let Ok(opened) = tokio::time::timeout(Duration::from_millis(50), connection.open_bi()).await {
        silent.push(opened.unwrap());
        assert!(silent.len() <= STREAMS_MAX, "streams without end");
    }
    // A stream is told of with its first byte.
    for (send, _) in &mut silent {
        send.write_all(&[1]).await.unwrap();
    }
    assert!(busy > 0, "every reader's first reading is a record on disk: they are paced");
    scene.others_are_served().await;
    let written = scene.newest().await - before.0;
    // Readings that were let through have a record each.
    assert!(written < RECORDS_MAX + (MANY - busy) as u64, "{written} records");
    let grown = scene.holder.memory(false).saturating_sub(before.1);
    assert!(grown < 64 << 20, "memory grew by {grown} bytes");
}

/// More streams than a connection lives through.
const TINY: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiny_streams_without_end_are_cut_off_and_told() {
    let scene = Scene::set().await;
    scene.others_are_served().await;
    let before = (scene.newest().await, scene.holder.memory(false));
    let connection = scene.hostile().await;
    let mut opened = 0;
    while opened < TINY {
        let Ok((mut send, _)) = connection.open_bi().await else { break };
        send.reset(0u32.into()).unwrap();
        opened += 1;
    }
    assert!(opened > 1000, "an honest peer that changes its mind is not cut off: {opened}");
    assert!(opened < TINY, "streams without end");
    assert!(connection.close_reason().is_some());
    eventually!(10, "it is told to admins", {
        holds(scene.alerts().await.contains(&"streams that ask nothing".to_owned()))
    });
    // It may come again, and is heard when it asks; in between it may change its mind.
    let connection = scene.hostile().await;
    for _ in 0..1000 {
        let (mut send, _) = connection.open_bi().await.unwrap();
        send.reset(0u32.into()).unwrap();
    }
    let (answer, _) = quic::ask(&connection, &scene.request(range(scene.told[0].digest()))).await.unwrap();
    assert!(matches!(answer, Answer::Range { .. }), "{answer:?}");
    scene.others_are_served().await;
    let written = scene.newest().await - before.0;
    assert!(written < RECORDS_MAX, "{written} records");
    let grown = scene.holder.memory(false).saturating_sub(before.1);
    assert!(grown < 32 << 20, "memory grew by {grown} bytes");
}
