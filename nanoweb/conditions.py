"""Requests with conditions: only if it changed, only if it did not, only this part of it.

In a request's way: Response.make_conditional asks the two functions at the top
what a request's conditions and its Range call for, and sends 200, 206, 304, 412
or 416 accordingly; the classes are what Request and Response give these fields
as.  RFC 9110, sections 13 and 14.
"""

from __future__ import annotations

from . import headers as grammar
from .dicts import Telling
from .exceptions import _is_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    Tags = Iterable[str] | None

__all__ = [
    "ContentRange",
    "ETags",
    "IfRange",
    "Range",
    "evaluate_preconditions",
    "is_resource_modified",
    "select_range",
]

_READING = ("GET", "HEAD")


# What a request calls for


def evaluate_preconditions(
    environ: Mapping[str, Any], etag: str | None = None, last_modified: datetime | str | None = None
) -> int | None:
    """Tell which status a request's conditions call for.

    >>> evaluate_preconditions({"HTTP_IF_NONE_MATCH": '"5f2a", W/"77c1"'}, etag='"5f2a"')
    304
    >>> evaluate_preconditions({"HTTP_IF_MATCH": '"77c1"'}, etag='"5f2a"')
    412
    >>> evaluate_preconditions({}, etag='"5f2a"') is None
    True

    environ        of a request whose answer would be a 2xx without its conditions: they
                   are ignored for any other answer
    etag           the ETag field of that answer, None where it has none
    last_modified  its Last-Modified field, or the date; a datetime without zone is in UTC
    returns        304 or 412 in place of that answer; None if it is to be sent

    RFC 9110, sections 13.1 and 13.2.2.
    """
    tag, is_weak = grammar.unquote_etag(etag)
    is_reading = environ.get("REQUEST_METHOD", "GET") in _READING
    if_match = _read_etags(environ.get("HTTP_IF_MATCH"))
    if if_match is not None:
        if not if_match.star_tag and (is_weak or not if_match.is_strong(tag)):
            return 412
    elif _is_newer(last_modified, environ.get("HTTP_IF_UNMODIFIED_SINCE")) is True:
        return 412
    if_none_match = _read_etags(environ.get("HTTP_IF_NONE_MATCH"))
    if if_none_match is not None:
        if if_none_match.contains_weak(tag):
            return 304 if is_reading else 412
    elif is_reading and _is_newer(last_modified, environ.get("HTTP_IF_MODIFIED_SINCE")) is False:
        return 304
    return None


def select_range(
    environ: Mapping[str, Any],
    length: int | None,
    etag: str | None = None,
    last_modified: datetime | str | None = None,
) -> tuple[int, int] | None:
    """Tell which part of a body a request asks for.

    >>> select_range({"HTTP_RANGE": "bytes=0-499"}, 10000)
    (0, 500)
    >>> select_range({"HTTP_RANGE": "bytes=0-499", "HTTP_IF_RANGE": '"77c1"'}, 10000, etag='"5f2a"') is None
    True

    environ        of a request whose answer would be a 200 without its Range, after its
                   preconditions were evaluated
    length         bytes in the whole body; None or 0: there are no parts
    etag           as for evaluate_preconditions(), and so is last_modified
    returns        (start, stop) for a 206, stop exclusive as in a slice; None for the whole,
                   also where the field is malformed or asks for several parts
    raises         RequestedRangeNotSatisfiable (416) if the part starts past the end

    RFC 9110, sections 13.1.5 and 14.2.
    """
    field = environ.get("HTTP_RANGE")
    if not field or not length or environ.get("REQUEST_METHOD", "GET") not in _READING:
        return None
    if "HTTP_IF_RANGE" in environ and not _is_same(environ["HTTP_IF_RANGE"], etag, last_modified):
        return None
    return grammar.parse_byte_range(field, length)


def is_resource_modified(
    environ: Mapping[str, Any],
    etag: str | None = None,
    data: bytes | None = None,
    last_modified: datetime | str | None = None,
    ignore_if_range: bool = True,
) -> bool:
    """Tell whether a request is to be carried out, by its conditions: False calls for a 304 or a 412.

    >>> is_resource_modified({"HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT"},
    ...                      last_modified="Sat, 05 Nov 1994 08:00:00 GMT")
    False

    etag               as for evaluate_preconditions(), and so is last_modified
    data               the body, to make the entity tag of; TypeError if both are given
    ignore_if_range    False: for a request with Range and If-Range, tell instead whether the
                       part that the client has is of another version
    """
    if data is not None:
        if etag is not None:
            raise TypeError("etag and data are both given: give one, for the other is made of it")
        etag = grammar.quote_etag(grammar.generate_etag(data))
    if not ignore_if_range and "HTTP_RANGE" in environ and "HTTP_IF_RANGE" in environ:
        return not _is_same(environ["HTTP_IF_RANGE"], etag, last_modified)
    return evaluate_preconditions(environ, etag, last_modified) is None


def _read_etags(field):
    """Return the tags of a field, which are none where it cannot be read; None where there is no field."""
    return ETags(*grammar.parse_etags(field)) if field else None


def _is_newer(last_modified, field):
    """Whether something changed after the date in a field; None where one of the two is not known."""
    since = grammar.parse_date(field)
    if since is None:
        return None
    moment = _read_moment(last_modified, since.tzinfo)
    return None if moment is None else moment > since


def _is_same(if_range, etag, last_modified):
    """Whether something is, byte for byte, what the validator in an If-Range field was sent with."""
    date = grammar.parse_date(if_range)
    if date:  # the very date: an older one may have come back from a backup (13.1.5)
        return _read_moment(last_modified, date.tzinfo) == date
    tag, is_weak = grammar.unquote_etag(if_range)
    return is_weak is False and (tag, is_weak) == grammar.unquote_etag(etag)


def _read_moment(moment, utc):
    """Return a Last-Modified field, or a datetime, as a datetime in whole seconds; None if it is none."""
    if moment is None or isinstance(moment, str):
        return grammar.parse_date(moment)
    return moment.replace(microsecond=0, tzinfo=moment.tzinfo or utc)


# The fields


class _Field:
    """What a field says.  Its text is the field, and two are equal whose text is the same."""

    to_header: Callable[[], str]

    def __str__(self) -> str:
        return self.to_header()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self)!r}>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return str(self) == str(other)

    __hash__: Any = None  # one of them can be changed


class ETags(_Field):
    """The entity tags of If-Match or If-None-Match.

    >>> etags = ETags(["5f2a"], weak_etags=["77c1"])
    >>> "5f2a" in etags, "77c1" in etags, etags.contains_weak("77c1")
    (True, False, True)

    strong_etags, weak_etags    without their quotes
    star_tag                    the field is "*": it stands for any strong tag, and takes their place

    As a collection it is one of the strong tags.  RFC 9110, section 8.8.3.
    """

    def __init__(self, strong_etags: Tags = None, weak_etags: Tags = None, star_tag: bool = False) -> None:
        self._strong = frozenset(() if star_tag else strong_etags or ())
        self._weak = frozenset(weak_etags or ())
        self.star_tag = star_tag

    def as_set(self, include_weak: bool = False) -> set[str]:
        """Return the strong tags, or all, as a set."""
        return {*self._strong, *(self._weak if include_weak else ())}

    def is_weak(self, etag: str | None) -> bool:
        """Tell whether a tag is among the weak ones."""
        return etag in self._weak

    def is_strong(self, etag: str | None) -> bool:
        """Tell whether a tag is among the strong ones; "*" counts for nothing here."""
        return etag in self._strong

    def contains(self, etag: str | None) -> bool:
        """Tell whether a tag is among the strong ones, or any is good."""
        return self.star_tag or etag in self._strong

    def contains_weak(self, etag: str | None) -> bool:
        """Tell whether a tag is among all, or any is good."""
        return etag in self._weak or self.contains(etag)

    def contains_raw(self, etag: str) -> bool:
        """Tell the same of a tag as it is sent: with quotes, and looked for among all if it is weak."""
        tag, is_weak = grammar.unquote_etag(etag)
        return self.contains_weak(tag) if is_weak else self.contains(tag)

    def to_header(self) -> str:
        """Return the field, its tags in the order of the alphabet."""
        if self.star_tag:
            return "*"
        weak = [f'W/"{etag}"' for etag in sorted(self._weak)]
        return ", ".join([f'"{etag}"' for etag in sorted(self._strong)] + weak)

    def __call__(self, etag: str | None = None, data: bytes | None = None, include_weak: bool = False) -> bool:
        if etag is None:
            if data is None:
                raise TypeError("neither an entity tag nor data to make one of: give one of the two")
            etag = grammar.generate_etag(data)
        return etag in self._strong or (include_weak and etag in self._weak)

    def __bool__(self) -> bool:
        return bool(self.star_tag or self._strong or self._weak)

    def __len__(self) -> int:
        return len(self._strong)

    def __iter__(self) -> Iterator[str]:
        return iter(self._strong)

    def __contains__(self, etag: str | None) -> bool:
        return self.contains(etag)


class IfRange(_Field):
    """The validator of If-Range: etag, without its quotes, or date, or neither (RFC 9110, section 13.1.5)."""

    def __init__(self, etag: str | None = None, date: datetime | None = None) -> None:
        self.etag = etag
        self.date = date

    def to_header(self) -> str:
        """Return the field; "" for neither."""
        if self.date is not None:
            return grammar.http_date(self.date)
        return "" if self.etag is None else f'"{self.etag}"'


class Range(_Field):
    """The parts that a Range field asks for.

    >>> wanted = Range("bytes", [(0, 500)])
    >>> wanted.range_for_length(300), wanted.to_content_range_header(10000)
    ((0, 300), 'bytes 0-499/10000')

    units     "bytes", or a unit that only the application knows
    ranges    each (start, stop), stop exclusive as in a slice; (start, None) for all from
              start on, (-count, None) for the last ones.  ValueError for any other

    RFC 9110, section 14.1.
    """

    def __init__(self, units: str, ranges: Sequence[tuple[int, int | None]]) -> None:
        for start, stop in ranges:
            if start is None or (stop is not None and not 0 <= start < stop):
                raise ValueError(f"({start}, {stop}) is no range: use (start, stop), (start, None), (-count, None)")
        self.units = units
        self.ranges = ranges

    def range_for_length(self, length: int | None) -> tuple[int, int] | None:
        """Return (start, stop) in a body of that length; None unless it is one range of bytes that is there."""
        if self.units != "bytes" or length is None or len(self.ranges) != 1:
            return None
        start, stop = self.ranges[0]
        if start < 0:
            start += length
        start, stop = max(start, 0), length if stop is None else min(stop, length)
        return (start, stop) if start < stop else None

    def make_content_range(self, length: int | None) -> ContentRange | None:
        """Return what the answer says of the one range; None as for range_for_length()."""
        found = self.range_for_length(length)
        return ContentRange(self.units, *found, length) if found else None

    def to_content_range_header(self, length: int | None) -> str | None:
        """Return the same as text."""
        content_range = self.make_content_range(length)
        return None if content_range is None else content_range.to_header()

    def to_header(self) -> str:
        """Return the field."""
        ends = [(start, "" if stop is None else stop - 1) for start, stop in self.ranges]
        return f"{self.units}=" + ",".join([f"{start}-{end}" if start >= 0 else f"{start}" for start, end in ends])


def _part(name: str) -> Any:
    """One of what ContentRange.set() sets."""
    return property(lambda self: self._parts[name], lambda self, value: self.set(**{**self._parts, name: value}))


class ContentRange(Telling, _Field):
    """Which part of a body this one is.

    >>> print(ContentRange("bytes", 0, 500, 10000))
    bytes 0-499/10000

    units          None: there is no such field
    start, stop    stop exclusive as in a slice; both None: the part asked for is not there
    length         of the whole body; None: it is not known
    on_update      called with this object after each change

    To assign one of the first four changes the field, and is a ValueError where the others do
    not go with it; set() changes all in one go.  RFC 9110, section 14.4.
    """

    units: str | None = _part("units")
    start: int | None = _part("start")
    stop: int | None = _part("stop")
    length: int | None = _part("length")

    def __init__(
        self,
        units: str | None,
        start: int | None,
        stop: int | None,
        length: int | None = None,
        on_update: Callable[[ContentRange], Any] | None = None,
    ) -> None:
        self.set(start, stop, length, units)
        self.on_update = on_update

    def set(
        self, start: int | None, stop: int | None, length: int | None = None, units: str | None = "bytes"
    ) -> None:
        """Change all of it."""
        if not grammar.is_byte_range_valid(start, stop, length):
            raise ValueError(f"{start} to {stop} of {length} is no part: 0 <= start < stop, start < length")
        if units is not None and not _is_token(units):
            raise ValueError(f"range unit {units!r:.200} is not a token: it is 'bytes', or a word like that")
        self._parts: dict[str, Any] = {"units": units, "start": start, "stop": stop, "length": length}
        self._changed()

    def unset(self) -> None:
        """Take the field away."""
        self.set(None, None, units=None)

    def to_header(self) -> str:
        """Return the field; "" if there is none."""
        if self.units is None:
            return ""
        part = "*" if self.start is None else f"{self.start}-{self._parts['stop'] - 1}"
        return f"{self.units} {part}/{'*' if self.length is None else self.length}"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "on_update": None}

    def __bool__(self) -> bool:
        return self.units is not None
