"""Everything that is tested, in the order in which it fails fastest. `scripts/test` runs it.

Each step is a command; its output is shown as it comes, and tests in it are counted by the lines in which cargo and
unittest sum them up. A step without such lines counts as one test. What a test could not do on this machine is neither passed nor
failed: it is named with its reason at the end. The last line is always `N passed, M failed`.
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
UNITTEST_SKIPPED = re.compile(r"^(.*?)(?: \(.*\))? \.\.\. skipped (['\"])(.*)\2$")

SIMULATOR_SEEDS, SIMULATOR_SEEDS_LONG = 1_000, 20_000
# Seconds for each fuzz target, and of mutated frames at a real engine.
FUZZ_SECONDS, FUZZ_SECONDS_LONG = 60, 600


@dataclass
class Step:
    name: str
    command: list
    environment: dict = field(default_factory=dict)
    directory: str = str(ROOT)


class Suite:
    def __init__(self):
        self.passed = self.failed = 0
        self.failures, self.skipped = [], []

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
        code = process.wait()
        passed = max(passed - skipped, 0)
        if passed + failed + skipped == 0 or (code != 0 and failed == 0):
            passed, failed = (passed + 1, failed) if code == 0 else (passed, failed + 1)
        self.passed, self.failed = self.passed + passed, self.failed + failed
        if failed:
            self.failures.append(step.name)
        print(f"=== {step.name}: {passed} passed, {failed} failed, {time.monotonic() - began:.0f} s", flush=True)
        return failed == 0


def missing_tools():
    """A sentence per tool that the build needs and this machine lacks."""
    if not shutil.which("cargo"):
        yield "cargo is missing: install Rust from https://rustup.rs (the version is in Cargo.toml, rust-version)."
    if not shutil.which("cc"):
        yield "A C compiler is missing (zstd and the TLS crates need it): install it with 'sudo apt-get install build-essential'."
    if not shutil.which("c++"):
        yield "A C++ compiler is missing (the fuzzer's runtime needs it): install it with 'sudo apt-get install build-essential'."
    for component, package in (("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")):
        if shutil.which("cargo") and not shutil.which(component):
            yield f"{component} is missing: install it with 'rustup component add {package}'."


def rust_steps(long):
    yield Step("format", ["cargo", "fmt", "--all", "--check"])
    # All targets at once: what dev-dependencies switch on in a dependency would otherwise build it a second time.
    yield Step("build", ["cargo", "build", "--release", "--workspace", "--all-targets", "--locked"])
    yield Step("clippy", ["cargo", "clippy", "--release", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    yield Step("Rust tests", ["cargo", "test", "--release", "--workspace", "--locked", "--no-fail-fast"])
    yield Step("Rust documentation", ["cargo", "doc", "--release", "--no-deps", "--workspace", "--locked"],
               {"RUSTDOCFLAGS": "-D warnings"})
    seeds = SIMULATOR_SEEDS_LONG if long else SIMULATOR_SEEDS
    yield Step("simulator", [str(ROOT / "target/release/lakehead-simulator"), "--seeds", str(seeds)])
    yield Step("simulator against planted bugs", [str(ROOT / "target/release/lakehead-simulator"), "--canaries"])
    seconds = str(FUZZ_SECONDS_LONG if long else FUZZ_SECONDS)
    yield Step("fuzzed decoders", [sys.executable, str(SCRIPTS / "harness/fuzz.py"), "--seconds", seconds])
    mutated = ["cargo", "test", "--release", "--workspace", "--locked", "--test", "mutated_frames", "--", "--nocapture"]
    yield Step("mutated frames", mutated, {"LAKEHEAD_MUTATION_SECONDS": seconds})


def python_steps(long):
    environment = {"LAKEHEAD_LONG_TESTS": "1" if long else "0", "PYTHONUNBUFFERED": "1"}
    unittest = [sys.executable, "-m", "unittest", "-v"]
    for path in sorted((SCRIPTS / "tests").glob("*_test.py"), key=lambda path: (path.stem.startswith("e2e"), path.stem)):
        yield Step(path.stem, [*unittest, f"tests.{path.stem}"], environment, str(SCRIPTS))


def run_deny(suite, long):
    if long and not shutil.which("cargo-deny"):
        suite.run(Step("install cargo-deny", ["cargo", "install", "--locked", "cargo-deny"]))
    if shutil.which("cargo-deny"):
        suite.run(Step("dependencies", ["cargo", "deny", "check"]))
    else:
        print("\n=== dependencies: skipped, cargo-deny is not installed (scripts/test --long installs it)", flush=True)


def main():
    arguments = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--long", action="store_true", help="more kills, more seeds, cargo-deny installed when missing")
    arguments.add_argument("--only", choices=["rust", "python"], help="half of it")
    options = arguments.parse_args()
    suite = Suite()
    lacking = list(missing_tools())
    for sentence in lacking:
        print(sentence)
    suite.failed += len(lacking)
    if not lacking:
        if options.only != "python":
            for step in rust_steps(options.long):
                suite.run(step)
            run_deny(suite, options.long)
        if options.only != "rust":
            for step in python_steps(options.long):
                suite.run(step)
    for skipped in suite.skipped:
        print(f"\nskipped: {skipped}")
    if suite.failures:
        print(f"\nfailed: {', '.join(suite.failures)}")
    print(f"\n{suite.passed} passed, {suite.failed} failed")
    return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
