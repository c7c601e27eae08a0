"""Fields that list names or directives, as objects: Vary and Allow, Cache-Control, Content-Security-Policy.

In a request's way: Request.cache_control is read while a view runs; Response.vary, .allow,
.cache_control and .content_security_policy are written through: each tells on_update when
it was changed, and there the Response writes the field anew.

A copy of one, or what pickle makes of it, has the same contents and tells nobody.
"""

from __future__ import annotations

import re
from collections.abc import MutableSet

from .dicts import CallbackDict, ImmutableDictMixin, Telling, _reduce
from .headers import _dump_pair, dump_header, quote_header_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, Literal, TypeVar

    D = TypeVar("D", bound="_Directives")
    # What directives may be made from.
    Values = Mapping[str, Any] | Iterable[tuple[str, Any]] | None

__all__ = [
    "ContentSecurityPolicy",
    "HeaderSet",
    "RequestCacheControl",
    "ResponseCacheControl",
    "cache_control_property",
]


class HeaderSet(Telling, MutableSet[str]):
    """A set of names that are the same in any case, in the order they are sent: Vary, Allow, Content-Language.

    >>> vary = HeaderSet(["Cookie", "Accept"], on_update=lambda vary: print("Vary:", vary))
    >>> vary.add("Accept-Language")
    Vary: Cookie, Accept, Accept-Language
    >>> "COOKIE" in vary, vary.find("accept"), vary[0]
    (True, 1, 'Cookie')

    headers      the names; of two that are the same, the first spelling stays
    on_update    called with the set after each change
    """

    def __init__(
        self, headers: Iterable[str] | None = None, on_update: Callable[[HeaderSet], object] | None = None
    ) -> None:
        self._names: dict[str, str] = {}  # as spelled, by what they are in lower case
        self.update(headers or ())
        self.on_update = on_update

    # By name

    def __contains__(self, header: object) -> bool:
        return isinstance(header, str) and header.lower() in self._names

    def add(self, header: str) -> None:
        """Add a name at the end, unless it is there."""
        self.update((header,))

    def update(self, iterable: Iterable[str]) -> None:
        """Add all names that are not there."""
        if isinstance(iterable, str):
            raise TypeError(f"{iterable!r:.200} is one name, and its letters would be added: use add(), or a list")
        before = len(self._names)
        for header in iterable:
            self._names.setdefault(str.lower(header), header)  # a TypeError for bytes
        if len(self._names) > before:
            self._changed()

    def discard(self, header: str) -> None:
        """Remove a name if it is there; remove() raises a KeyError if it is not."""
        if self._names.pop(header.lower(), None) is not None:
            self._changed()

    def clear(self) -> None:
        """Remove all names."""
        self._names.clear()
        self._changed()

    def find(self, header: str) -> int:
        """Return the place of a name, -1 if it is not there."""
        return list(self._names).index(header.lower()) if header in self else -1

    def index(self, header: str) -> int:
        """Return the place of a name; an IndexError if it is not there."""
        if header not in self:
            raise IndexError(header)
        return self.find(header)

    # By place

    def __getitem__(self, index: int) -> str:
        return list(self)[index]

    def __setitem__(self, index: int, header: str) -> None:
        names = list(self)
        names[index] = header
        self._names = HeaderSet(names)._names
        self._changed()

    def __delitem__(self, index: int) -> None:
        self.discard(self[index])

    # As a whole

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)

    def as_set(self, preserve_casing: bool = False) -> set[str]:
        """Return a plain set: of the names in lower case, or as they are spelled."""
        return set(self) if preserve_casing else set(self._names)

    def to_header(self) -> str:
        """Return the field."""
        return dump_header(self)

    def __str__(self) -> str:
        return self.to_header()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (list(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"


# Directives: a dict of what the field says.  Those that are known are attributes too.


class _Directives(CallbackDict["str", "Any"]):
    """A dict of directives, whose values are text, or None for a directive that has none.

    values       a dict or pairs; None for a field that is not there: then provided is False
    on_update    called with the dict after each change
    """

    _quoted: tuple[str, ...] = ()  # those whose values stand between quotes always

    def __init__(self, values: Values = (), on_update: Callable[[Any], object] | None = None) -> None:
        super().__init__(values, on_update)
        self.provided = values is not None

    def to_header(self) -> str:
        """Return the field."""
        return dump_quoted(self, self._quoted)

    def __str__(self) -> str:
        return self.to_header()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _reduce(self, dict(self), on_update=None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join([f'{key}={value!r}' for key, value in sorted(self.items())])}>"


def dump_quoted(directives, quoted):
    """Like dump_header(), but the values of some stand between quotes even where they need not."""
    found = []
    for key, value in directives.items():
        pair = f"{key}={quote_header_value(value, False)}" if key in quoted else _dump_pair(key, value)
        found.append(key if value is None else pair)
    return ", ".join(found)


def _seconds(value):
    """A number of seconds.  Of text, digits alone: int() takes "+5", "5_0" and "٥", which are none in a field."""
    text = value if isinstance(value, str) else str(int(value))
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(f"{value!r:.200} is no number of seconds: give a number from 0 up, or up to 18 digits")
    return int(text)


def cache_control_property(key: str, empty: Any, type: Callable[[Any], Any] | None, *, doc: str | None = None) -> Any:
    """Make a directive an attribute, for a subclass that knows one more; of a policy, with empty="" and type=None.

    >>> class CacheControl(ResponseCacheControl):
    ...     surrogate_age: int | None = cache_control_property("surrogate-age", None, int)
    >>> CacheControl({"surrogate-age": "60"}).surrogate_age
    60

    key      the directive, as in the field
    empty    the attribute where the directive has no value; None if it must have one
    type     bool: the attribute is whether the directive is there.  int: a number of seconds.
             None: text.  Else a function of the text; a value that it refuses with a
             ValueError reads as None, and cannot be assigned

    To assign None or False is to remove the directive, True is to set it without a value.
    """
    convert: Any = _seconds if type is int else type or str

    def get(self):
        if type is bool:
            return key in self
        value = self.get(key)
        if value is None:
            return empty if key in self else None
        try:
            return convert(value)
        except ValueError:
            return None

    def set(self, value):
        if type is bool:
            value = bool(value)
        elif value is True and empty is None:
            raise ValueError(f"{key}=True: this directive has no meaning without a value; give it one")
        if value is None or value is False:
            self.pop(key, None)
        else:
            self[key] = None if value is True else str(convert(value))

    return property(get, set, lambda self: self.pop(key, None), doc or f"The directive {key}.")


# What the types that directives are declared with mean: how a value is read, and what stands for none.
_KINDS: dict[str, tuple[Any, Any]] = {
    "bool": (None, bool),
    "int | None": (None, int),
    "str | None": ("", None),
    "int | Literal[True] | None": (True, int),
    "str | Literal[True] | None": (True, None),
}


def _with_attributes(cls: type[D]) -> type[D]:
    """Make what a class declares attributes of it: one table, for type checkers and for us."""
    for name, kind in cls.__annotations__.items():
        setattr(cls, name, cache_control_property(name.replace("_", "-"), *_KINDS[kind]))
    return cls


@_with_attributes
class _CacheControl(_Directives):
    """What Cache-Control says of requests and of responses alike."""

    no_store: bool
    max_age: int | None
    no_transform: bool
    stale_if_error: int | None

    cache_property = staticmethod(cache_control_property)


@_with_attributes
class RequestCacheControl(ImmutableDictMixin, _CacheControl):  # type: ignore[misc]  # it has a hash
    """Cache-Control as a client sent it.

    >>> asked = RequestCacheControl({"no-cache": None, "max-age": "60", "max-stale": None, "min-fresh": "+5"})
    >>> asked.no_cache, asked.max_age, asked.max_stale, asked.min_fresh
    (True, 60, True, None)

    Numbers are seconds, None where they are missing or malformed.

    RFC 9111, section 5.2.1.
    """

    no_cache: bool
    max_stale: int | Literal[True] | None
    min_fresh: int | None
    only_if_cached: bool


@_with_attributes
class ResponseCacheControl(_CacheControl):
    """Cache-Control to answer with.

    >>> control = ResponseCacheControl(on_update=lambda control: print("Cache-Control:", control))
    >>> control.max_age = 60
    Cache-Control: max-age=60
    >>> control.private = True
    Cache-Control: max-age=60, private
    >>> del control.max_age
    Cache-Control: private

    Numbers are seconds.  private and no_cache are True, or the names of the fields that they are about.

    RFC 9111, section 5.2.2; RFC 5861; RFC 8246.
    """

    _quoted = ("no-cache", "private")

    no_cache: str | Literal[True] | None
    public: bool
    private: str | Literal[True] | None
    must_revalidate: bool
    proxy_revalidate: bool
    s_maxage: int | None
    immutable: bool
    must_understand: bool
    stale_while_revalidate: int | None


@_with_attributes
class ContentSecurityPolicy(_Directives):
    """Content-Security-Policy: what a page may load, and where from.

    >>> policy = ContentSecurityPolicy({"default-src": "'self'"})
    >>> policy.img_src = "'self' https://images.example"
    >>> print(policy)
    default-src 'self'; img-src 'self' https://images.example

    A directive without sources, such as sandbox, has "" or None in the dict and "" as attribute.

    raises    ValueError, when it is written, for a directive with ";", "," or a character
              that no policy has: nothing that is set here can start a second directive

    Content Security Policy Level 3, section 2.2.
    """

    base_uri: str | None
    child_src: str | None
    connect_src: str | None
    default_src: str | None
    font_src: str | None
    form_action: str | None
    frame_ancestors: str | None
    frame_src: str | None
    img_src: str | None
    manifest_src: str | None
    media_src: str | None
    navigate_to: str | None
    object_src: str | None
    plugin_types: str | None
    prefetch_src: str | None
    report_to: str | None
    report_uri: str | None
    sandbox: str | None
    script_src: str | None
    script_src_attr: str | None
    script_src_elem: str | None
    style_src: str | None
    style_src_attr: str | None
    style_src_elem: str | None
    worker_src: str | None

    def to_header(self) -> str:
        """Return the field."""
        directives = [name if sources in (None, "") else f"{name} {sources}" for name, sources in self.items()]
        for directive in directives:
            # A name, and then every character that can be seen but ";" and ",".
            if not re.fullmatch(r"[0-9A-Za-z-]+(?:[ \t][\t\x20-\x2b\x2d-\x3a\x3c-\x7e]*)?", directive):
                raise ValueError(
                    f"policy directive {directive!r:.200} is more than one, or none: leave out ';' and ','"
                    " and all that is not ASCII (in a URL, percent-encode them)"
                )
        return "; ".join(directives)
