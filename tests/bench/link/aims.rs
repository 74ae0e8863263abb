//! What was measured beside what is aimed at, told at the end of a run.

use crate::{Link, middle, ms, net::Sent, of, p95, reader::Reading};
use std::sync::Mutex;

/// What a row of the links is to reach; infinite where nobody asks.
struct Wanted {
    link: &'static str,
    percent_of_floor: f64,
    cold_s: f64,
    warm_s: f64,
    slice_p95_s: f64,
}

const NONE: f64 = f64::INFINITY;
const WANTED: [Wanted; 5] = [
    wanted("1Gb-1ms", 90.0, NONE, NONE, NONE),
    wanted("300Mb-20ms", 96.0, NONE, 0.060, NONE),
    wanted("1Gb-40ms-0.1%", 85.0, 0.150, 0.080, NONE),
    wanted("100Mb-50ms", 95.0, NONE, NONE, 0.150),
    wanted("30Mb-60ms-1%", 95.0, NONE, 0.350, NONE),
];
/// Of the sender's own queue, percent.
const DROPS_MAX: f64 = 2.0;

const fn wanted(link: &'static str, percent_of_floor: f64, cold_s: f64, warm_s: f64, slice_p95_s: f64) -> Wanted {
    Wanted { link, percent_of_floor, cold_s, warm_s, slice_p95_s }
}

/// A line of the list.
struct Figure {
    what: String,
    aim: String,
    measured: String,
    is_met: Option<bool>,
}

static FIGURES: Mutex<Vec<Figure>> = Mutex::new(Vec::new());

fn note(what: &str, aim: &str, measured: String, is_met: Option<bool>) {
    FIGURES.lock().unwrap().push(Figure { what: what.to_owned(), aim: aim.to_owned(), measured, is_met });
}

/// A figure with an aim.
pub(crate) fn judge(what: &str, aim: &str, measured: String, is_met: bool) {
    note(what, aim, measured, Some(is_met));
}

/// A figure that nobody set an aim for.
pub(crate) fn tell(what: &str, measured: String) {
    note(what, "–", measured, None);
}

/// What was read over a link.
pub(crate) fn link(link: &Link, readings: &[Reading], warm: &[f64]) {
    let Some(wanted) = WANTED.iter().find(|wanted| wanted.link == link.name) else { return };
    let is_whole = readings.iter().all(|reading| reading.images == link.images);
    let percent = 100.0 * link.floor_s(of(readings, |r| r.bytes), 2.0) / of(readings, |r| r.total_s);
    let measured = if is_whole { format!("{percent:.1} %") } else { "not all of it came".to_owned() };
    let name = |of: &str| format!("{} {of}", link.name);
    let is_met = is_whole && percent >= wanted.percent_of_floor;
    judge(&name("of the floor"), &format!("≥ {} %", wanted.percent_of_floor), measured, is_met);
    let slices: Vec<f64> = readings.iter().flat_map(|reading| reading.slices_s.clone()).collect();
    for (what, aim_s, took_s) in [
        ("first image, cold", wanted.cold_s, of(readings, |r| r.first_s)),
        ("first image, warm", wanted.warm_s, middle(warm.to_vec())),
        ("any slice, p95", wanted.slice_p95_s, p95(slices)),
    ] {
        if aim_s < NONE {
            judge(&name(what), &format!("≤ {}", ms(aim_s)), ms(took_s), took_s <= aim_s);
        }
    }
    let dropped = 100.0 * of(readings, |r| share_dropped(&r.sent));
    judge(&name("drops"), &format!("< {DROPS_MAX} %"), format!("{dropped:.2} %"), dropped < DROPS_MAX);
    let gb = |reading: &Reading| reading.bytes / 1e9;
    let (holder, reader) = (of(readings, |r| r.holder.cpu_s / gb(r)), of(readings, |r| r.reader.cpu_s / gb(r)));
    tell(&name("CPU of both"), format!("{holder:.1} + {reader:.1} s/GB"));
    let (holder, reader) = (of(readings, |r| r.holder.peak_mb), of(readings, |r| r.reader.peak_mb));
    tell(&name("peak memory of both"), format!("{holder:.0} + {reader:.0} MB"));
}

fn share_dropped(sent: &Sent) -> f64 {
    sent.dropped / sent.packets
}

/// The list of this run.
pub(crate) fn print() {
    let figures = FIGURES.lock().unwrap();
    if figures.is_empty() {
        return;
    }
    println!("\n{:<52} {:<34} {:<34} met?", "figure", "aim", "measured");
    for Figure { what, aim, measured, is_met } in figures.iter() {
        let met = match is_met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "–",
        };
        println!("{what:<52} {aim:<34} {measured:<34} {met}");
    }
    let judged = figures.iter().filter_map(|figure| figure.is_met);
    let (met, all) = judged.fold((0, 0), |(met, all), is_met| (met + u32::from(is_met), all + 1));
    println!("{met} of {all} aims met");
}
