use super::*;

const DISK: Rungs = Rungs { notice: 80, warning: 90, critical: 95, slack: 3 };

fn alarms(dir: &std::path::Path) -> Alarms {
    Alarms::open(dir, &AlarmsConfig::default(), "CH Nord", "fr")
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
    assert_eq!(first.next().map(|n| n.what), Some(What::Raised));
    assert_eq!(first.next(), None);
    let since = first.standing()[0].since;

    let second = alarms(dir.path());
    second.set(Kind::DiskFilling, "", 82, Some(Level::Notice));
    assert_eq!(second.next(), None, "told before the restart");
    second.set(Kind::DiskFilling, "", 96, Some(Level::Critical));
    assert_eq!(second.next().map(|n| (n.what, n.alarm.since)), Some((What::Raised, since)));
    second.set(Kind::DiskFilling, "", 50, None);
    let over = second.next().unwrap();
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
    assert_eq!(alarms.state().waiting.len(), WAITING_MAX);
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
    let told: Vec<Notice> = std::iter::from_fn(|| alarms.next()).collect();
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
    let again = Alarms::open(dir.path(), &AlarmsConfig::default(), "CH Nord", "fr");
    again.set_call(Kind::ResultsUnheard, "a1", 9, Level::Critical, call("a1"));
    assert_eq!(again.next(), None);
    again.set(Kind::ResultsUnheard, "a1", 0, None);
    assert_eq!(again.next().map(|notice| notice.what), Some(What::Over));
}
