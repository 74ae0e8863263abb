//! Sessions of people, in memory: the secret is in the browser's cookie, here is only its hash.

use crate::trust::Person;
use data_encoding::BASE64URL_NOPAD;
use protocol::Timestamp;
use std::{collections::HashMap, time::Duration};
use subtle::ConstantTimeEq;

/// A session nobody used for so long is over: longer than a shift's pause, shorter than the way home and back.
const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// Nobody stays signed in longer than this.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Sessions at once; the longest unused one goes first.
const SESSIONS_MAX: usize = 10_000;

#[derive(Debug)]
struct Session {
    person: Person,
    begun: Timestamp,
    seen: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.seen) > IDLE_MAX || now.since(self.begun) > AGE_MAX
    }
}

#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<[u8; 32], Session>);

impl Sessions {
    /// Gives the secret.
    pub(super) fn begin(&mut self, person: Person, now: Timestamp) -> String {
        self.0.retain(|_, session| !session.is_over(now));
        if self.0.len() >= SESSIONS_MAX
            && let Some(unused) = self.0.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key)
        {
            self.0.remove(&unused);
        }
        let secret = secret();
        self.0.insert(hash(&secret), Session { person, begun: now, seen: now });
        secret
    }

    pub(super) fn find(&mut self, secret: &str, now: Timestamp) -> Option<Person> {
        let key = hash(secret);
        let session = self.0.get_mut(&key)?;
        if session.is_over(now) {
            self.0.remove(&key);
            return None;
        }
        session.seen = now;
        Some(session.person.clone())
    }

    pub(super) fn end(&mut self, secret: &str) {
        self.0.remove(&hash(secret));
    }

    /// Ends all sessions of one account.
    pub(super) fn end_of(&mut self, name: &str) {
        self.0.retain(|_, session| session.person.name != name);
    }
}

/// 32 bytes from the system's generator, as text for a cookie or header.
pub(super) fn secret() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>())
}

pub(super) fn hash(secret: &str) -> [u8; 32] {
    blake3::hash(secret.as_bytes()).into()
}

pub(super) fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Role;

    #[test]
    fn a_session_ends_when_unused_and_at_its_age() {
        let mut sessions = Sessions::default();
        let person = Person { name: "durand".to_owned(), role: Role::Radiologist };
        let begun = Timestamp(1_000_000);
        let at = |hours: u64| begun.after(Duration::from_secs(hours * 3600));
        let secret = sessions.begin(person.clone(), begun);
        assert_eq!(sessions.find(&secret, at(11)), Some(person.clone()));
        assert_eq!(sessions.find(&secret, at(22)), Some(person.clone()));
        assert_eq!(sessions.find(&secret, at(25)), None, "a day is the end, used or not");
        let secret = sessions.begin(person, begun);
        assert_eq!(sessions.find(&secret, at(13)), None, "half a day unused is the end");
    }
}
