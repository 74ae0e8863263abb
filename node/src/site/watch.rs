//! Looks at the node and its surroundings now and then, and says what is wrong to [`crate::alarms`]; and counts what the
//! archive holds, hour by hour, so that one can say when the disk will be full.
//!
//! # At a crash
//! What was counted is a text file of at most [`SAMPLES_MAX`] lines; a torn last line is left out.
//!
//! # Not here
//! Telling anybody: [`crate::alarms`].

use super::certificate;
use crate::{
    alarms::{Alarms, Kind, Level, Rungs},
    archive::{Archive, RepairedFrom},
    audit::{Audit, Finding, Wrong},
    backup::{self, Second},
    config::Config,
    overlay::Overlay,
    tasks::{self, Tasks},
    trust::Trust,
};
use protocol::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Percent in use; a disk that is cleared a little is told over once.
const DISK: Rungs = Rungs { notice: 80, warning: 90, critical: 95, slack: 3 };
/// Days left: 30, 7, none.
const CERTIFICATE_DAYS: [u64; 3] = [30, 7, 1];
/// Seconds between a peer's clock and ours. Agreed hours and grants are judged by clocks; nothing is refused to an honest
/// site below the ten minutes that permissions allow for.
const CLOCKS: Rungs = Rungs { notice: u64::MAX, warning: 60, critical: 600, slack: 20 };
/// How often our own log is read and compared with what peers cosigned; at start as well.
const LEDGER_EVERY: Duration = Duration::from_secs(86_400);
/// For so many days it stands that a peer changed its key.
const KEY_TOLD_DAYS: u64 = 30;
/// Looks after which a countersignature is missing: with one a minute, an hour.
const LOOKS_UNWITNESSED: u32 = 60;
const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;
/// Thirty days of hours.
const SAMPLES_MAX: usize = 720;

/// What is looked at.
pub(super) struct Watch {
    pub(super) dir: PathBuf,
    pub(super) config: Arc<Config>,
    pub(super) archive: Archive,
    pub(super) audit: Audit,
    pub(super) site: protocol::SiteId,
    pub(super) trust: Trust,
    pub(super) overlay: Overlay,
    pub(super) alarms: Alarms,
    pub(super) second: Second,
    pub(super) tasks: Tasks,
}

/// Until the node stops.
pub(super) async fn run(watch: Watch) {
    let (watch, since) = (Arc::new(watch), tasks::now());
    let every = Duration::from_millis(watch.config.alarms.look_every_ms);
    let mut checked: Option<Timestamp> = None;
    loop {
        if checked.is_none_or(|at| tasks::now().since(at) >= LEDGER_EVERY) {
            watch.check_ledger().await;
            checked = Some(tasks::now());
        }
        watch.unwitnessed().await;
        let looking = watch.clone();
        let looked = watch.tasks.spawn_blocking("watch", move || looking.look(since)).await;
        if looked.is_err() {
            tracing::error!("the node could not look at itself");
        }
        tokio::select! {
            () = watch.tasks.stopping() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

impl Watch {
    fn look(&self, since: Timestamp) {
        self.disk();
        self.certificates();
        self.backup();
        self.second_copies();
        self.peers(since);
        self.clocks();
        self.keys();
        self.ledgers();
        self.copies();
        self.rot();
        self.cold();
        self.restored();
        self.reviews();
        if let Err(error) = self.count() {
            tracing::warn!(%error, "what the archive holds could not be counted");
        }
    }

    fn rungs(&self, kind: Kind, subject: &str, value: u64, rungs: Rungs) {
        let level = rungs.level(value, self.alarms.level(kind, subject));
        self.alarms.set(kind, subject, value, level);
    }

    fn disk(&self) {
        let Ok(stat) = nix::sys::statvfs::statvfs(&self.dir) else { return };
        let (all, free) = (stat.blocks(), stat.blocks_available());
        let used = all.saturating_sub(stat.blocks_free());
        // As `df` counts: what only root may use is not there.
        let percent = used.saturating_mul(100).div_ceil(used.saturating_add(free).max(1));
        self.rungs(Kind::DiskFilling, "", percent, DISK);
    }

    /// A day late is worse than late.
    fn reviews(&self) {
        let overdue = self.trust.reviews_overdue(tasks::now());
        let level =
            overdue.map(
                |(_, oldest)| {
                    if tasks::now().since(oldest).as_secs() >= 86_400 { Level::Critical } else { Level::Warning }
                },
            );
        self.alarms.set(Kind::ReviewOverdue, "", overdue.map_or(0, |(count, _)| count), level);
    }

    fn certificates(&self) {
        let portal = self.config.tls().map(|(cert, _)| ("portal", cert));
        let dimse = self.config.dimse.tls.as_ref().map(|tls| ("DICOM", tls.certificate.as_path()));
        for (what, path) in portal.into_iter().chain(dimse) {
            // One that cannot be read ends today.
            let days = certificate::expiry(path).map_or(0, |end| end.since(tasks::now()).as_secs() / 86_400);
            let [notice, warning, critical] = CERTIFICATE_DAYS;
            let level = match days {
                d if d < critical => Some(Level::Critical),
                d if d < warning => Some(Level::Warning),
                d if d < notice => Some(Level::Notice),
                _ => None,
            };
            self.alarms.set(Kind::CertificateEnding, what, days, level);
        }
    }

    fn backup(&self) {
        let rule = u64::from(self.config.alarms.backup_days);
        if rule == 0 {
            return self.alarms.set(Kind::BackupOverdue, "", 0, None);
        }
        // A node that was never backed up is as old as its key.
        let made = || {
            let changed = fs::metadata(self.dir.join(crate::identity::KEY_FILE)).and_then(|meta| meta.modified()).ok();
            let since = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            Timestamp(since.and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0))
        };
        let last = backup::last(&self.dir).map_or_else(made, |last| last.at);
        let days = tasks::now().since(last).as_secs() / 86_400;
        let rungs = Rungs { notice: rule, warning: rule.saturating_mul(2), critical: rule.saturating_mul(4), slack: 0 };
        self.rungs(Kind::BackupOverdue, "", days, rungs);
    }

    /// A second copy is as old as the backup of which all is there; one that was never whole, as what was agreed.
    fn second_copies(&self) {
        let rule = u64::from(self.config.alarms.backup_days);
        let mut known = BTreeSet::new();
        for peer in self.trust.peers().into_iter().filter(|_| rule > 0) {
            let Some(keeping) = self.trust.keeping(&peer.site, false) else { continue };
            let whole = self.second.told(&peer.site).standing.and_then(|(standing, _)| standing.whole);
            let days = tasks::now().since(whole.map_or(keeping.drafted, |(_, taken)| taken)).as_secs() / 86_400;
            let (warning, critical) = (rule.saturating_mul(2), rule.saturating_mul(4));
            self.rungs(Kind::SecondCopyOverdue, &peer.name, days, Rungs { notice: rule, warning, critical, slack: 0 });
            known.insert(peer.name);
        }
        for gone in self.alarms.subjects(Kind::SecondCopyOverdue).into_iter().filter(|name| !known.contains(name)) {
            self.alarms.set(Kind::SecondCopyOverdue, &gone, 0, None);
        }
    }

    fn peers(&self, since: Timestamp) {
        let rule = u64::from(self.config.alarms.peer_silent_hours);
        let mut known = BTreeSet::new();
        for peer in self.trust.peers().into_iter().filter(|peer| peer.revoked.is_none() && rule > 0) {
            let contact = self.overlay.contact(&peer.site);
            let heard =
                if contact.connected { tasks::now() } else { contact.last.unwrap_or_else(|| since.max(peer.paired)) };
            let hours = tasks::now().since(heard).as_secs() / 3_600;
            let rungs = Rungs { notice: rule, warning: rule.saturating_mul(7), critical: u64::MAX, slack: 0 };
            self.rungs(Kind::PeerSilent, &peer.name, hours, rungs);
            known.insert(peer.name);
        }
        for gone in self.alarms.subjects(Kind::PeerSilent).into_iter().filter(|name| !known.contains(name)) {
            self.alarms.set(Kind::PeerSilent, &gone, 0, None);
        }
    }

    fn clocks(&self) {
        let mut known = BTreeSet::new();
        for peer in self.trust.peers().into_iter().filter(|peer| peer.revoked.is_none()) {
            let Some(offset) = self.overlay.contact(&peer.site).clock_offset_ms else { continue };
            self.rungs(Kind::ClockDiffers, &peer.name, offset.unsigned_abs() / 1000, CLOCKS);
            known.insert(peer.name);
        }
        for gone in self.alarms.subjects(Kind::ClockDiffers).into_iter().filter(|name| !known.contains(name)) {
            self.alarms.set(Kind::ClockDiffers, &gone, 0, None);
        }
    }

    /// A change in good order is a notice for a while; two successors of one key stand until the sites are paired again.
    fn keys(&self) {
        let (mut changed, mut parted, mut own) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        if self.trust.is_in_conflict(&self.site) {
            own.insert(self.config.site.name.clone(), 1);
        }
        for peer in self.trust.peers().into_iter().filter(|peer| peer.revoked.is_none()) {
            let (row, name) = (self.trust.keys_of(&peer.site), peer.name);
            if row.conflict.is_some() {
                parted.insert(name, 1);
            } else if let Some(heard) = row.heard {
                let days = tasks::now().since(heard).as_secs() / 86_400;
                if days < KEY_TOLD_DAYS {
                    changed.insert(name, days);
                }
            }
        }
        self.stand(Kind::KeyChanged, Level::Notice, changed);
        self.stand(Kind::KeysPart, Level::Critical, parted);
        self.stand(Kind::OwnKeysPart, Level::Critical, own);
    }

    /// Our own log against itself and what peers cosigned.
    async fn check_ledger(&self) {
        let (audit, site) = (self.audit.clone(), self.site);
        let Ok(found) = self.tasks.spawn_blocking("ledger check", move || audit.check(site)).await else { return };
        for finding in found {
            self.note(finding).await;
        }
    }

    async fn note(&self, finding: Finding) {
        if let Err(error) = self.audit.found(finding).await {
            tracing::error!(%error, "what was found wrong with a ledger could not be recorded");
        }
    }

    /// Peers that have not countersigned for too long, each with the record it begins with.
    fn late(&self) -> Vec<(String, u64, Finding)> {
        let bound = Duration::from_millis(self.config.alarms.look_every_ms).saturating_mul(LOOKS_UNWITNESSED);
        let trusted = self.trust.peers().into_iter().filter(|peer| peer.revoked.is_none());
        let late = trusted.filter_map(|peer| {
            let state = self.audit.peer_state(&peer.site);
            let (place, number, _) = state.oldest.filter(|(_, _, since)| tasks::now().since(*since) >= bound)?;
            let mut finding = Finding::new(peer.site, Wrong::Unwitnessed, place, place);
            finding.number = Some(number);
            Some((peer.name, state.missing, finding))
        });
        late.collect()
    }

    async fn unwitnessed(&self) {
        for (_, _, finding) in self.late() {
            self.note(finding).await;
        }
    }

    fn ledgers(&self) {
        let mut broken: BTreeMap<String, u64> = BTreeMap::new();
        for (finding, settled) in self.audit.ledger_state().findings {
            if !settled && finding.wrong != Wrong::Unwitnessed {
                let is_ours = finding.site == self.site;
                let name =
                    || self.trust.peers().into_iter().find(|peer| peer.site == finding.site).map(|peer| peer.name);
                let name = if is_ours { self.config.site.name.clone() } else { name().unwrap_or_default() };
                *broken.entry(name).or_default() += 1;
            }
        }
        self.stand(Kind::LedgerBroken, Level::Critical, broken);
        let late = self.late().into_iter().map(|(name, missing, _)| (name, missing)).collect();
        self.stand(Kind::LedgerUnwitnessed, Level::Warning, late);
    }

    fn copies(&self) {
        let name = |site| self.trust.peer(&site).map_or_else(|| site.short(), |peer| peer.name);
        let overdue = self.overlay.overdue_copies().into_iter().map(|(site, copies)| (name(site), copies)).collect();
        self.stand(Kind::CopiesOverdue, Level::Warning, overdue);
    }

    /// Exactly these subjects of a kind.
    fn stand(&self, kind: Kind, level: Level, standing: BTreeMap<String, u64>) {
        for gone in self.alarms.subjects(kind).into_iter().filter(|name| !standing.contains_key(name)) {
            self.alarms.set(kind, &gone, 0, None);
        }
        for (subject, value) in standing {
            self.alarms.set(kind, &subject, value, Some(level));
        }
    }

    fn restored(&self) {
        let level = self.trust.require_open().is_err().then_some(Level::Warning);
        let waiting = level.map_or(0, |_| self.overlay.unlearnt().len());
        self.alarms.set(Kind::RestoreUnconfirmed, "", u64::try_from(waiting).unwrap_or(u64::MAX), level);
    }

    /// It stands until it is repaired; and as a notice until an administrator has looked and taken the files away.
    fn rot(&self) {
        let names = fs::read_dir(self.dir.join("objects/rotten")).into_iter().flatten().filter_map(Result::ok);
        let mut aside: BTreeMap<String, u64> = BTreeMap::new();
        for entry in names {
            let name = entry.file_name();
            let digest = name.to_str().and_then(|name| name.split('-').next()).unwrap_or_default();
            *aside.entry(digest.to_owned()).or_default() += 1;
        }
        let Ok(rows) = self.archive.rotten() else { return };
        let (mut waiting, mut repaired) = (0, BTreeMap::<String, u64>::new());
        for row in rows {
            let files = aside.remove(&row.digest.to_string()).unwrap_or_default();
            match row.repaired {
                Some((_, from)) if files > 0 => *repaired.entry(self.origin(from)).or_default() += 1,
                None if self.archive.by_digest(&row.study, &row.digest).is_ok_and(|held| held.is_some()) => {
                    waiting += 1
                }
                _ => {}
            }
        }
        // Files that no record tells of.
        waiting += aside.values().sum::<u64>();
        self.alarms.set(Kind::RotFound, "", waiting, (waiting > 0).then_some(Level::Critical));
        for gone in self.alarms.subjects(Kind::RotRepaired).into_iter().filter(|name| !repaired.contains_key(name)) {
            self.alarms.set(Kind::RotRepaired, &gone, 0, None);
        }
        for (from, objects) in repaired {
            self.alarms.set(Kind::RotRepaired, &from, objects, Some(Level::Notice));
        }
    }

    /// The name of the site that a repair came from, or `PACS`; empty for our own disks and for whoever sent it again.
    fn origin(&self, from: RepairedFrom) -> String {
        match from {
            RepairedFrom::Peer(site) => self.trust.peer(&site).map_or_else(|| site.short(), |peer| peer.name),
            RepairedFrom::Source => "PACS".to_owned(),
            RepairedFrom::Sender | RepairedFrom::Here => String::new(),
        }
    }

    fn cold(&self) {
        if !self.archive.cold_is_known() {
            return;
        }
        let away = self.archive.cold_away();
        for back in self.alarms.subjects(Kind::TierUnreachable).into_iter().filter(|name| Some(name) != away.as_ref()) {
            self.alarms.set(Kind::TierUnreachable, &back, 0, None);
        }
        if let Some(place) = away {
            self.alarms.set(Kind::TierUnreachable, &place, 0, Some(Level::Critical));
        }
    }

    fn count(&self) -> std::io::Result<()> {
        let mut samples = samples(&self.dir);
        let now = tasks::now();
        if samples.last().is_some_and(|(at, _)| now.0 < at.saturating_add(HOUR_MS)) {
            return Ok(());
        }
        samples.push((now.0, self.archive.totals().bytes));
        let first = samples.len().saturating_sub(SAMPLES_MAX);
        let lines: Vec<String> = samples.iter().skip(first).map(|(at, bytes)| format!("{at} {bytes}\n")).collect();
        let fresh = self.dir.join("storage.samples.new");
        fs::write(&fresh, lines.concat())?;
        fs::rename(fresh, self.dir.join(crate::portal::SAMPLES))
    }
}

/// Times in milliseconds, and bytes held.
fn samples(dir: &Path) -> Vec<(u64, u64)> {
    crate::portal::samples(dir).into_iter().filter(|(at, _)| *at <= tasks::now().0.saturating_add(DAY_MS)).collect()
}
