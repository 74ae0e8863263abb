//! A self-signed certificate for a portal that is seen from outside, until the site brings one of its own.

use protocol::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{net::IpAddr, path::Path};

/// Browsers take no certificate of a longer life.
const DAYS: i64 = 825;

pub(super) struct Made {
    pub(super) cert: String,
    pub(super) key: String,
    pub(super) fingerprint: String,
}

/// For this host's name, `localhost`, and the address, unless that is every address.
pub(super) fn make(site: &str, address: IpAddr) -> Result<Made, rcgen::Error> {
    let mut names = vec!["localhost".to_owned()];
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    names.extend(host.filter(|name| !name.is_empty() && name != "localhost"));
    if !address.is_unspecified() {
        names.push(address.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, site);
    subject.push(DnType::OrganizationName, "Confrere");
    params.distinguished_name = subject;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let last = today.saturating_add(jiff::Span::new().days(DAYS));
    let day = |date: jiff::civil::Date| {
        let small = |n: i8| u8::try_from(n).unwrap_or(1);
        date_time_ymd(i32::from(date.year()), small(date.month()), small(date.day()))
    };
    (params.not_before, params.not_after) = (day(today), day(last));
    let key = KeyPair::generate()?;
    let cert = params.self_signed(&key)?;
    Ok(Made { cert: cert.pem(), key: key.serialize_pem(), fingerprint: fingerprint(cert.der()) })
}

/// SHA-256 over the certificate, as browsers show it.
pub(super) fn fingerprint(der: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// When the first certificate of a PEM file ends; `None` when it cannot be read.
pub(crate) fn expiry(path: &Path) -> Option<Timestamp> {
    let cert = CertificateDer::pem_file_iter(path).ok()?.next()?.ok()?;
    // Certificate { tbsCertificate { [0] version, serial, algorithm, issuer, validity { notBefore, notAfter } … } … }
    let (_, certificate, _) = element(&cert)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (tag, not_after, _) = element(element(validity)?.2)?;
    let text = std::str::from_utf8(not_after).ok()?.strip_suffix('Z')?;
    // UTCTime has two digits of the year and ends in 2049; GeneralizedTime has four.
    let full = if tag == 0x17 { format!("20{text}") } else { text.to_owned() };
    let at = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", full).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(at.timestamp().as_millisecond()).ok().map(Timestamp)
}

/// The first DER element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(d, _)| d.len() <= 4)?;
        (digits.iter().fold(0_usize, |n, digit| (n << 8) | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_we_make_is_valid_for_its_days_and_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.pem");
        let made = make("CH Nord", "192.0.2.1".parse().unwrap()).unwrap();
        std::fs::write(&path, &made.cert).unwrap();
        let left = expiry(&path).unwrap().since(crate::tasks::now());
        let days = left.as_secs() / 86_400;
        assert!((823..=825).contains(&days), "{days}");
        assert_eq!(made.fingerprint.len(), 32 * 3 - 1);
        std::fs::write(&path, "nonsense").unwrap();
        assert_eq!(expiry(&path), None);
    }

    #[test]
    fn cut_bytes_are_no_element() {
        for bytes in [&[][..], &[0x30], &[0x30, 5, 1], &[0x30, 0x84, 1], &[0x30, 0xff, 1, 2]] {
            assert!(element(bytes).is_none());
        }
    }
}
