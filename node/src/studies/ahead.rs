//! What stands for a peer's images until they are here: the study at a glance, and reduced frames of its stacks.
//!
//! A glance is asked for by whoever looks at a study in the portal. Reduced frames are asked for by our viewer where the whole
//! study would take long over its link, as it is foretold, or else as it is measured while the study comes: then all of them come
//! behind the image on the screen and before the rest, which waits for them, but not for ever. Other readers get no such thing, so for them none is brought. Both are believed as the custodian's, kept in the lease, and go with it.
//!
//! Nothing of it is an image: no door gives it where an image is asked for.
//!
//! # At a crash
//! What came lies in the lease and is not asked for again.
//!
//! # Not here
//! Asking and believing: `transfer`. Saying that it is not diagnostic: whoever shows it.

use super::{OpenStudy, Studies, StudyError, contents::Contents, remote::RemoteCopy};
use crate::{
    audit::{Act, Event},
    transfer::{self, TransferError},
    trust::Person,
};
use bytes::Bytes;
use futures::StreamExt;
use protocol::{
    Digest, Refusal, Uid,
    fetch::Reader,
    limits::PREVIEW_INSTANCES,
    manifest::{InstanceEntry, SeriesEntry},
    preview::{Absent, Previews, Reduced, StudyGlance},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::OnceCell;

/// A study that is whole sooner than that needs nothing to stand for it.
const LONG_S: f64 = 8.0;
/// A sample of a fast link may tell so many times the time that it takes: what is less sure than that is measured.
const SAMPLE_OFF: f64 = 4.0;
/// What comes is measured so long before it is believed to be slow: a link needs a moment to get going.
const MEASURED: Duration = Duration::from_secs(2);
/// It is measured for so long: what is not slow by then is here soon, or nobody waits for it.
const WATCHED: Duration = Duration::from_secs(30);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The rest waits for reduced frames so long at most.
const ALONE: Duration = Duration::from_secs(15);
/// A glance is asked for again after this time: its study may have been reported meanwhile.
const FRESH: Duration = Duration::from_secs(30);
/// Parts asked for at once: enough to fill the time of a round trip.
const PARTS_AT_ONCE: usize = 4;
/// A part that its holder is busy with is asked for again, so often.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// Reduced frames in memory, of all studies together: some twenty stacks.
const FRAMES_BYTES_MAX: usize = 128 << 20;

/// A part of a series, by its name and number.
type Place = (Uid, u32);

/// What came of it for one copy.
#[derive(Debug)]
pub(super) struct Ahead {
    room: Room,
    glance: tokio::sync::Mutex<Option<(Digest, Instant, Arc<StudyGlance>)>>,
    /// Written down once: that reduced frames, and that a glance, were asked for.
    told: [OnceCell<()>; 2],
    parts: Mutex<Parts>,
    /// Reduced frames are asked for.
    has_begun: AtomicBool,
    /// It is being measured whether they are to be.
    is_watched: AtomicBool,
    /// The first image looked at of each series whose rest is to follow when they are here.
    held: Mutex<Option<HashMap<Uid, InstanceEntry>>>,
}

#[derive(Debug, Default)]
struct Parts {
    manifest: Option<Digest>,
    here: HashMap<Place, Arc<Previews>>,
    bytes: usize,
    is_over: bool,
}

/// How many bytes of reduced frames are in memory.
pub(super) type Room = Arc<AtomicUsize>;

/// How far reduced frames are, for who shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PreviewTally {
    /// They are asked for.
    pub(crate) is_wanted: bool,
    /// No more of them will come.
    pub(crate) is_over: bool,
    /// Instances with pictures.
    pub(crate) images: usize,
    /// Of these, those that are all here.
    pub(crate) whole: usize,
    /// Of these, those that have a reduced frame.
    pub(crate) previewed: usize,
    /// Of these, those of which the holder could make none.
    pub(crate) absent: usize,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let bytes = self.parts().bytes;
        self.room.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Ahead {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            glance: tokio::sync::Mutex::default(),
            told: <[OnceCell<()>; 2]>::default(),
            parts: Mutex::default(),
            has_begun: AtomicBool::default(),
            is_watched: AtomicBool::default(),
            held: Mutex::default(),
        }
    }

    /// Whether what follows an image waits; if so it is kept for later.
    pub(super) fn holds_back(&self, contents: &Contents, entry: &InstanceEntry) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(held), Some((view, _))) = (held.as_mut(), contents.place(&entry.instance)) else { return false };
        held.entry(view.series.clone()).or_insert_with(|| entry.clone());
        true
    }

    fn let_go(&self) -> Vec<InstanceEntry> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        held.unwrap_or_default().into_values().collect()
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a part; false where there is no more room.
    fn keep(&self, manifest: Digest, previews: Previews) -> bool {
        let mut parts = self.parts();
        if parts.manifest != Some(manifest) {
            self.room.fetch_sub(parts.bytes, Ordering::Relaxed);
            *parts = Parts { manifest: Some(manifest), ..Parts::default() };
        }
        let bytes: usize = previews.frames.iter().flatten().map(Reduced::coded_bytes).sum();
        if self.room.fetch_add(bytes, Ordering::Relaxed) + bytes > FRAMES_BYTES_MAX {
            self.room.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        parts.bytes += bytes;
        parts.here.insert((previews.series.clone(), previews.part), Arc::new(previews));
        true
    }

    fn part(&self, manifest: &Digest, place: &Place) -> Option<Arc<Previews>> {
        let parts = self.parts();
        parts.here.get(place).filter(|_| parts.manifest == Some(*manifest)).cloned()
    }
}

fn place(series: &Uid, at: usize) -> (Place, usize) {
    ((series.clone(), u32::try_from(at / PREVIEW_INSTANCES).unwrap_or(u32::MAX)), at % PREVIEW_INSTANCES)
}

/// Numbers below so many, the middle one first.
fn outwards(count: usize) -> impl Iterator<Item = usize> {
    let middle = count / 2;
    let place = move |n: usize| if n % 2 == 1 { middle.checked_sub(n.div_ceil(2)) } else { Some(middle + n / 2) };
    (0..=count).filter_map(place).filter(move |place| *place < count)
}

/// Whether the rest of a study takes long at the rate at which it comes.
#[derive(Debug, Default)]
struct Pace {
    /// Since when something was asked for all the time, and what had come by then.
    since: Option<(Instant, u64)>,
}

impl Pace {
    /// So many verified bytes have come, so many are left.
    fn is_slow(&mut self, now: Instant, (came, left): (u64, u64), is_asked: bool) -> bool {
        if !is_asked {
            self.since = None;
            return false;
        }
        let (since, before) = *self.since.get_or_insert((now, came));
        let took = now.duration_since(since);
        // At this rate so much comes before it has taken long.
        let comes = came.saturating_sub(before) as f64 * LONG_S / took.as_secs_f64().max(f64::MIN_POSITIVE);
        took >= MEASURED && left as f64 > comes
    }
}

impl RemoteCopy {
    /// Has reduced frames brought as soon as the rest is measured to take long: where nothing is known of the link, or
    /// something else than what is.
    fn watch_pace(self: &Arc<Self>, contents: &Arc<Contents>, reader: &Reader) {
        if contents.manifest.is_none() || self.ahead.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let (copy, contents, reader) = (self.clone(), contents.clone(), reader.clone());
        let stop = self.shared.tasks.stop_token();
        self.shared.tasks.spawn("studies.pace", async move {
            let is_slow = tokio::select! {
                () = stop.cancelled() => false,
                () = copy.errand.ended.cancelled() => false,
                is_slow = tokio::time::timeout(WATCHED, copy.is_slow(&contents)) => is_slow.unwrap_or(false),
            };
            copy.ahead.is_watched.store(false, Ordering::Relaxed);
            if is_slow {
                copy.begin_previews(&contents, &reader);
            }
        });
    }

    /// Resolves when it is measured that the rest takes long, or when nothing is left.
    async fn is_slow(&self, contents: &Contents) -> bool {
        let all: u64 = contents.views.iter().flat_map(|view| &view.instances).map(|entry| entry.bytes).sum();
        let mut pace = Pace::default();
        loop {
            let tally = self.errand.tally();
            let left = all.saturating_sub(tally.bytes);
            if left == 0 || self.ahead.has_begun.load(Ordering::Relaxed) {
                return false;
            }
            let is_asked = tally.open > 0 && self.shared.transfer.is_connected(&self.holder);
            if pace.is_slow(Instant::now(), (tally.fetched, left), is_asked) {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether all of it would take long, as far as its link is known.
    fn takes_long(&self, contents: &Contents) -> bool {
        let entries = || contents.views.iter().flat_map(|view| &view.instances);
        let left: u64 = entries().filter(|e| !self.errand.has(&e.digest)).map(|e| e.bytes).sum();
        let image = left / u64::try_from(entries().count().max(1)).unwrap_or(1);
        let foreseen = self.shared.transfer.foresee(&self.holder, (image, left));
        let long_s = |is_of_sample| if is_of_sample { LONG_S * SAMPLE_OFF } else { LONG_S };
        foreseen.is_some_and(|foreseen| foreseen.whole_s > long_s(foreseen.is_of_sample))
    }

    /// Has reduced frames brought, those of the series that stands first before the others. The rest of what is looked at
    /// meanwhile follows when they are here.
    fn begin_previews(self: &Arc<Self>, contents: &Arc<Contents>, reader: &Reader) {
        if contents.manifest.is_none() || self.ahead.has_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        *self.ahead.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(HashMap::new());
        // What was asked for before would come before them.
        self.errand.stand_back();
        let (copy, contents, reader) = (self.clone(), contents.clone(), reader.clone());
        let stop = self.shared.tasks.stop_token();
        self.shared.tasks.spawn("studies.previews", async move {
            let all = async {
                let mut bringing = Box::pin(copy.bring_all(&contents, &reader));
                if tokio::time::timeout(ALONE, &mut bringing).await.is_err() {
                    copy.follow_held(&contents, &reader);
                    bringing.await;
                }
                copy.ahead.parts().is_over = true;
                copy.follow_held(&contents, &reader);
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = copy.errand.ended.cancelled() => {}
                () = all => {}
            }
        });
    }

    fn follow_held(&self, contents: &Contents, reader: &Reader) {
        self.errand.stand_forth();
        for entry in self.ahead.let_go() {
            self.follow_now(contents, &entry, reader);
        }
    }

    /// All parts, from the middle of each series outwards: that is where a viewer begins.
    async fn bring_all(&self, contents: &Contents, reader: &Reader) {
        let Some((digest, manifest)) = &contents.manifest else { return };
        if self.write_ahead(0, "previews, not diagnostic", reader).await.is_err() {
            return;
        }
        let mut bringing = Vec::new();
        for series in &manifest.series {
            let parts = series.instances.len().div_ceil(PREVIEW_INSTANCES);
            bringing.extend(outwards(parts).map(|part| self.bring(digest, series, part, reader)));
        }
        let mut coming = futures::stream::iter(bringing).buffer_unordered(PARTS_AT_ONCE);
        while let Some(goes_on) = coming.next().await {
            if !goes_on {
                return;
            }
        }
    }

    /// One part, from the lease or the holder; false where the others need not be asked for.
    async fn bring(&self, manifest: &Digest, series: &SeriesEntry, part: usize, reader: &Reader) -> bool {
        let Ok(part) = u32::try_from(part) else { return false };
        let first = part as usize * PREVIEW_INSTANCES;
        let all_here = series.instances.iter().skip(first).take(PREVIEW_INSTANCES).all(|e| self.errand.has(&e.digest));
        if all_here {
            return true;
        }
        let of = (&self.study, manifest);
        let name = format!("previews {manifest} {} {part}", Digest::of(series.series.as_str().as_bytes()));
        if let Ok(Some(kept)) = self.lease.take(&name).await
            && let Ok(previews) = transfer::believe_previews(&self.holder, of, (series, part), &kept)
        {
            return self.ahead.keep(*manifest, previews);
        }
        for _ in 0..TRIES {
            match self.shared.transfer.previews(&self.holder, of, (series, part), reader).await {
                Ok(Some((bytes, previews))) => {
                    let is_kept = self.keep(&name, bytes).await.is_ok();
                    return is_kept && self.ahead.keep(*manifest, previews);
                }
                Err(TransferError::Refused(Refusal::Busy(_))) => tokio::time::sleep(TRY_AGAIN).await,
                // The next part may come where this one cannot be made; nothing comes of a holder that is away.
                Err(TransferError::Refused(Refusal::Internal | Refusal::NotHeld)) => return true,
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }

    /// Written before anything of it is asked for.
    async fn write_ahead(&self, which: usize, note: &'static str, reader: &Reader) -> Result<(), StudyError> {
        let Some(told) = self.ahead.told.get(which) else { return Ok(()) };
        let written = told.get_or_try_init(|| async {
            let actor = crate::audit::Actor {
                person: reader.person.clone(),
                role: reader.role.clone(),
                ..crate::audit::Actor::default()
            };
            let event = Event::new(Act::StudyFetched, actor).study(&self.study).peer(self.holder).note(note);
            self.shared.audit.record(event).await.map(|_| ())
        });
        written.await.map(|_| ()).map_err(StudyError::internal)
    }

    /// The study at a glance, as of the newest manifest that was told of; `None` where the holder knows no such thing, or the
    /// study is still arriving there.
    async fn glance(&self, reader: &Reader) -> Result<Option<Arc<StudyGlance>>, StudyError> {
        let told = self.told()?;
        let Some(named) = told.card.manifest else { return Ok(None) };
        let mut known = self.ahead.glance.lock().await;
        let is_fresh = |(digest, at, _): &&(Digest, Instant, _)| *digest == named.digest && at.elapsed() < FRESH;
        if let Some((.., glance)) = known.as_ref().filter(is_fresh) {
            return Ok(Some(glance.clone()));
        }
        self.write_ahead(1, "digest, not diagnostic", reader).await?;
        let name = format!("glance {}", named.digest);
        let of = (&self.study, &named.digest);
        let kept = self.lease.take(&name).await.map_err(TransferError::Cache)?;
        let asked = self.shared.transfer.glance(&self.holder, &told.card, reader).await;
        let glance = match asked {
            Ok(Some((bytes, glance))) => {
                self.keep(&name, bytes).await?;
                glance
            }
            Ok(None) => return Ok(None),
            // What was seen of it before, where the holder is away.
            Err(fault) => match kept.map(|kept: Bytes| transfer::believe_glance(&self.holder, of, &kept)) {
                Some(Ok(glance)) if matches!(fault, TransferError::Unreachable) => glance,
                _ => return Err(fault.into()),
            },
        };
        let glance = Arc::new(glance);
        *known = Some((named.digest, Instant::now(), glance.clone()));
        Ok(Some(glance))
    }
}

impl OpenStudy {
    /// A peer's study at a glance; `None` of one that is ours alone, or where its holder knows no such thing.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn glance(&self) -> Result<Option<Arc<StudyGlance>>, StudyError> {
        self.is_allowed()?;
        let Some(copy) = self.copy() else { return Ok(None) };
        let glance = copy.glance(&self.reader()).await?;
        self.is_allowed()?;
        Ok(glance)
    }

    /// How far the reduced frames of a peer's study are; nothing where none are asked for.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn preview_tally(&self) -> Result<PreviewTally, StudyError> {
        let Some(copy) = self.copy() else { return Ok(PreviewTally::default()) };
        let contents = self.contents().await?;
        let contents = contents.there();
        let mut tally =
            PreviewTally { is_wanted: copy.ahead.has_begun.load(Ordering::Relaxed), ..PreviewTally::default() };
        let parts = copy.ahead.parts();
        tally.is_over = parts.is_over;
        let manifest = contents.manifest.as_ref().map(|(digest, _)| *digest);
        let is_known = manifest.is_some() && parts.manifest == manifest;
        for view in contents.views.iter() {
            for (at, entry) in view.instances.iter().enumerate().filter(|(_, entry)| entry.frames > 0) {
                tally.images += 1;
                tally.whole += usize::from(copy.errand.has(&entry.digest));
                let (place, nth) = place(&view.series, at);
                match parts.here.get(&place).filter(|_| is_known).and_then(|part| part.frames.get(nth)) {
                    Some(Ok(_)) => tally.previewed += 1,
                    Some(Err(_)) => tally.absent += 1,
                    None => {}
                }
            }
        }
        Ok(tally)
    }

    /// The reduced frame of an instance, with its entry and header; the reason where the holder could make none, `None` where
    /// it is not here, or where the image itself is.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn preview(
        &self,
        series: &Uid,
        instance: &Uid,
    ) -> Result<Option<(Result<Reduced, Absent>, InstanceEntry, Bytes)>, StudyError> {
        let contents = self.contents().await?;
        let there = contents.there();
        let entry = there.instance(series, instance)?.clone();
        let (Some(copy), Some((digest, _))) = (self.copy(), &there.manifest) else { return Ok(None) };
        if copy.errand.has(&entry.digest) || contents.is_ours(&entry) {
            return Ok(None);
        }
        let view = there.series(series)?;
        let at = view.instances.iter().position(|e| e.instance == *instance).ok_or(StudyError::NotFound)?;
        let (place, nth) = place(series, at);
        let Some(frame) = copy.ahead.part(digest, &place).and_then(|part| part.frames.get(nth).cloned()) else {
            return Ok(None);
        };
        let header = self.header(series, instance).await?;
        self.is_allowed()?;
        Ok(Some((frame, entry, header)))
    }
}

impl Studies {
    /// Has reduced frames of a peer's study brought before the rest of it; `if_long`: only where the whole study would take
    /// long over its link, as far as that is known, or as soon as it is measured that it does.
    ///
    /// # Errors
    /// As [`Studies::open`].
    pub(crate) async fn begin_previews(
        &self,
        person: &Person,
        study: &Uid,
        if_long: bool,
    ) -> Result<PreviewTally, StudyError> {
        let open = self.open(person, study).await?;
        if let Some(copy) = open.copy() {
            let contents = open.contents().await?;
            let there = contents.there();
            if !if_long || copy.takes_long(there) {
                copy.begin_previews(there, &open.reader());
            } else {
                copy.watch_pace(there, &open.reader());
            }
        }
        open.preview_tally().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::preview::Samples;

    #[test]
    fn what_is_kept_of_all_studies_is_bounded_and_given_back() {
        let uid = |text: &str| Uid::parse(text).unwrap();
        let noise = |n: u8| (0..512 * 512).map(|at: u32| at.wrapping_mul(2_654_435_761).to_le_bytes()[3] ^ n).collect();
        let part = |part| {
            let frame = || Ok(Reduced::of(0, (512, 512), Samples::Grey8, noise(1)).unwrap());
            let (study, series, manifest) = (uid("1.2"), uid("1.2.3"), Digest([1; 32]));
            Previews { study, manifest, series, part, frames: (0..PREVIEW_INSTANCES).map(|_| frame()).collect() }
        };
        let bytes: usize = part(0).frames.iter().flatten().map(Reduced::coded_bytes).sum();
        let taken = FRAMES_BYTES_MAX - bytes - bytes / 2;
        let room = Room::default();
        room.store(taken, Ordering::Relaxed);
        let (one, other) = (Ahead::new(room.clone()), Ahead::new(room.clone()));
        assert!(one.keep(Digest([1; 32]), part(0)));
        assert!(!other.keep(Digest([1; 32]), part(0)), "there is no more room");
        assert!(one.part(&Digest([1; 32]), &(uid("1.2.3"), 0)).is_some());
        assert!(one.part(&Digest([2; 32]), &(uid("1.2.3"), 0)).is_none(), "as of another manifest");
        drop((one, other));
        assert_eq!(room.load(Ordering::Relaxed), taken);
    }

    #[test]
    fn what_comes_slowly_is_slow_after_two_seconds_and_what_is_nearly_here_is_not() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let slow = |left: u64, bytes_per_s: u64| {
            let mut pace = Pace::default();
            // Something was there before.
            (0..=40u64)
                .map(|n| n * 250)
                .find(|ms| pace.is_slow(at(*ms), (5_000_000 + bytes_per_s * ms / 1000, left), true))
        };
        assert_eq!(slow(200_000_000, 1_000_000), Some(2_000), "200 s");
        assert_eq!(slow(200_000_000, 0), Some(2_000), "nothing comes");
        assert_eq!(slow(200_000_000, 50_000_000), None, "4 s");
        assert_eq!(slow(7_000_000, 1_000_000), None, "7 s");
        let mut pace = Pace::default();
        assert!(!pace.is_slow(at(0), (0, 1), true) && !pace.is_slow(at(60_000), (0, 1), false), "nobody asks");
        assert!(!pace.is_slow(at(60_000), (0, 1), true), "counted from when it was asked for");
        assert!(pace.is_slow(at(62_000), (0, 1), true));
    }

    #[test]
    fn the_middle_comes_first_and_each_once() {
        assert_eq!(outwards(5).collect::<Vec<_>>(), [2, 1, 3, 0, 4]);
        assert_eq!(outwards(4).collect::<Vec<_>>(), [2, 1, 3, 0]);
        assert_eq!(outwards(1).collect::<Vec<_>>(), [0]);
        assert_eq!(outwards(0).count(), 0);
        let mut all: Vec<usize> = outwards(63).collect();
        all.sort_unstable();
        assert_eq!(all, (0..63).collect::<Vec<_>>());
    }
}
