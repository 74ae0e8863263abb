"""A workstation of another maker works the list by UPS-RS, with requests, pydicom and a WebSocket of its own.

It subscribes to the whole worklist and opens the channel, finds the workitem that is ready, claims it under its Transaction UID,
gives its report and completes it. What to use comes as JSON in STORY: `url` (of the DICOMweb root), `token`, `findings`. What was seen
goes out as one line of JSON; what is not right ends the script with an error.
"""

import base64
import json
import os
import socket
import struct
import urllib.parse

import pydicom
import requests
from pydicom.uid import generate_uid

STORY = json.loads(os.environ["STORY"])
URL = STORY["url"]
WORKLIST = "1.2.840.10008.5.1.4.34.5"
BEARER = {"Authorization": f"Bearer {STORY['token']}"}
JSON = {**BEARER, "Accept": "application/dicom+json", "Content-Type": "application/dicom+json"}


class Channel:
    """RFC 6455, as much of it as a listener needs."""

    def __init__(self, url):
        at = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((at.hostname, at.port), timeout=20)
        lines = [
            f"GET {at.path} HTTP/1.1",
            f"Host: {at.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: {BEARER['Authorization']}",
        ]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        self.read = self.socket.makefile("rb")
        status = self.read.readline().decode()
        assert " 101 " in status, status
        while self.read.readline() not in (b"\r\n", b""):
            pass

    def report(self):
        """The next event report, as a data set."""
        while True:
            first, second = self.read.read(2)
            assert second & 0x80 == 0, "a server does not mask"
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self.read.read(2))
            payload = self.read.read(length)
            if first & 0x0F == 9:
                self.socket.sendall(bytes([0x8A, 0x80, 0, 0, 0, 0]))
            if first & 0x0F == 1:
                return pydicom.Dataset.from_json(json.loads(payload))

    def until(self, state, uid=None):
        while True:
            told = self.report()
            assert told.AffectedSOPClassUID == "1.2.840.10008.5.1.4.34.6.4" and told.EventTypeID == 1, told
            assert "PatientName" not in told, told
            if told.ProcedureStepState == state and uid in (None, told.AffectedSOPInstanceUID):
                return told


def item(name, value):
    content = pydicom.Dataset()
    content.ValueType = "TEXT"
    code = pydicom.Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = name, "99CONFRERE", name
    content.ConceptNameCodeSequence = [code]
    content.TextValue = value
    return content


def state(uid, value, transaction, comments="", despite=""):
    body = pydicom.Dataset()
    body.ProcedureStepState, body.TransactionUID = value, transaction
    if comments:
        body.CommentsOnThePerformedProcedureStep = comments
    if despite:
        performed = pydicom.Dataset()
        performed.PerformedProcessingParametersSequence = [item("despite", despite)]
        body.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    return requests.put(f"{URL}/workitems/{uid}/state", headers=JSON, data=json.dumps([body.to_json_dict()]))


def parameters(workitem):
    items = workitem.ScheduledProcessingParametersSequence
    return [(one.ConceptNameCodeSequence[0].CodeValue, one.TextValue) for one in items]


def main():
    made = requests.post(f"{URL}/workitems/{WORKLIST}/subscribers/WORKSTATION1", headers=BEARER)
    assert made.status_code == 201, made.text
    channel = Channel(made.headers["Content-Location"])
    first = channel.until("SCHEDULED")
    assert first.InputReadinessState == "READY", first

    asked = {"ProcedureStepState": "SCHEDULED", "InputReadinessState": "READY", "ScheduledProcedureStepPriority": "HIGH"}
    found = requests.get(f"{URL}/workitems", headers=JSON, params=asked)
    assert found.status_code == 200, found.text
    rows = [pydicom.Dataset.from_json(row) for row in found.json()]
    assert len(rows) == 1, rows
    uid = rows[0].SOPInstanceUID
    assert uid == first.AffectedSOPInstanceUID and "TransactionUID" not in rows[0]
    workitem = pydicom.Dataset.from_json(requests.get(f"{URL}/workitems/{uid}", headers=JSON).json()[0])

    transaction = generate_uid()
    assert state(uid, "COMPLETED", transaction).status_code == 409
    claimed = state(uid, "IN PROGRESS", transaction)
    assert claimed.status_code == 200, claimed.text
    channel.until("IN PROGRESS", uid)
    assert state(uid, "COMPLETED", generate_uid()).status_code == 400
    early = state(uid, "COMPLETED", transaction)
    assert early.status_code == 409, "there is no report"

    # The images, by the address that the workitem gives.
    retrieve = workitem.InputInformationSequence[0].WADORSRetrievalSequence[0].RetrieveURL
    metadata = requests.get(f"{retrieve}/metadata", headers={**BEARER, "Accept": "application/dicom+json"})
    assert metadata.status_code == 200 and len(metadata.json()) == STORY["images"], metadata.text

    performed = pydicom.Dataset()
    performed.PerformedProcessingParametersSequence = [
        item("patient-name", str(workitem.PatientName)),
        item("birth-date", workitem.get("PatientBirthDate") or ""),
        item("121071", STORY["findings"]),
        item("121077", "Conclusion : " + STORY["findings"]),
        item("language", "fr"),
    ] + [item("read", value) for name, value in parameters(workitem) if name == "images"]
    update = pydicom.Dataset()
    update.UnifiedProcedureStepPerformedProcedureSequence = [performed]
    body = json.dumps([update.to_json_dict()])
    kept = requests.post(f"{URL}/workitems/{uid}?transaction-uid={transaction}", headers=JSON, data=body)
    assert kept.status_code == 200 and "Warning" not in kept.headers, (kept.text, kept.headers)
    assert state(uid, "COMPLETED", transaction).status_code == 409, "nobody counted the images"
    told = "Images counted with the scanner room."
    assert state(uid, "COMPLETED", transaction, comments=told).status_code == 409, "a comment is no reason"
    done = state(uid, "COMPLETED", transaction, despite=told)
    assert done.status_code == 200, done.text
    channel.until("COMPLETED", uid)
    again = state(uid, "COMPLETED", transaction)
    assert again.status_code == 200 and "already in the requested state of COMPLETED" in again.headers["Warning"]
    ended = requests.delete(f"{URL}/workitems/{WORKLIST}/subscribers/WORKSTATION1", headers=BEARER)
    assert ended.status_code == 200, ended.text
    print(json.dumps({"uid": uid, "question": dict(parameters(workitem))["question"]}))


if __name__ == "__main__":
    main()
