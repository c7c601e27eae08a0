"""The crew of a server among crowds: who is silent, or slow, or comes and goes.

    python -m unittest tests.extra.long_crew

Nothing but Python is needed; it is here as so many connections take time.  tests/test_crew.py has the others.
"""

from __future__ import annotations

import threading
import time
import unittest
from contextlib import contextmanager, suppress
from unittest import mock

from nanoweb.serving import BaseWSGIServer
from tests import raw
from tests.raw import HELLO, request
from tests.servers import eventually, hello, read_all, returning
from tests.test_crew import THREADED, CrewTest, ask


def room_for_sockets(wanted):
    """How many connections to ourselves the system lets us have, at most those."""
    try:
        import resource
    except ImportError:
        return min(wanted, 200)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * wanted + 200
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(wanted, (soft - 200) // 2)


class CrowdTest(CrewTest):
    """Clients that keep a connection and give nothing to do."""

    def test_a_thousand_idle_and_two_hundred_slow_clients_leave_others_answered(self):
        idle, slow = room_for_sockets(1200) * 5 // 6, 200
        server = self.serve(read_all, threads=4, max_connections=3000)
        for sock in self.connect(server, idle):
            sock.sendall(HELLO)
        head, post = HELLO[:-10], request("POST / HTTP/1.1", "Content-Length: 60000", body=b"x")
        chunks = raw.chunked(b"5\r\nhe")
        slow = self.connect(server, slow)
        for _ in range(3):
            for number, sock in enumerate(slow):
                sock.sendall([head, post, chunks][number % 3][:20])
        good = self.connect(server, 5)
        for _ in range(20):
            for sock in good:
                self.assertEqual(ask(sock).code, 200)
        self.assertTrue(eventually(lambda: len(server.connections) == idle + len(slow) + 5))
        self.assertLessEqual(len(server.crew.members), 4)


class HammerTest(CrewTest):
    """Clients that come and go, in whatever moment."""

    @contextmanager
    def hammering(self, port):
        """Clients that connect, send something or nothing, and leave in one way or the other."""
        is_over = threading.Event()

        def hammer(thread):
            for number in range(10**9):
                if is_over.is_set():
                    return
                try:
                    sock = raw.connect(port, 0.1)
                except OSError:
                    is_over.wait(0.001)
                    continue
                thread.count += 1
                data = [b"", HELLO[:7], HELLO, request("POST / HTTP/1.1", "Content-Length: 9", body=b"x")][number % 4]
                with suppress(OSError):
                    sock.sendall(data)
                raw.reset(sock) if number % 3 else sock.close()

        hammers = []
        for _ in range(4):
            thread = threading.Thread(target=lambda: hammer(threading.current_thread()))
            thread.count = 0
            hammers.append(thread)
            thread.start()
        try:
            yield hammers
        finally:
            is_over.set()
            for thread in hammers:
                thread.join()

    def await_count(self, hammers, count):
        """Wait until they have connected so often."""
        self.assertTrue(eventually(lambda: sum(hammer.count for hammer in hammers) > count))

    def test_connections_may_come_and_go_while_it_ends(self):
        for options in [{}, THREADED]:
            for seconds in [0, 0.05, 1]:
                with (
                    self.subTest(options, seconds=seconds),
                    mock.patch.object(BaseWSGIServer, "request_queue_size", 256),
                ):
                    server = self.make(hello, **options)
                    serving = threading.Thread(target=server.serve_forever)
                    serving.start()
                    with self.hammering(server.port) as hammers:
                        self.await_count(hammers, 50)
                        server.shutdown(seconds)
                        serving.join()
                    self.assertEqual(server.connections, {})
        self.assertEqual(self.tracebacks(), [])

    def test_thousands_of_resets_leave_nothing(self):
        """CVE-2024-49769: half-open sockets made select() spin."""
        server = self.serve(hello)
        with self.hammering(server.port) as hammers:
            self.await_count(hammers, 2000)
        self.assertTrue(eventually(lambda: not server.connections))
        self.assertEqual(ask(self.connect(server)).code, 200)
        self.assertEqual(self.tracebacks(), [])

    def test_clients_that_leave_in_the_middle_of_an_answer_leave_nothing(self):
        """CVE-2022-31015: a socket that one thread closed while another waited for it was the end of the server."""
        for options in [{}, {"threads": 4}]:
            server = self.serve(returning([b"x" * 3000000]), THREADED if options else {}, **options)
            for number in range(200):
                sock = raw.connect(server.port)
                sock.sendall(HELLO)
                sock.recv(1000)
                raw.reset(sock) if number % 2 else sock.close()
            self.assertTrue(eventually(lambda server=server: not server.connections))
            server.app = hello
            self.assertEqual(ask(self.connect(server)).code, 200)
        self.assertEqual(self.tracebacks(), [])

    def test_a_shutdown_in_the_moment_it_begins_is_a_shutdown(self):
        for number in range(30):
            server = self.make(hello, threaded=bool(number % 2))
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            time.sleep(number / 10000)
            server.shutdown()
            serving.join()
            with self.assertRaises(OSError):
                raw.connect(server.port)


if __name__ == "__main__":
    unittest.main()
