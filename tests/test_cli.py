"""The nanoweb command: from a file to an application that is served."""

import contextlib
import http.client
import io
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import unittest
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from unittest import mock

import nanoweb
from nanoweb.cli import FlaskGroup, load_app, main

from .test_targets import PLAIN, SITE, FolderTest

PACKAGE = pathlib.Path(nanoweb.__path__[0])
PATIENCE = 60  # seconds until a program is given up; nothing here waits that long when all is well


class BrokenApplicationTest(FolderTest):
    """An error in the user's own code is shown as Python shows it."""

    def assertShown(self, argv, *words):
        status, out, err = self.call(*argv)
        self.assertEqual((status, out), (1, ""))
        self.assertNotIn(str(PACKAGE), err)
        self.assertNotIn("importlib", err)
        self.assertNotIn("nanoweb: error", err)
        for word in words:
            self.assertIn(word, err)

    def test_its_traceback_is_shown_without_frames_of_ours(self):
        self.write("broken1.py", "from nanoweb import App\n1 / 0\n")
        self.write("broken2.py", "import broken1\n")
        self.write("broken3.py", "import no_such_module\n")
        self.write("broken4.py", "def create_app():\n    return int('x')\n")
        self.write("broken5.py", "def create_app():\n    return int(1, 2, 3)\n")
        self.write("broken6.py", "import os.nowhere\n")
        for target, words in [
            ("broken1.py", ["broken1.py", "line 2", "ZeroDivisionError"]),
            ("broken2.py", ["broken2.py", "broken1.py", "ZeroDivisionError"]),
            ("broken3", ["broken3.py", "ModuleNotFoundError", "no_such_module"]),
            ("broken4.py", ["line 2", "in create_app", "ValueError"]),
            ("broken4.py:create_app()", ["in create_app", "ValueError"]),
            ("broken5.py", ["in create_app", "TypeError"]),
            ("broken6", ["broken6.py", "os.nowhere"]),
        ]:
            for command in ["routes", "run"]:
                with self.subTest(command, target=target):
                    self.assertShown([command, target, *["-p0"] * (command == "run")], "Traceback", *words)

    def test_a_syntax_error_shows_the_line(self):
        self.write("broken7.py", "x = 1\nif x\n")
        self.assertShown(["routes", "broken7.py"], "broken7.py", "line 2", "SyntaxError")
        self.assertNotIn("Traceback", self.call("routes", "broken7.py")[2])

    def test_a_module_may_end_the_program(self):
        self.write("broken8.py", "raise SystemExit('set SECRET_KEY first')\n")
        with self.assertRaisesRegex(SystemExit, "set SECRET_KEY first"):
            self.call("run", "broken8.py", "-p0")


class RoutesTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.write(
            "shop.py",
            """
            from nanoweb import App

            app = App(__name__, static_folder=None)

            @app.route("/zoo")
            def animals():
                return ""

            @app.post("/book/<int:number>")
            def buy(number):
                return ""

            @app.route("/", methods=["GET", "PUT"])
            def index():
                return ""
            """,
        )

    def rules(self, *options):
        """Return the last column of the table."""
        status, out, err = self.call("routes", "shop.py", *options)
        self.assertEqual((status, err), (0, ""))
        return [line.split()[-1] for line in out.splitlines()[2:]]

    def test_the_table_looks_like_flasks(self):
        status, out, err = self.call("routes", "shop.py")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(
            [line.rstrip() for line in out.splitlines()],
            [
                "Endpoint  Methods   Rule",
                "--------  --------  ------------------",
                "animals   GET       /zoo",
                "buy       POST      /book/<int:number>",
                "index     GET, PUT  /",
            ],
        )

    def test_head_and_options_are_shown_when_asked_for(self):
        _, out, _ = self.call("routes", "shop.py", "--all-methods")
        self.assertIn("index     GET, HEAD, OPTIONS, PUT  /", out)
        self.assertIn("buy       OPTIONS, POST            /book", out)

    def test_the_table_is_sorted_as_asked(self):
        zoo, book, index = "/zoo", "/book/<int:number>", "/"
        match = [rule.rule for rule in load_app("shop.py").url_map.iter_rules()]
        for options, expected in [
            ([], [zoo, book, index]),
            (["--sort", "endpoint"], [zoo, book, index]),
            (["-s", "methods"], [zoo, index, book]),
            (["--sort=rule"], [index, book, zoo]),
            (["--sort", "domain"], match),
            (["--sort", "match"], match),
        ]:
            with self.subTest(options):
                self.assertEqual(self.rules(*options), expected)
        self.assertRefused(["routes", "shop.py", "--sort", "size"], "--sort", "'size'", "endpoint")

    def test_subdomains_have_a_column_if_there_are_any(self):
        self.write(
            "domains.py",
            """
            from nanoweb import App

            app = App(__name__, static_folder=None)
            app.add_url_rule("/a", "a", lambda: "", subdomain="b.example")
            app.add_url_rule("/b", "b", lambda: "", subdomain="a.example")
            """,
        )
        _, out, _ = self.call("routes", "domains.py", "--sort=domain")
        self.assertEqual(
            [line.split() for line in out.splitlines()],
            [
                ["Endpoint", "Methods", "Subdomain", "Rule"],
                ["--------", "-------", "---------", "----"],
                ["b", "GET", "a.example", "/b"],
                ["a", "GET", "b.example", "/a"],
            ],
        )

    def test_an_application_without_routes_says_so(self):
        self.write("empty.py", "from nanoweb import App\napp = App(__name__, static_folder=None)\n")
        self.assertEqual(self.call("routes", "empty.py"), (0, "No routes were registered.\n", ""))

    def test_only_an_app_has_routes(self):
        self.write("plain.py", PLAIN.format(name="app"))
        self.assertRefused(["routes", "plain.py"], "only an App has routes", "function")


class OptionsTest(FolderTest):
    """Which words and variables mean what."""

    def setUp(self):
        super().setUp()
        self.write("shop.py", SITE)

    def run_with(self, *argv, **environ):
        """Run with a server that does nothing; return its address, whether it has threads, and the application."""
        server = mock.MagicMock()
        server.__enter__.return_value = server
        patch = mock.patch("nanoweb.serving.make_server", return_value=server)
        with patch as make_server, mock.patch.dict(os.environ, environ):
            status, _, err = self.call(*argv)
            self.assertNotIn("FLASK_RUN_FROM_CLI", os.environ)
        self.assertEqual((status, err), (0, ""))
        server.serve_forever.assert_called_once_with()
        server.__exit__.assert_called_once()
        (host, port), options = make_server.call_args
        return host, port, options["threaded"], server.app

    def reload_with(self, *argv, **environ):
        """Return what the reloader is asked to do; None if it is not asked."""
        reloaded = []
        server = mock.MagicMock()
        server.__enter__.return_value = server
        with ExitStack() as stack:
            stack.enter_context(mock.patch("nanoweb.serving.make_server", return_value=server))
            stack.enter_context(mock.patch("nanoweb.reloader.lend_socket"))
            stack.enter_context(mock.patch("nanoweb.reloader.run_with_reloader", lambda *args: reloaded.append(args)))
            stack.enter_context(mock.patch.dict(os.environ, environ))
            self.assertEqual(self.call("run", *argv), (0, "", ""))
        self.assertEqual(server.serve_forever.called, not reloaded)
        return reloaded[0] if reloaded else None

    def test_options_say_where_and_how_to_serve(self):
        for argv, environ, expected in [
            ([], {}, ("127.0.0.1", 5000, True)),
            (["--port", "8000"], {}, ("127.0.0.1", 8000, True)),
            (["-p", "0"], {}, ("127.0.0.1", 0, True)),
            (["-p65535"], {}, ("127.0.0.1", 65535, True)),
            (["--host", "::1", "--port=80"], {}, ("::1", 80, True)),
            (["-h", "0.0.0.0", "-p", "080"], {}, ("0.0.0.0", 80, True)),
            (["--without-threads"], {}, ("127.0.0.1", 5000, False)),
            (["--without-threads", "--with-threads"], {}, ("127.0.0.1", 5000, True)),
            ([], {"FLASK_RUN_HOST": "::1", "FLASK_RUN_PORT": "81"}, ("::1", 81, True)),
            ([], {"FLASK_RUN_HOST": "", "FLASK_RUN_PORT": ""}, ("127.0.0.1", 5000, True)),
            (["-h", "::2", "-p", "82"], {"FLASK_RUN_HOST": "::1", "FLASK_RUN_PORT": "no"}, ("::2", 82, True)),
        ]:
            with self.subTest(argv, **environ):
                self.assertEqual(self.run_with("run", "shop.py", *argv, **environ)[:3], expected)

    def test_a_port_is_a_number_up_to_65535(self):
        for port in ["x", "", "-1", "+1", "1.0", "1_0", " 1", "1\n", "65536", "99999999999999999999", "0x10", "٨٠"]:
            with self.subTest(port):
                self.assertRefused(["run", "shop.py", "--port", port], f"--port is {port!r}", "0 to 65535")
                if port:
                    with mock.patch.dict(os.environ, FLASK_RUN_PORT=port):
                        self.assertRefused(["run", "shop.py"], f"FLASK_RUN_PORT is {port!r}", "0 to 65535")

    def test_the_application_may_be_named_in_three_places(self):
        self.write("second.py", SITE)
        for argv, environ, name in [
            (["run", "second.py"], {}, "second"),
            (["--app", "second.py", "run"], {}, "second"),
            (["-A", "second", "run"], {}, "second"),
            (["--app=second:app", "run"], {}, "second"),
            (["run"], {"FLASK_APP": "second.py"}, "second"),
            (["run", "shop.py"], {"FLASK_APP": "second.py"}, "shop"),
            (["-A", "shop.py", "run"], {"FLASK_APP": "second.py"}, "shop"),
        ]:
            with self.subTest(argv, **environ):
                self.assertEqual(self.run_with(*argv, **environ)[3].name, name)
        self.assertRefused(["-A", "shop.py", "run", "second.py"], "'shop.py'", "'second.py'", "leave one out")

    def test_debug_mode_is_on_only_when_asked_for(self):
        self.write("loud.py", SITE + "import os\napp.debug = True\nseen = os.environ.get('FLASK_DEBUG')\n")
        for argv, environ, debug in [
            (["run"], {}, False),
            (["run", "--debug"], {}, True),
            (["--debug", "run"], {}, True),
            (["--debug", "run", "--no-debug"], {}, False),
            (["--no-debug", "run", "--debug"], {}, True),
            (["run"], {"FLASK_DEBUG": "1"}, True),
            (["run"], {"FLASK_DEBUG": "true"}, True),
            (["run"], {"FLASK_DEBUG": "0"}, False),
            (["run"], {"FLASK_DEBUG": "False"}, False),
            (["run"], {"FLASK_DEBUG": "no"}, False),
            (["run"], {"FLASK_DEBUG": ""}, False),
            (["run", "--no-debug"], {"FLASK_DEBUG": "1"}, False),
            (["run", "--debug"], {"FLASK_DEBUG": "0"}, True),
        ]:
            with self.subTest(argv, **environ):
                self.assertIs(self.run_with(*argv, "--no-reload", "loud.py", **environ)[3].debug, debug)

    def test_it_reloads_in_debug_mode_or_when_asked_to(self):
        for argv, environ, reloads in [
            ([], {}, False),
            (["--reload"], {}, True),
            (["--debug"], {}, True),
            ([], {"FLASK_DEBUG": "1"}, True),
            (["--debug", "--no-reload"], {}, False),
            (["--reload", "--no-debug"], {"FLASK_DEBUG": "1"}, True),
        ]:
            with self.subTest(argv, **environ):
                self.assertIs(self.reload_with(*argv, "shop.py", **environ) is not None, reloads)

    def test_the_reloader_is_told_what_to_watch_beside(self):
        more = ["--extra-files", os.pathsep.join(["a.txt", "folder"]), "--exclude-patterns", "*/old/*"]
        self.assertEqual(self.reload_with("--reload", *more, "shop.py")[1:], (["a.txt", "folder"], ["*/old/*"]))
        self.assertEqual(self.reload_with("--reload", "shop.py")[1:], ([], []))

    def test_the_parent_of_a_reloader_loads_nothing(self):
        self.write("loud3.py", SITE)
        run = self.reload_with("--reload", "loud3.py")[0]
        self.assertNotIn("loud3", sys.modules)
        with mock.patch("nanoweb.serving.show_log") as show_log:  # the application may have set up logging
            run()
        show_log.assert_called_once_with()
        self.assertIn("loud3", sys.modules)

    def test_what_the_reloader_shows_is_the_error_of_the_application(self):
        self.write("bad.py", "1 / 0\n")
        run = self.reload_with("--reload", "bad.py")[0]
        with self.assertRaises(ZeroDivisionError) as caught:
            run()
        self.assertIsNone(caught.exception.__cause__)

    def test_the_debug_option_is_known_to_the_module_while_it_is_loaded(self):
        self.write("loud2.py", SITE + "import os\nseen = os.environ.get('FLASK_DEBUG')\n")
        self.run_with("run", "--debug", "--no-reload", "loud2.py", FLASK_DEBUG="0")
        self.assertEqual(sys.modules["loud2"].seen, "1")

    def test_the_options_of_serve_are_handed_on(self):
        usual = {"host": "127.0.0.1", "port": 8000, "workers": 1, "threads": 32, "access_log": True}
        usual.update(ssl_context=None, fd=None, mode=None)
        for argv, expected in [
            ([], {}),
            (
                ["--host", "::1", "-p", "0", "-w", "3", "--threads", "8"],
                {"host": "::1", "port": 0, "workers": 3, "threads": 8},
            ),
            (["--host", "unix://s", "--mode", "660"], {"host": "unix://s", "mode": 0o660}),
            (["--fd", "3"], {"fd": 3}),
            (["--fd", "systemd", "--no-access-log"], {"fd": "systemd", "access_log": False}),
            (["--limit", "max-head=4096", "--limit", "idle_timeout=0.5"], {"max_head": 4096, "idle_timeout": 0.5}),
        ]:
            with self.subTest(argv), mock.patch("nanoweb.serving.serve") as serve:
                self.assertEqual(self.call("serve", "shop.py", *argv), (0, "", ""))
                options = serve.call_args.kwargs
                self.assertEqual(options.pop("load")().name, "shop")
                self.assertEqual(options, {**usual, **expected})

    def test_a_worker_that_cannot_load_the_application_says_why_and_ends(self):
        self.write("bad2.py", "def helper():\n    1 / 0\nhelper()\n")
        for target, status in [("bad2.py", 1), ("shop.py:nothing", "nanoweb: error: 'shop.py' has no 'nothing'")]:
            with self.subTest(target), mock.patch("nanoweb.serving.serve") as serve:
                self.call("serve", target)
                with redirect_stderr(io.StringIO()) as err, self.assertRaises(SystemExit) as ended:
                    serve.call_args.kwargs["load"]()
                self.assertTrue(str(ended.exception.code).startswith(str(status)), ended.exception.code)
                self.assertEqual("ZeroDivisionError" in err.getvalue(), status == 1)
                self.assertNotIn("cli.py", err.getvalue())

    def test_files_of_variables_are_read_first(self):
        self.write("second.py", SITE)
        self.write("third.py", SITE)
        self.write(".env", "FLASK_APP=second.py\nFLASK_RUN_PORT=81\n")
        self.write("own.env", "FLASK_APP=third.py\n")
        self.assertEqual(self.run_with("run")[3].name, "second")
        self.assertEqual(self.run_with("run")[1], 81)
        self.assertEqual(self.run_with("run", FLASK_RUN_PORT="82")[1], 82)
        self.assertEqual(self.run_with("-e", "own.env", "run")[3].name, "third")
        self.assertRefused(["--env-file", "nowhere.env", "run"], "'nowhere.env'")

    def test_a_program_for_flask_runs_as_it_is(self):
        self.write("old.py", "from flask import Flask\nfrom markupsafe import Markup\napp = Flask(__name__)\n")
        families = ("flask", "werkzeug", "markupsafe", "itsdangerous", "blinker", "click")
        others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] not in families}
        with mock.patch.dict(sys.modules, others, clear=True):
            self.assertIsInstance(self.run_with("run", "--flask", "old.py")[3], nanoweb.App)
            self.assertEqual(self.call("routes", "--flask", "old.py")[0], 0)

    def test_commands_of_the_program_are_called(self):
        self.write("site5.py", SITE + "@app.cli.command('show')\ndef show():\n    print('shown by', app.name)\n")
        self.assertEqual(self.call("cli", "site5.py", "show"), (0, "shown by site5\n", ""))
        self.assertEqual(
            self.call("cli", "site5.py", "no")[::2], (2, "Error: there is no command 'no'; there are show\n")
        )
        self.write("plain3.py", PLAIN.format(name="app"))
        self.assertRefused(["cli", "plain3.py", "show"], "only an App has commands")

    def test_each_command_has_the_context_of_the_application_and_ends_with_its_teardown(self):
        body = (
            "from nanoweb import current_app\n"
            "@app.teardown_appcontext\ndef end(error):\n    print('end', error)\n"
            "@app.cli.command('bare', with_appcontext=False)\ndef bare():\n    print(current_app.name)\n"
        )
        self.write("site7.py", SITE + body)
        self.assertEqual(self.call("cli", "site7.py", "bare"), (0, "site7\nend None\n", ""))

    def test_a_program_may_be_a_command_itself(self):
        loaded = []

        def create_app():
            loaded.append(nanoweb.App("made"))
            loaded[-1].cli.command("mine")(lambda: print("mine,", nanoweb.current_app.name))
            loaded[-1].add_url_rule("/x", "x", lambda: "x")
            return loaded[-1]

        program = FlaskGroup(create_app=create_app)
        program.command("greet")(lambda: print("hello,", nanoweb.current_app.name))
        for words, status, out, err in [
            (["greet"], 0, "hello, made\n", ""),
            (["mine"], 0, "mine, made\n", ""),
            (["other"], 2, "", "Error: there is no command 'other'; there are mine, greet\n"),
        ]:
            with (
                self.subTest(words),
                redirect_stdout(io.StringIO()) as stdout,
                redirect_stderr(io.StringIO()) as stderr,
            ):
                with self.assertRaises(SystemExit) as caught:
                    program(words)
                self.assertEqual((caught.exception.code, stdout.getvalue(), stderr.getvalue()), (status, out, err))
        with redirect_stdout(io.StringIO()) as stdout, self.assertRaises(SystemExit) as caught:
            program(["routes"])
        self.assertEqual(caught.exception.code, 0)
        self.assertIn("/x", stdout.getvalue())
        self.assertEqual(len(loaded), 4)

    def test_a_command_may_be_broken_off(self):
        body = "@app.cli.command('ask')\ndef ask():\n    from nanoweb.commands import Abort\n    raise Abort\n"
        self.write("site6.py", SITE + body)
        self.assertEqual(self.call("cli", "site6.py", "ask"), (1, "", "Aborted!\n"))

    def test_a_run_at_the_end_of_the_file_is_passed_over(self):
        self.write("eager.py", SITE + "app.run(port=-1)\n")
        self.assertEqual(self.run_with("run", "eager.py")[3].name, "eager")

    def test_what_is_not_known_is_refused_in_one_line(self):
        for argv, words in [
            (["shop.py"], ["'shop.py'", "run", "routes", "nanoweb --help"]),
            (["run", "shop.py", "--relo"], ["--relo"]),
            (["run", "shop.py", "--key", "a.pem"], ["--key", "--cert"]),
            (["run", "shop.py", "--cert", "adhoc", "--key", "a.pem"], ["--key", "adhoc"]),
            (["run", "shop.py", "--cert", "nowhere.pem"], ["--cert", "'nowhere.pem'"]),
            (["run", "--reload", "nowhere.py"], ["'nowhere.py'"]),
            (["serve", "nowhere.py"], ["'nowhere.py'"]),
            (["--debug", "serve", "shop.py"], ["debug", "nanoweb run"]),
            (["serve", "shop.py", "--port", "65536"], ["--port", "'65536'"]),
            (["serve", "shop.py", "--host", ""], ["--host", "127.0.0.1", "0.0.0.0"]),
            (["serve", "shop.py", "--workers", "0"], ["--workers", "'0'"]),
            (["serve", "shop.py", "--threads", "-1"], ["--threads"]),
            (["serve", "shop.py", "--threads", "٣"], ["--threads"]),
            (["serve", "shop.py", "--fd", "three"], ["--fd", "'three'"]),
            (["serve", "shop.py", "--mode", "0o660"], ["--mode", "'0o660'", "660"]),
            (["serve", "shop.py", "--limit", "max_head"], ["--limit", "'max_head'", "max_connections=4000"]),
            (["serve", "shop.py", "--limit", "max_haed=1"], ["--limit", "'max_haed'", "max_head"]),
            (["serve", "shop.py", "--limit", "max_head=-1"], ["--limit", "'max_head=-1'"]),
            (["run", "shop.py", "--por", "80"], ["--por"]),
            (["run", "shop.py", "--port"], ["--port", "nanoweb run --help"]),
            (["run", "shop.py", "second.py"], ["second.py"]),
            (["routes", "shop.py", "--debug"], ["--debug"]),
        ]:
            with self.subTest(argv):
                self.assertRefused(argv, *words)

    def test_without_a_command_the_help_is_shown_as_an_error(self):
        status, out, err = self.call()
        self.assertEqual((status, out), (2, ""))
        self.assertIn("usage: nanoweb", err)

    def test_help_and_version_are_printed(self):
        for argv, words in [
            (["--help"], ["run", "serve", "routes", "--app", "FLASK_APP", "FLASK_DEBUG", "create_app("]),
            (["run", "--help"], ["--host", "-h", "FLASK_RUN_HOST", "--port", "FLASK_RUN_PORT", "--without-threads"]),
            (["serve", "--help"], ["--workers", "--limit", "SIGHUP", "smuggling", "proxy", "docs/serving.md"]),
            (["routes", "--help"], ["--sort", "--all-methods"]),
            (["--version"], [f"nanoweb {nanoweb.__version__} (Python {sys.version.split()[0]})\n"]),
        ]:
            out = io.StringIO()
            with self.subTest(argv), contextlib.redirect_stdout(out):
                with self.assertRaises(SystemExit) as ended:
                    main(argv)
                self.assertEqual(ended.exception.code, 0)
                for word in words:
                    self.assertIn(word, out.getvalue())


class Program:
    """The command in a process of its own.

    argv      the words after "nanoweb"
    path      where the package lies
    stdout    where its output goes; read here, with that on stderr, if not given
    environ   environment variables for it
    output    what was read so far
    """

    def __init__(self, *argv, path=PACKAGE.parent, stdout=subprocess.PIPE, **environ):
        flags = ["-W", "error", *["-O"] * sys.flags.optimize]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.process = subprocess.Popen(
            [sys.executable, *flags, "-m", "nanoweb", *argv],
            env={**inherited, "PYTHONPATH": str(path), "PYTHONIOENCODING": "utf-8", **environ},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout == subprocess.PIPE else subprocess.PIPE,
            encoding="utf-8",
        )
        self.watchdog = threading.Timer(PATIENCE, self.process.kill)
        self.watchdog.start()
        self.pipe = self.process.stdout or self.process.stderr
        self.output = ""

    def read_port(self):
        """Wait until the server says where it runs."""
        for line in self.pipe:
            self.output += line
            running = re.search(r"Running on http://127\.0\.0\.1:([0-9]+)", line)
            if running:
                return int(running[1])
        raise AssertionError(f"the program did not say where it runs:\n{self.output}")

    def end(self, signal_number=None):
        """Return the exit status; without a signal the program must end by itself."""
        if signal_number is not None:
            self.process.send_signal(signal_number)
        self.output += self.pipe.read()
        return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.kill()
        self.process.wait()
        self.pipe.close()
        self.watchdog.cancel()
        self.watchdog.join()


def fetch(port, path="/"):
    """Return the status and the text of a page."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            return answer.status, answer.read().decode()


class ProgramTest(FolderTest):
    """The command as it is typed, in a process of its own."""

    def setUp(self):
        super().setUp()
        # Whoever starts us in the background has SIGINT ignored, and programs inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        self.write("site.d/shop.py", SITE)

    def test_it_serves_until_it_is_told_to_stop(self):
        programs = {
            number: Program("run", "site.d/shop.py", "--port", "0") for number in [signal.SIGINT, signal.SIGTERM]
        }
        for number, program in programs.items():
            with self.subTest(number), program:
                self.assertEqual(fetch(program.read_port()), (200, "<p>shop</p>"))
                self.assertEqual(program.end(number), 0, program.output)
                self.assertNotIn("Traceback", program.output)

    def test_it_serves_any_wsgi_callable(self):
        self.write("plain.py", PLAIN.format(name="hello"))
        with Program("run", "--without-threads", FLASK_APP="plain", FLASK_RUN_PORT="0") as program:
            self.assertEqual(fetch(program.read_port()), (200, "plain"))

    def test_a_port_in_use_is_told_in_one_line_and_before_the_application_is_loaded(self):
        self.write("slow.py", "print('loaded')\n" + SITE)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            with Program("run", "slow.py", "--port", port) as program:
                self.assertEqual(program.end(), 1)
        self.assertRegex(program.output, rf"\A[^\n]*{port} is in use[^\n]*--port[^\n]*\n\Z")

    def test_an_address_that_cannot_be_had_is_told_in_one_line(self):
        hosts = ["203.0.113.1", "a..b", "x" * 300]  # the first is in no network: RFC 5737
        programs = [Program("run", "site.d/shop.py", "--host", host, "--port", "0") for host in hosts]
        for host, program in zip(hosts, programs):
            with self.subTest(host), program:
                self.assertIn(program.end(), (1, 2))
                self.assertRegex(program.output, r"\A[^\n]*[Cc]annot listen on [^\n]*\n\Z")

    def test_who_connects_while_the_application_loads_is_answered(self):
        wait = "import os, time\nprint('loading', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
        self.write("late.py", wait + SITE)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with Program("run", "late.py", "--port", str(port)) as program:
            self.assertEqual(program.pipe.readline(), "loading\n")
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
                client.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
                self.write("go")
                self.assertTrue(client.makefile("rb").read().endswith(b"<p>late</p>"))

    def test_an_error_of_the_application_ends_the_program_with_its_traceback(self):
        self.write("broken.py", "import nowhere\n")
        with Program("run", "broken.py", "--port", "0") as program:
            self.assertEqual(program.end(), 1)
        self.assertEqual(program.output.count("Traceback"), 1)
        self.assertEqual(program.output.count("  File "), 1)

    def test_who_reads_the_table_may_leave_early(self):
        reader, writer = os.pipe()
        os.close(reader)
        with Program("routes", "site.d/shop.py", stdout=writer) as program:
            os.close(writer)
            self.assertEqual((program.end(), program.output), (1, ""))


if __name__ == "__main__":
    unittest.main()
