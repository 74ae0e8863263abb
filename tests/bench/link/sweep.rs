//! Goodput over links of many kinds, against TCP under the kernel's BBR over the same link: a table, and a picture of it.

use crate::{Link, link, net::Net, rows, shares::Stream, sites::Sites};
use std::{
    fmt::Write,
    path::PathBuf,
    time::{Duration, Instant},
};
use tests::{eventually, wait::holds};

const RATES: [f64; 3] = [10e6, 100e6, 1000e6];
const ROUND_TRIPS_MS: [u32; 5] = [1, 10, 40, 100, 300];
const LOSSES: [&str; 4] = ["0%", "0.1%", "1%", "3%"];
/// From the click, or from the connection, on.
const LASTS: Duration = Duration::from_secs(5);

/// Bytes of images or of a stream as a share of what the link carries.
#[derive(Clone, Copy)]
struct Cell {
    ours: f64,
    bbr: f64,
}

/// Where the picture goes: beside what was built.
fn picture() -> PathBuf {
    let built = std::env::current_exe().unwrap();
    built.ancestors().nth(3).unwrap().join("sweep.svg")
}

/// Bytes a second over the first seconds, or until `all` were there.
async fn goodput(all: f64, come: impl AsyncFn() -> f64) -> f64 {
    let began = Instant::now();
    eventually!(10, "the time is over", { holds(began.elapsed() >= LASTS || come().await >= all) });
    come().await / began.elapsed().as_secs_f64()
}

async fn cell(net: &Net, sites: &Sites, link: &Link) -> Cell {
    let (reader, study) = (&sites.pair.b, &sites.study[0].study);
    // Before they connect: a path is what it was found to be.
    net.shape(link);
    sites.anew().await;
    rows::connected(sites).await;
    rows::fetch(reader, study).await;
    let ours = goodput(Sites::bytes(&sites.study), async || rows::come(reader, study).await).await;
    let _ = reader.stop().await;
    net.unshape();
    net.shape(link);
    let stream = Stream::open(net, "bbr");
    let bbr = goodput(f64::INFINITY, async || stream.bytes()).await;
    drop(stream);
    net.unshape();
    reader.serve().await;
    let share = |bytes_per_s: f64| 100.0 * bytes_per_s * 8.0 / link.bits_per_s;
    Cell { ours: share(ours), bbr: share(bbr) }
}

pub(crate) async fn run(net: &Net, sites: &Sites) {
    println!("sweep: % of the link's rate over the first {} s, this node / TCP under BBR", LASTS.as_secs());
    let mut cells = Vec::new();
    for rate in RATES {
        for rtt_ms in ROUND_TRIPS_MS {
            let mut line = format!("{:>5.0} Mb/s {rtt_ms:>4} ms", rate / 1e6);
            for loss in LOSSES {
                let cell = cell(net, sites, &link("sweep", rate, rtt_ms, loss, 500, "")).await;
                let _ = write!(line, "   {loss:>4} {:>3.0} / {:<3.0}", cell.ours, cell.bbr);
                cells.push(cell);
            }
            println!("{line}");
        }
    }
    std::fs::write(picture(), draw(&cells)).unwrap();
    println!("drawn: {}", picture().display());
}

/// From red over yellow to green.
fn colour(share: f64) -> String {
    format!("hsl({:.0} 55% 40%)", (share * 1.2).clamp(0.0, 120.0))
}

fn draw(cells: &[Cell]) -> String {
    let (wide, high, left, top) = (92, 34, 74, 62);
    let grid = LOSSES.len() * wide + left;
    let (all_wide, all_high) = (grid * RATES.len() + 12, top + ROUND_TRIPS_MS.len() * high + 34);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all_wide} {all_high}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#10151d\"/><g fill=\"#e7ecf3\">\
         <text x=\"12\" y=\"20\" font-size=\"14\">Share of the link's rate in the first {} s: this node / TCP under the kernel's \
         BBR, percent</text>",
        LASTS.as_secs()
    );
    for (which, rate) in RATES.iter().enumerate() {
        let x = which * grid;
        let _ = write!(svg, "<text x=\"{}\" y=\"42\">{:.0} Mb/s, loss →</text>", x + left, rate / 1e6);
        for (column, loss) in LOSSES.iter().enumerate() {
            let _ = write!(svg, "<text x=\"{}\" y=\"57\">{loss}</text>", x + left + column * wide + 6);
        }
        for (row, rtt) in ROUND_TRIPS_MS.iter().enumerate() {
            let y = top + row * high;
            let _ = write!(svg, "<text x=\"{}\" y=\"{}\">{rtt} ms</text>", x + 16, y + 21);
            for column in 0..LOSSES.len() {
                let Cell { ours, bbr } = cells[(which * ROUND_TRIPS_MS.len() + row) * LOSSES.len() + column];
                let x = x + left + column * wide;
                let _ = write!(
                    svg,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"{}\"/>\
                     <text x=\"{}\" y=\"{}\" fill=\"#fff\">{ours:.0} / {bbr:.0}</text>",
                    wide - 4,
                    high - 4,
                    colour(ours),
                    x + 10,
                    y + 20
                );
            }
        }
    }
    svg.push_str("</g></svg>\n");
    svg
}
