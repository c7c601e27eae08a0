"""The server's log: a line for each request, and whatever else the server has to say.

In a request's way: when the head of its answer leaves.  All goes to the logger "nanoweb.serving",
whose handlers, filters and levels are the program's to set.  Where it has set none, run_simple()
shows the log on standard error by the LogWriter here, which makes do without what costs most:
a record for each line, and a system call for each line.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from contextlib import suppress
from functools import lru_cache

from .waiting import wait_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "LogWriter",
    "escape",
    "flush_output",
    "is_shown",
    "log_date",
    "log_writer",
    "show_log",
    "tell",
    "tell_now",
]

logger = logging.getLogger("nanoweb.serving")

_levels = {"debug": 10, "info": 20, "warning": 30, "error": 40, "exception": 40, "critical": 50}

_MOMENT = 0.005  # seconds within which lines are written together, while many come
_PIECE = 4096  # bytes that a pipe has room for, if it has any
_PATIENCE = 1.0  # seconds without room for a line, after which it is dropped

# A terminal obeys control characters, and a quote would end the request in the log early.
_escapes = {code: rf"\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]}
_escapes.update({ord('"'): '\\"', ord("\\"): "\\\\"})
_months = " Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")

_answer_re = re.compile(r'(".*(?<!\\)") ([1-5][0-9]{2})')
_colours = {"1": "1", "3": "32", "304": "36", "404": "33", "4": "31;1", "5": "35;1"}  # as Werkzeug has them


def escape(text: str) -> str:
    r"""Return what a client sent as a terminal can show it, and as it can stand between quotes.

    >>> escape('GET /\x1b[2J"')
    'GET /\\x1b[2J\\"'
    """
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return text.translate(_escapes)


@lru_cache(maxsize=2)
def _date(second):
    year, month, day, hour, minute, second, *_ = time.localtime(second)
    return f"{day:02}/{_months[month]}/{year:04} {hour:02}:{minute:02}:{second:02}"


def log_date() -> str:
    """Return the time as access logs write it, in the time zone of the machine."""
    return _date(int(time.time()))


def is_shown(level: int = logging.INFO) -> bool:
    """Whether anybody wants to hear what has this level."""
    return logger.isEnabledFor(level)


def tell(type: str, message: str, *args: Any, exc_info: Any = None) -> None:
    """Log a line; type is the name of a logger's method.

    The record is made here: a logger's method would look for the line of code that has called it, which takes
    twice the time of all else.  A log that cannot be written is no reason to leave a request without its answer.
    """
    level = _levels[type]
    try:
        if not logger.isEnabledFor(level):
            return
        if exc_info is None and log_writer.is_alone():
            log_writer.add(message % args if args else message)
            return
        if isinstance(exc_info, BaseException):
            exc_info = (exc_info.__class__, exc_info, exc_info.__traceback__)
        make = logging.getLogRecordFactory()
        logger.handle(make(logger.name, level, __file__, 0, message, args, exc_info))
    except Exception:  # noqa: BLE001 (logging itself raises ValueError where sys.stderr is closed)
        pass


def tell_now(type: str, message: str, *args: Any, exc_info: Any = None) -> None:
    """As tell(), for who waits for no connections: the line does not wait for others."""
    tell(type, message, *args, exc_info=exc_info)
    log_writer.flush()


class LogWriter(logging.Handler):
    """Writes lines to standard error, those of many requests by one system call.

    lines         what is not written yet; who waits for connections writes it before, and no line waits for more
                  than some milliseconds
    is_quick      whether nobody but us wanted the lines when we last wrote some: then the next ones need not ask
    flushed_at    when something was written (time.monotonic())
    lost          how many lines were dropped since then, as nobody has read what was written before
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.is_quick = False
        self.flushed_at = 0.0
        self.lost = 0

    def is_alone(self) -> bool:
        """Whether nobody else sees what is logged, or changes it: then a line needs no record."""
        if len(logger.handlers) != 1 or logger.handlers[0] is not self or logger.filters or self.filters:
            return False
        if self.formatter or self.level > logging.INFO or logging.getLogRecordFactory() is not logging.LogRecord:
            return False
        above = logger
        while above.propagate and above.parent is not None:
            above = above.parent
            if above.handlers:
                return False
        return True

    def add(self, line: str) -> None:
        self.lines.append(f"{line}\n")
        if len(self.lines) > 500:
            self.flush()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.add(self.format(record))
            self.flush()
        except Exception:  # noqa: BLE001 (logging has a way of its own to tell of these)
            self.handleError(record)

    def flush_if_due(self) -> None:
        """Write what waits, but not many times in a moment: for who knows that another will do it soon."""
        if time.monotonic() - self.flushed_at > _MOMENT:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self.flushed_at = time.monotonic()
        self.is_quick = logger.isEnabledFor(logging.INFO) and self.is_alone()
        with self.lock:  # type: ignore[union-attr]
            count = len(self.lines)
            lines = self.lines[:count]
            del self.lines[:count]  # what others append meanwhile stays
            if lines and sys.stderr is not None:
                with suppress(Exception):  # it is closed, say
                    self.write([*map(colour, lines)] if has_colours(sys.stderr) else lines)

    def write(self, lines: list[str]) -> None:
        """Write lines, in pieces that find room as a whole."""
        piece = ""
        for line in lines:
            if piece and len(piece) + len(line) > _PIECE:
                self.write_piece(piece)
                piece = ""
            piece += line
        self.write_piece(piece)

    def write_piece(self, piece: str) -> None:
        """Write some lines; drop them if nobody reads what is there: no request waits for who reads the log."""
        if not has_room(sys.stderr, 0 if self.lost else _PATIENCE):
            self.lost += piece.count("\n")
            return
        if self.lost:
            piece = f"{self.lost} lines of the log were lost, as nobody read those before them\n{piece}"
            self.lost = 0
        sys.stderr.write(piece)
        with suppress(AttributeError):  # it is the program's own, and no more than half a stream
            sys.stderr.flush()


def has_room(stream: Any, seconds: float) -> bool:
    """Whether some bytes can be written to a stream at once, at the latest after so many seconds."""
    try:
        return wait_for(stream, seconds, room=True)
    except (OSError, TypeError, ValueError):  # it is no file, or none that can be asked
        return True


def has_colours(stream: Any) -> bool:
    """Whether a stream is a terminal that shows them.  https://no-color.org"""
    if not (hasattr(stream, "isatty") and stream.isatty()):
        return False
    if "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return False
    return sys.platform != "win32" or "WT_SESSION" in os.environ  # the old console there shows the codes instead


def colour(line: str) -> str:
    r"""Return a line of the log as a terminal shows it.

    >>> colour('::1 - - [12/Oct/2025 10:00:00] "GET / HTTP/1.1" 404 -')
    '::1 - - [12/Oct/2025 10:00:00] \x1b[33m"GET / HTTP/1.1" 404\x1b[0m -'
    """
    found = _answer_re.search(line)
    if found is None:
        return line
    code = _colours.get(found[2], _colours.get(found[2][0]))
    if code is None:
        return line
    return f"{line[: found.start()]}\x1b[{code}m{found[0]}\x1b[0m{line[found.end() :]}"


log_writer = LogWriter()

if hasattr(os, "register_at_fork"):
    # Not while a thread writes: the child would have the lock of the stream, and nobody to open it.  The lines are
    # the parent's, who writes them; the lock that is taken here is made anew in the child by logging itself.
    os.register_at_fork(
        before=log_writer.acquire, after_in_parent=log_writer.release, after_in_child=log_writer.lines.clear
    )


def show_log() -> None:
    """Let the user see our lines, unless the program has said where its log goes: maybe since the last call."""
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    logger.removeHandler(log_writer)
    log_writer.is_quick = False
    if not logger.hasHandlers():
        logger.addHandler(log_writer)


def flush_output() -> None:
    """Write what is held back, here and by print(): the end by os._exit() would lose it, a fork double it."""
    log_writer.flush()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # there is none, or it is closed
            stream.flush()
