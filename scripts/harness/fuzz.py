"""Builds the fuzz targets with coverage counters and runs them. `scripts/fuzz` runs it; `engine/fuzz` holds the targets.

By time it goes on from what earlier runs have found. `--bounded` begins anew, with a fixed seed and number of inputs, whatever
the machine's speed: for a suite that should rarely fail by chance. Runs of it are alike, not equal: the system seeds hash maps.

Corpora begin with the protocol's test vectors, cut to what each target reads, and with logs that the log wrote, so that a run
starts deep in the decoders.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from binaries import ROOT

CRATE = ROOT / "engine/fuzz"
BUILT = ROOT / "target/fuzz"
VECTORS = ROOT / "protocol/vectors"
AT_ONCE = max(2, len(os.sched_getaffinity(0)))
# Longer inputs only make runs slow.
INPUT_BYTES_MAX = {"log_segment": 16384, "log_rot": 129}
INPUT_BYTES_MAX_OTHERWISE = 8192
# Bugs that a target has to find when they are planted, so that a clean run means something.
PLANTED = {"log_rot": ["truncate-at-first-bad-block", "believe-recycled-block"]}
PLANTED_SECONDS_MAX = 60
# About half a minute each.
BOUNDED_INPUTS = {
    "header": 4_000_000, "hello": 6_000_000, "schema": 2_000_000, "batch": 1_500_000, "server_message": 2_000_000,
    "payload": 800_000, "log_segment": 200_000, "log_rot": 100_000, "log_manifest": 300_000,
}
MANIFEST = {"format": 1, "run": 7, "logs": ["11111111-2222-4333-8444-555555555555"], "draining": []}
ACCEPTED = {"accepted": [{"table": "9c1f", "run": 6}]}

# What libFuzzer needs of the compiler; stable Rust knows all of it.
COVERAGE = " ".join([
    "-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=4", "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table", "-Cllvm-args=-sanitizer-coverage-trace-compares", "-Ccodegen-units=1",
    "--cfg fuzzing",
])

HEADER_BYTES = 48
# The numbers that server_message's first byte chooses by: positions in the protocol's list of kinds.
SERVER_KINDS = {"Ping": 4, "Pong": 5, "Welcome": 6, "Ack": 7, "Reject": 8, "GoingAway": 9, "Closed": 10}
# Which schema the vectors' batches belong to.
BATCH_SCHEMAS = {"batch_flat": "schema_flat", "batch_nested": "schema_nested"}


def vectors():
    found = {path.stem: json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))}
    return {name: (vector, bytes.fromhex("".join(vector["frame"]))) for name, vector in found.items()}


def archive(vector, frame):
    return frame[HEADER_BYTES : HEADER_BYTES + vector["header"]["payload_bytes"]]


def log_seeds():
    """For the log's targets. `log_segment` makes its own, see engine/fuzz/src/seeds.rs."""
    return {
        "log_segment": [],
        # An intact log, and one with a bit turned; for each log that there is.
        "log_rot": [bytes([log]) + acts for log in range(32) for acts in (b"", bytes([0, 1, 99, 33, 0, 0, 0, 4]))],
        "log_manifest": [json.dumps(manifest).encode() for manifest in (MANIFEST, MANIFEST | ACCEPTED)],
    }


def seeds():
    """For each target its first inputs."""
    known = vectors()
    inputs = {target: [] for target in ("header", "hello", "schema", "batch", "server_message", "payload")}
    for name, (vector, frame) in known.items():
        inputs["header"].append(frame)
        if "content" not in vector:
            continue
        kind, payload = vector["header"]["kind"], archive(vector, frame)
        if kind == "Hello":
            inputs["hello"].append(payload)
        elif kind == "Schema":
            inputs["schema"].append(payload)
        elif kind in SERVER_KINDS:
            inputs["server_message"].append(bytes([SERVER_KINDS[kind]]) + payload)
        elif kind == "Batch" and vector["header"]["compression"] == "None":
            schema = archive(*known[BATCH_SCHEMAS.get(name, "schema_two_columns")])
            inputs["batch"].append(len(schema).to_bytes(2, "little") + schema + payload)
        elif kind == "Batch":
            length = vector["header"]["decompressed_bytes"]
            codec = 0 if vector["header"]["compression"] == "Lz4" else 1
            factor = next(factor for factor in range(1, 128) if length % factor == 0 and length // factor <= 256)
            inputs["payload"].append(bytes([(factor - 1) << 1 | codec, length // factor - 1]) + payload)
    return inputs | log_seeds()


def build():
    # A target of its own keeps the counters out of build scripts.
    command = ["cargo", "build", "--release", "--locked", "--target", host(), "--target-dir", str(BUILT)]
    subprocess.run(command, cwd=CRATE, env={**os.environ, "RUSTFLAGS": COVERAGE}, check=True)


def host():
    """What this machine's compiler calls it."""
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    return re.search(r"^host: (\S+)$", version, re.MULTILINE)[1]


@dataclass
class Run:
    target: str
    folder: Path
    process: subprocess.Popen
    corpus_before: int
    # It holds nothing but the vectors: then something has to be found.
    is_new: bool
    log: object


def corpus(target):
    return BUILT / "corpus" / target


def start(target, inputs, seconds, part=0):
    """Begins a run of so many seconds; without a number a bounded one."""
    folder, crashes, logs = corpus(target), BUILT / "crashes" / target, BUILT / "logs"
    if seconds is None:
        folder = BUILT / "bounded" / target
        shutil.rmtree(folder, ignore_errors=True)
    for made in (folder, crashes, logs):
        made.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs):
        (folder / f"vector-{number:02}").write_bytes(data)
    binary = BUILT / host() / "release" / target
    if not inputs:
        subprocess.run([str(binary)], env={**os.environ, "LAKEHEAD_FUZZ_SEEDS": str(folder)}, check=True)
    before = len(list(folder.iterdir()))
    is_new = part == 0 and all(path.name.startswith("vector-") for path in folder.iterdir())
    longest = INPUT_BYTES_MAX.get(target, INPUT_BYTES_MAX_OTHERWISE)
    bound = [f"-max_total_time={seconds}", str(folder)] if seconds is not None else bounded(target, folder)
    command = [str(binary), "-print_final_stats=1", f"-max_len={longest}", "-timeout=10", "-rss_limit_mb=1024",
               f"-artifact_prefix={crashes}/", *bound]
    log = open(logs / f"{target}.{part}.log", "w+")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    return Run(target, folder, process, before, is_new, log)


def bounded(target, folder):
    """What makes runs alike. The first inputs are named in order: that of a folder is nobody's to choose."""
    first = folder.with_suffix(".inputs")
    first.write_text(",".join(str(path) for path in sorted(folder.iterdir())))
    found = folder / "found"
    found.mkdir()
    return ["-seed=1", f"-runs={BOUNDED_INPUTS[target]}", f"-seed_inputs=@{first}", str(found)]


def finish(run):
    """Waits for a run and says how it went; True when nothing crashed and something new was found."""
    code = run.process.wait()
    run.log.seek(0)
    text = run.log.read()
    run.log.close()
    shutil.rmtree(f"/dev/shm/lakehead-fuzz-manifest-{run.process.pid}", ignore_errors=True)
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    coverage = re.findall(r"cov: (\d+)", text) or ["0"]
    after = sum(path.is_file() for path in run.folder.rglob("*"))
    print(f"{run.target:15} {int(executions[1]) if executions else 0:>12,} inputs   coverage {coverage[0]:>5} -> {coverage[-1]:>5}"
          f"   corpus {run.corpus_before:>5} -> {after:>5}   {'no crash' if code == 0 else f'EXIT {code}'}", flush=True)
    if code != 0:
        print(text[-4000:])
    return code == 0 and executions is not None and after >= run.corpus_before + run.is_new


def finds(target, planted, inputs):
    """Whether the target ends badly with the planted bug."""
    folder = BUILT / "planted" / planted
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, data in enumerate(inputs):
        (folder / f"vector-{number:02}").write_bytes(data)
    command = [str(BUILT / host() / "release" / target), f"-max_total_time={PLANTED_SECONDS_MAX}",
               f"-artifact_prefix={folder}/crash-", f"-max_len={INPUT_BYTES_MAX[target]}", str(folder)]
    environment = {**os.environ, "LAKEHEAD_FUZZ_CANARY": planted}
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment)
    print(f"{target:15} with {planted} planted: {'found' if run.returncode != 0 else 'NOT FOUND'}", flush=True)
    return run.returncode != 0


def main():
    inputs = seeds()
    arguments = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    arguments.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    arguments.add_argument("--bounded", action="store_true", help="a fixed number of inputs from the beginning, not --seconds")
    arguments.add_argument("targets", nargs="*", help=f"some of {', '.join(inputs)} (default: all)")
    options = arguments.parse_args()
    targets = options.targets or list(inputs)
    if unknown := [target for target in targets if target not in inputs]:
        arguments.error(f"there is no target {unknown[0]!r}; there are {', '.join(inputs)}")
    build()
    good = all([finds(target, planted, inputs[target]) for target in targets for planted in PLANTED.get(target, [])])
    for first in range(0, len(targets), AT_ONCE):
        together = targets[first : first + AT_ONCE]
        # Cores that would have nothing to do share the last targets' time, upon one corpus.
        share = 1 if options.bounded else AT_ONCE // len(together)
        seconds = None if options.bounded else max(options.seconds // share, 1)
        runs = [start(target, inputs[target], seconds, part) for target in together for part in range(share)]
        good = all([finish(run) for run in runs]) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
