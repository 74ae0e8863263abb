//! How far the copies of peers' studies are, as the portal's strip shows it.
//!
//! # Not here
//! Fetching: `transfer`. The counts come from its errands, which count verified bytes only.

use super::{HolderRow, Shared, StudiesEvent, TransferRow, remote::RemoteCopy};
use crate::{
    overlay::RemoteStudy,
    sources::RecallRow,
    transfer::{LinkRow, Rate, Steer, Tally},
};
use protocol::{SiteId, manifest::Manifest, roads::RoadKind};
use std::{
    collections::BTreeMap,
    sync::PoisonError,
    time::{Duration, Instant},
};

/// At most five rows a second and study.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// A finished transfer stays on the strip for so long.
const DONE_SHOWN: Duration = Duration::from_secs(60);

/// A holder that a study comes from, and what it brought.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    site: SiteId,
    name: String,
    link: Option<LinkRow>,
    bytes: u64,
}

/// The progress of one copy.
#[derive(Debug)]
pub(super) struct Progress {
    study: String,
    site: String,
    site_name: String,
    instances: u32,
    bytes: u64,
    /// Of verified bytes of objects.
    rate: Rate,
    /// Of bytes over the wire.
    wire_rate: Rate,
    /// Of each holder. Bounded by the holders of one study.
    rates: BTreeMap<SiteId, Rate>,
    last: Option<TransferRow>,
    done_since: Option<Instant>,
}

impl Progress {
    pub(super) fn new(site_name: &str, remote: &RemoteStudy) -> Self {
        Self {
            study: remote.card.study.to_string(),
            site: remote.holder.to_string(),
            site_name: site_name.to_owned(),
            instances: remote.card.instances,
            bytes: remote.card.bytes,
            rate: Rate::default(),
            wire_rate: Rate::default(),
            rates: BTreeMap::new(),
            last: None,
            done_since: None,
        }
    }

    /// The manifest tells what is to come.
    pub(super) fn expect(&mut self, manifest: &Manifest) {
        self.instances = u32::try_from(manifest.instances()).unwrap_or(u32::MAX);
        self.bytes = manifest.bytes();
        self.done_since = None;
    }

    /// How fast each holder brings it.
    fn holders(&mut self, at: Instant, holders: &[Holder], is_running: bool) -> Vec<HolderRow> {
        let mut rows = Vec::with_capacity(holders.len());
        for holder in holders {
            let rate = self.rates.entry(holder.site).or_default();
            rate.note(at, holder.bytes);
            rows.push(HolderRow {
                site: holder.site.to_string(),
                site_name: holder.name.clone(),
                road: holder.link.as_ref().and_then(|link| link.road).map_or("none", RoadKind::word),
                bytes: holder.bytes,
                bytes_per_s: if is_running { rate.bytes_per_s() } else { 0.0 },
            });
        }
        // One that brings all of it is told by the row itself.
        if rows.len() > 1 { rows } else { Vec::new() }
    }

    /// The row now, if anything was ever asked for: of the holders, the custodian first.
    fn row(&mut self, at: Instant, tally: &Tally, holders: &[Holder], is_over: bool) -> Option<TransferRow> {
        let link = holders.first().and_then(|custodian| custodian.link.as_ref());
        let is_connected = holders.iter().any(|holder| holder.link.as_ref().is_some_and(|link| link.is_connected));
        self.rate.note(at, tally.fetched);
        self.wire_rate.note(at, tally.wire);
        let was_called_off = tally.steer == Steer::CalledOff;
        if tally.open == 0 && tally.fetched == 0 && tally.failure.is_none() && !was_called_off {
            return None;
        }
        let is_done = u64::from(self.instances) <= tally.objects;
        let state = match tally.failure {
            Some(failure) if failure.is_corrupt() => "corrupt",
            Some(_) => "refused",
            None if is_over => "refused",
            None if is_done => "done",
            None if tally.steer == Steer::Paused => "paused",
            None if was_called_off && tally.open == 0 => "cancelled",
            None if is_connected => "running",
            None => "waiting",
        };
        let bytes_done = tally.bytes.min(self.bytes);
        let now = |rate: &Rate| if state == "running" { rate.bytes_per_s() } else { 0.0 };
        let (rate, wire_rate) = (now(&self.rate), now(&self.wire_rate));
        let left = self.bytes - bytes_done;
        let holders_now = self.holders(at, holders, state == "running");
        Some(TransferRow {
            study: self.study.clone(),
            site: self.site.clone(),
            site_name: self.site_name.clone(),
            instances_done: u32::try_from(tally.objects).unwrap_or(u32::MAX).min(self.instances),
            instances_total: self.instances,
            bytes_done,
            bytes_total: self.bytes,
            bytes_per_s: rate,
            seconds_left: (rate > 0.0).then(|| left as f64 / rate),
            state,
            road: link.and_then(|link| link.road).map_or("none", RoadKind::word),
            waiting: u32::try_from(tally.open).unwrap_or(u32::MAX),
            rtt_ms: link.and_then(|link| link.rtt_s).map(|s| (s * 1e4).round() / 10.0),
            lost: link.and_then(|link| link.lost),
            wire_bytes_per_s: wire_rate,
            link_bytes_per_s: carried(holders, wire_rate),
            holders: holders_now,
        })
    }

    /// The row, if it differs from the one told last.
    fn news(&mut self, row: Option<TransferRow>, at: Instant) -> Option<TransferRow> {
        let row = row?;
        if matches!(row.state, "done" | "cancelled") {
            self.done_since.get_or_insert(at);
        } else {
            self.done_since = None;
        }
        if self.last.as_ref() == Some(&row) {
            return None;
        }
        self.last = Some(row.clone());
        Some(row)
    }
}

/// A study on its way from the PACS beside this node, for the same strip.
pub(super) fn recall_row(recall: RecallRow) -> TransferRow {
    TransferRow {
        study: recall.study.to_string(),
        site: String::new(),
        site_name: recall.source,
        instances_done: recall.done.min(recall.total),
        instances_total: recall.total,
        bytes_done: 0,
        bytes_total: 0,
        bytes_per_s: 0.0,
        seconds_left: None,
        state: "running",
        road: "source",
        waiting: recall.total.saturating_sub(recall.done),
        rtt_ms: None,
        lost: None,
        wire_bytes_per_s: 0.0,
        link_bytes_per_s: None,
        holders: Vec::new(),
    }
}

/// What the links to all that bring it carry together over the wire, as far as is known.
fn carried(holders: &[Holder], wire_rate: f64) -> Option<f64> {
    let best = |holder: &Holder| holder.link.as_ref().and_then(|link| link.best_wire_bytes_per_s);
    let custodian = holders.first().and_then(best)?;
    let others: f64 = holders.iter().skip(1).filter_map(best).sum();
    Some((custodian + others).max(wire_rate))
}

impl Shared {
    /// Tells what changed of a copy.
    pub(super) fn tell_progress(&self, copy: &RemoteCopy) {
        let at = Instant::now();
        let tally = copy.errand.tally();
        let holders = self.holders_of(copy);
        let is_over = copy.errand.ended.is_cancelled();
        let mut progress = copy.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let row = progress.row(at, &tally, &holders, is_over);
        if let Some(row) = progress.news(row, at) {
            // Nobody may be listening.
            let _ = self.events.send(StudiesEvent::Transfer(row));
        }
    }

    /// The custodian, and others that bring or brought of a copy.
    fn holders_of(&self, copy: &RemoteCopy) -> Vec<Holder> {
        let brought = copy.errand.brought();
        let others = copy.errand.others_now().into_iter().chain(brought.keys().copied());
        let others: std::collections::BTreeSet<SiteId> = others.filter(|site| *site != copy.holder).collect();
        let sites = [copy.holder].into_iter().chain(others);
        sites
            .map(|site| Holder {
                site,
                name: self.site_name_of(&site),
                link: self.transfer.link(&site),
                bytes: brought.get(&site).copied().unwrap_or(0),
            })
            .collect()
    }

    /// In how many seconds the rest of a copy is here at the rate at which it comes; `None` where none of it comes.
    pub(super) fn seconds_left(&self, copy: &RemoteCopy) -> Option<f64> {
        self.tell_progress(copy);
        let progress = copy.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.last.as_ref().filter(|row| row.state == "running")?.seconds_left
    }

    /// The row of a copy for the list of transfers.
    pub(super) fn transfer_row(&self, copy: &RemoteCopy) -> Option<TransferRow> {
        self.tell_progress(copy);
        let progress = copy.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = progress.done_since.is_some_and(|since| since.elapsed() > DONE_SHOWN);
        progress.last.clone().filter(|_| !is_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Failure;
    use protocol::Refusal;

    fn progress() -> Progress {
        Progress {
            study: "1.2".into(),
            site: "a".into(),
            site_name: "CH Nord".into(),
            instances: 4,
            bytes: 4_000_000,
            rate: Rate::default(),
            wire_rate: Rate::default(),
            rates: BTreeMap::new(),
            last: None,
            done_since: None,
        }
    }

    fn tally(objects: u64, bytes: u64, open: u64) -> Tally {
        Tally { objects, bytes, open, fetched: bytes, wire: bytes, failure: None, steer: Steer::Goes }
    }

    fn link(is_connected: bool) -> Vec<Holder> {
        vec![of(1, is_connected, 0)]
    }

    fn of(n: u8, is_connected: bool, bytes: u64) -> Holder {
        let site = SiteId([n; 32]);
        Holder { site, name: format!("site {n}"), link: Some(link_of(site, is_connected)), bytes }
    }

    fn link_of(peer: SiteId, is_connected: bool) -> LinkRow {
        LinkRow {
            peer,
            is_connected,
            road: is_connected.then_some(RoadKind::Tcp),
            via: None,
            rtt_s: Some(0.0201),
            lost: Some(0.01),
            wire_bytes_per_s: 0.0,
            best_wire_bytes_per_s: Some(1000.0),
            waiting: 0,
            running: 0,
            came: 0,
            kept: 0,
            wasted: 0,
            received: 0,
            sent: 0,
            packets_sent: 0,
            packets_lost: 0,
            window_bytes: 0,
            peer_window_bytes: None,
        }
    }

    #[test]
    fn it_counts_up_waits_and_is_done() {
        let mut p = progress();
        let t = Instant::now();
        assert!(p.row(t, &tally(0, 0, 0), &link(true), false).is_none(), "nothing was asked for");
        let row = p.row(t, &tally(0, 0, 4), &link(true), false).unwrap();
        assert_eq!((row.state, row.instances_done, row.seconds_left), ("running", 0, None));
        assert_eq!(row.road, "tcp");
        let row = p.row(t + Duration::from_secs(1), &tally(1, 1_000_000, 3), &link(true), false).unwrap();
        assert_eq!(row.seconds_left.map(f64::round), Some(3.0));
        let row = p.row(t + Duration::from_secs(2), &tally(1, 1_000_000, 3), &link(false), false).unwrap();
        assert_eq!((row.state, row.instances_total, row.road), ("waiting", 4, "none"));
        let row = p.row(t + Duration::from_secs(3), &tally(4, 4_000_000, 0), &link(true), false).unwrap();
        assert_eq!((row.state, row.instances_done, row.bytes_done), ("done", 4, 4_000_000));
    }

    #[test]
    fn each_holder_shows_what_it_brings() {
        let (mut p, t) = (progress(), Instant::now());
        let row = p.row(t, &tally(0, 0, 4), &[of(1, true, 0), of(2, true, 0)], false).unwrap();
        assert_eq!(row.holders.len(), 2);
        let later = t + Duration::from_secs(1);
        // The custodian is away; the other goes on.
        let row =
            p.row(later, &tally(1, 1_500_000, 3), &[of(1, false, 500_000), of(2, true, 1_000_000)], false).unwrap();
        assert_eq!((row.state, row.road), ("running", "none"));
        let told: Vec<_> = row.holders.iter().map(|h| (h.road, h.bytes, h.bytes_per_s.round())).collect();
        assert_eq!(told, [("none", 500_000, 500_000.0), ("tcp", 1_000_000, 1_000_000.0)]);
        assert!(p.row(later, &tally(1, 1_500_000, 3), &link(true), false).unwrap().holders.is_empty());
    }

    #[test]
    fn what_an_administrator_did_shows() {
        let mut p = progress();
        let (t, up) = (Instant::now(), link(true));
        let steered = |steer, open| Tally { steer, ..tally(1, 1_000_000, open) };
        let row = p.row(t, &steered(Steer::Paused, 3), &up, false).unwrap();
        assert_eq!((row.state, row.waiting, row.rtt_ms, row.lost), ("paused", 3, Some(20.1), Some(0.01)));
        assert_eq!(p.row(t, &steered(Steer::CalledOff, 0), &up, false).unwrap().state, "cancelled");
        let looked_at = p.row(t, &steered(Steer::CalledOff, 1), &up, false).unwrap();
        assert_eq!(looked_at.state, "running");
        let row = p.row(t + Duration::from_secs(1), &tally(2, 2_000_000, 2), &up, false).unwrap();
        assert_eq!(row.link_bytes_per_s, Some(row.wire_bytes_per_s), "more than ever before");
    }

    #[test]
    fn a_link_is_measured_by_what_it_carries_and_the_rest_by_what_it_becomes() {
        let (mut p, t, up) = (progress(), Instant::now(), link(true));
        let coded = |objects, bytes, open| Tally { wire: bytes / 4, ..tally(objects, bytes, open) };
        let _ = p.row(t, &coded(0, 0, 4), &up, false);
        let row = p.row(t + Duration::from_secs(1), &coded(1, 1_000_000, 3), &up, false).unwrap();
        assert_eq!((row.bytes_per_s.round(), row.wire_bytes_per_s.round()), (1_000_000.0, 250_000.0));
        assert_eq!((row.bytes_done, row.seconds_left.map(f64::round)), (1_000_000, Some(3.0)));
        assert_eq!(row.link_bytes_per_s.map(f64::round), Some(250_000.0));
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut p = progress();
        let t = Instant::now();
        let row = p.row(t, &tally(0, 0, 4), &link(true), false);
        assert!(p.news(row.clone(), t).is_some());
        assert!(p.news(row, t).is_none());
    }

    #[test]
    fn corruption_and_refusal_show() {
        let mut p = progress();
        let with = |failure| Tally { failure: Some(failure), ..tally(1, 1, 1) };
        let t = Instant::now();
        assert_eq!(p.row(t, &with(Failure::Corrupt), &link(true), false).unwrap().state, "corrupt");
        assert_eq!(p.row(t, &with(Failure::Refused(Refusal::Corrupt)), &link(true), false).unwrap().state, "corrupt");
        assert_eq!(p.row(t, &with(Failure::Refused(Refusal::Revoked)), &link(true), true).unwrap().state, "refused");
    }
}
