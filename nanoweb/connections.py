"""One connection: requests are read off it, the application answers them, the answers are sent.

In a request's way: the first step and the last.  WSGIRequestHandler takes one head after another
from what has come (take_head), makes an environ of it (make_environ), calls the application, and
sends what that answers (run_wsgi); the forms of all this are in wire, bodies and answers.

A handler never waits for its client, unless the application makes it.  It does what can be done
now, notes what it waits for (stage) and until when (deadline), and returns; somebody calls
go_on() when the client has done something, or has let the time pass.  Who that is, and in which
thread or process, is for the crew and the servers to say.

HTTP/1.1 with keep-alive (RFC 9112); the side of the application is PEP 3333.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import sys
import time
from contextlib import suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler

from .accesslog import escape, flush_output, is_shown, log_date, log_writer, tell
from .answers import Outbox, ResponseWriter
from .bodies import BLOCK_SIZE, BodyReader, ChunkedBody, Inbox, RequestBody
from .exceptions import BadRequest
from .listening import unix_family
from .waiting import ClientGone, NothingYet, Pace
from .wire import (
    RefusedRequest,
    body_length,
    check_host,
    check_request_line,
    check_unfinished_lines,
    expects_continue,
    keeps_alive,
    parse_fields,
    parse_request_line,
    plain_response,
)
from .wsgi import FileWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .serving import BaseWSGIServer

__all__ = ["WSGIRequestHandler"]

# Most clients ask for the same things again, and with the same fields: what is short is parsed once.
_parse_known_line = lru_cache(maxsize=512)(parse_request_line)
_KNOWN_LINE_SIZE = 256
_KNOWN_FIELDS_SIZE = 2048

# struct linger: on, for 0 seconds.
_reset_on_close = struct.pack("@hh" if sys.platform == "win32" else "@ii", 1, 0)


class _Fields:
    """The fields of one request, parsed.

    data           as they came; None if they are so long that they will not be looked for again
    version        of HTTP, which has a say in what they mean
    environ        what they are for the application, and what all requests of the connection have in common
    length         bytes in the body; None if it is chunked
    asks           whether the client waits for leave to send that
    keeps_alive    whether it wants the connection to stay
    """

    __slots__ = ("asks", "data", "environ", "keeps_alive", "length", "version")

    def __init__(self, data: bytes, version: str, base: dict[str, Any]) -> None:
        self.data = data if len(data) <= _KNOWN_FIELDS_SIZE else None
        self.version = version
        self.environ = base.copy()
        self.environ["SERVER_PROTOCOL"] = version
        if data:
            parse_fields(data[2:].decode("latin-1").split("\r\n"), self.environ)
        check_host(self.environ.get("HTTP_HOST"), version)
        self.length = body_length(self.environ)
        self.asks = expects_continue(self.environ)
        self.keeps_alive = keeps_alive(self.environ)


class _EarlySocket:
    """The socket of a client that has sent more than its request: that is received first."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def recv(self, size: int, *flags: int) -> bytes:
        return self.inbox.take(size) or self.inbox.connection.recv(size, *flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inbox.connection, name)


class WSGIRequestHandler(BaseHTTPRequestHandler):
    """One connection: reads requests off it, has the application answer them, sends the answers.

    >>> class QuietHandler(WSGIRequestHandler):
    ...     def log_request(self, code="-", size="-"):
    ...         if self.path != "/health":
    ...             super().log_request(code, size)

    stage               what is waited for: the name of the method that goes on when it comes
    deadline            when the connection is given up unless something comes (time.monotonic())
    is_late             whether that moment has passed
    has_more            whether another request may be here already, and nothing needs to come
    inbox               what was received and not read: maybe half a head, maybe the next request
    outbox              what of an answer found no room on the wire
    head_began          whether the deadline is that of a head which has begun
    head_checked        bytes of that head that were found in order
    line_checked        whether the request line was among them
    fields              those of the last request: the next one has mostly the same
    environ             of the request at hand
    body                its body, while some of that may be unread; left_to_skip of it we would throw away
    close_connection    whether the connection ends after this request
    must_linger         whether bytes may be on their way that nobody will read
    is_reset            whether the client shall see an error, and no end
    is_lent             whether the application may use the socket itself
    logs_plainly        whether the class leaves the lines of the log as they are
    client              its address, for the log
    command, path, request_version, requestline     of the request at hand, for the log
    is_busy, is_watched, wants_room, fd, ready_at    what the crew notes

    The limits are attributes of the class: make a subclass to change them.
    """

    server: BaseWSGIServer
    server_version = "nanoweb"  # for the Server field: a version would help attackers only
    sys_version = ""
    protocol_version = "HTTP/1.1"

    max_request_line = 8190  # bytes; more is a 414
    max_head = 65536  # bytes of the request line and all fields; more is a 431
    max_field = 32768  # bytes of one field, with its name; more is a 431
    max_fields = 100  # more are a 431
    header_timeout = 20.0  # seconds from the first byte of a head to its last; longer is a 408
    idle_timeout = 60.0  # seconds that a connection may be silent before a request; then it is closed
    crowded_timeout = 0.25  # the same where a process serves one connection and another client waits
    buffer_bytes = 65536  # a body of at most so many is waited for before the application is called
    body_timeout = 30.0  # seconds without a byte of a body; longer is a 408, or an error where it is read
    send_timeout = 30.0  # seconds without the client taking a byte of the response; then the connection is closed
    min_body_rate = 500  # bytes a second, on average after the times above, that a body must move, either way
    drain_bytes = 262144  # of a body nobody read; with more to come the connection is closed
    linger_timeout = 2.0  # seconds to go on reading before a close, so that the answer is not lost

    stage = "read_head"
    is_late = has_more = is_busy = is_watched = wants_room = False
    head_began = line_checked = False
    head_checked = left_to_skip = 0
    close_connection = must_linger = is_reset = is_lent = False
    logs_plainly = True
    fields: _Fields | None = None
    environ: dict[str, Any] | None = None
    body: RequestBody | None = None
    command = path = requestline = ""
    request_version = "HTTP/1.1"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = ("log", "address_string", "log_date_time_string")
        cls.logs_plainly = all(getattr(cls, name) is getattr(WSGIRequestHandler, name) for name in names)

    def setup(self) -> None:
        self.connection = self.request
        self.inbox = Inbox(self.connection)
        self.outbox = Outbox(self.connection)
        self.server_field = f"Server: {self.version_string().strip()}\r\n"
        self.client = self.address_string()
        self.base_environ = self.make_base_environ()
        self.fd = -1
        self.ready_at = time.monotonic()
        self.deadline = self.ready_at + self.idle_timeout
        self.connection.setblocking(False)
        if self.connection.family != unix_family:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections[self.connection] = self

    @classmethod
    def begin(cls, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> WSGIRequestHandler:
        """Return a handler that serves only when told to go on: __init__ would serve to the end."""
        handler = cls.__new__(cls)
        handler.request, handler.client_address, handler.server = request, client_address, server
        handler.setup()
        return handler

    def handle(self) -> None:
        """Serve this connection and no other until one side has had enough."""
        try:
            while (self.has_more or self.server.await_turn(self)) and self.go_on():
                pass
        finally:
            if self.is_reset:
                self.prepare_reset()
                self.connection.close()

    def finish(self) -> None:
        """The connection is about to be closed."""
        self.server.connections.pop(self.connection, None)
        self.outbox.close()
        if self.body is not None:
            self.body.close()

    # The stages of a connection: each does what can be done now, and returns False if the connection shall be closed

    def go_on(self) -> bool:
        """The client has done something, or let the deadline pass; False if the connection shall be closed."""
        try:
            if self.is_late:
                return self.give_up()
            try:
                return getattr(self, self.stage)()
            except NothingYet:  # under TLS that is anything but a whole record, and such may come for ever
                return self.has_time() or self.give_up()
        except RefusedRequest as refusal:
            self.refuse(refusal)
            return self.begin_to_linger()
        except ClientGone as error:
            self.connection_dropped(error, self.environ)
            return False

    def read_head(self) -> bool:
        """Stage: a request is waited for, or the rest of its head."""
        if not self.has_more and not self.inbox.receive():
            return False
        self.has_more = False
        if not self.take_head():
            return True
        self.environ = self.make_environ()
        return self.open_body()

    def read_body(self) -> bool:
        """Stage: the rest of a body is waited for that shall be here before the application is called."""
        body: RequestBody = self.body  # type: ignore[assignment]
        count = self.inbox.receive()
        if not count:
            raise RefusedRequest(400, body.tell_what_is_missing())
        body.pace.end()
        body.pace.moved += count
        return self.collect_body()

    def send_rest(self) -> bool:
        """Stage: the client has not taken all of the answer."""
        outbox = self.outbox
        outbox.pace.end()  # type: ignore[union-attr]
        if outbox.push():
            outbox.pace = None
            return self.end_answer()
        self.deadline = outbox.pace.begin()  # type: ignore[union-attr]
        return self.has_time()

    def skip_body(self) -> bool:
        """Stage: the rest of a body is waited for that the application did not want."""
        return bool(self.inbox.receive()) and self.has_time() and self.end_answer()

    def linger(self) -> bool:
        """Stage: all is said, and the client's last word is waited for."""
        return self.inbox.drop() and self.has_time()

    def has_time(self) -> bool:
        """Whether the client may go on: who does a little all the time is never waited for, and yet must be late."""
        return time.monotonic() < self.deadline

    def give_up(self) -> bool:
        """The deadline has passed; False if there is nothing to be said about that."""
        self.is_late = False
        if self.stage == "read_head" and self.inbox:
            raise RefusedRequest(408, f"the head was not complete after {self.header_timeout:g} seconds")
        if self.stage == "read_body":
            raise RefusedRequest(408, f"the body took too long, or nothing came for {self.body_timeout:g} seconds")
        return False

    def is_idle(self) -> bool:
        """Whether no request is at hand, nor has begun to come."""
        return self.stage == "read_head" and not self.inbox and not self.is_busy

    def idle_time(self, now: float) -> float:
        """For how many seconds the head of a request has been waited for, or its rest; 0 if not for that."""
        if self.stage != "read_head" or self.is_busy:
            return 0.0
        return now - (self.deadline - (self.header_timeout if self.head_began else self.idle_timeout))

    def paces(self) -> list[Pace]:
        """The times that run for the client."""
        paces = [] if self.outbox.pace is None else [self.outbox.pace]
        return paces if self.body is None else [*paces, self.body.pace]

    # A request

    def take_head(self) -> bool:
        """Take the next head from the inbox; False if it is not complete."""
        inbox = self.inbox
        end = inbox.find_head_end(self.head_checked and max(self.head_checked - 3, 0))
        if end < 0:
            self.check_unfinished_head()
            if not self.head_began:
                self.head_began = bool(inbox)
                self.deadline = time.monotonic() + (self.header_timeout if inbox else self.idle_timeout)
            elif not self.has_time():
                self.give_up()
            return False
        start = inbox.position
        line_end = inbox.data.find(b"\r\n", start)
        self.requestline = inbox.data[start:line_end].decode("latin-1")
        self.field_data = inbox.data[line_end:end]
        if line_end - start > self.max_request_line:
            raise RefusedRequest(414, f"the request line is longer than {self.max_request_line} bytes")
        if end - start > self.max_head:
            raise RefusedRequest(431, f"the head is longer than {self.max_head} bytes")
        inbox.position = end + 4
        self.head_checked = 0
        self.head_began = self.line_checked = False
        return True

    def check_unfinished_head(self) -> None:
        """Refuse what can never become a head, rather than wait for its end; look at nothing twice."""
        inbox = self.inbox
        fresh = inbox.position + max(self.head_checked - 1, 0)  # one byte more: a CR may have waited for its LF
        if not self.line_checked:
            self.check_unfinished_line(fresh)
        if len(inbox) > self.max_head:
            raise RefusedRequest(431, f"the head is longer than {self.max_head} bytes")
        check_unfinished_lines(inbox.data, fresh)
        self.head_checked = len(inbox)

    def check_unfinished_line(self, fresh: int) -> None:
        """Do that for the request line, whose end may stand from fresh on."""
        data, start = self.inbox.data, self.inbox.position
        end = data.find(b"\r\n", fresh)
        size = (end if end >= 0 else len(data)) - start
        self.requestline = data[start : start + min(size, 80)].decode("latin-1")
        if size > self.max_request_line:
            raise RefusedRequest(414, f"the request line is longer than {self.max_request_line} bytes")
        self.line_checked = end >= 0
        if self.line_checked:
            self.requestline = data[start:end].decode("latin-1")
        check_request_line(self.requestline, self.line_checked)

    def make_environ(self) -> dict[str, Any]:
        """Return the environ of the request whose head was taken."""
        line, data = self.requestline, self.field_data
        target = (_parse_known_line if len(line) <= _KNOWN_LINE_SIZE else parse_request_line)(line)
        version = self.request_version = target["SERVER_PROTOCOL"]
        self.command = target["REQUEST_METHOD"]
        self.path = target["RAW_URI"]
        fields = self.fields
        if fields is None or fields.data != data or fields.version != version:
            fields = self.fields = self.read_fields(bytes(data), version)
        self.close_connection = not fields.keeps_alive
        environ = fields.environ.copy()
        environ.update(target)
        return environ

    def read_fields(self, data: bytes, version: str) -> _Fields:
        if data.count(b"\r\n") > self.max_fields:
            raise RefusedRequest(431, f"more than {self.max_fields} fields")
        if len(data) > self.max_field and max(map(len, data.split(b"\r\n"))) > self.max_field:
            raise RefusedRequest(431, f"a field is longer than {self.max_field} bytes")
        if self.server.ssl_context is not None:
            certificate = self.connection.client_certificate()
            if certificate is not None:
                self.base_environ["SSL_CLIENT_CERT"] = certificate
        return _Fields(data, version, self.base_environ)

    def make_base_environ(self) -> dict[str, Any]:
        """Return what all requests of this connection have in common."""
        server = self.server
        environ = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http" if server.ssl_context is None else "https",
            "wsgi.errors": sys.stderr or io.StringIO(),  # there is none under pythonw
            "wsgi.multithread": server.multithread,
            "wsgi.multiprocess": server.multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
            "werkzeug.socket": self.connection,
            "SERVER_SOFTWARE": self.server_version,
            "SERVER_NAME": server.server_name,
            "SERVER_PORT": str(server.server_port),
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": self.address_string(),
        }
        if isinstance(self.client_address, tuple):
            environ["REMOTE_PORT"] = str(self.client_address[1])
        return environ

    def open_body(self) -> bool:
        """Make wsgi.input, which ends where the body ends, and answer; a short body must be here before."""
        environ: dict[str, Any] = self.environ  # type: ignore[assignment]
        fields: _Fields = self.fields  # type: ignore[assignment]
        length, inbox = fields.length, self.inbox
        if length is not None and length <= len(inbox):
            environ["wsgi.input"] = io.BytesIO(inbox.take(length) if length else b"")
            return self.answer()
        pace = Pace(self.body_timeout, self.min_body_rate)
        ask = self.send_continue if fields.asks else None
        self.body = ChunkedBody(inbox, 0, pace, ask) if length is None else RequestBody(inbox, length, pace, ask)
        if ask is None and (length is None or length <= self.buffer_bytes):
            return self.collect_body()
        environ["wsgi.input"] = BodyReader(self.body, BLOCK_SIZE)
        return self.answer()

    def collect_body(self) -> bool:
        """Take what is here of the body; answer once that is all, or too much to be kept here."""
        body: RequestBody = self.body  # type: ignore[assignment]
        try:
            is_here = body.collect(self.buffer_bytes)
        except BadRequest as error:
            raise RefusedRequest(400, str(error.description)) from error
        if not is_here:
            self.stage, self.deadline = "read_body", body.pace.begin()
            return self.has_time() or self.give_up()
        if body.is_over:
            self.body, stream = None, io.BytesIO(bytes(body.held))
        else:
            stream = BodyReader(body, BLOCK_SIZE)  # type: ignore[assignment]
        self.environ["wsgi.input"] = stream  # type: ignore[index]
        return self.answer()

    def send_continue(self) -> None:
        self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.empty_outbox()

    # Its answer

    def answer(self) -> bool:
        """Have the application answer the request at hand, and see what comes next."""
        if "HTTP_UPGRADE" in self.environ and self.body is None:  # type: ignore[operator]
            self.lend_socket()
        self.run_wsgi()
        if self.is_lent:
            self.take_back()
        self.environ = None
        self.field_data = b""
        if self.fields.data is None:  # type: ignore[union-attr]
            self.fields = None
        outbox = self.outbox
        if self.is_reset:
            return False
        if outbox.parts and not self.server.may_wait():
            self.empty_outbox()
        if outbox.parts:
            if outbox.pace is None:
                outbox.pace = Pace(self.send_timeout, self.min_body_rate)
            self.stage, self.deadline = "send_rest", outbox.pace.begin()
            return True
        outbox.pace = None
        return self.end_answer()

    def lend_socket(self) -> None:
        """Let the application take the socket, as the request asks for another protocol: it is blocking then.

        What follows the request of a websocket is not HTTP, even if nobody wants a websocket (RFC 6455, 4.1).
        """
        environ: dict[str, Any] = self.environ  # type: ignore[assignment]
        self.server.hand_over(self)
        self.is_lent = True
        if "websocket" in environ["HTTP_UPGRADE"].lower():
            self.close_connection = self.must_linger = True
        if self.inbox:
            environ["werkzeug.socket"] = _EarlySocket(self.inbox)

    def take_back(self) -> None:
        """The application has had the socket for itself, or has not wanted it; now nobody may wait in a send()."""
        self.is_lent = False
        with suppress(OSError):  # it is closed: that comes out when it is used
            self.connection.setblocking(False)

    def run_wsgi(self) -> None:
        """Call the application and send what it returns; whatever happens, that is closed."""
        environ: dict[str, Any] = self.environ  # type: ignore[assignment]
        response = ResponseWriter(self)
        try:
            body = self.server.app(environ, response.start_response)
            try:
                response.send_body(body)
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close()
        except BaseException as error:  # noqa: BLE001 (this is the edge of the application)
            self.recover(error, environ, response)

    def begin_response(self, code: str) -> bool:
        """The head of a response is about to leave: log it, decide whether the connection stays.

        It does not if the client still waits for leave to send a body that nobody wants,
        or if more of the body is to come than we would throw away.
        """
        if self.is_lent:
            self.take_back()
        body = self.body
        if body is not None:
            if body.ask is not None or body.error is not None or body.remaining > self.drain_bytes:
                self.close_connection = True
            body.ask = None  # a "100 Continue" after the response would be taken for the next one
        if self.server.is_closing:
            self.close_connection = True
        self.log_request(code)
        if not self.server.multithread and log_writer.lines and not self.server.others_wait():
            log_writer.flush()  # for where one thread does all, and this answer may take its time
        return self.close_connection

    def send(self, data: bytes) -> None:
        """Put bytes onto the wire; what finds no room stays in the outbox."""
        outbox = self.outbox
        if outbox.parts:
            outbox.add(data)
            return
        try:
            sent = self.connection.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise ClientGone(f"the client has gone: {error}") from error
        if sent < len(data):
            outbox.add(memoryview(data)[sent:])

    def empty_outbox(self) -> None:
        """Have this thread wait until all that is in the outbox has found room."""
        outbox = self.outbox
        if outbox.parts and outbox.pace is None:
            outbox.pace = Pace(self.send_timeout, self.min_body_rate)
        while outbox.parts and not outbox.push():
            outbox.pace.wait(self.connection, room=True)  # type: ignore[union-attr]

    def end_answer(self) -> bool:
        """The answer is out: read what is left of the request, then wait for the next one."""
        if self.body is not None and not self.leave_body():
            return True
        if self.close_connection:
            return self.begin_to_linger()
        self.stage = "read_head"
        inbox = self.inbox
        self.has_more = inbox.position < len(inbox.data)
        if not self.has_more:
            inbox.data, inbox.position = b"", 0  # who idles shall not hold the block of its last request
        self.deadline = time.monotonic() + self.idle_timeout
        return True

    def leave_body(self) -> bool:
        """Drop what the application left of the body, or see to it that nobody reads on; False if more must come."""
        body: RequestBody = self.body  # type: ignore[assignment]
        if not self.close_connection:
            if self.stage != "skip_body":
                self.stage, self.deadline = "skip_body", time.monotonic() + self.linger_timeout
                self.left_to_skip = self.drain_bytes
            try:
                skipped = body.skip(self.left_to_skip)
            except BadRequest:
                skipped = self.left_to_skip
            if skipped is not None:
                self.left_to_skip -= skipped
                if self.left_to_skip > 0:
                    return False
                self.close_connection = True
        self.must_linger = self.must_linger or not body.is_over
        body.close()  # who kept wsgi.input must not read the next request from it
        self.body = None
        return True

    # Errors

    def recover(self, error: BaseException, environ: dict[str, Any], response: ResponseWriter) -> None:
        """Deal with an exception that came out of the application: whose fault is it, can we still answer?

        A ConnectionError that is no more than that says that a websocket has served its turn
        (their libraries raise it).  Whatever else comes, SystemExit and CancelledError too, is
        the application's failure at this one request: the server and the others live on.
        """
        if isinstance(error, SystemExit) and self.server.is_forked():  # the answer is for its parent to give
            flush_output()
            os._exit(error.code & 0xFF if isinstance(error.code, int) else error.code is not None)
        self.close_connection = True
        if self.is_lent:
            self.take_back()
        if isinstance(error, ClientGone) or (type(error) is ConnectionError and "HTTP_UPGRADE" in environ):
            self.is_reset = response.ends_with_connection()
            self.outbox.close()
            self.connection_dropped(error, environ)
        elif self.body is not None and error is self.body.error:
            if not response.head_sent:
                self.refuse(RefusedRequest(400, str(self.body.error.description)))
        elif self.server.lets_through(error):
            self.is_reset = response.ends_with_connection()
            raise error
        else:
            tell("error", 'the application failed on "%s"', escape(self.requestline), exc_info=error)
            self.is_reset = response.ends_with_connection()
            if not response.head_sent:
                self.send_error(500, "The application failed; the server's log tells why.")

    def turn_away(self, reason: str) -> None:
        """Answer 503 to whatever the client wants; it has the usual time to read that."""
        self.refuse(RefusedRequest(503, reason))
        if not self.begin_to_linger():
            raise ClientGone("the client has gone")

    def refuse(self, refusal: RefusedRequest) -> None:
        """Tell the client what is wrong, and close: where its next request would begin, nobody knows."""
        self.close_connection = self.must_linger = True
        self.log("info", '"%s" %s - %s', escape(self.requestline[:80]), refusal.code, refusal.reason)
        self.send_plain(refusal.code, refusal.reason)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with plain text and close."""
        self.close_connection = self.must_linger = True
        self.log_request(code)
        self.send_plain(code, explain or message or "")

    def send_plain(self, code: int, text: str) -> None:
        head, body = plain_response(code, text, "Retry-After: 1\r\n" if code == 503 else "")
        try:
            self.send(head if self.requestline.startswith("HEAD ") else head + body)
        except ClientGone as error:
            self.connection_dropped(error, self.environ)

    def begin_to_linger(self) -> bool:
        """All is said; False if nothing unread may be on its way, and the connection can be closed.

        A close with bytes unread sends a reset, which may overtake the answer.  RFC 9112, section 9.6.
        """
        if not (self.must_linger or self.inbox) or self.is_reset:
            return False
        self.stage, self.deadline = "linger", time.monotonic() + self.linger_timeout
        try:
            self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            return False  # the client has gone
        return True

    def prepare_reset(self) -> None:
        """Have the close send a reset: the client must not take what it has for the whole of a body."""
        with suppress(OSError):  # the application, or on macOS the client, has closed it
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _reset_on_close)

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """Called when the client has gone; does nothing, as that is the client's right."""

    # The log

    def address_string(self) -> str:
        return self.client_address[0] if isinstance(self.client_address, tuple) else "<local>"

    def log_date_time_string(self) -> str:
        return log_date()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line for each request, in the common log format."""
        if log_writer.is_quick and self.logs_plainly:
            log_writer.lines.append(f'{self.client} - - [{log_date()}] "{escape(self.requestline)}" {code} {size}\n')
        elif is_shown():
            self.log("info", '"%s" %s %s', escape(self.requestline), code, size)

    def log_error(self, format: str, *args: Any) -> None:
        self.log("error", format, *args)

    def log_message(self, format: str, *args: Any) -> None:
        self.log("info", format, *args)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a line about this connection; type is the name of a logger's method."""
        tell(type, f"%s - - [%s] {message}", self.address_string(), self.log_date_time_string(), *args)
