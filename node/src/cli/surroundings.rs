//! What `confrere doctor` asks of the house: its identity provider, its collector of events.

use super::doctor::{Findings, Mark};
use crate::{
    collect,
    config::{Config, OidcConfig},
    tasks::Tasks,
    users,
    words::{self, Language},
};

/// Codes of apps and signed tokens are judged by the clock: half a minute is what they allow.
const OFFSET_MAX_MS: u64 = 30_000;

/// Asks both, where they are set.
pub(super) async fn ask(config: &Config, findings: &mut Findings) {
    if let Some(oidc) = &config.oidc {
        provider(oidc, findings).await;
    }
    if let Some(to) = &config.collector {
        let place = format!("{}:{}", to.host, to.port);
        match collect::reach(to).await {
            Ok(()) => {
                findings.say(Mark::Good, &told!("collector: {place} answers" | "collecteur : {place} répond"), "");
            }
            Err(error) => {
                let error = in_words(error);
                let what = told!("collector: {place}: {error}" | "collecteur : {place} : {error}");
                let advice = word!(
                    "Events wait in the log until it answers: see collector.address, ca, cert and key."
                        | "Les événements attendent dans le journal : voyez collector.address, ca, cert et key."
                );
                findings.say(Mark::Bad, &what, advice);
            }
        }
    }
}

async fn provider(oidc: &OidcConfig, findings: &mut Findings) {
    let tasks = Tasks::default();
    let issuer = &oidc.issuer;
    match users::look_at_provider(oidc, &tasks).await {
        Err(ill) => {
            let ill = in_words(ill.to_string());
            let what = told!("identity provider: {issuer}: {ill}" | "fournisseur d'identité : {issuer} : {ill}");
            let advice = word!(
                "Nobody comes in by it; local accounts still do. See oidc.issuer and oidc.ca."
                    | "Personne n'entre par lui ; les comptes locaux restent ouverts. Voyez oidc.issuer et oidc.ca."
            );
            findings.say(Mark::Bad, &what, advice);
        }
        Ok(looked) => {
            let what = told!("identity provider: {issuer} answers" | "fournisseur d'identité : {issuer} répond");
            findings.say(Mark::Good, &what, "");
            if let Some(offset) = looked.clock_offset_ms {
                let what = told!(
                    "clock: {offset} ms from the identity provider's"
                        | "horloge : {offset} ms d'écart avec le fournisseur d'identité"
                );
                let advice = word!(
                    "Set the clock by NTP (timedatectl set-ntp true): what the provider signs is judged by it."
                        | "Réglez l'horloge par NTP (timedatectl set-ntp true) : ce que signe le fournisseur en dépend."
                );
                findings.expect(offset.unsigned_abs() <= OFFSET_MAX_MS, Mark::Bad, &what, advice);
            }
        }
    }
}

/// An error in the language of the command line.
fn in_words(error: String) -> String {
    match words::spoken() {
        Language::English => error,
        Language::French => words::french(&error),
    }
}
