//! The records of accounts in the site journal, kinds 32 to 63.

use crate::trust::Role;
use protocol::{
    AeTitle,
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenGone {
    pub(super) name: String,
}

/// A DICOM peer that the node may send to, and what it may look for here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownAe {
    pub(crate) title: AeTitle,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) query: Reach,
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

impl Wire for KnownAe {
    const VERSION: u8 = 2;
    const NAME: &'static str = "known AE";
    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let KnownAeV1 { title, host, port } = wire::decode_body(body)?;
        Ok(Self { title, host, port, query: Reach::None })
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
    UserSet, "user";
    UserGone, "removed user";
    TokenSet, "token";
    TokenGone, "removed token";
    AeGone, "removed AE";
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ae_of_the_first_version_may_look_for_nothing() {
        let first = [&[1u8, 3][..], b"CT1", &[4], b"host", &[104]].concat();
        let read: KnownAe = wire::decode(&first).unwrap();
        assert_eq!((read.title.as_str(), read.host.as_str(), read.port, read.query), ("CT1", "host", 104, Reach::None));
        assert_eq!(wire::decode::<KnownAe>(&wire::encode(&read)).unwrap(), read);
        assert!(wire::decode::<KnownAe>(&[3, 0]).is_err());
    }
}
