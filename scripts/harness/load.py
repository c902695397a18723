"""The writers of a kill loop: a process of producers with ledgers, named and anonymous, and `lakehead write` of file after file.

Both are real processes that can be killed, and are started again; in the end the tables are held against what they were told.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from verifier.report import verify

from .binaries import binary
from .child import end_with_parent, keep_sigterm
from .random_tables import columns
from .verified_rows import write_file, write_ledger
from .workload import ADDED, table_schema

FILE_ROWS = 400_000
FILE_TABLE = "kill.files"
TABLES = ["kill.one", "kill.two"]
# The others have no partitions. To the one that gets columns few merges are committed: whoever alters a table wins.
PARTITIONED, PARTITION_COLUMNS = "kill.two", "status,stream"
EVOLVING = "kill.one"
# A store that fails may fail then, too.
MAKING_MAX = 100
STREAMS, ANONYMOUS = 8, 4
ROWS_PER_SECOND = 1_000
FINISH_SECONDS = 300
# Streams that open every table from every core once more, in the end.
LATE_STREAMS, LATE_ROWS_PER_SECOND = "late", 50
LATE_STREAMS_PER_CORE = 8


class Load:
    def __init__(self, folder, engine, workload):
        """`workload` is what producers send."""
        self.folder, self.engine, self.workload = Path(folder), engine, workload
        self.files = self.reruns = 0
        self.producers = self.writer = self.late = None
        self.killed = set()

    @property
    def processes(self):
        """What the loop kills."""
        return {"producers": self.producers, "lakehead write": self.writer}

    def make_tables(self):
        """Those that engines do not make by themselves: one has partitions, columns may be added, or one must not be NULL."""
        tables = self.engine.data_dir / "tables"
        tables.mkdir(parents=True, exist_ok=True)
        folder = os.open(tables.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        for table in TABLES:
            if table == PARTITIONED or self.evolves(table) or self.workload.bad_rows:
                self.make_table(table)

    def evolves(self, table):
        return table == EVOLVING and self.workload.rows_per_column > 0

    def make_table(self, table):
        command = [binary("lakehead"), "table", "create", table, "--columns", columns(table_schema(self.workload.bad_rows)),
                   "--if-not-exists", "--data-dir", str(self.engine.data_dir)]
        command += ["--partition-by", PARTITION_COLUMNS] if table == PARTITIONED else []
        command += ["--evolve", "add"] if self.evolves(table) else []
        for _ in range(MAKING_MAX):
            made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if made.returncode == 0:
                return
        raise RuntimeError(f"{table} could not be made: {made.stderr}")

    def start(self):
        self.start_producers()
        self.start_file()

    def living(self):
        """The names of the processes that can be killed now."""
        return [name for name, process in self.processes.items() if process.poll() is None]

    def kill(self, name):
        process = self.processes[name]
        process.kill()
        process.wait()
        self.killed.add(process)

    def revive(self):
        """Starts again what was killed, or lost its engine; a file that was written is followed by the next."""
        if self.producers.poll() is not None:
            if self.producers not in self.killed:
                raise RuntimeError(f"producers ended by themselves: {self.log('producers')}")
            self.start_producers()
        if self.writer.poll() is not None:
            if self.writer.returncode == 0:
                self.start_file()
            else:
                self.reruns += 1
                self.start_write()

    def finish(self):
        """Until all is acknowledged: the file that is being written, and what producers had sent."""
        self.revive()
        if self.writer.wait(FINISH_SECONDS) != 0:
            self.reruns += 1
            self.start_write()
            if self.writer.wait(FINISH_SECONDS) != 0:
                raise RuntimeError(f"lakehead write ended with {self.writer.returncode}: {self.log('write')}")
        self.producers.terminate()
        if self.producers.wait(FINISH_SECONDS) != 0:
            raise RuntimeError(f"producers failed: {self.log('producers')}")

    def end(self):
        for process in filter(None, [*self.processes.values(), self.late]):
            process.kill()
            process.wait()

    def start_file(self):
        """A verified file of a new stream, and its ledger."""
        self.files += 1
        self.stream = f"file-{self.files:03d}"
        self.path = self.folder / f"{self.stream}.parquet"
        write_file(self.path, self.stream, FILE_ROWS)
        write_ledger(self.folder / f"{self.stream}.jsonl", self.stream, FILE_ROWS)
        self.start_write()

    def start_write(self):
        self.writer = self.run("write", [
            binary("lakehead"), "write", FILE_TABLE, str(self.path), "--server", self.engine.address, "--stream", self.stream])

    def start_producers(self):
        self.producers = self.produce(
            "producers", TABLES, "--streams", STREAMS, "--anonymous", ANONYMOUS, "--rows-per-second", ROWS_PER_SECOND,
            "--batch-rows", 100, "--rows-per-column", self.workload.rows_per_column, "--evolving", EVOLVING,
            "--bad-rows", self.workload.bad_rows)

    def start_late(self):
        """Producers that write little to every table from every core."""
        tables = [*TABLES, FILE_TABLE]
        streams = LATE_STREAMS_PER_CORE * (os.cpu_count() or 1) * len(tables)
        self.late = self.produce(
            LATE_STREAMS, tables, "--streams", streams, "--prefix", LATE_STREAMS, "--batch-rows", 10,
            "--rows-per-second", LATE_ROWS_PER_SECOND)

    def finish_late(self):
        self.late.terminate()
        if self.late.wait(FINISH_SECONDS) != 0:
            raise RuntimeError(f"late producers failed: {self.log(LATE_STREAMS)}")

    def produce(self, name, tables, *options):
        command = [sys.executable, Path(__file__).with_name("produce.py"), "--server", self.engine.address,
                   "--ledgers", self.folder / "ledgers", *options]
        for table in tables:
            command += ["--table", table]
        # They may be told to end as soon as they are started again.
        return self.run(name, list(map(str, command)), keep_sigterm)

    def run(self, name, command, before=end_with_parent):
        with open(self.log_path(name), "ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=before)

    def log_path(self, name):
        return self.folder / f"{name}.log"

    def log(self, name):
        return self.log_path(name).read_text(errors="replace")[-2000:]

    def judge(self, durable):
        """Whether the tables hold what they must, said line by line."""
        files = {f"file-{number:03d}": FILE_ROWS for number in range(1, self.files + 1)}
        final = {FILE_TABLE: files, **self.rows_said("producers")}
        late = self.rows_said(LATE_STREAMS) if self.late else {}
        good = True
        for table, named_rows in final.items():
            ledgers = sorted((self.folder / "ledgers").glob(f"{table}.*.jsonl"))
            ledgers += sorted(self.folder.glob("file-*.jsonl")) if table == FILE_TABLE else []
            good &= self.judge_table(table, ledgers, durable, named_rows | late.get(table, {}))
        return good

    def rows_said(self, producers):
        """What producers said at their end: rows of each named stream, by table."""
        return json.loads((self.folder / f"{producers}.log").read_text(errors="replace").splitlines()[-1])

    def judge_table(self, table, ledgers, durable, named_rows):
        report = verify(self.engine.table(table), ledgers, named=True, durable=durable, alone=True)
        found = report.data.streams
        for column in report.data.fields:
            if column["name"] not in {field.name for field in [*table_schema(0), *ADDED]}:
                report.findings.problem(f"column {column['name']}: nobody sent it.")
        for stream, rows in named_rows.items():
            if found.rows(stream) != rows:
                report.findings.problem(f"stream {stream}: {rows} rows were acknowledged, there are {found.rows(stream)}.")
        for stream in set(found.runs) - set(named_rows) - report.anonymous:
            report.findings.problem(f"stream {stream}: nobody wrote it.")
        for problem in report.findings.problems:
            print(f"PROBLEM in {table}: {problem}")
        if report.good:
            print(f"{table}: {report.data.rows:,} rows of {len(named_rows)} named and {len(report.anonymous)} anonymous streams, "
                  f"each once, in order, as they were sent; held against acks: {report.ledger_rows:,} committed"
                  + (f", {report.durable_rows:,} durable" if durable else "")
                  + (f"; {report.rejected_rows:,} rows more in the table of rejected rows" if report.rejected else ""))
        return report.good
