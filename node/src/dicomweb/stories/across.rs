//! Pages of other origins: who may ask across, and what its browser is told.

use super::*;

const VIEWER: (&str, &str) = ("origin", "https://viewer.example");

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_the_settings_name_may_ask() {
    let node = node_for(&["https://viewer.example"]).await;
    let preflight =
        [VIEWER, ("access-control-request-method", "GET"), ("access-control-request-headers", "authorization")];
    let told = node.method(Method::OPTIONS, "/studies", &preflight).await;
    assert_eq!((told.status, told.header("access-control-allow-origin")), (StatusCode::NO_CONTENT, VIEWER.1));
    assert!(told.header("access-control-allow-headers").contains("Authorization"));
    assert!(told.header("access-control-allow-methods").contains("POST"));
    for path in ["/studies", "/studies/1.2.9"] {
        let answer = node.get(path, &[VIEWER]).await;
        assert_eq!(answer.header("access-control-allow-origin"), VIEWER.1, "{path}");
        assert!(answer.header("access-control-expose-headers").contains("ETag"), "{path}");
        assert!(answer.headers.get_all("vary").iter().any(|v| v == "Origin"), "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{path}");
    }
    // OPTIONS that is no preflight is answered as ever.
    assert_eq!(node.method(Method::OPTIONS, "/studies", &[VIEWER]).await.header("allow"), routes::STORE);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_page_is_told_anything() {
    let named = node_for(&["https://viewer.example"]).await;
    for (node, origin) in [
        (&named, "https://evil.example"),
        (&named, "https://viewer.example.evil.example"),
        (&named, "http://viewer.example"),
        (&named, "https://viewer.example:8443"),
        (&named, "null"),
        (&node().await, "https://viewer.example"),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let asking = [("origin", origin), ("access-control-request-method", "GET")];
            let answer = node.method(method, "/studies", &asking).await;
            assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{origin}");
        }
    }
    // A cache must not give one page's answer to another.
    assert!(named.get("/studies", &[]).await.headers.get_all("vary").iter().any(|v| v == "Origin"));
}
