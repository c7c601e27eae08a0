"""The grammar of header fields: text to plain values, and back.

In a request's way: Request calls the parse_* half while a view reads it,
Response the dump_* half while it is sent.  No environ and no Request here,
so every function can be tried at the prompt: strings, numbers, tuples, lists
and dicts come out; datastructures makes richer things of them.

What comes from a client is never trusted to be well formed: a parse_* function
leaves out what it cannot read, in time that grows with the length of the field
and no faster.  What a program hands to a dump_* function and cannot be sent is
an error at once.  RFC 9110 unless said otherwise.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from time import gmtime

from .exceptions import (
    _ABOUT_THE_BODY,
    _TOKEN,
    HTTP_STATUS_CODES,
    RequestedRangeNotSatisfiable,
    _imf_fixdate,
    _is_token,
    check_header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime, timedelta
    from time import struct_time
    from typing import Any

__all__ = [
    "COEP",
    "COOP",
    "HTTP_STATUS_CODES",
    "check_header",
    "dump_age",
    "dump_csp_header",
    "dump_header",
    "dump_options_header",
    "dump_retry_after",
    "generate_etag",
    "get_content_type",
    "http_date",
    "is_byte_range_valid",
    "is_entity_header",
    "is_hop_by_hop_header",
    "is_json_mimetype",
    "parse_accept_header",
    "parse_age",
    "parse_byte_range",
    "parse_cache_control_header",
    "parse_content_range_header",
    "parse_csp_header",
    "parse_date",
    "parse_dict_header",
    "parse_etags",
    "parse_if_range_header",
    "parse_list_header",
    "parse_options_header",
    "parse_range_header",
    "parse_retry_after",
    "parse_set_header",
    "parse_status",
    "quote_etag",
    "quote_header_value",
    "remove_entity_headers",
    "remove_hop_by_hop_headers",
    "unquote_etag",
    "unquote_header_value",
]

# Patterns are tried by match() at a place or by fullmatch(), with [0-9] and ASCII: "$", "\d"
# and Unicode case would let "\n", "٣" and "byteſ" through.  In none of them can two ways of
# repeating match the same text, so that what does not match is refused in one pass.  Those
# that few requests need are text until then: compiling all would be a third of our start.
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_BLANK = " \t"


# Quoting: a word of certain characters (a token) stands as it is, other text between quotes.


def quote_header_value(value: Any, allow_token: bool = True) -> str:
    r"""Put a value between quotes unless it can stand without them.

    >>> print(quote_header_value("utf-8"), quote_header_value('a "b" c'), quote_header_value(""))
    utf-8 "a \"b\" c" ""

    value          text, or what str() turns into text
    allow_token    False quotes even what could stand as it is

    RFC 9110, sections 5.6.2 and 5.6.4.
    """
    text = str(value)
    if allow_token and _is_token(text):
        return text
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def unquote_header_value(value: str) -> str:
    r"""Take the quotes off a value, and the backslashes that they called for.

    >>> unquote_header_value(r'"a \"b\" c"'), unquote_header_value("utf-8")
    ('a "b" c', 'utf-8')
    """
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value) if "\\" in value else value


# Lists: a, "b, c", d=e

_LIST_ITEM = rf'(?:[^",]+|{_QUOTED})*'


def parse_list_header(value: str) -> list[str]:
    """Split a list at its commas, but not at those between quotes.

    >>> parse_list_header('gzip, "a, b", c="d, e"')
    ['gzip', 'a, b', 'c="d, e"']

    returns  the items without blanks around them; quotes are taken off an item that is
             quoted as a whole.  Nothing at all if a quote is never closed.

    RFC 9110, section 5.6.1.
    """
    if '"' not in value:
        return [item for item in [item.strip(_BLANK) for item in value.split(",")] if item]
    items = []
    place = 0
    match = re.compile(_LIST_ITEM, re.DOTALL).match
    while place <= len(value):
        item: Any = match(value, place)  # of no length, perhaps
        place = item.end()
        if value[place : place + 1] == '"':
            return []
        place += 1  # the comma
        items.append(item.group().strip(_BLANK))
    return [unquote_header_value(item) for item in items if item]


def parse_set_header(value: str | None) -> list[str]:
    """Split a list that names things, such as Vary or Allow; None is an empty one.

    >>> parse_set_header("Cookie, Accept-Language")
    ['Cookie', 'Accept-Language']
    """
    return parse_list_header(value) if value else []


def parse_dict_header(value: str) -> dict[str, str | None]:
    """Parse a list of which some items are key=value.

    >>> parse_dict_header('max-age=60, private="set-cookie, x", no-transform')
    {'max-age': '60', 'private': 'set-cookie, x', 'no-transform': None}
    >>> parse_dict_header("name*=UTF-8''caf%C3%A9")
    {'name': 'café'}

    returns  keys as sent; the value is None for an item without "="
    """
    result: dict[str, str | None] = {}
    for item in parse_list_header(value):
        key, equals, text = item.partition("=")
        key = key.strip(_BLANK)
        if not key:
            continue
        if not equals:
            result[key] = None
            continue
        text = text.strip(_BLANK)
        if key[-1] == "*":
            key = key[:-1]
            text = _decode_extended(text)[0]
        result[key] = unquote_header_value(text)
    return result


def parse_cache_control_header(value: str | None) -> dict[str, str | None]:
    """Parse Cache-Control; its directives are the same in any case, so they come in lower case.

    >>> parse_cache_control_header("No-Cache, max-age=60")
    {'no-cache': None, 'max-age': '60'}

    RFC 9111, section 5.2.
    """
    return {key.lower(): text for key, text in parse_dict_header(value or "").items()}


def dump_header(iterable: Mapping[str, Any] | Iterable[Any]) -> str:
    """Join values by commas; those of a mapping as key=value.

    >>> dump_header(["gzip", "a, b"])
    'gzip, "a, b"'
    >>> dump_header({"max-age": 60, "no-transform": None})
    'max-age=60, no-transform'

    iterable    values are quoted where they must be; None leaves a key alone; a key that
                ends with "*" has a value that is encoded already
    """
    if not hasattr(iterable, "items"):
        return ", ".join([quote_header_value(value) for value in iterable])
    return ", ".join([key if value is None else _dump_pair(key, value) for key, value in iterable.items()])


def _dump_pair(key, value):
    return f"{key}={value if key[-1:] == '*' else quote_header_value(value)}"


# Options: text/html; charset=utf-8

_UNQUOTED = r"[!#$%&*+\-.^_`|~0-9A-Za-z]*"  # no more apostrophe, and maybe nothing
_option = re.compile(rf";[ \t]*({_TOKEN})=(?:({_TOKEN})|({_QUOTED})|\")", re.DOTALL).finditer
_EXTENDED = rf"({_UNQUOTED})'{_UNQUOTED}'({_TOKEN})"
_ENCODINGS = frozenset(("ascii", "us-ascii", "utf-8", "iso-8859-1"))


def parse_options_header(value: str | None) -> tuple[str, dict[str, str]]:
    r"""Parse a value and the options that follow it, as in Content-Type or Content-Disposition.

    >>> parse_options_header("text/html; charset=utf-8")
    ('text/html', {'charset': 'utf-8'})
    >>> parse_options_header(r'form-data; name="a \"b\""; filename*=UTF-8' "''caf%C3%A9.txt")
    ('form-data', {'name': 'a "b"', 'filename': 'café.txt'})

    value    None counts as ""
    returns  the value as sent; the options, their names in lower case.  An option that is
             malformed is left out.  %22 becomes a quote, as browsers send it in forms.

    RFC 9110, section 5.6.6; RFC 2231, sections 3 and 4, for name*0*=charset'language'value.
    """
    if value is None:
        return "", {}
    if ";" not in value:
        return value.strip(_BLANK), {}
    main = value.partition(";")[0].strip(_BLANK)
    return main, _options(value) if main else {}


def _options(value):
    options = {}
    parts: dict[str, list[str]] = {}  # name*0, name*1: the texts in the order sent
    encodings: dict[str, str] = {}  # of a value in parts, which its first part names
    for found in _option(value):
        name, text, quoted = found.groups()
        if not (text or quoted):  # a quote that is never closed: who knows where the next option starts
            break
        name = name.lower()
        number = extended = None
        if "*" in name:
            starred: Any = re.fullmatch(r"(.*?)(\*[0-9]+)?(\*)?", name)
            name, number, extended = starred.groups()
        if extended:
            text, encodings[name] = _decode_extended(text or quoted, encodings.get(name, "") if number else "")
        else:
            text = (text or unquote_header_value(quoted)).replace("%22", '"')
        if number:
            parts.setdefault(name, []).append(text)
        else:
            options[name] = text
            parts.pop(name, None)
            encodings.pop(name, None)
    for name, texts in parts.items():
        options[name] = "".join(texts)
    return options


def _decode_extended(text, encoding=""):
    """Decode charset'language'value, or the rest of one whose charset is known; give the charset too."""
    marked = re.fullmatch(_EXTENDED, text)
    if marked:
        named, text = marked.groups()
        encoding = named.lower() or encoding
    # Only what clients send today: a list of all codecs would be a list of ways to fool us.
    if encoding in _ENCODINGS:
        from urllib.parse import unquote  # for weight

        text = unquote(text, encoding)
    return text, encoding


def dump_options_header(header: str | None, options: Mapping[str, Any]) -> str:
    """Put options behind a value.

    >>> dump_options_header("text/html", {"charset": "utf-8", "title": "a; b", "lang": None})
    'text/html; charset=utf-8; title="a; b"'

    header     None leaves only the options
    options    values are quoted where they must be; None leaves an option out; a name that
               ends with "*" has a value that is encoded already
    """
    found = [] if header is None else [header]
    found += [_dump_pair(key, value) for key, value in options.items() if value is not None]
    return "; ".join(found)


_textual_suffixes = "ecmascript javascript sql xml xml-dtd xml-external-parsed-entity"
_textual = frozenset(f"application/{suffix}" for suffix in _textual_suffixes.split())


@lru_cache(maxsize=64)
def get_content_type(mimetype: str | None, charset: str = "utf-8") -> str | None:
    """Return the Content-Type field of a media type: text gets the charset.

    >>> get_content_type("text/html"), get_content_type("image/png")
    ('text/html; charset=utf-8', 'image/png')
    """
    if mimetype is None:
        return None
    is_text = mimetype.startswith("text/") or mimetype.endswith("+xml") or mimetype in _textual
    return check_header(
        "Content-Type", f"{mimetype}; charset={charset}" if is_text and "charset" not in mimetype else mimetype
    )[1]


def is_json_mimetype(mimetype: str) -> bool:
    """Tell whether a media type, in lower case and without options, is JSON (RFC 6839, section 3.1)."""
    return mimetype == "application/json" or (mimetype.startswith("application/") and mimetype.endswith("+json"))


# Policies: default-src 'self'; img-src *


def parse_csp_header(value: str | None) -> dict[str, str]:
    """Parse Content-Security-Policy into what each directive allows.

    >>> parse_csp_header("default-src 'self'; img-src *")
    {'default-src': "'self'", 'img-src': '*'}
    """
    policy = {}
    for directive in (value or "").split(";"):
        name, blank, sources = directive.strip(_BLANK).partition(" ")
        if blank:
            policy[name.strip(_BLANK)] = sources.strip(_BLANK)
    return policy


def dump_csp_header(header: Mapping[str, str]) -> str:
    """Join directives: the reverse of parse_csp_header()."""
    return "; ".join([f"{name} {sources}" for name, sources in header.items()])


class COOP(Enum):
    """What Cross-Origin-Opener-Policy may be (HTML, "Cross-origin opener policies")."""

    UNSAFE_NONE = "unsafe-none"
    SAME_ORIGIN_ALLOW_POPUPS = "same-origin-allow-popups"
    SAME_ORIGIN = "same-origin"


class COEP(Enum):
    """What Cross-Origin-Embedder-Policy may be (HTML, "Cross-origin embedder policies")."""

    UNSAFE_NONE = "unsafe-none"
    REQUIRE_CORP = "require-corp"


# Preferences: text/html, */*;q=0.5


def parse_accept_header(value: str | None) -> list[tuple[str, float]]:
    """Parse what a client prefers, the best first.

    >>> parse_accept_header("text/html, */*;q=0.1, text/plain;q=0.5, text/x;level=1")
    [('text/html', 1), ('text/x; level=1', 1), ('text/plain', 0.5), ('*/*', 0.1)]

    returns  (value with its options, quality from 0 to 1), by quality, "*" after all others;
             as sent where these are equal.  A value whose quality is no number from 0 to 1
             is left out.

    RFC 9110, sections 12.4.2 and 12.5.
    """
    found = []
    for item in parse_list_header(value) if value else ():
        main, _, text = item.partition(";q=")
        quality = _QUALITIES.get(text)
        if quality is None or not main or ";" in main or '"' in main:
            main, quality = _weigh(item)
        if quality is not None:
            found.append((main.rstrip(_BLANK), quality))
    found.sort(key=_preference, reverse=True)
    return found


# The qualities that nearly all clients send.
_QUALITIES = {"": 1, "1.0": 1.0, "1": 1.0, "0": 0.0, **{f"0.{digit}": digit / 10 for digit in range(10)}}


def _weigh(item: str) -> tuple[str, float | None]:
    """Split an item into value and quality: 1 where there is none, None where it is no number from 0 to 1."""
    main, options = parse_options_header(item)
    text = options.pop("q", None)
    quality = 1 if text is None else float(text) if re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", text) else 2
    return dump_options_header(main, options) if options else main, quality if quality <= 1 else None


def _preference(accepted):
    return accepted[0] != "*", accepted[1]


# Dates: Sun, 06 Nov 1994 08:49:37 GMT

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DATES = (
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_CLOCK} GMT",
    rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_CLOCK} GMT",
    rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[ 0-9][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})",
)


def parse_date(value: str | None) -> datetime | None:
    """Read a date in any of the three formats that HTTP has had.

    >>> parse_date("Sun, 06 Nov 1994 08:49:37 GMT")
    datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
    >>> parse_date("Sunday, 06-Nov-94 08:49:37 GMT") == parse_date("Sun Nov  6 08:49:37 1994")
    True

    returns  a datetime in UTC; None if it is no such date.  The name of the weekday is
             not compared with the date.

    RFC 9110, section 5.6.7.
    """
    for pattern in _DATES:
        found = re.fullmatch(pattern, (value or "").strip(_BLANK))
        if found:
            break
    else:
        return None
    from datetime import datetime, timezone  # one to four milliseconds, and few requests have a date

    day, hour, minute, second = map(int, found.group("day", "hour", "minute", "second"))
    year = int(found["year"])
    if len(found["year"]) == 2:  # at most 50 years from now, or else long ago
        now = gmtime()[0]
        year += now - now % 100
        if year > now + 50:
            year -= 100
    try:
        return datetime(year, _MONTHS.index(found["month"]) + 1, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None


def http_date(timestamp: datetime | date | struct_time | float | None = None) -> str:
    """Write a date as HTTP has it.

    >>> http_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'

    timestamp    seconds since 1970; or a datetime, a date or a struct_time, in UTC unless
                 it names a zone; None for now
    """
    moment: Any = timestamp
    if timestamp is None or isinstance(timestamp, (int, float)):
        moment = gmtime(timestamp)
    elif hasattr(moment, "utctimetuple"):
        moment = moment.utctimetuple()
    elif hasattr(moment, "timetuple"):
        moment = moment.timetuple()
    elif not hasattr(moment, "tm_year"):
        raise TypeError(f"http_date() takes a datetime, a date, a struct_time or seconds, not {timestamp!r:.200}")
    if not 0 < moment[0] < 10000:
        raise ValueError(f"{timestamp!r:.200} is in the year {moment[0]}: a date in HTTP has four digits for it")
    text: str = _imf_fixdate(moment)
    return text


def parse_age(value: str | None = None) -> timedelta | None:
    """Read Age, a number of seconds; None if it is none.

    >>> parse_age("60")
    datetime.timedelta(seconds=60)

    RFC 9111, section 5.1.
    """
    text = (value or "").strip(_BLANK)
    if not re.fullmatch(r"[0-9]{1,18}", text):
        return None
    from datetime import timedelta

    try:
        return timedelta(seconds=int(text))
    except OverflowError:
        return None


def dump_age(age: timedelta | float | None = None) -> str | None:
    """Write Age: whole seconds, not less than none; None stays None.

    >>> dump_age(60)
    '60'
    """
    if age is None:
        return None
    seconds = int(age.total_seconds() if hasattr(age, "total_seconds") else age)
    if seconds < 0:
        raise ValueError(f"age {age!r} is negative: nothing is younger than 0 seconds")
    return str(seconds)


def parse_retry_after(value: str | None) -> datetime | None:
    """Read Retry-After, a date or seconds from now, as the date; None if it is neither (RFC 9110, section 10.2.3)."""
    age = parse_age(value)
    if age is None:
        return parse_date(value)
    from datetime import datetime, timezone

    try:
        return datetime.now(timezone.utc) + age
    except OverflowError:  # in the year 10,000, or later
        return None


def dump_retry_after(value: date | timedelta | float | str) -> str | None:
    """Write Retry-After: a date, or seconds from now.

    >>> dump_retry_after(120)
    '120'
    """
    if isinstance(value, str):
        return value
    return http_date(value) if hasattr(value, "timetuple") else dump_age(value)  # type: ignore[arg-type]


# Entity tags: W/"a", "b"

_ETAG = r'[ \t]*([Ww]/)?(?:"([^"]*)"|([^ \t",]+))[ \t]*(?:,|\Z)'


def quote_etag(etag: str, weak: bool = False) -> str:
    """Write an entity tag.

    >>> quote_etag("5f2a"), quote_etag("5f2a", weak=True)
    ('"5f2a"', 'W/"5f2a"')
    """
    if '"' in etag:
        raise ValueError(f"entity tag {etag!r:.200} has a quote in it, which no tag may have: leave it out")
    return f'W/"{etag}"' if weak else f'"{etag}"'


def unquote_etag(etag: str | None) -> tuple[str, bool] | tuple[None, None]:
    """Read an entity tag into its text and whether it is weak.

    >>> unquote_etag('W/"5f2a"')
    ('5f2a', True)
    """
    if not etag:
        return None, None
    weak = etag.startswith(("W/", "w/"))
    if weak:
        etag = etag[2:]
    if etag[:1] == etag[-1:] == '"':
        etag = etag[1:-1]
    return etag, weak


def parse_etags(value: str | None) -> tuple[list[str], list[str], bool]:
    """Read the entity tags of If-Match or If-None-Match.

    >>> parse_etags('"a", W/"b"')
    (['a'], ['b'], False)
    >>> parse_etags("*")
    ([], [], True)

    returns  (strong tags, weak tags, whether the field is "*", which any tag matches)

    RFC 9110, sections 8.8.3 and 13.1.
    """
    strong: list[str] = []
    weak: list[str] = []
    value = (value or "").strip(_BLANK)
    if value == "*":
        return strong, weak, True
    place = 0
    match = re.compile(_ETAG).match
    while place < len(value):
        found = match(value, place)
        if found is None:  # none of this one: on behind the next comma
            place = value.find(",", place) + 1
            if not place:
                break
            continue
        is_weak, quoted, bare = found.groups()
        (weak if is_weak else strong).append(bare if quoted is None else quoted)
        place = found.end()
    return strong, weak, False


def generate_etag(data: bytes) -> str:
    """Make an entity tag for a body: the same for the same bytes."""
    from hashlib import sha1  # loads OpenSSL

    return sha1(data, usedforsecurity=False).hexdigest()


def parse_if_range_header(value: str | None) -> tuple[str | None, datetime | None]:
    """Read If-Range: an entity tag or a date.

    >>> parse_if_range_header('"5f2a"')
    ('5f2a', None)

    returns  (tag, None), (None, date), or (None, None) for no field

    RFC 9110, section 13.1.5.
    """
    date = parse_date(value)
    return (None, date) if date is not None else (unquote_etag(value)[0], None)


# Ranges: bytes=0-499

# 18 digits: more than any disk has, and few enough for int() to take no time.
_BYTE_RANGE = r"bytes=([0-9]{0,18})-([0-9]{0,18})"
_RANGE = r"[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*"
_CONTENT_RANGE = rf"({_TOKEN}) (?:\*|([0-9]{{1,18}})-([0-9]{{1,18}}))/(?:\*|([0-9]{{1,18}}))"


def parse_byte_range(value: str, size: int) -> tuple[int, int] | None:
    """Turn a Range field into the slice of a body that it asks for.

    >>> parse_byte_range("bytes=0-499", size=10000)
    (0, 500)
    >>> parse_byte_range("bytes=-500", size=10000)      # the last 500 bytes
    (9500, 10000)

    value    the field as the client sent it
    size     bytes in the whole body
    returns  (start, stop), bytes, stop exclusive as in a slice; None if the field
             is malformed or names several ranges: the answer is the whole body
    raises   RequestedRangeNotSatisfiable (416) if the range starts past the end

    RFC 9110, sections 14.1.2 and 14.2.
    """
    match = re.fullmatch(_BYTE_RANGE, value, re.IGNORECASE | re.ASCII)
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        return None
    if not first:
        start, stop = max(size - int(last), 0), size
    elif last and int(last) < int(first):
        return None
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= size:
        raise RequestedRangeNotSatisfiable(size)
    return start, stop


def parse_range_header(value: str | None) -> tuple[str, list[tuple[int, int | None]]] | None:
    """Read a Range field, of several ranges too, without knowing the size of the whole.

    >>> parse_range_header("bytes=0-499, 600-, -5")
    >>> parse_range_header("bytes=0-499, 600-699, -5")
    ('bytes', [(0, 500), (600, 700), (-5, None)])

    returns  (units, ranges); a range is (start, stop), stop exclusive, (start, None) for
             all from start on, or (-count, None) for the last ones.  None if the field is
             malformed, its ranges overlap, or one follows another that has no end.

    RFC 9110, section 14.1.1.
    """
    units, equals, specs = (value or "").partition("=")
    units = units.strip(_BLANK).lower()
    if not equals or not _is_token(units):
        return None
    ranges: list[tuple[int, int | None]] = []
    end: int | None = 0  # where the one before ends; None: at the end of all
    for spec in specs.split(","):
        found = re.fullmatch(_RANGE, spec)
        first, last = found.groups() if found else ("", "")
        if end is None or not (first or last):
            return None
        if not first:
            start, end = -int(last), None
            if not start:
                return None
        else:
            start = int(first)
            if start < end or (last and int(last) < start):
                return None
            end = int(last) + 1 if last else None
        ranges.append((start, end))
    return units, ranges


def parse_content_range_header(
    value: str | None,
) -> tuple[str, int | None, int | None, int | None] | None:
    """Read a Content-Range field.

    >>> parse_content_range_header("bytes 0-499/1234")
    ('bytes', 0, 500, 1234)
    >>> parse_content_range_header("bytes */1234")
    ('bytes', None, None, 1234)

    returns  (units, start, stop, length), stop exclusive, None for what is "*"; None if
             the field is malformed

    RFC 9110, section 14.4.
    """
    found = re.fullmatch(_CONTENT_RANGE, (value or "").strip(_BLANK))
    if not found:
        return None
    units, first, last, size = found.groups()
    length = int(size) if size else None
    if first is None:
        return units, None, None, length
    start, stop = int(first), int(last) + 1
    return (units, start, stop, length) if is_byte_range_valid(start, stop, length) else None


def is_byte_range_valid(start: int | None, stop: int | None, length: int | None) -> bool:
    """Tell whether a slice begins inside a body and before it ends.

    >>> is_byte_range_valid(0, 500, length=1000), is_byte_range_valid(1000, 1500, length=1000)
    (True, False)

    start, stop    both None for no slice at all
    length         of the body; None if it is not known
    """
    if start is None or stop is None:
        return start is stop and (length is None or length >= 0)
    return 0 <= start < stop and (length is None or start < length)


# Fields by what they are about

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_ENTITY = _ABOUT_THE_BODY | {"content-location", "expires"}


def is_entity_header(header: str) -> bool:
    """Tell whether a field, by its name, is about the body."""
    return header.lower() in _ENTITY


def is_hop_by_hop_header(header: str) -> bool:
    """Tell whether a field, by its name, is about this connection only (RFC 9110, section 7.6.1)."""
    return header.lower() in _HOP_BY_HOP


def remove_entity_headers(headers: Any, allowed: Iterable[str] = ("expires", "content-location")) -> None:
    """Take what is about the body out of a list of (name, value), or of Headers."""
    kept = {name.lower() for name in allowed}
    headers[:] = [field for field in headers if field[0].lower() in kept or not is_entity_header(field[0])]


def remove_hop_by_hop_headers(headers: Any) -> None:
    """Take what is about the connection out of a list of (name, value), or of Headers."""
    headers[:] = [field for field in headers if not is_hop_by_hop_header(field[0])]


# The status line: 404 NOT FOUND

_statuses = {code: (f"{code} {phrase.upper()}", code) for code, phrase in HTTP_STATUS_CODES.items()}
_PHRASE = r"[\t\x20-\x7e\x80-\xff]*"  # RFC 9112, section 4


def parse_status(value: int | str) -> tuple[str, int]:
    """Return the status line, and its number, of a number or of a status line.

    >>> parse_status(404), parse_status("299 Odd")
    (('404 NOT FOUND', 404), ('299 Odd', 299))
    """
    if isinstance(value, int):  # http.HTTPStatus too
        code, phrase = int(value), ""
    elif isinstance(value, str):
        number, _, phrase = value.strip().partition(" ")
        code = int(number) if number.isascii() and number.isdigit() and len(number) == 3 else 0
    else:
        raise TypeError(f"status {value!r} is a {type(value).__name__}: use a number, or a line like '404 Not Found'")
    if not 100 <= code <= 999:
        raise ValueError(f"status {value!r} does not start with a number from 100 to 999, as in '404 Not Found'")
    if not phrase:
        return _statuses.get(code) or (f"{code} UNKNOWN", code)
    if not re.fullmatch(_PHRASE, phrase):
        raise ValueError(f"status {value!r} must be one line of Latin-1: no control characters, none over U+00FF")
    return f"{code} {phrase}", code
