//! Syslog by TLS: RFC 5424 messages, counted in octets (RFC 5425 §4.3), to a collector whose certificate is checked.
//!
//! # Not here
//! Trying again: [`super`].

use crate::{
    audit::{Act, Event, Outcome},
    config::CollectorConfig,
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Facility 10, security/authorization (RFC 5424 §6.2.1).
const FACILITY: u8 = 10;
const NOTICE: u8 = 5;
const WARNING: u8 = 4;
/// A collector that takes longer over one batch is tried again.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A collector that does not want us says so in this time.
const REFUSED_WITHIN: Duration = Duration::from_millis(300);

/// Why a batch was not taken. The cause is a library's or the other side's words.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    File(String),
    #[error("the collector ended the connection: does it know our certificate?")]
    Refused,
    #[error("the collector gave no answer in time")]
    Late,
}

/// Appends one message with the count of its octets before it. The host is the site's name in printable ASCII.
pub(super) fn frame(into: &mut Vec<u8>, site: &str, event: &Event, xml: &str) {
    let is_grave = event.act == Act::SecurityAlert || event.outcome != Outcome::Done;
    let priority = FACILITY * 8 + if is_grave { WARNING } else { NOTICE };
    let host: String = site.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(255).collect();
    let at = super::message::time(event.at);
    // PS3.15 A.6.1: the message id tells what the message is; its text is UTF-8, which the mark says.
    let text = format!("<{priority}>1 {at} {host} confrere - DICOM+RFC3881 - \u{feff}{xml}");
    into.extend_from_slice(format!("{} ", text.len()).as_bytes());
    into.extend_from_slice(text.as_bytes());
}

/// Sends; when it returns the collector has read everything.
pub(super) async fn send(to: &CollectorConfig, frames: &[u8]) -> Result<(), SendError> {
    timeout(TIME_MAX, send_patiently(to, frames)).await.map_err(|_| SendError::Late)?
}

async fn send_patiently(to: &CollectorConfig, frames: &[u8]) -> Result<(), SendError> {
    let name = ServerName::try_from(to.host.clone()).map_err(|error| SendError::File(error.to_string()))?;
    // Read anew each time: a certificate that was renewed is shown from the next batch on.
    let connector = TlsConnector::from(Arc::new(client(to)?));
    let tcp = TcpStream::connect((to.host.as_str(), to.port)).await?;
    let mut stream = connector.connect(name, tcp).await?;
    let mut ignored = [0u8; 512];
    // By TLS 1.3 we are through before the collector has looked at what we show: one that does not want us ends now.
    if let Ok(early) = timeout(REFUSED_WITHIN, stream.read(&mut ignored)).await {
        early?;
        return Err(SendError::Refused);
    }
    stream.write_all(frames).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    // An end without close_notify may be anybody's, and is an error here.
    while stream.read(&mut ignored).await? > 0 {}
    // One that had not read all of it when it ended resets the connection.
    let (tcp, _) = stream.get_mut();
    while tcp.read(&mut ignored).await? > 0 {}
    Ok(())
}

fn client(to: &CollectorConfig) -> Result<ClientConfig, SendError> {
    let mut roots = RootCertStore::empty();
    for authority in chain(&to.ca)? {
        roots.add(authority)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    Ok(match (&to.certificate, &to.key) {
        (Some(certificate), Some(key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            builder.with_client_auth_cert(chain(certificate)?, key)?
        }
        _ => builder.with_no_client_auth(),
    })
}

fn unreadable(path: &Path, error: &rustls_pki_types::pem::Error) -> SendError {
    SendError::File(format!("{}: {error}", path.display()))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, SendError> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
    certificates.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))
}
