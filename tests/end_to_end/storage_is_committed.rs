//! Who sent a study asks whether it is safe before deleting it: a modality asks the node, the node's owner asks an archive.

use crate::SITE;
use tests::{
    Instance, Site, Study, eventually,
    ports::Port,
    tools::{
        dcmtk,
        pynetdicom::{self, Serving},
    },
};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// A modality's question about what it sent, and about one instance that it did not.
fn ask(site: &Site, listen: &Port, stays: bool, made: &[Instance]) -> String {
    let (port, listen) = (site.dimse().port().to_string(), listen.number().to_string());
    let stay = if stays { "1" } else { "0" };
    let mut arguments = vec![port, site.ae_title.clone(), "CT1".to_owned(), listen, stay.to_owned()];
    arguments.extend(made.iter().map(|instance| format!("{CT}:{}", instance.uid)));
    arguments.push(format!("{CT}:1.2.3.4.5"));
    pynetdicom::run("commit_scu.py", &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modality_hears_what_is_safe_on_its_association_or_is_called_back() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let listen = Port::reserve();
    site.add_ae("CT1", listen.number(), "none");
    for (stays, way) in [(true, "same"), (false, "called")] {
        let said = ask(&site, &listen, stays, &made);
        let is_said = |line: &str| said.lines().any(|said| said == line);
        assert!(is_said("asked 0000") && is_said("type 2") && is_said(way), "{said}");
        assert!(made.iter().all(|instance| is_said(&format!("safe {}", instance.uid))), "{said}");
        assert!(is_said("failed 1.2.3.4.5 0112"), "{said}");
    }
    let log = site.audit("").await;
    let committed = log.iter().filter(|entry| entry["act"] == "storage-committed" && entry["person"] == "CT1");
    // Twice: what is safe, by its study; and what is not here, of which no study is known.
    assert_eq!(committed.clone().count(), 4, "{log:?}");
    assert_eq!(
        committed.filter(|entry| entry["study"] == study.uid && entry["outcome"] == "done").count(),
        2,
        "{log:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_to_an_archive_asks_it_and_hears_what_it_lost() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    for way in ["same", "called"] {
        let (archive, callback) = (Port::reserve(), Port::reserve());
        let (port, called) = (archive.number().to_string(), callback.number().to_string());
        let _serving = Serving::start("commit_scp.py", &[&port, "ARCHIVE", way, &called]);
        eventually!(20, "the archive listens", tokio::net::TcpStream::connect(archive.address()).await.ok());
        let (to, at) = (format!("ARCHIVE@127.0.0.1:{port}"), callback.address().to_string());
        let mut arguments = vec!["send", "--to", &to, "--commit", "--commit-within", "20"];
        if way == "called" {
            arguments.extend(["--commit-at", &at]);
        }
        let sent = site.tool(&arguments, &paths);
        assert!(sent.out.contains("2 of 3 committed by ARCHIVE"), "{}\n{}", sent.out, sent.err);
        let lost = format!("{}: not committed (0112, the peer does not have it)", made[2].uid);
        assert!(sent.err.contains(&lost), "{}", sent.err);
        assert_ne!(sent.code, Some(0), "not all is safe");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nodes_say_so_to_one_another() {
    let site = Site::open(SITE, "CH Nord").await;
    let (_, paths) = Study::of(2).write(&site.scratch("scanner"));
    let to = format!("{}@{}", site.ae_title, site.dimse());
    let sent = site.tool(&["send", "--to", &to, "--commit"], &paths).ok();
    assert!(sent.out.contains("2 of 2 committed"), "{}", sent.out);
}
