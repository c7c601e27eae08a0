"""The servers: they listen, and say who serves what comes.

In a request's way: before the crew, which waits for the connections of a server, and the handler,
which serves one of them.  BaseWSGIServer does all in one thread, ThreadedWSGIServer has a crew of
several, ForkingWSGIServer makes a process for each connection.  make_server() chooses among them.
There are two doors: run_simple() for development, serve() for leaving it on.
"""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from http.server import HTTPServer

from .accesslog import flush_output, log_writer, show_log, tell
from .connections import WSGIRequestHandler
from .crew import Crew, ForkingCrew
from .listening import (
    admit,
    adopt_socket,
    bar_newcomers,
    explain_bind_error,
    get_sockaddr,
    remove_stale_socket,
    select_address_family,
    systemd_socket,
    unix_family,
    url_of,
)
from .waiting import wait_for, wait_readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from .reloader import is_running_from_reloader, run_with_reloader
    from .wsgi import WSGIApplication

__all__ = [
    "BaseWSGIServer",
    "ThreadedWSGIServer",
    "WSGIRequestHandler",
    "get_sockaddr",
    "is_running_from_reloader",
    "make_server",
    "run_simple",
    "run_with_reloader",
    "select_address_family",
    "serve",
]


class BaseWSGIServer(HTTPServer):
    """Listens, and answers one request after another in the thread that called serve_forever().

    >>> server = BaseWSGIServer("127.0.0.1", 0, app=None)
    >>> server.host, server.port != 0
    ('127.0.0.1', True)
    >>> server.server_close()

    host        name or address, or "unix://" and the path of a socket
    port        0 takes a free one; the attribute of that name then tells which
    app         the WSGI application; may be set later
    handler     the class for connections, WSGIRequestHandler if None
    passthrough_errors    whether an exception of the application is raised on, unanswered, rather than
                logged and answered with a 500 (for debuggers): it ends the thread that serves;
                where one thread serves all, the server; a process logs it before it ends
    ssl_context    speak TLS: an ssl.SSLContext, or what tls.make_ssl_context() makes one of
    fd          an open socket that listens already, maybe "systemd" for the one that it hands over;
                host and port are then for show
    mode        of the file of a Unix socket, 0o660 for example: who may write to it may connect;
                None leaves that to the umask
    raises      OSError that says what to do if the address cannot be had

    crew           who waits for the connections, and serves them
    connections    {socket: its handler}
    is_closing     whether each connection ends with its next answer
    shall_end      whether shutdown() was called, or a signal has come
    """

    multithread = False
    multiprocess = False
    threads = 1
    max_connections = 500 if sys.platform == "win32" else 1000  # more get a 503, unless one of these is silent
    max_outbox = 67108864  # bytes of answers that wait for their clients; with more of them, threads wait too
    shutdown_timeout = 5.0  # seconds that requests in progress have to end when the server closes

    crew: Any = None
    crew_class: Any = Crew
    active_children: Any = None
    pid = 0  # of the process that serves: a view may fork, and what goes on then in the child is no server
    serving_thread: threading.Thread | None = None
    socket_file: Any = None  # the path of a Unix socket, if we made it; its maker is the process that removes it
    socket_number = 0  # of that file
    maker = 0  # 0 where the socket is not ours, or nobody can connect to it any more
    is_closed = False
    request_queue_size = 1024
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
        ssl_context: Any = None,
        fd: int | str | None = None,
        *,
        mode: int | None = None,
    ) -> None:
        self.host = host
        self.app = app
        self.mode = mode
        self.ssl_context = None if ssl_context is None else _load_tls().make_ssl_context(ssl_context)
        self.passthrough_errors = passthrough_errors
        self.connections: dict[socket.socket, WSGIRequestHandler] = {}
        self.is_closing = self.shall_end = False
        self.life = threading.Lock()  # held to begin serving, or to decide that there will be none
        self.has_ended = threading.Event()
        self.address_family = select_address_family(host, port)
        address: Any = get_sockaddr(host, int(port), self.address_family)
        super().__init__(address, handler or WSGIRequestHandler, bind_and_activate=False)
        try:
            if fd is None:
                self.server_bind()
                self.server_activate()
            else:
                self.adopt_socket(systemd_socket() if fd == "systemd" else fd)
        except OSError as error:
            self.socket.close()
            reason = explain_bind_error(error, host, port) if fd is None else f"Cannot serve: {error.strerror}."
            raise OSError(error.errno, reason) from error
        self.take_name()

    # Where it listens

    def server_bind(self) -> None:
        if self.address_family == unix_family:
            remove_stale_socket(self.server_address)  # type: ignore[arg-type]
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the DNS for our name, which takes seconds
        self.maker = os.getpid()
        if self.address_family == unix_family:
            self.socket_file = self.server_address
            self.socket_number = os.stat(self.socket_file).st_ino
            if self.mode is not None:  # before we listen: until then nobody can connect
                os.chmod(self.socket_file, self.mode)

    def adopt_socket(self, fd: Any) -> None:
        self.socket.close()
        self.socket = adopt_socket(fd)
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

    def close_door(self) -> None:
        """Have nobody new connect, if the socket is ours; who waits in its queue can still be taken."""
        if self.maker != os.getpid():
            return
        self.maker = 0
        path, self.socket_file = self.socket_file, None
        if path is None:
            bar_newcomers(self.socket)
        else:
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == self.socket_number:  # else another server has taken our place
                    os.unlink(path)

    def close_listener(self) -> None:
        """Listen no more."""
        self.close_door()
        self.socket.close()

    # From the beginning to the end

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until shutdown(), Ctrl-C or SIGTERM; finish what has begun, and close."""
        with self.life:
            if self.shall_end or self.is_closed:
                return
            self.serving_thread = threading.current_thread()
        self.pid = os.getpid()
        try:
            with suppress(KeyboardInterrupt), StopSignals(self):
                try:
                    self.crew = self.crew or self.crew_class(self, self.threads)
                    self.run_and_finish(self.crew)
                finally:
                    self.close_all()
        finally:
            self.close_all()  # a second signal may have come before the first line of the other call
            self.has_ended.set()

    def run_and_finish(self, crew: Crew) -> None:
        """Serve until the end, and finish what has begun; a second signal cuts that short, an error leaves it out."""
        leaving = None
        try:
            crew.run()
        except (KeyboardInterrupt, SystemExit) as error:  # by a signal handler of the program's own
            leaving = error
        self.is_closing = True
        self.finish_all(crew)
        if leaving is not None:
            raise leaving

    def finish_all(self, crew: Crew) -> None:
        """Give what has begun the time of shutdown_timeout."""
        crew.drain()

    def handle_request(self) -> None:
        """Answer one request, and close its connection; return without one after the seconds that timeout says."""
        self.crew = self.crew or self.crew_class(self, self.threads)
        self.is_closing = True
        try:
            if not self.crew.run_once(self.timeout):
                self.handle_timeout()
        finally:
            self.is_closing = self.shall_end or self.is_closed

    def shutdown(self, timeout: float | None = None) -> None:
        """End serve_forever(), from another thread, and wait for that; if it has not begun, close instead.

        timeout   seconds that requests in progress have to be answered, shutdown_timeout if None

        Where one thread serves all, a view that does not return cannot be ended by another thread, and is
        waited for.  A view may call it too, and is not waited for.
        """
        if timeout is not None:
            self.shutdown_timeout = timeout
        with self.life:
            self.stop_soon()
            serving = self.serving_thread
        if serving is None:
            self.close_all()
            return
        current = threading.current_thread()
        if current is not serving and not (self.crew and current in self.crew.members):
            self.has_ended.wait()

    def stop_soon(self) -> None:
        """Have serve_forever() end: for signal handlers too."""
        self.shall_end = self.is_closing = True
        if self.crew is not None:
            self.crew.wake()

    def server_close(self) -> None:
        """Stop listening and close all connections; if serve_forever() runs, end that, which then does so."""
        if self.serving_thread is None:
            self.close_all()
        else:
            self.shutdown()

    def close_all(self) -> None:
        """Close whatever is open: nothing waits for a client here, and no signal comes in between."""
        with self.life:
            self.is_closed = self.is_closing = True
        self.close_listener()
        if self.crew is not None:
            self.crew.end()

    # What the crew asks for

    def get_request(self) -> tuple[Any, Any]:
        request, client_address = self.socket.accept()
        if self.is_closing or self.multiprocess:  # another process may have closed the door
            admit(request)
        if self.ssl_context is not None:
            return _load_tls().TLSConnection(request, self.ssl_context), client_address
        return request, client_address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Have the crew watch a new connection."""
        crew: Crew = self.crew
        is_full = len(self.connections) >= self.max_connections and not crew.make_room()
        if is_full and len(self.connections) >= self.max_connections * 1.25:
            self.shutdown_request(request)  # too many even to tell them
            return
        handler = self.RequestHandlerClass.begin(request, client_address, self)  # type: ignore[attr-defined]
        try:
            if is_full:
                handler.turn_away(f"more than {self.max_connections} connections: try again later")
            crew.watch(handler)
        except BaseException:
            handler.finish()
            raise

    # What a handler asks for

    def await_turn(self, handler: WSGIRequestHandler) -> bool:
        """Wait until a connection that is served alone can go on, or is late; False to leave it."""
        log_writer.flush()
        seconds = max(handler.deadline - time.monotonic(), 0)
        handler.is_late = not wait_for(handler.connection, seconds, bool(handler.outbox.parts))
        return True

    def hand_over(self, handler: WSGIRequestHandler) -> None:
        """The application may take the socket for itself, as the request asks for another protocol."""
        if self.crew is not None:
            self.crew.unwatch(handler)
        handler.connection.setblocking(True)

    def others_wait(self) -> bool:
        """Whether there is more to do than the request at hand."""
        return self.crew is not None and len(self.crew.ready) > 0

    def may_wait(self) -> bool:
        """Whether what finds no room on the wire may wait in the memory, without a thread."""
        return sum(handler.outbox.size for handler in self.connections.copy().values()) <= self.max_outbox

    def lets_through(self, error: BaseException) -> bool:
        """Whether an exception out of the application is meant for the server, or for a debugger."""
        if isinstance(error, KeyboardInterrupt):  # a Ctrl-C where one thread does all, else the application's own
            return not self.multithread and not self.multiprocess
        return self.passthrough_errors and isinstance(error, Exception)

    def is_forked(self) -> bool:
        """Whether this process is one that a view has forked, and no server."""
        return self.pid not in (0, os.getpid())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Called for what no handler has caught: an error of ours, or of the application if it passes through."""
        if self.passthrough_errors and not self.multiprocess:  # a process would end without a word
            self.shutdown_request(request)
            raise  # noqa: PLE0704  # socketserver calls this while it handles the exception
        self.log("error", "a connection from %s ended in an error", client_address, exc_info=sys.exc_info())

    # What it says

    def log(self, type: str, message: str, *args: Any, **kwargs: Any) -> None:
        """Log a line; type is the name of a logger's method."""
        tell(type, message, *args, **kwargs)

    def log_startup(self, *notes: str) -> None:
        """Say where we listen."""
        show_log()
        for line in [*self.describe(), *notes]:
            self.log("info", " * %s", line)
        self.log("info", "Press CTRL+C to quit")
        log_writer.flush()

    def describe(self) -> list[str]:
        if not isinstance(self.server_address, tuple):
            return [f"Running on unix://{self.server_address}"]
        host = self.server_address[0]
        scheme = "http" if self.ssl_context is None else "https"
        if host not in ("0.0.0.0", "::"):
            return [f"Running on {url_of(self.host, self.port, scheme)}"]
        loopback = "127.0.0.1" if host == "0.0.0.0" else "::1"
        return [f"Running on all addresses ({host})", f"Running on {url_of(loopback, self.port, scheme)}"]


class ThreadedWSGIServer(socketserver.ThreadingMixIn, BaseWSGIServer):
    """Answers requests in up to threads threads; a connection that waits for its client holds none of them."""

    multithread = True
    daemon_threads = True
    block_on_close = False
    threads = 32

    def process_request(self, request: Any, client_address: Any) -> None:
        BaseWSGIServer.process_request(self, request, client_address)  # the crew has the threads


if hasattr(os, "fork"):
    __all__ += ["ForkingWSGIServer"]

    class ForkingWSGIServer(socketserver.ForkingMixIn, BaseWSGIServer):
        """A process for each connection on which something has come, and never more than processes of them."""

        multiprocess = True
        block_on_close = False  # await_children() waits, but not for ever
        crew_class = ForkingCrew

        def __init__(
            self,
            host: str,
            port: int,
            app: WSGIApplication,
            processes: int = 40,
            handler: type[WSGIRequestHandler] | None = None,
            passthrough_errors: bool = False,
            ssl_context: Any = None,
            fd: int | str | None = None,
            *,
            mode: int | None = None,
        ) -> None:
            super().__init__(host, port, app, handler, passthrough_errors, ssl_context, fd, mode=mode)
            self.processes = processes
            self.max_children = sys.maxsize  # with fewer, collect_children() waits for one; may_fork() does not

        def process_request(self, request: Any, client_address: Any) -> None:
            BaseWSGIServer.process_request(self, request, client_address)  # it has no process while it is silent

        def may_fork(self) -> bool:
            """Whether there may be one process more."""
            self.collect_children()
            return len(self.active_children or ()) < self.processes

        def make_process(self, request: Any, client_address: Any) -> None:
            """Make a process for a connection.

            A signal waits until that is done: it is not for the child, nor for the parent in the middle
            of this.  What is unwritten is written before, or each child would write it again.
            """
            flush_output()
            self.signal_mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
            try:
                super().process_request(request, client_address)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, self.signal_mask)

        # In the child

        def finish_request(self, request: Any, client_address: Any) -> None:
            """Serve a connection: this is the child, which os._exit() ends after it."""
            self.pid = os.getpid()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self.end_child)
            signal.pthread_sigmask(signal.SIG_SETMASK, self.signal_mask)
            self.crew.forget_others(request)
            try:
                super().finish_request(request, client_address)
            finally:
                flush_output()

        def end_child(self, number: int, frame: object) -> None:
            """The signal to stop has come to a child: it answers its request, and no other."""
            if self.is_forked():
                _die_of(number)
            self.is_closing = True

        def await_turn(self, handler: WSGIRequestHandler) -> bool:
            """As in every server, but leave a connection that is silent while the crew calls its processes home."""
            if handler.is_idle() and self.is_called(handler):
                return False
            return super().await_turn(handler)

        def is_called(self, handler: WSGIRequestHandler) -> bool:
            """Wait as long as a connection may be silent; True if that is over since the crew calls."""
            connection, recall = handler.connection, self.crew.recall
            while True:
                ready = wait_readable([connection, recall], handler.deadline - time.monotonic())
                if connection in ready or recall not in ready:
                    return False
                self.is_closing = True
                if wait_readable([connection], handler.crowded_timeout):
                    return False
                if wait_readable([recall], 0):  # still: meanwhile another may have made room
                    return True

        # In the parent

        def finish_all(self, crew: Crew) -> None:
            self.signal_children(signal.SIGTERM)
            super().finish_all(crew)
            self.await_children()

        def server_close(self) -> None:
            self.await_children()
            super().server_close()

        def await_children(self) -> None:
            """Tell the children to end, and wait for that for shutdown_timeout seconds."""
            began = time.monotonic()
            self.signal_children(signal.SIGTERM)
            while self.active_children and time.monotonic() < began + self.shutdown_timeout:
                time.sleep(0.01)
                self.collect_children()

        def close_all(self) -> None:
            super().close_all()
            self.signal_children(signal.SIGKILL)
            self.collect_children(blocking=True)

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
    ssl_context: Any = None,
    fd: int | str | None = None,
    *,
    threads: int | None = None,
    mode: int | None = None,
) -> BaseWSGIServer:
    """Make a server that listens already; its serve_forever() then serves.

    >>> server = make_server("127.0.0.1", 0, threaded=True)
    >>> type(server).__name__
    'ThreadedWSGIServer'
    >>> server.server_close()

    host         127.0.0.1 if None: this machine only
    port         any free one if None or 0; server.port tells which
    threaded     several threads: one view that waits does not keep others waiting
    processes    more than 1: a process for each connection, at most so many at a time
    threads      how many at most with threaded, 32 if None

    The rest is as for BaseWSGIServer.
    """
    host = "127.0.0.1" if host is None else host
    options: Any = {"ssl_context": ssl_context, "fd": fd, "mode": mode}
    if threads is not None and (not threaded or threads < 1):
        raise ValueError(f"threads={threads} with threaded={threaded}: threaded=True, and 1 or more of them")
    if threaded and processes > 1:
        raise ValueError(f"threaded=True and processes={processes} exclude each other: choose one")
    if processes > 1:
        if not hasattr(os, "fork"):
            raise ValueError(f"processes={processes} needs os.fork(), which is missing here: use threaded=True")
        return ForkingWSGIServer(host, port or 0, app, processes, request_handler, passthrough_errors, **options)  # type: ignore[arg-type]
    server_class = ThreadedWSGIServer if threaded else BaseWSGIServer
    server = server_class(host, port or 0, app, request_handler, passthrough_errors, **options)  # type: ignore[arg-type]
    server.threads = server.threads if threads is None else threads
    return server


# The door for development


def run_simple(
    hostname: str,
    port: int,
    application: WSGIApplication,
    use_reloader: bool = False,
    use_debugger: bool = False,
    use_evalex: bool = True,
    extra_files: Iterable[str] | None = None,
    exclude_patterns: Iterable[str] | None = None,
    reloader_interval: float = 1,
    reloader_type: str = "auto",
    threaded: bool = False,
    processes: int = 1,
    request_handler: type[WSGIRequestHandler] | None = None,
    static_files: Mapping[str, Any] | None = None,
    passthrough_errors: bool = False,
    ssl_context: Any = None,
) -> None:
    """Serve an application while it is developed, until Ctrl-C or SIGTERM; to leave one on, there is serve().

    hostname        "127.0.0.1" for this machine only, "0.0.0.0" or "::" for all who can reach it,
                    or "unix://" and a path
    port            0 takes a free one, and prints it
    use_reloader    start again when a file changes; what the next four mean, reloader.run_with_reloader() says
    use_debugger    show errors in the browser, as soon as there is a debugger; use_evalex is for that as well
    static_files    {path: folder, or (package, folder)}, served beside the application: see SharedDataMiddleware
    raises          SystemExit(1) after one line on stderr if it cannot listen there

    The rest is as for make_server.
    """
    if not isinstance(port, int):
        raise TypeError(f"port {port!r} is no int: use int(port)")
    if static_files:
        from .middleware import SharedDataMiddleware  # for weight

        application = SharedDataMiddleware(application, static_files)
    if use_debugger:
        application = _add_debugger(application, use_evalex)
    reloading = (extra_files, exclude_patterns, reloader_interval, reloader_type) if use_reloader else None
    options = {"threaded": threaded, "processes": processes, "request_handler": request_handler}
    options.update(passthrough_errors=passthrough_errors, ssl_context=ssl_context)
    load_and_run(lambda: application, hostname, port, reloading, **options)


def load_and_run(
    load: Callable[[], WSGIApplication], host: str, port: int, reloading: tuple[Any, ...] | None, **options: Any
) -> None:
    """As run_simple(), but the application is loaded when we listen already: a port that is taken is told at once.

    reloading    what run_with_reloader() takes after the function; None serves without it
    """
    if reloading is None:
        with _listen(make_server, host, port, **options) as server:
            server.app = load()
            server.log_startup(_DEVELOPMENT)
            server.serve_forever()
        return
    from . import reloader  # for weight

    lent = reloader.borrow_socket()
    server = _listen(make_server, host, port, fd=None if lent is None else lent.fileno(), **options)

    def run() -> None:
        server.app = load()
        show_log()
        server.serve_forever()

    with server:
        if lent is not None:
            lent.close()  # the server has its own
        if not reloader.is_running_from_reloader():
            server.log_startup(_DEVELOPMENT)
        reloader.lend_socket(server.socket)
        reloader.run_with_reloader(run, *reloading)


_DEVELOPMENT = "This is for development: to leave it on, use serve() or the command nanoweb serve"


def _listen(make: Callable[..., BaseWSGIServer], *args: Any, **options: Any) -> BaseWSGIServer:
    """Make a server; if it cannot listen, that ends the program with one line."""
    try:
        return make(*args, **options)
    except OSError as error:
        print(error.strerror if error.filename is None else f"{error.strerror}: {error.filename!r}", file=sys.stderr)
        raise SystemExit(1) from None


def _add_debugger(application: WSGIApplication, use_evalex: bool) -> WSGIApplication:
    try:
        from .debug import DebuggedApplication  # type: ignore[import-not-found]
    except ImportError:
        tell("warning", "use_debugger: there is no debugger yet; the log has the errors and where they come from")
        return application
    return DebuggedApplication(application, use_evalex)


# The door for leaving it on

# What serve() takes as limits, and where they are explained.
_SERVER_LIMITS = "max_connections max_outbox shutdown_timeout request_queue_size".split()
_HANDLER_LIMITS = (
    "max_request_line max_head max_field max_fields header_timeout idle_timeout buffer_bytes body_timeout "
    "send_timeout min_body_rate drain_bytes linger_timeout"
).split()
_MOST_SECONDS = 10**9  # what threads and alarm clocks can be told to wait
_AT_LEAST_ONE = ("max_connections", "request_queue_size")


def serve(
    app: WSGIApplication | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    workers: int = 1,
    threads: int = 32,
    load: Callable[[], WSGIApplication] | None = None,
    request_handler: type[WSGIRequestHandler] | None = None,
    ssl_context: Any = None,
    fd: int | str | None = None,
    mode: int | None = None,
    access_log: bool = True,
    **limits: float,
) -> None:
    """Serve an application for good: until SIGTERM or Ctrl-C, after which it finishes what has begun.

        serve(app, "0.0.0.0", 8000, workers=4, max_connections=4000)

    app        the application
    load       returns the application, where that is to be loaded in each worker: then those that SIGHUP starts
               have the code that is on the disk by that time
    workers    processes that share the socket: about as many as there are cores; more than 1 needs os.fork().
               One that dies is replaced; SIGHUP replaces all, one by one.
    threads    in each of them, at most; a connection that waits for its client holds none
    access_log    whether each request is a line in the log
    limits     any of those of BaseWSGIServer and WSGIRequestHandler: max_connections (of each worker),
               shutdown_timeout, max_head, header_timeout, ...; docs/serving.md has them all
    raises     SystemExit(1) after one line on stderr if it cannot listen there, or no worker can start

    What it protects from, and what is left to a proxy in front, docs/serving.md tells.
    The rest is as for BaseWSGIServer.
    """
    if (app is None) == (load is None):
        raise TypeError("serve() takes an application, or load=, a function that returns one: one of the two")
    if not isinstance(threads, int) or threads < 1:
        raise ValueError(f"threads={threads!r} is no number of threads: 1 or more")
    check_limits(limits)
    # Classes of their own, as some of the limits count from the first moment.
    own_limits = {name: value for name, value in limits.items() if name in _SERVER_LIMITS}
    make: Any = type("Server", (ThreadedWSGIServer,), {**own_limits, "threads": threads, "multithread": threads > 1})
    handlers_own: dict[str, Any] = {name: value for name, value in limits.items() if name in _HANDLER_LIMITS}
    if not access_log:
        handlers_own["log_request"] = lambda handler, code="-", size="-": None
    handler = type("Handler", (request_handler or WSGIRequestHandler,), handlers_own)
    server = _listen(make, host, port, app, handler, False, ssl_context, fd, mode=mode)

    def start() -> BaseWSGIServer:
        if load is not None:
            server.app = load()
            show_log()
        return server

    with server:
        if workers == 1:
            server.log_startup()
            with suppress(KeyboardInterrupt):  # a Ctrl-C while the application is loaded
                start().serve_forever()
        else:
            server.multiprocess = True
            _supervise(server, start, workers)


def check_limits(limits: Mapping[str, float]) -> None:
    """Complain of what serve() does not take: TypeError for a name, ValueError for a number."""
    names = _SERVER_LIMITS + _HANDLER_LIMITS
    for name, value in limits.items():
        if name not in names:
            raise TypeError(f"serve() has no {name!r}; limits are {', '.join(names)}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise ValueError(f"{name}={value!r} is no limit: a number, 0 or more")
        if name.endswith("_timeout") and value > _MOST_SECONDS:
            raise ValueError(f"{name}={value!r} is no limit: at most {_MOST_SECONDS} seconds, which is 31 years")
        if not isinstance(value, int) and not name.endswith(("_timeout", "_rate")):
            raise ValueError(f"{name}={value!r} is no limit: a whole number")
        if name in _AT_LEAST_ONE and not 1 <= value < 2**31:
            raise ValueError(f"{name}={value!r} is no limit: from 1 to {2**31 - 1}, or nobody could connect")


def _supervise(server: BaseWSGIServer, start: Callable[[], BaseWSGIServer], workers: int) -> None:
    from .workers import Supervisor, WorkersFailed  # for weight

    # A worker cuts off what goes on after its own limit; only if it does not even do that, it is killed.
    supervisor = Supervisor(
        start, workers, shutdown_timeout=server.shutdown_timeout + 2, on_end=server.close_listener
    )
    server.log_startup()
    try:
        supervisor.run()
    except WorkersFailed as error:
        print(f"Cannot serve: {error}", file=sys.stderr)
        raise SystemExit(1) from None


# What is loaded when it is asked for


def __getattr__(name: str) -> Any:
    if name in ("is_running_from_reloader", "run_with_reloader"):
        from . import reloader

        return getattr(reloader, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _load_tls() -> Any:
    from . import tls  # for weight: most servers speak plain HTTP, some of them behind a proxy that speaks TLS

    return tls


def _die_of(number: int) -> None:
    """End this process by a signal, as if we had no handler for it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


class StopSignals:
    """Within it, the first Ctrl-C or SIGTERM has a server finish what it has begun, the second ends it at once.

    Signals that the program has its own idea of are left alone.  Where one thread does all, the time that a
    view may go on is measured by the alarm clock of the process, unless the program uses that.
    """

    def __init__(self, server: BaseWSGIServer) -> None:
        self.server = server
        self.kept: dict[int, Any] = {}
        self.count = 0

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self.take(signal.SIGINT, signal.default_int_handler)
        self.take(signal.SIGTERM, signal.SIG_DFL)
        if self.server.threads == 1 and not self.server.multiprocess and hasattr(signal, "setitimer"):
            self.take(signal.SIGALRM, signal.SIG_DFL)

    def take(self, number: int, usual: Any) -> None:
        if signal.getsignal(number) is usual:
            self.kept[number] = signal.signal(number, self.hear)

    def hear(self, number: int, frame: object) -> None:
        if self.server.is_forked():
            _die_of(number)
        self.count += 1
        if self.count == 1:
            self.server.stop_soon()
            self.set_alarm(self.server.shutdown_timeout + 0.1)
        elif self.count == 2 and not self.server.is_closed:
            self.server.shutdown_timeout = 0
            raise KeyboardInterrupt

    def set_alarm(self, seconds: float) -> None:
        if hasattr(signal, "SIGALRM") and signal.SIGALRM in self.kept:
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def __exit__(self, *exc_info: object) -> None:
        self.set_alarm(0)
        for number, handler in self.kept.items():
            signal.signal(number, handler)
