"""One engine process on a data directory."""

import json
import os
import signal
import subprocess
from pathlib import Path

from .binaries import binary
from .deadline import wait_until

START_SECONDS = 60
STOP_SECONDS = 60


class Engine:
    """Started on a free port of the loopback; keeps the port over restarts, so that clients find it again.

    `config` is a dictionary of sections of the configuration file, `environment` of what it has beside ours;
    `before` is done in the process before it is the engine. Output goes to engine.log beside the data.
    """

    def __init__(self, data_dir, config=None, cores=None, environment=None, before=None):
        self.data_dir = Path(data_dir)
        self.config = config or {}
        self.cores = cores
        self.environment, self.before = environment or {}, before
        self.port = 0
        self.process = None
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def table(self, name):
        return self.data_dir / "tables" / Path(*name.split("."))

    def start(self):
        self.launch()
        self.await_listening()
        return self

    def launch(self):
        """Starts the process and does not wait for it."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "listen").unlink(missing_ok=True)
        command = [binary("lakehead"), "serve", "--listen", self.address, "--data-dir", str(self.data_dir)]
        if self.config:
            path = self.data_dir.with_name(self.data_dir.name + ".toml")
            path.write_text(toml(self.config), encoding="utf-8")
            command += ["--config", str(path)]
        if self.cores:
            command += ["--cores", ",".join(map(str, self.cores))]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment},
                preexec_fn=self.before)

    def await_listening(self):
        listen = self.data_dir / "listen"

        def listening():
            if self.process.poll() is not None:
                raise RuntimeError(f"the engine ended with {self.process.returncode}: {self.log_tail()}")
            return listen.exists() and listen.read_text().endswith("\n") and listen.read_text().split()

        try:
            self.port = int(wait_until("listening", listening, START_SECONDS)[0].rpartition(":")[2])
        except TimeoutError as late:
            self.kill()
            raise TimeoutError(f"{late}; the engine's log ends with: {self.log_tail()}") from late

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-2000:]

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9, and wait until it is gone."""
        if self.alive:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def terminate(self):
        """SIGTERM; `wait` gives the exit code."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=STOP_SECONDS):
        return self.process.wait(seconds)

    def memory_bytes(self):
        """Resident memory now and at its highest."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return tuple(int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def thread_cpu_seconds(self):
        """CPU time of each thread: a list of (thread id, name, seconds). The kernel keeps 15 bytes of a name."""
        threads = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                nanoseconds = int((task / "schedstat").read_text().split()[0])
                threads.append((int(task.name), (task / "comm").read_text().strip(), nanoseconds / 1e9))
            except (FileNotFoundError, ProcessLookupError):
                continue
        return sorted(threads)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def toml(config):
    """TOML of sections of plain values; JSON's numbers, strings, booleans and lists are TOML's too."""
    lines = []
    for section, values in config.items():
        lines.append(f"[{section}]")
        lines += [f"{json.dumps(key) if '.' in key else key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
