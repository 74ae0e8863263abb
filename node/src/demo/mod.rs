//! Two hospitals in one folder, for whoever wants to see it work, and the check that it does.
//!
//! Both are real node processes that were set up through the same command line and interface as any other; only the
//! studies are made up here.
//!
//! # At a crash
//! Nodes end with the demo; what they hold is as safe as anywhere. A demo whose set-up did not finish has no
//! `demo.json` and its folder is to be removed by hand.
//!
//! # Not here
//! Anything a hospital uses.

pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod hospital;
pub(crate) mod objects;
pub(crate) mod patients;
pub(crate) mod phantom;
mod run;

pub(crate) use run::run;

/// How the demo is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct DemoOptions {
    /// Check by itself instead of waiting for a person.
    pub(crate) check: bool,
    /// Keep it in this folder; without, a temporary one is used.
    pub(crate) dir: Option<std::path::PathBuf>,
}
