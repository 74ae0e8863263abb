//! The words of purposes, duty, and grants that narrow others.
//!
//! # Not here
//! All other links, and what is explained: [`super`].

use super::{View, both, either};
use crate::trust::{
    judge::{Link, Step},
    sentences::{Language, purpose},
};
use protocol::{
    agreement::{Agreement, Purpose},
    grant::Narrow,
};

impl View<'_> {
    pub(super) fn of_purpose(&self, step: Step, text: Option<&Agreement>) -> (String, String) {
        self.of_purposes(step.holds, text.map_or(&[][..], |text| text.purposes.as_slice()))
    }

    pub(super) fn of_purposes(&self, holds: bool, agreed: &[Purpose]) -> (String, String) {
        let list = |language| agreed.iter().map(|p| purpose(*p, language)).collect::<Vec<_>>().join(", ");
        let (fr, en) = (list(Language::French), list(Language::English));
        let Some(asked) = self.by.purpose else {
            return match agreed {
                [] => both("pour toute finalité", "for any purpose"),
                _ => both(format!("convenu pour : {fr}"), format!("agreed for: {en}")),
            };
        };
        let (asked_fr, asked_en) = (purpose(asked, Language::French), purpose(asked, Language::English));
        match (holds, agreed) {
            (true, []) => both(format!("demandé pour : {asked_fr}"), format!("asked for: {asked_en}")),
            _ => both(
                format!("demandé pour : {asked_fr} ; convenu pour : {fr}"),
                format!("asked for: {asked_en}; agreed for: {en}"),
            ),
        }
    }

    /// Whether a case is open, or somebody is on duty.
    pub(super) fn of_duty(&self, step: Step) -> (String, String) {
        let (name, us) = (self.name(), ("ce site", "this site"));
        if step.link == Link::Case {
            let holder = if self.theirs { (name, name) } else { us };
            return either(
                step.holds,
                both("un dossier est ouvert sur l’étude", "a case is open on the study"),
                both(
                    format!("{} n’a pas de dossier ouvert sur cette étude avec le lecteur", holder.0),
                    format!("{} has no case open on this study with the reader", holder.1),
                ),
            );
        }
        let reader = if self.theirs { us } else { (name, name) };
        let who = self.by.person.as_deref().map_or_else(
            || both("quelqu’un", "somebody"),
            |person| both(format!("« {person} »"), format!("“{person}”")),
        );
        let nobody = match &self.by.person {
            None => {
                both(format!("personne n’est de garde à {}", reader.0), format!("nobody is on duty at {}", reader.1))
            }
            Some(_) => both(
                format!("{} n’est pas de garde à {} pour cette étude", who.0, reader.0),
                format!("{} is not on duty at {} for this study", who.1, reader.1),
            ),
        };
        let yes =
            both(format!("{} est de garde à {}", who.0, reader.0), format!("{} is on duty at {}", who.1, reader.1));
        either(step.holds, yes, nobody)
    }
}

/// What must be the case with a grant that narrows another.
pub(super) fn of_chain(step: Step) -> (String, String) {
    let (yes, no) = match step.link {
        Link::Parent => (
            both("l’autorisation dont elle découle est là", "the grant that it narrows is there"),
            both("l’autorisation dont elle découle n’est plus là", "the grant that it narrows is not there any more"),
        ),
        Link::Depth => (
            both("l’autorisation n’a pas été déléguée trop de fois", "the grant was not passed on too often"),
            both("l’autorisation a été déléguée plus de trois fois", "the grant was passed on more than three times"),
        ),
        Link::Onward => (
            both("l’accord permet de transmettre à un tiers", "the agreement lets studies be passed on"),
            both("l’accord ne permet pas de transmettre à un tiers", "the agreement does not let studies be passed on"),
        ),
        _ => (
            both("l’autorisation permet encore cette copie", "the grant still lets this copy be read into"),
            both(
                "toutes les copies que l’autorisation permet ont été faites",
                "all copies that the grant lets were made",
            ),
        ),
    };
    either(step.holds, yes, no)
}

/// In what a grant is narrower than the one before, or wider.
pub(super) fn narrower(what: Narrow, holds: bool) -> (String, String) {
    let (fr, en) = match what {
        Narrow::Issuer => ("qui la donne", "who gives it"),
        Narrow::Subject => ("le site à qui elle va", "the site that it is for"),
        Narrow::Basis => ("l’accord", "the agreement"),
        Narrow::Study => ("l’étude", "the study"),
        Narrow::Level => ("le niveau", "the level"),
        Narrow::Purpose => ("la finalité", "the purpose"),
        Narrow::Copies => ("le nombre de copies", "the number of copies"),
        Narrow::Forward => ("les sites à qui la transmettre", "the sites that it may be passed on to"),
        Narrow::Begins => ("le début", "its beginning"),
        Narrow::Ends => ("la fin", "its end"),
        Narrow::Kind => ("sa nature", "its kind"),
    };
    either(
        holds,
        both(
            format!("pas plus large que celle dont elle découle : {fr}"),
            format!("no wider than what it narrows: {en}"),
        ),
        both(format!("plus large que celle dont elle découle : {fr}"), format!("wider than what it narrows: {en}")),
    )
}
