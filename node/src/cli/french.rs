//! What clap says of the command line, in French: help as it was written for us, and its own sentences.
//!
//! # Not here
//! The words: `words/help.txt`, `words/usage.txt`.

use crate::words;
use clap::{Arg, Command, builder::StyledStr};

/// What clap writes into help by itself.
const BY_CLAP: [(&str, &str); 4] = [
    ("Usage:", "Utilisation :"),
    ("Options:", "Options :"),
    ("[default: ", "[par défaut : "),
    ("[possible values: ", "[valeurs possibles : "),
];

/// A command whose help, and that of all below it, is French.
pub(super) fn help(mut command: Command) -> Command {
    command.build();
    below(command)
}

fn below(mut command: Command) -> Command {
    let said = |text: Option<&StyledStr>| text.and_then(|text| words::french_help(&text.to_string()));
    if let Some(text) = said(command.get_about()) {
        command = command.about(text);
    }
    if let Some(text) = said(command.get_long_about()) {
        command = command.long_about(text);
    }
    if let Some(text) = said(command.get_after_help()) {
        command = command.after_help(text);
    }
    command
        .subcommand_help_heading("Commandes")
        .subcommand_value_name("COMMANDE")
        .mut_args(argument)
        .mut_subcommands(below)
}

fn argument(mut argument: Arg) -> Arg {
    let said = |text: Option<&StyledStr>| text.and_then(|text| words::french_help(&text.to_string()));
    if let Some(text) = said(argument.get_help()) {
        argument = argument.help(text);
    }
    if let Some(text) = said(argument.get_long_help()) {
        argument = argument.long_help(text);
    }
    argument
}

/// Help, or what is wrong with the line, as a text without colours.
pub(super) fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    if error.use_stderr() {
        return words::french(&text);
    }
    BY_CLAP.iter().fold(text, |text, (english, french)| text.replace(english, french))
}
