//! Who does not take the transfer syntax in which an object is stored gets it uncompressed, and what is stored stays.

use crate::SITE;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tests::{Instance, Site, Study, http::Ask, tools::dcmtk};

/// Three images, each compressed without loss by another of DCMTK's encoders.
fn compressed(folder: &Path) -> (Study, Vec<Instance>, Vec<PathBuf>) {
    let study = Study::of(3).size(64, 96);
    let (made, plain) = study.write(folder);
    let encoders: [&[&str]; 3] = [&["dcmcjpls"], &["dcmcrle"], &["dcmcjpeg", "+e1"]];
    let mut files = Vec::new();
    for (path, encoder) in plain.iter().zip(encoders) {
        let out = path.with_extension("compressed");
        let run = Command::new(encoder[0]).args(&encoder[1..]).arg(path).arg(&out).output();
        let run = run.expect("DCMTK; `cargo ci tools` installs it");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        std::fs::remove_file(path).unwrap();
        files.push(out);
    }
    (study, made, files)
}

/// The pixels are the end of each file.
fn pixels(file: &[u8]) -> Vec<u8> {
    file[file.len() - 64 * 96 * 2..].to_vec()
}

fn originals(made: &[Instance]) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = made.iter().map(|instance| pixels(instance.data_set())).collect();
    all.sort();
    all
}

fn received(folder: &Path) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let mut all: Vec<_> = files.map(|file| pixels(&file)).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_of_plain_syntaxes_get_the_same_pixels() {
    let site = Site::open(SITE, "CH Nord").await;
    let (study, made, files) = compressed(&site.scratch("scanner"));
    let stored: Vec<_> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let held = site.stow(&stored.iter().map(Vec::as_slice).collect::<Vec<_>>()).await;
    assert_eq!(held.status, 200, "{}", held.text());
    let _ = site.settled(&study.uid, made.len()).await;
    let keys = ["QueryRetrieveLevel=STUDY".to_owned(), format!("StudyInstanceUID={}", study.uid)];
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();

    // It would rather have JPEG, of which there is one; nothing is kept from it for that.
    let folder = site.scratch("got-preferring");
    site.add_ae("WORKSTATION", 1, "own");
    let got = dcmtk::get_taking("+xs", site.dimse(), &site.ae_title, &folder, &keys);
    assert!(got.success, "{}", got.text);
    assert_eq!(received(&folder), originals(&made));

    for (takes, asks, name) in [("+xi", "-xi", "implicit"), ("+xe", "-xe", "explicit")] {
        let receiver = dcmtk::Receiver::taking(takes, &site.scratch(&format!("moved-{name}"))).await;
        site.add_ae("WORKSTATION", receiver.port, "own");
        let moved = dcmtk::move_to(site.dimse(), &site.ae_title, "WORKSTATION", &keys);
        assert!(moved.success, "{}", moved.text);
        assert_eq!(received(&receiver.folder), originals(&made), "{name}, moved");

        let folder = site.scratch(&format!("got-{name}"));
        let got = dcmtk::get_taking(asks, site.dimse(), &site.ae_title, &folder, &keys);
        assert!(got.success, "{}", got.text);
        assert_eq!(received(&folder), originals(&made), "{name}, got");

        let sent = dcmtk::Receiver::taking(takes, &site.scratch(&format!("sent-{name}"))).await;
        let to = format!("WORKSTATION@127.0.0.1:{}", sent.port);
        let said = site.tool(&["send", "--to", &to], &files);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        assert_eq!(received(&sent.folder), originals(&made), "{name}, sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_client_names_the_syntax_it_wants() {
    let site = Site::open(SITE, "CH Nord").await;
    let (study, made, files) = compressed(&site.scratch("scanner"));
    let stored: Vec<_> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let held = site.stow(&stored.iter().map(Vec::as_slice).collect::<Vec<_>>()).await;
    assert_eq!(held.status, 200, "{}", held.text());
    let _ = site.settled(&study.uid, made.len()).await;

    let ask = |path: String, accept: &str| site.ask(Ask::get(path).header("accept", accept));
    for instance in &made {
        let path = format!("/dicomweb{}", instance.path());
        let plain = ask(path.clone(), "application/dicom; transfer-syntax=1.2.840.10008.1.2.1").await;
        assert_eq!(plain.status, 200, "{}", plain.text());
        assert_eq!(pixels(&plain.body), pixels(instance.data_set()));
        assert_eq!(plain.header("content-length"), plain.body.len().to_string());
        let as_stored = ask(path.clone(), "application/dicom; transfer-syntax=*").await;
        assert!(stored.iter().any(|file| *file == as_stored.body), "the stored object is what it was");
        let other = ask(path, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.90").await;
        assert_eq!(other.status, 406);
    }
    let whole = "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.1";
    let whole = ask(format!("/dicomweb/studies/{}", study.uid), whole).await;
    assert_eq!(whole.status, 200);
    let found = |pixels: &[u8]| whole.body.windows(pixels.len()).any(|window| window == pixels);
    assert!(originals(&made).iter().all(|pixels| found(pixels)));
}
