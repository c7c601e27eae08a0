"""Where an application's log lines go, unless the program says otherwise.

Loaded when something is first logged, or `app.logger` first used.
"""

from __future__ import annotations

import logging
import sys

from .context import _request_ctx_stack
from .local import LocalProxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from .app import App

__all__ = ["create_logger", "default_handler", "has_level_handler", "wsgi_errors_stream"]


def _errors_stream() -> IO[str]:
    top = _request_ctx_stack.top
    return sys.stderr if top is None else top.request.environ["wsgi.errors"]


#: The server's log of the current request, or else standard error.
wsgi_errors_stream: IO[str] = LocalProxy(_errors_stream)  # type: ignore[assignment]

#: Writes to wsgi_errors_stream; taken where the program has set up no logging of its own.
default_handler = logging.StreamHandler(wsgi_errors_stream)
default_handler.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s"))


def create_logger(app: App) -> logging.Logger:
    """Return the logger that has the application's name.

    In debug mode it tells everything, unless a level is set.  A program that has
    configured logging before keeps its own handlers.
    """
    logger = logging.getLogger(app.name)
    if app.debug and not logger.level:
        logger.setLevel(logging.DEBUG)
    if not has_level_handler(logger):
        logger.addHandler(default_handler)
    return logger


def has_level_handler(logger: logging.Logger) -> bool:
    """Whether a handler, up the tree too, would take the messages that this logger lets through."""
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        if any(handler.level <= level for handler in current.handlers):
            return True
        current = current.parent if current.propagate else None
    return False
