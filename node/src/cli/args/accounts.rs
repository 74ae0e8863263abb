//! What the command line takes for people and for programs' tokens.

use super::RoleWord;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// Add a user; without --password-file a password is made and printed
    Add {
        name: String,
        #[arg(long)]
        role: RoleWord,
        /// The file's first line is the password; `-` is standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List the users
    List,
    /// Give a user a new password, printed this once; another must be chosen with it
    Password { name: String },
    /// Take a user's second factor away: the phone is lost. The user's sessions end
    ResetFactor { name: String },
    /// Disable a leaver's account: sessions and tokens end, what was signed stays
    Disable { name: String },
    /// Enable a disabled account again
    Enable { name: String },
    /// Say who a user is at the identity provider: they come in by it from then on
    Link {
        name: String,
        /// Who it is there (`sub`): the log names it where somebody did not come in
        subject: String,
        /// The role is what the provider says at each sign-in, not what it is here
        #[arg(long)]
        role_by_mapping: bool,
    },
    /// Undo that: the identity provider opens the account no more, sessions and tokens end
    Unlink { name: String },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Make a token and print it, this once
    Add {
        name: String,
        #[arg(long)]
        role: RoleWord,
        /// Days it lives, 1 to 366
        #[arg(long, default_value_t = 366)]
        days: u32,
        /// Opens this of what the role allows (`list-studies`, `read-studies`, …); may be repeated
        #[arg(long, value_name = "ACTION")]
        only: Vec<String>,
    },
    /// List the tokens with their ends
    List,
    /// Take a token back: it opens nothing from then on
    Remove { name: String },
}
