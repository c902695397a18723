"""kill -9 at random points, restart, repeat; in the end every row must be in its table once.

Target client: `lakehead write` of a verified file under a stream name is killed and run again until it ends well. Target
engine: the engine is killed and restarted on its port and data directory while producers with ledgers and a `lakehead
write` go on writing. A kill counts when it hit a living process. Delays come from the seed; what the processes had done
by then does not.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.binaries import binary  # noqa: E402
from harness.engine import Engine  # noqa: E402
from harness.verified_rows import write_file, write_ledger  # noqa: E402
from verifier.report import verify  # noqa: E402

COMMIT_INTERVAL_MS = 200
FILE_ROWS = 400_000
WRITE_SECONDS_MAX = 300
TABLES = ["kill.one", "kill.two"]
STREAMS = 8
ROWS_PER_SECOND = 1_000
DELAY_SECONDS_MAX = 1.6


class KillLoop:
    def __init__(self, folder, kills, seed):
        self.folder, self.kills, self.random = Path(folder), kills, random.Random(seed)
        self.engine = Engine(self.folder / "data", config={"tables": {"commit_interval_ms": COMMIT_INTERVAL_MS}})
        self.files = 0
        self.own = []

    def next_file(self):
        """A verified file of a new stream, and its ledger."""
        self.files += 1
        stream = f"file-{self.files:03d}"
        path = self.folder / f"{stream}.parquet"
        write_file(path, stream, FILE_ROWS)
        write_ledger(self.folder / f"{stream}.jsonl", stream, FILE_ROWS)
        return stream, path

    def start_write(self, stream, path):
        command = [binary("lakehead"), "write", "kill.files", str(path), "--server", self.engine.address, "--stream", stream]
        with open(self.folder / "write.log", "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.own.append(process)
        return process

    def end(self):
        for process in self.own:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.engine.kill()

    def kill_client(self):
        self.engine.start()
        stream, path = self.next_file()
        began = time.monotonic()
        self.finish_write(self.start_write(stream, path))
        whole_seconds = time.monotonic() - began
        stream, path = self.next_file()
        killed = 0
        while killed < self.kills:
            writer = self.start_write(stream, path)
            try:
                writer.wait(self.random.uniform(0, whole_seconds))
            except subprocess.TimeoutExpired:
                writer.kill()
                writer.wait()
                killed += 1
                print(f"kill {killed} of {self.kills} hit the writer of {stream}", flush=True)
                continue
            self.judge_ending(writer)
            stream, path = self.next_file()
        self.finish_write(self.start_write(stream, path))
        self.stop_engine()
        return self.judge("kill.files", sorted(self.folder.glob("file-*.jsonl")), self.files * FILE_ROWS)

    def kill_engine(self):
        self.engine.start()
        rows = int(ROWS_PER_SECOND * max(self.kills, 2) * DELAY_SECONDS_MAX)
        producers = self.start_producers(rows)
        stream, path = self.next_file()
        writer, reruns = self.start_write(stream, path), 0
        for kill in range(1, self.kills + 1):
            time.sleep(self.random.uniform(0, DELAY_SECONDS_MAX))
            if not self.engine.alive:
                raise RuntimeError(f"the engine ended by itself with {self.engine.process.returncode}: {self.engine.log_tail()}")
            self.engine.kill()
            print(f"kill {kill} of {self.kills} hit the engine", flush=True)
            self.engine.start()
            if writer.poll() is not None:
                if writer.returncode == 0:
                    stream, path = self.next_file()
                else:
                    reruns += 1
                writer = self.start_write(stream, path)
        if writer.wait(WRITE_SECONDS_MAX) != 0:
            reruns += 1
            self.finish_write(self.start_write(stream, path))
        if producers.wait(WRITE_SECONDS_MAX) != 0:
            raise RuntimeError(f"producers failed: {(self.folder / 'producers.log').read_text()}")
        print(f"lakehead write had to be run again {reruns} times")
        self.stop_engine()
        good = self.judge("kill.files", sorted(self.folder.glob("file-*.jsonl")), self.files * FILE_ROWS)
        for table in TABLES:
            ledgers = sorted((self.folder / "ledgers").glob(f"{table}.*.jsonl"))
            good &= self.judge(table, ledgers, rows * STREAMS // len(TABLES))
        return good

    def start_producers(self, rows):
        command = [
            sys.executable, str(Path(__file__).with_name("produce.py")), "--server", self.engine.address,
            "--streams", str(STREAMS), "--rows", str(rows), "--rows-per-second", str(ROWS_PER_SECOND),
            "--batch-rows", "100", "--ledgers", str(self.folder / "ledgers"),
        ]
        for table in TABLES:
            command += ["--table", table]
        with open(self.folder / "producers.log", "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.own.append(process)
        return process

    def finish_write(self, process):
        process.wait(WRITE_SECONDS_MAX)
        self.judge_ending(process)

    def judge_ending(self, process):
        if process.returncode != 0:
            raise RuntimeError(
                f"lakehead write ended with {process.returncode}: "
                f"{(self.folder / 'write.log').read_text(errors='replace')[-2000:]}")

    def stop_engine(self):
        self.engine.terminate()
        code = self.engine.wait()
        if code != 0:
            raise RuntimeError(f"the engine ended with {code} on SIGTERM: {self.engine.log_tail()}")

    def judge(self, table, ledgers, rows):
        report = verify(self.engine.table(table), ledgers, expect_rows=rows, named=True)
        for problem in report.findings.problems:
            print(f"PROBLEM in {table}: {problem}")
        if report.good:
            print(f"{table}: {rows:,} rows of {len(report.data.streams.runs)} streams, each once, in order, as they were sent; "
                  f"{report.ledger_rows:,} of them checked against ledgers")
        return report.good


def main():
    arguments = argparse.ArgumentParser(
        prog="scripts/kill_loop", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--target", choices=["client", "engine"], required=True)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--keep", type=Path, help="keep tables, ledgers and logs in this new directory")
    options = arguments.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True)
        return run(options.keep, options)
    with tempfile.TemporaryDirectory(prefix="lakehead-kill-", ignore_cleanup_errors=True) as folder:
        return run(folder, options)


def run(folder, options):
    loop = KillLoop(folder, options.kills, options.seed)
    try:
        good = loop.kill_client() if options.target == "client" else loop.kill_engine()
    except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as failure:
        print(f"FAILED: {failure}")
        good = False
    finally:
        loop.end()
    print(f"{options.kills} kills of the {options.target}, seed {options.seed}: {'good' if good else 'BAD'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
