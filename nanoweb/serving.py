"""The HTTP server: connections, the limits on them, and who serves them.

In a request's way: the first step and the last.  WSGIRequestHandler reads one
head after another off a connection (read_head), makes an environ of it
(make_environ), calls the application, and sends what that answers; the forms of
all this are in wire.  The servers decide who runs a handler: the one thread
there is, or a thread or a process for each connection.

HTTP/1.1 with keep-alive (RFC 9112); the side of the application is PEP 3333.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import selectors
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer

from .listening import (
    explain_bind_error,
    get_sockaddr,
    remove_stale_socket,
    select_address_family,
    unix_family,
    url_of,
)
from .wire import (
    RECEIVE_SIZE,
    BodyReader,
    ChunkedBody,
    ClientGone,
    ClientSilent,
    Inbox,
    RefusedRequest,
    RequestBody,
    ResponseWriter,
    body_length,
    check_request_line,
    check_unfinished_lines,
    expects_continue,
    keeps_alive,
    parse_head,
    plain_response,
    set_timeout,
)
from .wsgi import FileWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .wsgi import WSGIApplication

__all__ = [
    "BaseWSGIServer",
    "ThreadedWSGIServer",
    "WSGIRequestHandler",
    "get_sockaddr",
    "make_server",
    "run_simple",
    "select_address_family",
]

_logger = logging.getLogger("nanoweb.serving")

# A terminal obeys control characters, and a quote would end the request in the log early.
_log_escapes = {code: rf"\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]}
_log_escapes.update({ord('"'): '\\"', ord("\\"): "\\\\"})


@lru_cache(maxsize=2)
def _log_date(second):
    """The time as access logs write it, in the time zone of the machine."""
    year, month, day, hour, minute, second, *_ = time.localtime(second)
    return f"{day:02}/{BaseHTTPRequestHandler.monthname[month]}/{year:04} {hour:02}:{minute:02}:{second:02}"


def _log(type, message, *args, **kwargs):
    """Log a line.  A log that cannot be written is no reason to leave a request without its answer."""
    with suppress(Exception):  # logging itself raises ValueError where sys.stderr is closed
        getattr(_logger, type)(message, *args, **kwargs)


# One connection


class WSGIRequestHandler(BaseHTTPRequestHandler):
    """One connection: reads requests off it, has the application answer them, sends the answers.

    >>> class QuietHandler(WSGIRequestHandler):
    ...     def log_request(self, code="-", size="-"):
    ...         if self.path != "/health":
    ...             super().log_request(code, size)

    inbox               what was received and not read: maybe half a head, maybe the next request
    head_deadline       when the head that has begun must be complete (time.monotonic()); None before
    head_checked        bytes of that head that were found in order
    line_checked        whether the request line was among them
    is_idle             whether a head is waited for, and nobody would miss an answer
    close_connection    whether the connection ends after this request
    must_linger         whether bytes may be on their way that nobody will read
    body                the request's body while some of it may be unread
    command, path, request_version, requestline     of the request at hand, for the log

    The limits are attributes of the class: make a subclass to change them.
    """

    server: BaseWSGIServer
    server_version = "nanoweb"  # for the Server field: a version would help attackers only
    sys_version = ""
    protocol_version = "HTTP/1.1"

    max_request_line = 8190  # bytes; more is a 414
    max_head = 65536  # bytes of the request line and all fields; more is a 431
    max_fields = 100  # more are a 431
    header_timeout = 20.0  # seconds from the first byte of a head to its last; longer is a 408
    idle_timeout = 60.0  # seconds that a connection may be silent before a request; then it is closed
    crowded_timeout = 0.25  # the same where one thread serves all and another client waits
    body_timeout = 30.0  # seconds without a byte of a body that is being read
    send_timeout = 30.0  # seconds without the client taking a byte of the response
    drain_bytes = 262144  # of a body nobody read; with more to come the connection is closed
    linger_timeout = 2.0  # seconds to go on reading before a close, so that the answer is not lost

    def setup(self) -> None:
        self.connection = self.request
        self.inbox = Inbox(self.connection)
        self.head_deadline: float | None = None
        self.head_checked = 0
        self.line_checked = self.is_idle = False
        self.receive_timeout: float | None = None
        self.close_connection = self.must_linger = False
        self.body: RequestBody | None = None
        self.command = self.path = self.requestline = ""
        self.request_version = "HTTP/1.1"
        self.server_field = f"Server: {self.version_string().strip()}\r\n"
        self.base_environ = self.make_base_environ()
        self.server.connections[self.connection] = self

    def handle(self) -> None:
        """Answer request after request until one side has had enough."""
        try:
            self.tune_connection()
            while not self.close_connection:
                self.handle_one_request()
        except ClientGone as error:
            self.connection_dropped(error)

    def handle_one_request(self) -> None:
        """Read one request and answer it; close_connection tells whether to go on."""
        try:
            lines = self.read_head()
            if lines is None:
                self.close_connection = True
            else:
                self.lines = lines
                self.run_wsgi()
        except RefusedRequest as refusal:
            self.refuse(refusal)

    def run_wsgi(self) -> None:
        """Take one request, whose head is here, to its end."""
        environ = self.make_environ()
        response = ResponseWriter(self)
        try:
            self.run_application(environ, response)
        except BaseException as error:  # noqa: BLE001 (this is the edge of the application)
            self.recover(error, environ, response)
        self.leave_body()

    # Reading

    def read_head(self) -> list[str] | None:
        """Return the lines of the next head; None if the client wants nothing more."""
        inbox = self.inbox
        if not inbox and not self.await_request():
            return None
        end = inbox.find_head_end()
        while end < 0:
            self.check_unfinished_head()
            if not self.await_rest_of_head():
                return None
            end = inbox.find_head_end(max(self.head_checked - 3, 0))
        self.head_deadline, self.head_checked = None, 0
        self.line_checked = self.is_idle = False
        lines = inbox.data[inbox.position : end].decode("latin-1").split("\r\n")
        self.requestline = lines[0]
        if len(lines[0]) > self.max_request_line:
            raise RefusedRequest(414, f"the request line is longer than {self.max_request_line} bytes")
        if len(lines) > self.max_fields + 1 or end - inbox.position > self.max_head:
            raise RefusedRequest(431, f"more than {self.max_fields} fields, or {self.max_head} bytes of them")
        inbox.position = end + 4
        return lines

    def await_request(self) -> bool:
        """Wait for the first bytes of a request; False if none came."""
        self.set_receive_timeout(self.idle_timeout)
        self.is_idle = True  # before await_turn() looks at is_closing: server_close() does it the other way round
        if not self.server.await_turn(self):
            return False
        try:
            return self.inbox.receive()
        except ClientSilent:
            return False

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

    def await_rest_of_head(self) -> bool:
        """Wait for more of a head that has begun; False if the client has left it, or the server closes."""
        self.is_idle = True
        if self.server.is_closing:
            return False
        now = time.monotonic()
        if self.head_deadline is None:
            self.head_deadline = now + self.header_timeout
        try:
            if now >= self.head_deadline:
                raise ClientSilent
            self.set_receive_timeout(self.head_deadline - now)
            return self.inbox.receive()
        except ClientSilent:
            if not self.inbox:
                return False
        raise RefusedRequest(408, f"the head was not complete after {self.header_timeout:g} seconds")

    def make_environ(self) -> dict[str, Any]:
        """Return the environ of the request whose head was read."""
        environ = self.base_environ.copy()
        parse_head(self.lines, environ)
        self.command = environ["REQUEST_METHOD"]
        self.path = environ["RAW_URI"]
        self.request_version = environ["SERVER_PROTOCOL"]
        environ["wsgi.input"] = self.open_body(environ)
        self.close_connection = not keeps_alive(environ)
        return environ

    def make_base_environ(self) -> dict[str, Any]:
        """Return what all requests of this connection have in common."""
        server = self.server
        environ = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
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

    def open_body(self, environ: dict[str, Any]) -> io.BufferedIOBase:
        """Return wsgi.input, which ends where the body ends.  What is here already needs no socket."""
        length = body_length(environ)
        asks = expects_continue(environ) if "HTTP_EXPECT" in environ else False
        if length is not None and length <= len(self.inbox):
            if "HTTP_UPGRADE" in environ:
                self.set_receive_timeout(None)  # a websocket is silent for as long as it likes
            return io.BytesIO(self.inbox.take(length) if length else b"")
        ask = self.send_continue if asks else None
        self.body = ChunkedBody(self.inbox, 0, ask) if length is None else RequestBody(self.inbox, length, ask)
        self.set_receive_timeout(self.body_timeout)
        return BodyReader(self.body, RECEIVE_SIZE)

    def send_continue(self) -> None:
        self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    # Answering

    def run_application(self, environ: dict[str, Any], response: ResponseWriter) -> None:
        """Call the application and send what it returns; whatever happens, that is closed."""
        body = self.server.app(environ, response.start_response)
        try:
            response.send_body(body)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def begin_response(self, code: str) -> bool:
        """The head of a response is about to leave: log it, decide whether the connection stays.

        It does not if the client still waits for leave to send a body that nobody wants,
        or if more of the body is to come than we would throw away.
        """
        body = self.body
        if body is not None:
            if body.ask is not None or body.error is not None or body.remaining > self.drain_bytes:
                self.close_connection = True
            body.ask = None  # a "100 Continue" after the response would be taken for the next one
        self.close_connection = self.close_connection or self.server.is_closing or self.server.is_crowded()
        self.log_request(code)
        return self.close_connection

    def send(self, data: bytes) -> None:
        """Put bytes onto the wire, all of them."""
        try:
            sent = self.connection.send(data)
            if sent < len(data):
                view = memoryview(data)
                while sent < len(data):
                    sent += self.connection.send(view[sent : sent + 1048576])
        except OSError as error:
            raise ClientGone(f"the client has gone, or takes nothing more: {error}") from error

    def recover(self, error: BaseException, environ: dict[str, Any], response: ResponseWriter) -> None:
        """Deal with an exception that came out of the application: whose fault is it, can we still answer?

        A ConnectionError that is no more than that says that a websocket has served its turn
        (their libraries raise it).  Whatever else comes, SystemExit and CancelledError too, is
        the application's failure at this one request: the server and the others live on.
        """
        self.close_connection = True
        if isinstance(error, ClientGone) or (type(error) is ConnectionError and "HTTP_UPGRADE" in environ):
            self.connection_dropped(error, environ)
        elif self.body is not None and error is self.body.error:
            if not response.head_sent:
                self.refuse(RefusedRequest(400, str(self.body.error.description)))
        elif self.server.lets_through(error):
            self.cut_off(response)
            raise error
        else:
            self.report(error)
            if response.head_sent:
                self.cut_off(response)
            else:
                self.send_error(500, "The application failed; the server's log tells why.")

    def report(self, error: BaseException) -> None:
        """Log what failed, and how."""
        _log("error", 'the application failed on "%s"', self.requestline.translate(_log_escapes), exc_info=error)

    def cut_off(self, response: ResponseWriter) -> None:
        """Let nobody take what was sent for the whole of the body: where the connection ends it, reset that."""
        if response.head_sent and response.length is None and not response.is_chunked:
            self.reset_connection()

    def refuse(self, refusal: RefusedRequest) -> None:
        """Tell the client what is wrong, and close: where its next request would begin, nobody knows."""
        self.close_connection = self.must_linger = True
        line = self.requestline[:80].translate(_log_escapes)
        self.log("info", '"%s" %s - %s', line, refusal.code, refusal.reason)
        self.send_plain(refusal.code, refusal.reason)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with plain text and close."""
        self.close_connection = self.must_linger = True
        self.log_request(code)
        self.send_plain(code, explain or message or "")

    def send_plain(self, code: int, text: str) -> None:
        head, body = plain_response(code, text)
        try:
            self.send(head if self.requestline.startswith("HEAD ") else head + body)
        except ClientGone as error:
            self.connection_dropped(error)

    def leave_body(self) -> None:
        """Read what the application left of the request's body, or never read on after it."""
        body, self.body = self.body, None
        if body is None:
            return
        if not body.is_over:
            if not self.close_connection:
                self.set_receive_timeout(self.linger_timeout)
                self.close_connection = not body.drain(self.drain_bytes, self.linger_timeout)
            self.must_linger = self.must_linger or self.close_connection
        body.close()  # who kept wsgi.input must not read the next request from it

    # The connection

    def tune_connection(self) -> None:
        try:
            if self.connection.family != unix_family:
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            set_timeout(self.connection, "SO_SNDTIMEO", self.send_timeout)
        except OSError as error:  # reset before we came to it
            raise ClientGone(f"the client has gone: {error}") from error

    def set_receive_timeout(self, seconds: float | None) -> None:
        """How long a recv() may wait; None is for ever."""
        if seconds != self.receive_timeout:
            try:
                set_timeout(self.connection, "SO_RCVTIMEO", seconds)
            except OSError as error:
                raise ClientGone(f"the client has gone: {error}") from error
            self.receive_timeout = seconds

    def finish(self) -> None:
        """The connection is about to be closed."""
        try:
            if self.must_linger or (self.close_connection and self.inbox):
                self.linger()
        finally:
            self.server.connections.pop(self.connection, None)

    def linger(self) -> None:
        """Let the client read the answer: a close with bytes unread sends a reset, which may overtake it.

        RFC 9112, section 9.6.
        """
        deadline = time.monotonic() + self.linger_timeout
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < deadline:
                self.set_receive_timeout(max(deadline - time.monotonic(), 0.01))
                if not self.connection.recv(RECEIVE_SIZE):
                    break
        except OSError:
            pass

    def reset_connection(self) -> None:
        """Close so that the client cannot take what it has for the whole of a body that ends with the connection."""
        self.must_linger = False
        self.inbox.take(len(self.inbox))
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
            self.connection.close()
        except OSError:
            pass

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """Called when the client has gone; does nothing, as that is the client's right."""

    # The log

    def address_string(self) -> str:
        return self.client_address[0] if isinstance(self.client_address, tuple) else "<local>"

    def log_date_time_string(self) -> str:
        return _log_date(int(time.time()))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line for each request, in the common log format."""
        if _logger.isEnabledFor(logging.INFO):
            self.log("info", '"%s" %s %s', self.requestline.translate(_log_escapes), code, size)

    def log_error(self, format: str, *args: Any) -> None:
        self.log("error", format, *args)

    def log_message(self, format: str, *args: Any) -> None:
        self.log("info", format, *args)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a line about this connection; type is the name of a logger's method."""
        _log(type, f"%s - - [%s] {message}", self.address_string(), self.log_date_time_string(), *args)


# The servers


class BaseWSGIServer(HTTPServer):
    """Listens, and answers one connection after another in the thread that called serve_forever().

    >>> server = BaseWSGIServer("127.0.0.1", 0, app=None)
    >>> server.host, server.port != 0
    ('127.0.0.1', True)
    >>> server.server_close()

    host        name or address, or "unix://" and the path of a socket
    port        0 takes a free one; the attribute of that name then tells which
    app         the WSGI application; may be set later
    handler     the class for connections, WSGIRequestHandler if None
    passthrough_errors    whether an exception of the application is raised on, unanswered, rather than
                logged and answered with a 500 (for debuggers): it ends the thread of its connection;
                where one thread serves all, the server; a process logs it before it ends
    fd          an open socket that listens already; host is then for show
    raises      OSError that says what to do if the address cannot be had

    connections    what is being served: {socket: its handler, None before that is made}
    is_closing     whether server_close() was called
    """

    multithread = False
    multiprocess = False
    shutdown_timeout = 5.0  # seconds that requests in progress have to end when the server closes
    socket_file: Any = None  # the path of a Unix socket, if we made it
    request_queue_size = 128
    # On Windows "reuse" lets two servers share one port, and each connection goes to either.
    allow_reuse_address = sys.platform != "win32"
    allow_reuse_port = False

    def __init__(
        self,
        host: str,
        port: int,
        app: WSGIApplication,
        handler: type[WSGIRequestHandler] | None = None,
        passthrough_errors: bool = False,
        *,
        fd: int | None = None,
    ) -> None:
        self.host = host
        self.app = app
        self.passthrough_errors = passthrough_errors
        self.connections: dict[socket.socket, WSGIRequestHandler | None] = {}
        self.is_closing = False
        self.address_family = select_address_family(host, port)
        address: Any = get_sockaddr(host, int(port), self.address_family)
        super().__init__(address, handler or WSGIRequestHandler, bind_and_activate=False)
        try:
            if fd is None:
                self.server_bind()
                self.server_activate()
            else:
                self.adopt_socket(fd)
        except OSError as error:
            self.socket.close()
            raise OSError(error.errno, explain_bind_error(error, host, port)) from error
        self.take_name()

    def server_bind(self) -> None:
        if self.address_family == unix_family:
            remove_stale_socket(self.server_address)  # type: ignore[arg-type]
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the DNS for our name, which takes seconds
        if self.address_family == unix_family:
            self.socket_file = self.server_address

    def adopt_socket(self, fd: int) -> None:
        self.socket.close()
        self.socket = socket.socket(fileno=os.dup(fd))
        self.address_family = self.socket.family
        self.server_address = self.socket.getsockname()

    def take_name(self) -> None:
        """Note what to call ourselves where no Host field says it."""
        self.socket.setblocking(False)  # a client that is gone again when we accept() must not hold us
        if isinstance(self.server_address, tuple):
            self.server_name, self.port = str(self.server_address[0]), self.server_address[1]
            self.server_port = self.port
        else:
            self.server_name, self.server_port, self.port = "localhost", 80, 0

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until shutdown(), Ctrl-C or SIGTERM; then server_close()."""
        with suppress(KeyboardInterrupt), _SigtermAsCtrlC():  # a second one ends the wait in server_close()
            try:
                with suppress(KeyboardInterrupt):
                    super().serve_forever(poll_interval)
            finally:
                self.server_close()

    def server_close(self) -> None:
        """Stop listening; requests in progress have shutdown_timeout seconds to be answered."""
        if self.is_closing:
            return
        self.is_closing = True
        super().server_close()
        path, self.socket_file = self.socket_file, None
        if path is not None:
            with suppress(FileNotFoundError):
                os.unlink(path)
        self.end_connections()

    def end_connections(self) -> None:
        """Bring to an end what is being served: nothing where the thread that would do it serves."""

    def close_idle_connections(self) -> None:
        """Have those closed on which no request has come: their clients lose nothing."""
        for connection, handler in self.connections.copy().items():
            if handler is not None and handler.is_idle:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)  # wakes the handler

    def await_end(self, are_there: Callable[[], object]) -> None:
        """Wait until those are gone that are asked for, for shutdown_timeout seconds at most."""
        deadline = time.monotonic() + self.shutdown_timeout
        while are_there() and time.monotonic() < deadline:
            time.sleep(0.01)

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            request, client_address = super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self.log("error", "cannot take a connection: %s", error)
                time.sleep(0.1)  # the connection stays in the queue; to try at once would spin
            raise
        request.setblocking(True)  # BSD and macOS pass on that the listening socket does not block
        return request, client_address

    def is_crowded(self) -> bool:
        """Whether others wait while one is served; never where each has a thread."""
        return not self.multithread and bool(_wait_readable([self.socket], 0))

    def lets_through(self, error: BaseException) -> bool:
        """Whether an exception out of the application is meant for the server, or for a debugger."""
        if isinstance(error, KeyboardInterrupt):  # a Ctrl-C where one thread does all, else the application's own
            return not self.multithread and not self.multiprocess
        return self.passthrough_errors and isinstance(error, Exception)

    def await_turn(self, handler: WSGIRequestHandler) -> bool:
        """Wait until a connection sends something; False if it is silent while another waits, or we close.

        Browsers open connections that they may never use, and where one thread serves
        all, such a connection must not keep the others from their answers.
        """
        if self.multithread or self.is_closing:
            return not self.is_closing
        ready = _wait_readable([handler.connection, self.socket], handler.idle_timeout)
        if handler.connection not in ready and self.socket in ready:
            ready = _wait_readable([handler.connection], handler.crowded_timeout)
        return handler.connection in ready

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Called for what no handler has caught: an error of ours, or of the application if it passes through."""
        if self.passthrough_errors and not self.multiprocess:  # a process would end without a word
            self.shutdown_request(request)
            raise  # noqa: PLE0704  # socketserver calls this while it handles the exception
        self.log("error", "a connection from %s ended in an error", client_address, exc_info=sys.exc_info())

    def log(self, type: str, message: str, *args: Any, **kwargs: Any) -> None:
        """Log a line; type is the name of a logger's method."""
        _log(type, message, *args, **kwargs)

    def log_startup(self) -> None:
        """Say where we listen."""
        _show_log()
        for line in self.describe():
            self.log("info", " * %s", line)
        self.log("info", "Press CTRL+C to quit")

    def describe(self) -> list[str]:
        if not isinstance(self.server_address, tuple):
            return [f"Running on unix://{self.server_address}"]
        host = self.server_address[0]
        if host not in ("0.0.0.0", "::"):
            return [f"Running on {url_of(self.host, self.port)}"]
        loopback = "127.0.0.1" if host == "0.0.0.0" else "::1"
        return [f"Running on all addresses ({host})", f"Running on {url_of(loopback, self.port)}"]


class ThreadedWSGIServer(socketserver.ThreadingMixIn, BaseWSGIServer):
    """A thread for each connection."""

    multithread = True
    daemon_threads = True
    block_on_close = False
    max_connections = 1000  # more get a 503

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self.connections) >= self.max_connections:
            self.turn_away(request, f"more than {self.max_connections} connections")
            return
        self.connections[request] = None
        try:
            super().process_request(request, client_address)
        except RuntimeError as error:  # "can't start new thread"
            self.turn_away(request, str(error))

    def turn_away(self, request: socket.socket, reason: str) -> None:
        """Answer 503 without a thread, and without waiting for the client."""
        self.log("warning", "turned a client away: %s", reason)
        try:
            request.setblocking(False)
            request.send(b"".join(plain_response(503, "The server is busy: try again.", "Retry-After: 1\r\n")))
            request.recv(RECEIVE_SIZE)
        except OSError:
            pass
        self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        if self.connections.get(request) is not None:
            return  # a Ctrl-C while its thread began: socketserver would close it, but it is being served
        self.connections.pop(request, None)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Close what is idle, wait for the rest: the threads are daemons, and end with the program."""
        self.close_idle_connections()
        self.await_end(self.is_busy)

    def is_busy(self) -> bool:
        """Whether there is a request in progress."""
        return any(handler is None or not handler.is_idle for handler in self.connections.copy().values())


if hasattr(os, "fork"):
    __all__ += ["ForkingWSGIServer"]

    class ForkingWSGIServer(socketserver.ForkingMixIn, BaseWSGIServer):
        """A process for each connection, and never more than processes of them."""

        multiprocess = True
        block_on_close = False  # await_end() waits, but not for ever

        def __init__(
            self,
            host: str,
            port: int,
            app: WSGIApplication,
            processes: int = 40,
            handler: type[WSGIRequestHandler] | None = None,
            passthrough_errors: bool = False,
            *,
            fd: int | None = None,
        ) -> None:
            super().__init__(host, port, app, handler, passthrough_errors, fd=fd)
            self.max_children = processes

        def process_request(self, request: Any, client_address: Any) -> None:
            """Make a process for a connection.

            A signal waits until that is done: Python swallows the KeyboardInterrupt that comes out of
            its fork hooks.  What is unwritten is written before, or each child would write it again.
            """
            _flush_output()
            self.signal_mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
            try:
                super().process_request(request, client_address)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, self.signal_mask)

        def finish_request(self, request: Any, client_address: Any) -> None:
            """Serve a connection: this is the child, which os._exit() ends after it."""
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.end_child)
            signal.pthread_sigmask(signal.SIG_SETMASK, self.signal_mask)
            try:
                super().finish_request(request, client_address)
            finally:
                _flush_output()

        def end_child(self, *args: object) -> None:
            """The signal to stop has come to a child: it answers its request, and no other."""
            self.is_closing = True
            with open(os.devnull, "rb") as nothing:  # while a copy of our socket is open, nobody else has the port;
                os.dup2(nothing.fileno(), self.socket.fileno())  # no close(): await_turn() may be about to use it
            self.close_idle_connections()

        def end_connections(self) -> None:
            """Tell the children to end, wait for them, then kill the rest."""
            self.max_children = sys.maxsize  # with fewer, collect_children() would wait for one of them
            self.signal_children(signal.SIGTERM)
            try:
                self.await_end(self.collect_and_count)
            finally:
                self.signal_children(signal.SIGKILL)
                self.collect_children(blocking=True)

        def collect_and_count(self) -> int:
            self.collect_children()
            return len(self.active_children or ())

        def signal_children(self, number: int) -> None:
            for pid in self.active_children or ():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


def make_server(
    host: str | None = None,
    port: int | None = None,
    app: WSGIApplication | None = None,
    threaded: bool = False,
    processes: int = 1,
    request_handler: type[WSGIRequestHandler] | None = None,
    passthrough_errors: bool = False,
    *,
    fd: int | None = None,
) -> BaseWSGIServer:
    """Make a server that listens already; its serve_forever() then serves.

    >>> server = make_server("127.0.0.1", 0, threaded=True)
    >>> type(server).__name__
    'ThreadedWSGIServer'
    >>> server.server_close()

    host         127.0.0.1 if None: this machine only
    port         any free one if None or 0; server.port tells which
    threaded     a thread for each connection
    processes    more than 1: a process for each connection, at most so many at a time
    fd           a socket that listens already, as systemd hands them over

    The rest is as for BaseWSGIServer.
    """
    host = "127.0.0.1" if host is None else host
    if threaded and processes > 1:
        raise ValueError(f"threaded=True and processes={processes} exclude each other: choose one")
    if processes > 1:
        if not hasattr(os, "fork"):
            raise ValueError(f"processes={processes} needs os.fork(), which is missing here: use threaded=True")
        return ForkingWSGIServer(host, port or 0, app, processes, request_handler, passthrough_errors, fd=fd)  # type: ignore[arg-type]
    server_class = ThreadedWSGIServer if threaded else BaseWSGIServer
    return server_class(host, port or 0, app, request_handler, passthrough_errors, fd=fd)  # type: ignore[arg-type]


def run_simple(
    hostname: str,
    port: int,
    application: WSGIApplication,
    *,
    threaded: bool = False,
    processes: int = 1,
    request_handler: type[WSGIRequestHandler] | None = None,
    passthrough_errors: bool = False,
) -> None:
    """Serve an application until Ctrl-C or SIGTERM.

    hostname    "127.0.0.1" for this machine only, "0.0.0.0" or "::" for all who can reach it,
                or "unix://" and a path
    port        0 takes a free one, and prints it
    raises      SystemExit(1) after one line on stderr if it cannot listen there

    The rest is as for make_server.
    """
    if not isinstance(port, int):
        raise TypeError(f"port {port!r} is no int: use int(port)")
    try:
        server = make_server(hostname, port, application, threaded, processes, request_handler, passthrough_errors)
    except OSError as error:
        print(error.strerror, file=sys.stderr)
        raise SystemExit(1) from None
    server.log_startup()
    server.serve_forever()


class _SigtermAsCtrlC:
    """Within it, SIGTERM stops the server as Ctrl-C does, unless the program has its own idea."""

    def __enter__(self):
        self.is_ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        )
        if self.is_ours:
            signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __exit__(self, *exc_info):
        if self.is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _wait_readable(sockets, seconds):
    """Those of the sockets that have something to read, after at most so many seconds."""
    # No file descriptor of its own, as epoll would have, and no limit to the numbers of others, as select() has.
    with getattr(selectors, "PollSelector", selectors.SelectSelector)() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(seconds)]


def _flush_output():
    """Write what print() holds back: the end of a child by os._exit() would lose it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # there is none, or it is closed
            stream.flush()


def _show_log():
    """Let the user see our lines, unless the program has said where its log goes."""
    if _logger.level == logging.NOTSET:
        _logger.setLevel(logging.INFO)
    if not _logger.hasHandlers():
        _logger.addHandler(logging.StreamHandler())
