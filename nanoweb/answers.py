"""The response to a request: checked when it is announced, then put onto the wire.

In a request's way: after the application.  ResponseWriter is what start_response() and the
returned iterable come to; it finds out how the client will know the end of the body, and
hands bytes and files to the Outbox of the connection.  That holds what finds no room, so that
a client that is slow to take a large answer keeps no thread waiting.

RFC 9112, section 6; PEP 3333, "The start_response() Callable" and "Handling the Content-Length Header".
"""

from __future__ import annotations

import errno
import io
import os
import socket
import stat
from collections import deque
from collections.abc import Sized

from .bodies import BLOCK_SIZE
from .waiting import ClientGone
from .wire import date_field, exact_str, status_line, write_fields
from .wsgi import FileWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import IO, Any

    from .connections import WSGIRequestHandler
    from .waiting import Pace

__all__ = ["Outbox", "ResponseWriter"]

TURN_SIZE = 4194304  # bytes that one connection may send before others have their turn


class ResponseWriter:
    """The response to one request: its head is checked when it is announced and leaves with the first of the body.

    status        "200 OK"; None before start_response()
    line          the same as it goes onto the wire
    fields        the header fields as they go onto the wire
    own           {name: value} of those that the application gave and the server would add
    has_body      whether the body is sent, which it is not for HEAD
    length        bytes in the body: announced, or found out; None if nobody knows
    sent          bytes of the body that were written so far
    head_sent     whether the status is out, and no other can be given
    is_chunked    whether the body goes out in chunks
    """

    __slots__ = (
        *("handler", "status", "line", "fields", "own", "length"),
        *("has_body", "head_sent", "is_chunked", "sent"),
    )

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
        line, may_have_body = status_line(status)
        self.fields, self.own = write_fields(headers)
        length = self.own.get("content-length")
        self.line = line
        self.length = None if length is None else int(length)
        self.has_body = may_have_body and self.handler.command != "HEAD"
        self.status = status  # last: a call that failed was none
        return self.write

    def send_body(self, body: Iterable[bytes]) -> None:
        """Send all that the application returned, each piece as soon as it is there."""
        if type(body) is list or type(body) is tuple:
            data = exact_bytes(body[0]) if len(body) == 1 else b"".join(map(exact_bytes, body))
            self.send_piece(data, True)
            if self.is_chunked:  # as write() was called before
                self.finish()
        elif type(body) is not FileWrapper or not self.send_file(body.file):
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
        self.head_sent = True
        if not self.has_body:
            data = b""
        elif self.is_chunked and size:
            data = b"%x\r\n%b\r\n" % (size, data)
        if size <= BLOCK_SIZE:
            self.handler.send(head + data)
        else:
            self.handler.send(head)
            self.handler.send(data)
        if (
            not is_all and self.handler.outbox.parts
        ):  # PEP 3333, "Buffering and Streaming": no piece waits for the next
            self.handler.empty_outbox()

    def send_file(self, file: IO[bytes]) -> bool:
        """Send a file from where it stands, to its end or for Content-Length bytes; False if that must go by read().

        PEP 3333, "Optional Platform-Specific File Handling".
        """
        part = None if self.head_sent else FilePart.of(file, self.length)
        if part is None:
            return False
        try:
            self.sent = part.left
            if self.has_body and self.length is not None:
                self.check_length(is_all=True)
            head = self.make_head(part.left)
        except BaseException:
            part.close()
            raise
        self.head_sent = True
        self.handler.outbox.add(head)
        if self.has_body:
            self.handler.outbox.add(part)
        else:
            part.close()
        self.handler.outbox.push()
        return True

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
        handler, own = self.handler, self.own
        date = "" if "date" in own else date_field()
        server = "" if "server" in own else handler.server_field
        if "connection" in own and own["connection"].strip().lower() == "close":
            handler.close_connection = True
        framing = self.choose_framing(size)
        if handler.begin_response(self.status[:3]):
            framing += "Connection: close\r\n"
        elif handler.request_version == "HTTP/1.0":
            framing += "Connection: keep-alive\r\n"
        return f"{self.line}{self.fields}{date}{server}{framing}\r\n".encode("latin-1")

    def choose_framing(self, size: int | None) -> str:
        """Return the field that tells where the body ends.  RFC 9112, section 6.3."""
        if not self.has_body:
            return self.choose_length(size)
        if self.length is None:
            if size is None:
                return self.choose_mark()
            self.length = size
        return f"Content-Length: {self.length}\r\n"

    def choose_length(self, size: int | None) -> str:
        """Do it for an answer without a body.  RFC 9110, sections 8.6 and 15.3.6."""
        kind = self.status[:3]  # type: ignore[index]
        if kind == "204":
            return ""
        if kind == "205":
            return "Content-Length: 0\r\n"
        length = self.length if self.length is not None or kind == "304" else size or None
        return "" if length is None else f"Content-Length: {length}\r\n"

    def choose_mark(self) -> str:
        """Do it for a body whose length nobody knows."""
        if self.handler.request_version == "HTTP/1.0":
            self.handler.close_connection = True  # the end of the connection is the end of the body
            return ""
        self.is_chunked = True
        return "Transfer-Encoding: chunked\r\n"

    def ends_with_connection(self) -> bool:
        """Whether the client would take the end of the connection for the end of the body."""
        return self.head_sent and self.has_body and self.length is None and not self.is_chunked


# What waits for room


class Outbox:
    """What is to go onto the wire and has found no room there: bytes, and maybe a file behind them.

    parts    of these, the first one first
    size     bytes of them that are in memory
    pace     the time that the client has to take them; None while it need not hurry
    """

    __slots__ = ("connection", "pace", "parts", "size")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.parts: deque[memoryview | FilePart] = deque()
        self.size = 0
        self.pace: Pace | None = None

    def add(self, part: bytes | memoryview | FilePart) -> None:
        """Put something behind what waits."""
        if not isinstance(part, FilePart):
            part = memoryview(part)
            self.size += len(part)
        self.parts.append(part)

    def push(self) -> bool:
        """Send what there is room for; False if some remains."""
        moved = 0
        try:
            while self.parts and moved < TURN_SIZE:
                moved += self.push_part(self.parts[0])
        except BlockingIOError:
            pass
        except OSError as error:
            raise ClientGone(f"the client has gone: {error}") from error
        except RuntimeError:
            self.close()  # there is no rest to be sent
            raise
        if self.pace is not None:
            self.pace.moved += moved
        return not self.parts

    def push_part(self, part: memoryview | FilePart) -> int:
        """Send some of the first part by one system call; return how much."""
        if isinstance(part, FilePart):
            count = part.send_to(self.connection)
            if not part.left:
                self.parts.popleft()
                part.close()
            return count
        count = self.connection.send(part)
        self.size -= count
        if count < len(part):
            self.parts[0] = part[count:]
        else:
            self.parts.popleft()
        return count

    def close(self) -> None:
        """Drop what nobody will take any more."""
        while self.parts:
            part = self.parts.popleft()
            if isinstance(part, FilePart):
                part.close()
        self.size = 0


class FilePart:
    """Some of a file that is to be sent.  It has a descriptor of its own, as the application closes the file.

    offset    where in the file the next byte is
    left      bytes still to be sent
    """

    __slots__ = ("fd", "left", "offset")

    def __init__(self, fd: int, offset: int, left: int) -> None:
        self.fd = fd
        self.offset = offset
        self.left = left

    @classmethod
    def of(cls, file: IO[bytes], limit: int | None) -> FilePart | None:
        """Return what a file holds from where it stands on, at most so many bytes; None if only read() can tell.

        Only the exact types: a GzipFile too has a fileno(), and it is that of another file than the one it reads.
        """
        if type(file) not in (io.BufferedReader, io.BufferedRandom) or type(file.raw) is not io.FileIO:  # type: ignore[attr-defined]
            return None
        if not hasattr(os, "pread"):
            return None
        try:
            file.flush()
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or not about.st_size:  # those in /proc have no size, and are not empty
                return None
            offset = file.tell()
            left = max(about.st_size - offset, 0)
            return cls(os.dup(file.fileno()), offset, left if limit is None else min(left, limit))
        except (OSError, ValueError):  # it is closed, say: then its read() complains; or no descriptor is left
            return None

    def send_to(self, connection: socket.socket) -> int:
        """Send some of it by one system call; return how much."""
        count = self.send_by_system(connection)
        if count is None:
            count = connection.send(os.pread(self.fd, min(self.left, BLOCK_SIZE), self.offset))
        if not count and self.left:
            raise RuntimeError(f"a file that is being sent has become shorter: {self.left} bytes are missing")
        self.offset += count
        self.left -= count
        return count

    def send_by_system(self, connection: socket.socket) -> int | None:
        """Have the kernel copy from file to socket; None where it cannot."""
        if type(connection) is not socket.socket or not hasattr(os, "sendfile"):
            return None
        try:
            return os.sendfile(connection.fileno(), self.fd, self.offset, min(self.left, TURN_SIZE))
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # that kind of file, or of socket
                return None
            raise

    def close(self) -> None:
        os.close(self.fd)


def exact_bytes(data: Any) -> bytes:
    """Return bytes and no subclass of it; refuse what else an application may take for a piece of a body."""
    if type(data) is bytes:
        return data
    if not isinstance(data, bytes):
        cure = "return [body], not body" if isinstance(data, int) else "encode() it"
        raise TypeError(f"the body holds {data!r:.80}, which is no bytes (PEP 3333): {cure}")
    return bytes(memoryview(data))
