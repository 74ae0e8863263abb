"""Reads a medium by its DICOMDIR with pydicom, and prints what it found as one line of JSON."""

import json
import os
from pydicom import dcmread
from pydicom.fileset import FileSet

story = json.loads(os.environ["STORY"])
files = FileSet(os.path.join(story["root"], "DICOMDIR"))
seen = []
for instance in files:
    data = instance.load()
    seen.append(
        {
            "patient": str(instance.PatientID),
            "study": str(data.StudyInstanceUID),
            "series": str(instance.SeriesInstanceUID),
            "instance": str(data.SOPInstanceUID),
            "named": str(instance.SOPInstanceUID),
            "kind": instance.node.record_type,
            "syntax": str(data.file_meta.TransferSyntaxUID),
            "pixels": len(data.PixelData) if "PixelData" in data else 0,
        }
    )
directory = dcmread(os.path.join(story["root"], "DICOMDIR"))
print(json.dumps({"seen": seen, "records": len(directory.DirectoryRecordSequence)}))
