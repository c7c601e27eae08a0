"""The examples are real programs: each is started as a user starts it and asked over a real socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PATIENCE = 60  # seconds until a test gives up on a program; nothing here waits that long when all is well

_running_re = re.compile(r"Running on http://127\.0\.0\.1:([0-9]+)")


def setUpModule():
    # A shell that runs the tests in the background has SIGINT ignored, and programs we start inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        unittest.addModuleCleanup(signal.signal, signal.SIGINT, signal.SIG_IGN)


class Program:
    """A server in a process of its own: `with Program("examples/hello.py") as program: ... program.port`.

    command     what stands after `python`, as typed in folder
    folder      the working directory, the checkout if not given
    settings    environment variables for it
    lines       what it has printed so far, on stdout and stderr
    """

    def __init__(self, *command, folder=ROOT, **settings):
        flags = ["-W", "error", *["-O"] * sys.flags.optimize]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FLASK")}
        environment.update(FLASK_RUN_PORT="0", PYTHONIOENCODING="utf-8", **settings)
        self.lines = []
        self.port = None
        self._told = threading.Event()
        self._is_interrupted = False
        self._process = subprocess.Popen(
            [sys.executable, *flags, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line)
            running = _running_re.search(line)
            if running:
                self.port = int(running[1])
                self._told.set()
        self._told.set()  # it ended

    @property
    def output(self):
        return "".join(self.lines)

    def __enter__(self):
        self._told.wait(PATIENCE)
        if self.port is None:
            self.stop()
            raise AssertionError("the program did not say where it runs:\n" + self.output)
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def interrupt(self):
        """Press Ctrl-C, once."""
        if self._process.poll() is None and not self._is_interrupted:
            self._is_interrupted = True
            if os.name == "nt":  # where one process cannot press Ctrl-C for another alone
                self._process.terminate()
            else:
                self._process.send_signal(signal.SIGINT)

    def stop(self):
        """Press Ctrl-C, wait for the end, return the exit status."""
        self.interrupt()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._reader.join()
            self._process.stdout.close()

    def end_well(self):
        """Stop it; it has to end in order and must have had nothing to complain about."""
        status = self.stop()
        if os.name != "nt" and status != 0:
            raise AssertionError(f"Ctrl-C should end it in order, and not with status {status}:\n{self.output}")
        for mishap in ["Traceback", "Exception ignored", "Warning"]:
            if mishap in self.output:
                raise AssertionError(f"{mishap} in what it has printed:\n{self.output}")


class Visitor:
    """A browser of few words: keeps cookies, follows nothing."""

    def __init__(self, program):
        self.port = program.port
        self.cookies = {}

    def send(self, method, path, body=None, fields=()):
        """Return the (status, headers, text) of the answer."""
        fields = dict(fields)
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, fields)
            with connection.getresponse() as answer:
                text = answer.read().decode("utf-8")
                for field in answer.headers.get_all("Set-Cookie", ()):
                    name, _, value = field.partition(";")[0].partition("=")
                    self.cookies[name] = value
                return answer.status, answer.headers, text

    def get(self, path):
        return self.send("GET", path)

    def submit(self, path, **form):
        """Send a form as browsers do."""
        return self.send("POST", path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})

    def ask(self, method, path, value=None):
        """Send a value as JSON, return the (status, headers, value) of the answer."""
        if value is None:
            status, headers, text = self.send(method, path)
        else:
            status, headers, text = self.send(method, path, json.dumps(value), {"Content-Type": "application/json"})
        return status, headers, json.loads(text)


class HelloTest(unittest.TestCase):
    def test_hello_is_eight_lines(self):
        source = (EXAMPLES / "hello.py").read_text(encoding="utf-8")
        self.assertEqual(len([line for line in source.splitlines() if line.strip()]), 8)

    def test_hello_says_hello_however_it_is_started(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            ways = [
                (ROOT, "examples/hello.py"),
                (EXAMPLES, "hello.py"),
                (elsewhere, str(EXAMPLES / "hello.py")),
                (ROOT, "-m", "nanoweb", "run", "examples/hello.py", "--port", "0"),
                (ROOT, "-m", "nanoweb", "run", "examples/hello.py:app", "--host", "127.0.0.1", "--port", "0"),
            ]
            programs = [Program(*command, folder=folder) for folder, *command in ways]
            for way, program in zip(ways, programs):
                with self.subTest(way):
                    status, headers, text = Visitor(program.__enter__()).get("/")
                    self.assertEqual((status, text), (200, "<p>Hello, World!</p>"))
                    self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
                program.interrupt()
            for way, program in zip(ways, programs):
                with self.subTest(way):
                    program.end_well()


class GuestbookTest(unittest.TestCase):
    """One book for all tests, which find it empty."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.database = os.path.join(folder.name, "guestbook.sqlite3")
        cls.program = cls.open_book()
        cls.addClassCleanup(cls.program.end_well)
        cls.program.__enter__()

    @classmethod
    def open_book(cls, **settings):
        settings = {"GUESTBOOK_DB": cls.database, "SECRET_KEY": "the key of these tests", **settings}
        return Program("examples/guestbook.py", **settings)

    def setUp(self):
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("DELETE FROM entry")

    def test_an_entry_is_thanked_for_once_and_stays_in_the_book(self):
        visitor = Visitor(self.program)
        self.assertIn("still empty", visitor.get("/")[2])

        status, headers, _ = visitor.submit("/", name="Ada", message="What a fine place!")
        self.assertEqual((status, headers["Location"]), (303, "/"))

        status, headers, text = visitor.get("/")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("Thank you!", text)
        self.assertIn("<p>What a fine place!</p>", text)
        self.assertIn("<b>Ada</b>", text)

        text = visitor.get("/")[2]
        self.assertNotIn("Thank you!", text)
        self.assertIn("<p>What a fine place!</p>", text)

    def test_html_of_a_visitor_is_shown_and_never_obeyed(self):
        visitor = Visitor(self.program)
        visitor.submit("/", name='"><b>x', message="<script>alert('hi')</script> & more")
        text = visitor.get("/")[2]
        self.assertNotIn("<script", text)
        self.assertIn("&lt;script&gt;alert(&#39;hi&#39;)&lt;/script&gt; &amp; more", text)
        self.assertIn('value="&#34;&gt;&lt;b&gt;x"', text)  # in the form, which remembers the name
        self.assertIn("<b>&#34;&gt;&lt;b&gt;x</b>", text)

    def test_an_entry_that_does_not_fit_is_handed_back_with_the_reason(self):
        visitor = Visitor(self.program)
        for name, message, reason in [
            ("", "hello", "Please fill in the name."),
            (" \t", "hello", "Please fill in the name."),
            ("Ada", "", "Please fill in the message."),
            ("A" * 41, "hello", "The name has 41 characters, there is room for 40."),
            ("Ada", "x" * 501, "The message has 501 characters, there is room for 500."),
        ]:
            with self.subTest(reason):
                status, _, text = visitor.submit("/", name=name, message=message)
                self.assertEqual(status, 400)
                self.assertIn(reason, text)
                self.assertIn(message, text)  # nobody types a message twice
                self.assertNotIn("<article>", visitor.get("/")[2])

    def test_the_longest_entry_that_the_form_allows_is_accepted(self):
        visitor = Visitor(self.program)
        message = "\N{SNOWMAN}\r\n" * 250  # the browser counts 500 characters
        self.assertEqual(visitor.submit("/", name="\N{CAT}" * 40, message=message[:-2] + "!")[0], 303)
        text = visitor.get("/")[2]
        self.assertIn("\N{SNOWMAN}\n" * 249 + "\N{SNOWMAN}!", text)

    def test_a_body_without_end_is_refused(self):
        visitor = Visitor(self.program)
        self.assertEqual(visitor.submit("/", name="Ada", message="x" * 20_000)[0], 413)
        self.assertEqual(visitor.get("/")[0], 200)

    def test_a_wrong_address_gets_a_page_of_the_book(self):
        visitor = Visitor(self.program)
        status, headers, text = visitor.get("/nowhere?<script>")
        self.assertEqual((status, headers["Content-Type"]), (404, "text/html; charset=utf-8"))
        self.assertIn("<h1>Page not found</h1>", text)
        self.assertNotIn("<script>", text)

    def test_every_page_forbids_scripts(self):
        visitor = Visitor(self.program)
        for path in ["/", "/style.css", "/nowhere"]:
            with self.subTest(path):
                self.assertIn("default-src 'none'", visitor.get(path)[1]["Content-Security-Policy"])

    def test_a_restart_keeps_the_book_and_with_the_same_key_the_session(self):
        visitor = Visitor(self.program)
        visitor.submit("/", name="Grace", message="See you after the restart")
        keys = {"the key of these tests": 'value="Grace"', "another key": 'value=""'}
        programs = [self.open_book(SECRET_KEY=key) for key in keys]
        for (key, expected), program in zip(keys.items(), programs):
            with self.subTest(key), program:
                visitor.port = program.port
                status, _, text = visitor.get("/")
                program.end_well()
                self.assertEqual(status, 200)
                self.assertIn("See you after the restart", text)
                self.assertIn(expected, text)

    def test_without_a_key_it_makes_one_and_says_so(self):
        with self.open_book(SECRET_KEY="") as program:
            visitor = Visitor(program)
            visitor.submit("/", name="Ada", message="hello")
            self.assertIn("Thank you!", visitor.get("/")[2])
            program.end_well()
        self.assertIn("SECRET_KEY is not set", program.output)

    def test_a_broken_database_gives_a_plain_page_and_is_logged_once(self):
        database = self.database + ".broken"
        with self.open_book(GUESTBOOK_DB=database) as program:
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute("DROP TABLE entry")
            status, _, text = Visitor(program).get("/")
        self.assertEqual(status, 500)
        self.assertIn("<h1>Something broke</h1>", text)
        self.assertNotIn("entry", text)
        self.assertEqual(program.output.count("Traceback"), 1)
        self.assertEqual(program.output.count("no such table: entry"), 1)


MIDDLEMARCH = {"title": "Middlemarch", "author": "George Eliot", "year": 1871}
EMMA = {"title": "Emma", "author": "Jane Austen"}


class ApiTest(unittest.TestCase):
    """One shelf for all tests, which find it empty."""

    @classmethod
    def setUpClass(cls):
        cls.program = Program("examples/api.py")
        cls.addClassCleanup(cls.program.end_well)
        cls.program.__enter__()

    def setUp(self):
        self.client = Visitor(self.program)
        for book in self.client.ask("GET", "/books")[2]:
            self.client.send("DELETE", f"/books/{book['id']}")

    def test_a_book_is_added_read_replaced_and_removed(self):
        ask = self.client.ask
        self.assertEqual(ask("GET", "/books")[2], [])

        status, headers, book = ask("POST", "/books", MIDDLEMARCH)
        number, path = book["id"], f"/books/{book['id']}"
        self.assertEqual((status, headers["Location"]), (201, path))
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(book, {"id": number, **MIDDLEMARCH})
        self.assertEqual(ask("GET", path)[2], book)

        status, _, book = ask("PUT", path, EMMA)
        self.assertEqual((status, book), (200, {"id": number, "year": None, **EMMA}))
        self.assertEqual(ask("GET", "/books")[2], [book])

        status, headers, text = self.client.send("DELETE", path)
        self.assertEqual((status, text), (204, ""))
        for method in ["GET", "PUT", "DELETE"]:
            with self.subTest(method):
                status, _, answer = ask(method, path, EMMA)
                self.assertEqual(status, 404)
                self.assertEqual(answer["description"], f"there is no book {number}")

    def test_the_list_is_searched_by_author(self):
        for book in [MIDDLEMARCH, EMMA]:
            self.client.ask("POST", "/books", book)
        _, _, books = self.client.ask("GET", "/books?author=Jane%20Austen")
        self.assertEqual([book["title"] for book in books], ["Emma"])
        self.assertEqual(self.client.ask("GET", "/books?author=nobody")[2], [])

    def test_a_book_that_is_none_is_refused_with_a_reason_for_each_field(self):
        for changes, reasons in [
            ({"title": ""}, {"title": "must be a text of 1 to 200 characters"}),
            ({"title": "x" * 201}, {"title": "must be a text of 1 to 200 characters"}),
            ({"title": 7, "author": None}, {"title": "must be a text", "author": "must be a text"}),
            ({"year": "1871"}, {"year": "must be a whole number from 1 to 9999"}),
            ({"year": True}, {"year": "must be a whole number"}),
            ({"year": 1e3}, {"year": "must be a whole number"}),
            ({"pages": 900}, {"pages": "is not known, a book has title, author, year"}),
        ]:
            for method, path in [("POST", "/books"), ("PUT", "/books/1")]:
                with self.subTest(f"{method} {changes}"):
                    status, _, answer = self.client.ask(method, path, {**MIDDLEMARCH, **changes})
                    self.assertEqual((status, answer["code"], answer["name"]), (400, 400, "Bad Request"))
                    self.assertEqual(answer["reasons"].keys(), reasons.keys())
                    for field, reason in reasons.items():
                        self.assertIn(reason, answer["reasons"][field])
        status, _, answer = self.client.ask("POST", "/books", {"year": 1871})
        self.assertEqual(answer["reasons"].keys(), {"author", "title"})
        self.assertEqual(self.client.ask("GET", "/books")[2], [])

    def test_every_error_is_json(self):
        json_type = {"Content-Type": "application/json"}
        for method, path, body, fields, expected in [
            ("GET", "/", None, {}, 404),
            ("GET", "/books/0", None, {}, 404),
            ("GET", "/books/-1", None, {}, 404),
            ("GET", "/books/one", None, {}, 404),
            ("GET", "/books/" + "9" * 5000, None, {}, 404),
            ("DELETE", "/books", None, {}, 405),
            ("PATCH", "/books/1", "{}", json_type, 405),
            ("POST", "/books/1", "{}", json_type, 405),
            ("POST", "/books", "", json_type, 400),
            ("POST", "/books", '{"title": ', json_type, 400),
            ("POST", "/books", b'{"title": "\xff"}', json_type, 400),
            ("POST", "/books", "[]", json_type, 400),
            ("POST", "/books", "null", json_type, 400),
            ("POST", "/books", " " * 20_000, json_type, 413),
            ("POST", "/books", "title=Emma", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
            ("POST", "/books", "{}", {"Content-Type": "text/plain"}, 415),
            ("POST", "/books", "{}", {"Content-Type": "text/plain;application/json"}, 415),
            ("POST", "/books", "{}", {}, 415),
        ]:
            with self.subTest(f"{method} {path[:20]} {body if body is None else body[:20]!r} {fields}"):
                status, headers, text = self.client.send(method, path, body, fields)
                self.assertEqual((status, headers["Content-Type"]), (expected, "application/json"))
                self.assertEqual(int(headers["Content-Length"]), len(text.encode()))
                answer = json.loads(text)
                self.assertEqual(answer["code"], expected)
                self.assertTrue(answer["description"])

    def test_a_wrong_method_is_told_the_right_ones(self):
        for path, methods in [
            ("/books", {"GET", "HEAD", "OPTIONS", "POST"}),
            ("/books/1", {"DELETE", "GET", "HEAD", "OPTIONS", "PUT"}),
        ]:
            with self.subTest(path):
                allow = self.client.send("PATCH", path)[1]["Allow"]
                self.assertEqual(set(allow.split(", ")), methods)

    def test_many_writers_get_a_number_each(self):
        numbers = []

        def write():
            client = Visitor(self.client)
            numbers.extend(client.ask("POST", "/books", EMMA)[2]["id"] for _ in range(5))

        writers = [threading.Thread(target=write) for _ in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        first = min(numbers)
        self.assertEqual(sorted(numbers), list(range(first, first + 40)))


if __name__ == "__main__":
    unittest.main()
