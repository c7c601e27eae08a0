"""The environ, the input stream and the response iterable: WSGI's three things, made safe.

In a request's way: between the server and Request.  Everything here takes
plain WSGI objects and serves as well under a foreign server (PEP 3333).
"""

from __future__ import annotations

import io
import re
import sys
from functools import update_wrapper

from .exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge, SecurityError
from .fields import Headers
from .urls import is_ipv6, quote, uri_to_iri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, Any

    from .wrappers import Response

    StartResponse = Callable[..., Callable[[bytes], object]]
    WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

__all__ = [
    "ClosingIterator",
    "FileWrapper",
    "LimitedStream",
    "RangeWrapper",
    "ResponseStream",
    "get_content_length",
    "get_current_url",
    "get_host",
    "get_input_stream",
    "get_path_info",
    "host_is_trusted",
    "responder",
    "run_wsgi_app",
    "wrap_file",
]

# RFC 9110, 7.2 and RFC 3986, 3.2.2: a name or IPv4 address, or IPv6 in brackets, maybe with a zone; then a port,
# whose digits may be missing.  A name may hold "_" (RFC 1123 forbids it, private networks use it).
_host_and_port = re.compile(
    r"([A-Za-z0-9._-]{1,255}|\[([0-9A-Fa-f:.]{2,45})(?:%[A-Za-z0-9._~%-]{1,64})?\])(?::([0-9]{0,5}))?"
).fullmatch
_default_ports = {"http": "80", "https": "443", "ws": "80", "wss": "443"}


# The environ


def get_path_info(environ: dict[str, Any]) -> str:
    """Return PATH_INFO as text; bytes that are not UTF-8 become U+FFFD.

    >>> get_path_info({"PATH_INFO": "/gr\\xc3\\xb6\\xc3\\x9fe"})
    '/größe'

    WSGI hands over bytes disguised as Latin-1 text (PEP 3333, "Unicode Issues").
    """
    return _wsgi_text(environ.get("PATH_INFO", ""))


def _wsgi_text(text):
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


def get_host(environ: dict[str, Any], trusted_hosts: Iterable[str] | None = None) -> str:
    """Return the host that the client asked for, with the port unless it is the scheme's own.

    >>> get_host({"wsgi.url_scheme": "http", "HTTP_HOST": "example.com:80"})
    'example.com'

    trusted_hosts   the only hosts to answer for, see host_is_trusted; None answers for all
    raises          SecurityError (400) for a host that is no host, or not trusted

    Without a Host field (HTTP/1.0), or with an empty one, it is SERVER_NAME and
    SERVER_PORT (RFC 9112, section 3.3).
    """
    host = environ.get("HTTP_HOST") or _server(environ)
    found = _split_host(host)
    if found is None:
        raise SecurityError(f"Host is {host!r:.200}, not a host name or address with an optional port")
    name, port = found
    if port and port != _default_ports.get(environ["wsgi.url_scheme"]):
        name = f"{name}:{port}"
    if trusted_hosts is not None and not host_is_trusted(name, trusted_hosts):
        raise SecurityError(f"Host {name!r} is not trusted.")
    return name


def _server(environ):
    name = environ["SERVER_NAME"]
    return f"[{name}]:{environ['SERVER_PORT']}" if ":" in name else f"{name}:{environ['SERVER_PORT']}"


def _split_host(host):
    """(name, port) of a host with or without a port; None for what cannot be one."""
    found = _host_and_port(host)
    if found is None:
        return None
    name, ipv6, port = found.groups("")
    if (port and int(port) > 65535) or (ipv6 and not is_ipv6(ipv6)):
        return None
    return name, port


def host_is_trusted(hostname: str | None, trusted_list: Iterable[str] | None = None) -> bool:
    """Whether a host, its port aside, is one of those listed.

    >>> host_is_trusted("api.example.com:8080", [".example.com"])
    True
    >>> host_is_trusted("badexample.com", [".example.com"])
    False

    trusted_list   names and addresses; one that starts with a dot stands for itself and all
                   its subdomains.  None trusts every host, an empty list trusts none
    """
    name = _host_name(hostname or "")
    if not name or trusted_list is None:
        return bool(name)
    for trusted in [trusted_list] if isinstance(trusted_list, str) else trusted_list:
        wanted = _host_name(trusted[1:] if trusted.startswith(".") else trusted)
        if name == wanted or (wanted and trusted.startswith(".") and name.endswith(f".{wanted}")):
            return True
    return False


def _host_name(host):
    """The host without its port, in lower case and ASCII; "" for what cannot be one."""
    if not host.isascii():
        name, colon, port = host.partition(":")
        try:  # the idna codec takes quadratic time (CVE-2022-45061), and no name is longer (RFC 1035)
            host = name.encode("idna").decode("ascii") + colon + port if len(name) <= 253 else ""
        except UnicodeError:
            return ""
    elif host.count(":") > 1 and host[0] != "[":  # in a list of trusted hosts IPv6 needs no brackets
        host = f"[{host}]"
    found = _split_host(host)
    return found[0].lower() if found else ""


def get_current_url(
    environ: dict[str, Any],
    root_only: bool = False,
    strip_querystring: bool = False,
    host_only: bool = False,
    trusted_hosts: Iterable[str] | None = None,
) -> str:
    """Return the address of the request, as people read it (an IRI).

    root_only           up to the application's root, ending in "/"
    strip_querystring   without "?" and what follows
    host_only           up to the host, ending in "/"
    """
    url = f"{environ['wsgi.url_scheme']}://{get_host(environ, trusted_hosts)}"
    if host_only:
        return uri_to_iri(url + "/")
    safe = "!$&'()*+,/:;=@%"
    url += quote(_wsgi_text(environ.get("SCRIPT_NAME", "")).rstrip("/"), safe=safe) + "/"
    if not root_only:
        url += quote(get_path_info(environ).lstrip("/"), safe=safe)
        query = environ.get("QUERY_STRING", "")
        if query and not strip_querystring:
            url += "?" + quote(query.encode("latin-1"), safe="!$&'()*+,/:;=?@%")
    return uri_to_iri(url)


# The input stream

_block = 256 * 1024  # bytes to ask a stream for at a time


def get_content_length(environ: dict[str, Any]) -> int | None:
    """Return Content-Length in bytes; None if there is none that can be relied on.

    >>> get_content_length({"CONTENT_LENGTH": "10"})
    10
    >>> get_content_length({"CONTENT_LENGTH": "+10"}), get_content_length({"CONTENT_LENGTH": "10, 10"})
    (None, None)

    It is a row of up to 18 digits, and counts only without Transfer-Encoding (RFC 9112, section 6.3).
    """
    text = _content_length(environ)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _content_length(environ):
    """The field as sent, if it counts; "" if there is none."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return ""
    return (environ.get("CONTENT_LENGTH") or "").strip(" \t")


def get_input_stream(
    environ: dict[str, Any], safe_fallback: bool = True, max_content_length: int | None = None
) -> IO[bytes]:
    """Return the body as a stream that ends where the body ends.

    safe_fallback        True: a body whose end cannot be known reads as empty, rather
                         than wait for ever; False: the raw stream
    max_content_length   bytes; a longer body raises RequestEntityTooLarge (413): here if
                         its length is announced, else when the reading comes to that point
    raises               BadRequest (400) for a Content-Length that is no row of digits; 413
                         also for one that no body can have
    """
    stream: IO[bytes] = environ["wsgi.input"]
    ends = environ.get("wsgi.input_terminated")  # the server itself sees to it: it reads chunked bodies
    length = get_content_length(environ)
    if length is not None:
        if max_content_length is not None and length > max_content_length:
            raise _too_large(max_content_length)
        return stream if ends else LimitedStream(stream, length)  # type: ignore[return-value]
    if text := _content_length(environ):
        raise _no_length(text, max_content_length)
    if safe_fallback and not ends:
        return io.BytesIO()
    if max_content_length is None:
        return stream
    return LimitedStream(stream, max_content_length, is_max=True)  # type: ignore[return-value]


def _too_large(limit):
    return RequestEntityTooLarge(f"The body is larger than the {limit} bytes that MAX_CONTENT_LENGTH allows.")


def _no_length(text, limit):
    """The error for a Content-Length that says nothing to go by."""
    if not (text.isascii() and text.isdigit()):
        return BadRequest(f"Content-Length is {text!r:.100}, not a row of digits.")
    if limit is not None:
        return _too_large(limit)
    return RequestEntityTooLarge(f"Content-Length has {len(text)} digits: no body is that large.")


class LimitedStream(io.RawIOBase):
    """wsgi.input that ends where the request's body ends.

    A socket has no end of file: reading past Content-Length waits for bytes
    that never come (PEP 3333, "Input and Error Streams").

    stream    what to read from
    limit     bytes of the body
    is_max    True if the body may be shorter than the limit: then the end of the stream
              is the end of the body, and going over the limit raises
              RequestEntityTooLarge; False: an early end raises ClientDisconnected
    """

    def __init__(self, stream: IO[bytes], limit: int, is_max: bool = False) -> None:
        self.limit = limit
        self._stream = stream
        self._read = 0
        self._is_max = is_max
        self._goes_on = False  # past its maximum, as was seen: whoever asks again shall hear it again

    @property
    def is_exhausted(self) -> bool:
        """Whether all bytes up to the limit have been read."""
        return self._read >= self.limit

    def on_exhausted(self) -> None:
        """Called when one reads on at the limit; raises where the limit is a maximum."""
        if self._is_max:
            raise _too_large(self.limit)

    def on_disconnect(self, error: Exception | None = None) -> None:
        """Called when the stream ends or fails before the limit."""
        if not self._is_max or error is not None:
            missing = self.limit - self._read
            raise ClientDisconnected(f"the client left with {missing} bytes of the body unsent") from error

    def _take(self, read, size):
        """Up to size bytes by one call of the stream's read or readline; b"" at the end."""
        remaining = self.limit - self._read
        if remaining <= 0:
            # Whether the body goes on past a maximum can only be known by trying to read one byte more.
            if self._is_max and size and not self._goes_on:
                self._goes_on = bool(self._call(self._stream.read, 1))
            if self._goes_on or not self._is_max:
                self.on_exhausted()
            return b""
        data = self._call(read, remaining if size < 0 else min(size, remaining))
        if size and not data:
            self.on_disconnect()
        self._read += len(data)
        return data

    def _take_in_blocks(self, size):
        """Up to size bytes.  A stream may set so much memory aside at once, and what was announced need not come."""
        blocks = []
        while size > 0:
            block = self._take(self._stream.read, min(size, _block))
            if not block:
                break
            blocks.append(block)
            size -= len(block)
        return b"".join(blocks)

    def _call(self, read, size):
        try:
            return read(size)
        except (OSError, ValueError) as error:  # the socket's, and that of a stream closed underneath
            self.on_disconnect(error)
            raise

    def read(self, size: int | None = -1) -> bytes:
        """Return up to size bytes, or all that remain; b"" once the body is over."""
        if size is None or size < 0:
            return self.readall()
        return self._take(self._stream.read, size) if size <= _block else self._take_in_blocks(size)

    def readall(self) -> bytes:
        """Return all that remain."""
        data = self.exhaust()
        if self.is_exhausted:
            self._take(self._stream.read, 1)
        return data

    def exhaust(self) -> bytes:
        """Return all that remain up to the limit; unlike readall, never look behind it."""
        return self._take_in_blocks(self.limit - self._read)

    def readline(self, size: int | None = -1) -> bytes:
        """Return bytes up to a line feed, which is kept; at most size of them."""
        size = -1 if size is None else size
        remaining = self.limit - self._read
        data: bytes = self._take(self._stream.readline, size)
        if data[-1:] != b"\n" and len(data) < (remaining if size < 0 else min(size, remaining)):
            self.on_disconnect()  # the stream ended within a line
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        """Bytes read so far."""
        return self._read


# The response iterable


class ClosingIterator:
    """An iterable that calls something when it is closed, whether it was read to its end or not.

    iterable    yields bytes; its own close() is called first
    callbacks   one callable or several, called in order; all of them, also when one fails
    """

    def __init__(
        self,
        iterable: Iterable[bytes],
        callbacks: Callable[[], object] | Iterable[Callable[[], object]] | None = None,
    ) -> None:
        self._next = iter(iterable).__next__
        if callbacks is None:
            self._callbacks = []
        else:
            self._callbacks = [callbacks] if callable(callbacks) else list(callbacks)
        close = getattr(iterable, "close", None)
        if close is not None:
            self._callbacks.insert(0, close)

    def __iter__(self) -> ClosingIterator:
        return self

    def __next__(self) -> bytes:
        return self._next()

    def close(self) -> None:
        """Call all; the first error comes out when all have been called."""
        callbacks, self._callbacks = self._callbacks, []
        _call_all(callbacks)


def _call_all(callbacks):
    """Call each; what one raises does not keep the next from its turn."""
    for place, callback in enumerate(callbacks):
        try:
            callback()
        except BaseException:
            _call_all(callbacks[place + 1 :])
            raise


class FileWrapper:
    """A file as an iterable of blocks (PEP 3333, "Optional Platform-Specific File Handling")."""

    def __init__(self, file: IO[bytes], buffer_size: int = 8192) -> None:
        self.file = file
        self.buffer_size = buffer_size

    def close(self) -> None:
        """Close the file, if it can be closed."""
        if hasattr(self.file, "close"):
            self.file.close()

    def seekable(self) -> bool:
        """Whether seek and tell work."""
        if hasattr(self.file, "seekable"):
            return self.file.seekable()
        return hasattr(self.file, "seek")

    def seek(self, *args: int) -> None:
        self.file.seek(*args)

    def tell(self) -> int:
        return self.file.tell()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self.file.read(self.buffer_size)
        if data:
            return data
        raise StopIteration


def wrap_file(environ: dict[str, Any], file: IO[bytes], buffer_size: int = 8192) -> Iterable[bytes]:
    """Return a file as the server's own iterable, which may be faster, or as FileWrapper."""
    return environ.get("wsgi.file_wrapper", FileWrapper)(file, buffer_size)


class RangeWrapper:
    """The bytes of a body that a Range asks for, in whatever blocks the body comes.

    >>> list(RangeWrapper([b"012", b"345", b"678"], start=2, length=3))
    [b'2', b'34']

    iterable   yields bytes; nothing in front of the range is read if it can seek
    start      bytes to leave out
    length     bytes to hand out; None: all that are left

    Whatever of the body was not asked for stays unread.
    """

    def __init__(self, iterable: Iterable[bytes], start: int = 0, length: int | None = None) -> None:
        self._blocks = iter(iterable)
        self._close = getattr(iterable, "close", None)
        self._left = sys.maxsize if length is None else length
        self._skip = start
        seekable = getattr(iterable, "seekable", None)
        if start and seekable is not None and seekable():
            iterable.seek(iterable.tell() + start)  # type: ignore[attr-defined]
            self._skip = 0

    def __iter__(self) -> RangeWrapper:
        return self

    def __next__(self) -> bytes:
        while self._left > 0:
            block = next(self._blocks)
            stop = self._skip + self._left
            if self._skip or len(block) > stop:
                block, self._skip = block[self._skip : stop], max(self._skip - len(block), 0)
            if block:
                self._left -= len(block)
                return block
        raise StopIteration

    def close(self) -> None:
        """Close the body."""
        if self._close is not None:
            self._close()


class ResponseStream(io.RawIOBase):
    """The body of a response as a file to write to: `Response.stream`."""

    mode = "wb+"
    encoding = "utf-8"

    def __init__(self, response: Response) -> None:
        self.response = response

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | str) -> int:  # type: ignore[override]
        """Put data, a str in UTF-8, at the end of the body."""
        if self.closed:
            raise ValueError("this stream is closed; response.stream is another one each time")
        response: Any = self.response
        response._ensure_sequence()
        if not isinstance(response.response, list):
            response.response = list(response.response)
        response.response.append(data)
        response.headers.remove("Content-Length")
        return len(data)

    def tell(self) -> int:
        """Bytes of the body so far."""
        return len(self.response.get_data())


def responder(function: Callable[..., WSGIApplication]) -> WSGIApplication:
    """Make a WSGI application of a function of (environ, start_response) that returns one."""

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return function(environ, start_response)(environ, start_response)

    return update_wrapper(application, function)


def run_wsgi_app(
    app: WSGIApplication, environ: dict[str, Any], buffered: bool = False
) -> tuple[Iterable[bytes], str, Headers]:
    """Call a WSGI application and return what it answered: (iterable of bytes, status, headers).

    buffered   True: read the body to its end and close it; the iterable then is a list

    The body is read until start_response has been called: an application may
    do that as late as with its first block.
    """
    answer: list[Any] = []
    written: list[bytes] = []

    def start_response(status, headers, exc_info=None):
        if exc_info:
            try:
                if written:  # too late for another answer
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        answer[:] = [status, Headers(headers)]
        return written.append

    iterable = app(dict(environ), start_response)
    close = getattr(iterable, "close", None)
    blocks = iter(iterable)
    try:
        while not answer:
            written.append(_first_block(blocks, app))
        if buffered:
            written.extend(blocks)
    except BaseException:
        if close is not None:
            close()
        raise
    status, headers = answer
    if not buffered:
        from itertools import chain

        body: Iterable[bytes] = chain(written, blocks)
        return (body if close is None else ClosingIterator(body, close)), status, headers
    if close is not None:
        close()
    return written, status, headers


def _first_block(blocks, app):
    for block in blocks:
        return block
    raise RuntimeError(f"{app!r} returned a body but never called start_response")
