//! Agreements: what two sites signed that they share, and the judgement of what that covers.
//!
//! Both parties sign the same bytes. A change is a new version, signed by both; ending is one-sided and immediate.
//! After pairing nothing is shared: without an agreement in force (or a grant) every judgement here is "no".
//!
//! # Not here
//! Who is paired, storage and revocation: `node::trust`. Time zone arithmetic: the node says which minute of the week
//! it is in the agreement's zone.

use crate::{
    countersigned::{Countersigned, Text},
    ids::{Id128, SiteId},
    refusal::Refusal,
    signed::Domain,
    time::{Timestamp, WEEK_MINUTES, WeekMinute},
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

mod first;
mod notice;
mod purpose;
mod second;
mod third;
mod withheld;

pub use notice::{CLOSING_HOURS_MAX, Closing, Ending, READING_MAX, Suspension};
pub use purpose::Purpose;
pub use withheld::Withheld;

/// How far a peer may go with a covered study; each level includes those below it (domain.md, "Study manifest").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// L1, the study card.
    Card,
    /// L2, the manifest: UIDs, sizes, digests.
    Manifest,
    /// L3, headers: what display needs.
    Headers,
    /// L4, frames and bulk data.
    Pixels,
    /// L5, original objects and reports.
    Objects,
}

/// Fields of a card that are told only when the agreement names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Field {
    /// Patient's Name.
    PatientName,
    /// Patient's Birth Date.
    BirthDate,
    /// Patient's Sex.
    Sex,
    /// Patient ID together with its issuer.
    PatientId,
    /// Study Description.
    Description,
    /// Accession Number.
    Accession,
    /// Referring Physician's Name.
    Referrer,
}

/// Minutes of the week during which a clause is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyHours {
    /// IANA time zone, for example `Europe/Paris`.
    pub time_zone: String,
    /// Half-open spans `[from, to)`; `to` before `from` wraps over Sunday midnight.
    pub spans: Vec<(WeekMinute, WeekMinute)>,
}

impl WeeklyHours {
    /// Whether a minute of the week (in [`Self::time_zone`]) lies in a span.
    #[must_use]
    pub fn contains(&self, minute: WeekMinute) -> bool {
        self.spans.iter().any(
            |&(from, to)| {
                if from <= to { from <= minute && minute < to } else { minute >= from || minute < to }
            },
        )
    }

    /// Whether all spans lie within the week.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.spans.len() <= 64 && self.spans.iter().all(|(f, t)| f.0 < WEEK_MINUTES && t.0 <= WEEK_MINUTES)
    }
}

/// What one party, the holder, lets the other, the reader, see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Whose studies.
    pub holder: SiteId,
    /// Who may read them.
    pub reader: SiteId,
    /// Whether covered studies are announced; otherwise only those that a grant names.
    pub announce: bool,
    /// How far.
    pub level: Level,
    /// Only these modalities; empty: all.
    pub modalities: Vec<String>,
    /// Never these modalities.
    pub modalities_excluded: Vec<String>,
    /// Only studies of these body parts (Body Part Examined, 0018,0015); empty: all. A study that names none is in none.
    pub regions: Vec<String>,
    /// Never studies that name one of these body parts.
    pub regions_excluded: Vec<String>,
    /// Only studies dated within so many days; `None`: all.
    pub since_days: Option<u32>,
    /// Only at these hours; `None`: always.
    pub hours: Option<WeeklyHours>,
    /// Fields of the card that are told.
    pub fields: Vec<Field>,
    /// Days a fetched copy may stay at the reader's site.
    pub cache_days: u32,
    /// Whether the reader may pass studies on to a third site.
    pub onward: bool,
    /// The reader takes no more than so much, kbit/s; `None`: what the link gives.
    pub kbits_max: Option<u32>,
    /// Whether a person of the reader may break the glass, and what falls due then.
    pub break_glass: Option<BreakGlass>,
    /// Only studies of a case that the holder opened with the reader (see [`crate::duty`]), while it is open.
    pub with_case: bool,
    /// Only while the reading person is on duty at the reader's site (see [`crate::duty`]).
    pub on_duty: bool,
    /// Whether the reader may ask whether the holder knows a patient, L0 (see [`crate::presence`]). In no level: this says who.
    pub presence: bool,
}

/// What an agreement says of emergencies in which nobody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Hours within which each use is reviewed at both sites.
    pub review_hours: u32,
}

/// Which preset an agreement was drafted from: a label for people; the clauses are what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// Everything, always.
    All,
    /// Everything during weekly hours.
    OnCall,
    /// Nothing but what a grant names.
    CaseOnly,
    /// Drafted by hand.
    Custom,
}

/// The text that both sites sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Stays the same over all versions.
    pub id: Id128,
    /// 1, 2, 3, …
    pub version: u32,
    /// The two sites and their names, the drafting one first.
    pub parties: [Party; 2],
    /// What else identifies the parties, in their order.
    pub about: [About; 2],
    /// The law, contract or convention it rests on, as people cite it; empty: none named.
    pub legal_reference: String,
    /// For what; empty: not limited.
    pub purposes: Vec<Purpose>,
    /// Where it came from.
    pub preset: Preset,
    /// At most one clause per direction is looked at: the first that fits.
    pub clauses: Vec<Clause>,
    /// In force from.
    pub not_before: Timestamp,
    /// In force until; `None`: until ended.
    pub not_after: Option<Timestamp>,
    /// When it was drafted.
    pub drafted: Timestamp,
}

/// One site of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Its key.
    pub site: SiteId,
    /// Its name as signed.
    pub name: String,
}

impl Party {
    /// Whether its name is within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        crate::limits::is_site_name(&self.name)
    }
}

/// What identifies a party beside its key and name. Empty where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its number in the national register of institutions (in France the FINESS number).
    pub national_id: String,
    /// Where its data protection officer is reached.
    pub privacy_contact: String,
}

/// Characters of a legal reference, a national number or a contact.
pub const TEXT_MAX: usize = 200;
/// Modalities or regions in one list.
pub const CODES_MAX: usize = 64;

impl About {
    fn is_sound(&self) -> bool {
        [&self.national_id, &self.privacy_contact].into_iter().all(|text| is_line(text))
    }
}

/// One line of at most [`TEXT_MAX`] characters.
fn is_line(text: &str) -> bool {
    text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control)
}

impl Wire for Agreement {
    const VERSION: u8 = 4;
    const NAME: &'static str = "agreement";

    fn encode_version(&self) -> Option<Vec<u8>> {
        let said = || wire::encode_body(3, &third::Agreement::from(self));
        if self.clauses.iter().any(|clause| clause.presence) { None } else { said() }
    }

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        match version {
            1 => wire::decode_body::<first::Agreement>(body).map(Into::into),
            2 => wire::decode_body::<second::Agreement>(body).map(Into::into),
            3 => wire::decode_body::<third::Agreement>(body).map(Into::into),
            _ => Err(WireError::Version { name: Self::NAME, version }),
        }
    }
}
impl Domain for Agreement {
    const DOMAIN: &'static str = "confrere/agreement/1";
}

/// What a judgement needs to know of a study. Never identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyFacts {
    /// Study Instance UID.
    pub study: crate::ids::Uid,
    /// Modalities in Study.
    pub modalities: Vec<String>,
    /// Body parts examined.
    pub regions: Vec<String>,
    /// Study Date as days since 1970-01-01; the day of arrival where the object has none.
    pub day: i64,
    /// What its holder holds back of it. Of a peer's study nothing is known, and nothing needs to be.
    pub withheld: Withheld,
}

/// The moment of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// The minute of the week in the clause's own time zone.
    pub week_minute: WeekMinute,
}

/// One thing that a clause asks of a use. All must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// Studies are shown without a grant.
    Announced,
    /// The level asked for is within the level agreed.
    Level,
    /// One of the study's modalities is among those agreed.
    Modalities,
    /// None of the study's modalities is excluded.
    Excluded,
    /// One of the study's body parts is among those agreed.
    Regions,
    /// None of the study's body parts is excluded.
    RegionsExcluded,
    /// The study is recent enough.
    Age,
    /// The hours agreed.
    Hours,
}

impl Check {
    /// In the order of judging.
    pub const ALL: [Self; 8] = [
        Self::Announced,
        Self::Level,
        Self::Modalities,
        Self::Excluded,
        Self::Regions,
        Self::RegionsExcluded,
        Self::Age,
        Self::Hours,
    ];
    /// Those that say which studies a clause is about.
    pub const SCOPE: [Self; 5] = [Self::Modalities, Self::Excluded, Self::Regions, Self::RegionsExcluded, Self::Age];

    /// The answer to who asks in spite of it.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Hours => Refusal::OutsideHours,
            _ => Refusal::NotPermitted,
        }
    }
}

fn today(now: Timestamp) -> i64 {
    i64::try_from(now.0 / 86_400_000).unwrap_or(i64::MAX)
}

impl Clause {
    /// Whether one thing that the clause asks is the case. The one place where clauses are interpreted.
    #[must_use]
    pub fn holds(&self, check: Check, study: &StudyFacts, level: Level, at: Moment) -> bool {
        let among = |list: &[String]| study.modalities.iter().any(|m| list.contains(m));
        let of = |list: &[String]| study.regions.iter().any(|region| list.contains(region));
        match check {
            Check::Announced => self.announce,
            Check::Level => level <= self.level,
            Check::Modalities => self.modalities.is_empty() || among(&self.modalities),
            Check::Excluded => !among(&self.modalities_excluded),
            Check::Regions => self.regions.is_empty() || of(&self.regions),
            Check::RegionsExcluded => !of(&self.regions_excluded),
            Check::Age => self.since_days.is_none_or(|days| study.day >= today(at.now) - i64::from(days)),
            Check::Hours => self.hours.as_ref().is_none_or(|hours| hours.contains(at.week_minute)),
        }
    }

    fn is_sound(&self) -> bool {
        let lists = [&self.modalities, &self.modalities_excluded, &self.regions, &self.regions_excluded];
        self.hours.as_ref().is_none_or(WeeklyHours::is_sound) && lists.iter().all(|list| list.len() <= CODES_MAX)
    }

    /// Whether a study lies in the clause's scope, hours left aside: what the catalog announces.
    #[must_use]
    pub fn in_scope(&self, study: &StudyFacts, now: Timestamp) -> bool {
        let at = Moment { now, week_minute: WeekMinute(0) };
        Check::SCOPE.into_iter().all(|check| self.holds(check, study, Level::Card, at))
    }

    /// Whether a case may be about what the clause lets be read, by modality and body part. What is not known yet may be: each
    /// study is judged for itself when it is opened.
    #[must_use]
    pub fn may_be_asked(&self, modality: &str, region: &str) -> bool {
        let among = |list: &[String], code: &str| list.iter().any(|known| known == code);
        let fits = |wanted: &[String], code: &str| wanted.is_empty() || code.is_empty() || among(wanted, code);
        fits(&self.modalities, modality)
            && !among(&self.modalities_excluded, modality)
            && fits(&self.regions, region)
            && !among(&self.regions_excluded, region)
    }

    /// Whether the clause lets its reader go to `level` with a study at this moment.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] or [`Refusal::OutsideHours`].
    pub fn covers(&self, study: &StudyFacts, level: Level, at: Moment) -> Result<(), Refusal> {
        match Check::ALL.into_iter().find(|check| !self.holds(*check, study, level, at)) {
            Some(broken) => Err(broken.refusal()),
            None => Ok(()),
        }
    }
}

impl Agreement {
    /// The same terms as a first version with a party under another name: it lost the key that it was named by.
    #[must_use]
    pub fn between_anew(mut self, id: Id128, old: &SiteId, new: SiteId, drafted: Timestamp) -> Self {
        let renamed = |site: &mut SiteId| {
            if site == old {
                *site = new;
            }
        };
        self.parties.iter_mut().for_each(|party| renamed(&mut party.site));
        for clause in &mut self.clauses {
            renamed(&mut clause.holder);
            renamed(&mut clause.reader);
        }
        (self.id, self.version, self.drafted) = (id, 1, drafted);
        self
    }

    /// The clause by which `reader` may see studies of `holder`.
    #[must_use]
    pub fn clause(&self, holder: &SiteId, reader: &SiteId) -> Option<&Clause> {
        self.clauses.iter().find(|c| c.holder == *holder && c.reader == *reader)
    }

    /// Whether one may read for this under it.
    #[must_use]
    pub fn is_for(&self, purpose: Purpose) -> bool {
        self.purposes.is_empty() || self.purposes.contains(&purpose)
    }

    /// Whether its period has begun.
    #[must_use]
    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.not_before <= now
    }

    /// Whether its period is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.not_after.is_some_and(|end| now >= end)
    }
}

impl Text for Agreement {
    const SIGNED: &'static str = "signed agreement";

    fn between(&self) -> Vec<SiteId> {
        self.parties.iter().map(|party| party.site).collect()
    }

    /// Two different parties, clauses only between them, spans within the week, names within bounds.
    fn is_sound(&self) -> bool {
        let [a, b] = &self.parties;
        let between =
            |c: &Clause| (c.holder == a.site && c.reader == b.site) || (c.holder == b.site && c.reader == a.site);
        a.site != b.site
            && self.version > 0
            && self.clauses.len() <= 2
            && self.parties.iter().all(Party::is_sound)
            && self.about.iter().all(About::is_sound)
            && is_line(&self.legal_reference)
            && self.purposes.len() <= Purpose::ALL.len()
            && self.clauses.iter().all(|c| between(c) && c.is_sound())
    }
}

/// An agreement's bytes with the signatures collected so far.
pub type SignedAgreement = Countersigned<Agreement>;

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }
    fn site(seed: u8) -> SiteId {
        SiteId(key(seed).verifying_key().to_bytes())
    }
    fn agreement() -> Agreement {
        let clause = Clause {
            holder: site(1),
            reader: site(2),
            announce: true,
            level: Level::Pixels,
            modalities: vec!["CT".to_owned()],
            modalities_excluded: vec!["MG".to_owned()],
            since_days: None,
            hours: None,
            fields: Vec::new(),
            cache_days: 7,
            regions: Vec::new(),
            regions_excluded: Vec::new(),
            onward: false,
            kbits_max: None,
            break_glass: None,
            with_case: false,
            on_duty: false,
            presence: false,
        };
        Agreement {
            id: Id128([9; 16]),
            version: 1,
            parties: [1, 2].map(|n| Party { site: site(n), name: format!("site {n}") }),
            about: [About::default(), About::default()],
            legal_reference: String::new(),
            purposes: Vec::new(),
            preset: Preset::Custom,
            clauses: vec![clause],
            not_before: Timestamp(0),
            not_after: None,
            drafted: Timestamp(0),
        }
    }
    fn study(modalities: &[&str]) -> StudyFacts {
        let modalities = modalities.iter().map(|m| (*m).to_owned()).collect();
        StudyFacts {
            study: crate::ids::Uid::parse("1.2.3").unwrap(),
            modalities,
            regions: vec!["HEAD".to_owned()],
            day: 20_000,
            withheld: Withheld::NOTHING,
        }
    }

    #[test]
    fn both_signatures_make_it_count() {
        let mut signed = SignedAgreement::draft(&key(1), &agreement());
        assert_eq!(signed.open_countersigned(), Err(Refusal::Malformed));
        signed.sign(&key(1));
        assert_eq!(signed.open().unwrap().1, [site(1)], "signing twice changes nothing");
        let mut strange = signed.clone();
        strange.sign(&key(3));
        assert_eq!(strange.open(), Err(Refusal::Malformed), "a stranger's signature spoils it");
        signed.sign(&key(2));
        assert_eq!(signed.open_countersigned(), Ok(agreement()));
    }

    #[test]
    fn an_excluded_modality_outweighs_an_allowed_one() {
        let at = Moment { now: Timestamp(0), week_minute: WeekMinute(0) };
        let clause = &agreement().clauses[0];
        assert_eq!(clause.covers(&study(&["CT", "SR"]), Level::Pixels, at), Ok(()));
        assert_eq!(clause.covers(&study(&["CT", "MG"]), Level::Pixels, at), Err(Refusal::NotPermitted));
        assert_eq!(clause.covers(&study(&["CT"]), Level::Objects, at), Err(Refusal::NotPermitted));
    }

    #[test]
    fn a_region_is_one_that_the_study_names() {
        let at = Moment { now: Timestamp(0), week_minute: WeekMinute(0) };
        let opens = |change: &dyn Fn(&mut Clause)| {
            let mut clause = agreement().clauses[0].clone();
            change(&mut clause);
            clause.covers(&study(&["CT"]), Level::Pixels, at).is_ok()
        };
        let list = |region: &str| vec![region.to_owned()];
        assert!(opens(&|c| c.regions = list("HEAD")));
        assert!(!opens(&|c| c.regions = list("CHEST")));
        assert!(!opens(&|c| c.regions_excluded = list("HEAD")));
        assert!(opens(&|c| c.regions_excluded = list("CHEST")));
    }

    #[test]
    fn a_text_of_many_lines_or_lists_without_end_is_not_sound() {
        let spoilt: [&dyn Fn(&mut Agreement); 4] = [
            &|a| a.legal_reference = "one\ntwo".to_owned(),
            &|a| a.about[1].national_id = "1".repeat(TEXT_MAX + 1),
            &|a| a.purposes = vec![Purpose::Care; Purpose::ALL.len() + 1],
            &|a| a.clauses[0].regions = vec!["HEAD".to_owned(); CODES_MAX + 1],
        ];
        assert!(agreement().is_sound());
        for spoil in spoilt {
            let mut other = agreement();
            spoil(&mut other);
            assert!(!other.is_sound());
        }
    }

    #[test]
    fn a_case_may_be_about_what_the_clause_lets_be_read() {
        let mut clause = agreement().clauses.remove(0);
        clause.regions_excluded = vec!["BREAST".to_owned()];
        let asked = |clause: &Clause| {
            [("CT", "HEAD"), ("CT", ""), ("", ""), ("MR", ""), ("MG", ""), ("CT", "BREAST")]
                .map(|(modality, region)| clause.may_be_asked(modality, region))
        };
        assert_eq!(asked(&clause), [true, true, true, false, false, false]);
        clause.modalities.clear();
        assert_eq!(asked(&clause), [true, true, true, true, false, false], "all but what is excluded");
        clause.regions = vec!["HEAD".to_owned()];
        assert_eq!(asked(&clause), [true, true, true, true, false, false]);
        assert!(!clause.may_be_asked("CT", "CHEST"));
    }

    #[test]
    fn a_clause_between_others_is_not_sound() {
        let mut with_stranger = agreement();
        with_stranger.clauses[0].reader = site(3);
        assert!(!with_stranger.is_sound());
        let mut with_itself = agreement();
        with_itself.parties[1] = with_itself.parties[0].clone();
        assert!(!with_itself.is_sound());
    }

    proptest! {
        #[test]
        fn any_changed_byte_spoils_it(at: prop::sample::Index, bit in 0u8..8) {
            let mut signed = SignedAgreement::draft(&key(1), &agreement());
            signed.sign(&key(2));
            let mut bytes = wire::encode(&signed);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let opened = wire::decode::<SignedAgreement>(&bytes).map(|s| s.open_countersigned());
            prop_assert!(!matches!(opened, Ok(Ok(_))));
        }

        #[test]
        fn hours_are_half_open_and_may_wrap(from in 0u16..10_080, length in 1u16..10_079) {
            let to = (from + length) % WEEK_MINUTES;
            let hours = WeeklyHours { time_zone: "UTC".to_owned(), spans: vec![(WeekMinute(from), WeekMinute(to))] };
            prop_assert!(hours.contains(WeekMinute(from)));
            prop_assert!(hours.contains(WeekMinute((from + length - 1) % WEEK_MINUTES)));
            prop_assert!(!hours.contains(WeekMinute(to)));
        }
    }
}
