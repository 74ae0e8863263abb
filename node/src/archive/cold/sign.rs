//! Signatures of requests to an object store: AWS Signature Version 4 in the Authorization header, the payload's SHA-256
//! signed with the rest.
//!
//! # Not here
//! Sending them: [`super::client`].

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;
use std::fmt::Write;
use zeroize::Zeroizing;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What a store knows a client by.
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.id)
    }
}

/// What is signed of a request. The headers' names are in lower case; `host` is among them.
#[derive(Debug)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// Encoded already, from the slash on.
    pub(super) path: &'a str,
    /// Encoded already, and in order: [`query`].
    pub(super) query: &'a str,
    pub(super) headers: &'a BTreeMap<&'static str, String>,
    /// SHA-256 of the body, hexadecimal.
    pub(super) payload: &'a str,
}

/// SHA-256, hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Percent-encoded as the signature wants it: all but the unreserved characters of RFC 3986.
pub(super) fn encoded(text: &str, keep_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slashes => out.push('/'),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

/// A query, encoded and in order.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let mut all: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| (encoded(name, false), encoded(value, false))).collect();
    all.sort();
    all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The value of the Authorization header, for a request of `at` (`YYYYMMDD'T'HHMMSS'Z'`).
pub(super) fn authorization(credentials: &Credentials, region: &str, at: &str, signed: &Signed<'_>) -> String {
    let headers: String = signed.headers.iter().fold(String::new(), |mut all, (name, value)| {
        _ = writeln!(all, "{name}:{}", value.trim());
        all
    });
    let names = signed.headers.keys().copied().collect::<Vec<_>>().join(";");
    let Signed { method, path, query, payload, .. } = signed;
    let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}");
    let day = at.get(..8).unwrap_or_default();
    let scope = format!("{day}/{region}/s3/aws4_request");
    let text = format!("{ALGORITHM}\n{at}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let first = Zeroizing::new(format!("AWS4{}", credentials.secret.as_str()));
    let key =
        [day, region, "s3", "aws4_request"].iter().fold(Zeroizing::new(first.as_bytes().to_vec()), |key, part| {
            Zeroizing::new(tag(&key, part.as_bytes()).as_ref().to_vec())
        });
    let signature = HEXLOWER.encode(tag(&key, text.as_bytes()).as_ref());
    format!("{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}", credentials.id)
}

fn tag(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

#[cfg(test)]
mod tests {
    //! The examples of "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference.
    use super::*;

    fn signature(method: &str, path: &str, query: &str, more: &[(&'static str, &str)], body: &[u8]) -> String {
        let credentials = Credentials {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
        };
        let (at, payload) = ("20130524T000000Z", sha256(body));
        let mut headers: BTreeMap<&'static str, String> =
            more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        headers.insert("host", "examplebucket.s3.amazonaws.com".to_owned());
        headers.insert("x-amz-date", at.to_owned());
        headers.insert("x-amz-content-sha256", payload.clone());
        let signed = Signed { method, path, query, headers: &headers, payload: &payload };
        let header = authorization(&credentials, "us-east-1", at, &signed);
        assert!(header.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
        ));
        header.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn an_object_is_asked_for_by_range() {
        assert_eq!(
            signature("GET", "/test.txt", "", &[("range", "bytes=0-9")], b""),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn an_object_is_put() {
        let more = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")];
        assert_eq!(
            signature("PUT", &encoded("/test$file.text", true), "", &more, b"Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }

    #[test]
    fn a_bucket_is_asked_about() {
        assert_eq!(
            signature("GET", "/", &query(&[("lifecycle", "")]), &[], b""),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            signature("GET", "/", &query(&[("prefix", "J"), ("max-keys", "2")]), &[], b""),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn all_but_unreserved_characters_are_encoded() {
        assert_eq!(encoded("a b/é+~", true), "a%20b/%C3%A9%2B~");
        assert_eq!(encoded("a/b", false), "a%2Fb");
    }
}
