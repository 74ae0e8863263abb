//! Names and words that do not belong: in code, in file names, in texts.

use crate::{
    Fault,
    source::{code_only, has_word, is_test, without_tests},
};

/// Names that say nothing; the standard and the glossary have better ones.
const EMPTY_NAMES: [&str; 8] = ["manager", "helper", "helpers", "util", "utils", "service", "handler", "handlers"];

/// Never in code. (Written apart, so that this file does not find itself.)
const NEVER: [(&str, &str); 5] = [
    ("todo!", "unfinished code"),
    ("unimplemented!", "unfinished code"),
    ("#[ignore", "an ignored test proves nothing"),
    ("dbg!", "left from debugging"),
    ("std::process::abort", "the node never kills itself"),
];

/// Never in a story or unit test: wait for the event or the condition.
const SLEEPS: [&str; 2] = ["thread::sleep", "time::sleep"];

const SKIPPED_WEB_TESTS: [&str; 6] =
    ["it.skip(", "it.only(", "test.skip(", "test.only(", "describe.skip(", "describe.only("];

/// Empty names of files and of types that we declare.
pub(crate) fn names(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or_default().to_ascii_lowercase();
    if is_source(path) && stem.split(['_', '-']).next_back().is_some_and(|last| EMPTY_NAMES.contains(&last)) {
        faults.push(Fault::new(path, 0, format!("`{stem}` says nothing: name what it is about")));
    }
    if is_source(path) {
        let code = if path.ends_with(".rs") { code_only(text) } else { text.to_owned() };
        for (number, line) in code.lines().enumerate() {
            faults.extend(
                declared(line)
                    // An associated type of a trait is named by whoever made the trait.
                    .filter(|_| !line.trim_start().starts_with("type ") || !line.starts_with(' '))
                    .filter(|name| is_empty_name(name))
                    .map(|name| Fault::new(path, number + 1, format!("`{name}` says nothing: name what it is about"))),
            );
        }
    }
    faults
}

fn is_source(path: &str) -> bool {
    [".rs", ".ts", ".tsx", ".mjs"].iter().any(|ending| path.ends_with(ending))
}

/// Names of types declared in a line.
fn declared(line: &str) -> impl Iterator<Item = &str> {
    const WORDS: [&str; 6] = ["struct", "enum", "trait", "type", "class", "interface"];
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    words.windows(2).filter(|pair| WORDS.contains(&pair[0])).map(|pair| pair[1]).collect::<Vec<_>>().into_iter()
}

fn is_empty_name(name: &str) -> bool {
    EMPTY_NAMES.iter().any(|empty| {
        let mut capital = empty.to_string();
        capital[..1].make_ascii_uppercase();
        name.ends_with(&capital)
    })
}

/// Words that never stand in code, and sleeps in tests.
pub(crate) fn banned(path: &str, text: &str) -> Vec<Fault> {
    if path.ends_with(".rs") {
        banned_in_rust(path, text)
    } else if path.starts_with("web/") && is_source(path) {
        let lines = text.lines().enumerate();
        lines
            .filter(|(_, line)| SKIPPED_WEB_TESTS.iter().any(|skip| line.contains(skip)))
            .map(|(number, _)| Fault::new(path, number + 1, "a skipped or lonely test"))
            .collect()
    } else {
        Vec::new()
    }
}

fn banned_in_rust(path: &str, text: &str) -> Vec<Fault> {
    let code = code_only(text);
    let product_lines = without_tests(&code).lines().count();
    // The harness polls on behalf of the stories, with a deadline: that is where the one sleep lives.
    let is_harness = path.starts_with("tests/src/");
    let is_test_file = is_test(path);
    let lines: Vec<&str> = code.lines().collect();
    let mut faults = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mut say = |says: String| faults.push(Fault::new(path, number + 1, says));
        for (word, why) in NEVER {
            if line.contains(word) {
                say(format!("`{word}`: {why}"));
            }
        }
        if has_word(line, "unsafe") {
            say("`unsafe`: not in this house".to_owned());
        }
        let in_test = !is_harness && (is_test_file || number >= product_lines);
        if in_test && SLEEPS.iter().any(|sleep| line.contains(sleep)) && !looks_again(&lines[..number]) {
            say("a test sleeps to be right: wait for the condition".to_owned());
        }
    }
    faults
}

/// Whether a pause is the interval of a loop that looks at a condition: a loop begins shortly before it.
fn looks_again(before: &[&str]) -> bool {
    const NEAR: usize = 8;
    let begins = |line: &&str| {
        let line = line.trim_start();
        ["loop {", "while ", "for "].iter().any(|word| line.starts_with(word)) || line.ends_with("= loop {")
    };
    before[before.len().saturating_sub(NEAR)..].iter().any(begins)
}

/// Paths that exist on one machine only.
pub(crate) fn machine_paths(path: &str, text: &str) -> Vec<Fault> {
    const PLACES: [&str; 5] = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/Use", "rs/"),
        concat!("/tmp/", "wt/"),
    ];
    let stands_alone = |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || "._-})*~".contains(c));
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for place in PLACES {
            if line.match_indices(place).any(|(at, _)| stands_alone(&line[..at])) {
                faults.push(Fault::new(path, number + 1, format!("`{place}`: a path of one machine")));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found() {
        assert_eq!(names("node/src/archive/file_utils.rs", "").len(), 1);
        assert_eq!(names("web/src/lib/helpers.ts", "").len(), 1);
        assert_eq!(names("node/src/a.rs", "pub(crate) struct PeerManager {\n").len(), 1);
        assert_eq!(names("web/src/a.ts", "export interface StudyService {").len(), 1);
        assert!(names("node/src/a.rs", "struct Peer;\n// struct PeerManager\nuse x::PeerManager;\n").is_empty());
        assert!(names("node/src/a.rs", "impl T for A {\n    type PeerHandler = B;\n}\n").is_empty());
        assert_eq!(names("node/src/a.rs", "type PeerHandler = B;\n").len(), 1);
    }

    #[test]
    fn unfinished_and_dangerous_code_is_found() {
        for line in ["fn f() { todo!() }", "unimplemented!()", "#[ignore = \"slow\"]", "unsafe { f() }", "dbg!(x)"] {
            assert_eq!(banned("node/src/a.rs", line).len(), 1, "{line}");
        }
        assert!(banned("node/src/a.rs", "// todo! unsafe\nlet s = \"unsafe\"; forbid(unsafe_code)\n").is_empty());
    }

    #[test]
    fn sleeping_tests_are_found_and_waiting_products_are_not() {
        let sleep = "tokio::time::sleep(d).await;\n";
        assert_eq!(banned("tests/end_to_end/a.rs", sleep).len(), 1);
        assert_eq!(banned("node/src/a/tests.rs", "std::thread::sleep(d);\n").len(), 1);
        assert_eq!(banned("node/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{sleep}}}\n")).len(), 1);
        assert!(banned("tests/end_to_end/a.rs", &format!("while !done() {{\n{sleep}}}\n")).is_empty());
        assert!(banned("node/src/a.rs", sleep).is_empty());
        assert!(banned("tests/src/wait.rs", sleep).is_empty());
    }

    #[test]
    fn skipped_web_tests_are_found() {
        assert_eq!(banned("web/src/a.test.tsx", "  it.skip('x', () => {})\n").len(), 1);
        assert!(banned("web/src/a.test.tsx", "  it('x', () => {})\n").is_empty());
    }

    #[test]
    fn machine_paths_are_found() {
        assert_eq!(machine_paths("docs/a.md", concat!("cd /ro", "ot/x\n")).len(), 1);
        assert!(
            machine_paths("docs/a.md", concat!("https://host/wo", "rk/x, /var/lib/confrere, $HO", "ME/x")).is_empty()
        );
    }
}
