//! What goes with a request beside its images: attached by the requesting site, opened by whoever may read the case.
//!
//! What strangers made is given so that no browser runs any of it: by the type that its content has, in a sandbox without
//! scripts, a document as a download.
//!
//! # Not here
//! Its way to the other sites: `desk`.

use super::{
    Door,
    cases::{event, named, told},
    cases_json::CaseJson,
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    cases::{AttachError, Doing, may, takes_part},
    studies::StudyError,
    trust::Action,
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::BytesRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use protocol::case::event::{ATTACHMENT_BYTES_MAX, Attachment, Media};
use serde::Deserialize;

/// Read of a body: what is a little too large is refused with the reason.
const BODY_BYTES_MAX: usize = ATTACHMENT_BYTES_MAX as usize + (1 << 20);
/// Seconds after which what is on its way is asked for again.
const RETRY_S: u32 = 5;
/// Nothing in it runs, loads or leads anywhere.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'";

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/cases/{case}/attachments", post(attach).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
        .route("/cases/{case}/attachments/{attachment}", get(open))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Called {
    /// What the file is called, on one line.
    #[serde(default)]
    name: String,
}

/// PDF, JPEG or PNG by its content, at most 10 MiB, at most 20 of one case. The same bytes twice are there once.
#[utoipa::path(post, path = "/api/cases/{case}/attachments", operation_id = "attach_to_case",
    params(("case" = String, Path), Called), request_body(content_type = "application/octet-stream"),
    responses((status = 200, body = CaseJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)))]
pub(super) async fn attach(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Query(called): Query<Called>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CaseJson>, ApiError> {
    if !takes_part(&caller.0) {
        return Err(ApiError::Refused(protocol::Refusal::Role));
    }
    let (name, whole) = named(&door, &case)?;
    let us = door.identity.site();
    if ![Doing::Asking, Doing::Preparing].into_iter().any(|doing| may(&caller.0, &whole, &us, doing)) {
        return Err(ApiError::Refused(protocol::Refusal::Role));
    }
    let bytes = body.map_err(|_| AttachError::TooLarge)?;
    let whole = door.cases.attach(name, caller.0.actor(), &called.name, bytes).await?;
    told(&door, &caller, &whole).await
}

#[utoipa::path(get, path = "/api/cases/{case}/attachments/{attachment}", operation_id = "open_attachment",
    params(("case" = String, Path), ("attachment" = String, Path, description = "its digest")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody, description = "it is on its way from the requesting site")))]
pub(super) async fn open(
    State(door): State<Door>,
    caller: Caller,
    Path((case, attachment)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.may(Action::ListStudies)?;
    let (name, whole) = named(&door, &case)?;
    let digest = event(&attachment).map_err(|_| ApiError::NotFound)?;
    let attached = whole.state.attachments.iter().find(|one| one.what.digest == digest).ok_or(ApiError::NotFound)?;
    let read = door.cases.attachment(digest).await?;
    let bytes = read.ok_or(ApiError::Study(StudyError::Waiting { retry_s: RETRY_S }))?;
    let written = Event::new(Act::AttachmentOpened, caller.0.actor()).basis(name).amount(1, bytes.len() as u64);
    door.audit.record(written.note(digest.to_string())).await?;
    let headers = [
        (header::CONTENT_TYPE, attached.what.media.name().to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&attached.what)),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::OK, headers, bytes).into_response())
}

/// Its name with the ending that its content has (RFC 6266, RFC 8187): what is saved opens as what it is.
fn disposition(what: &Attachment) -> String {
    let (kind, endings): (_, &[&str]) = match what.media {
        Media::Pdf => ("attachment", &[".pdf"]),
        Media::Jpeg => ("inline", &[".jpg", ".jpeg"]),
        Media::Png => ("inline", &[".png"]),
    };
    let lower = what.name.to_lowercase();
    let has_ending = endings.iter().any(|ending| lower.ends_with(ending));
    let name = if has_ending { what.name.clone() } else { format!("{}{}", what.name, endings[0]) };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let exact: String = name
        .bytes()
        .map(|byte| if is_plain(char::from(byte)) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

/// Status and stable word.
pub(super) fn outside(error: &AttachError) -> (StatusCode, &'static str) {
    match error {
        AttachError::OtherContent => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "other-content"),
        AttachError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
        AttachError::Name => (StatusCode::BAD_REQUEST, "malformed"),
        AttachError::Io(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        AttachError::Case(why) => super::cases_sign::outside(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_has_the_ending_of_its_content_and_no_line_of_its_own() {
        let named = |media, name: &str| {
            disposition(&Attachment { digest: protocol::Digest([0; 32]), bytes: 1, media, name: name.to_owned() })
        };
        assert_eq!(
            named(Media::Pdf, "courrier é.PDF"),
            "attachment; filename=\"courrier__.PDF\"; filename*=UTF-8''courrier%20%C3%A9.PDF"
        );
        assert_eq!(named(Media::Jpeg, "photo.jpeg"), "inline; filename=\"photo.jpeg\"; filename*=UTF-8''photo.jpeg");
        let hostile = named(Media::Png, "a\"; x=\"b.html");
        assert!(hostile.ends_with("%22%3B%20x%3D%22b.html.png"), "{hostile}");
        assert!(!hostile[8..].contains("x=\""), "{hostile}");
    }
}
