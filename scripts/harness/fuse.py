"""A FUSE server without a library: the kernel's messages over /dev/fuse, answered by methods.

A `FileSystem` has a method per operation, named as in OPERATIONS, that takes the request and answers bytes; it raises OSError
to answer an error. What has no method is answered ENOSYS, after which the kernel does without. Several threads read requests,
so that a method may wait without holding up others.

Whoever mounts must never touch the mounted folder from the serving process itself: it would wait for its own answer.
"""

import errno
import os
import struct
import threading
import traceback
from dataclasses import dataclass

from . import mounts

OPERATIONS = {
    1: "lookup", 3: "getattr", 4: "setattr", 9: "mkdir", 10: "unlink", 11: "rmdir", 12: "rename", 13: "link", 14: "open",
    15: "read", 16: "write", 17: "statfs", 18: "release", 20: "fsync", 26: "init", 27: "opendir", 28: "readdir",
    29: "releasedir", 30: "fsyncdir", 35: "create", 38: "destroy", 45: "rename2",
}
FORGET, INTERRUPT, BATCH_FORGET = 2, 36, 42
UNANSWERED = (FORGET, INTERRUPT, BATCH_FORGET)

REQUEST = struct.Struct("<IIQQIIIHH")
ANSWER = struct.Struct("<IiQ")
INIT = struct.Struct("<IIII")
INIT_ANSWER = struct.Struct("<IIIIHHIIHHII24x")
ATTRIBUTES = struct.Struct("<6Q10I")
ENTRY = struct.Struct("<QQQQII")
ATTRIBUTES_ANSWER = struct.Struct("<QII")
OPENED = struct.Struct("<QII")
TRANSFER = struct.Struct("<QQIIQII")
WRITTEN = struct.Struct("<II")
INTERRUPTED = struct.Struct("<Q")

MAJOR, MINOR = 7, 31
WRITE_BYTES_MAX = 1 << 20
PAGES_MAX = WRITE_BYTES_MAX // 4096
ASYNC_READ, BIG_WRITES, ASYNC_DIRECT_IO, PARALLEL_DIRECTORIES, MAX_PAGES = 1 << 0, 1 << 5, 1 << 15, 1 << 18, 1 << 22
OPENED_DIRECT_IO = 1
ROOT_NODE = 1

@dataclass
class Request:
    node: int
    body: memoryview

    def names(self, skip=0):
        """The zero-terminated names behind `skip` bytes."""
        return bytes(self.body[skip:]).split(b"\0")[:-1]


def attributes(number, status):
    """The kernel's attributes of inode `number`, of an os.stat_result."""
    times = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    return ATTRIBUTES.pack(
        number, status.st_size, status.st_blocks, *(time // 10**9 for time in times), *(time % 10**9 for time in times),
        status.st_mode, status.st_nlink, status.st_uid, status.st_gid, 0, 4096, 0)


def entry(node, status):
    """The answer to a lookup; nothing of it may be cached."""
    return ENTRY.pack(node, 0, 0, 0, 0, 0) + attributes(node, status)


def attributes_answer(node, status):
    return ATTRIBUTES_ANSWER.pack(0, 0, 0) + attributes(node, status)


class FileSystem:
    """To be served by `mount` and `serve`."""

    def mount(self, folder):
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        data = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
        mounts.mount("lakehead", folder, "fuse", data)

    def serve(self, threads):
        """Starts the threads; they end when the file system is unmounted."""
        self.interrupted, self.serving = set(), threading.local()
        self.threads = [threading.Thread(target=self.answer_or_end, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def answer_or_end(self):
        """A request that is never answered holds up its caller, and whoever waits for that, for ever: rather the process ends."""
        try:
            self.answer_requests()
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    def answer_requests(self):
        buffer = bytearray(WRITE_BYTES_MAX + 65536)
        view = memoryview(buffer)
        while True:
            try:
                length = os.readv(self.device, [buffer])
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                return  # ENODEV: unmounted
            _, code, unique, node, *_ = REQUEST.unpack_from(buffer)
            if code == INTERRUPT:
                self.interrupted.add(INTERRUPTED.unpack_from(buffer, REQUEST.size)[0])
            if code in UNANSWERED:
                continue
            self.serving.unique = unique
            self.answer(unique, *self.result_of(code, Request(node, view[REQUEST.size:length])))

    def is_interrupted(self):
        """Whether whoever waits for the request that this thread serves is being killed, or got a signal."""
        return self.serving.unique in self.interrupted

    def result_of(self, code, request):
        method = getattr(self, OPERATIONS.get(code, ""), None)
        if method is None:
            return errno.ENOSYS, b""
        try:
            return 0, method(request)
        except OSError as error:
            return error.errno or errno.EIO, b""

    def answer(self, unique, error, content):
        self.interrupted.discard(unique)
        try:
            os.writev(self.device, [ANSWER.pack(ANSWER.size + len(content), -error, unique), content])
        except OSError as failure:
            if failure.errno not in (errno.ENOENT, errno.ENODEV):  # nobody waits for it any more
                raise

    def init(self, request):
        _, _, readahead, offered = INIT.unpack_from(request.body)
        wanted = ASYNC_READ | BIG_WRITES | ASYNC_DIRECT_IO | PARALLEL_DIRECTORIES | MAX_PAGES
        return INIT_ANSWER.pack(MAJOR, MINOR, readahead, wanted & offered, 64, 48, WRITE_BYTES_MAX, 1, PAGES_MAX, 0, 0, 0)

    def destroy(self, request):
        return b""
