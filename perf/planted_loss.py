"""Is a build that has become slower noticed? One with a planted loss has to be, by the instruction gate and by `compare`.

Builds the workspace with the feature `planted-loss` (engine/src/columns/planted_loss.rs: a tenth of what appending costs, for
nothing) into target/planted, then:

- perf/instructions on it has to end with 1 and to name append;
- `lakehead-bench compare --stage append` of the release build with it has to end with 1;
- `lakehead-bench compare --stage append` of the release build with itself has to end with 0.

A tenth of append is well below a hundredth of what the engine spends on a row: no comparison of whole runs can see that, which
is why `compare` takes a stage. It ends with 1 when anything went unnoticed.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE, PLANTED = ROOT / "target" / "release", ROOT / "target" / "planted"
# What cargo knows a built dependency by.
BUILT = (".fingerprint", "build", "deps")


def main() -> int:
    parser = argparse.ArgumentParser(prog="perf/planted_loss", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5, help="turns of each side of a comparison (default: %(default)s)")
    parser.add_argument("--no-build", action="store_true", help="target/planted is up to date")
    arguments = parser.parse_args()
    if not (RELEASE / "lakehead-bench").exists():
        sys.exit("target/release/lakehead-bench is missing: run 'cargo build --release --locked' first.")
    if not arguments.no_build:
        build()
    noticed = [
        gate(PLANTED / "release" / "lakehead-bench"),
        compare(PLANTED / "release", arguments.turns, expected=1, what="the planted loss"),
        compare(RELEASE, arguments.turns, expected=0, what="the release build itself"),
    ]
    print(f"\n{'PASS' if all(noticed) else 'FAIL'}: {sum(noticed)} of {len(noticed)} as they should be")
    return 0 if all(noticed) else 1


def build() -> None:
    """Dependencies are taken over from the release build, which has the same: only our own crates are built."""
    for folder in BUILT:
        copied = PLANTED / "release" / folder
        if copied.exists():
            continue
        copied.mkdir(parents=True)
        theirs = [path for path in (RELEASE / folder).iterdir() if "lakehead" not in path.name and not is_program(path)]
        for path in theirs:
            subprocess.run(["cp", "--archive", "--reflink=auto", str(path), str(copied)], check=True)
    subprocess.run(["cargo", "build", "--release", "--workspace", "--locked", "--features", "lakehead-engine/planted-loss",
                    "--target-dir", str(PLANTED)], cwd=ROOT, check=True)


def is_program(path: Path) -> bool:
    """Tests, which are large and of no use."""
    return path.is_file() and path.suffix == ""


def gate(bench: Path) -> bool:
    print("\n== perf/instructions with the planted loss", flush=True)
    command = [sys.executable, str(ROOT / "perf" / "instructions.py"), "--bench", str(bench), "--kernel", "append"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(ran.stdout, end="")
    good = ran.returncode == 1 and "append: over" in ran.stdout
    print(f"exit code {ran.returncode}: {'noticed' if good else 'NOT NOTICED'}")
    return good


def compare(b: Path, turns: int, expected: int, what: str) -> bool:
    print(f"\n== compare --stage append with {what}", flush=True)
    command = [RELEASE / "lakehead-bench", "compare", RELEASE, b, "--stage", "append", "--turns", turns]
    ran = subprocess.run([str(part) for part in command])
    print(f"exit code {ran.returncode}, {expected} is right", flush=True)
    return ran.returncode == expected


if __name__ == "__main__":
    sys.exit(main())
