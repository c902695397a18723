"""What the log costs: the same telemetry rows with the log on and off, in turns on, off, off, on, so that drift cancels.

With --old, a third kind of turn: another engine binary, from before there was a log. Then the ratio of `off` to it says whether
an engine whose log is off has become slower.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from engine_turn import add_arguments, binaries, cpu, engine_turn, print_engine, write_out

RATIO_MAX = 1.25
BUILD_OLD = """\
An engine from before the log is built so (it takes as long as any build from scratch):
  before=$(git log --format=%h -1 --grep='^Shards keep rows in a log')~1
  git worktree add ../before-the-log $before
  cargo build --release --locked --manifest-path ../before-the-log/Cargo.toml --bin lakehead
  perf/compare_log --old ../before-the-log/target/release/lakehead
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/compare_log", description=__doc__, epilog=BUILD_OLD,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    # With fewer rows the wait for the last commit decides.
    parser.set_defaults(turns=4, rows=60_000_000)
    parser.add_argument("--old", type=Path, metavar="BINARY", help="an engine without a log, to compare `--log off` with")
    arguments = parser.parse_args()
    engine, bench = binaries(arguments)
    kinds = {"log on": (engine, ("--log", "on")), "log off": (engine, ("--log", "off"))}
    if arguments.old:
        if not arguments.old.exists():
            parser.error(f"{arguments.old} is missing.\n{BUILD_OLD}")
        kinds["before"] = (arguments.old, ())
    turns = {kind: [] for kind in kinds}
    work = Path(tempfile.mkdtemp(prefix="compare-", dir=arguments.work_dir))
    try:
        for turn in range(arguments.turns):
            # There and back: what grows over the run meets all kinds alike.
            for kind in list(kinds) if turn % 2 == 0 else reversed(kinds):
                binary, serve = kinds[kind]
                turns[kind].append(engine_turn(arguments, binary, bench, work / f"turn-{turn}", serve=serve))
                print_engine(turn, kind, turns[kind][-1])
    finally:
        shutil.rmtree(work)
    print()
    for kind, reports in turns.items():
        print(f"{kind:8} (medians) {median(map(rows_per_second, reports)):>12,.0f} rows/s"
              f"   engine CPU {median(map(engine_cpu, reports)):.2f} s/GB")
    print()
    compare(turns, "log on", "log off", "The log's cost")
    if arguments.old:
        compare(turns, "log off", "before", "Without the log, against an engine that has none")
    else:
        print(f"\n{BUILD_OLD}", end="")
    write_out(arguments, "perf/compare_log", {"turns": turns})
    return 0


def rows_per_second(report: dict) -> float:
    return report["throughput"]["rows_per_second"]


def engine_cpu(report: dict) -> float:
    return cpu(report["engine"])


def compare(turns: dict, kind: str, base: str, what: str) -> None:
    """How many times the base's time and CPU the other kind takes, turn by turn."""
    pairs = list(zip(turns[kind], turns[base]))
    figures = {
        "time per row": [rows_per_second(b) / rows_per_second(a) for a, b in pairs],
        "engine CPU per GB": [engine_cpu(a) / engine_cpu(b) for a, b in pairs],
    }
    print(f"{what} ({kind} / {base}; at most {RATIO_MAX}):")
    for name, ratios in figures.items():
        middle = median(ratios)
        verdict = "PASS" if middle <= RATIO_MAX else "FAIL"
        print(f"  {name:18} {middle:.2f} (turn by turn {', '.join(f'{ratio:.2f}' for ratio in ratios)})  {verdict}")


if __name__ == "__main__":
    sys.exit(main())
