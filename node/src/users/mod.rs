//! Who may come in: accounts, sessions, tokens of machine clients, and the DICOM peers this node may send to.
//!
//! Accounts, tokens and AEs are records in the site journal, folded at start. Passwords are kept as argon2id, tokens and
//! session secrets as BLAKE3 of 32 random bytes: nothing on disk lets anyone in. A name nobody has costs a guesser as
//! much time as a wrong password, and says the same.
//!
//! # At a crash
//! A change is durable before it is answered. Sessions live in memory: after a restart people sign in again.
//!
//! A person may have a second factor ([`factor`]), a program a token ([`token`]), a viewer one for what it shows ([`viewing`]); what else an account has is in
//! [`account`]. Who comes by an identity provider ([`oidc`]) is an account too ([`origin`]).
//!
//! # Not here
//! What a role allows is [`crate::trust`]'s table. Cookies and headers are the door's.

mod account;
mod device;
mod factor;
mod fingerprint;
mod oidc;
mod origin;
mod password;
mod record;
mod session;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod totp;
mod viewing;

pub(crate) use account::{Account, Credential, Must, Professional};
pub(crate) use device::KEPT as DEVICE_KEPT;
pub(crate) use oidc::{Oidc, OidcError, Proof, Returned, WITHIN as OIDC_WITHIN, look as look_at_provider};
pub(crate) use origin::{Arrival, HALF_WAY, Origin};
pub(crate) use session::SessionRow;
pub(crate) use token::{DAYS_MAX as TOKEN_DAYS_MAX, NewToken, TokenRow};

pub(crate) use fingerprint::Fingerprint;
pub(crate) use password::generate as generate_password;
pub(crate) use record::{AeRights, AeSecurity, KnownAe, Reach};

use crate::{
    identity::{Identity, Sealing},
    journal::{Append, Journal, JournalError, Position},
    tasks::{self, Tasks},
    trust::{Person, Role},
};
use factor::Pending;
use origin::HalfWay;
use protocol::{AeTitle, Timestamp, wire::Wire};
use record::{AeGone, FactorSet, FactorUsed, Record, TokenSet, Used, UserGone, UserSet};
use session::{By, Entrance, Sessions};
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use throttle::{Attempt, Place, Throttle};
use tokio::sync::Semaphore;

/// Characters of a name.
const NAME_MAX: usize = 64;
/// Accounts, tokens and AEs of each kind: far above any hospital's, far below what memory minds.
const ROWS_MAX: usize = 10_000;
/// Password hashes computed at once: each takes 19 MiB and one core.
const HASHES_MAX: usize = 2;
/// Names kept for a slow listener; who falls behind misses that somebody lost a right, and the doors still refuse.
const LOST_KEPT: usize = 256;
/// Machine tokens begin with this, so that scanners of leaked secrets know them.
const TOKEN_PREFIX: &str = "cfr_";
/// What the key of second factors and device cookies is derived for.
const PURPOSE: &str = "confrere 2026-11 second factors and devices";

#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("name or password is wrong")]
    Wrong,
    #[error("too many attempts; try again in {0} s")]
    Throttled(u64),
    #[error("a code of the second factor is needed")]
    SecondFactor,
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("begin the second factor first")]
    NotBegun,
    #[error("the account is disabled")]
    Disabled,
    #[error("the settings map no role to this person")]
    NoRole,
    #[error("the account has another professional number than the identity provider says")]
    OtherNumber,
    #[error("sign in at the identity provider again first")]
    Again,
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
    factors: BTreeMap<String, FactorSet>,
}

/// A sign-in as it was asked for.
#[derive(Clone, Copy)]
pub(crate) struct SignIn<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
    /// Of the second factor, or a recovery code.
    pub(crate) code: Option<&'a str>,
    /// The device's cookie.
    pub(crate) device: Option<&'a str>,
    /// The client's address.
    pub(crate) from: IpAddr,
    /// What the browser says of itself.
    pub(crate) agent: &'a str,
}

/// What a sign-in gives.
pub(crate) struct SignedIn {
    /// The session's secret, for the cookie.
    pub(crate) secret: String,
    pub(crate) person: Person,
    /// The device's cookie from now on.
    pub(crate) device: String,
}

#[derive(Debug)]
struct Shared {
    journal: Journal,
    tasks: Tasks,
    accounts: Mutex<Accounts>,
    sessions: Mutex<Sessions>,
    viewings: Mutex<viewing::Viewings>,
    throttle: Arc<Mutex<Throttle>>,
    hashing: Arc<Semaphore>,
    /// Has the keys of second factors and device cookies.
    identity: Arc<Identity>,
    /// Roles that need a second factor.
    factor_roles: Vec<Role>,
    /// Second factors that wait for their first code.
    pending: Mutex<BTreeMap<String, Pending>>,
    /// When each token was last used, since the start.
    used: Mutex<BTreeMap<String, Timestamp>>,
    /// When each known AE last called or answered, since the start. Bounded by the AEs there are.
    heard: Mutex<BTreeMap<AeTitle, Timestamp>>,
    /// Ticks when sessions end.
    ended: tokio::sync::watch::Sender<()>,
    /// Ticks when an account changes.
    changed: tokio::sync::watch::Sender<()>,
    /// Names whose rights were taken away, or became others.
    lost: tokio::sync::broadcast::Sender<String>,
    /// Who came by the identity provider and still owes a code.
    half_way: Mutex<HalfWay>,
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
    /// Folds the site journal; `kinds` of records used here: 32..=63. People of `factor_roles` need a second factor.
    pub(crate) fn open(
        journal: Journal,
        identity: Arc<Identity>,
        factor_roles: &[Role],
        tasks: &Tasks,
    ) -> Result<Self, UsersError> {
        let mut accounts = Accounts::default();
        let mut unreadable = None;
        journal.replay(Position::default(), &mut |record| {
            match Record::decode(record.kind, record.body) {
                Ok(Some(change)) => _ = accounts.apply(change),
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
            viewings: Mutex::default(),
            throttle: Arc::default(),
            hashing: Arc::new(Semaphore::new(HASHES_MAX)),
            identity,
            factor_roles: factor_roles.to_vec(),
            pending: Mutex::default(),
            used: Mutex::default(),
            heard: Mutex::default(),
            ended: tokio::sync::watch::Sender::new(()),
            changed: tokio::sync::watch::Sender::new(()),
            lost: tokio::sync::broadcast::Sender::new(LOST_KEPT),
            half_way: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })))
    }

    /// The keys of second factors and device cookies.
    fn sealing(&self) -> Sealing {
        self.0.identity.sealing(PURPOSE)
    }

    /// Sign-in by password, and second factor where there is one.
    pub(crate) async fn sign_in(&self, asked: SignIn<'_>) -> Result<SignedIn, UsersError> {
        let key = key_of(asked.name);
        let sealing = self.sealing();
        let of_cookie = |cookie| sealing.all().find_map(|by| device::of_cookie(by, &key, cookie, tasks::now()));
        let known = asked.device.and_then(of_cookie);
        let place = known.map_or(Place::Address(asked.from), Place::Device);
        let (user, attempt) = self.authenticate(asked.name, asked.password, place).await?;
        if user.disabled {
            return Err(UsersError::Disabled);
        }
        self.second_factor(&user.name, asked.code).await?;
        attempt.succeeded();
        let device = device::cookie(&sealing.now, &key, &known.unwrap_or_else(rand::random), tasks::now());
        let entrance = Entrance { from: asked.from, agent: asked.agent, by: By::default() };
        let (secret, person) = self.enter(&user, entrance)?;
        Ok(SignedIn { secret, person, device })
    }

    /// Begins a session of an account as it was when who asks was judged.
    fn enter(&self, user: &UserSet, entrance: Entrance<'_>) -> Result<(String, Person), UsersError> {
        let person = Person::new(user.name.clone(), user.role);
        // The account may have changed while the hash was computed. The lock is held until the session is there, and a
        // change ends sessions after it applies: no session outlives what it was begun with.
        let accounts = lock(&self.0.accounts);
        let same = |now: &UserSet| {
            now.hash == user.hash && now.role == user.role && now.origin == user.origin && !now.disabled
        };
        if !accounts.users.get(&key_of(&user.name)).is_some_and(same) {
            return Err(UsersError::Wrong);
        }
        let secret = lock(&self.0.sessions).begin(person.clone(), entrance, tasks::now());
        drop(accounts);
        Ok((secret, person))
    }

    /// Whose name and password these are, without a session: for a protocol that has its own (DIMSE associations). It
    /// cannot ask for a second factor, so that who has or needs one does not come in by it.
    pub(crate) async fn identify(&self, name: &str, password: &str, from: IpAddr) -> Result<Person, UsersError> {
        let (user, attempt) = self.authenticate(name, password, Place::Address(from)).await?;
        let person = Person::new(user.name, user.role);
        if user.disabled || self.has_factor(&person.name) || self.must(&person, None).is_some() {
            return Err(UsersError::SecondFactor);
        }
        attempt.succeeded();
        Ok(person)
    }

    async fn authenticate(&self, name: &str, password: &str, from: Place) -> Result<(UserSet, Attempt), UsersError> {
        let key = key_of(name);
        if key.chars().count() > NAME_MAX || password.len() > password::BYTES_MAX {
            return Err(UsersError::Wrong);
        }
        let attempt = Throttle::attempt(&self.0.throttle, &key, from, tasks::now())?;
        let known = lock(&self.0.accounts).users.get(&key).cloned();
        let hash = known.as_ref().map_or_else(|| password::NOBODY.to_owned(), |user| user.hash.clone());
        let given = password.to_owned();
        let right = self.hashing(move || password::verify(&given, &hash)).await?;
        let user = known.filter(|_| right).ok_or(UsersError::Wrong)?;
        Ok((user, attempt))
    }

    /// A person with an account that is in use, by name alone: for a name that somebody trusted vouches for.
    pub(crate) fn person(&self, name: &str) -> Option<Person> {
        let accounts = lock(&self.0.accounts);
        let user = accounts.users.get(&key_of(name)).filter(|user| !user.disabled)?;
        Some(Person::new(user.name.clone(), user.role))
    }

    pub(crate) fn session(&self, secret: &str) -> Option<Person> {
        lock(&self.0.sessions).find(secret, tasks::now())
    }

    /// What a session is called in [`Self::sessions`].
    pub(crate) fn session_id(secret: &str) -> String {
        session::id_of(secret)
    }

    /// Whether the session goes on, without using it.
    pub(crate) fn goes_on(&self, name: &str, id: &str) -> bool {
        self.sessions(name).iter().any(|row| row.id == id)
    }

    /// A person's sessions, the last used first.
    pub(crate) fn sessions(&self, name: &str) -> Vec<SessionRow> {
        lock(&self.0.sessions).of(name, tasks::now())
    }

    /// Ends one of a person's sessions; says whether there was one.
    pub(crate) fn end_session(&self, name: &str, id: &str) -> bool {
        let ended = lock(&self.0.sessions).end_one(name, id);
        self.0.ended.send_replace(());
        ended
    }

    /// Ends all of a person's sessions.
    pub(crate) fn end_sessions(&self, name: &str) {
        lock(&self.0.sessions).end_of(name);
        self.0.ended.send_replace(());
    }

    /// Gives where to sign out at the identity provider, if one let the person in.
    pub(crate) fn sign_out(&self, secret: &str) -> Option<String> {
        let leave = lock(&self.0.sessions).end(secret);
        self.0.ended.send_replace(());
        leave
    }

    /// Names of accounts that were disabled or removed, or whose role or password became another: what runs for them ends.
    pub(crate) fn losses(&self) -> tokio::sync::broadcast::Receiver<String> {
        self.0.lost.subscribe()
    }

    /// Ticks when an account is other than it was.
    pub(crate) fn changes(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Ticks when sessions have ended.
    pub(crate) fn endings(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.ended.subscribe()
    }

    pub(crate) async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
        must_change: bool,
    ) -> Result<(), UsersError> {
        let name = fit_name(name)?;
        password::fit(password)?;
        let hash = self.new_hash(password).await?;
        let _changing = self.0.changing.lock().await;
        self.room(&key_of(&name), |accounts| &accounts.users)?;
        let professional = Professional::default();
        self.change(UserSet { name, role, hash, must_change, disabled: false, professional, origin: None }).await
    }

    /// Gives a user another password and ends its sessions; with `must_change` it is good for choosing another only.
    pub(crate) async fn set_password(&self, name: &str, password: &str, must_change: bool) -> Result<(), UsersError> {
        password::fit(password)?;
        let hash = self.new_hash(password).await?;
        let _changing = self.0.changing.lock().await;
        let user = lock(&self.0.accounts).users.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(UserSet { hash, must_change, ..user }).await
    }

    /// Gives a user another role and ends its sessions. What an administrator said stands before an identity provider.
    pub(crate) async fn set_role(&self, name: &str, role: Role) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let user = self.user(name)?;
        let origin = user.origin.clone().map(|origin| Origin { role_is_fixed: true, ..origin });
        self.change(UserSet { role, origin, ..user }).await
    }

    /// Removes a user and ends its sessions.
    pub(crate) async fn remove_user(&self, name: &str) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let user = lock(&self.0.accounts).users.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)?;
        self.change(UserGone { name: user.name }).await
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
        self.change(AeGone { title: title.clone() }).await?;
        lock(&self.0.heard).remove(title);
        Ok(())
    }

    /// A DICOM peer by its title.
    pub(crate) fn ae(&self, title: &AeTitle) -> Option<KnownAe> {
        lock(&self.0.accounts).aes.get(title).cloned()
    }

    /// An AE called and was let in, or answered when it was asked.
    pub(crate) fn hear_ae(&self, title: &AeTitle) {
        if lock(&self.0.accounts).aes.contains_key(title) {
            lock(&self.0.heard).insert(title.clone(), tasks::now());
        }
    }

    /// When a known AE was last heard of, since the start.
    pub(crate) fn ae_heard(&self, title: &AeTitle) -> Option<Timestamp> {
        lock(&self.0.heard).get(title).copied()
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
        let ends = lock(&self.accounts).apply(change);
        self.changed.send_replace(());
        if let Some(name) = ends {
            lock(&self.sessions).end_of(&name);
            self.ended.send_replace(());
            // Nobody may be listening.
            let _ = self.lost.send(name);
        }
    }
}

impl Accounts {
    /// Gives the name whose sessions end by it.
    fn apply(&mut self, change: Record) -> Option<String> {
        match change {
            Record::UserSet(user) => return self.set_user(user),
            Record::UserGone(gone) => {
                let key = key_of(&gone.name);
                self.users.remove(&key);
                self.factors.remove(&key);
                self.tokens.retain(|_, token| token.owner.as_deref().map(key_of).as_ref() != Some(&key));
                return Some(gone.name);
            }
            Record::TokenSet(token) => _ = self.tokens.insert(key_of(&token.name), token),
            Record::TokenGone(gone) => _ = self.tokens.remove(&key_of(&gone.name)),
            Record::AeSet(ae) => _ = self.aes.insert(ae.title.clone(), ae),
            Record::AeGone(gone) => _ = self.aes.remove(&gone.title),
            Record::FactorSet(factor) if factor.sealed.is_none() => {
                self.factors.remove(&key_of(&factor.name));
                return Some(factor.name);
            }
            Record::FactorSet(factor) => _ = self.factors.insert(key_of(&factor.name), factor),
            Record::FactorUsed(FactorUsed { name, used }) => {
                if let Some(factor) = self.factors.get_mut(&key_of(&name)) {
                    match used {
                        Used::Step(step) => factor.last = factor.last.max(step),
                        Used::Recovery(hash) => factor.recovery.retain(|known| *known != hash),
                    }
                }
            }
        }
        None
    }

    fn set_user(&mut self, user: UserSet) -> Option<String> {
        let key = key_of(&user.name);
        let before = self.users.get(&key);
        let other_person = before.is_some_and(|b| b.origin.is_some() && !origin::is_same(b, &user));
        let other_role = before.is_some_and(|b| b.role != user.role);
        let other_rights = other_role || other_person || user.disabled || user.must_change;
        let ends = other_rights || before.is_some_and(|b| b.hash != user.hash);
        if other_rights {
            self.tokens.retain(|_, token| token.owner.as_deref().map(key_of).as_ref() != Some(&key));
        }
        let name = user.name.clone();
        self.users.insert(key, user);
        ends.then_some(name)
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
