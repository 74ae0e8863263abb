"""A workstation that is told of studies (PS3.4 Annex R), with pynetdicom, until it is killed.

availability_scp.py PORT TITLE FILE

Writes one line an instance into FILE: study, series, class, instance, availability, where to retrieve it; then "end".
"""

import sys

from pynetdicom import AE, evt
from pynetdicom.sop_class import InstanceAvailabilityNotification

port, title, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def on_create(event):
    told = event.attribute_list
    assert "ReferencedPerformedProcedureStepSequence" in told
    with open(path, "a") as out:
        for series in told.ReferencedSeriesSequence:
            for item in series.ReferencedSOPSequence:
                print(
                    told.StudyInstanceUID,
                    series.SeriesInstanceUID,
                    item.ReferencedSOPClassUID,
                    item.ReferencedSOPInstanceUID,
                    item.InstanceAvailability,
                    item.RetrieveAETitle,
                    file=out,
                )
        print("end", file=out)
    return 0x0000, None


ae = AE(ae_title=title)
ae.add_supported_context(InstanceAvailabilityNotification)
ae.start_server(("127.0.0.1", port), block=True, evt_handlers=[(evt.EVT_N_CREATE, on_create)])
