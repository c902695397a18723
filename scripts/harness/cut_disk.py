"""A disk with a volatile cache whose power can be cut, as one file of a FUSE file system.

What was written is in `current`, and in `durable` only after a flush that came later. When the power fails the disk takes
nothing any more; what was not flushed, or was on its way, is lost, or by chance survives in part: a disk writes back in any
order, and a sector of 512 bytes at a time.
"""

import errno
import os
import random
import stat
import threading
from dataclasses import dataclass
from types import SimpleNamespace

from . import fuse

NAME = b"disk"
NODE = 2
SECTOR_BYTES = 512
FILE_HANDLE = 1
# A real cache is finite too: beyond this it writes back by itself.
CACHE_BYTES_MAX = 256 << 20

LOSSES = ("all", "requests", "sectors")
OPERATIONS = ("read", "write", "fsync")


@dataclass
class Lost:
    """What a power cut found in the cache, and left of it."""

    requests: int
    bytes: int
    survived_bytes: int


class CutDisk(fuse.FileSystem):
    def __init__(self, durable, current):
        """Paths of two files with equal content."""
        self.durable, self.current = os.open(durable, os.O_RDWR), os.open(current, os.O_RDWR)
        self.size = os.fstat(self.current).st_size
        self.lock = threading.Lock()
        self.cache, self.cache_bytes, self.flushes = [], 0, 0
        self.held = False
        self.failed, self.failures_left = (), None
        self.requests_left = None
        self.failing = threading.Condition(self.lock)

    # The power.

    def hold(self, requests, seconds):
        """The power fails as so many more requests have come, or after that time: nothing is answered any more.

        Counting requests hits the moments between a write and its flush, which are rare otherwise.
        """
        with self.failing:
            self.requests_left = requests
            self.failing.wait_for(lambda: self.requests_left <= 0, seconds)
            self.held, self.requests_left = True, None

    def count_request(self):
        if self.requests_left is not None:
            self.requests_left -= 1
            if self.requests_left <= 0:
                self.held = True
                self.failing.notify_all()

    def fail(self, operations=OPERATIONS, times=None):
        """Whoever waited for one of these operations, or asks for it from now on, gets an error, at most so many times.

        With the power cut nobody lives who could be misled by it. A disk that is broken is another matter.
        """
        with self.failing:
            self.held, self.failed, self.failures_left = False, tuple(operations), times
            self.failing.notify_all()

    def restore(self, loss, seed):
        """The power is back; answers what was lost."""
        chance = random.Random(seed)
        with self.lock:
            survived = 0
            for offset, data in self.cache:
                survived += self.write_back(offset, data, survivors(len(data), loss, chance))
            for offset, data in self.cache:
                os.pwrite(self.current, os.pread(self.durable, len(data), offset), offset)
            lost = Lost(len(self.cache), self.cache_bytes, survived)
            self.cache, self.cache_bytes, self.failed = [], 0, ()
            return lost

    def write_back(self, offset, data, ranges):
        return sum(os.pwrite(self.durable, data[start:end], offset + start) for start, end in ranges)

    def flush_cache(self):
        for offset, data in self.cache:
            os.pwrite(self.durable, data, offset)
        self.cache, self.cache_bytes = [], 0

    # What the kernel asks.

    def write(self, request):
        _, offset, size, *_ = fuse.TRANSFER.unpack_from(request.body)
        data = bytes(request.body[fuse.TRANSFER.size:fuse.TRANSFER.size + size])
        with self.lock:
            self.count_request()
            if not self.fails("write"):
                self.cache.append((offset, data))  # also when held: it may reach the platter, only nobody hears of it
                self.cache_bytes += size
            self.await_power("write")
            os.pwrite(self.current, data, offset)
            if self.cache_bytes > CACHE_BYTES_MAX:
                self.flush_cache()
        return fuse.WRITTEN.pack(size, 0)

    def fsync(self, request):
        with self.lock:
            self.count_request()
            self.await_power("fsync")
            self.flush_cache()
            self.flushes += 1
        return b""

    def read(self, request):
        _, offset, size, *_ = fuse.TRANSFER.unpack_from(request.body)
        with self.lock:
            self.await_power("read")
        return os.pread(self.current, size, offset)

    def await_power(self, operation):
        while self.held:
            self.failing.wait()
        if self.fails(operation):
            if self.failures_left is not None:
                self.failures_left -= 1
            raise OSError(errno.EIO, "no power, or a broken disk")

    def fails(self, operation):
        return operation in self.failed and self.failures_left != 0

    def lookup(self, request):
        if request.names() != [NAME]:
            raise OSError(errno.ENOENT, "there is only the disk")
        return fuse.entry(NODE, self.status(NODE))

    def getattr(self, request):
        return fuse.attributes_answer(request.node, self.status(request.node))

    def status(self, node):
        """As os.stat has it."""
        folder = node == fuse.ROOT_NODE
        return SimpleNamespace(
            st_size=0 if folder else self.size, st_blocks=0, st_atime_ns=0, st_mtime_ns=0, st_ctime_ns=0,
            st_mode=stat.S_IFDIR | 0o700 if folder else stat.S_IFREG | 0o600, st_nlink=1, st_uid=0, st_gid=0)

    def open(self, request):
        return fuse.OPENED.pack(FILE_HANDLE, fuse.OPENED_DIRECT_IO, 0)

    def release(self, request):
        return b""


def survivors(size, loss, chance):
    """Ranges of an unflushed request that reached the platter."""
    if loss == "all" or (loss == "requests" and chance.random() < 0.5):
        return []
    if loss == "requests":
        return [(0, size)]
    share = chance.choice((0, 0.1, 0.5, 0.9, 1))
    return [(start, min(start + SECTOR_BYTES, size)) for start in range(0, size, SECTOR_BYTES) if chance.random() < share]
