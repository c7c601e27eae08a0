"""What a view may return, and what the response is then."""

import unittest
from collections.abc import Iterator

from nanoweb import (
    App,
    Response,
    abort,
    jsonify,
    make_response,
)
from nanoweb.exceptions import NotFound
from nanoweb.testing import create_environ
from tests.test_app import call


class ReturnValueTest(unittest.TestCase):
    """What a view may return."""

    def setUp(self):
        self.app = App("example")

    def returning(self, value, **kwargs):
        self.app.add_url_rule("/", "view", lambda: value() if callable(value) and kwargs.get("call") else value)
        return call(self.app, "/")

    def test_each_kind_of_value_becomes_a_response(self):
        html, plain = "text/html; charset=utf-8", "application/json"
        cases = [
            ("größe", "200 OK", html, "größe".encode()),
            (b"bytes", "200 OK", html, b"bytes"),
            (bytearray(b"array"), "200 OK", html, b"array"),
            ({"b": 1, "a": [None, True]}, "200 OK", plain, b'{"a":[null,true],"b":1}\n'),
            ([1, "zwei"], "200 OK", plain, b'[1,"zwei"]\n'),
            ({}, "200 OK", plain, b"{}\n"),
            (iter(["a", "b", b"c"]), "200 OK", html, b"abc"),
            (Response("ready", 202, mimetype="text/plain"), "202 ACCEPTED", "text/plain; charset=utf-8", b"ready"),
            (NotFound("gone"), "404 NOT FOUND", html, NotFound("gone").get_body().encode()),
            (("body", 201), "201 CREATED", html, b"body"),
            (("body", "299 Sure"), "299 Sure", html, b"body"),
            (({"a": 1}, 400), "400 BAD REQUEST", plain, b'{"a":1}\n'),
            (("body", {"Content-Type": "text/x"}), "200 OK", "text/x", b"body"),
            (("body", 404, [("Content-Type", "text/y")]), "404 NOT FOUND", "text/y", b"body"),
            ((Response("r", 202), 203), "203 NON AUTHORITATIVE INFORMATION", html, b"r"),
        ]
        for number, (value, *_) in enumerate(cases):
            with self.subTest(value):
                self.app.add_url_rule(f"/{number}", f"view{number}", lambda value=value: value)
        for number, (value, status, content_type, body) in enumerate(cases):
            with self.subTest(value):
                got_status, headers, got_body = call(self.app, f"/{number}")
                self.assertEqual((got_status, got_body), (status, body))
                self.assertEqual(dict(headers)["Content-Type"], content_type)

    def test_the_body_of_a_str_is_announced(self):
        self.assertEqual(dict(self.returning("äöü")[1])["Content-Length"], "6")

    def test_a_generator_is_streamed_and_closed(self):
        log = []

        def stream():
            try:
                yield "first "
                yield "second"
            finally:
                log.append("closed")

        self.app.add_url_rule("/", "view", stream)
        _, headers, body = call(self.app, "/")
        self.assertEqual((body, log), (b"first second", ["closed"]))
        self.assertNotIn("Content-Length", dict(headers))

    def test_a_generator_is_closed_also_if_it_is_not_read_to_its_end(self):
        log = []

        def stream():
            try:
                yield "first"
                yield "never"
            finally:
                log.append("closed")

        self.app.add_url_rule("/", "view", stream)
        iterable = self.app(create_environ("/"), lambda status, headers: None)
        self.assertEqual(next(iter(iterable)), b"first")
        iterable.close()
        self.assertEqual(log, ["closed"])

    def test_a_wsgi_application_is_called(self):
        def other(environ, start_response):
            start_response("299 Other", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
            return [b"from ", b"elsewhere"]

        self.app.add_url_rule("/mounted", "view", lambda: other)
        status, headers, body = call(self.app, "/mounted")
        self.assertEqual((status, body), ("299 Other", b"from elsewhere"))
        self.assertIn(("X-Path", "/mounted"), headers)

    def test_a_wsgi_application_that_names_no_type_answers_with_plain_text(self):
        def other(environ, start_response):
            start_response("200 OK", [])
            return [b"<script>"]

        app = App("example")
        app.add_url_rule("/", "view", lambda: other)
        headers = dict(app.test_client().get("/").headers)
        self.assertEqual(headers["Content-Type"], "text/plain; charset=utf-8")

    def test_abort_takes_a_wsgi_application_or_a_response(self):
        self.app.add_url_rule("/app", "app", lambda: abort(NotFound("by itself")))
        self.app.add_url_rule("/response", "response", lambda: abort(Response("ready", 402)))
        client = self.app.test_client()
        self.assertEqual(client.get("/app").status_code, 404)
        self.assertEqual((client.get("/response").status_code, client.get("/response").text), (402, "ready"))

    def test_anything_else_is_an_error_that_names_the_view(self):
        self.app.testing = True
        cases = [
            (None, "'view' did not return a valid response. The function either returned None or ended without"),
            ((None, 200), "returned None"),
            (5, "returned a int"),
            (object(), "returned a object"),
            ((), "has 0 members"),
            (("a", 200, {}, "d"), "has 4 members"),
            (lambda: None, "Called as a WSGI application, it raised"),
            ({1, 2}, "returned a set"),
        ]
        for value, expected in cases:
            with self.subTest(value):
                app = App("example")
                app.testing = True
                app.add_url_rule("/", "view", lambda value=value: value)
                with self.assertRaises(TypeError) as caught:
                    call(app, "/")
                self.assertIn("view function for 'view'", str(caught.exception))
                self.assertIn(expected, str(caught.exception))

    def test_headers_are_no_text(self):
        with self.app.test_request_context(), self.assertRaisesRegex(ValueError, "headers are the str 'X-A: 1'"):
            self.app.make_response(("a", 200, "X-A: 1"))

    def test_make_response_takes_what_a_view_returns(self):
        with self.app.test_request_context():
            self.assertEqual(make_response().get_data(), b"")
            self.assertEqual(make_response("text").get_data(), b"text")
            self.assertEqual(make_response("text", 404).status_code, 404)
            self.assertEqual(make_response(("text", 404)).status_code, 404)

    def test_jsonify_takes_one_value_several_or_members(self):
        with self.app.test_request_context():
            for response, expected in [
                (jsonify(), b"null\n"),
                (jsonify(1), b"1\n"),
                (jsonify(1, 2), b"[1,2]\n"),
                (jsonify(b=1, a=2), b'{"a":2,"b":1}\n'),
                (jsonify("é"), b'"\\u00e9"\n'),
            ]:
                self.assertEqual(response.get_data(), expected)
            with self.assertRaises(TypeError):
                jsonify(1, a=2)

    def test_json_is_indented_in_debug_mode(self):
        self.app.debug = True
        self.assertEqual(self.returning({"a": 1})[2], b'{\n  "a": 1\n}\n')

    def test_iterators_of_all_kinds_stream(self):
        class Own(Iterator):
            def __init__(self):
                self.left = ["a", "b"]

            def __next__(self):
                if not self.left:
                    raise StopIteration
                return self.left.pop(0)

        app = App("x")
        app.add_url_rule("/", "view", Own)
        self.assertEqual(app.test_client().get("/").text, "ab")


if __name__ == "__main__":
    unittest.main()
