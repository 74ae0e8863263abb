//! What it costs that every range is verified: the processor time of it beside that of the whole transfer, and the bytes of its
//! proof beside those of the objects.
//!
//! Nothing can be asked for unverified, so what it costs is counted and not left out: the same objects are hashed as the holder does
//! when it opens them (the values of all groups, which merge to the digest) and checked as the reader does (values against digest,
//! each group against its value), by one thread of this process, in the same run as the transfer that it is compared with.

use crate::{LIMIT, Link, aims, middle, net::Net, reader, rows, sites, sites::Sites};
use protocol::{
    Digest,
    digest::Groups,
    limits::{GROUP, GROUP_BYTES},
};
use std::{hint::black_box, time::Instant};

/// Hashed at least, so that ticks of ten milliseconds do not matter.
const HASHED_BYTES_MIN: f64 = 4e9;
const AIM_PERCENT: f64 = 3.0;

/// An object, and what the manifest and the holder say of it.
struct Known<'a> {
    set: &'a [u8],
    digest: Digest,
    groups: Groups,
}

/// Seconds of this process, and of the clock, that a gigabyte of the objects takes.
fn cost(known: &[Known<'_>], work: impl Fn(&Known<'_>)) -> (f64, f64) {
    let bytes: f64 = known.iter().map(|one| one.set.len() as f64).sum();
    let (cpu, began, mut done) = (sites::cpu_s("self"), Instant::now(), 0.0);
    while done < HASHED_BYTES_MIN {
        known.iter().for_each(&work);
        done += bytes;
    }
    ((sites::cpu_s("self") - cpu) / (done / 1e9), began.elapsed().as_secs_f64() / (done / 1e9))
}

/// As the holder does when it opens an object.
fn value(one: &Known<'_>) {
    let _ = black_box(Groups::of(black_box(one.set)));
}

/// As the reader does with what came.
fn check(one: &Known<'_>) {
    assert!(one.groups.belong_to(&one.digest, one.set.len() as u64), "they are its groups");
    for (index, group) in (0..).zip(one.set.chunks(GROUP)) {
        assert!(one.groups.holds(index, group, &one.digest), "it is its group");
    }
}

/// Of the objects of a study read at 1 Gb/s.
pub(crate) async fn verify(net: &Net, sites: &Sites, runs: usize) {
    let link = rows::link("1Gb-1ms");
    let link = Link { images: link.images.min(sites.study.len()), ..link };
    let (mut holder, mut at, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        net.shape(&link);
        sites.anew().await;
        let reading = reader::read(net, sites, &link, LIMIT, false).await;
        net.unshape();
        let gb = reading.bytes / 1e9;
        holder.push(reading.holder.cpu_s / gb);
        at.push(reading.reader.cpu_s / gb);
        took.push(reading.total_s / gb);
    }
    let (transfer, took) = (middle(holder) + middle(at), middle(took));
    let images = &sites.study[..link.images];
    let known: Vec<Known<'_>> = images
        .iter()
        .map(|instance| {
            let (groups, digest) = Groups::of(instance.data_set());
            Known { set: instance.data_set(), digest, groups }
        })
        .collect();
    let ((made, made_s), (checked, checked_s)) = (cost(&known, value), cost(&known, check));
    let verifying = made + checked;
    let percent = 100.0 * verifying / (transfer - verifying);
    let proof: u64 = known.iter().map(|one| one.groups.0.len() as u64 * 32).sum();
    let proof_percent = 100.0 * proof as f64 / Sites::bytes(images);
    println!(
        "verify  {}: {made:.3} s/GB at the holder and {checked:.3} s/GB at the reader of {transfer:.2} s/GB in all: {percent:.1} % more than \
         unverified; in time {:.3} s of {took:.2} s a GB, one core; proof {proof_percent:.3} % of the bytes (32 for each {} kB), of {runs} \
         runs  (aim ≤ {AIM_PERCENT} %)",
        link.name,
        made_s + checked_s,
        GROUP_BYTES / 1024,
    );
    let aim = format!("≤ {AIM_PERCENT} %");
    aims::judge(
        "verify: processor time",
        &aim,
        format!("{percent:.1} % of {transfer:.1} s/GB"),
        percent <= AIM_PERCENT,
    );
    aims::judge("verify: bytes on the link", &aim, format!("{proof_percent:.3} %"), proof_percent <= AIM_PERCENT);
}
