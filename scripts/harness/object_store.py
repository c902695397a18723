"""Object stores as processes on the loopback: moto's S3 and Azurite.

A store has one bucket, `tables`. What an engine needs to find it is in `options`, `environment` and `root`; with a `port` these lead
to somebody in between (http_proxy.py). `mirror` copies all of it into a folder, for those who read files.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

from pyarrow import fs

from .binaries import SCRIPTS
from .child import end_with_parent
from .deadline import wait_until

BUCKET = "tables"
START_SECONDS = 60
# An emulator that does not answer for so long has forgotten the request.
TIMEOUT = {"timeout": "10s"}
# Nobody listens there.
UNUSED_PORT = 1
# Whoever is behind a proxy talks to the loopback directly.
NO_PROXY = {"NO_PROXY": "127.0.0.1"}
# Azurite's own account, which is no secret.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class ObjectStore:
    """One process. `name` is for people."""

    def __init__(self, folder):
        self.folder, self.process, self.port = Path(folder), None, 0
        self.log_path = self.folder / f"{self.name}.log"

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            cwd=self.folder, preexec_fn=end_with_parent)
        self.port = self.await_port()
        self.files().create_dir(BUCKET)
        return self

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def listens(self, port):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.log_path.read_text()[-2000:]}")
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    def mirror(self, folder):
        """All that is in the bucket, as files below `folder`."""
        files = self.files()
        for found in files.get_file_info(fs.FileSelector(BUCKET, recursive=True)):
            if found.type == fs.FileType.File:
                target = Path(folder) / found.path.removeprefix(BUCKET + "/")
                target.parent.mkdir(parents=True, exist_ok=True)
                with files.open_input_stream(found.path) as stream:
                    target.write_bytes(stream.read())
        return Path(folder)


class S3(ObjectStore):
    name = "S3"

    def command(self):
        return [sys.executable, str(SCRIPTS / "harness" / "s3_server.py")]

    def await_port(self):
        port = int(self.process.stdout.readline())
        wait_until("a listening S3 server", lambda: self.listens(port), START_SECONDS)
        return port

    def files(self):
        return fs.S3FileSystem(access_key="test", secret_key="test", endpoint_override=f"127.0.0.1:{self.port}", scheme="http",
                               region="us-east-1", allow_bucket_creation=True)

    def root(self):
        return f"s3://{BUCKET}/"

    def options(self, port=None):
        return {"endpoint": f"http://127.0.0.1:{port or self.port}", "allow_http": True, "region": "us-east-1", **TIMEOUT}

    def environment(self, port=None):
        return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **NO_PROXY}

    def wrong_settings(self, root, options, environment):
        """What engines refuse: root, options, environment and a part of the next step."""
        nobody = {"AWS_METADATA_ENDPOINT": f"http://127.0.0.1:{UNUSED_PORT}", **NO_PROXY}
        return [(root, options, nobody, "no credentials were found"),
                (root, options, {**nobody, "AWS_PROFILE": "work"}, 'there is no AWS profile "work"'),
                (root, {**options, "allow_http": False}, environment, "say allow_http = true"),
                (root.replace("://", "://me:pass@"), options, environment, "credentials belong into the environment")]

    def reader_options(self):
        """For delta-rs."""
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Azure(ObjectStore):
    name = "Azure"

    def command(self):
        program = subprocess.run([str(SCRIPTS / "azurite_env")], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.wanted = free.getsockname()[1]
        return [program, "--blobHost", "127.0.0.1", "--blobPort", str(self.wanted), "--inMemoryPersistence",
                "--skipApiVersionCheck", "--silent", "--disableTelemetry"]

    def await_port(self):
        wait_until("a listening Azurite", lambda: self.listens(self.wanted), START_SECONDS)
        return self.wanted

    def files(self):
        authority = f"127.0.0.1:{self.port}"
        return fs.AzureFileSystem(AZURE_ACCOUNT, account_key=AZURE_KEY, blob_storage_authority=authority,
                                  dfs_storage_authority=authority, blob_storage_scheme="http", dfs_storage_scheme="http")

    def root(self):
        return f"az://{BUCKET}/"

    def options(self, port=None):
        return {"azure_storage_use_emulator": True, **TIMEOUT}

    def environment(self, port=None):
        return {"AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{port or self.port}", **NO_PROXY}

    def wrong_settings(self, root, options, environment):
        elsewhere = {"azure_storage_account_name": AZURE_ACCOUNT, "allow_http": True,
                     "azure_storage_endpoint": f"http://127.0.0.1:{self.port}/{AZURE_ACCOUNT}"}
        wrong_key = {**elsewhere, "azure_storage_account_key": "d3Jvbmc="}
        return [(root, wrong_key, NO_PROXY, "[store.options]"),
                (root + "?sig=secret", options, environment, "credentials belong into the environment")]

    def reader_options(self):
        os.environ["AZURITE_BLOB_STORAGE_URL"] = f"http://127.0.0.1:{self.port}"
        return {"azure_storage_use_emulator": "true"}
