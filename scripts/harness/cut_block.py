#!/usr/bin/env python3
"""A block device whose power can be cut (cut_disk.py), as a process; volume.py is for using it.

    cut_block.py STORE_DIR --megabytes 2048

FUSE serves the disk, with an empty ext4 file system on it, and a loop device with direct I/O makes a block device of it, so
that flushes reach it. Commands, each answered by a line of JSON: `attach` (answers the device), `detach` (it goes when it is
not used any more: to be said once it is mounted), `hold REQUESTS`, `fail [OPERATION [TIMES]]`, `restore LOSS SEED` (see
CutDisk), `flushes`.

The FUSE mount is this process's own, and what is mounted on the device must not be visible here: the kernel would unmount it in
our last moments, and wait for us. At the end of standard input the device is served until it is not used any more, or for
END_SECONDS; then, as when this process is killed, all who wait for it get errors.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import mounts  # noqa: E402
from harness.cut_disk import NAME, OPERATIONS, CutDisk  # noqa: E402
from harness.deadline import wait_until  # noqa: E402

THREADS = 8
TOOL_SECONDS, DETACH_SECONDS, HOLD_SECONDS, END_SECONDS = 60, 20, 2, 5


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TOOL_SECONDS)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


class CutBlock:
    def __init__(self, store, megabytes):
        self.beneath = store / "beneath"
        self.beneath.mkdir(parents=True)
        durable, current = store / "durable.image", store / "current.image"
        with open(durable, "wb") as file:
            file.truncate(megabytes << 20)
        run("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", str(durable))
        run("cp", "--sparse=always", str(durable), str(current))
        self.disk = CutDisk(durable, current)
        self.device = self.holder = None
        self.disk.mount(self.beneath)
        self.disk.serve(THREADS)

    def attach(self):
        self.device = run("losetup", "--find", "--show", "--direct-io=on", str(self.beneath / NAME.decode()))
        if self.attribute("dio") != "1":
            raise OSError(f"{self.device} does no direct I/O on a FUSE file: flushes would not mean anything")
        self.backing = self.attribute("backing_file")
        # The kernel puts it off until nobody has the device open: so it is detached whoever dies, and whenever.
        self.holder = os.open(self.device, os.O_RDONLY)
        run("losetup", "--detach", self.device)
        return {"device": self.device}

    def detach(self):
        if self.holder is not None:
            os.close(self.holder)
            self.holder = None
        return {}

    def hold(self, requests):
        self.disk.hold(int(requests), HOLD_SECONDS)
        return {}

    def fail(self, operation=None, times=None):
        self.disk.fail((operation,) if operation else OPERATIONS, times and int(times))
        return {}

    def restore(self, loss, seed):
        self.await_detached(DETACH_SECONDS)
        return dataclasses.asdict(self.disk.restore(loss, int(seed)))

    def flushes(self):
        return {"flushes": self.disk.flushes}

    def attribute(self, name):
        return Path(f"/sys/block/{Path(self.device).name}/loop/{name}").read_text().strip()

    def is_attached(self):
        """Whether the loop device is still ours."""
        try:
            return self.attribute("backing_file") == self.backing
        except OSError:
            return False

    def await_detached(self, seconds):
        wait_until(f"the end of {self.device}", lambda: not self.is_attached(), seconds)

    def end(self):
        if self.device is None or not self.is_attached():
            return
        try:
            self.detach()
            self.await_detached(END_SECONDS)
        except (OSError, TimeoutError):
            return  # whoever uses it gets errors when we are gone


COMMANDS = ("attach", "detach", "hold", "fail", "restore", "flushes")


def answer(**content):
    print(json.dumps(content), flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("store", metavar="STORE_DIR", type=Path, help="new directory for the disk's files")
    arguments.add_argument("--megabytes", type=int, default=2048)
    options = arguments.parse_args()
    block = None
    try:
        mounts.make_private()
        block = CutBlock(options.store, options.megabytes)
        answer(**block.attach())
        for line in sys.stdin:
            command, *words = line.split()
            if command not in COMMANDS:
                raise ValueError(f"{command} is none of {', '.join(COMMANDS)}")
            answer(**getattr(block, command)(*words))
    except (OSError, TimeoutError, ValueError, TypeError, subprocess.TimeoutExpired) as failure:
        answer(failed=f"{type(failure).__name__}: {failure}")
    finally:
        if block is not None:
            block.end()
        os._exit(0)  # threads wait for the kernel


if __name__ == "__main__":
    main()
