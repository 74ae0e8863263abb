//! Receipts for copies that were erased, owed to their holders.
//!
//! A receipt is written by the same replacement of the key file that destroys the key: there is no erasure without its
//! receipt, and no receipt without its erasure. It stays until the holder says that it has it. Like everything here it
//! is sealed, so that no name of a study is on the disk in the clear.
//!
//! # Not here
//! Signing and saying it: `overlay`. What the holder makes of it: `trust`.

use super::{Cache, CacheError, Inner, State, keys::KeyFile, seal::Key};
use crate::tasks;
use protocol::{
    SiteId, Timestamp, Uid,
    copies::{BASES_MAX, CopyErased, CopyHeld, Why},
    ids::Id128,
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    sync::{PoisonError, atomic::Ordering},
};
use tokio::sync::watch;

/// Receipts kept for peers that are away. Beyond, the oldest goes: its holder asks for the copy and hears that it is gone.
const OWED_MAX: usize = 20_000;

/// What a copy is called outside, sealed under its study's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) holder: SiteId,
    pub(super) study: Uid,
    pub(super) copy: Id128,
    pub(super) leased: Timestamp,
    pub(super) version: u64,
}

impl Wire for Label {
    const VERSION: u8 = 1;
    const NAME: &'static str = "copy's label";
}

/// A receipt, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owed {
    to: SiteId,
    erased: CopyErased,
}

impl Wire for Owed {
    const VERSION: u8 = 1;
    const NAME: &'static str = "owed receipt";
}

/// The receipts in memory, in the order of those in the key file.
#[derive(Debug)]
pub(super) struct Receipts {
    owed: Vec<Owed>,
    key: Key,
    news: watch::Sender<u64>,
}

impl Receipts {
    /// Opens those of the key file; one that does not open is dropped.
    pub(super) fn load(keys: &mut KeyFile) -> Self {
        let key = keys.receipts_key();
        let opened = |sealed: &Vec<u8>| wire::decode::<Owed>(&key.open_small(b"owed", sealed)?).ok();
        keys.owed.retain(|sealed| opened(sealed).is_some());
        let owed = keys.owed.iter().filter_map(opened).collect();
        Self { owed, key, news: watch::Sender::new(0) }
    }

    fn push(&mut self, keys: &mut KeyFile, owed: Owed) -> Result<(), CacheError> {
        keys.owed.push(self.key.seal_small(b"owed", &wire::encode(&owed))?);
        self.owed.push(owed);
        if self.owed.len() > OWED_MAX {
            self.owed.remove(0);
            keys.owed.remove(0);
        }
        Ok(())
    }
}

impl State {
    /// Takes a study's keys out of the file, to be saved by the caller, and writes the receipt beside them.
    pub(super) fn take_out(&mut self, tag: &[u8; 32], why: Why) -> Result<(), CacheError> {
        let Some(gone) = self.keys.studies.remove(tag) else { return Ok(()) };
        let Some(study) = self.open.get(tag) else { return Ok(()) };
        study.erased.store(true, Ordering::Release);
        let label = study.label.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Kept since before copies had names, and never opened again: nobody can ask for it.
        let Some(Label { holder, study: uid, copy, leased, version }) = label else { return Ok(()) };
        let erased = CopyErased {
            copy,
            study: uid,
            version,
            bases: gone.wraps.iter().map(|wrap| wrap.basis).take(BASES_MAX).collect(),
            instances: study.complete.load(Ordering::Relaxed),
            bytes: study.bytes.load(Ordering::Relaxed),
            leased,
            at: tasks::now(),
            why,
        };
        self.receipts.push(&mut self.keys, Owed { to: holder, erased })
    }
}

impl Inner {
    /// Saves the key file and removes the files of studies that were taken out of it.
    pub(super) fn finish(&self, state: &mut State, gone: &[[u8; 32]]) -> Result<(), CacheError> {
        for study in gone.iter().filter_map(|tag| state.open.get(tag)) {
            self.fresh.erase(study);
        }
        state.keys.save(&self.dir)?;
        for tag in gone {
            self.forget(state, tag)?;
        }
        if !gone.is_empty() {
            state.receipts.news.send_modify(|n| *n = n.wrapping_add(1));
        }
        Ok(())
    }
}

impl Cache {
    /// Erases every copy of a holder's studies. Gives their number.
    ///
    /// # Errors
    /// As [`Cache::end_agreement`].
    pub(crate) fn end_holder(&self, holder: &SiteId, why: Why) -> Result<u64, CacheError> {
        let mut state = self.inner.lock();
        let is_theirs = |study: &super::Study| {
            study.label.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|l| l.holder == *holder)
        };
        let gone: Vec<_> = state.open.iter().filter(|(_, study)| is_theirs(study)).map(|(tag, _)| *tag).collect();
        self.inner.take_out_all(&mut state, &gone, why)
    }

    /// Changes whenever receipts are to be sent.
    pub(crate) fn receipts(&self) -> watch::Receiver<u64> {
        self.inner.lock().receipts.news.subscribe()
    }

    /// To whom receipts are owed.
    pub(crate) fn creditors(&self) -> BTreeSet<SiteId> {
        self.inner.lock().receipts.owed.iter().map(|owed| owed.to).collect()
    }

    /// Receipts owed to a holder, oldest first.
    pub(crate) fn owed(&self, to: &SiteId, max: usize) -> Vec<CopyErased> {
        let state = self.inner.lock();
        let theirs = state.receipts.owed.iter().filter(|owed| owed.to == *to);
        theirs.take(max).map(|owed| owed.erased.clone()).collect()
    }

    /// The holder has these receipts.
    ///
    /// # Errors
    /// [`CacheError::Io`]: they are said again then.
    pub(crate) fn paid(&self, to: &SiteId, copies: &[Id128]) -> Result<(), CacheError> {
        let mut state = self.inner.lock();
        let State { keys, receipts, .. } = &mut *state;
        let is_paid = |owed: &Owed| owed.to == *to && copies.contains(&owed.erased.copy);
        let left: Vec<bool> = receipts.owed.iter().map(|owed| !is_paid(owed)).collect();
        if left.iter().all(|stays| *stays) {
            return Ok(());
        }
        let (mut stays, mut stay) = (left.iter().copied(), left.iter().copied());
        keys.owed.retain(|_| stays.next().unwrap_or(true));
        receipts.owed.retain(|_| stay.next().unwrap_or(true));
        state.keys.save(&self.inner.dir)
    }

    /// Copies of a holder's studies that are here, in the order of study and name.
    pub(crate) fn held(&self, holder: &SiteId) -> Vec<CopyHeld> {
        let state = self.inner.lock();
        let mut held: Vec<CopyHeld> = Vec::new();
        for (tag, study) in &state.open {
            let label = study.label.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let (Some(label), Some(keys)) = (label, state.keys.studies.get(tag)) else { continue };
            if label.holder == *holder {
                held.push(CopyHeld {
                    copy: label.copy,
                    study: label.study,
                    version: label.version,
                    bases: keys.wraps.iter().map(|wrap| wrap.basis).take(BASES_MAX).collect(),
                    instances: study.complete.load(Ordering::Relaxed),
                    bytes: study.bytes.load(Ordering::Relaxed),
                    leased: label.leased,
                    until: keys.until,
                });
            }
        }
        held.sort_unstable_by(|a, b| (&a.study, &a.copy).cmp(&(&b.study, &b.copy)));
        held
    }
}
