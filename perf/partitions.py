"""What a fan-out costs: the same rows into tables with 1, 10, 100, 1,000 partitions in each commit, and into one without.

One engine takes them, a table after the other, once a second a chunk of --megabytes; every partition has rows in every chunk,
and neighbours belong to different ones, which is the worst that rows can do. Printed are the engine's CPU time for a
gigabyte of rows, and of the commits with rows: files, the time from the last row to durable files, and that of the commit itself;
with the ratio of CPU time to the table without partitions.
"""

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from engine_turn import ROOT, add_places, binaries, config_options, listening_address, run, start, stop, write_out

FAN_OUTS = (0, 1, 10, 100, 1_000)
ROW_BYTES = 60
FIELD = re.compile(r"(\w+)=(\d+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
COLUMNS = "p int, at timestamp, value double, status int, device string, note string"


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/partitions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=20, help="of rows in a chunk (default: %(default)s)")
    parser.add_argument("--chunks", type=int, default=5, help="for each table (default: %(default)s)")
    parser.add_argument("--fan-outs", type=int, nargs="+", default=FAN_OUTS, help="partitions; 0 is a table without (default: %(default)s)")
    add_places(parser)
    arguments = parser.parse_args()
    engine, _ = binaries(arguments)
    work = Path(tempfile.mkdtemp(prefix="partitions-", dir=arguments.work_dir))
    try:
        figures = measure(arguments, engine, work)
    finally:
        shutil.rmtree(work)
    write_out(arguments, "perf/partitions", {"tables": figures})
    return 0


def measure(arguments: argparse.Namespace, engine: Path, work: Path) -> list:
    data_dir = work / "data"
    data_dir.mkdir()
    for fan_out in arguments.fan_outs:
        by = ["--partition-by", "p"] if fan_out else []
        run([engine, "table", "create", name(fan_out), "--columns", COLUMNS, *by, "--data-dir", data_dir])
    process, log = start(engine, data_dir, *config_options(arguments))
    figures = []
    try:
        address = listening_address(process, data_dir, log)
        for fan_out in arguments.fan_outs:
            found = of_table(arguments, engine, work, (process.pid, address, log), fan_out)
            figures.append(found)
            show(found, figures[0])
    finally:
        stop(process)
    return figures


def name(fan_out: int) -> str:
    return f"fan_{fan_out}"


def of_table(arguments: argparse.Namespace, engine: Path, work: Path, running: tuple, fan_out: int) -> dict:
    pid, address, log = running
    file, size = chunk(work, int(arguments.megabytes * 1e6) // ROW_BYTES, max(fan_out, 1))
    began, before = len(commits(log, fan_out)), cpu_seconds(pid)
    for number in range(arguments.chunks):
        next_second = time.monotonic() + 1
        run([engine, "write", name(fan_out), file, "--stream", f"chunk-{number}", "--server", address])
        time.sleep(max(0.0, next_second - time.monotonic()))
    used = cpu_seconds(pid) - before
    made = commits(log, fan_out)[began:]
    median = {field: statistics.median(commit[field] for commit in made) for field in ("files", "file_ms", "commit_ms")}
    return {
        "partitions": fan_out, "bytes": size * arguments.chunks, "cpu_seconds": used, "commits": len(made),
        "cpu_seconds_per_gigabyte": used / (size * arguments.chunks / 1e9), "median": median,
    }


def chunk(work: Path, rows: int, fan_out: int) -> tuple[Path, int]:
    """A file of rows, and their size in memory. The rows of all fan-outs are the same, but for the partition."""
    number, random = np.arange(rows), np.random.default_rng(7)
    devices = np.char.add("device-", np.char.zfill((number * 7_919 % 1_000).astype(str), 8))
    table = pa.table({
        "p": pa.array((number % fan_out).astype(np.int32)),
        "at": pa.array(1_700_000_000_000_000 + number * 1_003, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
        "value": random.random(rows).round(3),
        "status": pa.array((number * 31 % 5).astype(np.int32)),
        "device": pa.array(devices),
        "note": pa.array(np.char.add("order ", number.astype(str))),
    })
    path = work / "chunk.arrow"
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=10_000)
    return path, table.nbytes


def commits(log: Path, fan_out: int) -> list:
    """What the engine said of each commit of the table that had rows."""
    lines = (COLOURS.sub("", line) for line in log.read_text(errors="replace").splitlines())
    mine = (line for line in lines if f"/{name(fan_out)}/ " in line and " rows=" in line and " commit_ms=" in line)
    found = ({field: int(value) for field, value in FIELD.findall(line)} for line in mine)
    return [commit for commit in found if commit["rows"]]


def cpu_seconds(pid: int) -> float:
    """Of all threads, those that have ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def show(found: dict, first: dict) -> None:
    median, cost = found["median"], found["cpu_seconds_per_gigabyte"]
    table = f"{found['partitions']:>5,} partitions" if found["partitions"] else "no partitions   "
    print(f"{table}  CPU s/GB {cost:7.2f} ({cost / first['cpu_seconds_per_gigabyte']:5.2f} x)  {found['commits']} commits, each: "
          f"{median['files']:5.0f} files, {median['file_ms']:6.0f} ms until they are durable, {median['commit_ms']:5.0f} ms to commit",
          flush=True)


if __name__ == "__main__":
    sys.exit(main())
