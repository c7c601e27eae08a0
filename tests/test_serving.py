"""The servers: raw requests, good and hostile, over each kind; then where they listen, and how programs run them."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import redirect_stderr
from unittest import mock

from nanoweb import listening, serving
from nanoweb.serving import make_server, run_simple

from . import raw
from .raw import HELLO, SMUGGLED, chunked, request
from .servers import KINDS, ROOT, ServerProcess, collected_log, echo, hello, running
from .test_tls import CERTIFICATE, KEY

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
            server = ServerProcess(f"from tests.programs import serve; serve({kind!r})")
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
                    if kind != "forking":  # there a connection is a process; that the next case finds one is enough
                        self.check_life(server)
            self.check_life(server)
            for mishap in ["Traceback", "Exception", "Warning"]:
                self.assertNotIn(mishap, server.log(), kind)

    def check_life(self, server):
        with raw.connect(server.port) as sock:
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).code, 200, "the next request is not answered")

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
                sock = raw.connect(port)
                sock.sendall(data)
                raw.reset(sock)

        self.try_each([("at once", b""), ("in a head", b"GET /"), ("before the answer", HELLO)], check)


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
        with running(hello) as server, self.assertRaises(OSError):
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
        with collected_log(), running(hello, options={"threaded": True, "fd": mine.fileno()}) as server:
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


class TLSTest(unittest.TestCase):
    """Everything above, encrypted: the connection is another, and nobody notices."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pair = [os.path.join(folder.name, name) for name in ["cert.pem", "key.pem"]]
        for path, text in zip(self.pair, [CERTIFICATE, KEY]):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        log = collected_log()
        self.records = log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)

    def connect(self, server):
        context = ssl.create_default_context(cadata=CERTIFICATE)
        sock = context.wrap_socket(raw.connect(server.port), server_hostname="localhost")
        self.addCleanup(sock.close)
        return sock

    def serve(self, app, **options):
        return running(app, options={**options, "ssl_context": tuple(self.pair)})

    def test_requests_and_answers_come_through(self):
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the server closes it)
        file.write(b"x" * 3000000)

        def app(environ, start_response):
            if environ["PATH_INFO"] == "/file":
                file.seek(0)
                start_response("200 OK", [])
                return environ["wsgi.file_wrapper"](file)
            return echo(environ, start_response)

        for options in [{}, {"threaded": True}]:
            with self.serve(app, **options) as server:
                self.assertEqual(server.describe(), [f"Running on https://127.0.0.1:{server.port}"])
                sock = self.connect(server)
                for body in [b"", b"hello", b"y" * 300000]:
                    sock.sendall(request("POST / HTTP/1.1", f"Content-Length: {len(body)}", body=body))
                    seen = json.loads(raw.receive_answer(sock).body)
                    self.assertEqual(seen["body"], body.decode())
                if options:
                    sock.sendall(request("GET /file HTTP/1.1", "Connection: close"))
                    self.assertEqual(len(raw.Answer(raw.receive(sock)).body), 3000000)

    def test_the_application_is_told(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            return [environ["wsgi.url_scheme"].encode()]

        with self.serve(app) as server:
            sock = self.connect(server)
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).body, b"https")

    def test_a_handshake_that_does_not_end_keeps_nobody_waiting(self):
        for options in [{}, {"threaded": True}]:
            with self.serve(hello, **options) as server:
                slow = [raw.connect(server.port) for _ in range(5)]
                for sock in slow:
                    self.addCleanup(sock.close)
                    sock.sendall(b"\x16\x03\x01")
                sock = self.connect(server)
                for _ in range(3):
                    sock.sendall(HELLO)
                    self.assertEqual(raw.receive_answer(sock).code, 200)

    def test_a_client_that_speaks_no_tls_is_told_or_dropped(self):
        with self.serve(hello, threaded=True) as server:
            [answer] = raw.ask(server.port, HELLO)
            self.assertEqual(answer.code, 400)
            self.assertIn(b"https://", answer.body)
            for junk in [b"\x16\x03\x01\x00\x05hello", b"\x00" * 100, b"\xff"]:
                raw.send(server.port, junk)
            sock = self.connect(server)
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).code, 200)
        self.assertEqual([record for record in self.records if record.exc_info], [])


class ProgramTest(unittest.TestCase):
    """run_simple() in a process of its own, and the signals that end it."""

    ASKS = request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")

    def start(self, kind, stop_signal=signal.SIGINT, timeout=raw.PATIENCE):
        server = ServerProcess(
            "from nanoweb.serving import BaseWSGIServer; from tests.programs import serve\n"
            f"BaseWSGIServer.shutdown_timeout = {timeout}\n"
            f"serve({kind!r}, farewell=0.1)",
            stop_signal,
        )
        self.addCleanup(server.stop)
        return server

    def test_it_prints_its_address_and_ends_cleanly(self):
        for kind, stop_signal in zip(KINDS, [signal.SIGTERM, signal.SIGINT, signal.SIGINT]):
            with self.subTest(kind, signal=stop_signal.name):
                server = self.start(kind, stop_signal)
                with raw.connect(server.port) as sock:
                    sock.sendall(HELLO)
                    self.assertEqual(raw.receive_answer(sock).code, 200)
                    self.assertRegex(
                        server.log(),
                        r"\A \* Running on http://127\.0\.0\.1:[0-9]+\nPress CTRL\+C to quit\n"
                        r'127\.0\.0\.1 - - \[[^]]+\] "GET /hello HTTP/1\.1" 200 -\n\Z',
                    )
                    server.process.send_signal(stop_signal)
                    self.assertEqual(server.process.wait(raw.PATIENCE), 0)

    def test_a_request_in_progress_is_answered_before_it_ends(self):
        """At once it got nothing at all; connections without a request are closed meanwhile."""
        for kind in KINDS:
            with self.subTest(kind):
                server = self.start(kind)
                with raw.connect(server.port) as idle, raw.connect(server.port) as sock:
                    idle.sendall(HELLO)
                    raw.receive_answer(idle)
                    sock.sendall(self.ASKS)
                    self.assertEqual(raw.receive_answer(sock).code, 100)
                    server.process.send_signal(signal.SIGINT)
                    if kind != "plain":  # whose one thread serves, and can do nothing else
                        server.await_close()
                        self.assertEqual(raw.receive(idle), b"")
                    sock.sendall(b"hello")
                    answer = raw.Answer(raw.receive(sock))
                    self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
                    self.assertEqual(json.loads(answer.body)["body"], "hello")
                self.assertEqual(server.process.wait(raw.PATIENCE), 0)
                self.assertNotIn("Traceback", server.log())

    def test_who_will_not_end_is_not_waited_for_for_ever(self):
        """The time is bounded, and a second signal cuts it short, without a traceback."""
        for kind in KINDS:
            for seconds, stop_signal in [(0.05, signal.SIGTERM), (3600, signal.SIGINT)]:
                with self.subTest(kind, seconds=seconds):
                    server = self.start(kind, timeout=seconds)
                    with raw.connect(server.port) as sock:
                        sock.sendall(self.ASKS)
                        self.assertEqual(raw.receive_answer(sock).code, 100)
                        server.process.send_signal(stop_signal)
                        if kind != "plain":
                            server.await_close()
                        if seconds > 1:
                            time.sleep(0.05)
                            server.process.send_signal(stop_signal)
                        self.assertEqual(server.process.wait(raw.PATIENCE), 0)
                        self.assertEqual(raw.receive(sock), b"")
                    self.assertNotRegex(server.log(), "Traceback|KeyboardInterrupt")

    def test_a_program_keeps_its_own_log_and_its_own_signals(self):
        program = (
            "import logging, signal, sys; logging.basicConfig(format='mine: %(message)s', level='INFO');"
            "signal.signal(signal.SIGTERM, lambda *args: sys.exit(7));"
            "from tests.programs import serve; serve('threaded')"
        )
        server = ServerProcess(program, signal.SIGTERM)
        self.assertEqual(server.log().count("mine: "), 2)
        self.assertEqual(server.stop(), 7)

    def test_a_server_without_descriptors_serves_again_when_there_are_some(self):
        server = ServerProcess(
            "import resource; from tests.programs import serve, hello\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
            "serve('threaded', hello, farewell=0.1, pause=0.05)"
        )
        self.addCleanup(server.stop)
        silent = [raw.connect(server.port) for _ in range(100)]
        for sock in silent:
            self.addCleanup(sock.close)
        with raw.connect(server.port) as sock:
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).code, 200)
        self.assertEqual(server.log().count("Too many open files"), 1)


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
                "from tests.programs import serve\n"
                "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))\n"
                "serve('forking')"
            )
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertNotRegex(server.log(), "Traceback|ignored")

        def test_there_are_never_more_processes_than_allowed(self):
            """Who comes too late waits, until one of the others ends or has been silent for a moment."""
            server = ServerProcess(
                "from tests.programs import echo, run_simple; run_simple('127.0.0.1', 0, echo, processes=2)"
            )
            self.addCleanup(server.stop)
            with raw.connect(server.port) as first, raw.connect(server.port) as second:
                for sock in [first, second]:
                    sock.sendall(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
                    self.assertEqual(raw.receive_answer(sock).code, 100)
                late = raw.connect(server.port)
                self.addCleanup(late.close)
                late.sendall(HELLO)
                late.settimeout(0.2)
                with self.assertRaises(socket.timeout):
                    late.recv(1)
                late.settimeout(raw.PATIENCE)
                first.sendall(b"hello")
                self.assertEqual(raw.receive_answer(first).code, 200)
                self.assertEqual(raw.receive_answer(late).code, 200)

        def test_a_client_that_takes_nothing_does_not_keep_its_process(self):
            server = ServerProcess(
                "import tempfile; from nanoweb.serving import WSGIRequestHandler, run_simple\n"
                "class Handler(WSGIRequestHandler):\n"
                "    send_timeout = 0.2\n"
                "def app(environ, start_response):\n"
                "    start_response('200 OK', [])\n"
                "    file = tempfile.TemporaryFile()\n"
                "    file.truncate(30000000)\n"
                "    return environ['wsgi.file_wrapper'](file)\n"
                "run_simple('127.0.0.1', 0, app, processes=2, request_handler=Handler)"
            )
            self.addCleanup(server.stop)
            for _ in range(3):
                sock = raw.connect(server.port)
                self.addCleanup(sock.close)
                sock.sendall(HELLO)
            self.assertEqual(sock.recv(12), b"HTTP/1.1 200")

        def test_a_child_that_is_gone_already_keeps_none_from_ending(self):
            gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
            gone.wait()
            server = make_server("127.0.0.1", 0, hello, processes=2)
            server.active_children = {gone.pid}
            server.server_close()
            self.assertEqual(server.active_children, set())

        def test_a_child_that_heeds_no_signal_is_killed(self):
            server = ServerProcess(
                "from tests import programs; from nanoweb.serving import BaseWSGIServer;"
                "BaseWSGIServer.shutdown_timeout = 0.05;"
                "programs.run_simple('127.0.0.1', 0, programs.deaf, processes=2)"
            )
            with raw.connect(server.port) as sock:
                sock.sendall(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
                self.assertEqual(raw.receive_answer(sock).code, 100)
                self.assertEqual(server.stop(), 0)
                self.assertEqual(raw.receive(sock), b"")

        def test_what_a_view_prints_is_seen_once(self):
            """os._exit() writes nothing that is held back, and a fork doubles it."""
            data, server = self.run_program(
                "from tests.programs import hello\n"
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
