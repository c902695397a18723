"""What upkeep does for a table and what it costs: an open loop of telemetry with a commit every second, once with small files
merged and once without.

    perf/upkeep                       30 minutes each at 20 MB/s
    perf/upkeep --seconds 120         the same shape, in four minutes
    perf/upkeep --at-once             both at the same time, each with an engine of its own: half as long, and the same disturbances for both

Of each run it prints how many files the table has at its end and how large they are, how long DuckDB takes to read every value of
it (the best of three, from the page cache), and the engine's CPU time with the share that is upkeep's; of bytes, what upkeep read
and wrote for each byte that commits wrote. The load generator reads every table back: a row that is not there exactly once ends
it with 1.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from engine_turn import ROOT, add_places, bench_report, binaries, config_options, listening_address, start, stop, write_out

sys.path.insert(0, str(ROOT / "scripts"))

from verifier.delta_log import replay  # noqa: E402

TABLE = "telemetry"
RUNS = ("off", "on")
READS = 3
# How long merging may go on after the last commit before files are counted.
SETTLE_SECONDS_MAX = 120
ENDED = re.compile(r"bytes_read=(\d+) bytes_written=(\d+) cpu_ms=(\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/upkeep", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1800, help="of each run (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=20, help="MB of rows a second (default: %(default)s)")
    parser.add_argument("--interval-ms", type=int, default=1000, help="between commits (default: %(default)s)")
    parser.add_argument("--at-once", action="store_true", help="both runs at the same time")
    add_places(parser)
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="upkeep-", dir=arguments.work_dir))
    try:
        runs = both_at_once(arguments, work) if arguments.at_once else one_by_one(arguments, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    show(runs)
    write_out(arguments, "perf/upkeep", {"runs": runs})
    return 0


def one_by_one(arguments: argparse.Namespace, work: Path) -> dict:
    runs = {}
    for name in RUNS:
        runs[name] = loaded(arguments, work / name, started(arguments, work / name, name)) | read_back(work / name)
        shutil.rmtree(work / name)
    return runs


def both_at_once(arguments: argparse.Namespace, work: Path) -> dict:
    """Tables are read when all engines are gone."""
    engines = {name: started(arguments, work / name, name) for name in RUNS}
    with ThreadPoolExecutor(len(RUNS)) as pool:
        loads = {name: pool.submit(loaded, arguments, work / name, engine) for name, engine in engines.items()}
        runs = {name: load.result() for name, load in loads.items()}
    return {name: run | read_back(work / name) for name, run in runs.items()}


def started(arguments: argparse.Namespace, data_dir: Path, name: str) -> tuple:
    """An engine, and the file of its output."""
    data_dir.mkdir()
    os.environ["LAKEHEAD_UPKEEP_COMPACT"] = "true" if name == "on" else "false"
    os.environ["LAKEHEAD_TABLES_COMMIT_INTERVAL_MS"] = str(arguments.interval_ms)
    return start(binaries(arguments)[0], data_dir, *config_options(arguments))


def loaded(arguments: argparse.Namespace, data_dir: Path, engine: tuple) -> dict:
    """What the load and the engine say."""
    process, log = engine
    bench = binaries(arguments)[1]
    table = data_dir / "tables" / TABLE
    try:
        address = listening_address(process, data_dir, log)
        report = bench_report(bench, address, data_dir, "--workload", "telemetry", "--connections", 4, "--table", TABLE,
                              "--rate", arguments.rate, "--duration", arguments.seconds)
        settle(table)
        cpu = cpu_by_thread(process.pid)
    finally:
        stop(process)
    ended = ENDED.findall(log.read_text())
    read, written, _ = map(int, ended[-1]) if ended else (0, 0, 0)
    return {
        "rows": report["rows"], "cpu_seconds": sum(cpu.values()), "upkeep_cpu_seconds": cpu.get("upkeep", 0.0),
        "upkeep_bytes_read": read, "upkeep_bytes_written": written,
    }


def read_back(data_dir: Path) -> dict:
    """What the table is like."""
    table = data_dir / "tables" / TABLE
    state = replay(table)
    sizes = sorted(file.size for file in state.state.files.values())
    committed = sum(add.size for commit in state.commits for add in commit.adds if add.data_change)
    return {
        "commits": len(state.commits), "files": len(sizes), "bytes": sum(sizes),
        "file_bytes_median": sizes[len(sizes) // 2], "file_bytes_max": sizes[-1],
        "merges": sum(1 for commit in state.commits if commit.removes),
        "read_seconds": min(read_seconds(table, state) for _ in range(READS)),
        "bytes_committed": committed,
    }


def settle(table: Path) -> None:
    """Until no version has come for a while: upkeep looks once more when a table is quiet."""
    end, last, since = time.monotonic() + SETTLE_SECONDS_MAX, None, time.monotonic()
    while time.monotonic() < end and time.monotonic() - since < SETTLE_SECONDS_MAX / 3:
        newest = max(path.name for path in (table / "_delta_log").glob("*.json"))
        if newest != last:
            last, since = newest, time.monotonic()
        time.sleep(1)


def cpu_by_thread(pid: int) -> dict:
    """Seconds by the names of threads, those that are there."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        seconds[name] = seconds.get(name, 0) + int((task / "schedstat").read_text().split()[0]) / 1e9
    return seconds


def read_seconds(table: Path, log) -> float:
    """DuckDB looks at every value of the table."""
    connection = duckdb.connect()
    paths = [str(table / path) for path in log.state.files]
    rows = connection.read_parquet(paths)
    rows.create_view("rows")
    began = time.monotonic()
    connection.execute("select " + ", ".join(f"bit_xor(hash({name}))" for name in rows.columns) + " from rows").fetchall()
    return time.monotonic() - began


def show(runs: dict) -> None:
    off, on = runs["off"], runs["on"]
    lines = [
        ("commits", "commits", "{:,}"), ("merges", "merges", "{:,}"), ("files", "files", "{:,}"),
        ("median file, MB", "file_bytes_median", "mb"), ("largest file, MB", "file_bytes_max", "mb"), ("table, MB", "bytes", "mb"),
        ("DuckDB reads it in, s", "read_seconds", "{:.2f}"), ("engine CPU, s", "cpu_seconds", "{:.1f}"),
        ("of it upkeep, s", "upkeep_cpu_seconds", "{:.1f}"),
    ]
    print(f"{'':<40}  {'upkeep off':>12}  {'upkeep on':>12}")
    for words, key, form in lines:
        cells = [f"{run[key] / 1e6:,.1f}" if form == "mb" else form.format(run[key]) for run in (off, on)]
        print(f"{words:<40}  {cells[0]:>12}  {cells[1]:>12}")
    share = on["upkeep_cpu_seconds"] / on["cpu_seconds"]
    print(f"upkeep took {100 * share:.1f} % of the engine's CPU time, and for each byte that commits wrote it read "
          f"{on['upkeep_bytes_read'] / on['bytes_committed']:.2f} and wrote {on['upkeep_bytes_written'] / on['bytes_committed']:.2f}")


if __name__ == "__main__":
    sys.exit(main())
