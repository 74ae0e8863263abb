//! Whoever writes tags into names, and whoever frames, forges or plants, gets text and refusals.

use crate::SITE;
use serde_json::json;
use std::fs;
use tests::{Pair, Preset, Site, Study, browser, corpus, http::Ask};

/// As PS3.5 lets one write them (an equals sign begins another way of writing the name), and as web pages read them.
const NAMES: [&str; 4] = [
    "<script>alert(1)</script>^Eve",
    "\"><svg onload&#61;alert(1)><iframe srcdoc>^Mallory",
    "'^{{constructor.constructor('alert(1)')()}}",
    "javascript:alert(1)^Trudy",
];

/// Studies under hostile names, of the corpus too where there is one; gives those made here.
async fn store(site: &Site) -> Vec<String> {
    let mut made = Vec::new();
    for name in NAMES {
        let study = Study::of(1).named(name).size(64, 64);
        let (_, paths) = study.write(&site.scratch(&study.uid));
        let _ = site.c_store(&paths).ok();
        let _ = site.settled(&study.uid, 1).await;
        made.push(study.uid);
    }
    let samples = corpus::folder().map(|folder| corpus::samples(&folder, "bad/generated/")).unwrap_or_default();
    for sample in samples.iter().filter(|sample| sample.name.contains("xss") || sample.name.contains("/name-")) {
        // Some are refused, with a reason: the story of hostile files has them.
        let _ = site.stow(&[&fs::read(&sample.path).unwrap()]).await;
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_list_and_viewer_here_and_at_the_confrere() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let studies = store(&pair.a).await;
    for study in &studies {
        let _ = pair.b.settled(study, 1).await;
    }
    for site in [&pair.a, &pair.b] {
        let password = site.new_user("amy.wong", "radiologist");
        let input = json!({
            "portal": format!("http://{}", site.portal()),
            "name": "amy.wong",
            "password": password,
            "shown": ["<script>alert(1)</script>", "{{constructor.constructor('alert(1)')()}}"],
            "open": studies[..2],
        });
        let seen = browser::run("hostile_names_are_text", &input);
        assert_eq!((&seen["dialogs"], &seen["intruders"]), (&json!(0), &json!([])), "{}: {seen}", site.name);
        assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{}: {seen}", site.name);
        assert!(seen["rows"].as_u64().unwrap() > 4, "{seen}");
        let badge = seen["provenance"].to_string();
        assert!(badge.contains("signé par CH Nord, vérifié"), "{}: {badge}", site.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_pages_are_not_framed_forged_or_planted() {
    let site = Site::open(SITE, "CH Nord").await;
    let password = site.new_user("amy.wong", "radiologist");
    let ask = |ask: Ask| async { tests::http::ask(site.portal(), ask).await.unwrap() };
    for page in ["/", "/ohif/index.html", "/ohif/viewer"] {
        let answer = ask(Ask::get(page)).await;
        let policy = answer.header("content-security-policy").to_owned();
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap_or_default();
        assert!(scripts.contains("'self'") && !scripts.contains("'unsafe-inline'"), "{page}: {policy}");
        assert!(!scripts.replace("'wasm-unsafe-eval'", "").contains("unsafe-eval"), "{page}: {policy}");
        assert!(policy.contains("frame-ancestors 'self'") && policy.contains("base-uri 'self'"), "{page}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{page}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{page}");
    }
    // A session that somebody planted beforehand is not the one that is begun.
    let name = format!("confrere-{}", site.id().await.chars().take(8).collect::<String>());
    let planted = &format!("{name}=0000000000000000000000000000000000000000000");
    let sign_in = json!({ "name": "amy.wong", "password": password });
    let session = Ask::new(http_method("POST"), "/api/session").json(&sign_in).header("cookie", planted.clone());
    let begun = ask(session).await.ok();
    let cookies: Vec<&str> =
        begun.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok()).collect();
    let own = cookies.iter().find(|cookie| !cookie.starts_with("confrere-device-")).expect("a session begins");
    assert!(
        own.contains("HttpOnly")
            && own.contains("SameSite=Strict")
            && own.starts_with(&name)
            && !own.contains(planted.as_str()),
        "{own}"
    );
    let own = own.split(';').next().unwrap().to_owned();
    let with = |cookie: &str| Ask::get("/api/studies").header("cookie", cookie.to_owned());
    assert_eq!(ask(with(planted)).await.status, 401);
    let listed = ask(with(&own)).await.ok();
    assert!(listed.header("cache-control").contains("no-store"), "{}", listed.header("cache-control"));
    // A form of another page is refused with the session it rides on.
    let label = || {
        Ask::new(http_method("POST"), "/api/readings")
            .json(&json!({ "studies": ["1.2.3"] }))
            .header("cookie", own.clone())
    };
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(ask(label().header(name, value)).await.status, 403, "{name}: {value}");
    }
    // Addresses that lead out of their folder lead nowhere.
    let key = fs::read(site.dir().join("site.key")).unwrap();
    for path in
        ["/..%2f..%2fsite.key", "/ohif/..%2f..%2f..%2fsite.key", "/api/studies/..%2f..", "//evil.example/", "/%00"]
    {
        let answer = ask(Ask::get(path).header("cookie", own.clone())).await;
        assert!(!answer.body.windows(32).any(|window| window == key), "{path} gives the key of the site");
        assert!(answer.header("location").is_empty(), "{path} leads to {}", answer.header("location"));
    }
}

fn http_method(word: &str) -> hyper::Method {
    word.parse().unwrap()
}
