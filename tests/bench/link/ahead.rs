//! What stands for images until they are here: a stack in reduced frames over a thin link.

use crate::{Link, aims, middle, net::Net, reader, sites::Sites, worst};
use serde_json::json;
use std::time::{Duration, Instant};

/// Between two looks at how far previews are.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const THIN: Link =
    Link { name: "30Mb-60ms", bits_per_s: 30e6, rtt_ms: 60, loss: "0%", images: 500, aim: "8–12 % of the bytes" };

/// Percent of the images' bytes.
const SHARE_MAX: f64 = 12.0;

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
    let percent = 100.0 * middle(bytes) / all;
    println!(
        "preview   {:<14} {} images previewed after {:.2} s (at most {:.2}), {percent:.1} % of the bytes of {:.0} MB; the first image \
         asked for meanwhile after {:.2} s (at most {:.2}), of {runs} runs  (aim {})",
        THIN.name,
        sites.study.len(),
        middle(times.clone()),
        worst(&times),
        all / 1e6,
        middle(firsts.clone()),
        worst(&firsts),
        THIN.aim
    );
    aims::judge("preview: a stack in reduced frames", THIN.aim, format!("{percent:.1} %"), percent <= SHARE_MAX);
}
