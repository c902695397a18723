"""The table beside a table that holds the rows which the table could not take: `<table>_rejected`.

    stream string (NULL for one without a name), offset long, code string, reason string, row string (a JSON object),
    log string, position long, rejected_at timestamp

It is judged as a table of its own. Its rows are rows of the table's streams: the judges of streams and ledgers take them in
beside the table's, so that a row that is in both, in neither, or in one of them twice is found, and one whose JSON is not what
was sent.
"""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa

from . import content, delta_log, row_tracking
from .columns import without_views
from .data import Data
from .findings import Findings
from .spoken import NotSpoken, column_of
from .streams import STREAM_APP

SUFFIX = "_rejected"
TYPES = {"stream": "string", "offset": "long", "code": "string", "reason": "string", "row": "string", "log": "string",
         "position": "long", "rejected_at": "timestamp"}


def is_one(table, metadata):
    """Whether a table is one of rejected rows, by its name and columns."""
    names = {field["name"] for field in json.loads(metadata["schemaString"])["fields"]}
    return Path(table).name.endswith(SUFFIX) and names >= set(TYPES)


def beside(table):
    """The folder of the table's rejected rows, if it has any."""
    path = Path(table).resolve()
    found = path.with_name(path.name + SUFFIX)
    return found if (found / "_delta_log").is_dir() else None


def read(table, main, txns):
    """Judges the table in folder `table`, and gives its rows to the judges of `main`, a table's Data with these txn entries."""
    findings, log = Findings(), delta_log.replay(table)
    for sentence in log.checkpoint_differences + log.regressions:
        findings.problem(sentence)
    rows = RejectedRows(table, log, findings, main, txns)
    rows.judge_columns()
    rows.read()
    rows.judge_txns()
    row_tracking.judge(log.state, findings)
    main.findings.include(findings, Path(table).name)
    return rows


class RejectedRows(Data):
    """What the files hold, by code and by stream."""

    def __init__(self, table, log, findings, main, txns):
        super().__init__(table, log, findings)
        self.main, self.main_txns = main, txns
        self.codes, self.ends, self.seen = Counter(), {}, set()

    def judge_columns(self):
        found = {field["name"]: field["type"] for field in self.fields + self.partition_fields}
        for name, kind in TYPES.items():
            if found.get(name) != kind:
                self.findings.problem(f"column {name} is {found.get(name, 'not there')}, it should be {kind}.")

    def judge_txns(self):
        """The streams' own entries here are not behind any row: they are what keeps a row from coming twice."""
        for stream, end in sorted(self.ends.items()):
            said = self.log.state.txns.get(STREAM_APP + stream)
            if said is not None and 0 <= said < end:
                self.findings.problem(f"stream {stream}: the txn entry says {said} rows, row {end - 1} is there.")

    def take(self, batch, add):
        batch = without_views(batch)
        if any(name not in batch.schema.names for name in TYPES):
            return
        rows, groups = [], {}
        for place, row in enumerate(batch.select(list(TYPES)).to_pylist()):
            if not row["code"] or not row["reason"] or row["offset"] is None:
                self.findings.problem(f"{add.path}: a row says no code, reason or offset: {row}.")
            self.codes[row["code"]] += 1
            said = self.spoken(row, add)
            rows.append(said)
            if row["stream"] is not None and row["offset"] is not None:
                self.ends[row["stream"]] = max(self.ends.get(row["stream"], 0), row["offset"] + 1)
            if said is not None and self.is_numbered(row, said, add):
                groups.setdefault(said["stream"], []).append(place)
        for stream, places in groups.items():
            self.take_stream(stream, [rows[place] for place in places], add)

    def spoken(self, row, add):
        """The rejected row itself."""
        try:
            said = json.loads(row["row"], parse_float=Decimal)
        except (TypeError, ValueError):
            said = None
        if not isinstance(said, dict):
            self.findings.problem(f"{add.path}: row {row['offset']} of stream {row['stream']} is no JSON object: {row['row']}.")
            return None
        return said

    def is_numbered(self, row, said, add):
        """Whether the row says what row of which stream it is, and is the one that it stands for."""
        stream, offset, where = row["stream"], row["offset"], f"{add.path}: row {row['offset']} of stream {row['stream']}"
        if self.main.streams is None:
            if stream is not None and (stream, offset) in self.seen:
                self.findings.problem(f"{where} is there twice.")
            self.seen.add((stream, offset))
            return False
        if not isinstance(said.get("stream"), str) or not isinstance(said.get("seq"), int):
            self.findings.problem(f"{where} has no stream and seq in its JSON: {row['row']}.")
            return False
        if said["seq"] != offset or (stream is not None and stream != said["stream"]):
            self.findings.problem(f"{where} is row {said['seq']} of stream {said['stream']} by its JSON.")
        if stream is None and STREAM_APP + said["stream"] in self.main_txns:
            self.findings.problem(f"{where} names no stream, and stream {said['stream']} has a name.")
        return True

    def take_stream(self, stream, rows, add):
        seqs = np.array([row["seq"] for row in rows], dtype=np.int64)
        path = f"{self.table.name}/{add.path}"
        self.main.streams.take_rejected(stream, seqs, path)
        if self.main.ledgers is not None:
            self.main.ledgers.take(stream, seqs, self.hashes(rows, path), rejected=True)

    def hashes(self, rows, path):
        """Of the rows' contents in the types of the table that did not take them."""
        try:
            return content.row_hashes(typed(rows, self.main.arrow_fields))
        except NotSpoken as wrong:
            self.findings.problem(f"{path}: {wrong}.")
            return np.zeros(len(rows), dtype=np.uint64)


def typed(rows, kinds):
    """Rows as dictionaries in these types; what the table has no column for, in the types that it seems to have."""
    names = sorted({name for row in rows for name in row})
    columns = [column_of([row.get(name) for row in rows], kinds.get(name), name) for name in names]
    return pa.RecordBatch.from_arrays(columns, names=names)
