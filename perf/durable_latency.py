"""Durable latency beside the disk's own: an open loop at 100 MB/s on one connection, with log, encoders and commits at work.

Each run is a fresh engine. Latency counts from a batch's intended send time. During the run a thread of the load generator
writes a block around the page cache and syncs it, fifty times a second, in the same folder: the floor that a durable ack stands
on. Its block is as long as those that the engine's log writes at this rate, which a short run finds out first.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from engine_turn import add_places, bench_report, binaries, config_options, cpu, running, write_out

PAGE_KIB, PROBE_KIB_MAX = 4, 16_384
FIRST_SECONDS = 5
PERCENTILES = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p99_9_ms", "max": "max_ms"}
LATENCIES = {"durable": "durable_latency", "fdatasync": "sync_latency", "committed": "committed_latency"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/durable_latency", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of each run (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--rate", type=float, default=100, help="MB of rows a second (default: %(default)s)")
    parser.add_argument("--batch-rows", type=int, help="rows of a batch (default: the bench's)")
    parser.add_argument("--probe-kib", type=int, help="length of the probe's block (default: as the log's blocks)")
    add_places(parser)
    arguments = parser.parse_args()
    engine, bench = binaries(arguments)
    work = Path(tempfile.mkdtemp(prefix="durable-", dir=arguments.work_dir))
    try:
        probe_kib = arguments.probe_kib
        if not probe_kib:
            seconds = min(FIRST_SECONDS, arguments.seconds)
            _, block_bytes = latency_run(arguments, engine, bench, work / "first", seconds, None)
            probe_kib = min(max(round(block_bytes / 1024 / PAGE_KIB), 1) * PAGE_KIB, PROBE_KIB_MAX)
            print(f"the log's blocks are {block_bytes / 1024:,.0f} KiB on average at this rate: the probe's have {probe_kib}",
                  flush=True)
        reports = []
        for number in range(arguments.runs):
            report, block_bytes = latency_run(arguments, engine, bench, work / "run", arguments.seconds, probe_kib)
            reports.append(report)
            print_run(number, report, block_bytes)
    finally:
        shutil.rmtree(work)
    print("\nmedians of the runs (smallest to largest), ms")
    for name, key in LATENCIES.items():
        figures = {label: sorted(report[key][field] for report in reports) for label, field in PERCENTILES.items()}
        words = (f"{label} {median(of):.2f} ({of[0]:.2f} to {of[-1]:.2f})" for label, of in figures.items())
        print(f"{name:9} " + "  ".join(words))
    for label in ("p50", "p99", "p99.9"):
        field = PERCENTILES[label]
        over = [report["durable_latency"][field] / report["sync_latency"][field] for report in reports]
        print(f"durable / fdatasync at {label}: {median(over):.2f} ({min(over):.2f} to {max(over):.2f})")
    write_out(arguments, "perf/durable_latency", {"probe_kib": probe_kib, "runs": reports})
    return 0


def latency_run(arguments, engine: Path, bench: Path, data_dir: Path, seconds: float, probe_kib: int | None) -> tuple:
    """The report, and the mean length of the blocks with rows that the log held when the run ended."""
    data_dir.mkdir()
    options = ["--workload", "telemetry", "--connections", 1, "--rate", arguments.rate, "--duration", seconds]
    options += ["--table", "telemetry", "--threads", 1]
    if arguments.batch_rows:
        options += ["--batch-rows", arguments.batch_rows]
    if probe_kib:
        options += ["--sync-probe", data_dir, "--sync-probe-kib", probe_kib]
    with running(engine, data_dir, *config_options(arguments)) as address:
        report = bench_report(bench, address, data_dir, *options)
        inspect = subprocess.run([engine, "log", "inspect", data_dir, "--blocks", "--json"], stdout=subprocess.PIPE, check=True)
    shutil.rmtree(data_dir)
    blocks = [block for log in json.loads(inspect.stdout)["logs"] for block in log["blocks"]]
    lengths = [block["bytes"] for block in blocks if block["next_position"] > block["first_position"] and not block["copies"]]
    if not lengths:
        sys.exit("the log holds no block with rows: is it switched off?")
    return report, sum(lengths) / len(lengths)


def print_run(number: int, report: dict, block_bytes: float) -> None:
    throughput, validity = report["throughput"], report["validity"]
    print(f"\n{number + 1}  {throughput['megabytes_per_second']:.1f} MB/s, {throughput['rows_per_second']:,.0f} rows/s, "
          f"engine CPU {cpu(report['engine']):.2f} s/GB, blocks of {block_bytes / 1024:,.0f} KiB, {report['rows']['verdict']}"
          + (f"\n   NOT VALID: {validity['reason']}" if validity["state"] != "valid" else ""))
    for name, key in LATENCIES.items():
        latency = report[key]
        print(f"   {name:9} " + "  ".join(f"{label} {latency[field]:.2f}" for label, field in PERCENTILES.items())
              + f" ms ({latency['count']:,} {'blocks' if name == 'fdatasync' else 'batches'})", flush=True)


if __name__ == "__main__":
    sys.exit(main())
