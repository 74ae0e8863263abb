//! How things are shown: tables, sizes, spans of time, questions.

use serde_json::Value;
use std::io::{BufRead, Write};

/// Rows in columns as wide as their widest cell; the last column is not padded.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |n: usize| {
        let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().count());
        cells.chain(heads.get(n).map(|head| head.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let mut out = String::new();
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A size with three digits.
pub(super) fn size(bytes: u64) -> String {
    let units = [("TB", 1_000_000_000_000_u64), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.iter().find(|(_, factor)| bytes >= *factor) {
        Some((unit, factor)) => {
            let tenths = bytes / (factor / 10);
            if tenths >= 1000 {
                format!("{} {unit}", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            }
        }
        None => format!("{bytes} B"),
    }
}

/// A span of time in its two largest units.
pub(super) fn span(seconds: u64) -> String {
    let units = [("d", 86_400_u64), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (unit, factor) in units {
        if left >= factor {
            parts.push(format!("{} {unit}", left / factor));
            left %= factor;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.into_iter().take(2).collect::<Vec<_>>().join(" ") }
}

/// A field as text; nothing for what is not there.
pub(super) fn field(row: &Value, key: &str) -> String {
    match &row[key] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(|v| v.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A time of the API without fractions of seconds.
pub(super) fn time(row: &Value, key: &str) -> String {
    let text = field(row, key);
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// Writes to people or their scripts, whether or not they still read.
pub(super) fn say(to: &mut dyn Write, words: std::fmt::Arguments<'_>) {
    _ = to.write_fmt(words);
    _ = to.flush();
}

/// Asks on the terminal; anything but yes is no.
pub(super) fn ask(question: &str) -> bool {
    say(&mut std::io::stderr(), format_args!("{question} [y/N] "));
    let mut answer = String::new();
    _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui")
}
