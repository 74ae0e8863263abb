//! How the archive was last left: closed, or running.
//!
//! # At a crash
//! The file says *running since*, and from which journal position: what came behind it is looked at again.
//!
//! # Not here
//! What is done about it: [`super::Archive::open`].

use super::ArchiveError;
use crate::journal::Position;
use protocol::{
    Timestamp,
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Clean { position: Position },
    Running { since: Timestamp, from: Position },
}

impl Wire for State {
    const VERSION: u8 = 1;
    const NAME: &'static str = "archive state";
}

const FILE: &str = "archive.state";

impl State {
    /// `None`: never opened, or what is there says nothing.
    pub(super) fn read(dir: &Path) -> Option<Self> {
        fs::read(dir.join(FILE)).ok().and_then(|bytes| wire::decode(&bytes).ok())
    }

    pub(super) fn write(self, dir: &Path) -> Result<(), ArchiveError> {
        let fresh = dir.join("archive.state.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&wire::encode(&self))?;
        file.sync_all()?;
        fs::rename(&fresh, dir.join(FILE))?;
        File::open(dir)?.sync_all()?;
        Ok(())
    }

    /// The journal reaches at least here.
    pub(super) fn position(self) -> Position {
        match self {
            Self::Clean { position } => position,
            Self::Running { from, .. } => from,
        }
    }
}
