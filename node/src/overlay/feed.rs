//! What each peer is told: an ordered feed of studies per peer, and the pages made of it.
//!
//! A feed holds only *which* studies have news, in order; the card is made and signed when the peer pulls, by what is
//! covered then. So nothing outside the slice is ever sent, however a change of agreement and a pull cross. A feed lives
//! as long as the process; its epoch is drawn anew, and the peer starts again.
//!
//! # Not here
//! Who is told: `trust`. Pulling and nudging: [`super::catalog`].

use super::cards;
use crate::{
    archive::{Archive, ArchiveError, StudyQuery, StudyRow},
    identity::Identity,
    sources::Sources,
    trust::Trust,
};
use protocol::{
    SiteId, Uid,
    agreement::{Field, StudyFacts},
    catalog::{Basis, Change, Cursor, Entry, Page},
    limits::{CATALOG_PAGE_MAX, MESSAGE_BYTES_MAX},
    manifest::StudyCard,
    wire,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Leaves room for the message around a page's entries.
const PAGE_BYTES_MAX: usize = MESSAGE_BYTES_MAX - 64 * 1024;
/// Studies read from the archive at once when a slice is gone through.
const ROWS: usize = 512;

/// By what a study was last told; `None`: that it is withdrawn.
type Told = Option<(Basis, Vec<Field>)>;

#[derive(Debug)]
struct Feed {
    epoch: u64,
    last: u64,
    order: BTreeMap<u64, Uid>,
    at: HashMap<Uid, u64>,
    told: HashMap<Uid, Told>,
}

impl Feed {
    fn new() -> Self {
        let epoch = rand::random::<u64>().max(1);
        Self { epoch, last: 0, order: BTreeMap::new(), at: HashMap::new(), told: HashMap::new() }
    }
    fn touch(&mut self, study: &Uid) {
        self.last += 1;
        if let Some(old) = self.at.insert(study.clone(), self.last) {
            self.order.remove(&old);
        }
        self.order.insert(self.last, study.clone());
    }
    fn drop_entry(&mut self, position: u64, study: &Uid) {
        if self.at.get(study) == Some(&position) {
            self.at.remove(study);
            self.order.remove(&position);
        }
    }
}

/// All feeds.
#[derive(Debug, Default)]
pub(super) struct Feeds(Mutex<HashMap<SiteId, Feed>>);

/// What pages are made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) archive: &'a Archive,
    pub(super) sources: &'a Sources,
    pub(super) trust: &'a Trust,
    pub(super) identity: &'a Identity,
    pub(super) site_name: &'a str,
}

impl Known<'_> {
    /// A study of ours, or else of the PACS beside us as far as peers may be told of it.
    pub(super) fn study(&self, study: &Uid) -> Result<Option<StudyRow>, ArchiveError> {
        let own = self.archive.study(study)?;
        Ok(own.or_else(|| self.sources.nearline_study(study, true).map(|nearline| nearline.row)))
    }

    /// What a peer is told of a study now: the card as it is sent, on which basis, with which fields; `None`: nothing.
    pub(super) fn told(
        &self,
        peer: &SiteId,
        row: &StudyRow,
    ) -> Result<Option<(StudyCard, Basis, Vec<Field>)>, ArchiveError> {
        let Some((basis, fields)) = self.trust.may_tell(peer, &self.archive.facts(row)?) else { return Ok(None) };
        let manifest = self.archive.manifest(&row.study)?.map(|m| m.reference);
        let card = cards::card(row, manifest, &fields, self.identity.site(), self.site_name);
        Ok(Some((card, basis, fields)))
    }

    /// All studies that peers may be told of, in parts. Blocks on the index.
    pub(super) fn each(
        &self,
        take: &mut dyn FnMut(Vec<StudyRow>) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let nearline = self.sources.nearline(&StudyQuery::default(), true);
        take(nearline.into_iter().map(|nearline| nearline.row).collect())?;
        let mut offset = 0;
        loop {
            let rows = self.archive.studies(&StudyQuery::default(), offset, ROWS)?;
            offset += rows.len();
            let done = rows.len() < ROWS;
            take(rows)?;
            if done {
                return Ok(());
            }
        }
    }

    /// What a peer sees of ours now, by what makes its feed. Blocks on the index.
    pub(super) fn seen_by(&self, peer: &SiteId, offset: usize, limit: usize) -> Result<Seen, ArchiveError> {
        let mut seen = Seen::default();
        if self.trust.require_open().is_err() {
            return Ok(seen);
        }
        // The first part is what the PACS beside us has; what is here as well is told once, as ours.
        let (mut is_beside, mut known) = (true, HashSet::new());
        self.each(&mut |rows| {
            for mut row in rows {
                if known.contains(&row.study) {
                    continue;
                }
                if is_beside {
                    known.insert(row.study.clone());
                    row = self.study(&row.study)?.unwrap_or(row);
                }
                let facts = self.archive.facts(&row)?;
                if self.trust.may_tell(peer, &facts).is_none() {
                    continue;
                }
                if seen.total >= offset && seen.studies.len() < limit {
                    let Some((card, basis, _)) = self.told(peer, &row)? else { continue };
                    seen.studies.push(SeenStudy { card, basis, facts });
                }
                seen.total += 1;
            }
            is_beside = false;
            Ok(())
        })?;
        Ok(seen)
    }
}

/// What a peer sees of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// How many studies in all.
    pub(crate) total: usize,
    /// Those asked for.
    pub(crate) studies: Vec<SeenStudy>,
}

/// One study as a peer sees it.
#[derive(Clone, Debug)]
pub(crate) struct SeenStudy {
    /// The card as it is sent.
    pub(crate) card: StudyCard,
    pub(crate) basis: Basis,
    /// By what opening it would be judged.
    pub(crate) facts: StudyFacts,
}

impl Feeds {
    fn lock(&self) -> MutexGuard<'_, HashMap<SiteId, Feed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A study changed: the peers that have news now. Blocks on the index.
    pub(super) fn study_changed(&self, study: &Uid, from: Known<'_>) -> Result<Vec<SiteId>, ArchiveError> {
        let facts = from.study(study)?.map(|row| from.archive.facts(&row)).transpose()?;
        let mut feeds = self.lock();
        let mut news = Vec::new();
        for (peer, feed) in feeds.iter_mut() {
            let covered = facts.as_ref().is_some_and(|f| from.trust.may_tell(peer, f).is_some());
            if covered || matches!(feed.told.get(study), Some(Some(_))) {
                feed.touch(study);
                news.push(*peer);
            }
        }
        Ok(news)
    }

    /// What covers a peer changed, or time passed: goes through all studies. Blocks on the index. Whether there is news.
    pub(super) fn slice_changed(&self, peer: &SiteId, from: Known<'_>) -> Result<bool, ArchiveError> {
        let before = self.lock().entry(*peer).or_insert_with(Feed::new).last;
        from.each(&mut |rows| self.offer(peer, rows, from))?;
        Ok(self.lock().get(peer).is_some_and(|feed| feed.last != before))
    }

    /// Puts those studies into a peer's feed of which it is to be told otherwise than before.
    fn offer(&self, peer: &SiteId, rows: Vec<StudyRow>, from: Known<'_>) -> Result<(), ArchiveError> {
        let facts = rows.iter().map(|row| from.archive.facts(row)).collect::<Result<Vec<_>, _>>()?;
        let mut feeds = self.lock();
        let Some(feed) = feeds.get_mut(peer) else { return Ok(()) };
        for (row, facts) in rows.into_iter().zip(facts) {
            let now = from.trust.may_tell(peer, &facts);
            let known = match feed.told.get(&row.study) {
                Some(told) => *told == now,
                None => now.is_none() || feed.at.contains_key(&row.study),
            };
            if !known {
                feed.touch(&row.study);
            }
        }
        Ok(())
    }

    /// All feeds begin anew: news was missed that cannot be named.
    pub(super) fn begin_anew(&self) {
        self.lock().clear();
    }

    /// The peer is one no more.
    pub(super) fn forget(&self, peer: &SiteId) {
        self.lock().remove(peer);
    }

    /// The next page for a peer. Blocks on the index.
    pub(super) fn page(&self, peer: &SiteId, cursor: Cursor, from: Known<'_>) -> Result<Page, ArchiveError> {
        if !self.lock().contains_key(peer) {
            self.slice_changed(peer, from)?;
        }
        let (epoch, mut after) = {
            let feeds = self.lock();
            let epoch = feeds.get(peer).map_or(0, |f| f.epoch);
            (epoch, if cursor.epoch == epoch { cursor.position } else { 0 })
        };
        let mut page = Page { epoch, entries: Vec::new(), more: false };
        let mut bytes = 0;
        loop {
            let Some((position, study)) = self.following(peer, after) else { return Ok(page) };
            if page.entries.len() >= CATALOG_PAGE_MAX {
                page.more = true;
                return Ok(page);
            }
            after = position;
            let Some(entry) = self.entry(peer, position, &study, from)? else { continue };
            bytes += wire_bytes(&entry);
            if bytes > PAGE_BYTES_MAX && !page.entries.is_empty() {
                page.more = true;
                return Ok(page);
            }
            page.entries.push(entry);
        }
    }

    fn following(&self, peer: &SiteId, after: u64) -> Option<(u64, Uid)> {
        let feeds = self.lock();
        let mut rest = feeds.get(peer)?.order.range((Bound::Excluded(after), Bound::Unbounded));
        rest.next().map(|(position, study)| (*position, study.clone()))
    }

    fn entry(&self, peer: &SiteId, position: u64, study: &Uid, from: Known<'_>) -> Result<Option<Entry>, ArchiveError> {
        let covered = from.study(study)?.map(|row| from.told(peer, &row)).transpose()?.flatten();
        let mut change = None;
        let mut told = None;
        if let Some((card, basis, fields)) = covered {
            change = Some(Change::Told { card: from.identity.seal(&card), basis });
            told = Some((basis, fields));
        }
        let mut feeds = self.lock();
        let Some(feed) = feeds.get_mut(peer) else { return Ok(None) };
        if change.is_none() {
            if !feed.told.contains_key(study) {
                // Never told, so there is nothing to take back: not even its name goes out.
                feed.drop_entry(position, study);
                return Ok(None);
            }
            change = Some(Change::Withdrawn { study: study.clone() });
        }
        feed.told.insert(study.clone(), told);
        Ok(change.map(|change| Entry { position, change }))
    }
}

fn wire_bytes(entry: &Entry) -> usize {
    let page = Page { epoch: 0, entries: vec![entry.clone()], more: false };
    wire::encode(&protocol::message::Answer::Page(page)).len()
}
