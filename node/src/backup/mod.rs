//! A copy of the whole node in a folder elsewhere: encrypted, incremental, taken while the node runs; and back again.
//!
//! A backup holds what cannot be made again: settings and keys, the journals, the objects, the manifests. Copies of
//! peers' studies are left out: restored, they would outlive their agreements. Journals are copied first: whatever a
//! copied record names is in place when objects are copied, since objects are on disk before their record is and never
//! change. A later backup into the same folder writes only what is new; each leaves a snapshot that can be restored.
//!
//! Everything is sealed with a key made from a passphrase, names too: who holds the folder learns how much there is and
//! when it came. Without the passphrase nothing can be restored.
//!
//! A restored node is not the node that was lost: agreements ended and people removed since the backup are back. It
//! therefore serves nothing to peers until each of them has told what it knows that is newer, or an administrator has
//! looked and confirmed; until then it bears a mark ([`restored`]).
//!
//! # At a crash
//! A backup that was cut off has no snapshot; the next one uses what it had written. A restore that was cut off leaves a
//! folder that does not open, and is begun again in an empty one.
//!
//! # Not here
//! Checking that stored objects are what was signed: `confrere verify`. Copying the backup to another site: `spare`, with
//! what [`Second`] gives and [`Held`] keeps.

mod held;
mod restore;
mod second;
mod take;
#[cfg(test)]
mod tests;
mod vault;

pub(crate) use held::{Amount, Arrived, Held, Plan};
pub(crate) use restore::{Forgotten, confirm, forgotten, note_forgotten, restore, restored};
pub(crate) use second::{Proved, Second};
pub(crate) use take::{last, take};
pub(crate) use vault::Vault;

use protocol::{Digest, SiteId, Timestamp, wire::Wire};
use serde::{Deserialize, Serialize};
use std::{io, path::PathBuf};

/// Why a backup cannot be taken or restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{0} is no backup folder, or its description is damaged")]
    NoBackup(PathBuf),
    #[error("the passphrase is not the one this backup was made with")]
    Passphrase,
    #[error("a passphrase has at least {PASSPHRASE_CHARS_MIN} characters")]
    ShortPassphrase,
    #[error("{0} in the backup is damaged or was changed")]
    Damaged(String),
    #[error("there is no such snapshot; `confrere backup --list` names those there are")]
    NoSnapshot,
    #[error("{0} is not empty: a backup is restored into a new folder")]
    NotEmpty(PathBuf),
    #[error("the backup is another site's: it was begun by {0}")]
    OtherSite(String),
    #[error("the node is stopping")]
    Stopping,
    #[error("nothing waits for a confirmation here")]
    NothingToConfirm,
}

impl BackupError {
    fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// What guessing costs is decided here; four random words have more.
const PASSPHRASE_CHARS_MIN: usize = 12;

/// One file of the node in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Below the node's folder.
    path: String,
    bytes: u64,
    /// Of its bytes as they were read.
    digest: Digest,
    /// Of its file in the backup.
    name: String,
    mode: u32,
}

/// What one backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Snapshot {
    taken: Timestamp,
    site: SiteId,
    files: Vec<Kept>,
}

impl Wire for Snapshot {
    const VERSION: u8 = 1;
    const NAME: &'static str = "backup snapshot";
}

/// When the last backup was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    pub(crate) at: Timestamp,
    pub(crate) new_bytes: u64,
    /// Where it is; not known of those before second copies.
    #[serde(default)]
    pub(crate) folder: Option<PathBuf>,
}

/// Progress and totals of a backup or a restore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Of these, written now: the rest was there.
    pub(crate) new_files: u64,
    pub(crate) new_bytes: u64,
}
