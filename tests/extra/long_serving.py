"""The servers in processes of their own: what they survive, and how they end.

    python -m unittest tests.extra.long_serving

Nothing but Python is needed; it is here as all these processes take time.  tests/test_serving.py has the others.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import unittest
from contextlib import ExitStack

from tests import raw
from tests.raw import HELLO, request
from tests.servers import KINDS, ServerProcessTest, eventually


class ProgramTest(ServerProcessTest):
    """run_simple() in a process of its own, and the signals that end it."""

    def test_who_will_not_end_is_not_waited_for_for_ever(self):
        """The time is bounded, and a second signal cuts it short, without a traceback."""
        ways = [(kind, *way) for kind in KINDS for way in [(0.05, signal.SIGTERM), (3600, signal.SIGINT)]]
        servers = [self.start_kind(kind, timeout=seconds) for kind, seconds, _ in ways]
        with ExitStack() as stack:
            socks = [stack.enter_context(raw.connect(server.port)) for server in servers]
            for (kind, seconds, stop_signal), server, sock in zip(ways, servers, socks):
                with self.subTest(kind, seconds=seconds):
                    sock.sendall(self.ASKS)
                    self.assertEqual(raw.receive_answer(sock).code, 100)
                    time.sleep(0.05)  # in the moment before poll() begins to wait, a signal is heard when it ends
                    server.process.send_signal(stop_signal)
                    if kind != "plain":
                        server.await_close()
                    if seconds > 1:
                        time.sleep(0.2)  # two signals of a kind that come before the first is heard are one
                        server.process.send_signal(stop_signal)
                    self.assertEqual(server.process.wait(raw.PATIENCE), 0)
                    self.assertEqual(raw.receive(sock), b"")
                    self.assertNotRegex(server.log(), "Traceback|KeyboardInterrupt")

    def test_a_process_that_a_view_has_forked_is_no_server(self):
        """It ends by a signal as if we had no handler for it, and by sys.exit() without a word to the client."""
        program = (
            "import os, signal, sys, time, warnings\n"
            "warnings.simplefilter('ignore')\n"  # a server has threads, and Python 3.12 thinks that this is dangerous
            "from tests.programs import serve\n"
            "def app(environ, start_response):\n"
            "    line, tail = os.pipe()\n"
            "    pid = os.fork()\n"
            "    if pid == 0:\n"
            "        if environ['PATH_INFO'] == '/exit': sys.exit(7)\n"
            "        os.write(tail, b'!')\n"
            "        for _ in range(300): time.sleep(0.1)\n"
            "        os._exit(1)\n"
            "    if environ['PATH_INFO'] != '/exit':\n"
            "        os.read(line, 1)\n"
            "        os.kill(pid, signal.SIGTERM)\n"
            "    found, status = os.waitpid(pid, os.WNOHANG)\n"
            "    while not found:\n"
            "        time.sleep(0.01)\n"
            "        if environ['PATH_INFO'] != '/exit':\n"
            "            os.kill(pid, signal.SIGTERM)    # again: Python 3.13 may miss one after a thread forked\n"
            "        found, status = os.waitpid(pid, os.WNOHANG)\n"
            "    os.close(line); os.close(tail)\n"
            "    start_response('200 OK', [])\n"
            "    return [b'%d' % status]\n"
        )
        kinds = KINDS if hasattr(os, "fork") else ()
        servers = {kind: self.start(f"{program}serve({kind!r}, app)", signal.SIGTERM) for kind in kinds}
        for kind, server in servers.items():
            for path, status in [("/exit", 7 << 8), ("/kill", signal.SIGTERM), ("/exit", 7 << 8)]:
                with self.subTest(kind, path=path):
                    [answer] = raw.ask(server.port, request(f"GET {path} HTTP/1.1"))
                    self.assertEqual((answer.code, answer.body), (200, b"%d" % status), server.log())

    def test_a_server_without_descriptors_serves_again_when_there_are_some(self):
        server = self.start(
            "import resource; from tests.programs import serve, hello\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))\n"
            "serve('threaded', hello, farewell=0.02, pause=0.01)"
        )
        silent = [raw.connect(server.port) for _ in range(60)]
        for sock in silent:
            self.addCleanup(sock.close)
        with raw.connect(server.port) as sock:
            sock.sendall(HELLO)
            self.assertEqual(raw.receive_answer(sock).code, 200)
        self.assertEqual(server.log().count("Too many open files"), 1)


if hasattr(os, "fork"):

    class ForkTest(ServerProcessTest):
        """A process for each connection."""

        def run_program(self, program, data=HELLO):
            """Ask a program with an application that is called app; return (what was answered, the server)."""
            server = self.start(f"from nanoweb.serving import run_simple\n{program}")
            return raw.send(server.port, data), server

        def test_a_signal_in_the_middle_of_a_fork_is_not_lost(self):
            """Python drops what a hook raises: under load Ctrl-C did nothing."""
            _, server = self.run_program(
                "import os, signal\n"
                "from tests.programs import serve\n"
                "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))\n"
                "serve('forking')"
            )
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertNotRegex(server.log(), "Traceback|ignored")

        def test_who_only_looks_whether_we_live_takes_no_process(self):
            """As the probes of load balancers do."""
            server = self.start(
                "import os; from tests.programs import hello, run_simple\n"
                "os.register_at_fork(before=lambda: os.write(1, b'a process\\n'))\n"
                "run_simple('127.0.0.1', 0, hello, processes=2)"
            )
            for _ in range(5):
                raw.connect(server.port).close()
                raw.reset(raw.connect(server.port))
            self.assertEqual([answer.code for answer in raw.ask(server.port, HELLO)], [200])
            self.assertEqual(server.process.poll(), None)
            self.assertTrue(eventually(lambda: "a process" in server.log()))
            self.assertEqual(server.log().count("a process"), 1)

        def test_a_client_that_keeps_a_process_busy_leaves_it_to_others(self):
            server = self.start(
                "from tests.programs import hello, run_simple; from nanoweb.serving import WSGIRequestHandler\n"
                "WSGIRequestHandler.crowded_timeout = 3600\n"
                "run_simple('127.0.0.1', 0, hello, processes=2)"
            )
            is_answered = threading.Event()
            busy, closed = set(), []

            def ask_on():
                with raw.connect(server.port) as sock:
                    while not (closed or is_answered.is_set()):
                        sock.sendall(HELLO)
                        if raw.receive_answer(sock).fields.get("connection") == "close":
                            closed.append(sock)
                        busy.add(sock)

            threads = [threading.Thread(target=ask_on) for _ in range(2)]
            for thread in threads:
                thread.start()
            self.assertTrue(eventually(lambda: len(busy) == 2))
            with raw.connect(server.port) as late:
                late.sendall(HELLO)
                self.assertEqual(raw.receive_answer(late).code, 200)
            is_answered.set()
            for thread in threads:
                thread.join()
            self.assertTrue(closed)

        def test_where_no_process_can_be_made_the_client_is_told(self):
            data, server = self.run_program(
                "import os\n"
                "from tests.programs import hello\n"
                "fork, calls = os.fork, []\n"
                "def fail():\n"
                "    calls.append(1)\n"
                "    if len(calls) > 2:\n"
                "        return fork()\n"
                "    raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
                "os.fork = fail\n"
                "run_simple('127.0.0.1', 0, hello, processes=2)"
            )
            self.assertEqual(raw.Answer(data).code, 503)
            self.assertEqual([raw.ask(server.port, HELLO)[0].code for _ in range(2)], [503, 200])
            self.assertEqual(server.log().count("cannot make a process: "), 1)

        def test_a_process_whose_parent_was_killed_ends(self):
            server = self.start(
                "from tests.programs import hello, run_simple; from nanoweb.serving import WSGIRequestHandler\n"
                "WSGIRequestHandler.crowded_timeout = 0.05\n"
                "run_simple('127.0.0.1', 0, hello, processes=2)"
            )
            with raw.connect(server.port) as sock:
                sock.sendall(HELLO)
                self.assertEqual(raw.receive_answer(sock).code, 200)
                server.process.kill()
                self.assertEqual(raw.receive(sock), b"")

        def test_a_client_that_takes_nothing_does_not_keep_its_process(self):
            server = self.start(
                "import tempfile; from nanoweb.serving import WSGIRequestHandler, run_simple\n"
                "class Handler(WSGIRequestHandler):\n"
                "    send_timeout = 0.1\n"
                "def app(environ, start_response):\n"
                "    start_response('200 OK', [])\n"
                "    file = tempfile.TemporaryFile()\n"
                "    file.truncate(30000000)\n"
                "    return environ['wsgi.file_wrapper'](file)\n"
                "run_simple('127.0.0.1', 0, app, processes=2, request_handler=Handler)"
            )
            for _ in range(3):
                sock = raw.connect(server.port)
                self.addCleanup(sock.close)
                sock.sendall(HELLO)
            self.assertEqual(sock.recv(12), b"HTTP/1.1 200")

        def test_a_child_that_heeds_no_signal_is_killed(self):
            server = self.start(
                "from tests import programs; from nanoweb.serving import BaseWSGIServer;"
                "BaseWSGIServer.shutdown_timeout = 0.05;"
                "programs.run_simple('127.0.0.1', 0, programs.deaf, processes=2)"
            )
            with raw.connect(server.port) as sock:
                sock.sendall(request("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"))
                self.assertEqual(raw.receive_answer(sock).code, 100)
                self.assertEqual(server.stop(), 0)
                self.assertEqual(raw.receive(sock), b"")

        def test_what_a_view_prints_is_seen_once(self):
            """os._exit() writes nothing that is held back, and a fork doubles it."""
            data, server = self.run_program(
                "from tests.programs import hello\n"
                "print('by the program')\n"
                "def app(environ, start_response):\n"
                "    print('by the view')\n"
                "    return hello(environ, start_response)\n"
                "run_simple('127.0.0.1', 0, app, processes=2)"
            )
            self.assertEqual(raw.Answer(data).body, b"hello")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertEqual((server.log().count("by the program"), server.log().count("by the view")), (1, 1))

        def test_an_error_that_passes_through_is_seen(self):
            data, server = self.run_program(
                "run_simple('127.0.0.1', 0, lambda *args: {}['key'], processes=2, passthrough_errors=True)"
            )
            self.assertEqual(data, b"")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertEqual(server.log().count("KeyError: 'key'"), 1)


if __name__ == "__main__":
    unittest.main()
