//! Coverages, rosters and shifts: the words of their commands.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RosterCommand {
    /// List the coverages: who reads for whom
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Offer a coverage to its sites; it is in force when all have signed
    Offer(CoverageWords),
    /// Sign a coverage that another site has offered
    Accept { id: String },
    /// End a coverage, for all its sites and at once
    End { id: String },
    /// Show some days of a coverage: shifts, and the minutes that nobody has
    Show {
        id: String,
        #[command(flatten)]
        days: Days,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Say who is asked for a study, in which order, and why others are not
    Who(WhoWords),
    /// Write this site's shifts of a coverage as iCalendar, to standard output
    Export {
        id: String,
        #[command(flatten)]
        days: Days,
    },
    /// Read an iCalendar file into this site's shifts of a coverage
    Import {
        id: String,
        /// The file (`-`: standard input)
        file: PathBuf,
        /// Say what would become of it, and change nothing
        #[arg(long)]
        trial: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Days {
    /// The first day, by the coverage's wall clock [default: today]
    #[arg(long, value_name = "DAY")]
    pub(in crate::cli) from: Option<String>,
    /// How many days
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) days: Option<u16>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CoverageWords {
    /// What people call it
    pub(in crate::cli) name: String,
    /// A site whose studies are read: name or key, or `here`; again for each
    #[arg(long = "for", value_name = "SITE", required = true)]
    pub(in crate::cli) beneficiaries: Vec<String>,
    /// A site that reads, in the order of asking: name or key, or `here`, and its tier after a colon: own, group, department,
    /// region or company [default: group]
    #[arg(long = "by", value_name = "SITE[:TIER]", required = true)]
    pub(in crate::cli) readers: Vec<String>,
    /// Only these modalities, separated by commas [default: all]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) modalities: Vec<String>,
    /// Only studies of these body parts, separated by commas [default: all]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) regions: Vec<String>,
    /// The time zone of the hours
    #[arg(long, value_name = "ZONE", default_value = "Europe/Paris")]
    pub(in crate::cli) time_zone: String,
    /// When somebody has to be on duty, for example "daily 18:00-08:00", "mon-fri 12:00-14:00" or "sat 13:00-mon 08:00"; again
    /// for each [default: always]
    #[arg(long, value_name = "HOURS")]
    pub(in crate::cli) hours: Vec<String>,
    /// Whose holidays count as whole days
    #[arg(long, value_parser = ["none", "france", "alsace-moselle"], default_value = "france")]
    pub(in crate::cli) holidays: String,
    /// Another day that counts as a holiday, for example 2026-12-24
    #[arg(long, value_name = "DAY")]
    pub(in crate::cli) extra_day: Vec<String>,
    /// Who is called when nobody answers
    #[arg(long, value_name = "NUMBER", default_value = "")]
    pub(in crate::cli) telephone: String,
    /// In force from (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) from: Option<String>,
    /// In force until (RFC 3339) [default: until ended]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: Option<String>,
    /// The coverage of which it is the next version
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) id: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WhoWords {
    /// Whose study it is: name or key [default: this site]
    #[arg(long)]
    pub(in crate::cli) site: Option<String>,
    /// Its modalities, separated by commas
    #[arg(long, value_name = "CODES")]
    pub(in crate::cli) modalities: Option<String>,
    /// Its body parts, separated by commas
    #[arg(long, value_name = "CODES")]
    pub(in crate::cli) regions: Option<String>,
    /// When (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) at: Option<String>,
    /// Sites that refused it, separated by commas
    #[arg(long, value_name = "SITES")]
    pub(in crate::cli) refused: Option<String>,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ShiftCommand {
    /// List the shifts that are known here
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Plan a shift of somebody of this site
    Add(ShiftWords),
    /// Move a shift, or give it to somebody else
    Move {
        id: String,
        #[command(flatten)]
        words: ShiftWords,
    },
    /// Say that its person will be there
    Confirm { id: String },
    /// Take a confirmation back
    Doubt { id: String },
    /// Say that its person is there; links to the covered sites are tried, and kept with what was tried
    Take {
        id: String,
        /// The sound of an alert was heard
        #[arg(long)]
        sound: bool,
        /// A notification was seen
        #[arg(long)]
        notifications: bool,
    },
    /// Show what is open of a shift's person, and to whom it may be handed over
    Handing {
        id: String,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Offer a shift, with what is open, to another one
    Offer {
        id: String,
        #[command(flatten)]
        to: OtherShift,
    },
    /// Take the offer of a hand-over back
    Keep { id: String },
    /// Acknowledge what another shift has offered to this one
    Relieve {
        id: String,
        #[command(flatten)]
        from: OtherShift,
    },
    /// End a shift that runs, or take away one that will not be
    End { id: String },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OtherShift {
    /// The other shift
    #[arg(value_name = "SHIFT")]
    pub(in crate::cli) shift: String,
    /// Of which site: name or key [default: this site]
    #[arg(long)]
    pub(in crate::cli) site: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShiftWords {
    /// The account's name
    pub(in crate::cli) person: String,
    /// From (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) from: Option<String>,
    /// Until (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) until: String,
    /// The coverage that it is for [default: the site's own needs]
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) coverage: Option<String>,
    /// There and awake (garde), or at home and called (astreinte)
    #[arg(long, value_parser = ["garde", "astreinte"], default_value = "garde")]
    pub(in crate::cli) presence: String,
    /// Who is called first: 1, then 2, to 9
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(in crate::cli) rank: u8,
    /// Modalities that the person reads, separated by commas [default: all]
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub(in crate::cli) competences: Vec<String>,
    /// Where the person is called
    #[arg(long, value_name = "NUMBER", default_value = "")]
    pub(in crate::cli) telephone: String,
    /// The person has not said yes yet
    #[arg(long)]
    pub(in crate::cli) planned: bool,
}
