//! The words for rules on arrival.
//!
//! # Not here
//! What is done: `cli::rules`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RuleCommand {
    /// List the rules
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Add a rule; it means what comes in from now on
    Add {
        /// What it is called, at most 64 characters
        name: String,
        #[command(flatten)]
        words: RuleWords,
        /// Do not add it: tell how many of the studies held here it would have meant
        #[arg(long)]
        dry_run: bool,
    },
    /// Change a rule: what is given replaces what was there (an empty value: nothing). It fires anew for what comes in
    Edit {
        /// Its number
        id: u64,
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        words: RuleWords,
    },
    /// Switch a rule on
    On {
        /// Its number
        id: u64,
    },
    /// Switch a rule off; what it set going goes on, but what it has not fetched from peers yet is not fetched
    Off {
        /// Its number
        id: u64,
    },
    /// Remove a rule; what it set going goes on, but what it has not fetched from peers yet is not fetched
    Remove {
        /// Its number
        id: u64,
    },
    /// Try a rule out on what is stored, or tell which rules mean a study and why
    Test {
        /// Number of the rule
        #[arg(required_unless_present = "study", conflicts_with = "study")]
        id: Option<u64>,
        /// On how many studies, the newest first
        #[arg(long, default_value_t = 1000)]
        last: usize,
        /// Study Instance UID
        #[arg(long, value_name = "UID")]
        study: Option<String>,
    },
    /// What waits to be sent because of rules
    Routes {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// What rules offer to peers and fetch from them, what became of it, and what of it nobody opened
    Peers {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Try now what waits for a peer or from it; an offer that was refused is made again where the study is named
    RetryPeer {
        /// Name or key of the peer
        peer: String,
        /// Only this study
        #[arg(long, value_name = "UID")]
        study: Option<String>,
    },
    /// A study is not offered to a peer, or not fetched from it, after all
    DropPeer {
        /// Name or key of the peer
        peer: String,
        /// Study Instance UID
        study: String,
    },
    /// Try now to send what waits for an AE
    Retry {
        /// AE title
        to: String,
        /// Only this study
        #[arg(long, value_name = "UID")]
        study: Option<String>,
    },
    /// What of a study is not sent to an AE is not sent
    Drop {
        /// AE title
        to: String,
        /// Study Instance UID
        study: String,
    },
}

/// Conditions: of each kind one pattern must match (`*` any run, `?` any character). Actions.
#[derive(Debug, Args)]
pub(in crate::cli) struct RuleWords {
    /// Modality, for example CT
    #[arg(long = "modality", value_name = "PATTERN")]
    pub(in crate::cli) modalities: Option<Vec<String>>,
    /// Station Name
    #[arg(long = "station", value_name = "PATTERN")]
    pub(in crate::cli) stations: Option<Vec<String>>,
    /// Institution Name, for example of the house that referred
    #[arg(long = "institution", value_name = "PATTERN")]
    pub(in crate::cli) institutions: Option<Vec<String>>,
    /// Series Description, for example "*angio*"
    #[arg(long = "series-description", value_name = "PATTERN")]
    pub(in crate::cli) series_descriptions: Option<Vec<String>>,
    /// Body Part Examined
    #[arg(long = "body-part", value_name = "PATTERN")]
    pub(in crate::cli) body_parts: Option<Vec<String>>,
    /// Study Description
    #[arg(long = "description", value_name = "PATTERN")]
    pub(in crate::cli) descriptions: Option<Vec<String>>,
    /// Referring Physician's Name
    #[arg(long = "referrer", value_name = "PATTERN")]
    pub(in crate::cli) referrers: Option<Vec<String>>,
    /// AE title, account or token that brought it
    #[arg(long = "sender", value_name = "PATTERN")]
    pub(in crate::cli) senders: Option<Vec<String>>,
    /// Youngest, in years at the study's date
    #[arg(long, value_name = "YEARS")]
    pub(in crate::cli) age_from: Option<u16>,
    /// Oldest
    #[arg(long, value_name = "YEARS")]
    pub(in crate::cli) age_to: Option<u16>,
    /// Of any age
    #[arg(long, conflicts_with_all = ["age_from", "age_to"])]
    pub(in crate::cli) any_age: bool,
    /// When it was complete, for example 19:00-06:00
    #[arg(long)]
    pub(in crate::cli) hours: Option<String>,
    /// Send it to this known AE
    #[arg(long = "route", value_name = "AE")]
    pub(in crate::cli) routes: Option<Vec<String>>,
    /// Give it this label
    #[arg(long = "label", value_name = "LABEL")]
    pub(in crate::cli) labels: Option<Vec<String>>,
    /// Bring so many earlier studies of the patient here
    #[arg(long, value_name = "COUNT")]
    pub(in crate::cli) priors: Option<u8>,
    /// Move it to the cold tier, compressed, after so many hours
    #[arg(long, value_name = "HOURS")]
    pub(in crate::cli) cold_after: Option<u32>,
    /// Do not move it to the cold tier
    #[arg(long, conflicts_with = "cold_after")]
    pub(in crate::cli) not_cold: bool,
    /// Tell this peer that it is meant for it, where an agreement lets it be told of the study
    #[arg(long = "offer", value_name = "PEER")]
    pub(in crate::cli) offers: Option<Vec<String>>,
    /// The rule is on studies that this peer tells of, and fetches them; empty: any peer
    #[arg(long = "of-peer", value_name = "PEER")]
    pub(in crate::cli) of_peers: Option<Vec<String>>,
    /// Of peers' studies only those that they offer to us
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(in crate::cli) offered: Option<bool>,
    /// Fetch only at these hours, for example 19:00-06:00
    #[arg(long, value_name = "HOURS")]
    pub(in crate::cli) fetch_hours: Option<String>,
    /// Fetch at most so many megabytes a second; 0: as fast as the line carries
    #[arg(long, value_name = "MB")]
    pub(in crate::cli) fetch_mb_s: Option<u32>,
}
