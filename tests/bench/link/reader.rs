//! What a reader does: the first image at once, the rest over eight connections, and a slice here and there meanwhile.

use crate::{
    net::{Link, Net, Sent},
    sites::{self, Sites, Used},
};
use protocol::Digest;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tests::{Client, Instance, Site, http::Ask, multipart, part10};

/// Between two slices that are looked at out of turn.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Slices so near to what comes next are being read by one of the eight already.
const AHEAD: usize = 9;

/// Whoever reads an image has it within this time, also from a node that was just started.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// What one reading gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// From the request to the last byte of the first frame.
    pub(crate) first_s: f64,
    /// From that request to the last byte of the last image.
    pub(crate) total_s: f64,
    pub(crate) images: usize,
    pub(crate) bytes: f64,
    pub(crate) slices_s: Vec<f64>,
    pub(crate) sent: Sent,
    pub(crate) holder: Used,
    pub(crate) reader: Used,
}

/// The frame of an image through the reader's door; asked again as a viewer does while it is on its way.
pub(crate) async fn frame(site: &Site, instance: &Instance) -> Duration {
    let began = Instant::now();
    loop {
        let answer = site.frame(&instance.path(), 1).await;
        if answer.status.is_success() {
            let parts = multipart::parts(&answer);
            assert!(parts[0] == instance.pixels, "the frame is the one that was stored");
            return began.elapsed();
        }
        assert!(matches!(answer.status.as_u16(), 503 | 504), "{}: {}", answer.status, answer.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An image as it is stored, if it is here by now.
async fn whole(client: &mut Client, site: &Site, instance: &Instance) -> bool {
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    let path = format!("/dicomweb{}", instance.path());
    let Ok(answer) = client.ask(Ask::get(path).bearer(&site.token).header("accept", accept)).await else {
        *client = Client::connect(site.portal()).await.unwrap();
        return false;
    };
    if !answer.status.is_success() {
        return false;
    }
    let file = multipart::parts(&answer).remove(0);
    let data_set = &file[part10::data_set_at(&file)..];
    assert_eq!(Digest::of(data_set), instance.digest(), "what was read is what was stored");
    true
}

/// Reads images through the door, one after the other, also such as are on their way yet; each is what was stored. How many.
pub(crate) async fn compared<'a>(site: &Site, images: impl IntoIterator<Item = &'a Instance>) -> usize {
    let mut client = Client::connect(site.portal()).await.unwrap();
    let mut count = 0;
    for instance in images {
        let asked = Instant::now();
        while !whole(&mut client, site, instance).await {
            assert!(asked.elapsed() < COMES_WITHIN, "{} does not come", instance.uid);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        count += 1;
    }
    count
}

/// Everything but the first, until the time is over; counts those that came.
async fn rest(site: &Site, images: &[Instance], until: Instant, done: &AtomicUsize) {
    let next = AtomicUsize::new(1);
    let share = async || {
        let mut client = Client::connect(site.portal()).await.unwrap();
        while let Some(instance) = images.get(next.fetch_add(1, Ordering::Relaxed)) {
            while !whole(&mut client, site, instance).await {
                if Instant::now() >= until {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(share(), share(), share(), share(), share(), share(), share(), share());
}

/// Looks at slices that have not come, also such as are asked for already, until nearly all have.
async fn slices(site: &Site, images: &[Instance], until: Instant, done: &AtomicUsize) -> Vec<f64> {
    let mut times = Vec::new();
    let mut draw: usize = 7;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let from = done.load(Ordering::Relaxed) + AHEAD;
        if from + AHEAD >= images.len() || Instant::now() >= until {
            return times;
        }
        draw = draw.wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 1;
        let at = from + draw % (images.len() - from);
        times.push(frame(site, &images[at]).await.as_secs_f64());
    }
}

/// Reads the first `link.images` of the study, with slices out of turn beside it where they are wanted.
pub(crate) async fn read(net: &Net, sites: &Sites, link: &Link, limit: Duration, with_slices: bool) -> Reading {
    let (holder, reader) = (&sites.pair.a, &sites.pair.b);
    let images = &sites.study[..link.images.min(sites.study.len())];
    let before = (net.sent(), sites::used(holder), sites::used(reader));
    sites::forget_peak(holder);
    sites::forget_peak(reader);
    let began = Instant::now();
    let first = frame(reader, &images[0]).await;
    let (done, until) = (AtomicUsize::new(1), began + limit);
    let looking = async { if with_slices { slices(reader, images, until, &done).await } else { Vec::new() } };
    let ((), slices_s) = tokio::join!(rest(reader, images, until, &done), looking);
    let total = began.elapsed();
    let after = (net.sent(), sites::used(holder), sites::used(reader));
    let count = done.load(Ordering::Relaxed);
    let cost = |from: Used, to: Used| Used { cpu_s: to.cpu_s - from.cpu_s, peak_mb: to.peak_mb };
    Reading {
        first_s: first.as_secs_f64(),
        total_s: total.as_secs_f64(),
        images: count,
        bytes: Sites::bytes(&images[..1]) * count as f64,
        slices_s,
        sent: Sent {
            packets: after.0.packets - before.0.packets,
            bytes: after.0.bytes - before.0.bytes,
            dropped: after.0.dropped - before.0.dropped,
        },
        holder: cost(before.1, after.1),
        reader: cost(before.2, after.2),
    }
}
