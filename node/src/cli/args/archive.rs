//! The words for what is done with studies held here.
//!
//! # Not here
//! What is done: `cli::studies`, `cli::amend`, `cli::retention`, `cli::tiers`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RetentionCommand {
    /// Until when a study is kept, and why
    Show {
        /// Study Instance UID
        uid: String,
    },
    /// Studies whose time is past
    Due,
    /// Record the patient's last stay or visit, as looked up today
    Visit {
        /// Study Instance UID of any study of the patient
        uid: String,
        /// YYYYMMDD
        day: String,
        /// Where that is known from; without names
        #[arg(long)]
        reason: String,
    },
    /// Record the patient's death
    Death {
        /// Study Instance UID of any study of the patient
        uid: String,
        /// YYYYMMDD
        day: String,
        /// Where that is known from; without names
        #[arg(long)]
        reason: String,
    },
    /// Propose a study, or what is under a rejection, for erasing
    Propose {
        /// Study Instance UID
        #[arg(required_unless_present = "rejection", conflicts_with = "rejection")]
        uid: Option<String>,
        /// Number of a rejection
        #[arg(long)]
        rejection: Option<u64>,
        /// Why; without names
        #[arg(long)]
        reason: String,
    },
    /// What is proposed
    Proposals,
    /// Erase what somebody else proposed. The bytes are gone for good
    Approve {
        /// Number of the proposal
        number: u64,
    },
    /// Take a proposal back
    Withdraw {
        /// Number of the proposal
        number: u64,
    },
    /// What was erased, by whom
    Erased,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HoldCommand {
    /// Set a hold on a study's patient
    Set {
        /// Study Instance UID
        uid: String,
        /// Why; without names
        #[arg(long)]
        reason: String,
    },
    /// Take a hold back
    Release {
        /// Study Instance UID
        uid: String,
        /// Number of the hold; `retention show` tells it
        number: u64,
        /// Why; without names
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TierCommand {
    /// How it is, and what moves
    Status,
    /// Move a study of ours there
    Cold {
        /// Study Instance UID
        uid: String,
    },
    /// Bring a study back
    Hot {
        /// Study Instance UID
        uid: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StudyCommand {
    /// List studies, newest first
    List {
        /// Peers' studies instead of our own
        #[arg(long)]
        remote: bool,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
        /// Words in name, ID, accession number or description
        #[arg(long)]
        text: Option<String>,
        /// Rows at most
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Fetch all of a peer's study now
    Fetch {
        /// Study Instance UID
        uid: String,
    },
    /// Let a site read one study of ours for some hours
    Share {
        /// Study Instance UID
        uid: String,
        /// The site's name, key, or the beginning of the key
        site: String,
        #[arg(long)]
        hours: u32,
        #[command(flatten)]
        terms: super::GrantWords,
    },
    /// Show who holds copies of a study of ours
    Holders(super::Holders),
    /// Reject a study of ours, or part of it: nobody sees it any more; its bytes stay
    Reject {
        /// Study Instance UID
        uid: String,
        /// Only this series
        #[arg(long, value_name = "UID")]
        series: Option<String>,
        /// Only this instance of the series
        #[arg(long, value_name = "UID", requires = "series")]
        instance: Option<String>,
        /// Why (PS3.16 CID 7011)
        #[arg(long, value_parser = ["quality", "patient-safety", "wrong-worklist-entry", "retention-expired"])]
        reason: String,
        /// For those who look later; without names
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Give a study of ours labels, or take them away; tells those it has
    Label {
        /// Study Instance UID
        uid: String,
        #[arg(long, required_unless_present = "remove", value_name = "LABEL")]
        add: Vec<String>,
        #[arg(long, value_name = "LABEL")]
        remove: Vec<String>,
    },
    /// List rejections that stand, newest first
    Rejected,
    /// Take a rejection back
    Reinstate {
        /// Its number
        id: u64,
    },
    /// List the last rejection notes of others, newest first, and what was done about them
    Notes,
    /// Obey a rejection note whose sender may not reject
    Obey {
        /// Its number
        id: u64,
    },
    /// Leave a rejection note whose sender may not reject: it is not obeyed, also when it is sent again
    Leave {
        /// Its number
        id: u64,
    },
    /// The patient opposes sharing a study of ours: no other site sees it but in an emergency
    Oppose(StudyHeldBack),
    /// Mask a study of ours: no other site sees it, in an emergency neither
    Mask(StudyHeldBack),
    /// Keep a study of ours from broken glass; it is shared as agreed
    NoBreakGlass(StudyHeldBack),
    /// List what is held back from other sites
    Withheld,
    /// Take an opposition or a masking back
    Release {
        /// Its number
        id: u64,
        /// For those who look later; without names
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// Who asked for it, and when.
#[derive(Debug, Args)]
pub(in crate::cli) struct AskedFor {
    /// Who asked for it
    #[arg(long, default_value = "patient", value_parser = ["patient", "representative", "physician", "site"])]
    pub(in crate::cli) asked_by: String,
    /// When they asked [default: today]
    #[arg(long, value_name = "YYYYMMDD")]
    pub(in crate::cli) on: Option<String>,
    /// For those who look later; without names
    #[arg(long, default_value = "")]
    pub(in crate::cli) note: String,
}

/// A study.
#[derive(Debug, Args)]
pub(in crate::cli) struct StudyHeldBack {
    /// Study Instance UID
    pub(in crate::cli) uid: String,
    #[command(flatten)]
    pub(in crate::cli) asked: AskedFor,
}

/// All studies of a patient, also those that come later.
#[derive(Debug, Args)]
pub(in crate::cli) struct HeldBack {
    /// Patient ID
    pub(in crate::cli) id: String,
    /// The ID's issuer, where its studies name one
    #[arg(long)]
    pub(in crate::cli) issuer: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) asked: AskedFor,
}

/// An emergency.
#[derive(Debug, Args)]
pub(in crate::cli) struct Broken {
    /// The site that holds the studies: its name, key, or the beginning of the key
    #[arg(long)]
    pub(in crate::cli) site: String,
    /// Whose account it is
    #[arg(long)]
    pub(in crate::cli) person: String,
    /// The file's first line is the password; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(in crate::cli) password_file: PathBuf,
    /// Of the second factor, where there is one
    #[arg(long)]
    pub(in crate::cli) code: Option<String>,
    /// Patient ID, with its issuer
    #[arg(long, requires = "issuer", required_unless_present = "name")]
    pub(in crate::cli) id: Option<String>,
    /// Who issued it: the site's name, or an OID (1.2.250.1.213.1.4.8: French national identity)
    #[arg(long)]
    pub(in crate::cli) issuer: Option<String>,
    /// Without an identifier: FAMILY^Given, with birth date and sex
    #[arg(long, conflicts_with = "id", requires_all = ["birth_date", "sex"])]
    pub(in crate::cli) name: Option<String>,
    #[arg(long, value_name = "YYYYMMDD")]
    pub(in crate::cli) birth_date: Option<String>,
    #[arg(long, value_parser = ["F", "M", "O"])]
    pub(in crate::cli) sex: Option<String>,
    /// Why
    #[arg(long, value_parser = ["danger-to-life", "cannot-consent", "urgent-transfer", "urgent-opinion", "other"])]
    pub(in crate::cli) reason: String,
    /// Why, in one's own words, at least ten characters; without names
    #[arg(long)]
    pub(in crate::cli) text: String,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConflictCommand {
    /// List conflicts that wait for a decision, newest first
    List {
        /// Those decided too
        #[arg(long)]
        all: bool,
    },
    /// What both objects say, side by side
    Show {
        /// Its number
        id: u64,
    },
    /// Decide
    Resolve {
        /// Its number
        id: u64,
        /// Keep the first bytes; take the new ones in their place; they belong elsewhere; or undo the decision
        #[arg(value_parser = ["keep", "take", "elsewhere", "open"])]
        decision: String,
        /// For those who look later; without names
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Erase for good what was decided against; the decision can then not be undone
    Close {
        /// Numbers of decided conflicts
        #[arg(required_unless_present = "due", conflicts_with = "due")]
        ids: Vec<u64>,
        /// All whose time of undoing (archive.conflict_days) is over
        #[arg(long)]
        due: bool,
        /// Why now, where that time is not over; without names
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CorrectCommand {
    /// Give attributes of one study other values
    Study {
        /// Study Instance UID
        uid: String,
        /// For example `PatientName=DURAND^Anne`; an empty value: none
        #[arg(long = "set", required = true, value_name = "KEYWORD=VALUE")]
        set: Vec<String>,
        /// Why; without names
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Move one study to the patient of another
    Move {
        /// Study Instance UID
        uid: String,
        /// A study of the right patient
        #[arg(long, value_name = "UID")]
        like: String,
        /// Why; without names
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List corrections, newest first, also those undone
    List,
    /// Take a correction back
    Undo {
        /// Its number
        id: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PatientCommand {
    /// Show all studies of one patient, now and later, under the identity of another
    Merge {
        /// Patient ID whose studies are shown otherwise
        id: String,
        /// The ID's issuer, where its studies name one
        #[arg(long)]
        issuer: Option<String>,
        /// A study of the other patient (Study Instance UID)
        #[arg(long, value_name = "UID")]
        like: String,
        /// Why; without names
        #[arg(long, default_value = "")]
        note: String,
    },
    /// The patient opposes sharing: no other site sees any study of theirs but in an emergency
    Oppose(HeldBack),
    /// Mask all studies of a patient: no other site sees them, in an emergency neither
    Mask(HeldBack),
    /// Keep all studies of a patient from broken glass; they are shared as agreed
    NoBreakGlass(HeldBack),
    /// Break the glass: open a patient's studies at another site in an emergency
    BreakGlass(Box<Broken>),
    /// Ask the peers whether they know a patient, without saying which
    Presence {
        /// National number (INS) of a qualified identity; `-` reads it from standard input
        ins: String,
        /// Object identifier of who issued it
        #[arg(long, value_name = "OID", default_value = "1.2.250.1.213.1.4.8")]
        issuer: String,
    },
    /// Take a merge back
    Unmerge {
        /// Its number
        id: u64,
    },
}
