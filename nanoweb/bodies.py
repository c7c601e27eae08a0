"""The body of a request: from the socket to wsgi.input.

In a request's way: after the head.  What the client sends collects in the Inbox of its
connection.  A body takes its part from there and nothing behind it: take() never waits, so
that a connection whose client is slow can be left alone; BodyReader, which applications
read, waits within the Pace that the client must keep.

RFC 9112, sections 6 and 7; PEP 3333, "Input and Error Streams".
"""

from __future__ import annotations

import io
import re

from .exceptions import BadRequest, ClientDisconnected
from .waiting import ClientGone, NothingYet, Pace
from .wire import quote_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "BLOCK_SIZE",
    "BodyReader",
    "ChunkedBody",
    "Inbox",
    "RequestBody",
]

BLOCK_SIZE = 65536  # bytes that one recv() may bring, and one read() of a file
MAX_EMPTY_LINES = 10  # before a head; who sends them without end must not keep us busy
READ_SIZE = 1048576  # bytes that one read() of a body makes room for before they have come

_token = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_quoted = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_chunk_extension = rf";[\t ]*{_token}(?:[\t ]*=[\t ]*(?:{_token}|{_quoted}))?"
_chunk_re = re.compile(rf"([0-9A-Fa-f]{{1,16}})(?:{_chunk_extension})*".encode("latin-1"))
_trailer_re = re.compile(rb"(%b):[\t\x20-\x7e\x80-\xff]*" % _token.encode())
_no_trailers = (b"content-length", b"transfer-encoding", b"host")


class Inbox:
    """What the client has sent and nobody has read yet.

    data from position on is unread.  A head that is not complete stays here until
    the rest comes, however long that takes and whoever waits for it.  What comes is
    kept as it is where nothing is left over, else added to a bytearray: bytes that
    come one by one must not be copied with all those before them.

    empty_lines    how many were dropped that stood before the next head
    """

    __slots__ = ("connection", "data", "empty_lines", "position")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.data: bytes | bytearray = b""
        self.position = self.empty_lines = 0

    def __len__(self) -> int:
        return len(self.data) - self.position

    def receive(self) -> int:
        """Add what one recv() brings; return how much, 0 if the client has said its last.

        raises    NothingYet, ClientGone
        """
        try:
            fresh = self.connection.recv(BLOCK_SIZE)
        except BlockingIOError:
            raise NothingYet from None
        except OSError as error:
            raise ClientGone(f"the client has gone: {error}") from error
        if self.position == len(self.data):
            self.data = fresh
        else:
            self.append(fresh)
        self.position = 0
        return len(fresh)

    def drop(self) -> bool:
        """Drop what is here, and what one recv() brings; False if the client has said its last."""
        self.position = len(self.data)
        return self.receive() > 0

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
        while self.data.startswith(b"\r\n", self.position) and self.empty_lines < MAX_EMPTY_LINES:
            self.position += 2  # old clients send an empty line after a POST.  RFC 9112, section 2.2
            self.empty_lines += 1
        end = self.data.find(b"\r\n\r\n", self.position + skip)
        if end >= 0:
            self.empty_lines = 0
        return end

    def take(self, size: int) -> bytes:
        """Return the next size bytes, or all that are here."""
        start = self.position
        self.position = min(start + size, len(self.data))
        data = self.data[start : self.position]
        return data if isinstance(data, bytes) else bytes(data)

    def take_line(self, limit: int) -> bytes | None:
        """Return the next line without its CRLF; None if its end is not here yet."""
        end = self.data.find(b"\n", self.position)
        if end - self.position > limit or (end < 0 and len(self) > limit):
            raise BadRequest(f"a line of the chunked body is longer than {limit} bytes")
        if end < 0:
            return None
        line = self.take(end + 1 - self.position)
        if not line.endswith(b"\r\n"):
            raise BadRequest("a line of the chunked body ends in a bare LF")
        return line[:-2]


class RequestBody(io.RawIOBase):
    """The raw half of wsgi.input: ends where the body ends, and fails if the client stops before.

    remaining    bytes that are known to come; of a chunked body, those of the chunk
    is_over      whether the end was seen
    ask          called before the first byte is waited for: sends "100 Continue"
    error        what went wrong, if the client did something wrong
    held         what collect() has taken and nobody has read

    BodyReader over it gives read(), readline() and iteration.
    """

    def __init__(self, inbox: Inbox, remaining: int, pace: Pace, ask: Callable[[], object] | None = None) -> None:
        self.inbox = inbox
        self.remaining = remaining
        self.pace = pace
        self.ask = ask
        self.is_over = False
        self.error: BadRequest | None = None
        self.held = bytearray()

    # Without waiting

    def take(self, size: int) -> bytes | None:
        """Return at most size bytes of what is here; b"" once the body is over, None if more must come first."""
        self.is_over = self.remaining == 0
        if self.is_over:
            return b""
        data = self.inbox.take(min(size, self.remaining))
        self.remaining -= len(data)
        return data or None

    def collect(self, limit: int) -> bool:
        """Take what is here; False if more must come before the body is over, or exceeds the limit."""
        while len(self.held) <= limit:
            data = self.take(BLOCK_SIZE)
            if not data:
                return data is not None
            self.held += data
        return True

    def skip(self, limit: int) -> int | None:
        """Drop what is here; return how many bytes that were, at most the limit; None if the body is over."""
        skipped = 0
        while skipped < limit:
            data = self.take(limit - skipped)
            if not data:
                return skipped if data is None else None
            skipped += len(data)
        return skipped

    # For the application, which may have to wait

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill buffer with some of the body; 0 once it is over."""
        if self.error is not None:
            raise self.error
        view = memoryview(buffer)
        if self.held:
            data = bytes(self.held[: len(view)])
            del self.held[: len(view)]
        else:
            data = self.wait_and_take(len(view))
        view[: len(data)] = data
        return len(data)

    def wait_and_take(self, size: int) -> bytes:
        """As take(), but wait for what comes; raises BadRequest, which is kept, if that is no body."""
        ask, self.ask = self.ask, None
        try:
            if ask is not None:
                ask()
            while True:
                data = self.take(size)
                if data is not None:
                    return data
                self.receive()
        except BadRequest as error:
            self.error = error
        except ClientGone as error:
            self.error = ClientDisconnected(f"the body is not complete: {error}")
            self.error.__cause__ = error
        raise self.error

    def receive(self) -> None:
        """Wait until something has come."""
        while True:
            try:
                count = self.inbox.receive()
            except NothingYet:
                self.pace.wait(self.inbox.connection)
                continue
            if not count:
                raise ClientDisconnected(self.tell_what_is_missing())
            self.pace.moved += count
            return

    def tell_what_is_missing(self) -> str:
        return f"the client left with {self.remaining} bytes of the body unsent"

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(BLOCK_SIZE) or b"", b""))


class ChunkedBody(RequestBody):
    """A body in chunks, each with its size before it.  Trailer fields are read and dropped.

    >>> inbox = Inbox(None)
    >>> inbox.data = b"5\\r\\nhello\\r\\n0\\r\\n\\r\\nGET / HTTP/1.1"
    >>> body = ChunkedBody(inbox, 0, Pace(30, 500))
    >>> body.take(100), body.take(100), inbox.take(100)
    (b'hello', b'', b'GET / HTTP/1.1')

    line_is    what the next line is, when no byte of a chunk remains: "size", "end" of a chunk, or "trailer"

    RFC 9112, section 7.1, without the blanks that it allows before ";".
    """

    max_line = 256  # bytes of a chunk's size and extensions
    max_trailers = 8190  # bytes of all trailer fields
    line_is = "size"

    def take(self, size: int) -> bytes | None:
        while not self.is_over:
            if self.remaining:
                data = self.inbox.take(min(size, self.remaining))
                self.remaining -= len(data)
                return data or None
            line = self.inbox.take_line(self.max_trailers if self.line_is == "trailer" else self.max_line)
            if line is None:
                return None
            self.read_line(line)
        return b""

    def read_line(self, line: bytes) -> None:
        """Take note of a line between the chunks."""
        if self.line_is == "size":
            self.remaining = self.read_size(line)
            self.line_is = "end" if self.remaining else "trailer"
        elif self.line_is == "end":
            if line:
                raise BadRequest("a chunk is longer than it said")
            self.line_is = "size"
        elif not line:
            self.is_over = True
        else:
            self.drop_trailer(line)

    def read_size(self, line: bytes) -> int:
        match = _chunk_re.fullmatch(line)
        if match is None:
            raise BadRequest(
                f"chunk size {quote_bytes(line)} is not a row of at most 16 hexadecimal digits,"
                " maybe with extensions ';name=value' after it"
            )
        return int(match[1], 16)

    def drop_trailer(self, line: bytes) -> None:
        match = _trailer_re.fullmatch(line)
        if match is None:
            raise BadRequest(f"trailer {quote_bytes(line)} is not 'name: value'")
        if match[1].lower() in _no_trailers:  # RFC 9110, 6.5.1: who believes them reads another request than we
            raise BadRequest(f"trailer {quote_bytes(line)} comes too late: that is for the head to say")
        self.max_trailers -= len(line)
        if self.max_trailers <= 0:
            raise BadRequest("the trailer fields of the chunked body are too long")

    def tell_what_is_missing(self) -> str:
        return "the client left within a chunked body"


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
