"""JSON as an application speaks it: what it writes beyond the standard types, and how.

``app.json`` is a provider.  Request and Response use it for their ``json``, and so do the functions
dumps, dump, loads and load: ``from nanoweb import json`` is this module.
"""

from __future__ import annotations

import json
from functools import lru_cache

from .context import current_app, has_app_context
from .shortcuts import jsonify
from .tagging import _plain
from .wrappers import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

    from .app import App

__all__ = ["DefaultJSONProvider", "JSONProvider", "dump", "dumps", "jsonify", "load", "loads"]


class JSONProvider:
    """What an application needs of a JSON library: subclass it over another one, and set ``app.json``."""

    def __init__(self, app: App) -> None:
        self._app = app

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return the object as JSON text."""
        raise NotImplementedError(f"{type(self).__name__} has no dumps()")

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the object that JSON text stands for; ValueError if it is none."""
        raise NotImplementedError(f"{type(self).__name__} has no loads()")

    def dump(self, obj: Any, fp: IO[str], **kwargs: Any) -> None:
        """Write the object to a text file."""
        fp.write(self.dumps(obj, **kwargs))

    def load(self, fp: IO[Any], **kwargs: Any) -> Any:
        """Read the object from a file, of text or of bytes."""
        return self.loads(fp.read(), **kwargs)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response: of one argument; of several as a list; or of keyword arguments as an object."""
        return self._app.response_class(self.dumps(_one_object(args, kwargs)), mimetype="application/json")


def _one_object(args, kwargs):
    if args and kwargs:
        raise TypeError("jsonify takes values or keyword arguments, not both")
    if kwargs:
        return kwargs
    return (args[0] if len(args) == 1 else args) if args else None


class DefaultJSONProvider(JSONProvider):
    """The standard library's json, which also writes dates, decimals, UUIDs, dataclasses and ``__html__``."""

    #: Called for what json cannot write; returns something that it can, or raises TypeError.
    default: Callable[[Any], Any] = staticmethod(_plain)
    ensure_ascii = True  # all else as \uXXXX
    sort_keys = True  # the same answer for the same data: caches and diffs like that
    compact: bool | None = None  # None: indented in debug mode, else without blanks
    mimetype = "application/json"

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return the object as JSON text.  Keyword arguments are json.dumps's."""
        try:
            encoder = _encoder(self.default, self.ensure_ascii, self.sort_keys, **kwargs)
        except TypeError:  # an option that no cache can hold, or that is json.dumps's own: cls
            return json.dumps(obj, **_options(self.default, self.ensure_ascii, self.sort_keys, **kwargs))
        return encoder.encode(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the object that JSON text stands for; ValueError if it is none.

        Keyword arguments are json.loads's.
        """
        return json.loads(s, **kwargs)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response: of one argument; of several as a list; or of keyword arguments as an object."""
        obj = _one_object(args, kwargs)
        indented = self._app.debug if self.compact is None else not self.compact
        text = self.dumps(obj, indent=2) if indented else self.dumps(obj, separators=(",", ":"))
        return self._app.response_class(f"{text}\n", mimetype=self.mimetype)


def _options(default, ensure_ascii, sort_keys, /, **others):
    return {"default": default, "ensure_ascii": ensure_ascii, "sort_keys": sort_keys, **others}


@lru_cache(maxsize=16)
def _encoder(*settings, **others):
    """A JSONEncoder, which json.dumps makes anew for each call: it is nothing but its options, and so can be kept."""
    return json.JSONEncoder(**_options(*settings, **others))


# For those who want the current application's, or any


def _current():
    """The application's provider; outside of one, what writes the same types."""
    return current_app.json if has_app_context() else _bare


def dumps(obj: Any, **kwargs: Any) -> str:
    """Return the object as JSON text, in the application's way.

    >>> dumps([True, None])
    '[true, null]'
    """
    return _current().dumps(obj, **kwargs)


def dump(obj: Any, fp: IO[str], **kwargs: Any) -> None:
    """Write the object to a text file."""
    _current().dump(obj, fp, **kwargs)


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Return the object that JSON text stands for; ValueError if it is none."""
    return _current().loads(s, **kwargs)


def load(fp: IO[Any], **kwargs: Any) -> Any:
    """Read the object from a file, of text or of bytes."""
    return _current().load(fp, **kwargs)


class _Bare(DefaultJSONProvider):
    sort_keys = False  # as json.dumps


_bare: Any = _Bare(None)  # type: ignore[arg-type]
