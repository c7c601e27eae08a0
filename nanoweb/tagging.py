"""JSON that keeps apart what JSON runs together: a tuple comes back as a tuple.

The session is written like this.  A value that JSON does not know becomes an
object with a single member, whose name, the tag, tells what it was.
"""

from __future__ import annotations

import json
import sys

from .context import _app_ctx_stack
from .headers import http_date, parse_date
from .markup import Markup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["JSONTag", "TaggedJSONSerializer"]


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
_written_as_they_are = frozenset([str, int, float, bool, type(None)])


class JSONTag:
    """How one type is written under a tag: subclass it, and register() the class.

    key    the tag; what begins with a blank is no usual name.  "" for a type that is
           written without, so that only the values in it are
    """

    key = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: Any) -> bool:
        """Whether this tag is for a value."""
        raise NotImplementedError(f"{type(self).__name__} has no check()")

    def to_json(self, value: Any) -> Any:
        """Return what JSON can write of a value, the values in it tagged by self.serializer.tag()."""
        raise NotImplementedError(f"{type(self).__name__} has no to_json()")

    def to_python(self, value: Any) -> Any:
        """Return the value again; those in it are what they were already."""
        raise NotImplementedError(f"{type(self).__name__} has no to_python()")

    def tag(self, value: Any) -> Any:
        """Return the value as it is written."""
        return {self.key: self.to_json(value)} if self.key else self.to_json(value)


class TagDict(JSONTag):
    """A dict that looks like a tagged value: its key is marked."""

    key = " di"

    def check(self, value: Any) -> bool:
        return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in self.serializer.tags

    def to_json(self, value: Any) -> Any:
        return {f"{key}__": self.serializer.tag(one) for key, one in value.items()}

    def to_python(self, value: Any) -> Any:
        (key,) = value
        return {key[:-2]: value[key]}


class PassDict(JSONTag):
    """All other dicts."""

    def check(self, value: Any) -> bool:
        return isinstance(value, dict)

    def to_json(self, value: Any) -> Any:
        tag, untagged = self.serializer.tag, self.serializer._untagged
        return {key: one if type(one) in untagged else tag(one) for key, one in value.items()}


class TagTuple(JSONTag):
    """A tuple."""

    key = " t"
    to_python = staticmethod(tuple)  # type: ignore[assignment]

    def check(self, value: Any) -> bool:
        return isinstance(value, tuple)

    def to_json(self, value: Any) -> Any:
        return [self.serializer.tag(one) for one in value]


class PassList(TagTuple):
    """A list."""

    key = ""

    def check(self, value: Any) -> bool:
        return isinstance(value, list)


class TagBytes(JSONTag):
    """Bytes."""

    key = " b"

    def check(self, value: Any) -> bool:
        return isinstance(value, bytes)

    def to_json(self, value: Any) -> Any:
        from base64 import b64encode

        return b64encode(value).decode("ascii")

    def to_python(self, value: Any) -> Any:
        from base64 import b64decode

        return b64decode(value)


class TagMarkup(JSONTag):
    """What has an __html__ method; it comes back as Markup."""

    key = " m"
    to_python = staticmethod(Markup)  # type: ignore[assignment]

    def check(self, value: Any) -> bool:
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: Any) -> Any:
        return str(value.__html__())


class TagUUID(JSONTag):
    """A UUID."""

    key = " u"

    def check(self, value: Any) -> bool:
        return "uuid" in sys.modules and isinstance(value, sys.modules["uuid"].UUID)  # see _plain

    def to_json(self, value: Any) -> Any:
        return value.hex

    def to_python(self, value: Any) -> Any:
        from uuid import UUID

        return UUID(value)


class TagDateTime(JSONTag):
    """A datetime, to the second and in UTC."""

    key = " d"
    to_json = staticmethod(http_date)  # type: ignore[assignment]
    to_python = staticmethod(parse_date)

    def check(self, value: Any) -> bool:
        return "datetime" in sys.modules and isinstance(value, sys.modules["datetime"].datetime)


class TaggedJSONSerializer:
    """JSON that keeps tuples, bytes, Markup, UUIDs and datetimes apart from what JSON makes of them.

    Other dates, decimals and dataclasses come back as what JSON makes of them.

    >>> serializer = TaggedJSONSerializer()
    >>> serializer.dumps({"flashes": [("message", b"\\x00")]})
    '{"flashes":[{" t":["message",{" b":"AA=="}]}]}'
    >>> serializer.loads(_)
    {'flashes': [('message', b'\\x00')]}

    tags     those that have a key, by it
    order    all, in the order in which they are asked for a value

    The JSON itself is written and read by the current application's provider, if there is one.
    """

    default_tags: list[type[JSONTag]] = [
        *(TagDict, PassDict, TagTuple, PassList),
        *(TagBytes, TagMarkup, TagUUID, TagDateTime),
    ]

    def __init__(self) -> None:
        self.tags: dict[str, JSONTag] = {}
        self.order: list[JSONTag] = []
        for cls in self.default_tags:
            self.register(cls)
        self._untagged = _written_as_they_are  # types that no tag is asked for

    def register(self, tag_class: type[JSONTag], force: bool = False, index: int | None = None) -> None:
        """Have a tag asked as well.

        force    replace the tag with the same key, which else is a KeyError
        index    where in the order; at its end if None.  A subclass of dict wants 0
        """
        tag = tag_class(self)
        if tag.key:
            if tag.key in self.tags and not force:
                raise KeyError(f"tag {tag.key!r} is registered already: choose another key, or force=True")
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)
        self._untagged = frozenset()  # it may be for text or numbers

    def tag(self, value: Any) -> Any:
        """Return the value with every object that JSON does not know replaced by a tagged one."""
        if type(value) not in self._untagged:
            for tag in self.order:
                if tag.check(value):
                    return tag.tag(value)
        return value

    def untag(self, value: dict[str, Any]) -> Any:
        """Return what a dict stands for, if it is a tagged value; else the dict."""
        if len(value) == 1:
            (key,) = value
            if key in self.tags:
                return self.tags[key].to_python(value[key])
        return value

    def _untag_all(self, value):
        if isinstance(value, dict):
            return self.untag({key: self._untag_all(one) for key, one in value.items()})
        return [self._untag_all(one) for one in value] if isinstance(value, list) else value

    def dumps(self, value: Any) -> str:
        """Return the value as JSON text without blanks."""
        context, tagged = _app_ctx_stack.top, self.tag(value)
        return _encoder.encode(tagged) if context is None else context.app.json.dumps(tagged, separators=(",", ":"))

    def loads(self, value: str) -> Any:
        """Return the value of a text that dumps made."""
        context = _app_ctx_stack.top
        return self._untag_all((json if context is None else context.app.json).loads(value))
