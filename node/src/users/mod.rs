//! Who may come in: accounts, sessions, tokens of machine clients, and the DICOM peers this node may send to.
//!
//! Accounts, tokens and AEs are records in the site journal, folded at start. Passwords are kept as argon2id, tokens and
//! session secrets as BLAKE3 of 32 random bytes: nothing on disk lets anyone in. A name nobody has costs a guesser as
//! much time as a wrong password, and says the same.
//!
//! # At a crash
//! A change is durable before it is answered. Sessions live in memory: after a restart people sign in again.
//!
//! # Not here
//! What a role allows is [`crate::trust`]'s table. Cookies and headers are the door's.

mod fingerprint;
mod password;
mod record;
mod session;
#[cfg(test)]
mod tests;
mod throttle;

pub(crate) use fingerprint::Fingerprint;
pub(crate) use password::generate as generate_password;
pub(crate) use record::{AeRights, AeSecurity, KnownAe, Reach};

use crate::{
    journal::{Append, Journal, JournalError, Position},
    tasks::{self, Tasks},
    trust::{Person, Role},
};
use protocol::{AeTitle, wire::Wire};
use record::{AeGone, Record, TokenGone, TokenSet, UserGone, UserSet};
use session::Sessions;
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use throttle::Throttle;
use tokio::sync::Semaphore;

/// Characters of a name.
const NAME_MAX: usize = 64;
/// Accounts, tokens and AEs of each kind: far above any hospital's, far below what memory minds.
const ROWS_MAX: usize = 10_000;
/// Password hashes computed at once: each takes 19 MiB and one core.
const HASHES_MAX: usize = 2;
/// Machine tokens begin with this, so that scanners of leaked secrets know them.
const TOKEN_PREFIX: &str = "cfr_";

#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("name or password is wrong")]
    Wrong,
    #[error("too many attempts; try again in {0} s")]
    Throttled(u64),
    #[error("there is a user of that name")]
    Exists,
    #[error("no such user")]
    NoUser,
    #[error("{0}")]
    Unfit(&'static str),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the accounts cannot be read: {0}")]
    Record(#[from] protocol::wire::WireError),
}

/// What the records say now. Users and tokens by their name in lower case.
#[derive(Debug, Default)]
struct Accounts {
    users: BTreeMap<String, UserSet>,
    tokens: BTreeMap<String, TokenSet>,
    aes: BTreeMap<AeTitle, KnownAe>,
}

#[derive(Debug)]
struct Shared {
    journal: Journal,
    tasks: Tasks,
    accounts: Mutex<Accounts>,
    sessions: Mutex<Sessions>,
    throttle: Arc<Mutex<Throttle>>,
    hashing: Arc<Semaphore>,
    /// Held from a change's check to its record: two changes cannot both find a name free.
    changing: tokio::sync::Mutex<()>,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Users(Arc<Shared>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Users {
    /// Folds the site journal; `kinds` of records used here: 32..=63.
    pub(crate) fn open(journal: Journal, tasks: &Tasks) -> Result<Self, UsersError> {
        let mut accounts = Accounts::default();
        let mut unreadable = None;
        journal.replay(Position::default(), &mut |record| {
            match Record::decode(record.kind, record.body) {
                Ok(Some(change)) => accounts.apply(change),
                Ok(None) => {}
                Err(e) => unreadable = Some(e),
            }
            Ok(())
        })?;
        if let Some(e) = unreadable {
            return Err(e.into());
        }
        Ok(Self(Arc::new(Shared {
            journal,
            tasks: tasks.clone(),
            accounts: Mutex::new(accounts),
            sessions: Mutex::default(),
            throttle: Arc::default(),
            hashing: Arc::new(Semaphore::new(HASHES_MAX)),
            changing: tokio::sync::Mutex::default(),
        })))
    }

    /// Password sign-in; gives the session's secret for the cookie. `from` is the client's address, for throttling.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<(String, Person), UsersError> {
        let user = self.authenticate(name, password, from).await?;
        let key = key_of(&user.name);
        let person = Person { name: user.name, role: user.role };
        // The account may have changed while the hash was computed. The lock is held until the session is there, and a
        // change ends sessions after it applies: no session outlives what it was begun with.
        let accounts = lock(&self.0.accounts);
        if accounts.users.get(&key).is_none_or(|now| now.hash != user.hash || now.role != user.role) {
            return Err(UsersError::Wrong);
        }
        let secret = lock(&self.0.sessions).begin(person.clone(), tasks::now());
        drop(accounts);
        Ok((secret, person))
    }

    /// Whose name and password these are, without a session: for a protocol that has its own (DIMSE associations).
    pub(crate) async fn identify(&self, name: &str, password: &str, from: IpAddr) -> Result<Person, UsersError> {
        let user = self.authenticate(name, password, from).await?;
        Ok(Person { name: user.name, role: user.role })
    }

    async fn authenticate(&self, name: &str, password: &str, from: IpAddr) -> Result<UserSet, UsersError> {
        let key = key_of(name);
        if key.chars().count() > NAME_MAX || password.len() > password::BYTES_MAX {
            return Err(UsersError::Wrong);
        }
        let attempt = Throttle::attempt(&self.0.throttle, &key, from, tasks::now())?;
        let known = lock(&self.0.accounts).users.get(&key).cloned();
        let hash = known.as_ref().map_or_else(|| password::NOBODY.to_owned(), |user| user.hash.clone());
        let given = password.to_owned();
        let right = self.hashing(move || password::verify(&given, &hash)).await?;
        let Some(user) = known.filter(|_| right) else { return Err(UsersError::Wrong) };
        attempt.succeeded();
        Ok(user)
    }

    /// A person with an account, by name alone: for a name that somebody trusted vouches for.
    pub(crate) fn person(&self, name: &str) -> Option<Person> {
        let accounts = lock(&self.0.accounts);
        accounts.users.get(&key_of(name)).map(|user| Person { name: user.name.clone(), role: user.role })
    }

    pub(crate) fn session(&self, secret: &str) -> Option<Person> {
        lock(&self.0.sessions).find(secret, tasks::now())
    }

    pub(crate) fn sign_out(&self, secret: &str) {
        lock(&self.0.sessions).end(secret);
    }

    /// A machine client by its bearer token.
    pub(crate) fn bearer(&self, token: &str) -> Option<Person> {
        let hash = session::hash(token.strip_prefix(TOKEN_PREFIX)?);
        let accounts = lock(&self.0.accounts);
        let found = accounts.tokens.values().find(|known| session::same(&known.hash, &hash))?;
        Some(Person { name: found.name.clone(), role: found.role })
    }

    pub(crate) async fn add_user(&self, name: &str, role: Role, password: &str) -> Result<(), UsersError> {
        let name = fit_name(name)?;
        password::fit(password)?;
        let hash = self.new_hash(password).await?;
        let _changing = self.0.changing.lock().await;
        self.room(&key_of(&name), |accounts| &accounts.users)?;
        self.change(UserSet { name, role, hash }).await
    }

    /// Gives a user another password and ends its sessions.
    pub(crate) async fn set_password(&self, name: &str, password: &str) -> Result<(), UsersError> {
        password::fit(password)?;
        let hash = self.new_hash(password).await?;
        let _changing = self.0.changing.lock().await;
        let user = lock(&self.0.accounts).users.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(UserSet { hash, ..user }).await
    }

    /// Gives a user another role and ends its sessions.
    pub(crate) async fn set_role(&self, name: &str, role: Role) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let user = lock(&self.0.accounts).users.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(UserSet { role, ..user }).await
    }

    /// Removes a user and ends its sessions.
    pub(crate) async fn remove_user(&self, name: &str) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let user = lock(&self.0.accounts).users.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(UserGone { name: user.name }).await
    }

    /// Gives the token, shown once.
    pub(crate) async fn add_token(&self, name: &str, role: Role) -> Result<String, UsersError> {
        let name = fit_name(name)?;
        let secret = session::secret();
        let _changing = self.0.changing.lock().await;
        self.room(&key_of(&name), |accounts| &accounts.tokens)?;
        self.change(TokenSet { name, role, hash: session::hash(&secret) }).await?;
        Ok(format!("{TOKEN_PREFIX}{secret}"))
    }

    pub(crate) async fn remove_token(&self, name: &str) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let token = lock(&self.0.accounts).tokens.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(TokenGone { name: token.name }).await
    }

    pub(crate) fn users(&self) -> Vec<Person> {
        let accounts = lock(&self.0.accounts);
        accounts.users.values().map(|user| Person { name: user.name.clone(), role: user.role }).collect()
    }

    /// The machine clients.
    pub(crate) fn tokens(&self) -> Vec<Person> {
        let accounts = lock(&self.0.accounts);
        accounts.tokens.values().map(|token| Person { name: token.name.clone(), role: token.role }).collect()
    }

    /// Adds a DICOM peer, or gives it another address.
    pub(crate) async fn add_ae(&self, ae: KnownAe) -> Result<(), UsersError> {
        let fit = !ae.host.is_empty() && ae.host.len() <= 253 && !ae.host.contains(|c: char| c.is_whitespace());
        if !fit || ae.port == 0 {
            return Err(UsersError::Unfit("an AE needs a host name or address and a port from 1 to 65535"));
        }
        let _changing = self.0.changing.lock().await;
        if lock(&self.0.accounts).aes.len() >= ROWS_MAX {
            return Err(UsersError::Unfit("there are too many AEs"));
        }
        self.change(ae).await
    }

    pub(crate) async fn remove_ae(&self, title: &AeTitle) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        if !lock(&self.0.accounts).aes.contains_key(title) {
            return Err(UsersError::NoUser);
        }
        self.change(AeGone { title: title.clone() }).await
    }

    /// A DICOM peer by its title.
    pub(crate) fn ae(&self, title: &AeTitle) -> Option<KnownAe> {
        lock(&self.0.accounts).aes.get(title).cloned()
    }

    /// What whoever calls itself `title` may do, as it is now. From this machine (`is_here`) an AE that nobody made known
    /// may echo and store; from elsewhere nothing.
    pub(crate) fn rights_of(&self, title: &AeTitle, is_here: bool) -> AeRights {
        match lock(&self.0.accounts).aes.get(title) {
            Some(ae) => ae.rights,
            None if is_here => AeRights { destination: false, ..AeRights::SCANNER },
            None => AeRights::NONE,
        }
    }

    pub(crate) fn aes(&self) -> Vec<KnownAe> {
        lock(&self.0.accounts).aes.values().cloned().collect()
    }

    /// Makes a change durable, then true. The caller holds `changing`.
    async fn change<R: Wire + Into<Record>>(&self, change: R) -> Result<(), UsersError> {
        let body = protocol::wire::encode(&change);
        let change: Record = change.into();
        let kind = change.kind();
        let shared = self.0.clone();
        // Even when the caller has gone by then: what is in the journal is true.
        let then = move |_: Position, _: Position| shared.apply(change);
        self.0.journal.submit(Append { kind, body, then: Some(Box::new(then)), ..Append::default() }).await?;
        Ok(())
    }

    fn room<V>(&self, key: &str, of: impl Fn(&Accounts) -> &BTreeMap<String, V>) -> Result<(), UsersError> {
        let accounts = lock(&self.0.accounts);
        let rows = of(&accounts);
        if rows.contains_key(key) {
            return Err(UsersError::Exists);
        }
        if rows.len() >= ROWS_MAX {
            return Err(UsersError::Unfit("there are too many accounts"));
        }
        Ok(())
    }

    async fn new_hash(&self, password: &str) -> Result<String, UsersError> {
        let given = password.to_owned();
        self.hashing(move || password::hash(&given)).await?.ok_or(UsersError::Unfit("the password cannot be hashed"))
    }

    /// Runs argon2 off the async threads, a few at once.
    async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, UsersError> {
        let Ok(permit) = self.0.hashing.clone().acquire_owned().await else { return Err(UsersError::Throttled(1)) };
        let hashed = self.0.tasks.spawn_blocking("users: password hash", move || {
            let _permit = permit;
            work()
        });
        hashed.await.map_err(|_| UsersError::Throttled(1))
    }
}

impl Shared {
    fn apply(&self, change: Record) {
        let account = match &change {
            Record::UserSet(UserSet { name, .. }) | Record::UserGone(UserGone { name }) => Some(name.clone()),
            _ => None,
        };
        lock(&self.accounts).apply(change);
        if let Some(name) = account {
            lock(&self.sessions).end_of(&name);
        }
    }
}

impl Accounts {
    fn apply(&mut self, change: Record) {
        match change {
            Record::UserSet(user) => _ = self.users.insert(key_of(&user.name), user),
            Record::UserGone(gone) => _ = self.users.remove(&key_of(&gone.name)),
            Record::TokenSet(token) => _ = self.tokens.insert(key_of(&token.name), token),
            Record::TokenGone(gone) => _ = self.tokens.remove(&key_of(&gone.name)),
            Record::AeSet(ae) => _ = self.aes.insert(ae.title.clone(), ae),
            Record::AeGone(gone) => _ = self.aes.remove(&gone.title),
        }
    }
}

/// Names differ by more than case.
fn key_of(name: &str) -> String {
    name.trim().to_lowercase()
}

fn fit_name(name: &str) -> Result<String, UsersError> {
    let name = name.trim();
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '\'' | ' ');
    if name.is_empty() || name.chars().count() > NAME_MAX || !name.chars().all(legal) {
        return Err(UsersError::Unfit("a name is 1 to 64 letters, digits, spaces or . - _ @ '"));
    }
    if key_of(name) == "local" {
        return Err(UsersError::Unfit("\"local\" is the name of whoever holds the control socket"));
    }
    Ok(name.to_owned())
}
