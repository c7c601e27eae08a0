"""What a client prefers: media types, languages, codings, charsets, each with a quality from 0 to 1.

In a request's way: a view asks request.accept_mimetypes, or one of its neighbours,
which of the answers that it could give is liked best.  RFC 9110, section 12.5.
"""

from __future__ import annotations

from encodings import normalize_encoding  # loaded when Python starts, as its aliases are
from encodings.aliases import aliases

from .dicts import ImmutableList
from .properties import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, SupportsIndex, overload

__all__ = ["Accept", "CharsetAccept", "LanguageAccept", "MIMEAccept"]

_codecs = frozenset(aliases.values())


class Accept(ImmutableList["tuple[str, float]"]):
    """A list of (value, quality), the most specific value first, and the better one of two alike.

    >>> accept = Accept([("gzip", 0.5), ("*", 0.1), ("br", 1)])
    >>> accept
    Accept([('br', 1), ('gzip', 0.5), ('*', 0.1)])
    >>> accept["gzip"], "zstd" in accept, accept.best_match(["zstd", "gzip"])
    (0.5, True, 'gzip')

    values    None for a field that was not sent; provided tells the two apart

    To [] with a text, quality(), in, index() and find() a value is where the first item
    that covers it is: its own, in whatever case of letters, or else "*".
    """

    def __init__(self, values: Iterable[tuple[str, float]] | None = ()) -> None:
        self.provided: bool = values.provided if isinstance(values, Accept) else values is not None
        rank = self._specificity
        super().__init__(sorted(values or (), key=lambda item: (rank(item[0]), item[1]), reverse=True))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return type(self), (list(self) if self.provided else None,)

    # What differs between kinds of values.  Which item covers a value is a matter of keys in a dict, so that
    # thousands of items are looked at once, and not once for each value.

    def _specificity(self, value):
        """Return something that is the greater the more a value says."""
        return (value != "*",)

    def _normalize(self, value):
        return value.lower()

    def _item_keys(self, item):
        """Return the keys that an item of the client's has."""
        return (self._normalize(item),)

    def _value_keys(self, value):
        """Return the keys of which an item must have one to cover this value of ours, the most specific first."""
        return self._normalize(value), "*"

    @cached_property
    def _places(self) -> dict[Any, int]:
        """Where the first item with a key is."""
        places: dict[Any, int] = {}
        for place, (item, _) in enumerate(self):
            for key in self._item_keys(item):
                places.setdefault(key, place)
        return places

    # Looking for a value

    def find(self, key: str | tuple[str, float]) -> int:
        """Return where a value, or a whole item, is; -1 if it is not there."""
        if not isinstance(key, str):
            return list.index(self, key) if list.__contains__(self, key) else -1
        places = self._places
        for one in self._value_keys(key):
            if one in places:
                return places[one]
        return -1

    def index(self, key: str | tuple[str, float]) -> int:  # type: ignore[override]
        """Return the same; ValueError if it is not there."""
        place = self.find(key)
        if place < 0:
            raise ValueError(f"{key!r:.200} is not in {self!r:.200}: find() gives -1 for that")
        return place

    def __contains__(self, key: str | tuple[str, float]) -> bool:  # type: ignore[override]
        return self.find(key) >= 0

    def quality(self, key: str) -> float:
        """Return how much a value is liked; 0 for not at all, also if it is not there."""
        place = self.find(key)
        return 0 if place < 0 else list.__getitem__(self, place)[1]

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, key: str) -> float: ...
        @overload
        def __getitem__(self, key: SupportsIndex) -> tuple[str, float]: ...
        @overload
        def __getitem__(self, key: slice) -> list[tuple[str, float]]: ...

    def __getitem__(self, key: Any) -> Any:
        return self.quality(key) if isinstance(key, str) else list.__getitem__(self, key)

    if TYPE_CHECKING:

        @overload
        def best_match(self, matches: Iterable[str], default: str) -> str: ...
        @overload
        def best_match(self, matches: Iterable[str], default: str | None = None) -> str | None: ...

    def best_match(self, matches: Iterable[str], default: str | None = None) -> str | None:
        """Return the one of several values that is liked best, or default where none is liked.

        Of two with the same quality it is the one that the client was more specific about, and then the first.
        """
        best = self._best_match([*matches])
        return default if best is None else best

    def _best_match(self, matches):
        best, best_rank = None, (0.0, ())
        for value in matches:
            place = self.find(value)
            if place >= 0:
                item, quality = list.__getitem__(self, place)
                rank = quality, self._specificity(item)
                if quality > 0 and rank > best_rank:
                    best, best_rank = value, rank
        return best

    # The list itself

    @property
    def best(self) -> str | None:
        """The first value; None if there is none."""
        return list.__getitem__(self, 0)[0] if self else None

    def values(self) -> Iterator[str]:
        """Yield the values without their qualities."""
        return (item for item, _ in self)

    def to_header(self) -> str:
        """Return the field."""
        return ",".join([item if quality == 1 else f"{item};q={_digits(quality)}" for item, quality in self])

    def __str__(self) -> str:
        return self.to_header()


def _digits(quality):
    return f"{quality:.12f}" if 0 < quality < 0.0001 else quality  # str() would write an exponent


class MIMEAccept(Accept):
    """Media types.  A range such as text/* covers all of that type, and a type with parameters only itself.

    >>> accept = MIMEAccept([("text/*", 0.5), ("text/html", 1)])
    >>> accept["text/html"], accept["text/css"], accept["image/png"], accept.accept_json
    (1, 0.5, 0, False)

    To look for text/* is to ask for any item of that type.  To look for what is no media type is a ValueError.
    """

    # The keys of an item: ("text", "html", parameters...) if it is a type, ("text", "*") or ("*", "*") if it is a
    # range; and so that a range of ours finds it, ("text",) if it is text of whatever kind, and () in any case.

    def _specificity(self, value):
        if "*" not in value:
            return (True,) * (1 + value.count("/") + value.count(";"))
        return tuple([part != "*" for part in _split(value)])

    def _item_keys(self, item):
        parts = _split(item.lower())
        main, subtype = parts[:2] if "/" in item else ("*", "")
        if subtype == "*":
            return (main, "*"), (main,), ()
        return () if main == "*" else ((main, subtype, *sorted(parts[2:])), (main,), ())

    def _value_keys(self, value):
        parts = _split(value.lower())
        main, subtype = parts[:2] if "/" in value else ("*", "")
        if subtype == "*":
            return ((),) if main == "*" else ((main,), ("*", "*"))
        if main == "*":
            raise ValueError(f"{value!r:.200} is no media type: it looks like 'text/html', 'text/*' or '*/*'")
        return (main, subtype, *sorted(parts[2:])), (main, "*"), ("*", "*")

    @property
    def accept_html(self) -> bool:
        """Whether HTML is liked, XHTML included."""
        return self.quality("text/html") > 0 or self.accept_xhtml

    @property
    def accept_xhtml(self) -> bool:
        """Whether XHTML is liked, or XML."""
        return self.quality("application/xhtml+xml") > 0 or self.quality("application/xml") > 0

    @property
    def accept_json(self) -> bool:
        """Whether JSON is liked."""
        return self.quality("application/json") > 0


def _split(value):
    """Return type, subtype and parameters, which may have blanks around them."""
    if ";" in value:
        value = "/".join([part.strip(" \t") for part in value.split(";")])
    return value.split("/")


class LanguageAccept(Accept):
    """Languages; en-US and en_us are the same.

    Where best_match() finds none of ours among what the client asked for, the client's en-US
    counts as en; where that gives none either, our en-US does.

    >>> accept = LanguageAccept([("de-AT", 1), ("en", 0.5)])
    >>> accept.best_match(["en-GB", "de"]), accept.best_match(["fr", "en-GB"])
    ('de', 'en-GB')
    """

    def _normalize(self, value):
        return value.lower().replace("_", "-")

    def _best_match(self, matches):
        best = super()._best_match(matches)
        if best is None:
            best = Accept([(_primary(item), quality) for item, quality in self])._best_match(matches)
        if best is None:
            primary = super()._best_match([_primary(value) for value in matches])
            best = next((value for value in matches if _primary(value) == primary), None)
        return best


def _primary(tag):
    return tag.replace("_", "-").partition("-")[0]


class CharsetAccept(Accept):
    """Charsets, which have several names each.

    >>> "UTF8" in CharsetAccept([("utf-8", 1)])
    True
    """

    def _normalize(self, value):
        # codecs.lookup() would look for a module of each unknown name that a client sends, and keep the name.
        value = value.lower()
        name = normalize_encoding(value) if value.isascii() else ""  # which would leave out what is not ASCII
        name = aliases.get(name, name)
        return name if name in _codecs else value
