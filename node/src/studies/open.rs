//! A study opened by a person: the permit, the evidence, and the way to the bytes, wherever they are.
//!
//! # At a crash
//! The evidence of an opening is durable before the first byte is shown.
//!
//! # Not here
//! Bytes of ours: [`super::local`]. Bytes of a peer: [`super::remote`].

use super::{
    FoundStudy, SeriesView, Shared, StudyError, contents::Contents, local::LocalStudy, meta, remote::RemoteCopy,
};
use crate::{
    archive,
    audit::{Act, Event, Outcome},
    cases::Cases,
    transfer::{Errand, Object, TransferError},
    trust::{Permit, Person},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use protocol::{
    Refusal, SiteId, Uid,
    agreement::{Level, Purpose},
    case,
    catalog::Basis,
    fetch::{Priority, Reader},
    ids::Id128,
    manifest::{Amended, Edit, InstanceEntry},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::OnceCell;

/// Characters of a name that travel: what the holder accepts.
const READER_CHARS_MAX: usize = 64;

/// A peer's part that did not come is asked for again after this time; until then ours is shown alone.
const AWAY: Duration = Duration::from_secs(5);
/// Headers of a study that is here and there read side by side.
const HEADERS_AT_ONCE: usize = 8;
/// What was found of the cases that a study is of is believed for so long.
const CASES_FRESH: Duration = Duration::from_secs(10);

/// Where the bytes are: here, at a peer, or some at each; every side under its own permit.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) own: Option<(Permit, LocalStudy)>,
    pub(super) there: Option<(Permit, Arc<RemoteCopy>)>,
    /// What was there when it was opened, also when it was refused: an own part, and the peer that told of one.
    pub(super) was_here: bool,
    pub(super) told: Option<SiteId>,
    /// For what the peer's part is read.
    pub(super) purpose: Purpose,
}

/// A study opened by a person.
#[derive(Debug)]
pub(crate) struct OpenStudy {
    person: Person,
    found: FoundStudy,
    shared: Arc<Shared>,
    sides: Sides,
    /// The union of both sides.
    both: tokio::sync::Mutex<Option<Arc<Contents>>>,
    away_since: Mutex<Option<Instant>>,
    /// The person lost the right to read.
    is_cut: AtomicBool,
    /// The fetch from a peer is written down once, before the first request.
    fetched: OnceCell<()>,
    /// Whether it is an emergency, and when that was found.
    is_emergency: Mutex<Option<(Instant, bool)>>,
}

/// The side that has an instance.
enum Side<'a> {
    Own(&'a Permit, &'a LocalStudy),
    There(&'a RemoteCopy),
}

/// A person's name as it travels.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(READER_CHARS_MAX).collect()
}

/// A copy that was erased because its holder amended the study: the next request opens it anew.
fn erased_under_way(copy: &RemoteCopy, fault: StudyError) -> StudyError {
    match fault {
        StudyError::Refused(Refusal::Revoked) if copy.told().is_ok() => StudyError::Waiting { retry_s: 1 },
        fault => fault,
    }
}

impl OpenStudy {
    pub(super) fn new(person: &Person, found: FoundStudy, shared: Arc<Shared>, sides: Sides) -> Self {
        Self {
            person: person.clone(),
            found,
            shared,
            sides,
            both: tokio::sync::Mutex::default(),
            away_since: Mutex::default(),
            is_cut: AtomicBool::new(false),
            fetched: OnceCell::new(),
            is_emergency: Mutex::default(),
        }
    }

    /// Whether its permits still hold.
    pub(super) fn is_allowed(&self) -> Result<(), StudyError> {
        if self.is_cut.load(Ordering::Acquire) {
            return Err(StudyError::Refused(Refusal::Revoked));
        }
        let own = self.sides.own.as_ref().map(|(permit, _)| permit);
        let there = self.sides.there.as_ref().map(|(permit, _)| permit);
        for permit in own.into_iter().chain(there) {
            permit.allows(&self.found.row.study, Level::Pixels)?;
        }
        Ok(())
    }

    /// The person reads no more: whatever runs ends with its next piece.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
    }

    /// The copy of a peer's part.
    pub(super) fn copy(&self) -> Option<&Arc<RemoteCopy>> {
        self.sides.there.as_ref().map(|(_, copy)| copy)
    }

    /// Whether a part of the study came to be here, or at a peer, after it was opened.
    pub(super) fn lacks_a_side(&self) -> bool {
        let study = &self.found.row.study;
        (!self.sides.was_here && self.shared.archive.study(study).is_ok_and(|row| row.is_some()))
            || (self.sides.told.is_none() && !self.shared.overlay.holders(study).is_empty())
    }

    fn side(&self, contents: &Contents, entry: &InstanceEntry) -> Result<Side<'_>, StudyError> {
        match (&self.sides.own, &self.sides.there) {
            (Some((permit, study)), _) if contents.is_ours(entry) => Ok(Side::Own(permit, study)),
            (_, Some((_, copy))) => Ok(Side::There(copy)),
            _ => Err(StudyError::NotFound),
        }
    }

    pub(super) fn reader(&self) -> Reader {
        Reader {
            person: shortened(&self.person.name),
            role: self.person.role.word().to_owned(),
            copy: self.copy().and_then(|copy| copy.name()),
            purpose: self.sides.purpose,
        }
    }

    /// Its Study Instance UID.
    pub(crate) fn study(&self) -> &Uid {
        &self.found.row.study
    }

    /// The row of the list, as it is now.
    pub(crate) fn found(&self) -> FoundStudy {
        let study = &self.found.row.study;
        let own = self.sides.own.as_ref().and_then(|_| self.shared.archive.study(study).ok().flatten());
        let told = self.copy().and_then(|copy| copy.told().ok());
        self.shared.found(own, told.as_ref()).unwrap_or_else(|| self.found.clone())
    }

    pub(super) async fn contents(&self) -> Result<Arc<Contents>, StudyError> {
        self.is_allowed()?;
        match (&self.sides.own, &self.sides.there) {
            (Some((_, study)), Some((_, copy))) => self.contents_of_both(study, copy).await,
            (Some((_, study)), None) => study.contents().await,
            (None, Some((_, copy))) => self.contents_there(copy).await,
            (None, None) => Err(StudyError::NotFound),
        }
    }

    async fn contents_there(&self, copy: &RemoteCopy) -> Result<Arc<Contents>, StudyError> {
        self.write_fetched(copy).await?;
        copy.contents(&self.reader()).await.map_err(|fault| erased_under_way(copy, fault))
    }

    async fn contents_of_both(&self, study: &LocalStudy, copy: &RemoteCopy) -> Result<Arc<Contents>, StudyError> {
        let own = study.contents().await?;
        let mut known = self.both.lock().await;
        let is_away = {
            let since = self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
            since.is_some_and(|at| at.elapsed() < AWAY)
        };
        let there = if is_away { Err(StudyError::Unreachable { retry_s: 5 }) } else { self.contents_there(copy).await };
        let there = match there {
            Ok(there) => there,
            // What was known of it stays; and what is here is shown also while the peer is away.
            Err(fault) => {
                if !is_away {
                    tracing::warn!(%fault, "a peer's part of a study is missing, ours is shown");
                    *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                }
                match known.as_ref() {
                    Some(both) => both.there().clone(),
                    None => return Ok(own),
                }
            }
        };
        if let Some(both) = known.as_ref().filter(|both| both.is_of(&own, &there)) {
            return Ok(both.clone());
        }
        let (both, differing) = Contents::both(&own, there.clone());
        if let Some(first) = differing.first() {
            let note = format!(
                "{} instances stored here differ from the custodian's of the same UID, whose are shown; the first is {first}",
                differing.len()
            );
            tracing::warn!(count = differing.len(), "instances stored here differ from the custodian's");
            let event = Event::new(Act::SecurityAlert, self.person.actor()).outcome(Outcome::Failed);
            let event = event.study(&copy.study).peer(copy.holder).note(note);
            self.shared.audit.record(event).await.map_err(StudyError::internal)?;
        }
        // What is here need not come.
        for entry in there.views.iter().flat_map(|v| &v.instances).filter(|e| both.is_ours(e)) {
            copy.errand.note_here(&entry.digest, entry.bytes);
        }
        let both = Arc::new(both);
        *known = Some(both.clone());
        Ok(both)
    }

    /// Written before anything is asked of the holder, also when the lease turns out to have it all: the opening of a
    /// peer's study is an event at both sites.
    async fn write_fetched(&self, copy: &RemoteCopy) -> Result<(), StudyError> {
        let written = self.fetched.get_or_try_init(|| async {
            let mut event = Event::new(Act::StudyFetched, self.person.actor())
                .study(&copy.study)
                .peer(copy.holder)
                .amount(u64::from(self.found.row.instances), self.found.row.bytes);
            let basis = self.sides.there.as_ref().and_then(|(permit, _)| permit.basis.as_ref());
            event.basis = basis.map(Basis::id);
            self.shared.audit.record(event).await.map(|_| ())
        });
        match written.await {
            Ok(()) => Ok(()),
            Err(fault) => Err(StudyError::internal(fault)),
        }
    }

    /// All series with their instances. For a peer's study: after its manifest arrived and was verified. A study that is
    /// still arriving at a peer has no manifest yet: the list is then empty, and the version changes when it comes.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn series(&self) -> Result<Arc<Vec<SeriesView>>, StudyError> {
        Ok(self.contents().await?.views.clone())
    }

    /// Changes whenever the set of instances changes: for ETags.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn version(&self) -> Result<String, StudyError> {
        Ok(self.contents().await?.version.clone())
    }

    /// Headers of all instances of a series, in its order: each the data set before its bulk data, verified.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn headers(&self, series: &Uid) -> Result<Vec<(InstanceEntry, Bytes)>, StudyError> {
        let contents = self.contents().await?;
        let entries = &contents.series(series)?.instances;
        match (&self.sides.own, &self.sides.there) {
            (Some((permit, study)), None) => study.headers(permit, series).await,
            (None, Some((_, copy))) => {
                let headers = copy.headers(series, &self.reader()).await;
                let headers = headers.map_err(|fault| erased_under_way(copy, fault))?;
                self.is_allowed()?;
                if entries.len() != headers.len() {
                    // A newer manifest came in between.
                    return Err(StudyError::Waiting { retry_s: 2 });
                }
                Ok(entries.iter().cloned().zip(headers.iter().cloned()).collect())
            }
            _ => {
                let (contents, reader) = (&contents, &self.reader());
                let headers = futures::stream::iter(entries.clone()).map(|entry| async move {
                    let header = match self.side(contents, &entry)? {
                        Side::Own(permit, study) => study.header(permit, &entry).await?,
                        Side::There(copy) => copy.header(series, &entry, reader).await?,
                    };
                    Ok::<_, StudyError>((entry, header))
                });
                let headers = headers.buffered(HEADERS_AT_ONCE).try_collect().await?;
                self.is_allowed()?;
                Ok(headers)
            }
        }
    }

    /// Says what will be read first of a study that may be a peer's: the series, and the instance if its bytes are meant.
    pub(crate) fn about_to_read(&self, series: &Uid, instance: Option<&Uid>) {
        if let Some(copy) = self.copy() {
            copy.hint(series, instance);
        }
    }

    /// The entry of an instance.
    ///
    /// # Errors
    /// [`StudyError::NotFound`].
    pub(crate) async fn instance(&self, series: &Uid, instance: &Uid) -> Result<InstanceEntry, StudyError> {
        self.contents().await?.instance(series, instance).cloned()
    }

    /// The header of one instance.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn header(&self, series: &Uid, instance: &Uid) -> Result<Bytes, StudyError> {
        let contents = self.contents().await?;
        let entry = contents.instance(series, instance)?;
        let header = match self.side(&contents, entry)? {
            Side::Own(permit, study) => study.header(permit, entry).await?,
            Side::There(copy) => {
                let header = copy.header(series, entry, &self.reader()).await;
                header.map_err(|fault| erased_under_way(copy, fault))?
            }
        };
        self.is_allowed()?;
        Ok(header)
    }

    /// What was corrected and by which site, where anything was.
    fn amended(&self) -> Option<(Amended, String)> {
        let found = self.found();
        let amended = found.row.amended.filter(|amended| !amended.edits.is_empty())?;
        Some((amended, found.site_name))
    }

    /// Changes whenever a correction does; empty where nothing is corrected: for ETags of what shows corrections.
    pub(crate) fn edition(&self) -> String {
        let edition = |edit: &Edit| format!("{:08x}={};", edit.tag, edit.value.as_deref().unwrap_or_default());
        self.amended().map(|(amended, _)| amended.edits.iter().map(edition).collect()).unwrap_or_default()
    }

    fn corrected(
        (amended, system): &(Amended, String),
        entry: &InstanceEntry,
        header: &[u8],
    ) -> Result<Bytes, StudyError> {
        let made = archive::amended_header(header, &entry.transfer_syntax, amended, system);
        made.map(Bytes::from).ok_or_else(|| StudyError::internal("a correction cannot be written into a header"))
    }

    /// [`Self::headers`] as they are to be shown: with corrections.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn shown_headers(&self, series: &Uid) -> Result<Vec<(InstanceEntry, Bytes)>, StudyError> {
        let mut headers = self.headers(series).await?;
        if let Some(amended) = self.amended() {
            for (entry, header) in headers.iter_mut().filter(|(_, header)| !header.is_empty()) {
                *header = Self::corrected(&amended, entry, header)?;
            }
        }
        Ok(headers)
    }

    /// [`Self::header`] as it is to be shown: with corrections.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn shown_header(&self, series: &Uid, instance: &Uid) -> Result<Bytes, StudyError> {
        let header = self.header(series, instance).await?;
        match self.amended().filter(|_| !header.is_empty()) {
            Some(amended) => Self::corrected(&amended, &self.instance(series, instance).await?, &header),
            None => Ok(header),
        }
    }

    /// What stands in the place of an instance's header where the object leaves; `None`: it leaves as it was received.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn front(&self, series: &Uid, entry: &InstanceEntry) -> Result<Option<Bytes>, StudyError> {
        let Some(amended) = self.amended() else { return Ok(None) };
        let header = self.header(series, &entry.instance).await?;
        Self::corrected(&amended, entry, &header).map(Some)
    }

    /// A header that was inflated where it was deflated, with corrections; `None`: nothing was corrected.
    ///
    /// # Errors
    /// [`StudyError::Internal`] where they cannot be written.
    pub(crate) fn front_of(&self, transfer_syntax: &Uid, header: &[u8]) -> Result<Option<Bytes>, StudyError> {
        let Some((amended, system)) = self.amended() else { return Ok(None) };
        let made = archive::amended_inflated(header, transfer_syntax, &amended, &system);
        made.map(|made| Some(made.into()))
            .ok_or_else(|| StudyError::internal("a correction cannot be written into a header"))
    }

    /// As what a frame is asked for. A viewer that says what it shows (see [`Self::show`]) looks at that, and fetches the rest
    /// of what it asks for beside it; whoever says nothing is taken to look at what they ask for.
    pub(crate) fn frame_priority(&self, cases: &Cases) -> Priority {
        match self.copy() {
            Some(copy) if copy.shown.has_spoken(&self.person.name, Instant::now()) => Priority::Series,
            Some(_) => self.screen(cases),
            None => Priority::Screen,
        }
    }

    /// As what it goes to a screen.
    fn screen(&self, cases: &Cases) -> Priority {
        let mut known = self.is_emergency.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.filter(|(at, _)| at.elapsed() < CASES_FRESH).map(|(_, is)| is);
        let is_emergency =
            fresh.unwrap_or_else(|| self.is_agreed_emergency() || is_read_at_once(cases, &self.found.row.study));
        if fresh.is_none() {
            *known = Some((Instant::now(), is_emergency));
        }
        if is_emergency { Priority::Emergency } else { Priority::Screen }
    }

    /// Whether it is read by broken glass, or for that purpose.
    fn is_agreed_emergency(&self) -> bool {
        let basis = self.sides.there.as_ref().and_then(|(permit, _)| permit.basis.as_ref());
        let is_for_it = |basis: &Basis| self.shared.trust.purposes(basis) == [Purpose::Emergency];
        self.sides.purpose == Purpose::Emergency || basis.is_some_and(is_for_it)
    }

    /// A viewer has these images of a peer's study on its screen, and no others, until it says otherwise or nothing for a
    /// minute: they come before all else.
    pub(super) async fn show(&self, viewer: Id128, shown: &[Uid], cases: &Cases) {
        let Some(copy) = self.copy() else { return };
        let viewer = (self.person.name.clone(), viewer);
        let said = copy.shown.say(&viewer, !shown.is_empty(), Instant::now());
        let looks = if shown.is_empty() { Vec::new() } else { self.look_at(copy, shown, self.screen(cases)).await };
        copy.shown.hold(&viewer, said, looks);
    }

    /// Asks for what is on a screen, and then for what follows it. Why it cannot be had is told to whoever asks for the image.
    async fn look_at(&self, copy: &RemoteCopy, shown: &[Uid], priority: Priority) -> Vec<Look> {
        let Ok(contents) = self.contents().await else { return Vec::new() };
        let (there, reader) = (contents.there(), self.reader());
        let places = shown.iter().filter_map(|instance| there.place(instance));
        let entries: Vec<&InstanceEntry> =
            places.map(|(_, entry)| entry).filter(|entry| !contents.is_ours(entry)).collect();
        let look = |entry: &&InstanceEntry| {
            // Of many frames it is not known which are on the screen; the viewer asks for them.
            let range = if entry.frames > 1 { (0, 0) } else { (0, entry.bytes) };
            Look::at(copy, entry, range, (priority, true), &reader).ok()
        };
        let looks = entries.iter().filter(|entry| !copy.errand.has(&entry.digest)).filter_map(look).collect();
        for entry in entries {
            copy.follow(there, entry, &reader);
        }
        looks
    }

    /// Verified bytes of an instance's data set. For a peer's study this asks for them with this priority and waits
    /// (at most 10 s without progress); the rest of the series is fetched behind it. Whoever waits no longer does not hold up
    /// what others wait for.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn range(
        &self,
        entry: &InstanceEntry,
        offset: u64,
        len: u64,
        priority: Priority,
    ) -> Result<Bytes, StudyError> {
        let contents = self.contents().await?;
        let bytes = match self.side(&contents, entry)? {
            Side::Own(permit, study) => study.range(permit, entry, offset, len).await?,
            Side::There(copy) => {
                let contents = contents.there();
                is_named(contents, entry)?;
                let here = copy.read(entry, offset, len).await.map_err(|fault| erased_under_way(copy, fault))?;
                let reader = self.reader();
                // Asked before the rest of the series, so that it stands first in the queue.
                match here {
                    Some(bytes) => {
                        self.follow(copy, contents, entry, priority, &reader);
                        bytes
                    }
                    None => {
                        let range = (offset, len);
                        let look = Look::at(copy, entry, range, (priority, false), &reader)?;
                        self.follow(copy, contents, entry, priority, &reader);
                        copy.wait(entry, range, look.object()).await.map_err(|fault| erased_under_way(copy, fault))?
                    }
                }
            }
        };
        // A permit withdrawn while the bytes came: they are not shown.
        self.is_allowed()?;
        Ok(bytes)
    }

    /// Asks for a range of a peer's instance, as if somebody waited for it, until what this gives is dropped. `None` where nothing is
    /// to be asked for, or cannot be now: why is told to whoever reads it.
    ///
    /// # Errors
    /// [`StudyError`], as [`Self::range`].
    pub(crate) async fn ask(
        &self,
        entry: &InstanceEntry,
        range: (u64, u64),
        priority: Priority,
    ) -> Result<Option<Look>, StudyError> {
        let contents = self.contents().await?;
        match self.side(&contents, entry)? {
            Side::There(copy) if !copy.errand.has(&entry.digest) => {
                is_named(contents.there(), entry)?;
                Ok(Look::at(copy, entry, range, (priority, false), &self.reader()).ok())
            }
            Side::Own(..) | Side::There(_) => Ok(None),
        }
    }

    fn follow(
        &self,
        copy: &RemoteCopy,
        contents: &Contents,
        entry: &InstanceEntry,
        priority: Priority,
        reader: &Reader,
    ) {
        if priority >= Priority::Screen {
            copy.follow(contents, entry, reader);
        }
    }

    /// Preamble and meta group for the Part 10 file of an instance: the first received, or a standard one for a copy.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn meta(&self, entry: &InstanceEntry) -> Result<Bytes, StudyError> {
        let contents = self.contents().await?;
        match self.side(&contents, entry)? {
            Side::Own(permit, study) => study.meta(permit, entry).await,
            Side::There(_) => Ok(meta::part10_head(entry)),
        }
    }
}

/// Only what the manifest names may be asked for or shown.
fn is_named(contents: &Contents, entry: &InstanceEntry) -> Result<(), StudyError> {
    let known = contents.place(&entry.instance).is_some_and(|(_, known)| known.digest == entry.digest);
    if known { Ok(()) } else { Err(StudyError::NotFound) }
}

/// Somebody waits for a part of a peer's object, or has it on the screen, until this is dropped.
#[derive(Debug)]
pub(crate) struct Look {
    errand: Arc<Errand>,
    object: Arc<Object>,
    number: u64,
}

impl Look {
    /// Begins it: what is looked at is asked for, as [`Errand::look`] says.
    pub(super) fn at(
        copy: &RemoteCopy,
        entry: &InstanceEntry,
        range: (u64, u64),
        how: (Priority, bool),
        reader: &Reader,
    ) -> Result<Self, TransferError> {
        let errand = copy.errand.clone();
        let (object, number) = errand.look((&entry.digest, entry.bytes), range, how, reader)?;
        Ok(Self { errand, object, number })
    }

    pub(super) fn object(&self) -> &Object {
        &self.object
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.errand.look_away(&self.object, self.number);
    }
}

/// Whether it is of an open P0 case that this site reads.
fn is_read_at_once(cases: &Cases, study: &Uid) -> bool {
    let us = cases.us();
    cases.all().iter().map(|whole| &whole.state).any(|state| {
        state.ask.priority == case::event::Priority::P0
            && state.reader == Some(us)
            && state.stage.is_open()
            && state.ask.studies.contains(study)
    })
}
