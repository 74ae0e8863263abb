//! Public holidays of France (Code du travail, L. 3133-1), and the two more of Alsace and Moselle (L. 3134-13). Those that move
//! follow Easter.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// Whose holidays a calendar keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holidays {
    /// No one's.
    #[default]
    None,
    /// The eleven of France.
    France,
    /// Those, Good Friday and St Stephen's Day.
    AlsaceMoselle,
}

impl Holidays {
    /// With their words for programs.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::None, "none"), (Self::France, "france"), (Self::AlsaceMoselle, "alsace-moselle")];

    /// Its word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::France => "france",
            Self::AlsaceMoselle => "alsace-moselle",
        }
    }
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holiday {
    /// 1 January.
    NewYear,
    /// Two days before Easter; Alsace and Moselle.
    GoodFriday,
    /// The day after Easter.
    EasterMonday,
    /// 1 May.
    Labour,
    /// 8 May.
    Victory,
    /// The 39th day after Easter.
    Ascension,
    /// The 50th day after Easter.
    WhitMonday,
    /// 14 July.
    National,
    /// 15 August.
    Assumption,
    /// 1 November.
    AllSaints,
    /// 11 November.
    Armistice,
    /// 25 December.
    Christmas,
    /// 26 December; Alsace and Moselle.
    StStephen,
}

impl Holiday {
    /// Its word for programs and translations.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NewYear => "new-year",
            Self::GoodFriday => "good-friday",
            Self::EasterMonday => "easter-monday",
            Self::Labour => "labour",
            Self::Victory => "victory",
            Self::Ascension => "ascension",
            Self::WhitMonday => "whit-monday",
            Self::National => "national",
            Self::Assumption => "assumption",
            Self::AllSaints => "all-saints",
            Self::Armistice => "armistice",
            Self::Christmas => "christmas",
            Self::StStephen => "st-stephen",
        }
    }
}

/// Easter Sunday of a year of the Gregorian calendar (the anonymous algorithm of 1876, as Meeus gives it).
#[must_use]
pub fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let moved = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moved + 15) % 30;
    let week = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * week) / 451;
    let days = epact + week - 7 * late + 114;
    let part = |n: i32| i8::try_from(n).ok();
    Date::new(i16::try_from(year).ok()?, part(days / 31)?, part(days % 31 + 1)?).ok()
}

impl Holidays {
    /// Which holiday a day is, if it is one.
    #[must_use]
    pub fn on(self, day: Date) -> Option<Holiday> {
        if self == Self::None {
            return None;
        }
        let fixed = match (day.month(), day.day()) {
            (1, 1) => Some(Holiday::NewYear),
            (5, 1) => Some(Holiday::Labour),
            (5, 8) => Some(Holiday::Victory),
            (7, 14) => Some(Holiday::National),
            (8, 15) => Some(Holiday::Assumption),
            (11, 1) => Some(Holiday::AllSaints),
            (11, 11) => Some(Holiday::Armistice),
            (12, 25) => Some(Holiday::Christmas),
            (12, 26) if self == Self::AlsaceMoselle => Some(Holiday::StStephen),
            _ => None,
        };
        fixed.or_else(|| self.after_easter(day))
    }

    fn after_easter(self, day: Date) -> Option<Holiday> {
        let easter = easter(day.year())?;
        let is = |after: i32| easter.checked_add(after.days()).is_ok_and(|moved| moved == day);
        if is(1) {
            Some(Holiday::EasterMonday)
        } else if is(39) {
            Some(Holiday::Ascension)
        } else if is(50) {
            Some(Holiday::WhitMonday)
        } else if self == Self::AlsaceMoselle && is(-2) {
            Some(Holiday::GoodFriday)
        } else {
            None
        }
    }
}
