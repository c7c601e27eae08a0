"""The grammar of cookies: Cookie as a browser sends it, Set-Cookie as it keeps it.

In a request's way: Request parses the one when a view looks at its cookies, Response dumps the other.
RFC 6265, and draft-ietf-httpbis-rfc6265bis for what browsers have agreed on since.
"""

from __future__ import annotations

import re
from functools import lru_cache
from time import time

from .headers import _BLANK, _QUOTED, http_date
from .urls import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

__all__ = ["dump_cookie", "parse_cookie"]

_QUOTED_COOKIE = rf"=[ \t]*({_QUOTED})[ \t]*(?=;|\Z)"
_HOST_NAME = r"[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*\.?"
_IN_COOKIE_PATH = "%!$&'()*+,/:=@"
_SAMESITE = frozenset(("Strict", "Lax", "None"))
_plain_cookie = re.compile(r"[!#$%&'()*+\-./:<=>?@\[\]^_`{|}~0-9A-Za-z]*").fullmatch

# Each byte of a value that needs quotes, as http.cookies has written it for twenty years.
_COOKIE_ESCAPES = {byte: f"\\{byte:03o}" for byte in range(256) if not 0x20 <= byte < 0x7F or byte in b",;"}
_COOKIE_ESCAPES.update({ord('"'): '\\"', ord("\\"): "\\\\"})


def parse_cookie(header: str | None = None) -> list[tuple[str, str]]:
    r"""Read a Cookie field.

    >>> parse_cookie(r'theme=dark; name="caf\303\251\073 bar"; theme=light')
    [('theme', 'dark'), ('name', 'café; bar'), ('theme', 'light')]

    header   the field as WSGI has it: bytes as characters of Latin-1 (PEP 3333)
    returns  (name, value) in the order sent: where a name comes twice the first counts,
             which a browser sends for the longer path.  What has no name is left out: a
             browser sends "=a=b" for a cookie without a name, and no page should be able
             to pass one off as the cookie "a".

    RFC 6265, sections 4.2 and 5.4.
    """
    if not header:
        return []
    if not header.isascii():
        header = header.encode("latin-1", "replace").decode("utf-8", "replace")
    plain = header.replace("; ", ";")
    if '"' in plain or " " in plain or "\t" in plain:
        pairs: list[tuple[str, str]] = _parse_odd_cookie(header)
        return pairs
    return [(name, value) for name, _, value in [pair.partition("=") for pair in plain.split(";")] if name]


def _parse_odd_cookie(header):
    """Read a Cookie field with quotes or unusual blanks in it."""
    pairs = []
    place = 0
    match = re.compile(_QUOTED_COOKIE).match
    while place < len(header):
        stop = header.find(";", place)
        if stop < 0:
            stop = len(header)
        name, _, value = header[place:stop].partition("=")
        name, value = name.strip(_BLANK), value.strip(_BLANK)
        if name and _is_bare(name):
            quoted = match(header, header.index("=", place)) if value[:1] == '"' else None
            if quoted:  # there may be a ";" inside
                stop = quoted.end()
                value = _unquote_cookie(quoted.group(1))
            if quoted or _is_bare(value):
                pairs.append((name, value))
        place = stop + 1
    return pairs


def _is_bare(text):
    return not (" " in text or "\t" in text or '"' in text)


def _unquote_cookie(value):
    value = value[1:-1]
    if "\\" not in value:
        return value
    return re.sub(rb"\\([0-3][0-7]{2}|.)", _unescape_cookie, value.encode()).decode("utf-8", "replace")


def _unescape_cookie(match):
    escaped = match.group(1)
    return escaped if len(escaped) == 1 else bytes([int(escaped, 8)])


def dump_cookie(
    key: str,
    value: str = "",
    max_age: timedelta | int | None = None,
    expires: str | datetime | date | float | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    sync_expires: bool = True,
    max_size: int = 4093,
    samesite: str | None = None,
    partitioned: bool = False,
) -> str:
    r"""Write a Set-Cookie field.

    >>> dump_cookie("theme", "dark", httponly=True, samesite="Lax")
    'theme=dark; HttpOnly; Path=/; SameSite=Lax'
    >>> print(dump_cookie("name", "café; bar", path=None))
    name="caf\303\251\073 bar"

    max_age         seconds that the client keeps it, or a timedelta; None: until it closes
    expires         the date when it ends, or seconds since 1970, or such a date as text
    path, domain    where the client sends it; no domain: to this host alone
    secure          only over HTTPS
    httponly        JavaScript cannot read it
    sync_expires    write Expires too where only max_age is given
    max_size        warn over this many bytes, as browsers drop such a cookie; 0 never warns
    samesite        "Strict", "Lax" or "None": whether requests from other sites carry it
    partitioned     one for each site that embeds this one; makes it secure
    raises          ValueError for a name, domain or date that cannot be written, for
                    samesite that is none of the three, and for a name with the prefix
                    __Host- or __Secure- without what browsers require for it

    RFC 6265, section 4.1; draft-ietf-httpbis-rfc6265bis for samesite and the prefixes.
    """
    secure = secure or partitioned
    field = _cookie_pair(key, value)
    if key[:2] == "__":
        _check_cookie_prefix(key, secure, path, domain)
    before, after = _cookie_attributes(domain, secure, httponly, path, samesite, partitioned)
    field += before
    if max_age is not None:
        max_age = int(max_age.total_seconds() if hasattr(max_age, "total_seconds") else max_age)
        if expires is None and sync_expires:
            expires = time() + max_age
    if expires is not None:
        field += f"; Expires={_cookie_text('expires', expires) if isinstance(expires, str) else http_date(expires)}"
    if max_age is not None:
        field += f"; Max-Age={max_age}"
    field += after
    if max_size and len(field) > max_size:
        _warn_of_size(key, len(field), max_size)
    return field


@lru_cache(maxsize=64)  # an application has few kinds of cookies, and sends them again and again
def _cookie_attributes(domain, secure, httponly, path, samesite, partitioned):
    """What stands before, and what behind, how long the client keeps a cookie."""
    before = f"; Domain={_cookie_domain(domain)}" if domain else ""
    after = ("; Secure" if secure else "") + ("; HttpOnly" if httponly else "")
    if path is not None:
        after += "; Path=/" if path == "/" else f"; Path={quote(path, safe=_IN_COOKIE_PATH)}"
    if samesite is not None:
        if samesite.title() not in _SAMESITE:
            raise ValueError(f"samesite is {samesite!r:.200}: it can be 'Strict', 'Lax', 'None', or left out")
        after += f"; SameSite={samesite.title()}"
    return before, after + ("; Partitioned" if partitioned else "")


def _cookie_pair(key, value):
    if not key.isidentifier() and (not key or re.search(r'[\x00-\x20\x7f=;,"]', key)):  # most are identifiers
        raise ValueError(
            f'cookie name {key!r:.200} is empty or has a blank, a control character or one of =;," in it:'
            " use letters, digits, - and _"
        )
    if not isinstance(value, str):
        raise TypeError(
            f"cookie {key!r:.200}: {value!r:.200} is not text: make it str, by json.dumps() if it is more"
        )
    if not key.isascii():
        key = key.encode().decode("latin-1")  # bytes as WSGI has them
    if _plain_cookie(value):
        return f"{key}={value}"
    return f'{key}="{value.encode().decode("latin-1").translate(_COOKIE_ESCAPES)}"'


def _check_cookie_prefix(key, secure, path, domain):
    """Refuse a name that promises what the cookie does not hold: browsers drop it without a word."""
    prefix = key.lower()
    if prefix.startswith("__secure-") and not secure:
        raise ValueError(f"cookie {key!r:.200}: browsers want secure=True for a name with __Secure-")
    if prefix.startswith("__host-") and not (secure and path == "/" and not domain):
        raise ValueError(
            f"cookie {key!r:.200}: browsers want secure=True, path='/' and no domain for a name with __Host-"
        )


def _cookie_domain(domain):
    host = domain.partition(":")[0].lstrip(".")
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not re.fullmatch(_HOST_NAME, host):
        raise ValueError(f"domain {domain!r:.200} is no host name: without domain the cookie is for this host alone")
    return host


def _cookie_text(name, text):
    if ";" in text or not (text.isascii() and text.isprintable()):
        raise ValueError(
            f"{name} {text!r:.200} has a control character, a ';' or one that is not ASCII in it: leave it out"
        )
    return text


def _warn_of_size(key, size, max_size):
    from warnings import warn

    warn(
        f"cookie {key!r:.200} takes {size} bytes, and browsers drop one over {max_size} without a word:"
        " keep the data on the server and send its key",
        stacklevel=3,
    )
