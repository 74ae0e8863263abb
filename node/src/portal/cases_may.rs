//! What the caller may do in a case now: each step is tried on it, so that no second set of rules says so.

use super::{
    Door,
    cases::{NewStep, fits},
    cases_json::CasePatient,
    cases_sign::Shown,
};
use crate::{
    cases::{Doing, Whole, may},
    desk::unnamed,
    tasks,
    trust::{Action, Person},
};
use protocol::{
    Digest,
    case::event::{
        Attachment, Class, Counted, Heard, Joined, Media, Particulars, Patient, Priority, Report, Standing, Step,
    },
    identity::Standing as Identity,
};

fn report(standing: Standing) -> Step {
    let empty = String::new;
    Step::Reported(Box::new(Report {
        standing,
        indication: empty(),
        technique: empty(),
        findings: "-".to_owned(),
        conclusion: empty(),
        language: empty(),
        read: Vec::new(),
        critical: false,
        despite: empty(),
    }))
}

fn paper() -> Step {
    let (digest, name) = (Digest([0; 32]), "-".to_owned());
    Step::Attached(Attachment { digest, bytes: 1, media: Media::Pdf, name })
}

/// What the request is about, who it is, and reading it beyond one's credentials.
fn of_whom() -> Vec<(&'static str, NewStep, Option<Step>)> {
    vec![
        (
            "specify",
            NewStep::Specify { examination: String::new(), on_site_physician: String::new(), answer_by: None },
            Some(Step::Specified(Particulars::default())),
        ),
        (
            "identify",
            NewStep::Identify { patient: CasePatient::of(&somebody()), shown: Shown::default(), checked: true },
            Some(Step::Identified(Box::new(somebody()))),
        ),
        ("uncover", NewStep::Uncover { reason: String::new() }, Some(Step::Uncovered { reason: "-".to_owned() })),
    ]
}

fn somebody() -> Patient {
    Patient { name: "-".to_owned(), standing: Some(Identity::Provisional), ..unnamed() }
}

/// A step by its word, as it is asked for, and as it would be taken; none: nothing to take it on.
type Tried = (&'static str, NewStep, Option<Step>);

/// Who of this site has it, as whoever regulates says.
fn moved(whole: &Whole) -> [Tried; 1] {
    let (text, name) = (|| "-".to_owned(), String::new);
    let from = whole.state.claim.as_ref().map(|claim| claim.person.clone()).unwrap_or_default();
    let new = NewStep::Regulate { from: from.clone(), to: name(), reason: name(), confirmed: true };
    [("regulate", new, Some(Step::Regulated { from, to: text(), reason: text() }))]
}

/// What is done about reports that are there.
fn of_reports(whole: &Whole) -> Vec<Tried> {
    let (text, name) = (|| "-".to_owned(), String::new);
    let differs = whole.state.comparisons.iter().find(|comparison| comparison.unread).map(|one| one.reports[1]);
    let unread = whole.state.reports.iter().find(|report| !report.acknowledged).map(|report| report.event).or(differs);
    let unheard = whole.state.reports.iter().find(|report| report.unheard).map(|report| report.event);
    let owed = whole.state.comparisons.iter().find(|comparison| comparison.class.is_none());
    vec![
        (
            "acknowledge",
            NewStep::Acknowledge { report: name(), differences: Vec::new() },
            unread.map(|report| Step::Acknowledged { report }),
        ),
        (
            "hear",
            NewStep::Hear { report: name(), who: Some(name()), read_back: true },
            unheard.map(|report| Step::Heard { report, how: Heard::Call { who: text(), read_back: true } }),
        ),
        (
            "hear-here",
            NewStep::Hear { report: name(), who: None, read_back: false },
            unheard.map(|report| Step::Heard { report, how: Heard::Here }),
        ),
        (
            "compare",
            NewStep::Compare { reports: [name(), name()], class: name(), text: name() },
            owed.map(|owed| Step::Compared { reports: owed.reports, class: Class::None, text: name() }),
        ),
    ]
}

/// Words of steps and reports that would have their effect.
pub(super) fn actions(door: &Door, person: &Person, whole: &Whole) -> Vec<&'static str> {
    let (us, now) = (door.identity.site(), tasks::now());
    let text = || "-".to_owned();
    let name = String::new;
    let would = |step: Step| whole.case.propose((us, &person.name, person.role.word()), now, step).is_ok();
    let study = whole.state.ask.studies.first().cloned();
    let offered = Step::Offered { to: us, whom: name(), rank: u16::MAX, until: now };
    let steps: Vec<Tried> = vec![
        ("offer", NewStep::Offer { to: name(), whom: name() }, Some(offered)),
        ("accept", NewStep::Accept { protocol: name() }, Some(Step::Accepted { protocol: name() })),
        ("refuse", NewStep::Refuse { reason: name(), confirmed: true }, Some(Step::Refused { reason: text() })),
        (
            "acquired",
            NewStep::Acquired { studies: Vec::new() },
            Some(Step::Acquired { studies: Vec::new(), how: Joined::Confirmed }),
        ),
        ("complement", NewStep::Complement { text: name() }, Some(Step::Complement { text: name() })),
        (
            "images-ready",
            NewStep::ImagesReady { confirm_count: false },
            study.clone().map(|study| Step::ImagesReady { studies: vec![(study, 0)], count_confirmed: false }),
        ),
        (
            "expect",
            NewStep::Expect { study: name(), instances: 0 },
            study.map(|study| Step::Expected { study, instances: 0, by: Counted::Technologist }),
        ),
        ("claim", NewStep::Claim, Some(Step::Claimed)),
        ("release", NewStep::Release { reason: name() }, Some(Step::Released { reason: text() })),
        ("hand-over", NewStep::HandOver { to: name() }, Some(Step::HandedOver { to: text() })),
        ("read", NewStep::Read, Some(Step::Reading)),
        ("ask", NewStep::Ask { text: name() }, Some(Step::InfoAsked { text: text() })),
        ("answer", NewStep::Answer { text: name() }, whole.state.info_asked.then(|| Step::InfoGiven { text: text() })),
        ("hold", NewStep::Hold { reason: name() }, (!whole.state.on_hold).then(|| Step::OnHold { reason: text() })),
        ("resume", NewStep::Resume, whole.state.on_hold.then_some(Step::Resumed)),
        ("escalate", NewStep::Escalate { text: name() }, Some(Step::Escalated { text: text() })),
        ("cancel", NewStep::Cancel { reason: name() }, Some(Step::Cancelled { reason: text() })),
        ("unserved", NewStep::Unserved { reason: name() }, Some(Step::Unserved { reason: text() })),
        ("close", NewStep::Close, Some(Step::Closed)),
        ("reopen", NewStep::Reopen { reason: name() }, Some(Step::Reopened { reason: text() })),
        ("say", NewStep::Say { text: name() }, Some(Step::Said { text: text() })),
        (
            "prioritise",
            NewStep::Prioritise { priority: name(), reason: name() },
            Some(Step::Prioritised { priority: Priority::P0, reason: text() }),
        ),
    ];
    let all = steps.into_iter().chain(moved(whole)).chain(of_reports(whole)).chain(of_whom());
    let taken = all.filter_map(|(word, new, step)| {
        let step = step?;
        let is_fit = || fits(door, person, whole, &new).is_ok();
        (may(person, whole, &us, new.doing()) && would(step) && is_fit()).then_some(word)
    });
    let attaches = [Doing::Asking, Doing::Preparing].into_iter().any(|doing| may(person, whole, &us, doing));
    let attached = (attaches && would(paper())).then_some("attach");
    let may_sign = door.desk.as_ref().is_none_or(|desk| desk.may_read(whole, &person.name).is_ok());
    let signed = if may_sign { signed(person, &would) } else { Vec::new() };
    taken.chain(attached).chain(signed).collect()
}

/// Words of reports that the caller may sign now.
fn signed(person: &Person, would: &dyn Fn(Step) -> bool) -> Vec<&'static str> {
    let reports = [
        ("report-preliminary", Standing::Preliminary),
        ("report-final", Standing::Final),
        ("report-addendum", Standing::Addendum),
        ("report-second-reading", Standing::SecondReading),
    ];
    let signs = person.allows(Action::ReportCases);
    reports.into_iter().filter(|(_, standing)| signs && would(report(*standing))).map(|(word, _)| word).collect()
}
