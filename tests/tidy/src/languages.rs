//! What a person is told is told in French and in English: what the command line says stands in both side by side, and each
//! error and each remark of the log has its French in a list beside `node/src/words/mod.rs` (docs/decisions/0025).
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
/// French of what remarks of the log say.
const NOTES: &str = "node/src/words/notes.txt";
/// What a literal behind these is a remark of the log; between `note(` and it may stand whose it is.
const NOTERS: [&str; 4] = ["note(", "let note =", ".security(", ".stranger("];
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

/// The sentences of a list, and where they stand.
fn listed<'a>(tree: &'a Tree, list: &str) -> Option<HashMap<&'a str, usize>> {
    let text = tree.entries.iter().find(|entry| entry.path == list)?.text.as_deref()?;
    let sentences = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', ' ']));
    Some(sentences.map(|(at, line)| (line, at + 1)).collect())
}

/// Faults in the lists of errors and of remarks: what is said and is not in them, and what is in them and nobody says.
pub(crate) fn lists(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (mut all, both) = (HashSet::new(), [(ERRORS, listed(tree, ERRORS)), (NOTES, listed(tree, NOTES))]);
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
            let is_error = SAYERS.iter().chain(of_demo).any(|sayer| before.ends_with(sayer.trim_end()));
            for ((list, listed), is_said) in both.iter().zip([is_error, is_note(before)]) {
                let Some(listed) = listed else { continue };
                if is_said && is_told(&literal.says) && !listed.contains_key(literal.says.as_str()) {
                    let line = text[..literal.start].matches('\n').count() + 1;
                    faults.push(Fault::new(&entry.path, line, format!("not in {list}: {}", literal.says)));
                }
            }
            // Part of a sentence that is put together.
            all.insert(literal.says.trim_matches([',', ';', ':', ' ']).to_owned());
            all.insert(literal.says);
        }
    }
    for (list, listed) in both {
        let in_vain = listed.into_iter().flatten().filter(|(sentence, _)| !all.contains(*sentence));
        faults.extend(in_vain.map(|(sentence, line)| Fault::new(list, line, format!("nobody says: {sentence}"))));
    }
    faults
}

/// Whether a literal that stands behind this is a remark: at once, formatted, or behind whose it is.
fn is_note(before: &str) -> bool {
    let before = before.strip_suffix("format!(").unwrap_or(before).trim_end();
    let now = before.get(before.rfind([';', '{', '}', '"']).map_or(0, |at| at + 1)..).unwrap_or_default();
    NOTERS.iter().any(|noter| {
        let Some((_, between)) = now.rsplit_once(noter) else { return false };
        let between = between.trim();
        between.is_empty() || (*noter == "note(" && between.ends_with(',') && !between.contains(['(', ')']))
    })
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
            lists(&tree).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(judged("# about\nno such thing\n    rien de tel\na \"b\" c\n    c\n"), "");
        assert!(judged("no such thing\n    rien de tel\n").contains("not in node/src/words/errors.txt: a \"b\" c"));
        let in_vain = judged("no such thing\n    x\na \"b\" c\n    c\nelse\n    autre\n");
        assert!(in_vain.contains("errors.txt:5: nobody says: else"), "{in_vain}");
        let of_demo = "bail!(\"no port\")\n.with_context(|| format!(\"cannot write {}\", x))";
        let tree = Tree { top: Vec::new(), entries: vec![entry(ERRORS, ""), entry("node/src/demo/x.rs", of_demo)] };
        assert_eq!(lists(&tree).len(), 2);
    }

    #[test]
    fn remarks_are_listed() {
        let entry = |path: &str, text: &str| Entry { path: path.into(), bytes: 1, text: Some(text.into()) };
        let judged = |code: &str| {
            let entries = vec![entry(NOTES, "import begun\n    début\n"), entry("node/src/x.rs", code)];
            lists(&Tree { top: Vec::new(), entries }).len()
        };
        let listed = "event.note(\"import begun\");";
        assert_eq!(judged(listed), 0);
        for missing in [
            ".note(\"association ended\")",
            ".note(format!(\"rules {}\", x))",
            ".note(format!(\n    \"import ended: {known}\"\n))",
            "let note =\n    format!(\"all {x} peers\");",
            "note(&door, &caller, format!(\"remove {name}\"))",
            "note(&door, &who, Act::UserChanged, \"own password\")",
            "alerts.security(\"garbage that came\", from, None)",
        ] {
            assert_eq!(judged(&format!("{listed}\n{missing}")), 1, "{missing}");
        }
        for other in
            ["f(\"no remark at all\")", ".note(format!(\"{id}: {}\", word))", "e.note(x).say(\"another thing\")"]
        {
            assert_eq!(judged(&format!("{listed}\n{other}")), 0, "{other}");
        }
    }
}
