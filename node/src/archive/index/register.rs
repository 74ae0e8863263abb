//! Every study in the order of lists, with what most searches ask: in memory, so that a search that is not selective
//! does not read every row.
//!
//! An entry costs some 150 bytes. It tells for certain whether a study matches by name, words, modality and date; of
//! other keys it says *ask the row*. It is made from the rows by the first search that needs it, or in the background
//! after a start, and follows every batch of changes.
//!
//! # At a crash
//! It is gone, and made again.
//!
//! # Not here
//! What matching means: [`crate::archive::query`].

use super::keys;
use crate::archive::{
    matching::{fold, folded_name, wild},
    query::{StudyQuery, words_of},
    rows::StudyRow,
};
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

/// Modalities told apart; a study with one beyond them is asked for its row.
const MODALITIES_MAX: usize = 31;
const OTHERS: u32 = 1 << MODALITIES_MAX;

/// What the register knows of one study.
#[derive(Debug)]
pub(super) struct Entry {
    /// Folded: the patient's name, a line break, Patient ID, accession number, description and labels.
    text: Box<str>,
    has_name: bool,
    has_date: bool,
    modalities: u32,
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    /// By the key that orders lists, without its first byte.
    by_place: BTreeMap<Box<[u8]>, Entry>,
    modalities: Vec<String>,
}

/// A study's place before a change, and its row after it; `None`: it is gone.
pub(super) type Change = (Option<Vec<u8>>, Option<StudyRow>);

#[derive(Debug)]
enum State {
    Cold,
    /// Being made; what changed meanwhile waits.
    Making(Vec<Change>),
    Ready,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Register {
    state: Mutex<State>,
    made: Condvar,
    entries: RwLock<Entries>,
}

impl Default for Register {
    fn default() -> Self {
        Self { state: Mutex::new(State::Cold), made: Condvar::new(), entries: RwLock::default() }
    }
}

impl Register {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All studies; `rows` gives them where they are not known yet. Others who come meanwhile wait.
    pub(super) fn entries<E>(
        &self,
        rows: impl Fn(&mut dyn FnMut(StudyRow)) -> Result<(), E>,
    ) -> Result<RwLockReadGuard<'_, Entries>, E> {
        let mut state = self.state();
        loop {
            match *state {
                State::Ready => return Ok(self.entries.read().unwrap_or_else(PoisonError::into_inner)),
                State::Making(_) => state = self.made.wait(state).unwrap_or_else(PoisonError::into_inner),
                State::Cold => {
                    *state = State::Making(Vec::new());
                    drop(state);
                    let mut fresh = Entries::default();
                    let read = rows(&mut |row| fresh.put(&(None, Some(row))));
                    state = self.state();
                    self.made.notify_all();
                    match (&*state, read) {
                        (_, Err(error)) => {
                            *state = State::Cold;
                            return Err(error);
                        }
                        (State::Making(changes), Ok(())) => {
                            changes.iter().for_each(|change| fresh.put(change));
                            *self.entries.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                            *state = State::Ready;
                        }
                        // Forgotten meanwhile: once more.
                        _ => {}
                    }
                }
            }
        }
    }

    /// Follows a batch that was written.
    pub(super) fn follow(&self, changes: Vec<Change>) {
        match &mut *self.state() {
            State::Cold => {}
            State::Making(waiting) => waiting.extend(changes),
            State::Ready => {
                let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
                changes.iter().for_each(|change| entries.put(change));
            }
        }
    }

    /// The rows are no longer those it was made from.
    pub(super) fn forget(&self) {
        *self.state() = State::Cold;
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = Entries::default();
    }
}

impl Entries {
    fn put(&mut self, (before, row): &Change) {
        if let Some(before) = before {
            self.by_place.remove(before.as_slice());
        }
        let Some(row) = row else { return };
        let Some(place) = keys::of(row).into_iter().next() else { return };
        let modalities = row.modalities.iter().map(|modality| self.bit(modality)).fold(0, |all, bit| all | bit);
        let name = row.patient.name.as_deref().map(fold);
        let rest = [&row.patient.id, &row.accession, &row.description];
        let rest = rest.into_iter().flatten().chain(&row.labels);
        let rest = fold(&rest.map(String::as_str).collect::<Vec<_>>().join(" "));
        let entry = Entry {
            text: format!("{}\n{rest}", name.as_deref().unwrap_or_default()).into_boxed_str(),
            has_name: name.is_some(),
            has_date: row.date.is_some(),
            modalities,
        };
        self.by_place.insert(place.get(1..).unwrap_or_default().into(), entry);
    }

    fn bit(&mut self, modality: &str) -> u32 {
        let at = match self.modalities.iter().position(|known| known == modality) {
            Some(at) => at,
            None if self.modalities.len() < MODALITIES_MAX => {
                self.modalities.push(modality.to_owned());
                self.modalities.len() - 1
            }
            None => return OTHERS,
        };
        1 << at
    }

    /// Places from `from` up to and without `to`, each with what is known of it.
    pub(super) fn range<'a>(
        &'a self,
        from: &'a [u8],
        to: &'a [u8],
    ) -> impl Iterator<Item = (&'a [u8], &'a Entry)> + use<'a> {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        self.by_place.range::<[u8], _>(bounds).map(|(place, entry)| (&**place, entry))
    }

    /// What `query` asks, prepared.
    pub(super) fn sieve(&self, query: &StudyQuery) -> Sieve {
        let asked = |modality: &String| query.modalities.iter().any(|asked| wild(asked, modality));
        let modalities =
            self.modalities.iter().enumerate().filter(|(_, m)| asked(m)).fold(0, |all, (at, _)| all | 1 << at);
        Sieve {
            name: query.patient_name.as_deref().map(fold).filter(|name| !name.is_empty() && name != "*"),
            is_fuzzy: query.fuzzy,
            words: query.text.as_deref().map(words_of).unwrap_or_default(),
            modalities: (!query.modalities.is_empty()).then_some(modalities),
            needs_date: query.date_from.is_some() || query.date_to.is_some(),
            has_more: query.asks_more(),
        }
    }
}

/// A query as far as entries can tell.
#[derive(Debug)]
pub(super) struct Sieve {
    name: Option<String>,
    is_fuzzy: bool,
    words: Vec<String>,
    modalities: Option<u32>,
    needs_date: bool,
    has_more: bool,
}

/// Whether a study matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    No,
    Yes,
    AskTheRow,
}

impl Sieve {
    pub(super) fn look(&self, entry: &Entry) -> Verdict {
        let name = entry.text.split('\n').next().unwrap_or_default();
        let fits_name = || self.name.as_deref().is_none_or(|n| entry.has_name && folded_name(n, name, self.is_fuzzy));
        let fits_words = || self.words.iter().all(|word| entry.text.contains(word.as_str()));
        if (self.needs_date && !entry.has_date) || !fits_name() || !fits_words() {
            return Verdict::No;
        }
        match self.modalities {
            Some(asked) if entry.modalities & asked == 0 && entry.modalities & OTHERS == 0 => Verdict::No,
            Some(asked) if entry.modalities & asked == 0 => Verdict::AskTheRow,
            _ if self.has_more => Verdict::AskTheRow,
            _ => Verdict::Yes,
        }
    }
}
