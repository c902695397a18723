"""Replays `_delta_log`: JSON commits from version 0, or from a checkpoint when older commits were cleaned away.

The commits are what is believed. Versions must follow each other without a gap; a table whose first commits are gone is
replayed from the oldest complete checkpoint behind which no commit is missing.
"""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

from . import checkpoint
from .findings import CannotVerify
from .streams import FORGOTTEN, stream_of

COMMIT_NAME = re.compile(r"^(\d{20})\.json$")

# Features that change nothing about how this verifier has to read, or whose use it detects file by file.
READER_FEATURES_KNOWN = {"timestampNtz", "v2Checkpoint", "deletionVectors", "columnMapping", "vacuumProtocolCheck",
                         "typeWidening", "typeWidening-preview"}


@dataclass
class AddFile:
    path: str
    partition_values: dict
    size: int
    stats: dict
    data_change: bool
    deletion_vector: object = None
    version: int = -1
    base_row_id: int = None
    row_commit_version: int = None


@dataclass
class Commit:
    version: int
    time_ms: int = 0
    operation: str = ""
    engine: str = ""
    adds: list = field(default_factory=list)
    removes: list = field(default_factory=list)
    txns: dict = field(default_factory=dict)


@dataclass
class State:
    """The table at a version: what a reader has to believe."""

    version: int = -1
    files: dict = field(default_factory=dict)
    txns: dict = field(default_factory=dict)
    domains: dict = field(default_factory=dict)
    metadata: dict = None
    protocol: dict = None

    def apply(self, action, version):
        """Takes one action in; returns what it was: "add", "remove", "txn", "commitInfo" or another name."""
        name, body = next(((k, v) for k, v in action.items() if v is not None), (None, None))
        if name == "add":
            self.files[file_path(body["path"])] = add_file(body, version)
        elif name == "remove":
            self.files.pop(file_path(body["path"]), None)
        elif name == "txn":
            self.txns[body["appId"]] = body["version"]
        elif name == "domainMetadata":
            self.domains[body["domain"]] = None if body.get("removed") else body
        elif name == "metaData":
            self.metadata = body
        elif name == "protocol":
            self.protocol = body
        return name, body


@dataclass
class Log:
    """A replayed log. `first_version` is 0 unless older commits were cleaned away."""

    state: State
    commits: list
    first_version: int
    checkpoints: list
    checkpoint_differences: list
    regressions: list


def file_path(encoded):
    return unquote(encoded)


def add_file(body, version=-1):
    stats = body.get("stats")
    return AddFile(
        path=file_path(body["path"]),
        partition_values=dict(body.get("partitionValues") or {}),
        size=body["size"],
        stats=json.loads(stats, parse_float=Decimal) if stats else None,
        data_change=body.get("dataChange", True),
        deletion_vector=body.get("deletionVector"),
        version=version,
        base_row_id=body.get("baseRowId"),
        row_commit_version=body.get("defaultRowCommitVersion"),
    )


def replay(table):
    """The log of the table in directory `table`; raises CannotVerify when there is none or versions are missing."""
    log_dir = Path(table) / "_delta_log"
    if not log_dir.is_dir():
        raise CannotVerify(f"{table} is no Delta table: it has no folder _delta_log.")
    versions = sorted(int(m[1]) for m in map(COMMIT_NAME.match, (p.name for p in log_dir.iterdir())) if m)
    if not versions:
        raise CannotVerify(f"{log_dir} holds no commit.")
    for before, after in zip(versions, versions[1:]):
        if after != before + 1:
            raise CannotVerify(f"commits {before + 1} to {after - 1} of {table} are missing.")
    checkpoints = checkpoint.listing(log_dir)
    state, first = State(), versions[0]
    if first > 0:
        start = next((c for c in checkpoints if first - 1 <= c.version <= versions[-1]), None)
        if start is None:
            raise CannotVerify(f"{table} begins at version {first} and no checkpoint stands for what was before.")
        state = checkpoint.read(start)
        first = start.version + 1
    log = Log(state, [], first, checkpoints, checkpoint.judge_pointer(log_dir, checkpoints, versions[-1]), [])
    by_version = {c.version: c for c in checkpoints}
    for version in range(first, versions[-1] + 1):
        log.commits.append(read_commit(log_dir, version, log))
        if version in by_version:
            log.checkpoint_differences += checkpoint.compare(checkpoint.read(by_version[version]), state, log_dir)
        log.checkpoint_differences += checkpoint.judge_checksum(log_dir, state)
    judge_protocol(state)
    return log


def live_files(table):
    """Absolute paths of the table's live files, in the order in which they were committed."""
    files = replay(table).state.files.values()
    return [Path(table).resolve() / file.path for file in sorted(files, key=lambda file: (file.version, file.path))]


def read_commit(log_dir, version, log):
    commit = Commit(version)
    with open(log_dir / f"{version:020d}.json", encoding="utf-8") as lines:
        actions = [json.loads(line) for line in lines if line.strip()]
        # A file that gets another deletion vector is removed and added again, in any order.
        for action in sorted(actions, key=lambda action: "remove" not in action):
            txn = action.get("txn")
            forgets = txn and txn["version"] == FORGOTTEN and stream_of(txn["appId"]) is not None
            if txn and not forgets and txn["version"] < log.state.txns.get(txn["appId"], txn["version"]):
                log.regressions.append(
                    f"version {version} sets {txn['appId']} back from {log.state.txns[txn['appId']]} to {txn['version']}."
                )
            name, body = log.state.apply(action, version)
            if name == "add":
                commit.adds.append(log.state.files[file_path(body["path"])])
            elif name == "remove":
                commit.removes.append(file_path(body["path"]))
            elif name == "txn":
                commit.txns[body["appId"]] = body["version"]
            elif name == "commitInfo":
                commit.time_ms = body.get("inCommitTimestamp") or body.get("timestamp") or 0
                commit.operation = body.get("operation") or ""
                commit.engine = body.get("engineInfo") or ""
    log.state.version = version
    return commit


def judge_protocol(state):
    """Refuses tables that this verifier would read wrongly."""
    if state.metadata is None or state.protocol is None:
        raise CannotVerify("the log names no metaData or no protocol.")
    unknown = set(state.protocol.get("readerFeatures") or []) - READER_FEATURES_KNOWN
    if unknown:
        raise CannotVerify(f"the table needs reader features that this verifier does not know: {sorted(unknown)}.")
