"""What producers noted about their own rows, held against the table.

A ledger is a file of JSON lines, written by a producer for itself, each line fsynced before the next row is trusted to be
in the table. A line notes rows that the engine acknowledged as committed:

    {"stream": "s-07", "from": 4000, "to": 6000, "hash": "00f1c2d3e4a5b697", "version": 12}

  stream      value of the rows' column `stream`
  from, to    the rows with from <= seq < to; lines of one stream do not overlap (the same line twice is once)
  hash        of those rows as they were sent, see `content`
  version     optional: the table version that the ack named; the rows stand in it or in an earlier one

Several ledgers (of a producer's several lives, or of many producers) are judged together. A last line without its line
feed was being written when the producer died and is left out. Rows that no line names are not judged here.
"""

import json

import numpy as np

from .findings import CannotVerify


class Ledgers:
    """All ranges, by stream; counts and sums what the table has of each."""

    def __init__(self, paths):
        lines = set()
        for path in paths:
            lines.update(read(path))
        self.streams = {}
        for stream in {line[0] for line in lines}:
            self.streams[stream] = StreamLedger(stream, sorted(line[1:] for line in lines if line[0] == stream))

    def take(self, stream, seqs, hashes, version):
        ledger = self.streams.get(stream)
        if ledger is not None:
            ledger.take(seqs, hashes, version)

    def judge(self, findings):
        for stream in sorted(self.streams):
            self.streams[stream].judge(findings)

    @property
    def rows(self):
        return sum(ledger.rows for ledger in self.streams.values())


class StreamLedger:
    def __init__(self, stream, ranges):
        self.stream, self.ranges = stream, ranges
        self.starts = np.array([r[0] for r in ranges], dtype=np.int64)
        self.ends = np.array([r[1] for r in ranges], dtype=np.int64)
        if (self.starts[1:] < self.ends[:-1]).any():
            raise CannotVerify(f"the ledgers name rows of stream {stream} in overlapping ranges.")
        self.found = np.zeros(len(ranges), dtype=np.int64)
        self.sums = np.zeros(len(ranges), dtype=np.uint64)
        self.versions = np.full(len(ranges), -1, dtype=np.int64)

    @property
    def rows(self):
        return int((self.ends - self.starts).sum())

    def take(self, seqs, hashes, version):
        at = np.searchsorted(self.starts, seqs, side="right") - 1
        inside = (at >= 0) & (seqs < self.ends[at])
        at = at[inside]
        np.add.at(self.found, at, 1)
        with np.errstate(over="ignore"):
            np.add.at(self.sums, at, hashes[inside])
        self.versions[np.unique(at)] = np.maximum(self.versions[np.unique(at)], version)

    def judge(self, findings):
        for at, (start, end, said, version) in enumerate(self.ranges):
            rows = f"stream {self.stream}: the acknowledged rows {start} to {end - 1}"
            if self.found[at] != end - start:
                findings.problem(f"{rows} are {end - start}, the table has {self.found[at]}.")
            elif f"{int(self.sums[at]):016x}" != said:
                findings.problem(f"{rows} have another content in the table than the producer sent.")
            elif version >= 0 and self.versions[at] > version:
                findings.problem(
                    f"{rows} were acknowledged in version {version} and stand in version {self.versions[at]}."
                )


def read(path):
    """The lines of one ledger as tuples (stream, from, to, hash, version or -1)."""
    with open(path, "rb") as file:
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            entry = json.loads(line)
            result = entry["stream"], int(entry["from"]), int(entry["to"]), entry["hash"], int(entry.get("version", -1))
        except (ValueError, KeyError, TypeError) as error:
            raise CannotVerify(f"{path}, line {number}, is no ledger line: {error}.") from error
        if not 0 <= result[1] <= result[2]:
            raise CannotVerify(f"{path}, line {number}: from {result[1]} to {result[2]} is no range.")
        if result[1] < result[2]:
            yield result
