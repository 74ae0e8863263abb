//! Instances through the door: kept byte for byte, answered by the table, forgotten when cut off.

use super::*;
use crate::{
    audit::{Act, Filter},
    dimse::{
        files::DicomFile,
        link,
        message::{self, C_STORE_RSP, Command},
        status::Status,
    },
};
use protocol::Digest;
use std::path::{Path, PathBuf};

fn element(group: u16, element: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), element.to_le_bytes(), *vr].concat();
    if matches!(vr, b"OW" | b"OB") {
        bytes.extend([0, 0]);
        bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    } else {
        bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

fn even(text: &str, pad: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(pad);
    }
    bytes
}

/// A small CT image.
pub(in crate::dimse) fn data_set(study: &str, instance: &str, shade: u8) -> Vec<u8> {
    let side = 64u16.to_le_bytes();
    [
        element(8, 0x16, b"UI", &even(CT, 0)),
        element(8, 0x18, b"UI", &even(instance, 0)),
        element(8, 0x20, b"DA", b"20260301"),
        element(8, 0x60, b"CS", b"CT"),
        element(0x10, 0x10, b"PN", b"TEST^A"),
        element(0x10, 0x20, b"LO", b"ID12"),
        element(0x20, 0x0d, b"UI", &even(study, 0)),
        element(0x20, 0x0e, b"UI", &even(&format!("{study}.1"), 0)),
        element(0x28, 0x02, b"US", &[1, 0]),
        element(0x28, 0x04, b"CS", b"MONOCHROME2 "),
        element(0x28, 0x10, b"US", &side),
        element(0x28, 0x11, b"US", &side),
        element(0x28, 0x100, b"US", &[16, 0]),
        element(0x28, 0x101, b"US", &[12, 0]),
        element(0x28, 0x102, b"US", &[11, 0]),
        element(0x28, 0x103, b"US", &[0, 0]),
        element(0x7fe0, 0x10, b"OW", &[shade; 64 * 64 * 2]),
    ]
    .concat()
}

fn file(folder: &Path, name: &str, instance: &str, body: &[u8]) -> PathBuf {
    let meta = [
        element(2, 1, b"OB", &[0, 1]),
        element(2, 2, b"UI", &even(CT, 0)),
        element(2, 3, b"UI", &even(instance, 0)),
        element(2, 0x10, b"UI", &even(EXPLICIT_LE, 0)),
    ]
    .concat();
    let length = element(2, 0, b"UL", &u32::try_from(meta.len()).unwrap().to_le_bytes());
    let path = folder.join(name);
    std::fs::write(&path, [vec![0; 128], b"DICM".to_vec(), length, meta, body.to_vec()].concat()).unwrap();
    path
}

async fn store(association: &mut association::Association, instance: &str, body: &[u8]) -> u16 {
    store_as(association, CT, instance, body).await
}

/// On the context of [`CT`], announced as an object of this class.
async fn store_as(association: &mut association::Association, class: &str, instance: &str, body: &[u8]) -> u16 {
    let context = association.context_for(CT, None).unwrap().clone();
    let request = Command::store_request(1, &Uid::parse(class).unwrap(), &Uid::parse(instance).unwrap());
    association.queue(context.id, &request).await.unwrap();
    let pieces: Vec<_> = body.chunks(1000).collect();
    for (i, piece) in pieces.iter().enumerate() {
        association.send_fragment(context.id, Bytes::copy_from_slice(piece), i + 1 == pieces.len()).await.unwrap();
    }
    match association.next().await.unwrap() {
        Incoming::Command(_, answer) => {
            assert_eq!(answer.field(), Some(C_STORE_RSP));
            answer.status().unwrap()
        }
        Incoming::ReleaseAsked => panic!("a release"),
    }
}

impl Door {
    /// Digests of all instances held of a study.
    pub(super) fn held(&self, study: &str) -> Vec<Digest> {
        let archive = &self.parts.archive;
        let study = Uid::parse(study).unwrap();
        let series = archive.series(&study).unwrap();
        series.iter().flat_map(|s| archive.instances(&study, &s.series).unwrap()).map(|i| i.entry.digest).collect()
    }

    fn received(&self) -> Vec<(u64, u64, String)> {
        let filter = Filter { act: Some(Act::StudyReceived), limit: 100, ..Filter::default() };
        let page = self.parts.audit.page(&filter);
        page.into_iter().map(|(_, event)| (event.instances, event.bytes, event.actor.person)).collect()
    }
}

#[tokio::test]
async fn instances_are_kept_as_they_came_and_the_study_is_logged_once() {
    let door = Door::open(8, Patience::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let bodies: Vec<_> = (1..=5u8).map(|i| data_set("2.25.7", &format!("2.25.7.1.{i}"), i)).collect();
    for (i, body) in (1..).zip(&bodies) {
        file(folder.path(), &format!("{i}.dcm"), &format!("2.25.7.1.{i}"), body);
    }
    let (files, skipped) = find(&[folder.path().to_owned()]);
    assert!(skipped.is_empty(), "{skipped:?}");
    let mut heard = 0;
    let report = send(&files, &door.destination(), &title("CT1"), &mut |_| heard += 1).await.unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!((report.sent, heard), (5, 5));
    let mut held = door.held("2.25.7");
    let mut sent: Vec<_> = bodies.iter().map(|body| Digest::of(body)).collect();
    held.sort();
    sent.sort();
    assert_eq!(held, sent);
    door.until_associations(0).await;
    let bytes: u64 = bodies.iter().map(|body| body.len() as u64).sum();
    let first = bodies[0].len() as u64;
    assert_eq!(door.received(), [(5, bytes, "CT1".to_owned()), (1, first, "CT1".to_owned())]);
}

#[tokio::test]
async fn each_cause_has_its_status() {
    let door = Door::open(8, Patience::default()).await;
    let mut association = door.associate(&[(CT, EXPLICIT_LE)]).await.unwrap();
    let body = data_set("2.25.8", "2.25.8.1.1", 1);
    assert_eq!(store(&mut association, "2.25.8.1.1", &body).await, 0);
    assert_eq!(store(&mut association, "2.25.8.1.1", &body).await, 0, "the same again");
    let other = data_set("2.25.8", "2.25.8.1.1", 2);
    assert_eq!(store(&mut association, "2.25.8.1.1", &other).await, Status::DUPLICATE.code);
    assert_eq!(store(&mut association, "2.25.8.1.2", &body).await, Status::MISMATCH.code, "another name");
    assert_eq!(store(&mut association, "2.25.8.1.3", b"this is no data set").await, Status::UNREADABLE.code);
    association.release().await.unwrap();
    assert_eq!(door.held("2.25.8"), [Digest::of(&body)]);
}

#[tokio::test]
async fn an_object_is_of_the_class_of_its_context_and_of_its_command() {
    const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
    let door = Door::open(8, Patience::default()).await;
    let mut association = door.associate(&[(CT, EXPLICIT_LE)]).await.unwrap();
    let body = data_set("2.25.14", "2.25.14.1.1", 1);
    let mut other = body.clone();
    let at = other.windows(CT.len()).position(|class| class == CT.as_bytes()).unwrap();
    other[at..at + MR.len()].copy_from_slice(MR.as_bytes());
    let mismatch = Status::MISMATCH.code;
    let unsupported = Status::CLASS_NOT_SUPPORTED.code;
    for body in [&body, &other] {
        assert_eq!(store_as(&mut association, MR, "2.25.14.1.1", body).await, unsupported, "not of this context");
    }
    assert_eq!(store(&mut association, "2.25.14.1.1", &other).await, mismatch, "the data set is of another class");
    assert_eq!(door.held("2.25.14"), []);
    assert_eq!(store(&mut association, "2.25.14.1.1", &body).await, 0, "the association goes on");
    association.release().await.unwrap();
    assert_eq!(door.held("2.25.14"), [Digest::of(&body)]);
}

#[tokio::test]
async fn a_message_cut_off_leaves_nothing() {
    let door = Door::open(8, Patience::default()).await;
    let body = data_set("2.25.9", "2.25.9.1.1", 1);
    for aborts in [true, false] {
        let mut association = door.associate(&[(CT, EXPLICIT_LE)]).await.unwrap();
        let context = association.context_for(CT, None).unwrap().clone();
        let request = Command::store_request(1, &context.abstract_syntax, &Uid::parse("2.25.9.1.1").unwrap());
        association.send(context.id, &request).await.unwrap();
        association.send_fragment(context.id, Bytes::copy_from_slice(&body[..4000]), false).await.unwrap();
        if aborts {
            association.abort(Abort::USER).await
        } else {
            drop(association)
        }
        door.until_associations(0).await;
    }
    assert_eq!(door.held("2.25.9"), []);
    assert_eq!(door.parts.archive.totals().instances, 0);
    door.assert_answers().await;
}

#[tokio::test]
async fn a_syntax_the_peer_does_not_take_is_told_and_the_rest_goes_on() {
    let Some(_) = run("storescp", &["--version"]).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good.dcm", "2.25.10.1.1", &data_set("2.25.10", "2.25.10.1.1", 1));
    let mut odd = DicomFile::open(&good).unwrap();
    odd.transfer_syntax = Uid::parse("1.2.3.4.5").unwrap();
    let files = [odd, DicomFile::open(&good).unwrap()];
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut peer = process::Command::new("storescp");
    let out = tempfile::tempdir().unwrap();
    peer.arg("-od").arg(out.path()).arg("+B").arg(free.to_string()).kill_on_drop(true);
    let _peer = peer.spawn().unwrap();
    let to: Destination = format!("ANY@127.0.0.1:{free}").parse().unwrap();
    let up = async { while echo(&to, &title("TESTER")).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), up).await.unwrap();
    let report = send(&files, &to, &title("TESTER"), &mut |_| {}).await.unwrap();
    assert_eq!((report.sent, report.failed.len()), (1, 1), "{report:?}");
    let stored = std::fs::read_dir(out.path()).unwrap().next().unwrap().unwrap();
    let bytes = std::fs::read(stored.path()).unwrap();
    assert!(bytes.ends_with(&data_set("2.25.10", "2.25.10.1.1", 1)), "the data set arrived unchanged");
}

#[tokio::test]
async fn dcmtk_stores() {
    let door = Door::open(8, Patience::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let body = data_set("2.25.11", "2.25.11.1.1", 3);
    let path = file(folder.path(), "a.dcm", "2.25.11.1.1", &body);
    let (port, path) = (door.door.address().port().to_string(), path.to_string_lossy().into_owned());
    let Some(output) = run("storescu", &["-aec", "CHNORD", "127.0.0.1", &port, &path]).await else { return };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(door.held("2.25.11"), [Digest::of(&body)]);
    let small_units = ["-aec", "CHNORD", "--max-send-pdu", "4096", "127.0.0.1", &port, &path];
    assert!(run("storescu", &small_units).await.unwrap().status.success());
    if let Some(output) = run("dcmsend", &["-aec", "CHNORD", "127.0.0.1", &port, &path]).await {
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(door.held("2.25.11").len(), 1);
}

/// A peer by hand that reads as many requests as it takes at once and answers them then, the last first. Refuses the
/// instance `refused`. Gives how many it had at most.
async fn answers_backwards(socket: TcpListener, takes: Option<u16>, files: usize, refused: Uid) -> usize {
    let (stream, _) = socket.accept().await.unwrap();
    let mut link = Link::new(stream, Patience::default()).unwrap();
    let proposal = association::proposal(&mut link).await.unwrap();
    let (mut acceptance, agreed) = negotiate::judge(&proposal, &title("ANY"), negotiate::Serves::Node).unwrap();
    acceptance.user.operations = takes.map(|takes| (takes, 1));
    let mut peer = association::accept(link, acceptance, agreed).await.unwrap();
    let (mut done, mut most) = (0, 0);
    while done < files {
        let mut together = Vec::new();
        while together.len() < usize::from(takes.unwrap_or(1)).min(files - done) {
            let Incoming::Command(context, command) = peer.next().await.unwrap() else { panic!("a release") };
            while !peer.next_fragment(&context).await.unwrap().last {}
            together.push((context.id, command));
        }
        (done, most) = (done + together.len(), most.max(together.len()));
        for (context, command) in together.iter().rev() {
            let is_refused = command.uid(message::AFFECTED_INSTANCE).as_ref() == Some(&refused);
            let status = if is_refused { Status::FAILURE } else { Status::SUCCESS };
            peer.send(*context, &Command::answer(command, status)).await.unwrap();
        }
    }
    assert!(matches!(peer.next().await.unwrap(), Incoming::ReleaseAsked));
    peer.released().await;
    most
}

#[tokio::test]
async fn files_are_sent_ahead_of_the_answers_where_the_peer_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let instance = |n: usize| format!("2.25.12.1.{n}");
    let files: Vec<DicomFile> = (0..10)
        .map(|n| file(folder.path(), &format!("{n}.dcm"), &instance(n), &data_set("2.25.12", &instance(n), 1)))
        .map(|path| DicomFile::open(&path).unwrap())
        .collect();
    // What the peer says it takes, and how many it is sent before it answers: never more than were asked for.
    for (takes, together) in [(Some(4), 4), (None, 1), (Some(1), 1)] {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to: Destination = format!("ANY@{}", socket.local_addr().unwrap()).parse().unwrap();
        let refused = Uid::parse(&instance(5)).unwrap();
        let peer = Tasks::default().spawn("peer", answers_backwards(socket, takes, files.len(), refused));
        let mut heard = Vec::new();
        let report = send(&files, &to, &title("TESTER"), &mut |sent| heard.push(sent.done)).await.unwrap();
        assert_eq!((report.sent, heard), (9, (1..=10).collect()), "{report:?}");
        assert_eq!(report.failed.iter().map(|f| f.path.clone()).collect::<Vec<_>>(), [files[5].path.clone()]);
        assert_eq!(peer.await.unwrap(), together);
    }
}

#[tokio::test]
async fn a_store_cut_off_behind_others_loses_none_of_them() {
    let door = Door::open(8, Patience::default()).await;
    let mut there = together::call(&door).await;
    for n in 1..=4u16 {
        let instance = format!("2.25.13.1.{n}");
        let command = Command::store_request(n, &Uid::parse(CT).unwrap(), &Uid::parse(&instance).unwrap());
        let body = Bytes::from(data_set("2.25.13", &instance, 1));
        let mut pieces = link::fragments(1, false, body, 1000);
        if n == 4 {
            pieces.truncate(3);
        }
        for pdv in link::fragments(1, true, command.encode(), 16_000).into_iter().chain(pieces) {
            there.write_fragment(pdv).await.unwrap();
        }
    }
    there.flush().await.unwrap();
    drop(there);
    door.until_associations(0).await;
    assert_eq!(door.held("2.25.13").len(), 3);
    // What was stored is counted in the log, though nobody could be answered any more.
    let all: u64 = door.received().iter().map(|(instances, ..)| *instances).max().unwrap_or_default();
    assert_eq!(all, 3, "{:?}", door.received());
}
