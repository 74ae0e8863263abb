//! The second factor: codes of an app, and recovery codes for when the phone is lost.
//!
//! The secret lies in the journal sealed under a key of the node's; recovery codes as BLAKE3 (each has 74 bits of
//! chance). Which code was last taken is a record too: none is taken twice, a restart included. A factor that is being
//! set up is in memory until the first right code.

use super::{
    Users, UsersError, key_of, lock, password,
    record::{FactorSet, FactorUsed, Used},
    session, totp,
};
use crate::{identity::Sealing, seal::Key, tasks, trust::Person};
use protocol::Timestamp;
use std::{
    io::{Read, Write},
    time::Duration,
};
use zeroize::Zeroizing;

/// Recovery codes made at once.
const RECOVERY: usize = 10;
/// A factor that is being set up is forgotten after this.
const SETTING_UP: Duration = Duration::from_secs(15 * 60);
/// Wrong first codes before it must be begun anew.
const TRIES: u8 = 5;
/// Bytes of a sealed secret are far fewer.
const SECRET_MAX: u64 = 64;

/// One that waits for its first code.
pub(super) struct Pending {
    secret: totp::Secret,
    begun: Timestamp,
    tries: u8,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending")
    }
}

/// What an authenticator app is told.
pub(crate) struct Enrolment {
    pub(crate) secret: String,
    pub(crate) link: String,
}

fn place(key: &str) -> String {
    format!("second factor of {key}")
}

fn seal(key: &Key, name: &str, secret: &totp::Secret) -> std::io::Result<Vec<u8>> {
    let mut sealer = key.sealer(&place(name), Vec::new())?;
    sealer.write_all(secret)?;
    sealer.finish()
}

fn open(key: &Key, name: &str, sealed: &[u8]) -> std::io::Result<totp::Secret> {
    let mut secret = Zeroizing::new(Vec::new());
    key.opener(&place(name), sealed)?.take(SECRET_MAX).read_to_end(&mut secret)?;
    Ok(secret)
}

fn open_any(sealing: &Sealing, name: &str, sealed: &[u8]) -> std::io::Result<totp::Secret> {
    let newer = open(&sealing.now, name, sealed);
    match &sealing.before {
        Some(before) if newer.is_err() => open(before, name, sealed),
        _ => newer,
    }
}

/// As it may be typed: any case, with or without the dashes' spaces.
fn recovery_hash(code: &str) -> [u8; 32] {
    session::hash(&code.trim().to_lowercase())
}

impl Users {
    /// Whether the person has a second factor.
    pub(crate) fn has_factor(&self, name: &str) -> bool {
        lock(&self.0.accounts).factors.contains_key(&key_of(name))
    }

    /// Recovery codes left.
    pub(crate) fn recovery_left(&self, name: &str) -> usize {
        lock(&self.0.accounts).factors.get(&key_of(name)).map_or(0, |factor| factor.recovery.len())
    }

    /// Begins a (new) second factor. The one there is stays until [`Self::confirm_factor`].
    pub(crate) fn begin_factor(&self, person: &Person, site: &str) -> Enrolment {
        let secret = totp::secret();
        let told = Enrolment { secret: totp::text(&secret), link: totp::link(&secret, site, &person.name) };
        let now = tasks::now();
        let mut pending = lock(&self.0.pending);
        pending.retain(|_, waiting| now.since(waiting.begun) < SETTING_UP);
        // No more than there are people: each has one.
        pending.insert(key_of(&person.name), Pending { secret, begun: now, tries: 0 });
        told
    }

    /// The first code of the app: from here on the factor is asked for. Gives the recovery codes, shown this once.
    pub(crate) async fn confirm_factor(&self, person: &Person, code: &str) -> Result<Vec<String>, UsersError> {
        let key = key_of(&person.name);
        let _changing = self.0.changing.lock().await;
        let now = tasks::now();
        let (secret, step) = {
            let mut all = lock(&self.0.pending);
            let waiting = all.get_mut(&key).filter(|waiting| now.since(waiting.begun) < SETTING_UP);
            let waiting = waiting.ok_or(UsersError::NotBegun)?;
            let Some(step) = totp::step_of(&waiting.secret, code, 0, now) else {
                waiting.tries += 1;
                if waiting.tries >= TRIES {
                    all.remove(&key);
                }
                return Err(UsersError::WrongCode);
            };
            (waiting.secret.clone(), step)
        };
        let codes: Vec<String> = (0..RECOVERY).map(|_| password::generate()).collect();
        let recovery = codes.iter().map(|code| recovery_hash(code)).collect();
        let sealed =
            seal(&self.sealing().now, &key, &secret).map_err(|_| UsersError::Unfit("the secret cannot be sealed"))?;
        if !lock(&self.0.accounts).users.contains_key(&key) {
            return Err(UsersError::NoUser);
        }
        self.change(FactorSet { name: person.name.clone(), sealed: Some(sealed), last: step, recovery }).await?;
        lock(&self.0.pending).remove(&key);
        Ok(codes)
    }

    /// Seals second factors anew that were sealed under the root before. What was recorded before stays in the journal. Gives
    /// how many have one.
    pub(crate) async fn reseal_factors(&self) -> Result<usize, UsersError> {
        let names: Vec<String> = lock(&self.0.accounts).factors.keys().cloned().collect();
        for key in &names {
            let _changing = self.0.changing.lock().await;
            let Some(factor) = lock(&self.0.accounts).factors.get(key).cloned() else { continue };
            let (sealing, sealed) = (self.sealing(), factor.sealed.as_deref().unwrap_or_default());
            let Some(before) = sealing.before.as_ref().filter(|_| open(&sealing.now, key, sealed).is_err()) else {
                continue;
            };
            // One that neither opens is of no use to anybody, and stays as it is.
            let Ok(secret) = open(before, key, sealed) else { continue };
            let sealed =
                seal(&sealing.now, key, &secret).map_err(|_| UsersError::Unfit("the secret cannot be sealed"))?;
            self.change(FactorSet { sealed: Some(sealed), ..factor }).await?;
        }
        Ok(names.len())
    }

    /// Takes a person's second factor away, and ends the sessions: the phone is lost.
    pub(crate) async fn reset_factor(&self, name: &str) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let key = key_of(name);
        let user = lock(&self.0.accounts).users.get(&key).cloned().ok_or(UsersError::NoUser)?;
        if !self.has_factor(name) {
            return Err(UsersError::NoUser);
        }
        self.change(FactorSet { name: user.name, sealed: None, last: 0, recovery: Vec::new() }).await
    }

    /// Asks for the second factor where there is one. A code that was right is not taken again.
    pub(super) async fn second_factor(&self, name: &str, code: Option<&str>) -> Result<(), UsersError> {
        let key = key_of(name);
        if !self.has_factor(name) {
            return Ok(());
        }
        let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or(UsersError::SecondFactor)?;
        let _changing = self.0.changing.lock().await;
        let Some(factor) = lock(&self.0.accounts).factors.get(&key).cloned() else { return Ok(()) };
        let sealed = factor.sealed.as_deref().unwrap_or_default();
        let by_app = open_any(&self.sealing(), &key, sealed)
            .inspect_err(|error| tracing::error!(%error, "a second factor cannot be opened"))
            .ok()
            .and_then(|secret| totp::step_of(&secret, code, factor.last, tasks::now()))
            .map(Used::Step);
        let hash = recovery_hash(code);
        let by_paper =
            || factor.recovery.iter().any(|known| session::same(known, &hash)).then_some(Used::Recovery(hash));
        let used = by_app.or_else(by_paper).ok_or(UsersError::WrongCode)?;
        self.change(FactorUsed { name: factor.name, used }).await
    }
}
