"""The two doors of the server: run_simple() while a program is developed, serve() for leaving it on."""

import inspect
import os
import pathlib
import re
import signal
import socket
import stat
import sys
import tempfile
import threading
import unittest
from unittest import mock

from nanoweb import App, serving
from nanoweb.listening import adopt_socket, systemd_socket
from nanoweb.serving import ThreadedWSGIServer, WSGIRequestHandler, make_server, run_simple, serve
from tests import raw
from tests.programs import hasten, hello
from tests.servers import ServerProcess, ServerProcessTest, collected_log, eventually

HELLO = raw.request("GET / HTTP/1.1")


class NoServerTest(unittest.TestCase):
    """Tests in which a server is made, and does not serve."""

    def setUp(self):
        self.servers = []
        patch = mock.patch.object(serving.BaseWSGIServer, "serve_forever", lambda server: self.servers.append(server))
        patch.start()
        self.addCleanup(patch.stop)
        log = collected_log()
        self.records = log.__enter__()
        self.addCleanup(log.__exit__, None, None, None)

    def said(self):
        return [record.getMessage() for record in self.records]


class DevelopmentTest(NoServerTest):
    def test_its_arguments_are_werkzeugs_in_that_order(self):
        names = (
            "hostname port application use_reloader use_debugger use_evalex extra_files exclude_patterns "
            "reloader_interval reloader_type threaded processes request_handler static_files passthrough_errors "
            "ssl_context"
        )
        self.assertEqual(list(inspect.signature(run_simple).parameters), names.split())
        names = "host port app threaded processes request_handler passthrough_errors ssl_context fd"
        self.assertEqual(list(inspect.signature(make_server).parameters)[:9], names.split())

    def test_it_says_what_it_is_for(self):
        run_simple("127.0.0.1", 0, hello)
        self.assertIn(
            " * This is for development: to leave it on, use serve() or the command nanoweb serve", self.said()
        )

    def test_files_are_served_beside_the_application(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "a.txt").write_text("text", encoding="utf-8")
            run_simple("127.0.0.1", 0, App("site"), static_files={"/files": folder})
            app = App("client")
            app.wsgi_app = self.servers[0].app
            with app.test_client().get("/files/a.txt") as answer:
                self.assertEqual(answer.text, "text")
            self.assertEqual(app.test_client().get("/files/b.txt").status_code, 404)

    def test_without_a_debugger_it_says_so_and_serves(self):
        with mock.patch.dict(sys.modules, {"nanoweb.debug": None}):
            run_simple("127.0.0.1", 0, hello, use_debugger=True)
        self.assertIs(self.servers[0].app, hello)
        self.assertTrue(any("debugger" in line for line in self.said()))

    def test_the_debugger_is_put_around_the_application(self):
        debug = mock.Mock()
        with mock.patch.dict(sys.modules, {"nanoweb.debug": debug}):
            run_simple("127.0.0.1", 0, hello, use_debugger=True, use_evalex=False)
        debug.DebuggedApplication.assert_called_once_with(hello, False)
        self.assertIs(self.servers[0].app, debug.DebuggedApplication.return_value)

    def test_the_reloader_gets_what_it_is_to_know_and_the_socket(self):
        with (
            mock.patch("nanoweb.reloader.run_with_reloader") as reload,
            mock.patch("nanoweb.reloader._lent", {}) as lent,
        ):
            run_simple("127.0.0.1", 0, hello, True, extra_files=["a"], exclude_patterns=["b"], reloader_interval=3)
            self.assertEqual(reload.call_args.args[1:], (["a"], ["b"], 3, "auto"))
            self.assertEqual(self.servers, [])
            self.assertEqual(len(lent), 1)

    def test_the_child_of_a_reloader_serves_on_the_socket_of_its_parent(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            environ = {"WERKZEUG_RUN_MAIN": "true", "WERKZEUG_SERVER_FD": str(os.dup(listener.fileno()))}
            run_now = mock.patch("nanoweb.reloader.run_with_reloader", lambda run, *args: run())
            with run_now, mock.patch.dict(os.environ, environ):
                run_simple("127.0.0.1", 1, hello, use_reloader=True)
            self.assertEqual(self.servers[0].port, listener.getsockname()[1])
        self.assertEqual([line for line in self.said() if "Running" in line], [])

    def test_a_program_in_debug_mode_reloads(self):
        for debug, options, expected in [
            (True, {}, True),
            (False, {}, False),
            (True, {"use_reloader": False}, False),
        ]:
            with self.subTest(debug=debug, options=options), mock.patch("nanoweb.serving.run_simple") as run:
                App("a").run(port=0, debug=debug, **options)
                self.assertIs(run.call_args.kwargs["use_reloader"], expected)

    def test_what_cannot_be_served_is_told_in_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            for make in (run_simple, lambda host, port, app: serve(app, host, port)):
                with mock.patch("sys.stderr") as stderr, self.assertRaises(SystemExit) as ended:
                    make("127.0.0.1", taken.getsockname()[1], hello)
                self.assertEqual(ended.exception.code, 1)
                self.assertIn("is in use", stderr.write.call_args_list[0].args[0])

    def test_a_certificate_that_is_not_there_is_named(self):
        with mock.patch("sys.stderr") as stderr, self.assertRaises(SystemExit):
            run_simple("127.0.0.1", 0, hello, ssl_context=("nowhere.pem", "nowhere.key"))
        self.assertIn("'nowhere.pem'", stderr.write.call_args_list[0].args[0])


class ServeTest(NoServerTest):
    def test_it_takes_an_application_or_a_function_that_loads_one(self):
        serve(hello, port=0)
        self.assertIs(self.servers[0].app, hello)
        serve(load=lambda: hello, port=0)
        self.assertIs(self.servers[1].app, hello)
        for wrong in [{}, {"app": hello, "load": lambda: hello}]:
            with self.assertRaises(TypeError):
                serve(port=0, **wrong)

    def test_limits_are_attributes_of_the_server_and_of_its_handler(self):
        serve(hello, port=0, max_connections=7, shutdown_timeout=0.5, max_head=4000, idle_timeout=1, threads=3)
        server = self.servers[0]
        handler = server.RequestHandlerClass
        self.assertEqual((server.max_connections, server.shutdown_timeout, server.threads), (7, 0.5, 3))
        self.assertEqual((handler.max_head, handler.idle_timeout), (4000, 1))
        self.assertEqual((ThreadedWSGIServer.max_connections, WSGIRequestHandler.max_head), (1000, 65536))

    def test_every_limit_has_its_line_in_the_documentation(self):
        text = (pathlib.Path(__file__).parent.parent / "docs" / "serving.md").read_text(encoding="utf-8")
        for name in serving._SERVER_LIMITS + serving._HANDLER_LIMITS:
            owner = ThreadedWSGIServer if name in serving._SERVER_LIMITS else WSGIRequestHandler
            row = re.search(rf"^\| `{name}` \| ([0-9.,]+)", text, re.MULTILINE)
            self.assertIsNotNone(row, name)
            self.assertEqual(float(row[1].replace(",", "")), getattr(owner, name), name)

    def test_what_is_no_limit_is_refused(self):
        for limits, error, words in [
            ({"max_heads": 1}, TypeError, "'max_heads'.*max_head"),
            ({"app_": hello}, TypeError, "'app_'"),
            ({"max_head": -1}, ValueError, "max_head=-1"),
            ({"max_head": "1"}, ValueError, "max_head='1'"),
            ({"max_head": True}, ValueError, "max_head=True"),
            ({"idle_timeout": float("nan")}, ValueError, "idle_timeout=nan"),
            ({"shutdown_timeout": float("inf")}, ValueError, "shutdown_timeout=inf"),
            ({"shutdown_timeout": 10**9 + 1}, ValueError, "shutdown_timeout=1000000001.*31 years"),
            ({"min_body_rate": float("nan")}, ValueError, "min_body_rate=nan"),
            ({"request_queue_size": 1.5}, ValueError, "request_queue_size=1.5.*whole"),
            ({"drain_bytes": 1.5}, ValueError, "drain_bytes=1.5.*whole"),
            ({"max_connections": 0}, ValueError, "max_connections=0.*nobody"),
            ({"request_queue_size": 0}, ValueError, "request_queue_size=0.*nobody"),
            ({"request_queue_size": 2**31}, ValueError, "request_queue_size=2147483648"),
            ({"threads": 0}, ValueError, "threads=0"),
        ]:
            with self.subTest(limits), self.assertRaisesRegex(error, words):
                serve(hello, port=0, **limits)
        self.assertEqual(self.servers, [])

    def test_one_thread_is_said_to_be_one(self):
        for threads in (1, 2):
            serve(hello, port=0, threads=threads)
            self.assertIs(self.servers[-1].multithread, threads > 1)

    def test_a_unix_socket_gets_its_mode_before_anybody_can_connect(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "socket")
            modes = []
            activate = ThreadedWSGIServer.server_activate

            def look(server):
                modes.append(stat.S_IMODE(os.stat(path).st_mode))
                activate(server)

            with mock.patch.object(ThreadedWSGIServer, "server_activate", look):
                serve(hello, f"unix://{path}", mode=0o620)
            self.assertEqual(modes, [0o620])
            self.assertEqual(os.listdir(folder), [])


class DescriptorTest(unittest.TestCase):
    def test_a_socket_that_listens_already_is_served(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            with make_server("ignored", 1, hello, threaded=True, fd=listener.fileno()) as server:
                self.assertEqual(server.port, port)
                thread = threading.Thread(target=hasten(server).serve_forever)
                thread.start()
                self.assertEqual(raw.ask(port, HELLO)[0].code, 200)
                server.shutdown()
                thread.join()
            self.assertEqual(listener.getsockname()[1], port)  # its owner has it still

    def test_what_is_no_such_socket_is_refused(self):
        deaf, datagrams = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        files = [deaf, datagrams, *socket.socketpair(), open(os.devnull, "rb")]  # noqa: SIM115 (see the next line)
        for file in files:
            self.addCleanup(file.close)
        for fd in (*(file.fileno() for file in files), 10**9, 10**30, -1):
            with self.subTest(fd), self.assertRaises(OSError) as caught:
                adopt_socket(fd)
            self.assertIn(f"descriptor {fd}", str(caught.exception))
        with self.assertRaisesRegex(OSError, f"Cannot serve: descriptor {deaf.fileno()}"):
            make_server(fd=deaf.fileno())

    def test_systemd_hands_over_one(self):
        for count, pid, right in [
            ("1", str(os.getpid()), True),
            ("1", "", True),
            ("1", "1", False),
            ("2", str(os.getpid()), False),
            ("", "", False),
        ]:
            environ = {"LISTEN_FDS": count, "LISTEN_PID": pid}
            with self.subTest(count=count, pid=pid), mock.patch.dict(os.environ, environ):
                if right:
                    self.assertEqual(systemd_socket(), 3)
                else:
                    with self.assertRaisesRegex(OSError, "LISTEN_FDS"):
                        systemd_socket()


@unittest.skipUnless(hasattr(os, "fork"), "there are no processes to share a socket")
class WorkersTest(ServerProcessTest):
    """Several processes behind serve()."""

    def ask(self, server, count):
        """Return what so many connections are answered."""
        return [raw.ask(server.port, HELLO)[0].body for _ in range(count)]

    def test_each_loads_the_application_and_sighup_loads_it_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "text")
            file.write_text("old", encoding="utf-8")
            server = self.start(
                f"""
import os, pathlib
from nanoweb.serving import serve
def load():
    text = pathlib.Path({str(file)!r}).read_bytes()
    def app(environ, start_response):
        start_response("200 OK", [("Processes", str(environ["wsgi.multiprocess"])), ("Pid", str(os.getpid()))])
        return [text]
    return app
serve(load=load, port=0, workers=2, shutdown_timeout=5)
""",
                signal.SIGTERM,
            )
            self.assertTrue(eventually(lambda: server.log().count("is ready") == 2))
            self.assertEqual(set(self.ask(server, 4)), {b"old"})
            self.assertEqual(raw.ask(server.port, HELLO)[0].fields["processes"], "True")
            file.write_text("new", encoding="utf-8")
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(eventually(lambda: server.log().count("ended with status 0") == 2))
            self.assertEqual(set(self.ask(server, 4)), {b"new"})
            self.assertEqual(server.stop(), 0)

    def test_if_none_can_start_it_ends_with_an_error(self):
        server = ServerProcess("from nanoweb.serving import serve\nserve(load=lambda: 1 / 0, port=0, workers=2)")
        self.addCleanup(server.file.close)
        self.assertEqual(server.process.wait(raw.PATIENCE), 1)
        self.assertRegex(server.log(), r"ZeroDivisionError[^~]*Cannot serve: [^\n]*\n\Z")
        self.assertEqual(server.log().count("Traceback"), 1)

    def test_a_log_that_the_application_sets_up_has_each_line_once(self):
        program = (
            "import logging\nfrom nanoweb.serving import serve\nfrom tests.programs import hello\n"
            "def load():\n    logging.basicConfig(format='mine: %(message)s')\n    return hello\n"
            "serve(load=load, port=0, workers="
        )
        for server in [self.start(f"{program}{workers})", signal.SIGTERM) for workers in (1, 2)]:
            self.assertEqual(self.ask(server, 1), [b"hello"])
            self.assertTrue(eventually(lambda server=server: re.search("mine: .* 200", server.log())), server.log())
            self.assertEqual(server.log().count(" 200 "), 1)

    def test_a_ctrl_c_while_the_application_is_loaded_ends_it_without_a_traceback(self):
        program = (
            "import time\nfrom nanoweb.serving import serve\n"
            "def load():\n    print('loading', flush=True)\n    while True: time.sleep(0.1)\n"
            "serve(load=load, port=0, workers="
        )
        for server in [ServerProcess(f"{program}{workers})") for workers in (1, 2)]:
            self.addCleanup(server.file.close)
            server.await_log("loading")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(raw.PATIENCE), 0)
            self.assertNotIn("Traceback", server.log())

    def test_the_access_log_can_be_left_out(self):
        server = self.start(
            "from nanoweb.serving import serve\nfrom tests.programs import hello\n"
            "serve(hello, port=0, access_log=False)",
            signal.SIGTERM,
        )
        self.assertEqual(self.ask(server, 1), [b"hello"])
        self.assertEqual(raw.ask(server.port, b"nonsense\r\n\r\n")[0].code, 400)
        self.assertTrue(eventually(lambda: "400" in server.log()))
        self.assertNotIn("200", server.log())


if __name__ == "__main__":
    unittest.main()
