//! Accounts, passwords, sessions, tokens, known AEs (stub: interface fixed).
use crate::{
    journal::{Journal, JournalError},
    tasks::Tasks,
    trust::{Person, Role},
};
use protocol::AeTitle;

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
}

/// A DICOM peer that the node may send to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct KnownAe {
    pub(crate) title: AeTitle,
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Users;

impl Users {
    /// Folds the site journal; `kinds` of records used here: 32..=63.
    pub(crate) fn open(_journal: Journal, _tasks: &Tasks) -> Result<Self, UsersError> {
        todo!()
    }
    /// Password sign-in; gives the session's secret for the cookie. `from` is the client's address, for throttling.
    pub(crate) async fn sign_in(
        &self,
        _name: &str,
        _password: &str,
        _from: std::net::IpAddr,
    ) -> Result<(String, Person), UsersError> {
        todo!()
    }
    pub(crate) fn session(&self, _secret: &str) -> Option<Person> {
        todo!()
    }
    pub(crate) fn sign_out(&self, _secret: &str) {
        todo!()
    }
    /// A machine client by its bearer token.
    pub(crate) fn bearer(&self, _token: &str) -> Option<Person> {
        todo!()
    }
    pub(crate) async fn add_user(&self, _name: &str, _role: Role, _password: &str) -> Result<(), UsersError> {
        todo!()
    }
    /// Gives the token, shown once.
    pub(crate) async fn add_token(&self, _name: &str, _role: Role) -> Result<String, UsersError> {
        todo!()
    }
    pub(crate) fn users(&self) -> Vec<Person> {
        todo!()
    }
    pub(crate) async fn add_ae(&self, _ae: KnownAe) -> Result<(), UsersError> {
        todo!()
    }
    pub(crate) fn aes(&self) -> Vec<KnownAe> {
        todo!()
    }
}
