"""Reads the live files, one batch in memory at a time, and lets the judges look at each."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from . import columns, content, partitions
from .findings import CannotVerify
from .mapping import Mapping, arrow_type
from .rows import deletions, live
from .statistics import FileStatistics
from .streams import Streams

BATCH_ROWS = 65536


class Data:
    """What the files hold, with the values that the log has of their partitions: rows and row groups by version, and the streams."""

    def __init__(self, table, log, findings, ledgers=None):
        self.table, self.log, self.findings, self.ledgers = Path(table), log, findings, ledgers
        fields = json.loads(log.state.metadata["schemaString"])["fields"]
        self.partition_fields = partitions.fields_of(log.state.metadata, fields)
        self.fields = [f for f in fields if f not in self.partition_fields]
        flat = {f["name"] for f in fields if isinstance(f["type"], str)}
        self.mapping = Mapping(log.state.metadata)
        configuration = log.state.metadata.get("configuration") or {}
        # Rows that were moved to another file keep their ids in columns that no schema names.
        self.hidden = {value for name, value in configuration.items() if name.startswith("delta.rowTracking.materialized")}
        self.arrow_fields = {field["name"]: arrow_type(field["type"]) for field in fields}
        self.streams = Streams() if {"stream", "seq"} <= flat else None
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
                self.judge_schema(self.mapping.schema(file.schema_arrow), add)
                deleted, position = deletions(self.table, add), 0
                self.row_groups_by_version[add.version] = (
                    self.row_groups_by_version.get(add.version, 0) + file.num_row_groups
                )
                statistics, nulls = FileStatistics(dict(columns.leaves(self.fields))), set()
                for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                    rows, batch = batch.num_rows, self.mapping.batch(columns.without_views(batch))
                    statistics.take(batch)
                    nulls.update(self.forbidden_nulls(batch))
                    kept = live(batch, deleted, position)
                    self.take(partitions.complete(kept, self.mapping.partition_values(add), self.partition_fields), add)
                    position += rows
        except partitions.WrongPartition as wrong:
            self.findings.problem(f"{add.path}: {wrong}.")
            return
        except (OSError, CannotVerify, pa.ArrowInvalid, pa.ArrowException) as error:
            self.findings.problem(f"{add.path} cannot be read: {error}")
            return
        for sentence in statistics.judge(self.mapping.statistics(add.stats), add.path):
            self.findings.problem(sentence)
        for name in sorted(nulls):
            self.findings.problem(f"{add.path} has nulls in {name}, which does not allow them.")
        self.rows += statistics.rows - len(deleted)
        self.rows_by_version[add.version] = self.rows_by_version.get(add.version, 0) + statistics.rows

    def take(self, batch, add):
        if self.streams is None or batch.num_rows == 0:
            return
        hashes = content.row_hashes(batch) if self.ledgers else None
        self.streams.take(batch, add.path, add.version, self.ledgers, hashes)

    def forbidden_nulls(self, batch):
        for field in self.fields:
            column = columns.at(batch, (field["name"],))
            if column is not None:
                yield from columns.forbidden_nulls(field["name"], field["type"], field["nullable"], column)
            elif not field["nullable"] and batch.num_rows:
                yield field["name"]

    def judge_schema(self, schema, add):
        for field in self.fields:
            index = schema.get_field_index(field["name"])
            if index < 0:
                continue
            for name, found, kind in columns.wrong_types(field["name"], field["type"], schema.field(index).type):
                self.findings.problem(f"{add.path}: column {name} is {found}, the table says {kind}.")
        for name in schema.names:
            if name not in [field["name"] for field in self.fields] and name not in self.hidden:
                self.findings.problem(f"{add.path}: column {name} is not in the table's schema.")
