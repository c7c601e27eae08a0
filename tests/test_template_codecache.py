import ast
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from importlib import resources
from unittest import mock

import nanoweb
from nanoweb.template import DictLoader, Environment, FileSystemBytecodeCache, TemplateSyntaxError, pass_context
from nanoweb.template import codecache as codecache_module

PACKAGE = resources.files(nanoweb)  # a folder, or a place in a zip file
PROGRAM = """
import sys
from nanoweb.template import DictLoader, Environment, FileSystemBytecodeCache
for _ in range(int(sys.argv[3])):
    for n in range(5):
        cache = FileSystemBytecodeCache(sys.argv[1])
        environment = Environment(loader=DictLoader({str(n): "{{ x }}" * 50}), bytecode_cache=cache)
        if environment.get_template(str(n)).render(x=n) != str(n) * 50:
            sys.exit("wrong")
        if n == int(sys.argv[2]):
            cache.clear()
"""


def load(environment, name="x"):
    """Return how often the compiler is asked for a template when that is loaded, and what the template says."""
    with mock.patch.object(environment, "_compile", wraps=environment._compile) as compile_:
        text = environment.get_template(name).render(y="<")
    return compile_.call_count, text


class Case(unittest.TestCase):
    """A folder for each test, which is not there yet."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name) / "cache"
        # Python keeps code beside the source, whatever the one that runs the tests was told.
        for attribute, value in [("dont_write_bytecode", False), ("pycache_prefix", None)]:
            patch = mock.patch.object(sys, attribute, value)
            patch.start()
            self.addCleanup(patch.stop)

    def make(self, source="a{{ y }}", kind=Environment, **options):
        cache = FileSystemBytecodeCache(self.folder)
        return kind(loader=DictLoader({"x": source}), bytecode_cache=cache, **options)

    def find(self, pattern="*.py"):
        (path,) = self.folder.glob(pattern)
        return path


class FolderTest(Case):
    def test_a_template_is_compiled_once_for_all_processes(self):
        self.assertEqual(load(self.make()), (1, "a<"))
        self.assertEqual(load(self.make()), (0, "a<"))

    def test_python_keeps_the_code_beside_the_source(self):
        load(self.make())
        self.assertIn("l_y", self.find().read_text(encoding="utf-8"))
        self.find("__pycache__/*.pyc")
        with mock.patch("builtins.compile", side_effect=AssertionError("compiled")):
            self.assertEqual(load(self.make()), (0, "a<"))

    def test_another_source_or_environment_has_other_code(self):
        class Own(Environment):
            pass

        load(self.make())
        for options, expected in [
            ({"source": "b{{ y }}"}, "b<"),
            ({"autoescape": True}, "a&lt;"),
            ({"variable_start_string": "${"}, "a{{ y }}"),
            ({"finalize": lambda value: value * 2}, "a<<"),
            ({"finalize": pass_context(lambda context, value: context.name)}, "ax"),
            ({"enable_async": True}, "a<"),
            ({"extensions": ["do"]}, "a<"),
            ({"kind": Own}, "a<"),
        ]:
            with self.subTest(options):
                self.assertEqual(load(self.make(**options)), (1, expected))

    def test_a_filter_that_takes_something_else_first_needs_other_code(self):
        for function, expected in [
            (lambda value: value * 2, "<<"),
            (pass_context(lambda context, value: context.name), "x"),
        ]:
            for count in (1, 0):
                environment = self.make("{{ y|own }}")
                environment.filters["own"] = function
                self.assertEqual(load(environment), (count, expected))

    def test_another_version_of_the_engine_has_other_code(self):
        load(self.make())
        with mock.patch.object(codecache_module, "_engine_sums", ["other"]):
            self.assertEqual(load(self.make()), (1, "a<"))

    def test_an_engine_that_cannot_be_read_stores_nothing(self):
        reader = type(codecache_module.__spec__.loader)  # of files, or of a zip file
        sums = mock.patch.object(codecache_module, "_engine_sums", [])
        with sums, mock.patch.object(reader, "get_data", side_effect=OSError, create=True):
            self.assertEqual(load(self.make()), (1, "a<"))
        self.assertEqual([path for path in self.folder.rglob("*") if path.is_file()], [])

    def test_the_engine_is_all_that_the_compiler_imports(self):
        found, waiting = set(), ["compiler", "extensions", "lexer", "translation"]
        while waiting:
            name = waiting.pop()
            found.add(name)
            for node in ast.walk(ast.parse((PACKAGE / "template" / f"{name}.py").read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module != "environment":
                    names = [node.module] if node.module else [alias.name for alias in node.names]
                    waiting += set(names) - found
        self.assertEqual(sorted(found), codecache_module._ENGINE)

    def test_environments_that_agree_share_code(self):
        load(self.make(autoescape=True))
        self.assertEqual(load(self.make(autoescape=lambda name: name == "x")), (0, "a&lt;"))

    def test_streams_share_code_too(self):
        for count in (2, 0):  # one compilation each for render() and for stream()
            environment = self.make("{% for n in [1, 2] %}{{ n }}{% endfor %}")
            with mock.patch.object(environment, "_compile", wraps=environment._compile) as compile_:
                self.assertEqual(list(environment.get_template("x").stream()), ["1", "2"])
            self.assertEqual(compile_.call_count, count)

    def test_a_traceback_shows_the_template_and_not_the_stored_file(self):
        for _ in range(2):
            template = self.make("\n{% macro m() %}{{ 1 / 0 }}{% endmacro %}{{ m() }}").get_template("x")
            try:
                template.render()
            except ZeroDivisionError as error:
                entry, names = error.__traceback__, []
                while entry is not None:
                    names.append((entry.tb_frame.f_code.co_filename, entry.tb_lineno))
                    entry = entry.tb_next
            self.assertEqual([place for place in names if "template x" in place[0]], [("<template x>", 2)] * 2)
            self.assertFalse([place for place in names if str(self.folder) in place[0]])

    def test_a_template_that_cannot_be_compiled_is_an_error_each_time(self):
        for source in ["{% if %}", "{{ " + "(" * 300 + ")" * 300 + " }}"]:
            for _ in range(2):
                self.assertRaises(TemplateSyntaxError, self.make(source).get_template, "x")

    def test_text_in_any_script_is_kept(self):
        for source in ["äöü €\u2028", "\ud800", "{{ größe }}{{ 'ſ' }}", "# -*- coding: latin-1 -*-\né"]:
            for _ in range(2):
                self.assertEqual(load(self.make(source))[1], Environment().from_string(source).render())

    def test_clearing_leaves_other_files(self):
        environment = self.make()
        load(environment)
        (self.folder / "other.py").write_text("")
        (self.folder / "__pycache__" / "other.pyc").write_text("")
        environment.bytecode_cache.clear()
        left = sorted(path.name for path in self.folder.rglob("*"))
        self.assertEqual(left, ["__pycache__", "other.py", "other.pyc"])
        self.assertEqual(load(self.make()), (1, "a<"))

    def test_files_can_have_another_name(self):
        for pattern in ["t%s.cache", "%s"]:
            cache = FileSystemBytecodeCache(self.folder, pattern)
            for count in (1, 0):
                environment = Environment(loader=DictLoader({"x": pattern}), bytecode_cache=cache)
                self.assertEqual(load(environment), (count, pattern))
            cache.clear()
        self.assertEqual([path for path in self.folder.rglob("*") if path.is_file()], [])
        for pattern in ["", "x", "%d", "%s%s", "../%s", "a/%s", "%s%"]:
            self.assertRaises(ValueError, FileSystemBytecodeCache, self.folder, pattern)

    def test_without_a_folder_to_write_to_templates_render_all_the_same(self):
        environment = self.make()
        with mock.patch("tempfile.mkstemp", side_effect=OSError("disk full")):
            self.assertEqual(environment.get_template("x").render(y=1), "a1")
        self.assertEqual([path for path in self.folder.rglob("*") if path.is_file()], [])
        with mock.patch("os.replace", side_effect=OSError("disk full")):
            self.assertEqual(self.make().get_template("x").render(y=1), "a1")
        self.assertEqual([path for path in self.folder.rglob("*") if path.is_file()], [])

    def test_several_processes_share_it(self):
        processes = [
            subprocess.Popen([sys.executable, *flags, "-c", PROGRAM, str(self.folder), str(n), "8"], stderr=-1)
            for n, flags in enumerate([[], ["-O"], ["-B"]])
        ]
        for process in processes:
            _, error = process.communicate(timeout=60)
            self.assertEqual((process.returncode, error), (0, b""))
        self.assertEqual(list(self.folder.glob("*.tmp")), [])

    def test_the_package_may_be_in_a_zip_file(self):
        archive = self.folder.parent / "lib.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("nanoweb/__init__.py", "")
            file.writestr("nanoweb/markup.py", (PACKAGE / "markup.py").read_bytes())
            for entry in (PACKAGE / "template").iterdir():
                if entry.name.endswith(".py"):
                    file.writestr(f"nanoweb/template/{entry.name}", entry.read_bytes())
        for _ in range(2):
            command = [sys.executable, "-c", PROGRAM, str(self.folder), "-1", "1"]
            subprocess.run(
                command, check=True, cwd=self.folder.parent, env={**os.environ, "PYTHONPATH": str(archive)}
            )
        self.assertEqual(len(list(self.folder.glob("*.py"))), 5)


class DamageTest(Case):
    """What is not wholly and certainly the template's own is made again."""

    def assertMadeAgain(self):
        self.assertEqual(load(self.make()), (1, "a<"))
        self.assertEqual(load(self.make()), (0, "a<"))

    def test_half_a_file_or_a_changed_one(self):
        load(self.make())
        path = self.find()
        whole = path.read_bytes()
        for damaged in [
            b"",
            whole[:10],
            whole[:-5],
            whole[: len(whole) // 2],
            b"x" + whole[1:],
            whole.replace(b"'a", b"'b"),
            whole.replace(b"# nanoweb", b"# another"),
            b"raise SystemExit\n" + whole,
            whole + b"raise SystemExit\n",
        ]:
            with self.subTest(damaged):
                path.write_bytes(damaged)
                self.assertMadeAgain()

    def test_the_file_of_another_template(self):
        load(self.make("raise SystemExit"))
        other = self.find()
        data = other.read_bytes()
        other.unlink()
        load(self.make())
        self.find().write_bytes(data)
        self.assertMadeAgain()

    def test_damaged_code_beside_the_source(self):
        load(self.make())
        compiled = self.find("__pycache__/*.pyc")
        whole = compiled.read_bytes()
        for damaged in [whole[:16], whole[:40], b"", whole[:16] + b"N", b"x" * 100]:
            with self.subTest(damaged):
                compiled.write_bytes(damaged)
                self.assertEqual(load(self.make())[1], "a<")


class OthersTest(Case):
    """What is read is run: nobody else may have written it."""

    def test_the_folder_and_its_files_are_for_the_user_alone(self):
        load(self.make())
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.find().stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.find("__pycache__/*.pyc").stat().st_mode & 0o022, 0)

    def test_a_folder_that_others_can_write_to_is_refused(self):
        self.folder.mkdir()
        for mode in (0o777, 0o770, 0o720, 0o702, 0o1777):
            with self.subTest(oct(mode)), self.assertRaisesRegex(ValueError, "written to by others.* of mode 0700"):
                self.folder.chmod(mode)
                FileSystemBytecodeCache(self.folder)

    def test_so_is_one_where_python_s_own_folder_is_open_or_a_link(self):
        below = self.folder / "__pycache__"
        FileSystemBytecodeCache(self.folder)
        below.chmod(0o777)
        self.assertRaisesRegex(ValueError, "__pycache__", FileSystemBytecodeCache, self.folder)
        below.rmdir()
        below.symlink_to(self.folder.parent)
        self.assertRaisesRegex(ValueError, "__pycache__", FileSystemBytecodeCache, self.folder)

    def test_folders_are_closed_whatever_the_umask(self):
        mask = os.umask(0)
        try:
            load(self.make())
        finally:
            os.umask(mask)
        modes = {path.stat().st_mode & 0o077 for path in [self.folder, *self.folder.rglob("*")]}
        self.assertEqual(modes, {0})

    def test_a_folder_of_another_user_is_refused(self):
        self.folder.mkdir(mode=0o700)
        status = os.stat_result((0o40700, 0, 0, 2, os.getuid() + 1, 0, 0, 0, 0, 0))
        with mock.patch("os.stat", return_value=status), self.assertRaisesRegex(ValueError, "another user"):
            FileSystemBytecodeCache(self.folder)

    def test_a_file_in_its_place_is_refused(self):
        self.folder.write_text("")
        self.assertRaises(OSError, FileSystemBytecodeCache, self.folder)

    def test_the_folder_without_a_name_is_no_link_that_another_has_laid(self):
        temporary = self.folder.parent
        (temporary / "elsewhere").mkdir(mode=0o700)
        with mock.patch("tempfile.tempdir", str(temporary)):
            cache = FileSystemBytecodeCache()
            self.assertEqual(pathlib.Path(cache.directory).parent, temporary)
            shutil.rmtree(cache.directory)
            os.symlink(temporary / "elsewhere", cache.directory)
            with self.assertRaisesRegex(ValueError, "is no folder"):
                FileSystemBytecodeCache()

    def test_a_file_that_others_can_write_to_is_not_read(self):
        for pattern in ["*.py", "__pycache__/*.pyc"]:
            with self.subTest(pattern):
                load(self.make())
                path = self.find(pattern)
                path.chmod(0o666)
                path.write_bytes(b"raise SystemExit\n")
                self.assertEqual(load(self.make())[1], "a<")
                load(self.make())
                self.assertEqual(self.find("*.py").stat().st_mode & 0o777, 0o600)

    def test_a_link_or_a_pipe_in_place_of_a_file_is_not_read(self):
        load(self.make())
        path = self.find()
        elsewhere = self.folder.parent / "elsewhere"
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
        self.assertEqual(load(self.make()), (1, "a<"))
        self.assertFalse(path.is_symlink())
        path.unlink()
        os.mkfifo(path)
        self.assertEqual(load(self.make()), (1, "a<"))

    def test_code_that_python_keeps_in_another_folder_is_not_read(self):
        prefix = self.folder.parent / "prefix"
        with mock.patch.object(sys, "pycache_prefix", str(prefix)):
            for count in (1, 0):
                self.assertEqual(load(self.make()), (count, "a<"))
        self.assertFalse(prefix.exists())


if not hasattr(os, "getuid"):  # Windows keeps users apart by other means
    del OthersTest
