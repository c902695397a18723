"""A second producer: docs/protocol.md in plain Python and pyarrow, written from that page and its vectors alone.

Contents are dictionaries named as in the page and in protocol/vectors. `write_archive` and `read_archive` turn them into
archives and back, `frame` and `read_frame` do so with whole frames; `schema_content` and `batch_content` make them from pyarrow
schemas and record batches. encoder_client.py is a stream of them. Slow and simple: it is there to disagree with the engine.
"""

import struct

import pyarrow as pa
import pyarrow.compute as pc

# ---------------------------------------------------------------- CRC-32C, two bytes a step


def crc_tables():
    one = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        one.append(value)
    two = [one[(half := one[value & 255] ^ value >> 8) & 255] ^ half >> 8 for value in range(65536)]
    return one, two


ONE_BYTE, TWO_BYTES = crc_tables()


def crc32c(data):
    state, even = 0xFFFFFFFF, len(data) & ~1
    for (pair,) in struct.iter_unpack("<H", memoryview(data)[:even]):
        state = TWO_BYTES[(state ^ pair) & 0xFFFF] ^ state >> 16
    for byte in data[even:]:
        state = ONE_BYTE[(state ^ byte) & 255] ^ state >> 8
    return state ^ 0xFFFFFFFF


# ---------------------------------------------------------------- refusals

CODES = {1: "BadMagic", 2: "UnsupportedVersion", 3: "UnknownKind", 4: "BadChecksum", 5: "TooLarge", 6: "MalformedFrame",
         7: "UnexpectedFrame", 9: "BadHello", 20: "SchemaMismatch"}


class Refusal(Exception):
    """Bytes that a receiver refuses, or what a server refused: its Reject is in `reject`."""

    def __init__(self, code, message, reject=None):
        super().__init__(f"{code} {CODES.get(code, '')}: {message}")
        self.code, self.reject = code, reject


def require(good, code, message):
    if not good:
        raise Refusal(code, message)


# ---------------------------------------------------------------- archives
# `place` writes what a value points to and says where that stands, `put` writes the value itself into room made for it.


class Number:
    def __init__(self, code):
        self.format = "<" + code
        self.size = struct.calcsize(self.format)
        self.alignment = 1 if code.endswith("s") else self.size

    def place(self, out, value):
        return None

    def put(self, out, at, value, place):
        struct.pack_into(self.format, out, at, value)

    def get(self, data, at):
        return struct.unpack_from(self.format, data, at)[0]


class String:
    size, alignment, in_place = 8, 4, 8

    def place(self, out, value):
        text = value.encode()
        at = len(out)
        if len(text) > self.in_place:
            out += text
        return at

    def put(self, out, at, value, place):
        text = value.encode()
        if len(text) <= self.in_place:
            out[at:at + 8] = text.ljust(8, b"\xff")
        else:
            struct.pack_into("<Ii", out, at, len(text) & 63 | 128 | (len(text) & ~63) << 2, place - at)

    def get(self, data, at):
        text = bytes(data[at:at + 8])
        if text[0] & 0xC0 == 0x80:
            number, pointer = struct.unpack("<Ii", text)
            length = number & 63 | number >> 2 & ~63
            text = bytes(data[within(data, at + pointer, length, 1):][:length])
        else:
            text = text.split(b"\xff")[0]
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise Refusal(6, "a string is not UTF-8") from error


class Vector:
    """`alignment_of_elements` is more than the element's own for a column's values."""
    size, alignment = 8, 4

    def __init__(self, element, alignment_of_elements=None):
        self.element = element
        self.alignment_of_elements = alignment_of_elements or element.alignment

    def place(self, out, values):
        if self.element is U8:
            align(out, self.alignment_of_elements)
            out += values
            return len(out) - len(values)
        places = [self.element.place(out, value) for value in values]
        align(out, self.alignment_of_elements)
        start = len(out)
        out += bytes(len(values) * self.element.size)
        for index, (value, place) in enumerate(zip(values, places)):
            self.element.put(out, start + index * self.element.size, value, place)
        return start

    def put(self, out, at, values, place):
        struct.pack_into("<iI", out, at, place - at, len(values))

    def get(self, data, at):
        pointer, count = struct.unpack_from("<iI", data, at)
        start = within(data, at + pointer, count * self.element.size, self.element.alignment)
        if self.element is U8:
            return bytes(data[start:start + count])
        return [self.element.get(data, start + index * self.element.size) for index in range(count)]


class Structure:
    def __init__(self, size, alignment, *fields):
        self.size, self.alignment, self.fields = size, alignment, fields

    def place(self, out, value):
        return [kind.place(out, value[name]) for _, kind, name in self.fields]

    def put(self, out, at, value, places):
        for (position, kind, name), place in zip(self.fields, places):
            kind.put(out, at + position, value[name], place)

    def get(self, data, at):
        return {name: kind.get(data, at + position) for position, kind, name in self.fields}


def align(out, alignment):
    out += bytes(-len(out) % alignment)


def within(data, start, length, alignment):
    require(0 <= start <= len(data) - length and start % alignment == 0, 6, "a pointer leads out of the archive")
    return start


def write_archive(structure, content):
    out = bytearray()
    place = structure.place(out, content)
    align(out, structure.alignment)
    out += bytes(structure.size)
    structure.put(out, len(out) - structure.size, content, place)
    return bytes(out)


def read_archive(structure, data):
    root = len(data) - structure.size
    require(root >= 0 and root % structure.alignment == 0, 6, "the archive is no place for its root")
    return structure.get(memoryview(data), root)


U8, U16, U32, U64, ID, STRING = Number("B"), Number("H"), Number("I"), Number("Q"), Number("16s"), String()


def numbers(*names):
    return Structure(8 * len(names), 8, *((8 * index, U64, name) for index, name in enumerate(names)))


FIELD = Structure(20, 4, (0, STRING, "name"), (8, U8, "data_type"), (9, U8, "nullable"), (10, U8, "precision"),
                  (11, U8, "scale"), (12, Vector(U32), "children"))
SCHEMA = Structure(16, 4, (0, Vector(U32), "columns"), (8, Vector(FIELD), "fields"))
COLUMN = Structure(40, 4, (0, U8, "encoding"), (4, U32, "length"), (8, Vector(U8), "validity"), (16, Vector(U32), "offsets"),
                   (24, Vector(U8, 8), "values"), (32, Vector(U32), "children"))
BATCH = Structure(8, 4, (0, Vector(COLUMN), "columns"))
HELLO = Structure(
    128, 8, (0, STRING, "table"), (8, STRING, "stream"), (16, STRING, "table_id"), (24, Vector(U8), "credential"),
    (32, STRING, "client"), (40, ID, "opener"), (56, U64, "attempt"), (64, U64, "epoch_major"), (72, U64, "epoch_minor"),
    (80, U64, "durable_seen"), (88, U64, "committed_seen"), (96, U64, "sent"), (104, U64, "resendable_from"),
    (112, U64, "schema_fingerprint"), (120, U8, "mode"), (121, U8, "keep"), (122, U8, "schema_follows"))
WELCOME = Structure(
    104, 8, (0, STRING, "table_id"), (8, U64, "table_version"), (16, SCHEMA, "schema"), (32, ID, "stream_id"),
    (48, U64, "epoch_major"), (56, U64, "epoch_minor"), (64, U64, "resume_offset"), (72, U64, "durable"), (80, U64, "committed"),
    (88, U64, "credit"), (96, U32, "batch_bytes_max"), (100, U32, "batch_rows_max"))
REJECT = Structure(32, 8, (0, U16, "code"), (2, U8, "remedy"), (4, U16, "version_min"), (6, U16, "version_max"),
                   (8, U64, "offset"), (16, U64, "committed"), (24, STRING, "message"))

# ---------------------------------------------------------------- frames

KINDS = {1: ("Hello", HELLO), 2: ("Schema", SCHEMA), 3: ("Batch", BATCH), 4: ("Close", numbers("sent")),
         5: ("Ping", numbers("nonce")), 6: ("Pong", numbers("nonce")), 64: ("Welcome", WELCOME),
         65: ("Ack", numbers("durable", "committed", "version", "credit")), 66: ("Reject", REJECT),
         67: ("GoingAway", numbers("deadline_ms")), 68: ("Closed", numbers("committed", "version"))}
STRUCTURES = dict(KINDS.values())
LIMITS = {"Schema": 1 << 20, "Welcome": 1 << 20, "Batch": 16 << 20}
LIMIT_OF_OTHERS = 4 << 10
SERVER_KINDS = {"Welcome", "Ack", "Reject", "GoingAway", "Closed", "Ping", "Pong"}
HEADER, HEADER_BYTES = struct.Struct("<4sHBBIIIIQIIII"), 48
MAGIC, VERSION, LAYOUT = b"LKHD", 1, 0xA38B5929
COMPRESSIONS = {0: "None", 1: "Lz4", 2: "Zstd"}
CODECS = {"Lz4": "lz4_raw", "Zstd": "zstd"}


def frame(kind, content, **header):
    return frame_of(kind, write_archive(STRUCTURES[kind], content), **header)


def frame_of(kind, archive, schema_id=0, first_offset=0, rows=0, compression=0):
    """The frame of an archive that is written already."""
    payload = archive if compression == 0 else pa.compress(archive, CODECS[COMPRESSIONS[compression]], asbytes=True)
    padded = payload + bytes(-len(payload) % 16)
    number = next(number for number, (name, _) in KINDS.items() if name == kind)
    fields = [MAGIC, VERSION, number, compression, len(payload), 0, crc32c(padded), schema_id, first_offset, rows, LAYOUT,
              len(archive) if compression else 0, 0]
    fields[5] = crc32c(HEADER.pack(*fields))
    return HEADER.pack(*fields) + padded


def read_header(data, expected):
    """Header fields by name, checked in the order of the page; `expected` are the kinds that may come now."""
    require(data[:4] == MAGIC, 1, "not this protocol")
    (_, version, kind, compression, payload_bytes, header_crc, payload_crc, schema_id, first_offset, rows, layout,
     decompressed_bytes, reserved) = HEADER.unpack(data)
    require(version == VERSION and layout == LAYOUT, 2, f"version {version} with layout {layout:#x}")
    require(header_crc == crc32c(data[:12] + bytes(4) + data[16:]), 4, "the header changed on the way")
    require(kind in KINDS, 3, f"kind {kind}")
    name = KINDS[kind][0]
    require(reserved == 0, 6, "reserved bytes are not zero")
    require(compression == 0 and decompressed_bytes == 0 or compression in (1, 2) and name == "Batch", 6, "compression")
    require(name in expected, 7, f"{name} may not come now")
    limit = LIMITS.get(name, LIMIT_OF_OTHERS)
    require(max(payload_bytes, decompressed_bytes) <= limit, 5, f"{name} of {payload_bytes} bytes")
    require(name != "Batch" or rows <= 4_194_304, 5, f"{name} of {rows} rows")
    return {"kind": name, "compression": COMPRESSIONS[compression], "payload_bytes": payload_bytes, "schema_id": schema_id,
            "payload_crc": f"{payload_crc:08x}", "first_offset": first_offset, "rows": rows,
            "decompressed_bytes": decompressed_bytes}


def read_payload(header, padded):
    """The content of the frame with this header."""
    payload, padding = padded[:header["payload_bytes"]], padded[header["payload_bytes"]:]
    require(not any(padding), 6, "padding is not zero")
    require(crc32c(padded) == int(header["payload_crc"], 16), 4, "the payload changed on the way")
    if header["compression"] != "None":
        try:
            payload = pa.decompress(payload, header["decompressed_bytes"], CODECS[header["compression"]], asbytes=True)
        except (OSError, pa.ArrowInvalid) as error:
            raise Refusal(6, f"decompression: {error}") from error
    content = read_archive(STRUCTURES[header["kind"]], payload)
    if header["kind"] == "Hello":
        require(content["mode"] in (1, 2, 3) and content["keep"] in (1, 2) and content["schema_follows"] in (0, 1), 9, "a field")
    if header["kind"] == "Schema":
        names = [content["fields"][index]["name"].lower() for index in content["columns"]]
        require(len(set(names)) == len(names), 20, "two columns have one name")
    return content


def read_frame(data, expected):
    header = read_header(data[:HEADER_BYTES], expected)
    return header, read_payload(header, data[HEADER_BYTES:])


# ---------------------------------------------------------------- pyarrow

FLAT_TYPES = {pa.bool_(): 1, pa.int8(): 2, pa.int16(): 3, pa.int32(): 4, pa.int64(): 5, pa.float32(): 6, pa.float64(): 7,
              pa.date32(): 9, pa.string(): 12, pa.binary(): 13}
BYTES = (pa.string(), pa.binary())


def type_of(kind):
    """(number, precision, scale, children as (name, pyarrow field)) of a pyarrow type."""
    if pa.types.is_dictionary(kind):
        return type_of(kind.value_type)
    if pa.types.is_decimal(kind):
        return 8, kind.precision, kind.scale, []
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        return 10 if kind.tz else 11, 0, 0, []
    if pa.types.is_struct(kind):
        return 14, 0, 0, [(field.name, field) for field in kind.fields]
    if pa.types.is_list(kind):
        return 15, 0, 0, [("element", kind.value_field)]
    if pa.types.is_map(kind):
        return 16, 0, 0, [("key", kind.key_field), ("value", kind.item_field)]
    if kind in FLAT_TYPES:
        return FLAT_TYPES[kind], 0, 0, []
    raise TypeError(f"{kind} has no place in the protocol")


def flatten(roots, describe):
    """A list of trees: the roots, then each root's descendants. `describe` gives a node's entry and its children."""
    entries = [None] * len(roots)

    def add(index, node):
        entry, children = describe(node)
        first = len(entries)
        entry["children"] = list(range(first, first + len(children)))
        entries[index] = entry
        entries.extend([None] * len(children))
        for child_index, child in zip(entry["children"], children):
            add(child_index, child)

    for index, root in enumerate(roots):
        add(index, root)
    return entries


def schema_content(schema):
    def describe(node):
        name, field = node
        number, precision, scale, children = type_of(field.type)
        return {"name": name, "data_type": number, "nullable": int(field.nullable), "precision": precision,
                "scale": scale}, children

    return {"columns": list(range(len(schema))), "fields": flatten([(field.name, field) for field in schema], describe)}


def batch_content(batch):
    """Of a RecordBatch, or of a Table, whose chunks become one."""
    arrays = batch.columns
    if isinstance(batch, pa.Table):
        arrays = [column.combine_chunks() for column in arrays]
    return {"columns": flatten(arrays, describe_column)}


def describe_column(array):
    """A column without its children, and the arrays of those."""
    kind, length = array.type, len(array)
    if pa.types.is_dictionary(kind) and (array.dictionary.null_count or kind.value_type not in BYTES):
        array = array.dictionary_decode()  # a dictionary of the protocol has no NULL, and is of strings or bytes
        kind = array.type
    column = {"encoding": 0, "length": length, "validity": b"", "offsets": [], "values": b""}
    if array.null_count:
        column["validity"] = bits(array.buffers()[0], array.offset, length)
    if pa.types.is_dictionary(kind):
        keys = pc.fill_null(array.indices.cast(pa.uint32()), 0)
        return column | {"encoding": 1, "values": slots(keys, 4)}, [array.dictionary]
    if pa.types.is_struct(kind):
        return column, [array.field(index) for index in range(kind.num_fields)]
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        offsets, first, last = offsets_of(array)
        elements = array.values.slice(first, last - first)
        children = [elements] if pa.types.is_list(kind) else [elements.field(0), elements.field(1)]
        return column | {"offsets": offsets}, children
    if kind in BYTES:
        offsets, first, last = offsets_of(array)
        values = bytes(memoryview(array.buffers()[2])[first:last]) if last > first else b""
        return column | {"offsets": offsets, "values": values}, []
    if pa.types.is_boolean(kind):
        return column | {"values": bits(array.buffers()[1], array.offset, length)}, []
    if pa.types.is_decimal(kind):
        return column | {"values": slots(array, 4 if kind.precision <= 9 else 8 if kind.precision <= 18 else 16)}, []
    return column | {"values": slots(array, kind.byte_width)}, []


def bits(buffer, offset, length):
    """Bits from `offset` on, moved to the front of the first byte."""
    if length == 0:
        return b""
    number = int.from_bytes(memoryview(buffer)[offset // 8:(offset + length + 7) // 8], "little") >> offset % 8
    return (number & (1 << length) - 1).to_bytes((length + 7) // 8, "little")


def slots(array, width):
    """The lowest `width` bytes of each value."""
    if len(array) == 0:
        return b""
    whole = array.type.byte_width
    raw = bytes(memoryview(array.buffers()[1])[array.offset * whole:(array.offset + len(array)) * whole])
    if whole == width:
        return raw
    out = bytearray(len(array) * width)
    for byte in range(width):
        out[byte::width] = raw[byte::whole]
    return bytes(out)


def offsets_of(array):
    """Offsets from 0, and the first and last as they are in the array."""
    if len(array) == 0:
        return [0], 0, 0
    offsets = struct.unpack_from(f"<{len(array) + 1}i", array.buffers()[1], array.offset * 4)
    return [offset - offsets[0] for offset in offsets], offsets[0], offsets[-1]
