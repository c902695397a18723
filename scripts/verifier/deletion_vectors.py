"""Which rows of a file are deleted: deletion vectors, read from the log or from their files, without any library for them.

A vector is a magic number and a 64-bit Roaring bitmap of row positions in its portable form: a count of 32-bit bitmaps, each
with the upper half of its positions in front.
"""

import struct
import zlib
from pathlib import Path
from urllib.parse import unquote, urlparse
from uuid import UUID

from .findings import CannotVerify

MAGIC = 1681511377
NO_RUNS, WITH_RUNS = 12346, 12347
NO_OFFSETS_BELOW = 4
ARRAY_VALUES_MAX = 4096
Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
UUID_CHARACTERS = 20


def deleted_rows(table, vector):
    """The positions that a vector of a file's `add` action names, as a set."""
    found = bitmap(content(Path(table), vector))
    if len(found) != vector["cardinality"]:
        raise CannotVerify(f"a deletion vector has {len(found)} positions, its file's commit says {vector['cardinality']}.")
    return found


def content(table, vector):
    kind, place = vector["storageType"], vector["pathOrInlineDv"]
    if kind == "i":
        return z85(place)[:vector["sizeInBytes"]]
    if kind == "u":
        prefix, name = place[:-UUID_CHARACTERS], UUID(bytes=z85(place[-UUID_CHARACTERS:]))
        path = table / prefix / f"deletion_vector_{name}.bin"
    else:
        path = Path(unquote(urlparse(place).path))
    with open(path, "rb") as file:
        file.seek(vector.get("offset") or 0)
        size, = struct.unpack(">i", file.read(4))
        data = file.read(size)
        checksum, = struct.unpack(">I", file.read(4))
    if size != vector["sizeInBytes"] or zlib.crc32(data) != checksum:
        raise CannotVerify(f"the deletion vector in {path} is not what its commit says.")
    return data


def z85(text):
    """Five characters stand for four bytes."""
    found = bytearray()
    for place in range(0, len(text), 5):
        number = 0
        for character in text[place:place + 5]:
            number = number * 85 + Z85.index(character)
        found += struct.pack(">I", number)
    return bytes(found)


class Reader:
    def __init__(self, data):
        self.data, self.place = data, 0

    def take(self, layout):
        found = struct.unpack_from("<" + layout, self.data, self.place)
        self.place += struct.calcsize("<" + layout)
        return found


def bitmap(data):
    reader = Reader(data)
    magic, bitmaps = reader.take("iq")
    if magic != MAGIC:
        raise CannotVerify(f"a deletion vector begins with {magic}, which is no format that this verifier knows.")
    found = set()
    for _ in range(bitmaps):
        upper, = reader.take("I")
        found.update(upper << 32 | lower for lower in small_bitmap(reader))
    return found


def small_bitmap(reader):
    """The values of one 32-bit Roaring bitmap."""
    cookie, = reader.take("I")
    runs = b""
    if cookie & 0xFFFF == WITH_RUNS:
        containers = (cookie >> 16) + 1
        runs = bytes(reader.take(f"{(containers + 7) // 8}B"))
    elif cookie == NO_RUNS:
        containers, = reader.take("I")
    else:
        raise CannotVerify(f"a Roaring bitmap begins with {cookie}.")
    heads = [reader.take("HH") for _ in range(containers)]
    if not runs or containers >= NO_OFFSETS_BELOW:
        reader.take(f"{containers}I")
    for place, (upper, count_less_one) in enumerate(heads):
        if runs and runs[place // 8] >> place % 8 & 1:
            count, = reader.take("H")
            lowers = (start + step for start, more in [reader.take("HH") for _ in range(count)] for step in range(more + 1))
        elif count_less_one + 1 <= ARRAY_VALUES_MAX:
            lowers = reader.take(f"{count_less_one + 1}H")
        else:
            words = reader.take("1024Q")
            lowers = (at * 64 + bit for at, word in enumerate(words) for bit in range(64) if word >> bit & 1)
        yield from (upper << 16 | lower for lower in lowers)
