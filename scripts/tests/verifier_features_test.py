"""The verifier reads deletion vectors, mapped and widened columns, and judges row ids."""

import json
import struct
import sys
import unittest
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from verifier import row_tracking  # noqa: E402
from verifier.delta_log import AddFile, State  # noqa: E402
from verifier.deletion_vectors import MAGIC, Z85, bitmap, deleted_rows, z85  # noqa: E402
from verifier.findings import CannotVerify, Findings  # noqa: E402
from verifier.mapping import Mapping  # noqa: E402

Z85_TEXT, Z85_BYTES = "HelloWorld", bytes([0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B])


def roaring(*bitmaps):
    """A 64-bit bitmap of (upper half, 32-bit bitmap)."""
    found = struct.pack("<iq", MAGIC, len(bitmaps))
    return found + b"".join(struct.pack("<I", upper) + content for upper, content in bitmaps)


def array_of(upper, values):
    return struct.pack("<IIHHI", 12346, 1, upper, len(values) - 1, 16) + struct.pack(f"<{len(values)}H", *values)


def runs_of(runs):
    return struct.pack("<IBHHH", 12347, 1, 0, sum(more + 1 for _, more in runs) - 1, len(runs)) + b"".join(
        struct.pack("<HH", *run) for run in runs)


class DeletionVectorTest(unittest.TestCase):
    def test_the_text_of_the_encodings_own_example(self):
        self.assertEqual(z85(Z85_TEXT), Z85_BYTES)

    def test_each_kind_of_container(self):
        dense = list(range(0, 9000, 2))
        words = [0] * 1024
        for value in dense:
            words[value // 64] |= 1 << value % 64
        bits = struct.pack("<IIHHI", 12346, 1, 0, len(dense) - 1, 16) + struct.pack("<1024Q", *words)
        for content, expected in (
                (roaring((0, array_of(0, [1, 5, 65_535]))), {1, 5, 65_535}),
                (roaring((0, array_of(2, [7])), (1, array_of(0, [3]))), {(2 << 16) + 7, (1 << 32) + 3}),
                (roaring((0, runs_of([(3, 2), (10, 0)]))), {3, 4, 5, 10}),
                (roaring((0, bits)), set(dense)),
                (roaring(), set())):
            self.assertEqual(bitmap(content), expected)

    def test_a_wrong_count_or_format_is_told(self):
        with self.assertRaisesRegex(CannotVerify, "begins with 7"):
            bitmap(struct.pack("<iq", 7, 0))
        with self.assertRaisesRegex(CannotVerify, "0 positions"):
            text = self.encoded(roaring())
            deleted_rows(".", {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": 12, "cardinality": 1})

    def encoded(self, content):
        found = ""
        for place in range(0, len(content), 4):
            number, digits = struct.unpack(">I", content[place:place + 4])[0], ""
            for _ in range(5):
                number, digit = divmod(number, 85)
                digits = Z85[digit] + digits
            found += digits
        return found


def metadata(mode, fields, changes=False):
    said = [{"name": name, "type": kind, "nullable": True, "metadata": {
        "delta.columnMapping.id": place, "delta.columnMapping.physicalName": f"col-{place}",
        **({"delta.typeChanges": []} if changes else {})}} for place, (name, kind) in enumerate(fields, 1)]
    configuration = {"delta.columnMapping.mode": mode} if mode else {}
    return {"schemaString": json.dumps({"type": "struct", "fields": said}), "partitionColumns": [], "configuration": configuration}


class MappingTest(unittest.TestCase):
    def batch(self, *names):
        ids = {b"PARQUET:field_id": b"2"}, {b"PARQUET:field_id": b"1"}
        fields = [pa.field(name, pa.int32(), metadata=said) for name, said in zip(names, ids)]
        return pa.RecordBatch.from_arrays([pa.array([1], pa.int32()), pa.array([2], pa.int32())], schema=pa.schema(fields))

    def test_by_name_and_by_id(self):
        fields = [("a", "integer"), ("b", "integer"), ("later", "string")]
        by_name = Mapping(metadata("name", fields)).batch(self.batch("col-1", "col-2"))
        self.assertEqual(by_name.to_pylist(), [{"a": 1, "b": 2}])
        by_id = Mapping(metadata("id", fields)).batch(self.batch("x", "y"))
        self.assertEqual(by_id.to_pylist(), [{"a": 2, "b": 1}])

    def test_statistics_have_physical_names(self):
        said = {"numRecords": 1, "minValues": {"col-1": 4, "gone": 2}}
        found = Mapping(metadata("name", [("a", "integer")])).statistics(said)
        self.assertEqual(found, {"numRecords": 1, "minValues": {"a": 4}})

    def test_widened_types_are_cast(self):
        mapping = Mapping(metadata(None, [("x", "long"), ("y", "double")], changes=True))
        self.assertEqual(mapping.batch(self.batch("x", "y")).schema.types, [pa.int64(), pa.float64()])


class RowTrackingTest(unittest.TestCase):
    def problems(self, *starts, mark):
        state = State(protocol={"writerFeatures": ["rowTracking"]}, metadata={"configuration": {"delta.enableRowTracking": "true"}})
        for place, start in enumerate(starts):
            state.files[str(place)] = AddFile(str(place), {}, 1, {"numRecords": 10}, True, base_row_id=start, row_commit_version=1)
        state.domains = {"delta.rowTracking": {"configuration": f'{{"rowIdHighWaterMark": {mark}}}'}}
        findings = Findings()
        row_tracking.judge(state, findings)
        return findings.problems

    def test_ids_must_not_overlap_and_stay_below_the_mark(self):
        self.assertEqual(self.problems(0, 10, 20, mark=29), [])
        self.assertRegex(self.problems(0, 5, mark=29)[0], "share row ids from 5")
        self.assertRegex(self.problems(0, 10, mark=15)[0], "go to 19, its mark says 15")
        self.assertRegex(self.problems(None, mark=15)[0], "has no row ids")


if __name__ == "__main__":
    unittest.main()
