//! Writes down what no route does itself: requests that were refused, and lists that were looked at.
//!
//! The event is durable before the answer leaves. The same of the same person within ten minutes is one event, so that
//! a page that asks again every second does not fill the log. Requests without any credential name nobody and are not
//! written; a bearer token that is none of ours is, once per address and ten minutes.
//!
//! # At a crash
//! What was written lately is forgotten: the next request is written again.
//!
//! # Not here
//! Opening a study, which `studies` writes down, allowed or refused; changes, which their routes write down.

use super::{Door, error::ApiError};
use crate::{
    audit::{Act, Actor, Event, Outcome},
    tasks,
    trust::Person,
};
use axum::{
    extract::{ConnectInfo, MatchedPath, Request},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lru::LruCache;
use protocol::{Refusal, Timestamp, Uid};
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The same within this is one event.
const AGAIN: Duration = Duration::from_secs(600);
/// Events remembered; beyond, the one longest unused is written again.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// What was written lately: who, what, about which study, how it ended.
type Key = (String, String, Option<Uid>, bool);

/// Clones are not needed: one stands before all routes.
#[derive(Debug)]
pub(super) struct Witness(Mutex<LruCache<Key, Timestamp>>);

impl Default for Witness {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

/// What of a request is written down.
#[derive(Debug)]
struct Asked {
    person: Option<Person>,
    method: Method,
    /// The route, without what stands in its places: never a patient's or a study's.
    route: String,
    study: Option<Uid>,
    /// Names of query parameters, never their values.
    by: String,
    /// Where a bearer token came from.
    bearer_from: Option<String>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
        let segment = |wanted: &str| {
            let at = route.split('/').position(|segment| segment == wanted)?;
            request.uri().path().split('/').nth(at).and_then(|text| Uid::parse(text).ok())
        };
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let is_bearer = request.headers().contains_key(header::AUTHORIZATION);
        Self {
            person: request.extensions().get::<Person>().cloned(),
            method: request.method().clone(),
            study: segment("{study}"),
            by: shape(request.uri().query().unwrap_or_default()),
            bearer_from: is_bearer.then(|| from.map_or_else(String::new, |ConnectInfo(from)| from.ip().to_string())),
            route,
        }
    }

    /// The event that the answer leaves behind, if the route leaves none.
    fn event(&self, response: &Response) -> Option<Event> {
        let status = response.status();
        let Some(person) = &self.person else {
            let is_strange = status == StatusCode::UNAUTHORIZED && self.bearer_from.is_some();
            return is_strange.then(|| {
                let event = Event::new(Act::SignIn, Actor::default()).note("a token that is none of ours");
                event.outcome(Outcome::Refused(Refusal::NotPermitted))
            });
        };
        let event = if status == StatusCode::FORBIDDEN {
            let refusal = response.extensions().get::<Refusal>().copied().unwrap_or(Refusal::NotPermitted);
            let act = refused_act(&self.method, &self.route)?;
            let event = Event::new(act, person.actor()).outcome(Outcome::Refused(refusal));
            event.note(format!("{} {}", self.method, self.route))
        } else if status.is_success() && is_list(&self.method, &self.route) {
            let note = format!("{} {} {}", self.method, self.route, self.by);
            Event::new(Act::StudiesQueried, person.actor()).note(note.trim_end())
        } else {
            return None;
        };
        Some(match &self.study {
            Some(study) => event.study(study),
            None => event,
        })
    }
}

/// The names in a query, each once.
fn shape(query: &str) -> String {
    let mut names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    names.retain(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { String::new() } else { format!("by {}", names.join(", ")) }
}

/// Lists and facts of studies and patients that the routes themselves do not write down.
fn is_list(method: &Method, route: &str) -> bool {
    *method == Method::GET
        && matches!(
            route,
            "/api/studies"
                | "/api/studies/{study}"
                | "/api/studies/{study}/identities"
                | "/api/studies/{study}/retention"
                | "/api/studies/{study}/reports"
                | "/api/studies/{study}/cases"
                | "/api/retention"
                | "/api/retention/proposals"
                | "/api/retention/erased"
                | "/api/rejections"
                | "/api/rejections/notes"
                | "/api/conflicts"
                | "/api/conflicts/{id}"
                | "/api/corrections"
                | "/api/withheld"
                | "/api/cases"
                | "/api/cases/loose"
                | "/api/cases/discordances"
                | "/api/cases/{case}"
                | "/api/shifts/{id}/handing"
                | "/fhir/Task"
                | "/fhir/Task/{id}"
                | "/fhir/ServiceRequest"
                | "/fhir/ServiceRequest/{id}"
                | "/fhir/DiagnosticReport"
                | "/fhir/DiagnosticReport/{id}"
        )
}

/// What a refused request would have been; none where the refusal is in the log already.
fn refused_act(method: &Method, route: &str) -> Option<Act> {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_dicomweb = route.starts_with("/dicomweb");
    let lists = route.ends_with("/series") || route.ends_with("/instances");
    let opens = (route.contains("{study}") && !lists) || route.ends_with("/wado");
    Some(match route {
        // `studies` opens these, and writes down whom it refuses.
        _ if is_dicomweb && is_read && opens => return None,
        "/api/audit"
        | "/api/audit/patient"
        | "/api/ledger"
        | "/api/reviews"
        | "/fhir/AuditEvent"
        | "/fhir/AuditEvent/{id}" => Act::LogRead,
        "/api/emergencies" => Act::GlassBroken,
        "/api/presence" => Act::PresenceAsked,
        "/api/ledger/evidence" => Act::LogExported,
        "/api/readings"
        | "/api/readings/viewer"
        | "/api/studies/{study}/fetch"
        | "/api/studies/{study}/signatures"
        | "/api/studies/{study}/purpose" => Act::StudyOpened,
        "/api/history" => Act::StudiesQueried,
        "/api/patient-links" if !is_read => Act::PatientLinked,
        "/api/cases"
        | "/api/cases/{case}/steps"
        | "/api/cases/{case}/reports"
        | "/api/cases/{case}/draft"
        | "/api/cases/{case}/join"
        | "/api/cases/{case}/discordances/{comparison}"
        | "/api/cases/{case}/attachments"
        | "/api/cases/loose/{study}/dismiss"
            if !is_read =>
        {
            Act::CaseChanged
        }
        "/api/studies/{study}/share" => Act::StudyShared,
        "/api/studies/{study}/reject" => Act::StudyRejected,
        "/api/studies/{study}/correct" => Act::StudyCorrected,
        "/api/studies/{study}/labels" => Act::StudyLabelled,
        "/api/studies/{study}/export" | "/api/export" => Act::StudyExported,
        _ if is_read || route.contains("/subscribers/") => Act::StudiesQueried,
        _ if route.starts_with("/dicomweb/workitems") => Act::CaseChanged,
        _ if is_dicomweb && *method == Method::DELETE => Act::StudyRejected,
        _ if is_dicomweb => Act::StudyReceived,
        "/api/import" | "/api/uploads" | "/api/uploads/{id}" => Act::StudyReceived,
        // Somebody reached for what is an administrator's, or came from another page.
        _ => Act::SecurityAlert,
    })
}

impl Witness {
    /// Lets the request through and writes down what it leaves behind.
    pub(super) async fn watch(&self, door: &Door, request: Request, next: Next) -> Response {
        let asked = Asked::of(&request);
        let response = next.run(request).await;
        self.write(door, asked, response).await
    }

    /// Writes down a request that is not let through.
    pub(super) async fn refuse(&self, door: &Door, request: Request, error: ApiError) -> Response {
        self.write(door, Asked::of(&request), error.into_response()).await
    }

    async fn write(&self, door: &Door, asked: Asked, response: Response) -> Response {
        let Some(event) = asked.event(&response) else { return response };
        let who = asked.person.map_or_else(|| asked.bearer_from.unwrap_or_default(), |person| person.name);
        // What lies in a key is bounded: names by `users`, the note by the routes there are.
        let key = (who, event.note.clone(), event.study.clone(), event.outcome == Outcome::Done);
        if self.is_known(&key) {
            return response;
        }
        match door.audit.record(event).await {
            Ok(_) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, tasks::now());
                response
            }
            Err(error) => ApiError::from(error).into_response(),
        }
    }

    fn is_known(&self, key: &Key) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).is_some_and(|at| tasks::now().since(*at) < AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_told_by_its_names_alone() {
        assert_eq!(shape("text=DUPONT&limit=5&text=X&%3Cb%3E=1"), "by limit, text");
        assert_eq!(shape(""), "");
    }

    #[test]
    fn a_refusal_is_what_the_request_would_have_been() {
        let of = |method: Method, route| refused_act(&method, route);
        assert_eq!(of(Method::GET, "/api/audit"), Some(Act::LogRead));
        assert_eq!(of(Method::POST, "/api/users"), Some(Act::SecurityAlert));
        assert_eq!(of(Method::DELETE, "/dicomweb/studies/{study}"), Some(Act::StudyRejected));
        assert_eq!(of(Method::GET, "/dicomweb/studies/{study}/metadata"), None, "written by `studies`");
        assert_eq!(of(Method::GET, "/dicomweb/studies"), Some(Act::StudiesQueried));
    }
}
