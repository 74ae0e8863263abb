//! `[alarms]`: who is told when something is wrong, and from when on it is.

use super::read::Section;
use std::path::PathBuf;
use toml::Value;

/// Recipients of one notice.
const RECIPIENTS_MAX: usize = 8;
/// How long a screen may be silent, milliseconds: pages say every some seconds that they are there.
const SILENT_MS: std::ops::RangeInclusive<u64> = 5_000..=3_600_000;
/// How often the node looks at itself, milliseconds.
const LOOK_MS: std::ops::RangeInclusive<u64> = 500..=3_600_000;

/// How mail is secured on its way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailSecurity {
    Starttls,
    Tls,
    /// Only to this machine.
    None,
}

impl MailSecurity {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }
}

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmMail {
    /// `mail_to`
    pub(crate) to: Vec<String>,
    /// `mail_from`
    pub(crate) from: String,
    /// `smtp`: `host:port`
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `smtp_security`
    pub(crate) security: MailSecurity,
    /// `smtp_credentials`: a file of mode 0600 with a name and a password, a line each.
    pub(crate) credentials: Option<PathBuf>,
}

/// Where a webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmWebhook {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    /// `webhook_secret`: a file of mode 0600.
    pub(crate) secret: Option<PathBuf>,
}

impl AlarmWebhook {
    pub(super) fn url(&self) -> String {
        format!("{}://{}:{}{}", if self.tls { "https" } else { "http" }, self.host, self.port, self.path)
    }
}

/// The section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmsConfig {
    pub(crate) mail: Option<AlarmMail>,
    pub(crate) webhook: Option<AlarmWebhook>,
    /// `tls_ca`: a PEM authority beside the system's.
    pub(crate) tls_ca: Option<PathBuf>,
    /// A backup older than so many days is overdue; 0: never.
    pub(crate) backup_days: u32,
    /// A peer is silent after so many hours; 0: never.
    pub(crate) peer_silent_hours: u32,
    /// `look_every`, milliseconds.
    pub(crate) look_every_ms: u64,
    /// `screen_silent`: whoever is on duty is not there when no screen has been live for so long, milliseconds.
    pub(crate) screen_silent_ms: u64,
}

impl Default for AlarmsConfig {
    fn default() -> Self {
        let (mail, webhook, tls_ca) = (None, None, None);
        Self {
            mail,
            webhook,
            tls_ca,
            backup_days: 7,
            peer_silent_hours: 24,
            look_every_ms: 60_000,
            screen_silent_ms: 60_000,
        }
    }
}

fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let fit = !host.is_empty() && host.len() <= 253 && !host.contains(|c: char| c.is_whitespace() || c == '/');
    port.parse().ok().filter(|port| fit && *port > 0).map(|port| (host.to_owned(), port))
}

fn is_address(text: &str) -> bool {
    let fit = text.len() <= 254 && text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['<', '>', ',', '"']);
    fit && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

pub(super) fn read(section: &mut Section<'_>) -> AlarmsConfig {
    let default = AlarmsConfig::default();
    AlarmsConfig {
        mail: mail(section),
        webhook: webhook(section),
        tls_ca: section.path("tls_ca"),
        backup_days: section.count("backup_days", default.backup_days, 365),
        peer_silent_hours: section.count("peer_silent_hours", default.peer_silent_hours, 8_760),
        look_every_ms: section.text("look_every", default.look_every_ms, "a time from \"500ms\" to \"1h\"", |text| {
            super::units::milliseconds(text).filter(|ms| LOOK_MS.contains(ms))
        }),
        screen_silent_ms: section.text(
            "screen_silent",
            default.screen_silent_ms,
            "a time from \"5s\" to \"1h\"",
            |text| super::units::milliseconds(text).filter(|ms| SILENT_MS.contains(ms)),
        ),
    }
}

/// All that mail needs, or no mail.
fn mail(section: &mut Section<'_>) -> Option<AlarmMail> {
    let to = section.table.remove("mail_to");
    let from =
        section.text("mail_from", None, "a mail address", |text| is_address(text).then(|| Some(text.to_owned())));
    let server = section
        .text("smtp", None, "a server with a port, like \"mail.example:587\"", |text| host_and_port(text).map(Some));
    let security = section.text("smtp_security", MailSecurity::Starttls, "\"starttls\", \"tls\" or \"none\"", |text| {
        [MailSecurity::Starttls, MailSecurity::Tls, MailSecurity::None].into_iter().find(|one| one.word() == text)
    });
    let credentials = section.path("smtp_credentials");
    if to.is_none() && from.is_none() && server.is_none() {
        return None;
    }
    let list: Option<Vec<String>> = to
        .as_ref()
        .and_then(Value::as_array)
        .and_then(|list| list.iter().map(|v| v.as_str().filter(|text| is_address(text)).map(str::to_owned)).collect());
    let to = list.filter(|list| (1..=RECIPIENTS_MAX).contains(&list.len()));
    for (key, is_there) in [("mail_to", to.is_some()), ("mail_from", from.is_some()), ("smtp", server.is_some())] {
        if !is_there {
            section.fault(key, "mail_to (1 to 8 addresses), mail_from and smtp are set together");
        }
    }
    let (host, port) = server?;
    if security == MailSecurity::None && !is_here(&host) {
        section.fault("smtp_security", "none is for a server on this machine only");
    }
    Some(AlarmMail { to: to?, from: from?, host, port, security, credentials })
}

fn webhook(section: &mut Section<'_>) -> Option<AlarmWebhook> {
    let wanted = "a URL like \"https://alarms.example/hook\" (http on this machine only)";
    let secret = section.path("webhook_secret");
    let parsed = section.text("webhook", None, wanted, |text| {
        let (scheme, rest) = text.split_once("://")?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let with_port = if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:{}", if tls { 443 } else { 80 })
        };
        let (host, port) = host_and_port(&with_port)?;
        let fit = (tls || is_here(&host)) && path.bytes().all(|b| b.is_ascii_graphic()) && !host.contains('@');
        fit.then(|| Some(AlarmWebhook { tls, host, port, path: path.to_owned(), secret: None }))
    });
    parsed.map(|webhook| AlarmWebhook { secret, ..webhook })
}
