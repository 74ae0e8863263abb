//! Keys that speak for sites.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// Show which keys speak for this site and its peers, and since when
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Give this site a new key, signed by the one before; agreements and copies stay
    Rotate(RotateKey),
    /// Seal anew what is sealed at rest (second factors, cold copies in an object store), once the key was changed
    Reseal {
        /// Do not wait for a backup: one from before will not read the cold copies
        #[arg(long)]
        without_backup: bool,
        /// Do not ask (for scripts)
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RotateKey {
    /// The key in use may be in other hands: grants given with it are void
    #[arg(long)]
    pub(in crate::cli) compromised: bool,
    /// Since when it may be (RFC 3339, for example 2026-01-05T20:00:00Z); default: now
    #[arg(long, requires = "compromised")]
    pub(in crate::cli) since: Option<String>,
    /// Do not ask (for scripts)
    #[arg(long)]
    pub(in crate::cli) yes: bool,
}
