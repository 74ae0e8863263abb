//! The door as a client sees it, over a node's own parts with a real archive on disk: finding, reading, storing, who
//! may, and what holds for every answer.

mod across;
mod asked_again;
mod keys;
mod pictures;
mod search;
mod several_frames;
mod uri;
mod worklist;

use super::{DicomwebDoor, capabilities, dataset::EXPLICIT_LE, routes};
use crate::{
    audit::{Act, Audit, Filter},
    cases::Cases,
    pixels::Decoders,
    studies::{
        Studies,
        tests::{Alone, alone},
    },
    tasks::Tasks,
    trust::{Person, Role},
};
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use bytes::Bytes;
use tower::ServiceExt;

struct Node {
    _dir: tempfile::TempDir,
    studies: Studies,
    audit: Audit,
    cases: Cases,
    images: Router,
}

async fn node() -> Node {
    node_for(&[]).await
}

async fn node_for(origins: &[&str]) -> Node {
    let dir = tempfile::tempdir().unwrap();
    let Alone { studies, archive, audit, cases, trust, tasks, .. } = alone(dir.path()).await;
    let cors_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
    let door = DicomwebDoor {
        studies: studies.clone(),
        archive,
        audit: audit.clone(),
        cases: cases.clone(),
        reading_room: None,
        trust,
        site_name: "CH Nord".to_owned(),
        tasks,
        decoders: Decoders::new(Tasks::default()),
        https: false,
        cors_origins,
        ask_peers: true,
    };
    Node { _dir: dir, studies, audit, cases, images: super::router(door) }
}

fn reader() -> Person {
    Person::new("dr.durand".to_owned(), Role::Radiologist)
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl Node {
    async fn ask(&self, who: Option<Person>, request: Request<Body>) -> Answer {
        let mut routes = self.images.clone();
        if let Some(person) = who {
            routes = routes.layer(Extension(person));
        }
        let response = routes.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn method(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/dicomweb{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(Some(reader()), request.body(Body::empty()).unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(format!("/dicomweb{path}")).header(header::HOST, "pacs.example:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(Some(reader()), request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(format!("/dicomweb{path}")).header(header::CONTENT_TYPE, content_type);
        self.ask(Some(reader()), request.body(Body::from(body)).unwrap()).await
    }
}

const STUDY: &str = "1.2.826.0.1.1";
const PIXELS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz012345";

/// A 4 × 4 image of 16 bits as a Part 10 file.
fn image(study: &str, instance: &str, name: &str) -> Vec<u8> {
    let class = "1.2.840.10008.5.1.4.1.1.7";
    let short = |out: &mut Vec<u8>, tag: (u16, u16), vr: &[u8; 2], value: &[u8]| {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        out.extend(tag.0.to_le_bytes());
        out.extend(tag.1.to_le_bytes());
        out.extend(vr);
        out.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        out.extend(value);
    };
    let mut meta = Vec::new();
    short(&mut meta, (2, 2), b"UI", class.as_bytes());
    short(&mut meta, (2, 3), b"UI", instance.as_bytes());
    short(&mut meta, (2, 0x10), b"UI", EXPLICIT_LE.as_bytes());
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    short(&mut file, (2, 0), b"UL", &u32::try_from(meta.len()).unwrap().to_le_bytes());
    file.extend(meta);
    for (tag, vr, value) in [
        ((0x08, 0x05), b"CS", "ISO_IR 192"),
        ((0x08, 0x16), b"UI", class),
        ((0x08, 0x18), b"UI", instance),
        ((0x08, 0x20), b"DA", "20260102"),
        ((0x08, 0x60), b"CS", "CT"),
        ((0x08, 0x103e), b"LO", "Crâne sans injection"),
        ((0x10, 0x10), b"PN", name),
        ((0x10, 0x20), b"LO", "P 1"),
        ((0x20, 0x0d), b"UI", study),
        ((0x20, 0x0e), b"UI", "1.2.826.0.1.2"),
        ((0x20, 0x11), b"IS", "3"),
        ((0x20, 0x13), b"IS", "1"),
    ] {
        short(&mut file, tag, vr, value.as_bytes());
    }
    for (element, value) in [(0x02u16, 1u16), (0x10, 4), (0x11, 4), (0x100, 16), (0x101, 16), (0x102, 15), (0x103, 0)] {
        if element == 0x10 {
            short(&mut file, (0x28, 0x04), b"CS", b"MONOCHROME2");
        }
        short(&mut file, (0x28, element), b"US", &value.to_le_bytes());
    }
    file.extend([0xe0, 0x7f, 0x10, 0, b'O', b'W', 0, 0, 32, 0, 0, 0]);
    file.extend(PIXELS);
    file
}

fn multipart(files: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for file in files {
        body.extend(b"--cut\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(b"--cut--\r\n");
    body
}

const MULTIPART: &str = "multipart/related; type=\"application/dicom\"; boundary=cut";
const INSTANCE: &str = "/studies/1.2.826.0.1.1/series/1.2.826.0.1.2/instances/1.2.826.0.1.3";

async fn node_with_an_image() -> Node {
    let node = node().await;
    let stored = node.post("/studies", MULTIPART, multipart(&[image(STUDY, "1.2.826.0.1.3", "Müller^Zoé")])).await;
    assert_eq!(stored.status, StatusCode::OK, "{:?}", stored.body);
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_image_is_found_and_read_byte_for_byte() {
    let node = node_with_an_image().await;
    let file = image(STUDY, "1.2.826.0.1.3", "Müller^Zoé");

    let found = node.get("/studies?PatientID=P%201&fuzzymatching=false&limit=101&includefield=00080060", &[]).await;
    let study = &found.json()[0];
    assert_eq!(study["00100010"]["Value"][0]["Alphabetic"], "Müller^Zoé");
    assert_eq!(study["00080061"]["Value"][0], "CT");
    assert_eq!(study["00201208"]["Value"][0], 1);
    assert_eq!(study["00081190"]["Value"][0], format!("http://pacs.example:8080/dicomweb/studies/{STUDY}"));
    assert_eq!(node.get("/studies?PatientID=other", &[]).await.body, "[]");
    assert_eq!(node.get("/studies?PatientIDs=x", &[]).await.status, StatusCode::BAD_REQUEST);

    let series = node.get(&format!("/studies/{STUDY}/series?includefield=00080021"), &[]).await;
    assert_eq!(series.json()[0]["0008103E"]["Value"][0], "Crâne sans injection");
    assert_eq!(node.get("/instances?Modality=CT", &[]).await.json()[0]["00280010"]["Value"][0], 4);

    let metadata = node.get(&format!("/studies/{STUDY}/series/1.2.826.0.1.2/metadata"), &[]).await;
    assert_eq!(metadata.json()[0]["00280100"]["Value"][0], 16);
    let tag = metadata.header("etag").to_owned();
    let again = node.get(&format!("/studies/{STUDY}/series/1.2.826.0.1.2/metadata"), &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);

    let bulk = metadata.json()[0]["7FE00010"]["BulkDataURI"].as_str().unwrap().to_owned();
    let bulk = bulk.strip_prefix("http://pacs.example:8080/dicomweb").unwrap();
    assert_eq!(node.get(bulk, &[("accept", "application/octet-stream")]).await.body, PIXELS.as_slice());

    let ohif = ("accept", "multipart/related; type=application/octet-stream; transfer-syntax=*");
    let frame = node.get(&format!("{INSTANCE}/frames/1"), &[ohif]).await;
    assert!(frame.body.windows(32).any(|w| w == PIXELS), "{:?}", frame.body);
    assert!(String::from_utf8_lossy(&frame.body).contains("transfer-syntax=1.2.840.10008.1.2.1"));
    let single = [("accept", "application/octet-stream; transfer-syntax=*"), ("range", "bytes=4-7")];
    let part = node.get(&format!("{INSTANCE}/frames/1"), &single).await;
    assert_eq!((part.status, &part.body[..]), (StatusCode::PARTIAL_CONTENT, &b"efgh"[..]));
    assert_eq!(part.header("content-range"), "bytes 4-7/32");
    assert_eq!(node.get(&format!("{INSTANCE}/frames/2"), &[ohif]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        node.get(&format!("{INSTANCE}/frames/1"), &[("accept", "text/html")]).await.status,
        StatusCode::NOT_ACCEPTABLE
    );

    assert_eq!(node.get(INSTANCE, &[("accept", "application/dicom")]).await.body, file);
    let whole = node.get(&format!("/studies/{STUDY}"), &[]).await;
    assert!(whole.body.windows(file.len()).any(|w| w == file));
    let thumbnail = node.get(&format!("{INSTANCE}/thumbnail?viewport=256,256"), &[]).await;
    assert_eq!((thumbnail.header("content-type"), &thumbnail.body[..2]), ("image/jpeg", &[0xff, 0xd8][..]));

    let opened = node.audit.page(&Filter { act: Some(Act::StudyOpened), limit: 9, ..Filter::default() });
    let queried = node.audit.page(&Filter { act: Some(Act::StudiesQueried), limit: 9, ..Filter::default() });
    assert_eq!((opened.len(), queried.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_context_shows_its_studies_only() {
    let node = node_with_an_image().await;
    let other = image("1.2.826.0.9.1", "1.2.826.0.9.3", "Autre");
    assert_eq!(node.post("/studies", "application/dicom", other).await.status, StatusCode::OK);
    assert_eq!(node.get("/studies", &[]).await.json().as_array().unwrap().len(), 2);

    let id = node.studies.new_context(&reader(), vec![protocol::Uid::parse(STUDY).unwrap()], Vec::new());
    let listed = node.get(&format!("/contexts/{id}/studies?00100020=P%201"), &[]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let url = format!("http://pacs.example:8080/dicomweb/contexts/{id}/studies/{STUDY}");
    assert_eq!(listed[0]["00081190"]["Value"][0], url);
    let outside = node.get(&format!("/contexts/{id}/studies/1.2.826.0.9.1/series"), &[]).await;
    assert_eq!(outside.status, StatusCode::NOT_FOUND);
    let unknown = "00000000000000000000000000000000";
    assert_eq!(node.get(&format!("/contexts/{unknown}/studies"), &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_said_part_by_part() {
    let node = node_with_an_image().await;
    let same = image(STUDY, "1.2.826.0.1.3", "Müller^Zoé");
    let changed = image(STUDY, "1.2.826.0.1.3", "Meyer");
    let fresh = image(STUDY, "1.2.826.0.1.4", "Müller^Zoé");
    let answer =
        node.post("/studies", MULTIPART, multipart(&[same, changed.clone(), fresh.clone(), b"noise".to_vec()])).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let json = answer.json();
    assert_eq!(json["00081199"]["Value"].as_array().unwrap().len(), 2);
    let reasons: Vec<_> = (0..2).map(|i| json["00081198"]["Value"][i]["00081197"]["Value"][0].clone()).collect();
    assert!(reasons.contains(&0x0111.into()) && reasons.contains(&0xC000.into()), "{reasons:?}");

    assert_eq!(node.post("/studies", MULTIPART, multipart(&[changed])).await.status, StatusCode::CONFLICT);
    let elsewhere = node.post("/studies/1.2.3", MULTIPART, multipart(std::slice::from_ref(&fresh))).await;
    assert_eq!(elsewhere.status, StatusCode::CONFLICT);
    let mut cut = multipart(&[image(STUDY, "1.2.826.0.1.5", "x")]);
    cut.truncate(cut.len() - 6);
    for (body, content_type, status) in [
        (cut, MULTIPART, StatusCode::BAD_REQUEST),
        (Vec::new(), MULTIPART, StatusCode::BAD_REQUEST),
        (Vec::new(), "application/dicom", StatusCode::BAD_REQUEST),
        (b"--cut--".to_vec(), MULTIPART, StatusCode::BAD_REQUEST),
        (Vec::new(), "multipart/related; type=\"application/dicom\"", StatusCode::BAD_REQUEST),
        (
            Vec::new(),
            "multipart/related; type=\"application/dicom+json\"; boundary=b",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            multipart(std::slice::from_ref(&fresh)),
            "multipart/related; type=\"application/dicom\"; boundary=other",
            StatusCode::BAD_REQUEST,
        ),
        (
            b"--b\r\nContent-Type: application/dicom+xml\r\n\r\n<NativeDicomModel/>\r\n--b--".to_vec(),
            "multipart/related; type=\"application/dicom+xml\"; boundary=b",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            b"--b\r\nContent-Type: application/dicom+json\r\n\r\n[]\r\n--b--".to_vec(),
            "multipart/related; boundary=b",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (b"[]".to_vec(), "application/dicom+json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (b"<NativeDicomModel/>".to_vec(), "application/dicom+xml", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (b"[]".to_vec(), "", StatusCode::BAD_REQUEST),
        (fresh, "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        assert_eq!(node.post("/studies", content_type, body).await.status, status, "{content_type}");
    }
    assert_eq!(node.get(&format!("/studies/{STUDY}/instances"), &[]).await.json().as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_without_a_name_and_a_role() {
    let node = node_with_an_image().await;
    let request = || Request::get("/dicomweb/studies").body(Body::empty()).unwrap();
    assert_eq!(node.ask(None, request()).await.status, StatusCode::UNAUTHORIZED);
    let auditor = Person::new("dpo".to_owned(), Role::Auditor);
    let refused = node.ask(Some(auditor), request()).await;
    assert_eq!((refused.status, refused.json()["error"].as_str()), (StatusCode::FORBIDDEN, Some("role")));
    let referrer = Person::new("gp".to_owned(), Role::Referrer);
    let store = Request::post("/dicomweb/studies").header(header::CONTENT_TYPE, MULTIPART);
    assert_eq!(node.ask(Some(referrer), store.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(node.get("/studies", &[]).await.header("x-content-type-options"), "nosniff");
    assert_eq!(node.get("/studies/1.2.99/series", &[]).await.status, StatusCode::NOT_FOUND);
}
