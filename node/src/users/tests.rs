//! Accounts from outside: sign-in, throttling, restart, changes.

use super::*;
use crate::trust::{Action, Scope};

const DESK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const PASSWORD: &str = "cheval-pile-agrafe";

fn open(dir: &std::path::Path) -> (Users, Tasks) {
    let tasks = Tasks::default();
    let journal = Journal::open(dir, &tasks).unwrap();
    (Users::open(journal, Arc::new(Identity::from_seed(&[7; 32])), &[Role::Auditor], &tasks).unwrap(), tasks)
}

fn asked<'a>(name: &'a str, password: &'a str) -> SignIn<'a> {
    SignIn { name, password, code: None, device: None, from: DESK, agent: "Firefox" }
}

impl Users {
    async fn come_in(&self, asked: SignIn<'_>) -> Result<(String, Person), UsersError> {
        self.sign_in(asked).await.map(|got| (got.secret, got.person))
    }
}

/// A machine's, for all of its role.
fn machine(name: &str, role: Role) -> NewToken {
    NewToken { name: name.to_owned(), role, scope: Scope::ALL, days: 1, owner: None }
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("Élise Durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let (secret, person) = users.come_in(asked("élise durand", PASSWORD)).await.unwrap();
    assert_eq!(person, Person::new("Élise Durand".to_owned(), Role::Radiologist));
    assert_eq!(users.session(&secret), Some(person));
    assert_eq!(users.session("nonsense"), None);
    users.sign_out(&secret);
    assert_eq!(users.session(&secret), None);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_say_the_same_and_are_slowed_down() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    for name in ["durand", "nobody"] {
        for _ in 0..3 {
            assert!(matches!(users.come_in(asked(name, "wrong")).await, Err(UsersError::Wrong)));
        }
        assert!(matches!(users.come_in(asked(name, PASSWORD)).await, Err(UsersError::Throttled(_))));
    }
    let elsewhere = IpAddr::from([10, 0, 0, 2]);
    assert!(users.come_in(SignIn { from: elsewhere, ..asked("durand", PASSWORD) }).await.is_ok());
}

#[tokio::test]
async fn accounts_tokens_and_aes_survive_a_restart_and_are_stored_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let (users, tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    users.add_user("martin", Role::Admin, PASSWORD, false).await.unwrap();
    users.remove_user("martin").await.unwrap();
    let token = users.add_token(machine("PACS bridge", Role::Technologist)).await.unwrap();
    let gone = users.add_token(machine("old", Role::Admin)).await.unwrap();
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
    assert!(users.come_in(asked("durand", PASSWORD)).await.is_ok());
    assert!(matches!(users.come_in(asked("martin", PASSWORD)).await, Err(UsersError::Wrong)));
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
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    assert!(matches!(users.add_user("DURAND", Role::Admin, PASSWORD, false).await, Err(UsersError::Exists)));
    for unfit in ["", "local", "a/b", &"x".repeat(65)] {
        assert!(
            matches!(users.add_user(unfit, Role::Admin, PASSWORD, false).await, Err(UsersError::Unfit(_))),
            "{unfit}"
        );
    }
    assert!(matches!(users.add_user("b", Role::Admin, "short", false).await, Err(UsersError::Unfit(_))));
    let (secret, _) = users.come_in(asked("durand", PASSWORD)).await.unwrap();
    users.set_role("Durand", Role::Referrer).await.unwrap();
    assert_eq!(users.session(&secret), None);
    let (secret, person) = users.come_in(asked("durand", PASSWORD)).await.unwrap();
    assert_eq!(person.role, Role::Referrer);
    users.set_password("durand", "another-password", false).await.unwrap();
    assert_eq!(users.session(&secret), None);
    assert!(matches!(users.come_in(asked("durand", PASSWORD)).await, Err(UsersError::Wrong)));
    assert!(users.come_in(asked("durand", "another-password")).await.is_ok());
}

/// The code an app shows now.
fn shown(secret: &str, steps_on: i64) -> String {
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = i64::try_from(tasks::now().0 / 30_000).unwrap() + steps_on;
    totp::code_at(&secret.into(), u64::try_from(step).unwrap())
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_no_code_is_taken_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (users, tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let (_, durand) = users.come_in(asked("durand", PASSWORD)).await.unwrap();
    assert!(matches!(users.confirm_factor(&durand, "000000").await, Err(UsersError::NotBegun)));
    let told = users.begin_factor(&durand, "CH Nord");
    assert!(users.come_in(asked("durand", PASSWORD)).await.is_ok(), "not asked for before it is confirmed");
    assert!(matches!(users.confirm_factor(&durand, "12345").await, Err(UsersError::WrongCode)));
    // A phone that is one step late: the next code is not of the same step, whenever this test runs.
    let first = shown(&told.secret, -1);
    let recovery = users.confirm_factor(&durand, &first).await.unwrap();
    assert_eq!(recovery.len(), 10);
    assert!(matches!(users.come_in(asked("durand", PASSWORD)).await, Err(UsersError::SecondFactor)));
    assert!(matches!(users.identify("durand", PASSWORD, DESK).await, Err(UsersError::SecondFactor)));
    let from = |n: u8| IpAddr::from([10, 0, 1, n]);
    let with = |code, n| SignIn { code: Some(code), from: from(n), ..asked("durand", PASSWORD) };
    assert!(matches!(users.come_in(with(&first, 1)).await, Err(UsersError::WrongCode)), "replayed");
    let second = shown(&told.secret, 1);
    users.come_in(with(&second, 2)).await.unwrap();
    drop(users);
    tasks.stop(std::time::Duration::from_secs(5)).await;

    let (users, tasks) = open(dir.path());
    assert!(matches!(users.come_in(with(&second, 3)).await, Err(UsersError::WrongCode)), "replayed after a restart");
    users.come_in(with(&recovery[3], 4)).await.unwrap();
    assert!(matches!(users.come_in(with(&recovery[3], 5)).await, Err(UsersError::WrongCode)), "recovered twice");
    assert_eq!(users.recovery_left("durand"), 9);
    let (session, _) = users.come_in(with(&recovery[4], 6)).await.unwrap();
    users.reset_factor("durand").await.unwrap();
    assert_eq!(users.session(&session), None);
    users.come_in(SignIn { from: from(7), ..asked("durand", PASSWORD) }).await.unwrap();
    drop(users);
    tasks.stop(std::time::Duration::from_secs(5)).await;
    let plain = data_encoding::BASE32_NOPAD.decode(told.secret.as_bytes()).unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [plain.as_slice(), recovery[0].as_bytes(), told.secret.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "in plain text on disk");
        }
    }
}

#[tokio::test]
async fn second_factors_are_sealed_anew_and_open_without_the_key_before() {
    let dir = tempfile::tempdir().unwrap();
    let identity = Arc::new(Identity::create(dir.path()).unwrap());
    identity.adopt(identity.prepare(Timestamp(1), None).unwrap()).unwrap();
    let records = dir.path().join("records");
    std::fs::create_dir(&records).unwrap();
    let tasks = Tasks::default();
    let journal = Journal::open(&records, &tasks).unwrap();
    let users = Users::open(journal, identity.clone(), &[], &tasks).unwrap();
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let (_, durand) = users.come_in(asked("durand", PASSWORD)).await.unwrap();
    let told = users.begin_factor(&durand, "CH Nord");
    let recovery = users.confirm_factor(&durand, &shown(&told.secret, -1)).await.unwrap();
    assert_eq!(users.reseal_factors().await.unwrap(), 1, "nothing to be done");

    identity.begin_reseal(Timestamp(2)).unwrap();
    let from = |n: u8| IpAddr::from([10, 0, 1, n]);
    let with = |code, n| SignIn { code: Some(code), from: from(n), ..asked("durand", PASSWORD) };
    users.come_in(with(&recovery[0], 1)).await.unwrap();
    // Either root opens meanwhile; once sealed anew, the one before is not needed.
    assert_eq!(users.reseal_factors().await.unwrap(), 1);
    identity.finish_reseal().unwrap();
    let next = shown(&told.secret, 1);
    users.come_in(with(&next, 2)).await.unwrap();
    drop(users);
    tasks.stop(std::time::Duration::from_secs(5)).await;
    let tasks = Tasks::default();
    let journal = Journal::open(&records, &tasks).unwrap();
    let users = Users::open(journal, Arc::new(Identity::load(dir.path()).unwrap()), &[], &tasks).unwrap();
    assert!(matches!(users.come_in(with(&recovery[0], 3)).await, Err(UsersError::WrongCode)), "used before");
    users.come_in(with(&recovery[1], 4)).await.unwrap();
    assert!(matches!(users.come_in(with(&next, 5)).await, Err(UsersError::WrongCode)), "used before");
}

#[tokio::test]
async fn whoever_must_do_something_first_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("dpo", Role::Auditor, PASSWORD, true).await.unwrap();
    let (session, dpo) = users.come_in(asked("dpo", PASSWORD)).await.unwrap();
    assert_eq!(users.must(&dpo, None), Some(Must::ChangePassword));
    assert!(matches!(users.change_password("dpo", PASSWORD, PASSWORD, "session").await, Err(UsersError::Unfit(_))));
    assert!(matches!(
        users.change_password("dpo", "wrong", "pile-agrafe-cheval", "session").await,
        Err(UsersError::Wrong)
    ));
    users.change_password("dpo", PASSWORD, "pile-agrafe-cheval", "session").await.unwrap();
    assert_eq!(users.session(&session), None);
    assert_eq!(users.must(&dpo, None), Some(Must::SetUpFactor), "auditors need a second factor here");
    let told = users.begin_factor(&dpo, "CH Nord");
    users.confirm_factor(&dpo, &shown(&told.secret, 0)).await.unwrap();
    assert_eq!(users.must(&dpo, None), None);
}

#[tokio::test]
async fn a_leaver_keeps_the_name_and_loses_sessions_and_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let (users, tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let own = NewToken { owner: Some("durand".to_owned()), ..machine("script", Role::Radiologist) };
    let token = users.add_token(own).await.unwrap();
    let pacs = users.add_token(machine("pacs", Role::Technologist)).await.unwrap();
    let (session, _) = users.come_in(asked("durand", PASSWORD)).await.unwrap();
    assert_eq!(users.bearer(&token).map(|p| p.name), Some("durand".to_owned()));
    users
        .set_professional("durand", Professional { rpps: Some("10000000008".to_owned()), ..Default::default() })
        .await
        .unwrap();
    assert!(users.session(&session).is_some(), "what is known of a person ends nothing");
    users.set_disabled("durand", true).await.unwrap();
    assert_eq!((users.session(&session), users.bearer(&token), users.person("durand")), (None, None, None));
    assert!(matches!(users.come_in(asked("durand", PASSWORD)).await, Err(UsersError::Disabled)));
    drop(users);
    tasks.stop(std::time::Duration::from_secs(5)).await;

    let (users, _tasks) = open(dir.path());
    assert!(matches!(users.come_in(asked("durand", PASSWORD)).await, Err(UsersError::Disabled)));
    users.set_disabled("durand", false).await.unwrap();
    assert!(users.come_in(asked("durand", PASSWORD)).await.is_ok());
    assert_eq!(users.bearer(&token), None, "it ended for good");
    assert!(users.bearer(&pacs).is_some());
    assert_eq!(users.account("durand").unwrap().professional.rpps.as_deref(), Some("10000000008"));
}

#[tokio::test]
async fn a_token_opens_its_scope_for_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    let scope = Scope::of_words(&["list-studies", "administer"]).unwrap();
    assert_eq!(Scope::of_words(&["fly"]), None);
    let token = users.add_token(NewToken { scope, ..machine("list", Role::Referrer) }).await.unwrap();
    let person = users.bearer(&token).unwrap();
    assert!(person.allows(Action::ListStudies));
    assert!(!person.allows(Action::ReadStudies), "beyond its scope");
    assert!(!person.allows(Action::Administer), "beyond its role");
    for days in [0, TOKEN_DAYS_MAX + 1] {
        assert!(users.add_token(NewToken { days, ..machine("x", Role::Referrer) }).await.is_err());
    }
    let (row, now) = (users.tokens().remove(0), tasks::now());
    assert!(row.used.is_some());
    assert!(row.expires.unwrap().since(now) <= std::time::Duration::from_secs(24 * 3600));
    let hash = session::hash("old");
    let gone = TokenSet {
        name: "old".to_owned(),
        role: Role::Admin,
        hash,
        scope: Scope::ALL,
        owner: None,
        made: None,
        expires: Some(now),
    };
    users.change(gone).await.unwrap();
    assert_eq!(users.bearer("cfr_old"), None, "its time is over");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let (first, _) = users.come_in(asked("durand", PASSWORD)).await.unwrap();
    let (second, _) = users.come_in(SignIn { agent: "Edge", ..asked("durand", PASSWORD) }).await.unwrap();
    let id = Users::session_id(&first);
    assert_eq!(users.sessions("durand").len(), 2);
    assert!(!users.end_session("martin", &id), "not another's");
    assert!(users.goes_on("durand", &id));
    assert!(users.end_session("durand", &id));
    assert!(!users.end_session("durand", &id));
    assert_eq!(users.session(&first), None);
    assert!(users.session(&second).is_some());
    users.end_sessions("durand");
    assert!(users.sessions("durand").is_empty());
}

#[tokio::test]
async fn a_known_device_comes_in_beside_a_guesser_at_its_address() {
    let dir = tempfile::tempdir().unwrap();
    let (users, _tasks) = open(dir.path());
    users.add_user("durand", Role::Radiologist, PASSWORD, false).await.unwrap();
    let device = users.sign_in(asked("durand", PASSWORD)).await.unwrap().device;
    for _ in 0..3 {
        let _ = users.sign_in(asked("durand", "wrong")).await;
    }
    assert!(matches!(users.sign_in(asked("durand", PASSWORD)).await, Err(UsersError::Throttled(_))));
    let known = SignIn { device: Some(&device), ..asked("Durand", PASSWORD) };
    users.sign_in(known).await.unwrap();
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
