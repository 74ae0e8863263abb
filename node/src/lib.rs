//! The Confrere node. This file is the map; `docs/architecture.md` is the guide.
//!
//! Use goes down, never sideways; news travels up only as bounded event streams that the upper part reads.
//!
//! ```text
//!  cli                                          parses the command line
//!  site                                         opens, wires, runs and closes all parts
//!  doors    dimse   dicomweb   portal           translate a foreign protocol into calls; decide nothing
//!  out      media                               studies as files and on media
//!  arrive   rules                               what is done with a study that is complete
//!           signatures                          digital signatures that objects carry, checked
//!  show     pixels                               frames found and decoded, for all doors
//!  away     spare                                second copies of backups, here and elsewhere
//!           reseal                               what is sealed at rest, sealed anew
//!           collect                              events of the log on their way to the house's collector
//!  work     desk                                what cases need by themselves: routing, delays, images
//!  view     studies                             find and open a study, here or elsewhere, as one thing
//!  reach    overlay (messages)  transfer (bytes)
//!  beside   sources                             the PACS of the site: asked, retrieved from
//!           roster                              who is on duty, and which minutes have nobody
//!  hold     archive (bytes, index)   users (accounts, sessions)   backup   cases (events and what they come to)
//!           links                               what was decided of records that look alike
//!  right    trust (peers, agreements, grants → permits)
//!  floor    alarms  audit  identity  journal  config  tasks  multipart  seal  words  x509
//! ```

pub mod cli;
pub mod site;

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;

pub(crate) mod collect;
pub(crate) mod demo;

pub(crate) mod dicomweb;
pub(crate) mod dimse;
pub(crate) mod portal;

pub(crate) mod media;
pub(crate) mod pixels;
pub(crate) mod roster;
mod rules;
pub(crate) mod signatures;

pub(crate) mod desk;
pub(crate) mod reports;

pub(crate) mod reseal;
pub(crate) mod spare;
pub(crate) mod studies;

pub(crate) mod overlay;
pub(crate) mod transfer;

pub(crate) mod sources;

pub(crate) mod archive;
pub(crate) mod backup;
pub(crate) mod cases;
pub(crate) mod links;
pub(crate) mod users;

pub(crate) mod trust;

pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod identity;
pub(crate) mod journal;
pub(crate) mod multipart;
pub(crate) mod pace;
pub(crate) mod seal;
pub(crate) mod tasks;
pub(crate) mod words;
pub(crate) mod x509;
