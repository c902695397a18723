"""The Rust client alone against the engine: is the client ever what holds a producer up?

Each turn: `lakehead-bench client`, which makes frames of rows and of batches on one core without a network; then the same
telemetry rows through a fresh engine on one connection, with strings as dictionaries (which is what the client makes of rows) and
plain. The engine's figure is the whole path on all cores, generator included, until the last row is committed.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from engine_turn import add_arguments, binaries, engine_turn, print_engine

CLIENT_PATHS = {"rows to frames": "C rows", "batches to frames": "C batches", "batches with dictionaries to frames": "C dictionary"}


def client_turn(bench: Path, work: Path, seconds: float) -> dict:
    """Rows a second of each path."""
    report = work / "client.json"
    subprocess.run([bench, "client", "--seconds", str(seconds), "--json", report], check=True, stdout=subprocess.DEVNULL)
    found = {path["path"]: path["rows_per_second"] for path in json.loads(report.read_text())["paths"]}
    return {name: found[path] for path, name in CLIENT_PATHS.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/compare_client", description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--seconds", type=float, default=2, help="of each path of the client (default: %(default)s)")
    arguments = parser.parse_args()
    engine, bench = binaries(arguments)
    work = Path(tempfile.mkdtemp(prefix="compare-", dir=arguments.work_dir))
    rates = {}
    try:
        for turn in range(arguments.turns):
            for name, rate in client_turn(bench, work, arguments.seconds).items():
                rates.setdefault(name, []).append(rate)
                print(f"{turn + 1} {name:12} {rate:>12,.0f} rows/s on one core, client alone", flush=True)
            for name, options in {"E dictionary": ["--dictionaries"], "E plain": []}.items():
                report = engine_turn(arguments, engine, bench, work / f"engine-{turn}", *options)
                rates.setdefault(name, []).append(report["throughput"]["rows_per_second"])
                print_engine(turn, name, report)
    finally:
        shutil.rmtree(work)
    medians = {name: median(rate) for name, rate in rates.items()}
    for name in CLIENT_PATHS.values():
        print(f"{name:12} / engine (medians): {medians[name] / medians['E dictionary']:.2f} times its rows/s with dictionaries, "
              f"{medians[name] / medians['E plain']:.2f} times its rows/s with plain strings")
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps({"command": ["perf/compare_client", *sys.argv[1:]], "rows_per_second": rates}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
