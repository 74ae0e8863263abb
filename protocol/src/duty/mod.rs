//! Facts of duty: who reads at a site and when, and which cases are open. A site states them of itself, signed, to those
//! whose agreements ask for them; what stands in a clause ("only with a case", "while on duty") is judged by them.
//!
//! A fact is named by its signer and its number. One with a higher serial takes the place of the one before; one that is
//! over counts no more and is forgotten.
//!
//! # Not here
//! What a fact opens, and to whom it is told: `node::trust`. How a case goes: the reading room. What a shift may become
//! next, and which minutes have none: [`crate::roster`].

mod first;
mod second;

use crate::{
    ids::{Id128, SiteId, Uid},
    signed::Domain,
    time::Timestamp,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Studies of one case.
pub const STUDIES_MAX: usize = 64;
/// Other sites of one case.
pub const PARTIES_MAX: usize = 16;
/// Modalities that a shift names.
pub const COMPETENCES_MAX: usize = 32;
/// Licences that a shift carries.
pub const LICENCES_MAX: usize = 16;
/// Characters of a telephone number as people write it.
pub const TELEPHONE_MAX: usize = 40;
/// Places in the order of calling at one site.
pub const RANK_MAX: u8 = 9;
/// The longest shift: a week.
pub const SHIFT_MAX: Duration = Duration::from_secs(168 * 3600);
/// The longest that a case is open without being stated anew: ninety days.
pub const CASE_MAX: Duration = Duration::from_secs(90 * 86_400);

/// One fact, as its signer states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Its name at its signer.
    pub id: Id128,
    /// Of one fact the highest holds.
    pub serial: u64,
    /// When it was stated.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What is stated.
#[expect(clippy::large_enum_variant, reason = "facts are few, and their shape on the wire is that of the enum")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Somebody of the signer's site is on duty.
    Shift(Shift),
    /// A case on studies of the signer's.
    Case(OpenCase),
}

/// Somebody reads at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Account name, as in [`crate::fetch::Reader::person`].
    pub person: String,
    /// Role.
    pub role: String,
    /// Modalities that the person reads; empty: all.
    pub competences: Vec<String>,
    /// From …
    pub start: Timestamp,
    /// … until.
    pub end: Timestamp,
    /// How far it has come.
    pub state: ShiftState,
    /// The coverage that it is for ([`crate::roster::Coverage`]); `None`: the site's own needs.
    pub coverage: Option<Id128>,
    /// There and awake, or at home and called.
    pub presence: Presence,
    /// Who is called first at the site: 1, then 2, to [`RANK_MAX`].
    pub rank: u8,
    /// Where the person is called; empty: not said.
    pub telephone: String,
    /// What the person's papers let read, as the signer has seen them.
    pub licences: Vec<Licence>,
    /// That and how it was taken.
    pub taken: Option<Taken>,
    /// Since when no screen of the person's has been live, where one should be.
    pub silent: Option<Timestamp>,
    /// To which shift the person would hand over.
    pub relief: Option<Relief>,
    /// Which shift this one took over from.
    pub relieves: Option<Relieves>,
}

/// Two ways of being on duty, which are paid, counted and alerted differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Presence {
    /// *Garde*: there, awake, before a screen.
    OnSite,
    /// *Astreinte*: at home, and called.
    AtHome,
}

impl Presence {
    /// With their words for programs: those of French law, for which English has none.
    pub const ALL: [(Self, &'static str); 2] = [(Self::OnSite, "garde"), (Self::AtHome, "astreinte")];

    /// Its word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnSite => "garde",
            Self::AtHome => "astreinte",
        }
    }
}

/// What one paper lets a person read. Its number stays at the site that has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Modalities; empty: all.
    pub modalities: Vec<String>,
    /// From …; `None`: always.
    pub from: Option<Timestamp>,
    /// … until; `None`: without end.
    pub until: Option<Timestamp>,
}

/// What came of a trial, and why it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trial {
    /// Nobody tried it.
    NotTried,
    /// It works.
    Worked,
    /// The person noticed nothing.
    NotNoticed,
    /// The browser, or whoever set it up, does not allow it.
    Refused,
    /// The browser cannot do it, or it did not answer.
    Absent,
}

impl Trial {
    /// With their words for programs.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::NotTried, "not-tried"),
        (Self::Worked, "worked"),
        (Self::NotNoticed, "not-noticed"),
        (Self::Refused, "refused"),
        (Self::Absent, "absent"),
    ];

    /// Its word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(trial, _)| *trial == self).map_or("", |(_, word)| *word)
    }

    /// The trial of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(trial, _)| *trial)
    }
}

/// What was tried when a shift was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When.
    pub at: Timestamp,
    /// Whether the person heard the sound of an alert.
    pub sound: Trial,
    /// Whether the person saw a notification of the browser.
    pub notifications: Trial,
    /// Whether the page hears at once what happens at its node.
    pub link: Trial,
    /// Covered sites that answered.
    pub answered: u8,
    /// Covered sites that did not.
    pub unanswered: u8,
}

/// A hand-over that is offered: it counts when the other shift says that it [`Relieves`] this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relief {
    /// Of which site the next shift is.
    pub site: SiteId,
    /// Its name there.
    pub shift: Id128,
    /// When it was offered.
    pub at: Timestamp,
    /// Open cases that go with it.
    pub cases: u16,
}

/// The other side of a hand-over: the one who comes has looked at what is open, and has it from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relieves {
    /// Of which site the shift before is.
    pub site: SiteId,
    /// Its name there.
    pub shift: Id128,
    /// When it was acknowledged.
    pub at: Timestamp,
}

/// How far a shift has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShiftState {
    /// Nobody has confirmed it.
    Planned,
    /// The person has.
    Confirmed,
    /// It runs.
    Active,
    /// Somebody else has taken over.
    HandedOver,
    /// It is over.
    Ended,
}

impl ShiftState {
    /// With their words for programs.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Planned, "planned"),
        (Self::Confirmed, "confirmed"),
        (Self::Active, "active"),
        (Self::HandedOver, "handed-over"),
        (Self::Ended, "ended"),
    ];

    /// Whether the person reads, if it is the time.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Confirmed | Self::Active)
    }
}

/// A case that its signer opened with other sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCase {
    /// Its studies: of the patient, as the signer knows them.
    pub studies: Vec<Uid>,
    /// Whose it is: an account name.
    pub owner: String,
    /// The other sites.
    pub parties: Vec<SiteId>,
    /// Counts no longer than until then.
    pub until: Timestamp,
    /// Whether it is open.
    pub open: bool,
}

impl Wire for Duty {
    const VERSION: u8 = 3;
    const NAME: &'static str = "duty";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        match version {
            1 => wire::decode_body::<first::Duty>(body).map(Into::into),
            2 => wire::decode_body::<second::Duty>(body).map(Into::into),
            _ => Err(WireError::Version { name: Self::NAME, version }),
        }
    }
}
impl Domain for Duty {
    const DOMAIN: &'static str = "confrere/duty/1";
}

impl Licence {
    /// Whether it is a paper for this modality, at whatever time.
    #[must_use]
    pub fn is_for(&self, modality: &str) -> bool {
        self.modalities.is_empty() || self.modalities.iter().any(|known| known == modality)
    }

    /// Whether it counts at a time.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    fn is_sound(&self) -> bool {
        let in_order = self.from.zip(self.until).is_none_or(|(from, until)| from < until);
        in_order && self.modalities.len() <= COMPETENCES_MAX && self.modalities.iter().all(|code| is_code(code))
    }
}

fn is_code(code: &str) -> bool {
    (1..=16).contains(&code.len()) && code.is_ascii()
}

impl Shift {
    /// One of the site's own, of somebody who is there for all, called first.
    #[must_use]
    pub fn of(person: String, [start, end]: [Timestamp; 2], state: ShiftState) -> Self {
        Self {
            person,
            role: String::new(),
            competences: Vec::new(),
            start,
            end,
            state,
            coverage: None,
            presence: Presence::OnSite,
            rank: 1,
            telephone: String::new(),
            licences: Vec::new(),
            taken: None,
            silent: None,
            relief: None,
            relieves: None,
        }
    }

    /// Whether the person is on duty now for a study of these modalities. Under a coverage, with a paper for one of them.
    #[must_use]
    pub fn covers(&self, modalities: &[String], now: Timestamp) -> bool {
        let licensed = |modality: &String| self.licences.iter().any(|paper| paper.is_for(modality) && paper.holds(now));
        let fit = |modality: &String| self.competences.is_empty() || self.competences.contains(modality);
        let reads = if self.coverage.is_none() {
            self.competences.is_empty() || modalities.iter().any(fit)
        } else {
            modalities.iter().any(|modality| fit(modality) && licensed(modality))
        };
        self.state.counts() && self.start <= now && now < self.end && reads
    }

    /// Whether it is the time of it.
    #[must_use]
    pub fn is_time(&self, now: Timestamp) -> bool {
        self.start <= now && now < self.end
    }

    fn is_sound(&self) -> bool {
        let named = [&self.person, &self.role].into_iter().all(|text| crate::fetch::is_person(text));
        named
            && !self.person.is_empty()
            && self.competences.iter().all(|code| is_code(code))
            && self.competences.len() <= COMPETENCES_MAX
            && self.start < self.end
            && self.end.since(self.start) <= SHIFT_MAX
            && (1..=RANK_MAX).contains(&self.rank)
            && is_telephone(&self.telephone)
            && self.licences.len() <= LICENCES_MAX
            && self.licences.iter().all(Licence::is_sound)
    }
}

/// Digits and what people put between them; empty is one, too.
#[must_use]
pub fn is_telephone(text: &str) -> bool {
    text.len() <= TELEPHONE_MAX && text.bytes().all(|b| b.is_ascii_digit() || b" +()-./#*".contains(&b))
}

impl Duty {
    /// Whether it takes the place of another word on the same fact: by serial; and of two under one serial, which no site
    /// signs in good order, the same one everywhere.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        (self.serial, wire::encode(self)) > (other.serial, wire::encode(other))
    }
}

impl OpenCase {
    /// Whether it is open now.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open && now < self.until
    }
}

impl Duty {
    /// From when on it says nothing any more, whatever it says.
    #[must_use]
    pub const fn over(&self) -> Timestamp {
        match &self.what {
            What::Shift(shift) => shift.end,
            What::Case(case) => case.until,
        }
    }

    /// Whether it is within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match &self.what {
            What::Shift(shift) => shift.is_sound(),
            What::Case(case) => {
                crate::fetch::is_person(&case.owner)
                    && (1..=STUDIES_MAX).contains(&case.studies.len())
                    && (1..=PARTIES_MAX).contains(&case.parties.len())
                    && case.until.since(self.at) <= CASE_MAX
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shift(state: ShiftState) -> Shift {
        Shift {
            person: "garde".into(),
            role: "radiologist".into(),
            competences: vec!["CT".into()],
            start: Timestamp(1_000),
            end: Timestamp(2_000),
            state,
            coverage: None,
            presence: Presence::OnSite,
            rank: 1,
            telephone: "+33 1 00 00 00 00".into(),
            licences: Vec::new(),
            taken: None,
            silent: None,
            relief: None,
            relieves: None,
        }
    }

    proptest! {
        #[test]
        fn a_shift_covers_its_minutes_and_its_modalities_only(at in 0u64..3_000, ct: bool, which in 0usize..5) {
            let (state, _) = ShiftState::ALL[which];
            let modalities = [if ct { "CT" } else { "MR" }.to_owned()];
            let wanted = ct && (1_000..2_000).contains(&at) && matches!(which, 1 | 2);
            prop_assert_eq!(shift(state).covers(&modalities, Timestamp(at)), wanted);
        }
    }

    #[test]
    fn under_a_coverage_nobody_reads_without_a_paper() {
        let reads = |licences: Vec<Licence>, modality: &str, at| {
            let shift = Shift { coverage: Some(Id128([2; 16])), licences, ..shift(ShiftState::Confirmed) };
            shift.covers(&[modality.to_owned()], Timestamp(at))
        };
        let paper = |modality: &str, until| Licence {
            modalities: vec![modality.to_owned()],
            from: None,
            until: Some(Timestamp(until)),
        };
        assert!(!reads(Vec::new(), "CT", 1_500));
        assert!(reads(vec![paper("CT", 1_600)], "CT", 1_500));
        assert!(!reads(vec![paper("CT", 1_500)], "CT", 1_500), "it has ended");
        assert!(!reads(vec![paper("MR", 1_600)], "CT", 1_500), "of another modality");
        assert!(!reads(vec![paper("MR", 1_600)], "MR", 1_500), "not what the person is there for");
    }

    #[test]
    fn what_has_no_bounds_is_not_sound() {
        let duty = |what| Duty { id: Id128([1; 16]), serial: 1, at: Timestamp(0), what };
        let case = OpenCase {
            studies: vec![Uid::parse("1.2.3").unwrap()],
            owner: "garde".into(),
            parties: vec![SiteId([2; 32])],
            until: Timestamp(0).after(CASE_MAX),
            open: true,
        };
        let sound = |what| duty(what).is_sound();
        assert!(sound(What::Shift(shift(ShiftState::Planned))) && sound(What::Case(case.clone())));
        assert!(!sound(What::Shift(Shift { end: Timestamp(1_000), ..shift(ShiftState::Active) })));
        assert!(!sound(What::Shift(Shift { end: Timestamp(u64::MAX), ..shift(ShiftState::Active) })));
        assert!(!sound(What::Shift(Shift { person: "a\nb".into(), ..shift(ShiftState::Active) })));
        assert!(!sound(What::Shift(Shift { rank: 0, ..shift(ShiftState::Active) })));
        assert!(!sound(What::Shift(Shift { telephone: "call me".into(), ..shift(ShiftState::Active) })));
        let paper = Licence { modalities: Vec::new(), from: Some(Timestamp(2)), until: Some(Timestamp(1)) };
        assert!(!sound(What::Shift(Shift { licences: vec![paper], ..shift(ShiftState::Active) })));
        assert!(!sound(What::Case(OpenCase { studies: Vec::new(), ..case.clone() })));
        assert!(!sound(What::Case(OpenCase { parties: vec![SiteId([2; 32]); PARTIES_MAX + 1], ..case.clone() })));
        assert!(!sound(What::Case(OpenCase { until: Timestamp(u64::MAX), ..case })));
    }
}
