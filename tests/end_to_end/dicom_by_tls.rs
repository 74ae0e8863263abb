//! Scanners and workstations that speak TLS: who shows what, and who is turned away.

use crate::SITE;
use std::net::SocketAddr;
use tests::{
    Site, Study,
    certificates::{Authority, Issued},
    ports::Port,
    tools::dcmtk::{self, Receiver},
};
use tokio::io::AsyncWriteExt;

/// A site with a second DICOM port, and the hospital's authority.
struct Secured {
    site: Site,
    port: Port,
    authority: Authority,
    scanner: Issued,
}

impl Secured {
    async fn open(anonymous: bool) -> Self {
        let site = Site::init(SITE, "CH Nord");
        let port = Port::reserve();
        let folder = site.scratch("certificates");
        let authority = Authority::found(&folder, "hospital");
        let (own, scanner) = (authority.issue("node"), authority.issue("scanner"));
        let text = |text: String| toml::Value::String(text);
        site.configure("dimse", "tls_listen", text(port.address().to_string()));
        site.configure("dimse", "tls_cert", text(own.certificate.display().to_string()));
        site.configure("dimse", "tls_key", text(own.key.display().to_string()));
        site.configure("dimse", "tls_ca", text(authority.certificate.display().to_string()));
        site.configure("dimse", "tls_anonymous", toml::Value::Boolean(anonymous));
        site.serve().await;
        Self { site, port, authority, scanner }
    }

    fn address(&self) -> SocketAddr {
        self.port.address()
    }

    fn echo(&self, shown: Option<&Issued>) -> dcmtk::Said {
        dcmtk::echo_by_tls(self.address(), ["CT1", &self.site.ae_title], shown, &self.authority.certificate)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_shows_a_certificate_of_the_authority_is_let_in() {
    let secured = Secured::open(false).await;
    let welcome = secured.echo(Some(&secured.scanner));
    assert!(welcome.success, "{}", welcome.text);
    assert!(!secured.echo(None).success, "without a certificate");
    let stranger = Authority::found(&secured.site.scratch("strangers"), "stranger").issue("scanner");
    assert!(!secured.echo(Some(&stranger)).success, "of another authority");
    assert!(!dcmtk::echo(secured.address(), &secured.site.ae_title).success, "plain DICOM on the TLS port");
    let elsewhere = Authority::found(&secured.site.scratch("others"), "elsewhere").certificate;
    let titles = ["CT1", secured.site.ae_title.as_str()];
    let wary = dcmtk::echo_by_tls(secured.address(), titles, Some(&secured.scanner), &elsewhere);
    assert!(!wary.success, "the node's certificate is not of the caller's authority");

    // Garbage and silence keep nobody out.
    let mut silent = Vec::new();
    for _ in 0..50 {
        let mut stream = tokio::net::TcpStream::connect(secured.address()).await.unwrap();
        stream.write_all(b"\x16\x03\x01\xff\xff").await.unwrap();
        silent.push(stream);
    }
    let welcome = secured.echo(Some(&secured.scanner));
    assert!(welcome.success, "{}", welcome.text);
    assert!(dcmtk::echo(secured.site.dimse(), &secured.site.ae_title).success, "the plain port serves as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_need_no_certificate_where_an_admin_says_so() {
    let secured = Secured::open(true).await;
    let welcome = secured.echo(None);
    assert!(welcome.success, "{}", welcome.text);
    let stranger = Authority::found(&secured.site.scratch("strangers"), "stranger").issue("scanner");
    assert!(!secured.echo(Some(&stranger)).success, "one that is shown must still be of the authority");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ae_with_a_pinned_certificate_is_nobody_elses_name() {
    let secured = Secured::open(false).await;
    let site = &secured.site;
    let other = secured.authority.issue("other");
    let pin = ["--tls", "--certificate", &secured.scanner.fingerprint];
    let _ = site.cli(&[&["ae", "add", "CT1", "127.0.0.1", "104"][..], &pin].concat()).ok();

    let study = Study::of(2);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let titles = ["CT1", site.ae_title.as_str()];
    let store = |shown| dcmtk::store_by_tls(secured.address(), titles, shown, &secured.authority.certificate, &paths);
    let refused = store(&other);
    assert!(refused.text.contains("Calling AE Title Not Recognized"), "{}", refused.text);
    let plain = dcmtk::store(site.dimse(), &site.ae_title, &paths);
    assert!(plain.text.contains("Calling AE Title Not Recognized"), "{}", plain.text);
    let stored = store(&secured.scanner);
    assert!(stored.success, "{}", stored.text);
    let _ = site.settled(&study.uid, made.len()).await;
    for instance in &made {
        let file = site.retrieve(&instance.path()).await.unwrap();
        assert_eq!(&file[tests::part10::data_set_at(&file)..], instance.data_set());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_and_moved_goes_by_tls_to_whom_it_is_meant() {
    let secured = Secured::open(false).await;
    let site = &secured.site;
    let (made, paths) = Study::of(2).write(&site.scratch("scanner"));
    assert!(dcmtk::store(site.dimse(), &site.ae_title, &paths).success);
    let _ = site.settled(&made[0].study, made.len()).await;
    let shown = secured.authority.issue("workstation");
    let workstation = Receiver::start_by_tls(&site.scratch("moved"), &shown, &secured.authority.certificate).await;
    let count = || std::fs::read_dir(&workstation.folder).unwrap().count();

    let to = format!("{}@127.0.0.1:{}", dcmtk::WORKSTATION, workstation.port);
    let [ca, certificate, key] = [&secured.authority.certificate, &secured.scanner.certificate, &secured.scanner.key]
        .map(|path| path.display().to_string());
    let own = ["--tls-cert", certificate.as_str(), "--tls-key", key.as_str()];
    let elsewhere = Authority::found(&site.scratch("others"), "elsewhere").certificate.display().to_string();
    let send = |ca: &str| site.tool(&[&["send", "--to", &to, "--tls", ca][..], &own].concat(), &paths);
    assert_ne!(send(&elsewhere).code, Some(0), "a workstation that nobody vouches for");
    assert_eq!(count(), 0);
    let _ = send(&ca).ok();
    assert_eq!(count(), made.len());
    std::fs::read_dir(&workstation.folder)
        .unwrap()
        .for_each(|file| std::fs::remove_file(file.unwrap().path()).unwrap());

    let port = workstation.port.to_string();
    let known = ["ae", "add", "MOVED", "127.0.0.1", port.as_str(), "--tls", "--certificate"];
    let _ = site.cli(&["ae", "add", dcmtk::WORKSTATION, "127.0.0.1", "1", "--query", "own"]).ok();
    let uid = format!("StudyInstanceUID={}", made[0].study);
    let keys = ["QueryRetrieveLevel=STUDY", uid.as_str()];
    for (pin, moved) in [(&secured.scanner.fingerprint, 0), (&shown.fingerprint, made.len())] {
        let _ = site.cli(&[&known[..], &[pin.as_str()]].concat()).ok();
        let said = dcmtk::move_to(site.dimse(), &site.ae_title, "MOVED", &keys);
        assert_eq!(count(), moved, "{}", said.text);
    }
}
