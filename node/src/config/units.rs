//! Times and sizes as people write them: `3s`, `64 MiB`.

const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
const SIZES: [(&str, u64); 5] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

pub(super) fn milliseconds(text: &str) -> Option<u64> {
    amount(text, &TIMES)
}

pub(super) fn bytes(text: &str) -> Option<u64> {
    amount(text, &SIZES)
}

pub(super) fn time_text(milliseconds: u64) -> String {
    written(milliseconds, &TIMES, "")
}

pub(super) fn size_text(bytes: u64) -> String {
    written(bytes, &SIZES, " ")
}

/// A whole number and a unit.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// In the largest unit that needs no fraction.
fn written(amount: u64, units: &[(&str, u64)], between: &str) -> String {
    let whole = units.iter().find(|(_, factor)| amount >= *factor && amount.is_multiple_of(*factor));
    let (unit, factor) = whole.or_else(|| units.last()).copied().unwrap_or(("", 1));
    format!("{}{between}{unit}", amount / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_and_written() {
        for (text, ms) in
            [("3s", 3_000), ("500ms", 500), ("2 min", 120_000), ("1h", 3_600_000), ("0s", 0), ("90d", 7_776_000_000)]
        {
            assert_eq!(milliseconds(text), Some(ms), "{text}");
            assert_eq!(milliseconds(&time_text(ms)), Some(ms));
        }
        for (text, n) in [("1 GiB", 1 << 30), ("64MiB", 64 << 20), ("10 B", 10), ("1025 B", 1025)] {
            assert_eq!(bytes(text), Some(n), "{text}");
            assert_eq!(bytes(&size_text(n)), Some(n));
        }
        for unfit in ["", "3", "s", "-3s", "1.5s", "3 fortnights", "99999999999999999999s", "18446744073709551615h"] {
            assert_eq!(milliseconds(unfit), None, "{unfit}");
        }
    }
}
