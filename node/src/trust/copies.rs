//! Who holds copies of our studies: what was delivered less what was erased with a receipt.
//!
//! A delivery is recorded before the first byte of a copy leaves; a receipt is recorded before the reader's site hears
//! that we have it. Both name the copy, and each is one record: they may be repeated, come late, or in any order, and
//! the set is the same. A copy that was erased stays erased.
//!
//! # At a crash
//! A delivery that was recorded, and of which no byte left, is asked after like any other, and the reader's site answers
//! with a receipt. What was not recorded was not delivered.
//!
//! # Not here
//! Whether a copy should be gone by now, and asking after it: `overlay::copies`.

use super::{Record, Trust, TrustError, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    catalog::Basis,
    copies::{BASES_MAX, COPIES_MAX, CopyErased, CopyHeld},
    ids::Id128,
    signed::Signed,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How long a copy stays at the reader's under an agreement that allows none: as long as one reading takes.
pub(crate) const READING: Duration = Duration::from_secs(4 * 3600);
/// Copies that are erased, remembered for lists; beyond, the journal alone knows.
const ERASED_MAX: usize = 20_000;
/// A delivery that makes a copy's time longer by less than this is no record of its own.
const LONGER_MIN: Duration = Duration::from_secs(3600);
/// The copy of a site that does not name its copies.
pub(crate) const UNNAMED: Id128 = Id128([0; 16]);

/// Something of a study was let out into a copy at a peer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) peer: SiteId,
    pub(crate) study: Uid,
    pub(crate) copy: Id128,
    /// Version of the study then.
    pub(crate) version: u64,
    /// Agreement or grant that it was served by, and that it is told by.
    pub(crate) bases: Vec<Id128>,
    /// All that was let out at most: the study as it was.
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
    pub(crate) at: Timestamp,
    /// Until when the copy may stay.
    pub(crate) until: Timestamp,
}

/// A copy of a study of ours at a peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CopyRow {
    pub(crate) peer: SiteId,
    pub(crate) study: Uid,
    pub(crate) copy: Id128,
    pub(crate) version: u64,
    pub(crate) bases: Vec<Id128>,
    /// What it holds at most.
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// The reader's receipt.
    pub(crate) erased: Option<CopyErased>,
}

impl CopyRow {
    /// Whether a delivery says no more of it.
    fn covers(&self, new: &Delivery, longer_min: Duration) -> bool {
        self.erased.is_some()
            || (self.version >= new.version
                && new.bases.iter().all(|basis| self.bases.contains(basis))
                && (new.until <= self.until || new.until.since(self.until) < longer_min))
    }

    fn add(&mut self, new: &Delivery) {
        self.version = self.version.max(new.version);
        self.instances = self.instances.max(new.instances);
        self.bytes = self.bytes.max(new.bytes);
        self.since = self.since.min(new.at);
        self.until = self.until.max(new.until);
        for basis in &new.bases {
            if !self.bases.contains(basis) && self.bases.len() < BASES_MAX {
                self.bases.push(*basis);
            }
        }
    }
}

type Key = (SiteId, Uid, Id128);

/// The fold.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    rows: BTreeMap<Key, CopyRow>,
    /// In the order of their receipts.
    erased: VecDeque<Key>,
}

impl Copies {
    pub(super) fn delivered(&mut self, new: &Delivery) {
        let key = (new.peer, new.study.clone(), new.copy);
        match self.rows.get_mut(&key) {
            Some(row) => row.add(new),
            None => {
                let Delivery { peer, study, copy, version, bases, instances, bytes, at, until } = new.clone();
                let row =
                    CopyRow { peer, study, copy, version, bases, instances, bytes, since: at, until, erased: None };
                self.rows.insert(key, row);
            }
        }
    }

    /// Receipts as their site signed them; the first of a copy counts.
    pub(super) fn erased(&mut self, from: &SiteId, receipts: &[Signed<CopyErased>]) {
        for receipt in receipts.iter().filter_map(|signed| signed.open(from).ok()) {
            let key = (*from, receipt.study.clone(), receipt.copy);
            let row = self.rows.entry(key.clone()).or_insert_with(|| CopyRow {
                peer: *from,
                study: receipt.study.clone(),
                copy: receipt.copy,
                version: receipt.version,
                bases: receipt.bases.clone(),
                instances: receipt.instances,
                bytes: receipt.bytes,
                since: receipt.leased,
                until: receipt.at,
                erased: None,
            });
            if row.erased.is_none() {
                row.erased = Some(receipt);
                self.erased.push_back(key);
            }
            if self.erased.len() > ERASED_MAX
                && let Some(oldest) = self.erased.pop_front()
            {
                self.rows.remove(&oldest);
            }
        }
    }

    /// Of one study, those that are erased too.
    pub(super) fn of<'a>(&'a self, study: &'a Uid) -> impl Iterator<Item = &'a CopyRow> {
        self.rows.values().filter(move |row| row.study == *study)
    }

    fn has(&self, key: &Key) -> bool {
        self.rows.get(key).is_some_and(|row| row.erased.is_some())
    }

    #[cfg(test)]
    pub(super) fn standing(&self) -> Vec<Key> {
        self.rows.iter().filter(|(_, row)| row.erased.is_none()).map(|(key, _)| key.clone()).collect()
    }
}

/// Of what is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served<'a> {
    pub(crate) study: &'a Uid,
    pub(crate) version: u64,
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
}

impl Trust {
    /// Records that something of a study is let out into a copy of a peer's; durable when it returns.
    pub(crate) async fn note_delivered(
        &self,
        peer: &SiteId,
        copy: Option<Id128>,
        served: Served<'_>,
        bases: &[Basis],
    ) -> Result<(), TrustError> {
        let now = tasks::now();
        let delivery = {
            let state = self.state();
            let days = bases.iter().map(|basis| state.cache_days_of(&basis.agreement(), peer)).max().unwrap_or(0);
            let mut named: Vec<Id128> = bases.iter().map(Basis::id).collect();
            named.dedup();
            Delivery {
                peer: *peer,
                study: served.study.clone(),
                copy: copy.unwrap_or(UNNAMED),
                version: served.version,
                bases: named,
                instances: served.instances,
                bytes: served.bytes,
                at: now,
                until: now.after(Duration::from_secs(u64::from(days) * 86_400).max(READING)),
            }
        };
        self.keep_delivery(delivery, LONGER_MIN).await
    }

    async fn keep_delivery(&self, delivery: Delivery, longer_min: Duration) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let key = (delivery.peer, delivery.study.clone(), delivery.copy);
        if self.state().copies.rows.get(&key).is_some_and(|row| row.covers(&delivery, longer_min)) {
            return Ok(());
        }
        self.commit(changing, Record::Delivered(delivery)).await
    }

    /// Takes a site's receipts, also from one that was revoked. Gives those that are news.
    pub(crate) async fn note_copies_erased(
        &self,
        from: &SiteId,
        receipts: Vec<Signed<CopyErased>>,
    ) -> Result<Vec<CopyErased>, TrustError> {
        let changing = self.changing().await;
        if receipts.len() > COPIES_MAX {
            return Err(Refusal::Malformed.into());
        }
        let (mut fresh, mut news) = (Vec::new(), Vec::<CopyErased>::new());
        {
            let state = self.state();
            if !state.peers.contains_key(from) {
                return Err(Refusal::NotPaired.into());
            }
            for signed in receipts {
                let receipt = signed.open(from).map_err(|_| Refusal::Malformed)?;
                let key = (*from, receipt.study.clone(), receipt.copy);
                let is_twice = news.iter().any(|one| one.copy == receipt.copy && one.study == receipt.study);
                if receipt.bases.len() <= BASES_MAX && !state.copies.has(&key) && !is_twice {
                    fresh.push(signed);
                    news.push(receipt);
                }
            }
        }
        if !fresh.is_empty() {
            self.commit(changing, Record::CopiesErased { from: *from, receipts: fresh }).await?;
        }
        Ok(news)
    }

    /// Takes what a peer says that it has: a copy whose time is longer than we knew, or that a restored node forgot.
    pub(crate) async fn note_copy_held(&self, from: &SiteId, held: CopyHeld) -> Result<(), TrustError> {
        self.peer(from).ok_or(TrustError::NoPeer)?;
        let CopyHeld { copy, study, version, bases, instances, bytes, leased, until } = held;
        let bases = bases.into_iter().take(BASES_MAX).collect();
        let delivery = Delivery { peer: *from, study, copy, version, bases, instances, bytes, at: leased, until };
        self.keep_delivery(delivery, Duration::ZERO).await
    }

    /// Copies at a peer's, also at one that was revoked; with those that are erased or without.
    pub(crate) fn copies_at(&self, peer: &SiteId, with_erased: bool) -> Vec<CopyRow> {
        let state = self.state();
        let theirs = state.copies.rows.values().filter(|row| row.peer == *peer);
        theirs.filter(|row| with_erased || row.erased.is_none()).cloned().collect()
    }

    /// Copies of one study, those that are erased too.
    pub(crate) fn copies_of(&self, study: &Uid) -> Vec<CopyRow> {
        self.state().copies.of(study).cloned().collect()
    }

    /// Whether what a peer was let at on this basis is still let at now: the agreement or grant is in force.
    pub(crate) fn still_lent(&self, peer: &SiteId, basis: &Id128) -> bool {
        let (state, now) = (self.state(), tasks::now());
        let is_active = |agreement: &Id128, with: &SiteId| {
            state.agreements.get(agreement).is_some_and(|kept| kept.peer == *with)
                && state.active(agreement, now).is_some_and(|text| text.clause(&state.us, with).is_some())
        };
        let is_whole = |grant| state.root(grant).is_some_and(|root| is_active(&root.basis, &root.subject));
        match state.grants.get(basis) {
            Some(grant) => grant.subject == *peer && now < grant.expires && is_whole(grant),
            None => is_active(basis, peer),
        }
    }
}

impl State {
    fn cache_days_of(&self, agreement: &Id128, reader: &SiteId) -> u32 {
        let text = self.agreements.get(agreement).and_then(|kept| kept.active.as_ref());
        text.and_then(|t| t.agreement.clauses.iter().find(|c| c.reader == *reader)).map_or(0, |c| c.cache_days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;
    use protocol::{copies::Why, wire};
    use std::collections::BTreeSet;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }
    fn site(seed: u8) -> SiteId {
        SiteId(key(seed).verifying_key().to_bytes())
    }
    fn study(n: u8) -> Uid {
        Uid::parse(&format!("2.25.{}", u32::from(n) + 1)).unwrap()
    }

    /// What happens between a holder and two readers, each of whom has at most one copy of each of two studies.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Serve {
            reader: u8,
            study: u8,
        },
        Erase {
            reader: u8,
            study: u8,
        },
        /// One of the receipts under way comes, perhaps one that came before.
        Arrive {
            which: usize,
        },
        /// What was written down is read back.
        Crash,
    }

    fn step() -> impl Strategy<Value = Step> {
        let of = || (1u8..=2, 0u8..2);
        prop_oneof![
            4 => of().prop_map(|(reader, study)| Step::Serve { reader, study }),
            2 => of().prop_map(|(reader, study)| Step::Erase { reader, study }),
            3 => any::<usize>().prop_map(|which| Step::Arrive { which }),
            1 => Just(Step::Crash),
        ]
    }

    #[derive(Default)]
    struct World {
        copies: BTreeMap<(u8, u8), Id128>,
        names: u8,
        /// Never taken out: any may come again.
        receipts: Vec<(u8, Signed<CopyErased>)>,
        journal: Vec<Vec<u8>>,
    }

    impl World {
        fn record(&mut self, state: &mut State, record: Record) {
            self.journal.push(wire::encode(&record));
            let _ = state.apply(record);
        }

        fn serve(&mut self, state: &mut State, reader: u8, of: u8) {
            let copy = *self.copies.entry((reader, of)).or_insert_with(|| {
                self.names += 1;
                Id128([self.names; 16])
            });
            let delivery = Delivery {
                peer: site(reader),
                study: study(of),
                copy,
                version: 1,
                bases: vec![Id128([7; 16])],
                instances: 3,
                bytes: 300,
                at: Timestamp(u64::from(self.names)),
                until: Timestamp(1_000),
            };
            self.record(state, Record::Delivered(delivery));
        }

        fn erase(&mut self, reader: u8, of: u8) {
            let Some(copy) = self.copies.remove(&(reader, of)) else { return };
            let erased = CopyErased {
                copy,
                study: study(of),
                version: 1,
                bases: Vec::new(),
                instances: 3,
                bytes: 316,
                leased: Timestamp(1),
                at: Timestamp(2),
                why: Why::Room,
            };
            self.receipts.push((reader, Signed::seal(&key(reader), &erased)));
        }
    }

    proptest! {
        #[test]
        fn who_holds_copies_is_what_was_served_less_what_was_erased(
            steps in prop::collection::vec(step(), 1..60)
        ) {
            let (mut world, mut state) = (World::default(), State::new(site(9)));
            // By their names: copies at the readers', and those erased there of which we have not heard.
            let mut arrived: BTreeSet<usize> = BTreeSet::new();
            for step in steps {
                match step {
                    Step::Serve { reader, study } => world.serve(&mut state, reader, study),
                    Step::Erase { reader, study } => world.erase(reader, study),
                    Step::Arrive { which } if !world.receipts.is_empty() => {
                        let which = which % world.receipts.len();
                        let (reader, receipt) = world.receipts[which].clone();
                        arrived.insert(which);
                        world.record(&mut state, Record::CopiesErased { from: site(reader), receipts: vec![receipt] });
                    }
                    Step::Arrive { .. } => {}
                    Step::Crash => {
                        state = State::new(site(9));
                        for bytes in &world.journal {
                            let _ = state.apply(wire::decode(bytes).unwrap());
                        }
                    }
                }
                let held = world.copies.iter().map(|((reader, of), copy)| (site(*reader), study(*of), *copy));
                let unheard = world.receipts.iter().enumerate().filter(|(at, _)| !arrived.contains(at));
                let unheard = unheard.map(|(_, (reader, receipt))| {
                    let erased = receipt.open(&site(*reader)).unwrap();
                    (site(*reader), erased.study, erased.copy)
                });
                let model: BTreeSet<Key> = held.chain(unheard).collect();
                prop_assert_eq!(state.copies.standing(), model.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_receipt_of_somebody_else_is_none() {
        let mut state = State::new(site(9));
        let mut world = World::default();
        world.serve(&mut state, 1, 0);
        world.erase(1, 0);
        let (_, receipt) = world.receipts[0].clone();
        state.copies.erased(&site(2), std::slice::from_ref(&receipt));
        assert_eq!(state.copies.standing().len(), 1);
        state.copies.erased(&site(1), &[receipt]);
        assert!(state.copies.standing().is_empty());
        // Something that was still on its way under the name of an erased copy is thrown away there.
        let row = state.copies.rows.values().next().unwrap().clone();
        let late = Delivery {
            peer: row.peer,
            study: row.study.clone(),
            copy: row.copy,
            version: 9,
            bases: Vec::new(),
            instances: 1,
            bytes: 1,
            at: Timestamp(5),
            until: Timestamp(9_000),
        };
        assert!(row.covers(&late, Duration::ZERO));
        state.copies.delivered(&late);
        assert!(state.copies.standing().is_empty());
    }
}
