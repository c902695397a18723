"""kill -9 at random points, restart, repeat; in the end every row must be in its table once.

Under load from named and anonymous producers with fsynced ledgers and from `lakehead write` of file after file (load.py), the
target is killed and started again: the clients (the producers' process, or the writer), the engine on its port and data
directory, or by chance either. Named streams resume. An anonymous stream ends with its connection: of it, what was acknowledged
must be in its table once, the rest at most once. One of the tables has partitions.

A power cut takes the engine and its disk at once: what was not flushed is lost (all of it, some requests, or some sectors), the
file system is mounted again, and the engine started (volume.py). It needs root.

On a faulty store (faulty_store.py) what the engine does to its tables fails besides, before or after it was done, comes late or
is done by halves. With power cuts the tables are on the disk that loses power all the same.

Meanwhile small files are merged as often as can be, old log files cleaned up and orphans removed (upkeep_watch.py), and the
streams of one table get more columns, which are added to the table (workload.py). With --bad-rows some of the rows cannot be
taken by their tables and must be in the tables of rejected rows beside them.

By chance the engine is hit again while it starts. A kill counts when it hit a living process. Delays and targets come from the
seed; what the processes had done by then does not.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import diagnosis, mounts, volume  # noqa: E402
from harness.child import end_with_parent  # noqa: E402
from harness.cut_disk import LOSSES  # noqa: E402
from harness.deadline import wait_until  # noqa: E402
from harness.engine import Engine  # noqa: E402
from harness.faults import EVERYTHING  # noqa: E402
from harness.faulty_store import FaultyStore  # noqa: E402
from harness.load import FILE_TABLE, ROWS_PER_SECOND, TABLES, Load  # noqa: E402
from harness.mount_process import CannotMount  # noqa: E402
from harness.upkeep_watch import LOG_LEVELS, UpkeepWatch  # noqa: E402
from harness.workload import COLUMNS_MAX, Workload  # noqa: E402
from verifier.rejected import SUFFIX  # noqa: E402

TABLE_CONFIG = {"commit_interval_ms": 200, "checkpoint_interval": 10}
# Merging is slow enough for most kills to hit a merge.
UPKEEP_CONFIG = {"interval_ms": 100, "target_file_mb": 2, "bandwidth_mb_per_s": 4}
# An engine that finds what was staged for nothing before, and stages nothing itself but rows.
SETTLE_CONFIG = {**UPKEEP_CONFIG, "compact": False}
SETTLE_SECONDS = 60
# How long the load goes on after the last hit for upkeep that was asked for and did not come yet.
UPKEEP_SECONDS = 60
DELAY_SECONDS_MAX = 1.6
TARGETS = {"client": ["client"], "engine": ["engine"], "both": ["client", "engine"]}
CUT = "power cut"
# The power fails after at most so many further requests to the disk: anywhere in what a commit or a log block takes.
CUT_REQUESTS_MAX = 40
# How often the engine is hit again while it starts, and when.
EARLY_CHANCE, EARLY_SECONDS_MAX = 0.25, 0.2
# How often a hit of the engine waits for a merge, how long it waits before and then at most, and how far into it the merge is.
MERGE_CHANCE, BEFORE_MERGE_SECONDS_MAX, MERGE_SECONDS_MAX, INTO_MERGE_SECONDS_MAX = 0.75, 0.6, 4, 0.1
# Beside the mount of a faulty store, in the data directory: what is in it.
BELOW = "tables-below-the-faults"
# About how many seconds a hit takes, with what comes before and after; and least rows behind which a stream gets another column.
HIT_SECONDS, ROWS_PER_COLUMN_MIN = 1.5, 2_500


class KillLoop:
    def __init__(self, folder, options):
        folder = Path(folder)
        self.folder, self.options, self.random = folder, options, random.Random(options.seed)
        self.data = self.folder / "data"
        environment = {"LAKEHEAD_LOG": LOG_LEVELS, **self.canary()}
        self.engine = Engine(self.data, self.config(), environment=environment, before=end_with_parent)
        self.volume = volume.Volume(self.data, folder / "disk") if options.power_cuts else None
        self.store = None
        self.met = Counter()
        self.load = Load(self.folder, self.engine, self.workload())
        tables = self.data / (BELOW if options.faulty_store else "tables")
        watched = [*TABLES, FILE_TABLE, *(table + SUFFIX for table in TABLES if options.bad_rows)]
        self.watch = UpkeepWatch(self.engine, {name: tables / Path(*name.split(".")) for name in watched})
        self.hits = {"client": 0, "engine": 0, CUT: 0}
        self.hits_early = self.lost_bytes = self.survived_bytes = 0

    def config(self):
        policy = {"bad_rows": "divert"} if self.options.bad_rows else {}
        upkeep = UPKEEP_CONFIG if self.options.upkeep else {"compact": False, "clean_log": False, "remove_orphans": False}
        return {"tables": TABLE_CONFIG | policy, "upkeep": upkeep}

    def workload(self):
        """In a long loop the last column comes when most of it is over."""
        rows = (self.options.kills + self.options.power_cuts) * HIT_SECONDS * ROWS_PER_SECOND
        rows_per_column = max(int(rows / COLUMNS_MAX), ROWS_PER_COLUMN_MIN) if self.options.evolve else 0
        return Workload(rows_per_column, self.options.bad_rows)

    def canary(self):
        """What makes an engine that leaves out syncs, which must be found BAD."""
        if not self.options.no_sync:
            return {}
        library = self.folder / "no_sync.so"
        source = Path(__file__).with_name("no_sync.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
        return {"LD_PRELOAD": str(library), "LAKEHEAD_NO_SYNC": self.options.no_sync}

    def run(self):
        if self.volume:
            self.volume.start()
        if self.options.faulty_store:
            self.start_store()
        self.load.make_tables()
        self.engine.start()
        self.load.start()
        for what in self.events():
            self.hit(what)
        if self.store:
            self.met.update(self.store.met())
            self.store.faults()
        self.await_upkeep()
        self.load.finish()
        print(f"lakehead write had to be run again {self.load.reruns} times")
        self.stop_engine()
        self.settle()
        good = self.load.judge(self.is_durable_judged())
        for problem in self.watch.problems(self.options.upkeep, self.options.evolve):
            print(f"PROBLEM: {problem}")
            good = False
        print("\n".join(self.watch.story()))
        return good

    def await_upkeep(self):
        """A machine that is busy with other things may not have come to it."""
        try:
            wait_until("merges", lambda: self.watch.has_seen(self.options.upkeep, self.options.evolve), UPKEEP_SECONDS)
        except TimeoutError:
            pass  # which is told in the end

    def settle(self):
        """Has an engine remove what others left, if it is asked for upkeep."""
        self.watch.look()
        left = self.watch.bound() if self.options.upkeep else []
        if not left:
            return
        self.engine.config = {**self.engine.config, "upkeep": SETTLE_CONFIG}
        self.engine.start()
        self.load.start_late()
        try:
            wait_until("nothing left over", lambda: not any(path.exists() for path in left), SETTLE_SECONDS)
        except TimeoutError as late:
            print(f"PROBLEM: {late}")
        self.load.finish_late()
        self.stop_engine()
        self.watch.look()

    def events(self):
        """What is hit, in order."""
        kills = [self.random.choice(TARGETS[self.options.target]) for _ in range(self.options.kills)]
        events = kills + [CUT] * self.options.power_cuts
        self.random.shuffle(events)
        return events

    def hit(self, what):
        hit = None
        while hit is None:
            in_merge = what != "client" and self.options.upkeep and self.random.random() < MERGE_CHANCE
            time.sleep(self.random.uniform(0, BEFORE_MERGE_SECONDS_MAX if in_merge else DELAY_SECONDS_MAX))
            if in_merge:
                self.await_merge()
            if not self.engine.alive:
                raise RuntimeError(f"the engine ended by itself with {self.engine.process.returncode}: {self.engine.log_tail()}")
            hit = self.hit_now(what)
            self.load.revive()
        self.hits[what] += 1
        of = self.options.power_cuts if what == CUT else self.options.kills
        number = self.hits[CUT] if what == CUT else self.hits["client"] + self.hits["engine"]
        print(f"{CUT if what == CUT else 'kill'} {number} of {of} hit {hit}", flush=True)

    def await_merge(self):
        """An engine that was just started has none under way yet."""
        try:
            wait_until("a merge", lambda: not self.engine.alive or self.watch.is_merging(), MERGE_SECONDS_MAX)
        except TimeoutError:
            return
        time.sleep(self.random.uniform(0, INTO_MERGE_SECONDS_MAX))

    def hit_now(self, what):
        """Says what was hit, if anything was there to be hit."""
        if what == "client":
            living = self.load.living()
            if not living:
                return None
            victim = self.random.choice(living)
            self.load.kill(victim)
            return victim
        hit = "the engine"
        if what == CUT:
            loss = self.random.choice(LOSSES)
            self.watch.before_kill()
            lost = self.cut(loss)
            self.restart(lambda: self.cut(loss))
            hit += (f" and its disk, which loses {'' if loss == 'all' else 'some '}{loss} of {lost.requests} unflushed requests "
                    f"({lost.bytes:,} bytes, {lost.survived_bytes:,} survived)")
        else:
            self.watch.before_kill()
            self.engine.kill()
            self.restart(self.engine.kill)
        return hit

    def cut(self, loss):
        requests = self.random.randint(0, CUT_REQUESTS_MAX)
        processes, killed = [self.engine.process], lambda: None
        if self.store:
            self.met.update(self.store.met())
            processes.append(self.store.process.process)
            killed = self.store.end
        lost = self.volume.cut(processes, loss, self.random.randrange(1 << 32), requests, killed)
        if self.store:
            self.start_store()
        self.lost_bytes += lost.bytes - lost.survived_bytes
        self.survived_bytes += lost.survived_bytes
        return lost

    def start_store(self):
        """Mounts it on the tables' folder. What is below has to be where the tables are otherwise."""
        self.store = FaultyStore(self.data / "tables", self.data / BELOW, self.folder / "control.json")
        self.store.faults(*EVERYTHING, seed=self.random.randrange(1 << 32))

    def restart(self, hit):
        """Starts the engine; by chance it is hit again while it starts, which is when it recovers."""
        while self.random.random() < EARLY_CHANCE:
            self.engine.launch()
            time.sleep(self.random.uniform(0, EARLY_SECONDS_MAX))
            if not self.engine.alive:
                raise RuntimeError(f"the engine did not start, {self.engine.process.returncode}: {self.engine.log_tail()}")
            hit()
            self.hits_early += 1
        self.watch.look()
        self.engine.start()

    def is_durable_judged(self):
        """Whether rows that were acknowledged as durable must be there: by the flag, or because the engine has a log."""
        if self.options.durable is not None:
            return self.options.durable
        return (self.data / "log" / "manifest.json").exists()

    def stop_engine(self):
        self.engine.terminate()
        code = self.engine.wait()
        if code != 0:
            raise RuntimeError(f"the engine ended with {code} on SIGTERM: {self.engine.log_tail()}")

    def diagnosis(self):
        """What everybody is at, when something did not come to its end."""
        processes = {"the engine": self.engine.process, **self.load.processes}
        if self.store:
            processes["the store with faults"] = self.store.process.process
        if self.volume and self.volume.block:
            processes["the disk"] = self.volume.block.process
        logs = {"the engine's log": self.engine.log_path, "lakehead write's log": self.load.log_path("write"),
                "the producers' log": self.load.log_path("producers")}
        return f"== it is {datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z\n{diagnosis.report(processes, logs)}"

    def end(self):
        self.load.end()
        if self.store:
            self.store.end()
        self.engine.kill()
        if self.volume:
            if self.options.keep and self.data.is_mount():
                shutil.copytree(self.data, self.folder / "data-of-the-volume", ignore=shutil.ignore_patterns("lost+found"))
            self.volume.end()

    def summary(self):
        kills = self.hits["client"] + self.hits["engine"]
        words = [f"{kills} kills (clients {self.hits['client']}, engine {self.hits['engine']})"]
        if self.options.power_cuts:
            bytes_ = f"{self.lost_bytes:,} unflushed bytes lost, {self.survived_bytes:,} survived"
            words.append(f"{self.hits[CUT]} power cuts ({bytes_})")
        if self.hits_early:
            words.append(f"{self.hits_early} more hits of an engine that was starting")
        if self.options.faulty_store:
            words.append(f"{sum(self.met.values())} faults of the store")
        judged = "durable and committed acks" if self.is_durable_judged() else "committed acks"
        return f"{', '.join(words)}, {judged}, seed {self.options.seed}"


def main():
    arguments = argparse.ArgumentParser(
        prog="scripts/kill_loop", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--target", choices=TARGETS, required=True)
    arguments.add_argument("--kills", type=int, default=20)
    arguments.add_argument("--power-cuts", type=int, default=0, metavar="N", help="besides; needs root and loop devices")
    arguments.add_argument("--faulty-store", action="store_true", help="whose operations fail besides; needs root")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--upkeep", action=argparse.BooleanOptionalAction, default=True,
                           help="merge small files as often as can be, clean logs up, remove orphans (default)")
    arguments.add_argument("--evolve", action=argparse.BooleanOptionalAction, default=True,
                           help="streams get more columns, which are added to their table (default)")
    arguments.add_argument("--bad-rows", type=float, default=0, metavar="SHARE",
                           help="of the producers' rows that their tables cannot take and that are to be diverted")
    arguments.add_argument("--durable", action=argparse.BooleanOptionalAction, default=None,
                           help="rows acknowledged as durable must be in the tables (default: when the engine has a log)")
    arguments.add_argument("--no-sync", choices=["all", "folders", "files"],
                           help="an engine whose syncs do nothing, or those of these: power cuts must end BAD (needs cc)")
    arguments.add_argument("--keep", type=Path, help="keep tables, ledgers and logs in this new directory")
    options = arguments.parse_args()
    if options.power_cuts:
        lacking = list(volume.missing())
        if lacking:
            arguments.error(f"there are no power cuts on this machine: {'; '.join(lacking)}")
    elif options.faulty_store:
        lacking = list(mounts.missing())
        if lacking:
            arguments.error(f"there is no faulty store on this machine: {'; '.join(lacking)}")
    if options.power_cuts or options.faulty_store:
        mounts.make_private()
    if options.keep:
        options.keep.mkdir(parents=True)
        return run(options.keep, options)
    with tempfile.TemporaryDirectory(prefix="lakehead-kill-", ignore_cleanup_errors=True) as folder:
        return run(folder, options)


def run(folder, options):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    loop = KillLoop(folder, options)
    good = False
    try:
        good = loop.run()
        summary = loop.summary()
    except (RuntimeError, TimeoutError, CannotMount, OSError, subprocess.TimeoutExpired) as failure:
        print(f"FAILED: {failure}\n{loop.diagnosis()}", flush=True)
        summary = loop.summary()
    finally:
        loop.end()
    print(f"{summary}: {'good' if good else 'BAD'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
