//! The list over own and peers' studies: one order, each study once. One that is here and at a peer is one row: what is
//! stored here must not hide what only the peer has.
//!
//! # Not here
//! Who is told of what: a peer's study is listed only while `overlay` says its basis is in force.

use super::{Availability, FoundStudy, Live, Shared, StudyError};
use crate::{
    archive::{StudyQuery, StudyRow, Tier},
    overlay::RemoteStudy,
    sources::Nearline,
};
use protocol::{
    SiteId, Uid,
    manifest::{Amended, Completeness},
};
use std::collections::HashMap;

/// Rows looked at behind an offset at most: nobody pages further than this by hand.
const ROWS_MAX: usize = 200_000;

/// A page of the archive's order over all: newest first, then by UID, so that pages do not overlap.
pub(super) fn page(mut found: Vec<FoundStudy>, offset: usize, limit: usize) -> Vec<FoundStudy> {
    found.sort_by_cached_key(|f| f.row.place());
    found.into_iter().skip(offset).take(limit).collect()
}

/// A page of ours and `best` of the peers'. `hidden` are the places of our rows that one of `best` stands for; `read`
/// gives our rows in order, from one on, so many.
fn merged(
    best: Vec<FoundStudy>,
    hidden: &HashMap<Uid, Option<Vec<u8>>>,
    (offset, limit): (usize, usize),
    read: &dyn Fn(usize, usize) -> Result<Vec<StudyRow>, StudyError>,
    as_found: &dyn Fn(StudyRow) -> FoundStudy,
) -> Result<Vec<FoundStudy>, StudyError> {
    let offset = offset.min(ROWS_MAX);
    let first = offset.saturating_sub(best.len());
    let own = read(first, limit.saturating_add(best.len().saturating_mul(2)))?;
    let (own, best, passed) = match own.first().map(StudyRow::place) {
        Some(from) if first > 0 => {
            let is_before = |place: &Option<Vec<u8>>| *place < from;
            let over = best.iter().filter(|found| is_before(&found.row.place())).count();
            let under = hidden.values().filter(|place| is_before(place)).count();
            let best = best.into_iter().filter(|found| !is_before(&found.row.place())).collect();
            (own, best, (first + over).saturating_sub(under))
        }
        None if first > 0 && !best.is_empty() => (read(0, ROWS_MAX)?, best, 0),
        _ => (own, best, 0),
    };
    let own = own.into_iter().filter(|row| !hidden.contains_key(&row.study)).map(as_found);
    Ok(page(own.chain(best).collect::<Vec<_>>(), offset.saturating_sub(passed), limit))
}

/// A peer's card as a row. A Patient ID without issuer is the holder's own: it is never compared bare.
pub(super) fn row_of(remote: &RemoteStudy, holder_name: &str) -> StudyRow {
    let card = &remote.card;
    let mut patient = card.patient.clone();
    if patient.id.is_some() && patient.issuer.is_none() {
        patient.issuer = Some(holder_name.to_owned());
    }
    StudyRow {
        study: card.study.clone(),
        patient,
        date: card.date.clone(),
        time: card.time.clone(),
        utc_offset_min: remote.utc_offset_min,
        national: None,
        modalities: card.modalities.clone(),
        body_parts: card.body_parts.clone(),
        description: card.description.clone(),
        accession: card.accession.clone(),
        referrer: card.referrer.clone(),
        study_id: None,
        series: card.series,
        instances: card.instances,
        bytes: card.bytes,
        arrived: card.arrived,
        changed: remote.told,
        completeness: card.completeness,
        version: card.version,
        patient_conflict: false,
        amended: card.amended.clone(),
        labels: Vec::new(),
    }
}

impl Shared {
    /// Own and peers' studies that match, with those that peers answered to this very search.
    ///
    /// Peers' studies move ours by as many places at most as there are of them: only so many rows of ours around the
    /// page are read.
    pub(super) fn find(
        &self,
        query: &StudyQuery,
        live: &Live,
        (offset, limit): (usize, usize),
    ) -> Result<Vec<FoundStudy>, StudyError> {
        let mut sites = Sites::default();
        // Places of our rows that a peer's row stands for.
        let mut hidden = HashMap::new();
        let mut told = self.overlay.remote_studies();
        let answered = live.beside(&told);
        told.extend(answered.into_iter().filter(|remote| self.trust.in_force(&remote.holder, &remote.basis)));
        for remote in told {
            let mut row = row_of(&remote, sites.of(self, &remote.holder).0);
            live.name(&remote, &mut row);
            let own = self.archive.study(&row.study).map_err(StudyError::internal)?;
            let is_own = own.as_ref().is_some_and(|own| query.matches(own));
            if query.matches(&row) || is_own {
                if let Some(own) = own.as_ref().filter(|_| is_own) {
                    hidden.insert(own.study.clone(), own.place());
                }
                sites.keep_best(self, &remote, row, own);
            }
        }
        self.add_nearline(query, offset.saturating_add(limit), &mut sites.best)?;
        let best = sites.best.into_values().map(|(_, found)| found).collect();
        let read = |from, count| self.archive.studies(query, from, count).map_err(StudyError::internal);
        merged(best, &hidden, (offset, limit), &read, &|row| self.own(row))
    }

    /// A study of ours as found.
    pub(super) fn own(&self, row: StudyRow) -> FoundStudy {
        let availability = match self.archive.tier(&row.study) {
            Ok(Tier::Cold) => Availability::Nearline,
            Ok(Tier::Unreachable) => Availability::Unreachable,
            Ok(Tier::Hot) | Err(_) => Availability::Online,
        };
        let is_cold = availability == Availability::Nearline;
        FoundStudy {
            at_source: self.more_at_source(&row),
            recall_s: is_cold.then(|| self.archive.recall_s(row.bytes)).flatten(),
            instances_here: row.instances,
            zone: self.zoned(&row, None),
            row,
            holder: None,
            site_name: self.site_name.clone(),
            availability,
            ends: None,
        }
    }

    /// A study that only the PACS beside this node has, as found.
    pub(super) fn nearline(&self, nearline: Nearline) -> FoundStudy {
        FoundStudy {
            instances_here: 0,
            at_source: Some((nearline.source, nearline.row.instances)),
            zone: self.zoned(&nearline.row, None),
            row: nearline.row,
            holder: None,
            site_name: self.site_name.clone(),
            availability: Availability::Nearline,
            recall_s: None,
            ends: None,
        }
    }

    /// The PACS beside this node, where it has more of a study than is here.
    fn more_at_source(&self, row: &StudyRow) -> Option<(String, u32)> {
        let nearline = self.sources.nearline_study(&row.study, false)?;
        (nearline.row.instances > row.instances).then_some((nearline.source, nearline.row.instances))
    }

    /// Adds studies that are only in the PACS beside this node: as many, from the first on, as a page can show.
    fn add_nearline(
        &self,
        query: &StudyQuery,
        most: usize,
        best: &mut HashMap<Uid, (bool, FoundStudy)>,
    ) -> Result<(), StudyError> {
        let mut nearline = self.sources.nearline(query, false);
        nearline.sort_by_cached_key(|nearline| nearline.row.place());
        let mut added = 0;
        for nearline in nearline {
            let study = nearline.row.study.clone();
            if best.contains_key(&study) || self.archive.study(&study).map_err(StudyError::internal)?.is_some() {
                continue;
            }
            best.insert(study, (true, self.nearline(nearline)));
            added += 1;
            if added >= most {
                break;
            }
        }
        Ok(())
    }

    /// A peer's study as found.
    pub(super) fn told(&self, remote: &RemoteStudy) -> FoundStudy {
        let mut sites = Sites::default();
        let row = row_of(remote, sites.of(self, &remote.holder).0);
        sites.found(self, remote, row, None)
    }

    /// Of several holders of a study one that can be reached.
    pub(super) fn told_best(&self, study: &Uid) -> Option<RemoteStudy> {
        let mut told = self.overlay.holders(study);
        told.sort_by_key(|r| !(self.transfer.is_connected(&r.holder) || self.overlay.contact(&r.holder).connected));
        told.into_iter().next()
    }

    /// A study as found here, at a peer, or both; `None` when it is nowhere.
    pub(super) fn found(&self, own: Option<StudyRow>, told: Option<&RemoteStudy>) -> Option<FoundStudy> {
        match (own, told) {
            (own, Some(told)) => {
                let mut sites = Sites::default();
                let row = row_of(told, sites.of(self, &told.holder).0);
                Some(sites.found(self, told, row, own))
            }
            (Some(own), None) => Some(self.own(own)),
            (None, None) => None,
        }
    }

    pub(super) fn site_name_of(&self, site: &SiteId) -> String {
        self.trust.peer(site).map_or_else(|| site.short(), |peer| peer.name)
    }
}

/// Names and reachability, asked once per list and site; and the best holder of each study.
#[derive(Default)]
struct Sites {
    known: HashMap<SiteId, (String, bool)>,
    best: HashMap<Uid, (bool, FoundStudy)>,
}

impl Sites {
    fn of(&mut self, shared: &Shared, site: &SiteId) -> (&str, bool) {
        let (name, is_near) = self.known.entry(*site).or_insert_with(|| {
            let is_near = shared.overlay.contact(site).connected || shared.transfer.is_connected(site);
            (shared.site_name_of(site), is_near)
        });
        (name, *is_near)
    }

    fn found(&mut self, shared: &Shared, remote: &RemoteStudy, row: StudyRow, own: Option<StudyRow>) -> FoundStudy {
        if let Some(own) = own.as_ref().filter(|own| is_same(own, &row)) {
            return shared.own(own.clone());
        }
        let copied = shared.cache.kept(&remote.holder, &row.study).objects;
        let copied = u32::try_from(copied).unwrap_or(u32::MAX).min(row.instances);
        let (name, is_near) = self.of(shared, &remote.holder);
        let is_whole = row.completeness == Completeness::Complete && copied == row.instances && copied > 0;
        let stored = own.as_ref().map_or(0, |own| own.instances);
        let row = match own {
            Some(own) => both(own, row),
            None => row,
        };
        let here = copied.saturating_add(stored).min(row.instances);
        let (availability, recall_s) = match (is_whole, is_near, &remote.nearline) {
            _ if !shared.trust.opens(&remote.basis, &row.study) => (Availability::Closed, None),
            (true, ..) => (Availability::Online, None),
            (false, true, Some(nearline)) => (Availability::Nearline, nearline.recall_s.map(u64::from)),
            (false, true, None) => (Availability::Remote, None),
            (false, false, _) => (Availability::Unreachable, None),
        };
        let site_name = name.to_owned();
        let at_source = shared.more_at_source(&row);
        let holder = Some(remote.holder);
        let ends = shared.trust.ends(&remote.basis.agreement());
        let zone = shared.zoned(&row, holder.as_ref());
        FoundStudy { row, holder, site_name, zone, availability, instances_here: here, at_source, recall_s, ends }
    }

    /// Of several holders of a study: one that can be reached, else the first.
    fn keep_best(&mut self, shared: &Shared, remote: &RemoteStudy, row: StudyRow, own: Option<StudyRow>) {
        let study = row.study.clone();
        let found = self.found(shared, remote, row, own);
        let is_near = !matches!(found.availability, Availability::Unreachable | Availability::Closed);
        match self.best.get(&study) {
            Some((known_near, _)) if *known_near || !is_near => {}
            _ => {
                self.best.insert(study, (is_near, found));
            }
        }
    }
}

/// Whether a peer's study is, by all that its card tells, the one we have. Only a label hangs on it: an opened study is
/// compared instance by instance.
fn is_same(own: &StudyRow, row: &StudyRow) -> bool {
    (own.series, own.instances, own.bytes) == (row.series, row.instances, row.bytes)
        && own.modalities == row.modalities
        && own.completeness == row.completeness
}

/// One row of ours and a peer's. How much of it is the same only the manifest tells: of different modalities nothing is,
/// and of others the larger count is shown.
fn both(own: StudyRow, row: StudyRow) -> StudyRow {
    let is_apart = own.modalities.iter().all(|m| !row.modalities.contains(m));
    let count = |a: u32, b: u32| if is_apart { a.saturating_add(b) } else { a.max(b) };
    let union = |mut a: Vec<String>, b: Vec<String>| {
        a.extend(b);
        a.sort();
        a.dedup();
        a
    };
    let differs = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
    let patient_conflict = own.patient_conflict
        || row.patient_conflict
        || differs(&own.patient.name, &row.patient.name)
        || differs(&own.patient.birth_date, &row.patient.birth_date);
    StudyRow {
        series: count(own.series, row.series),
        instances: count(own.instances, row.instances),
        bytes: if is_apart { own.bytes.saturating_add(row.bytes) } else { own.bytes.max(row.bytes) },
        modalities: union(own.modalities, row.modalities),
        body_parts: union(own.body_parts, row.body_parts),
        description: row.description.or(own.description),
        accession: own.accession.or(row.accession),
        referrer: own.referrer.or(row.referrer),
        utc_offset_min: if own.date.is_some() { own.utc_offset_min } else { row.utc_offset_min },
        date: own.date.or(row.date),
        time: own.time.or(row.time),
        arrived: own.arrived.min(row.arrived),
        changed: own.changed.max(row.changed),
        completeness: own.completeness.min(row.completeness),
        patient_conflict,
        amended: amended(own.amended.clone(), row.amended),
        ..own
    }
}

/// What is shown as corrected stays; told is what was done last, at either.
fn amended(own: Option<Amended>, row: Option<Amended>) -> Option<Amended> {
    match (own, row) {
        (Some(own), Some(row)) if row.at > own.at => Some(Amended { at: row.at, what: row.what, ..own }),
        (own, row) => own.or(row),
    }
}

/// A query narrowed to the studies of a reading context; `None` when nothing is left.
pub(super) fn narrowed(query: &StudyQuery, within: Option<&[Uid]>) -> Option<StudyQuery> {
    let mut query = query.clone();
    if let Some(within) = within {
        query.study = if query.study.is_empty() {
            within.to_vec()
        } else {
            query.study.into_iter().filter(|study| within.contains(study)).collect()
        };
        if query.study.is_empty() {
            return None;
        }
    }
    Some(query)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{
        Timestamp,
        manifest::{Amendment, Edit, Patient},
    };

    fn found(study: &str, date: Option<&str>, time: Option<&str>) -> FoundStudy {
        let row = StudyRow {
            study: Uid::parse(study).unwrap(),
            patient: Patient::default(),
            date: date.map(str::to_owned),
            time: time.map(str::to_owned),
            utc_offset_min: None,
            national: None,
            modalities: vec!["CT".into()],
            body_parts: Vec::new(),
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
            series: 1,
            instances: 1,
            bytes: 1,
            arrived: Timestamp(0),
            changed: Timestamp(0),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        };
        FoundStudy {
            row,
            holder: None,
            site_name: String::new(),
            zone: super::super::Zoned::default(),
            availability: Availability::Online,
            ends: None,
            at_source: None,
            recall_s: None,
            instances_here: 1,
        }
    }

    proptest::proptest! {
        #[test]
        fn pages_of_ours_and_peers_are_slices_of_the_whole(
            ours in proptest::collection::vec(0u32..40, 0..40),
            peers in proptest::collection::vec((0u32..60, 0u32..40), 0..15),
            offset in 0usize..60,
            limit in 1usize..20,
        ) {
            let at = |study: u32, day: u32| found(&format!("1.{study}"), Some(&format!("202401{day:02}")), None);
            let own: Vec<FoundStudy> = (0u32..).zip(&ours).map(|(n, day)| at(n, *day)).collect();
            let own = page(own, 0, usize::MAX);
            // A peer's row may stand for one of ours, at another place.
            let best: HashMap<u32, FoundStudy> = peers.iter().map(|(study, day)| (*study, at(*study, *day))).collect();
            let best: Vec<FoundStudy> = best.into_values().collect();
            let is_best = |row: &StudyRow| best.iter().any(|b| b.row.study == row.study);
            let hidden: HashMap<Uid, Option<Vec<u8>>> = own
                .iter()
                .filter(|f| is_best(&f.row))
                .map(|f| (f.row.study.clone(), f.row.place()))
                .collect();
            let all: Vec<FoundStudy> = own.iter().filter(|f| !is_best(&f.row)).chain(&best).cloned().collect();
            let wanted: Vec<Uid> = page(all, offset, limit).into_iter().map(|f| f.row.study).collect();
            let read = |from: usize, count: usize| Ok(own.iter().skip(from).take(count).map(|f| f.row.clone()).collect());
            let as_found = |row: StudyRow| FoundStudy { row, ..at(0, 1) };
            let got = merged(best, &hidden, (offset, limit), &read, &as_found).unwrap();
            proptest::prop_assert_eq!(got.into_iter().map(|f| f.row.study).collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn the_newest_come_first_and_pages_do_not_overlap() {
        let all = vec![
            found("1.5", None, None),
            found("1.2", Some("20260101"), Some("080000")),
            found("1.4", Some("20260102"), None),
            found("1.1", Some("20260101"), Some("090000")),
            found("1.3", Some("20260101"), Some("080000")),
        ];
        let uids = |found: Vec<FoundStudy>| found.iter().map(|f| f.row.study.to_string()).collect::<Vec<_>>();
        assert_eq!(uids(page(all.clone(), 0, 10)), ["1.4", "1.1", "1.2", "1.3", "1.5"]);
        assert_eq!(uids(page(all.clone(), 0, 2)), ["1.4", "1.1"]);
        assert_eq!(uids(page(all, 2, 2)), ["1.2", "1.3"]);
    }

    #[test]
    fn a_context_narrows_and_never_widens() {
        let (a, b, c) = ("1.1", "1.2", "1.3");
        let uid = |t: &str| Uid::parse(t).unwrap();
        let within = [uid(a), uid(b)];
        let asks_for =
            |list: &[&str]| StudyQuery { study: list.iter().map(|t| uid(t)).collect(), ..Default::default() };
        assert_eq!(narrowed(&asks_for(&[]), Some(&within)).unwrap().study, within);
        assert_eq!(narrowed(&asks_for(&[b, c]), Some(&within)).unwrap().study, [uid(b)]);
        assert!(narrowed(&asks_for(&[c]), Some(&within)).is_none());
        assert!(narrowed(&asks_for(&[]), Some(&[])).is_none());
        assert!(narrowed(&asks_for(&[]), None).unwrap().study.is_empty());
    }

    #[test]
    fn of_two_amendments_the_later_one_is_told_and_ours_is_shown() {
        let at = |at, what| Some(Amended { at: Timestamp(at), what, edits: Vec::new() });
        let edits = vec![Edit { tag: 0x0008_1030, value: Some("TDM".to_owned()) }];
        let ours = Some(Amended { at: Timestamp(1), what: Amendment::Corrected, edits: edits.clone() });
        let told = amended(ours.clone(), at(2, Amendment::Rejected)).unwrap();
        assert_eq!((told.at, told.what, told.edits), (Timestamp(2), Amendment::Rejected, edits));
        assert_eq!(amended(ours.clone(), at(0, Amendment::Rejected)), ours);
        assert_eq!(amended(None, at(2, Amendment::Rejected)), at(2, Amendment::Rejected));
    }
}
