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
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from engine_turn import ROOT, add_arguments, binaries, cpu, engine_turn, print_engine, run

DELTA_RS_BATCH_ROWS = 524_288
# `lakehead-bench peers` runs the same program.
PEER = ROOT / "bench-harness" / "src" / "peers" / "peer.py"


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/compare_delta_rs", description="The engine against delta-rs, in turns.")
    add_arguments(parser)
    arguments = parser.parse_args()
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
    command = [sys.executable, PEER, "delta-rs", rows_file, table, DELTA_RS_BATCH_ROWS, len(os.sched_getaffinity(0))]
    turn = json.loads(subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout)
    shutil.rmtree(table)
    gigabytes = turn["rows"] * bytes_per_row / 1e9
    turn["rows_per_second"] = turn["rows"] / turn["elapsed_seconds"]
    turn["megabytes_per_second"] = gigabytes * 1e3 / turn["elapsed_seconds"]
    turn["user_seconds_per_gigabyte"] = turn["user_seconds"] / gigabytes
    turn["system_seconds_per_gigabyte"] = turn["system_seconds"] / gigabytes
    turn["load_average_before"] = load
    return turn


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
