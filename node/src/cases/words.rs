//! The words of programs for what cases are made of: in the API, on the command line and in evidence.

use protocol::{
    case::{
        event::{Class, Consent, Examination, Kind, Priority, Skip, Standing, Step},
        practice::Rule,
        state::{Stage, Void},
    },
    identity::Standing as Identity,
};

/// A table both ways.
macro_rules! words {
    ($type:ty, $word:ident, $of:ident, $($value:pat => $text:literal / $make:expr),+ $(,)?) => {
        pub(crate) const fn $word(value: $type) -> &'static str {
            match value { $($value => $text),+ }
        }
        pub(crate) fn $of(word: &str) -> Option<$type> {
            match word { $($text => Some($make),)+ _ => None }
        }
    };
}

words!(Kind, kind_word, kind_of,
    Kind::Diagnosis => "diagnosis" / Kind::Diagnosis,
    Kind::Expertise => "expertise" / Kind::Expertise);
words!(Priority, priority_word, priority_of,
    Priority::P0 => "P0" / Priority::P0,
    Priority::P1 => "P1" / Priority::P1,
    Priority::P2 => "P2" / Priority::P2,
    Priority::P3 => "P3" / Priority::P3);
words!(Consent, consent_word, consent_of,
    Consent::Informed => "informed" / Consent::Informed,
    Consent::Unable => "unable" / Consent::Unable,
    Consent::Open => "open" / Consent::Open);
words!(Standing, standing_word, standing_of,
    Standing::Preliminary => "preliminary" / Standing::Preliminary,
    Standing::Final => "final" / Standing::Final,
    Standing::Addendum => "addendum" / Standing::Addendum,
    Standing::SecondReading => "second-reading" / Standing::SecondReading);
words!(Class, class_word, class_of,
    Class::None => "none" / Class::None,
    Class::Minor => "minor" / Class::Minor,
    Class::Moderate => "moderate" / Class::Moderate,
    Class::Major => "major" / Class::Major,
    Class::Severe => "severe" / Class::Severe);
words!(Option<Identity>, identity_word, identity_of,
    None => "unknown" / None,
    Some(Identity::Provisional) => "provisional" / Some(Identity::Provisional),
    Some(Identity::Retrieved) => "retrieved" / Some(Identity::Retrieved),
    Some(Identity::Validated) => "validated" / Some(Identity::Validated),
    Some(Identity::Qualified) => "qualified" / Some(Identity::Qualified));

words!(Examination, examination_word, examination_of,
    Examination::Unsaid => "" / Examination::Unsaid,
    Examination::Clinical => "clinical" / Examination::Clinical,
    Examination::ScreeningFirst => "screening-first" / Examination::ScreeningFirst,
    Examination::ScreeningSecond => "screening-second" / Examination::ScreeningSecond);

/// Why it is not read from afar.
pub(crate) const fn rule_word(rule: Rule) -> &'static str {
    match rule {
        Rule::ScreeningFirst => "screening-first",
        Rule::ScreeningSecond => "screening-second",
        Rule::NuclearAlone => "nuclear-alone",
    }
}

pub(crate) const fn skip_word(skip: Skip) -> &'static str {
    match skip {
        Skip::Unreachable => "unreachable",
        Skip::NobodyOnDuty => "nobody-on-duty",
        Skip::NotCompetent => "not-competent",
        Skip::NotAgreed => "not-agreed",
        Skip::OutOfScope => "out-of-scope",
        Skip::Refused => "refused",
        Skip::TimedOut => "timed-out",
        Skip::FromAfar => "from-afar",
    }
}

pub(crate) const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Requested => "requested",
        Stage::Offered => "offered",
        Stage::Accepted => "accepted",
        Stage::Acquired => "acquired",
        Stage::Complemented => "complemented",
        Stage::ImagesReady => "images-ready",
        Stage::Reading => "reading",
        Stage::Preliminary => "preliminary",
        Stage::Final => "final",
        Stage::Delivered => "delivered",
        Stage::Acknowledged => "acknowledged",
        Stage::Reopened => "reopened",
        Stage::Closed => "closed",
        Stage::Cancelled => "cancelled",
        Stage::Unserved => "unserved",
    }
}

pub(crate) const fn step_word(step: &Step) -> &'static str {
    match step {
        Step::Requested(_) => "requested",
        Step::Offered { .. } => "offered",
        Step::TimedOut { .. } => "timed-out",
        Step::Accepted { .. } => "accepted",
        Step::Refused { .. } => "refused",
        Step::Acquired { .. } => "acquired",
        Step::Complement { .. } => "complement",
        Step::ImagesReady { .. } => "images-ready",
        Step::Claimed => "claimed",
        Step::Released { .. } => "released",
        Step::HandedOver { .. } => "handed-over",
        Step::Reading => "reading",
        Step::Reported(_) | Step::Illustrated { .. } => "reported",
        Step::Delivered { .. } => "delivered",
        Step::Acknowledged { .. } => "acknowledged",
        Step::Heard { .. } => "heard",
        Step::Compared { .. } => "compared",
        Step::InfoAsked { .. } => "info-asked",
        Step::InfoGiven { .. } => "info-given",
        Step::OnHold { .. } => "on-hold",
        Step::Resumed => "resumed",
        Step::Escalated { .. } => "escalated",
        Step::Cancelled { .. } => "cancelled",
        Step::Unserved { .. } => "unserved",
        Step::Closed => "closed",
        Step::Reopened { .. } => "reopened",
        Step::Said { .. } => "said",
        Step::Skipped { .. } => "skipped",
        Step::Prioritised { .. } => "prioritised",
        Step::Expected { .. } => "expected",
        Step::Attached(_) => "attached",
        Step::Reachable { .. } => "reachable",
        Step::Specified(_) => "specified",
        Step::Identified(_) => "identified",
        Step::Uncovered { .. } => "uncovered",
        Step::Regulated { .. } => "regulated",
    }
}

pub(crate) const fn void_word(void: &Void) -> &'static str {
    match void {
        Void::Begun => "begun",
        Void::NoParty => "no-party",
        Void::NotYours => "not-yours",
        Void::Claimed { .. } => "claimed",
        Void::NotClaimed => "not-claimed",
        Void::TooLate => "too-late",
        Void::TooEarly => "too-early",
        Void::Complemented => "complemented",
        Void::Reported => "reported",
        Void::NoReport => "no-report",
        Void::AlreadyFinal => "already-final",
        Void::NotReadBack => "not-read-back",
        Void::Owed => "owed",
        Void::Malformed => "malformed",
        Void::Full => "full",
        Void::FromAfar(rule) => rule_word(*rule),
    }
}
