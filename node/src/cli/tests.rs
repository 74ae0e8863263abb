//! The command line as scripts rely on it: words, exit codes, what is shown.

use super::args::*;
use super::*;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    super::parse(line.split_whitespace(), Language::English)
}

#[test]
fn the_contract_is_understood() {
    Arguments::command().debug_assert();
    let lines = [
        "confrere init --dir D --site Nord --ae-title CHNORD --portal 127.0.0.1:1 --dimse 127.0.0.1:2 \
         --overlay 127.0.0.1:3 --pixels 127.0.0.1:4",
        "confrere serve --dir D",
        "confrere demo --check --dir D",
        "confrere demo",
        "confrere status --dir D",
        "confrere peer join INVITATION --code 1 --replaces Nord --dir D",
        "confrere key list --json --dir D",
        "confrere key rotate --compromised --since 2026-01-05T20:00:00Z --yes --dir D",
        "confrere key reseal --without-backup --yes --dir D",
        "confrere config check --dir D",
        "confrere user add durand --role radiologist --password-file F --dir D",
        "confrere token add bridge --role technologist --dir D",
        "confrere ae add SCANNER 10.0.0.1 104 --dir D",
        "confrere send a b --to CHNORD@127.0.0.1:11112",
        "confrere import a b --dir D",
        "confrere peer invite --dir D",
        "confrere peer invite --yes --dir D",
        "confrere peer join TEXT --code 12345678 --dir D --yes",
        "confrere peer list --dir D",
        "confrere peer revoke Nord --dir D",
        "confrere peer view-as Nord --limit 5 --json --dir D",
        "confrere explain --peer Nord --study 1.2 --at 2026-01-05T20:00:00Z --level objects --dir D",
        "confrere agreement offer Nord --preset on-call --dir D",
        "confrere agreement offer Nord --preset case-only --dir D",
        "confrere agreement accept 00 --dir D",
        "confrere agreement list --dir D",
        "confrere agreement end 00 --dir D",
        "confrere agreement end 00 --after 24 --dir D",
        "confrere agreement suspend 00 --dir D",
        "confrere agreement resume 00 --dir D",
        "confrere agreement show 00 --changes --dir D",
        "confrere agreement preview Nord --modalities CT,MR --regions HEAD --since-days 1 --without-names --dir D",
        "confrere study list --remote --json --dir D",
        "confrere study fetch 1.2 --dir D",
        "confrere study share 1.2 Nord --hours 4 --dir D",
        "confrere source add pacs --at PACS@10.0.0.5:104 --move --purposes list,peers --dir D",
        "confrere source add vna --url https://vna/dicom-web --token-file - --hours 19:00-06:00 --dir D",
        "confrere source list --dir D",
        "confrere source remove pacs --dir D",
        "confrere source test pacs --dir D",
        "confrere source find pacs PatientID=42 StudyDate=20240101- --json --dir D",
        "confrere migrate start pacs --from 20200101 --modalities CT,MR --mb-per-s 20 --concurrent 2 --dir D",
        "confrere migrate status --json --dir D",
        "confrere migrate pause 1 --dir D",
        "confrere migrate resume 1 --dir D",
        "confrere migrate cancel 1 --dir D",
        "confrere migrate report 1 --csv --dir D",
        "confrere doctor --dir D",
        "confrere verify --dir D",
        "confrere rebuild --dir D",
    ];
    for line in lines {
        if let Err(e) = parse(line) {
            panic!("{line}: {e}");
        }
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    for line in ["confrere", "confrere peer join TEXT", "confrere user add durand --role boss", "confrere frobnicate"] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    assert_eq!(parse("confrere --help").unwrap_err().exit_code(), 0);
}

#[test]
fn bad_configuration_ends_with_64() {
    let dir = tempfile::tempdir().unwrap();
    let error = setup::config(dir.path(), &ConfigCommand::Check).unwrap_err();
    assert!(sentence(&error).contains("confrere init"), "{}", sentence(&error));
    assert_eq!(code_of(&error), BAD_CONFIGURATION);
    let wrong = Init {
        site: "x".repeat(65),
        ae_title: "A".to_owned(),
        language: None,
        portal: None,
        dimse: None,
        overlay: None,
        pixels: None,
    };
    assert_eq!(code_of(&setup::init(dir.path(), wrong).unwrap_err()), BAD_CONFIGURATION);
    assert_eq!(code_of(&anyhow::anyhow!("else")), FAILED);
}

#[test]
fn sizes_spans_and_tables_are_read_at_a_glance() {
    assert_eq!(text::size(999), "999 B");
    assert_eq!(text::size(1_500), "1.5 kB");
    assert_eq!(text::size(250_000_000), "250 MB");
    assert_eq!(text::span(0), "0 s");
    assert_eq!(text::span(90_061), "1 d 1 h");
    let shown = text::table("A|B", &[vec!["élan".to_owned(), "x".to_owned()]]);
    assert_eq!(shown, "A     B\nélan  x\n");
}

#[test]
fn a_segment_of_a_path_is_safe() {
    assert_eq!(node::segment("CH Nord/é?"), "CH%20Nord%2F%C3%A9%3F");
}

/// Every text of `--help` below a command, with where it stands.
fn texts(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    let mut add = |place: &str, text: Option<&clap::builder::StyledStr>| {
        found.extend(text.map(|text| (format!("{path} {place}"), text.to_string())));
    };
    add("", command.get_about());
    add("", command.get_long_about());
    add("", command.get_after_help());
    for argument in command.get_arguments() {
        add(argument.get_id().as_str(), argument.get_help());
        add(argument.get_id().as_str(), argument.get_long_help());
        for value in argument.get_possible_values() {
            add(value.get_name(), value.get_help());
        }
    }
    for below in command.get_subcommands() {
        texts(below, &format!("{path} {}", below.get_name()), found);
    }
}

#[test]
fn help_is_french_whole_and_its_list_holds_nothing_in_vain() {
    let mut command = Arguments::command();
    command.build();
    let mut english = Vec::new();
    texts(&command, "confrere", &mut english);
    assert!(english.len() > 300, "{}", english.len());
    let missing: std::collections::BTreeSet<&str> =
        english.iter().filter(|(_, text)| words::french_help(text).is_none()).map(|(_, text)| text.as_str()).collect();
    assert!(missing.is_empty(), "no French in words/help.txt for:\n{}", Vec::from_iter(missing).join("\n"));

    let said: std::collections::HashSet<&str> =
        english.iter().flat_map(|(_, text)| text.split('\n')).map(str::trim).collect();
    let in_vain: Vec<&str> = words::help_in_list().into_iter().filter(|text| !said.contains(text)).collect();
    assert!(in_vain.is_empty(), "words/help.txt holds what no help says:\n{}", in_vain.join("\n"));

    let mut french = Vec::new();
    texts(&french::help(Arguments::command()), "confrere", &mut french);
    assert_eq!(french.len(), english.len());
    for ((place, text), (_, english)) in french.iter().zip(&english) {
        assert_eq!(Some(text), words::french_help(english).as_ref(), "{place}");
    }
}

#[test]
fn what_is_wrong_with_the_line_is_said_in_french() {
    let told = |line: &str| {
        let error = super::parse(line.split_whitespace(), Language::French).unwrap_err();
        (error.exit_code(), french::usage(&error))
    };
    let (code, said) = told("confrere user add durand --role boss");
    assert_eq!(code, 2);
    assert!(said.starts_with("erreur : valeur incorrecte « boss »"), "{said}");
    assert!(said.contains("valeurs possibles"), "{said}");
    let (code, said) = told("confrere peer join TEXT");
    assert!(code == 2 && said.contains("il manque les arguments suivants") && said.contains("Utilisation :"), "{said}");
    let (code, said) = told("confrere peer --help");
    assert!(code == 0 && said.contains("Commandes:") && said.contains("Sites appairés"), "{said}");
}

#[test]
fn the_line_says_the_language_before_it_is_understood() {
    let of = |line: &str| language(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
    assert_eq!(of("confrere --lang fr frobnicate"), Language::French);
    assert_eq!(of("confrere user list --lang=en"), Language::English);
}
