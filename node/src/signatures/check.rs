//! The signatures of one object and of the items of its sequences, each with its MAC parameters.

use super::{
    Signature, State, Unchecked,
    canonical::{Stream, is_signable},
};
use crate::{
    pixels::dataset::{DataSet, DataSetError, EXPLICIT_LE, Syntax, Value, readable},
    x509::{self, Authorities, Hash, Verdict},
};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeSet;

/// Signatures looked at in one object: an object signed by a whole staff has fewer.
const SIGNATURES_MAX: usize = 32;
/// What stands in these is no part of an object that could be signed by itself.
const OF_SIGNATURES: [Tag; 2] = [tags::MAC_PARAMETERS_SEQUENCE, tags::DIGITAL_SIGNATURES_SEQUENCE];
/// X.509 is the one kind of certificate of the standard.
const CERTIFICATE_TYPE: &str = "X509_1993_SIG";
/// Of the item of a signature these are not signed.
const NOT_SIGNED: [Tag; 4] =
    [tags::CERTIFICATE_OF_SIGNER, tags::SIGNATURE, tags::CERTIFIED_TIMESTAMP_TYPE, tags::CERTIFIED_TIMESTAMP];

/// All signatures of an object: its data set, whole.
pub(super) fn check(
    bytes: &[u8],
    transfer_syntax: &str,
    authorities: &Authorities,
) -> Result<Vec<Signature>, DataSetError> {
    let syntax = Syntax::of(transfer_syntax);
    let bytes = readable(bytes, syntax)?;
    let (set, fragments) = DataSet::parse_past(&bytes, syntax)?;
    let object = Object { set: &set, place: Vec::new(), fragments: &fragments, syntax, transfer_syntax };
    let mut found = Vec::new();
    object.collect(authorities, &mut found);
    Ok(found)
}

/// An object, or an item of one of its sequences: each has its own signatures and MAC parameters.
struct Object<'a> {
    set: &'a DataSet<'a>,
    /// The sequences and items (from 1) that lead to it.
    place: Vec<(Tag, usize)>,
    fragments: &'a [&'a [u8]],
    syntax: Syntax,
    transfer_syntax: &'a str,
}

/// What a signature is made over, and how.
struct Mac {
    hash: Option<Hash>,
    syntax: String,
    elements: BTreeSet<Tag>,
}

fn hash_of(word: &str) -> Option<Hash> {
    Some(match word {
        "RIPEMD160" => Hash::Ripemd160,
        "MD5" => Hash::Md5,
        "SHA1" => Hash::Sha1,
        "SHA256" => Hash::Sha256,
        "SHA384" => Hash::Sha384,
        "SHA512" => Hash::Sha512,
        _ => return None,
    })
}

impl Object<'_> {
    /// Its own signatures, then those of its items, in the order of the data set. The depth is the reader's.
    fn collect(&self, authorities: &Authorities, found: &mut Vec<Signature>) {
        let own = self.set.items(tags::DIGITAL_SIGNATURES_SEQUENCE).iter();
        let left = SIGNATURES_MAX.saturating_sub(found.len());
        found.extend(own.take(left).map(|item| self.signature(item, authorities)));
        for element in self.set.elements.iter().filter(|element| !OF_SIGNATURES.contains(&element.tag)) {
            let Value::Items(items) = &element.value else { continue };
            for (set, number) in items.iter().zip(1..) {
                if found.len() >= SIGNATURES_MAX {
                    return;
                }
                let place = self.place.iter().copied().chain([(element.tag, number)]).collect();
                Object { set, place, fragments: &[], ..*self }.collect(authorities, found);
            }
        }
    }

    fn mac(&self, item: &DataSet<'_>) -> Option<Mac> {
        let number = item.count(tags::MACID_NUMBER, self.syntax)?;
        let all = self.set.items(tags::MAC_PARAMETERS_SEQUENCE).iter().take(SIGNATURES_MAX);
        let mut named = all.filter(|mac| mac.count(tags::MACID_NUMBER, self.syntax) == Some(number));
        let mac = named.next()?;
        let half = |bytes: [u8; 2]| match self.syntax.big_endian {
            true => u16::from_be_bytes(bytes),
            false => u16::from_le_bytes(bytes),
        };
        let (tags, _) = mac.bytes(tags::DATA_ELEMENTS_SIGNED)?.as_chunks::<4>();
        let elements = tags.iter().map(|[a, b, c, d]| Tag(half([*a, *b]), half([*c, *d]))).collect();
        let hash = hash_of(&mac.ascii(tags::MAC_ALGORITHM).unwrap_or_default());
        let syntax = mac.ascii(tags::MAC_CALCULATION_TRANSFER_SYNTAX_UID)?;
        Some(Mac { hash, syntax, elements })
    }

    fn signature(&self, item: &DataSet<'_>, authorities: &Authorities) -> Signature {
        let mac = self.mac(item);
        let is_x509 = item.ascii(tags::CERTIFICATE_TYPE).as_deref() == Some(CERTIFICATE_TYPE);
        let certificate = item.bytes(tags::CERTIFICATE_OF_SIGNER).filter(|_| is_x509);
        let signer = certificate.and_then(|der| authorities.signer(der, &[]));
        let state = match (&mac, certificate, item.bytes(tags::SIGNATURE)) {
            (Some(mac), Some(certificate), Some(signed)) if signer.is_some() => {
                self.state(item, mac, certificate, signed).unwrap_or_else(State::Unchecked)
            }
            _ => State::Unchecked(Unchecked::Incomplete),
        };
        let purpose = item.items(tags::DIGITAL_SIGNATURE_PURPOSE_CODE_SEQUENCE).first();
        Signature {
            place: self.place.clone(),
            state,
            hash: mac.as_ref().and_then(|mac| mac.hash),
            at: item.ascii(tags::DIGITAL_SIGNATURE_DATE_TIME),
            purpose: purpose.and_then(|code| code.ascii(tags::CODE_MEANING)),
            signer,
            elements: mac.as_ref().map_or(0, |mac| mac.elements.len()),
            has_pixels: mac.is_some_and(|mac| mac.elements.contains(&tags::PIXEL_DATA)),
        }
    }

    fn state(&self, item: &DataSet<'_>, mac: &Mac, certificate: &[u8], signed: &[u8]) -> Result<State, Unchecked> {
        let hash = mac.hash.ok_or(Unchecked::Method)?;
        let algorithm = hash.algorithm().ok_or(Unchecked::Method)?;
        let named = self.set.elements.iter().filter(|element| mac.elements.contains(&element.tag));
        let named: Vec<_> = named.collect();
        let is_encapsulated = named.iter().any(|element| matches!(element.value, Value::Encapsulated));
        // Compressed objects are explicit little endian but for their pixels: there the two mean the same of anything else.
        let is_plain = self.syntax.explicit && !self.syntax.big_endian && !self.syntax.deflated;
        let is_own = mac.syntax == self.transfer_syntax && (is_encapsulated || is_plain);
        if !is_own && (is_encapsulated || mac.syntax != EXPLICIT_LE) {
            return Err(Unchecked::Encoding);
        }
        let mut stream = Stream::new(algorithm, self.syntax.big_endian);
        for element in named {
            stream.element(element, self.fragments).map_err(|_| Unchecked::Elements)?;
        }
        let own = item.elements.iter().filter(|element| !NOT_SIGNED.contains(&element.tag) && is_signable(element));
        for element in own {
            stream.element(element, &[]).map_err(|_| Unchecked::Elements)?;
        }
        match x509::verdict(certificate, hash, &stream.finish(), unpadded(signed)) {
            Verdict::Right => Ok(State::Valid),
            Verdict::Wrong => Ok(State::Broken),
            Verdict::Unknown => Err(Unchecked::Method),
        }
    }
}

/// A signature in DER, as those of ECDSA, of odd length is padded in a data set.
fn unpadded(signed: &[u8]) -> &[u8] {
    match signed {
        [0x30, length, .., 0] if usize::from(*length) + 3 == signed.len() => {
            signed.get(..signed.len() - 1).unwrap_or(signed)
        }
        _ => signed,
    }
}
