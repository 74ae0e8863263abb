//! What is asked by its head only, asked again, asked in part, or asked by a method that is not there.

use super::*;

const SERIES: &str = "/studies/1.2.826.0.1.1/series/1.2.826.0.1.2";

/// Every kind of answer about the image, with the Accept that it is asked with.
fn every_resource() -> Vec<(String, &'static str)> {
    let octets = "application/octet-stream; transfer-syntax=*";
    vec![
        ("/studies".to_owned(), "*/*"),
        (format!("/studies/{STUDY}"), "*/*"),
        (format!("/studies/{STUDY}/metadata"), "*/*"),
        (format!("/studies/{STUDY}/series"), "*/*"),
        (format!("/studies/{STUDY}/thumbnail"), "image/png"),
        (SERIES.to_owned(), "*/*"),
        (format!("{SERIES}/metadata"), "*/*"),
        (INSTANCE.to_owned(), "*/*"),
        (INSTANCE.to_owned(), "application/dicom"),
        (format!("{INSTANCE}/metadata"), "application/json"),
        (format!("{INSTANCE}/frames/1"), octets),
        (format!("{INSTANCE}/frames/1"), "*/*"),
        (format!("{INSTANCE}/rendered"), "*/*"),
        (format!("{INSTANCE}/frames/1/rendered"), "image/png"),
        (format!("{INSTANCE}/bulkdata/7FE00010"), "application/octet-stream"),
        (format!("{INSTANCE}/bulkdata/7FE00010"), "*/*"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_that_of_the_answer_without_the_answer() {
    let node = node_with_an_image().await;
    for (path, accept) in every_resource() {
        let accept = [("accept", accept)];
        let (whole, head) =
            (node.method(Method::GET, &path, &accept).await, node.method(Method::HEAD, &path, &accept).await);
        assert_eq!((whole.status, head.status), (StatusCode::OK, StatusCode::OK), "{path}");
        assert!(!whole.body.is_empty() && head.body.is_empty(), "{path}");
        let media = |answer: &Answer| answer.header("content-type").split("; boundary").next().unwrap().to_owned();
        assert_eq!(media(&whole), media(&head), "{path}");
        for name in ["etag", "cache-control", "vary", "x-content-type-options"] {
            assert!(!whole.header(name).is_empty(), "{path}: {name}");
            assert_eq!(whole.header(name), head.header(name), "{path}: {name}");
        }
        // A length that is told is the right one.
        let told = head.header("content-length");
        assert!(told.is_empty() || told == whole.body.len().to_string(), "{path}: {told}");
    }
    let single = node.method(Method::HEAD, INSTANCE, &[("accept", "application/dicom"), ("range", "bytes=0-3")]).await;
    let length = image(STUDY, "1.2.826.0.1.3", "Müller^Zoé").len().to_string();
    assert_eq!((single.status, single.header("content-length")), (StatusCode::OK, length.as_str()));
    for missing in [format!("{INSTANCE}9"), format!("{INSTANCE}/frames/2"), "/studies/1.2.9/metadata".to_owned()] {
        assert_eq!(node.method(Method::HEAD, &missing, &[]).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let node = node_with_an_image().await;
    for (path, accept) in every_resource() {
        let first = node.get(&path, &[("accept", accept)]).await;
        let tag = first.header("etag").to_owned();
        let many = format!("\"other\", {tag}");
        for known in [tag.as_str(), many.as_str()] {
            let again = node.get(&path, &[("accept", accept), ("if-none-match", known)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
            assert_eq!((again.header("etag"), again.header("cache-control")), (tag.as_str(), "private, no-cache"));
            assert_eq!(again.header("vary"), "Accept, Accept-Encoding, Authorization, Cookie");
        }
        let other = node.get(&path, &[("accept", accept), ("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status, StatusCode::OK, "{path}");
        // Who may not see it is not told that it is unchanged.
        let request =
            || Request::get(format!("/dicomweb{path}")).header("accept", accept).header("if-none-match", &tag);
        let nobody = node.ask(None, request().body(Body::empty()).unwrap()).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{path}");
        let auditor = Person::new("dpo".to_owned(), Role::Auditor);
        let refused = node.ask(Some(auditor), request().body(Body::empty()).unwrap()).await;
        assert_eq!((refused.status, refused.header("etag")), (StatusCode::FORBIDDEN, ""), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_grows_has_another_tag() {
    let node = node_with_an_image().await;
    let sets = [
        "/studies".to_owned(),
        format!("/studies/{STUDY}"),
        format!("/studies/{STUDY}/metadata"),
        format!("{SERIES}/metadata"),
    ];
    let mut before = Vec::new();
    for path in &sets {
        before.push(node.get(path, &[]).await.header("etag").to_owned());
    }
    let one = node.get(INSTANCE, &[("accept", "application/dicom")]).await.header("etag").to_owned();
    let fresh = image(STUDY, "1.2.826.0.1.4", "Müller^Zoé");
    assert_eq!(node.post("/studies", "application/dicom", fresh).await.status, StatusCode::OK);
    for (path, tag) in sets.iter().zip(before) {
        let now = node.get(path, &[("if-none-match", &tag)]).await;
        assert_eq!(now.status, StatusCode::OK, "{path}");
        assert_ne!(now.header("etag"), tag, "{path}");
    }
    let same = node.get(INSTANCE, &[("accept", "application/dicom"), ("if-none-match", &one)]).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_download_is_taken_up_where_it_ended() {
    let node = node_with_an_image().await;
    for (path, accept) in [
        (INSTANCE.to_owned(), "application/dicom"),
        (format!("{INSTANCE}/frames/1"), "application/octet-stream; transfer-syntax=*"),
        (format!("{INSTANCE}/bulkdata/7FE00010"), "application/octet-stream"),
    ] {
        let whole = node.get(&path, &[("accept", accept)]).await;
        let tag = whole.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{path}: {tag} is weak");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        let half = whole.body.len() / 2;
        let rest = format!("bytes={half}-");
        let ask = |known: &'static str| [("accept", accept), ("range", rest.as_str()), ("if-range", known)];
        let mut headers = ask("");
        headers[2].1 = &tag;
        let part = node.get(&path, &headers).await;
        assert_eq!((part.status, &part.body[..]), (StatusCode::PARTIAL_CONTENT, &whole.body[half..]), "{path}");
        assert_eq!(
            part.header("content-range"),
            format!("bytes {half}-{}/{1}", whole.body.len() - 1, whole.body.len())
        );
        let changed = node.get(&path, &ask("\"other\"")).await;
        assert_eq!((changed.status, changed.body.len()), (StatusCode::OK, whole.body.len()), "{path}");
        let beyond = node.get(&path, &[("accept", accept), ("range", "bytes=99999-")]).await;
        assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(beyond.header("content-range"), format!("bytes */{}", whole.body.len()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_tells_what_it_offers_and_each_resource_what_it_allows() {
    let node = node_with_an_image().await;
    let id = node.studies.new_context(&reader(), vec![protocol::Uid::parse(STUDY).unwrap()], Vec::new());
    for root in [String::new(), "/".to_owned(), format!("/contexts/{id}"), format!("/contexts/{id}/")] {
        let told = node.method(Method::OPTIONS, &root, &[]).await;
        let media = "application/vnd.sun.wadl+xml";
        assert_eq!((told.status, told.header("content-type")), (StatusCode::OK, media), "{root}");
        let base = format!("base=\"/dicomweb{}/\"", root.trim_end_matches('/'));
        assert!(String::from_utf8_lossy(&told.body).contains(&base), "{root}");
        assert_eq!(node.method(Method::GET, &root, &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(
            node.method(Method::OPTIONS, &root, &[("accept", "text/csv")]).await.status,
            StatusCode::NOT_ACCEPTABLE
        );
    }
    for resource in capabilities::RESOURCES {
        let path = format!("/{}", resource.path.replace(['{', '}'], ""));
        let allowed = match (resource.stores, resource.rejects) {
            (true, true) => routes::STORE_REJECT,
            (true, false) => routes::STORE,
            (false, true) => routes::READ_REJECT,
            (false, false) => routes::READ,
        };
        let options = node.method(Method::OPTIONS, &path, &[]).await;
        assert_eq!((options.status, options.header("allow")), (StatusCode::NO_CONTENT, allowed), "{path}");
        let refused = node.method(Method::PUT, &path, &[]).await;
        assert_eq!((refused.status, refused.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, allowed), "{path}");
    }
    assert_eq!(node.method(Method::OPTIONS, "/nothing", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_compressed_and_pixels_are_not() {
    let node = node_with_an_image().await;
    let more: Vec<Vec<u8>> = (10..20).map(|n| image(STUDY, &format!("1.2.826.0.1.{n}"), "Müller^Zoé")).collect();
    assert_eq!(node.post("/studies", MULTIPART, multipart(&more)).await.status, StatusCode::OK);
    let metadata = format!("/studies/{STUDY}/metadata");
    let plain = node.get(&metadata, &[]).await;
    for encoding in ["gzip", "br"] {
        let packed = node.get(&metadata, &[("accept-encoding", encoding)]).await;
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.body.len() * 4 < plain.body.len(), "{encoding}: {} of {}", packed.body.len(), plain.body.len());
        assert_eq!(packed.header("etag"), plain.header("etag"));
    }
    for path in [format!("/studies/{STUDY}"), format!("{INSTANCE}/rendered")] {
        assert_eq!(node.get(&path, &[("accept-encoding", "gzip, br")]).await.header("content-encoding"), "", "{path}");
    }
}
