"""Forms: what browsers send, what other clients send, and what attackers send."""

import io
import tracemalloc
import unittest
from itertools import chain, repeat
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from nanoweb import App, request
from nanoweb.datastructures import FileStorage, Headers, ImmutableMultiDict
from nanoweb.exceptions import ClientDisconnected, RequestEntityTooLarge
from nanoweb.formparser import (
    Data,
    Epilogue,
    FormDataParser,
    MultipartDecoder,
    MultiPartParser,
    Part,
    default_stream_factory,
    encode_multipart,
    parse_form_data,
    parse_urlencoded,
)
from nanoweb.wsgi import run_wsgi_app

BOUNDARY = b"----WebKitFormBoundary7MA4YWxkTrZu0gW"


def part(disposition, data, *fields):
    """One part as a browser sends it, boundary in front."""
    header = [b"--" + BOUNDARY, b"Content-Disposition: form-data; " + disposition, *fields]
    return b"\r\n".join(header) + b"\r\n\r\n" + data + b"\r\n"


def multipart(*parts):
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


class Pieces:
    """A stream that gives one piece after another, whatever size it is asked for."""

    def __init__(self, pieces):
        self.pieces = iter(pieces)
        self.given = 0

    def read(self, size=-1):
        piece = next(self.pieces, b"")
        self.given += len(piece)
        return piece


def parse(body, boundary=BOUNDARY, **options):
    """The fields and the files of a body as lists of pairs; a file is (filename, content)."""
    form, files = MultiPartParser(**options).parse(io.BytesIO(body), boundary, len(body))
    uploads = []
    for name, file in files.items(multi=True):
        uploads.append((name, (file.filename, file.read())))
        file.close()
    return list(form.items(multi=True)), uploads


class UrlencodedTest(unittest.TestCase):
    def test_pairs_come_in_the_order_they_were_sent(self):
        for source, pairs in [
            (b"", []),
            (b"a=1&b=hello+world", [("a", "1"), ("b", "hello world")]),
            (b"a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
            (b"a&b=&=c&=", [("a", ""), ("b", ""), ("", "c"), ("", "")]),
            (b"&&a=1&", [("a", "1")]),
            (b"a=b=c", [("a", "b=c")]),
            (b"+a+=+%2B+", [(" a ", " + ")]),
            (b"%61%3D=%26&b%5B%5D=1", [("a=", "&"), ("b[]", "1")]),
            (b"a=%00\n", [("a", "\0\n")]),
            ("größe=%C3%A4".encode(), [("größe", "ä")]),
            (b"a=%2541&b=%25", [("a", "%41"), ("b", "%")]),
            (b"a==%3D=%3d&%3D=%26", [("a", "===="), ("=", "&")]),
            (b"a=1%0D%0A2%0a&b=%5F_", [("a", "1\r\n2\n"), ("b", "__")]),
            (b"a==\r\n%20=\n=41", [("a", "=\r\n =\n=41")]),  # which quoted-printable would read differently
        ]:
            with self.subTest(source):
                self.assertEqual(parse_urlencoded(source), pairs)
                self.assertEqual(parse_urlencoded(source.decode()), pairs)

    def test_a_semicolon_separates_nothing(self):  # CVE-2021-23336
        self.assertEqual(parse_urlencoded(b"a=1;b=2"), [("a", "1;b=2")])

    def test_what_cannot_be_decoded_stays_quoted(self):
        for source, value in [
            (b"%ff", "%FF"),
            (b"%c3%28", "%C3("),
            (b"%e2%82", "%E2%82"),
            (b"%e2%82x%FF%c3%a9%", "%E2%82x%FFé%"),
            (b"%C0%80%ED%A0%80%F4%90%80%80", "%C0%80%ED%A0%80%F4%90%80%80"),
            (b"%zz%4", "%zz%4"),
            (b"%%41%%%4", "%A%%%4"),
            (b"%\r\n%\n", "%\r\n%\n"),
            (b"%+1%2 %-1", "% 1%2 %-1"),
            ("%٣٣".encode(), "%٣٣"),
            ("é%A9".encode(), "é%A9"),
            (b"\xff", "%FF"),
            (b"caf\xe9+1", "caf%E9 1"),
        ]:
            with self.subTest(source):
                self.assertEqual(parse_urlencoded(b"a=" + source), [("a", value)])
                self.assertEqual(parse_urlencoded(source + b"=a"), [(value, "a")])

    def test_the_limits_of_multipart_do_not_apply(self):
        body = b"&".join(b"field%d=%s" % (number, b"x" * 500) for number in range(2000))
        parser = FormDataParser(max_form_memory_size=1000, max_form_parts=10)
        _, form, files = parser.parse(io.BytesIO(body), "application/x-www-form-urlencoded", len(body))
        self.assertEqual((len(form), len(files)), (2000, 0))


class MultipartTest(unittest.TestCase):
    """RFC 7578, and what clients make of it."""

    form = multipart(
        part(b'name="title"', "Käse\r\n\r\nund Brot".encode()),
        part(b'name="tag"', b"a"),
        part(b'name="tag"', b""),
        part(b'name="photo"; filename="cat.jpg"', b"\xff\xd8\r\n--\r\n", b"Content-Type: image/jpeg"),
        part(b'name="other"; filename=""', b"", b"Content-Type: application/octet-stream"),
    )
    fields = [("title", "Käse\r\n\r\nund Brot"), ("tag", "a"), ("tag", "")]
    files = [("photo", ("cat.jpg", b"\xff\xd8\r\n--\r\n")), ("other", ("", b""))]

    def test_a_form_of_a_browser_gives_fields_and_files(self):
        self.assertEqual(parse(self.form), (self.fields, self.files))

    def test_it_does_not_matter_in_which_pieces_the_body_arrives(self):
        for size in [*range(1, 80), len(self.form) - 1]:
            with self.subTest(size):
                self.assertEqual(parse(self.form, buffer_size=size), (self.fields, self.files))

    def test_a_file_keeps_the_header_of_its_part(self):
        _, files = MultiPartParser().parse(io.BytesIO(self.form), BOUNDARY, None)
        photo, other = files["photo"], files["other"]
        self.addCleanup(photo.close)
        self.addCleanup(other.close)
        self.assertEqual((photo.name, photo.mimetype), ("photo", "image/jpeg"))
        self.assertEqual(photo.headers["content-disposition"], 'form-data; name="photo"; filename="cat.jpg"')
        self.assertTrue(photo)
        self.assertFalse(other)

    def test_a_decoder_may_be_given_more_than_it_asked_for(self):
        header = b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
        for data in (b"\r\n--cut-x" * 9, b"x\r\n--cutx\r\n--cu\r\r\n--cut-\r\n--cut\r\r\n\r\n" * 3):
            for size in range(1, 40):
                decoder = MultipartDecoder(b"cut")
                decoder.receive_data(header + b"\r")
                events = list(iter(decoder.next_event, None))
                rest = data + b"\r\n--cut--"
                for number, start in enumerate(range(0, len(rest), size)):
                    decoder.receive_data(rest[start : start + size])
                    if number % 3 == 2:
                        events += iter(decoder.next_event, None)
                events += iter(decoder.next_event, None)
                with self.subTest(data=data, size=size):
                    self.assertEqual(b"".join([event.data for event in events[1:]]), b"\r" + data)

    def test_what_stands_around_the_form_is_ignored(self):
        for before in [b"", b"\r\n", b"This is a multipart message.\r\n", b"x--" + BOUNDARY + b"\r\n", b"--x\r\n"]:
            for after in [b"", b"This is the end.", b"\r\n--" + BOUNDARY + b"\r\n\r\n"]:
                for size in (1, 7, 65536):
                    with self.subTest(before=before, after=after, size=size):
                        self.assertEqual(parse(before + self.form + after, buffer_size=size)[0], self.fields)

    def test_the_first_line_break_is_the_one_that_counts(self):
        lines = (
            b"--cut|Content-Disposition: form-data; name=a||x|--cut|Content-Disposition: form-data; name=b|||--cut--"
        )
        for newline in (b"\r\n", b"\n", b"\r"):
            for size in (1, 2, 65536):
                with self.subTest(newline=newline, size=size):
                    found = parse(lines.replace(b"|", newline), b"cut", buffer_size=size)
                    self.assertEqual(found, ([("a", "x"), ("b", "")], []))

    def test_a_body_of_crlf_holds_other_line_breaks_as_data(self):
        for data in (b"\n--cut\n", b"\r--cut--\r", b"\n--cut--", b"\r", b"\n", b"\n\n\r\r"):
            with self.subTest(data):
                body = b"--cut\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n" + data + b"\r\n--cut--"
                self.assertEqual(parse(body, b"cut"), ([], [("a", ("b", data))]))

    def test_one_line_break_may_end_the_header_and_begin_the_boundary(self):
        header = b'Content-Disposition: form-data; name="a"\r\n\r\n'
        for size in (1, 5, 65536):
            with self.subTest(size):
                body = b"--cut\r\n" + header + b"--cut\r\n" + header + b"--cut--"
                self.assertEqual(parse(body, b"cut", buffer_size=size), ([("a", ""), ("a", "")], []))

    def test_what_only_looks_like_a_boundary_is_data(self):
        line = b"\r\n--" + BOUNDARY
        cases = [line[:stop] + end for stop in range(len(line)) for end in (b"", b"!", b"\r", line[:stop])]
        cases += [line + end for end in (b"!", b"-!", b"- -", b"\n", b"\r!", b"-")]
        cases += [case * 3 for case in cases]
        for data in cases:
            body = multipart(part(b'name="f"; filename="f"', data), part(b'name="a"', data))
            for size in (1, 64, 65536):
                with self.subTest(data=data, size=size):
                    found = parse(body, buffer_size=size)
                    self.assertEqual(found, ([("a", data.decode())], [("f", ("f", data))]))

    def test_names_are_read_in_every_way_they_are_written(self):
        for written, name in [
            (b'"cat.jpg"', "cat.jpg"),
            (b"cat.jpg", "cat.jpg"),
            ('"日本語.txt"'.encode(), "日本語.txt"),
            (b'"a%22b.txt"', 'a"b.txt'),  # browsers
            (b'"a\\"b\\\\.txt"', 'a"b\\.txt'),  # RFC 9110
            (b'"a;b=c.txt"', "a;b=c.txt"),
            (b'"../../etc/passwd"', "../../etc/passwd"),  # the client's word, see secure_filename
            (b'"%C3%A9.txt"', "%C3%A9.txt"),
            (b"\"fallback\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),  # RFC 5987
            (b"x; filename*=iso-8859-1'de'%fc.txt", "ü.txt"),
        ]:
            with self.subTest(written):
                body = multipart(part(b'name="f"; filename=' + written, b"x"))
                self.assertEqual(parse(body), ([], [("f", (name, b"x"))]))
        body = multipart(part('name="größe"; filename*0*=UTF-8\'\'%c3%a4; filename*1=".txt"'.encode(), b"x"))
        self.assertEqual(parse(body), ([], [("größe", ("ä.txt", b"x"))]))  # RFC 2231

    def test_a_header_line_may_be_folded_and_written_in_any_case(self):
        for header in [
            b'content-disposition:form-data; name="a"',
            b'X-Before: 1\r\nCONTENT-DISPOSITION:  form-data ;\tname="a" ',
            b'Content-Disposition: form-data;\r\n name="a"',
            b'Content-Disposition: form-data;\r\n\tname="a"\r\nX-After:',
        ]:
            with self.subTest(header):
                body = b"--cut\r\n" + header + b"\r\n\r\nx\r\n--cut--"
                self.assertEqual(parse(body, b"cut"), ([("a", "x")], []))

    def test_it_does_not_matter_how_plain_a_header_is(self):
        """What browsers send for a field is read by a shorter way; it must lead to the same place."""
        for name in ("a", "a b", "größe", "a;b=c", "a'b", "", "a%b", "a%22b", 'a\\"b', "a\\b", " a "):
            parts = []
            for key in ("Content-Disposition", "content-disposition"):
                decoder = MultipartDecoder(b"cut")
                decoder.receive_data(f'--cut\r\n{key}: form-data; name="{name}"\r\n\r\n'.encode())
                event = decoder.next_event()
                parts.append((event.name, event.filename, [(key.lower(), value) for key, value in event.headers]))
            with self.subTest(name):
                self.assertEqual(parts[0], parts[1])

    def test_a_field_is_utf_8_unless_it_says_one_of_few_others(self):
        for charset, data, text in [
            (b"", b"\xc3\xa9\xff", "é\ufffd"),
            (b"charset=utf-8", b"\xc3\xa9", "é"),
            (b'charset="ISO-8859-1"', b"\xe9", "é"),
            (b"charset=us-ascii", b"a\xe9", "a\ufffd"),
            (b"charset=utf-7", b"+AGE-", "+AGE-"),
            (b"charset=utf-16", b"a\x00", "a\0"),
            (b"charset=nonsense", b"\xc3\xa9", "é"),
        ]:
            with self.subTest(charset):
                body = multipart(part(b'name="a"', data, b"Content-Type: text/plain; " + charset))
                self.assertEqual(parse(body), ([("a", text)], []))


class MalformedMultipartTest(unittest.TestCase):
    def test_a_body_that_breaks_off_is_an_error_that_says_so(self):
        body = multipart(part(b'name="a"', b"x"), part(b'name="f"; filename="f"', b"y"))
        begun, ends = len(b"--" + BOUNDARY + b"\r\n"), len(body) - len("--\r\n")
        for length in range(begun, ends + 1):
            with (
                self.subTest(body[:length]),
                self.assertRaisesRegex(ClientDisconnected, "broke off: it ends without"),
            ):
                parse(body[:length], buffer_size=50)
        for length in range(begun):
            with self.subTest(body[:length]), self.assertRaisesRegex(ValueError, "has no boundary"):
                parse(body[:length], buffer_size=50)

    def test_what_is_no_form_is_an_error_that_says_why(self):
        disposition = b"Content-Disposition: form-data; name=a\r\n"
        for header, reason in [
            (b"", "must have a Content-Disposition"),
            (b"Content-Type: text/plain\r\n", "must have a Content-Disposition"),
            (b"Content-Disposition: form-data\r\n", "with a name"),
            (b"Content-Disposition: form-data; filename=a\r\n", "with a name"),
            (b"nonsense\r\n" + disposition, "a name, a colon and printable text"),
            (b"\tnonsense\r\n" + disposition, "a name, a colon and printable text"),  # folded, and nothing before it
            (b"X: a\nSet-Cookie: b\r\n" + disposition, "printable text"),
            (b"X: a\rb\r\n" + disposition, "printable text"),
            (b"X: a\0b\r\n" + disposition, "printable text"),
            (b"X: \xff\r\n" + disposition, "utf-8"),
        ]:
            with self.subTest(header), self.assertRaisesRegex(ValueError, reason):
                parse(b"--cut\r\n" + header + b"\r\nx\r\n--cut--", b"cut")

    def test_a_boundary_is_1_to_70_printable_characters(self):
        for boundary in [b"a", b"*****", b"a" * 70, b"'()+_,-./:=? x"]:
            with self.subTest(boundary):
                body = (
                    b"--" + boundary + b"\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--" + boundary + b"--"
                )
                self.assertEqual(parse(body, boundary)[0], [("a", "x")])
        for boundary in [b"", b" ", b"a ", b"a" * 71, b"a\n", b"\r\n", b"a\0b", b"\xc3\xa9"]:
            with self.subTest(boundary), self.assertRaisesRegex(ValueError, "1 to 70 printable ASCII characters"):
                MultipartDecoder(boundary)

    def test_a_form_that_breaks_off_is_no_empty_form(self):
        body = multipart(part(b'name="a"', b"x"), part(b'name="delete_all"', b"no"))[:-70]
        for silent in (True, False):
            parser = FormDataParser(silent=silent)
            options = {"boundary": BOUNDARY.decode()}
            with self.subTest(silent=silent), self.assertRaisesRegex(ClientDisconnected, "broke off"):
                parser.parse(io.BytesIO(body), "multipart/form-data", len(body), options)

    def test_silent_makes_an_empty_form_of_it(self):
        good = multipart(part(b'name="a"', b"x"))
        for body, options in [
            (good.replace(b"name", b"nome"), {"boundary": BOUNDARY.decode()}),
            (b"", {"boundary": BOUNDARY.decode()}),
            (good, {"boundary": "another"}),
            (good, {"boundary": "é"}),
            (good, {"boundary": ""}),
            (good, {}),
            (good, None),
        ]:
            with self.subTest(body=body, options=options):
                stream = io.BytesIO(body)
                found = FormDataParser().parse(stream, "multipart/form-data", len(body), options)
                self.assertEqual(found, (stream, {}, {}))
                with self.assertRaises(ValueError):
                    FormDataParser(silent=False).parse(io.BytesIO(body), "multipart/form-data", len(body), options)


class LimitTest(unittest.TestCase):
    def test_fields_are_counted_together_and_files_are_not(self):
        body = multipart(
            *[part(b'name="a%d"' % number, b"x" * 1000) for number in range(10)],
            part(b'name="f"; filename="f"', b"x" * 100_000),
        )
        for size in (64, 65536):
            with self.subTest(size):
                self.assertEqual(len(parse(body, buffer_size=size, max_form_memory_size=10_000)[0]), 10)
                with self.assertRaises(RequestEntityTooLarge) as caught:
                    parse(body, buffer_size=size, max_form_memory_size=9_999)
                self.assertIn("9999 bytes that MAX_FORM_MEMORY_SIZE allows", caught.exception.description)

    def test_one_field_over_the_limit_is_refused_before_it_is_read(self):
        stream = io.BytesIO(part(b'name="a"', b"x" * 10_000_000))
        with self.assertRaises(RequestEntityTooLarge):
            MultiPartParser(max_form_memory_size=500_000).parse(stream, BOUNDARY, None)
        self.assertLess(stream.tell(), 1_000_000)

    def test_more_parts_than_allowed_are_refused(self):
        for body in (part(b'name="a"', b"") * 101, part(b'name="a"; filename="f"', b"") * 101):
            with self.subTest(body[:100]):
                self.assertEqual(sum(map(len, parse(multipart(body), max_form_parts=101))), 101)
                with self.assertRaises(RequestEntityTooLarge) as caught:
                    parse(multipart(body), max_form_parts=100)
                self.assertIn("100 parts that MAX_FORM_PARTS allows", caught.exception.description)

    def test_a_header_over_8_kb_is_refused(self):
        for filler in (b"X: " + b"x" * 8000, b"X: y\r\n" * 1400, b"\\" * 8200, b"x" * 1_000_000):
            for size in (64, 65536):
                body = multipart(part(b'name="a"', b"x", b"X-Padding: " + b"x" * 7900))
                self.assertEqual(parse(body, buffer_size=size)[0], [("a", "x")])
                body = multipart(part(b'name="a"', b"x", b"X-Padding: " + b"x" * 200, filler))
                with self.subTest(filler=filler[:10], size=size), self.assertRaises(RequestEntityTooLarge) as caught:
                    parse(body, buffer_size=size)
                self.assertIn("larger than 8192 bytes", caught.exception.description)

    def test_a_body_without_end_ends_at_a_limit(self):
        """Whatever it is in the middle of; a file only at that of the whole body."""
        begun = b"--" + BOUNDARY + b"\r\n"
        for begin, then, error, reason in [
            (b"", b"\r\n", ValueError, "first 8192 bytes"),
            (b"", begun[:-2] + b"x\r\n", ValueError, "first 8192 bytes"),
            (begun, b"x", RequestEntityTooLarge, "larger than 8192 bytes"),
            (begun, b"X: y\r\n", RequestEntityTooLarge, "larger than 8192 bytes"),
            (b"", part(b'name="a"', b""), RequestEntityTooLarge, "MAX_FORM_PARTS"),
            (b"", part(b'name="a"; filename="f"', b"x"), RequestEntityTooLarge, "MAX_FORM_PARTS"),
            (part(b'name="a"', b"x")[:-2], b"\r\n--", RequestEntityTooLarge, "MAX_FORM_MEMORY_SIZE"),
            (part(b'name="a"; filename="f"', b"x")[:-2], b"\r\n--", RequestEntityTooLarge, "MAX_CONTENT_LENGTH"),
            (multipart(), b"\r\n--", RequestEntityTooLarge, "MAX_CONTENT_LENGTH"),
        ]:
            stream = Pieces(chain(filter(None, [begin]), repeat(then * 100)))
            environ = {
                "CONTENT_TYPE": "multipart/form-data; boundary=" + BOUNDARY.decode(),
                "wsgi.input": stream,
                "wsgi.input_terminated": True,
            }
            limits = {"max_content_length": 2_000_000, "max_form_memory_size": 500_000, "max_form_parts": 1000}
            with self.subTest(then=then, begin=begin), self.assertRaises(error) as caught:
                parse_form_data(environ, silent=False, **limits)
            self.assertIn(reason, getattr(caught.exception, "description", str(caught.exception)))
            self.assertLess(stream.given, 2_100_000)

    def test_tens_of_thousands_of_parts_are_read_up_to_the_limit_or_all(self):
        body = multipart(part(b'name="a"', b"x") * 30_000)
        stream = io.BytesIO(body)
        with self.assertRaises(RequestEntityTooLarge):
            MultiPartParser(max_form_parts=1000).parse(stream, BOUNDARY, None)
        self.assertLess(stream.tell(), 300_000)
        form, files = MultiPartParser().parse(io.BytesIO(body), BOUNDARY, None)
        self.assertEqual((form.getlist("a"), files), (["x"] * 30_000, {}))

    def test_a_boundary_must_come_within_8_kb(self):
        body = multipart(part(b'name="a"', b"x"))
        for filler in (b"x" * 10_000, b"--" + BOUNDARY + b" " * 10_000, (b"\r\n--" + BOUNDARY + b"x") * 300):
            for size in (64, 65536):
                stream = io.BytesIO(filler + b"\r\n" + body * 1000)
                with (
                    self.subTest(filler=filler[:50], size=size),
                    self.assertRaisesRegex(ValueError, "first 8192 bytes"),
                ):
                    MultiPartParser(buffer_size=size).parse(stream, BOUNDARY, None)
                self.assertLess(stream.tell(), 70_000)

    def test_hardly_anything_is_held_back_whatever_the_body(self):
        """Linear time: no byte is looked at again but those of at most one boundary line (CVE-2023-46136)."""
        line = b"\r\n--" + BOUNDARY
        for data in [
            b"\r" * 100_000,
            b"\n" * 100_000,
            b"\r\n" * 50_000,
            b"\r" + b"a" * 100_000,
            b"-" * 100_000,
            line[:-1] * 3000,
            (line + b"!") * 3000,
            (line + b"-") * 3000,
            (line + b"\r") * 3000,
        ]:
            for size in (64, 4096):
                with self.subTest(data=data[:80], size=size):
                    decoder = MultipartDecoder(BOUNDARY)
                    decoder.receive_data(part(b'name="f"; filename="f"', data)[: -len("\r\n") - len(data)])
                    self.assertIsInstance(decoder.next_event(), Part)
                    handed_out = 0
                    for start in range(0, len(data), size):
                        decoder.receive_data(data[start : start + size])
                        for event in iter(decoder.next_event, None):
                            self.assertIsInstance(event, Data)
                            handed_out += len(event.data)
                        self.assertLessEqual(min(start + size, len(data)) - handed_out, len(line) + len("\r\n"))
                    decoder.receive_data(line + b"--")
                    handed_out += sum(len(event.data) for event in iter(decoder.next_event, None))
                    self.assertEqual(handed_out, len(data))
                    decoder.receive_data(None)
                    self.assertIsInstance(decoder.next_event(), Epilogue)


class FileTest(unittest.TestCase):
    upload = part(b'name="f"; filename="f"', b"x" * 600_000)

    def setUp(self):
        self.opened = []

    def recording_factory(self, **options):
        file = default_stream_factory(**options)
        self.opened.append(file)
        return file

    def test_a_file_goes_to_disk_above_500_kb(self):
        for size, known, on_disk in [
            (1000, True, False),
            (1000, False, False),
            (512_000, True, False),
            (512_001, True, True),
            (512_001, False, True),
        ]:
            with self.subTest(size, known=known):
                body = multipart(part(b'name="f"; filename="f"', b"x" * size))
                parser = MultiPartParser(self.recording_factory)
                _, files = parser.parse(io.BytesIO(body), BOUNDARY, len(body) if known else None)
                self.assertEqual(getattr(self.opened[-1], "_rolled", False), on_disk)
                with files["f"].stream as file:
                    self.assertEqual(file.read(), b"x" * size)

    def test_memory_does_not_grow_with_a_file(self):
        stream = Pieces([self.upload[:-2], *[b"\r\n" * 50_000] * 200, b"\r\n--" + BOUNDARY + b"--"])
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        _, files = MultiPartParser().parse(stream, BOUNDARY, None)
        peak = tracemalloc.get_traced_memory()[1]
        files["f"].close()
        self.assertLess(peak, 4_000_000)  # of 20 MB

    def test_no_file_stays_open_when_something_goes_wrong(self):
        class FullDisk(io.BytesIO):
            def write(self, data):
                raise OSError("No space left on device")

        def full_disk(**options):
            self.opened.append(FullDisk())
            return self.opened[-1]

        class Stuck(io.BytesIO):
            def close(self):
                super().close()
                raise OSError("No space left on device")

        def stuck(**options):
            self.opened.append(Stuck())
            return self.opened[-1]

        def no_dict(pairs):
            raise RuntimeError("such a class")

        many = self.upload + self.upload
        for error, body, options in [
            (ClientDisconnected, many, {}),
            (ValueError, many + b"--" + BOUNDARY + b"\r\nnonsense\r\n\r\n", {}),
            (RequestEntityTooLarge, many + part(b'name="a"', b"x" * 11), {"max_form_memory_size": 10}),
            (RequestEntityTooLarge, multipart(many), {"max_form_parts": 1}),
            (OSError, multipart(many), {"stream_factory": full_disk}),
            (OSError, many, {"stream_factory": stuck}),
            (RuntimeError, multipart(many), {"cls": no_dict}),
        ]:
            with self.subTest(error=error, options=options):
                self.opened.clear()
                parser = MultiPartParser(**{"stream_factory": self.recording_factory, **options})
                with self.assertRaises(error):
                    parser.parse(io.BytesIO(body), BOUNDARY, len(body))
                self.assertTrue(self.opened)
                self.assertTrue(all(file.closed for file in self.opened))

    def test_no_file_stays_open_when_the_client_leaves(self):
        for silent in (True, False):
            environ = {
                "CONTENT_TYPE": "multipart/form-data; boundary=" + BOUNDARY.decode(),
                "CONTENT_LENGTH": str(len(self.upload) + 1000),
                "wsgi.input": io.BytesIO(self.upload),
            }
            with self.subTest(silent=silent), self.assertRaises(ClientDisconnected):
                parse_form_data(environ, self.recording_factory, silent=silent)
        self.assertEqual([file.closed for file in self.opened], [True, True])

    def test_the_factory_is_told_what_is_known_of_the_file(self):
        told = []

        def factory(**options):
            told.append(options)
            return io.BytesIO()

        body = multipart(
            part(b'name="f"; filename="a.txt"', b"x", b"Content-Type: text/plain", b"Content-Length: 1"),
            *[
                part(b'name="f"; filename=""', b"", b"Content-Length: " + length)
                for length in (b"+1", b"1_0", b"9" * 99)
            ],
        )
        MultiPartParser(factory).parse(io.BytesIO(body), BOUNDARY, len(body))
        first = {"filename": "a.txt", "content_type": "text/plain", "content_length": 1}
        other = {"filename": "", "content_type": None, "content_length": 0}
        self.assertEqual(told, [{"total_content_length": len(body), **one} for one in (first, other, other, other)])


class ApplicationTest(unittest.TestCase):
    """The files of a request are closed when it is over, however it ends."""

    upload = multipart(part(b'name="f"; filename="f"', b"x" * 600_000))

    def setUp(self):
        self.opened = []
        self.app = App(__name__)
        self.app.logger.disabled = True

        @self.app.post("/")
        def view():
            self.opened.append(request.files["f"].stream)
            if request.args:
                raise ZeroDivisionError
            return f"{len(request.files['f'].read())} bytes"

    def post(self, body, query=""):
        environ = {
            "REQUEST_METHOD": "POST",
            "QUERY_STRING": query,
            "CONTENT_TYPE": "multipart/form-data; boundary=" + BOUNDARY.decode(),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        setup_testing_defaults(environ)
        answer, status, _ = run_wsgi_app(validator(self.app), environ, buffered=True)
        return status, b"".join(answer).decode()

    def test_after_an_answer_and_after_an_error(self):
        for query, answer in [("", "200 OK"), ("fail", "500 INTERNAL SERVER ERROR")]:
            with self.subTest(query):
                self.assertEqual(self.post(self.upload, query)[0], answer)
                self.assertTrue(self.opened.pop().closed)

    def test_a_body_that_breaks_off_is_a_page_that_says_so(self):
        status, page = self.post(self.upload[:-10])
        self.assertEqual((status, self.opened), ("400 BAD REQUEST", []))
        self.assertIn("the multipart body broke off: it ends without its closing boundary", page)


class FormDataParserTest(unittest.TestCase):
    def environ(self, content_type, body):
        return {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}

    def test_the_content_type_says_how_the_body_is_read(self):
        form = multipart(part(b'name="a"', b"1"))
        for content_type, body in [
            ("application/x-www-form-urlencoded", b"a=1"),
            ("application/x-www-form-urlencoded; charset=utf-8", b"a=1"),
            ("Application/X-WWW-Form-Urlencoded", b"a=1"),
            ("multipart/form-data; boundary=" + BOUNDARY.decode(), form),
            (f'Multipart/Form-Data; BOUNDARY="{BOUNDARY.decode()}"', form),
        ]:
            with self.subTest(content_type):
                stream, form_, files = parse_form_data(self.environ(content_type, body))
                self.assertEqual((stream.read(), form_.to_dict(), files), (b"", {"a": "1"}, {}))

    def test_what_is_no_form_is_left_unread(self):
        for content_type in (
            "",
            "text/plain",
            "application/json",
            "multipart/mixed; boundary=a",
            "application/x-url-encoded",
        ):
            with self.subTest(content_type):
                stream, form, files = parse_form_data(self.environ(content_type, b"a=1"))
                self.assertEqual((stream.read(), form, files), (b"a=1", {}, {}))

    def test_a_body_over_the_limit_is_refused(self):
        with self.assertRaises(RequestEntityTooLarge):
            parse_form_data(self.environ("application/x-www-form-urlencoded", b"a=12"), max_content_length=3)

    def test_limits_are_not_silenced(self):
        body = multipart(part(b'name="a"', b"12345"))
        environ = self.environ("multipart/form-data; boundary=" + BOUNDARY.decode(), body)
        with self.assertRaises(RequestEntityTooLarge):
            parse_form_data(environ, max_form_memory_size=4)

    def test_form_and_files_are_of_the_class_asked_for(self):
        _, form, files = parse_form_data(self.environ("text/plain", b""), cls=ImmutableMultiDict)
        self.assertEqual((type(form), type(files)), (ImmutableMultiDict, ImmutableMultiDict))


class EncodeTest(unittest.TestCase):
    def test_what_is_encoded_is_parsed_to_the_same(self):
        headers = Headers([("Content-Disposition", "attachment"), ("X-Extra", "1")])
        body = encode_multipart(
            [
                ("größe", "ü\r\n\n"),
                ('a"b', ""),
                ("f", FileStorage(io.BytesIO(b"\0\xff\r\n"), 'é "1".bin', content_type="image/png", headers=headers)),
                ("f", FileStorage(io.BytesIO(b""), "")),
                ("g", FileStorage(io.BytesIO(b"no name"))),
            ],
            "cut",
        )
        form, files = MultiPartParser().parse(io.BytesIO(body), b"cut", len(body))
        self.assertEqual(form.to_dict(), {"größe": "ü\r\n\n", 'a"b': "", "g": "no name"})
        first, second = files.getlist("f")
        self.assertEqual(
            (first.filename, first.content_type, first.read()), ('é "1".bin', "image/png", b"\0\xff\r\n")
        )
        self.assertEqual((len(first.headers), first.headers["X-Extra"]), (3, "1"))
        self.assertEqual((second.filename, second.content_type, second.read()), ("", "application/octet-stream", b""))
        first.close()
        second.close()

    def test_a_name_cannot_begin_a_header_of_its_own(self):
        body = encode_multipart([("a\r\nX: 1", "x")], "cut")
        self.assertIn(b'name="a%0D%0AX: 1"\r\n', body)


if __name__ == "__main__":
    unittest.main()
