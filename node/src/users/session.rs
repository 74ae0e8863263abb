//! Sessions of people, in memory: the secret is in the browser's cookie, here is only its hash.

use crate::trust::Person;
use data_encoding::BASE64URL_NOPAD;
use protocol::Timestamp;
use std::{collections::HashMap, net::IpAddr, time::Duration};
use subtle::ConstantTimeEq;

/// A session nobody used for so long is over: longer than a shift's pause, shorter than the way home and back.
const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// Nobody stays signed in longer than this.
const AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Sessions at once; the longest unused one goes first.
const SESSIONS_MAX: usize = 10_000;
/// Characters kept of what a browser says of itself.
const AGENT_MAX: usize = 200;

#[derive(Debug)]
struct Session {
    person: Person,
    begun: Timestamp,
    seen: Timestamp,
    from: IpAddr,
    agent: String,
    by: By,
}

/// What a session was begun by.
#[derive(Clone, Debug, Default)]
pub(super) struct By {
    /// An identity provider, not a password.
    pub(super) provider: bool,
    /// The provider saw a second factor, and its word is taken for it.
    pub(super) two_factors: bool,
    /// Where to sign out at the provider.
    pub(super) leave: Option<String>,
}

/// Where and by what a session is begun.
#[derive(Debug)]
pub(super) struct Entrance<'a> {
    pub(super) from: IpAddr,
    pub(super) agent: &'a str,
    pub(super) by: By,
}

/// A session as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    /// Names it without opening it.
    pub(crate) id: String,
    pub(crate) begun: Timestamp,
    pub(crate) seen: Timestamp,
    /// Where it was begun.
    pub(crate) from: IpAddr,
    /// What the browser says of itself.
    pub(crate) agent: String,
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
    pub(super) fn begin(&mut self, person: Person, entrance: Entrance<'_>, now: Timestamp) -> String {
        let Entrance { from, agent, by } = entrance;
        self.0.retain(|_, session| !session.is_over(now));
        if self.0.len() >= SESSIONS_MAX
            && let Some(unused) = self.0.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key)
        {
            self.0.remove(&unused);
        }
        let secret = secret();
        let agent = agent.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect();
        self.0.insert(hash(&secret), Session { person, begun: now, seen: now, from, agent, by });
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

    /// What a session that goes on was begun by.
    pub(super) fn by(&self, secret: &str, now: Timestamp) -> Option<&By> {
        self.0.get(&hash(secret)).filter(|session| !session.is_over(now)).map(|session| &session.by)
    }

    /// Whether one of an account's was begun by a provider, within a time.
    pub(super) fn is_fresh(&self, name: &str, which: &str, within: Duration, now: Timestamp) -> bool {
        self.0.iter().any(|(key, session)| {
            let is_it = session.person.name == name && id(key) == which;
            is_it && session.by.provider && now.since(session.begun) < within
        })
    }

    /// Gives where to sign out at the provider, if one let the person in.
    pub(super) fn end(&mut self, secret: &str) -> Option<String> {
        self.0.remove(&hash(secret)).and_then(|session| session.by.leave)
    }

    /// Those of one account, the last used first.
    pub(super) fn of(&self, name: &str, now: Timestamp) -> Vec<SessionRow> {
        let theirs = self.0.iter().filter(|(_, session)| session.person.name == name && !session.is_over(now));
        let mut rows: Vec<SessionRow> = theirs
            .map(|(key, session)| SessionRow {
                id: id(key),
                begun: session.begun,
                seen: session.seen,
                from: session.from,
                agent: session.agent.clone(),
            })
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.seen));
        rows
    }

    /// Ends one of an account's; says whether there was one.
    pub(super) fn end_one(&mut self, name: &str, which: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|key, session| session.person.name != name || id(key) != which);
        self.0.len() < before
    }

    /// Ends all sessions of one account.
    pub(super) fn end_of(&mut self, name: &str) {
        self.0.retain(|_, session| session.person.name != name);
    }
}

/// A session's name: a hash of the hash, which opens nothing.
fn id(key: &[u8; 32]) -> String {
    blake3::hash(key).to_hex().chars().take(16).collect()
}

/// What a presented secret's session is called.
pub(super) fn id_of(secret: &str) -> String {
    id(&hash(secret))
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

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn firefox() -> Entrance<'static> {
        Entrance { from: HOME, agent: "Firefox", by: By::default() }
    }

    #[test]
    fn a_session_ends_when_unused_and_at_its_age() {
        let mut sessions = Sessions::default();
        let person = Person::new("durand".to_owned(), Role::Radiologist);
        let begun = Timestamp(1_000_000);
        let at = |hours: u64| begun.after(Duration::from_secs(hours * 3600));
        let secret = sessions.begin(person.clone(), firefox(), begun);
        assert_eq!(sessions.find(&secret, at(11)), Some(person.clone()));
        assert_eq!(sessions.find(&secret, at(22)), Some(person.clone()));
        assert_eq!(sessions.find(&secret, at(25)), None, "a day is the end, used or not");
        let secret = sessions.begin(person, firefox(), begun);
        assert_eq!(sessions.find(&secret, at(13)), None, "half a day unused is the end");
    }
}
