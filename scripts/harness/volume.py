"""A folder that loses power: whatever was not synced when it is cut is gone, or torn (cut_block.py, cut_disk.py).

    mounts.make_private()
    with Volume(folder, store) as volume:
        ...                                        # processes work in `folder`
        lost = volume.cut([engine.process], "sectors", seed)
        ...                                        # the folder is there again, with what survived
        volume.break_down("fsync")                 # processes live, and get EIO
"""

import errno
import os
from pathlib import Path

from . import mounts
from .cut_disk import Lost
from .deadline import wait_until
from .mount_process import MountProcess

TOOLS = ("mkfs.ext4", "losetup")
DEVICES = ("/dev/fuse", "/dev/loop-control")
MEGABYTES = 2048
# No write-back of a renamed file's data and no commit that nobody asked for: what is not synced stays volatile.
EXT4_OPTIONS = "noauto_da_alloc,commit=60"
UNMOUNT_SECONDS = 20


def missing():
    """A sentence for each thing without which there are no power cuts on this machine."""
    return mounts.missing(TOOLS, DEVICES)


class Volume:
    def __init__(self, folder, store, megabytes=MEGABYTES):
        """`folder` is made if need be; `store` must not exist, and holds the disk's files."""
        self.folder, self.store, self.megabytes = Path(folder), Path(store), megabytes
        self.block = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.block = MountProcess("cut_block.py", self.store, "--megabytes", self.megabytes)
        self.mount(self.block.said["device"])

    def mount(self, device):
        self.device = device
        try:
            mounts.mount(device, self.folder, "ext4", EXT4_OPTIONS)
        finally:
            self.block.ask("detach")

    def unmount(self):
        def unmounted():
            try:
                mounts.unmount(self.folder)
            except OSError as error:
                if error.errno == errno.EBUSY:
                    return False
                raise
            return True

        wait_until(f"unmounting {self.folder}", unmounted, UNMOUNT_SECONDS)

    def end(self):
        """Takes it all down; whoever still uses the folder gets errors."""
        if self.block is not None:
            while os.path.ismount(self.folder):
                mounts.unmount_detached(self.folder)
            self.block.end()

    def flushes(self):
        return self.block.ask("flushes")["flushes"]

    def cut(self, processes, loss, seed, requests=0, killed=lambda: None):
        """The power fails, for the disk and for the processes at the same moment, and comes back.

        With `requests` it fails when so many more writes and flushes have come to the disk.

        The disk stops answering before the processes are killed, and fails what they waited for only when they are as good as
        dead: so nobody can say something that the disk did not keep, nor see an error that no disk gave. All users of the
        folder must be among the processes; `killed` is called when they are gone and before it is unmounted.
        """
        self.block.ask("hold", requests)
        for process in processes:
            process.kill()
        self.block.ask("fail")
        for process in processes:
            process.wait()
        killed()
        return self.mend(loss, seed)

    def break_down(self, operation, times=None):
        """The disk is broken: this operation of it (read, write, fsync) ends with EIO, always or so many times."""
        self.block.ask("fail", operation, *(() if times is None else (times,)))

    def mend(self, loss, seed):
        """The disk works again, without what was not flushed. Nobody may use the folder."""
        self.unmount()
        lost = Lost(**self.block.ask("restore", loss, seed))
        self.mount(self.block.ask("attach")["device"])
        return lost
