//! The two languages in which people are spoken to.
//!
//! What is said in one place is written there in both: `in_language!(language, "English" | "français", …)` does not
//! compile with one alone. What the code says in English because it also goes to the log or to programs (errors, their
//! causes, remarks, the texts of `--help`) is put into French where it meets a person, by the lists beside this file; `tests/tidy`
//! and the tests of `cli` find what is missing in them and what they hold in vain (decision 0025).
//!
//! What is wrong and travels to where it is shown does so as a [`Fault`]: a code, without words.
//!
//! # Not here
//! The portal's words: `web/src/strings`. Log lines, which stay English.

mod fault;
#[cfg(test)]
mod tests;
mod translate;

pub(crate) use fault::{Code, Fault};

#[cfg(test)]
pub(crate) use translate::help_in_list;
pub(crate) use translate::{french, french_help, french_note};

use std::sync::OnceLock;

/// A language that people are spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    French,
}

impl Language {
    /// Of a tag (`fr`, `fr-CA`) or a locale (`fr_FR.UTF-8`); what is neither French nor English is told in English.
    pub(crate) fn of(tag: &str) -> Self {
        let word = tag.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        if word.eq_ignore_ascii_case("fr") || word.eq_ignore_ascii_case("french") {
            Self::French
        } else {
            Self::English
        }
    }

    /// Of the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that says something (POSIX, base definitions, 8.2).
    pub(crate) fn of_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let said = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(read).find(|value| !value.is_empty());
        said.map_or(Self::English, |said| Self::of(&said))
    }

    /// `en` or `fr`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

static SPOKEN: OnceLock<Language> = OnceLock::new();

/// From now on the command line speaks this language; the first who says so decides.
pub(crate) fn speak(language: Language) {
    _ = SPOKEN.set(language);
}

/// The language of the command line.
pub(crate) fn spoken() -> Language {
    SPOKEN.get().copied().unwrap_or_default()
}

/// A sentence that is written in both languages, with its parameters: `in_language!(language, "a {b}" | "le {b}")`.
macro_rules! in_language {
    ($language:expr, $english:literal | $french:literal $($parameters:tt)*) => {
        match $language {
            $crate::words::Language::English => format!($english $($parameters)*),
            $crate::words::Language::French => format!($french $($parameters)*),
        }
    };
}
pub(crate) use in_language;
