//! WADO-URI: an older workstation asks for one instance by a query.

use super::*;

fn query(more: &str) -> String {
    let uids = "studyUID=1.2.826.0.1.1&seriesUID=1.2.826.0.1.2&objectUID=1.2.826.0.1.3";
    format!("/wado?requestType=WADO&{uids}{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_object_or_its_picture_is_given_as_asked() {
    let node = node_with_an_image().await;
    let file = image(STUDY, "1.2.826.0.1.3", "Müller^Zoé");
    let dicom = node.get(&query("&contentType=application%2Fdicom"), &[]).await;
    assert_eq!((dicom.status, &dicom.body[..]), (StatusCode::OK, &file[..]));
    assert!(dicom.header("content-type").starts_with("application/dicom"));
    let same = node.get(&query("&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.1"), &[]).await;
    assert_eq!(same.body, file);
    assert_eq!(node.get(&query("&contentType=application/dicom&transferSyntax=*"), &[]).await.body, file);

    for (more, media) in [
        ("", "image/jpeg"),
        ("&contentType=image/png&rows=2&windowCenter=40&windowWidth=400", "image/png"),
        ("&contentType=image/gif,image/png", "image/png"),
        ("&frameNumber=1&imageQuality=50", "image/jpeg"),
        ("&region=0,0,0.5,0.5&contentType=image/png", "image/png"),
        ("&anonymize=no", "image/jpeg"),
    ] {
        let picture = node.get(&query(more), &[("accept", "text/html,image/webp,*/*;q=0.8")]).await;
        assert_eq!((picture.status, picture.header("content-type")), (StatusCode::OK, media), "{more}");
        let again = node.get(&query(more), &[("if-none-match", picture.header("etag"))]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{more}");
    }
    let side = |png: &Answer| u32::from_be_bytes(png.body[16..20].try_into().unwrap());
    assert_eq!(side(&node.get(&query("&contentType=image/png"), &[]).await), 4);
    assert_eq!(side(&node.get(&query("&contentType=image/png&region=0,0,0.5,0.5"), &[]).await), 2);
    assert_eq!(side(&node.get(&query("&contentType=image/png&columns=2"), &[]).await), 2);
    let head = node.method(Method::HEAD, &query("&contentType=application/dicom"), &[]).await;
    assert_eq!((head.body.len(), head.header("content-length")), (0, file.len().to_string().as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_offered_is_refused_and_rights_are_those_of_wado_rs() {
    let node = node_with_an_image().await;
    for (path, status) in [
        (query("&anonymize=yes"), StatusCode::NOT_ACCEPTABLE),
        (query("&annotation=patient"), StatusCode::NOT_ACCEPTABLE),
        (query("&presentationUID=1.2"), StatusCode::NOT_ACCEPTABLE),
        (query("&contentType=text/html"), StatusCode::NOT_ACCEPTABLE),
        (query("&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.50"), StatusCode::NOT_ACCEPTABLE),
        (query("&contentType=application/dicom&transferSyntax=x"), StatusCode::BAD_REQUEST),
        (query("&windowCenter=4"), StatusCode::BAD_REQUEST),
        (query("&region=0,0,2,1"), StatusCode::BAD_REQUEST),
        (query("&frameNumber=0"), StatusCode::BAD_REQUEST),
        (query("&frameNumber=2"), StatusCode::NOT_FOUND),
        ("/wado?requestType=WADO&studyUID=1.2.826.0.1.1".to_owned(), StatusCode::BAD_REQUEST),
        ("/wado?requestType=XYZ".to_owned(), StatusCode::BAD_REQUEST),
        ("/wado?requestType=WADO&studyUID=1.9&seriesUID=1&objectUID=1".to_owned(), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(node.get(&path, &[]).await.status, status, "{path}");
    }
    let request = || Request::get(format!("/dicomweb{}", query(""))).body(Body::empty()).unwrap();
    assert_eq!(node.ask(None, request()).await.status, StatusCode::UNAUTHORIZED);
    let auditor = Person::new("dpo".to_owned(), Role::Auditor);
    assert_eq!(node.ask(Some(auditor), request()).await.status, StatusCode::FORBIDDEN);
    let other = node.studies.new_context(&reader(), vec![protocol::Uid::parse("1.2.9").unwrap()], Vec::new());
    let outside = node.get(&format!("/contexts/{other}{}", query("")), &[]).await;
    assert_eq!(outside.status, StatusCode::NOT_FOUND);
    let opened = node.audit.page(&Filter { act: Some(Act::StudyOpened), limit: 9, ..Filter::default() });
    assert!(!opened.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn annotations_that_are_not_drawn_are_said() {
    let node = node_with_an_image().await;
    let warning = |answer: Answer| {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.header("warning").to_owned()
    };
    assert_eq!(warning(node.get(&format!("{INSTANCE}/rendered"), &[]).await), "");
    let asked = format!("{INSTANCE}/rendered?annotation=patient,technique");
    assert_eq!(warning(node.get(&asked, &[]).await), "299 confrere \"annotations are not drawn\"");
}
