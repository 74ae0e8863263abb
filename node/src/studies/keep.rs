//! What is open, for whom, and how long; what viewers show of it; and the loops that watch over it.
//!
//! A study that nobody used for half an hour is closed, unless it is still being fetched and its viewers have not left it. A
//! permit that ended closes its study within a second, and with the last of them the fetching stops.
//!
//! # Not here
//! Opening: [`super::Studies::open`]. What follows from what is shown: [`super::open`], and the order in `transfer`.

use super::{
    Notice, Shared, StudiesEvent, StudyError, open,
    open::{Look, OpenStudy},
    progress::TICK,
    remote::RemoteCopy,
};
use crate::{
    archive::ArchiveEvent,
    cases::Cases,
    overlay::OverlayEvent,
    sources::SourcesEvent,
    trust::{Person, Role, Scope},
};
use protocol::{Refusal, SiteId, Uid, agreement::Purpose, ids::Id128, manifest::Amendment};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Unused for so long, a study is closed; opening it again is a new event in the log.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Openings kept at once; beyond, the least recently used are closed.
const OPEN_MAX: usize = 4096;
/// Ticks between two looks at permits and idleness: one second.
const LOOK_EVERY: u32 = 5;
/// Between two tries to get a manifest from a holder that is away.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// What a viewer said that it shows counts for so long.
const SHOWN_FOR: Duration = Duration::from_secs(60);
/// Viewers of one study whose word counts.
const VIEWERS_MAX: usize = 64;

/// One person's opening of one study.
#[derive(Debug, Default)]
pub(super) struct Turn {
    open: Option<Arc<OpenStudy>>,
}

impl Turn {
    /// The opening, if its permits still hold, its copy was not ended, and no other site came to hold a part of the study.
    pub(super) fn current(&self) -> Option<Arc<OpenStudy>> {
        let open = self.open.as_ref().filter(|o| o.is_allowed().is_ok())?;
        // Withdrawn a moment ago, it may not be ended yet.
        let has_ended = open.copy().is_some_and(|copy| copy.is_over() || copy.told().is_err());
        (!has_ended && !open.lacks_a_side()).then(|| open.clone())
    }

    pub(super) fn set(&mut self, open: Arc<OpenStudy>) {
        self.open = Some(open);
    }
}

/// A viewer page, and whose it is.
type Viewer = (String, Id128);

/// What viewers show of a study, each as it said last.
#[derive(Debug)]
pub(super) struct Shown<L = Look>(Mutex<Words<L>>);

#[derive(Debug)]
struct Words<L> {
    said: u64,
    of: HashMap<Viewer, Word<L>>,
    /// The last viewer that showed something said that it shows nothing more.
    is_left: bool,
}

#[derive(Debug)]
struct Word<L> {
    number: u64,
    at: Instant,
    shows: bool,
    looks: Vec<L>,
}

impl<L> Default for Shown<L> {
    fn default() -> Self {
        Self(Mutex::new(Words { said: 0, of: HashMap::new(), is_left: false }))
    }
}

impl<L> Word<L> {
    fn counts(&self, now: Instant) -> bool {
        now.duration_since(self.at) < SHOWN_FOR
    }
}

impl<L> Words<L> {
    /// Where one viewer more would be too many, the oldest word goes: of the same person's, if there is one.
    fn make_room(&mut self, viewer: &Viewer) -> Option<Word<L>> {
        if self.of.len() < VIEWERS_MAX || self.of.contains_key(viewer) {
            return None;
        }
        let oldest = self.of.iter().min_by_key(|&(of, word)| (of.0 != viewer.0, word.at)).map(|(of, _)| of.clone())?;
        self.of.remove(&oldest)
    }
}

impl<L> Shown<L> {
    fn words(&self) -> MutexGuard<'_, Words<L>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A viewer says what it shows. Gives the number of its word; what it looked at before it looks at until [`Self::hold`].
    pub(super) fn say(&self, viewer: &Viewer, shows: bool, now: Instant) -> u64 {
        let mut words = self.words();
        let gone = words.make_room(viewer);
        words.said += 1;
        let number = words.said;
        let looks = words.of.remove(viewer).map(|before| before.looks).unwrap_or_default();
        words.of.insert(viewer.clone(), Word { number, at: now, shows, looks });
        words.is_left = !words.of.values().any(|word| word.shows && word.counts(now));
        drop(words);
        drop(gone);
        number
    }

    /// What a viewer looks at by its word, if that is its last.
    pub(super) fn hold(&self, viewer: &Viewer, number: u64, looks: Vec<L>) {
        let mut words = self.words();
        let passed = match words.of.get_mut(viewer).filter(|word| word.number == number) {
            Some(word) => std::mem::replace(&mut word.looks, looks),
            None => looks,
        };
        drop(words);
        drop(passed);
    }

    /// Whether a viewer of this person says what it shows.
    pub(super) fn has_spoken(&self, person: &str, now: Instant) -> bool {
        self.words().of.iter().any(|((of, _), word)| of == person && word.counts(now))
    }

    /// Forgets words that count no more.
    fn forget(&self, now: Instant) {
        let mut words = self.words();
        let gone: Vec<(Viewer, Word<L>)> = words.of.extract_if(|_, word| !word.counts(now)).collect();
        drop(words);
        drop(gone);
    }

    fn is_left(&self) -> bool {
        self.words().is_left
    }
}

type Key = (String, Role, Scope, Uid);
type SharedTurn = Arc<tokio::sync::Mutex<Turn>>;

/// What is open.
#[derive(Debug, Default)]
pub(super) struct Kept {
    turns: Mutex<HashMap<Key, (SharedTurn, Instant)>>,
    copies: Mutex<HashMap<(SiteId, Uid), Weak<RemoteCopy>>>,
    /// For what each person said to open a peer's study.
    purposes: Mutex<HashMap<(String, Uid), Purpose>>,
}

impl Kept {
    /// The place of a person's opening of a study.
    pub(super) fn turn(&self, person: &Person, study: &Uid) -> SharedTurn {
        let key = (person.name.clone(), person.role, person.scope, study.clone());
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= OPEN_MAX && !turns.contains_key(&key) {
            let oldest = turns.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                turns.remove(&oldest);
            }
        }
        let (turn, used) = turns.entry(key).or_insert_with(|| (SharedTurn::default(), Instant::now()));
        *used = Instant::now();
        turn.clone()
    }

    /// A person's opening of a peer's study, if there is one; waits for one that is being made.
    async fn open_by(&self, person: &Person, study: &Uid) -> Option<Arc<OpenStudy>> {
        let turns: Vec<SharedTurn> = {
            let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let its = turns.iter().filter(|((name, .., of), _)| *name == person.name && of == study);
            its.map(|(_, (turn, _))| turn.clone()).collect()
        };
        for turn in turns {
            let open = turn.lock().await.current();
            if let Some(open) = open.filter(|open| open.copy().is_some()) {
                return Some(open);
            }
        }
        None
    }

    /// Who opened which study, as far as the opening is still kept.
    fn opened(&self) -> BTreeSet<(String, Uid)> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.keys().map(|(of, .., opened)| (of.clone(), opened.clone())).collect()
    }

    /// For what a person said to open a peer's study.
    pub(super) fn purpose(&self, person: &Person, study: &Uid) -> Option<Purpose> {
        let said = self.purposes.lock().unwrap_or_else(PoisonError::into_inner);
        said.get(&(person.name.clone(), study.clone())).copied()
    }

    /// What is open for another purpose is opened anew.
    pub(super) fn set_purpose(&self, person: &Person, study: &Uid, purpose: Purpose) {
        let mut said = self.purposes.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= OPEN_MAX {
            said.clear();
        }
        said.insert((person.name.clone(), study.clone()), purpose);
        drop(said);
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|(name, _, _, of), _| *name != person.name || of != study);
    }

    /// The shared copy of a study, made when there is none that goes on.
    pub(super) fn copy(
        &self,
        holder: &SiteId,
        study: &Uid,
        make: impl FnOnce() -> Result<RemoteCopy, StudyError>,
    ) -> Result<Arc<RemoteCopy>, StudyError> {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (*holder, study.clone());
        if let Some(copy) = copies.get(&key).and_then(Weak::upgrade)
            && !copy.is_over()
        {
            return Ok(copy);
        }
        let copy = Arc::new(make()?);
        copies.insert(key, Arc::downgrade(&copy));
        Ok(copy)
    }

    /// The copies in use.
    pub(super) fn copies(&self) -> Vec<Arc<RemoteCopy>> {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.retain(|_, copy| copy.strong_count() > 0);
        copies.values().filter_map(Weak::upgrade).collect()
    }

    /// Closes every opening of what is here alone: it is judged anew.
    pub(super) fn forget_own(&self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, (turn, _)| match turn.try_lock() {
            Ok(turn) => turn.open.as_ref().is_some_and(|open| open.copy().is_some()),
            Err(_) => true,
        });
    }

    /// Closes all that a person has open, and what is being opened opens no more. Gives the copies read through them.
    fn cut(&self, person: &str) -> Vec<Arc<RemoteCopy>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let mut copies: Vec<Arc<RemoteCopy>> = Vec::new();
        turns.retain(|(name, ..), (turn, _)| {
            if name != person {
                return true;
            }
            // One that is being opened is judged by the door that asks: it was let in a moment before.
            let Ok(turn) = turn.try_lock() else { return true };
            if let Some(open) = &turn.open {
                open.cut();
                copies.extend(open.copy().cloned());
            }
            false
        });
        copies
    }

    /// Closes what ended or is idle. Gives copies that nobody may read any more.
    fn sweep(&self) -> Vec<Arc<RemoteCopy>> {
        let mut barred: Vec<Arc<RemoteCopy>> = Vec::new();
        let mut allowed: Vec<Arc<RemoteCopy>> = Vec::new();
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, (turn, used)| {
            // One that is being opened stays.
            let Ok(turn) = turn.try_lock() else { return true };
            let Some(open) = &turn.open else { return used.elapsed() < IDLE };
            let is_allowed = open.is_allowed().is_ok();
            let Some(copy) = open.copy() else { return is_allowed && used.elapsed() < IDLE };
            let list = if is_allowed { &mut allowed } else { &mut barred };
            list.push(copy.clone());
            // What goes on coming keeps it open, but not for viewers that said that they left.
            let is_left = copy.shown.is_left() && !copy.is_wanted_whole.load(Ordering::Relaxed);
            let unused = if is_left { used.elapsed() } else { used.elapsed().min(copy.errand.silent_for()) };
            is_allowed && unused < IDLE
        });
        drop(turns);
        barred.retain(|copy| !allowed.iter().any(|other| Arc::ptr_eq(copy, other)));
        barred
    }
}

/// Ends what runs for people who lost the right to it, here and at the holders of what they read.
pub(super) async fn follow_people(shared: Arc<Shared>, kept: Arc<Kept>, mut lost: Receiver<String>) {
    let stop = shared.tasks.stop_token();
    loop {
        let person = tokio::select! {
            () = stop.cancelled() => return,
            lost = lost.recv() => match lost {
                Ok(person) => person,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            },
        };
        let copies = kept.cut(&person);
        let holders: HashSet<SiteId> = copies.iter().map(|copy| copy.holder).collect();
        // Others who read the same open it anew, under their own names.
        bar(&shared, copies);
        shared.overlay.tell_reader_gone(&open::shortened(&person), holders);
    }
}

/// Starts the loops.
pub(super) fn start(shared: &Arc<Shared>, kept: &Arc<Kept>) {
    let tasks = &shared.tasks;
    tasks.spawn("studies.progress", watch(shared.clone(), kept.clone()));
    let archive = shared.archive.events();
    tasks.spawn("studies.archive", follow_archive(shared.clone(), archive));
    tasks.spawn("studies.sources", follow_sources(shared.clone(), shared.sources.events()));
    let overlay = shared.overlay.events();
    tasks.spawn("studies.overlay", follow_overlay(shared.clone(), kept.clone(), overlay));
}

async fn watch(shared: Arc<Shared>, kept: Arc<Kept>) {
    let stop = shared.tasks.stop_token();
    let mut news = shared.trust.events();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ticks = 0u32;
    loop {
        let must_look = tokio::select! {
            () = stop.cancelled() => return,
            // Whatever changed in trust: the permits tell what it means.
            event = news.recv() => match event {
                Ok(_) | Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            },
            _ = tick.tick() => {
                ticks = ticks.wrapping_add(1);
                ticks.is_multiple_of(LOOK_EVERY)
            }
        };
        if must_look {
            bar(&shared, kept.sweep());
        }
        for copy in kept.copies() {
            if must_look {
                copy.shown.forget(Instant::now());
            }
            shared.tell_progress(&copy);
        }
    }
}

fn bar(shared: &Shared, copies: Vec<Arc<RemoteCopy>>) {
    for copy in copies {
        copy.end(Refusal::Revoked);
        shared.packs.clear();
        shared.tell_progress(&copy);
        let _ = shared.events.send(StudiesEvent::List(Some(copy.study.clone())));
    }
}

async fn follow_archive(shared: Arc<Shared>, mut news: Receiver<ArchiveEvent>) {
    let stop = shared.tasks.stop_token();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = news.recv() => event,
        };
        let study = match event {
            Ok(ArchiveEvent::Growing(study) | ArchiveEvent::Settled(study)) => Some(study),
            Ok(ArchiveEvent::Amended(study, what)) => {
                let site_name = shared.site_name.clone();
                let (at, what) = (crate::tasks::now(), Notice::word(what));
                let notice = Notice { study: study.clone(), site_name, at, what };
                let _ = shared.events.send(StudiesEvent::Amended(notice));
                Some(study)
            }
            Ok(ArchiveEvent::Rotten) => continue,
            Ok(ArchiveEvent::Conflicts) => {
                let _ = shared.events.send(StudiesEvent::Conflicts);
                continue;
            }
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        let _ = shared.events.send(StudiesEvent::List(study));
    }
}

async fn follow_sources(shared: Arc<Shared>, mut news: Receiver<SourcesEvent>) {
    let stop = shared.tasks.stop_token();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = news.recv() => event,
        };
        let study = match event {
            Ok(SourcesEvent::Study(study)) => Some(study),
            Ok(SourcesEvent::Many) | Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        let _ = shared.events.send(StudiesEvent::List(study));
    }
}

async fn follow_overlay(shared: Arc<Shared>, kept: Arc<Kept>, mut news: Receiver<OverlayEvent>) {
    let stop = shared.tasks.stop_token();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = news.recv() => event,
        };
        let study = match event {
            Ok(OverlayEvent::Directory { holder, study }) => {
                let is_it = |copy: &Arc<RemoteCopy>| copy.holder == holder && copy.study == study;
                check(&shared, kept.copies().into_iter().filter(is_it).collect());
                Some(study)
            }
            // Availability of many rows may have changed.
            Ok(OverlayEvent::DirectoryReset { .. } | OverlayEvent::Contact(_)) | Err(RecvError::Lagged(_)) => {
                check(&shared, kept.copies());
                None
            }
            Ok(OverlayEvent::Amended { holder, study, amended }) => {
                let (at, what) = match amended {
                    Some((at, what)) => (at, Notice::word(what)),
                    None => (crate::tasks::now(), "withdrawn"),
                };
                if matches!(amended, Some((_, Amendment::Rejected | Amendment::Replaced))) {
                    // What was copied is erased: who reads on opens it anew.
                    let is_it = |copy: &Arc<RemoteCopy>| copy.holder == holder && copy.study == study;
                    bar(&shared, kept.copies().into_iter().filter(is_it).collect());
                }
                let site_name = shared.site_name_of(&holder);
                let _ = shared.events.send(StudiesEvent::Amended(Notice { study, site_name, at, what }));
                continue;
            }
            Ok(OverlayEvent::Pairing(_) | OverlayEvent::CaseRefused { .. }) => continue,
            Err(RecvError::Closed) => return,
        };
        let _ = shared.events.send(StudiesEvent::List(study));
    }
}

/// Ends copies that the holder withdrew.
fn check(shared: &Shared, copies: Vec<Arc<RemoteCopy>>) {
    bar(shared, copies.into_iter().filter(|copy| copy.told().is_err()).collect());
}

impl super::Studies {
    /// Who opened which study, and looked at it lately.
    pub(crate) fn opened(&self) -> BTreeSet<(String, Uid)> {
        self.kept.opened()
    }

    /// A viewer page of a person shows these images of a study, and no others, from now on and for a minute. Nothing follows
    /// where the person has not opened it, or all of it is ours.
    pub(crate) async fn show(&self, person: &Person, study: &Uid, (viewer, shown): (Id128, &[Uid]), cases: &Cases) {
        if let Some(open) = self.kept.open_by(person, study).await {
            open.show(viewer, shown, cases).await;
        }
    }
}

/// Fetches a whole study in the background: now, or when its holder returns, and what a newer manifest adds.
pub(super) fn fetch_whole(shared: &Arc<Shared>, open: &Arc<OpenStudy>, copy: &Arc<RemoteCopy>) {
    if copy.is_wanted_whole.swap(true, Ordering::Relaxed) {
        return;
    }
    let stop = shared.tasks.stop_token();
    let mut news = shared.events.subscribe();
    // Held only while it runs: closing the study ends this too.
    let (open, copy) = (Arc::downgrade(open), Arc::downgrade(copy));
    shared.tasks.spawn("studies.prefetch", async move {
        let mut done_for = None;
        while let (Some(open), Some(copy)) = (open.upgrade(), copy.upgrade()) {
            if !copy.is_wanted_whole.load(Ordering::Relaxed) {
                return;
            }
            match open.contents().await {
                Ok(contents) if done_for.as_ref() != Some(&contents.version) => {
                    copy.want_whole(contents.there(), &open.reader());
                    done_for = Some(contents.version.clone());
                }
                Ok(_) | Err(StudyError::Unreachable { .. } | StudyError::Waiting { .. }) => {}
                Err(_) => return,
            }
            drop((open, copy));
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TRY_AGAIN) => {}
                _ = news.recv() => {}
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(person: &str, n: u8) -> Viewer {
        (person.to_owned(), Id128([n; 16]))
    }

    /// How many look at it.
    fn looking(at: &Arc<()>) -> usize {
        Arc::strong_count(at) - 1
    }

    #[test]
    fn the_last_word_of_a_viewer_counts_and_not_for_ever() {
        let (shown, now) = (Shown::<Arc<()>>::default(), Instant::now());
        let image = Arc::new(());
        let (one, other) = (viewer("durand", 1), viewer("durand", 2));
        let first = shown.say(&one, true, now);
        let second = shown.say(&one, true, now);
        shown.hold(&one, second, vec![image.clone()]);
        shown.hold(&one, first, vec![image.clone(), image.clone()]);
        assert_eq!(looking(&image), 1, "the older word comes too late");
        let third = shown.say(&one, true, now);
        assert_eq!(looking(&image), 1, "it looks until it is known at what");
        shown.hold(&one, third, Vec::new());
        assert_eq!(looking(&image), 0);
        let said = shown.say(&other, true, now + SHOWN_FOR / 2);
        shown.hold(&other, said, vec![image.clone()]);
        let later = now + SHOWN_FOR;
        assert!(shown.has_spoken("durand", later) && !shown.has_spoken("martin", later));
        shown.forget(later);
        assert_eq!((shown.words().of.len(), looking(&image)), (1, 1));
        shown.forget(later + SHOWN_FOR);
        assert_eq!((shown.words().of.len(), looking(&image)), (0, 0));
        assert!(!shown.has_spoken("durand", later + SHOWN_FOR));
    }

    #[test]
    fn a_study_is_left_with_the_last_viewer_that_shows_it() {
        let (shown, now) = (Shown::<Arc<()>>::default(), Instant::now());
        let (one, other) = (viewer("durand", 1), viewer("martin", 2));
        assert!(!shown.is_left(), "nobody said anything");
        shown.say(&one, true, now);
        shown.say(&other, true, now);
        shown.say(&one, false, now);
        assert!(!shown.is_left());
        shown.say(&other, false, now);
        assert!(shown.is_left());
        shown.say(&one, true, now);
        assert!(!shown.is_left(), "it is back");
    }

    #[test]
    fn who_opens_viewers_without_end_is_forgotten_first() {
        let (shown, now) = (Shown::<Arc<()>>::default(), Instant::now());
        shown.say(&viewer("martin", 0), true, now);
        for n in 0..=255 {
            shown.say(&viewer("durand", n), true, now + Duration::from_millis(n.into()));
        }
        assert_eq!(shown.words().of.len(), VIEWERS_MAX);
        assert!(shown.has_spoken("martin", now), "the oldest of all");
        assert!(shown.words().of.contains_key(&viewer("durand", 255)));
        shown.say(&viewer("leroy", 0), true, now);
        assert_eq!(shown.words().of.len(), VIEWERS_MAX);
    }
}
