//! Tokens of programs: of a machine, with a role of its own, or of a person, whose role they share and end with.

use super::{
    Accounts, TOKEN_PREFIX, Users, UsersError, fit_name, key_of, lock,
    record::{TokenGone, TokenSet},
    session,
};
use crate::{
    tasks,
    trust::{Person, Role, Scope},
};
use protocol::Timestamp;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Nothing new opens anything for longer.
pub(crate) const DAYS_MAX: u32 = 366;
/// Tokens of one person.
const OWN_MAX: usize = 20;

/// What is made.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) scope: Scope,
    /// Days it lives, 1 to [`DAYS_MAX`].
    pub(crate) days: u32,
    /// The person it is of.
    pub(crate) owner: Option<String>,
}

/// A token as it is listed.
#[derive(Clone, Debug)]
pub(crate) struct TokenRow {
    pub(crate) person: Person,
    pub(crate) owner: Option<String>,
    pub(crate) made: Option<Timestamp>,
    /// None: it was made before tokens ended.
    pub(crate) expires: Option<Timestamp>,
    /// Since the node started.
    pub(crate) used: Option<Timestamp>,
}

impl Accounts {
    /// Whom a token speaks for: an owner that is there and may sign in.
    fn speaker(&self, token: &TokenSet, now: Timestamp) -> Option<Person> {
        if token.expires.is_some_and(|at| now >= at) {
            return None;
        }
        let name = match &token.owner {
            Some(owner) => {
                let user = self.users.get(&key_of(owner))?;
                (!user.disabled && user.role == token.role).then(|| user.name.clone())?
            }
            None => token.name.clone(),
        };
        Some(Person { scope: token.scope, ..Person::new(name, token.role) })
    }
}

impl Users {
    /// A program by its bearer token.
    pub(crate) fn bearer(&self, token: &str) -> Option<Person> {
        let hash = session::hash(token.strip_prefix(TOKEN_PREFIX)?);
        let now = tasks::now();
        let accounts = lock(&self.0.accounts);
        let found = accounts.tokens.values().find(|known| session::same(&known.hash, &hash))?;
        let person = accounts.speaker(found, now)?;
        lock(&self.0.used).insert(key_of(&found.name), now);
        let is_owned = found.owner.is_some();
        drop(accounts);
        // Whoever must do something first does it before the tokens go on.
        (!is_owned || self.token_opens(&person)).then_some(person)
    }

    /// Gives the token, shown once.
    pub(crate) async fn add_token(&self, new: NewToken) -> Result<String, UsersError> {
        let name = fit_name(&new.name)?;
        if !(1..=DAYS_MAX).contains(&new.days) {
            return Err(UsersError::Unfit("a token lives 1 to 366 days"));
        }
        let secret = session::secret();
        let _changing = self.0.changing.lock().await;
        self.room(&key_of(&name), |accounts| &accounts.tokens)?;
        if let Some(owner) = &new.owner {
            let accounts = lock(&self.0.accounts);
            let theirs = accounts.tokens.values().filter(|token| token.owner.as_ref() == Some(owner)).count();
            if theirs >= OWN_MAX {
                return Err(UsersError::Unfit("a person has at most 20 tokens"));
            }
        }
        let made = tasks::now();
        let set = TokenSet {
            name,
            role: new.role,
            hash: session::hash(&secret),
            scope: new.scope,
            owner: new.owner,
            made: Some(made),
            expires: Some(made.after(DAY.saturating_mul(new.days))),
        };
        self.change(set).await?;
        Ok(format!("{TOKEN_PREFIX}{secret}"))
    }

    pub(crate) async fn remove_token(&self, name: &str) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let token = lock(&self.0.accounts).tokens.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(TokenGone { name: token.name }).await
    }

    /// Takes back one of a person's own.
    pub(crate) async fn remove_own_token(&self, owner: &str, name: &str) -> Result<(), UsersError> {
        if !self.tokens().iter().any(|t| t.owner.as_deref() == Some(owner) && key_of(&t.person.name) == key_of(name)) {
            return Err(UsersError::NoUser);
        }
        self.remove_token(name).await
    }

    /// All, machines' and people's; `person.name` is the token's own.
    pub(crate) fn tokens(&self) -> Vec<TokenRow> {
        let accounts = lock(&self.0.accounts);
        let used = lock(&self.0.used);
        let row = |(key, token): (&String, &TokenSet)| TokenRow {
            person: Person { scope: token.scope, ..Person::new(token.name.clone(), token.role) },
            owner: token.owner.clone(),
            made: token.made,
            expires: token.expires,
            used: used.get(key).copied(),
        };
        accounts.tokens.iter().map(row).collect()
    }
}
