"""HTTP/1.1 on the wire: the head of a request to an environ, the head of a response to bytes.

In a request's way: between the bytes that connections receives and the application.  What
comes is parsed as strictly as RFC 9112 allows: what two readers could take for different
requests is refused with a reason, since it is there that request smuggling lives.  What goes
out is checked before the first byte of it leaves.

No socket here: every function takes text and dicts, and can be tried at the prompt.
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from .exceptions import HTTP_STATUS_CODES, check_header
from .headers import http_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = [
    "RefusedRequest",
    "body_length",
    "check_host",
    "check_request_line",
    "check_unfinished_lines",
    "date_field",
    "expects_continue",
    "keeps_alive",
    "parse_fields",
    "parse_request_line",
    "plain_response",
    "quote_bytes",
    "status_line",
    "write_fields",
]

# fullmatch() on Latin-1 text throughout.  A field's value is looked at with isprintable() first, which no
# control character passes; the pattern has the last word on tabs and on what lies beyond ASCII.
_token = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_token_re = re.compile(_token)
_request_line_re = re.compile(rf'({_token}) ([!"$-~\x80-\xff]+) (HTTP/1\.[0-9])')
_field_value_re = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_bare_re = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|\Z)|(?<!\r)\n")
_absolute_re = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://([^/?]+)([^?]*)(.*)")
_host_re = re.compile(r"(?:[A-Za-z0-9._~-]*|\[[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._~%-]{1,40})?\])(?::[0-9]{0,5})?")
_length_re = re.compile(r"[0-9]{1,18}")
_status_re = re.compile(r"[2-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")

# What describes the connection, not the message, is the server's to say.  RFC 9110, 7.6.1; PEP 3333.
_hop_by_hop = frozenset(
    "proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade".split()
)
# RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5: these have no body, whatever an application returns.
_bodiless = ("204", "205", "304")
# Two of one of these are two answers to one question, and the proxy in front may have taken the other.
_single_fields = frozenset(["HTTP_HOST", "HTTP_TRANSFER_ENCODING", "CONTENT_LENGTH", "CONTENT_TYPE"])


class RefusedRequest(Exception):
    """What the client sent is not HTTP, or not what we take; code and reason are told to it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


# The head of a request


def parse_request_line(line: str) -> dict[str, str]:
    """Return the part of the environ that stands in the first line of a request.

    >>> environ = parse_request_line("GET /caf%C3%A9?x=1 HTTP/1.1")
    >>> environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], environ["SERVER_PROTOCOL"]
    ('GET', '/cafÃ©', 'x=1', 'HTTP/1.1')
    >>> environ = parse_request_line("GET http://example.com?x=1 HTTP/1.1")
    >>> environ["PATH_INFO"], environ["HTTP_HOST"]
    ('/', 'example.com')

    raises    RefusedRequest with status and reason

    The host of an absolute-form target is the one that counts, whatever Host says; "*" asks
    about the server as a whole and has no path.  RFC 9112, section 3; PEP 3333 for the names.
    """
    match = _request_line_re.fullmatch(line)
    if match is None:
        raise _refuse_request_line(line)
    method, target, version = match.groups()
    environ = {"REQUEST_METHOD": method, "SERVER_PROTOCOL": version, "REQUEST_URI": target, "RAW_URI": target}
    if target[0] != "/":
        target = _resolve_target(method, target, environ)
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path
    return environ


def _resolve_target(method, target, environ):
    """Path and query of a target that does not start with "/".  RFC 9112, sections 3.2.2 to 3.2.4."""
    if method == "CONNECT":
        raise RefusedRequest(501, "CONNECT is for proxies, and this is none")
    if target == "*" and method == "OPTIONS":
        return ""
    match = _absolute_re.fullmatch(target)
    if match is None or match[1].startswith(":") or not _host_re.fullmatch(match[1]):
        raise RefusedRequest(400, f"request target {quote_bytes(target)} is neither a path nor an http address")
    environ["HTTP_HOST"], path, query = match.groups()
    return (path or "/") + query


def parse_fields(lines: Iterable[str], environ: dict[str, Any]) -> None:
    r"""Add the fields of a request to an environ, or refuse them.

    >>> environ = {}
    >>> parse_fields(["Host: localhost", "Accept: a", "accept:b"], environ)
    >>> environ
    {'HTTP_HOST': 'localhost', 'HTTP_ACCEPT': 'a,b'}
    >>> parse_fields(["Host : localhost"], {})
    Traceback (most recent call last):
    nanoweb.wire.RefusedRequest: (400, "field name 'Host ' is not a token: no blank may stand around it")

    lines     the head as Latin-1 text without line ends, request line and empty line left out
    raises    RefusedRequest with status and reason

    RFC 9112, section 5.
    """
    for line in lines:
        name, colon, value = line.partition(":")
        key = environ_key(name) if colon else _refuse_line(line)
        if not value.isprintable() and not _field_value_re.fullmatch(value):
            raise RefusedRequest(400, f"field {name} holds a control character: {quote_bytes(value)}")
        if key is None:
            continue
        value = value.strip(" \t")
        if key in environ:
            value = _join_field(name, key, environ[key], value)
        environ[key] = value


@lru_cache(maxsize=512)
def environ_key(name: str) -> str | None:
    """Turn a field's name into its key in the environ; None if the application must not see the field.

    >>> environ_key("Content-Type"), environ_key("X-Forwarded-For"), environ_key("X_Forwarded_For")
    ('CONTENT_TYPE', 'HTTP_X_FORWARDED_FOR', None)

    X_Forwarded_For would pass for the field that a trusted proxy sets, and HTTP_PROXY
    for a setting of the program's own environment (CVE-2016-5385).
    """
    if not _token_re.fullmatch(name):
        raise RefusedRequest(400, f"field name {quote_bytes(name)} is not a token: no blank may stand around it")
    if len(name) > 256:
        raise RefusedRequest(431, f"field name {quote_bytes(name)} is longer than 256 characters")
    if "_" in name:
        return None
    key = name.upper().replace("-", "_")
    if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        return key
    return None if key == "PROXY" else "HTTP_" + key


def _join_field(name, key, first, second):
    """One value of two fields with the same name.  RFC 9110, 5.3; RFC 6265, 5.4 for cookies."""
    if key in _single_fields:
        raise RefusedRequest(400, f"field {name} is there twice: {quote_bytes(first)} and {quote_bytes(second)}")
    return f"{first}; {second}" if key == "HTTP_COOKIE" else f"{first},{second}"


def check_host(host: str | None, version: str) -> None:
    """Refuse a missing or impossible Host.  RFC 9112, section 3.2."""
    if host is None:
        if version != "HTTP/1.0":
            raise RefusedRequest(400, "a request of HTTP/1.1 needs a Host field")
    elif not _host_re.fullmatch(host):
        raise RefusedRequest(400, f"Host is {quote_bytes(host)}, not a host name or address with an optional port")


def body_length(environ: dict[str, Any]) -> int | None:
    """Return the bytes in the request's body; None if it is chunked.

    >>> body_length({"SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_LENGTH": "42"})
    42

    One way to know the end of a body, and no doubt about it: all else is refused.
    RFC 9112, section 6.
    """
    length = environ.get("CONTENT_LENGTH")
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding is None:
        if length is None:
            return 0
        if _length_re.fullmatch(length):
            return int(length)
        if length.isdecimal():
            raise RefusedRequest(413, f"Content-Length of {len(length)} digits: nobody can take that")
        raise RefusedRequest(400, f"Content-Length is {quote_bytes(length)}, not a row of digits")
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        raise RefusedRequest(400, "HTTP/1.0 knows no Transfer-Encoding")
    if length is not None:
        raise RefusedRequest(400, "Content-Length and Transfer-Encoding together: only one can be true")
    codings = [member.strip(" \t") for member in coding.lower().split(",")]
    if codings == ["chunked"]:
        return None
    has_end = "chunked" in codings and codings.index("chunked") == len(codings) - 1  # RFC 9112, 6.3
    code = 501 if has_end else 400
    raise RefusedRequest(code, f"Transfer-Encoding is {quote_bytes(coding)}; this server knows chunked, alone")


def keeps_alive(environ: dict[str, Any]) -> bool:
    """Whether the client wants the connection kept for its next request.  RFC 9112, section 9.3."""
    connection = environ.get("HTTP_CONNECTION")
    is_old = environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    if connection is None:
        return not is_old
    options = [option.strip(" \t") for option in connection.lower().split(",")]
    return "close" not in options and (not is_old or "keep-alive" in options)


def expects_continue(environ: dict[str, Any]) -> bool:
    """Whether the client sends its body only when told to.  RFC 9110, section 10.1.1."""
    expect = environ.get("HTTP_EXPECT")
    if expect is None or environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        return False
    expected = {member.strip(" \t") for member in expect.lower().split(",")} - {""}
    if expected - {"100-continue"}:
        raise RefusedRequest(417, f"Expect is {quote_bytes(expect)}; this server knows 100-continue")
    return bool(expected)


def check_request_line(line: str, is_whole: bool) -> None:
    """Refuse what can never become a request line, rather than wait for the rest of the head."""
    if line.startswith("\x16\x03") or (is_whole and not _request_line_re.fullmatch(line)):
        raise _refuse_request_line(line)


def check_unfinished_lines(data: bytes | bytearray, start: int) -> None:
    """Refuse what can never become lines of a head: control bytes, and line ends that are no CRLF."""
    wrong = _bare_re.search(data, start)
    if wrong is not None:
        raise RefusedRequest(400, f"the head holds {quote_bytes(wrong[0])}: lines end in CRLF, control bytes are out")


def _refuse_line(line):
    """The reason why a line without a colon is no field."""
    if line.startswith((" ", "\t")):
        raise RefusedRequest(
            400, f"line {quote_bytes(line)} continues the field before it: RFC 9112 has no folded fields"
        )
    raise RefusedRequest(400, f"line {quote_bytes(line)} has no colon: a field is 'name: value'")


def _refuse_request_line(line):
    """The reason why a line is no request line of HTTP/1.1."""
    words = line.split(" ")
    if line.startswith("\x16\x03"):
        return RefusedRequest(400, "this is a TLS hello on a port for plain HTTP: use http://, not https://")
    if len(words) == 3 and re.fullmatch(r"HTTP/[0-9](?:\.[0-9])?", words[2]) and words[2][5] != "1":
        return RefusedRequest(505, f"{words[2]} is not spoken here: use HTTP/1.1")
    if len(words) == 2 and _token_re.fullmatch(words[0]):
        return RefusedRequest(400, f"request line {quote_bytes(line)} names no version: HTTP/0.9 is not spoken here")
    return RefusedRequest(
        400,
        f"request line {quote_bytes(line)} is not 'METHOD target HTTP/1.1':"
        " one space between, and no control byte, blank or '#' in the target",
    )


def quote_bytes(text: str | bytes) -> str:
    """What the client sent, fit for a log and a terminal."""
    return ascii(text) if len(text) <= 80 else ascii(text[:80]) + "..."


# The head of a response


@lru_cache(maxsize=64)
def status_line(status: str) -> tuple[str, bool]:
    r"""Return (a status as it goes onto the wire, whether a body may follow); refuse what is none.

    >>> status_line("404 Not Found"), status_line("204")
    (('HTTP/1.1 404 Not Found\r\n', True), ('HTTP/1.1 204 \r\n', False))
    """
    if not _status_re.fullmatch(status):
        raise ValueError(f"status {status!r:.80} is not three digits from 200 up, a space and a text, as '200 OK'")
    return f"HTTP/1.1 {status if len(status) > 3 else status + ' '}\r\n", not status.startswith(_bodiless)


def write_fields(headers: Iterable[tuple[str, str]]) -> tuple[str, dict[str, str]]:
    r"""Return (fields as they go onto the wire, {name in lower case: value} of those that are ours to say).

    >>> write_fields([("Content-Type", "text/plain"), ("Content-Length", "5")])
    ('Content-Type: text/plain\r\n', {'content-length': '5'})

    raises    ValueError or TypeError for what cannot be sent, or is not the application's to say

    Content-Length and Connection are not among the former: what is sent of them depends on more than the fields.
    """
    text = ""
    own = {}
    for given_name, given in headers:
        name = given_name if type(given_name) is str else exact_str(given_name, "header name", "decode it")
        value = given if type(given) is str else exact_str(given, f"header {name}:", "use str(value)")
        line, own_name = (_write_known_field if len(value) <= _KNOWN_VALUE_SIZE else _write_field)(name, value)
        text += line
        if own_name:
            if own_name == "content-length" and own_name in own:
                raise ValueError(f"Content-Length {value!r} is the second one: give the size of the body once")
            own[own_name] = value
    return text, own


def _write_field(name, value):
    """(the line that a field is, its name in lower case if it is one of ours); refuses what is not to be sent."""
    check_header(name, value)
    lower = name.lower()
    if lower in ("connection", "keep-alive"):  # a habit of many; only "close" says something, and that is heard
        return "", lower
    if lower in _hop_by_hop:
        raise ValueError(f"header {name} is the server's own (PEP 3333: hop-by-hop): leave it out")
    if lower == "content-length":
        if not _length_re.fullmatch(value):
            raise ValueError(f"Content-Length {value!r:.200} is not one row of digits: give the size of the body")
        return "", lower
    return f"{name}: {value}\r\n", lower if lower in ("date", "server") else ""


# Most answers say the same things again: what is short is checked once.
_write_known_field = lru_cache(maxsize=512)(_write_field)
_KNOWN_VALUE_SIZE = 40


def exact_str(text: Any, what: str, cure: str) -> str:
    """Return a str and no subclass of it, which could say one thing when it is checked, and another when sent."""
    if not isinstance(text, str):
        raise TypeError(f"{what} {text!r:.200} is no str (PEP 3333): {cure}")
    return str.__str__(text)


@lru_cache(maxsize=2)
def _date_field(second):
    return f"Date: {http_date(second)}\r\n"


def date_field() -> str:
    """Return the Date field of an answer that leaves now."""
    return _date_field(int(time.time()))


def plain_response(code: int, text: str, more: str = "") -> tuple[bytes, bytes]:
    """Return head and body of a response of the server's own, after which the connection closes."""
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {code} {HTTP_STATUS_CODES[code]}\r\n{date_field()}{more}"
        "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1"), body
