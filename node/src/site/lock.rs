//! One process holds a folder at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Name of the lock file; it holds the process id, for people.
const LOCK_FILE: &str = "confrere.lock";
/// A command that works on the folder ends within this, and a starting node waits for it.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Why a folder is not ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error("{path} is in use by process {process}")]
    Held { path: PathBuf, process: String },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// A held folder, let go at drop and with the process.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the folder, waiting a little for a short command to end. Blocks.
    ///
    /// # Errors
    /// [`LockError::Held`] with the process that has it.
    pub(crate) fn take(dir: &Path) -> Result<Self, LockError> {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            match Self::try_take(dir) {
                Err(LockError::Held { .. }) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                ended => return ended,
            }
        }
    }

    /// As [`Lock::take`], without waiting.
    pub(crate) fn try_take(dir: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: dir.join(LOCK_FILE), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(dir.join(LOCK_FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Who it is only helps; not to know is no reason to fail differently.
                _ = file.take(16).read_to_string(&mut process);
                let process = process.trim().to_owned();
                return Err(LockError::Held { path: dir.to_owned(), process });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}
