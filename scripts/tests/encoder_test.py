"""The second producer (harness/encoder.py) against the vectors of the protocol, and its batches read back. Needs no engine."""

import datetime
import decimal
import json
import random
import struct
import unittest
from pathlib import Path

import pyarrow as pa

from harness import encoder
from harness.encoder import (BATCH, COMPRESSIONS, SCHEMA, SERVER_KINDS, Refusal, batch_content, frame, read_archive, read_frame,
                             schema_content, write_archive)

VECTORS = Path(__file__).resolve().parents[2] / "protocol" / "vectors"
EXPECTED = {"client": SERVER_KINDS, "server, before Hello": {"Hello"}, "server, before Welcome": {"Schema", "Ping", "Pong"},
            "server, after Welcome": {"Schema", "Batch", "Ping", "Pong", "Close"}}
# Two LZ4 compressors need not agree, nor two releases of one.
# Refused for the order of what the archive holds, which this reader does not ask for: it only reads what servers send.
READABLE = ("refused_empty_pointer", "refused_shared_bytes")
COMPRESSED = {"batch_lz4", "batch_zstd"}
EPOCH = datetime.datetime(1970, 1, 1)
RIGHT, WIDTHS = decimal.Context(prec=50), {1: "?", 2: "b", 3: "h", 4: "i", 5: "q", 6: "f", 7: "d", 9: "i", 10: "q", 11: "q"}


def vectors():
    for path in sorted(VECTORS.glob("*.json")):
        vector = json.loads(path.read_text())
        yield vector, bytes.fromhex("".join(vector["frame"]))


def frame_of_vector(name):
    return next(data for vector, data in vectors() if vector["name"] == name)


def in_json(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: in_json(part) for name, part in value.items()}
    return [in_json(part) for part in value] if isinstance(value, list) else value


def encoded_again(header, content):
    compression = next(number for number, name in COMPRESSIONS.items() if name == header["compression"])
    fields = {name: header[name] for name in ("schema_id", "first_offset", "rows")}
    return frame(header["kind"], content, compression=compression, **fields)


class VectorTest(unittest.TestCase):
    maxDiff = 2000

    def test_every_good_vector_reads_as_it_says_and_is_written_so_again(self):
        count = 0
        for vector, data in vectors():
            if "refused" in vector:
                continue
            count += 1
            with self.subTest(vector["name"]):
                header, content = read_frame(data, EXPECTED[vector["receiver"]])
                self.assertEqual(header, vector["header"])
                self.assertEqual(in_json(content), vector["content"])
                again = encoded_again(header, content)
                self.assertEqual(read_frame(again, EXPECTED[vector["receiver"]])[1], content)
                if vector["name"] not in COMPRESSED:
                    self.assertEqual(again.hex(), data.hex())
        self.assertGreaterEqual(count, 20)

    def test_every_refused_vector_is_refused_with_its_code(self):
        count = 0
        for vector, data in vectors():
            if "refused" not in vector or vector["name"] in READABLE:
                continue
            count += 1
            with self.subTest(vector["name"]):
                with self.assertRaises(Refusal) as refusal:
                    read_frame(data, EXPECTED[vector["receiver"]])
                self.assertEqual(refusal.exception.code, vector["refused"]["code"])
                self.assertEqual(encoder.CODES[refusal.exception.code], vector["refused"]["name"])
        self.assertGreaterEqual(count, 12)

    def test_the_checksum(self):
        self.assertEqual(encoder.crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(encoder.crc32c(b""), 0)

    def test_strings_up_to_eight_bytes_stand_in_the_field(self):
        for length in [*range(20), 62, 63, 64, 65, 127, 128, 255, 4095, 4096, 70_000]:
            content = {"columns": [], "fields": [
                {"name": name, "data_type": 5, "nullable": 1, "precision": 0, "scale": 0, "children": []}
                for name in ("x" * length, "ü" * (length // 2))]}
            archive = write_archive(SCHEMA, content)
            self.assertEqual(read_archive(SCHEMA, archive), content)
            self.assertEqual(b"x" * 9 in archive[:-56], length > 8, length)


TWO_COLUMNS = pa.schema([pa.field("n", pa.int64(), nullable=False), pa.field("name", pa.string())])
POINT = pa.struct([pa.field("x", pa.float64(), nullable=False), pa.field("name", pa.string())])
NESTED = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("path", pa.list_(pa.field("element", POINT))),
                    pa.field("counts", pa.map_(pa.string(), pa.int64()))])
FLAT = pa.schema(
    [pa.field(*field) for field in [
        ("boolean", pa.bool_()), ("byte", pa.int8()), ("short", pa.int16()), ("integer", pa.int32()), ("long", pa.int64()),
        ("float", pa.float32()), ("double", pa.float64()), ("date", pa.date32()), ("timestamp", pa.timestamp("us", "UTC")),
        ("timestampntz", pa.timestamp("us")), ("string", pa.string()), ("binary", pa.binary())]]
    + [pa.field(f"decimal_{digits}", pa.decimal128(digits, 2), nullable=False) for digits in (9, 18, 38)])


def flat_rows():
    """Least values, greatest values, NULL."""
    columns = [[False, True]] + [[-1 << bits - 1, (1 << bits - 1) - 1] for bits in (8, 16, 32, 64)]
    columns += [[-float("inf"), float("nan")], [-1.7976931348623157e308, float("inf")]]
    columns += [[datetime.date.min, datetime.date.max]] + [[datetime.datetime.min, datetime.datetime.max]] * 2
    columns += [["", "Grüße"], [b"", b"\0\xff"]]
    columns = [column + [None] for column in columns]
    for digits in (9, 18, 38):
        greatest = decimal.Decimal(10**digits - 1).scaleb(-2, RIGHT)
        columns.append([greatest.copy_negate(), greatest, decimal.Decimal(0)])
    return pa.record_batch([pa.array(values, field.type) for values, field in zip(columns, FLAT)], schema=FLAT)


class VectorsFromPyarrowTest(unittest.TestCase):
    """pyarrow's own schemas and batches give the vectors' bytes."""

    def check_schema(self, name, schema, schema_id):
        self.assertEqual(frame("Schema", schema_content(schema), schema_id=schema_id).hex(), frame_of_vector(name).hex())

    def check_batch(self, name, batch, **header):
        data = frame("Batch", batch_content(batch), rows=batch.num_rows, **header)
        self.assertEqual(data.hex(), frame_of_vector(name).hex())

    def test_schemas(self):
        self.check_schema("schema_two_columns", TWO_COLUMNS, 1)
        self.check_schema("schema_flat", FLAT, 1)
        self.check_schema("schema_nested", NESTED, 2)

    def test_flat_batches(self):
        two_rows = pa.record_batch([pa.array([7, -1]), pa.array(["x", None])], schema=TWO_COLUMNS)
        self.check_batch("batch_two_rows", two_rows, schema_id=1, first_offset=42)
        self.check_batch("batch_empty", two_rows.slice(2), schema_id=1, first_offset=42)
        self.check_batch("batch_flat", flat_rows(), schema_id=1)

    def test_a_dictionary(self):
        keys = pa.array([0, 1, 0, None], pa.int8())
        names = pa.DictionaryArray.from_arrays(keys, pa.array(["red", "green"]))
        batch = pa.record_batch([pa.array([10, 11, 12, 13]), names], names=["n", "name"])
        self.check_batch("batch_dictionary", batch, schema_id=1, first_offset=44)

    def test_a_nested_batch(self):
        points = pa.StructArray.from_arrays([pa.array([0.5, None]), pa.array(["start", ""])], fields=list(POINT.fields),
                                            mask=pa.array([False, True]))
        paths = pa.ListArray.from_arrays(pa.array([0, 2, 2, 2], pa.int32()), points, NESTED[1].type,
                                         mask=pa.array([False, True, False]))
        counts = pa.array([[("a", 7)], None, [("b", None)]], NESTED[2].type)
        batch = pa.record_batch([pa.array([1, 2, 3]), paths, counts], schema=NESTED)
        self.check_batch("batch_nested", batch, schema_id=2)


class BatchReader:
    """A batch's rows as Python values, from the contents of its archive and of its schema's."""

    def __init__(self, schema, batch):
        self.fields, self.columns = schema["fields"], batch["columns"]
        self.seen = set()

    def rows(self):
        columns = {self.fields[index]["name"]: self.values(index, index) for index in range(len(self.columns))
                   if index not in self.children()}
        assert self.seen == set(range(len(self.columns))), "a column belongs to nothing"
        return [dict(zip(columns, row)) for row in zip(*columns.values())]

    def children(self):
        return {child for column in self.columns for child in column["children"]}

    def values(self, field_index, column_index):
        field, column = self.fields[field_index], self.columns[column_index]
        assert column_index not in self.seen, "a column has two parents"
        self.seen.add(column_index)
        assert all(child > column_index for child in column["children"])
        if column["encoding"] == 1:
            assert column["offsets"] == [] and len(column["children"]) == 1
            entries = self.values(field_index, column["children"][0])
            keys = struct.unpack(f"<{column['length']}I", column["values"])
            values = [entries[key] if entries else None for key in keys]
            assert entries or not any(keys)
        else:
            values = self.plain(field, column)
        assert len(values) == column["length"]
        bits = column["validity"]
        assert len(bits) in (0, (column["length"] + 7) // 8)
        return [value if not bits or bits[row // 8] >> row % 8 & 1 else None for row, value in enumerate(values)]

    def plain(self, field, column):
        kind, length, values, offsets = field["data_type"], column["length"], column["values"], column["offsets"]
        children = [self.values(*pair) for pair in zip(field["children"], column["children"], strict=True)]
        if kind in (12, 13, 15, 16):
            whole = values if kind in (12, 13) else children[0] if kind == 15 else list(zip(*children))
            assert len(offsets) == length + 1 and offsets[0] == 0 and offsets[-1] == len(whole)
            parts = [whole[start:end] for start, end in zip(offsets, offsets[1:])]
            return [part.decode() for part in parts] if kind == 12 else parts
        assert offsets == []
        if kind == 14:
            assert all(len(child) == length for child in children)
            names = [self.fields[child]["name"] for child in field["children"]]
            return [dict(zip(names, row)) for row in zip(*children)]
        if kind == 1:
            assert len(values) == (length + 7) // 8
            return [bool(values[row // 8] >> row % 8 & 1) for row in range(length)]
        if kind == 8:
            width = 4 if field["precision"] <= 9 else 8 if field["precision"] <= 18 else 16
            assert len(values) == length * width
            numbers = [int.from_bytes(values[at:at + width], "little", signed=True) for at in range(0, len(values), width)]
            return [decimal.Decimal(number).scaleb(-field["scale"], RIGHT) for number in numbers]
        numbers = struct.unpack(f"<{length}{WIDTHS[kind]}", values)
        if kind == 9:
            return [EPOCH.date() + datetime.timedelta(number) for number in numbers]
        if kind in (10, 11):
            zone = datetime.timezone.utc if kind == 10 else None
            return [EPOCH.replace(tzinfo=zone) + datetime.timedelta(microseconds=number) for number in numbers]
        return list(numbers)


FLAT_TYPES = [field.type for field in FLAT]


def any_type(random, depth):
    choice = random.randrange(8 if depth else 4)
    if choice < 3:
        return random.choice(FLAT_TYPES)
    if choice == 3:
        return pa.dictionary(random.choice([pa.int8(), pa.int32()]), random.choice([pa.string(), pa.binary()]))
    if choice < 6:
        return pa.struct([(f"field_{index}", any_type(random, depth - 1)) for index in range(random.randint(1, 3))])
    if choice == 6:
        return pa.list_(any_type(random, depth - 1))
    return pa.map_(random.choice([pa.string(), pa.int32()]), any_type(random, depth - 1))


def any_value(random, kind, nulls=0.25):
    if random.random() < nulls:
        return None
    if pa.types.is_dictionary(kind):
        return any_value(random, kind.value_type, 0)[:1]
    if pa.types.is_struct(kind):
        return {field.name: any_value(random, field.type) for field in kind.fields}
    if pa.types.is_list(kind):
        return [any_value(random, kind.value_type) for _ in range(random.randint(0, 3))]
    if pa.types.is_map(kind):
        return [(any_value(random, kind.key_type, 0), any_value(random, kind.item_type)) for _ in range(random.randint(0, 3))]
    if pa.types.is_decimal(kind):
        return decimal.Decimal(random.randint(1 - 10**kind.precision, 10**kind.precision - 1)).scaleb(-kind.scale, RIGHT)
    if pa.types.is_floating(kind):
        return random.choice([0.5, -0.0, float("inf"), 1.25])
    if pa.types.is_integer(kind):
        bits = kind.bit_width - 1
        return random.randint(-1 << bits, (1 << bits) - 1)
    if pa.types.is_timestamp(kind):
        return EPOCH + datetime.timedelta(microseconds=random.randint(-10**16, 10**16))
    text = "".join(random.choice("aüß€😀 ") for _ in range(random.randint(0, 12)))
    return {pa.bool_(): random.random() < 0.5, pa.date32(): datetime.date.fromordinal(random.randint(1, 3_000_000)),
            pa.string(): text, pa.binary(): text.encode()}[kind]


class BatchesReadBackTest(unittest.TestCase):
    maxDiff = 2000

    def check(self, batch):
        contents = []
        for structure, content in [(SCHEMA, schema_content(batch.schema)), (BATCH, batch_content(batch))]:
            contents.append(read_archive(structure, write_archive(structure, content)))
        self.assertEqual(repr(BatchReader(*contents).rows()), repr(in_utc(batch.to_pylist())))

    def test_flat_rows(self):
        self.check(flat_rows())

    def test_batches_of_any_types_and_their_slices(self):
        for seed in range(300):
            chance = random.Random(seed)
            schema = pa.schema([(f"column_{index}", any_type(chance, 3)) for index in range(chance.randint(1, 4))])
            rows = chance.randint(0, 40)
            arrays = [pa.array([any_value(chance, kind) for _ in range(rows)], kind) for kind in schema.types]
            batch = pa.record_batch(arrays, schema=schema)
            start = chance.randint(0, rows)
            with self.subTest(seed=seed, types=schema.types):
                self.check(batch)
                self.check(batch.slice(start, chance.randint(0, rows - start)).slice(chance.randint(0, 3)))

    def test_a_slice_of_a_table_with_chunks_and_two_dictionaries(self):
        chunks = [pa.array(values).dictionary_encode() for values in (["a", "b", None, "a"], ["c", "b", "b"])]
        nested = [pa.StructArray.from_arrays([chunk], ["inner"]) for chunk in chunks]
        table = pa.table({"name": pa.chunked_array(chunks), "nested": pa.chunked_array(nested)})
        for table in (table, table.slice(2, 4), table.slice(0, 0)):
            self.check(table)

    def test_a_null_of_the_dictionary_is_a_null_of_the_row(self):
        names = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2]), pa.array(["a", None, "b"]))
        batch = pa.record_batch([names], ["name"])
        self.check(batch)
        column = batch_content(batch)["columns"][0]
        self.assertEqual((column["encoding"], column["validity"]), (0, b"\x09"))

    def test_an_empty_dictionary(self):
        names = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int32()), pa.array([], pa.string()))
        batch = pa.record_batch([names], ["name"])
        self.check(batch)
        self.assertEqual(batch_content(batch)["columns"][0]["values"], bytes(8))

    def test_decimals_of_pyarrow_of_every_width(self):
        for source in (pa.decimal32(5, 2), pa.decimal64(5, 2), pa.decimal64(17, 3), pa.decimal128(9, 0), pa.decimal256(38, 9)):
            values = [decimal.Decimal(-1).scaleb(-source.scale), None, decimal.Decimal(10**source.precision - 1).scaleb(
                -source.scale, RIGHT)]
            self.check(pa.record_batch([pa.array(values, source)], ["number"]))


def in_utc(value):
    """datetime's own zone in place of the library's, so that values print alike."""
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.replace(tzinfo=datetime.timezone.utc)
    if isinstance(value, dict):
        return {name: in_utc(part) for name, part in value.items()}
    return type(value)(map(in_utc, value)) if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    unittest.main()
