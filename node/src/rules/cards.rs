//! Looks at what peers tell of their studies, and has those fetched that a rule means.
//!
//! A rule means a study that came to its holder, or was offered to us, since the rule was last changed: a new rule does not
//! set all that peers hold moving. A study is fetched once in each of its states; which state is what its manifest says.
//!
//! # At a crash
//! All that peers told is looked at after the next start. What is to be fetched is one record, with the earlier studies.
//!
//! # Not here
//! Fetching: [`super::fetch`].

use super::{Inner, RulesError, judge};
use crate::{
    archive::{Archive, ArchiveError, Cause, Rule, RuleRecord, StudyQuery, StudyRow, Trigger, Wanted},
    audit::{Act, Actor, Event},
    overlay::{OverlayEvent, RemoteStudy},
    trust::Person,
};
use protocol::{SiteId, Timestamp, Uid, manifest::Completeness};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};

/// After many cards changed at once: they are looked at together.
const SOON: Duration = Duration::from_secs(1);
/// After this time cards that could not be looked at are looked at again.
const AGAIN: Duration = Duration::from_secs(300);
/// Studies that wait to be fetched; while there are more, no rule has more fetched.
const WAITING_MAX: usize = 20_000;

/// Runs until the node stops.
pub(super) async fn run(inner: Arc<Inner>, mut events: Receiver<OverlayEvent>) {
    let mut all_due = Some(Instant::now());
    loop {
        let due = async {
            match all_due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            () = inner.parts.tasks.stopping() => return,
            () = due => None,
            event = events.recv() => Some(event),
        };
        match event {
            None => all_due = look_at_all(&inner).await.then(|| Instant::now() + AGAIN),
            Some(Ok(OverlayEvent::Directory { holder, study })) => {
                if let Err(error) = look_at(&inner, &holder, &study).await {
                    tracing::error!(%error, "rules could not look at a peer's study; it is looked at again");
                    all_due = Some(all_due.unwrap_or_else(|| Instant::now() + AGAIN));
                }
            }
            Some(Ok(OverlayEvent::Contact(peer))) => {
                if inner.parts.overlay.contact(&peer).connected {
                    inner.offers.awake(&peer);
                    inner.fetches.awake(&peer);
                }
            }
            Some(Ok(OverlayEvent::DirectoryReset { .. }) | Err(RecvError::Lagged(_))) => {
                let soon = Instant::now() + SOON;
                all_due = Some(all_due.map_or(soon, |at| at.min(soon)));
            }
            Some(Ok(OverlayEvent::Amended { .. } | OverlayEvent::Pairing(_) | OverlayEvent::CaseRefused { .. })) => {}
            Some(Err(RecvError::Closed)) => return,
        }
    }
}

/// Looks at all that peers told. Says whether it is to be done again.
async fn look_at_all(inner: &Arc<Inner>) -> bool {
    match inner.parts.archive.rules() {
        Ok(rules) if on_cards(&rules).next().is_none() => return false,
        Ok(_) => {}
        Err(_) => return true,
    }
    let overlay = inner.parts.overlay.clone();
    let Ok(told) = inner.parts.tasks.spawn_blocking("rules", move || overlay.remote_studies()).await else {
        return false;
    };
    let mut again = false;
    for told in told {
        if inner.parts.tasks.stop_token().is_cancelled() {
            return false;
        }
        if let Err(error) = consider(inner, &told).await {
            tracing::error!(%error, "rules could not look at a peer's study; it is looked at again");
            again = true;
        }
    }
    again
}

async fn look_at(inner: &Arc<Inner>, holder: &SiteId, study: &Uid) -> Result<(), RulesError> {
    if on_cards(&inner.parts.archive.rules()?).next().is_none() {
        return Ok(());
    }
    match inner.told(holder, study) {
        Some(told) => consider(inner, &told).await,
        None => Ok(()),
    }
}

/// The rules on cards that are on.
fn on_cards(rules: &[RuleRecord]) -> impl Iterator<Item = (&RuleRecord, &Rule)> {
    super::fire::on(rules).filter(|(_, rule)| rule.trigger != Trigger::Arrival)
}

/// Whether a rule on cards means a study, whenever it was told.
pub(super) fn means(rule: &Rule, holder: &SiteId, row: &StudyRow, is_heard: bool) -> bool {
    let Trigger::Card { peers, is_offered } = &rule.trigger else { return false };
    (peers.is_empty() || peers.contains(holder))
        && (is_heard || !is_offered)
        && judge::card_checks(&rule.conditions, row).iter().all(|check| check.holds)
}

async fn consider(inner: &Arc<Inner>, told: &RemoteStudy) -> Result<(), RulesError> {
    let archive = &inner.parts.archive;
    let (holder, card) = (told.holder, &told.card);
    let _changing = inner.changing.lock().await;
    let Some(wanted) = to_want(archive, told)? else { return Ok(()) };
    let heard = archive.heard_offer(&card.study, &holder)?.map(|heard| heard.at);
    let row = inner.parts.studies.row_of(told);
    let rules = archive.rules()?;
    let is_new = |since: Timestamp| card.arrived >= since || heard.is_some_and(|at| at >= since);
    let meant: Vec<_> = on_cards(&rules)
        .filter(|(record, rule)| is_new(record.at) && means(rule, &holder, &row, heard.is_some()))
        .collect();
    let Some((first, _)) = meant.first() else { return Ok(()) };
    if inner.fetches.len() >= WAITING_MAX {
        tracing::warn!("too many studies wait to be fetched: rules do not fetch");
        return Err(ArchiveError::from(std::io::Error::other("too many studies wait to be fetched")).into());
    }
    let mut all = vec![Wanted { cause: if heard.is_some() { Cause::Offered } else { Cause::Announced }, ..wanted }];
    let most = meant.iter().map(|(_, rule)| rule.actions.priors).max().unwrap_or(0);
    if most > 0 {
        all.extend(priors(inner, first.id, &row, usize::from(most)).await?);
    }
    let numbers: Vec<String> = meant.iter().map(|(record, _)| format!("{}.{}", record.id, record.version)).collect();
    let actor = Actor { person: "rules".to_owned(), role: "node".to_owned(), ..Actor::default() };
    let event = Event::new(Act::RuleFired, actor).study(&card.study).peer(holder).basis(told.basis.id());
    let note = format!("rules {}; {} studies to fetch", numbers.join(", "), all.len());
    inner.parts.audit.record(event.note(note)).await?;
    archive.want_fetched(first.id, all.clone()).await?;
    for wanted in all {
        inner.fetches.add(&wanted.study, wanted.holder, rank(wanted.cause));
    }
    Ok(())
}

/// The order at one holder: what is meant for us first.
pub(super) const fn rank(cause: Cause) -> u8 {
    match cause {
        Cause::Offered => 0,
        Cause::Announced => 1,
        Cause::Prior => 2,
    }
}

/// What there is to fetch of a peer's study: `None` where there is nothing that was not fetched, or is to be, or is here.
fn to_want(archive: &Archive, told: &RemoteStudy) -> Result<Option<Wanted>, ArchiveError> {
    let card = &told.card;
    let Some(manifest) = card.manifest.filter(|_| card.completeness == Completeness::Complete) else { return Ok(None) };
    let known = archive.fetch_row(&card.study, &told.holder)?;
    let is_here = archive.study(&card.study)?.is_some_and(|own| own.instances >= card.instances);
    if is_here || known.is_some_and(|row| row.is_settled(&manifest.digest)) {
        return Ok(None);
    }
    let (holder, study, manifest, bytes) = (told.holder, card.study.clone(), manifest.digest, card.bytes);
    Ok(Some(Wanted { holder, study, manifest, bytes, cause: Cause::Prior }))
}

/// Earlier studies of the patient that peers tell of.
async fn priors(inner: &Inner, rule: u64, row: &StudyRow, most: usize) -> Result<Vec<Wanted>, ArchiveError> {
    let parts = &inner.parts;
    let Some(query) = of_patient(row) else { return Ok(Vec::new()) };
    let looked_at = most.saturating_mul(4) + 8;
    let found = match parts.studies.find(&Person::of_rule(rule), &query, None, 0, looked_at).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "peers' earlier studies were not looked for");
            return Ok(Vec::new());
        }
    };
    let mut wanted = Vec::new();
    for prior in found.iter().filter(|found| found.row.study != row.study) {
        let told = prior.holder.and_then(|holder| inner.told(&holder, &prior.row.study));
        if let Some(told) = told
            && let Some(one) = to_want(&parts.archive, &told)?
        {
            wanted.push(one);
        }
        if wanted.len() >= most {
            break;
        }
    }
    Ok(wanted)
}

/// All studies of a study's patient. An ID is never compared without its issuer.
pub(super) fn of_patient(row: &StudyRow) -> Option<StudyQuery> {
    let (id, issuer) = (row.patient.id.clone()?, row.patient.issuer.clone()?);
    if id.contains(['*', '?', '\\']) || issuer.contains(['*', '?', '\\']) {
        return None;
    }
    Some(StudyQuery { patient_id: Some(id), issuer: Some(issuer), ..StudyQuery::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive::Conditions, rules::judge::tests::seen};

    #[test]
    fn a_rule_on_cards_asks_for_the_peer_the_offer_and_what_the_card_tells() {
        let (row, here, other) = (seen().row, SiteId([1; 32]), SiteId([2; 32]));
        let rule = |peers: &[SiteId], is_offered, modality: &str| Rule {
            name: "n".into(),
            is_on: true,
            trigger: Trigger::Card { peers: peers.to_vec(), is_offered },
            conditions: Conditions { modalities: vec![modality.into()], ..Conditions::default() },
            actions: crate::archive::Actions::default(),
        };
        assert!(means(&rule(&[], false, "CT"), &here, &row, false));
        assert!(!means(&rule(&[], false, "MR"), &here, &row, true));
        assert!(means(&rule(&[here], true, "CT"), &here, &row, true));
        assert!(!means(&rule(&[here], true, "CT"), &here, &row, false), "nobody offered it");
        assert!(!means(&rule(&[other], false, "CT"), &here, &row, true), "another peer's");
        let arrival = Rule { trigger: Trigger::Arrival, ..rule(&[], false, "CT") };
        assert!(!means(&arrival, &here, &row, true));
    }
}
