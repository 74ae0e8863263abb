//! Certificates of whoever signed something that outlasts its connection: an object (PS3.15 Annex C), a time (RFC 3161).
//!
//! What is said of a signer is what its certificate says, and whether an authority that this site named vouches for it.
//! Dates are told apart from that: a signature made while its certificate was valid does not become wrong afterwards.
//!
//! # Not here
//! TLS: the doors'. Revocation lists: nothing is asked over the network.

use aws_lc_rs::{
    digest::{self, Digest},
    signature::{self, UnparsedPublicKey, VerificationAlgorithm},
};
use protocol::Timestamp;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::path::{Path, PathBuf};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates between a signer and an authority that is named here.
const CHAIN_MAX: usize = 4;
/// Longest certificate that is read, bytes: those of a hospital have some two thousand.
const CERTIFICATE_BYTES_MAX: usize = 32 * 1024;
/// Characters of a name that are shown.
const NAME_MAX: usize = 200;

/// What a signature is made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// Broken, and not computed here.
    Md5,
    /// Outdated, and not computed here.
    Ripemd160,
    /// Broken: what it signs may have a twin.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Ripemd160 => "RIPEMD-160",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Whether somebody may have found two texts of one hash, so that what is signed proves little.
    pub(crate) const fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Ripemd160 | Self::Sha1)
    }

    /// `None`: not computed here.
    pub(crate) fn algorithm(self) -> Option<&'static digest::Algorithm> {
        match self {
            Self::Md5 | Self::Ripemd160 => None,
            Self::Sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            Self::Sha256 => Some(&digest::SHA256),
            Self::Sha384 => Some(&digest::SHA384),
            Self::Sha512 => Some(&digest::SHA512),
        }
    }
}

/// What came of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// By a method that is not known here.
    Unknown,
}

/// Whose certificate it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signer {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// In hex.
    pub(crate) serial: String,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// An authority that this site named vouches for it.
    pub(crate) is_vouched: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum X509Error {
    #[error("the certificates of {0} cannot be read: {1}")]
    File(PathBuf, String),
    #[error("{0} holds no certificate")]
    Empty(PathBuf),
}

/// Authorities that the site believes. None: nobody is vouched for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorities(Vec<Vec<u8>>);

impl Authorities {
    /// Of a PEM file.
    pub(crate) fn read(path: &Path) -> Result<Self, X509Error> {
        let failed = |error: rustls_pki_types::pem::Error| X509Error::File(path.to_owned(), error.to_string());
        let all = CertificateDer::pem_file_iter(path).map_err(failed)?;
        let all = all.map(|one| one.map(|der| der.to_vec()).map_err(failed)).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() { Err(X509Error::Empty(path.to_owned())) } else { Ok(Self(all)) }
    }

    /// Who signed, by its certificate; `beside`: certificates that came with it. `None`: it is no certificate.
    pub(crate) fn signer(&self, der: &[u8], beside: &[Vec<u8>]) -> Option<Signer> {
        let certificate = parse(der)?;
        let name = |name: String| name.chars().take(NAME_MAX).collect::<String>();
        let at = |time: &x509_parser::time::ASN1Time| {
            Timestamp(u64::try_from(time.timestamp()).unwrap_or_default().saturating_mul(1000))
        };
        Some(Signer {
            subject: name(certificate.subject().to_string()),
            issuer: name(certificate.issuer().to_string()),
            serial: certificate.raw_serial_as_string().chars().take(NAME_MAX).collect(),
            from: at(&certificate.validity().not_before),
            to: at(&certificate.validity().not_after),
            is_vouched: self.vouches(&certificate, beside),
        })
    }

    fn vouches(&self, certificate: &X509Certificate<'_>, beside: &[Vec<u8>]) -> bool {
        if self.0.iter().any(|known| known == certificate.as_raw()) {
            return true;
        }
        let mut of = certificate.as_raw().to_vec();
        for _ in 0..=CHAIN_MAX {
            let Some(current) = parse(&of) else { return false };
            if self.0.iter().any(|known| parse(known).is_some_and(|known| has_signed(&known, &current))) {
                return true;
            }
            let above = beside.iter().find(|above| {
                **above != of && parse(above).is_some_and(|above| is_authority(&above) && has_signed(&above, &current))
            });
            let Some(above) = above else { return false };
            of.clone_from(above);
        }
        false
    }
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    if der.len() > CERTIFICATE_BYTES_MAX {
        return None;
    }
    // A value of a data set may be padded.
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

/// Whether a certificate is for time-stamps, and says so (RFC 3161 2.3).
pub(crate) fn is_for_time_stamps(der: &[u8]) -> bool {
    let Some(certificate) = parse(der) else { return false };
    let usage = certificate.extended_key_usage().ok().flatten();
    usage.is_some_and(|usage| usage.value.time_stamping)
}

fn is_authority(certificate: &X509Certificate<'_>) -> bool {
    certificate.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.value.ca)
}

fn has_signed(above: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    if above.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    let oid = certificate.signature_algorithm.algorithm.to_id_string();
    let Some(hash) = signed_over(&oid).filter(|hash| !hash.is_weak()) else { return false };
    let Some(algorithm) = hash.algorithm() else { return false };
    let digest = digest::digest(algorithm, certificate.tbs_certificate.as_ref());
    key_verdict(above, hash, &digest, &certificate.signature_value.data) == Verdict::Right
}

/// The hash of a signature algorithm (RFC 5280, RFC 5758).
pub(crate) fn signed_over(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.2.840.113549.1.1.4" => Hash::Md5,
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => Hash::Sha1,
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Hash::Sha256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Hash::Sha384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Hash::Sha512,
        _ => return None,
    })
}

/// Whether the holder of a certificate's key signed this digest: RSA by PKCS #1 1.5, or ECDSA.
pub(crate) fn verdict(der: &[u8], hash: Hash, digest: &Digest, signature: &[u8]) -> Verdict {
    parse(der).map_or(Verdict::Unknown, |certificate| key_verdict(&certificate, hash, digest, signature))
}

fn key_verdict(certificate: &X509Certificate<'_>, hash: Hash, digest: &Digest, signature: &[u8]) -> Verdict {
    let key = certificate.public_key();
    let Some(algorithm) = key_algorithm(key, hash) else { return Verdict::Unknown };
    let key = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
    if key.verify_digest(digest, signature).is_ok() { Verdict::Right } else { Verdict::Wrong }
}

fn key_algorithm(
    key: &x509_parser::x509::SubjectPublicKeyInfo<'_>,
    hash: Hash,
) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = || {
        let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
        Some(curve.to_id_string())
    };
    match (key.algorithm.algorithm.to_id_string().as_str(), hash) {
        ("1.2.840.113549.1.1.1", Hash::Sha1) => Some(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        ("1.2.840.113549.1.1.1", Hash::Sha256) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        ("1.2.840.113549.1.1.1", Hash::Sha384) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        ("1.2.840.113549.1.1.1", Hash::Sha512) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        ("1.2.840.10045.2.1", hash) => match (curve()?.as_str(), hash) {
            ("1.2.840.10045.3.1.7", Hash::Sha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
            ("1.2.840.10045.3.1.7", Hash::Sha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
            ("1.2.840.10045.3.1.7", Hash::Sha512) => Some(&signature::ECDSA_P256_SHA512_ASN1),
            ("1.3.132.0.34", Hash::Sha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
            ("1.3.132.0.34", Hash::Sha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
            ("1.3.132.0.34", Hash::Sha512) => Some(&signature::ECDSA_P384_SHA512_ASN1),
            ("1.3.132.0.35", Hash::Sha512) => Some(&signature::ECDSA_P521_SHA512_ASN1),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SigningKey as _};

    fn named(name: &str, is_authority: bool) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    }

    #[test]
    fn a_signer_is_vouched_for_by_whom_the_site_named_and_nobody_else() {
        let (root_key, middle_key, key) =
            (KeyPair::generate().unwrap(), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root = named("root", true).self_signed(&root_key).unwrap().der().to_vec();
        let root_issuer = Issuer::new(named("root", true), root_key);
        let middle = named("middle", true).signed_by(&middle_key, &root_issuer).unwrap().der().to_vec();
        let false_middle = named("middle", false).signed_by(&middle_key, &root_issuer).unwrap().der().to_vec();
        let middle_issuer = Issuer::new(named("middle", true), middle_key);
        let leaf = named("scanner", false).signed_by(&key, &middle_issuer).unwrap().der().to_vec();
        let other = named("root", true).self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let known = Authorities(vec![root]);
        let signer = known.signer(&leaf, std::slice::from_ref(&middle)).unwrap();
        assert_eq!((signer.subject.as_str(), signer.issuer.as_str()), ("CN=scanner", "CN=middle"));
        assert!(signer.is_vouched && signer.from < signer.to);
        assert!(!known.signer(&leaf, &[]).unwrap().is_vouched, "nothing between");
        assert!(!known.signer(&leaf, &[false_middle]).unwrap().is_vouched, "no authority");
        assert!(!Authorities(vec![other]).signer(&leaf, &[middle]).unwrap().is_vouched, "of the same name only");
        assert!(!Authorities::default().signer(&leaf, &[]).unwrap().is_vouched);
        assert_eq!(known.signer(b"no certificate", &[]), None);
    }

    #[test]
    fn a_signature_is_right_wrong_or_not_known() {
        let key = KeyPair::generate().unwrap();
        let der = named("scanner", false).self_signed(&key).unwrap().der().to_vec();
        let signed = key.sign(b"a text").unwrap();
        let digest = |text: &[u8]| digest::digest(&digest::SHA256, text);
        assert_eq!(verdict(&der, Hash::Sha256, &digest(b"a text"), &signed), Verdict::Right);
        assert_eq!(verdict(&der, Hash::Sha256, &digest(b"another"), &signed), Verdict::Wrong);
        assert_eq!(verdict(&der, Hash::Md5, &digest(b"a text"), &signed), Verdict::Unknown);
        assert_eq!(verdict(b"", Hash::Sha256, &digest(b"a text"), &signed), Verdict::Unknown);
    }
}
