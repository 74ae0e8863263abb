//! Keeping a second copy for a peer.
//!
//! # Not here
//! The files on disk: `backup::held`.

use super::{Inner, Spare, SpareError, Turn, node_event};
use crate::{
    audit::{Act, Outcome},
    backup::{Amount, Arrived, Copied, Plan},
    tasks,
    transfer::time_of,
    trust::KeepingRow,
};
use protocol::{
    Refusal, Signed, SiteId,
    keeping::{Ask, Erased, Halt, Keeping, ListHead, SealedFile, SealedName},
    limits::{KEPT_LIST_BYTES_MAX, KEPT_PIECE_BYTES_MAX},
    wire,
};
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Files under way at once: small files would else wait for the road at each.
const FILES_AT_ONCE: usize = 8;
/// Folders are synced, and the owner can be told, after so many files.
const SETTLE_FILES: u64 = 512;
/// The least that is asked for at once.
const PIECE_BYTES_MIN: u64 = 16 * 1024;
/// Pages of a list that any agreement has room for.
const PAGES_FREE: usize = 16;
const DAY_MS: u64 = 86_400_000;

/// When the next piece may be asked for.
type Pace = Arc<tokio::sync::Mutex<Instant>>;

impl Inner {
    /// Brings the copy of a peer's backup up to date, if nobody is at it.
    pub(super) fn keep(self: Arc<Self>, row: KeepingRow) {
        let Some(turn) = self.begin(row.peer) else { return };
        let tasks = self.tasks.clone();
        tasks.spawn("spare.keep", async move {
            match self.keep_once(&row).await {
                Ok(()) => drop(self.reminded.lock().unwrap_or_else(PoisonError::into_inner).remove(&row.peer)),
                Err(SpareError::Waits | SpareError::Stopping) => {}
                Err(error) => {
                    tracing::info!(peer = %row.peer.short(), %error, "the second copy waits");
                    self.remind(&row, &error).await;
                }
            }
            drop::<Turn>(turn);
        });
    }

    async fn keep_once(self: &Arc<Self>, row: &KeepingRow) -> Result<(), SpareError> {
        let (owner, keeping) = (row.peer, &row.keeping);
        let head = self.head(&owner, keeping).await?;
        let held = self.held.clone();
        let standing = self.blocking("spare standing", move || held.standing(&owner)).await?;
        if standing.missing_files == 0 && standing.whole.is_some_and(|(snapshot, _)| snapshot == head.snapshot) {
            return self.supersede(&owner, keeping).await;
        }
        // Those that the disk lost.
        self.pages(&owner, keeping, &head).await?;
        let (mut files, mut bytes, mut before) = (0, 0, u64::MAX);
        loop {
            let held = self.held.clone();
            let plan = self.blocking("spare plan", move || held.plan(&owner)).await?;
            self.require_room(&owner, keeping, &plan).await?;
            let (Some(folder), false) = (plan.folder, plan.missing.is_empty()) else { break };
            // A list that names a file twice, as two, would be fetched for ever.
            if plan.missing_files >= before {
                return Err(SpareError::Corrupt);
            }
            before = plan.missing_files;
            files += u64::try_from(plan.missing.len()).unwrap_or(0);
            bytes += plan.missing.iter().map(|file| file.bytes).sum::<u64>();
            self.fetch_all(&owner, keeping, folder, plan.missing).await?;
        }
        let (held, listed) = (self.held.clone(), head.clone());
        self.blocking("spare whole", move || held.note_whole(&owner, &listed)).await?;
        if files > 0 {
            let note = format!("all of snapshot {:014} is here, sealed", head.snapshot);
            let event = node_event(Act::BackupKept, owner).basis(keeping.id).note(note);
            self.record(event.amount(files, bytes)).await;
            let _ = self.head(&owner, keeping).await;
        }
        self.supersede(&owner, keeping).await
    }

    /// # Errors
    /// [`SpareError::Waits`] where what is missing goes beyond what was agreed, or beyond the disk; the owner is told.
    async fn require_room(&self, owner: &SiteId, keeping: &Keeping, plan: &Plan) -> Result<(), SpareError> {
        let needed = plan.bytes.saturating_add(plan.missing_bytes).saturating_add(plan.other_bytes);
        let halt = if needed > keeping.bytes_max {
            Some(Halt::Full(needed))
        } else if self.free_bytes() < plan.missing_bytes.saturating_add(self.free_bytes_min) {
            Some(Halt::NoRoom)
        } else {
            None
        };
        let halt = halt.filter(|_| !plan.missing.is_empty());
        let is_news = self.held.note_halt(owner, halt);
        let Some(halt) = halt else { return Ok(()) };
        if is_news {
            self.say_halt(owner, keeping, halt, needed).await;
            // The owner is told in the same breath.
            let _ = self.head(owner, keeping).await;
        }
        Err(SpareError::Waits)
    }

    /// The list's head, after saying how the copy stands.
    async fn head(&self, owner: &SiteId, keeping: &Keeping) -> Result<ListHead, SpareError> {
        let (held, of) = (self.held.clone(), *owner);
        let standing = self.blocking("spare standing", move || held.standing(&of)).await?;
        let bytes = self.transfer.ask_kept(owner, keeping, Ask::Head(standing)).await?;
        let signed: Signed<ListHead> = wire::decode(&bytes).map_err(|_| SpareError::Corrupt)?;
        let head = signed.open(owner).map_err(|_| SpareError::Corrupt)?;
        let known = self.held.head(owner);
        // An older list is not news: somebody's replay, or an owner that was restored.
        let is_news = known.as_ref().is_none_or(|known| *known != head && head.taken >= known.taken);
        // A list takes room as well: one that is long beyond all measure is not fetched.
        let pages = head.pages.len().saturating_sub(PAGES_FREE).saturating_mul(KEPT_LIST_BYTES_MAX);
        if !head.is_sound() || u64::try_from(pages).unwrap_or(u64::MAX) > keeping.bytes_max {
            return Err(SpareError::Corrupt);
        }
        if is_news {
            self.pages(owner, keeping, &head).await?;
            let (held, of, listed) = (self.held.clone(), *owner, head.clone());
            self.blocking("spare list", move || held.adopt(&of, &signed, &listed)).await?;
        }
        Ok(known.filter(|_| !is_news).unwrap_or(head))
    }

    async fn pages(&self, owner: &SiteId, keeping: &Keeping, head: &ListHead) -> Result<(), SpareError> {
        for page in &head.pages {
            let (held, of, folder, page) = (self.held.clone(), *owner, head.folder, *page);
            if held.has_page(&of, &folder, &page) {
                continue;
            }
            let bytes = self.transfer.ask_kept(owner, keeping, Ask::Page(page)).await?;
            if !self.blocking("spare page", move || held.put_page(&of, &folder, &page, &bytes)).await? {
                return Err(SpareError::Corrupt);
            }
        }
        Ok(())
    }

    fn free_bytes(&self) -> u64 {
        let stat = nix::sys::statvfs::statvfs(&self.dir);
        stat.map_or(u64::MAX, |stat| stat.blocks_available().saturating_mul(stat.fragment_size()))
    }

    async fn say_halt(&self, owner: &SiteId, keeping: &Keeping, halt: Halt, needed: u64) {
        let note = match halt {
            Halt::Full(_) => format!("{needed} bytes are needed, {} were agreed", keeping.bytes_max),
            Halt::NoRoom => "the disk has no room".to_owned(),
        };
        tracing::warn!(peer = %owner.short(), note, "nothing more is copied");
        let event = node_event(Act::BackupKept, *owner).basis(keeping.id).outcome(Outcome::Failed).note(note);
        self.record(event).await;
    }

    /// Data first, all of it; then how the key is made; then the snapshots.
    async fn fetch_all(
        self: &Arc<Self>,
        owner: &SiteId,
        keeping: &Keeping,
        folder: protocol::Digest,
        missing: Vec<SealedFile>,
    ) -> Result<(), SpareError> {
        let pace = Pace::new(tokio::sync::Mutex::new(Instant::now()));
        let (data, rest): (Vec<_>, Vec<_>) =
            missing.into_iter().partition(|file| matches!(file.name, SealedName::Data(_)));
        for files in [data, rest] {
            let (mut under_way, mut outcome, mut begun) = (VecDeque::new(), Ok(()), 0);
            for file in files {
                if under_way.len() >= FILES_AT_ONCE {
                    outcome = joined(&mut under_way).await;
                }
                if outcome.is_err() {
                    break;
                }
                let (inner, of, keeping, pace) = (self.clone(), *owner, keeping.clone(), pace.clone());
                let fetching = async move { inner.fetch(&of, &keeping, &folder, &file, &pace).await };
                under_way.push_back(self.tasks.spawn("spare.file", fetching));
                begun += 1;
                if begun % SETTLE_FILES == 0 {
                    self.settle(owner).await?;
                }
            }
            // Whatever became of one, nobody writes when the next run begins.
            while !under_way.is_empty() {
                outcome = outcome.and(joined(&mut under_way).await);
            }
            self.settle(owner).await?;
            outcome?;
        }
        Ok(())
    }

    async fn settle(&self, owner: &SiteId) -> Result<(), SpareError> {
        let (held, of) = (self.held.clone(), *owner);
        self.blocking("spare settle", move || held.settle(&of)).await
    }

    async fn fetch(
        &self,
        owner: &SiteId,
        keeping: &Keeping,
        folder: &protocol::Digest,
        file: &SealedFile,
        pace: &Pace,
    ) -> Result<(), SpareError> {
        // A second's worth: a slow line is not asked for more than it brings while one waits.
        let piece = keeping.bytes_per_second.clamp(PIECE_BYTES_MIN, u64::from(KEPT_PIECE_BYTES_MAX));
        let mut at = self.held.begun(owner, folder, file);
        loop {
            if self.tasks.stop_token().is_cancelled() {
                return Err(SpareError::Stopping);
            }
            let in_force = self.trust.keeping(owner, true).is_some_and(|now| now.id == keeping.id);
            if !in_force || !self.trust.is_hour(keeping) {
                return Err(SpareError::Waits);
            }
            let bytes = u32::try_from(piece.min(file.bytes.saturating_sub(at))).unwrap_or(KEPT_PIECE_BYTES_MAX);
            wait_turn(pace, keeping, bytes).await;
            let ask = Ask::Piece { name: file.name.clone(), at, bytes };
            let came = match self.transfer.ask_kept(owner, keeping, ask).await {
                Err(crate::transfer::TransferError::Refused(Refusal::OutsideHours)) => return Err(SpareError::Waits),
                came => came?,
            };
            if came.len() != usize::try_from(bytes).unwrap_or(usize::MAX) {
                return Err(SpareError::Corrupt);
            }
            let (held, of, under, listed) = (self.held.clone(), *owner, *folder, file.clone());
            match self.blocking("spare file", move || held.append(&of, &under, &listed, &came)).await? {
                Arrived::More(next) => at = next,
                Arrived::Whole => return Ok(()),
                Arrived::Corrupt => return Err(SpareError::Corrupt),
            }
        }
    }

    async fn supersede(&self, owner: &SiteId, keeping: &Keeping) -> Result<(), SpareError> {
        let (held, of, days) = (self.held.clone(), *owner, keeping.days_after);
        let gone = self.blocking("spare supersede", move || held.supersede(&of, days)).await?;
        if gone.files > 0 {
            let note = "a newer backup of the same site took its place";
            let event = node_event(Act::KeptErased, *owner).basis(keeping.id).note(note);
            self.record(event.amount(gone.files, gone.bytes)).await;
        }
        Ok(())
    }

    /// Erases copies whose keeping ended, the agreed days after; the owner gets a receipt.
    pub(super) fn erase_ended(self: Arc<Self>) {
        let rows: Vec<KeepingRow> = self.trust.keepings().into_iter().filter(KeepingRow::is_keeper).collect();
        for owner in self.held.owners() {
            let of_owner = || rows.iter().filter(|row| row.peer == owner);
            if of_owner().any(|row| row.ended.is_none() && !row.replaced) {
                continue;
            }
            let Some(last) =
                of_owner().filter_map(|row| row.ended.map(|(at, _)| (at, row.clone()))).max_by_key(|e| e.0)
            else {
                continue;
            };
            let (at, row) = last;
            let is_due = tasks::now().0 >= at.0.saturating_add(u64::from(row.keeping.days_after) * DAY_MS);
            if let Some(turn) = self.begin(owner).filter(|_| is_due) {
                let inner = self.clone();
                self.tasks.spawn("spare.erase", async move {
                    if let Err(error) = inner.erase(&row).await {
                        tracing::error!(%error, "a second copy that ended is not erased; it is tried again");
                    }
                    drop::<Turn>(turn);
                });
            }
        }
    }

    async fn erase(&self, row: &KeepingRow) -> Result<Amount, SpareError> {
        let (held, owner) = (self.held.clone(), row.peer);
        let Some(gone) = self.blocking("spare erase", move || held.erase(&owner)).await? else {
            return Ok(Amount::default());
        };
        let Amount { files, bytes } = gone;
        let erased = Erased { keeping: row.keeping.id, files, bytes, at: tasks::now() };
        self.record(node_event(Act::KeptErased, owner).basis(row.keeping.id).amount(files, bytes)).await;
        self.trust.note_keeping_erased(&self.identity.site(), erased.clone()).await?;
        // A site that we parted from hears no more from us.
        if let Err(error) = self.overlay.send_keeping_erased(&owner, &erased).await {
            tracing::info!(%error, "a receipt was not sent");
        }
        let held = self.held.clone();
        self.blocking("spare forget", move || held.forget(&owner)).await?;
        Ok(gone)
    }
}

impl Spare {
    /// Erases what is kept for an owner, now, at an administrator's word; its keeping must have ended.
    ///
    /// # Errors
    /// [`SpareError::NoKeeping`] while it is in force or nothing is kept.
    pub(crate) async fn erase_now(&self, owner: &SiteId) -> Result<Amount, SpareError> {
        let rows = self.inner.trust.keepings();
        let ended = rows.iter().filter(|row| row.is_keeper() && row.peer == *owner && row.ended.is_some());
        let row = ended.max_by_key(|row| row.ended).cloned().ok_or(SpareError::NoKeeping)?;
        if self.inner.trust.keeping(owner, true).is_some() {
            return Err(SpareError::NoKeeping);
        }
        let _turn = self.inner.begin(*owner).ok_or(SpareError::Waits)?;
        self.inner.erase(&row).await
    }

    /// Writes the copy kept for an owner into a new folder, sealed as it is.
    ///
    /// # Errors
    /// When nothing is kept, or a disk fails.
    pub(crate) async fn export(
        &self,
        owner: &SiteId,
        to: PathBuf,
        mut each: impl FnMut(&Copied) + Send + 'static,
    ) -> Result<(Copied, u64), SpareError> {
        let (held, owner) = (self.inner.held.clone(), *owner);
        self.inner.blocking("spare export", move || held.export(&owner, &to, &mut each)).await
    }
}

async fn joined(under_way: &mut VecDeque<JoinHandle<Result<(), SpareError>>>) -> Result<(), SpareError> {
    let Some(first) = under_way.pop_front() else { return Ok(()) };
    // Its panic is told by the runtime.
    first.await.unwrap_or(Err(SpareError::Stopping))
}

async fn wait_turn(pace: &Pace, keeping: &Keeping, bytes: u32) {
    let start = {
        let mut next = pace.lock().await;
        let start = (*next).max(Instant::now());
        *next = start + time_of(usize::try_from(bytes).unwrap_or(usize::MAX), keeping.bytes_per_second);
        start
    };
    if start > Instant::now() + Duration::from_millis(1) {
        tokio::time::sleep_until(start.into()).await;
    }
}
