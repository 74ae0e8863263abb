//! In which order a case is asked of others: those that the request names; else, for readings, whoever the roster has on duty
//! now; else the ranks that the site has set by hand.
//!
//! The order is asked for anew each time somebody is to be asked, and what was asked or passed over stays as it was: the next
//! one gets the next rank. So a shift that ends changes who is asked from then on, and never what stands before. Whoever was
//! passed over is asked after all when the reason is gone; whoever was asked is not asked twice.
//!
//! # Not here
//! Who is on duty: `roster`. Whether a site may be asked: [`super::next::World::bars`].

use super::next::{View, Wanted};
use crate::cases::Rank;
use protocol::{
    SiteId,
    case::{
        event::{Kind, NAME_MAX, Skip, Step},
        state::{Asked, Skipped},
    },
    roster::{self, Rung},
};

/// One that stands in the order of those to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// A site; person or team there, empty: whoever is on duty.
    Ask { site: SiteId, whom: String },
    /// Not to be asked now.
    Skip { site: SiteId, whom: String, why: Skip },
}

/// What the roster says, and behind it, where it has nobody who can be asked, what was set by hand.
pub(super) fn of_roster(rungs: &[Rung], ranks: &[Rank]) -> Vec<Choice> {
    // Nobody else is there: a screen that is not live is better than nobody.
    let silent = rungs.iter().position(|rung| rung.skip == Some(roster::Skip::Silent));
    let is_anybody = rungs.iter().any(|rung| rung.skip.is_none());
    let of_rung = |(at, rung): (usize, &Rung)| {
        let (site, whom) = (rung.site, rung.person.clone().unwrap_or_default());
        match rung.skip {
            None => Choice::Ask { site, whom },
            Some(_) if !is_anybody && silent == Some(at) => Choice::Ask { site, whom },
            Some(why) => Choice::Skip { site, whom, why: in_case(why) },
        }
    };
    let mut order: Vec<Choice> = rungs.iter().enumerate().map(of_rung).collect();
    if !order.iter().any(|choice| matches!(choice, Choice::Ask { .. })) {
        order.extend(ranks.iter().map(|rank| Choice::Ask { site: rank.site, whom: rank.whom.clone() }));
    }
    order
}

/// The reason as cases have it.
const fn in_case(why: roster::Skip) -> Skip {
    match why {
        roster::Skip::NotInForce | roster::Skip::OutsideScope => Skip::OutOfScope,
        roster::Skip::NotOnDuty | roster::Skip::NotConfirmed => Skip::NobodyOnDuty,
        roster::Skip::OtherCompetence | roster::Skip::NoCredential | roster::Skip::CredentialExpired => {
            Skip::NotCompetent
        }
        roster::Skip::Silent | roster::Skip::Unreached => Skip::Unreachable,
        roster::Skip::Refused => Skip::Refused,
    }
}

/// A site, and the person there, as one that was passed over is called: within the bound of a name, the person whole.
fn label(site: &str, whom: &str) -> String {
    if whom.is_empty() {
        return site.to_owned();
    }
    let left = NAME_MAX.saturating_sub(whom.chars().count() + 3);
    let site: String = site.chars().take(left).collect();
    format!("{} · {whom}", site.trim_end()).chars().take(NAME_MAX).collect()
}

fn choices(view: &View<'_>) -> Vec<Choice> {
    let ask = &view.whole.state.ask;
    if !ask.to.is_empty() {
        return ask.to.iter().map(|(site, whom)| Choice::Ask { site: *site, whom: whom.clone() }).collect();
    }
    let rungs = match ask.kind {
        Kind::Diagnosis => view.world.rungs(&Wanted { modality: &ask.modality, region: &ask.region, at: view.now }),
        // An opinion is asked of somebody, or of those that were set; being on duty is for readings.
        Kind::Expertise => Vec::new(),
    };
    of_roster(&rungs, &view.settings.ranks)
}

/// Who is asked next, or passed over; `None`: nobody is left.
pub(super) fn next(view: &View<'_>) -> Option<Step> {
    let state = &view.whole.state;
    let (rank, order) = (view.whole.next_rank(), choices(view));
    let is_asked =
        |site: &SiteId, whom: &str| state.asked.iter().any(|asked: &Asked| asked.site == *site && asked.whom == *whom);
    let skipped = |name: &str, why: Option<Skip>| {
        state.skipped.iter().any(|known: &Skipped| known.whom == *name && why.is_none_or(|why| known.why == why))
    };
    let is_new = |choice: &Choice| match choice {
        Choice::Ask { site, whom } => !is_asked(site, whom) && !skipped(&label(&view.world.name(site), whom), None),
        Choice::Skip { .. } => false,
    };
    for (at, choice) in order.iter().enumerate() {
        let (Choice::Ask { site, whom } | Choice::Skip { site, whom, .. }) = choice;
        let name = label(&view.world.name(site), whom);
        let why = match choice {
            Choice::Ask { .. } if is_asked(site, whom) => continue,
            Choice::Ask { .. } => view.world.bars(site, view.whole),
            Choice::Skip { why, .. } => Some(*why),
        };
        let is_ask = matches!(choice, Choice::Ask { .. });
        let is_last = || is_new(choice) && !order.iter().skip(at + 1).any(is_new);
        match why {
            None => return Some(offer(view, *site, whom.clone(), rank)),
            // The last one is asked all the same: it hears of it when it is back.
            Some(Skip::Unreachable) if is_ask && is_last() => return Some(offer(view, *site, whom.clone(), rank)),
            Some(why) if !skipped(&name, Some(why)) => return Some(Step::Skipped { rank, whom: name, why }),
            Some(_) => {}
        }
    }
    None
}

/// Whether the person who was asked has no live screen any more, by the roster, and somebody else could be asked now.
pub(super) fn is_overtaken(view: &View<'_>, (to, whom): (&SiteId, &str)) -> bool {
    let ask = &view.whole.state.ask;
    if whom.is_empty() || !ask.to.is_empty() || ask.kind != Kind::Diagnosis {
        return false;
    }
    let rungs = view.world.rungs(&Wanted { modality: &ask.modality, region: &ask.region, at: view.now });
    let is_silent = |rung: &Rung| {
        rung.site == *to && rung.person.as_deref() == Some(whom) && rung.skip == Some(roster::Skip::Silent)
    };
    let is_asked = |rung: &Rung| {
        let person = rung.person.as_deref().unwrap_or_default();
        view.whole.state.asked.iter().any(|asked| asked.site == rung.site && asked.whom == person)
    };
    let could = |rung: &&Rung| rung.skip.is_none() && !is_asked(rung);
    rungs.iter().any(is_silent)
        && rungs.iter().filter(could).any(|rung| view.world.bars(&rung.site, view.whole).is_none())
}

fn offer(view: &View<'_>, to: SiteId, whom: String, rank: u16) -> Step {
    Step::Offered { to, whom, rank, until: view.delays.answer_until(view.whole, &to, view.now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{ids::Id128, roster::Tier};

    fn rung(site: u8, person: &str, skip: Option<roster::Skip>) -> Rung {
        Rung {
            tier: Tier::Group,
            coverage: Some(Id128([1; 16])),
            site: SiteId([site; 32]),
            shift: None,
            person: (!person.is_empty()).then(|| person.to_owned()),
            rank: 1,
            skip,
        }
    }

    fn asked(order: &[Choice]) -> Vec<&str> {
        fn whom(choice: &Choice) -> Option<&str> {
            match choice {
                Choice::Ask { whom, .. } => Some(whom.as_str()),
                Choice::Skip { .. } => None,
            }
        }
        order.iter().filter_map(whom).collect()
    }

    #[test]
    fn the_roster_comes_first_and_the_hand_where_it_has_nobody() {
        let ranks = [Rank { site: SiteId([9; 32]), whom: "by hand".to_owned() }];
        let on_duty = [rung(1, "leroy", Some(roster::Skip::NotConfirmed)), rung(2, "martin", None)];
        assert_eq!(asked(&of_roster(&on_duty, &ranks)), ["martin"]);
        let nobody = [rung(1, "", Some(roster::Skip::NotOnDuty)), rung(2, "martin", Some(roster::Skip::NoCredential))];
        assert_eq!(asked(&of_roster(&nobody, &ranks)), ["by hand"]);
        assert_eq!(asked(&of_roster(&[], &ranks)), ["by hand"]);
        let silent = [rung(1, "leroy", Some(roster::Skip::Silent)), rung(2, "martin", Some(roster::Skip::Silent))];
        assert_eq!(asked(&of_roster(&silent, &ranks)), ["leroy"], "rather than nobody");
        let one = [rung(1, "leroy", Some(roster::Skip::Silent)), rung(2, "martin", None)];
        assert_eq!(asked(&of_roster(&one, &ranks)), ["martin"]);
    }

    #[test]
    fn whoever_is_passed_over_has_a_name_within_its_bound() {
        assert_eq!(label("CHU Sud", ""), "CHU Sud");
        assert_eq!(label("CHU Sud", "martin"), "CHU Sud · martin");
        let long = label(&"é".repeat(64), "martin");
        assert!(long.chars().count() <= NAME_MAX && long.ends_with(" · martin"), "{long}");
        assert_eq!(label(&"é".repeat(64), &"m".repeat(64)).chars().count(), NAME_MAX);
    }
}
