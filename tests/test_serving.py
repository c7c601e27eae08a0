"""The server: raw requests, good and hostile, over each kind of server; then its rules one by one."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import contextmanager, redirect_stderr
from functools import partial
from pathlib import Path
from unittest import mock
from wsgiref.validate import validator

from nanoweb import listening, serving, wire
from nanoweb.exceptions import BadRequest, ClientDisconnected
from nanoweb.serving import WSGIRequestHandler, make_server, run_simple

from . import raw

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "plain": {},
    "threaded": {"threaded": True},
    **({"forking": {"processes": 4}} if hasattr(os, "fork") else {}),
}


@validator
def echo(environ, start_response):
    """Say what has arrived, as JSON."""
    body = environ["wsgi.input"].read(-1)
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    text = json.dumps({**told, "body": body.decode("latin-1")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


def serve(kind):
    """What the processes run that the table of requests is tried on."""
    run_simple("127.0.0.1", 0, echo, **KINDS[kind])


class ServerProcess:
    """A server in a process of its own.

    port     where it listens
    log()    what it has written so far
    stop()   ends it, returns its exit status
    """

    def __init__(self, program, stop_signal=signal.SIGINT):
        # A test run in the background has SIGINT ignored, and passes that on to its children.
        program = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {program}"
        self.stop_signal = stop_signal
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (stop() closes it)
        flags = ["-W", "error", *["-O"] * sys.flags.optimize]
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-c", program],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            stdout=self.file,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 60
        running = None
        while running is None and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
            running = re.search(r"Running on http://[^:]+:([0-9]+)\n.*quit", self.log(), re.DOTALL)
        self.port = int(running[1]) if running else None

    def log(self):
        size = os.fstat(self.file.fileno()).st_size
        return os.pread(self.file.fileno(), size, 0).decode("utf-8", "replace")

    def await_close(self):
        """Wait until it listens no longer; what it has begun may go on."""
        deadline = time.monotonic() + raw.PATIENCE
        while time.monotonic() < deadline:
            try:
                raw.connect(self.port).close()
            except OSError:
                return
            time.sleep(0.01)
        raise AssertionError("it listens still")

    def stop(self):
        try:
            if self.process.poll() is None:
                self.process.send_signal(self.stop_signal)
            return self.process.wait(60)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.file.close()


class FakeConnection:
    """A socket that gives what it was given, piece by piece, and keeps what is sent."""

    family = socket.AF_INET

    def __init__(self, pieces):
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

    setsockopt = settimeout = shutdown = close = nothing


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
        logger.level, logger.propagate = kept
        logger.setLevel(kept[0])


@contextmanager
def running(app, handler=None, **options):
    """A server in a thread of this process."""
    server = make_server("127.0.0.1", 0, app, request_handler=handler, **options)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


def request(line, *fields, body=b""):
    """A request as bytes; a Host is added if none is there."""
    if not any(field.lower().startswith("host") for field in fields):
        fields = ("Host: localhost", *fields)
    return "".join(f"{text}\r\n" for text in [line, *fields, ""]).encode("latin-1") + body


def chunked(*chunks, path="/"):
    """A POST with the given bytes for chunks."""
    return request(f"POST {path} HTTP/1.1", "Transfer-Encoding: chunked", body=b"".join(chunks))


HELLO = request("GET /hello HTTP/1.1")
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

# (what it is, the bytes, what the application must see of it)
GOOD = [
    ("a plain request", HELLO, {"PATH_INFO": "/hello", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1"}),
    ("HTTP/1.0 needs no Host", b"GET /old HTTP/1.0\r\n\r\n", {"PATH_INFO": "/old", "SERVER_PROTOCOL": "HTTP/1.0"}),
    ("RFC 9110, 2.5: a later minor version", request("GET / HTTP/1.2"), {"SERVER_PROTOCOL": "HTTP/1.2"}),
    (
        "the path is decoded, the query is not",
        request("GET /a%20b/%C3%A9%2F?x=%41+b HTTP/1.1"),
        {"PATH_INFO": "/a b/Ã©/", "QUERY_STRING": "x=%41+b", "RAW_URI": "/a%20b/%C3%A9%2F?x=%41+b"},
    ),
    ("a % that is no escape stays", request("GET /100%/%zz HTTP/1.1"), {"PATH_INFO": "/100%/%zz"}),
    ("bytes over 127 in the target", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", {"PATH_INFO": "/Ã©"}),
    (
        "two slashes stay two (waitress 260)",
        request("GET //x/y HTTP/1.1"),
        {"PATH_INFO": "//x/y", "REQUEST_URI": "//x/y"},
    ),
    ("? in the query", request("GET /a?b?c HTTP/1.1"), {"PATH_INFO": "/a", "QUERY_STRING": "b?c"}),
    ("RFC 9112, 2.2: empty lines before", b"\r\n\r\n" + HELLO, {"PATH_INFO": "/hello"}),
    (
        "RFC 9112, 3.2.2: absolute-form, whose host counts",
        request("GET http://real.example:8080/x?y HTTP/1.1", "Host: other.example"),
        {"PATH_INFO": "/x", "QUERY_STRING": "y", "HTTP_HOST": "real.example:8080"},
    ),
    ("absolute-form without a path", request("GET HTTP://h?a HTTP/1.1"), {"PATH_INFO": "/", "QUERY_STRING": "a"}),
    ("RFC 9112, 3.2.4: asterisk-form", request("OPTIONS * HTTP/1.1"), {"PATH_INFO": "", "RAW_URI": "*"}),
    ("RFC 9110, 5.3: a field twice", request("GET / HTTP/1.1", "A: 1", "a: 2"), {"HTTP_A": "1,2"}),
    ("cookies twice", request("GET / HTTP/1.1", "Cookie: a=1", "Cookie: b=2"), {"HTTP_COOKIE": "a=1; b=2"}),
    (
        "RFC 9112, 5: blanks around a value",
        request("GET / HTTP/1.1", "A: \t x y\t ", "B:", "C:1"),
        {"HTTP_A": "x y", "HTTP_B": "", "HTTP_C": "1"},
    ),
    ("RFC 9110, 5.5: bytes over 127 in a value", request("GET / HTTP/1.1", "A: é\xa0"), {"HTTP_A": "é\xa0"}),
    (
        "names with _ are not shown, nor is Proxy (CVE-2016-5385)",
        request("GET / HTTP/1.1", "X-Real: 1", "X_Real: 2", "Content_Length: 7", "Proxy: http://evil"),
        {"HTTP_X_REAL": "1", "CONTENT_LENGTH": None, "HTTP_CONTENT_LENGTH": None, "HTTP_PROXY": None},
    ),
    (
        "a body and its type",
        request("POST / HTTP/1.1", "content-TYPE: text/plain", "Content-Length: 005", body=b"hello"),
        {"body": "hello", "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "005", "HTTP_CONTENT_TYPE": None},
    ),
    (
        "RFC 9112, 7.1: chunks, extensions, trailers",
        chunked(b"5\r\nhello\r\n", b"00A;x=y;z\r\n, world: a\r\n", b"0\r\nContent-Length: 9\r\nX-Late: 1\r\n\r\n"),
        {"body": "hello, world: a", "HTTP_X_LATE": None, "CONTENT_LENGTH": None},
    ),
    (
        "RFC 9112, 7: Chunked in other letters",
        request("POST / HTTP/1.1", "Transfer-Encoding: ChunKED", body=b"1\r\nx\r\n0\r\n\r\n"),
        {"body": "x"},
    ),
    (
        "RFC 9112, 7.1.1: extensions with blanks and quotes",
        chunked(b'5; a = "b\\"c;\t\xe9" ;d\r\n'.replace(b" ;d", b";d"), b"hello\r\n", b"0;last\r\n\r\n"),
        {"body": "hello"},
    ),
    (
        "RFC 9110, 10.1.1: a list with one member twice",
        request("GET / HTTP/1.1", "Expect: 100-continue, 100-CONTINUE"),
        {},
    ),
    ("an expectation of nothing", request("GET / HTTP/1.1", "Expect:"), {}),
    ("an IPv6 Host", request("GET / HTTP/1.1", "Host: [::1]:80"), {"HTTP_HOST": "[::1]:80"}),
    ("an empty Host", request("GET / HTTP/1.1", "Host:"), {"HTTP_HOST": ""}),
    ("100 fields", request("GET / HTTP/1.1", *(f"F{n}: {n}" for n in range(99))), {"HTTP_F98": "98"}),
    ("8190 bytes of request line", request(f"GET /{'a' * 8176} HTTP/1.1"), {"PATH_INFO": "/" + "a" * 8176}),
    ("60 kB in a field", request("GET / HTTP/1.1", f"A: {'x' * 60000}"), {"HTTP_A": "x" * 60000}),
]


def post(*fields, body=b"hello"):
    return request("POST / HTTP/1.1", *fields, body=body + SMUGGLED)


# (why it is refused, the bytes, the status): the answer comes alone, and the connection ends.
HOSTILE = [
    # request line
    ("no request line", b"garbage\r\n\r\n", 400),
    ("RFC 9112, 3: HTTP/0.9", b"GET /\r\n\r\n", 400),
    ("HTTP/0.9, and nothing after", b"GET /\r\n", 400),
    ("RFC 9113, 3.4: the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/2.0", request("GET / HTTP/2.0"), 505),
    ("HTTP/0.9 by name", request("GET / HTTP/0.9"), 505),
    ("http/1.1 in small letters", request("GET / http/1.1"), 400),
    ("HTTP/1.10", request("GET / HTTP/1.10"), 400),
    ("a digit of another script", "GET / HTTP/1.\u0661\r\nHost: a\r\n\r\n".encode(), 400),
    ("two spaces", request("GET  / HTTP/1.1"), 400),
    ("a tab for a space", request("GET\t/ HTTP/1.1"), 400),
    ("a space in the target", request("GET /a b HTTP/1.1"), 400),
    ("a space at the end", request("GET / HTTP/1.1 "), 400),
    ("a space before", b" " + HELLO, 400),
    ("a method that is no token", request("G@T / HTTP/1.1"), 400),
    ("no method", request(" / HTTP/1.1"), 400),
    ("a control character in the target", request("GET /\x7f HTTP/1.1"), 400),
    ("a fragment in the target", request("GET /#a HTTP/1.1"), 400),
    ("a relative target", request("GET index.html HTTP/1.1"), 400),
    ("RFC 9112, 3.2.3: authority-form outside CONNECT", request("GET example.com:80 HTTP/1.1"), 400),
    ("RFC 9110, 9.3.6: CONNECT", request("CONNECT example.com:443 HTTP/1.1"), 501),
    ("RFC 9112, 3.2.4: * outside OPTIONS", request("GET * HTTP/1.1"), 400),
    ("another scheme", request("GET ftp://a/ HTTP/1.1"), 400),
    ("RFC 9110, 4.2.4: a user in the target", request("GET http://me:pw@a/ HTTP/1.1"), 400),
    ("RFC 9110, 4.2.1: no host in the target", request("GET http:///a HTTP/1.1"), 400),
    ("no host but a port in the target", request("GET http://:80/a HTTP/1.1"), 400),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), 400),
    # line ends
    ("CVE-2019-16785: bare LF", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ("bare LF after a field", b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400),
    ("bare CR in a field", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: 1\r\n\r\n", 400),
    ("bare CR in an unfinished head", b"GET / HTTP/1.1\r\nHost: a\rX: y", 400),
    ("CR CR LF", b"GET / HTTP/1.1\r\r\nHost: a\r\r\n\r\r\n", 400),
    ("LF CR", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r", 400),
    # fields
    ("no colon", request("GET / HTTP/1.1", "Nonsense"), 400),
    ("no name", request("GET / HTTP/1.1", ": a"), 400),
    ("RFC 9112, 5.1: a space before the colon", request("GET / HTTP/1.1", "A : b"), 400),
    ("a tab before the colon", request("GET / HTTP/1.1", "A\t: b"), 400),
    ("CVE-2019-16789: \\x0b before the value", post("Transfer-Encoding:\x0bchunked"), 400),
    ("\\x0c after the value", post("Transfer-Encoding: chunked\x0c"), 400),
    ("\\x1c before the colon", post("Transfer-Encoding\x1c: chunked"), 400),
    ("a NUL in a value", request("GET / HTTP/1.1", "A: b\x00c"), 400),
    ("a DEL in a value", request("GET / HTTP/1.1", "A: b\x7fc"), 400),
    ("RFC 9112, 5.2: a folded field", request("GET / HTTP/1.1", "A: b", " c"), 400),
    ("folded at once", request("GET / HTTP/1.1", "A:", "\tb"), 400),
    ("a letter that grows into ASCII", request("POST / HTTP/1.1", "Content-Len\xb5th: 5"), 400),
    ("CVE-2020-5236: a bad byte after 8 kB", request("GET / HTTP/1.1", "X: " + "a " * 4000 + "\x00"), 400),
    ("a bad byte after 60 kB of blanks", request("GET / HTTP/1.1", "X:" + " " * 60000 + "\x00"), 400),
    # Host
    ("RFC 9112, 3.2: no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("no Host, though the target has one", b"GET http://a/ HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", request("GET / HTTP/1.1", "Host: a", "Host: b"), 400),
    ("two Hosts, the same", request("GET / HTTP/1.1", "Host: a", "host: a"), 400),
    ("two Hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    *(
        (f"Host: {host}", request("GET / HTTP/1.1", f"Host: {host}"), 400)
        for host in ["a b", "a,b", "a/b", "user@a", "a<b>", "a:b", "a:80:80", "[::1", "::1", "[g]", "a\xe9", "a?b"]
    ),
    # the length of the body
    ("RFC 9112, 6.1: both lengths", post("Content-Length: 5", "Transfer-Encoding: chunked"), 400),
    ("both, the other way round", post("Transfer-Encoding: chunked", "Content-Length: 5"), 400),
    ("CVE-2019-16792: two lengths", post("Content-Length: 5", "Content-Length: 6"), 400),
    ("two lengths, the same", post("Content-Length: 5", "content-length: 5"), 400),
    *(
        (f"RFC 9110, 8.6 and CVE-2022-24761: a length of {length!r}", post(f"Content-Length: {length}"), 400)
        for length in ["+5", "-5", "5, 5", "5,5", "0x5", "5_0", "", "5 5", "5.0", "\xb2", "five", '"5"']
    ),
    ("CVE-2020-10735: a length of 10,000 digits", post("Content-Length: " + "9" * 10000), 413),
    ("CVE-2024-1135: TE in HTTP/1.0", post("Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400),
    ("two codings", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 400),
    *(
        (f"CVE-2019-16786 and CVE-2024-6827: a coding of {coding!r}", post(f"Transfer-Encoding: {coding}"), 501)
        for coding in ["gzip, chunked", "chunked, chunked", "xchunked", "identity", "chunked;q=1", "", '"chunked"']
    ),
    ("CVE-2019-16786: a folded coding", post("Transfer-Encoding:", " chunked"), 400),
    ("two types of content", post("Content-Type: text/html", "Content-Type: text/plain", "Content-Length: 5"), 400),
    ("RFC 9110, 10.1.1: an unknown expectation", post("Expect: 200-ok", "Content-Length: 5"), 417),
    # chunks: the application reads, and is refused the rest
    *(
        (f"RFC 9112, 7.1 and CVE-2022-24761: a chunk size of {size!r}", chunked(size, b"\r\nhello\r\n0\r\n\r\n"), 400)
        for size in [
            *(
                b"+5",
                b"-5",
                b"0x5",
                b"5_0",
                b"5 ",
                b" 5",
                b"",
                b";x",
                b"g",
                b"5\x00",
                b"5;\x01",
                b"5;a\rb",
                b"\xd9\xa5",
            ),
            *(b"0" * 17, b"5 ;x", b"5;" + b"x" * 300),
            *(b"5;", b"5;;a", b"5;=a", b"5;a=", b"5;a b", b'5;a="b', b'5;a="b"c', b'5;a="\\"', b"5;\xe9", b"5;a=b,c"),
        ]
    ),
    ("chunks with bare LF", chunked(b"5\nhello\n0\n\n"), 400),
    ("a bare LF after the size", chunked(b"5\nhello\r\n0\r\n\r\n"), 400),
    ("a chunk longer than it said", chunked(b"5\r\nhello!\r\n0\r\n\r\n"), 400),
    ("a chunk without its line end", chunked(b"5\r\nhello0\r\n\r\n"), 400),
    ("trailers that are no fields", chunked(b"0\r\nGET / HTTP/1.1\r\n\r\n"), 400),
    ("a trailer with a control byte", chunked(b"0\r\nA: \x00\r\n\r\n"), 400),
    ("trailers without end", chunked(b"0\r\n", b"A: b\r\n" * 3000, b"\r\n"), 400),
    # too much
    ("RFC 9110, 15.5.15: a long request line", request(f"GET /{'a' * 8177} HTTP/1.1"), 414),
    ("a request line without end", b"GET /" + b"a" * 70000, 414),
    ("RFC 6585, 5: 101 fields", request("GET / HTTP/1.1", *(f"F{n}: {n}" for n in range(100))), 431),
    ("a field without end", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200000, 431),
    ("1 MB of fields", request("GET / HTTP/1.1", *["A: " + "b" * 1000] * 1000), 431),
    ("a long name", request("GET / HTTP/1.1", "A" * 300 + ": b"), 431),
    # nothing may be answered after a refusal
    ("a good request, then a bad one", HELLO + b"GET /\r\n\r\n" + SMUGGLED, (200, 400)),
]

# What has no answer: the server must only live on.
MUTE = [
    ("nothing at all", b""),
    ("half a request line", b"GET / HT"),
    ("half a head", b"GET / HTTP/1.1\r\nHost: a"),
    ("one empty line", b"\r\n"),
]


class TableTest(unittest.TestCase):
    """One list of requests, over each kind of server; after each a good one must be answered."""

    @classmethod
    def setUpClass(cls):
        cls.servers = {}
        for kind in KINDS:
            server = ServerProcess(f"from tests.test_serving import serve; serve({kind!r})")
            cls.addClassCleanup(server.stop)
            if server.port is None:
                raise AssertionError(server.log())
            cls.servers[kind] = server

    def try_each(self, cases, check):
        """Call check(port, *case) for each case, over each kind of server."""
        for kind, server in self.servers.items():
            for what, *case in cases:
                with self.subTest(what, server=kind):
                    check(server.port, *case)
                    with raw.connect(server.port) as sock:
                        sock.sendall(HELLO)
                        self.assertEqual(raw.receive_answer(sock).code, 200, "the next request is not answered")
            for mishap in ["Traceback", "Exception", "Warning"]:
                self.assertNotIn(mishap, server.log(), kind)

    def test_a_good_request_arrives_as_it_was_meant(self):
        def check(port, data, expected):
            [answer] = raw.ask(port, data)
            self.assertEqual(answer.code, 200, answer.body)
            seen = json.loads(answer.body)
            self.assertEqual({key: seen.get(key) for key in expected}, expected)

        self.try_each(GOOD, check)

    def test_a_hostile_request_is_refused_and_the_connection_ends(self):
        def check(port, data, codes):
            *before, last = raw.ask(port, data, says_last=False)
            codes = codes if isinstance(codes, tuple) else (codes,)
            self.assertEqual((*(answer.code for answer in before), last.code), codes, last.body)
            self.assertEqual(last.fields["connection"], "close")
            self.assertEqual(last.fields["content-type"], "text/plain; charset=utf-8")
            self.assertTrue(last.is_whole and len(last.body) > 20, "no reason is given")
            self.assertTrue(last.body.isascii())

        self.try_each(HOSTILE, check)

    def test_a_body_that_breaks_off_is_no_body(self):
        whole = chunked(b"5\r\nhello\r\n", b"0\r\n\r\n")
        start = whole.index(b"\r\n\r\n") + 4
        cut = [whole[:end] for end in range(start, len(whole))]
        cut += [request("POST / HTTP/1.1", "Content-Length: 5", body=b"hell")]

        def check(port, data):
            self.assertEqual([answer.code for answer in raw.ask(port, data)], [400])

        self.try_each([(repr(data[start:]), data) for data in cut], check)

    def test_who_says_nothing_whole_gets_no_answer(self):
        def check(port, data):
            self.assertEqual(raw.send(port, data), b"")

        self.try_each(MUTE, check)

    def test_an_invalid_and_a_valid_request_in_one_packet_get_one_answer(self):
        """CVE-2024-49768: the second was answered if it came at the right moment."""

        def check(port):
            for _ in range(50):
                self.assertEqual([answer.code for answer in raw.ask(port, b"GET\r\n\r\n" + SMUGGLED)], [400])

        self.try_each([("fifty times",)], check)

    def test_a_client_that_resets_is_nothing_to_speak_of(self):
        """CVE-2024-49769, CVE-2022-31015: it stopped the server, or kept it busy."""

        def check(port, data):
            for _ in range(20):
                with raw.connect(port) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
                    sock.sendall(data)

        self.try_each([("at once", b""), ("in a head", b"GET /"), ("before the answer", HELLO)], check)


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def paths(environ, start_response):
    """Answer with the path, and leave the body alone."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1")]


def read_all(environ, start_response):
    """Answer with the body."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


def deaf(environ, start_response):
    """Read the body, and heed no polite signal."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return read_all(environ, start_response)


class HandlerTest(unittest.TestCase):
    """What needs no network: a handler over a socket that is none."""

    def setUp(self):
        log = collected_log()
        self.records = log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)

    def connect(self, app, connection, handler=WSGIRequestHandler, kind="threaded", **options):
        """Let a handler serve a connection to its end; return the handler."""
        server = make_server("127.0.0.1", 0, app, request_handler=handler, **KINDS[kind], **options)
        self.addCleanup(server.server_close)
        alone = {"is_crowded": mock.Mock(return_value=False), "await_turn": mock.Mock(return_value=True)}
        with mock.patch.multiple(server, **alone):
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


class PiecesTest(HandlerTest):
    """A request means the same, however the network cuts it."""

    def test_a_request_may_be_cut_anywhere(self):
        data = (
            b"\r\n"
            + request("GET /one HTTP/1.1", "A: b")
            + b"\r\n"
            + chunked(b"5\r\nhello\r\n", b"0\r\nC: d\r\n\r\n", path="/two")
            + HELLO
        )
        for cut in range(1, len(data)):
            self.assertEqual(self.bodies(paths, data[:cut], data[cut:]), [b"/one", b"/two", b"/hello"], cut)

    def test_a_request_may_come_byte_by_byte(self):
        for data in [
            request("POST / HTTP/1.1", "Content-Length: 5", body=b"hello"),
            chunked(b"3;x=y\r\nhel\r\n", b"2\r\nlo\r\n", b"0\r\nA: b\r\n\r\n"),
        ]:
            pieces = [data[place : place + 1] for place in range(len(data))]
            self.assertEqual(self.bodies(read_all, *pieces), [b"hello"])

    def test_a_bad_request_may_be_cut_anywhere(self):
        for data in [b"GET / HTTP/1.1\nHost: a\n\n", b"GET /\r\n\r\n", request("GET / HTTP/1.1", "A : b")]:
            for cut in range(1, len(data)):
                with self.subTest(data[:cut]):
                    self.assertEqual([answer.code for answer in self.talk(hello, data[:cut], data[cut:])], [400])

    def test_a_head_that_comes_byte_by_byte_costs_time_in_proportion(self):
        """Each byte had all before it copied and searched again: 60 kB kept a core busy for seconds."""

        def count_work(data):
            """The bytes that are copied and searched while these arrive one by one."""
            work = []

            def counted(base):
                class Counted(base):
                    def __getitem__(self, key):
                        part = super().__getitem__(key)
                        if isinstance(key, slice):
                            work.append(len(part))
                            part = type(self)(part)
                        return part

                    def __radd__(self, other):
                        work.append(len(other))
                        return type(self)(bytes(other) + bytes(self))

                    def find(self, sought, start=0):
                        end = super().find(sought, start)
                        work.append((end if end >= 0 else len(self)) - start)
                        return end

                return Counted

            def check(data, start):
                work.append(len(data) - start)
                return wire.check_unfinished_lines(data, start)

            piece = counted(bytes)
            copied = mock.patch.object(wire, "bytearray", counted(bytearray), create=True)
            searched = mock.patch.object(serving, "check_unfinished_lines", check)
            with copied, searched:
                pieces = [piece(data[place : place + 1]) for place in range(len(data))]
                self.assertEqual(self.bodies(hello, *pieces), [b"hello"])
            return sum(work)

        for what, make in [
            ("a field", lambda size: request("GET / HTTP/1.1", "A: " + "a" * size)),
            ("the request line", lambda size: request(f"GET /{'a' * size} HTTP/1.1")),
            ("many fields", lambda size: request("GET / HTTP/1.1", *["A: " + "b" * (size // 90)] * 90)),
        ]:
            with self.subTest(what):
                self.assertLess(count_work(make(4000)), 2.2 * count_work(make(2000)))

    def test_a_request_costs_one_recv_and_one_send(self):
        connection = FakeConnection([HELLO] * 10)
        with mock.patch.object(connection, "recv", wraps=connection.recv) as recv:
            self.connect(hello, connection)
        self.assertEqual(len(connection.sent), 10)
        self.assertEqual(recv.call_count, 11)  # the last one finds that nothing comes any more


class KeepAliveTest(HandlerTest):
    """RFC 9112, section 9.3."""

    def test_the_connection_stays_or_goes_as_the_client_wishes(self):
        for line, fields, stays in [
            ("GET / HTTP/1.1", [], True),
            ("GET / HTTP/1.1", ["Connection: close"], False),
            ("GET / HTTP/1.1", ["Connection: Keep-Alive, CLOSE"], False),
            ("GET / HTTP/1.1", ["Connection: x", "Connection: close"], False),
            ("GET / HTTP/1.1", ["Connection: closed"], True),
            ("GET / HTTP/1.0", [], False),
            ("GET / HTTP/1.0", ["Connection: keep-alive"], True),
            ("GET / HTTP/1.0", ["Connection: keep-alive, close"], False),
        ]:
            with self.subTest(line, fields=fields):
                answers = self.talk(hello, request(line, *fields), HELLO)
                self.assertEqual(len(answers), 2 if stays else 1)
                expected = None if line.endswith("1.1") else "keep-alive"
                self.assertEqual(answers[0].fields.get("connection"), expected if stays else "close")

    def test_answers_come_in_the_order_of_the_requests(self):
        data = b"".join(request(f"GET /{number} HTTP/1.1") for number in range(50))
        self.assertEqual(self.bodies(paths, data), [b"/%d" % number for number in range(50)])

    def test_nothing_is_answered_after_a_close(self):
        self.assertEqual(self.bodies(paths, request("GET /1 HTTP/1.1", "Connection: close") + HELLO), [b"/1"])

    def test_a_body_that_nobody_reads_is_not_the_next_request(self):
        for what, data in [
            ("it is here", request("POST /1 HTTP/1.1", f"Content-Length: {len(SMUGGLED)}", body=SMUGGLED)),
            ("chunked", chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED), path="/1")),
        ]:
            with self.subTest(what):
                self.assertEqual(self.bodies(paths, data, HELLO), [b"/1", b"/hello"])
                self.assertEqual(self.bodies(paths, data[:-30], data[-30:] + HELLO), [b"/1", b"/hello"])

    def test_a_large_body_that_nobody_reads_ends_the_connection(self):
        data = request("POST /1 HTTP/1.1", "Content-Length: 1000000", body=SMUGGLED * 10)
        [answer] = self.talk(paths, data)
        self.assertEqual((answer.body, answer.fields["connection"]), (b"/1", "close"))

    def test_an_endless_body_that_nobody_reads_ends_the_connection(self):
        data = chunked(*[b"fff0\r\n%b\r\n" % (b"x" * 0xFFF0)] * 10, path="/1")
        self.assertEqual(self.bodies(paths, data, SMUGGLED), [b"/1"])

    def test_a_kept_input_does_not_read_the_next_request(self):
        kept = []

        def keep(environ, start_response):
            kept.append(environ["wsgi.input"])
            return paths(environ, start_response)

        first = request("POST /1 HTTP/1.1", "Content-Length: 9", body=b"12345")
        self.assertEqual(self.bodies(keep, first, b"6789" + HELLO), [b"/1", b"/hello"])
        with self.assertRaises(ValueError):
            kept[0].read()


class ExpectTest(HandlerTest):
    """RFC 9110, section 10.1.1: the client asks before it sends the body."""

    ASKS = ("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-Continue")

    def test_it_is_told_to_go_on_when_the_application_reads(self):
        connection = FakeConnection([request(*self.ASKS), b"hello"])
        self.connect(read_all, connection)
        self.assertEqual(connection.sent[0], b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertEqual(raw.Answer(b"".join(connection.sent[1:])).body, b"hello")

    def test_it_is_not_told_when_the_application_does_not_read(self):
        [answer] = self.talk(paths, request(*self.ASKS), b"hello" + HELLO)
        self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))

    def test_it_is_not_told_once_the_answer_has_begun(self):
        def late(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"begun "
            yield environ["wsgi.input"].read()

        [answer] = self.talk(late, request(*self.ASKS), b"hello")
        self.assertEqual((answer.code, answer.body), (200, b"begun hello"))

    def test_it_may_ask_twice_in_one_breath(self):
        connection = FakeConnection([request(*self.ASKS[:2], "Expect: , 100-continue,100-Continue"), b"hello"])
        self.connect(read_all, connection)
        self.assertEqual(connection.sent[0], b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_it_is_not_told_where_there_is_no_need(self):
        for what, data in [
            ("nothing is expected", request(*self.ASKS[:2], "Expect:", body=b"hello")),
            ("the body is here", request(*self.ASKS, body=b"hello")),
            ("HTTP/1.0", request(*self.ASKS, body=b"hello").replace(b"HTTP/1.1", b"HTTP/1.0")),
            ("there is no body", request("GET / HTTP/1.1", "Expect: 100-continue")),
        ]:
            with self.subTest(what):
                self.assertEqual([answer.code for answer in self.talk(read_all, data)], [200])


class BodyTest(HandlerTest):
    """wsgi.input: PEP 3333, "Input and Error Streams"."""

    BODY = b"one\ntwo\r\n\nfour"
    LINES = [b"one\n", b"two\r\n", b"\n", b"four"]

    def see(self, look, *pieces):
        """Return what a function makes of wsgi.input."""
        seen = []

        def app(environ, start_response):
            seen.append(look(environ["wsgi.input"]))
            self.assertIs(environ["wsgi.input_terminated"], True)
            return hello(environ, start_response)

        self.talk(app, *pieces)
        return seen[0]

    def test_it_reads_like_a_file(self):
        counted = request("POST / HTTP/1.1", "Content-Length: 14")
        chunks = b"4\r\none\n\r\n", b"6\r\ntwo\r\n\n\r\n", b"4\r\nfour\r\n", b"0\r\n\r\n"
        for what, *pieces in [
            ("at once", counted + self.BODY + HELLO),
            ("in pieces", counted, self.BODY[:5], self.BODY[5:] + HELLO),
            ("chunked", chunked(*chunks) + HELLO),
            ("chunked, in pieces", chunked(), *chunks, HELLO),
        ]:
            for look, expected in [
                (lambda stream: stream.read(), self.BODY),
                (lambda stream: stream.read(-1), self.BODY),
                (lambda stream: stream.read(100), self.BODY),
                (lambda stream: (stream.read(5), stream.read(0), stream.read()), (b"one\nt", b"", b"wo\r\n\nfour")),
                (lambda stream: (stream.read(), stream.read(), stream.read(1)), (self.BODY, b"", b"")),
                (lambda stream: [stream.readline() for _ in range(5)], [*self.LINES, b""]),
                (lambda stream: stream.readline(2), b"on"),
                (lambda stream: stream.readlines(), self.LINES),
                (list, self.LINES),
            ]:
                with self.subTest(what, expected=expected):
                    self.assertEqual(self.see(look, *pieces), expected)

    def test_without_a_body_it_is_empty(self):
        self.assertEqual(self.see(lambda stream: stream.read(), HELLO + HELLO), b"")

    def test_a_client_that_leaves_is_an_error_and_never_a_short_body(self):
        gone = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        for what, *pieces in [
            ("counted", request("POST / HTTP/1.1", "Content-Length: 5", body=b"hell")),
            ("reset", request("POST / HTTP/1.1", "Content-Length: 5", body=b"hell"), gone),
            ("stalled", request("POST / HTTP/1.1", "Content-Length: 5", body=b"hell"), BlockingIOError(11, "")),
            ("in a chunk", chunked(b"5\r\nhell")),
            ("after a chunk", chunked(b"5\r\nhello\r\n")),
            ("before the last line", chunked(b"5\r\nhello\r\n0\r\n")),
        ]:
            for look in [lambda stream: stream.read(), list, lambda stream: stream.read(100)]:

                def app(environ, start_response, look=look):
                    with self.assertRaises(ClientDisconnected):
                        look(environ["wsgi.input"])
                    return hello(environ, start_response)

                with self.subTest(what):
                    self.assertEqual(self.bodies(app, *pieces), [b"hello"])
        self.assert_log(tracebacks=0)

    def test_an_error_of_the_client_that_nobody_catches_is_a_400_without_traceback(self):
        [answer] = self.talk(read_all, chunked(b"xyz\r\n"))
        self.assertEqual(answer.code, 400)
        self.assertIn(b"'xyz'", answer.body)
        self.assert_log(tracebacks=0)

    def test_an_error_stays_an_error(self):
        def app(environ, start_response):
            for _ in range(2):
                with self.assertRaises(BadRequest):
                    environ["wsgi.input"].read()
            return hello(environ, start_response)

        [answer] = self.talk(app, chunked(b"5\r\nhello0\r\n\r\n"), SMUGGLED)
        self.assertEqual(answer.fields["connection"], "close")

    def test_a_megabyte_arrives_whole(self):
        body = bytes(range(256)) * 4096
        data = request("POST / HTTP/1.1", f"Content-Length: {len(body)}", body=body)
        self.assertEqual(self.bodies(read_all, data), [body])
        chunks = [body[place : place + 70000] for place in range(0, len(body), 70000)]
        data = chunked(*(b"%X\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks), b"0\r\n\r\n")
        self.assertEqual(self.bodies(read_all, data), [body])

    def test_no_memory_is_taken_for_what_is_only_promised(self):
        """read(int(CONTENT_LENGTH)) made room for all of it at once."""
        promise = request("POST / HTTP/1.1", "Content-Length: 999999999999999999", body=b"hello")

        def app(environ, start_response):
            stream = environ["wsgi.input"]
            size = int(environ["CONTENT_LENGTH"])
            self.assertEqual(stream.read1(size), b"hello")
            with self.assertRaises(ClientDisconnected):
                stream.read(size)
            return hello(environ, start_response)

        self.assertEqual(self.bodies(app, promise), [b"hello"])

    def test_a_large_read_gives_all_that_it_asks_for(self):
        body = bytes(range(256)) * 12000
        head = request("POST / HTTP/1.1", f"Content-Length: {len(body)}")

        def look(stream):
            return stream.read(len(body) - 1), stream.read(10**18), stream.read(10**18)

        self.assertEqual(self.see(look, head, body), (body[:-1], body[-1:], b""))

    def test_many_small_chunks_cost_time_in_proportion(self):
        """Ten thousand chunks in one packet: the rest of it must not be copied for each."""
        data = chunked(b"1\r\nx\r\n" * 10000, b"0\r\n\r\n")
        connection = FakeConnection([data])
        self.connect(read_all, connection)
        self.assertEqual(raw.Answer(b"".join(connection.sent)).body, b"x" * 10000)


class ResponseTest(HandlerTest):
    """What goes out: RFC 9112, section 6; PEP 3333."""

    def answer(self, status="200 OK", headers=(), body=(), *, line="GET / HTTP/1.1", read=None):
        """Return the one answer to one request, which an application of one line gives."""

        def app(environ, start_response):
            start_response(status, list(headers))
            return body() if callable(body) else body

        [answer] = self.talk(app, request(line))
        return answer

    def test_the_end_of_a_body_can_be_known(self):
        def pieces():
            yield b"hel"
            yield b""
            yield b"lo"

        class One:
            def __len__(self):
                return 1

            def __iter__(self):
                return iter([b"hello"])

        counted, in_chunks, until_close = ("5", None), (None, "chunked"), (None, None)
        announced = [("content-length", "5")]
        for what, body, headers, line, expected in [
            ("one piece", [b"hello"], (), "GET / HTTP/1.1", counted),
            ("a tuple", (b"hello",), (), "GET / HTTP/1.1", counted),
            ("several pieces", [b"hel", b"", b"lo"], (), "GET / HTTP/1.1", counted),
            ("len() of 1", One, (), "GET / HTTP/1.1", counted),
            ("a generator", pieces, (), "GET / HTTP/1.1", in_chunks),
            ("a generator, announced", pieces, announced, "GET / HTTP/1.1", counted),
            ("one piece, announced", [b"hello"], announced, "GET / HTTP/1.1", counted),
            ("HTTP/1.0, one piece", [b"hello"], (), "GET / HTTP/1.0", counted),
            ("HTTP/1.0, a generator", pieces, (), "GET / HTTP/1.0", until_close),
        ]:
            with self.subTest(what):
                answer = self.answer(headers=headers, body=body, line=line)
                self.assertEqual((answer.body, answer.is_whole), (b"hello", True))
                named = answer.fields.get("content-length"), answer.fields.get("transfer-encoding")
                self.assertEqual(named, expected)
                self.assertEqual(answer.fields.get("connection"), "close" if line.endswith("1.0") else None)

    def test_an_empty_body_has_a_length_too(self):
        for body in [[], [b""], iter([]), iter([b"", b""])]:
            self.assertEqual(self.answer(body=body).fields["content-length"], "0")

    def test_some_answers_have_no_body(self):
        for what, line, status, headers, body, length in [
            ("HEAD", "HEAD / HTTP/1.1", "200 OK", (), [b"hello"], "5"),
            ("HEAD, announced", "HEAD / HTTP/1.1", "200 OK", [("Content-Length", "9")], [], "9"),
            ("HEAD, nothing known", "HEAD / HTTP/1.1", "200 OK", (), [], None),
            ("HEAD, a generator", "HEAD / HTTP/1.1", "200 OK", (), iter([b"hello"]), None),
            ("204", "GET / HTTP/1.1", "204 No Content", [("Content-Length", "5")], [b"hello"], None),
            ("HEAD, 204", "HEAD / HTTP/1.1", "204 No Content", (), [b"hello"], None),
            ("205", "GET / HTTP/1.1", "205 Reset Content", (), [b"hello"], "0"),
            (
                "205, announced",
                "GET / HTTP/1.1",
                "205 Reset Content",
                [("Content-Length", "5")],
                iter([b"hello"]),
                "0",
            ),
            ("304", "GET / HTTP/1.1", "304 Not Modified", [("Content-Length", "5")], [b"hello"], "5"),
            ("304, nothing known", "GET / HTTP/1.1", "304 Not Modified", (), iter([b"hello"]), None),
        ]:
            with self.subTest(what):

                def app(environ, start_response, status=status, headers=headers, body=body):
                    if environ["PATH_INFO"] == "/hello":
                        return hello(environ, start_response)
                    start_response(status, list(headers))
                    return body

                connection = FakeConnection([request(line), HELLO])
                self.connect(app, connection)
                first, second = connection.sent
                self.assertTrue(first.endswith(b"\r\n\r\n"))
                answer = raw.Answer(first, b"HEAD")
                self.assertEqual(answer.fields.get("content-length"), length)
                self.assertNotIn("transfer-encoding", answer.fields)
                self.assertEqual(raw.Answer(second).body, b"hello")

    def test_nobody_waits_for_a_body_that_is_not_sent(self):
        def endless(environ, start_response):
            start_response("200 OK", [])
            while True:
                yield b"hello"

        self.assertEqual(self.bodies(endless, request("HEAD / HTTP/1.1")), [b""])

    def test_write_sends_at_once(self):
        def app(environ, start_response):
            write = start_response("200 OK", [])
            write(b"hel")
            sent.append(b"".join(connection.sent))
            write(b"lo")
            return [b" world"]

        sent = []
        connection = FakeConnection([HELLO])
        self.connect(app, connection)
        self.assertIn(b"\r\n3\r\nhel\r\n", sent[0])
        self.assertEqual(raw.Answer(b"".join(connection.sent)).body, b"hello world")

    def test_a_large_body_arrives_whole(self):
        large = bytes(range(256)) * 1000
        for body in [[large], iter([large, b"", large])]:
            answer = self.answer(body=body)
            self.assertTrue(answer.is_whole)
            self.assertEqual(answer.body.replace(large, b"*").strip(b"*"), b"")

    def test_date_and_server_are_added_unless_they_are_there(self):
        answer = self.answer()
        self.assertRegex(answer.fields["date"], r"\A[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT\Z")
        self.assertEqual(answer.fields["server"], "nanoweb")
        own = [("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("SERVER", "mine")]
        answer = self.answer(headers=own)
        self.assertEqual((answer.fields["date"], answer.fields["server"]), (own[0][1], "mine"))

    def test_a_head_that_cannot_be_sent_is_refused_when_it_is_announced(self):
        """python/cpython#143916, #150726; CVE-2018-1000164; PEP 3333 for hop-by-hop fields."""
        for status in ["200", "200 OK", "299 ", "404 Nicht da", "200 \xe9"]:
            self.assertEqual(self.answer(status).code, int(status[:3]))
        for error, status, headers in [
            *(
                (ValueError, status, [])
                for status in ["", "OK", "20 OK", "2000 OK", "200OK", "100 Continue", "+20 OK"]
            ),
            *((ValueError, f"200 O{text}K", []) for text in ["\r\n", "\r", "\n", "\0", "\x0b", "\x7f", "\u20ac"]),
            *((TypeError, status, []) for status in [200, None, b"200 OK"]),
            *(
                (ValueError, "200 OK", [("A", f"b{text}c")])
                for text in ["\r\nC: d", "\r", "\n", "\0", "\x1b", "\u20ac"]
            ),
            *((ValueError, "200 OK", [(name, "b")]) for name in ["", "A B", "A:", "A\r\nB", "\0", "\xe9", "A\n"]),
            *(
                (TypeError, "200 OK", [header])
                for header in [("A", 1), ("A", None), ("A", b"b"), (b"A", "b"), (1, "b")]
            ),
            *((ValueError, "200 OK", [("Content-Length", length)]) for length in ["", "-1", "+1", "1_0", "1,1", "x"]),
            (ValueError, "200 OK", [("Content-Length", "1"), ("content-length", "1")]),
            *(
                (ValueError, "200 OK", [(name, "x")])
                for name in ["Connection", "keep-alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade"]
            ),
            *((ValueError, "200 OK", [(f"Proxy-{name}", "x")]) for name in ["Authenticate", "Authorization"]),
        ]:
            with self.subTest(status, headers=headers):
                caught = []

                def app(environ, start_response, status=status, headers=headers, error=error, caught=caught):
                    try:
                        start_response(status, headers)
                    except error as complaint:
                        caught.append(str(complaint))
                    return hello(environ, start_response)

                [answer] = self.talk(app, HELLO)
                self.assertEqual(answer.body, b"hello")
                self.assertGreater(len(caught[0]), 20)
                self.assertEqual(set(answer.fields), {"content-type", "content-length", "date", "server"})

    def test_what_is_checked_is_what_is_sent(self):
        """A subclass of str or bytes could answer the check with one thing, and the wire with another."""

        class Text(str):
            __slots__ = ()

            def evil(self, *args):
                return "x\r\nSet-Cookie: admin=1\r\n\r\n"

            __format__ = __str__ = __repr__ = evil

        class Data(bytes):
            def __len__(self):
                return 1

        for status, name, value, body in [
            (Text("200 Yes"), Text("X-A"), Text("b"), Data(b"hello")),
            (Text("200 Yes"), Text("Content-Length"), Text("5"), Data(b"hello")),
        ]:
            answer = self.answer(status, [(name, value)], [body])
            self.assertEqual(
                (answer.reason, answer.fields.get(name.lower()), answer.body), ("Yes", str.__str__(value), b"hello")
            )
            self.assertNotIn("set-cookie", answer.fields)

    def test_a_start_response_that_fails_was_none(self):
        """The length of the first was forgotten, its field was not: the answer got two lengths."""

        def app(environ, start_response, body):
            start_response("200 OK", [("Content-Length", "5")])
            for headers in [[("X", "a\nb")], [("Content-Length", "9"), ("X", "a\nb")], [("Content-Length", "x")]]:
                with self.assertRaises(ValueError):
                    start_response("500 Oh", headers, (KeyError, KeyError(), None))
            return body

        for body in [[b"hello"], iter([b"hel", b"lo"])]:
            [answer] = self.talk(partial(app, body=body), HELLO)
            self.assertEqual((answer.code, answer.body, answer.fields["content-length"]), (200, b"hello", "5"))
            self.assertNotIn("transfer-encoding", answer.fields)

    def test_start_response_comes_once_or_with_an_error(self):
        def twice(environ, start_response):
            hello(environ, start_response)
            return hello(environ, start_response)

        def repaired(environ, start_response):
            start_response("200 OK", [("Content-Length", "99")])
            try:
                raise KeyError("x")
            except KeyError:
                start_response("500 Oh", [], sys.exc_info())
            return [b"repaired"]

        def too_late(environ, start_response):
            start_response("200 OK", [])
            yield b"begun"
            try:
                raise KeyError("too late")
            except KeyError:
                start_response("500 Oh", [], sys.exc_info())
            yield b"never"

        def never(environ, start_response):
            return [b"hello"]

        self.assertEqual([(answer.code, answer.reason) for answer in self.talk(repaired, HELLO)], [(500, "Oh")])
        self.assertEqual(self.bodies(repaired, HELLO), [b"repaired"])
        self.assert_log(tracebacks=0)
        for app, error in [(twice, RuntimeError), (never, RuntimeError), (too_late, KeyError)]:
            with self.subTest(app.__name__):
                self.records.clear()
                [answer] = self.talk(app, HELLO)
                self.assertEqual((answer.code, answer.is_whole), (200, False) if app is too_late else (500, True))
                [record] = [record for record in self.records if record.exc_info]
                self.assertIs(record.exc_info[0], error)

    def test_the_announced_length_holds(self):
        for what, length, body, code, sent in [
            ("too long, known at once", "4", [b"hello"], 500, None),
            ("too long, known later", "7", iter([b"hello", b"hello"]), 200, b"hello"),
            ("too short, known at once", "9", [b"hello"], 500, None),
            ("too short, known later", "9", iter([b"hello"]), 200, b"hello"),
            ("nothing", "9", [], 500, None),
            ("nothing in it", "9", [b"", b""], 500, None),
        ]:
            with self.subTest(what):
                self.records.clear()
                answer = self.answer(headers=[("Content-Length", length)], body=body)
                self.assertEqual(answer.code, code)
                if sent is not None:
                    self.assertEqual((answer.body, answer.is_whole), (sent, False))
                self.assert_log(tracebacks=1)

    def test_a_body_is_bytes(self):
        for wrong in ["text", "", None, 0, bytearray(b"x"), bytearray()]:
            for body in [[wrong], [b"ok", wrong], (wrong, b"ok"), iter([wrong])]:
                with self.subTest(wrong=wrong, body=body):
                    self.records.clear()
                    self.assertEqual(self.answer(body=body).code, 500)
                    self.assert_log(tracebacks=1)
        for body in ["text", iter([b"ok", 1])]:
            with self.subTest(body):
                self.records.clear()
                self.answer(body=body)
                self.assert_log(tracebacks=1)


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


class FailureTest(HandlerTest):
    """The application fails, or the client goes."""

    def test_a_failure_is_a_plain_500_and_one_traceback(self):
        def fails(environ, start_response):
            raise KeyError("a secret")

        def fails_later(environ, start_response):
            start_response("200 OK", [("Set-Cookie", "a=b")])
            raise KeyError("a secret")

        for app in [fails, fails_later, returning(Body(KeyError("a secret")))]:
            self.records.clear()
            [answer] = self.talk(app, HELLO, HELLO)
            self.assertEqual((answer.code, answer.fields["connection"]), (500, "close"))
            self.assertNotIn(b"secret", answer.body)
            self.assertNotIn("set-cookie", answer.fields)
            self.assert_log(tracebacks=1)
            self.assertIn("GET /hello", self.records[0].getMessage())

    def test_what_is_no_exception_is_a_failure_of_one_request_too(self):
        """A view's sys.exit() ended the server for all; in a thread nobody heard of it."""

        class Cancelled(BaseException):
            """As asyncio.CancelledError."""

        for kind in ["plain", "threaded"]:
            for error in [SystemExit(3), GeneratorExit(), Cancelled(), KeyboardInterrupt()]:
                if kind == "plain" and isinstance(error, KeyboardInterrupt):
                    continue
                with self.subTest(kind, error=error):
                    self.records.clear()
                    [answer] = self.talk(returning(Body(error)), HELLO, kind=kind)
                    self.assertEqual(answer.code, 500)
                    self.assert_log(tracebacks=1)

    def test_ctrl_c_in_the_one_thread_there_is_goes_through(self):
        body = Body(KeyboardInterrupt())
        with self.assertRaises(KeyboardInterrupt):
            self.talk(returning(body), HELLO, kind="plain")
        self.assertEqual(body.closed, 1)

    def test_a_log_that_cannot_be_written_keeps_nobody_from_an_answer(self):
        """With sys.stderr closed, logging raises ValueError."""
        handler = logging.Handler()
        handler.emit = mock.Mock(side_effect=ValueError("I/O operation on closed file"))
        logger = logging.getLogger("nanoweb.serving")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        for app, data, code in [
            (hello, HELLO, 200),
            (returning(Body(KeyError())), HELLO, 500),
            (hello, b"GET /\r\n\r\n", 400),
        ]:
            self.assertEqual([answer.code for answer in self.talk(app, data)], [code])
        self.assertGreater(handler.emit.call_count, 3)

    def test_a_failure_after_the_head_cuts_the_answer(self):
        for what, line, headers in [
            ("chunked", "GET / HTTP/1.1", []),
            ("announced", "GET / HTTP/1.1", [("Content-Length", "9")]),
        ]:
            with self.subTest(what):
                self.records.clear()
                app = returning(Body(b"begun", KeyError("a secret")), headers)
                [answer] = self.talk(app, request(line), HELLO)
                self.assertEqual((answer.code, answer.body, answer.is_whole), (200, b"begun", False))
                self.assert_log(tracebacks=1)

    def test_a_failure_cannot_pass_for_the_end_of_an_answer(self):
        """Where the connection's end is the body's end, only a reset tells that this is not all."""
        for kind, error in [
            ("threaded", KeyError()),
            ("threaded", GeneratorExit()),
            ("threaded", SystemExit()),
            ("plain", KeyboardInterrupt()),
        ]:
            app = returning(Body(b"begun", error))
            with self.subTest(kind, error=error), running(app, **KINDS[kind]) as server:
                sock = raw.connect(server.port)
                self.addCleanup(sock.close)
                sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                with self.assertRaises(ConnectionResetError):
                    while sock.recv(65536):
                        pass

    def test_the_body_is_closed_whatever_happens(self):
        for what, body, connection in [
            ("all is well", Body(b"hello"), FakeConnection([HELLO])),
            ("HEAD", Body(b"hello"), FakeConnection([request("HEAD / HTTP/1.1")])),
            ("nothing in it", Body(), FakeConnection([HELLO])),
            ("it fails", Body(KeyError()), FakeConnection([HELLO])),
            ("it fails later", Body(b"hello", KeyError()), FakeConnection([HELLO])),
            ("it is no bytes", Body("hello"), FakeConnection([HELLO])),
            ("the client has gone", Body(b"hello"), BrokenConnection([HELLO])),
            ("the client goes later", Body(*[b"hello"] * 9), BrokenConnection([HELLO], sends=3)),
        ]:
            with self.subTest(what):
                self.connect(returning(body), connection)
                self.assertEqual(body.closed, 1)

    def test_a_client_that_goes_is_no_error(self):
        gone = []

        class Handler(WSGIRequestHandler):
            def connection_dropped(self, error, environ=None):
                gone.append(environ["PATH_INFO"])

        for sends in range(3):
            connection = BrokenConnection([HELLO], sends)
            self.connect(returning(Body(b"a", b"b", b"c")), connection, Handler)
        self.assertEqual(gone, ["/hello"] * 3)
        self.assert_log(tracebacks=0)

    def test_a_lost_database_is_an_error_and_a_finished_websocket_is_none(self):
        """Both come as a ConnectionError; websocket libraries raise the bare class."""
        upgrade = request("GET / HTTP/1.1", "Connection: upgrade", "Upgrade: websocket")
        for error, data, codes in [
            (ConnectionRefusedError(), HELLO, [500]),
            (ConnectionRefusedError(), upgrade, [500]),
            (ConnectionError("cannot reach the database"), HELLO, [500]),
            (ConnectionError(), upgrade, []),
        ]:
            with self.subTest(error, data=data):
                self.records.clear()
                self.assertEqual([answer.code for answer in self.talk(returning(Body(error)), data)], codes)
                self.assert_log(tracebacks=len(codes))

    def test_errors_pass_through_where_that_is_asked_for(self):
        server = make_server("127.0.0.1", 0, returning(Body(KeyError("through"))), passthrough_errors=True)
        self.addCleanup(server.server_close)
        with raw.connect(server.port) as sock:
            sock.sendall(HELLO)
            with self.assertRaisesRegex(KeyError, "through"):
                server.handle_request()
        self.assertEqual(self.records, [])


class QuickHandler(WSGIRequestHandler):
    header_timeout = idle_timeout = body_timeout = 0.2
    linger_timeout = 0.1


class BusyHandler(WSGIRequestHandler):
    crowded_timeout = 0.05


class LimitTest(unittest.TestCase):
    """Time and number."""

    def test_a_head_that_does_not_end_is_a_408(self):
        """However often a byte of it comes."""

        class Drip(FakeConnection):
            def recv(self, size):
                time.sleep(0.01)
                return super().recv(1)

        for options in [{}, {"threaded": True}]:
            with collected_log() as records, running(hello, QuickHandler, **options) as server:
                drip = Drip([HELLO[:-2] + b"X: " + b"y" * 1000])
                with mock.patch.object(server, "await_turn", return_value=True):
                    QuickHandler(drip, ("127.0.0.1", 1234), server)
                self.assertEqual(raw.Answer(b"".join(drip.sent)).code, 408)
                [answer] = raw.ask(server.port, b"GET / HTTP/1.1\r\n", says_last=False)
                self.assertEqual(answer.code, 408)
            self.assertEqual([record.exc_info for record in records], [None, None])

    def test_a_silent_connection_is_closed_without_a_word(self):
        with collected_log() as records, running(hello, QuickHandler, threaded=True) as server:
            with raw.connect(server.port) as sock:
                self.assertEqual(raw.receive(sock), b"")
            with raw.connect(server.port) as sock:
                sock.sendall(HELLO)
                self.assertEqual(raw.Answer(raw.receive(sock)).body, b"hello")
        self.assertEqual(len(records), 1)

    def test_a_body_that_stalls_is_an_error(self):
        with collected_log() as records, running(read_all, QuickHandler, threaded=True) as server:
            [answer] = raw.ask(
                server.port, request("POST / HTTP/1.1", "Content-Length: 9", body=b"x"), says_last=False
            )
        self.assertEqual(answer.code, 400)
        self.assertEqual([record.exc_info for record in records], [None])

    def test_a_client_that_takes_nothing_does_not_hold_its_thread(self):
        class Handler(QuickHandler):
            send_timeout = 0.2

        body = Body(*[b"x" * 1000000] * 50)
        with collected_log(), running(returning(body), Handler, threaded=True) as server:  # noqa: SIM117
            with raw.connect(server.port) as sock:
                sock.sendall(HELLO)
                deadline = time.monotonic() + raw.PATIENCE
                while not body.closed and time.monotonic() < deadline:
                    time.sleep(0.01)
        self.assertEqual(body.closed, 1)

    def test_a_websocket_may_be_silent(self):
        """A library takes environ["werkzeug.socket"], and raises ConnectionError when it is done with it."""

        def talk(environ, start_response):
            sock = environ["werkzeug.socket"]
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            sock.sendall(sock.recv(100).upper())
            raise ConnectionError

        log, serving_it = collected_log(), running(talk, QuickHandler, threaded=True)
        with log as records, serving_it as server, raw.connect(server.port) as sock:
            sock.sendall(request("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"))
            self.assertIn(b"101 Switching", sock.recv(1000))
            time.sleep(0.3)  # longer than the server waits for a request
            sock.sendall(b"hello")
            self.assertEqual(raw.receive(sock), b"HELLO")
        self.assertEqual(records, [])

    def test_a_closed_server_keeps_no_thread(self):
        before = threading.active_count()
        with collected_log(), running(hello, threaded=True) as server:
            socks = [raw.connect(server.port) for _ in range(5)]
            for sock in socks:
                sock.sendall(HELLO)
                raw.receive_answer(sock)
            self.assertGreater(threading.active_count(), before + 5)
        deadline = time.monotonic() + raw.PATIENCE
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(threading.active_count(), before)
        for sock in socks:
            self.assertEqual(raw.receive(sock), b"")
            sock.close()

    def test_more_connections_than_allowed_are_turned_away(self):
        with collected_log(), running(hello, threaded=True) as server:
            server.max_connections = 1
            with raw.connect(server.port) as sock:
                sock.sendall(HELLO)
                raw.receive_answer(sock)
                with raw.connect(server.port) as other:
                    answer = raw.Answer(raw.receive(other))
                self.assertEqual((answer.code, answer.fields["retry-after"]), (503, "1"))
                sock.sendall(HELLO)
                self.assertEqual(raw.receive_answer(sock).body, b"hello")

    def test_a_server_that_can_start_no_thread_says_so(self):
        with collected_log(), running(hello, threaded=True) as server:
            none_left = mock.patch.object(
                threading.Thread, "start", side_effect=RuntimeError("can't start new thread")
            )
            with none_left, raw.connect(server.port) as sock:
                self.assertEqual(raw.Answer(raw.receive(sock)).code, 503)
            self.assertEqual(len(raw.ask(server.port, HELLO)), 1)

    def test_ctrl_c_while_a_thread_begins_does_not_take_its_connection_away(self):
        """socketserver closes what it was about to hand over, though the thread may be well under way."""
        begun, may_go_on = threading.Event(), threading.Event()

        def app(environ, start_response):
            begun.set()
            may_go_on.wait(raw.PATIENCE)
            return hello(environ, start_response)

        start = threading.Thread.start

        def start_and_interrupt(thread):
            start(thread)
            begun.wait(raw.PATIENCE)
            raise KeyboardInterrupt

        server = make_server("127.0.0.1", 0, app, threaded=True)
        with collected_log(), raw.connect(server.port) as sock:
            sock.sendall(HELLO)
            with (
                mock.patch.object(threading.Thread, "start", start_and_interrupt),
                self.assertRaises(KeyboardInterrupt),
            ):
                server.handle_request()
            may_go_on.set()
            server.server_close()
            self.assertEqual(raw.receive_answer(sock).body, b"hello")

    def test_silent_connections_keep_nobody_waiting(self):
        """bottle 1256: Chromium opens connections that it may never use."""
        for options in [{}, {"threaded": True}]:
            with self.subTest(options), collected_log(), running(hello, BusyHandler, **options) as server:
                silent = [raw.connect(server.port) for _ in range(3)]
                try:
                    self.assertEqual(len(raw.ask(server.port, HELLO)), 1)
                finally:
                    for sock in silent:
                        sock.close()

    def test_one_thread_serves_several_clients_by_turns(self):
        with collected_log(), running(hello, BusyHandler) as server, raw.connect(server.port) as first:
            first.sendall(HELLO)
            self.assertNotIn("connection", raw.receive_answer(first).fields)
            with raw.connect(server.port) as second:
                second.sendall(HELLO)
                self.assertEqual(raw.receive_answer(second).code, 200)

    def test_a_refused_upload_is_answered_before_the_connection_goes(self):
        """flask 2690: a close with bytes unread resets the connection, and the answer is lost."""

        def refuse(environ, start_response):
            start_response("413 Too Large", [("Content-Type", "text/plain")])
            return [b"too large"]

        with collected_log(), running(refuse, threaded=True) as server:
            for _ in range(20):
                data = request("POST / HTTP/1.1", "Content-Length: 2000000", body=b"x" * 2000000)
                [answer] = raw.ask(server.port, data)
                self.assertEqual((answer.code, answer.body), (413, b"too large"))


class LogTest(HandlerTest):
    def test_a_request_is_one_line_in_the_common_format(self):
        self.talk(hello, HELLO)
        [record] = self.records
        self.assertRegex(
            record.getMessage(),
            r'\A127\.0\.0\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4} [0-9:]{8}\] "GET /hello HTTP/1\.1" 200 -\Z',
        )
        self.assertEqual((record.levelname, record.name), ("INFO", "nanoweb.serving"))

    def test_a_terminal_can_show_what_a_client_sends(self):
        """Werkzeug 2652."""
        for data in [
            b'GET /\x9b2J"\\ HTTP/1.1\r\nHost: a\r\n\r\n',
            b"GET /\x1b[2J\r\n\r\n",
            request("GET / HTTP/1.1", "A: \x1b[2J"),
            request("GET / HTTP/1.1", "\x1b[2J: A"),
        ]:
            self.records.clear()
            self.talk(hello, data)
            [record] = self.records
            self.assertTrue(record.getMessage().isprintable(), record.getMessage())
        self.talk(hello, b'GET /" HTTP/1.1\r\nHost: a\r\n\r\n')
        self.assertIn(r'"GET /\" HTTP/1.1" 200', self.records[-1].getMessage())

    def test_a_refusal_tells_its_reason(self):
        self.talk(hello, request("POST / HTTP/1.1", "Content-Length: +1"))
        [record] = self.records
        self.assertIn("\"POST / HTTP/1.1\" 400 - Content-Length is '+1', not a row of digits", record.getMessage())

    def test_a_handler_can_be_made_quiet(self):
        class Quiet(WSGIRequestHandler):
            def log_request(self, code="-", size="-"):
                if self.path != "/hello":
                    super().log_request(code, size)

        self.talk(hello, HELLO, request("GET /other HTTP/1.1"), handler=Quiet)
        self.assertEqual(len(self.records), 1)

    def test_nothing_is_made_up_for_a_log_that_is_off(self):
        logging.getLogger("nanoweb.serving").setLevel(logging.WARNING)
        with mock.patch.object(WSGIRequestHandler, "log") as log:
            self.talk(hello, HELLO)
        log.assert_not_called()


class EnvironTest(HandlerTest):
    """PEP 3333, "environ Variables"."""

    def test_it_has_all_that_an_application_may_rely_on(self):
        seen = {}

        def app(environ, start_response):
            seen.update(environ)
            return hello(environ, start_response)

        connection = FakeConnection([HELLO])
        for kind, threads, processes in [("plain", False, False), ("threaded", True, False)]:
            handler = self.connect(validator(app), FakeConnection([HELLO]), kind=kind)
            self.assertEqual((seen["wsgi.multithread"], seen["wsgi.multiprocess"]), (threads, processes))
        self.connect(app, connection)
        expected = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": seen["SERVER_PORT"],
            "SERVER_SOFTWARE": "nanoweb",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "1234",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "werkzeug.socket": connection,
        }
        self.assertEqual({key: seen.get(key) for key in expected}, expected)
        self.assertGreater(int(seen["SERVER_PORT"]), 0)
        self.assertEqual(handler.path, "/hello")

    def test_one_request_does_not_see_the_other(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            return [str(environ.setdefault("mark", environ["PATH_INFO"])).encode()]

        data = request("GET /1 HTTP/1.1", "A: b"), HELLO
        self.assertEqual(self.bodies(app, *data), [b"/1", b"/hello"])

    def test_a_file_can_be_sent(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            return environ["wsgi.file_wrapper"](file, 5)

        with tempfile.TemporaryFile() as file:
            file.write(b"hello world")
            file.seek(0)
            self.assertEqual(self.bodies(app, HELLO), [b"hello world"])
            self.assertTrue(file.closed)

    def test_a_handler_can_add_to_it(self):
        class Handler(WSGIRequestHandler):
            def make_environ(self):
                return {**super().make_environ(), "PATH_INFO": "/mine"}

        self.assertEqual(self.bodies(paths, HELLO, handler=Handler), [b"/mine"])


class AddressTest(unittest.TestCase):
    def test_a_port_in_use_is_told_in_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with self.assertRaisesRegex(OSError, rf"Port {port} is in use .*--port.*app\.run\(port=") as caught:
                make_server("127.0.0.1", port, hello)
            self.assertEqual(caught.exception.errno, errno.EADDRINUSE)
            program = f"from nanoweb.serving import run_simple; run_simple('127.0.0.1', {port}, None)"
            command = [sys.executable, "-W", "error", "-c", program]
            done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"\APort {port} is in use [^\n]*\n\Z")

    def test_two_servers_never_share_a_port(self):
        with running(hello, threaded=True) as server, self.assertRaises(OSError):
            make_server("127.0.0.1", server.port, hello)

    def test_airplay_is_named_where_it_is_to_blame(self):
        error = OSError(errno.EADDRINUSE, "Address already in use")
        for platform, port, named in [("darwin", 5000, True), ("darwin", 5001, False), ("linux", 5000, False)]:
            with mock.patch.object(sys, "platform", platform):
                self.assertEqual("AirPlay" in listening.explain_bind_error(error, "127.0.0.1", port), named)

    def test_other_mishaps_are_told_too(self):
        denied = listening.explain_bind_error(PermissionError(errno.EACCES, "Permission denied"), "0.0.0.0", 80)
        self.assertRegex(denied, "0.0.0.0 port 80: Permission denied.*choose a higher one")
        with self.assertRaisesRegex(OSError, "Cannot listen on 203.0.113.1 port 0: "):
            make_server("203.0.113.1", 0, hello)

    def test_what_can_be_no_address_is_told_in_one_line(self):
        for host, complaint in [
            ("x" * 70 + ".com", "1 to 63 characters between its dots"),
            ("a..b", "1 to 63 characters between its dots"),
            ("a\0b", "holds a NUL"),
            *(
                [("unix:///tmp/a\0b", "holds a NUL"), ("unix:///" + "x" * 110, "x: .*too long")]
                if listening.unix_family
                else []
            ),
        ]:
            with self.subTest(host), redirect_stderr(io.StringIO()) as told:
                with self.assertRaises(SystemExit) as caught:
                    run_simple(host, 0, hello)
                self.assertEqual(caught.exception.code, 1)
                self.assertRegex(told.getvalue(), rf"\ACannot listen on [^\n]*{complaint}[^\n]*\.\n\Z")

    def test_a_connection_blocks_though_the_listening_socket_does_not(self):
        """BSD and macOS pass that on, and a recv() that should wait found nothing at once."""
        accept = socket.socket._accept

        def accept_as_bsd(listener):
            fd, address = accept(listener)
            os.set_blocking(fd, os.get_blocking(listener.fileno()))
            return fd, address

        server = make_server("127.0.0.1", 0, hello)
        self.addCleanup(server.server_close)
        with raw.connect(server.port), mock.patch.object(socket.socket, "_accept", accept_as_bsd):
            request, _ = server.get_request()
            self.addCleanup(request.close)
            self.assertTrue(os.get_blocking(request.fileno()))

    def test_the_kind_of_address_shows(self):
        for family, hosts in [("AF_INET", ["localhost", "0.0.0.0"]), ("AF_INET6", ["::", "fe80::1%lo"])]:
            self.assertEqual({serving.select_address_family(host, 80).name for host in hosts}, {family})

    def test_the_addresses_are_printed_as_they_can_be_clicked(self):
        for address, expected in [
            (("127.0.0.1", 80), ["Running on http://127.0.0.1:80"]),
            (("::1", 80, 0, 0), ["Running on http://[::1]:80"]),
            (("0.0.0.0", 80), ["Running on all addresses (0.0.0.0)", "Running on http://127.0.0.1:80"]),
            (("::", 80, 0, 0), ["Running on all addresses (::)", "Running on http://[::1]:80"]),
        ]:
            server = make_server("127.0.0.1", 0, hello)
            self.addCleanup(server.server_close)
            server.server_address, server.host, server.port = address, address[0], address[1]
            self.assertEqual(server.describe()[: len(expected)], expected)

    def test_a_server_takes_a_socket_that_is_open_already(self):
        mine = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(mine.close)
        with collected_log(), running(hello, threaded=True, fd=mine.fileno()) as server:
            self.assertEqual(server.port, mine.getsockname()[1])
            self.assertEqual(len(raw.ask(server.port, HELLO)), 1)

    def test_make_server_chooses_the_class(self):
        for options, name in [({}, "BaseWSGIServer"), ({"threaded": True}, "ThreadedWSGIServer")]:
            server = make_server(app=hello, **options)
            self.addCleanup(server.server_close)
            self.assertEqual((type(server).__name__, server.host), (name, "127.0.0.1"))
        with self.assertRaisesRegex(ValueError, "threaded=True and processes=2"):
            make_server("127.0.0.1", 0, hello, threaded=True, processes=2)
        with self.assertRaisesRegex(ValueError, "port 70000 is not from 0 to 65535"):
            make_server("127.0.0.1", 70000, hello)
        with self.assertRaisesRegex(TypeError, "port '80' is no int"):
            run_simple("127.0.0.1", "80", hello)

    def test_processes_need_fork(self):
        with mock.patch.object(serving.os, "fork", create=True):
            del serving.os.fork
            with self.assertRaisesRegex(ValueError, "needs os.fork"):
                make_server("127.0.0.1", 0, hello, processes=2)


if hasattr(socket, "AF_UNIX"):

    class UnixTest(unittest.TestCase):
        def setUp(self):
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            self.path = os.path.join(folder.name, "socket")

        def ask(self):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.path)
                sock.sendall(HELLO)
                return raw.receive_answer(sock)

        def serve(self):
            server = make_server("unix://" + self.path, 0, echo, threaded=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            self.addCleanup(thread.join)
            self.addCleanup(server.shutdown)
            return server

        def test_it_listens_on_a_unix_socket_and_leaves_no_file(self):
            with collected_log():
                server = self.serve()
                self.assertEqual(server.describe(), [f"Running on unix://{self.path}"])
                seen = json.loads(self.ask().body)
                self.assertEqual((seen["REMOTE_ADDR"], seen["SERVER_NAME"]), ("<local>", "localhost"))
                self.doCleanups()
            self.assertFalse(os.path.exists(self.path))

        def test_a_file_that_a_dead_server_left_is_replaced_and_nothing_else(self):
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(self.path)
            with collected_log():
                self.serve()
                self.assertEqual(self.ask().code, 200)
                with self.assertRaises(OSError):
                    make_server("unix://" + self.path, 0, echo)
                self.assertEqual(self.ask().code, 200)
                self.doCleanups()

        def test_a_server_that_is_too_busy_to_answer_is_not_waited_for(self):
            """To ask whether it lives took for ever."""
            with socket.socket(socket.AF_UNIX) as busy:
                busy.bind(self.path)
                busy.listen(0)
                for _ in range(3):
                    client = socket.socket(socket.AF_UNIX)
                    self.addCleanup(client.close)
                    client.setblocking(False)
                    client.connect_ex(self.path)
                errors = []

                def start():
                    try:
                        make_server("unix://" + self.path, 0, echo)
                    except OSError as error:
                        errors.append(error.errno)

                thread = threading.Thread(target=start, daemon=True)
                thread.start()
                thread.join(raw.PATIENCE)
                self.assertEqual(errors, [errno.EADDRINUSE])
            self.assertTrue(os.path.exists(self.path))

        def test_a_file_that_is_no_socket_stays(self):
            with open(self.path, "w", encoding="utf-8") as file:
                file.write("precious")
            with self.assertRaises(OSError):
                make_server("unix://" + self.path, 0, echo)
            self.assertTrue(os.path.exists(self.path))


class ProgramTest(unittest.TestCase):
    """run_simple() in a process of its own."""

    def test_it_prints_its_address_and_ends_cleanly(self):
        for kind in KINDS:
            for stop_signal in [signal.SIGINT, signal.SIGTERM]:
                with self.subTest(kind, signal=stop_signal.name):
                    server = ServerProcess(f"from tests.test_serving import serve; serve({kind!r})", stop_signal)
                    with raw.connect(server.port) as sock:
                        sock.sendall(HELLO)
                        self.assertEqual(raw.receive_answer(sock).code, 200)
                        log = server.log()
                        self.assertEqual(server.stop(), 0)
                    self.assertRegex(
                        log,
                        r"\A \* Running on http://127\.0\.0\.1:[0-9]+\nPress CTRL\+C to quit\n"
                        r'127\.0\.0\.1 - - \[[^]]+\] "GET /hello HTTP/1\.1" 200 -\n\Z',
                    )

    def test_a_request_in_progress_is_answered_before_it_ends(self):
        """At once it got nothing at all; connections without a request are closed meanwhile."""
        for kind in KINDS.keys() - {"plain"}:  # there, Ctrl-C is for whatever the one thread does
            with self.subTest(kind):
                server = ServerProcess(f"from tests.test_serving import serve; serve({kind!r})")
                idle = raw.connect(server.port)
                sock = raw.connect(server.port)
                with idle, sock:
                    idle.sendall(HELLO)
                    raw.receive_answer(idle)
                    sock.sendall(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
                    self.assertEqual(raw.receive_answer(sock).code, 100)
                    server.process.send_signal(signal.SIGINT)
                    server.await_close()
                    self.assertEqual(raw.receive(idle), b"")
                    sock.sendall(b"hello")
                    answer = raw.Answer(raw.receive(sock))
                    self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
                    self.assertEqual(json.loads(answer.body)["body"], "hello")
                self.assertEqual(server.process.wait(raw.PATIENCE), 0)
                self.assertNotIn("Traceback", server.log())
                server.stop()

    def test_who_will_not_end_is_not_waited_for_for_ever(self):
        """The time is bounded, and a second Ctrl-C cuts it short, without a traceback."""
        for kind in KINDS.keys() - {"plain"}:
            for seconds in [0.05, 3600]:
                with self.subTest(kind, seconds=seconds):
                    server = ServerProcess(
                        "from tests import test_serving; from nanoweb.serving import BaseWSGIServer;"
                        f"BaseWSGIServer.shutdown_timeout = {seconds}; test_serving.serve({kind!r})"
                    )
                    with raw.connect(server.port) as sock:
                        sock.sendall(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
                        self.assertEqual(raw.receive_answer(sock).code, 100)
                        server.process.send_signal(signal.SIGINT)
                        server.await_close()
                        if seconds > 1:
                            server.process.send_signal(signal.SIGINT)
                        self.assertEqual(server.process.wait(raw.PATIENCE), 0)
                        self.assertEqual(raw.receive(sock), b"")
                    self.assertNotRegex(server.log(), "Traceback|KeyboardInterrupt")
                    server.stop()

    def test_a_program_keeps_its_own_log_and_its_own_signals(self):
        program = (
            "import logging, signal, sys; logging.basicConfig(format='mine: %(message)s', level='INFO');"
            "signal.signal(signal.SIGTERM, lambda *args: sys.exit(7));"
            "from tests.test_serving import serve; serve('threaded')"
        )
        server = ServerProcess(program, signal.SIGTERM)
        self.assertEqual(server.log().count("mine: "), 2)
        self.assertEqual(server.stop(), 7)


if hasattr(os, "fork"):

    class ForkTest(unittest.TestCase):
        """A process for each connection."""

        def run_program(self, program, data=HELLO):
            """Ask a program with an application that is called app; return (what was answered, its log)."""
            server = ServerProcess(f"from nanoweb.serving import run_simple\n{program}")
            try:
                return raw.send(server.port, data), server
            finally:
                self.addCleanup(server.stop)

        def test_a_signal_in_the_middle_of_a_fork_is_not_lost(self):
            """Python drops what a hook raises: under load Ctrl-C did nothing."""
            _, server = self.run_program(
                "import os, signal\n"
                "from tests.test_serving import serve\n"
                "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))\n"
                "serve('forking')"
            )
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertNotRegex(server.log(), "Traceback|ignored")

        def test_a_child_that_is_gone_already_keeps_none_from_ending(self):
            gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
            gone.wait()
            server = make_server("127.0.0.1", 0, hello, processes=2)
            server.active_children = {gone.pid}
            server.server_close()
            self.assertEqual(server.active_children, set())

        def test_a_child_that_heeds_no_signal_is_killed(self):
            server = ServerProcess(
                "from tests import test_serving; from nanoweb.serving import BaseWSGIServer;"
                "BaseWSGIServer.shutdown_timeout = 0.05;"
                "test_serving.run_simple('127.0.0.1', 0, test_serving.deaf, processes=2)"
            )
            with raw.connect(server.port) as sock:
                sock.sendall(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
                self.assertEqual(raw.receive_answer(sock).code, 100)
                self.assertEqual(server.stop(), 0)
                self.assertEqual(raw.receive(sock), b"")

        def test_what_a_view_prints_is_seen_once(self):
            """os._exit() writes nothing that is held back, and a fork doubles it."""
            data, server = self.run_program(
                "from tests.test_serving import hello\n"
                "print('by the program')\n"
                "def app(environ, start_response):\n"
                "    print('by the view')\n"
                "    return hello(environ, start_response)\n"
                "run_simple('127.0.0.1', 0, app, processes=2)"
            )
            self.assertEqual(raw.Answer(data).body, b"hello")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertEqual((server.log().count("by the program"), server.log().count("by the view")), (1, 1))

        def test_an_error_that_passes_through_is_seen(self):
            data, server = self.run_program(
                "run_simple('127.0.0.1', 0, lambda *args: {}['key'], processes=2, passthrough_errors=True)"
            )
            self.assertEqual(data, b"")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertEqual(server.log().count("KeyError: 'key'"), 1)


if __name__ == "__main__":
    unittest.main()
