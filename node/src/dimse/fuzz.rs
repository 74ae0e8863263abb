//! What strangers' bytes meet at this door, for the fuzz targets (see `crate::fuzz`): units, commands, identifiers.

use super::{
    commitment,
    identifier::{self, Identifier, VALUE_BYTES_MAX},
    message::{self, Command},
    negotiate::{self, EXPLICIT_LE, IMPLICIT_LE, Serves},
    pdu::{self, HEADER_BYTES, Pdu, UserItems},
    question,
    status::Status,
};
use bytes::{Bytes, BytesMut};
use dicom_dictionary_std::tags;
use protocol::AeTitle;

/// Units one after the other, as they come from a connection: read, judged, written and read again.
pub(crate) fn pdu(bytes: &[u8]) {
    let mut rest = Bytes::copy_from_slice(bytes);
    while let Ok(Some((kind, len))) = pdu::header(&rest) {
        if rest.len() < HEADER_BYTES + len {
            break;
        }
        let unit = rest.split_to(HEADER_BYTES + len);
        let Ok(read) = pdu::decode(kind, unit.slice(HEADER_BYTES..)) else { break };
        if let (Pdu::AssociateRq(proposal), Ok(title)) = (&read, AeTitle::parse("FUZZ")) {
            for serves in [Serves::Node, Serves::Reports] {
                let judged = negotiate::judge(proposal, &title, serves);
                assert!(
                    judged.is_err() || negotiate::title(&proposal.called).as_ref() == Some(&title),
                    "another title is not ours"
                );
                if let Ok((acceptance, agreed)) = judged {
                    assert!(agreed.contexts.len() <= proposal.contexts.len());
                    assert!(unit_again(&Pdu::AssociateAc(acceptance)).is_some(), "an answer is always sound");
                }
            }
        }
        if is_plain(&read) {
            assert_eq!(unit_again(&read), Some(normal(read)));
        }
    }
}

/// Written and read again.
fn unit_again(unit: &Pdu) -> Option<Pdu> {
    let mut out = BytesMut::new();
    pdu::encode(unit, &mut out);
    let Ok(Some((kind, len))) = pdu::header(&out) else { return None };
    (out.len() == HEADER_BYTES + len).then_some(())?;
    pdu::decode(kind, out.freeze().slice(HEADER_BYTES..)).ok()
}

/// Whether nothing is replaced in what is written: its texts are ASCII, and its items far below 64 KiB.
fn is_plain(unit: &Pdu) -> bool {
    let user = |user: &UserItems| {
        let classes = user.roles.iter().map(|role| &role.sop_class);
        let named = user.extended.iter().map(|(class, _)| class);
        let common = user.common.iter().flat_map(|(class, service)| [class, service]);
        let mut texts =
            classes.chain(named).chain(common).chain([&user.implementation_class, &user.implementation_version]);
        texts.all(|text| text.is_ascii()) && format!("{user:?}").len() < 30_000
    };
    match unit {
        Pdu::AssociateRq(proposal) => {
            let contexts = &proposal.contexts;
            user(&proposal.user)
                && contexts.iter().all(|c| c.abstract_syntax.is_ascii() && c.transfer_syntaxes.len() < 100)
                && contexts.iter().flat_map(|c| &c.transfer_syntaxes).all(|syntax| syntax.is_ascii())
        }
        Pdu::AssociateAc(acceptance) => {
            user(&acceptance.user) && acceptance.answers.iter().all(|answer| answer.transfer_syntax.is_ascii())
        }
        _ => true,
    }
}

/// There is one application context, which is all that is ever written.
fn normal(mut unit: Pdu) -> Pdu {
    if let Pdu::AssociateRq(proposal) = &mut unit {
        pdu::associate::APPLICATION_CONTEXT.clone_into(&mut proposal.application_context);
    }
    unit
}

/// A command set: read, answered, written and read again.
pub(crate) fn message(bytes: &[u8]) {
    let Ok(command) = Command::decode(Bytes::copy_from_slice(bytes)) else { return };
    let written = command.encode();
    let again = Command::decode(written.clone());
    assert_eq!(again.as_ref().map(Command::encode).ok(), Some(written));
    assert!(command.comment().is_none_or(|comment| comment.chars().count() <= 64));
    let _ = (command.destination(), command.has_data_set(), command.uid(message::AFFECTED_INSTANCE));
    for answer in [Command::answer(&command, Status::SUCCESS), Command::normalized_answer(&command, Status::REJECTED)] {
        let written = answer.encode();
        assert!(written.len() < 1024, "an answer is short whatever was asked");
        assert_eq!(Command::decode(written).ok().and_then(|c| c.answered_id()), Some(command.id()));
    }
}

/// A data set behind a question or a request, its first byte telling in which syntax: read, understood, written and
/// read again.
pub(crate) fn identifier(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let syntax = if choice % 2 == 0 { IMPLICIT_LE } else { EXPLICIT_LE };
    let bytes = Bytes::copy_from_slice(bytes);
    if let Some((once, twice)) = commitment::written_twice(&bytes, syntax) {
        assert_eq!(Some(once), twice);
    }
    let read = Identifier::decode(&bytes, syntax);
    let _ = question::study_query(&read, negotiate::Options::default());
    let _ = question::uids(&read, tags::STUDY_INSTANCE_UID);
    let is_kept = |text: &String| text.len() <= VALUE_BYTES_MAX && !text.chars().any(char::is_control);
    let texts = read.tags().filter(|tag| *tag != tags::SPECIFIC_CHARACTER_SET);
    let texts = texts.filter_map(|tag| Some((tag, read.text(tag).filter(is_kept)?))).collect();
    let again = Identifier::decode(&identifier::encode(&texts, syntax, false), syntax);
    for (tag, text) in texts {
        assert_eq!(again.text(tag), Some(text), "{tag}");
    }
}
