"""Which operations of a store go wrong, and how.

The control file is JSON and is read again whenever it has changed:

    {"seed": 7,
     "rules": [{"operation": "link", "fault": "fail_after", "rate": 0.2, "path": "_delta_log", "times": 5}],
     "stall": {"seconds": 5, "every": 30}}

  operation   of faulty_store.py (create, write, fsync, link, unlink, mkdir, open, read, fsyncdir, …), or "*"
  fault       fail_before   nothing is done, and the error is answered
              fail_after    it is done, and the error is answered all the same
              half          a write: half of it is done, then the error is answered
              short         a write: half of it is done and said to be
              delay         it is done `seconds` late
              hang          it is done when the rule is gone, or not at all when its caller dies before
  rate        of the operations that match (1), drawn from the seed
  path        only paths that contain this
  times       at most so often in all
  error       what is answered (EIO), such as ENOSPC
A stall is the whole store's: after every `every` seconds of service nothing is done for `seconds`. Met faults are counted.
"""

import errno
import json
import os
import random
import threading
import time
from collections import Counter

FAULTS = ("fail_before", "fail_after", "half", "short", "delay", "hang")
ERROR = "EIO"
POLL_SECONDS = 0.02

# All that a store may do to an engine that goes on, each seldom enough.
EVERYTHING = [
    {"operation": operation, "fault": fault, "rate": rate, "times": 1000, **more}
    for operation, fault, rate, more in (
        ("link", "fail_after", 0.2, {}),
        ("link", "fail_before", 0.1, {}),
        ("fsync", "fail_after", 0.05, {}),
        ("fsync", "fail_before", 0.05, {}),
        ("fsyncdir", "fail_after", 0.1, {}),
        ("fsyncdir", "fail_before", 0.05, {}),
        ("create", "fail_after", 0.05, {}),
        ("create", "fail_before", 0.05, {"error": "ENOSPC"}),
        ("unlink", "fail_after", 0.1, {}),
        ("unlink", "fail_before", 0.1, {}),
        ("write", "half", 0.05, {"error": "ENOSPC"}),
        ("write", "short", 0.1, {}),
        ("read", "fail_before", 0.02, {}),
        ("open", "fail_before", 0.02, {}),
        ("link", "delay", 0.1, {"seconds": 0.3}),
        ("fsync", "delay", 0.1, {"seconds": 0.3}),
    )
]


class Faults:
    def __init__(self, control):
        self.control = control
        self.lock = threading.Lock()
        self.met = Counter()
        self.seen = None
        self.is_interrupted = lambda: False
        self.began = time.monotonic()
        self.read()

    def read(self):
        """Takes in the control file if it is another one than before."""
        status = os.stat(self.control)
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen == self.seen:
            return
        with open(self.control, encoding="utf-8") as file:
            said = json.load(file)
        rules = said.get("rules", [])
        for rule in rules:
            if rule["fault"] not in FAULTS or not hasattr(errno, rule.get("error", ERROR)):
                raise ValueError(f"{rule} names no fault or error")
        self.rules, self.stall = rules, said.get("stall")
        self.left = [rule.get("times") for rule in rules]
        self.random = random.Random(said.get("seed", 0))
        self.seen = seen

    def choose(self, operation, path):
        """The rule that this operation falls under, or None."""
        with self.lock:
            self.read()
            for index, rule in enumerate(self.rules):
                if rule["operation"] not in (operation, "*") or rule.get("path", "") not in path or self.left[index] == 0:
                    continue
                if self.random.random() < rule.get("rate", 1):
                    if self.left[index] is not None:
                        self.left[index] -= 1
                    self.met[f"{operation} {rule['fault']}"] += 1
                    return rule
        return None

    def carry_out(self, operation, path, act, size=0):
        """Does it with `act`, or not, or otherwise; `act` of a write takes how many bytes."""
        self.await_service()
        rule = self.choose(operation, path)
        fault = rule and rule["fault"]
        if fault == "delay":
            time.sleep(rule["seconds"])
        if fault == "hang":
            self.await_end_of(rule)
        if fault == "fail_before":
            raise error_of(rule, "before")
        if operation == "write":
            result = act(size // 2 if fault in ("half", "short") else size)
        else:
            result = act()
        if fault in ("fail_after", "half"):
            raise error_of(rule, "after")
        return result

    def await_end_of(self, rule):
        while True:
            with self.lock:
                self.read()
                if not any(other is rule for other in self.rules):
                    return
            if self.is_interrupted():
                raise OSError(errno.EINTR, "its caller is gone")
            time.sleep(POLL_SECONDS)

    def await_service(self):
        """Waits while the store stalls."""
        with self.lock:
            self.read()
            stall = self.stall
        if not stall:
            return
        into = (time.monotonic() - self.began) % (stall["every"] + stall["seconds"]) - stall["every"]
        if into >= 0:
            self.met["stall"] += 1
            time.sleep(stall["seconds"] - into)


def error_of(rule, moment):
    return OSError(getattr(errno, rule.get("error", ERROR)), f"{moment} {rule['operation']}")
