//! Other holders of what an errand wants: found by asking the custodian, and asked by its passes.
//!
//! The custodian judges the reader anew each time that passes are asked for. They end within minutes, so they are asked for
//! again while something is wanted. Where the custodian cannot be reached, what it passed goes on until then, and no longer:
//! nobody else can say who may read its study.
//!
//! # At a crash
//! Nothing is kept: who opens the study again asks again.
//!
//! # Not here
//! What is asked of whom: [`super::share`]. Giving by a pass: [`super::lend`].

use super::{Inner, Transfer, errand::Errand, fetch, keys, pump::Pump, share::Tie};
use crate::tasks;
use protocol::{
    Digest, SiteId, Timestamp,
    fetch::{Priority, Reader, Request, What},
    ledger::alias,
    pass::{PASS_PEERS_MAX, PASSES_BYTES_MAX, PASSES_MAX, Pass, PassUse, Passes},
    signed::Signed,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

/// Where nobody may give it, or nobody could be asked, it is asked again after this.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// A pass is renewed this long after it was signed, or in half of its time.
const RENEW_WITHIN: Duration = Duration::from_secs(600);
/// A connection to another holder is made within this, or when it comes about.
const REACH_WITHIN: Duration = Duration::from_secs(5);
/// A holder that lacks so many objects one after the other has another copy than it was thought to have.
const LACKS_MAX: u32 = 64;
/// Readers of one study whose passes are kept with a holder.
const READERS_MAX: usize = 64;

/// A holder beside the custodian.
#[derive(Debug)]
pub(crate) struct Other {
    tie: Tie,
    passes: HashMap<Reader, (Signed<Pass>, Timestamp)>,
    /// Objects that it lacked since it brought one.
    lacks: u32,
}

/// Holders that are not asked for an object: until when, or for good.
#[derive(Debug, Default)]
pub(crate) struct PassedOver(Mutex<Vec<(SiteId, Option<Instant>)>>);

impl PassedOver {
    /// It is not asked until then; `None`: it has not got it.
    pub(crate) fn note(&self, site: SiteId, until: Option<Instant>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|(other, _)| *other != site);
        // Bounded by the holders of one study.
        if noted.len() <= PASSES_MAX {
            noted.push((site, until));
        }
    }

    pub(crate) fn is(&self, site: &SiteId) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.iter().any(|(other, until)| other == site && until.is_none_or(|at| Instant::now() < at))
    }
}

impl Errand {
    /// A holder may give of the study, by this pass.
    pub(super) fn add_other(&self, pump: &Arc<Pump>, reader: &Reader, pass: Signed<Pass>, until: Timestamp) {
        {
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            let known = others.iter().position(|other| other.tie.helper().line().peer == pump.line().peer);
            let place = match known {
                Some(place) => place,
                None if others.len() >= PASSES_MAX => return,
                None => {
                    let tie = Tie::new(self.pump.clone(), pump.clone());
                    others.push(Other { tie, passes: HashMap::new(), lacks: 0 });
                    others.len() - 1
                }
            };
            let Some(other) = others.get_mut(place) else { return };
            let now = tasks::now();
            other.passes.retain(|_, (_, until)| now < *until);
            if other.passes.len() < READERS_MAX || other.passes.contains_key(reader) {
                other.passes.insert(reader.clone(), (pass, until));
            }
        }
        self.pump.wake();
    }

    /// Whether others are to be looked for, for a reader and as of a manifest, by whoever asks first.
    fn seeks(&self, reader: &Reader, manifest: Digest) -> bool {
        let mut sought = self.sought.lock().unwrap_or_else(PoisonError::into_inner);
        if sought.get(reader) == Some(&manifest) || (sought.len() >= READERS_MAX && !sought.contains_key(reader)) {
            return false;
        }
        sought.insert(reader.clone(), manifest);
        true
    }

    fn still_seeks(&self, reader: &Reader, manifest: &Digest) -> bool {
        self.sought.lock().unwrap_or_else(PoisonError::into_inner).get(reader) == Some(manifest)
    }

    /// By which pass a holder is asked for a reader.
    pub(super) fn pass_at(&self, site: &SiteId, reader: &Reader) -> Option<Signed<Pass>> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let other = others.iter().find(|other| other.tie.helper().line().peer == *site)?;
        let (pass, until) = other.passes.get(reader)?;
        (tasks::now() < *until).then(|| pass.clone())
    }

    /// The custodian's line, and those of holders that may be asked for a reader.
    pub(super) fn pumps_for(&self, reader: &Reader) -> Vec<Arc<Pump>> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let now = tasks::now();
        let may = |other: &&Other| other.passes.get(reader).is_some_and(|(_, until)| now < *until);
        let asked = others.iter().filter(may).map(|other| other.tie.helper().clone());
        [self.pump.clone()].into_iter().chain(asked).collect()
    }

    /// The line of another holder.
    pub(super) fn pump_of(&self, site: &SiteId) -> Option<Arc<Pump>> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.iter().map(|other| other.tie.helper()).find(|pump| pump.line().peer == *site).cloned()
    }

    /// A holder is not asked any more.
    pub(super) fn forget_other(&self, site: &SiteId) {
        let gone: Vec<Other> = {
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            others.extract_if(.., |other| other.tie.helper().line().peer == *site).collect()
        };
        if !gone.is_empty() {
            tracing::debug!(site = %site.short(), "a holder is not asked any more");
        }
        drop(gone);
        self.pump.wake();
    }

    /// A holder has not got an object, or has it again.
    pub(super) fn note_lack(&self, site: &SiteId, lacks: bool) {
        let is_useless = {
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            let other = others.iter_mut().find(|other| other.tie.helper().line().peer == *site);
            other.is_some_and(|other| {
                other.lacks = if lacks { other.lacks + 1 } else { 0 };
                other.lacks > LACKS_MAX
            })
        };
        if is_useless {
            self.forget_other(site);
        }
    }

    /// Holders beside the custodian that are asked now.
    pub(crate) fn others_now(&self) -> Vec<SiteId> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.iter().map(|other| other.tie.helper().line().peer).collect()
    }

    /// Whether a holder beside the custodian is connected and may be asked.
    pub(crate) fn has_other(&self) -> bool {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let now = tasks::now();
        let may = |other: &Other| other.passes.values().any(|(_, until)| now < *until);
        others.iter().any(|other| may(other) && other.tie.helper().line().live().is_some())
    }
}

impl Transfer {
    /// Spreads an errand over all holders that its custodian names, as of a manifest, for a reader; while the errand lasts.
    pub(crate) fn spread(&self, errand: &Arc<Errand>, manifest: Digest, reader: &Reader) {
        // A copy without a name would have no end that the custodian hears of.
        if reader.copy.is_none() || !errand.seeks(reader, manifest) {
            return;
        }
        let (inner, wanted, reader) = (self.inner.clone(), Arc::downgrade(errand), reader.clone());
        self.inner.tasks.spawn("transfer.others", async move { seek(&inner, wanted, manifest, reader).await });
    }
}

async fn seek(inner: &Inner, wanted: Weak<Errand>, manifest: Digest, reader: Reader) {
    let stop = inner.tasks.stop_token();
    let Some((ended, mut wants)) = wanted.upgrade().map(|errand| (errand.ended.clone(), errand.wants())) else {
        return;
    };
    loop {
        let rest = match wanted.upgrade() {
            None => return,
            Some(errand) if !errand.still_seeks(&reader, &manifest) => return,
            Some(errand) if errand.tally().open == 0 => None,
            Some(errand) => Some(inner.ask_passes(&errand, manifest, &reader).await.unwrap_or(ASK_AGAIN)),
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = ended.cancelled() => return,
            changed = wants.changed(), if rest.is_none() => if changed.is_err() { return },
            () = tokio::time::sleep(rest.unwrap_or(ASK_AGAIN)) => {}
        }
    }
}

impl Inner {
    /// Asks the custodian who else may give the study; gives after what time to ask again.
    async fn ask_passes(&self, errand: &Arc<Errand>, manifest: Digest, reader: &Reader) -> Option<Duration> {
        let live = errand.pump.line().live().filter(|live| keys::knows_passes(&live.connection))?;
        let known = self.candidates(&errand.holder);
        if known.is_empty() {
            return None;
        }
        let peers = known.iter().map(alias).collect();
        let request = Request {
            study: errand.study.clone(),
            reader: reader.clone(),
            priority: Priority::Series,
            what: What::Passes { manifest, peers },
        };
        let told = tokio::select! {
            () = live.abandoned.cancelled() => return None,
            told = fetch::blob(&live, &request, PASSES_BYTES_MAX) => told.ok()?,
        };
        let passes: Passes = protocol::wire::decode(&told).ok()?;
        let mut renew = None;
        for signed in passes.0.into_iter().take(PASSES_MAX) {
            let Ok(pass) = signed.open(&errand.holder) else { continue };
            let us = self.site;
            let wanted = PassUse { holder: &pass.holder, subject: &us, study: &errand.study, reader };
            let is_sound = pass.custodian == errand.holder
                && pass.manifest == manifest
                && known.contains(&pass.holder)
                && pass.covers(&wanted, pass.issued, Duration::ZERO).is_ok();
            let Some(pump) = self.pump(&pass.holder).filter(|_| is_sound) else { continue };
            let lasts = pass.expires.since(pass.issued);
            // By our own clock: the custodian's may be another.
            errand.add_other(&pump, reader, signed, tasks::now().after(lasts));
            let again = (lasts / 2).min(RENEW_WITHIN);
            renew = Some(renew.map_or(again, |known: Duration| known.min(again)));
            self.tasks.spawn("transfer.others.reach", async move {
                let reached = pump.line().reach(REACH_WITHIN).await;
                let (site, is_reached) = (pump.line().peer.short(), reached.is_ok());
                tracing::debug!(%site, is_reached, "another holder may be asked");
            });
        }
        renew
    }

    /// Peers that may have copies of a custodian's studies: those that are connected first.
    fn candidates(&self, custodian: &SiteId) -> Vec<SiteId> {
        let peers = self.trust.peers().into_iter().filter(|peer| peer.revoked.is_none() && peer.site != *custodian);
        let mut known: Vec<SiteId> = peers.map(|peer| peer.site).collect();
        let is_away = |site: &SiteId| self.pump(site).is_none_or(|pump| pump.line().live().is_none());
        known.sort_by_cached_key(is_away);
        known.truncate(PASS_PEERS_MAX);
        known
    }
}
