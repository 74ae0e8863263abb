//! The text of a coverage: who reads for whom, what, when, how fast, and who is asked first.

use super::Calendar;
use crate::{
    agreement::{CODES_MAX, Party},
    case::event::Priority,
    countersigned::{Countersigned, Text},
    duty::is_telephone,
    ids::{Id128, SiteId},
    limits::is_hidden,
    signed::Domain,
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// Characters of a coverage's name.
pub const NAME_MAX: usize = 64;
/// Sites that are covered, and sites that read, of one coverage.
pub const READERS_MAX: usize = 16;
/// The longest delay that a target may have, minutes: a week.
const TARGET_MAX: u32 = 7 * 24 * 60;

/// How far from the patient a site lies: the nearest is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// The site that has the study.
    Own,
    /// A site of its hospital group.
    Group,
    /// A site of its department.
    Department,
    /// A site of its region.
    Region,
    /// A company.
    Company,
}

impl Tier {
    /// In the order of asking, with their words for programs.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Own, "own"),
        (Self::Group, "group"),
        (Self::Department, "department"),
        (Self::Region, "region"),
        (Self::Company, "company"),
    ];

    /// Its word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Group => "group",
            Self::Department => "department",
            Self::Region => "region",
            Self::Company => "company",
        }
    }
}

/// A site that reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Which.
    pub party: Party,
    /// When it is asked. Of one tier those listed first are asked first.
    pub tier: Tier,
}

/// How long it may take, minutes from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Until somebody has acknowledged it.
    pub acknowledge: u32,
    /// Until there is a preliminary report.
    pub report: u32,
}

/// Why a target is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a delay is at least a minute and at most a week, and what is more urgent has no longer ones")]
pub struct TargetError;

/// What is used where a coverage says nothing else, by priority.
#[must_use]
pub const fn default_targets() -> [Target; 4] {
    [
        Target { acknowledge: 2, report: 15 },
        Target { acknowledge: 5, report: 30 },
        Target { acknowledge: 30, report: 240 },
        Target { acknowledge: 1_440, report: 1_440 },
    ]
}

/// The text that all sites of a coverage sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Stays the same over all versions.
    pub id: Id128,
    /// 1, 2, 3, …: of those that all have signed the highest holds.
    pub version: u32,
    /// What people call it.
    pub name: String,
    /// For whom it is read.
    pub beneficiaries: Vec<Party>,
    /// Who reads, in the order of asking within a tier.
    pub readers: Vec<Reader>,
    /// Only these modalities; empty: all.
    pub modalities: Vec<String>,
    /// Only studies of these body parts; empty: all. One that names none is in all.
    pub regions: Vec<String>,
    /// When somebody has to be on duty.
    pub calendar: Calendar,
    /// By priority, P0 first.
    pub targets: [Target; 4],
    /// Who is called when nobody answers; empty: not said.
    pub telephone: String,
    /// In force from.
    pub from: Timestamp,
    /// In force until; `None`: until ended.
    pub until: Option<Timestamp>,
    /// When it was drafted.
    pub drafted: Timestamp,
}

/// One of its sites ends a coverage, for all of them and at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageEnd {
    /// Which.
    pub coverage: Id128,
    /// When it was said.
    pub at: Timestamp,
}

/// A coverage's bytes with the signatures collected so far.
pub type SignedCoverage = Countersigned<Coverage>;

impl Wire for Coverage {
    const VERSION: u8 = 1;
    const NAME: &'static str = "coverage";
}
impl Domain for Coverage {
    const DOMAIN: &'static str = "confrere/coverage/1";
}
impl Wire for CoverageEnd {
    const VERSION: u8 = 1;
    const NAME: &'static str = "coverage end";
}
impl Domain for CoverageEnd {
    const DOMAIN: &'static str = "confrere/coverage-end/1";
}

impl Text for Coverage {
    const SIGNED: &'static str = "signed coverage";

    fn between(&self) -> Vec<SiteId> {
        let mut sites: Vec<SiteId> = self.parties().map(|party| party.site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    fn is_sound(&self) -> bool {
        let once = |sites: Vec<SiteId>| {
            let mut sorted = sites.clone();
            sorted.sort_unstable();
            sorted.dedup();
            (1..=READERS_MAX).contains(&sites.len()) && sorted.len() == sites.len()
        };
        let codes = |list: &[String]| {
            list.len() <= CODES_MAX && list.iter().all(|code| (1..=16).contains(&code.len()) && code.is_ascii())
        };
        let named =
            !self.name.trim().is_empty() && self.name.chars().count() <= NAME_MAX && !self.name.chars().any(is_hidden);
        named
            && once(self.beneficiaries.iter().map(|party| party.site).collect())
            && once(self.readers.iter().map(|reader| reader.party.site).collect())
            && self.between().len() >= 2
            && self.parties().all(Party::is_sound)
            && codes(&self.modalities)
            && codes(&self.regions)
            && self.calendar.is_sound()
            && Self::are_targets(&self.targets).is_ok()
            && is_telephone(&self.telephone)
            && self.until.is_none_or(|until| self.from < until)
            && self.version > 0
    }
}

impl Coverage {
    /// Its sites, each as often as it is named.
    pub fn parties(&self) -> impl Iterator<Item = &Party> {
        self.beneficiaries.iter().chain(self.readers.iter().map(|reader| &reader.party))
    }

    /// Whether it is a site of it.
    #[must_use]
    pub fn has(&self, site: &SiteId) -> bool {
        self.parties().any(|party| party.site == *site)
    }

    /// Whether studies of this site are read under it.
    #[must_use]
    pub fn is_for(&self, site: &SiteId) -> bool {
        self.beneficiaries.iter().any(|party| party.site == *site)
    }

    /// Whether a site reads under it.
    #[must_use]
    pub fn reads(&self, site: &SiteId) -> bool {
        self.readers.iter().any(|reader| reader.party.site == *site)
    }

    /// Whether its period has begun and is not over.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    /// Whether a study is one that is read under it. What is not known yet is.
    #[must_use]
    pub fn is_about(&self, modalities: &[String], regions: &[String]) -> bool {
        let fits = |wanted: &[String], known: &[String]| {
            wanted.is_empty() || known.is_empty() || known.iter().any(|code| wanted.contains(code))
        };
        fits(&self.modalities, modalities) && fits(&self.regions, regions)
    }

    /// The delays of a priority.
    #[must_use]
    pub const fn target(&self, priority: Priority) -> Target {
        let [first, second, third, fourth] = self.targets;
        match priority {
            Priority::P0 => first,
            Priority::P1 => second,
            Priority::P2 => third,
            Priority::P3 => fourth,
        }
    }

    /// Whether delays can be kept to.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn are_targets(targets: &[Target; 4]) -> Result<(), TargetError> {
        let fit = |target: &Target| {
            (1..=TARGET_MAX).contains(&target.acknowledge) && (target.acknowledge..=TARGET_MAX).contains(&target.report)
        };
        let in_order = targets
            .iter()
            .zip(targets.iter().skip(1))
            .all(|(urgent, less)| urgent.acknowledge <= less.acknowledge && urgent.report <= less.report);
        if in_order && targets.iter().all(fit) { Ok(()) } else { Err(TargetError) }
    }
}
