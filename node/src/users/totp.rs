//! Time-based one-time codes (RFC 6238): HMAC-SHA-1, six digits, thirty seconds, as every authenticator app makes them.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use protocol::Timestamp;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Length of a step.
const STEP_S: u64 = 30;
/// Steps a phone's clock may be off, either way.
const DRIFT: u64 = 1;
const DIGITS: usize = 6;
/// Of RFC 4226, section 4 (R6).
const SECRET_BYTES: usize = 20;

/// What a phone and the node share.
pub(super) type Secret = Zeroizing<Vec<u8>>;

pub(super) fn secret() -> Secret {
    Zeroizing::new(rand::random::<[u8; SECRET_BYTES]>().to_vec())
}

/// As it is typed into an app that has no camera.
pub(super) fn text(secret: &Secret) -> String {
    BASE32_NOPAD.encode(secret)
}

/// What an app reads from the square: `otpauth:` with the node's name and the person's.
pub(super) fn link(secret: &Secret, site: &str, name: &str) -> String {
    let (site, name) = (escape(site), escape(name));
    format!("otpauth://totp/{site}:{name}?secret={}&issuer={site}", text(secret))
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The step a code belongs to: one near now, and after `last`, so that none is taken twice.
pub(super) fn step_of(secret: &Secret, code: &str, last: u64, now: Timestamp) -> Option<u64> {
    let given: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let current = now.0 / 1000 / STEP_S;
    let near = current.saturating_sub(DRIFT)..=current.saturating_add(DRIFT);
    // All are compared, so that the time taken says nothing.
    near.filter(|step| bool::from(code_at(secret, *step).as_bytes().ct_eq(given.as_bytes())))
        .filter(|step| *step > last)
        .max()
}

/// RFC 4226, section 5.3.
pub(super) fn code_at(secret: &Secret, step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = bytes.last().map_or(0, |byte| usize::from(byte & 0x0f));
    let four = bytes.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).unwrap_or_default();
    let number = u32::from_be_bytes(four) & 0x7fff_ffff;
    format!("{:0DIGITS$}", number % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    /// RFC 6238, appendix B, SHA-1, its last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Zeroizing::new(b"12345678901234567890".to_vec());
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(&secret, seconds / STEP_S), code);
            assert_eq!(step_of(&secret, code, 0, at(seconds)), Some(seconds / STEP_S));
        }
    }

    #[test]
    fn a_code_is_taken_once_and_only_near_its_time() {
        let secret = secret();
        let now = at(1_800_000_000);
        let step = 1_800_000_000 / STEP_S;
        let code = code_at(&secret, step);
        assert_eq!(step_of(&secret, &format!(" {} {} ", &code[..3], &code[3..]), 0, now), Some(step));
        assert_eq!(step_of(&secret, &code, step, now), None, "taken before");
        assert_eq!(step_of(&secret, &code, 0, at(1_800_000_000 + STEP_S)), Some(step), "a phone that is late");
        assert_eq!(step_of(&secret, &code, 0, at(1_800_000_000 + 3 * STEP_S)), None);
        assert_eq!(step_of(&secret, "", 0, now), None);
    }

    #[test]
    fn the_link_names_site_and_person() {
        let secret = Zeroizing::new(b"12345678901234567890".to_vec());
        assert_eq!(
            link(&secret, "CH Nord", "élise"),
            "otpauth://totp/CH%20Nord:%C3%A9lise?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=CH%20Nord"
        );
    }
}
