"""Applications around an application."""

import io
import os
import pathlib
import pstats
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile
from contextlib import redirect_stdout
from unittest import mock
from wsgiref.validate import validator

import nanoweb
from nanoweb import App, Request, Response, files
from nanoweb.environs import create_environ
from nanoweb.exceptions import NotFound
from nanoweb.middleware import DispatcherMiddleware, ProfilerMiddleware, ProxyFix, SharedDataMiddleware
from nanoweb.wsgi import get_current_url, get_host

from .test_files import ALLOWED, NEVER, NOT_ON_WINDOWS, rules_of_windows


def run(application, path="/", method="GET", environ=None, **headers):
    """Call an application as a server does; return (status, fields, body)."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = environ or create_environ("/", method=method, headers=fields)
    environ["PATH_INFO"] = path.encode("utf-8", "surrogateescape").decode("latin-1")
    started = []
    body = validator(application)(environ, lambda *args: started.append(args))
    data = b"".join(body)
    body.close()
    status, fields = started[0][:2]
    return int(status[:3]), dict(fields), data


def show(name):
    """Return an application that answers with its name and its part of the path."""

    def application(environ, start_response):
        response = Response(f"{name} at {environ['SCRIPT_NAME']!r} has {environ['PATH_INFO']!r}")
        return response(environ, start_response)

    return application


class DispatcherTest(unittest.TestCase):
    def dispatch(self, path, mounts, root=""):
        app = DispatcherMiddleware(show("main"), {mount: show(name) for mount, name in mounts.items()})
        environ = create_environ("/", environ_overrides={"SCRIPT_NAME": root})
        return run(app, path, environ=environ)[2].decode()

    def test_each_has_what_lies_below_its_path(self):
        mounts = {"/api": "api", "/api/v2": "new", "/admin": "admin"}
        for path, expected in [
            ("/", "main at '' has '/'"),
            ("/api", "api at '/api' has ''"),
            ("/api/", "api at '/api' has '/'"),
            ("/api/x/y", "api at '/api' has '/x/y'"),
            ("/api/v2", "new at '/api/v2' has ''"),
            ("/api/v2/x", "new at '/api/v2' has '/x'"),
            ("/api/v20", "api at '/api' has '/v20'"),
            ("/apis", "main at '' has '/apis'"),
            ("/x/api", "main at '' has '/x/api'"),
            ("//api", "main at '' has '//api'"),
            ("/api//x", "api at '/api' has '//x'"),
            ("/API", "main at '' has '/API'"),
        ]:
            with self.subTest(path):
                self.assertEqual(self.dispatch(path, mounts), expected)

    def test_the_path_it_is_mounted_at_itself_stays_in_front(self):
        self.assertEqual(self.dispatch("/api/x", {"/api": "api"}, "/root"), "api at '/root/api' has '/x'")

    def test_an_empty_mount_takes_the_rest(self):
        self.assertEqual(self.dispatch("/x", {"": "rest", "/api": "api"}), "rest at '' has '/x'")
        self.assertEqual(self.dispatch("/api", {"": "rest", "/api": "api"}), "api at '/api' has ''")

    def test_what_is_no_path_belongs_to_nobody(self):
        seen = []
        app = DispatcherMiddleware(lambda environ, start: seen.append(environ["PATH_INFO"]), {"/api": show("api")})
        for path in ["*", "api", ""]:
            app({"PATH_INFO": path, "SCRIPT_NAME": ""}, None)
        self.assertEqual(seen, ["*", "api", ""])

    def test_a_mount_is_text_as_people_write_it(self):
        """The path of an environ is bytes disguised as Latin-1 text (PEP 3333, "Unicode Issues")."""
        mounts = {"/größe": "big", "/é": "accent"}
        self.assertEqual(self.dispatch("/größe/ü", mounts), "big at '/grÃ¶Ã\\x9fe' has '/Ã¼'")
        self.assertEqual(self.dispatch("/é", mounts), "accent at '/Ã©' has ''")
        self.assertEqual(self.dispatch("/\udce9/x", mounts), "main at '' has '/é/x'")

    def test_a_mount_that_could_never_match_is_refused(self):
        for mount in ["/", "/api/", "api", "api/"]:
            with self.subTest(mount), self.assertRaisesRegex(ValueError, "write "):
                DispatcherMiddleware(NotFound(), {mount: show("api")})

    def test_mounts_can_be_added_later(self):
        app = DispatcherMiddleware(show("main"))
        app.mounts["/api"] = show("api")
        self.assertEqual(run(app, "/api")[2], b"api at '/api' has ''")

    def test_even_while_a_request_is_looking_for_its_own(self):
        app = DispatcherMiddleware(show("main"))

        class Mount(str):
            def encode(self):  # where it is looked at
                app.mounts.setdefault("/late", show("late"))
                return super().encode()

        app.mounts.update({Mount("/a"): show("a"), Mount("/b"): show("b")})
        self.assertEqual(run(app, "/b")[2], b"b at '/b' has ''")

    def test_applications_build_their_own_addresses(self):
        api = App("api")
        api.add_url_rule("/users/", "users", lambda: nanoweb.url_for("users"))
        app = DispatcherMiddleware(NotFound(), {"/api": api})
        self.assertEqual(run(app, "/api/users/")[2], b"/api/users/")
        self.assertIn("/api/users/", run(app, "/api/users")[1]["Location"])
        self.assertEqual(run(app, "/elsewhere")[0], 404)


class ProxyFixTest(unittest.TestCase):
    BEFORE = {
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "backend:8000",
        "SERVER_NAME": "backend",
        "SERVER_PORT": "8000",
        "SCRIPT_NAME": "",
    }

    def fix(self, options, **fields):
        """The environ after a request with these X-Forwarded fields."""
        environ = {**self.BEFORE, "REQUEST_METHOD": "GET", "PATH_INFO": "/x", "QUERY_STRING": ""}
        environ.update({f"HTTP_X_FORWARDED_{name}": value for name, value in fields.items()})
        ProxyFix(lambda environ, start_response: [], **options)(environ, None)
        return environ

    def changes(self, options, **fields):
        environ = self.fix(options, **fields)
        self.assertEqual(environ["werkzeug.proxy_fix.orig"], self.BEFORE)
        return {key: environ[key] for key, value in self.BEFORE.items() if environ[key] != value}

    def test_each_field_sets_its_keys(self):
        for options, fields, expected in [
            ({}, {"FOR": "203.0.113.5"}, {"REMOTE_ADDR": "203.0.113.5"}),
            ({}, {"FOR": "2001:db8::1"}, {"REMOTE_ADDR": "2001:db8::1"}),
            ({}, {"FOR": "203.0.113.5:1234"}, {"REMOTE_ADDR": "203.0.113.5"}),
            ({}, {"FOR": "[2001:db8::1]:1234"}, {"REMOTE_ADDR": "2001:db8::1"}),
            ({}, {"FOR": "[2001:db8::1]"}, {"REMOTE_ADDR": "2001:db8::1"}),
            ({}, {"FOR": "fe80::1%eth0"}, {"REMOTE_ADDR": "fe80::1%eth0"}),
            ({}, {"FOR": "::ffff:192.0.2.7"}, {"REMOTE_ADDR": "::ffff:192.0.2.7"}),
            ({}, {"PROTO": "https"}, {"wsgi.url_scheme": "https"}),
            ({}, {"PROTO": "HTTPS"}, {"wsgi.url_scheme": "https"}),
            ({}, {"PROTO": "wss"}, {"wsgi.url_scheme": "wss"}),
            ({"x_host": 1}, {"HOST": "a.example"}, {"HTTP_HOST": "a.example", "SERVER_NAME": "a.example"}),
            (
                {"x_host": 1},
                {"HOST": "a.example:80"},
                {"HTTP_HOST": "a.example:80", "SERVER_NAME": "a.example", "SERVER_PORT": "80"},
            ),
            (
                {"x_host": 1},
                {"HOST": "[::1]:80"},
                {"HTTP_HOST": "[::1]:80", "SERVER_NAME": "::1", "SERVER_PORT": "80"},
            ),
            ({"x_host": 1}, {"HOST": "[::1]"}, {"HTTP_HOST": "[::1]", "SERVER_NAME": "::1"}),
            ({"x_port": 1}, {"PORT": "443"}, {"HTTP_HOST": "backend:443", "SERVER_PORT": "443"}),
            (
                {"x_host": 1, "x_port": 1},
                {"HOST": "[::1]:1", "PORT": "443"},
                {"HTTP_HOST": "[::1]:443", "SERVER_NAME": "::1", "SERVER_PORT": "443"},
            ),
            ({"x_prefix": 1}, {"PREFIX": "/app"}, {"SCRIPT_NAME": "/app"}),
            ({"x_prefix": 1}, {"PREFIX": "/a/b/"}, {"SCRIPT_NAME": "/a/b"}),
            ({"x_prefix": 1}, {"PREFIX": "/"}, {}),
            ({"x_prefix": 1}, {"PREFIX": "/gr\xc3\xb6\xc3\x9fe"}, {"SCRIPT_NAME": "/gr\xc3\xb6\xc3\x9fe"}),
        ]:
            with self.subTest(options, fields=fields):
                self.assertEqual(self.changes(options, **fields), expected)

    def test_only_as_many_values_count_as_there_are_proxies(self):
        for trusted, value, expected in [
            (1, "198.51.100.9", "198.51.100.9"),
            (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
            (2, "203.0.113.5, 198.51.100.9", "203.0.113.5"),
            (2, "203.0.113.5,\t198.51.100.9", "203.0.113.5"),
            (2, "198.51.100.9", None),
            (3, "203.0.113.5, 198.51.100.9", None),
            (0, "203.0.113.5", None),
        ]:
            with self.subTest(value, trusted=trusted):
                self.assertEqual(self.changes({"x_for": trusted}, FOR=value).get("REMOTE_ADDR"), expected)
        self.assertEqual(self.changes({"x_prefix": 2}, PREFIX="/a, /b, /c"), {"SCRIPT_NAME": "/b"})
        self.assertEqual(self.changes({"x_proto": 2}, PROTO="https, http"), {"wsgi.url_scheme": "https"})

    def test_nothing_is_believed_that_nobody_was_said_to_send(self):
        fields = {"HOST": "evil.example", "PORT": "1", "PREFIX": "/evil"}
        self.assertEqual(self.changes({}, **fields), {})
        self.assertEqual(self.changes({"x_for": 0, "x_proto": 0}, FOR="203.0.113.5", PROTO="https", **fields), {})

    def test_a_client_cannot_hide_behind_what_it_sends_in_front(self):
        """A quote that is never closed would swallow the comma, and the address that the proxy added behind it."""
        for sent in [
            '"',
            '"evil',
            "evil,",
            ",",
            ",,,",
            '"a, b',
            "\\",
            '\\"',
            "127.0.0.1",
            "127.0.0.1,127.0.0.1",
            "",
            " ",
        ]:
            with self.subTest(sent):
                self.assertEqual(self.changes({}, FOR=f"{sent}, 203.0.113.5"), {"REMOTE_ADDR": "203.0.113.5"})

    def test_values_that_cannot_be_true_are_ignored(self):
        options = dict.fromkeys(["x_for", "x_proto", "x_host", "x_port", "x_prefix"], 1)
        for name, values in [
            (
                "FOR",
                ["", "unknown", "_hidden", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.٤"],
            ),
            ("FOR", [":::", "[::1", "1.2.3.4\n", "1.2.3.4 x", "<script>", "1.2.3.4:99999", "16909060", "0x7f.1"]),
            ("FOR", ["fe80::1%<script>", "fe80::1% x", "fe80::1%\n", "fe80::1%", "[1.2.3.4]", "[[::1]]", "::1]"]),
            ("PROTO", ["", "javascript", "file", "http:", "http\n", "https://", "h t", "ſ"]),
            (
                "HOST",
                ["", "a b", "a/b", "a@b", "a\\b", "a?b", "a#b", "a\n", "a:x", "a:99999", "::1", "[::1", "a:80:80"],
            ),
            ("PORT", ["", "x", "+1", "-1", "65536", "1_0", "٨٠", "80:80", "80/", "80@x", "8 0", "999999999999"]),
            (
                "PREFIX",
                ["", "x", "//", "//evil.example", "/a//b", "/\\evil.example", "\\", "/a b", "/a\n", "/a?b", "/#"],
            ),
            ("PREFIX", ["https://evil.example", "/a\0", "/a//"]),
        ]:
            for value in values:
                with self.subTest(name, value=value):
                    self.assertEqual(self.changes(options, **{name: value}), {})

    def test_a_host_that_is_none_is_left_for_others_to_refuse(self):
        environ = {**self.BEFORE, "HTTP_HOST": "a b", "HTTP_X_FORWARDED_PORT": "443"}
        ProxyFix(lambda *args: [], x_port=1)(environ, None)
        self.assertEqual((environ["HTTP_HOST"], environ["SERVER_PORT"]), ("a b", "443"))
        del environ["HTTP_HOST"]
        ProxyFix(lambda *args: [], x_port=1)(environ, None)
        self.assertNotIn("HTTP_HOST", environ)

    def test_addresses_are_those_that_the_client_sees(self):
        options = {"x_proto": 1, "x_host": 1, "x_port": 1, "x_prefix": 1}
        environ = self.fix(options, FOR="203.0.113.5", PROTO="https", HOST="a.example", PORT="443", PREFIX="/app")
        self.assertEqual(get_current_url(environ), "https://a.example/app/x")
        self.assertEqual(Request(environ).remote_addr, "203.0.113.5")
        environ = self.fix({"x_host": 1}, HOST="[::1]:80")
        del environ["HTTP_HOST"]
        self.assertEqual(get_host(environ), "[::1]")

    def test_the_answer_is_the_applications(self):
        self.assertEqual(run(ProxyFix(show("app")), "/x")[::2], (200, b"app at '' has '/x'"))

    def test_a_prefix_that_no_proxy_sent_takes_nothing_away(self):
        for fields in [{}, {"HTTP_X_FORWARDED_PREFIX": ""}, {"HTTP_X_FORWARDED_PREFIX": " "}]:
            with self.subTest(fields):
                environ = {"SCRIPT_NAME": "/kept", **fields}
                ProxyFix(lambda *args: [], x_prefix=1)(environ, None)
                self.assertEqual(environ["SCRIPT_NAME"], "/kept")

    def test_a_number_of_proxies_is_a_number(self):
        for name in ["x_for", "x_proto", "x_host", "x_port", "x_prefix"]:
            for count in [-1, "1", None, 1.0]:
                with self.subTest(name, count=count), self.assertRaisesRegex(ValueError, f"{name}: {count!r} is no"):
                    ProxyFix(NotFound(), **{name: count})


class SharedDataTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve() / "static"
        self.folder.mkdir()
        for name, data in [("a.txt", b"hello"), ("sub/b.html", b"<p>"), ("code.py", b"secret"), ("plain", b"x")]:
            self.write(name, data)
        (self.folder.parent / "secret.txt").write_bytes(b"secret")

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    def make(self, exports=None, **options):
        return SharedDataMiddleware(show("app"), exports or {"/static": str(self.folder)}, **options)

    def test_files_are_served_and_the_rest_is_the_applications(self):
        app = self.make()
        for path, expected in [
            ("/static/a.txt", b"hello"),
            ("/static/sub/b.html", b"<p>"),
            ("/static//a.txt", None),
            ("/static/sub/../a.txt", b"hello"),
            ("/static", None),
            ("/static/", None),
            ("/static/sub", None),
            ("/static/nothing", None),
            ("/static/a.txt/x", None),
            ("/statica.txt", None),
            ("/a.txt", None),
            ("/", None),
        ]:
            with self.subTest(path):
                status, _, data = run(app, path)
                self.assertEqual((status, data), (200, expected or f"app at '' has {path!r}".encode()))

    def test_exports_are_directories_and_files_at_any_path(self):
        self.write("größe.txt", b"big")
        for exports, path, expected in [
            ({"/": str(self.folder)}, "/a.txt", b"hello"),
            ({"": str(self.folder)}, "/a.txt", b"hello"),
            ({"/x/": self.folder}, "/x/a.txt", b"hello"),
            ([("/x", str(self.folder))], "/x/größe.txt", b"big"),
            ({"/icon": str(self.folder / "a.txt")}, "/icon", b"hello"),
            ({"/x": str(self.folder / "sub"), "/": str(self.folder)}, "/x/b.html", b"<p>"),
            ([("/x", str(self.folder / "sub")), ("/x", str(self.folder))], "/x/a.txt", b"hello"),
        ]:
            with self.subTest(exports):
                self.assertEqual(run(self.make(exports), path)[2], expected)
        icon = self.make({"/icon": str(self.folder / "a.txt")})
        for path in ["/icon/", "/icon/x", "/icon/a.txt"]:
            self.assertIn(b"app at", run(icon, path)[2])
        for source in [None, 1, b"x", ["a", "b"]]:
            with self.subTest(source), self.assertRaisesRegex(TypeError, "tuple of a package"):
                self.make({"/x": source})

    def test_fields_tell_how_long_and_of_what_type(self):
        fields = run(self.make(), "/static/a.txt")[1]
        self.assertEqual(fields["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(fields["Cache-Control"], "public, max-age=43200")
        self.assertEqual(fields["Content-Length"], "5")
        self.assertLessEqual({"ETag", "Last-Modified", "Expires", "Date"}, fields.keys())
        self.assertNotIn("Content-Disposition", fields)
        self.assertEqual(run(self.make(cache_timeout=5), "/static/a.txt")[1]["Cache-Control"], "public, max-age=5")
        self.assertEqual(run(self.make(cache=False), "/static/a.txt")[1]["Cache-Control"], "no-cache")
        self.assertEqual(run(self.make(), "/static/plain")[1]["Content-Type"], "application/octet-stream")
        own = self.make(fallback_mimetype="text/x-own")
        self.assertEqual(run(own, "/static/plain")[1]["Content-Type"], "text/x-own; charset=utf-8")
        self.assertEqual(run(own, "/static/a.txt")[1]["Content-Type"], "text/plain; charset=utf-8")

    def test_conditions_and_ranges_are_answered(self):
        app = self.make()
        tag = run(app, "/static/a.txt")[1]["ETag"]
        self.assertEqual(run(app, "/static/a.txt", If_None_Match=tag)[::2], (304, b""))
        self.assertEqual(run(app, "/static/a.txt", Range="bytes=1-2")[::2], (206, b"el"))
        self.assertEqual(run(app, "/static/a.txt", Range="bytes=9-")[0], 416)
        self.assertEqual(run(app, "/static/a.txt", If_Match='"x"')[0], 412)

    def test_other_methods_are_the_applications(self):
        app = self.make()
        self.assertEqual(run(app, "/static/a.txt", "HEAD")[::2], (200, b""))
        for method in ["POST", "PUT", "DELETE", "OPTIONS"]:
            with self.subTest(method):
                self.assertIn(b"app at", run(app, "/static/a.txt", method)[2])

    def test_what_is_disallowed_is_not_there(self):
        self.write("CODE.PY", b"secret")
        for disallow in ["*.py", ["*.exe", "c*"], "[cC]ode.P?"]:
            with self.subTest(disallow):
                app = self.make(disallow=disallow)
                self.assertIn(b"app at", run(app, "/static/code.py")[2])
                self.assertIn(b"app at", run(app, "/static/CODE.PY")[2])
                self.assertEqual(run(app, "/static/a.txt")[2], b"hello")

        class Own(SharedDataMiddleware):
            def is_allowed(self, filename):
                return filename == "a.txt"

        app = Own(show("app"), {"/static": str(self.folder)})
        self.assertEqual(run(app, "/static/a.txt")[2], b"hello")
        self.assertIn(b"app at", run(app, "/static/sub/b.html")[2])

    def test_letters_that_some_disks_take_for_others_do_not_pass(self):
        # "ſ" is "s" to a disk that knows no capitals, "ﬁ" is "fi".
        app = self.make(disallow=["*.ps", "FILE*"])
        for name in ["a.pſ", "a.PS", "ﬁle.txt"]:
            with self.subTest(name):
                self.assertFalse(app.is_allowed(name))
        self.assertTrue(app.is_allowed("a.p"))

    def test_a_file_that_vanishes_in_between_is_the_applications(self):
        with mock.patch("os.path.isfile", return_value=True):
            self.assertIn(b"app at", run(self.make(), "/static/nothing")[2])

    def test_nothing_from_outside_is_served(self):
        """SECURITY: CVE-2019-14322 and its like."""
        for are_on in [True, False]:
            app = self.make()
            for attack in [*NEVER, *NOT_ON_WINDOWS, *ALLOWED, "\udcff", "\udcc0\udcae\udcc0\udcae", "a" * 5000]:
                for path in [f"/static/{attack}", f"/static/{attack}/secret.txt", f"/static{attack}"]:
                    with self.subTest(path[:60]), rules_of_windows(are_on):
                        data = run(app, path)[2]
                        self.assertEqual(data[:6], b"hello" if path == "/static/a.txt" else b"app at")

    def test_a_file_that_cannot_be_read_is_an_error_and_no_secret(self):
        refuse = mock.Mock(side_effect=PermissionError)
        with mock.patch.object(files, "_File", refuse), self.assertRaises(PermissionError):
            run(self.make(), "/static/a.txt")


class PackageDataTest(unittest.TestCase):
    """("package", "directory"): from a folder and from a zip file, in a Python of its own."""

    CASES = [
        ("/static/a.txt", {}, "200 b'hello' public, max-age=43200"),
        ("/static/sub/b.txt", {}, "200 b'deep' public, max-age=43200"),
        ("/static/./a.txt", {}, "200 b'hello' public, max-age=43200"),
        ("/one", {}, "200 b'one' public, max-age=43200"),
        ("/static/a.txt", {"If-None-Match": "*"}, "304 b'' public, max-age=43200"),
        ("/static/a.txt", {"Range": "bytes=1-2"}, "206 b'el' public, max-age=43200"),
        ("/static/a.txt", {"Range": "bytes=100-"}, "416"),
        ("/static", {}, "404"),
        ("/static/", {}, "404"),
        ("/static/sub", {}, "404"),
        ("/static/nothing", {}, "404"),
        ("/static/a.txt/x", {}, "404"),
        ("/static/../secret.txt", {}, "404"),
        ("/static/%2e%2e/secret.txt", {}, "404"),
        ("/static/sub/../../secret.txt", {}, "404"),
        ("/one/", {}, "404"),
        ("/one/x", {}, "404"),
    ]

    PROGRAM = """
import sys
sys.path[:0] = {places!r}
from nanoweb.environs import create_environ
from nanoweb.exceptions import NotFound
from nanoweb.middleware import SharedDataMiddleware
from nanoweb.wsgi import run_wsgi_app

app = SharedDataMiddleware(NotFound(), {{"/static": ("sample", "static"), "/one": ("sample.part", "data/one.txt")}})
for path, fields, _ in {cases!r}:
    body, status, headers = run_wsgi_app(app, create_environ(path, headers=fields), buffered=True)
    print(status[:3], *[] if status >= "4" else [b"".join(body), headers["Cache-Control"]])
"""

    FILES = {
        "sample/__init__.py": b"",
        "sample/static/a.txt": b"hello",
        "sample/static/sub/b.txt": b"deep",
        "sample/secret.txt": b"secret",
        "sample/part/__init__.py": b"",
        "sample/part/data/one.txt": b"one",
    }

    def test_it_is_served_from_a_folder_and_from_a_zip_file(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            archive = folder / "sample.zip"
            with zipfile.ZipFile(archive, "w") as packed:
                packed.writestr("sample/static/sub/", b"")  # some write directories down, some do not
                for path, data in self.FILES.items():
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(data)
                    packed.writestr(path, data)
            for place in [folder, archive]:
                with self.subTest(place.name):
                    places = [str(place), str(pathlib.Path(nanoweb.__path__[0]).parent)]
                    program = self.PROGRAM.format(places=places, cases=self.CASES)
                    command = [sys.executable, "-I", "-B", "-W", "error", "-c", program]
                    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
                    self.assertFalse(done.stderr, done.stderr)
                    for case, line in zip(self.CASES, done.stdout.splitlines()):
                        self.assertEqual(line, case[2], case)

    def test_files_in_a_zip_file_have_different_tags_if_they_differ(self):
        """Both are of one size, and of one sum (adler32)."""
        tags = set()
        for data in [b"color: #343", b"color: #424"]:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as packed:
                packed.writestr("a.css", data)
            app = SharedDataMiddleware(NotFound(), {})
            app.exports = [("/x", zipfile.Path(file))]
            status, fields, found = run(app, "/x/a.css")
            self.assertEqual((status, found), (200, data))
            tags.add(fields["ETag"])
        self.assertEqual(len(tags), 2)

    def test_a_package_that_is_not_there_is_an_error_at_once(self):
        with self.assertRaises(ModuleNotFoundError):
            SharedDataMiddleware(NotFound(), {"/x": ("no_such_package", "static")})


class ProfilerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_a_table_is_written_for_each_request(self):
        stream = io.StringIO()
        app = ProfilerMiddleware(show("app"), stream, sort_by=["cumulative"], restrictions=["show|application"])
        status, fields, data = run(app, "/a\nb")
        self.assertEqual((status, data), (200, b"app at '' has '/a\\nb'"))
        self.assertEqual(fields["Content-Length"], str(len(data)))
        text = stream.getvalue()
        self.assertIn(r"PATH: '/a\nb'", text)  # no line of its own
        self.assertIn("Ordered by: cumulative time", text)
        self.assertIn("(application)", text)
        run(app)
        self.assertEqual(stream.getvalue().count("PATH: "), 2)

    def test_the_table_goes_to_standard_output_if_nothing_else_is_said(self):
        self.assertIs(ProfilerMiddleware.__init__.__defaults__[0], sys.__stdout__)
        stream = io.StringIO()
        with redirect_stdout(stream):
            run(ProfilerMiddleware(show("app"), stream=None))
        self.assertEqual(stream.getvalue(), "")

    def test_a_file_is_made_of_each_request(self):
        app = ProfilerMiddleware(show("app"), None, profile_dir=self.folder)
        with mock.patch("time.time", lambda: 1_700_000_000.4):
            run(app, "/")
            run(app, "/users/größe", "POST")
        names = sorted(os.listdir(self.folder))
        self.assertEqual(names, ["GET.root.0ms.1700000000.prof", "POST.users.groe.0ms.1700000000.prof"])
        self.assertTrue(pstats.Stats(os.path.join(self.folder, names[0])).total_calls)

    def test_the_name_of_the_file_can_be_given(self):
        app = ProfilerMiddleware(show("app"), None, profile_dir=self.folder, filename_format="{method}-{elapsed:.3f}")
        run(app)
        names = []

        def name(environ):
            names.append((environ["PATH_INFO"], sorted(environ["werkzeug.profiler"])))
            return "own"

        run(ProfilerMiddleware(show("app"), None, profile_dir=pathlib.Path(self.folder), filename_format=name), "/x")
        self.assertEqual(names, [("/x", ["elapsed", "time"])])
        found = sorted(os.listdir(self.folder))
        self.assertEqual(found[1], "own")
        self.assertRegex(found[0], r"\AGET-[0-9.]+\Z")

    def test_no_request_can_choose_the_directory(self):
        app = ProfilerMiddleware(show("app"), None, profile_dir=self.folder, filename_format="{path}")
        for path in ["/../../evil", "/..\\..\\evil", "/a\0b", "/" + "long/" * 1000, "/con", "/c:\\x", "/{elapsed}"]:
            with self.subTest(path[:20]):
                run(app, path)
        self.assertEqual(sorted(os.listdir(self.folder))[:5], ["_con", "ab", "c_x", "elapsed", "evil"])
        self.assertEqual(len(os.listdir(self.folder)), 6)

    def test_the_answer_is_read_to_its_end_and_closed(self):
        class Body(list):
            closed = False

            def close(self):
                self.closed = True

        body = Body([b"b", b"c"])

        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])(b"a")
            return body

        self.assertEqual((run(ProfilerMiddleware(application, None))[2], body.closed), (b"abc", True))

    def test_the_body_is_profiled_too(self):
        stream = io.StringIO()

        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield b"a"
            yield work()

        def work():
            return b"b"

        self.assertEqual(run(ProxyFix(ProfilerMiddleware(application, stream)))[2], b"ab")
        self.assertIn("(work)", stream.getvalue())

    def test_an_error_goes_on_and_the_next_request_is_profiled(self):
        stream = io.StringIO()

        def application(environ, start_response):
            if environ["PATH_INFO"] == "/fail":
                raise KeyError("x")
            return show("app")(environ, start_response)

        app = ProfilerMiddleware(application, stream)
        with self.assertRaises(KeyError):
            run(app, "/fail")
        run(app, "/good")
        self.assertIn("PATH: '/good'", stream.getvalue())

    def test_of_requests_at_the_same_time_one_is_profiled_and_all_are_answered(self):
        stream = io.StringIO()
        entered, leave = threading.Event(), threading.Event()

        def application(environ, start_response):
            if environ["PATH_INFO"] == "/slow":
                entered.set()
                leave.wait(10)
            elif environ["PATH_INFO"] == "/outer":
                return [run(app, "/inner")[2], *show("app")(environ, start_response)][1:]
            return show("app")(environ, start_response)

        app = ProfilerMiddleware(application, stream)
        thread = threading.Thread(target=run, args=(app, "/slow"))
        thread.start()
        self.assertTrue(entered.wait(10))
        self.assertEqual(run(app, "/quick")[2], b"app at '' has '/quick'")
        leave.set()
        thread.join(10)
        self.assertEqual(run(app, "/outer")[2], b"app at '' has '/outer'")
        self.assertIn("PATH: '/slow'", stream.getvalue())
        self.assertIn("PATH: '/outer'", stream.getvalue())
        self.assertNotIn("/quick", stream.getvalue())
        self.assertNotIn("/inner", stream.getvalue())

    def test_one_around_another_profiles_once(self):
        streams = [io.StringIO(), io.StringIO()]
        app = ProfilerMiddleware(ProfilerMiddleware(show("app"), streams[0]), streams[1])
        self.assertEqual(run(app)[2], b"app at '' has '/'")
        self.assertEqual([stream.getvalue().count("PATH") for stream in streams], [0, 1])

    def test_tables_do_not_get_mixed_up(self):
        app = ProfilerMiddleware(show("app"))

        class Stream(io.StringIO):
            def write(self, text):
                if "Ordered by" in text:
                    run(app, "/meanwhile")
                return super().write(text)

        app.stream = Stream()
        run(app, "/first")
        self.assertEqual(app.stream.getvalue().count("PATH"), 1)

    def test_any_path_can_be_written_to_any_stream(self):
        stream = io.TextIOWrapper(io.BytesIO(), "ascii")
        self.assertEqual(run(ProfilerMiddleware(show("app"), stream), "/größe")[0], 200)
        stream.seek(0)
        self.assertIn(r"PATH: '/gr\xc3\xb6", stream.read())

    def test_no_method_is_too_long_for_a_file(self):
        app = ProfilerMiddleware(lambda environ, start_response: start_response("200 OK", []) and [], None)
        app.profile_dir = self.folder
        app({"REQUEST_METHOD": "M" * 500, "PATH_INFO": "/"}, lambda *args: None)
        self.assertEqual(len(os.listdir(self.folder)), 1)

    def test_the_profiler_is_loaded_when_it_is_used(self):
        place = str(pathlib.Path(nanoweb.__path__[0]).parent)
        program = f"import sys; sys.path.insert(0, {place!r}); import nanoweb.middleware; print(*sys.modules)"
        command = [sys.executable, "-I", "-S", "-c", program]
        loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        self.assertTrue({"cProfile", "pstats", "pathlib", "importlib.resources", "mimetypes"}.isdisjoint(loaded))


if __name__ == "__main__":
    unittest.main()
