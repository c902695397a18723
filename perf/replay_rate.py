"""How fast an engine that died brings what its log holds into the table.

An engine takes rows while its table's store hangs: they are acknowledged as durable and stay in the log. When the log holds
enough, the engine is killed (-9), the store is well again, and the engine is started. Time runs from its start until the table
shows the log's last position: reading and checking the log, building the rows, encoding, committing. The page cache forgets the
log before. A run whose table does not have each row of the log once ends the whole.

The store is a FUSE file system while it hangs, and the plain folder afterwards. Needs root.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from engine_turn import ROOT, START_SECONDS_MAX, add_places, binaries, config_options, listening_address, start, stop, write_out

sys.path.insert(0, str(ROOT / "scripts"))

from harness import mounts  # noqa: E402
from harness.faulty_store import FaultyStore  # noqa: E402

RATE_MIN = 300
ROW_BYTES = 69
FILL_SECONDS_MAX, REPLAY_SECONDS_MAX = 600, 600
POLL_SECONDS = 0.01
TABLE = "telemetry"
# No commit gets through: what is linked is a data file or a version.
HANGS = {"operation": "link", "fault": "hang"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/replay_rate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1_024, help="of rows in the log (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="(default: %(default)s)")
    add_places(parser)
    arguments = parser.parse_args()
    if lacking := "; ".join(mounts.missing()):
        sys.exit(f"a store that hangs cannot be made on this machine: {lacking}")
    mounts.make_private()
    engine, bench = binaries(arguments)
    # A table may have a share of one core's log; and twice that stays free for others.
    os.environ["LAKEHEAD_LOG_SIZE_MB"] = str(3 * arguments.megabytes * len(os.sched_getaffinity(0)))
    runs = []
    for number in range(arguments.runs):
        work = Path(tempfile.mkdtemp(prefix="replay-", dir=arguments.work_dir))
        try:
            fill(arguments, engine, bench, work)
            runs.append(replay(arguments, engine, work / "data"))
        finally:
            shutil.rmtree(work)
        print_run(number, runs[-1])
    rates = [run["megabytes"] / run["seconds"] for run in runs]
    print(f"\nreplayed at {median(rates):.0f} MB/s ({min(rates):.0f} to {max(rates):.0f}); at least {RATE_MIN}: "
          f"{'PASS' if median(rates) >= RATE_MIN else 'FAIL'}")
    write_out(arguments, "perf/replay_rate", {"runs": runs})
    return 0


def fill(arguments, engine: Path, bench: Path, work: Path) -> None:
    """A data directory whose log holds rows that its table does not have, of an engine that was killed."""
    data = work / "data"
    store = FaultyStore(data / "tables", work / "below", work / "control.json")
    process, log = start(engine, data, *config_options(arguments))
    load = None
    try:
        address = listening_address(process, data, log)
        # More than is waited for: it never ends by itself.
        rows = 2 * arguments.megabytes * 1_000_000 // ROW_BYTES
        command = [bench, "run", "--server", address, "--data-dir", data, "--no-read-back", "--workload", "telemetry"]
        command += ["--rows", rows, "--memory", 3 * arguments.megabytes, "--table", TABLE, "--threads", 1]
        load = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait("the table", lambda: any((work / "below" / TABLE / "_delta_log").glob("*1.json")), START_SECONDS_MAX)
        store.faults(HANGS)
        enough = arguments.megabytes * 1_000_000
        wait("rows in the log", lambda: written_bytes(data) >= enough or ended(process, load, log), FILL_SECONDS_MAX)
    finally:
        for started in filter(None, (process, load)):
            started.kill()
            started.wait()
        store.end()
    (data / "tables").rmdir()
    (work / "below").rename(data / "tables")


def ended(process: subprocess.Popen, load: subprocess.Popen, log: Path) -> bool:
    if process.poll() is not None or load.poll() is not None:
        sys.exit(f"engine or load ended before the log was full:\n{log.read_text()[-2000:]}")
    return False


def written_bytes(data: Path) -> int:
    """Bytes of the segments before the newest, log by log."""
    sizes = [sorted(log.glob("*.segment"))[:-1] for log in (data / "log").iterdir() if log.is_dir()]
    return sum(segment.stat().st_size for segments in sizes for segment in segments)


def replay(arguments, engine: Path, data: Path) -> dict:
    """Starts the engine, and waits until the table has everything."""
    inspect = subprocess.run([engine, "log", "inspect", data, "--json"], stdout=subprocess.PIPE, check=True)
    logs = {log["log"]: log for log in json.loads(inspect.stdout)["logs"]}
    waiting = {log_id: log["next_position"] for log_id, log in logs.items() if has_rows(log)}
    tables = [table for log in logs.values() for table in log["tables"]]
    held = sum(table["bytes_not_in_table"] for table in tables)
    # One stream, which began at 0.
    rows = max(last + 1 for table in tables for stream in table["streams"] for _, last in stream["not_in_table"])
    for segment in (data / "log").rglob("*.segment"):
        forget(segment)
    began = time.monotonic()
    process, log = start(engine, data, *config_options(arguments))
    try:
        listening_address(process, data, log)
        listening = time.monotonic()
        versions = data / "tables" / TABLE / "_delta_log"
        shown = Shown(versions)
        wait("the log's rows in the table", lambda: shown.reaches(waiting), REPLAY_SECONDS_MAX)
        done = time.monotonic()
    finally:
        stop(process)
    if shown.rows != rows:
        sys.exit(f"the table has {shown.rows:,} rows and should have {rows:,}:\n{log.read_text()[-2000:]}")
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text())
    said = [line for line in text.splitlines() if line.startswith("recovered") or "replayed" in line]
    return {"megabytes": held / 1e6, "seconds": done - began, "start_seconds": listening - began, "engine_said": said,
            "commits": sum("committed" in line and "rows=" in line for line in text.splitlines())}


def has_rows(log: dict) -> bool:
    return any(table["entries_not_in_table"] for table in log["tables"])


class Shown:
    """What a table's versions show; none is read twice."""

    def __init__(self, versions: Path):
        self.versions, self.seen, self.positions, self.rows = versions, set(), {}, 0

    def reaches(self, waiting: dict) -> bool:
        """Whether every log that is waited for is in the table, as far as it goes."""
        for path in sorted(set(self.versions.glob("*.json")) - self.seen):
            self.seen.add(path)
            for action in map(json.loads, path.read_text().splitlines()):
                self.take(action)
        return all(self.positions.get(f"lakehead/{log}", 0) >= position for log, position in waiting.items())

    def take(self, action: dict) -> None:
        if transaction := action.get("txn"):
            known = self.positions.get(transaction["appId"], 0)
            self.positions[transaction["appId"]] = max(known, transaction["version"])
        elif add := action.get("add"):
            self.rows += json.loads(add["stats"])["numRecords"]


def forget(path: Path) -> None:
    """Has the page cache let go of a file."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def wait(what: str, condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds:.0f} s for {what} in vain")
        time.sleep(POLL_SECONDS)


def print_run(number: int, run: dict) -> None:
    megabytes, seconds, built = run["megabytes"], run["seconds"], run["seconds"] - run["start_seconds"]
    print(f"{number + 1}  {megabytes:,.0f} MB of rows in {seconds:.2f} s: {megabytes / seconds:.0f} MB/s "
          f"({run['start_seconds']:.2f} s until it listened, {built:.2f} s until the table had all; {run['commits']} commits)")
    for line in run["engine_said"]:
        print(f"   the engine: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
