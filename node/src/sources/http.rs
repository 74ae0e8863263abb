//! One HTTP exchange with a source (HTTP/1.1, over TLS where its URL says https), bounded in time and bytes.
//!
//! # Not here
//! What is asked and what answers mean: [`super::web`].

use super::{SourceError, record::WebAccess, secret::Secret};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, StatusCode, Uri, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// For the connection and its handshakes.
const CONNECT: Duration = Duration::from_secs(15);
/// For the head of an answer: a PACS may fetch a study from its own tape first.
const HEAD: Duration = Duration::from_secs(300);
/// Between two pieces of an answer.
pub(super) const PIECE: Duration = Duration::from_secs(60);
/// Where systems keep the authorities they believe.
const SYSTEM_CAS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// Asks; an answer that is no success is an error.
pub(super) async fn get(
    access: &WebAccess,
    secret: Option<&Secret>,
    path: &str,
    accept: &str,
) -> Result<Response<Incoming>, SourceError> {
    let uri: Uri = format!("{}{path}", access.url).parse().map_err(|_| SourceError::Unfit("not a URL"))?;
    let host = uri.host().ok_or(SourceError::Unfit("the URL names no host"))?.to_owned();
    let is_secured = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_secured { 443 } else { 80 });
    let authority = uri.authority().map_or_else(|| host.clone(), |a| a.as_str().to_owned());
    let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let mut request = Request::get(target).header(header::HOST, authority).header(header::ACCEPT, accept);
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, secret.header());
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| SourceError::Unfit("not a URL"))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let connecting = timeout(CONNECT, TcpStream::connect((bare, port)));
    let away = |error: &dyn std::fmt::Display| SourceError::Unreachable(error.to_string());
    let stream = connecting.await.map_err(|_| away(&"no connection in time"))?.map_err(|e| away(&e))?;
    let response = if is_secured {
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| SourceError::Unfit("not a host name"))?;
        let connector = TlsConnector::from(Arc::new(client(access.ca.as_deref())?));
        let shaken = timeout(CONNECT, connector.connect(name, stream)).await;
        let stream = shaken.map_err(|_| away(&"no TLS in time"))?.map_err(|e| away(&e))?;
        exchange(stream, request).await?
    } else {
        exchange(stream, request).await?
    };
    match response.status() {
        status if status.is_success() => Ok(response),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(SourceError::Refused("the source does not accept these credentials".to_owned()))
        }
        StatusCode::NOT_FOUND => Err(SourceError::NotThere),
        StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS => Err(SourceError::Unreachable(format!("it answers {}", response.status()))),
        status => Err(SourceError::Refused(format!("it answers {status}"))),
    }
}

async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, SourceError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let away = |error: &dyn std::fmt::Display| SourceError::Unreachable(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| away(&e))?;
    // The connection moves the body on; it ends with it, or when its reader is gone.
    crate::tasks::Tasks::default().spawn("source connection", async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a source broke");
        }
    });
    let response = timeout(HEAD, sender.send_request(request)).await;
    response.map_err(|_| away(&"no answer in time"))?.map_err(|e| away(&e))
}

/// A whole short answer.
pub(super) async fn whole(response: Response<Incoming>, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
    let mut body = response.into_body();
    let mut whole = Vec::new();
    loop {
        let frame = timeout(PIECE, body.frame()).await;
        let frame = frame.map_err(|_| SourceError::Broken("it stopped sending".to_owned()))?;
        let Some(frame) = frame else { return Ok(whole) };
        let frame = frame.map_err(|error| SourceError::Broken(error.to_string()))?;
        if let Ok(piece) = frame.into_data() {
            if whole.len() + piece.len() > bytes_max {
                return Err(SourceError::Garbage("an answer over the bound".to_owned()));
            }
            whole.extend_from_slice(&piece);
        }
    }
}

fn client(ca: Option<&str>) -> Result<ClientConfig, SourceError> {
    let mut roots = RootCertStore::empty();
    for path in SYSTEM_CAS.iter().copied().filter(|path| Path::new(path).exists()).take(1).chain(ca) {
        let unreadable = |error: &dyn std::fmt::Display| SourceError::Here(format!("{path}: {error}"));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
            // The system's list may hold some that are not understood; the source's chain is judged by the others.
            let _ = roots.add(certificate.map_err(|e| unreadable(&e))?);
        }
    }
    let made = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SourceError::Here(error.to_string()))?;
    Ok(made.with_root_certificates(roots).with_no_client_auth())
}
