//! Looks at studies as they become complete, and sets going what the rules say.
//!
//! # Not here
//! Sending: [`super::route`].

use super::{
    Inner, RulesError,
    cards::of_patient,
    judge::{self, Seen},
};
use crate::{
    archive::{
        Archive, ArchiveError, ArchiveEvent, Firing, InstanceRow, OfferRow, RouteRow, RuleRecord, StudyRow, TierError,
        Trigger, print,
    },
    audit::{Act, Actor, Event},
    sources::Sources,
    tasks,
    trust::Person,
};
use protocol::{SiteId, Timestamp, Uid, manifest::Completeness};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};

/// How often it is looked whether something goes cold.
const COLD_EVERY: Duration = Duration::from_secs(15);
/// After this time studies that could not be looked at are looked at again, with all the others.
const AGAIN: Duration = Duration::from_secs(300);
/// Studies that wait for AEs, or to be offered; while there are more, no rule that adds to them fires.
const WAITING_MAX: usize = 50_000;
/// Studies whose priors are looked for side by side; while there are so many, rules look at no other study.
pub(super) const BRINGING_MAX: usize = 64;
const HOUR_MS: u64 = 3_600_000;

/// What is to be done for a study.
#[derive(Debug, Default)]
struct Plan {
    firing: Firing,
    /// The rule that asks for the most, and how many.
    priors: Option<(u64, u8)>,
}

/// Runs until the node stops.
pub(super) async fn run(inner: Arc<Inner>, mut events: Receiver<ArchiveEvent>) {
    let mut all_due = Some(Instant::now());
    let mut cold_due = Instant::now();
    loop {
        let wake = all_due.map_or(cold_due, |at| at.min(cold_due));
        let event = tokio::select! {
            () = inner.parts.tasks.stopping() => return,
            () = tokio::time::sleep_until(wake) => None,
            event = events.recv() => Some(event),
        };
        let looked = match event {
            Some(Ok(ArchiveEvent::Settled(study))) => look_at(&inner, &study, true).await,
            Some(Ok(_)) => Ok(()),
            Some(Err(RecvError::Lagged(_))) => {
                all_due = Some(Instant::now());
                Ok(())
            }
            Some(Err(RecvError::Closed)) => return,
            None => Ok(()),
        };
        if let Err(error) = looked {
            tracing::error!(%error, "rules could not look at a study; it is looked at again");
            all_due = Some(all_due.unwrap_or_else(|| Instant::now() + AGAIN));
        }
        if all_due.is_some_and(|at| at <= Instant::now()) {
            all_due = look_at_all(&inner).await.then(|| Instant::now() + AGAIN);
        }
        if cold_due <= Instant::now() {
            cold_due = Instant::now() + COLD_EVERY;
            if let Err(error) = send_cold(&inner).await {
                tracing::error!(%error, "it could not be looked up what is to go cold by rules");
            }
        }
    }
}

/// Looks at every study that came in since there are rules: what was missed while the node was away. Says whether it is
/// to be done again.
async fn look_at_all(inner: &Arc<Inner>) -> bool {
    let archive = inner.parts.archive.clone();
    let listing = inner.parts.tasks.spawn_blocking("rules", move || candidates(&archive));
    let studies = match listing.await {
        Ok(Ok(studies)) => studies,
        Ok(Err(error)) => {
            tracing::error!(%error, "rules could not look through the studies");
            return true;
        }
        Err(_) => return false,
    };
    let mut again = false;
    for study in studies {
        if inner.parts.tasks.stop_token().is_cancelled() {
            return false;
        }
        if let Err(error) = look_at(inner, &study, false).await {
            tracing::error!(%error, "rules could not look at a study; it is looked at again");
            again = true;
        }
    }
    again
}

fn candidates(archive: &Archive) -> Result<Vec<Uid>, ArchiveError> {
    let rules = archive.rules()?;
    let Some(since) = on_arrival(&rules).map(|(record, _)| record.at).min() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for study in archive.every_study()? {
        if archive.study(&study)?.is_some_and(|row| row.changed >= since) {
            found.push(study);
        }
    }
    Ok(found)
}

/// The rules that are on.
pub(super) fn on(rules: &[RuleRecord]) -> impl Iterator<Item = (&RuleRecord, &crate::archive::Rule)> {
    rules.iter().filter_map(|record| Some((record, record.rule.as_ref().filter(|rule| rule.is_on)?)))
}

/// The rules on arrivals that are on.
fn on_arrival(rules: &[RuleRecord]) -> impl Iterator<Item = (&RuleRecord, &crate::archive::Rule)> {
    on(rules).filter(|(_, rule)| rule.trigger == Trigger::Arrival)
}

/// Sets going what rules say of a study. `closely`: it is compared instance by instance with what was sent.
async fn look_at(inner: &Arc<Inner>, study: &Uid, closely: bool) -> Result<(), RulesError> {
    let parts = &inner.parts;
    let changing = inner.changing.lock().await;
    let (archive, sources, uid) = (parts.archive.clone(), parts.sources.clone(), study.clone());
    let planning = parts.tasks.spawn_blocking("rules", move || plan((&archive, &sources), &uid, closely));
    let Some(plan) = planning.await.map_err(std::io::Error::other).map_err(ArchiveError::from)?? else { return Ok(()) };
    let is_full = (!plan.firing.routes.is_empty() && inner.lines.len() >= WAITING_MAX)
        || (!plan.firing.offers.is_empty() && inner.offers.len() >= WAITING_MAX);
    if is_full {
        tracing::warn!(%study, "too many studies wait for AEs or peers: rules do not fire");
        return Err(ArchiveError::from(std::io::Error::other("too many studies wait for AEs or peers")).into());
    }
    if !plan.firing.rules.is_empty() {
        let numbers: Vec<String> = plan.firing.rules.iter().map(|(id, version)| format!("{id}.{version}")).collect();
        let actor = Actor { person: "rules".to_owned(), role: "node".to_owned(), ..Actor::default() };
        let event = Event::new(Act::RuleFired, actor).study(study).note(format!("rules {}", numbers.join(", ")));
        parts.audit.record(event).await?;
    }
    let routes: Vec<_> = plan.firing.routes.iter().map(|(to, _)| to.clone()).collect();
    let offers: Vec<_> = plan.firing.offers.iter().map(|(to, _)| *to).collect();
    parts.archive.fire(study, plan.firing).await?;
    routes.into_iter().for_each(|to| inner.lines.add(study, to, 0));
    offers.into_iter().for_each(|to| inner.offers.add(study, to, 0));
    drop(changing);
    if let Some(priors) = plan.priors {
        let Ok(place) = inner.bringing.clone().acquire_owned().await else { return Ok(()) };
        let (shared, study) = (inner.clone(), study.clone());
        parts.tasks.spawn("rule priors", async move {
            bring_priors(shared, study, priors).await;
            drop(place);
        });
    }
    Ok(())
}

/// What is to be done for a study that is complete (blocking).
fn plan((archive, sources): (&Archive, &Sources), study: &Uid, closely: bool) -> Result<Option<Plan>, ArchiveError> {
    let rules = archive.rules()?;
    if on_arrival(&rules).next().is_none() {
        return Ok(None);
    }
    let Some(seen) = Seen::of(archive, sources, study)?.filter(|seen| seen.row.completeness == Completeness::Complete)
    else {
        return Ok(None);
    };
    let fired = archive.fired(study)?;
    let mut plan = Plan::default();
    let mut instances: Option<Vec<InstanceRow>> = None;
    for (record, rule) in on_arrival(&rules) {
        let is_fired = fired.contains(&(record.id, record.version));
        if !is_fired {
            if seen.row.changed < record.at || !judge::matches(&rule.conditions, &seen) {
                continue;
            }
            let rows = all_of(archive, &seen, &mut instances)?;
            // What only settled anew, since it was corrected, did not arrive.
            if rows.iter().all(|row| row.received < record.at) {
                continue;
            }
            plan.firing.rules.push((record.id, record.version));
            plan.firing.labels.extend(rule.actions.labels.iter().cloned());
            if rule.actions.priors > plan.priors.map_or(0, |(_, most)| most) {
                plan.priors = Some((record.id, rule.actions.priors));
            }
            let after = rule.actions.cold_after_h.map(|hours| Timestamp(tasks::now().0 + u64::from(hours) * HOUR_MS));
            plan.firing.cold_at = [plan.firing.cold_at, after].into_iter().flatten().min();
        }
        for to in &rule.actions.routes {
            if plan.firing.routes.iter().any(|(known, _)| known == to) {
                continue;
            }
            let is_new = match archive.route(study, to)? {
                None => true,
                Some(row) if row.is_open => false,
                Some(row) if !closely && row.dealt.len() >= seen.row.instances.try_into().unwrap_or(usize::MAX) => {
                    false
                }
                Some(row) => all_of(archive, &seen, &mut instances)?.iter().any(|held| !is_dealt(&row, held)),
            };
            if is_new {
                plan.firing.routes.push((to.clone(), record.id));
            }
        }
        plan_offers(archive, &seen.row, (record.id, &rule.actions.offers), &mut plan.firing)?;
    }
    let is_nothing = plan.firing.rules.is_empty() && plan.firing.routes.is_empty() && plan.firing.offers.is_empty();
    Ok((!is_nothing).then_some(plan))
}

/// A study is offered once in each of its states.
fn plan_offers(
    archive: &Archive,
    row: &StudyRow,
    (rule, peers): (u64, &[SiteId]),
    firing: &mut Firing,
) -> Result<(), ArchiveError> {
    for to in peers {
        if firing.offers.iter().any(|(known, _)| known == to) {
            continue;
        }
        let is_new = match archive.offer_row(&row.study, to)? {
            None => true,
            Some(OfferRow { ended: None, .. }) => false,
            Some(known) => archive.manifest(&row.study)?.map(|now| now.reference.digest) != known.manifest,
        };
        if is_new {
            firing.offers.push((*to, rule));
        }
    }
    Ok(())
}

/// Whether an instance was sent, or dropped.
pub(super) fn is_dealt(row: &RouteRow, instance: &InstanceRow) -> bool {
    row.dealt.binary_search(&print(&instance.entry.digest)).is_ok()
}

fn all_of<'a>(
    archive: &Archive,
    seen: &Seen,
    known: &'a mut Option<Vec<InstanceRow>>,
) -> Result<&'a [InstanceRow], ArchiveError> {
    if known.is_none() {
        let mut rows = Vec::new();
        for series in &seen.series {
            rows.extend(archive.instances(&seen.row.study, &series.series)?);
        }
        *known = Some(rows);
    }
    Ok(known.as_deref().unwrap_or_default())
}

/// Asks for earlier studies of the patient: the PACS beside us, and peers.
async fn bring_priors(inner: Arc<Inner>, study: Uid, (rule, most): (u64, u8)) {
    let parts = &inner.parts;
    let person = Person::of_rule(rule);
    parts.sources.bring_priors(&study, most, &person.actor()).await;
    let Ok(Some(row)) = parts.archive.study(&study) else { return };
    let Some(query) = of_patient(&row) else { return };
    let found = match parts.studies.find(&person, &query, None, 0, usize::from(most).saturating_mul(4) + 8).await {
        Ok(found) => found,
        Err(error) => return tracing::warn!(%error, "peers' earlier studies were not looked for"),
    };
    let theirs = found.iter().filter(|found| found.holder.is_some() && found.row.study != study);
    for prior in theirs.take(usize::from(most)) {
        if let Err(error) = parts.studies.prefetch(&person, &prior.row.study).await {
            tracing::warn!(%error, "an earlier study of a peer's is not brought");
        }
    }
}

/// Asks for what is due to go to the cold tier.
async fn send_cold(inner: &Arc<Inner>) -> Result<(), ArchiveError> {
    let archive = inner.parts.archive.clone();
    let now = tasks::now();
    let asking = inner.parts.tasks.spawn_blocking("rules", move || {
        for (study, _) in archive.cold_due()?.into_iter().filter(|(_, at)| *at <= now) {
            match archive.move_study(&study, true) {
                // One that is arriving again waits, as do all while the tier is away or there is none.
                Ok(()) | Err(TierError::Arriving | TierError::NotHeld) => {}
                Err(TierError::Archive(error)) => return Err(error),
                Err(TierError::NoTier | TierError::Unreachable(_) | TierError::Busy) => return Ok(()),
            }
        }
        Ok(())
    });
    asking.await.map_err(std::io::Error::other)?
}
