//! Who listens to which workitems (PS3.18 §11.10–11.12): in memory, for as long as the node runs.
//!
//! A subscriber is a name that its client chose (an AE title), and belongs to the person who first used it. The whole worklist,
//! a filtered one, and single workitems can be subscribed to side by side.
//!
//! # Not here
//! What is told, and how: [`super::channel`].

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
use crate::trust::Action;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::AeTitle;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The well-known UIDs of the whole worklist and of the filtered one (PS3.4 CC.2.3.2).
const WORKLIST: &str = "1.2.840.10008.5.1.4.34.5";
const FILTERED: &str = "1.2.840.10008.5.1.4.34.5.1";
/// Subscribers at once: some for each workstation that there may be.
const SUBSCRIBERS_MAX: usize = 256;
/// Workitems that one listens to by name.
const ITEMS_MAX: usize = 1_000;

/// What one listens to.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriber {
    person: String,
    is_global: bool,
    filter: Option<Vec<Condition>>,
    items: BTreeSet<String>,
    /// Told when any of this is other than it was.
    pub(super) changed: Arc<Notify>,
}

impl Subscriber {
    /// Whether it listens to a workitem; `item`: its attributes, made only if they matter.
    pub(super) fn hears(&self, uid: &str, item: impl FnOnce() -> Set) -> bool {
        self.is_global
            || self.items.contains(uid)
            || self.filter.as_ref().is_some_and(|filter| item().meets(filter, false))
    }

    pub(super) fn hears_by_name(&self, uid: &str) -> bool {
        self.items.contains(uid)
    }

    const fn hears_lists(&self) -> bool {
        self.is_global || self.filter.is_some()
    }

    fn hears_nothing(&self) -> bool {
        !self.hears_lists() && self.items.is_empty()
    }
}

/// All of them, by name.
#[derive(Debug, Default)]
pub(in crate::dicomweb) struct Subscribers(Mutex<HashMap<String, Subscriber>>);

impl Subscribers {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Subscriber>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person's own.
    pub(super) fn of(&self, name: &str, person: &str) -> Option<Subscriber> {
        self.all().get(name).filter(|one| one.person == person).cloned()
    }

    fn change(&self, name: &str, person: &str, change: impl FnOnce(&mut Subscriber)) -> Result<(), Problem> {
        let mut all = self.all();
        if !all.contains_key(name) && all.len() >= SUBSCRIBERS_MAX {
            return Err(Problem::Busy { code: "busy", message: "too many subscribers", retry_s: 60 });
        }
        let one = all
            .entry(name.to_owned())
            .or_insert_with(|| Subscriber { person: person.to_owned(), ..Subscriber::default() });
        if one.person != person {
            return Err(conflict("the name of the subscriber is somebody else's"));
        }
        change(one);
        one.changed.notify_one();
        if one.hears_nothing() {
            let _ = all.remove(name);
        }
        Ok(())
    }
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

pub(in crate::dicomweb) async fn subscribe(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let name = name(&asker)?;
    let subscribers = &asker.desk.subscribers;
    match asker.param("workitem") {
        WORKLIST => subscribers.change(&name, &asker.person.name, |one| one.is_global = true)?,
        FILTERED => {
            let filter = filter(&asker)?;
            subscribers.change(&name, &asker.person.name, |one| one.filter = Some(filter))?;
        }
        _ => {
            let Target { whole, turn } = Target::of(&asker)?;
            let uid = turn::uid(&whole.name(), turn.number);
            let known = subscribers.of(&name, &asker.person.name).map_or(0, |one| one.items.len());
            if known >= ITEMS_MAX {
                return Err(Problem::TooLarge("workitems of one subscriber"));
            }
            subscribers.change(&name, &asker.person.name, |one| _ = one.items.insert(uid))?;
        }
    }
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
    let subscribers = &asker.desk.subscribers;
    let known = subscribers.of(&name, &asker.person.name).ok_or(Problem::NotFound)?;
    match asker.param("workitem") {
        // Of all at once.
        WORKLIST | FILTERED if known.hears_lists() => subscribers.change(&name, &asker.person.name, |one| {
            (one.is_global, one.filter) = (false, None);
            one.items.clear();
        })?,
        uid if known.items.contains(uid) => {
            subscribers.change(&name, &asker.person.name, |one| _ = one.items.remove(uid))?;
        }
        _ => return Err(Problem::NotFound),
    }
    std::future::ready(Ok(StatusCode::OK.into_response())).await
}

/// No workitem is added any more; those that are open now go on being told of.
pub(in crate::dicomweb) async fn suspend(asker: Asker) -> Result<Response, Problem> {
    may(&asker, Action::ListStudies)?;
    let name = name(&asker)?;
    if !matches!(asker.param("workitem"), WORKLIST | FILTERED) {
        return Err(Problem::NotFound);
    }
    let subscribers = &asker.desk.subscribers;
    let known = subscribers.of(&name, &asker.person.name).filter(Subscriber::hears_lists).ok_or(Problem::NotFound)?;
    let open = super::channel::open_items(&asker);
    let heard = open.into_iter().filter(|(uid, item)| known.hears(uid, || item.clone())).map(|(uid, _)| uid);
    let heard: Vec<String> = heard.take(ITEMS_MAX).collect();
    subscribers.change(&name, &asker.person.name, |one| {
        let room = ITEMS_MAX.saturating_sub(one.items.len());
        one.items.extend(heard.into_iter().take(room));
        (one.is_global, one.filter) = (false, None);
    })?;
    std::future::ready(Ok(StatusCode::OK.into_response())).await
}
