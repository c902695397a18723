"""A folder passed through FUSE: every operation is done in another folder, unless faults (faults.py) have it otherwise.

Nodes are paths: a file with two names has two, so that nothing is cached and no rename of the folder itself is followed.
"""

import errno
import os
import stat
import struct
import threading

from . import fuse

SET_MODE, SET_SIZE = 1, 8
HANDLE = struct.Struct("<Q")
SETATTR = struct.Struct("<IIQQ")
OPEN, CREATE, MKDIR, RENAME2 = struct.Struct("<II"), struct.Struct("<IIII"), struct.Struct("<II"), struct.Struct("<QII")
STATFS = struct.Struct("<5Q3I28x")
ENTRY_OF_FOLDER = struct.Struct("<QQII")


class PassedFolder(fuse.FileSystem):
    def __init__(self, below, faults):
        """`below` is where everything really is."""
        self.below, self.faults = os.path.abspath(below), faults
        faults.is_interrupted = self.is_interrupted
        self.lock = threading.Lock()
        self.paths, self.nodes, self.last_node = {fuse.ROOT_NODE: ""}, {"": fuse.ROOT_NODE}, fuse.ROOT_NODE
        self.handles, self.last_handle = {}, 0

    # Names and handles.

    def path(self, node):
        with self.lock:
            if node not in self.paths:
                raise OSError(errno.ESTALE, "its name is gone")
            return self.paths[node]

    def child(self, request, skip=0):
        (name,) = request.names(skip)
        return os.path.join(self.path(request.node), os.fsdecode(name))

    def real(self, path):
        return os.path.join(self.below, path)

    def entry_of(self, path):
        status = os.lstat(self.real(path))
        with self.lock:
            node = self.nodes.get(path)
            if node is None:
                self.last_node = node = self.last_node + 1
                self.nodes[path], self.paths[node] = node, path
        return fuse.entry(node, status)

    def forget_path(self, path):
        """The name is gone; handles stay good."""
        with self.lock:
            self.paths.pop(self.nodes.pop(path, None), None)

    def opened(self, descriptor, path):
        with self.lock:
            self.last_handle += 1
            self.handles[self.last_handle] = descriptor, path
            return fuse.OPENED.pack(self.last_handle, 0, 0)

    def handle(self, request):
        with self.lock:
            return self.handles[HANDLE.unpack_from(request.body)[0]]

    def release(self, request):
        with self.lock:
            descriptor, _ = self.handles.pop(HANDLE.unpack_from(request.body)[0])
        os.close(descriptor)
        return b""

    releasedir = release

    # What is read.

    def lookup(self, request):
        return self.entry_of(self.child(request))

    def getattr(self, request):
        flags, _, handle = struct.unpack_from("<IIQ", request.body)
        if flags & 1:
            with self.lock:
                descriptor, _ = self.handles[handle]
            return fuse.attributes_answer(request.node, os.fstat(descriptor))
        return fuse.attributes_answer(request.node, os.lstat(self.real(self.path(request.node))))

    def open(self, request):
        flags, _ = OPEN.unpack_from(request.body)
        path = self.path(request.node)
        keep = flags & ~(os.O_CREAT | os.O_EXCL | os.O_NOCTTY | os.O_APPEND)
        return self.faults.carry_out("open", path, lambda: self.opened(os.open(self.real(path), keep | os.O_CLOEXEC), path))

    def opendir(self, request):
        path = self.path(request.node)
        return self.opened(os.open(self.real(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), path)

    def readdir(self, request):
        _, offset, size, *_ = fuse.TRANSFER.unpack_from(request.body)
        _, path = self.handle(request)
        names = [(".", stat.S_IFDIR), ("..", stat.S_IFDIR)]
        names += [(entry.name, entry.stat(follow_symlinks=False).st_mode)
                  for entry in sorted(os.scandir(self.real(path)), key=lambda entry: entry.name)]
        listing = b""
        for place, (name, mode) in enumerate(names[offset:], offset + 1):
            raw = os.fsencode(name)
            item = ENTRY_OF_FOLDER.pack(place + 1, place, len(raw), mode >> 12) + raw
            item += bytes(-len(item) % 8)
            if len(listing) + len(item) > size:
                break
            listing += item
        return listing

    def read(self, request):
        _, offset, size, *_ = fuse.TRANSFER.unpack_from(request.body)
        descriptor, path = self.handle(request)
        return self.faults.carry_out("read", path, lambda: os.pread(descriptor, size, offset))

    def statfs(self, request):
        found = os.statvfs(self.below)
        return STATFS.pack(found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree, found.f_bsize,
                           found.f_namemax, found.f_frsize)

    # What is written.

    def create(self, request):
        flags, mode, *_ = CREATE.unpack_from(request.body)
        path = self.child(request, CREATE.size)

        def act():
            descriptor = os.open(self.real(path), flags & ~os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, stat.S_IMODE(mode))
            return self.entry_of(path) + self.opened(descriptor, path)

        return self.faults.carry_out("create", path, act)

    def write(self, request):
        _, offset, size, *_ = fuse.TRANSFER.unpack_from(request.body)
        descriptor, path = self.handle(request)
        data = request.body[fuse.TRANSFER.size:fuse.TRANSFER.size + size]
        written = self.faults.carry_out("write", path, lambda bytes_: os.pwrite(descriptor, data[:bytes_], offset), size)
        return fuse.WRITTEN.pack(written, 0)

    def fsync(self, request):
        descriptor, path = self.handle(request)
        self.faults.carry_out("fsync", path, lambda: os.fsync(descriptor))
        return b""

    def fsyncdir(self, request):
        descriptor, path = self.handle(request)
        self.faults.carry_out("fsyncdir", path, lambda: os.fsync(descriptor))
        return b""

    def mkdir(self, request):
        mode, _ = MKDIR.unpack_from(request.body)
        path = self.child(request, MKDIR.size)
        self.faults.carry_out("mkdir", path, lambda: os.mkdir(self.real(path), stat.S_IMODE(mode)))
        return self.entry_of(path)

    def link(self, request):
        source, target = self.path(HANDLE.unpack_from(request.body)[0]), self.child(request, HANDLE.size)
        self.faults.carry_out("link", target, lambda: os.link(self.real(source), self.real(target)))
        return self.entry_of(target)

    def unlink(self, request):
        path = self.child(request)
        self.faults.carry_out("unlink", path, lambda: (os.unlink(self.real(path)), self.forget_path(path)))
        return b""

    def rmdir(self, request):
        path = self.child(request)
        self.faults.carry_out("rmdir", path, lambda: (os.rmdir(self.real(path)), self.forget_path(path)))
        return b""

    def rename(self, request, skip=HANDLE.size):
        folder = self.path(HANDLE.unpack_from(request.body)[0])
        old, new = (os.fsdecode(name) for name in request.names(skip))
        old, new = os.path.join(self.path(request.node), old), os.path.join(folder, new)
        if os.path.isdir(self.real(old)):
            raise OSError(errno.EXDEV, "folders stay where they are")

        def act():
            os.rename(self.real(old), self.real(new))
            self.forget_path(new)
            with self.lock:
                node = self.nodes.pop(old, None)
                if node is not None:
                    self.nodes[new], self.paths[node] = node, new

        self.faults.carry_out("rename", new, act)
        return b""

    def rename2(self, request):
        if RENAME2.unpack_from(request.body)[1]:
            raise OSError(errno.EINVAL, "no flags")
        return self.rename(request, RENAME2.size)

    def setattr(self, request):
        valid, _, _, size = SETATTR.unpack_from(request.body)
        path = self.real(self.path(request.node))
        if valid & SET_SIZE:
            os.truncate(path, size)
        if valid & SET_MODE:
            os.chmod(path, stat.S_IMODE(struct.unpack_from("<I", request.body, 68)[0]))
        return fuse.attributes_answer(request.node, os.lstat(path))
