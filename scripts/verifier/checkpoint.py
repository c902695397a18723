"""Checkpoints: found, read, and held against the commits they stand for.

Read are classic ones in one or several Parquet parts, and version 2 ones (Parquet or JSON) with their sidecar files.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from . import delta_log

SINGLE = re.compile(r"^(\d{20})\.checkpoint\.parquet$")
PART = re.compile(r"^(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet$")
WITH_ID = re.compile(r"^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(json|parquet)$")


@dataclass
class Checkpoint:
    version: int
    paths: list = field(default_factory=list)


def listing(log_dir):
    """Complete checkpoints of a log, oldest first. One that lacks a part is none."""
    found, parts = {}, {}
    for path in sorted(Path(log_dir).iterdir()):
        if match := SINGLE.match(path.name) or WITH_ID.match(path.name):
            found.setdefault(int(match[1]), Checkpoint(int(match[1]), [path]))
        elif match := PART.match(path.name):
            parts.setdefault((int(match[1]), int(match[3])), []).append(path)
    for (version, count), paths in parts.items():
        if len(paths) == count:
            found.setdefault(version, Checkpoint(version, paths))
    return [found[version] for version in sorted(found)]


def read(checkpoint):
    """The table's state that a checkpoint holds."""
    state = delta_log.State(version=checkpoint.version)
    sidecars = []
    for path in checkpoint.paths:
        for action in actions(path):
            name, body = state.apply(action, checkpoint.version)
            if name == "sidecar":
                sidecars.append(path.parent / "_sidecars" / Path(delta_log.file_path(body["path"])).name)
    for path in sidecars:
        for action in actions(path):
            state.apply(action, checkpoint.version)
    return state


def actions(path):
    """What counts in it: files that were removed are only kept there for whoever cleans up."""
    if path.suffix == ".json":
        with open(path, encoding="utf-8") as lines:
            found = (json.loads(line) for line in lines if line.strip())
            yield from (action for action in found if "remove" not in action)
        return
    with pq.ParquetFile(path) as file:
        wanted = ["add", "txn", "metaData", "protocol", "sidecar", "domainMetadata"]
        columns = [name for name in file.schema_arrow.names if name in wanted]
        for batch in file.iter_batches(batch_size=4096, columns=columns):
            for row in batch.to_pylist():
                row = {name: plain(value) for name, value in row.items() if value is not None}
                if row:
                    yield row


def plain(value):
    """Parquet maps come as lists of pairs; the log's JSON has objects."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and all(isinstance(pair, tuple) for pair in value):
        return dict(value)
    return value


def compare(found, expected, log_dir):
    """Sentences about what a checkpoint says otherwise than the commits up to its version."""
    where = f"the checkpoint of version {expected.version} in {log_dir}"
    differences = []
    for path in sorted(set(expected.files) ^ set(found.files))[:5]:
        differences.append(f"{where} and the commits disagree about whether file {path} is live.")
    for path in sorted(set(expected.files) & set(found.files)):
        if expected.files[path].size != found.files[path].size:
            differences.append(f"{where} gives file {path} another size than its commit.")
    for app in sorted(set(expected.txns) | set(found.txns)):
        if expected.txns.get(app) != found.txns.get(app):
            differences.append(f"{where} has {app} at {found.txns.get(app)}, the commits {expected.txns.get(app)}.")
    for name in ("id", "schemaString"):
        if (found.metadata or {}).get(name) != (expected.metadata or {}).get(name):
            differences.append(f"{where} has another metaData.{name} than the commits.")
    if spoken(found.protocol) != spoken(expected.protocol):
        differences.append(f"{where} has another protocol than the commits.")
    return differences


def spoken(protocol):
    """A protocol, whatever the order of its features, or None."""
    return protocol and {name: sorted(value) if isinstance(value, list) else value for name, value in protocol.items()
                         if value is not None}


def judge_pointer(log_dir, checkpoints, latest):
    """`_last_checkpoint` may be old, never wrong."""
    pointer = Path(log_dir) / "_last_checkpoint"
    if not pointer.exists():
        return []
    version = json.loads(pointer.read_text(encoding="utf-8"))["version"]
    if version > latest or version not in [c.version for c in checkpoints]:
        return [f"_last_checkpoint names version {version}, for which there is no complete checkpoint."]
    return []


def judge_checksum(log_dir, state):
    """A version's `.crc` file repeats sums of its state."""
    path = Path(log_dir) / f"{state.version:020d}.crc"
    if not path.exists():
        return []
    said = json.loads(path.read_text(encoding="utf-8"))
    sums = {"numFiles": len(state.files), "tableSizeBytes": sum(f.size for f in state.files.values())}
    return [
        f"{path.name} says {name} {said[name]}, the commits say {value}."
        for name, value in sums.items()
        if said.get(name) is not None and said[name] != value
    ]
