#!/usr/bin/env python3
"""A folder for tables whose operations fail, stall, or are done although they are said to have failed.

    faulty_store.py MOUNT_DIR BELOW_DIR --control FILE       faults as faults.py has them; the file may change at any time
    faulty_store.py MOUNT_DIR BELOW_DIR --stall 20 --every 60

What is written to MOUNT_DIR is in BELOW_DIR, where it can be read without faults. A line of JSON is printed when it is mounted,
and for each line `met` on standard input: the counts of faults so far, and the time from which stalls are counted. It ends,
unmounted, at the end of standard input or by SIGTERM. Needs root. Mounted before the engine starts, on DATA_DIR/tables, it is the engine's store; `unshare --mount` before a
shell that runs both sees to it that the mount ends with them.
"""

import argparse
import errno
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import mounts  # noqa: E402
from harness.faults import Faults  # noqa: E402
from harness.mount_process import MountProcess  # noqa: E402
from harness.passed_folder import PassedFolder  # noqa: E402

THREADS = 16


class FaultyStore:
    """The same for a program that starts it: `faults` says what goes wrong from now on, and `met` counts it."""

    def __init__(self, folder, below, control):
        self.folder, self.below, self.control = Path(folder), Path(below), Path(control)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.below.mkdir(parents=True, exist_ok=True)
        self.faults()
        self.process = MountProcess("faulty_store.py", self.folder, self.below, "--control", self.control)

    def faults(self, *rules, seed=1, stall=None):
        replacement = self.control.with_suffix(".new")
        replacement.write_text(json.dumps({"seed": seed, "rules": rules, "stall": stall}), encoding="utf-8")
        os.replace(replacement, self.control)

    def met(self):
        return self.process.ask("met")["met"]

    def began(self):
        """The monotonic time from which stalls are counted."""
        return self.process.ask("met")["began"]

    def end(self):
        self.process.end()
        if is_mounted_still(self.folder):
            mounts.unmount_detached(self.folder)


def is_mounted_still(folder):
    """A mount whose server was killed answers nothing but an error."""
    try:
        os.stat(folder)
        return os.path.ismount(folder)
    except OSError as error:
        return error.errno == errno.ENOTCONN


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", metavar="MOUNT_DIR", type=Path)
    arguments.add_argument("below", metavar="BELOW_DIR", type=Path)
    arguments.add_argument("--control", type=Path, help="what goes wrong (faults.py)")
    arguments.add_argument("--stall", type=float, metavar="SECONDS", help="how long nothing is done ...")
    arguments.add_argument("--every", type=float, metavar="SECONDS", default=60, help="... after so many seconds of service")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="lakehead-faults-") as own:
        control = options.control or Path(own) / "control.json"
        if options.control is None:
            stall = {"seconds": options.stall, "every": options.every} if options.stall else None
            control.write_text(json.dumps({"stall": stall}), encoding="utf-8")
        try:
            serve(options.folder, options.below, Faults(control))
        except (OSError, ValueError) as failure:
            print(json.dumps({"failed": f"{type(failure).__name__}: {failure}"}), flush=True)
            return 1
    os._exit(0)  # threads wait for the kernel


def serve(folder, below, faults):
    store = PassedFolder(below, faults)
    store.mount(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        store.serve(THREADS)
        print(json.dumps({"mounted": str(folder)}), flush=True)
        for line in sys.stdin:
            print(json.dumps({"met": faults.met, "began": faults.began}), flush=True)
    finally:
        mounts.unmount_detached(folder)


if __name__ == "__main__":
    sys.exit(main())
