//! Checks an evidence bundle with nothing but the sites' public keys. No node, no folder, no network.
//!
//! # Not here
//! The sentences: `cli`.

use super::{
    bundle::{Bundle, FORMAT, Proved},
    ledger::Entry,
    records::{self, Countersigned, Twin},
    stamp::{self, Stamped, Unstamped},
};
use crate::x509::Authorities;
use data_encoding::{BASE64, HEXLOWER};
use protocol::{
    SiteId, Timestamp,
    ledger::{Crossing, Hash, Head, Seen, tree},
    signed::Signed,
    wire,
};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Something in a bundle that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not a bundle, or of a format that is not known here.
    Format,
    /// The key of the bundle's site was not given: nothing can be checked.
    SiteKey(String),
    /// The head is not signed by the site.
    Head,
    /// The record at this place is not in the log, or not as it is shown.
    Record(u64),
    /// The countersignature at this place is not one.
    Receipt(u64),
    /// The peer's event at this place is not signed by that peer.
    Twin(u64),
    /// The key of this site was not given, so what it signed is not checked.
    Key(SiteId),
    /// What this site is said to have seen it did not, or the log does not follow from it.
    Cosignature(SiteId),
    /// This site says that the log broke.
    Broken(SiteId),
    /// The event of this number waits for this site's countersignature.
    Missing(u64, SiteId),
    /// The time-stamp over the head does not hold.
    Stamp(Unstamped),
}

/// An event that was proved.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) place: u64,
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) act: String,
    pub(crate) outcome: String,
    pub(crate) person: String,
    pub(crate) study: Option<String>,
    /// Whose event it is.
    pub(crate) site: SiteId,
    /// The other site, and when it countersigned.
    pub(crate) countersigned: Option<(SiteId, Timestamp)>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) site: Option<SiteId>,
    pub(crate) site_name: String,
    pub(crate) head: Option<Head>,
    pub(crate) since: Timestamp,
    pub(crate) before: u64,
    pub(crate) shown: Vec<Shown>,
    /// Who saw the log, how far, and when.
    pub(crate) seen: Vec<(SiteId, u64, Timestamp)>,
    /// Who, outside, saw the head, and when; `None`: nobody was asked, or it was not to be checked.
    pub(crate) stamped: Option<Stamped>,
    /// There is a time-stamp, and no authority to check it by was named.
    pub(crate) is_stamp_unchecked: bool,
    pub(crate) faults: Vec<Fault>,
}

/// Checks a bundle; a time-stamp by these authorities.
pub(crate) fn verify(bytes: &[u8], keys: &BTreeSet<SiteId>, authorities: Option<&Authorities>) -> Report {
    let mut report = Report::default();
    let Ok(bundle) = serde_json::from_slice::<Bundle>(bytes) else {
        report.faults.push(Fault::Format);
        return report;
    };
    let Some(site) = bundle.site.parse::<SiteId>().ok().filter(|_| bundle.format == FORMAT) else {
        report.faults.push(Fault::Format);
        return report;
    };
    (report.site_name, report.since, report.before) = (bundle.site_name.clone(), bundle.since, bundle.before);
    if !keys.contains(&site) {
        report.faults.push(Fault::SiteKey(bundle.site));
        return report;
    }
    report.site = Some(site);
    let head = decode::<Signed<Head>>(&bundle.head).and_then(|head| head.open(&site).ok());
    let Some(head) = head.filter(|head| head.site == site) else {
        report.faults.push(Fault::Head);
        return report;
    };
    let mut checking = Checking { site, head: &head, keys, entries: BTreeMap::new(), receipts: BTreeMap::new() };
    for record in &bundle.records {
        checking.record(record, &mut report);
    }
    checking.finish(&mut report);
    for cosigned in &bundle.cosigned {
        let Ok(peer) = cosigned.peer.parse::<SiteId>() else {
            report.faults.push(Fault::Format);
            continue;
        };
        if !keys.contains(&peer) {
            report.faults.push(Fault::Key(peer));
            continue;
        }
        let seen = decode::<Signed<Seen>>(&cosigned.seen).and_then(|seen| seen.open(&peer).ok());
        let proof = hashes(&cosigned.proof);
        match (seen, proof) {
            (Some(seen), Some(proof)) if seen.head.site == site && checking.follows(&seen.head, &proof) => {
                if !seen.unbroken {
                    report.faults.push(Fault::Broken(peer));
                }
                report.seen.push((peer, seen.head.size, seen.at));
            }
            _ => report.faults.push(Fault::Cosignature(peer)),
        }
    }
    stamp(&bundle, authorities, &mut report);
    report.faults.dedup();
    report.head = Some(head);
    report
}

fn stamp(bundle: &Bundle, authorities: Option<&Authorities>, report: &mut Report) {
    let Some(text) = &bundle.timestamp else { return };
    let Some(authorities) = authorities else {
        report.is_stamp_unchecked = true;
        return;
    };
    let bytes = |text: &String| BASE64.decode(text.as_bytes()).ok();
    let checked = match bytes(text).zip(bytes(&bundle.head)) {
        Some((token, head)) => stamp::check(&token, &head, authorities),
        None => Err(Unstamped::Unreadable),
    };
    match checked {
        Ok(stamped) => report.stamped = Some(stamped),
        Err(why) => report.faults.push(Fault::Stamp(why)),
    }
}

struct Checking<'a> {
    site: SiteId,
    head: &'a Head,
    keys: &'a BTreeSet<SiteId>,
    /// By place, with the leaf.
    entries: BTreeMap<u64, (Entry, Hash)>,
    receipts: BTreeMap<u64, (SiteId, Timestamp)>,
}

impl Checking<'_> {
    fn follows(&self, seen: &Head, proof: &[Hash]) -> bool {
        tree::is_consistent((seen.size, &seen.root), (self.head.size, &self.head.root), proof)
    }

    fn record(&mut self, record: &Proved, report: &mut Report) {
        let place = record.place;
        let body = BASE64.decode(record.body.as_bytes()).ok();
        let (Some(body), Some(proof)) = (body, hashes(&record.proof)) else {
            return report.faults.push(Fault::Record(place));
        };
        let leaf = records::leaf(record.kind, &body);
        if !tree::is_included(&leaf, place, (self.head.size, &self.head.root), &proof) {
            return report.faults.push(Fault::Record(place));
        }
        match record.kind {
            records::ENTRY | records::ARRIVED => match Entry::decode(record.kind, &body) {
                Ok(entry) => drop(self.entries.insert(place, (entry, leaf))),
                Err(_) => report.faults.push(Fault::Record(place)),
            },
            records::RECEIPT => match wire::decode::<Countersigned>(&body) {
                Ok(countersigned) => self.receipt(place, &countersigned, report),
                Err(_) => report.faults.push(Fault::Receipt(place)),
            },
            records::TWIN => match wire::decode::<Twin>(&body) {
                Ok(twin) => self.twin(place, &twin, report),
                Err(_) => report.faults.push(Fault::Twin(place)),
            },
            _ => report.faults.push(Fault::Record(place)),
        }
    }

    fn receipt(&mut self, place: u64, countersigned: &Countersigned, report: &mut Report) {
        let Countersigned { peer, crossing, receipt, .. } = countersigned;
        if !self.keys.contains(peer) {
            return report.faults.push(Fault::Key(*peer));
        }
        let (Ok(told), Ok(receipt)) = (crossing.open(&self.site), receipt.open(peer)) else {
            return report.faults.push(Fault::Receipt(place));
        };
        let entry = self.entries.get(&told.place);
        if receipt.of != told.hash() || told.peer != *peer || entry.is_none_or(|(_, leaf)| *leaf != told.leaf) {
            return report.faults.push(Fault::Receipt(place));
        }
        self.receipts.insert(told.place, (*peer, receipt.at));
    }

    fn twin(&self, place: u64, twin: &Twin, report: &mut Report) {
        if !self.keys.contains(&twin.site) {
            return report.faults.push(Fault::Key(twin.site));
        }
        let told = twin.crossing.open(&twin.site).ok().filter(|told: &Crossing| told.peer == self.site);
        let Some(told) = told.filter(|told| told.hash() == twin.of) else {
            return report.faults.push(Fault::Twin(place));
        };
        report.shown.push(Shown {
            place,
            number: told.number,
            at: told.at,
            act: told.act,
            outcome: told.outcome,
            person: told.person,
            study: told.study.map(|study| study.to_string()),
            site: told.site,
            countersigned: Some((self.site, self.head.at)),
        });
    }

    /// Every entry, with its countersignature or the want of it.
    fn finish(&self, report: &mut Report) {
        for (place, (entry, _)) in &self.entries {
            let countersigned = self.receipts.get(place).copied();
            if let (Some(peer), None, true) = (entry.event.witness(), countersigned, entry.twin) {
                report.faults.push(Fault::Missing(entry.number, peer));
            }
            report.shown.push(Shown {
                place: *place,
                number: entry.number,
                at: entry.event.at,
                act: entry.event.act.word().to_owned(),
                outcome: entry.event.outcome.word().to_owned(),
                person: entry.event.actor.person.clone(),
                study: entry.event.study.as_ref().map(ToString::to_string),
                site: self.site,
                countersigned,
            });
        }
        report.shown.sort_by_key(|shown| shown.place);
    }
}

fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    match postcard::take_from_bytes::<T>(&BASE64.decode(text.as_bytes()).ok()?) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    let hash = |text: &String| Some(Hash(HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?));
    if texts.len() > tree::PROOF_HASHES_MAX { None } else { texts.iter().map(hash).collect() }
}
