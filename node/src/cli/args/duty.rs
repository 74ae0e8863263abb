//! Who is on duty and which cases are open, and grants that narrow others: the words of their commands.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DutyCommand {
    /// List who is on duty and which cases are open, here and at paired sites
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Open a case with other sites on studies of ours, or state it anew
    Case(CaseWords),
    /// Close a case; shifts end by `shift end`
    End { id: String },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CaseWords {
    /// Study Instance UIDs
    #[arg(required = true, value_name = "UID")]
    pub(in crate::cli) studies: Vec<String>,
    /// The account whose case it is
    #[arg(long)]
    pub(in crate::cli) owner: String,
    /// The other sites: name, key, or the beginning of the key
    #[arg(long, required = true, value_name = "SITE")]
    pub(in crate::cli) with: Vec<String>,
    /// Open until (RFC 3339), ninety days at most
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: String,
    /// The case that is stated anew
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) id: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum GrantCommand {
    /// List the grants in force that this site gave, has, or passed on
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Pass a grant on to another site, no wider than it is; the study's holder must allow it
    PassOn {
        id: String,
        /// The site's name, key, or the beginning of the key
        site: String,
        /// For so many hours [default: as long as the grant]
        #[arg(long)]
        hours: Option<u32>,
        #[command(flatten)]
        terms: GrantWords,
    },
    /// Take a grant back, with all that was passed on from it
    Revoke { id: String },
}

/// How a study is shared.
#[derive(Debug, Args)]
pub(in crate::cli) struct GrantWords {
    /// How far: card, manifest, headers, pixels or objects [default: as agreed]
    #[arg(long)]
    pub(in crate::cli) level: Option<String>,
    /// For what alone: care, on-call, expertise, emergency, quality or screening [default: as agreed]
    #[arg(long)]
    pub(in crate::cli) purpose: Option<String>,
    /// It is read into no more copies than so many
    #[arg(long, value_name = "COPIES")]
    pub(in crate::cli) copies_max: Option<u32>,
    /// A site that it may be passed on to: name or key
    #[arg(long, value_name = "SITE")]
    pub(in crate::cli) forward: Vec<String>,
}
