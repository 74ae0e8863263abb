//! The command line: a contract that people and their scripts rely on.
//!
//! Commands act on a running node where one runs, through its control socket and the same API as the portal, else on the
//! folder itself. What a script wants (a token, a password, rows) goes to standard output; what is told beside it goes to
//! standard error. Exit codes: 0, 1 failed, 2 usage, 64 bad configuration.

/// As the standard ones, but a reader that has gone (`| head`) is no reason to fall over.
macro_rules! print {
    ($($words:tt)*) => { $crate::cli::text::say(&mut std::io::stdout(), format_args!($($words)*)) };
}
/// A sentence in the language of the command line: `told!("English {x}" | "français {x}")`; what has no words, or is a
/// command, is given once.
macro_rules! told {
    ($english:literal | $french:literal $($parameters:tt)*) => {
        $crate::words::in_language!($crate::words::spoken(), $english | $french $($parameters)*)
    };
    ($($said:tt)*) => { format!($($said)*) };
}
/// The same without parameters.
macro_rules! word {
    ($english:literal | $french:literal) => {
        match $crate::words::spoken() {
            $crate::words::Language::English => $english,
            $crate::words::Language::French => $french,
        }
    };
}
macro_rules! println {
    () => { print!("\n") };
    ($($said:tt)*) => { print!("{}\n", told!($($said)*)) };
}
macro_rules! eprintln {
    ($($said:tt)*) => { $crate::cli::text::say(&mut std::io::stderr(), format_args!("{}\n", told!($($said)*))) };
}
macro_rules! bail {
    ($($said:tt)*) => { return Err(anyhow::Error::msg(told!($($said)*))) };
}
macro_rules! ensure {
    ($holds:expr, $($said:tt)*) => {
        if !$holds {
            bail!($($said)*);
        }
    };
}

mod access;
mod accounts;
mod agreements;
mod alarms;
mod amend;
mod args;
mod audit;
mod backup;
mod cases;
mod copies;
mod doctor;
mod duty;
mod emergency;
mod export;
mod french;
mod heap;
mod insight;
mod kernel;
mod keys;
mod node;
mod objects;
mod peers;
mod presence;
mod retention;
mod rosters;
mod rules;
mod setup;
mod sources;
mod spare;
mod stamp;
mod status;
mod studies;
mod surroundings;
#[cfg(test)]
mod tests;
mod text;
mod tiers;
mod transfers;

use crate::{
    config::ConfigError,
    site,
    words::{self, Language},
};
use args::{Arguments, Command};
use clap::{CommandFactory, FromArgMatches};
use std::{ffi::OsString, io::IsTerminal, process::ExitCode, time::Duration};
use tracing_subscriber::EnvFilter;

/// Threads for blocking work (disk, hashing, decoding) at most: a disk has no more to give, and each may hold megabytes.
const BLOCKING_MAX: usize = 64;
/// After a command ended, stragglers on the blocking pool may take so long.
const STRAGGLERS: Duration = Duration::from_secs(2);
const FAILED: u8 = 1;
const BAD_CONFIGURATION: u8 = 64;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    words::speak(language(&line));
    let arguments = match parse(line, words::spoken()) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    if matches!(arguments.command, Command::CodecWorker) {
        return crate::pixels::work();
    }
    if matches!(arguments.command, Command::Serve) {
        heap::one();
    }
    log(&arguments);
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(2))
        .max_blocking_threads(BLOCKING_MAX)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}" | "erreur : {error}");
            return ExitCode::from(FAILED);
        }
    };
    let ended = runtime.block_on(Box::pin(run(arguments)));
    runtime.shutdown_timeout(STRAGGLERS);
    match ended {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}" | "erreur : {}", sentence(&error));
            ExitCode::from(code_of(&error))
        }
    }
}

/// What `--lang` says, else the surroundings. Looked for before the line is understood, for what is wrong with it is told
/// in that language.
fn language(line: &[OsString]) -> Language {
    let mut words = line.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        match (word, word.strip_prefix("--lang=")) {
            ("--", _) => break,
            ("--lang", _) => return words.next().map_or_else(Language::default, Language::of),
            (_, Some(tag)) => return Language::of(tag),
            _ => {}
        }
    }
    Language::of_environment(|name| std::env::var(name).ok())
}

fn parse(
    line: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    language: Language,
) -> Result<Arguments, clap::Error> {
    let command = Arguments::command();
    let mut command = if language == Language::French { french::help(command) } else { command };
    let matches = command.try_get_matches_from_mut(line)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Help that was asked for, or what is wrong with the line.
fn refused(error: &clap::Error) -> ExitCode {
    match words::spoken() {
        // Nobody is there to be told that it cannot be told.
        Language::English => _ = error.print(),
        Language::French if error.use_stderr() => eprintln!("{}", french::usage(error).trim_end()),
        Language::French => println!("{}", french::usage(error).trim_end()),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(FAILED))
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let dir = arguments.dir();
    let done = match arguments.command {
        Command::Init(init) => setup::init(&dir, init),
        Command::Serve => setup::serve(&dir).await,
        Command::Demo { check } => {
            return crate::demo::run(crate::demo::DemoOptions { check, dir: arguments.dir }).await;
        }
        Command::Config { command } => setup::config(&dir, &command),
        Command::Backup(asked) => backup::backup(&dir, asked).await,
        Command::Restore(asked) => backup::restore(&dir, asked).await,
        Command::Key { command } => keys::key(&dir, command).await,
        Command::Spare { command } => spare::spare(&dir, command).await,
        Command::Rebuild => setup::rebuild(&dir),
        Command::Status { json } => status::status(&dir, json).await,
        Command::User { command } => accounts::user(&dir, command).await,
        Command::Token { command } => accounts::token(&dir, command).await,
        Command::Ae { command } => accounts::ae(&dir, command).await,
        Command::Rule { command } => rules::rule(&dir, *command).await,
        Command::Source { command } => sources::source(&dir, command).await,
        Command::Migrate { command } => sources::migrate(&dir, command).await,
        Command::Transfer { command } => transfers::transfer(&dir, command).await,
        Command::Send(send) => return objects::send(send).await,
        Command::Import(asked) => return objects::import(&dir, asked).await,
        Command::Alarms { command } => return alarms::alarms(&dir, command).await,
        Command::Audit { command } => return audit::audit(&dir, command).await,
        Command::Export(asked) => return export::export(&dir, asked).await,
        Command::Verify => return objects::verify(&dir).await,
        Command::Peer { command } => return peers::peer(&dir, command).await,
        Command::Explain(asked) => return insight::explain(&dir, asked).await,
        Command::Agreement { command } => agreements::agreement(&dir, *command).await,
        Command::Case { command } => cases::case(&dir, command).await,
        Command::Duty { command } => duty::duty(&dir, command).await,
        Command::Roster { command } => rosters::roster(&dir, *command).await,
        Command::Shift { command } => rosters::shift(&dir, command).await,
        Command::Grant { command } => duty::grant(&dir, command).await,
        Command::Study { command } => studies::study(&dir, command).await,
        Command::Conflict { command } => amend::conflict(&dir, command).await,
        Command::Correct { command } => amend::correct(&dir, command).await,
        Command::Patient { command } => amend::patient(&dir, command).await,
        Command::Retention { command } => retention::retention(&dir, command).await,
        Command::Hold { command } => retention::hold(&dir, command).await,
        Command::Tier { command } => tiers::tier(&dir, command).await,
        Command::Doctor => return doctor::doctor(&dir).await,
        Command::CodecWorker => return Ok(crate::pixels::work()),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// To standard error; colours only for people.
fn log(arguments: &Arguments) {
    let quiet = if matches!(arguments.command, Command::Serve) { "info,libp2p=warn,netlink=warn" } else { "warn" };
    let asked = arguments.log.clone().or_else(|| std::env::var("RUST_LOG").ok());
    let filter = asked.and_then(|asked| EnvFilter::try_new(asked).ok()).unwrap_or_else(|| EnvFilter::new(quiet));
    let colours = std::io::stderr().is_terminal();
    let started =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).try_init();
    if let Err(error) = started {
        eprintln!("no log: {error}" | "pas de journal : {error}");
    }
}

/// An error with its causes, each said once: some say their cause themselves.
fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(|cause| text::spoken(&cause.to_string())) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}

fn code_of(error: &anyhow::Error) -> u8 {
    let bad_configuration = error.chain().any(|cause| {
        cause.is::<ConfigError>()
            || matches!(cause.downcast_ref(), Some(site::SiteError::Config(_)))
            || matches!(cause.downcast_ref(), Some(site::CreateError::Config(_)))
    });
    if bad_configuration { BAD_CONFIGURATION } else { FAILED }
}
