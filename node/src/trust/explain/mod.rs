//! Why: the judgement of [`super::Trust::authorize`], overheard, with each link in plain words in two languages.
//!
//! Nothing here decides. The words are made afterwards, from the links that the judgement said and from the texts that
//! it looked at.
//!
//! # Not here
//! The judgement: [`super::judge`]. The words of purposes, duty and chains of grants: [`links`].

mod links;

use super::{
    Caller, Held, Trust, hours,
    judge::{By, Ground, Link, Step},
    notices::Notices,
    records::State,
    sentences::{Language, moment, spans},
};
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Agreement, Check, Clause, Level, StudyFacts},
    catalog::Basis,
    grant::{GrantCheck, Narrow},
    ids::Id128,
};

/// One link, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExplainedStep {
    pub(crate) step: Step,
    /// The version of the agreement that was looked at.
    pub(crate) version: Option<u32>,
    pub(crate) french: String,
    pub(crate) english: String,
}

/// A judgement with all that it looked at, in that order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Explanation {
    /// For which moment.
    pub(crate) at: Timestamp,
    /// On which basis (`None`: own study, own reader), and until when at most; or why not.
    pub(crate) verdict: Result<(Option<Basis>, Option<Timestamp>), Refusal>,
    pub(crate) steps: Vec<ExplainedStep>,
}

impl Explanation {
    /// What was wrong, one link for each ground that was looked at; empty when it is allowed.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &ExplainedStep> {
        self.steps.iter().filter(|s| self.verdict.is_err() && !s.step.holds)
    }

    /// What was wrong in a few words, for evidence. No names.
    pub(crate) fn note(&self) -> String {
        let said = self.wrong().map(|s| match (s.step.ground, s.version) {
            (Ground::Agreement(id), Some(version)) => format!("agreement {id} v{version}: {}", s.step.link.word()),
            (Ground::Agreement(id), None) => format!("agreement {id}: {}", s.step.link.word()),
            (Ground::Grant(id), _) => format!("grant {id}: {}", s.step.link.word()),
            (Ground::Sites, _) => s.step.link.word().to_owned(),
        });
        said.collect::<Vec<_>>().join("; ")
    }
}

impl Link {
    /// For programs and for the log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Own => "own-study",
            Self::Learnt => "learnt",
            Self::Paired => "paired",
            Self::NotRevoked => "not-revoked",
            Self::Agreed => "agreed",
            Self::Countersigned => "countersigned",
            Self::NotEnded => "not-ended",
            Self::NotSuspended => "not-suspended",
            Self::NotClosing => "not-closing",
            Self::Begun => "begun",
            Self::NotOver => "not-over",
            Self::Direction => "direction",
            Self::TimeZone => "time-zone",
            Self::NotMasked => "not-masked",
            Self::NotOpposed => "not-opposed",
            Self::GlassAgreed => "glass-agreed",
            Self::GlassOpen => "glass-open",
            Self::Clause(Check::Announced) => "announced",
            Self::Clause(Check::Level) => "level",
            Self::Clause(Check::Modalities) => "modalities",
            Self::Clause(Check::Excluded) => "modalities-excluded",
            Self::Clause(Check::Regions) => "regions",
            Self::Clause(Check::RegionsExcluded) => "regions-excluded",
            Self::Clause(Check::Age) => "study-age",
            Self::Clause(Check::Hours) => "hours",
            Self::Grant(GrantCheck::Subject) => "grant-subject",
            Self::Grant(GrantCheck::Study) => "grant-study",
            Self::Grant(GrantCheck::Level) => "grant-level",
            Self::Grant(GrantCheck::Begun) => "grant-begun",
            Self::Grant(GrantCheck::NotOver) => "grant-not-over",
            Self::Grant(GrantCheck::Purpose) => "grant-purpose",
            Self::Purpose => "purpose",
            Self::Case => "case",
            Self::OnDuty => "on-duty",
            Self::Parent => "grant-parent",
            Self::Depth => "grant-depth",
            Self::Onward => "onward",
            Self::Copies => "grant-copies",
            Self::Narrow(Narrow::Issuer) => "narrower-issuer",
            Self::Narrow(Narrow::Subject) => "narrower-subject",
            Self::Narrow(Narrow::Basis) => "narrower-basis",
            Self::Narrow(Narrow::Study) => "narrower-study",
            Self::Narrow(Narrow::Level) => "narrower-level",
            Self::Narrow(Narrow::Purpose) => "narrower-purpose",
            Self::Narrow(Narrow::Copies) => "narrower-copies",
            Self::Narrow(Narrow::Forward) => "narrower-forward",
            Self::Narrow(Narrow::Begins) => "narrower-begin",
            Self::Narrow(Narrow::Ends) => "narrower-end",
            Self::Narrow(Narrow::Kind) => "narrower-kind",
        }
    }
}

impl Trust {
    /// What [`Trust::authorize`] says to this at a moment, and why. Gives no permit.
    pub(crate) fn explain(
        &self,
        caller: &Caller<'_>,
        study: &StudyFacts,
        held: &Held<'_>,
        level: Level,
        at: Timestamp,
    ) -> Explanation {
        let mut said = Vec::new();
        let mut say = |step| said.push(step);
        let us = self.inner.identity.site();
        let asked = self.question(&us, caller, (study, level), held, &mut say);
        let state = self.state();
        let verdict = match &asked {
            Err(refusal) => Err(*refusal),
            Ok(None) => Ok((None, None)),
            Ok(Some(asked)) => state.judge_aloud(asked, at, &mut say).map(|v| (Some(v.basis), v.until)),
        };
        let peer = match (caller, held) {
            (Caller::Peer(site) | Caller::Reader(site, _) | Caller::As(site, _), _) | (_, Held::ByPeer(site, _)) => {
                Some(**site)
            }
            _ => None,
        };
        let theirs = matches!(held, Held::ByPeer(..));
        let view = View { state: &state, peer, study, level, at, theirs, by: caller.by() };
        let steps = said.into_iter().map(|step| view.explained(step)).collect();
        Explanation { at, verdict, steps }
    }
}

/// What the words are made from.
struct View<'a> {
    state: &'a State,
    peer: Option<SiteId>,
    study: &'a StudyFacts,
    level: Level,
    at: Timestamp,
    /// The peer is the holder, we read.
    theirs: bool,
    by: By,
}

fn date(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "?".to_owned(), |at| format!("{at:.0}").replace('T', " ").replace('Z', " UTC"))
}

fn day(day: i64) -> String {
    u64::try_from(day)
        .map_or_else(|_| "?".to_owned(), |day| date(Timestamp(day.saturating_mul(86_400_000))))
        .chars()
        .take(10)
        .collect()
}

const fn level_words(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::Card => ("la fiche", "the card"),
        Level::Manifest => ("la liste des objets", "the list of objects"),
        Level::Headers => ("les en-têtes", "the headers"),
        Level::Pixels => ("les images", "the images"),
        Level::Objects => ("les images et documents", "images and documents"),
    }
}

/// "yes" or "no" words, French and English.
fn either(holds: bool, yes: (String, String), no: (String, String)) -> (String, String) {
    if holds { yes } else { no }
}

fn both(french: impl Into<String>, english: impl Into<String>) -> (String, String) {
    (french.into(), english.into())
}

/// What the patient or the site holds back, and what an emergency may open.
fn withheld(step: Step) -> (String, String) {
    let (yes, no) = match step.link {
        Link::NotMasked => (
            both("l’étude n’est pas masquée", "the study is not masked"),
            both("l’étude est masquée : aucun autre site ne la voit", "the study is masked: no other site sees it"),
        ),
        Link::NotOpposed => (
            both("le patient ne s’oppose pas au partage", "the patient does not oppose sharing"),
            both("le patient s’oppose au partage de cette étude", "the patient opposes sharing this study"),
        ),
        Link::GlassAgreed => (
            both("l’accord permet le bris de glace", "the agreement lets the glass be broken"),
            both("l’accord ne permet pas le bris de glace", "the agreement does not let the glass be broken"),
        ),
        _ => (
            both("l’étude peut être ouverte en urgence", "the study may be opened in an emergency"),
            both("l’étude est exclue du bris de glace", "the study is kept from broken glass"),
        ),
    };
    either(step.holds, yes, no)
}

impl View<'_> {
    fn explained(&self, step: Step) -> ExplainedStep {
        let text = match step.ground {
            Ground::Agreement(id) => self.text(&id),
            _ => None,
        };
        let (french, english) = self.of_link(step, text);
        ExplainedStep { step, version: text.map(|t| t.version), french, english }
    }

    fn text(&self, id: &Id128) -> Option<&Agreement> {
        let kept = self.state.agreements.get(id)?;
        kept.active.as_ref().or(kept.pending.as_ref()).map(|t| &t.agreement)
    }

    fn name(&self) -> &str {
        let known = self.peer.and_then(|site| self.state.peers.get(&site));
        known.map_or("?", |peer| peer.name.as_str())
    }

    fn clause<'t>(&self, text: Option<&'t Agreement>) -> Option<&'t Clause> {
        let (us, peer) = (&self.state.us, self.peer.as_ref()?);
        let (holder, reader) = if self.theirs { (peer, us) } else { (us, peer) };
        text?.clause(holder, reader)
    }

    fn of_link(&self, step: Step, text: Option<&Agreement>) -> (String, String) {
        match step.link {
            Link::NotMasked | Link::NotOpposed | Link::GlassAgreed | Link::GlassOpen => withheld(step),
            Link::Clause(check) => self.of_clause(check, step.holds, text),
            Link::Grant(check) => self.of_grant(check, step),
            Link::Purpose => self.of_purpose(step, text),
            Link::Case | Link::OnDuty => self.of_duty(step),
            Link::Parent | Link::Depth | Link::Onward | Link::Copies => links::of_chain(step),
            Link::Narrow(what) => links::narrower(what, step.holds),
            Link::Begun | Link::NotOver => {
                let period = (text.map(|t| t.not_before), text.and_then(|t| t.not_after));
                self.of_time(step.link == Link::Begun, step.holds, period)
            }
            Link::NotSuspended | Link::NotClosing => self.of_notices(step),
            Link::Countersigned | Link::NotEnded | Link::Direction | Link::TimeZone => self.of_text(step, text),
            _ => self.of_sites(step),
        }
    }

    /// What must be the case whatever was agreed.
    fn of_sites(&self, step: Step) -> (String, String) {
        let name = self.name();
        let (yes, no) = match step.link {
            Link::Role => (
                both("le rôle permet de lire des études", "the role includes reading studies"),
                both("le rôle ne permet pas de lire des études", "the role does not include reading studies"),
            ),
            Link::Own => (
                both("l’étude est détenue ici", "the study is held here"),
                both(
                    "l’étude est prêtée par un autre site et ne se prête pas plus loin",
                    "the study is lent by another site and is not lent on",
                ),
            ),
            Link::Learnt => (
                both("ce nœud connaît tous ses accords", "this node knows all its agreements"),
                both(
                    "ce nœud a été restauré et n’a pas encore réappris ses accords",
                    "this node was restored and has not learnt its agreements again yet",
                ),
            ),
            Link::Paired => (
                both(format!("{name} est appairé avec ce site"), format!("{name} is paired with this site")),
                both("ce site n’est pas appairé avec le nôtre", "that site is not paired with ours"),
            ),
            Link::NotRevoked => (
                both(format!("{name} n’est pas révoqué"), format!("{name} is not revoked")),
                both(format!("{name} a été révoqué"), format!("{name} was revoked")),
            ),
            _ => (
                both("un accord en est la base", "an agreement is its basis"),
                both(
                    format!("il n’y a avec {name} ni accord ni autorisation pour cela"),
                    format!("there is neither an agreement nor a grant with {name} for this"),
                ),
            ),
        };
        either(step.holds, yes, no)
    }

    /// What must be the case with an agreement, its clauses left aside.
    fn of_text(&self, step: Step, text: Option<&Agreement>) -> (String, String) {
        let (name, version) = (self.name(), text.map_or(0, |t| t.version));
        let (yes, no) = match step.link {
            Link::Countersigned => (
                both(
                    format!("la version {version} est signée par les deux sites"),
                    format!("version {version} is signed by both sites"),
                ),
                both("il n’est signé que par un seul site", "it is signed by one site only"),
            ),
            Link::NotEnded => {
                let ended = match step.ground {
                    Ground::Agreement(id) => self.state.agreements.get(&id).and_then(|k| k.ended),
                    _ => None,
                };
                let ended = ended.map(|(at, _)| date(at)).unwrap_or_default();
                (
                    both("il n’y a pas été mis fin", "it was not ended"),
                    both(format!("il a pris fin le {ended}"), format!("it ended on {ended}")),
                )
            }
            Link::Direction if self.theirs => (
                both(format!("nous pouvons y lire des études de {name}"), format!("by it we read studies of {name}")),
                both(
                    format!("il ne nous ouvre pas les études de {name}"),
                    format!("it does not let us read studies of {name}"),
                ),
            ),
            Link::Direction => (
                both(format!("{name} peut y lire de nos études"), format!("by it {name} reads studies of ours")),
                both(
                    format!("il n’ouvre pas nos études à {name}"),
                    format!("it does not let {name} read studies of ours"),
                ),
            ),
            _ => (
                both("le fuseau horaire est connu ici", "the time zone is known here"),
                both("le fuseau horaire n’est pas connu ici", "the time zone is not known here"),
            ),
        };
        either(step.holds, yes, no)
    }

    /// What either party said of an agreement beside its text.
    fn of_notices(&self, step: Step) -> (String, String) {
        let notices = match step.ground {
            Ground::Agreement(id) => self.state.notices.get(&id),
            _ => None,
        };
        let said = notices.map(Notices::standing).unwrap_or_default();
        let name = |site: &SiteId| match self.state.peers.get(site) {
            Some(peer) => both(peer.name.as_str(), peer.name.as_str()),
            None => both("ce site", "this site"),
        };
        if step.link == Link::NotSuspended {
            let by = said.suspended.iter().map(|(site, at)| {
                let ((fr, en), at) = (name(site), date(*at));
                (format!("suspendu par {fr} depuis le {at}"), format!("suspended by {en} since {at}"))
            });
            let (fr, en): (Vec<_>, Vec<_>) = by.unzip();
            let no = both(fr.join(" ; "), en.join("; "));
            return either(step.holds, both("il n’est pas suspendu", "it is not suspended"), no);
        }
        let Some((by, until)) = said.closing else {
            return both("il n’est pas en train de finir", "it is not ending");
        };
        let ((fr, en), until) = (name(&by), date(until));
        either(
            step.holds,
            both(
                format!("{fr} y met fin ; ce qui se lisait se lit jusqu’au bout, au plus tard jusqu’au {until}"),
                format!("being ended by {en}; what was being read may be read to its end, until {until} at the latest"),
            ),
            both(
                format!("{fr} y met fin : rien de nouveau ne s’ouvre"),
                format!("being ended by {en}: nothing new is opened"),
            ),
        )
    }

    fn of_time(&self, begins: bool, holds: bool, period: (Option<Timestamp>, Option<Timestamp>)) -> (String, String) {
        let now = date(self.at);
        let (from, until) = (period.0.map(date).unwrap_or_default(), period.1.map(date));
        match (begins, holds, until) {
            (true, true, _) => both(format!("vaut depuis le {from}"), format!("in force since {from}")),
            (true, false, _) => both(
                format!("ne vaut qu’à partir du {from} ; la question porte sur le {now}"),
                format!("in force only from {from}; asked for {now}"),
            ),
            (false, _, None) => both("sans terme", "without an end date"),
            (false, true, Some(until)) => both(format!("vaut jusqu’au {until}"), format!("in force until {until}")),
            (false, false, Some(until)) => both(
                format!("a expiré le {until} ; la question porte sur le {now}"),
                format!("expired on {until}; asked for {now}"),
            ),
        }
    }

    fn of_grant(&self, check: GrantCheck, step: Step) -> (String, String) {
        let grant = match step.ground {
            Ground::Grant(id) => self.state.grants.get(&id),
            _ => None,
        };
        let (fr, en) = level_words(self.level);
        let (yes, no) = match check {
            GrantCheck::Begun | GrantCheck::NotOver => {
                let period = (grant.map(|g| g.not_before), grant.map(|g| g.expires));
                return self.of_time(check == GrantCheck::Begun, step.holds, period);
            }
            GrantCheck::Purpose => {
                let agreed = grant.and_then(|grant| grant.purpose);
                return self.of_purposes(step.holds, agreed.as_slice());
            }
            GrantCheck::Subject => (
                both("l’autorisation est pour ce site", "the grant is for this site"),
                both("l’autorisation est pour un autre site", "the grant is for another site"),
            ),
            GrantCheck::Study => (
                both("l’autorisation est pour cette étude", "the grant is for this study"),
                both("l’autorisation est pour une autre étude", "the grant is for another study"),
            ),
            GrantCheck::Level => (
                both(format!("l’autorisation va jusqu’à : {fr}"), format!("the grant goes as far as {en}")),
                both(
                    format!("l’autorisation ne va pas jusqu’à : {fr}"),
                    format!("the grant does not go as far as {en}"),
                ),
            ),
        };
        either(step.holds, yes, no)
    }

    fn of_clause(&self, check: Check, holds: bool, text: Option<&Agreement>) -> (String, String) {
        let Some(clause) = self.clause(text) else { return both("?", "?") };
        let has = self.study.modalities.join(", ");
        match check {
            Check::Announced => either(
                holds,
                both(
                    "les études couvertes sont montrées sans autorisation",
                    "covered studies are shown without a grant",
                ),
                both(
                    "rien n’est montré sauf ce qui est partagé étude par étude",
                    "nothing is shown but what is shared one by one",
                ),
            ),
            Check::Level => {
                let ((asked_fr, asked_en), (fr, en)) = (level_words(self.level), level_words(clause.level));
                both(
                    format!("demandé : {asked_fr} ; convenu jusqu’à : {fr}"),
                    format!("asked for: {asked_en}; agreed up to: {en}"),
                )
            }
            Check::Modalities if clause.modalities.is_empty() => both("toutes les modalités", "all modalities"),
            Check::Modalities => {
                let list = clause.modalities.join(", ");
                both(format!("l’étude est {has} ; convenu : {list}"), format!("the study is {has}; agreed: {list}"))
            }
            Check::Excluded if clause.modalities_excluded.is_empty() => {
                both("aucune modalité n’est exclue", "no modality is excluded")
            }
            Check::Excluded => {
                let list = clause.modalities_excluded.join(", ");
                both(format!("l’étude est {has} ; exclu : {list}"), format!("the study is {has}; excluded: {list}"))
            }
            Check::Regions if clause.regions.is_empty() => both("toutes les régions", "all regions"),
            Check::Regions => self.of_regions(&clause.regions, "convenu", "agreed"),
            Check::RegionsExcluded if clause.regions_excluded.is_empty() => {
                both("aucune région n’est exclue", "no region is excluded")
            }
            Check::RegionsExcluded => self.of_regions(&clause.regions_excluded, "exclu", "excluded"),
            Check::Age => match clause.since_days {
                None => both("sans limite d’ancienneté", "however old"),
                Some(days) => {
                    let dated = day(self.study.day);
                    both(
                        format!("datée du {dated} ; convenu : {days} jours au plus"),
                        format!("dated {dated}; agreed: at most {days} days old"),
                    )
                }
            },
            Check::Hours => self.of_hours(clause),
        }
    }

    fn of_regions(&self, list: &[String], word_fr: &str, word_en: &str) -> (String, String) {
        let list = list.join(", ");
        match self.study.regions.join(", ") {
            none if none.is_empty() => both(
                format!("l’étude ne dit pas sa région ; {word_fr} : {list}"),
                format!("the study does not say its region; {word_en}: {list}"),
            ),
            has => both(
                format!("l’étude est {has} ; {word_fr} : {list}"),
                format!("the study is {has}; {word_en}: {list}"),
            ),
        }
    }

    fn of_hours(&self, clause: &Clause) -> (String, String) {
        let Some(hours) = &clause.hours else { return both("à toute heure", "at all hours") };
        let zone = &hours.time_zone;
        let said = |language| {
            let now = hours::week_minute(self.at, zone).map_or_else(|| "?".to_owned(), |now| moment(now, language));
            (now, spans(hours, language))
        };
        let ((now_fr, spans_fr), (now_en, spans_en)) = (said(Language::French), said(Language::English));
        both(
            format!("il est {now_fr} ({zone}) ; convenu : {spans_fr}"),
            format!("it is {now_en} ({zone}); agreed: {spans_en}"),
        )
    }
}
