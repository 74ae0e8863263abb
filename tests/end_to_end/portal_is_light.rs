//! The portal is light: what a browser is sent until the worklist stands.

use crate::SITE;
use serde_json::json;
use tests::{Site, browser};

/// Of the portal's own files, as they are sent.
const FIRST_LOAD_BYTES_MAX: u64 = 300_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_new_browser() {
    let site = Site::open(SITE, "CH Nord").await;
    let password = site.new_user("dr.leroy", "radiologist");
    let seen = browser::run(
        "portal_is_light",
        &json!({ "portal": format!("http://{}", site.portal()), "name": "dr.leroy", "password": password }),
    );
    let bytes = seen["bytes"].as_u64().unwrap();
    let files = seen["files"].as_object().unwrap();
    println!(
        "first load of the worklist: {bytes} bytes in {} files, and {} of the API",
        files.len(),
        seen["api_bytes"]
    );
    for (file, bytes) in files {
        println!("{bytes:>9} {file}");
    }
    assert_eq!(seen["encodings"], json!(["br"]), "{seen}");
    assert!(bytes > 100_000, "all of it is counted: {seen}");
    assert!(bytes <= FIRST_LOAD_BYTES_MAX, "{bytes} bytes, not {FIRST_LOAD_BYTES_MAX}: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}
