"""Order and completeness of verified streams: columns `stream` (text) and `seq` (the row's offset in its stream).

Rows are remembered as runs of consecutive `seq`, so a well-kept stream costs one run per file. Judged are: each seq from 0
to n-1 once; ascending within each file; versions in order, so that every version is a gap-free prefix; and for a named
stream n equal to its `txn` entry, in the end and after every commit.

Rows of a stream that were rejected, and are in the table beside (`rejected`), count with the others; the versions of that table
say nothing about this one's. That table is committed first, so it may have rows of a stream that its entry here does not count
yet.

A stream that was forgotten has -1 in its entry. Its rows stay, and whoever opens the name again begins at row 0, so that it
has several lives: the rows up to each version that forgets it, and those behind the last. Each is judged by itself.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

STREAM_APP = "lakehead/stream/"
EPOCH_SUFFIX = "/epoch"
FORGOTTEN = -1


@dataclass
class Run:
    start: int
    end: int
    version: int
    path: str
    rejected: bool = False


class Streams:
    def __init__(self):
        self.runs = {}
        self.nulls, self.disorder = [], []

    def take(self, batch, path, version, ledgers=None, hashes=None):
        """Takes one batch of a file in; batches come in file order, files in commit order."""
        encoded = batch.column("stream").cast(pa.string()).dictionary_encode()
        if batch.column("stream").null_count or batch.column("seq").null_count:
            self.nulls.append(f"{path} has rows whose stream or seq is null.")
            return
        names = encoded.dictionary.to_pylist()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        seqs = batch.column("seq").cast(pa.int64()).to_numpy(zero_copy_only=False)
        order = np.argsort(codes, kind="stable")
        edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
        for code, name in enumerate(names):
            rows = order[edges[code] : edges[code + 1]]
            self.extend(name, seqs[rows], path, version)
            if ledgers is not None:
                ledgers.take(name, seqs[rows], hashes[rows], version)

    def extend(self, name, seqs, path, version):
        runs = self.runs.setdefault(name, [])
        breaks = np.flatnonzero(np.diff(seqs) != 1) + 1
        for start, end in zip(np.concatenate(([0], breaks)), np.concatenate((breaks, [len(seqs)]))):
            first, past = int(seqs[start]), int(seqs[end - 1]) + 1
            last = runs[-1] if runs else None
            if last and last.path == path and last.end == first:
                last.end = past
                continue
            if last and last.path == path and first < last.end:
                self.disorder.append(f"stream {name}: in {path} row {first} stands behind row {last.end - 1}.")
            runs.append(Run(first, past, version, path))

    def take_rejected(self, name, seqs, path):
        """Takes rows in that are in the table beside."""
        runs = self.runs.setdefault(name, [])
        seqs = np.sort(seqs)
        breaks = np.flatnonzero(np.diff(seqs) != 1) + 1
        for start, end in zip(np.concatenate(([0], breaks)), np.concatenate((breaks, [len(seqs)]))):
            runs.append(Run(int(seqs[start]), int(seqs[end - 1]) + 1, -1, path, rejected=True))

    def rows(self, name):
        """Rows of the stream, with those that were rejected."""
        return sum(run.end - run.start for run in self.runs.get(name, []))

    def judge(self, findings, txns, commits, rewritten, named, anonymous, shuffled=False):
        """`rewritten` tells that files were moved by maintenance, so that versions say nothing about order; `shuffled` that rows
        of a file were, too."""
        for sentence in self.nulls + ([] if shuffled else self.disorder):
            findings.problem(sentence)
        for name in sorted(self.runs):
            for runs in self.lives(name, txns, commits, rewritten):
                self.judge_coverage(findings, name, runs, txns.get(STREAM_APP + name))
                if not rewritten:
                    self.judge_versions(findings, name, runs, commits)
            if named and name not in anonymous and STREAM_APP + name not in txns:
                findings.problem(f"stream {name} has rows and no txn entry {STREAM_APP}{name}.")
        for app, said in sorted(txns.items()):
            name = stream_of(app)
            lives = self.lives(name, txns, commits, rewritten) if name is not None else None
            if not lives:
                continue
            counted = [(run.start, min(run.end, said) if run.rejected else run.end) for run in lives[-1]]
            rows = sum(max(end - start, 0) for start, end in counted)
            if rows != max(said, 0):
                findings.problem(f"stream {name}: the txn entry says {said} rows, the table has {rows}.")

    def lives(self, name, txns, commits, rewritten):
        """The stream's runs by its lives, oldest first; none when its rows cannot be told apart any more."""
        app, runs = STREAM_APP + name, self.runs.get(name, [])
        ends = sorted(version for version, said in commits.items() if said.get(app) == FORGOTTEN)
        if (ends and (rewritten or any(run.rejected for run in runs))) or (not ends and txns.get(app) == FORGOTTEN):
            return []
        edges = [-2, *ends, float("inf")]
        return [[run for run in runs if after < run.version <= end] for after, end in zip(edges, edges[1:])]

    def judge_coverage(self, findings, name, runs, said):
        """`said` is the stream's entry, if it has one."""
        expected, before = 0, None
        for run in sorted(runs, key=lambda run: (run.start, run.end)):
            early = run.rejected and said is not None and run.start >= said
            if run.start > expected and not early:
                findings.problem(f"stream {name}: rows {expected} to {run.start - 1} are missing.")
            elif run.start < expected:
                last = min(expected, run.end) - 1
                findings.problem(f"stream {name}: rows {run.start} to {last} are there twice ({before}, {run.path}).")
            if run.end > expected:
                expected, before = run.end, run.path

    def judge_versions(self, findings, name, runs, commits):
        covered = 0
        by_version = {}
        rejected = sorted((run.start, run.end) for run in runs if run.rejected)
        for run in runs:
            if not run.rejected:
                by_version.setdefault(run.version, []).append(run)
        for version in sorted(by_version):
            lowest = min(run.start for run in by_version[version])
            if lowest < covered:
                findings.problem(f"stream {name}: version {version} adds row {lowest} behind row {covered - 1}.")
            covered = max(covered, max(run.end for run in by_version[version]))
            said = commits.get(version, {}).get(STREAM_APP + name)
            if said is not None and not covered <= said <= beyond(covered, rejected):
                findings.problem(
                    f"stream {name}: version {version} says {said} rows in its txn entry and holds rows up to {covered}."
                )


def beyond(row, ranges):
    """Where the rows end that follow `row` in these ranges without a gap."""
    for start, end in ranges:
        if start <= row:
            row = max(row, end)
    return row


def stream_of(app):
    """The stream whose committed rows a txn entry counts, or None for other entries."""
    if app.startswith(STREAM_APP) and not app.endswith(EPOCH_SUFFIX):
        return app[len(STREAM_APP) :]
    return None
