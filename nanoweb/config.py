"""The settings of an application: a dict that knows how to fill itself.

Only names in capitals are settings, so that a file of them can hold other
things too.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import IO, Any

__all__ = ["Config", "ConfigAttribute", "check_settings", "load_dotenv", "parse_dotenv"]


class ConfigAttribute:
    """A setting as an attribute of the application: ``app.secret_key`` is ``app.config["SECRET_KEY"]``."""

    def __init__(self, name: str, get_converter: Callable[[Any], Any] | None = None) -> None:
        self.name = name
        self.get_converter = get_converter

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        value = instance.config[self.name]
        return value if self.get_converter is None else self.get_converter(value)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.config[self.name] = value


class Config(dict[str, "Any"]):
    """Settings by name.

    >>> config = Config(".", {"DEBUG": False})
    >>> config.from_mapping(SECRET_KEY="dev", ignored="not in capitals")
    True
    >>> config
    <Config {'DEBUG': False, 'SECRET_KEY': 'dev'}>

    root_path   the folder that relative file names start from
    defaults    the settings to begin with
    """

    def __init__(self, root_path: str | os.PathLike[str], defaults: Mapping[str, Any] | None = None) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def from_mapping(
        self, mapping: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, **kwargs: Any
    ) -> bool:
        """Take the settings of a dict or of pairs, and of keyword arguments."""
        settings = {**dict(mapping or ()), **kwargs}
        self.update((name, value) for name, value in settings.items() if name.isupper())
        return True

    def from_object(self, obj: object | str) -> None:
        """Take the settings among the attributes of a module, class or object, or of what a dotted name names."""
        if isinstance(obj, str):
            obj = _import_string(obj)
        self.from_mapping({name: getattr(obj, name) for name in dir(obj) if name.isupper()})

    def from_pyfile(self, filename: str | os.PathLike[str], silent: bool = False) -> bool:
        """Take the settings that a Python file sets; returns whether there was such a file.

        silent   True: a file that is missing is no error
        """
        path = os.path.join(self.root_path, filename)
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError as error:
            return self._missing(error, path, silent)
        names: dict[str, Any] = {"__file__": path, "__name__": "config"}
        exec(compile(source, path, "exec"), names)
        return self.from_mapping(names)

    def from_file(
        self,
        filename: str | os.PathLike[str],
        load: Callable[[IO[Any]], Mapping[str, Any]],
        silent: bool = False,
        text: bool = True,
    ) -> bool:
        """Take the settings of a file that load turns into a dict; returns whether there was such a file.

        load     a callable of an open file: json.load, tomllib.load (with text=False) ...
        silent   True: a file that is missing is no error
        """
        path = os.path.join(self.root_path, filename)
        try:
            with open(path, "r" if text else "rb", encoding="utf-8" if text else None) as file:
                mapping = load(file)
        except OSError as error:
            return self._missing(error, path, silent)
        return self.from_mapping(mapping)

    def _missing(self, error, path, silent):
        if silent and isinstance(error, (FileNotFoundError, IsADirectoryError, NotADirectoryError)):
            return False
        error.strerror = f"cannot read the settings ({error.strerror})"
        raise error

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Take the settings of the Python file that an environment variable names."""
        path = os.environ.get(variable_name)
        if path:
            return self.from_pyfile(path, silent)
        if silent:
            return False
        raise RuntimeError(f"the environment variable {variable_name!r} is not set: let it name a file of settings")

    def from_prefixed_env(self, prefix: str = "FLASK", *, loads: Callable[[str], Any] | None = None) -> bool:
        """Take the settings among the environment variables.

        prefix   FLASK stands for FLASK_SECRET_KEY and so on
        loads    turns a value into an object, json.loads unless given; one on which it fails stays text

        Two underscores go down into a dict: FLASK_MAIL__PORT=25 sets MAIL["PORT"] to 25.
        """
        if loads is None:
            from json import loads  # for weight
        prefix += "_"
        for variable in sorted(os.environ):
            if variable.startswith(prefix):
                value = _load_or_leave(os.environ[variable], loads)
                self._set_deep(variable, variable[len(prefix) :].split("__"), value)
        return True

    def _set_deep(self, variable, path, value):
        """Set what one environment variable says, at the end of a path of names."""
        folder: Any = self
        for name in path[:-1]:
            folder = folder.setdefault(name, {})
            if not isinstance(folder, dict):
                raise TypeError(f"{variable} sets a member of {name}, which is {folder!r}: only a dict has members")
        folder[path[-1]] = value

    def get_namespace(self, namespace: str, lowercase: bool = True, trim_namespace: bool = True) -> dict[str, Any]:
        """Return the settings whose names begin with the same word.

        >>> Config(".", {"MAIL_HOST": "localhost", "MAIL_PORT": 25}).get_namespace("MAIL_")
        {'host': 'localhost', 'port': 25}
        """
        found = {}
        for name, value in self.items():
            if name.startswith(namespace):
                short = name[len(namespace) :] if trim_namespace else name
                found[short.lower() if lowercase else short] = value
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {dict.__repr__(self)}>"


# What settings may be, by a test and its words; all may be None, but for the lifetime of a session.  Whoever sets
# something that counts as true or false may set anything.
_KINDS: list[tuple[Callable[[Any], bool], str, str]] = [
    (
        lambda value: isinstance(value, (int, float)),
        "a number",
        "MAX_CONTENT_LENGTH MAX_COOKIE_SIZE MAX_FORM_MEMORY_SIZE MAX_FORM_PARTS",
    ),
    (
        lambda value: isinstance(value, (int, float)) or hasattr(value, "total_seconds"),
        "a number of seconds or a timedelta",
        "PERMANENT_SESSION_LIFETIME SEND_FILE_MAX_AGE_DEFAULT",
    ),
    (
        lambda value: isinstance(value, str),
        "a text",
        "PREFERRED_URL_SCHEME SERVER_NAME SESSION_COOKIE_NAME SESSION_COOKIE_PATH SESSION_COOKIE_SAMESITE",
    ),
    (lambda value: isinstance(value, (str, bytes)), "text or bytes", "SECRET_KEY"),
    (lambda value: hasattr(value, "__iter__"), "a list", "SECRET_KEY_FALLBACKS TRUSTED_HOSTS"),
]


def check_settings(config: Mapping[str, Any]) -> None:
    """Refuse settings that would fail each request, each in its own obscure way; called before the first one.

    raises   TypeError that names the setting, and what it takes; a secret is not shown
    """
    for test, words, names in _KINDS:
        for name in names.split():
            value = config.get(name)
            if test(value) or (value is None and name != "PERMANENT_SESSION_LIFETIME"):
                continue
            shown = type(value).__name__ if name.startswith("SECRET_") else f"{value!r:.100}"
            raise TypeError(f'app.config["{name}"] is {shown}: it takes {words}')


def _load_or_leave(text, loads):
    try:
        return loads(text)
    except Exception:  # noqa: BLE001 (whatever another function than json.loads raises)
        return text


def _import_string(dotted):
    """The object that "package.module.name" or "package.module:name" names."""
    from importlib import import_module

    if dotted[:1] in ("", ".", ":"):
        raise ImportError(f"{dotted!r} names no module: write it as 'package.module' or 'package.module:name'")
    if ":" in dotted:
        module, _, name = dotted.partition(":")
    else:
        try:
            return import_module(dotted)
        except ModuleNotFoundError as error:
            module, _, name = dotted.rpartition(".")
            if not module or not f"{dotted}.".startswith(f"{error.name}."):
                raise
    try:
        return getattr(import_module(module), name)
    except AttributeError:
        raise ImportError(f"{dotted!r}: module {module!r} has no {name!r}") from None


# Files of environment variables

_dotenv_re = re.compile(
    r"""[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*"""
    r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\r\n]*?))[ \t]*(?:(?<![^ \t='"])\#[^\r\n]*)?(?:\r?\n|\Z)""",
    re.ASCII | re.DOTALL,
)
_variable_re = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}", re.ASCII)
_escape_re = re.compile(r"\\(.)", re.DOTALL)
_escapes = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str) -> dict[str, str]:
    r"""Return the variables of a .env file.

    >>> parse_dotenv("# of the shop\nexport PORT=80  # the usual\nNAME='a b'\nGREETING=\"Hi\\n${NAME}\"\n")
    {'PORT': '80', 'NAME': 'a b', 'GREETING': 'Hi\na b'}

    ${NAME} and ${NAME:-otherwise} stand for what was set before, here or in the environment, but not within '...'.
    Lines that set nothing are passed over.
    """
    found: dict[str, str] = {}

    def look_up(match):
        return found.get(match[1], os.environ.get(match[1], match[2] or ""))

    place = 0
    while place < len(text):
        match = _dotenv_re.match(text, place)
        if match is None:
            place = text.find("\n", place) + 1 or len(text)
            continue
        place = match.end()
        name, literal, quoted, bare = match.groups()
        if literal is None:
            value = _variable_re.sub(look_up, bare if quoted is None else quoted)
            literal = value if quoted is None else _escape_re.sub(lambda m: _escapes.get(m[1], m[1]), value)
        found[name] = literal
    return found


def load_dotenv(path: str | os.PathLike[str] | None = None) -> bool:
    """Set the environment variables that a file sets and that are not set yet; returns whether there was one.

    path    if None, .env and then .flaskenv in the working directory; nothing if FLASK_SKIP_DOTENV is set
    """
    if path is None and os.environ.get("FLASK_SKIP_DOTENV", "").lower() not in ("", "0", "false", "no"):
        return False
    was_there = False
    for place in [".env", ".flaskenv"] if path is None else [path]:
        if os.path.isfile(place):
            was_there = True
            with open(place, encoding="utf-8") as file:
                for name, value in parse_dotenv(file.read()).items():
                    os.environ.setdefault(name, value)
    return was_there
