//! The table of routes, and what holds for all of them.

use super::{DicomwebDoor, asker::Desk, bulkdata, frames, metadata, qido, rendered, stow, wado};
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::Predicate},
};

pub(super) fn router(door: DicomwebDoor) -> Router {
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(JsonOnly);
    Router::new()
        .merge(tree())
        .nest("/contexts/{context}", tree())
        .layer(compression)
        .layer(from_fn(manners))
        .with_state(Arc::new(Desk::new(door)))
}

fn tree() -> Router<Arc<Desk>> {
    let instance = "/studies/{study}/series/{series}/instances/{instance}";
    let at = |tail: &str| format!("{instance}{tail}");
    Router::new()
        .route("/studies", get(qido::studies).post(stow::store))
        .route("/series", get(qido::all_series))
        .route("/instances", get(qido::all_instances))
        .route("/studies/{study}", get(wado::study).post(stow::store))
        .route("/studies/{study}/metadata", get(metadata::study))
        .route("/studies/{study}/series", get(qido::study_series))
        .route("/studies/{study}/instances", get(qido::study_instances))
        .route("/studies/{study}/thumbnail", get(rendered::thumbnail))
        .route("/studies/{study}/series/{series}", get(wado::series))
        .route("/studies/{study}/series/{series}/metadata", get(metadata::series))
        .route("/studies/{study}/series/{series}/instances", get(qido::series_instances))
        .route("/studies/{study}/series/{series}/thumbnail", get(rendered::thumbnail))
        .route(instance, get(wado::instance))
        .route(&at("/metadata"), get(metadata::instance))
        .route(&at("/frames/{frames}"), get(frames::frames))
        .route(&at("/frames/{frames}/rendered"), get(rendered::rendered))
        .route(&at("/frames/{frames}/thumbnail"), get(rendered::thumbnail))
        .route(&at("/rendered"), get(rendered::rendered))
        .route(&at("/thumbnail"), get(rendered::thumbnail))
        .route(&at("/bulkdata/{*path}"), get(bulkdata::bulkdata))
}

/// Pixels are noise to a compressor and already compressed: it halves their speed for nothing.
#[derive(Clone, Copy, Debug)]
struct JsonOnly;

impl Predicate for JsonOnly {
    fn should_compress<B: axum::body::HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        let media = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let is_json = media.starts_with("application/dicom+json") || media.starts_with("application/json");
        // Below a packet's size it saves nothing.
        is_json && response.body().size_hint().exact().is_none_or(|bytes| bytes > 1024)
    }
}

/// Answers OPTIONS and sets the headers that every answer has.
async fn manners(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        let stores = request
            .uri()
            .path()
            .trim_end_matches('/')
            .rsplit_once("/studies")
            .is_some_and(|(_, rest)| !rest.contains("/series"));
        let allow = if stores { "GET, HEAD, POST, OPTIONS" } else { "GET, HEAD, OPTIONS" };
        (StatusCode::NO_CONTENT, [(header::ALLOW, allow)]).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}
