//! Files that a browser brings for an import: a medium in somebody's own workstation needs no shell on the node's.
//!
//! They lie under `uploads/`, in a folder of whoever brought them, under the names they had on the medium, so that its
//! DICOMDIR finds them. Nothing of them counts before it is imported. They go when they are said to be done with, when
//! nobody touched them for [`IDLE`] and another upload begins, and at every start.
//!
//! # At a crash
//! What was uploaded is lost; what was imported of it is not.
//!
//! # Not here
//! Taking in: [`super::import`]. Going on with a file that broke off: it is sent again.

use super::{Door, error::ApiError, error::ErrorBody, signin::Caller};
use crate::{archive::IngestError, trust::Action};
use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::StatusCode,
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::io::AsyncWriteExt;

/// Uploads at once, of all who are signed in.
const UPLOADS_MAX: usize = 8;
/// Files of one upload: a medium has some thousands.
const FILES_MAX: u64 = 100_000;
/// Bytes of one upload: more than a double-layer Blu-ray.
const BYTES_MAX: u64 = 64 << 30;
/// Parts of a file's path, and bytes of each.
const PARTS_MAX: usize = 16;
const PART_BYTES_MAX: usize = 255;
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// A body that says nothing for so long is broken off.
const SILENCE_MAX: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Upload {
    person: String,
    files: u64,
    bytes: u64,
    touched: Instant,
}

/// What is being brought. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    dir: PathBuf,
    open: Arc<Mutex<HashMap<String, Upload>>>,
}

impl Uploads {
    /// Empties the folder: whoever had brought something brings it again.
    pub(crate) fn open(site: &std::path::Path) -> Self {
        let dir = site.join("uploads");
        if let Err(error) = fs::remove_dir_all(&dir)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "left-over uploads could not be removed");
        }
        Self { dir, open: Arc::default() }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where an upload of this person lies.
    pub(super) fn folder(&self, id: &str, person: &str) -> Option<PathBuf> {
        let mut all = self.all();
        let upload = all.get_mut(id).filter(|upload| upload.person == person)?;
        upload.touched = Instant::now();
        Some(self.dir.join(id))
    }

    fn begin(&self, person: &str) -> Result<String, ApiError> {
        let mut all = self.all();
        let idle: Vec<String> =
            all.iter().filter(|(_, upload)| upload.touched.elapsed() > IDLE).map(|(id, _)| id.clone()).collect();
        for id in idle {
            all.remove(&id);
            self.remove(&id);
        }
        if all.len() >= UPLOADS_MAX {
            return Err(ApiError::Bad("too many uploads are open"));
        }
        let id = crate::tasks::random_id().to_string();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(self.dir.join(&id)).map_err(IngestError::from)?;
        let upload = Upload { person: person.to_owned(), files: 0, bytes: 0, touched: Instant::now() };
        all.insert(id.clone(), upload);
        Ok(id)
    }

    fn remove(&self, id: &str) {
        if let Err(error) = fs::remove_dir_all(self.dir.join(id))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an upload could not be removed");
        }
    }

    fn end(&self, id: &str, person: &str) -> Result<(), ApiError> {
        let mut all = self.all();
        all.get(id).filter(|upload| upload.person == person).ok_or(ApiError::NotFound)?;
        all.remove(id);
        drop(all);
        self.remove(id);
        Ok(())
    }

    /// Counts a file or bytes before they are written.
    fn count(&self, id: &str, files: u64, bytes: u64) -> Result<(), ApiError> {
        let mut all = self.all();
        let upload = all.get_mut(id).ok_or(ApiError::NotFound)?;
        upload.touched = Instant::now();
        upload.files += files;
        upload.bytes = upload.bytes.saturating_add(bytes);
        match upload.files > FILES_MAX || upload.bytes > BYTES_MAX {
            true => Err(ApiError::Ingest(IngestError::TooLarge("an upload"))),
            false => Ok(()),
        }
    }
}

/// An upload that was begun.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Begun {
    id: String,
}

#[utoipa::path(post, path = "/api/uploads", responses((status = 200, body = Begun)))]
pub(super) async fn begin(State(door): State<Door>, caller: Caller) -> Result<Json<Begun>, ApiError> {
    caller.may(Action::StoreStudies)?;
    let (uploads, person) = (door.uploads.clone(), caller.0.name);
    let begun = door.tasks.spawn_blocking("upload", move || uploads.begin(&person)).await;
    Ok(Json(Begun { id: begun.map_err(io::Error::other).map_err(IngestError::from)?? }))
}

#[utoipa::path(delete, path = "/api/uploads/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn end(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::StoreStudies)?;
    let (uploads, person) = (door.uploads.clone(), caller.0.name);
    let ended = door.tasks.spawn_blocking("upload", move || uploads.end(&id, &person)).await;
    ended.map_err(io::Error::other).map_err(IngestError::from)??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Named {
    /// The file's path on the medium.
    name: String,
}

/// A path below the upload's folder; `None` where it would lead elsewhere.
fn below(name: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for (n, part) in name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").enumerate() {
        let is_unfit = part == ".." || part.len() > PART_BYTES_MAX || part.chars().any(char::is_control);
        if is_unfit || n >= PARTS_MAX {
            return None;
        }
        path.push(part);
    }
    (path.components().count() > 0).then_some(path)
}

#[utoipa::path(put, path = "/api/uploads/{id}", params(("id" = String, Path), Named),
    request_body(content_type = "application/octet-stream"),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Query(named): Query<Named>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::StoreStudies)?;
    let folder = door.uploads.folder(&id, &caller.0.name).ok_or(ApiError::NotFound)?;
    let path = folder.join(below(&named.name).ok_or(ApiError::Bad("not a path on a medium"))?);
    door.uploads.count(&id, 1, 0)?;
    let disk = |error: io::Error| ApiError::Ingest(IngestError::from(error));
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(disk)?;
    }
    let mut file = tokio::fs::File::create(&path).await.map_err(disk)?;
    let mut pieces = body.into_data_stream();
    loop {
        let piece = tokio::time::timeout(SILENCE_MAX, pieces.next()).await;
        let piece = piece.map_err(|_| ApiError::Bad("the file came to a halt"))?;
        let Some(piece) = piece else { break };
        let piece = piece.map_err(|_| ApiError::Bad("the file broke off"))?;
        let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        door.uploads.count(&id, 0, bytes)?;
        if door.archive.free_bytes()? < door.config.archive.free_bytes_min.saturating_add(bytes) {
            return Err(ApiError::Ingest(IngestError::NoSpace));
        }
        file.write_all(&piece).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        assert_eq!(below("CD/DICOM/IM 1"), Some(PathBuf::from("CD/DICOM/IM 1")));
        assert_eq!(below("/etc/passwd"), Some(PathBuf::from("etc/passwd")));
        assert_eq!(below("a\\b"), Some(PathBuf::from("a/b")));
        for unfit in ["", "/", "a/../../b", "..", "a/\u{0}", &"x/".repeat(17)] {
            assert_eq!(below(unfit), None, "{unfit}");
        }
    }

    #[test]
    fn an_upload_is_of_one_person_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(dir.path());
        let id = uploads.begin("amy").unwrap();
        let folder = uploads.folder(&id, "amy").unwrap();
        assert!(folder.is_dir() && uploads.folder(&id, "ben").is_none());
        assert!(uploads.end(&id, "ben").is_err() && folder.is_dir());
        assert!(uploads.count(&id, FILES_MAX, 0).is_ok() && uploads.count(&id, 1, 0).is_err());
        for _ in 1..UPLOADS_MAX {
            uploads.begin("ben").unwrap();
        }
        assert!(uploads.begin("ben").is_err());
        uploads.end(&id, "amy").unwrap();
        assert!(!folder.exists() && uploads.begin("ben").is_ok());
        assert!(dir.path().join("uploads").is_dir());
        drop(Uploads::open(dir.path()));
        assert!(!dir.path().join("uploads").exists(), "a start empties it");
    }
}
