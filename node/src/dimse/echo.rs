//! C-ECHO, both ways (PS3.4 Annex A): is anybody there?

use super::{
    Destination, DimseError,
    association::{Association, Incoming},
    link::{LinkError, Patience},
    message::{C_ECHO_RSP, Command},
    negotiate::{Context, IMPLICIT_LE, VERIFICATION},
    status::Status,
};
use protocol::{AeTitle, Uid};
use std::time::{Duration, Instant};

/// Answers an echo.
pub(crate) async fn answer(
    association: &mut Association,
    context: &Context,
    request: &Command,
) -> Result<(), LinkError> {
    association.send(context.id, &Command::answer(request, Status::SUCCESS)).await
}

/// Asks a peer whether it is there; gives the time of the echo itself.
pub(crate) async fn echo(to: &Destination, calling: &AeTitle) -> Result<Duration, DimseError> {
    let pairs = [(uid(VERIFICATION)?, uid(IMPLICIT_LE)?)];
    let mut association = super::connect(to, calling, &pairs, Patience::default()).await?;
    let Some(context) = association.context_for(VERIFICATION, None).cloned() else {
        association.abort(super::pdu::Abort::USER).await;
        return Err(DimseError::Refused("the peer does not answer echoes"));
    };
    let begun = Instant::now();
    association.send(context.id, &Command::echo_request(1, VERIFICATION)).await?;
    let answer = association.next_within(Patience::default().unit).await?;
    let took = begun.elapsed();
    match answer {
        Incoming::Command(_, answer) if answer.field() == Some(C_ECHO_RSP) && answer.status() == Some(0) => {}
        _ => return Err(DimseError::Refused("the peer did not answer the echo with success")),
    }
    association.release().await?;
    Ok(took)
}

fn uid(text: &str) -> Result<Uid, DimseError> {
    Uid::parse(text).map_err(|_| DimseError::Refused("not a UID"))
}
