//! What strangers' bytes meet at the signatures of an object, for the fuzz targets (see `crate::fuzz`).

use super::{State, check::check};
use crate::x509::Authorities;

/// The first byte chooses the transfer syntax; the rest is a data set.
pub(crate) fn signatures(bytes: &[u8]) {
    const SYNTAXES: [&str; 5] = [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.4.50",
    ];
    let Some((first, rest)) = bytes.split_first() else { return };
    let syntax = SYNTAXES.get(usize::from(*first) % SYNTAXES.len()).copied().unwrap_or_default();
    for signature in check(rest, syntax, &Authorities::default()).unwrap_or_default() {
        assert!(signature.state != State::Valid || signature.hash.is_some_and(|hash| hash.algorithm().is_some()));
        assert!(signature.signer.is_none_or(|signer| !signer.is_vouched), "nobody is named here");
    }
}
