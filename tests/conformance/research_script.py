"""An outside client, dicomweb-client with pydicom, works with two sites.

It stores at the first and finds and reads at the second, as a script of a research department would. What to use
comes as JSON in STORY: `first` and `second` (url, token), `files`. What was seen goes out as one line of JSON; what is
not right ends the script with an error.
"""

import json
import os
import sys
import time

import numpy
import pydicom
import requests
from dicomweb_client.api import DICOMwebClient

STORY = json.loads(os.environ["STORY"])


def client(site):
    return DICOMwebClient(url=site["url"], headers={"Authorization": f"Bearer {site['token']}"})


def store(files):
    stored = client(STORY["first"]).store_instances([pydicom.dcmread(path) for path in files])
    assert "FailedSOPSequence" not in stored, stored
    return len(stored.ReferencedSOPSequence)


def eventually(what, look):
    """The second site hears of the study at once, and of what is in it when it has settled at the first."""
    deadline = time.monotonic() + 30
    while not (seen := look()):
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
    return seen


def search(reader, own):
    first = own[0]
    study = first.StudyInstanceUID
    by_study = {"StudyInstanceUID": study}
    found = eventually("the study is listed", lambda: reader.search_for_studies(search_filters=by_study))
    assert pydicom.Dataset.from_json(found[0]).PatientID == first.PatientID
    words = str(first.PatientName).lower().split("^")[0][:3]
    fuzzy = reader.search_for_studies(fuzzymatching=True, search_filters={"PatientName": words})
    assert study in [row["0020000D"]["Value"][0] for row in fuzzy], fuzzy
    series = {ds.SeriesInstanceUID for ds in own}
    by_modality = by_study | {"Modality": first.Modality}
    eventually(
        "the series are found without naming their study in the path",
        lambda: {row["0020000E"]["Value"][0] for row in reader.search_for_series(search_filters=by_modality)} == series,
    )
    assert reader.search_for_series(search_filters=by_study | {"Modality": "US"}) == []
    instances = reader.search_for_instances(study, search_filters={"InstanceNumber": str(first.InstanceNumber)})
    assert first.SOPInstanceUID in [row["00080018"]["Value"][0] for row in instances]
    assert reader.search_for_studies(search_filters={"PatientID": "nobody of this name"}) == []
    try:
        reader.search_for_studies(search_filters={"00109999": "x"})
    except requests.HTTPError as refused:
        assert refused.response.status_code == 400, refused
    else:
        raise AssertionError("a search by an unknown attribute was answered")
    return len(instances)


def with_port(uri):
    """This client leaves the port out of its Host header, so the URLs that the node makes of it lack it."""
    return STORY["second"]["url"] + uri.split("/dicomweb", 1)[1]


def read(reader, own):
    first = own[0]
    uids = (first.StudyInstanceUID, first.SeriesInstanceUID, first.SOPInstanceUID)
    by_uid = {ds.SOPInstanceUID: ds for ds in own}
    whole = reader.retrieve_study(uids[0], media_types=(("application/dicom", "*"),))
    assert {ds.SOPInstanceUID for ds in whole} == set(by_uid)
    for ds in whole:
        assert ds == by_uid[ds.SOPInstanceUID], "a data set differs from what was stored"
        assert (ds.pixel_array == by_uid[ds.SOPInstanceUID].pixel_array).all()
    one = reader.retrieve_instance(*uids, media_types=(("application/dicom", "*"),))
    assert one == first
    metadata = reader.retrieve_study_metadata(uids[0])
    assert len(metadata) == len(own)
    mine = next(m for m in metadata if m["00080018"]["Value"] == [uids[2]])
    described = pydicom.Dataset.from_json(mine, lambda tag, vr, uri: reader.retrieve_bulkdata(with_port(uri))[0])
    assert (described.Rows, str(described.PatientName)) == (first.Rows, str(first.PatientName))
    # pydicom makes a list of the bytes of OW.
    assert bytes(described.PixelData) == first.PixelData, "bulk data differ"
    frame = reader.retrieve_instance_frames(*uids, frame_numbers=[1], media_types=(("application/octet-stream", "*"),))[0]
    assert frame == first.PixelData
    picture = reader.retrieve_instance_rendered(*uids, media_types=("image/png",))
    assert picture.startswith(b"\x89PNG")
    decoded = reader.retrieve_instance_frames(*uids, frame_numbers=[1])[0]
    assert (numpy.frombuffer(decoded, "<u2") == first.pixel_array.ravel()).all()
    return len(whole)


def by_uri(own):
    first = own[0]
    site = STORY["second"]
    asked = {
        "requestType": "WADO",
        "studyUID": first.StudyInstanceUID,
        "seriesUID": first.SeriesInstanceUID,
        "objectUID": first.SOPInstanceUID,
    }
    headers = {"Authorization": f"Bearer {site['token']}"}
    answer = requests.get(f"{site['url']}/wado", asked | {"contentType": "application/dicom"}, headers=headers, timeout=30)
    answer.raise_for_status()
    assert pydicom.dcmread(pydicom.filebase.DicomBytesIO(answer.content)) == first
    picture = requests.get(f"{site['url']}/wado", asked | {"rows": 32}, headers=headers, timeout=30)
    assert picture.headers["Content-Type"] == "image/jpeg", picture.text
    return len(picture.content)


def main():
    own = [pydicom.dcmread(path) for path in STORY["files"]]
    reader = client(STORY["second"])
    told = {"stored": store(STORY["files"]), "found": search(reader, own), "read": read(reader, own), "by_uri": by_uri(own)}
    json.dump(told, sys.stdout)
    print()


main()
