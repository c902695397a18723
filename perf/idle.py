"""What an engine costs while nothing comes: the share of a core that it takes, with tables that were written to and without rows
on their way.

First `lakehead-bench` writes for three seconds, so that everything has been used once; when it has left, --pause seconds pass
in which commits, the log and the allocator come to rest, and then --seconds are counted. With --tables so many other tables are
open besides, which nobody writes to.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from engine_turn import ROOT, add_places, binaries, config_options, listening_address, run, start, stop, write_out

SMOKE = ROOT / "bench-harness" / "scenarios" / "smoke.toml"


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/idle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="that are counted (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=12, help="seconds before that (default: %(default)s)")
    parser.add_argument("--tables", type=int, default=0, help="other tables that are open (default: %(default)s)")
    add_places(parser)
    arguments = parser.parse_args()
    engine, bench = binaries(arguments)
    work = Path(tempfile.mkdtemp(prefix="idle-", dir=arguments.work_dir))
    try:
        figures = idle(engine, bench, work / "data", config_options(arguments), arguments.pause, arguments.seconds,
                       arguments.tables)
    finally:
        shutil.rmtree(work)
    with_tables = f" with {arguments.tables:,} other tables" if arguments.tables else ""
    print(f"an idle engine{with_tables} takes {100 * figures['of_a_core']:.3f} % of a core"
          f" ({figures['cpu_seconds'] * 1e3:.1f} ms of {figures['seconds']:.1f} s), {figures['memory_bytes'] / 1e6:.0f} MB resident")
    write_out(arguments, "perf/idle", figures)
    return 0


def idle(engine: Path, bench: Path, data_dir: Path, serve: list, pause: float, seconds: float, tables: int = 0) -> dict:
    data_dir.mkdir()
    process, log = start(engine, data_dir, *serve)
    try:
        address = listening_address(process, data_dir, log)
        for number in range(tables):
            run([engine, "table", "create", f"idle.t{number}", "--server", address, "--columns", "id bigint, text string"])
        run([bench, "run", "--server", address, "--data-dir", data_dir, "--scenario", SMOKE])
        time.sleep(pause)
        before, began = cpu_seconds(process.pid), time.monotonic()
        time.sleep(seconds)
        used, passed = cpu_seconds(process.pid) - before, time.monotonic() - began
        return {"cpu_seconds": used, "seconds": passed, "of_a_core": used / passed, "memory_bytes": resident(process.pid)}
    finally:
        stop(process)


def cpu_seconds(pid: int) -> float:
    """Of all threads: the kernel's count of nanoseconds on a core, not of ticks."""
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    sys.exit(main())
