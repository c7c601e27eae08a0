"""Programs that import flask and its companions: what they get, and what they must not get."""

import importlib
import importlib.metadata
import importlib.util
import io
import sys
import unittest
import uuid
import warnings
from unittest import mock

import nanoweb
from nanoweb import compat
from nanoweb.compat import GONE, MODULES, RENAMED, install
from nanoweb.datastructures import MIMEAccept

FAMILIES = ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "blinker", "click")


class InstalledTest(unittest.TestCase):
    """Tests in which the names are ours, whatever is installed here."""

    def setUp(self):
        others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] not in FAMILIES}
        modules = mock.patch.dict(sys.modules, others, clear=True)
        modules.start()
        self.addCleanup(modules.stop)
        finders = mock.patch.object(sys, "meta_path", sys.meta_path[:])
        finders.start()
        self.addCleanup(finders.stop)

    def test_every_source_in_the_tables_is_there(self):
        for name, sources in MODULES.items():
            for source in sources.split():
                self.assertIsNotNone(importlib.util.find_spec(f"nanoweb.{source}"), f"{name}: {source}")
        for place in [*RENAMED.values(), *(place for place, _ in GONE.values())]:
            with self.subTest(place):
                self.assertIsNotNone(compat._get(place))

    def test_a_program_gets_our_names(self):
        install(force=True)
        names = {}
        exec(
            "import flask, flask.json.provider, werkzeug.middleware.proxy_fix\n"
            "from flask import Blueprint, Flask, Request, abort, current_app, g, jsonify, request, session, url_for\n"
            "from flask.views import MethodView\n"
            "from flask import send_file, stream_with_context\n"
            "from flask.sessions import SecureCookieSessionInterface\n"
            "from werkzeug.exceptions import HTTPException, NotFound\n"
            "from werkzeug.middleware.proxy_fix import ProxyFix\n"
            "from werkzeug.security import check_password_hash, generate_password_hash, safe_join\n"
            "from werkzeug.utils import cached_property, redirect, secure_filename\n"
            "from werkzeug.datastructures import FileStorage, Headers, MultiDict\n"
            "from werkzeug.http import dump_cookie, http_date, parse_date, parse_options_header\n"
            "from werkzeug.routing import BaseConverter, Map, Rule\n"
            "from markupsafe import Markup, escape\n"
            "from itsdangerous import BadSignature, URLSafeTimedSerializer\n"
            "from blinker import Namespace, signal\n"
            "from flask import Flask, jsonify, request\n",
            names,
        )
        self.assertIs(names["Flask"], nanoweb.App)
        self.assertIs(names["Markup"], nanoweb.Markup)
        app = names["Flask"]("site")
        app.add_url_rule("/", view_func=lambda: names["jsonify"](path=names["request"].path))
        self.assertEqual(app.test_client().get("/").json, {"path": "/"})

    def test_all_that_flask_offers_is_there(self):
        install(force=True)
        flask = importlib.import_module("flask")
        for name in (
            "Blueprint Config Flask Request Response abort after_this_request appcontext_popped appcontext_pushed "
            "appcontext_tearing_down before_render_template copy_current_request_context current_app flash g "
            "get_flashed_messages got_request_exception has_app_context has_request_context jsonify make_response "
            "message_flashed redirect request request_finished request_started request_tearing_down send_file "
            "send_from_directory session stream_with_context template_rendered url_for get_template_attribute json "
            "render_template render_template_string stream_template stream_template_string"
        ).split():
            self.assertIsNotNone(getattr(flask, name), name)
            self.assertIsNotNone(getattr(nanoweb, name), name)  # for those who change the import

    def test_a_star_brings_all_of_it(self):
        install(force=True)
        names = {}
        exec("from flask import *\nfrom werkzeug.utils import *\nfrom flask.typing import *", names)
        for name in "Flask Blueprint request session json jsonify redirect import_string RouteCallable".split():
            self.assertIn(name, names)
        self.assertIs(names["Flask"], nanoweb.App)
        self.assertNotIn("views", names)  # a module below, which may be the name of one of the program's
        for module in MODULES:
            for name in dir(importlib.import_module(module)):
                self.assertIsNotNone(getattr(sys.modules[module], name), f"{module}.{name}")

    def test_whoever_asks_for_versions_is_told_those_that_we_keep_to(self):
        install(force=True)
        self.assertEqual(importlib.import_module("flask").__version__, compat.VERSIONS["flask"])
        for name, version in compat.VERSIONS.items():
            self.assertEqual(importlib.metadata.version(name), version)
        with self.assertRaises(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version("nothing-such")
        self.assertNotIn("OurDistribution", {type(one).__name__ for one in importlib.metadata.distributions()})

    def test_what_extensions_take_from_the_inside(self):
        install(force=True)
        scaffold = importlib.import_module("flask.sansio.scaffold")
        self.assertEqual(scaffold._endpoint_from_view_func(install), "install")
        with mock.patch.object(compat._load("serving"), "tell"):
            debugged = importlib.import_module("werkzeug.debug").DebuggedApplication(nanoweb.App("site"), evalex=True)
        self.assertTrue(callable(debugged))
        self.assertIn("get", importlib.import_module("flask.views").http_method_funcs)
        rule = importlib.import_module("werkzeug.routing").Rule("/a/<int:id>.x")
        self.assertEqual(rule._trace, [(False, "/"), (False, "a"), (False, "/"), (True, "id"), (False, ".x")])

    def test_the_functions_of_flask_json_are_the_applications_or_work_without_one(self):
        install(force=True)
        json, app, file = importlib.import_module("flask").json, nanoweb.App("site"), io.StringIO()
        thing = {"b": uuid.UUID(int=1), "a": "ü"}
        self.assertEqual(json.dumps(thing), '{"b": "00000000-0000-0000-0000-000000000001", "a": "\\u00fc"}')
        with app.app_context():
            app.json.ensure_ascii = False
            json.dump(thing, file, separators=(",", ":"))
        self.assertEqual(file.getvalue(), '{"a":"ü","b":"00000000-0000-0000-0000-000000000001"}')
        self.assertEqual(json.loads(b"[1]"), [1])
        self.assertEqual(json.load(io.BytesIO(b"[1]")), [1])

    def test_the_functions_of_werkzeug_http_give_its_structures(self):
        install(force=True)
        http = importlib.import_module("werkzeug.http")
        for name, structure in compat.STRUCTURES.items():
            with self.subTest(name):
                value = {"parse_range_header": "bytes=0-4", "parse_content_range_header": "bytes 0-4/9"}.get(
                    name, "a=b"
                )
                self.assertIsInstance(getattr(http, name)(value), getattr(nanoweb.datastructures, structure))
        self.assertIsNone(http.parse_range_header("nonsense"))
        self.assertEqual(http.parse_cookie({"HTTP_COOKIE": "a=b; a=c"}).getlist("a"), ["b", "c"])
        self.assertIs(type(http.parse_accept_header("text/html", nanoweb.datastructures.MIMEAccept)), MIMEAccept)
        changed = []
        http.parse_set_header("a", changed.append).add("b")
        self.assertEqual(len(changed), 1)
        self.assertEqual(http.parse_date("Thu, 29 Feb 2024 12:30:15 GMT").year, 2024)

    def test_the_builder_of_environs_of_flask_takes_an_application(self):
        install(force=True)
        app = nanoweb.App("site")
        app.config.update(SERVER_NAME="site.example", APPLICATION_ROOT="/root")
        builder = importlib.import_module("flask.testing").EnvironBuilder(app, "/x", subdomain="sub", method="PUT")
        self.addCleanup(builder.close)
        self.assertEqual((builder.host, builder.script_root, builder.method), ("sub.site.example", "/root", "PUT"))

    def test_names_that_werkzeug_utils_has_beside_ours(self):
        install(force=True)
        utils = importlib.import_module("werkzeug.utils")
        self.assertIs(utils.import_string("uuid:UUID"), uuid.UUID)
        self.assertIsNone(utils.import_string("uuid.nothing", silent=True))
        with self.assertRaises(utils.ImportStringError):
            utils.import_string("uuid.nothing")
        self.assertIn("wsgiref.util", utils.find_modules("wsgiref"))
        found = list(utils.find_modules("xml", include_packages=True, recursive=True))
        self.assertLessEqual({"xml.dom", "xml.dom.minidom"}, set(found))
        with self.assertRaisesRegex(ValueError, "'uuid' is a module"):
            list(utils.find_modules("uuid"))
        for environ, location in [
            ({"PATH_INFO": "/a/b"}, "b/"),
            ({"PATH_INFO": "/a", "QUERY_STRING": "x=1"}, "a/?x=1"),
            ({"PATH_INFO": "/"}, "./"),
        ]:
            self.assertEqual(utils.append_slash_redirect(environ).headers["Location"], location)

    def test_werkzeugs_response_is_plain_text_and_flasks_is_one_of_it(self):
        install(force=True)
        plain = importlib.import_module("werkzeug.wrappers").Response
        html = importlib.import_module("flask").Response
        self.assertEqual((plain("a").mimetype, html("a").mimetype), ("text/plain", "text/html"))
        self.assertIsInstance(html("a"), plain)
        self.assertTrue(issubclass(html, plain))
        self.assertNotIsInstance("a", plain)

        class Own(plain):
            pass

        self.assertNotIsInstance(html("a"), Own)
        self.assertIsInstance(Own("a"), Own)
        app = nanoweb.App("site")
        app.add_url_rule("/", view_func=lambda: Own("<p>"))
        self.assertEqual(app.test_client().get("/").mimetype, "text/plain")

    def test_what_went_away_still_works_and_warns(self):
        install(force=True)
        for (module, name), (place, now) in GONE.items():
            with self.subTest(f"{module}.{name}"), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                value = getattr(importlib.import_module(module), name)
                self.assertIs(value, compat._get(place))
                self.assertEqual([one.category for one in caught], [DeprecationWarning])
                self.assertIn(now, str(caught[0].message))

    def test_query_strings_as_they_were_made_and_read(self):
        pairs = nanoweb.datastructures.MultiDict([("a", "1"), ("a", "é"), ("b", "")])
        self.assertEqual(compat.url_encode(pairs), "a=1&a=%C3%A9&b=")
        self.assertEqual(compat.url_encode({"a": [1, 2], "none": None}), "a=1&a=2")
        for text in "a=1&a=%C3%A9&b=", b"a=1&a=%C3%A9&b=":
            self.assertEqual(compat.url_decode(text), pairs)

    def test_what_is_to_be_done_before_the_first_request_is_done_once(self):
        install(force=True)
        app, calls = nanoweb.App("site"), []
        self.addCleanup(delattr, nanoweb.App, "before_first_request")
        with self.assertWarnsRegex(DeprecationWarning, "before_first_request"):
            app.before_first_request(lambda: calls.append(1))
        for _ in range(2):
            app.test_client().get("/")
        self.assertEqual(calls, [1])

    def test_what_is_nowhere_is_an_import_error(self):
        install(force=True)
        with self.assertRaisesRegex(ImportError, "nothing_such"):
            exec("from flask import nothing_such", {})
        with self.assertRaises(ImportError):
            exec("import flask.nothing_such", {})

    def test_it_may_be_called_again(self):
        install(force=True)
        first = sys.modules["flask"]
        install()
        self.assertIs(sys.modules["flask"], first)

    def test_what_is_installed_is_not_shadowed_unless_asked_for(self):
        with mock.patch("importlib.util.find_spec", lambda name: "found" if name == "flask" else None):
            install()
        self.assertNotIn("flask", sys.modules)
        self.assertIn("werkzeug", sys.modules)

    def test_what_is_imported_already_is_left_alone(self):
        sys.modules["werkzeug"] = type(sys)("werkzeug")
        with self.assertRaisesRegex(RuntimeError, "'werkzeug' is imported already"):
            install(force=True)
        self.assertNotIn("flask", sys.modules)


if __name__ == "__main__":
    unittest.main()
