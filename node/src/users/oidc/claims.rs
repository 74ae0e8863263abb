//! What claims mean here: role, name, professional number, strength.

use super::token::Claims;
use crate::{config::OidcConfig, trust::Role};
use serde_json::Value;

/// Values of one claim that are looked at.
const VALUES_MAX: usize = 256;

/// The values of a claim by its name, or by a path of names with dots. One text, or a list of them.
pub(super) fn values<'a>(claims: &'a Claims, name: &str) -> Vec<&'a str> {
    let by_path = || {
        let mut names = name.split('.');
        let first = claims.get(names.next()?)?;
        names.try_fold(first, |inside, name| inside.get(name))
    };
    match claims.get(name).or_else(by_path) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().take(VALUES_MAX).filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn first<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    values(claims, name).into_iter().next()
}

/// The role that the settings map to; where several do, the first in the order of the roles' table.
pub(super) fn role(claims: &Claims, config: &OidcConfig) -> Option<Role> {
    let told = values(claims, &config.role_claim);
    let words: Vec<&str> = told.iter().filter_map(|value| config.roles.get(*value)).map(String::as_str).collect();
    Role::ALL.into_iter().find(|role| words.contains(&role.word()))
}

/// What a new account is to be called.
pub(super) fn name(claims: &Claims, config: &OidcConfig) -> Option<String> {
    first(claims, &config.name_claim).map(str::to_owned)
}

/// The RPPS number: 11 digits, or behind the 8 that says so in a national identifier (`IDNPS`).
pub(super) fn rpps(claims: &Claims, config: &OidcConfig) -> Option<String> {
    let told = first(claims, config.rpps_claim.as_deref()?)?.trim();
    let number = if told.len() == 12 { told.strip_prefix('8')? } else { told };
    (number.len() == 11 && number.bytes().all(|b| b.is_ascii_digit())).then(|| number.to_owned())
}

/// Whether the sign-in was as strong as the settings require.
pub(super) fn is_strong(claims: &Claims, config: &OidcConfig) -> bool {
    let acr = claims.get("acr").and_then(Value::as_str);
    let reached = config.acr.is_empty() || acr.is_some_and(|acr| config.acr.iter().any(|wanted| wanted == acr));
    let amr = values(claims, "amr");
    reached && (config.amr.is_empty() || config.amr.iter().any(|wanted| amr.contains(&wanted.as_str())))
}

/// Whether something that the settings name is not among the claims.
pub(super) fn lacks(claims: &Claims, config: &OidcConfig) -> bool {
    let named = [Some(config.role_claim.as_str()), Some(config.name_claim.as_str()), config.rpps_claim.as_deref()];
    named.into_iter().flatten().any(|name| values(claims, name).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config() -> OidcConfig {
        OidcConfig {
            issuer: "https://idp.example".to_owned(),
            name: "Provider".to_owned(),
            client_id: "ch-nord".to_owned(),
            client_secret: "secret".into(),
            portal_url: "https://portal.example".to_owned(),
            ca: None,
            scopes: Vec::new(),
            role_claim: "realm_access.roles".to_owned(),
            roles: [("readers", "radiologist"), ("chiefs", "admin")].map(|(a, b)| (a.to_owned(), b.to_owned())).into(),
            name_claim: "preferred_username".to_owned(),
            rpps_claim: Some("SubjectNameID".to_owned()),
            acr: vec!["eidas1".to_owned()],
            amr: Vec::new(),
            second_factor: true,
            http_here: false,
        }
    }

    fn of(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_role_comes_from_the_mapping_alone() {
        let roles = |list: Value| role(&of(json!({ "realm_access": { "roles": list } })), &config());
        assert_eq!(roles(json!(["offline", "readers"])), Some(Role::Radiologist));
        assert_eq!(roles(json!(["readers", "chiefs"])), Some(Role::Admin));
        assert_eq!(roles(json!("readers")), Some(Role::Radiologist));
        for none in [json!(["admin"]), json!([]), json!({ "readers": true }), json!(7), Value::Null] {
            assert_eq!(roles(none.clone()), None, "{none}");
        }
        let by_name = of(json!({ "https://x.example/roles": ["readers"] }));
        let config = OidcConfig { role_claim: "https://x.example/roles".to_owned(), ..config() };
        assert_eq!(role(&by_name, &config), Some(Role::Radiologist));
    }

    #[test]
    fn a_number_is_read_as_pro_sante_connect_writes_it() {
        let number = |text: &str| rpps(&of(json!({ "SubjectNameID": text })), &config());
        assert_eq!(number("810001234567").as_deref(), Some("10001234567"));
        assert_eq!(number("10001234567").as_deref(), Some("10001234567"));
        for other in ["010001234567", "8100012345678", "89970021889x", "", "8"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn a_weak_sign_in_is_seen() {
        let strong = |claims: Value, config: &OidcConfig| is_strong(&of(claims), config);
        assert!(strong(json!({ "acr": "eidas1" }), &config()));
        for weak in [json!({}), json!({ "acr": "eidas0" }), json!({ "acr": ["eidas1"] })] {
            assert!(!strong(weak.clone(), &config()), "{weak}");
        }
        let by_method = OidcConfig { acr: Vec::new(), amr: vec!["mfa".to_owned(), "hwk".to_owned()], ..config() };
        assert!(strong(json!({ "amr": ["pwd", "hwk"] }), &by_method));
        assert!(!strong(json!({ "amr": ["pwd"] }), &by_method) && !strong(json!({ "acr": "eidas1" }), &by_method));
    }
}
