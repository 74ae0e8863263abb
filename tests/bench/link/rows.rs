//! What happens to a reading besides: a link that fails, a study that cannot wait, and bytes that are coded.

use crate::{LINKS, Link, aims, middle, net::Net, reader, sites::Sites, worst};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tests::{
    Instance, Site, Study, corpus, eventually, hospital,
    part10::{self, uid},
    wait::holds,
};

const OUTAGE: Duration = Duration::from_secs(10);
/// Aims: images are back after an outage, and a study takes longer beside another.
const BACK_S: f64 = 1.5;
const BESIDE_PERCENT: f64 = 10.0;
/// Between two looks at how far a transfer is.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) fn link(name: &str) -> Link {
    *LINKS.iter().find(|link| link.name == name).unwrap()
}

pub(crate) async fn row(site: &Site, study: &str) -> Option<Value> {
    let rows = site.get("/api/transfers").await.ok().json();
    rows.as_array().unwrap().iter().find(|row| row["study"] == *study).cloned()
}

pub(crate) async fn come(site: &Site, study: &str) -> f64 {
    row(site, study).await.and_then(|row| row["bytes_done"].as_f64()).unwrap_or_default()
}

pub(crate) async fn fetch(site: &Site, study: &str) {
    let _ = site.post(&format!("/api/studies/{study}/fetch"), &json!({})).await.ok();
}

/// Waits until so many bytes came; gives when that was seen.
pub(crate) async fn reaches(site: &Site, study: &str, bytes: f64) -> Instant {
    while come(site, study).await < bytes {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Instant::now()
}

pub(crate) async fn connected(sites: &Sites) {
    eventually!(60, "the sites hear one another", {
        let peer = hospital::peer(&sites.pair.b, &sites.pair.a_id).await;
        holds(peer.is_some_and(|peer| peer["connected"] == true))
    });
}

/// The link is down for ten seconds in the middle of a transfer. Seconds until images come again.
async fn back_after(net: &Net, sites: &Sites, link: &Link) -> f64 {
    net.shape(link);
    sites.anew().await;
    sites.warmed().await;
    let (reader, study) = (&sites.pair.b, &sites.study[0].study);
    let all = Sites::bytes(&sites.study);
    fetch(reader, study).await;
    let _ = reaches(reader, study, all / 4.0).await;
    net.cut(true);
    let cut = Instant::now();
    eventually!(20, "the outage is over", holds(cut.elapsed() >= OUTAGE));
    let before = come(reader, study).await;
    net.cut(false);
    let back = Instant::now();
    let resumed = reaches(reader, study, before + 1.0).await;
    net.unshape();
    (resumed - back).as_secs_f64()
}

pub(crate) async fn outage(net: &Net, sites: &Sites, runs: usize) {
    let link = link("100Mb-50ms");
    let mut times = Vec::new();
    for _ in 0..runs {
        times.push(back_after(net, sites, &link).await);
    }
    let (usual, most) = (middle(times.clone()), worst(&times));
    println!(
        "outage of {} s at {}: images come again {usual:.2} s after the link returned (at most {most:.2}), of {runs} runs  (aim ≤ {BACK_S} s)",
        OUTAGE.as_secs(),
        link.name,
    );
    aims::judge(
        "outage of 10 s: images come again",
        &format!("≤ {BACK_S} s"),
        format!("{usual:.2} s, at most {most:.2} s"),
        usual <= BACK_S,
    );
}

async fn read(site: &Site, images: &[Instance]) -> f64 {
    let began = Instant::now();
    for instance in images {
        let _ = reader::frame(site, instance).await;
    }
    began.elapsed().as_secs_f64()
}

/// A study is read image after image, alone and beside the transfer of a routine one that fills the link.
pub(crate) async fn beside(net: &Net, sites: &Sites, runs: usize) {
    let link = link("100Mb-50ms");
    let reader = &sites.pair.b;
    let mut times = [Vec::new(), Vec::new()];
    net.shape(&link);
    for _ in 0..runs {
        for (is_beside, times) in [false, true].into_iter().zip(&mut times) {
            sites.anew().await;
            sites.warmed().await;
            if is_beside {
                let study = &sites.study[0].study;
                fetch(reader, study).await;
                let _ = reaches(reader, study, 20e6).await;
            }
            times.push(read(reader, &sites.other).await);
        }
    }
    net.unshape();
    let [alone, beside] = times;
    let more = |one: f64, other: f64| 100.0 * (other / one - 1.0);
    let percent = more(middle(alone.clone()), middle(beside.clone()));
    let most = worst(&alone.iter().zip(&beside).map(|(one, other)| more(*one, *other)).collect::<Vec<_>>());
    println!(
        "{} images read at {}: {:.2} s alone, {:.2} s beside a routine transfer: {percent:+.0} % (at most {most:+.0} %), of {runs} runs  \
         (aim ≤ +{BESIDE_PERCENT} %)",
        sites.other.len(),
        link.name,
        middle(alone),
        middle(beside),
    );
    aims::judge(
        "beside a routine transfer: time of a study",
        &format!("≤ +{BESIDE_PERCENT} %"),
        format!("{percent:+.0} %, at most {most:+.0} %"),
        percent <= BESIDE_PERCENT,
    );
}

/// The CT of a head that stands for all where the tests' data is here: real noise, which no made image has.
async fn real(sites: &Sites, count: usize) -> Option<Vec<Instance>> {
    let folder = corpus::folder()?.join("series/ct-head-phantom-philips-1mm-140-jpegls");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).ok()?.map(|file| file.unwrap().path()).collect();
    files.sort();
    let plain = sites.pair.a.scratch("plain").join("one.dcm");
    let slices: Vec<Vec<u8>> = files.iter().map(|file| pixels(file, &plain)).collect();
    let (study, series) = (Study::default().size(512, 512), uid());
    let numbered = (1..).zip(slices.iter().cycle()).take(count);
    let instances: Vec<Instance> =
        numbered.map(|(number, slice)| study.showing(slice.clone(), &series, (1, number))).collect();
    let paths = part10::write(&instances, &sites.pair.a.scratch("real"));
    sites.pair.announced(&study.uid, count, &paths).await;
    Some(instances)
}

/// Pixels of a JPEG-LS file of 512 × 512 of 16 bits.
fn pixels(file: &Path, plain: &Path) -> Vec<u8> {
    const BYTES: usize = 512 * 512 * 2;
    let done = Command::new("dcmdjpls").arg(file).arg(plain).status().unwrap();
    assert!(done.success(), "{}", file.display());
    let all = fs::read(plain).unwrap();
    // Pixel Data (7FE0,0010), OW, of that length, wherever it stands.
    let begins = [&b"\xe0\x7f\x10\x00OW\0\0"[..], &u32::try_from(BYTES).unwrap().to_le_bytes()].concat();
    let at = all.windows(begins.len()).position(|part| part == begins).unwrap() + begins.len();
    all[at..at + BYTES].to_vec()
}

/// A CT with coding as the sites choose it and without, over each link.
pub(crate) async fn coded(net: &Net, sites: &mut Sites, runs: usize) {
    net.unshape();
    let made = match real(sites, sites.study.len()).await {
        Some(real) => std::mem::replace(&mut sites.study, real),
        None => {
            println!("coded: of made images, since the data of the tests is not here");
            sites.study.clone()
        }
    };
    over_links(net, sites, runs).await;
    sites.study = made;
}

/// Against the floor of the plain bytes.
async fn over_links(net: &Net, sites: &Sites, runs: usize) {
    for (name, aim_percent) in
        [("1Gb-1ms", 60.0), ("300Mb-20ms", 40.0), ("1Gb-40ms-0.1%", 60.0), ("100Mb-50ms", 35.0), ("30Mb-60ms-1%", 35.0)]
    {
        let link = link(name);
        let link = Link { images: link.images.min(sites.study.len()), ..link };
        let mut middles = Vec::new();
        for mode in ["off", "auto"] {
            net.unshape();
            sites.coding(mode).await;
            let mut readings = Vec::new();
            for _ in 0..runs {
                net.shape(&link);
                sites.anew().await;
                readings.push(reader::read(net, sites, &link, crate::LIMIT, false).await);
                net.unshape();
            }
            let bytes = crate::of(&readings, |r| r.bytes);
            let sent = crate::of(&readings, |r| r.sent.bytes);
            middles.push((crate::of(&readings, |r| r.total_s), bytes, sent / bytes));
        }
        let (plain, coded) = (middles[0], middles[1]);
        let floor = link.floor_s(coded.1, 2.0);
        let (percent, times) = (100.0 * coded.0 / floor, coded.0 / plain.0);
        println!(
            "coded  {name:<14} {:.2} s, {percent:.0} % of the plain floor's {floor:.2} s, {:.2} of the bytes on the link; plain {:.2} s: \
             {times:.2} times, of {runs} runs  (aim ≤ {aim_percent} %, never slower)",
            coded.0, coded.2, plain.0,
        );
        let what = |of: &str| format!("coded {name}: {of}");
        let aim = format!("≤ {aim_percent} %");
        aims::judge(&what("of the plain floor"), &aim, format!("{percent:.0} %"), percent <= aim_percent);
        aims::judge(&what("of plain"), "≤ 1.00 times", format!("{times:.2} times"), times <= 1.0);
    }
}
