"""The body of a request: from what comes, in whatever pieces, to a file that ends where the body ends."""

from __future__ import annotations

import io
import random
import unittest

from nanoweb.bodies import BodyReader, ChunkedBody, Inbox, RequestBody
from nanoweb.exceptions import BadRequest, ClientDisconnected
from nanoweb.waiting import ClientGone, NothingYet, Pace

from .servers import FakeConnection


def inbox_of(*pieces):
    return Inbox(FakeConnection(pieces))


def pace():
    return Pace(30, 500)


class InboxTest(unittest.TestCase):
    def test_it_keeps_what_nobody_has_read(self):
        inbox = inbox_of(b"hello", b" world", b"!")
        self.assertEqual((inbox.receive(), inbox.take(3), len(inbox)), (5, b"hel", 2))
        self.assertEqual((inbox.receive(), inbox.take(4), inbox.receive()), (6, b"lo w", 1))
        self.assertEqual((inbox.take(100), inbox.receive(), len(inbox)), (b"orld!", 0, 0))
        self.assertIs(type(inbox.take(1)), bytes)

    def test_what_is_read_at_once_is_not_copied(self):
        data = b"x" * 1000
        inbox = inbox_of(data)
        inbox.receive()
        self.assertIs(inbox.take(1000), data)

    def test_a_line_is_whole_or_none(self):
        inbox = inbox_of(b"a\r", b"\n\r\nbc\n")
        inbox.receive()
        self.assertIsNone(inbox.take_line(10))
        inbox.receive()
        self.assertEqual([inbox.take_line(10), inbox.take_line(10)], [b"a", b""])
        with self.assertRaisesRegex(BadRequest, "bare LF"):
            inbox.take_line(10)

    def test_a_line_has_a_limit_before_its_end_is_there(self):
        for data in [b"x" * 12, b"x" * 12 + b"\r\n"]:
            inbox = inbox_of(data)
            inbox.receive()
            with self.assertRaisesRegex(BadRequest, "longer than 10 bytes"):
                inbox.take_line(10)

    def test_the_ways_of_a_connection_to_say_no(self):
        for error, expected in [
            (BlockingIOError(11, ""), NothingYet),
            (ConnectionResetError(104, ""), ClientGone),
            (OSError(9, ""), ClientGone),
        ]:
            with self.assertRaises(expected):
                inbox_of(error).receive()


class RequestBodyTest(unittest.TestCase):
    WHOLE = b"3;a=b\r\nhel\r\n02\r\nlo\r\n0\r\nA: b\r\n\r\n"

    def test_it_ends_where_the_body_ends(self):
        for make, data in [(RequestBody, b"hello"), (ChunkedBody, self.WHOLE)]:
            for cut in range(len(data)):
                inbox = inbox_of(data[:cut], data[cut:] + b"GET /") if cut else inbox_of(data + b"GET /")
                body = make(inbox, 5 if make is RequestBody else 0, pace())
                self.assertEqual((body.readall(), body.read(1), body.is_over), (b"hello", b"", True))
                self.assertEqual(inbox.take(100), b"GET /")

    def test_it_can_be_collected_without_waiting(self):
        for make, data in [(RequestBody, b"hello"), (ChunkedBody, self.WHOLE)]:
            inbox = inbox_of(*(data[place : place + 1] for place in range(len(data))))
            body = make(inbox, 5 if make is RequestBody else 0, pace())
            self.assertFalse(body.collect(100))
            while not body.collect(100):
                self.assertEqual(inbox.receive(), 1)
            self.assertEqual((bytes(body.held), body.is_over, len(inbox)), (b"hello", True, 0))

    def test_what_is_collected_is_read_first(self):
        inbox = inbox_of(b"2\r\nhe\r\n3\r\nl", b"lo\r\n0\r\n\r\n")
        inbox.receive()
        body = ChunkedBody(inbox, 0, pace())
        self.assertTrue(body.collect(1))
        self.assertFalse(body.is_over)
        self.assertEqual(BodyReader(body, 100).read(), b"hello")

    def test_it_can_be_skipped_without_waiting(self):
        inbox = inbox_of(b"5\r\nhello\r\n", b"0\r\n\r\nGET")
        body = ChunkedBody(inbox, 0, pace())
        self.assertEqual(body.skip(100), 0)
        inbox.receive()
        self.assertEqual((body.skip(2), body.skip(100), body.skip(100)), (2, 3, 0))
        inbox.receive()
        self.assertIsNone(body.skip(100))
        self.assertEqual(inbox.take(9), b"GET")

    def test_a_client_that_stops_is_an_error_each_time(self):
        for make, data, missing in [
            (RequestBody, b"he", "3 bytes"),
            (ChunkedBody, self.WHOLE[:-2], "within a chunked"),
        ]:
            body = make(inbox_of(data), 5 if make is RequestBody else 0, pace())
            for _ in range(2):
                with self.assertRaisesRegex(ClientDisconnected, missing):
                    body.readall()

    def test_leave_is_asked_for_once_and_only_if_somebody_reads(self):
        asked = []
        body = RequestBody(inbox_of(b"hello"), 5, pace(), lambda: asked.append(1))
        self.assertEqual((asked, body.readall(), asked), ([1], b"hello", [1]))

    def test_chunks_are_as_the_rfc_has_them_and_no_other(self):
        """RFC 9112, section 7.1; a hundred thousand mutations of it are in the extra suites."""
        chosen = random.Random(1)
        for _ in range(3000):
            data = bytearray(self.WHOLE)
            for _ in range(chosen.randrange(1, 3)):
                data[chosen.randrange(len(data))] = chosen.choice(b'\r\n\t ;="0123aAfg\x00\xff-_x')
            body = ChunkedBody(inbox_of(bytes(data)), 0, pace())
            try:
                text = body.readall()
            except BadRequest:
                continue
            self.assertTrue(body.is_over)
            self.assertLessEqual(len(text), 5)

    def test_the_trailers_have_a_limit_together(self):
        body = ChunkedBody(inbox_of(b"0\r\n" + b"A: bcdef\r\n" * 1100 + b"\r\n"), 0, pace())
        with self.assertRaises(BadRequest):
            body.readall()

    def test_no_memory_is_taken_for_what_is_only_promised(self):
        stream = BodyReader(RequestBody(inbox_of(b"hello"), 10**18, pace()), 65536)
        self.assertEqual(stream.read1(10**18), b"hello")
        with self.assertRaises(ClientDisconnected):
            stream.read(10**18)

    def test_it_is_a_file_to_whoever_wraps_it(self):
        body = RequestBody(inbox_of(b"\xc3\xa9\r\nb"), 5, pace())
        self.assertEqual(io.TextIOWrapper(BodyReader(body, 10), "utf-8").readlines(), ["\xe9\n", "b"])


if __name__ == "__main__":
    unittest.main()
