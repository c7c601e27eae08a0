"""What LintMiddleware has to say, and when it says nothing."""

import gc
import io
import os
import subprocess
import sys
import unittest
import warnings
from contextlib import suppress

import nanoweb
from nanoweb import App, Response
from nanoweb.environs import create_environ
from nanoweb.exceptions import NotFound
from nanoweb.lint import HTTPWarning, LintMiddleware, WSGIWarning


def answer(status="200 OK", headers=(), body=(b"",), exc_info=None):
    """Return an application with that answer."""

    def application(environ, start_response):
        start_response(status, headers if isinstance(headers, str) else [*headers])
        return body

    return application


def run(application, environ=None, start_response=None, close=True):
    """Call an application under the middleware as a server does; return what it was warned of: (class, text)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        environ = create_environ("/") if environ is None else environ
        body = LintMiddleware(application)(environ, start_response or (lambda *args, **kwargs: [].append))
        for _ in body:
            pass
        if close:
            body.close()
        del body
    return [(warning.category, str(warning.message)) for warning in caught]


class LintTest(unittest.TestCase):
    def check(self, category, text, application, *args, **kwargs):
        """Expect this one warning and no other."""
        found = run(application, *args, **kwargs)
        self.assertEqual([(one, text in message) for one, message in found], [(category, True)], found)

    def check_nothing(self, application, *args, **kwargs):
        self.assertEqual(run(application, *args, **kwargs), [])


class EnvironTest(LintTest):
    """PEP 3333, "environ Variables"."""

    def test_what_the_test_client_and_wsgiref_make_is_fine(self):
        from wsgiref.util import setup_testing_defaults

        self.check_nothing(answer())
        self.check_nothing(answer(), create_environ("/größe?q=ä", method="POST", data=b"x", headers={"A": "ä"}))
        environ = {}
        setup_testing_defaults(environ)
        self.check_nothing(answer(), environ)

    def test_every_key_is_looked_at(self):
        for key, value, text in [
            ("REQUEST_METHOD", "", "a word such as GET"),
            ("REQUEST_METHOD", "GET /", "a word such as GET"),
            ("SCRIPT_NAME", "app", "'/' and more"),
            ("SCRIPT_NAME", "/", "'/' and more"),
            ("SCRIPT_NAME", "/app/", "'/' and more"),
            ("PATH_INFO", "x", "starts with '/'"),
            ("SERVER_NAME", "", "the name of a host"),
            ("SERVER_PORT", "http", "digits"),
            ("CONTENT_LENGTH", "+1", "digits"),
            ("HTTP_CONTENT_TYPE", "text/plain", "CONTENT_TYPE"),
            ("HTTP_CONTENT_LENGTH", "1", "CONTENT_LENGTH"),
            ("HTTP_ACCEPT", b"*/*", "must be a str"),
            ("HTTP_ACCEPT", "€", "U+00FF"),
            ("wsgi.version", (2, 0), "(1, 0)"),
            ("wsgi.url_scheme", "", "such as http"),
            ("wsgi.input", None, "binary file"),
            ("wsgi.errors", None, "text file"),
            ("wsgi.multithread", "no", "True or False"),
            ("wsgi.multiprocess", None, "True or False"),
            ("wsgi.run_once", 2, "True or False"),
        ]:
            with self.subTest(key, value=value):
                self.check(WSGIWarning, text, answer(), create_environ("/", environ_overrides={key: value}))

    def test_what_may_stand_there_may(self):
        switches = ["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"]
        for changes in [dict.fromkeys(switches, True), dict.fromkeys(switches, False), {"CONTENT_LENGTH": ""}]:
            with self.subTest(changes):
                self.check_nothing(answer(), create_environ("/", environ_overrides=changes))

    def test_required_keys_must_be_there_and_others_need_not(self):
        for key in [
            "REQUEST_METHOD",
            "SERVER_NAME",
            "SERVER_PORT",
            "wsgi.version",
            "wsgi.url_scheme",
            "wsgi.multithread",
            "wsgi.multiprocess",
            "wsgi.run_once",
        ]:
            with self.subTest(key):
                environ = create_environ("/")
                del environ[key]
                self.check(WSGIWarning, f"no {key}", answer(), environ)
        for key in ["wsgi.input", "wsgi.errors"]:
            with self.subTest(key):
                environ = create_environ("/")
                del environ[key]
                self.check(WSGIWarning, f"no {key}", answer(), environ)
        environ = create_environ("/")
        for key in ["SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"]:
            del environ[key]
        self.check_nothing(answer(), environ)

    def test_a_key_is_text(self):
        for key in [5, b"wsgi.x", None]:
            with self.subTest(key):
                self.check(WSGIWarning, "keys are str", answer(), {**create_environ("/"), key: "x"})

    def test_it_is_a_dict_and_no_subclass(self):
        class Environ(dict):
            pass

        self.check(WSGIWarning, "environ is a Environ", answer(), Environ(create_environ("/")))


class StartResponseTest(LintTest):
    """PEP 3333, "The start_response() Callable"."""

    def test_a_good_answer_is_fine(self):
        for status in ["200 OK", "404 Not Found", "299 ", "200 größe"]:
            with self.subTest(status):
                self.check_nothing(answer(status, [("Content-Type", "text/plain"), ("X-A", "é")]))

    def test_a_status_is_three_digits_a_blank_and_a_text(self):
        for status in [
            "200",
            "OK",
            "20 OK",
            "2000 OK",
            "٢٠٠ OK",
            "099 No",
            "200 OK\n",
            "200-OK",
            "",
            200,
            b"200 OK",
            None,
        ]:
            with self.subTest(status):
                self.check(WSGIWarning, "as '200 OK'", answer(status))

    def test_the_fields_are_a_list_of_tuples_of_str(self):
        self.check(WSGIWarning, "it must be a list", lambda environ, start: [start("200 OK", ())] and [b""])
        for field in [["A", "b"], ("A",), ("A", "b", "c"), ("A", 1), (b"A", "b"), "A: b"]:
            with self.subTest(field):
                self.check(WSGIWarning, "a tuple of a name and a value", answer(headers=[field]))

    def test_what_breaks_a_field_is_seen(self):
        for name, value, category, text in [
            ("A b", "c", WSGIWarning, "not a token"),
            ("A", "b\r\nC: d", WSGIWarning, "control characters"),
            ("A", "€", WSGIWarning, "U+00FF"),
            ("Status", "200 OK", WSGIWarning, "CGI"),
            ("Connection", "close", WSGIWarning, "the server's matter"),
            ("Transfer-Encoding", "chunked", WSGIWarning, "the server's matter"),
            ("Content-Length", "+0", HTTPWarning, "digits"),
            ("Content-Length", "0, 0", HTTPWarning, "digits"),
            ("ETag", "abc", HTTPWarning, "between quotes"),
            ("ETag", 'w/"abc"', HTTPWarning, "between quotes"),
            ("ETag", '"a"b"', HTTPWarning, "between quotes"),
        ]:
            with self.subTest(name, value=value):
                self.check(category, text, answer(headers=[(name, value)]))
        self.check_nothing(answer(headers=[("ETag", '"a"'), ("Content-Length", "0"), ("Location", "/relative")]))
        self.check_nothing(answer(headers=[("ETag", 'W/"a"'), ("X-Empty", "")]))

    def test_how_it_is_called(self):
        def by_name(environ, start_response):
            start_response(status="200 OK", headers=[])
            return [b""]

        def by_the_name_that_the_server_has_for_it(environ, start_response):
            start_response("200 OK", response_headers=[])
            return [b""]

        def with_an_error_by_name(environ, start_response):
            start_response("200 OK", [])
            start_response("500 Oh", [], exc_info=(KeyError, KeyError(), None))
            return [b""]

        def without_anything(environ, start_response):
            with suppress(TypeError):
                start_response()
            start_response("200 OK", [])
            return [b""]

        def twice(environ, start_response):
            start_response("200 OK", [])
            start_response("500 Oh", [])
            return [b""]

        def twice_for_an_error(environ, start_response):
            start_response("200 OK", [("Content-Length", "10")])
            try:
                raise KeyError
            except KeyError:
                start_response("500 Oh", [], sys.exc_info())
            return [b""]

        def twice_without_an_error(environ, start_response):
            start_response("200 OK", [], None)
            start_response("500 Oh", [], None)
            return [b""]

        self.check(WSGIWarning, "no keywords", by_name)
        self.check(WSGIWarning, "no keywords", by_the_name_that_the_server_has_for_it)
        self.check(WSGIWarning, "no keywords", with_an_error_by_name)
        self.check(WSGIWarning, "no keywords", without_anything, start_response=lambda status, headers: [].append)
        self.check(WSGIWarning, "called twice", twice)
        self.check(WSGIWarning, "called twice", twice_without_an_error)
        self.check_nothing(twice_for_an_error)

    def test_the_server_gets_what_the_application_said(self):
        calls = []

        def start_response(*args):
            calls.append(args)
            return calls.append

        def application(environ, start_response):
            start_response("200 OK", [("A", "b")])(b"first")
            return [b"second"]

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            body = LintMiddleware(application)(create_environ("/"), start_response)
            self.assertEqual([*body], [b"second"])
            body.close()
        self.assertEqual(calls, [("200 OK", [("A", "b")]), b"first"])

    def test_an_error_of_the_server_reaches_the_application(self):
        def refuse(*args):
            raise ValueError("refused")

        with self.assertRaisesRegex(ValueError, "refused"):
            run(answer(), start_response=refuse)


class BodyTest(LintTest):
    """PEP 3333, "Buffering and Streaming", and RFC 9110, sections 6.4.1, 8.6 and 15."""

    def test_it_is_made_of_bytes(self):
        self.check(WSGIWarning, "must be bytes", answer(body=["text"]))
        self.check(WSGIWarning, "must be bytes", answer(body=[bytearray(b"x")]))
        self.check(WSGIWarning, "must be bytes", lambda environ, start: start("200 OK", [])("text") or [b""])
        for body in ["a", b"a"]:
            with self.subTest(body):
                self.assertIn("put it into a list", run(answer(body=body))[0][1])

    def test_it_begins_after_start_response(self):
        def late(environ, start_response):
            yield b""
            start_response("200 OK", [])

        def on_time(environ, start_response):
            start_response("200 OK", [])
            yield b""

        self.check(WSGIWarning, "before start_response", late)
        self.check_nothing(on_time)

    def test_it_is_as_long_as_it_says(self):
        for length, body, right in [("3", [b"ab", b"c"], True), ("3", [b"ab"], False), ("3", [b"abcd"], False)]:
            with self.subTest(length, body=body):
                application = answer(headers=[("Content-Length", length)], body=body)
                if right:
                    self.check_nothing(application)
                else:
                    self.check(WSGIWarning, "Content-Length says 3", application)

    def test_too_much_is_too_much_wherever_the_server_stops(self):
        body = LintMiddleware(answer(headers=[("Content-Length", "3")], body=[b"abcd", b""]))
        body = body(create_environ("/"), lambda *args: None)
        next(body)
        with self.assertWarnsRegex(WSGIWarning, "has 4 bytes, and its Content-Length says 3"):
            body.close()

    def test_a_client_that_leaves_is_no_fault(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            application = LintMiddleware(answer(headers=[("Content-Length", "4")], body=[b"ab", b"cd"]))
            body = application(create_environ("/"), lambda *args: None)
            next(body)
            body.close()

    def test_an_answer_without_a_body_has_none(self):
        for method, status in [("HEAD", "200 OK"), ("GET", "204 No"), ("GET", "304 Not"), ("GET", "101 Yes")]:
            with self.subTest(method, status=status):
                environ = create_environ("/", method=method)
                self.check(HTTPWarning, "which has no body", answer(status, body=[b"x"]), environ)
                self.check_nothing(answer(status), environ)

    def test_what_is_about_a_body_is_not_said_without_one(self):
        for status, name, value in [
            ("204 No", "Content-Length", "0"),
            ("100 Go", "Content-Length", "0"),
            ("304 Not", "Content-Type", "text/html"),
            ("304 Not", "Content-Length", "10"),
        ]:
            with self.subTest(status, name=name):
                self.check(HTTPWarning, "leave it out", answer(status, headers=[(name, value)]))
        self.check_nothing(answer("304 Not", headers=[("ETag", '"a"'), ("Expires", "0"), ("Content-Location", "/")]))
        self.check_nothing(answer(headers=[("Content-Length", "10")]), create_environ("/", method="HEAD"))

    def test_it_is_closed_once_it_is_read(self):
        class Body(list):
            closed = False

            def close(self):
                self.closed = True

        body = Body([b"x"])
        self.check_nothing(answer(body=body))
        self.assertTrue(body.closed)
        self.check(WSGIWarning, "not closed", answer(), close=False)
        with self.assertWarnsRegex(WSGIWarning, "reads on"):
            answered = LintMiddleware(answer())(create_environ("/"), lambda *args: None)
            answered.close()
            next(answered)

    def test_an_application_that_fails_has_no_body_to_close(self):
        def fail(environ, start_response):
            raise KeyError("x")

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.assertRaises(KeyError):
                LintMiddleware(fail)(create_environ("/"), lambda *args: None)
            gc.collect()
        self.assertEqual(caught, [])

    def test_one_that_is_left_when_python_ends_is_no_error(self):
        place = os.path.dirname(os.path.dirname(nanoweb.__file__))
        program = (
            f"import sys; sys.path.insert(0, {place!r})\n"
            "from nanoweb.environs import create_environ; from nanoweb.lint import LintMiddleware\n"
            "body = LintMiddleware(lambda *args: [])(create_environ('/'), print)\n"
            "body.itself = body"
        )
        command = [sys.executable, "-I", "-c", program]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, "Error" in done.stderr), (0, False), done.stderr)

    def test_a_file_goes_out_through_our_own_wrapper(self):
        def application(environ, start_response):
            start_response("200 OK", [("Content-Length", "3")])
            return environ["wsgi.file_wrapper"](io.BytesIO(b"abc"))

        environ = create_environ(
            "/", environ_overrides={"wsgi.file_wrapper": lambda *args: self.fail("the server's")}
        )
        self.check_nothing(application, environ)


class StreamTest(LintTest):
    """PEP 3333, "Input and Error Streams"."""

    def with_body(self, function, **changes):
        def application(environ, start_response):
            function(environ["wsgi.input"], environ["wsgi.errors"])
            start_response("200 OK", [])
            return [b""]

        return application, create_environ("/", method="POST", data=b"a\nb", environ_overrides=changes)

    def test_to_read_without_a_size_may_never_end(self):
        for read in [
            lambda stream, _: stream.read(),
            lambda stream, _: stream.read(-1),
            lambda stream, _: stream.read(None),
            lambda stream, _: stream.readline(),
        ]:
            self.check(WSGIWarning, "say how many bytes", *self.with_body(read))
            self.check_nothing(*self.with_body(read, **{"wsgi.input_terminated": True}))

    def test_what_is_read_is_what_was_sent(self):
        found = []
        for read in [
            lambda stream, _: found.append(stream.read(3)),
            lambda stream, _: found.append(stream.readline(10)),
            lambda stream, _: found.append(b"".join(stream)),
            lambda stream, _: found.append(b"".join(stream.readlines())),
        ]:
            self.check_nothing(*self.with_body(read))
        self.assertEqual(found, [b"a\nb", b"a\n", b"a\nb", b"a\nb"])

    def test_errors_are_text(self):
        errors = io.StringIO()
        self.check_nothing(*self.with_body(lambda _, stream: stream.write("x"), **{"wsgi.errors": errors}))
        self.check_nothing(*self.with_body(lambda _, stream: stream.flush(), **{"wsgi.errors": errors}))
        self.assertEqual(errors.getvalue(), "x")
        errors = io.BytesIO()
        self.check(
            WSGIWarning,
            "must be a str",
            *self.with_body(lambda _, stream: stream.write(b"x"), **{"wsgi.errors": errors}),
        )

    def test_neither_is_closed_by_the_application(self):
        stream = io.BytesIO()
        closing = self.with_body(lambda stream, _: stream.close(), **{"wsgi.input": stream})
        self.check(WSGIWarning, "wsgi.input was closed", *closing)
        self.assertTrue(stream.closed)
        closing = self.with_body(lambda _, stream: stream.close(), **{"wsgi.errors": io.StringIO()})
        self.check(WSGIWarning, "wsgi.errors was closed", *closing)


class WholeTest(LintTest):
    """Our own applications and answers give no cause for complaint."""

    def test_an_app_is_fine(self):
        app = App("example")
        app.add_url_rule("/", "index", lambda: "größe")
        app.add_url_rule("/empty", "empty", lambda: Response(status=204))
        app.add_url_rule("/old", "old", lambda: Response(status=304))
        app.add_url_rule("/stream", "stream", lambda: (part for part in ["a", "b"]))
        app.add_url_rule("/fail", "fail", lambda: app.make_response(NotFound("<b>")))
        for path in ["/", "/empty", "/old", "/stream", "/fail", "/nowhere"]:
            for method in ["GET", "HEAD", "OPTIONS", "POST"]:
                with self.subTest(path, method=method):
                    self.check_nothing(app, create_environ(path, method=method))

    def test_a_warning_names_the_line_that_is_at_fault(self):
        with self.assertWarns(WSGIWarning) as caught:
            LintMiddleware(answer(status="200"))(create_environ("/"), lambda *args: None).close()
        self.assertEqual(caught.filename, __file__)
        with open(__file__, encoding="utf-8") as file:
            self.assertIn("start_response(status", file.read().splitlines()[caught.lineno - 1])


if __name__ == "__main__":
    unittest.main()
