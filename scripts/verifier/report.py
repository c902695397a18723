"""A verification from start to verdict, and its two renderings."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from . import delta_log, rejected, row_tracking
from .data import Data
from .findings import Findings
from .ledger import DURABLE, Ledgers
from .streams import stream_of


@dataclass
class Report:
    table: str
    log: object
    data: object
    findings: Findings
    ledgers: Ledgers
    rejected: object = None

    @property
    def rejected_rows(self):
        """Rows in the table beside it, which this one could not take."""
        return self.rejected.rows if self.rejected else 0

    @property
    def ledger_rows(self):
        return self.ledgers.rows()

    @property
    def durable_rows(self):
        return self.ledgers.rows(DURABLE)

    @property
    def anonymous(self):
        """Streams that have no name for the engine."""
        return self.ledgers.anonymous

    @property
    def good(self):
        return self.findings.problems_total == 0

    def commits(self):
        """One entry per commit, so that "one commit per table and tick" can be seen."""
        return [
            {
                "version": commit.version,
                "time": moment(commit.time_ms),
                "operation": commit.operation,
                "files": len(commit.adds),
                "removed": len(commit.removes),
                "rows": self.data.rows_by_version.get(commit.version, 0),
                "row_groups": self.data.row_groups_by_version.get(commit.version, 0),
                "streams": sorted(filter(None, map(stream_of, commit.txns))),
            }
            for commit in self.log.commits
        ]

    def as_json(self):
        state = self.log.state
        streams = self.data.streams
        return {
            "table": self.table,
            "good": self.good,
            "version": state.version,
            "table_id": state.metadata["id"],
            "files": len(state.files),
            "bytes": sum(file.size for file in state.files.values()),
            "rows": self.data.rows,
            "rejected_rows": self.rejected_rows,
            "rejected_codes": dict(sorted(self.rejected.codes.items())) if self.rejected else {},
            "checkpoints": [checkpoint.version for checkpoint in self.log.checkpoints],
            "streams": {name: streams.rows(name) for name in sorted(streams.runs)} if streams else None,
            "txns": dict(sorted(state.txns.items())),
            "ledger_rows": self.ledger_rows,
            "durable_rows": self.durable_rows,
            "commits": self.commits(),
            "problems": self.findings.problems,
            "problems_total": self.findings.problems_total,
            "notes": self.findings.notes,
        }


def verify(table, ledgers=(), expect_rows=None, named=False, durable=False, alone=False):
    """Judges the table in directory `table`; raises CannotVerify when that is not possible.

    With `named` every stream needs its txn entry but those that a ledger calls anonymous; with `durable` rows that ledgers
    name as durable must be there, too. `alone` says that nobody but Lakehead ever wrote the table, which its log may not show any
    more. If it has a table of rejected rows beside it, that one is judged, too, and its rows count with the streams' others.
    """
    findings = Findings()
    log = delta_log.replay(table)
    for sentence in log.checkpoint_differences + log.regressions:
        findings.problem(sentence)
    noted = Ledgers(ledgers) if ledgers else None
    data = Data(table, log, findings, noted)
    data.read()
    beside = rejected.beside(table)
    rejects = rejected.read(beside, data, log.state.txns) if beside else None
    row_tracking.judge(log.state, findings)
    # Files that were merged, rewritten or deleted, by this engine or anybody: versions say nothing about the order of rows then.
    rewritten = any(commit.removes for commit in log.commits) or log.first_version > 0
    rewritten |= any(not add.data_change for add in log.state.files.values())
    # Others keep rows in no order when they rewrite files.
    shuffled = (log.first_version > 0 and not alone) or any(
        commit.removes and not commit.engine.startswith("Lakehead/") for commit in log.commits)
    if data.streams is not None:
        commits = {commit.version: commit.txns for commit in log.commits}
        data.streams.judge(
            findings, log.state.txns, commits, rewritten, named, noted.anonymous if noted else (), shuffled)
    elif not rewritten and not rejected.is_one(table, log.state.metadata):
        judge_advances(log, data, findings, rejects.rows if rejects else 0)
    if noted is not None:
        noted.judge(findings, durable, rewritten)
    if expect_rows is not None and data.rows != expect_rows:
        findings.problem(f"the table has {data.rows} rows, expected were {expect_rows}.")
    note_strays(Path(table), log, findings)
    return Report(str(table), log, data, findings, noted or Ledgers([]), rejects)


def judge_advances(log, data, findings, rejected_rows):
    """Without a column that numbers rows: a commit holds at least the rows by which its named streams advance, but for those that
    were rejected, of which nobody knows when."""
    before = {}
    removed = {path for commit in log.commits for path in commit.removes}
    for commit in log.commits:
        # A stream that is forgotten goes back to no rows.
        said = {app: max(rows, 0) for app, rows in commit.txns.items() if stream_of(app) is not None}
        advance = sum(max(rows - before.get(app, 0), 0) for app, rows in said.items())
        before.update(said)
        if any(add.path in removed for add in commit.adds):
            continue
        rows = data.rows_by_version.get(commit.version, 0)
        if advance > rows + rejected_rows:
            findings.problem(f"version {commit.version} advances its streams by {advance} rows and adds {rows}.")


def note_strays(table, log, findings):
    """Parquet files that no commit names: staged by an attempt that was given up, or by a live writer."""
    named = {add.path for commit in log.commits for add in commit.adds} | set(log.state.files)
    strays = [
        path for path in table.rglob("*.parquet")
        if "_delta_log" not in path.parts and str(path.relative_to(table)) not in named
    ]
    if strays:
        findings.note(f"{len(strays)} Parquet files belong to no commit, such as {strays[0].relative_to(table)}.")


def moment(time_ms):
    return datetime.datetime.fromtimestamp(time_ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")


def print_commits(report):
    print(f"{'version':>7}  {'time':<29}  {'rows':>10}  {'files':>5}  {'row groups':>10}  {'streams':>7}  operation")
    for commit in report.commits():
        print(
            f"{commit['version']:>7}  {commit['time']:<29}  {commit['rows']:>10,}  {commit['files']:>5}  "
            f"{commit['row_groups']:>10}  {len(commit['streams']):>7}  {commit['operation']}"
        )


def print_summary(report):
    state, data = report.log.state, report.data
    size = sum(file.size for file in state.files.values())
    print(f"{report.table}: version {state.version}, {len(state.files):,} files, {size:,} bytes, {data.rows:,} rows")
    if report.log.checkpoints:
        print(f"checkpoints that agree with the commits: {[c.version for c in report.log.checkpoints]}"
              if not report.log.checkpoint_differences else "checkpoints disagree with the commits")
    if data.streams is not None:
        print(f"streams: {len(data.streams.runs):,}, each judged from its first row to its last")
    if report.rejected:
        codes = ", ".join(f"{code} {rows:,}" for code, rows in sorted(report.rejected.codes.items()))
        print(f"rejected rows in {report.rejected.table.name}: {report.rejected_rows:,} ({codes or 'none'})")
    if report.ledger_rows:
        print(f"rows that producers hold an ack for: {report.ledger_rows:,}")
    if report.durable_rows:
        print(f"rows that producers hold a durable ack for, whatever came later: {report.durable_rows:,}")
    for note in report.findings.notes:
        print(f"note: {note}")
    for problem in report.findings.problems:
        print(f"PROBLEM: {problem}")
    hidden = report.findings.problems_total - len(report.findings.problems)
    if hidden:
        print(f"PROBLEM: and {hidden:,} more")
    print("good: no problem found" if report.good else f"BAD: {report.findings.problems_total:,} problems")
