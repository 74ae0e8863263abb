//! Tokens for a viewer on the person's own machine: each opens one reading context, for reading, for a short time, and no longer
//! than the session in which it was made.
//!
//! # At a crash
//! They are in memory, as sessions are: after a restart the study is opened again from the portal.
//!
//! # Not here
//! What is in a context: `studies`. Where such a token is taken: the doors, at that context's root alone.

use super::{Users, lock, session};
use crate::{
    tasks,
    trust::{Person, Scope},
};
use protocol::{Timestamp, ids::Id128};
use std::{collections::HashMap, time::Duration};

/// Told from other tokens by its beginning, wherever it turns up.
const PREFIX: &str = "cfrv_";
/// How long it opens its context: a large study over a slow line, and no working day.
pub(crate) const LIVES: Duration = Duration::from_secs(30 * 60);
/// Tokens at once; the one that ends next goes first.
const TOKENS_MAX: usize = 10_000;

#[derive(Debug)]
struct Viewing {
    person: Person,
    context: Id128,
    /// The session in which it was made, by its name.
    session: String,
    ends: Timestamp,
}

/// Those that are out, by the hash of their secret.
#[derive(Debug, Default)]
pub(super) struct Viewings(HashMap<[u8; 32], Viewing>);

impl Viewings {
    fn add(&mut self, viewing: Viewing, now: Timestamp) -> String {
        self.0.retain(|_, known| known.ends > now);
        if self.0.len() >= TOKENS_MAX
            && let Some(next) = self.0.iter().min_by_key(|(_, known)| known.ends).map(|(key, _)| *key)
        {
            self.0.remove(&next);
        }
        let secret = session::secret();
        self.0.insert(session::hash(&secret), viewing);
        format!("{PREFIX}{secret}")
    }

    fn find(&self, token: &str, now: Timestamp) -> Option<&Viewing> {
        let hash = session::hash(token.strip_prefix(PREFIX)?);
        self.0.get(&hash).filter(|known| known.ends > now)
    }
}

impl Users {
    /// A token for a viewer to read one context in a person's name, while their session goes on; and when it ends.
    pub(crate) fn begin_viewing(&self, person: &Person, session: String, context: Id128) -> (String, Timestamp) {
        let now = tasks::now();
        let ends = now.after(LIVES);
        let scope = Scope::of_words(&["list-studies", "read-studies"]).unwrap_or(person.scope);
        let person = Person { scope, ..person.clone() };
        let viewing = Viewing { person, context, session, ends };
        (lock(&self.0.viewings).add(viewing, now), ends)
    }

    /// Whom a viewer's token speaks for, and the one context that it opens.
    pub(crate) fn viewing(&self, token: &str) -> Option<(Person, Id128)> {
        let (person, context, session) = {
            let viewings = lock(&self.0.viewings);
            let known = viewings.find(token, tasks::now())?;
            (known.person.clone(), known.context, known.session.clone())
        };
        self.goes_on(&person.name, &session).then_some((person, context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Role;

    #[test]
    fn a_viewers_token_ends_by_its_time() {
        let mut viewings = Viewings::default();
        let (made, context) = (Timestamp(1_000_000), Id128([7; 16]));
        let viewing = |ends: Timestamp| Viewing {
            person: Person::new("durand".to_owned(), Role::Radiologist),
            context,
            session: "s".to_owned(),
            ends,
        };
        let token = viewings.add(viewing(made.after(LIVES)), made);
        let before = Timestamp(made.after(LIVES).0 - 1);
        assert_eq!(viewings.find(&token, before).map(|known| known.context), Some(context));
        assert!(viewings.find(&token, made.after(LIVES)).is_none());
        assert!(viewings.find(token.trim_start_matches(PREFIX), before).is_none(), "a secret of another kind");
        assert!(viewings.find(&format!("{PREFIX}{}", session::secret()), before).is_none());
        let _ = viewings.add(viewing(made.after(LIVES * 3)), made.after(LIVES * 2));
        assert_eq!(viewings.0.len(), 1, "what is over is forgotten");
    }
}
