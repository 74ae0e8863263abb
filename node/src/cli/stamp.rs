//! A time-stamp (RFC 3161) over the head of a bundle, asked of an authority outside.
//!
//! Only a hash leaves. The answer proves itself, so that the way to it need not be a secret one: `http` and `https`.

use crate::{
    audit::stamp::{STAMP_BYTES_MAX, Unstamped, check, question, token},
    tasks::Tasks,
    x509::Authorities,
};
use anyhow::Context as _;
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::ServerName;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use url::Url;

/// An authority answers at once.
const WHOLE: Duration = Duration::from_secs(30);

/// Asks, and puts the token into the bundle.
pub(super) async fn add(bundle: &mut Value, url: &Url) -> anyhow::Result<()> {
    let head = bundle["head"].as_str().and_then(|head| BASE64.decode(head.as_bytes()).ok()).unwrap_or_default();
    let asked = tokio::time::timeout(WHOLE, exchange(url, question(&head, rand::random())));
    let answer = match asked.await {
        Ok(answer) => answer.with_context(|| url.to_string())?,
        Err(_) => bail!("{url}: no answer in time" | "{url} : pas de réponse à temps"),
    };
    let token = token(&answer).filter(|token| {
        // Of this very head; by whom is asked when it is checked.
        matches!(check(token, &head, &Authorities::default()), Ok(_) | Err(Unstamped::Unknown))
    });
    let Some(token) = token else {
        bail!(
            "{url}: it gave no time-stamp over what was asked"
                | "{url} : aucun horodatage n'a été donné de ce qui était demandé"
        );
    };
    bundle["timestamp"] = json!(BASE64.encode(&token));
    Ok(())
}

async fn exchange(url: &Url, question: Vec<u8>) -> anyhow::Result<Bytes> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port)).await?;
    match url.scheme() {
        "http" => over(stream, url, question).await,
        "https" => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            let made = ClientConfig::builder_with_provider(Arc::new(default_provider()));
            let made = made.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
            let name = ServerName::try_from(bare.to_owned())?;
            over(TlsConnector::from(Arc::new(made)).connect(name, stream).await?, url, question).await
        }
        _ => bail!("only http and https are asked" | "seuls http et https sont demandés"),
    }
}

async fn over<S>(stream: S, url: &Url, question: Vec<u8>) -> anyhow::Result<Bytes>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let authority = url.authority().rsplit('@').next().unwrap_or_default().to_owned();
    let request = Request::post(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/timestamp-query")
        .header(header::ACCEPT, "application/timestamp-reply")
        .body(Full::new(Bytes::from(question)))?;
    // It ends with its sender; a broken one shows in the answer that does not come.
    Tasks::default().spawn("time-stamp", connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    ensure!(status.is_success(), "it answers {status}" | "réponse {status}");
    let read = Limited::new(answer.into_body(), STAMP_BYTES_MAX).collect().await;
    Ok(read.map_err(anyhow::Error::from_boxed)?.to_bytes())
}
