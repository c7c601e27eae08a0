"""Servers to test: in a thread of this process, in a process of their own; and sockets that are none."""

from __future__ import annotations

import errno
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from unittest import mock

import nanoweb
from nanoweb.serving import WSGIRequestHandler, make_server

from . import raw
from .programs import KINDS, PATIENCE, PrintingProcess, deaf, echo, hasten, hello, paths, read_all

__all__ = [
    "KINDS",
    "ROOT",
    "Body",
    "BrokenConnection",
    "FakeConnection",
    "Gate",
    "HandlerTest",
    "ServerProcess",
    "ServerProcessTest",
    "collected_log",
    "deaf",
    "echo",
    "eventually",
    "hasten",
    "hello",
    "paths",
    "read_all",
    "repeatedly",
    "returning",
    "running",
]

ROOT = Path(__file__).resolve().parent.parent
# Applications


class Body:
    """Pieces, maybe an error among them; counts how often it is closed."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.closed = 0

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def close(self):
        self.closed += 1


def returning(body, headers=()):
    """An application that returns this body."""

    def app(environ, start_response):
        start_response("200 OK", list(headers))
        return body

    return app


class Gate:
    """An application whose requests for /wait wait until they may go on; it answers with the path.

    waiting    how many wait now; most is how many did at the same time
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.opened = threading.Event()
        self.waiting = self.most = 0

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/wait":
            with self.lock:
                self.waiting += 1
                self.most = max(self.most, self.waiting)
            self.opened.wait(raw.PATIENCE)
            with self.lock:
                self.waiting -= 1
        return paths(environ, start_response)


# Servers


@contextmanager
def running(app, handler=None, options=None, **attributes):
    """A server in a thread of this process, which must have ended all that it began when the block ends.

    options       what make_server() is told, threaded=True if None
    attributes    of the server, the limits for example
    """
    options = {"threaded": True} if options is None else options
    server = hasten(make_server("127.0.0.1", 0, app, request_handler=handler, **options))
    for name, value in attributes.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


class ServerProcess(PrintingProcess):
    """A server in a process of its own; several start side by side, as nobody waits for one who does not ask.

    port     where it listens, once it does
    stop()   ends it, returns its exit status
    """

    # A test run in the background has SIGINT ignored, and passes that on to its children.  Those need the modules
    # of the server alone, and start twice as fast without the others.
    BEGIN = f"""\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.modules["nanoweb"] = type(sys)("nanoweb")
sys.modules["nanoweb"].__path__ = {list(nanoweb.__path__)!r}
from tests import programs
programs.hasten_all()
"""

    def __init__(self, program, stop_signal=signal.SIGINT):
        self.stop_signal = stop_signal
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (stop() closes it)
        flags = ["-S", "-W", "error", *["-O"] * sys.flags.optimize]
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-c", self.BEGIN + program],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stdout=self.file,
            stderr=subprocess.STDOUT,
        )

    @cached_property
    def port(self):
        return int(self.await_log(r"(?s)Running on http://[^:]+:([0-9]+)\n.*quit")[0])

    def await_close(self):
        """Wait until it listens no longer; what it has begun may go on."""
        for _ in repeatedly():
            try:
                raw.connect(self.port, 0.02).close()  # it may hear no newcomers, while it takes those who wait
            except OSError:
                return
        raise AssertionError("it listens still")

    def stop(self):
        try:
            if self.process.poll() is None:
                self.process.send_signal(self.stop_signal)
            return self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.file.close()


class ServerProcessTest(unittest.TestCase):
    """Tests with servers in processes of their own."""

    ASKS = raw.request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")  # it is answered twice

    def start(self, program, stop_signal=signal.SIGINT):
        """Start a program that serves."""
        server = ServerProcess(program, stop_signal)
        self.addCleanup(server.stop)
        return server

    def start_kind(self, kind, stop_signal=signal.SIGINT, timeout=raw.PATIENCE):
        """Start a server of a kind, which gives requests in progress so many seconds."""
        return self.start(
            "from nanoweb.serving import BaseWSGIServer\n"
            f"BaseWSGIServer.shutdown_timeout = {timeout}\n"
            f"programs.serve({kind!r}, farewell=0.05, homecoming=0.05)",
            stop_signal,
        )


def repeatedly(seconds=raw.PATIENCE):
    """Yield again and again, until the patience is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.005)


def eventually(condition):
    """Whether a condition holds at last."""
    return any(condition() for _ in repeatedly()) or condition()


@contextmanager
def collected_log():
    """The records that the server logs meanwhile."""
    records = []
    logger = logging.getLogger("nanoweb.serving")
    handler = logging.Handler()
    handler.emit = records.append
    kept = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield records
    finally:
        logger.removeHandler(handler)
        logger.propagate = kept[1]
        logger.setLevel(kept[0])


# Sockets that are none


class FakeConnection:
    """A socket that gives what it was given, piece by piece, and keeps what is sent.

    A piece may be an exception, which is raised: BlockingIOError says that nothing is there.
    """

    family = socket.AF_INET

    def __init__(self, pieces=()):
        self.pieces = list(pieces)
        self.sent = []

    def recv(self, size):
        if not self.pieces:
            return b""
        if isinstance(self.pieces[0], Exception):
            raise self.pieces.pop(0)
        piece, self.pieces[0] = self.pieces[0][:size], self.pieces[0][size:]
        if not self.pieces[0]:
            self.pieces.pop(0)
        return piece

    def send(self, data):
        self.sent.append(bytes(data))
        return len(data)

    def nothing(self, *args):
        pass

    setsockopt = setblocking = shutdown = close = nothing


class BrokenConnection(FakeConnection):
    """A socket whose client goes away after so many sends."""

    def __init__(self, pieces, sends=0):
        super().__init__(pieces)
        self.left = sends

    def send(self, data):
        if not self.left:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        self.left -= 1
        return super().send(data)


class HandlerTest(unittest.TestCase):
    """What needs no network: a handler over a socket that is none."""

    def setUp(self):
        log = collected_log()
        self.records = log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)

    def make(self, app, handler, kind="threaded", **options):
        """Return a server of which only the handlers are wanted."""
        server = make_server("127.0.0.1", 0, app, request_handler=handler, **KINDS[kind], **options)
        self.addCleanup(server.server_close)
        return server

    def begin(self, app, connection, handler=WSGIRequestHandler, **options):
        """Return a handler that serves a connection when it is told to go on."""
        server = self.make(app, handler, **options)
        begun = handler.begin(connection, ("127.0.0.1", 1234), server)
        self.addCleanup(begun.finish)
        return begun

    def connect(self, app, connection, handler=WSGIRequestHandler, **options):
        """Let a handler serve a connection to its end; return the handler."""
        server = self.make(app, handler, **options)
        with mock.patch.object(server, "await_turn", return_value=True):
            return handler(connection, ("127.0.0.1", 1234), server)

    def talk(self, app, *pieces, **options):
        """Return the answers to what a client sends in pieces."""
        connection = FakeConnection(pieces)
        self.connect(app, connection, **options)
        data = b"".join(piece for piece in pieces if isinstance(piece, bytes))
        methods = re.findall(rb"(?m)^([A-Z]+) \S+ HTTP/1", data)
        return raw.split_answers(b"".join(connection.sent), *methods)

    def bodies(self, app, *pieces, **options):
        return [answer.body for answer in self.talk(app, *pieces, **options)]

    def assert_log(self, tracebacks):
        self.assertEqual([bool(record.exc_info) for record in self.records].count(True), tracebacks, self.records)
