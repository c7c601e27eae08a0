"""Internationalised addresses and the ASCII that goes over the wire, both ways.

In a request's way: Request shows an address to people (IRI, RFC 3987);
Response sends one in Location (URI, RFC 3986).

urllib's urlsplit() and urlunsplit() are not used: they drop tabs, line breaks and
leading blanks without a word, so that "/\\t/evil.example" comes out as another host,
"////evil.example" loses two slashes, and each Python does it a little differently.
Here an address is cut as RFC 3986, appendix B says, and its parts are the whole of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["iri_to_uri", "quote", "uri_to_iri"]

# What most addresses are: the same either way.
_plain_uri = re.compile(r"[a-z]+://[a-z0-9.]+(?::[1-9][0-9]{0,3})?/[A-Za-z0-9!$&'()*+,/:;=?@._~-]*").fullmatch
_plain_path = re.compile(r"/(?:[A-Za-z0-9%!$&'()*+,:;=?#@._~-][A-Za-z0-9%!$&'()*+,/:;=?#@._~-]*)?").fullmatch

# The other patterns are text, and compiled when first used: most requests never look at their address.
# RFC 3986, appendix B and section 3.1, in two halves, which match every text: scheme and authority; path, query and
# fragment, these two with the sign in front of them.
_PREFIX = r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?"
_REST = r"(?s:([^?#]*)(\?[^#]*)?(#.*)?)"
_HOST_AND_PORT = r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?"
# RFC 3986, section 3.2.2: IPv6 in brackets, maybe with a zone (RFC 6874), or a name.
_ASCII_HOST = r"\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~%-]+)?\]|[A-Za-z0-9._~%!$&'()*+,;=-]*"

# Runs of quoted bytes, but for those that mean something in their part when they are not quoted, and those
# that cannot be seen.
_QUOTED_IN_USER = r"(?ia:(?:%(?!0|1|20|25|7F|2F|3A|3F|40|23)[0-9A-F]{2})+)"
_QUOTED_IN_PATH = r"(?ia:(?:%(?!0|1|20|25|7F|2F|3F|23)[0-9A-F]{2})+)"
_QUOTED_IN_QUERY = r"(?ia:(?:%(?!0|1|20|25|7F|26|2B|3D|23)[0-9A-F]{2})+)"
_QUOTED_IN_FRAGMENT = r"(?ia:(?:%(?!0|1|20|25|7F)[0-9A-F]{2})+)"

# The characters that a URI may hold as they are, beside letters, digits and "-._~".  "%" is among them because what
# is quoted already must not be quoted again; "?" and "#" because the first of them ends the path, wherever it stands.
_safe_in_user = "%!$&'()*+,;="
_safe_in_rest = "%!#$&'()*+,/:;=?@"


def quote(text: str | bytes, safe: str = "", errors: str | None = None) -> str:
    """Percent-encode all but letters, digits, "-._~" and what is safe.

    It is urllib's, imported when there is something to encode: most requests are plain
    ASCII and never need it, and the import would be a tenth of nanoweb's own.
    """
    from urllib.parse import quote

    return quote(text, safe=safe, errors=errors)  # type: ignore[arg-type]


def iri_to_uri(iri: str) -> str:
    """Turn an address as people write it into the ASCII that HTTP carries.

    >>> iri_to_uri("http://bücher.example/größe?q=ä b#fuß")
    'http://xn--bcher-kva.example/gr%C3%B6%C3%9Fe?q=%C3%A4%20b#fu%C3%9F'
    >>> iri_to_uri("/already%20quoted")
    '/already%20quoted'

    iri      whole, or a part of one, such as a path
    returns  printable ASCII without blanks, for the same place: a path stays a path
    raises   ValueError for tabs and line breaks (a browser drops them, and reads what
             is left as another address) and for a host or port that can be none

    RFC 3987, section 3.1; host names by IDNA (RFC 3490).
    """
    if _plain_path(iri):
        return iri
    if "\t" in iri or "\n" in iri or "\r" in iri:
        raise ValueError(f"address {iri!r:.200} has a tab or line break in it: quote it, by urllib.parse.quote()")
    prefix, rest = _cut(iri, _quote_user, _host_to_ascii)
    return prefix + quote(rest, safe=_safe_in_rest)


def uri_to_iri(uri: str) -> str:
    """Turn an address as HTTP carries it into what people read.

    >>> uri_to_iri("http://xn--bcher-kva.example/gr%C3%B6%C3%9Fe?q=a%26b%20c")
    'http://bücher.example/größe?q=a%26b%20c'

    What would change the meaning stays quoted, separators and "%", and what cannot be
    seen or be relied on when it is: blanks, control characters, those that only turn
    the direction of writing, and bytes that are not UTF-8.  RFC 3987, section 3.2.
    """
    if _plain_uri(uri):
        return uri
    prefix, rest = _cut(uri, _unquote_user, _host_to_unicode)
    if "%" not in rest:
        return prefix + rest
    path, query, fragment = re.fullmatch(_REST, rest).groups("")  # type: ignore[union-attr]
    return (
        prefix
        + _unquote(_QUOTED_IN_PATH, path)
        + _unquote(_QUOTED_IN_QUERY, query)
        + _unquote(_QUOTED_IN_FRAGMENT, fragment)
    )


def _cut(address, convert_user, convert_host):
    """(scheme and authority, the rest) of an address; the first is converted."""
    found: Any = re.match(_PREFIX, address)  # of no length, perhaps
    scheme, authority = found.groups()
    prefix = "" if scheme is None else f"{scheme.lower()}:"
    if authority is not None:
        user, at, place = authority.rpartition("@")
        prefix += f"//{convert_user(user)}{at}{_convert_place(place, convert_host)}"
    return prefix, address[found.end() :]


# The authority: user:password@host:port


@lru_cache(maxsize=64)  # a site has few hosts
def _convert_place(place, convert_host):
    found = re.fullmatch(_HOST_AND_PORT, place)
    if found is None or int(found[2] or 0) > 65535 or (place[:1] == "[" and not is_ipv6(found[1][1:-1])):
        raise ValueError(
            f"{place!r:.200} is not a host and maybe a port: IPv6 stands in brackets, ports go from 0 to 65535"
        )
    host, port = found.groups()
    name, percent, zone = host.partition("%")  # the name of a zone is the machine's own business, in its own case
    host = convert_host(name.lower() + percent + zone)
    return f"{host}:{int(port)}" if port else host


def is_ipv6(text: str) -> bool:
    """Whether this is an IPv6 address, maybe with a zone; without brackets."""
    from ipaddress import IPv6Address  # few hosts are one

    address, percent, zone = text.partition("%")
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return bool(zone or not percent)


def _quote_user(user):
    if not user:
        return user
    name, colon, password = user.partition(":")
    return quote(name, safe=_safe_in_user) + colon + quote(password, safe=_safe_in_user)


def _unquote_user(user):
    return _unquote(_QUOTED_IN_USER, user)


def _host_to_ascii(host):
    if not host.isascii():
        # No longer name exists (RFC 1035), and the idna codec takes quadratic time (CVE-2022-45061).
        if len(host) > 253:
            raise ValueError(f"host {host!r:.60} has {len(host)} characters: 253 is the most")
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"{host!r} is not a host name: {error}") from error
    # Asked last, since some letters become "/" or "@" on their way to ASCII (CVE-2019-9636).
    if not re.fullmatch(_ASCII_HOST, host) or "" in host.split(".")[:-1]:
        raise ValueError(
            f"{host!r:.200} is not a host name: between its dots are letters, digits and any of _~%!$&'()*+,;=-"
        )
    return host


def _host_to_unicode(host):
    return ".".join(map(_label_to_unicode, host.split("."))) if "xn--" in host and host.isascii() else host


def _label_to_unicode(label):
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label


# Quoted text


def _unquote(pattern, text):
    return re.sub(pattern, _unquote_run, text) if "%" in text else text


def _unquote_run(match):
    # A byte that is not UTF-8 becomes a lone surrogate here, which is not printable either.
    text = bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogateescape")
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else quote(one, safe="", errors="surrogateescape") for one in text)
