//! One exchange with the identity provider: HTTP/1.1 over TLS, bounded in time and bytes, never redirected.

use super::OidcError;
use crate::{
    config::{OidcConfig, may_be_asked},
    tasks::Tasks,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http1, header, header::HeaderValue};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use url::Url;

/// For a whole exchange: somebody waits at a sign-in page.
const WHOLE: Duration = Duration::from_secs(10);
/// Bytes of an answer: keys, tokens and claims are a few thousand.
const ANSWER_MAX: usize = 256 * 1024;

/// How the provider is reached.
#[derive(Debug)]
pub(super) struct Road {
    tls: Arc<ClientConfig>,
    http_here: bool,
    tasks: Tasks,
}

/// What is asked; with a form it is a POST.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) url: &'a Url,
    pub(super) authorization: Option<String>,
    pub(super) form: Option<String>,
}

impl<'a> Ask<'a> {
    pub(super) const fn get(url: &'a Url) -> Self {
        Self { url, authorization: None, form: None }
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Media type without its parameters, in lower case.
    pub(super) kind: String,
    /// When it was, by its clock.
    pub(super) date: Option<String>,
    pub(super) body: Vec<u8>,
}

fn away(what: &str, error: &dyn std::fmt::Display) -> OidcError {
    tracing::warn!(%error, "the identity provider: {what}");
    OidcError::Away
}

impl Road {
    /// # Errors
    /// When the authorities cannot be read.
    pub(super) fn new(config: &OidcConfig, tasks: &Tasks) -> io::Result<Self> {
        let tls = Arc::new(trusting(config.ca.as_deref())?);
        Ok(Self { tls, http_here: config.http_here, tasks: tasks.clone() })
    }

    /// Asks for the whole of a short answer.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, OidcError> {
        if !may_be_asked(ask.url, self.http_here) {
            return Err(away("names a place that is not asked", ask.url));
        }
        match timeout(WHOLE, self.exchange(ask)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(away("cannot be asked", &error)),
            Err(elapsed) => Err(away("does not answer", &elapsed)),
        }
    }

    async fn exchange(&self, ask: Ask<'_>) -> io::Result<Answer> {
        let host = ask.url.host_str().ok_or_else(|| io::Error::other("no host"))?;
        let port = ask.url.port_or_known_default().ok_or_else(|| io::Error::other("no port"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let authority = ask.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let request = request(ask, &authority)?;
        let stream = TcpStream::connect((bare, port)).await?;
        if request.1 {
            let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
            let stream = TlsConnector::from(self.tls.clone()).connect(name, stream).await?;
            return self.over(stream, request.0).await;
        }
        self.over(stream, request.0).await
    }

    async fn over<S>(&self, stream: S, request: Request<Full<Bytes>>) -> io::Result<Answer>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let stop = self.tasks.stop_token();
        // It ends with its sender; a broken one shows in the answer that does not come.
        self.tasks.spawn("identity provider", async move { stop.run_until_cancelled(connection).await });
        let (head, mut body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Ok(piece) = frame.map_err(io::Error::other)?.into_data() {
                if whole.len() + piece.len() > ANSWER_MAX {
                    return Err(io::Error::other("an answer over the bound"));
                }
                whole.extend_from_slice(&piece);
            }
        }
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let date = head.headers.get(header::DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok(Answer { status: head.status, kind, date, body: whole })
    }
}

/// The request, and whether it goes by TLS.
fn request(ask: Ask<'_>, authority: &str) -> io::Result<(Request<Full<Bytes>>, bool)> {
    let target =
        ask.url.query().map_or_else(|| ask.url.path().to_owned(), |query| format!("{}?{query}", ask.url.path()));
    let method = if ask.form.is_some() { hyper::Method::POST } else { hyper::Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/json, application/jwt")
        .header(header::USER_AGENT, concat!("confrere/", env!("CARGO_PKG_VERSION")));
    if let Some(text) = ask.authorization {
        let mut value = HeaderValue::try_from(text).map_err(io::Error::other)?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    if ask.form.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let body = Full::new(Bytes::from(ask.form.unwrap_or_default()));
    Ok((request.body(body).map_err(io::Error::other)?, ask.url.scheme() == "https"))
}

/// The authorities named, or else the system's.
fn trusting(ca: Option<&Path>) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in CertificateDer::pem_file_iter(path).map_err(io::Error::other)? {
                roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
            }
        }
        None => _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    }
    let made = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(made.with_root_certificates(roots).with_no_client_auth())
}
