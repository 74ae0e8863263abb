//! What stands for images until they are here: a study at a glance over a satellite, and a stack in reduced frames over a thin
//! link.

use crate::{Link, middle, net::Net, reader, rows, sites::Sites};
use serde_json::json;
use std::time::{Duration, Instant};

/// Between two looks at how far previews are.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const SATELLITE: Link = Link {
    name: "256kb-600ms",
    bits_per_s: 256e3,
    rtt_ms: 600,
    loss: "0%",
    images: 2,
    aim: "< 2 s after one round trip",
};
const THIN: Link =
    Link { name: "30Mb-60ms", bits_per_s: 30e6, rtt_ms: 60, loss: "0%", images: 500, aim: "8–12 % of the bytes" };

/// From the click to the end of the answer that the portal shows, and its bytes on the link.
async fn glance(net: &Net, sites: &Sites, study: &str) -> (f64, f64) {
    let (began, before) = (Instant::now(), net.sent());
    let answer = sites.pair.b.get(&format!("/api/studies/{study}/digest")).await.ok();
    let took = began.elapsed().as_secs_f64();
    assert!(answer.json()["series"][0]["picture"]["jpeg"].is_string(), "{}", answer.text());
    (took, net.sent().bytes - before.bytes)
}

/// A study at a glance, over a connection that has carried another one's.
pub(crate) async fn satellite(net: &Net, sites: &Sites, runs: usize) {
    let (mut times, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        net.shape(&SATELLITE);
        sites.anew().await;
        rows::connected(sites).await;
        let _ = glance(net, sites, &sites.small[0].study).await;
        // As after a look at the list.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (took, sent) = glance(net, sites, &sites.study[0].study).await;
        times.push(took);
        bytes.push(sent);
        net.unshape();
    }
    let round_trip = f64::from(SATELLITE.rtt_ms) / 1e3;
    println!(
        "satellite {:<14} a study at a glance is here {:.2} s after the click, {:.2} s after one round trip; {:.0} kB on the link  (aim {})",
        SATELLITE.name,
        middle(times.clone()),
        middle(times) - round_trip,
        middle(bytes) / 1e3,
        SATELLITE.aim
    );
}

/// The whole stack in reduced frames, and the first image asked for meanwhile.
pub(crate) async fn preview(net: &Net, sites: &Sites, runs: usize) {
    let (reader, study) = (&sites.pair.b, &sites.study[0].study);
    let (mut times, mut firsts, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        net.shape(&THIN);
        sites.anew().await;
        sites.warmed().await;
        let (began, before) = (Instant::now(), net.sent());
        let told = reader.post(&format!("/api/studies/{study}/previews"), &json!({})).await.ok().json();
        assert_eq!(told["wanted"], true);
        firsts.push(reader::frame(reader, &sites.study[sites.study.len() / 2]).await.as_secs_f64());
        let tally = loop {
            let tally = reader.get(&format!("/api/studies/{study}/previews")).await.ok().json();
            if tally["over"] == true {
                break tally;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        times.push(began.elapsed().as_secs_f64());
        assert_eq!(tally["previewed"], sites.study.len(), "{tally}");
        // Counted is what was sent until here, but for the one image.
        bytes.push(net.sent().bytes - before.bytes - Sites::bytes(&sites.study[..1]));
        net.unshape();
    }
    let all = Sites::bytes(&sites.study);
    println!(
        "preview   {:<14} {} images previewed after {:.2} s, {:.1} % of the bytes of {:.0} MB; the first image asked for meanwhile after {:.2} s  (aim {})",
        THIN.name,
        sites.study.len(),
        middle(times),
        100.0 * middle(bytes) / all,
        all / 1e6,
        middle(firsts),
        THIN.aim
    );
}
