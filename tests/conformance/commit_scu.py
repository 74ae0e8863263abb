"""Asks for storage commitment as a modality does (PS3.4 Annex J), with pynetdicom.

commit_scu.py PORT CALLED CALLING LISTEN STAY CLASS:INSTANCE...

LISTEN is the port at which CALLING can be called back; with STAY = 1 the association of the question stays open until
the report came, with 0 it is released at once. Prints one line a result: "safe UID" or "failed UID REASON", and
"same" or "called" for the way by which the report came.
"""

import sys
import threading

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance


def say(*words):
    """One line at once: reports come on a thread of their own."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


port, called, calling, listen, stay = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5] == "1"
transaction = generate_uid()
came = threading.Event()
asking = []


def on_report(event):
    report = event.event_information
    if report.TransactionUID != transaction:
        return 0x0115, None
    for item in report.get("ReferencedSOPSequence", []):
        say("safe", item.ReferencedSOPInstanceUID)
    for item in report.get("FailedSOPSequence", []):
        say("failed", item.ReferencedSOPInstanceUID, f"{item.FailureReason:04X}")
    say("type", event.event_type)
    say("same" if event.assoc in asking else "called")
    came.set()
    return 0x0000, None


handlers = [(evt.EVT_N_EVENT_REPORT, on_report)]
waiting = AE(ae_title=calling)
# We are the user of the class, whoever calls is its provider.
waiting.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
server = waiting.start_server(("127.0.0.1", listen), block=False, evt_handlers=handlers)

ae = AE(ae_title=calling)
ae.add_requested_context(StorageCommitmentPushModel)
association = ae.associate("127.0.0.1", port, ae_title=called, evt_handlers=handlers)
assert association.is_established, "no association"
asking.append(association)
question = Dataset()
question.TransactionUID = transaction
question.ReferencedSOPSequence = []
for pair in sys.argv[6:]:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = pair.split(":")
    question.ReferencedSOPSequence.append(item)
status, _ = association.send_n_action(question, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
say("asked", f"{status.Status:04X}")
if not stay:
    association.release()
heard = came.wait(30)
if stay:
    association.release()
server.shutdown()
sys.exit(0 if heard else 1)
