"""HTTP/1.1 on the wire: the head of a request, its body, and the response.

In a request's way: between the socket and the application, for serving.  What
comes is parsed as strictly as RFC 9112 allows: what two readers could take for
different requests is refused with a reason, since it is there that request
smuggling lives.  What goes out is checked before the first byte of it leaves.

The functions take text and dicts, and can be tried at the prompt; the classes
take a socket, or what looks like one.
"""

from __future__ import annotations

import errno
import io
import re
import socket
import struct
import sys
import time
from collections.abc import Sized
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from .exceptions import HTTP_STATUS_CODES, BadRequest, ClientDisconnected, check_header
from .headers import http_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .serving import WSGIRequestHandler

__all__ = [
    "RECEIVE_SIZE",
    "BodyReader",
    "ChunkedBody",
    "ClientGone",
    "ClientSilent",
    "Inbox",
    "RefusedRequest",
    "RequestBody",
    "ResponseWriter",
    "body_length",
    "check_request_line",
    "check_unfinished_lines",
    "expects_continue",
    "keeps_alive",
    "parse_head",
    "plain_response",
    "quote_bytes",
    "set_timeout",
]

RECEIVE_SIZE = 65536  # bytes that one recv() may bring; more than that in one send() is not copied
READ_SIZE = 1048576  # bytes that one read() of a body makes room for before they have come

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
_quoted = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_chunk_extension = rf";[\t ]*{_token}(?:[\t ]*=[\t ]*(?:{_token}|{_quoted}))?"
_chunk_re = re.compile(rf"([0-9A-Fa-f]{{1,16}})(?:{_chunk_extension})*".encode("latin-1"))
_trailer_re = re.compile(_token.encode() + rb":[\t\x20-\x7e\x80-\xff]*")
_status_re = re.compile(r"[2-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")

# What describes the connection, not the message, is the server's to say.  RFC 9110, 7.6.1; PEP 3333.
_hop_by_hop = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection"
    " te trailer transfer-encoding upgrade".split()
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


class ClientGone(ConnectionError):
    """The client has closed or reset the connection, or takes nothing more: nobody is there to answer."""


class ClientSilent(ClientGone):
    """Nothing came within the time there was."""


# The head of a request: text to environ


def parse_head(lines: list[str], environ: dict[str, Any]) -> None:
    r"""Add a request line and its fields to an environ, or refuse them.

    >>> environ = {}
    >>> parse_head(["GET /caf%C3%A9?x=1 HTTP/1.1", "Host: localhost", "Accept: */*"], environ)
    >>> environ["PATH_INFO"], environ["QUERY_STRING"], environ["HTTP_ACCEPT"]
    ('/cafÃ©', 'x=1', '*/*')
    >>> parse_head(["GET / HTTP/1.1", "Host : localhost"], {})
    Traceback (most recent call last):
    nanoweb.wire.RefusedRequest: (400, "field name 'Host ' is not a token: no blank may stand around it")

    lines     the head as Latin-1 text without its line ends, the empty line left out
    raises    RefusedRequest with status and reason

    RFC 9112, sections 3 and 5; PEP 3333 for the names.
    """
    match = _request_line_re.fullmatch(lines[0])
    if match is None:
        raise _refuse_request_line(lines[0])
    environ["REQUEST_METHOD"], target, environ["SERVER_PROTOCOL"] = match.groups()
    for line in lines[1:]:
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
    environ["REQUEST_URI"] = environ["RAW_URI"] = target
    check_host(environ)
    if target[0] != "/":
        target = resolve_target(environ["REQUEST_METHOD"], target, environ)
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path


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


def check_host(environ: dict[str, Any]) -> None:
    """Refuse a missing or impossible Host.  RFC 9112, section 3.2."""
    host = environ.get("HTTP_HOST")
    if host is None:
        if environ["SERVER_PROTOCOL"] != "HTTP/1.0":
            raise RefusedRequest(400, "a request of HTTP/1.1 needs a Host field")
    elif not _host_re.fullmatch(host):
        raise RefusedRequest(400, f"Host is {quote_bytes(host)}, not a host name or address with an optional port")


def resolve_target(method: str, target: str, environ: dict[str, Any]) -> str:
    """Return path and query of a request target that does not start with "/".

    >>> environ = {"HTTP_HOST": "proxy"}
    >>> resolve_target("GET", "http://example.com?x=1", environ), environ["HTTP_HOST"]
    ('/?x=1', 'example.com')

    The host of an absolute-form target is the one that counts; "*" asks about the
    server as a whole and has no path.  RFC 9112, sections 3.2.2 to 3.2.4.
    """
    if method == "CONNECT":
        raise RefusedRequest(501, "CONNECT is for proxies, and this is none")
    if target == "*" and method == "OPTIONS":
        return ""
    match = _absolute_re.fullmatch(target)
    if match is None or match[1].startswith(":") or not _host_re.fullmatch(match[1]):
        raise RefusedRequest(400, f"request target {quote_bytes(target)} is neither a path nor an http address")
    environ["HTTP_HOST"], path, query = match.groups()
    return (path or "/") + query


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
    if coding.lower() != "chunked":
        raise RefusedRequest(501, f"Transfer-Encoding is {quote_bytes(coding)}; this server knows chunked, alone")
    return None


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
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        return False
    expected = {member.strip(" \t") for member in environ["HTTP_EXPECT"].lower().split(",")} - {""}
    if expected - {"100-continue"}:
        raise RefusedRequest(417, f"Expect is {quote_bytes(environ['HTTP_EXPECT'])}; this server knows 100-continue")
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


# The body of a request


class Inbox:
    """What the client has sent and nobody has read yet.

    data from position on is unread.  A head that is not complete stays here until
    the rest comes, however long that takes and whoever waits for it.  What comes is
    kept as it is where nothing is left over, else added to a bytearray: bytes that
    come one by one must not be copied with all those before them.
    """

    __slots__ = ("connection", "data", "position")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.data: bytes | bytearray = b""
        self.position = 0

    def __len__(self) -> int:
        return len(self.data) - self.position

    def receive(self) -> bool:
        """Add what one recv() brings; False if the client has said its last."""
        try:
            fresh = self.connection.recv(RECEIVE_SIZE)
        except _TIMED_OUT as error:
            raise ClientSilent("the client sent nothing in time") from error
        except OSError as error:
            raise ClientGone(f"the client has gone: {error}") from error
        if self.position == len(self.data):
            self.data = fresh
        else:
            self.append(fresh)
        self.position = 0
        return bool(fresh)

    def append(self, fresh: bytes) -> None:
        """Add to what is unread."""
        if not isinstance(self.data, bytearray):
            self.data = bytearray(self.data)
        del self.data[: self.position]
        self.data += fresh

    def find_head_end(self, skip: int = 0) -> int:
        """Return where in data the next head ends, before its empty line; -1 if that is not here yet.

        skip    bytes of the head in which it cannot begin, as an earlier call has found
        """
        while self.data.startswith(b"\r\n", self.position):
            self.position += 2  # old clients send an empty line after a POST.  RFC 9112, section 2.2
        return self.data.find(b"\r\n\r\n", self.position + skip)

    def take(self, size: int) -> bytes:
        """Return the next size bytes, or all that are here."""
        start = self.position
        self.position = min(start + size, len(self.data))
        data = self.data[start : self.position]
        return data if isinstance(data, bytes) else bytes(data)

    def read_into(self, view: memoryview) -> int:
        """Fill view with what is here, or else with one recv(); return the number of bytes, 0 at the end."""
        data = self.take(len(view))
        if not data and self.receive():
            data = self.take(len(view))
        view[: len(data)] = data
        return len(data)

    def read_line(self, limit: int) -> bytes:
        """Return the next line without its CRLF; b"" of an unfinished one is never returned."""
        while True:
            end = self.data.find(b"\n", self.position)
            if end - self.position > limit or (end < 0 and len(self) > limit):
                raise BadRequest(f"a line of the chunked body is longer than {limit} bytes")
            if end >= 0:
                line = self.take(end + 1 - self.position)
                if line.endswith(b"\r\n"):
                    return line[:-2]
                raise BadRequest("a line of the chunked body ends in a bare LF")
            if not self.receive():
                raise ClientDisconnected("the client left within a chunked body")


# socket.timeout is a TimeoutError from Python 3.10 on; a kernel timeout (see set_timeout) shows as EAGAIN.
_TIMED_OUT = (BlockingIOError, socket.timeout)


def set_timeout(connection: socket.socket, option: str, seconds: float | None) -> None:
    """Bound the wait in each recv() (SO_RCVTIMEO) or send() (SO_SNDTIMEO).

    The kernel does it without a system call more: settimeout() puts a poll() before each
    recv() and send(), which takes a third off the requests a second.  Where the kernel
    does not do it in the way of POSIX, settimeout() it is, for both.
    """
    seconds = 0 if seconds is None else max(seconds, 0.001)  # 0 is "for ever" to the kernel
    value = struct.pack("@ll", int(seconds), int(seconds % 1 * 1000000))
    if sys.platform != "win32":
        try:
            connection.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOPROTOOPT, errno.EDOM):
                raise
    connection.settimeout(seconds or None)


class RequestBody(io.RawIOBase):
    """The raw half of wsgi.input: ends where the body ends, and fails if the client stops before.

    remaining    bytes that are known to come; of a chunked body, those of the chunk
    is_over      whether the end was seen
    ask          called before the first byte is waited for: sends "100 Continue"
    error        what went wrong, if the client did something wrong

    BodyReader over it gives read(), readline() and iteration.
    """

    def __init__(self, inbox: Inbox, remaining: int = 0, ask: Callable[[], object] | None = None) -> None:
        self.inbox = inbox
        self.remaining = remaining
        self.ask = ask
        self.is_over = False
        self.error: BadRequest | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill buffer with some of the body; 0 once it is over."""
        if self.error is not None:
            raise self.error
        ask, self.ask = self.ask, None
        try:
            if ask is not None:
                ask()
            return self.read_some(memoryview(buffer))
        except BadRequest as error:
            self.error = error
        except ClientGone as error:
            self.error = ClientDisconnected(f"the body is not complete: {error}")
            self.error.__cause__ = error
        raise self.error

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(RECEIVE_SIZE) or b"", b""))

    def read_some(self, view: memoryview) -> int:
        """Read bytes of known length, and not past them."""
        if self.remaining == 0:
            self.is_over = True
            return 0
        count = self.inbox.read_into(view[: self.remaining])
        if count == 0:
            raise ClientDisconnected(f"the client left with {self.remaining} bytes of the body unsent")
        self.remaining -= count
        self.is_over = self.remaining == 0
        return count

    def drain(self, limit: int, seconds: float) -> bool:
        """Read and drop the rest; False if that is too much, too slow, or no body."""
        scrap = bytearray(RECEIVE_SIZE)
        deadline = time.monotonic() + seconds
        try:
            while not self.is_over and limit > 0 and time.monotonic() < deadline:
                limit -= self.readinto(scrap)
        except BadRequest:
            return False
        return self.is_over


class ChunkedBody(RequestBody):
    """A body in chunks, each with its size before it.  Trailer fields are read and dropped.

    >>> inbox = Inbox(None)
    >>> inbox.data = b"5\\r\\nhello\\r\\n0\\r\\n\\r\\nGET / HTTP/1.1"
    >>> ChunkedBody(inbox).read()
    b'hello'

    RFC 9112, section 7.1, without the blanks that it allows before ";".
    """

    max_line = 256  # bytes of a chunk's size and extensions
    max_trailers = 8190  # bytes of all trailer fields

    def read_some(self, view: memoryview) -> int:
        """Read bytes of one chunk; the line after its last byte and the size of the next belong to it."""
        if self.is_over:
            return 0
        if self.remaining == 0:
            self.remaining = self.read_size()
            if self.remaining == 0:
                self.drop_trailers()
                self.is_over = True
                return 0
        count = self.inbox.read_into(view[: self.remaining])
        if count == 0:
            raise ClientDisconnected(f"the client left with {self.remaining} bytes of a chunk unsent")
        self.remaining -= count
        if self.remaining == 0 and self.inbox.read_line(self.max_line):
            raise BadRequest("a chunk is longer than it said")
        return count

    def read_size(self) -> int:
        line = self.inbox.read_line(self.max_line)
        match = _chunk_re.fullmatch(line)
        if match is None:
            raise BadRequest(
                f"chunk size {quote_bytes(line)} is not a row of at most 16 hexadecimal digits,"
                " maybe with extensions ';name=value' after it"
            )
        return int(match[1], 16)

    def drop_trailers(self) -> None:
        left = self.max_trailers
        while True:
            line = self.inbox.read_line(left)
            if not line:
                return
            if not _trailer_re.fullmatch(line):
                raise BadRequest(f"trailer {quote_bytes(line)} is not 'name: value'")
            left -= len(line)


class BodyReader(io.BufferedReader):
    """wsgi.input: a RequestBody with a buffer.

    io.BufferedReader makes room for all that read() asks for before a byte has come, and
    applications ask for Content-Length, which is a promise of the client and may be 10**18.
    """

    __slots__ = ()

    def read(self, size: int | None = -1) -> bytes:
        """Return size bytes, fewer only at the end of the body; all that remain without a size."""
        if size is None or size <= READ_SIZE:
            return super().read(size)
        pieces = []
        while size > 0:
            data = super().read(min(size, READ_SIZE))
            if not data:
                break
            pieces.append(data)
            size -= len(data)
        return b"".join(pieces)

    def read1(self, size: int = -1) -> bytes:
        """Return what is here, or else what comes next: at most size bytes."""
        return super().read1(min(size, READ_SIZE))


# The response


class ResponseWriter:
    """The response to one request: its head is checked when it is announced and leaves with the first of the body.

    status        "200 OK"; None before start_response()
    fields        the header fields as they go onto the wire
    names         of these fields, in lower case
    length        bytes in the body: announced, or found out; None if nobody knows
    sent          bytes of the body that were written so far
    head_sent     whether the status is out, and no other can be given
    is_chunked    whether the body goes out in chunks

    PEP 3333, "The start_response() Callable" and "Handling the Content-Length Header".
    """

    __slots__ = ("fields", "handler", "has_body", "head_sent", "is_chunked", "length", "names", "sent", "status")

    def __init__(self, handler: WSGIRequestHandler) -> None:
        self.handler = handler
        self.status: str | None = None
        self.length: int | None = None
        self.sent = 0
        self.head_sent = self.is_chunked = False

    def start_response(
        self, status: str, headers: Iterable[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """Take the status and the fields; refuse those that cannot be sent, while the application can still hear."""
        if exc_info is not None:
            try:
                if self.head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # it holds the frame that holds it
        elif self.status is not None:
            raise RuntimeError("start_response() was called twice: the second call needs exc_info")
        if type(status) is not str:
            status = exact_str(status, "status", "say '200 OK'")
        status = check_status(status)
        self.take_fields(headers, status)
        self.has_body = self.handler.command != "HEAD" and not status.startswith(_bodiless)
        self.status = status  # last: a call that failed was none
        return self.write

    def take_fields(self, headers: Iterable[tuple[str, str]], status: str) -> None:
        fields: list[str] = []
        names: set[str] = set()
        length = None
        for given_name, given in headers:
            name = given_name if type(given_name) is str else exact_str(given_name, "header name", "decode it")
            value = given if type(given) is str else exact_str(given, f"header {name}:", "use str(value)")
            lower = response_field(name)
            if not (value.isascii() and value.isprintable()):
                check_header(name, value)
            if lower == "content-length":
                length = parse_length(value, length)
                if status.startswith(("204", "205")):
                    continue  # RFC 9110, 8.6 and 15.3.6: none where there can be no body, and the 205's is ours
            names.add(lower)
            fields.append(f"{name}: {value}\r\n")
        self.fields, self.names = "".join(fields), names
        self.length = length if "content-length" in names else None

    def send_body(self, body: Iterable[bytes]) -> None:
        """Send all that the application returned, each piece as soon as it is there."""
        if type(body) is list or type(body) is tuple:
            is_all = True
            if len(body) > 1:
                body = (b"".join(map(exact_bytes, body)),)
        else:
            is_all = isinstance(body, Sized) and len(body) == 1
        for piece in body:
            data = piece if type(piece) is bytes else exact_bytes(piece)
            if data:
                self.send_piece(data, is_all)
                if not self.has_body:
                    break  # nobody will see the rest
        self.finish()

    def write(self, data: bytes) -> None:
        """Send some of the body at once: what start_response() returns."""
        self.send_piece(exact_bytes(data))

    def send_piece(self, data: bytes, is_all: bool = False) -> None:
        """Send some of the body, after the head if that has not left; is_all says that nothing follows."""
        size = len(data)
        self.sent += size
        if self.sent != self.length and self.length is not None and self.has_body:
            self.check_length(is_all)
        head = b"" if self.head_sent else self.make_head(size if is_all else None)
        tail = b""
        if not self.has_body:
            data = b""
        elif self.is_chunked and size:
            head += b"%x\r\n" % size
            tail = b"\r\n"
        self.head_sent = True
        if size <= RECEIVE_SIZE:
            self.handler.send(head + data + tail)
        else:
            for part in filter(None, (head, data, tail)):
                self.handler.send(part)

    def check_length(self, is_all: bool) -> None:
        """Complain if the body is not of the size that was announced; is_all says that nothing follows."""
        if self.sent > self.length:  # type: ignore[operator]
            raise RuntimeError(f"the body is longer than its Content-Length of {self.length} bytes")
        if is_all and self.sent < self.length:  # type: ignore[operator]
            raise RuntimeError(
                f"the body ended after {self.sent} of the {self.length} bytes that its Content-Length announced"
            )

    def finish(self) -> None:
        """End the body; complain if it is shorter than announced."""
        if not self.head_sent:
            self.send_piece(b"", is_all=True)
        if self.is_chunked:
            self.handler.send(b"0\r\n\r\n")
        elif self.sent != self.length and self.length is not None and self.has_body:
            self.check_length(is_all=True)
        self.length = self.sent

    def make_head(self, size: int | None) -> bytes:
        """Return status and fields as they go onto the wire; size is that of the whole body, None if unknown."""
        if self.status is None:
            raise RuntimeError("the application answered without a call of start_response()")
        handler = self.handler
        is_old = handler.request_version == "HTTP/1.0"
        head = f"HTTP/1.1 {self.status}\r\n{self.fields}"
        if "date" not in self.names:
            head += f"Date: {_date(int(time.time()))}\r\n"
        if "server" not in self.names:
            head += handler.server_field
        if self.length is None:
            head += self.choose_framing(size, is_old)
        if handler.begin_response(self.status[:3]):
            head += "Connection: close\r\n"
        elif is_old:
            head += "Connection: keep-alive\r\n"
        return (head + "\r\n").encode("latin-1")

    def choose_framing(self, size: int | None, is_old: bool) -> str:
        """Return the field that tells where the body ends, if the application has not sent one.

        RFC 9112, section 6.3.
        """
        if self.status.startswith(_bodiless):  # type: ignore[union-attr]
            return "Content-Length: 0\r\n" if self.status.startswith("205") else ""  # type: ignore[union-attr]
        if not self.has_body and not size:
            return ""
        if size is not None:
            self.length = size
            return f"Content-Length: {size}\r\n"
        if is_old:
            self.handler.close_connection = True  # the end of the connection is the end of the body
            return ""
        self.is_chunked = True
        return "Transfer-Encoding: chunked\r\n"


@lru_cache(maxsize=64)
def check_status(status: str) -> str:
    """Return a status as it goes onto the wire; refuse what is none."""
    if not _status_re.fullmatch(status):
        raise ValueError(f"status {status!r:.80} is not three digits from 200 up, a space and a text, as '200 OK'")
    return status if len(status) > 3 else status + " "


@lru_cache(maxsize=256)
def response_field(name: str) -> str:
    """Return the name of a response's field in lower case; refuse one that is not the application's to send."""
    lower = check_header(name, "")[0].lower()
    if lower in _hop_by_hop:
        raise ValueError(f"header {name} is the server's own (PEP 3333: hop-by-hop): leave it out")
    return lower


def parse_length(value: str, earlier: int | None) -> int:
    """Return the number in a response's Content-Length, of which there is one."""
    if earlier is not None or not _length_re.fullmatch(value):
        raise ValueError(f"Content-Length {value!r:.200} is not one row of digits: give the size of the body once")
    return int(value)


def exact_str(text: Any, what: str, cure: str) -> str:
    """Return a str and no subclass of it, which could say one thing when it is checked, and another when sent."""
    if not isinstance(text, str):
        raise TypeError(f"{what} {text!r:.200} is no str (PEP 3333): {cure}")
    return str.__str__(text)


def exact_bytes(data: Any) -> bytes:
    """Return bytes and no subclass of it; refuse what else an application may take for a piece of a body."""
    if type(data) is bytes:
        return data
    if not isinstance(data, bytes):
        raise TypeError(f"the body holds {data!r:.80}, which is no bytes (PEP 3333): encode() it")
    return bytes(memoryview(data))


_date = lru_cache(maxsize=2)(http_date)


def plain_response(code: int, text: str, more: str = "") -> tuple[bytes, bytes]:
    """Return head and body of a response of the server's own, after which the connection closes."""
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {code} {HTTP_STATUS_CODES[code]}\r\nDate: {_date(int(time.time()))}\r\n{more}"
        "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1"), body
