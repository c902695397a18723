"""Archives as rkyv 0.8 lays them out: little-endian, aligned, 32-bit relative pointers, the root at the end.

A writer puts what a value points to before the value, in the order of its fields; a pointer is relative to itself.
"""

import struct
from dataclasses import dataclass

import pyarrow as pa

MODE_OPEN, MODE_RESUME, MODE_DESCRIBE = 1, 2, 3
KEEP_UNTIL_DURABLE, KEEP_UNTIL_COMMITTED = 1, 2

DATA_TYPES = {
    pa.bool_(): 1, pa.int8(): 2, pa.int16(): 3, pa.int32(): 4, pa.int64(): 5, pa.float32(): 6, pa.float64(): 7,
    pa.date32(): 9, pa.timestamp("us", tz="UTC"): 10, pa.timestamp("us"): 11, pa.string(): 12, pa.binary(): 13,
}


class Writer:
    def __init__(self):
        self.bytes = bytearray()

    def align(self, alignment):
        self.bytes += bytes(-len(self.bytes) % alignment)

    def put(self, data, alignment=1):
        """Appends and says where."""
        self.align(alignment)
        at = len(self.bytes)
        self.bytes += data
        return at

    def text(self, value):
        """What `text_at` needs: the text's bytes, written here unless they fit into the string itself."""
        data = value.encode()
        return data, None if len(data) <= 8 else self.put(data)


def text_at(text, here):
    """An archived string that stands at `here`."""
    data, at = text
    if at is None:
        return data.ljust(8, b"\xff")
    length = len(data)
    return struct.pack("<Ii", length & 0x3F | 0x80 | (length & ~0x3F) << 2, at - here)


def vector_at(at, length, here):
    return struct.pack("<iI", at - here, length)


@dataclass
class Hello:
    table: str
    stream: str = ""
    table_id: str = ""
    credential: bytes = b""
    client: str = "lakehead-tests"
    opener: bytes = bytes(16)
    attempt: int = 0
    epoch_major: int = 0
    epoch_minor: int = 0
    durable_seen: int = 0
    committed_seen: int = 0
    sent: int = 0
    resendable_from: int = 0
    schema_fingerprint: int = 0
    mode: int = MODE_OPEN
    keep: int = KEEP_UNTIL_COMMITTED
    schema_follows: int = 1

    def archive(self):
        out = Writer()
        table, stream, table_id = out.text(self.table), out.text(self.stream), out.text(self.table_id)
        credential = out.put(self.credential)
        client = out.text(self.client)
        out.align(8)
        root = len(out.bytes)
        out.bytes += text_at(table, root) + text_at(stream, root + 8) + text_at(table_id, root + 16)
        out.bytes += vector_at(credential, len(self.credential), root + 24) + text_at(client, root + 32)
        out.bytes += self.opener + struct.pack(
            "<8QBBB5x", self.attempt, self.epoch_major, self.epoch_minor, self.durable_seen, self.committed_seen,
            self.sent, self.resendable_from, self.schema_fingerprint, self.mode, self.keep, self.schema_follows)
        return bytes(out.bytes)


def schema_archive(schema):
    """The Schema frame's archive of a flat pyarrow schema."""
    out = Writer()
    columns = out.put(struct.pack(f"<{len(schema)}I", *range(len(schema))), 4)
    parts = []
    for field in schema:
        name = out.text(field.name)
        out.align(4)
        parts.append((name, len(out.bytes), field))
    out.align(4)
    fields = len(out.bytes)
    for name, children, field in parts:
        here = len(out.bytes)
        kind, precision, scale = DATA_TYPES.get(field.type), 0, 0
        if pa.types.is_decimal(field.type):
            kind, precision, scale = 8, field.type.precision, field.type.scale
        out.bytes += text_at(name, here) + struct.pack("<BBBB", kind, field.nullable, precision, scale)
        out.bytes += vector_at(children, 0, here + 12)
    root = len(out.bytes)
    out.bytes += vector_at(columns, len(schema), root) + vector_at(fields, len(schema), root + 8)
    return bytes(out.bytes)


@dataclass
class Column:
    """Buffers of a column, free to be wrong."""

    length: int
    values: bytes = b""
    offsets: tuple = ()
    validity: bytes = b""
    encoding: int = 0


def column_of(array):
    """A pyarrow array's buffers; the array must not be a slice."""
    buffers, length = array.buffers(), len(array)
    validity = buffers[0].to_pybytes()[: -(-length // 8)] if array.null_count else b""
    if pa.types.is_string(array.type) or pa.types.is_binary(array.type):
        offsets = struct.unpack_from(f"<{length + 1}I", buffers[1])
        return Column(length, buffers[2].to_pybytes()[: offsets[-1]] if buffers[2] else b"", offsets, validity)
    width = array.type.bit_width
    return Column(length, buffers[1].to_pybytes()[: -(-length * width // 8)], (), validity)


def batch_archive(columns):
    """The Batch frame's archive of some columns."""
    out = Writer()
    places = []
    for column in columns:
        validity = out.put(column.validity)
        offsets = out.put(struct.pack(f"<{len(column.offsets)}I", *column.offsets), 4)
        values = out.put(column.values, 8)
        out.align(4)
        places.append((validity, offsets, values, len(out.bytes)))
    out.align(4)
    start = len(out.bytes)
    for column, (validity, offsets, values, children) in zip(columns, places):
        here = len(out.bytes)
        out.bytes += struct.pack("<B3xI", column.encoding, column.length)
        out.bytes += vector_at(validity, len(column.validity), here + 8)
        out.bytes += vector_at(offsets, len(column.offsets), here + 16)
        out.bytes += vector_at(values, len(column.values), here + 24)
        out.bytes += vector_at(children, 0, here + 32)
    root = len(out.bytes)
    out.bytes += vector_at(start, len(columns), root)
    return bytes(out.bytes)


def close_archive(sent):
    return struct.pack("<Q", sent)


def ping_archive(nonce):
    return struct.pack("<Q", nonce)


@dataclass
class Welcome:
    table_id: str
    table_version: int
    stream_id: bytes
    epoch_major: int
    epoch_minor: int
    resume_offset: int
    durable: int
    committed: int
    credit: int
    batch_bytes_max: int
    batch_rows_max: int


def read_welcome(archive):
    at = len(archive) - 104
    (version,) = struct.unpack_from("<Q", archive, at + 8)
    stream_id = archive[at + 32 : at + 48]
    return Welcome(read_text(archive, at), version, stream_id, *struct.unpack_from("<6QII", archive, at + 48))


@dataclass
class Ack:
    durable: int
    committed: int
    version: int
    credit: int


def read_ack(archive):
    return Ack(*struct.unpack("<4Q", archive[-32:]))


@dataclass
class Closed:
    committed: int
    version: int


def read_closed(archive):
    return Closed(*struct.unpack("<2Q", archive[-16:]))


@dataclass
class Reject:
    code: int
    remedy: int
    version_min: int
    version_max: int
    offset: int
    committed: int
    message: str


def read_reject(archive):
    root = len(archive) - 32
    code, remedy, low, high, offset, committed = struct.unpack_from("<HBxHHQQ", archive, root)
    return Reject(code, remedy, low, high, offset, committed, read_text(archive, root + 24))


def read_text(archive, at):
    inline = archive[at : at + 8]
    if inline[0] & 0xC0 != 0x80:
        return inline.split(b"\xff")[0].decode()
    length, offset = struct.unpack_from("<Ii", archive, at)
    length = length & 0x3F | (length & ~0xFF) >> 2
    return archive[at + offset : at + offset + length].decode()
