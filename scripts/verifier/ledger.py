"""What producers noted about their own rows, held against the table.

A ledger is a file of JSON lines, written by a producer for itself, each line fsynced before the next row is trusted to be
in the table. A line notes rows that the engine acknowledged:

    {"stream": "s-07", "from": 4000, "to": 6000, "hash": "00f1c2d3e4a5b697", "version": 12}
    {"stream": "s-07", "from": 6000, "to": 9500, "hash": "1b2c3d4e5f607182", "ack": "durable"}

  stream      value of the rows' column `stream`
  from, to    the rows with from <= seq < to; lines of one stream and ack do not overlap (the same line twice is once)
  hash        of those rows as they were sent, see `content`
  ack         optional: "committed" (the default) or "durable"; rows may have a line of each
  version     optional: the table version that the ack named; the rows stand in it or in an earlier one
  rejected    optional: so many of the rows must be in the table of rejected rows (`rejected`), and no others
  rejected_hash    of those rows; without both it is the same in which of the two tables a row is
  anonymous   optional: true when the stream has no name for the engine, so that its table has no txn entry for it; a line of
              no rows may say so

Several ledgers (of a producer's several lives, or of many producers) are judged together. A last line without its line
feed was being written when the producer died and is left out. Rows that no line names are not judged here.
"""

import json
from dataclasses import dataclass

import numpy as np

from .findings import CannotVerify


COMMITTED, DURABLE = "committed", "durable"


@dataclass(frozen=True, order=True)
class Line:
    stream: str
    ack: str
    start: int
    end: int
    hash: str
    version: int
    anonymous: bool
    rejected: int
    rejected_hash: str

    @property
    def range(self):
        return self.start, self.end, self.hash, self.version, self.rejected, self.rejected_hash


class Ledgers:
    """All ranges, by stream and ack; counts and sums what the table has of each."""

    def __init__(self, paths):
        lines = set()
        for path in paths:
            lines.update(read(path))
        self.anonymous = {line.stream for line in lines if line.anonymous}
        self.streams = {COMMITTED: {}, DURABLE: {}}
        for ack, stream in {(line.ack, line.stream) for line in lines if line.start < line.end}:
            ranges = sorted(
                line.range for line in lines
                if line.stream == stream and line.ack == ack and line.start < line.end)
            self.streams[ack][stream] = StreamLedger(stream, ack, ranges)

    def take(self, stream, seqs, hashes, version=-1, rejected=False):
        """Takes rows in that the table has in this version, or that the one of rejected rows has."""
        for streams in self.streams.values():
            if stream in streams:
                streams[stream].take(seqs, hashes, version, rejected)

    def judge(self, findings, durable, rewritten=False):
        """`durable` tells whether rows that were only acknowledged as durable must be in the table by now, `rewritten` that files
        were moved by maintenance, so that versions say nothing."""
        for ack, streams in self.streams.items():
            for stream in sorted(streams) if durable or ack == COMMITTED else ():
                streams[stream].judge(findings, rewritten)

    def rows(self, ack=COMMITTED):
        return sum(ledger.rows for ledger in self.streams[ack].values())


class StreamLedger:
    def __init__(self, stream, ack, ranges):
        self.stream, self.ack, self.ranges = stream, ack, ranges
        self.starts = np.array([r[0] for r in ranges], dtype=np.int64)
        self.ends = np.array([r[1] for r in ranges], dtype=np.int64)
        if (self.starts[1:] < self.ends[:-1]).any():
            raise CannotVerify(f"the ledgers name rows of stream {stream} in overlapping ranges.")
        self.found = np.zeros(len(ranges), dtype=np.int64)
        self.sums = np.zeros(len(ranges), dtype=np.uint64)
        self.rejected = np.zeros(len(ranges), dtype=np.int64)
        self.rejected_sums = np.zeros(len(ranges), dtype=np.uint64)
        self.versions = np.full(len(ranges), -1, dtype=np.int64)

    @property
    def rows(self):
        return int((self.ends - self.starts).sum())

    def take(self, seqs, hashes, version, rejected):
        at = np.searchsorted(self.starts, seqs, side="right") - 1
        inside = (at >= 0) & (seqs < self.ends[at])
        at = at[inside]
        np.add.at(self.found, at, 1)
        with np.errstate(over="ignore"):
            np.add.at(self.sums, at, hashes[inside])
            if rejected:
                np.add.at(self.rejected, at, 1)
                np.add.at(self.rejected_sums, at, hashes[inside])
        self.versions[np.unique(at)] = np.maximum(self.versions[np.unique(at)], version)

    def judge(self, findings, rewritten):
        for at, (start, end, said, version, rejected, rejected_hash) in enumerate(self.ranges):
            acknowledged = "acknowledged" if self.ack == COMMITTED else "acknowledged (as durable)"
            rows = f"stream {self.stream}: the {acknowledged} rows {start} to {end - 1}"
            if self.found[at] != end - start:
                of_them = f", {self.rejected[at]} of them rejected" if self.rejected[at] else ""
                findings.problem(f"{rows} are {end - start}, the table has {self.found[at]}{of_them}.")
            elif f"{int(self.sums[at]):016x}" != said:
                findings.problem(f"{rows} have another content in the table than the producer sent.")
            elif rejected >= 0 and self.rejected[at] != rejected:
                findings.problem(f"{rows} have {rejected} that must be rejected, {self.rejected[at]} were.")
            elif rejected >= 0 and f"{int(self.rejected_sums[at]):016x}" != rejected_hash:
                findings.problem(f"{rows}: others were rejected than those that must be.")
            elif not rewritten and version >= 0 and self.versions[at] > version:
                findings.problem(
                    f"{rows} were acknowledged in version {version} and stand in version {self.versions[at]}."
                )


def read(path):
    """The lines of one ledger."""
    with open(path, "rb") as file:
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    for number, text in enumerate(whole.splitlines(), 1):
        try:
            entry = json.loads(text)
            line = Line(
                entry["stream"], entry.get("ack", COMMITTED), int(entry["from"]), int(entry["to"]), entry["hash"],
                int(entry.get("version", -1)), bool(entry.get("anonymous", False)),
                int(entry.get("rejected", -1)), entry.get("rejected_hash", ""))
        except (ValueError, KeyError, TypeError) as error:
            raise CannotVerify(f"{path}, line {number}, is no ledger line: {error}.") from error
        if not 0 <= line.start <= line.end:
            raise CannotVerify(f"{path}, line {number}: from {line.start} to {line.end} is no range.")
        if line.ack not in (COMMITTED, DURABLE):
            raise CannotVerify(f"{path}, line {number}: {line.ack} is no ack.")
        yield line
