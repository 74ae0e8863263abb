//! Storage commitment as its users see it, over real sockets.

use super::{
    items::{Named, Transaction},
    queue::{Job, Queue},
    *,
};
use crate::{
    audit::{Act, Filter},
    dimse::{
        association::{self, Association, Incoming},
        link::{Link, Patience},
        message::{Command, N_ACTION_RSP, N_EVENT_REPORT_RQ},
        negotiate::{self, EXPLICIT_LE, IMPLICIT_LE, Serves},
        status::Status,
        tests::{CT, Door, asking::take_in, open_parts, short, storing::data_set, title},
    },
    users::{AeRights, AeSecurity, KnownAe},
};
use bytes::Bytes;
use protocol::Uid;
use std::{net::SocketAddr, path::Path, time::Duration};
use tokio::net::TcpListener;

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}

fn named(instance: &str) -> Named {
    Named { sop_class: uid(CT), sop_instance: uid(instance) }
}

fn asked(instances: &[&str]) -> Transaction {
    Transaction { uid: uid("2.25.4711"), named: instances.iter().map(|one| named(one)).collect(), failed: vec![] }
}

async fn action(association: &mut Association, instance: &str, action: u16, data: Bytes) -> u16 {
    let context = association.context_for(PUSH_MODEL, None).unwrap().id;
    association.send_with(context, &Command::action_request(3, PUSH_MODEL, instance, action), data).await.unwrap();
    let Incoming::Command(_, answer) = association.next().await.unwrap() else { panic!("a release") };
    assert_eq!((answer.field(), answer.answered_id()), (Some(N_ACTION_RSP), Some(3)));
    assert!(answer.uid(crate::dimse::message::AFFECTED_CLASS).is_some());
    answer.status().unwrap()
}

/// An AE that waits for reports.
struct Waiting {
    socket: TcpListener,
}

impl Waiting {
    async fn begin() -> (Self, SocketAddr) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        (Self { socket }, address)
    }

    async fn report(&self, status: Status) -> Transaction {
        let (stream, _) = self.socket.accept().await.unwrap();
        let mut link = Link::new(stream, Patience::default()).unwrap();
        let proposal = association::proposal(&mut link).await.unwrap();
        assert!(proposal.user.roles.iter().any(|role| role.scp && !role.scu), "in the role of the provider");
        let (acceptance, agreed) = negotiate::judge(&proposal, &title("TESTER"), Serves::Reports).unwrap();
        let mut association = association::accept(link, acceptance, agreed).await.unwrap();
        let Incoming::Command(context, command) = association.next().await.unwrap() else { panic!("a release") };
        assert_eq!(command.field(), Some(N_EVENT_REPORT_RQ));
        let bytes = association.whole(&context, DATA_BYTES_MAX).await.unwrap();
        association.send(context.id, &Command::normalized_answer(&command, status)).await.unwrap();
        Transaction::decode(&bytes, context.transfer_syntax.as_str()).unwrap()
    }
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn what_is_safe_and_what_is_not_is_told_over_the_same_association() {
    let door = Door::open(8, Patience::default()).await;
    for (study, instance) in [("1.2.1", "1.2.1.1.1"), ("1.2.2", "1.2.2.1.1")] {
        take_in(&door, data_set(study, instance, 1), instance).await;
    }
    let other_class = uid("1.2.840.10008.5.1.4.1.1.4");
    let pairs = [(uid(CT), uid("1.2.1.1.1")), (uid(CT), uid("1.2.99.1.1")), (other_class, uid("1.2.2.1.1"))];
    let patience = CommitPatience { within: Duration::from_secs(20), listen: None };
    let answer = commit(&pairs, &door.destination(), &title("TESTER"), patience).await.unwrap();
    assert_eq!(answer.kept, 1);
    assert_eq!(answer.failed, [(uid("1.2.99.1.1"), 0x0112), (uid("1.2.2.1.1"), 0x0119)]);

    let mut objects = Vec::new();
    files(&door.folder().join("objects"), &mut objects);
    for path in objects {
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let answer = commit(&pairs[..1], &door.destination(), &title("TESTER"), patience).await.unwrap();
    assert_eq!((answer.kept, answer.failed), (0, vec![(uid("1.2.1.1.1"), 0x0110)]), "the bytes are read again");
    let log = |act| door.parts.audit.page(&Filter { act: Some(act), limit: 10, ..Filter::default() });
    assert_eq!(log(Act::StorageCommitted).len(), 4, "one for each study, and one for what is not here");
    assert_eq!(log(Act::SecurityAlert).len(), 1);
}

#[tokio::test]
async fn a_report_may_overtake_the_answer_and_a_refusal_is_told() {
    for refuses in [false, true] {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = format!("ARCHIVE@{}", socket.local_addr().unwrap()).parse().unwrap();
        let archive = async {
            let (stream, _) = socket.accept().await.unwrap();
            let mut link = Link::new(stream, Patience::default()).unwrap();
            let proposal = association::proposal(&mut link).await.unwrap();
            let (acceptance, agreed) = negotiate::judge(&proposal, &title("ARCHIVE"), Serves::Node).unwrap();
            let mut association = association::accept(link, acceptance, agreed).await.unwrap();
            let Incoming::Command(context, command) = association.next().await.unwrap() else { panic!("a release") };
            let report = association.whole(&context, DATA_BYTES_MAX).await.unwrap();
            let status = if refuses { Status::FAILURE } else { Status::SUCCESS };
            if !refuses {
                let event = Command::event_report(1, PUSH_MODEL, PUSH_MODEL_INSTANCE, ALL_COMMITTED);
                association.send_with(context.id, &event, report).await.unwrap();
            }
            association.send(context.id, &Command::normalized_answer(&command, status)).await.unwrap();
            while let Ok(Incoming::Command(..)) = association.next().await {}
        };
        let patience = CommitPatience { within: Duration::from_secs(20), listen: None };
        let (pairs, tester) = ([(uid(CT), uid("1.2.1.1.1"))], title("TESTER"));
        let asked = commit(&pairs, &to, &tester, patience);
        let (answer, ()) = tokio::join!(asked, archive);
        assert_eq!(answer.is_err(), refuses, "{answer:?}");
        assert!(refuses || answer.unwrap().kept == 1);
    }
}

#[tokio::test]
async fn whoever_hangs_up_is_called_back_until_the_answer_is_taken() {
    let door = Door::open(8, Patience { retry: Duration::from_millis(10), ..Patience::default() }).await;
    take_in(&door, data_set("1.2.1", "1.2.1.1.1", 1), "1.2.1.1.1").await;
    let (waiting, address) = Waiting::begin().await;
    let ae = KnownAe {
        title: title("TESTER"),
        host: address.ip().to_string(),
        port: address.port(),
        rights: AeRights::SCANNER,
        security: AeSecurity::default(),
    };
    door.parts.users.add_ae(ae).await.unwrap();
    let mut association = door.associate(&[(PUSH_MODEL, EXPLICIT_LE)]).await.unwrap();
    let data = asked(&["1.2.1.1.1"]).encode(EXPLICIT_LE, None);
    assert_eq!(action(&mut association, PUSH_MODEL_INSTANCE, REQUEST, data).await, 0);
    drop(association);
    let refused = waiting.report(Status::FAILURE).await;
    let taken = waiting.report(Status::SUCCESS).await;
    assert_eq!(refused, taken);
    assert_eq!((taken.uid.as_str(), taken.named.len(), taken.failed.len()), ("2.25.4711", 1, 0));
}

#[tokio::test]
async fn a_question_from_before_a_restart_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let parts = open_parts(folder.path()).await;
    let (waiting, address) = Waiting::begin().await;
    let (calling, host, port) = (title("TESTER"), address.ip().to_string(), address.port());
    let ae = KnownAe { title: calling.clone(), host, port, rights: AeRights::SCANNER, security: AeSecurity::default() };
    parts.users.add_ae(ae).await.unwrap();
    let queue = Queue::open(&parts.dir, &parts.tasks).unwrap();
    let Transaction { uid, named, .. } = asked(&["1.2.99.1.1"]);
    drop(queue.put(Job { calling, transaction: uid, named, asked: crate::tasks::now(), by: None }).await.unwrap());
    drop(queue);

    let door = Door::open_with(folder, parts, 8, short()).await;
    let report = waiting.report(Status::SUCCESS).await;
    assert_eq!(report.failed, [(self::named("1.2.99.1.1"), 0x0112)]);
    let is_empty = async {
        while std::fs::read_dir(&door.parts.dir).unwrap().next().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_empty).await.unwrap();
}

#[tokio::test]
async fn unfit_questions_are_refused_with_their_reason() {
    let door = Door::open(8, Patience::default()).await;
    let mut association = door.associate(&[(PUSH_MODEL, IMPLICIT_LE)]).await.unwrap();
    let good = asked(&["1.2.1.1.1"]).encode(IMPLICIT_LE, None);
    assert_eq!(action(&mut association, "1.2.3", REQUEST, good.clone()).await, Status::NO_SUCH_INSTANCE.code);
    assert_eq!(action(&mut association, PUSH_MODEL_INSTANCE, 2, good.clone()).await, Status::NO_SUCH_ACTION.code);
    for unfit in [asked(&[]).encode(IMPLICIT_LE, None), good.slice(..good.len() - 16)] {
        let status = action(&mut association, PUSH_MODEL_INSTANCE, REQUEST, unfit).await;
        assert_eq!(status, Status::INVALID_ARGUMENT.code);
    }
    let many = Transaction { named: vec![named("1.2"); INSTANCES_MAX + 1], ..asked(&[]) };
    let many = many.encode(IMPLICIT_LE, None);
    assert_eq!(action(&mut association, PUSH_MODEL_INSTANCE, REQUEST, many).await, Status::LIMITED.code);
    door.knows("TESTER", AeRights { store: false, ..AeRights::SCANNER }).await;
    assert_eq!(action(&mut association, PUSH_MODEL_INSTANCE, REQUEST, good).await, Status::NOT_AUTHORIZED.code);
}
