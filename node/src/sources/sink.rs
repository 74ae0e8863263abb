//! Where instances that a source sends go: into the archive, if they are of the study asked for, at the rate allowed.

use super::SourceError;
use crate::{
    archive::{self, Archive, Form, IngestError, InstanceRow, Spool},
    audit::Actor,
};
use protocol::Uid;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Refusals kept of one study.
const REFUSED_MAX: usize = 1000;

/// Spaces work out so that a rate holds.
#[derive(Debug)]
pub(super) struct Throttle {
    bytes_per_s: u64,
    next: Mutex<Instant>,
}

impl Throttle {
    /// `mb_per_s` 0: without limit.
    pub(super) fn new(mb_per_s: u32) -> Self {
        Self { bytes_per_s: u64::from(mb_per_s) * 1_000_000, next: Mutex::new(Instant::now()) }
    }

    /// Counts bytes that came; gives how long to wait before more.
    fn count(&self, bytes: u64, now: Instant) -> Duration {
        let Some(nanos) = bytes.saturating_mul(1_000_000_000).checked_div(self.bytes_per_s) else {
            return Duration::ZERO;
        };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(now) + Duration::from_nanos(nanos);
        *next - now
    }

    pub(super) async fn pass(&self, bytes: u64) {
        tokio::time::sleep(self.count(bytes, Instant::now())).await;
    }
}

/// What was sent and not taken in.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusals {
    pub(super) refused: BTreeMap<Uid, String>,
    pub(super) conflicts: Vec<Uid>,
}

/// An object that is asked back because ours is rotten.
#[derive(Debug)]
struct Wanted<'a> {
    row: &'a InstanceRow,
    source: &'a str,
    is_here: AtomicBool,
}

/// Takes in instances of one study; or one object that is asked back, and nothing else.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    archive: &'a Archive,
    study: &'a Uid,
    from: archive::Source,
    throttle: Option<&'a Throttle>,
    bytes: AtomicU64,
    refusals: Mutex<Refusals>,
    wanted: Option<Wanted<'a>>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(archive: &'a Archive, study: &'a Uid, actor: Actor, throttle: Option<&'a Throttle>) -> Self {
        let from = archive::Source { actor };
        Self { archive, study, from, throttle, bytes: AtomicU64::new(0), refusals: Mutex::default(), wanted: None }
    }

    /// For one object that is rotten here.
    pub(super) fn repairing(archive: &'a Archive, study: &'a Uid, row: &'a InstanceRow, source: &'a str) -> Self {
        let wanted = Some(Wanted { row, source, is_here: AtomicBool::new(false) });
        Self { wanted, ..Self::new(archive, study, Actor::default(), None) }
    }

    /// Whether the object that was asked back came.
    pub(super) fn has_repaired(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.is_here.load(Ordering::Relaxed))
    }

    /// Begins an instance.
    pub(crate) async fn spool(&self, form: Form) -> Result<Spool, IngestError> {
        self.archive.spool(form).await
    }

    /// Takes it in. `named`: the SOP Instance UID as announced, for the report. A full disk or a stop ends the retrieval;
    /// whatever else is wrong with one instance is written down, and the next one may come.
    pub(crate) async fn take(&self, spool: Spool, named: Option<&Uid>) -> Result<(), IngestError> {
        if let Some(wanted) = &self.wanted {
            self.archive.repair_from_source(self.study, wanted.row, spool, wanted.source).await?;
            wanted.is_here.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let taken = self.archive.ingest_of(self.study, spool, &self.from).await;
        match &taken {
            Ok(ingested) => {
                self.bytes.fetch_add(ingested.bytes, Ordering::Relaxed);
                if let Some(throttle) = self.throttle {
                    throttle.pass(ingested.bytes).await;
                }
            }
            Err(error) => self.refuse(error, named),
        }
        taken.map(|_| ())
    }

    /// Writes down why an instance was not taken in.
    pub(crate) fn refuse(&self, error: &IngestError, named: Option<&Uid>) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        match (error, named) {
            (IngestError::Conflict { instance }, _) if refusals.conflicts.len() < REFUSED_MAX => {
                refusals.conflicts.push(instance.clone());
            }
            (error, Some(instance)) if refusals.refused.len() < REFUSED_MAX => {
                refusals.refused.insert(instance.clone(), error.to_string());
            }
            _ => tracing::warn!(%error, "an instance of a source was not taken in"),
        }
    }

    /// Whether an instance was sent and not taken in.
    pub(super) fn has_refused(&self, instance: &Uid) -> bool {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.refused.contains_key(instance) || refusals.conflicts.contains(instance)
    }

    /// Whether going on makes no sense.
    pub(crate) const fn is_final(error: &IngestError) -> bool {
        matches!(error, IngestError::NoSpace | IngestError::Stopping | IngestError::Storage(_))
    }

    pub(super) fn end(self) -> (u64, Refusals) {
        (self.bytes.into_inner(), self.refusals.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<IngestError> for SourceError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Stopping => Self::Stopping,
            error => Self::Here(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_spaces_bytes_out_and_none_does_not() {
        let throttle = Throttle::new(10);
        let now = Instant::now() + Duration::from_secs(1);
        assert_eq!(throttle.count(5_000_000, now), Duration::from_millis(500));
        assert_eq!(throttle.count(5_000_000, now), Duration::from_secs(1));
        let later = now + Duration::from_secs(5);
        assert_eq!(throttle.count(1_000_000, later), Duration::from_millis(100), "idle time is not saved up");
        assert_eq!(Throttle::new(0).count(u64::MAX, now), Duration::ZERO);
    }
}
