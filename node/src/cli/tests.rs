//! The command line as scripts rely on it: words, exit codes, what is shown.

use super::args::*;
use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
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
        "confrere agreement offer Nord --preset on-call --dir D",
        "confrere agreement offer Nord --preset case-only --dir D",
        "confrere agreement accept 00 --dir D",
        "confrere agreement list --dir D",
        "confrere agreement end 00 --dir D",
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
