//! The holder's side of what stands for images that are not there yet: a study at a glance, and reduced frames of its stacks.
//!
//! Both are made of verified objects under the reader's permit, when they are asked for; what was made is kept in memory, so
//! that the next reader, or the same one after a lost line, does not wait for it again. What is sent is signed: it is in no
//! manifest. An object that cannot be shown leaves a gap with its reason, and the others are there.
//!
//! # At a crash
//! Nothing is kept: it is made anew.
//!
//! # Not here
//! Decoding: `pixels`, lent by `site` ([`Lent`]). Permission and evidence: [`super::serve`].

use super::room;
use crate::{
    archive::{Archive, Object, SeriesRow},
    cases::Cases,
    identity::Identity,
    trust::Permit,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future::BoxFuture};
use lru::LruCache;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    case::event::KeyImage,
    limits::{GLANCE_BYTES_MAX, PREVIEW_INSTANCES, PREVIEWS_BYTES_MAX},
    manifest::{InstanceEntry, Manifest, SeriesEntry},
    preview::{self, Absent, Conclusion, Previews, Reduced, SeriesGlance, Sketch, StudyGlance},
    wire,
};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Glances kept: the studies of a busy night's list.
const GLANCES_MAX: NonZeroUsize = room(256);
/// Reduced frames kept, bytes: some stacks.
const FRAMES_BYTES_MAX: usize = 64 << 20;
/// And their number, for those that could not be made.
const FRAMES_MAX: NonZeroUsize = room(16 * 1024);
/// Answers made at once: two cores do not do more, and the ward's own images are decoded beside.
const MAKING_MAX: usize = 2;
/// Objects decoded at once for one answer.
const AT_ONCE: usize = 2;
/// The asker comes again when it takes longer: it waits ten seconds for the first byte.
const WITHIN: Duration = Duration::from_secs(5);
const RETRY_MS: u32 = 500;
/// Pictures of a glance together: what is left is for conclusions, descriptions and the signature.
const PICTURES_BYTES_MAX: usize = 36_000;

/// An object to be shown small, with its header.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) object: Object,
    pub(crate) entry: InstanceEntry,
    pub(crate) header: Bytes,
}

/// One picture in sizes that fall.
type Sizes = Vec<Sketch>;
type Sketching = dyn Fn(Shown, Option<u32>) -> BoxFuture<'static, Result<Sizes, Absent>> + Send + Sync;
type Reducing = dyn Fn(Shown) -> BoxFuture<'static, Result<Reduced, Absent>> + Send + Sync;

/// What `pixels` does for this plane, which lies below it.
#[derive(Clone)]
pub(crate) struct Lent {
    /// A lossy picture of a frame, or of the middle one.
    pub(crate) sketch: Arc<Sketching>,
    /// A frame with fewer pixels.
    pub(crate) reduce: Arc<Reducing>,
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lent")
    }
}

type Made = Result<Arc<Reduced>, Absent>;
/// Series as they are told of, and how many are left out.
type Told = Arc<(Vec<SeriesGlance>, u32)>;

/// Reduced frames by the digest of their object, the least recently used going first.
#[derive(Debug)]
struct Frames {
    made: LruCache<Digest, Made>,
    bytes: usize,
}

impl Frames {
    fn keep(&mut self, of: Digest, made: Made) {
        let size = |made: &Made| made.as_ref().map_or(0, |frame| frame.coded_bytes());
        self.bytes += size(&made);
        if let Some((_, gone)) = self.made.push(of, made) {
            self.bytes -= size(&gone);
        }
        while self.bytes > FRAMES_BYTES_MAX
            && let Some((_, gone)) = self.made.pop_lru()
        {
            self.bytes -= size(&gone);
        }
    }
}

/// Makes and keeps them.
#[derive(Debug)]
pub(crate) struct Ahead {
    archive: Archive,
    cases: Cases,
    identity: Arc<Identity>,
    lent: OnceLock<Lent>,
    glances: Mutex<LruCache<Digest, Told>>,
    frames: Mutex<Frames>,
    turns: Semaphore,
}

impl Ahead {
    pub(crate) fn new(archive: Archive, cases: Cases, identity: Arc<Identity>) -> Self {
        Self {
            archive,
            cases,
            identity,
            lent: OnceLock::new(),
            glances: Mutex::new(LruCache::new(GLANCES_MAX)),
            frames: Mutex::new(Frames { made: LruCache::new(FRAMES_MAX), bytes: 0 }),
            turns: Semaphore::new(MAKING_MAX),
        }
    }

    /// From now on pictures can be made. Once.
    pub(crate) fn lend(&self, lent: Lent) {
        let _ = self.lent.set(lent);
    }

    fn lent(&self) -> Result<&Lent, Refusal> {
        // For the moment between the plane's start and the door's.
        self.lent.get().ok_or(Refusal::Busy(RETRY_MS))
    }

    /// A study at a glance, signed. `reports`: whether the reader may have those that are no case of its site.
    ///
    /// # Errors
    /// The refusal to give.
    pub(crate) async fn glance(
        &self,
        (peer, permit): (SiteId, &Permit),
        (digest, manifest): (Digest, &Manifest),
        reports: bool,
    ) -> Result<Bytes, Refusal> {
        let known = self.glances.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        let series = match known {
            Some(series) => series,
            None => {
                let made = Arc::new(in_time(self.make_glance(permit, manifest)).await?);
                self.glances.lock().unwrap_or_else(PoisonError::into_inner).put(digest, made.clone());
                made
            }
        };
        let (series, series_left_out) = (*series).clone();
        let conclusions = self.conclusions(&peer, &manifest.study, reports);
        let study = manifest.study.clone();
        let glance = StudyGlance { study, manifest: digest, series, series_left_out, conclusions };
        let bytes = wire::encode(&self.identity.seal(&glance));
        if bytes.len() > GLANCE_BYTES_MAX { Err(Refusal::Internal) } else { Ok(bytes.into()) }
    }

    async fn make_glance(&self, permit: &Permit, manifest: &Manifest) -> Result<(Vec<SeriesGlance>, u32), Refusal> {
        let _turn = self.turns.acquire().await.map_err(|_| Refusal::Internal)?;
        let lent = self.lent()?;
        let rows = self.archive.series(&manifest.study).map_err(internal)?;
        let rows: HashMap<&Uid, &SeriesRow> = rows.iter().map(|row| (&row.series, row)).collect();
        let key_images = self.key_images(&manifest.study);
        let (mut told, mut sizes) = (Vec::new(), Vec::new());
        for entry in manifest.series.iter().take(StudyGlance::SERIES_MAX) {
            let described = rows.get(&entry.series).and_then(|row| row.description.as_deref());
            let picture = match chosen(entry, &key_images) {
                Some((instance, frame)) => match self.shown(permit, &manifest.study, instance).await? {
                    Some(shown) => (lent.sketch)(shown, frame).await,
                    None => Err(Absent::Unreadable),
                },
                None => Err(Absent::NoPicture),
            };
            sizes.push(picture);
            told.push(SeriesGlance {
                series: entry.series.clone(),
                modality: word(&entry.modality, 16),
                number: entry.number,
                description: described.map(|text| word(text, 64)).filter(|text| !text.is_empty()),
                instances: u32::try_from(entry.instances.len()).unwrap_or(u32::MAX),
                picture: Err(Absent::NoRoom),
            });
        }
        for (one, picture) in told.iter_mut().zip(fitting(sizes)) {
            one.picture = picture;
        }
        let left_out = manifest.series.len().saturating_sub(told.len());
        Ok((told, u32::try_from(left_out).unwrap_or(u32::MAX)))
    }

    /// An object with its header; `None` of one that cannot be read here now.
    async fn shown(&self, permit: &Permit, study: &Uid, entry: &InstanceEntry) -> Result<Option<Shown>, Refusal> {
        let Some(row) = self.archive.by_digest(study, &entry.digest).map_err(internal)? else { return Ok(None) };
        let (object, header) = match self.archive.read_for(permit, &row).await {
            Ok(object) => (object, self.archive.header_for(permit, &row).await),
            Err(crate::archive::ReadError::Refused(refusal)) => return Err(refusal),
            Err(_) => return Ok(None),
        };
        Ok(header.ok().map(|header| Shown { object, entry: row.entry, header }))
    }

    /// Images that a request is about, by their series.
    fn key_images(&self, study: &Uid) -> HashMap<Uid, KeyImage> {
        let all = self.cases.all();
        let named = all.iter().flat_map(|whole| &whole.state.ask.key_images);
        named.filter(|one| one.study == *study).map(|one| (one.series.clone(), one.clone())).collect()
    }

    /// What the last reports of a study come to that this peer may have.
    fn conclusions(&self, peer: &SiteId, study: &Uid, reports: bool) -> Vec<Conclusion> {
        let mut found: Vec<Conclusion> = Vec::new();
        for whole in self.cases.all() {
            if !reports && !whole.state.parties.contains(peer) {
                continue;
            }
            for told in &whole.state.reports {
                let text = told.report.conclusion.trim();
                if text.is_empty() || !told.report.read.iter().any(|(read, _)| read == study) {
                    continue;
                }
                let (text, is_cut) = preview::cut(text);
                let (standing, site, at) = (told.report.standing, told.site, told.at);
                found.push(Conclusion { standing, site, person: word(&told.person, 64), at, text, is_cut });
            }
        }
        found.sort_by_key(|one| std::cmp::Reverse(one.at));
        found.truncate(StudyGlance::CONCLUSIONS_MAX);
        found
    }

    /// A part of a series in reduced frames, signed.
    ///
    /// # Errors
    /// The refusal to give.
    pub(crate) async fn previews(
        &self,
        permit: &Permit,
        (digest, manifest): (Digest, &Manifest),
        (series, part): (&Uid, u32),
    ) -> Result<Bytes, Refusal> {
        let entry = manifest.series.iter().find(|s| s.series == *series).ok_or(Refusal::NotHeld)?;
        let mut parts = entry.instances.chunks(PREVIEW_INSTANCES);
        let wanted = parts.nth(usize::try_from(part).unwrap_or(usize::MAX)).ok_or(Refusal::NotHeld)?;
        let making: Vec<_> = wanted.iter().map(|entry| self.reduced(permit, &manifest.study, entry)).collect();
        let making = futures::stream::iter(making).buffered(AT_ONCE).try_collect();
        let made: Vec<Made> = in_time(making).await?;
        let mut room = PREVIEWS_BYTES_MAX;
        let frames = made.into_iter().map(|one| {
            let one = one?;
            room = room.checked_sub(one.coded_bytes() + 64).ok_or(Absent::NoRoom)?;
            Ok((*one).clone())
        });
        let (study, series) = (manifest.study.clone(), series.clone());
        let previews = Previews { study, manifest: digest, series, part, frames: frames.collect() };
        Ok(wire::encode(&self.identity.seal(&previews)).into())
    }

    async fn reduced(&self, permit: &Permit, study: &Uid, entry: &InstanceEntry) -> Result<Made, Refusal> {
        if entry.frames == 0 {
            return Ok(Err(Absent::NoPicture));
        }
        let kept = || self.frames.lock().unwrap_or_else(PoisonError::into_inner).made.get(&entry.digest).cloned();
        if let Some(made) = kept() {
            return Ok(made);
        }
        let _turn = self.turns.acquire().await.map_err(|_| Refusal::Internal)?;
        if let Some(made) = kept() {
            return Ok(made);
        }
        // What cannot be read now may be readable in a moment: only what was looked at is remembered.
        let Some(shown) = self.shown(permit, study, entry).await? else { return Ok(Err(Absent::Unreadable)) };
        let made = (self.lent()?.reduce)(shown).await.map(Arc::new);
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).keep(entry.digest, made.clone());
        Ok(made)
    }
}

async fn in_time<T>(making: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    tokio::time::timeout(WITHIN, making).await.map_err(|_| Refusal::Busy(RETRY_MS))?
}

/// The image that speaks for a series, and the frame of it where a request names one.
fn chosen<'a>(entry: &'a SeriesEntry, named: &HashMap<Uid, KeyImage>) -> Option<(&'a InstanceEntry, Option<u32>)> {
    let images: Vec<&InstanceEntry> = entry.instances.iter().filter(|i| i.frames > 0).collect();
    let key = named.get(&entry.series).and_then(|key| Some((key.instance.as_ref()?, key.frame)));
    let key = key.and_then(|(uid, frame)| Some((*images.iter().find(|i| i.instance == *uid)?, frame)));
    let from_one = |(entry, frame): (&'a InstanceEntry, Option<u32>)| {
        (entry, frame.and_then(|n| n.checked_sub(1)).filter(|n| *n < entry.frames))
    };
    key.map(from_one).or_else(|| images.get(images.len() / 2).map(|middle| (*middle, None)))
}

/// Each picture in the largest size in which all fit; where none is small enough, the first pictures in the smallest.
fn fitting(pictures: Vec<Result<Sizes, Absent>>) -> Vec<Result<Sketch, Absent>> {
    let deepest = pictures.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let at = |sizes: &Sizes, depth: usize| sizes.get(depth.min(sizes.len().saturating_sub(1))).cloned();
    let bytes = |depth: usize| -> usize {
        pictures.iter().flatten().filter_map(|sizes| at(sizes, depth)).map(|one| one.jpeg.len()).sum()
    };
    let depth =
        (0..deepest).find(|depth| bytes(*depth) <= PICTURES_BYTES_MAX).unwrap_or_else(|| deepest.saturating_sub(1));
    let mut room = PICTURES_BYTES_MAX;
    let fit = |sizes: Result<Sizes, Absent>| {
        let picture = at(&sizes?, depth).ok_or(Absent::Unreadable)?;
        room = room.checked_sub(picture.jpeg.len()).ok_or(Absent::NoRoom)?;
        Ok(picture)
    };
    pictures.into_iter().map(fit).collect()
}

/// A text as it may be told: on one line, of so many characters.
fn word(text: &str, max: usize) -> String {
    text.trim().chars().filter(|c| !protocol::limits::is_hidden(*c)).take(max).collect()
}

fn internal(fault: impl std::fmt::Display) -> Refusal {
    tracing::error!(%fault, "cannot serve");
    Refusal::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(bytes: usize) -> Sketch {
        let instance = Uid::parse("1.2").unwrap();
        Sketch { instance, frame: 0, width: 8, height: 8, jpeg: vec![0; bytes] }
    }

    #[test]
    fn pictures_are_as_large_as_all_of_them_fit() {
        let sizes = || Ok(vec![sketch(20_000), sketch(6_000), sketch(3_000)]);
        let one = fitting(vec![sizes()]);
        assert_eq!(one[0].as_ref().unwrap().jpeg.len(), 20_000);
        let five = fitting(vec![sizes(), sizes(), sizes(), sizes(), Err(Absent::NoPicture)]);
        assert!(five[..4].iter().all(|one| one.as_ref().unwrap().jpeg.len() == 6_000));
        assert_eq!(five[4], Err(Absent::NoPicture));
        let many = fitting((0..14).map(|_| sizes()).collect());
        assert_eq!(many.iter().filter(|one| one.is_ok()).count(), 12);
        assert_eq!(many[13], Err(Absent::NoRoom));
    }

    #[test]
    fn reduced_frames_are_kept_within_their_room() {
        let mut frames = Frames { made: LruCache::new(room(3)), bytes: 0 };
        let of = |n: u8| Digest([n; 32]);
        let frame = |len: u16| {
            let bytes: Vec<u8> = (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect();
            Ok(Arc::new(Reduced::of(0, (1, len), preview::Samples::Grey8, bytes).unwrap()))
        };
        for n in 0..5 {
            frames.keep(of(n), frame(100));
        }
        frames.keep(of(4), Err(Absent::Unreadable));
        let kept: usize = frames.made.iter().filter_map(|(_, made)| made.as_ref().ok()).map(|f| f.coded_bytes()).sum();
        assert_eq!((frames.made.len(), frames.bytes), (3, kept));
    }
}
