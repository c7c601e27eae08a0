"""The application: a request's way through it, and what it is told at start."""

import gc
import io
import logging
import unittest
from unittest import mock
from wsgiref.validate import validator

from nanoweb import (
    App,
    HTTPException,
    Response,
    abort,
    after_this_request,
    g,
    redirect,
    render_template_string,
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

    def test_a_function_that_forgets_to_return_is_named(self):
        def forgets(*args):
            pass

        self.app.add_url_rule("/after_this", "after_this", lambda: after_this_request(forgets) and "")
        self.app.add_url_rule("/template", "template", lambda: render_template_string(""))
        self.app.context_processor(lambda: forgets() if request.path == "/template" else {})
        wanted = {"/after_this": "forgets .*the response", "/template": "<lambda> .*a dict of names"}
        for path, message in wanted.items():
            with (
                self.subTest(path),
                self.assertRaisesRegex(TypeError, message.replace(" .*", r" \(.*\) returned None: .*")),
            ):
                self.client.get(path)
        app = App("other")
        app.after_request(forgets)
        app.logger.disabled = True
        self.assertEqual(app.test_client().get("/").status_code, 500)

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

    def test_the_steps_of_a_request_say_so_where_there_is_none(self):
        app = App("x")
        app.before_request(lambda: None)
        app.teardown_request(lambda error: None)
        for step in [
            app.dispatch_request,
            app.full_dispatch_request,
            app.preprocess_request,
            app.make_default_options_response,
            lambda: app.process_response(app.response_class()),
            app.do_teardown_request,
            lambda: app.log_exception((None, None, None)),
        ]:
            with self.subTest(step), self.assertRaisesRegex(RuntimeError, "^Working outside of request context"):
                step()
        with self.assertRaisesRegex(RuntimeError, "^Working outside of application context"):
            app.update_template_context({})

    def test_settings_that_would_fail_each_request_are_told_before_the_first(self):
        app = App("x")
        app.config["MAX_CONTENT_LENGTH"] = "16M"
        with self.assertRaisesRegex(TypeError, "MAX_CONTENT_LENGTH.* is '16M': it takes a number"):
            app.test_client().get("/")
        app.config["MAX_CONTENT_LENGTH"] = 16
        self.assertEqual(app.test_client().get("/").status_code, 404)

    def test_the_application_is_a_wsgi_callable_for_any_client(self):
        app = App("x")
        app.add_url_rule("/", "view", lambda: g.setdefault("a", "b"))
        self.assertEqual(Client(validator(app)).get("/", environ_overrides={}).text, "b")


if __name__ == "__main__":
    unittest.main()
