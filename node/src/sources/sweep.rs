//! Keeps the shadow list: goes through the study dates of each source, those of now every minute, of the last month every
//! hour, all that are listed once a day.
//!
//! A source that is down keeps its rows: what it had it most likely still has, and opening says that it is away. Rows go
//! when it answers without them.

use super::{Inner, Source, SourceError, ask};
use jiff::{ToSpan, civil::Date};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

const RECENT_EVERY: Duration = Duration::from_secs(60);
const MONTH_EVERY: Duration = Duration::from_secs(3600);
const ALL_EVERY: Duration = Duration::from_secs(24 * 3600);
/// A source that did not answer is asked again after this time.
const RETRY: Duration = Duration::from_secs(15);

/// When the spans of a source are due.
#[derive(Debug, Default)]
struct Due {
    recent: Option<Instant>,
    month: Option<Instant>,
    all: Option<Instant>,
}

impl Due {
    /// How many days back are due now; the longest span counts.
    fn days(&self, now: Instant, listed: u32) -> Option<u32> {
        let is_due = |at: Option<Instant>| at.is_none_or(|at| at <= now);
        if is_due(self.all) {
            Some(listed)
        } else if is_due(self.month) {
            Some(listed.min(31))
        } else {
            is_due(self.recent).then_some(listed.min(1))
        }
    }

    fn done(&mut self, days: u32, listed: u32, now: Instant) {
        self.recent = Some(now + RECENT_EVERY);
        if days >= listed.min(31) {
            self.month = Some(now + MONTH_EVERY);
        }
        if days >= listed {
            self.all = Some(now + ALL_EVERY);
        }
    }
}

/// Runs until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut due: HashMap<String, Due> = HashMap::new();
    loop {
        let sources: Vec<Source> = super::lock(&inner.book).sources.values().cloned().collect();
        due.retain(|name, _| sources.iter().any(|source| source.name == *name));
        let mut wait = RECENT_EVERY;
        for source in sources.iter().filter(|source| source.purposes.list) {
            let due = due.entry(source.name.clone()).or_default();
            let Some(days) = due.days(Instant::now(), source.limits.days) else { continue };
            match sweep(&inner, source, days).await {
                Ok(()) => due.done(days, source.limits.days, Instant::now()),
                Err(SourceError::Stopping) => return,
                Err(error) => {
                    tracing::warn!(source = source.name, %error, "a source was not listed");
                    wait = wait.min(RETRY);
                }
            }
        }
        tokio::select! {
            () = inner.tasks.stopping() => return,
            () = tokio::time::sleep(wait) => {}
            () = inner.woken.notified() => due.clear(),
        }
    }
}

async fn sweep(inner: &Arc<Inner>, source: &Source, days: u32) -> Result<(), SourceError> {
    let today = jiff::Zoned::now().date();
    let first = today.checked_sub(i64::from(days).days()).unwrap_or(Date::constant(1970, 1, 1));
    // What is dated tomorrow by a clock that is ahead is listed too.
    let last = today.tomorrow().unwrap_or(today);
    let (first, last) = (ask::shown(first), ask::shown(last));
    let rows = inner.studies_between(source, Some(&first), Some(&last)).await?;
    // The source may have been removed, or be another one by now, while it answered.
    if inner.source(&source.name).ok().as_ref().map(|now| &now.access) != Some(&source.access) {
        return Ok(());
    }
    let changed = inner.shadow.replace(source, (&first, &last), rows);
    if changed.is_empty() {
        return Ok(());
    }
    let (shared, name) = (inner.clone(), source.name.clone());
    let saved = inner.tasks.spawn_blocking("shadow list", move || shared.shadow.save(&name)).await;
    if let Ok(Err(error)) = saved {
        tracing::warn!(%error, "a shadow list is not written; it is asked for again after a restart");
    }
    inner.tell(changed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_asked_often_and_long_ago_rarely() {
        let mut due = Due::default();
        let start = Instant::now();
        assert_eq!(due.days(start, 3650), Some(3650));
        due.done(3650, 3650, start);
        assert_eq!(due.days(start, 3650), None);
        assert_eq!(due.days(start + RECENT_EVERY, 3650), Some(1));
        due.done(1, 3650, start + MONTH_EVERY);
        assert_eq!(due.days(start + MONTH_EVERY, 3650), Some(31));
        assert_eq!(due.days(start + ALL_EVERY, 3650), Some(3650));
        assert_eq!(due.days(start + ALL_EVERY, 7), Some(7));
    }
}
