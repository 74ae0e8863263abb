//! DICOM over TLS (PS3.15 B.12, B.13: BCP 195): who must show what to whom.
//!
//! TLS 1.2 and 1.3, with forward secrecy and authenticated encryption only. Who calls us shows a certificate of our
//! authority, unless the configuration says otherwise; whom we call does too, under its name, or shows the very
//! certificate that an admin pinned for it. A handshake has ARTIM to end.
//!
//! # Not here
//! What an AE may do once it is there ([`super::caller`]).

use crate::{config::DimseTls, users::Fingerprint};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        CryptoProvider,
        aws_lc_rs::{self, cipher_suite},
    },
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("{0}: {1}")]
    File(PathBuf, String),
    #[error("TLS: {0}")]
    Rustls(#[from] Error),
    #[error("TLS: {0}")]
    Io(#[from] io::Error),
    #[error("TLS: {0}")]
    Verifier(String),
    #[error("TLS: the peer did not finish in time")]
    Silent,
    #[error("{0} is neither a name nor an address")]
    Name(String),
}

/// The cipher suites of BCP 195 (RFC 9325 §4.2), best first.
fn provider() -> Arc<CryptoProvider> {
    let suites = vec![
        cipher_suite::TLS13_AES_256_GCM_SHA384,
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];
    Arc::new(CryptoProvider { cipher_suites: suites, ..aws_lc_rs::default_provider() })
}

fn unreadable(path: &Path) -> impl Fn(rustls_pki_types::pem::Error) -> TlsError + '_ {
    |error| TlsError::File(path.to_owned(), error.to_string())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(unreadable(path))?;
    let all: Vec<_> = certificates.collect::<Result<_, _>>().map_err(unreadable(path))?;
    if all.is_empty() {
        Err(TlsError::File(path.to_owned(), "there is no certificate in it".to_owned()))
    } else {
        Ok(all)
    }
}

fn roots(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in chain(path)? {
        roots.add(authority)?;
    }
    Ok(Arc::new(roots))
}

/// A chain and its key; clones are made of the files' bytes.
#[derive(Debug)]
struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Own {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self { chain: chain(certificate)?, key: PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))? })
    }
}

/// What takes calls by TLS.
#[derive(Clone)]
pub(super) struct Taking(TlsAcceptor);

impl std::fmt::Debug for Taking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Taking")
    }
}

impl Taking {
    pub(super) fn read(config: &DimseTls) -> Result<Self, TlsError> {
        let own = Own::read(&config.certificate, &config.key)?;
        let provider = provider();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots(&config.ca)?, provider.clone());
        let verifier = if config.anonymous { verifier.allow_unauthenticated() } else { verifier };
        let verifier = verifier.build().map_err(|error| TlsError::Verifier(error.to_string()))?;
        let made = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(own.chain, own.key)?;
        Ok(Self(TlsAcceptor::from(Arc::new(made))))
    }

    /// Shakes hands with whoever connected.
    pub(super) async fn take(&self, stream: TcpStream, within: Duration) -> Result<TlsStream<TcpStream>, TlsError> {
        let shaken = timeout(within, self.0.accept(stream)).await.map_err(|_| TlsError::Silent)?;
        Ok(TlsStream::Server(shaken?))
    }
}

/// What we show to whom we call by TLS, and whom we believe.
#[derive(Clone, Debug)]
pub(crate) struct Calling(Arc<CallingParts>);

#[derive(Debug)]
struct CallingParts {
    own: Option<Own>,
    chain: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

impl Calling {
    /// `own`: certificate chain and key that we show where we are asked for them.
    pub(crate) fn read(ca: &Path, own: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        let provider = provider();
        let chain = WebPkiServerVerifier::builder_with_provider(roots(ca)?, provider.clone()).build();
        let chain = chain.map_err(|error| TlsError::Verifier(error.to_string()))?;
        let own = own.map(|(certificate, key)| Own::read(certificate, key)).transpose()?;
        Ok(Self(Arc::new(CallingParts { own, chain, provider })))
    }

    /// Shakes hands with `host`, which must show the pinned certificate where there is one.
    pub(super) async fn call(
        &self,
        stream: TcpStream,
        host: &str,
        pin: Option<Fingerprint>,
        within: Duration,
    ) -> Result<TlsStream<TcpStream>, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Name(host.to_owned()))?;
        let connector = TlsConnector::from(Arc::new(self.config(pin)?));
        let shaken = timeout(within, connector.connect(name, stream)).await.map_err(|_| TlsError::Silent)?;
        Ok(TlsStream::Client(shaken?))
    }

    fn config(&self, pin: Option<Fingerprint>) -> Result<ClientConfig, TlsError> {
        let verifier = Arc::new(Verifier { chain: self.0.chain.clone(), pin });
        let builder = ClientConfig::builder_with_provider(self.0.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Ok(match &self.0.own {
            Some(own) => builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key())?,
            None => builder.with_no_client_auth(),
        })
    }
}

/// Believes our authority for the name called, or a pinned certificate and no other.
#[derive(Debug)]
struct Verifier {
    chain: Arc<WebPkiServerVerifier>,
    pin: Option<Fingerprint>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.pin {
            None => self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            Some(pin) if pin == Fingerprint::of(end_entity) => Ok(ServerCertVerified::assertion()),
            Some(_) => Err(Error::General("the certificate is not the one pinned for this AE".to_owned())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.chain.root_hint_subjects()
    }
}

/// The certificate that the peer showed.
pub(super) fn shown(stream: &TlsStream<TcpStream>) -> Option<Fingerprint> {
    let (_, session) = stream.get_ref();
    session.peer_certificates()?.first().map(|certificate| Fingerprint::of(certificate))
}
