"""The package as a book: its chapters have an order, and each relies on earlier ones alone.

What is checked here is checked in the text of the modules.  Every check is a function
that takes the text of one module and returns its complaints, and every check is tried
on a text that it must complain about before it is trusted with the package.
"""

import ast
import functools
import itertools
import operator
import pathlib
import re
import subprocess
import sys
import sysconfig
import unittest
from importlib import resources

import nanoweb

if sys.version_info >= (3, 11):
    from re import _constants as regex_codes
    from re import _parser as regex_parser
else:
    import sre_constants as regex_codes
    import sre_parse as regex_parser

# In reading order.  A package stands after its parts, since importing it imports them; "__init__" is the
# package itself, which offers what stands before it.  Not every chapter is written; none is missing here.
ORDER = [
    # ground
    "local",
    "properties",
    "markup",
    "urls",
    "exceptions",
    "headers",
    "cookies",
    "dicts",
    "fields",
    "uploads",
    "accept",
    "conditions",
    "directives",
    "credentials",
    "datastructures",
    "security",
    "signing",
    # one request
    "wsgi",
    "formparser",
    "environs",
    "attributes",
    "requests",
    "responses",
    "wrappers",
    "converters",
    "ruletree",
    "rules",
    "routing",
    "files",
    "middleware",
    "lint",
    # templates
    "template.errors",
    "template.lexer",
    "template.nodes",
    "template.parser",
    "template.undefined",
    "template.page",
    "template.contexts",
    "template.runtime",
    "template.tests",
    "template.links",
    "template.filters",
    "template.frames",
    "template.expressions",
    "template.compiler",
    "template.tracebacks",
    "template.extensions",
    "template.codecache",
    "template.loaders",
    "template.translation",
    "template.rendering",
    "template.environment",
    "template.meta",
    "template.sandbox",
    "template",
    # tools, loaded when they are first used
    "cookiejar",
    "testing",
    "debug",
    "wire",
    "waiting",
    "bodies",
    "answers",
    "listening",
    "tls",
    "accesslog",
    "connections",
    "crew",
    "workers",
    "reloader",
    "serving",
    # application
    "config",
    "signals",
    "coroutines",
    "context",
    "logs",
    "tagging",
    "sessions",
    "shortcuts",
    "jsonprovider",
    "templating",
    "commands",
    "folders",
    "scaffold",
    "registry",
    "views",
    "blueprints",
    "csrf",
    "results",
    "addresses",
    "app",
    "compat",
    "__init__",
    # command
    "targets",
    "cli",
    "__main__",
]

# What "import nanoweb" must not load, for its weight or because the network comes with it.
HEAVY = """
    argparse ast asyncio cgi ctypes dataclasses doctest email ftplib http.client http.server inspect logging
    multiprocessing optparse pdb pickle pydoc smtplib socketserver sqlite3 ssl subprocess symtable tkinter tokenize
    traceback typing unittest urllib.request xml
""".split()

# Loading these runs what the data says (pickle and what is built on it), reads code from
# where others may write (marshal), or ends with Python 3.12 (cgi).
FORBIDDEN = {"pickle", "_pickle", "shelve", "marshal", "cgi", "cgitb"}


@functools.cache
def standard_library():
    """Return the names of the standard library's modules.

    Python 3.9 does not know them (sys.stdlib_module_names came with 3.10), so there
    we look at what is compiled in and at what lies in the library's two folders.
    """
    if sys.version_info >= (3, 10):
        return sys.stdlib_module_names
    folder = pathlib.Path(sysconfig.get_path("stdlib"))
    compiled = pathlib.Path(sysconfig.get_config_var("DESTSHARED"))
    files = itertools.chain(folder.glob("*.py"), folder.glob("*/__init__.py"), compiled.glob("*.so"))
    names = (file.parent.name if file.name == "__init__.py" else file.name.partition(".")[0] for file in files)
    return frozenset(names) | frozenset(sys.builtin_module_names)


def read_modules(folder=None, prefix=""):
    """Yield (name, text) for each module of the package, whether it lies in a folder or in a zip file."""
    for entry in (folder or resources.files(nanoweb)).iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from read_modules(entry, f"{prefix}{entry.name}.")
        elif entry.name == "__init__.py" and prefix:
            yield prefix[:-1], entry.read_text(encoding="utf-8")
        elif entry.name.endswith(".py"):
            yield prefix + entry.name[:-3], entry.read_text(encoding="utf-8")


MODULES = dict(read_modules())


@functools.cache
def parse(source):
    """Return the tree of a module, of which there are several questions."""
    return ast.parse(source)


def tearDownModule():
    parse.cache_clear()  # a hundred trees make every gc.collect() slow that others call


# ---- imports


def is_type_checking(node):
    """Tell whether node is ``if TYPE_CHECKING:``, in these words alone: what stands below it never runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def find_imports(tree):
    """Yield (statement, runs) for each import, at any depth; runs is False below ``if TYPE_CHECKING:``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, True
        elif is_type_checking(node):
            for statement in node.body:
                yield from ((found, False) for found, _ in find_imports(ast.Module([statement], [])))
            yield from find_imports(ast.Module(node.orelse, []))
        else:
            yield from find_imports(node)


def imported_chapters(statement, name, order):
    """Return the chapters that a relative import in the chapter called name loads.

    ``from .headers import x`` loads "headers".  In ``from . import x``, x is a
    chapter if there is one of that name, else something that "__init__" holds.
    """
    is_package = name == "__init__" or any(other.startswith(name + ".") for other in order)
    here = [] if name == "__init__" else name.split(".")
    up = statement.level - is_package
    if up > len(here):
        return ["(outside the package)"]
    base = here[: len(here) - up] + (statement.module.split(".") if statement.module else [])
    if base and not any(other.startswith(".".join([*base, ""])) for other in order):
        return [".".join(base)]  # a module, not a package: what it imports are names in it
    chapters = (".".join([*base, alias.name]) for alias in statement.names)
    return [chapter if chapter in order else ".".join(base) or "__init__" for chapter in chapters]


def complain_about_imports(source, name, order=ORDER):
    """Imports are relative or from the standard library, and lead back to earlier chapters, never on.

    Below ``if TYPE_CHECKING:`` a later chapter may be named, since the import does not run,
    and ``_typeshed`` too, which every type checker brings along; nothing else is excepted.
    """
    if name not in order:
        return [f"{name}: it has no place in the order"]
    complaints = []
    for statement, runs in find_imports(parse(source)):
        where = f"{name}, line {statement.lineno}"
        if isinstance(statement, ast.ImportFrom) and statement.level:
            for chapter in imported_chapters(statement, name, order):
                if chapter not in order:
                    complaints.append(f"{where}: there is no chapter {chapter!r}")
                elif runs and chapter not in order[: order.index(name)]:
                    complaints.append(f"{where}: {chapter!r} is not an earlier chapter")
            continue
        modules = [statement.module] if isinstance(statement, ast.ImportFrom) else [a.name for a in statement.names]
        for module in modules:
            top = module.partition(".")[0]
            if top == "nanoweb":
                complaints.append(f"{where}: {module!r} by its full name: another name for the folder breaks it")
            elif top in FORBIDDEN:
                complaints.append(f"{where}: {module!r} is forbidden")
            elif top not in standard_library() and (runs or top != "_typeshed"):
                complaints.append(f"{where}: {module!r} is not in the standard library")
    return complaints


def complain_about_type_checking(source, name):
    """TYPE_CHECKING is False and nothing else, or the imports below it would run after all."""
    return [
        f"{name}, line {node.lineno}: TYPE_CHECKING is set to something else than False"
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING" and isinstance(node.ctx, ast.Store)
        if not re.fullmatch(r"TYPE_CHECKING = False", source.splitlines()[node.lineno - 1])
    ]


# ---- statements


def complain_about_asserts(source, name):
    """Under "python -O" an assert is gone, and whatever relied on it goes on."""
    return [
        f"{name}, line {node.lineno}: assert is not there under python -O; raise"
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Assert)
    ]


# ---- names


def complain_about_names(source, name, exported=()):
    """A chapter is not called like a module of Python's, nor like something that is imported from it or from nanoweb.

    exported   what the package itself offers: ``from nanoweb import app`` must not be a riddle
    """
    if name in ("__init__", "__main__"):
        return []
    own = [
        ast.literal_eval(node.value)
        for node in parse(source).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
    ]
    last = name.rpartition(".")[2]
    complaints = []
    if last in ("util", "utils", "helpers", "misc", "common"):
        complaints.append(f"{name}: a name that says nothing")
    if last == name and name in standard_library():
        complaints.append(f"{name}: the standard library has a module of that name")
    if last == name and name in exported:
        complaints.append(f"{name}: nanoweb exports something of that name")
    if any(last in names for names in own):
        complaints.append(f"{name}: it exports something of its own name")
    return complaints


# ---- patterns


def read_text(node, constants):
    """Return the str or bytes that an expression stands for, None if that shows only when it runs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.FormattedValue) and node.conversion == -1 and node.format_spec is None:
        return read_text(node.value, constants)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [read_text(node.left, constants), read_text(node.right, constants)]
    elif isinstance(node, ast.JoinedStr):
        parts = ["", *(read_text(value, constants) for value in node.values)]
    else:
        return None
    return None if None in parts else parts[0][:0].join(parts)


def read_constants(tree):
    """Return the texts that a module gives names to, so that a pattern put together of them can be read."""
    constants = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = read_text(node.value, constants)
    return constants


# Which argument holds the flags, counted from 0.
REGEX_CALLS = {
    **dict.fromkeys(["re.compile"], 1),
    **dict.fromkeys(["re.match", "re.fullmatch", "re.search", "re.findall", "re.finditer"], 2),
    **dict.fromkeys(["re.split"], 3),
    **dict.fromkeys(["re.sub", "re.subn"], 4),
}


def read_flags(call):
    """Return the flags that a call of re's gives, as a number; None if they are not spelled out."""
    place = REGEX_CALLS[ast.unparse(call.func)]
    given = call.args[place : place + 1] + [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    words = [word for flags in given for word in ast.unparse(flags).split(" | ")]
    if not all(re.fullmatch(r"re\.[A-Z]+", word) for word in words):
        return None
    return functools.reduce(operator.or_, (getattr(re, word[3:]) for word in words), 0)


def walk_pattern(parsed, flags):
    """Yield (code, value, flags) for each piece of a pattern that Python's own parser took apart."""
    kinds = re.ASCII | re.LOCALE | re.UNICODE
    for code, value in parsed:
        yield code, value, flags
        if code is regex_codes.IN:
            yield from walk_pattern(value, flags)
        elif code is regex_codes.SUBPATTERN:
            _, added, removed, inner = value
            yield from walk_pattern(inner, (flags & ~kinds if added & kinds else flags) & ~removed | added)
        else:  # a repeat, a branch, a look-around, a condition: its pattern stands alone, in a tuple or in a list
            parts = itertools.chain.from_iterable(
                part if isinstance(part, list) else [part]
                for part in (value if isinstance(value, tuple) else [value])
            )
            for part in parts:
                if isinstance(part, regex_parser.SubPattern):
                    yield from walk_pattern(part, flags)


def find_faults(pattern, flags):
    """Yield what is wrong with a pattern for text that comes from outside.

    "$" also stands before a last newline.  In a str, \\d, \\w, \\s and \\b know the
    digits, letters and blanks of all the world's scripts, and to ignore case makes
    "\\u017f" an "s" and "\\u212a" a "k", unless re.ASCII says otherwise.
    """
    parsed = regex_parser.parse(pattern, flags)
    for code, value, scoped in walk_pattern(parsed, parsed.state.flags):
        if code is regex_codes.AT and value is regex_codes.AT_END:
            yield "$ lets a newline through: fullmatch(), or \\Z"
        if scoped & re.UNICODE:
            if code is regex_codes.CATEGORY or (code is regex_codes.AT and "BOUNDARY" in str(value)):
                yield f"{str(value).lower()} goes by Unicode: re.ASCII"
            if scoped & re.IGNORECASE:
                yield "re.IGNORECASE goes by Unicode: re.ASCII"


def complain_about_patterns(source, name):
    """Patterns on what a client sends say ASCII and have no "$".

    Every pattern that can be read off the text is taken apart with Python's own parser.
    One that is put together while the program runs cannot, and is its own tests' matter.
    """
    tree = parse(source)
    constants = read_constants(tree)
    complaints = []
    for node in ast.walk(tree):
        where = f"{name}, line {getattr(node, 'lineno', 0)}"
        if isinstance(node, (ast.Import, ast.ImportFrom)) and re.fullmatch(
            r"from re .*|.*\bre as .*", ast.unparse(node)
        ):
            complaints.append(f"{where}: patterns are found by the words 're.compile(': import re, and by that name")
        elif isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in REGEX_CALLS:
            pattern, flags = read_text(node.args[0], constants), read_flags(node)
            if flags is None:
                complaints.append(f"{where}: the flags are not spelled out as re.X | re.Y")
            elif pattern is not None:
                complaints += [f"{where}: {fault}" for fault in dict.fromkeys(find_faults(pattern, flags))]
    return complaints


# ---- what an import loads


def loaded_by(statement):
    """Return the names of the modules that a statement loads in a Python with nothing but its library."""
    place = str(pathlib.Path(nanoweb.__path__[0]).parent)
    program = f"import sys; sys.path.insert(0, {place!r}); old = {{*sys.modules}}; {statement}; "
    program += "print(*sys.modules.keys() - old)"
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def too_heavy(names):
    """Return those names that are heavy, or part of something heavy."""
    return sorted(name for name in names if any(f"{name}.".startswith(f"{heavy}.") for heavy in HEAVY))


class OrderTest(unittest.TestCase):
    """The list, and the imports that keep to it."""

    def test_every_chapter_has_one_place_in_the_order(self):
        self.assertGreater(len(MODULES), 1, "no modules found: nothing was checked")
        self.assertEqual(sorted(MODULES.keys() - set(ORDER)), [], "not in ORDER")
        self.assertEqual(len(ORDER), len(set(ORDER)))

    def test_a_package_stands_after_its_parts(self):
        for position, name in enumerate(ORDER):
            parts = [part for part in ORDER[position:] if part.startswith(f"{name}.")]
            self.assertEqual(parts, [], f"{name} imports them")

    def test_a_module_imports_only_earlier_chapters_and_the_standard_library(self):
        for name, source in MODULES.items():
            with self.subTest(name):
                self.assertEqual(complain_about_imports(source, name), [])
                self.assertEqual(complain_about_type_checking(source, name), [])

    def test_what_breaks_the_order_is_noticed(self):
        order = ["ground", "template.lexer", "template.parser", "template", "middle", "__init__", "cli"]
        for name, source in [
            ("nowhere", "from .ground import x"),
            ("ground", "from .middle import x"),
            ("ground", "from . import middle"),
            ("ground", "from . import __version__"),
            ("ground", "from .ground import x"),
            ("ground", "from .nowhere import x"),
            ("ground", "from ..ground import x"),
            ("ground", "def f():\n    from .middle import x"),
            ("ground", "try:\n    pass\nexcept E:\n    from .middle import x"),
            ("ground", "if not TYPE_CHECKING:\n    from .middle import x"),
            ("ground", "if TYPE_CHECKING or True:\n    from .middle import x"),
            ("ground", "if TYPE_CHECKING:\n    pass\nelse:\n    from .middle import x"),
            ("ground", "if TYPE_CHECKING:\n    from .nowhere import x"),
            ("ground", "from .template import lexer"),
            ("ground", "from .template.lexer import x"),
            ("template.lexer", "from .parser import x"),
            ("template.lexer", "from . import parser"),
            ("template.lexer", "from . import Environment"),
            ("template.lexer", "from ..middle import x"),
            ("template.lexer", "from ...ground import x"),
            ("template", "from ..middle import x"),
            ("template", "from .. import middle"),
            ("__init__", "from .cli import main"),
            ("__init__", "from . import cli"),
            ("cli", "import nanoweb"),
            ("cli", "import nanoweb.app"),
            ("cli", "from nanoweb.app import App"),
            ("cli", "if TYPE_CHECKING:\n    from nanoweb import App"),
            ("cli", "import flask"),
            ("cli", "import os, flask.app"),
            ("cli", "from werkzeug.local import Local"),
            ("cli", "if TYPE_CHECKING:\n    import flask"),
            ("cli", "import _typeshed"),
            ("cli", "import pickle"),
            ("cli", "from marshal import loads"),
            ("cli", "import cgi"),
        ]:
            with self.subTest(name, source=source):
                self.assertEqual(len(complain_about_imports(source, name, order)), 1)
        for source in ["TYPE_CHECKING = True", "TYPE_CHECKING = False or 1", "if x:\n    TYPE_CHECKING = False"]:
            with self.subTest(source):
                self.assertEqual(len(complain_about_type_checking(source, "ground")), 1)

    def test_what_keeps_to_the_order_is_let_through(self):
        order = ["ground", "template.lexer", "template.parser", "template", "middle", "__init__", "cli"]
        for name, source in [
            ("ground", "from __future__ import annotations\nimport re, os.path\nfrom collections.abc import Mapping"),
            (
                "ground",
                "if TYPE_CHECKING:\n    from .middle import x\n    from _typeshed.wsgi import WSGIApplication",
            ),
            ("ground", "if TYPE_CHECKING:\n    if sys.version_info >= (3, 10):\n        from . import middle"),
            ("template.lexer", "from ..ground import x"),
            ("template.parser", "from .lexer import x"),
            ("template.parser", "from . import lexer"),
            ("template", "from . import parser\nfrom .lexer import x\nfrom .. import ground"),
            ("middle", "from .template import Environment, lexer\nfrom .template.lexer import x"),
            ("middle", "from . import ground"),
            ("__init__", "from .middle import x\nfrom . import template"),
            ("cli", "from . import __version__\nfrom . import App"),
        ]:
            with self.subTest(name, source=source):
                self.assertEqual(complain_about_imports(source, name, order), [])

    def test_the_standard_library_is_known_by_name(self):
        ours = {
            "__future__",
            "_thread",
            "concurrent",
            "email",
            "importlib",
            "math",
            "re",
            "socket",
            "ssl",
            "sys",
            "zlib",
        }
        self.assertLessEqual(ours, standard_library())
        self.assertTrue(
            standard_library().isdisjoint({"flask", "greenlet", "nanoweb", "pip", "setuptools", "site-packages"})
        )


class WeightTest(unittest.TestCase):
    """import nanoweb is felt at every start of every command."""

    def test_the_import_loads_nothing_heavy(self):
        loaded = loaded_by("import nanoweb")
        self.assertIn("nanoweb", loaded)
        self.assertEqual(too_heavy(loaded), [])

    def test_what_is_heavy_is_noticed(self):
        self.assertIn("argparse", too_heavy(loaded_by("import argparse")))
        self.assertIn("email.utils", too_heavy(loaded_by("import email.utils")))
        self.assertEqual(too_heavy(["http", "emails", "xmlish", "nanoweb.typing"]), [])


class TextTest(unittest.TestCase):
    """What no module says, and how none is called."""

    def test_no_module_relies_on_assert(self):
        for name, source in MODULES.items():
            with self.subTest(name):
                self.assertEqual(complain_about_asserts(source, name), [])
        self.assertEqual(len(complain_about_asserts("def f(x):\n    if x:\n        assert x > 0", "bad")), 1)

    def test_every_module_has_a_name_of_its_own(self):
        for name, source in MODULES.items():
            with self.subTest(name):
                self.assertEqual(complain_about_names(source, name, nanoweb.__all__), [])
        for name, source in [
            ("json", ""),
            ("utils", ""),
            ("template.utils", ""),
            ("request", ""),
            ("f", "__all__ = ['f']"),
        ]:
            with self.subTest(name):
                self.assertEqual(len(complain_about_names(source, name, ["App", "request"])), 1)
        for name, source in [("template.parser", ""), ("__main__", ""), ("f", "__all__ = ['g']")]:
            with self.subTest(name):
                self.assertEqual(complain_about_names(source, name, ["App", "request"]), [])

    def test_patterns_go_by_ascii_and_match_to_the_very_end(self):
        for name, source in MODULES.items():
            if not name.startswith("template."):  # the text of a template is its author's, and may be in any script
                with self.subTest(name):
                    self.assertEqual(complain_about_patterns(source, name), [])

    def test_a_lax_pattern_is_noticed(self):
        for source in [
            r're.compile(r"[0-9]+$")',
            r're.compile(rb"[0-9]+$")',
            r're.compile(r"(?:(a|(b$))*)", re.ASCII)',
            r're.compile(r"(?=(?:a$){2,})")',
            r're.compile(r"(a)?(?(1)b$|c)")',
            r're.compile(r"\d+")',
            r're.compile(r"[a-z\d]+", flags=re.VERBOSE)',
            r're.compile(r"(?a:\d)(?u:\w)")',
            r're.compile(r"\s")',
            r're.compile(r"\bword")',
            r're.compile("bytes=", re.IGNORECASE)',
            r're.compile("(?i)bytes=")',
            r're.compile("a", FLAGS)',
            r're.fullmatch(r"\w+", name)',
            r're.sub(r"\s+", " ", name)',
            r're.split(r"\s+", name, 1, re.IGNORECASE | re.MULTILINE)',
            'digits = r"\\d"\npattern = re.compile(digits + "+")',
            'digits = r"\\d"\npattern = re.compile(f"{digits}+")',
            "from re import compile",
            "import re as regex",
        ]:
            with self.subTest(source):
                self.assertNotEqual(complain_about_patterns(source, "bad"), [])

    def test_a_strict_pattern_is_let_through(self):
        for source in [
            "import re, os",
            r're.compile(r"[0-9]+\Z|^[$]|\$")',
            r're.compile(rb"\d+\s\b", re.IGNORECASE)',
            r're.compile(r"bytes=([0-9]{0,18})-(\d*)", re.IGNORECASE | re.ASCII)',
            r're.compile(r"(?ai)k\d")',
            r're.compile(r"(?a:\d)(?:a|b[cd]?)+(?=e)")',
            r're.split(r"[ \t]*,[ \t]*", value, 1)',
            r're.compile("^" + re.escape(prefix))',
        ]:
            with self.subTest(source):
                self.assertEqual(complain_about_patterns(source, "good"), [])
