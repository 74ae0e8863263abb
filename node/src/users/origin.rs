//! Accounts of people who come by an identity provider.
//!
//! Such an account is known by issuer and subject, never by a name or an address of mail. It is made when somebody first
//! comes whom the settings map to a role; an administrator can link one that is there. The role follows the mapping at
//! each sign-in, unless an administrator set it. A disabled account stays shut, whoever vouches for it.
//!
//! # At a crash
//! An account with its origin is one record. Who still owed a code begins again.
//!
//! # Not here
//! What the provider says and whether it is true: [`super::oidc`].

use super::{
    Accounts, NAME_MAX, Proof, ROWS_MAX, SignedIn, Users, UsersError,
    account::Professional,
    device, fit_name, key_of, lock, password,
    record::UserSet,
    session::{self, By, Entrance},
    throttle::{Place, Throttle},
};
use crate::tasks;
use protocol::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr, time::Duration};

/// A code is owed for so long.
pub(crate) const HALF_WAY: Duration = Duration::from_secs(300);
/// People who owe a code at once.
const HALF_WAY_MAX: usize = 1_000;
/// Somebody without a password has shown who they are for so long.
const FRESH: Duration = Duration::from_secs(300);
/// Characters of an issuer or a subject.
const TEXT_MAX: usize = 255;
/// Names that are tried for a new account.
const NAMES_MAX: u32 = 100;

/// Who somebody is at an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// An administrator set the role; the mapping does not change it.
    pub(crate) role_is_fixed: bool,
}

/// Whether an account stays the same person's at the provider.
pub(super) fn is_same(before: &UserSet, after: &UserSet) -> bool {
    let who = |user: &UserSet| user.origin.as_ref().map(|o| (o.issuer.clone(), o.subject.clone()));
    who(before) == who(after)
}

/// Where somebody comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    /// Of the second factor, or a recovery code.
    pub(crate) code: Option<&'a str>,
    pub(crate) from: IpAddr,
    /// What the browser says of itself.
    pub(crate) agent: &'a str,
}

/// Proofs of people who owe a code, by the hash of a secret in their browser.
#[derive(Debug, Default)]
pub(super) struct HalfWay(BTreeMap<[u8; 32], (Timestamp, Proof)>);

impl HalfWay {
    fn put(&mut self, proof: Proof, now: Timestamp) -> String {
        self.0.retain(|_, (at, _)| now.since(*at) < HALF_WAY);
        if self.0.len() >= HALF_WAY_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| *key)
        {
            self.0.remove(&oldest);
        }
        let secret = session::secret();
        self.0.insert(session::hash(&secret), (now, proof));
        secret
    }

    fn find(&self, secret: &str, now: Timestamp) -> Option<Proof> {
        let (at, proof) = self.0.get(&session::hash(secret))?;
        (now.since(*at) < HALF_WAY).then(|| proof.clone())
    }
}

impl Accounts {
    fn of_origin(&self, issuer: &str, subject: &str) -> Option<&UserSet> {
        let is_it = |user: &&UserSet| user.origin.as_ref().is_some_and(|o| o.issuer == issuer && o.subject == subject);
        self.users.values().find(is_it)
    }

    /// A name that nobody has, as near as may be to the one told.
    fn free_name(&self, told: Option<&str>, subject: &str) -> Option<String> {
        let legal = |c: char| if c.is_alphanumeric() || ".-_@' ".contains(c) { c } else { '-' };
        let told: String = told.unwrap_or_default().trim().chars().map(legal).take(NAME_MAX - 4).collect();
        let digest = blake3::hash(subject.as_bytes()).to_hex();
        let plain =
            fit_name(&told).unwrap_or_else(|_| format!("oidc-{}", digest.as_str().get(..12).unwrap_or_default()));
        let is_free =
            |name: &String| !self.users.contains_key(&key_of(name)) && !self.tokens.contains_key(&key_of(name));
        std::iter::once(plain.clone()).chain((2..NAMES_MAX).map(|n| format!("{plain}-{n}"))).find(is_free)
    }
}

impl Users {
    /// The account of a person at a provider.
    pub(crate) fn name_of_origin(&self, issuer: &str, subject: &str) -> Option<String> {
        lock(&self.0.accounts).of_origin(issuer, subject).map(|user| user.name.clone())
    }

    /// Sign-in of whom a provider vouches for; makes the account where there is none.
    pub(crate) async fn sign_in_by_provider(
        &self,
        proof: &Proof,
        arrival: Arrival<'_>,
    ) -> Result<SignedIn, UsersError> {
        let user = self.user_of(proof).await?;
        if !proof.two_factors && self.has_factor(&user.name) {
            // Codes are guessed as slowly as passwords are.
            let place = Place::Address(arrival.from);
            let key = key_of(&user.name);
            let Some(code) = arrival.code else { return Err(UsersError::SecondFactor) };
            let attempt = Throttle::attempt(&self.0.throttle, &key, place, tasks::now())?;
            self.second_factor(&user.name, Some(code)).await?;
            attempt.succeeded();
        }
        let by = By { provider: true, two_factors: proof.two_factors, leave: proof.leave.clone() };
        let (secret, person) = self.enter(&user, Entrance { from: arrival.from, agent: arrival.agent, by })?;
        let device = device::cookie(&self.sealing().now, &key_of(&user.name), &rand::random(), tasks::now());
        Ok(SignedIn { secret, person, device })
    }

    /// The account as it is after this sign-in.
    async fn user_of(&self, proof: &Proof) -> Result<UserSet, UsersError> {
        let _changing = self.0.changing.lock().await;
        let known = lock(&self.0.accounts).of_origin(&proof.issuer, &proof.subject).cloned();
        let Some(user) = known else { return self.make(proof).await };
        if user.disabled {
            return Err(UsersError::Disabled);
        }
        let is_fixed = user.origin.as_ref().is_some_and(|origin| origin.role_is_fixed);
        let Some(role) = proof.role.or_else(|| is_fixed.then_some(user.role)) else {
            // The provider took the role away: what was begun under it ends.
            self.end_sessions(&user.name);
            return Err(UsersError::NoRole);
        };
        let role = if is_fixed { user.role } else { role };
        let rpps = match (&user.professional.rpps, &proof.rpps) {
            (Some(kept), Some(told)) if kept != told => return Err(UsersError::OtherNumber),
            (kept, told) => kept.clone().or_else(|| told.clone()),
        };
        let professional = Professional { rpps, ..user.professional.clone() };
        let now = UserSet { role, professional, ..user.clone() };
        if now != user {
            self.change(now.clone()).await?;
        }
        Ok(now)
    }

    async fn make(&self, proof: &Proof) -> Result<UserSet, UsersError> {
        let role = proof.role.ok_or(UsersError::NoRole)?;
        let name = {
            let accounts = lock(&self.0.accounts);
            if accounts.users.len() >= ROWS_MAX {
                return Err(UsersError::Unfit("there are too many accounts"));
            }
            accounts.free_name(proof.name.as_deref(), &proof.subject).ok_or(UsersError::Exists)?
        };
        let (issuer, subject) = (proof.issuer.clone(), proof.subject.clone());
        let user = UserSet {
            name,
            role,
            // No password opens it.
            hash: password::NOBODY.to_owned(),
            must_change: false,
            disabled: false,
            professional: Professional { rpps: proof.rpps.clone(), credentials: Vec::new() },
            origin: Some(Origin { issuer, subject, role_is_fixed: false }),
        };
        self.change(user.clone()).await?;
        Ok(user)
    }

    /// Keeps a proof until its code comes; gives a secret for the browser.
    pub(crate) fn wait_for_code(&self, proof: Proof) -> String {
        lock(&self.0.half_way).put(proof, tasks::now())
    }

    /// Whose code is owed.
    pub(crate) fn waiting(&self, secret: &str) -> Option<Proof> {
        lock(&self.0.half_way).find(secret, tasks::now())
    }

    /// The code came.
    pub(crate) fn waits_no_more(&self, secret: &str) {
        lock(&self.0.half_way).0.remove(&session::hash(secret));
    }

    /// Who has no password shows who they are by a sign-in at the provider a moment ago.
    pub(super) async fn prove_by_provider(
        &self,
        name: &str,
        code: Option<&str>,
        session: &str,
    ) -> Result<(), UsersError> {
        if !lock(&self.0.sessions).is_fresh(name, session, FRESH, tasks::now()) {
            return Err(UsersError::Again);
        }
        let attempt = Throttle::attempt(&self.0.throttle, &key_of(name), Place::of_session(session), tasks::now())?;
        self.second_factor(name, code).await?;
        attempt.succeeded();
        Ok(())
    }

    /// Says who an account is at a provider. `role_is_fixed`: the role stays what it is here.
    pub(crate) async fn link(&self, name: &str, origin: Origin) -> Result<(), UsersError> {
        let fit = |text: &str| !text.is_empty() && text.len() <= TEXT_MAX && !text.chars().any(char::is_control);
        if !fit(&origin.issuer) || !fit(&origin.subject) {
            return Err(UsersError::Unfit("a subject is 1 to 255 characters, as the identity provider writes it"));
        }
        let _changing = self.0.changing.lock().await;
        let user = self.user(name)?;
        let holder = self.name_of_origin(&origin.issuer, &origin.subject);
        if holder.is_some_and(|holder| holder != user.name) {
            return Err(UsersError::Exists);
        }
        self.change(UserSet { origin: Some(origin), ..user }).await
    }

    /// From now on no provider opens the account; its sessions and tokens end.
    pub(crate) async fn unlink(&self, name: &str) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let user = self.user(name)?;
        if user.origin.is_none() {
            return Err(UsersError::NoUser);
        }
        self.change(UserSet { origin: None, ..user }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::Identity,
        journal::Journal,
        tasks::Tasks,
        trust::Role,
        users::{Must, SignIn},
    };

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const PASSWORD: &str = "cheval-pile-agrafe";

    fn open(dir: &std::path::Path) -> (Users, Tasks) {
        let tasks = Tasks::default();
        let journal = Journal::open(dir, &tasks).unwrap();
        (
            Users::open(journal, std::sync::Arc::new(Identity::from_seed(&[7; 32])), &[Role::Auditor], &tasks).unwrap(),
            tasks,
        )
    }

    fn proof(subject: &str, role: Option<Role>) -> Proof {
        Proof {
            issuer: "https://idp.example".to_owned(),
            subject: subject.to_owned(),
            name: Some("Élise Durand".to_owned()),
            role,
            rpps: Some("10001234567".to_owned()),
            two_factors: false,
            leave: Some("https://idp.example/leave".to_owned()),
        }
    }

    const ARRIVAL: Arrival<'static> = Arrival { code: None, from: HERE, agent: "Firefox" };

    #[tokio::test]
    async fn an_account_is_known_by_its_subject_and_by_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (users, tasks) = open(dir.path());
        users.add_user("Élise Durand", Role::Admin, PASSWORD, false).await.unwrap();
        assert!(matches!(users.sign_in_by_provider(&proof("s1", None), ARRIVAL).await, Err(UsersError::NoRole)));
        assert_eq!(users.accounts().len(), 1, "whom no role fits leaves nothing behind");
        let first = users.sign_in_by_provider(&proof("s1", Some(Role::Radiologist)), ARRIVAL).await.unwrap();
        assert_eq!((first.person.name.as_str(), first.person.role), ("Élise Durand-2", Role::Radiologist));
        let second = users.sign_in_by_provider(&proof("s2", Some(Role::Referrer)), ARRIVAL).await.unwrap();
        assert_eq!(second.person.name, "Élise Durand-3");
        let by_password =
            SignIn { name: "Élise Durand-2", password: "", code: None, device: None, from: HERE, agent: "" };
        assert!(matches!(users.sign_in(by_password).await, Err(UsersError::Wrong)));
        assert_eq!(users.sign_out(&first.secret).as_deref(), Some("https://idp.example/leave"));
        drop(users);
        tasks.stop(Duration::from_secs(5)).await;
        let (users, _tasks) = open(dir.path());
        let account = users.account("élise durand-2").unwrap();
        assert_eq!(account.origin.map(|o| o.subject).as_deref(), Some("s1"));
        assert_eq!((account.has_password, account.professional.rpps.as_deref()), (false, Some("10001234567")));
    }

    #[tokio::test]
    async fn a_role_follows_the_mapping_until_it_is_set_here() {
        let dir = tempfile::tempdir().unwrap();
        let (users, _tasks) = open(dir.path());
        let come = async |role| users.sign_in_by_provider(&proof("s1", role), ARRIVAL).await;
        let first = come(Some(Role::Radiologist)).await.unwrap();
        assert_eq!(come(Some(Role::Technologist)).await.unwrap().person.role, Role::Technologist);
        assert_eq!(users.session(&first.secret), None, "sessions of the role before have ended");
        let open = come(Some(Role::Technologist)).await.unwrap();
        assert!(matches!(come(None).await, Err(UsersError::NoRole)));
        assert_eq!(users.session(&open.secret), None, "the role is gone, and what was begun under it");
        users.set_role("Élise Durand", Role::Referrer).await.unwrap();
        assert_eq!(come(Some(Role::Admin)).await.unwrap().person.role, Role::Referrer);
        assert_eq!(come(None).await.unwrap().person.role, Role::Referrer);
        users.set_disabled("Élise Durand", true).await.unwrap();
        assert!(matches!(come(Some(Role::Admin)).await, Err(UsersError::Disabled)));
    }

    #[tokio::test]
    async fn a_link_is_one_persons_and_ends() {
        let dir = tempfile::tempdir().unwrap();
        let (users, _tasks) = open(dir.path());
        users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
        users.add_user("martin", Role::Referrer, PASSWORD, false).await.unwrap();
        let origin = |subject: &str| Origin {
            issuer: "https://idp.example".to_owned(),
            subject: subject.to_owned(),
            role_is_fixed: true,
        };
        users.link("durand", origin("s1")).await.unwrap();
        assert!(matches!(users.link("martin", origin("s1")).await, Err(UsersError::Exists)));
        assert!(matches!(users.link("martin", origin("")).await, Err(UsersError::Unfit(_))));
        let come = async |subject: &str| users.sign_in_by_provider(&proof(subject, None), ARRIVAL).await;
        let durand = come("s1").await.unwrap();
        assert_eq!((durand.person.name.as_str(), durand.person.role), ("durand", Role::Radiologist));
        let other = Proof { rpps: Some("10009999999".to_owned()), ..proof("s1", None) };
        assert!(matches!(users.sign_in_by_provider(&other, ARRIVAL).await, Err(UsersError::OtherNumber)));
        users.unlink("durand").await.unwrap();
        assert_eq!(users.session(&durand.secret), None);
        assert!(matches!(come("s1").await, Err(UsersError::NoRole)));
        assert!(matches!(users.unlink("durand").await, Err(UsersError::NoUser)));
    }

    #[tokio::test]
    async fn a_second_factor_is_asked_for_unless_the_providers_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (users, _tasks) = open(dir.path());
        let auditor = Proof { two_factors: true, ..proof("s1", Some(Role::Auditor)) };
        let strong = users.sign_in_by_provider(&auditor, ARRIVAL).await.unwrap();
        assert_eq!(users.must(&strong.person, Some(&strong.secret)), None);
        let weak = users.sign_in_by_provider(&proof("s1", Some(Role::Auditor)), ARRIVAL).await.unwrap();
        assert_eq!(users.must(&weak.person, Some(&weak.secret)), Some(Must::SetUpFactor));
        // Who has no password has shown who they are by coming a moment ago, with the session they came by.
        let session = Users::session_id(&weak.secret);
        users.prove(&weak.person.name, "", None, &session).await.unwrap();
        assert!(matches!(users.prove(&weak.person.name, "", None, "another").await, Err(UsersError::Again)));
        let secret = users.wait_for_code(proof("s1", Some(Role::Auditor)));
        assert_eq!(users.waiting(&secret).map(|proof| proof.subject).as_deref(), Some("s1"));
        assert!(users.waiting("another").is_none());
        users.waits_no_more(&secret);
        assert!(users.waiting(&secret).is_none());
    }

    #[test]
    fn those_who_owe_a_code_are_bounded_in_number_and_time() {
        let mut half_way = HalfWay::default();
        let first = half_way.put(proof("first", None), Timestamp(1_000));
        for n in 0..HALF_WAY_MAX {
            half_way.put(proof(&n.to_string(), None), Timestamp(2_000));
        }
        assert_eq!(half_way.0.len(), HALF_WAY_MAX);
        assert!(half_way.find(&first, Timestamp(2_000)).is_none());
        let last = half_way.put(proof("last", None), Timestamp(3_000));
        assert!(half_way.find(&last, Timestamp(3_000).after(HALF_WAY)).is_none());
    }
}
