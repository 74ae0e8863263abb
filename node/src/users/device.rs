//! Devices that are known: a browser that has signed somebody in carries a cookie signed by the node.
//!
//! It opens nothing. It only says that this device signed in as this person once, so that its attempts are counted apart
//! from those of everybody else. It is not kept anywhere: the signature, under a key of the node's, is all.

use super::session::same;
use crate::seal::Key;
use data_encoding::BASE64URL_NOPAD;
use protocol::Timestamp;
use std::time::Duration;

/// How long a device is remembered; a sign-in begins it anew.
pub(crate) const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A device's own number.
pub(super) type Device = [u8; 16];

fn mac(key: &Key, name: &str, device: &Device, until: u64) -> [u8; 32] {
    let text = [b"device".as_slice(), device, &until.to_be_bytes(), name.as_bytes()].concat();
    key.hash(&text).into()
}

/// What the cookie says from now on.
pub(super) fn cookie(key: &Key, name: &str, device: &Device, now: Timestamp) -> String {
    let until = now.after(KEPT).0;
    let bytes = [device.as_slice(), &until.to_be_bytes(), &mac(key, name, device, until)].concat();
    BASE64URL_NOPAD.encode(&bytes)
}

/// The device, where the cookie is ours, is this person's, and has not run out. `name` in lower case.
pub(super) fn of_cookie(key: &Key, name: &str, cookie: &str, now: Timestamp) -> Option<Device> {
    let bytes = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
    let (device, rest) = bytes.split_first_chunk::<16>()?;
    let (until, rest) = rest.split_first_chunk::<8>()?;
    let given: [u8; 32] = rest.try_into().ok()?;
    let until = u64::from_be_bytes(*until);
    (same(&given, &mac(key, name, device, until)) && now.0 < until).then_some(*device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn a_cookie_is_one_persons_one_nodes_and_ends() {
        let key = Key::new(Zeroizing::new([7; 32]));
        let now = Timestamp(1_000_000);
        let made = cookie(&key, "durand", &[3; 16], now);
        assert_eq!(of_cookie(&key, "durand", &made, now), Some([3; 16]));
        assert_eq!(of_cookie(&key, "martin", &made, now), None);
        assert_eq!(of_cookie(&Key::new(Zeroizing::new([8; 32])), "durand", &made, now), None);
        assert_eq!(of_cookie(&key, "durand", &made, now.after(KEPT)), None);
        let mut longer = BASE64URL_NOPAD.decode(made.as_bytes()).unwrap();
        longer[16] ^= 1;
        assert_eq!(of_cookie(&key, "durand", &BASE64URL_NOPAD.encode(&longer), now), None);
        for broken in ["", "x", "AAAA", &made[1..]] {
            assert_eq!(of_cookie(&key, "durand", broken, now), None);
        }
    }
}
