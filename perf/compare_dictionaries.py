"""Strings as dictionaries against plain strings: the same telemetry rows through the engine, in turns A B A B.

A: `device` and `msg` as keys into dictionaries, as a producer sends them that hashed them once.
B: plain strings.

Rows and their bytes count the same in both: as if they were plain.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from engine_turn import add_arguments, binaries, cpu, engine_turn, print_engine


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/compare_dictionaries", description=__doc__.splitlines()[0])
    add_arguments(parser)
    arguments = parser.parse_args()
    engine, bench = binaries(arguments)
    work = Path(tempfile.mkdtemp(prefix="compare-", dir=arguments.work_dir))
    sides = {"A dictionary": ["--dictionaries"], "B plain": []}
    turns = {side: [] for side in sides}
    try:
        for turn in range(arguments.turns):
            for side, options in sides.items():
                turns[side].append(engine_turn(arguments, engine, bench, work / f"{side[0]}-{turn}", *options))
                print_engine(turn, side, turns[side][-1])
    finally:
        shutil.rmtree(work)
    dictionary, plain = turns.values()
    cost = [cpu(a["engine"]) / cpu(b["engine"]) for a, b in zip(dictionary, plain)]
    rate = [a["throughput"]["rows_per_second"] / b["throughput"]["rows_per_second"] for a, b in zip(dictionary, plain)]
    medians = [median(cpu(turn["engine"]) for turn in side) for side in (dictionary, plain)]
    print(f"engine CPU s/GB (medians): dictionary {medians[0]:.2f}, plain {medians[1]:.2f}; "
          f"ratio {median(cost):.2f} ({min(cost):.2f} to {max(cost):.2f}); "
          f"rows/s ratio {median(rate):.2f} ({min(rate):.2f} to {max(rate):.2f})")
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps({"command": ["perf/compare_dictionaries", *sys.argv[1:]], **turns}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
