//! A notice as JSON to a webhook, by HTTPS. Where a secret is set it is signed: `X-Confrere-Signature: t=T,v1=H`, H being
//! HMAC-SHA-256 in hex over T (milliseconds since 1970), a dot, and the body; the receiver refuses what is old.
//!
//! # Not here
//! Redirects: they are faults. Trying again: [`super::send`].

use super::{Inner, Notice, words};
use crate::{
    config::AlarmWebhook,
    tasks::{self, Tasks},
};
use aws_lc_rs::hmac;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use serde_json::json;
use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

pub(super) async fn send(inner: &Inner, tasks: &Tasks, to: &AlarmWebhook, notice: &Notice) -> Result<(), String> {
    let body = body(inner, notice).to_string();
    let mut request = Request::post(&to.path)
        .header(header::HOST, format!("{}:{}", to.host, to.port))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("confrere/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = &to.secret {
        let secret = Zeroizing::new(std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?);
        request = request.header("x-confrere-signature", signature(secret.trim_ascii(), tasks::now().0, &body));
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())?;
    let stream = TcpStream::connect((to.host.as_str(), to.port)).await.map_err(|e| e.to_string())?;
    if !to.tls {
        return ask(tasks, stream, request).await;
    }
    let name = ServerName::try_from(to.host.clone()).map_err(|e| e.to_string())?;
    let connector = TlsConnector::from(Arc::new(client(inner)?));
    ask(tasks, connector.connect(name, stream).await.map_err(|e| e.to_string())?, request).await
}

/// What the receiver gets. A gateway for messages or calls finds in `call` whom to ring up, and how urgent it is.
pub(super) fn body(inner: &Inner, notice: &Notice) -> serde_json::Value {
    let alarm = &notice.alarm;
    json!({
        "site": inner.site,
        "what": notice.what.word(),
        "kind": alarm.kind.word(),
        "subject": alarm.subject,
        "level": alarm.level.word(),
        "value": alarm.value,
        "since_ms": alarm.since.0,
        "text": words::sentence(notice, inner.language),
        "call": alarm.call,
    })
}

/// See the module's text.
pub(super) fn signature(secret: &[u8], at_ms: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{at_ms}.{body}").as_bytes());
    format!("t={at_ms},v1={}", data_encoding::HEXLOWER.encode(tag.as_ref()))
}

fn client(inner: &Inner) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &inner.config.tls_ca {
        let more = CertificateDer::pem_file_iter(path).map_err(|e| format!("{}: {e}", path.display()))?;
        roots.add_parsable_certificates(more.filter_map(Result::ok));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn ask<S>(tasks: &Tasks, stream: S, request: Request<Full<Bytes>>) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    let driving = tasks.spawn("alarm webhook", async move {
        // A broken connection shows in the answer that does not come.
        _ = connection.await;
    });
    let answer = sender.send_request(request).await.map_err(|e| e.to_string());
    driving.abort();
    let status = answer?.status();
    if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
}
