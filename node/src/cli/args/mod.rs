//! The words of the command line.
//!
//! # Not here
//! What the commands do: their modules in `cli`.

use crate::trust::Role;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

mod accounts;
mod agreements;
mod archive;
mod audit;
mod cases;
mod copies;
mod duty;
mod insight;
mod keys;
mod rosters;
mod rules;
mod sources;
mod transfers;

pub(super) use accounts::{TokenCommand, UserCommand};
pub(super) use agreements::{AgreementCommand, DirectionWord, Draft, PresetWord};
pub(super) use archive::{
    AskedFor, Broken, ConflictCommand, CorrectCommand, HeldBack, HoldCommand, PatientCommand, RetentionCommand,
    StudyCommand, StudyHeldBack, TierCommand,
};
pub(super) use audit::AuditCommand;
pub(super) use cases::{CaseCommand, CaseStep, ListCases};
pub(super) use copies::{Holders, PeerCopies};
pub(super) use duty::{CaseWords, DutyCommand, GrantCommand, GrantWords};
pub(super) use insight::{Explain, ViewAs};
pub(super) use keys::{KeyCommand, RotateKey};
pub(super) use rosters::{CoverageWords, Days, OtherShift, RosterCommand, ShiftCommand, ShiftWords, WhoWords};
pub(super) use rules::{RuleCommand, RuleWords};
pub(super) use sources::{AddSource, MigrateCommand, SourceCommand, StartMigration};
pub(super) use transfers::{OneTransfer, PeerTest, TransferCommand};

/// Confrere: hospitals read one another's studies, each keeping its own.
///
/// A node holds the studies of one site and shares them with paired sites as signed agreements say. Most commands work
/// on a folder (--dir); where a node runs on it they ask the node, else they work on the folder itself.
#[derive(Debug, Parser)]
#[command(name = "confrere", version, propagate_version = true, max_term_width = 100, after_help = AFTER)]
pub(super) struct Arguments {
    /// The node's folder [default: the current folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(super) dir: Option<PathBuf>,
    /// The language of what is said here: en or fr [default: as LC_ALL, LC_MESSAGES or LANG has it]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = ["en", "fr"], hide_possible_values = true)]
    pub(super) lang: Option<String>,
    /// What to log to standard error, for example `debug` or `info,node::transfer=debug` (else RUST_LOG)
    #[arg(long, global = true, value_name = "FILTER")]
    pub(super) log: Option<String>,
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER: &str = "\
First steps:
  confrere init --dir D --site \"CH Nord\" --ae-title CHNORD
  confrere user add admin --role admin --dir D
  confrere serve --dir D

Exit codes: 0 done, 1 failed, 2 usage, 64 bad configuration.";

impl Arguments {
    pub(super) fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| PathBuf::from("."))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a node: configuration, key and folders
    Init(Init),
    /// Run the node until it is told to stop (SIGTERM, Ctrl-C)
    Serve,
    /// Show two hospitals at work on this machine
    Demo {
        /// Check everything without a person, print the timings, and end
        #[arg(long)]
        check: bool,
    },
    /// Show how the running node is doing
    Status {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// What is wrong with the running node
    Alarms {
        #[command(subcommand)]
        command: Option<AlarmsCommand>,
    },
    /// The ledger behind the access log: how it stands, evidence written out, evidence checked
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Check the node and its surroundings, and say what to do
    Doctor,
    /// Decode frames for the node that starts this
    #[command(hide = true)]
    CodecWorker,
    /// The configuration file
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// People who sign in to the portal
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Bearer tokens of machine clients
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Known DICOM peers (application entities)
    Ae {
        #[command(subcommand)]
        command: AeCommand,
    },
    /// Paired sites
    Peer {
        #[command(subcommand)]
        command: PeerCommand,
    },
    /// Say why a site may, or may not, have a study: each link of the decision
    Explain(Explain),
    /// What is shared with paired sites
    Agreement {
        #[command(subcommand)]
        command: Box<AgreementCommand>,
    },
    /// Cases: requests for a reading or an opinion, and what becomes of them
    Case {
        #[command(subcommand)]
        command: CaseCommand,
    },
    /// Who is on duty and which cases are open: what agreements may ask for
    Duty {
        #[command(subcommand)]
        command: DutyCommand,
    },
    /// Coverages: who reads for whom, when; their rosters, and the minutes that nobody has
    Roster {
        #[command(subcommand)]
        command: Box<RosterCommand>,
    },
    /// Shifts: who of this site is on duty when
    Shift {
        #[command(subcommand)]
        command: ShiftCommand,
    },
    /// Grants of single studies in force, and passing them on
    Grant {
        #[command(subcommand)]
        command: GrantCommand,
    },
    /// Studies, own and peers'
    Study {
        #[command(subcommand)]
        command: StudyCommand,
    },
    /// Other bytes under a known SOP Instance UID, kept aside for review
    Conflict {
        #[command(subcommand)]
        command: ConflictCommand,
    },
    /// Correct attributes of patient and study; the received bytes stay
    Correct {
        #[command(subcommand)]
        command: CorrectCommand,
    },
    /// Patients known under two identities
    Patient {
        #[command(subcommand)]
        command: PatientCommand,
    },
    /// How long studies are kept, and erasing what is past its time
    Retention {
        #[command(subcommand)]
        command: RetentionCommand,
    },
    /// Litigation holds: nothing of the patient is erased
    Hold {
        #[command(subcommand)]
        command: HoldCommand,
    },
    /// The cold tier: older studies on another disk
    Tier {
        #[command(subcommand)]
        command: TierCommand,
    },
    /// Rules: what is done with a study that is complete, or that a peer tells of
    Rule {
        #[command(subcommand)]
        command: Box<RuleCommand>,
    },
    /// The PACS beside this node
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Show transfers from peers, hold them up, call them off
    Transfer {
        #[command(subcommand)]
        command: TransferCommand,
    },
    /// Take over a source's studies in bulk
    Migrate {
        #[command(subcommand)]
        command: MigrateCommand,
    },
    /// Send DICOM files to a DICOM peer (C-STORE), unchanged
    Send(Send),
    /// Take DICOM files, folders, zips and media (DICOMDIR, ISO images) into the archive
    Import(Import),
    /// Write studies of ours as DICOM files, or as a medium (IHE PDI) in a folder, a zip or an image
    Export(Export),
    /// Read every stored byte again and check it
    Verify,
    /// Copy all that cannot be made again to another folder, sealed; the node may run
    Backup(Backup),
    /// The keys that speak for sites
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Second copies of backups, kept by one site for another
    Spare {
        #[command(subcommand)]
        command: SpareCommand,
    },
    /// Put a backup back into a new folder
    Restore(Restore),
    /// Make the index again from journal and files (the node must be stopped)
    Rebuild,
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The institution's name as peers see it, at most 64 characters
    #[arg(long, value_name = "NAME")]
    pub(super) site: String,
    /// This node's AE title, 1 to 16 characters
    #[arg(long, value_name = "TITLE")]
    pub(super) ae_title: String,
    /// Language of texts made by the node
    #[arg(long, value_parser = ["fr", "en"])]
    pub(super) language: Option<String>,
    /// Portal, API and DICOMweb; beyond loopback a certificate is made [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(super) portal: Option<SocketAddr>,
    /// Scanners and PACS [default: 127.0.0.1:11112]
    #[arg(long, value_name = "ADDR")]
    pub(super) dimse: Option<SocketAddr>,
    /// Messages with peers, UDP and TCP [default: 127.0.0.1:7410]
    #[arg(long, value_name = "ADDR")]
    pub(super) overlay: Option<SocketAddr>,
    /// Images with peers, UDP [default: 127.0.0.1:7411]
    #[arg(long, value_name = "ADDR")]
    pub(super) pixels: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub(super) enum AlarmsCommand {
    /// List what stands (so where nothing is said)
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Send a test by mail and webhook, as they are set
    Test,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Check confrere.toml and print every setting in force
    Check,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleWord {
    Admin,
    Radiologist,
    Referrer,
    Technologist,
    Auditor,
}

impl RoleWord {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Admin => Role::Admin.word(),
            Self::Radiologist => Role::Radiologist.word(),
            Self::Referrer => Role::Referrer.word(),
            Self::Technologist => Role::Technologist.word(),
            Self::Auditor => Role::Auditor.word(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum AeCommand {
    /// Make a DICOM peer known, or replace what is known of it: its address and what it may
    Add(AddAe),
    /// List the DICOM peers with what they may
    List,
    /// Ask a DICOM peer whether it is there (C-ECHO)
    Test { title: String },
    /// Forget a DICOM peer: it may do nothing from then on, and what it retrieves now ends
    Remove { title: String },
}

#[derive(Debug, Args)]
pub(super) struct AddAe {
    pub(super) title: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// Which studies it may find and retrieve: those held here, or those of paired sites too
    #[arg(long, value_parser = ["none", "own", "all"], default_value = "none")]
    pub(super) query: String,
    /// Its C-ECHO is answered (so where nothing is said)
    #[arg(long, overrides_with = "no_echo")]
    echo: bool,
    /// Its C-ECHO is not answered
    #[arg(long)]
    pub(super) no_echo: bool,
    /// It may store (so where nothing is said)
    #[arg(long, overrides_with = "no_store")]
    store: bool,
    /// It may not store
    #[arg(long)]
    pub(super) no_store: bool,
    /// Studies may be moved to it (so where nothing is said)
    #[arg(long, overrides_with = "no_destination")]
    destination: bool,
    /// No studies may be moved to it
    #[arg(long)]
    pub(super) no_destination: bool,
    /// It is told of each study that is complete (instance availability notification)
    #[arg(long)]
    pub(super) notify: bool,
    /// Its rejection notes are obeyed (IHE RAD IOCM)
    #[arg(long)]
    pub(super) reject: bool,
    /// It is spoken with by TLS only, both ways
    #[arg(long)]
    pub(super) tls: bool,
    /// The one certificate it shows, as `openssl x509 -noout -fingerprint -sha256` prints it
    #[arg(long, value_name = "SHA256", requires = "tls")]
    pub(super) certificate: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PeerCommand {
    /// Invite a site: prints an invitation to send and, apart from it, a code to speak
    Invite {
        /// Do not ask whether the digits agree (for scripts)
        #[arg(long)]
        yes: bool,
        /// Stay and compare even when nobody is at the terminal; the answer is read from standard input
        #[arg(long, conflicts_with = "no_wait")]
        wait: bool,
        /// Print the invitation and end; compare in the portal
        #[arg(long)]
        no_wait: bool,
        /// It is this peer, which lost its key: that one is revoked, and its agreements are offered anew
        #[arg(long, value_name = "SITE")]
        replaces: Option<String>,
    },
    /// Join a site by its invitation and the code its admin speaks
    Join {
        invitation: String,
        /// The spoken code, eight digits
        #[arg(long)]
        code: String,
        /// Do not ask whether the digits agree (for scripts)
        #[arg(long)]
        yes: bool,
        /// It is this peer, which lost its key: that one is revoked, and its agreements are offered anew
        #[arg(long, value_name = "SITE")]
        replaces: Option<String>,
    },
    /// List the paired sites
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show what a site sees of our studies now, as it sees it
    ViewAs(ViewAs),
    /// Show which copies of our studies a site holds
    Copies(PeerCopies),
    /// Try the link to a site: five seconds of bytes that mean nothing, written down by both
    Test(PeerTest),
    /// End everything with a site: agreements, grants, running transfers, copies
    Revoke {
        /// Its name, key, or the beginning of the key
        site: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SpareCommand {
    /// Sign who keeps whose backup, and offer it to a site
    Offer {
        /// The site's name, key, or the beginning of the key
        site: String,
        /// We keep theirs [default: they keep ours]
        #[arg(long)]
        keep: bool,
        /// Room at the keeper's, bytes
        #[arg(long, value_name = "BYTES")]
        bytes_max: u64,
        /// How fast it may be copied [default: 10 MiB]
        #[arg(long, value_name = "BYTES")]
        bytes_per_second: Option<u64>,
        /// Days that the copy stays after the end [default: 30]
        #[arg(long, value_name = "DAYS")]
        days_after: Option<u32>,
        /// Only from 20:00 to 06:00
        #[arg(long)]
        nights: bool,
        /// Time zone of the nights, for example Europe/Paris
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// Sign what a site offers
    Accept { id: String },
    /// End it; the copy stays for the days agreed
    End { id: String },
    /// List what was agreed, and how the copies stand
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Ask the keeper of ours to prove that it has it
    Prove {
        id: String,
        /// So many files, drawn at random
        #[arg(long, default_value_t = 64)]
        files: usize,
    },
    /// Write what is kept for a site into a new folder, sealed as it is: for a site that lost everything
    Export {
        /// The site's name, key, or the beginning of the key
        site: String,
        /// The folder, on a medium perhaps
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Erase what is kept for a site before its time; the agreement must have ended
    Erase { site: String },
}

#[derive(Debug, Args)]
pub(super) struct Send {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Where to
    #[arg(long, value_name = "AET@HOST:PORT")]
    pub(super) to: String,
    /// The AE title to call from
    #[arg(long, value_name = "TITLE", default_value = "CONFRERE")]
    pub(super) from: String,
    /// By TLS; the peer shows a certificate of these authorities (PEM)
    #[arg(long, value_name = "CA.PEM")]
    pub(super) tls: Option<PathBuf>,
    /// The certificate chain to show (PEM)
    #[arg(long, value_name = "CERT.PEM", requires = "tls", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "KEY.PEM", requires = "tls", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Ask afterwards whether what was sent is safe there (storage commitment), and wait for the answer
    #[arg(long)]
    pub(super) commit: bool,
    /// Seconds to wait for that answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "commit")]
    pub(super) commit_within: u64,
    /// Where the peer may call to give that answer, if it does not give it over the same association
    #[arg(long, value_name = "ADDR:PORT", requires = "commit")]
    pub(super) commit_at: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Only show what is there: patients, studies, what is held already, and who of ours might be meant
    #[arg(long)]
    pub(super) scan: bool,
    /// Only what has this Patient ID
    #[arg(long, value_name = "ID")]
    pub(super) patient: Vec<String>,
    /// Nothing that has this Patient ID
    #[arg(long, value_name = "ID")]
    pub(super) leave_out: Vec<String>,
    /// What has this Patient ID is of a patient of elsewhere, whose ID --issuer gave
    #[arg(long, value_name = "ID", requires = "issuer")]
    pub(super) external: Vec<String>,
    /// Who gave the IDs of --external, such as the institution that made the medium
    #[arg(long, value_name = "NAME")]
    pub(super) issuer: Option<String>,
    /// What has this Patient ID is shown as the patient of this study of ours
    #[arg(long, value_name = "ID=UID")]
    pub(super) link: Vec<String>,
    /// It is this site's own: the same Patient ID is the same patient, whatever the name
    #[arg(long)]
    pub(super) own_ids: bool,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to: a folder, or with --zip or --iso a new file
    #[arg(long, value_name = "PATH")]
    pub(super) to: PathBuf,
    /// Why they leave the house, for the access log; without names
    #[arg(long, value_name = "TEXT")]
    pub(super) purpose: String,
    /// These studies (Study Instance UID) [default: all that the other choices leave]
    #[arg(long, value_name = "UID")]
    pub(super) study: Vec<String>,
    /// Of this Patient ID
    #[arg(long, value_name = "ID")]
    pub(super) patient: Option<String>,
    /// Of this day and later, YYYYMMDD
    #[arg(long, value_name = "DAY")]
    pub(super) from: Option<String>,
    /// Of this day and earlier, YYYYMMDD
    #[arg(long, value_name = "DAY")]
    pub(super) until: Option<String>,
    /// With this modality
    #[arg(long, value_name = "CODE")]
    pub(super) modality: Option<String>,
    /// As a medium: DICOMDIR, README.TXT and INDEX.HTM, names of eight characters
    #[arg(long)]
    pub(super) pdi: bool,
    /// As one zip
    #[arg(long, conflicts_with = "iso")]
    pub(super) zip: bool,
    /// As one ISO 9660 image of a medium
    #[arg(long)]
    pub(super) iso: bool,
    /// Make objects Explicit VR Little Endian, as the general-purpose profiles want [default: as they are stored]
    #[arg(long)]
    pub(super) plain: bool,
}

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder of the backup, begun where there is none; later backups add what is new
    #[arg(long, value_name = "FOLDER")]
    pub(super) to: PathBuf,
    /// A file with the passphrase in its first line (`-`: standard input). Without it nothing can be restored
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: PathBuf,
    /// Only name the snapshots there are
    #[arg(long)]
    pub(super) list: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER", required_unless_present_any = ["confirm", "state", "fetch_back"])]
    pub(super) from: Option<PathBuf>,
    /// A file with the passphrase in its first line (`-`: standard input)
    #[arg(long, value_name = "FILE", required_unless_present_any = ["confirm", "state", "fetch_back"])]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Which snapshot [default: the newest]
    #[arg(long, value_name = "NAME")]
    pub(super) snapshot: Option<String>,
    /// Let the restored node serve peers although not all of them have told what is newer
    #[arg(long, conflicts_with_all = ["from", "passphrase_file", "snapshot", "state"], requires = "reason")]
    pub(super) confirm: bool,
    /// Why, for the access log; without names of patients
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
    /// Which peers have not told yet, and which studies they know that are not held here
    #[arg(long, conflicts_with_all = ["from", "passphrase_file", "snapshot"])]
    pub(super) state: bool,
    /// Take back what peers copied of studies that came after the backup; the node runs
    #[arg(long, conflicts_with_all = ["from", "passphrase_file", "snapshot", "confirm", "state"])]
    pub(super) fetch_back: bool,
}
