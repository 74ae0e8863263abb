//! The portal's and the viewer's files, built in or from a folder (development), and the headers every answer carries.
//!
//! Large text files are stored brotli-compressed only (`name.br`): every browser takes them so on loopback and over TLS.

use super::{Door, PortalDoor};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{borrow::Cow, sync::OnceLock};

#[derive(rust_embed::Embed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Built;

struct Found {
    bytes: Cow<'static, [u8]>,
    is_brotli: bool,
}

fn find(door: &PortalDoor, path: &str) -> Option<Found> {
    let read = |path: &str| -> Option<Cow<'static, [u8]>> {
        match &door.config.portal.web_dir {
            // `path` was checked to have no dot segments.
            Some(dir) => std::fs::read(dir.join(path)).ok().map(Cow::Owned),
            None => Built::get(path).map(|file| file.data),
        }
    };
    if let Some(bytes) = read(path) {
        return Some(Found { bytes, is_brotli: false });
    }
    read(&format!("{path}.br")).map(|bytes| Found { bytes, is_brotli: true })
}

/// Whether the portal's files are there.
pub(super) fn is_built(door: &PortalDoor) -> bool {
    find(door, "index.html").is_some()
}

const NOT_BUILT: &str = "The portal is not built into this program.\n\
    Build it with `npm ci && npm run build && npm run ohif` in web/, then build the node again; `cargo demo` does both.\n\
    The API (/api) and DICOMweb (/dicomweb) work without it.\n";

/// Any path that is no route: a file, or a page of the portal.
pub(super) async fn file(State(door): State<Door>, request: Request) -> Response {
    std::future::ready(answer(&door, &request)).await
}

fn answer(door: &PortalDoor, request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if path.contains("..") || path.contains('\\') || path.contains('%') {
        return StatusCode::NOT_FOUND.into_response();
    }
    if path.starts_with("api/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let named = if path.is_empty() { "index.html" } else { path };
    if let Some(found) = find(door, named) {
        return send(door, named, found, request.headers());
    }
    // Pages of the portal and of the viewer are routes of theirs; files are not.
    let wants_page = named.rsplit('/').next().is_some_and(|last| !last.contains('.'));
    let page = if named == "ohif" || named.starts_with("ohif/") { "ohif/index.html" } else { "index.html" };
    match find(door, page) {
        Some(found) if wants_page => send(door, page, found, request.headers()),
        None if wants_page => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn send(door: &PortalDoor, path: &str, found: Found, headers: &HeaderMap) -> Response {
    let accepts_brotli = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .any(|v| v.split(',').any(|e| e.trim().starts_with("br")));
    if found.is_brotli && !accepts_brotli {
        return (StatusCode::NOT_ACCEPTABLE, "this file is sent with Content-Encoding: br only\n").into_response();
    }
    let etag = format!("\"{}\"", blake3::hash(&found.bytes).to_hex().get(..24).unwrap_or_default());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(&etag));
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { Body::from(found.bytes).into_response() };
    let out = response.headers_mut();
    let mut set = |name, value: &str| HeaderValue::from_str(value).map(|v| out.insert(name, v)).is_ok();
    set(header::CONTENT_TYPE, media_type(path));
    set(header::ETAG, &etag);
    set(header::VARY, "Accept-Encoding");
    let immutable = is_hashed(path);
    set(header::CACHE_CONTROL, if immutable { "public, max-age=31536000, immutable" } else { "no-cache" });
    if found.is_brotli {
        set(header::CONTENT_ENCODING, "br");
    }
    if path.ends_with(".html") {
        set(header::CONTENT_SECURITY_POLICY, &policy(door, path));
    }
    response
}

/// Whether a file's name carries a hash of its content (`name.0123abcd.js`, `name-0123abcd.js`).
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let parts = name.split(['.', '-']);
    path.starts_with("assets/")
        || parts.skip(1).any(|part| part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    }
}

/// The viewer's inline scripts are allowed by their hashes, which its preparation wrote beside it.
fn policy(door: &PortalDoor, path: &str) -> String {
    static VIEWER_HASHES: OnceLock<String> = OnceLock::new();
    let hashes =
        if path.starts_with("ohif/") { VIEWER_HASHES.get_or_init(|| viewer_hashes(door)).as_str() } else { "" };
    // The viewer shows encapsulated documents from blobs.
    let objects = if path.starts_with("ohif/") { "'self' blob:" } else { "'none'" };
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self' blob: data:; font-src 'self' data:; \
         object-src {objects}; frame-src {objects}; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )
}

fn viewer_hashes(door: &PortalDoor) -> String {
    let bytes = find(door, "ohif/csp.json").map(|f| f.bytes).unwrap_or_default();
    let list: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut hashes = String::new();
    let entries = list.as_array().or_else(|| list.get("script_hashes").and_then(|v| v.as_array()));
    for hash in entries.into_iter().flatten().filter_map(|v| v.as_str()) {
        let hash = hash.trim_matches('\'');
        if hash.starts_with("sha256-") {
            hashes.push_str(&format!(" '{hash}'"));
        }
    }
    hashes
}

/// Headers that every answer of the web door carries.
pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        assert!(is_hashed("assets/index-Bx3.js"));
        assert!(is_hashed("ohif/app.bundle.5a1b2c3d4e5f60718293.js"));
        for path in ["index.html", "ohif/app-config.js", "ohif/bridge.mjs", "ohif/previews.mjs", "ohif/index.html"] {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
