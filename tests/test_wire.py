"""HTTP/1.1 on the wire: text to environ and back, at the prompt."""

from __future__ import annotations

import re
import time
import unittest
from unittest import mock

from nanoweb import wire
from nanoweb.wire import RefusedRequest


class WireTest(unittest.TestCase):
    def assert_refused(self, code, call, *args):
        with self.assertRaises(RefusedRequest) as caught:
            call(*args)
        self.assertEqual(caught.exception.code, code)
        self.assertTrue(len(caught.exception.reason) > 20 and caught.exception.reason.isprintable())
        return caught.exception.reason


class RequestLineTest(WireTest):
    """RFC 9112, section 3."""

    def test_it_is_taken_apart(self):
        for line, expected in [
            ("GET / HTTP/1.1", ("GET", "/", "", "HTTP/1.1")),
            ("M-SEARCH /a?b HTTP/1.0", ("M-SEARCH", "/a", "b", "HTTP/1.0")),
            ("GET /%41%2f?%41 HTTP/1.1", ("GET", "/A/", "%41", "HTTP/1.1")),
            ("GET //a//b HTTP/1.1", ("GET", "//a//b", "", "HTTP/1.1")),
            ("GET /?a?b HTTP/1.9", ("GET", "/", "a?b", "HTTP/1.9")),
            ("OPTIONS * HTTP/1.1", ("OPTIONS", "", "", "HTTP/1.1")),
            ("GET http://a:80/b?c HTTP/1.1", ("GET", "/b", "c", "HTTP/1.1")),
            ("GET HTTPS://[::1]?c HTTP/1.1", ("GET", "/", "c", "HTTP/1.1")),
        ]:
            with self.subTest(line):
                environ = wire.parse_request_line(line)
                seen = (environ[key] for key in ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SERVER_PROTOCOL"])
                self.assertEqual(tuple(seen), expected)
                self.assertEqual(environ["RAW_URI"], line.split(" ")[1])
                self.assertEqual(environ["REQUEST_URI"], environ["RAW_URI"])

    def test_what_is_none_is_refused_with_its_reason(self):
        for line, code, reason in [
            ("", 400, "is not 'METHOD target HTTP/1.1'"),
            ("GET", 400, "is not 'METHOD"),
            ("GET /", 400, "HTTP/0.9"),
            ("GET  / HTTP/1.1", 400, "one space"),
            ("GET / HTTP/1.1 ", 400, "one space"),
            ("GET / HTTP/1.1\n", 400, "one space"),
            ("GET /\x00 HTTP/1.1", 400, "no control byte"),
            ("GET /#a HTTP/1.1", 400, "'#'"),
            ("G(T / HTTP/1.1", 400, "METHOD"),
            ("GET / http/1.1", 400, "METHOD"),
            ("GET / HTTP/1.10", 400, "METHOD"),
            ("GET / HTTP/\u0661.1", 400, "METHOD"),
            ("GET / HTTP/2.0", 505, "use HTTP/1.1"),
            ("PRI * HTTP/2.0", 505, "use HTTP/1.1"),
            ("GET / HTTP/3", 505, "use HTTP/1.1"),
            ("CONNECT a:443 HTTP/1.1", 501, "proxies"),
            ("GET * HTTP/1.1", 400, "neither a path nor an http address"),
            ("GET ftp://a/ HTTP/1.1", 400, "neither a path"),
            ("GET http:///a HTTP/1.1", 400, "neither a path"),
            ("GET http://:80/a HTTP/1.1", 400, "neither a path"),
            ("GET http://me@a/ HTTP/1.1", 400, "neither a path"),
            ("\x16\x03\x01\x02", 400, "TLS hello"),
        ]:
            with self.subTest(line):
                self.assertIn(reason, self.assert_refused(code, wire.parse_request_line, line))

    def test_a_head_that_is_not_complete_is_refused_as_early_as_can_be(self):
        for line, is_whole in [("\x16\x03", False), ("GET /", True), ("GET / HTTP/2.0", True)]:
            self.assert_refused(505 if "2.0" in line else 400, wire.check_request_line, line, is_whole)
        for line, is_whole in [("", False), ("GET /", False), ("GET / HTTP/1.1", True)]:
            wire.check_request_line(line, is_whole)
        for data in [b"a\nb", b"a\rb", b"a\x00b", b"a\r\r\n", b"\n"]:
            self.assert_refused(400, wire.check_unfinished_lines, data, 0)
        for data in [b"a", b"a\r", b"a\r\nb\tc", b"\xff"]:
            wire.check_unfinished_lines(data, 0)


class FieldsTest(WireTest):
    """RFC 9112, section 5."""

    def parse(self, *lines):
        environ = {}
        wire.parse_fields(lines, environ)
        return environ

    def test_they_become_keys_of_the_environ(self):
        for lines, expected in [
            (["A: b"], {"HTTP_A": "b"}),
            (["a-B:b", "a-b: \t c\t "], {"HTTP_A_B": "b,c"}),
            (["Cookie: a", "cookie: b"], {"HTTP_COOKIE": "a; b"}),
            (["Content-Type: a", "Content-Length: 1"], {"CONTENT_TYPE": "a", "CONTENT_LENGTH": "1"}),
            (["A:", "B: :c"], {"HTTP_A": "", "HTTP_B": ":c"}),
            (["A: \xe9\xa0"], {"HTTP_A": "\xe9\xa0"}),
            (["A_B: c", "Proxy: d", "Content_Length: 7"], {}),
        ]:
            with self.subTest(lines):
                self.assertEqual(self.parse(*lines), expected)

    def test_what_is_none_is_refused(self):
        for lines, code in [
            (["A"], 400),
            ([" A: b"], 400),
            (["\tA"], 400),
            (["A : b"], 400),
            ([": b"], 400),
            (["A\xe9: b"], 400),
            (["A: \x00"], 400),
            (["A: \x1b"], 400),
            (["A_B: \x00"], 400),
            (["Host: a", "host: a"], 400),
            (["Content-Length: 1", "Content-Length: 1"], 400),
            (["A" * 257 + ": b"], 431),
        ]:
            with self.subTest(lines):
                self.assert_refused(code, self.parse, *lines)

    def test_a_host_is_a_host(self):
        for host in ["a", "a.b-c_d~:80", "", ":80", "[::1]", "[fe80::1%eth0]:8", "1.2.3.4:"]:
            wire.check_host(host, "HTTP/1.1")
        wire.check_host(None, "HTTP/1.0")
        self.assert_refused(400, wire.check_host, None, "HTTP/1.1")
        for host in ["a b", "a,b", "a/b", "u@a", "[::1", "::1", "[g]", "a:b", "a:1:2", "a\n", "a:123456", "\xe9"]:
            with self.subTest(host):
                self.assert_refused(400, wire.check_host, host, "HTTP/1.1")

    def test_the_length_of_a_body_is_beyond_doubt(self):
        for length, coding, version, expected in [
            (None, None, "1.1", 0),
            ("5", None, "1.1", 5),
            ("005", None, "1.0", 5),
            ("9" * 18, None, "1.1", 10**18 - 1),
            (None, "Chunked", "1.1", None),
            ("9" * 19, None, "1.1", 413),
            ("+5", None, "1.1", 400),
            ("\xb2", None, "1.1", 400),
            ("5", "chunked", "1.1", 400),
            (None, "chunked", "1.0", 400),
            (None, "gzip, chunked", "1.1", 501),
            (None, "", "1.1", 400),
            (None, "chunked, gzip", "1.1", 400),
            (None, "chunked, chunked", "1.1", 400),
        ]:
            given = {"CONTENT_LENGTH": length, "HTTP_TRANSFER_ENCODING": coding}
            given = {key: value for key, value in given.items() if value is not None}
            environ = {"SERVER_PROTOCOL": f"HTTP/{version}", **given}
            with self.subTest(environ):
                if expected in (400, 413, 501):
                    self.assert_refused(expected, wire.body_length, environ)
                else:
                    self.assertEqual(wire.body_length(environ), expected)

    def test_what_the_client_wishes_of_the_connection(self):
        for connection, version, stays in [
            (None, "1.1", True),
            (None, "1.0", False),
            ("Close", "1.1", False),
            ("a, close", "1.1", False),
            ("closed", "1.1", True),
            ("Keep-Alive", "1.0", True),
            ("keep-alive, close", "1.0", False),
        ]:
            environ = {"SERVER_PROTOCOL": f"HTTP/{version}"}
            if connection is not None:
                environ["HTTP_CONNECTION"] = connection
            self.assertEqual(wire.keeps_alive(environ), stays, environ)

    def test_what_the_client_expects(self):
        for expect, version, asks in [
            (None, "1.1", False),
            ("100-Continue", "1.1", True),
            (", 100-continue,,100-continue", "1.1", True),
            ("", "1.1", False),
            ("100-continue", "1.0", False),
            ("anything", "1.0", False),
        ]:
            environ = {"SERVER_PROTOCOL": f"HTTP/{version}"}
            if expect is not None:
                environ["HTTP_EXPECT"] = expect
            self.assertEqual(wire.expects_continue(environ), asks, environ)
        environ = {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_EXPECT": "100-continue, more"}
        self.assert_refused(417, wire.expects_continue, environ)


class ResponseHeadTest(unittest.TestCase):
    """PEP 3333, "The start_response() Callable"; the rest is tried with whole answers in test_connections."""

    def test_a_status_is_written_as_it_is(self):
        for status, line, may_have_body in [
            ("200 OK", "200 OK", True),
            ("200", "200 ", True),
            ("299 ", "299 ", True),
            ("404 caf\xe9", "404 caf\xe9", True),
            ("204 No Content", "204 No Content", False),
            ("205", "205 ", False),
            ("304 Not Modified", "304 Not Modified", False),
        ]:
            self.assertEqual(wire.status_line(status), (f"HTTP/1.1 {line}\r\n", may_have_body))

    def test_fields_that_come_again_are_checked_once_and_refused_each_time(self):
        for _ in range(3):
            self.assertEqual(wire.write_fields([("A", "b"), ("a", "c")]), ("A: b\r\na: c\r\n", {}))
            for field in [("A", "b\n"), ("Upgrade", "h2c"), ("A" * 9 + "\n", "b"), ("Content-Length", "")]:
                with self.assertRaises(ValueError):
                    wire.write_fields([field])

    def test_the_connection_is_the_servers_to_speak_of(self):
        for name in ("Connection", "KEEP-ALIVE"):
            self.assertEqual(wire.write_fields([(name, "keep-alive")]), ("", {name.lower(): "keep-alive"}))

    def test_long_values_are_written_and_not_kept(self):
        known = wire._write_known_field.cache_info().currsize
        for size in [41, 100000]:
            self.assertEqual(wire.write_fields([("X-Long", "x" * size)])[0], f"X-Long: {'x' * size}\r\n")
        self.assertEqual(wire._write_known_field.cache_info().currsize, known)

    def test_the_date_is_that_of_now(self):
        for moment, day in [(784111777.9, "Sun, 06 Nov 1994 08:49:37"), (784111778, "Sun, 06 Nov 1994 08:49:38")]:
            with mock.patch.object(time, "time", return_value=moment):
                self.assertEqual(wire.date_field(), f"Date: {day} GMT\r\n")

    def test_an_answer_of_the_server_is_whole_and_closes(self):
        head, body = wire.plain_response(404, "gone\u20ac", "A: b\r\n")
        self.assertEqual(body, "gone\u20ac\n".encode())
        self.assertTrue(re.fullmatch(rb"HTTP/1\.1 404 Not Found\r\n(?:[A-Za-z-]+: [ -~]+\r\n)+\r\n", head), head)
        for field in [b"Content-Length: 8", b"Connection: close", b"A: b", b"X-Content-Type-Options: nosniff"]:
            self.assertIn(b"\r\n%b\r\n" % field, head)


if __name__ == "__main__":
    unittest.main()
