//! What a message holds, and what is read of the log.

use super::{
    message::{Source, Study, xml},
    *,
};
use crate::audit::{Act, Actor, Outcome};
use protocol::{Refusal, Uid};

fn event(act: Act) -> Event {
    let actor = Actor { person: "dr \"<&>\u{7}".to_owned(), role: "radiologist".to_owned(), ..Actor::default() };
    Event::new(act, actor)
}

fn told(event: &Event) -> String {
    let study = Study {
        patient_id: Some("P<1>".to_owned()),
        accession: Some("A1".to_owned()),
        classes: vec![("1.2.840.10008.5.1.4.1.1.2".to_owned(), 3)],
    };
    xml(&Source { site: "CH Nord", key: "KEY" }, 7, event, event.study.as_ref().map(|_| &study))
}

#[test]
fn an_access_names_person_study_classes_and_patient_id() {
    let study = Uid::parse("1.2.3").unwrap();
    let told = told(&event(Act::StudyOpened).study(&study).outcome(Outcome::Refused(Refusal::Role)));
    for part in [
        r#"<EventIdentification EventActionCode="R" EventDateTime=""#,
        r#"EventOutcomeIndicator="4"><EventID csd-code="110103" codeSystemName="DCM" originalText="DICOM Instances Accessed"/>"#,
        r#"<ActiveParticipant UserID="dr &quot;&lt;&amp;&gt;" UserIsRequestor="true">"#,
        r#"<AuditSourceIdentification AuditEnterpriseSiteID="CH Nord" AuditSourceID="KEY">"#,
        r#"ParticipantObjectID="1.2.3" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3""#,
        r#"<SOPClass UID="1.2.840.10008.5.1.4.1.1.2" NumberOfInstances="3"/>"#,
        r#"<ParticipantObjectContainsStudy><StudyIDs UID="1.2.3"/></ParticipantObjectContainsStudy>"#,
        r#"ParticipantObjectID="P&lt;1&gt;" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1""#,
        r#"ParticipantObjectID="KEY/7""#,
    ] {
        assert!(told.contains(part), "{part}\nnot in\n{told}");
    }
}

#[test]
fn whoever_calls_is_named_with_the_place_it_calls_from() {
    let mut event = event(Act::StudyReceived);
    event.actor.from = Some(crate::audit::Origin::new([10, 1, 2, 3].into(), "CT<1>"));
    let part = r#"AlternativeUserID="AETITLES=CT&lt;1&gt;" UserIsRequestor="true" NetworkAccessPointTypeCode="2" NetworkAccessPointID="10.1.2.3""#;
    assert!(told(&event).contains(part), "{}", told(&event));
    let resource = audit_event(&Source { site: "CH Nord", key: "KEY" }, 7, &event, None);
    assert_eq!(resource["agent"][0]["network"]["address"], "10.1.2.3");
}

#[test]
fn a_frame_counts_its_octets() {
    let mut frames = Vec::new();
    syslog::frame(&mut frames, "Hôpital Nord", &event(Act::SecurityAlert), "<é/>");
    let text = String::from_utf8(frames).unwrap();
    let (count, message) = text.split_once(' ').unwrap();
    assert_eq!(count.parse::<usize>().unwrap(), message.len());
    assert!(message.starts_with("<84>1 "), "{message}");
    assert!(message.contains(" H-pital-Nord confrere - DICOM+RFC3881 - \u{feff}<"), "{message}");
}

#[tokio::test]
async fn the_log_is_read_in_order_and_from_the_place_reached() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::open(folder.path(), &Tasks::default()).unwrap();
    for _ in 0..600 {
        audit.record(event(Act::LogRead)).await.unwrap();
    }
    let (mut sent, mut all) = (0, Vec::new());
    loop {
        let batch = after(&audit, sent, tasks::now());
        let Some((last, _)) = batch.last() else { break };
        sent = *last;
        assert!(batch.len() <= BATCH);
        all.extend(batch.into_iter().map(|(number, _)| number));
    }
    assert_eq!(all, (1..=600).collect::<Vec<u64>>());
    assert_eq!(read_place(folder.path()), 0);
    write_place(folder.path(), sent).unwrap();
    assert_eq!(read_place(folder.path()), 600);
}
