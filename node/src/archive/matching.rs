//! Whether one value matches what was asked of its attribute (PS3.4 C.2.2.2): the same for every door, for rows of the
//! index and for headers.
//!
//! Names and text are found without case and accents; codes, numbers and UIDs are not.
//!
//! # Not here
//! Searches over studies: [`super::query`].

use dicom_core::VR;
use jiff::{SignedDuration, civil::DateTime};

/// Lists of UIDs, ranges of dates and times, names, numbers, or wildcards, as the VR has it. Several values match when one
/// does.
pub(crate) fn value_matches(vr: VR, pattern: &str, value: &str) -> bool {
    let Some(pattern) = asked(Some(pattern)) else { return true };
    let one = |value: &str| one_matches(vr, pattern, trimmed(value));
    match vr {
        // A backslash is text in these.
        VR::LT | VR::ST | VR::UT | VR::UR => one(value),
        _ => value.split('\\').any(one) || one(value),
    }
}

fn one_matches(vr: VR, pattern: &str, value: &str) -> bool {
    match vr {
        VR::UI => pattern.split('\\').any(|one| value == one.trim()),
        VR::DA | VR::TM => {
            let (from, to) = pattern.split_once('-').unwrap_or((pattern, pattern));
            range(Some(from), Some(to), Some(value))
        }
        VR::DT => moment_matches(pattern, value),
        VR::PN => name_matches(pattern, Some(value), false),
        VR::DS | VR::IS => match (pattern.parse::<f64>(), value.parse::<f64>()) {
            (Ok(asked), Ok(value)) => asked.total_cmp(&value).is_eq(),
            _ => wild(pattern, value),
        },
        VR::LO | VR::LT | VR::ST | VR::UC | VR::UT => wild(&fold(pattern), &fold(value)),
        _ => wild(pattern, value),
    }
}

/// A range of DT values: each may have an offset from UTC, which also begins with a hyphen (PS3.4 C.2.2.2.5.3).
fn moment_matches(pattern: &str, value: &str) -> bool {
    let separator = pattern.match_indices('-').map(|(at, _)| at).find(|at| {
        let behind: Vec<u8> = pattern.bytes().skip(at + 1).take(5).collect();
        !(*at > 0 && is_offset(behind.get(..4)) && behind.get(4).is_none_or(|b| *b == b'-'))
    });
    let (from, to) = match separator.and_then(|at| pattern.get(..at).zip(pattern.get(at + 1..))) {
        Some(ends) => ends,
        None => (pattern, pattern),
    };
    let value = Moment::of(value);
    let (from, to) = (Moment::of(from), Moment::of(to));
    range(Some(from.text), None, Some(&value.seen_from(from.offset_min)))
        && range(None, Some(to.text), Some(&value.seen_from(to.offset_min)))
}

/// Hours and minutes up to 14:00.
fn is_offset(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|d| d.iter().all(u8::is_ascii_digit) && d <= b"1400".as_slice())
}

/// A DT value: its digits, and its offset from UTC where it has one.
#[derive(Clone, Copy)]
struct Moment<'a> {
    text: &'a str,
    offset_min: Option<i64>,
}

impl<'a> Moment<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim();
        let split = text.len().checked_sub(5).and_then(|at| text.split_at_checked(at));
        if let Some((front, offset)) =
            split.filter(|(_, o)| o.starts_with(['+', '-']) && is_offset(o.as_bytes().get(1..)))
        {
            let number = |range| offset.get(range).and_then(|t: &str| t.parse::<i64>().ok()).unwrap_or(0);
            let minutes = number(1..3) * 60 + number(3..5);
            return Self { text: front, offset_min: Some(if offset.starts_with('-') { -minutes } else { minutes }) };
        }
        Self { text, offset_min: None }
    }

    /// Its digits on a clock with this offset; unchanged where one of the offsets is not known, or the minute is not.
    fn seen_from(self, offset_min: Option<i64>) -> String {
        let digits: String = self.text.chars().filter(char::is_ascii_digit).collect();
        let moved = || {
            let by = offset_min? - self.offset_min?;
            let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i8>().ok();
            let year = digits.get(..4)?.parse().ok()?;
            let (month, day, hour, minute) = (number(4..6)?, number(6..8)?, number(8..10)?, number(10..12)?);
            let at = DateTime::new(year, month, day, hour, minute, 0, 0).ok()?;
            let at = at.checked_add(SignedDuration::from_mins(by)).ok()?;
            Some(format!("{}{}", at.strftime("%Y%m%d%H%M"), digits.get(12..)?))
        };
        moved().unwrap_or(digits)
    }
}

/// Without padding and what else stands around a value unseen: the same of what is asked and what is stored.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace())
}

/// `None` for universal matching: nothing given, nothing but spaces, or `*`.
pub(super) fn asked(pattern: Option<&str>) -> Option<&str> {
    pattern.map(trimmed).filter(|p| !p.is_empty() && *p != "*")
}

pub(super) fn code(pattern: Option<&str>, value: Option<&str>) -> bool {
    asked(pattern).is_none_or(|pattern| value.is_some_and(|value| wild(pattern, value)))
}

/// A person's name matches when one of its component groups (alphabetic, ideographic, phonetic) does, or, where groups are
/// asked for in their places (`=山田`), when each of these does; components not asked for are universal, so `DUPONT` finds
/// `DUPONT^JEAN`.
/// Fuzzy: every word asked begins a word of the name, in any order.
pub(crate) fn name_matches(pattern: &str, value: Option<&str>, is_fuzzy: bool) -> bool {
    let Some(pattern) = asked(Some(pattern)) else { return true };
    let Some(value) = value else { return false };
    folded_name(&fold(pattern), &fold(value), is_fuzzy)
}

/// As [`name_matches`], of a pattern and a value that are folded.
pub(super) fn folded_name(pattern: &str, value: &str, is_fuzzy: bool) -> bool {
    if is_fuzzy {
        let words: Vec<&str> = value.split(is_between).filter(|w| !w.is_empty()).collect();
        return pattern
            .split(|c| is_between(c) || c == '*' || c == '?')
            .filter(|w| !w.is_empty())
            .all(|asked| words.iter().any(|word| word.starts_with(asked)));
    }
    let pattern = pattern.trim_end_matches(['^', '=', ' ']);
    let is_in = |pattern: &str, group: &str| {
        let group = group.trim_matches(' ').trim_end_matches(['^', ' ']);
        wild(pattern, group)
            || group.match_indices('^').any(|(at, _)| group.get(..at).is_some_and(|front| wild(pattern, front)))
    };
    if pattern.contains('=') {
        let groups: Vec<&str> = value.split('=').collect();
        let asked = pattern.split('=').map(|group| group.trim_matches(' ').trim_end_matches(['^', ' '])).enumerate();
        let mut asked = asked.filter(|(_, group)| !group.is_empty() && *group != "*");
        return asked.all(|(at, pattern)| groups.get(at).is_some_and(|group| is_in(pattern, group)));
    }
    value.split('=').chain([value]).any(|group| is_in(pattern, group))
}

/// Whether two names are the same but for case, accents, spaces and empty components at the end. Of several groups the
/// first is compared.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    let first = |name: &str| fold(name.split('=').next().unwrap_or_default()).trim_end_matches(['^', ' ']).to_owned();
    first(one) == first(other)
}

pub(super) fn is_between(c: char) -> bool {
    c == '^' || c == '=' || c == '-' || c == '\'' || c.is_whitespace()
}

/// Inclusive; a bound counts as far as it is given (`1430` as a lower bound is 14:30:00, as an upper one 14:30:59).
pub(super) fn range(from: Option<&str>, to: Option<&str>, value: Option<&str>) -> bool {
    let digits = |text: Option<&str>| {
        text.map(|t| t.chars().filter(char::is_ascii_digit).collect::<String>()).filter(|t| !t.is_empty())
    };
    let (from, to) = (digits(from), digits(to));
    if from.is_none() && to.is_none() {
        return true;
    }
    // As the standard had them before 1993, dates and times are also stored with dots and colons.
    let Some(value) = digits(value) else { return false };
    let cut = |bound: &str| value.get(..bound.len().min(value.len())).unwrap_or(&value).to_owned();
    from.is_none_or(|from| value.as_str() >= from.get(..from.len().min(value.len())).unwrap_or(&from))
        && to.is_none_or(|to| cut(&to) <= to)
}

/// Wildcard matching: `*` any run, `?` any one character. Linear but for backtracking to the last `*` only.
pub(super) fn wild(pattern: &str, value: &str) -> bool {
    // Most patterns have a star at an end or none; these cost no allocation.
    if !pattern.contains('?') {
        let inner = pattern.strip_prefix('*').unwrap_or(pattern);
        let core = inner.strip_suffix('*').unwrap_or(inner);
        if !core.contains('*') {
            return match (pattern.starts_with('*'), inner.ends_with('*')) {
                (false, false) => value == core,
                (true, false) => value.ends_with(core),
                (false, true) => value.starts_with(core),
                (true, true) => value.contains(core),
            };
        }
    }
    let (pattern, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    let (mut p, mut v) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while v < value.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, v));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == value.get(v) => {
                p += 1;
                v += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                v = from + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

/// Whether a value is what a pattern says: wildcards; case, accents and runs of spaces do not count.
pub(crate) fn text_matches(pattern: &str, value: &str) -> bool {
    wild(&fold(pattern), &fold(value))
}

/// Letters with marks, and those they are found by: Latin (of Vietnamese names, too), Greek, Cyrillic.
const MARKED: &[(&str, &str)] = &[
    ("àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ", "a"),
    ("ḃḅḇ", "b"),
    ("çćĉċčḉ", "c"),
    ("ďđðḋḍḏḑḓ", "d"),
    ("èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ", "e"),
    ("ḟ", "f"),
    ("ĝğġģǧǵḡ", "g"),
    ("ĥħȟḣḥḧḩḫẖ", "h"),
    ("ìíîïĩīĭįıǐȉȋḭḯỉị", "i"),
    ("ĵǰ", "j"),
    ("ķǩḱḳḵ", "k"),
    ("ĺļľŀłḷḹḻḽ", "l"),
    ("ḿṁṃ", "m"),
    ("ñńņňŉǹṅṇṉṋ", "n"),
    ("òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ", "o"),
    ("ṕṗ", "p"),
    ("ŕŗřȑȓṙṛṝṟ", "r"),
    ("śŝşšșṡṣṥṧṩ", "s"),
    ("ţťŧțṫṭṯṱẗ", "t"),
    ("ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự", "u"),
    ("ṽṿ", "v"),
    ("ŵẁẃẅẇẉẘ", "w"),
    ("ẋẍ", "x"),
    ("ýÿŷȳẏẙỳỵỷỹ", "y"),
    ("źżžẑẓẕ", "z"),
    ("æǣǽ", "ae"),
    ("œ", "oe"),
    ("ß", "ss"),
    ("þ", "th"),
    ("άἀἁἂἃἄἅἆἇὰάᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ", "α"),
    ("έἐἑἒἓἔἕὲέ", "ε"),
    ("ήἠἡἢἣἤἥἦἧὴήᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ", "η"),
    ("ίΐϊἰἱἲἳἴἵἶἷὶίῐῑῒΐῖῗ", "ι"),
    ("όὀὁὂὃὄὅὸό", "ο"),
    ("ῤῥ", "ρ"),
    ("ς", "σ"),
    ("ύΰϋὐὑὒὓὔὕὖὗὺύῠῡῢΰῦῧ", "υ"),
    ("ώὠὡὢὣὤὥὦὧὼώᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ", "ω"),
    ("ѐё", "е"),
    ("ѝ", "и"),
];

/// Lower case, without accents, spaces made one.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            '\u{300}'..='\u{36f}' => {}
            c if c.is_ascii() => folded.push(c),
            c => match MARKED.iter().find(|(marked, _)| marked.contains(c)) {
                Some((_, plain)) => folded.push_str(plain),
                None => folded.push(c),
            },
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        assert!(same_name("LEFEVRE^ZOE", "Lefèvre^Zoé^^=山田^太郎"));
        assert!(!same_name("Lefevre^Zoe", "Lefevre^Zoe Marie") && !same_name("", "Lefevre"));
    }

    #[test]
    fn a_name_is_found_by_any_of_its_groups_and_in_any_script() {
        let yamada = "Yamada^Tarou=山田^太郎=やまだ^たろう=";
        for (pattern, value, hit) in [
            (yamada, yamada, true),
            ("yamada^tarou=山田^太郎", yamada, true),
            ("=山田^太郎", yamada, true),
            ("=山*", yamada, true),
            ("==やまだ", yamada, true),
            ("Yamada*=*", yamada, true),
            ("=やまだ", yamada, false),
            ("Suzuki=山田*", yamada, false),
            ("=山田", "Yamada^Tarou", false),
            ("WANG^XIAODONG=王^小東", "Wang^XiaoDong =王^小東=", true),
            ("ΔΙΟΝΥΣΙΟΣ", "Διονυσιος", true),
            ("παπαδόπουλος", "ΠΑΠΑΔΟΠΟΥΛΟΣ^ΓΙΩΡΓΟΣ", true),
            ("КОРОЛЕВ*", "Королёв^Иван", true),
            ("nguyen^thi be", "Nguyễn^Thị Bé", true),
            ("山", yamada, false),
        ] {
            assert_eq!(name_matches(pattern, Some(value), false), hit, "{pattern} {value}");
        }
    }

    #[test]
    fn a_pattern_of_stars_ends_quickly() {
        let pattern = "*a".repeat(60) + "b";
        assert!(!wild(&pattern, &"a".repeat(5000)));
    }

    #[test]
    fn a_value_matches_as_its_vr_has_it() {
        for (vr, pattern, value, hit) in [
            (VR::CS, "C?", "CT", true),
            (VR::CS, "ct", "CT", false),
            (VR::CS, "PRIMARY", "ORIGINAL\\PRIMARY\\AXIAL", true),
            (VR::CS, "ORIGINAL\\PRIMARY*", "ORIGINAL\\PRIMARY\\AXIAL", true),
            (VR::UI, "1.2\\1.3", "1.3\0", true),
            (VR::UI, "1.*", "1.3", false),
            (VR::IS, "3", "003 ", true),
            (VR::DS, "1.5", "1.50", true),
            (VR::DS, "1.5", "1.51", false),
            (VR::LO, "crane*", "Crâne sans injection", true),
            (VR::SH, "a77", "A77", false),
            (VR::ST, "a\\b", "a\\b", true),
            (VR::PN, "muller", "Müller^Zoé", true),
            (VR::PN, "zoe", "Müller^Zoé", false),
            (VR::DA, "20240101-20240131", "2024.01.15", true),
            (VR::DA, "20240101-", "", false),
            (VR::TM, "1430-1431", "14:30:59", true),
            (VR::TM, "-1429", "143000", false),
            (VR::LO, "*", "", true),
        ] {
            assert_eq!(value_matches(vr, pattern, value), hit, "{vr:?} {pattern} {value}");
        }
        assert!(name_matches("zo mul", Some("Müller^Zoé"), true));
        assert!(!name_matches("zo mul x", Some("Müller^Zoé"), true));
        assert!(!name_matches("zo", None, true));
    }

    #[test]
    fn a_moment_is_compared_on_one_clock() {
        for (pattern, value, hit) in [
            ("20240115", "20240115143005.123+0100", true),
            ("20240115-20240116", "20240116235959", true),
            ("20240116-", "20240115235959", false),
            ("-20240114", "20240115", false),
            // 14:30 at +0100 is 13:30 in UTC and 08:30 at -0500.
            ("202401151330+0000", "20240115143005+0100", true),
            ("202401150830-0500", "20240115143005+0100", true),
            ("202401150830-0500-202401150831-0500", "20240115143005+0100", true),
            ("202401150831-0500-202401150900-0500", "20240115143005+0100", false),
            ("20240115000000+0000-", "20240115003000+0100", false),
            ("202401151430-202401151431", "20240115143005+0100", true),
            // Years, not an offset: none is that large.
            ("2023-2024", "20240115", true),
        ] {
            assert_eq!(value_matches(VR::DT, pattern, value), hit, "{pattern} {value}");
        }
        for odd in ["-", "--", "+", "99999999999999-0500", "2024-13", "é-é", "-0500"] {
            let _ = value_matches(VR::DT, odd, "20240115143005+0100");
            let _ = value_matches(VR::DT, "20240115143005+0100-", odd);
        }
    }
}
