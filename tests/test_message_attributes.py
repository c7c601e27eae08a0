"""What the fields of a request and of a response are as attributes: read, written, and written through."""

import csv
import datetime
import gc
import io
import pickle
import subprocess
import sys
import unittest
import weakref
import zipfile
from datetime import timedelta, timezone

from nanoweb import App
from nanoweb.accept import Accept, CharsetAccept, LanguageAccept, MIMEAccept
from nanoweb.conditions import ContentRange, ETags, IfRange, Range
from nanoweb.credentials import Authorization, WWWAuthenticate
from nanoweb.dicts import ImmutableList
from nanoweb.directives import ContentSecurityPolicy, HeaderSet, RequestCacheControl, ResponseCacheControl
from nanoweb.headers import COEP, COOP
from nanoweb.wrappers import Request, Response, ResponseStream, UserAgent
from tests.messages import FORM, MULTIPART, UPLOAD, call, environ, posted, request, send

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
MOMENT = datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)


FIELDS = """
    ACCEPT ACCEPT_CHARSET ACCEPT_ENCODING ACCEPT_LANGUAGE ACCESS_CONTROL_REQUEST_HEADERS AUTHORIZATION CACHE_CONTROL
    COOKIE DATE IF_MATCH IF_MODIFIED_SINCE IF_NONE_MATCH IF_RANGE IF_UNMODIFIED_SINCE MAX_FORWARDS PRAGMA RANGE
    USER_AGENT X_FORWARDED_FOR
""".split()


class RequestAttributesTest(unittest.TestCase):
    """Each is read when it is asked for, and is what the documentation says also where the field is missing."""

    def test_a_plain_field_is_text_a_number_or_a_date(self):
        for name, key, cases in [
            ("content_md5", "HTTP_CONTENT_MD5", [(None, None), ("Q2hlY2s=", "Q2hlY2s=")]),
            ("content_encoding", "HTTP_CONTENT_ENCODING", [(None, None), ("gzip", "gzip")]),
            ("date", "HTTP_DATE", [(None, None), (DATE, MOMENT), ("yesterday", None), ("0", None)]),
            ("if_modified_since", "HTTP_IF_MODIFIED_SINCE", [(None, None), (DATE, MOMENT), ("1", None)]),
            ("if_unmodified_since", "HTTP_IF_UNMODIFIED_SINCE", [(None, None), (DATE, MOMENT), ("", None)]),
            ("access_control_request_method", "HTTP_ACCESS_CONTROL_REQUEST_METHOD", [(None, None), ("PUT", "PUT")]),
            ("max_forwards", "HTTP_MAX_FORWARDS", [(None, None), ("0", 0), ("10", 10), ("007", 7)]),
            ("is_multithread", "wsgi__multithread", [(True, True), (False, False)]),
            ("is_multiprocess", "wsgi__multiprocess", [(True, True), (False, False)]),
            ("is_run_once", "wsgi__run_once", [(True, True), (False, False)]),
        ]:
            for sent, expected in cases:
                with self.subTest(name, sent=sent):
                    self.assertEqual(getattr(request(**{key: sent}), name), expected)

    def test_what_is_no_row_of_digits_is_no_number(self):
        for sent in ["", "-1", "+5", " 7", "1_0", "٣", "x", "0x5", "1.0", "9" * 100_000]:
            with self.subTest(sent[:10]):
                self.assertIsNone(request(HTTP_MAX_FORWARDS=sent).max_forwards)

    def test_a_structure_is_of_its_class_and_the_same_each_time(self):
        for name, key, sent, kind, text in [
            ("accept_mimetypes", "HTTP_ACCEPT", "text/html, */*;q=0.1", MIMEAccept, "text/html,*/*;q=0.1"),
            ("accept_charsets", "HTTP_ACCEPT_CHARSET", "utf-8, *;q=0.1", CharsetAccept, "utf-8,*;q=0.1"),
            ("accept_encodings", "HTTP_ACCEPT_ENCODING", "gzip, br;q=0.5", Accept, "gzip,br;q=0.5"),
            ("accept_languages", "HTTP_ACCEPT_LANGUAGE", "de-AT, en;q=0.5", LanguageAccept, "de-AT,en;q=0.5"),
            ("if_match", "HTTP_IF_MATCH", '"a", W/"b"', ETags, '"a", W/"b"'),
            ("if_none_match", "HTTP_IF_NONE_MATCH", "*", ETags, "*"),
            ("if_range", "HTTP_IF_RANGE", '"a"', IfRange, '"a"'),
            ("if_range", "HTTP_IF_RANGE", DATE, IfRange, DATE),
            ("range", "HTTP_RANGE", "bytes=0-4,-2", Range, "bytes=0-4,-2"),
            (
                "cache_control",
                "HTTP_CACHE_CONTROL",
                "No-Cache, max-age=5",
                RequestCacheControl,
                "no-cache, max-age=5",
            ),
            ("pragma", "HTTP_PRAGMA", "no-cache", HeaderSet, "no-cache"),
            (
                "access_control_request_headers",
                "HTTP_ACCESS_CONTROL_REQUEST_HEADERS",
                "X-A, content-type",
                HeaderSet,
                "X-A, content-type",
            ),
            ("authorization", "HTTP_AUTHORIZATION", "Basic YTpi", Authorization, "Basic YTpi"),
            ("user_agent", "HTTP_USER_AGENT", "curl/8", UserAgent, "curl/8"),
        ]:
            with self.subTest(name, sent=sent):
                made = request(**{key: sent})
                value = getattr(made, name)
                self.assertIs(type(value), kind)
                self.assertEqual(value.to_header(), text)
                self.assertIs(getattr(made, name), value)

    def test_a_structure_of_a_field_that_is_missing_is_empty(self):
        made = request()
        for name in ["accept_mimetypes", "accept_charsets", "accept_encodings", "accept_languages"]:
            with self.subTest(name):
                self.assertEqual((list(getattr(made, name)), getattr(made, name).provided), ([], False))
        for name in ["if_match", "if_none_match", "pragma", "access_control_request_headers", "cache_control"]:
            with self.subTest(name):
                self.assertFalse(getattr(made, name))
        self.assertIs(made.cache_control.provided, False)
        self.assertIs(request(HTTP_CACHE_CONTROL="no-cache").cache_control.provided, True)
        for name in ["range", "authorization"]:
            with self.subTest(name):
                self.assertIsNone(getattr(made, name))
        self.assertEqual((made.if_range.etag, made.if_range.date, str(made.user_agent)), (None, None, ""))

    def test_no_field_of_a_client_is_an_exception(self):
        hostile = [
            "",
            " ",
            ",",
            '"',
            "*",
            "=",
            ";q",
            "\\" * 100,
            "a=" * 1000,
            "é\xff",
            "bytes=",
            "-",
            "/" * 100,
            "Basic",
        ]
        names = [name for name in dir(Request) if not name.startswith("_")]
        for text in hostile:
            fields = {f"HTTP_{name}": text for name in FIELDS}
            made = request(CONTENT_TYPE=text, QUERY_STRING=text, REMOTE_USER=text, **fields)
            for name in names:
                if name != "json":  # which is a 415 or a 400, and tested as such
                    with self.subTest(name, text=text[:10]):
                        getattr(made, name)

    def test_what_the_client_sent_cannot_be_changed(self):
        made = request(HTTP_CACHE_CONTROL="no-cache", HTTP_ACCEPT="text/html")
        for change in [
            lambda: setattr(made, "date", None),
            lambda: setattr(made, "max_forwards", 5),
            lambda: setattr(made.cache_control, "no_cache", False),
            lambda: made.accept_mimetypes.append(("text/plain", 1)),
            lambda: made.access_route.append("10.0.0.1"),
        ]:
            with self.assertRaises((AttributeError, TypeError)):
                change()

    def test_an_application_may_know_more_of_a_client(self):
        class Parsed(UserAgent):
            def __init__(self, string):
                super().__init__(string)
                self.browser, _, self.version = string.partition("/")

        class Own(Request):
            user_agent_class = Parsed
            list_storage_class = list

        made = Own(environ(HTTP_USER_AGENT="curl/8", HTTP_X_FORWARDED_FOR="10.0.0.1"))
        self.assertEqual(
            (made.user_agent.browser, made.user_agent.version, bool(made.user_agent)), ("curl", "8", True)
        )
        self.assertEqual(made.user_agent.string, "curl/8")
        unread = request(HTTP_USER_AGENT="curl/8").user_agent
        self.assertEqual([unread.platform, unread.browser, unread.version, unread.language], [None] * 4)
        self.assertIs(type(made.access_route), list)
        self.assertIs(type(request().access_route), ImmutableList)
        self.assertFalse(request(HTTP_USER_AGENT="curl/8").user_agent)  # nobody looked for a browser in it

    def test_a_request_is_made_to_order(self):
        made = Request.from_values("/search?q=1", method="POST", data={"a": "1"}, headers={"X-Own": "yes"})
        self.assertEqual((made.url, made.method), ("http://localhost/search?q=1", "POST"))
        self.assertEqual((made.args["q"], made.form["a"], made.headers["X-Own"]), ("1", "1", "yes"))

        class Own(Request):
            pass

        self.assertIs(type(Own.from_values()), Own)

    def test_an_upload_may_be_written_elsewhere(self):
        made = []

        class Own(Request):
            def _get_file_stream(self, total_content_length, content_type, filename=None, content_length=None):
                made.append((total_content_length, content_type, filename, content_length))
                return io.BytesIO()

        with Own(environ(UPLOAD, CONTENT_TYPE=MULTIPART)) as own:
            self.assertIs(type(own.files["photo"].stream), io.BytesIO)
        self.assertEqual(made, [(len(UPLOAD), "image/png", "cat.png", 0)])

    def test_what_nobody_asks_for_is_not_loaded(self):
        chapters = ["accept", "conditions", "credentials", "directives", "environs"]
        source = f"""
            import sys
            from nanoweb.wrappers import Request, Response
            made = Request({{"HTTP_RANGE": "bytes=0-1", "HTTP_ACCEPT": "*/*", "HTTP_AUTHORIZATION": "Basic YTpi"}})
            response = Response("x")
            for ask in [
                lambda: None, lambda: made.if_match, lambda: made.accept_mimetypes, lambda: made.authorization,
                lambda: response.vary.add("Cookie"),
            ]:
                ask()
                print(*[name for name in {chapters} if "nanoweb." + name in sys.modules])
        """
        lines = "\n".join(line[12:] for line in source.splitlines())
        output = subprocess.run([sys.executable, "-c", lines], stdout=subprocess.PIPE, check=True, text=True).stdout
        loaded = [line.split() for line in output.splitlines()]
        self.assertEqual(loaded[:3], [[], ["conditions"], ["accept", "conditions"]])
        self.assertNotIn("environs", loaded[-1])


class EmptyBodyTest(unittest.TestCase):
    """A body can be read once: in debug mode the developer is told who has read it before."""

    def told(self, body, content_type, *reads, debug=True):
        """What is logged for the last of some looks at a request."""
        made = posted(body, content_type, PATH_INFO="/sign\x1b[2J")
        self.addCleanup(made.close)
        made.app = App("example")
        made.app.debug = debug
        for read in reads[:-1]:
            read(made)
        made.app.logger.handlers.clear()
        with self.assertLogs(made.app.logger) as logs:
            made.app.logger.info("here")
            reads[-1](made)
        return [record.getMessage() for record in logs.records[1:]]

    def test_who_has_read_it_is_named(self):
        for content_type, body, reads, reader in [
            (FORM, b"a=1", [lambda r: r.form, lambda r: r.get_data()], "form"),
            (FORM, b"a=1", [lambda r: r.values, lambda r: r.data], "form"),
            (MULTIPART, UPLOAD, [lambda r: r.files, lambda r: r.get_data()], "form"),
            (MULTIPART, UPLOAD[UPLOAD.index(b"--cut", 5) :], [lambda r: r.files, lambda r: r.get_data()], "form"),
            ("text/plain", b"abc", [lambda r: r.stream.read(), lambda r: r.get_data()], "stream"),
            ("text/plain", b"abc", [lambda r: r.get_data(cache=False), lambda r: r.data], "stream"),
            ("application/json", b"{}", [lambda r: r.stream.read(), lambda r: r.get_json(silent=True)], "stream"),
        ]:
            with self.subTest(content_type, reader=reader):
                (message,) = self.told(body, content_type, *reads)
                self.assertIn(f"the body of {len(body)} bytes has been read before, by request.{reader};", message)
                self.assertIn("request.get_data()", message)
                self.assertIn(r"POST '/sign\x1b[2J'", message)

    def test_nothing_is_said_where_nothing_is_wrong_or_to_users(self):
        read, keep = lambda r: r.get_data(), lambda r: r.get_data(cache=False)
        self.assertEqual(self.told(b"abc", "text/plain", read, read), [])
        self.assertEqual(self.told(b"", "text/plain", read, keep), [])
        self.assertEqual(self.told(b"", "text/plain", read), [])
        self.assertEqual(self.told(b"abc", "text/plain", lambda r: r.form, read), [])
        self.assertEqual(self.told(b"a=1", FORM, lambda r: r.form, read, debug=False), [])


# attribute, field, [(what is assigned, the field then, what is read then)]
PLAIN = [
    ("content_location", "Content-Location", [("/x", "/x", "/x")]),
    ("content_md5", "Content-MD5", [("Q2hlY2s=", "Q2hlY2s=", "Q2hlY2s=")]),
    ("accept_ranges", "Accept-Ranges", [("bytes", "bytes", "bytes")]),
    ("access_control_allow_origin", "Access-Control-Allow-Origin", [("*", "*", "*")]),
    ("access_control_max_age", "Access-Control-Max-Age", [(600, "600", 600), (-1, "-1", -1)]),
    ("age", "Age", [(60, "60", timedelta(seconds=60)), (timedelta(minutes=1), "60", timedelta(seconds=60))]),
    (
        "retry_after",
        "Retry-After",
        [
            (MOMENT, DATE, MOMENT),
            (DATE, DATE, MOMENT),
            (
                datetime.date(1994, 11, 6),
                DATE.replace("08:49:37", "00:00:00"),
                MOMENT.replace(hour=0, minute=0, second=0),
            ),
        ],
    ),
    *[
        (
            name,
            field,
            [(MOMENT, DATE, MOMENT), (784111777, DATE, MOMENT), (MOMENT.replace(tzinfo=None), DATE, MOMENT)],
        )
        for name, field in [("date", "Date"), ("expires", "Expires"), ("last_modified", "Last-Modified")]
    ],
    (
        "cross_origin_opener_policy",
        "Cross-Origin-Opener-Policy",
        [(COOP.SAME_ORIGIN, "same-origin", COOP.SAME_ORIGIN)],
    ),
    (
        "cross_origin_embedder_policy",
        "Cross-Origin-Embedder-Policy",
        [(COEP.REQUIRE_CORP, "require-corp", COEP.REQUIRE_CORP)],
    ),
]
SETS = {
    "vary": "Vary",
    "allow": "Allow",
    "content_language": "Content-Language",
    "access_control_allow_headers": "Access-Control-Allow-Headers",
    "access_control_allow_methods": "Access-Control-Allow-Methods",
    "access_control_expose_headers": "Access-Control-Expose-Headers",
}
STRUCTURES = {
    **dict.fromkeys(SETS, HeaderSet),
    "cache_control": ResponseCacheControl,
    "content_range": ContentRange,
    "content_security_policy": ContentSecurityPolicy,
    "content_security_policy_report_only": ContentSecurityPolicy,
    "www_authenticate": WWWAuthenticate,
}


class ResponseAttributesTest(unittest.TestCase):
    """Assigning sets the field, None or del removes it, reading looks at the field each time."""

    def test_a_plain_attribute_sets_its_field(self):
        for name, field, cases in PLAIN:
            for assigned, text, value in cases:
                with self.subTest(name, assigned=assigned):
                    made = Response("")
                    before = getattr(made, name)
                    setattr(made, name, assigned)
                    self.assertEqual((made.headers.getlist(field), getattr(made, name)), ([text], value))
                    setattr(made, name, None)
                    self.assertEqual((made.headers.getlist(field), getattr(made, name)), ([], before))
                    setattr(made, name, assigned)
                    delattr(made, name)
                    delattr(made, name)  # once more is no error
                    self.assertNotIn(field, made.headers)

    def test_a_field_that_makes_no_sense_reads_as_none(self):
        for name, field, texts in [
            ("age", "Age", ["", "x", "-1", "+5", "1_0", "9" * 5000]),
            ("content_length", "Content-Length", ["", "x", "-1", "+5", "1_0", "9" * 5000]),
            ("date", "Date", ["", "0", "yesterday"]),
            ("retry_after", "Retry-After", ["", "x", "-1", "+5", "9" * 14, "9" * 5000]),
            ("access_control_max_age", "Access-Control-Max-Age", ["", "x"]),
        ]:
            for text in texts:
                with self.subTest(name, text=text[:10]):
                    self.assertIsNone(getattr(Response(headers={field: text}), name))
        made = Response("", headers={"Cross-Origin-Opener-Policy": "nonsense"})
        self.assertEqual(made.cross_origin_opener_policy, COOP.UNSAFE_NONE)

    def test_seconds_to_wait_read_as_the_date_when_they_are_over(self):
        for assigned in [120, 120.9, timedelta(minutes=2), "120"]:
            with self.subTest(assigned):
                made = Response("", 503)
                made.retry_after = assigned
                self.assertEqual(made.headers["Retry-After"], "120")
                before, over, after = (
                    datetime.datetime.now(timezone.utc),
                    made.retry_after,
                    datetime.datetime.now(timezone.utc),
                )
                self.assertTrue(before <= over - timedelta(minutes=2) <= after)
        with self.assertRaisesRegex(ValueError, "negative"):
            made.retry_after = -1

    def test_a_policy_of_one_word_may_be_assigned_as_a_text(self):
        made = Response("")
        made.cross_origin_opener_policy = "same-origin"
        made.cross_origin_embedder_policy = "require-corp"
        self.assertEqual(made.cross_origin_opener_policy, COOP.SAME_ORIGIN)
        self.assertEqual(made.cross_origin_embedder_policy, COEP.REQUIRE_CORP)
        for nonsense in ["Same-Origin", "nonsense", "", 1]:
            with self.subTest(nonsense), self.assertRaises(ValueError):
                made.cross_origin_opener_policy = nonsense

    def test_credentials_are_allowed_by_one_word_alone(self):
        made = Response("")
        self.assertIs(made.access_control_allow_credentials, False)
        made.access_control_allow_credentials = True
        self.assertEqual(made.headers["Access-Control-Allow-Credentials"], "true")
        self.assertIs(made.access_control_allow_credentials, True)
        for value in [False, None, "yes", 1]:
            made.access_control_allow_credentials = True
            made.access_control_allow_credentials = value
            self.assertNotIn("Access-Control-Allow-Credentials", made.headers)
        made.headers["Access-Control-Allow-Credentials"] = "false"
        self.assertIs(made.access_control_allow_credentials, False)

    def test_nothing_that_is_assigned_starts_a_second_field(self):
        attack = "x\r\nSet-Cookie: a=b"
        for assign in [
            *[lambda r, name=name: setattr(r, name, attack) for name, _, _ in PLAIN if "origin_" not in name],
            *[lambda r, name=name: setattr(r, name, attack) for name in STRUCTURES],
            *[lambda r, name=name: setattr(r, name, [attack]) for name in SETS],
            *[lambda r, name=name: getattr(r, name).add(attack) for name in SETS],
            lambda r: setattr(r.cache_control, "private", attack),
            lambda r: r.cache_control.update({attack: None}),
            lambda r: setattr(r.content_security_policy, "img_src", attack),
            lambda r: setattr(r, "www_authenticate", WWWAuthenticate("basic", {"realm": attack})),
            lambda r: setattr(r, "www_authenticate", [WWWAuthenticate("bearer", token=attack)]),
            lambda r: r.content_range.set(0, 1, 2, units=attack),
            lambda r: r.mimetype_params.update(charset=attack),
            lambda r: r.set_etag(attack),
        ]:
            made = Response("")
            with self.assertRaises((ValueError, TypeError, AttributeError)):
                assign(made)
            self.assertNotIn("Set-Cookie", str(made.headers))


class StructureTest(unittest.TestCase):
    """A structure that was read from a field, or assigned to it, changes the field when it is changed."""

    def test_each_is_of_its_class_and_empty_where_there_is_no_field(self):
        for name, kind in STRUCTURES.items():
            with self.subTest(name):
                made = Response("")
                self.assertIs(type(getattr(made, name)), kind)
                self.assertEqual(list(made.headers.keys()), ["Content-Type", "Content-Length"])

    def test_to_read_a_field_does_not_change_it(self):
        for name, field in [
            ("vary", "Vary"),
            ("cache_control", "Cache-Control"),
            ("content_range", "Content-Range"),
            ("content_security_policy", "Content-Security-Policy"),
            ("www_authenticate", "WWW-Authenticate"),
        ]:
            with self.subTest(name):
                made = Response("", headers={field: ' x ,,  "y" ; z'})
                getattr(made, name)
                self.assertEqual(made.headers[field], ' x ,,  "y" ; z')

    def test_names_are_added_and_removed(self):
        for name, field in SETS.items():
            with self.subTest(name):
                made = Response("")
                getattr(made, name).add("A")
                getattr(made, name).update(["B", "a", "C D"])
                self.assertEqual(made.headers[field], 'A, B, "C D"')
                getattr(made, name).discard("b")
                self.assertEqual(made.headers.getlist(field), ['A, "C D"'])
                getattr(made, name).clear()
                self.assertNotIn(field, made.headers)

    def test_several_fields_of_a_list_are_one_list(self):
        for name, field in SETS.items():
            with self.subTest(name):
                made = Response("", headers=[(field, "A, B"), ("X", "1"), (field, '"C D"'), (field, "")])
                self.assertEqual(list(getattr(made, name)), ["A", "B", "C D"])
                getattr(made, name).add("E")
                self.assertEqual(made.headers.getlist(field), ['A, B, "C D", E'])
        made = Response("", headers=[("Cache-Control", "private"), ("cache-control", "no-store")])
        made.cache_control.max_age = 0
        self.assertEqual(made.headers.getlist("Cache-Control"), ["private, no-store, max-age=0"])

    def test_several_policies_or_challenges_stay_several(self):
        made = Response(
            "", headers=[("Content-Security-Policy", "img-src *"), ("Content-Security-Policy", "sandbox x")]
        )
        policy = made.content_security_policy
        policy.img_src = "'none'"
        self.assertEqual(made.headers.getlist("Content-Security-Policy"), ["img-src 'none'", "sandbox x"])
        policy.img_src = None
        policy.font_src = "*"
        self.assertEqual(made.headers.getlist("Content-Security-Policy"), ["font-src *", "sandbox x"])
        made.content_security_policy = "font-src 'none'"
        self.assertEqual(made.headers.getlist("Content-Security-Policy"), ["font-src 'none'"])
        made = Response("", headers=[("WWW-Authenticate", "Basic realm=a"), ("WWW-Authenticate", "Bearer x")])
        made.www_authenticate.realm = "b"
        self.assertEqual(made.headers.getlist("WWW-Authenticate"), ['Basic realm="b"', "Bearer x"])

    def test_what_is_no_structure_is_not_written_as_one(self):
        for name in STRUCTURES.keys() - SETS.keys():
            for value in [{"max-age": 5}, {"default-src": "'self'"}, ("bytes", 0, 1, 2), 5]:
                with self.subTest(name, value=value):
                    made = Response("")
                    with self.assertRaises(AttributeError):
                        setattr(made, name, value)
                    self.assertEqual(list(made.headers.keys()), ["Content-Type", "Content-Length"])

    def test_names_may_be_assigned_in_several_ways(self):
        for name, field in SETS.items():
            for assigned, text in [
                (["A", "B"], "A, B"),
                (("A",), "A"),
                (HeaderSet(["A", "B"]), "A, B"),
                ((part for part in "AB"), "A, B"),
                ("A, B", "A, B"),
                ([], None),
                ("", None),
                (None, None),
                (HeaderSet(), None),
            ]:
                with self.subTest(name, assigned=assigned):
                    made = Response("", headers={field: "old"})
                    setattr(made, name, assigned)
                    self.assertEqual(made.headers.get(field), text)
            made = Response("", headers={field: "old"})
            delattr(made, name)
            self.assertNotIn(field, made.headers)

    def test_cache_control_is_written_directive_by_directive(self):
        made = Response("", headers={"cache-control": "public"})
        made.cache_control.max_age = 60
        made.cache_control.no_transform = True
        self.assertEqual(made.headers.getlist("Cache-Control"), ["public, max-age=60, no-transform"])
        made.cache_control.public = made.cache_control.no_transform = False
        del made.cache_control.max_age
        self.assertNotIn("Cache-Control", made.headers)
        control = ResponseCacheControl({"max-age": "5"})
        made.cache_control = control
        control.immutable = True
        self.assertEqual(made.headers["Cache-Control"], "max-age=5, immutable")

    def test_a_policy_is_written_directive_by_directive(self):
        for name, field in [
            ("content_security_policy", "Content-Security-Policy"),
            ("content_security_policy_report_only", "Content-Security-Policy-Report-Only"),
        ]:
            with self.subTest(name):
                made = Response("")
                getattr(made, name).default_src = "'self'"
                getattr(made, name)["img-src"] = "*"
                self.assertEqual(made.headers.getlist(field), ["default-src 'self'; img-src *"])
                setattr(made, name, "default-src 'none'")
                self.assertEqual(getattr(made, name).default_src, "'none'")
                setattr(made, name, ContentSecurityPolicy({"img-src": "a.example"}))
                self.assertEqual(made.headers[field], "img-src a.example")
                getattr(made, name).img_src = None
                self.assertNotIn(field, made.headers)

    def test_a_range_is_set_and_unset(self):
        made = Response("", 206)
        made.content_range.set(0, 500, 1000)
        self.assertEqual(made.headers["Content-Range"], "bytes 0-499/1000")
        made.content_range.length = None
        self.assertEqual(made.headers["Content-Range"], "bytes 0-499/*")
        made.content_range.unset()
        self.assertNotIn("Content-Range", made.headers)
        made.content_range = ContentRange("bytes", 1, 2, 3)
        self.assertEqual((made.content_range.start, made.content_range.stop), (1, 2))
        for nothing in [None, "", ContentRange(None, None, None)]:
            made.content_range = "bytes 0-0/1"
            made.content_range = nothing
            self.assertNotIn("Content-Range", made.headers)

    def test_a_challenge_is_written_and_several_may_be(self):
        made = Response("", 401)
        basic = WWWAuthenticate("basic", {"realm": "kitchen"})
        made.www_authenticate = basic
        self.assertEqual(made.headers["WWW-Authenticate"], 'Basic realm="kitchen"')
        basic.realm = "cellar"
        self.assertEqual(made.headers["WWW-Authenticate"], 'Basic realm="cellar"')
        made.www_authenticate.realm = "attic"
        self.assertEqual(made.headers["WWW-Authenticate"], 'Basic realm="attic"')
        made.www_authenticate = [basic, WWWAuthenticate("bearer", token="x")]
        self.assertEqual(made.headers.getlist("WWW-Authenticate"), ['Basic realm="cellar"', "Bearer x"])
        self.assertEqual(made.www_authenticate.type, "basic")
        made.www_authenticate = "Bearer x"
        self.assertEqual((made.www_authenticate.type, made.www_authenticate.token), ("bearer", "x"))
        for nothing in [None, []]:
            made.www_authenticate = basic
            made.www_authenticate = nothing
            self.assertNotIn("WWW-Authenticate", made.headers)
        made.www_authenticate = basic
        del made.www_authenticate
        self.assertNotIn("WWW-Authenticate", made.headers)

    def test_the_parameters_of_the_media_type_can_be_changed(self):
        made = Response("")
        made.mimetype_params["charset"] = "latin-1"
        self.assertEqual(made.content_type, "text/html; charset=latin-1")
        made.mimetype_params.update(title="a; b")
        self.assertEqual(made.content_type, 'text/html; charset=latin-1; title="a; b"')
        made.mimetype_params.clear()
        self.assertEqual((made.content_type, dict(made.mimetype_params)), ("text/html", {}))

    def test_nothing_of_it_keeps_a_message_in_memory(self):
        gc.collect()
        gc.disable()
        try:
            made = Response("", headers={"Vary": "Cookie"})
            for name in STRUCTURES.keys() - {"www_authenticate"}:
                setattr(made, name, getattr(made, name))
            made.vary.add("X")
            made.mimetype_params["a"] = "b"
            made.stream.write(b"x")
            made.make_conditional(environ(), accept_ranges=True, complete_length=1)
            asked = request(HTTP_ACCEPT="text/html", HTTP_IF_MATCH='"a"', HTTP_RANGE="bytes=0-1")
            for name in dir(Request):
                if name not in ("json", "get_json") and not name.startswith("_"):
                    getattr(asked, name)
            response, inquiry = weakref.ref(made), weakref.ref(asked)
            del made, asked
            self.assertEqual((response(), inquiry()), (None, None))
        finally:
            gc.enable()


class StreamTest(unittest.TestCase):
    """Response.stream: the body as a file to write to."""

    def test_what_is_written_goes_to_the_end_of_the_body(self):
        for body, blocks in [("a", [b"a"]), (None, []), (("a", "b"), [b"a", b"b"]), (iter(["a"]), [b"a"])]:
            with self.subTest(repr(body)):
                made = Response(body)
                stream = made.stream
                self.assertEqual([stream.write(b"12"), stream.write("ä")], [2, 1])
                stream.writelines([b"3", b"4"])
                _, headers, sent = send(made)
                self.assertEqual(sent, [*blocks, b"12", "ä".encode(), b"3", b"4"])
                length = len(b"".join(sent))
                self.assertEqual((dict(headers)["Content-Length"], stream.tell()), (str(length), length))

    def test_it_is_a_file_that_is_written_only(self):
        stream = Response("").stream
        self.assertIsInstance(stream, ResponseStream)
        self.assertEqual((stream.writable(), stream.readable(), stream.seekable()), (True, False, False))
        self.assertEqual(
            (stream.isatty(), stream.encoding, stream.mode, stream.closed), (False, "utf-8", "wb+", False)
        )
        stream.flush()
        stream.close()
        self.assertTrue(stream.closed)
        for use in [lambda: stream.write(b"x"), stream.flush, stream.isatty, lambda: stream.writelines([b"x"])]:
            with self.assertRaises(ValueError):
                use()

    def test_programs_that_write_files_write_to_it(self):
        made = Response(mimetype="text/csv")
        csv.writer(made.stream).writerows([["größe", 1], ["b", 2]])
        self.assertEqual(call(made)[2].decode(), "größe,1\r\nb,2\r\n")
        made = Response(mimetype="application/zip")
        with zipfile.ZipFile(made.stream, "w") as archive:
            archive.writestr("a.txt", b"hello")
        self.assertEqual(zipfile.ZipFile(io.BytesIO(made.data)).read("a.txt"), b"hello")
        made = Response()
        with io.TextIOWrapper(made.stream, encoding="utf-8", write_through=True) as text:
            print("größe", file=text)
        self.assertEqual(made.get_data(as_text=True), "größe\n")

    def test_what_the_server_alone_reads_is_not_written_to(self):
        with self.assertRaisesRegex(RuntimeError, "direct_passthrough"):
            Response(iter([b"a"]), direct_passthrough=True).stream.write(b"x")

    def test_many_small_pieces_take_time_that_grows_with_their_number(self):
        made = Response("")
        for _ in range(100_000):
            made.stream.write(b"x")
        self.assertEqual(made.calculate_content_length(), 100_000)


class FreezeTest(unittest.TestCase):
    """freeze: a response that can be pickled, and sent as often as one likes."""

    def test_a_frozen_response_has_a_body_a_length_and_an_entity_tag(self):
        for body in ["text", iter(["te", b"xt"]), io.BytesIO(b"text"), ("te", "xt")]:
            with self.subTest(repr(body)):
                made = Response(body, headers={"X": "1"})
                made.freeze()
                again = pickle.loads(pickle.dumps(made))
                self.assertEqual((again.get_data(), again.headers["Content-Length"]), (b"text", "4"))
                self.assertEqual(again.headers["ETag"], Response("text").headers.get("ETag", again.headers["ETag"]))
                self.assertEqual(call(again), call(made))

    def test_what_the_body_was_read_from_is_closed(self):
        for passthrough in [False, True]:
            file = io.BytesIO(b"text")
            made = Response(file, direct_passthrough=passthrough)
            made.freeze()
            self.assertTrue(file.closed)
            self.assertEqual(made.get_data(), b"text")

    def test_it_reads_what_others_must_not(self):
        class Own(Response):
            implicit_sequence_conversion = False

        made = Own(iter(["text"]))
        made.set_etag("own")
        made.freeze()
        self.assertEqual((made.get_data(), made.get_etag()), (b"text", ("own", False)))


if __name__ == "__main__":
    unittest.main()
