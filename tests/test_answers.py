"""What goes out and finds no room at once; and files, which the system sends."""

from __future__ import annotations

import errno
import gzip
import io
import os
import socket
import stat
import tempfile
import unittest
from contextlib import ExitStack
from unittest import mock

from nanoweb import answers
from nanoweb.answers import FilePart, Outbox
from nanoweb.serving import WSGIRequestHandler
from nanoweb.waiting import ClientGone, Pace
from nanoweb.wsgi import FileWrapper

from . import raw
from .raw import HELLO, request
from .servers import FakeConnection, HandlerTest, eventually, returning, running

DATA = bytes(range(256)) * 4096  # a megabyte


def make_file(data=DATA, position=0):
    file = tempfile.TemporaryFile()  # noqa: SIM115 (who takes it closes it)
    file.write(data)
    file.seek(position)
    return file


class NarrowConnection(FakeConnection):
    """A socket that takes some bytes at a time, then none for a while."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.is_full = False

    def send(self, data):
        self.is_full = not self.is_full
        if not self.is_full:
            raise BlockingIOError(errno.EAGAIN, "")
        return super().send(data[: self.size])


class OutboxTest(unittest.TestCase):
    def test_what_finds_no_room_goes_later_and_in_order(self):
        file = make_file()
        self.addCleanup(file.close)
        connection = NarrowConnection(100000)
        outbox = Outbox(connection)
        outbox.pace = Pace(30, 500)
        for part in [b"head", b"x" * 250000, FilePart.of(file, 300000)]:
            outbox.add(part)
        self.assertEqual(outbox.size, 250004)
        turns = 0
        while not outbox.push():
            turns += 1
        self.assertEqual(b"".join(connection.sent), b"head" + b"x" * 250000 + DATA[:300000])
        self.assertGreater(turns, 5)
        self.assertEqual((outbox.size, outbox.pace.moved), (0, 550004))

    def test_one_turn_has_an_end_and_others_have_theirs(self):
        connection = FakeConnection()
        outbox = Outbox(connection)
        for _ in range(3):
            outbox.add(b"x" * 3000000)
        with mock.patch.object(answers, "TURN_SIZE", 4000000):
            self.assertEqual((outbox.push(), len(connection.sent), outbox.push()), (False, 2, True))

    def test_a_client_that_has_gone_is_told_apart_from_one_that_is_slow(self):
        outbox = Outbox(FakeConnection())
        outbox.add(b"x")
        for error, expected in [(BlockingIOError(11, ""), None), (BrokenPipeError(32, ""), ClientGone)]:
            with mock.patch.object(outbox.connection, "send", side_effect=error):
                if expected is None:
                    self.assertFalse(outbox.push())
                else:
                    self.assertRaises(expected, outbox.push)

    def test_what_is_dropped_is_closed(self):
        file = make_file()
        self.addCleanup(file.close)
        outbox = Outbox(FakeConnection())
        part = FilePart.of(file, None)
        outbox.add(b"x")
        outbox.add(part)
        outbox.close()
        with self.assertRaises(OSError):
            os.fstat(part.fd)
        self.assertEqual((len(outbox.parts), outbox.size), (0, 0))


class FileTest(HandlerTest):
    """PEP 3333, "Optional Platform-Specific File Handling"."""

    def app(self, file, headers=(), size=8192):
        def app(environ, start_response):
            start_response("200 OK", list(headers))
            return environ["wsgi.file_wrapper"](file, size)

        return app

    def ask(self, file, *headers, line="GET / HTTP/1.1"):
        """The answer to a request for a file, over a real connection."""
        with running(self.app(file, headers)) as server:
            [answer] = raw.ask(server.port, request(line))
        self.assertTrue(file.closed)
        return answer

    def test_a_file_is_sent_from_where_it_stands(self):
        for position, headers, expected in [
            (0, [], DATA),
            (1000, [], DATA[1000:]),
            (0, [("Content-Length", "10")], DATA[:10]),
            (500000, [("Content-Length", "300000")], DATA[500000:800000]),
            (len(DATA), [], b""),
            (2 * len(DATA), [], b""),
        ]:
            with self.subTest(position=position, headers=headers):
                answer = self.ask(make_file(position=position), *headers)
                self.assertEqual((answer.code, answer.body == expected, answer.is_whole), (200, True, True))
                self.assertEqual(answer.fields["content-length"], str(len(expected)))
        self.assert_log(tracebacks=0)

    def test_the_system_sends_it_where_it_can(self):
        """Else it goes block by block, and the client sees no difference."""
        for name, error in [
            ("sent", None),
            ("EINVAL", OSError(errno.EINVAL, "")),
            ("ENOSYS", OSError(errno.ENOSYS, "")),
            ("missing", AttributeError),
        ]:
            sendfile = mock.Mock(side_effect=error, wraps=os.sendfile)
            with self.subTest(name), mock.patch.object(answers.os, "sendfile", sendfile, create=True):
                if error is AttributeError:
                    del answers.os.sendfile
                self.assertEqual(self.ask(make_file()).body, DATA)
                self.assertEqual(sendfile.called, error is not AttributeError)

    def test_nothing_but_a_plain_file_is_sent_by_the_system(self):
        """A GzipFile has the fileno() of the packed file; text and sockets have one too."""
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb") as file:
            file.write(DATA)
        file, unbuffered = make_file(packed.getvalue()), make_file()
        self.addCleanup(file.close)
        kinds = {"gzip": gzip.GzipFile(fileobj=file), "memory": io.BytesIO(DATA), "raw": unbuffered.detach()}
        for name, file in kinds.items():
            with self.subTest(name), mock.patch.object(answers.os, "sendfile", create=True) as sendfile:
                self.assertEqual(self.ask(file).body, DATA)
                sendfile.assert_not_called()
        self.assertIsNone(FilePart.of(object(), None))
        with tempfile.TemporaryFile("w+") as text:
            self.assertIsNone(FilePart.of(text, None))
        reading, writing = os.pipe()
        os.close(writing)
        with open(reading, "rb") as pipe:
            self.assertIsNone(FilePart.of(pipe, None))
        closed = make_file()
        closed.close()
        self.assertIsNone(FilePart.of(closed, None))

    def test_a_file_without_a_size_is_read(self):
        """Those in /proc have none, and yet are not empty: the answer was."""
        with mock.patch.object(answers.os, "fstat", return_value=mock.Mock(st_mode=stat.S_IFREG, st_size=0)):
            self.assertEqual(self.ask(make_file()).body, DATA)

    def test_a_wrapper_of_ones_own_is_read_like_any_other_iterable(self):
        class Wrapper(FileWrapper):
            def __next__(self):
                return super().__next__().upper()

        with running(returning(Wrapper(make_file(b"hello")))) as server:
            [answer] = raw.ask(server.port, HELLO)
        self.assertEqual(answer.body, b"HELLO")

    def test_a_body_that_is_not_wanted_is_not_sent(self):
        answer = self.ask(make_file(), line="HEAD / HTTP/1.1")
        self.assertEqual((answer.body, answer.fields["content-length"]), (b"", str(len(DATA))))
        file = make_file()
        app = self.app(file)

        def unchanged(environ, start_response):
            return app(environ, lambda status, headers: start_response("304 Not Modified", headers))

        with running(unchanged) as server:
            [answer] = raw.ask(server.port, HELLO)
        self.assertEqual((answer.code, answer.body), (304, b""))

    def test_a_file_that_is_too_short_is_an_error_before_the_head_has_left(self):
        answer = self.ask(make_file(), ("Content-Length", str(len(DATA) + 1)))
        self.assertEqual(answer.code, 500)
        self.assert_log(tracebacks=1)

    def test_a_file_that_becomes_shorter_cuts_the_answer(self):
        file = make_file(DATA * 20)
        with running(self.app(file)) as server, raw.connect(server.port) as sock:
            sock.sendall(HELLO)
            self.assertTrue(eventually(lambda: server.connections))
            [handler] = server.connections.values()
            self.assertTrue(eventually(lambda: handler.stage == "send_rest"))
            os.truncate(handler.outbox.parts[0].fd, 100)
            data = raw.receive(sock)
        self.assertFalse(raw.Answer(data).is_whole)
        self.assert_log(tracebacks=1)

    def test_a_file_that_has_become_shorter_at_once_is_one_error(self):
        def shorter(file, limit):
            return FilePart(os.dup(file.fileno()), 0, 101)

        file = make_file(b"x" * 100)
        with mock.patch.object(FilePart, "of", shorter), running(self.app(file)) as server:
            [answer] = raw.ask(server.port, HELLO, says_last=False)
        self.assertEqual((answer.code, answer.body, answer.is_whole), (200, b"x" * 100, False))
        self.assert_log(tracebacks=1)

    def test_a_file_that_is_written_to_is_sent_as_it_was_written(self):
        file = tempfile.TemporaryFile()  # noqa: SIM115
        file.write(b"x" * 100)
        file.seek(10)
        file.write(b"hello")
        file.seek(8, os.SEEK_SET)
        self.assertEqual(self.ask(file).body, b"xxhello" + b"x" * 85)

    def test_a_large_file_waits_for_its_client_without_a_thread_and_without_the_application(self):
        size = 30000000
        file = make_file(b"x" * size)
        with running(self.app(file), threads=1) as server, raw.connect(server.port) as slow:
            slow.sendall(HELLO)
            self.assertTrue(eventually(lambda: file.closed))
            server.app = returning([b"hello"])
            [answer] = raw.ask(server.port, HELLO)
            self.assertEqual(answer.body, b"hello")
            slow.shutdown(socket.SHUT_WR)
            self.assertEqual(len(raw.Answer(raw.receive(slow)).body), size)

    def test_a_client_that_does_not_take_it_is_dropped(self):
        class Handler(WSGIRequestHandler):
            idle_timeout = 30
            send_timeout = 0.2
            linger_timeout = 0.1  # it looks for who is late as often as its shortest limit asks

        with ExitStack() as stack:
            servers = []
            for kind in [{}, {"threaded": True}]:
                file = make_file(b"x" * 30000000)
                self.addCleanup(file.close)
                servers.append(stack.enter_context(running(self.app(file), Handler, kind)))
                sock = stack.enter_context(raw.connect(servers[-1].port))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
                sock.sendall(HELLO)
            for server in servers:
                with self.subTest(type(server)):
                    self.assertTrue(eventually(lambda server=server: server.crew and server.crew.turns))
                    self.assertTrue(eventually(lambda server=server: not server.connections))


if __name__ == "__main__":
    unittest.main()
