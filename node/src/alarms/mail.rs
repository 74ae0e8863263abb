//! A notice by mail: SMTP with STARTTLS or TLS (RFC 5321, 3207, 8314), with a name and a password where they are set.
//!
//! # Not here
//! Trying again: [`super::send`].

use super::{Inner, Notice, send::TIME_MAX, words};
use crate::config::{AlarmMail, MailSecurity};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::header::ContentType,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use zeroize::Zeroizing;

pub(super) async fn send(inner: &Inner, to: &AlarmMail, notice: &Notice) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let sentence = words::sentence(notice, inner.language);
    let level = notice.alarm.level.word();
    let subject = format!("[Confrere {}] {sentence}", inner.site);
    let mut message = Message::builder().from(to.from.parse().map_err(|e| told(&e))?).subject(subject);
    for recipient in &to.to {
        message = message.to(recipient.parse().map_err(|e| told(&e))?);
    }
    let mut body =
        format!("{}: {sentence}\n\n{} / {level} / {}\n", inner.site, notice.alarm.kind.word(), notice.what.word());
    for one in notice.alarm.call.iter().flat_map(|call| &call.whom) {
        body.push_str(&format!("{} {} {}\n", one.telephone, one.name, one.site));
    }
    let message = message.header(ContentType::TEXT_PLAIN).body(body).map_err(|e| told(&e))?;
    let tls = match to.security {
        MailSecurity::None => Tls::None,
        MailSecurity::Starttls => Tls::Required(parameters(inner, &to.host)?),
        MailSecurity::Tls => Tls::Wrapper(parameters(inner, &to.host)?),
    };
    let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&to.host);
    server = server.port(to.port).tls(tls).timeout(Some(TIME_MAX));
    if let Some(path) = &to.credentials {
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?);
        let mut lines = text.lines();
        let (name, password) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        server = server.credentials(Credentials::new(name.to_owned(), password.to_owned()));
    }
    server.build().send(message).await.map(drop).map_err(|e| told(&e))
}

/// The system's authorities, and the one that is set.
fn parameters(inner: &Inner, host: &str) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = &inner.config.tls_ca {
        let pem = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| e.to_string())?);
    }
    parameters.build_rustls().map_err(|e| e.to_string())
}
