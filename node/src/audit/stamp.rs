//! Time-stamps of an authority outside (RFC 3161) over the head of a bundle: asked for, and checked without a network.
//!
//! A head names all that the log held when it was made. So a time-stamp proves that the log, with every record of the
//! bundle, existed at its time, by the clock of somebody who is neither party; it proves nothing of when an event
//! happened before.
//!
//! # Not here
//! Asking over the network: `cli`. Revocation of the authority's certificate: nothing is asked when checking.

use super::der::{CONTEXT_0, Der, INTEGER, OCTETS, OID, SEQUENCE, SET, TIME, value};
use crate::x509::{self, Authorities, Hash, Signer, Verdict};
use aws_lc_rs::digest;
use protocol::Timestamp;

/// Longest answer that is read, bytes: a token with a chain of certificates has some 6,000.
pub(crate) const STAMP_BYTES_MAX: usize = 64 * 1024;
/// Certificates looked at in a token.
const CERTIFICATES_MAX: usize = 8;

// Contents of object identifiers.
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];

/// Why a time-stamp does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unstamped {
    /// It cannot be read.
    Unreadable,
    /// It is of something else than this head.
    Other,
    /// It is not signed by the certificate that it shows, or that is not one for time-stamps.
    Unsigned,
    /// No authority that was named vouches for its signer.
    Unknown,
}

/// A time-stamp that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamped {
    pub(crate) at: Timestamp,
    pub(crate) by: Signer,
}

/// The question for a time-stamp over a head, as DER; `nonce` is random.
pub(crate) fn question(head: &[u8], nonce: u64) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, head);
    let algorithm = value(SEQUENCE, &[&value(OID, &[SHA_256]), &[0x05, 0x00]]);
    let imprint = value(SEQUENCE, &[&algorithm, &value(OCTETS, &[hash.as_ref()])]);
    // The sign bit is clear, so that the number is as long as it looks.
    let nonce = (nonce >> 1 | 1 << 62).to_be_bytes();
    let wants_certificate = [0x01, 0x01, 0xFF];
    value(SEQUENCE, &[&value(INTEGER, &[&[1]]), &imprint, &value(INTEGER, &[&nonce]), &wants_certificate])
}

/// The token of an answer; `None`: it was not granted, or cannot be read.
pub(crate) fn token(answer: &[u8]) -> Option<Vec<u8>> {
    let mut answer = Der(answer).enter(SEQUENCE)?;
    let status = answer.enter(SEQUENCE)?.take(INTEGER)?;
    // Granted, or granted with modifications.
    if !matches!(status.inside, [0 | 1]) {
        return None;
    }
    answer.take(SEQUENCE).map(|token| token.whole.to_vec())
}

struct Token<'a> {
    info: &'a [u8],
    certificates: Vec<Vec<u8>>,
    hash: Hash,
    /// As they were signed: with the tag of a set.
    attributes: Vec<u8>,
    signed_over: Hash,
    signature: &'a [u8],
}

fn hash_of(mut algorithm: Der<'_>) -> Option<Hash> {
    match algorithm.take(OID)?.inside {
        SHA_256 => Some(Hash::Sha256),
        SHA_384 => Some(Hash::Sha384),
        SHA_512 => Some(Hash::Sha512),
        _ => None,
    }
}

impl<'a> Token<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut content = Der(bytes).enter(SEQUENCE)?;
        content.take(OID).filter(|kind| kind.inside == SIGNED_DATA)?;
        let mut signed = content.enter(CONTEXT_0)?.enter(SEQUENCE)?;
        signed.take(INTEGER)?;
        signed.take(SET)?;
        let mut inner = signed.enter(SEQUENCE)?;
        inner.take(OID).filter(|kind| kind.inside == TST_INFO)?;
        let info = inner.enter(CONTEXT_0)?.take(OCTETS)?.inside;
        let mut certificates = Vec::new();
        if let Some(mut all) = signed.enter(CONTEXT_0) {
            while let Some(certificate) = all.any().filter(|_| certificates.len() < CERTIFICATES_MAX) {
                certificates.push(certificate.whole.to_vec());
            }
        }
        // Revocation lists.
        let _passed_over = signed.take(CONTEXT_0 + 1);
        let mut signer = signed.enter(SET)?.enter(SEQUENCE)?;
        // Version, and who it is: the certificate that fits is looked for.
        signer.take(INTEGER)?;
        signer.any()?;
        let hash = hash_of(signer.enter(SEQUENCE)?)?;
        let attributes = value(SET, &[signer.take(CONTEXT_0)?.inside]);
        let algorithm = signer.enter(SEQUENCE)?.take(OID)?.inside;
        let signature = signer.take(OCTETS)?.inside;
        // "RSA" alone leaves the hash to the field before it.
        let signed_over = match algorithm {
            [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01] => Some(hash),
            other => x509::signed_over(&dotted(other)?),
        };
        Some(Self { info, certificates, hash, attributes, signed_over: signed_over?, signature })
    }

    /// Whether the attributes that are signed are of this content.
    fn is_of_its_content(&self) -> bool {
        let Some(algorithm) = self.hash.algorithm() else { return false };
        let wanted = digest::digest(algorithm, self.info);
        let Some(mut all) = Der(&self.attributes).enter(SET) else { return false };
        let (mut digest_fits, mut kind_fits) = (false, false);
        while let Some(mut attribute) = all.enter(SEQUENCE) {
            let (Some(kind), Some(mut values)) = (attribute.take(OID), attribute.enter(SET)) else { return false };
            let Some(first) = values.any() else { return false };
            match kind.inside {
                MESSAGE_DIGEST => digest_fits = first.tag == OCTETS && first.inside == wanted.as_ref(),
                CONTENT_TYPE => kind_fits = first.tag == OID && first.inside == TST_INFO,
                _ => {}
            }
        }
        digest_fits && kind_fits
    }

    /// The certificate whose holder signed, and which is one for time-stamps.
    fn signer(&self) -> Option<&Vec<u8>> {
        let algorithm = self.signed_over.algorithm()?;
        let digest = digest::digest(algorithm, &self.attributes);
        self.certificates.iter().find(|der| {
            x509::is_for_time_stamps(der)
                && x509::verdict(der, self.signed_over, &digest, self.signature) == Verdict::Right
        })
    }
}

/// An object identifier in the form with dots.
fn dotted(bytes: &[u8]) -> Option<String> {
    let (first, rest) = bytes.split_first()?;
    let mut text = format!("{}.{}", (first / 40).min(2), first - 40 * (first / 40).min(2));
    let mut number = 0u64;
    for byte in rest {
        number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7F))?;
        if byte & 0x80 == 0 {
            text.push_str(&format!(".{number}"));
            number = 0;
        }
    }
    Some(text)
}

/// Checks a token over a head.
pub(crate) fn check(token: &[u8], head: &[u8], authorities: &Authorities) -> Result<Stamped, Unstamped> {
    let token = Some(token).filter(|token| token.len() <= STAMP_BYTES_MAX).ok_or(Unstamped::Unreadable)?;
    let token = Token::read(token).ok_or(Unstamped::Unreadable)?;
    let (hash, imprint, at) = info(token.info).ok_or(Unstamped::Unreadable)?;
    let algorithm = hash.algorithm().ok_or(Unstamped::Unreadable)?;
    if digest::digest(algorithm, head).as_ref() != imprint {
        return Err(Unstamped::Other);
    }
    if !token.is_of_its_content() {
        return Err(Unstamped::Unsigned);
    }
    let signer = token.signer().ok_or(Unstamped::Unsigned)?;
    let by = authorities.signer(signer, &token.certificates).ok_or(Unstamped::Unsigned)?;
    if by.is_vouched { Ok(Stamped { at, by }) } else { Err(Unstamped::Unknown) }
}

/// What a time-stamp says: hash, its value, and when.
fn info(bytes: &[u8]) -> Option<(Hash, &[u8], Timestamp)> {
    let mut info = Der(bytes).enter(SEQUENCE)?;
    info.take(INTEGER)?;
    info.take(OID)?;
    let mut imprint = info.enter(SEQUENCE)?;
    let hash = hash_of(imprint.enter(SEQUENCE)?)?;
    let value = imprint.take(OCTETS)?.inside;
    info.take(INTEGER)?;
    let at = std::str::from_utf8(info.take(TIME)?.inside).ok()?;
    Some((hash, value, time(at)?))
}

/// `YYYYMMDDHHMMSS[.f]Z` (RFC 3161 2.4.2).
fn time(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", seconds).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    let at = u64::try_from(at).ok()?.checked_add(thousandths.parse().ok()?)?;
    Some(Timestamp(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path, process::Command};

    fn openssl(folder: &Path, arguments: &[&str]) {
        let output = Command::new("openssl").current_dir(folder).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("openssl: {error}; `cargo ci tools` installs it"));
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A time-stamping authority and its root, and another root.
    fn authority(folder: &Path) {
        let settings = "[tsa]\nserial=serial\ncrypto_device=builtin\nsigner_cert=tsa.crt\nsigner_key=tsa.key\n\
                        certs=root.crt\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\n\
                        ess_cert_id_chain=no\n[ts]\nbasicConstraints=CA:FALSE\n\
                        extendedKeyUsage=critical,timeStamping\n[plain]\nbasicConstraints=CA:FALSE\n";
        fs::write(folder.join("tsa.cnf"), settings).unwrap();
        fs::write(folder.join("serial"), "01\n").unwrap();
        for root in ["root", "other"] {
            let (key, certificate) = (format!("{root}.key"), format!("{root}.crt"));
            let subject = format!("/CN={root}");
            openssl(
                folder,
                &[
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-keyout",
                    &key,
                    "-out",
                    &certificate,
                    "-days",
                    "30",
                    "-subj",
                    &subject,
                ],
            );
        }
        let request =
            ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Time"];
        openssl(folder, &request);
        let sign = [
            "x509",
            "-req",
            "-in",
            "tsa.csr",
            "-CA",
            "root.crt",
            "-CAkey",
            "root.key",
            "-set_serial",
            "7",
            "-days",
            "30",
            "-extfile",
            "tsa.cnf",
            "-extensions",
            "ts",
            "-out",
            "tsa.crt",
        ];
        openssl(folder, &sign);
    }

    fn stamped(folder: &Path, head: &[u8]) -> Vec<u8> {
        fs::write(folder.join("question"), question(head, rand::random())).unwrap();
        let reply =
            ["ts", "-reply", "-queryfile", "question", "-config", "tsa.cnf", "-section", "tsa", "-out", "answer"];
        openssl(folder, &reply);
        token(&fs::read(folder.join("answer")).unwrap()).unwrap()
    }

    #[test]
    fn a_token_of_openssl_holds_for_its_head_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        authority(folder.path());
        let known = Authorities::read(&folder.path().join("root.crt")).unwrap();
        let other = Authorities::read(&folder.path().join("other.crt")).unwrap();
        let token = stamped(folder.path(), b"a head");
        let held = check(&token, b"a head", &known).unwrap();
        assert_eq!(held.by.subject, "CN=Time");
        let now = crate::tasks::now();
        assert!(held.at.0 <= now.0 + 1000 && now.0 < held.at.0 + 60_000, "{held:?}");
        assert_eq!(check(&token, b"another", &known), Err(Unstamped::Other));
        assert_eq!(check(&token, b"a head", &other), Err(Unstamped::Unknown));
        assert_eq!(check(&token, b"a head", &Authorities::default()), Err(Unstamped::Unknown));
        // No byte of it can be changed so that it says another time.
        let mut still = 0;
        for at in 0..token.len() {
            let mut altered = token.clone();
            altered[at] ^= 1;
            if let Ok(read) = check(&altered, b"a head", &known) {
                assert_eq!(read.at, held.at, "at {at}");
                still += 1;
            }
            assert!(check(&token[..at], b"a head", &known).is_err());
        }
        // The certificate of the root and fields that nobody signs may change; no more.
        assert!(still < token.len() / 2, "{still} of {}", token.len());
    }

    #[test]
    fn times_are_read_to_the_thousandth() {
        assert_eq!(time("19700101000001Z"), Some(Timestamp(1000)));
        assert_eq!(time("19700101000001.5Z"), Some(Timestamp(1500)));
        assert_eq!(time("19700101000001.12345Z"), Some(Timestamp(1123)));
        assert_eq!(time("19700101000001"), None);
        assert_eq!(time("x"), None);
        assert_eq!(dotted(SHA_256).as_deref(), Some("2.16.840.1.101.3.4.2.1"));
    }
}
