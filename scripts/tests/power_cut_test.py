"""The power cut is real: what was not synced is gone, what was is there, and nothing of the rig stays behind.

Skipped, with the reason, on a machine that cannot do it.
"""

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))

from harness import mounts, volume  # noqa: E402
from harness.cut_disk import LOSSES, SECTOR_BYTES  # noqa: E402
from harness.deadline import wait_until  # noqa: E402
from harness.mount_process import MountProcess  # noqa: E402

LACKING = "; ".join(volume.missing())
RECORD_BYTES = 5_000

# Says a number once its record is synced; a record is its number again and again.
RECORDER = f"""
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
folder = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)
os.fsync(file), os.fsync(folder)
number = 0
while True:
    number += 1
    os.write(file, number.to_bytes(8, "little") * {RECORD_BYTES // 8})
    os.fdatasync(file)
    os.write(1, b"%d\\n" % number)
"""

# A volume whose user is killed together with whoever started it.
ABANDONED = """
import sys, time
from harness import mounts, volume
mounts.make_private()
rig = volume.Volume(sys.argv[1] + "/m", sys.argv[1] + "/s", 64)
rig.start()
open(sys.argv[1] + "/m/file", "w").write("x")
print(rig.device, rig.block.process.pid, flush=True)
time.sleep(600)
"""


def setUpModule():
    if LACKING:
        raise unittest.SkipTest(f"there are no power cuts on this machine: {LACKING}")
    mounts.make_private()


class PowerCutTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakehead-power-", ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.volume = volume.Volume(self.folder / "mounted", self.folder / "store", 128)
        self.addCleanup(self.volume.end)
        self.volume.start()
        self.here = self.volume.folder

    def cut(self, loss="all", seed=1, processes=()):
        return self.volume.cut(processes, loss, seed)

    def names(self):
        return sorted(path.name for path in self.here.iterdir() if path.name != "lost+found")

    def write(self, name, content, sync_file=False, sync_folder=False):
        with open(self.here / name, "wb") as file:
            file.write(content)
            if sync_file:
                file.flush()
                os.fsync(file.fileno())
        if sync_folder:
            self.sync_folder()

    def sync_folder(self):
        folder = os.open(self.here, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def test_what_was_not_synced_is_gone_and_what_was_is_there(self):
        self.write("synced", b"kept" * 10_000, sync_file=True, sync_folder=True)
        self.write("unsynced", b"lost" * 10_000)
        self.assertEqual((self.here / "unsynced").read_bytes(), b"lost" * 10_000)
        self.cut()
        self.assertEqual(self.names(), ["synced"])
        self.assertEqual((self.here / "synced").read_bytes(), b"kept" * 10_000)

    def test_what_the_kernel_wrote_back_without_a_flush_is_gone(self):
        self.write("file", bytes(1 << 20), sync_file=True, sync_folder=True)
        self.write_directly("file", b"\xff" * (1 << 20))
        lost = self.cut()
        self.assertGreaterEqual(lost.bytes, 1 << 20, "the disk had it")
        self.assertEqual((self.here / "file").read_bytes(), bytes(1 << 20))

    def write_directly(self, name, content):
        """Past the page cache, so that it is at the disk now."""
        buffer = mmap.mmap(-1, len(content))
        buffer.write(content)
        file = os.open(self.here / name, os.O_WRONLY | os.O_DIRECT)
        self.assertEqual(os.pwrite(file, buffer, 0), len(content))
        os.close(file)

    def test_a_write_is_torn_at_sectors(self):
        self.write("file", bytes(1 << 20), sync_file=True, sync_folder=True)
        mixed = 0
        for seed in range(6):
            self.write_directly("file", bytes([seed + 1]) * (1 << 20))
            before = {bytes([content]) * SECTOR_BYTES for content in range(seed + 2)}
            self.cut("sectors", seed)
            content = (self.here / "file").read_bytes()
            sectors = {content[at:at + SECTOR_BYTES] for at in range(0, len(content), SECTOR_BYTES)}
            self.assertLessEqual(sectors, before, "a sector is whole")
            mixed += len(sectors) > 1
        self.assertGreater(mixed, 0)

    def test_a_rename_needs_its_folder_synced(self):
        self.write("old", b"content", sync_file=True, sync_folder=True)
        os.rename(self.here / "old", self.here / "new")
        self.cut()
        self.assertEqual(self.names(), ["old"], "the rename was not synced")
        os.rename(self.here / "old", self.here / "new")
        self.sync_folder()
        self.cut()
        self.assertEqual(self.names(), ["new"])

    def test_what_was_said_to_be_synced_is_there_under_load(self):
        said_in_all = survived = 0
        for seed, loss in enumerate(LOSSES * 2):
            path = self.here / f"records-{seed}"
            recorder = subprocess.Popen([sys.executable, "-c", RECORDER, path], stdout=subprocess.PIPE)
            self.addCleanup(recorder.kill)
            for _ in range(30 + seed):
                recorder.stdout.readline()
            lost = self.volume.cut([recorder], loss, seed, requests=seed)
            said = 30 + seed + len(recorder.stdout.read().splitlines())
            recorder.stdout.close()
            content = path.read_bytes()
            for number in range(1, said + 1):
                record = number.to_bytes(8, "little") * (RECORD_BYTES // 8)
                self.assertEqual(content[(number - 1) * RECORD_BYTES:number * RECORD_BYTES], record, f"{loss}, seed {seed}")
            said_in_all, survived = said_in_all + said, survived + lost.survived_bytes
        self.assertGreater(survived, 0, "no unflushed write ever survived")
        print(f"\n  proved: {len(LOSSES) * 2} power cuts under fdatasync load kept all {said_in_all} records that were said to "
              f"be durable", flush=True)


class CleanUpTest(unittest.TestCase):
    def test_whoever_is_killed_leaves_nothing_mounted(self):
        for victim in ("user", "server", "both"):
            with self.subTest(victim), tempfile.TemporaryDirectory(prefix="lakehead-power-") as folder:
                user = subprocess.Popen([sys.executable, "-c", ABANDONED, folder], cwd=SCRIPTS, stdout=subprocess.PIPE, text=True)
                device, server = user.stdout.readline().split()
                killed = {"user": [user.pid], "server": [int(server), user.pid], "both": [user.pid, int(server)]}[victim]
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
                user.wait(30)
                user.stdout.close()
                wait_until(f"the end of {device}", lambda: not is_attached(device, folder), 30)
                wait_until("the end of the server", lambda: not is_running(server), 30)

    def test_a_server_that_is_killed_before_its_device_is_mounted_leaves_it_detached(self):
        with tempfile.TemporaryDirectory(prefix="lakehead-power-") as folder:
            server = MountProcess("cut_block.py", folder + "/s", "--megabytes", 64)
            device = server.said["device"]
            self.assertTrue(is_attached(device, folder))
            server.process.kill()
            server.end()
            wait_until(f"the end of {device}", lambda: not is_attached(device, folder), 30)


def is_attached(device, folder):
    """Whether the loop device is on something in the folder, or on a disk whose mount is gone."""
    try:
        backing = Path(f"/sys/block/{Path(device).name}/loop/backing_file").read_text().strip()
    except OSError:
        return False
    return folder in backing or backing == "/disk"


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    unittest.main()
