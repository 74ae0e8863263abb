//! Passwords: argon2id with 19 MiB, two passes, one lane (the OWASP minimum), and generated ones for first sign-ins.

use super::UsersError;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version, password_hash::SaltString,
};
use rand::Rng;

/// Longest password taken: bounds the work of a guess.
pub(super) const BYTES_MAX: usize = 1024;
/// Shortest password taken (OWASP ASVS 2.1.1); of which letters it is made, nobody prescribes.
const CHARACTERS_MIN: usize = 12;
/// What a name nobody has is compared with: costs the same time, and no password has this hash.
pub(super) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Letters and digits that are not taken for one another when read aloud or copied by hand.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Whether a password may be set.
pub(super) fn fit(password: &str) -> Result<(), UsersError> {
    if password.chars().count() < CHARACTERS_MIN {
        return Err(UsersError::Unfit("a password needs at least 12 characters"));
    }
    if password.len() > BYTES_MAX {
        return Err(UsersError::Unfit("a password has at most 1024 bytes"));
    }
    Ok(())
}

/// `None` only when the parameters above were wrong.
pub(super) fn hash(password: &str) -> Option<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).ok()?;
    let params = Params::new(19 * 1024, 2, 1, None).ok()?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Some(argon.hash_password(password.as_bytes(), &salt).ok()?.to_string())
}

/// Compares in constant time, by the parameters the hash was made with.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Three groups of five: 74 bits, easy to copy by hand.
pub(crate) fn generate() -> String {
    let mut rng = rand::rng();
    let mut group = || -> String { (0..5).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect() };
    format!("{}-{}-{}", group(), group(), group())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_twelve_characters_of_any_kind() {
        assert!(fit("aaaaaaaaaaa").is_err() && fit("aaaaaaaaaaaa").is_ok());
        assert!(fit("éèêëàâîïôûü").is_err() && fit("un mot de passe").is_ok(), "characters, not bytes");
        assert!(fit(&"a".repeat(BYTES_MAX + 1)).is_err());
        assert!(fit(&generate()).is_ok());
    }
}
