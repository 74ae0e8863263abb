//! Rules on arrival as the archive keeps them, and labels.
//!
//! A rule, a label set by hand, what rules set going for a study, and what became of it are journal records. What several
//! rules set going for one study is one record, so that it is there as a whole or not at all.
//!
//! # At a crash
//! A record is there or is not. Instances sent whose record was not written yet are sent again.
//!
//! # Not here
//! Which studies a rule means, and doing what it says: `rules`.

use super::{
    Archive, ArchiveError, ArchiveEvent, Inner,
    conflict::submit,
    index::{Applied, LABELS_MAX},
    rows::{FireRecord, LabelRecord, Print, RouteRow, RoutedRecord, Rule, RuleRecord, Trigger, kind},
};
use crate::audit::{Act, Actor, AuditError, Event};
use protocol::{AeTitle, SiteId, Timestamp, Uid, wire};
use std::{collections::BTreeMap, sync::Arc};

/// Rules of one site.
const RULES_MAX: usize = 200;
/// Patterns of one condition, AEs and labels of one rule.
const LISTED_MAX: usize = 32;
/// Characters of a pattern, a name or a label.
const TEXT_CHARS_MAX: usize = 64;
/// Hours a rule may have a study wait before it goes cold: ten years.
const COLD_AFTER_H_MAX: u32 = 87_600;

/// Why a rule or label is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuleError {
    #[error("no such rule")]
    NoRule,
    #[error("no such study is held here")]
    NoStudy,
    #[error("{0}")]
    Unfit(&'static str),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// What rules set going for a study.
#[derive(Clone, Debug, Default)]
pub(crate) struct Firing {
    pub(crate) rules: Vec<(u64, u32)>,
    pub(crate) labels: Vec<String>,
    pub(crate) routes: Vec<(AeTitle, u64)>,
    pub(crate) cold_at: Option<Timestamp>,
    pub(crate) offers: Vec<(SiteId, u64)>,
}

/// What became of instances on their way to an AE.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routed {
    pub(crate) sent: Vec<Print>,
    pub(crate) dropped: Vec<Print>,
    pub(crate) is_done: bool,
}

impl Archive {
    /// All rules, by their numbers.
    ///
    /// # Errors
    /// When the index cannot be read; so with all that follow.
    pub(crate) fn rules(&self) -> Result<Arc<[RuleRecord]>, ArchiveError> {
        self.inner.index.rules()
    }

    /// Adds a rule (`id`: `None`), or changes one: it is another version then, which fires anew.
    ///
    /// # Errors
    /// See [`RuleError`].
    pub(crate) async fn set_rule(&self, id: Option<u64>, rule: Rule, actor: Actor) -> Result<RuleRecord, RuleError> {
        fit(&rule)?;
        let _one = self.inner.rejecting.lock().await;
        let (id, version) = match id {
            Some(id) => (id, self.inner.rule(id)?.version + 1),
            None if self.rules()?.len() >= RULES_MAX => return Err(RuleError::Unfit("there are too many rules")),
            None => (self.inner.index.rule_number()? + 1, 1),
        };
        self.inner.write_rule(id, version, Some(rule), actor).await
    }

    /// Removes a rule. What it set going goes on.
    ///
    /// # Errors
    /// See [`RuleError`].
    pub(crate) async fn remove_rule(&self, id: u64, actor: Actor) -> Result<(), RuleError> {
        let _one = self.inner.rejecting.lock().await;
        let version = self.inner.rule(id)?.version + 1;
        self.inner.write_rule(id, version, None, actor).await.map(|_| ())
    }

    /// Gives a study labels, or takes them away. Gives those it has then.
    ///
    /// # Errors
    /// See [`RuleError`].
    pub(crate) async fn label(
        &self,
        study: &Uid,
        (add, remove): (Vec<String>, Vec<String>),
        actor: Actor,
    ) -> Result<Vec<String>, RuleError> {
        if add.is_empty() && remove.is_empty() {
            return Err(RuleError::Unfit("no label is named"));
        }
        add.iter().chain(&remove).try_for_each(|label| fit_label(label))?;
        let _one = self.inner.rejecting.lock().await;
        self.study(study)?.ok_or(RuleError::NoStudy)?;
        let held = self.inner.index.labels(study)?;
        let added = add.iter().filter(|label| !held.contains(label)).count();
        if add.len() > LABELS_MAX || remove.len() > LABELS_MAX || held.len() + added > LABELS_MAX {
            return Err(RuleError::Unfit("a study has at most 32 labels"));
        }
        // A label is free text: the log says how many, the journal says which.
        let event = Event::new(Act::StudyLabelled, actor.clone()).study(study);
        let note = format!("{} set, {} taken away", add.len(), remove.len());
        self.inner.audit.record(event.note(note)).await?;
        let at = crate::tasks::now();
        let record = LabelRecord { study: study.clone(), at, person: actor.person, add, remove };
        submit(&self.inner, kind::LABEL, wire::encode(&record), None, Applied::Label(record)).await?;
        let _ = self.inner.events.send(ArchiveEvent::Growing(study.clone()));
        Ok(self.inner.index.labels(study)?)
    }

    /// Labels in use, each with the number of its studies.
    pub(crate) fn labels(&self) -> Result<BTreeMap<String, u64>, ArchiveError> {
        let mut used = BTreeMap::new();
        for labels in self.inner.index.all_labels()? {
            for label in labels.0 {
                *used.entry(label).or_default() += 1;
            }
        }
        Ok(used)
    }

    /// Who brought instances of a study.
    pub(crate) fn senders(&self, study: &Uid) -> Result<Vec<String>, ArchiveError> {
        Ok(self.inner.index.stored_study(study)?.map(|stored| stored.senders).unwrap_or_default())
    }

    /// Every study, in no order.
    pub(crate) fn every_study(&self) -> Result<Vec<Uid>, ArchiveError> {
        self.inner.index.all()
    }

    /// Which rules fired for a study, in which versions.
    pub(crate) fn fired(&self, study: &Uid) -> Result<Vec<(u64, u32)>, ArchiveError> {
        self.inner.index.fired(study)
    }

    /// Writes down what rules set going. It is done from then on, over any stop.
    pub(crate) async fn fire(&self, study: &Uid, firing: Firing) -> Result<(), ArchiveError> {
        let Firing { rules, labels, routes, cold_at, offers } = firing;
        let (study, at) = (study.clone(), crate::tasks::now());
        let record = FireRecord { study: study.clone(), at, rules, labels, routes, cold_at, offers };
        submit(&self.inner, kind::FIRE, wire::encode(&record), None, Applied::Fire(record)).await?;
        let _ = self.inner.events.send(ArchiveEvent::Growing(study));
        Ok(())
    }

    /// Writes down what became of instances on their way to an AE.
    pub(crate) async fn routed(&self, study: &Uid, to: &AeTitle, routed: Routed) -> Result<(), ArchiveError> {
        let Routed { sent, dropped, is_done } = routed;
        let (study, to, at) = (study.clone(), to.clone(), crate::tasks::now());
        let record = RoutedRecord { study, to, at, sent, dropped, is_done };
        submit(&self.inner, kind::ROUTED, wire::encode(&record), None, Applied::Routed(record)).await
    }

    pub(crate) fn route(&self, study: &Uid, to: &AeTitle) -> Result<Option<RouteRow>, ArchiveError> {
        self.inner.index.route(study, to)
    }

    /// Where a study was sent or is to go.
    pub(crate) fn routes_of(&self, study: &Uid) -> Result<Vec<(AeTitle, RouteRow)>, ArchiveError> {
        self.inner.index.routes_of(study)
    }

    /// Studies that are not all sent, with where they go.
    pub(crate) fn open_routes(&self) -> Result<Vec<(Uid, AeTitle)>, ArchiveError> {
        self.inner.index.open_routes()
    }

    /// Studies that rules say go cold, and when.
    pub(crate) fn cold_due(&self) -> Result<Vec<(Uid, Timestamp)>, ArchiveError> {
        self.inner.index.cold_due()
    }
}

impl Inner {
    fn rule(&self, id: u64) -> Result<RuleRecord, RuleError> {
        self.index.rules()?.iter().find(|record| record.id == id).cloned().ok_or(RuleError::NoRule)
    }

    async fn write_rule(
        self: &Arc<Self>,
        id: u64,
        version: u32,
        rule: Option<Rule>,
        actor: Actor,
    ) -> Result<RuleRecord, RuleError> {
        let what = match &rule {
            None => "removed",
            Some(rule) if rule.is_on => "on",
            Some(_) => "off",
        };
        let event = Event::new(Act::RuleChanged, actor.clone()).note(format!("rule {id}, version {version}: {what}"));
        self.audit.record(event).await?;
        let record = RuleRecord { id, version, at: crate::tasks::now(), person: actor.person, rule };
        submit(self, kind::RULE, wire::encode(&record), None, Applied::Rule(Box::new(record.clone()))).await?;
        Ok(record)
    }
}

/// Whether what an admin says of a rule can be worked with.
fn fit(rule: &Rule) -> Result<(), RuleError> {
    let (conditions, actions) = (&rule.conditions, &rule.actions);
    if rule.name.trim().is_empty() || !is_text(&rule.name) {
        return Err(RuleError::Unfit("a rule's name is 1 to 64 characters"));
    }
    let lists = [
        &conditions.modalities,
        &conditions.stations,
        &conditions.series_descriptions,
        &conditions.body_parts,
        &conditions.descriptions,
        &conditions.referrers,
        &conditions.senders,
        &conditions.institutions,
    ];
    if lists.iter().any(|list| list.len() > LISTED_MAX || list.iter().any(|text| text.is_empty() || !is_text(text))) {
        return Err(RuleError::Unfit("a condition has at most 32 patterns of 1 to 64 characters"));
    }
    if conditions.age_from.zip(conditions.age_to).is_some_and(|(from, to)| from > to) {
        return Err(RuleError::Unfit("an age is from the lower to the higher"));
    }
    if actions.routes.len() > LISTED_MAX || actions.labels.len() > LABELS_MAX {
        return Err(RuleError::Unfit("a rule has at most 32 AEs and 32 labels"));
    }
    actions.labels.iter().try_for_each(|label| fit_label(label))?;
    if actions.cold_after_h.is_some_and(|hours| hours > COLD_AFTER_H_MAX) {
        return Err(RuleError::Unfit("a study goes cold after ten years at the latest"));
    }
    match &rule.trigger {
        Trigger::Arrival => fit_on_arrival(rule),
        Trigger::Card { peers, .. } if peers.len() > LISTED_MAX => {
            Err(RuleError::Unfit("a rule names at most 32 peers"))
        }
        Trigger::Card { .. } => fit_on_card(rule),
    }
}

fn fit_on_arrival(rule: &Rule) -> Result<(), RuleError> {
    let actions = &rule.actions;
    if actions.fetch.is_some() {
        return Err(RuleError::Unfit("a rule fetches what peers tell of, not what arrives here"));
    }
    if actions.offers.len() > LISTED_MAX {
        return Err(RuleError::Unfit("a rule offers a study to at most 32 peers"));
    }
    let is_idle = actions.routes.is_empty() && actions.labels.is_empty() && actions.offers.is_empty();
    if is_idle && actions.priors == 0 && actions.cold_after_h.is_none() {
        return Err(RuleError::Unfit(
            "a rule does something: it routes, labels, brings priors, offers to a peer or sends to the cold tier",
        ));
    }
    Ok(())
}

/// A card names no station, no series and no sender; and what is fetched is the peer's, not ours to send on or to label.
fn fit_on_card(rule: &Rule) -> Result<(), RuleError> {
    let (conditions, actions) = (&rule.conditions, &rule.actions);
    if !conditions.stations.is_empty() || !conditions.series_descriptions.is_empty() || !conditions.senders.is_empty() {
        return Err(RuleError::Unfit("peers do not tell stations, series descriptions or senders of a study"));
    }
    let does_more = !actions.routes.is_empty() || !actions.labels.is_empty() || !actions.offers.is_empty();
    let Some(fetch) = actions.fetch.as_ref().filter(|_| !does_more && actions.cold_after_h.is_none()) else {
        return Err(RuleError::Unfit(
            "a rule on peers' studies fetches them, and brings earlier ones; it does nothing else",
        ));
    };
    if fetch.mb_s == Some(0) {
        return Err(RuleError::Unfit("a rule fetches at least one megabyte a second"));
    }
    Ok(())
}

fn is_text(text: &str) -> bool {
    text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control)
}

fn fit_label(label: &str) -> Result<(), RuleError> {
    let is_fit = !label.is_empty() && is_text(label) && label.trim() == label && !label.contains(',');
    if is_fit { Ok(()) } else { Err(RuleError::Unfit("a label is 1 to 64 characters, without commas")) }
}
