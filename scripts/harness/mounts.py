"""Mounts that nobody else sees and that end with us.

A process with private mounts, and its children, are alone in seeing what they mount; the kernel unmounts it when the last of
them is gone, however it ended.
"""

import ctypes
import os
import shutil
import subprocess
import sys

NEW_MOUNTS = 0x20000
RECURSIVE, PRIVATE, DETACH = 0x4000, 0x40000, 2
NO_SUID, NO_DEVICES = 2, 4

libc = ctypes.CDLL(None, use_errno=True)


def checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def make_private():
    """From now on what this process mounts is its own. Call it before threads are started."""
    checked(libc.unshare(NEW_MOUNTS), "a mount namespace of its own")
    checked(libc.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None), "making mounts private")


def mount(source, folder, kind, options):
    checked(libc.mount(source.encode(), os.fsencode(folder), kind.encode(), NO_SUID | NO_DEVICES, options.encode()),
            f"mount of {kind} on {folder}")


def unmount(folder):
    """Raises OSError with EBUSY while somebody uses it."""
    checked(libc.umount2(os.fsencode(folder), 0), f"unmount of {folder}")


def unmount_detached(folder):
    """Takes the mount out of sight at once; it ends when nobody uses it."""
    checked(libc.umount2(os.fsencode(folder), DETACH), f"unmount of {folder}")


def missing(tools=(), devices=("/dev/fuse",)):
    """A sentence for each thing that this machine lacks for mounting a FUSE file system and what these tools do."""
    if os.geteuid() != 0:
        yield "mounting needs root"
        return
    for device in devices:
        if not os.path.exists(device):
            yield f"{device} is missing"
    for tool in tools:
        if not shutil.which(tool):
            yield f"{tool} is missing: install e2fsprogs and util-linux"
    if not may_mount():
        yield "this process may not mount (it lacks CAP_SYS_ADMIN)"


def may_mount():
    """Whether the kernel gives private mounts, tried in a process of its own."""
    trial = "import sys; from harness import mounts; mounts.make_private(); mounts.mount('none', '/', 'tmpfs', '')"
    scripts = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return subprocess.run([sys.executable, "-c", trial], cwd=scripts, capture_output=True).returncode == 0
