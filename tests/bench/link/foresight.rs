//! What was foretold of studies that nobody had opened yet, and what came: over four links, each met for the first time.
//!
//! Where the node finds out by itself how fast a link is, nothing else teaches it; else one study is opened first, which does not
//! count. The others have other numbers of images, of other sizes. What is not foretold is missed.

use crate::{
    aims,
    net::Net,
    reader,
    rows::{connected, link, row},
    sites::Sites,
};
use std::{
    fs,
    time::{Duration, Instant},
};
use tests::{Instance, Site, Study, eventually};

const OVER: [&str; 4] = ["1Gb-1ms", "300Mb-20ms", "100Mb-50ms", "30Mb-60ms-1%"];
/// Images, and the side of each.
const STUDIES: [(u32, u16); 6] = [(120, 320), (160, 256), (90, 512), (30, 768), (300, 256), (40, 512)];
/// So long a link that was just met may be tried.
const TRIED_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks whether all is here: short against the shortest study.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const WITHIN: std::ops::RangeInclusive<f64> = 0.75..=1.25;
const AIM_PERCENT: f64 = 90.0;

/// Seconds until the first image, and until all of them.
type Told = (Option<f64>, Option<f64>);

async fn forecast(site: &Site, study: &str) -> Told {
    let told = site.get(&format!("/api/studies/{study}/forecast")).await.ok().json();
    (told["first_s"].as_f64(), told["whole_s"].as_f64())
}

/// Opens a study as a viewer does: its middle image, and the rest follows.
async fn open(site: &Site, images: &[Instance]) -> (f64, f64) {
    let began = Instant::now();
    let first = reader::frame(site, &images[images.len() / 2]).await.as_secs_f64();
    let study = &images[0].study;
    while row(site, study).await.is_none_or(|row| row["state"] != "done") {
        assert!(began.elapsed() < crate::LIMIT, "{study} does not come to its end");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    (first, began.elapsed().as_secs_f64())
}

/// The reader begins anew and knows nothing of any link.
async fn met_for_the_first_time(sites: &Sites, studies: &[Vec<Instance>]) {
    let reader = &sites.pair.b;
    reader.stop().await;
    let _ = fs::remove_file(reader.dir().join("links.state"));
    sites.anew().await;
    for images in studies {
        eventually!(60, "the reader has heard of the study", reader.listed(&images[0].study).await);
    }
    connected(sites).await;
}

/// Whether the node comes to foretell something by itself.
async fn is_tried(site: &Site, study: &str) -> bool {
    let began = Instant::now();
    while began.elapsed() < TRIED_WITHIN {
        if forecast(site, study).await.1.is_some() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

async fn made(sites: &Sites) -> Vec<Vec<Instance>> {
    let mut studies = Vec::new();
    for (at, (images, side)) in STUDIES.into_iter().enumerate() {
        let (made, paths) = Study::of(images).size(side, side).write(&sites.pair.a.scratch(&format!("foretold-{at}")));
        sites.pair.announced(&made[0].study, made.len(), &paths).await;
        studies.push(made);
    }
    studies
}

/// So many times what came was foretold, or the other way round; without end where nothing was.
fn off(ratio: f64) -> f64 {
    ratio.max(1.0 / ratio)
}

fn tell(what: &str, ratios: &[f64]) {
    let good = ratios.iter().filter(|ratio| WITHIN.contains(*ratio)).count();
    let percent = 100.0 * good as f64 / ratios.len() as f64;
    let worst = ratios.iter().copied().max_by(|one, other| off(*one).total_cmp(&off(*other))).unwrap_or(f64::NAN);
    println!(
        "foretold within 25 %: {what} {percent:.0} %, of {} opens over {} links; the worst was foretold as {worst:.2} times what came  \
         (aim {AIM_PERCENT} %)",
        ratios.len(),
        OVER.len()
    );
    aims::judge(
        &format!("foresight: {what}, within 25 %"),
        &format!("≥ {AIM_PERCENT} % of {} opens", ratios.len()),
        format!("{percent:.0} %, the worst {worst:.2} times"),
        percent >= AIM_PERCENT,
    );
}

pub(crate) async fn foresight(net: &Net, sites: &Sites) {
    net.unshape();
    let studies = made(sites).await;
    let reader = &sites.pair.b;
    let (mut firsts, mut wholes) = (Vec::new(), Vec::new());
    for name in OVER {
        net.shape(&link(name));
        met_for_the_first_time(sites, &studies).await;
        if is_tried(reader, &studies[0][0].study).await {
            println!("  {name:<14} foretold at first contact");
        } else {
            let (first, whole) = open(reader, &sites.other).await;
            println!("  {name:<14} nothing foretold at first contact; taught by {first:.3} s, all {whole:.2} s");
        }
        for images in &studies {
            let (first_told, whole_told) = forecast(reader, &images[0].study).await;
            let (first, whole) = open(reader, images).await;
            firsts.push(first_told.unwrap_or_default() / first);
            wholes.push(whole_told.unwrap_or_default() / whole);
            println!(
                "  {name:<14} {:>3} of {:>4} kB: first {first:.3} s, told {first_told:.3?}; all {whole:.2} s, told {whole_told:.2?}",
                images.len(),
                images[0].data_set().len() / 1000
            );
        }
        net.unshape();
    }
    tell("first image", &firsts);
    tell("all images", &wholes);
}
