//! A small HTTP client for the demo: a node's control socket, or its portal over TCP with a bearer token.

use crate::tasks::Tasks;
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// Bytes of an answer that are taken: more than any object of the demo has.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A request that takes longer has failed.
const ANSWER_S: u64 = 30;

/// Whom to ask.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Control(PathBuf),
    Portal(SocketAddr),
}

/// Asks one node, over one connection that is opened again when it is gone.
#[derive(Debug)]
pub(crate) struct Client {
    place: Place,
    bearer: Option<String>,
    tasks: Tasks,
    connection: Option<http1::SendRequest<Full<Bytes>>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(place: Place, bearer: Option<String>, tasks: &Tasks) -> Self {
        Self { place, bearer, tasks: tasks.clone(), connection: None }
    }

    /// Asks and takes whatever answer comes.
    pub(crate) async fn ask(&mut self, method: Method, path: &str, accept: &str, body: Bytes) -> Result<Answer> {
        let asked = timeout(Duration::from_secs(ANSWER_S), self.exchange(method.clone(), path, accept, body)).await;
        let answer = asked.unwrap_or_else(|_| bail!("no answer within {ANSWER_S} s"));
        if answer.is_err() {
            // Half an answer may still be on it.
            self.connection = None;
        }
        answer.with_context(|| format!("{method} {path}"))
    }

    async fn exchange(&mut self, method: Method, path: &str, accept: &str, body: Bytes) -> Result<Answer> {
        let mut sender = match self.connection.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let host = match &self.place {
            Place::Control(_) => "localhost".to_owned(),
            Place::Portal(address) => address.to_string(),
        };
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
        request = request.header(header::ACCEPT, accept);
        if let Some(bearer) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let answer = sender.send_request(request.body(Full::new(body))?).await?;
        let status = answer.status();
        let content_type = answer.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let content_type = content_type.to_owned();
        let limited = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
        let body = limited.collect().await.map_err(|e| anyhow::anyhow!("the answer broke off: {e}"))?.to_bytes();
        self.connection = Some(sender);
        Ok(Answer { status, content_type, body })
    }

    async fn connect(&self) -> Result<http1::SendRequest<Full<Bytes>>> {
        match &self.place {
            Place::Control(path) => self.shake(UnixStream::connect(path).await?).await,
            Place::Portal(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                self.shake(stream).await
            }
        }
    }

    async fn shake<S>(&self, stream: S) -> Result<http1::SendRequest<Full<Bytes>>>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        self.tasks.spawn("demo connection", async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the demo ended");
            }
        });
        Ok(sender)
    }

    /// JSON to JSON; any status but success is an error with the node's own sentence.
    pub(crate) async fn api(&mut self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let answer = self.ask(method.clone(), path, "application/json", bytes).await?;
        if !answer.status.is_success() {
            bail!("{method} {path}: {} {}", answer.status.as_u16(), answer.text());
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("{method} {path}: not JSON"))
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Value> {
        self.api(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Result<Value> {
        self.api(Method::POST, path, &body).await
    }
}

impl Answer {
    /// The beginning of the answer, for a sentence.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().filter(|c| !c.is_control()).take(300).collect()
    }

    /// The bytes of the one part of a multipart answer, or the answer itself where it has no parts.
    pub(crate) fn part(&self) -> Result<Bytes> {
        if !self.content_type.to_ascii_lowercase().starts_with("multipart/") {
            return Ok(self.body.clone());
        }
        let boundary = self.content_type.split(';').find_map(|p| p.trim().strip_prefix("boundary="));
        let boundary = format!("--{}", boundary.context("no boundary")?.trim_matches('"'));
        let begin = find(&self.body, boundary.as_bytes(), 0).context("no part")?;
        let head = find(&self.body, b"\r\n\r\n", begin).context("a part without its header's end")? + 4;
        let close = format!("\r\n{boundary}");
        let end = find(&self.body, close.as_bytes(), head).context("a part without its end")?;
        Ok(self.body.slice(head..end))
    }
}

fn find(bytes: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let first = *wanted.first()?;
    let mut at = 0;
    while let Some(step) = rest.get(at..)?.iter().position(|byte| *byte == first) {
        at += step;
        if rest.get(at..)?.starts_with(wanted) {
            return Some(from + at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_between_its_boundaries() {
        let answer = Answer {
            status: StatusCode::OK,
            content_type: "multipart/related; type=\"application/dicom\"; boundary=\"b1\"".to_owned(),
            body: Bytes::from_static(b"--b1\r\nContent-Type: application/dicom\r\n\r\nab\r\n-c\r\n--b1--\r\n"),
        };
        assert_eq!(answer.part().unwrap(), "ab\r\n-c");
        let plain = Answer { content_type: "application/dicom".to_owned(), ..answer };
        assert_eq!(plain.part().unwrap(), plain.body);
    }
}
