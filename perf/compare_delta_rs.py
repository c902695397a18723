"""The engine against delta-rs: the same telemetry rows into a Delta table, in turns A B A B on one machine.

A: a fresh engine (`lakehead serve`) and one connection in a closed loop (`lakehead-bench run --rate max`).
   Rows are counted from the first send until the last commit was heard of.
B: a fresh process that appends the rows with `deltalake.write_deltalake`, 524,288 at a time, zstd level 1.
   Rows are counted from the first append until the last returned.

Both hold the rows as Arrow batches in memory before their clock starts. perf/README.md says what is not compared.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
DELTA_RS_BATCH_ROWS = 524_288
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 60


def main() -> int:
    arguments = parse_arguments()
    if arguments.delta_rs_turn:
        print(json.dumps(append_with_delta_rs(*arguments.delta_rs_turn)))
        return 0
    return compare(arguments)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="perf/compare_delta_rs", description="The engine against delta-rs, in turns.")
    parser.add_argument("--rows", type=int, default=16_000_000, help="rows of each turn (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each side (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch-rows", type=int, help="rows of a batch sent to the engine (default: the bench's)")
    parser.add_argument("--config", type=Path, help="configuration file for the engine")
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "release", help="where the binaries are")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "target", help="where tables are written, and removed")
    parser.add_argument("--out", type=Path, help="also write all figures to this JSON file")
    parser.add_argument("--delta-rs-turn", nargs=2, metavar=("ROWS", "TABLE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(arguments: argparse.Namespace) -> int:
    engine, bench = arguments.binaries / "lakehead", arguments.binaries / "lakehead-bench"
    for binary in (engine, bench):
        if not binary.exists():
            print(f"{binary} is missing: run 'cargo build --release --locked' first.", file=sys.stderr)
            return 2
    work = Path(tempfile.mkdtemp(prefix="compare-", dir=arguments.work_dir))
    try:
        rows_file = work / "rows.arrow"
        generate = ["generate", "--workload", "telemetry", "--rows", arguments.rows, "--seed", arguments.seed]
        run([bench, *generate, "--out", rows_file])
        engine_turns, delta_rs_turns = [], []
        for turn in range(arguments.turns):
            engine_turns.append(engine_turn(arguments, engine, bench, work / f"engine-{turn}"))
            print_engine(turn, engine_turns[-1])
            bytes_per_row = engine_turns[0]["throughput"]["bytes_per_row"]
            delta_rs_turns.append(delta_rs_turn(rows_file, work / f"delta-rs-{turn}", bytes_per_row))
            print_delta_rs(turn, delta_rs_turns[-1])
        result = summarised(arguments, engine_turns, delta_rs_turns)
        print_summary(result)
        if arguments.out:
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(json.dumps(result, indent=2) + "\n")
        return 0
    finally:
        shutil.rmtree(work)


# --- A ----------------------------------------------------------------------------------------------------------------


def engine_turn(arguments: argparse.Namespace, engine: Path, bench: Path, data_dir: Path) -> dict:
    data_dir.mkdir()
    command = [engine, "serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir]
    if arguments.config:
        command += ["--config", arguments.config]
    log = data_dir / "engine.log"
    load = os.getloadavg()[0]
    with open(log, "wb") as log_file:
        process = subprocess.Popen([str(part) for part in command], stdout=log_file, stderr=subprocess.STDOUT)
    try:
        report_file = data_dir / "report.json"
        options = ["--workload", "telemetry", "--connections", 1, "--rate", "max", "--prepared"]
        options += ["--rows", arguments.rows, "--seed", arguments.seed, "--table", "telemetry", "--threads", 1]
        if arguments.batch_rows:
            options += ["--batch-rows", arguments.batch_rows]
        address = listening_address(process, data_dir, log)
        run([bench, "run", "--server", address, "--data-dir", data_dir, "--json", report_file, *options])
        report = json.loads(report_file.read_text())
    finally:
        stop(process)
    shutil.rmtree(data_dir)
    report["load_average_before"] = load
    del report["seconds"], report["committed_latency"]["histogram_us"]
    return report


def listening_address(process: subprocess.Popen, data_dir: Path, log: Path) -> str:
    """The first address in the file that the engine writes once it accepts connections."""
    addresses = data_dir / "listen"
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        if addresses.exists() and (text := addresses.read_text()).endswith("\n"):
            return text.splitlines()[0]
        time.sleep(0.02)
    raise SystemExit(f"the engine did not start:\n{log.read_text()}")


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- B ----------------------------------------------------------------------------------------------------------------


def delta_rs_turn(rows_file: Path, table: Path, bytes_per_row: float) -> dict:
    """In a process of its own, so that its memory and CPU time are its own."""
    load = os.getloadavg()[0]
    command = [sys.executable, str(Path(__file__).resolve()), "--delta-rs-turn", str(rows_file), str(table)]
    turn = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    shutil.rmtree(table)
    gigabytes = turn["rows"] * bytes_per_row / 1e9
    turn["rows_per_second"] = turn["rows"] / turn["elapsed_seconds"]
    turn["megabytes_per_second"] = gigabytes * 1e3 / turn["elapsed_seconds"]
    turn["user_seconds_per_gigabyte"] = turn["user_seconds"] / gigabytes
    turn["system_seconds_per_gigabyte"] = turn["system_seconds"] / gigabytes
    turn["load_average_before"] = load
    return turn


def append_with_delta_rs(rows_file: str, table: str) -> dict:
    import pyarrow
    from pyarrow import parquet
    from deltalake import DeltaTable, WriterProperties, write_deltalake

    with pyarrow.OSFile(rows_file) as source:
        rows = pyarrow.ipc.open_file(source).read_all()
    # Each append gets one contiguous batch, as a program that gathered the rows itself would hold them.
    starts = range(0, rows.num_rows, DELTA_RS_BATCH_ROWS)
    batches = [rows.slice(start, DELTA_RS_BATCH_ROWS).combine_chunks() for start in starts]
    row_count, schema = rows.num_rows, rows.schema
    del rows
    delta_table = DeltaTable.create(table, schema=schema)
    properties = WriterProperties(compression="ZSTD", compression_level=1)

    before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    for batch in batches:
        write_deltalake(delta_table, batch, mode="append", writer_properties=properties)
    elapsed, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF)

    files = [Path(uri) for uri in DeltaTable(table).file_uris()]
    read = sum(parquet.read_metadata(file).num_rows for file in files)
    if read != row_count:
        raise SystemExit(f"delta-rs wrote {read} rows of {row_count}")
    return {
        "rows": row_count,
        "appends": len(batches),
        "elapsed_seconds": elapsed,
        "user_seconds": after.ru_utime - before.ru_utime,
        "system_seconds": after.ru_stime - before.ru_stime,
        "memory_peak_bytes": after.ru_maxrss * 1024,
        "files": len(files),
        "file_bytes": sum(file.stat().st_size for file in files),
    }


# --- both -------------------------------------------------------------------------------------------------------------


def run(command: list) -> None:
    """Ends the comparison when the command fails: a load also does when a row is not in the table exactly once."""
    finished = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} {command[1]} ended with {finished.returncode}:\n{finished.stdout}")


def summarised(arguments: argparse.Namespace, engine_turns: list, delta_rs_turns: list) -> dict:
    from importlib.metadata import version

    engine_rates = [turn["throughput"]["rows_per_second"] for turn in engine_turns]
    delta_rs_rates = [turn["rows_per_second"] for turn in delta_rs_turns]
    pairs = [engine / delta_rs for engine, delta_rs in zip(engine_rates, delta_rs_rates)]
    return {
        "command": ["perf/compare_delta_rs", *sys.argv[1:]],
        "rows": arguments.rows,
        "machine": engine_turns[0]["machine"],
        "git_revision": engine_turns[0]["git_revision"],
        "python": platform.python_version(),
        "deltalake": version("deltalake"),
        "ratio": {
            "of_medians": median(engine_rates) / median(delta_rs_rates),
            "turn_by_turn_min": min(pairs),
            "turn_by_turn_max": max(pairs),
        },
        "cpu_seconds_per_gigabyte": {
            "engine": median(cpu(turn["engine"]) for turn in engine_turns),
            "generator": median(cpu(turn["generator"]) for turn in engine_turns),
            "delta_rs": median(cpu(turn) for turn in delta_rs_turns),
        },
        "engine_turns": engine_turns,
        "delta_rs_turns": delta_rs_turns,
    }


def cpu(cost: dict) -> float:
    return cost["user_seconds_per_gigabyte"] + cost["system_seconds_per_gigabyte"]


def print_engine(turn: int, report: dict) -> None:
    throughput, read = report["throughput"], report["rows"]["read_back"]
    print(
        f"{turn + 1} A engine    {throughput['rows_per_second']:>12,.0f} rows/s {throughput['megabytes_per_second']:>7.1f} MB/s"
        f"   CPU s/GB: engine {cpu(report['engine']):.2f}, generator {cpu(report['generator']):.2f}"
        f"   memory {report['engine']['memory_peak_bytes'] / 1e6:,.0f} MB"
        f"   {read['files']} files, {read['file_bytes'] / 1e6:,.1f} MB",
        flush=True,
    )


def print_delta_rs(turn: int, result: dict) -> None:
    print(
        f"{turn + 1} B delta-rs  {result['rows_per_second']:>12,.0f} rows/s {result['megabytes_per_second']:>7.1f} MB/s"
        f"   CPU s/GB: delta-rs {cpu(result):.2f}"
        f"   memory {result['memory_peak_bytes'] / 1e6:,.0f} MB"
        f"   {result['files']} files, {result['file_bytes'] / 1e6:,.1f} MB",
        flush=True,
    )


def print_summary(result: dict) -> None:
    ratio, cost = result["ratio"], result["cpu_seconds_per_gigabyte"]
    print(
        f"engine / delta-rs: {ratio['of_medians']:.2f} times the rows/s (medians; turn by turn "
        f"{ratio['turn_by_turn_min']:.2f} to {ratio['turn_by_turn_max']:.2f})\n"
        f"CPU s/GB (medians): engine {cost['engine']:.2f} + generator {cost['generator']:.2f}, delta-rs {cost['delta_rs']:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
