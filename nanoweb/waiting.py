"""How we wait: for a client, for as long as it may take; and for many sockets at once.

In a request's way: wherever the client has not yet done its part.  Connections wait in the selector of the crew
(EpollWatch, SelectorWatch), which costs no thread; only where the application itself reads or writes, a thread
waits for one of them (wait_for).  Pace is the patience that a client can count on in either case.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ClientGone",
    "ClientSilent",
    "EpollWatch",
    "NothingYet",
    "Pace",
    "SelectorWatch",
    "new_watch",
    "wait_for",
    "wait_readable",
]


class ClientGone(ConnectionError):
    """The client has closed or reset the connection, or takes nothing more: nobody is there to answer."""


class NothingYet(Exception):
    """The client has sent nothing: it must be waited for."""


class ClientSilent(ClientGone):
    """The client did nothing within the time it had."""


# For one socket

_LONGEST = 2e6  # seconds: poll() counts milliseconds, in 32 bits
_AT_A_TIME = 1.0  # seconds: a signal that comes just before poll() does not end it, and is heard when it ends


def wait_for(connection: socket.socket, seconds: float, room: bool = False) -> bool:
    """Wait until a connection has something to read, or room for us to send; False if that takes longer."""
    end = time.monotonic() + seconds
    while True:
        left = max(end - time.monotonic(), 0.0)
        if _is_ready(connection, min(left, _AT_A_TIME), room):
            return True
        if left <= _AT_A_TIME:
            return False


def _is_ready(connection, seconds, room):
    if hasattr(select, "poll"):  # select() knows no descriptor over 1023
        poll = select.poll()
        poll.register(connection, select.POLLOUT if room else select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    wanted = [connection]
    return any(select.select([] if room else wanted, wanted if room else [], [], seconds))


class Pace:
    """The time that a client has for one body, whether it sends or takes it.

    >>> pace = Pace(timeout=30, rate=500)
    >>> pace.waited, pace.moved = 40, 10000         # 20 seconds more for the bytes, and 40 are over
    >>> pace.left()
    10.0

    timeout    seconds that it may let pass without a byte, and seconds it has to begin with
    rate       bytes that give it one second more; 0 gives it all the time it wants
    waited     seconds in which we have waited for it
    moved      bytes of the body that have moved meanwhile
    since      when we began to wait (time.monotonic()), None while we do not
    """

    __slots__ = ("moved", "rate", "since", "timeout", "waited")

    def __init__(self, timeout: float, rate: float) -> None:
        self.timeout = timeout
        self.rate = rate
        self.waited = 0.0
        self.moved = 0
        self.since: float | None = None

    def left(self) -> float:
        """Return the seconds within which something must move."""
        if not self.rate:
            return self.timeout
        return max(min(self.timeout, self.timeout + self.moved / self.rate - self.waited), 0.0)

    def begin(self) -> float:
        """We wait for the client from now on; return until when."""
        self.since = time.monotonic()
        return self.since + self.left()

    def end(self) -> None:
        """The client has done something."""
        if self.since is not None:
            self.waited += time.monotonic() - self.since
            self.since = None

    def wait(self, connection: socket.socket, room: bool = False) -> None:
        """Have this thread wait for the client; raises ClientSilent when its time is over."""
        seconds = self.left()
        self.begin()
        is_ready = wait_for(connection, seconds, room)
        self.end()
        if not is_ready:
            raise ClientSilent("the client took too long")


def wait_readable(sockets: list[socket.socket], seconds: float | None = None) -> list[Any]:
    """Return those of the sockets that have something to read, after at most so many seconds; None is for ever."""
    # No file descriptor of its own, as epoll would have, and no limit to the numbers of others, as select() has.
    with getattr(selectors, "PollSelector", selectors.SelectSelector)() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(None if seconds is None else min(seconds, _LONGEST))]


# For many sockets


class EpollWatch:
    """Tells which of many sockets are ready, by epoll.

    The selectors module does it too, with three times the Python for each socket.

    is_attentive    whether a socket that is added while another thread waits is heard at once
    """

    is_attentive = True

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.watched: dict[int, Any] = {}

    def watch(self, sock: socket.socket, who: Any, room: bool = False) -> int:
        """Have wait() return who when a socket has something to read, or room; return what unwatch() takes."""
        fd = sock.fileno()
        self.watched[fd] = who  # before: a thread that waits would find it again and again, and know nobody
        try:
            self.epoll.register(fd, select.EPOLLOUT if room else select.EPOLLIN)
        except BaseException:
            del self.watched[fd]
            raise
        return fd

    def unwatch(self, fd: int, who: Any) -> None:
        if self.watched.get(fd) is who:  # else somebody has closed its socket, and the number is another's now
            with suppress(OSError):
                self.epoll.unregister(fd)
            del self.watched[fd]  # after: see watch()

    def wait(self, seconds: float | None) -> list[Any]:
        """Wait until some are ready; return them, and maybe None in between, or nothing if the time is over."""
        find = self.watched.get  # None where another thread has looked away meanwhile
        return [find(fd) for fd, _ in self.epoll.poll(seconds, 256)]

    def close(self) -> None:
        self.epoll.close()


class SelectorWatch:
    """The same by what the selectors module has for the platform."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.is_attentive = type(selector).__name__ == "KqueueSelector"

    def watch(self, sock: socket.socket, who: Any, room: bool = False) -> int:
        events = selectors.EVENT_WRITE if room else selectors.EVENT_READ
        return self.selector.register(sock.fileno(), events, who).fd

    def unwatch(self, fd: int, who: Any) -> None:
        key = self.selector.get_map().get(fd)
        if key is not None and key.data is who:
            self.selector.unregister(fd)

    def wait(self, seconds: float | None) -> list[Any]:
        try:
            return [key.data for key, _ in self.selector.select(seconds)]
        except (OSError, ValueError):
            closed = self.find_closed()
            if not closed:
                raise
            return closed

    def find_closed(self) -> list[Any]:
        """Return those whose socket somebody has closed: select() fails for all because of one."""
        closed = []
        for key in list(self.selector.get_map().values()):
            try:
                os.fstat(key.fd)
            except OSError:
                closed.append(key.data)
        return closed

    def close(self) -> None:
        self.selector.close()


def new_watch() -> EpollWatch | SelectorWatch:
    return EpollWatch() if hasattr(select, "epoll") else SelectorWatch(selectors.DefaultSelector())
