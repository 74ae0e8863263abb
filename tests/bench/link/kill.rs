//! Holder and reader are killed in turn while a study is on its way: what that costs on the link, what is given out after each,
//! and what lies on the reader's disk at the end.

use crate::{
    Link, aims,
    net::Net,
    reader,
    rows::{connected, fetch, link, reaches, row},
    sites::Sites,
};
use std::{fs, path::Path};
use tests::{Instance, Site, eventually};

const KILLS: u32 = 20;
/// Images read through the door after each.
const READ_AFTER: usize = 8;
/// Bytes of IP for each of QUIC's payload.
const WITH_HEADERS: f64 = 1.047;
const AIM: f64 = 1.02;
/// A copy's bytes are sealed in chunks of this, each with a tag.
const CHUNK_BYTES: usize = 64 << 10;
const TAG_BYTES: usize = 16;

/// What lies in a folder and those below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lies {
    /// Copies of objects that are whole, and their bytes.
    whole: usize,
    whole_bytes: u64,
    /// Copies that are not.
    partial: usize,
    /// Everything else.
    other_bytes: u64,
}

fn lies(folder: &Path) -> Lies {
    let mut all = Lies::default();
    // What goes while one looks is not there.
    let Ok(items) = fs::read_dir(folder) else { return all };
    for item in items.flatten() {
        let (path, name) = (item.path(), item.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            let below = lies(&path);
            all.whole += below.whole;
            all.whole_bytes += below.whole_bytes;
            all.partial += below.partial;
            all.other_bytes += below.other_bytes;
            continue;
        }
        let bytes = item.metadata().map_or(0, |meta| meta.len());
        if name.ends_with(".all") {
            all.whole += 1;
            all.whole_bytes += bytes;
        } else if name.ends_with(".part") {
            all.partial += 1;
        } else {
            all.other_bytes += bytes;
        }
    }
    all
}

/// Bytes of the node's folder that are not in its cache.
fn beside_cache(site: &Site) -> f64 {
    let bytes = |folder: &Path| {
        let Lies { whole_bytes, other_bytes, .. } = lies(folder);
        (whole_bytes + other_bytes) as f64
    };
    bytes(&site.dir()) - bytes(&site.dir().join("cache"))
}

/// Every object lies in the cache once, whole and sealed, and nowhere else.
fn assert_kept_once(sites: &Sites, beside_before: f64) {
    let kept = lies(&sites.pair.b.dir().join("cache"));
    let both: Vec<&Instance> = sites.study.iter().chain(&sites.small).collect();
    let sealed = |instance: &&Instance| {
        let bytes = instance.data_set().len();
        (bytes + bytes.div_ceil(CHUNK_BYTES) * TAG_BYTES) as u64
    };
    assert_eq!((kept.whole, kept.partial), (both.len(), 0), "one copy of each object: {kept:?}");
    assert_eq!(kept.whole_bytes, both.iter().map(sealed).sum::<u64>(), "as large as it is: {kept:?}");
    let all = Sites::bytes(&sites.study);
    assert!((kept.other_bytes as f64) < all / 20.0, "headers and manifests beside them: {kept:?}");
    let grown = beside_cache(&sites.pair.b) - beside_before;
    assert!(grown < all / 4.0, "the rest of the folder grew by {grown} bytes: there is no second copy in it");
    println!(
        "  on the reader's disk: {} objects, each once, {:.1} MB; beside them in the cache {:.2} MB, elsewhere {:.2} MB more than before",
        kept.whole,
        kept.whole_bytes as f64 / 1e6,
        kept.other_bytes as f64 / 1e6,
        grown / 1e6
    );
}

/// One run: it takes minutes.
pub(crate) async fn kill(net: &Net, sites: &Sites) {
    let link = Link { rtt_ms: 20, ..link("100Mb-50ms") };
    net.shape(&link);
    sites.anew().await;
    sites.warmed().await;
    let (holder, at, study) = (&sites.pair.a, &sites.pair.b, &sites.study[0].study);
    let all = Sites::bytes(&sites.study);
    let beside_before = beside_cache(at);
    let before = net.sent();
    let mut read = 0;
    for n in 1..=KILLS {
        fetch(at, study).await;
        let _ = reaches(at, study, all * f64::from(n) / f64::from(KILLS + 1)).await;
        let victim = if n % 2 == 0 { holder } else { at };
        victim.kill();
        victim.serve().await;
        connected(sites).await;
        // Some that are here and some that are not: what is given out is what was stored, or the reading ends here.
        let some = sites.study.iter().skip(n as usize).step_by((sites.study.len() / READ_AFTER).max(1));
        read += reader::compared(at, some).await;
    }
    fetch(at, study).await;
    eventually!(120, "all of it is here", row(at, study).await.filter(|row| row["state"] == "done"));
    let sent = net.sent().bytes - before.bytes;
    read += reader::compared(at, &sites.study).await;
    assert_kept_once(sites, beside_before);
    let (with, without) = (sent / all, sent / all / WITH_HEADERS);
    println!(
        "{KILLS} kills in {:.0} MB at 100 Mb/s 20 ms: {without:.3} times the bytes of images on the link, {with:.3} with the headers of \
         packets; {read} images read after kills and at the end, each as it was stored; 1 run  (aim ≤ {AIM} without headers)",
        all / 1e6,
    );
    aims::judge(
        "kill: bytes on the link of those of the images",
        &format!("≤ {AIM} without headers"),
        format!("{without:.3} ({with:.3} with headers)"),
        without <= AIM,
    );
    net.unshape();
}
