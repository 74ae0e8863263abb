//! A language is found in the surroundings; a sentence with its causes is put into French whole.

use super::{
    translate::{errors_in_list, notes_in_list},
    *,
};

#[test]
fn the_surroundings_say_the_language() {
    let said = |all: &'static [(&str, &str)]| {
        Language::of_environment(move |name| all.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()))
    };
    assert_eq!(said(&[]), Language::English);
    assert_eq!(said(&[("LANG", "fr_FR.UTF-8")]), Language::French);
    assert_eq!(said(&[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")]), Language::English);
    assert_eq!(said(&[("LC_ALL", ""), ("LC_MESSAGES", "fr"), ("LANG", "en_GB")]), Language::French);
    assert_eq!(
        (Language::of("fr-CA"), Language::of("fri"), Language::of("FR")),
        (Language::French, Language::English, Language::French)
    );
}

#[test]
fn a_sentence_is_said_in_its_language() {
    let site = "Nord";
    let of = |language| in_language!(language, "{site} has {} studies" | "{site} a {} examens", 3);
    assert_eq!(
        (of(Language::English).as_str(), of(Language::French).as_str()),
        ("Nord has 3 studies", "Nord a 3 examens")
    );
}

#[test]
fn an_error_is_french_with_its_causes() {
    assert_eq!(french("the node is stopping"), "le nœud s'arrête");
    assert_eq!(
        french("the source cannot be reached: cannot connect to PACS@h:1: Connection refused (os error 111)"),
        "la source est injoignable : impossible de joindre PACS@h:1 : connexion refusée (erreur système 111)"
    );
    assert_eq!(
        french("c.toml is not right:\n  site: there is no such section\n  x.y: \"a\" is not \"fr\" or \"en\""),
        "c.toml n'est pas correct :\n  site: il n'y a pas de telle section\n  x.y: \"a\" n'est pas « fr » ou « en »"
    );
    assert_eq!(
        french("Nord did not start (exit status: 1): no such file"),
        "Nord n'a pas démarré (exit status: 1) : no such file",
        "each hole has its own, named or not"
    );
    assert_eq!(french("DURAND^Anne"), "DURAND^Anne", "what no list holds stays");
    let deep = "here: ".repeat(10_000);
    assert_eq!(french(&deep), deep, "and what is no sentence");
}

#[test]
fn a_remark_of_the_log_is_french_as_far_as_it_is_ours() {
    let all = [
        ("by two factors, RPPS 10001234567", "par deux facteurs, RPPS 10001234567"),
        ("danger-to-life, studies: 3", "danger vital, examens : 3"),
        (
            "agreement 0a1b v2: modalities; grant 77: grant-not-over",
            "convention 0a1b v2 : modalités ; autorisation 77 : fin de l'autorisation",
        ),
        ("requested: 0123456789ab", "demandé : 0123456789ab"),
        ("12: opposed, asked by patient", "12 : opposition, demandé par le patient"),
        (
            "messages that cannot be read: 9 times more within a minute",
            "messages illisibles : 9 fois de plus en une minute",
        ),
        ("C-MOVE to PACS: 3 of 5 arrived, cancelled", "C-MOVE vers PACS : 3 arrivées sur 5, abandonné"),
        ("GET /api/studies?text", "GET /api/studies?text"),
        (
            "by https://sso: another RPPS number than the account's, of x",
            "par https://sso : numéro RPPS autre que celui du compte, de x",
        ),
        ("ledger shorter: places 3 to 9, record 7", "registre plus court : places 3 à 9, enregistrement 7"),
        (
            "set PACS, may: echo, store; may retrieve: own",
            "réglage de PACS, permis : écho, dépôt ; peut récupérer : own",
        ),
        ("", ""),
    ];
    for (english, french) in all {
        assert_eq!(french_note(english), french);
    }
    let deep = "remove ".repeat(2_000);
    assert_eq!(french_note(&deep), deep, "what is longer than a remark stays");
}

#[test]
fn a_list_says_a_sentence_once_and_loses_no_parameter() {
    let holes = |text: &str| {
        let mut all: Vec<String> =
            text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
        all.sort();
        all.dedup();
        all
    };
    for list in [errors_in_list(), notes_in_list()] {
        let mut seen = std::collections::HashSet::new();
        for (english, french) in list {
            assert!(seen.insert(english), "twice: {english}");
            assert!(!english.is_empty() && !french.trim().is_empty(), "{english}");
            assert_eq!(holes(english), holes(french), "{english}");
        }
    }
}
