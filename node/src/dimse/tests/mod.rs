//! The door as its callers see it, over real sockets, with DCMTK where it is installed.

use super::{
    association::{self, Incoming},
    link::{Link, Patience},
    message::Command,
    negotiate::{self, EXPLICIT_LE, IMPLICIT_LE, VERIFICATION},
    pdu::{Abort, Pdu, Proposal, Proposed, Rejection, UserItems, associate},
    *,
};
use crate::{
    studies::tests::{Alone, alone},
    users::{AeRights, AeSecurity},
};
use bytes::Bytes;
use std::process::Stdio;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process,
};

pub(super) mod asking;
mod keys;
mod negotiating;
mod rights;
pub(super) mod storing;
mod together;

pub(super) const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

pub(super) struct Door {
    door: DimseDoor,
    pub(super) parts: DimseParts,
    folder: tempfile::TempDir,
}

impl Door {
    pub(super) async fn open(associations_max: usize, patience: Patience) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parts = open_parts(folder.path()).await;
        Self::open_with(folder, parts, associations_max, patience).await
    }

    pub(super) async fn open_with(
        folder: tempfile::TempDir,
        parts: DimseParts,
        associations_max: usize,
        patience: Patience,
    ) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = DimseConfig { listen, ae_title: "CHNORD".to_owned(), associations_max, ..DimseConfig::default() };
        let door = DimseDoor::start_with(&config, parts.clone(), patience).await.unwrap();
        Self { door, parts, folder }
    }

    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(super) fn destination(&self) -> Destination {
        format!("CHNORD@{}", self.door.address()).parse().unwrap()
    }

    async fn link(&self) -> Link {
        Link::new(TcpStream::connect(self.door.address()).await.unwrap(), Patience::default()).unwrap()
    }

    pub(super) async fn associate(
        &self,
        pairs: &[(&str, &str)],
    ) -> Result<association::Association, association::RequestError> {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| (Uid::parse(a).unwrap(), Uid::parse(b).unwrap())).collect();
        association::request(
            self.link().await,
            &title("TESTER"),
            &title("CHNORD"),
            Wanted { pairs: &pairs, ..Wanted::default() },
        )
        .await
    }

    pub(super) async fn knows(&self, name: &str, rights: AeRights) {
        let ae = KnownAe {
            title: title(name),
            host: "127.0.0.1".to_owned(),
            port: 104,
            rights,
            security: AeSecurity::default(),
        };
        self.parts.users.add_ae(ae).await.unwrap();
    }

    /// The echo that must work whatever else goes on.
    async fn assert_answers(&self) {
        let begun = std::time::Instant::now();
        echo(&self.destination(), &title("TESTER")).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "the echo took {:?}", begun.elapsed());
    }

    async fn until_associations(&self, wanted: usize) {
        let reached = async {
            while self.door.associations() != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap();
    }
}

pub(super) fn title(text: &str) -> AeTitle {
    AeTitle::parse(text).unwrap()
}

pub(super) async fn open_parts(folder: &std::path::Path) -> DimseParts {
    let Alone { studies, archive, audit, journal, cases, tasks, .. } = alone(folder).await;
    let users = Users::open(journal, Arc::new(crate::identity::Identity::load(folder).unwrap()), &[], &tasks).unwrap();
    let decoders = Decoders::new(tasks.clone());
    DimseParts { archive, studies, audit, cases, users, tasks, decoders, dir: folder.join("commitments") }
}

pub(super) fn short() -> Patience {
    let brief = Duration::from_millis(200);
    Patience { artim: brief, unit: brief, idle: brief, retry: brief }
}

/// Whether the program is there; a story that needs it says nothing where it is not.
async fn run(program: &str, args: &[&str]) -> Option<std::process::Output> {
    let output = process::Command::new(program).args(args).stdin(Stdio::null()).output();
    tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().ok()
}

#[tokio::test]
async fn an_echo_is_answered() {
    let door = Door::open(8, Patience::default()).await;
    door.assert_answers().await;
    door.until_associations(0).await;
}

#[tokio::test]
async fn dcmtk_echoes() {
    let door = Door::open(8, Patience::default()).await;
    let port = door.door.address().port().to_string();
    let Some(output) = run("echoscu", &["-aec", "CHNORD", "-to", "10", "127.0.0.1", &port]).await else { return };
    assert!(output.status.success(), "{output:?}");
    let output = run("echoscu", &["-aec", "CHNORD", "--propose-pc", "128", "127.0.0.1", &port]).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = run("echoscu", &["-aec", "OTHER", "127.0.0.1", &port]).await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Called AE Title Not Recognized"), "{output:?}");
}

#[tokio::test]
async fn an_echo_to_dcmtk_is_answered() {
    let Some(_) = run("storescp", &["--version"]).await else { return };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let mut peer = process::Command::new("storescp");
    peer.args(["-od"]).arg(folder.path()).arg(free.to_string()).kill_on_drop(true);
    let _peer = peer.spawn().unwrap();
    let to: Destination = format!("ANY@127.0.0.1:{free}").parse().unwrap();
    let answered = async { while echo(&to, &title("TESTER")).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), answered).await.unwrap();
}

#[tokio::test]
async fn the_bound_on_associations_is_told_and_echoes_still_pass() {
    let door = Door::open(2, Patience::default()).await;
    let first = door.associate(&[(CT, EXPLICIT_LE)]).await.unwrap();
    let _second = door.associate(&[(CT, EXPLICIT_LE)]).await.unwrap();
    match door.associate(&[(CT, EXPLICIT_LE)]).await {
        Err(association::RequestError::Rejected(rejection)) => assert_eq!(rejection, Rejection::LOCAL_LIMIT),
        other => panic!("{other:?}"),
    }
    door.assert_answers().await;
    first.release().await.unwrap();
    door.until_associations(1).await;
    door.associate(&[(CT, EXPLICIT_LE)]).await.unwrap();
}

#[tokio::test]
async fn a_hundred_idle_associations_do_not_slow_an_echo() {
    let door = Door::open(256, Patience::default()).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(door.associate(&[(VERIFICATION, IMPLICIT_LE)]).await.unwrap());
    }
    let mut unproposed = Vec::new();
    for _ in 0..100 {
        unproposed.push(TcpStream::connect(door.door.address()).await.unwrap());
    }
    let quickest = {
        let mut quickest = Duration::MAX;
        for _ in 0..5 {
            let begun = std::time::Instant::now();
            echo(&door.destination(), &title("TESTER")).await.unwrap();
            quickest = quickest.min(begun.elapsed());
        }
        quickest
    };
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
    assert!(door.door.associations() >= 100);
}

#[tokio::test]
async fn garbage_is_answered_with_an_abort_and_nothing_else_suffers() {
    let door = Door::open(8, Patience::default()).await;
    for garbage in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        vec![0x16, 3, 1, 2, 0, 1, 0, 1],
        vec![1, 0, 0xff, 0xff, 0xff, 0xff, 0, 1],
        vec![4, 0, 0, 0, 0, 4, 0, 0, 0, 1],
        [vec![1, 0, 0, 0, 0, 100], vec![0xff; 100]].concat(),
    ] {
        let mut stream = TcpStream::connect(door.door.address()).await.unwrap();
        stream.write_all(&garbage).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert!(matches!(answer.first(), Some(7 | 3)), "{garbage:?} was answered {answer:?}");
    }
    door.assert_answers().await;
}

#[tokio::test]
async fn a_peer_of_one_byte_units_is_rejected() {
    let door = Door::open(8, Patience::default()).await;
    let mut link = door.link().await;
    let proposal = Proposal {
        version: 1,
        called: negotiate::title_field(&title("CHNORD")),
        calling: negotiate::title_field(&title("TINY")),
        application_context: associate::APPLICATION_CONTEXT.to_owned(),
        contexts: vec![Proposed {
            id: 1,
            abstract_syntax: VERIFICATION.to_owned(),
            transfer_syntaxes: vec![IMPLICIT_LE.to_owned()],
        }],
        user: UserItems { pdu_max: Some(1), ..UserItems::default() },
    };
    link.write(&Pdu::AssociateRq(proposal)).await.unwrap();
    assert!(matches!(link.read(Duration::from_secs(10)).await.unwrap(), Pdu::AssociateRj(_)));
}

#[tokio::test]
async fn the_silent_are_let_go() {
    let door = Door::open(8, short()).await;
    let mut unproposed = TcpStream::connect(door.door.address()).await.unwrap();
    let mut answer = Vec::new();
    let ended = unproposed.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap().unwrap();
    let mut idle = door.associate(&[(VERIFICATION, IMPLICIT_LE)]).await.unwrap();
    assert!(idle.next_within(Duration::from_secs(10)).await.is_err());
    door.until_associations(0).await;
}

#[tokio::test]
async fn other_operations_are_answered_as_unknown() {
    let door = Door::open(8, Patience::default()).await;
    let mut association = door.associate(&[(VERIFICATION, IMPLICIT_LE)]).await.unwrap();
    // C-FIND-RQ (0020) on the verification context, data set included.
    let find = Bytes::from_static(b"\0\0\0\x01\x02\0\0\0\x20\0\0\0\x10\x01\x02\0\0\0\x05\0\0\0\0\x08\x02\0\0\0\0\0");
    let find = Command::decode(find).unwrap();
    association.queue(1, &find).await.unwrap();
    association.send_fragment(1, Bytes::from_static(b"\x08\0\x52\0\0\0\0\0"), true).await.unwrap();
    match association.next().await.unwrap() {
        Incoming::Command(_, answer) => {
            assert_eq!((answer.field(), answer.answered_id(), answer.status()), (Some(0x8020), Some(5), Some(0x0211)));
        }
        Incoming::ReleaseAsked => panic!("a release"),
    }
    association.release().await.unwrap();
}

#[tokio::test]
async fn a_stop_aborts_idle_associations() {
    let door = Door::open(8, Patience::default()).await;
    let mut idle = door.associate(&[(VERIFICATION, IMPLICIT_LE)]).await.unwrap();
    door.until_associations(1).await;
    let (left, ended) = tokio::join!(door.parts.tasks.stop(Duration::from_secs(20)), async {
        let ended = idle.next_within(Duration::from_secs(10)).await;
        drop(idle);
        ended
    });
    assert!(matches!(ended, Err(LinkError::Aborted(Abort { source: 2, .. }))), "{ended:?}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn destinations_are_read() {
    let to: Destination = "CHNORD@pacs.example:104".parse().unwrap();
    assert_eq!((to.title.as_str(), to.host.as_str(), to.port), ("CHNORD", "pacs.example", 104));
    let to: Destination = "A@[::1]:11112".parse().unwrap();
    assert_eq!(to.host, "::1");
    for wrong in ["CHNORD", "CHNORD@host", "@host:104", "A@:104", "A@h:x", "SEVENTEEN_LETTERS@h:1"] {
        assert!(wrong.parse::<Destination>().is_err(), "{wrong}");
    }
}
