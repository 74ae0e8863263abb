//! What the provider says of itself (OpenID Connect Discovery 1.0) and its keys, kept for a while.
//!
//! Each sign-in asks anew what the provider says, so that one that is away shows before a browser is sent there. Keys are
//! asked for again when a token names one that is not known: that is how they are rotated.

use super::{
    OidcError,
    http::{Ask, Road},
    token::Keys,
};
use crate::{config::OidcConfig, tasks};
use protocol::Timestamp;
use serde::Deserialize;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use url::Url;

/// Keys and addresses are believed so long.
const KEPT: Duration = Duration::from_secs(3600);
/// Where discovery lies below the issuer (4.1).
pub(super) const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What of it is used.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    jwks_uri: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) end_session_endpoint: Option<Url>,
    /// `client_secret_basic` where absent (3).
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207: each answer to the browser names its issuer.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// The secret goes into the form, not into a header.
    pub(super) fn wants_secret_in_form(&self) -> bool {
        self.token_endpoint_auth_methods_supported.as_ref().is_some_and(|methods| {
            let has = |name: &str| methods.iter().any(|method| method == name);
            has("client_secret_post") && !has("client_secret_basic")
        })
    }
}

#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Option<(Timestamp, Arc<Keys>)>,
}

#[derive(Debug, Default)]
pub(super) struct Provider(Mutex<Known>);

fn fresh<T>(kept: Option<&(Timestamp, Arc<T>)>, within: Duration) -> Option<Arc<T>> {
    let now = tasks::now();
    kept.filter(|(at, _)| *at <= now && now.since(*at) < within).map(|(_, known)| known.clone())
}

impl Provider {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks it what it is.
    pub(super) async fn discover(&self, config: &OidcConfig, road: &Road) -> Result<Arc<Metadata>, OidcError> {
        let place = format!("{}{WELL_KNOWN}", config.issuer.trim_end_matches('/'));
        let url: Url = place.parse().map_err(|_| OidcError::Away)?;
        let answer = road.ask(Ask::get(&url)).await?;
        let read = serde_json::from_slice::<Metadata>(&answer.body);
        let metadata = read.ok().filter(|_| answer.status.is_success()).ok_or_else(|| {
            tracing::warn!(status = %answer.status, "the identity provider does not say what it is");
            OidcError::Away
        })?;
        // Another's words at this place (4.3).
        if metadata.issuer != config.issuer {
            tracing::warn!(says = %metadata.issuer, "the identity provider calls itself otherwise than oidc.issuer does");
            return Err(OidcError::Away);
        }
        let metadata = Arc::new(metadata);
        self.known().metadata = Some((tasks::now(), metadata.clone()));
        Ok(metadata)
    }

    /// As it was said within the hour.
    pub(super) async fn metadata(&self, config: &OidcConfig, road: &Road) -> Result<Arc<Metadata>, OidcError> {
        let kept = fresh(self.known().metadata.as_ref(), KEPT);
        match kept {
            Some(metadata) => Ok(metadata),
            None => self.discover(config, road).await,
        }
    }

    /// Keys among which is `kid`, if the provider has it.
    pub(super) async fn keys(
        &self,
        metadata: &Metadata,
        road: &Road,
        kid: Option<&str>,
    ) -> Result<Arc<Keys>, OidcError> {
        // Only the provider sends tokens, so that nobody else makes it be asked.
        let kept = fresh(self.known().keys.as_ref(), KEPT);
        if let Some(keys) = kept.filter(|keys| kid.is_none_or(|kid| keys.has(kid))) {
            return Ok(keys);
        }
        let answer = road.ask(Ask::get(&metadata.jwks_uri)).await?;
        let keys = Keys::read(&answer.body).filter(|_| answer.status.is_success()).ok_or_else(|| {
            tracing::warn!(status = %answer.status, "the identity provider's keys cannot be read");
            OidcError::Away
        })?;
        let keys = Arc::new(keys);
        self.known().keys = Some((tasks::now(), keys.clone()));
        Ok(keys)
    }
}
