"""Commands of a program's own, as `@app.cli.command()` and a little of click make them, on argparse.

Beside a request's way: `nanoweb cli app.py init-db` loads the application and calls the function that is
named so.  This is what programs use of click to get there, under click's names; who wants more, installs click.

    @app.cli.command("greet")
    @click.argument("name")
    @click.option("--times", default=1, help="how often")
    def greet(name, times):
        for _ in range(times):
            click.echo(f"Hello {name}!")
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import wraps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from .app import App

__all__ = [
    "BOOL",
    "FLOAT",
    "INT",
    "STRING",
    "Abort",
    "AppGroup",
    "BadParameter",
    "Choice",
    "ClickException",
    "Command",
    "File",
    "FloatRange",
    "Group",
    "IntRange",
    "Path",
    "UsageError",
    "argument",
    "command",
    "confirm",
    "echo",
    "group",
    "option",
    "prompt",
    "secho",
    "style",
    "with_appcontext",
]

BOOL, FLOAT, INT, STRING = bool, float, int, str


class ClickException(Exception):
    """Ends a command with one line on stderr, and exit_code."""

    exit_code = 1

    @property
    def message(self) -> str:
        """What is said."""
        return str(self)


class UsageError(ClickException):
    """The command line makes no sense."""

    exit_code = 2


class BadParameter(UsageError):
    """A value on the command line makes no sense."""


class Abort(RuntimeError):
    """Ends a command: the user has had enough."""


# Types of values


class Choice:
    """One of some words."""

    def __init__(self, choices: Iterable[str], case_sensitive: bool = True) -> None:
        self.choices = list(choices)
        self.case_sensitive = case_sensitive

    def __call__(self, text: str) -> str:
        for choice in self.choices:
            if text == choice or (not self.case_sensitive and text.lower() == choice.lower()):
                return choice
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(self.choices)}")


class Path:
    """The path of a file or a folder."""

    def __init__(self, exists: bool = False, **options: Any) -> None:
        self.exists = exists

    def __call__(self, text: str) -> str:
        if self.exists and not os.path.exists(text):
            raise argparse.ArgumentTypeError(f"there is no {text!r}")
        return text


class File:
    """A file to open; - is what comes in, or goes out."""

    def __init__(self, mode: str = "r", encoding: str | None = None, **options: Any) -> None:
        self.mode = mode
        self.encoding = encoding

    def __call__(self, text: str) -> Any:
        if text == "-":
            stream = sys.stdin if "r" in self.mode else sys.stdout
            return stream.buffer if "b" in self.mode else stream
        try:
            return open(text, self.mode, encoding=self.encoding)
        except OSError as error:
            raise argparse.ArgumentTypeError(f"cannot open {text!r}: {error.strerror}") from None


class IntRange:
    """A whole number between two others, which are among them."""

    kind: Callable[[str], Any] = int
    called = "a whole number"

    def __init__(self, min: Any = None, max: Any = None, clamp: bool = False, **options: Any) -> None:
        self.min = min
        self.max = max
        self.clamp = clamp

    def __call__(self, text: str) -> Any:
        try:
            number = type(self).kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {self.called}") from None
        inside = number
        if self.min is not None and not number >= self.min:
            inside = self.min
        if self.max is not None and not number <= self.max:
            inside = self.max
        if inside is not number and not self.clamp:
            least = "any" if self.min is None else self.min
            raise argparse.ArgumentTypeError(
                f"{text!r} is not from {least} to {'any' if self.max is None else self.max}"
            )
        return inside


class FloatRange(IntRange):
    """A number between two others, which are among them."""

    kind = float
    called = "a number"


def _to_bool(text):
    if text.lower() in {"1", "true", "t", "yes", "y", "on"}:
        return True
    if text.lower() in {"0", "false", "f", "no", "n", "off"}:
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither yes nor no")


# Commands


class Command:
    """A function that the command line can call; what it returns is of no concern."""

    def __init__(self, name: str | None, callback: Callable[..., Any] | None = None, help: str | None = None) -> None:
        self.name = name
        self.callback = callback
        self.help = help or getattr(callback, "__doc__", None)
        self.params: list[Callable[[argparse.ArgumentParser], None]] = getattr(callback, "__click_params__", [])[::-1]

    def main(self, args: list[str] | None = None, prog_name: str | None = None, app: App | None = None) -> Any:
        """Call the function with what the words say; those after the program's name if None."""
        parser = argparse.ArgumentParser(prog_name or self.name, description=self.help, allow_abbrev=False)
        for add in self.params:
            add(parser)
        values = vars(parser.parse_args(sys.argv[1:] if args is None else args))
        _running.append(app)
        try:
            for name, ask in [(name, value) for name, value in values.items() if isinstance(value, _Prompt)]:
                values[name] = ask()
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
            return self.callback(**values)  # type: ignore[misc]
        finally:
            _running.pop()

    __call__ = main


class Group(Command):
    """Several commands under one name."""

    def __init__(self, name: str | None = None, callback: Callable[..., Any] | None = None, help: str | None = None):
        super().__init__(name, callback, help)
        self.commands: dict[str, Command] = {}

    def add_command(self, command: Command, name: str | None = None) -> None:
        """Take a command in."""
        name = name or command.name
        if not name:
            raise TypeError("a command needs a name: add_command(command, 'name')")
        self.commands[name] = command

    def command(self, name: Any = None, cls: type[Command] | None = None, **options: Any) -> Any:
        """Make a command of the decorated function, and take it in."""

        def decorator(f: Callable[..., Any]) -> Command:
            made = (cls or Command)(name if isinstance(name, str) else _name_of(f), f, options.get("help"))
            self.add_command(made)
            return made

        return decorator(name) if callable(name) else decorator

    def group(self, name: Any = None, **options: Any) -> Any:
        """Make a group of the decorated function, and take it in."""
        return self.command(name, cls=type(self), **options)

    def main(self, args: list[str] | None = None, prog_name: str | None = None, app: App | None = None) -> Any:
        """Call the command that the first word names."""
        name, *rest = (sys.argv[1:] if args is None else args) or ["--help"]
        command = self.commands.get(name)
        if command is None:
            known = "\n".join(
                f"  {name}  {(command.help or '').strip().partition(chr(10))[0]}"
                for name, command in sorted(self.commands.items())
            )
            if name not in {"--help", "-h"}:
                raise UsageError(f"there is no command {name!r}; there are {', '.join(self.commands) or 'none'}")
            echo(f"{(self.help or '').strip()}\nCommands:\n{known}".lstrip())
            return None
        return command.main(rest, f"{prog_name or self.name or ''} {name}".strip(), app)

    __call__ = main


class AppGroup(Group):
    """The commands of an application or a blueprint: each runs with the application's context."""

    def command(self, name: Any = None, cls: type[Command] | None = None, **options: Any) -> Any:
        """Make a command of the decorated function; with_appcontext=False leaves the context to the caller."""
        with_context = options.pop("with_appcontext", not (cls and issubclass(cls, Group)))
        make = super().command

        def decorator(f: Callable[..., Any]) -> Command:
            word = name if isinstance(name, str) else _name_of(f)
            return make(word, cls, **options)(with_appcontext(f) if with_context else f)

        return decorator(name) if callable(name) else decorator


_running: list[App | None] = []  # the application of each command that runs, one in the other


def with_appcontext(f: Callable[..., Any]) -> Callable[..., Any]:
    """Have a command run with the context of the application that it was called for."""

    @wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        from .context import has_app_context

        app = next((app for app in reversed(_running) if app is not None), None)
        if app is None or has_app_context():
            return f(*args, **kwargs)
        with app.app_context():
            return f(*args, **kwargs)

    return wrapper


def command(name: Any = None, cls: type[Command] | None = None, **options: Any) -> Any:
    """Make a command of the decorated function."""

    def decorator(f: Callable[..., Any]) -> Command:
        return (cls or Command)(name if isinstance(name, str) else _name_of(f), f, options.get("help"))

    return decorator(name) if callable(name) else decorator


def group(name: Any = None, **options: Any) -> Any:
    """Make a group of the decorated function."""
    return command(name, options.pop("cls", Group), **options)


def _name_of(f):
    return f.__name__.replace("_", "-").lower()


# Their parameters


def option(*declarations: str, **options: Any) -> Callable[[Any], Any]:
    """Give the decorated function an option: names as "--times" or "-t", default, type, is_flag, required, ..."""
    return _parameter(lambda parser: _add_option(parser, declarations, options))


def argument(name: str, **options: Any) -> Callable[[Any], Any]:
    """Give the decorated function an argument: its name, type, default, required, nargs (-1 for any number)."""
    return _parameter(lambda parser: _add_argument(parser, name, options))


def _parameter(add):
    def decorator(f: Any) -> Any:
        if isinstance(f, Command):
            f.params.insert(0, add)
        else:
            f.__dict__.setdefault("__click_params__", []).append(add)
        return f

    return decorator


def _add_option(parser, declarations, options):
    flags = [word for word in declarations if word[:1] == "-"]
    dest = next((word for word in declarations if word[:1] != "-"), None)
    on, _, off = max(flags, key=len).partition("/")
    dest = dest or on.strip("-").replace("-", "_")
    default = _default_of(options)
    named = {"dest": dest, "help": options.get("help")}
    if off or options.get("is_flag"):
        parser.add_argument(*(flag.partition("/")[0] for flag in flags), action="store_true", **named)
        if off:
            parser.add_argument(off.strip(), action="store_false", dest=dest)
        parser.set_defaults(**{dest: bool(default)})
        return
    if options.get("count"):
        parser.add_argument(*flags, action="count", default=default or 0, **named)
        return
    required = options.get("required", False)
    if options.get("prompt") and default is None:
        default, required = _Prompt(options, dest), False
    many = {"action": "append", "default": []} if options.get("multiple") else {"default": default}
    parser.add_argument(*flags, type=_type_of(options), required=required, **many, **named)


def _default_of(options):
    if options.get("envvar", "") in os.environ:
        return os.environ[options["envvar"]]
    default = options.get("default")
    return default() if callable(default) else default


def _add_argument(parser, name, options):
    default, count = _default_of(options), options.get("nargs", 1)
    nargs: Any = None if count == 1 else count
    if count == -1:
        nargs = "+" if options.get("required") else "*"
    elif default is not None or options.get("required") is False:
        nargs = "?"
    parser.add_argument(name.replace("-", "_"), type=_type_of(options), nargs=nargs, default=default)


def _type_of(options):
    kind, default = options.get("type"), options.get("default")
    if kind is None and default is not None and not callable(default):
        kind = type(default)
    return {None: str, bool: _to_bool, "int": int, "string": str}.get(kind, kind)


class _Prompt:
    """What is asked for when the command runs, as the command line does not say it."""

    def __init__(self, options, name):
        self.text = options["prompt"] if isinstance(options["prompt"], str) else name.replace("_", " ").capitalize()
        self.hide = options.get("hide_input", False)
        self.type = _type_of(options)

    def __call__(self):
        return self.type(prompt(self.text, hide_input=self.hide))


# What they say and ask


def echo(
    message: object = "", file: Any = None, nl: bool = True, err: bool = False, color: bool | None = None
) -> None:
    """Print a message, on stderr with err=True."""
    stream = file or (sys.stderr if err else sys.stdout)
    if isinstance(message, (bytes, bytearray)) and hasattr(stream, "buffer"):
        stream.flush()
        stream.buffer.write(bytes(message) + b"\n" * nl)
    else:
        stream.write(f"{'' if message is None else message}{chr(10) if nl else ''}")
    stream.flush()


def style(text: object, **styles: Any) -> str:
    """Return the text; the colours that click would give it are left out."""
    return str(text)


def secho(message: object = "", file: Any = None, nl: bool = True, err: bool = False, **styles: Any) -> None:
    """Print a message, without colours."""
    echo(message, file, nl, err)


def prompt(text: str, default: Any = None, hide_input: bool = False, type: Any = None, **options: Any) -> Any:
    """Ask for a value."""
    ask: Callable[[str], str] = input
    if hide_input:
        from getpass import getpass as ask
    shown = f"{text} [{default}]: " if default is not None else f"{text}: "
    while True:
        try:
            answer = ask(shown)
        except (EOFError, KeyboardInterrupt):
            raise Abort from None
        if answer or default is not None:
            return (type or (lambda value: value))(answer) if answer else default


def confirm(text: str, default: bool = False, abort: bool = False) -> bool:
    """Ask for a yes or a no; with abort=True a no ends the command."""
    try:
        answer = input(f"{text} [{'Y/n' if default else 'y/N'}]: ").strip()
    except (EOFError, KeyboardInterrupt):
        raise Abort from None
    agreed = _to_bool(answer) if answer else default
    if abort and not agreed:
        _abort()
    return agreed


def _abort() -> NoReturn:
    raise Abort
