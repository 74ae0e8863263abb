//! How long the steps of the reading room take: `cargo bench -p tests --bench room [-- STORIES]`.
//!
//! The stories of people at their desks, in real browsers against real nodes over loopback, built as they are shipped and run one at
//! a time: what each step took from the click to what the other screen shows, the median of the runs (`CONFRERE_BENCH_RUNS`, 3), beside
//! what is aimed at. The stories say whether it is right; only here it is said whether it is quick. A step that says nothing, or one
//! that nobody aims at any more, is told and fails the run.
//!
//! The browser draws without a graphics card and shares the machine with every node of the story: a reader's own screen is quicker.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement stops where it fails"
)]

use serde_json::Value;
use std::{
    collections::BTreeMap,
    process::{Command, ExitCode, Stdio},
};

const RUNS: usize = 3;
/// What a story prints before its seconds, as JSON of steps.
const WORD: &str = "seconds: ";

/// A story, and its steps with the seconds that are aimed at; without any where only people can say what is long.
type Row = (&'static str, &'static [(&'static str, Option<f64>)]);

/// Live news: 1 s at a site, 2 s across; the request of a stroke: 60 s of a person, of which a robot shows what the machine takes.
const STORIES: &[Row] = &[
    (
        "stroke_at_night::in_two_browsers",
        &[
            ("request", Some(60.0)),
            ("alert", Some(2.0)),
            ("accepted_seen", Some(2.0)),
            ("claim_seen", Some(2.0)),
            ("images_open", None),
            ("prior_beside", None),
            ("preliminary_seen", Some(2.0)),
            ("final_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "expert_referral::in_two_browsers",
        &[
            ("request", Some(60.0)),
            ("offered", Some(2.0)),
            ("question_seen", Some(2.0)),
            ("answer_seen", Some(2.0)),
            ("opinion_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "refused_and_rerouted::in_three_browsers",
        &[
            ("request", Some(60.0)),
            ("first_asked", Some(2.0)),
            ("refusal_seen", Some(2.0)),
            ("next_asked", Some(2.0)),
            ("taken_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "expert_referral::is_declined_and_taken_by_another_in_three_browsers",
        &[
            ("request", Some(60.0)),
            ("first_asked", Some(2.0)),
            ("declined_seen", Some(2.0)),
            ("second_asked", Some(2.0)),
            ("accepted_seen", Some(2.0)),
            ("question_seen", Some(2.0)),
            ("answer_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "case_on_hold::in_two_browsers",
        &[
            ("question_called", Some(2.0)),
            ("hold_called", Some(2.0)),
            ("called_again", Some(2.0)),
            ("resumed_seen", Some(2.0)),
            ("report_seen", Some(2.0)),
            ("acknowledged_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "reopened_case::in_two_browsers",
        &[
            ("report_seen", Some(2.0)),
            ("reopened_called", Some(2.0)),
            ("row_seen", None),
            ("claim_seen", Some(2.0)),
            ("addendum_seen", Some(2.0)),
            ("acknowledged_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    // Here a study settles for 0.7 s before anybody is told of it.
    (
        "late_images::that_come_when_all_was_read_in_two_browsers",
        &[
            ("report_seen", Some(2.0)),
            ("called_here", Some(2.0)),
            ("called_there", Some(3.0)),
            ("images_open", None),
            ("addendum_seen", Some(2.0)),
            ("flag_gone", Some(2.0)),
            ("acknowledged_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "late_images::that_come_while_it_is_written_in_two_browsers",
        &[
            ("told_while_writing", Some(3.0)),
            ("images_open", None),
            ("addendum_seen", Some(2.0)),
            ("flag_gone", Some(2.0)),
            ("acknowledged_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "two_patients_under_one_uid::in_two_browsers",
        &[("flag_here", Some(1.0)), ("flag_there", Some(2.0)), ("report_seen", Some(2.0)), ("whole", None)],
    ),
    (
        "reading_site_is_regulated::in_four_browsers",
        &[
            ("given_called", Some(1.0)),
            ("given_seen", Some(2.0)),
            ("taken_called", Some(1.0)),
            ("next_called", Some(1.0)),
            ("asker_called", Some(2.0)),
            ("report_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    ("night_is_regulated::in_a_browser", &[("offered", Some(2.0)), ("moved", Some(2.0))]),
    ("two_radiologists_click_at_once::in_two_browsers", &[("both_know", Some(1.0))]),
    (
        "radiologist_reads_from_home::over_ten_megabits",
        &[
            ("worklist", Some(5.0)),
            ("case", Some(2.0)),
            ("first_image", None),
            ("next_image", Some(2.0)),
            ("signed", Some(2.0)),
        ],
    ),
    ("network_cut_while_reporting::in_her_browser", &[("to_node", Some(5.0))]),
    (
        "prior_at_a_third_site::in_a_browser",
        &[("prior_listed", Some(1.0)), ("all_answered", Some(2.0)), ("side_by_side", None)],
    ),
    (
        "discrepancy::in_three_browsers",
        &[
            ("preliminary_seen", Some(2.0)),
            ("owed_seen", Some(2.0)),
            ("class_seen", Some(2.0)),
            ("acknowledged_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    (
        "coverage_hole::is_found_at_once_at_both_sites_and_over_when_it_is_filled",
        &[("alarm_here", Some(1.0)), ("alarm_there", Some(2.0)), ("paper_gone", Some(1.0))],
    ),
    (
        "shift_handover::in_three_browsers",
        &[
            ("planned", Some(1.0)),
            ("taken", Some(60.0)),
            ("handed_over", Some(2.0)),
            ("owner_seen", Some(2.0)),
            ("whole", None),
        ],
    ),
    ("coverage_hole::is_filled_by_dragging_a_shift_over_it", &[("filled", Some(1.0))]),
    ("admins_pair_two_sites::in_two_browsers", &[("paired", Some(60.0))]),
    ("first_run::in_a_browser", &[("person", None), ("modality", None), ("heard", None), ("confrere", None)]),
];

/// What a story said, by step.
fn told(story: &str) -> BTreeMap<String, f64> {
    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo.args([
        "test",
        "--quiet",
        "--release",
        "-p",
        "tests",
        "--test",
        "end_to_end",
        "--",
        "--exact",
        story,
        "--nocapture",
    ]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().expect("cargo");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{story} failed:\n{said}");
    let line = said.lines().find_map(|line| line.split_once(WORD)).map(|(_, json)| json);
    let steps: Value =
        serde_json::from_str(line.unwrap_or_else(|| panic!("{story} told no seconds:\n{said}"))).unwrap();
    steps.as_object().unwrap().iter().map(|(step, took)| (step.clone(), took.as_f64().unwrap())).collect()
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runs = std::env::var("CONFRERE_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS).max(1);
    let (mut met, mut missed) = (0, 0);
    println!("{:<34} {:<18} {:>9} {:>9} {:>9} {:>7}", "story", "step", "median s", "least s", "most s", "aim s");
    for (story, steps) in
        STORIES.iter().filter(|(story, _)| wanted.is_empty() || wanted.iter().any(|word| story.contains(word.as_str())))
    {
        let all: Vec<_> = (0..runs).map(|_| told(story)).collect();
        for step in all[0].keys().filter(|step| !steps.iter().any(|(known, _)| known == step)) {
            println!("{story}: nobody aims at {step}");
            missed += 1;
        }
        for (step, aim) in *steps {
            let mut took: Vec<f64> = all
                .iter()
                .map(|run| *run.get(*step).unwrap_or_else(|| panic!("{story} told nothing of {step}")))
                .collect();
            took.sort_by(f64::total_cmp);
            let value = median(took.clone());
            let (aimed, verdict) = match aim {
                None => (String::new(), ""),
                Some(aim) if value <= *aim => {
                    met += 1;
                    (format!("{aim:.0}"), "met")
                }
                Some(aim) => {
                    missed += 1;
                    (format!("{aim:.0}"), "MISSED")
                }
            };
            let name = story.split("::").next().unwrap();
            println!(
                "{name:<34} {step:<18} {value:>9.2} {:>9.2} {:>9.2} {aimed:>7} {verdict}",
                took[0],
                took[took.len() - 1]
            );
        }
    }
    println!("{met} met, {missed} missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
