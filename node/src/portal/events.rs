//! Live news as server-sent events: the list, transfers, peers, pairings, agreements.
//!
//! A slow reader misses events rather than holding anything up; it then gets a `list` event without a study, which
//! means "ask again".

use super::{
    Door, amendments_json,
    cases_row::CaseNotice,
    error::ApiError,
    json,
    signin::{Caller, Presented},
    transfers::Transfer,
};
use crate::{
    cases::News,
    overlay::OverlayEvent,
    studies::StudiesEvent,
    trust::{Action, Person, TrustEvent},
};
use axum::{
    Extension,
    extract::State,
    response::sse::{self, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use std::{convert::Infallible, time::Duration};
use tokio::sync::watch;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

#[utoipa::path(get, path = "/api/events", responses((status = 200, content_type = "text/event-stream")))]
pub(super) async fn stream(
    State(door): State<Door>,
    caller: Caller,
    session: Option<Extension<Presented>>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>> + Send>, ApiError> {
    let may_list = caller.may(Action::ListStudies).is_ok();
    let may_administer = caller.may(Action::Administer).is_ok();
    let studies = BroadcastStream::new(door.studies()?.events())
        .filter_map(move |event| std::future::ready(if may_list { Some(studies_event(event)) } else { None }));
    let pairings = door.clone();
    let overlay = BroadcastStream::new(door.overlay()?.events()).filter_map(move |event| {
        std::future::ready(if may_administer { overlay_event(&pairings, event) } else { None })
    });
    let trust = BroadcastStream::new(door.trust.events()).filter_map(move |event| {
        std::future::ready(if may_administer || is_roster(&event) { trust_event(event) } else { None })
    });
    let stopping = door.tasks.clone();
    let session = session.map(|Extension(presented)| presented.id());
    let mut endings = door.users.endings();
    let (told, person) = (door.clone(), caller.0.clone());
    let cases = BroadcastStream::new(door.cases.news())
        .filter_map(move |news| std::future::ready(may_list.then(|| case_news(&told, &person, news))));
    let admin = futures::stream::select(overlay, trust);
    let all = futures::stream::select(futures::stream::select(studies, cases), admin)
        .filter_map(|event| std::future::ready(event.map(Ok)))
        .take_until(async move {
            tokio::select! {
                () = stopping.stopping() => {}
                () = ended(&door, &caller.0.name, session, &mut endings) => {}
            }
        });
    Ok(Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Resolves when the session has been ended; never without one.
async fn ended(door: &Door, name: &str, session: Option<String>, endings: &mut watch::Receiver<()>) {
    let Some(session) = session else { return std::future::pending().await };
    while door.users.goes_on(name, &session) {
        if endings.changed().await.is_err() {
            return;
        }
    }
}

type Received<T> = Result<T, BroadcastStreamRecvError>;

fn named(name: &str, body: impl serde::Serialize) -> Option<sse::Event> {
    sse::Event::default().event(name).json_data(body).ok()
}

fn studies_event(event: Received<StudiesEvent>) -> Option<sse::Event> {
    match event {
        Ok(StudiesEvent::List(study)) => named("list", serde_json::json!({ "study": study.map(|s| s.to_string()) })),
        Ok(StudiesEvent::Amended(notice)) => named("amended", amendments_json::Notice::from(notice)),
        Ok(StudiesEvent::Conflicts) => named("conflicts", serde_json::json!({})),
        Ok(StudiesEvent::Transfer(row)) => named("transfer", Transfer::from(row)),
        Err(BroadcastStreamRecvError::Lagged(_)) => named("list", serde_json::json!({ "study": null })),
    }
}

/// The last of the events that came; whoever hears of it asks for the case.
fn case_news(door: &Door, person: &Person, news: Received<News>) -> Option<sse::Event> {
    match news {
        Ok(News::Case { case, events, .. }) => {
            let whole = door.cases.case(&case)?;
            let notice = CaseNotice::of(door, &whole, &events)?;
            named("case", notice)
        }
        Ok(News::Heard { person: heard }) => (heard == person.name).then(|| named("alerts", serde_json::json!({})))?,
        Ok(News::Settings) | Err(BroadcastStreamRecvError::Lagged(_)) => named("cases", serde_json::json!({})),
    }
}

fn overlay_event(door: &Door, event: Received<OverlayEvent>) -> Option<Option<sse::Event>> {
    match event {
        Ok(OverlayEvent::Pairing(id)) => {
            let pairing = door.overlay.as_ref()?.pairings().into_iter().find(|p| p.id == id)?;
            Some(named("pairing", json::Pairing::from(pairing)))
        }
        Ok(OverlayEvent::Contact(site) | OverlayEvent::DirectoryReset { holder: site }) => {
            Some(named("peers", serde_json::json!({ "site": site.to_string() })))
        }
        Ok(OverlayEvent::Directory { .. } | OverlayEvent::Amended { .. } | OverlayEvent::CaseRefused { .. }) => None,
        Err(_) => Some(named("peers", serde_json::json!({}))),
    }
}

/// Who is on duty is for all to know.
fn is_roster(event: &Received<TrustEvent>) -> bool {
    matches!(event, Ok(TrustEvent::RosterChanged))
}

fn trust_event(event: Received<TrustEvent>) -> Option<Option<sse::Event>> {
    let name = match event {
        Ok(
            TrustEvent::PeerAdded(_)
            | TrustEvent::PeerChanged(_)
            | TrustEvent::PeerRevoked(_)
            | TrustEvent::KeysChanged(_)
            | TrustEvent::KeysPart(_),
        )
        | Err(_) => "peers",
        Ok(TrustEvent::AgreementChanged { .. } | TrustEvent::AgreementEnded { .. }) => "agreements",
        Ok(TrustEvent::KeepingChanged { .. }) => "keepings",
        Ok(TrustEvent::RosterChanged) => "rosters",
        Ok(
            TrustEvent::GrantChanged { .. }
            | TrustEvent::GrantRevoked { .. }
            | TrustEvent::DutyChanged { .. }
            | TrustEvent::RosterTold { .. },
        ) => return None,
    };
    Some(named(name, serde_json::json!({})))
}
