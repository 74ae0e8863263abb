//! A report's objects are filed once: what a person took out again stays out, also where the report was never said to be delivered.

use super::*;
use crate::{
    archive::{Form, Known, RejectReason, Rejecting, Source},
    config::AlarmsConfig,
    reports::{self, Kind, Sheet},
    roster::RosterParts,
    studies::tests::{Alone, alone},
    users::Users,
};
use bytes::Bytes;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use protocol::{
    Digest, Uid,
    case::event::{Ask, Consent, Kind as AskKind, Particulars, Patient, Priority, Report, Standing},
    identity::Standing as Identity,
};

const STUDY: &str = "1.2.826.0.5.1";
const WITHIN: Duration = Duration::from_secs(20);

fn study() -> Uid {
    STUDY.parse().unwrap()
}

async fn store(archive: &Archive, class: &str, instance: &str, data_set: Vec<u8>) {
    let uid = |text: &str| text.parse::<Uid>().unwrap();
    let (transfer_syntax, sop_class) = (uid(uids::EXPLICIT_VR_LITTLE_ENDIAN), uid(class));
    let form = Form::DataSet { transfer_syntax, sop_class, sop_instance: uid(instance), source: None };
    let mut spool = archive.spool(form).await.unwrap();
    spool.write(Bytes::from(data_set)).await.unwrap();
    let _ = archive.ingest(spool, &Source { actor: nobody() }).await.unwrap();
}

/// An image of the patient, without pixels.
async fn image(archive: &Archive) {
    let (class, instance) = (uids::SECONDARY_CAPTURE_IMAGE_STORAGE, "1.2.826.0.5.3");
    let elements: [(Tag, VR, &str); 8] = [
        (tags::SOP_CLASS_UID, VR::UI, class),
        (tags::SOP_INSTANCE_UID, VR::UI, instance),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::PATIENT_NAME, VR::PN, "DURAND^PAUL"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.826.0.5.2"),
    ];
    let elements = elements.into_iter().map(|(tag, vr, value)| DataElement::new(tag, vr, PrimitiveValue::from(value)));
    let object = InMemDicomObject::from_element_iter(elements);
    let mut data_set = Vec::new();
    object.write_dataset_with_ts(&mut data_set, &EXPLICIT_VR_LITTLE_ENDIAN.erased()).unwrap();
    store(archive, class, instance, data_set).await;
}

fn actor(person: &str) -> Actor {
    Actor { person: person.to_owned(), role: "radiologist".to_owned(), ..Actor::default() }
}

/// A case of ours that we read ourselves, with its final report; nobody has filed it.
async fn reported(cases: &Cases, patient: Patient) -> Arc<Whole> {
    let text = String::new;
    let ask = Ask {
        nonce: tasks::random_id(),
        kind: AskKind::Diagnosis,
        priority: Priority::P0,
        question: "AVC ?".to_owned(),
        patient,
        context: text(),
        contraindications: text(),
        priors: text(),
        justification: text(),
        consent: Consent::Unable,
        modality: "CT".to_owned(),
        region: text(),
        studies: vec![study()],
        accession: (text(), text()),
        telephone: text(),
        key_images: Vec::new(),
        to: Vec::new(),
    };
    let name = cases.begin(actor("dr.urgence"), ask, Particulars::default()).await.unwrap().name();
    let us = cases.us();
    let report = Report {
        standing: Standing::Final,
        indication: text(),
        technique: text(),
        findings: "rien".to_owned(),
        conclusion: text(),
        language: "fr".to_owned(),
        read: vec![(study(), 1)],
        critical: false,
        despite: text(),
    };
    for step in [
        Step::Offered { to: us, whom: text(), rank: 1, until: Timestamp(u64::MAX) },
        Step::Accepted { protocol: text() },
        Step::Claimed,
        Step::Reported(Box::new(report)),
    ] {
        let _ = cases.act(name, actor("dr.garde"), step).await.unwrap();
    }
    cases.case(&name).unwrap()
}

fn start(alone: &Alone, dir: &std::path::Path) -> Desk {
    let (trust, tasks) = (alone.trust.clone(), alone.tasks.clone());
    let alarms = Alarms::open(dir, &AlarmsConfig::default(), "CH Nord", "fr");
    let users = Users::open(alone.journal.clone(), alone.identity.clone(), &[], &tasks).unwrap();
    let roster = Roster::open(RosterParts {
        site: alone.cases.us(),
        trust: trust.clone(),
        users,
        alarms: alarms.clone(),
        audit: alone.audit.clone(),
        tasks: tasks.clone(),
        look_every: WITHIN,
        silent_after: WITHIN,
    });
    // None is set up.
    let sources =
        Sources::open(&dir.join("beside"), "CH Nord", alone.archive.clone(), alone.audit.clone(), &tasks).unwrap();
    Desk::start(DeskParts {
        cases: alone.cases.clone(),
        trust,
        archive: alone.archive.clone(),
        overlay: alone.overlay.clone(),
        studies: alone.studies.clone(),
        alarms,
        tasks,
        site_name: "CH Nord".to_owned(),
        portal_url: "https://portail.example".to_owned(),
        roster,
        sources,
        time_zone: None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_out_is_not_filed_again_and_the_report_is_delivered() {
    let dir = tempfile::tempdir().unwrap();
    let alone = alone(dir.path()).await;
    let (archive, cases) = (alone.archive.clone(), alone.cases.clone());
    image(&archive).await;
    let whole = reported(&cases, unnamed()).await;
    let one = whole.state.reports[0].clone();
    // A node that stopped between the two: the SR lies there, and somebody took it out before the next start.
    let row = archive.study(&study()).unwrap().unwrap();
    let sheet = Sheet::of(&whole, &one, |site| site.short());
    let written = reports::documents(&sheet, &row).unwrap();
    let sr = written.into_iter().find(|document| document.kind == Kind::Sr).unwrap();
    let (instance, series) = (sr.instance.clone(), Kind::Sr.series(&whole.name()));
    cases.file(instance.clone(), Digest::of(&sr.data_set)).await.unwrap();
    store(&archive, uids::BASIC_TEXT_SR_STORAGE, instance.as_str(), sr.data_set).await;
    let rejecting = Rejecting {
        study: study(),
        series: Some(series.clone()),
        instance: Some(instance.clone()),
        reason: RejectReason::Quality,
        note: "double".to_owned(),
    };
    let _ = archive.reject(rejecting, actor("admin")).await.unwrap();

    let mut news = cases.news();
    let _desk = start(&alone, dir.path());
    let delivered = async {
        while !cases.case(&whole.name()).unwrap().state.reports[0].delivered {
            let _ = news.recv().await;
        }
    };
    tokio::time::timeout(WITHIN, delivered).await.expect("the report is delivered");
    let held = |series: &Uid| archive.instances(&study(), series).unwrap().len();
    assert_eq!(held(&series), 0, "what was taken out stays out");
    assert_eq!(held(&Kind::Pdf.series(&whole.name())), 1, "the other form is filed");
    assert_eq!(archive.known(&instance).unwrap(), Known::Rejected);
    assert_eq!(cases.filing(&Kind::Sr.instances(&one.event)[1]), None, "nor under its second UID");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_object_under_its_uid_is_not_taken_for_the_report_and_somebody_sees_both() {
    let dir = tempfile::tempdir().unwrap();
    let alone = alone(dir.path()).await;
    let (archive, cases) = (alone.archive.clone(), alone.cases.clone());
    image(&archive).await;
    let whole = reported(&cases, unnamed()).await;
    let one = whole.state.reports[0].clone();
    let row = archive.study(&study()).unwrap().unwrap();
    let [own, second] = Kind::Sr.instances(&one.event);
    // The same UID, class and series, and other words.
    let report = Report { findings: "tout autre chose".to_owned(), ..one.report.clone() };
    let forged = Sheet { report, ..Sheet::of(&whole, &one, |site| site.short()) };
    let forged = reports::document(&forged, &row, (Kind::Sr, own.clone())).unwrap();
    let there = Known::Held(Digest::of(&forged.data_set));
    store(&archive, uids::BASIC_TEXT_SR_STORAGE, own.as_str(), forged.data_set).await;

    let mut news = cases.news();
    let _desk = start(&alone, dir.path());
    let delivered = async {
        while !cases.case(&whole.name()).unwrap().state.reports[0].delivered {
            let _ = news.recv().await;
        }
    };
    tokio::time::timeout(WITHIN, delivered).await.expect("the report is delivered");
    assert_eq!(archive.known(&own).unwrap(), there, "what lay there stays");
    let ours = cases.filing(&second).expect("filed under its second UID");
    assert_eq!(archive.known(&second).unwrap(), Known::Held(ours));
    let held = |kind: Kind| archive.instances(&study(), &kind.series(&whole.name())).unwrap().len();
    assert_eq!((held(Kind::Sr), held(Kind::Pdf)), (2, 1));
    let conflicts = archive.conflicts(true, 0, 10).unwrap();
    let about: Vec<(&Uid, Option<Digest>)> = conflicts.iter().map(|one| (&one.instance, Some(one.other))).collect();
    assert_eq!(about, [(&own, cases.filing(&own))], "ours was kept aside, for a person to see");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_of_nobody_known_is_filed_when_it_is_said_who_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let alone = alone(dir.path()).await;
    let (archive, cases) = (alone.archive.clone(), alone.cases.clone());
    image(&archive).await;
    // Called X12 when nobody knew; the archive has the patient by now.
    let whole = reported(&cases, Patient { id: "X12".to_owned(), ..unnamed() }).await;
    let (mut news, mut stored) = (cases.news(), archive.events());
    let _desk = start(&alone, dir.path());
    let delivered = async {
        while !cases.case(&whole.name()).unwrap().state.reports[0].delivered {
            let _ = news.recv().await;
        }
    };
    tokio::time::timeout(WITHIN, delivered).await.expect("the report is delivered, in the case");
    let held = |kind: Kind| archive.instances(&study(), &kind.series(&whole.name())).unwrap().len();
    assert_eq!((held(Kind::Pdf), held(Kind::Sr)), (0, 0), "what is read of one does not lie with another");

    let known = Patient {
        name: "DURAND^PAUL".to_owned(),
        id: "4711".to_owned(),
        standing: Some(Identity::Validated),
        ..unnamed()
    };
    let said = Step::Identified(Box::new(known.clone()));
    let whole = cases.act(whole.name(), actor("admissions"), said).await.unwrap();
    let filed = async {
        while held(Kind::Pdf) + held(Kind::Sr) < 2 {
            let _ = stored.recv().await;
        }
    };
    tokio::time::timeout(WITHIN, filed).await.expect("both forms are filed");
    let one = &whole.state.reports[0];
    let sheet = Sheet::of(&whole, one, |site| site.short());
    assert_eq!((sheet.patient.id.as_str(), sheet.identified.as_ref()), ("X12", Some(&known)), "it says both");
}
