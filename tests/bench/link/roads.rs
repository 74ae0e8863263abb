//! Readings over roads other than UDP from site to site: 100 Mb/s, 40 ms, no loss.

use crate::{
    IMAGES, LIMIT, Link, aims, middle, ms,
    net::{CENTRE, Net},
    reader::{self, Reading},
    share,
    sites::{self, Sites},
    worst,
};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use tests::{Pair, Site, eventually, hospital, wait::holds};

/// Rows that want places of their own, and what kind of address translator stands before both sites there.
pub(crate) const NATS: [(&str, &str); 2] = [("relay", "random"), ("punch", "masquerade")];
/// What a row waits for.
const ROADS: [(&str, &str); 2] = [("relay", "relay"), ("punch", "punched")];

const LINK: Link =
    Link { name: "100Mb-40ms", bits_per_s: 100e6, rtt_ms: 40, loss: "0%", images: 200, aim: "≥ 80 % of 100 Mb/s" };

/// What the aim says.
const RATE_MBIT_MIN: f64 = 80.0;

async fn road(sites: &Sites) -> String {
    let links = sites.pair.b.get("/api/links").await.ok().json();
    let link = links.as_array().unwrap().iter().find(|link| link["site"] == sites.pair.a_id).cloned();
    link.and_then(|link| link["road"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// As they are stored: what is measured is the road.
fn uncoded(site: &Site) {
    site.configure("pixels", "coding", toml::Value::String("off".to_owned()));
}

async fn readings(net: &Net, sites: &Sites, word: &str, runs: usize) -> Vec<Reading> {
    let mut readings = Vec::new();
    for _ in 0..runs {
        sites.anew().await;
        eventually!(120, format!("the road is {word}"), {
            // Asked for something, a line that is not kept warm is dialled.
            let _ = sites.pair.b.frame(&sites.small[0].path(), 1).await;
            holds(road(sites).await == word)
        });
        readings.push(reader::read(net, sites, &LINK, LIMIT, false).await);
        assert_eq!(road(sites).await, word, "the road was the same to the end");
    }
    readings
}

fn print(row: &str, readings: &[Reading]) {
    let middle_of = |what: fn(&Reading) -> f64| middle(readings.iter().map(what).collect());
    let worst_of = |what: fn(&Reading) -> f64| worst(&readings.iter().map(what).collect::<Vec<f64>>());
    let (total, bytes) = (middle_of(|r| r.total_s), middle_of(|r| r.bytes));
    let is_whole = readings.iter().all(|r| r.images == LINK.images);
    let rate = bytes * 8.0 / total / 1e6;
    println!(
        "{row:<8} {} {}: {total:.2} s (at most {:.2}), {rate:.1} Mb/s of images, {} of the floor, first image {} (at most {}), \
         CPU {:.1} + {:.1} s/GB, memory {:.0} + {:.0} MB, of {} runs  (aim {})",
        LINK.name,
        if is_whole { "all" } else { "not all" },
        worst_of(|r| r.total_s),
        share(&LINK, is_whole, total, middle_of(|r| r.sent.bytes), bytes),
        ms(middle_of(|r| r.first_s)),
        ms(worst_of(|r| r.first_s)),
        middle_of(|r| r.holder.cpu_s / (r.bytes / 1e9)),
        middle_of(|r| r.reader.cpu_s / (r.bytes / 1e9)),
        middle_of(|r| r.holder.peak_mb),
        middle_of(|r| r.reader.peak_mb),
        readings.len(),
        LINK.aim,
    );
    let is_met = is_whole && rate >= RATE_MBIT_MIN;
    aims::judge(&format!("{row}: images over this road"), LINK.aim, format!("{rate:.1} Mb/s"), is_met);
}

/// No datagram passes from the start on.
pub(crate) async fn blocked(net: &Net, sites: &Sites, runs: usize) {
    uncoded(&sites.pair.b);
    net.shape(&LINK);
    net.block_udp(true);
    let readings = readings(net, sites, "tcp", runs).await;
    print("blocked", &readings);
    net.block_udp(false);
    net.unshape();
}

/// Two sites behind address translators, and a third.
pub(crate) async fn apart(row: &str, runs: usize) {
    let net = Net::here();
    let binary = std::env::var_os("CONFRERE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_site").into(), PathBuf::from);
    let (sites, _centre) = open(&net, &binary).await;
    let (_, word) = ROADS.iter().find(|(name, _)| *name == row).unwrap();
    net.shape(&LINK);
    let readings = readings(&net, &sites, word, runs).await;
    print(row, &readings);
    net.unshape();
}

/// A program that runs another in a namespace once a file is there.
fn wrapper(folder: &Path, place: &str, flag: &Path, program: &Path) -> String {
    let path = folder.join(format!("confrere-at-{place}"));
    let (flag, program) = (flag.display(), program.display());
    let script = format!(
        "#!/bin/sh\nif [ -e {flag} ] && [ \"$1\" = serve ]; then exec ip netns exec {place} {program} \"$@\"; fi\nexec {program} \"$@\"\n"
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_string_lossy().into_owned()
}

/// They meet in one place, as before a move, and are then parted: neither has an address at which the other finds it.
async fn open(net: &Net, binary: &Path) -> (Sites, Site) {
    let folder = TempDir::with_prefix("confrere-link-").unwrap();
    let flag = folder.path().join("apart");
    let centre_place = net.centre.clone().expect("a third place");
    let holder = Site::init(&wrapper(folder.path(), &net.holder, &flag, binary), "CH Nord");
    let centre = Site::init(&wrapper(folder.path(), &centre_place, &flag, binary), "CHU Centre");
    let reader = Site::init(&binary.to_string_lossy(), "CHU Sud");
    centre.configure("relay", "enabled", toml::Value::Boolean(true));
    for site in [&holder, &centre, &reader] {
        uncoded(site);
        for (plane, port) in [("overlay", site.overlay().port()), ("pixels", site.pixels().port())] {
            let hosts = if std::ptr::eq(site, &centre) { vec!["127.0.0.1", CENTRE] } else { vec!["127.0.0.1"] };
            let told = hosts.iter().map(|host| toml::Value::String(format!("{host}:{port}"))).collect();
            site.configure(plane, "advertise", toml::Value::Array(told));
            site.configure(plane, "listen", toml::Value::String(format!("0.0.0.0:{port}")));
        }
        site.serve().await;
    }
    let (a_id, b_id) = (holder.id().await, reader.id().await);
    let pair = Pair { a: holder, b: reader, a_id, b_id };
    pair.pair().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    for site in [&pair.a, &pair.b] {
        hospital::pair(&centre, site).await;
        let _ = hospital::agree((&centre, site), &json!({ "preset": "on-call" })).await;
    }
    let mut made = Vec::new();
    for (name, count) in [("study", IMAGES.min(LINK.images)), ("small", 8), ("other", 2)] {
        let (instances, paths) = sites::images(count).write(&pair.a.scratch(name));
        pair.announced(&instances[0].study, instances.len(), &paths).await;
        made.push((instances, paths));
    }
    let mut made = made.into_iter();
    let ((study, files), (small, _), (other, _)) = (made.next().unwrap(), made.next().unwrap(), made.next().unwrap());
    for site in [&pair.a, &pair.b, &centre] {
        site.stop().await;
    }
    fs::write(&flag, b"").unwrap();
    let mut far = Vec::new();
    for (place, site) in [(&net.holder, &pair.a), (&centre_place, &centre)] {
        for port in [site.portal(), site.dimse()] {
            far.push(Net::reach_at(place, folder.path(), port).await);
        }
    }
    for site in [&centre, &pair.a, &pair.b] {
        site.serve().await;
    }
    (Sites { pair, study, small, other, far, files, _folder: folder }, centre)
}
