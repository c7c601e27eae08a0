import os
import pathlib
import sys
import tempfile
import unittest
import zipfile

from nanoweb.template import Environment
from nanoweb.template.errors import TemplateNotFound
from nanoweb.template.loaders import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    FileSystemLoader,
    FunctionLoader,
    PackageLoader,
    PrefixLoader,
    _is_special,
)

ENVIRONMENT = Environment()


class Case(unittest.TestCase):
    """A folder of templates for each test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve() / "templates"
        self.write("index.html", "index")
        self.write("blog/post.html", "post é")
        self.write("../secret.html", "secret")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def get(self, loader, name):
        return loader.get_source(ENVIRONMENT, name)[0]


class FileSystemLoaderTest(Case):
    def test_a_name_is_a_path_with_slashes(self):
        loader = FileSystemLoader(self.root)
        for name, expected in [
            ("index.html", "index"),
            ("blog/post.html", "post é"),
            ("/index.html", "index"),
            ("./blog//./post.html", "post é"),
        ]:
            with self.subTest(name):
                self.assertEqual(self.get(loader, name), expected)

    def test_no_name_leads_out_of_the_folder(self):
        loader = FileSystemLoader([self.root, str(self.root / "blog")])
        secret = str(self.root.parent / "secret.html")
        for name in [
            "../secret.html",
            "blog/../../secret.html",
            "blog/../index.html",
            "..",
            "/../secret.html",
            "//../secret.html",
            "./../secret.html",
            "..\0/secret.html",
            secret,
            "file://" + secret,
            "..\\secret.html",
        ]:
            with self.subTest(name), self.assertRaises(TemplateNotFound):
                loader.get_source(ENVIRONMENT, name)

    def test_what_is_no_file_is_not_found(self):
        loader = FileSystemLoader(self.root)
        for name in [
            "",
            "/",
            ".",
            "blog",
            "blog/",
            "nope.html",
            "index.html/x",
            "index.html\0",
            "\0",
            "\udc80",
            "x" * 5000,
        ]:
            with self.subTest(name), self.assertRaises(TemplateNotFound):
                loader.get_source(ENVIRONMENT, name)

    def test_a_name_that_is_special_on_windows_is_not_found_there(self):
        special = [
            "C:",
            "C:x",
            "x.html:y",
            "a\\b",
            "..\\x",
            "CON",
            "con.html",
            "NUL .txt",
            "COM1",
            "lpt¹.x",
            ".. ",
            "...",
            "x.",
        ]
        for name in special:
            with self.subTest(name):
                self.assertTrue(_is_special(name, on_windows=True))
                self.assertFalse(_is_special(name, on_windows=False))
        for name in ["index.html", "console.html", ".hidden", "a b", "", ".", "com.html", "com10"]:
            with self.subTest(name):
                self.assertFalse(_is_special(name, on_windows=True))

    def test_the_first_folder_that_has_a_name_provides_it(self):
        self.write("../more/index.html", "other")
        self.write("../more/new.html", "new")
        loader = FileSystemLoader([self.root, self.root.parent / "more"])
        self.assertEqual(self.get(loader, "index.html"), "index")
        self.assertEqual(self.get(loader, "new.html"), "new")
        self.assertEqual(loader.list_templates(), ["blog/post.html", "index.html", "new.html"])

    def test_a_message_says_where_was_looked(self):
        with self.assertRaises(TemplateNotFound) as caught:
            FileSystemLoader(self.root).get_source(ENVIRONMENT, "nope.html")
        self.assertIn("nope.html", str(caught.exception))
        self.assertIn(str(self.root), str(caught.exception))
        self.assertEqual(caught.exception.name, "nope.html")

    def test_a_link_in_the_folder_is_followed(self):
        """Whoever can make links in the folder decides what is read: the docstring says so."""
        outside = self.write("../outside/page.html", "outside")
        (self.root / "link.html").symlink_to(outside)
        (self.root / "folder").symlink_to(outside.parent)
        loader = FileSystemLoader(self.root)
        self.assertEqual([self.get(loader, name) for name in ["link.html", "folder/page.html"]], ["outside"] * 2)
        with self.assertRaises(TemplateNotFound):
            self.get(loader, "folder/../page.html")

    def test_a_changed_or_missing_file_is_not_up_to_date(self):
        path = self.write("page.html", "one")
        _, filename, is_current = FileSystemLoader(self.root).get_source(ENVIRONMENT, "page.html")
        self.assertEqual(filename, str(path))
        self.assertTrue(is_current())
        os.utime(path, ns=(1, 1))
        self.assertFalse(is_current())
        path.unlink()
        self.assertFalse(is_current())

    def test_the_encoding_is_that_of_the_files(self):
        (self.root / "old.html").write_bytes(b"\xe9")
        self.assertEqual(self.get(FileSystemLoader(self.root, encoding="latin-1"), "old.html"), "é")
        with self.assertRaisesRegex(UnicodeDecodeError, "old.html"):
            self.get(FileSystemLoader(self.root), "old.html")

    def test_templates_are_loaded_and_reloaded(self):
        environment = Environment(loader=FileSystemLoader(self.root))
        self.assertEqual(environment.get_template("index.html").render(), "index")
        path = self.write("index.html", "changed")
        os.utime(path, ns=(1, 1))
        self.assertEqual(environment.get_template("index.html").render(), "changed")


class PackageLoaderTest(Case):
    def setUp(self):
        super().setUp()
        self.write("../loaderpackage/__init__.py", "")
        self.write("../loaderpackage/templates/a/page.html", "page")
        self.write("../loaderpackage/other/b.html", "b")
        self.write("../loadermodule.py", "")
        with zipfile.ZipFile(self.root.parent / "zipped.zip", "w") as archive:
            archive.writestr("loaderzip/__init__.py", "")
            archive.writestr("loaderzip/templates/a/page.html", "zipped é".encode())
        sys.path[:0] = [str(self.root.parent), str(self.root.parent / "zipped.zip")]
        self.addCleanup(self.forget)

    def forget(self):
        del sys.path[:2]
        for name in ["loaderpackage", "loaderzip", "loadermodule"]:
            sys.modules.pop(name, None)

    def test_a_package_has_templates_in_a_folder(self):
        loader = PackageLoader("loaderpackage")
        self.assertEqual(self.get(loader, "a/page.html"), "page")
        self.assertEqual(loader.list_templates(), ["a/page.html"])
        self.assertTrue(loader.get_source(ENVIRONMENT, "a/page.html")[2]())
        self.assertEqual(PackageLoader("loaderpackage", "other").list_templates(), ["b.html"])
        self.assertIn("other/b.html", PackageLoader("loaderpackage", "").list_templates())

    def test_a_package_may_be_in_a_zip_file(self):
        loader = PackageLoader("loaderzip")
        source, filename, is_current = loader.get_source(ENVIRONMENT, "a/page.html")
        self.assertEqual(source, "zipped é")
        self.assertTrue(filename.endswith(os.path.join("loaderzip", "templates", "a", "page.html")))
        self.assertIsNone(is_current)
        self.assertEqual(loader.list_templates(), ["a/page.html"])
        with self.assertRaisesRegex(UnicodeDecodeError, "page.html"):
            self.get(PackageLoader("loaderzip", encoding="ascii"), "a/page.html")

    def test_no_name_leads_out_of_the_folder(self):
        for package in ["loaderpackage", "loaderzip"]:
            loader = PackageLoader(package)
            for name in ["../__init__.py", "a/../../__init__.py", "/etc/passwd", "a", "nope", "", "a/page.html\0"]:
                with self.subTest(package=package, name=name), self.assertRaises(TemplateNotFound):
                    loader.get_source(ENVIRONMENT, name)

    def test_a_package_without_the_folder_is_an_error_at_once(self):
        for package, folder in [("loaderpackage", "nope"), ("loaderzip", "nope"), ("loadermodule", "nope")]:
            with self.subTest(package), self.assertRaises(ValueError) as caught:
                PackageLoader(package, folder)
            self.assertIn("nope", str(caught.exception))
        with self.assertRaises(ModuleNotFoundError):
            PackageLoader("loadernowhere")

    def test_a_module_has_them_next_to_it(self):
        self.assertEqual(self.get(PackageLoader("loadermodule"), "index.html"), "index")


class OtherLoaderTest(unittest.TestCase):
    def get(self, loader, name):
        return loader.get_source(ENVIRONMENT, name)[0]

    def test_a_dict_is_up_to_date_until_it_changes(self):
        templates = {"b": "1", "a": "2"}
        loader = DictLoader(templates)
        source, filename, is_current = loader.get_source(ENVIRONMENT, "b")
        self.assertEqual((source, filename, is_current()), ("1", None, True))
        templates["b"] = "3"
        self.assertFalse(is_current())
        del templates["b"]
        self.assertFalse(is_current())
        with self.assertRaises(TemplateNotFound):
            self.get(loader, "b")
        self.assertEqual(loader.list_templates(), ["a"])

    def test_a_function_returns_a_source_or_all_there_is_to_know(self):
        found = {"text": "x", "all": ("y", "file", None)}
        loader = FunctionLoader(found.get)
        self.assertEqual(loader.get_source(ENVIRONMENT, "text"), ("x", None, None))
        self.assertEqual(loader.get_source(ENVIRONMENT, "all"), ("y", "file", None))
        with self.assertRaises(TemplateNotFound):
            self.get(loader, "nope")
        with self.assertRaises(TypeError):
            loader.list_templates()

    def test_a_prefix_chooses_the_loader(self):
        loader = PrefixLoader({"a": DictLoader({"x": "1", "y/z": "2"}), "b": DictLoader({"x": "3"})})
        self.assertEqual([self.get(loader, name) for name in ["a/x", "a/y/z", "b/x"]], ["1", "2", "3"])
        self.assertEqual(loader.list_templates(), ["a/x", "a/y/z", "b/x"])
        self.assertEqual(Environment(loader=loader).get_template("b/x").render(), "3")
        self.assertEqual(self.get(PrefixLoader({"a": DictLoader({"x": "1"})}, "::"), "a::x"), "1")
        for name in ["x", "c/x", "a", "a/nope", "/x", ""]:
            with self.subTest(name):
                with self.assertRaises(TemplateNotFound) as caught:
                    self.get(loader, name)
                self.assertEqual(caught.exception.name, name)
                with self.assertRaises(TemplateNotFound) as caught:
                    loader.load(ENVIRONMENT, name)
                self.assertEqual(caught.exception.name, name)

    def test_the_first_that_has_a_name_is_chosen(self):
        loader = ChoiceLoader([DictLoader({"x": "1"}), DictLoader({"x": "2", "y": "3"})])
        self.assertEqual([self.get(loader, name) for name in "xy"], ["1", "3"])
        self.assertEqual(loader.list_templates(), ["x", "y"])
        self.assertEqual(Environment(loader=loader).get_template("y").render(), "3")
        with self.assertRaises(TemplateNotFound):
            self.get(loader, "z")
        with self.assertRaises(TemplateNotFound):
            loader.load(ENVIRONMENT, "z")

    def test_a_loader_of_ones_own_needs_get_source_alone(self):
        class Own(BaseLoader):
            def get_source(self, environment, template):
                return template.upper(), None, None

        self.assertEqual(Environment(loader=Own()).get_template("abc").render(), "ABC")
        with self.assertRaises(TypeError):
            Own().list_templates()

    def test_the_base_loader_has_nothing(self):
        class Compiled(BaseLoader):
            has_source_access = False

        with self.assertRaises(TemplateNotFound):
            self.get(BaseLoader(), "x")
        with self.assertRaises(RuntimeError):
            self.get(Compiled(), "x")

    def test_a_bytecode_cache_of_the_environment_is_asked_first(self):
        class Cache:
            code = None

            def get_code(self, environment, source, name, filename, mode):
                if self.code is None:
                    self.code = environment.compile(source, name, filename)
                return self.code

        cache = Cache()
        for source in ["1", "2"]:
            environment = Environment(loader=DictLoader({"x": source}), bytecode_cache=cache)
            self.assertEqual(environment.get_template("x").render(), "1")

    def test_a_message_names_all_the_places(self):
        files, package = FileSystemLoader("/nowhere"), PackageLoader("json", "")
        loader = ChoiceLoader([files, PrefixLoader({"x": package}), ChoiceLoader([files]), DictLoader({})])
        in_package = f"package 'json', folder {package._root!r}"
        for name, places in [
            ("a.html", ["search path: '/nowhere'", "loaders for 'x/'"]),
            ("x/a.html", ["search path: '/nowhere'", in_package]),
            ("../a.html", ["any folder ('..' leads out of it)", "loaders for 'x/'"]),
        ]:
            for find in (lambda name: self.get(loader, name), lambda name: loader.load(ENVIRONMENT, name)):
                with self.subTest(name), self.assertRaises(TemplateNotFound) as caught:
                    find(name)
                self.assertEqual(str(caught.exception), f"{name!r} not found in {' or in '.join(places)}")
                self.assertEqual(caught.exception.places, tuple(places))

    def test_the_message_for_several_names_does_too(self):
        environment = Environment(loader=FileSystemLoader("/nowhere"))
        with self.assertRaises(TemplateNotFound) as caught:
            environment.select_template(["a", "b"])
        message = "none of the templates given were found: a, b; not in search path: '/nowhere'"
        self.assertEqual(str(caught.exception), message)

    def test_a_template_behind_a_prefix_can_be_streamed(self):
        environment = Environment(loader=PrefixLoader({"a": DictLoader({"x": "{{ n }}!"})}))
        self.assertEqual("".join(environment.get_template("a/x").stream(n=1)), "1!")
