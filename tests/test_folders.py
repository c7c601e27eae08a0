"""The folders of a module: where they lie, and what is opened in them or sent from them."""

import datetime
import importlib.util
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from nanoweb import App, Blueprint, url_for
from nanoweb.folders import prefix_of


class FolderTest(unittest.TestCase):
    """A folder of modules, as a program or an installed package has it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        sys.path.insert(0, self.root)
        self.addCleanup(sys.path.remove, self.root)
        self.addCleanup(importlib.invalidate_caches)

    def write(self, name, text=""):
        """Write a file below the root; a module is forgotten when the test is over."""
        path = pathlib.Path(self.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if name.endswith(".py"):
            parts = name[:-3].replace("/__init__", "").split("/")
            for size in range(1, len(parts) + 1):
                self.addCleanup(sys.modules.pop, ".".join(parts[:size]), None)
        importlib.invalidate_caches()
        return os.fspath(path)

    def path(self, *names):
        return os.path.join(self.root, *names)

    def fetch(self, app, path, **headers):
        """(status, body, fields) of a GET."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        with app.test_client().get(path, headers=headers) as response:
            return response.status_code, response.text, response.headers


class RootTest(FolderTest):
    """The folder that file names start from."""

    MODULES = (("nw_module", ""), ("nw_package", "nw_package"), ("nw_package.module", "nw_package"),
               ("nw_package.sub", "nw_package/sub"), ("nw_spread.module", "nw_spread"))  # fmt: skip

    def setUp(self):
        super().setUp()
        for name in "nw_module", "nw_package/__init__", "nw_package/module", "nw_package/sub/__init__":
            self.write(f"{name}.py")
        self.write("nw_spread/module.py")  # without an __init__.py
        self.addCleanup(sys.modules.pop, "nw_spread", None)

    def test_it_is_the_folder_of_the_module_loaded_or_not(self):
        for name, folder in self.MODULES:
            with self.subTest(name):
                self.assertEqual(App(name).root_path, self.path(folder).rstrip(os.sep))
                importlib.import_module(name)
                self.assertEqual(App(name).root_path, self.path(folder).rstrip(os.sep))
                self.assertEqual(Blueprint("b", name).root_path, self.path(folder).rstrip(os.sep))
        self.assertEqual(App("nw_spread").root_path, self.path("nw_spread"))

    def test_for_a_name_that_is_no_modules_it_is_the_current_one(self):
        for name in "nw_nothing", "nw_nothing.at.all", "", ".", "builtins":
            with self.subTest(name):
                app = App(name, static_folder=None)
                self.assertEqual(
                    (app.root_path, app.instance_path), (os.getcwd(), os.path.join(os.getcwd(), "instance"))
                )

    def test_it_can_be_given_as_text_or_as_a_path(self):
        for root in self.root, pathlib.Path(self.root):
            app = App("nw_package", root_path=root)
            self.assertEqual((app.root_path, app.static_folder), (self.root, self.path("static")))

    def test_the_instance_folder_stands_beside_the_module_or_the_package(self):
        for name, _ in self.MODULES:
            with self.subTest(name):
                self.assertEqual(App(name).instance_path, self.path("instance"))

    def test_a_file_that_was_loaded_by_another_name_is_no_package(self):
        spec = importlib.util.spec_from_file_location("nw.any.name", self.path("nw_module.py"))
        with mock.patch.dict(sys.modules, {"nw.any.name": importlib.util.module_from_spec(spec)}):
            self.assertEqual(App("nw.any.name").instance_path, self.path("instance"))

    def test_of_what_is_installed_it_stands_below_the_prefix_of_that_python(self):
        with mock.patch.object(sys, "prefix", self.root):
            self.assertEqual(App("nw_package.sub").instance_path, self.path("var", "nw_package.sub-instance"))

    def test_what_counts_as_installed(self):
        with mock.patch.object(sys, "prefix", os.path.join(os.sep, "usr")):
            for folder, expected in [
                (["usr", "lib", "python3", "dist-packages"], ["usr"]),
                (["usr"], ["usr"]),
                (["usrlocal", "app"], None),
                (["home", "app"], None),
                (["venv", "lib", "python3.9", "site-packages"], ["venv"]),
                (["venv", "Lib", "site-packages"], ["venv"]),
                (["venv", "site-packages"], ["venv"]),
                (["site-packages", "app"], None),
            ]:
                with self.subTest(folder):
                    found = prefix_of(os.path.join(os.sep, *folder))
                    self.assertEqual(found, None if expected is None else os.path.join(os.sep, *expected))

    def test_a_relative_instance_folder_is_refused(self):
        with self.assertRaisesRegex(ValueError, "'instance' is relative"):
            App("nw_module", instance_path="instance")
        self.assertEqual(App("nw_module", instance_path=self.root).instance_path, self.root)

    def test_files_of_settings_are_looked_for_in_the_root_or_the_instance_folder(self):
        self.write("settings.cfg", "PLACE = 'root'")
        self.write("instance/settings.cfg", "PLACE = 'instance'")
        for relative, expected in (False, "root"), (True, "instance"):
            app = App("nw_module", instance_relative_config=relative)
            app.config.from_pyfile("settings.cfg")
            self.assertEqual(app.config["PLACE"], expected)


class ResourceTest(FolderTest):
    """Files that the program itself opens."""

    def setUp(self):
        super().setUp()
        self.write("schema.sql", "café")
        self.write("instance/notes.txt", "note")

    def test_they_are_opened_to_be_read_as_bytes_or_as_text_in_utf_8(self):
        for owner in App("nw", root_path=self.root), Blueprint("b", "nw", root_path=self.root):
            for arguments, expected in [
                ((), "café".encode()),
                (("rb",), "café".encode()),
                (("r",), "café"),
                (("rt",), "café"),
                (("r", "latin-1"), "cafÃ©"),
            ]:
                with (
                    self.subTest(owner=owner, arguments=arguments),
                    owner.open_resource("schema.sql", *arguments) as file,
                ):
                    self.assertEqual(file.read(), expected)

    def test_they_are_not_written(self):
        app = App("nw", root_path=self.root)
        for mode in "w", "a", "r+", "wb", "x":
            with self.subTest(mode), self.assertRaisesRegex(ValueError, "resources are only read"):
                app.open_resource("schema.sql", mode)

    def test_those_of_the_instance_folder_are(self):
        app = App("nw", instance_path=self.path("instance"))
        with app.open_instance_resource("notes.txt") as file:
            self.assertEqual(file.read(), b"note")
        with app.open_instance_resource("new.txt", "w") as file:
            file.write("café")
        with app.open_instance_resource("new.txt", "rb") as file:
            self.assertEqual(file.read(), "café".encode())


class StaticTest(FolderTest):
    """The folder of files that are sent as they are."""

    def setUp(self):
        super().setUp()
        os.utime(self.write("static/a.txt", "hello world"), (1577836800, 1577836800))
        self.write("static/sub/b.css", "b {}")
        self.write("secret.txt", "secret")
        self.app = App("nw", root_path=self.root)

    def test_where_they_are_found(self):
        for folder, url_path, expected in [
            ("static", None, "/static/a.txt"),
            ("static/", None, "/static/a.txt"),
            ("./static", None, "/static/a.txt"),
            (pathlib.Path("static"), None, "/static/a.txt"),
            (self.path("static"), None, "/static/a.txt"),
            ("static", "/files", "/files/a.txt"),
            ("static", "/files/", "/files/a.txt"),
            ("static", "/a/b", "/a/b/a.txt"),
            ("static", "", "/a.txt"),
            ("static", "/", "/a.txt"),
        ]:
            with self.subTest(folder=folder, url_path=url_path):
                app = App("nw", url_path, folder, root_path=self.root)
                self.assertEqual(app.url_for("static", filename="a.txt"), expected)
                self.assertEqual(app.static_url_path, expected[: -len("/a.txt")])
                self.assertEqual(self.fetch(app, expected)[:2], (200, "hello world"))

    def test_without_a_folder_there_is_no_rule(self):
        app = App("nw", static_folder=None)
        self.assertEqual(list(app.url_map.iter_rules()), [])
        self.assertEqual((app.static_folder, app.static_url_path, app.has_static_folder), (None, None, False))
        with app.test_request_context(), self.assertRaisesRegex(RuntimeError, "it has none"):
            app.send_static_file("a.txt")

    def test_the_folder_can_be_set_later(self):
        app = App("nw", static_folder=None, root_path=self.root)
        app.static_folder = "static/"
        self.assertEqual((app.static_folder, app.static_url_path), (self.path("static"), "/static"))
        app.static_url_path = "/files/"
        self.assertEqual(app.static_url_path, "/files")
        app.add_url_rule("/page", view_func=lambda: app.send_static_file("a.txt"), endpoint="page")
        self.assertEqual(self.fetch(app, "/page")[:2], (200, "hello world"))

    def test_nothing_outside_of_the_folder_is_sent_and_no_folder(self):
        for path in [
            "/static/../secret.txt",
            "/static/%2e%2e/secret.txt",
            "/static/sub/../../secret.txt",
            "/static/..%5csecret.txt",
            "/static/",
            "/static/sub",
            "/static/sub/",
            "/static/nothing",
            "/static/%00",
        ]:
            with self.subTest(path):
                self.assertEqual(self.fetch(self.app, path)[0], 404)

    def test_a_client_can_ask_for_news_or_for_a_part(self):
        _, _, fields = self.fetch(self.app, "/static/a.txt")
        self.assertEqual(fields["Last-Modified"], "Wed, 01 Jan 2020 00:00:00 GMT")
        for asked, expected in [
            ({}, (200, "hello world")),
            ({"If_None_Match": fields["ETag"]}, (304, "")),
            ({"If_None_Match": '"other"'}, (200, "hello world")),
            ({"If_Modified_Since": fields["Last-Modified"]}, (304, "")),
            ({"Range": "bytes=0-4"}, (206, "hello")),
            ({"Range": "bytes=-5"}, (206, "world")),
            ({"Range": "bytes=0-4", "If_Range": '"other"'}, (200, "hello world")),
        ]:
            with self.subTest(asked):
                self.assertEqual(self.fetch(self.app, "/static/a.txt", **asked)[:2], expected)
        self.assertEqual(self.fetch(self.app, "/static/a.txt", Range="bytes=100-")[0], 416)

    def test_how_long_they_may_be_kept(self):
        for setting, expected in [
            (None, "no-cache"),
            (0, "no-cache, max-age=0"),
            (-1, "no-cache, max-age=0"),
            (5, "public, max-age=5"),
            (datetime.timedelta(hours=1), "public, max-age=3600"),
        ]:
            with self.subTest(setting):
                self.app.config["SEND_FILE_MAX_AGE_DEFAULT"] = setting
                self.assertEqual(self.fetch(self.app, "/static/a.txt")[2]["Cache-Control"], expected)

    def test_a_class_of_ones_own_may_decide_that_by_the_name(self):
        class Site(App):
            def get_send_file_max_age(self, filename):
                return 60 if filename.endswith(".css") else super().get_send_file_max_age(filename)

        app = Site("nw", root_path=self.root)
        self.assertEqual(self.fetch(app, "/static/sub/b.css")[2]["Cache-Control"], "public, max-age=60")
        self.assertEqual(self.fetch(app, "/static/a.txt")[2]["Cache-Control"], "no-cache")

    def test_with_host_matching_they_have_a_host(self):
        app = App("nw", host_matching=True, static_host="static.example", root_path=self.root)
        app.add_url_rule("/", "index", lambda: url_for("static", filename="a.txt"), host="www.example")
        client = app.test_client()
        self.assertEqual(client.get("/", base_url="http://www.example").text, "http://static.example/static/a.txt")
        for host, status in ("static.example", 200), ("www.example", 404):
            with client.get("/static/a.txt", base_url=f"http://{host}") as response:
                self.assertEqual(response.status_code, status)
        for options in {"host_matching": True}, {"static_host": "static.example"}:
            with self.assertRaisesRegex(AssertionError, "go together"):
                App("nw", **options)
        self.assertEqual(list(App("nw", host_matching=True, static_folder=None).url_map.iter_rules()), [])


if __name__ == "__main__":
    unittest.main()
