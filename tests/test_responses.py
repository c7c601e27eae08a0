"""Response: what becomes of what a view answers."""

import copy
import http
import io
import pickle
import time
import unittest
from unittest import mock

from nanoweb.datastructures import Headers
from nanoweb.exceptions import (
    NotFound,
)
from nanoweb.wrappers import Response
from tests.messages import call, environ, request, send


class StatusTest(unittest.TestCase):
    """A number or a line; nothing that could not be sent."""

    def test_a_status_may_be_given_in_several_ways(self):
        for given, line, code in [
            (None, "200 OK", 200),
            (404, "404 NOT FOUND", 404),
            ("404", "404 NOT FOUND", 404),
            ("404 Gone fishing", "404 Gone fishing", 404),
            (" 404 x ", "404 x", 404),
            (http.HTTPStatus.NOT_FOUND, "404 NOT FOUND", 404),
            (418, "418 I'M A TEAPOT", 418),
            (299, "299 UNKNOWN", 299),
            (999, "999 UNKNOWN", 999),
            ("200 grüße", "200 grüße", 200),
        ]:
            with self.subTest(given):
                made = Response("", given)
                self.assertEqual((made.status, made.status_code), (line, code))
                if given is not None:
                    made = Response("")
                    made.status = given
                    self.assertEqual((made.status, made.status_code), (line, code))

    def test_what_is_no_status_is_an_error_that_shows_it(self):
        for given in [0, 99, 1000, -1, True, "", "OK", "20", "2000 x", "+200", "٣٠٠", "1_0", "200\tOK", "200OK"]:
            with self.subTest(given), self.assertRaisesRegex(ValueError, "100 to 999") as caught:
                Response("", given)
            self.assertIn(repr(given), str(caught.exception))
        for given in ["200 OK\r\nSet-Cookie: a=b", "200 a\nb", "200 \0", "200 \x7f", "200 €"]:
            with self.subTest(given), self.assertRaisesRegex(ValueError, "one line of Latin-1"):
                Response("", given)
        for given in [1.5, b"200 OK", [], {}, ["X"]]:
            with self.subTest(given), self.assertRaisesRegex(TypeError, "use a number, or a line like"):
                Response("", given)

    def test_a_number_may_be_assigned_to_either(self):
        made = Response("")
        made.status_code = 503
        self.assertEqual((made.status, made.status_code), ("503 SERVICE UNAVAILABLE", 503))
        made.status = 204
        self.assertEqual((made.status, made.status_code), ("204 NO CONTENT", 204))

    def test_a_class_has_a_default(self):
        for default, line in [(201, "201 CREATED"), ("299 Odd", "299 Odd")]:
            with self.subTest(default):
                made = type("Own", (Response,), {"default_status": default})("x")
                self.assertEqual(made.status, line)


class MediaTypeTest(unittest.TestCase):
    """Content-Type: text has a charset, and that is UTF-8."""

    def test_text_gets_the_charset(self):
        for mimetype, content_type in [
            (None, "text/html; charset=utf-8"),
            ("text/plain", "text/plain; charset=utf-8"),
            ("application/xml", "application/xml; charset=utf-8"),
            ("application/javascript", "application/javascript; charset=utf-8"),
            ("image/svg+xml", "image/svg+xml; charset=utf-8"),
            ("application/json", "application/json"),
            ("image/png", "image/png"),
            ("text/html; charset=latin-1", "text/html; charset=latin-1"),
            ("", ""),
        ]:
            with self.subTest(mimetype):
                self.assertEqual(Response("", mimetype=mimetype).content_type, content_type)
                if mimetype is not None:
                    made = Response("")
                    made.mimetype = mimetype
                    self.assertEqual(made.content_type, content_type)
        made.mimetype = None
        self.assertNotIn("Content-Type", made.headers)

    def test_a_content_type_is_taken_as_it_is(self):
        made = Response("", content_type="text/x; a=b")
        self.assertEqual(
            (made.content_type, made.mimetype, made.mimetype_params), ("text/x; a=b", "text/x", {"a": "b"})
        )

    def test_what_is_said_of_it_counts_before_the_fields(self):
        for keywords, expected in [
            ({}, "text/own"),
            ({"mimetype": "text/plain"}, "text/plain; charset=utf-8"),
            ({"content_type": "text/q"}, "text/q"),
            ({"content_type": "text/q", "mimetype": "text/plain"}, "text/q"),
        ]:
            with self.subTest(keywords):
                made = Response("", headers={"content-type": "text/own"}, **keywords)
                self.assertEqual(made.headers.getlist("Content-Type"), [expected])

    def test_a_class_may_have_another_or_none(self):
        for default, fields in [("application/json", ["application/json"]), (None, [])]:
            for headers in [None, {}, {"X": "1"}]:
                with self.subTest(default, headers=headers):
                    made = type("Own", (Response,), {"default_mimetype": default})("1", headers=headers)
                    self.assertEqual(made.headers.getlist("Content-Type"), fields)
                    self.assertEqual((made.mimetype, made.is_json), (default, default is not None))
                    self.assertEqual((made.json, made.get_json(force=True)), (1 if default else None, 1))

    def test_a_media_type_that_would_start_a_second_field_is_refused(self):
        for keywords in [
            {"content_type": "text/plain\r\nX: y"},
            {"mimetype": "text/plain\nX: y"},
            {"content_type": "text/\0"},
            {"content_type": "text/€"},
        ]:
            with self.subTest(keywords), self.assertRaisesRegex(ValueError, "Content-Type"):
                Response("", **keywords)
        own = type("Own", (Response,), {"default_mimetype": "text/x\r\nX: y"})
        with self.assertRaisesRegex(ValueError, "Content-Type"):
            own("x")
        with self.assertRaises(TypeError):
            Response("", content_type=b"text/plain")


class BodyOfResponseTest(unittest.TestCase):
    """What a body may be, and what becomes of it."""

    def test_each_kind_of_body_is_sent_as_bytes(self):
        for body, blocks, length in [
            (None, [], "0"),
            ("größe", ["größe".encode()], "7"),
            ("", [b""], "0"),
            (b"\xff", [b"\xff"], "1"),
            (bytearray(b"ab"), [b"ab"], "2"),
            (memoryview(b"ab"), [b"ab"], "2"),
            (["ä", b"b"], [b"\xc3\xa4", b"b"], "3"),
            (("a", "b"), [b"a", b"b"], "2"),
            ([], [], "0"),
            (iter(["a", b"b"]), [b"a", b"b"], None),
            ((block for block in "abc"), [b"a", b"b", b"c"], None),
            (io.BytesIO(b"1\n2\n"), [b"1\n", b"2\n"], None),
            ({"a": 1}, [b"a"], None),
        ]:
            with self.subTest(repr(body)):
                _, headers, sent = send(Response(body))
                self.assertEqual((sent, dict(headers).get("Content-Length")), (blocks, length))

    def test_what_is_no_body_is_refused(self):
        made = Response("")
        for value in [5, 10**12, None, 1.5, [b"x"], {"a": 1}]:
            with self.subTest(value), self.assertRaisesRegex(TypeError, "made of str or bytes"):
                made.set_data(value)

    def test_the_body_can_be_read_and_changed(self):
        made = Response(["a", b"b"])
        self.assertEqual((made.data, made.get_data(), made.get_data(as_text=True)), (b"ab", b"ab", "ab"))
        made.data = "größe"
        self.assertEqual((made.data, made.content_length), ("größe".encode(), 7))
        made.set_data(b"raw")
        self.assertEqual((made.data, made.headers.getlist("Content-Length")), (b"raw", ["3"]))
        made.data = memoryview(b"view")
        self.assertEqual(made.data, b"view")

    def test_a_generator_that_was_read_is_kept_and_closed_at_the_end(self):
        log = []

        def stream():
            try:
                yield "a"
                yield b"b"
            finally:
                log.append("over")

        made = Response(stream())
        self.assertEqual((made.is_streamed, made.is_sequence, made.data, made.data), (True, False, b"ab", b"ab"))
        self.assertEqual((made.is_streamed, made.is_sequence, made.response), (False, True, [b"a", b"b"]))
        self.assertEqual(made.calculate_content_length(), 2)
        self.assertEqual(send(made)[2], [b"a", b"b"])
        self.assertEqual(log, ["over"])

    def test_what_was_read_is_closed_when_the_response_is(self):
        file = io.BytesIO(b"text")
        made = Response(file)
        made.call_on_close(lambda: self.assertFalse(file.closed))
        self.assertEqual((made.get_data(), file.closed), (b"text", False))
        made.make_sequence()  # it is one
        send(made)
        self.assertTrue(file.closed)
        body = ("a", "b")
        made = Response(body)
        made.make_sequence()
        self.assertIs(made.response, body)

    def test_a_length_is_calculated_if_reading_is_allowed(self):
        class Own(Response):
            implicit_sequence_conversion = False

        self.assertEqual(Response(["a", "ä"]).calculate_content_length(), 3)
        self.assertEqual(Response(iter(["a", "ä"])).calculate_content_length(), 3)
        self.assertIsNone(Own(iter(["a"])).calculate_content_length())
        self.assertIsNone(Response(iter(["a"]), direct_passthrough=True).calculate_content_length())

    def test_a_stream_is_not_read_where_that_is_forbidden(self):
        class Own(Response):
            implicit_sequence_conversion = False

        with self.assertRaisesRegex(RuntimeError, r"call make_sequence\(\)"):
            Own(iter(["a"])).get_data()
        with self.assertRaisesRegex(RuntimeError, "direct_passthrough"):
            Response(iter([b"a"]), direct_passthrough=True).get_data()
        made = Own(iter(["a"]))
        made.make_sequence()
        self.assertEqual(made.get_data(), b"a")

    def test_an_iterable_in_passthrough_goes_to_the_server_itself(self):
        body = [b"a", b"b"]
        made = Response(body, direct_passthrough=True)
        self.assertIs(made(environ(), lambda status, headers: None), body)
        made = Response(io.BytesIO(b"x"), direct_passthrough=True)
        self.assertEqual(send(made, "HEAD")[2], [])
        self.assertTrue(made.response.closed)

    def test_json_is_read_if_the_type_says_so(self):
        self.assertEqual(Response('{"a": 1}', mimetype="application/json").json, {"a": 1})
        self.assertEqual(Response("[]", mimetype="application/vnd.api+json").json, [])
        self.assertIsNone(Response("[]").json)
        self.assertEqual(Response("[1]").get_json(force=True), [1])
        with self.assertRaises(ValueError):
            Response("[", mimetype="application/json").get_json()
        self.assertIsNone(Response("[", mimetype="application/json").get_json(silent=True))
        made = Response("[]", mimetype="application/json")
        made.json_module = mock.Mock(loads=lambda data: "another")
        self.assertEqual(made.json, "another")

    def test_it_says_what_it_is(self):
        for made, text in [
            (Response("ä", 404), "<Response 2 bytes [404 NOT FOUND]>"),
            (Response(iter("ab")), "<Response streamed [200 OK]>"),
            (Response({"a"}), "<Response likely-streamed [200 OK]>"),
        ]:
            with self.subTest(text):
                self.assertEqual(repr(made), text)


class FieldsOfResponseTest(unittest.TestCase):
    """Header fields: nothing that is set here can start a second one."""

    def test_fields_may_be_given_in_several_ways(self):
        for given, expected in [
            ({"X": "1"}, [("X", "1")]),
            ({"X": ["1", "2"]}, [("X", "1"), ("X", "2")]),
            ([("X", "1"), ("X", "2")], [("X", "1"), ("X", "2")]),
            (Headers([("X", "1")]), [("X", "1")]),
            ({"X": 5}, [("X", "5")]),
        ]:
            with self.subTest(repr(given)):
                headers = send(Response("", headers=given))[1]
                self.assertEqual([field for field in headers if field[0] == "X"], expected)

    def test_all_may_be_replaced(self):
        for given in [{"X": "1", "location": "/\xe4"}, Headers({"X": "1", "location": "/\xe4"})]:
            with self.subTest(repr(given)):
                made = Response("text")
                made.headers = given
                self.assertEqual(send(made)[1], [("X", "1"), ("Location", "/%C3%A4"), ("Content-Length", "4")])

    def test_a_field_with_a_line_break_is_refused(self):
        for name, value in [("X", "a\r\nb"), ("X", "a\nb"), ("X", "a\0"), ("X\r\nY", "a"), ("X Y", "a"), ("", "a")]:
            with self.subTest(name=name, value=value):
                for make in [
                    lambda field: Response("", headers=[field]),
                    lambda field: Response("").headers.set(*field),
                    lambda field: Response("").headers.add(*field),
                    lambda field: Response("").headers.update([field]),
                ]:
                    with self.assertRaises(ValueError):
                        make((name, value))
        for attribute in ["location", "content_type", "content_encoding", "mimetype"]:
            with self.subTest(attribute), self.assertRaises(ValueError):
                setattr(Response(""), attribute, "x\r\nSet-Cookie: a=b")

    def test_attributes_read_and_write_fields(self):
        made = Response("12345")
        self.assertEqual((made.content_length, made.location, made.content_encoding), (5, None, None))
        made.content_encoding, made.content_length, made.location = "gzip", 3, "/x"
        self.assertEqual(made.headers["Content-Encoding"], "gzip")
        self.assertEqual((made.headers["Content-Length"], made.location), ("3", "/x"))
        made.location = None
        del made.content_encoding
        self.assertNotIn("Location", made.headers)
        self.assertNotIn("Content-Encoding", made.headers)

    def test_an_address_is_sent_as_ascii(self):
        for address, sent in [
            ("/größe?q=ä b#fuß", "/gr%C3%B6%C3%9Fe?q=%C3%A4%20b#fu%C3%9F"),
            ("http://bücher.example/", "http://xn--bcher-kva.example/"),
            ("/a%20b", "/a%20b"),
            ("/\\evil.example", "/%5Cevil.example"),
            ("next", "next"),
        ]:
            with self.subTest(address):
                made = Response("", 302)
                made.location = address
                self.assertEqual(dict(call(made)[1])["Location"], sent)
        made = Response("", headers={"location": "/\xe4", "Content-Location": "/\xf6"})
        self.assertEqual(
            dict(send(made)[1]),
            {
                "Location": "/%C3%A4",
                "Content-Location": "/%C3%B6",
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": "0",
            },
        )

    def test_an_address_is_made_absolute_when_asked(self):
        class Own(Response):
            autocorrect_location_header = True

        for address, sent in [
            ("next", "http://example.com/app/dir/next"),
            ("/x", "http://example.com/x"),
            ("?p=2", "http://example.com/app/dir/page?p=2"),
            ("", "http://example.com/app/dir/page"),
            ("//other.example/", "http://other.example/"),
        ]:
            with self.subTest(address):
                made = Own("", headers={"Location": address})
                headers = call(made, SCRIPT_NAME="/app", PATH_INFO="/dir/page", QUERY_STRING="q=1")[1]
                self.assertEqual(dict(headers)["Location"], sent)

    def test_a_cookie_is_set_and_dropped(self):
        made = Response("")
        made.set_cookie("a", "größe", max_age=60, secure=True, httponly=True, samesite="lax", path="/x")
        made.delete_cookie("b", domain="example.com")
        first, second = made.headers.getlist("Set-Cookie")
        self.assertRegex(first, "; Expires=.* GMT; Max-Age=60; Secure; HttpOnly; Path=/x; SameSite=Lax$")
        self.assertEqual(second, "b=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")

    def test_a_cookie_promises_nothing_that_is_not_asked_for(self):
        made = Response("")
        made.set_cookie("a")
        made.delete_cookie("b")
        self.assertEqual(
            made.headers.getlist("Set-Cookie"),
            ["a=; Path=/", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"],
        )

    def test_a_subclass_may_set_all_cookies_its_own_way(self):
        class Own(Response):
            def set_cookie(self, key, value="", **keywords):
                super().set_cookie(key, value, **{**keywords, "secure": True})

        made = Own("")
        made.set_cookie("a", "1")
        made.delete_cookie("b", "/x", "example.com", httponly=True, samesite="Lax", partitioned=True)
        first, second = made.headers.getlist("Set-Cookie")
        self.assertEqual(first, "a=1; Secure; Path=/")
        self.assertRegex(second, "b=; Domain=example.com; .* Max-Age=0; Secure; HttpOnly; Path=/x; SameSite=Lax; P")

    def test_a_cookie_that_is_not_one_is_refused(self):
        for keywords in [
            {"key": "a\r\nb"},
            {"key": "a;b"},
            {"key": "a", "domain": "b\r\nc"},
            {"key": "a", "samesite": "Lacks"},
            {"key": "__Host-a", "secure": False},
        ]:
            with self.subTest(keywords), self.assertRaises(ValueError):
                Response("").set_cookie(**{"value": "v", **keywords})
        made = Response("")
        made.set_cookie("a", "b\r\nSet-Cookie: c=d", path="/x\r\ny")
        self.assertEqual(made.headers["Set-Cookie"], 'a="b\\015\\012Set-Cookie: c=d"; Path=/x%0D%0Ay')

    def test_a_cookie_that_browsers_would_drop_warns(self):
        with self.assertWarnsRegex(UserWarning, "cookie 'a' takes 5002 bytes"):
            Response("").set_cookie("a", "x" * 5000, path=None)
        Response("").set_cookie("a", "x" * 4091, path=None)
        with self.assertWarnsRegex(UserWarning, "cookie 'a' takes 4094 bytes"):
            Response("").set_cookie("a", "x" * 4092, path=None)
        made = Response("")
        made.max_cookie_size = 0
        made.set_cookie("a", "x" * 5000)

    def test_the_fields_of_a_request_are_no_fields_of_a_response(self):
        with self.assertRaises(TypeError):
            Response("", headers=request(HTTP_X="1").headers, mimetype="text/plain")


class SendingTest(unittest.TestCase):
    """As a WSGI application."""

    def test_the_validator_finds_nothing_wrong(self):
        for status in [200, 201, 206, 301, 302, 400, 404, 418, 500, 503, "299 Odd"]:
            for make in [
                lambda status: Response("text", status),
                lambda status: Response(b"", status, {"X": "1"}),
                lambda status: Response(["a", "b"], status, mimetype="text/plain"),
                lambda status: Response(iter(["a", "b"]), status),
                lambda status: Response(None, status, content_type="application/json"),
            ]:
                for method in ["GET", "POST", "HEAD"]:
                    with self.subTest(status=status, method=method):
                        line, headers, body = call(make(status), method)
                        self.assertEqual(line[:3], str(status)[:3])
                        if method == "HEAD":
                            self.assertEqual(body, b"")
                        elif "Content-Length" in dict(headers):
                            self.assertEqual(int(dict(headers)["Content-Length"]), len(body))

    def test_head_has_the_length_and_no_body(self):
        _, headers, body = call(Response("12345"), "HEAD")
        self.assertEqual((dict(headers)["Content-Length"], body), ("5", b""))

    def test_some_statuses_have_no_body(self):
        fields = {"Allow": "GET", "Last-Modified": "x", "Content-Language": "de", "ETag": '"1"', "Expires": "y"}
        for status in [100, 101, 199, 204]:
            for body in ["text", iter(["text"]), ["text"]]:
                with self.subTest(status):
                    _, headers, sent = send(Response(body, status, fields))
                    self.assertEqual(
                        (sent, "Content-Length" in dict(headers), "Allow" in dict(headers)), ([], False, True)
                    )
        _, headers, sent = send(Response("text", 304, {**fields, "Content-Location": "/x", "Content-Length": "9"}))
        self.assertEqual((sent, [name for name, _ in headers]), ([], ["ETag", "Expires", "Content-Location"]))

    def test_a_length_is_not_added_where_one_is_given(self):
        self.assertEqual(dict(send(Response(["abc"], headers={"content-length": "9"}))[1])["content-length"], "9")

    def test_a_length_may_be_left_out(self):
        class Own(Response):
            automatically_set_content_length = False

        for body in ["abc", ["abc"]]:
            self.assertNotIn("Content-Length", dict(send(Own(body))[1]))

    def test_sending_does_not_change_the_response(self):
        made = Response(["a"], headers={"Location": "/\xe4"})
        before = list(made.headers)
        send(made)
        send(made, "HEAD")
        self.assertEqual(list(made.headers), before)

    def test_a_body_is_closed_first_and_then_the_functions_are_called_in_order(self):
        class Body:
            def __iter__(self):
                return iter([b"a"])

            def close(self):
                log.append("body")

        for method, status in [("GET", 200), ("HEAD", 200), ("GET", 304)]:
            log = []
            made = Response(Body(), status)
            self.assertIs(made.call_on_close(print), print)
            made._on_close = ()
            made.call_on_close(lambda log=log: log.append("first"))
            made.call_on_close(lambda log=log: log.append("second"))
            with self.subTest(method=method, status=status):
                send(made, method)
                self.assertEqual(log, ["body", "first", "second"])

    def test_a_function_that_fails_does_not_keep_the_others_from_their_turn(self):
        log = []
        made = Response("x")
        made.call_on_close(lambda: log.append(1 / 0))
        made.call_on_close(lambda: log.append("called"))
        with self.assertRaises(ZeroDivisionError):
            send(made)
        self.assertEqual(log, ["called"])

    def test_they_are_called_for_a_body_in_passthrough_too(self):
        for method, status in [("GET", 200), ("HEAD", 200), ("GET", 304)]:
            with self.subTest(method=method, status=status):
                log, file = [], io.BytesIO(b"text")
                made = Response(file, status, direct_passthrough=True)
                made.call_on_close(lambda file=file, log=log: log.append(file.closed))
                blocks = send(made, method)[2]
                self.assertEqual(
                    (b"".join(blocks), log), (b"text" if (method, status) == ("GET", 200) else b"", [True])
                )

    def test_what_cannot_be_sent_is_closed_all_the_same(self):
        def refuse(status, headers):
            raise OSError("gone")

        for location, start_response, error in [
            ("http://[bad", print, ValueError),
            ("/a\tb", print, ValueError),
            ("/a", refuse, OSError),
        ]:
            for passthrough in [False, True]:
                with self.subTest(location, passthrough=passthrough):
                    log, file = [], io.BytesIO(b"text")
                    made = Response(file, 302, {"Location": location}, direct_passthrough=passthrough)
                    made.call_on_close(lambda log=log: log.append("closed"))
                    with self.assertRaises(error):
                        made(environ(), start_response)
                    self.assertEqual((file.closed, log), (True, ["closed"]))

    def test_a_response_is_closed_at_the_end_of_a_with_statement(self):
        log = []
        with Response("x") as made:
            made.call_on_close(lambda: log.append("closed"))
        self.assertEqual(log, ["closed"])

    def test_a_stream_that_is_given_up_is_closed(self):
        log = []

        def stream():
            try:
                yield b"first"
                yield b"never"
            finally:
                log.append("closed")

        iterable = Response(stream())(environ(), lambda status, headers: None)
        self.assertEqual(next(iter(iterable)), b"first")
        iterable.close()
        self.assertEqual(log, ["closed"])

    def test_a_subclass_may_change_each_step(self):
        class Own(Response):
            def get_wsgi_headers(self, environ):
                headers = super().get_wsgi_headers(environ)
                headers["X-Path"] = environ["PATH_INFO"]
                return headers

            def get_app_iter(self, environ):
                return [b"<", *super().get_app_iter(environ), b">"]

            def iter_encoded(self):
                return (block.upper() for block in super().iter_encoded())

            def get_data(self, as_text=False):
                return b"own"

        made = Own("text")
        _, headers, blocks = send(made, PATH_INFO="/x")
        self.assertEqual((blocks, dict(headers)["X-Path"]), ([b"<", b"TEXT", b">"], "/x"))
        self.assertEqual(made.data, b"own")

    def test_what_another_application_answers_becomes_a_response(self):
        def other(environ, start_response):
            start_response("299 Other", [("Content-Type", "text/x"), ("X", "1"), ("X", "2")])
            return [b"from ", environ["PATH_INFO"].encode()]

        class Own(Response):
            pass

        for made in [
            Own.from_app(other, environ(PATH_INFO="/a")),
            Own.from_app(other, environ(PATH_INFO="/a"), buffered=True),
            Own.force_type(other, environ(PATH_INFO="/a")),
        ]:
            self.assertIs(type(made), Own)
            self.assertEqual((made.status, made.content_type, made.data), ("299 Other", "text/x", b"from /a"))
            self.assertEqual(made.headers.getlist("X"), ["1", "2"])

    def test_what_another_application_answers_is_read_when_it_is_sent(self):
        log = []

        def other(environ, start_response):
            start_response("200 OK", [])
            yield b"a"
            log.append("read")
            yield b"b"

        for buffered, read in [(False, []), (True, ["read"])]:
            log.clear()
            made = Response.from_app(other, environ(), buffered)
            self.assertEqual((log, made.is_sequence), (read, buffered))
            self.assertEqual(send(made)[2], [b"a", b"b"])
        self.assertTrue(Response.from_app(other, environ()).is_streamed)

    def test_what_another_application_says_no_type_of_is_plain_text(self):
        def other(environ, start_response):
            start_response("200 OK", [])
            return [b"<script>"]

        self.assertEqual(Response.force_type(other, environ()).content_type, "text/plain; charset=utf-8")
        self.assertEqual(Response.from_app(other, environ()).content_type, "text/html; charset=utf-8")

    def test_a_response_of_another_class_changes_its_class(self):
        class Own(Response):
            def __init__(self, needed):
                raise AssertionError("it is made already")

        made = Response("x", 201)
        self.assertIs(Own.force_type(made), made)
        self.assertIs(type(made), Own)
        self.assertIs(Response.force_type(made), made)
        self.assertIs(type(made), Own)
        self.assertIs(type(Own.force_type(NotFound(), environ())), Own)
        with self.assertRaisesRegex(TypeError, "give an environ"):
            Response.force_type(lambda environ, start_response: [])


class TwoWaysTest(unittest.TestCase):
    """A response that nobody touched since it was made goes out directly; nobody can tell."""

    class Slow(Response):
        """The same in every respect, and yet a subclass: it takes all the steps."""

    deeds = {
        "nothing": lambda response, log: None,
        "the fields read": lambda response, log: response.headers.get("X"),
        "a field set": lambda response, log: response.headers.set("X", "1"),
        "fields replaced": lambda response, log: setattr(response, "headers", Headers([("X", "1")])),
        "a cookie": lambda response, log: response.set_cookie("a", "b"),
        "data set": lambda response, log: response.set_data("other"),
        "data set in bytes": lambda response, log: setattr(response, "data", b"\xff"),
        "the body replaced": lambda response, log: setattr(response, "response", ["a", b"b"]),
        "the body an iterator": lambda response, log: setattr(response, "response", iter(["a", b"b"])),
        "the body appended to": lambda response, log: response.response.append("ä"),
        "the body changed": lambda response, log: response.response.__setitem__(slice(None), ["ä"]),
        "the body emptied": lambda response, log: response.response.clear(),
        "the status": lambda response, log: setattr(response, "status", "299 Odd"),
        "no content": lambda response, log: setattr(response, "status_code", 204),
        "not modified": lambda response, log: setattr(response, "status_code", 304),
        "switching": lambda response, log: setattr(response, "status_code", 101),
        "the type": lambda response, log: setattr(response, "mimetype", "text/plain"),
        "no type": lambda response, log: setattr(response, "content_type", None),
        "passthrough": lambda response, log: setattr(response, "direct_passthrough", True),
        "no length": lambda response, log: setattr(response, "content_length", None),
        "a location": lambda response, log: setattr(response, "location", "/ä"),
        "a name added": lambda response, log: response.vary.add("Cookie"),
        "a name looked for": lambda response, log: "Cookie" in response.vary,
        "an entity tag": lambda response, log: response.set_etag("5f2a"),
        "more written": lambda response, log: response.stream.write(b"more"),
        "frozen": lambda response, log: response.freeze(),
        "not for that client": lambda response, log: response.make_conditional(
            {"REQUEST_METHOD": "GET", "HTTP_IF_MATCH": '"a"'}
        ),
        "a part": lambda response, log: response.make_conditional(
            {"REQUEST_METHOD": "GET", "HTTP_RANGE": "bytes=0-0"}, True, 1
        ),
        "a parameter": lambda response, log: response.mimetype_params.update(a="b"),
        "at the end": lambda response, log: response.call_on_close(lambda: log.append("at the end")),
        "own close": lambda response, log: setattr(response, "close", lambda: log.append("own close")),
        "own steps": lambda response, log: setattr(response, "iter_encoded", lambda: iter([b"own"])),
        "own fields": lambda response, log: setattr(
            response, "get_wsgi_headers", lambda environ: Headers([("Y", "2")])
        ),
        "an attribute": lambda response, log: setattr(response, "mine", 1),
        "repr": lambda response, log: repr(response),
        "data read": lambda response, log: response.data,
        "json read": lambda response, log: response.get_json(force=True, silent=True),
    }
    arguments = [
        ("hello",),
        ("",),
        ("größe",),
        (b"bytes",),
        (bytearray(b"array"),),
        ([b"list"],),
        (None,),
        ("x", 404),
        ("x", "299 Odd"),
        ("x", 204),
        ("x", 304),
        ("x", 101),
        ("x", None, {"X": "1"}),
        ("x", None, {"Content-Length": "9", "content-type": "text/x"}),
        ("x", None, None, "text/plain"),
        ("x", None, None, None, "text/x; a=b"),
        ("x", None, None, None, ""),
        ("x", None, None, None, None, True),
    ]

    def result(self, cls, arguments, names, method):
        log = []
        response = cls(*copy.deepcopy(arguments))
        for name in names:
            self.deeds[name](response, log)
        status, headers, blocks = send(response, method)
        again = send(response, method)
        return status, headers, blocks, again, list(response.headers), log

    @mock.patch("nanoweb.headers.gmtime", mock.Mock(return_value=time.gmtime(0)))  # for the field Date
    def test_both_ways_lead_to_the_same(self):
        for arguments in self.arguments:
            for names in [*[[name] for name in self.deeds], *[[name, "the status"] for name in self.deeds]]:
                for method in ["GET", "HEAD", "POST"]:
                    with self.subTest(arguments=arguments, names=names, method=method):
                        self.assertEqual(
                            self.result(Response, arguments, names, method),
                            self.result(self.Slow, arguments, names, method),
                        )

    def test_a_default_that_somebody_changed_counts_on_both(self):
        for default in [None, "text/plain", "application/json"]:
            with self.subTest(default), mock.patch.object(Response, "default_mimetype", default):
                self.assertEqual(self.result(Response, ("x",), [], "GET"), self.result(self.Slow, ("x",), [], "GET"))

    def test_one_of_them_takes_no_steps(self):
        for arguments in [("hello",), (b"bytes", 404), ("x", None, None, "text/plain")]:
            with self.subTest(arguments), mock.patch.object(Response, "get_wsgi_headers", side_effect=AssertionError):
                made = Response(*arguments)
                self.assertIs(type(made(environ(), lambda status, headers: None)), list)

    def test_what_was_sent_can_be_changed_without_changing_the_response(self):
        made = Response("hello")
        sent = []
        made(environ(), lambda status, headers: sent.append(headers))
        sent[0].append(("X", "1"))
        self.assertEqual(send(made)[1], [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "5")])

    def test_threads_that_share_a_response_share_its_fields(self):
        made = Response("hello")
        seen = []

        def meanwhile():  # another thread looks at the fields while this one is making them
            if not seen:
                seen.append(None)
                seen[0] = made.headers
                seen[0]["X"] = "1"
            return Headers()

        with mock.patch("nanoweb.responses.Headers", side_effect=meanwhile):
            self.assertIs(made.headers, seen[0])
        self.assertIn(("X", "1"), send(made)[1])

    def test_a_copy_goes_its_own_way(self):
        for duplicate in [copy.copy, lambda response: pickle.loads(pickle.dumps(response))]:
            made = Response("hello")
            other = duplicate(made)
            other.headers["X"] = "1"
            self.assertNotIn("X", dict(send(made)[1]))
            self.assertEqual(send(other)[1][-1], ("X", "1"))


if __name__ == "__main__":
    unittest.main()
