//! DICOMweb clients that are not ours: a script in Python, and whatever asks again, in part, or for heads only.

use crate::SITE;
use serde_json::json;
use tests::{
    Pair, Preset, Study, eventually,
    http::{self, Ask, Method},
    tools::python,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_client_stores_at_one_site_and_reads_at_the_other() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study { series: 2, ..Study::of(3) }.named("Lefèvre^Éloïse").size(64, 64);
    let (made, paths) = study.write(&pair.a.scratch("scripts"));
    let site = |site: &tests::Site, token: &str| {
        let url = format!("http://{}/dicomweb", site.portal());
        json!({ "url": url, "token": site.new_token(token, "radiologist") })
    };
    let story = json!({
        "first": site(&pair.a, "script-a"),
        "second": site(&pair.b, "script-b"),
        "files": paths,
    });
    // The script blocks; the sites are processes of their own.
    let told = python::run("research_script", &story);
    assert_eq!((&told["stored"], &told["read"]), (&json!(made.len()), &json!(made.len())), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_s_study_is_asked_for_by_its_head_and_again_and_in_part() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(2).size(64, 64);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let image = format!("/dicomweb{}", made[0].path());
    let head = |path: &str, accept: &str| Ask::new(Method::HEAD, path).header("accept", accept);

    // Heads of a peer's objects bring none of them here.
    let dicom = pair.b.ask(head(&image, "application/dicom")).await.ok();
    assert_eq!((dicom.body.len(), dicom.header("accept-ranges")), (0, "bytes"));
    for (path, accept) in [
        (format!("{image}/frames/1"), "application/octet-stream; transfer-syntax=*"),
        (format!("{image}/rendered"), "image/jpeg"),
        (format!("/dicomweb/studies/{}", study.uid), "*/*"),
    ] {
        let answer = pair.b.ask(head(&path, accept)).await.ok();
        assert!(answer.body.is_empty() && !answer.header("etag").is_empty(), "{path}");
    }
    assert_eq!(pair.b.listed(&study.uid).await.unwrap()["instances_here"], 0);

    // In part: what is missing of a broken download.
    let frame = format!("{image}/frames/1");
    let ask = |path: &str| Ask::get(path).header("accept", "application/octet-stream; transfer-syntax=*");
    let whole = pair.b.ask(ask(&frame)).await.ok();
    assert_eq!(whole.body, made[0].pixels);
    let tag = whole.header("etag").to_owned();
    let rest = pair.b.ask(ask(&frame).header("range", "bytes=100-").header("if-range", &tag)).await;
    assert_eq!((rest.status.as_u16(), &rest.body[..]), (206, &made[0].pixels[100..]));
    let again = pair.b.ask(ask(&frame).header("if-none-match", &tag)).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    // The holder's study grows: the reader's tag of it is an old one.
    let metadata = format!("/dicomweb/studies/{}/metadata", study.uid);
    let known = pair.b.get(&metadata).await.ok().header("etag").to_owned();
    let same = pair.b.ask(Ask::get(&metadata).header("if-none-match", &known)).await;
    assert_eq!(same.status.as_u16(), 304);
    let more = study.one(&made[0].series, 1, 3);
    let _ = pair.a.stow(&[&more.file]).await.ok();
    eventually!(30, "the reader is told that the study has changed", {
        let asked = pair.b.ask(Ask::get(&metadata).header("if-none-match", &known)).await;
        (asked.status.as_u16() == 200 && asked.json().as_array()?.len() == 3).then_some(())
    });

    // A withdrawn right is no 304.
    let id = pair.a.get("/api/agreements").await.ok().json()[0]["id"].as_str().unwrap().to_owned();
    let _ = pair.a.post(&format!("/api/agreements/{id}/end"), &json!({})).await.ok();
    pair.withdrawn(&study.uid).await;
    let refused = pair.b.ask(ask(&frame).header("if-none-match", &tag)).await;
    assert!(matches!(refused.status.as_u16(), 403 | 404), "{}", refused.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_of_another_origin_reads_with_a_token_where_the_settings_name_it() {
    let site = tests::Site::init(SITE, "CH Nord");
    let viewer = "https://viewer.example";
    site.configure("dicomweb", "cors_origins", toml::Value::Array(vec![viewer.into()]));
    site.serve().await;
    // A preflight comes without the token.
    let preflight = Ask::new(Method::OPTIONS, "/dicomweb/studies")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let allowed = |answer: &tests::Response| answer.header("access-control-allow-origin").to_owned();
    let told = http::ask(site.portal(), preflight.clone().header("origin", viewer)).await.unwrap();
    assert_eq!((told.status.as_u16(), allowed(&told).as_str()), (204, viewer));
    let other = http::ask(site.portal(), preflight.header("origin", "https://evil.example")).await.unwrap();
    assert_eq!(allowed(&other), "");
    let listed = site.ask(Ask::get("/dicomweb/studies").header("origin", viewer)).await.ok();
    assert_eq!((listed.text().as_str(), allowed(&listed).as_str()), ("[]", viewer));
    // The portal's own API stays closed to it.
    let api = site.ask(Ask::get("/api/studies").header("origin", viewer)).await;
    assert_eq!(allowed(&api), "");

    let wadl = http::ask(site.portal(), Ask::new(Method::OPTIONS, "/dicomweb/")).await.unwrap().ok();
    assert_eq!(wadl.header("content-type"), "application/vnd.sun.wadl+xml");
    assert!(wadl.text().contains("path=\"studies/{study}/series\""), "{}", wadl.text());
}
