//! A whole copy, open to be given on: every byte it gives was compared with the object's digest since it was read.
//!
//! # Not here
//! Whether it may be given, and to whom: `trust` judges the custodian's pass.

use super::{Copy, Lease};
use crate::{
    archive::{ReadError, prescan},
    tasks::Tasks,
};
use bytes::Bytes;
use protocol::{
    coding::Layout,
    digest::{Groups, GroupsBuilder},
    limits::{GROUP, GROUP_BYTES, RANGE_BYTES_MAX},
    manifest::InstanceEntry,
};
use std::sync::Arc;

/// Up to this size it is read whole: what is asked for in one range anyway.
const WHOLE_BYTES_MAX: u64 = RANGE_BYTES_MAX;
/// Buffer of passes over large ones.
const PASS_BYTES: u64 = 256 * 1024;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct CopiedObject {
    copy: Copy,
    entry: Arc<InstanceEntry>,
    groups: Arc<Groups>,
    /// All bytes of a small one.
    whole: Option<Bytes>,
    /// Its first bytes: what says how samples stand.
    front: Bytes,
}

impl CopiedObject {
    /// Opens the copy of an object that a manifest names.
    ///
    /// # Errors
    /// [`ReadError::NotHeld`] where it is not here whole; [`ReadError::Corrupt`] where it is not what the manifest names.
    pub(crate) async fn open(lease: &Lease, entry: &InstanceEntry, tasks: &Tasks) -> Result<Self, ReadError> {
        let found = lease.whole(&entry.digest).await.map_err(|_| ReadError::NotHeld)?;
        let (copy, _) = found.filter(|(_, bytes)| *bytes == entry.bytes).ok_or(ReadError::NotHeld)?;
        let entry = Arc::new(entry.clone());
        let front_bytes = (u64::from(entry.header_bytes) + prescan::ELEMENT_HEAD_BYTES).min(entry.bytes);
        if entry.bytes > WHOLE_BYTES_MAX {
            let mut hasher = GroupsBuilder::default();
            let mut at = 0;
            while at < entry.bytes {
                hasher.update(&piece(&copy, at, PASS_BYTES).await?);
                at += PASS_BYTES;
            }
            let (groups, digest) = hasher.finish();
            if digest != entry.digest {
                return Err(ReadError::Corrupt);
            }
            let front = piece(&copy, 0, front_bytes).await?;
            return Ok(Self { copy, entry, groups: Arc::new(groups), whole: None, front });
        }
        let whole = piece(&copy, 0, entry.bytes).await?;
        let hashed = whole.clone();
        let (groups, digest) =
            tasks.spawn_blocking("hash copy", move || Groups::of(&hashed)).await.map_err(std::io::Error::other)?;
        if digest != entry.digest {
            return Err(ReadError::Corrupt);
        }
        let front = whole.slice(..usize::try_from(front_bytes).unwrap_or(0).min(whole.len()));
        Ok(Self { copy, entry, groups: Arc::new(groups), whole: Some(whole), front })
    }

    /// Size of the data set.
    pub(crate) fn bytes(&self) -> u64 {
        self.entry.bytes
    }

    /// Group values of the data set.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// A range of the data set that begins at a group, cut at the object's end.
    ///
    /// # Errors
    /// [`ReadError::NotHeld`] when the copy was erased meanwhile.
    pub(crate) async fn range(&self, offset: u64, len: u64) -> Result<Bytes, ReadError> {
        let from = offset.min(self.entry.bytes);
        let to = offset.saturating_add(len).min(self.entry.bytes);
        if let Some(whole) = &self.whole {
            let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
            return Ok(whole.slice(from..to));
        }
        let bytes = piece(&self.copy, from, to - from).await?;
        let is_sound = from.is_multiple_of(GROUP_BYTES)
            && bytes
                .chunks(GROUP)
                .zip(from / GROUP_BYTES..)
                .all(|(group, index)| self.groups.holds(index, group, &self.entry.digest));
        if is_sound { Ok(bytes) } else { Err(ReadError::Corrupt) }
    }

    /// Whether its bytes are as they are: pixel data that is not compressed, or none.
    pub(crate) fn is_native(&self) -> bool {
        prescan::is_native(&self.entry.transfer_syntax)
    }

    /// Where a range that begins at `offset` lies in the object's native pixel data, if there is any (blocking).
    pub(crate) fn layout(&self, offset: u64) -> Option<Layout> {
        let header_bytes = usize::try_from(self.entry.header_bytes).ok()?;
        let (grid, start, end) = prescan::grid(&self.front, header_bytes, &self.entry.transfer_syntax)?;
        Some(Layout::at(grid, (start, end), offset))
    }
}

async fn piece(copy: &Copy, at: u64, bytes: u64) -> Result<Bytes, ReadError> {
    // What does not open is not here: erased, or damaged.
    copy.read(at, bytes).await.ok().flatten().ok_or(ReadError::NotHeld)
}
