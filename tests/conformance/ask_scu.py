"""A workstation that negotiates more than contexts, with pynetdicom.

ask_scu.py PORT CALLED CALLING USER PASSCODE SERIES

Gives a user identity, proposes several operations at once and relational queries, and asks for a series by its UID
alone. Prints what was agreed on and what was found, or how it was rejected.
"""

import sys

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.sop_class import CTImageStorage, StudyRootQueryRetrieveInformationModelFind as Find

port, called, calling, name, passcode, series = sys.argv[1:]
identity = UserIdentityNegotiation()
identity.user_identity_type = 2
identity.positive_response_requested = True
identity.primary_field = name.encode()
identity.secondary_field = passcode.encode()
window = AsynchronousOperationsWindowNegotiation()
window.maximum_number_operations_invoked = 5
window.maximum_number_operations_performed = 5
relational = SOPClassExtendedNegotiation()
relational.sop_class_uid = Find
relational.service_class_application_information = b"\x01\x00\x01"
common = SOPClassCommonExtendedNegotiation()
common.sop_class_uid = CTImageStorage
common.service_class_uid = "1.2.840.10008.4.2"

ae = AE(ae_title=calling)
ae.add_requested_context(Find)
ae.add_requested_context(CTImageStorage)
association = ae.associate("127.0.0.1", int(port), ae_title=called, ext_neg=[identity, window, relational, common])
if association.is_rejected:
    answer = association.acceptor.primitive
    print("rejected", answer.result, answer.result_source, answer.diagnostic)
    sys.exit(0)
for item in association.acceptor.user_information:
    if isinstance(item, AsynchronousOperationsWindowNegotiation):
        print("window", item.maximum_number_operations_invoked, item.maximum_number_operations_performed)
    if isinstance(item, SOPClassExtendedNegotiation):
        print("extended", item.service_class_application_information.hex())
    if isinstance(item, UserIdentityNegotiation):
        print("identified", item.server_response)
question = Dataset()
question.QueryRetrieveLevel = "SERIES"
question.SeriesInstanceUID = series
question.StudyInstanceUID = ""
for status, found in association.send_c_find(question, Find):
    print("status", f"{status.Status:04X}")
    if found:
        print("study", found.StudyInstanceUID)
association.release()
