//! What a peer sees, and why.

use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct ViewAs {
    /// Its name, key, or the beginning of the key
    pub(in crate::cli) site: String,
    /// How many studies at most
    #[arg(long, default_value_t = 100)]
    pub(in crate::cli) limit: u32,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The site's name, key, or the beginning of the key
    #[arg(long)]
    pub(in crate::cli) peer: String,
    /// Study Instance UID
    #[arg(long)]
    pub(in crate::cli) study: String,
    /// For which moment (RFC 3339, for example 2026-01-05T20:00:00Z); default: now
    #[arg(long)]
    pub(in crate::cli) at: Option<String>,
    /// How far: card, manifest, headers, pixels or objects
    #[arg(long, default_value = "pixels")]
    pub(in crate::cli) level: String,
    /// As who at the reader's site, by account name [default: anybody there]
    #[arg(long)]
    pub(in crate::cli) person: Option<String>,
    /// For what: care, on-call, expertise, emergency, quality or screening [default: whatever is agreed]
    #[arg(long)]
    pub(in crate::cli) purpose: Option<String>,
    /// As JSON, for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
