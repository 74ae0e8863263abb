//! What is kept of a person beside name and password: whether the account is in use, what must be done first, and the
//! professional identifier and credentials.

use super::{Users, UsersError, key_of, lock, origin::Origin, password, record::UserSet, throttle::Place};
use crate::trust::{Person, Role};
use serde::{Deserialize, Serialize};

/// Characters of each text of a credential.
const TEXT_MAX: usize = 100;
/// Credentials of one person.
const CREDENTIALS_MAX: usize = 16;

/// Who the person is to the profession.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Professional {
    /// The French professional's number (RPPS, 11 digits).
    pub(crate) rpps: Option<String>,
    pub(crate) credentials: Vec<Credential>,
}

/// What somebody may practise, by a paper an administrator has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// Number and giver of the licence.
    pub(crate) licence: String,
    /// DICOM modalities; all where none is named.
    pub(crate) modalities: Vec<String>,
    /// ISO dates, the last day included.
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
}

impl Professional {
    fn fit(&self) -> Result<(), UsersError> {
        if self.rpps.as_ref().is_some_and(|n| n.len() != 11 || !n.bytes().all(|b| b.is_ascii_digit())) {
            return Err(UsersError::Unfit("an RPPS number has 11 digits"));
        }
        if self.credentials.len() > CREDENTIALS_MAX {
            return Err(UsersError::Unfit("a person has at most 16 credentials"));
        }
        if self.credentials.iter().all(Credential::is_fit) {
            return Ok(());
        }
        Err(UsersError::Unfit("a credential names a licence, modalities like CT, and days like 2027-12-31 in order"))
    }
}

impl Credential {
    fn is_fit(&self) -> bool {
        let day = |text: &Option<String>| text.as_ref().map(|text| text.parse::<jiff::civil::Date>());
        let days = match (day(&self.from), day(&self.until)) {
            (Some(Ok(from)), Some(Ok(until))) => from <= until,
            (Some(Err(_)), _) | (_, Some(Err(_))) => false,
            _ => true,
        };
        let code =
            |m: &String| (1..=16).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let licence = self.licence.trim();
        let named =
            !licence.is_empty() && licence.chars().count() <= TEXT_MAX && !licence.chars().any(char::is_control);
        days && named && self.modalities.len() <= CREDENTIALS_MAX && self.modalities.iter().all(code)
    }
}

/// An account as an administrator sees it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) person: Person,
    pub(crate) is_disabled: bool,
    pub(crate) must_change: bool,
    pub(crate) has_factor: bool,
    /// The role needs one by the node's settings.
    pub(crate) needs_factor: bool,
    pub(crate) professional: Professional,
    /// There is a password to sign in by.
    pub(crate) has_password: bool,
    /// Who it is at an identity provider.
    pub(crate) origin: Option<Origin>,
}

/// What a signed-in person must do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Must {
    #[error("choose a password of your own first")]
    ChangePassword,
    #[error("set up a second factor first")]
    SetUpFactor,
}

impl Users {
    pub(super) fn user(&self, name: &str) -> Result<UserSet, UsersError> {
        lock(&self.0.accounts).users.get(&key_of(name)).cloned().ok_or(UsersError::NoUser)
    }

    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        self.user(name).ok().map(|user| self.told(user))
    }

    pub(crate) fn accounts(&self) -> Vec<Account> {
        let users: Vec<UserSet> = lock(&self.0.accounts).users.values().cloned().collect();
        users.into_iter().map(|user| self.told(user)).collect()
    }

    fn told(&self, user: UserSet) -> Account {
        Account {
            has_factor: self.has_factor(&user.name),
            needs_factor: self.needs_factor(user.role),
            person: Person::new(user.name, user.role),
            is_disabled: user.disabled,
            must_change: user.must_change,
            has_password: user.hash != password::NOBODY,
            professional: user.professional,
            origin: user.origin,
        }
    }

    /// Whether people of a role need a second factor here.
    pub(crate) fn needs_factor(&self, role: Role) -> bool {
        self.0.factor_roles.contains(&role)
    }

    /// What the person must do before anything else, as it is now; `session`: the secret of the session they are in.
    pub(crate) fn must(&self, person: &Person, session: Option<&str>) -> Option<Must> {
        let by_two = session.is_some_and(|secret| {
            lock(&self.0.sessions).by(secret, crate::tasks::now()).is_some_and(|by| by.two_factors)
        });
        let accounts = lock(&self.0.accounts);
        let key = key_of(&person.name);
        let user = accounts.users.get(&key)?;
        if user.must_change {
            return Some(Must::ChangePassword);
        }
        let lacks = self.needs_factor(user.role) && !by_two && !accounts.factors.contains_key(&key);
        lacks.then_some(Must::SetUpFactor)
    }

    /// Whether a person's own token opens anything now. It was made in a session that had done what must be done: where
    /// an identity provider lets the person in, its second factor may have been the one.
    pub(super) fn token_opens(&self, person: &Person) -> bool {
        match self.must(person, None) {
            None => true,
            Some(Must::SetUpFactor) => self.user(&person.name).is_ok_and(|user| user.origin.is_some()),
            Some(Must::ChangePassword) => false,
        }
    }

    /// The person's own change, by the password there is. All its sessions end.
    pub(crate) async fn change_password(
        &self,
        name: &str,
        from: &str,
        to: &str,
        session: &str,
    ) -> Result<(), UsersError> {
        if from == to {
            return Err(UsersError::Unfit("the new password is the old one"));
        }
        password::fit(to)?;
        let hash = self.new_hash(to).await?;
        let (user, attempt) = self.authenticate(name, from, Place::of_session(session)).await?;
        attempt.succeeded();
        let _changing = self.0.changing.lock().await;
        // It may have changed while the hash was computed.
        let now = self.user(name)?;
        if now.hash != user.hash {
            return Err(UsersError::Wrong);
        }
        self.change(UserSet { hash, must_change: false, ..now }).await
    }

    /// Whether it is the person, asked again before something that outlives the session.
    pub(crate) async fn prove(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
        session: &str,
    ) -> Result<(), UsersError> {
        if self.user(name)?.hash == password::NOBODY {
            return self.prove_by_provider(name, code, session).await;
        }
        let (user, attempt) = self.authenticate(name, password, Place::of_session(session)).await?;
        self.second_factor(&user.name, code).await?;
        attempt.succeeded();
        Ok(())
    }

    /// A leaver's account opens nothing any more: sessions and tokens end. It stays, for what it has signed.
    pub(crate) async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), UsersError> {
        let _changing = self.0.changing.lock().await;
        let user = self.user(name)?;
        self.change(UserSet { disabled, ..user }).await
    }

    /// Identifier and credentials; sessions go on.
    pub(crate) async fn set_professional(&self, name: &str, professional: Professional) -> Result<(), UsersError> {
        professional.fit()?;
        let _changing = self.0.changing.lock().await;
        let user = self.user(name)?;
        self.change(UserSet { professional, ..user }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_professional_is_checked() {
        let credential = Credential {
            licence: "Ordre des médecins 75/1234".to_owned(),
            modalities: vec!["CT".to_owned(), "MR".to_owned()],
            from: Some("2026-01-01".to_owned()),
            until: Some("2027-12-31".to_owned()),
        };
        let fit = Professional { rpps: Some("10000000008".to_owned()), credentials: vec![credential.clone()] };
        assert!(fit.fit().is_ok());
        for rpps in ["100000000011", "1000000000", "1000000000x", ""] {
            assert!(Professional { rpps: Some(rpps.to_owned()), ..fit.clone() }.fit().is_err(), "{rpps}");
        }
        for unfit in [
            Credential { licence: " ".to_owned(), ..credential.clone() },
            Credential { modalities: vec!["ct".to_owned()], ..credential.clone() },
            Credential { from: Some("2028-01-01".to_owned()), ..credential.clone() },
            Credential { until: Some("31/12/2027".to_owned()), ..credential },
        ] {
            assert!(Professional { credentials: vec![unfit.clone()], ..fit.clone() }.fit().is_err(), "{unfit:?}");
        }
    }
}
