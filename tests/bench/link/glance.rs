//! A study at a glance over a satellite: one of many series, with two reports, as large as such an answer becomes.

use crate::{Link, aims, middle, net::Net, rows, sites::Sites, worst};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::{
    Site, Study, eventually,
    http::{self, Ask, Method},
    wait::holds,
};

const LINK: Link = Link {
    name: "256kb-600ms",
    bits_per_s: 256e3,
    rtt_ms: 600,
    loss: "0%",
    images: 2,
    aim: "< 2 s after one round trip, of about 50 kB",
};
/// Pictures have the largest size in which all fit, so that how large an answer becomes depends on their number: of studies with
/// so many series the one with the largest is taken.
const SERIES: [u32; 4] = [12, 13, 14, 16];
const AIM_S: f64 = 2.0;
/// What an answer has at most, and what this row is not to fall short of, bytes of pictures and conclusions.
const CONTENT_BYTES: std::ops::Range<usize> = 25_000..50_000;

/// Takes a step, or asks for something, as somebody at a site.
async fn post(site: &Site, token: &str, path: &str, body: &Value) -> Value {
    let answer = http::ask(site.portal(), Ask::new(Method::POST, path).json(body).bearer(token)).await.unwrap();
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

/// The holder asks the reader about a study, and a preliminary and a final report are signed there.
async fn reported(sites: &Sites, study: &str) {
    let (a, b) = (&sites.pair.a, &sites.pair.b);
    let (asker, reads) = (a.new_token("at-the-desk", "referrer"), b.new_token("on-call", "radiologist"));
    let request = json!({
        "priority": "P1", "question": "Embolie pulmonaire ?", "justification": "pas de radiologue sur place", "consent": "informed",
        "modality": "CT", "studies": [study], "telephone": "02 97 01 02 03", "to": [{ "site": sites.pair.b_id }],
        "identity_checked": true,
    });
    let begun = post(a, &asker, "/api/cases", &request).await;
    let path = format!("/api/cases/{}", begun["case"].as_str().unwrap());
    let steps = format!("{path}/steps");
    let at = async |site: &Site| site.get(&path).await.json();
    eventually!(10, "the reader is asked", holds(at(b).await["stage"] == "offered"));
    let _ = post(b, &reads, &steps, &json!({ "step": "accept", "protocol": "" })).await;
    eventually!(60, "it can be read", holds(at(b).await["stage"] == "images-ready"));
    let _ = post(b, &reads, &steps, &json!({ "step": "claim" })).await;
    let conclusion = "Embolie pulmonaire segmentaire du lobe inférieur droit, sans signe de gravité. ".repeat(48);
    for standing in ["preliminary", "final"] {
        let shown = at(b).await;
        let is_here = |study: &&Value| !study["version"].is_null();
        let read = shown["study_list"].as_array().unwrap().iter().filter(is_here);
        let read: Vec<Value> = read.map(|one| json!({ "study": one["study"], "version": one["version"] })).collect();
        let report = json!({
            "standing": standing, "indication": "dyspnée", "technique": "TDM", "findings": "voir la conclusion",
            "conclusion": conclusion.trim(), "language": "fr", "read": read, "despite": "comptées avec la salle",
            "despite_of": ["missing", "undecoded", "unconfirmed", "late"],
            "patient": { "name": shown["patient"]["name"], "birth_date": shown["patient"]["birth_date"] },
            "hospital": shown["requester_name"], "study_date": shown["study_date"],
        });
        let _ = post(b, &reads, &format!("{path}/reports"), &report).await;
    }
    eventually!(60, "both reports lie with the images", {
        let reports = at(a).await["reports"].clone();
        let delivered = reports.as_array()?.iter().filter(|report| report["delivered"] == true).count();
        holds(delivered == 2)
    });
}

/// What an answer shows: pictures, conclusions, and the bytes of both.
fn shown(answer: &Value) -> (usize, usize, usize) {
    let series = answer["series"].as_array().expect("a study at a glance");
    let pictures: Vec<&str> = series.iter().filter_map(|one| one["picture"]["jpeg"].as_str()).collect();
    let conclusions = answer["conclusions"].as_array().unwrap();
    let text: usize = conclusions.iter().filter_map(|one| one["text"].as_str()).map(str::len).sum();
    // Base64 has four characters of three bytes.
    (pictures.len(), conclusions.len(), pictures.iter().map(|jpeg| jpeg.len() / 4 * 3).sum::<usize>() + text)
}

async fn glance(site: &Site, study: &str) -> Value {
    site.get(&format!("/api/studies/{study}/digest")).await.ok().json()
}

/// The study of those in question whose pictures come to the most.
async fn chosen(sites: &Sites) -> String {
    let mut best = (0, String::new());
    for series in SERIES {
        let study = Study { series, ..Study::of(3).size(256, 256) };
        let (made, paths) = study.write(&sites.pair.a.scratch(&format!("series-{series}")));
        sites.pair.announced(&study.uid, made.len(), &paths).await;
        let (pictures, _, bytes) = shown(&glance(&sites.pair.b, &study.uid).await);
        if pictures == series as usize && bytes > best.0 {
            best = (bytes, study.uid.clone());
        }
    }
    assert!(best.0 > 0, "no study has a picture of every series");
    best.1
}

/// From the click to the end of the answer that the portal shows, over a connection that has carried another one's.
pub(crate) async fn satellite(net: &Net, sites: &Sites, runs: usize) {
    net.unshape();
    let study = chosen(sites).await;
    reported(sites, &study).await;
    let reader = &sites.pair.b;
    let (mut times, mut sent, mut content) = (Vec::new(), Vec::new(), (0, 0, 0));
    for _ in 0..runs {
        net.shape(&LINK);
        sites.anew().await;
        eventually!(60, "the reader has heard of the study", reader.listed(&study).await);
        rows::connected(sites).await;
        assert!(!glance(reader, &sites.small[0].study).await.is_null(), "the connection carried one");
        // As after a look at the list.
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(rows::come(reader, &study).await < 1.0, "nothing else of it comes");
        let (began, before) = (Instant::now(), net.sent());
        let answer = glance(reader, &study).await;
        times.push(began.elapsed().as_secs_f64());
        sent.push(net.sent().bytes - before.bytes);
        content = shown(&answer);
        let (pictures, conclusions, bytes) = content;
        assert!(pictures >= 12 && conclusions == 2 && CONTENT_BYTES.contains(&bytes), "{content:?}");
        net.unshape();
    }
    let round_trip = f64::from(LINK.rtt_ms) / 1e3;
    let (took, most) = (middle(times.clone()), worst(&times));
    println!(
        "satellite {:<14} {} pictures and {} conclusions, {:.1} kB ({:.1} kB on the link), are there {took:.2} s after the click (at \
         most {most:.2}), {:.2} s after one round trip, of {runs} runs  (aim {})",
        LINK.name,
        content.0,
        content.1,
        content.2 as f64 / 1e3,
        middle(sent.clone()) / 1e3,
        took - round_trip,
        LINK.aim
    );
    let measured = format!("{took:.2} s, {:.2} after it; {:.0} kB on the link", took - round_trip, middle(sent) / 1e3);
    aims::judge("satellite: a study at a glance", LINK.aim, measured, took - round_trip < AIM_S);
}
