//! What is wrong with the node, kept in one place and told: in the portal, by mail and by webhook.
//!
//! A condition is raised and cleared by whoever looks; it is told when it is new, when it has become worse, when it is over, and
//! once a day while it is critical. Levels are left only well below where they were entered, so that nothing flickers.
//! Where more stand than there is room for, the gravest do.
//! No condition names a patient or a study.
//!
//! # At a crash
//! What stands is in `alarms.state`, so that a start tells nothing twice. Should that be lost, it is told once more.
//!
//! # Not here
//! Looking: `site`, and the parts that know. Evidence: `audit`.

mod mail;
mod queue;
mod send;
#[cfg(test)]
mod tests;
mod webhook;
mod words;

pub(crate) use send::{SendError, Told};

use crate::{
    config::AlarmsConfig,
    tasks::{self, Tasks},
    words::{Fault, Language},
};
use protocol::Timestamp;
use send::Line;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Conditions that stand at once: one a peer, and a few more. Beyond, a graver one takes the place of the least grave.
const STANDING_MAX: usize = 256;
/// A critical condition is told again after this.
const AGAIN: Duration = Duration::from_secs(86_400);
/// Characters of a subject.
const SUBJECT_MAX: usize = 64;

/// What can be wrong. Stored: variants are only ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Value: percent of the disk in use.
    DiskFilling,
    /// Subject: which; value: days left.
    CertificateEnding,
    /// Value: days since the last backup.
    BackupOverdue,
    /// Subject: the site's name; value: hours of silence.
    PeerSilent,
    /// Value: objects set aside.
    RotFound,
    /// Subject: its name.
    MigrationStopped,
    /// Subject: its name.
    TierUnreachable,
    /// Subject: the site the bytes came from, or nothing for our own disks; value: objects repaired whose rotten files
    /// still lie aside.
    RotRepaired,
    /// Value: peers of which a restored node has not yet learnt what it forgot. Nothing is served to peers.
    RestoreUnconfirmed,
    /// Subject: the site that keeps it; value: days since the backup was taken of which all is there.
    SecondCopyOverdue,
    /// Subject: the site whose log is not what was signed; value: findings.
    LedgerBroken,
    /// Subject: the site that does not countersign; value: records that wait for it.
    LedgerUnwitnessed,
    /// Value: minutes since the oldest event that the audit collector does not have.
    CollectorBehind,
    /// Subject: the site; value: seconds by which its clock and ours lie apart.
    ClockDiffers,
    /// Value: uses of broken glass that nobody has reviewed in time.
    ReviewOverdue,
    /// Subject: the site that does not say that they are gone; value: copies of our studies that should be.
    CopiesOverdue,
    /// Subject: the site; value: days since it changed its key, in good order.
    KeyChanged,
    /// Subject: the site of whose key two successors are known. Nothing passes between it and us until it is paired again.
    KeysPart,
    /// Subject: our own name. Somebody else made a successor of a key of ours.
    OwnKeysPart,
    /// Value: requests whose images do not come.
    CasesWithoutImages,
    /// Value: studies that came and that nobody has asked to be read.
    StudiesWithoutRequest,
    /// Subject: the case; value: minutes by which what is due is late.
    CasesLate,
    /// Subject: the case; value: minutes by which nobody who acts on it knows of a critical result.
    ResultsUnheard,
    /// Value: signed reports that are not in the archive beside their images.
    ReportsUnfiled,
    /// Subject: the coverage and the hole's times by its wall, or the coverage for all that are far ahead; value: minutes
    /// without a confirmed shift.
    CoverageHole,
    /// Subject: the coverage, kind and rank of the shift; value: seconds without a live screen.
    ScreenSilent,
    /// Subject: the coverage, kind and rank of the shift; value: open cases whose owner is no longer on duty.
    HandoverOwed,
    /// Subject: the case; value: minutes. A stroke that nobody has answered.
    CaseUnanswered,
    /// Subject: the case; value: minutes. An urgent one whose images do not come.
    CaseWithoutImages,
}

impl Kind {
    /// The word of the interface.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::DiskFilling => "disk-filling",
            Self::CertificateEnding => "certificate-ending",
            Self::BackupOverdue => "backup-overdue",
            Self::PeerSilent => "peer-silent",
            Self::RotFound => "rot-found",
            Self::MigrationStopped => "migration-stopped",
            Self::TierUnreachable => "tier-unreachable",
            Self::RotRepaired => "rot-repaired",
            Self::RestoreUnconfirmed => "restore-unconfirmed",
            Self::SecondCopyOverdue => "second-copy-overdue",
            Self::LedgerBroken => "ledger-broken",
            Self::LedgerUnwitnessed => "ledger-unwitnessed",
            Self::CollectorBehind => "collector-behind",
            Self::ClockDiffers => "clock-differs",
            Self::ReviewOverdue => "review-overdue",
            Self::CopiesOverdue => "copies-overdue",
            Self::KeyChanged => "key-changed",
            Self::KeysPart => "keys-part",
            Self::OwnKeysPart => "own-keys-part",
            Self::CasesWithoutImages => "cases-without-images",
            Self::StudiesWithoutRequest => "studies-without-request",
            Self::CasesLate => "cases-late",
            Self::ResultsUnheard => "results-unheard",
            Self::ReportsUnfiled => "reports-unfiled",
            Self::CoverageHole => "coverage-hole",
            Self::ScreenSilent => "screen-silent",
            Self::HandoverOwed => "handover-owed",
            Self::CaseUnanswered => "case-unanswered",
            Self::CaseWithoutImages => "case-without-images",
        }
    }
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// To look at in the next days.
    Notice,
    /// Today.
    Warning,
    /// Now.
    Critical,
}

impl Level {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Somebody to be rung up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Callee {
    /// Name of their site.
    pub(crate) site: String,
    /// Their account there; empty: nobody's own number.
    pub(crate) account: String,
    /// What the number is called; may be empty.
    pub(crate) name: String,
    pub(crate) telephone: String,
}

/// Whom a gateway for messages or calls is to ring up, and how urgent it is. Never a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The case; empty: of none.
    pub(crate) case: String,
    /// `P0` to `P3`; empty: of no case.
    pub(crate) priority: String,
    /// In the order of ringing; empty: nobody's number is known.
    pub(crate) whom: Vec<Callee>,
}

/// A condition that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) level: Level,
    pub(crate) value: u64,
    pub(crate) since: Timestamp,
    /// When somebody was last told outside; `None`: not yet, or nobody is to be told.
    pub(crate) told: Option<Timestamp>,
    /// When a notice of it was last made.
    asked: Timestamp,
    /// Whom to ring up about it.
    #[serde(default)]
    call: Option<Call>,
}

/// Something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Notice {
    alarm: Alarm,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Raised,
    Over,
    Test,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Over => "over",
            Self::Test => "test",
        }
    }
}

/// Where a value begins to be worth telling, and from where on it is no longer: [`Rungs::level`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rungs {
    pub(crate) notice: u64,
    pub(crate) warning: u64,
    pub(crate) critical: u64,
    /// A level is left when the value is so much below its rung.
    pub(crate) slack: u64,
}

impl Rungs {
    /// The level of a value that rises as things get worse, given the level it had.
    pub(crate) fn level(self, value: u64, before: Option<Level>) -> Option<Level> {
        let of = |value: u64| match value {
            v if v >= self.critical => Some(Level::Critical),
            v if v >= self.warning => Some(Level::Warning),
            v if v >= self.notice => Some(Level::Notice),
            _ => None,
        };
        // What it would be, were it worse by the slack: so long it stays as bad as it was.
        of(value).max(of(value.saturating_add(self.slack)).min(before))
    }
}

type Key = (Kind, String);

#[derive(Debug, Default)]
struct State {
    standing: BTreeMap<Key, Alarm>,
    /// Conditions that made room for graver ones, since the start.
    put_out: u64,
    /// That there is no room was said, and there has been none since.
    is_full: bool,
}

impl State {
    /// Room for one more of this level: where there is none, the least grave makes it, of these the longest known. `false`:
    /// none is less grave.
    fn make_room(&mut self, kind: Kind, level: Level) -> bool {
        if self.standing.len() < STANDING_MAX {
            self.is_full = false;
            return true;
        }
        let least = self.standing.iter().min_by_key(|(_, alarm)| (alarm.level, alarm.since));
        let Some(key) = least.filter(|(_, alarm)| alarm.level < level).map(|(key, _)| key.clone()) else {
            if !std::mem::replace(&mut self.is_full, true) {
                tracing::warn!(
                    kind = kind.word(),
                    "too many alarms stand: one no graver than these is neither shown nor told"
                );
            }
            return false;
        };
        self.standing.remove(&key);
        self.put_out += 1;
        let (gone, count) = (key.0.word(), self.put_out);
        tracing::warn!(
            kind = kind.word(),
            gone,
            count,
            "too many alarms stand: the least grave made room for a graver one"
        );
        true
    }
}

/// The registry. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Alarms {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: PathBuf,
    config: AlarmsConfig,
    site: String,
    language: Language,
    state: Mutex<State>,
    /// One for each way that is set.
    lines: Vec<Arc<Line>>,
}

const FILE: &str = "alarms.state";

impl Alarms {
    /// Opens the registry of a folder.
    pub(crate) fn open(dir: &std::path::Path, config: &AlarmsConfig, site: &str, language: &str) -> Self {
        let file = dir.join(FILE);
        let read: Option<Vec<Alarm>> = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let alarms = read.unwrap_or_default().into_iter().take(STANDING_MAX);
        let standing = alarms.map(|alarm| ((alarm.kind, alarm.subject.clone()), alarm)).collect();
        let state = Mutex::new(State { standing, ..State::default() });
        let (config, site, language) = (config.clone(), site.to_owned(), Language::of(language));
        let lines = Line::all(&config);
        Self { inner: Arc::new(Inner { file, config, site, language, state, lines }) }
    }

    /// Sends what there is to tell, until the node stops.
    pub(crate) fn start(&self, tasks: &Tasks) {
        for line in &self.inner.lines {
            tasks.spawn(line.task(), send::run(self.clone(), line.clone(), tasks.clone()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands, worst first.
    pub(crate) fn standing(&self) -> Vec<Alarm> {
        let mut all: Vec<Alarm> = self.state().standing.values().cloned().collect();
        all.sort_by_key(|alarm| (std::cmp::Reverse(alarm.level), alarm.since));
        all
    }

    /// The level of a condition, if it stands.
    pub(crate) fn level(&self, kind: Kind, subject: &str) -> Option<Level> {
        self.state().standing.get(&(kind, subject.to_owned())).map(|alarm| alarm.level)
    }

    /// Subjects of a kind that stand.
    pub(crate) fn subjects(&self, kind: Kind) -> Vec<String> {
        self.state().standing.keys().filter(|(k, _)| *k == kind).map(|(_, subject)| subject.clone()).collect()
    }

    /// Why the last notice of a way did not go out, until one goes out that way.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.inner.lines.iter().rev().find_map(|line| line.fault())
    }

    /// Says how a condition is now: at a level, or not there.
    pub(crate) fn set(&self, kind: Kind, subject: &str, value: u64, level: Option<Level>) {
        self.change(kind, subject, (value, None), level);
    }

    /// Says that a condition stands, and whom to ring up about it.
    pub(crate) fn set_call(&self, kind: Kind, subject: &str, value: u64, level: Level, call: Call) {
        self.change(kind, subject, (value, Some(call)), Some(level));
    }

    fn change(&self, kind: Kind, subject: &str, (value, call): (u64, Option<Call>), level: Option<Level>) {
        let subject: String = subject.chars().take(SUBJECT_MAX).collect();
        let key = (kind, subject.clone());
        let mut state = self.state();
        let before = state.standing.get(&key).cloned();
        let notice = match (level, before) {
            (None, None) => return,
            (None, Some(alarm)) => {
                state.standing.remove(&key);
                Some(Notice { alarm, what: What::Over })
            }
            (Some(level), before) => {
                if before.is_none() && !state.make_room(kind, level) {
                    return;
                }
                let now = tasks::now();
                let is_due = before.as_ref().is_none_or(|alarm| {
                    level > alarm.level || level == Level::Critical && now.since(alarm.asked) >= AGAIN
                });
                let alarm = Alarm {
                    kind,
                    subject,
                    level,
                    value,
                    since: before.as_ref().map_or(now, |alarm| alarm.since),
                    asked: before.as_ref().filter(|_| !is_due).map_or(now, |alarm| alarm.asked),
                    told: before.and_then(|alarm| alarm.told),
                    call,
                };
                state.standing.insert(key, alarm.clone());
                is_due.then_some(Notice { alarm, what: What::Raised })
            }
        };
        if let Some(notice) = notice {
            tracing::warn!(kind = notice.alarm.kind.word(), what = notice.what.word(), "alarm");
            if let Err(error) = self.write(&state) {
                tracing::error!(%error, "alarms.state was not written");
            }
            // In the order in which they came about: nobody changes the state meanwhile.
            self.inner.lines.iter().for_each(|line| line.push(&notice));
        }
    }

    fn write(&self, state: &State) -> std::io::Result<()> {
        let all: Vec<&Alarm> = state.standing.values().collect();
        let fresh = self.inner.file.with_extension("state.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(&all)?)?;
        file.sync_all()?;
        fs::rename(fresh, &self.inner.file)
    }

    /// A notice went out by some way.
    fn told(&self, notice: &Notice) {
        let mut state = self.state();
        let key = (notice.alarm.kind, notice.alarm.subject.clone());
        if let Some(alarm) = state.standing.get_mut(&key) {
            alarm.told = Some(tasks::now());
            if let Err(error) = self.write(&state) {
                tracing::error!(%error, "alarms.state was not written");
            }
        }
    }

    /// Sends a test over every way, at once.
    ///
    /// # Errors
    /// The first way that fails; [`SendError::NoWay`] where none is set.
    pub(crate) async fn test(&self, tasks: &Tasks) -> Result<Told, SendError> {
        let now = tasks::now();
        let (kind, level) = (Kind::DiskFilling, Level::Notice);
        let alarm =
            Alarm { kind, subject: String::new(), level, value: 0, since: now, told: None, asked: now, call: None };
        send::send(&self.inner, tasks, &Notice { alarm, what: What::Test }).await
    }
}
