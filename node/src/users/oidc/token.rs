//! Whether an ID token is the provider's, meant for this node and this sign-in, and of now (OpenID Connect Core 1.0,
//! 3.1.3.7).
//!
//! Signatures are judged by `jsonwebtoken` over aws-lc-rs, by the provider's published keys alone: what a token says of
//! its own key is not looked at. Algorithms with a shared secret, and none at all, are not among those taken.

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, PublicKeyUse},
};
use serde_json::{Map, Value};

/// Clocks of provider and node may differ so far, seconds.
const SKEW_S: i64 = 60;
/// A token of a sign-in is not older, seconds.
const AGE_MAX_S: i64 = 600;
/// Keys of a provider that are looked at.
const KEYS_MAX: usize = 64;
/// Of public keys only.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

pub(super) type Claims = Map<String, Value>;

/// What is wrong with a token; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrue {
    #[error("no ID token")]
    Form,
    #[error("algorithm not taken")]
    Algorithm,
    #[error("signed by no key of the provider")]
    Key,
    #[error("signature, issuer or audience is wrong")]
    Signature,
    #[error("of another time")]
    Time,
    #[error("of another sign-in")]
    Nonce,
    #[error("for another party")]
    Party,
    #[error("userinfo is of somebody else")]
    Subject,
}

/// A provider's keys (RFC 7517); those that are not understood, or not for signing, are left out.
#[derive(Debug)]
pub(super) struct Keys(Vec<Jwk>);

impl Keys {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let told: Value = serde_json::from_slice(body).ok()?;
        let keys = told.get("keys")?.as_array()?.iter().take(KEYS_MAX);
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        let signs = |key: &Jwk| {
            !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))
                && !matches!(key.algorithm, AlgorithmParameters::OctetKey(_))
        };
        Some(Self(keys.filter(signs).collect()))
    }

    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.common.key_id.as_deref() == Some(kid))
    }

    /// The key of that name; of the algorithm's kind where the token names none.
    fn chosen(&self, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
        let is_named = |key: &&Jwk| kid.is_none() || key.common.key_id.as_deref() == kid;
        let keys = self.0.iter().filter(is_named).filter_map(|key| DecodingKey::from_jwk(key).ok());
        keys.filter(|key| key.family() == algorithm.family()).collect()
    }
}

/// The key that a token names.
pub(super) fn kid(token: &str) -> Result<Option<String>, Untrue> {
    decode_header(token).map(|header| header.kid).map_err(|_| Untrue::Algorithm)
}

/// Whom a token must be from and for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
}

/// Claims of a token that one of the keys signed, from the issuer and for us.
pub(super) fn signed(token: &str, keys: &Keys, wanted: Wanted<'_>) -> Result<Claims, Untrue> {
    let header = decode_header(token).map_err(|_| Untrue::Algorithm)?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err(Untrue::Algorithm);
    }
    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    validation.set_issuer(&[wanted.issuer]);
    validation.set_audience(&[wanted.client]);
    // Times are judged below, by the node's own clock.
    validation.validate_exp = false;
    let keys = keys.chosen(header.kid.as_deref(), header.alg);
    if keys.is_empty() {
        return Err(Untrue::Key);
    }
    let claims = keys.iter().find_map(|key| decode::<Claims>(token, key, &validation).ok());
    let claims = claims.map(|data| data.claims).ok_or(Untrue::Signature)?;
    // The crate would take a list of issuers too.
    if claims.get("iss").and_then(Value::as_str) != Some(wanted.issuer) {
        return Err(Untrue::Signature);
    }
    Ok(claims)
}

/// Claims of an ID token for the sign-in that `nonce` began; `now_s`: seconds since 1970.
pub(super) fn id_token(
    token: &str,
    keys: &Keys,
    wanted: Wanted<'_>,
    nonce: &str,
    now_s: i64,
) -> Result<Claims, Untrue> {
    let claims = signed(token, keys, wanted)?;
    let seconds = |name: &str| claims.get(name).map(|value| whole(value).ok_or(Untrue::Time));
    let (expires, issued) = (seconds("exp").ok_or(Untrue::Time)??, seconds("iat").ok_or(Untrue::Time)??);
    let from = seconds("nbf").transpose()?.unwrap_or(issued);
    let is_now = now_s < expires.saturating_add(SKEW_S)
        && from <= now_s.saturating_add(SKEW_S)
        && issued <= now_s.saturating_add(SKEW_S)
        && issued >= now_s.saturating_sub(AGE_MAX_S);
    if !is_now {
        return Err(Untrue::Time);
    }
    if claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
        return Err(Untrue::Nonce);
    }
    let is_for_many = claims.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() != 1);
    match claims.get("azp") {
        None if is_for_many => return Err(Untrue::Party),
        Some(party) if party.as_str() != Some(wanted.client) => return Err(Untrue::Party),
        _ => {}
    }
    Ok(claims)
}

/// Whole seconds of a number in JSON, which may have a fraction (RFC 7519, NumericDate).
fn whole(value: &Value) -> Option<i64> {
    let fraction = || format!("{:.0}", value.as_f64()?.clamp(0.0, 1e12)).parse().ok();
    value.as_i64().or_else(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
    };
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;
    const WANTED: Wanted<'static> = Wanted { issuer: "https://idp.example", client: "ch-nord" };

    fn key() -> EncodingKey {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        EncodingKey::from_ec_der(pkcs8.as_ref())
    }

    fn published(key: &EncodingKey, kid: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    fn claims() -> Value {
        json!({ "iss": "https://idp.example", "aud": "ch-nord", "sub": "s1", "exp": NOW + 300, "iat": NOW, "nonce": "n" })
    }

    fn signed_by(key: &EncodingKey, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, key).unwrap()
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_token_is_taken_only_as_it_should_be() {
        let (own, other) = (key(), key());
        let keys = Keys::read(json!({ "keys": [published(&own, "a"), published(&other, "b")] }).to_string().as_bytes());
        let keys = keys.unwrap();
        let judged = |token: &str| id_token(token, &keys, WANTED, "n", NOW).map(|_| ());
        assert_eq!(judged(&signed_by(&own, Some("a"), &claims())), Ok(()));
        assert_eq!(judged(&signed_by(&own, None, &claims())), Ok(()), "no key named: any of the kind");
        assert_eq!(judged(&signed_by(&own, Some("b"), &claims())), Err(Untrue::Signature));
        assert_eq!(judged(&signed_by(&own, Some("c"), &claims())), Err(Untrue::Key));
        for (name, value, fault) in [
            ("iss", json!("https://other.example"), Untrue::Signature),
            ("iss", json!(["https://idp.example", "https://other.example"]), Untrue::Signature),
            ("aud", json!("other"), Untrue::Signature),
            ("aud", json!(["ch-nord", "other"]), Untrue::Party),
            ("azp", json!("other"), Untrue::Party),
            ("exp", json!(NOW - 61), Untrue::Time),
            ("exp", json!("never"), Untrue::Time),
            ("exp", Value::Null, Untrue::Time),
            ("nbf", json!(NOW + 61), Untrue::Time),
            ("iat", json!(NOW + 61), Untrue::Time),
            ("iat", json!(NOW - 601), Untrue::Time),
            ("nonce", json!("m"), Untrue::Nonce),
            ("nonce", Value::Null, Untrue::Nonce),
            ("sub", Value::Null, Untrue::Signature),
        ] {
            let token = signed_by(&own, Some("a"), &with(name, value.clone()));
            assert_eq!(judged(&token), Err(fault), "{name} {value}");
        }
        for (name, value) in [
            ("exp", json!(NOW - 59)),
            ("exp", json!(1.5e18)),
            ("iat", json!(NOW + 59)),
            ("azp", json!("ch-nord")),
            ("aud", json!(["ch-nord"])),
        ] {
            assert_eq!(judged(&signed_by(&own, Some("a"), &with(name, value.clone()))), Ok(()), "{name} {value}");
        }
        let shared = encode(
            &Header::new(Algorithm::HS256),
            &claims(),
            &EncodingKey::from_secret(b"secret-of-the-client-32-bytes!!!").unwrap(),
        );
        assert_eq!(judged(&shared.unwrap()), Err(Untrue::Algorithm));
        let text = |value: Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        for header in [json!({ "alg": "none" }), json!({ "alg": "NONE" }), json!({ "typ": "JWT" })] {
            assert_eq!(judged(&format!("{}.{}.", text(header), text(claims()))), Err(Untrue::Algorithm));
        }
        for broken in ["", ".", "a.b", "a.b.c.d", "é.é.é"] {
            assert_eq!(judged(broken), Err(Untrue::Algorithm), "{broken}");
        }
    }

    #[test]
    fn keys_that_are_not_for_this_are_left_out() {
        let own = key();
        let mut sealing = published(&own, "a");
        sealing["use"] = json!("enc");
        let secret = json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "o" });
        let odd = json!({ "kty": "new", "kid": "n" });
        let keys = Keys::read(json!({ "keys": [sealing, secret, odd, 7] }).to_string().as_bytes()).unwrap();
        assert!(!keys.has("a") && !keys.has("o"));
        assert_eq!(id_token(&signed_by(&own, Some("a"), &claims()), &keys, WANTED, "n", NOW), Err(Untrue::Key));
        assert!(Keys::read(b"{}").is_none() && Keys::read(b"[").is_none());
    }
}
