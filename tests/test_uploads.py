import copy
import io
import pathlib
import pickle
import tempfile
import unittest

from nanoweb import App, request
from nanoweb.dicts import MultiDict
from nanoweb.exceptions import BadRequestKeyError
from nanoweb.fields import Headers
from nanoweb.uploads import DebugFilesKeyError, FileMultiDict, FileStorage, UnsentFiles


class FileStorageTest(unittest.TestCase):
    def test_it_reads_like_the_file_that_it_is(self):
        file = FileStorage(io.BytesIO(b"one\ntwo\n"), "a.txt", "upload", "text/plain; charset=utf-8", 8)
        self.assertEqual((file.filename, file.name, file.content_length), ("a.txt", "upload", 8))
        self.assertEqual((file.mimetype, file.mimetype_params), ("text/plain", {"charset": "utf-8"}))
        self.assertEqual((file.readline(), file.tell(), list(file)), (b"one\n", 4, [b"two\n"]))
        file.seek(0)
        self.assertEqual(file.read(), b"one\ntwo\n")
        self.assertEqual(repr(file), "<FileStorage: 'a.txt' ('text/plain; charset=utf-8')>")
        file.close()
        self.assertTrue(file.stream.closed)

    def test_a_field_that_was_left_empty_is_false(self):
        self.assertEqual(FileStorage().read(), b"")
        self.assertFalse(FileStorage(filename=""))
        self.assertFalse(FileStorage())
        self.assertTrue(FileStorage(filename="a"))

    def test_a_length_that_is_no_number_is_none(self):
        for value, length in [
            (None, 0),
            ("5", 5),
            ("", 0),
            ("-5", 0),
            ("+5", 0),
            ("5_0", 0),
            ("٥", 0),
            ("9" * 5000, 0),
        ]:
            with self.subTest(value):
                file = FileStorage()
                if value is not None:
                    file.headers._list.append(("Content-Length", value))
                self.assertEqual(file.content_length, length)

    def test_the_fields_of_its_part_are_kept(self):
        headers = Headers([("X-Own", "1")])
        file = FileStorage(headers=headers, content_type="text/plain", content_length=5)
        self.assertIs(file.headers, headers)
        self.assertEqual(list(headers), [("X-Own", "1"), ("Content-Type", "text/plain"), ("Content-Length", "5")])

    def test_it_is_saved_to_a_path_or_an_open_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for target in [f"{folder}/a", pathlib.Path(folder, "b")]:
                FileStorage(io.BytesIO(b"data")).save(target)
                self.assertEqual(pathlib.Path(target).read_bytes(), b"data")
            self.assertRaises(FileNotFoundError, FileStorage().save, f"{folder}/nowhere/c")
        target, file = io.BytesIO(), FileStorage(io.BytesIO(b"read, and the rest"))
        file.read(10)
        file.save(target, buffer_size=2)
        self.assertEqual((target.getvalue(), target.closed), (b"the rest", False))

    def test_the_name_of_an_open_file_is_its_own(self):
        with tempfile.NamedTemporaryFile() as file:
            self.assertEqual(FileStorage(file).filename, file.name)
            self.assertEqual(FileStorage(file, "other").filename, "other")
        with tempfile.TemporaryFile() as file:  # its name is a number
            self.assertIsNone(FileStorage(file).filename)
        stream = io.BytesIO()
        for name, filename in [("<stdin>", None), (b"<pipe>", None), (b"a", "a"), ("<a", "<a"), ("", None)]:
            stream = type("Named", (io.BytesIO,), {"name": name})()
            self.assertEqual(FileStorage(stream).filename, filename)

    def test_a_spooled_file_is_a_file_on_every_python(self):
        with tempfile.SpooledTemporaryFile(max_size=10) as spooled:
            file = FileStorage(spooled, "a")
            for data in [b"short", b"longer than ten"]:
                spooled.write(data)
                self.assertTrue(file.seekable() and file.readable() and file.writable())

    def test_what_it_has_not_is_an_attribute_error(self):
        with self.assertRaisesRegex(AttributeError, "neither FileStorage nor its stream has 'nothing'"):
            FileStorage().nothing  # noqa: B018
        with self.assertRaises(AttributeError):  # and not an endless search, while one is made
            FileStorage.__new__(FileStorage).nothing  # noqa: B018

    def test_a_file_in_memory_can_be_copied(self):
        file = FileStorage(io.BytesIO(b"data"), "a.txt", "upload", "text/plain")
        for made in [copy.deepcopy(file), pickle.loads(pickle.dumps(file))]:
            self.assertEqual((made.filename, made.name, list(made.headers)), ("a.txt", "upload", list(file.headers)))
            self.assertEqual((made.read(), file.tell()), (b"data", 0))
        self.assertIs(copy.copy(file).stream, file.stream)

    def test_a_name_may_be_a_path_or_bytes(self):
        for name in ["a/b.txt", b"a/b.txt", pathlib.PurePosixPath("a/b.txt")]:
            self.assertEqual(FileStorage(filename=name).filename, "a/b.txt")


class FileMultiDictTest(unittest.TestCase):
    """Files to send."""

    def test_a_file_is_added_open_or_by_its_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "cat.gif")
            path.write_bytes(b"data")
            for file, filename, content_type, expected in [
                (str(path), None, None, (str(path), "image/gif")),
                (path, None, None, (str(path), "image/gif")),
                (path, "dog.png", None, ("dog.png", "image/png")),
                (path, "dog", None, ("dog", "application/octet-stream")),
                (path, None, "text/plain", (str(path), "text/plain")),
                (io.BytesIO(b"data"), "a.txt", None, ("a.txt", "text/plain")),
                (io.BytesIO(b"data"), None, None, (None, None)),
                (FileStorage(io.BytesIO(b"data"), "own"), "other", "x/y", ("own", None)),
            ]:
                with self.subTest(file, filename=filename):
                    files = FileMultiDict()
                    files.add_file("field", file, filename, content_type)
                    added = files["field"]
                    self.assertEqual((added.filename, added.content_type), expected)
                    self.assertEqual(added.read(), b"data")
                    added.close()

    def test_what_is_no_file_is_an_error(self):
        for what in [b"bytes", 5, None]:
            with self.subTest(what), self.assertRaisesRegex(TypeError, "'field' is neither an open file"):
                FileMultiDict().add_file("field", what)

    def test_a_field_may_have_several(self):
        files = FileMultiDict()
        for name in "ab":
            files.add_file("field", io.BytesIO(), name)
        self.assertEqual([file.filename for file in files.getlist("field")], ["a", "b"])


class UnsentFilesTest(unittest.TestCase):
    """A form without enctype, in debug mode."""

    def setUp(self):
        self.app = App("example", static_folder=None)
        self.app.config.update(DEBUG=True, PROPAGATE_EXCEPTIONS=True)
        self.app.add_url_rule("/", "view", lambda: request.files["f"].filename, methods=["POST"])

    def post(self, **kwargs):
        return self.app.test_client().post("/", **kwargs)

    def test_who_looks_for_a_file_that_is_a_field_is_told_why(self):
        for debug, error in [(True, DebugFilesKeyError), (False, BadRequestKeyError)]:
            self.app.debug = debug
            self.app.config["TRAP_BAD_REQUEST_ERRORS"] = True
            with self.subTest(debug=debug), self.assertRaises(KeyError) as caught:
                self.post(data={"f": "cat.gif"})
            self.assertIs(type(caught.exception), error)
        self.app.debug = True
        with self.assertRaisesRegex(AssertionError, "the name 'cat.gif'.*urlencoded.*enctype=multipart/form-data"):
            self.post(data={"f": "cat.gif"})

    def test_all_else_is_as_it_would_be_without(self):
        for kwargs in [{}, {"data": {"other": "x"}}, {"data": {"f": "x"}, "content_type": "multipart/form-data"}]:
            with self.subTest(kwargs), self.assertRaises(BadRequestKeyError):
                self.post(**kwargs)
        self.assertEqual(self.post(data={"f": (io.BytesIO(b"x"), "cat.gif")}).text, "cat.gif")
        files = UnsentFiles(MultiDict({"f": "cat.gif"}), "text/plain")
        self.assertEqual((len(files), "f" in files, files.getlist("f"), files.to_dict()), (0, False, [], {}))
        for missing in ["f", "g"]:
            self.assertIsNone(files.get(missing))


if __name__ == "__main__":
    unittest.main()
