//! A plain HTTP/1.1 client: one connection a request unless a [`Client`] is kept.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
pub use hyper::Method;
use hyper::{Request, StatusCode, header, header::HeaderMap};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet};

/// No answer of a node takes longer, held frames included.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// What came back.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// From the request to the head of the answer.
    pub head_after: Duration,
    /// From the request to the end of the body.
    pub whole_after: Duration,
}

impl Response {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} not JSON ({error}): {}", self.status, self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Insists on success.
    #[must_use]
    pub fn ok(self) -> Self {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self
    }

    /// A header as text; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The stable word of an API error; empty where there is none.
    #[must_use]
    pub fn error_code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self.header("content-type", "application/json")
    }

    #[must_use]
    pub fn body(mut self, kind: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// As a machine client.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

/// A kept connection.
#[derive(Debug)]
pub struct Client {
    sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
    host: String,
    _connection: JoinSet<()>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { sender, host: address.to_string(), _connection: tasks })
    }

    /// Asks and reads the whole answer.
    ///
    /// # Errors
    /// When the connection breaks or no answer comes within a minute.
    pub async fn ask(&mut self, ask: Ask) -> anyhow::Result<Response> {
        tokio::time::timeout(ANSWER_WITHIN, self.ask_patiently(ask)).await?
    }

    /// Asks, and leaves the body of the answer unread: it may have no end.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn head(&mut self, ask: Ask) -> anyhow::Result<StatusCode> {
        let request = self.request(ask)?;
        self.sender.ready().await?;
        Ok(tokio::time::timeout(ANSWER_WITHIN, self.sender.send_request(request)).await??.status())
    }

    /// Asks for what is told line by line as JSON; each line with when it came, counted from the question.
    ///
    /// # Errors
    /// As [`Self::ask`], and where a line is no JSON.
    pub async fn lines(&mut self, ask: Ask) -> anyhow::Result<Vec<(Duration, Value)>> {
        let request = self.request(ask)?;
        self.sender.ready().await?;
        let began = Instant::now();
        let mut body = tokio::time::timeout(ANSWER_WITHIN, self.sender.send_request(request)).await??.into_body();
        let (mut lines, mut waiting) = (Vec::new(), Vec::new());
        while let Some(frame) = tokio::time::timeout(ANSWER_WITHIN, body.frame()).await? {
            let after = began.elapsed();
            if let Some(bytes) = frame?.data_ref() {
                waiting.extend_from_slice(bytes);
            }
            while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = waiting.drain(..=end).collect();
                lines.push((after, serde_json::from_slice(&line)?));
            }
        }
        Ok(lines)
    }

    fn request(&self, ask: Ask) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(ask.method).uri(ask.path).header(header::HOST, &self.host);
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        Ok(request.body(Full::new(ask.body))?)
    }

    async fn ask_patiently(&mut self, ask: Ask) -> anyhow::Result<Response> {
        let request = self.request(ask)?;
        let began = Instant::now();
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let head_after = began.elapsed();
        let body = body.collect().await?.to_bytes();
        Ok(Response { status: head.status, headers: head.headers, body, head_after, whole_after: began.elapsed() })
    }
}

/// Asks on a connection of its own.
///
/// # Errors
/// As [`Client::connect`] and [`Client::ask`].
pub async fn ask(address: SocketAddr, ask: Ask) -> anyhow::Result<Response> {
    Client::connect(address).await?.ask(ask).await
}
