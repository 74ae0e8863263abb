//! Accounts from outside: sign-in, throttling, restart, changes.

use super::*;

const DESK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const PASSWORD: &str = "cheval-pile-agrafe";

fn open(dir: &std::path::Path) -> (Users, Tasks) {
    let tasks = Tasks::default();
    let journal = Journal::open(dir, &tasks).unwrap();
    (Users::open(journal, &tasks).unwrap(), tasks)
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("Élise Durand", Role::Radiologist, PASSWORD).await.unwrap();
    let (secret, person) = users.sign_in("élise durand", PASSWORD, DESK).await.unwrap();
    assert_eq!(person, Person { name: "Élise Durand".to_owned(), role: Role::Radiologist });
    assert_eq!(users.session(&secret), Some(person));
    assert_eq!(users.session("nonsense"), None);
    users.sign_out(&secret);
    assert_eq!(users.session(&secret), None);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_say_the_same_and_are_slowed_down() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD).await.unwrap();
    for name in ["durand", "nobody"] {
        for _ in 0..3 {
            assert!(matches!(users.sign_in(name, "wrong", DESK).await, Err(UsersError::Wrong)));
        }
        assert!(matches!(users.sign_in(name, PASSWORD, DESK).await, Err(UsersError::Throttled(_))));
    }
    let elsewhere = IpAddr::from([10, 0, 0, 2]);
    assert!(users.sign_in("durand", PASSWORD, elsewhere).await.is_ok());
}

#[tokio::test]
async fn accounts_tokens_and_aes_survive_a_restart_and_are_stored_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let (users, tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD).await.unwrap();
    users.add_user("martin", Role::Admin, PASSWORD).await.unwrap();
    users.remove_user("martin").await.unwrap();
    let token = users.add_token("PACS bridge", Role::Technologist).await.unwrap();
    let gone = users.add_token("old", Role::Admin).await.unwrap();
    users.remove_token("old").await.unwrap();
    let ae = KnownAe {
        title: AeTitle::parse("SCANNER").unwrap(),
        host: "10.1.2.3".to_owned(),
        port: 104,
        rights: AeRights { query: Reach::Own, ..AeRights::SCANNER },
        security: AeSecurity::default(),
    };
    users.add_ae(ae.clone()).await.unwrap();
    drop(users);
    tasks.stop(std::time::Duration::from_secs(5)).await;

    let (users, _tasks) = open(dir.path());
    assert!(users.sign_in("durand", PASSWORD, DESK).await.is_ok());
    assert!(matches!(users.sign_in("martin", PASSWORD, DESK).await, Err(UsersError::Wrong)));
    assert_eq!(users.bearer(&token).map(|p| (p.name, p.role)), Some(("PACS bridge".to_owned(), Role::Technologist)));
    assert_eq!(users.bearer(&gone), None);
    assert_eq!(users.bearer("cfr_"), None);
    assert_eq!(users.aes(), [ae]);
    let secret = token.strip_prefix("cfr_").unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for plain in [PASSWORD, secret] {
            assert!(!bytes.windows(plain.len()).any(|w| w == plain.as_bytes()), "in plain text on disk");
        }
    }
}

#[tokio::test]
async fn names_are_taken_once_and_changes_end_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD).await.unwrap();
    assert!(matches!(users.add_user("DURAND", Role::Admin, PASSWORD).await, Err(UsersError::Exists)));
    for unfit in ["", "local", "a/b", &"x".repeat(65)] {
        assert!(matches!(users.add_user(unfit, Role::Admin, PASSWORD).await, Err(UsersError::Unfit(_))), "{unfit}");
    }
    assert!(matches!(users.add_user("b", Role::Admin, "short").await, Err(UsersError::Unfit(_))));
    let (secret, _) = users.sign_in("durand", PASSWORD, DESK).await.unwrap();
    users.set_role("Durand", Role::Referrer).await.unwrap();
    assert_eq!(users.session(&secret), None);
    let (secret, person) = users.sign_in("durand", PASSWORD, DESK).await.unwrap();
    assert_eq!(person.role, Role::Referrer);
    users.set_password("durand", "another-password").await.unwrap();
    assert_eq!(users.session(&secret), None);
    assert!(matches!(users.sign_in("durand", PASSWORD, DESK).await, Err(UsersError::Wrong)));
    assert!(users.sign_in("durand", "another-password", DESK).await.is_ok());
}

#[test]
fn a_generated_password_is_fit_and_unambiguous() {
    let password = generate_password();
    password::fit(&password).unwrap();
    assert_eq!(password.len(), 17);
    assert!(!password.contains(['0', 'o', '1', 'l', 'i']), "{password}");
    assert_ne!(password, generate_password());
    assert!(!password::verify("", password::NOBODY));
}
