"""The short words of a view: abort, redirect, make_response, jsonify, url_for, flash."""

import io
import pathlib
import tempfile
import unittest
import warnings
from datetime import timedelta

from nanoweb import (
    App,
    Response,
    abort,
    flash,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    send_file,
    send_from_directory,
    session,
    url_for,
)
from nanoweb.exceptions import Aborter, Gone, HTTPException, ImATeapot, NotFound
from nanoweb.shortcuts import redirect_response
from nanoweb.signals import message_flashed


class OwnResponse(Response):
    default_mimetype = "text/own"


def make_app():
    app = App("example")
    app.secret_key = "key"
    app.testing = True
    return app


class AbortTest(unittest.TestCase):
    def test_a_status_raises_its_error(self):
        for inside in [True, False]:
            for code, error in [(404, NotFound), (410, Gone), (418, ImATeapot)]:
                with self.subTest(code=code, inside=inside), self.assertRaises(error) as caught:
                    if inside:
                        with make_app().app_context():
                            abort(code, "for a reason")
                    abort(code, description="for a reason")
                self.assertEqual(caught.exception.description, "for a reason")

    def test_what_is_no_error_is_said_to_be_none(self):
        for code in [200, 302, 999, "404", None]:
            with self.subTest(code), self.assertRaisesRegex(LookupError, "no exception for"):
                abort(code)

    def test_a_response_is_the_answer(self):
        app = make_app()
        app.add_url_rule("/", "view", lambda: abort(Response("stop", 299)))
        response = app.test_client().get("/")
        self.assertEqual((response.status_code, response.text), (299, "stop"))

    def test_an_application_may_have_errors_of_its_own(self):
        class Own(HTTPException):
            code, description = 499, "closed"

        app = make_app()
        app.aborter = Aborter(extra={499: Own})
        with app.app_context(), self.assertRaises(Own):
            abort(499)
        with self.assertRaises(LookupError):
            abort(499)


class RedirectTest(unittest.TestCase):
    def test_it_sends_the_client_elsewhere(self):
        for inside in [True, False]:
            for arguments, status in [(("/x",), "302 FOUND"), (("/x", 303), "303 SEE OTHER"), (("/x", 308), "308 ")]:
                with self.subTest(arguments=arguments, inside=inside):
                    if inside:
                        with make_app().app_context():
                            response = redirect(*arguments)
                    else:
                        response = redirect(*arguments)
                    self.assertTrue(response.status.startswith(status))
                    self.assertEqual((response.location, response.mimetype), ("/x", "text/html"))
                    self.assertIn('<a href="/x">/x</a>', response.get_data(as_text=True))

    def test_the_class_is_the_applications_or_the_one_given(self):
        app = make_app()
        app.response_class = OwnResponse
        with app.app_context():
            self.assertIs(type(redirect("/x")), OwnResponse)
        self.assertIs(type(redirect("/x", Response=OwnResponse)), OwnResponse)
        self.assertIs(type(redirect_response("/x")), Response)

    def test_other_statuses_are_an_error(self):
        for code in [200, 300, 304, 306, 309, 404, "302", None]:
            with self.subTest(code), self.assertRaisesRegex(ValueError, "is no redirect: there are 301, 302"):
                redirect("/x", code)

    def test_what_is_no_address_is_an_error(self):
        for location in [None, 5, b"/x"]:
            with self.subTest(location), self.assertRaisesRegex(TypeError, "give the address as text"):
                redirect(location)
        for location in ["/x\r\nSet-Cookie: a=b", "/x\ny", "\t//evil.example"]:
            with self.subTest(location), self.assertRaises(ValueError):
                redirect(location)

    def test_a_backslash_leads_to_no_other_host(self):
        response = redirect("/\\evil.example/")
        self.assertEqual(response.location, "/%5Cevil.example/")
        self.assertNotIn(b"\\", response.data)

    def test_the_page_holds_no_foreign_markup(self):
        page = redirect("/?q=\"><script>'").get_data(as_text=True)
        self.assertNotIn("<script>", page)
        self.assertIn('href="/?q=&#34;&gt;&lt;script&gt;&#39;"', page)


class MakeResponseTest(unittest.TestCase):
    def test_it_takes_what_a_view_returns(self):
        app = make_app()
        app.response_class = OwnResponse
        ready = Response("ready", 202)
        with app.test_request_context():
            for arguments, status, body in [
                ((), 200, b""),
                (("text",), 200, b"text"),
                (("text", 404), 404, b"text"),
                (("text", 404, {"X": "1"}), 404, b"text"),
                ((("text", 404),), 404, b"text"),
                (({"a": 1},), 200, b'{"a":1}\n'),
                ((ready, 203), 203, b"ready"),
                ((NotFound("x"),), 404, NotFound("x").get_body().encode()),
            ]:
                with self.subTest(arguments):
                    response = make_response(*arguments)
                    self.assertIsInstance(response, OwnResponse)
                    self.assertEqual((response.status_code, response.data), (status, body))
            for arguments in [(None,), (None, 200), ("a", 1, {}, 2), (5,)]:
                with self.subTest(arguments), self.assertRaises(TypeError):
                    make_response(*arguments)

    def test_fields_and_cookies_can_be_added(self):
        app = make_app()

        @app.route("/")
        def view():
            response = make_response("text")
            response.headers["X-Own"] = "1"
            response.set_cookie("a", "b")
            return response

        response = app.test_client().get("/")
        self.assertEqual((response.headers["X-Own"], response.headers["Set-Cookie"]), ("1", "a=b; Path=/"))


class JsonifyTest(unittest.TestCase):
    def test_one_value_several_or_members(self):
        with make_app().app_context():
            for response, text in [
                (jsonify(), "null\n"),
                (jsonify(None), "null\n"),
                (jsonify([1, 2]), "[1,2]\n"),
                (jsonify(1, 2), "[1,2]\n"),
                (jsonify(b=1, a="ä"), '{"a":"\\u00e4","b":1}\n'),
                (jsonify({"a": {}}), '{"a":{}}\n'),
            ]:
                with self.subTest(text):
                    self.assertEqual((response.get_data(as_text=True), response.mimetype), (text, "application/json"))
            with self.assertRaises(TypeError):
                jsonify(1, a=2)
            with self.assertRaises(TypeError):
                jsonify(object())


class UrlForTest(unittest.TestCase):
    def test_it_is_the_applications(self):
        app = make_app()
        app.add_url_rule("/user/<name>", "user", lambda name: "")
        with app.test_request_context("/", base_url="https://a.example/root"):
            self.assertEqual(url_for("user", name="ä b", q="1"), "/root/user/%C3%A4%20b?q=1")
            self.assertEqual(url_for("user", name="x", _anchor="t"), "/root/user/x#t")
            self.assertEqual(url_for("user", name="x", _external=True), "https://a.example/root/user/x")
            self.assertEqual(url_for("user", name="x", _scheme="http"), "http://a.example/root/user/x")


class FlashTest(unittest.TestCase):
    """Messages for the next page."""

    def setUp(self):
        self.app = make_app()
        self.client = self.app.test_client()
        self.app.add_url_rule("/flash/<category>/<text>", "flash", lambda category, text: flash(text, category) or "")
        self.app.add_url_rule("/show", "show", lambda: get_flashed_messages(with_categories=True))

    def test_a_message_is_for_the_next_page_that_asks(self):
        self.client.get("/flash/message/one")
        self.client.get("/flash/error/<2>")
        self.assertEqual(self.client.get("/show").json, [["message", "one"], ["error", "<2>"]])
        self.assertEqual(self.client.get("/show").json, [])

    def test_messages_may_be_asked_for_by_category(self):
        for keywords, expected in [
            ({}, ["a", "b", "c"]),
            ({"with_categories": True}, [("message", "a"), ("error", "b"), ("message", "c")]),
            ({"category_filter": ["error"]}, ["b"]),
            ({"category_filter": ["error", "message"]}, ["a", "b", "c"]),
            ({"with_categories": True, "category_filter": ["error"]}, [("error", "b")]),
            ({"category_filter": ["none"]}, []),
        ]:
            with self.subTest(keywords), self.app.test_request_context():
                flash("a")
                flash("b", "error")
                flash("c")
                self.assertEqual(get_flashed_messages(**keywords), expected)

    def test_within_a_request_they_are_the_same_each_time(self):
        with self.app.test_request_context():
            flash("a")
            self.assertEqual(get_flashed_messages(), ["a"])
            flash("late")
            self.assertEqual(get_flashed_messages(), ["a"])
            self.assertEqual(session["_flashes"], [("message", "late")])

    def test_asking_for_none_leaves_the_session_alone(self):
        with self.app.test_request_context():
            self.assertEqual(get_flashed_messages(), [])
            self.assertFalse(session.modified)
        response = self.client.get("/show")
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertEqual(response.headers["Vary"], "Cookie")

    def test_flashing_changes_the_session(self):
        with self.app.test_request_context():
            flash("a")
            self.assertTrue(session.modified)
            session.modified = False
            flash("b")
            self.assertTrue(session.modified)

    def test_who_listens_hears_of_each(self):
        heard = []

        def listen(sender, **values):
            heard.append((sender, values))

        app = make_app()
        with message_flashed.connected_to(listen, app), app.test_request_context():
            flash("a", "error")
        self.assertEqual(heard, [(app, {"message": "a", "category": "error"})])


class SendFileTest(unittest.TestCase):
    """Files of the application, and files that a client chooses among them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "sub").mkdir()
        (self.folder / "a.txt").write_text("hello", encoding="ascii")
        (self.folder / "sub" / "b.txt").write_text("below", encoding="ascii")

    def get(self, view, app=None, **kwargs):
        app = app or App("example", root_path=self.folder, static_folder=None)
        app.response_class = OwnResponse
        app.add_url_rule("/", "view", view)
        response = app.test_client().get("/", **kwargs)
        self.assertIsInstance(response, OwnResponse)
        return response

    def test_a_path_is_seen_from_the_folder_of_the_application(self):
        for path, text in [("a.txt", "hello"), ("sub/b.txt", "below"), (self.folder / "a.txt", "hello")]:
            with self.subTest(path), self.get(lambda path=path: send_file(path)) as response:
                self.assertEqual((response.text, response.mimetype), (text, "text/plain"))
        response = self.get(lambda: send_file(io.BytesIO(b"made"), download_name="a.csv", as_attachment=True))
        self.assertEqual((response.text, response.mimetype), ("made", "text/csv"))
        self.assertEqual(response.headers["Content-Disposition"], "attachment; filename=a.csv")

    def test_ranges_and_conditions_are_answered(self):
        with self.get(lambda: send_file("a.txt"), headers={"Range": "bytes=1-2"}) as response:
            self.assertEqual((response.status_code, response.text), (206, "el"))
            known = {"If-None-Match": response.headers["ETag"]}
        self.assertEqual(self.get(lambda: send_file("a.txt"), headers=known).status_code, 304)

    def test_a_client_chooses_among_the_files_of_the_directory_alone(self):
        for directory, path, status in [
            ("sub", "b.txt", 200),
            (self.folder, "sub/b.txt", 200),
            ("sub", "../a.txt", 404),
            ("sub", "/etc/passwd", 404),
            ("sub", "missing", 404),
            (".", "sub", 404),
            (".", "a\0b", 404),
        ]:
            view = lambda directory=directory, path=path: send_from_directory(directory, path)  # noqa: E731
            with self.subTest(path), self.get(view) as response:
                self.assertEqual(response.status_code, status)

    def test_the_configuration_says_how_long_it_may_be_kept(self):
        class Own(App):
            def get_send_file_max_age(self, filename):
                return 7 if filename.endswith(".txt") else None

        for cls, default, max_age, field in [
            (App, None, None, "no-cache"),
            (App, 60, None, "public, max-age=60"),
            (App, timedelta(minutes=2), None, "public, max-age=120"),
            (App, 60, 5, "public, max-age=5"),
            (App, 60, lambda path: len(path) - len(str(self.folder)), "public, max-age=6"),
            (Own, 60, None, "public, max-age=7"),
        ]:
            for view in [
                lambda max_age=max_age: send_from_directory("", "a.txt", max_age=max_age),
                lambda max_age=max_age: send_file("a.txt", max_age=max_age),
            ]:
                app = cls("example", root_path=self.folder, static_folder=None)
                app.config["SEND_FILE_MAX_AGE_DEFAULT"] = default
                with self.subTest(field), self.get(view, app) as response:
                    self.assertEqual(response.headers["Cache-Control"], field)

    def test_the_server_in_front_may_send_it(self):
        app = App("example", root_path=self.folder, static_folder=None)
        app.config["USE_X_SENDFILE"] = True
        response = self.get(lambda: send_from_directory("sub", "b.txt"), app)
        self.assertEqual((response.data, response.headers["X-Sendfile"]), (b"", str(self.folder / "sub" / "b.txt")))


class CookieSizeTest(unittest.TestCase):
    def test_the_configuration_says_from_where_on_there_is_a_warning(self):
        for size, count in [(4093, 0), (100, 1), (0, 0)]:
            app = make_app()
            app.config["MAX_COOKIE_SIZE"] = size
            with self.subTest(size), warnings.catch_warnings(record=True) as caught, app.app_context():
                warnings.simplefilter("always")
                make_response("x").set_cookie("name", "x" * 200)
                self.assertEqual(len(caught), count)
        self.assertEqual(Response().max_cookie_size, 4093)
        response = Response()
        response.max_cookie_size = 5
        self.assertEqual(response.max_cookie_size, 5)


class OutsideTest(unittest.TestCase):
    """Where there is no request, or no application."""

    def test_each_says_what_it_needs(self):
        for what, needs in [
            (lambda: make_response("x"), "application context"),
            (lambda: make_response(), "application context"),
            (lambda: jsonify(1), "application context"),
            (lambda: url_for("x"), "application context"),
            (lambda: flash("x"), "request context"),
            (get_flashed_messages, "request context"),
        ]:
            with self.subTest(needs), self.assertRaisesRegex(RuntimeError, f"Working outside of {needs}"):
                what()


if __name__ == "__main__":
    unittest.main()
