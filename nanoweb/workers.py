"""Several processes on one socket: a supervisor that starts, replaces and ends them.

In a request's way: nowhere.  The socket listens before the first worker starts; the workers take connections from
it, the supervisor never does.  What they serve is their affair: this chapter knows nothing of HTTP.

Who runs the supervisor talks to it by signals:

    SIGTERM, SIGINT    end: the workers finish what they have begun, within a limit; a second signal ends them at once
    SIGHUP             renew: a new worker starts, an old one ends when that is ready, and so on, one by one

A worker obeys SIGTERM, and only the first: systemd, for one, sends it to every process of a service, and the
supervisor sends one too.  SIGINT and SIGHUP, which a terminal sends to all, it leaves to the supervisor.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

from .accesslog import flush_output, tell_now
from .waiting import wait_readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType
    from typing import Protocol

    class Server(Protocol):
        """What a worker runs; the servers of socketserver are of this shape."""

        def serve_forever(self) -> object: ...
        def shutdown(self) -> object: ...


__all__ = ["Supervisor", "WorkersFailed"]

NEVER = float("inf")


class WorkersFailed(RuntimeError):
    """The first worker could not start; the log tells why."""


class Supervisor:
    """Keeps so many workers, each a fork of this process, until it is told to end.

        def start():                            # in each worker
            server.app = load_application()
            return server

        Supervisor(start, workers=4, on_end=server.server_close).run()

    start       called in each worker.  Returns a server: its serve_forever() is then called, and its shutdown(), from
                another thread and maybe before that, when the worker shall end.  What it raises ends the worker.
    workers     how many
    shutdown_timeout    seconds that a worker has to end when it is told to; then it is killed
    on_end      called once, in the supervisor, before the workers are told to end.  It is to close the listening
                socket there: while any process has that open, clients come, and nobody may be left to answer them.
    raises      ValueError where there is no fork, and for a number that makes no sense

    team        the workers there are, {pid: Worker}
    generation  how often SIGHUP has come: workers of an earlier one are to be replaced
    has_begun   whether a worker was ready once: before that an error is the program's, and ends it
    strikes     workers in a row that did not last; for each the next start waits longer
    not_before  when the next worker may start, by time.monotonic()
    """

    lasting = 1.0  # seconds that a worker must have been there for its death to be no strike
    backoff = 0.5  # seconds to wait after the second strike; twice as many after the third, and so on
    longest_backoff = 5.0

    def __init__(
        self,
        start: Callable[[], Server],
        workers: int,
        *,
        shutdown_timeout: float = 10.0,
        on_end: Callable[[], object] | None = None,
    ) -> None:
        if not hasattr(os, "fork"):
            raise ValueError(f"workers={workers} needs os.fork(), which is missing here: use threads in one process")
        if not isinstance(workers, int) or workers < 1:
            raise ValueError(f"workers={workers!r} is no number of processes: 1 or more")
        self.start = start
        self.workers = workers
        self.shutdown_timeout = shutdown_timeout
        self.on_end = on_end
        self.team: dict[int, Worker] = {}
        self.generation = self.strikes = 0
        self.not_before = 0.0
        self.has_begun = self.is_ending = False

    def run(self) -> None:
        """Work until SIGTERM or SIGINT comes, and all workers have ended.

        raises    WorkersFailed if the first one cannot be started; RuntimeError in another thread than the main one
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a supervisor needs the main thread, where signals arrive: call run() there")
        with Ears(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD) as self.ears:
            tell_now("info", " * %d workers; process %d supervises them", self.workers, os.getpid())
            try:
                while self.tend():
                    self.listen()
            finally:
                self.is_ending = True
                self.kill(self.team.values())
                while self.team:
                    self.bury_dead(0)

    # The team

    def tend(self) -> bool:
        """Look after the team, and do what is due; False when all is over."""
        self.bury_dead()
        for worker in self.team.values():
            if time.monotonic() >= worker.deadline:
                within = self.shutdown_timeout
                tell_now("warning", "worker %d has not ended within %g seconds: it is killed", worker.pid, within)
                self.kill([worker])
        if self.is_ending:
            return bool(self.team)
        self.dismiss_old()
        while self.count_vacancies() and time.monotonic() >= self.not_before:
            self.hire()
        return True

    def count_vacancies(self) -> int:
        """How many workers to start now.

        The first one goes alone, so that a program that cannot start says so once; so does each that
        replaces an old one.
        """
        new = self.new_workers()
        missing = self.workers - len(new)
        if any(worker.is_ready for worker in new) and not self.old_workers():
            return missing
        return min(missing, 1) if all(worker.is_ready for worker in new) else 0

    def new_workers(self) -> list[Worker]:
        """Those of this generation who are to stay."""
        return [w for w in self.team.values() if w.generation == self.generation and not w.is_leaving]

    def old_workers(self) -> list[Worker]:
        """Those who stay until somebody takes their place."""
        return [w for w in self.team.values() if w.generation < self.generation and not w.is_leaving]

    def dismiss_old(self) -> None:
        """Send away the workers of earlier generations whose place is taken, those who have not begun first."""
        old = sorted(self.old_workers(), key=lambda worker: worker.is_ready)
        unready = sum(not worker.is_ready for worker in old)
        taken = sum(worker.is_ready for worker in self.new_workers())
        for worker in old[: max(len(old) + taken - self.workers, unready)]:
            self.dismiss(worker)

    def hire(self) -> None:
        """Start a worker.

        Signals wait until both sides know who they are: one that came before would reach the child with the
        supervisor's handlers.  What is unwritten is written before, or the child would write it again.
        """
        flush_output()
        lines: tuple[socket.socket, ...] = ()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.ears.numbers)
        try:
            lines = socket.socketpair()
            pid = os.fork()
            if pid == 0:
                self.become_worker(*lines, mask)
            self.team[pid] = Worker(pid, lines[0], self.generation)
        except OSError as error:
            tell_now("error", "cannot start a worker: %s", error)
            self.strike()
            for line in lines[:1]:
                line.close()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for line in lines[1:]:
                line.close()

    def become_worker(self, parents_line: socket.socket, line: socket.socket, mask: Iterable[int]) -> None:
        """Live and die as a worker: this is the child, and must never return into the supervisor's code."""
        status = 1
        try:
            atexit._clear()  # what the supervisor leaves to its end is not ours to do
            for worker in self.team.values():
                worker.line.close()
            parents_line.close()
            self.ears.forget()
            status = Errand(self.start, line, self.shutdown_timeout).run(mask)
            threading._shutdown()  # type: ignore[attr-defined]  # waits for threads and pools, as every end of Python
            atexit._run_exitfuncs()
        except BaseException as error:  # noqa: BLE001 (nothing is left that could catch it)
            tell_now("exception", "worker %d failed", os.getpid(), exc_info=error)
        finally:
            flush_output()
            os._exit(status)

    def dismiss(self, worker: Worker) -> None:
        """Tell a worker to end, and give it the time for that."""
        worker.is_leaving = True
        worker.deadline = time.monotonic() + self.shutdown_timeout
        worker.send(signal.SIGTERM)

    def kill(self, workers: Iterable[Worker]) -> None:
        for worker in workers:
            worker.deadline = NEVER
            worker.send(signal.SIGKILL)

    def bury_dead(self, flags: int = getattr(os, "WNOHANG", 0)) -> None:
        """Take note of who has died; of our own, and of the orphans that the first process of a container is left."""
        found = -1
        while found and self.team:
            try:
                found, status = os.waitpid(-1, flags)
            except ChildProcessError:  # somebody else, in this process, has asked for it first
                found, status = next(iter(self.team)), 0
            if found in self.team:
                self.bury(self.team.pop(found), status)

    def bury(self, worker: Worker, status: int) -> None:
        """A worker has died: draw the conclusions."""
        worker.line.close()
        how = f"worker {worker.pid} {describe_end(status)}" + ("" if worker.is_ready else " before it was ready")
        if worker.is_leaving or self.is_ending:
            tell_now("info", "%s, as it was told", how)
            return
        if not self.has_begun:
            raise WorkersFailed(f"{how}; what it has said above tells why")
        tell_now("error", "%s", how)
        if not worker.is_ready and self.old_workers():
            self.keep_old()
        elif not worker.is_ready or time.monotonic() < worker.since + self.lasting:
            self.strike()
        else:
            self.strikes = 0

    def strike(self) -> None:
        """Have the next start wait, the longer the more often in a row it went wrong; the first time is free."""
        self.strikes += 1
        if self.strikes > 1:
            wait = self.backoff * 2.0 ** min(self.strikes - 2, 16)
            self.not_before = time.monotonic() + min(wait, self.longest_backoff)

    def keep_old(self) -> None:
        """A new generation cannot start: those who are at work go on, and nobody takes their place."""
        tell_now("error", "the new worker could not start: the others stay as they are")
        for worker in self.team.values():
            worker.generation = self.generation
        self.strikes = 0

    # What comes in

    def listen(self) -> None:
        """Wait for a signal, for a word from a worker, or until something is due."""
        starting = {worker.line: worker for worker in self.team.values() if not worker.has_spoken}
        ready = wait_readable([self.ears.line, *starting], self.seconds_left())
        for line in starting.keys() & ready:
            self.hear(starting[line])
        for number in self.ears.read():
            if number in self.ears.numbers:  # else it is one that the program has a handler for
                self.obey(signal.Signals(number))

    def seconds_left(self) -> float | None:
        """How long nothing is to be done; None is for ever, and then the supervisor sleeps."""
        due = min([worker.deadline for worker in self.team.values()], default=NEVER)
        if not self.is_ending and self.count_vacancies():
            due = min(due, self.not_before)
        return None if due == NEVER else max(due - time.monotonic(), 0.0)

    def hear(self, worker: Worker) -> None:
        """A worker says that it is ready, or has died."""
        worker.has_spoken = True
        with suppress(OSError):
            worker.is_ready = bool(worker.line.recv(1))
        if worker.is_ready:
            self.has_begun = True
            tell_now("info", " * worker %d is ready", worker.pid)

    def obey(self, number: signal.Signals) -> None:
        """Do what a signal says; SIGCHLD says no more than that tend() is to look."""
        if number == signal.SIGHUP and not self.is_ending:
            tell_now("info", "SIGHUP: the workers are replaced, one by one")
            self.generation += 1
            self.strikes = 0
            self.not_before = 0.0
        elif number in (signal.SIGTERM, signal.SIGINT) and self.is_ending:
            tell_now("warning", "%s again: the workers are killed", number.name)
            self.kill(self.team.values())
        elif number in (signal.SIGTERM, signal.SIGINT):
            tell_now("info", "%s: the workers have %g seconds to end", number.name, self.shutdown_timeout)
            self.end()

    def end(self) -> None:
        """Tell all workers to end."""
        self.is_ending = True
        try:
            if self.on_end is not None:
                self.on_end()
        except Exception as error:  # noqa: BLE001 (the workers must end well, whatever is wrong here)
            tell_now("exception", "on_end has failed", exc_info=error)
        for worker in self.team.values():
            self.dismiss(worker)


class Worker:
    """What the supervisor knows of a worker.

    line        a socket that leads to it; only the end of it, and the word that the worker is ready, come along there
    since       when it was started, by time.monotonic()
    deadline    when it is killed, if it was told to end
    has_spoken  whether that word, or the end, has come
    is_leaving  whether it was told to end
    """

    def __init__(self, pid: int, line: socket.socket, generation: int) -> None:
        self.pid = pid
        self.line = line
        self.generation = generation
        self.since = time.monotonic()
        self.deadline = NEVER
        self.has_spoken = self.is_ready = self.is_leaving = False

    def send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Errand:
    """What a worker does from its first moment to its last.

    line        a socket to the supervisor, which ends when that does
    server      None until start() has returned
    is_told     whether the worker was told to end: that is said to the server once

    A signal's handler runs in the main thread, in the middle of whatever that does: of a view, of a method that
    holds a lock.  So it only pulls at a rope, and it is the thread at the bell that speaks to the server.
    """

    def __init__(self, start: Callable[[], Server], line: socket.socket, shutdown_timeout: float) -> None:
        self.start = start
        self.line = line
        self.shutdown_timeout = shutdown_timeout
        self.pid = os.getpid()
        self.server: Server | None = None
        self.is_told = False
        self.bell, self.rope = socket.socketpair()

    def run(self, mask: Iterable[int]) -> int:
        """Serve until the supervisor says enough, or is gone; return the exit status."""
        try:
            signal.signal(signal.SIGTERM, self.hear_sigterm)
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, ignore_signal)  # SIG_IGN would be inherited by programs that run from here
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            threading.Thread(target=self.wait_for_end, name="nanoweb-worker-end", daemon=True).start()
            self.server = self.start()
            if not self.is_told:  # else start() has swallowed the KeyboardInterrupt
                with suppress(OSError):  # the supervisor is gone
                    self.line.send(b"+")
                self.server.serve_forever()
        except KeyboardInterrupt:
            pass
        except SystemExit as error:
            return exit_status(error)
        return 0

    def hear_sigterm(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self.pid:  # a process that the application has forked: it is not for us to keep that alive
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif not self.is_told:
            self.is_told = True
            if self.server is None:
                raise KeyboardInterrupt
            self.rope.send(b"!")

    def wait_for_end(self) -> None:
        """Wait until SIGTERM has come, or the supervisor is gone, and have the server end."""
        ready = wait_readable([self.bell, self.line])
        killer = threading.Timer(self.shutdown_timeout + 1, os._exit, [1])  # for want of a supervisor to do it
        killer.daemon = True
        killer.start()
        if self.bell not in ready:
            tell_now("error", "worker %d ends: its supervisor is gone", self.pid)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
            wait_readable([self.bell])
        if self.server is not None:
            self.server.shutdown()


class Ears:
    """Within it, signals do nothing but become bytes, their numbers, which can be waited for and read.

    line     the socket that they come from
    """

    def __init__(self, *numbers: int) -> None:
        # As in every program, a SIGINT that is ignored stays so: the shell asks that of what runs in the background.
        self.numbers = [n for n in numbers if (n, signal.getsignal(n)) != (signal.SIGINT, signal.SIG_IGN)]

    def __enter__(self) -> Ears:
        self.line, self.drum = socket.socketpair()
        self.line.setblocking(False)
        self.drum.setblocking(False)
        self.old_drum = signal.set_wakeup_fd(self.drum.fileno(), warn_on_full_buffer=False)
        self.old_handlers = [(number, signal.signal(number, ignore_signal)) for number in self.numbers]
        return self

    def __exit__(self, *exc_info: object) -> None:
        for number, handler in self.old_handlers:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None was not Python's
        signal.set_wakeup_fd(self.old_drum)
        self.close()

    def read(self) -> bytes:
        """Return the numbers of the signals that have come."""
        try:
            return self.line.recv(4096)
        except BlockingIOError:
            return b""

    def forget(self) -> None:
        """Hear nothing more: called in a child, to which the handlers are no use."""
        signal.set_wakeup_fd(-1)
        self.close()

    def close(self) -> None:
        self.line.close()
        self.drum.close()


def ignore_signal(number: int, frame: FrameType | None) -> None:
    """Do nothing; a system call that is interrupted goes on by itself."""


def describe_end(status: int) -> str:
    """Say how a process has ended.

    >>> describe_end(9), describe_end(256)              # as os.waitpid() returns it
    ('was killed by SIGKILL', 'ended with status 1')
    """
    if not os.WIFSIGNALED(status):
        return f"ended with status {os.WEXITSTATUS(status)}"
    try:
        return f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    except ValueError:  # one of the real-time signals
        return f"was killed by signal {os.WTERMSIG(status)}"


def exit_status(error: SystemExit) -> int:
    """Return the status that Python gives a process that SystemExit ends, and print what it prints."""
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    with suppress(AttributeError, OSError, ValueError):
        print(error.code, file=sys.stderr)
    return 1
