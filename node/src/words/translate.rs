//! English sentences put into French by lists of pairs.
//!
//! A list has an English line, and its French below it, indented. Both may have holes (`{0}`, `{path}`), as the code that
//! says the sentence has them; what stood in a hole is put into French itself where it is a sentence.
//!
//! # Not here
//! Guessing: what no list holds stays as it is.

use std::{collections::HashMap, sync::LazyLock};

/// What errors say; causes of the system and of libraries that people meet.
const ERRORS: &str = include_str!("errors.txt");
/// What remarks of the log say.
const NOTES: &str = include_str!("notes.txt");
/// What `--help` says.
const HELP: &str = include_str!("help.txt");
/// What the reader of the command line (clap) says by itself.
const USAGE: &str = include_str!("usage.txt");
/// A cause in a cause in a cause.
const DEPTH_MAX: u32 = 6;
/// A sentence says the same thing so often at most.
const HOLES_MAX: usize = 4;
/// Longer is no sentence of ours, bytes.
const SENTENCE_BYTES_MAX: usize = 4096;

/// A sentence with holes, and its French.
#[derive(Debug)]
struct Pattern {
    /// What stands around the holes: one more than there are holes.
    around: Vec<&'static str>,
    holes: Vec<&'static str>,
    french: &'static str,
    /// Letters outside of the holes: the more, the surer.
    letters: usize,
}

#[derive(Debug)]
struct List {
    whole: HashMap<&'static str, &'static str>,
    patterns: Vec<Pattern>,
}

static ALL: LazyLock<List> = LazyLock::new(|| list(pairs(ERRORS).chain(pairs(USAGE))));
static OF_NOTES: LazyLock<List> = LazyLock::new(|| list(pairs(NOTES)));
static OF_HELP: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| pairs(HELP).collect());

/// Where what stands before and behind may be a sentence of its own, and how that is written in French.
type Joint = (&'static str, &'static str);
/// A place or a name, and what is the matter with it.
const OF_ERRORS: &[Joint] = &[(": ", ": ")];
const JOINTS: &[Joint] = &[("; ", " ; "), (": ", " : "), (", ", ", ")];

/// Where sentences are looked for, in turn, and where those that are in none may be parted.
#[derive(Clone, Copy)]
struct Book<'a>(&'a [&'a LazyLock<List>], &'a [Joint]);

fn list(pairs: impl Iterator<Item = (&'static str, &'static str)>) -> List {
    let (with_holes, whole): (Vec<_>, Vec<_>) = pairs.partition(|(english, _)| english.contains('{'));
    let mut patterns: Vec<Pattern> = with_holes.into_iter().map(|(e, f)| pattern(e, f)).collect();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.letters));
    List { whole: whole.into_iter().collect(), patterns }
}

/// English and French of a list.
fn pairs(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut english = "";
    list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).filter_map(move |line| {
        if let Some(french) = line.strip_prefix("    ") {
            return Some((english, french));
        }
        english = line;
        None
    })
}

fn pattern(english: &'static str, french: &'static str) -> Pattern {
    let (mut around, mut holes) = (Vec::new(), Vec::new());
    let mut rest = english;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((hole, after)) = after.split_once('}') else { break };
        around.push(before);
        holes.push(hole);
        rest = after;
    }
    around.push(rest);
    let letters = around.iter().map(|part| part.chars().filter(|c| c.is_alphabetic()).count()).sum();
    Pattern { around, holes, french, letters }
}

impl Pattern {
    /// What stands in the holes, where the sentence is of this pattern.
    fn read<'a>(&self, sentence: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.around.split_first()?;
        let mut rest = sentence.strip_prefix(first)?;
        let mut found = Vec::with_capacity(self.holes.len());
        for (at, part) in others.iter().enumerate() {
            let is_last = at + 1 == others.len();
            let end = match (is_last, part.is_empty()) {
                (true, true) => rest.len(),
                (true, false) => rest.strip_suffix(part)?.len(),
                (false, _) => rest.find(part)?,
            };
            found.push(rest.get(..end)?);
            rest = rest.get(end + part.len()..)?;
        }
        Some(found)
    }

    fn fill(&self, found: &[&str], book: Book<'_>, depth: u32) -> String {
        let mut filled = self.french.to_owned();
        for (hole, text) in self.holes.iter().zip(found) {
            // A hole without a name is filled once, in its turn.
            let times = if hole.is_empty() { 1 } else { HOLES_MAX };
            filled = filled.replacen(&format!("{{{hole}}}"), &deep(text, book, depth), times);
        }
        filled
    }
}

/// A sentence of an error in French, its causes too; what is not known stays English.
pub(crate) fn french(sentence: &str) -> String {
    deep(sentence, Book(&[&ALL], OF_ERRORS), 0)
}

/// A remark of the log in French, as far as it is ours: names, numbers and what people wrote stay as they are.
pub(crate) fn french_note(note: &str) -> String {
    deep(note, Book(&[&OF_NOTES, &ALL], JOINTS), 0)
}

fn deep(sentence: &str, book: Book<'_>, depth: u32) -> String {
    if depth > DEPTH_MAX || sentence.len() > SENTENCE_BYTES_MAX {
        return sentence.to_owned();
    }
    if sentence.contains('\n') {
        return sentence.split('\n').map(|line| deep(line, book, depth + 1)).collect::<Vec<_>>().join("\n");
    }
    let bare = sentence.trim_start();
    let indent = sentence.get(..sentence.len() - bare.len()).unwrap_or_default();
    for list in book.0 {
        if let Some(french) = list.whole.get(bare) {
            return format!("{indent}{french}");
        }
        let of_pattern = |pattern: &Pattern| pattern.read(bare).map(|found| pattern.fill(&found, book, depth + 1));
        if let Some(french) = list.patterns.iter().find_map(of_pattern) {
            return format!("{indent}{french}");
        }
    }
    let parted = book.1.iter().find_map(|(joint, french)| bare.split_once(joint).map(|parts| (parts, french)));
    match parted {
        Some(((before, behind), joint)) => {
            format!("{indent}{}{joint}{}", deep(before, book, depth + 1), deep(behind, book, depth + 1))
        }
        None => sentence.to_owned(),
    }
}

/// A text of `--help` in French, line by line; `None`: a line of it is not known.
pub(crate) fn french_help(text: &str) -> Option<String> {
    let line = |line: &str| {
        let bare = line.trim();
        let is_same = bare.is_empty() || bare.starts_with("confrere ");
        if is_same { Some(line.to_owned()) } else { OF_HELP.get(bare).map(|&french| french.to_owned()) }
    };
    text.split('\n').map(line).collect::<Option<Vec<_>>>().map(|lines| lines.join("\n"))
}

#[cfg(test)]
pub(crate) fn help_in_list() -> Vec<&'static str> {
    pairs(HELP).map(|(english, _)| english).collect()
}

#[cfg(test)]
pub(super) fn errors_in_list() -> Vec<(&'static str, &'static str)> {
    pairs(ERRORS).chain(pairs(USAGE)).collect()
}

#[cfg(test)]
pub(super) fn notes_in_list() -> Vec<(&'static str, &'static str)> {
    pairs(NOTES).collect()
}
