//! Letters of the standard PDF fonts (ISO 32000-1, 9.6.2.2): which a font has, and how wide they are.
//!
//! Helvetica is in every reader of PDF and has the letters of Windows code page 1252: those of French and English. What it lacks
//! is written by its base letter where that is known, and said to be so.
//!
//! # Not here
//! Where they stand: [`super::pdf`].

/// A face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Plain,
    Bold,
}

/// Letters of code page 1252 that are not those of Latin-1, by their byte.
const OTHERS: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8A),
    ('‹', 0x8B),
    ('Œ', 0x8C),
    ('Ž', 0x8E),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9A),
    ('›', 0x9B),
    ('œ', 0x9C),
    ('ž', 0x9E),
    ('Ÿ', 0x9F),
];

/// Letters of names and units that the fonts lack, with what stands for them.
const LIKE: [(&str, &str); 26] = [
    ("ĀĂĄ", "A"),
    ("āăą", "a"),
    ("ĆĈĊČ", "C"),
    ("ćĉċč", "c"),
    ("ĎĐ", "D"),
    ("ďđ", "d"),
    ("ĒĔĖĘĚ", "E"),
    ("ēĕėęě", "e"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĪĬĮİ", "I"),
    ("īĭįı", "i"),
    ("ĹĻĽŁ", "L"),
    ("ĺļľł", "l"),
    ("ŃŅŇ", "N"),
    ("ńņň", "n"),
    ("ŌŎŐ", "O"),
    ("ōŏő", "o"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞȘ", "S"),
    ("śŝşș", "s"),
    ("ŢŤȚ", "T"),
    ("ţťț", "t"),
    ("ŪŬŮŰŲ", "U"),
    ("ūŭůűų", "u"),
];

/// The same for what is longer than a letter, or no letter.
const WORDS: [(char, &str); 12] = [
    ('≥', ">="),
    ('≤', "<="),
    ('≠', "!="),
    ('≈', "~"),
    ('−', "-"),
    ('‑', "-"),
    ('\u{202f}', "\u{a0}"),
    ('\u{2009}', "\u{a0}"),
    ('→', "->"),
    ('α', "alpha"),
    ('β', "bêta"),
    ('\t', "    "),
];

/// Text in the fonts' letters; whether all of it could be written as it is.
pub(super) fn encode(text: &str) -> (Vec<u8>, bool) {
    let (mut out, mut is_exact) = (Vec::with_capacity(text.len()), true);
    for letter in text.chars() {
        if let Some(byte) = byte(letter) {
            out.push(byte);
            continue;
        }
        let word = WORDS.iter().find(|(from, _)| *from == letter).map(|(_, to)| *to);
        let like = || LIKE.iter().find(|(from, _)| from.contains(letter)).map(|(_, to)| *to);
        match word.or_else(like) {
            Some(instead) => {
                is_exact &= word.is_some();
                out.extend(instead.chars().filter_map(byte));
            }
            None if letter.is_control() => out.push(b' '),
            None => {
                is_exact = false;
                out.push(b'?');
            }
        }
    }
    (out, is_exact)
}

fn byte(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    if (0x20..0x7F).contains(&code) || (0xA0..=0xFF).contains(&code) {
        return u8::try_from(code).ok();
    }
    OTHERS.iter().find(|(from, _)| *from == letter).map(|(_, byte)| *byte)
}

/// How wide, in points, at a size.
pub(super) fn width(text: &[u8], face: Face, size: f32) -> f32 {
    let widths = match face {
        Face::Plain => &PLAIN,
        Face::Bold => &BOLD,
    };
    let one = |byte: &u8| usize::from(*byte).checked_sub(32).and_then(|at| widths.get(at)).copied().unwrap_or(0);
    // Saturates at 65 letters' height times the size, which is wider than any page.
    let sum = text.iter().map(one).fold(0, u16::saturating_add);
    f32::from(sum) * size / 1000.0
}

/// How many of the first bytes fit; at least one.
fn fitting(text: &[u8], face: Face, size: f32, room: f32) -> usize {
    let mut used = 0.0;
    let too_far = text.chunks(1).position(|byte| {
        used += width(byte, face, size);
        used > room
    });
    too_far.unwrap_or(text.len()).max(1)
}

/// Lines no wider than that: broken at blanks, and within a word only where it is wider by itself.
pub(super) fn wrap(text: &[u8], face: Face, size: f32, room: f32) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for word in text.split(|byte| *byte == b' ') {
        let mut word = word;
        loop {
            let line = lines.last_mut().map_or_else(Vec::new, std::mem::take);
            let joined = if line.is_empty() { word.to_vec() } else { [line.as_slice(), b" ", word].concat() };
            if width(&joined, face, size) <= room {
                set_last(&mut lines, joined);
                break;
            }
            if !line.is_empty() {
                set_last(&mut lines, line);
                lines.push(Vec::new());
                continue;
            }
            let (head, tail) = word.split_at(fitting(word, face, size, room).min(word.len()));
            set_last(&mut lines, head.to_vec());
            if tail.is_empty() {
                break;
            }
            lines.push(Vec::new());
            word = tail;
        }
    }
    lines
}

fn set_last(lines: &mut [Vec<u8>], line: Vec<u8>) {
    if let Some(last) = lines.last_mut() {
        *last = line;
    }
}

/// Advance widths of Helvetica from byte 32, thousandths of the size (Adobe's metrics of the core fonts).
#[rustfmt::skip]
const PLAIN: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];
/// The same of Helvetica-Bold.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];
