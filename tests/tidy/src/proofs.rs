//! What `docs/security.md` promises in its table is proved by tests that exist.

use crate::{Fault, tree::Tree};
use std::collections::HashSet;

const PAGE: &str = "docs/security.md";

/// Rows `| V2.1.1 | … | tests or a reason |`: each names tests that exist, or says plainly that there are none.
pub(crate) fn named(tree: &Tree) -> Vec<Fault> {
    let Some(text) = tree.entries.iter().find(|entry| entry.path == PAGE).and_then(|entry| entry.text.as_deref())
    else {
        return Vec::new();
    };
    let known = known(tree);
    let rows = text.lines().enumerate().filter(|(_, line)| is_row(line));
    rows.flat_map(|(at, line)| of_row(at + 1, line, &known)).collect()
}

fn is_row(line: &str) -> bool {
    line.strip_prefix("| V").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn of_row(number: usize, line: &str, known: &HashSet<String>) -> Vec<Fault> {
    let proof = line.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    let named: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
    let says_so = ["not met", "no test", "not applicable"].iter().any(|words| proof.contains(words));
    if named.is_empty() && !says_so {
        return vec![Fault::new(PAGE, number, "names no test, and does not say that there is none")];
    }
    let missing = named.into_iter().filter(|name| !known.contains(*name));
    missing.map(|name| Fault::new(PAGE, number, format!("{name} is no test here"))).collect()
}

/// Functions under a test attribute, and stories by the name of their file or folder.
fn known(tree: &Tree) -> HashSet<String> {
    let mut known = HashSet::new();
    for entry in &tree.entries {
        if let Some(rest) = entry.path.strip_prefix("tests/end_to_end/") {
            let name = rest.split('/').next().unwrap_or_default();
            known.insert(name.trim_end_matches(".rs").to_owned());
        }
        let Some(text) = entry.text.as_deref().filter(|_| entry.path.ends_with(".rs")) else { continue };
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(name) = name_of(line) {
                if is_test || line.ends_with(") {") && line.contains(" in ") {
                    known.insert(name.to_owned());
                }
                is_test = false;
            }
        }
    }
    known
}

fn name_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Entry;

    fn entry(path: &str, text: &str) -> Entry {
        Entry { path: path.to_owned(), bytes: 0, text: Some(text.to_owned()) }
    }

    #[test]
    fn a_row_without_a_test_that_exists_is_a_fault() {
        let page = "| V1.1 | x | `it_holds` |\n| V1.2 | x | `it_does_not` |\n| V1.3 | x | trust us |\n| V1.4 | x | not met: later |\n| V1.5 | x | `a_story` |\n| V1.6 | x | `helper` |\n";
        let code = "#[test]\nfn it_holds() {}\nfn helper() {}\n";
        let tree = Tree {
            top: Vec::new(),
            entries: vec![entry(PAGE, page), entry("node/src/x.rs", code), entry("tests/end_to_end/a_story.rs", "")],
        };
        let lines: Vec<usize> = named(&tree).iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 3, 6]);
    }
}
