//! Words of `confrere case`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CaseCommand {
    /// List cases, the most urgent first
    List(ListCases),
    /// Show a case: what is asked, who has it, what was reported, what happened
    Show {
        case: String,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Ask for a reading or an opinion; the request is JSON as the API takes it
    Request {
        /// A file; - is standard input
        file: PathBuf,
    },
    /// Take a step in a case, by its word in the API
    Step(CaseStep),
    /// Show delays, whom to ask and whom to call, or set them
    Settings {
        /// Set them from a file of JSON as it is shown; - is standard input
        #[arg(long, value_name = "FILE")]
        set: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListCases {
    #[arg(long, value_parser = ["offered", "waiting", "ready", "reading", "preliminary", "reported", "done"])]
    pub(in crate::cli) tab: Option<String>,
    /// Priorities, separated by commas: P0, P1, P2, P3
    #[arg(long, value_name = "PRIORITIES")]
    pub(in crate::cli) priority: Option<String>,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CaseStep {
    pub(in crate::cli) case: String,
    /// offer, acquired, expect, cancel, say and so on
    pub(in crate::cli) step: String,
    /// What the step says, for example to="CH Sud" or reason="sent elsewhere"; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(in crate::cli) set: Vec<String>,
}
