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
import stat
import struct
import sys
import threading
import time
from contextlib import suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, HTTPServer

from .wire import (
    RECEIVE_SIZE,
    ChunkedBody,
    ClientGone,
    ClientSilent,
    Inbox,
    RefusedRequest,
    RequestBody,
    ResponseWriter,
    body_length,
    check_unfinished_head,
    keeps_alive,
    parse_head,
    plain_response,
    quote_bytes,
)
from .wsgi import FileWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    StartResponse = Callable[..., Callable[[bytes], object]]
    WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

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
_unix_family = getattr(socket, "AF_UNIX", None)

# A terminal obeys control characters, and a quote would end the request in the log early.
_log_escapes = {code: rf"\x{code:02x}" for code in [*range(0x20), *range(0x7F, 0xA0)]}
_log_escapes.update({ord('"'): '\\"', ord("\\"): "\\\\"})


@lru_cache(maxsize=2)
def _log_date(second):
    """The time as access logs write it, in the time zone of the machine."""
    year, month, day, hour, minute, second, *_ = time.localtime(second)
    return f"{day:02}/{BaseHTTPRequestHandler.monthname[month]}/{year:04} {hour:02}:{minute:02}:{second:02}"


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
        self.receive_timeout: float | None = None
        self.close_connection = self.must_linger = False
        self.body: RequestBody | None = None
        self.command = self.path = self.requestline = ""
        self.request_version = "HTTP/1.1"
        self.server_field = f"Server: {self.version_string().strip()}\r\n"
        self.base_environ = self.make_base_environ()

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
        except Exception as error:  # noqa: BLE001 (this is the edge of the application)
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
            end = inbox.find_head_end()
        self.head_deadline, self.head_checked = None, 0
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
        if not self.server.await_turn(self):
            return False
        try:
            return self.inbox.receive()
        except ClientSilent:
            return False

    def check_unfinished_head(self) -> None:
        """Refuse what can never become a head, rather than wait for its end."""
        data = self.inbox.data[self.inbox.position :]
        line = data.partition(b"\r\n")[0]
        self.requestline = line[:80].decode("latin-1")
        if len(line) > self.max_request_line:
            raise RefusedRequest(414, f"the request line is longer than {self.max_request_line} bytes")
        if len(data) > self.max_head:
            raise RefusedRequest(431, f"the head is longer than {self.max_head} bytes")
        check_unfinished_head(data, self.head_checked)
        self.head_checked = len(data)

    def await_rest_of_head(self) -> bool:
        """Wait for more of a head that has begun; False if the client has left it."""
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
        asks = self.expects_continue(environ) if "HTTP_EXPECT" in environ else False
        if length is not None and length <= len(self.inbox):
            if "HTTP_UPGRADE" in environ:
                self.set_receive_timeout(None)  # a websocket is silent for as long as it likes
            return io.BytesIO(self.inbox.take(length) if length else b"")
        ask = self.send_continue if asks else None
        self.body = ChunkedBody(self.inbox, 0, ask) if length is None else RequestBody(self.inbox, length, ask)
        self.set_receive_timeout(self.body_timeout)
        return io.BufferedReader(self.body, RECEIVE_SIZE)

    def expects_continue(self, environ: dict[str, Any]) -> bool:
        """Whether the client sends its body only when told to.  RFC 9110, section 10.1.1."""
        if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            return False
        if environ["HTTP_EXPECT"].lower() != "100-continue":
            raise RefusedRequest(
                417, f"Expect is {quote_bytes(environ['HTTP_EXPECT'])}; this server knows 100-continue"
            )
        return True

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
        self.close_connection = self.close_connection or self.server.is_crowded()
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

    def recover(self, error: Exception, environ: dict[str, Any], response: ResponseWriter) -> None:
        """Deal with an exception that came out of the application: whose fault is it, can we still answer?

        A ConnectionError that is no more than that says that the connection has served its
        turn (websocket libraries raise it); one of its subclasses is the application's own
        mishap, with its database perhaps.
        """
        self.close_connection = True
        if isinstance(error, ClientGone) or type(error) is ConnectionError:
            self.connection_dropped(error, environ)
        elif self.body is not None and error is self.body.error:
            if not response.head_sent:
                self.refuse(RefusedRequest(400, str(self.body.error.description)))
        elif self.server.passthrough_errors:
            raise error
        else:
            _logger.error('the application failed on "%s"', self.requestline.translate(_log_escapes), exc_info=error)
            if not response.head_sent:
                self.send_error(500, "The application failed; the server's log tells why.")
            elif response.length is None and not response.is_chunked:
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
            if self.connection.family != _unix_family:
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
        if self.must_linger or (self.close_connection and self.inbox):
            self.linger()

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
        getattr(_logger, type)(f"%s - - [%s] {message}", self.address_string(), self.log_date_time_string(), *args)


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
    passthrough_errors    whether an exception of the application stops the server (for debuggers)
    fd          an open socket that listens already; host is then for show
    raises      OSError that says what to do if the address cannot be had
    """

    multithread = False
    multiprocess = False
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
        self.address_family = select_address_family(host, port)
        address = get_sockaddr(host, int(port), self.address_family)
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
        if self.address_family == _unix_family:
            remove_stale_socket(self.server_address)  # type: ignore[arg-type]
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the DNS for our name, which takes seconds
        if self.address_family == _unix_family:
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
        """Serve until shutdown(), Ctrl-C or SIGTERM."""
        try:
            with _SigtermAsCtrlC():
                super().serve_forever(poll_interval)
        except KeyboardInterrupt:
            pass
        finally:
            self.server_close()

    def server_close(self) -> None:
        super().server_close()
        path, self.socket_file = self.socket_file, None
        if path is not None:
            with suppress(FileNotFoundError):
                os.unlink(path)

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self.log("error", "cannot take a connection: %s", error)
                time.sleep(0.1)  # the connection stays in the queue; to try at once would spin
            raise

    def is_crowded(self) -> bool:
        """Whether others wait while one is served; never where each has a thread."""
        return not self.multithread and bool(_wait_readable([self.socket], 0))

    def await_turn(self, handler: WSGIRequestHandler) -> bool:
        """Wait until a connection sends something; False if it is silent while another client waits.

        Browsers open connections that they may never use, and where one thread serves
        all, such a connection must not keep the others from their answers.
        """
        if self.multithread:
            return True
        ready = _wait_readable([handler.connection, self.socket], handler.idle_timeout)
        if handler.connection not in ready and self.socket in ready:
            ready = _wait_readable([handler.connection], handler.crowded_timeout)
        return handler.connection in ready

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Called for what no handler has caught: an error of ours, or of the application if it passes through."""
        if self.passthrough_errors:
            self.shutdown_request(request)
            raise  # noqa: PLE0704  # socketserver calls this while it handles the exception
        _logger.error("a connection from %s ended in an error", client_address, exc_info=sys.exc_info())

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log a line; type is the name of a logger's method."""
        getattr(_logger, type)(message, *args)

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
            return [f"Running on {_url(self.host, self.port)}"]
        loopback = "127.0.0.1" if host == "0.0.0.0" else "::1"
        return [f"Running on all addresses ({host})", f"Running on {_url(loopback, self.port)}"]


class ThreadedWSGIServer(socketserver.ThreadingMixIn, BaseWSGIServer):
    """A thread for each connection.

    connections    the sockets that are being served
    """

    multithread = True
    daemon_threads = True
    block_on_close = False
    max_connections = 1000  # more get a 503

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self.connections) >= self.max_connections:
            self.turn_away(request, f"more than {self.max_connections} connections")
            return
        self.connections.add(request)
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
        self.connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening; connections end when they have been answered."""
        super().server_close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)


if hasattr(os, "fork"):
    __all__ += ["ForkingWSGIServer"]

    class ForkingWSGIServer(socketserver.ForkingMixIn, BaseWSGIServer):
        """A process for each connection, and never more than processes of them."""

        multiprocess = True

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

        def server_close(self) -> None:
            """Stop listening and end the children."""
            for pid in self.active_children or ():
                os.kill(pid, signal.SIGTERM)
            super().server_close()


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


# Addresses


def select_address_family(host: str, port: int) -> socket.AddressFamily:
    """Return the kind of address that host is.

    >>> select_address_family("127.0.0.1", 80).name, select_address_family("::1", 80).name
    ('AF_INET', 'AF_INET6')
    """
    if host.startswith("unix://"):
        if _unix_family is None:
            raise ValueError(f"host {host!r}: there are no Unix sockets on this platform")
        return _unix_family
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def get_sockaddr(host: str, port: int, family: socket.AddressFamily) -> Any:
    """Return the address to bind: a path, or a tuple that starts with address and port.

    >>> get_sockaddr("localhost", 5000, socket.AF_INET)
    ('127.0.0.1', 5000)
    """
    if family == _unix_family:
        return os.path.abspath(host.partition("://")[2])
    if not 0 <= port <= 65535:  # getaddrinfo() would take the remainder
        raise ValueError(f"port {port} is not from 0 to 65535")
    try:
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP)[0][4]
    except socket.gaierror:
        return (host, port)  # bind() will say what is wrong with it


def explain_bind_error(error: OSError, host: str, port: int) -> str:
    """Return one line: where we could not listen, why, and what to do.

    >>> explain_bind_error(OSError(errno.EADDRINUSE, "Address already in use"), "127.0.0.1", 8000)
    'Port 8000 is in use by another program: stop it, or choose another port with --port or app.run(port=...).'
    """
    if error.errno == errno.EADDRINUSE and not host.startswith("unix://"):
        cure = "stop it, or choose another port with --port or app.run(port=...)"
        if sys.platform == "darwin" and port == 5000:
            cure += "; on macOS it is often the AirPlay Receiver (System Settings, AirDrop & Handoff)"
        return f"Port {port} is in use by another program: {cure}."
    where = host if host.startswith("unix://") else f"{host} port {port}"
    reason = f"Cannot listen on {where}: {error.strerror}"
    if error.errno == errno.EACCES and 0 < port < 1024:
        return f"{reason}. Ports below 1024 need special rights: choose a higher one."
    return f"{reason}."


def remove_stale_socket(path: str) -> None:
    """Remove the file of a Unix socket that nobody listens on any more, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
        with socket.socket(_unix_family) as probe:  # type: ignore[arg-type]
            probe.connect(path)
    except ConnectionRefusedError:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _url(host, port):
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _wait_readable(sockets, seconds):
    """Those of the sockets that have something to read, after at most so many seconds."""
    # No file descriptor of its own, as epoll would have, and no limit to the numbers of others, as select() has.
    with getattr(selectors, "PollSelector", selectors.SelectSelector)() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(seconds)]


def _show_log():
    """Let the user see our lines, unless the program has said where its log goes."""
    if _logger.level == logging.NOTSET:
        _logger.setLevel(logging.INFO)
    if not _logger.hasHandlers():
        _logger.addHandler(logging.StreamHandler())
