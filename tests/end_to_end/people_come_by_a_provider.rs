//! People come in by the identity provider of their hospital, and by nothing that it did not say.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Site, browser,
    certificates::Authority,
    http::{self, Ask, Method, Response},
    tools::identity_provider::{IdentityProvider, Ways},
};

const PASSWORD: &str = "Correct-horse-battery-9";

/// A browser: its cookies by name.
#[derive(Clone, Default)]
struct Browser(Vec<(String, String)>);

impl Browser {
    async fn ask(&mut self, site: &Site, ask: Ask) -> Response {
        let jar: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = http::ask(site.portal(), ask.header("cookie", jar.join("; "))).await.unwrap();
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite="), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            // What comes back from the provider is a request from elsewhere; nothing else may travel with one.
            assert_eq!(cookie.contains("SameSite=Lax"), name.starts_with("confrere-provider-"), "{cookie}");
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    async fn get(&mut self, site: &Site, path: &str) -> Response {
        self.ask(site, Ask::get(path)).await
    }

    async fn send(&mut self, site: &Site, method: Method, path: &str, body: &Value) -> Response {
        self.ask(site, Ask::new(method, path).header("sec-fetch-site", "same-origin").json(body)).await
    }

    /// Begins at the portal; gives where the provider is.
    async fn begin(&mut self, site: &Site, page: &str) -> Response {
        self.send(site, Method::POST, "/api/session/provider", &json!({ "page": page })).await
    }

    /// To the provider and back; gives what the portal then answers.
    async fn come(&mut self, site: &Site, provider: &IdentityProvider, name: &str) -> Response {
        let url = self.begin(site, "/studies?modality=MR").await.ok().json()["url"].as_str().unwrap().to_owned();
        let back = provider.sign_in(&url, name).await;
        self.get(site, &back).await
    }

    fn cookie(&self, start: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name.starts_with(start)).map(|(_, value)| value.as_str())
    }
}

fn refused(answer: &Response, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.error_code().as_str()), (status, code), "{}", answer.text());
}

/// Sent back to the sign-in page with a word, and with no session.
fn sent_back(answer: &Response, word: &str) {
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, format!("/?sign-in={word}").as_str()));
    let sets = |cookie: &hyper::header::HeaderValue| !cookie.to_str().unwrap().contains("Max-Age=0");
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().filter(|cookie| sets(cookie)).collect();
    assert!(set.is_empty() || word == "second-factor", "{set:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_role_by_mapping() {
    let site = Site::init(SITE, "CH Nord");
    let ways = Ways::default();
    let mut provider = IdentityProvider::start(&site, &ways).await;
    site.serve().await;
    assert_eq!(site.get("/api/site").await.ok().json()["identity_provider"], "Story Connect");

    let mut desk = Browser::default();
    // A session that somebody else planted is not taken up.
    let short = site.id().await;
    desk.0.push((format!("confrere-{}", short.get(..8).unwrap()), "planted".to_owned()));
    let answer = desk.come(&site, &provider, "durand").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/studies?modality=MR"), "{}", answer.text());
    assert!(desk.0.iter().all(|(_, value)| value != "planted"), "{:?}", desk.0);
    assert_eq!(desk.cookie("confrere-provider-"), None, "of one use");
    let session = desk.get(&site, "/api/session").await.ok().json();
    assert_eq!((&session["person"]["name"], &session["person"]["role"]), (&json!("dr.durand"), &json!("radiologist")));
    let _ = desk.get(&site, "/api/studies").await.ok();
    let account = desk.get(&site, "/api/account").await.ok().json();
    assert_eq!((&account["has_password"], &account["professional"]["rpps"]), (&json!(false), &json!("10001234567")));

    // The evidence says by whom and who; whom no role fits finds no entry, and an administrator finds the subject.
    let mut other = Browser::default();
    sent_back(&other.come(&site, &provider, "stranger").await, "provider-role");
    let log = site.audit("").await;
    let notes: Vec<&str> = log.iter().filter_map(|entry| entry["note"].as_str()).collect();
    let by = provider.issuer();
    for wanted in [format!("by {by}, RPPS 10001234567"), format!("by {by}: no role for stranger")] {
        assert!(notes.contains(&wanted.as_str()), "{wanted}: {notes:?}");
    }

    // A name is nobody: the account of that name stays whose it was. An administrator links it.
    let _ = site.new_user("dr.bernard", "referrer");
    let _ = other.come(&site, &provider, "bernard").await;
    assert_eq!(other.get(&site, "/api/session").await.ok().json()["person"]["name"], "dr.bernard-2");
    let link = json!({ "subject": "bernard", "role_by_mapping": false });
    refused(&site.post("/api/users/dr.bernard/origin", &link).await, 409, "exists");
    let _ = site.delete("/api/users/dr.bernard-2").await.ok();
    refused(&other.get(&site, "/api/studies").await, 401, "not-signed-in");
    let said = site.cli(&["user", "link", "dr.bernard", "bernard"]).ok();
    assert!(said.err.contains("dr.bernard comes in by the identity provider"), "{}", said.err);
    let _ = other.come(&site, &provider, "bernard").await;
    let session = other.get(&site, "/api/session").await.ok().json();
    assert_eq!((&session["person"]["name"], &session["person"]["role"]), (&json!("dr.bernard"), &json!("referrer")));

    // Signing out here leads to signing out there.
    let gone = other.send(&site, Method::DELETE, "/api/session", &json!({})).await.ok().json();
    let place = gone["url"].as_str().unwrap();
    assert!(place.starts_with(&format!("{by}/session/end?id_token_hint=")), "{place}");
    refused(&other.get(&site, "/api/studies").await, 401, "not-signed-in");

    // A disabled account stays shut, whoever vouches for it; and it is so after a restart.
    let _ = site.post("/api/users/dr.durand/disabled", &json!({ "disabled": true })).await.ok();
    refused(&desk.get(&site, "/api/studies").await, 401, "not-signed-in");
    site.stop().await;
    site.serve().await;
    sent_back(&desk.come(&site, &provider, "durand").await, "disabled");
    let _ = site.post("/api/users/dr.durand/disabled", &json!({ "disabled": false })).await.ok();

    // Its keys change, under a new name: that is asked for. It is away: that is said, and the local way is open.
    provider.kill();
    provider.resume(&Ways { kid: "second", ..ways }).await;
    assert_eq!(desk.come(&site, &provider, "durand").await.header("location"), "/studies?modality=MR");
    let doctor = || site.cli(&["doctor"]).out;
    let said = doctor();
    assert!(said.lines().any(|line| line.starts_with("good  identity provider: ")), "{said}");
    assert!(said.lines().any(|line| line.starts_with("good  clock: ")), "{said}");
    let undone = site.cli(&["user", "unlink", "dr.bernard"]).ok();
    assert!(undone.err.contains("no more"), "{}", undone.err);
    provider.kill();
    let said = doctor();
    assert!(said.lines().any(|line| line.starts_with("BAD   identity provider: ")), "{said}");
    refused(&desk.begin(&site, "/").await, 502, "provider-away");
    let asked = json!({ "name": "dr.bernard", "password": PASSWORD });
    let _ = Browser::default().send(&site, Method::POST, "/api/session", &asked).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_by_no_lie() {
    let site = Site::init(SITE, "CH Nord");
    let provider = IdentityProvider::start(&site, &Ways::default()).await;
    site.serve().await;
    let mut desk = Browser::default();
    for lie in ["audience", "party", "issuer", "nonce", "expired", "key", "none", "shared", "subject"] {
        provider.be(lie).await;
        sent_back(&desk.come(&site, &provider, "durand").await, "provider-untrue");
        assert_eq!(desk.cookie("confrere-device-"), None, "{lie}");
    }
    let log = site.audit("").await;
    let alerts =
        log.iter().filter(|entry| entry["note"].as_str().is_some_and(|note| note.contains("cannot be believed")));
    assert_eq!(alerts.count(), 9, "{log:?}");
    for lie in ["endless", "another", "plain"] {
        provider.be(lie).await;
        if lie == "plain" {
            let answer = desk.come(&site, &provider, "durand").await;
            sent_back(&answer, "provider-away");
        } else {
            refused(&desk.begin(&site, "/").await, 502, "provider-away");
        }
    }
    provider.be("honest").await;
    assert_eq!(site.get("/api/users").await.ok().json(), json!([]), "no lie left an account");

    // Only pages of this portal are gone to.
    for page in ["//evil.example", "https://evil.example", "/\\evil.example", "studies"] {
        refused(&desk.begin(&site, page).await, 400, "malformed");
    }
    // Only a page of this portal begins.
    let elsewhere = Ask::new(Method::POST, "/api/session/provider").header("sec-fetch-site", "cross-site");
    refused(&desk.ask(&site, elsewhere.json(&json!({ "page": "/" }))).await, 403, "origin");

    // An answer is good once, in the browser that began, of the provider that was asked.
    let url = desk.begin(&site, "/").await.ok().json()["url"].as_str().unwrap().to_owned();
    let back = provider.sign_in(&url, "durand").await;
    let before = desk.clone();
    sent_back(&Browser::default().get(&site, &back).await, "provider-state");
    let mut another = Browser::default();
    let _ = another.begin(&site, "/").await.ok();
    sent_back(&another.get(&site, &back).await, "provider-state");
    assert_eq!(desk.get(&site, &back).await.header("location"), "/");
    sent_back(&before.clone().get(&site, &back).await, "provider-state");
    // The state of a sign-in of one's own with the code of another's.
    let (_, used) = back.split_once("code=").unwrap();
    let code = used.split('&').next().unwrap();
    let url = desk.begin(&site, "/").await.ok().json()["url"].as_str().unwrap().to_owned();
    let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let issuer = "iss=http%3A%2F%2Flocalhost%3A";
    let stolen = format!("/api/session/provider/callback?code={code}&state={state}&iss={}", provider.issuer());
    sent_back(&desk.get(&site, &stolen).await, "provider-denied");
    // Another provider's answer, and one that does not say whose it is.
    for other in ["iss=https%3A%2F%2Fevil.example&x=", "x="] {
        let url = desk.begin(&site, "/").await.ok().json()["url"].as_str().unwrap().to_owned();
        let back = provider.sign_in(&url, "durand").await;
        assert!(back.contains(issuer), "{back}");
        sent_back(&desk.get(&site, &back.replace(issuer, other)).await, "provider-untrue");
    }
    let url = desk.begin(&site, "/").await.ok().json()["url"].as_str().unwrap().to_owned();
    let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let denied = format!("/api/session/provider/callback?error=access_denied&state={state}&iss={}", provider.issuer());
    sent_back(&desk.get(&site, &denied).await, "provider-denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_strongly_as_the_site_asks() {
    let site = Site::init(SITE, "CH Nord");
    // As Pro Santé Connect does: claims as a signed token, the secret in the form, a level that is required.
    let provider = IdentityProvider::start(&site, &Ways { jwt: true, ..Ways::default() }).await;
    site.configure("portal", "second_factor", toml::Value::Array(vec!["radiologist".into()]));
    site.configure("oidc", "acr", toml::Value::Array(vec!["eidas1".into()]));
    site.configure("oidc", "second_factor", true.into());
    site.serve().await;
    let mut desk = Browser::default();
    sent_back(&desk.come(&site, &provider, "durand").await, "provider-weak");
    provider.be("strong").await;
    assert_eq!(desk.come(&site, &provider, "durand").await.header("location"), "/studies?modality=MR");
    let session = desk.get(&site, "/api/session").await.ok().json();
    assert_eq!((&session["must"], &session["person"]["role"]), (&Value::Null, &json!("radiologist")));
    let _ = desk.get(&site, "/api/studies").await.ok();
    let log = site.audit("").await;
    let wanted = format!("by {}, by two factors there, RPPS 10001234567", provider.issuer());
    assert!(log.iter().any(|entry| entry["note"] == wanted.as_str()), "{log:?}");

    // Where the provider's level does not count, a factor of one's own is set up, and asked for from then on.
    site.stop().await;
    site.configure("oidc", "second_factor", false.into());
    site.serve().await;
    let _ = desk.come(&site, &provider, "durand").await;
    assert_eq!(desk.get(&site, "/api/session").await.ok().json()["must"], "second-factor");
    let told =
        desk.send(&site, Method::POST, "/api/account/second-factor", &json!({ "password": "" })).await.ok().json();
    let secret = told["secret"].as_str().unwrap();
    let confirmed = json!({ "code": crate::people_come_in::shown(secret, -1) });
    let codes = desk.send(&site, Method::POST, "/api/account/second-factor/confirm", &confirmed).await.ok().json();
    let mut home = Browser::default();
    sent_back(&home.come(&site, &provider, "durand").await, "second-factor");
    refused(&home.get(&site, "/api/studies").await, 401, "not-signed-in");
    let code = "/api/session/provider/code";
    refused(&home.send(&site, Method::POST, code, &json!({ "code": "000000" })).await, 401, "wrong-second-factor");
    refused(&Browser::default().send(&site, Method::POST, code, &json!({ "code": "0" })).await, 401, "provider-state");
    let right = json!({ "code": codes["codes"][0] });
    let _ = home.send(&site, Method::POST, code, &right).await.ok();
    let _ = home.get(&site, "/api/studies").await.ok();
    refused(&home.send(&site, Method::POST, code, &right).await, 401, "provider-state");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_tls_of_the_authority_named() {
    let site = Site::init(SITE, "CH Nord");
    let folder = site.scratch("authorities");
    std::fs::create_dir_all(&folder).unwrap();
    let (own, other) = (Authority::found(&folder, "own"), Authority::found(&folder, "other"));
    let ways = Ways { tls: Some(own.issue("provider")), ..Ways::default() };
    let _provider = IdentityProvider::start(&site, &ways).await;
    for (authority, status) in [(&other, 502), (&own, 200)] {
        site.configure("oidc", "ca", authority.certificate.display().to_string().into());
        site.serve().await;
        assert_eq!(Browser::default().begin(&site, "/").await.status, status);
        site.stop().await;
    }
    // A secret that others can read is refused before anything else.
    let secret = IdentityProvider::secret(&site);
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let said = site.cli(&["config", "check"]);
    assert!(format!("{}{}", said.out, said.err).contains("oidc.client_secret"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_the_portal() {
    let site = Site::init(SITE, "CH Nord");
    let mut provider = IdentityProvider::start(&site, &Ways::default()).await;
    site.serve().await;
    let _ = site.new_user("amy.wong", "admin");
    let portal = format!("http://{}", site.portal());
    let told = json!({ "portal": portal, "name": "amy.wong", "password": PASSWORD, "away": false });
    let seen = browser::run("people_come_by_a_provider", &told);
    assert_eq!(seen["came"], json!(["fr", "en"]), "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe");
    assert_eq!(seen["errors"], json!([]), "{seen}");
    let host = provider.issuer().trim_start_matches("http://").to_owned();
    assert_eq!(seen["outside_hosts"], json!([host]), "the provider's alone: {seen}");
    provider.kill();
    let told = json!({ "portal": portal, "name": "amy.wong", "password": PASSWORD, "away": true });
    let seen = browser::run("people_come_by_a_provider", &told);
    assert_eq!((&seen["grave"], &seen["local"]), (&json!([]), &json!(true)), "{seen}");
}
