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
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from engine_turn import add_arguments, binaries, cpu, engine_turn, print_engine, run

DELTA_RS_BATCH_ROWS = 524_288


def main() -> int:
    arguments = parse_arguments()
    if arguments.delta_rs_turn:
        print(json.dumps(append_with_delta_rs(*arguments.delta_rs_turn)))
        return 0
    return compare(arguments)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="perf/compare_delta_rs", description="The engine against delta-rs, in turns.")
    add_arguments(parser)
    parser.add_argument("--delta-rs-turn", nargs=2, metavar=("ROWS", "TABLE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(arguments: argparse.Namespace) -> int:
    engine, bench = binaries(arguments)
    work = Path(tempfile.mkdtemp(prefix="compare-", dir=arguments.work_dir))
    try:
        rows_file = work / "rows.arrow"
        generate = ["generate", "--workload", "telemetry", "--rows", arguments.rows, "--seed", arguments.seed]
        run([bench, *generate, "--out", rows_file])
        engine_turns, delta_rs_turns = [], []
        for turn in range(arguments.turns):
            engine_turns.append(engine_turn(arguments, engine, bench, work / f"engine-{turn}"))
            print_engine(turn, "A engine", engine_turns[-1])
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
