import pickle
import unittest
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from io import BytesIO, StringIO
from wsgiref.validate import validator

from nanoweb import Response, exceptions
from nanoweb.exceptions import (
    HTTP_STATUS_CODES,
    Aborter,
    BadGateway,
    BadHost,
    BadRequest,
    BadRequestKeyError,
    ClientDisconnected,
    Forbidden,
    HTTPException,
    InternalServerError,
    LengthRequired,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    SecurityError,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    abort,
    check_header,
    default_exceptions,
)
from nanoweb.markup import Markup


class Started(list):
    """A start_response that remembers its calls."""

    def __call__(self, status, headers, exc_info=None):
        self.append((status, headers))
        return self.append


def answer(application, method="GET"):
    """Ask a WSGI application, watched by wsgiref.validate; return status, fields and body."""
    started = Started()
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    body = validator(application)(environ, started)
    try:
        data = b"".join(body)
    finally:
        body.close()
    status, headers = started[0]
    if len(dict(headers)) < len(headers):
        raise AssertionError(f"a field is there twice: {headers}")
    return status, dict(headers), data


class PageTest(unittest.TestCase):
    """What a client sees of an exception that nobody handles."""

    def test_the_page_is_the_one_that_every_flask_programmer_knows(self):
        status, headers, body = answer(NotFound())
        self.assertEqual(status, "404 NOT FOUND")
        self.assertEqual(headers, {"Content-Type": "text/html; charset=utf-8", "Content-Length": "207"})
        self.assertEqual(
            body,
            b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
            b"<p>The requested URL was not found on the server. If you entered the URL manually please check"
            b" your spelling and try again.</p>\n",
        )

    def test_every_exception_answers_by_itself(self):
        for code, exception in default_exceptions.items():
            with self.subTest(code):
                status, headers, body = answer(exception())
                self.assertEqual(status, f"{code} {HTTP_STATUS_CODES[code].upper()}")
                self.assertEqual(headers["Content-Length"], str(len(body)))
                self.assertIn(f"<title>{code} ".encode(), body)
                self.assertEqual(str(exception()), f"{code} {exception().name}: {exception.description}")

    def test_head_gets_the_fields_and_no_body(self):
        status, headers, body = answer(NotFound(), method="HEAD")
        self.assertEqual((status, headers["Content-Length"], body), ("404 NOT FOUND", "207", b""))

    def test_a_description_is_escaped(self):
        body = answer(NotFound("<script>alert('1')</script>\n\"é\""))[2].decode()
        self.assertIn("<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;<br>&#34;é&#34;</p>", body)

    def test_a_description_may_hold_what_cannot_be_encoded(self):
        """JSON can bring half a surrogate pair, and a view may repeat it."""
        for exception in [NotFound("no \ud800 here"), NotFound(Markup("no \ud800 here"))]:
            for application in [exception, exception.get_response()]:
                status, _, body = answer(application)
                self.assertEqual((status, body[-17:]), ("404 NOT FOUND", b"<p>no ? here</p>\n"))

    def test_a_description_that_is_markup_is_not(self):
        self.assertIn(b"<p><b>Sorry</b></p>", answer(NotFound(Markup("<b>Sorry</b>")))[2])

    def test_the_default_descriptions_are_text_and_not_markup(self):
        self.assertIn("&lt;code&gt;Content-Length&lt;/code&gt;", LengthRequired().get_body())

    def test_the_name_of_a_subclass_is_escaped(self):
        class Mine(HTTPException):
            code = 418
            name = "<script>"

        self.assertIn("<h1>&lt;script&gt;</h1>", Mine().get_body())
        self.assertEqual(answer(Mine())[0], "418 I'M A TEAPOT")

    def test_a_status_without_a_body_sends_none(self):
        for code, expected in [
            (103, {"Content-Type": "text/html; charset=utf-8", "ETag": '"1"'}),
            (204, {"Content-Type": "text/html; charset=utf-8", "ETag": '"1"'}),
            (304, {"ETag": '"1"'}),
        ]:
            with self.subTest(code):

                class Short(HTTPException):
                    def get_headers(self, environ=None, scope=None):
                        return [*super().get_headers(), ("ETag", '"1"'), ("Content-Length", "5")]

                Short.code = code
                started = Started()
                body = Short()({"REQUEST_METHOD": "GET"}, started)
                self.assertEqual((list(body), dict(started[0][1])), ([], expected))

    def test_an_unknown_code_is_unknown(self):
        class Odd(HTTPException):
            code = 599

        self.assertEqual(answer(Odd())[0], "599 UNKNOWN")
        self.assertEqual(str(Odd("why")), "599 Unknown Error: why")
        self.assertEqual(repr(Odd()), "<Odd '599: Unknown Error'>")

    def test_an_exception_without_a_code_says_so(self):
        self.assertEqual(str(HTTPException("why")), "??? Unknown Error: why")
        self.assertEqual(repr(HTTPException()), "<HTTPException '???: Unknown Error'>")
        status, _, body = answer(HTTPException())
        self.assertEqual((status, body[-8:]), ("200 OK", b"<p></p>\n"))

    def test_a_subclass_may_answer_in_json(self):
        class Api(BadRequest):
            def get_body(self, environ=None, scope=None):
                return b'{"error": 400}'

            def get_headers(self, environ=None, scope=None):
                return [("Content-Type", "application/json"), ("Content-Length", "1")]

        self.assertEqual(
            answer(Api()),
            ("400 BAD REQUEST", {"Content-Type": "application/json", "Content-Length": "14"}, b'{"error": 400}'),
        )

    def test_a_page_without_a_type_is_not_left_to_guessing(self):
        class Untyped(BadRequest):
            def get_headers(self, environ=None, scope=None):
                return []

        self.assertEqual(answer(Untyped())[1]["Content-Type"], "text/plain; charset=utf-8")

    def test_no_text_of_a_user_gets_onto_the_page_as_markup(self):
        attack = "</p><script>alert(1)</script>\"'&\x00"
        missing = BadRequestKeyError(attack, attack)
        missing.show_exception = True
        pages = [exception(description=attack) for exception in default_exceptions.values()]
        pages += [missing, SecurityError(attack), BadHost(attack), ClientDisconnected(attack), HTTPException(attack)]
        pages += [NotFound(ValueError(attack)), NotFound([attack])]
        for exception in pages:
            with self.subTest(repr(exception)):
                for page in [exception.get_body(), answer(exception)[2].decode()]:
                    self.assertIn("&lt;script&gt;", page)
                    self.assertNotIn("<script", page)
                    self.assertEqual(page.count("<p>"), 1)

    def test_get_response_is_the_same_answer(self):
        for exception in [*(kind() for kind in default_exceptions.values()), Unauthorized("<b>", None, "Basic")]:
            for method in ["GET", "HEAD", "POST"]:
                with self.subTest(repr(exception), method=method):
                    self.assertEqual(answer(exception, method), answer(exception.get_response(), method))


class FieldsTest(unittest.TestCase):
    """The fields that a status calls for."""

    def test_each_exception_sends_its_field(self):
        moment = datetime(2021, 3, 9, 1, 2, 3, tzinfo=timezone.utc)
        later = moment.replace(tzinfo=timezone(timedelta(hours=2)))
        for exception, field in [
            (MethodNotAllowed(["GET", "HEAD"]), ("Allow", "GET, HEAD")),
            (MethodNotAllowed("GET"), ("Allow", "GET")),
            (RequestedRangeNotSatisfiable(10), ("Content-Range", "bytes */10")),
            (RequestedRangeNotSatisfiable(0, "lines"), ("Content-Range", "lines */0")),
            (TooManyRequests(retry_after=60), ("Retry-After", "60")),
            (
                ServiceUnavailable(retry_after=moment.replace(tzinfo=None)),
                ("Retry-After", "Tue, 09 Mar 2021 01:02:03 GMT"),
            ),
            (ServiceUnavailable(retry_after=later), ("Retry-After", "Mon, 08 Mar 2021 23:02:03 GMT")),
            (Unauthorized(www_authenticate="Basic"), ("WWW-Authenticate", "Basic")),
            (Unauthorized(www_authenticate=["Basic"]), ("WWW-Authenticate", "Basic")),
        ]:
            with self.subTest(repr(exception)):
                self.assertEqual(exception.get_headers()[1:], [field])

    def test_without_an_argument_there_is_no_field(self):
        for exception in [
            MethodNotAllowed(),
            MethodNotAllowed([]),
            RequestedRangeNotSatisfiable(),
            ServiceUnavailable(),
            TooManyRequests(),
            TooManyRequests(retry_after=0),
            Unauthorized(),
            Unauthorized(www_authenticate=[]),
        ]:
            with self.subTest(repr(exception)):
                self.assertEqual(len(exception.get_headers()), 1)

    def test_each_way_to_log_in_has_a_field_of_its_own(self):
        class Challenge:
            def to_header(self):
                return "Digest nonce=1"

            __str__ = to_header

            def __getitem__(self, key):
                raise AssertionError("a challenge is not a list of challenges")

        self.assertEqual(
            Unauthorized(www_authenticate=["Basic", Challenge()]).get_headers()[1:],
            [("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Digest nonce=1")],
        )
        self.assertEqual(
            Unauthorized(www_authenticate=Challenge()).get_headers()[1:], [("WWW-Authenticate", "Digest nonce=1")]
        )

    def test_a_field_that_would_split_the_answer_is_never_sent(self):
        for exception in [
            MethodNotAllowed(["GET\r\nSet-Cookie: a=b"]),
            Unauthorized(www_authenticate="Basic realm=\n"),
            TooManyRequests(retry_after="1\0"),
            RequestedRangeNotSatisfiable(1, "b\r"),
        ]:
            with self.subTest(repr(exception)):
                started = Started()
                with self.assertRaises(ValueError):
                    exception({"REQUEST_METHOD": "GET"}, started)
                self.assertEqual(started, [])


class CheckHeaderTest(unittest.TestCase):
    """RFC 9110, sections 5.1 and 5.5: what a field may hold."""

    def test_a_field_comes_back_as_text(self):
        for name, value, text in [
            ("X-A", "b", "b"),
            ("Content-Length", 12, "12"),
            ("x!#$%&'*+-.^_`|~9", "", ""),
            ("X-Tab", "a\tb", "a\tb"),
            ("X-Latin", "café", "café"),
        ]:
            with self.subTest(name):
                self.assertEqual(check_header(name, value), (name, text))

    def test_a_control_character_in_a_value_is_refused(self):
        for character in [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f", "\u0100", "日", "\u2028", "\ud800"]:
            with self.subTest(character), self.assertRaises(ValueError) as caught:
                check_header("X-A", f"b{character}c")
            self.assertIn(repr(character), str(caught.exception))
            self.assertIn("X-A", str(caught.exception))

    def test_a_name_is_a_token(self):
        for name in ["", "a b", "a:", "a\r\nb", "é", "a\n", " a", "(a)", "a\0", 'a"']:
            with self.subTest(name), self.assertRaisesRegex(ValueError, "token"):
                check_header(name, "b")

    def test_bytes_are_not_text(self):
        with self.assertRaisesRegex(TypeError, "decode"):
            check_header("X-A", b"b")

    def test_an_error_does_not_repeat_a_megabyte(self):
        with self.assertRaises(ValueError) as caught:
            check_header("X-A", "a" * 1_000_000 + "\n")
        self.assertLess(len(str(caught.exception)), 1000)


class ResponseTest(unittest.TestCase):
    """Where an exception meets Response."""

    def setUp(self):
        self.addCleanup(setattr, HTTPException, "response_class", HTTPException.response_class)

    def test_a_given_response_answers_instead_of_the_page(self):
        def application(environ, start_response):
            start_response("299 FINE", [("Content-Type", "text/plain")])
            return [b"fine"]

        exception = NotFound(response=application)
        self.assertIs(exception.get_response(), application)
        self.assertEqual(answer(exception), ("299 FINE", {"Content-Type": "text/plain"}, b"fine"))

    def test_get_response_makes_what_wrappers_put_there(self):
        HTTPException.response_class = staticmethod(lambda *args: args)
        body, code, headers = NotFound("why").get_response()
        self.assertEqual((code, headers), (404, [("Content-Type", "text/html; charset=utf-8")]))
        self.assertIn("<p>why</p>", body)

    def test_get_response_takes_an_environ_or_a_request(self):
        class Request:
            environ = {"PATH_INFO": "/x"}

        class Telling(NotFound):
            def get_body(self, environ=None, scope=None):
                return environ["PATH_INFO"]

        HTTPException.response_class = staticmethod(lambda *args: args)
        self.assertEqual(Telling().get_response(Request())[0], "/x")
        self.assertEqual(Telling().get_response(Request.environ)[0], "/x")

    def test_without_a_response_class_the_error_tells_what_to_import(self):
        HTTPException.response_class = None
        with self.assertRaisesRegex(RuntimeError, "import nanoweb"):
            NotFound().get_response()

    def test_a_subclass_that_makes_its_own_response_answers_with_it(self):
        class Away(HTTPException):
            def get_response(self, environ=None, scope=None):
                return NotFound("elsewhere")

        self.assertIn(b"elsewhere", answer(Away())[2])


class KeyErrorTest(unittest.TestCase):
    def test_a_missing_field_is_a_bad_request_and_a_key_error(self):
        with self.assertRaises(KeyError) as caught:
            raise BadRequestKeyError("e-mail")
        self.assertEqual((caught.exception.code, caught.exception.args), (400, ("e-mail",)))

    def test_the_page_names_the_key_only_when_asked(self):
        error = BadRequestKeyError("<key>")
        self.assertNotIn("key", error.get_body())
        error.show_exception = True
        self.assertIn("<br>KeyError: &#39;&lt;key&gt;&#39;", error.get_body())
        self.assertFalse(BadRequestKeyError("x").show_exception)

    def test_its_description_can_be_given_and_changed(self):
        error = BadRequestKeyError("key", "first")
        self.assertEqual((error.description, error.args), ("first", ("key",)))
        error.description = "second"
        self.assertEqual(str(error), "400 Bad Request: second")
        self.assertEqual(BadRequestKeyError().args, ())


class AbortTest(unittest.TestCase):
    def test_a_code_raises_its_exception(self):
        for code, exception in default_exceptions.items():
            with self.subTest(code), self.assertRaises(exception) as caught:
                abort(code)
            self.assertEqual(caught.exception.code, code)

    def test_the_rest_goes_to_the_exception(self):
        with self.assertRaises(MethodNotAllowed) as caught:
            abort(405, valid_methods=["GET"], description="no")
        self.assertEqual((caught.exception.valid_methods, caught.exception.description), (["GET"], "no"))

    def test_a_wsgi_application_answers(self):
        with self.assertRaises(HTTPException) as caught:
            abort(BadGateway("behind"))
        self.assertIn(b"behind", answer(caught.exception)[2])

    def test_a_response_answers(self):
        response = Response("made by hand", 299)
        with self.assertRaises(HTTPException) as caught:
            abort(response)
        self.assertIs(caught.exception.get_response(), response)
        self.assertEqual(answer(caught.exception)[2], b"made by hand")
        self.assertEqual(str(caught.exception), "??? Unknown Error: None")

    def test_a_status_of_the_standard_library_is_a_code(self):
        with self.assertRaises(NotFound):
            abort(HTTPStatus.NOT_FOUND)

    def test_what_is_no_error_is_a_lookup_error_that_tells_what_is(self):
        for wrong in [200, 302, 999, "404", None, NotFound]:
            with self.subTest(wrong), self.assertRaisesRegex(LookupError, "400, 401"):
                abort(wrong)

    def test_an_aborter_has_a_table_of_its_own(self):
        class Closed(HTTPException):
            code = 555

        with self.assertRaises(Closed):
            Aborter(extra={555: Closed})(555)
        with self.assertRaises(Closed):
            Aborter(extra={404: Closed})(404)
        with self.assertRaises(LookupError):
            Aborter(mapping={555: Closed})(404)
        self.assertNotIn(555, default_exceptions)


class NoSuchPage(NotFound):
    """Takes something else than its base does."""

    def __init__(self, number):
        super().__init__(f"no page {number}")


class ExceptionTest(unittest.TestCase):
    """An HTTPException as a Python exception."""

    def test_the_table_has_one_class_for_a_code(self):
        self.assertIs(default_exceptions[400], BadRequest)
        self.assertEqual(len(default_exceptions), 31)
        for code, exception in default_exceptions.items():
            with self.subTest(code):
                self.assertEqual(exception.code, code)
                self.assertIn(exception.__name__, exceptions.__all__)
                words = {414: "Request URI Too Large", 418: "Im A Teapot"}.get(code, HTTP_STATUS_CODES[code])
                self.assertEqual(exception.__name__, words.replace(" ", ""))

    def test_every_status_has_its_words(self):
        def letters(text):
            return "".join(filter(str.isalpha, text.lower()))

        for status in HTTPStatus:
            if status not in (413, 414, 416, 422, 511):  # the first four have new names in RFC 9110
                with self.subTest(status):
                    self.assertEqual(letters(HTTP_STATUS_CODES[status]), letters(status.phrase))
        self.assertEqual(HTTP_STATUS_CODES.keys() - {*HTTPStatus}, {306, 449})

    def test_bad_requests_of_a_certain_kind_are_bad_requests(self):
        for kind in [BadHost, ClientDisconnected, SecurityError, BadRequestKeyError]:
            with self.subTest(kind):
                self.assertTrue(issubclass(kind, BadRequest))

    def test_a_server_error_keeps_its_cause_and_does_not_show_it(self):
        error = InternalServerError(original_exception=ValueError("the password is swordfish"))
        self.assertIsInstance(error.original_exception, ValueError)
        self.assertNotIn("swordfish", error.get_body())

    def test_descriptions_of_one_do_not_change_another(self):
        self.assertEqual(Forbidden("mine").description, "mine")
        self.assertEqual(Forbidden().description, Forbidden.description)
        self.assertEqual(Forbidden("").description, "")

    def test_an_exception_can_be_pickled(self):
        for error in [NotFound("why"), MethodNotAllowed(["GET"]), BadRequestKeyError("key", "why")]:
            with self.subTest(repr(error)):
                copy = pickle.loads(pickle.dumps(error))
                self.assertEqual((vars(copy), copy.args, str(copy)), (vars(error), error.args, str(error)))
        self.assertEqual(str(pickle.loads(pickle.dumps(NoSuchPage(7)))), "404 Not Found: no page 7")


if __name__ == "__main__":
    unittest.main()
