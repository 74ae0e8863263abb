//! A bare end of the pixel plane: any key, no policy of its own.

use protocol::{
    fetch::{ALPNS, Answer, Request},
    wire,
};
use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, ServerConfig,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::CertifiedKey,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

/// What stands before the 32 seed bytes in an ed25519 PKCS #8 key.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Heads of answers are a few numbers.
const HEAD_BYTES_MAX: usize = 1 << 10;

/// A site's key, as TLS wants it.
#[derive(Clone, Debug)]
pub struct Key(Arc<CertifiedKey>);

impl Key {
    /// From the 32 bytes of a seed.
    #[must_use]
    pub fn from_seed(seed: &[u8]) -> Self {
        assert_eq!(seed.len(), 32, "a seed has 32 bytes");
        let pkcs8 = [&PKCS8_PREFIX, seed].concat();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
        let signer = aws_lc_rs::default_provider().key_provider.load_private_key(key).unwrap();
        let spki = signer.public_key().expect("ed25519 keys name their public half").to_vec();
        Self(Arc::new(CertifiedKey::new(vec![CertificateDer::from(spki)], signer)))
    }

    /// The key of a node's folder.
    #[must_use]
    pub fn of_folder(dir: &Path) -> Self {
        Self::from_seed(&super::control::seed_of_folder(dir))
    }

    /// Whether it is the key of the other end.
    #[must_use]
    pub fn is_of(&self, connection: &Connection) -> bool {
        let shown = connection.peer_identity().and_then(|shown| shown.downcast::<Vec<CertificateDer<'static>>>().ok());
        shown.is_some_and(|chain| chain.first() == self.0.cert.first())
    }
}

/// Believes any raw key that signs the handshake.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl Anybody {
    fn new() -> Arc<Self> {
        Arc::new(Self(Arc::new(aws_lc_rs::default_provider())))
    }

    fn signed(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let spki = SubjectPublicKeyInfoDer::from(key.as_ref());
        verify_tls13_signature_with_raw_key(message, &spki, signature, &self.0.signature_verification_algorithms)
    }
}

fn never() -> Error {
    Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
}

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(never())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, key, signature)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(never())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(message, key, signature)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Listens in the name of a key, for anybody.
///
/// # Errors
/// When the address is taken.
pub fn listen(at: SocketAddr, key: &Key) -> anyhow::Result<Endpoint> {
    listen_as(at, key, &ALPNS)
}

/// As [`listen`], for who speaks one of these names of the pixel plane.
///
/// # Errors
/// When the address is taken.
pub fn listen_as(at: SocketAddr, key: &Key, names: &[&[u8]]) -> anyhow::Result<Endpoint> {
    let resolver = rustls::server::AlwaysResolvesServerRawPublicKeys::new(key.0.clone());
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(Anybody::new())
        .with_cert_resolver(Arc::new(resolver));
    tls.alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
    let server = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    Ok(Endpoint::server(server, at)?)
}

/// Dials in the name of a key. The connection may look open although the other side is about to refuse it.
///
/// # Errors
/// When nobody answers, or the handshake is refused.
pub async fn dial(to: SocketAddr, key: &Key) -> anyhow::Result<Connection> {
    dial_as(to, key, &ALPNS).await
}

/// As [`dial`], in one of these names of the pixel plane.
///
/// # Errors
/// When nobody answers, or the handshake is refused.
pub async fn dial_as(to: SocketAddr, key: &Key, names: &[&[u8]]) -> anyhow::Result<Connection> {
    let resolver = rustls::client::AlwaysResolvesClientRawPublicKeys::new(key.0.clone());
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Anybody::new())
        .with_client_cert_resolver(Arc::new(resolver));
    tls.alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
    tls.enable_sni = false;
    let mut endpoint = Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?)));
    Ok(endpoint.connect(to, "confrere.invalid")?.await?)
}

/// Asks one thing and gives the head of the answer with the bytes after it.
///
/// # Errors
/// When the other side refuses the connection or the stream.
pub async fn ask(connection: &Connection, request: &Request) -> anyhow::Result<(Answer, Vec<u8>)> {
    let (mut send, mut receive) = connection.open_bi().await?;
    let body = wire::encode(request);
    send.write_all(&u16::try_from(body.len())?.to_le_bytes()).await?;
    send.write_all(&body).await?;
    send.finish()?;
    let (_, answer) = read_head(&mut receive).await?;
    Ok((answer, receive.read_to_end(64 << 20).await?))
}

/// Reads the head of an answer: its bytes as they came, and what they say.
///
/// # Errors
/// When the stream ends or the head is none.
pub async fn read_head(stream: &mut RecvStream) -> anyhow::Result<(Vec<u8>, Answer)> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await?;
    let bytes = usize::try_from(u32::from_le_bytes(length))?;
    anyhow::ensure!(bytes <= HEAD_BYTES_MAX, "a head of {bytes} bytes");
    let mut body = vec![0; bytes];
    stream.read_exact(&mut body).await?;
    let answer = wire::decode(&body)?;
    Ok(([&length[..], &body].concat(), answer))
}
