"""Programs that import flask and its companions: what they get, and what they must not get."""

import importlib
import importlib.util
import sys
import unittest
import warnings
from unittest import mock

import nanoweb
from nanoweb import compat
from nanoweb.compat import GONE, MODULES, RENAMED, install

FAMILIES = ("flask", "werkzeug", "markupsafe", "itsdangerous", "blinker", "click")


class InstalledTest(unittest.TestCase):
    """Tests in which the names are ours, whatever is installed here."""

    def setUp(self):
        others = {name: module for name, module in sys.modules.items() if name.partition(".")[0] not in FAMILIES}
        modules = mock.patch.dict(sys.modules, others, clear=True)
        modules.start()
        self.addCleanup(modules.stop)

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

    def test_all_that_flask_offers_is_there_but_templates(self):
        install(force=True)
        flask = importlib.import_module("flask")
        for name in (
            "Blueprint Config Flask Request Response abort after_this_request appcontext_popped appcontext_pushed "
            "appcontext_tearing_down before_render_template copy_current_request_context current_app flash g "
            "get_flashed_messages got_request_exception has_app_context has_request_context jsonify make_response "
            "message_flashed redirect request request_finished request_started request_tearing_down send_file "
            "send_from_directory session stream_with_context template_rendered url_for"
        ).split():
            self.assertIsNotNone(getattr(flask, name), name)

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
