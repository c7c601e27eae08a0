"""A request made to order: the address, the fields, the body, and back from an environ to what makes it."""

import gc
import io
import os
import tempfile
import unittest
import warnings
from datetime import datetime, timezone
from wsgiref.validate import validator

from nanoweb import App, Request
from nanoweb.credentials import Authorization
from nanoweb.dicts import MultiDict
from nanoweb.environs import AppEnvironBuilder, EnvironBuilder, create_environ, encode_multipart
from nanoweb.fields import Headers
from nanoweb.uploads import FileMultiDict, FileStorage
from nanoweb.wsgi import run_wsgi_app


def keys(environ, names):
    return [environ.get(name) for name in names.split()]


@validator
def accept(environ, start_response):
    """Answers 204 to whatever the validator lets pass."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("204 No Content", [])
    return []


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
            ("/x", "/app/", ["http", "localhost", "localhost", "80", "/app", "/x", ""]),
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
            ({"next": "/x?a=1;b"}, "next=/x?a%3D1;b"),
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
            ("http://c.example/x?q=1", {}, ["http", "c.example", "/root", "/x"]),
            ("http://c.example/root/x?q=1", {}, ["http", "c.example", "/root", "/x"]),
            ("/root/x", {}, ["https", "a.example:1", "/root", "/root/x"]),
        ]:
            with self.subTest(path=path, keywords=keywords):
                environ = AppEnvironBuilder(app, path, **keywords).get_environ()
                self.assertEqual(keys(environ, "wsgi.url_scheme HTTP_HOST SCRIPT_NAME PATH_INFO"), expected)
                self.assertEqual(environ["QUERY_STRING"], "q=1" if "q=1" in path else "")
        environ = AppEnvironBuilder(App("example"), "http://c.example/").get_environ()
        self.assertEqual(keys(environ, "HTTP_HOST SCRIPT_NAME PATH_INFO"), ["c.example", "", "/"])
        environ = AppEnvironBuilder(App("example"), "/", None, "api").get_environ()
        self.assertEqual(keys(environ, "HTTP_HOST PATH_INFO"), ["api.localhost", "/"])
        for keywords in [{"subdomain": "api"}, {"url_scheme": "http"}]:
            with self.subTest(keywords), self.assertRaisesRegex(ValueError, "base_url says it all"):
                AppEnvironBuilder(app, "/", "http://b.example", **keywords)
        environ = AppEnvironBuilder(app, "/x", None, "api", "http", {"a": "1"}, "PUT").get_environ()
        self.assertEqual(keys(environ, "HTTP_HOST QUERY_STRING REQUEST_METHOD"), ["api.a.example:1", "a=1", "PUT"])

    def test_an_application_says_how_json_is_written(self):
        app = App("example")
        day = datetime(1994, 11, 6, tzinfo=timezone.utc)
        environ = AppEnvironBuilder(app, json={"day": day}).get_environ()
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
                body, status, _ = run_wsgi_app(accept, create_environ(**keywords))
                body.close()
                self.assertEqual(status, "204 No Content")

    def test_fields_become_keys(self):
        environ = create_environ(
            headers=[
                ("X-Own", "1"),
                ("x-own", "2"),
                ("Content-Type", "text/x"),
                ("Host", "b.example"),
                ("Cookie", "a=1"),
                ("Cookie", "b=2"),
            ]
        )
        self.assertEqual(
            keys(environ, "HTTP_X_OWN CONTENT_TYPE HTTP_HOST HTTP_COOKIE HTTP_CONTENT_TYPE"),
            ["1, 2", "text/x", "b.example", "a=1; b=2", None],
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

    def test_what_is_not_said_is_as_most_servers_have_it(self):
        names = "REQUEST_METHOD PATH_INFO SERVER_PROTOCOL wsgi.version"
        self.assertEqual(keys(create_environ(), names), ["GET", "/", "HTTP/1.1", (1, 0)])
        names = "wsgi.multithread wsgi.multiprocess wsgi.run_once"
        self.assertEqual(keys(create_environ(), names), [False, False, False])

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
        self.assertEqual(EnvironBuilder("/x").get_request(Request).path, "/x")


class AttributeTest(unittest.TestCase):
    """EnvironBuilder: what was given can be looked at, and changed until the environ is made."""

    def test_the_base_address_and_its_parts(self):
        builder = EnvironBuilder("/x")
        names = "base_url url_scheme host script_root server_name server_port".split()
        for base, expected in [
            (None, ["http://localhost/", "http", "localhost", "", "localhost", 80]),
            ("https://a.example", ["https://a.example/", "https", "a.example", "", "a.example", 443]),
            (
                "http://a.example:81/app/",
                ["http://a.example:81/app/", "http", "a.example:81", "/app", "a.example", 81],
            ),
            ("http://[::1]:5000/", ["http://[::1]:5000/", "http", "[::1]:5000", "", "::1", 5000]),
        ]:
            with self.subTest(base):
                builder.base_url = base
                self.assertEqual([getattr(builder, name) for name in names], expected)
        builder.host, builder.url_scheme, builder.script_root, builder.path = "b.example", "https", "/own", "/ä"
        self.assertEqual(
            keys(builder.get_environ(), "HTTP_HOST SERVER_NAME SERVER_PORT SCRIPT_NAME PATH_INFO"),
            ["b.example", "b.example", "443", "/own", "/\xc3\xa4"],
        )
        for name in ["server_name", "server_port"]:
            with self.subTest(name), self.assertRaises(AttributeError):
                setattr(builder, name, "x")

    def test_a_query_string_is_text_or_args(self):
        builder = EnvironBuilder("/", query_string={"a": 1})
        builder.args["b"] = "ü"
        self.assertEqual((builder.args, builder.query_string), (MultiDict({"a": 1, "b": "ü"}), "a=1&b=%C3%BC"))
        builder.query_string = "q=ä"
        self.assertEqual(builder.get_environ()["QUERY_STRING"], "q=%C3%A4")
        with self.assertRaisesRegex(AttributeError, "no args: there is query_string"):
            _ = builder.args
        builder.query_string = None
        builder.args.add("c", "3")
        self.assertEqual(builder.query_string, "c=3")
        builder.args = MultiDict({"d": "4"})
        self.assertEqual(builder.query_string, "d=4")
        builder.args = None
        self.assertEqual((builder.query_string, builder.args), ("", MultiDict()))
        self.assertEqual(EnvironBuilder("/?").args, MultiDict())
        with self.assertRaisesRegex(AttributeError, "no args: there is query_string"):
            _ = EnvironBuilder("/?a=1").args

    def test_a_body_is_a_stream_or_a_form(self):
        for builder in [EnvironBuilder(data="abc"), EnvironBuilder(input_stream=io.BytesIO(b"abc"))]:
            self.assertEqual(builder.input_stream.getvalue(), b"abc")
            for name in ["form", "files"]:
                with self.subTest(name), self.assertRaisesRegex(AttributeError, f"no {name}: there is input_stream"):
                    getattr(builder, name)
            builder.input_stream = None
            self.assertEqual((builder.form, builder.files), (MultiDict(), FileMultiDict()))
            builder.form["a"] = "1"
            self.assertEqual(builder.get_environ()["wsgi.input"].read(), b"a=1")
        builder.input_stream = io.BytesIO(b"stream")
        self.assertEqual(builder.get_environ()["wsgi.input"].read(), b"stream")
        builder.form = MultiDict({"b": "2"})
        self.assertIsNone(builder.input_stream)
        self.assertEqual(builder.get_environ()["wsgi.input"].read(), b"b=2")
        builder.form = None
        self.assertEqual(builder.get_environ()["wsgi.input"].read(), b"")
        builder.input_stream = io.BytesIO(b"stream")
        builder.files = FileMultiDict()
        self.assertIsNone(builder.input_stream)

    def test_args_form_and_files_may_be_given_as_plain_dicts(self):
        builder = EnvironBuilder("/", method="POST")
        builder.args, builder.form = {"a": ["1", "2"]}, [("b", "3")]
        builder.files = {"f": FileStorage(io.BytesIO(b"x"), "x.txt")}
        with builder.get_request(Request) as made:
            self.assertEqual((made.args.getlist("a"), made.form["b"]), (["1", "2"], "3"))
            self.assertEqual(made.files["f"].read(), b"x")
        builder.files.add_file("f", io.BytesIO(b"y"), "y.txt")
        self.assertEqual(len(builder.files.getlist("f")), 2)
        builder.form = form = MultiDict()
        self.assertIs(builder.form, form)

    def test_the_media_type_follows_the_body_unless_it_is_set(self):
        builder = EnvironBuilder()
        self.assertEqual((builder.content_type, builder.mimetype, builder.mimetype_params), (None, None, {}))
        builder.form["a"] = "1"
        self.assertEqual(builder.mimetype, "application/x-www-form-urlencoded")
        builder.files.add_file("f", io.BytesIO(b"x"), "x.txt")
        self.assertEqual(builder.content_type, "multipart/form-data")
        builder.content_type = "Text/X; a=b"
        self.assertEqual((builder.mimetype, builder.mimetype_params), ("text/x", {"a": "b"}))
        builder.mimetype_params["a"] = "c d"
        self.assertEqual(builder.headers["Content-Type"], 'Text/X; a="c d"')
        builder.mimetype = "text/html"
        self.assertEqual(builder.content_type, "text/html; charset=utf-8")
        builder.content_type = None
        self.assertEqual((builder.content_type, list(builder.headers)), ("multipart/form-data", []))

    def test_a_length_is_a_header_field(self):
        builder = EnvironBuilder(content_length=7)
        self.assertEqual((builder.content_length, builder.headers["Content-Length"]), (7, "7"))
        builder.content_length = None
        self.assertEqual((builder.content_length, list(builder.headers)), (None, []))
        self.assertEqual(EnvironBuilder(data="größe").content_length, 7)

    def test_the_rest_are_plain_attributes(self):
        builder = EnvironBuilder("/x?a=1")
        self.assertEqual((builder.request_uri, builder.closed, builder.environ_base), ("/x?a=1", False, None))
        builder.method, builder.path = "PUT", "/y"
        builder.server_protocol, builder.wsgi_version, builder.run_once = "HTTP/1.0", (1, 1), True
        builder.environ_base, builder.environ_overrides = {"BASE": "1"}, {"OVER": "2"}
        environ = builder.get_environ()
        self.assertEqual(
            keys(environ, "REQUEST_METHOD PATH_INFO REQUEST_URI RAW_URI SERVER_PROTOCOL wsgi.version wsgi.run_once"),
            ["PUT", "/y", "/y?a=1", "/y?a=1", "HTTP/1.0", (1, 1), True],
        )
        self.assertEqual(keys(environ, "BASE OVER"), ["1", "2"])

    def test_a_request_may_say_who_sends_it(self):
        for auth, field in [
            (("ada", "open sesame"), "Basic YWRhOm9wZW4gc2VzYW1l"),
            (("größe", ":"), "Basic Z3LDtsOfZTo6"),
            (Authorization("basic", {"username": "ada", "password": "open sesame"}), "Basic YWRhOm9wZW4gc2VzYW1l"),
            (Authorization("bearer", token="4T7yD5"), "Bearer 4T7yD5"),
        ]:
            with self.subTest(auth):
                builder = EnvironBuilder(auth=auth, headers={"Authorization": "replaced"})
                self.assertEqual(builder.get_environ()["HTTP_AUTHORIZATION"], field)

    def test_json_may_be_written_in_another_way(self):
        class Own(EnvironBuilder):
            def json_dumps(self, value):
                return f"<{value}>"

        self.assertEqual(Own(json=1).get_environ()["wsgi.input"].read(), b"<1>")


class FromEnvironTest(unittest.TestCase):
    """EnvironBuilder.from_environ: the way back."""

    def test_the_same_environ_comes_out(self):
        for keywords in [
            {},
            {"path": "/x?a=1&b=%20"},
            {"path": "/ä %25 %3F%23x", "query_string": "q=ü"},
            {"path": "//x"},
            {"path": "", "base_url": "http://localhost/app"},
            {"base_url": "https://a.example:99/r/ö"},
            {"base_url": "http://[::1]:8/"},
            {"method": "POST", "data": {"a": "1"}},
            {"method": "PUT", "data": "x", "headers": {"X-A": "1", "Cookie": "a=1"}},
            {"method": "POST", "json": [1]},
            {"method": "POST", "data": "", "content_length": 0},
            {"environ_base": {"REMOTE_ADDR": "10.0.0.1", "own.key": 1, "wsgi.input_terminated": True}},
            {"multithread": True, "multiprocess": True, "run_once": True, "errors_stream": io.StringIO()},
            {"environ_overrides": {"SERVER_PROTOCOL": "HTTP/1.0"}},
        ]:
            with self.subTest(keywords):
                environ, again = create_environ(**keywords), create_environ(**keywords)
                made = EnvironBuilder.from_environ(environ).get_environ()
                self.assertEqual(made.pop("wsgi.input").read(), again.pop("wsgi.input").read())
                self.assertEqual(made, again)

    def test_what_is_given_takes_the_place_of_what_the_environ_says(self):
        environ = create_environ("/x?a=1", "http://a.example/app", method="POST", data={"a": "1"})
        before = {
            "REQUEST_METHOD": "POST",
            "HTTP_HOST": "a.example",
            "SCRIPT_NAME": "/app",
            "PATH_INFO": "/x",
            "QUERY_STRING": "a=1",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": "3",
        }
        for keywords, changes in [
            ({}, {}),
            ({"method": "PUT", "path": "/y"}, {"REQUEST_METHOD": "PUT", "PATH_INFO": "/y"}),
            ({"path": "/y?b=2"}, {"PATH_INFO": "/y", "QUERY_STRING": "b=2"}),
            ({"query_string": {"c": 3}}, {"QUERY_STRING": "c=3"}),
            ({"base_url": "http://b.example"}, {"HTTP_HOST": "b.example", "SCRIPT_NAME": ""}),
            ({"json": [1]}, {"CONTENT_TYPE": "application/json"}),
            ({"data": "text"}, {"CONTENT_TYPE": None, "CONTENT_LENGTH": "4"}),
            ({"input_stream": io.BytesIO(b"12")}, {"CONTENT_TYPE": None, "CONTENT_LENGTH": "2"}),
        ]:
            with self.subTest(keywords):
                made = EnvironBuilder.from_environ(environ, **keywords).get_environ()
                self.assertEqual({key: made.get(key) for key in before}, {**before, **changes})

    def test_an_environ_may_be_odd(self):
        for odd, names, expected in [
            ({"HTTP_HOST": "a b/<x>"}, "HTTP_HOST", ["a b/<x>"]),
            ({"HTTP_HOST": ""}, "HTTP_HOST SERVER_NAME", ["localhost:80", "localhost"]),
            ({"PATH_INFO": "http://b.example/"}, "PATH_INFO HTTP_HOST", ["http://b.example/", "localhost"]),
            ({"PATH_INFO": "/\xff"}, "PATH_INFO", ["/\xff"]),
            ({"QUERY_STRING": "a=\xff"}, "QUERY_STRING", ["a=%FF"]),
            ({"CONTENT_LENGTH": "+1"}, "CONTENT_LENGTH", [None]),
        ]:
            with self.subTest(odd):
                made = EnvironBuilder.from_environ({**create_environ(), **odd}).get_environ()
                self.assertEqual(keys(made, names), expected)
        bare = {"REQUEST_METHOD": "GET", "SERVER_NAME": "::1", "SERVER_PORT": "81", "wsgi.url_scheme": "http"}
        made = EnvironBuilder.from_environ(bare).get_environ()
        self.assertEqual(keys(made, "HTTP_HOST SCRIPT_NAME PATH_INFO QUERY_STRING"), ["[::1]:81", "", "", ""])
        made = EnvironBuilder.from_environ(create_environ(headers={"X-Own": "1"}), headers={}).get_environ()
        self.assertNotIn("HTTP_X_OWN", made)


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
        for close in [EnvironBuilder.close, lambda builder: None]:
            file = io.BytesIO(b"x")
            builder = EnvironBuilder(data={"f": (file, "x.txt")})
            close(builder)
            self.assertEqual(builder.closed, file.closed)
            del builder
            gc.collect()
            self.assertTrue(file.closed)

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

    def test_a_boundary_that_is_given_is_used(self):
        content_type, _, body = self.made(data={"a": "1"}, content_type="multipart/form-data; boundary=cut")
        self.assertEqual(content_type, 'multipart/form-data; boundary="cut"')
        self.assertTrue(body.startswith(b"--cut\r\n"))

    def test_files_are_not_sent_urlencoded_and_that_is_said(self):
        data = {"a": "1", "f": (io.BytesIO(b"x"), "x.txt")}
        with self.assertWarnsRegex(UserWarning, "form fields or files are not sent as"):
            self.assertEqual(self.made(data=data, mimetype="application/x-www-form-urlencoded")[2], b"a=1")

    def test_a_form_may_be_written_as_multipart_without_a_builder(self):
        named = io.BytesIO(b"1")
        named.name = "named.css"
        values = {"a": ["1", 2], "b": "ä", "f": [named, FileStorage(io.BytesIO(b"2"), "ä.bin")]}
        boundary, body = encode_multipart(values)
        self.assertNotEqual(boundary, encode_multipart({})[0])
        made = self.sent(data=body, content_type=f"multipart/form-data; boundary={boundary}")
        files = [("f", "named.css", "text/css", b"1"), ("f", "ä.bin", "application/octet-stream", b"2")]
        self.assertEqual(made, ([("a", "1"), ("a", "2"), ("b", "ä")], files))
        self.assertEqual(encode_multipart({}, "cut"), ("cut", b"--cut--\r\n"))

    def test_a_form_may_be_changed_until_it_is_sent(self):
        builder = EnvironBuilder(method="POST", data={"a": "1"})
        builder.form.add("b", "2")
        self.assertEqual(builder.get_request(Request).form.to_dict(), {"a": "1", "b": "2"})
        builder.files.add("f", FileStorage(io.BytesIO(b"x"), "x.bin"))
        with builder.get_request(Request) as made:
            self.assertEqual((made.form["b"], made.files["f"].read()), ("2", b"x"))

    def test_a_form_is_not_sent_as_something_else_and_that_is_said(self):
        for keywords in [{"content_type": "text/x"}, {"headers": {"Content-Type": "text/x"}}]:
            with (
                self.subTest(keywords),
                self.assertWarnsRegex(UserWarning, "form fields or files are not sent as 'text/x'"),
            ):
                self.assertEqual(self.made(data={"a": "1"}, **keywords), ("text/x", None, b""))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.made(data={}, content_type="text/x")
            self.made(data={"a": "1"}, content_type="application/x-www-form-urlencoded")

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
        builder = EnvironBuilder(data="12345")
        builder.content_length = 2
        self.assertEqual(builder.get_environ()["CONTENT_LENGTH"], "5")
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


if __name__ == "__main__":
    unittest.main()
