//! Who holds copies of our studies.

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct Holders {
    /// Study Instance UID
    pub(in crate::cli) uid: String,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PeerCopies {
    /// Its name, key, or the beginning of the key
    pub(in crate::cli) site: String,
    /// Those that are erased too
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
