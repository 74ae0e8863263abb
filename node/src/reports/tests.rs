//! Reports written out: the same again, whole, and never mistaken for another kind.

use super::{Beside, Kept, Kind, Reference, STATION, Sheet, documents, letters, pdf};
use crate::archive::StudyRow;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use protocol::{
    Digest, Timestamp,
    case::event::{Patient, Report, Standing},
    ids::Id128,
    manifest::{Completeness, Patient as Held},
};

fn sheet(standing: Standing, findings: &str) -> Sheet {
    Sheet {
        case: Id128([3; 16]),
        event: Digest([standing as u8 + 1; 32]),
        number: 1,
        patient: Patient {
            name: "LEFÈVRE^Zoé".to_owned(),
            birth_date: "19500123".to_owned(),
            sex: "F".to_owned(),
            id: "4711".to_owned(),
            issuer: "CHN".to_owned(),
            national: String::new(),
            standing: None,
        },
        identified: None,
        accession: ("A77".to_owned(), "CHN".to_owned()),
        question: "AVC ?".to_owned(),
        requester: "CH Nord".to_owned(),
        reader: "CHU Sud".to_owned(),
        person: "dr.garde".to_owned(),
        at: Timestamp(1_760_000_000_000),
        report: Report {
            standing,
            indication: "Déficit brutal".to_owned(),
            technique: "TDM sans injection".to_owned(),
            findings: findings.to_owned(),
            conclusion: "Pas d'hémorragie.\nŒdème ≥ 5 mm".to_owned(),
            language: "fr".to_owned(),
            read: vec![("1.2.3".parse().unwrap(), 4)],
            critical: true,
            despite: String::new(),
        },
        images: Vec::new(),
        before: Vec::new(),
        superseded: None,
        beside: Beside::default(),
    }
}

fn row() -> StudyRow {
    StudyRow {
        study: "1.2.3".parse().unwrap(),
        patient: Held {
            name: Some("LEFEVRE^ZOE".to_owned()),
            id: Some("4711".to_owned()),
            issuer: Some("CHN".to_owned()),
            birth_date: Some("19500123".to_owned()),
            sex: Some("F".to_owned()),
        },
        date: Some("20261129".to_owned()),
        time: None,
        utc_offset_min: None,
        national: None,
        modalities: vec!["CT".to_owned()],
        body_parts: Vec::new(),
        description: Some("Crâne".to_owned()),
        accession: Some("A77".to_owned()),
        referrer: None,
        study_id: None,
        series: 1,
        instances: 3,
        bytes: 1,
        arrived: Timestamp(0),
        changed: Timestamp(0),
        completeness: Completeness::Complete,
        version: 4,
        patient_conflict: false,
        amended: None,
        labels: Vec::new(),
    }
}

fn read(sheet: &Sheet, kind: Kind) -> InMemDicomObject {
    let all = documents(sheet, &row()).unwrap();
    let one = all.into_iter().find(|one| one.instance == kind.instance(&sheet.event)).unwrap();
    InMemDicomObject::read_dataset_with_ts(&one.data_set[..], &EXPLICIT_VR_LITTLE_ENDIAN.erased()).unwrap()
}

fn text(object: &InMemDicomObject, tag: dicom_core::Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().trim_end_matches(['\0', ' ']).to_owned()
}

/// How often a text is shown: as it stands in the file, plain or, with letters beyond ASCII, in hexadecimal digits.
fn count(pdf: &[u8], text: &str) -> usize {
    let (bytes, _) = letters::encode(text);
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let times = |wanted: &[u8]| pdf.windows(wanted.len()).filter(|window| *window == wanted).count();
    times(&bytes) + times(digits.as_bytes())
}

#[test]
fn a_preliminary_report_is_unverified_in_every_form() {
    let preliminary = sheet(Standing::Preliminary, "Hypodensité sylvienne");
    let sr = read(&preliminary, Kind::Sr);
    assert_eq!(text(&sr, tags::VERIFICATION_FLAG), "UNVERIFIED");
    assert_eq!(
        (text(&sr, tags::COMPLETION_FLAG), text(&sr, tags::PRELIMINARY_FLAG)),
        ("PARTIAL".into(), "PRELIMINARY".into())
    );
    assert!(sr.element(tags::VERIFYING_OBSERVER_SEQUENCE).is_err());
    assert_eq!(text(&read(&preliminary, Kind::Pdf), tags::VERIFICATION_FLAG), "UNVERIFIED");
    let long = sheet(Standing::Preliminary, &"Une ligne de résultats qui se répète.\n".repeat(200));
    let written = pdf(&long);
    let pages = count(&written, "/MediaBox");
    assert!(pages >= 4, "{pages}");
    assert_eq!(count(&written, "(PROVISOIRE)"), pages, "across every page");
    assert_eq!(count(&written, "Patient : LEFÈVRE Zoé"), pages, "whose it is, on every page");
}

#[test]
fn a_final_report_names_what_it_takes_the_place_of() {
    let mut last = sheet(Standing::Final, "Hypodensité sylvienne");
    last.before = vec![Digest([1; 32])];
    let sr = read(&last, Kind::Sr);
    assert_eq!(
        (text(&sr, tags::VERIFICATION_FLAG), text(&sr, tags::COMPLETION_FLAG)),
        ("VERIFIED".into(), "COMPLETE".into())
    );
    let predecessor = &sr.element(tags::PREDECESSOR_DOCUMENTS_SEQUENCE).unwrap().items().unwrap()[0];
    let series = &predecessor.element(tags::REFERENCED_SERIES_SEQUENCE).unwrap().items().unwrap()[0];
    let named = &series.element(tags::REFERENCED_SOP_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(text(named, tags::REFERENCED_SOP_INSTANCE_UID), Kind::Sr.instance(&Digest([1; 32])).as_str());
    assert_eq!(count(&pdf(&last), "(PROVISOIRE)"), 0);
    let document = read(&last, Kind::Pdf);
    let predecessor = &document.element(tags::PREDECESSOR_DOCUMENTS_SEQUENCE).unwrap().items().unwrap()[0];
    let series = &predecessor.element(tags::REFERENCED_SERIES_SEQUENCE).unwrap().items().unwrap()[0];
    let named = &series.element(tags::REFERENCED_SOP_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(text(named, tags::REFERENCED_SOP_INSTANCE_UID), Kind::Pdf.instance(&Digest([1; 32])).as_str());
    // It lies with the images, under their patient, in series that are known as reports.
    for kind in Kind::ALL {
        let object = read(&last, kind);
        assert_eq!(text(&object, tags::PATIENT_NAME), "LEFEVRE^ZOE");
        assert_eq!(text(&object, tags::STUDY_INSTANCE_UID), "1.2.3");
        assert_eq!(text(&object, tags::STATION_NAME), STATION);
    }
}

#[test]
fn what_was_superseded_says_so_when_it_is_printed_and_its_object_stays_as_it_was() {
    let mut first = sheet(Standing::Preliminary, "rien");
    let objects = |sheet: &Sheet| documents(sheet, &row()).unwrap().into_iter().map(|d| d.data_set).collect::<Vec<_>>();
    let (before, filed) = (pdf(&first), objects(&first));
    let (person, site) = ("dr.matin".to_owned(), "CHU Sud".to_owned());
    first.superseded = Some(super::Superseded { person, site, at: Timestamp(1_760_030_000_000) });
    let printed = pdf(&first);
    assert_eq!((count(&before, "REMPLAC"), count(&before, "dr.matin")), (0, 0));
    assert!(count(&printed, "REMPLACÉ") >= 1 && count(&printed, "dr.matin, CHU Sud") == 1);
    assert_eq!(count(&printed, "(PROVISOIRE)"), 0, "it is more than that now");
    assert_eq!(objects(&first), filed, "the same report is the same object");
}

#[test]
fn the_four_parts_are_sections_with_all_their_letters() {
    let sr = read(&sheet(Standing::Final, "a\nb"), Kind::Sr);
    let items = sr.element(tags::CONTENT_SEQUENCE).unwrap().items().unwrap();
    let of = |object: &InMemDicomObject| {
        let section = object.element(tags::CONTENT_SEQUENCE).ok()?.items()?.first()?;
        let code = object.element(tags::CONCEPT_NAME_CODE_SEQUENCE).ok()?.items()?.first()?;
        Some((text(code, tags::CODE_VALUE), text(section, tags::TEXT_VALUE)))
    };
    let said: Vec<(String, String)> = items.iter().filter_map(of).collect();
    let is = |code: &str, value: &str| said.iter().any(|(c, v)| c == code && v == value);
    assert!(is("59776-5", "a\r\nb") && is("55110-1", "Pas d'hémorragie.\r\nŒdème ≥ 5 mm"), "{said:?}");
    assert!(is("18785-6", "Déficit brutal") && is("55111-9", "TDM sans injection"), "{said:?}");
    assert!(said.iter().any(|(code, _)| code == "73568-8"), "critical: {said:?}");
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let one = sheet(Standing::Final, "x");
    let bytes = || documents(&one, &row()).unwrap().into_iter().map(|d| d.data_set).collect::<Vec<_>>();
    assert_eq!(bytes(), bytes());
    assert_ne!(Kind::Sr.instance(&one.event), Kind::Pdf.instance(&one.event));
    let uid = Kind::Sr.instance(&one.event);
    assert!(uid.as_str().starts_with("2.25.") && uid.as_str().len() <= 64, "{uid}");
}

#[test]
fn what_the_font_lacks_is_said_and_no_line_is_too_wide() {
    assert_eq!(letters::encode("Œdème 5 ≥ 3 µm"), (b"\x8Cd\xE8me 5 >= 3 \xB5m".to_vec(), true));
    assert_eq!(letters::encode("Wałęsa"), (b"Walesa".to_vec(), false));
    assert_eq!(letters::encode("漢\u{7}"), (b"? ".to_vec(), false));
    let mut strange = sheet(Standing::Final, "x");
    strange.patient.name = "WAŁĘSA^Lech".to_owned();
    assert!(
        count(&pdf(&strange), "imprimés ici") == 1 && count(&pdf(&sheet(Standing::Final, "x")), "imprimés ici") == 0
    );
    let face = letters::Face::Plain;
    for text in ["a ".repeat(3_000), "W".repeat(60_000), "mot plus long que la ligne entière ".repeat(40)] {
        let (bytes, _) = letters::encode(&text);
        let lines = letters::wrap(&bytes, face, 10.5, 483.0);
        assert!(lines.iter().all(|line| letters::width(line, face, 10.5) <= 483.0));
        let kept: usize = lines.iter().map(|l| l.iter().filter(|b| **b != b' ').count()).sum();
        assert_eq!(kept, bytes.iter().filter(|b| **b != b' ').count(), "nothing is lost");
    }
}

#[test]
fn the_pdf_says_where_the_images_are_seen_and_how_long_they_are_kept() {
    let mut last = sheet(Standing::Final, "x");
    assert_eq!(count(&pdf(&last), "Images conserv"), 0, "unknown, nothing is said");
    last.beside.viewer = Some("https://portail.example/ohif/viewer?StudyInstanceUIDs=1.2.3".to_owned());
    last.beside.kept = Some(Kept::Until("20461129".to_owned()));
    let written = pdf(&last);
    assert_eq!(count(&written, "https://portail.example/ohif/viewer?StudyInstanceUIDs=1.2.3"), 1);
    assert_eq!(count(&written, "Images conservées au moins jusqu'au 29/11/2046"), 1);
    last.images = vec![protocol::case::event::KeyImage {
        study: "1.2.3".parse().unwrap(),
        series: "1.2.3.1".parse().unwrap(),
        instance: Some("1.2.3.4".parse().unwrap()),
        frame: Some(3),
        text: "Lésion : 23,4 mm".to_owned(),
    }];
    let shown = pdf(&last);
    for said in ["Images clés", "Lésion : 23,4 mm", "1.2.3.4 [3]"] {
        assert_eq!(count(&shown, said), 1, "{said}");
    }
    assert_eq!(count(&written, "/URI"), 0, "nothing in it is active");
    last.beside.kept = Some(Kept::Open);
    assert_eq!(count(&pdf(&last), "sans terme connu"), 1);
}

#[test]
fn one_object_has_one_offset_that_of_its_study() {
    let last = sheet(Standing::Final, "x");
    let mut study = row();
    let written = |study: &StudyRow| {
        let all = documents(&last, study).unwrap();
        let one = all.into_iter().find(|one| one.kind == Kind::Sr).unwrap();
        InMemDicomObject::read_dataset_with_ts(&one.data_set[..], &EXPLICIT_VR_LITTLE_ENDIAN.erased()).unwrap()
    };
    // 2025-10-09 08:53:20 UTC.
    for (minutes, offset, time) in [(120, "+0200", "105320"), (-210, "-0330", "052320"), (0, "+0000", "085320")] {
        study.utc_offset_min = Some(minutes);
        let sr = written(&study);
        assert_eq!(
            (text(&sr, tags::TIMEZONE_OFFSET_FROM_UTC), text(&sr, tags::CONTENT_TIME)),
            (offset.into(), time.into())
        );
        let verifier = &sr.element(tags::VERIFYING_OBSERVER_SEQUENCE).unwrap().items().unwrap()[0];
        assert_eq!(text(verifier, tags::VERIFICATION_DATE_TIME), format!("20251009{time}{offset}"));
    }
    study.utc_offset_min = None;
    assert_eq!(
        text(&written(&study), tags::TIMEZONE_OFFSET_FROM_UTC).len(),
        5,
        "this site's, at the time of the study"
    );
}

#[test]
fn chosen_images_are_referred_to_and_are_evidence() {
    let reference = |study: &str, instance: &str, frame| Reference {
        study: study.parse().unwrap(),
        series: "1.2.3.1".parse().unwrap(),
        class: "1.2.840.10008.5.1.4.1.1.2".parse().unwrap(),
        instance: instance.parse().unwrap(),
        frame,
        is_image: true,
        text: String::new(),
    };
    let mut last = sheet(Standing::Final, "x");
    let selection = Reference { is_image: false, ..reference("1.2.3", "1.2.3.9", None) };
    last.beside.references = vec![
        reference("1.2.3", "1.2.3.4", Some(2)),
        reference("1.2.3", "1.2.3.4", Some(3)),
        reference("1.2.9", "1.2.9.4", None),
        selection,
    ];
    let measured = Reference { text: "Lésion : 23,4 mm".to_owned(), ..reference("1.2.3", "1.2.3.4", Some(3)) };
    last.beside.references.push(measured);
    let sr = read(&last, Kind::Sr);
    let items = sr.element(tags::CONTENT_SEQUENCE).unwrap().items().unwrap();
    let said = items[items.len() - 2].element(tags::CONTENT_SEQUENCE).unwrap().items().unwrap();
    assert_eq!(text(&said[0], tags::TEXT_VALUE), "Lésion : 23,4 mm", "what was measured stands before its image");
    assert_eq!((said.len(), text(&said[1], tags::VALUE_TYPE)), (2, "IMAGE".to_owned()));
    let section = items.last().unwrap().element(tags::CONTENT_SEQUENCE).unwrap().items().unwrap();
    let kinds: Vec<String> = section.iter().map(|item| text(item, tags::VALUE_TYPE)).collect();
    assert_eq!(kinds, ["IMAGE", "IMAGE", "IMAGE", "COMPOSITE"]);
    let object = &section[1].element(tags::REFERENCED_SOP_SEQUENCE).unwrap().items().unwrap()[0];
    assert_eq!(text(object, tags::REFERENCED_SOP_INSTANCE_UID), "1.2.3.4");
    assert_eq!(text(object, tags::REFERENCED_FRAME_NUMBER), "3");
    let named = |tag| {
        let studies = sr.element(tag).unwrap().items().unwrap();
        let series = studies[0].element(tags::REFERENCED_SERIES_SEQUENCE).unwrap().items().unwrap();
        let objects = series[0].element(tags::REFERENCED_SOP_SEQUENCE).unwrap().items().unwrap();
        (studies.len(), text(&studies[0], tags::STUDY_INSTANCE_UID), objects.len())
    };
    assert_eq!(
        named(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE),
        (1, "1.2.3".to_owned(), 2),
        "each object once"
    );
    assert_eq!(named(tags::PERTINENT_OTHER_EVIDENCE_SEQUENCE), (1, "1.2.9".to_owned(), 1));
}

#[test]
fn a_report_signed_of_nobody_known_says_so_and_who_it_was() {
    let mut unknown = sheet(Standing::Final, "Pas d'hématome.");
    let known = std::mem::replace(
        &mut unknown.patient,
        Patient {
            name: String::new(),
            birth_date: String::new(),
            sex: String::new(),
            id: "X12".to_owned(),
            issuer: "CHN".to_owned(),
            national: String::new(),
            standing: None,
        },
    );
    let before = documents(&unknown, &row()).unwrap();
    unknown.identified = Some(known);
    let after = documents(&unknown, &row()).unwrap();
    let text = |made: &[super::Document]| {
        let sr = made.iter().find(|one| one.kind == Kind::Sr).unwrap();
        String::from_utf8_lossy(&sr.data_set).into_owned()
    };
    assert!(!text(&before).contains("Identifié après"));
    let said = text(&after);
    assert!(said.contains("Identifié après la signature") && said.contains("LEFÈVRE") && said.contains("4711 (CHN)"));
}
