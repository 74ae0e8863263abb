//! UPS-RS (PS3.18 chapter 11): the cases of the reading room as workitems, so that other workstations can work the list.
//!
//! A workitem is one taking of a case: it is scheduled until somebody claims, in progress while they have it, and completed by a
//! final report. A claim that is given back ends its workitem as canceled, and the next one of the same case is scheduled
//! ([`turn`]). Nothing is kept here: every answer is made of the case, every change is a step in it, by the same rules and for the
//! same people as in the portal (`cases::may`).
//!
//! # At a crash
//! Subscriptions are forgotten, and their channels closed: whoever listened subscribes again.
//!
//! # Not here
//! What a step does: `protocol::case`. What binds a claim to its Transaction UID: `cases`.

mod change;
mod channel;
mod find;
mod item;
mod report;
mod request;
mod set;
mod subscribe;
#[cfg(test)]
mod tests;
mod turn;

pub(super) use change::{cancel, create, state, update};
pub(super) use channel::{open, turns as channels};
pub(super) use find::{retrieve, search};
pub(super) use subscribe::{Subscribers, subscribe, suspend, unsubscribe};

use super::{asker::Asker, error::Problem};
use crate::{
    cases::{CaseError, Whole, void_word},
    trust::Action,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use protocol::{Refusal, SiteId};
use std::sync::Arc;
use turn::Turn;

/// The texts that PS3.18 has for what is refused, or done otherwise than asked.
const MISSING: &str = "The Transaction UID is missing.";
const INCORRECT: &str = "The Transaction UID is incorrect.";
const INCONSISTENT: &str = "The submitted request is inconsistent with the state of the UPS Instance.";
const INCONSISTENT_UPDATE: &str = "The submitted request is inconsistent with the current state of the Workitem.";
const NOT_CLAIMED: &str = "The target URI did not reference a claimed Workitem.";
const ALREADY_CANCELED: &str = "The UPS is already in the requested state of CANCELED.";
const ALREADY_COMPLETED: &str = "The UPS is already in the requested state of COMPLETED.";
const COMPLETED: &str = "The UPS is already COMPLETED.";
const CREATED_OTHERWISE: &str = "The Workitem was created with modifications.";
const UPDATED_OTHERWISE: &str = "The Workitem was updated with modifications.";
const UNSUPPORTED: &str = "Requested optional Attributes are not supported.";
const NO_LOCK: &str = "Deletion Lock not granted.";
const MORE: &str = "There are additional results that can be requested.";

/// A `Warning` as PS3.18 writes it.
fn warning(text: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("299 confrere: {text}"));
    value.into_iter().map(|value| (header::WARNING, value)).collect()
}

/// Refused, with the standard's text and a sentence of ours.
fn refused(status: StatusCode, warning: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::Workitem { status, warning, message: message.into() }
}

fn conflict(message: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    refused(StatusCode::CONFLICT, INCONSISTENT, message)
}

fn may(asker: &Asker, action: Action) -> Result<(), Problem> {
    if asker.person.allows(action) { Ok(()) } else { Err(Problem::Refused(Refusal::Role)) }
}

impl From<CaseError> for Problem {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::NoCase => Self::NotFound,
            CaseError::Void(void) => conflict(void_word(&void)),
            CaseError::TooMany => conflict("there are too many cases"),
            CaseError::Draft(crate::cases::DraftError::Stale) => conflict("another window keeps a newer draft"),
            CaseError::Draft(crate::cases::DraftError::TooLong) => Self::bad("the report is too long"),
            CaseError::Stopping => Self::Busy { code: "stopping", message: "the node is stopping", retry_s: 5 },
            other => Self::Internal(other.to_string()),
        }
    }
}

/// The workitem of the path.
struct Target {
    whole: Arc<Whole>,
    turn: Turn,
}

impl Target {
    fn of(asker: &Asker) -> Result<Self, Problem> {
        let (case, number) = turn::parse(asker.param("workitem")).ok_or(Problem::NotFound)?;
        let whole = asker.desk.door.cases.case(&case).ok_or(Problem::NotFound)?;
        let turn = turn::turns(&whole).into_iter().find(|turn| turn.number == number).ok_or(Problem::NotFound)?;
        Ok(Self { whole, turn })
    }
}

/// A strangers' data set, asked by their conditions.
#[cfg(any(test, feature = "fuzz"))]
pub(super) fn matched(body: &[u8], search: &super::query::Search) {
    let Ok(set) = set::Set::read(body) else { return };
    let all = set.meets(&search.conditions, search.fuzzy);
    let each = |one: &super::query::Condition| set.meets(std::slice::from_ref(one), search.fuzzy);
    assert_eq!(all, search.conditions.iter().all(each));
    let _ = (request::asking(&set).is_ok(), report::brought(&set).len(), report::despite(&set).len());
}

/// What a site is called here.
fn site_name(asker: &Asker, site: &SiteId) -> String {
    let door = &asker.desk.door;
    if *site == door.cases.us() {
        return door.site_name.clone();
    }
    door.trust.peer(site).map_or_else(|| site.short(), |peer| peer.name)
}
