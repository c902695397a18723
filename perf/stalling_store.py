"""Much telemetry through a log of limited size into a table whose store stalls again and again, and a little into a table whose
store is well.

    perf/stalling_store                                                        60 GB, 30 s of every 120 s
    perf/stalling_store --gigabytes 2 --log-mb 640 --stall 3 --every 10       the same shape, in a minute or two

One engine on all cores. The first table's folder is on a FUSE mount that does nothing while it stalls; many connections send to
it as fast as they may. The second table's folder is beside it, on the disk, and takes a slow open loop. When both are done the
load generator reads both tables back, past the mount: every row has to be there once.

It ends with 1 when a row is lost or there twice, when the log's files or the engine's memory pass their limits, when producers
were never held back, or when the second table was slower while the first one's store stalled. It needs root (for the mount), and
ends by itself: by --minutes, by SIGTERM, or when the disk use passes --disk-gb. What it wrote is removed.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from harness import mounts  # noqa: E402
from harness.binaries import binary  # noqa: E402
from harness.child import end_with_parent  # noqa: E402
from harness.engine import Engine  # noqa: E402
from harness.faulty_store import FaultyStore  # noqa: E402
from harness.mount_process import CannotMount  # noqa: E402
from stall_figures import ROW_BYTES, Stalls, held_back, only_durable_max, phases, quantile_ms  # noqa: E402

STALLING, HEALTHY = "stalling", "healthy"
# Resident memory that no budget counts: the program, its threads, the allocator's slack.
MEMORY_BASE_MB = 256
# In the log's folder, beside segments and spares.
MANIFEST_BYTES = 64 << 10
SAMPLE_SECONDS, SAY_SECONDS = 0.25, 10
# Of a row's bytes, what a table keeps of it at most, with files that no commit names.
STORED_SHARE = 0.5
# Of the log's bytes, what rows of the stalled table take up at least before producers are held back: a table's share is more.
IN_LOG_SHARE_MIN = 0.1
# The second table may be slower by so much while the first one's store stalls.
DURABLE_SLACK_MS, COMMITTED_SLACK_MS, SLOWER = 50, 500, 2


class Failed(Exception):
    """The run came to no end; the text says why."""


class Samples(threading.Thread):
    """The highest of what was used, looked at several times a second."""

    def __init__(self, engine, work, options, stalls):
        super().__init__(daemon=True)
        self.engine, self.work, self.options, self.stalls = engine, work, options, stalls
        self.log_bytes = self.log_bytes_max = self.memory_bytes_max = self.disk_bytes_max = 0
        self.ended = threading.Event()

    def run(self):
        said = began = time.time()
        while not self.ended.wait(SAMPLE_SECONDS):
            try:
                resident, highest = self.engine.memory_bytes()
            except (OSError, KeyError):
                continue  # it has ended
            self.memory_bytes_max = max(self.memory_bytes_max, highest)
            # Segments and spares; what else is there has a few hundred bytes.
            self.log_bytes = bytes_below(self.engine.data_dir / "log")
            self.log_bytes_max = max(self.log_bytes_max, self.log_bytes)
            if (now := time.time()) - said >= SAY_SECONDS:
                said = now
                # Past the mount: looking at it would wait for it.
                disk = sum(bytes_below(self.work / name) for name in ("data", "below"))
                self.disk_bytes_max = max(self.disk_bytes_max, disk)
                state = "stalls" if self.stalls.overlap(now, now + 0.001) else "goes"
                print(f"  {now - began:5.0f} s: the store {state}; log {self.log_bytes / 1e6:,.0f} MB, engine "
                      f"{resident / 1e6:,.0f} MB resident, {disk / 1e9:.1f} GB on disk", flush=True)


def bytes_below(folder):
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


class Run:
    def __init__(self, work, options):
        self.work, self.options = work, options
        self.deadline = time.monotonic() + options.minutes * 60
        self.processes = []
        self.store = self.engine = self.samples = None

    def run(self):
        options = self.options
        self.store = FaultyStore(self.work / "mounted", self.work / "below", self.work / "control.json")
        self.store.faults(stall={"seconds": options.stall, "every": options.every - options.stall})
        first = self.store.began() + options.every - options.stall + time.time() - time.monotonic()
        self.stalls = Stalls(first, options.stall, options.every)
        config = {"log": {"size_mb": options.log_mb}, "memory": {"budget_mb": options.budget_mb}}
        self.engine = Engine(self.work / "data", config, before=end_with_parent, environment={
            "LAKEHEAD_TABLES_URIS": f"{STALLING}={(self.store.folder / STALLING).as_uri()}"})
        self.engine.start()
        self.samples = Samples(self.engine, self.work, options, self.stalls)
        self.samples.start()
        load = self.start_load()
        healthy = self.watch(load)
        self.engine.terminate()
        if (code := self.engine.wait()) != 0:
            raise Failed(f"the engine ended with {code} on SIGTERM: {self.engine.log_tail()}")
        return self.report(STALLING), healthy

    def start_load(self):
        options = self.options
        rows = int(options.gigabytes * 1e9 / ROW_BYTES)
        # What a client keeps must not be what holds it back.
        return self.bench(STALLING, "--rows", rows, "--rate", "max", "--connections", options.connections,
                          "--memory", max(1024, options.log_mb), "--table-path", self.store.below / STALLING)

    def watch(self, load):
        """Until the load has ended: its neighbour runs beside it, a period of the stalls at a time. The neighbour's reports."""
        reports = []
        while load.poll() is None:
            name = f"{HEALTHY}-{len(reports)}"
            neighbour = self.bench(name, "--duration", self.options.every, "--rate", self.options.healthy_mb_per_second,
                                   "--connections", 2, "--batch-rows", 100, "--table", HEALTHY, "--warm-up", 0,
                                   "--table-path", self.engine.table(HEALTHY))
            self.await_end(neighbour, name)
            reports.append(self.report(name))
        self.await_end(load, STALLING)
        return reports

    def bench(self, name, *arguments):
        options = {"--server": self.engine.address, "--engine-pid": self.engine.process.pid, "--table": name,
                   "--json": self.work / f"{name}.json"}
        given = list(arguments)
        for option, value in options.items():
            if option not in given:
                given += [option, value]
        command = [binary("lakehead-bench"), "run", "--workload", "telemetry", "--named", *given]
        with open(self.work / f"{name}.txt", "wb") as output:
            process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, preexec_fn=end_with_parent)
        self.processes.append(process)
        return process

    def await_end(self, process, name):
        while process.poll() is None:
            time.sleep(SAMPLE_SECONDS)
            if time.monotonic() > self.deadline:
                raise Failed(f"it has not come to its end within {self.options.minutes:g} minutes")
            if self.samples.disk_bytes_max > self.options.disk_gb * 1e9:
                raise Failed(f"it takes more than {self.options.disk_gb:g} GB of the disk")
            if not self.engine.alive:
                raise Failed(f"the engine ended with {self.engine.process.returncode}: {self.engine.log_tail()}")
        if process.returncode not in (0, 1):
            raise Failed(f"lakehead-bench ({name}) ended with {process.returncode}: {self.said_by(name)}")

    def said_by(self, name):
        return (self.work / f"{name}.txt").read_text(errors="replace")[-2000:]

    def report(self, name):
        return json.loads((self.work / f"{name}.json").read_text())

    def end(self):
        if self.samples:
            self.samples.ended.set()
        # The mount first: who waits for it cannot be killed.
        if self.store:
            self.store.end()
        for process in self.processes:
            process.kill()
            process.wait()
        if self.engine:
            self.engine.kill()


def judge(run, load, neighbours):
    """Prints the figures; says which limits were broken."""
    options, samples, stalls = run.options, run.samples, run.stalls
    rows, throughput = load["rows"], load["throughput"]
    print(f"{throughput['row_bytes'] / 1e9:.2f} GB, {rows['sent']:,} rows over {options.connections} connections in "
          f"{throughput['elapsed_seconds']:.1f} s: {throughput['megabytes_per_second']:.1f} MB/s until all was committed")
    began = load["sending_started_unix_ms"] / 1000
    overlap = stalls.overlap(began, began + throughput["elapsed_seconds"])
    print(f"the store stalled {options.stall:g} s of every {options.every:g} s, {overlap:.0f} s in all")
    stalled, going = phases([load], stalls)
    for name, phase in (("stalled", stalled), ("went", going)):
        print(f"  while it {name} ({phase.seconds} s): {phase.megabytes_per_second(phase.rows_durable):,.1f} MB/s became "
              f"durable, {phase.megabytes_per_second(phase.rows_committed):,.1f} MB/s committed")
    held, held_otherwise, limit = held_back(load, stalls)
    print(f"backpressure: in {held} of {stalled.seconds} s of stalls (and in {held_otherwise} s beside them) fewer than "
          f"{limit:,} rows became durable")
    only_durable = only_durable_max(load)
    print(f"  at most {only_durable:,} rows ({only_durable * ROW_BYTES / 1e6:,.0f} MB) were durable and not committed")
    broken = []
    if not held:
        broken.append("producers were not held back in a stall")
    if only_durable * ROW_BYTES < (options.log_mb << 20) * IN_LOG_SHARE_MIN:
        broken.append("few rows were durable before they were committed")
    budget, base = options.budget_mb << 20, MEMORY_BASE_MB << 20
    print(f"engine memory: {samples.memory_bytes_max / 2**20:,.0f} MiB resident at most; budget {options.budget_mb:,} MiB, and "
          f"{MEMORY_BASE_MB} MiB for what no budget counts")
    if samples.memory_bytes_max > budget + base:
        broken.append("the engine's memory passed its limit")
    print(f"log: {samples.log_bytes_max / 2**20:,.0f} MiB of files at most; limit {options.log_mb:,} MiB")
    if samples.log_bytes_max > (options.log_mb << 20) + MANIFEST_BYTES:
        broken.append("the log passed its limit")
    broken += judge_neighbour(phases(neighbours, stalls), options)
    for name, report in [(STALLING, load), *((HEALTHY, report) for report in neighbours)]:
        if report["rows"]["verdict"] != "exactly_once" or report["failures"]:
            broken.append(f"{name}: {report['rows']} {report['failures']}")
    sent = sum(report["rows"]["sent"] for report in neighbours)
    if not broken:
        print(f"{rows['read_back']['read']:,} rows of {STALLING} and {sent:,} of {HEALTHY} were read back: each is there once")
    return broken


def judge_neighbour(both, options):
    figures = []
    for name, phase in zip(("stalled", "went"), both):
        histograms = (phase.durable_us, phase.committed_us)
        found = [quantile_ms(histogram, quantile) for histogram in histograms for quantile in (0.5, 0.99)]
        if None in found:
            return [f"{HEALTHY}: nothing was acknowledged while the other's store {name}"]
        figures.append(found)
        print(f"{HEALTHY} ({options.healthy_mb_per_second:g} MB/s) while the other's store {name}: durable p50 "
              f"{found[0]:.1f} ms, p99 {found[1]:.1f} ms; committed p50 {found[2]:,.0f} ms, p99 {found[3]:,.0f} ms")
    stalled, went = figures
    broken = []
    for what, at, slack in (("durable", 1, DURABLE_SLACK_MS), ("committed", 3, COMMITTED_SLACK_MS)):
        if stalled[at] > SLOWER * went[at] + slack:
            broken.append(f"{HEALTHY}: {what} p99 was {stalled[at]:,.1f} ms while the other's store stalled, {went[at]:,.1f} ms "
                          "otherwise")
    return broken


def main():
    arguments = argparse.ArgumentParser(prog="perf/stalling_store", description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gigabytes", type=float, default=60, help="of rows in Arrow's layout (default: %(default)s)")
    arguments.add_argument("--log-mb", type=int, default=2048, help="all logs together (default: %(default)s)")
    arguments.add_argument("--budget-mb", type=int, default=2048, help="the engine's memory (default: %(default)s)")
    arguments.add_argument("--stall", type=float, default=30, help="seconds of a stall (default: %(default)s)")
    arguments.add_argument("--every", type=float, default=120,
                           help="seconds from one stall's beginning to the next one's (default: %(default)s)")
    arguments.add_argument("--connections", type=int, default=8, help="to the first table (default: %(default)s)")
    arguments.add_argument("--healthy-mb-per-second", type=float, default=1, help="to the second table (default: %(default)s)")
    arguments.add_argument("--minutes", type=float, default=60, help="after which it is given up (default: %(default)s)")
    arguments.add_argument("--disk-gb", type=float, default=40, help="that it may take (default: %(default)s)")
    arguments.add_argument("--work-dir", type=Path, default=ROOT / "target", help="where it writes (default: target)")
    arguments.add_argument("--out", type=Path, help="also write the generator's reports to this JSON file")
    options = arguments.parse_args()
    if not 0 < options.stall < options.every:
        arguments.error("--stall has to be shorter than --every")
    if lacking := list(mounts.missing()):
        arguments.error(f"no FUSE file system on this machine: {'; '.join(lacking)}")
    needed = min(options.disk_gb, options.gigabytes * STORED_SHARE + options.log_mb / 1000)
    if (free := shutil.disk_usage(options.work_dir).free / 1e9) < needed:
        arguments.error(f"{options.work_dir} has {free:.0f} GB free, {needed:.0f} GB may be needed")
    mounts.make_private()
    # As an exception, so that everything is ended and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    work = Path(tempfile.mkdtemp(prefix="stalling-store-", dir=options.work_dir))
    run = Run(work, options)
    broken = []
    try:
        load, neighbours = run.run()
        broken = judge(run, load, neighbours)
        if options.out:
            options.out.write_text(json.dumps({STALLING: load, HEALTHY: neighbours}) + "\n")
    except (Failed, CannotMount, OSError, RuntimeError, TimeoutError, subprocess.TimeoutExpired) as failure:
        broken = [f"{type(failure).__name__}: {failure}"]
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        run.end()
        shutil.rmtree(work, ignore_errors=True)
    for sentence in broken:
        print(f"BROKEN: {sentence}")
    print("BAD" if broken else "good")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
