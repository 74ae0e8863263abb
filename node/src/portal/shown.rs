//! What a viewer page has on its screen, told by the page: nobody else can tell what it shows from what it fetches ahead.
//!
//! # Not here
//! What comes first by that: `studies`. A viewer that tells nothing is taken to show what it asks for.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    signin::Caller,
    worklist::uid,
};
use crate::trust::Action;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::{Uid, ids::Id128};
use serde::Deserialize;
use utoipa::ToSchema;

/// Images on one screen: more viewports than a viewer divides it into.
const SHOWN_MAX: usize = 32;

/// What a page shows of one study.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShownJson {
    /// By what the page calls itself, at random: 32 hex digits in lower case.
    viewer: String,
    /// SOP Instance UIDs of the images in its viewports, 32 at most; empty: none, or no longer.
    shown: Vec<String>,
}

impl ShownJson {
    fn read(&self) -> Result<(Id128, Vec<Uid>), ApiError> {
        let viewer = self.viewer.parse().ok().filter(|id: &Id128| id.to_string() == self.viewer);
        let viewer = viewer.ok_or(ApiError::Bad("not an identifier (32 hex digits)"))?;
        if self.shown.len() > SHOWN_MAX {
            return Err(ApiError::Bad("there are too many of them"));
        }
        let shown = self.shown.iter().map(|text| Uid::parse(text).map_err(|_| ApiError::Bad("not a UID")));
        Ok((viewer, shown.collect::<Result<_, _>>()?))
    }
}

/// What a viewer page of the caller shows of a peer's study that the caller has open: it comes before all else. The last word of
/// a page counts, for a minute. Of a study that is here, or not open, nothing follows.
#[utoipa::path(post, path = "/api/studies/{study}/shown", operation_id = "tell_shown", params(("study" = String, Path)),
    request_body = ShownJson,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn say(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(told): Json<ShownJson>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ReadStudies)?;
    let (viewer, shown) = told.read()?;
    door.studies()?.show(&caller.0, &uid(&study)?, (viewer, &shown), &door.cases).await;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(viewer: &str, shown: &[&str]) -> Result<(Id128, Vec<Uid>), ApiError> {
        let shown = shown.iter().map(|text| (*text).to_owned()).collect();
        ShownJson { viewer: viewer.to_owned(), shown }.read()
    }

    #[test]
    fn a_page_and_the_images_on_its_screen_are_named() {
        let page = "0123456789abcdef0123456789abcdef";
        let (viewer, shown) = read(page, &["1.2.3", "1.2.4"]).unwrap();
        assert_eq!((viewer.to_string().as_str(), shown.len()), (page, 2));
        assert!(read(page, &[]).unwrap().1.is_empty());
        assert!(read(page, &["1.2.3"; SHOWN_MAX]).is_ok());
        assert!(read(page, &["1.2.3"; SHOWN_MAX + 1]).is_err());
        assert!(read(page, &["1.2.x"]).is_err());
        for wrong in ["", "0123", "0123456789ABCDEF0123456789ABCDEF", " 0123456789abcdef0123456789abcdef", "me"] {
            assert!(read(wrong, &[]).is_err(), "{wrong}");
        }
    }
}
