//! The node a command acts on: a running one through its control socket, or the folder itself. Both answer the same API.

use crate::{
    media::{Frames, Piece},
    site::{self, Lock, LockError, Site},
    tasks::Tasks,
};
use anyhow::Context;
use axum::{Router, body::Body};
use http_body_util::BodyExt;
use hyper::{Method, Request, Response, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tokio::net::UnixStream;
use tower::ServiceExt;

/// A node that holds the folder but does not answer yet is starting: it has so long.
const STARTING_MAX: Duration = Duration::from_secs(10);
/// Longest line of an answer that comes line by line, bytes.
const LINE_BYTES_MAX: usize = 1 << 20;

enum Way {
    Running(http1::SendRequest<Body>),
    Folder { site: Box<Site>, routes: Router },
}

pub(super) struct Node {
    way: Way,
    tasks: Tasks,
}

impl Node {
    /// Asks the running node, or opens the folder where none runs.
    pub(super) async fn open(dir: &Path) -> anyhow::Result<Self> {
        let deadline = Instant::now() + STARTING_MAX;
        loop {
            if let Some(node) = Self::connect(dir).await? {
                return Ok(node);
            }
            match Lock::try_take(dir) {
                Err(LockError::Held { .. }) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                // A folder without a node says so below, in the words of the configuration.
                Ok(_) | Err(LockError::Io { .. }) => break,
                Err(held) => {
                    return Err(held).with_context(|| {
                        told!(
                            "a process holds the folder but does not answer"
                                | "un processus tient le dossier mais ne répond pas"
                        )
                    });
                }
            }
        }
        let site = Site::open(dir)?;
        Ok(Self { way: Way::Folder { routes: site.offline(), site: Box::new(site) }, tasks: Tasks::default() })
    }

    /// Asks the running node; for what needs one.
    pub(super) async fn running(dir: &Path) -> anyhow::Result<Self> {
        let deadline = Instant::now() + STARTING_MAX;
        loop {
            if let Some(node) = Self::connect(dir).await? {
                return Ok(node);
            }
            // Only a node, or a short command, holds the lock.
            let held = matches!(Lock::try_take(dir), Err(LockError::Held { .. }));
            if !held || Instant::now() > deadline {
                bail!(
                    "no node runs on {0}; start it with `confrere serve --dir {0}`"
                        | "aucun nœud ne tourne sur {0} ; démarrez-le par `confrere serve --dir {0}`",
                    dir.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// `None`: nobody is behind the control socket.
    pub(super) async fn connect(dir: &Path) -> anyhow::Result<Option<Self>> {
        crate::config::Config::load(dir)?;
        let Ok(path) = site::control_path(dir) else { return Ok(None) };
        let stream = match UnixStream::connect(&path.path).await {
            Ok(stream) => stream,
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(e).with_context(|| {
                    told!(
                        "the node runs as another user: use its account (sudo -u …)"
                            | "le nœud tourne sous un autre utilisateur : prenez son compte (sudo -u …)"
                    )
                });
            }
            Err(_) => return Ok(None),
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let tasks = Tasks::default();
        tasks.spawn("control connection", async move {
            // A broken connection shows in the answer that does not come.
            _ = connection.await;
        });
        Ok(Some(Self { way: Way::Running(sender), tasks }))
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Response<Body>> {
        self.send_as(method, path, body.map(|body| ("application/json", body.to_string()))).await
    }

    async fn send_as(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> anyhow::Result<Response<Body>> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "confrere");
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        let request = request.body(body.map_or_else(Body::empty, |(_, body)| Body::from(body)))?;
        let response = match &mut self.way {
            Way::Running(sender) => {
                sender
                    .ready()
                    .await
                    .with_context(|| told!("the node ended the conversation" | "le nœud a rompu la conversation"))?;
                sender
                    .send_request(request)
                    .await
                    .with_context(|| told!("the node did not answer" | "le nœud n'a pas répondu"))?
                    .map(Body::new)
            }
            Way::Folder { routes, .. } => match routes.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        match (told["message"].as_str(), told["reference"].as_str()) {
            (Some(message), Some(reference)) => bail!(
                "{message} (reference {reference} in the node's log)"
                    | "{message} (référence {reference} dans le journal du nœud)"
            ),
            (Some(message), None) => bail!("{message}"),
            _ => bail!("the node answered {status}" | "le nœud a répondu {status}"),
        }
    }

    /// Asks; an empty answer is `null`.
    pub(super) async fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let body = self.send(method, path, body).await?.into_body().collect().await?.to_bytes();
        if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
    }

    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for what is no JSON.
    pub(super) async fn text(&mut self, path: &str) -> anyhow::Result<String> {
        let body = self.send(Method::GET, path, None).await?.into_body().collect().await?.to_bytes();
        Ok(String::from_utf8(body.to_vec())?)
    }

    pub(super) async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// As `post`, with a body that is no JSON.
    pub(super) async fn post_text(&mut self, path: &str, kind: &str, body: String) -> anyhow::Result<Value> {
        let body = self.send_as(Method::POST, path, Some((kind, body))).await?.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }

    /// Asks for what is told line by line.
    pub(super) async fn lines(&mut self, path: &str, body: &Value, mut each: impl FnMut(Value)) -> anyhow::Result<()> {
        let mut body = self.send(Method::POST, path, Some(body)).await?.into_body();
        let mut waiting = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(bytes) = frame
                .with_context(|| told!("the node ended the conversation" | "le nœud a rompu la conversation"))?
                .into_data()
            else {
                continue;
            };
            for byte in bytes {
                if byte != b'\n' {
                    waiting.push(byte);
                    ensure!(
                        waiting.len() <= LINE_BYTES_MAX,
                        "the node's answer has too long a line" | "la réponse du nœud contient une ligne trop longue"
                    );
                } else if !waiting.is_empty() {
                    each(serde_json::from_slice(&waiting)?);
                    waiting.clear();
                }
            }
        }
        Ok(())
    }

    /// Asks for an export, piece by piece.
    pub(super) async fn pieces(
        &mut self,
        path: &str,
        body: &Value,
        mut each: impl FnMut(Piece) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut body = self.send(Method::POST, path, Some(body)).await?.into_body();
        let mut frames = Frames::default();
        while let Some(frame) = body.frame().await {
            let Ok(bytes) = frame
                .with_context(|| told!("the node ended the conversation" | "le nœud a rompu la conversation"))?
                .into_data()
            else {
                continue;
            };
            frames.push(&bytes);
            while let Some(piece) = frames.next().map_err(anyhow::Error::msg)? {
                each(piece)?;
            }
        }
        Ok(())
    }

    /// Ends the conversation, or closes the folder.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        if let Way::Folder { site, routes } = self.way {
            drop(routes);
            site.close().await?;
        } else {
            drop(self.way);
        }
        self.tasks.stop(Duration::from_secs(1)).await;
        Ok(())
    }
}

/// One segment of a path, percent-encoded.
pub(super) fn segment(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
