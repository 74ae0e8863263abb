//! People come in by two factors, keep an eye on where they are signed in, give programs a part of their rights, and leave.

use crate::SITE;
use serde_json::{Value, json};
use std::process::Command;
use tests::{
    Site, browser,
    http::{self, Ask, Method, Response},
};

const PASSWORD: &str = "Correct-horse-battery-9";

/// What an app of another maker shows: RFC 6238 by Python's own library.
pub(crate) fn shown(secret: &str, steps_on: i64) -> String {
    let script = "import base64,hmac,struct,sys,time
key=base64.b32decode(sys.argv[1]); step=int(time.time())//30+int(sys.argv[2])
tag=hmac.new(key,struct.pack('>Q',step),'sha1').digest(); at=tag[-1]&15
print('%06d' % ((struct.unpack('>I',tag[at:at+4])[0]&0x7fffffff)%1000000))";
    let output = Command::new("python3").args(["-c", script, secret, &steps_on.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A browser: its cookies, and what it says of itself.
#[derive(Clone, Default)]
struct Browser {
    session: String,
    device: String,
    agent: &'static str,
}

impl Browser {
    fn called(agent: &'static str) -> Self {
        Self { agent, ..Self::default() }
    }

    async fn ask(&self, site: &Site, method: Method, path: &str, body: Option<Value>) -> Response {
        let cookies = [&self.session, &self.device].map(String::as_str).join("; ");
        let ask = Ask::new(method, path).header("cookie", cookies).header("sec-fetch-site", "same-origin");
        let ask = ask.header("user-agent", self.agent);
        let ask = match body {
            Some(body) => ask.json(&body),
            None => ask,
        };
        http::ask(site.portal(), ask).await.unwrap()
    }

    async fn get(&self, site: &Site, path: &str) -> Response {
        self.ask(site, Method::GET, path, None).await
    }

    async fn post(&self, site: &Site, path: &str, body: Value) -> Response {
        self.ask(site, Method::POST, path, Some(body)).await
    }

    async fn sign_in(&mut self, site: &Site, name: &str, password: &str, code: Option<&str>) -> Response {
        let asked = json!({ "name": name, "password": password, "code": code });
        let answer = self.post(site, "/api/session", asked).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
            let pair = cookie.split(';').next().unwrap().to_owned();
            if cookie.starts_with("confrere-device-") { self.device = pair } else { self.session = pair }
        }
        answer
    }
}

fn refused(answer: &Response, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.error_code().as_str()), (status, code), "{}", answer.text());
}

/// Sets up a second factor; gives its secret and the recovery codes.
async fn set_up(browser: &Browser, site: &Site) -> (String, Vec<String>) {
    refused(
        &browser.post(site, "/api/account/second-factor", json!({ "password": "guessed-it" })).await,
        401,
        "wrong-password",
    );
    let told = browser.post(site, "/api/account/second-factor", json!({ "password": PASSWORD })).await.ok().json();
    let secret = told["secret"].as_str().unwrap().to_owned();
    assert!(told["link"].as_str().unwrap().starts_with("otpauth://totp/CH%20Nord:durand?secret="), "{told}");
    let wrong = browser.post(site, "/api/account/second-factor/confirm", json!({ "code": "12" })).await;
    refused(&wrong, 401, "wrong-second-factor");
    let confirmed = json!({ "code": shown(&secret, -1) });
    let codes = browser.post(site, "/api/account/second-factor/confirm", confirmed).await.ok().json();
    (secret, codes["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_two_factors() {
    let site = Site::init(SITE, "CH Nord");
    site.configure("portal", "second_factor", toml::Value::Array(vec!["radiologist".into()]));
    site.serve().await;
    let _ = site.new_user("durand", "radiologist");
    let mut firefox = Browser::called("Firefox/140 Linux");
    let session = firefox.sign_in(&site, "durand", PASSWORD, None).await.ok().json();
    assert_eq!(session["must"], "second-factor");
    for closed in ["/api/studies", "/api/account/tokens", "/dicomweb/studies"] {
        refused(&firefox.get(&site, closed).await, 403, "must-second-factor");
    }
    let (secret, recovery) = set_up(&firefox, &site).await;
    let _ = firefox.get(&site, "/api/studies").await.ok();

    // The password alone opens nothing any more, and no code opens twice: not after a restart either.
    let mut edge = Browser::called("Edg/140 Windows");
    refused(&edge.sign_in(&site, "durand", PASSWORD, None).await, 401, "second-factor");
    let code = shown(&secret, 1);
    let _ = edge.sign_in(&site, "durand", PASSWORD, Some(&code)).await.ok();
    site.stop().await;
    site.serve().await;
    refused(&edge.sign_in(&site, "durand", PASSWORD, Some(&code)).await, 401, "wrong-second-factor");
    let _ = edge.sign_in(&site, "durand", PASSWORD, Some(&recovery[0])).await.ok();
    refused(&edge.sign_in(&site, "durand", PASSWORD, Some(&recovery[0])).await, 401, "wrong-second-factor");
    assert_eq!(edge.get(&site, "/api/account").await.ok().json()["recovery_left"], 9);

    // Nothing that lets anyone in lies in the folder.
    let raw = Command::new("python3")
        .args(["-c", "import base64,sys; sys.stdout.buffer.write(base64.b32decode(sys.argv[1]))", &secret])
        .output()
        .unwrap();
    for plain in [raw.stdout.as_slice(), secret.as_bytes(), recovery[1].as_bytes()] {
        assert_eq!(site.files_with(plain), []);
    }

    // The phone is lost: an administrator takes the factor away, with evidence, and it is set up anew.
    let _ = site.cli(&["user", "reset-factor", "durand"]).ok();
    refused(&edge.get(&site, "/api/account").await, 401, "not-signed-in");
    let session = edge.sign_in(&site, "durand", PASSWORD, None).await.ok().json();
    assert_eq!(session["must"], "second-factor");
    let log = site.audit("").await;
    let told = |note: &str| log.iter().any(|entry| entry["note"] == note);
    assert!(told("take away the second factor of durand") && told("wrong code of the second factor"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_go() {
    let site = Site::open(SITE, "CH Nord").await;
    let _ = site.new_user("durand", "radiologist");
    let (mut ward, mut home) = (Browser::called("Firefox/140 Linux"), Browser::called("Chrome/140 Android"));
    let _ = ward.sign_in(&site, "durand", PASSWORD, None).await.ok();
    let _ = home.sign_in(&site, "durand", PASSWORD, None).await.ok();

    // One sees where one is signed in, and ends what one left open.
    let sessions = ward.get(&site, "/api/account/sessions").await.ok().json();
    let other = sessions.as_array().unwrap().iter().find(|row| row["this"] == false).unwrap();
    assert_eq!((sessions.as_array().unwrap().len(), &other["device"]), (2, &json!("Chrome/140 Android")));
    let place = format!("/api/account/sessions/{}", other["id"].as_str().unwrap());
    let _ = ward.ask(&site, Method::DELETE, &place, None).await.ok();
    refused(&home.get(&site, "/api/studies").await, 401, "not-signed-in");
    let _ = ward.get(&site, "/api/studies").await.ok();

    // A program gets a part of what one may, for a time; it makes no tokens of its own.
    let asked = json!({ "name": "worklist", "days": 30, "actions": ["list-studies"] });
    let made = ward.post(&site, "/api/account/tokens", asked).await.ok().json();
    let token = made["token"].as_str().unwrap().to_owned();
    let program =
        async |method, path: &str| http::ask(site.portal(), Ask::new(method, path).bearer(&token)).await.unwrap();
    let _ = program(Method::GET, "/api/studies").await.ok();
    refused(&program(Method::POST, "/api/uploads").await, 403, "role");
    refused(&program(Method::GET, "/api/account/tokens").await, 401, "not-signed-in");
    for unfit in [json!({ "name": "x", "days": 367 }), json!({ "name": "x", "days": 1, "actions": ["fly"] })] {
        assert_eq!(ward.post(&site, "/api/account/tokens", unfit).await.status, 400);
    }

    // Whoever guesses at the ward's address holds up that address, and not the device that is known.
    let mut guesser = Browser::called("curl/8");
    for _ in 0..3 {
        refused(&guesser.sign_in(&site, "durand", "guessed-it", None).await, 401, "wrong-password");
    }
    refused(&guesser.sign_in(&site, "durand", PASSWORD, None).await, 429, "throttled");
    let _ = ward.sign_in(&site, "durand", PASSWORD, None).await.ok();

    // A password from an administrator is good for choosing another.
    let said = site.cli(&["user", "password", "durand"]).ok();
    let given = said.out.trim().to_owned();
    refused(&ward.get(&site, "/api/studies").await, 401, "not-signed-in");
    assert_eq!(program(Method::GET, "/api/studies").await.status, 401, "the token ended with it");
    assert_eq!(ward.sign_in(&site, "durand", &given, None).await.ok().json()["must"], "password");
    refused(&ward.get(&site, "/api/studies").await, 403, "must-password");
    let chosen = json!({ "from": given, "to": PASSWORD });
    let _ = ward.post(&site, "/api/account/password", chosen).await.ok();
    let _ = ward.sign_in(&site, "durand", PASSWORD, None).await.ok();

    // Who the person is to the profession is in the evidence of the sign-in.
    let licence = json!({ "licence": "Ordre 75/1234", "modalities": ["CT"], "from": "2026-01-01", "until": null });
    let who = json!({ "rpps": "10000000008", "credentials": [licence] });
    let _ = site.post("/api/users/durand/professional", &who).await.ok();
    assert_eq!(site.post("/api/users/durand/professional", &json!({ "rpps": "1000000000x" })).await.status, 400);
    let _ = ward.sign_in(&site, "durand", PASSWORD, None).await.ok();
    let log = site.audit("").await;
    assert!(log.iter().any(|entry| entry["note"] == "by password, RPPS 10000000008"), "{log:?}");

    // A leaver's account opens nothing, by any way in; the name stays.
    let made = ward.post(&site, "/api/account/tokens", json!({ "name": "second", "days": 1 })).await.ok().json();
    let left = site.post("/api/users/durand/disabled", &json!({ "disabled": true })).await.ok().json();
    assert_eq!(left["tokens"], json!(["second"]));
    refused(&ward.get(&site, "/api/studies").await, 401, "not-signed-in");
    let second = Ask::get("/api/studies").bearer(made["token"].as_str().unwrap());
    assert_eq!(http::ask(site.portal(), second.clone()).await.unwrap().status, 401);
    refused(&ward.sign_in(&site, "durand", PASSWORD, None).await, 401, "disabled");
    site.stop().await;
    site.serve().await;
    refused(&ward.sign_in(&site, "durand", PASSWORD, None).await, 401, "disabled");
    let _ = site.cli(&["user", "enable", "durand"]).ok();
    let _ = ward.sign_in(&site, "durand", PASSWORD, None).await.ok();
    assert_eq!(http::ask(site.portal(), second).await.unwrap().status, 401, "what ended does not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_the_portal() {
    let site = Site::init(SITE, "CH Nord");
    site.configure("portal", "second_factor", toml::Value::Array(vec!["admin".into()]));
    site.serve().await;
    let _ = site.new_user("amy.wong", "admin");
    let _ = site.new_user("durand", "radiologist");
    let portal = format!("http://{}", site.portal());
    let seen = browser::run("people_come_in", &json!({ "portal": portal, "name": "amy.wong", "password": PASSWORD }));
    assert_eq!(seen["recovery"], 10, "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    let users = site.get("/api/users").await.ok().json();
    let durand = users.as_array().unwrap().iter().find(|user| user["name"] == "durand").unwrap();
    assert_eq!(
        (&durand["disabled"], &durand["professional"]["rpps"]),
        (&json!(true), &json!("10000000008")),
        "{users}"
    );
}
