"""Reads the live files, one batch in memory at a time, and lets the judges look at each."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from . import content
from .statistics import FileStatistics
from .streams import Streams

BATCH_ROWS = 65536

ARROW_TYPES = {
    "boolean": pa.types.is_boolean,
    "byte": pa.types.is_int8,
    "short": pa.types.is_int16,
    "integer": pa.types.is_int32,
    "long": pa.types.is_int64,
    "float": pa.types.is_float32,
    "double": pa.types.is_float64,
    "date": pa.types.is_date32,
    "timestamp": lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None,
    "timestamp_ntz": lambda kind: pa.types.is_timestamp(kind) and kind.tz is None,
    "string": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "binary": lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind),
}


class Data:
    """What the files hold: rows and row groups by version, and the streams."""

    def __init__(self, table, log, findings, ledgers=None):
        self.table, self.log, self.findings, self.ledgers = Path(table), log, findings, ledgers
        fields = json.loads(log.state.metadata["schemaString"])["fields"]
        partitions = set(log.state.metadata.get("partitionColumns") or [])
        self.fields = [f for f in fields if f["name"] not in partitions]
        self.flat = {f["name"]: f["type"] for f in self.fields if isinstance(f["type"], str)}
        self.streams = Streams() if {"stream", "seq"} <= set(self.flat) else None
        self.rows = 0
        self.rows_by_version = {}
        self.row_groups_by_version = {}

    def read(self):
        for add in sorted(self.log.state.files.values(), key=lambda add: add.version):
            path = self.table / add.path
            if not path.is_file():
                self.findings.problem(f"{add.path}, which version {add.version} added, does not exist.")
            elif path.stat().st_size != add.size:
                self.findings.problem(f"{add.path} has {path.stat().st_size} bytes, the log says {add.size}.")
            else:
                self.read_file(path, add)

    def read_file(self, path, add):
        try:
            with pq.ParquetFile(path, memory_map=False, pre_buffer=False) as file:
                self.judge_schema(file.schema_arrow, add)
                self.row_groups_by_version[add.version] = (
                    self.row_groups_by_version.get(add.version, 0) + file.num_row_groups
                )
                statistics = FileStatistics(self.flat)
                for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                    statistics.take(batch)
                    self.take(batch, add)
        except (OSError, pa.ArrowInvalid, pa.ArrowException) as error:
            self.findings.problem(f"{add.path} cannot be read: {error}")
            return
        for sentence in statistics.judge(add.stats, add.path):
            self.findings.problem(sentence)
        for field in self.fields:
            if not field["nullable"] and statistics.nulls.get(field["name"]):
                self.findings.problem(f"{add.path} has nulls in {field['name']}, which does not allow them.")
        self.rows += statistics.rows
        self.rows_by_version[add.version] = self.rows_by_version.get(add.version, 0) + statistics.rows

    def take(self, batch, add):
        if self.streams is None or batch.num_rows == 0:
            return
        hashes = content.row_hashes(batch) if self.ledgers else None
        self.streams.take(batch, add.path, add.version, self.ledgers, hashes)

    def judge_schema(self, schema, add):
        for name, kind in self.flat.items():
            index = schema.get_field_index(name)
            if index < 0:
                continue
            found = schema.field(index).type
            fits = ARROW_TYPES.get(kind)
            if kind.startswith("decimal"):
                fits = lambda found, kind=kind: str(found).partition("(")[2].replace(" ", "") == kind.partition("(")[2]
            if fits is None or not fits(found):
                self.findings.problem(f"{add.path}: column {name} is {found}, the table says {kind}.")
        for name in schema.names:
            if name not in [field["name"] for field in self.fields]:
                self.findings.problem(f"{add.path}: column {name} is not in the table's schema.")
