//! An index that failed with its disk is opened again when the disk is well, without a restart.
//!
//! sled keeps its first write error and refuses from then on; a record that could not be applied leaves the rows behind
//! the journal. Either way the truth is untouched: it is in journal and files. Mending closes the index, opens it
//! and catches up from the journal, as a start does. It is tried before an instance is taken in and once a second.
//!
//! # At a crash
//! Nothing is half mended: the next start does the same.
//!
//! # Not here
//! What is done where it does not open: [`super::rebuild`].

use super::{ArchiveError, Inner, index::Index, rebuild};
use std::io::Write;

/// As much as sled writes when it opens.
const PROBE_BYTES: usize = 1 << 20;

impl Inner {
    /// Opens the index again if it is hurt.
    ///
    /// # Errors
    /// While the disk still fails; what can be read of the old index stays readable.
    pub(super) fn mend(&self) -> Result<(), ArchiveError> {
        if !self.index.is_hurt() {
            return Ok(());
        }
        let _one = super::lock(&self.mending);
        if !self.index.is_hurt() {
            return Ok(());
        }
        let mut probe = self.blobs.temp()?;
        probe.file.write_all(&vec![0; PROBE_BYTES])?;
        probe.file.sync_data()?;
        drop(probe);
        self.index.replace(|| rebuild::open_index(&self.dir, &self.journal))?;
        // Some of them may have had no row when they were to settle.
        for study in self.index.unsettled()? {
            self.arrivals.touch(&study);
        }
        tracing::warn!("the disk failed and is well again: the index was opened anew and is complete");
        Ok(())
    }

    /// Reads the index; where it turns out to be hurt, mends it and reads again.
    pub(super) fn sound<T>(&self, read: impl Fn(&Index) -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        match read(&self.index) {
            Err(_) if self.index.is_hurt() => {
                self.mend()?;
                read(&self.index)
            }
            read => read,
        }
    }
}
