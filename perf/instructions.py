"""Instructions of the hot paths, counted by callgrind and held against what was recorded.

`lakehead-bench kernels` goes through each path with the same rows on one thread; what is counted runs inside one function of
it, so that making rows, threads and times count for nothing. A count does not depend on what else the machine does: it says
nothing of caches and waiting, and it notices a few percent.

It ends with 1 when a path takes over 5 % more instructions than perf/instructions.json says, with 2 when nothing could be
counted. --record accepts what was counted. A path that has become cheaper by as much should be recorded, too: else the gate lets
it slide back.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / "perf" / "instructions.json"
KERNELS = ("decode", "decode-tiny", "append", "append-tiny", "log-block", "admission", "encode")
LIMIT = 0.05
ROWS = 65_536
# What is counted is called from this function of the bench: stages/stopwatch.rs.
COUNTED = "*stopwatch*counted*"
# The allocator gives memory back by the clock; here it keeps it.
ENVIRONMENT = {"MIMALLOC_PURGE_DELAY": "-1"}
VALGRIND = "valgrind is missing: install it with 'sudo apt-get install valgrind'"
WORSE, NOTHING_COUNTED = 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/instructions", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write what was counted to perf/instructions.json")
    parser.add_argument("--kernel", action="append", choices=KERNELS, help="only this path; may be repeated")
    parser.add_argument("--bench", type=Path, default=ROOT / "target" / "release" / "lakehead-bench",
                        help="the load generator whose engine is counted (default: target/release)")
    arguments = parser.parse_args()
    if arguments.record and arguments.kernel:
        parser.error("--record is for all paths at once")
    if not shutil.which("valgrind"):
        return nothing(VALGRIND)
    if not arguments.bench.exists():
        return nothing(f"{arguments.bench} is missing: run 'cargo build --release --locked' first.")
    if lacking := lacking_processor(Path("/proc/cpuinfo").read_text(), platform.machine()):
        # The suite counts this as skipped.
        print(f"instructions ... skipped '{lacking}'")
        return 0
    try:
        counts = count_all(arguments.bench, arguments.kernel or KERNELS)
    except subprocess.CalledProcessError as error:
        return nothing(f"{' '.join(map(str, error.cmd))} ended with {error.returncode}:\n{error.stdout}\n{error.stderr}")
    if arguments.record:
        BASELINE.write_text(json.dumps(document(counts), indent=2) + "\n")
        print(f"recorded in {BASELINE.relative_to(ROOT)}:")
        for name, count in counts.items():
            print(f"  {name:12} {count:>14,} instructions, {count / ROWS:8.1f} a row")
        return 0
    recorded = json.loads(BASELINE.read_text())
    lines, worse = judge(recorded["instructions"], counts)
    print("\n".join(lines))
    if worse:
        print(failure(worse, recorded))
    return WORSE if worse else 0


def nothing(why: str) -> int:
    print(why, file=sys.stderr)
    return NOTHING_COUNTED


def lacking_processor(cpuinfo: str, machine: str) -> str:
    """Why counts of this machine are no others': valgrind shows each processor with AVX2 to a program as the same one."""
    if machine != "x86_64":
        return f"counts were recorded on x86_64, this is {machine}"
    if not re.search(r"^flags\s*:.*\bavx2\b", cpuinfo, re.MULTILINE):
        return "counts were recorded with AVX2, which this processor lacks"
    return ""


def count_all(bench: Path, kernels) -> dict:
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        rows = Path(folder) / "rows.arrow"
        generate = [bench, "generate", "--workload", "telemetry", "--rows", ROWS, "--out", rows]
        subprocess.run([str(part) for part in generate], check=True, capture_output=True, text=True)
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            return dict(zip(kernels, pool.map(lambda kernel: count(bench, kernel, rows), kernels)))


def count(bench: Path, kernel: str, rows: Path) -> int:
    out = rows.with_name(f"{kernel}.callgrind")
    command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--toggle-collect={COUNTED}",
               f"--callgrind-out-file={out}", bench, "kernels", kernel, "--rows-file", rows]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True,
                   env={**os.environ, **ENVIRONMENT})
    return instructions(out.read_text())


def instructions(callgrind: str) -> int:
    """The sum in a file of callgrind's."""
    found = re.search(r"^(?:summary|totals): (\d+)", callgrind, re.MULTILINE)
    if not found or int(found[1]) == 0:
        raise SystemExit(f"callgrind has counted nothing: no function's name matches {COUNTED}")
    return int(found[1])


def judge(recorded: dict, counts: dict) -> tuple[list, list]:
    """A line for each path, and the names of those that take too many."""
    lines, worse = [], []
    for name, found in counts.items():
        if name not in recorded:
            lines.append(f"{name:12} {found:>14,} instructions, {found / ROWS:8.1f} a row   NEW: record it")
            worse.append(name)
            continue
        change = found / recorded[name] - 1
        more, less = found > recorded[name] * (1 + LIMIT), found < recorded[name] * (1 - LIMIT)
        word = "MORE" if more else "less: record it" if less else "ok"
        lines.append(f"{name:12} {found:>14,} instructions, {found / ROWS:8.1f} a row   {100 * change:+6.2f} %  {word}")
        if more:
            worse.append(name)
    return lines, worse


def failure(worse: list, recorded: dict) -> str:
    text = (f"\n{', '.join(worse)}: over {100 * LIMIT:.0f} % more instructions than perf/instructions.json says. Find what was "
            "added (perf/README.md, \"Counting instructions\"), or accept it with 'perf/instructions --record' and say why in "
            "the commit.")
    found, known = tools(), {name: recorded.get(name) for name in tools()}
    differ = [f"{name} was {known[name]}, is {found[name]}" for name in found if found[name] != known[name]]
    return text + (f"\nOther tools than then: {'; '.join(differ)}. What they do differently counts, too." if differ else "")


def document(counts: dict) -> dict:
    return {**tools(), "recorded": datetime.date.today().isoformat(), "rows": ROWS, "instructions": counts}


def tools() -> dict:
    """What a count depends on beside the code."""
    def first_line(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]

    return {"rustc": first_line("rustc", "--version"), "valgrind": first_line("valgrind", "--version"),
            "libc": " ".join(platform.libc_ver()), "target_cpu": os.environ.get("RUSTFLAGS") or "x86-64, as rustc chooses"}


if __name__ == "__main__":
    sys.exit(main())
