"""Everything that is tested, in the order in which it fails fastest. `scripts/test` runs it.

Each step is a command; its output is shown as it comes, and tests in it are counted by the lines in which cargo and
unittest sum them up. A step without such lines counts as one test. What a test could not do on this machine is neither passed nor
failed: it is named with its reason at the end, after a table of what each step took. The last line is always
`N passed, M failed`.

A long run can be made in parts: --only takes steps by name, and all parts together are the whole.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field

from binaries import ROOT, SCRIPTS

CARGO_SUM = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed;")
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ")
UNITTEST_FAILED = re.compile(r"^FAILED \((.*)\)")
KILLS, POWER_CUTS = re.compile(r"^ *proved: (\d+) kills"), re.compile(r"^ *proved: .*?(\d+) power cuts \(")
UNITTEST_SKIPPED = re.compile(r"^(.*?)(?: \(.*\))? \.\.\. skipped (['\"])(.*)\2$")

SIMULATOR_SEEDS, SIMULATOR_SEEDS_LONG = 1_000, 20_000
# For each fuzz target, for the long suite; the short one has a number of inputs. And of mutated frames at a real engine.
FUZZ_SECONDS_LONG = 600
MUTATED_SECONDS, MUTATED_SECONDS_LONG = 60, 300
HALVES = ("rust", "python")


@dataclass
class Step:
    half: str
    name: str
    command: list
    environment: dict = field(default_factory=dict)
    directory: str = str(ROOT)


class Suite:
    def __init__(self):
        self.passed = self.failed = 0
        self.failures, self.skipped = [], []
        self.took = []
        self.kills = self.power_cuts = 0

    def run(self, step):
        print(f"\n=== {step.name}: {' '.join(step.command)}", flush=True)
        began = time.monotonic()
        environment = {**os.environ, **step.environment}
        environment.pop("RUSTFLAGS", None)
        process = subprocess.Popen(step.command, cwd=step.directory, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", bufsize=1)
        passed = failed = skipped = 0
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := CARGO_SUM.match(line):
                passed, failed = passed + int(found[1]), failed + int(found[2])
            elif found := UNITTEST_RAN.match(line):
                passed += int(found[1])
            elif found := UNITTEST_SKIPPED.match(line.rstrip("\n")):
                skipped += 1
                self.skipped.append(f"{step.name}, {found[1]}: {found[3]}")
            elif found := UNITTEST_FAILED.match(line):
                # A test with several failing subtests counts each of them.
                wrong = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", found[1]))
                passed, failed = max(passed - wrong, 0), failed + wrong
            self.kills += sum(map(int, KILLS.findall(line)))
            self.power_cuts += sum(map(int, POWER_CUTS.findall(line)))
        code = process.wait()
        passed = max(passed - skipped, 0)
        if passed + failed + skipped == 0 or (code != 0 and failed == 0):
            passed, failed = (passed + 1, failed) if code == 0 else (passed, failed + 1)
        self.passed, self.failed = self.passed + passed, self.failed + failed
        if failed:
            self.failures.append(step.name)
        seconds = time.monotonic() - began
        self.took.append((step.name, passed, failed, seconds))
        print(f"=== {step.name}: {passed} passed, {failed} failed, {seconds:.0f} s", flush=True)
        return failed == 0

    def summary(self):
        """What each step took, what was skipped, what failed, and the sum."""
        width = max((len(name) for name, *_ in self.took), default=0)
        print()
        for name, passed, failed, seconds in self.took:
            print(f"{name:{width}}  {passed:>5} passed  {failed:>3} failed  {seconds:>7.0f} s")
        total = sum(seconds for *_, seconds in self.took)
        print(f"{'together':{width}}  {self.passed:>5} passed  {self.failed:>3} failed  {total:>7.0f} s")
        if self.kills or self.power_cuts:
            print(f"\nsurvived: {self.kills} kills, {self.power_cuts} power cuts")
        for skipped in self.skipped:
            print(f"\nskipped: {skipped}")
        if self.failures:
            print(f"\nfailed: {', '.join(self.failures)}")
        print(f"\n{self.passed} passed, {self.failed} failed")


def missing_tools():
    """A sentence per tool that the build needs and this machine lacks."""
    if not shutil.which("cargo"):
        yield "cargo is missing: install Rust from https://rustup.rs (the version is in Cargo.toml, rust-version)."
    if not shutil.which("cc"):
        yield "A C compiler is missing (zstd and the TLS crates need it): install it with 'sudo apt-get install build-essential'."
    if not shutil.which("c++"):
        yield "A C++ compiler is missing (the fuzzer's runtime needs it): install it with 'sudo apt-get install build-essential'."
    if not shutil.which("valgrind"):
        yield "valgrind is missing (it counts instructions): install it with 'sudo apt-get install valgrind'."
    for component, package in (("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")):
        if shutil.which("cargo") and not shutil.which(component):
            yield f"{component} is missing: install it with 'rustup component add {package}'."


def rust_steps(long):
    def step(name, *command, **environment):
        return Step("rust", name, list(command), environment)

    cargo = ("--release", "--workspace", "--locked")
    simulator = str(ROOT / "target/release/lakehead-simulator")
    yield step("format", "cargo", "fmt", "--all", "--check")
    # All targets at once: what dev-dependencies switch on in a dependency would otherwise build it a second time.
    yield step("build", "cargo", "build", *cargo, "--all-targets")
    yield step("clippy", "cargo", "clippy", *cargo, "--all-targets", "--", "-D", "warnings")
    yield step("rust-tests", "cargo", "test", *cargo, "--no-fail-fast")
    yield step("rust-documentation", "cargo", "doc", *cargo, "--no-deps", RUSTDOCFLAGS="-D warnings")
    yield step("instructions", sys.executable, str(ROOT / "perf/instructions.py"))
    if long:
        yield step("planted-loss", sys.executable, str(ROOT / "perf/planted_loss.py"))
    yield step("simulator", simulator, "--seeds", str(SIMULATOR_SEEDS_LONG if long else SIMULATOR_SEEDS))
    yield step("planted-bugs", simulator, "--canaries")
    bound = ("--seconds", str(FUZZ_SECONDS_LONG)) if long else ("--bounded",)
    yield step("fuzz", sys.executable, str(SCRIPTS / "harness/fuzz.py"), *bound)
    seconds = str(MUTATED_SECONDS_LONG if long else MUTATED_SECONDS)
    yield step("mutated-frames", "cargo", "test", *cargo, "--test", "mutated_frames", "--", "--nocapture",
               LAKEHEAD_MUTATION_SECONDS=seconds)
    if long and not shutil.which("cargo-deny"):
        yield step("install-cargo-deny", "cargo", "install", "--locked", "cargo-deny")


def python_steps(long):
    environment = {"LAKEHEAD_LONG_TESTS": "1" if long else "0", "PYTHONUNBUFFERED": "1"}
    unittest = [sys.executable, "-m", "unittest", "-v"]
    for path in sorted((SCRIPTS / "tests").glob("*_test.py"), key=lambda path: (path.stem.startswith("e2e"), path.stem)):
        yield Step("python", path.stem, [*unittest, f"tests.{path.stem}"], environment, str(SCRIPTS))


def main():
    arguments = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--long", action="store_true",
                           help="more kills, more seeds, more fuzzing, cargo-deny installed when missing")
    arguments.add_argument("--only", action="append", metavar="STEP",
                           help="this step, or the steps of a half (rust, python); can be repeated. Most steps need `build`")
    arguments.add_argument("--list", action="store_true", help="print the steps' names and do nothing")
    options = arguments.parse_args()
    steps = [*rust_steps(options.long), *python_steps(options.long)]
    if unknown := set(options.only or []) - {step.name for step in steps} - set(HALVES):
        arguments.error(f"there is no step {', '.join(sorted(unknown))}; --list names all")
    chosen = [step for step in steps if not options.only or {step.name, step.half} & set(options.only)]
    if options.list:
        print("\n".join(step.name for step in chosen))
        return 0
    suite = Suite()
    lacking = list(missing_tools())
    for sentence in lacking:
        print(sentence)
    suite.failed += len(lacking)
    for step in chosen if not lacking else []:
        suite.run(step)
    suite.summary()
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
