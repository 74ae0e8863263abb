//! Searches below the study: what is asked of series and instances, with and without naming their study.

use super::*;

/// The values of a tag in the answers to a search.
async fn found(node: &Node, path: &str, tag: &str) -> Vec<String> {
    let answer = node.get(path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
    let rows = answer.json();
    rows.as_array().unwrap().iter().map(|row| row[tag]["Value"][0].to_string().trim_matches('"').to_owned()).collect()
}

async fn node_with_two_patients() -> Node {
    let node = node_with_an_image().await;
    let other = image("1.2.826.0.9.1", "1.2.826.0.9.3", "Lefèvre^Éloïse");
    assert_eq!(node.post("/studies", "application/dicom", other).await.status, StatusCode::OK);
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn series_and_instances_are_found_without_their_study() {
    let node = node_with_two_patients().await;
    for (asked, count) in [
        ("", 2),
        ("PatientName=LEFEVRE*", 1),
        ("PatientName=lefevre", 1),
        ("PatientName=lefevre&Modality=MR", 0),
        ("Modality=MR,CT", 2),
        ("StudyDate=20260101-20260131", 2),
        ("StudyDate=20260103-", 0),
        ("00080060=CT&00100020=P%201", 2),
        ("SeriesDescription=crane*", 2),
        ("SeriesNumber=3", 2),
        ("SeriesNumber=03", 2),
        ("SeriesNumber=4", 0),
        ("fuzzymatching=true&PatientName=eloi", 1),
        ("fuzzymatching=true&PatientName=mull%20zo", 1),
        ("fuzzymatching=false&PatientName=eloi", 0),
        ("StudyInstanceUID=1.2.826.0.9.1&fuzzymatching=true", 1),
    ] {
        assert_eq!(found(&node, &format!("/series?{asked}"), "0020000E").await.len(), count, "series {asked}");
        assert_eq!(found(&node, &format!("/instances?{asked}"), "00080018").await.len(), count, "instances {asked}");
    }
    // The study's attributes stand in the answers.
    assert_eq!(found(&node, "/series?PatientName=LEF*", "0020000D").await, ["1.2.826.0.9.1"]);
    assert_eq!(found(&node, "/instances?PatientName=LEF*&includefield=all", "00280102").await, ["15"]);
    assert_eq!(found(&node, "/instances?InstanceNumber=1&Rows=4&BitsAllocated=16", "00280010").await, ["4", "4"]);
    let answer = node.get("/series?fuzzymatching=true&PatientName=eloi", &[]).await;
    assert_eq!(answer.header("warning"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_sequences_are_searched() {
    let node = node_with_two_patients().await;
    // (0040,0275) with one item of (0040,0007) "Genou", (0040,0009) "STEP7".
    let mut file = image("1.2.826.0.7.1", "1.2.826.0.7.3", "Petit^Jean");
    let pixels = file.windows(4).rposition(|w| w == [0xe0, 0x7f, 0x10, 0]).unwrap();
    let item =
        [&[0x40, 0, 0x07, 0][..], b"LO", &[6, 0], b"Genou ", &[0x40, 0, 0x09, 0], b"SH", &[6, 0], b"STEP7 "].concat();
    let mut sequence = [&[0x40, 0, 0x75, 0x02][..], b"SQ", &[0, 0]].concat();
    sequence.extend((u32::try_from(item.len()).unwrap() + 8).to_le_bytes());
    sequence.extend([0xfe, 0xff, 0x00, 0xe0]);
    sequence.extend(u32::try_from(item.len()).unwrap().to_le_bytes());
    sequence.extend(&item);
    file.splice(pixels..pixels, sequence);
    assert_eq!(node.post("/studies", "application/dicom", file).await.status, StatusCode::OK);
    for (asked, count) in [
        ("RequestAttributesSequence.ScheduledProcedureStepID=STEP7", 1),
        ("00400275.00400009=STEP?", 1),
        ("00400275.00400009=STEP8", 0),
        ("RequestAttributesSequence.ScheduledProcedureStepDescription=genou", 1),
        ("RequestAttributesSequence.00080060=CT", 0),
        ("RequestAttributesSequence=STEP7", 0),
    ] {
        assert_eq!(found(&node, &format!("/series?{asked}"), "0020000E").await.len(), count, "{asked}");
        let within = format!("/studies/1.2.826.0.7.1/series?{asked}");
        assert_eq!(found(&node, &within, "0020000E").await.len(), count, "{within}");
    }
    for wrong in ["RequestAttributesSequence.Nonsense=1", "00400275.zz=1", "SeriesDate=2026", "NoSuchThing=1"] {
        assert_eq!(node.get(&format!("/series?{wrong}"), &[]).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_the_study_holds_below_it_too() {
    let node = node_with_two_patients().await;
    for level in ["series", "instances", "series/1.2.826.0.1.2/instances"] {
        for (asked, count) in [
            ("PatientName=lefevre", 1),
            ("PatientName=muller", 0),
            ("StudyInstanceUID=1.2.3", 0),
            ("StudyDate=19990101", 0),
        ] {
            let path = format!("/studies/1.2.826.0.9.1/{level}?{asked}");
            assert_eq!(found(&node, &path, "0020000E").await.len(), count, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_is_answered() {
    let node = node_with_two_patients().await;
    assert_eq!(found(&node, "/studies/1.2.826.0.9.1/instances?HighBit=15", "00280102").await, ["15"]);
    assert_eq!(found(&node, "/studies/1.2.826.0.9.1/instances?HighBit=", "00280102").await, ["15"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_named_alone_is_found_among_any_number_of_studies() {
    let node = node_with_an_image().await;
    for number in 10..40 {
        let file = image(&format!("1.2.826.0.0.{number}"), &format!("1.2.826.0.0.{number}.3"), "Petit^Jean");
        assert_eq!(node.post("/studies", "application/dicom", file).await.status, StatusCode::OK);
    }
    let last = image("1.2.826.0.9.1", "1.2.826.0.9.3", "Lefèvre^Éloïse");
    assert_eq!(node.post("/studies", "application/dicom", last).await.status, StatusCode::OK);
    let asked = "/instances?SOPInstanceUID=1.2.826.0.9.3";
    assert_eq!(found(&node, asked, "00080018").await, ["1.2.826.0.9.3"]);
    assert_eq!(node.get(asked, &[]).await.header("warning"), "");
}
