//! What stands for images before they are here: made by the holder, signed, and believed only as what it signed.

use super::*;
use crate::{
    pixels::{Decoders, reduce::Reducer},
    site::lent,
};
use protocol::{
    limits::{GLANCE_BYTES_MAX, PREVIEW_INSTANCES},
    preview::{Absent, Samples},
};

/// Rows × columns × two bytes of what [`Site::store`] says its images are.
const PIXELS: usize = 64 * 64 * 2;

fn lend(site: &Site) {
    let (decoders, tasks) = (Decoders::new(site.tasks.clone()), site.tasks.clone());
    site.transfer.lend(lent(Reducer { decoders, tasks }));
}

/// The sixteen-bit values that a stored object ends with.
fn values(site: &Site, entry: &InstanceEntry) -> Vec<u16> {
    let bytes = std::fs::read(site.file_of(&entry.digest)).unwrap();
    let pixels = &bytes[bytes.len() - PIXELS..];
    pixels.chunks(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_is_seen_at_a_glance_and_that_is_written_down_as_such() {
    let (a, b, _) = pair_of_sites().await;
    lend(&a);
    let card = a.store("1.2.826.30", 5, PIXELS).await;
    let (bytes, glance) = b.transfer.glance(&a.id(), &card, &reader()).await.unwrap().unwrap();
    assert!(bytes.len() <= GLANCE_BYTES_MAX);
    let [series] = &glance.series[..] else { panic!("{glance:?}") };
    let picture = series.picture.as_ref().unwrap();
    assert_eq!((series.instances, picture.instance.as_str()), (5, "1.2.826.30.1.3"), "the middle one");
    assert_eq!((picture.width, picture.height), (64, 64));
    let shown = image::load_from_memory(&picture.jpeg).unwrap();
    assert_eq!((shown.width(), shown.height()), (64, 64));
    assert_eq!(glance.conclusions, []);
    let served = a.events(Act::StudyServed);
    assert_eq!(served.len(), 1, "{served:?}");
    assert_eq!((served[0].note.as_str(), served[0].bytes), ("digest, not diagnostic", 0));
    // Images read afterwards are another event: the log does not take a glance for a reading.
    let _ = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    assert_eq!(a.events(Act::StudyServed).len(), 2);
    // What was signed of one study is not believed of another, or of another site.
    let named = card.manifest.unwrap().digest;
    assert!(believe_glance(&a.id(), (&card.study, &named), &bytes).is_ok());
    assert!(believe_glance(&b.id(), (&card.study, &named), &bytes).is_err());
    assert!(believe_glance(&a.id(), (&card.study, &Digest([1; 32])), &bytes).is_err());
    let mut wrong = bytes.to_vec();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 1;
    assert!(believe_glance(&a.id(), (&card.study, &named), &wrong).is_err());
    stop(a).await;
    stop(b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_comes_reduced_and_each_frame_is_the_mean_of_its_image() {
    let (a, b, _) = pair_of_sites().await;
    lend(&a);
    let count = PREVIEW_INSTANCES + 2;
    let card = a.store("1.2.826.31", u32::try_from(count).unwrap(), PIXELS).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let (named, series) = (card.manifest.unwrap().digest, &manifest.series[0]);
    let mut seen = 0;
    for part in 0..2 {
        let of = (&card.study, &named);
        let came = b.transfer.previews(&a.id(), of, (series, part), &reader()).await.unwrap();
        let (bytes, previews) = came.unwrap();
        assert!(believe_previews(&a.id(), of, (series, 1 - part), &bytes).is_err(), "another part");
        let first = part as usize * PREVIEW_INSTANCES;
        for (entry, frame) in series.instances[first..].iter().zip(&previews.frames) {
            let frame = frame.as_ref().unwrap();
            assert_eq!((frame.rows, frame.columns), (32, 32), "of so small an image a half");
            assert_eq!(frame.samples, Samples::Grey16 { signed: false });
            let (full, small) = (values(&a, entry), frame.pixels().unwrap());
            for (x, y) in [(0, 0), (31, 0), (7, 19), (31, 31)] {
                let at = |dx: usize, dy: usize| u32::from(full[(2 * y + dy) * 64 + 2 * x + dx]);
                let mean = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) / 4;
                let place = (y * 32 + x) * 2;
                assert_eq!(u32::from(u16::from_le_bytes([small[place], small[place + 1]])), mean);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, count);
    let none = b.transfer.previews(&a.id(), (&card.study, &named), (series, 2), &reader()).await;
    assert!(matches!(none, Err(TransferError::Refused(Refusal::NotHeld))), "{none:?}");
    let notes: Vec<String> = a.events(Act::StudyServed).into_iter().map(|event| event.note).collect();
    assert!(notes.contains(&"previews, not diagnostic".to_owned()), "{notes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_is_left_out_with_its_reason_and_a_stranger_gets_nothing() {
    let (a, b, _) = pair_of_sites().await;
    lend(&a);
    // Fewer pixels than it says.
    let card = a.store("1.2.826.32", 2, PIXELS / 2).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let (named, series) = (card.manifest.unwrap().digest, &manifest.series[0]);
    let previews = b.transfer.previews(&a.id(), (&card.study, &named), (series, 0), &reader()).await.unwrap();
    assert_eq!(previews.unwrap().1.frames, [Err(Absent::Unreadable), Err(Absent::Unreadable)]);
    let glance = b.transfer.glance(&a.id(), &card, &reader()).await.unwrap().unwrap().1;
    assert_eq!(glance.series[0].picture, Err(Absent::Unreadable));
    // Paired, and nothing agreed.
    let c = Site::new("Sans accord", 3).await;
    a.pair(&c).await;
    let refused = c.transfer.glance(&a.id(), &card, &reader()).await;
    assert!(matches!(refused, Err(TransferError::Refused(Refusal::NotPermitted))), "{refused:?}");
}
