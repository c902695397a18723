"""Delta tables written by hand, so that a test can spoil exactly one thing."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = {
    "type": "struct",
    "fields": [
        {"name": name, "type": kind, "nullable": nullable, "metadata": {}}
        for name, kind, nullable in [
            ("stream", "string", False),
            ("seq", "long", False),
            ("price", "double", True),
            ("note", "string", True),
            ("at", "timestamp", True),
        ]
    ],
}

ARROW = pa.schema([
    pa.field("stream", pa.string(), False),
    pa.field("seq", pa.int64(), False),
    pa.field("price", pa.float64()),
    pa.field("note", pa.string()),
    pa.field("at", pa.timestamp("us", tz="UTC")),
])


def rows(stream, start, end):
    """Rows whose content follows from stream and seq."""
    return [
        {
            "stream": stream,
            "seq": seq,
            "price": None if seq % 7 == 0 else seq / 4,
            "note": None if seq % 5 == 0 else f"note {seq % 3} of {stream}",
            "at": 1_700_000_000_000_000 + seq * 1_001,
        }
        for seq in range(start, end)
    ]


def batch(some_rows):
    return pa.RecordBatch.from_pylist(some_rows, schema=ARROW)


class HandmadeTable:
    """Grows by `commit`; `actions` of a version can be changed and written again with `write_log`."""

    def __init__(self, directory):
        self.directory = Path(directory)
        (self.directory / "_delta_log").mkdir(parents=True)
        self.versions = []
        self.append([
            {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
            {"metaData": {
                "id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9",
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps(SCHEMA),
                "partitionColumns": [],
                "configuration": {},
                "createdTime": 1_700_000_000_000,
            }},
        ])

    def append(self, actions):
        version = len(self.versions)
        info = {"commitInfo": {"timestamp": 1_700_000_000_000 + version * 1000, "operation": "WRITE"}}
        self.versions.append([info, *actions])
        self.write_log(version)

    def write_log(self, version):
        path = self.directory / "_delta_log" / f"{version:020d}.json"
        path.write_text("".join(json.dumps(action) + "\n" for action in self.versions[version]), encoding="utf-8")

    def commit(self, some_rows, **txns):
        """One file with these rows and one txn entry per keyword (stream name -> rows)."""
        name = f"part-{len(self.versions):05d}.parquet"
        columns = batch(some_rows)
        pq.write_table(pa.Table.from_batches([columns]), self.directory / name, row_group_size=50)
        add = {
            "path": name,
            "partitionValues": {},
            "size": (self.directory / name).stat().st_size,
            "modificationTime": 1_700_000_000_000,
            "dataChange": True,
            "stats": json.dumps(statistics(columns)),
        }
        entries = [{"txn": {"appId": f"lakehead/stream/{n}", "version": v}} for n, v in txns.items()]
        self.append([*entries, {"add": add}])
        return name

    def add_of(self, version):
        return next(action["add"] for action in self.versions[version] if "add" in action)

    def spoil_statistics(self, version, change):
        """Lets `change` alter the statistics of the version's file."""
        add = self.add_of(version)
        stats = json.loads(add["stats"])
        change(stats)
        add["stats"] = json.dumps(stats)
        self.write_log(version)


def statistics(columns):
    low, high, nulls = {}, {}, {}
    for name in columns.schema.names:
        column = columns.column(name)
        values = [value for value in column.to_pylist() if value is not None]
        nulls[name] = column.null_count
        if not values:
            continue
        low[name], high[name] = min(values), max(values)
        if name == "at":
            low[name], high[name] = (v.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" for v in (low[name], high[name]))
    return {"numRecords": columns.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}
