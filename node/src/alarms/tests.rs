use super::{queue::WAITING_MAX, *};
use crate::{
    config::{AlarmMail, AlarmWebhook, MailSecurity},
    words::Code,
};
use std::path::Path;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const DISK: Rungs = Rungs { notice: 80, warning: 90, critical: 95, slack: 3 };
/// Nothing here takes so long.
const LONG: Duration = Duration::from_secs(20);

/// A gateway on this machine.
fn gateway(port: u16) -> AlarmsConfig {
    let (host, path) = ("127.0.0.1".to_owned(), "/hook".to_owned());
    let webhook = Some(AlarmWebhook { tls: false, host, port, path, secret: None });
    AlarmsConfig { webhook, ..AlarmsConfig::default() }
}

fn open(dir: &Path, config: &AlarmsConfig) -> Alarms {
    Alarms::open(dir, config, "CH Nord", "fr")
}

/// Nothing is sent.
fn alarms(dir: &Path) -> Alarms {
    open(dir, &gateway(9))
}

/// What would go out next.
fn next(alarms: &Alarms) -> Option<Notice> {
    alarms.inner.lines[0].take().map(|waiting| waiting.notice)
}

#[test]
fn a_level_is_left_only_well_below_where_it_was_entered() {
    let steps =
        [(79, None), (80, Some(Level::Notice)), (78, Some(Level::Notice)), (77, Some(Level::Notice)), (76, None)];
    let mut level = None;
    for (value, wanted) in steps {
        level = DISK.level(value, level);
        assert_eq!(level, wanted, "{value}");
    }
    assert_eq!(DISK.level(96, Some(Level::Notice)), Some(Level::Critical));
    assert_eq!(DISK.level(93, Some(Level::Critical)), Some(Level::Critical));
    assert_eq!(DISK.level(91, Some(Level::Critical)), Some(Level::Warning));
    assert_eq!(DISK.level(93, None), Some(Level::Warning));
}

#[test]
fn a_condition_is_told_when_new_when_worse_and_when_over_also_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = alarms(dir.path());
    first.set(Kind::DiskFilling, "", 81, Some(Level::Notice));
    first.set(Kind::DiskFilling, "", 82, Some(Level::Notice));
    assert_eq!(next(&first).map(|n| n.what), Some(What::Raised));
    assert_eq!(next(&first), None);
    let since = first.standing()[0].since;

    let second = alarms(dir.path());
    second.set(Kind::DiskFilling, "", 82, Some(Level::Notice));
    assert_eq!(next(&second), None, "told before the restart");
    second.set(Kind::DiskFilling, "", 96, Some(Level::Critical));
    assert_eq!(next(&second).map(|n| (n.what, n.alarm.since)), Some((What::Raised, since)));
    second.set(Kind::DiskFilling, "", 50, None);
    let over = next(&second).unwrap();
    assert_eq!(over.what, What::Over);
    assert!(words::sentence(&over, Language::French).starts_with("C'est terminé"));
    assert!(alarms(dir.path()).standing().is_empty());
}

#[test]
fn what_stands_and_what_waits_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let alarms = alarms(dir.path());
    for n in 0..STANDING_MAX + 20 {
        alarms.set(Kind::PeerSilent, &format!("site {n}"), 30, Some(Level::Notice));
    }
    assert_eq!(alarms.standing().len(), STANDING_MAX);
    assert_eq!(alarms.inner.lines[0].len(), WAITING_MAX);
}

#[test]
fn where_all_places_are_taken_a_graver_condition_takes_that_of_the_least_grave_and_longest_known() {
    let dir = tempfile::tempdir().unwrap();
    let alarms = alarms(dir.path());
    let set = |kind, subject: &str, level| alarms.set(kind, subject, 30, Some(level));
    let counted = || {
        let state = alarms.state();
        (state.standing.len(), state.put_out, state.is_full)
    };
    set(Kind::PeerSilent, "grave", Level::Warning);
    for n in 1..STANDING_MAX {
        set(Kind::CertificateEnding, &format!("{n}"), Level::Notice);
    }
    // The longest known, whatever it is called.
    alarms.state().standing.get_mut(&(Kind::CertificateEnding, "77".to_owned())).unwrap().since = Timestamp(1);
    set(Kind::CertificateEnding, "one more", Level::Notice);
    assert_eq!(alarms.level(Kind::CertificateEnding, "one more"), None, "no graver than any");
    assert_eq!(counted(), (STANDING_MAX, 0, true));
    set(Kind::ResultsUnheard, "case", Level::Critical);
    assert_eq!(alarms.level(Kind::ResultsUnheard, "case"), Some(Level::Critical));
    assert_eq!(alarms.level(Kind::CertificateEnding, "77"), None);
    assert_eq!(counted(), (STANDING_MAX, 1, true));
    assert_eq!(next(&alarms).map(|notice| notice.alarm.subject), Some("case".to_owned()), "the gravest is told first");
    // What was put out does not come back in its turn, until there is room.
    set(Kind::CertificateEnding, "77", Level::Notice);
    assert_eq!(alarms.level(Kind::CertificateEnding, "77"), None);
    alarms.set(Kind::ResultsUnheard, "case", 0, None);
    set(Kind::CertificateEnding, "77", Level::Notice);
    assert_eq!(alarms.level(Kind::CertificateEnding, "77"), Some(Level::Notice));
    assert_eq!(alarms.level(Kind::PeerSilent, "grave"), Some(Level::Warning));
    assert_eq!(counted(), (STANDING_MAX, 1, false));
}

/// Takes one call and answers it; about what it was.
async fn answered(hook: &TcpListener, status: &str) -> String {
    let call = async {
        let (mut stream, _) = hook.accept().await.unwrap();
        let mut bytes = Vec::new();
        let subject = loop {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).await.unwrap();
            assert!(length > 0, "the call broke off");
            bytes.extend_from_slice(&piece[..length]);
            let text = String::from_utf8_lossy(&bytes);
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            if let Ok(said) = serde_json::from_str::<serde_json::Value>(body) {
                break said["subject"].as_str().unwrap().to_owned();
            }
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        subject
    };
    tokio::time::timeout(LONG, call).await.expect("nobody calls")
}

/// Looks until it is so.
async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, looking).await.expect("it does not come about");
}

#[tokio::test]
async fn a_dead_mail_server_holds_up_no_call() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // A port at which nobody listens any more.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mail = AlarmMail {
        to: vec!["it@chnord.example".to_owned()],
        from: "node@chnord.example".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: dead,
        security: MailSecurity::None,
        credentials: None,
    };
    let alarms = open(dir.path(), &AlarmsConfig { mail: Some(mail), ..gateway(hook.local_addr().unwrap().port()) });
    alarms.start(&tasks);
    for site in ["a", "b", "c"] {
        alarms.set(Kind::PeerSilent, site, 30, Some(Level::Warning));
        assert_eq!(answered(&hook, "200 OK").await, site);
    }
    until(|| alarms.standing().iter().all(|alarm| alarm.told.is_some())).await;
    until(|| alarms.fault().is_some_and(|fault| fault.code == Code::Mail)).await;
    // What waits for its next try by mail is no reason not to stop.
    assert_eq!(tasks.stop(LONG).await, Vec::<&str>::new());
}

#[tokio::test]
async fn a_notice_that_fails_holds_up_none_behind_it() {
    let (dir, tasks) = (tempfile::tempdir().unwrap(), Tasks::default());
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alarms = open(dir.path(), &gateway(hook.local_addr().unwrap().port()));
    alarms.start(&tasks);
    alarms.set(Kind::PeerSilent, "a", 30, Some(Level::Critical));
    assert_eq!(answered(&hook, "503 Not now").await, "a");
    until(|| alarms.fault().is_some_and(|fault| fault.code == Code::Webhook)).await;
    alarms.set(Kind::PeerSilent, "b", 30, Some(Level::Notice));
    assert_eq!(answered(&hook, "200 OK").await, "b");
    until(|| alarms.fault().is_none()).await;
    let told = |site: &str| alarms.standing().iter().any(|alarm| alarm.subject == site && alarm.told.is_some());
    until(|| told("b")).await;
    assert!(!told("a"), "it is tried again later");
    assert_eq!(tasks.stop(LONG).await, Vec::<&str>::new());
}

#[test]
fn a_signature_is_of_time_and_body() {
    // Python: hmac.new(b"key", b"1.{}", "sha256").hexdigest()
    let wanted = "t=1,v1=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224";
    assert_eq!(webhook::signature(b"key", 1, "{}"), wanted);
}

#[test]
fn each_case_is_told_by_itself_with_whom_to_ring_up_and_without_the_patient() {
    let dir = tempfile::tempdir().unwrap();
    let alarms = alarms(dir.path());
    let call = |case: &str| Call {
        case: case.to_owned(),
        priority: "P0".to_owned(),
        whom: vec![Callee {
            site: "CHU Sud".to_owned(),
            account: "dr.leroy".to_owned(),
            name: "Radiologue de garde".to_owned(),
            telephone: "+33 2 97 00 00 00".to_owned(),
        }],
    };
    // A second one within the day is told as the first was; each once.
    for case in ["a1", "b2", "a1", "b2"] {
        alarms.set_call(Kind::ResultsUnheard, case, 3, Level::Critical, call(case));
    }
    let told: Vec<Notice> = std::iter::from_fn(|| next(&alarms)).collect();
    assert_eq!(told.iter().map(|notice| notice.alarm.subject.as_str()).collect::<Vec<_>>(), ["a1", "b2"]);
    let body = webhook::body(&alarms.inner, &told[0]);
    let wanted = serde_json::json!({
        "site": "CH Nord", "what": "raised", "kind": "results-unheard", "subject": "a1", "level": "critical", "value": 3,
        "since_ms": told[0].alarm.since.0,
        "text": "P0 : personne n'a accusé réception à temps d'un résultat critique ; téléphonez. Dossier a1.",
        "call": {
            "case": "a1", "priority": "P0",
            "whom": [{ "site": "CHU Sud", "account": "dr.leroy", "name": "Radiologue de garde", "telephone": "+33 2 97 00 00 00" }],
        },
    });
    assert_eq!(body, wanted);
    // What stood before a restart is not told again, and is over when it is.
    let again = open(dir.path(), &gateway(9));
    again.set_call(Kind::ResultsUnheard, "a1", 9, Level::Critical, call("a1"));
    assert_eq!(next(&again), None);
    again.set(Kind::ResultsUnheard, "a1", 0, None);
    assert_eq!(next(&again).map(|notice| notice.what), Some(What::Over));
}
