//! Folders: founding, holding, and the control socket.

use super::{doors::CONTROL_SOCKET, *};

#[test]
fn a_folder_is_held_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let held = Lock::try_take(dir.path()).unwrap();
    let told = Lock::try_take(dir.path()).unwrap_err();
    assert!(told.to_string().ends_with(&format!("process {}", std::process::id())), "{told}");
    drop(held);
    Lock::try_take(dir.path()).unwrap();
}

#[test]
fn a_node_is_founded_once_and_beyond_loopback_with_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("nord");
    let founding = Founding {
        site: "CH Nord".to_owned(),
        ae_title: "CHNORD".to_owned(),
        portal: Some("0.0.0.0:8443".parse().unwrap()),
        ..Founding::default()
    };
    let created = create(&home, &founding).unwrap();
    assert!(created.fingerprint.is_some());
    let config = Config::load(&home).unwrap();
    assert_eq!(config.dimse.ae_title, "CHNORD");
    assert!(config.tls().is_some());
    assert_eq!(Identity::load(&home).unwrap().site(), created.site);
    assert!(create(&home, &founding).is_err());
}

#[test]
fn settings_that_are_not_right_found_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("nord");
    let founding =
        Founding { site: String::new(), ae_title: "MUCH TOO LONG A TITLE".to_owned(), ..Founding::default() };
    let told = create(&home, &founding).unwrap_err().to_string();
    assert!(told.contains("--site") && told.contains("--ae-title"), "{told}");
    assert!(!home.exists());
}

#[test]
fn a_long_path_still_has_a_control_socket() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    let path = control_path(&deep).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&path.path).unwrap();
    assert!(deep.join(CONTROL_SOCKET).exists());
    std::os::unix::net::UnixStream::connect(&path.path).unwrap();
}
