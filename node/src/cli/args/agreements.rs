//! Agreements: the words of their commands.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PresetWord {
    All,
    OnCall,
    CaseOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DirectionWord {
    Both,
    Ours,
    Theirs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AgreementCommand {
    /// Sign an agreement and offer it to a site
    Offer(Draft),
    /// Say how an agreement would read, and what it would change; nothing is signed
    Preview(Draft),
    /// Say what an agreement says
    Show {
        id: String,
        /// Only what the version that waits changes of the one in force
        #[arg(long)]
        changes: bool,
    },
    /// Sign what a site offers
    Accept { id: String },
    /// List the agreements
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Suspend an agreement at once: nothing is told or opened under it; copies stay, closed
    Suspend { id: String },
    /// Resume what this site suspended
    Resume { id: String },
    /// End an agreement at once
    End {
        id: String,
        /// When what is being read has been read, within so many hours; nothing new is opened
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=168))]
        after: Option<u32>,
    },
}

/// What an agreement is drafted from.
#[derive(Debug, Args)]
pub(in crate::cli) struct Draft {
    /// The site's name, key, or the beginning of the key
    pub(in crate::cli) site: String,
    /// Everything (all), everything at the hours that the agreement names (on-call), or nothing but what `study share`
    /// gives (case-only)
    #[arg(long, default_value = "all")]
    pub(in crate::cli) preset: PresetWord,
    /// Whose studies it is about: they read ours, we read theirs, or both
    #[arg(long, default_value = "both")]
    pub(in crate::cli) direction: DirectionWord,
    /// Time zone of the hours of `on-call`, for example Europe/Paris
    #[arg(long, value_name = "ZONE")]
    pub(in crate::cli) time_zone: Option<String>,
    /// Only these modalities, separated by commas
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) modalities: Vec<String>,
    /// Never these modalities
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) no_modalities: Vec<String>,
    /// Only studies of these body parts as DICOM names them, for example HEAD,CHEST
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) regions: Vec<String>,
    /// Never studies of these body parts
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) no_regions: Vec<String>,
    /// Only studies not older than so many days
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) since_days: Option<u32>,
    /// How far: card, manifest, headers, pixels or objects [default: objects]
    #[arg(long)]
    pub(in crate::cli) level: Option<String>,
    /// What the list tells, separated by commas: patient-name, birth-date, sex, patient-id, description, accession,
    /// referrer [default: all]
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(in crate::cli) fields: Option<Vec<String>>,
    /// The list tells nothing of patient or request
    #[arg(long, conflicts_with = "fields")]
    pub(in crate::cli) without_names: bool,
    /// Days that copies stay at the reader's site [default: 30]
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) cache_days: Option<u32>,
    /// The reader may pass studies on to third parties
    #[arg(long)]
    pub(in crate::cli) onward: bool,
    /// The reader takes no more than so much
    #[arg(long, value_name = "KBIT/S")]
    pub(in crate::cli) kbits_max: Option<u32>,
    /// The glass may be broken in an emergency; each use is reviewed within so many hours
    #[arg(long, value_name = "HOURS")]
    pub(in crate::cli) break_glass_hours: Option<u32>,
    /// Only studies on which the holder has an open case with the reader
    #[arg(long)]
    pub(in crate::cli) with_case: bool,
    /// Only for who is on duty at the reader's site
    #[arg(long)]
    pub(in crate::cli) on_duty: bool,
    /// The reader may ask whether the holder knows a patient, without saying which
    #[arg(long)]
    pub(in crate::cli) presence: bool,
    /// For what, separated by commas: care, on-call, expertise, emergency, quality, screening [default: not limited]
    #[arg(long, value_name = "PURPOSES", value_delimiter = ',')]
    pub(in crate::cli) purposes: Vec<String>,
    /// The law, contract or convention it rests on
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) legal_reference: Option<String>,
    /// Our number in the national register of institutions
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) our_national_id: Option<String>,
    /// Where our data protection officer is reached
    #[arg(long, value_name = "CONTACT")]
    pub(in crate::cli) our_privacy_contact: Option<String>,
    /// Their number in the national register of institutions
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) their_national_id: Option<String>,
    /// Where their data protection officer is reached
    #[arg(long, value_name = "CONTACT")]
    pub(in crate::cli) their_privacy_contact: Option<String>,
    /// In force from (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) from: Option<String>,
    /// In force until (RFC 3339) [default: until it is ended]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,
    /// The agreement that this is the next version of
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) replaces: Option<String>,
}
