"""What happens to requests when something goes wrong: all of them are counted.

    python -m tests.extra.extra_faults                  print the table in docs/serving.md
    python -m unittest tests.extra.extra_faults         complain of any request that was lost without need

Development equipment, not part of the test command; Linux.  Clients ask as fast as they can, each request has a
number, and the answer must bear it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import threading
import time
import unittest
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.extra.process import PATIENCE, ServerProcess

_answer_re = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
_length_re = re.compile(rb"Content-Length: ([0-9]+)\r\n")


class Lost(Exception):
    """A request was sent, and no answer came."""


class Client(threading.Thread):
    """Asks for one thing after another until it is told to stop.

    is_closing    whether each request has a connection of its own, rather than one for as many as the server takes
    counts        sent: requests written to an established connection; answered: of them, those with a whole answer,
                  which failed if it was no 200; lost: the others; refused: connections that were none; wrong: answers
                  to something else
    """

    patience = PATIENCE  # seconds until who does not let us connect counts as gone

    def __init__(self, port, path="/", is_closing=False, body=b""):
        super().__init__(daemon=True)
        self.port, self.path, self.is_closing, self.body = port, path, is_closing, body
        self.counts = Counter()
        self.mishaps = []
        self.shall_stop = False
        self.connection = None

    def run(self):
        number = 0
        while not self.shall_stop:
            if self.connection is None and not self.connect():
                continue
            number += 1
            try:
                self.counts["sent"] += 1
                if not self.ask(f"{self.ident}-{number}"):
                    self.disconnect()
            except (Lost, OSError) as error:
                self.counts["lost"] += 1
                self.mishaps.append(repr(error))
                self.disconnect()
        self.disconnect()

    def connect(self):
        try:
            self.connection = socket.create_connection(("127.0.0.1", self.port), self.patience)
        except OSError:
            self.counts["refused"] += 1
            time.sleep(0.005)
            return False
        self.connection.settimeout(PATIENCE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return True

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def ask(self, number):
        """Send a request, check the answer; return whether the connection stays."""
        close = "Connection: close\r\n" if self.is_closing else ""
        length = f"Content-Length: {len(self.body)}\r\n" if self.body else ""
        head = f"{'POST' if self.body else 'GET'} {self.path}?{number} HTTP/1.1\r\nHost: a\r\n{close}{length}\r\n"
        self.connection.sendall(head.encode() + self.body)
        code, fields, text = receive_answer(self.connection)
        self.counts["answered"] += 1
        if code != 200:
            self.counts["failed"] += 1
        elif text != f"{number} {len(self.body)}".encode():
            self.counts["wrong"] += 1
        return b"Connection: close\r\n" not in fields


def receive_answer(connection):
    """Return the status, the fields and the body of the next answer; raise Lost if it is not there in full."""
    data = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            raise Lost(f"the connection ended after {data!r}")
        data += piece
        match = _answer_re.match(data)
        if match:
            body = data[match.end() :]
            if len(body) == int(_length_re.search(match[2])[1]):
                return int(match[1]), match[2], body


class Load:
    """Clients of all kinds at work: `with Load(server) as load: ... load.counts`.

    They stop when the with block ends.
    """

    def __init__(self, server, path="/", keeping=8, closing=4, slow=2):
        clients = [Client(server.port, path) for _ in range(keeping)]
        clients += [Client(server.port, path, is_closing=True) for _ in range(closing)]
        clients += [Client(server.port, "/slow", body=b"x" * 1000) for _ in range(slow)]
        self.clients = clients

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *exc_info):
        for client in self.clients:
            client.shall_stop = True
        for client in self.clients:
            client.join(PATIENCE)

    @property
    def counts(self):
        return sum((client.counts for client in self.clients), Counter())

    @property
    def mishaps(self):
        return [mishap for client in self.clients for mishap in client.mishaps]


class Outcome:
    """What came of a fault.

    counts     as those of a Client
    mishaps    how each lost request ended, for us
    note       what else there is to say
    """

    def __init__(self, loads, note):
        self.counts = sum((load.counts for load in loads), Counter())
        self.mishaps = [mishap for load in loads for mishap in load.mishaps]
        self.note = note


def is_answered(port):
    """Whether a server that has been through something answers a good request."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(b"GET /?good HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return receive_answer(connection)[0] == 200


# The faults


def kill_a_worker():
    """kill -9 of one of two workers"""
    with ServerProcess("numbers", "workers") as server, Load(server) as load:
        time.sleep(1)
        victim = server.await_workers(2)[0]
        os.kill(victim, signal.SIGKILL)
        started = time.monotonic()
        server.await_workers(2, without={victim})
        seconds = time.monotonic() - started
        time.sleep(1)
    return Outcome([load], f"the other goes on; there are two again after {seconds:.1f} s")


def reset_connections():
    """500 connections reset in the middle of a request"""
    pieces = [
        b"GET /?reset HTTP/1.1\r\nHost:",
        b"POST /?reset HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome of it",
        b"POST /?reset HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        b"GET /slow?reset HTTP/1.1\r\nHost: a\r\n\r\n",
        b"",
    ]
    with ServerProcess("numbers", "threaded") as server:
        before = server.descriptors()
        with Load(server) as load:
            for number in range(500):
                connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
                connection.sendall(pieces[number % len(pieces)])
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                time.sleep(0.002)
        time.sleep(0.2)
        left = server.descriptors() - before
        log = server.log()
    return Outcome([load], f"{log.count('Traceback')} tracebacks in the log, {left} descriptors more than before")


def terminate(kind, times=10):
    loads, seconds, statuses = [], [], set()
    for _ in range(times):
        with ServerProcess("numbers", kind) as server, Load(server) as load:
            time.sleep(0.3)
            for client in load.clients:
                client.patience = 0.1  # or it would wait for a server that takes nobody new any more
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            statuses.add(server.process.wait(PATIENCE))
            seconds.append(time.monotonic() - started)
        loads.append(load)
    told = ", ".join(map(str, statuses))
    return Outcome(loads, f"exit status {told}; over after {max(seconds):.1f} s at the latest")


def terminate_threads():
    """SIGTERM, one process with threads, ten times"""
    return terminate("threaded")


def terminate_workers():
    """SIGTERM, two workers, ten times"""
    return terminate("workers")


def terminate_forks():
    """SIGTERM, a process for each connection, ten times"""
    return terminate("forking")


def renew_workers():
    """SIGHUP three times, two workers"""
    with ServerProcess("numbers", "workers") as server, Load(server) as load:
        seen = set(server.await_workers(2))
        for _ in range(3):
            time.sleep(0.3)
            server.process.send_signal(signal.SIGHUP)
            seen |= set(server.await_workers(2, without=seen, exactly=True))
        time.sleep(0.5)
    return Outcome([load], f"{len(seen)} workers in all")


def count_overflows():
    """Return how often Linux found the queue of a listening socket full, since it was started."""
    lines = Path("/proc/net/netstat").read_text(encoding="ascii").splitlines()
    names, values = (line.split() for line in lines if line.startswith("TcpExt:"))
    return int(values[names.index("ListenOverflows")])


def fill_the_queue():
    """600 connections, and an accept queue for 64, while the process stands still for a second"""
    overflows = count_overflows()
    with ServerProcess("numbers", "threaded", "--queue", "64") as server:
        os.kill(server.pid, signal.SIGSTOP)
        os.waitpid(server.pid, os.WUNTRACED)  # it stops a little later than it is told to
        try:
            with Load(server, keeping=0, closing=0, slow=0) as load:
                load.clients = [OneRequest(server.port) for _ in range(600)]
                for client in load.clients:
                    client.start()
                time.sleep(1)
                waiting = sum("answered" not in client.counts for client in load.clients)
                overflows = count_overflows() - overflows
                os.kill(server.pid, signal.SIGCONT)
                for client in load.clients:
                    client.join(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGCONT)
        slowest = max(client.seconds for client in load.clients)
    note = f"{waiting} waited then, {overflows} attempts found the queue full; the last took {slowest:.1f} s"
    return Outcome([load], note)


class OneRequest(Client):
    """Asks once, on a connection of its own, and notes how many seconds that took."""

    def run(self):
        started = time.monotonic()
        self.is_closing = True
        try:
            if self.connect():
                self.counts["sent"] += 1
                self.ask(str(self.ident))
        except (Lost, OSError) as error:
            self.counts["lost"] += 1
            self.mishaps.append(repr(error))
        self.disconnect()
        self.seconds = time.monotonic() - started


def use_up_descriptors():
    """200 clients who stay, and 64 file descriptors"""
    with ServerProcess("numbers", "threaded", descriptors=64) as server, ExitStack() as stack:
        load = Load(server, keeping=0, closing=0, slow=0)
        load.clients = [Staying(server.port) for _ in range(200)]
        stack.enter_context(load)
        used = server.cpu_seconds()
        started = time.monotonic()
        while sum(client.counts["sent"] for client in load.clients) < 200 or any(
            client.counts["answered"] + client.counts["lost"] < client.counts["sent"] for client in load.clients
        ):
            time.sleep(0.1)
            if time.monotonic() - started > PATIENCE:
                break
        seconds = time.monotonic() - started
        used = server.cpu_seconds() - used
        stack.close()
        recovered = "" if is_answered(server.port) else "; a good request IS NOT ANSWERED then"
        complaints = server.log().count("cannot take a connection")
    note = f"in {seconds:.1f} s, with {used:.1f} s of processor time and {complaints} line in the log{recovered}"
    return Outcome([load], note)


class Staying(Client):
    """Asks once, and keeps its connection until it is told to stop."""

    def run(self):
        if self.connect():
            self.counts["sent"] += 1
            try:
                self.ask(str(self.ident))
            except (Lost, OSError) as error:
                self.counts["lost"] += 1
                self.mishaps.append(repr(error))
            while not self.shall_stop:
                time.sleep(0.02)
        self.disconnect()


def fail_in_one_of_three():
    """the application raises in one of three requests"""
    with ServerProcess("numbers", "threaded") as server:
        with Load(server, "/fail") as load:
            time.sleep(2)
        tracebacks = server.log().count("Traceback")
    outcome = Outcome([load], f"{tracebacks} tracebacks in the log")
    outcome.expected = -(-sum(client.counts["sent"] for client in load.clients if client.path == "/fail") // 3)
    return outcome


FAULTS = [
    kill_a_worker,
    reset_connections,
    terminate_threads,
    terminate_workers,
    terminate_forks,
    renew_workers,
    fill_the_queue,
    use_up_descriptors,
    fail_in_one_of_three,
]


class FaultTest(unittest.TestCase):
    """No request is lost but those that were in a process which is no more."""

    def assertNoneLost(self, outcome, failed=0):
        counts = outcome.counts
        told = f"{counts}, {outcome.note}\n{outcome.mishaps[:10]}"
        self.assertEqual((counts["lost"], counts["wrong"]), (0, 0), told)
        self.assertEqual(counts["sent"], counts["answered"])
        self.assertEqual(counts["failed"], failed)
        self.assertGreater(counts["answered"], 100)

    def test_with_a_worker_only_what_it_was_doing_dies(self):
        outcome = kill_a_worker()
        self.assertLessEqual(outcome.counts["lost"], 14, outcome.mishaps)  # one a client
        self.assertEqual(outcome.counts["wrong"], 0)
        self.assertGreater(outcome.counts["answered"], 100)

    def test_resets_disturb_nobody_else(self):
        outcome = reset_connections()
        self.assertNoneLost(outcome)
        self.assertRegex(outcome.note, "^0 tracebacks .* 0 descriptors")

    def test_sigterm_loses_nothing(self):
        for run in (terminate_threads, terminate_workers, terminate_forks):
            with self.subTest(run.__doc__):
                outcome = run()
                self.assertNoneLost(outcome)
                self.assertIn("exit status 0;", outcome.note)
                self.assertGreater(outcome.counts["refused"], 0, "nobody came after it had ended")

    def test_sighup_loses_nothing(self):
        outcome = renew_workers()
        self.assertNoneLost(outcome)
        self.assertEqual(outcome.counts["refused"], 0)
        self.assertEqual(outcome.note, "8 workers in all")

    def test_who_waits_in_the_queue_is_served(self):
        outcome = fill_the_queue()
        self.assertNoneLost(outcome)
        self.assertEqual(outcome.counts["answered"], 600)
        self.assertRegex(outcome.note, "^600 waited then, [1-9]")

    def test_without_descriptors_clients_wait(self):
        outcome = use_up_descriptors()
        self.assertNoneLost(outcome)
        self.assertEqual(outcome.counts["answered"], 200)
        self.assertRegex(outcome.note, "with [01][.].* and 1 line in the log$")

    def test_an_application_that_fails_does_so_alone(self):
        outcome = fail_in_one_of_three()
        self.assertNoneLost(outcome, failed=outcome.expected)
        self.assertEqual(outcome.note, f"{outcome.expected} tracebacks in the log")
        self.assertGreater(outcome.expected, 100)


def main():
    columns = ["sent", "answered", "failed", "lost", "refused"]
    print("| fault | " + " | ".join(columns) + " | |\n| --- |" + " ---: |" * len(columns) + " --- |")
    for fault in FAULTS:
        outcome = fault()
        cells = [f"{outcome.counts[column]:,}" for column in columns]
        print(f"| {fault.__doc__} | {' | '.join(cells)} | {outcome.note} |", flush=True)


if __name__ == "__main__":
    main()
