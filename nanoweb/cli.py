"""The nanoweb command: from a file to a running application.

Before a request's way: "nanoweb run app.py" imports the file, finds the
application in it and hands it to the server; "nanoweb serve app.py" does so for
good; "nanoweb routes app.py" prints the table of its rules.  Commands, options
and environment variables are called as Flask's are.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from functools import partial
from operator import itemgetter

from . import __version__
from .app import App
from .commands import Abort, AppGroup, ClickException, Group
from .config import load_dotenv
from .registry import get_debug_flag
from .targets import UsageError, check_target, load_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["FlaskGroup", "UsageError", "load_app", "main"]

# int() would take " 80", "8_0" and "٨٠" too.
_port_re = re.compile(r"[0-9]{1,5}", re.ASCII)
_number_re = re.compile(r"[0-9]{1,6}", re.ASCII)
_mode_re = re.compile(r"0?[0-7]{3}", re.ASCII)
_decimal_re = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)

_SORT_KEYS = ("endpoint", "methods", "domain", "rule")  # in the order of the columns


class _ApplicationError(Exception):
    """The application's own code raised while it was loaded; the cause is what it raised."""


def main(argv: list[str] | None = None, create_app: Callable[[], Any] | None = None) -> int:
    """Do what the command line says.

    argv      the words after "nanoweb"; None takes those of this process
    create_app    what returns the application, where the command line does not name it
    returns   the exit status: 0; 1 if the application's own code raised while it was loaded
              (its traceback is on stderr) or the port cannot be had; 2 if the command
              makes no sense; one line on stderr says what to do
    raises    SystemExit after --help and --version, as argparse has it
    """
    parser = _make_parser()
    parser.set_defaults(create_app=create_app)
    try:
        options = parser.parse_args(argv)
        if options.command is None:
            parser.print_help(sys.stderr)
            return 2
        if options.env_file is not None and not os.path.isfile(options.env_file):
            raise UsageError(f"--env-file: there is no file {options.env_file!r}")
        load_dotenv(options.env_file)
        load_dotenv()
        return options.command(options)
    except UsageError as error:
        print(f"nanoweb: error: {error}", file=sys.stderr)
        return 2
    except _ApplicationError as error:
        _print_traceback(error.__cause__)
        return 1
    except BrokenPipeError:  # the reader of our output has seen enough of it, as in "nanoweb routes | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python writes when it ends
        return 1


# ---- the commands


def _run(options):
    """Serve the application until Ctrl-C or SIGTERM; with a reloader in a process that starts again and again."""
    from .serving import load_and_run  # for weight

    host = options.host or os.environ.get("FLASK_RUN_HOST") or "127.0.0.1"
    port = _read_port(options.port, os.environ.get("FLASK_RUN_PORT"), "5000")
    reloading, load = None, partial(_load, options)
    if _wants_debug(options) if options.reload is None else options.reload:
        _check_place(options)  # the rest is said by the process that loads it, and that waits for a change then
        reloading = _split_paths(options.extra_files), _split_paths(options.exclude_patterns)
        load = partial(_load_to_reload, options)
    _check_host(host, port)
    load_and_run(load, host, port, reloading, threaded=options.threads, ssl_context=_ssl_context(options))
    return 0


def _serve(options):
    """Serve the application for good."""
    from .serving import check_limits, serve  # for weight

    if options.debug:
        raise UsageError("what is left on has no debug mode: nanoweb run --debug")
    options.debug = False
    _check_place(options)
    port = _read_port(options.port, None, "8000")
    _check_host(options.host, port)
    limits = dict(map(_read_limit, options.limit))
    workers = _read_number("--workers", options.workers)
    if workers > 1 and not hasattr(os, "fork"):
        raise UsageError(f"--workers is {workers}, and more than 1 needs os.fork(), which is missing here")
    try:
        check_limits(limits)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--limit: {error}") from None
    serve(
        load=partial(_load_to_serve, options),
        host=options.host,
        port=port,
        workers=workers,
        threads=_read_number("--threads", options.threads),
        ssl_context=_ssl_context(options),
        fd=options.fd if options.fd in (None, "systemd") else _read_number("--fd", options.fd, 0),
        mode=_read_mode(options.mode),
        access_log=options.access_log,
        **limits,
    )
    return 0


def _check_host(host, port):
    from .serving import select_address_family  # for weight

    if not host:  # the system would take it for all addresses, and it is mostly a variable that is not set
        raise UsageError("--host is empty: 127.0.0.1 is this machine only, 0.0.0.0 all addresses")
    try:
        select_address_family(host, port)
    except ValueError as error:
        raise UsageError(f"cannot listen on {host!r}: {error}") from None


def _read_port(given, configured, default):
    """Return the port to listen on; 0 lets the system choose one."""
    source, text = ("--port", given) if given is not None else ("FLASK_RUN_PORT", configured or default)
    if _port_re.fullmatch(text) and int(text) <= 65535:
        return int(text)
    raise UsageError(f"{source} is {text!r}, not a number from 0 to 65535")


def _read_number(source, text, least=1):
    if _number_re.fullmatch(text) and int(text) >= least:
        return int(text)
    raise UsageError(f"{source} is {text!r}, not a number of {least} or more")


def _read_mode(text):
    """Return what chmod takes: "660" is 0o660."""
    if text is None or _mode_re.fullmatch(text):
        return None if text is None else int(text, 8)
    raise UsageError(f"--mode is {text!r}, not three octal digits, as in 660")


def _read_limit(text):
    name, _, value = text.partition("=")
    if _decimal_re.fullmatch(value):
        return name.strip().replace("-", "_"), float(value) if "." in value else int(value)
    raise UsageError(f"--limit is {text!r}, not a name and a number, as in max_connections=4000")


def _split_paths(text):
    """Return the paths of a list as in PATH."""
    return [path for path in (text or "").split(os.pathsep) if path]


def _ssl_context(options):
    """Return what to speak TLS with; None for plain HTTP."""
    if options.cert is None:
        if options.key is not None:
            raise UsageError("--key goes with --cert, and there is none")
        return None
    if options.cert == "adhoc" and options.key is not None:
        raise UsageError("--cert adhoc makes a key of its own: leave --key out")
    from .tls import make_ssl_context  # for weight

    try:
        return make_ssl_context("adhoc" if options.cert == "adhoc" else (options.cert, options.key))
    except FileNotFoundError as error:
        raise UsageError(f"--cert and --key: there is no file {error.filename!r}") from None
    except (OSError, RuntimeError) as error:
        raise UsageError(f"--cert: {error}") from None


def _load_app(options, what):
    """The application that a target names, which must be one of ours to have what is asked for."""
    app = _load(options)
    if not isinstance(app, App):
        is_flask = any(cls.__module__.partition(".")[0] == "flask" for cls in type(app).__mro__)
        hint = ": with --flask it is ours" if is_flask else ""
        raise UsageError(f"only an App has {what}; this application is a {type(app).__name__}{hint}")
    return app


def _call_command(options):
    """Call a command that the program itself has: one of app.cli."""
    app = _load_app(options, "commands")
    return _run_command(app.cli, app, options.words, "nanoweb cli")


def _run_command(group, app, words, program):
    try:
        with app.app_context():  # whatever the command asks for, as Flask does
            group.main(words, program, app)
    except ClickException as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return error.exit_code
    except Abort:
        print("Aborted!", file=sys.stderr)
        return 1
    return 0


def _print_routes(options):
    """Print the rules of the application as a table; the column of domains only if there are any."""
    app = _load_app(options, "routes")
    by_host = app.url_map.host_matching
    hidden = set() if options.all_methods else {"HEAD", "OPTIONS"}
    rows = [
        (
            rule.endpoint,
            ", ".join(sorted(set(rule.methods or ()) - hidden)),
            (rule.host if by_host else rule.subdomain) or "",
            rule.rule,
        )
        for rule in app.url_map.iter_rules()
    ]
    if not rows:
        print("No routes were registered.")
        return 0
    if options.sort != "match":
        rows.sort(key=itemgetter(_SORT_KEYS.index(options.sort)))
    columns = list(zip(("Endpoint", "Methods", "Host" if by_host else "Subdomain", "Rule"), *rows))
    if not any(columns[2][1:]):
        del columns[2]
    print("\n".join(map("  ".join, zip(*map(_fill_column, columns)))), flush=True)
    return 0


def _fill_column(column):
    """Underline the title, and make all cells as wide as the widest."""
    title, *cells = column
    width = max(map(len, column))
    return [cell.ljust(width) for cell in (title, "-" * width, *cells)]


class FlaskGroup(AppGroup):
    """A program that is a command itself: ``cli = FlaskGroup(create_app=create_app)``, and ``cli()`` at its end.

    Its commands are those that are added to it, those of the application (app.cli), and run, serve and routes.
    """

    def __init__(self, name: str | None = None, create_app: Callable[[], App] | None = None, **options: Any) -> None:
        super().__init__(name, help=options.get("help"))
        self.create_app = create_app

    def main(self, args: list[str] | None = None, prog_name: str | None = None, app: App | None = None) -> Any:
        """Do what the words say, and end the program with the status of that."""
        words = sys.argv[1:] if args is None else args
        if words[:1] and words[0] in {"run", "serve", "routes"} - {*self.commands}:
            raise SystemExit(main(words, self.create_app))
        load_dotenv()
        application: Any = app or (self.create_app or load_app)()
        both = Group(self.name)
        both.commands = {**application.cli.commands, **self.commands}
        raise SystemExit(_run_command(both, application, words, prog_name or os.path.basename(sys.argv[0])))

    __call__ = main


# ---- from the options to an application


def _find_target(options):
    """Return what the options or the environment name; None if they do not."""
    if options.target and options.app:
        raise UsageError(f"two applications, {options.app!r} and {options.target!r}: leave one out")
    return options.target or options.app or os.environ.get("FLASK_APP")


def _check_place(options):
    """Complain where there is no such file, before a process is started for it."""
    if options.create_app is None:
        check_target(_find_target(options))


def _load(options):
    """Load the application that the options or the environment name, with its debug mode set."""
    target = _find_target(options)
    if options.debug is not None:  # the application may ask while it is loaded
        os.environ["FLASK_DEBUG"] = "1" if options.debug else "0"
    if options.flask:
        from . import compat  # for weight

        compat.install(force=True)
    os.environ["FLASK_RUN_FROM_CLI"] = "true"  # so that an app.run() at the end of the file does nothing
    try:
        app = options.create_app() if options.create_app is not None else load_app(target)
    except UsageError:
        raise
    except Exception as error:
        raise _ApplicationError from error
    finally:
        os.environ.pop("FLASK_RUN_FROM_CLI", None)
    if isinstance(app, App):
        app.debug = _wants_debug(options)
    return app


def _wants_debug(options):
    if options.debug is not None:
        return options.debug
    return get_debug_flag()


def _load_to_reload(options):
    """Load the application where what it raises is shown by the reloader, which then waits for a change."""
    try:
        return _load(options)
    except _ApplicationError as error:
        cause: Any = error.__cause__
    raise cause.with_traceback(_frames_of_others(cause))


def _load_to_serve(options):
    """Load the application in a worker, which ends with one line, or one traceback, if that fails."""
    try:
        return _load(options)
    except UsageError as error:
        raise SystemExit(f"nanoweb: error: {error}") from None
    except _ApplicationError as error:
        _print_traceback(error.__cause__)
        raise SystemExit(1) from None


def _print_traceback(error):
    """Show what the application's code raised as Python does, without the frames of ours that led there."""
    traceback.print_exception(type(error), error, _frames_of_others(error))


def _frames_of_others(error):
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals["__name__"] in {__name__, load_app.__module__}:
        frames = frames.tb_next
    return frames


# ---- the command line


_DESCRIPTION = """\
Serve a web application, or show its routes.

TARGET is a file or a module, and after a colon, if need be, what to take from it:
  app.py    shop/main.py:site    pkg.module:create_app('test', debug=True)
Without it the environment variable FLASK_APP counts, then wsgi.py or app.py in
the working directory.
"""


class _Parser(argparse.ArgumentParser):
    """Complains with a UsageError instead of printing and leaving."""

    def error(self, message):
        raise UsageError(f"{message}; see {self.prog} --help")


class _Switch(argparse.Action):
    """An option and its opposite; the last one said counts."""

    def __init__(self, option_strings, dest, **options):
        # No default: that of a command would undo what was said before it.
        super().__init__(option_strings, dest, **{**options, "nargs": 0, "default": argparse.SUPPRESS})

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, not option_string.startswith(("--no-", "--without-")))


def _make_parser():
    parser = _Parser(
        prog="nanoweb",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=None, debug=None)
    parser.add_argument("--app", "-A", metavar="TARGET", help="the application, here or after the command")
    _add_debug(parser)
    parser.add_argument(
        "--env-file", "-e", metavar="FILE", help="environment variables, before those of .env, .flaskenv"
    )
    version = f"nanoweb {__version__} (Python {sys.version.split()[0]})"
    parser.add_argument("--version", action="version", version=version, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    _add_serve(commands)
    _add_routes(commands)
    _add_cli(commands)
    return parser


def _add_run(commands):
    run = commands.add_parser("run", help="serve an application", allow_abbrev=False, add_help=False)  # -h is --host
    run.set_defaults(command=_run, threads=True, reload=None)
    _add_target(run)
    run.add_argument(
        "--host", "-h", help="the address to listen on (FLASK_RUN_HOST, or 127.0.0.1: this machine only)"
    )
    run.add_argument("--port", "-p", help="the port to listen on, 0 for a free one (FLASK_RUN_PORT, or 5000)")
    _add_debug(run)
    run.add_argument(
        "--with-threads",
        "--without-threads",
        action=_Switch,
        dest="threads",
        help="serve many requests at a time (the default), or one after the other",
    )
    run.add_argument(
        "--reload",
        "--no-reload",
        action=_Switch,
        dest="reload",
        help="start again when a file of the program changes (in debug mode, unless told otherwise)",
    )
    run.add_argument(
        "--extra-files", metavar="PATHS", help=f"more files and folders to watch, {os.pathsep!r} between"
    )
    run.add_argument("--exclude-patterns", metavar="PATTERNS", help="what not to watch, as in a shell")
    _add_tls(run)
    run.add_argument("--help", action="help", help="show this message and exit")


_SERVE = """\
Serve an application for good, until SIGTERM or Ctrl-C; where there are several
workers, SIGHUP replaces them, one by one, by new ones with the code that is on
the disk.
"""

_THREATS = """\
It withstands by itself: malformed and ambiguous requests (request smuggling),
slow and silent clients, endless heads and bodies, more clients than it has
room for, clients that do not read, and an application that fails.
Leave to a proxy in front (nginx, Caddy, HAProxy): HTTP/2 and 3, certificates
that renew themselves, limits for each client's address, floods that fill the
line, and more than a few thousand connections at a time.
The limits and their defaults: docs/serving.md
"""


def _add_serve(commands):
    serve = commands.add_parser(
        "serve",
        help="serve an application for good",
        description=_SERVE,
        epilog=_THREATS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.set_defaults(command=_serve, access_log=True)
    _add_target(serve)
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help='the address to listen on, or "unix://" and a path (127.0.0.1: this machine only)',
    )
    serve.add_argument("--port", "-p", help="the port to listen on, 0 for a free one (8000)")
    serve.add_argument(
        "--fd", help='the number of a socket that listens already, or "systemd" for the one it hands over'
    )
    serve.add_argument("--mode", help="of the file of a Unix socket, as in 660")
    serve.add_argument("--workers", "-w", default="1", help="processes, about as many as there are cores (1)")
    serve.add_argument("--threads", default="32", help="threads in each, at most (32)")
    serve.add_argument(
        "--limit",
        metavar="NAME=NUMBER",
        action="append",
        default=[],
        help="change a limit, as in max_connections=4000; may be said several times",
    )
    serve.add_argument("--access-log", "--no-access-log", action=_Switch, help="log each request (the default)")
    _add_tls(serve)


def _add_tls(command):
    command.add_argument("--cert", metavar="PATH", help='speak TLS: a certificate, or "adhoc" for one of our own')
    command.add_argument("--key", metavar="PATH", help="the key of the certificate, if that file does not hold it")


def _add_routes(commands):
    routes = commands.add_parser("routes", help="show the routes of an application", allow_abbrev=False)
    routes.set_defaults(command=_print_routes)
    _add_target(routes)
    routes.add_argument(
        "--sort",
        "-s",
        choices=[*_SORT_KEYS, "match"],
        default="endpoint",
        help="what to sort by; match is the order in which they are tried (default: endpoint)",
    )
    routes.add_argument("--all-methods", action="store_true", help="show HEAD and OPTIONS too")


def _add_cli(commands):
    cli = commands.add_parser(
        "cli",
        help="call a command of the program's own (app.cli)",
        allow_abbrev=False,
        usage="%(prog)s TARGET COMMAND ...",
    )
    cli.set_defaults(command=_call_command)
    _add_target(cli)
    cli.add_argument("words", metavar="COMMAND ...", nargs=argparse.REMAINDER, help="the command and what it takes")


def _add_debug(parser):
    parser.add_argument(
        "--debug", "--no-debug", action=_Switch, dest="debug", help="set the debug mode (FLASK_DEBUG, or off)"
    )


def _add_target(parser):
    parser.add_argument(
        "--flask", action="store_true", help="the program is written for Flask: flask and the like are nanoweb to it"
    )
    parser.add_argument("target", metavar="TARGET", nargs="?", help="the application; see nanoweb --help")
