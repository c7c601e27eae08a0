"""What the command line names an application by, and what it leads to."""

import contextlib
import importlib
import io
import os
import pathlib
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

from nanoweb.cli import main
from nanoweb.targets import UsageError, load_app

SITE = """\
from nanoweb import App

app = App(__name__, static_folder=None)

@app.route("/")
def index():
    return f"<p>{__name__}</p>"

"""
PLAIN = """\
def {name}(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"plain"]

"""
FACTORY = """\
def make(name="made", debug=False):
    return App(name)

other = App("other")
"""


class FolderTest(unittest.TestCase):
    """Tests in a new working directory; what they do to Python's imports is undone."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

        path = mock.patch.object(sys, "path", [*sys.path])
        path.start()
        self.addCleanup(path.stop)
        self.addCleanup(self.forget_modules, {*sys.modules})

        environ = {name: value for name, value in os.environ.items() if not name.startswith("FLASK")}
        environment = mock.patch.dict(os.environ, environ, clear=True)
        environment.start()
        self.addCleanup(environment.stop)

        serve_forever = mock.patch("nanoweb.serving.BaseWSGIServer.serve_forever", side_effect=AssertionError)
        serve_forever.start()  # what serves in this process would never end
        self.addCleanup(serve_forever.stop)

    def forget_modules(self, known):
        for name in {*sys.modules} - known:
            file = getattr(sys.modules[name], "__file__", None)
            if file and os.path.realpath(file).startswith(str(self.folder)):
                del sys.modules[name]

    def write(self, name, text=""):
        """Write a file below the working directory."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        importlib.invalidate_caches()

    def call(self, *argv):
        """Return the exit status of the command and what it printed on stdout and on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([*argv])
        return status, out.getvalue(), err.getvalue()

    def assertRefused(self, argv, *words):
        """The command ends with status 2 and one line that has all the words."""
        status, out, err = self.call(*argv)
        self.assertEqual((status, out), (2, ""))
        self.assertRegex(err, r"\Ananoweb: error: [^\n]+\n\Z")
        for word in words:
            self.assertIn(word, err)


class TargetTest(FolderTest):
    """What may stand where Flask's command takes --app."""

    def test_a_target_names_a_file_or_a_module_and_what_to_take_from_it(self):
        self.write("site1.py", SITE + FACTORY)
        self.write("folder/site2.py", SITE)
        self.write("pkg/__init__.py")
        self.write("pkg/sub/__init__.py")
        self.write("pkg/sub/site3.py", SITE)
        self.write("pkg2/__init__.py", SITE)
        for target, name in [
            ("site1.py", "site1"),
            ("site1", "site1"),
            ("./site1.py", "site1"),
            (str(self.folder / "site1.py"), "site1"),
            ("site1.py:app", "site1"),
            ("site1:other", "other"),
            ("site1.py: other ", "other"),
            ("site1:make", "made"),
            ("site1:make()", "made"),
            ("site1:make('mine')", "mine"),
            ("site1.py:make('a:b', debug=True)", "a:b"),
            ("site1.py:make(name='(x)')", "(x)"),
            ("folder/site2.py", "site2"),
            ("folder/site2", "site2"),
            ("folder/site2.py:app", "site2"),
            ("pkg.sub.site3", "pkg.sub.site3"),
            ("pkg.sub.site3:app", "pkg.sub.site3"),
            ("pkg/sub/site3.py", "pkg.sub.site3"),
            ("pkg2", "pkg2"),
            ("pkg2/__init__.py", "pkg2"),
        ]:
            with self.subTest(target):
                self.assertEqual(load_app(target).name, name)

    def test_a_literal_of_any_kind_reaches_the_factory(self):
        self.write("site4.py", "def make(*args, **kwargs):\n    return lambda *wsgi: (args, kwargs)\n")
        for call, expected in [
            ("make(1, -2.5, 'x', b'y', None, True)", ((1, -2.5, "x", b"y", None, True), {})),
            ("make([1], {'a': (2,)}, key={3})", (([1], {"a": (2,)}), {"key": {3}})),
        ]:
            with self.subTest(call):
                self.assertEqual(load_app(f"site4:{call}")(), expected)

    def test_what_is_no_literal_is_never_run(self):
        self.write("site5.py", "def make(*args, **kwargs):\n    raise SystemExit('called')\n")
        for call in [
            "make(print('x'))",
            "make(__import__('os'))",
            "make(name)",
            "make(*[1])",
            "make(**{'a': 1})",
            "make(1 if 1 else 2)",
            "make(",
            "make)",
            "make()()",
            "make.x",
            "make.x()",
            "make[0]",
            "lambda: make",
            "1",
            "'make'",
            "a b",
            "(make, 1)",
            "make\0",
        ]:
            with self.subTest(call):
                self.assertRefused(
                    ["routes", f"site5.py:{call}"], repr(call), "neither a name nor a call with literals"
                )

    def test_a_target_with_a_part_missing_is_refused(self):
        for target in [":", ":app", "app.py:", "app.py: "]:
            with self.subTest(target):
                self.assertRefused(["routes", target], repr(target), "file.py:name")

    def test_a_drive_is_not_mistaken_for_a_module(self):
        for target in ["C:\\site\\app.py", "C:/site/app.py:app"]:
            with self.subTest(target):
                self.assertRefused(["routes", target], "C:")

    def test_without_a_target_wsgi_py_is_taken_and_then_app_py(self):
        self.assertRefused(["routes"], "wsgi.py", "app.py", str(self.folder))
        self.write("app.py", SITE)
        self.assertEqual(load_app().name, "app")
        self.write("wsgi.py", SITE)
        self.assertEqual(load_app().name, "wsgi")

    def test_a_missing_file_or_module_is_named(self):
        self.write("pkg4/__init__.py")
        for target in ["nowhere.py", "folder/nowhere.py", "folder/nowhere", "nowhere", "pkg4.nowhere", "a..b"]:
            with self.subTest(target):
                self.assertRefused(["routes", target], repr(target))

    def test_the_folder_of_the_file_comes_first_on_the_path(self):
        self.write("deep/site6.py", SITE + "import beside6\n")
        self.write("deep/beside6.py")
        load_app("deep/site6.py")
        self.assertEqual(sys.path[0], str(self.folder / "deep"))
        load_app("deep/site6.py")
        self.assertEqual(sys.path.count(str(self.folder / "deep")), 1)

    def test_the_module_is_registered_under_its_name(self):
        self.write("pkg7/__init__.py")
        self.write("pkg7/site7.py", SITE)
        app = load_app("pkg7/site7.py")
        self.assertIs(sys.modules["pkg7.site7"].app, app)

    def test_a_file_that_python_could_not_import_must_be_renamed(self):
        self.write("types.py", SITE)
        self.write("time.py", SITE)
        self.write("my.site.py", SITE)
        for target in ["types.py", "time.py", "time", "my.site.py"]:
            with self.subTest(target):
                self.assertRefused(["routes", target], repr(target), "rename the file")

    def test_a_folder_that_cannot_be_a_package_is_none(self):
        self.write("site-1.0/__init__.py")
        self.write("site-1.0/pkg8/__init__.py")
        self.write("site-1.0/pkg8/site8.py", SITE)
        self.assertEqual(load_app("site-1.0/pkg8/site8.py").name, "pkg8.site8")
        self.assertEqual(sys.path[0], str(self.folder / "site-1.0"))

    def test_a_name_that_is_no_identifier_can_be_imported_all_the_same(self):
        self.write("my-site.py", SITE)
        self.write("8.py", SITE)
        for target, name in [("my-site.py", "my-site"), ("8.py:app", "8"), ("my-site", "my-site")]:
            with self.subTest(target):
                self.assertEqual(load_app(target).name, name)


class SearchTest(FolderTest):
    """What a module is searched for if the target says no name."""

    def find(self, text):
        self.write("searched.py", text)
        sys.modules.pop("searched", None)
        importlib.invalidate_caches()
        with mock.patch.object(sys, "dont_write_bytecode", True):  # the next file may have the same size and time
            return load_app("searched.py")

    def test_an_application_is_found_by_its_name_or_as_the_only_one(self):
        head = "from nanoweb import App, current_app, g, request, session\n"
        for text, name in [
            ("app = App('a')", "a"),
            ("application = App('b')", "b"),
            ("first = App('x'); app = App('c')", "c"),
            ("application = App('x'); app = App('d')", "d"),
            ("app = 'no application'; application = App('e')", "e"),
            ("site = App('f')", "f"),
            ("site = App('g'); again = site", "g"),
            ("_private = App('h')", "h"),
            ("def create_app(): return App('x')\nsite = App('i')", "i"),
            ("def create_app(): return App('j')", "j"),
            ("def make_app(name='k'): return App(name)", "k"),
            ("make_app = lambda: App('x')\ncreate_app = lambda: App('l')", "l"),
            (PLAIN.format(name="helper") + "site = App('m')", "m"),
        ]:
            with self.subTest(text):
                self.assertEqual(self.find(head + text).name, name)

    def test_every_wsgi_callable_is_an_application(self):
        for text in [
            PLAIN.format(name="app"),
            PLAIN.format(name="hello"),
            "def app(environ, respond):\n    respond('200 OK', [])\n    return [b'plain']\n",
            "class Hello:\n    def __call__(self, environ, start_response): return [b'plain']\nhello = Hello()\n",
            "def create_app():\n    return lambda environ, respond: [b'plain']\n",
        ]:
            with self.subTest(text):
                self.assertEqual(self.find(text)({}, lambda status, fields: None), [b"plain"])

    def test_a_plain_function_may_be_named(self):
        app = PLAIN.format(name="app").replace("start_response", "respond")
        self.write("three.py", PLAIN.format(name="one") + PLAIN.format(name="two") + app)
        for name in ["one", "two", "app"]:
            with self.subTest(name):
                self.assertEqual(load_app(f"three.py:{name}").__name__, name)

    def test_several_applications_are_all_named(self):
        for text in [
            "from nanoweb import App\nb = App('b')\na = App('a')\n",
            PLAIN.format(name="b") + PLAIN.format(name="a"),
        ]:
            with self.subTest(text), self.assertRaisesRegex(UsageError, "'a', 'b'.* searched.py:a"):
                self.find(text)

    def test_a_module_without_application_is_answered_with_what_it_has(self):
        for text, found in [
            ("", "nothing"),
            ("import os\n_private = 1\nlimit = 3\ndef run(): pass\n", "'limit', 'run'"),
            ("".join(f"n{number} = 1\n" for number in range(20)), r"'n7', \.\.\."),
        ]:
            with self.subTest(found), self.assertRaisesRegex(UsageError, f"no application in .*{found}: call it app"):
                self.find(text)

    def test_a_name_that_is_not_there_is_answered_with_what_is(self):
        self.write("site1.py", SITE)
        self.assertRefused(["routes", "site1.py:ap"], "no 'ap'", "'App', 'app', 'index'")
        self.assertRefused(["routes", "site1.py:ap()"], "no 'ap'")

    def test_what_is_no_application_is_refused(self):
        self.write("site2.py", "number = 7\ndef none(): pass\n")
        for target, kind in [("site2:number", "int"), ("site2:none", "NoneType"), ("site2.py:none()", "NoneType")]:
            with self.subTest(target):
                self.assertRefused(["routes", target], repr(target), f"a {kind}, which is not a WSGI application")
        self.assertRefused(["routes", "site2:number()"], "not callable")

    def test_a_factory_that_needs_arguments_says_which(self):
        self.write("site3.py", "def create_app(config, key):\n    raise SystemExit('called')\n")
        for target in ["site3.py", "site3.py:create_app", "site3.py:create_app()", "site3.py:create_app(config=1)"]:
            with self.subTest(target):
                self.assertRefused(
                    ["run", target, "-p0"], "'create_app'", "'key'", "site3.py:create_app('text', key=1)"
                )
        self.assertRefused(["routes", "site3.py:create_app(1, 2, 3)"], "3 were given")


if __name__ == "__main__":
    unittest.main()
