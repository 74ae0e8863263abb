//! Who asks, for what, under which root: taken from a request once, before any route acts.

use super::{
    DicomwebDoor,
    accept::{self, MediaRange},
    error::Problem,
    frames::FrameMaps,
    metadata::Shelf,
    query,
    ups::{self, Subscribers},
};
use crate::{
    audit::{Act, Event},
    studies::OpenStudy,
    tasks,
    trust::Person,
};
use axum::{
    extract::{FromRequestParts, OriginalUri, RawPathParams},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use lru::LruCache;
use protocol::{Timestamp, Uid, ids::Id128};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Pictures decoded at once: each may take a few hundred MiB for a moment.
const DECODES_MAX: usize = 2;
/// Series whose metadata are encoded at once: bounds memory, and two cores do not do more at a time.
const ENCODES_MAX: usize = 4;
/// STOW requests at once; each spools to disk as fast as it comes.
const STOWS_MAX: usize = 8;
/// Shapes of query remembered, over all persons.
const SHAPES_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);
/// A shape not asked for so long is written down again.
const SHAPE_AGE_MAX: Duration = Duration::from_secs(30 * 60);

/// The door with what it remembers between requests.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) door: DicomwebDoor,
    pub(super) metadata: Shelf,
    pub(super) maps: FrameMaps,
    pub(super) decodes: Arc<Semaphore>,
    pub(super) encodes: Semaphore,
    pub(super) stows: Semaphore,
    pub(super) subscribers: Subscribers,
    /// Turns at channels of subscribers.
    pub(super) channels: Arc<Semaphore>,
    /// Shapes of query that were written down, by person.
    asked: Mutex<LruCache<(String, String), Timestamp>>,
}

impl Desk {
    pub(super) fn new(door: DicomwebDoor) -> Self {
        Self {
            door,
            metadata: Shelf::default(),
            maps: FrameMaps::default(),
            decodes: Arc::new(Semaphore::new(DECODES_MAX)),
            encodes: Semaphore::new(ENCODES_MAX),
            stows: Semaphore::new(STOWS_MAX),
            subscribers: Subscribers::default(),
            channels: ups::channels(),
            asked: Mutex::new(LruCache::new(SHAPES_MAX)),
        }
    }
}

/// A request's caller and target.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) desk: Arc<Desk>,
    pub(super) person: Person,
    /// The studies of the reading context, when one was named.
    pub(super) within: Option<Arc<[Uid]>>,
    /// URL of the DICOMweb root asked, without a slash at its end.
    pub(super) root: String,
    pub(super) headers: HeaderMap,
    /// Only the head of the answer is asked for: nothing is fetched, decoded or encoded for it.
    pub(super) head_only: bool,
    pub(super) query: String,
    params: HashMap<String, String>,
}

impl FromRequestParts<Arc<Desk>> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Problem> {
        let person = parts.extensions.get::<Person>().cloned().ok_or(Problem::SignedOut)?;
        let raw =
            RawPathParams::from_request_parts(parts, desk).await.map_err(|_| Problem::bad("the path is not UTF-8"))?;
        let params: HashMap<String, String> = raw.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let within = match params.get("context") {
            None => None,
            Some(text) => {
                let id: Id128 = text.parse().map_err(|_| Problem::NotFound)?;
                Some(desk.door.studies.context(&person, &id).ok_or(Problem::NotFound)?)
            }
        };
        let original = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |o| &o.0);
        let mount = original.path().strip_suffix(parts.uri.path()).unwrap_or_default();
        let root = format!("{}{mount}", origin(parts, desk.door.https));
        Ok(Self {
            desk: desk.clone(),
            person,
            within,
            root,
            headers: parts.headers.clone(),
            head_only: parts.method == Method::HEAD,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            params,
        })
    }
}

/// `scheme://host` as the caller wrote it; empty, for URLs relative to the host, where it wrote none or a strange one.
fn origin(parts: &Parts, https: bool) -> String {
    let host = parts.headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(|a| a.as_str())).unwrap_or_default();
    let legal = !host.is_empty()
        && host.len() <= 255
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    if !legal {
        return String::new();
    }
    let forwarded = parts.headers.get("x-forwarded-proto").is_some_and(|p| p == "https");
    let scheme = if https || forwarded { "https" } else { "http" };
    format!("{scheme}://{host}")
}

impl Asker {
    /// Writes down that the person asks lists by these attributes: once per shape of query while it is in use.
    pub(super) async fn write_queried(&self, shape: String) -> Result<(), Problem> {
        let (key, now) = ((self.person.name.clone(), shape), tasks::now());
        {
            let mut asked = self.desk.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let is_known = asked.get(&key).is_some_and(|at| now.since(*at) < SHAPE_AGE_MAX);
            if is_known {
                asked.put(key, now);
                return Ok(());
            }
        }
        let event = Event::new(Act::StudiesQueried, self.person.actor()).note(format!("DICOMweb, by {}", key.1));
        let written = self.desk.door.audit.record(event).await;
        written.map_err(|e| Problem::Internal(format!("the query cannot be logged: {e}")))?;
        self.desk.asked.lock().unwrap_or_else(PoisonError::into_inner).put(key, now);
        Ok(())
    }

    /// A parameter of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    fn uid(&self, name: &str) -> Result<Uid, Problem> {
        Uid::parse(self.param(name)).map_err(|_| Problem::bad(format!("the {name} is not a UID")))
    }

    /// The study of the path, if the context holds it.
    pub(super) fn study(&self) -> Result<Uid, Problem> {
        let study = self.uid("study")?;
        match &self.within {
            Some(within) if !within.contains(&study) => Err(Problem::NotFound),
            _ => Ok(study),
        }
    }

    pub(super) fn series(&self) -> Result<Uid, Problem> {
        self.uid("series")
    }

    pub(super) fn instance(&self) -> Result<Uid, Problem> {
        self.uid("instance")
    }

    pub(super) async fn open(&self) -> Result<Arc<OpenStudy>, Problem> {
        let study = self.study()?;
        Ok(self.desk.door.studies.open(&self.person, &study).await?)
    }

    /// The same request as if its path named these too.
    pub(super) fn toward(mut self, named: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.params.extend(named.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self
    }

    /// The same request with another query, as if it accepted this alone.
    pub(super) fn asking(mut self, accept: &str, query: String) -> Self {
        self.headers.remove(header::ACCEPT);
        if let Ok(value) = HeaderValue::from_str(accept) {
            self.headers.insert(header::ACCEPT, value);
        }
        self.query = query;
        self
    }

    /// The value of a query parameter.
    pub(super) fn asked(&self, name: &str) -> Result<Option<String>, Problem> {
        Ok(query::pairs(&self.query)?.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }

    /// What the caller accepts.
    pub(super) fn accepted(&self) -> Result<Vec<MediaRange>, Problem> {
        Ok(accept::accepted(&self.headers, self.asked("accept")?.as_deref()))
    }

    /// The JSON media type, or 406 before any work is done.
    pub(super) fn json_type(&self) -> Result<&'static str, Problem> {
        accept::json(&self.headers, self.asked("accept")?.as_deref())
    }

    /// 304 where the caller has the answer with this tag. To be asked after the study was opened, never before.
    pub(super) fn unchanged(&self, etag: &str) -> Option<Response> {
        let known = self.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
        // Weak and strong tags compare alike here; the answer is told under the tag it was given out with.
        let known = known.flat_map(|v| v.split(',')).map(str::trim).find(|tag| strong(tag) == strong(etag))?;
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        tag(&mut response, known);
        Some(response)
    }

    /// A JSON answer with its ETag, or 304.
    pub(super) fn answer(&self, media: &'static str, body: bytes::Bytes, etag: Option<&str>) -> Response {
        let made;
        let etag = if let Some(etag) = etag {
            etag
        } else {
            made = etag_of(&[&body]);
            &made
        };
        self.unchanged(etag).unwrap_or_else(|| {
            let mut response = ([(header::CONTENT_TYPE, media)], body).into_response();
            tag(&mut response, etag);
            response
        })
    }
}

/// Puts an ETag on an answer.
pub(super) fn tag(response: &mut Response, etag: &str) {
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
}

/// The tag of an answer that is the same byte for byte as long as its parts are: ranges of it can be put together.
pub(super) fn strong(etag: &str) -> &str {
    etag.trim_start_matches("W/")
}

/// A weak ETag over these parts: the answer may be compressed on its way, or have another boundary each time.
pub(super) fn etag_of(parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    // Another version may encode the same objects otherwise.
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let hex: String = hasher.finalize().to_hex().chars().take(32).collect();
    format!("W/\"{hex}\"")
}
