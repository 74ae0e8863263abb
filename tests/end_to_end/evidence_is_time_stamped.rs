//! Evidence leaves with a time-stamp of an authority that is neither party, and is checked by its root, offline.

use crate::SITE;
use serde_json::{Value, json};
use std::{fs, path::Path};
use tests::{Site, Study, tools::time_stamps::TimeStamps};

fn exported(site: &Site, to: &Path, more: &[&str]) -> Value {
    let to_text = to.display().to_string();
    let _ = site.cli(&[&["audit", "export", "--out", &to_text], more].concat()).ok();
    serde_json::from_slice(&fs::read(to).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_an_authority_whose_root_is_named() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(1);
    let (_, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 1).await;
    let folder = site.scratch("time");
    let authority = TimeStamps::start(&folder).await;
    let other = TimeStamps::start(&site.scratch("other")).await;
    let key = site.id().await;
    let (first, second) = (folder.join("first.json"), folder.join("second.json"));
    let asking = ["--timestamp", &authority.url];
    let bundle = exported(&site, &first, &asking);
    assert!(bundle["timestamp"].is_string());

    let verify = |bundle: &Path, ca: Option<&Path>, language: &str| {
        let (bundle, ca) = (bundle.display().to_string(), ca.map(|ca| ca.display().to_string()));
        let mut arguments = vec!["audit", "verify", &bundle, "--key", &key, "--quiet", "--lang", language];
        if let Some(ca) = &ca {
            arguments.extend(["--timestamp-ca", ca]);
        }
        site.cli(&arguments)
    };
    let said = verify(&first, Some(&authority.root), "en").ok().out;
    assert!(
        said.contains("A time-stamping authority (CN=Time of the story, certified by CN=Root) saw the head"),
        "{said}"
    );
    assert!(said.contains("Everything in this bundle holds."), "{said}");
    let said = verify(&first, Some(&authority.root), "fr").ok().out;
    assert!(said.contains("Une autorité d'horodatage (CN=Time of the story, certifiée par CN=Root)"), "{said}");
    let said = verify(&first, None, "en").ok().out;
    assert!(said.contains("It carries a time-stamp, which is not checked"), "{said}");
    let said = verify(&first, Some(&other.root), "en");
    assert!(said.code != Some(0) && said.out.contains("no authority that was named vouches"), "{}", said.out);

    // The token of one head under another.
    let mut forged = exported(&site, &second, &[]);
    assert_eq!(forged["timestamp"], Value::Null);
    forged["timestamp"] = bundle["timestamp"].clone();
    fs::write(&second, json!(forged).to_string()).unwrap();
    let said = verify(&second, Some(&authority.root), "en");
    assert!(said.code != Some(0) && said.out.contains("its time-stamp is of another head"), "{}", said.out);

    // Nobody there: no bundle that looks as if it had one.
    let third = folder.join("third.json").display().to_string();
    let said = site.cli(&["audit", "export", "--out", &third, "--timestamp", "http://127.0.0.1:1/"]);
    assert!(said.code != Some(0) && !Path::new(&third).exists(), "{}", said.err);
}
