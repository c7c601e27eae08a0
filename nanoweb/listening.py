"""Where a server listens: kinds of addresses, and why one cannot be had.

In a request's way: nowhere, this was done before the first one.  serving asks
for an address here, and for the line to show when the system refuses it.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from contextlib import suppress

__all__ = [
    "admit",
    "adopt_socket",
    "bar_newcomers",
    "explain_bind_error",
    "get_sockaddr",
    "remove_stale_socket",
    "select_address_family",
    "systemd_socket",
    "unix_family",
    "url_of",
]

unix_family = getattr(socket, "AF_UNIX", None)


def select_address_family(host: str, port: int) -> socket.AddressFamily:
    """Return the kind of address that host is.

    >>> select_address_family("127.0.0.1", 80).name, select_address_family("::1", 80).name
    ('AF_INET', 'AF_INET6')
    """
    if host.startswith("unix://"):
        if unix_family is None:
            raise ValueError(f"host {host!r}: there are no Unix sockets on this platform")
        return unix_family
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def get_sockaddr(host: str, port: int, family: socket.AddressFamily) -> object:
    """Return the address to bind: a path, or a tuple that starts with address and port.

    >>> get_sockaddr("localhost", 5000, socket.AF_INET)
    ('127.0.0.1', 5000)

    raises    OSError for what cannot be a host or a path on any machine
    """
    if "\0" in host:
        raise OSError(errno.EINVAL, f"Cannot listen on {host!r:.80}: no host and no path holds a NUL.")
    if family == unix_family:
        return os.path.abspath(host.partition("://")[2])
    if not 0 <= port <= 65535:  # getaddrinfo() would take the remainder
        raise ValueError(f"port {port} is not from 0 to 65535")
    try:
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, socket.IPPROTO_TCP)[0][4]
    except socket.gaierror:
        return (host, port)  # bind() will say what is wrong with it
    except UnicodeError:  # of the idna codec
        reason = "a host name has 1 to 63 characters between its dots"
        raise OSError(errno.EINVAL, f"Cannot listen on {host!r:.80}: {reason}.") from None


def explain_bind_error(error: OSError, host: str, port: int) -> str:
    """Return one line: where we could not listen, why, and what to do.

    >>> explain_bind_error(OSError(errno.EADDRINUSE, "Address already in use"), "127.0.0.1", 8000)
    'Port 8000 is in use by another program: stop it, or choose another by --port, app.run(port=...), FLASK_RUN_PORT.'
    """
    if error.errno == errno.EADDRINUSE and not host.startswith("unix://"):
        cure = "stop it, or choose another by --port, app.run(port=...), FLASK_RUN_PORT"
        if sys.platform == "darwin" and port == 5000:
            cure += "; on macOS it is often the AirPlay Receiver (System Settings, AirDrop & Handoff)"
        return f"Port {port} is in use by another program: {cure}."
    where = host if host.startswith("unix://") else f"{host} port {port}"
    reason = f"Cannot listen on {where}: {error.strerror or error}"  # "AF_UNIX path too long" is no strerror
    if error.errno == errno.EACCES and 0 < port < 1024:
        return f"{reason}. Ports below 1024 need special rights: choose a higher one."
    return f"{reason}."


def remove_stale_socket(path: str) -> None:
    """Remove the file of a Unix socket that nobody listens on any more, and nothing else."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
        with socket.socket(unix_family) as probe:  # type: ignore[arg-type]
            probe.setblocking(False)  # who listens may have no room in its queue, and would keep us waiting
            probe.connect(path)
    except ConnectionRefusedError:
        os.unlink(path)
    except (BlockingIOError, FileNotFoundError):
        pass


def adopt_socket(fd: int) -> socket.socket:
    """Return a socket of our own for a descriptor that listens already; the descriptor stays as it is.

    raises    OSError where it is none that listens
    """
    try:
        sock = socket.socket(fileno=os.dup(fd))
    except (OSError, OverflowError) as error:
        raise OSError(errno.EBADF, f"descriptor {fd} is no open socket: {error}") from None
    if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.close()
        raise OSError(errno.EINVAL, f"descriptor {fd} is a socket that does not listen")
    return sock


def systemd_socket() -> int:
    """Return the descriptor of the socket that systemd has opened for this process: sd_listen_fds(3).

    raises    OSError where there is none, or where there are several
    """
    count, pid = os.environ.get("LISTEN_FDS", ""), os.environ.get("LISTEN_PID", "")
    if count == "1" and pid in ("", str(os.getpid())):
        return _FIRST_OF_SYSTEMD
    raise OSError(
        errno.EBADF,
        f"systemd hands over no socket, or not exactly one: LISTEN_FDS is {count!r}, LISTEN_PID is {pid!r}, "
        f"and this process is {os.getpid()}",
    )


_FIRST_OF_SYSTEMD = 3

# Linux can be told to ignore packets that may have come from too far, with fewer hops left than so many; and all have
# fewer than 255.  IP_MINTTL for IPv4, IPV6_MINHOPCOUNT for IPv6: the socket module does not name them.
_FARTHEST = {}
if sys.platform == "linux":
    _FARTHEST[socket.AF_INET] = [(socket.IPPROTO_IP, 21)]
    _FARTHEST[socket.AF_INET6] = [(socket.IPPROTO_IP, 21), (socket.IPPROTO_IPV6, 73)]


def bar_newcomers(sock: socket.socket) -> None:
    """Have nobody begin to connect to a socket that listens; what has begun, and what waits, can be accepted.

    After it the socket can be emptied and closed.  A close alone resets who has connected since
    the last accept(), and believes to have been heard.  Linux only, elsewhere it does nothing.
    """
    for level, option in _FARTHEST.get(sock.family, ()):
        with suppress(OSError):
            sock.setsockopt(level, option, 255)


def admit(sock: socket.socket) -> None:
    """Lift the bar from a connection: it has it from the socket that it was accepted by."""
    for level, option in _FARTHEST.get(sock.family, ()):
        with suppress(OSError):
            sock.setsockopt(level, option, 0)


def url_of(host: str, port: int, scheme: str = "http") -> str:
    """Return the address as it can be clicked: IPv6 needs brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
