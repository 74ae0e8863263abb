//! Rust source with its comments and literals blanked, so that rules look at code and nothing else.

/// The same text, line for line, with comments, strings and character literals replaced by spaces.
pub(crate) fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end > at {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// A string in code.
pub(crate) struct Literal {
    /// Of its first quote, and after its last: bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it says, its escapes resolved as far as they matter to words.
    pub(crate) says: String,
}

/// The strings of a text that are not in comments; raw ones aside.
pub(crate) fn literals(text: &str) -> Vec<Literal> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut at, mut byte) = (Vec::new(), 0, 0);
    while at < chars.len() {
        let end = literal_end(&chars, at).min(chars.len()).max(at + 1);
        let bytes: usize = chars[at..end].iter().map(|c| c.len_utf8()).sum();
        if chars[at] == '"' && end > at + 1 {
            let inside: String = chars[at + 1..end - 1].iter().collect();
            let says = inside.split("\\\n").map(str::trim_start).collect::<Vec<_>>();
            let says = if says.len() > 1 { says.concat() } else { inside };
            let says = says.replace("\\n", "\n").replace("\\\"", "\"");
            found.push(Literal { start: byte, end: byte + bytes, says });
        }
        (at, byte) = (end, byte + bytes);
    }
    found
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none starts there.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => line_end(chars, at),
        '/' if next == Some('*') => block_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' if !follows_word(chars, at) => raw_end(chars, at),
        'b' if !follows_word(chars, at) && next == Some('r') => raw_end(chars, at + 1).max(at),
        '\'' => char_end(chars, at),
        _ => at,
    }
}

fn follows_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0usize;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    let mut end = open + 1;
    while end < chars.len() {
        if chars[end] == '"' && chars[end + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes {
            return end + 1 + hashes;
        }
        end += 1;
    }
    chars.len()
}

/// `'x'` and `'\n'` are literals, `'static` is a lifetime.
fn char_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => chars[at + 3..].iter().position(|&c| c == '\'').map_or(at, |n| at + 3 + n + 1),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// The part of a file that is not an inline `mod tests { … }` at its end.
pub(crate) fn without_tests(code: &str) -> &str {
    let mut offset = 0;
    let mut lines = code.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if line.trim_end() == "#[cfg(test)]" && lines.peek().is_some_and(|next| next.trim_end().ends_with('{')) {
            return &code[..offset];
        }
        offset += line.len();
    }
    code
}

/// Whether a file holds nothing but tests.
pub(crate) fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.ends_with("/stories.rs")
}

/// Whether `word` stands in `line` with no letter, digit or underscore on either side.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(joins) && !line[at + word.len()..].starts_with(joins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let source =
            "a // todo!\nb /* x /* y */ z */ c \"s \\\" t\" d r#\"q \" q\"# 'e' '\\n' f::<'static>() b\"x\" br\"y\"";
        let code = code_only(source);
        for gone in ["todo", "x", "y", "z", "q", " t\"", "'e'"] {
            assert!(!code.contains(gone), "{gone}: {code}");
        }
        for kept in ["a ", "b ", " c ", " d ", "f::<'static>()"] {
            assert!(code.contains(kept), "{kept}: {code}");
        }
        assert_eq!(code.lines().count(), source.lines().count());
    }

    #[test]
    fn an_identifier_that_ends_in_r_is_not_a_raw_string() {
        assert_eq!(code_only("for\"x\" r"), "for    r");
    }

    #[test]
    fn words_have_edges() {
        assert!(has_word("x unsafe {", "unsafe"));
        assert!(!has_word("forbid(unsafe_code)", "unsafe"));
    }

    #[test]
    fn inline_tests_are_cut_and_declared_ones_are_not() {
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\nb\n}\n"), "a\n");
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests;\nb\n"), "a\n#[cfg(test)]\nmod tests;\nb\n");
    }
}
