#!/usr/bin/env python3
"""An S3 server in memory, on a free port of the loopback, which it prints: moto's, with one thing mended.

moto answers `If-None-Match: *` with 412 where there is an object, but looks and puts in two steps. Here nobody puts between the
two, as an S3 that promises conditional puts must see to it.
"""

import logging
import os
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

# What moto says of each request when it is asked to.
os.environ.setdefault("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "true")


class Atomic:
    """One request with a condition at a time."""

    def __init__(self, application):
        self.application, self.lock = application, threading.Lock()

    def __call__(self, environment, start):
        if "HTTP_IF_NONE_MATCH" not in environment or environment["REQUEST_METHOD"] != "PUT":
            return self.application(environment, start)
        with self.lock:
            return list(self.application(environment, start))


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Atomic(DomainDispatcherApplication(create_backend_app)), threaded=True,
                         request_handler=Handler)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
