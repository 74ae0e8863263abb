//! What `confrere doctor` asks of the identity provider: what any sign-in needs of it, without one.

use super::{
    http::{Ask, Road},
    provider::{Metadata, Provider, WELL_KNOWN},
};
use crate::{
    config::OidcConfig,
    tasks::{self, Tasks},
};
use std::io;

/// A provider that answers as it should.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked {
    /// Its clock against ours, milliseconds, as far as whole seconds say; `None`: it does not tell the time.
    pub(crate) clock_offset_ms: Option<i64>,
}

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ill {
    #[error("its authorities cannot be read: {0}")]
    Authorities(#[from] io::Error),
    #[error("it cannot be reached, or does not say what it is")]
    Away,
    #[error("it calls itself {0}")]
    Issuer(String),
    #[error("its keys cannot be read")]
    Keys,
}

/// Discovers the provider, and reads its keys.
///
/// # Errors
/// [`Ill`].
pub(crate) async fn look(config: &OidcConfig, tasks: &Tasks) -> Result<Looked, Ill> {
    let road = Road::new(config, tasks)?;
    let place = format!("{}{WELL_KNOWN}", config.issuer.trim_end_matches('/'));
    let url = place.parse().map_err(|_| Ill::Away)?;
    let answer = road.ask(Ask::get(&url)).await.map_err(|_| Ill::Away)?;
    let heard = tasks::now();
    let metadata = serde_json::from_slice::<Metadata>(&answer.body).ok().filter(|_| answer.status.is_success());
    let metadata = metadata.ok_or(Ill::Away)?;
    if metadata.issuer != config.issuer {
        return Err(Ill::Issuer(metadata.issuer.chars().filter(|c| !c.is_control()).take(200).collect()));
    }
    Provider::default().keys(&metadata, &road, None).await.map_err(|_| Ill::Keys)?;
    let told = answer.date.as_deref().and_then(|date| {
        let told = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
        // Whole seconds: it may be any time within this one.
        Some(told.as_millisecond().saturating_add(500).saturating_sub(i64::try_from(heard.0).ok()?))
    });
    Ok(Looked { clock_offset_ms: told })
}
