"""The profile of an engine under full load, with one command.

Starts an engine, loads it as fast as it goes (`lakehead-bench run --rate max`), and samples it for some seconds once it is warm.
Left in the folder of --out:

    threads.txt   CPU seconds of each thread of the engine, user and system apart, and what that is of a core
    report.txt    where the samples fell, by thread and function
    engine.svg    a flame graph, a tower for each thread
    engine.perf   the samples, for `perf report -i`
    run.txt       what the load generator said

The engine should be built with frame pointers (perf/README.md, "Where the engine's time goes"): --build does that.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine_turn import ROOT, config_options, listening_address, start, stop

PROFILED = ROOT / "target" / "profiled"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
REPORT_PERCENT_MIN = 0.2


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/profile", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="to sample for (default: %(default)s)")
    parser.add_argument("--warm-up", type=float, default=3, help="seconds of load before (default: %(default)s)")
    parser.add_argument("--frequency", type=int, default=499, help="samples a second of CPU (default: %(default)s)")
    parser.add_argument("--workload", default="telemetry", help="(default: %(default)s)")
    parser.add_argument("--build", action="store_true", help="build with frame pointers into target/profiled first")
    parser.add_argument("--binaries", type=Path,
                        help="where the binaries are (default: target/profiled/release, else target/release)")
    parser.add_argument("--config", type=Path, help="configuration file for the engine")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "target", help="where the table is written, and removed")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "profile", help="(default: %(default)s)")
    parser.add_argument("load", nargs="*", metavar="-- OPTION", help="more options of `lakehead-bench run`")
    arguments = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("perf is missing: install it with 'sudo apt-get install linux-perf' (Ubuntu: linux-tools-generic)")
    if arguments.build:
        build()
    binaries = arguments.binaries or next((path for path in (PROFILED / "release", ROOT / "target" / "release")
                                           if (path / "lakehead").exists()), PROFILED / "release")
    if not (binaries / "lakehead").exists():
        sys.exit(f"{binaries}/lakehead is missing: run with --build")
    arguments.out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="profile-", dir=arguments.work_dir))
    try:
        profile(arguments, binaries, work)
    finally:
        shutil.rmtree(work)
    draw(arguments.out)
    print((arguments.out / "threads.txt").read_text())
    print("\n".join(line for line in (arguments.out / "report.txt").read_text().splitlines() if line[:1] == " ")[:3000])
    print(f"\nall of it is in {arguments.out}")
    return 0


def build() -> None:
    flags = (os.environ.get("RUSTFLAGS", "") + " -C force-frame-pointers=yes").strip()
    command = ["cargo", "build", "--release", "--workspace", "--locked", "--target-dir", str(PROFILED)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "RUSTFLAGS": flags})


def profile(arguments, binaries: Path, work: Path) -> None:
    data = work / "data"
    data.mkdir()
    process, log = start(binaries / "lakehead", data, *config_options(arguments))
    load = None
    try:
        address = listening_address(process, data, log)
        duration = arguments.warm_up + arguments.seconds + 2
        command = [binaries / "lakehead-bench", "run", "--server", address, "--data-dir", data, "--workload", arguments.workload,
                   "--rate", "max", "--duration", duration, "--no-read-back", *arguments.load]
        with open(arguments.out / "run.txt", "w") as said:
            load = subprocess.Popen([str(part) for part in command], stdout=said, stderr=subprocess.DEVNULL)
        time.sleep(arguments.warm_up)
        before, began = threads(process.pid), time.monotonic()
        record = ["perf", "record", "-q", "-F", arguments.frequency, "--call-graph", "fp", "-p", process.pid, "-o",
                  arguments.out / "engine.perf", "--", "sleep", arguments.seconds]
        subprocess.run([str(part) for part in record], check=True)
        after, elapsed = threads(process.pid), time.monotonic() - began
        if load.wait() != 0:
            sys.exit(f"the load failed:\n{(arguments.out / 'run.txt').read_text()}")
    finally:
        if load and load.poll() is None:
            load.kill()
            load.wait()
        stop(process)
    (arguments.out / "threads.txt").write_text(split(before, after, elapsed))


def threads(pid: int) -> dict:
    """User and system seconds of each thread, by its number and name."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            stat = (task / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, fields = stat[stat.index("(") + 1:stat.rindex(")")], stat[stat.rindex(")") + 1:].split()
        found[(task.name, name)] = (int(fields[11]) / TICKS_PER_SECOND, int(fields[12]) / TICKS_PER_SECOND)
    return found


def split(before: dict, after: dict, elapsed: float) -> str:
    """Who had how much CPU. Threads of the same name are one line."""
    spent = {}
    for thread, (user, system) in after.items():
        user_before, system_before = before.get(thread, (0.0, 0.0))
        sums = spent.setdefault(thread[1], [0.0, 0.0, 0])
        spent[thread[1]] = [sums[0] + user - user_before, sums[1] + system - system_before, sums[2] + 1]
    lines = [f"{'thread':18} {'count':>5} {'user s':>8} {'system s':>9} {'of a core':>10}"]
    for name, (user, system, count) in sorted(spent.items(), key=lambda item: -sum(item[1][:2])):
        if user + system > 0:
            lines.append(f"{name:18} {count:>5} {user:>8.2f} {system:>9.2f} {100 * (user + system) / elapsed:>9.1f} %")
    total = [sum(sums[part] for sums in spent.values()) for part in (0, 1)]
    lines.append(f"{'all':18} {'':>5} {total[0]:>8.2f} {total[1]:>9.2f} {100 * sum(total) / elapsed:>9.1f} %")
    return "\n".join(lines) + "\n"


def draw(out: Path) -> None:
    samples = str(out / "engine.perf")
    report = ["perf", "report", "-i", samples, "--no-children", "-g", "none", "--sort", "comm,symbol", "--stdio",
              "--percent-limit", str(REPORT_PERCENT_MIN)]
    with open(out / "report.txt", "w") as text:
        subprocess.run(report, stdout=text, stderr=subprocess.DEVNULL, check=True)
    with open(out / "engine.svg", "w") as picture:
        script = subprocess.Popen(["perf", "script", "-i", samples], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        subprocess.run([sys.executable, str(ROOT / "perf" / "flame_graph")], stdin=script.stdout, stdout=picture, check=True)
        script.wait()


if __name__ == "__main__":
    sys.exit(main())
