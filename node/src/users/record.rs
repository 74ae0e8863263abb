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

/// A DICOM peer that the node may send to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownAe {
    pub(crate) title: AeTitle,
    pub(crate) host: String,
    pub(crate) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AeGone {
    pub(super) title: AeTitle,
}

macro_rules! records {
    ($($variant:ident($type:ty) = $kind:literal, $name:literal;)*) => {
        /// Any of them.
        #[derive(Clone, Debug)]
        pub(super) enum Record { $($variant($type),)* }

        $(
            impl Wire for $type {
                const VERSION: u8 = 1;
                const NAME: &'static str = $name;
            }
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
    UserSet(UserSet) = 32, "user";
    UserGone(UserGone) = 33, "removed user";
    TokenSet(TokenSet) = 34, "token";
    TokenGone(TokenGone) = 35, "removed token";
    AeSet(KnownAe) = 36, "known AE";
    AeGone(AeGone) = 37, "removed AE";
}
