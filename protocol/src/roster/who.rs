//! Who is asked for a study now, in which order, and why somebody is not: own site, hospital group, department, region, company.
//!
//! Worked out from the coverages and shifts that are known, so that two sites with the same knowledge ask the same people.

use super::{Coverage, Stated, Tier};
use crate::{
    duty::{Licence, Shift, ShiftState},
    ids::{Id128, SiteId},
    time::Timestamp,
};

/// Objects that are no images: nobody needs a paper for them.
const NO_IMAGES: [&str; 12] = ["SR", "PR", "KO", "DOC", "SEG", "REG", "RWV", "RTSTRUCT", "AU", "PLAN", "HC", "OT"];

/// For what somebody is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The site that asks: whose study it is.
    pub site: &'a SiteId,
    /// Its modalities; empty: not known yet.
    pub modalities: &'a [String],
    /// Its body parts; empty: not known.
    pub regions: &'a [String],
    /// When.
    pub at: Timestamp,
    /// Sites that refused it.
    pub refused: &'a [SiteId],
    /// People that refused it, by their shift.
    pub refused_by: &'a [(SiteId, Id128)],
    /// Sites that cannot be reached.
    pub unreached: &'a [SiteId],
}

/// One place in the order of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// How far away.
    pub tier: Tier,
    /// Under which coverage; `None`: the site's own people.
    pub coverage: Option<Id128>,
    /// The site that would read.
    pub site: SiteId,
    /// The shift that would, where there is one.
    pub shift: Option<Id128>,
    /// Its person.
    pub person: Option<String>,
    /// Who is called first there.
    pub rank: u8,
    /// `None`: this one may be asked. The first such is asked first.
    pub skip: Option<Skip>,
}

/// Why one is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// The coverage has not begun, or is over.
    NotInForce,
    /// It is not for such studies.
    OutsideScope,
    /// Nobody is on duty there.
    NotOnDuty,
    /// The one who would be has not confirmed it.
    NotConfirmed,
    /// The one who is reads other modalities.
    OtherCompetence,
    /// The one who is has no paper for it.
    NoCredential,
    /// The paper has ended, or has not begun.
    CredentialExpired,
    /// No screen of the one who is has been live for a minute.
    Silent,
    /// The site cannot be reached.
    Unreached,
    /// The site, or the person, refused it.
    Refused,
}

impl Skip {
    /// With their words for programs and translations.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::NotInForce, "not-in-force"),
        (Self::OutsideScope, "outside-scope"),
        (Self::NotOnDuty, "not-on-duty"),
        (Self::NotConfirmed, "not-confirmed"),
        (Self::OtherCompetence, "other-competence"),
        (Self::NoCredential, "no-credential"),
        (Self::CredentialExpired, "credential-expired"),
        (Self::Silent, "silent"),
        (Self::Unreached, "unreached"),
        (Self::Refused, "refused"),
    ];

    /// Its word for programs and translations.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(skip, _)| *skip == self).map_or("", |(_, word)| word)
    }
}

/// A place where people may be found.
struct Place<'a> {
    tier: Tier,
    coverage: Option<&'a Coverage>,
    site: SiteId,
}

/// The order of asking, with the reason of each that is passed over. The same for the same knowledge, in whatever order it
/// came.
#[must_use]
pub fn who(wanted: &Wanted<'_>, coverages: &[Coverage], shifts: &[Stated]) -> Vec<Rung> {
    let mut mine: Vec<&Coverage> = coverages.iter().filter(|coverage| coverage.is_for(wanted.site)).collect();
    mine.sort_by_key(|coverage| (coverage.drafted, coverage.id));
    let mut places = vec![Place { tier: Tier::Own, coverage: None, site: *wanted.site }];
    for (tier, _) in Tier::ALL {
        for coverage in &mine {
            let readers = coverage.readers.iter().filter(|reader| reader.tier == tier);
            places.extend(readers.map(|reader| Place { tier, coverage: Some(coverage), site: reader.party.site }));
        }
    }
    places.iter().flat_map(|place| of_place(place, wanted, shifts)).collect()
}

fn of_place(place: &Place<'_>, wanted: &Wanted<'_>, shifts: &[Stated]) -> Vec<Rung> {
    let coverage = place.coverage.map(|coverage| coverage.id);
    let none = |skip: Skip| Rung {
        tier: place.tier,
        coverage,
        site: place.site,
        shift: None,
        person: None,
        rank: 0,
        skip: Some(skip),
    };
    if let Some(coverage) = place.coverage {
        if !coverage.is_in_force(wanted.at) {
            return vec![none(Skip::NotInForce)];
        }
        if !coverage.is_about(wanted.modalities, wanted.regions) {
            return vec![none(Skip::OutsideScope)];
        }
    }
    let is_here = |stated: &&Stated| {
        stated.site == place.site
            && stated.shift.coverage == coverage
            && stated.shift.is_time(wanted.at)
            && !matches!(stated.shift.state, ShiftState::Ended | ShiftState::HandedOver)
    };
    let mut here: Vec<&Stated> = shifts.iter().filter(is_here).collect();
    if here.is_empty() {
        // A site's own people are asked where it has any; that it has none is no rung of a ladder.
        return if place.coverage.is_none() { Vec::new() } else { vec![none(Skip::NotOnDuty)] };
    }
    here.sort_by_key(|stated| (stated.shift.rank, stated.shift.start, stated.id));
    let rung = |stated: &&Stated| Rung {
        shift: Some(stated.id),
        person: Some(stated.shift.person.clone()),
        rank: stated.shift.rank,
        skip: skip(stated, wanted),
        ..none(Skip::NotOnDuty)
    };
    here.iter().map(rung).collect()
}

/// Why the person of a shift is not asked.
fn skip(stated: &Stated, wanted: &Wanted<'_>) -> Option<Skip> {
    let Stated { site, id, shift } = stated;
    if wanted.refused.contains(site) || wanted.refused_by.contains(&(*site, *id)) {
        return Some(Skip::Refused);
    }
    if !shift.state.counts() {
        return Some(Skip::NotConfirmed);
    }
    fitness(shift, wanted).or_else(|| {
        if wanted.unreached.contains(site) { Some(Skip::Unreached) } else { shift.silent.map(|_| Skip::Silent) }
    })
}

/// Whether the person may read it: every modality that shows images.
fn fitness(shift: &Shift, wanted: &Wanted<'_>) -> Option<Skip> {
    let mut images = wanted.modalities.iter().filter(|modality| !NO_IMAGES.contains(&modality.as_str()));
    if images.any(|modality| !shift.competences.is_empty() && !shift.competences.contains(modality)) {
        return Some(Skip::OtherCompetence);
    }
    lacking(&shift.licences, wanted.modalities, wanted.at).map(|(skip, _)| skip)
}

/// What somebody's papers do not let them read now, and why: every modality that shows images needs one; where none is known
/// yet, any paper will do.
#[must_use]
pub fn lacking(papers: &[Licence], modalities: &[String], at: Timestamp) -> Option<(Skip, Vec<String>)> {
    let why = |had: bool| if had { Skip::CredentialExpired } else { Skip::NoCredential };
    if modalities.is_empty() && !papers.iter().any(|paper| paper.holds(at)) {
        return Some((why(!papers.is_empty()), Vec::new()));
    }
    let images = modalities.iter().filter(|modality| !NO_IMAGES.contains(&modality.as_str()));
    let holds = |modality: &&String| papers.iter().any(|paper| paper.is_for(modality) && paper.holds(at));
    let lacking: Vec<String> = images.filter(|modality| !holds(modality)).cloned().collect();
    let had = papers.iter().any(|paper| lacking.first().is_some_and(|modality| paper.is_for(modality)));
    (!lacking.is_empty()).then(|| (why(had), lacking))
}
