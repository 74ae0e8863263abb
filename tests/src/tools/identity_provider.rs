//! An identity provider from outside: `oidc-provider` of npm, run by node; see `tests/identity_provider`.

use crate::{
    Site,
    certificates::Issued,
    eventually,
    http::{self, Ask, Method, Response},
    ports::Port,
};
use serde_json::json;
use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};
use toml::Value;

const CLIENT: &str = "ch-nord";
const SECRET: &str = "story+secret/with:odd%characters&more";

/// How it is to be.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Its certificate, where it speaks TLS.
    pub tls: Option<Issued>,
    /// As Pro Santé Connect: claims as a signed token, the secret in the form.
    pub jwt: bool,
    /// What its key is called.
    pub kid: &'static str,
}

impl Default for Ways {
    fn default() -> Self {
        Self { tls: None, jwt: false, kid: "first" }
    }
}

/// A provider that knows one site.
#[derive(Debug)]
pub struct IdentityProvider {
    port: Port,
    portal: String,
    process: Option<Child>,
}

impl IdentityProvider {
    /// Starts one that knows the site, and tells the site of it. The site is to start after it.
    pub async fn start(site: &Site, ways: &Ways) -> Self {
        let portal = format!("http://{}", site.portal());
        let mut provider = Self { port: Port::reserve(), portal, process: None };
        let secret = Self::secret(site);
        fs::write(&secret, format!("{SECRET}\n")).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let scheme = if ways.tls.is_some() { "https" } else { "http" };
        let roles: toml::Table = [("readers".to_owned(), "radiologist".into())].into_iter().collect();
        for (key, value) in [
            ("issuer", format!("{scheme}://localhost:{}", provider.port.number()).into()),
            ("name", "Story Connect".into()),
            ("client_id", CLIENT.into()),
            ("client_secret", secret.display().to_string().into()),
            ("portal_url", provider.portal.clone().into()),
            ("scopes", Value::Array(vec!["scope_all".into()])),
            ("rpps_claim", "SubjectNameID".into()),
            ("roles", Value::Table(roles)),
            ("http_here", Value::Boolean(ways.tls.is_none())),
        ] {
            site.configure("oidc", key, value);
        }
        provider.resume(ways).await;
        provider
    }

    /// Starts it again: nobody is signed in there, and its key is another.
    ///
    /// # Panics
    /// When it is not installed.
    pub async fn resume(&mut self, ways: &Ways) {
        let folder = crate::here().join("identity_provider");
        assert!(folder.join("node_modules").is_dir(), "`cargo ci tools` installs oidc-provider");
        let tls = ways.tls.as_ref().map(|own| json!({ "certificate": own.certificate, "key": own.key }));
        let told = json!({
            "port": self.port.number(), "client": CLIENT, "secret": SECRET, "portal": self.portal,
            "tls": tls, "jwt": ways.jwt, "kid": ways.kid,
        });
        let process = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .env("PROVIDER", told.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}"));
        self.process = Some(process);
        eventually!(30, "the identity provider listens", TcpStream::connect(self.port.address()).ok());
    }

    /// It is gone from one moment to the next.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// The file with the site's secret.
    #[must_use]
    pub fn secret(site: &Site) -> PathBuf {
        site.scratch("oidc").join("oidc.secret")
    }

    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port.number())
    }

    /// From now on it is so: `honest`, or one of the ways of lying in its script.
    pub async fn be(&self, mode: &str) {
        let said = http::ask(self.port.address(), Ask::get(format!("/story/{mode}"))).await.unwrap();
        assert_eq!(said.text(), mode);
    }

    /// What a person does there whom the site sent to `url`: types in a name, and is sent back. Gives the way back, below
    /// the portal's address.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn sign_in(&self, url: &str, name: &str) -> String {
        let mut cookies: Vec<(String, String)> = Vec::new();
        let mut ask = Ask::get(below(url));
        for _ in 0..8 {
            let jar: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = http::ask(self.port.address(), ask.header("cookie", jar.join("; "))).await.unwrap();
            keep(&mut cookies, &answer);
            if answer.status == 200 {
                let form = format!("prompt=login&login={name}&password=x");
                let place = answer.text().split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).map(below);
                let place = place.unwrap_or_else(|| panic!("no form: {}", answer.text()));
                ask = Ask::new(Method::POST, place).body("application/x-www-form-urlencoded", form);
                continue;
            }
            let place = answer.header("location");
            assert!(answer.status.is_redirection(), "{}: {}", answer.status, answer.text());
            if let Some(back) = place.strip_prefix(&self.portal) {
                return back.to_owned();
            }
            ask = Ask::get(below(place));
        }
        panic!("the provider sends in circles");
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An address without scheme and host.
fn below(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    rest.replace("&amp;", "&")
}

fn keep(cookies: &mut Vec<(String, String)>, answer: &Response) {
    for cookie in answer.headers.get_all("set-cookie") {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or_default();
        cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}
