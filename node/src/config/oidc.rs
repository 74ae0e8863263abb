//! `[oidc]`: the identity provider by which people may sign in (OpenID Connect). Off unless set.

use super::read::{ROLES, Section};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use toml::{Table, Value};
use url::Url;

/// Entries of a list or of the table of roles: far above what any provider needs.
const ENTRIES_MAX: usize = 64;
/// Characters of a word of these settings.
const WORD_MAX: usize = 256;
/// What the section needs where any of it is set.
const NEEDED: [&str; 4] = ["issuer", "client_id", "client_secret", "portal_url"];

/// The section, where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OidcConfig {
    /// `issuer`: the provider's name, a URL; what it says of itself lies below it.
    pub(crate) issuer: String,
    /// `name`: what people call it, on the button.
    pub(crate) name: String,
    pub(crate) client_id: String,
    /// `client_secret`: a file of mode 0600.
    pub(crate) client_secret: PathBuf,
    /// `portal_url`: where browsers find this portal, without a path.
    pub(crate) portal_url: String,
    /// `ca`: PEM authorities of the provider's certificate, in place of the system's.
    pub(crate) ca: Option<PathBuf>,
    /// `scopes`: asked for beside `openid`.
    pub(crate) scopes: Vec<String>,
    /// `role_claim`: the claim whose values `roles` maps to roles here.
    pub(crate) role_claim: String,
    pub(crate) roles: BTreeMap<String, String>,
    /// `name_claim`: what a new account is called.
    pub(crate) name_claim: String,
    /// `rpps_claim`: the professional's national number.
    pub(crate) rpps_claim: Option<String>,
    /// `acr`: asked for, and one of them required.
    pub(crate) acr: Vec<String>,
    /// `amr`: one of them required.
    pub(crate) amr: Vec<String>,
    /// `second_factor`: the provider's `acr` or `amr` stands for ours.
    pub(crate) second_factor: bool,
    /// `http_here`: the provider may be on this machine, without TLS.
    pub(crate) http_here: bool,
}

impl OidcConfig {
    /// Paths are relative to the node's folder.
    pub(super) fn below(&mut self, dir: &Path) {
        self.client_secret = dir.join(&self.client_secret);
        self.ca = self.ca.take().map(|relative| dir.join(relative));
    }
}

fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// A place that may be turned to: by TLS, or on this machine where that is said.
pub(crate) fn may_be_asked(url: &Url, http_here: bool) -> bool {
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    is_plain && (url.scheme() == "https" || http_here && url.scheme() == "http" && is_here(url))
}

/// Where browsers find the portal.
pub(super) fn portal_url(section: &mut Section<'_>, key: &str) -> Option<String> {
    let wanted = "the portal's address without a path, like \"https://portal.example\" (http on this machine only)";
    section.text(key, None, wanted, |text| {
        let url: Url = text.parse().ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && !text.ends_with('/');
        (may_be_asked(&url, true) && is_bare).then(|| Some(text.to_owned()))
    })
}

fn word(text: &str) -> Option<String> {
    let fit = !text.is_empty() && text.chars().count() <= WORD_MAX && !text.chars().any(char::is_control);
    fit.then(|| text.to_owned())
}

fn words(section: &mut Section<'_>, key: &str) -> Vec<String> {
    let Some(value) = section.table.remove(key) else { return Vec::new() };
    let list = value.as_array().filter(|list| list.len() <= ENTRIES_MAX);
    let list: Option<Vec<String>> = list.and_then(|list| list.iter().map(|v| v.as_str().and_then(word)).collect());
    list.unwrap_or_else(|| {
        section.fault(key, format!("{value} is not a list of words"));
        Vec::new()
    })
}

fn flag(section: &mut Section<'_>, key: &str) -> bool {
    match section.table.remove(key) {
        None => false,
        Some(Value::Boolean(is_set)) => is_set,
        Some(_) => {
            section.fault(key, "is neither true nor false");
            false
        }
    }
}

fn roles(section: &mut Section<'_>) -> BTreeMap<String, String> {
    let Some(value) = section.table.remove("roles") else { return BTreeMap::new() };
    let pair = |(from, to): (&String, &Value)| {
        let to = to.as_str().filter(|to| ROLES.contains(to))?;
        Some((word(from)?, to.to_owned()))
    };
    let table = value.as_table().filter(|table| table.len() <= ENTRIES_MAX);
    let read: Option<BTreeMap<String, String>> = table.and_then(|table: &Table| table.iter().map(pair).collect());
    read.unwrap_or_else(|| {
        section.fault("roles", format!("{value} does not map words to roles: {}", ROLES.join(", ")));
        BTreeMap::new()
    })
}

pub(super) fn read(section: &mut Section<'_>) -> Option<OidcConfig> {
    if section.table.is_empty() {
        return None;
    }
    let given: Vec<bool> = NEEDED.iter().map(|key| section.table.contains_key(*key)).collect();
    for (key, _) in NEEDED.iter().zip(given).filter(|(_, is_given)| !is_given) {
        section.fault(key, "is needed with the other settings of the section");
    }
    let http_here = flag(section, "http_here");
    let wanted = "an https URL without query (http on this machine only, where http_here says so)";
    let issuer = section.text("issuer", None, wanted, |text| {
        let url: Url = text.parse().ok()?;
        (may_be_asked(&url, http_here) && url.query().is_none()).then(|| Some(text.to_owned()))
    });
    let portal_url = portal_url(section, "portal_url");
    let mut text = |key: &str| section.text(key, None, "a word", |text| word(text).map(Some));
    let (client_id, name) = (text("client_id"), text("name"));
    let (role_claim, name_claim, rpps_claim) = (text("role_claim"), text("name_claim"), text("rpps_claim"));
    let (client_secret, ca) = (section.path("client_secret"), section.path("ca"));
    let (scopes, acr, amr) = (words(section, "scopes"), words(section, "acr"), words(section, "amr"));
    let second_factor = flag(section, "second_factor");
    if second_factor && acr.is_empty() && amr.is_empty() {
        section.fault("second_factor", "needs acr or amr: else nothing says that there was one");
    }
    let roles = roles(section);
    let issuer = issuer?;
    Some(OidcConfig {
        name: name.unwrap_or_else(|| issuer.clone()),
        issuer,
        client_id: client_id?,
        client_secret: client_secret?,
        portal_url: portal_url?,
        ca,
        scopes,
        role_claim: role_claim.unwrap_or_else(|| "roles".to_owned()),
        roles,
        name_claim: name_claim.unwrap_or_else(|| "preferred_username".to_owned()),
        rpps_claim,
        acr,
        amr,
        second_factor,
        http_here,
    })
}

fn list(words: &[String]) -> Option<Value> {
    (!words.is_empty()).then(|| Value::Array(words.iter().cloned().map(Value::String).collect()))
}

/// Comment, key and value of each line of the section.
pub(super) fn lines(oidc: Option<&OidcConfig>) -> Vec<(&'static str, &'static str, Option<Value>)> {
    let text = |of: fn(&OidcConfig) -> Option<&str>| oidc.and_then(of).map(|text| Value::String(text.to_owned()));
    let path = |path: Option<&PathBuf>| path.map(|path| Value::String(path.to_string_lossy().into_owned()));
    let roles = oidc
        .filter(|to| !to.roles.is_empty())
        .map(|to| Value::Table(to.roles.iter().map(|(from, to)| (from.clone(), Value::String(to.clone()))).collect()));
    vec![
        (
            "Sign-in by an identity provider (OpenID Connect): its issuer, a URL; not set: by password only.",
            "issuer",
            text(|to| Some(&to.issuer)),
        ),
        ("What people call it, on the button.", "name", text(|to| Some(&to.name))),
        ("What the provider calls this node.", "client_id", text(|to| Some(&to.client_id))),
        ("A file of mode 0600 with the secret that it gave.", "client_secret", path(oidc.map(|to| &to.client_secret))),
        (
            "Where browsers find this portal; the provider sends them back to /api/session/provider/callback there.",
            "portal_url",
            text(|to| Some(&to.portal_url)),
        ),
        (
            "Authorities of the provider's certificate, PEM, in place of the system's.",
            "ca",
            path(oidc.and_then(|to| to.ca.as_ref())),
        ),
        ("Asked for beside \"openid\".", "scopes", oidc.and_then(|to| list(&to.scopes))),
        (
            "The claim whose values say the role (a path like \"realm_access.roles\"), \"roles\" unless set.",
            "role_claim",
            text(|to| Some(&to.role_claim)),
        ),
        (
            "Which value is which role: { readers = \"radiologist\" }. Whom no value fits does not come in.",
            "roles",
            roles,
        ),
        (
            "What a new account is called, \"preferred_username\" unless set.",
            "name_claim",
            text(|to| Some(&to.name_claim)),
        ),
        (
            "The claim with the professional's national number (RPPS): \"SubjectNameID\" of Pro Santé Connect.",
            "rpps_claim",
            text(|to| to.rpps_claim.as_deref()),
        ),
        ("Levels asked for, one of which is required: [\"eidas1\"].", "acr", oidc.and_then(|to| list(&to.acr))),
        ("Methods one of which is required: [\"mfa\"].", "amr", oidc.and_then(|to| list(&to.amr))),
        (
            "true: acr or amr stands for the second factor of this node, which else is asked for.",
            "second_factor",
            oidc.map(|to| Value::Boolean(to.second_factor)),
        ),
        (
            "true: the provider may be on this machine, without TLS (tests).",
            "http_here",
            oidc.map(|to| Value::Boolean(to.http_here)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const FULL: &str = r#"
        [site]
        name = "CH Nord"
        [oidc]
        issuer = "https://auth.esante.example/realms/wallet"
        name = "Pro Santé Connect"
        client_id = "ch-nord"
        client_secret = "oidc.secret"
        portal_url = "https://portal.ch-nord.example"
        scopes = ["scope_all"]
        acr = ["eidas1"]
        second_factor = true
        rpps_claim = "SubjectNameID"
        role_claim = "SubjectRole"
        roles = { "10^1.2.250.1.213.1.1.5.5" = "radiologist" }
    "#;

    fn keys(text: &str) -> Vec<String> {
        Config::parse(text).unwrap_err().into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn the_section_is_read_and_written() {
        let config = Config::parse(FULL).unwrap();
        let oidc = config.oidc.as_ref().unwrap();
        assert_eq!(oidc.roles.get("10^1.2.250.1.213.1.1.5.5").map(String::as_str), Some("radiologist"));
        assert_eq!((oidc.name_claim.as_str(), oidc.http_here), ("preferred_username", false));
        assert_eq!(Config::parse(&config.to_text(true)).unwrap(), config);
        assert_eq!(Config::parse("[site]\nname = \"CH Nord\"").unwrap().oidc, None);
    }

    #[test]
    fn what_would_be_unsafe_or_meaningless_is_a_fault() {
        let with = |from: &str, to: &str| keys(&FULL.replace(from, to));
        assert_eq!(with("https://auth", "http://auth"), ["oidc.issuer"]);
        assert_eq!(with("https://auth.esante.example", "http://127.0.0.1:99"), ["oidc.issuer"], "http_here is not set");
        assert_eq!(with("https://portal", "http://portal"), ["oidc.portal_url"]);
        assert_eq!(with(".example\"\n        scopes", ".example/x\"\n        scopes"), ["oidc.portal_url"]);
        assert_eq!(with("acr = [\"eidas1\"]", ""), ["oidc.second_factor"]);
        assert_eq!(with("\"radiologist\"", "\"surgeon\""), ["oidc.roles"]);
        assert_eq!(with("client_id = \"ch-nord\"", ""), ["oidc.client_id"]);
        assert!(
            Config::parse(
                &FULL
                    .replace("https://auth.esante.example", "http://127.0.0.1:99")
                    .replace("acr =", "http_here = true\nacr =")
            )
            .is_ok()
        );
    }
}
