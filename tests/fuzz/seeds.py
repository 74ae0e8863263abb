"""Makes the first inputs of the fuzz targets: small, by hand, nothing of real files. DCMTK compresses some.

    python3 tests/fuzz/seeds.py FOLDER     writes FOLDER/<target>/<name>

The corpora beside it grew from these; the events of `case` were made by the protocol's own tests.
"""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = sys.argv[1]
IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED = 0, 1, 2, 3  # as node/src/pixels/fuzz.rs counts syntaxes; codecs from 4
PIXELS = bytes(range(16))
VERIFICATION = b"1.2.840.10008.1.1"


def put(target, name, data):
    os.makedirs(f"{ROOT}/{target}", exist_ok=True)
    with open(f"{ROOT}/{target}/{name}", "wb") as out:
        out.write(data)


def us(number, order="<"):
    return struct.pack(order + "H", number)


def element(tag, vr, value, explicit=True, order="<"):
    value = value.encode("latin1") if isinstance(value, str) else value
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB") else b" "
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if not explicit:
        return head + struct.pack(order + "I", len(value)) + value
    if vr in ("OB", "OW", "SQ", "UN", "UT", "SV"):
        return head + vr.encode() + b"\0\0" + struct.pack(order + "I", len(value)) + value
    return head + vr.encode() + us(len(value), order) + value


def item(value, order="<"):
    return struct.pack(order + "HHI", 0xFFFE, 0xE000, len(value)) + value


DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
FRAGMENTS = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff"


def image(explicit=True, order="<", samples=1, photometric="MONOCHROME2", bits=8, fragments=None):
    """A header and the pixels behind it."""

    def e(tag, vr, value):
        return element(tag, vr, value, explicit, order)

    reference = e(0x00081150, "UI", "1.2") + e(0x00081155, "UI", "1.2.9")
    header = b"".join([
        e(0x00080005, "CS", "ISO_IR 100"), e(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        e(0x00080018, "UI", "1.2.3.4.5"), e(0x00080020, "DA", "20240102"), e(0x00080030, "TM", "101112.5"),
        e(0x00080050, "SH", "A1"), e(0x00080060, "CS", "CT"), e(0x00081030, "LO", "T\xeate"),
        e(0x00081140, "SQ", item(reference, order)), e(0x00100010, "PN", "Doe^J\xe9r\xf4me=A=B"),
        e(0x00100020, "LO", "P1"), e(0x00100030, "DA", "19700101"), e(0x0020000D, "UI", "1.2.3"),
        e(0x0020000E, "UI", "1.2.3.4"), e(0x00200013, "IS", "12"), e(0x00280002, "US", us(samples, order)),
        e(0x00280004, "CS", photometric), e(0x00280006, "US", us(0, order)) if samples == 3 else b"",
        e(0x00280008, "IS", "1"), e(0x00280010, "US", us(4, order)), e(0x00280011, "US", us(4, order)),
        e(0x00280100, "US", us(bits, order)), e(0x00280101, "US", us(bits, order)),
        e(0x00280102, "US", us(bits - 1, order)), e(0x00280103, "US", us(0, order)), e(0x00281050, "DS", "40\\1.5"),
    ])
    if fragments is None:
        return header, e(0x7FE00010, "OW", bytes(range(16 * samples * bits // 8)))
    padded = [f + b"\0" * (len(f) % 2) for f in fragments]
    return header, FRAGMENTS + item(b"") + b"".join(map(item, padded)) + DELIMITER


def meta(syntax):
    group = b"".join([
        element(0x00020001, "OB", b"\0\1"), element(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.7"),
        element(0x00020003, "UI", "1.2.3.4.5"), element(0x00020010, "UI", syntax), element(0x00020012, "UI", "2.25.1"),
    ])
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(group))) + group


def rle(segments):
    packed = [b"".join(bytes([len(s[i:i + 8]) - 1]) + s[i:i + 8] for i in range(0, len(s), 8)) for s in segments]
    offsets = [64 + sum(map(len, packed[:i])) for i in range(len(packed))]
    return struct.pack("<16I", len(packed), *offsets, *[0] * (15 - len(packed))) + b"".join(packed)


def compressed(tool, arguments, **kind):
    header, pixels = image(**kind)
    with tempfile.TemporaryDirectory() as folder:
        plain, out = f"{folder}/plain", f"{folder}/out"
        with open(plain, "wb") as file:
            file.write(meta("1.2.840.10008.1.2.1") + header + pixels)
        if subprocess.run([tool, *arguments, plain, out], capture_output=True).returncode:
            return None
        with open(out, "rb") as file:
            data = file.read()
    return data[data.find(b"\xff\xd8\xff"):data.rfind(b"\xff\xd9") + 2]


def data_sets():
    implicit, explicit, big = image(False), image(), image(order=">")
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = deflate.compress(b"".join(explicit)) + deflate.flush()
    nested = b""
    for _ in range(5):
        nested = element(0x0040A730, "SQ", item(nested))
    undefined = b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" + element(0x00080100, "SH", "C")
    undefined += b"\xfe\xff\x0d\xe0\0\0\0\0" + DELIMITER
    kinds = b"".join([
        element(0x00081160, "IS", "1\\2"), element(0x00186020, "SL", struct.pack("<i", -3)),
        element(0x00189087, "FD", struct.pack("<d", 1.5)), element(0x00280009, "AT", b"\x18\0\x63\x10"),
        element(0x00291010, "UN", b"abc"), element(0x0040A160, "UT", "text"),
        element(0x00720082, "SV", struct.pack("<q", -1 << 60)),
    ])
    japanese = element(0x00080005, "CS", "\\ISO 2022 IR 87")
    japanese += element(0x00100010, "PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B")
    encapsulated = image(fragments=[rle([PIXELS])])
    for name, syntax, data in [
        ("implicit", IMPLICIT, b"".join(implicit)), ("explicit", EXPLICIT, explicit[0] + nested + undefined + explicit[1]),
        ("big", BIG_ENDIAN, b"".join(big)), ("deflated", DEFLATED, deflated), ("kinds", EXPLICIT, kinds + explicit[0]),
        ("encapsulated", EXPLICIT, b"".join(encapsulated)), ("japanese", EXPLICIT, japanese),
    ]:
        put("prescan", name, bytes([syntax]) + data)
        put("json", name, bytes([syntax]) + data)
        asked = b"PatientName=doe*&00080060=CT&ReferencedImageSequence.ReferencedSOPInstanceUID=1.2.9\n"
        put("query", name, asked + bytes([syntax]) + data)
        put("part10", "bare-" + name, data)
    for name, syntax, data in [
        ("explicit", "1", b"".join(explicit)), ("deflated", "1.99", deflated), ("rle", "5", b"".join(encapsulated)),
    ]:
        put("part10", name, meta("1.2.840.10008.1.2." + syntax) + data)
    put("part10", "no-preamble", meta("1.2.840.10008.1.2.1")[132:] + b"".join(explicit))
    for name, syntax, (header, pixels) in [("implicit", 0, implicit), ("explicit", 1, explicit), ("big", 2, big)]:
        put("frames", name, bytes([syntax]) + us(len(header)) + header + pixels)


def pictures():
    for name, kind, flags in [("8", {}, 0), ("16", {"bits": 16}, 4), ("3", {"samples": 3, "photometric": "RGB"}, 1)]:
        segments = {"8": 1, "16": 2, "3": 3}[name]
        frames = [("rle", 0, rle([PIXELS] * segments))]
        for codec, number, tool, arguments in [
            ("baseline", 1, "dcmcjpeg", ["+eb"]), ("extended", 2, "dcmcjpeg", ["+ee"]),
            ("lossless", 3, "dcmcjpeg", ["+el"]), ("jls", 4, "dcmcjpls", []), ("near", 4, "dcmcjpls", ["+en"]),
        ]:
            frames.append((codec, number, compressed(tool, arguments, **kind)))
        for codec, number, frame in frames:
            if frame:
                put("codecs", codec + name, bytes([number, 4, 4, flags]) + frame)
                header, pixels = image(fragments=[frame], **kind)
                put("frames", codec + name, bytes([4 + number]) + us(len(header)) + header + pixels)


def associations():
    def sub(kind, body):
        return bytes([kind, 0]) + struct.pack(">H", len(body)) + body

    def unit(kind, body):
        return bytes([kind, 0]) + struct.pack(">I", len(body)) + body

    def value(context, control, body):
        return struct.pack(">IBB", len(body) + 2, context, control) + body

    uid = struct.pack(">H", len(VERIFICATION)) + VERIFICATION
    user = b"".join([
        sub(0x51, struct.pack(">I", 16384)), sub(0x52, b"1.2.3"), sub(0x53, b"\0\1\0\1"), sub(0x54, uid + b"\1\1"),
        sub(0x55, b"TEST"), sub(0x56, uid + b"\2\0\3"), sub(0x57, uid + b"\0\x051.2.3\0\0"),
        sub(0x58, b"\2\1\0\1a\0\1b"), sub(0x59, b"\0\1x"),
    ])
    syntaxes = sub(0x40, b"1.2.840.10008.1.2") + sub(0x40, b"1.2.840.10008.1.2.1")
    classes = [VERIFICATION, b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.5.1.4.1.2.2.1", b"1.2.840.10008.1.20.1"]
    contexts = [sub(0x20, bytes([2 * i + 1, 0, 0, 0]) + sub(0x30, c) + syntaxes) for i, c in enumerate(classes)]
    fixed = b"\0\1\0\0" + b"FUZZ".ljust(16) + b"CT1".ljust(16) + bytes(32) + sub(0x10, b"1.2.840.10008.3.1.1.1")
    answers = sub(0x21, b"\1\0\0\0" + sub(0x40, b"1.2.840.10008.1.2")) + sub(0x21, b"\3\0\3\0" + sub(0x40, b""))
    request, data = unit(1, fixed + b"".join(contexts) + sub(0x50, user)), unit(4, value(1, 3, b"abcd") + value(1, 2, b""))
    put("pdu", "request", request)
    put("pdu", "acceptance", unit(2, fixed + answers + sub(0x50, user)))
    put("pdu", "others", unit(3, b"\0\1\1\7") + data + unit(5, bytes(4)) + unit(6, bytes(4)) + unit(7, b"\0\0\2\1"))
    put("pdu", "conversation", request + data + unit(5, bytes(4)))

    def part(number, body):
        return element(number, "UI", body, explicit=False)

    for name, field, more in [
        ("echo", 0x30, b""), ("store", 1, part(0x700, b"\0\0") + part(0x1000, b"1.2.3")),
        ("move", 0x21, part(0x600, b"CT_1")), ("action", 0x130, part(3, VERIFICATION) + part(0x1008, us(1))),
        ("answer", 0x8001, part(0x120, us(7)) + part(0x900, us(0xA700)) + part(0x902, b"out of room")),
    ]:
        body = part(2, VERIFICATION) + part(0x100, us(field)) + part(0x110, us(7)) + part(0x800, us(0)) + more
        put("message", name, part(0, struct.pack("<I", len(body))) + body)
    for explicit in (False, True):

        def e(tag, vr, value, explicit=explicit):
            return element(tag, vr, value, explicit)

        question = b"".join([
            e(0x00080005, "CS", "ISO_IR 100"), e(0x00080020, "DA", "20200101-20201231"), e(0x00080030, "TM", "10-11"),
            e(0x00080052, "CS", "STUDY"), e(0x00080061, "CS", "CT\\MR"), e(0x00100010, "PN", "Lef\xe8vre*"),
            e(0x0020000D, "UI", "1.2.3\\1.2.4"), e(0x00280010, "US", us(512)),
        ])
        named = e(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.2") + e(0x00081155, "UI", "1.2.3.4")
        failed = e(0x00081198, "SQ", item(named + e(0x00081197, "US", us(0x112))))
        commitment = e(0x00081195, "UI", "1.2.99") + failed + e(0x00081199, "SQ", item(named) * 2)
        put("identifier", f"question{explicit}", bytes([explicit]) + question)
        put("identifier", f"commitment{explicit}", bytes([explicit]) + commitment)


def texts():
    body = b"preamble\r\n--b\r\nContent-Type: application/dicom;\r\n\ttransfer-syntax=*\r\n\r\none\r\n--bc\r\n-\r\n--b \t\r\n"
    put("multipart", "parts", bytes([3]) + body + b"\r\n\r\n--two\r\n--b--\r\nepilogue")
    put("multipart", "empty", bytes([1]) + b"--b\r\n\r\n--b\r\nA: b\r\n\r\n--b--")
    put("query", "viewer", b"limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060&PatientName=*M%C3%BCl"
        b"%2A&StudyDate=20200101-20201231&StudyInstanceUID=1.2.3,1.2.4&00080061=CT%5CMR")
    for number, pair in enumerate([
        "*\nx", "Lef?vre^E*\nLef\u00e8vre^\u00c9lo\u00efse=\u5c71", "20200101-20201231\n20200505", "-0500\n2020",
        "20200101101112.5+0100-\n20210101+0200", "1.5\n1.50", "a*b?c*\naXbYcZ", "10:30-11\n103015.25",
    ]):
        put("matching", str(number), pair.encode())

def ledger():
    """Places, sizes and proofs as a peer sends them; a bundle that says what it is and proves nothing."""
    numbers = lambda *given: b"".join(struct.pack("<Q", number) for number in given)
    hashes = lambda count: b"".join(bytes([n]) * 32 for n in range(count))
    put("ledger", "none", numbers(0, 0, 1) + hashes(1))
    put("ledger", "twenty", numbers(300, 999_000, 1_000_001) + hashes(21))
    put("ledger", "largest", numbers(2**64 - 2, 2**63, 2**64 - 1) + hashes(65))
    put("ledger", "shorter", numbers(5, 40, 12) + hashes(5))
    head = b"\x01" + b"\x01" * 32 + b"\x28" + b"\x02" * 32 + b"\x07"
    put("ledger", "head", head)
    put("ledger", "seen", b"\x01" + head[1:] + b"\x01\x08")
    key = "aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq"  # 32 bytes of 0x01
    bundle = {"format": "confrere-evidence/1", "site": key, "site_name": "CH Nord",
              "asked": {"studies": ["1.2.3"], "from": None, "to": 5}, "since": 1, "before": 0, "head": "AAAA",
              "cosigned": [{"peer": key, "seen": "AAAA", "proof": ["00" * 32]}],
              "records": [{"place": 0, "kind": 1, "body": "AgEB", "proof": []}]}
    put("evidence", "bundle", json.dumps(bundle).encode())
    put("evidence", "empty", b"{}")


def vector(name):
    """A committed vector."""
    vectors = pathlib.Path(__file__).parents[2] / "protocol" / "vectors"
    return bytes.fromhex((vectors / f"{name}.1.hex").read_text())


def trust():
    """Texts and messages of each kind: the committed vectors."""
    for name in ("agreement-closing", "agreement-suspension", "backup-list", "backup-page", "control-delegated", "control-duty",
                 "control-glass", "control-keys-fork", "control-page-amended", "control-witness", "copy-receipt", "duty-shift",
                 "glass", "keeping"):
        put("trust", name, vector(name))


def succession():
    """Chains of keys and a signature that carries one: the committed vectors."""
    read = vector
    for name in ("keys-first", "keys-of-three", "keys-fork"):
        put("succession", name, read(name))
    chain = read("keys-of-three")[-2 * 177:]
    put("succession", "signature", b"\xa2\x03" + b"\x01" * 64 + chain)


def coding():
    """A size, a step, a shape, an offset; behind them pixels to be coded, or the front of a unit."""
    head = lambda size, step, shape, start=0: struct.pack("<HBBB", size, step, shape, start)
    slope = b"".join(us(1000 + x + y + x * y % 5) for y in range(24) for x in range(32))
    put("coding", "wide", head(32, 1, 1) + slope)
    put("coding", "signed", head(16, 1, 3, 7) + b"header " + slope)
    put("coding", "big-endian", head(32, 1, 5) + slope)
    put("coding", "colours", head(24, 3, 0) + bytes((x * 3 + y) % 256 for y in range(32) for x in range(24)))
    put("coding", "flat", head(64, 1, 0) + b"\7" * 4096)
    put("coding", "no-grid", head(0, 0, 0) + b"CS\4\0HEAD" * 50)
    put("coding", "unit", head(4096, 1, 0) + b"\1\0" + struct.pack("<HBBIII", 64, 1, 1, 0, 4096, 0)
        + b"\1\1" + b"\xff\0" * 2 + b"\0" * 6 + b"\xff\0")
    put("coding", "unit-of-bytes", head(64, 1, 0) + b"\0" + b"\x28\xb5\x2f\xfd\x20\x40\x4d\0\0\0")

def tunnel():
    put("tunnel", "datagram", b"\x03\x00\x00abc")
    put("tunnel", "two", b"\x01\x00\x00a\x02\x00\x01bc")
    put("tunnel", "long", b"\xdd\x05\x00x")
    put("tunnel", "none", b"\x00\x00\x00")
    put("tunnel", "word-go", b"\x01\x01")
    put("tunnel", "candidates", b"\x01\x00\x01\x00\xc0\x00\x02\x07\xf3\x39")
    put("tunnel", "offer", b"\x01\x01\x01\x00\xc0\x00\x02\x07\xf3\x39")
    put("tunnel", "cut", b"\x05\x00\x00ab")


def preview():
    """Version, study, manifest, series, part, frames; or a glance."""
    text = lambda s: bytes([len(s)]) + s
    head = b"\x01" + text(b"1.2") + b"\7" * 32
    grey = lambda rows, columns, data: b"\0" + bytes([0, rows, columns, 0]) + bytes([len(data)]) + data
    put("preview", "grey", head + text(b"1.2.3") + b"\0" + b"\1" + grey(4, 4, PIXELS))
    put("preview", "short", head + text(b"1.2.3") + b"\0" + b"\1" + grey(4, 5, PIXELS))
    put("preview", "signed", head + text(b"1.2.3") + b"\2" + b"\2" + b"\0" + bytes([0, 2, 4, 1, 1, 16]) + PIXELS + b"\1\1")
    put("preview", "colours", head + text(b"1.2.3") + b"\0" + b"\1" + b"\0" + bytes([0, 1, 5, 2, 15]) + PIXELS[:15])
    series = text(b"1.2.3") + text(b"CT") + b"\0\0\3"
    put("preview", "glance", head + b"\1" + series + b"\0" + text(b"1.2.3.4") + b"\0\x08\x08\4" + b"\xff\xd8\xff\xd9" + b"\0\0")
    put("preview", "glance-absent", head + b"\1" + series + b"\1\2" + b"\5\0")


def presence():
    """Blind questions and answers: the committed vectors, and a list."""
    for name in ("control-presence", "control-presence-evaluated", "control-presence-page"):
        put("presence", name, vector(name))
    put("presence", "list", bytes(range(256)) * 4)


for make in (data_sets, pictures, associations, texts, ledger, trust, succession, coding, tunnel, preview, presence):
    make()
