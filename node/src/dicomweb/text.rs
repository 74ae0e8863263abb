//! Turns DICOM text of any Specific Character Set into Unicode (PS3.3 C.12.1.1.2, PS3.5 §6.1).
//!
//! Single-byte sets, UTF-8, GB18030 and GBK go through their codec; with code extensions (ISO 2022: Japanese, Korean,
//! Chinese names) the value is cut at its escape sequences and each piece goes through the codec that was switched on.
//! Text of an unknown or undeclared set is read as UTF-8 where it is that, else as Latin-1: never refused, never lost.

use encoding_rs::Encoding;

/// The character sets of a data set.
#[derive(Clone, Debug)]
pub(super) struct Charset {
    first: Codec,
    extensions: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    /// Undeclared or unknown: UTF-8 if it is that, else Latin-1.
    Guess,
    Plain(&'static Encoding),
    /// A set of two bytes per character in 7 bits (JIS X 0208), raised to EUC-JP.
    Jis0208,
    /// JIS X 0212, raised to EUC-JP's third plane.
    Jis0212,
}

impl Default for Charset {
    fn default() -> Self {
        Self { first: Codec::Guess, extensions: false }
    }
}

impl Charset {
    /// By the values of (0008,0005).
    pub(super) fn of(value: &[u8]) -> Self {
        let text: String = value.iter().map(|b| char::from(*b)).collect();
        let mut terms = text.split('\\').map(|t| t.trim_matches([' ', '\0']));
        let first = terms.next().unwrap_or_default();
        Self { first: codec(first), extensions: terms.next().is_some() || first.starts_with("ISO 2022") }
    }

    /// The text of a value, all its components still joined by backslashes. `name`: a PN, whose `^` and `=` also switch
    /// back to the first set.
    pub(super) fn decode(&self, bytes: &[u8], name: bool) -> String {
        if bytes.is_ascii() && !bytes.contains(&0x1b) {
            return bytes.iter().map(|b| char::from(*b)).collect();
        }
        if self.extensions || bytes.contains(&0x1b) {
            self.decode_extended(bytes, name)
        } else {
            piece(self.first, bytes)
        }
    }

    fn decode_extended(&self, bytes: &[u8], name: bool) -> String {
        let mut out = String::with_capacity(bytes.len());
        let (mut low, mut high) = (Codec::Guess, self.first);
        let (mut from, mut at) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            let two_bytes = matches!(low, Codec::Jis0208 | Codec::Jis0212);
            if byte == 0x1b {
                flush(&mut out, bytes.get(from..at), low, high);
                let (set, upper, length) = escape(bytes.get(at..).unwrap_or_default());
                if let Some(set) = set {
                    if upper { high = set } else { low = set }
                }
                at += length;
                from = at;
                continue;
            }
            let delimiter = matches!(byte, b'\\' | b'\r' | b'\n' | 0x0c) || name && matches!(byte, b'^' | b'=');
            if delimiter && !two_bytes {
                flush(&mut out, bytes.get(from..=at), low, high);
                (low, high) = (Codec::Guess, self.first);
                from = at + 1;
            }
            at += 1;
        }
        flush(&mut out, bytes.get(from..), low, high);
        out
    }
}

fn codec(term: &str) -> Codec {
    use encoding_rs as e;
    let number = term.rsplit([' ', '_']).next().unwrap_or_default();
    Codec::Plain(match (term, number) {
        ("GB18030", _) => e::GB18030,
        ("GBK", _) => e::GBK,
        (_, "100") => e::WINDOWS_1252,
        (_, "101") => e::ISO_8859_2,
        (_, "109") => e::ISO_8859_3,
        (_, "110") => e::ISO_8859_4,
        (_, "144") => e::ISO_8859_5,
        (_, "127") => e::ISO_8859_6,
        (_, "126") => e::ISO_8859_7,
        (_, "138") => e::ISO_8859_8,
        (_, "148") => e::WINDOWS_1254,
        (_, "203") => e::ISO_8859_15,
        (_, "166") => e::WINDOWS_874,
        (_, "13") => e::SHIFT_JIS,
        (_, "192") => e::UTF_8,
        (_, "149") => e::EUC_KR,
        (_, "58") => e::GBK,
        _ => return Codec::Guess,
    })
}

/// What an escape sequence switches on: the set, whether for the upper half, and the sequence's length.
fn escape(bytes: &[u8]) -> (Option<Codec>, bool, usize) {
    use encoding_rs as e;
    let plain = |encoding| Some(Codec::Plain(encoding));
    match bytes.get(1..).unwrap_or_default() {
        [b'$', b'B' | b'@', ..] => (Some(Codec::Jis0208), false, 3),
        [b'$', b'(', b'D', ..] => (Some(Codec::Jis0212), false, 4),
        [b'$', b')', b'C', ..] => (plain(e::EUC_KR), true, 4),
        [b'$', b')', b'A', ..] => (plain(e::GBK), true, 4),
        [b'(', b'B' | b'J', ..] => (Some(Codec::Guess), false, 3),
        [b')', b'I', ..] => (plain(e::SHIFT_JIS), true, 3),
        [b'-', b'A', ..] => (plain(e::WINDOWS_1252), true, 3),
        [b'-', b'B', ..] => (plain(e::ISO_8859_2), true, 3),
        [b'-', b'C', ..] => (plain(e::ISO_8859_3), true, 3),
        [b'-', b'D', ..] => (plain(e::ISO_8859_4), true, 3),
        [b'-', b'L', ..] => (plain(e::ISO_8859_5), true, 3),
        [b'-', b'G', ..] => (plain(e::ISO_8859_6), true, 3),
        [b'-', b'F', ..] => (plain(e::ISO_8859_7), true, 3),
        [b'-', b'H', ..] => (plain(e::ISO_8859_8), true, 3),
        [b'-', b'M', ..] => (plain(e::WINDOWS_1254), true, 3),
        [b'-', b'b', ..] => (plain(e::ISO_8859_15), true, 3),
        [b'-', b'T', ..] => (plain(e::WINDOWS_874), true, 3),
        _ => (None, false, 1),
    }
}

/// Decodes a piece without escapes: its lower half by `low`, runs of its upper half by `high`.
fn flush(out: &mut String, bytes: Option<&[u8]>, low: Codec, high: Codec) {
    let bytes = bytes.unwrap_or_default();
    match low {
        Codec::Jis0208 | Codec::Jis0212 => {
            let mut raised = Vec::with_capacity(bytes.len() * 2);
            for pair in bytes.chunks(2) {
                match pair {
                    [a @ 0x21..=0x7e, b @ 0x21..=0x7e] => {
                        if low == Codec::Jis0212 {
                            raised.push(0x8f);
                        }
                        raised.extend([a | 0x80, b | 0x80]);
                    }
                    other => raised.extend(other.iter().filter(|b| b.is_ascii())),
                }
            }
            out.push_str(&encoding_rs::EUC_JP.decode_without_bom_handling(&raised).0);
        }
        _ => out.push_str(&piece(high, bytes)),
    }
}

fn piece(codec: Codec, bytes: &[u8]) -> String {
    match codec {
        Codec::Plain(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_standard_s_annexes_are_read() {
        // PS3.5 H.3.1, H.3.2, I.2, J.1, K.2.
        let yamada = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
        assert_eq!(Charset::of(b"\\ISO 2022 IR 87").decode(yamada, true), "Yamada^Tarou=山田^太郎=やまだ^たろう");
        let katakana = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J";
        assert_eq!(Charset::of(b"ISO 2022 IR 13\\ISO 2022 IR 87").decode(katakana, true), "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎");
        let hong = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7";
        assert_eq!(Charset::of(b"\\ISO 2022 IR 149").decode(hong, true), "Hong^Gildong=洪^吉洞");
        assert_eq!(Charset::of(b"ISO_IR 100").decode(b"Buc^J\xe9r\xf4me", true), "Buc^Jérôme");
        assert_eq!(Charset::of(b"GB18030").decode(b"\xcd\xf5^\xd0\xa1\xb6\xab", true), "王^小东");
        assert_eq!(Charset::default().decode("Müller".as_bytes(), true), "Müller");
        assert_eq!(Charset::default().decode(b"M\xfcller", true), "Müller");
    }

    #[test]
    fn an_unfinished_escape_loses_nothing_else() {
        assert_eq!(Charset::of(b"\\ISO 2022 IR 87").decode(b"A\x1b", true), "A");
        assert_eq!(Charset::of(b"\\ISO 2022 IR 87").decode(b"A^\x1b$B;", true), "A^;");
    }
}
