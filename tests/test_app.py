"""The application: a request's way through it, and what it is told at start."""

import gc
import io
import logging
import os
import sys
import unittest
from collections.abc import Iterator
from unittest import mock
from wsgiref.validate import validator

from nanoweb import (
    App,
    Flask,
    HTTPException,
    Response,
    abort,
    g,
    jsonify,
    make_response,
    redirect,
    request,
    url_for,
)
from nanoweb.app import FormDataRoutingRedirect
from nanoweb.exceptions import BadRequest, NotFound, default_exceptions
from nanoweb.routing import RequestRedirect
from nanoweb.testing import Client, create_environ


def call(app, *args, **kwargs):
    """(status, fields, body) of one request, through the standard library's validator."""
    environ = create_environ(*args, **kwargs)
    answer = []

    def start_response(status, headers, exc_info=None):
        answer[:] = [status, headers]
        return lambda data: None

    iterable = validator(app)(environ, start_response)
    try:
        body = b"".join(iterable)
    finally:
        iterable.close()
    return answer[0], answer[1], body


class QuietLog(logging.Handler):
    """Keeps what an application logs, and keeps it off the screen."""

    def __init__(self, app):
        super().__init__()
        self.records = []
        app.logger.handlers[:] = [self]
        app.logger.propagate = False

    def emit(self, record):
        self.records.append(record)


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


class RegistrationTest(unittest.TestCase):
    """route and its family."""

    def setUp(self):
        self.app = App("example")
        self.client = self.app.test_client()

    def test_each_method_has_its_decorator(self):
        for name in ["get", "post", "put", "patch", "delete"]:
            getattr(self.app, name)("/thing", endpoint=name)(lambda name=name: name)
        for name in ["get", "post", "put", "patch", "delete"]:
            with self.subTest(name):
                self.assertEqual(getattr(self.client, name)("/thing").text, name)

    def test_the_decorators_give_the_function_back(self):
        def view():
            return "x"

        def hook(*args):
            return None

        self.assertIs(self.app.route("/")(view), view)
        self.assertIs(self.app.post("/")(view), view)
        for decorator in [self.app.before_request, self.app.after_request, self.app.teardown_request]:
            self.assertIs(decorator(hook), hook)
        self.assertIs(self.app.errorhandler(404)(hook), hook)
        self.assertIs(self.app.endpoint("other")(view), view)

    def test_a_decorator_for_one_method_refuses_methods(self):
        with self.assertRaisesRegex(TypeError, r"get\(\) is for GET alone: use route\(\)"):
            self.app.get("/", methods=["POST"])

    def test_methods_as_a_str_are_refused(self):
        with self.assertRaisesRegex(TypeError, r"give a list of them, \['POST'\]"):
            self.app.add_url_rule("/", "view", lambda: "", methods="POST")

    def test_two_views_cannot_have_one_endpoint(self):
        def first():
            return "1"

        def second():
            return "2"

        self.app.add_url_rule("/1", "same", first)
        self.app.add_url_rule("/1/again", "same", first)
        with self.assertRaisesRegex(AssertionError, "endpoint 'same' is taken by .*first.*second"):
            self.app.add_url_rule("/2", "same", second)

    def test_a_rule_needs_a_view_or_an_endpoint(self):
        with self.assertRaisesRegex(AssertionError, "neither a view nor an endpoint"):
            self.app.add_url_rule("/")

    def test_an_endpoint_may_get_its_view_later(self):
        self.app.add_url_rule("/", endpoint="later")
        self.app.endpoint("later")(lambda: "here")
        self.assertEqual(self.client.get("/").text, "here")

    def test_a_get_view_answers_head_without_a_body_and_options_by_itself(self):
        self.app.add_url_rule("/", "view", lambda: "12345")
        head = self.client.head("/")
        self.assertEqual((head.data, head.headers["Content-Length"]), (b"", "5"))
        options = self.client.options("/")
        self.assertEqual((options.status_code, options.headers["Allow"]), (200, "GET, HEAD, OPTIONS"))

    def test_options_tells_the_methods_also_where_a_slash_is_forgiven(self):
        self.app.add_url_rule("/forgiving/", "view", lambda: "", strict_slashes=False)
        self.assertEqual(self.client.options("/forgiving").headers["Allow"], "GET, HEAD, OPTIONS")

    def test_options_can_be_left_to_the_view(self):
        self.app.add_url_rule("/mine", "mine", lambda: request.method, methods=["GET", "OPTIONS"])
        self.app.add_url_rule("/off", "off", lambda: "", provide_automatic_options=False)
        self.assertEqual(self.client.options("/mine").text, "OPTIONS")
        self.assertEqual(self.client.options("/off").status_code, 405)

    def test_options_is_answered_where_that_is_asked_for_whatever_the_setting_says(self):
        self.app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.app.add_url_rule("/on", "on", lambda: "", provide_automatic_options=True)
        self.app.add_url_rule("/off", "off", lambda: "")
        self.assertEqual(self.client.options("/on").headers["Allow"], "GET, HEAD, OPTIONS")
        self.assertEqual(self.client.options("/off").headers["Allow"], "GET, HEAD")

    def test_a_view_says_with_its_attributes_which_methods_it_takes(self):
        def view():
            return request.method

        view.methods = ["get"]
        view.required_methods = ["PATCH", "OPTIONS"]  # whatever the rule says; those of a decorator, usually
        self.app.add_url_rule("/", "automatic", view, methods=["PUT"])
        view.provide_automatic_options = False
        self.app.add_url_rule("/all", "all", view)
        self.assertEqual([self.client.open("/", method=method).text for method in ["PUT", "PATCH"]], ["PUT", "PATCH"])
        self.assertEqual(self.client.options("/").headers["Allow"], "OPTIONS, PATCH, PUT")
        self.assertEqual(self.client.options("/all").text, "OPTIONS")
        self.assertEqual(self.client.get("/all").text, "GET")

    def test_a_wrong_method_is_405_and_tells_the_right_ones(self):
        self.app.add_url_rule("/", "view", lambda: "", methods=["PUT"])
        response = self.client.get("/")
        self.assertEqual((response.status_code, response.headers["Allow"]), (405, "OPTIONS, PUT"))

    def test_variables_come_as_arguments(self):
        self.app.add_url_rule("/<name>/<int:age>", "view", lambda name, age: {"name": name, "age": age})
        self.assertEqual(self.client.get("/J%C3%BCrgen/42").json, {"name": "Jürgen", "age": 42})

    def test_the_setup_is_over_with_the_first_request(self):
        self.client.get("/")
        for what in [
            lambda: self.app.route("/late")(lambda: ""),
            lambda: self.app.before_request(lambda: None),
            lambda: self.app.after_request(lambda response: response),
            lambda: self.app.teardown_request(lambda error: None),
            lambda: self.app.errorhandler(404)(lambda error: ""),
        ]:
            with self.assertRaisesRegex(AssertionError, r"\(\) after the first request"):
                what()

    def test_flask_is_another_name_of_app(self):
        self.assertIs(Flask, App)


class HookTest(unittest.TestCase):
    """before_request, after_request, teardown_request."""

    def setUp(self):
        self.app = App("example")
        self.app.testing = True
        self.client = self.app.test_client()
        self.log = []

    def test_they_run_in_the_documented_order(self):
        for n in (1, 2):
            self.app.before_request(lambda n=n: self.log.append(f"before {n}"))
            self.app.after_request(lambda response, n=n: self.log.append(f"after {n}") or response)
            self.app.teardown_request(lambda error, n=n: self.log.append(f"teardown {n} {error}"))
        self.app.teardown_appcontext(lambda error: self.log.append(f"app {error}"))
        self.app.add_url_rule("/", "view", lambda: self.log.append("view") or "ok")
        self.client.get("/")
        self.assertEqual(
            self.log,
            "before 1,before 2,view,after 2,after 1,teardown 2 None,teardown 1 None,app None".split(","),
        )

    def test_what_before_returns_takes_the_place_of_the_view(self):
        self.app.before_request(lambda: ("stop", 401))
        self.app.add_url_rule("/", "view", lambda: self.log.append("view"))
        self.app.after_request(lambda response: self.log.append("after") or response)
        response = self.client.get("/")
        self.assertEqual((response.status_code, response.text, self.log), (401, "stop", ["after"]))

    def test_before_runs_also_where_no_rule_matches(self):
        self.app.before_request(lambda: self.log.append(request.url_rule))
        self.assertEqual(self.client.get("/nowhere").status_code, 404)
        self.assertEqual(self.log, [None])

    def test_after_may_replace_the_response(self):
        self.app.add_url_rule("/", "view", lambda: "old")
        self.app.after_request(lambda response: Response("new"))
        self.assertEqual(self.client.get("/").text, "new")

    def test_teardown_gets_the_error_and_runs_though_another_one_fails(self):
        self.app = App("example.teardown")
        QuietLog(self.app)
        self.client = self.app.test_client()
        error = ZeroDivisionError("on purpose")

        def fail():
            raise error

        def failing_teardown(exc):
            self.log.append(("second", exc))
            raise LookupError("in teardown")

        self.app.add_url_rule("/", "view", fail)
        self.app.teardown_request(lambda exc: self.log.append(("first", exc)))
        self.app.teardown_request(failing_teardown)
        self.app.teardown_appcontext(lambda exc: self.log.append(("app", exc)))
        with self.assertRaises(LookupError):
            self.client.get("/")
        self.assertEqual(self.log, [("second", error), ("first", error), ("app", error)])
        with self.assertRaises(RuntimeError):
            request.path  # noqa: B018  nothing was left on the stack

    def test_teardown_runs_also_for_what_is_not_an_exception(self):
        def leave():
            raise KeyboardInterrupt

        self.app.add_url_rule("/", "view", leave)
        self.app.teardown_request(lambda exc: self.log.append(type(exc)))
        with self.assertRaises(KeyboardInterrupt):
            self.client.get("/")
        self.assertEqual(self.log, [KeyboardInterrupt])

    def test_middleware_wraps_wsgi_app(self):
        inner = self.app.wsgi_app
        self.app.wsgi_app = lambda environ, start: inner({**environ, "PATH_INFO": "/other"}, start)
        self.app.add_url_rule("/other", "view", lambda: request.path)
        self.assertEqual(self.client.get("/").text, "/other")


class ErrorTest(unittest.TestCase):
    """What the client and the log get when something goes wrong."""

    def setUp(self):
        self.app = App(f"example.{self._testMethodName}")
        self.log = QuietLog(self.app)
        self.client = self.app.test_client()

    def test_an_error_of_a_view_is_a_plain_500_and_one_traceback_in_the_log(self):
        def view():
            raise ZeroDivisionError("secret detail")

        self.app.add_url_rule("/path", "view", view)
        status, _, body = call(self.app, "/path")
        self.assertEqual(status, "500 INTERNAL SERVER ERROR")
        self.assertNotIn(b"secret", body)
        self.assertNotIn(b"ZeroDivision", body)
        (record,) = self.log.records
        self.assertEqual(record.getMessage(), "Exception on /path [GET]")
        self.assertIs(record.exc_info[0], ZeroDivisionError)

    def test_a_path_cannot_write_into_the_log_what_it_likes(self):
        self.app.add_url_rule("/<path:x>", "view", lambda x: 1 / 0)
        self.client.get("/a%1b[2J%E2%80%AEü")
        self.assertEqual(self.log.records[0].getMessage(), r"Exception on /a\x1b[2J\u202eü [GET]")

    def test_the_log_goes_to_the_servers_error_stream(self):
        app = App("example.errors_stream")
        app.add_url_rule("/", "view", lambda: 1 / 0)
        errors = io.StringIO()
        app.test_client().get("/", errors_stream=errors)
        self.assertEqual(errors.getvalue().count("Traceback (most recent call last)"), 1)
        self.assertTrue(errors.getvalue().rstrip().endswith("ZeroDivisionError: division by zero"))

    def test_every_place_that_can_fail_gives_one_500_and_one_record(self):
        def fail(*args):
            raise ZeroDivisionError

        def places(app):
            yield "before", lambda: app.before_request(fail)
            yield "view", lambda: app.view_functions.update(view=fail)
            yield (
                "handler",
                lambda: (app.errorhandler(KeyError)(fail), app.view_functions.update(view=lambda: {}["x"])),
            )
            yield "make_response", lambda: app.view_functions.update(view=lambda: None)
            yield "header", lambda: app.view_functions.update(view=lambda: ("x", {"A": "b\r\nc"}))
            yield "status", lambda: app.view_functions.update(view=lambda: ("x", 2000))

        for number in range(6):
            app = App(f"{self.app.name}.{number}")
            log = QuietLog(app)
            app.add_url_rule("/", "view", lambda: "ok")
            name, arrange = list(places(app))[number]
            with self.subTest(name):
                arrange()
                self.assertEqual(call(app, "/")[0], "500 INTERNAL SERVER ERROR")
                self.assertEqual(len(log.records), 1)

    def test_an_after_request_that_fails_on_every_response_still_leaves_a_500(self):
        self.app.after_request(lambda response: response.nothing)
        self.app.add_url_rule("/", "view", lambda: "ok")
        self.assertEqual(call(self.app, "/")[0], "500 INTERNAL SERVER ERROR")
        self.assertEqual(len(self.log.records), 2)  # it failed on the page, and then on the 500

    def test_a_500_handler_gets_the_original_error(self):
        seen = []

        @self.app.errorhandler(500)
        def handler(error):
            seen.append(error.original_exception)
            return "our page", 500

        self.app.add_url_rule("/", "view", lambda: 1 / 0)
        self.assertEqual(self.client.get("/").text, "our page")
        self.assertIsInstance(seen[0], ZeroDivisionError)

    def test_an_after_request_that_fails_on_a_500_is_logged_and_the_500_sent(self):
        @self.app.after_request
        def fail(response):
            raise LookupError

        self.app.add_url_rule("/", "view", lambda: 1 / 0)
        self.assertEqual(self.client.get("/").status_code, 500)
        self.assertEqual(len(self.log.records), 2)

    def test_while_testing_or_debugging_the_error_goes_on(self):
        for setting in ["TESTING", "DEBUG", "PROPAGATE_EXCEPTIONS"]:
            with self.subTest(setting):
                app = App("example")
                app.config[setting] = True
                app.add_url_rule("/", "view", lambda: 1 / 0)
                with self.assertRaises(ZeroDivisionError):
                    app.test_client().get("/")

    def test_abort_answers_at_once(self):
        self.app.add_url_rule("/<int:code>", "view", lambda code: abort(code))
        for code in [400, 401, 403, 404, 405, 409, 410, 413, 415, 418, 422, 429, 500, 501, 503]:
            with self.subTest(code):
                self.assertEqual(self.client.get(f"/{code}").status_code, code)
        self.assertEqual(self.log.records, [])

    def test_a_handler_is_found_by_status_then_by_the_nearest_class(self):
        class Mine(LookupError):
            pass

        def raises(error):
            def view():
                raise error

            return view

        self.app.errorhandler(404)(lambda error: "by status")
        self.app.errorhandler(HTTPException)(lambda error: "any http")
        self.app.errorhandler(LookupError)(lambda error: "lookup")
        self.app.errorhandler(Exception)(lambda error: "any")
        for path, error in [
            ("/404", NotFound()),
            ("/400", BadRequest()),
            ("/mine", Mine()),
            ("/other", ValueError()),
        ]:
            self.app.add_url_rule(path, path, raises(error))
        for path, expected in [
            ("/404", "by status"),
            ("/nowhere", "by status"),
            ("/400", "any http"),
            ("/mine", "lookup"),
            ("/other", "any"),
        ]:
            with self.subTest(path):
                self.assertEqual(self.client.get(path).text, expected)

    def test_every_status_of_an_error_can_have_a_handler(self):
        for code in default_exceptions:
            self.app.register_error_handler(code, lambda error: (f"mine {error.code}", error.code))
        self.app.add_url_rule("/<int:code>", "view", lambda code: abort(code))
        for code in default_exceptions:
            with self.subTest(code):
                self.assertEqual(self.client.get(f"/{code}").data, f"mine {code}".encode() if code != 304 else b"")

    def test_handlers_for_nothing_that_can_happen_are_refused(self):
        for wrong, error in [
            (999, ValueError),
            (200, ValueError),
            (int, ValueError),
            (KeyboardInterrupt, ValueError),
            (None, TypeError),
            (NotFound(), TypeError),
            ("404", TypeError),
        ]:
            with self.subTest(wrong), self.assertRaises(error):
                self.app.register_error_handler(wrong, lambda error: "")

    def test_a_missing_form_key_is_400_and_names_itself_in_debug_mode_only(self):
        self.app.add_url_rule("/", "view", lambda: request.form["user <name>"], methods=["POST"])
        response = self.client.post("/")
        self.assertEqual(response.status_code, 400)
        self.assertNotIn("user", response.text)

    def test_bytes_that_are_not_utf8_never_leave_the_application_as_an_error(self):
        self.app.add_url_rule(
            "/<path:x>", "view", lambda x: {"args": request.args, "cookies": request.cookies, "url": request.url}
        )
        environs = [
            {"PATH_INFO": "/\xff\xfe"},
            {"PATH_INFO": "/x", "QUERY_STRING": "a=%ff&%fe=b&\xff"},
            {"PATH_INFO": "/x", "HTTP_COOKIE": "a=\xff; \xfe=1; =; ;;"},
            {"PATH_INFO": "/x", "HTTP_HOST": "a b"},
            {"PATH_INFO": "", "HTTP_HOST": ""},
        ]
        for overrides in environs:
            with self.subTest(overrides):
                status = call(self.app, "/", environ_overrides=overrides)[0]
                self.assertIn(int(status[:3]), (200, 400, 404))
        self.assertEqual(self.log.records, [])


class MemoryTest(unittest.TestCase):
    """A request leaves nothing to the garbage collector, whatever becomes of it."""

    def test_no_request_leaves_a_cycle_behind(self):
        app = App("example.memory")
        app.logger.disabled = True
        app.add_url_rule("/ok/<int:n>", "ok", lambda n: {"n": n})
        app.add_url_rule("/error", "error", lambda: 1 / 0)
        app.add_url_rule("/abort", "abort", lambda: abort(403))
        app.add_url_rule("/json", "json", lambda: request.get_json(), methods=["POST"])
        app.add_url_rule("/build", "build", lambda: url_for("nowhere"))
        app.add_url_rule("/slash/", "slash", lambda: "")
        app.errorhandler(418)(lambda error: error)
        app.errorhandler(410)(lambda error: (error, 411))
        app.add_url_rule("/<int:code>", "code", lambda code: abort(code))
        requests = [
            ("/ok/5", {}),
            ("/nowhere", {}),
            ("/ok/5", {"method": "DELETE"}),
            ("/error", {}),
            ("/abort", {}),
            ("/build", {}),
            ("/slash", {}),
            ("/418", {}),
            ("/410", {}),
            ("/json", {"method": "POST", "data": "{", "content_type": "application/json"}),
            ("/json", {"method": "POST", "data": "{}"}),
        ]
        for path, kwargs in requests:
            call(app, path, **kwargs)
            with self.subTest(path):
                gc.collect()
                gc.disable()
                try:
                    for _ in range(3):
                        b"".join(app(create_environ(path, **kwargs), lambda status, headers: None))
                    self.assertEqual(gc.collect(), 0)
                finally:
                    gc.enable()


class UrlForTest(unittest.TestCase):
    """Addresses of views, inside and outside of a request."""

    def setUp(self):
        self.app = App("example")
        self.app.add_url_rule("/", "index", lambda: "")
        self.app.add_url_rule("/user/<name>", "user", lambda name: "")

    def test_in_a_request_it_is_a_path_unless_asked_otherwise(self):
        with self.app.test_request_context(base_url="https://example.org/below"):
            for arguments, expected in [
                ({}, "/below/user/J%C3%BCrgen"),
                ({"page": 2}, "/below/user/J%C3%BCrgen?page=2"),
                ({"tag": ["a", "b c"]}, "/below/user/J%C3%BCrgen?tag=a&tag=b+c"),
                ({"none": None}, "/below/user/J%C3%BCrgen"),
                ({"_anchor": "x y/ü"}, "/below/user/J%C3%BCrgen#x%20y/%C3%BC"),
                ({"_external": True}, "https://example.org/below/user/J%C3%BCrgen"),
                ({"_scheme": "http"}, "http://example.org/below/user/J%C3%BCrgen"),
            ]:
                with self.subTest(arguments):
                    self.assertEqual(url_for("user", name="Jürgen", **arguments), expected)

    def test_outside_of_a_request_a_path_needs_no_server_name(self):
        with self.app.app_context():
            self.assertEqual(url_for("user", name="x"), "/user/x")
            with self.assertRaisesRegex(RuntimeError, "set SERVER_NAME"):
                url_for("index", _external=True)

    def test_outside_of_a_request_server_name_makes_it_a_full_address(self):
        self.app.config.update(SERVER_NAME="example.org", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
        with self.app.app_context():
            self.assertEqual(url_for("user", name="x"), "https://example.org/root/user/x")
            self.assertEqual(url_for("user", name="x", _external=False), "/root/user/x")
        self.assertEqual(self.app.url_for("index"), "https://example.org/root/")

    def test_an_unknown_endpoint_is_an_error_that_suggests_one(self):
        with self.app.test_request_context(), self.assertRaisesRegex(LookupError, "user"):
            url_for("usr", name="x")

    def test_a_handler_can_know_other_addresses(self):
        self.app.url_build_error_handlers.append(lambda error, endpoint, values: f"elsewhere:{endpoint}")
        with self.app.test_request_context():
            self.assertEqual(url_for("missing"), "elsewhere:missing")

    def test_a_handler_is_told_everything_that_was_asked(self):
        asked = []
        self.app.url_build_error_handlers.append(lambda error, endpoint, values: asked.append(values))
        self.app.url_build_error_handlers.append(lambda error, endpoint, values: "/found")
        with self.app.test_request_context():
            url_for("missing", page=1, _anchor="top")
            url_for("missing", _scheme="https")
        usual = {"_anchor": None, "_external": False, "_method": None, "_scheme": None}
        self.assertEqual(asked[0], {**usual, "page": 1, "_anchor": "top"})
        self.assertEqual(asked[1], {**usual, "_external": True, "_scheme": "https"})

    def test_an_application_builds_its_own_addresses_also_in_a_request_to_another_one(self):
        other = App("other")
        with other.test_request_context(base_url="https://other.example/below"):
            self.assertEqual(self.app.url_for("user", name="x"), "/user/x")
            self.assertEqual(other.url_for("static", filename="x"), "/below/static/x")

    def test_a_variable_may_have_any_name_but_the_arguments_own(self):
        self.app.add_url_rule("/<self>/<app>", "names", lambda **names: "")
        self.assertEqual(self.app.url_for("names", self=1, app=2), "/1/2")

    def test_server_name_does_not_decide_which_hosts_are_answered(self):
        self.app.config["SERVER_NAME"] = "example.org"
        self.assertEqual(self.app.test_client().get("/", base_url="http://other.test/").status_code, 200)

    def test_trusted_hosts_do(self):
        self.app.config["TRUSTED_HOSTS"] = ["example.org", ".example.net"]
        client = self.app.test_client()
        for host, status in [
            ("example.org", 200),
            ("example.org:8080", 200),
            ("a.example.net", 200),
            ("a.example.org", 400),
            ("evil.test", 400),
            ("example.org@evil.test", 400),
        ]:
            with self.subTest(host):
                self.assertEqual(client.get("/", headers={"Host": host}).status_code, status)


class RedirectTest(unittest.TestCase):
    """redirect(): the page, the field, and what it refuses."""

    def setUp(self):
        self.app = App("example.redirect")
        self.client = self.app.test_client()

    def test_it_answers_with_a_page_for_who_does_not_follow(self):
        self.app.add_url_rule("/", "view", lambda: redirect('/search?q="<ü>"&p=1'))
        status, headers, body = call(self.app, "/")
        self.assertEqual(status, "302 FOUND")
        self.assertEqual(dict(headers)["Location"], "/search?q=%22%3C%C3%BC%3E%22&p=1")
        self.assertIn('href="/search?q=&#34;&lt;ü&gt;&#34;&amp;p=1"'.encode(), body)

    def test_any_character_may_stand_in_the_address(self):
        self.app.add_url_rule("/", "view", lambda: redirect("/日本?q=日 本"))
        location = dict(call(self.app, "/")[1])["Location"]
        self.assertEqual(location, "/%E6%97%A5%E6%9C%AC?q=%E6%97%A5%20%E6%9C%AC")

    def test_a_line_break_cannot_become_a_field(self):
        QuietLog(self.app)
        self.app.add_url_rule("/", "view", lambda: redirect("/x\r\nSet-Cookie: a=b"))
        status, headers, _ = call(self.app, "/")
        self.assertEqual(status, "500 INTERNAL SERVER ERROR")
        self.assertNotIn("Set-Cookie", dict(headers))

    def test_a_backslash_cannot_become_another_host(self):
        self.app.add_url_rule("/", "view", lambda: redirect("/\\evil.test"))
        self.assertEqual(dict(call(self.app, "/")[1])["Location"], "/%5Cevil.test")

    def test_a_slash_redirect_stays_on_its_own_host(self):
        self.app.add_url_rule("/<path:x>/", "view", lambda x: x)
        for path in ["//evil.test/x", "/\\evil.test/x", "///evil.test/x"]:
            with self.subTest(path):
                _, headers, _ = call(self.app, "/", environ_overrides={"PATH_INFO": path})
                location = dict(headers).get("Location", "http://localhost/")
                self.assertTrue(location.startswith("http://localhost/"), location)
                self.assertFalse(location.startswith("http://localhost//"), location)

    def test_a_slash_redirect_survives_control_characters_in_the_query(self):
        self.app.add_url_rule("/folder/", "view", lambda: "")
        status, headers, _ = call(self.app, "/", environ_overrides={"PATH_INFO": "/folder", "QUERY_STRING": "a=\tb"})
        self.assertEqual(
            (status, dict(headers)["Location"]), ("308 PERMANENT REDIRECT", "http://localhost/folder/?a=%09b")
        )

    def test_in_debug_mode_a_redirect_that_would_lose_a_form_says_so(self):
        self.app.debug = True
        self.app.add_url_rule("/form/", "form", lambda: request.form["x"], methods=["GET", "POST", "PUT"])
        self.assertEqual(self.client.post("/form", data={"x": "kept"}, follow_redirects=True).text, "kept")
        for code, method, refused in [
            (301, "POST", True), (302, "POST", True), (303, "POST", True), (302, "PUT", True),
            (307, "POST", False), (308, "POST", False), (302, "GET", False), (302, "HEAD", False),
            (302, "OPTIONS", False),
        ]:  # fmt: skip
            with self.subTest(method, code=code), mock.patch.object(RequestRedirect, "code", code):
                self.app.debug = False
                self.assertEqual(self.client.open("/form", method=method).status_code, code)
                self.app.debug = True
                if not refused:
                    self.assertEqual(self.client.open("/form", method=method).status_code, code)
                    continue
                with self.assertRaises(FormDataRoutingRedirect) as caught:
                    self.client.open("/form?q=1", method=method, data={"x": "lost"})
                self.assertIsInstance(caught.exception, AssertionError)
                self.assertEqual(
                    str(caught.exception),
                    f"{method} 'http://localhost/form' would lose its body: routing redirects it to"
                    f" 'http://localhost/form/?q=1' with {code}, which a browser follows by GET. Send it to that"
                    " address (mind the slash at the end), or let RequestRedirect.code be 308. Only debug mode"
                    " makes this an error.",
                )

    def test_a_status_that_is_no_redirect_is_refused(self):
        with self.assertRaisesRegex(ValueError, "200 is no redirect"):
            redirect("/", 200)

    def test_the_client_follows(self):
        self.app.add_url_rule("/a", "a", lambda: redirect("/b", 307), methods=["POST"])
        self.app.add_url_rule("/b", "b", lambda: redirect("/c", 303), methods=["POST"])
        self.app.add_url_rule("/c", "c", lambda: request.method)
        response = self.client.post("/a", data={"x": "1"}, follow_redirects=True)
        self.assertEqual((response.text, [r.status_code for r in response.history]), ("GET", [307, 303]))


class NameTest(unittest.TestCase):
    """Small things that programs rely on."""

    def test_the_name_of_a_program_is_its_files(self):
        main = sys.modules["__main__"]
        before = getattr(main, "__file__", None)
        main.__file__ = "/somewhere/shop.py"
        try:
            self.assertEqual(App("__main__").name, "shop")
        finally:
            if before is None:
                del main.__file__
            else:
                main.__file__ = before
        self.assertEqual(App("package.module").name, "package.module")
        self.assertEqual(repr(App("x")), "<App 'x'>")

    def test_the_environment_can_ask_for_debug_mode(self):
        for value, expected in [
            ("1", True),
            ("true", True),
            ("0", False),
            ("False", False),
            ("no", False),
            ("", False),
        ]:
            with self.subTest(value), mock.patch.dict(os.environ, FLASK_DEBUG=value):
                self.assertIs(App("x").debug, expected)

    def test_the_application_is_a_wsgi_callable_for_any_client(self):
        app = App("x")
        app.add_url_rule("/", "view", lambda: g.setdefault("a", "b"))
        self.assertEqual(Client(validator(app)).get("/", environ_overrides={}).text, "b")

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
