//! Who is at the other end: raw public keys (RFC 7250), both sides pinned, no certificates and no names.
//!
//! A site's TLS key is the key that speaks for it. The side that dials accepts exactly the one key it dials for; the side that is
//! dialled accepts the keys of trusted peers at that moment, and refuses any other inside the handshake, before a byte
//! of ours is sent. Sessions are never resumed: a resumed session would skip the look at the key.
//!
//! # Not here
//! What a known peer may have: [`super::serve`] asks trust for every request. The second look at the key after the
//! handshake: [`super::endpoint`].

use protocol::{
    Key,
    fetch::{ALPN_CODED, ALPN_LINES, ALPN_PASSES, ALPN_ROADS, ALPNS},
    roads::ALPN_TUNNEL,
};
use quinn::crypto::rustls::HandshakeData;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::CertifiedKey,
};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// What stands before the 32 key bytes in an ed25519 SubjectPublicKeyInfo.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 32 seed bytes in an ed25519 PKCS #8 key.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Decides whether a key may finish a handshake with us.
pub(crate) type Gate = Arc<dyn Fn(&Key) -> bool + Send + Sync>;

/// The TLS side of this site.
#[derive(Clone)]
pub(crate) struct Keys {
    provider: Arc<CryptoProvider>,
    own: Arc<CertifiedKey>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// The key whose SubjectPublicKeyInfo this is, if it is an ed25519 key.
pub(crate) fn key_of(spki: &[u8]) -> Option<Key> {
    spki.strip_prefix(&SPKI_PREFIX).and_then(|key| key.try_into().ok()).map(Key)
}

/// The key at the other end of a connection whose handshake is done.
pub(crate) fn other_end(connection: &quinn::Connection) -> Option<Key> {
    let identity = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    match identity.as_slice() {
        [key] => key_of(key),
        _ => None,
    }
}

/// Whether the other end of a connection whose handshake is done knows requests for coded bytes.
pub(crate) fn knows_coded(connection: &quinn::Connection) -> bool {
    speaks(connection, &[ALPN_LINES, ALPN_PASSES, ALPN_ROADS, ALPN_CODED])
}

/// Whether it knows how to answer all that a study is opened with at once, and the requests about roads.
pub(crate) fn knows_roads(connection: &quinn::Connection) -> bool {
    speaks(connection, &[ALPN_LINES, ALPN_PASSES, ALPN_ROADS])
}

/// Whether it knows passes, and requests for what stands for images that are not here yet.
pub(crate) fn knows_passes(connection: &quinn::Connection) -> bool {
    speaks(connection, &[ALPN_LINES, ALPN_PASSES])
}

/// Whether it knows requests about the line itself.
pub(crate) fn knows_lines(connection: &quinn::Connection) -> bool {
    speaks(connection, &[ALPN_LINES])
}

fn speaks(connection: &quinn::Connection, names: &[&[u8]]) -> bool {
    let agreed = connection.handshake_data().and_then(|data| data.downcast::<HandshakeData>().ok());
    agreed.and_then(|data| data.protocol).is_some_and(|name| names.contains(&name.as_slice()))
}

/// The key at the other end of a TLS connection whose handshake is done.
pub(crate) fn other_end_of_tls(connection: &rustls::CommonState) -> Option<Key> {
    match connection.peer_certificates()? {
        [key] => key_of(key),
        _ => None,
    }
}

impl Keys {
    /// Takes the site's key.
    ///
    /// # Errors
    /// When the provider does not take the key: never, for 32 bytes.
    pub(crate) fn new(key: &ed25519_dalek::SigningKey) -> Result<Self, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut pkcs8 = Zeroizing::new(PKCS8_PREFIX.to_vec());
        pkcs8.extend_from_slice(Zeroizing::new(key.to_bytes()).as_slice());
        let signer = provider
            .key_provider
            .load_private_key(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice())).clone_key())?;
        let mut spki = SPKI_PREFIX.to_vec();
        spki.extend_from_slice(&key.verifying_key().to_bytes());
        let own = Arc::new(CertifiedKey::new(vec![CertificateDer::from(spki)], signer));
        Ok(Self { provider, own })
    }

    /// For connections that come in.
    ///
    /// # Errors
    /// When the provider lacks TLS 1.3: never, for the provider given here.
    pub(crate) fn server(&self, gate: Gate) -> Result<rustls::ServerConfig, Error> {
        let verifier = Arc::new(Callers { gate, provider: self.provider.clone() });
        let mut config = rustls::ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(rustls::server::AlwaysResolvesServerRawPublicKeys::new(self.own.clone())));
        config.alpn_protocols = ALPNS.map(<[u8]>::to_vec).to_vec();
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.max_early_data_size = 0;
        Ok(config)
    }

    /// For tunnels that come in: as [`Self::server`], under their own name, so that neither passes for the other.
    ///
    /// # Errors
    /// As [`Self::server`].
    pub(crate) fn tunnel_server(&self, gate: Gate) -> Result<rustls::ServerConfig, Error> {
        let mut config = self.server(gate)?;
        config.alpn_protocols = vec![ALPN_TUNNEL.to_vec()];
        Ok(config)
    }

    /// For a tunnel to one peer.
    ///
    /// # Errors
    /// As [`Self::server`].
    pub(crate) fn tunnel_client(&self, peer: Key) -> Result<rustls::ClientConfig, Error> {
        let mut config = self.client(peer)?;
        config.alpn_protocols = vec![ALPN_TUNNEL.to_vec()];
        Ok(config)
    }

    /// For dialling one peer.
    ///
    /// # Errors
    /// As [`Self::server`].
    pub(crate) fn client(&self, peer: Key) -> Result<rustls::ClientConfig, Error> {
        let verifier = Arc::new(Dialled { peer, provider: self.provider.clone() });
        let mut config = rustls::ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(rustls::client::AlwaysResolvesClientRawPublicKeys::new(
                self.own.clone(),
            )));
        config.alpn_protocols = ALPNS.map(<[u8]>::to_vec).to_vec();
        config.resumption = rustls::client::Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }
}

fn signature_holds(
    provider: &CryptoProvider,
    message: &[u8],
    key: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let spki = SubjectPublicKeyInfoDer::from(key.as_ref());
    verify_tls13_signature_with_raw_key(message, &spki, signature, &provider.signature_verification_algorithms)
}

fn refused() -> Error {
    Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
}

/// TLS 1.2 is not offered, so nothing may come with it.
fn only_tls13() -> Error {
    Error::General("TLS 1.3 only".to_owned())
}

/// Looks at the key of whoever dials us.
struct Callers {
    gate: Gate,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callers")
    }
}

impl ClientCertVerifier for Callers {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }
    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let key = key_of(key).filter(|_| intermediates.is_empty()).ok_or_else(refused)?;
        if (self.gate)(&key) { Ok(ClientCertVerified::assertion()) } else { Err(refused()) }
    }
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _key: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature_holds(&self.provider, message, key, signature)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// Looks at the key of the one peer we dial.
struct Dialled {
    peer: Key,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialled")
    }
}

impl ServerCertVerifier for Dialled {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match key_of(key) {
            Some(key) if key == self.peer && intermediates.is_empty() => Ok(ServerCertVerified::assertion()),
            _ => Err(refused()),
        }
    }
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _key: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature_holds(&self.provider, message, key, signature)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
