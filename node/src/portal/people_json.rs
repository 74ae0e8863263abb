//! Accounts, sessions and tokens as the API tells them.

use super::json::rfc3339;
use crate::{
    trust::{Action, Person, Role},
    users::{Account, Credential, Must, Origin, Professional, SessionRow, TokenRow},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The stable word of what must be done first.
pub(super) const fn must_word(must: Must) -> &'static str {
    match must {
        Must::ChangePassword => "password",
        Must::SetUpFactor => "second-factor",
    }
}

fn actions_of(person: &Person) -> Vec<&'static str> {
    Action::ALL.iter().filter(|(action, _)| person.allows(*action)).map(|(_, word)| *word).collect()
}

/// A user as an administrator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserJson {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// The account opens nothing.
    disabled: bool,
    /// The password was given by another and must be changed first.
    must_change: bool,
    second_factor: bool,
    /// The role needs a second factor here.
    needs_second_factor: bool,
    /// Sessions that go on.
    sessions: usize,
    professional: ProfessionalJson,
    /// Who it is at an identity provider.
    origin: Option<OriginJson>,
}

/// Who somebody is at an identity provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Origin)]
pub(super) struct OriginJson {
    issuer: String,
    subject: String,
    /// The settings map what the provider says to the role, at each sign-in; else an administrator set it.
    role_by_mapping: bool,
}

impl From<Origin> for OriginJson {
    fn from(known: Origin) -> Self {
        Self { issuer: known.issuer, subject: known.subject, role_by_mapping: !known.role_is_fixed }
    }
}

/// Who a user is at the identity provider of the settings.
#[derive(Deserialize, ToSchema)]
pub(super) struct Link {
    /// As the provider writes it.
    pub(super) subject: String,
    /// The settings map what the provider says to the role; else it stays what it is here.
    #[serde(default)]
    pub(super) role_by_mapping: bool,
}

impl UserJson {
    pub(super) fn of(account: Account, sessions: usize) -> Self {
        Self {
            name: account.person.name,
            role: account.person.role,
            disabled: account.is_disabled,
            must_change: account.must_change,
            second_factor: account.has_factor,
            needs_second_factor: account.needs_factor,
            sessions,
            professional: account.professional.into(),
            origin: account.origin.map(Into::into),
        }
    }
}

/// Who the person is to the profession.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Professional)]
pub(super) struct ProfessionalJson {
    /// The French professional's number: 11 digits.
    rpps: Option<String>,
    #[serde(default)]
    credentials: Vec<CredentialJson>,
}

/// A licence that an administrator has seen.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Credential)]
pub(super) struct CredentialJson {
    licence: String,
    /// DICOM modalities; empty: all.
    #[serde(default)]
    modalities: Vec<String>,
    /// First day, ISO.
    from: Option<String>,
    /// Last day, ISO.
    until: Option<String>,
}

impl From<Professional> for ProfessionalJson {
    fn from(known: Professional) -> Self {
        let credential =
            |Credential { licence, modalities, from, until }| CredentialJson { licence, modalities, from, until };
        Self { rpps: known.rpps, credentials: known.credentials.into_iter().map(credential).collect() }
    }
}

impl From<ProfessionalJson> for Professional {
    fn from(told: ProfessionalJson) -> Self {
        let credential =
            |CredentialJson { licence, modalities, from, until }| Credential { licence, modalities, from, until };
        let rpps = told.rpps.map(|rpps| rpps.trim().to_owned()).filter(|rpps| !rpps.is_empty());
        Self { rpps, credentials: told.credentials.into_iter().map(credential).collect() }
    }
}

/// The account of whoever asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(super) struct AccountJson {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    second_factor: bool,
    needs_second_factor: bool,
    /// Recovery codes that were not used yet.
    recovery_left: usize,
    professional: ProfessionalJson,
    /// There is a password to sign in by.
    has_password: bool,
    /// Who one is at an identity provider.
    origin: Option<OriginJson>,
}

impl AccountJson {
    pub(super) fn of(account: Account, recovery_left: usize) -> Self {
        Self {
            name: account.person.name,
            role: account.person.role,
            second_factor: account.has_factor,
            needs_second_factor: account.needs_factor,
            recovery_left,
            professional: account.professional.into(),
            has_password: account.has_password,
            origin: account.origin.map(Into::into),
        }
    }
}

/// One sign-in that goes on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(super) struct SessionJson {
    /// Names it without opening it.
    id: String,
    /// It is the one that asks.
    this: bool,
    since: String,
    last_seen: String,
    address: String,
    /// What the browser says of itself.
    device: String,
}

impl SessionJson {
    pub(super) fn of(row: SessionRow, asking: Option<&str>) -> Self {
        Self {
            this: asking == Some(row.id.as_str()),
            id: row.id,
            since: rfc3339(row.begun),
            last_seen: rfc3339(row.seen),
            address: row.from.to_canonical().to_string(),
            device: row.agent,
        }
    }
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedToken)]
pub(super) struct TokenJson {
    pub(super) name: String,
    #[schema(value_type = String)]
    role: Role,
    /// The person whose it is; a machine's where absent.
    pub(super) owner: Option<String>,
    /// What it opens.
    #[schema(value_type = Vec<String>)]
    actions: Vec<&'static str>,
    made: Option<String>,
    /// Absent: it was made when tokens did not end.
    expires: Option<String>,
    expired: bool,
    /// Since the node started.
    last_used: Option<String>,
}

impl From<TokenRow> for TokenJson {
    fn from(row: TokenRow) -> Self {
        Self {
            actions: actions_of(&row.person),
            name: row.person.name,
            role: row.person.role,
            owner: row.owner,
            made: row.made.map(rfc3339),
            expires: row.expires.map(rfc3339),
            expired: row.expires.is_some_and(|at| crate::tasks::now() >= at),
            last_used: row.used.map(rfc3339),
        }
    }
}

/// A role and what it allows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleRow)]
pub(super) struct RoleJson {
    #[schema(value_type = String)]
    pub(super) role: Role,
    #[schema(value_type = Vec<String>)]
    pub(super) actions: Vec<&'static str>,
    /// Its people need a second factor here.
    pub(super) needs_second_factor: bool,
}

/// A person's change of the own password.
#[derive(Deserialize, ToSchema)]
pub(super) struct OwnPassword {
    pub(super) from: String,
    pub(super) to: String,
}

/// Who begins a second factor shows again who they are.
#[derive(Deserialize, ToSchema)]
pub(super) struct Again {
    pub(super) password: String,
    /// Of the factor there is, where there is one.
    pub(super) code: Option<String>,
}

/// What an authenticator app is told; shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Enrolment {
    /// Base32, for typing.
    pub(super) secret: String,
    /// `otpauth:`, for a square to be photographed.
    pub(super) link: String,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Code {
    pub(super) code: String,
}

/// Shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Recovery {
    pub(super) codes: Vec<String>,
}

/// A token of one's own.
#[derive(Deserialize, ToSchema)]
pub(super) struct OwnToken {
    pub(super) name: String,
    /// 1 to 366.
    pub(super) days: u32,
    /// Some of the role's actions; all where absent.
    pub(super) actions: Option<Vec<String>>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Disabled {
    pub(super) disabled: bool,
}

/// What somebody leaves behind: ended with the account, or to be handed on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Leaving {
    /// Tokens of theirs that open nothing from now on: what used them stops.
    pub(super) tokens: Vec<String>,
    /// Sessions that end.
    pub(super) sessions: usize,
    /// Cases that they have claimed: given back, with what they wrote, to whoever takes them next.
    pub(super) cases: Vec<String>,
}
