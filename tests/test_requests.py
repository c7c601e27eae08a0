"""Request: what a view reads."""

import gc
import json
import unittest
import weakref
from unittest import mock

from nanoweb import App
from nanoweb.datastructures import EnvironHeaders, FileStorage, ImmutableDict, ImmutableMultiDict, MultiDict
from nanoweb.exceptions import (
    BadRequest,
    ClientDisconnected,
    NotFound,
    RequestEntityTooLarge,
    SecurityError,
    UnsupportedMediaType,
)
from nanoweb.formparser import FormDataParser
from nanoweb.wrappers import Request, Response
from tests.messages import FORM, MULTIPART, UPLOAD, call, environ, posted, request

# What reads the body of a request.
READERS = [
    lambda r: r.stream,
    lambda r: r.get_data(),
    lambda r: r.data,
    lambda r: r.form,
    lambda r: r.files,
    lambda r: r.values,
]


class RequestLineTest(unittest.TestCase):
    """The method, the path, the query string."""

    def test_the_method_is_in_capitals(self):
        self.assertEqual(request(REQUEST_METHOD="post").method, "POST")
        self.assertEqual(Request({}).method, "GET")

    def test_a_path_is_decoded_and_has_one_leading_slash(self):
        for sent, path in [
            ("", "/"),
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("a", "/a"),
            ("//a//b", "/a//b"),
            ("/gr\xc3\xb6\xc3\x9fe", "/größe"),
            ("/\xff", "/\ufffd"),
            ("/a%20b", "/a%20b"),
            ("/\x1b[2J", "/\x1b[2J"),
            ("/a\0b", "/a\0b"),
        ]:
            with self.subTest(sent):
                self.assertEqual(request(PATH_INFO=sent).path, path)

    def test_where_the_application_is_mounted_has_no_slash_at_its_end(self):
        for sent, root in [("", ""), ("/app", "/app"), ("/app/", "/app"), ("/\xc3\xa4", "/ä"), (None, "")]:
            with self.subTest(sent):
                made = request(SCRIPT_NAME=sent)
                self.assertEqual((made.root_path, made.script_root), (root, root))

    def test_a_full_path_has_a_question_mark_always(self):
        self.assertEqual(request(PATH_INFO="/x").full_path, "/x?")
        self.assertEqual(request(PATH_INFO="/x", QUERY_STRING="a=1&b").full_path, "/x?a=1&b")
        self.assertEqual(
            request(PATH_INFO="/\xc3\xa4", QUERY_STRING="q=\xc3\xa4&r=\xff").full_path, "/ä?q=ä&r=\ufffd"
        )

    def test_a_query_string_is_read_into_args(self):
        for sent, args in [
            ("", []),
            ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
            ("a=1;b=2", [("a", "1;b=2")]),
            ("a", [("a", "")]),
            ("q=a+b%2Bc", [("q", "a b+c")]),
            ("q=%C3%A4&r=\xc3\xa4", [("q", "ä"), ("r", "ä")]),
            ("q=%ff&r=\xff&s=%zz", [("q", "%FF"), ("r", "%FF"), ("s", "%zz")]),
        ]:
            with self.subTest(sent):
                made = request(QUERY_STRING=sent)
                self.assertEqual(sorted(made.args.items(multi=True)), sorted(args))
                self.assertEqual(made.query_string, sent.encode("latin-1"))

    def test_args_cannot_be_changed(self):
        with self.assertRaises(TypeError):
            request(QUERY_STRING="a=1").args["a"] = "2"

    def test_an_application_may_have_classes_of_its_own_for_values(self):
        class Own(Request):
            parameter_storage_class = MultiDict
            dict_storage_class = MultiDict

        made = Own(environ(b"a=1", QUERY_STRING="b=2", HTTP_COOKIE="c=3", CONTENT_TYPE=FORM))
        self.assertEqual([type(made.args), type(made.form), type(made.files), type(made.cookies)], [MultiDict] * 4)

    def test_these_may_know_one_value_for_a_name(self):
        for kind in [dict, ImmutableDict]:
            with self.subTest(kind):
                own = type("Own", (Request,), {"parameter_storage_class": kind})
                made = own(environ(UPLOAD, QUERY_STRING="a=1&a=2", CONTENT_TYPE=MULTIPART))
                self.assertEqual((made.args, made.form), ({"a": "2"}, {"title": "My cat"}))
                self.assertEqual(made.values.to_dict(), {"a": "2", "title": "My cat"})
                made.close()
                self.assertTrue(made.files["photo"].closed)

    def test_values_are_args_and_the_form_but_for_get(self):
        for method, expected in [("GET", ["1"]), ("POST", ["1", "2"]), ("DELETE", ["1", "2"]), ("HEAD", ["1", "2"])]:
            with self.subTest(method):
                made = posted(b"a=2", FORM, QUERY_STRING="a=1", REQUEST_METHOD=method)
                self.assertEqual(made.values.getlist("a"), expected)
                self.assertEqual(made.values["a"], "1")


class AddressTest(unittest.TestCase):
    """The host, and the addresses made with it."""

    def test_addresses_are_those_that_people_read(self):
        made = request(
            wsgi__url_scheme="https",
            HTTP_HOST="xn--bcher-kva.example:8443",
            SCRIPT_NAME="/app",
            PATH_INFO="/gr\xc3\xb6\xc3\x9fe/a b",
            QUERY_STRING="q=%C3%A4",
        )
        self.assertEqual(made.host, "xn--bcher-kva.example:8443")
        self.assertEqual(made.host_url, "https://bücher.example:8443/")
        self.assertEqual(made.root_url, "https://bücher.example:8443/app/")
        self.assertEqual(made.url_root, made.root_url)
        self.assertEqual(made.base_url, "https://bücher.example:8443/app/größe/a%20b")
        self.assertEqual(made.url, "https://bücher.example:8443/app/größe/a%20b?q=ä")
        for scheme, is_secure in [("http", False), ("https", True), ("ws", False), ("wss", True)]:
            made = request(wsgi__url_scheme=scheme)
            self.assertEqual((made.scheme, made.is_secure), (scheme, is_secure))

    def test_the_port_of_the_scheme_is_left_out(self):
        for scheme, host, expected in [
            ("http", "a.example:80", "a.example"),
            ("https", "a.example:443", "a.example"),
            ("http", "a.example:443", "a.example:443"),
            ("ws", "a.example:80", "a.example"),
            ("http", "[::1]:80", "[::1]"),
            ("http", "[::1]:5000", "[::1]:5000"),
            ("http", None, "example.com"),
        ]:
            with self.subTest(scheme=scheme, host=host):
                self.assertEqual(request(wsgi__url_scheme=scheme, HTTP_HOST=host).host, expected)

    def test_what_is_no_host_is_never_part_of_an_address(self):
        for host in ["a b", "a/b", "u@a", "a,b", "<x>", "a:b", "a:99999", "a\r\nb", "ä", "[::1", "a" * 300]:
            for name in ["host", "host_url", "root_url", "base_url", "url"]:
                with self.subTest(host=host, name=name), self.assertRaises(SecurityError) as caught:
                    getattr(request(HTTP_HOST=host), name)
                self.assertEqual(caught.exception.code, 400)

    def test_only_trusted_hosts_are_answered_for(self):
        made = request(HTTP_HOST="evil.example")
        made.trusted_hosts = [".good.example"]
        with self.assertRaises(SecurityError):
            made.url  # noqa: B018
        made = request(HTTP_HOST="www.good.example")
        made.trusted_hosts = [".good.example"]
        self.assertEqual(made.url, "http://www.good.example/")

    def test_the_access_route_is_what_was_forwarded_or_the_peer(self):
        for keys, route in [
            ({}, []),
            ({"REMOTE_ADDR": "10.0.0.1"}, ["10.0.0.1"]),
            ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4, 5.6.7.8"}, ["1.2.3.4", "5.6.7.8"]),
        ]:
            with self.subTest(keys):
                self.assertEqual(request(**keys).access_route, route)
                self.assertEqual(request(**keys).remote_addr, keys.get("REMOTE_ADDR"))

    def test_it_says_what_it_is(self):
        self.assertEqual(repr(posted(b"", FORM, PATH_INFO="/x")), "<Request 'http://example.com/x' [POST]>")

    def test_it_says_what_it_is_also_where_that_has_no_address(self):
        for made in [request(HTTP_HOST="a b"), request(HTTP_HOST="[bad"), Request({})]:
            with self.subTest(made.environ):
                self.assertRegex(repr(made), r"<Request without an address: .+ \[GET\]>")


class FieldTest(unittest.TestCase):
    """The header fields."""

    def test_fields_are_read_from_the_environ(self):
        made = request(HTTP_REFERER="http://a.example/", HTTP_ORIGIN="null", HTTP_X_OWN="1", REMOTE_USER="ada")
        self.assertIsInstance(made.headers, EnvironHeaders)
        self.assertEqual((made.referrer, made.origin, made.headers["x-own"]), ("http://a.example/", "null", "1"))
        self.assertEqual((made.remote_user, made.content_encoding, made.content_type), ("ada", None, None))

    def test_they_are_what_the_client_sent_and_stay_so(self):
        made = request(CONTENT_TYPE="text/plain")
        for change in [
            lambda: setattr(made, "content_type", "text/html"),
            lambda: delattr(made, "content_type"),
            lambda: made.headers.set("X", "1"),
        ]:
            with self.assertRaises((AttributeError, TypeError)):
                change()

    def test_cookies_are_those_that_the_browser_sent(self):
        for sent, cookies in [
            (None, {}),
            ("", {}),
            ("a=1; b=2", {"a": "1", "b": "2"}),
            ("a=1; a=2", {"a": "1"}),
            ("=__Host-x=bad; a=1", {"a": "1"}),
            ("a=\xff; \xc3\xa4=\xc3\xb6", {"a": "\ufffd", "ä": "ö"}),
        ]:
            with self.subTest(sent):
                self.assertEqual(request(HTTP_COOKIE=sent).cookies.to_dict(), cookies)

    def test_the_media_type_is_read_with_its_parameters(self):
        for sent, mimetype, parameters, is_json in [
            (None, "", {}, False),
            ("", "", {}, False),
            ("Text/HTML; Charset=utf-8", "text/html", {"charset": "utf-8"}, False),
            ("application/json", "application/json", {}, True),
            ("APPLICATION/JSON; a=b", "application/json", {"a": "b"}, True),
            ("application/vnd.api+json", "application/vnd.api+json", {}, True),
            ("text/plain;application/json", "text/plain", {}, False),
            ("text/json", "text/json", {}, False),
            ("image/svg+json", "image/svg+json", {}, False),
        ]:
            with self.subTest(sent):
                made = request(CONTENT_TYPE=sent)
                self.assertEqual((made.mimetype, made.mimetype_params, made.is_json), (mimetype, parameters, is_json))
                self.assertEqual(made.want_form_data_parsed, bool(sent))

    def test_a_length_is_a_row_of_digits_or_none(self):
        for sent, length in [(None, None), ("", None), ("0", 0), ("12", 12), ("007", 7)]:
            with self.subTest(sent):
                self.assertEqual(request(CONTENT_LENGTH=sent).content_length, length)
        for sent, error in [
            *[(text, BadRequest) for text in ["-1", "+10", "1_0", "٣", "5, 5", "0x5", "five", "+" + "1" * 100_000]],
            *[("9" * digits, RequestEntityTooLarge) for digits in [19, 20, 100_000]],
        ]:
            with self.subTest(sent[:10]):
                made = request(b"12345", CONTENT_LENGTH=sent, CONTENT_TYPE=FORM)
                self.assertIsNone(made.content_length)
                for read in [lambda r: r.get_data(), lambda r: r.form, lambda r: r.stream]:
                    with self.assertRaises(error):
                        read(made)

    def test_a_chunked_body_has_no_length(self):
        made = request(b"chunks", HTTP_TRANSFER_ENCODING="chunked", wsgi__input_terminated=True)
        self.assertIsNone(made.content_length)
        self.assertEqual(made.get_data(), b"chunks")

    def test_each_is_read_once(self):
        made = request(QUERY_STRING="a=1", HTTP_COOKIE="b=2")
        for name in ["args", "cookies", "headers", "path", "url", "values", "host"]:
            with self.subTest(name):
                self.assertIs(getattr(made, name), getattr(made, name))


class BodyTest(unittest.TestCase):
    """The body can be read once; what has been kept of it can be asked for again."""

    def test_data_is_kept_and_form_reads_what_was_kept(self):
        made = posted(b"a=1", FORM)
        self.assertEqual(made.get_data(), b"a=1")
        self.assertEqual(made.get_data(), b"a=1")
        self.assertEqual(made.form["a"], "1")
        self.assertEqual(made.get_data(as_text=True), "a=1")

    def test_data_that_was_not_kept_is_gone(self):
        made = posted(b"a=1", FORM)
        self.assertEqual(made.get_data(cache=False), b"a=1")
        self.assertEqual((made.get_data(), dict(made.form)), (b"", {}))

    def test_a_form_that_was_read_leaves_no_data(self):
        made = posted(b"a=1", FORM)
        self.assertEqual(made.form["a"], "1")
        self.assertEqual((made.get_data(), made.data, made.stream.read()), (b"", b"", b""))

    def test_the_attribute_data_leaves_a_form_to_form(self):
        made = posted(b"a=1", FORM)
        self.assertEqual((made.data, made.form["a"]), (b"", "1"))
        made = posted(b"plain", "text/plain")
        self.assertEqual((made.data, made.data, dict(made.form)), (b"plain", b"plain", {}))

    def test_parse_form_data_does_that_for_get_data(self):
        made = posted(b"a=1", FORM)
        self.assertEqual((made.get_data(parse_form_data=True), made.form["a"]), (b"", "1"))

    def test_a_stream_that_was_read_leaves_nothing(self):
        made = posted(b"a=1", FORM)
        self.assertEqual(made.stream.read(2), b"a=")
        self.assertEqual(made.stream.read(), b"1")
        self.assertEqual((made.get_data(), dict(made.form)), (b"", {}))

    def test_a_form_that_is_none_leaves_the_data_in_the_stream(self):
        made = posted(b'{"a": 1}', "application/json")
        self.assertEqual((dict(made.form), dict(made.files)), ({}, {}))
        self.assertEqual((made.json, made.stream.read()), ({"a": 1}, b""))
        made = posted(b"text", "text/plain")
        self.assertEqual(made.get_data(), b"text")
        self.assertEqual((dict(made.form), made.stream.read()), ({}, b"text"))

    def test_text_that_is_not_utf_8_is_replaced(self):
        self.assertEqual(posted(b"\xffa\xc3\xa4", "text/plain").get_data(as_text=True), "\ufffdaä")

    def test_a_body_without_a_length_reads_as_empty(self):
        made = posted(b"a=1", FORM, CONTENT_LENGTH=None)
        self.assertEqual((dict(made.form), made.get_data()), ({}, b""))

    def test_a_body_ends_where_its_length_says(self):
        made = posted(b"a=1&next=request", FORM, CONTENT_LENGTH="3")
        self.assertEqual(dict(made.form.items()), {"a": "1"})

    def test_a_body_that_breaks_off_is_an_error(self):
        for read in [lambda r: r.get_data(), lambda r: r.form, lambda r: r.get_json(force=True), lambda r: r.values]:
            with self.assertRaises(ClientDisconnected):
                read(posted(b"a=1", FORM, CONTENT_LENGTH="10"))

    def test_the_raw_stream_is_the_servers(self):
        made = posted(b"a=1", FORM)
        self.assertIs(made.input_stream, made.environ["wsgi.input"])

    def test_a_shallow_request_leaves_the_body_alone(self):
        for read in [*READERS, lambda r: r.json]:
            for content_type in [FORM, "application/json"]:
                made = Request(environ(b"{}", CONTENT_TYPE=content_type), shallow=True)
                with self.assertRaises((RuntimeError, UnsupportedMediaType)):
                    read(made)
                self.assertEqual(made.input_stream.tell(), 0)
        self.assertEqual(Request(environ(b"{}", QUERY_STRING="a=1"), shallow=True).args["a"], "1")

    def test_an_upload_comes_as_a_file(self):
        with posted(UPLOAD, MULTIPART) as made:
            photo = made.files["photo"]
            self.assertIsInstance(photo, FileStorage)
            self.assertEqual((photo.filename, photo.mimetype, photo.read()), ("cat.png", "image/png", b"meow"))
            self.assertEqual((made.form["title"], made.values["title"], made.data), ("My cat", "My cat", b""))

    def test_closing_a_request_closes_its_files(self):
        with posted(UPLOAD, MULTIPART) as made:
            photo = made.files["photo"]
        self.assertTrue(photo.closed)
        request().close()  # has none, and reads nothing to find out

    def test_a_file_that_cannot_be_closed_does_not_keep_the_others_open(self):
        made = posted(UPLOAD.replace(b"--cut--", UPLOAD), MULTIPART)
        first, second = made.files.getlist("photo")
        with mock.patch.object(first, "close", side_effect=OSError("disk full")), self.assertRaises(OSError):
            made.close()
        self.assertTrue(second.closed)

    def test_a_form_and_its_files_are_apart_also_where_there_is_none(self):
        for content_type in [None, "text/plain"]:
            made = type("Own", (Request,), {"parameter_storage_class": MultiDict})(environ(CONTENT_TYPE=content_type))
            made.form["a"] = "1"
            self.assertEqual(made.files, MultiDict())

    def test_a_malformed_form_is_empty(self):
        for body, content_type in [
            (UPLOAD, "multipart/form-data"),
            (b"x", MULTIPART),
            (UPLOAD.replace(b"name=", b"n="), MULTIPART),
        ]:
            with self.subTest(content_type):
                made = posted(body, content_type)
                self.assertEqual((dict(made.form), dict(made.files)), ({}, {}))

    def test_a_form_that_breaks_off_is_an_error(self):
        for body in [UPLOAD[:-20], UPLOAD[:60]]:
            with self.subTest(body[-10:]), self.assertRaises(ClientDisconnected):
                posted(body, MULTIPART).form  # noqa: B018

    def test_a_form_that_failed_is_not_read_again_from_what_is_left(self):
        over = UPLOAD[: UPLOAD.index(b"--cut", 5)] * 3 + b"x" * 2**18 + b"\r\n" + UPLOAD
        for body, error in [(over, RequestEntityTooLarge), (UPLOAD[:-20], ClientDisconnected)]:
            with self.subTest(error):
                made = posted(body, MULTIPART)
                made.max_form_parts = 2
                texts = set()
                for look in [
                    lambda r: r.form,
                    lambda r: r.form,
                    lambda r: r.files,
                    lambda r: r.values,
                    lambda r: r.data,
                ]:
                    with self.assertRaises(error) as caught:
                        look(made)
                    texts.add(caught.exception.description)
                self.assertEqual(len(texts), 1)

    def test_a_subclass_may_leave_forms_unread(self):
        class Own(Request):
            want_form_data_parsed = False

        made = Own(environ(b"a=1", CONTENT_TYPE=FORM))
        self.assertEqual((dict(made.form), made.data), ({}, b"a=1"))

    def test_an_application_may_have_a_parser_of_its_own(self):
        class LinesParser(FormDataParser):
            def parse(self, stream, mimetype, content_length, options=None):
                pairs = [line.decode().split(": ") for line in stream.read().splitlines()]
                return stream, self.cls(pairs), self.cls()

        class Own(Request):
            form_data_parser_class = LinesParser

        made = Own(environ(b"a: 1\nb: 2", CONTENT_TYPE="text/lines"))
        self.assertEqual(made.form.to_dict(), {"a": "1", "b": "2"})

    def test_such_a_parser_is_told_all_by_name(self):
        told = {}

        class Curious(FormDataParser):
            def __init__(self, **keywords):
                told.update(keywords)
                super().__init__(**keywords)

        class Own(Request):
            form_data_parser_class = Curious
            max_form_parts = 5

        Own(environ(b"a=1", CONTENT_TYPE=FORM)).form  # noqa: B018
        self.assertEqual(
            told.keys(),
            {"stream_factory", "max_form_memory_size", "max_content_length", "max_form_parts", "cls"},
        )
        self.assertEqual((told["max_form_parts"], told["cls"]), (5, ImmutableMultiDict))


class LimitTest(unittest.TestCase):
    """Of the request if set on it, else of the application's configuration."""

    def limited(self, body, content_type, keys=(), **config):
        made = posted(body, content_type, **dict(keys))
        made.app = App("example")
        made.app.config.update(config)
        self.addCleanup(made.close)
        return made

    def test_more_than_a_limit_is_413_and_names_the_setting(self):
        many = b"".join(UPLOAD[: UPLOAD.index(b"--cut", 5)] for _ in range(3)) + b"--cut--\r\n"
        for setting, body, content_type in [
            ("MAX_CONTENT_LENGTH", b"a=12345678", FORM),
            ("MAX_CONTENT_LENGTH", b"[1, 2, 3, 4]", "application/json"),
            ("MAX_FORM_MEMORY_SIZE", many, MULTIPART),
            ("MAX_FORM_PARTS", many, MULTIPART),
        ]:
            limit = 2 if setting == "MAX_FORM_PARTS" else 9
            with self.subTest(setting), self.assertRaises(RequestEntityTooLarge) as caught:
                made = self.limited(body, content_type, **{setting: limit})
                made.json if made.is_json else made.form  # noqa: B018
            self.assertIn(f"the {limit} ", caught.exception.description)
            self.assertIn(setting, caught.exception.description)

    def test_what_is_set_on_a_request_counts_before_the_configuration(self):
        for name in ["max_content_length", "max_form_memory_size", "max_form_parts"]:
            with self.subTest(name):
                made = self.limited(UPLOAD, MULTIPART, **{name.upper(): 1})
                self.assertEqual(getattr(made, name), 1)
                setattr(made, name, 10_000)
                self.assertEqual((getattr(made, name), made.form["title"]), (10_000, "My cat"))
                made = self.limited(UPLOAD, MULTIPART)
                setattr(made, name, 1)
                with self.assertRaises(RequestEntityTooLarge):
                    made.form if name != "max_form_memory_size" else made.files  # noqa: B018
                delattr(made, name)
                self.assertEqual(getattr(made, name), getattr(self.limited(b"", None), name))
                made = self.limited(UPLOAD, MULTIPART, **{name.upper(): 1})
                setattr(made, name, None)
                self.assertEqual(made.form["title"], "My cat")

    def test_a_subclass_may_have_limits_too(self):
        class Small(Request):
            max_content_length = 1

        with self.assertRaises(RequestEntityTooLarge):
            Small(environ(b"12")).get_data()

    def test_without_an_application_they_are_what_the_documentation_says(self):
        made = request()
        self.assertEqual(
            (made.max_content_length, made.max_form_memory_size, made.max_form_parts), (None, 500_000, 1_000)
        )

    def test_a_body_that_is_too_large_is_so_for_whoever_asks(self):
        for read in [*READERS, lambda r: r.get_json(force=True, silent=True)]:
            for content_type in [FORM, "application/json", "text/plain", None]:
                with self.assertRaises(RequestEntityTooLarge):
                    read(self.limited(b"12345", content_type, MAX_CONTENT_LENGTH=4))

    def test_a_body_of_unknown_length_is_counted_while_it_is_read(self):
        keys = {"CONTENT_LENGTH": None, "wsgi__input_terminated": True}
        self.assertEqual(self.limited(b"12345", None, keys, MAX_CONTENT_LENGTH=5).get_data(), b"12345")
        with self.assertRaises(RequestEntityTooLarge) as caught:
            self.limited(b"12345", None, keys, MAX_CONTENT_LENGTH=4).get_data()
        self.assertIn("MAX_CONTENT_LENGTH", caught.exception.description)

    def test_many_urlencoded_fields_are_no_parts(self):
        body = b"&".join(b"f%d=1" % number for number in range(2_000))
        self.assertEqual(len(posted(body, FORM).form), 2_000)


class JSONTest(unittest.TestCase):
    """get_json: 415 for what does not say that it is JSON, 400 for what is none."""

    def test_a_body_is_read_once(self):
        made = posted(b'{"a": [1, "\xc3\xa4"]}', "application/json")
        self.assertEqual(made.json, {"a": [1, "ä"]})
        self.assertIs(made.json, made.get_json())
        self.assertIsNot(made.json, made.get_json(cache=False))

    def test_without_cache_it_is_read_from_the_data_that_was_kept(self):
        made = posted(b'{"a": 1}', "application/json")
        made.get_data()
        self.assertIsNot(made.get_json(cache=False), made.get_json(cache=False))
        made = posted(b'{"a": 1}', "application/json")
        self.assertEqual(made.get_json(cache=False), {"a": 1})
        with self.assertRaises(BadRequest):
            made.get_json()

    def test_another_media_type_is_415(self):
        for content_type in [None, "", "text/plain", FORM, "text/plain;application/json", "application/jsonx"]:
            with self.subTest(content_type):
                made = posted(b'{"a": 1}', content_type)
                with self.assertRaises(UnsupportedMediaType) as caught:
                    made.json  # noqa: B018
                self.assertIn("'application/json'", caught.exception.description)
                self.assertIsNone(made.get_json(silent=True))
                self.assertEqual(made.get_json(force=True), {"a": 1})

    def test_what_is_no_json_is_400(self):
        for body in [
            b"",
            b"{",
            b"{'a': 1}",
            b'"\xff"',
            b"\x00",
            b"[1, 2",
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"1" * 100_000,
            b"[-" + b"9" * 100_000 + b"]",
        ]:
            with self.subTest(body[:10]):
                made = posted(body, "application/json")
                self.assertIsNone(made.get_json(silent=True))
                with self.assertRaises(BadRequest) as caught:
                    made.get_json()
                self.assertEqual(caught.exception.code, 400)

    def test_a_reason_is_given_to_the_developer_alone(self):
        for debug, expected in [
            (True, "Failed to decode JSON object: Expecting value"),
            (False, "could not understand"),
        ]:
            with self.subTest(debug=debug):
                made = posted(b"<script>", "application/json")
                made.app = App("example")
                made.app.debug = debug
                with self.assertRaises(BadRequest) as caught:
                    made.json  # noqa: B018
                self.assertIn(expected, caught.exception.description)
                self.assertIsInstance(caught.exception.__cause__, ValueError)

    def test_a_failure_in_silence_is_heard_when_asked_aloud(self):
        made = posted(b"{", "application/json")
        self.assertIsNone(made.get_json(silent=True))
        with self.assertRaises(BadRequest):
            made.get_json()

    def test_null_is_a_value_and_kept_as_one(self):
        made = posted(b"null", "application/json")
        self.assertIsNone(made.json)
        self.assertIn("_json", made.__dict__)

    def test_a_subclass_may_decide_what_failure_means(self):
        class Lenient(Request):
            def on_json_loading_failed(self, e):
                return {"failed": type(e).__name__}

        self.assertEqual(Lenient(environ(b"{", CONTENT_TYPE="application/json")).json, {"failed": "JSONDecodeError"})
        self.assertEqual(Lenient(environ(b"{}")).json, {"failed": "NoneType"})

    def test_it_is_read_by_the_applications_json(self):
        made = posted(b"[1]", "application/json")
        made.app = App("example")
        made.app.json.loads = lambda data: ("read by the application", data)
        self.assertEqual(made.json, ("read by the application", b"[1]"))

    def test_it_is_read_by_the_module_that_is_set(self):
        class Shouting(Request):
            json_module = mock.Mock(loads=lambda data: data.upper())

        self.assertEqual(Shouting(environ(b"a", CONTENT_TYPE="application/json")).json, b"A")


class PlaceTest(unittest.TestCase):
    """What the application adds to a request."""

    def test_a_blueprint_is_what_stands_before_the_last_dot_of_the_endpoint(self):
        for endpoint, blueprint, blueprints in [
            ("index", None, []),
            ("admin.index", "admin", ["admin"]),
            ("admin.users.list", "admin.users", ["admin.users", "admin"]),
        ]:
            with self.subTest(endpoint):
                made = request()
                made.url_rule = mock.Mock(endpoint=endpoint)
                self.assertEqual((made.endpoint, made.blueprint, made.blueprints), (endpoint, blueprint, blueprints))

    def test_a_request_that_matched_nothing_has_none(self):
        made = request()
        self.assertEqual((made.endpoint, made.blueprint, made.blueprints), (None, None, []))
        self.assertEqual((made.app, made.url_rule, made.view_args, made.routing_exception), (None, None, None, None))


class ApplicationTest(unittest.TestCase):
    """Request.application: a WSGI application of a function."""

    def test_a_function_of_a_request_becomes_an_application(self):
        @Request.application
        def hello(request):
            """Greets."""
            return Response(f"Hello {request.args['name']}!")

        self.assertEqual(call(hello, QUERY_STRING="name=Ada")[2], b"Hello Ada!")
        self.assertEqual((hello.__name__, hello.__doc__), ("hello", "Greets."))

    def test_an_http_error_is_its_answer(self):
        @Request.application
        def fail(request):
            raise NotFound("There is none.")

        status, _, body = call(fail)
        self.assertEqual(status, "404 NOT FOUND")
        self.assertIn(b"There is none.", body)

    def test_a_method_becomes_one_too(self):
        class Greeter:
            name = "Ada"

            @Request.application
            def __call__(self, request):
                return Response(f"{self.name} at {request.path}")

        self.assertEqual(call(Greeter(), PATH_INFO="/x")[2], b"Ada at /x")

    def test_nothing_of_it_waits_for_the_collector(self):
        kept = []

        @Request.application
        def fail(request):
            kept.append(weakref.ref(request))
            raise NotFound

        gc.disable()
        self.addCleanup(gc.enable)
        call(fail)
        self.assertIsNone(kept[0]())

    def test_its_files_are_closed(self):
        kept = []

        @Request.application
        def upload(request):
            kept.append(request.files["photo"])
            return Response("ok")

        upload(environ(UPLOAD, CONTENT_TYPE=MULTIPART), lambda status, headers: None)
        self.assertTrue(kept[0].closed)


class DocumentedTest(unittest.TestCase):
    """The types that people rely on."""

    def test_containers_are_what_the_documentation_says(self):
        made = posted(b"a=1", FORM, QUERY_STRING="b=2", HTTP_COOKIE="c=3")
        for name in ["args", "form", "files", "cookies"]:
            with self.subTest(name):
                self.assertIsInstance(getattr(made, name), ImmutableMultiDict)
        self.assertEqual(json.dumps(made.values.to_dict(flat=False)), '{"b": ["2"], "a": ["1"]}')


if __name__ == "__main__":
    unittest.main()
