//! Whether a study is of the patient that is meant: by an equal identifier with an equal issuer, or by a link that a person
//! confirmed or the strict rule asserted, and by nothing else. What only looks alike is a candidate: it is shown to be compared,
//! and stands beside nothing.
//!
//! # Not here
//! How alike two records are: `protocol::identity`. What persons decided: `links`.

use crate::links::{Links, Pair};
use lru::LruCache;
use protocol::{
    SiteId, Uid,
    identity::{self, Between, Identifier, LinkState, Method, Record, Standing, Trait},
    ids::Id128,
    manifest::Patient,
};
use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

/// Studies of which a holder said whose they are though their cards do not; the least recently used is asked about again.
const VOUCHED_MAX: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

/// Whose a study is, as one side tells it.
#[derive(Clone, Debug)]
pub(crate) struct Whose {
    /// Any of them is the patient's.
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) record: Record,
    /// As it is shown.
    pub(crate) patient: Patient,
    /// Who tells it; `None`: we.
    pub(crate) site: Option<SiteId>,
}

impl Whose {
    pub(super) fn of(patient: &Patient, custodian_name: &str, site: Option<SiteId>) -> Self {
        let record = Record::of_study(patient, custodian_name);
        Self { identifiers: record.identifiers.clone(), record, patient: patient.clone(), site }
    }

    /// With how sure its side is, and the national number by which that side knows the patient: of the strict rule's comparison,
    /// and no identifier to be asked by.
    pub(super) fn identified(mut self, standing: Option<Standing>, national: Option<Identifier>) -> Self {
        if let Some(standing) = standing {
            self.record = self.record.identified(standing, national);
        }
        self
    }
}

/// What a study is to a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    /// It bears the patient's identifier.
    Same,
    /// A person confirmed it, or the strict rule.
    Linked(Id128),
    /// The strict rule holds, and a link is to be asserted: until then it opens nothing.
    Strict(Box<Pair>),
    /// It looks alike, in all but these; and what was said of it before.
    Candidate {
        differs: Vec<Trait>,
        link: Option<Id128>,
        state: Option<LinkState>,
    },
    Other,
}

impl Is {
    /// Lower is nearer.
    const fn distance(&self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Linked(_) => 1,
            Self::Strict(_) => 2,
            Self::Candidate { .. } => 3,
            Self::Other => 4,
        }
    }

    /// Whether it may stand beside a study of the patient's.
    pub(crate) const fn is_prior(&self) -> bool {
        matches!(self, Self::Same | Self::Linked(_))
    }
}

fn of_side(meant: &Whose, other: &Whose, links: &Links) -> Is {
    let candidate = |differs, link: Option<&identity::Link>| Is::Candidate {
        differs,
        link: link.map(|link| link.id),
        state: link.map(|link| link.state),
    };
    let between = identity::between((&meant.identifiers, &meant.record), (&other.identifiers, &other.record));
    match between {
        Between::Same => return Is::Same,
        Between::Contradicts(differs) => return candidate(differs, None),
        Between::Strict | Between::Alike(_) | Between::Other => {}
    }
    let pairs = || meant.identifiers.iter().flat_map(|one| other.identifiers.iter().map(move |two| (one, two)));
    let said: Vec<identity::Link> = pairs().filter_map(|(one, two)| links.between(one, two)).collect();
    // One "no" outweighs any "yes": nobody sees images on a contradiction.
    if said.iter().any(|link| link.state == LinkState::Rejected) {
        return Is::Other;
    }
    if let Some(link) = said.iter().find(|link| link.state == LinkState::Confirmed) {
        // A person has compared; what came by itself does not outlast what it came from.
        let differs = identity::contradictions(&meant.record, &other.record);
        let stands = link.method != Method::Strict || differs.is_empty();
        return if stands { Is::Linked(link.id) } else { candidate(differs, Some(link)) };
    }
    match between {
        Between::Strict => {
            // What a person took back is proposed again, and comes no more by itself; of two records of ours there is no link.
            let is_free = said.iter().all(|link| link.state == LinkState::Candidate);
            match strict_pair(meant, other).filter(|_| is_free) {
                Some(pair) => Is::Strict(Box::new(pair)),
                None => candidate(Vec::new(), said.first()),
            }
        }
        Between::Alike(differs) => candidate(differs, said.first()),
        Between::Same | Between::Contradicts(_) | Between::Other => Is::Other,
    }
}

/// The records that a link by the strict rule is about.
fn strict_pair(meant: &Whose, other: &Whose) -> Option<Pair> {
    let (ours, theirs) = (meant.identifiers.first()?.clone(), other.identifiers.first()?.clone());
    Some(Pair { ours, theirs, peer: other.site.or(meant.site)? })
}

/// What a study is to a patient, by all sides that tell of it: the nearest, unless another side speaks of somebody else.
pub(super) fn compare(meant: &Whose, sides: &[Whose], links: &Links) -> Is {
    let nearest = sides.iter().map(|side| of_side(meant, side, links)).min_by_key(Is::distance).unwrap_or(Is::Other);
    let differs: Vec<Trait> =
        sides.iter().flat_map(|side| identity::contradictions(&meant.record, &side.record)).collect();
    match nearest {
        Is::Same | Is::Strict(_) if !differs.is_empty() => Is::Candidate { differs, link: None, state: None },
        nearest => nearest,
    }
}

/// What holders said, asked by identifier, of studies whose cards name no patient.
#[derive(Debug)]
pub(in super::super) struct Vouched(Mutex<LruCache<(SiteId, Uid), (u64, Identifier)>>);

impl Default for Vouched {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(VOUCHED_MAX)))
    }
}

impl Vouched {
    pub(super) fn note(&self, holder: SiteId, study: &Uid, version: u64, identifier: Identifier) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put((holder, study.clone()), (version, identifier));
    }

    /// As long as the card is the one of which it was said: a study that was corrected may be another's.
    pub(super) fn of(&self, holder: SiteId, study: &Uid, version: u64) -> Option<Identifier> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(holder, study.clone())).filter(|(of, _)| *of == version).map(|(_, identifier)| identifier.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::{Actor, Audit},
        identity::Identity,
        journal::Journal,
        links::Pair,
        tasks::Tasks,
    };
    use std::sync::Arc;

    fn links(folder: &std::path::Path) -> Links {
        let tasks = Tasks::default();
        let identity = Arc::new(Identity::from_seed(&[1; 32]));
        let audit = Audit::open(folder, &tasks).unwrap();
        let journal = Journal::open(&folder.join("journal").join("site"), &tasks).unwrap();
        Links::open(journal, identity, audit, &tasks).unwrap()
    }

    fn whose(name: &str, id: &str, issuer: Option<&str>, at: &str) -> Whose {
        let told = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let patient = Patient {
            name: told(name),
            birth_date: told(if name.is_empty() { "" } else { "19610524" }),
            sex: told("F"),
            id: told(id),
            issuer: issuer.map(str::to_owned),
        };
        Whose::of(&patient, at, Some(SiteId([2; 32])))
    }

    #[tokio::test]
    async fn a_local_number_is_nobodys_elsewhere_and_a_shared_one_is_the_same_unless_the_person_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let links = links(folder.path());
        let meant = whose("KERVELLA^MAIWENN", "42", None, "CH Nord");
        let is = |other: Whose| compare(&meant, &[other], &links);
        assert_eq!(is(whose("DURAND^ZOE", "42", None, "CHU Sud")), Is::Other, "42 at another site");
        assert_eq!(is(whose("KERVELLA^MAIWENN", "42", Some("CH Nord"), "CHU Sud")), Is::Same);
        assert_eq!(
            is(whose("", "42", Some("CH Nord"), "CHU Sud")),
            Is::Same,
            "what is not told is not held against it"
        );
        let wrong = is(whose("DURAND^ZOE", "42", Some("CH Nord"), "CHU Sud"));
        assert!(matches!(&wrong, Is::Candidate { differs, .. } if differs.len() == 2), "{wrong:?}");
        assert!(!wrong.is_prior());
        // Two sites tell of one study, and one of them says that it is somebody else.
        let sides = [whose("", "42", Some("CH Nord"), "CHU Sud"), whose("DURAND^ZOE", "9", None, "Clinique Ouest")];
        assert!(!compare(&meant, &sides, &links).is_prior());
    }

    #[tokio::test]
    async fn what_looks_alike_opens_nothing_before_a_person_confirms_and_nothing_after_one_rejects() {
        let folder = tempfile::tempdir().unwrap();
        let links = links(folder.path());
        let meant = whose("KERVELLA^MAIWENN", "42", None, "CH Nord");
        let other = whose("Kervella^Maïwenn", "77", None, "CHU Sud");
        let is = || compare(&meant, std::slice::from_ref(&other), &links);
        assert!(matches!(is(), Is::Candidate { state: None, .. }));
        let pair =
            Pair { ours: meant.identifiers[0].clone(), theirs: other.identifiers[0].clone(), peer: SiteId([2; 32]) };
        let confirmed = links.decide(Actor::default(), pair.clone(), LinkState::Confirmed).await.unwrap();
        assert_eq!(is(), Is::Linked(confirmed.id));
        links.decide(Actor::default(), pair.clone(), LinkState::Revoked).await.unwrap();
        assert!(matches!(is(), Is::Candidate { state: Some(LinkState::Revoked), .. }));
        links.decide(Actor::default(), pair, LinkState::Rejected).await.unwrap();
        assert_eq!(is(), Is::Other);
    }

    #[tokio::test]
    async fn the_strict_rule_links_two_qualified_identities_with_equal_traits_and_nothing_less() {
        const OID: &str = "1.2.250.1.213.1.4.8";
        let folder = tempfile::tempdir().unwrap();
        let links = links(folder.path());
        let number = |issuer: &str| Some(Identifier { issuer: issuer.to_owned(), id: "255081416802538".to_owned() });
        let sure = |whose: Whose, standing, issuer: &str| whose.identified(Some(standing), number(issuer));
        let meant = || sure(whose("KERVELLA^MAIWENN", "42", None, "CH Nord"), Standing::Qualified, OID);
        let theirs = |name: &str| whose(name, "77", None, "CHU Sud");
        let is = |other: &Whose| compare(&meant(), std::slice::from_ref(other), &links);
        let only_alike = |is: Is| matches!(is, Is::Candidate { .. });

        let same = sure(theirs("Kervella^Maïwenn"), Standing::Qualified, OID);
        let Is::Strict(pair) = is(&same) else { panic!("{:?}", is(&same)) };
        assert!(!is(&same).is_prior(), "nothing opens before the link is there");
        for lesser in [Standing::Provisional, Standing::Retrieved, Standing::Validated] {
            assert!(only_alike(is(&sure(theirs("KERVELLA^MAIWENN"), lesser, OID))), "{lesser:?}");
        }
        assert!(only_alike(is(&theirs("KERVELLA^MAIWENN"))), "nothing is known of how sure the holder is");
        assert!(only_alike(is(&sure(theirs("KERVELA^MAIWENN"), Standing::Qualified, OID))), "a trait differs");
        assert!(only_alike(is(&sure(theirs("KERVELLA^MAIWENN"), Standing::Qualified, "CHU Sud"))), "a local number");
        let test = sure(theirs("KERVELLA^MAIWENN"), Standing::Qualified, "1.2.250.1.213.1.4.10");
        assert!(only_alike(is(&test)), "another national issuer");
        let other = sure(theirs("KERVELLA^MAIWENN"), Standing::Qualified, OID);
        let other = [other, whose("DURAND^ZOE", "9", None, "Clinique Ouest")];
        assert!(!matches!(compare(&meant(), &other, &links), Is::Strict(_)), "another site speaks of somebody else");

        let link = links.assert(*pair.clone()).await.unwrap();
        assert_eq!((link.method, link.ours.id.as_str(), link.theirs.id.as_str()), (Method::Strict, "42", "77"));
        assert_eq!(is(&same), Is::Linked(link.id));
        let corrected = sure(theirs("DURAND^ZOE"), Standing::Qualified, OID);
        assert!(only_alike(is(&corrected)), "it does not outlast what it came from");
        links.decide(Actor::default(), *pair, LinkState::Revoked).await.unwrap();
        assert!(only_alike(is(&same)), "what a person took back does not come again by itself");
    }

    #[test]
    fn what_a_holder_said_of_a_card_is_not_said_of_the_next() {
        let vouched = Vouched::default();
        let (holder, study) = (SiteId([2; 32]), Uid::parse("1.2.3").unwrap());
        let identifier = Identifier { issuer: "X".to_owned(), id: "1".to_owned() };
        vouched.note(holder, &study, 3, identifier.clone());
        assert_eq!(vouched.of(holder, &study, 3), Some(identifier));
        assert_eq!(vouched.of(holder, &study, 4), None);
        assert_eq!(vouched.of(SiteId([3; 32]), &study, 3), None);
    }
}
