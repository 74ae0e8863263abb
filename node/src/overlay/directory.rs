//! What peers told us of their studies. Kept sealed in the cache per agreement, so that it survives a restart while the
//! holder is down, and is gone with the agreement's key.
//!
//! A peer that begins its feed anew is not forgotten at once: its rows stay until its last page is applied, and those
//! that were not told again then go.
//!
//! # Not here
//! Whether a row may be shown is asked of `trust` at every reading. Erasing copies: [`super::catalog`].

use super::RemoteStudy;
use crate::{
    archive::cache::{Cache, CacheError},
    trust::Trust,
};
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    catalog::{Basis, Change, Cursor, Identified, Nearline, Page, Zones},
    ids::Id128,
    limits::CATALOG_PAGE_MAX,
    manifest::{Amendment, StudyCard},
    signed::{SignatureBytes, Signed},
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    sync::{PoisonError, RwLock},
};

/// Studies of one peer kept at most: ten years of a large hospital. More is refused, not forgotten silently.
const STUDIES_MAX: usize = 2_000_000;
/// Rows are kept in so many notes, so that one card's change rewrites little.
const BUCKETS: u8 = 64;
const CURSOR_NOTE: &str = "directory/cursor";

#[derive(Debug, Default)]
struct Shelf {
    cursor: Cursor,
    studies: HashMap<Uid, RemoteStudy>,
    /// Not told again yet in the feed's new epoch.
    stale: HashSet<Uid>,
    /// Until then what is not told again stays, and a card older than the one known is no news: the holder was restored.
    spared: Option<Timestamp>,
    /// The holder was asked where all of them lie since our start.
    is_asked: bool,
    /// It does not know that question.
    is_not_asked: bool,
    /// The holder's time zone, as it said last.
    zone: Option<String>,
    /// It is to be asked in which time zones all of them are: an answer was lost.
    zones_lost: bool,
    /// It does not know that question.
    no_zones: bool,
    /// It is to be asked how sure it is of all of them: an answer was lost.
    identified_lost: bool,
    /// It does not know that question.
    no_identified: bool,
    /// Notes to be written.
    dirty: HashSet<(Id128, u8)>,
}

/// What a page did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) changed: Vec<Uid>,
    /// To be erased.
    pub(super) withdrawn: Vec<Uid>,
    /// Amended since they were told before, and when and how.
    pub(super) amended: Vec<(Uid, Timestamp, Amendment)>,
    /// Of these some bytes must not be shown any more: copies are to be erased, and what is shown still comes anew.
    pub(super) outdated: Vec<Uid>,
}

/// A study that a holder told of.
type NoteRow = (StudyCard, Basis, Timestamp, SignatureBytes, Option<i16>, Option<Identified>);

#[derive(Serialize, Deserialize)]
struct Note(Vec<NoteRow>);
impl Wire for Note {
    /// Notes of another version are not read: what they hold is pulled again.
    const VERSION: u8 = 5;
    const NAME: &'static str = "directory note";
}
#[derive(Default, Serialize, Deserialize)]
struct CursorNote(Cursor, Option<String>);
impl Wire for CursorNote {
    const VERSION: u8 = 5;
    const NAME: &'static str = "directory cursor";
}

impl Applied {
    /// What a newer card tells that an older did not. A study told for the first time has no readers yet.
    fn compare(&mut self, before: Option<&RemoteStudy>, now: &StudyCard) {
        let Some(before) = before else { return };
        let Some(amended) = &now.amended else { return };
        if before.card.amended.as_ref().is_some_and(|known| known.at >= amended.at) {
            return;
        }
        self.amended.push((now.study.clone(), amended.at, amended.what));
        if matches!(amended.what, Amendment::Rejected | Amendment::Replaced) {
            self.outdated.push(now.study.clone());
        }
    }
}

fn bucket(study: &Uid) -> u8 {
    blake3::hash(study.as_str().as_bytes()).as_bytes()[0] % BUCKETS
}
fn bucket_note(bucket: u8) -> String {
    format!("directory/{bucket}")
}

impl Shelf {
    fn put(&mut self, mut row: RemoteStudy) {
        // Where it lies, in which time zone its hours are, and how sure the holder is of whose it is, is asked next.
        if let Some(known) = self.studies.get(&row.card.study) {
            row.nearline.clone_from(&known.nearline);
            row.utc_offset_min = known.utc_offset_min;
            row.identified.clone_from(&known.identified);
        }
        self.mark(&row.card.study, &row.basis);
        self.stale.remove(&row.card.study);
        if let Some(old) = self.studies.insert(row.card.study.clone(), row) {
            self.mark(&old.card.study, &old.basis);
        }
    }
    fn remove(&mut self, study: &Uid) -> bool {
        self.stale.remove(study);
        let Some(old) = self.studies.remove(study) else { return false };
        self.mark(study, &old.basis);
        true
    }
    fn is_older(&self, card: &StudyCard) -> bool {
        self.studies.get(&card.study).is_some_and(|known| known.card.version > card.version)
    }
    fn mark(&mut self, study: &Uid, basis: &Basis) {
        self.dirty.insert((basis.agreement(), bucket(study)));
    }
}

/// All peers' shelves.
#[derive(Debug, Default)]
pub(super) struct Directory(RwLock<HashMap<SiteId, Shelf>>);

impl Directory {
    fn write<T>(&self, change: impl FnOnce(&mut HashMap<SiteId, Shelf>) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what was kept under the agreements in force. Blocks.
    pub(super) fn load(&self, cache: &Cache, trust: &Trust) -> Result<(), CacheError> {
        for row in trust.agreements().into_iter().filter(|r| r.state.stands()) {
            let id = row.agreement.id;
            let cursor = cache.note(&id, CURSOR_NOTE)?.and_then(|b| wire::decode::<CursorNote>(&b).ok());
            let mut kept = Vec::new();
            for bucket in 0..BUCKETS {
                let note = cache.note(&id, &bucket_note(bucket))?;
                kept.extend(note.and_then(|b| wire::decode::<Note>(&b).ok()).map_or_else(Vec::new, |n| n.0));
            }
            self.write(|shelves| {
                // Two agreements with one peer: the cursor that is further back would be right; from nothing is safe.
                let known = shelves.contains_key(&row.peer);
                let shelf = shelves.entry(row.peer).or_default();
                let CursorNote(cursor, zone) = cursor.unwrap_or_default();
                shelf.cursor = if known { Cursor::default() } else { cursor };
                shelf.zone = shelf.zone.take().or(zone);
                for (card, basis, told, signature, utc_offset_min, identified) in kept {
                    let (holder, nearline) = (row.peer, None);
                    let of = RemoteStudy { holder, card, basis, told, nearline, utc_offset_min, identified, signature };
                    shelf.studies.insert(of.card.study.clone(), of);
                }
            });
        }
        Ok(())
    }

    /// Writes what changed since. Blocks.
    pub(super) fn flush(&self, holder: &SiteId, cache: &Cache, trust: &Trust) -> Result<(), CacheError> {
        let (notes, cursor) = self.write(|shelves| {
            let Some(shelf) = shelves.get_mut(holder) else { return (Vec::new(), CursorNote::default()) };
            let dirty = std::mem::take(&mut shelf.dirty);
            let mut notes: HashMap<(Id128, u8), Vec<_>> = dirty.into_iter().map(|d| (d, Vec::new())).collect();
            for row in shelf.studies.values() {
                if let Some(rows) = notes.get_mut(&(row.basis.agreement(), bucket(&row.card.study))) {
                    let (card, signature, identified) =
                        (row.card.clone(), row.signature.clone(), row.identified.clone());
                    rows.push((card, row.basis, row.told, signature, row.utc_offset_min, identified));
                }
            }
            (notes.into_iter().collect::<Vec<_>>(), CursorNote(shelf.cursor, shelf.zone.clone()))
        });
        let mut touched = HashSet::new();
        for ((agreement, bucket), rows) in notes {
            // Writing under an ended agreement would bring its key back.
            if trust.in_force(holder, &Basis::Agreement(agreement))
                || trust.cache_days(&Basis::Agreement(agreement)) > 0
            {
                cache.put_note(&agreement, &bucket_note(bucket), &wire::encode(&Note(rows)))?;
                touched.insert(agreement);
            }
        }
        for agreement in touched {
            cache.put_note(&agreement, CURSOR_NOTE, &wire::encode(&cursor))?;
        }
        Ok(())
    }

    pub(super) fn cursor(&self, holder: &SiteId) -> Cursor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(holder).map_or_else(Cursor::default, |s| s.cursor)
    }

    /// Takes a page: every card verified to be the holder's own before any row changes.
    pub(super) fn apply(&self, holder: &SiteId, page: Page, now: Timestamp) -> Result<Applied, Refusal> {
        if page.entries.len() > CATALOG_PAGE_MAX {
            return Err(Refusal::Malformed);
        }
        let mut changes = Vec::with_capacity(page.entries.len());
        let last = page.entries.last().map(|e| e.position);
        for entry in page.entries {
            changes.push(match entry.change {
                Change::Withdrawn { study } => (study, None),
                Change::Told { card, basis } => {
                    let signature = card.signature();
                    let card = card.open(holder).map_err(|_| Refusal::Corrupt)?;
                    if card.custodian != *holder {
                        return Err(Refusal::Corrupt);
                    }
                    let study = card.study.clone();
                    (
                        study,
                        Some(RemoteStudy {
                            holder: *holder,
                            card,
                            basis,
                            told: now,
                            nearline: None,
                            utc_offset_min: None,
                            identified: None,
                            signature,
                        }),
                    )
                }
            });
        }
        self.write(|shelves| {
            let shelf = shelves.entry(*holder).or_default();
            if shelf.cursor.epoch != page.epoch {
                shelf.stale = shelf.studies.keys().cloned().collect();
                shelf.cursor = Cursor { epoch: page.epoch, position: 0 };
                shelf.is_not_asked = false;
                shelf.no_zones = false;
                shelf.no_identified = false;
            }
            if last.is_some_and(|last| last <= shelf.cursor.position) {
                // It does not follow what we have: told from the beginning, it will.
                shelf.cursor = Cursor::default();
                return Err(Refusal::Malformed);
            }
            let is_spared = shelf.spared.is_some_and(|until| now < until);
            let mut applied = Applied::default();
            for (study, row) in changes {
                match row {
                    Some(row) if is_spared && shelf.is_older(&row.card) => drop(shelf.stale.remove(&study)),
                    Some(row) if shelf.studies.len() < STUDIES_MAX || shelf.studies.contains_key(&study) => {
                        applied.compare(shelf.studies.get(&study), &row.card);
                        shelf.put(row);
                        applied.changed.push(study);
                    }
                    Some(_) => return Err(Refusal::Busy(60_000)),
                    None if shelf.remove(&study) => applied.withdrawn.push(study),
                    None => {}
                }
            }
            shelf.cursor.position = last.unwrap_or(shelf.cursor.position);
            if !page.more {
                let stale = std::mem::take(&mut shelf.stale);
                for study in stale.into_iter().filter(|_| !is_spared) {
                    shelf.remove(&study);
                    applied.withdrawn.push(study);
                }
            }
            Ok(applied)
        })
    }

    /// Of which studies a holder is to be asked where they lie, when it just told those; whether these are all.
    pub(super) fn to_ask_where(&self, holder: &SiteId, told: &[Uid]) -> (Vec<Uid>, bool) {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match shelves.get(holder) {
            Some(shelf) if !shelf.is_asked && !shelf.is_not_asked => (shelf.studies.keys().cloned().collect(), true),
            Some(shelf) if !shelf.is_not_asked => (told.to_vec(), false),
            _ => (Vec::new(), false),
        }
    }

    /// Whether a holder has said of all its studies where they lie; otherwise the next question is about all.
    pub(super) fn was_asked_where(&self, holder: &SiteId, is_heard: bool) {
        self.write(|shelves| shelves.entry(*holder).or_default().is_asked = is_heard);
    }

    /// The holder does not know the question.
    pub(super) fn is_not_asked_where(&self, holder: &SiteId) {
        self.write(|shelves| shelves.entry(*holder).or_default().is_not_asked = true);
    }

    /// Takes where the studies lie that a holder was asked of. Gives those that lie elsewhere than was known.
    pub(super) fn lie(&self, holder: &SiteId, asked: &[Uid], found: Vec<Nearline>) -> Vec<Uid> {
        let mut found: HashMap<Uid, Nearline> = found.into_iter().map(|one| (one.study.clone(), one)).collect();
        self.write(|shelves| {
            let Some(shelf) = shelves.get_mut(holder) else { return Vec::new() };
            let mut changed = Vec::new();
            for study in asked {
                let now = found.remove(study);
                if let Some(row) = shelf.studies.get_mut(study).filter(|row| row.nearline != now) {
                    row.nearline = now;
                    changed.push(study.clone());
                }
            }
            changed
        })
    }

    /// Of which studies a holder is to be asked in which time zone they are, when it just told those; `None`: it does not
    /// know the question.
    pub(super) fn to_ask_zones(&self, holder: &SiteId, told: &[Uid]) -> Option<Vec<Uid>> {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match shelves.get(holder) {
            Some(shelf) if shelf.no_zones => None,
            Some(shelf) if shelf.zones_lost => Some(shelf.studies.keys().cloned().collect()),
            _ => Some(told.to_vec()),
        }
    }

    /// Whether a holder answered about all that it was asked of; `None`: it does not know the question.
    pub(super) fn were_zones_told(&self, holder: &SiteId, is_heard: Option<bool>) {
        self.write(|shelves| {
            let shelf = shelves.entry(*holder).or_default();
            (shelf.zones_lost, shelf.no_zones) = (is_heard == Some(false), is_heard.is_none());
        });
    }

    /// Takes in which time zones a holder's studies are that it was asked of. Gives those of which other is told than was
    /// known: all, where the holder's own is another.
    pub(super) fn date(&self, holder: &SiteId, asked: &[Uid], told: Zones) -> Vec<Uid> {
        let offsets: HashMap<Uid, i16> = told.offsets.into_iter().collect();
        self.write(|shelves| {
            let shelf = shelves.entry(*holder).or_default();
            let is_moved = shelf.zone != told.site;
            shelf.zone = told.site;
            let mut changed = Vec::new();
            for study in asked {
                let now = offsets.get(study).copied();
                if let Some(row) = shelf.studies.get_mut(study).filter(|row| row.utc_offset_min != now) {
                    row.utc_offset_min = now;
                    changed.push((study.clone(), row.basis));
                }
            }
            if is_moved && let Some(row) = shelf.studies.values().next() {
                // The cursor's note goes with any other.
                changed.push((row.card.study.clone(), row.basis));
            }
            for (study, basis) in &changed {
                shelf.mark(study, basis);
            }
            match is_moved {
                true => shelf.studies.keys().cloned().collect(),
                false => changed.into_iter().map(|(study, _)| study).collect(),
            }
        })
    }

    /// Of which studies a holder is to be asked how sure it is of whose they are, when it just told those; `None`: it does not
    /// know the question.
    pub(super) fn to_ask_identified(&self, holder: &SiteId, told: &[Uid]) -> Option<Vec<Uid>> {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match shelves.get(holder) {
            Some(shelf) if shelf.no_identified => None,
            Some(shelf) if shelf.identified_lost => Some(shelf.studies.keys().cloned().collect()),
            _ => Some(told.to_vec()),
        }
    }

    /// Whether a holder answered about all that it was asked of; `None`: it does not know the question.
    pub(super) fn were_identified(&self, holder: &SiteId, is_heard: Option<bool>) {
        self.write(|shelves| {
            let shelf = shelves.entry(*holder).or_default();
            (shelf.identified_lost, shelf.no_identified) = (is_heard == Some(false), is_heard.is_none());
        });
    }

    /// Takes how sure a holder is of whose the studies are that it was asked of.
    pub(super) fn identify(&self, holder: &SiteId, asked: &[Uid], told: Vec<Identified>) {
        let mut told: HashMap<Uid, Identified> = told.into_iter().map(|one| (one.study.clone(), one)).collect();
        self.write(|shelves| {
            let Some(shelf) = shelves.get_mut(holder) else { return };
            for study in asked {
                let now = told.remove(study);
                let changed = shelf.studies.get_mut(study).filter(|row| row.identified != now);
                if let Some(row) = changed {
                    row.identified = now;
                    let basis = row.basis;
                    shelf.mark(study, &basis);
                }
            }
        });
    }

    /// A holder's time zone, as it said last.
    pub(super) fn zone(&self, holder: &SiteId) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(holder)?.zone.clone()
    }

    /// What a restored holder does not tell again is kept until then.
    pub(super) fn spare(&self, holder: &SiteId, until: Timestamp) {
        self.write(|shelves| shelves.entry(*holder).or_default().spared = Some(until));
    }

    /// The highest version of a holder's cards; the studies behind one, with version and instances; whether more follow.
    pub(super) fn known_of(
        &self,
        holder: &SiteId,
        after: Option<&Uid>,
        limit: usize,
    ) -> (u64, Vec<(Uid, u64, u32)>, bool) {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(shelf) = shelves.get(holder) else { return (0, Vec::new(), false) };
        let head = shelf.studies.values().map(|row| row.card.version).max().unwrap_or(0);
        let mut behind: Vec<&StudyCard> =
            shelf.studies.values().map(|row| &row.card).filter(|card| after.is_none_or(|a| card.study > *a)).collect();
        behind.sort_unstable_by(|a, b| a.study.cmp(&b.study));
        let more = behind.len() > limit;
        let told = |card: &StudyCard| (card.study.clone(), card.version, card.instances);
        (head, behind.into_iter().take(limit).map(told).collect(), more)
    }

    /// The card of a holder's study as the holder signed it.
    pub(super) fn signed_card(&self, holder: &SiteId, study: &Uid) -> Option<Signed<StudyCard>> {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let row = shelves.get(holder)?.studies.get(study)?;
        // One that an older version of this program wrote in other bytes is none.
        Some(Signed::again(&row.card, *holder, row.signature.clone())).filter(|card| card.open(holder).is_ok())
    }

    /// Removes every row of a holder that was told on a basis that ended; how many.
    pub(super) fn end(&self, holder: &SiteId, ended: impl Fn(&Basis) -> bool) -> Vec<Uid> {
        self.write(|shelves| {
            let Some(shelf) = shelves.get_mut(holder) else { return Vec::new() };
            let gone: Vec<Uid> =
                shelf.studies.values().filter(|r| ended(&r.basis)).map(|r| r.card.study.clone()).collect();
            for study in &gone {
                shelf.remove(study);
            }
            gone
        })
    }

    pub(super) fn forget(&self, holder: &SiteId) {
        self.write(|shelves| shelves.remove(holder));
    }

    /// Grants told whose time is over, with their holders.
    pub(super) fn expired_grants(&self, now: Timestamp) -> Vec<(SiteId, Id128)> {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let rows = shelves.iter().flat_map(|(holder, shelf)| shelf.studies.values().map(|r| (*holder, r.basis)));
        let expired = rows.filter_map(|(holder, basis)| match basis {
            Basis::Grant { id, expires, .. } if expires <= now => Some((holder, id)),
            _ => None,
        });
        expired.collect()
    }

    /// Rows that trust lets be shown.
    pub(super) fn shown(&self, trust: &Trust, pick: impl Fn(&RemoteStudy) -> bool) -> Vec<RemoteStudy> {
        let mut verdicts: HashMap<(SiteId, Basis), bool> = HashMap::new();
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let picked = shelves.values().flat_map(|s| s.studies.values()).filter(|r| pick(r));
        let shown = picked
            .filter(|r| *verdicts.entry((r.holder, r.basis)).or_insert_with(|| trust.in_force(&r.holder, &r.basis)));
        shown.cloned().collect()
    }

    /// Rows of one study that trust lets be shown.
    pub(super) fn of_study(&self, trust: &Trust, study: &Uid) -> Vec<RemoteStudy> {
        let shelves = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let told = shelves.values().filter_map(|s| s.studies.get(study));
        told.filter(|r| trust.in_force(&r.holder, &r.basis)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_was_lost_is_asked_again_about_all() {
        let (directory, holder) = (Directory::default(), SiteId([1; 32]));
        let told = [Uid::parse("1.2.3").unwrap()];
        directory.was_asked_where(&holder, true);
        assert_eq!(directory.to_ask_where(&holder, &told), (told.to_vec(), false));
        directory.was_asked_where(&holder, false);
        assert!(directory.to_ask_where(&holder, &[]).1, "an empty page asks about all");
    }
}
