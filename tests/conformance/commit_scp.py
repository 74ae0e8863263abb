"""An archive that stores and commits (PS3.4 Annex J), with pynetdicom, until it is killed.

commit_scp.py PORT TITLE WAY CALLBACK

WAY is "same": reports come over the association of the question; or "called": over one of its own to CALLBACK, a port.
Every instance it was sent is safe but the last one, which it lost.
"""

import sys
import threading

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance, Verification

port, title, way, callback = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
held = []


def on_store(event):
    held.append(event.request.AffectedSOPInstanceUID)
    return 0x0000


def report_of(question):
    report = Dataset()
    report.TransactionUID = question.TransactionUID
    safe, failed = [], []
    for asked in question.ReferencedSOPSequence:
        item = Dataset()
        item.ReferencedSOPClassUID = asked.ReferencedSOPClassUID
        item.ReferencedSOPInstanceUID = asked.ReferencedSOPInstanceUID
        if asked.ReferencedSOPInstanceUID in held[:-1]:
            safe.append(item)
        else:
            item.FailureReason = 0x0112
            failed.append(item)
    report.ReferencedSOPSequence = safe
    if failed:
        report.FailedSOPSequence = failed
    return report, 2 if failed else 1


def tell(report, kind, calling):
    ae = AE(ae_title=title)
    ae.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    association = ae.associate("127.0.0.1", callback, ae_title=calling, ext_neg=[role])
    assert association.is_established, "nobody takes the report"
    status, _ = association.send_n_event_report(
        report, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    print("told", status, flush=True)
    association.release()


def tell_here(association, report, kind):
    # It may overtake the answer to the question; who asks has to live with that.
    status, _ = association.send_n_event_report(
        report, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    print("told", status, flush=True)


def on_action(event):
    report, kind = report_of(event.action_information)
    if way == "same":
        threading.Thread(target=tell_here, args=(event.assoc, report, kind)).start()
    else:
        threading.Thread(target=tell, args=(report, kind, event.assoc.requestor.ae_title)).start()
    return 0x0000, None


ae = AE(ae_title=title)
ae.supported_contexts = AllStoragePresentationContexts
ae.add_supported_context(Verification)
ae.add_supported_context(StorageCommitmentPushModel)
print("listens", flush=True)
ae.start_server(("127.0.0.1", port), block=True, evt_handlers=[(evt.EVT_C_STORE, on_store), (evt.EVT_N_ACTION, on_action)])
