//! What a person is told is told in French and in English: what the command line says stands in both side by side, and each
//! error has its French in `node/src/words/errors.txt` (docs/decisions/0025).
//!
//! # Not here
//! The texts of `--help`: `node/src/cli/tests.rs`. The portal's words: `web/src/strings/strings.test.ts`.

use crate::{
    Fault,
    source::{is_test, literals, without_tests},
    tree::Tree,
};
use std::collections::{HashMap, HashSet};

/// French of what errors say.
const ERRORS: &str = "node/src/words/errors.txt";
/// Where people are spoken to as sentences come, in both languages on the spot.
const SPEAKING: [&str; 2] = ["node/src/cli/", "node/src/alarms/words.rs"];
/// Here it is what `say` says.
const DEMO: &str = "node/src/demo/run.rs";
/// What a literal after these is told to somebody, through an error.
const SAYERS: [&str; 11] = [
    "#[error(",
    "Unfit(",
    "Bad(",
    "Refused(",
    "Broken(",
    "Garbage(",
    "Here(",
    "Unreachable(",
    "Malformed(",
    "TooLarge(",
    "fault(key, ",
];
/// The demo's errors are English where they arise, and also stand after these.
const DEMO_SAYERS: [&str; 3] = ["bail!(", ".context(", ".with_context(|| format!("];

/// Faults in what a file of the command line says: words in one language alone.
pub(crate) fn said_in_both(path: &str, text: &str) -> Vec<Fault> {
    let speaks = SPEAKING.iter().any(|part| path.starts_with(part)) && path.ends_with(".rs");
    let is_demo = path == DEMO;
    // Help is in a list of its own.
    if !(speaks || is_demo) || is_test(path) || path.starts_with("node/src/cli/args/") || path.ends_with("/french.rs") {
        return Vec::new();
    }
    let text = without_tests(text);
    let found = literals(text);
    let mut faults = Vec::new();
    for literal in &found {
        let (before, after) = (text[..literal.start].trim_end(), text[literal.end..].trim_start());
        let is_paired =
            before.ends_with('|') && !before.ends_with("||") || after.starts_with('|') && !after.starts_with("||");
        // Names of tasks and what the log says are English.
        let is_inward =
            before.ends_with("spawn(") || before.rsplit(';').next().is_some_and(|now| now.contains("tracing::"));
        let is_said = !is_demo || before.ends_with("say(") || before.ends_with("say(&format!(");
        if is_said && is_prose(&literal.says) && !is_paired && !is_inward {
            let line = text[..literal.start].matches('\n').count() + 1;
            faults.push(Fault::new(path, line, format!("said in one language alone: {}", literal.says)));
        }
    }
    faults
}

/// Words that people read: two of them, or one that begins or ends a sentence. Commands are the same in every language.
fn is_prose(says: &str) -> bool {
    let mut bare = String::new();
    let mut depth = 0_u32;
    for c in says.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    let bare = bare.trim();
    if bare.starts_with("confrere ") || bare.starts_with("/api/") || bare.starts_with('&') {
        return false;
    }
    let is_word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.contains("://");

    let words: Vec<&str> = bare.split_whitespace().filter(is_word).collect();
    let is_sentence = |word: &str| {
        let mut chars = word.chars();
        let begins = chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase);
        begins || word.ends_with(['.', '!', '?', '…', ':'])
    };
    match words.as_slice() {
        [] => false,
        // A name, as DICOM, is one in every language.
        [one] => is_sentence(one) || says.trim().contains(' ') && one.starts_with(char::is_lowercase),
        _ => true,
    }
}

/// Faults in the list of errors: what is said and is not in it, and what is in it and nobody says.
pub(crate) fn errors(tree: &Tree) -> Vec<Fault> {
    let Some(list) = tree.entries.iter().find(|entry| entry.path == ERRORS).and_then(|entry| entry.text.as_deref())
    else {
        return Vec::new();
    };
    let listed: HashMap<&str, usize> = list
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ' ']))
        .map(|(at, line)| (line, at + 1))
        .collect();
    let (mut faults, mut all) = (Vec::new(), HashSet::new());
    for entry in &tree.entries {
        let is_ours = ["node/src/", "protocol/src/"].iter().any(|part| entry.path.starts_with(part));
        let Some(text) = entry.text.as_deref().filter(|_| is_ours && entry.path.ends_with(".rs")) else { continue };
        if is_test(&entry.path) {
            continue;
        }
        let text = without_tests(text);
        let of_demo = if entry.path.starts_with("node/src/demo/") { &DEMO_SAYERS[..] } else { &[] };
        for literal in literals(text) {
            let before = text[..literal.start].trim_end();
            let is_said = SAYERS.iter().chain(of_demo).any(|sayer| before.ends_with(sayer.trim_end()))
                && literal.says.chars().filter(|c| c.is_alphabetic()).count() > 1
                && is_told(&literal.says);
            if is_said && !listed.contains_key(literal.says.as_str()) {
                let line = text[..literal.start].matches('\n').count() + 1;
                faults.push(Fault::new(&entry.path, line, format!("not in {ERRORS}: {}", literal.says)));
            }
            all.insert(literal.says);
        }
    }
    let in_vain = listed.iter().filter(|(sentence, _)| !all.contains(**sentence));
    faults.extend(in_vain.map(|(sentence, line)| Fault::new(ERRORS, *line, format!("nobody says: {sentence}"))));
    faults
}

/// Whether there are words outside of the holes.
fn is_told(says: &str) -> bool {
    let outside = says.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
    outside.flat_map(str::chars).filter(|c| c.is_alphabetic()).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Entry;

    fn said(code: &str) -> usize {
        said_in_both("node/src/cli/peers.rs", code).len()
    }

    #[test]
    fn a_sentence_stands_in_both_languages() {
        for alone in [
            "println!(\"No peers.\");",
            "bail!(\"not paired: {}\", x)",
            "let w = \"{n} files\";",
            "f(\"Done.\")",
            "x || \"no such thing\"",
        ] {
            assert_eq!(said(alone), 1, "{alone}");
        }
        for both in [
            "println!(\"No peers.\" | \"Aucun confrère.\");",
            "told!(\n    \"{n} files\"\n        | \"{n} fichiers\",\n)",
            "get(\"/api/peers\")",
            "field(row, \"patient_id\")",
            "println!(\"  confrere user list --dir {folder}\")",
            "// \"a comment says it\"\nf()",
            "print!(\"{}  {}\", a, b)",
        ] {
            assert_eq!(said(both), 0, "{both}");
        }
        assert_eq!(said_in_both(DEMO, "say(\"To try:\");").len(), 1);
        assert_eq!(said_in_both(DEMO, "say(&in_language!(spoken(), \"To try:\" | \"À essayer :\"))").len(), 0);
        assert!(said_in_both("node/src/archive/x.rs", "f(\"the log is English\")").is_empty());
    }

    #[test]
    fn errors_are_listed_and_the_list_is_no_longer_than_they() {
        let entry = |path: &str, text: &str| Entry { path: path.into(), bytes: 1, text: Some(text.into()) };
        let code = "#[error(\"no such thing\")]\nA,\n#[error(\n    \"{path}: {source}\"\n)]\nUnfit(\"a \\\"b\\\" c\")";
        let judged = |list: &str| {
            let tree = Tree { top: Vec::new(), entries: vec![entry(ERRORS, list), entry("node/src/x.rs", code)] };
            errors(&tree).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(judged("# about\nno such thing\n    rien de tel\na \"b\" c\n    c\n"), "");
        assert!(judged("no such thing\n    rien de tel\n").contains("not in node/src/words/errors.txt: a \"b\" c"));
        let in_vain = judged("no such thing\n    x\na \"b\" c\n    c\nelse\n    autre\n");
        assert!(in_vain.contains("errors.txt:5: nobody says: else"), "{in_vain}");
        let of_demo = "bail!(\"no port\")\n.with_context(|| format!(\"cannot write {}\", x))";
        let tree = Tree { top: Vec::new(), entries: vec![entry(ERRORS, ""), entry("node/src/demo/x.rs", of_demo)] };
        assert_eq!(errors(&tree).len(), 2);
    }
}
