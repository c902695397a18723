"""One turn of an engine: a fresh process, the telemetry rows through one connection as fast as it takes them.

Rows are counted from the first send until the last commit was heard of. The load generator reads the table back, and a
turn in which a row is not there exactly once ends the whole comparison.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What every comparison lets one choose."""
    parser.add_argument("--rows", type=int, default=16_000_000, help="rows of each turn (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each side (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch-rows", type=int, help="rows of a batch sent to the engine (default: the bench's)")
    add_places(parser)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Where binaries and files are."""
    parser.add_argument("--config", type=Path, help="configuration file for the engine")
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "release", help="where the binaries are")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "target", help="where tables are written, and removed")
    parser.add_argument("--out", type=Path, help="also write all figures to this JSON file")


def binaries(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """The engine and the load generator."""
    found = arguments.binaries / "lakehead", arguments.binaries / "lakehead-bench"
    for binary in found:
        if not binary.exists():
            sys.exit(f"{binary} is missing: run 'cargo build --release --locked' first.")
    return found


def engine_turn(arguments: argparse.Namespace, engine: Path, bench: Path, data_dir: Path, *more: str, serve: tuple = ()) -> dict:
    """The load generator's report; `more` are options of it, `serve` such of the engine."""
    data_dir.mkdir()
    load = os.getloadavg()[0]
    options = [*more, "--workload", "telemetry", "--connections", 1, "--rate", "max", "--prepared"]
    options += ["--rows", arguments.rows, "--seed", arguments.seed, "--table", "telemetry", "--threads", 1]
    # Without a log nothing is durable before it is committed, and what a second brings has to be kept.
    options += ["--memory", 4096] if "off" in serve else ["--memory", 256, "--keep", "durable"]
    if arguments.batch_rows:
        options += ["--batch-rows", arguments.batch_rows]
    with running(engine, data_dir, *config_options(arguments), *serve) as address:
        report = bench_report(bench, address, data_dir, *options)
    shutil.rmtree(data_dir)
    report["load_average_before"] = load
    return report


def config_options(arguments: argparse.Namespace) -> list:
    return ["--config", arguments.config] if arguments.config else []


@contextmanager
def running(engine: Path, data_dir: Path, *serve):
    """The address of an engine that runs on this folder until the end."""
    process, log = start(engine, data_dir, *serve)
    try:
        yield listening_address(process, data_dir, log)
    finally:
        stop(process)


def start(engine: Path, data_dir: Path, *serve) -> tuple[subprocess.Popen, Path]:
    """An engine that starts, and the file of its output."""
    command = [engine, "serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir, *serve]
    log = data_dir / "engine.log"
    (data_dir / "listen").unlink(missing_ok=True)
    with open(log, "wb") as log_file:
        return subprocess.Popen([str(part) for part in command], stdout=log_file, stderr=subprocess.STDOUT), log


def bench_report(bench: Path, address: str, data_dir: Path, *options) -> dict:
    """What the load generator says of a run with these options, without what is long."""
    report_file = data_dir / "report.json"
    run([bench, "run", "--server", address, "--data-dir", data_dir, "--json", report_file, *options])
    report = json.loads(report_file.read_text())
    del report["seconds"]
    for latency in ("durable_latency", "committed_latency", "sync_latency"):
        (report.get(latency) or {}).pop("histogram_us", None)
    return report


def write_out(arguments: argparse.Namespace, command: str, figures: dict) -> None:
    """All figures into the file that --out names."""
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps({"command": [command, *sys.argv[1:]], **figures}, indent=2) + "\n")


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


def run(command: list) -> None:
    """Ends the comparison when the command fails: a load also does when a row is not in the table exactly once."""
    finished = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} {command[1]} ended with {finished.returncode}:\n{finished.stdout}")


def cpu(cost: dict) -> float:
    return cost["user_seconds_per_gigabyte"] + cost["system_seconds_per_gigabyte"]


def print_engine(turn: int, name: str, report: dict) -> None:
    throughput, read = report["throughput"], report["rows"]["read_back"]
    print(
        f"{turn + 1} {name:11} {throughput['rows_per_second']:>12,.0f} rows/s {throughput['megabytes_per_second']:>7.1f} MB/s"
        f"   CPU s/GB: engine {cpu(report['engine']):.2f}, generator {cpu(report['generator']):.2f}"
        f"   memory {report['engine']['memory_peak_bytes'] / 1e6:,.0f} MB"
        f"   {read['files']} files, {read['file_bytes'] / 1e6:,.1f} MB",
        flush=True,
    )
