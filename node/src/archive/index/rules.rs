//! Rules, what they set going, how far it is, and labels.
//!
//! # Not here
//! Who may, the journal, the evidence: [`crate::archive::rules`].

use super::{Index, Live, keys, lock};
use crate::archive::{
    ArchiveError,
    rows::{ColdDue, FireRecord, Fired, LabelRecord, Number, RouteRow, RoutedRecord, RuleRecord, StudyLabels},
};
use protocol::{
    AeTitle, Timestamp, Uid,
    wire::{self, Wire},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

/// The rules as they were read last: they are asked for with every study that comes in.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Rises with every change.
    turn: AtomicU64,
    read: Mutex<Option<(u64, Arc<[RuleRecord]>)>>,
}

impl Known {
    pub(super) fn forget(&self) {
        self.turn.fetch_add(1, Ordering::AcqRel);
    }
}

/// Labels of one study.
pub(in crate::archive) const LABELS_MAX: usize = 32;

impl Index {
    pub(super) fn other<T: Wire>(&self, live: &Live, key: &[u8]) -> Result<Option<T>, ArchiveError> {
        match live.others.get(key) {
            Some(known) => Ok(known.as_deref().map(wire::decode).transpose()?),
            None => self.get(key),
        }
    }

    pub(super) fn apply_rule(&self, live: &mut Live, record: &RuleRecord) -> Result<(), ArchiveError> {
        let last = self.other::<Number>(live, keys::RULE_NUMBER)?.map_or(0, |number| number.0);
        live.put_other(keys::RULE_NUMBER.to_vec(), Some(&Number(last.max(record.id))));
        live.put_other(keys::rule(record.id), Some(record).filter(|record| record.rule.is_some()));
        self.rules.forget();
        Ok(())
    }

    pub(super) fn load_labels(&self, live: &Live, study: &Uid) -> Result<StudyLabels, ArchiveError> {
        Ok(self.other(live, &keys::labels(study))?.unwrap_or_default())
    }

    fn relabel(&self, live: &mut Live, study: &Uid, (add, remove): (&[String], &[String])) -> Result<(), ArchiveError> {
        let StudyLabels(mut labels) = self.load_labels(live, study)?;
        labels.retain(|label| !remove.contains(label));
        for label in add {
            if let Err(at) = labels.binary_search(label)
                && labels.len() < LABELS_MAX
            {
                labels.insert(at, label.clone());
            }
        }
        if let Some(mut stored) = self.load_study(live, study)? {
            stored.labels.clone_from(&labels);
            live.studies.insert(study.clone(), Some(stored));
        }
        live.put_other(keys::labels(study), Some(&StudyLabels(labels)).filter(|labels| !labels.0.is_empty()));
        Ok(())
    }

    pub(super) fn apply_label(&self, live: &mut Live, record: &LabelRecord) -> Result<(), ArchiveError> {
        self.relabel(live, &record.study, (&record.add, &record.remove))
    }

    pub(super) fn apply_fire(&self, live: &mut Live, record: &FireRecord) -> Result<(), ArchiveError> {
        let study = &record.study;
        let mut fired: Fired = self.other(live, &keys::fired(study))?.unwrap_or_default();
        fired.0.retain(|(id, _)| record.rules.iter().all(|(new, _)| new != id));
        fired.0.extend(&record.rules);
        live.put_other(keys::fired(study), Some(&fired));
        self.relabel(live, study, (&record.labels, &[]))?;
        for (to, rule) in &record.routes {
            let key = keys::route(keys::ROUTES, study, to);
            let row = self.other(live, &key)?.unwrap_or_else(|| RouteRow {
                rule: *rule,
                since: record.at,
                at: record.at,
                is_open: false,
                sent: 0,
                dropped: 0,
                dealt: Vec::new(),
            });
            let since = if row.is_open { row.since } else { record.at };
            live.put_other(key, Some(&RouteRow { rule: *rule, since, is_open: true, ..row }));
            live.put_other(keys::route(keys::OPEN_ROUTES, study, to), Some(&Number(*rule)));
        }
        for (to, rule) in &record.offers {
            self.offer(live, record, to, *rule)?;
        }
        if let Some(at) = record.cold_at {
            live.put_other(keys::cold_due(study), Some(&ColdDue(at)));
        }
        live.gathered += 1;
        Ok(())
    }

    pub(super) fn apply_routed(&self, live: &mut Live, record: &RoutedRecord) -> Result<(), ArchiveError> {
        let key = keys::route(keys::ROUTES, &record.study, &record.to);
        let Some(mut row) = self.other::<RouteRow>(live, &key)? else { return Ok(()) };
        for (prints, count) in [(&record.sent, &mut row.sent), (&record.dropped, &mut row.dropped)] {
            for print in prints {
                if let Err(at) = row.dealt.binary_search(print) {
                    row.dealt.insert(at, *print);
                    *count = count.saturating_add(1);
                }
            }
        }
        row.at = record.at;
        if record.is_done {
            row.is_open = false;
            live.put_other(keys::route(keys::OPEN_ROUTES, &record.study, &record.to), None::<&Number>);
        }
        live.put_other(key, Some(&row));
        live.gathered += 1;
        Ok(())
    }

    /// Rules by their numbers.
    pub(in crate::archive) fn rules(&self) -> Result<Arc<[RuleRecord]>, ArchiveError> {
        let turn = self.rules.turn.load(Ordering::Acquire);
        if let Some((_, rules)) = lock(&self.rules.read).as_ref().filter(|(at, _)| *at == turn) {
            return Ok(rules.clone());
        }
        let rules: Arc<[RuleRecord]> = self.scan(keys::RULES)?.into();
        *lock(&self.rules.read) = Some((turn, rules.clone()));
        Ok(rules)
    }

    /// The highest number that a rule ever had.
    pub(in crate::archive) fn rule_number(&self) -> Result<u64, ArchiveError> {
        Ok(self.other::<Number>(&self.live(), keys::RULE_NUMBER)?.map_or(0, |number| number.0))
    }

    /// Which rules fired for a study, in which versions.
    pub(in crate::archive) fn fired(&self, study: &Uid) -> Result<Vec<(u64, u32)>, ArchiveError> {
        Ok(self.other::<Fired>(&self.live(), &keys::fired(study))?.unwrap_or_default().0)
    }

    pub(in crate::archive) fn labels(&self, study: &Uid) -> Result<Vec<String>, ArchiveError> {
        Ok(self.load_labels(&self.live(), study)?.0)
    }

    /// The labels of all studies.
    pub(in crate::archive) fn all_labels(&self) -> Result<Vec<StudyLabels>, ArchiveError> {
        self.scan(&[keys::LABELS])
    }

    pub(in crate::archive) fn route(&self, study: &Uid, to: &AeTitle) -> Result<Option<RouteRow>, ArchiveError> {
        self.other(&self.live(), &keys::route(keys::ROUTES, study, to))
    }

    /// Where a study was sent or is to go.
    pub(in crate::archive) fn routes_of(&self, study: &Uid) -> Result<Vec<(AeTitle, RouteRow)>, ArchiveError> {
        self.write()?;
        let prefix = keys::routes_of(keys::ROUTES, study);
        let mut found = Vec::new();
        for entry in self.db()?.scan_prefix(&prefix) {
            let (key, value) = self.noted(entry)?;
            let title = key.get(prefix.len()..).and_then(|bytes| std::str::from_utf8(bytes).ok());
            if let Some(title) = title.and_then(|text| AeTitle::parse(text).ok()) {
                found.push((title, wire::decode(&value)?));
            }
        }
        Ok(found)
    }

    /// Studies that are not all sent, with where they go.
    pub(in crate::archive) fn open_routes(&self) -> Result<Vec<(Uid, AeTitle)>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for key in self.db()?.scan_prefix(keys::OPEN_ROUTES).keys() {
            let key = self.noted(key)?;
            let text = key.get(keys::OPEN_ROUTES.len()..).and_then(|bytes| std::str::from_utf8(bytes).ok());
            let Some((study, title)) = text.and_then(|text| text.split_once('\0')) else { continue };
            if let (Ok(study), Ok(title)) = (Uid::parse(study), AeTitle::parse(title)) {
                found.push((study, title));
            }
        }
        Ok(found)
    }

    /// Studies that rules say go cold, and when.
    pub(in crate::archive) fn cold_due(&self) -> Result<Vec<(Uid, Timestamp)>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for entry in self.db()?.scan_prefix(keys::COLD_DUE) {
            let (key, value) = self.noted(entry)?;
            let text = key.get(keys::COLD_DUE.len()..).and_then(|bytes| std::str::from_utf8(bytes).ok());
            if let Some(study) = text.and_then(|text| Uid::parse(text).ok()) {
                found.push((study, wire::decode::<ColdDue>(&value)?.0));
            }
        }
        Ok(found)
    }
}
