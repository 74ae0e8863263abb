//! The records of accounts in the site journal, kinds 32 to 63.

use super::{Fingerprint, account::Professional, origin::Origin};
use crate::trust::{Role, Scope};
use protocol::{
    AeTitle, Timestamp,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

/// An account as it is from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserSet {
    pub(super) name: String,
    pub(super) role: Role,
    /// argon2id in PHC form.
    pub(super) hash: String,
    /// The password was given by another, and opens nothing but the way to a new one.
    pub(super) must_change: bool,
    /// It opens nothing.
    pub(super) disabled: bool,
    pub(super) professional: Professional,
    /// Who it is at an identity provider.
    pub(super) origin: Option<Origin>,
}

/// [`UserSet`] before there were identity providers.
#[derive(Deserialize)]
struct UserSetV2 {
    name: String,
    role: Role,
    hash: String,
    must_change: bool,
    disabled: bool,
    professional: Professional,
}

/// [`UserSet`] when it was name and password.
#[derive(Deserialize)]
struct UserSetV1 {
    name: String,
    role: Role,
    hash: String,
}

impl Wire for UserSet {
    const VERSION: u8 = 3;
    const NAME: &'static str = "user";
    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        let UserSetV2 { name, role, hash, must_change, disabled, professional } = match version {
            1 => {
                let UserSetV1 { name, role, hash } = wire::decode_body(body)?;
                let professional = Professional::default();
                UserSetV2 { name, role, hash, must_change: false, disabled: false, professional }
            }
            2 => wire::decode_body(body)?,
            _ => return Err(WireError::Version { name: Self::NAME, version }),
        };
        Ok(Self { name, role, hash, must_change, disabled, professional, origin: None })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserGone {
    pub(super) name: String,
}

/// A machine client's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenSet {
    pub(super) name: String,
    pub(super) role: Role,
    /// BLAKE3 of its secret.
    pub(super) hash: [u8; 32],
    pub(super) scope: Scope,
    /// The person whose it is; a machine's where none is.
    pub(super) owner: Option<String>,
    pub(super) made: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
}

/// [`TokenSet`] when a token was a machine's, for ever and for all of its role.
#[derive(Deserialize)]
struct TokenSetV1 {
    name: String,
    role: Role,
    hash: [u8; 32],
}

impl Wire for TokenSet {
    const VERSION: u8 = 2;
    const NAME: &'static str = "token";
    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let TokenSetV1 { name, role, hash } = wire::decode_body(body)?;
        Ok(Self { name, role, hash, scope: Scope::ALL, owner: None, made: None, expires: None })
    }
}

/// A person's second factor as it is from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FactorSet {
    pub(super) name: String,
    /// The secret, sealed by the node; none: there is no second factor any more.
    pub(super) sealed: Option<Vec<u8>>,
    /// The step of the last code that was taken.
    pub(super) last: u64,
    /// BLAKE3 of the recovery codes left.
    pub(super) recovery: Vec<[u8; 32]>,
}

/// A code that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FactorUsed {
    pub(super) name: String,
    pub(super) used: Used,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Used {
    Step(u64),
    Recovery([u8; 32]),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenGone {
    pub(super) name: String,
}

/// A DICOM peer: where it is, and what it may do here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownAe {
    pub(crate) title: AeTitle,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rights: AeRights,
    pub(crate) security: AeSecurity,
}

/// How an AE is spoken with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AeSecurity {
    /// By TLS only, both ways.
    pub(crate) tls: bool,
    /// The one certificate it shows; any of the authority's where not given.
    pub(crate) certificate: Option<Fingerprint>,
}

/// What an AE may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AeRights {
    /// C-ECHO is answered.
    pub(crate) echo: bool,
    /// C-STORE is taken.
    pub(crate) store: bool,
    /// Others may have studies moved to it (C-MOVE).
    pub(crate) destination: bool,
    pub(crate) query: Reach,
    /// It is told of each study that is complete (PS3.4 Annex R).
    pub(crate) notify: bool,
    /// Its rejection notes are obeyed (IHE RAD IOCM).
    pub(crate) reject: bool,
}

impl AeRights {
    pub(crate) const NONE: Self =
        Self { echo: false, store: false, destination: false, query: Reach::None, notify: false, reject: false };
    /// What a scanner needs; also what an AE without rights of its own had before there were any.
    pub(crate) const SCANNER: Self =
        Self { echo: true, store: true, destination: true, query: Reach::None, notify: false, reject: false };

    /// Whether it has any reason to call.
    pub(crate) fn may_call(self) -> bool {
        self.echo || self.store || self.query != Reach::None
    }

    /// In a few words, for the log.
    pub(crate) fn words(self) -> String {
        let named = [
            (self.echo, "echo"),
            (self.store, "store"),
            (self.destination, "destination"),
            (self.notify, "be told"),
            (self.reject, "reject"),
        ];
        let granted: Vec<&str> = named.iter().filter(|(is_granted, _)| *is_granted).map(|(_, word)| *word).collect();
        format!("may: {}; may retrieve: {}", granted.join(", "), self.query.word())
    }
}

/// Which studies an AE may find and retrieve (C-FIND, C-MOVE, C-GET).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reach {
    /// None.
    #[default]
    None,
    /// Those held here.
    Own,
    /// Those of peers too, as far as agreements go.
    All,
}

impl Reach {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Own => "own",
            Self::All => "all",
        }
    }
}

/// [`KnownAe`] before it said what may be looked for.
#[derive(Deserialize)]
struct KnownAeV1 {
    title: AeTitle,
    host: String,
    port: u16,
}

/// [`KnownAe`] when all of them could store and be moved to.
#[derive(Deserialize)]
struct KnownAeV2 {
    title: AeTitle,
    host: String,
    port: u16,
    query: Reach,
}

/// [`KnownAe`] when no note of any was obeyed.
#[derive(Deserialize)]
struct KnownAeV3 {
    title: AeTitle,
    host: String,
    port: u16,
    rights: RightsV3,
    security: AeSecurity,
}

#[derive(Deserialize)]
struct RightsV3 {
    echo: bool,
    store: bool,
    destination: bool,
    query: Reach,
    notify: bool,
}

impl Wire for KnownAe {
    const VERSION: u8 = 4;
    const NAME: &'static str = "known AE";
    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        let KnownAeV2 { title, host, port, query } = match version {
            1 => {
                let KnownAeV1 { title, host, port } = wire::decode_body(body)?;
                KnownAeV2 { title, host, port, query: Reach::None }
            }
            2 => wire::decode_body(body)?,
            3 => {
                let KnownAeV3 { title, host, port, rights, security } = wire::decode_body(body)?;
                let RightsV3 { echo, store, destination, query, notify } = rights;
                let rights = AeRights { echo, store, destination, query, notify, reject: false };
                return Ok(Self { title, host, port, rights, security });
            }
            _ => return Err(WireError::Version { name: Self::NAME, version }),
        };
        Ok(Self { title, host, port, rights: AeRights { query, ..AeRights::SCANNER }, security: AeSecurity::default() })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AeGone {
    pub(super) title: AeTitle,
}

macro_rules! first_version {
    ($($type:ty, $name:literal;)*) => {$(
        impl Wire for $type {
            const VERSION: u8 = 1;
            const NAME: &'static str = $name;
        }
    )*};
}

first_version! {
    UserGone, "removed user";
    TokenGone, "removed token";
    AeGone, "removed AE";
    FactorSet, "second factor";
    FactorUsed, "used second factor";
}

macro_rules! records {
    ($($variant:ident($type:ty) = $kind:literal;)*) => {
        /// Any of them.
        #[derive(Clone, Debug)]
        pub(super) enum Record { $($variant($type),)* }

        $(
            impl From<$type> for Record {
                fn from(record: $type) -> Self {
                    Self::$variant(record)
                }
            }
        )*

        impl Record {
            pub(super) const fn kind(&self) -> u8 {
                match self { $(Self::$variant(_) => $kind,)* }
            }
            /// `None`: another part's record.
            pub(super) fn decode(kind: u8, body: &[u8]) -> Result<Option<Self>, WireError> {
                match kind {
                    $($kind => Ok(Some(Self::$variant(wire::decode(body)?))),)*
                    _ => Ok(None),
                }
            }
        }
    };
}

records! {
    UserSet(UserSet) = 32;
    UserGone(UserGone) = 33;
    TokenSet(TokenSet) = 34;
    TokenGone(TokenGone) = 35;
    AeSet(KnownAe) = 36;
    AeGone(AeGone) = 37;
    FactorSet(FactorSet) = 38;
    FactorUsed(FactorUsed) = 39;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn aes_of_older_versions_keep_what_they_could_do() {
        let first = [&[1u8, 3][..], b"CT1", &[4], b"host", &[104]].concat();
        let second = [&[2u8, 3][..], b"WS1", &[4], b"host", &[104, 1]].concat();
        for (bytes, title, query) in [(first, "CT1", Reach::None), (second, "WS1", Reach::Own)] {
            let read: KnownAe = wire::decode(&bytes).unwrap();
            assert_eq!((read.title.as_str(), read.host.as_str(), read.port), (title, "host", 104));
            assert_eq!(read.rights, AeRights { query, ..AeRights::SCANNER });
            assert_eq!(wire::decode::<KnownAe>(&wire::encode(&read)).unwrap(), read);
        }
    }

    #[test]
    fn accounts_and_tokens_of_the_first_version_are_read() {
        let user: UserSet = wire::decode(&[&[1u8, 2][..], b"cd", &[1, 1], b"h"].concat()).unwrap();
        assert_eq!((user.name.as_str(), user.role, user.hash.as_str()), ("cd", Role::Radiologist, "h"));
        assert!(!user.must_change && !user.disabled && user.professional == Professional::default());
        assert_eq!(user.origin, None);
        let second = [&[2u8, 2][..], b"cd", &[1, 1], b"h", &[1, 0, 1, 11], b"10001234567", &[0]].concat();
        let user: UserSet = wire::decode(&second).unwrap();
        assert_eq!((user.must_change, user.disabled, user.origin.clone()), (true, false, None));
        assert_eq!(user.professional.rpps.as_deref(), Some("10001234567"));
        let token: TokenSet = wire::decode(&[&[1u8, 2][..], b"cd", &[0], &[9; 32]].concat()).unwrap();
        assert_eq!((token.name.as_str(), token.role, token.hash), ("cd", Role::Admin, [9; 32]));
        assert_eq!((token.scope, token.owner.clone(), token.expires), (Scope::ALL, None, None));
        assert_eq!(wire::decode::<TokenSet>(&wire::encode(&token)).unwrap(), token);
        assert_eq!(wire::decode::<UserSet>(&wire::encode(&user)).unwrap(), user);
    }

    #[test]
    fn an_account_of_a_provider_is_written_as_ever() {
        let origin = Origin { issuer: "https://i".to_owned(), subject: "s1".to_owned(), role_is_fixed: true };
        let user = UserSet {
            name: "cd".to_owned(),
            role: Role::Radiologist,
            hash: "h".to_owned(),
            must_change: false,
            disabled: true,
            professional: Professional::default(),
            origin: Some(origin),
        };
        let front =
            [&[3u8, 2][..], b"cd", &[1, 1], b"h", &[0, 1, 0, 0, 1, 9], b"https://i", &[2], b"s1", &[1]].concat();
        assert_eq!(wire::encode(&user), front);
        assert_eq!(wire::decode::<UserSet>(&front).unwrap(), user);
        assert!(wire::decode::<UserSet>(&[4, 0]).is_err());
    }

    #[test]
    fn an_ae_is_written_as_ever() {
        let rights =
            AeRights { echo: true, store: false, destination: true, query: Reach::All, notify: true, reject: true };
        let mut ae = KnownAe {
            title: AeTitle::parse("CT1").unwrap(),
            host: "host".to_owned(),
            port: 104,
            rights,
            security: AeSecurity { tls: true, certificate: Some(Fingerprint::of(b"abc")) },
        };
        let written = |version: u8, rights: &[u8]| {
            let front = [&[version, 3][..], b"CT1", &[4], b"host", &[104], rights, &[1, 1]].concat();
            [front, data_encoding::HEXLOWER.decode(ABC.as_bytes()).unwrap()].concat()
        };
        let bytes = written(4, &[1, 0, 1, 2, 1, 1]);
        assert_eq!(wire::encode(&ae), bytes);
        assert_eq!(wire::decode::<KnownAe>(&bytes).unwrap(), ae);
        ae.rights.reject = false;
        assert_eq!(wire::decode::<KnownAe>(&written(3, &[1, 0, 1, 2, 1])).unwrap(), ae, "no note of its was obeyed");
        assert!(wire::decode::<KnownAe>(&[5, 0]).is_err());
    }
}
