//! The reading site's address changes in the middle of a transfer: another is there, then the old one is no more.
//!
//! What came in bytes is compared with the same transfer at rest: what is more was in flight when the address went.

use crate::{
    aims, middle, ms,
    net::{Net, READER},
    rows::{come, fetch, link, reaches, row},
    sites::Sites,
    worst,
};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use tests::eventually;

/// Another address of the reader's place, which the emulator brings there too.
const ELSEWHERE: &str = "10.77.2.9";
const DEVICE: &str = "wan0";
/// Between two looks at what came.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const AIM_S: f64 = 1.5;
/// More than at rest, in bytes that the link holds in a round trip: a window has twice as many.
const MORE_MAX: f64 = 3.0;

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).args(["dev", DEVICE]).status().unwrap();
    assert!(status.success(), "ip {arguments:?}");
}

fn move_away() {
    ip(&["addr", "add", &format!("{ELSEWHERE}/32")]);
    ip(&["addr", "del", &format!("{READER}/24")]);
}

fn move_back() {
    ip(&["addr", "add", &format!("{READER}/24")]);
    ip(&["addr", "del", &format!("{ELSEWHERE}/32")]);
}

/// The reader listens at whatever addresses it has, and tells of these.
async fn listens_at(sites: &Sites, hosts: &[&str]) {
    let reader = &sites.pair.b;
    reader.stop().await;
    for (plane, port) in [("overlay", reader.overlay().port()), ("pixels", reader.pixels().port())] {
        let told = hosts.iter().map(|host| toml::Value::String(format!("{host}:{port}"))).collect();
        reader.configure(plane, "advertise", toml::Value::Array(told));
        reader.configure(plane, "listen", toml::Value::String(format!("0.0.0.0:{port}")));
    }
    reader.serve().await;
}

/// The transfer of the study, with a move in its midst or without. The longest time without a byte after the move, and the bytes
/// that the holder sent.
async fn carried(net: &Net, sites: &Sites, moves: bool) -> (f64, f64) {
    let link = link("100Mb-50ms");
    net.shape(&link);
    sites.anew().await;
    sites.warmed().await;
    let (reader, study) = (&sites.pair.b, &sites.study[0].study);
    let before = net.sent();
    fetch(reader, study).await;
    let _ = reaches(reader, study, Sites::bytes(&sites.study) / 4.0).await;
    if moves {
        move_away();
    }
    let (mut last, mut at, mut longest) = (come(reader, study).await, Instant::now(), 0.0_f64);
    while row(reader, study).await.is_none_or(|row| row["state"] != "done") {
        let now = come(reader, study).await;
        if now > last {
            longest = longest.max(at.elapsed().as_secs_f64());
            (last, at) = (now, Instant::now());
        }
        assert!(at.elapsed() < crate::LIMIT, "nothing comes any more");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let sent = net.sent().bytes - before.bytes;
    if moves {
        move_back();
    }
    net.unshape();
    (longest, sent)
}

pub(crate) async fn address(net: &Net, sites: &Sites, runs: usize) {
    net.unshape();
    listens_at(sites, &[READER, ELSEWHERE]).await;
    let (mut gaps, mut more, mut at_rest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let rest = carried(net, sites, false).await;
        let moved = carried(net, sites, true).await;
        // What was read is what was stored.
        let _ = crate::reader::compared(&sites.pair.b, &sites.study).await;
        gaps.push(moved.0);
        at_rest.push(rest.0);
        more.push(moved.1 - rest.1);
    }
    listens_at(sites, &[READER]).await;
    eventually!(60, "the reader has heard of the study", sites.pair.b.listed(&sites.study[0].study).await);
    let link = link("100Mb-50ms");
    let holds = link.bits_per_s / 8.0 * f64::from(link.rtt_ms) / 1e3;
    let (gap, extra) = (middle(gaps.clone()), middle(more.clone()) / holds);
    println!(
        "address at {}: the reader's address changed, at most {} without a byte ({} in the worst run, {} at rest); {:.0} kB more than at \
         rest, {extra:.1} times what the link holds in a round trip ({:.1} in the worst run), of {runs} runs  (aim ≤ {AIM_S} s)",
        link.name,
        ms(gap),
        ms(worst(&gaps)),
        ms(middle(at_rest)),
        middle(more.clone()) / 1e3,
        worst(&more) / holds,
    );
    aims::judge("address changed: without a byte", &format!("≤ {AIM_S} s"), ms(gap), gap <= AIM_S);
    aims::judge(
        "address changed: bytes more than at rest",
        &format!("≤ {MORE_MAX} times what the link holds"),
        format!("{extra:.1} times"),
        extra <= MORE_MAX,
    );
}
