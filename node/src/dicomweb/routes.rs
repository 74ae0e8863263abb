//! The table of routes, and what holds for all of them.

use super::{
    DicomwebDoor, asker::Desk, bulkdata, capabilities, cors, error::Problem, frames, metadata, qido, reject, rendered,
    stow, ups, uri, wado,
};
use axum::{
    Router,
    extract::Request,
    handler::Handler,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post, put},
};
use std::sync::Arc;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::Predicate},
};

/// Where all of it stands on the web door.
const ROOT: &str = "/dicomweb";
/// What a resource allows that can only be read.
pub(super) const READ: &str = "GET, HEAD, OPTIONS";
/// What one allows that takes instances in, too.
pub(super) const STORE: &str = "GET, HEAD, POST, OPTIONS";
/// What one allows that can be read and rejected.
pub(super) const READ_REJECT: &str = "GET, HEAD, DELETE, OPTIONS";
/// What one allows that does all of it.
pub(super) const STORE_REJECT: &str = "GET, HEAD, POST, DELETE, OPTIONS";

pub(super) fn router(door: DicomwebDoor) -> Router {
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(JsonOnly);
    let root = || any(capabilities::root);
    let under_root = Router::new()
        .merge(tree())
        .merge(worklist())
        .nest("/contexts/{context}", tree())
        .route("/contexts/{context}/", root())
        .fallback(|| std::future::ready(Problem::NotFound));
    Router::new()
        .nest(ROOT, under_root)
        .route(&format!("{ROOT}/"), root())
        .layer(compression)
        .layer(from_fn(manners))
        .layer(from_fn_with_state(door.cors_origins.clone(), cors::across))
        .with_state(Arc::new(Desk::new(door)))
}

fn tree() -> Router<Arc<Desk>> {
    let instance = "/studies/{study}/series/{series}/instances/{instance}";
    let at = |tail: &str| format!("{instance}{tail}");
    Router::new()
        .route("/", any(capabilities::root))
        .route("/wado", read(uri::wado))
        .route("/studies", store(qido::studies))
        .route("/series", read(qido::all_series))
        .route("/instances", read(qido::all_instances))
        .route("/studies/{study}", store_reject(wado::study))
        .route("/studies/{study}/metadata", read(metadata::study))
        .route("/studies/{study}/series", read(qido::study_series))
        .route("/studies/{study}/instances", read(qido::study_instances))
        .route("/studies/{study}/rendered", read(rendered::all))
        .route("/studies/{study}/thumbnail", read(rendered::thumbnail))
        .route("/studies/{study}/series/{series}", read_reject(wado::series))
        .route("/studies/{study}/series/{series}/metadata", read(metadata::series))
        .route("/studies/{study}/series/{series}/instances", read(qido::series_instances))
        .route("/studies/{study}/series/{series}/rendered", read(rendered::all))
        .route("/studies/{study}/series/{series}/thumbnail", read(rendered::thumbnail))
        .route(instance, read_reject(wado::instance))
        .route(&at("/metadata"), read(metadata::instance))
        .route(&at("/frames/{frames}"), read(frames::frames))
        .route(&at("/frames/{frames}/rendered"), read(rendered::rendered))
        .route(&at("/frames/{frames}/thumbnail"), read(rendered::thumbnail))
        .route(&at("/rendered"), read(rendered::rendered))
        .route(&at("/thumbnail"), read(rendered::thumbnail))
        .route(&at("/bulkdata/{*path}"), read(bulkdata::bulkdata))
}

/// The cases as workitems: of the whole node, never of a reading context.
fn worklist() -> Router<Arc<Desk>> {
    let only = |methods: MethodRouter<Arc<Desk>>, allowed: &'static str| {
        methods.options(move || allow(allowed)).fallback(move || refuse(allowed))
    };
    Router::new()
        .route("/workitems", only(get(ups::search).post(ups::create), STORE))
        .route("/workitems/{workitem}", only(get(ups::retrieve).post(ups::update), STORE))
        .route("/workitems/{workitem}/state", only(put(ups::state), "PUT, OPTIONS"))
        .route("/workitems/{workitem}/cancelrequest", only(post(ups::cancel), "POST, OPTIONS"))
        .route(
            "/workitems/{workitem}/subscribers/{subscriber}",
            only(post(ups::subscribe).delete(ups::unsubscribe), "POST, DELETE, OPTIONS"),
        )
        .route("/workitems/{workitem}/subscribers/{subscriber}/suspend", only(post(ups::suspend), "POST, OPTIONS"))
        .route("/subscribers/{subscriber}", only(get(ups::open), READ))
}

/// A resource that is read (GET and HEAD).
fn read<T: 'static>(handler: impl Handler<T, Arc<Desk>>) -> MethodRouter<Arc<Desk>> {
    get(handler).options(|| allow(READ)).fallback(|| refuse(READ))
}

/// A resource that is read and takes instances in.
fn store<T: 'static>(handler: impl Handler<T, Arc<Desk>>) -> MethodRouter<Arc<Desk>> {
    get(handler).post(stow::store).options(|| allow(STORE)).fallback(|| refuse(STORE))
}

/// A resource that is read and can be rejected.
fn read_reject<T: 'static>(handler: impl Handler<T, Arc<Desk>>) -> MethodRouter<Arc<Desk>> {
    let refused = || refuse(READ_REJECT);
    get(handler).delete(reject::reject).options(|| allow(READ_REJECT)).fallback(refused)
}

/// A study: read, taken in, rejected.
fn store_reject<T: 'static>(handler: impl Handler<T, Arc<Desk>>) -> MethodRouter<Arc<Desk>> {
    let refused = || refuse(STORE_REJECT);
    get(handler).post(stow::store).delete(reject::reject).options(|| allow(STORE_REJECT)).fallback(refused)
}

async fn allow(methods: &'static str) -> Response {
    std::future::ready((StatusCode::NO_CONTENT, [(header::ALLOW, methods)]).into_response()).await
}

async fn refuse(methods: &'static str) -> Problem {
    std::future::ready(Problem::Method(methods)).await
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

/// Whether the asker may keep an answer. A browser may stand on a shared post: nothing of a patient stays on its disk. A
/// program with a token may keep it, and asks for it again with its tag: who may no longer see a study is then told so.
fn keeping(asked: &HeaderMap) -> HeaderValue {
    let is_program = asked.contains_key(header::AUTHORIZATION) || !asked.contains_key(header::COOKIE);
    HeaderValue::from_static(if is_program { "private, no-cache" } else { "private, no-store" })
}

/// Sets the headers that every answer has.
async fn manners(request: Request, next: Next) -> Response {
    let keeping = keeping(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(keeping);
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Cookie"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_keeps_nothing_and_a_program_asks_again() {
        let with = |names: &[header::HeaderName]| {
            keeping(&names.iter().map(|name| (name.clone(), HeaderValue::from_static("x"))).collect())
        };
        assert_eq!(with(&[header::COOKIE]), "private, no-store");
        assert_eq!(with(&[header::AUTHORIZATION]), "private, no-cache");
        assert_eq!(with(&[header::AUTHORIZATION, header::COOKIE]), "private, no-cache");
    }
}
