//! Images that are damaged inside, though they are the very bytes that were signed: whoever signs a report is told how many, says
//! why they sign all the same, and that stands in the report. Nobody forgets it at a restart.

use crate::{
    SITE,
    cases::{post, taken},
};
use serde_json::{Value, json};
use std::fs;
use tests::{
    Instance, Pair, Preset, Response, Site, Study, eventually,
    http::{self, Ask, Method},
    tools::dcmtk,
    wait::holds,
};

const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

/// The image as lossless JPEG, of which the second half is lost.
fn half_a_jpeg(site: &Site, image: &Instance) -> Instance {
    let folder = site.scratch("jpeg");
    fs::create_dir_all(&folder).unwrap();
    let plain = folder.join("plain.dcm");
    fs::write(&plain, &image.file).unwrap();
    let file = fs::read(dcmtk::compress(&plain)).unwrap();
    let find = |marker: [u8; 2], from: usize| file[from..].windows(2).position(|two| two == marker).unwrap() + from;
    let start = find([0xff, 0xd8], image.data_set_at);
    let (scan, end) = (find([0xff, 0xda], start), find([0xff, 0xd9], start));
    assert!(scan < end && end - scan > 64, "a whole JPEG was made");
    image.encapsulated(JPEG_LOSSLESS, &[&file[start..scan + (end - scan) / 2], &[0xff, 0xd9]].concat())
}

/// A codestream of JPEG 2000 that says its size and then nothing that makes sense.
fn no_jpeg_2000(image: &Instance, (rows, columns): (u16, u16)) -> Instance {
    let (width, height) = (u32::from(columns).to_be_bytes(), u32::from(rows).to_be_bytes());
    let mut stream = vec![0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0];
    for number in [width, height, [0; 4], [0; 4], width, height, [0; 4], [0; 4]] {
        stream.extend_from_slice(&number);
    }
    stream.extend_from_slice(&[0, 1, 15, 1, 1]);
    stream.extend_from_slice(&[0x5a; 200]);
    image.encapsulated(JPEG_2000, &stream)
}

async fn picture(site: &Site, image: &Instance) -> Response {
    site.get(&format!("/dicomweb{}/rendered", image.path())).await
}

async fn undecoded(site: &Site, case: &str) -> u64 {
    site.get(&format!("/api/cases/{case}")).await.ok().json()["study_list"][0]["undecoded"].as_u64().unwrap()
}

async fn report(site: &Site, case: &str, despite: &str, of: &[&str]) -> Value {
    let shown = site.get(&format!("/api/cases/{case}")).await.ok().json();
    let study = &shown["study_list"][0];
    json!({
        "standing": "final", "findings": "pas d'embolie sur les coupes lisibles", "language": "fr", "despite": despite, "despite_of": of,
        "read": [{ "study": study["study"], "version": study["version"] }],
        "patient": { "name": shown["patient"]["name"], "birth_date": shown["patient"]["birth_date"] },
        "hospital": shown["requester_name"], "study_date": shown["study_date"],
    })
}

/// The viewer decodes by itself, and says what it could not.
async fn a_viewer_says_so(site: &Site, reader: &str, case: &str, image: &Instance) {
    let path = format!("/api/studies/{}/undecoded", image.study);
    let told = |decoded: bool, frame: u32| {
        let body = json!({ "series": image.series, "instance": image.uid, "frame": frame, "decoded": decoded });
        http::ask(site.portal(), Ask::new(Method::POST, &path).json(&body).bearer(reader))
    };
    assert_eq!(told(false, 2).await.unwrap().status.as_u16(), 400, "it has one frame");
    for _ in 0..2 {
        assert_eq!(told(false, 1).await.unwrap().status.as_u16(), 204);
    }
    assert_eq!(undecoded(site, case).await, 3);
    let _ = picture(site, image).await.ok();
    assert_eq!(undecoded(site, case).await, 3, "that the node can decode it is of no use to whoever looks at it");
    assert_eq!(told(true, 1).await.unwrap().status.as_u16(), 204);
    assert_eq!(undecoded(site, case).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_over_images_that_cannot_be_decoded_needs_a_reason() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(3).named("DURAND^PAUL");
    let made = study.make();
    let (jpeg, j2k) = (half_a_jpeg(&pair.a, &made[1]), no_jpeg_2000(&made[2], (study.rows, study.columns)));
    let _ = pair.a.stow(&[&made[0].file, &jpeg.file, &j2k.file]).await.ok();
    let _ = pair.a.settled(&study.uid, 3).await;
    let _ = pair.b.settled(&study.uid, 3).await;
    let case = taken(&pair, &study.uid).await;
    let reader = pair.b.new_token("dr.garde", "radiologist");
    let _ = post(&pair.b, &reader, &format!("/api/cases/{case}/steps"), &json!({ "step": "claim" })).await;
    assert_eq!(undecoded(&pair.b, &case).await, 0, "nobody looked yet");

    let _ = picture(&pair.b, &made[0]).await.ok();
    for damaged in [&jpeg, &j2k] {
        for _ in 0..2 {
            assert_eq!(picture(&pair.b, damaged).await.status.as_u16(), 406);
        }
        // Its stored bytes can be had all the same: they are what was signed.
        let _ = pair.b.retrieve(&damaged.path()).await.unwrap();
    }
    assert_eq!(undecoded(&pair.b, &case).await, 2);
    a_viewer_says_so(&pair.b, &reader, &case, &made[0]).await;
    pair.b.kill();
    pair.b.serve().await;
    assert_eq!(undecoded(&pair.b, &case).await, 2, "what is known survives a restart");

    let reports = format!("/api/cases/{case}/reports");
    let sign = async |despite: &str, of: &[&str]| {
        let body = report(&pair.b, &case, despite, of).await;
        http::ask(pair.b.portal(), Ask::new(Method::POST, &reports).json(&body).bearer(&reader)).await.unwrap()
    };
    let refused = sign("", &[]).await;
    assert_eq!((refused.status.as_u16(), refused.error_code()), (409, "images-undecoded".to_owned()));
    assert!(refused.text().contains("(2)"), "{}", refused.text());
    let reason = "deux coupes illisibles, sans doute perdues par le scanner";
    // A reason is one for what was seen, not for whatever else is lacking.
    assert_eq!(sign(reason, &["unconfirmed"]).await.error_code(), "images-undecoded");
    let _ = sign(reason, &["undecoded", "unconfirmed"]).await.ok();
    let at_a = async || pair.a.get(&format!("/api/cases/{case}")).await.ok().json();
    eventually!(10, "the report is at the requester", holds(at_a().await["reports"][0]["despite"] == reason));
    // At the site that holds them it is known once somebody looks there.
    assert_eq!(undecoded(&pair.a, &case).await, 0);
    assert_eq!(picture(&pair.a, &jpeg).await.status.as_u16(), 406);
    assert_eq!(undecoded(&pair.a, &case).await, 1);
}
