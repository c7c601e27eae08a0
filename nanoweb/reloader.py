"""The reloader: a program starts again when one of its files changes.

Before a request's way: run_simple(use_reloader=True) comes by here twice.  The process that was started runs its own
command line once more, as a child, and does nothing else.  The child serves; when a file has changed it ends with
status 3, and the parent starts the next one.  The parent also holds the listening socket, which each child inherits,
so that no connection is refused meanwhile.

Watched are the files of the modules that are imported, but for those of Python and of installed packages; the
folder "templates" beside any of them; and what is named besides.  Each is asked for its time once a second; no folder
of modules is searched, for Python knows what it has imported.

A program that fails shows why, and waits for a change of its files like one that runs.  What fails before it comes
by here, with an error in its main file, say, is waited for by the parent.
"""

from __future__ import annotations

import _thread
import fnmatch
import os
import signal
import socket
import sys
import sysconfig
import threading
import time
from contextlib import contextmanager, suppress

from .accesslog import flush_output, show_log, tell_now

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType
    from typing import NoReturn

__all__ = ["borrow_socket", "is_running_from_reloader", "lend_socket", "run_with_reloader"]

RESTART = 3  # the status by which a child says that it wants to be started again

# What a child finds in its environment.  The first two are Werkzeug's, and programs ask for the first; the third is
# the line to the parent, and the time when that has looked at the files.
_IS_CHILD = "WERKZEUG_RUN_MAIN"
_SOCKET = "WERKZEUG_SERVER_FD"
_LINE = "NANOWEB_RELOADER"

PAST, FUTURE = float("-inf"), float("inf")

# Python's statuses: of a program that has raised, and of one whose main file cannot be read.
_FAILED = (1, 2)


def is_running_from_reloader() -> bool:
    """Whether this process is the one that serves, where a reloader has started it."""
    return os.environ.get(_IS_CHILD) == "true"


def run_with_reloader(
    main_func: Callable[[], object],
    extra_files: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    interval: float = 1,
    reloader_type: str = "auto",
) -> None:
    """Run a function; start the whole program again when one of its files changes.

    main_func        called in the child only, in the main thread, where a change and Ctrl-C are a KeyboardInterrupt
    extra_files      more files to watch, and folders, for all that is in them
    exclude_patterns    what is not watched, in the language of fnmatch: "*/migrations/*"
    interval         seconds between two looks
    reloader_type    "stat", which "auto" is, too
    returns          in the child, when main_func has returned; in the parent never
    raises           SystemExit in the parent, with the status of the last child; in the child with status 3
    """
    if reloader_type not in ("auto", "stat"):
        raise ValueError(f"reloader_type={reloader_type!r}: there is only 'stat', which 'auto' is, too")
    if not interval > 0:
        raise ValueError(f"interval={interval!r} is no number of seconds, more than 0")
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("the reloader needs the main thread, where signals arrive: use_reloader=False elsewhere")
    for name, value in [("extra_files", extra_files), ("exclude_patterns", exclude_patterns)]:
        if isinstance(value, str):
            raise TypeError(f"{name}={value!r} would be taken letter by letter: make it a list, [{value!r}]")
    show_log()
    watch = Watch(extra_files or (), exclude_patterns or ())
    if is_running_from_reloader():
        Child(watch, interval).run(main_func)
    else:
        sys.exit(Parent(watch, interval).run())


# The socket

_lent: dict[str, str] = {}


def lend_socket(sock: socket.socket) -> None:
    """Have the children inherit a socket that listens; to be called before run_with_reloader()."""
    sock.set_inheritable(True)
    _lent[_SOCKET] = str(sock.fileno())


def borrow_socket() -> socket.socket | None:
    """Return the socket that the parent has lent to this child; None if there is none, or it was asked for before."""
    number = os.environ.pop(_SOCKET, "") if is_running_from_reloader() else ""
    return _inherit_socket(number)


def _inherit_socket(number):
    """Return the socket of that number, and keep it from the programs that this one may start."""
    if not (number.isascii() and number.isdigit()):
        return None
    try:
        sock = socket.socket(fileno=int(number))
    except (OSError, OverflowError):  # the variable has come further than the socket
        return None
    sock.set_inheritable(False)
    return sock


# The files


class Watch:
    """The files of a program, and what they looked like.

    extra_files, folders    what to watch besides the modules: files, and folders with all that is in them, such as
                            "templates" beside a module
    exclude_patterns        what not to watch
    seen          {path: (time, size)}; None for one that was not looked at yet
    modules       names of the modules whose files are known
    origin        when the program began to start
    since         when the last look began, before the first one origin: a file that is new to us, and younger, has
                  changed.  FUTURE for none ever: others before us have ended for files that were new to them, and
                  if the program writes those itself each time it starts, there would be no end to it.
    is_new        whether the change that was found last was of that kind
    is_worried    whether the program has failed
    is_anxious    whether we know that: then whatever may mend it is watched, and any file that is new is a change
    """

    def __init__(
        self, extra_files: Iterable[str] = (), exclude_patterns: Iterable[str] = (), origin: float | None = None
    ) -> None:
        paths = [os.path.abspath(path) for path in extra_files]
        self.folders = [path for path in paths if os.path.isdir(path)]
        self.extra_files = [path for path in paths if path not in self.folders]
        self.exclude_patterns = list(exclude_patterns)
        self.seen: dict[str, tuple[float, int] | None] = {}
        self.modules: set[str] = set()
        self.since = self.origin = time.time() if origin is None else origin
        self.is_new = self.is_worried = self.is_anxious = False

    def look(self) -> str | None:
        """Look at each file once; return one that has changed since the last look, None if there is none."""
        began = time.time() - _GRAIN
        if self.is_worried and not self.is_anxious:
            self.is_anxious, self.since = True, self.origin
        for path in self.find_files():
            if path not in self.seen and not any(fnmatch.fnmatch(path, one) for one in self.exclude_patterns):
                self.seen[path] = None
        changed = None
        for path, before in self.seen.items():
            try:
                found = os.stat(path)
            except OSError:  # editors take a file away for a moment: that is no change
                self.seen[path] = before or _GONE
                continue
            now = (found.st_mtime, found.st_size)
            if now != before:
                self.seen[path] = now
                # The other time is that of its coming here, where it was written elsewhere, or long ago.
                if before is not None or max(found.st_mtime, found.st_ctime) > self.since:
                    changed, self.is_new = path, before is None
        if self.is_anxious:
            self.since = PAST
        elif self.since != FUTURE:
            self.since = began
        return changed

    def find_files(self) -> Iterator[str]:
        """Yield what there is to watch, of the modules only the new ones."""
        for name in set(sys.modules) - self.modules:
            self.modules.add(name)
            path = _file_of(sys.modules.get(name))
            if path is not None and not _is_library(path):
                yield path
                templates = os.path.join(os.path.dirname(path), "templates")
                if templates not in self.folders and os.path.isdir(templates):
                    self.folders.append(templates)
        yield from self.extra_files
        for folder in self.folders:
            yield from _files_in(folder)
        if self.is_anxious:
            yield from self.find_neighbours()

    def find_neighbours(self) -> Iterator[str]:
        """Yield all Python files where modules are looked for, or were found, and in the packages there.

        Which of them a program has imported that has failed, nobody can tell.
        """
        places = {os.path.dirname(path) for path in self.seen if path.endswith(".py")}
        places.update(os.path.abspath(path) for path in sys.path)
        for place in places:
            for root, folders, files in os.walk(place) if not _is_library(os.path.join(place, "")) else ():
                folders[:] = [name for name in folders if os.path.isfile(os.path.join(root, name, "__init__.py"))]
                yield from (os.path.join(root, name) for name in files if name.endswith(".py"))

    def worry(self) -> None:
        """The program has failed: watch whatever may mend it.  May be called while another thread looks."""
        self.is_worried = True

    def calm(self) -> None:
        """Watch as before."""
        self.is_worried = self.is_anxious = False


_GONE = (0.0, -1)
_GRAIN = 0.01  # seconds by which the time of a file may be behind: systems take it from a clock that ticks


def _file_of(module):
    """Return the file that a module was loaded from, the archive if it was in one; None if there is none."""
    try:
        # getattr() would load a module that waits for its first use.
        path = object.__getattribute__(module, "__dict__").get("__file__")
    except AttributeError:
        return None
    if not isinstance(path, str):
        return None
    path = os.path.abspath(path)
    while not os.path.isfile(path):
        path, inner = os.path.split(path)
        if not inner:
            return None
    return path


_library = tuple(
    os.path.join(folder, "")
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(os.__file__)}
)


def _is_library(path):
    """Whether a file belongs to Python, or to a package that was installed."""
    return path.startswith(_library) or not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep))


def _files_in(folder):
    """Yield the files in a folder and those below it, but not what editors and Python leave there."""
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
        yield from (os.path.join(root, name) for name in files if name[0] not in ".#" and name[-1] != "~")


# The child


class Child:
    """The process that serves.

    line          leads to the parent, and ends with it; None if somebody else has started us
    is_told       whether the main thread was told to end
    is_changed    whether a file has changed
    is_over       whether the function has ended
    """

    grace = 0.5  # seconds that what runs has to end, when a file has changed, before it is interrupted again
    patience = 1.5  # seconds after that until the process is ended by force
    end_patience = 10.0  # the same when it ends for good

    def __init__(self, watch: Watch, interval: float) -> None:
        self.watch = watch
        self.interval = interval
        number, _, origin = os.environ.pop(_LINE, "").partition(":")
        self.line = _inherit_socket(number)
        with suppress(ValueError):
            watch.since = watch.origin = float(origin)
        self.is_told = self.is_changed = self.is_over = False

    def run(self, main_func: Callable[[], object]) -> None:
        """Call the function; see to it that it ends when a file changes, or when the parent says so."""
        self.say(b"+")
        _restore_echo()
        path = self.watch.look()
        if path is not None:  # it changed while we were on our way
            self.announce(path)
            self.hang_up()
            sys.exit(RESTART)
        with _handling([signal.SIGINT, signal.SIGTERM], self.hear_signal):
            try:
                try:
                    threading.Thread(target=self.keep_looking, name="nanoweb-reloader", daemon=True).start()
                    self.call(main_func)
                finally:
                    self.is_over = True
            except BaseException as error:
                self.is_over = True
                if not self.is_changed and not isinstance(error, KeyboardInterrupt):
                    raise
        if self.is_changed:
            sys.exit(RESTART)

    def call(self, main_func: Callable[[], object]) -> None:
        """Call the function; if it fails, show how, and wait for the end."""
        try:
            main_func()
        except Exception as error:
            if self.is_changed:
                raise
            frames = error.__traceback__.tb_next if error.__traceback__ is not None else None  # the first is this one
            sys.excepthook(type(error), error, frames)
            tell_now("warning", " * The program has failed: it starts again when one of its files changes")
            self.watch.worry()
            while True:
                time.sleep(1)  # the end comes as a KeyboardInterrupt; one that came just before is heard after this

    def hear_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_told = True
        if not self.is_over:
            raise KeyboardInterrupt

    def keep_looking(self) -> None:
        """Look at the files again and again: this is a thread of its own.

        More often at first: what is imported then, one shall not be able to change before it is seen.
        """
        seconds = self.interval / 20
        while not self.is_over:
            seconds = min(seconds * 1.2, self.interval)
            if not self.pause(seconds) and not self.is_over:
                self.end()
            path = self.watch.look()
            if path is not None and not self.is_over:
                self.restart(path)
        self.hang_up()

    def pause(self, seconds: float) -> bool:
        """Wait until it is time to look again; False if the parent has gone, or wants us to end."""
        if self.line is None:
            time.sleep(seconds)
            return True
        self.line.settimeout(seconds)
        try:
            return bool(self.line.recv(1))
        except socket.timeout:
            return True
        except OSError:
            return False

    def restart(self, path: str) -> NoReturn:
        """End, for another one to start: what runs has a moment to do so."""
        self.is_changed = True
        self.announce(path)
        self.interrupt()
        time.sleep(self.grace)
        if not self.is_over:
            self.interrupt()
        self.end_by_force(RESTART, self.patience)

    def announce(self, path: str) -> None:
        """Tell the user, and the parent, what has changed."""
        tell_now("info", " * %s has changed: starting again", path)
        if self.watch.is_new:
            self.say(b"!")

    def end(self) -> NoReturn:
        """End without another one: Ctrl-C may have told the main thread already."""
        if not self.is_told:
            self.interrupt()
        self.end_by_force(1, self.end_patience)

    def interrupt(self) -> None:
        """Have a KeyboardInterrupt raised in the main thread.  SIGINT may be ignored, so it is not that."""
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        else:
            _thread.interrupt_main()

    def end_by_force(self, status: int, patience: float) -> NoReturn:
        """If the process is still there after so many seconds, because a thread of it does not end, end it."""
        time.sleep(patience)
        flush_output()
        os._exit(status)

    def say(self, word: bytes) -> None:
        """Tell the parent: "+" that we have come this far, "!" that a file has changed that was new to us."""
        if self.line is not None:
            with suppress(OSError):
                self.line.send(word)

    def hang_up(self) -> None:
        if self.line is not None:
            self.line.close()


def _restore_echo():
    """Have the terminal show what is typed: a debugger, interrupted at its prompt, leaves it dark."""
    try:
        import termios  # not on every platform

        state = termios.tcgetattr(sys.stdin)
        if not state[3] & termios.ECHO:
            state[3] |= termios.ECHO
            termios.tcsetattr(sys.stdin, termios.TCSANOW, state)
    except Exception:  # noqa: BLE001 (stdin may be closed, or anything: then it is no terminal)
        return


# The parent


class Parent:
    """The process that was started: it starts the others, one after the other.

    process    the child; None before the first one
    line       leads to it: to close that is the word to end
    """

    patience = 12.0  # seconds that a child has to end; it has ended itself by then
    most_news = 2  # starts in a row for a file that was new; after that the program seems to write it itself

    def __init__(self, watch: Watch, interval: float) -> None:
        self.watch = watch
        self.interval = interval
        self.process: subprocess.Popen[bytes] | None = None
        self.line: socket.socket | None = None

    def run(self) -> int:
        """Start one child after the other, until one has ended for good; return its status."""
        command = command_line()
        news = 0
        with _handling([signal.SIGTERM], signal.default_int_handler):
            try:
                while True:
                    said = self.run_child(command, is_trusting=news >= self.most_news)
                    news = news + 1 if b"!" in said else 0
                    if not said and self.status() in _FAILED:
                        self.await_change()
                    elif not said or self.status() != RESTART:
                        break
            except KeyboardInterrupt:
                self.end_child()
        return self.status()

    def run_child(self, command: list[str], is_trusting: bool) -> bytes:
        """Start a child, wait for its end, return what it has said on the line."""
        import subprocess  # for weight: the child has no use for it

        self.watch.look()
        self.line, childs_line = socket.socketpair()
        childs_line.set_inheritable(True)
        self.watch.origin = self.watch.since + _GRAIN  # what was written until now, the child will read
        origin = FUTURE if is_trusting else self.watch.origin
        environ = {**os.environ, **_lent, _IS_CHILD: "true", _LINE: f"{childs_line.fileno()}:{origin}"}
        with self.line, childs_line:
            flush_output()
            self.process = None  # a Ctrl-C before we know of the new one must not have its predecessor's status
            self.process = subprocess.Popen(command, env=environ, close_fds=False)
            childs_line.close()
            return self.hear_child(self.process, self.line)

    def hear_child(self, process: subprocess.Popen[bytes], line: socket.socket) -> bytes:
        """Wait for the end of the child, return what it has said.

        Its end of the line may live on in a process that it has forked, and a signal that comes just before
        a system call does not end the wait: so we look at both now and then.
        """
        said = b""
        line.settimeout(1)
        while process.poll() is None:
            try:
                word = line.recv(16)
            except socket.timeout:
                continue
            except OSError:  # a child that was killed may reset the line
                word = b""
            if not word:
                process.wait()
            said += word
        line.settimeout(0)
        with suppress(OSError):
            said += line.recv(16)
        return said

    def status(self) -> int:
        """Return the status of the last child as a shell tells it: that of one ended by a signal is 128 and more."""
        status = self.process.returncode if self.process is not None else 0
        return status if status >= 0 else 128 - status

    def await_change(self) -> None:
        """The child has failed before it came to us, and its error is on the screen: wait until a file changes."""
        tell_now("warning", " * The program cannot start: it starts again when one of its files changes")
        self.watch.worry()
        while self.watch.look() is None:
            time.sleep(self.interval)
        self.watch.calm()

    def end_child(self) -> None:
        """Have the child end, which Ctrl-C may have told it already, and wait for that; a second Ctrl-C kills it."""
        import subprocess

        if self.process is None:
            return
        try:
            self.process.wait(self.patience)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self.process.kill()
            self.process.wait()


def command_line() -> list[str]:
    """Return the command that started this process.

    raises    RuntimeError if it cannot be run again: a prompt, or a program that came by a pipe
    """
    main = sys.modules["__main__"]
    file, spec = getattr(main, "__file__", None), getattr(main, "__spec__", None)
    if hasattr(sys, "ps1") or (file is None and sys.argv[:1] != ["-c"]) or file == "<stdin>":
        raise RuntimeError("the reloader cannot start this program again, it is not in a file: use_reloader=False")
    if sys.version_info < (3, 10):
        return [sys.executable, *_old_arguments(file, spec)]
    arguments = sys.orig_argv[1:]
    if file is not None and (spec is None or spec.name == "__main__") and sys.argv[0] in arguments:
        place = arguments.index(sys.argv[0])
        if not os.path.exists(arguments[place]):  # the program has changed the working directory
            arguments[place] = file if spec is None else os.path.dirname(file)
    return [sys.executable, *arguments]


def _old_arguments(file, spec):
    """Return the arguments of Python, before 3.10 remembered them itself."""
    import subprocess

    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    if spec is None:
        if file is None:
            raise RuntimeError("the reloader cannot start python -c again before Python 3.10: use_reloader=False")
        return [*flags, file, *sys.argv[1:]]
    if spec.name == "__main__":  # a folder or an archive
        return [*flags, os.path.dirname(file), *sys.argv[1:]]
    name = spec.parent if spec.name.endswith(".__main__") else spec.name
    return [*flags, "-m", name, *sys.argv[1:]]


@contextmanager
def _handling(numbers, handler):
    """Within it, signals are handled by a function; a SIGINT that is ignored, as in the background, stays so."""
    numbers = [number for number in numbers if (number, signal.getsignal(number)) != (signal.SIGINT, signal.SIG_IGN)]
    old = [(number, signal.signal(number, handler)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in old:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
