//! Records and rows of the rules on arrival: the rules themselves, labels, what rules set going, and how far it is.
//!
//! # Not here
//! Whether a rule means a study, and doing what it says: `rules`.

use super::first::FirstConditions;
use protocol::{
    AeTitle, Digest, SiteId, Timestamp, Uid,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};

/// Which studies a rule means. Of each list one pattern must match (`*` any run, `?` any character; case and accents do
/// not count); an empty list asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conditions {
    /// Modality (0008,0060). One series must match all that is asked of series: modality, station, its description and
    /// body part.
    pub(crate) modalities: Vec<String>,
    /// Station Name (0008,1010).
    pub(crate) stations: Vec<String>,
    /// Series Description (0008,103E).
    pub(crate) series_descriptions: Vec<String>,
    /// Body Part Examined (0018,0015).
    pub(crate) body_parts: Vec<String>,
    /// Study Description (0008,1030).
    pub(crate) descriptions: Vec<String>,
    /// Referring Physician's Name (0008,0090).
    pub(crate) referrers: Vec<String>,
    /// Who brought instances of it: an AE title, or the name of an account or token.
    pub(crate) senders: Vec<String>,
    /// Years at the study's date, inclusive.
    pub(crate) age_from: Option<u16>,
    pub(crate) age_to: Option<u16>,
    /// When it was complete, `19:00-06:00` by the local clock.
    pub(crate) hours: Option<String>,
    /// Institution Name (0008,0080), of the series too: who sent what a medium or a PACS of elsewhere brings.
    pub(crate) institutions: Vec<String>,
}

/// What a rule has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actions {
    /// Known AEs to which the study is sent.
    pub(crate) routes: Vec<AeTitle>,
    pub(crate) labels: Vec<String>,
    /// Earlier studies of the patient brought here; 0: none.
    pub(crate) priors: u8,
    /// Hours after which it goes to the cold tier, compressed; 0: at once; `None`: not.
    pub(crate) cold_after_h: Option<u32>,
    /// Peers that are told that it is meant for them.
    pub(crate) offers: Vec<SiteId>,
    /// A peer's study is fetched; only of rules on cards, which always do so.
    pub(crate) fetch: Option<Fetch>,
}

/// How a peer's study is fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fetch {
    /// Only at these hours, by the local clock.
    pub(crate) hours: Option<String>,
    /// Megabytes a second at most.
    pub(crate) mb_s: Option<u32>,
}

/// What a rule looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trigger {
    /// A study of ours that is complete.
    #[default]
    Arrival,
    /// A peer's study, by its card.
    Card {
        /// Of these peers; empty: of any.
        peers: Vec<SiteId>,
        /// Only what the peer says is meant for us.
        is_offered: bool,
    },
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) is_on: bool,
    pub(crate) trigger: Trigger,
    pub(crate) conditions: Conditions,
    pub(crate) actions: Actions,
}

/// Journal record: a rule is as it says from here on, or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RuleRecord {
    pub(crate) id: u64,
    /// Rises with every change. A rule fires once for a study in each version.
    pub(crate) version: u32,
    /// It means studies of which something came in since.
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    /// `None`: it is removed.
    pub(crate) rule: Option<Rule>,
}

/// [`RuleRecord`] before rules had to do with peers, and asked for institutions.
#[derive(Deserialize)]
struct RuleRecordV1 {
    id: u64,
    version: u32,
    at: Timestamp,
    person: String,
    rule: Option<RuleV1>,
}

#[derive(Deserialize)]
struct RuleV1 {
    name: String,
    is_on: bool,
    conditions: FirstConditions,
    actions: ActionsV1,
}

#[derive(Deserialize)]
struct ActionsV1 {
    routes: Vec<AeTitle>,
    labels: Vec<String>,
    priors: u8,
    cold_after_h: Option<u32>,
}

impl From<RuleV1> for Rule {
    fn from(old: RuleV1) -> Self {
        let ActionsV1 { routes, labels, priors, cold_after_h } = old.actions;
        let actions = Actions { routes, labels, priors, cold_after_h, ..Actions::default() };
        let RuleV1 { name, is_on, conditions, .. } = old;
        Self { name, is_on, trigger: Trigger::Arrival, conditions: conditions.into(), actions }
    }
}

impl Wire for RuleRecord {
    const VERSION: u8 = 2;
    const NAME: &'static str = "rule record";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let RuleRecordV1 { id, version, at, person, rule } = wire::decode_body(body)?;
        Ok(Self { id, version, at, person, rule: rule.map(Rule::from) })
    }
}

/// Journal record: labels of a study, by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct LabelRecord {
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) person: String,
    pub(in crate::archive) add: Vec<String>,
    pub(in crate::archive) remove: Vec<String>,
}

/// Journal record: what rules set going for a study, all in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct FireRecord {
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) at: Timestamp,
    /// Numbers and versions of the rules that fired.
    pub(in crate::archive) rules: Vec<(u64, u32)>,
    pub(in crate::archive) labels: Vec<String>,
    /// Where what is not sent yet is to go, each with the rule that says so.
    pub(in crate::archive) routes: Vec<(AeTitle, u64)>,
    pub(in crate::archive) cold_at: Option<Timestamp>,
    /// Peers to which it is to be offered, each with the rule that says so.
    pub(in crate::archive) offers: Vec<(SiteId, u64)>,
}

/// [`FireRecord`] before studies were offered to peers.
#[derive(Deserialize)]
struct FireRecordV1 {
    study: Uid,
    at: Timestamp,
    rules: Vec<(u64, u32)>,
    labels: Vec<String>,
    routes: Vec<(AeTitle, u64)>,
    cold_at: Option<Timestamp>,
}

impl Wire for FireRecord {
    const VERSION: u8 = 2;
    const NAME: &'static str = "fire record";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let FireRecordV1 { study, at, rules, labels, routes, cold_at } = wire::decode_body(body)?;
        Ok(Self { study, at, rules, labels, routes, cold_at, offers: Vec::new() })
    }
}

/// Sixteen bytes of the digest of an instance's bytes: enough to tell those of one study apart.
pub(crate) type Print = [u8; 16];

/// The print of an object.
pub(crate) fn print(digest: &Digest) -> Print {
    digest.0.first_chunk().copied().unwrap_or_default()
}

/// Journal record: instances of a study on their way to an AE are dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct RoutedRecord {
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) to: AeTitle,
    pub(in crate::archive) at: Timestamp,
    /// The AE has acknowledged them.
    pub(in crate::archive) sent: Vec<Print>,
    /// Somebody decided that they are not sent.
    pub(in crate::archive) dropped: Vec<Print>,
    /// Nothing more waits.
    pub(in crate::archive) is_done: bool,
}

/// The rules that fired for a study, each in its last version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct Fired(pub(in crate::archive) Vec<(u64, u32)>);

/// A study on its way to an AE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RouteRow {
    /// The rule that asked last.
    pub(crate) rule: u64,
    pub(crate) since: Timestamp,
    /// When something of it was dealt with last.
    pub(crate) at: Timestamp,
    /// Not all of it is dealt with.
    pub(crate) is_open: bool,
    pub(crate) sent: u32,
    pub(crate) dropped: u32,
    /// What was sent or dropped.
    pub(crate) dealt: Vec<Print>,
}

/// The labels of a study, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct StudyLabels(pub(in crate::archive) Vec<String>);

/// A rule says that a study goes cold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct ColdDue(pub(in crate::archive) Timestamp);

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::wire::{self, Wire};
    use std::fmt::Debug;

    fn is_written_as<T: Wire + PartialEq + Debug>(value: &T, parts: &[&[u8]]) {
        let bytes = parts.concat();
        assert_eq!(wire::encode(value), bytes);
        assert_eq!(wire::decode::<T>(&bytes).unwrap(), *value);
    }

    #[test]
    fn records_are_written_as_ever() {
        let (study, at, person) = (Uid::parse("1.2").unwrap(), Timestamp(3), "amy".to_owned());
        let to = AeTitle::parse("AE").unwrap();
        let (modalities, institutions) = (vec!["CT".into()], vec!["CH".into()]);
        let conditions = Conditions { modalities, age_from: Some(18), institutions, ..Conditions::default() };
        let fetch = Some(Fetch { hours: None, mb_s: Some(9) });
        let (labels, offers) = (vec!["x".into()], vec![SiteId([7; 32])]);
        let actions = Actions { routes: vec![], labels, priors: 2, cold_after_h: Some(5), offers, fetch };
        let trigger = Trigger::Card { peers: vec![SiteId([8; 32])], is_offered: true };
        let rule = Some(Rule { name: "n".into(), is_on: true, trigger, conditions, actions });
        let record = RuleRecord { id: 1, version: 2, at, person: person.clone(), rule };
        let head: [&[u8]; 4] = [&[1, 2, 3, 3], b"amy", &[1, 1], b"n"];
        let means: [&[u8]; 4] = [&[1, 2], b"CT", &[0; 6], &[1, 18, 0, 0]];
        let from: [&[u8]; 2] = [&[1, 2], b"CH"];
        let does: [&[u8]; 3] = [&[0, 1, 1], b"x", &[2, 1, 5]];
        let card: [&[u8]; 3] = [&[1, 1], &[8; 32], &[1]];
        let more: [&[u8]; 3] = [&[1], &[7; 32], &[1, 0, 1, 9]];
        let conditions = [&means[..], &from[..]].concat();
        let parts = [&[&[2][..]], &head[..], &[&[1]], &card[..], &conditions[..], &does[..], &more[..]];
        is_written_as(&record, &parts.concat());
        let parts = [&[&[1][..]], &head[..], &[&[1]], &means[..], &does[..]];
        let old: RuleRecord = wire::decode(&parts.concat().concat()).unwrap();
        let read = old.rule.unwrap();
        assert_eq!((read.trigger, read.actions.labels.len(), read.actions.offers.len()), (Trigger::Arrival, 1, 0));
        is_written_as(&RuleRecord { rule: None, ..record }, &[&[2, 1, 2, 3, 3], b"amy", &[0]]);
        let label = LabelRecord { study: study.clone(), at, person, add: vec!["x".into()], remove: vec![] };
        is_written_as(&label, &[&[1, 3], b"1.2", &[3, 3], b"amy", &[1, 1], b"x", &[0]]);
        let fire = FireRecord {
            study: study.clone(),
            at,
            rules: vec![(1, 2)],
            labels: vec!["x".into()],
            routes: vec![(to.clone(), 1)],
            cold_at: Some(Timestamp(7)),
            offers: vec![(SiteId([7; 32]), 1)],
        };
        let old: [&[u8]; 6] = [&[3], b"1.2", &[3, 1, 1, 2, 1, 1], b"x", &[1, 2], b"AE"];
        is_written_as(&fire, &[&[&[2][..]], &old[..], &[&[1, 1, 7], &[1], &[7; 32], &[1]]].concat());
        let read: FireRecord = wire::decode(&[&[&[1][..]], &old[..], &[&[1, 1, 7]]].concat().concat()).unwrap();
        assert_eq!(read, FireRecord { offers: vec![], ..fire });
        let routed = RoutedRecord { study, to, at, sent: vec![[9; 16]], dropped: vec![], is_done: true };
        is_written_as(&routed, &[&[1, 3], b"1.2", &[2], b"AE", &[3, 1], &[9; 16], &[0, 1]]);
    }
}
