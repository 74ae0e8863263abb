//! Who listens to which workitems (PS3.18 §11.10–11.12). The whole worklist, a filtered one, and single workitems can be
//! subscribed to side by side; subscriptions outlive a restart.
//!
//! # Not here
//! What is told, and how: [`super::channel`]. Keeping subscriptions, and whose they are: `cases`.

use super::{
    super::{
        asker::Asker,
        error::Problem,
        query::{Condition, Search, path},
    },
    NO_LOCK, Target, conflict, may,
    set::Set,
    turn, warning,
};
use crate::{
    cases::{SUBSCRIBED_ITEMS_MAX, SubscribeError, Subscribing, Subscription, Wanted},
    trust::Action,
};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use dicom_core::Tag;
use protocol::AeTitle;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;

/// The well-known UIDs of the whole worklist and of the filtered one (PS3.4 CC.2.3.2).
const WORKLIST: &str = "1.2.840.10008.5.1.4.34.5";
const FILTERED: &str = "1.2.840.10008.5.1.4.34.5.1";
/// Names of which changes are told to their channels; beyond, those without a channel are forgotten.
const NAMES_MAX: usize = 512;

impl From<SubscribeError> for Problem {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Busy => Self::Busy { code: "busy", message: "too many subscribers", retry_s: 60 },
            SubscribeError::Others => conflict("the name of the subscriber is somebody else's"),
            SubscribeError::TooMuch => Self::TooLarge("workitems or conditions of one subscriber"),
            SubscribeError::Case(why) => why.into(),
        }
    }
}

/// What one listens to.
pub(super) struct Subscriber {
    kept: Subscription,
    filter: Option<Vec<Condition>>,
    /// Told when any of this is other than it was.
    pub(super) changed: Arc<Notify>,
}

impl Subscriber {
    /// A person's own.
    pub(super) fn of(asker: &Asker, name: &str) -> Option<Self> {
        let kept = asker.desk.door.cases.subscription(name, &asker.person.name)?;
        let condition = |(path, value): &Wanted| (path.iter().map(|(g, e)| Tag(*g, *e)).collect(), value.clone());
        let filter = kept.filter.as_ref().map(|filter| filter.iter().map(condition).collect());
        Some(Self { kept, filter, changed: asker.desk.subscribers.of(name) })
    }

    /// Whether it listens to a workitem; `item`: its attributes, made only if they matter.
    pub(super) fn hears(&self, uid: &str, item: impl FnOnce() -> Set) -> bool {
        self.kept.is_global
            || self.kept.items.contains(uid)
            || self.filter.as_ref().is_some_and(|filter| item().meets(filter, false))
    }

    pub(super) fn hears_by_name(&self, uid: &str) -> bool {
        self.kept.items.contains(uid)
    }
}

/// How channels hear that their subscriptions are others now.
#[derive(Debug, Default)]
pub(in crate::dicomweb) struct Subscribers(Mutex<HashMap<String, Arc<Notify>>>);

impl Subscribers {
    fn of(&self, name: &str) -> Arc<Notify> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= NAMES_MAX && !all.contains_key(name) {
            all.retain(|_, changed| Arc::strong_count(changed) > 1);
        }
        all.entry(name.to_owned()).or_default().clone()
    }
}

async fn change(asker: &Asker, name: &str, change: Subscribing) -> Result<(), Problem> {
    asker.desk.door.cases.subscribe(name, &asker.person.name, change).await?;
    asker.desk.subscribers.of(name).notify_one();
    Ok(())
}

pub(super) fn name(asker: &Asker) -> Result<String, Problem> {
    let name: AeTitle = asker.param("subscriber").parse().map_err(|_| Problem::bad("the subscriber is no AE title"))?;
    // As it stands in an address.
    let is_plain = name.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    if is_plain { Ok(name.as_str().to_owned()) } else { Err(Problem::bad("the subscriber has letters, digits, - . _")) }
}

/// Conditions of `filter`, a list of `attribute=value`, and of parameters that name attributes themselves.
fn filter(asker: &Asker) -> Result<Vec<Condition>, Problem> {
    let mut conditions = Vec::new();
    let rest: Vec<&str> = asker
        .query
        .split('&')
        .filter(|pair| !pair.starts_with("filter=") && !pair.starts_with("deletionlock="))
        .collect();
    conditions.extend(Search::parse(&rest.join("&"))?.conditions);
    if let Some(list) = asker.asked("filter")? {
        for pair in list.split(',') {
            let (name, value) = pair.split_once('=').ok_or_else(|| Problem::bad("filter: attribute=value"))?;
            conditions.push((path(name.trim())?, value.trim().to_owned()));
        }
    }
    if conditions.is_empty() { Err(Problem::bad("a filter is needed")) } else { Ok(conditions) }
}

fn wanted((path, value): Condition) -> Wanted {
    (path.into_iter().map(|tag| (tag.0, tag.1)).collect(), value)
}

pub(in crate::dicomweb) async fn subscribe(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let name = name(&asker)?;
    let wanted = match asker.param("workitem") {
        WORKLIST => Subscribing::Worklist,
        FILTERED => Subscribing::Filtered(filter(&asker)?.into_iter().map(wanted).collect()),
        _ => {
            let Target { whole, turn } = Target::of(&asker)?;
            Subscribing::Item(turn::uid(&whole.name(), turn.number))
        }
    };
    change(&asker, &name, wanted).await?;
    asker.write_queried("subscription to workitems".to_owned()).await?;
    let is_locked = asker.asked("deletionlock")?.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    // Nothing is deleted that a lock could keep.
    let mut headers = if is_locked { warning(NO_LOCK) } else { HeaderMap::new() };
    let place = asker.root.replacen("http", "ws", 1);
    if let Ok(value) = HeaderValue::from_str(&format!("{place}/subscribers/{name}")) {
        let _ = headers.insert(header::CONTENT_LOCATION, value);
    }
    Ok((StatusCode::CREATED, headers).into_response())
}

pub(in crate::dicomweb) async fn unsubscribe(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let name = name(&asker)?;
    let known = Subscriber::of(&asker, &name).ok_or(Problem::NotFound)?.kept;
    let less = match asker.param("workitem") {
        // Of all at once.
        WORKLIST | FILTERED if known.hears_lists() => Subscribing::Nothing,
        uid if known.items.contains(uid) => Subscribing::NotItem(uid.to_owned()),
        _ => return Err(Problem::NotFound),
    };
    change(&asker, &name, less).await?;
    Ok(StatusCode::OK.into_response())
}

/// No workitem is added any more; those that are open now go on being told of.
pub(in crate::dicomweb) async fn suspend(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let name = name(&asker)?;
    if !matches!(asker.param("workitem"), WORKLIST | FILTERED) {
        return Err(Problem::NotFound);
    }
    let known = Subscriber::of(&asker, &name).filter(|known| known.kept.hears_lists()).ok_or(Problem::NotFound)?;
    let open = super::channel::open_items(&asker);
    let heard = open.into_iter().filter(|(uid, item)| known.hears(uid, || item.clone())).map(|(uid, _)| uid);
    let heard: Vec<String> = heard.take(SUBSCRIBED_ITEMS_MAX).collect();
    change(&asker, &name, Subscribing::ItemsOnly(heard)).await?;
    Ok(StatusCode::OK.into_response())
}
