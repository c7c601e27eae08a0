"""The crew of a server: who waits for its connections, and who serves them.

In a request's way: before the handler, to which it gives a connection on which something has come, and after it.

All connections wait in one selector.  One that is silent, or has sent half a head, or is slow to
take its answer, costs no thread: only where something can be done does a thread of the crew do it.

One thread is enough as long as the views only compute, since Python runs one thread at a time:
several would hand each other the interpreter, which costs more than a whole request.  So the
member that polls the selector serves what it finds itself, one connection after the other, and the
others stand by.  The guard, which is the thread that called serve_forever(), looks every few
milliseconds whether somebody waits while the processor has nothing to do, or waits for too long:
then a view is blocked, by a database or a sleep, and it calls up other members.

Who may do what, so that no two threads ever do it at once:

- Who holds `polling` waits for the selector, accepts connections, and alone makes a connection busy.
- Who took a busy connection from `ready` serves it, and alone makes it free again, or closes it.
- What the selector watches is changed under `watching`, by both of them.
"""

from __future__ import annotations

import errno
import socket
import sys
import threading
import time
from collections import deque
from contextlib import suppress

from .accesslog import log_writer
from .waiting import ClientGone, new_watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .connections import WSGIRequestHandler
    from .serving import BaseWSGIServer, ForkingWSGIServer

__all__ = ["Crew", "ForkingCrew"]

_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_ACCEPTS_AT_ONCE = 16

# What a selector reports beside connections.
BELL, LISTENER = object(), object()

# On Windows Ctrl-C does not wake a thread that waits for a lock.
_LONGEST_SLEEP = 0.5 if sys.platform == "win32" else -1


class Crew:
    """The threads that serve the connections of one server.

    server        whose connections they are
    threads       how many members there may be; of one, it is the thread that calls run(), and there is no guard

    ready         connections with which something can be done, the first one first
    behind        those that could go on at once, as their clients do not wait for answers, but let others pass
    polling       held by the member that waits for the selector
    polled_at     time.monotonic() when the selector last answered
    members       the threads; standing_by has a lock for each that waits to be called up
    relief_until  until when who leaves the selector calls up others itself, since views were blocked a moment ago
    is_draining   whether no new connection is taken, and the others are brought to their end
    turns         how many times a connection went on
    served        how many connections with a request have ended, for run_once()
    most_connections    the most that there were of late, for be_courteous()
    is_over       whether all shall go home
    """

    tick = 0.005  # seconds between two looks of the guard; who waits so long while the processor is idle is helped
    brisk = 0.0005  # seconds that a turn may take on the average, for more threads to be no help
    patience = 0.05  # seconds that a connection may wait where the processor is busy
    distress = 1.0  # seconds that one may wait where all threads are taken; then the slowest client is cut off
    relief = 0.1  # seconds for which blocked views are remembered
    farewell = 1.0  # seconds of silence after which nobody misses a connection
    handshake = 0.05  # seconds in which who has begun to connect when we leave has done so
    homecoming = 1.0  # seconds that threads have to end when the last connection is closed
    courtesy = 0.0005  # seconds that another process has to take the next connection
    pause = 0.1  # seconds between two attempts to take connections when no descriptor is left
    complaint = 60.0  # seconds between two lines in the log that say the same of such a shortage
    doze_after = 20  # ticks with nothing to guard, after which the guard sleeps until something comes

    def __init__(self, server: BaseWSGIServer, threads: int) -> None:
        self.server = server
        self.threads = threads
        self.ready: deque[WSGIRequestHandler] = deque()
        self.behind: deque[WSGIRequestHandler] = deque()
        self.selector = new_watch()
        self.watching = threading.Lock()
        self.polling = threading.Lock()
        self.signing_on = threading.Lock()
        self.members: set[threading.Thread] = set()
        self.standing_by: list[threading.Lock] = []
        self.is_listening = self.is_draining = self.has_left = self.is_over = False
        self.polled_at = time.monotonic()
        self.next_sweep = self.next_listen = self.relief_until = self.leave_at = 0.0
        self.complaints: dict[str, float] = {}
        handler: Any = server.RequestHandlerClass
        limits = handler.header_timeout, handler.idle_timeout, handler.body_timeout, handler.linger_timeout
        self.turns = self.served = self.most_connections = 0
        self.time_left = float("inf")
        self.sweep_time = min(1.0, max(min(limits) / 4, 0.01))
        self.alarm = held_lock()
        self.guard_dozes = False
        self.cpu_used, self.looked_at, self.turns_seen, self.quiet_ticks = 0.0, self.polled_at, 0, 0
        self.bell, self.rope = socket.socketpair()  # pulling at the one wakes who waits for the other
        self.bell.setblocking(False)
        self.rope.setblocking(False)
        self.selector.watch(self.bell, BELL)
        self.listen()

    # For the server

    def run(self) -> None:
        """Serve until the server shall end."""
        while not self.server.shall_end:
            self.take_turn()

    def run_once(self, seconds: float | None) -> bool:
        """Serve in this thread until a request is answered and its connection closed; False if the time is over."""
        self.served = 0
        self.mend()
        deadline = float("inf") if seconds is None else time.monotonic() + seconds
        while not (self.served or self.is_over):
            self.time_left = deadline - time.monotonic()
            if self.time_left <= 0:
                return False
            self.step()
        return True

    def drain(self) -> None:
        """Take the connections that wait, and listen no more; serve what has begun for shutdown_timeout seconds.

        A client that was here a moment ago may be about to send its next request: it gets an answer, and
        "Connection: close" with it.  One that has been silent for longer loses nothing.
        """
        began = time.monotonic()
        self.is_draining = True
        if self.threads == 1:
            self.mend()
        self.wake()
        while self.server.connections or not self.has_left:
            now = time.monotonic()
            if now >= began + self.server.shutdown_timeout:  # which shutdown() may change meanwhile
                break
            self.next_sweep = min(self.next_sweep, now + self.tick * 4)
            self.take_turn()

    def end(self) -> None:
        """Close what is open, send all home, and close the files of the selector."""
        if self.is_over:
            return
        self.is_over = True
        self.wake()
        with suppress(IndexError):  # others may call some up at the same time
            while True:
                self.standing_by.pop().release()
        for handler in self.server.connections.copy().values():
            with suppress(OSError):  # wakes who waits for this client; a view that waits for something else goes on
                handler.connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + self.homecoming
        for thread in self.members - {threading.current_thread()}:
            thread.join(max(deadline - time.monotonic(), 0))
        self.polling.acquire(
            timeout=max(deadline - time.monotonic(), 0)
        )  # who waits must hear the bell before it goes
        for handler in self.server.connections.copy().values():
            if not self.is_served(handler):
                self.let_go(handler)
        with self.watching:
            self.selector.close()
        self.bell.close()
        self.rope.close()
        log_writer.flush()

    def wake(self) -> None:
        """Have the guard, and who waits for the selector, look around: for any thread, and for signal handlers."""
        self.ring()
        self.sound()

    def mend(self) -> None:
        """Mend what an interrupt has torn: where nobody serves now, who is busy must be in ready."""
        self.move_up()
        waiting = set(self.ready)
        for handler in self.server.connections.copy().values():
            handler.is_busy = handler in waiting

    # Members

    def take_turn(self) -> None:
        """What the thread does that called serve_forever(): serve if it is alone, else guard those who do."""
        if self.threads > 1 and (self.members or self.sign_on()):
            self.guard()
        else:
            self.step()

    def work(self) -> None:
        """What each member does, until all go home."""
        bunk = held_lock()
        try:
            while not self.is_over:
                if not self.step():
                    self.stand_by(bunk)
        finally:
            with self.signing_on:
                self.members.discard(threading.current_thread())
            self.sound()  # nobody may be left to wait for the selector

    def step(self) -> bool:
        """Serve who is ready, else look for what has come; False if another does that already."""
        try:
            handler = self.ready.popleft()
        except IndexError:
            return self.look()
        self.serve(handler)
        return True

    def look(self) -> bool:
        """Look for what has come; False if another does that already, and there is nothing else to do."""
        if not self.polling.acquire(blocking=False):
            return self.move_up()
        try:
            self.poll()
        except Exception:  # noqa: BLE001 (no memory, say, or a method that the program has overridden)
            self.survive()
        finally:
            self.polling.release()
        return True

    def survive(self) -> None:
        """An error that belongs to no connection must not be the end of all."""
        if self.is_over:  # and the selector is closed
            return
        if self.server.passthrough_errors:
            raise  # noqa: PLE0704
        self.complain("the server failed while it looked for connections", exc_info=sys.exc_info())
        time.sleep(self.pause)  # it may not be the last

    def complain(self, message: str, *args: Any, exc_info: Any = None) -> None:
        """Log what may happen many times a second, once a minute."""
        now = time.monotonic()
        if now >= self.complaints.get(message, 0.0):
            self.complaints[message] = now + self.complaint
            self.server.log("error", message, *args, exc_info=exc_info)

    def serve(self, handler: WSGIRequestHandler) -> None:
        """Let a connection go on; then watch it again, or let it go."""
        stays = False
        self.turns += 1
        try:
            stays = handler.go_on()
        except Exception:  # noqa: BLE001 (socketserver's way to deal with what no handler catches)
            self.server.handle_error(handler.connection, handler.client_address)
        finally:
            if not stays or self.is_over:
                self.let_go(handler)
            elif handler.has_more:
                self.behind.append(handler)
            else:
                self.set_free(handler)

    def move_up(self) -> bool:
        """Have those go on who have more to do, and have let the others pass; False if there are none."""
        moved = False
        with suppress(IndexError):
            while True:
                handler = self.behind.popleft()
                handler.ready_at = time.monotonic()
                self.ready.append(handler)
                moved = True
        return moved

    def stand_by(self, bunk: threading.Lock) -> None:
        """Wait to be called up."""
        if log_writer.lines:
            log_writer.flush()
        self.standing_by.append(bunk)
        if not self.is_over:  # end() says so before it calls up all
            bunk.acquire()

    def call_up(self, count: int, only_known: bool = False) -> None:
        """Have so many members more: those that stand by, and then new ones."""
        for _ in range(count):
            try:
                self.standing_by.pop().release()
            except IndexError:
                if only_known or not self.sign_on():
                    return

    def sign_on(self) -> bool:
        """Have a new member; False if there are enough, or the system has no thread for it."""
        with self.signing_on:
            if len(self.members) >= self.threads:
                return False
            thread = threading.Thread(target=self.work, name="nanoweb-worker", daemon=True)
            self.members.add(thread)
            try:
                thread.start()
            except BaseException as error:
                if not thread.is_alive():
                    self.members.discard(thread)
                if not isinstance(error, (RuntimeError, MemoryError)):
                    raise
                self.complain("cannot start a thread: %s", error)
                return False
        return True

    # The selector

    def poll(self) -> None:
        """Wait until something comes, and note who is ready."""
        if log_writer.lines:
            log_writer.flush() if self.threads == 1 or self.guard_dozes else log_writer.flush_if_due()
        if self.is_draining and not self.has_left:
            self.leave()
        found = self.selector.wait(self.longest_wait())
        self.polled_at = now = time.monotonic()
        for handler in found:
            if handler is BELL:
                self.hear_bell()
            elif handler is LISTENER:
                self.accept()
            elif handler is None:
                pass
            elif handler.is_busy:
                self.unwatch(handler)
            else:
                self.take(handler)
        self.move_up()
        if now >= self.next_sweep:
            self.sweep(now)
        if self.ready:
            if self.guard_dozes:
                self.sound()
            if now < self.relief_until:
                self.call_up(len(self.ready), only_known=True)

    def longest_wait(self) -> float | None:
        """Return how long the selector may wait."""
        if self.behind:
            return 0
        if self.is_draining:
            return self.tick * 4
        if not self.is_listening:
            return self.pause
        if self.server.connections or self.server.active_children:
            return min(self.sweep_time, self.time_left)
        return None if self.time_left == float("inf") else self.time_left

    def take(self, handler: WSGIRequestHandler) -> None:
        """Put a connection among those that are ready."""
        handler.is_busy = True
        handler.ready_at = self.polled_at
        self.ready.append(handler)

    def watch(self, handler: WSGIRequestHandler) -> None:
        """Wait for a connection that is free: until something comes, or there is room for what it has to send."""
        with self.watching:
            if not (handler.is_watched or handler.is_busy or self.is_over):
                handler.is_watched = True
                handler.fd = self.selector.watch(handler.connection, handler, handler.wants_room)
        if not self.selector.is_attentive:
            self.ring()

    def unwatch(self, handler: WSGIRequestHandler) -> None:
        """Look away from a connection while it is served: what has come can wait for the end of that."""
        with self.watching:
            if not handler.is_watched:
                return
            handler.is_watched = False  # in this order: who sets it free does that before it looks here
            if not handler.is_busy:
                handler.is_watched = True
            elif not self.is_over:
                self.selector.unwatch(handler.fd, handler)

    def set_free(self, handler: WSGIRequestHandler) -> None:
        """Have a connection that was served wait again."""
        wants_room = bool(handler.outbox.parts)
        if wants_room != handler.wants_room:
            self.unwatch(handler)
            handler.wants_room = wants_room
        handler.is_busy = False
        if not handler.is_watched:  # in this order: unwatch() looks whether it is busy
            try:
                self.watch(handler)
            except Exception:  # noqa: BLE001 (the application has closed its socket, or the system has no room)
                self.let_go(handler)

    def let_go(self, handler: WSGIRequestHandler) -> None:
        """Close a connection."""
        handler.is_busy = True
        self.unwatch(handler)
        try:
            handler.finish()
        except Exception:  # noqa: BLE001 (a handler of the program's own may have more to do there)
            self.server.handle_error(handler.connection, handler.client_address)
        finally:
            self.served += bool(handler.requestline)
            self.close(handler)

    def close(self, handler: WSGIRequestHandler) -> None:
        """Close the socket of a connection, and take another client if one could not be taken."""
        self.server.connections.pop(handler.connection, None)
        if handler.is_reset:
            with suppress(OSError):  # the application has closed it
                handler.prepare_reset()
            self.server.close_request(handler.connection)
        else:
            self.server.shutdown_request(handler.connection)
        if not (self.is_listening or self.is_draining):  # maybe it was its descriptor that we were short of
            self.next_listen = self.next_sweep = 0.0
            self.ring()

    def sweep(self, now: float) -> None:
        """Give up the connections whose deadline has passed: now and then, as a clock for each would cost more."""
        self.next_sweep = now + min(self.longest_wait() or self.sweep_time, self.sweep_time)
        self.most_connections = len(self.server.connections)
        self.server.service_actions()
        if not (self.is_listening or self.is_draining) and now >= self.next_listen:
            self.listen()
        for handler in self.server.connections.copy().values():
            if not handler.is_busy and now >= self.last_moment(handler):  # in this order: it is freed after it got
                handler.is_late = True  # its new deadline
                self.take(handler)

    def last_moment(self, handler: WSGIRequestHandler) -> float:
        """Return when a connection is given up."""
        if self.is_draining and handler.is_idle():
            return min(handler.deadline, handler.deadline - handler.idle_timeout + self.farewell)
        return handler.deadline

    def ring(self) -> None:
        """Wake the member that waits for the selector."""
        with suppress(OSError):  # it rings already, or all are at home
            self.rope.send(b"!")

    def hear_bell(self) -> None:
        with suppress(BlockingIOError):
            self.bell.recv(4096)

    # New connections

    def listen(self) -> None:
        self.listener = self.selector.watch(self.server.socket, LISTENER)
        self.is_listening = True

    def listen_later(self) -> None:
        """Leave those who connect in the queue of the socket for a while; to ask again at once would spin."""
        self.look_away()
        self.next_listen = self.polled_at + self.pause

    def look_away(self) -> None:
        if self.is_listening:
            self.is_listening = False
            self.selector.unwatch(self.listener, LISTENER)

    def accept(self) -> None:
        """Take some of the connections that wait."""
        for _ in range(_ACCEPTS_AT_ONCE):
            if not self.accept_one():
                return
            if self.server.multiprocess and len(self.server.connections) > self.most_connections:
                self.be_courteous()
                return

    def be_courteous(self) -> None:
        """We have more connections than we had of late: let another process take the next one.

        Who is awake is faster than who must wake up: it would take all who come at one moment, and keep them.
        """
        self.most_connections = len(self.server.connections)
        time.sleep(self.courtesy)

    def accept_one(self) -> bool:
        """Take a connection; False if none is there, or the system has no descriptor for it."""
        server = self.server
        try:
            request, client_address = server.get_request()
        except BlockingIOError:
            return False
        except OSError as error:
            if isinstance(error, ConnectionError) or (error.errno in _NO_DESCRIPTORS and self.make_room()):
                return True  # this client has gone already, or there is room now
            self.listen_later()
            self.complain("cannot take a connection: %s", error)
            return False
        try:
            if server.verify_request(request, client_address):
                server.process_request(request, client_address)
                return True
        except OSError:
            pass  # the client has gone already
        except Exception:  # noqa: BLE001 (as in socketserver)
            server.handle_error(request, client_address)
        server.shutdown_request(request)
        return True

    def make_room(self) -> bool:
        """Close the oldest connection without a request, or with half a head; False if there is none.

        For who holds polling.  Whoever has something to say says it within a moment.
        """
        for handler in self.server.connections.copy().values():
            if handler.idle_time(self.polled_at) >= self.farewell:
                self.let_go(handler)
                return True
        return False

    def leave(self) -> None:
        """Have nobody new connect; take those who have, or are about to; then listen no more.

        Called until that is done, which takes the time of a handshake: a close resets who has
        connected since the last accept(), and believes to have been heard.
        """
        now = time.monotonic()
        if not self.leave_at:
            self.leave_at = now + self.handshake
            self.server.close_door()
        for _ in range(self.server.request_queue_size):
            if not self.accept_one():
                break
        if now < self.leave_at:
            return
        self.look_away()
        self.server.close_listener()
        self.has_left = True

    # The guard

    def guard(self) -> None:
        """Look every tick whether somebody waits without need, and call up members for them."""
        was_woken = self.alarm.acquire(timeout=self.tick)
        is_polled = self.polling.locked()
        waited = self.measure_wait(is_polled)
        is_slow, is_idle = self.look_at_work()
        if log_writer.lines:
            log_writer.flush_if_due()
        if not is_polled and self.is_draining and not self.has_left:
            self.leave_if_nobody_polls()
        is_stuck = is_slow and waited > (self.tick if is_idle else self.patience)
        if is_slow and is_idle and (is_stuck or self.active > 2):
            self.relief_until = self.looked_at + self.relief
        if is_stuck:
            self.call_up(self.active)  # twice as many as now
            if waited > self.distress and self.active == self.threads:
                self.cut_slowest(self.looked_at)
        self.quiet_ticks = 0 if waited or was_woken else self.quiet_ticks + 1
        if self.quiet_ticks > self.doze_after and not self.is_draining:
            self.doze()

    @property
    def active(self) -> int:
        """How many members do not stand by."""
        return max(len(self.members) - len(self.standing_by), 1)

    def look_at_work(self) -> tuple[bool, bool]:
        """Return (whether turns take long, whether the process has left the processor idle) since the last look.

        That it has got little of the processor is no proof that it waits: other programs may have kept it busy.
        """
        used, now, turns = time.process_time(), time.monotonic(), self.turns
        seconds = now - self.looked_at
        is_slow = (turns - self.turns_seen) * self.brisk < seconds * self.active
        is_idle = used - self.cpu_used < 0.7 * seconds
        self.cpu_used, self.looked_at, self.turns_seen = used, now, turns
        return is_slow, is_idle

    def measure_wait(self, is_polled: bool) -> float:
        """Return the seconds for which a connection has waited, maybe unseen; 0 if all is well."""
        since = float("inf") if is_polled else self.polled_at
        with suppress(IndexError):
            since = min(since, self.ready[0].ready_at)
        return max(time.monotonic() - since, 0.0)

    def doze(self) -> None:
        """Sleep until a connection is ready."""
        self.guard_dozes = True
        if self.polling.locked() and not self.ready:  # who polls looks at guard_dozes after it has noted who is ready
            self.alarm.acquire(timeout=_LONGEST_SLEEP)
        self.guard_dozes = False

    def sound(self) -> None:
        """Wake the guard."""
        if self.alarm.locked():
            with suppress(RuntimeError):  # somebody was faster
                self.alarm.release()

    def leave_if_nobody_polls(self) -> None:
        if self.polling.acquire(blocking=False):
            try:
                self.leave()
            finally:
                self.polling.release()

    def cut_slowest(self, now: float) -> None:
        """Cut off the client that uses a thread the least: all are taken, and others wait."""
        slowest, least = None, float("inf")
        for handler in self.server.connections.copy().values():
            for pace in handler.paces():
                if handler.is_busy and pace.since is not None:
                    waited = pace.waited + now - pace.since
                    if waited > self.distress and pace.moved / waited < least:
                        slowest, least = handler, pace.moved / waited
        if slowest is not None:
            slowest.log("info", "cut off, as all threads are taken and others wait: %d bytes a second", least)
            with suppress(OSError):
                slowest.connection.shutdown(socket.SHUT_RDWR)

    def is_served(self, handler: WSGIRequestHandler) -> bool:
        return handler.is_busy and handler not in self.ready and handler not in self.behind


class ForkingCrew(Crew):
    """One thread, which makes a process for each connection on which something has come.

    A silent connection waits here, and takes none.  Where all processes are taken and a client waits for one, they
    are called home: each ends when its client has been silent for a moment, at the latest after the next answer.

    recall    a socket that the processes look at: it has something to read while they are called
    horn      its other end, which is closed when we are gone: then too they are called
    """

    def __init__(self, server: ForkingWSGIServer, threads: int) -> None:
        super().__init__(server, threads)
        self.recall, self.horn = socket.socketpair()
        self.is_calling = False

    def step(self) -> bool:
        if self.ready and self.server.may_fork():  # type: ignore[attr-defined]
            self.serve(self.ready.popleft())
            return True
        self.call_home(self.is_draining or bool(self.ready))
        return self.look()

    def longest_wait(self) -> float | None:
        return 0.002 if self.ready else super().longest_wait()  # the end of a process wakes nobody

    def call_home(self, wanted: bool) -> None:
        """Call the processes, or let them be."""
        if wanted and not self.is_calling:
            self.horn.send(b"!")
        elif self.is_calling and not wanted:
            self.recall.recv(1)
        self.is_calling = wanted

    def serve(self, handler: WSGIRequestHandler) -> None:
        """Give a connection to a process, unless it shall be closed."""
        if handler.is_late or handler.stage != "read_head" or is_gone(handler.connection):
            super().serve(handler)
            return
        self.unwatch(handler)  # before: what two processes have open would stay in the selector for ever
        try:
            self.server.make_process(handler.connection, handler.client_address)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 (the system has none, or no memory)
            self.complain("cannot make a process: %s", error)
            with suppress(ClientGone):
                handler.turn_away("there can be no process for this now: try again later")
            self.set_free(handler)
            return
        handler.finish()
        self.served += 1

    def forget_others(self, mine: Any) -> None:
        """In the child: close what is the parent's, or it would be open for as long as the child lives."""
        for connection in self.server.connections:
            if connection is not mine:
                connection.close()
        self.server.connections.clear()
        self.ready.clear()
        for file in (self.selector, self.bell, self.rope, self.horn, self.server.socket):
            file.close()

    def end(self) -> None:
        super().end()
        self.recall.close()
        self.horn.close()


def is_gone(connection: Any) -> bool:
    """Whether a client has left without a word, as those do that only want to know whether we live."""
    try:
        return type(connection) is socket.socket and not connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def held_lock() -> threading.Lock:
    """Return a lock to wait with: acquire() waits until another thread calls release()."""
    lock = threading.Lock()
    lock.acquire()
    return lock
