"""An HTTP proxy in front of an object store that loses, delays and garbles answers.

Requests go to the store as they come and its answers go back, but for those that a rule takes. A rule is a dictionary: `method`
and `path` (regular expressions; what is left out fits all), a `fault`, `chance` (else always), `times` (else without end).

| fault | what happens |
|---|---|
| drop before, drop after | the connection breaks without an answer, before or after the store got the request |
| 503 before, 503 after | the answer is 503 Service Unavailable, before or after the store got it |
| 409 before | the answer is 409 Conflict and the store never got it, which Amazon says of puts at the same time |
| delay | the store gets it `seconds` later, and its answer goes back |
| late | the answer is 503, and the store gets it `seconds` later |

What was met is counted by fault.
"""

import http.client
import random
import re
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection"}
UPSTREAM_SECONDS = 60


class HttpProxy:
    """Listens on a free port of the loopback from the beginning; `store_port` may change."""

    def __init__(self, store_port, seed=1):
        self.store_port, self.random = store_port, random.Random(seed)
        self.lock, self.rules, self.met, self.timers = threading.Lock(), [], Counter(), []
        handler = type("Handler", (Handler,), {"proxy": self})
        self.server = Server(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def faults(self, *rules):
        """From now on these, instead of those before."""
        with self.lock:
            self.rules = [dict(rule) for rule in rules]

    def draw(self, method, path):
        with self.lock:
            for rule in self.rules:
                if not re.search(rule.get("path", ""), path) or not re.fullmatch(rule.get("method", ".*"), method):
                    continue
                if rule.get("times", 1) < 1 or self.random.random() >= rule.get("chance", 1):
                    continue
                if "times" in rule:
                    rule["times"] -= 1
                self.met[rule["fault"]] += 1
                return rule
        return {"fault": None}

    def pass_on(self, method, path, headers, body):
        """The store's status, headers and body."""
        store = http.client.HTTPConnection("127.0.0.1", self.store_port, timeout=UPSTREAM_SECONDS)
        try:
            store.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                store.putheader(name, value)
            store.endheaders(body)
            answer = store.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            store.close()

    def pass_on_later(self, seconds, *request):
        def pass_on():
            try:
                self.pass_on(*request)
            except (OSError, http.client.HTTPException):
                pass  # nobody hears of it

        timer = threading.Timer(seconds, pass_on)
        timer.daemon = True
        self.timers.append(timer)
        timer.start()

    def settle(self):
        """Until all that comes late has come."""
        for timer in self.timers:
            timer.join()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that went away, such as an engine that was killed


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = self.command, self.path, list(self.headers.items()), body
        rule = self.proxy.draw(self.command, self.path)
        fault, seconds = rule["fault"], rule.get("seconds", 0)
        if fault == "drop before":
            return self.drop()
        if fault in ("503 before", "409 before", "late"):
            if fault == "late":
                self.proxy.pass_on_later(seconds, *request)
            return self.answer(409 if fault == "409 before" else 503)
        if fault == "delay":
            threading.Event().wait(seconds)
        try:
            status, headers, content = self.proxy.pass_on(*request)
        except (OSError, http.client.HTTPException):
            return self.drop()
        if fault == "drop after":
            return self.drop()
        if fault == "503 after":
            return self.answer(503)
        return self.answer(status, headers, content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = relay

    def answer(self, status, headers=(), content=b""):
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
            elif name.lower() == "content-length" and self.command == "HEAD":
                length = value
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass
