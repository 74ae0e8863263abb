//! A study read from two holders at once, each over a link of its own: 50 Mb/s, 20 ms, no loss. The custodian, and a site that
//! has a copy and may pass it on.

use crate::{
    IMAGES, LIMIT, Link, aims, middle, ms,
    net::{CENTRE, HOLDER, Net, READER},
    reader, sites,
    sites::Sites,
    worst,
};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tests::{Pair, Site, eventually, hospital};

/// Rows that want a third place.
pub(crate) const ROWS: [&str; 2] = ["holders", "unplug"];

const LINK: Link =
    Link { name: "2x50Mb-20ms", bits_per_s: 50e6, rtt_ms: 20, loss: "0%", images: 200, aim: "≥ 90 Mb/s" };
/// Aims: images from both, and the time without one when a holder is cut off.
const RATE_MBIT_MIN: f64 = 90.0;
const GAP_S: f64 = 0.3;
/// Images that are looked at side by side, as a viewer that loads a stack does.
const SIDE_BY_SIDE: usize = 6;
/// So long after the cut a gap is looked for: longer than any line takes to be given up.
const LOOKED_AT: Duration = Duration::from_secs(5);

async fn row(site: &Site, study: &str) -> Option<Value> {
    let rows = site.get("/api/transfers").await.ok().json();
    rows.as_array().unwrap().iter().find(|row| row["study"] == *study).cloned()
}

/// Three sites: the custodian, one that has a whole copy, and the reader.
async fn open(net: &Net, binary: &std::path::Path) -> (Sites, Site) {
    let folder = TempDir::with_prefix("confrere-link-").unwrap();
    let place = net.centre.clone().expect("a third place");
    let at = |place: &str| net.wrapper_at(place, folder.path(), binary).to_string_lossy().into_owned();
    let holder = Site::init(&at(&net.holder), "CH Nord");
    let centre = Site::init(&at(&place), "CHU Centre");
    let reader = Site::init(&binary.to_string_lossy(), "CHU Sud");
    let mut far = Vec::new();
    for (site, host, place) in
        [(&holder, HOLDER, Some(&net.holder)), (&centre, CENTRE, Some(&place)), (&reader, READER, None)]
    {
        sites::at(site, host);
        site.configure("pixels", "coding", "off".into());
        if let Some(place) = place {
            for port in [site.portal(), site.dimse()] {
                far.push(Net::reach_at(place, folder.path(), port).await);
            }
        }
        site.serve().await;
    }
    let (a_id, b_id) = (holder.id().await, reader.id().await);
    let pair = Pair { a: holder, b: reader, a_id, b_id };
    pair.pair().await;
    hospital::pair(&pair.a, &centre).await;
    hospital::pair(&centre, &pair.b).await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let _ = hospital::agree((&pair.a, &centre), &json!({ "preset": "all", "onward": true })).await;
    let mut made = Vec::new();
    for (name, count) in [("study", IMAGES.min(LINK.images)), ("small", 8), ("other", 2)] {
        let (instances, paths) = sites::images(count).write(&pair.a.scratch(name));
        pair.announced(&instances[0].study, instances.len(), &paths).await;
        made.push((instances, paths));
    }
    let mut made = made.into_iter();
    let ((study, files), (small, _), (other, _)) = (made.next().unwrap(), made.next().unwrap(), made.next().unwrap());
    let uid = &study[0].study;
    eventually!(30, "the other holder has heard of the study", centre.listed(uid).await);
    let _ = centre.post(&format!("/api/studies/{uid}/fetch"), &json!({})).await.ok();
    eventually!(120, "it has a whole copy", row(&centre, uid).await.filter(|row| row["state"] == "done"));
    (Sites { pair, study, small, other, far, files, _folder: folder }, centre)
}

/// Both links as the row says.
fn shape(net: &Net) {
    net.shape(&LINK);
    net.shape_at("centre", &LINK);
}

/// What happened after the cut.
struct Unplugged {
    /// The longest time in which no image came, as long as a line may take to be given up.
    gap_s: f64,
    /// The same until all were here.
    longest_s: f64,
    /// From the cut until all were here.
    whole_s: f64,
}

/// The first images come, one holder is cut off for good, and the others are looked at to the last.
async fn unplugged(net: &Net, sites: &Sites, place: &str) -> Unplugged {
    net.unshape();
    sites.anew().await;
    sites.warmed().await;
    shape(net);
    let (next, came, cut) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(None));
    let look = async || {
        while let Some(instance) = sites.study.get(next.fetch_add(1, Ordering::Relaxed)) {
            let _ = reader::frame(&sites.pair.b, instance).await;
            let mut came = came.lock().unwrap();
            came.push(Instant::now());
            if came.len() == LINK.images / 3 {
                net.cut_at(place, true);
                *cut.lock().unwrap() = Some(Instant::now());
            }
        }
    };
    let all: Vec<_> = (0..SIDE_BY_SIDE).map(|_| look()).collect();
    let _ = futures::future::join_all(all).await;
    net.cut_at(place, false);
    let cut = cut.into_inner().unwrap().expect("it was cut");
    let came = came.into_inner().unwrap();
    assert_eq!(came.len(), LINK.images, "every image came");
    let longest = |within: Duration| {
        let after = came.iter().filter(|at| **at >= cut && at.duration_since(cut) < within);
        let times: Vec<Instant> = [cut].into_iter().chain(after.copied()).collect();
        times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).fold(0.0, f64::max)
    };
    let whole_s = came.last().map_or(0.0, |last| (*last - cut).as_secs_f64());
    Unplugged { gap_s: longest(LOOKED_AT), longest_s: longest(Duration::MAX), whole_s }
}

async fn unplug(net: &Net, sites: &Sites, runs: usize) {
    for (place, who) in [("centre", "the other holder"), ("holder", "the custodian")] {
        let mut went = Vec::new();
        for _ in 0..runs {
            went.push(unplugged(net, sites, place).await);
        }
        let all = |what: fn(&Unplugged) -> f64| went.iter().map(what).collect::<Vec<f64>>();
        let (gaps, longest) = (all(|went| went.gap_s), all(|went| went.longest_s));
        println!(
            "unplug  {}: {who} cut off, {} without an image (at most {}; to the end at most {}), the rest of {} images after {:.2} s, of \
             {runs} runs  (aim ≤ {})",
            LINK.name,
            ms(middle(gaps.clone())),
            ms(worst(&gaps)),
            ms(worst(&longest)),
            LINK.images,
            middle(all(|went| went.whole_s)),
            ms(GAP_S),
        );
        aims::judge(
            &format!("unplug: {who} cut off, without an image"),
            &format!("≤ {}", ms(GAP_S)),
            format!("{}, at most {}", ms(middle(gaps.clone())), ms(worst(&gaps))),
            middle(gaps) <= GAP_S,
        );
    }
}

pub(crate) async fn run(chosen: &[String], runs: usize) {
    let net = Net::here();
    let binary = std::env::var_os("CONFRERE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_site").into(), PathBuf::from);
    let (sites, _centre) = open(&net, &binary).await;
    if chosen.iter().any(|word| word == "holders") {
        let mut readings = Vec::new();
        for _ in 0..runs {
            net.unshape();
            sites.anew().await;
            sites.warmed().await;
            shape(&net);
            readings.push(reader::read(&net, &sites, &LINK, LIMIT, false).await);
        }
        let rates: Vec<f64> = readings.iter().map(|r| r.bytes * 8.0 / r.total_s / 1e6).collect();
        let (rate, least) = (middle(rates.clone()), rates.iter().copied().fold(f64::INFINITY, f64::min));
        aims::judge("holders: images from two at once", LINK.aim, format!("{rate:.1} Mb/s"), rate >= RATE_MBIT_MIN);
        println!(
            "holders {}: {rate:.1} Mb/s of images (at least {least:.1}), all in {:.2} s, first image {}, of {} runs  (aim {})",
            LINK.name,
            middle(readings.iter().map(|r| r.total_s).collect()),
            ms(middle(readings.iter().map(|r| r.first_s).collect())),
            readings.len(),
            LINK.aim,
        );
    }
    if chosen.iter().any(|word| word == "unplug") {
        unplug(&net, &sites, runs).await;
    }
    net.unshape();
}
