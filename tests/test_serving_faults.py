"""When a server ends, or is hindered: whoever has a connection gets an answer."""

from __future__ import annotations

import socket
import sys
import threading
import unittest
from contextlib import ExitStack, closing
from unittest import mock

from nanoweb.crew import Crew
from nanoweb.listening import admit, bar_newcomers
from nanoweb.serving import ThreadedWSGIServer

from . import raw
from .programs import hasten, paths


class BarredTest(unittest.TestCase):
    """A socket that takes nobody new can be emptied before it is closed."""

    ADDRESSES = [(socket.AF_INET, "127.0.0.1"), *[(socket.AF_INET6, "::1")] * socket.has_ipv6]

    def test_who_has_connected_can_be_accepted_and_nobody_can_connect(self):
        for family, host in self.ADDRESSES:
            with self.subTest(host), closing(socket.create_server((host, 0), family=family)) as listener:
                address = listener.getsockname()[:2]
                with closing(socket.create_connection(address, raw.PATIENCE)) as client:
                    bar_newcomers(listener)
                    if sys.platform == "linux":
                        with self.assertRaisesRegex(OSError, "timed out"):
                            socket.create_connection(address, 0.05)
                    with closing(listener.accept()[0]) as accepted:
                        client.sendall(b"hello")
                        self.assertEqual(accepted.recv(5), b"hello")

    def test_who_has_inherited_the_bar_is_admitted(self):
        with socket.create_server(("127.0.0.1", 0)) as listener, raw.connect(listener.getsockname()[1]) as client:
            accepted, _ = listener.accept()
            with accepted:
                bar_newcomers(accepted)
                admit(accepted)
                client.sendall(b"hello")
                self.assertEqual(accepted.recv(5), b"hello")

    def test_a_closed_socket_or_one_of_another_kind_is_no_error(self):
        one, other = socket.socketpair()
        one.close()
        for sock in (one, other):
            bar_newcomers(sock)
            admit(sock)
        other.close()


class Farewell(ThreadedWSGIServer):
    """Clients connect in the worst of moments: when the server is about to go; and their handshakes take a while."""

    def __init__(self, *args):
        super().__init__(*args)
        self.clients, self.have_come, self.has_looked = [], threading.Event(), False

    def close_door(self):
        if not self.clients:
            self.clients = [raw.connect(self.port) for _ in range(20)]
            self.have_come.set()
        super().close_door()

    def get_request(self):
        if self.have_come.is_set() and not self.has_looked:
            self.has_looked = True
            raise BlockingIOError
        return super().get_request()


class FarewellTest(unittest.TestCase):
    """RFC 9112 knows no way to say "never heard": who has connected has been heard."""

    def test_who_connects_while_the_server_says_good_bye_is_answered(self):
        server = Farewell("127.0.0.1", 0, paths)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        raw.ask(server.port, raw.HELLO)
        server.stop_soon()
        self.assertTrue(server.have_come.wait(raw.PATIENCE))
        for client in server.clients:
            with closing(client):
                client.sendall(raw.HELLO)
                answer = raw.receive_answer(client)
                self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
        thread.join()
        self.assertEqual(server.connections, {})


class CourtesyTest(unittest.TestCase):
    """Processes that share a socket."""

    def test_clients_that_come_at_one_moment_do_not_all_go_to_one_of_them(self):
        one = ThreadedWSGIServer("127.0.0.1", 0, paths)
        servers = [hasten(one), hasten(ThreadedWSGIServer("127.0.0.1", one.port, paths, fd=one.fileno()))]
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(Crew, "courtesy", 0.05))
            for server in servers:
                server.multiprocess = True
                thread = threading.Thread(target=server.serve_forever)
                stack.callback(thread.join)
                stack.callback(server.shutdown)
                thread.start()
            clients = [stack.enter_context(raw.connect(one.port)) for _ in range(8)]
            for client in clients:
                client.sendall(raw.HELLO)
            for client in clients:
                self.assertEqual(raw.receive_answer(client).code, 200)
            self.assertTrue(all(server.connections for server in servers))


if __name__ == "__main__":
    unittest.main()
