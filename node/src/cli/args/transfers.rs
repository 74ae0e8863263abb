//! Transfers from peers, and how the links to them are.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TransferCommand {
    /// List what is on its way from peers, with road, speed and round trip
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Bring no more of a study than what somebody looks at
    Pause(OneTransfer),
    /// Let a paused transfer go on
    Resume(OneTransfer),
    /// Give up what is not here yet; what is here stays
    Cancel(OneTransfer),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OneTransfer {
    /// Study Instance UID
    pub(in crate::cli) uid: String,
    /// The site it comes from, where it comes from several
    #[arg(long)]
    pub(in crate::cli) site: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PeerTest {
    /// Its name, key, or the beginning of the key
    pub(in crate::cli) site: String,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
