//! Rosters as iCalendar (RFC 5545): written for any calendar program, and read from strangers' files.
//!
//! What is written is read again to the same shifts, over the night of the clock change too: times are by the wall with their
//! time zone, whose rules are in the file; one that falls into the second of two equal hours is in UTC, since RFC 5545, 3.3.5,
//! lets the wall mean the first. What is read is bounded ([`BYTES_MAX`], [`EVENTS_MAX`]), and refused whole at its first fault,
//! with the line that it is in.
//!
//! # Not here
//! Whose name is whose account, and what becomes of what is read: `node::roster`. Events that repeat: they are refused, for a
//! shift is one.

mod lines;
mod read;
mod write;
mod zones;

pub use read::read;
pub use write::{Written, write};

use crate::{duty::Presence, time::Timestamp};

/// Largest file, bytes.
pub const BYTES_MAX: usize = 256 * 1024;
/// Events of one file: a year of three a day.
pub const EVENTS_MAX: usize = 1_100;
/// Characters of a content line, folds undone.
pub const LINE_MAX: usize = 4_096;
/// Components within components.
pub const DEPTH_MAX: usize = 4;

/// A shift as a file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name in the file.
    pub uid: String,
    /// Who: `X-CONFRERE-PERSON`, else the beginning of the summary.
    pub person: String,
    /// From …
    pub start: Timestamp,
    /// … until.
    pub end: Timestamp,
    /// By `CATEGORIES`; the first kind where it says neither.
    pub presence: Presence,
    /// 1 where nothing is said.
    pub rank: u8,
    /// Modalities; empty: all.
    pub competences: Vec<String>,
    /// `CONTACT`.
    pub telephone: String,
    /// `STATUS:CONFIRMED`.
    pub confirmed: bool,
    /// `STATUS:CANCELLED`.
    pub cancelled: bool,
    /// The line at which it begins.
    pub line: usize,
}

/// What is wrong with a file, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct IcalError {
    /// From 1.
    pub line: usize,
    /// What.
    pub wrong: Wrong,
}

/// What can be wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Over [`BYTES_MAX`].
    #[error("the calendar is larger than 256 KiB")]
    TooLarge,
    /// Over [`EVENTS_MAX`].
    #[error("the calendar has more than 1,100 events")]
    TooMany,
    /// Over [`LINE_MAX`].
    #[error("the line is longer than 4,096 characters")]
    LongLine,
    /// Over [`DEPTH_MAX`].
    #[error("components lie too deep in one another")]
    TooDeep,
    /// No text, or with characters that no text has.
    #[error("this is not text")]
    NotText,
    /// It does not begin with a calendar, or does not end with one.
    #[error("this is not an iCalendar file")]
    NotCalendar,
    /// No name, or no colon.
    #[error("this is not a content line")]
    NotLine,
    /// `END` of something that was not begun last.
    #[error("what ends here was not begun last")]
    Unbalanced,
    /// It repeats.
    #[error("an event that repeats is not taken: write each shift out")]
    Repeats,
    /// No date.
    #[error("this is not a date and time")]
    NotTime,
    /// A time that its zone's clock skips.
    #[error("the clock skips this time on this night")]
    Skipped,
    /// Neither in the database nor in the file.
    #[error("the time zone is not known")]
    NoZone,
    /// It has no beginning or no end, or ends before it begins, or is longer than a shift may be.
    #[error("the event has no beginning and end within a week")]
    NoSpan,
    /// Nobody is named.
    #[error("the event names nobody")]
    Nobody,
    /// A rank, competence or telephone out of bounds.
    #[error("a rank, modality or telephone number is out of bounds")]
    Unfit,
}

impl Wrong {
    /// Its word for programs and translations.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::TooLarge => "calendar-too-large",
            Self::TooMany => "calendar-too-many",
            Self::LongLine => "calendar-long-line",
            Self::TooDeep => "calendar-too-deep",
            Self::NotText => "calendar-not-text",
            Self::NotCalendar => "calendar-not-calendar",
            Self::NotLine => "calendar-not-line",
            Self::Unbalanced => "calendar-unbalanced",
            Self::Repeats => "calendar-repeats",
            Self::NotTime => "calendar-not-time",
            Self::Skipped => "calendar-skipped",
            Self::NoZone => "calendar-no-zone",
            Self::NoSpan => "calendar-no-span",
            Self::Nobody => "calendar-nobody",
            Self::Unfit => "calendar-unfit",
        }
    }
}
