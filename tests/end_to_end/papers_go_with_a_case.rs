//! A letter goes with a request: attached at A, there at B before anybody opens it, the same to the byte, and served so that no
//! browser runs what is in it. A page that calls itself a PDF is refused, and so is a site that takes no part.

use crate::{SITE, cases::ready};
use bytes::Bytes;
use protocol::{
    Digest, Refusal, Uid,
    agreement::Purpose,
    fetch::{Answer, Priority, Reader, Request, What},
};
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Response, Site, Study, eventually, hospital,
    http::{self, Ask, Method},
    tools::quic::{self, Key},
    wait::holds,
};

/// A document of so many bytes.
fn letter(bytes: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.extend((0..bytes).map(|n| b"0123456789abcdef"[n % 16]));
    pdf.extend_from_slice(b"\n%%EOF\n");
    pdf
}

async fn attach(site: &Site, token: &str, case: &str, (name, bytes): (&str, &[u8])) -> Response {
    let path = format!("/api/cases/{case}/attachments?name={name}");
    let ask = Ask::new(Method::POST, path).body("application/octet-stream", Bytes::copy_from_slice(bytes));
    http::ask(site.portal(), ask.bearer(token)).await.unwrap()
}

async fn open(site: &Site, token: &str, case: &str, digest: &str) -> Response {
    http::ask(site.portal(), Ask::get(format!("/api/cases/{case}/attachments/{digest}")).bearer(token)).await.unwrap()
}

async fn attachments(site: &Site, case: &str) -> Vec<Value> {
    let answer = site.try_ask(Ask::get(format!("/api/cases/{case}"))).await.ok().filter(|a| a.status.is_success());
    answer.map(|answer| answer.json()["attachments"].as_array().cloned().unwrap_or_default()).unwrap_or_default()
}

/// No browser runs, loads or sniffs anything of it.
fn is_harmless(answer: &Response, kind: &str, disposition: &str) {
    assert_eq!(answer.header("content-type"), kind);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    assert!(answer.header("content-disposition").starts_with(disposition), "{:?}", answer.headers);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn what_is_not_what_it_says_is_refused(site: &Site, token: &str, case: &str) {
    let page = b"<html><script>alert(1)</script></html>";
    let refused = attach(site, token, case, ("courrier.pdf", page)).await;
    assert_eq!((refused.status.as_u16(), refused.error_code()), (415, "other-content".to_owned()));
    let large = attach(site, token, case, ("gros.pdf", &letter(10 << 20))).await;
    assert_eq!((large.status.as_u16(), large.error_code()), (413, "too-large".to_owned()));
    let unnamed = attach(site, token, case, ("", &letter(9))).await;
    assert_eq!(unnamed.status.as_u16(), 400);
    assert_eq!(attachments(site, case).await.len(), 0);
}

/// A paired site that takes no part asks with its own key for what it somehow knows of.
async fn others_get_nothing(holder: &Site, other: &Site, case: &str, digest: Digest) {
    other.stop().await;
    let line = quic::dial(holder.pixels(), &Key::of_folder(&other.dir())).await.unwrap();
    let name = protocol::ids::Id128(bytes_of(case));
    let reader =
        Reader { person: "dr.curieux".to_owned(), role: "radiologist".to_owned(), copy: None, purpose: Purpose::Care };
    let asked = |case, digest| Request {
        study: Uid::parse("1.2.3").unwrap(),
        reader: reader.clone(),
        priority: Priority::Screen,
        what: What::Attachment { case, digest },
    };
    let (answer, bytes) = quic::ask(&line, &asked(name, digest)).await.unwrap();
    assert_eq!((answer, bytes.len()), (Answer::Refused(Refusal::NotPermitted), 0));
    let (answer, _) = quic::ask(&line, &asked(protocol::ids::Id128([9; 16]), digest)).await.unwrap();
    assert_eq!(answer, Answer::Refused(Refusal::NotHeld));
    let log = holder.audit("").await;
    assert!(
        log.iter()
            .any(|e| e["act"] == "security-alert" && e["note"] == "what goes with a case of others was asked for")
    );
}

/// The 16 bytes of a case's name.
fn bytes_of(name: &str) -> [u8; 16] {
    std::array::from_fn(|n| u8::from_str_radix(&name[2 * n..2 * n + 2], 16).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_read_where_the_images_are_read() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let third = Site::open(SITE, "Clinique Tiers").await;
    hospital::pair(&pair.a, &third).await;
    let case = ready(&pair, &Study::of(2).named("DURAND^PAUL")).await;
    let urgence = pair.a.new_token("dr.urgence", "referrer");
    let garde = pair.b.new_token("dr.garde", "radiologist");
    what_is_not_what_it_says_is_refused(&pair.a, &urgence, &case).await;

    // The largest that may be, and a small picture; the first one twice.
    let papers = [
        ("courrier%20confr%C3%A8re.pdf", letter((10 << 20) - 17)),
        ("plaie.jpg", vec![0xff, 0xd8, 0xff, 0xe0, 9, 0xff, 0xd9]),
    ];
    for (name, bytes) in papers.iter().chain(&papers[..1]) {
        let _ = attach(&pair.a, &urgence, &case, (name, bytes)).await.ok();
    }
    let digests = papers.each_ref().map(|(_, bytes)| Digest::of(bytes));
    let by_the_reader = attach(&pair.b, &garde, &case, ("x.pdf", &letter(5))).await;
    assert_eq!(by_the_reader.error_code(), "not-yours", "the requesting site adds, nobody else");
    eventually!(
        20,
        "both are at B before anybody opened one",
        holds({
            let there = attachments(&pair.b, &case).await;
            there.len() == 2 && there.iter().all(|one| one["here"] == true)
        })
    );
    let listed = attachments(&pair.b, &case).await;
    assert_eq!((&listed[0]["name"], &listed[0]["media"]), (&json!("courrier confrère.pdf"), &json!("application/pdf")));
    assert!(pair.b.files_with(b"0123456789abcdef").is_empty() && pair.a.files_with(&papers[1].1).is_empty(), "sealed");

    // A is away: what goes with the case is here.
    pair.a.stop().await;
    for (digest, (_, bytes)) in digests.iter().zip(&papers) {
        let answer = open(&pair.b, &garde, &case, &digest.to_string()).await.ok();
        assert_eq!(Digest::of(&answer.body), *digest);
        assert_eq!(answer.body.len(), bytes.len());
    }
    let pdf = open(&pair.b, &garde, &case, &digests[0].to_string()).await;
    is_harmless(
        &pdf,
        "application/pdf",
        "attachment; filename=\"courrier_confr_re.pdf\"; filename*=UTF-8''courrier%20confr",
    );
    is_harmless(&open(&pair.b, &garde, &case, &digests[1].to_string()).await, "image/jpeg", "inline; ");
    let unknown = open(&pair.b, &garde, &case, &"0".repeat(64)).await;
    assert_eq!(unknown.status.as_u16(), 404);
    let auditor = pair.b.new_token("auditeur", "auditor");
    assert_eq!(open(&pair.b, &auditor, &case, &digests[0].to_string()).await.status.as_u16(), 403);
    pair.a.serve().await;

    let log = pair.b.audit("").await;
    let count = |log: &[Value], act: &str| log.iter().filter(|entry| entry["act"] == act).count();
    assert_eq!((count(&log, "attachment-opened"), count(&log, "attachment-fetched")), (4, 2));
    assert_eq!(count(&pair.a.audit("").await, "attachment-served"), 2);
    assert_eq!(open(&third, &third.token, &case, &digests[0].to_string()).await.status.as_u16(), 404);
    others_get_nothing(&pair.a, &third, &case, digests[0]).await;
}
