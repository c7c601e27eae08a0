"""Errors that no caller can catch, written down so that they fail the run.

An exception in a __del__ (under "-W error" that is every file and socket left
open) or at the end of a thread is only printed: the tests go on and pass, and a
test that captures stderr hides even the print.  Python imports this module at
its start, in every child process too, when its folder is on PYTHONPATH.
"""

import os
import sys
import threading

log = os.environ.get("NANOWEB_CI_ESCAPED")


def write_down(what, error, path=log, argv=sys.argv):  # bound here: when Python ends, it empties its modules
    """Append one line to the file that .ci/run looks at after the tests."""
    if path:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{type(error).__name__}: {error}  [{what}, in {' '.join(argv)}]\n")


def unraisable(event, show=sys.unraisablehook):
    """An exception with nobody above it: in a __del__, a callback, a finalizer."""
    write_down(f"{event.err_msg or 'Exception ignored in'} {event.object!r}", event.exc_value or event.exc_type())
    show(event)


def thread_died(event, show=threading.excepthook):
    """An exception that ended a thread."""
    write_down(f"the end of {event.thread!r}", event.exc_value or event.exc_type())
    show(event)


sys.unraisablehook = unraisable
threading.excepthook = thread_died
