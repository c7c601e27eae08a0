"""One connection: how requests come, what is answered, and what is refused; then its limits."""

from __future__ import annotations

import errno
import logging
import os
import ssl
import sys
import tempfile
import time
import unittest
from contextlib import ExitStack, suppress
from functools import partial
from unittest import mock
from wsgiref.validate import validator

from nanoweb import bodies, connections, waiting
from nanoweb.exceptions import BadRequest, ClientDisconnected
from nanoweb.serving import WSGIRequestHandler, make_server
from nanoweb.tls import load_ssl_context
from nanoweb.wire import check_unfinished_lines

from . import raw
from .raw import HELLO, SMUGGLED, chunked, request
from .servers import (
    KINDS,
    Body,
    BrokenConnection,
    FakeConnection,
    HandlerTest,
    collected_log,
    eventually,
    hello,
    paths,
    read_all,
    returning,
    running,
)
from .test_tls import CERTIFICATE, KEY


class ReadingHandler(WSGIRequestHandler):
    """Has the application wait for all bodies, as it does for large ones."""

    buffer_bytes = 0


class QuickHandler(WSGIRequestHandler):
    header_timeout = idle_timeout = body_timeout = send_timeout = 0.2
    linger_timeout = 0.1


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
                return check_unfinished_lines(data, start)

            piece = counted(bytes)
            copied = mock.patch.object(bodies, "bytearray", counted(bytearray), create=True)
            searched = mock.patch.object(connections, "check_unfinished_lines", check)
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

    def test_a_kept_input_does_not_read_the_next_request(self):
        kept = []

        def keep(environ, start_response):
            kept.append(environ["wsgi.input"])
            return paths(environ, start_response)

        first = request("POST /1 HTTP/1.1", "Content-Length: 9", body=b"12345")
        self.assertEqual(self.bodies(keep, first, b"6789" + HELLO), [b"/1", b"/hello"])
        self.assertEqual(kept[0].read(), b"123456789")
        self.assertEqual(self.bodies(keep, first, b"6789" + HELLO, handler=ReadingHandler), [b"/1", b"/hello"])
        with self.assertRaises(ValueError):
            kept[2].read()


class ExpectTest(HandlerTest):
    """RFC 9110, section 10.1.1: the client asks before it sends the body."""

    ASKS = ("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-Continue")

    def test_it_is_not_told_once_the_answer_has_begun(self):
        def late(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"begun "
            yield environ["wsgi.input"].read()

        [answer] = self.talk(late, request(*self.ASKS), b"hello")
        self.assertEqual((answer.code, answer.body), (200, b"begun hello"))


class BodyTest(HandlerTest):
    """wsgi.input: PEP 3333, "Input and Error Streams"."""

    BODY = b"one\ntwo\r\n\nfour"
    LINES = [b"one\n", b"two\r\n", b"\n", b"four"]

    def see(self, look, *pieces, **options):
        """Return what a function makes of wsgi.input."""
        seen = []

        def app(environ, start_response):
            seen.append(look(environ["wsgi.input"]))
            self.assertIs(environ["wsgi.input_terminated"], True)
            return hello(environ, start_response)

        self.talk(app, *pieces, **options)
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
                for handler in [WSGIRequestHandler, ReadingHandler]:
                    with self.subTest(what, expected=expected, handler=handler.__name__):
                        self.assertEqual(self.see(look, *pieces, handler=handler), expected)

    def test_without_a_body_it_is_empty(self):
        self.assertEqual(self.see(lambda stream: stream.read(), HELLO + HELLO), b"")

    gone = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
    BROKEN_OFF = [
        ("counted", request("POST / HTTP/1.1", "Content-Length: 5", body=b"hell")),
        ("reset", request("POST / HTTP/1.1", "Content-Length: 5", body=b"hell"), gone),
        ("in a chunk", chunked(b"5\r\nhell")),
        ("after a chunk", chunked(b"5\r\nhello\r\n")),
        ("before the last line", chunked(b"5\r\nhello\r\n0\r\n")),
    ]

    def test_a_short_body_is_whole_before_the_application_is_called(self):
        def app(environ, start_response):
            raise AssertionError("called")

        for what, *pieces in self.BROKEN_OFF:
            with self.subTest(what):
                codes = [answer.code for answer in self.talk(app, *pieces)]
                self.assertEqual(codes, [] if what == "reset" else [400])
        self.assert_log(tracebacks=0)

    def test_a_client_that_leaves_is_an_error_and_never_a_short_body(self):
        stalled = ("stalled", *self.BROKEN_OFF[0][1:], BlockingIOError(11, ""))
        for what, *pieces in [*self.BROKEN_OFF, stalled]:
            for look in [lambda stream: stream.read(), list, lambda stream: stream.read(100)]:

                def app(environ, start_response, look=look):
                    with self.assertRaises(ClientDisconnected):
                        look(environ["wsgi.input"])
                    return hello(environ, start_response)

                with self.subTest(what), mock.patch.object(waiting, "wait_for", return_value=False):
                    self.assertEqual(self.bodies(app, *pieces, handler=ReadingHandler), [b"hello"])
        self.assert_log(tracebacks=0)

    def test_an_error_of_the_client_that_nobody_catches_is_a_400_without_traceback(self):
        for handler in [WSGIRequestHandler, ReadingHandler]:
            [answer] = self.talk(read_all, chunked(b"3\r\nabc\r\n", b"xyz\r\n"), handler=handler)
            self.assertEqual(answer.code, 400)
            self.assertIn(b"'xyz'", answer.body)
        self.assert_log(tracebacks=0)

    def test_an_error_stays_an_error(self):
        def app(environ, start_response):
            for _ in range(2):
                with self.assertRaises(BadRequest):
                    environ["wsgi.input"].read()
            return hello(environ, start_response)

        [answer] = self.talk(app, chunked(b"5\r\nhello0\r\n\r\n"), SMUGGLED, handler=ReadingHandler)
        self.assertEqual(answer.fields["connection"], "close")

    def test_a_large_chunked_body_is_given_to_the_application_as_it_comes(self):
        """More than buffer_bytes are not kept: what has come is read first, then what comes."""
        chunk = b"%x\r\n%b\r\n" % (50000, b"x" * 50000)
        pieces = [chunked(chunk), chunk, chunk, b"0\r\n\r\n"]

        def look(stream):
            return len(connection.pieces), len(stream.read())

        connection = FakeConnection(pieces)
        seen = []

        def app(environ, start_response):
            seen.append(look(environ["wsgi.input"]))
            return hello(environ, start_response)

        self.connect(app, connection)
        self.assertEqual(seen, [(2, 150000)])

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
            self.assertIs(type(stream), bodies.BodyReader)
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
            *((ValueError, "200 OK", [(name, "x")]) for name in ["Transfer-Encoding", "TE", "Trailer", "Upgrade"]),
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
        for body, cure in [
            ("text", r"encode\(\)"),
            (iter([b"ok", "text"]), r"encode\(\)"),
            (b"bytes", r"return \[body\]"),
        ]:
            with self.subTest(body):
                self.records.clear()
                self.answer(body=body)
                self.assert_log(tracebacks=1)
                [record] = [record for record in self.records if record.exc_info]
                self.assertRegex(str(record.exc_info[1]), cure)


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

    def test_a_connection_that_is_closed_already_needs_no_reset(self):
        handler = self.begin(hello, FakeConnection())
        with mock.patch.object(handler.connection, "setsockopt", side_effect=OSError(errno.EBADF, "")) as asked:
            handler.prepare_reset()
        asked.assert_called_once()

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
        for error in [KeyError("through"), FileNotFoundError("through"), BlockingIOError("through")]:
            server = make_server("127.0.0.1", 0, returning(Body(error)), passthrough_errors=True)
            self.addCleanup(server.server_close)
            with raw.connect(server.port) as sock:
                sock.sendall(HELLO)
                with self.assertRaisesRegex(type(error), "through"):
                    server.handle_request()
        self.assertEqual(self.records, [])


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

    def test_it_has_a_place_for_errors_where_there_is_no_standard_error(self):
        def app(environ, start_response):
            environ["wsgi.errors"].write("nobody reads this")
            return hello(environ, start_response)

        with mock.patch.object(sys, "stderr", None):
            self.assertEqual(self.bodies(validator(app), HELLO), [b"hello"])

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

    def test_it_tells_the_certificate_that_a_client_has_shown(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            return [environ.get("SSL_CLIENT_CERT", "none").encode()]

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "both.pem")
            with open(path, "w", encoding="ascii") as file:
                file.write(KEY + CERTIFICATE)
            context = load_ssl_context(path)
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(cadata=CERTIFICATE)
            known, unknown = (ssl.create_default_context(cadata=CERTIFICATE) for _ in range(2))
            known.load_cert_chain(path)
        with running(app, options={"ssl_context": context}) as server:
            for client, expected in [(unknown, b"none"), (known, CERTIFICATE.encode()), (unknown, b"none")]:
                with client.wrap_socket(raw.connect(server.port), server_hostname="localhost") as sock:
                    for _ in range(2):
                        sock.sendall(HELLO)
                        self.assertEqual(raw.receive_answer(sock).body, expected)

    def test_a_handler_can_add_to_it(self):
        class Handler(WSGIRequestHandler):
            def make_environ(self):
                return {**super().make_environ(), "PATH_INFO": "/mine"}

        self.assertEqual(self.bodies(paths, HELLO, handler=Handler), [b"/mine"])


class Clock:
    """Time that goes on when it is told to; stands in for time.monotonic()."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class SlowConnection(FakeConnection):
    """A socket that comes with a piece at a time, and nothing between; it takes so many bytes at a time."""

    def __init__(self, takes=10**9):
        super().__init__()
        self.takes = takes

    def recv(self, size):
        if not self.pieces:
            raise BlockingIOError(errno.EAGAIN, "")
        return super().recv(size)

    def send(self, data):
        if not self.takes:
            raise BlockingIOError(errno.EAGAIN, "")
        count = min(self.takes, len(data))
        self.takes -= count
        super().send(data[:count])
        return count


class TimeTest(HandlerTest):
    """What a client has time for, by a clock of our own."""

    def setUp(self):
        super().setUp()
        self.clock = Clock()
        patch = mock.patch.object(time, "monotonic", self.clock)
        patch.start()
        self.addCleanup(patch.stop)
        self.connection = SlowConnection()

    def start(self, app=read_all, handler=WSGIRequestHandler):
        self.handler = self.begin(app, self.connection, handler)

    def come(self, data, seconds=0.0):
        """The client sends something after some seconds, if we still listen; return whether we do then."""
        if self.clock.now + seconds >= self.handler.deadline:
            self.clock.now = self.handler.deadline
            self.handler.is_late = True
            return self.handler.go_on()
        self.clock.now += seconds
        self.connection.pieces.append(data)
        return self.handler.go_on()

    def codes(self):
        return [answer.code for answer in raw.split_answers(b"".join(self.connection.sent))]

    def test_a_head_must_be_complete_in_time_however_often_a_byte_comes(self):
        self.start()
        for place in range(21):
            self.assertTrue(self.come(HELLO[place : place + 1], 1.0))
        self.assertEqual((self.codes(), self.handler.stage, self.clock.now), ([408], "linger", 1021.0))
        self.assertFalse(self.come(b"x", 60))

    def test_who_does_a_little_all_the_time_is_late_too(self):
        """There is always something to do for such a connection, so nobody ever finds it waiting."""
        for data, piece, code in [
            (HELLO[:9], b"y", 408),
            (request("POST / HTTP/1.1", "Content-Length: 60000"), b"x", 408),
            (b"GET /\r\n\r\n", b"x", 400),
            (request("POST / HTTP/1.1", "Content-Length: 200000", "Expect: 100-continue"), b"x", 200),
        ]:
            with self.subTest(data):
                self.connection.sent.clear()
                self.start(paths)
                start = self.clock.now
                self.assertTrue(self.come(data))
                while self.clock.now < start + 100:
                    self.clock.now += 0.5
                    self.connection.pieces.append(piece)
                    if not self.handler.go_on():
                        break
                self.assertLess(self.clock.now, start + 40)
                self.assertEqual(self.codes(), [code])

    def test_a_silent_connection_is_closed_without_a_word(self):
        for before in [b"", b"\r\n\r\n", HELLO]:
            self.connection.sent.clear()
            self.start()
            if before:
                self.assertTrue(self.come(before, 50))
            self.assertTrue(self.come(b"\r\n", 50))  # an empty line is nothing
            start = self.clock.now
            self.assertFalse(self.come(HELLO, 61))
            self.assertLessEqual(self.clock.now, start + 60)
            self.assertEqual(self.codes(), [200] if before == HELLO else [])

    def test_a_body_may_not_stall(self):
        for data in [request("POST / HTTP/1.1", "Content-Length: 9", body=b"x"), chunked(b"5\r\nhe")]:
            with self.subTest(data):
                self.connection.sent.clear()
                self.start()
                self.assertTrue(self.come(data))
                self.assertTrue(self.come(b"y", 29))
                self.assertEqual(self.codes(), [])
                self.assertTrue(self.come(b"z", 31))
                self.assertEqual((self.codes(), self.handler.stage), ([408], "linger"))

    def test_a_body_must_come_at_a_certain_rate(self):
        """A byte every 29 seconds is no stall, and would take 22 days."""
        self.start()
        start = self.clock.now
        self.come(request("POST / HTTP/1.1", "Content-Length: 65000"))
        while not self.codes():
            self.assertTrue(self.come(b"x" * 1000, 10))
        self.assertEqual(self.codes(), [408])
        self.assertAlmostEqual(self.clock.now - start, 36, delta=2)  # 30, and 1 for each 500 bytes

    def test_a_body_of_the_slowest_permitted_rate_arrives(self):
        self.start()
        self.come(request("POST / HTTP/1.1", "Content-Length: 60000"))
        for _ in range(60):
            self.assertTrue(self.come(b"x" * 1000, 2))
        self.assertEqual(self.codes(), [200])

    def test_a_large_body_that_is_too_slow_is_an_error_where_it_is_read(self):
        def app(environ, start_response):
            with self.assertRaisesRegex(ClientDisconnected, "took too long"):
                environ["wsgi.input"].read()
            return hello(environ, start_response)

        def wait_for(connection, seconds, room=False):
            self.clock.now += min(seconds, 10)
            connection.pieces.append(b"x" * 1000)
            return seconds >= 10

        self.start(app)
        with mock.patch.object(waiting, "wait_for", wait_for):
            self.assertTrue(self.come(request("POST / HTTP/1.1", "Content-Length: 1000000")))
        self.assertEqual(self.codes(), [200])
        self.assertAlmostEqual(self.clock.now, 1036, delta=2)

    def test_a_rate_of_zero_is_no_rate(self):
        class Handler(WSGIRequestHandler):
            min_body_rate = 0

        self.start(handler=Handler)
        self.come(request("POST / HTTP/1.1", "Content-Length: 100"))
        for _ in range(100):
            self.assertTrue(self.come(b"x", 29))
        self.assertEqual(self.codes(), [200])

    def test_an_answer_waits_for_its_client_without_a_thread(self):
        self.connection = SlowConnection(takes=100000)
        self.start(returning([b"x" * 200000]))
        self.assertTrue(self.come(HELLO + HELLO))
        self.assertEqual((self.handler.stage, len(self.codes())), ("send_rest", 1))
        while self.handler.stage == "send_rest":
            self.connection.takes = 10000
            self.clock.now += 10
            self.assertTrue(self.handler.go_on())
        self.assertTrue(self.handler.has_more)
        [answer] = raw.split_answers(b"".join(self.connection.sent))
        self.assertTrue(answer.is_whole)

    def test_a_client_must_take_its_answer_at_a_certain_rate(self):
        self.connection.takes = 1000
        self.start(returning([b"x" * 200000]))
        self.assertTrue(self.come(HELLO))
        start = self.clock.now
        while self.clock.now + 10 < self.handler.deadline:
            self.clock.now += 10
            self.connection.takes = 1000
            self.assertTrue(self.handler.go_on())
        self.handler.is_late = True
        self.assertFalse(self.handler.go_on())
        self.assertAlmostEqual(self.clock.now - start, 30, delta=10)

    def test_what_an_application_yields_is_sent_before_it_is_asked_for_more(self):
        """PEP 3333, "Buffering and Streaming".  The end of a large piece waited for the next one, an hour maybe."""

        def wait_for(connection, seconds, room=False):
            waits.append(room)
            connection.takes += 20000
            return True

        def pieces():
            for count in range(1, 6):
                yield b"x" * 50000
                self.assertEqual(b"".join(self.connection.sent).count(b"x" * 50000), count)

        def write(environ, start_response):
            send = start_response("200 OK", [])
            for count in range(1, 6):
                send(b"x" * 50000)
                self.assertEqual(b"".join(self.connection.sent).count(b"x" * 50000), count)
            return []

        for app in [returning(pieces()), write]:
            waits = []
            self.connection = SlowConnection(takes=100)
            self.start(app)
            with mock.patch.object(waiting, "wait_for", wait_for):
                self.assertTrue(self.come(HELLO))
            self.assert_log(tracebacks=0)
            self.assertGreater(len(waits), 5)
            self.assertEqual((self.handler.stage, self.handler.outbox.size), ("read_head", 0))
            self.assertIsNone(self.handler.outbox.pace)

    def test_leave_to_send_a_body_does_not_wait_for_the_body(self):
        """There was no room for it, as the client had not taken the answer before."""
        self.connection.takes = 0
        self.start()

        def wait_for(connection, seconds, room=False):
            connection.takes = 10**9
            if not room:
                self.assertTrue(connection.sent)
                connection.pieces.append(b"hello")
            return True

        with mock.patch.object(waiting, "wait_for", wait_for):
            self.assertTrue(self.come(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue")))
        self.assertEqual(self.codes(), [100, 200])

    def test_answers_that_wait_have_a_limit_together(self):
        def wait_for(connection, seconds, room=False):
            connection.takes += 50000
            return True

        self.connection.takes = 100
        self.start(returning([b"x" * 200000]))
        self.handler.server.max_outbox = 150000
        with mock.patch.object(waiting, "wait_for", wait_for):
            self.assertTrue(self.come(HELLO))
        self.assertEqual((self.handler.stage, self.handler.outbox.size), ("read_head", 0))

    def test_an_unread_body_is_waited_for_without_a_thread(self):
        """What has been announced must pass before the next request can be read."""
        data = request("POST /1 HTTP/1.1", "Content-Length: 200000")
        self.start(paths)
        self.assertTrue(self.come(data))
        self.assertEqual((self.codes(), self.handler.stage), ([200], "skip_body"))
        for _ in range(3):
            self.assertTrue(self.come(b"x" * 50000, 0.1))
        self.assertEqual(self.handler.stage, "skip_body")
        self.assertTrue(self.come(b"x" * 50000 + HELLO))
        self.assertTrue(self.handler.has_more and self.handler.go_on())
        self.assertEqual(self.codes(), [200, 200])
        self.assertTrue(self.come(data))
        self.assertFalse(self.come(b"x", 3))

    def test_what_seems_to_be_there_and_is_not_changes_nothing(self):
        self.start()
        for data in [HELLO[:10], HELLO[10:], request("POST / HTTP/1.1", "Content-Length: 2", body=b"x"), b"y"]:
            for _ in range(3):
                self.assertTrue(self.handler.go_on())
            self.assertTrue(self.come(data))
        self.assertEqual(self.codes(), [200, 200])

    def test_one_turn_answers_one_request(self):
        self.start(paths)
        self.assertTrue(self.come(HELLO * 3 + HELLO[:5]))
        for count in [1, 2, 3]:
            self.assertEqual(len(self.codes()), count)
            self.assertTrue(self.handler.has_more and self.handler.go_on())
        self.assertEqual((len(self.codes()), self.handler.has_more), (3, False))

    def test_nothing_is_kept_of_a_request(self):
        """A connection may be idle for long, and the next request is none of this one's business."""
        self.start()
        self.assertTrue(self.come(request("POST / HTTP/1.1", "Content-Length: 9", "X: " + "y" * 9000, body=b"x" * 9)))
        self.assertIsNone(self.handler.environ)
        self.assertIsNone(self.handler.body)
        self.assertIsNone(self.handler.fields)
        self.assertEqual((self.handler.inbox.data, self.handler.field_data), (b"", b""))
        self.assertEqual(self.handler.outbox.size, 0)


class FieldsTest(HandlerTest):
    """The next request of a connection has mostly the same fields: then they are parsed once."""

    def see(self, *data):
        seen = []

        def app(environ, start_response):
            seen.append(environ)
            environ["HTTP_X"] = environ["PATH_INFO"] = "changed"
            return hello(environ, start_response)

        with mock.patch.object(connections, "parse_fields", wraps=connections.parse_fields) as parse:
            self.codes = [answer.code for answer in self.talk(app, *data)]
        return seen, parse.call_count

    def test_the_same_fields_mean_the_same(self):
        data = request("GET /1 HTTP/1.1", "A: b", "X: y")
        seen, parsed = self.see(data, data.replace(b"/1 ", b"/2 "), data)
        self.assertEqual(parsed, 1)
        self.assertEqual([environ["RAW_URI"] for environ in seen], ["/1", "/2", "/1"])
        self.assertEqual([environ["HTTP_A"] for environ in seen], ["b"] * 3)
        self.assertEqual(len({id(environ) for environ in seen}), 3)

    def test_the_least_difference_counts(self):
        data = request("GET / HTTP/1.1", "A: b")
        others = [
            request("GET / HTTP/1.1", *fields) for fields in [["A: c"], ["A:b"], ["a: b"], ["A: b", "A: b"], []]
        ]
        seen, parsed = self.see(data, *others, data)
        self.assertEqual(parsed, 7)
        self.assertEqual([environ.get("HTTP_A") for environ in seen], ["b", "c", "b", "b", "b,b", None, "b"])

    def test_the_version_has_a_say(self):
        keep = b"Connection: keep-alive\r\n\r\n"
        old, new = b"GET / HTTP/1.0\r\n" + keep, b"GET / HTTP/1.1\r\n" + keep
        self.see(old, old)
        self.assertEqual(self.codes, [200, 200])
        self.see(old, new, old)
        self.assertEqual(self.codes, [200, 400])  # HTTP/1.1 needs a Host
        coded = raw.chunked(b"0\r\n\r\n").replace(b"Host", b"Connection: keep-alive\r\nHost")
        self.see(coded, coded, coded.replace(b"HTTP/1.1", b"HTTP/1.0"))
        self.assertEqual(self.codes, [200, 200, 400])

    def test_the_body_is_its_own(self):
        post = [request("POST / HTTP/1.1", "Content-Length: 1", body=body) for body in [b"a", b"b"]]
        self.assertEqual(self.bodies(read_all, post[0] + post[1][:-1], b"b" + post[0]), [b"a", b"b", b"a"])

    def test_what_was_refused_is_refused_again(self):
        for data in [request("GET / HTTP/1.1", "A : b"), request("GET / HTTP/1.1", "Host: a b"), b"GET /\r\n\r\n"]:
            for _ in range(2):
                self.see(data)
                self.assertEqual(self.codes, [400])

    def test_a_target_that_names_a_host_does_so_for_one_request(self):
        data = request("GET http://other/ HTTP/1.1"), HELLO, request("GET http://other/ HTTP/1.1")
        seen, _ = self.see(*data)
        self.assertEqual([environ["HTTP_HOST"] for environ in seen], ["other", "localhost", "other"])

    def test_long_ones_are_not_kept(self):
        data = request(f"GET /{'a' * 300} HTTP/1.1", "X-Long: " + "y" * 3000)
        seen, parsed = self.see(data, data)
        self.assertEqual((parsed, len(seen)), (2, 2))


class SocketTest(unittest.TestCase):
    """Real connections, and the same rules."""

    def test_a_client_is_told_that_it_was_too_slow(self):
        post = request("POST / HTTP/1.1", "Content-Length: 9", body=b"x")
        with collected_log() as records, ExitStack() as stack:
            waiting = []  # side by side, as each takes as long as its limit
            for options in [{}, {"threaded": True}]:
                server = stack.enter_context(running(read_all, QuickHandler, options))
                for data, codes in [(b"GET / HTTP/1.1\r\n", [408]), (post, [408]), (b"", []), (HELLO, [200])]:
                    sock = stack.enter_context(raw.connect(server.port))
                    sock.sendall(data)
                    waiting.append((options, data, codes, sock))
            for options, data, codes, sock in waiting:
                with self.subTest(options, data=data):
                    answers = raw.split_requested(raw.receive(sock), data)
                    self.assertEqual([answer.code for answer in answers], codes)
        self.assertEqual([record.exc_info for record in records], [None] * 6)

    def test_a_client_that_takes_nothing_is_dropped(self):
        large = b"x" * 1000000
        bodies = {"a list": [large * 20], "a generator": Body(*[large] * 50)}
        self.assert_dropped({what: (returning(body), HELLO) for what, body in bodies.items()})
        self.assertEqual(bodies["a generator"].closed, 1)

    def assert_dropped(self, clients, **attributes):
        """Each of these, {what: (application, what is sent)}, does nothing more, and is dropped by its server."""
        with collected_log(), ExitStack() as stack:
            servers = {}
            for what, (app, data) in clients.items():
                servers[what] = stack.enter_context(running(app, QuickHandler, **attributes))
                stack.enter_context(raw.connect(servers[what].port)).sendall(data)
            for what, server in servers.items():
                with self.subTest(what):
                    self.assertTrue(eventually(lambda server=server: server.crew and server.crew.turns))
                    self.assertTrue(eventually(lambda server=server: not server.connections))

    def test_a_websocket_may_be_silent(self):
        """A library takes environ["werkzeug.socket"], and raises ConnectionError when it is done with it."""

        def talk(environ, start_response):
            sock = environ["werkzeug.socket"]
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            sock.sendall(sock.recv(100).upper())
            if environ["PATH_INFO"] == "/closed":
                sock.close()
            raise ConnectionError

        with collected_log() as records, ExitStack() as stack:
            socks = []
            for path in ["/", "/closed"]:
                server = stack.enter_context(running(talk, QuickHandler))
                socks.append(stack.enter_context(raw.connect(server.port)))
                socks[-1].sendall(request(f"GET {path} HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"))
                self.assertIn(b"101 Switching", socks[-1].recv(1000))
            time.sleep(0.25)  # longer than the server waits for a request
            for sock in socks:
                sock.sendall(b"hello")
                self.assertEqual(raw.receive(sock), b"HELLO")
        self.assertEqual(records, [])

    def test_a_websocket_may_begin_early(self):
        """What had come with the request was kept from the library; and afterwards it was taken for a request."""

        def talk(environ, start_response):
            sock = environ["werkzeug.socket"]
            got = sock.recv(3) + sock.recv(100)
            while len(got) < 10:
                got += sock.recv(100)
            sock.sendall(got)
            return hello(environ, start_response)

        data = request("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
        for app, more, expected in [(talk, b"12345", b"1234567890"), (hello, SMUGGLED, b"")]:
            with collected_log(), running(app, QuickHandler) as server, raw.connect(server.port) as sock:
                sock.sendall(data + more)
                if app is talk:
                    time.sleep(0.05)
                    sock.sendall(b"67890")
                got = raw.receive(sock)
                self.assertTrue(got.startswith(expected))
                self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 1)

    def test_an_upgrade_is_no_way_around_the_limits(self):
        """The socket blocks while the application may use it: a client that did nothing kept the thread for ever."""
        large = returning([b"x" * 50000000])
        upgrade = "Connection: upgrade", "Upgrade: x"

        def fails(environ, start_response):
            environ["werkzeug.socket"].settimeout(0)
            with suppress(BlockingIOError):
                while True:
                    environ["werkzeug.socket"].send(b"x" * 65536)
            environ["werkzeug.socket"].settimeout(None)
            raise KeyError("x")

        self.assert_dropped(
            {
                "it takes nothing": (large, request("GET / HTTP/1.1", *upgrade)),
                "it sends nothing": (read_all, request("POST / HTTP/1.1", "Content-Length: 1000000", *upgrade)),
                "it has taken nothing before": (fails, request("GET / HTTP/1.1", *upgrade)),
            },
            threads=1,
        )

    def test_an_upgrade_that_nobody_wants_is_a_request_like_others(self):
        """As curl --http2 sends it."""
        data = request("GET /1 HTTP/1.1", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: A")
        with collected_log(), running(paths) as server, raw.connect(server.port) as sock:
            for _ in range(3):
                sock.sendall(data)
                self.assertEqual(raw.receive_answer(sock).body, b"/1")
            self.assertTrue(
                eventually(lambda: not any(os.get_blocking(sock.fileno()) for sock in list(server.connections)))
            )

    def test_a_refused_upload_is_answered_before_the_connection_goes(self):
        """flask 2690: a close with bytes unread resets the connection, and the answer is lost."""

        def refuse(environ, start_response):
            start_response("413 Too Large", [("Content-Type", "text/plain")])
            return [b"too large"]

        with collected_log(), running(refuse) as server:
            for _ in range(20):
                data = request("POST / HTTP/1.1", "Content-Length: 2000000", body=b"x" * 2000000)
                [answer] = raw.ask(server.port, data)
                self.assertEqual((answer.code, answer.body), (413, b"too large"))


if __name__ == "__main__":
    unittest.main()
