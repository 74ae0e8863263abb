//! A study found and opened as one thing, whether it is here or at a peer.
//!
//! Doors ask this part and nothing below it for images: it authorizes, writes the evidence, fetches, waits, verifies.
//!
//! # At a crash
//! Nothing is kept here but reading contexts, which are lost. Copies of peers' studies are the leased cache's.
//!
//! # Not here
//! DICOM: bytes go through unread. HTTP, DIMSE: the doors' own.

mod ahead;
mod attached;
mod back;
mod contents;
mod context;
mod emergency;
mod find;
mod history;
mod keep;
mod local;
mod meta;
mod open;
mod progress;
mod quiet;
mod remote;
mod repair;
mod steer;
#[cfg(test)]
pub(crate) mod tests;
mod zone;

pub(crate) use crate::transfer::{GivenTotal, LinkRow, OutgoingRow};
pub(crate) use ahead::PreviewTally;
pub(crate) use back::TakenBack;
pub(crate) use emergency::Emergency;
pub(crate) use history::{
    AheadFigures, HistoryLine, HistoryRow, Is, Live, Silent, SiteState, Subject, word as trait_word,
};
pub(crate) use open::{Look, OpenStudy};
pub(crate) use quiet::Piece;
pub(crate) use steer::{Forecast, Steering};
pub(crate) use zone::Zoned;

use crate::{
    archive::{Archive, ReadError, StudyQuery, StudyRow, cache::Cache},
    audit::{Act, Audit, Event, Outcome},
    config::SiteConfig,
    links::Links,
    overlay::{Overlay, RemoteStudy},
    sources::{Recalling, Sources},
    tasks::{self, Tasks},
    transfer::{Transfer, TransferError},
    trust::{Action, Caller, Held, Permit, Person, READING, Trust},
};
use context::Contexts;
use keep::Kept;
use local::{LocalStudy, Objects};
use open::Sides;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::{Level, Purpose, StudyFacts, Withheld},
    ids::Id128,
    manifest::{Amendment, InstanceEntry},
};
use remote::{Packs, RemoteCopy};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast;

/// How long an opening waits for a study that is being recalled.
const RECALL_WAIT: Duration = Duration::from_secs(25);
/// News kept for a slow listener, who otherwise reads everything anew.
const EVENTS_KEPT: usize = 1024;
/// When the cold tier is not there, somebody must see to it.
const OFFLINE_RETRY_S: u32 = 60;

/// Where a study's bytes are, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Availability {
    /// All here (own, or completely copied).
    Online,
    /// In the cold tier, or in the PACS beside the node, of ours or of a peer that is connected: opening it brings it, which
    /// takes a while.
    Nearline,
    /// At a peer that is connected.
    Remote,
    /// At a peer, or in our cold tier, that cannot be reached now (what was copied is readable).
    Unreachable,
    /// At a peer with which the agreement is suspended or about to end: it is listed, and not opened, copied or not.
    Closed,
}

/// A row of a list over own and peers' studies.
#[derive(Clone, Debug)]
pub(crate) struct FoundStudy {
    /// Attributes; for a peer's study as far as its card tells.
    pub(crate) row: StudyRow,
    /// `None`: ours.
    pub(crate) holder: Option<SiteId>,
    /// Name of the holding site (ours or the peer's).
    pub(crate) site_name: String,
    /// Which clock its date and time were read from.
    pub(crate) zone: Zoned,
    pub(crate) availability: Availability,
    /// Instances whose bytes are here.
    pub(crate) instances_here: u32,
    /// A PACS beside this node that has instances which are not here, and how many it has.
    pub(crate) at_source: Option<(String, u32)>,
    /// In a cold tier, ours or the holder's: seconds that bringing it back may take, where they are known.
    pub(crate) recall_s: Option<u64>,
    /// The agreement by which it is read ends then at the latest; it may be read until it does.
    pub(crate) ends: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StudyError {
    #[error("no such study, series or instance")]
    NotFound,
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Retry after so many seconds.
    #[error("the holder cannot be reached")]
    Unreachable { retry_s: u32 },
    /// The bytes did not come within the time a viewer waits.
    #[error("the image has not arrived yet")]
    Waiting { retry_s: u32 },
    #[error("the bytes are not those the site signed")]
    Corrupt,
    #[error("internal: {0}")]
    Internal(String),
}

impl StudyError {
    /// Our own fault: told in the log, not to the reader.
    fn internal(fault: impl std::fmt::Display) -> Self {
        Self::Internal(fault.to_string())
    }
}

impl From<ReadError> for StudyError {
    fn from(fault: ReadError) -> Self {
        match fault {
            ReadError::Refused(refusal) => Self::Refused(refusal),
            ReadError::NotHeld => Self::NotFound,
            ReadError::Corrupt => Self::Corrupt,
            ReadError::Offline => Self::Unreachable { retry_s: OFFLINE_RETRY_S },
            ReadError::Io(fault) => Self::internal(fault),
        }
    }
}

impl From<TransferError> for StudyError {
    fn from(fault: TransferError) -> Self {
        use crate::archive::cache::CacheError;
        match fault {
            TransferError::Unreachable => Self::Unreachable { retry_s: 5 },
            TransferError::Refused(Refusal::Corrupt) | TransferError::Corrupt => Self::Corrupt,
            TransferError::Refused(Refusal::NotHeld) => Self::NotFound,
            TransferError::Refused(Refusal::Busy(_)) | TransferError::Cancelled => Self::Waiting { retry_s: 2 },
            TransferError::Refused(refusal) => Self::Refused(refusal),
            TransferError::Cache(CacheError::Erased) => Self::Refused(Refusal::Revoked),
            TransferError::Cache(fault) => Self::internal(fault),
            TransferError::Protocol | TransferError::Listen { .. } => Self::internal(fault),
        }
    }
}

/// A transfer from a peer as the portal's strip shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TransferRow {
    pub(crate) study: String,
    pub(crate) site: String,
    pub(crate) site_name: String,
    pub(crate) instances_done: u32,
    pub(crate) instances_total: u32,
    /// Verified bytes of objects that are here.
    pub(crate) bytes_done: u64,
    pub(crate) bytes_total: u64,
    /// Verified bytes of objects, mean over the last two seconds.
    pub(crate) bytes_per_s: f64,
    /// By that rate; `None` while unknown.
    pub(crate) seconds_left: Option<f64>,
    /// `running`, `waiting` (holder away), `paused`, `cancelled`, `done`, `refused`, `corrupt`.
    pub(crate) state: &'static str,
    /// `direct`, `punched`, `tcp`, `relay`; `none` where there is none now; `source`: from the PACS.
    pub(crate) road: &'static str,
    /// Images asked for that are not here yet.
    pub(crate) waiting: u32,
    /// Round trip to the site, ms.
    pub(crate) rtt_ms: Option<f64>,
    /// Share of its packets to us, which carry the images, that is lost lately, as it tells, 0 to 1.
    pub(crate) lost: Option<f64>,
    /// Bytes over the wire that were of use, mean over the last two seconds: fewer than of objects, where they come coded.
    pub(crate) wire_bytes_per_s: f64,
    /// What the link carries over the wire, as far as is known: the highest rate of the last transfers and of this one.
    pub(crate) link_bytes_per_s: Option<f64>,
    /// Who brings it, the custodian first; none where nobody beside it does.
    pub(crate) holders: Vec<HolderRow>,
}

/// One of several holders that a study comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HolderRow {
    pub(crate) site: String,
    pub(crate) site_name: String,
    /// As of [`TransferRow::road`].
    pub(crate) road: &'static str,
    /// Bytes of it that it brought.
    pub(crate) bytes: u64,
    /// Mean over the last two seconds.
    pub(crate) bytes_per_s: f64,
}

/// What became of a study, for those who have it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) study: Uid,
    /// The site that amended it.
    pub(crate) site_name: String,
    pub(crate) at: Timestamp,
    /// `corrected`, `rejected`, `reinstated`, `replaced` or `withdrawn`.
    pub(crate) what: &'static str,
}

impl Notice {
    fn word(what: Amendment) -> &'static str {
        match what {
            Amendment::Corrected => "corrected",
            Amendment::Rejected => "rejected",
            Amendment::Reinstated => "reinstated",
            Amendment::Replaced => "replaced",
        }
    }
}

/// News for the portal.
#[derive(Clone, Debug)]
pub(crate) enum StudiesEvent {
    /// A row of the list appeared, changed or went; `None`: many.
    List(Option<Uid>),
    /// Who reads a study must hear of it: it is other than it was.
    Amended(Notice),
    /// Conflicts are other than they were.
    Conflicts,
    Transfer(TransferRow),
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Studies {
    shared: Arc<Shared>,
    kept: Arc<Kept>,
    contexts: Arc<Contexts>,
}

/// What every open study uses.
#[derive(Debug)]
struct Shared {
    archive: Archive,
    cache: Cache,
    trust: Trust,
    sources: Sources,
    overlay: Overlay,
    transfer: Transfer,
    audit: Audit,
    tasks: Tasks,
    site_name: String,
    time_zone: Option<String>,
    events: broadcast::Sender<StudiesEvent>,
    objects: Objects,
    packs: Packs,
    previews: ahead::Room,
    links: Links,
    history: history::Memory,
}

#[derive(Debug)]
pub(crate) struct StudiesParts {
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) trust: Trust,
    pub(crate) sources: Sources,
    pub(crate) overlay: Overlay,
    pub(crate) transfer: Transfer,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    pub(crate) site: SiteConfig,
    pub(crate) links: Links,
}

/// A series of an open study.
#[derive(Clone, Debug)]
pub(crate) struct SeriesView {
    pub(crate) series: Uid,
    pub(crate) modality: String,
    pub(crate) number: Option<i32>,
    pub(crate) instances: Vec<InstanceEntry>,
}

impl Shared {
    /// By what a study of ours, or of the PACS beside us, is judged.
    fn facts(&self, row: &StudyRow) -> Result<StudyFacts, StudyError> {
        self.archive.facts(row).map_err(StudyError::internal)
    }
}

impl Studies {
    pub(crate) fn start(parts: StudiesParts) -> Self {
        let StudiesParts { archive, cache, trust, sources, overlay, transfer, .. } = parts;
        let StudiesParts { audit, tasks, site, links, .. } = parts;
        let SiteConfig { name: site_name, time_zone, national_identity, .. } = site;
        let shared = Arc::new(Shared {
            archive,
            cache,
            trust,
            sources,
            overlay,
            transfer,
            audit,
            tasks,
            site_name,
            time_zone,
            events: broadcast::Sender::new(EVENTS_KEPT),
            objects: Objects::default(),
            packs: Packs::default(),
            previews: ahead::Room::default(),
            links,
            history: history::Memory::of(national_identity),
        });
        let kept = Arc::new(Kept::default());
        keep::start(&shared, &kept);
        repair::start(&shared);
        Self { shared, kept, contexts: Arc::default() }
    }

    /// From now on, what runs for people who lose the right to it ends.
    pub(crate) fn follow_people(&self, lost: broadcast::Receiver<String>) {
        let (shared, kept) = (self.shared.clone(), self.kept.clone());
        self.shared.tasks.spawn("studies.people", keep::follow_people(shared, kept, lost));
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<StudiesEvent> {
        self.shared.events.subscribe()
    }

    /// Own and peers' studies, newest first, merged by Study UID. `within`: only these studies (a reading
    /// context); `None`: all the person may list.
    ///
    /// # Errors
    /// [`StudyError::Refused`] when the role does not list studies; [`StudyError::Internal`].
    pub(crate) async fn find(
        &self,
        person: &Person,
        query: &StudyQuery,
        within: Option<&[Uid]>,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<FoundStudy>, StudyError> {
        let Some(query) = find::narrowed(query, within) else { return Ok(Vec::new()) };
        self.find_among(person, query, Arc::default(), (offset, limit)).await
    }

    /// [`Self::find`], also among what peers answered.
    async fn find_among(
        &self,
        person: &Person,
        query: StudyQuery,
        live: Arc<Live>,
        page: (usize, usize),
    ) -> Result<Vec<FoundStudy>, StudyError> {
        if !person.allows(Action::ListStudies) {
            return Err(StudyError::Refused(Refusal::Role));
        }
        let shared = self.shared.clone();
        let finding = self.shared.tasks.spawn_blocking("studies.find", move || shared.find(&query, &live, page));
        finding.await.map_err(StudyError::internal)?
    }

    /// Opens a study for a person: permit and evidence, once per person and study while it stays in use (30 min idle).
    ///
    /// # Errors
    /// [`StudyError::NotFound`], [`StudyError::Refused`].
    pub(crate) async fn open(&self, person: &Person, study: &Uid) -> Result<Arc<OpenStudy>, StudyError> {
        let turn = self.kept.turn(person, study);
        // Held while the evidence is written, so that requests that come together make one opening.
        let mut turn = turn.lock().await;
        if let Some(open) = turn.current() {
            return Ok(open);
        }
        let open = self.open_anew(person, study).await?;
        let open = Arc::new(open);
        if !person.is_rule() {
            self.shared.history.brought.opened(study);
        }
        turn.set(open.clone());
        Ok(open)
    }

    /// Opens what is here of a study, and that alone, to send it on: whoever does that writes the evidence of it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_own(&self, person: &Person, study: &Uid) -> Result<Arc<OpenStudy>, StudyError> {
        let shared = &self.shared;
        let row = shared.archive.study(study).map_err(StudyError::internal)?.ok_or(StudyError::NotFound)?;
        let permit = self.permit((person, None), &shared.facts(&row)?, Held::Here, None).await?;
        let own = Some((permit, LocalStudy::new(study.clone(), shared.clone())));
        let sides = Sides { own, there: None, was_here: true, told: None, purpose: Purpose::Care };
        Ok(Arc::new(OpenStudy::new(person, shared.own(row), shared.clone(), sides)))
    }

    /// Opens what is here and what is at a peer as one. A refusal of the one leaves the other.
    async fn open_anew(&self, person: &Person, study: &Uid) -> Result<OpenStudy, StudyError> {
        let shared = &self.shared;
        let told = shared.told_best(study);
        let purpose = self.purpose(person, study, told.as_ref());
        self.recalled(person, study, told.is_some()).await?;
        let row = shared.archive.study(study).map_err(StudyError::internal)?;
        let found = shared.found(row.clone(), told.as_ref()).ok_or(StudyError::NotFound)?;
        let own = match &row {
            Some(row) => Some(self.permit((person, None), &shared.facts(row)?, Held::Here, None).await),
            None => None,
        };
        let there = match &told {
            Some(told) => {
                let facts = shared.told(told).row.facts(Withheld::NOTHING);
                let held = Held::ByPeer(&told.holder, &told.basis);
                Some(self.permit((person, Some(purpose)), &facts, held, Some(told.holder)).await)
            }
            None => None,
        };
        let (own, there) = match (own, there) {
            (Some(Err(fault)), None | Some(Err(_))) | (None, Some(Err(fault))) => return Err(fault),
            (own, there) => (own.and_then(Result::ok), there.and_then(Result::ok)),
        };
        let was_here = row.is_some();
        let mut event = Event::new(Act::StudyOpened, person.actor()).study(study);
        let (mut instances, mut bytes) = (0u64, 0u64);
        if let Some(row) = row.filter(|_| own.is_some()) {
            (instances, bytes) = (u64::from(row.instances), row.bytes);
        }
        let remote = told.as_ref().filter(|_| there.is_some());
        if let Some(told) = remote {
            instances += u64::from(told.card.instances);
            bytes = bytes.saturating_add(told.card.bytes);
            event = event.peer(told.holder);
            event.basis = Some(told.basis.id());
        }
        shared.audit.record(event.amount(instances, bytes)).await.map_err(StudyError::internal)?;
        if let Some(told) = remote.filter(|_| !person.is_rule()) {
            shared.archive.note_use(study, told.holder).await.map_err(StudyError::internal)?;
        }
        let sides = Sides {
            own: own.map(|permit| (permit, LocalStudy::new(study.clone(), shared.clone()))),
            there: match (there, remote) {
                (Some(permit), Some(remote)) => Some((permit, self.copy(remote)?)),
                _ => None,
            },
            was_here,
            told: told.map(|told| told.holder),
            purpose,
        };
        Ok(OpenStudy::new(person, found, shared.clone(), sides))
    }

    /// Sees to it that what the PACS beside us has of a study comes here. Who opens a study of which nothing is here waits
    /// for it, as long as a viewer waits; of another one what is here is shown meanwhile.
    async fn recalled(&self, person: &Person, study: &Uid, is_told: bool) -> Result<(), StudyError> {
        let sources = &self.shared.sources;
        let Some(nearline) = sources.nearline_study(study, false) else { return Ok(()) };
        let own = self.shared.archive.study(study).map_err(StudyError::internal)?;
        let held = own.as_ref().map_or(0, |row| row.instances);
        let is_running = sources.is_recalling(study);
        if !is_running && own.is_some() && held >= nearline.row.instances {
            return Ok(());
        }
        self.permit((person, None), &self.shared.facts(&nearline.row)?, Held::Here, None).await?;
        let Some(mut state) = sources.recall(study, person.actor(), false) else { return Ok(()) };
        if !is_running && (own.is_some() || is_told) {
            return Ok(());
        }
        let ended = tokio::time::timeout(RECALL_WAIT, state.wait_for(|now| !matches!(now, Recalling::Running))).await;
        match ended.as_ref().map(|now| now.as_ref().map(|now| (**now).clone())) {
            Err(_) => Err(StudyError::Waiting { retry_s: 2 }),
            Ok(Ok(Recalling::Failed(error))) => {
                tracing::warn!(%study, %error, "a study was not recalled");
                Err(StudyError::Unreachable { retry_s: 10 })
            }
            Ok(_) => Ok(()),
        }
    }

    /// The permit; a refusal is written down too.
    async fn permit(
        &self,
        (person, purpose): (&Person, Option<Purpose>),
        facts: &StudyFacts,
        held: Held<'_>,
        holder: Option<SiteId>,
    ) -> Result<Permit, StudyError> {
        let caller = purpose.map_or(Caller::Person(person), |purpose| Caller::For(person, purpose));
        match self.shared.trust.authorize(caller, facts, held, Level::Pixels) {
            Ok(permit) => Ok(permit),
            Err(refusal) => {
                let mut event =
                    Event::new(Act::StudyOpened, person.actor()).study(&facts.study).outcome(Outcome::Refused(refusal));
                event.peer = holder;
                self.shared.audit.record(event).await.map_err(StudyError::internal)?;
                Err(refusal.into())
            }
        }
    }

    /// For what a person opens a peer's study: as the person said, else the first that its basis is for.
    fn purpose(&self, person: &Person, study: &Uid, told: Option<&RemoteStudy>) -> Purpose {
        let said = self.kept.purpose(person, study);
        let usual = || told.and_then(|told| self.shared.trust.purposes(&told.basis).first().copied());
        said.or_else(usual).unwrap_or(Purpose::Care)
    }

    /// A person says for what a peer's study is opened from now on; what is open is opened anew.
    ///
    /// # Errors
    /// [`StudyError::NotFound`] where no peer has it; [`Refusal::Purpose`] for one that is not agreed.
    pub(crate) fn set_purpose(&self, person: &Person, study: &Uid, purpose: Purpose) -> Result<(), StudyError> {
        let told = self.shared.told_best(study).ok_or(StudyError::NotFound)?;
        if !self.shared.trust.purposes(&told.basis).contains(&purpose) {
            return Err(Refusal::Purpose.into());
        }
        self.kept.set_purpose(person, study, purpose);
        Ok(())
    }

    /// For what a peer's study may be opened by this person, and for what it is; none where there is nothing to choose.
    pub(crate) fn purposes(&self, person: &Person, study: &Uid) -> Option<(Vec<Purpose>, Purpose)> {
        let told = self.shared.told_best(study)?;
        let all = self.shared.trust.purposes(&told.basis);
        let now = self.purpose(person, study, Some(&told));
        (all.len() > 1).then_some((all, now))
    }

    /// The copy that all readers of a peer's study share.
    fn copy(&self, remote: &RemoteStudy) -> Result<Arc<RemoteCopy>, StudyError> {
        self.kept.copy(&remote.holder, &remote.card.study, || {
            let days = u64::from(self.shared.trust.cache_days(&remote.basis));
            let until = tasks::now().after(Duration::from_secs(days * 86_400).max(READING));
            let study = &remote.card.study;
            let lease = self.shared.cache.lease(&remote.holder, study, &remote.basis, until, remote.card.version);
            let lease = lease.map_err(TransferError::Cache)?;
            let errand = self.shared.transfer.errand(&remote.holder, study, lease.clone())?;
            Ok(RemoteCopy::new(remote, errand, lease, self.shared.clone()))
        })
    }

    /// Fetches all of a peer's study in the background. Goes on by itself when the holder was away.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn prefetch(&self, person: &Person, study: &Uid) -> Result<(), StudyError> {
        let open = self.open(person, study).await?;
        if let Some(copy) = open.copy() {
            keep::fetch_whole(&self.shared, &open, copy);
        }
        Ok(())
    }

    /// A peer's study as a row of lists.
    pub(crate) fn row_of(&self, remote: &RemoteStudy) -> StudyRow {
        find::row_of(remote, &self.shared.site_name_of(&remote.holder))
    }

    /// Whether somebody waits for images of a peer's.
    pub(crate) fn is_urgent(&self) -> bool {
        self.shared.transfer.is_urgent()
    }

    /// Transfers under way, and those done a moment ago.
    pub(crate) fn transfers(&self) -> Vec<TransferRow> {
        let mut rows: Vec<_> = self.kept.copies().iter().filter_map(|copy| self.shared.transfer_row(copy)).collect();
        rows.extend(self.shared.sources.recalls().into_iter().map(progress::recall_row));
        rows.sort_by(|a, b| (&a.site_name, &a.study).cmp(&(&b.site_name, &b.study)));
        rows
    }

    /// Makes a reading context of these studies for this person: its id names a DICOMweb root of its own. `links`: by which
    /// some of them stand there.
    pub(crate) fn new_context(&self, person: &Person, studies: Vec<Uid>, links: Vec<Id128>) -> Id128 {
        self.contexts.add(person, studies, links)
    }

    /// The studies of a context, if it is this person's.
    pub(crate) fn context(&self, person: &Person, id: &Id128) -> Option<Arc<[Uid]>> {
        self.contexts.of(person, id)
    }
}
