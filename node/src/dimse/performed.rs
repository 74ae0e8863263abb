//! Modality Performed Procedure Step, as provider (PS3.4 Annex F): a modality says that it begins, and at the end what it made.
//!
//! What counts is how many instances of which study; all else it says is passed over. The count is one of the counts by which a
//! case knows that all images are there.
//!
//! # At a crash
//! What was answered with success is in the journal of cases.
//!
//! # Not here
//! What a case makes of it: `desk`. N-GET of a step, and telling others of steps.

use super::{
    association::Association,
    caller::Caller,
    link::LinkError,
    message::{AFFECTED_CLASS, AFFECTED_INSTANCE, Command, N_CREATE_RQ, REQUESTED_CLASS, REQUESTED_INSTANCE},
    negotiate::Context,
    refusals::Operation,
    status::Status,
};
use crate::{
    cases::{Cases, Made, Performed},
    pixels::dataset::{DataSet, Syntax, readable},
    tasks,
};
use dicom_dictionary_std::tags;
use protocol::Uid;

/// The class.
pub(crate) const PERFORMED: &str = "1.2.840.10008.3.1.2.3.3";
/// Bytes of a step: the instances of the largest study with long UIDs.
const DATA_BYTES_MAX: usize = 4 << 20;

/// What of a data set counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    status: String,
    studies: Vec<Uid>,
    /// Of all performed series; `None`: it says nothing of series.
    instances: Option<u32>,
}

impl Said {
    pub(super) fn read(bytes: &[u8], transfer_syntax: &str) -> Option<Self> {
        let syntax = Syntax::of(transfer_syntax);
        let plain = readable(bytes, syntax).ok()?;
        let set = DataSet::parse(&plain, syntax).ok()?;
        let mut studies: Vec<Uid> = Vec::new();
        for item in set.items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE) {
            let study = item.ascii(tags::STUDY_INSTANCE_UID).and_then(|text| Uid::parse(&text).ok());
            studies.extend(study.filter(|study| !studies.contains(study)));
        }
        let series = set.items(tags::PERFORMED_SERIES_SEQUENCE);
        let made = |series: &DataSet<'_>| {
            let kinds = [tags::REFERENCED_IMAGE_SEQUENCE, tags::REFERENCED_NON_IMAGE_COMPOSITE_SOP_INSTANCE_SEQUENCE];
            kinds.into_iter().map(|kind| series.items(kind).len()).sum::<usize>()
        };
        let is_said = set.element(tags::PERFORMED_SERIES_SEQUENCE).is_some();
        let instances = is_said.then(|| u32::try_from(series.iter().map(made).sum::<usize>()).unwrap_or(u32::MAX));
        Some(Self { status: set.ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS).unwrap_or_default(), studies, instances })
    }
}

/// Answers N-CREATE and N-SET.
pub(super) async fn answer(
    association: &mut Association,
    (cases, caller): (&Cases, &Caller),
    context: &Context,
    request: &Command,
) -> Result<(), LinkError> {
    let said = if request.has_data_set() {
        let bytes = association.whole(context, DATA_BYTES_MAX).await?;
        Said::read(&bytes, context.transfer_syntax.as_str())
    } else {
        None
    };
    let status = match caller.may_perform().await {
        Err(status) => status,
        Ok(()) => match take(cases, caller, request, said).await {
            Ok(()) => Status::SUCCESS,
            Err((status, study)) => caller.in_vain(Operation::Perform, status, study.as_ref()).await,
        },
    };
    association.send(context.id, &Command::normalized_answer(request, status)).await
}

/// Why a step is not taken, and the study it names.
type Unfit = (Status, Option<Uid>);

async fn take(cases: &Cases, caller: &Caller, request: &Command, said: Option<Said>) -> Result<(), Unfit> {
    let is_create = request.field() == Some(N_CREATE_RQ);
    let (class, instance) =
        if is_create { (AFFECTED_CLASS, AFFECTED_INSTANCE) } else { (REQUESTED_CLASS, REQUESTED_INSTANCE) };
    let class = request.uid(class).ok_or((Status::MISTYPED, None))?;
    if class.as_str() != PERFORMED {
        return Err((Status::CLASS_NOT_SUPPORTED, None));
    }
    let step = request.uid(instance).ok_or((Status::MISTYPED, None))?;
    let said = said.ok_or((Status::INVALID_ARGUMENT, None))?;
    let known = cases.performed(&step);
    let performed = if is_create { begun(step, known, &said) } else { went_on(known, &said) }?;
    let study = performed.study.clone();
    cases.perform(performed, caller.actor()).await.map_err(|error| {
        tracing::error!(%error, "a performed procedure step could not be kept");
        (Status::FAILURE, Some(study))
    })
}

fn begun(step: Uid, known: Option<Performed>, said: &Said) -> Result<Performed, Unfit> {
    if let Some(known) = known {
        return Err((Status::STEP_KNOWN, Some(known.study)));
    }
    // Images of several studies cannot be told apart by their number.
    let [study] = said.studies.as_slice() else { return Err((Status::INVALID_ARGUMENT, None)) };
    if said.status != "IN PROGRESS" {
        return Err((Status::STEP_STATUS, Some(study.clone())));
    }
    let (study, instances) = (study.clone(), said.instances.unwrap_or(0));
    Ok(Performed { step, study, made: Made::InProgress, instances, at: tasks::now() })
}

fn went_on(known: Option<Performed>, said: &Said) -> Result<Performed, Unfit> {
    let known = known.ok_or((Status::NO_SUCH_STEP, None))?;
    if known.made != Made::InProgress {
        return Err((Status::STEP_ENDED, Some(known.study)));
    }
    let made = match said.status.as_str() {
        "" | "IN PROGRESS" => Made::InProgress,
        "COMPLETED" => Made::Completed,
        "DISCONTINUED" => Made::Discontinued,
        _ => return Err((Status::STEP_STATUS, Some(known.study))),
    };
    let instances = said.instances.unwrap_or(known.instances);
    Ok(Performed { made, instances, at: tasks::now(), ..known })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element in implicit VR.
    fn element(tag: (u16, u16), value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(b' ');
        }
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&tag.0.to_le_bytes()[..], &tag.1.to_le_bytes(), &length, &value].concat()
    }

    fn items(items: &[Vec<u8>]) -> Vec<u8> {
        items.iter().flat_map(|item| element((0xFFFE, 0xE000), item)).collect()
    }

    #[test]
    fn what_counts_is_the_study_and_how_many_instances_of_it() {
        let study = items(&[element((0x20, 0xd), b"1.2.3\0")]);
        let reference = || element((8, 0x1155), b"1.2.3.4\0");
        let series = |count: usize| element((8, 0x1140), &items(&vec![reference(); count]));
        let begin = [element((0x40, 0x252), b"IN PROGRESS"), element((0x40, 0x270), &study)].concat();
        let said = Said::read(&begin, "1.2.840.10008.1.2").unwrap();
        let one = begun("1.2.9".parse().unwrap(), None, &said).unwrap();
        assert_eq!((one.made, one.instances, one.study.as_str()), (Made::InProgress, 0, "1.2.3"));
        assert_eq!(begun("1.2.9".parse().unwrap(), Some(one.clone()), &said).unwrap_err().0, Status::STEP_KNOWN);

        let end =
            [element((0x40, 0x252), b"COMPLETED "), element((0x40, 0x340), &items(&[series(3), series(2)]))].concat();
        let said = Said::read(&end, "1.2.840.10008.1.2").unwrap();
        let ended = went_on(Some(one.clone()), &said).unwrap();
        assert_eq!((ended.made, ended.instances), (Made::Completed, 5));
        assert_eq!(went_on(Some(ended), &said).unwrap_err().0, Status::STEP_ENDED);
        assert_eq!(went_on(None, &said).unwrap_err().0, Status::NO_SUCH_STEP);
        let strange = Said { status: "DONE".to_owned(), ..Said::default() };
        assert_eq!(went_on(Some(one), &strange).unwrap_err().0, Status::STEP_STATUS);
        assert_eq!(begun("1.2.9".parse().unwrap(), None, &Said::default()).unwrap_err().0, Status::INVALID_ARGUMENT);
    }
}
