import io
import sys
import unittest
import wsgiref.util
from functools import partial
from itertools import product
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from nanoweb.datastructures import Headers
from nanoweb.exceptions import BadRequest, ClientDisconnected, NotFound, RequestEntityTooLarge, SecurityError
from nanoweb.wsgi import (
    ClosingIterator,
    FileWrapper,
    LimitedStream,
    RangeWrapper,
    get_content_length,
    get_current_url,
    get_host,
    get_input_stream,
    get_path_info,
    host_is_trusted,
    responder,
    run_wsgi_app,
    wrap_file,
)
from tests.growth import is_linear


def make_environ(**changes):
    environ = {"wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "5000"}
    return {**environ, **changes}


class HostTest(unittest.TestCase):
    """RFC 9110, section 7.2; RFC 9112, sections 3.2 and 3.3."""

    def host(self, field, scheme="http", trusted=None):
        return get_host(make_environ(HTTP_HOST=field, **{"wsgi.url_scheme": scheme}), trusted)

    def test_it_is_what_the_client_asked_for_without_the_port_of_the_scheme(self):
        for field, scheme, expected in [
            ("example.com", "http", "example.com"),
            ("example.com:80", "http", "example.com"),
            ("example.com:80", "https", "example.com:80"),
            ("example.com:443", "https", "example.com"),
            ("example.com:443", "wss", "example.com"),
            ("example.com:80", "ws", "example.com"),
            ("example.com:8080", "http", "example.com:8080"),
            ("example.com:", "http", "example.com"),
            ("EXAMPLE.com", "http", "EXAMPLE.com"),
            ("127.0.0.1:5000", "http", "127.0.0.1:5000"),
            ("[::1]", "http", "[::1]"),
            ("[::1]:80", "http", "[::1]"),
            ("[::80]:5000", "http", "[::80]:5000"),
            ("[::ffff:127.0.0.1]", "http", "[::ffff:127.0.0.1]"),
            ("[fe80::1%25eth0]:80", "http", "[fe80::1%25eth0]"),
            ("my_service:5000", "http", "my_service:5000"),
            ("xn--bcher-kva.example", "http", "xn--bcher-kva.example"),
            ("a" * 255, "http", "a" * 255),
        ]:
            with self.subTest(field, scheme=scheme):
                self.assertEqual(self.host(field, scheme), expected)

    def test_without_a_field_it_is_the_servers_own_name(self):
        for environ, expected in [
            ({}, "localhost:5000"),
            ({"HTTP_HOST": ""}, "localhost:5000"),
            ({"SERVER_PORT": "80"}, "localhost"),
            ({"SERVER_NAME": "::1"}, "[::1]:5000"),
            ({"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "443", "wsgi.url_scheme": "https"}, "127.0.0.1"),
        ]:
            with self.subTest(environ):
                self.assertEqual(get_host(make_environ(**environ)), expected)

    def test_what_can_be_no_host_is_refused(self):
        for field in [
            "a b",
            "a b/<x>",
            "<script>",
            "user@example.com",
            "example.com/path",
            "example.com?a",
            "example.com#a",
            "example.com\\@a",
            "a.example, b.example",
            "a.example,b.example",
            "example.com\n",
            "example.com\r\nX: y",
            "example.com\0",
            " example.com",
            "example.com:80:80",
            "example.com:x",
            "example.com:+80",
            "example.com:-1",
            "example.com:8_0",
            "example.com:٨٠",
            "example.com:65536",
            "example.com:000080",
            ":80",
            "::1",
            "[::1",
            "::1]",
            "[::1]x",
            "[]",
            "[:::]",
            "[1]",
            "[127.0.0.1]",
            "[12345::]",
            "[::1%]",
            "[v1.a]",
            "%65xample.com",
            "b\xc3\xbccher.example",  # raw UTF-8, as WSGI has it
            "a" * 256,
            "\xe4" * 100_000,
        ]:
            with self.subTest(field[:40]), self.assertRaises(SecurityError) as caught:
                self.host(field)
            self.assertLess(len(caught.exception.description), 400)

    def test_only_those_trusted_are_answered_for(self):
        for trusted in [
            ["example.com"],
            ["other", "EXAMPLE.COM"],
            [".example.com"],
            ("example.com:9",),
            "example.com",
        ]:
            with self.subTest(trusted):
                self.assertEqual(self.host("example.com:8080", trusted=trusted), "example.com:8080")
        for trusted in [[], ["example.org"], ["le.com"], ["example.com.org"], ["sub.example.com"], [""], ["."]]:
            with self.subTest(trusted), self.assertRaisesRegex(SecurityError, "not trusted[.]$"):
                self.host("example.com:8080", trusted=trusted)
        with self.assertRaises(SecurityError):  # the server's own name must be trusted too
            get_host(make_environ(), ["example.com"])

    def test_who_is_trusted(self):
        for host, trusted, expected in [
            ("a.example.com", [".example.com"], True),
            ("a.b.example.com", [".example.com"], True),
            ("example.com", [".example.com"], True),
            ("badexample.com", [".example.com"], False),
            ("example.com.bad", [".example.com"], False),
            ("a.example.com", ["example.com"], False),
            ("example.com:80", ["example.com:443"], True),
            ("[::1]:5000", ["[::1]"], True),
            ("[::1]:5000", ["::1"], True),
            ("[::2]", ["[::1]"], False),
            ("[fe80::1%25eth0]", ["[fe80::1%25eth0]"], True),
            ("xn--bcher-kva.example", ["bücher.example"], True),
            ("bücher.example", ["xn--bcher-kva.example"], True),
            ("example.com", ["ä" * 300, "ä..b", "exa mple"], False),
            ("", ["", "."], False),
            (None, [""], False),
            ("a b", ["a b"], False),
            ("ä" * 300, ["", "ä" * 300], False),
            (":80", ["", ":80"], False),
            ("example.com", None, True),
            ("a b", None, False),
        ]:
            with self.subTest(host, trusted=trusted):
                self.assertIs(host_is_trusted(host, trusted), expected)

    def test_a_long_host_takes_no_quadratic_time(self):
        # CVE-2022-45061
        for host in ["ä", "a.", "xn--", "[", ":", "%"]:
            with self.subTest(host):
                short, long = (host * count for count in (1_000, 16_000))
                self.assertTrue(is_linear(partial(host_is_trusted, trusted_list=["example.com"]), short, long))


class AddressTest(unittest.TestCase):
    def test_the_path_is_text(self):
        for path, expected in [
            ("/a", "/a"),
            ("/gr\xc3\xb6\xc3\x9fe", "/größe"),
            ("/\xff\xc3", "/\ufffd\ufffd"),
            ("//a", "//a"),
        ]:
            with self.subTest(path):
                self.assertEqual(get_path_info({"PATH_INFO": path}), expected)
        self.assertEqual(get_path_info({}), "")

    def test_the_address_is_put_together_of_its_parts(self):
        environ = make_environ(
            HTTP_HOST="xn--bcher-kva.example:8080",
            SCRIPT_NAME="/sh\xc3\xb6p",
            PATH_INFO="/a b/\xc3\xa4?#",
            QUERY_STRING="q=%C3%B6%26+x",
        )
        for options, expected in [
            ({}, "http://bücher.example:8080/shöp/a%20b/ä%3F%23?q=ö%26+x"),
            ({"strip_querystring": True}, "http://bücher.example:8080/shöp/a%20b/ä%3F%23"),
            ({"root_only": True}, "http://bücher.example:8080/shöp/"),
            ({"host_only": True}, "http://bücher.example:8080/"),
        ]:
            with self.subTest(options):
                self.assertEqual(get_current_url(environ, **options), expected)

    def test_slashes_between_the_parts_are_one(self):
        for root, path, expected in [
            ("", "", "http://localhost:5000/"),
            ("/", "/", "http://localhost:5000/"),
            ("/app/", "//a", "http://localhost:5000/app/a"),
            ("", "//evil.example/a", "http://localhost:5000/evil.example/a"),
        ]:
            with self.subTest(root + path):
                self.assertEqual(get_current_url(make_environ(SCRIPT_NAME=root, PATH_INFO=path)), expected)

    def test_what_clients_send_never_fails_and_never_shows_raw(self):
        for path in ["/\x1b[2J", "/\r\nX: y", "/\xff\xfe", "/%zz%", "/\xe2\x80\xae", "/\x00"]:
            with self.subTest(path):
                url = get_current_url(make_environ(PATH_INFO=path, QUERY_STRING=path))
                self.assertTrue(url.isprintable(), url)
                self.assertNotIn(" ", url)

    def test_a_bad_host_is_in_no_address(self):
        for field in ["a b/<x>", "user@evil.example", "evil.example/x", "a:99999"]:
            with self.subTest(field):
                self.assertRaises(SecurityError, get_current_url, make_environ(HTTP_HOST=field))
        environ = make_environ(HTTP_HOST="evil.example")
        self.assertRaises(SecurityError, get_current_url, environ, trusted_hosts=["example.com"])


class ContentLengthTest(unittest.TestCase):
    """RFC 9110, section 8.6; RFC 9112, section 6.3."""

    def test_it_is_a_row_of_digits_or_nothing(self):
        for value, expected in [
            ("0", 0),
            ("10", 10),
            ("00010", 10),
            (" 10\t", 10),
            ("999999999999999999", 10**18 - 1),
            *[
                (wrong, None)
                for wrong in ["", None, "-1", "+10", "1_0", "0x10", "1e3", "1.0", "10, 10", "10,10", "1 0"]
            ],
            *[(wrong, None) for wrong in ["٣", "²", "10\n", "\x0b10", "9" * 19, "9" * 100_000]],
        ]:
            with self.subTest(value and value[:20]):
                self.assertEqual(get_content_length({"CONTENT_LENGTH": value}), expected)
        self.assertIsNone(get_content_length({}))

    def test_it_does_not_count_beside_a_transfer_encoding(self):
        for encoding in ["chunked", "Chunked", "gzip, chunked", "identity", "xchunked"]:
            with self.subTest(encoding):
                self.assertIsNone(get_content_length({"CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": encoding}))
        self.assertEqual(get_content_length({"CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": ""}), 5)


class InputStreamTest(unittest.TestCase):
    def read(self, data=b"body and more", safe_fallback=True, limit=None, **environ):
        return get_input_stream({"wsgi.input": io.BytesIO(data), **environ}, safe_fallback, limit).read()

    def test_it_ends_where_the_body_ends(self):
        self.assertEqual(self.read(CONTENT_LENGTH="4"), b"body")
        self.assertEqual(self.read(CONTENT_LENGTH="4", limit=4), b"body")

    def test_a_body_of_unknown_length_is_empty_rather_than_endless(self):
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
        for environ in [
            {},
            {"CONTENT_LENGTH": ""},
            {"CONTENT_LENGTH": " "},
            chunked,
            {**chunked, "CONTENT_LENGTH": "x"},
        ]:
            with self.subTest(environ):
                self.assertEqual(self.read(**environ), b"")
                self.assertEqual(self.read(safe_fallback=False, **environ), b"body and more")
                with self.assertRaises(RequestEntityTooLarge):
                    self.read(safe_fallback=False, limit=4, **environ)

    def test_a_server_that_ends_the_body_itself_is_believed(self):
        terminated = {"wsgi.input_terminated": True}
        self.assertEqual(self.read(**terminated), b"body and more")
        self.assertEqual(self.read(limit=13, **terminated), b"body and more")
        self.assertEqual(self.read(HTTP_TRANSFER_ENCODING="chunked", limit=99, **terminated), b"body and more")
        stream = io.BytesIO()
        self.assertIs(get_input_stream({"wsgi.input": stream, "CONTENT_LENGTH": "0", **terminated}), stream)

    def test_too_large_a_body_is_refused_before_or_while_it_is_read(self):
        stream = io.BytesIO(b"body")
        with self.assertRaisesRegex(RequestEntityTooLarge, "larger than the 3 bytes that MAX_CONTENT_LENGTH allows"):
            get_input_stream({"wsgi.input": stream, "CONTENT_LENGTH": "4"}, max_content_length=3)
        self.assertEqual(stream.tell(), 0)
        with self.assertRaises(RequestEntityTooLarge):
            self.read(limit=12, **{"wsgi.input_terminated": True})

    def test_a_length_that_cannot_be_read_is_an_error_and_no_empty_body(self):
        for length in ["+4", "-4", "4_0", "4, 4", "0x4", "4.0", "٤", "4\n", "x", "x" * 10_000]:
            for ends in [False, True]:
                with self.subTest(length[:10], ends=ends), self.assertRaises(BadRequest) as caught:
                    self.read(CONTENT_LENGTH=length, **{"wsgi.input_terminated": ends})
                self.assertIn("not a row of digits", caught.exception.description)
                self.assertLess(len(caught.exception.description), 200)
        for length in ["9" * 19, "9" * 100_000]:
            with self.subTest(length[:20]), self.assertRaisesRegex(RequestEntityTooLarge, "no body is that large"):
                self.read(CONTENT_LENGTH=length)
            with self.subTest(length[:20]), self.assertRaisesRegex(RequestEntityTooLarge, "MAX_CONTENT_LENGTH"):
                self.read(CONTENT_LENGTH=length, limit=100)


class Socket:
    """A stream that gives a few bytes at a time, then fails or ends."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, size=-1):
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        if 0 <= size < len(piece):
            self.pieces.insert(0, piece[size:])
        return piece[:size] if size >= 0 else piece

    def readline(self, size=-1):
        line = b""
        while not line.endswith(b"\n") and len(line) != size:
            piece = self.read(1)
            if not piece:
                break
            line += piece
        return line


class LimitedStreamTest(unittest.TestCase):
    """wsgi.input that ends (PEP 3333, "Input and Error Streams")."""

    def stream(self, data=b"one\ntwo\nand more", limit=8, is_max=False):
        return LimitedStream(io.BytesIO(data), limit, is_max)

    def test_every_way_to_read_ends_at_the_limit(self):
        for name, read, expected in [
            ("read()", lambda stream: stream.read(), b"one\ntwo\n"),
            ("read(-1)", lambda stream: stream.read(-1), b"one\ntwo\n"),
            ("read(None)", lambda stream: stream.read(None), b"one\ntwo\n"),
            ("read(100)", lambda stream: stream.read(100), b"one\ntwo\n"),
            ("read(3)", lambda stream: [stream.read(3), stream.read(3), stream.read(3)], [b"one", b"\ntw", b"o\n"]),
            ("read(0)", lambda stream: stream.read(0), b""),
            ("readall", lambda stream: stream.readall(), b"one\ntwo\n"),
            ("exhaust", lambda stream: [stream.exhaust(), stream.exhaust()], [b"one\ntwo\n", b""]),
            ("readline", lambda stream: [stream.readline() for _ in range(3)], [b"one\n", b"two\n", b""]),
            ("readline(2)", lambda stream: [stream.readline(2), stream.readline(None)], [b"on", b"e\n"]),
            ("readlines", lambda stream: stream.readlines(), [b"one\n", b"two\n"]),
            ("iteration", list, [b"one\n", b"two\n"]),
            ("BufferedReader", lambda stream: io.BufferedReader(stream).read(), b"one\ntwo\n"),
            (
                "TextIOWrapper",
                lambda stream: io.TextIOWrapper(io.BufferedReader(stream)).readlines(),
                ["one\n", "two\n"],
            ),
        ]:
            for is_max in [False, True]:
                with self.subTest(name, is_max=is_max):
                    self.assertEqual(
                        read(self.stream(b"one\ntwo\n" if is_max else b"one\ntwo\nmore", 8, is_max)), expected
                    )

    def test_readinto_fills_what_it_is_given(self):
        stream, buffer = self.stream(limit=5), bytearray(4)
        self.assertEqual(
            [(stream.readinto(buffer), bytes(buffer)) for _ in range(3)],
            [(4, b"one\n"), (1, b"tne\n"), (0, b"tne\n")],
        )

    def test_it_knows_where_it_is(self):
        stream = self.stream()
        self.assertEqual((stream.readable(), stream.tell(), stream.is_exhausted), (True, 0, False))
        stream.read()
        self.assertEqual((stream.tell(), stream.is_exhausted), (8, True))

    def test_pieces_are_put_together(self):
        pieces = [b"a" * 100_000, b"b", b"c" * 99_999]
        self.assertEqual(LimitedStream(Socket(*pieces), 200_000).read(), b"".join(pieces))

    def test_a_stream_is_never_asked_for_as_much_as_is_announced(self):
        """Most set the memory aside before they wait for the data."""
        asked = []

        class Greedy(Socket):
            def read(self, size=-1):
                asked.append(size)
                return super().read(size)

        for name, read, arrived in [
            ("read", lambda stream: stream.read(), 300_000),
            ("read(10**17)", lambda stream: stream.read(10**17), 300_000),
            ("read(10**30)", lambda stream: stream.read(10**30), 300_000),
            ("exhaust", lambda stream: stream.exhaust(), 300_000),
        ]:
            with self.subTest(name), self.assertRaises(ClientDisconnected):
                read(LimitedStream(Greedy(b"x" * arrived), 10**18 - 1))
            with self.subTest(name, whole=True):
                self.assertEqual(len(read(LimitedStream(Greedy(b"x" * arrived), arrived))), arrived)
                self.assertEqual(len(read(LimitedStream(Greedy(b"x" * arrived), arrived, is_max=True))), arrived)
        self.assertLess(max(asked), 1_000_000)

    def test_a_client_that_leaves_is_noticed(self):
        for gone in [(), (ConnectionResetError("reset"),), (TimeoutError("slow"),), (ValueError("closed file"),)]:
            for name, read in [
                ("read", lambda stream: stream.read()),
                ("read(100)", lambda stream: [stream.read(100), stream.read(100)]),
                ("readline", lambda stream: stream.readline()),
                ("readlines", lambda stream: stream.readlines()),
                ("iteration", list),
                ("exhaust", lambda stream: stream.exhaust()),
                ("readinto", lambda stream: io.BufferedReader(stream).read()),
            ]:
                with self.subTest(name, gone=gone), self.assertRaises(ClientDisconnected) as caught:
                    read(LimitedStream(Socket(b"half a line", *gone), 100))
                self.assertIs(caught.exception.__cause__, gone[0] if gone else None)
        with self.assertRaisesRegex(ClientDisconnected, "the client left with 89 bytes of the body unsent"):
            LimitedStream(Socket(b"half a line"), 100).read()

    def test_up_to_a_maximum_the_end_may_come_early_but_no_error(self):
        self.assertEqual(LimitedStream(Socket(b"short", b"er"), 100, is_max=True).read(), b"shorter")
        with self.assertRaises(ClientDisconnected):
            LimitedStream(Socket(b"short", ConnectionResetError()), 100, is_max=True).read()
        with self.assertRaises(ClientDisconnected):  # also where only the end was to be looked for
            LimitedStream(Socket(b"12345", ConnectionResetError()), 5, is_max=True).read()

    def test_over_a_maximum_is_too_large_and_never_a_short_success(self):
        for name, read in [
            ("read", lambda stream: stream.read()),
            ("read(5)", lambda stream: [stream.read(5), stream.read(5), stream.read(5)]),
            ("readline", lambda stream: [stream.readline() for _ in range(3)]),
            ("iteration", list),
            ("readinto", lambda stream: io.BufferedReader(stream).read()),
        ]:
            with self.subTest(name), self.assertRaisesRegex(RequestEntityTooLarge, "the 8 bytes"):
                read(self.stream(is_max=True))
        self.assertEqual(self.stream(is_max=True).exhaust(), b"one\ntwo\n")  # which does not look behind
        stream = self.stream(b"longer", 5, is_max=True)
        for _ in range(3):  # who asks again hears it again, and does not take what is left for an empty body
            self.assertRaises(RequestEntityTooLarge, stream.read)

    def test_a_subclass_may_have_it_its_own_way(self):
        calls = []

        class Lenient(LimitedStream):
            def on_exhausted(self):
                calls.append("exhausted")

            def on_disconnect(self, error=None):
                calls.append(error)

        self.assertEqual(Lenient(io.BytesIO(b"longer"), 4, is_max=True).read(), b"long")
        self.assertEqual(Lenient(io.BytesIO(b"short"), 10).read(), b"short")
        self.assertEqual(calls, ["exhausted", None])


class ClosingIteratorTest(unittest.TestCase):
    def setUp(self):
        self.calls = []

    def call(self, name, error=None):
        def called():
            self.calls.append(name)
            if error is not None:
                raise error

        return called

    def iterable(self, error=None):
        class Body(list):
            close = staticmethod(self.call("body", error))

        return Body([b"a", b"b"])

    def test_all_are_called_once_the_iterable_first(self):
        for callbacks, expected in [
            (None, ["body"]),
            (self.call("one"), ["body", "one"]),
            (iter([self.call("one"), self.call("two")]), ["body", "one", "two"]),
        ]:
            with self.subTest(expected):
                self.calls.clear()
                body = ClosingIterator(self.iterable(), callbacks)
                self.assertEqual((list(body), self.calls), ([b"a", b"b"], []))
                body.close()
                body.close()
                self.assertEqual(self.calls, expected)

    def test_one_that_fails_does_not_keep_the_next_from_its_turn(self):
        body = ClosingIterator(
            self.iterable(ZeroDivisionError()), [self.call("one", KeyError("one")), self.call("two")]
        )
        with self.assertRaises(KeyError):
            body.close()
        self.assertEqual(self.calls, ["body", "one", "two"])

    def test_a_generator_is_closed_in_the_middle(self):
        def blocks():
            try:
                yield b"a"
                yield b"b"
            finally:
                self.calls.append("closed")

        body = ClosingIterator(blocks())
        self.assertEqual(next(body), b"a")
        body.close()
        self.assertEqual(self.calls, ["closed"])

    def test_it_is_what_a_server_takes(self):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return ClosingIterator([b"a", b"b"], self.call("done"))

        self.assertEqual(serve(app)[2], b"ab")
        self.assertEqual(self.calls, ["done"])


class FileWrapperTest(unittest.TestCase):
    def test_a_file_comes_in_blocks_and_is_closed(self):
        file = io.BytesIO(b"0123456789")
        body = FileWrapper(file, 4)
        self.assertEqual((body.seekable(), body.tell()), (True, 0))
        body.seek(1)
        self.assertEqual(list(body), [b"1234", b"5678", b"9"])
        body.close()
        self.assertTrue(file.closed)

    def test_it_takes_what_can_only_read(self):
        class Pipe:
            read = staticmethod(io.BytesIO(b"data").read)

        body = FileWrapper(Pipe())
        self.assertEqual((list(body), body.seekable(), body.close()), ([b"data"], False, None))

    def test_the_servers_own_comes_first(self):
        class Fast(FileWrapper):
            pass

        self.assertIs(type(wrap_file({}, io.BytesIO())), FileWrapper)
        self.assertIs(type(wrap_file({"wsgi.file_wrapper": Fast}, io.BytesIO(), 5)), Fast)

    def test_it_is_what_a_server_takes(self):
        def app(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return wrap_file(environ, io.BytesIO(b"x" * 20_000))

        self.assertEqual(serve(app)[2], b"x" * 20_000)


class RangeWrapperTest(unittest.TestCase):
    """RFC 9110, section 14: the answer to a Range is some bytes of the whole body."""

    data = b"0123456789"

    def blocks(self, size):
        return [self.data[start : start + size] for start in range(0, len(self.data), size)]

    def test_it_gives_the_bytes_whatever_blocks_they_come_in(self):
        for size, start, length in product([1, 3, 4, 10], range(12), [None, *range(12)]):
            expected = self.data[start:] if length is None else self.data[start : start + length]
            for kind, body in [
                ("list", self.blocks(size)),
                ("generator", iter(self.blocks(size))),
                ("empty blocks", [b"", *self.blocks(size), b""]),
                ("file", io.BytesIO(self.data)),
                ("FileWrapper", FileWrapper(io.BytesIO(self.data), size)),
                ("the server's", wsgiref.util.FileWrapper(io.BytesIO(self.data), size)),
            ]:
                with self.subTest(kind, size=size, start=start, length=length):
                    blocks = list(RangeWrapper(body, start, length))
                    self.assertEqual(b"".join(blocks), expected)
                    self.assertNotIn(b"", blocks)

    def test_a_file_that_can_seek_is_not_read_from_its_start(self):
        file = io.BytesIO(b"x" * 1000 + self.data + b"y" * 1000)
        body = RangeWrapper(FileWrapper(file, 5), 1000, 10)
        self.assertEqual(file.tell(), 1000)
        self.assertEqual((list(body), file.tell()), ([b"01234", b"56789"], 1010))

    def test_a_file_counts_from_where_it_stands_as_it_does_in_a_whole_answer(self):
        file = io.BytesIO(b"header" + self.data)
        file.seek(6)
        self.assertEqual(list(RangeWrapper(FileWrapper(file), 2, 3)), [b"234"])

    def test_what_is_not_asked_for_stays_unread(self):
        blocks = iter([b"ab", b"cd", b"ef"])
        self.assertEqual(list(RangeWrapper(blocks, 1, 3)), [b"b", b"cd"])
        self.assertEqual(next(blocks), b"ef")
        self.assertEqual(list(RangeWrapper(blocks, 0, 0)), [])

    def test_it_closes_the_body_also_one_that_was_not_read(self):
        file = io.BytesIO(self.data)
        RangeWrapper(FileWrapper(file), 2, 3).close()
        self.assertTrue(file.closed)
        RangeWrapper([b"ab"], 0, 1).close()  # which has nothing to close

    def test_it_is_what_a_server_takes(self):
        file = io.BytesIO(self.data)

        def app(environ, start_response):
            start_response("206 Partial Content", [("Content-Type", "text/plain"), ("Content-Length", "4")])
            return RangeWrapper(wrap_file(environ, file), 3, 4)

        self.assertEqual(serve(app)[2], b"3456")
        self.assertTrue(file.closed)


def serve(app, **changes):
    """Have an application answer under the eyes of wsgiref.validate: (status, fields, body)."""
    environ = {"QUERY_STRING": "", **changes}
    setup_testing_defaults(environ)
    body, status, headers = run_wsgi_app(validator(app), environ, buffered=True)
    return status, headers, b"".join(body)


class RunTest(unittest.TestCase):
    """Each way that PEP 3333 lets an application answer."""

    def setUp(self):
        self.closed = []

    def run_app(self, app, buffered=False):
        body, status, headers = run_wsgi_app(app, {}, buffered)
        return list(body), status, headers

    def test_the_answer_comes_as_body_status_and_headers(self):
        def app(environ, start_response):
            start_response("200 OK", [("A", "b")])
            return [b"one", b"two"]

        for buffered in [False, True]:
            body, status, headers = run_wsgi_app(app, {}, buffered)
            self.assertEqual((list(body), status, headers), ([b"one", b"two"], "200 OK", Headers([("A", "b")])))
        self.assertIsInstance(run_wsgi_app(app, {}, buffered=True)[0], list)

    def test_start_response_may_be_called_with_the_first_block_and_write_used(self):
        def app(environ, start_response):
            write = start_response("200 OK", [])
            write(b"zero")
            yield b"one"
            write(b"between")
            yield b"two"

        self.assertEqual(self.run_app(app, buffered=True)[0], [b"zero", b"one", b"between", b"two"])

        def late(environ, start_response):
            yield b""
            start_response("200 OK", [])
            yield b"one"

        for buffered in [False, True]:
            self.assertEqual(self.run_app(late, buffered)[:2], ([b"", b"one"], "200 OK"))

    def test_the_environ_of_the_caller_is_not_changed(self):
        def app(environ, start_response):
            environ["A"] = "b"
            start_response("200 OK", [])
            return []

        environ = {}
        run_wsgi_app(app, environ)
        self.assertEqual(environ, {})

    def blocks(self, start_response=None, fail=None):
        try:
            if start_response:
                start_response("200 OK", [])
            if fail == "first":
                raise ZeroDivisionError
            yield b"one"
            if fail == "second":
                raise ZeroDivisionError
        finally:
            self.closed.append(True)

    def test_the_body_is_closed_by_who_reads_it_or_when_it_is_buffered(self):
        body, _, _ = run_wsgi_app(lambda environ, start_response: self.blocks(start_response), {})
        self.assertEqual((next(body), self.closed), (b"one", []))
        body.close()
        self.assertEqual(self.closed, [True])
        run_wsgi_app(lambda environ, start_response: self.blocks(start_response), {}, buffered=True)
        self.assertEqual(self.closed, [True] * 2)

    def test_the_body_is_closed_when_the_application_fails(self):
        for fail, buffered in [("first", False), ("first", True), ("second", True)]:
            with self.subTest(fail, buffered=buffered):
                self.closed.clear()
                with self.assertRaises(ZeroDivisionError):
                    run_wsgi_app(lambda environ, start: self.blocks(start, fail), {}, buffered)  # noqa: B023
                self.assertEqual(self.closed, [True])

    def test_so_is_one_that_is_no_generator(self):
        class Body:
            closed = self.closed

            def __iter__(self):
                return self

            def __next__(self):
                raise ZeroDivisionError

            def close(self):
                self.closed.append(True)

        for start, buffered in [(True, True), (False, True), (False, False)]:
            with self.subTest(start, buffered=buffered):
                self.closed.clear()

                def app(environ, start_response, start=start):
                    if start:
                        start_response("200 OK", [])
                    return Body()

                with self.assertRaises(ZeroDivisionError):
                    run_wsgi_app(app, {}, buffered)
                self.assertEqual(self.closed, [True])

    def test_an_application_that_never_starts_is_an_error(self):
        for app in [lambda environ, start_response: [b"a"], lambda environ, start_response: self.blocks()]:
            for buffered in [False, True]:
                with self.assertRaisesRegex(RuntimeError, "never called start_response"):
                    run_wsgi_app(app, {}, buffered)
        self.assertEqual(self.closed, [True] * 2)

    def test_an_error_may_change_the_answer_until_the_body_begins(self):
        def answer_again(start_response):
            try:
                raise ZeroDivisionError
            except ZeroDivisionError:
                start_response("500 Oh", [("B", "c")], sys.exc_info())

        def early(environ, start_response):
            start_response("200 OK", [("A", "b")])
            answer_again(start_response)
            return [b"sorry"]

        self.assertEqual(self.run_app(early), ([b"sorry"], "500 Oh", Headers([("B", "c")])))

        def late(environ, start_response):
            start_response("200 OK", [])(b"begun")
            answer_again(start_response)

        with self.assertRaises(ZeroDivisionError):
            run_wsgi_app(late, {})

    def test_a_field_that_would_split_the_answer_is_refused(self):
        def app(environ, start_response):
            start_response("200 OK", [("A", "b\r\nC: d")])
            return []

        self.assertRaises(ValueError, run_wsgi_app, app, {})

    def test_a_responder_is_an_application(self):
        @responder
        def app(environ, start_response):
            """Say no."""
            return NotFound("Nothing here.")

        status, headers, body = serve(app)
        self.assertEqual((status, headers["Content-Type"]), ("404 NOT FOUND", "text/html; charset=utf-8"))
        self.assertIn(b"Nothing here.", body)
        self.assertEqual((app.__name__, app.__doc__), ("app", "Say no."))

    def test_so_is_one_of_what_is_no_function(self):
        app = responder(partial(lambda text, environ, start_response: NotFound(text), "Nowhere."))
        self.assertIn(b"Nowhere.", serve(app)[2])


if __name__ == "__main__":
    unittest.main()
