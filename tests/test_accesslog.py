"""The server's log: what the lines say, who gets them, and when they are written."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import threading
import time
import unittest
import warnings
from contextlib import ExitStack
from unittest import mock

from nanoweb import accesslog
from nanoweb.accesslog import LogWriter, colour, escape, log_writer, show_log
from nanoweb.serving import WSGIRequestHandler

from . import raw
from .raw import HELLO, request
from .servers import Body, FakeConnection, Gate, HandlerTest, eventually, hello, returning, running

LINE = r'127\.0\.0\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4} [0-9:]{8}\] "GET /hello HTTP/1\.1" 200 -'


class LineTest(HandlerTest):
    """What a request leaves in the log."""

    def test_a_request_is_one_line_in_the_common_format(self):
        self.talk(hello, HELLO)
        [record] = self.records
        self.assertRegex(record.getMessage(), rf"\A{LINE}\Z")
        self.assertEqual((record.levelname, record.name), ("INFO", "nanoweb.serving"))
        self.assertEqual(os.path.basename(record.pathname), "accesslog.py")

    def test_a_terminal_can_show_what_a_client_sends(self):
        """Werkzeug 2652."""
        for data in [
            b'GET /\x9b2J"\\ HTTP/1.1\r\nHost: a\r\n\r\n',
            b"GET /\x1b[2J\r\n\r\n",
            request("GET / HTTP/1.1", "A: \x1b[2J"),
            request("GET / HTTP/1.1", "\x1b[2J: A"),
        ]:
            self.records.clear()
            self.talk(hello, data)
            [record] = self.records
            self.assertTrue(record.getMessage().isprintable(), record.getMessage())
        self.talk(hello, b'GET /" HTTP/1.1\r\nHost: a\r\n\r\n')
        self.assertIn(r'"GET /\" HTTP/1.1" 200', self.records[-1].getMessage())

    def test_what_can_be_shown_is_shown_as_it_is(self):
        for text in ["GET / HTTP/1.1", "", "a'b", "\u00e9", "%s %d"]:
            self.assertEqual(escape(text), text)
        self.assertEqual(escape('"\\\n\x7f\x9b'), r"\"\\\x0a\x7f\x9b")

    def test_a_percent_sign_is_no_format(self):
        for path in ["/%s", "/%d%%", "/100%"]:
            self.talk(hello, request(f"GET {path} HTTP/1.1"))
            self.assertIn(f'"GET {path} HTTP/1.1"', self.records[-1].getMessage())

    def test_an_address_with_a_scope_is_no_format(self):
        """Werkzeug 2952."""
        server = self.make(hello, WSGIRequestHandler)
        with mock.patch.object(server, "await_turn", return_value=True):
            WSGIRequestHandler(FakeConnection([HELLO]), ("fe80::1%eth0", 1, 0, 2), server)
        self.assertTrue(self.records[0].getMessage().startswith("fe80::1%eth0 - - ["))

    def test_a_refusal_tells_its_reason(self):
        self.talk(hello, request("POST / HTTP/1.1", "Content-Length: +1"))
        [record] = self.records
        self.assertIn("\"POST / HTTP/1.1\" 400 - Content-Length is '+1', not a row of digits", record.getMessage())

    def test_a_handler_can_be_made_quiet(self):
        class Quiet(WSGIRequestHandler):
            def log_request(self, code="-", size="-"):
                if self.path != "/hello":
                    super().log_request(code, size)

        self.talk(hello, HELLO, request("GET /other HTTP/1.1"), handler=Quiet)
        self.assertEqual(len(self.records), 1)

    def test_a_handler_can_write_its_own_lines(self):
        lines = []

        class Own(WSGIRequestHandler):
            def log(self, type, message, *args):
                lines.append((type, message % args, self.command, self.path, self.request_version))

        self.talk(hello, HELLO, handler=Own)
        self.assertEqual(lines, [("info", '"GET /hello HTTP/1.1" 200 -', "GET", "/hello", "HTTP/1.1")])
        self.assertEqual(self.records, [])

    def test_the_names_of_the_standard_library_are_there(self):
        class Own(WSGIRequestHandler):
            def log_request(self, code="-", size="-"):
                self.log_message("took %s", code)
                self.log_error("oh %s", code)

            def address_string(self):
                return "somebody"

            def log_date_time_string(self):
                return "then"

        self.talk(hello, HELLO, handler=Own)
        self.assertEqual(
            [(record.levelname, record.getMessage()) for record in self.records],
            [("INFO", "somebody - - [then] took 200"), ("ERROR", "somebody - - [then] oh 200")],
        )

    def test_nothing_is_made_up_for_a_log_that_is_off(self):
        logging.getLogger("nanoweb.serving").setLevel(logging.WARNING)
        with mock.patch.object(WSGIRequestHandler, "log") as log:
            self.talk(hello, HELLO)
        log.assert_not_called()

    def test_the_date_is_that_of_now(self):
        for second in [0, 86399, 86400]:
            with mock.patch.object(accesslog.time, "time", return_value=second + 0.9):
                self.assertRegex(accesslog.log_date(), r"\A[0-3][0-9]/(?:Dec|Jan)/19(?:69|70) [0-9:]{8}\Z")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class WriterTest(unittest.TestCase):
    """Where the program has set up no logging, the lines go to standard error, many at a time."""

    def setUp(self):
        for patch in [
            mock.patch.object(accesslog.logger, "handlers", []),
            mock.patch.object(accesslog.logger, "filters", []),
            mock.patch.object(accesslog.logger, "propagate", True),
            mock.patch.object(logging.getLogger(), "handlers", []),
            mock.patch.object(sys, "stderr", io.StringIO()),
        ]:
            patch.start()
            self.addCleanup(patch.stop)
        level = accesslog.logger.level
        accesslog.logger.setLevel(logging.NOTSET)
        self.addCleanup(accesslog.logger.setLevel, level)
        self.addCleanup(setattr, log_writer, "is_quick", False)
        self.addCleanup(log_writer.flush)

    def told(self):
        log_writer.flush()
        return sys.stderr.getvalue()

    def test_a_program_that_has_set_nothing_sees_the_lines(self):
        show_log()
        accesslog.tell("info", "one %s", 1)
        accesslog.tell("warning", "two")
        accesslog.tell("debug", "never")
        self.assertEqual(self.told(), "one 1\ntwo\n")

    def test_a_program_that_has_its_own_handlers_keeps_them(self):
        own = logging.StreamHandler(io.StringIO())
        logging.getLogger().addHandler(own)
        show_log()
        accesslog.tell("info", "one")
        self.assertEqual((self.told(), own.stream.getvalue()), ("", "one\n"))

    def test_a_program_that_sets_its_own_later_has_each_line_once(self):
        """The application is loaded after the first lines: logging.basicConfig() there doubled all others."""
        show_log()
        accesslog.tell("info", "one")
        own = logging.StreamHandler(io.StringIO())
        logging.getLogger().addHandler(own)
        show_log()
        accesslog.tell("info", "two")
        self.assertEqual((self.told(), own.stream.getvalue()), ("one\n", "two\n"))

    def test_whoever_comes_later_sees_all_that_follows(self):
        show_log()
        accesslog.tell("info", "one")
        for logger in [accesslog.logger, logging.getLogger()]:
            seen = []
            handler = logging.Handler()
            handler.emit = seen.append
            logger.addHandler(handler)
            accesslog.tell("info", "two %s", 2)
            logger.removeHandler(handler)
            [record] = seen
            self.assertEqual((record.msg, record.args, record.getMessage()), ("two %s", (2,), "two 2"))
            self.assertEqual((record.funcName, record.name), (None, "nanoweb.serving"))
        self.assertEqual(self.told(), "one\ntwo 2\ntwo 2\n")

    def test_the_quick_way_ends_where_somebody_listens_or_a_handler_has_its_own_idea(self):
        class Own(WSGIRequestHandler):
            def log(self, type, message, *args):
                said.append(message % args)

        said, heard = [], []
        other = logging.Handler()
        other.emit = heard.append
        show_log()
        log_writer.flush()
        self.assertTrue(log_writer.is_quick)
        for kind in (WSGIRequestHandler, Own):
            handler = kind.__new__(kind)
            handler.client, handler.client_address, handler.requestline = "::1", ("::1", 80), 'GET /" HTTP/1.1'
            handler.log_request(200)
        [line] = log_writer.lines
        self.assertRegex(line, r'\A::1 - - \[[^]]+\] "GET /\\" HTTP/1\.1" 200 -\n\Z')
        self.assertEqual(said, [r'"GET /\" HTTP/1.1" 200 -'])
        accesslog.logger.addHandler(other)
        self.addCleanup(accesslog.logger.removeHandler, other)
        log_writer.flush()
        self.assertFalse(log_writer.is_quick)

    def test_filters_formats_and_factories_have_their_say(self):
        show_log()

        def no(record):
            return "no" not in record.getMessage()

        for place in [accesslog.logger, log_writer]:
            place.addFilter(no)
            accesslog.tell("info", "no")
            accesslog.tell("info", "yes")
            place.removeFilter(no)
        self.assertEqual(self.told(), "yes\nyes\n")
        with mock.patch.object(log_writer, "formatter", logging.Formatter("%(levelname)s %(message)s")):
            accesslog.tell("info", "formatted")
        made = []

        class Record(logging.LogRecord):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                made.append(self.msg)

        logging.setLogRecordFactory(Record)
        self.addCleanup(logging.setLogRecordFactory, logging.LogRecord)
        accesslog.tell("info", "made")
        self.assertEqual((self.told(), made), ("yes\nyes\nINFO formatted\nmade\n", ["made"]))

    def test_what_is_disabled_is_off(self):
        show_log()
        with mock.patch.object(accesslog.logger, "disabled", True):
            accesslog.tell("error", "never")
        logging.disable(logging.INFO)
        self.addCleanup(logging.disable, logging.NOTSET)
        accesslog.tell("info", "never")
        accesslog.tell("error", "this")
        self.assertEqual(self.told(), "this\n")

    def test_a_traceback_comes_at_once_and_after_what_was_told_before(self):
        show_log()
        accesslog.tell("info", "before")
        try:
            raise KeyError("x")
        except KeyError as error:
            accesslog.tell("error", "failed", exc_info=error)
        written = sys.stderr.getvalue()
        self.assertRegex(written, r"\Abefore\nfailed\nTraceback (?:.*\n)+KeyError: 'x'\n\Z")

    def test_a_lonely_request_is_in_the_log_at_once(self):
        """With one thread before its answer is there; with several, whoever waits next for connections writes it."""
        show_log()
        for options in [{}, {"threaded": True}]:
            with running(hello, options=options) as server, raw.connect(server.port) as sock:
                for count in range(1, 4):
                    sock.sendall(HELLO)
                    raw.receive_answer(sock)
                    if options:
                        self.assertTrue(eventually(lambda count=count: sys.stderr.getvalue().count("\n") == count))
                    lines = sys.stderr.getvalue().splitlines()
                    self.assertEqual(len(lines), count)
                    self.assertRegex(lines[-1], LINE)
            sys.stderr.truncate(0)

    def test_requests_that_come_together_are_written_together(self):
        show_log()
        gate = Gate()
        writes = mock.Mock(wraps=sys.stderr.write)
        with mock.patch.object(sys.stderr, "write", writes), running(gate, threads=1) as server, ExitStack() as stack:
            socks = [stack.enter_context(raw.connect(server.port)) for _ in range(51)]
            socks[0].sendall(request("GET /wait HTTP/1.1"))
            self.assertTrue(eventually(lambda: gate.waiting))
            for sock in socks[1:]:
                sock.sendall(HELLO)
            gate.opened.set()
            for sock in socks:
                raw.receive_answer(sock)
        self.assertEqual(len(re.findall(LINE, self.told())), 50)
        self.assertLess(writes.call_count, 10)

    def test_no_line_is_lost_and_none_comes_twice(self):
        """Views that fail, threads that are blocked, and an end in the middle of it."""
        show_log()
        for app in [hello, returning(Body(KeyError("x")))]:
            with running(app) as server:
                for number in range(50):
                    raw.send(server.port, request(f"GET /{number} HTTP/1.1"))
        lines = self.told()
        for number in range(50):
            self.assertEqual(len(re.findall(rf'"GET /{number} HTTP/1\.1" [25]00', lines)), 2)
        self.assertEqual(lines.count("Traceback"), 50)

    def test_what_a_blocked_view_delays_is_not_the_log_of_others(self):
        show_log()
        log_writer.lines.append("waits\n")
        with running(hello) as server:
            self.assertTrue(eventually(lambda: "waits" in sys.stderr.getvalue()))
            self.assertTrue(server.crew)

    def test_lines_that_come_within_a_moment_are_written_together(self):
        """To write each took as long as to answer."""
        show_log()
        log_writer.flushed_at = 0.0
        for now, line, told in [(100, "a", "a\n"), (100.004, "b", "a\n"), (100.006, "c", "a\nb\nc\n")]:
            accesslog.tell("info", line)
            with mock.patch.object(accesslog.time, "monotonic", return_value=now):
                log_writer.flush_if_due()
            self.assertEqual(sys.stderr.getvalue(), told)

    def test_a_closed_or_missing_stream_is_no_reason_to_fail(self):
        show_log()
        for stream in [None, io.StringIO()]:
            if stream is not None:
                stream.close()
            with mock.patch.object(sys, "stderr", stream):
                accesslog.tell("info", "nobody hears this")
                accesslog.tell("error", "nor this", exc_info=KeyError())
                log_writer.flush()
        accesslog.tell("info", "but this")
        self.assertEqual(self.told(), "but this\n")

    def test_a_stream_of_the_programs_own_may_have_no_more_than_write(self):
        """A class that passes on what is written, with no isatty(): the server ended with the first request."""

        class Tee:
            text = ""

            def write(self, text):
                self.text += text

        show_log()
        with mock.patch.object(sys, "stderr", Tee()):
            accesslog.tell("info", "one")
            log_writer.flush()
            accesslog.tell("info", "two")
            log_writer.flush()
            self.assertEqual(sys.stderr.text, "one\ntwo\n")
            for error in (RuntimeError, AttributeError):
                with mock.patch.object(sys.stderr, "write", side_effect=error, create=True):
                    accesslog.tell("info", "lost")
                    log_writer.flush()

    def test_a_log_that_nobody_reads_holds_nobody(self):
        """A pipe whose reader sleeps: the server stood still, and SIGTERM did not end it."""
        show_log()
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        stderr = mock.patch.object(sys, "stderr", open(writing, "w", encoding="utf-8"))  # noqa: SIM115 (the next line)
        with stderr, sys.stderr, mock.patch.object(accesslog, "_PATIENCE", 0.01):
            for number in range(20000):
                accesslog.tell("info", "line %06d", number)
            log_writer.flush()
            self.assertGreater(log_writer.lost, 1000)
            text = os.read(reading, 1048576)
            accesslog.tell("info", "the last")
            log_writer.flush()
            self.assertEqual(log_writer.lost, 0)
            text += os.read(reading, 1048576)
        lines = text.decode().splitlines()
        count = len(lines) - 2
        self.assertEqual(lines[:count], [f"line {number:06}" for number in range(count)])
        self.assertTrue(lines[-2].startswith(f"{20000 - count} lines of the log were lost"), lines[-2])
        self.assertEqual(lines[-1], "the last")

    def test_colours_are_for_terminals(self):
        for code, shown in [
            ("200", None),
            ("101", "1"),
            ("302", "32"),
            ("304", "36"),
            ("404", "33"),
            ("400", "31;1"),
            ("503", "35;1"),
        ]:
            line = f'::1 - - [x] "GET /\\" 404 \\\\ HTTP/1.1" {code} -\n'
            expected = line if shown is None else f"::1 - - [x] \x1b[{shown}m{line[12:-3]}\x1b[0m -\n"
            self.assertEqual(colour(line), expected)
        self.assertEqual(colour(" * Running on http://127.0.0.1:80\n"), " * Running on http://127.0.0.1:80\n")
        environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
        for stream, more, coloured in [
            (Terminal(), {}, True),
            (Terminal(), {"NO_COLOR": "1"}, False),
            (Terminal(), {"TERM": "dumb"}, False),
            (io.StringIO(), {}, False),
        ]:
            writer = LogWriter()
            writer.lines = ['"GET / HTTP/1.1" 404 -\n']
            variables = mock.patch.dict(os.environ, {**environ, **more}, clear=True)
            with mock.patch.object(sys, "stderr", stream), variables:
                writer.flush()
            self.assertEqual("\x1b[33m" in stream.getvalue(), coloured)

    def test_a_child_writes_none_of_its_parents_lines(self):
        if not hasattr(os, "fork"):
            return
        show_log()
        log_writer.lines.append("the parent's\n")
        child = os.fork()
        if child == 0:
            os._exit(len(log_writer.lines))
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(self.told(), "the parent's\n")

    def test_nobody_forks_while_a_line_is_written(self):
        if not hasattr(os, "fork"):
            return
        begun, written = threading.Event(), []

        def write():
            with log_writer.lock:
                begun.set()
                time.sleep(0.05)
                written.append("line")

        writer = threading.Thread(target=write)
        writer.start()
        begun.wait()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads, which is the case here
            child = os.fork()
        if child == 0:
            log_writer.flush()  # its lock is nobody's here
            os._exit(len(written))
        writer.join()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 1)


if __name__ == "__main__":
    unittest.main()
