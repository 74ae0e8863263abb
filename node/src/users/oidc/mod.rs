//! Sign-in by an identity provider: OpenID Connect, authorization code with PKCE (RFC 7636, S256).
//!
//! What a sign-in began with (state, nonce, verifier, where to go afterwards) is not kept here: it is sealed into a cookie
//! of the browser that began it, so that nobody can fill a table, and no other browser can end it. A state is taken once,
//! and within ten minutes. What the provider says is believed when [`token`] says so; who it is here, and whether they come
//! in, is [`super::origin`]'s.
//!
//! # At a crash
//! Which states were taken is forgotten: the provider takes no code twice, and the nonce is of one sign-in.
//!
//! # Not here
//! Cookies and redirects are the door's. Tokens of the provider's are asked for once and not renewed.

mod claims;
mod http;
mod look;
mod provider;
mod token;

pub(crate) use look::look;
pub(crate) use token::Untrue;

use crate::{
    config::OidcConfig,
    identity::Identity,
    tasks::{self, Tasks},
    trust::Role,
};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{Ask, Road};
use lru::LruCache;
use protocol::Timestamp;
use provider::{Metadata, Provider};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, Read, Write},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use token::{Claims, Wanted};
use tokio::sync::Semaphore;
use url::{
    Url,
    form_urlencoded::{self, byte_serialize},
};
use zeroize::Zeroizing;

/// Whoever takes longer at the provider begins again.
pub(crate) const WITHIN: Duration = Duration::from_secs(600);
/// Sign-ins that ask the provider something at once.
const AT_ONCE_MAX: usize = 16;
/// States remembered as taken: more than can be within [`WITHIN`] through [`AT_ONCE_MAX`].
const TAKEN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);
/// Bytes of the page to go to.
const PAGE_MAX: usize = 512;
/// Bytes of a cookie's text, sealed.
const SEALED_MAX: u64 = 4096;
/// Characters of a subject (Core, 2).
const SUBJECT_MAX: usize = 255;
/// Bytes of an address that leads to the provider's sign-out, with its token.
const LEAVE_MAX: usize = 16 * 1024;
const PURPOSE: &str = "confrere 2026-11 sign-ins by a provider";
const PLACE: &str = "sign-in by the provider";
/// Below the portal's address; registered at the provider.
const CALLBACK: &str = "/api/session/provider/callback";

/// Why nobody came in by the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OidcError {
    #[error("the identity provider does not answer as it should")]
    Away,
    #[error("too many sign-ins at once")]
    Busy,
    #[error("this sign-in was not begun here, was ended, or took too long")]
    State,
    #[error("the answer names another identity provider")]
    MixUp,
    #[error("the identity provider did not let the person in")]
    Denied,
    #[error("what the identity provider says cannot be believed: {0}")]
    Untrue(#[from] Untrue),
    #[error("the sign-in at the identity provider is not strong enough for this site")]
    Weak,
    #[error("the page to go to is not one of this portal")]
    Page,
}

/// Whom the provider vouches for.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// For a new account.
    pub(crate) name: Option<String>,
    /// By the mapping of the settings; none: they know no role for this person.
    pub(crate) role: Option<Role>,
    pub(crate) rpps: Option<String>,
    /// The provider saw a second factor, and the settings take its word.
    pub(crate) two_factors: bool,
    /// Where to sign out there.
    pub(crate) leave: Option<String>,
}

/// A sign-in that was begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Where the browser goes.
    pub(crate) url: String,
    /// For its cookie.
    pub(crate) sealed: String,
}

/// What the browser brings back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returned<'a> {
    pub(crate) state: &'a str,
    pub(crate) code: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) issuer: Option<&'a str>,
    /// The cookie's value.
    pub(crate) sealed: Option<&'a str>,
}

/// What is in the cookie.
#[derive(Serialize, Deserialize)]
struct Beginning {
    state: String,
    nonce: String,
    verifier: String,
    page: String,
    until: Timestamp,
}

#[derive(Debug)]
struct Inner {
    config: OidcConfig,
    road: Road,
    provider: Provider,
    identity: Arc<Identity>,
    taken: Mutex<LruCache<String, ()>>,
    at_once: Semaphore,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Oidc(Arc<Inner>);

/// 32 bytes by chance, 43 characters (RFC 7636, 4.1).
fn chance() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

/// A path of this portal and nothing that a browser would take for another place.
fn is_page(page: &str) -> bool {
    let other = page.starts_with("//") || page.contains('\\') || page.chars().any(|c| c.is_control() || c == ' ');
    page.starts_with('/') && !other && page.len() <= PAGE_MAX
}

impl Oidc {
    /// # Errors
    /// When the authorities named cannot be read.
    pub(crate) fn open(config: &OidcConfig, identity: Arc<Identity>, tasks: &Tasks) -> io::Result<Self> {
        let road = Road::new(config, tasks)?;
        let (taken, at_once) = (Mutex::new(LruCache::new(TAKEN)), Semaphore::new(AT_ONCE_MAX));
        Ok(Self(Arc::new(Inner {
            config: config.clone(),
            road,
            provider: Provider::default(),
            identity,
            taken,
            at_once,
        })))
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        &self.0.config.name
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.config.issuer
    }

    /// Where a browser goes to sign in, to come back to `page`.
    pub(crate) async fn begin(&self, page: &str) -> Result<Begun, OidcError> {
        if !is_page(page) {
            return Err(OidcError::Page);
        }
        let inner = &self.0;
        let _one = inner.at_once.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = inner.provider.discover(&inner.config, &inner.road).await?;
        let (state, nonce, verifier) = (chance(), chance(), chance());
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        let config = &inner.config;
        let asked = config.scopes.iter().filter(|scope| *scope != "openid").map(String::as_str);
        let scope = std::iter::once("openid").chain(asked).collect::<Vec<_>>().join(" ");
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", &inner.redirect())
            .append_pair("scope", &scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !config.acr.is_empty() {
            url.query_pairs_mut().append_pair("acr_values", &config.acr.join(" "));
        }
        // A browser goes there: no place that we would not ask ourselves.
        if !crate::config::may_be_asked(&url, config.http_here) {
            return Err(OidcError::Away);
        }
        let until = tasks::now().after(WITHIN);
        let beginning = Beginning { state, nonce, verifier, page: page.to_owned(), until };
        let sealed = inner.seal(&beginning).map_err(|_| OidcError::State)?;
        Ok(Begun { url: url.to_string(), sealed })
    }

    /// Ends a sign-in: whom the provider vouches for, and the page to go to.
    pub(crate) async fn finish(&self, returned: Returned<'_>) -> Result<(Proof, String), OidcError> {
        let inner = &self.0;
        let beginning = returned.sealed.and_then(|sealed| inner.unseal(sealed)).ok_or(OidcError::State)?;
        let is_same = super::session::same(
            blake3::hash(beginning.state.as_bytes()).as_bytes(),
            blake3::hash(returned.state.as_bytes()).as_bytes(),
        );
        if !is_same || tasks::now() >= beginning.until || !inner.take(&beginning.state) {
            return Err(OidcError::State);
        }
        let _one = inner.at_once.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = inner.provider.metadata(&inner.config, &inner.road).await?;
        // RFC 9207: an answer of one provider must not be brought to another.
        let is_named = returned.issuer.map(|issuer| issuer == inner.config.issuer);
        if !is_named.unwrap_or(!metadata.authorization_response_iss_parameter_supported) {
            return Err(OidcError::MixUp);
        }
        if let Some(error) = returned.error {
            tracing::info!(error = %error.chars().take(64).collect::<String>().escape_debug(), "the identity provider refused a sign-in");
            return Err(OidcError::Denied);
        }
        let code = returned.code.ok_or(OidcError::State)?;
        let proof = inner.redeem(&metadata, code, &beginning).await?;
        Ok((proof, beginning.page))
    }
}

/// What the token endpoint answers.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
}

impl Inner {
    fn redirect(&self) -> String {
        format!("{}{CALLBACK}", self.config.portal_url)
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { issuer: &self.config.issuer, client: &self.config.client_id }
    }

    fn seal(&self, beginning: &Beginning) -> io::Result<String> {
        let mut sealer = self.identity.sealing(PURPOSE).now.sealer(PLACE, Vec::new())?;
        sealer.write_all(&serde_json::to_vec(beginning)?)?;
        Ok(BASE64URL_NOPAD.encode(&sealer.finish()?))
    }

    fn unseal(&self, text: &str) -> Option<Beginning> {
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let open = |key: &crate::seal::Key| {
            let mut plain = Vec::new();
            key.opener(PLACE, sealed.as_slice()).ok()?.take(SEALED_MAX).read_to_end(&mut plain).ok()?;
            Some(plain)
        };
        let plain = self.identity.sealing(PURPOSE).all().find_map(open)?;
        serde_json::from_slice(&plain).ok()
    }

    /// Whether the state was not taken before.
    fn take(&self, state: &str) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.put(state.to_owned(), ()).is_none()
    }

    /// The code for tokens, and tokens for whom they speak of.
    async fn redeem(&self, metadata: &Metadata, code: &str, beginning: &Beginning) -> Result<Proof, OidcError> {
        let tokens = self.tokens(metadata, code, &beginning.verifier).await?;
        let kid = token::kid(&tokens.id_token)?;
        let keys = self.provider.keys(metadata, &self.road, kid.as_deref()).await?;
        let now_s = i64::try_from(tasks::now().0 / 1000).unwrap_or(i64::MAX);
        let told = token::id_token(&tokens.id_token, &keys, self.wanted(), &beginning.nonce, now_s)?;
        if !claims::is_strong(&told, &self.config) {
            return Err(OidcError::Weak);
        }
        let subject = told.get("sub").and_then(serde_json::Value::as_str).ok_or(Untrue::Form)?.to_owned();
        if subject.is_empty() || subject.len() > SUBJECT_MAX || subject.chars().any(char::is_control) {
            return Err(Untrue::Form.into());
        }
        let more = match &metadata.userinfo_endpoint {
            Some(place) if claims::lacks(&told, &self.config) => {
                self.userinfo(metadata, place, &tokens.access_token, &subject).await?
            }
            _ => Claims::new(),
        };
        // What the ID token says stands before what is said beside it.
        let all: Claims = more.into_iter().chain(told).collect();
        Ok(Proof {
            issuer: self.config.issuer.clone(),
            subject,
            name: claims::name(&all, &self.config),
            role: claims::role(&all, &self.config),
            rpps: claims::rpps(&all, &self.config),
            two_factors: self.config.second_factor,
            leave: self.leave(metadata, &tokens.id_token),
        })
    }

    async fn tokens(&self, metadata: &Metadata, code: &str, verifier: &str) -> Result<Tokens, OidcError> {
        let secret = Zeroizing::new(std::fs::read_to_string(&self.config.client_secret).map_err(|error| {
            tracing::error!(%error, "oidc.client_secret cannot be read");
            OidcError::Away
        })?);
        let ask = self.redemption(metadata, secret.trim(), code, verifier);
        let answer = self.road.ask(ask).await?;
        if answer.status.is_server_error() {
            return Err(OidcError::Away);
        }
        if !answer.status.is_success() {
            // A code that was used, or is none.
            tracing::warn!(status = %answer.status, "the identity provider takes no code for tokens");
            return Err(OidcError::Denied);
        }
        Ok(serde_json::from_slice(&answer.body).map_err(|_| Untrue::Form)?)
    }

    /// The question for tokens (RFC 6749, 4.1.3).
    fn redemption<'a>(&self, metadata: &'a Metadata, secret: &str, code: &str, verifier: &str) -> Ask<'a> {
        let id = self.config.client_id.as_str();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect())
            .append_pair("code_verifier", verifier);
        let authorization = if metadata.wants_secret_in_form() {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
            None
        } else {
            // RFC 6749, 2.3.1: both as in a form.
            let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            Some(format!("Basic {}", BASE64.encode(format!("{}:{}", part(id), part(secret)).as_bytes())))
        };
        Ask { url: &metadata.token_endpoint, authorization, form: Some(form.finish()) }
    }

    /// Claims beside the ID token, as JSON or as a signed token (Core, 5.3).
    async fn userinfo(
        &self,
        metadata: &Metadata,
        place: &Url,
        access: &str,
        subject: &str,
    ) -> Result<Claims, OidcError> {
        let ask = Ask { url: place, authorization: Some(format!("Bearer {access}")), form: None };
        let answer = self.road.ask(ask).await?;
        if !answer.status.is_success() {
            tracing::warn!(status = %answer.status, "the identity provider's userinfo");
            return Err(OidcError::Away);
        }
        let told: Claims = if answer.kind == "application/jwt" {
            let text = std::str::from_utf8(&answer.body).map_err(|_| Untrue::Form)?.trim();
            let kid = token::kid(text)?;
            let keys = self.provider.keys(metadata, &self.road, kid.as_deref()).await?;
            token::signed(text, &keys, self.wanted())?
        } else {
            serde_json::from_slice(&answer.body).map_err(|_| Untrue::Form)?
        };
        if told.get("sub").and_then(serde_json::Value::as_str) != Some(subject) {
            return Err(Untrue::Subject.into());
        }
        Ok(told)
    }

    /// Where a browser signs out at the provider (RP-Initiated Logout 1.0), to come back here.
    fn leave(&self, metadata: &Metadata, id_token: &str) -> Option<String> {
        let mut url = metadata.end_session_endpoint.clone()?;
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", &self.config.client_id)
            .append_pair("post_logout_redirect_uri", &format!("{}/", self.config.portal_url));
        let is_fit = crate::config::may_be_asked(&url, self.config.http_here) && url.as_str().len() <= LEAVE_MAX;
        is_fit.then(|| url.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_portal_are_gone_to() {
        for page in ["/", "/studies", "/studies?text=a&x=%2F", "/archive/rules#x"] {
            assert!(is_page(page), "{page}");
        }
        for other in
            ["", "studies", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "/a b", "\t/a"]
        {
            assert!(!is_page(other), "{other:?}");
        }
        assert!(!is_page(&format!("/{}", "a".repeat(PAGE_MAX))));
    }
}
