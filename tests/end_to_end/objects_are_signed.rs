//! Objects come signed by their equipment: whoever opens them sees whether that holds, and by whom.

use crate::SITE;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tests::{
    Instance, Site, Study,
    certificates::{Authority, Issued},
    tools::dcmtk,
};

/// Objects of a study, signed by DCMTK; the last is signed and then altered.
fn signed(study: &Study, folder: &Path, by: &Issued) -> (Vec<Instance>, Vec<PathBuf>) {
    let (made, paths) = study.write(folder);
    let all = paths.iter().map(|path| dcmtk::sign(path, by)).collect();
    (made, all)
}

async fn signatures(site: &Site, study: &Study) -> Value {
    site.get(&format!("/api/studies/{}/signatures", study.uid)).await.ok().json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_what_was_signed_and_whether_it_holds() {
    let site = Site::init(SITE, "CH Nord");
    let folder = site.scratch("certificates");
    let (hospital, stranger) = (Authority::found(&folder, "hospital"), Authority::found(&folder, "stranger"));
    let ca = hospital.certificate.display().to_string();
    site.configure("signatures", "ca", toml::Value::String(ca));
    site.serve().await;

    let plain = Study::of(1);
    let (_, paths) = plain.write(&site.scratch("plain"));
    let _ = site.c_store(&paths).ok();
    let (known, unknown, broken) = (Study::of(2), Study::of(1), Study::of(1));
    let (_, sent) = signed(&known, &site.scratch("known"), &hospital.issue("scanner"));
    let _ = site.c_store(&sent).ok();
    let (_, sent) = signed(&unknown, &site.scratch("unknown"), &stranger.issue("other"));
    let _ = site.c_store(&sent).ok();
    let (made, sent) = signed(&broken, &site.scratch("broken"), &hospital.issue("scanner"));
    let mut bytes = fs::read(&sent[0]).unwrap();
    let at = bytes.windows(made[0].pixels.len()).position(|window| window == made[0].pixels).unwrap();
    bytes[at + 100] ^= 1;
    fs::write(&sent[0], bytes).unwrap();
    // It is kept as it came.
    let _ = site.c_store(&sent).ok();
    let (of_item, altered) = (Study::of(1), Study::of(1));
    for (study, reference) in [(&of_item, b"1.2.826.9"), (&altered, b"1.2.826.8")] {
        let (_, paths) = study.write(&site.scratch(&study.uid));
        let signed = dcmtk::sign_item(&paths[0], &hospital.issue("scanner"));
        let mut bytes = fs::read(&signed).unwrap();
        let at = bytes.windows(9).position(|window| window == b"1.2.826.9").unwrap();
        bytes[at..at + 9].copy_from_slice(reference);
        fs::write(&signed, bytes).unwrap();
        let _ = site.c_store(&[signed]).ok();
    }
    let all = [(&plain, 1), (&known, 2), (&unknown, 1), (&broken, 1), (&of_item, 1), (&altered, 1)];
    for (study, instances) in all {
        let _ = site.settled(&study.uid, instances).await;
    }

    let of = signatures(&site, &plain).await;
    assert_eq!((&of["standing"], &of["objects"], &of["signed"]), (&"none".into(), &1.into(), &0.into()), "{of}");
    let of = signatures(&site, &known).await;
    assert_eq!((&of["standing"], &of["signed"]), (&"valid".into(), &2.into()), "{of}");
    let one = &of["signatures"][0];
    assert_eq!((&one["state"], &one["hash"], &one["pixels"]), (&"valid".into(), &"SHA-256".into(), &true.into()));
    assert_eq!((&one["signer"]["subject"], &one["signer"]["known"]), (&"CN=scanner".into(), &true.into()), "{one}");
    let of = signatures(&site, &unknown).await;
    assert_eq!(of["standing"], "unknown-signer", "{of}");
    let of = signatures(&site, &broken).await;
    assert_eq!((&of["standing"], &of["signatures"][0]["state"]), (&"broken".into(), &"broken".into()), "{of}");
    for (study, standing) in [(&of_item, "valid"), (&altered, "broken")] {
        let of = signatures(&site, study).await;
        assert_eq!((&of["standing"], &of["signed"]), (&standing.into(), &1.into()), "{of}");
        let one = &of["signatures"][0];
        assert_eq!((&one["item"], &one["state"]), (&"ReferencedImageSequence[1]".into(), &standing.into()), "{one}");
        assert_eq!((&one["elements"], &one["pixels"]), (&1.into(), &false.into()), "{one}");
    }
}
