//! Content lines: folds undone, names and parameters taken apart (RFC 5545, 3.1 and 3.2).

use super::{BYTES_MAX, IcalError, LINE_MAX, Wrong};

/// Parameters of one line.
const PARAMETERS_MAX: usize = 16;

/// One content line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: usize,
    /// In upper case.
    pub(super) name: String,
    /// Names in upper case.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) value: String,
}

impl Line {
    pub(super) fn wrong(&self, wrong: Wrong) -> IcalError {
        IcalError { line: self.number, wrong }
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// As TEXT (3.3.11).
    pub(super) fn text(&self) -> String {
        let (mut said, mut chars) = (String::with_capacity(self.value.len()), self.value.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n' | 'N') => said.push('\n'),
                    Some(other) => said.push(other),
                    None => {}
                },
                c => said.push(c),
            }
        }
        said
    }

    /// As a list of TEXT.
    pub(super) fn list(&self) -> Vec<String> {
        self.value.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    }
}

/// All lines of a file. Empty ones are passed over.
pub(super) fn lines(bytes: &[u8]) -> Result<Vec<Line>, IcalError> {
    let at = |line: usize, wrong: Wrong| IcalError { line, wrong };
    if bytes.len() > BYTES_MAX {
        return Err(at(1, Wrong::TooLarge));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| at(1, Wrong::NotText))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut joined: Vec<(usize, String)> = Vec::new();
    for (index, raw) in text.split('\n').enumerate() {
        let (number, raw) = (index + 1, raw.strip_suffix('\r').unwrap_or(raw));
        if raw.chars().any(|c| c.is_control() && c != '\t') {
            return Err(at(number, Wrong::NotText));
        }
        match (raw.strip_prefix([' ', '\t']), joined.last_mut()) {
            (Some(more), Some((_, line))) => line.push_str(more),
            (Some(_), None) => return Err(at(number, Wrong::NotLine)),
            (None, _) if raw.is_empty() => continue,
            (None, _) => joined.push((number, raw.to_owned())),
        }
        if joined.last().is_some_and(|(_, line)| line.len() > LINE_MAX) {
            return Err(at(number, Wrong::LongLine));
        }
    }
    joined.into_iter().map(|(number, line)| parse(number, &line).ok_or_else(|| at(number, Wrong::NotLine))).collect()
}

/// Where a character stands that is not within quotes.
fn unquoted(text: &str, wanted: &[char]) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if !quoted && wanted.contains(&c) => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn parse(number: usize, line: &str) -> Option<Line> {
    let colon = unquoted(line, &[':'])?;
    let (head, value) = (line.get(..colon)?, line.get(colon + 1..)?);
    let mut parts = Vec::new();
    let mut rest = head;
    while let Some(at) = unquoted(rest, &[';']) {
        parts.push(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
    }
    parts.push(rest);
    let (name, parameters) = parts.split_first()?;
    if !is_name(name) || parameters.len() > PARAMETERS_MAX {
        return None;
    }
    let parameter = |text: &&str| {
        let (name, value) = text.split_once('=')?;
        is_name(name).then(|| (name.to_ascii_uppercase(), value.trim_matches('"').to_owned()))
    };
    let parameters = parameters.iter().map(parameter).collect::<Option<Vec<_>>>()?;
    Some(Line { number, name: name.to_ascii_uppercase(), parameters, value: value.to_owned() })
}
