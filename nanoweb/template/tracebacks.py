"""Errors of a template, told by the template's own lines.

Compiled code is a function of Python whose file is the template's.  Its lines are not the template's, so when
an error has passed through, each of its frames is given the line that the code there comes from: a traceback,
and a debugger's look at the frame, show the template then.  Nothing of this is done before there is an error.
"""

from __future__ import annotations

import linecache
from types import TracebackType

from .errors import TemplateRecursionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["explain_recursion", "rewrite_traceback", "template_line"]


def template_line(debug_info: str, lineno: int) -> int:
    """Return the template's line for a line of the compiled source.

    >>> template_line("3=1&7=4", 6)
    1
    """
    found = 1
    for pair in debug_info.split("&"):
        line, _, template = pair.partition("=")
        if not template or int(line) > lineno:
            break
        found = int(template)
    return found


def rewrite_traceback(error: BaseException) -> BaseException:
    """Give the frames of templates in an error's traceback the templates' lines; return the error."""
    entries = []
    entry = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    following: TracebackType | None = None
    for entry in reversed(entries):
        names = entry.tb_frame.f_globals
        if names.get("__template__") is None or entry.tb_lasti == -1:
            if following is not entry.tb_next:
                entry.tb_next = following
            following = entry
            continue
        lineno = template_line(names["debug_info"], entry.tb_lineno)
        _remember(entry.tb_frame.f_code.co_filename, names["__template__"])
        # Without the place in the byte code, Python shows the line alone and marks nothing in it.
        following = TracebackType(following, entry.tb_frame, -1, lineno)
    return error.with_traceback(following)


def explain_recursion(error: BaseException) -> BaseException:
    """Return the error that names the templates going round in a circle; the same error if they do not.

    error   a RecursionError
    """
    places: dict[tuple[str | None, int], Any] = {}  # {(template, line): the frame that was there first}
    count = 0
    entry = error.__traceback__
    while entry is not None:
        names = entry.tb_frame.f_globals
        if names.get("__template__") is not None:
            count += 1
            places.setdefault((names["name"], template_line(names["debug_info"], entry.tb_lineno)), entry.tb_frame)
        entry = entry.tb_next
    if count < 50:
        return error
    shown = [f"{'the template' if name is None else repr(name)}, line {lineno}" for name, lineno in places]
    following: TracebackType | None = None
    for (_, lineno), frame in reversed(list(places.items())[:_SHOWN]):
        _remember(frame.f_code.co_filename, frame.f_globals["__template__"])
        following = TracebackType(following, frame, -1, lineno)
    message = f"templates include, extend or call each other without end: {' -> '.join([*shown[:_SHOWN], '...'])}"
    return TemplateRecursionError(message).with_traceback(following)


# How many places of a circle are named.
_SHOWN = 10


def _remember(filename, template):
    """Have the text of a template that is in no file shown in tracebacks."""
    if not filename.startswith("<"):
        return
    source, loader = template._source, template.environment.loader
    if source is None and loader is not None:
        try:
            source = loader.get_source(template.environment, template.name)[0]
        except (LookupError, OSError, ValueError):
            return  # it is gone since; the error to be told is another
    if isinstance(source, str):
        lines = [line + "\n" for line in source.splitlines()]
        linecache.cache[filename] = (len(source), None, lines, filename)
