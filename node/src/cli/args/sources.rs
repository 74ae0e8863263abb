//! The words for the PACS beside the node.
//!
//! # Not here
//! What is done: `cli::sources`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SourceCommand {
    /// Make a PACS known, or change what is known of it
    Add(Box<AddSource>),
    /// Show the sources and how they are
    List,
    /// Forget a source
    Remove { name: String },
    /// Ask a source whether it is there
    Test { name: String },
    /// Ask a source for studies
    Find {
        name: String,
        /// A condition, as in PatientID=42 or StudyDate=20240101-20240131
        #[arg(required = true, value_name = "KEYWORD=VALUE", value_parser = condition)]
        keys: Vec<(String, String)>,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

fn condition(text: &str) -> Result<(String, String), String> {
    let (keyword, value) = text.split_once('=').ok_or("expected KEYWORD=VALUE")?;
    Ok((keyword.to_owned(), value.to_owned()))
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("place").required(true).args(["at", "url"])))]
pub(in crate::cli) struct AddSource {
    /// Its name here: letters, digits, - and _
    pub(in crate::cli) name: String,
    /// Where it is, by DIMSE
    #[arg(long, value_name = "AETITLE@HOST:PORT")]
    pub(in crate::cli) at: Option<String>,
    /// Retrieve by C-MOVE to this node instead of C-GET
    #[arg(long, requires = "at")]
    pub(in crate::cli) r#move: bool,
    /// Call it by TLS (dimse.tls_listen must be set)
    #[arg(long, requires = "at")]
    pub(in crate::cli) tls: bool,
    /// SHA-256 of the one certificate it shows
    #[arg(long, requires = "tls", value_name = "HEX")]
    pub(in crate::cli) certificate: Option<String>,
    /// Where it is, by DICOMweb: the base of QIDO-RS and WADO-RS
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) url: Option<String>,
    /// PEM file, on the node's machine, of authorities believed besides the system's
    #[arg(long, requires = "url", value_name = "FILE")]
    pub(in crate::cli) ca: Option<String>,
    /// File with a bearer token (`-`: standard input)
    #[arg(long, requires = "url", value_name = "FILE", conflicts_with = "basic_file")]
    pub(in crate::cli) token_file: Option<PathBuf>,
    /// File with name:password (`-`: standard input)
    #[arg(long, requires = "url", value_name = "FILE")]
    pub(in crate::cli) basic_file: Option<PathBuf>,
    /// Issuer of the Patient IDs in which it names none [default: this site's name]
    #[arg(long)]
    pub(in crate::cli) issuer: Option<String>,
    /// What it is for: list, peers, priors, migrate, reject (its rejection notes are obeyed)
    /// [default: list,priors,migrate]
    #[arg(long, value_delimiter = ',', value_name = "PURPOSES")]
    pub(in crate::cli) purposes: Vec<String>,
    /// Studies retrieved at once, 1 to 8
    #[arg(long)]
    pub(in crate::cli) concurrent: Option<u8>,
    /// Megabytes a second in bulk; 0: as fast as it goes
    #[arg(long, default_value_t = 0)]
    pub(in crate::cli) mb_per_s: u32,
    /// Days back that are listed [default: 3650]
    #[arg(long)]
    pub(in crate::cli) days: Option<u32>,
    /// Priors retrieved before anybody asks
    #[arg(long, default_value_t = 0)]
    pub(in crate::cli) prefetch: u8,
    /// When it may be read in bulk, by the local clock
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub(in crate::cli) hours: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MigrateCommand {
    /// Begin to take over a source's studies
    Start(StartMigration),
    /// Show how far migrations are
    Status {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Stop for now
    Pause { id: u64 },
    /// Go on; with one that is done, for what lacks
    Resume { id: u64 },
    /// Stop for good; what came stays
    Cancel { id: u64 },
    /// Show what the source said, what came and what lacks
    Report {
        id: u64,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
        /// As comma-separated values, a line per study
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StartMigration {
    pub(in crate::cli) source: String,
    /// First study date
    #[arg(long, value_name = "YYYYMMDD")]
    pub(in crate::cli) from: Option<String>,
    /// Last study date
    #[arg(long, value_name = "YYYYMMDD")]
    pub(in crate::cli) to: Option<String>,
    /// Only studies with any of these
    #[arg(long, value_delimiter = ',', value_name = "MODALITIES")]
    pub(in crate::cli) modalities: Vec<String>,
    /// Also retrieve what is here already, and compare its bytes
    #[arg(long)]
    pub(in crate::cli) compare: bool,
    /// Studies retrieved at once, 1 to 8
    #[arg(long)]
    pub(in crate::cli) concurrent: Option<u8>,
    /// Megabytes a second; 0: as fast as it goes
    #[arg(long)]
    pub(in crate::cli) mb_per_s: Option<u32>,
    /// Only at these hours, by the local clock
    #[arg(long, value_name = "HH:MM-HH:MM")]
    pub(in crate::cli) hours: Option<String>,
}
