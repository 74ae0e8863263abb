//! `confrere audit`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AuditCommand {
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
