"""What the list of cases runs over: each kind of server, over TCP and a Unix socket, plain and by TLS.

    python -m tests.matrix FOLDER NAME=DESCRIPTOR...

is what Matrix runs: all these servers, each in a process of its own, on sockets that listen already.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import traceback
import unittest
import warnings
from contextlib import suppress
from pathlib import Path
from wsgiref.validate import WSGIWarning

from nanoweb.serving import make_server, serve

from . import raw
from .cases import application
from .raw import HELLO, SMUGGLED
from .test_tls import CERTIFICATE, KEY

ROOT = Path(__file__).resolve().parent.parent

KINDS = ["base", "threaded", "forking", "workers"]
COMBINATIONS = ["-".join(words) for words in itertools.product(KINDS, ["tcp", "unix"], ["plain", "tls"])]


# The servers


class Matrix:
    """Servers for some of the combinations: `with Matrix(names) as matrix: matrix.connect(name)`.

    runs        {combination: how many cases were sent over it}
    failures    {combination: how many tracebacks its log must tell of}
    """

    def __init__(self, names):
        self.names = names
        self.runs = dict.fromkeys(names, 0)
        self.failures = dict.fromkeys(names, 0)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addresses = {}
        for name, text in [("cert.pem", CERTIFICATE), ("key.pem", KEY)]:
            Path(self.folder.name, name).write_text(text, encoding="ascii")
        self.context = ssl.create_default_context(cadata=CERTIFICATE)
        sockets = {name: self.listen(name) for name in self.names}
        flags = ["-W", "error", *["-O"] * sys.flags.optimize, *["-X", "dev"] * sys.flags.dev_mode]
        descriptors = [f"{name}={sock.fileno()}" for name, sock in sockets.items()]
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-m", __name__, self.folder.name, *descriptors],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            pass_fds=[sock.fileno() for sock in sockets.values()],
        )
        for sock in sockets.values():
            sock.close()
        return self

    def listen(self, name):
        """Return a socket that listens; who connects before the server runs waits."""
        if "-unix" not in name:
            sock = socket.create_server(("127.0.0.1", 0), backlog=100)
        else:
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(os.path.join(self.folder.name, name))
            sock.listen(100)
        self.addresses[name] = sock.getsockname()
        return sock

    def __exit__(self, *exc_info):
        self.stop()
        self.folder.cleanup()

    def stop(self):
        """End the servers; return {combination: (exit status, log)}."""
        self.process.stdin.close()
        self.process.wait(60)
        told = {}
        for name in self.names:
            log = Path(self.folder.name, f"{name}.log")
            text, _, status = (log.read_text(encoding="utf-8") if log.exists() else "").rpartition("\n")
            told[name] = status, text
        return told

    def connect(self, name):
        address = self.addresses[name]
        sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            sock.settimeout(raw.PATIENCE)
            sock.connect(address)
            return self.context.wrap_socket(sock, server_hostname="localhost") if name.endswith("tls") else sock
        except BaseException:
            sock.close()
            raise


def run_servers(folder, descriptors):
    """Have a process for each server, until our input ends."""
    children = {}
    for name, fd in descriptors.items():
        pid = os.fork()
        if not pid:
            for other in descriptors.values():
                if other != fd:
                    os.close(other)
            run_server(folder, name, fd)
        children[name] = pid
    sys.stdin.read()
    for pid in children.values():
        os.kill(pid, signal.SIGTERM)
    for name, pid in children.items():
        status = os.waitpid(pid, 0)[1]
        with open(os.path.join(folder, f"{name}.log"), "a", encoding="utf-8") as log:
            log.write(f"\n{status}")


def run_server(folder, name, fd):
    """Be a server: this is the child."""
    status = 1
    try:
        log = os.open(os.path.join(folder, f"{name}.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        kind, _, security = name.split("-")
        files = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
        options = {"ssl_context": files if security == "tls" else None, "fd": fd}
        if kind == "workers":
            serve(application, workers=2, **options)
        else:
            more = {"base": {}, "threaded": {"threaded": True}, "forking": {"processes": 4}}[kind]
            server = make_server(app=application, **more, **options)
            server.log_startup()
            server.serve_forever()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


# The cases


class MatrixTest(unittest.TestCase):
    """Sends cases over combinations; after each a good request must be answered."""

    names = COMBINATIONS

    @classmethod
    def setUpClass(cls):
        cls.matrix = Matrix(cls.names)
        cls.matrix.__enter__()
        cls.addClassCleanup(cls.matrix.__exit__, None, None, None)

    def send_all(self, names, case):
        """Send a case over some combinations."""
        for name in names:
            with self.subTest(f"{case.norm}: {case.what}", over=name):
                self.matrix.runs[name] += 1
                self.matrix.failures[name] += case.fails
                answers = self.talk(name, case)
                if case.ends != "kept":
                    with self.matrix.connect(name) as sock:
                        sock.sendall(HELLO)
                        answers.append(raw.receive_answer(sock))
                self.assertEqual(
                    (answers[-1].code, answers[-1].told("PATH_INFO")), (200, "/hello"), "the good request"
                )
                check_answers(self, case, answers[:-1])

    def talk(self, name, case):
        """Return the answers to a case; the last is that to a good request, if the connection stays for it."""
        pieces = list(case.data) if isinstance(case.data, tuple) else [case.data]
        pieces[-1] += {"kept": HELLO, "refused": SMUGGLED}.get(case.ends, b"")
        before = b""
        with self.matrix.connect(name) as sock:
            for piece in pieces[:-1]:
                sock.sendall(piece)
                before += sock.recv(65536)
            with suppress(OSError):  # it has refused already, and its answer is there to be read
                sock.sendall(pieces[-1])
                if case.ends in ("kept", "cut"):
                    socket.socket.shutdown(sock, socket.SHUT_WR)  # that of an SSLSocket ends TLS for both sides
            return raw.split_requested(before + raw.receive(sock), b"".join(pieces))

    def check_ends(self):
        """The servers end as they should, and their logs tell of nothing but what had to fail."""
        for name, (status, log) in self.matrix.stop().items():
            with self.subTest(name):
                self.assertEqual(status, "0", log[-4000:])
                self.assertEqual(log.count("Traceback"), self.matrix.failures[name], log[-4000:])
                for mishap in ["Exception ignored", "Warning"]:
                    self.assertNotIn(mishap, log)


def check_answers(test, case, answers):
    """Compare what came with what had to come."""
    codes = [answer.code for answer in answers]
    test.assertEqual(codes, list(case.codes), answers[-1].body[:300] if answers else b"")
    for answer in answers[:-1]:
        test.assertTrue(answer.is_whole)
    if not answers:
        return
    last = answers[-1]
    test.assertEqual(last.is_whole, case.is_whole)
    test.assertNotIn("set-cookie", last.fields)
    is_old = not isinstance(case.data, tuple) and b" HTTP/1.0\r\n" in case.data[case.data.rfind(b" HTTP/1.") :]
    fitting = {"kept": ["keep-alive" if is_old else None], "dropped": [None], "cut": [None, "close"]}
    test.assertIn(last.fields.get("connection"), fitting.get(case.ends, ["close"]))
    if isinstance(case.body, dict):
        test.assertEqual({key: last.told(key) for key in case.body}, case.body)
    elif case.body is not None:
        test.assertEqual(last.body, case.body)
    elif last.code >= 400:
        test.assertEqual(last.fields["content-type"], "text/plain; charset=utf-8")
        test.assertTrue(last.body.isascii() and (len(last.body) > 20 or case.ends != "refused"), "no reason is given")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Unknown REQUEST_METHOD", WSGIWarning)
    run_servers(sys.argv[1], {name: int(fd) for name, _, fd in (text.partition("=") for text in sys.argv[2:])})
