"""The servers: where they listen, and how programs run them; what they answer is in cases and test_cases."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from contextlib import ExitStack, redirect_stderr
from unittest import mock

from nanoweb import listening, serving
from nanoweb.crew import Crew
from nanoweb.serving import make_server, run_simple

from . import raw
from .raw import HELLO, request
from .servers import KINDS, ROOT, ServerProcessTest, collected_log, echo, hasten, hello, running
from .test_tls import CERTIFICATE, KEY


class AddressTest(unittest.TestCase):
    def test_a_port_in_use_is_told_in_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with self.assertRaisesRegex(OSError, rf"Port {port} is in use .*--port.*app\.run\(port=") as caught:
                make_server("127.0.0.1", port, hello)
            self.assertEqual(caught.exception.errno, errno.EADDRINUSE)
            program = f"from nanoweb.serving import run_simple; run_simple('127.0.0.1', {port}, None)"
            command = [sys.executable, "-W", "error", "-c", program]
            done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"\APort {port} is in use [^\n]*\n\Z")

    def test_two_servers_never_share_a_port(self):
        with running(hello) as server, self.assertRaises(OSError):
            make_server("127.0.0.1", server.port, hello)

    def test_airplay_is_named_where_it_is_to_blame(self):
        error = OSError(errno.EADDRINUSE, "Address already in use")
        for platform, port, named in [("darwin", 5000, True), ("darwin", 5001, False), ("linux", 5000, False)]:
            with mock.patch.object(sys, "platform", platform):
                self.assertEqual("AirPlay" in listening.explain_bind_error(error, "127.0.0.1", port), named)

    def test_other_mishaps_are_told_too(self):
        denied = listening.explain_bind_error(PermissionError(errno.EACCES, "Permission denied"), "0.0.0.0", 80)
        self.assertRegex(denied, "0.0.0.0 port 80: Permission denied.*choose a higher one")
        with self.assertRaisesRegex(OSError, "Cannot listen on 203.0.113.1 port 0: "):
            make_server("203.0.113.1", 0, hello)

    def test_what_can_be_no_address_is_told_in_one_line(self):
        for host, complaint in [
            ("x" * 70 + ".com", "1 to 63 characters between its dots"),
            ("a..b", "1 to 63 characters between its dots"),
            ("a\0b", "holds a NUL"),
            *(
                [("unix:///tmp/a\0b", "holds a NUL"), ("unix:///" + "x" * 110, "x: .*too long")]
                if listening.unix_family
                else []
            ),
        ]:
            with self.subTest(host), redirect_stderr(io.StringIO()) as told:
                with self.assertRaises(SystemExit) as caught:
                    run_simple(host, 0, hello)
                self.assertEqual(caught.exception.code, 1)
                self.assertRegex(told.getvalue(), rf"\ACannot listen on [^\n]*{complaint}[^\n]*\.\n\Z")

    def test_the_kind_of_address_shows(self):
        for family, hosts in [("AF_INET", ["localhost", "0.0.0.0"]), ("AF_INET6", ["::", "fe80::1%lo"])]:
            self.assertEqual({serving.select_address_family(host, 80).name for host in hosts}, {family})

    def test_the_addresses_are_printed_as_they_can_be_clicked(self):
        for address, expected in [
            (("127.0.0.1", 80), ["Running on http://127.0.0.1:80"]),
            (("::1", 80, 0, 0), ["Running on http://[::1]:80"]),
            (("0.0.0.0", 80), ["Running on all addresses (0.0.0.0)", "Running on http://127.0.0.1:80"]),
            (("::", 80, 0, 0), ["Running on all addresses (::)", "Running on http://[::1]:80"]),
        ]:
            server = make_server("127.0.0.1", 0, hello)
            self.addCleanup(server.server_close)
            server.server_address, server.host, server.port = address, address[0], address[1]
            self.assertEqual(server.describe()[: len(expected)], expected)

    def test_a_server_takes_a_socket_that_is_open_already(self):
        mine = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(mine.close)
        with collected_log(), running(hello, options={"threaded": True, "fd": mine.fileno()}) as server:
            self.assertEqual(server.port, mine.getsockname()[1])
            self.assertEqual(len(raw.ask(server.port, HELLO)), 1)

    def test_make_server_chooses_the_class(self):
        for options, name in [({}, "BaseWSGIServer"), ({"threaded": True}, "ThreadedWSGIServer")]:
            server = make_server(app=hello, **options)
            self.addCleanup(server.server_close)
            self.assertEqual((type(server).__name__, server.host), (name, "127.0.0.1"))
        with self.assertRaisesRegex(ValueError, "threaded=True and processes=2"):
            make_server("127.0.0.1", 0, hello, threaded=True, processes=2)
        with self.assertRaisesRegex(ValueError, "port 70000 is not from 0 to 65535"):
            make_server("127.0.0.1", 70000, hello)
        with self.assertRaisesRegex(TypeError, "port '80' is no int"):
            run_simple("127.0.0.1", "80", hello)

    def test_processes_need_fork(self):
        with mock.patch.object(serving.os, "fork", create=True):
            del serving.os.fork
            with self.assertRaisesRegex(ValueError, "needs os.fork"):
                make_server("127.0.0.1", 0, hello, processes=2)


if hasattr(socket, "AF_UNIX"):

    class UnixTest(unittest.TestCase):
        def setUp(self):
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            self.path = os.path.join(folder.name, "socket")

        def ask(self):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.path)
                sock.sendall(HELLO)
                return raw.receive_answer(sock)

        def serve(self):
            server = hasten(make_server("unix://" + self.path, 0, echo, threaded=True))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            self.addCleanup(thread.join)
            self.addCleanup(server.shutdown)
            return server

        def test_it_listens_on_a_unix_socket_and_leaves_no_file(self):
            with collected_log():
                server = self.serve()
                self.assertEqual(server.describe(), [f"Running on unix://{self.path}"])
                seen = json.loads(self.ask().body)
                self.assertEqual((seen["REMOTE_ADDR"], seen["SERVER_NAME"]), ("<local>", "localhost"))
                self.doCleanups()
            self.assertFalse(os.path.exists(self.path))

        def test_a_server_that_ends_leaves_the_file_of_its_successor(self):
            with collected_log():
                old = self.serve()
                os.unlink(self.path)
                self.serve()
                old.shutdown()
                self.assertEqual(self.ask().code, 200)
                self.doCleanups()
            self.assertFalse(os.path.exists(self.path))

        def test_a_file_that_a_dead_server_left_is_replaced_and_nothing_else(self):
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(self.path)
            with collected_log():
                self.serve()
                self.assertEqual(self.ask().code, 200)
                with self.assertRaises(OSError):
                    make_server("unix://" + self.path, 0, echo)
                self.assertEqual(self.ask().code, 200)
                self.doCleanups()

        def test_a_server_that_is_too_busy_to_answer_is_not_waited_for(self):
            """To ask whether it lives took for ever."""
            with socket.socket(socket.AF_UNIX) as busy:
                busy.bind(self.path)
                busy.listen(0)
                for _ in range(3):
                    client = socket.socket(socket.AF_UNIX)
                    self.addCleanup(client.close)
                    client.setblocking(False)
                    client.connect_ex(self.path)
                errors = []

                def start():
                    try:
                        make_server("unix://" + self.path, 0, echo)
                    except OSError as error:
                        errors.append(error.errno)

                thread = threading.Thread(target=start, daemon=True)
                thread.start()
                thread.join(raw.PATIENCE)
                self.assertEqual(errors, [errno.EADDRINUSE])
            self.assertTrue(os.path.exists(self.path))

        def test_a_file_that_is_no_socket_stays(self):
            with open(self.path, "w", encoding="utf-8") as file:
                file.write("precious")
            with self.assertRaises(OSError):
                make_server("unix://" + self.path, 0, echo)
            self.assertTrue(os.path.exists(self.path))


class TLSTest(unittest.TestCase):
    """Everything above, encrypted: the connection is another, and nobody notices."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        farewell = mock.patch.object(Crew, "farewell", 0.05)
        farewell.start()
        self.addCleanup(farewell.stop)
        self.pair = [os.path.join(folder.name, name) for name in ["cert.pem", "key.pem"]]
        for path, text in zip(self.pair, [CERTIFICATE, KEY]):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        log = collected_log()
        self.records = log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)

    def connect(self, server):
        context = ssl.create_default_context(cadata=CERTIFICATE)
        sock = context.wrap_socket(raw.connect(server.port), server_hostname="localhost")
        self.addCleanup(sock.close)
        return sock

    def serve(self, app, **options):
        return running(app, options={**options, "ssl_context": tuple(self.pair)})

    def test_requests_and_answers_come_through(self):
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the server closes it)
        file.write(b"x" * 3000000)

        def app(environ, start_response):
            if environ["PATH_INFO"] == "/file":
                file.seek(0)
                start_response("200 OK", [])
                return environ["wsgi.file_wrapper"](file)
            return echo(environ, start_response)

        for options in [{}, {"threaded": True}]:
            with self.serve(app, **options) as server:
                self.assertEqual(server.describe(), [f"Running on https://127.0.0.1:{server.port}"])
                sock = self.connect(server)
                for body in [b"", b"hello", b"y" * 300000]:
                    sock.sendall(request("POST / HTTP/1.1", f"Content-Length: {len(body)}", body=body))
                    seen = json.loads(raw.receive_answer(sock).body)
                    self.assertEqual(seen["body"], body.decode())
                if options:
                    sock.sendall(request("GET /file HTTP/1.1", "Connection: close"))
                    self.assertEqual(len(raw.Answer(raw.receive(sock)).body), 3000000)

    def test_the_application_is_told(self):
        def app(environ, start_response):
            start_response("200 OK", [])
            return [environ["wsgi.url_scheme"].encode()]

        with self.serve(app) as server:
            sock = self.connect(server)
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).body, b"https")

    def test_a_handshake_that_does_not_end_keeps_nobody_waiting(self):
        for options in [{}, {"threaded": True}]:
            with self.serve(hello, **options) as server:
                slow = [raw.connect(server.port) for _ in range(5)]
                for sock in slow:
                    self.addCleanup(sock.close)
                    sock.sendall(b"\x16\x03\x01")
                sock = self.connect(server)
                for _ in range(3):
                    sock.sendall(HELLO)
                    self.assertEqual(raw.receive_answer(sock).code, 200)

    def test_a_client_that_speaks_no_tls_is_told_or_dropped(self):
        with self.serve(hello, threaded=True) as server:
            [answer] = raw.ask(server.port, HELLO)
            self.assertEqual(answer.code, 400)
            self.assertIn(b"https://", answer.body)
            for junk in [b"\x16\x03\x01\x00\x05hello", b"\x00" * 100, b"\xff"]:
                raw.send(server.port, junk)
            sock = self.connect(server)
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).code, 200)
        self.assertEqual([record for record in self.records if record.exc_info], [])


class ProgramTest(ServerProcessTest):
    """run_simple() in a process of its own, and the signals that end it; tests/extra/long_serving.py has more."""

    def test_it_prints_its_address_and_ends_cleanly(self):
        signals = dict(zip(KINDS, [signal.SIGTERM, signal.SIGINT, signal.SIGINT]))
        servers = {kind: self.start_kind(kind, signals[kind]) for kind in KINDS}
        for kind, server in servers.items():
            with self.subTest(kind, signal=signals[kind].name):
                with raw.connect(server.port) as sock:
                    sock.sendall(HELLO)
                    self.assertEqual(raw.receive_answer(sock).code, 200)
                    server.await_log("200 -$")
                    self.assertRegex(
                        server.log(),
                        r"\A \* Running on http://127\.0\.0\.1:[0-9]+\n \* This is for development: [^\n]+\n"
                        r"Press CTRL\+C to quit\n"
                        r'127\.0\.0\.1 - - \[[^]]+\] "GET /hello HTTP/1\.1" 200 -\n\Z',
                    )
                server.process.send_signal(signals[kind])
        for kind, server in servers.items():
            with self.subTest(kind, signal=signals[kind].name):
                self.assertEqual(server.process.wait(raw.PATIENCE), 0)

    def test_a_request_in_progress_is_answered_before_it_ends(self):
        """At once it got nothing at all; connections without a request are closed meanwhile."""
        servers = {kind: self.start_kind(kind) for kind in KINDS}
        with ExitStack() as stack:
            socks = {}
            for kind, server in servers.items():
                idle, sock = socks[kind] = [stack.enter_context(raw.connect(server.port)) for _ in range(2)]
                idle.sendall(HELLO)
                raw.receive_answer(idle)
                sock.sendall(self.ASKS)
                self.assertEqual(raw.receive_answer(sock).code, 100)
                server.process.send_signal(signal.SIGINT)
            for kind, (idle, sock) in socks.items():
                with self.subTest(kind):
                    if kind != "plain":  # whose one thread serves, and can do nothing else
                        servers[kind].await_close()
                        self.assertEqual(raw.receive(idle), b"")
                    sock.sendall(b"hello")
                    answer = raw.Answer(raw.receive(sock))
                    self.assertEqual((answer.code, answer.fields["connection"]), (200, "close"))
                    self.assertEqual(json.loads(answer.body)["body"], "hello")
                    self.assertEqual(servers[kind].process.wait(raw.PATIENCE), 0)
                    self.assertNotIn("Traceback", servers[kind].log())

    def test_a_program_keeps_its_own_log_and_its_own_signals(self):
        program = (
            "import logging, signal, sys; logging.basicConfig(format='mine: %(message)s', level='INFO');"
            "signal.signal(signal.SIGTERM, lambda *args: sys.exit(7));"
            "from tests.programs import serve; serve('threaded')"
        )
        server = self.start(program, signal.SIGTERM)
        self.assertTrue(server.port)
        self.assertEqual(server.log().count("mine: "), server.log().count("\n"))
        self.assertEqual(server.stop(), 7)


if hasattr(os, "fork"):

    class ForkTest(ServerProcessTest):
        """A process for each connection."""

        def test_there_are_never_more_processes_than_allowed(self):
            """Who comes too late waits, until one of the others ends or has been silent for a moment."""
            server = self.start(
                "from tests.programs import echo, run_simple; from nanoweb.serving import WSGIRequestHandler\n"
                "WSGIRequestHandler.crowded_timeout = 0.05\n"
                "run_simple('127.0.0.1', 0, echo, processes=2)"
            )
            with raw.connect(server.port) as first, raw.connect(server.port) as second:
                for sock in [first, second]:
                    sock.sendall(self.ASKS)
                    self.assertEqual(raw.receive_answer(sock).code, 100)
                late = raw.connect(server.port)
                self.addCleanup(late.close)
                late.sendall(HELLO)
                late.settimeout(0.1)
                with self.assertRaises(socket.timeout):
                    late.recv(1)
                late.settimeout(raw.PATIENCE)
                first.sendall(b"hello")
                self.assertEqual(raw.receive_answer(first).code, 200)
                self.assertEqual(raw.receive_answer(late).code, 200)

        def test_silent_connections_take_no_process(self):
            """Two of them took all that there were, and each kept them for a moment."""
            server = self.start(
                "from tests.programs import hello, run_simple; from nanoweb.serving import WSGIRequestHandler\n"
                "WSGIRequestHandler.crowded_timeout = 3600\n"
                "run_simple('127.0.0.1', 0, hello, processes=2)"
            )
            for _ in range(10):
                self.addCleanup(raw.connect(server.port).close)
            with raw.connect(server.port) as sock:
                for _ in range(2):
                    sock.sendall(HELLO)
                    self.assertEqual(raw.receive_answer(sock).code, 200)

        def test_a_child_that_is_gone_already_keeps_none_from_ending(self):
            gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
            gone.wait()
            server = make_server("127.0.0.1", 0, hello, processes=2)
            server.active_children = {gone.pid}
            server.server_close()
            self.assertEqual(server.active_children, set())


if __name__ == "__main__":
    unittest.main()
