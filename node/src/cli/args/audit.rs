//! The words of `confrere audit`.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// How the ledger stands, with each peer, and what was found wrong
    Status {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Take note of what was found wrong; the alarm is over, the findings stay
    Settle,
    /// Write evidence out, for anybody to check
    Export {
        /// Events about this study; may be repeated [default: all]
        #[arg(long, value_name = "UID")]
        study: Vec<String>,
        /// Events about the studies of this patient that are held here
        #[arg(long, value_name = "ID", requires = "issuer")]
        patient: Option<String>,
        /// Who issued the patient's ID
        #[arg(long, value_name = "ISSUER")]
        issuer: Option<String>,
        /// Not before, for example 2026-01-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Not after
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Where to [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// With a time-stamp (RFC 3161) of the authority at this address
        #[arg(long, value_name = "URL")]
        timestamp: Option<url::Url>,
    },
    /// Check evidence with the sites' public keys; needs no node and no network
    Verify {
        /// The file that was written out
        #[arg(value_name = "BUNDLE")]
        bundle: PathBuf,
        /// A site's public key, or a file that holds it; once for each site
        #[arg(long = "key", value_name = "KEY", required = true)]
        keys: Vec<String>,
        /// Authorities by which its time-stamp is checked, PEM
        #[arg(long, value_name = "FILE")]
        timestamp_ca: Option<PathBuf>,
        /// Without the list of events
        #[arg(long)]
        quiet: bool,
    },
    /// Uses of broken glass that wait for a review, here and at other sites
    Reviews {
        /// Those reviewed too
        #[arg(long)]
        all: bool,
    },
    /// Review a use of broken glass
    Review {
        /// Its request, as the list tells it
        request: String,
        /// What it was
        #[arg(value_parser = ["justified", "not-justified", "follow-up"])]
        verdict: String,
        /// For those who look later; without names
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Who did what with a patient's studies, when and for which site
    Patient {
        /// Patient ID
        id: String,
        /// Issuer of Patient ID
        #[arg(long)]
        issuer: Option<String>,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
}
