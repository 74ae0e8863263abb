//! Text in the character sets of PS3.3 C.12.1.1.2, with ISO 2022 code extensions as far as names need them.
//!
//! Whatever the bytes are, some text comes out: what the declared set cannot be is read as UTF-8 if it is that, and
//! as Latin-1 otherwise.

use encoding_rs::Encoding;

/// Longest text kept of a value, characters: three component groups of a name are at most 194.
const TEXT_CHARS_MAX: usize = 256;

/// The character sets a data set declares.
#[derive(Clone, Debug, Default)]
pub(super) struct Charsets {
    first: Option<&'static Encoding>,
    has_extensions: bool,
    is_declared: bool,
}

impl Charsets {
    pub(super) fn parse(value: &[u8]) -> Self {
        let text: String = value.iter().map(|b| char::from(*b)).collect();
        let terms: Vec<&str> = text.split('\\').map(|t| t.trim_matches([' ', '\0'])).collect();
        let has_extensions = terms.len() > 1 || terms.iter().any(|t| t.starts_with("ISO 2022"));
        let first = terms.first().and_then(|term| encoding(term));
        Self { first, has_extensions, is_declared: terms.iter().any(|t| !t.is_empty()) }
    }

    /// The value as text: without control characters, trimmed, cut to a bound. `None` when nothing is left.
    pub(super) fn text(&self, value: &[u8]) -> Option<String> {
        let text: String = self.decode(value).chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The whole value as text.
    pub(super) fn decode(&self, value: &[u8]) -> String {
        if self.has_extensions && value.contains(&0x1b) { self.extended(value) } else { self.plain(value) }
    }

    /// The value in the first set declared, without code extensions.
    pub(super) fn encode(&self, text: &str) -> Vec<u8> {
        if !self.is_declared {
            return text.as_bytes().to_vec();
        }
        let Some(encoding) = self.first else {
            return text.chars().map(|c| u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b'?')).collect();
        };
        let mut out = Vec::with_capacity(text.len());
        for one in text.chars() {
            let mut buffer = [0; 4];
            let (bytes, _, is_lost) = encoding.encode(one.encode_utf8(&mut buffer));
            // Latin sets end where Windows puts letters of its own.
            let is_own = matches!(bytes.as_ref(), [0x80..=0x9f]) && encoding == encoding_rs::WINDOWS_1252;
            if is_lost || is_own { out.push(b'?') } else { out.extend_from_slice(&bytes) }
        }
        out
    }

    fn plain(&self, value: &[u8]) -> String {
        let declared = self.first.filter(|_| self.is_declared).and_then(|encoding| {
            encoding.decode_without_bom_handling_and_without_replacement(value).map(std::borrow::Cow::into_owned)
        });
        declared
            .or_else(|| std::str::from_utf8(value).ok().map(str::to_owned))
            .unwrap_or_else(|| encoding_rs::WINDOWS_1252.decode_without_bom_handling(value).0.into_owned())
    }

    /// Splits at escape sequences; each names what the bytes after it are. A delimiter ends it (PS3.5 §6.1.2.5.3).
    fn extended(&self, value: &[u8]) -> String {
        let mut text = String::new();
        let mut set = Set::Initial;
        let mut rest = value;
        while !rest.is_empty() {
            if let Some((next, after)) = escape(rest) {
                (set, rest) = (next, after);
                continue;
            }
            let is_double = matches!(set, Set::Jis0208 | Set::Jis0212);
            let end = rest.iter().skip(1).position(|b| *b == 0x1b || (!is_double && is_delimiter(*b)));
            let (run, after) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
            if run.first().is_some_and(|b| is_delimiter(*b)) && !is_double {
                set = Set::Initial;
            }
            text.push_str(&self.run(set, run));
            rest = after;
        }
        text
    }

    fn run(&self, set: Set, run: &[u8]) -> String {
        let via =
            |encoding: &'static Encoding, bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.into_owned();
        match set {
            Set::Initial => self.plain(run),
            Set::Of(encoding) => via(encoding, run),
            Set::Jis0208 => via(encoding_rs::EUC_JP, &run.iter().map(|b| b | 0x80).collect::<Vec<_>>()),
            Set::Jis0212 => {
                let euc: Vec<u8> = run.chunks(2).flat_map(|pair| [&[0x8f], pair].concat()).map(|b| b | 0x80).collect();
                via(encoding_rs::EUC_JP, &euc)
            }
        }
    }
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'^' | b'=' | b'\\' | b'\r' | b'\n' | b'\t' | 0x0c)
}

#[derive(Clone, Copy)]
enum Set {
    Initial,
    Of(&'static Encoding),
    Jis0208,
    Jis0212,
}

fn escape(bytes: &[u8]) -> Option<(Set, &[u8])> {
    let rest = bytes.strip_prefix(&[0x1b])?;
    let of = |encoding| Set::Of(encoding);
    Some(match rest {
        [b'$', b'(', b'D', after @ ..] => (Set::Jis0212, after),
        [b'$', b')', b'C', after @ ..] => (of(encoding_rs::EUC_KR), after),
        [b'$', b')', b'A', after @ ..] => (of(encoding_rs::GBK), after),
        [b'$', b'B' | b'@', after @ ..] => (Set::Jis0208, after),
        [b'(', b'J', after @ ..] | [b')', b'I', after @ ..] => (of(encoding_rs::SHIFT_JIS), after),
        [b'(', b'B', after @ ..] => (Set::Initial, after),
        [b'-', part, after @ ..] => match part_encoding(*part) {
            Some(encoding) => (of(encoding), after),
            None => (Set::Initial, after),
        },
        [_, after @ ..] => (Set::Initial, after),
        [] => (Set::Initial, rest),
    })
}

/// The right-hand halves of ISO 8859 by the last byte of their escape sequence.
fn part_encoding(part: u8) -> Option<&'static Encoding> {
    Some(match part {
        b'A' => encoding_rs::WINDOWS_1252,
        b'B' => encoding_rs::ISO_8859_2,
        b'C' => encoding_rs::ISO_8859_3,
        b'D' => encoding_rs::ISO_8859_4,
        b'L' => encoding_rs::ISO_8859_5,
        b'G' => encoding_rs::ISO_8859_6,
        b'F' => encoding_rs::ISO_8859_7,
        b'H' => encoding_rs::ISO_8859_8,
        b'M' => encoding_rs::WINDOWS_1254,
        b'T' => encoding_rs::WINDOWS_874,
        b'b' => encoding_rs::ISO_8859_15,
        _ => return None,
    })
}

/// By defined term; also as equipment misspells it (`ISO-IR 100`, `ISO IR 100`).
fn encoding(term: &str) -> Option<&'static Encoding> {
    let term = term.replace(['-', '_'], " ").to_uppercase();
    let digits = term.strip_prefix("ISO 2022 IR ").or_else(|| term.strip_prefix("ISO IR ")).unwrap_or(&term);
    Some(match digits {
        "100" => encoding_rs::WINDOWS_1252,
        "101" => encoding_rs::ISO_8859_2,
        "109" => encoding_rs::ISO_8859_3,
        "110" => encoding_rs::ISO_8859_4,
        "144" => encoding_rs::ISO_8859_5,
        "127" => encoding_rs::ISO_8859_6,
        "126" => encoding_rs::ISO_8859_7,
        "138" => encoding_rs::ISO_8859_8,
        "148" => encoding_rs::WINDOWS_1254,
        "203" => encoding_rs::ISO_8859_15,
        "166" => encoding_rs::WINDOWS_874,
        "13" | "87" | "159" => encoding_rs::SHIFT_JIS,
        "149" => encoding_rs::EUC_KR,
        "58" | "GBK" => encoding_rs::GBK,
        "GB18030" => encoding_rs::GB18030,
        "192" => encoding_rs::UTF_8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(charset: &[u8], value: &[u8]) -> String {
        Charsets::parse(charset).text(value).unwrap_or_default()
    }

    #[test]
    fn names_of_the_standards_own_examples_are_read() {
        let japanese = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        assert_eq!(text(b"\\ISO 2022 IR 87", japanese), "Yamada^Tarou=山田^太郎=やまだ^たろう");
        let korean = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf";
        assert_eq!(text(b"\\ISO 2022 IR 149", korean), "Hong^Gildong=洪^吉洞=홍^길동");
        assert_eq!(text(b"ISO_IR 144", b"\xbb\xee\xdace\xdc\xd1\xe3\xe0\xd3"), "Люкceмбург");
        assert_eq!(text(b"ISO_IR 100", b"Buc^J\xe9r\xf4me "), "Buc^Jérôme");
        assert_eq!(text(b"ISO_IR 192", "Wang^XiaoDong=王^小東".as_bytes()), "Wang^XiaoDong=王^小東");
    }

    #[test]
    fn wrong_or_missing_declarations_still_give_text() {
        assert_eq!(text(b"ISO_IR 192", b"Ren\xe9"), "René");
        assert_eq!(text(b"", "René".as_bytes()), "René");
        assert_eq!(text(b"ISO_IR 999", b"Ren\xe9"), "René");
        assert_eq!(text(b"ISO 2022 IR 6\\ISO 2022 IR 87", b"A\x1b$B;3\x1b"), "A山");
        assert_eq!(text(b"", b"evil\r\nSet-Cookie: \x1b[31mx\0"), "evilSet-Cookie: [31mx");
        assert_eq!(text(b"", &[b'x'; 5000]).len(), 256);
    }
}
