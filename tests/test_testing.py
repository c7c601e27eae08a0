"""Requests without a server: what is made of what a test asks for, and how far the client goes by itself."""

import gc
import io
import json
import os
import tempfile
import unittest
import warnings
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl
from wsgiref.validate import validator

from nanoweb import App, Request, Response, request
from nanoweb.datastructures import FileStorage, Headers, MultiDict
from nanoweb.testing import (
    Client,
    ClientRedirectError,
    Cookie,
    EnvironBuilder,
    TestResponse,
    create_environ,
    run_wsgi_app,
)


def keys(environ, names):
    return [environ.get(name) for name in names.split()]


@validator
def echo(environ, start_response):
    """Answers with what was asked; with ?to= a redirect, with ?set= a cookie."""
    asked = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    headers = [
        ("Content-Type", "application/json"),
        *[("Set-Cookie", value) for name, value in asked if name == "set"],
    ]
    to = dict(asked).get("to")
    if to is not None and environ["PATH_INFO"] != "/end":
        start_response(f"{dict(asked).get('code', 302)} Go on", [*headers, ("Location", to)])
        return [b"elsewhere"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    names = "REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING HTTP_HOST HTTP_COOKIE CONTENT_TYPE HTTP_X_OWN"
    answer = {name: environ.get(name) for name in names.split()}
    answer["body"] = environ["wsgi.input"].read(length).decode("latin-1")
    start_response("200 OK", headers)
    return [json.dumps(answer).encode()]


class AddressTest(unittest.TestCase):
    """EnvironBuilder: the path, the base address, the query string."""

    def test_a_path_is_below_the_base_address(self):
        names = "wsgi.url_scheme HTTP_HOST SERVER_NAME SERVER_PORT SCRIPT_NAME PATH_INFO QUERY_STRING"
        for path, base, expected in [
            ("/", None, ["http", "localhost", "localhost", "80", "", "/", ""]),
            ("/x?a=1", "https://a.example/app/", ["https", "a.example", "a.example", "443", "/app", "/x", "a=1"]),
            ("/x", "http://a.example:8080", ["http", "a.example:8080", "a.example", "8080", "", "/x", ""]),
            ("/x", "http://[::1]:5000/", ["http", "[::1]:5000", "::1", "5000", "", "/x", ""]),
            ("/x", "http://[::1]/", ["http", "[::1]", "::1", "80", "", "/x", ""]),
            ("/x", "wss://A.Example", ["wss", "a.example", "a.example", "443", "", "/x", ""]),
            ("/x", "http://me:pw@a.example/", ["http", "a.example", "a.example", "80", "", "/x", ""]),
            (
                "/x",
                "http://bücher.example/ä",
                ["http", "xn--bcher-kva.example", "xn--bcher-kva.example", "80", "/\xc3\xa4", "/x", ""],
            ),
            ("https://a.example:1/x?b=2", None, ["https", "a.example:1", "a.example", "1", "", "/x", "b=2"]),
            ("http://a.example", None, ["http", "a.example", "a.example", "80", "", "/", ""]),
            ("http://a.example?b=2#c", None, ["http", "a.example", "a.example", "80", "", "/", "b=2"]),
            ("//a.example/x", None, ["http", "localhost", "localhost", "80", "", "//a.example/x", ""]),
            ("/http://a.example/x", None, ["http", "localhost", "localhost", "80", "", "/http://a.example/x", ""]),
        ]:
            with self.subTest(path=path, base=base):
                self.assertEqual(keys(create_environ(path, base), names), expected)

    def test_a_path_is_written_as_bytes_and_quoted_where_a_server_quotes_it(self):
        for path, info, target in [
            ("/größe", "/gr\xc3\xb6\xc3\x9fe", "/gr%C3%B6%C3%9Fe"),
            ("/a b", "/a b", "/a%20b"),
            ("/a%20b%2Fc", "/a b/c", "/a%20b%2Fc"),
            ("/%E4", "/\xe4", "/%E4"),
            ("/%zz", "/%zz", "/%zz"),
            ("/x#fragment", "/x", "/x"),
            ("/x?a=1#fragment", "/x", "/x?a=1"),
            ("", "", ""),
        ]:
            with self.subTest(path):
                environ = create_environ(path)
                self.assertEqual(keys(environ, "PATH_INFO REQUEST_URI RAW_URI"), [info, target, target])

    def test_a_query_string_may_be_given_in_several_ways(self):
        for query, expected in [
            (None, ""),
            ("", ""),
            ("a=1&b=%C3%A4", "a=1&b=%C3%A4"),
            ("q=ä b", "q=%C3%A4%20b"),
            (b"a=1", "a=1"),
            ({"a": 1, "b": "ä &"}, "a=1&b=%C3%A4+%26"),
            ({"a": ["1", "2"], "b": None}, "a=1&a=2"),
            ([("a", "1"), ("a", "2")], "a=1&a=2"),
            (MultiDict([("a", "1"), ("a", "2")]), "a=1&a=2"),
        ]:
            with self.subTest(query):
                self.assertEqual(create_environ(query_string=query)["QUERY_STRING"], expected)
                if expected:
                    self.assertEqual(create_environ("/?x=0", query_string=query)["QUERY_STRING"], f"x=0&{expected}")

    def test_a_base_address_that_is_none_is_an_error(self):
        for base, said in [
            ("http://a.example/?x=1", "query string or a fragment"),
            ("http://a.example/#x", "query string or a fragment"),
            ("a.example", "a scheme and a host"),
            ("/app", "a scheme and a host"),
            ("//a.example/", "a scheme and a host"),
            ("http://a.example:port/", ""),
            ("http://a.example:99999/", ""),
        ]:
            with self.subTest(base), self.assertRaisesRegex(ValueError, said):
                create_environ("/", base)

    def test_an_application_says_what_the_base_address_is(self):
        app = App("example")
        app.config.update(SERVER_NAME="a.example:1", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
        for path, keywords, expected in [
            ("/x", {}, ["https", "a.example:1", "/root", "/x"]),
            ("/x", {"subdomain": "api"}, ["https", "api.a.example:1", "/root", "/x"]),
            ("/x", {"url_scheme": "http"}, ["http", "a.example:1", "/root", "/x"]),
            ("/x", {"base_url": "http://b.example/own"}, ["http", "b.example", "/own", "/x"]),
            ("http://c.example/x?q", {}, ["http", "c.example", "/root", "/x"]),
            ("http://c.example/root/x?q", {}, ["http", "c.example", "/root", "/x"]),
            ("/root/x", {}, ["https", "a.example:1", "/root", "/root/x"]),
        ]:
            with self.subTest(path=path, keywords=keywords):
                environ = EnvironBuilder.for_app(app, path, **keywords).get_environ()
                self.assertEqual(keys(environ, "wsgi.url_scheme HTTP_HOST SCRIPT_NAME PATH_INFO"), expected)
        for keywords in [{"subdomain": "api"}, {"url_scheme": "http"}]:
            with self.subTest(keywords), self.assertRaisesRegex(ValueError, "base_url says it all"):
                EnvironBuilder.for_app(app, "/", "http://b.example", **keywords)

    def test_an_application_says_how_json_is_written(self):
        app = App("example")
        day = datetime(1994, 11, 6, tzinfo=timezone.utc)
        environ = EnvironBuilder.for_app(app, json={"day": day}).get_environ()
        self.assertEqual(Request(environ).json, {"day": "Sun, 06 Nov 1994 00:00:00 GMT"})


class EnvironTest(unittest.TestCase):
    """EnvironBuilder: the rest of the environ."""

    def test_the_validator_finds_nothing_wrong(self):
        for keywords in [
            {},
            {"method": "POST", "data": {"a": "1"}},
            {"method": "PUT", "json": [1], "headers": {"X-Own": "1"}},
            {"method": "POST", "data": {"f": (io.BytesIO(b"x"), "x.txt")}},
            {"method": "HEAD", "query_string": "a=1"},
            {"method": "POST", "input_stream": io.BytesIO(b"stream"), "content_type": "text/plain"},
        ]:
            with self.subTest(keywords):
                body, status, _ = run_wsgi_app(echo, create_environ(**keywords))
                body.close()
                self.assertEqual(status, "200 OK")

    def test_fields_become_keys(self):
        environ = create_environ(
            headers=[
                ("X-Own", "1"),
                ("x-own", "2"),
                ("Content-Type", "text/x"),
                ("Host", "b.example"),
                ("Cookie", "a=1"),
            ]
        )
        self.assertEqual(
            keys(environ, "HTTP_X_OWN CONTENT_TYPE HTTP_HOST HTTP_COOKIE HTTP_CONTENT_TYPE"),
            ["1, 2", "text/x", "b.example", "a=1", None],
        )

    def test_the_fields_that_were_given_are_not_changed(self):
        headers = Headers([("X-Own", "1")])
        create_environ(headers=headers, json=1, content_type="text/x")
        self.assertEqual(list(headers), [("X-Own", "1")])

    def test_some_keys_can_be_overwritten_and_some_win(self):
        environ = create_environ(
            "/x",
            headers={"X-Own": "field"},
            environ_base={"REMOTE_ADDR": "10.0.0.1", "PATH_INFO": "/base", "HTTP_X_OWN": "base"},
            environ_overrides={"PATH_INFO": "/wins", "wsgi.input_terminated": True},
        )
        self.assertEqual(
            keys(environ, "REMOTE_ADDR PATH_INFO HTTP_X_OWN wsgi.input_terminated"),
            ["10.0.0.1", "/wins", "field", True],
        )

    def test_a_server_may_be_of_any_kind(self):
        errors = io.StringIO()
        environ = create_environ(errors_stream=errors, multithread=True, multiprocess=True, run_once=True)
        names = "wsgi.multithread wsgi.multiprocess wsgi.run_once wsgi.errors"
        self.assertEqual(keys(environ, names), [True, True, True, errors])

    def test_the_method_is_in_capitals(self):
        self.assertEqual(create_environ(method="post")["REQUEST_METHOD"], "POST")

    def test_each_environ_has_a_body_of_its_own(self):
        for keywords in [{"data": "text"}, {"json": [1]}, {"data": {"a": "1"}}]:
            builder = EnvironBuilder(**keywords)
            bodies = [builder.get_environ()["wsgi.input"].read() for _ in range(2)]
            self.assertEqual(bodies[0], bodies[1])
            self.assertTrue(bodies[0])

    def test_a_request_can_be_of_any_class(self):
        class Own(Request):
            pass

        self.assertIs(type(EnvironBuilder("/x").get_request(Own)), Own)
        self.assertEqual(EnvironBuilder("/x").get_request().path, "/x")


class BodyTest(unittest.TestCase):
    """EnvironBuilder: data, json and input_stream."""

    def made(self, **keywords):
        environ = create_environ(method="POST", **keywords)
        return *keys(environ, "CONTENT_TYPE CONTENT_LENGTH"), environ["wsgi.input"].read()

    def sent(self, **keywords):
        """What a view finds in form and files."""
        with Request(create_environ(method="POST", **keywords)) as made:
            files = [(name, f.filename, f.content_type, f.read()) for name, f in made.files.items(multi=True)]
            return list(made.form.items(multi=True)), files

    def test_data_may_be_a_body(self):
        for data, length, body in [
            ("größe", "7", "größe".encode()),
            (b"\xff", "1", b"\xff"),
            (bytearray(b"ab"), "2", b"ab"),
            (io.BytesIO(b"open file"), "9", b"open file"),
            ("", None, b""),
            (b"", None, b""),
            (None, None, b""),
        ]:
            with self.subTest(repr(data)):
                self.assertEqual(self.made(data=data), (None, length, body))

    def test_data_may_be_fields_of_a_form(self):
        urlencoded = "application/x-www-form-urlencoded"
        for data, expected in [
            ({"a": "1", "b": "ä &"}, (urlencoded, "16", b"a=1&b=%C3%A4+%26")),
            ({"a": ["1", 2], "b": True}, (urlencoded, "14", b"a=1&a=2&b=True")),
            (MultiDict([("a", "1"), ("a", "2")]), (urlencoded, "7", b"a=1&a=2")),
            ([("a", "1"), ("a", "2")], (urlencoded, "7", b"a=1&a=2")),
            ({"a": b"\xff", "b": None}, (urlencoded, "5", b"a=%FF")),
            ({}, (None, None, b"")),
            ({"a": []}, (None, None, b"")),
        ]:
            with self.subTest(repr(data)):
                self.assertEqual(self.made(data=data), expected)

    def test_a_file_makes_it_multipart(self):
        named = io.BytesIO(b"x")
        named.name = "named.css"
        for value, file in [
            ((io.BytesIO(b"x"), "x.txt"), ("x.txt", "text/plain")),
            ((io.BytesIO(b"x"), "x.txt", "text/own"), ("x.txt", "text/own")),
            ((io.BytesIO(b"x"), "größe.unknown"), ("größe.unknown", "application/octet-stream")),
            (FileStorage(io.BytesIO(b"x"), "x.html"), ("x.html", "text/html")),
            (FileStorage(io.BytesIO(b"x"), "x.html", content_type="text/own"), ("x.html", "text/own")),
            (named, ("named.css", "text/css")),
        ]:
            with self.subTest(file):
                self.assertEqual(self.sent(data={"f": value, "a": "ä"}), ([("a", "ä")], [("f", *file, b"x")]))

    def test_a_field_may_have_several_files(self):
        files = self.sent(data={"f": [(io.BytesIO(b"1"), "1.bin"), (io.BytesIO(b"2"), "2.bin")]})[1]
        self.assertEqual([(name, content) for _, name, _, content in files], [("1.bin", b"1"), ("2.bin", b"2")])

    def test_a_file_may_be_given_by_its_path_and_is_closed(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.txt")
            with open(path, "wb") as file:
                file.write(b"on disk")
            self.assertEqual(
                self.sent(data={"f": (path, "own.txt")})[1], [("f", "own.txt", "text/plain", b"on disk")]
            )
            self.assertEqual(self.sent(data={"f": (path,)})[1], [("f", path, "text/plain", b"on disk")])
            with self.assertRaises(FileNotFoundError):
                self.sent(data={"f": (os.path.join(folder, "none"), "x")})

    def test_files_are_closed(self):
        files = [io.BytesIO(b"1"), io.BytesIO(b"2")]
        self.sent(data={"f": [(files[0], "1"), (files[1], "2")]})
        self.assertEqual([file.closed for file in files], [True, True])

    def test_a_form_can_be_asked_for_as_multipart(self):
        for keywords in [
            {"content_type": "multipart/form-data"},
            {"mimetype": "multipart/form-data"},
            {"headers": {"Content-Type": "multipart/form-data; boundary=own"}},
        ]:
            with self.subTest(keywords):
                self.assertEqual(
                    self.sent(data={"a": "ä", "b": b"by", "c": None}, **keywords)[0], [("a", "ä"), ("b", "by")]
                )
                self.assertTrue(
                    self.made(data={"a": "1"}, **keywords)[0].startswith("multipart/form-data; boundary=")
                )

    def test_a_form_may_be_changed_until_it_is_sent(self):
        builder = EnvironBuilder(method="POST", data={"a": "1"})
        builder.form.add("b", "2")
        self.assertEqual(builder.get_request().form.to_dict(), {"a": "1", "b": "2"})
        builder.files.add("f", FileStorage(io.BytesIO(b"x"), "x.bin"))
        with builder.get_request() as made:
            self.assertEqual((made.form["b"], made.files["f"].read()), ("2", b"x"))

    def test_a_form_is_not_sent_as_something_else_and_that_is_said(self):
        for keywords in [{"content_type": "text/x"}, {"headers": {"Content-Type": "text/x"}}]:
            with self.subTest(keywords), self.assertWarnsRegex(UserWarning, "form fields are not sent as 'text/x'"):
                self.assertEqual(self.made(data={"a": "1"}, **keywords), ("text/x", None, b""))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.made(data={}, content_type="text/x")

    def test_what_is_no_body_is_an_error(self):
        for data, said in [
            (5, "is no body"),
            ({"a": {"b": 1}}, "form field 'a' is"),
            ({"a": {"b"}}, "form field 'a' is"),
            ({"f": (b"bytes", "x.txt")}, "neither an open file nor the path of one"),
        ]:
            with self.subTest(data), self.assertRaisesRegex(TypeError, said):
                self.made(data=data)
        for keywords in [
            {"json": 1, "data": "x"},
            {"data": "x", "input_stream": io.BytesIO()},
            {"json": 1, "input_stream": io.BytesIO()},
        ]:
            with self.subTest(keywords), self.assertRaisesRegex(TypeError, "a request has one body"):
                self.made(**keywords)

    def test_json_is_sent_as_json(self):
        for keywords, content_type in [
            ({}, "application/json"),
            ({"content_type": "application/x+json"}, "application/x+json"),
            ({"mimetype": "application/x+json"}, "application/x+json"),
            ({"headers": {"Content-Type": "text/x"}}, "text/x"),
        ]:
            with self.subTest(keywords):
                self.assertEqual(self.made(json={"a": 1}, **keywords), (content_type, "8", b'{"a": 1}'))
        for value, body in [([], b"[]"), (0, b"0"), ("", b'""'), (False, b"false")]:
            with self.subTest(value):
                self.assertEqual(self.made(json=value)[2], body)
        self.assertEqual(self.made(json=None), (None, None, b""))

    def test_a_media_type_of_text_gets_the_charset(self):
        for keywords, expected in [
            ({"mimetype": "text/plain"}, "text/plain; charset=utf-8"),
            ({"mimetype": "image/png"}, "image/png"),
            ({"content_type": "text/plain"}, "text/plain"),
            ({"content_type": "text/q", "mimetype": "text/plain"}, "text/plain; charset=utf-8"),
            ({"content_type": "text/q", "headers": {"Content-Type": "text/x"}}, "text/q"),
        ]:
            with self.subTest(keywords):
                self.assertEqual(EnvironBuilder(**keywords).content_type, expected)
                self.assertEqual(self.made(data="x", **keywords)[0], expected)

    def test_a_body_is_counted_whatever_is_said_of_it(self):
        self.assertEqual(self.made(data="12345", content_length=2)[1], "5")
        self.assertEqual(self.made(data="12345", headers={"Content-Length": "2"})[1], "5")
        self.assertEqual(self.made(content_length=7)[1], "7")
        environ = create_environ(data="12345", environ_overrides={"CONTENT_LENGTH": "2"})
        self.assertEqual(environ["CONTENT_LENGTH"], "2")

    def test_a_stream_is_sent_from_where_it_stands(self):
        stream = io.BytesIO(b"0123456789")
        stream.seek(4)
        self.assertEqual(self.made(input_stream=stream), (None, "6", b"456789"))

        class Socket(io.BytesIO):
            def seekable(self):
                return False

        self.assertEqual(self.made(input_stream=Socket(b"abc"), content_length=2), (None, "2", b"abc"))
        self.assertEqual(self.made(input_stream=Socket(b"abc")), (None, None, b"abc"))


class CookieTest(unittest.TestCase):
    """The client keeps cookies as a browser does (RFC 6265)."""

    def setUp(self):
        self.client = Client(echo)

    def sent(self, path="/", base="http://localhost", **keywords):
        """The Cookie field of a request."""
        return self.client.get(path, base, **keywords).json["HTTP_COOKIE"]

    def test_a_cookie_is_sent_back_until_it_is_dropped(self):
        self.assertIsNone(self.sent(query_string={"set": "a=1; Path=/"}))
        self.assertEqual(self.sent(), "a=1")
        self.assertEqual(self.sent(query_string={"set": "a=2; Path=/"}), "a=1")
        self.assertEqual(self.sent(), "a=2")
        self.sent(query_string={"set": "a=; Path=/; Max-Age=0"})
        self.assertIsNone(self.sent())

    def test_a_date_that_is_past_drops_it_but_for_max_age(self):
        ago = "Thu, 01 Jan 1970 00:00:00 GMT"
        for attributes, kept in [
            (f"Expires={ago}", False),
            ("Expires=Sun, 06 Nov 1994 08:49:37 GMT", False),
            ("Expires=Fri, 01 Jan 2199 00:00:00 GMT", True),
            ("Expires=nonsense", True),
            (f"Expires={ago}; Max-Age=60", True),
            ("Max-Age=0", False),
            ("Max-Age=-1", False),
            ("max-age=60", True),
            ("Max-Age=soon", True),
            ("Max-Age=", True),
            ("", True),
        ]:
            with self.subTest(attributes):
                self.client = Client(echo)
                self.client.set_cookie("a", "old")
                self.sent(query_string={"set": f"a=new; Path=/; {attributes}"})
                self.assertEqual(self.sent(), "a=new" if kept else None)

    def test_it_is_sent_to_its_path_and_below(self):
        for attributes, paths in [
            ("Path=/x", {"/x": True, "/x/": True, "/x/y": True, "/xy": False, "/": False}),
            ("Path=/x/", {"/x/y": True, "/x": False}),
            ("Path=/", {"/": True, "/x/y": True}),
            ("", {"/dir/page": True, "/dir/other": True, "/": False, "/directory": False}),
            ("Path=relative", {"/dir/other": True, "/": False}),
            ("Path=/gr%C3%B6", {"/grö": True, "/gr%C3%B6/x": True}),
        ]:
            for path, is_sent in paths.items():
                with self.subTest(attributes=attributes, path=path):
                    self.client = Client(echo)
                    self.sent("/dir/page", query_string={"set": f"a=1; {attributes}"})
                    self.assertEqual(self.sent(path), "a=1" if is_sent else None)

    def test_where_the_application_is_mounted_is_part_of_the_path(self):
        self.sent("/x", "http://localhost/app", query_string={"set": "a=1; Path=/app"})
        self.assertEqual(self.sent("/y", "http://localhost/app"), "a=1")
        self.assertIsNone(self.sent("/y"))

    def test_it_is_sent_to_its_host_and_with_a_domain_to_hosts_below(self):
        for attributes, hosts in [
            ("", {"a.example": True, "A.EXAMPLE:5000": True, "www.a.example": False, "ba.example": False}),
            ("Domain=a.example", {"a.example": True, "www.a.example": True, "ba.example": False}),
            ("Domain=.A.example", {"a.example": True, "www.a.example": True, "example": False}),
            ("Domain=b.example", {"b.example": True, "a.example": False}),
        ]:
            for host, is_sent in hosts.items():
                with self.subTest(attributes=attributes, host=host):
                    self.client = Client(echo)
                    self.sent("/", "http://a.example", query_string={"set": f"a=1; Path=/; {attributes}"})
                    self.assertEqual(self.sent("/", f"http://{host}"), "a=1" if is_sent else None)

    def test_a_host_may_be_an_address(self):
        for host in ["127.0.0.1:5000", "[::1]:5000", "[::1]"]:
            with self.subTest(host):
                self.sent("/", f"http://{host}", query_string={"set": "a=1; Path=/"})
                self.assertEqual(self.sent("/", f"http://{host}"), "a=1")

    def test_those_of_longer_paths_come_first(self):
        self.client.set_cookie("a", "1")
        self.client.set_cookie("a", "2", path="/x")
        self.assertEqual(self.sent("/x"), "a=2; a=1")
        self.assertEqual(self.sent("/"), "a=1")

    def test_an_own_cookie_field_comes_before_those_of_the_jar(self):
        self.client.set_cookie("a", "1")
        self.assertEqual(self.sent(headers={"Cookie": "own=1"}), "own=1; a=1")

    def test_what_is_no_cookie_is_ignored(self):
        for field in ["=x; Path=/", "", "; Path=/"]:
            with self.subTest(field):
                self.sent(query_string={"set": field})
                self.assertIsNone(self.sent())

    def test_the_jar_can_be_read_and_changed(self):
        self.client.set_cookie("a", "b;c ä", domain="a.example", path="/x", max_age=60, secure=True, samesite="Lax")
        cookie = self.client.get_cookie("a", "a.example", "/x")
        self.assertEqual((cookie.value, cookie.decoded_value), ('"b\\073c \\303\\244"', "b;c ä"))
        self.assertEqual(
            (cookie.max_age, cookie.secure, cookie.http_only, cookie.same_site), (60, True, False, "Lax")
        )
        self.assertEqual((cookie.domain, cookie.path, cookie.origin_only), ("a.example", "/x", True))
        self.assertIsNone(self.client.get_cookie("a"))
        self.client.delete_cookie("a", domain="a.example", path="/x")
        self.assertIsNone(self.client.get_cookie("a", "a.example", "/x"))
        self.client.delete_cookie("never there")

    def test_a_cookie_tells_when_it_ends(self):
        self.client.set_cookie("a", expires=datetime(2199, 1, 1, tzinfo=timezone.utc), httponly=True)
        cookie = self.client.get_cookie("a")
        self.assertEqual(cookie.expires, datetime(2199, 1, 1, tzinfo=timezone.utc))
        self.assertEqual((cookie.http_only, cookie.max_age, cookie.is_expired), (True, None, False))
        self.client.set_cookie("a", max_age=timedelta(0))
        self.assertIsNone(self.client.get_cookie("a"))
        self.assertEqual(repr(Cookie("a", "1", "localhost", "/x", True, {})), "<Cookie a='1' of localhost/x>")

    def test_a_cookie_may_go_to_subdomains(self):
        self.client.set_cookie("a", "1", domain="a.example", origin_only=False)
        self.assertEqual(self.sent("/", "http://www.a.example"), "a=1")

    def test_a_client_may_do_without(self):
        self.client = Client(echo, use_cookies=False)
        self.sent(query_string={"set": "a=1; Path=/"})
        self.assertIsNone(self.sent())
        self.assertEqual(self.sent(headers={"Cookie": "own=1"}), "own=1")
        for what in [
            lambda: self.client.set_cookie("a"),
            lambda: self.client.get_cookie("a"),
            lambda: self.client.delete_cookie("a"),
        ]:
            with self.assertRaisesRegex(TypeError, "use_cookies=False"):
                what()


class RedirectTest(unittest.TestCase):
    """follow_redirects: to where a browser would go (RFC 9110, section 15.4)."""

    def follow(self, to, code=302, path="/dir/page", base="http://localhost", client=None, **keywords):
        query = {"to": to, "code": code}
        return (client or Client(echo)).open(path, base, query_string=query, follow_redirects=True, **keywords)

    def test_it_goes_where_the_location_says(self):
        for to, expected in [
            ("/end", ["localhost", "", "/end", ""]),
            ("/end?a=1#fragment", ["localhost", "", "/end", "a=1"]),
            ("/end#fragment", ["localhost", "", "/end", ""]),
            ("end", ["localhost", "", "/dir/end", ""]),
            ("../end", ["localhost", "", "/end", ""]),
            ("http://localhost/end", ["localhost", "", "/end", ""]),
            ("http://LOCALHOST:80/end", ["localhost:80", "", "/end", ""]),
            ("http://me:pw@localhost/end", ["localhost", "", "/end", ""]),
            ("//localhost/end", ["localhost", "", "/end", ""]),
            ("/gr%C3%B6%C3%9Fe%20x", ["localhost", "", "/gr\xc3\xb6\xc3\x9fe x", ""]),
            ("/end?q=%C3%A4", ["localhost", "", "/end", "q=%C3%A4"]),
        ]:
            with self.subTest(to):
                response = self.follow(to)
                found = [response.json[name] for name in ["HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"]]
                self.assertEqual(found, expected)

    def test_the_method_and_the_body_stay_for_some_statuses(self):
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE"]:
            for code in [301, 302, 303, 305, 307, 308]:
                with self.subTest(method=method, code=code):
                    response = self.follow("/end", code, method=method, data={"a": "1"}, headers={"X-Own": "1"})
                    kept = code in (307, 308)
                    self.assertEqual(
                        [response.json[name] for name in ["REQUEST_METHOD", "body", "CONTENT_TYPE", "HTTP_X_OWN"]],
                        [method, "a=1", "application/x-www-form-urlencoded", "1"]
                        if kept
                        else ["HEAD" if method == "HEAD" else "GET", "", None, "1"],
                    )

    def test_a_body_is_sent_again_from_its_start(self):
        @Request.application
        def app(request):
            data = request.get_data(as_text=True)
            return Response(data) if request.path == "/end" else Response("", 307, {"Location": "/end"})

        for keywords in [{"data": "text"}, {"json": "text"}, {"input_stream": io.BytesIO(b"text")}]:
            with self.subTest(keywords):
                self.assertIn("text", Client(app).post("/", follow_redirects=True, **keywords).text)

    def test_other_statuses_are_no_redirects(self):
        for code in [200, 300, 306, 404]:
            with self.subTest(code):
                self.assertEqual(self.follow("/end", code).status_code, code)

    def test_a_redirect_to_nowhere_is_the_answer(self):
        self.assertEqual(self.follow("").status_code, 302)
        response = Client(Response("", 302)).get("/", follow_redirects=True)
        self.assertEqual((response.status_code, response.history), (302, ()))

    def test_where_the_application_is_mounted_stays_unless_it_is_left(self):
        for to, root, path in [
            ("/app/end", "/app", "/end"),
            ("/app", "/app", ""),
            ("/application", "", "/application"),
            ("/end", "", "/end"),
            ("end", "/app", "/dir/end"),
        ]:
            with self.subTest(to):
                found = self.follow(to, base="http://localhost/app").json
                self.assertEqual((found["SCRIPT_NAME"], found["PATH_INFO"]), (root, path))
        found = self.follow("/gr%C3%B6/end", base="http://localhost/grö").json
        self.assertEqual((found["SCRIPT_NAME"], found["PATH_INFO"]), ("/gr\xc3\xb6", "/end"))

    def test_another_site_is_not_followed_to(self):
        for to in [
            "http://other.example/",
            "//other.example/",
            "http://notlocalhost/",
            "mailto:me",
            "http://a.localhost/",
        ]:
            with self.subTest(to), self.assertRaisesRegex(RuntimeError, "redirected to"):
                self.follow(to)

    def test_a_subdomain_is_followed_to_if_allowed(self):
        with self.assertRaisesRegex(RuntimeError, "allow_subdomain_redirects=True"):
            self.follow("http://www.localhost/end")
        client = Client(echo, allow_subdomain_redirects=True)
        self.assertEqual(self.follow("http://www.localhost/end", client=client).json["HTTP_HOST"], "www.localhost")
        with self.assertRaisesRegex(RuntimeError, "another site"):
            self.follow("http://other.example/", client=client)

    def test_cookies_are_kept_on_the_way(self):
        client = Client(echo)
        query = [("to", "/end"), ("set", "a=1; Path=/"), ("set", "b=2; Path=/other")]
        self.assertEqual(client.get("/", query_string=query, follow_redirects=True).json["HTTP_COOKIE"], "a=1")

    def test_the_history_holds_the_responses_on_the_way(self):
        response = self.follow("/a?to=/b%3Fto=/end", 303)
        self.assertEqual([one.status_code for one in response.history], [303, 302, 302])
        self.assertEqual([one.request.path for one in response.history], ["/dir/page", "/a", "/b"])
        self.assertEqual((response.request.path, response.history[0].text), ("/end", "elsewhere"))

    def test_an_endless_way_is_an_error(self):
        for to in ["/", "?a=1", "#top"]:
            with self.subTest(to), self.assertRaisesRegex(ClientRedirectError, "20 redirects, the last one to"):
                Client(Response("", 302, {"Location": to})).get("/", follow_redirects=True)

    def test_it_goes_nowhere_unless_asked(self):
        response = Client(echo).get("/?to=/end")
        self.assertEqual((response.status_code, response.location), (302, "/end"))


class ClientTest(unittest.TestCase):
    """Sending requests, and the response that a test gets."""

    def test_each_method_has_its_function(self):
        client = Client(echo)
        for method in ["get", "post", "put", "delete", "patch", "options", "head", "trace"]:
            with self.subTest(method):
                response = getattr(client, method)("/x", headers={"X-Own": "1"})
                self.assertEqual(response.json["REQUEST_METHOD"], method.upper())
                self.assertEqual((response.json["PATH_INFO"], response.json["HTTP_X_OWN"]), ("/x", "1"))

    def test_what_to_send_may_be_given_in_several_ways(self):
        builder = EnvironBuilder("/x", method="PUT", data="body")
        for what in [builder, builder.get_request(), builder.get_environ()]:
            with self.subTest(type(what).__name__):
                answer = Client(echo).open(what).json
                self.assertEqual(
                    (answer["REQUEST_METHOD"], answer["PATH_INFO"], answer["body"]), ("PUT", "/x", "body")
                )

    def test_a_request_says_where_it_comes_from(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: [request.remote_addr, request.headers["User-Agent"]])
        client = app.test_client()
        self.assertEqual(client.get("/").json, ["127.0.0.1", "nanoweb"])
        client.environ_base["REMOTE_ADDR"] = "10.0.0.1"
        self.assertEqual(client.get("/", environ_base={"HTTP_USER_AGENT": "curl"}).json, ["10.0.0.1", "curl"])

    def test_the_response_tells_what_was_asked(self):
        response = Client(echo).post("/x?a=1", data={"b": "2"})
        self.assertIsInstance(response, TestResponse)
        self.assertEqual((response.request.path, response.request.args["a"], response.history), ("/x", "1", ()))
        self.assertIn("<TestResponse", repr(response))

    def test_the_body_is_bytes_text_or_json(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: {"a": "ä"})
        response = app.test_client().get("/")
        self.assertEqual((response.json, response.get_json()), ({"a": "ä"}, {"a": "ä"}))
        self.assertEqual((response.text, response.data), ('{"a":"\\u00e4"}\n', b'{"a":"\\u00e4"}\n'))

    def test_json_is_read_by_the_applications_json(self):
        app = App("example")
        app.add_url_rule("/", "view", dict)
        app.json.loads = lambda data: ("read by the application", data)
        self.assertEqual(app.test_client().get("/").json, ("read by the application", b"{}\n"))

    def test_nothing_is_added_to_what_the_application_sent(self):
        def bare(environ, start_response):
            start_response("200 OK", [("X", "1")])
            return [b"x"]

        response = Client(bare).get("/")
        self.assertEqual(
            (list(response.headers), response.content_type, response.is_json), ([("X", "1")], None, False)
        )

    def test_a_stream_runs_while_it_is_read_and_is_closed_then(self):
        log = []

        def endless(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            try:
                while True:
                    log.append("block")
                    yield b"x"
            finally:
                log.append("closed")

        response = Client(endless).get("/")
        self.assertEqual(log, ["block"])
        response.close()
        self.assertEqual(log, ["block", "closed"])
        log.clear()
        blocks = Client(endless).get("/").iter_encoded()
        self.assertEqual([next(blocks), next(blocks), *log], [b"x", b"x", "block", "block"])
        del blocks
        gc.collect()  # where it is not noticed at once
        self.assertEqual(log, ["block", "block", "closed"])

        class Body:
            def __iter__(self):
                return iter([b"a", b"b"])

            def close(self):
                closed.append(True)

        def finite(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return Body()

        for buffered in [True, False]:
            with self.subTest(buffered=buffered):
                closed = []
                response = Client(finite).get("/", buffered=buffered)
                self.assertEqual(closed, [True] if buffered else [])
                self.assertEqual((response.text, response.data, closed), ("ab", b"ab", [True]))
                response.close()
                self.assertEqual(closed, [True])

    def test_a_response_may_be_of_another_class(self):
        class Own(Response):
            def shout(self):
                return self.get_data(as_text=True).upper()

        class OwnTest(TestResponse):
            pass

        response = Client(echo, Own).get("/x")
        self.assertIsInstance(response, Own)
        self.assertIsInstance(response, TestResponse)
        self.assertIn('"PATH_INFO": "/X"', response.shout())
        self.assertIs(type(Client(echo, OwnTest).get("/")), OwnTest)

    def test_a_bad_host_reaches_the_application(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: request.host)
        for host in ["a b", "a/b", "[", "[::1", "<x>", ""]:
            with self.subTest(host):
                self.assertIn(app.test_client().get("/", headers={"Host": host}).status_code, (200, 400))

    def test_a_client_may_be_used_in_a_with_statement(self):
        with Client(echo) as client:
            self.assertEqual(client.get("/").status_code, 200)
        self.assertIn("<Client of ", repr(client))

    def test_an_error_of_the_application_reaches_the_test(self):
        def broken(environ, start_response):
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            Client(broken).get("/")


if __name__ == "__main__":
    unittest.main()
