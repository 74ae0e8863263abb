//! Peers' studies on their way here because of rules, before anybody asks for them.
//!
//! A fetch is a reading like any other: permit, lease and evidence at both sites, in the name of the rule. It goes behind
//! everything else: nothing new is asked for while somebody waits for an image of any peer's. It ends with the agreement,
//! and with the rule.
//!
//! # At a crash
//! What waits is in the index; what came is in the leased cache and is not asked for again.
//!
//! # Not here
//! Which studies: [`super::cards`]. Bytes: `studies`.

use super::{
    Inner, RulesError,
    cards::rank,
    queue::{self, Ended as Attempt, Job, Key, Queue},
};
use crate::{
    archive::{ArchiveError, Ended, Fetch, FetchRow},
    sources::DayHours,
    studies::{OpenStudy, Piece, StudyError},
    tasks,
    trust::Person,
};
use futures::{StreamExt, stream::FuturesUnordered};
use protocol::{Digest, Refusal, SiteId};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

/// Peers that are fetched from at once.
/// The holder has it no more, or its bytes are not what was signed.
const NOT_HELD: &str = "not-held";
const CORRUPT: &str = "corrupt";
const PEERS_MAX: usize = 2;
/// Pieces asked for at once of one study: what fills a link of some hundreds of Mb/s at 40 ms.
const PIECES_MAX: usize = 8;
/// Of the cache, what rules fetched and nobody opened may take: half.
const SHARE: u64 = 2;
/// How often it is looked whether somebody still waits.
const LOOK: Duration = Duration::from_millis(250);
const SOON: Duration = Duration::from_secs(2);
const MINUTE: Duration = Duration::from_secs(60);

/// What waited before a stop.
pub(super) fn waiting(rows: Vec<FetchRow>) -> Queue<SiteId> {
    Queue::of(rows.into_iter().filter(|row| row.ended.is_none()).map(|row| (row.study, row.holder, rank(row.cause))))
}

/// Fetches what is due, until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    queue::run(inner, |inner| &inner.fetches, ("fetch by rule", PEERS_MAX), attempt).await;
}

async fn attempt(inner: Arc<Inner>, Job { key, stop }: Job<SiteId>) {
    let ended = tokio::select! {
        () = stop.cancelled() => Attempt::Later(Duration::ZERO, None),
        ended = bring(&inner, &key) => ended.unwrap_or_else(|error| {
            tracing::error!(%error, "a study cannot be fetched now");
            Attempt::Refused(queue::INTERNAL.to_owned())
        }),
    };
    inner.fetches.ended(&key, ended, HashSet::new());
}

/// The rule that asked, if it is still on.
fn rule_of(inner: &Inner, row: &FetchRow) -> Result<Option<Fetch>, ArchiveError> {
    let rules = inner.parts.archive.rules()?;
    let found = super::fire::on(&rules).find(|(record, _)| record.id == row.rule);
    Ok(found.and_then(|(_, rule)| rule.actions.fetch.clone()))
}

fn is_time(fetch: &Fetch) -> bool {
    let span = fetch.hours.as_deref().and_then(|hours| hours.parse::<DayHours>().ok());
    span.is_none_or(|span| span.is_at(tasks::now()))
}

async fn bring(inner: &Inner, key: &Key<SiteId>) -> Result<Attempt, RulesError> {
    let (holder, study) = key;
    let parts = &inner.parts;
    let Some(row) = parts.archive.fetch_row(study, holder)?.filter(|row| row.ended.is_none()) else {
        return Ok(Attempt::Done);
    };
    let Some(told) = inner.told(holder, study) else {
        return end(inner, &row, (row.manifest, row.bytes, Ended::Gone)).await;
    };
    let Some(fetch) = rule_of(inner, &row)? else {
        return end(inner, &row, (row.manifest, row.bytes, Ended::RuleOff)).await;
    };
    if !is_time(&fetch) {
        return Ok(Attempt::Later(MINUTE, Some("hours".to_owned())));
    }
    if parts.trust.cache_days(&told.basis) == 0 {
        return Ok(Attempt::Later(MINUTE * 15, Some("no-copies".to_owned())));
    }
    if !has_room(inner, told.card.bytes).await? {
        return Ok(Attempt::Later(MINUTE * 5, Some("cache".to_owned())));
    }
    let brought = match parts.studies.open(&Person::of_rule(row.rule), study).await {
        Ok(open) if open.holder() != Some(*holder) => return Ok(Attempt::Later(MINUTE, Some("elsewhere".to_owned()))),
        Ok(open) => bring_pieces(inner, key, &row, &open).await,
        Err(fault) => Err(fault),
    };
    match brought {
        Ok(Brought::All(manifest, bytes)) => end(inner, &row, (manifest, bytes, Ended::Done)).await,
        Ok(Brought::RuleOff) => end(inner, &row, (row.manifest, row.bytes, Ended::RuleOff)).await,
        Ok(Brought::Later(wait, why)) => Ok(Attempt::Later(wait, why)),
        Err(_) if inner.told(holder, study).is_none() => end(inner, &row, (row.manifest, row.bytes, Ended::Gone)).await,
        Err(fault) => Ok(after(&fault)),
    }
}

/// What a fault means for the next try.
fn after(fault: &StudyError) -> Attempt {
    match fault {
        StudyError::Unreachable { .. } => Attempt::Away("away".to_owned()),
        StudyError::Waiting { .. } => Attempt::Later(SOON, None),
        StudyError::Refused(why @ (Refusal::OutsideHours | Refusal::Suspended)) => {
            Attempt::Later(MINUTE, Some(why.code().to_owned()))
        }
        // The copy was erased under it: its holder tells it anew.
        StudyError::Refused(Refusal::Revoked) => Attempt::Later(SOON, None),
        StudyError::Refused(refusal) => Attempt::Refused(refusal.code().to_owned()),
        StudyError::NotFound => Attempt::Refused(NOT_HELD.to_owned()),
        StudyError::Corrupt => Attempt::Refused(CORRUPT.to_owned()),
        StudyError::Internal(why) => {
            tracing::error!(why, "a study cannot be fetched now");
            Attempt::Refused(queue::INTERNAL.to_owned())
        }
    }
}

enum Brought {
    All(Digest, u64),
    RuleOff,
    Later(Duration, Option<String>),
}

/// Brings what is missing, a few pieces at a time.
async fn bring_pieces(
    inner: &Inner,
    key: &Key<SiteId>,
    row: &FetchRow,
    open: &OpenStudy,
) -> Result<Brought, StudyError> {
    let Some((_, _, pieces)) = open.missing().await? else { return Ok(Brought::Later(SOON, None)) };
    let mut under_way = FuturesUnordered::new();
    let mut pace = Pace::default();
    for piece in &pieces {
        let fetch = match gate(inner, key, row).await? {
            Ok(fetch) => fetch,
            Err(stopped) => return Ok(stopped),
        };
        pace.wait(fetch.mb_s, piece).await;
        if under_way.len() >= PIECES_MAX
            && let Some(brought) = under_way.next().await
        {
            brought?;
        }
        under_way.push(open.bring(piece));
    }
    while let Some(brought) = under_way.next().await {
        brought?;
    }
    match open.missing().await? {
        Some((manifest, bytes, left)) if left.is_empty() => Ok(Brought::All(manifest, bytes)),
        _ => Ok(Brought::Later(SOON, None)),
    }
}

/// Waits until the next piece may be asked for.
async fn gate(inner: &Inner, key: &Key<SiteId>, row: &FetchRow) -> Result<Result<Fetch, Brought>, StudyError> {
    loop {
        let rule = rule_of(inner, row).map_err(|fault| StudyError::Internal(fault.to_string()))?;
        let Some(fetch) = rule else { return Ok(Err(Brought::RuleOff)) };
        if !is_time(&fetch) {
            return Ok(Err(Brought::Later(MINUTE, Some("hours".to_owned()))));
        }
        let is_urgent = inner.parts.studies.is_urgent();
        inner.fetches.pauses(key, is_urgent.then(|| "urgent".to_owned()));
        if !is_urgent {
            return Ok(Ok(fetch));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Keeps to a rate, counted from piece to piece.
#[derive(Default)]
struct Pace(Option<Instant>);

impl Pace {
    /// When a piece may go, and from when the next one counts.
    fn next(&mut self, now: Instant, mb_s: u32, bytes: u64) -> Instant {
        let from = self.0.unwrap_or(now).max(now);
        let micros = bytes / u64::from(mb_s.max(1));
        self.0 = Some(from + Duration::from_micros(micros));
        from
    }

    async fn wait(&mut self, mb_s: Option<u32>, piece: &Piece) {
        if let Some(mb_s) = mb_s {
            let at = self.next(Instant::now(), mb_s, piece.bytes);
            tokio::time::sleep_until(at.into()).await;
        }
    }
}

/// Whether so many bytes more keep what rules fetched and nobody opened within its share of the cache.
async fn has_room(inner: &Inner, bytes: u64) -> Result<bool, RulesError> {
    let (archive, cache) = (inner.parts.archive.clone(), inner.parts.cache.clone());
    let looking = inner.parts.tasks.spawn_blocking("rules", move || {
        let rows = archive.fetches()?;
        let idle = rows.iter().filter(|row| row.used.is_none() && row.ended == Some(Ended::Done));
        let kept = idle.map(|row| cache.kept(&row.holder, &row.study).bytes).sum::<u64>();
        Ok::<_, ArchiveError>(kept.saturating_add(bytes) <= cache.quota_bytes() / SHARE)
    });
    Ok(looking.await.map_err(std::io::Error::other).map_err(ArchiveError::from)??)
}

async fn end(inner: &Inner, row: &FetchRow, ended: (Digest, u64, Ended)) -> Result<Attempt, RulesError> {
    let archive = &inner.parts.archive;
    let _changing = inner.changing.lock().await;
    let now = archive.fetch_row(&row.study, &row.holder)?;
    match now.filter(|now| now.ended.is_none()) {
        // Told anew while it was fetched: there is more.
        Some(now) if now.since > row.since => return Ok(Attempt::Later(Duration::ZERO, None)),
        Some(_) => archive.fetched(&row.study, row.holder, ended).await?,
        // Somebody dropped it.
        None => {}
    }
    Ok(Attempt::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_from_piece_to_piece_and_a_pause_is_not_made_up() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.next(start, 2, 1_000_000), start);
        assert_eq!(pace.next(start, 2, 1_000_000), start + Duration::from_millis(500));
        let late = start + Duration::from_secs(60);
        assert_eq!(pace.next(late, 2, 1_000_000), late);
        assert_eq!(pace.next(late, 2, 4_000_000), late + Duration::from_millis(500));
    }

    #[test]
    fn a_holder_that_is_away_delays_all_and_an_hour_nobody_faults() {
        assert!(matches!(after(&StudyError::Unreachable { retry_s: 5 }), Attempt::Away(_)));
        assert!(
            matches!(after(&StudyError::Refused(Refusal::OutsideHours)), Attempt::Later(_, Some(why)) if why == "outside-hours")
        );
        assert!(matches!(after(&StudyError::Refused(Refusal::Role)), Attempt::Refused(why) if why == "role"));
    }
}
