"""Names that a client may choose, and files that are sent.

The rows of "names" are attacks that worked somewhere; each is tried on every system.
"""

import errno
import gc
import gzip
import io
import os
import pathlib
import tempfile
import threading
import time
import unittest
import warnings
from contextlib import suppress
from functools import partial
from unittest import mock
from urllib.parse import unquote
from wsgiref.util import FileWrapper as ServersWrapper
from wsgiref.validate import validator

from nanoweb import files
from nanoweb.environs import create_environ
from nanoweb.exceptions import HTTPException, NotFound, PreconditionFailed, RequestedRangeNotSatisfiable
from nanoweb.files import safe_join, secure_filename, send_file, send_from_directory
from nanoweb.wrappers import Response
from nanoweb.wsgi import FileWrapper
from tests.growth import is_linear


def rules_of_windows(are_on=True):
    """Switch them on or off for a while."""
    return mock.patch.object(files, "windows_rules", are_on)


# Refused everywhere: what leads out of the directory, on any system, and what means something else than it says.
NEVER = [
    *r"""
    .. ../ ../x ../../etc/passwd a/../../x a/b/../../../x ./../x .//../x ..//x
    / /etc/passwd //etc/passwd ///etc/passwd //server/share /../x
    \ \x \\server\share ..\x a\..\..\x a\b C:\x \\?\C:\x \\.\NUL a/..\..\x
    ... .... a/... .../x a./b a. a.txt. a/b./c ..../x
    """.split(),
    *["a ", "a /b", "..  ", ".. /x", ". /x", "a/.. /x", "a. ", "a .", " ", "a/ "],
    *["a\0b", "\0", "..\0", "a/b\0/../../x", "a.txt\0.html", "x/..\0/y"],
]

# Refused where Windows reads the disk: drives, streams and devices, in any segment.
NOT_ON_WINDOWS = [
    *"""
    c: c:x c:/x C:/x a/c:/x file.txt:stream file.py::$DATA a:b/c :x
    NUL nul Nul CON con.txt con.txt.html CON.TXT.HTML aux AUX.js PRN prn.a COM1 com9.txt COM0 LPT1 lpt3.log
    COM¹ com².txt LPT³ lpt¹.a.b CONIN$ conout$ CONOUT$.txt a/NUL a/b/con.x nul/a example/NUL x/aux.c/y
    NUL: con:a
    """.split(),
    *["CON .txt", "nul  .a", "com1 .x.y", "a/lpt1 .txt", "aux.\n"],
]

# Allowed everywhere.
ALLOWED = [
    *"""
    a a.txt a/b a/b.c/d .hidden .well-known/x a..b ..a a...b a~1 größe/ä 报告.pdf a%2e%2e%2fb %2e%2e/x %5c..%5c
    console confirm.txt nully auxiliary.c com com10 comma.txt lptx conin CONIN$x -rf $HOME ~ ~root/x a,b a;b a=b
    nu&l nul_ _nul prn-x com\u2074 \ufe56 \uff0e\uff0e/x \u2025/x \u2024\u2024 \uff0f..\uff3c
    """.split(),
    *[" a", "a b", "a\nb", "\u00a0"],
]


class SafeJoinTest(unittest.TestCase):
    """CVE-2019-14322, CVE-2024-49766, CVE-2025-66221, CVE-2026-21860, CVE-2026-27199 and their like."""

    def join(self, path):
        return safe_join("/base", path)

    def test_no_path_leads_out_or_fools_windows(self):
        for are_on in [True, False]:
            for path in NEVER:
                with self.subTest(path), rules_of_windows(are_on):
                    self.assertIsNone(self.join(path))
                    self.assertIsNone(safe_join("/base", "a", path))
                    self.assertIsNone(safe_join("/base", path, "a"))

    def test_what_is_special_on_windows_is_refused_where_its_rules_are_on(self):
        for path in NOT_ON_WINDOWS:
            with self.subTest(path):
                with rules_of_windows():
                    self.assertIsNone(self.join(path))
                with rules_of_windows(False):
                    self.assertEqual(self.join(path), f"/base/{path}")

    def test_the_rules_are_on_on_windows_itself(self):
        self.assertEqual(files.windows_rules, os.name == "nt")

    def test_other_names_are_let_through(self):
        for are_on in [True, False]:
            for path in ALLOWED:
                with self.subTest(path), rules_of_windows(are_on):
                    self.assertEqual(self.join(path), f"/base/{path}")

    def test_a_path_is_decoded_once_by_who_received_it_and_not_again(self):
        for raw in ["%2e%2e/x", "..%2fx", "%2e%2e%2fx", "..%5cx", "..%c0%af", "%c0%ae%c0%ae/%00", "a%00b", "%2f/etc"]:
            with self.subTest(raw):
                decoded = unquote(raw)
                if decoded != "..\ufffd\ufffd":  # an overlong "/" is no "/"
                    self.assertIsNone(self.join(decoded))
                self.assertEqual(
                    self.join(raw.replace("%", "%25").replace("..", "a")),
                    "/base/" + raw.replace("%", "%25").replace("..", "a"),
                )

    def test_what_comes_out_is_below_the_directory(self):
        for directory, parts, expected in [
            ("/base", [], "/base"),
            ("/base", ["a/../b"], "/base/b"),
            ("/base", [".../../b"], "/base/b"),
            ("/base", ["a//b"], "/base/a/b"),
            ("/base", ["./a"], "/base/a"),
            ("/base", ["a/"], "/base/a"),
            ("/base", [""], "/base"),
            ("/base", ["", "x"], "/base/x"),
            ("/base", ["."], "/base/."),
            ("/base", ["a/.."], "/base/."),
            ("/base/", ["a", "b/c"], "/base/a/b/c"),
            ("base", ["a"], "base/a"),
            ("", ["a"], "./a"),
            ("", [], "."),
            (pathlib.PurePosixPath("/base"), ["a"], "/base/a"),
        ]:
            with self.subTest(directory, parts=parts):
                self.assertEqual(safe_join(directory, *parts), expected)

    def test_the_time_grows_with_the_length_and_no_faster(self):
        for piece in ["a/", "../", "a/../", "./", ". ", "CON ", "\\", "/", "NUL."]:
            with self.subTest(piece), rules_of_windows():
                short, long = (piece * count for count in (1_000, 16_000))
                self.assertTrue(is_linear(partial(safe_join, "/base"), short, long))


class SecureFilenameTest(unittest.TestCase):
    def test_letters_digits_and_a_few_signs_are_left(self):
        for name, expected in [
            ("My cool movie.mov", "My_cool_movie.mov"),
            ("../../../etc/passwd", "etc_passwd"),
            ("..\\..\\x.txt", "x.txt"),
            ("C:\\temp\\x.txt", "C_temp_x.txt"),
            ("i contain cool \xfcml\xe4uts.txt", "i_contain_cool_umlauts.txt"),
            ("größe.txt", "groe.txt"),
            ("ﬁ½.txt", "fi12.txt"),
            ("报告.pdf", "pdf"),
            ("报告", ""),
            ("", ""),
            ("..", ""),
            ("...", ""),
            (".htaccess", "htaccess"),
            ("..a..", "a"),
            ("  a  b\t\n c ", "a_b_c"),
            ("a\0b", "ab"),
            ("a\u2025/\uff0fb\uff3cc", "a.._b_c"),
            ("<script>.html", "script.html"),
            ("a;rm -rf *", "arm_-rf"),
            ("\ud800a", "a"),
        ]:
            with self.subTest(name):
                self.assertEqual(secure_filename(name), expected)

    def test_it_is_no_device_on_any_system(self):
        for name in ["CON", "con.txt", "aux.c.d", "nul.", "NUL ", "COM1", "COM¹.txt", "lpt³", "CONIN$", "../nul"]:
            for are_on in [True, False]:
                with self.subTest(name), rules_of_windows(are_on):
                    found = secure_filename(name)
                    self.assertIsNotNone(safe_join("/base", found))
                    with rules_of_windows():
                        self.assertIsNotNone(safe_join("/base", found))
        self.assertEqual(secure_filename("con.txt"), "_con.txt")

    def test_whatever_comes_in_what_comes_out_is_a_plain_name(self):
        for name in [*NEVER, *NOT_ON_WINDOWS, *ALLOWED]:
            with self.subTest(name), rules_of_windows():
                found = secure_filename(name)
                self.assertRegex(found, r"\A[A-Za-z0-9_.-]*\Z")
                self.assertEqual(safe_join("/base", found), f"/base/{found}" if found else "/base")

    def test_the_time_grows_with_the_length_and_no_faster(self):
        for piece in ["a\u0327\u0301", " ", ".", "\u0301\u0327", "/", "ﬁ", "_."]:  # accents in the wrong order
            with self.subTest(piece):
                short, long = ("a" + piece * count for count in (1_000, 16_000))
                self.assertTrue(is_linear(secure_filename, short, long))


class FileCase(unittest.TestCase):
    """A folder with files, and answers as a server would send them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.path = self.write("hello.txt", b"hello world")

    def write(self, name, data=b"", modified=1_700_000_000.25):
        path = self.folder / name
        path.write_bytes(data)
        os.utime(path, (modified, modified))
        return path

    def ask(self, method="GET", environ=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return create_environ("/", method=method, headers=fields, environ_overrides=environ)

    def send(self, source, environ=None, **options):
        """(status, fields, body) of what send_file answers."""
        environ = environ or self.ask()
        return self.run_response(send_file(source, environ, **options), environ)

    def run_response(self, response, environ):
        started = []
        body = validator(response)(environ, lambda *args: started.append(args))
        data = b"".join(body)
        body.close()
        response.close()
        status, fields = started[0][:2]
        return int(status[:3]), dict(fields), data


class SendFileTest(FileCase):
    def test_a_path_says_it_all(self):
        for path in [self.path, str(self.path)]:
            status, fields, data = self.send(path)
            self.assertEqual((status, data), (200, b"hello world"))
            tag = fields.pop("ETag")
            self.assertRegex(tag, r'\A"1700000000\.25-11-[0-9]+"\Z')
            self.assertTrue(fields.pop("Date"))
            self.assertEqual(
                fields,
                {
                    "Content-Type": "text/plain; charset=utf-8",
                    "Content-Length": "11",
                    "Content-Disposition": "inline; filename=hello.txt",
                    "Cache-Control": "no-cache",
                    "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT",
                    "Accept-Ranges": "bytes",
                },
            )

    def test_a_relative_path_is_below_the_current_directory(self):
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.folder)
        self.assertEqual(self.send("hello.txt")[2], b"hello world")
        self.assertEqual(self.send("hello.txt", use_x_sendfile=True)[1]["X-Sendfile"], str(self.path))

    def test_an_absolute_path_needs_no_current_directory(self):
        """That of a daemon may have been taken away."""
        with mock.patch("os.getcwd", side_effect=FileNotFoundError):
            self.assertEqual(self.send(self.path)[2], b"hello world")

    def test_what_cannot_be_sent_is_said_so(self):
        for path, error in [
            (str(self.folder / "nothing"), FileNotFoundError),
            (str(self.folder), IsADirectoryError),
            (str(self.path / "x"), NotADirectoryError),
            (None, TypeError),
            (b"hello.txt", TypeError),
        ]:
            for environ in [self.ask(), self.ask("HEAD"), self.ask(Range="bytes=0-1")]:
                with self.subTest(path), self.assertRaises(error) as caught:
                    send_file(path, environ)
                self.assertIn(f"{path!r}".strip("b'"), str(caught.exception))  # what we saw

    @unittest.skipUnless(hasattr(os, "mkfifo"), "pipes have names on Unix only")
    def test_a_pipe_is_refused_and_not_waited_for(self):
        os.mkfifo(self.folder / "pipe")
        with self.assertRaisesRegex(OSError, "regular file"):
            send_file(self.folder / "pipe", self.ask())
        with self.assertRaises(NotFound):
            send_from_directory(self.folder, "pipe", self.ask())

    @unittest.skipUnless(hasattr(os, "mkfifo"), "pipes have names on Unix only")
    def test_nor_is_one_that_took_the_place_of_a_file(self):
        os.mkfifo(self.folder / "pipe")
        found, caught = os.stat(self.path), []

        def send():
            with self.assertRaisesRegex(OSError, "regular file") as context:
                send_file(self.folder / "pipe", self.ask())
            caught.append(context.exception.errno)

        with mock.patch("os.stat", return_value=found):
            thread = threading.Thread(target=send, daemon=True)
            thread.start()
            thread.join(20)
        self.assertEqual(caught, [errno.EINVAL])

    @unittest.skipUnless(hasattr(os, "symlink") and os.name != "nt", "links need rights on Windows")
    def test_a_path_leads_where_the_disk_says(self):
        """To take off "link/.." beforehand, as text, may lead elsewhere; to end at a NUL does (CVE-2023-41105)."""
        (self.folder / "deep" / "down").mkdir(parents=True)
        self.write("deep/hello.txt", b"deep")
        os.symlink(self.folder / "deep" / "down", self.folder / "link")
        self.assertEqual(self.send(self.folder / "link" / ".." / "hello.txt")[2], b"deep")
        with mock.patch("os.path.normpath", side_effect=AssertionError), self.assertRaises(ValueError):
            send_file(f"{self.path}\0.html", self.ask())

    def test_the_type_is_that_of_the_name_or_what_is_said(self):
        for name, options, expected in [
            ("a.html", {}, "text/html; charset=utf-8"),
            ("a.png", {}, "image/png"),
            ("A.PNG", {}, "image/png"),
            ("a", {}, "application/octet-stream"),
            ("a.unknown", {}, "application/octet-stream"),
            ("", {}, "application/octet-stream"),
            ("a.html", {"mimetype": "text/plain"}, "text/plain; charset=utf-8"),
            ("a.html", {"mimetype": "application/x-own"}, "application/x-own"),
            # An address would say its type itself: data:text/html, is a way to have a picture run as a page.
            ("data:text/html,x.png", {}, "image/png"),
            ("data:image/svg+xml;base64,x", {}, "application/octet-stream"),
            ("http://a/x.png", {}, "image/png"),
            ("x.png?a.html", {}, "text/html; charset=utf-8"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.send(self.path, download_name=name, **options)[1]["Content-Type"], expected)

    def test_what_is_packed_is_unpacked_by_the_browser_unless_it_saves(self):
        for options, expected in [
            ({}, ("application/x-tar", "gzip")),
            ({"as_attachment": True}, ("application/x-tar", None)),
            ({"mimetype": "application/gzip"}, ("application/gzip", None)),
        ]:
            with self.subTest(options):
                fields = self.send(self.path, download_name="a.tar.gz", **options)[1]
                self.assertEqual((fields["Content-Type"], fields.get("Content-Encoding")), expected)

    def test_the_name_goes_out_in_ascii_and_in_full(self):
        """RFC 6266, section 4.3, and RFC 8187."""
        for name, expected in [
            ("a.txt", "filename=a.txt"),
            ("a b.txt", 'filename="a b.txt"'),
            ('a"b\\c.txt', r'filename="a\"b\\c.txt"'),
            ("größe.txt", "filename=groe.txt; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"),
            ('ä"b.txt', r"""filename="a\"b.txt"; filename*=UTF-8''%C3%A4%22b.txt"""),
            ("报告.pdf", "filename=.pdf; filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf"),
            ("a\r\nSet-Cookie: b=c", "filename=\"aSet-Cookie: b=c\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b%3Dc"),
            ("a\x7fb", "filename=ab; filename*=UTF-8''a%7Fb"),
            ("a'(b)*!#$&+-.^_`|~%;", """filename="a'(b)*!#$&+-.^_`|~%;\""""),
            ("ä'(b)*%", "filename=\"a'(b)*%\"; filename*=UTF-8''%C3%A4%27%28b%29%2A%25"),
            ("\udcff.txt", "filename=.txt; filename*=UTF-8''%3F.txt"),
            ("", 'filename=""'),
        ]:
            for as_attachment, kind in [(False, "inline"), (True, "attachment")]:
                with self.subTest(name, kind=kind):
                    fields = self.send(self.path, download_name=name, as_attachment=as_attachment)[1]
                    self.assertEqual(fields["Content-Disposition"], f"{kind}; {expected}")

    def test_whatever_the_name_on_the_disk_it_can_be_sent(self):
        for name in ["größe.txt", "a b", "报告.pdf", "a\nb.txt", os.fsdecode(b"\xff.bin")]:
            with self.subTest(ascii(name)), suppress(OSError, UnicodeEncodeError):  # not every disk has every name
                path = self.write(name, b"x")
                self.assertEqual(self.send(path)[2], b"x")

    def test_max_age_is_how_long_nobody_asks(self):
        for max_age, expected in [
            (None, ("no-cache", False)),
            (0, ("no-cache, max-age=0", True)),
            (60, ("public, max-age=60", True)),
            (lambda path: 7 if path == str(self.path) else None, ("public, max-age=7", True)),
            (lambda path: None, ("no-cache", False)),
        ]:
            with self.subTest(max_age):
                fields = self.send(self.path, max_age=max_age)[1]
                self.assertEqual((fields["Cache-Control"], "Expires" in fields), expected)
        self.assertEqual(
            self.send(io.BytesIO(b""), mimetype="a/b", max_age=lambda path: 5 if path is None else 6)[1][
                "Cache-Control"
            ],
            "public, max-age=5",
        )
        with self.assertRaisesRegex(ValueError, "negative"):
            self.send(self.path, max_age=-1)

    def test_expires_is_max_age_from_now(self):
        with mock.patch("time.time", lambda: 1_700_000_100.0):
            fields = self.send(self.path, max_age=60)[1]
        self.assertEqual(fields["Expires"], "Tue, 14 Nov 2023 22:16:00 GMT")

    def test_the_tag_and_the_time_can_be_given_or_left_out(self):
        self.assertEqual(self.send(self.path, etag="abc")[1]["ETag"], '"abc"')
        self.assertNotIn("ETag", self.send(self.path, etag=False)[1])
        self.assertEqual(self.send(self.path, last_modified=0)[1]["Last-Modified"], "Thu, 01 Jan 1970 00:00:00 GMT")
        with self.assertRaisesRegex(ValueError, "quote"):
            self.send(self.path, etag='"abc"')

    def test_the_tag_is_another_for_another_file_size_or_time(self):
        tags = {self.send(self.path)[1]["ETag"], self.send(self.write("other.txt", b"hello world"))[1]["ETag"]}
        tags.add(self.send(self.write("hello.txt", b"hello"))[1]["ETag"])
        tags.add(self.send(self.write("hello.txt", b"hello", 1_700_000_000.5))[1]["ETag"])
        self.assertEqual(len(tags), 4)

    def test_no_file_was_changed_later_than_now(self):
        """RFC 9110, section 8.8.2.1."""
        path = self.write("future.txt", b"x", time.time() + 1_000_000)
        with mock.patch("time.time", lambda: 1_700_000_000.0):
            self.assertEqual(self.send(path)[1]["Last-Modified"], "Tue, 14 Nov 2023 22:13:20 GMT")

    def test_a_response_class_of_ones_own(self):
        class Own(Response):
            pass

        response = send_file(self.path, self.ask(), response_class=Own)
        self.assertIsInstance(response, Own)
        response.close()

    def test_head_opens_nothing(self):
        with mock.patch.object(files, "_File", None):
            status, fields, data = self.send(self.path, self.ask("HEAD"))
        self.assertEqual((status, fields["Content-Length"], data), (200, "11", b""))

    def test_an_empty_file_is_a_file(self):
        for environ in [self.ask(), self.ask(Range="bytes=0-"), self.ask("HEAD")]:
            status, fields, data = self.send(self.write("empty.txt"), environ)
            self.assertEqual((status, fields["Content-Length"], data), (200, "0", b""))

    def test_a_file_that_grows_ends_where_it_ended(self):
        environ = self.ask()
        response = send_file(self.path, environ)
        with open(self.path, "ab") as file:
            file.write(b" and more")
        _, fields, data = self.run_response(response, environ)
        self.assertEqual((fields["Content-Length"], data), ("11", b"hello world"))
        for size, expected in [(-1, b"now"), (None, b"now"), (5, b"now"), (2, b"no"), (0, b"")]:
            path = self.write("growing.txt", b"now")
            with self.subTest(size), files._File(path) as file:
                with open(path, "ab") as growing:
                    growing.write(b" and then")
                self.assertEqual(file.read(size), expected)
                self.assertEqual(file.read(), b"now"[len(expected) :])
                self.assertEqual(file.read(1), b"")


class ConditionalTest(FileCase):
    """RFC 9110, sections 13 and 14."""

    def test_a_client_that_has_the_file_is_told_so(self):
        tag = self.send(self.path)[1]["ETag"]
        for method in ["GET", "HEAD"]:
            for fields in [{"If_None_Match": tag}, {"If_Modified_Since": "Tue, 14 Nov 2023 22:13:20 GMT"}]:
                with self.subTest(method, fields=fields):
                    status, got, data = self.send(self.path, self.ask(method, **fields))
                    self.assertEqual((status, data), (304, b""))
                    self.assertEqual((got["ETag"], got["Cache-Control"]), (tag, "no-cache"))
                    self.assertTrue(got.keys().isdisjoint({"Content-Length", "Content-Type", "Last-Modified"}))

    def test_a_client_that_has_another_gets_it(self):
        for fields in [{"If_None_Match": '"x"'}, {"If_Modified_Since": "Tue, 14 Nov 2023 22:13:19 GMT"}]:
            with self.subTest(fields):
                self.assertEqual(self.send(self.path, self.ask(**fields))[::2], (200, b"hello world"))

    def test_one_that_wants_no_other_gets_412(self):
        for fields in [{"If_Match": '"x"'}, {"If_Unmodified_Since": "Tue, 14 Nov 2023 22:13:19 GMT"}]:
            with self.subTest(fields), self.assertRaises(PreconditionFailed):
                self.send(self.path, self.ask(**fields))

    def test_a_part_is_sent(self):
        for value, expected, where in [
            ("bytes=0-4", b"hello", "0-4"),
            ("bytes=6-", b"world", "6-10"),
            ("bytes=-5", b"world", "6-10"),
            ("bytes=-500", b"hello world", "0-10"),
            ("bytes=6-500", b"world", "6-10"),
            ("bytes=10-10", b"d", "10-10"),
            ("BYTES=0-0", b"h", "0-0"),
        ]:
            for source in [lambda: self.path, lambda: io.BytesIO(b"hello world"), lambda: self.path.open("rb")]:
                with self.subTest(value):
                    status, fields, data = self.send(source(), self.ask(Range=value), mimetype="text/plain")
                    self.assertEqual((status, data), (206, expected))
                    self.assertEqual(fields["Content-Range"], f"bytes {where}/11")
                    self.assertEqual(fields["Content-Length"], str(len(expected)))

    def test_what_is_no_part_or_several_is_answered_with_the_whole(self):
        for value in [
            *"bytes bytes= bytes=- bytes=a-b bytes=5-1 bytes=+1-2 bytes=1_0-2 bytes=٣-4 bytes=--1 lines=1-2".split(),
            *["bytes=0-0,2-3", "bytes=0-0,-1", "bytes=0 - 1", "bytes=0-99999999999999999999"],
            *["bytes=0-0" + ",1-1" * 2000, "bytes=0-" + "9" * 100_000],
        ]:
            with self.subTest(value[:40]):
                self.assertEqual(
                    self.send(self.path, self.ask(Range=value.encode().decode("latin-1")))[::2], (200, b"hello world")
                )

    def test_a_part_that_is_not_there_is_416_and_leaves_no_file_open(self):
        for value in ["bytes=11-", "bytes=500-600", "bytes=999999999999999999-"]:
            with self.subTest(value):
                with self.assertRaises(RequestedRangeNotSatisfiable) as caught:
                    self.send(self.path, self.ask(Range=value))
                self.assertEqual(caught.exception.length, 11)

    def test_what_stands_in_front_of_a_part_is_not_read(self):
        """The wrapper of many a server, wsgiref's for one, cannot seek: it would read 2 GB to send one byte."""
        path = self.folder / "large"
        with path.open("wb") as file:
            file.truncate(2**31)
            file.seek(0, io.SEEK_END)
            file.write(b"end")
        read = []

        class Watched(files._File):
            def read(self, size=-1):
                data = super().read(size)
                read.append(len(data))
                return data

        environ = self.ask(Range="bytes=-2", environ={"wsgi.file_wrapper": ServersWrapper})
        with mock.patch.object(files, "_File", Watched):
            status, fields, data = self.send(path, environ)
        self.assertEqual((status, data, read), (206, b"nd", [2]))
        self.assertEqual(fields["Content-Range"], "bytes 2147483649-2147483650/2147483651")

    def test_a_part_of_another_file_is_not_mixed_in(self):
        tag = self.send(self.path)[1]["ETag"]
        for condition, expected in [
            (tag, b"hello"),
            ('"x"', b"hello world"),
            ("Tue, 14 Nov 2023 22:13:20 GMT", b"hello"),
            ("Tue, 14 Nov 2023 22:13:21 GMT", b"hello world"),
        ]:
            with self.subTest(condition):
                environ = self.ask(Range="bytes=0-4", If_Range=condition)
                self.assertEqual(self.send(self.path, environ)[2], expected)

    def test_conditions_can_be_left_alone(self):
        status, fields, data = self.send(self.path, self.ask(Range="bytes=0-4", If_None_Match="*"), conditional=False)
        self.assertEqual((status, data, "Accept-Ranges" in fields), (200, b"hello world", False))

    def test_other_methods_get_the_whole(self):
        environ = self.ask("POST", Range="bytes=0-4", If_Modified_Since="Tue, 14 Nov 2023 22:13:20 GMT")
        self.assertEqual(self.send(self.path, environ)[::2], (200, b"hello world"))


class OpenFileTest(FileCase):
    """What is no path but a file already."""

    def test_bytes_in_memory_are_sent(self):
        status, fields, data = self.send(io.BytesIO(b"abc"), download_name="a.txt", etag="x", last_modified=5)
        self.assertEqual((status, data, fields["Content-Length"]), (200, b"abc", "3"))
        self.assertEqual((fields["ETag"], fields["Last-Modified"]), ('"x"', "Thu, 01 Jan 1970 00:00:05 GMT"))
        fields = self.send(io.BytesIO(b"abc"), mimetype="a/b")[1]
        self.assertTrue(fields.keys().isdisjoint({"ETag", "Last-Modified", "Content-Disposition"}))

    def test_an_open_file_has_a_size_too(self):
        for buffering in [-1, 0]:
            with self.subTest(buffering):
                fields = self.send(self.path.open("rb", buffering), mimetype="a/b")[1]
                self.assertEqual(fields["Content-Length"], "11")

    def test_a_file_that_is_not_at_its_start_is_sent_from_where_it_is(self):
        for file in [io.BytesIO(b"hello world"), self.path.open("rb")]:
            file.seek(6)
            status, fields, data = self.send(file, self.ask(Range="bytes=0-1"), mimetype="a/b")
            self.assertEqual((status, data), (200, b"world"))
            self.assertNotIn("Content-Length", fields)

    def test_the_size_of_a_packed_file_is_not_that_of_its_content(self):
        path = self.write("a.gz", gzip.compress(b"a" * 10_000))
        status, fields, data = self.send(gzip.GzipFile(path), mimetype="a/b")
        self.assertEqual((status, len(data)), (200, 10_000))
        self.assertNotIn("Content-Length", fields)

    @unittest.skipUnless(os.path.exists("/dev/zero"), "devices have paths on Unix only")
    def test_a_device_has_no_size(self):
        with open("/dev/zero", "rb") as file:
            self.assertNotIn("Content-Length", send_file(file, self.ask(), mimetype="a/b").headers)

    def test_anything_with_read_will_do(self):
        class Half:
            def __init__(self):
                self.blocks = [b"a", b"b"]

            def read(self, size):
                return self.blocks.pop(0) if self.blocks else b""

        self.assertEqual(self.send(Half(), mimetype="a/b")[2], b"ab")

    def test_text_is_refused(self):
        for file in [io.StringIO("x"), self.path.open(encoding="ascii")]:
            with self.assertRaisesRegex(ValueError, "mode 'rb'"):
                self.send(file, mimetype="a/b")
            self.assertTrue(file.closed)

    def test_a_name_is_needed_for_a_type_and_to_save(self):
        for options, text in [({}, "mimetype"), ({"as_attachment": True, "mimetype": "a/b"}, "download_name")]:
            with self.assertRaisesRegex(TypeError, text):
                self.send(io.BytesIO(b""), **options)


class CloseTest(FileCase):
    """Whatever happens, the file is closed: an open one is a ResourceWarning, and that an error."""

    def opened(self, environ, **options):
        """Call send_file and the response; return the files that were opened on the way."""
        made = []

        class Watched(files._File):
            def __init__(self, path):
                super().__init__(path)
                made.append(self)

        with mock.patch.object(files, "_File", Watched), suppress(HTTPException, ValueError, ZeroDivisionError):
            self.run_response(send_file(self.path, environ, **options), environ)
        return made

    def test_it_is_closed_in_the_end(self):
        for fields, options in [
            ({}, {}),
            ({"If_None_Match": "*"}, {}),
            ({"If_Match": '"x"'}, {}),
            ({"Range": "bytes=1-2"}, {}),
            ({"Range": "bytes=100-"}, {}),
            ({}, {"max_age": lambda path: 1 / 0}),
            ({}, {"etag": '"'}),
            ({}, {"mimetype": "a\nb"}),
            ({}, {"response_class": lambda *args, **kwargs: 1 / 0}),
        ]:
            with self.subTest(fields, options=options):
                made = self.opened(self.ask(**fields), **options)
                self.assertEqual([file.closed for file in made], [True])

    def test_one_that_was_given_is_closed_too(self):
        for fields, options in [({}, {"mimetype": "a/b"}), ({}, {}), ({"Range": "bytes=100-"}, {"mimetype": "a/b"})]:
            file = io.BytesIO(b"abc")
            with self.subTest(options):
                with suppress(HTTPException, TypeError):
                    self.send(file, self.ask(**fields), **options)
                self.assertTrue(file.closed)

    def test_it_is_closed_when_the_client_leaves(self):
        environ = self.ask()
        response = send_file(self.path, environ)
        body = response(environ, lambda *args: None)
        next(iter(body))
        body.close()
        response.close()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del body, response
            gc.collect()

    def test_head_for_a_file_that_was_given_reads_nothing(self):
        file = self.path.open("rb")
        status, fields, data = self.send(file, self.ask("HEAD"), mimetype="a/b")
        self.assertEqual((status, fields["Content-Length"], data, file.closed), (200, "11", b"", True))


class ServerTest(FileCase):
    """What the server, or one in front of it, does better."""

    def test_the_servers_own_wrapper_gets_the_file(self):
        calls = []

        class Wrapper(FileWrapper):
            def __init__(self, file, size):
                super().__init__(file, size)
                calls.append(file.fileno())

        environ = self.ask(environ={"wsgi.file_wrapper": Wrapper})
        response = send_file(self.path, environ)
        body = response(environ, lambda *args: None)
        self.assertIsInstance(body, Wrapper)  # unwrapped, or the server would not know it (PEP 3333)
        self.assertEqual((b"".join(body), len(calls)), (b"hello world", 1))
        body.close()

    def test_a_server_in_front_can_be_told_to_send_it(self):
        with mock.patch.object(files, "_File", None):
            status, fields, data = self.send(self.path, use_x_sendfile=True)
        self.assertEqual((status, data, fields["X-Sendfile"]), (200, b"", str(self.path)))
        self.assertIn(fields.get("Content-Length"), (None, "0"))  # that of the file would be a lie of ours

    def test_it_gets_the_path_in_the_bytes_of_the_disk(self):
        path = self.write(os.fsdecode("größe.txt".encode()))
        self.assertEqual(self.send(path, use_x_sendfile=True)[1]["X-Sendfile"].encode("latin-1"), os.fsencode(path))

    def test_no_name_on_the_disk_adds_a_field(self):
        with suppress(OSError):  # of disks that have no such names
            path = self.write("a\r\nX-Own: b")
            with self.assertRaisesRegex(ValueError, "X-Sendfile"):
                self.send(path, use_x_sendfile=True)

    def test_it_cuts_the_file_by_itself(self):
        status, fields, _ = self.send(self.path, self.ask(Range="bytes=0-1"), use_x_sendfile=True)
        self.assertEqual((status, "Content-Range" in fields, "X-Sendfile" in fields), (200, False, True))

    def test_it_is_not_told_where_nothing_is_to_be_sent(self):
        tag = self.send(self.path)[1]["ETag"]
        status, fields, _ = self.send(self.path, self.ask(If_None_Match=tag), use_x_sendfile=True)
        self.assertEqual((status, "X-Sendfile" in fields), (304, False))

    def test_it_cannot_send_what_is_no_path(self):
        status, fields, data = self.send(io.BytesIO(b"abc"), mimetype="a/b", use_x_sendfile=True)
        self.assertEqual((status, data, "X-Sendfile" in fields), (200, b"abc", False))


class SendFromDirectoryTest(FileCase):
    def get(self, path, environ=None, **options):
        environ = environ or self.ask()
        return self.run_response(send_from_directory(self.folder, path, environ, **options), environ)

    def test_a_file_below_the_directory_is_sent(self):
        (self.folder / "sub").mkdir()
        self.write("sub/page.html", b"<p>")
        for path, expected in [
            ("hello.txt", b"hello world"),
            ("sub/page.html", b"<p>"),
            ("sub/../hello.txt", b"hello world"),
        ]:
            with self.subTest(path):
                self.assertEqual(self.get(path)[::2], (200, expected))
        self.assertEqual(self.get(pathlib.PurePosixPath("sub/page.html"))[2], b"<p>")

    def test_the_options_are_those_of_send_file(self):
        fields = self.get("hello.txt", as_attachment=True, max_age=5, download_name="x.txt")[1]
        self.assertEqual(fields["Content-Disposition"], "attachment; filename=x.txt")
        self.assertEqual(self.get("hello.txt", self.ask(Range="bytes=0-0"))[::2], (206, b"h"))

    def test_a_file_that_vanishes_in_between_is_404(self):
        with mock.patch("os.path.isfile", return_value=True):
            for path in ["nothing", "hello.txt/x"]:
                with self.subTest(path), self.assertRaises(NotFound):
                    self.get(path)

    def test_what_is_not_there_or_not_to_be_had_is_404(self):
        (self.folder / "sub").mkdir()
        for path in ["nothing", "sub", "", ".", "hello.txt/x", "a" * 5000, "\ud800", "sub/", *NEVER]:
            for are_on in [True, False]:
                with self.subTest(path[:40]), rules_of_windows(are_on), self.assertRaises(NotFound):
                    self.get(path)

    def test_nothing_is_sent_from_outside_whatever_is_tried(self):
        outside = self.folder / "secret.txt"
        outside.write_bytes(b"secret")
        self.folder = self.folder / "public"
        self.folder.mkdir()
        for attack in [*NEVER, *NOT_ON_WINDOWS, *ALLOWED]:
            for path in [attack, f"{attack}/secret.txt", f"{attack}/../secret.txt", f"{attack}secret.txt"]:
                for decode in [str, unquote]:
                    with self.subTest(path[:60]), self.assertRaises(NotFound):
                        self.get(decode(path))

    def test_devices_drives_and_streams_are_not_even_looked_for_under_the_rules_of_windows(self):
        with rules_of_windows(), mock.patch("os.path.isfile", lambda path: self.fail(f"looked for {path!r}")):
            for path in NOT_ON_WINDOWS:
                with self.subTest(path), self.assertRaises(NotFound):
                    self.get(path)

    @unittest.skipUnless(hasattr(os, "symlink") and os.name != "nt", "links need rights on Windows")
    def test_a_link_is_followed_wherever_it_leads(self):
        """Whoever can make links in the directory decides what is served: the docstring says so."""
        self.folder = self.folder / "public"
        self.folder.mkdir()
        (self.folder / "link.txt").symlink_to(self.path)
        (self.folder / "up").symlink_to(self.path.parent)
        self.assertEqual(self.get("link.txt")[2], b"hello world")
        self.assertEqual(self.get("up/hello.txt")[2], b"hello world")
        for path in ["up/../hello.txt", "broken.txt"]:  # ".." is taken off before anybody looks where a link leads
            with self.subTest(path), self.assertRaises(NotFound):
                self.get(path)


if __name__ == "__main__":
    unittest.main()
