"""The package as a thing that is copied, zipped, renamed, installed, and read about."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile
from importlib import resources

import nanoweb

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = resources.files(nanoweb)  # a folder, or a place in a zip file

# The canonical public forms of PEP 440, and its ".devN" for what is between two releases.
VERSION = r"[0-9]+\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?(\.post[0-9]+)?(\.dev[0-9]+)?"

# What each way of carrying the package must still do: load every module, and answer a request.
USE_ALL = """
import importlib, pkgutil, sys
from wsgiref.util import setup_testing_defaults

nanoweb = importlib.import_module({name!r})
for found in pkgutil.walk_packages(nanoweb.__path__, nanoweb.__name__ + "."):
    if not found.name.endswith(".__main__"):
        importlib.import_module(found.name)

app = nanoweb.App({name!r})

@app.route("/<name>")
def greet(name):
    return "Hello, " + name

environ = {{}}
setup_testing_defaults(environ)
environ["PATH_INFO"] = "/World"
print(b"".join(app(environ, lambda status, fields, exc_info=None: None)).decode())
print(nanoweb.__file__)
print(*sorted(module for module in sys.modules if module.partition(".")[0] == "nanoweb"))
"""


def read(name):
    """Return the text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def copy_package(folder, entry=PACKAGE):
    """Write the package's files below a folder, which is made."""
    folder.mkdir(parents=True)
    for child in entry.iterdir():
        if child.is_dir():
            copy_package(folder / child.name, child)
        else:
            (folder / child.name).write_bytes(child.read_bytes())


def run_python(program, place, *options):
    """Return the lines that a program prints, run with nothing but the library and one place to import from."""
    program = f"import sys; sys.path.insert(0, {str(place)!r})\n{program}"
    command = [sys.executable, "-I", "-S", "-B", "-W", "error", *options, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()


class CarryTest(unittest.TestCase):
    """However the package comes to where it is used, it works."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_it_works_from_a_zip_file(self):
        copy_package(self.folder / "nanoweb")
        place = self.folder / "libraries.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for path in (self.folder / "nanoweb").rglob("*"):
                archive.write(path, path.relative_to(self.folder))
        greeting, file, _ = run_python(USE_ALL.format(name="nanoweb"), place)
        self.assertEqual(greeting, "Hello, World")
        self.assertEqual(file[: len(str(place))], str(place))

    def test_it_works_under_another_name(self):
        copy_package(self.folder / "myapp" / "_vendor" / "nanoweb")
        greeting, _, full_names = run_python(USE_ALL.format(name="myapp._vendor.nanoweb"), self.folder)
        self.assertEqual(greeting, "Hello, World")
        self.assertEqual(full_names, "", "imported by its full name")

    def test_it_works_when_python_optimizes(self):
        place = pathlib.Path(nanoweb.__path__[0]).parent
        self.assertEqual(
            run_python(USE_ALL.format(name="nanoweb"), place, "-OO")[0], "Hello, World"
        )  # which is -O too

    def test_a_failing_program_is_noticed(self):
        for program in ["1/0", "import nowhere", "assert 1 > 2", "import warnings; warnings.warn('x')"]:
            with self.subTest(program), self.assertRaises(AssertionError):
                run_python(program, self.folder)


class ContentTest(unittest.TestCase):
    """What lies in the folder, and what it offers."""

    def test_a_copied_folder_carries_its_license(self):
        self.assertEqual((PACKAGE / "LICENSE").read_text(encoding="utf-8"), read("LICENSE"))

    def test_type_checkers_are_told_that_the_package_is_typed(self):
        self.assertTrue((PACKAGE / "py.typed").is_file())

    def test_every_name_on_offer_is_there_once(self):
        self.assertTrue(nanoweb.__all__)
        self.assertEqual(len(nanoweb.__all__), len(set(nanoweb.__all__)))
        for name in nanoweb.__all__:
            with self.subTest(name):
                # Not hasattr(): request and its like are there, but answer for nothing outside a request.
                exec(f"from nanoweb import {name}", {})


class ProjectTest(unittest.TestCase):
    """The files around the package say the same as the package."""

    def test_the_changelog_begins_with_this_version(self):
        self.assertRegex(nanoweb.__version__, rf"\A{VERSION}\Z")
        headings = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
        self.assertTrue(headings)
        for heading in headings:
            with self.subTest(heading):
                self.assertRegex(heading, rf"\A\[{VERSION}\] - (Unreleased|20[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}})\Z")
        self.assertEqual(headings[0].split(" ")[0], f"[{nanoweb.__version__}]")
        self.assertNotIn("Unreleased", "".join(headings[1:]), "only the newest may still be open")

    def test_the_declared_pythons_agree_with_each_other(self):
        project = read("pyproject.toml")
        checked = re.findall(r'"(3\.[0-9]+)"', re.search(r"^pythons = \[(.*)\]", project, re.MULTILINE)[1])
        offered = re.findall(r'"Programming Language :: Python :: (3\.[0-9]+)"', project)
        self.assertEqual(checked, offered)
        self.assertIn(f'requires-python = ">={checked[0]}"', project)

    def test_nothing_is_required(self):
        project = read("pyproject.toml")
        self.assertRegex(project, r"(?m)^dependencies = \[\]")
        self.assertNotIn("optional-dependencies", project)

    def test_the_commands_of_the_readme_name_what_is_there(self):
        commands = re.findall(r"^[ $]*(python3? .*?)(?: +#.*)?$", read("README.md"), re.MULTILINE)
        for command in ["python examples/hello.py", "python -m unittest"]:
            self.assertIn(command, commands)
        for command in commands:
            for word in command.split():
                if word.endswith(".py") and "/" in word:
                    with self.subTest(command):
                        self.assertTrue((ROOT / word).is_file(), f"{word} is not there")

    def test_the_links_of_the_readme_lead_somewhere(self):
        prose = re.sub(r"(?m)^    .*$", "", read("README.md"))  # what is indented is code
        for target in re.findall(r"\]\(([^)#]+)", prose):
            if "://" not in target:
                below = target.partition("nanoweb/")[2]  # the package may lie in a zip file
                with self.subTest(target):
                    self.assertTrue((PACKAGE / below).is_file() if below else (ROOT / target).exists())

    def test_the_readme_shows_the_example_as_it_is(self):
        self.assertIn(f"```python\n{read('examples/hello.py')}```\n", read("README.md"))

    def test_the_readme_lists_the_modules_in_reading_order(self):
        from tests.test_order import ORDER

        rows = re.findall(r"^\| [^|]+ \| (`.*`) \|$", read("README.md"), re.MULTILINE)
        listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
        there = {entry.name[:-3] for entry in PACKAGE.iterdir() if entry.name.endswith(".py")} - {"__init__"}
        there |= {name for name in ORDER if name.startswith("template.")}
        self.assertEqual(listed, [name.rpartition(".")[2] for name in ORDER if name in there])

    def test_the_python_of_the_readme_is_python(self):
        for block in re.findall(r"^```python\n(.*?)^```$", read("README.md"), re.MULTILINE | re.DOTALL):
            with self.subTest(block):
                compile(block, "README.md", "exec")
