"""Compiled templates, kept on disk for the next process: the option bytecode_cache.

    environment = Environment(loader=..., bytecode_cache=FileSystemBytecodeCache("/var/cache/app"))

In a request's way: an environment has found a source and asks here for its code before it compiles.  What is kept
is the Python source that the compiler has written, in a file that is named by a hash of all that it was made of: the
engine, the environment's options, the template's name and text.  So nothing that is found is ever out of date.
Python itself keeps the code of that file beside it, in __pycache__, as it does for any module.

What is found here is run.  So it is read only from a folder, and from files, that no other user can write to.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
from importlib import import_module
from importlib.machinery import SourceFileLoader
from types import CodeType

from .tests import TESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .environment import Environment

__all__ = ["FileSystemBytecodeCache"]

# The steps between a template and its Python source: who changes one of them changes the name of every file.
_ENGINE = """
    compiler contexts errors expressions extensions frames lexer nodes page parser runtime tests translation undefined
""".split()

# What the source depends on, besides filters, tests and tags.
_OPTIONS = """
    block_start_string block_end_string variable_start_string variable_end_string comment_start_string
    comment_end_string line_statement_prefix line_comment_prefix trim_blocks lstrip_blocks newline_sequence
    keep_trailing_newline optimized sandboxed newstyle_gettext
""".split()


class FileSystemBytecodeCache:
    """Compiled templates in the files of a folder, for the processes of one user.

    directory   a folder that only this user can write to; made if it is not there.
                Without, one for the user within the system's temporary folder
    pattern     the names of the files, "%s" for the hash
    raises      ValueError    if others can write to the folder: they could run code here
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None, pattern: str = "nanoweb_%s.py") -> None:
        self.directory = _find_default_directory() if directory is None else os.fspath(directory)
        self.pattern = pattern
        if pattern.count("%") != 1 or "%s" not in pattern or os.path.basename(pattern) != pattern:
            raise ValueError(f'the pattern {pattern!r} is no name of a file with one "%s" in it')
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        # Of a folder in a place for all, the link itself counts: where it leads, another may choose.
        self._check(self.directory, os.lstat if directory is None else os.stat)
        below = os.path.join(self.directory, "__pycache__")
        with contextlib.suppress(OSError):  # it is there, or this user may only read
            os.mkdir(below, 0o700)
        if os.path.lexists(below):
            self._check(below, os.lstat)

    @staticmethod
    def _check(folder, find_status):
        complaint = _complain(find_status(folder), stat.S_ISDIR)
        if complaint:
            raise ValueError(
                f"bytecode_cache: the folder {folder!r} {complaint}, so what is in it could be anybody's code:"
                " name a folder of your own, of mode 0700"
            )

    def get_code(
        self, environment: Environment, source: str, name: str | None, filename: str | None, mode: str
    ) -> CodeType:
        """Return the code of a template; it is compiled, and stored, if it is not here yet.

        mode     as for the compiler: "write", "yield" or "async"
        raises   TemplateSyntaxError
        """
        key = _make_key(environment, environment.preprocess(source, name, filename), name, mode)
        code = self._read(key) if key else None
        if key and code is None:
            self._write(key, environment._compile(source, name, filename, mode, raw=True))
            code = self._read(key)
        if code is None:  # it cannot be stored, or not be compiled: the environment says why
            return environment._compile(source, name, filename, mode)
        return _rename(code, environment._code_filename(name, filename))

    def clear(self) -> None:
        """Remove all files of the cache, also those of templates that have changed since."""
        ours = re.compile(re.escape(self.pattern.partition("%s")[0]) + r"[0-9a-f]{64}.*")
        for folder in (self.directory, os.path.join(self.directory, "__pycache__")):
            with contextlib.suppress(OSError):  # another process clears, too
                for name in filter(ours.fullmatch, os.listdir(folder)):
                    with contextlib.suppress(OSError):
                        os.unlink(os.path.join(folder, name))

    def _find_path(self, key):
        return os.path.join(self.directory, self.pattern.replace("%s", key))

    def _read(self, key):
        """Return the code of a file; None if there is none, or not one that is to be trusted."""
        path = self._find_path(key)
        try:
            data = _read_own(path)
            text, _, seal = data.rpartition(b"# ")
            if seal != _seal(key, text):
                return None
            if sys.pycache_prefix is not None:  # the code would be in a folder that nobody has looked at
                return compile(data, path, "exec", dont_inherit=True)
            return _StoredSource(key, path).get_code(key)
        except (OSError, EOFError, ImportError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None  # not there yet, gone meanwhile, or damaged: it is made again

    def _write(self, key, text):
        """Store the source of a template.  Who reads meanwhile gets all of it or none."""
        from tempfile import mkstemp  # with it comes random: only who stores needs it

        path = self._find_path(key)
        temporary = ""
        with contextlib.suppress(OSError, UnicodeEncodeError):  # a full disk is no reason not to render
            data = text.encode("utf-8")
            descriptor, temporary = mkstemp(".tmp", f"{os.path.basename(path)}.", self.directory)  # of mode 0600
            with open(descriptor, "wb") as file:
                file.write(data + b"# " + _seal(key, data))
            os.replace(temporary, path)
            return
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


class _StoredSource(SourceFileLoader):
    """A file of Python, and what Python has compiled of it: both are read only if nobody else can write them."""

    def get_data(self, path: Any) -> bytes:
        return _read_own(path)


def _read_own(path):
    with open(path, "rb", opener=_open_plain) as file:
        complaint = _complain(os.fstat(file.fileno()), stat.S_ISREG)
        if complaint:
            raise PermissionError(f"{path!r} {complaint}")
        return file.read()


def _open_plain(path, flags):
    # A link would let others choose the file; a pipe must not stop us.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _complain(status, is_wanted):
    """Say what is wrong with a folder or file that code is read from; "" if nothing is."""
    if not is_wanted(status.st_mode):
        return f"is no {'folder' if is_wanted is stat.S_ISDIR else 'file'}"
    if not hasattr(os, "getuid"):  # Windows keeps users apart by other means
        return ""
    if status.st_uid not in {os.getuid(), 0}:
        return "belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written to by others"
    return ""


def _find_default_directory():
    from tempfile import gettempdir

    user = os.getuid() if hasattr(os, "getuid") else ""  # Windows has a temporary folder for each user
    return os.path.join(gettempdir(), f"_nanoweb-cache-{user}")


def _seal(key, data):
    """Return the last words of a file: its own name, and a sum by which half a file is known."""
    return f"nanoweb {key} {hashlib.sha256(data).hexdigest()}\n".encode("ascii")


def _make_key(environment, source, name, mode):
    """Return the hash of all that the code of a template is made of; None if that cannot be known."""
    engine = _engine_sum()
    if engine is None:
        return None
    parts = [engine, sys.hexversion, mode, _describe(environment, name), name, source]
    return hashlib.sha256(repr(parts).encode("utf-8")).hexdigest()


def _describe(environment, name):
    """Return all of an environment that the source of its templates depends on."""
    autoescape = environment.autoescape
    return [
        type(environment).__module__,
        type(environment).__qualname__,
        [getattr(environment, option) for option in _OPTIONS],
        bool(autoescape(name) if callable(autoescape) else autoescape),
        _mark(environment.finalize),
        sorted(environment.tags),
        sorted(environment.intercepted_binops),
        sorted(environment.intercepted_unops),
        environment.policies["ext.i18n.trimmed"],
        [environment.tests.get(name) is TESTS[name] for name in ("defined", "undefined")],  # compiled without a call
        *[
            sorted([(key, _mark(function)) for key, function in functions.items()])
            for functions in (environment.filters, environment.tests)
        ],
    ]


def _mark(function):
    """Return what compiled code knows of a function that it calls: whether it is there, what it takes first."""
    return function is not None and getattr(function, "jinja_pass_arg", "")


_engine_sums: list[str | None] = []


def _engine_sum():
    """Return a hash of the modules that compile templates, taken once; None if their files cannot be read."""
    if not _engine_sums:
        engine = hashlib.sha256()
        try:
            for module in _ENGINE:
                spec: Any = import_module(f".{module}", __package__).__spec__
                engine.update(spec.loader.get_data(spec.origin))  # from a zip file, too
            _engine_sums.append(engine.hexdigest())
        except (AttributeError, OSError):  # frozen into the program
            _engine_sums.append(None)
    return _engine_sums[0]


def _rename(code, filename):
    """Return code that tracebacks show as another file's: the template's."""
    constants = [_rename(each, filename) if type(each) is CodeType else each for each in code.co_consts]
    return code.replace(co_filename=filename, co_consts=tuple(constants))
