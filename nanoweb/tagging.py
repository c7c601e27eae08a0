"""JSON that keeps apart what JSON runs together: a tuple comes back as a tuple.

The session is written like this.  A value that JSON does not know becomes an
object with a single member, whose name, the tag, tells what it was.
"""

from __future__ import annotations

import json
import sys

from .headers import http_date, parse_date
from .markup import Markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TaggedJSONSerializer"]


def _plain(obj):
    """What JSON can say of an object that it has no way to write.

    A date as HTTP writes it, a decimal or UUID as text, a dataclass as a dict, markup as its HTML.
    """
    # The type of a value that is there has its module loaded: no import for those who use none of them.
    modules = sys.modules
    if "datetime" in modules and isinstance(obj, modules["datetime"].date):
        return http_date(obj)
    if "decimal" in modules and isinstance(obj, modules["decimal"].Decimal):
        return str(obj)
    if "uuid" in modules and isinstance(obj, modules["uuid"].UUID):
        return str(obj)
    if hasattr(type(obj), "__dataclass_fields__"):
        return modules["dataclasses"].asdict(obj)
    if hasattr(obj, "__html__"):
        return str(obj.__html__())
    raise TypeError(f"{obj!r:.200} is a {type(obj).__name__}, which JSON has no way to write; convert it first")


_encoder = json.JSONEncoder(separators=(",", ":"), sort_keys=True, default=_plain)


class TaggedJSONSerializer:
    """JSON that keeps tuples, bytes, Markup, UUIDs and datetimes apart from what JSON makes of them.

    Other dates, decimals and dataclasses come back as what JSON makes of them.

    >>> serializer = TaggedJSONSerializer()
    >>> serializer.dumps({"flashes": [("message", b"\\x00")]})
    '{"flashes":[{" t":["message",{" b":"AA=="}]}]}'
    >>> serializer.loads(_)
    {'flashes': [('message', b'\\x00')]}
    """

    def dumps(self, value: Any) -> str:
        """Return the value as JSON text without blanks."""
        return _encoder.encode(_tag(value))

    def loads(self, value: str) -> Any:
        """Return the value of a text that dumps made."""
        return _untag(json.loads(value))


def _tag(value):
    """The value with every object that JSON does not know replaced by a tagged one."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None or kind is float:
        return value
    if isinstance(value, dict):
        # A dict that looks like a tagged value is tagged itself, its key marked.
        if len(value) == 1:
            (key,) = value
            if key in _untaggers:
                return {" di": {f"{key}__": _tag(value[key])}}
        return {key: _tag(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return {" t": [_tag(one) for one in value]}
    if isinstance(value, list):
        return [_tag(one) for one in value]
    return _tag_object(value)


def _tag_object(value):
    if isinstance(value, bytes):
        from base64 import b64encode

        return {" b": b64encode(value).decode("ascii")}
    if callable(getattr(value, "__html__", None)):
        return {" m": str(value.__html__())}
    modules = sys.modules  # see _plain
    if "uuid" in modules and isinstance(value, modules["uuid"].UUID):
        return {" u": value.hex}
    if "datetime" in modules and isinstance(value, modules["datetime"].datetime):
        return {" d": http_date(value)}
    return value


def _untag(value):
    """The value with every tagged object replaced by what it stands for."""
    if isinstance(value, list):
        return [_untag(one) for one in value]
    if isinstance(value, dict):
        value = {key: _untag(one) for key, one in value.items()}
        if len(value) == 1:
            (key,) = value
            if key in _untaggers:
                return _untaggers[key](value[key])
    return value


def _untag_dict(value):
    (key,) = value
    return {key[:-2]: value[key]}


def _untag_bytes(value):
    from base64 import b64decode

    return b64decode(value)


def _untag_uuid(value):
    from uuid import UUID

    return UUID(value)


_untaggers: dict[str, Any] = {
    " di": _untag_dict,
    " t": tuple,
    " b": _untag_bytes,
    " m": Markup,
    " u": _untag_uuid,
    " d": parse_date,
}
