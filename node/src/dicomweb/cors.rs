//! Web pages of other origins (Fetch standard, CORS): those that the configuration names may ask, with a token in the
//! Authorization header. All others' browsers are told nothing, and keep the answers from them.
//!
//! # Not here
//! Cookies: `Access-Control-Allow-Credentials` is never sent, so that no other page can read what a session would be shown.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// How long a browser may remember a preflight, seconds: a change of the settings is seen within it.
const PREFLIGHT_AGE_S: &str = "600";
const METHODS: &str = "GET, HEAD, POST, OPTIONS";
const ASKED_WITH: &str = "Accept, Authorization, Content-Type, If-None-Match, If-Range, Range";
const READABLE: &str = "Accept-Ranges, Allow, Content-Location, Content-Range, ETag, Retry-After, Warning";

/// The layer around all routes.
pub(super) async fn across(State(origins): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    if origins.is_empty() {
        return next.run(request).await;
    }
    let asked = request.headers().get(header::ORIGIN);
    let origin = asked.filter(|o| origins.iter().any(|known| known.as_bytes() == o.as_bytes())).cloned();
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if is_preflight => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return response };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let mut tell = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    if is_preflight {
        tell(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        tell(header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED_WITH);
        tell(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE_S);
    } else {
        tell(header::ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
    }
    response
}
