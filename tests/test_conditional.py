"""Response.make_conditional: what is sent in answer to conditions and ranges; entity tags.

Which status the conditions call for is a matter of `conditions`, and tested with it.
"""

import io
import unittest

from nanoweb.exceptions import RequestedRangeNotSatisfiable
from nanoweb.headers import generate_etag
from nanoweb.wrappers import Request, Response
from nanoweb.wsgi import FileWrapper
from tests.messages import call, environ, send

ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
BEFORE, DATE, AFTER = (f"Sun, 0{day} Nov 1994 08:49:37 GMT" for day in (5, 6, 7))


class Generator:
    """A body that comes in blocks, one of them empty, and can be closed."""

    def __init__(self):
        self.closed = False
        self.blocks = iter([ALPHABET[:3], b"", ALPHABET[3:10], ALPHABET[10:]])
        self.taken = 0

    def __iter__(self):
        return self

    def __next__(self):
        block = next(self.blocks)
        self.taken += 1
        return block

    def close(self):
        self.closed = True


# Each a function that makes a body, and whether it may go to the server as it is.
BODIES = {
    "text": (lambda: ALPHABET.decode(), False),
    "bytes": (lambda: ALPHABET, False),
    "a list": (lambda: [ALPHABET[:5].decode(), ALPHABET[5:]], False),
    "a tuple": (lambda: (ALPHABET[:5], ALPHABET[5:]), False),
    "a generator": (Generator, False),
    "a generator for the server": (Generator, True),
    "a file": (lambda: io.BytesIO(ALPHABET), False),
    "a file for the server": (lambda: FileWrapper(io.BytesIO(ALPHABET), 4), True),
}


def ask(response, method="GET", accept_ranges=True, complete_length=26, **fields):
    """(status line, fields as a dict, body) of the answer to a request with some fields."""

    def app(environ, start_response):
        made = response.make_conditional(environ, accept_ranges, complete_length)
        return made(environ, start_response)

    keys = {f"HTTP_{name.upper()}": value for name, value in fields.items()}
    status, headers, body = call(app, method, **keys)
    return status, dict(headers), body


class ConditionTest(unittest.TestCase):
    """304 for what the client has, 412 for what it does not want, the whole for all others."""

    def test_what_a_client_has_is_not_sent_again(self):
        for fields, validators in [
            ({"if_none_match": '"a"'}, {"ETag": '"a"'}),
            ({"if_none_match": '"x", W/"a"'}, {"ETag": '"a"'}),
            ({"if_none_match": '"a"'}, {"ETag": 'W/"a"'}),
            ({"if_modified_since": DATE}, {"Last-Modified": DATE}),
            ({"if_modified_since": AFTER}, {"Last-Modified": DATE}),
            ({"if_none_match": '"a"', "if_modified_since": BEFORE}, {"ETag": '"a"', "Last-Modified": DATE}),
            ({"if_none_match": '"a"', "range": "bytes=0-1"}, {"ETag": '"a"'}),
            ({"if_none_match": '"a"', "range": "bytes=99-"}, {"ETag": '"a"'}),
        ]:
            for method in ["GET", "HEAD"]:
                for kind, (make, passthrough) in BODIES.items():
                    with self.subTest(fields=fields, method=method, body=kind):
                        made = Response(make(), headers=validators, direct_passthrough=passthrough)
                        status, headers, body = send_conditional(made, method, **fields)
                        self.assertEqual((status, body), ("304 NOT MODIFIED", []))
                        self.assertEqual(headers.keys() - {"Date", "Accept-Ranges", "Last-Modified", "ETag"}, set())

    def test_what_a_client_does_not_have_is_sent(self):
        for fields, validators in [
            ({}, {"ETag": '"a"'}),
            ({"if_none_match": '"b"'}, {"ETag": '"a"'}),
            ({"if_none_match": '"a"'}, {}),
            ({"if_modified_since": BEFORE}, {"Last-Modified": DATE}),
            ({"if_modified_since": DATE}, {}),
            ({"if_modified_since": "x"}, {"Last-Modified": DATE}),
            ({"if_none_match": '"b"', "if_modified_since": DATE}, {"ETag": '"a"', "Last-Modified": DATE}),
            ({"if_match": '"a"', "if_unmodified_since": BEFORE}, {"ETag": '"a"', "Last-Modified": DATE}),
        ]:
            with self.subTest(fields=fields, validators=validators):
                status, headers, body = ask(Response(ALPHABET, headers=validators), **fields)
                self.assertEqual((status, body, headers["Content-Length"]), ("200 OK", ALPHABET, "26"))

    def test_a_condition_that_fails_is_412(self):
        for fields in [{"if_match": '"b"'}, {"if_match": 'W/"a"'}, {"if_unmodified_since": BEFORE}]:
            for more in [{}, {"range": "bytes=0-1"}, {"if_none_match": '"a"'}]:
                with self.subTest(fields=fields, more=more):
                    made = Response(ALPHABET, headers={"ETag": '"a"', "Last-Modified": DATE})
                    self.assertEqual(ask(made, **fields, **more)[0], "412 PRECONDITION FAILED")

    def test_only_the_answer_to_get_and_head_is_changed(self):
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]:
            with self.subTest(method):
                made = Response(ALPHABET, headers={"ETag": '"a"'})
                status, headers, body = ask(made, method, if_none_match='"a"', if_match='"b"', range="bytes=0-1")
                self.assertEqual((status, body), ("200 OK", ALPHABET))
                self.assertEqual(headers.keys(), {"ETag", "Content-Type", "Content-Length"})

    def test_only_success_is_changed(self):
        for status in [199, 300, 301, 400, 404, 412, 416, 500, "999 Odd"]:
            with self.subTest(status):
                made = Response(ALPHABET, status, {"ETag": '"a"'})
                line, _, body = ask(made, if_none_match='"a"', if_match='"b"', range="bytes=0-1")
                self.assertEqual((line[:3], body), (str(status)[:3], b"" if status == 199 else ALPHABET))
        self.assertEqual(ask(Response("x", 201, {"ETag": '"a"'}), if_none_match='"a"')[0], "304 NOT MODIFIED")
        self.assertEqual(ask(Response("x", 201), range="bytes=0-0")[0], "201 CREATED")

    def test_a_request_may_be_given_instead_of_its_environ(self):
        made = Response("x", headers={"ETag": '"a"'})
        self.assertIs(made.make_conditional(Request(environ(HTTP_IF_NONE_MATCH='"a"'))), made)
        self.assertEqual(made.status_code, 304)

    def test_a_date_is_added_unless_there_is_one(self):
        self.assertIsNotNone(Response("x").make_conditional(environ()).date)
        made = Response("x", headers={"date": DATE}).make_conditional(environ())
        self.assertEqual(made.headers.getlist("Date"), [DATE])

    def test_a_length_is_added_where_it_is_known_without_reading(self):
        self.assertEqual(Response(["a", "ä"]).make_conditional(environ()).content_length, 3)
        body = Generator()
        self.assertIsNone(Response(body).make_conditional(environ()).content_length)
        self.assertEqual(body.taken, 0)

        class Own(Response):
            automatically_set_content_length = False

        self.assertIsNone(Own(["a"]).make_conditional(environ()).content_length)


def send_conditional(response, method="GET", accept_ranges=True, complete_length=26, **fields):
    """The same as ask(), but the body in the blocks that it came in."""
    keys = {f"HTTP_{name.upper()}": value for name, value in fields.items()}
    made = response.make_conditional(environ(REQUEST_METHOD=method, **keys), accept_ranges, complete_length)
    status, headers, blocks = send(made, method, **keys)
    return status, dict(headers), blocks


class RangeTest(unittest.TestCase):
    """206 for a part that is there, 416 for one that is not, the whole where we need not understand."""

    def test_a_part_is_cut_out_of_any_kind_of_body(self):
        for kind, (make, passthrough) in BODIES.items():
            for wanted, start, stop in [
                ("bytes=0-0", 0, 1),
                ("bytes=2-4", 2, 5),
                ("bytes=5-", 5, 26),
                ("bytes=-3", 23, 26),
                ("bytes=0-999", 0, 26),
                ("bytes=-999", 0, 26),
                ("BYTES=9-11", 9, 12),
            ]:
                with self.subTest(kind, wanted=wanted):
                    made = Response(make(), direct_passthrough=passthrough)
                    status, headers, body = ask(made, range=wanted)
                    self.assertEqual((status, body), ("206 PARTIAL CONTENT", ALPHABET[start:stop]))
                    self.assertEqual(headers["Content-Length"], str(stop - start))
                    self.assertEqual(headers["Content-Range"], f"bytes {start}-{stop - 1}/26")
                    self.assertEqual(headers["Accept-Ranges"], "bytes")

    def test_head_tells_the_same_of_it(self):
        for kind, (make, passthrough) in BODIES.items():
            with self.subTest(kind):
                made = Response(make(), direct_passthrough=passthrough)
                status, headers, body = ask(made, "HEAD", range="bytes=2-4")
                self.assertEqual((status, headers["Content-Length"], body), ("206 PARTIAL CONTENT", "3", b""))

    def test_bytes_are_counted_not_characters(self):
        for body in ["größe", ["grö", "ße"], iter(["grö", "ße"])]:
            with self.subTest(repr(body)):
                made = Response(body)
                self.assertEqual(ask(made, range="bytes=3-5", complete_length=7)[2], "größe".encode()[3:6])

    def test_a_part_behind_the_end_is_416_and_tells_the_length(self):
        for wanted in ["bytes=26-", "bytes=26-30", "bytes=999999999999999999-"]:
            with self.subTest(wanted), self.assertRaises(RequestedRangeNotSatisfiable) as caught:
                Response(ALPHABET).make_conditional(environ(HTTP_RANGE=wanted), True, 26)
            self.assertIn(("Content-Range", "bytes */26"), caught.exception.get_headers())

    def test_what_is_no_part_or_several_is_answered_with_the_whole(self):
        for wanted in [
            *["", "bytes", "bytes=", "bytes=-", "bytes=9-1", "bytes=x-", "bytes=+1-2", "bytes=1_0-", "bytes=٣-"],
            *["items=0-1", "bytes=0-1,4-5", "bytes=" + "0-1," * 2000, "bytes=0-" + "9" * 100_000],
        ]:
            with self.subTest(wanted[:20]):
                status, headers, body = ask(Response(ALPHABET), range=wanted)
                self.assertEqual((status, body), ("200 OK", ALPHABET))
                self.assertNotIn("Content-Range", headers)

    def test_parts_must_be_offered_and_the_length_be_known(self):
        for accept_ranges, complete_length, field in [
            (False, 26, None),
            (None, 26, None),
            (True, None, "bytes"),
            (True, 0, "bytes"),
            ("none", 26, "none"),
            ("bytes", None, "bytes"),
        ]:
            with self.subTest(accept_ranges=accept_ranges, complete_length=complete_length):
                made = Response(ALPHABET)
                status, headers, body = ask(made, "GET", accept_ranges, complete_length, range="bytes=0-1")
                self.assertEqual((status, body, headers.get("Accept-Ranges")), ("200 OK", ALPHABET, field))

    def test_they_may_be_offered_by_name(self):
        status, headers, body = ask(Response(ALPHABET), "GET", "bytes", range="bytes=0-1")
        self.assertEqual((status, headers["Accept-Ranges"], body), ("206 PARTIAL CONTENT", "bytes", b"ab"))

    def test_they_are_not_offered_unless_asked(self):
        made = Response(ALPHABET).make_conditional(environ(HTTP_RANGE="bytes=0-1"))
        self.assertEqual((made.status_code, made.accept_ranges), (200, None))
        made.make_conditional(environ(HTTP_RANGE="bytes=0-1"), True)
        self.assertEqual((made.status_code, made.accept_ranges), (200, "bytes"))

    def test_a_part_of_another_version_is_not_sent(self):
        validators = {"ETag": '"a"', "Last-Modified": DATE}
        for if_range, status in [
            ('"a"', "206 PARTIAL CONTENT"),
            (DATE, "206 PARTIAL CONTENT"),
            ('"b"', "200 OK"),
            ('W/"a"', "200 OK"),
            (BEFORE, "200 OK"),
            (AFTER, "200 OK"),
            ("", "200 OK"),
        ]:
            with self.subTest(if_range):
                made = Response(ALPHABET, headers=validators)
                self.assertEqual(ask(made, range="bytes=0-1", if_range=if_range)[0], status)

    def test_a_body_is_closed_and_only_what_is_needed_of_it_read(self):
        for passthrough in [False, True]:
            for method, taken in [("GET", 3), ("HEAD", 0)]:
                with self.subTest(passthrough=passthrough, method=method):
                    body = Generator()
                    made = Response(body, direct_passthrough=passthrough)
                    _, _, blocks = send_conditional(made, method, range="bytes=4-6")
                    self.assertEqual(blocks, [b"efg"] if taken else [])
                    self.assertEqual((body.taken, body.closed), (taken, True))

    def test_a_file_is_not_read_in_front_of_a_part(self):
        class File(io.BytesIO):
            def read(self, size=-1):
                self.places.append(self.tell())
                return super().read(size)

        file = File(ALPHABET)
        file.places = []
        made = Response(FileWrapper(file, 4), direct_passthrough=True)
        self.assertEqual(send_conditional(made, range="bytes=20-21")[2], [b"uv"])
        self.assertEqual((file.places, file.closed), ([20], True))


class EntityTagTest(unittest.TestCase):
    """add_etag, set_etag, get_etag."""

    def test_a_tag_is_made_of_the_body(self):
        made = Response("text")
        self.assertEqual(made.get_etag(), (None, None))
        made.add_etag()
        self.assertEqual(made.get_etag(), (generate_etag(b"text"), False))
        made.set_data("other")
        made.add_etag()  # there is one
        self.assertEqual(made.get_etag(), (generate_etag(b"text"), False))
        made.add_etag(overwrite=True, weak=True)
        self.assertEqual(made.get_etag(), (generate_etag(b"other"), True))

    def test_a_tag_is_set(self):
        made = Response("text")
        made.set_etag("5f2a")
        self.assertEqual((made.headers["ETag"], made.get_etag()), ('"5f2a"', ("5f2a", False)))
        made.set_etag("5f2a", weak=True)
        self.assertEqual((made.headers.getlist("ETag"), made.get_etag()), (['W/"5f2a"'], ("5f2a", True)))
        for tag in ['a"b', "a\r\nb", "a\0"]:
            with self.subTest(tag), self.assertRaises(ValueError):
                made.set_etag(tag)

    def test_a_stream_that_must_not_be_read_gets_none(self):
        made = Response(iter([b"a"]), direct_passthrough=True)
        with self.assertRaises(RuntimeError):
            made.add_etag()

    def test_a_client_comes_again_with_what_it_was_given(self):
        def app(environ, start_response):
            made = Response("text")
            made.add_etag()
            return made.make_conditional(environ)(environ, start_response)

        first = dict(call(app)[1])
        status, headers, body = call(app, HTTP_IF_NONE_MATCH=first["ETag"])
        self.assertEqual((status, dict(headers)["ETag"], body), ("304 NOT MODIFIED", first["ETag"], b""))


if __name__ == "__main__":
    unittest.main()
