import json
import os
import pathlib
import sys
import tempfile
import traceback
import types
import unittest
from datetime import timedelta
from unittest import mock

from nanoweb import App
from nanoweb.config import Config, ConfigAttribute, check_settings, load_dotenv, parse_dotenv

from .growth import is_linear


class FileTest(unittest.TestCase):
    """Settings in a folder of their own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = Config(self.folder, {"DEBUG": False})

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


class MappingTest(FileTest):
    def test_only_names_in_capitals_are_settings(self):
        self.assertIs(self.config.from_mapping({"A": 1, "b": 2, "Cd": 3, "_E": 4, "F_1": 5}, G=6, h=7), True)
        self.assertEqual(self.config, {"DEBUG": False, "A": 1, "_E": 4, "F_1": 5, "G": 6})

    def test_it_takes_pairs_keywords_or_nothing(self):
        self.config.from_mapping([("A", 1), ("b", 2)])
        self.config.from_mapping(None)
        self.config.from_mapping(A=2)
        self.assertEqual(self.config, {"DEBUG": False, "A": 2})

    def test_it_is_a_dict(self):
        self.config["lower"] = 1
        self.config.update(B=2)
        self.assertEqual((self.config["lower"], self.config.get("C"), "B" in self.config), (1, None, True))
        self.assertEqual(repr(Config(".", {"A": 1})), "<Config {'A': 1}>")
        self.assertEqual(Config("."), {})

    def test_names_that_begin_alike_can_be_had_together(self):
        config = Config(".", {"MAIL_HOST": "a", "MAIL_PORT": 25, "MAILBOX": 1, "X_MAIL_Y": 2})
        for options, expected in [
            ({}, {"host": "a", "port": 25}),
            ({"lowercase": False}, {"HOST": "a", "PORT": 25}),
            ({"trim_namespace": False}, {"mail_host": "a", "mail_port": 25}),
            ({"lowercase": False, "trim_namespace": False}, {"MAIL_HOST": "a", "MAIL_PORT": 25}),
        ]:
            with self.subTest(options):
                self.assertEqual(config.get_namespace("MAIL_", **options), expected)


class ObjectTest(FileTest):
    def setUp(self):
        super().setUp()
        self.write("settings_of_test/__init__.py", "A = 1\nb = 2\n")
        self.write("settings_of_test/inner.py", "class Debug:\n    B = 2\n    c = 3\n\nNUMBER = 5\n")
        self.write("settings_of_test/broken.py", "import no_such_module\n")
        sys.path.insert(0, str(self.folder))
        self.addCleanup(self.forget)

    def forget(self):
        sys.path.remove(str(self.folder))
        for name in [name for name in sys.modules if name.startswith("settings_of_test")]:
            del sys.modules[name]

    def test_settings_are_attributes_of_a_module_a_class_or_an_object(self):
        class Base:
            A = 1

        class Settings(Base):
            B = 2
            c = 3

            @property
            def D(self):
                return self.B + 2

        module = types.ModuleType("module")
        module.A, module.b = 1, 2
        for obj, expected in [
            (module, {"A": 1}),
            (Settings(), {"A": 1, "B": 2, "D": 4}),
            (types.SimpleNamespace(A=1), {"A": 1}),
            ({"A": 1}, {}),  # its attributes are methods; from_mapping() takes its items
        ]:
            with self.subTest(obj):
                config = Config(".")
                config.from_object(obj)
                self.assertEqual(config, expected)

    def test_a_dotted_name_is_imported(self):
        for name, expected in [
            ("settings_of_test", {"A": 1}),
            ("settings_of_test.inner", {"NUMBER": 5}),
            ("settings_of_test.inner.Debug", {"B": 2}),
            ("settings_of_test.inner:Debug", {"B": 2}),
        ]:
            with self.subTest(name):
                config = Config(".")
                config.from_object(name)
                self.assertEqual(config, expected)

    def test_a_name_of_nothing_is_an_import_error(self):
        for name, message in [
            ("no_such_settings", "no_such_settings"),
            ("no_such_settings.Debug", "no_such_settings"),
            ("settings_of_test.nothing", "'settings_of_test' has no 'nothing'"),
            ("settings_of_test.inner:Nothing", "'settings_of_test.inner' has no 'Nothing'"),
            ("settings_of_test.broken", "no_such_module"),  # and not that there is no "broken"
            ("settings_of_test.broken.Debug", "no_such_module"),
            ("", "names no module"),
            (".inner", "names no module"),
            (":Debug", "names no module"),
        ]:
            with self.subTest(name), self.assertRaisesRegex(ImportError, message):
                self.config.from_object(name)


class PyFileTest(FileTest):
    def test_a_file_sets_what_it_assigns(self):
        path = self.write("settings.py", "import os\nA = 1\nb = 2\nC = __file__\nD = __name__\n")
        for filename in ["settings.py", pathlib.Path("settings.py"), path]:
            with self.subTest(filename):
                config = Config(self.folder)
                self.assertIs(config.from_pyfile(filename), True)
                self.assertEqual(config, {"A": 1, "C": str(path), "D": "config"})

    def test_its_text_is_python_with_all_its_encodings(self):
        for data in ["A = 'ä'\n".encode(), b"\xef\xbb\xbfA = '\xc3\xa4'\n", b"# coding: latin-1\nA = '\xe4'\r\n"]:
            with self.subTest(data):
                self.write("settings.py", data)
                self.config.from_pyfile("settings.py")
                self.assertEqual(self.config["A"], "ä")

    def test_its_errors_come_out_and_name_the_file(self):
        path = self.write("settings.py", "A = 1 / 0\n")
        try:
            self.config.from_pyfile("settings.py", silent=True)
        except ZeroDivisionError:
            self.assertIn(f'File "{path}", line 1', traceback.format_exc())
        else:
            self.fail("no error")
        self.write("settings.py", "A ==\n")
        self.assertRaises(SyntaxError, self.config.from_pyfile, "settings.py", silent=True)
        self.assertNotIn("A", self.config)

    def test_a_missing_file_is_an_error_unless_it_may_be_missing(self):
        self.write("file", "")
        for filename, error in [
            ("nothing.py", FileNotFoundError),
            (".", IsADirectoryError),
            ("file/settings.py", NotADirectoryError),
        ]:
            with self.subTest(filename):
                self.assertIs(self.config.from_pyfile(filename, silent=True), False)
                with self.assertRaisesRegex(error, "cannot read the settings") as caught:
                    self.config.from_pyfile(filename)
                self.assertIn(str(self.folder), str(caught.exception))

    def test_an_environment_variable_may_name_it(self):
        self.write("settings.py", "A = 1\n")
        with mock.patch.dict(os.environ, GOOD="settings.py", EMPTY="", WRONG="nothing.py"):
            self.assertIs(self.config.from_envvar("GOOD"), True)
            self.assertEqual(self.config["A"], 1)
            for name in ["EMPTY", "MISSING"]:
                self.assertIs(self.config.from_envvar(name, silent=True), False)
                with self.assertRaisesRegex(RuntimeError, f"'{name}' is not set"):
                    self.config.from_envvar(name)
            self.assertIs(self.config.from_envvar("WRONG", silent=True), False)
            self.assertRaises(FileNotFoundError, self.config.from_envvar, "WRONG")


class OtherFileTest(FileTest):
    def test_a_loader_turns_it_into_a_dict(self):
        self.write("settings.json", '{"A": 1, "b": 2, "C": {"d": "ä"}}')
        self.assertIs(self.config.from_file("settings.json", load=json.load), True)
        self.assertEqual((self.config["A"], self.config["C"], "b" in self.config), (1, {"d": "ä"}, False))

    def test_a_loader_of_bytes_gets_bytes(self):
        self.write("settings.txt", "A=1")
        self.config.from_file("settings.txt", load=lambda file: {"A": file.read()}, text=False)
        self.assertEqual(self.config["A"], b"A=1")

    def test_its_errors_come_out_and_a_missing_file_may_be_missing(self):
        self.write("settings.json", "{")
        self.assertRaises(ValueError, self.config.from_file, "settings.json", load=json.load, silent=True)
        self.assertIs(self.config.from_file("nothing.json", load=json.load, silent=True), False)
        with self.assertRaisesRegex(FileNotFoundError, "cannot read the settings"):
            self.config.from_file("nothing.json", load=json.load)


class EnvironmentTest(FileTest):
    def load(self, variables, *args, **kwargs):
        config = Config(".")
        with mock.patch.dict(os.environ, variables, clear=True):
            self.assertIs(config.from_prefixed_env(*args, **kwargs), True)
        return config

    def test_a_value_is_json_or_else_text(self):
        for text, value in [
            ("1", 1),
            ("true", True),
            ("null", None),
            ('"1"', "1"),
            ("[1, 2]", [1, 2]),
            ('{"a": 1}', {"a": 1}),
            ("True", "True"),
            ("", ""),
            ("{", "{"),
            ("secret", "secret"),
            ("9" * 5000, "9" * 5000),
            ("[" * 100_000, "[" * 100_000),
        ]:
            with self.subTest(text[:20]):
                self.assertEqual(self.load({"FLASK_A": text}), {"A": value})

    def test_only_those_with_the_prefix_count(self):
        variables = {"FLASK_A": "1", "FLASKB": "2", "flask_C": "3", "MY_D": "4", "_FLASK_E": "5"}
        self.assertEqual(self.load(variables), {"A": 1})
        self.assertEqual(self.load(variables, "MY"), {"D": 4})

    def test_two_underscores_go_down_into_a_dict(self):
        variables = {
            "FLASK_MAIL__PORT": "25",
            "FLASK_MAIL__TLS__ON": "true",
            "FLASK_DB": '{"URL": "a", "pool": 5}',
            "FLASK_DB__URL": "b",
        }
        expected = {"MAIL": {"PORT": 25, "TLS": {"ON": True}}, "DB": {"URL": "b", "pool": 5}}
        self.assertEqual(self.load(variables), expected)

    def test_what_is_no_dict_has_no_members(self):
        with self.assertRaisesRegex(TypeError, "FLASK_A__B sets a member of A, which is 1: only a dict has members"):
            self.load({"FLASK_A": "1", "FLASK_A__B": "2"})

    def test_a_loader_that_fails_in_any_way_leaves_the_text(self):
        self.assertEqual(
            self.load({"FLASK_A": "2", "FLASK_B": "0"}, loads=lambda text: 4 / int(text)), {"A": 2.0, "B": "0"}
        )


class ConfigAttributeTest(unittest.TestCase):
    class App:
        def __init__(self, **config):
            self.config = Config(".", config)

        debug = ConfigAttribute("DEBUG")
        size = ConfigAttribute("SIZE", get_converter=int)

    def test_it_is_the_setting(self):
        app = self.App(DEBUG=False, SIZE="5")
        self.assertEqual((app.debug, app.size), (False, 5))
        app.debug, app.size = True, "6"
        self.assertEqual((app.config, app.size), ({"DEBUG": True, "SIZE": "6"}, 6))
        with self.assertRaises(KeyError):
            self.App().debug  # noqa: B018

    def test_the_class_shows_it(self):
        self.assertIsInstance(self.App.debug, ConfigAttribute)


class KindTest(unittest.TestCase):
    """What a setting may be."""

    def test_the_defaults_are_right(self):
        check_settings(App.default_config)
        check_settings({**App.default_config, "PERMANENT_SESSION_LIFETIME": timedelta(days=1)})

    def test_what_is_wrong_is_named_with_what_is_right(self):
        for name, value, message in [
            ("MAX_CONTENT_LENGTH", "5", "'5': it takes a number"),
            ("MAX_FORM_PARTS", [5], "a number"),
            ("PERMANENT_SESSION_LIFETIME", "1 day", "a number of seconds or a timedelta"),
            ("PERMANENT_SESSION_LIFETIME", None, "a number of seconds or a timedelta"),
            ("SEND_FILE_MAX_AGE_DEFAULT", "5", "a number of seconds or a timedelta"),
            ("SERVER_NAME", 5, "a text"),
            ("SESSION_COOKIE_NAME", b"session", "a text"),
            ("SECRET_KEY_FALLBACKS", 5, "a list"),
            ("TRUSTED_HOSTS", 5, "a list"),
        ]:
            with self.subTest(name), self.assertRaisesRegex(TypeError, f'app.config."{name}".* is .*{message}'):
                check_settings({**App.default_config, name: value})

    def test_a_secret_is_not_shown(self):
        with self.assertRaisesRegex(TypeError, "is list: it takes text or bytes") as caught:
            check_settings({**App.default_config, "SECRET_KEY": ["hidden"]})
        self.assertNotIn("hidden", str(caught.exception))


class DotenvTest(unittest.TestCase):
    def test_a_file_of_variables_is_read(self):
        for text, expected in [
            ("", {}),
            ("A=b", {"A": "b"}),
            ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
            ("  export A = b  ", {"A": "b"}),
            ("A=", {"A": ""}),
            ("A=''", {"A": ""}),
            ("A=b c # said", {"A": "b c"}),
            ("A=b#c", {"A": "b#c"}),
            ("A=#c", {"A": ""}),
            ("A='b # c' # d", {"A": "b # c"}),
            ('A="b \\"c\\" \\\\ \\t"', {"A": 'b "c" \\ \t'}),
            ("A='b\nc'\nD=e", {"A": "b\nc", "D": "e"}),
            ("# A=b\n\n \nC=d", {"C": "d"}),
            ("no variable\n1A=b\nA-B=c\nD=e", {"D": "e"}),
            ("A=1\nB=${A}2\nC='${A}'\nD=\"${A}${NONE:-3}${NONE}\"", {"A": "1", "B": "12", "C": "${A}", "D": "13"}),
            ("A=1\nA=2", {"A": "2"}),
            ("A='open", {"A": "'open"}),
            ("A=\u00fc", {"A": "\u00fc"}),
        ]:
            with self.subTest(text):
                self.assertEqual(parse_dotenv(text), expected)

    def test_a_long_file_takes_linear_time(self):
        for piece in ["A='", 'A="\\', "A=b # ", " " * 50, "export "]:
            self.assertTrue(is_linear(parse_dotenv, piece * 500, piece * 8000), piece)

    def test_files_set_what_is_not_set(self):
        with tempfile.TemporaryDirectory() as folder:
            self.addCleanup(os.chdir, os.getcwd())
            os.chdir(folder)
            pathlib.Path(".env").write_text("NW_A=env\nNW_B=env\n", encoding="utf-8")
            pathlib.Path(".flaskenv").write_text("NW_B=flaskenv\nNW_C=flaskenv\n", encoding="utf-8")
            pathlib.Path("own").write_text("NW_D=own\n", encoding="utf-8")
            with mock.patch.dict(os.environ, NW_A="there"):
                self.assertTrue(load_dotenv())
                self.assertTrue(load_dotenv("own"))
                self.assertFalse(load_dotenv("nowhere"))
                self.assertEqual([os.environ[f"NW_{n}"] for n in "ABCD"], ["there", "env", "flaskenv", "own"])
            with mock.patch.dict(os.environ, FLASK_SKIP_DOTENV="1"):
                self.assertFalse(load_dotenv())
                self.assertNotIn("NW_B", os.environ)
            os.chdir("/")


if __name__ == "__main__":
    unittest.main()
