//! What is wrong, on its way to where it is put into words: a stable code, and what it is said to be about.
//!
//! # Not here
//! The words: `web/src/strings` for the portal, `cli::text` for the command line. Errors that end a request have codes of
//! their own, in `portal::error`.

use std::fmt;

macro_rules! codes {
    ($($(#[$about:meta])* $name:ident = $word:literal,)*) => {
        /// The codes. A new one is asked for by the portal's types and the command line's `match`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$about])* $name,)*
        }

        impl Code {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it travels.
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// Nobody answers there.
    Unreachable = "unreachable",
    /// Somebody answered, and what was under way broke off.
    BrokeOff = "broke-off",
    Refused = "refused",
    NotUnderstood = "not-understood",
    TooMany = "too-many",
    NotThere = "not-there",
    /// It waits for its hours; detail: which.
    Hours = "hours",
    /// What is set for it cannot be.
    Unfit = "unfit",
    /// Of this node itself.
    Here = "here",
    Stopping = "stopping",
    /// No AE of that title is known to which studies may be moved.
    UnknownAe = "unknown-ae",
    /// It is to be called by TLS, which is not set up.
    NoTls = "no-tls",
    /// The AE is another one than when it began.
    AeChanged = "ae-changed",
    /// It cannot be written down, so it is not done.
    NoEvidence = "no-evidence",
    /// An alarm has no way out.
    NoWay = "no-way",
    Mail = "mail",
    Webhook = "webhook",
    /// Files of ours that cannot be read, or are not what was stored.
    FilesLost = "files-lost",
    /// There is no room, or the disk does not take it.
    NotWritten = "not-written",
    /// The cold tier does not take a copy.
    NotCopied = "not-copied",
    ColdUnreachable = "cold-unreachable",
    /// No DICOM object that can be read.
    NoObject = "no-object",
    /// It is not what it, or the one who sends it, says.
    Mismatch = "mismatch",
    OtherBytes = "other-bytes",
    Rejected = "rejected",
    DiskFull = "disk-full",
    TooLarge = "too-large",
    /// The file itself cannot be read.
    NoFile = "no-file",
    /// Its study names two patients, decided differently.
    Divided = "divided",
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    /// Place and cause in the words of the system, a library or the other side; empty where there is nothing to add.
    pub(crate) detail: String,
}

impl Fault {
    pub(crate) fn new(code: Code, detail: impl fmt::Display) -> Self {
        Self { code, detail: detail.to_string() }
    }
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self { code, detail: String::new() }
    }
}

/// For the log.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => f.write_str(self.code.word()),
            detail => write!(f, "{}: {detail}", self.code.word()),
        }
    }
}
