//! Requests to an object store that speaks S3: signed, over TLS, bounded in time, bytes and number, and sent again where
//! the fault is the road's or the store's own.
//!
//! Whoever asks waits in a thread of its own; the exchange is a task. Connections are kept for the next request.
//!
//! # Not here
//! Which objects: [`super::bucket`].

use super::{
    Away,
    sign::{self, Credentials, Signed},
};
use crate::{config::BucketConfig, tasks::Tasks};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};
use tokio::{net::TcpStream, sync::Semaphore, time::timeout};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// For a connection and its handshakes.
const CONNECT: Duration = Duration::from_secs(10);
/// From the first byte sent to the head of the answer: a part on a slow line.
const HEAD: Duration = Duration::from_secs(180);
/// Between two pieces of an answer.
const PIECE: Duration = Duration::from_secs(60);
/// Tries of a request, and the pause after the first; it doubles.
const TRIES: u32 = 4;
const PAUSE_MS: u64 = 200;
/// Requests at once: each may hold a part.
const REQUESTS_MAX: usize = 8;
/// Bytes of an answer that is no object.
pub(super) const TEXT_MAX: usize = 1 << 20;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// Name of the object; empty: the bucket.
    pub(super) object: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    /// A longer answer is a fault.
    pub(super) answer_max: usize,
}

impl Ask {
    pub(super) fn new(method: Method, object: impl Into<String>) -> Self {
        let (query, headers) = (Vec::new(), Vec::new());
        Self { method, object: object.into(), query, headers, body: Bytes::new(), answer_max: TEXT_MAX }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the checksum that the store compares and keeps.
    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.headers.push(("x-amz-checksum-sha256", checksum(&body)));
        self.body = body;
        self
    }
}

/// SHA-256 as S3 writes it.
pub(super) fn checksum(bytes: &[u8]) -> String {
    BASE64.encode(&HEXLOWER.decode(sign::sha256(bytes).as_bytes()).unwrap_or_default())
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// The text of an element of the answer, the first of its name.
    pub(super) fn element(&self, name: &str) -> Option<&str> {
        element(std::str::from_utf8(&self.body).ok()?, name)
    }

    /// What a refusal means for everything else that is asked; `None`: nothing.
    fn away(&self) -> Option<Away> {
        if self.status.is_success() {
            return None;
        }
        let code = self.element("Code").unwrap_or_default();
        match (self.status, code) {
            (_, "RequestTimeTooSkewed") => Some(Away::Clock),
            (_, "NoSuchBucket") => Some(Away::Bucket),
            (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") => Some(Away::Region),
            (StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT, _) => Some(Away::Region),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Some(Away::Credentials),
            _ => None,
        }
    }

    fn is_worth_a_retry(&self) -> bool {
        let is_theirs = self.status.is_server_error() && self.status != StatusCode::NOT_IMPLEMENTED;
        let is_later = matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        is_theirs || is_later || !self.status.is_success() && self.element("Code") == Some("RequestTimeout")
    }
}

/// The text between an element's tags, the first of its name.
pub(super) fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inside, _)| inside)
}

type Sender = SendRequest<Full<Bytes>>;

/// A store's bucket and how to reach it.
#[derive(Debug)]
pub(super) struct Client {
    at: BucketConfig,
    tls: Option<Arc<ClientConfig>>,
    credentials: Credentials,
    idle: Mutex<Vec<Sender>>,
    at_once: Semaphore,
    tasks: Tasks,
}

impl Client {
    /// # Errors
    /// When the credentials or the authority cannot be read.
    pub(super) fn new(at: &BucketConfig, tasks: &Tasks) -> io::Result<Self> {
        let text = Zeroizing::new(std::fs::read_to_string(&at.credentials)?);
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (Some(id), Some(secret), None) = (lines.next(), lines.next(), lines.next()) else {
            return Err(io::Error::other("archive.cold_credentials is not an access key ID and a secret, a line each"));
        };
        let credentials = Credentials { id: id.to_owned(), secret: Zeroizing::new(secret.to_owned()) };
        let tls = if at.tls { Some(Arc::new(trusting(at)?)) } else { None };
        let (idle, at_once) = (Mutex::default(), Semaphore::new(REQUESTS_MAX));
        Ok(Self { at: at.clone(), tls, credentials, idle, at_once, tasks: tasks.clone() })
    }

    /// Asks, and waits (blocking). Refusals of one object are answers.
    ///
    /// # Errors
    /// Where nothing else would fare better.
    pub(super) fn ask(self: &Arc<Self>, ask: Ask) -> Result<Answer, Away> {
        let (tell, told) = mpsc::sync_channel(1);
        let shared = self.clone();
        self.tasks.spawn("cold store", async move {
            let stop = shared.tasks.stop_token();
            let answer = tokio::select! {
                answer = shared.ask_often(&ask) => answer,
                () = stop.cancelled() => Err(Away::Silent),
            };
            // Nobody waits any more when the node is gone.
            let _ = tell.send(answer);
        });
        told.recv().unwrap_or(Err(Away::Silent))
    }

    /// Whether what fails now may fail because the node stops.
    pub(super) fn is_stopping(&self) -> bool {
        self.tasks.stop_token().is_cancelled()
    }

    async fn ask_often(&self, ask: &Ask) -> Result<Answer, Away> {
        let _one = self.at_once.acquire().await.map_err(|_| Away::Silent)?;
        let mut tried = 0;
        loop {
            tried += 1;
            match self.ask_once(ask).await {
                Ok(answer) if !answer.is_worth_a_retry() => {
                    return match answer.away() {
                        None => Ok(answer),
                        Some(away) => {
                            let code = answer.element("Code").unwrap_or_default();
                            tracing::debug!(status = %answer.status, code, "the object store refuses");
                            Err(away)
                        }
                    };
                }
                Ok(answer) => tracing::debug!(status = %answer.status, tried, "the object store fails"),
                Err(error) => tracing::debug!(%error, tried, "the object store was not reached"),
            }
            if tried >= TRIES {
                return Err(Away::Silent);
            }
            let pause = PAUSE_MS << tried.saturating_sub(1);
            tokio::time::sleep(Duration::from_millis(pause + rand::random_range(0..=pause / 2))).await;
        }
    }

    async fn ask_once(&self, ask: &Ask) -> io::Result<Answer> {
        let kept = lock(&self.idle).pop();
        if let Some(mut sender) = kept.filter(|sender| !sender.is_closed())
            && sender.ready().await.is_ok()
            && let Ok(response) = self.exchange(&mut sender, ask).await
        {
            return self.whole(response, sender, ask.answer_max).await;
        }
        // None was kept, or the store had closed it meanwhile.
        let mut sender = timeout(CONNECT, self.connect()).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let response = self.exchange(&mut sender, ask).await?;
        self.whole(response, sender, ask.answer_max).await
    }

    async fn connect(&self) -> io::Result<Sender> {
        let stream = TcpStream::connect((self.at.server(), self.at.port)).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else {
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
            self.drive(connection);
            return Ok(sender);
        };
        let name = ServerName::try_from(self.at.server()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(tls.clone()).connect(name, stream).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        self.drive(connection);
        Ok(sender)
    }

    /// A connection ends with its sender, or with the node; a broken one shows in the answer that does not come.
    fn drive(&self, connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
        let stop = self.tasks.stop_token();
        self.tasks.spawn("cold store", async move { stop.run_until_cancelled(connection).await });
    }

    async fn exchange(&self, sender: &mut Sender, ask: &Ask) -> io::Result<Response<Incoming>> {
        let request = self.request(ask)?;
        timeout(HEAD, sender.send_request(request))
            .await
            .map_err(|_| io::ErrorKind::TimedOut)?
            .map_err(io::Error::other)
    }

    fn request(&self, ask: &Ask) -> io::Result<Request<Full<Bytes>>> {
        let path = format!("{}{}", self.at.base(), sign::encoded(&ask.object, true));
        let pairs: Vec<(&str, &str)> = ask.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let query = sign::query(&pairs);
        let civil = crate::tasks::civil(crate::tasks::now());
        let (day, time) = civil.split_at_checked(8).unwrap_or_default();
        let at = format!("{day}T{time}Z");
        let payload = sign::sha256(&ask.body);
        let mut headers: BTreeMap<&'static str, String> = ask.headers.iter().cloned().collect();
        headers.insert("host", self.at.authority());
        headers.insert("x-amz-date", at.clone());
        headers.insert("x-amz-content-sha256", payload.clone());
        let signed =
            Signed { method: ask.method.as_str(), path: &path, query: &query, headers: &headers, payload: &payload };
        let authorization = sign::authorization(&self.credentials, &self.at.region, &at, &signed);
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let mut request = Request::builder().method(ask.method.clone()).uri(target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.header("authorization", authorization);
        request.body(Full::new(ask.body.clone())).map_err(io::Error::other)
    }

    async fn whole(&self, response: Response<Incoming>, sender: Sender, bytes_max: usize) -> io::Result<Answer> {
        let (head, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        loop {
            let frame = timeout(PIECE, body.frame()).await.map_err(|_| io::ErrorKind::TimedOut)?;
            let Some(frame) = frame else { break };
            if let Ok(piece) = frame.map_err(io::Error::other)?.into_data() {
                if bytes.len() + piece.len() > bytes_max {
                    return Err(io::Error::other("an answer over the bound"));
                }
                bytes.extend_from_slice(&piece);
            }
        }
        let mut idle = lock(&self.idle);
        if idle.len() < REQUESTS_MAX {
            idle.push(sender);
        }
        drop(idle);
        Ok(Answer { status: head.status, headers: head.headers, body: Bytes::from(bytes) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn trusting(at: &BucketConfig) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &at.ca {
        let more = CertificateDer::pem_file_iter(path).map_err(io::Error::other)?;
        roots.add_parsable_certificates(more.filter_map(Result::ok));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn error(status: u16, code: &str) -> Answer {
        answer(status, &format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>x</Message></Error>"))
    }

    #[test]
    fn a_refusal_says_what_is_wrong_with_the_whole_tier_or_nothing() {
        let of = |status, code| error(status, code).away();
        assert_eq!(of(403, "SignatureDoesNotMatch"), Some(Away::Credentials));
        assert_eq!(of(403, "RequestTimeTooSkewed"), Some(Away::Clock));
        assert_eq!(of(404, "NoSuchBucket"), Some(Away::Bucket));
        assert_eq!(of(301, "PermanentRedirect"), Some(Away::Region));
        assert_eq!(of(400, "AuthorizationHeaderMalformed"), Some(Away::Region));
        assert_eq!(answer(403, "").away(), Some(Away::Credentials), "HEAD has no body");
        assert_eq!(of(404, "NoSuchKey"), None);
        assert_eq!(answer(206, "<Code>NoSuchBucket</Code>").away(), None, "bytes of an object");
    }

    #[test]
    fn what_is_the_stores_own_fault_is_tried_again() {
        for (status, code) in [(500, "InternalError"), (503, "SlowDown"), (429, ""), (400, "RequestTimeout")] {
            assert!(error(status, code).is_worth_a_retry(), "{status} {code}");
        }
        for (status, code) in
            [(400, "EntityTooSmall"), (403, "AccessDenied"), (404, "NoSuchKey"), (501, "NotImplemented")]
        {
            assert!(!error(status, code).is_worth_a_retry(), "{status} {code}");
        }
    }

    #[test]
    fn elements_are_found_and_what_is_no_answer_is_none() {
        assert_eq!(element("<a><UploadId>x-1</UploadId></a>", "UploadId"), Some("x-1"));
        assert_eq!(element("<UploadId>x-1", "UploadId"), None);
        assert_eq!(answer(200, "\u{1}").element("Code"), None);
    }
}
