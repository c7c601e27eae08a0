"""The session: a signed cookie between two requests."""

import contextlib
import unittest
from datetime import timedelta
from unittest import mock

from nanoweb import App, flash, get_flashed_messages, session
from nanoweb.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface
from nanoweb.signing import TimestampSigner

# Made by Flask 3.1.3 with the secret key "dev": {"user": "ada", "tags": ("a", b"\x00")}.
FLASK_COOKIE = "eyJ1c2VyIjoiYWRhIiwidGFncyI6eyIgdCI6WyJhIix7IiBiIjoiQUE9PSJ9XX19.awBwNw.B0KJdQqop58NFJNlT7Zm_Vk5oXQ"


def make_app(**config):
    app = App("example")
    app.secret_key = "dev"
    app.testing = True
    app.config.update(config)

    @app.route("/set/<name>/<value>")
    def set_value(name, value):
        session[name] = value
        return "set"

    @app.route("/get/<name>")
    def get_value(name):
        return repr(session.get(name))

    @app.route("/clear")
    def clear():
        session.clear()
        return "cleared"

    @app.route("/permanent")
    def permanent():
        session.permanent = True
        return "permanent"

    app.add_url_rule("/untouched", "untouched", lambda: "untouched")
    return app


def suppressed(error, function, *args):
    """Call a function that raises this error."""
    with contextlib.suppress(error):
        function(*args)


class SignedCookieTest(unittest.TestCase):
    """What the session keeps, and for whom."""

    def test_it_comes_back_with_the_next_request_and_survives_a_restart(self):
        client = make_app().test_client()
        client.get("/set/user/ada")
        self.assertEqual(client.get("/get/user").text, "'ada'")
        cookie = client.get_cookie("session").value
        restarted = make_app().test_client()
        restarted.set_cookie("session", cookie)
        self.assertEqual(restarted.get("/get/user").text, "'ada'")

    def test_a_cookie_that_flask_made_opens(self):
        client = make_app().test_client()
        client.set_cookie("session", FLASK_COOKIE)
        with mock.patch.object(TimestampSigner, "get_timestamp", return_value=1795190839):
            self.assertEqual(client.get("/get/user").text, "'ada'")
            self.assertEqual(client.get("/get/tags").text, repr(("a", b"\x00")))

    def test_a_changed_or_foreign_cookie_is_an_empty_session(self):
        client = make_app().test_client()
        client.get("/set/user/ada")
        good = client.get_cookie("session").value
        payload, stamp, signature = good.split(".")
        foreign = make_app(SECRET_KEY="other").test_client()
        foreign.get("/set/user/eve")
        for value in [
            "",
            "x",
            "...",
            good[:-1],
            good + "A",
            f"{payload}.{stamp}.",
            f"{payload}x.{stamp}.{signature}",
            f"{payload}.{stamp}x.{signature}",
            f".{good}",
            good.upper(),
            "é" * 40,
            foreign.get_cookie("session").value,
        ]:
            with self.subTest(value):
                client.set_cookie("session", value)
                self.assertEqual(client.get("/get/user").text, "None")

    def test_it_ends_after_its_lifetime(self):
        client = make_app(PERMANENT_SESSION_LIFETIME=timedelta(minutes=5)).test_client()
        now = TimestampSigner("x").get_timestamp()
        with mock.patch.object(TimestampSigner, "get_timestamp", return_value=now):
            client.get("/set/user/ada")
        for later, expected in [(299, "'ada'"), (301, "None")]:
            with mock.patch.object(TimestampSigner, "get_timestamp", return_value=now + later):
                self.assertEqual(client.get("/get/user").text, expected)

    def test_the_lifetime_may_be_given_in_seconds(self):
        app = make_app(PERMANENT_SESSION_LIFETIME=300)
        self.assertEqual(app.permanent_session_lifetime, timedelta(minutes=5))

    def test_old_keys_still_open_and_the_new_one_signs(self):
        old = make_app(SECRET_KEY="old").test_client()
        old.get("/set/user/ada")
        rotated = make_app(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", "old"]).test_client()
        rotated.set_cookie("session", old.get_cookie("session").value)
        self.assertEqual(rotated.get("/get/user").text, "'ada'")
        rotated.get("/set/user/bob")
        alone = make_app(SECRET_KEY="new").test_client()
        alone.set_cookie("session", rotated.get_cookie("session").value)
        self.assertEqual(alone.get("/get/user").text, "'bob'")

    def test_a_single_old_key_is_refused_rather_than_taken_letter_by_letter(self):
        client = make_app(SECRET_KEY_FALLBACKS="old key").test_client()
        with self.assertRaisesRegex(TypeError, "make it a list"):
            client.get("/get/user")

    def test_values_of_the_usual_types_come_back_as_they_were(self):
        values = {"tuple": (1, ("a",)), "bytes": b"\x00\xff", "list": [1, 2.5, None, True], "dict": {"a": {"b": 1}}}
        app = make_app()
        app.add_url_rule("/fill", "fill", lambda: session.update(values) or "filled")
        app.add_url_rule("/same", "same", lambda: str({name: session[name] for name in values} == values))
        client = app.test_client()
        client.get("/fill")
        self.assertEqual(client.get("/same").text, "True")


class CookieFieldTest(unittest.TestCase):
    """When the cookie is sent, and how."""

    def fields(self, app, path, cookie=None):
        client = app.test_client()
        if cookie:
            client.set_cookie("session", cookie)
        headers = client.get(path).headers
        return headers.getlist("Set-Cookie"), headers.get("Vary")

    def cookie(self, app, path="/set/user/ada"):
        client = app.test_client()
        client.get(path)
        return client.get_cookie("session").value

    def test_it_is_sent_after_a_change_only_and_vary_tells_when_it_mattered(self):
        app = make_app()
        cookie = self.cookie(app)
        for path, brings, sent, vary in [
            ("/untouched", None, False, None),
            ("/untouched", cookie, False, None),
            ("/get/user", None, False, "Cookie"),
            ("/get/user", cookie, False, "Cookie"),
            ("/set/user/bob", None, True, "Cookie"),
            ("/set/user/bob", cookie, True, "Cookie"),
            ("/clear", cookie, True, "Cookie"),
        ]:
            with self.subTest(path, brings=bool(brings)):
                cookies, got_vary = self.fields(app, path, brings)
                self.assertEqual((bool(cookies), got_vary), (sent, vary))

    def test_every_way_of_looking_counts(self):
        for look in [
            lambda: "k" in session,
            lambda: len(session),
            lambda: bool(session),
            lambda: list(session),
            lambda: session.keys(),
            lambda: session.values(),
            lambda: session.items(),
            lambda: session.get("k"),
            lambda: session == {},
            lambda: session != {},
            lambda: session.permanent,
            lambda: session.pop("k", None),
            lambda: session.setdefault("k", 1),
            lambda: session.copy(),
            lambda: session | {},
            lambda: repr(session),
            lambda: dict.keys(session._get_current_object()),
            lambda: session.modified,
            lambda: session.new,
            lambda: suppressed(KeyError, session.popitem),
            lambda: suppressed(KeyError, session.__delitem__, "k"),
        ]:
            app = make_app()
            app.add_url_rule("/look", "look", lambda look=look: (look(), "looked")[1])
            with self.subTest(look):
                self.assertEqual(self.fields(app, "/look")[1], "Cookie")

    def test_vary_is_added_to_what_is_there(self):
        for there, expected in [("Accept", "Accept, Cookie"), ("cookie", "cookie"), ("*", "*")]:
            app = make_app()
            app.add_url_rule("/vary", "vary", lambda there=there: (repr(dict(session)), {"Vary": there}))
            with self.subTest(there):
                self.assertEqual(self.fields(app, "/vary")[1], expected)

    def test_a_permanent_session_is_kept_alive_by_every_request(self):
        for refresh, sent in [(True, True), (False, False)]:
            app = make_app(SESSION_REFRESH_EACH_REQUEST=refresh)
            cookies, vary = self.fields(app, "/untouched", self.cookie(app, "/permanent"))
            with self.subTest(refresh):
                self.assertEqual((bool(cookies), vary), (sent, "Cookie" if sent else None))
                if sent:
                    self.assertIn("Expires=", cookies[0])

    def test_an_emptied_session_deletes_its_cookie(self):
        app = make_app()
        ((field,), _) = self.fields(app, "/clear", self.cookie(app))
        self.assertEqual(field, "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/")

    def test_the_configuration_decides_the_attributes(self):
        app = make_app(
            SESSION_COOKIE_NAME="sid",
            SESSION_COOKIE_DOMAIN="example.org",
            SESSION_COOKIE_PATH="/shop",
            SESSION_COOKIE_SECURE=True,
            SESSION_COOKIE_HTTPONLY=False,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_COOKIE_PARTITIONED=True,
        )
        ((field,), _) = self.fields(app, "/set/a/b")
        name, _, attributes = field.partition("; ")
        self.assertTrue(name.startswith("sid="))
        self.assertEqual(attributes, "Domain=example.org; Secure; Path=/shop; SameSite=Strict; Partitioned")

    def test_a_change_inside_a_value_needs_to_be_told(self):
        app = make_app()
        app.add_url_rule("/append", "append", lambda: session.setdefault("list", []).append(1) or "x")
        app.add_url_rule("/tell", "tell", lambda: setattr(session, "modified", True) or "x")
        self.assertTrue(self.fields(app, "/append")[0])
        self.assertEqual(SecureCookieSession({"a": 1}).modified, False)


class NullSessionTest(unittest.TestCase):
    """An application without a secret key."""

    def test_reading_works_and_writing_says_what_to_do(self):
        app = make_app(SECRET_KEY=None)
        client = app.test_client()
        self.assertEqual(client.get("/get/user").text, "None")
        with self.assertRaisesRegex(RuntimeError, "no secret key.*Set app.secret_key, to the output of: python -c"):
            client.get("/set/user/ada")


class OwnInterfaceTest(unittest.TestCase):
    """Sessions kept elsewhere."""

    def test_it_is_asked_for_every_request_before_anything_else(self):
        log = []

        class Memory(SessionInterface):
            def open_session(self, app, request):
                log.append("open")
                return SecureCookieSession()

            def save_session(self, app, session, response):
                log.append("save")

        app = make_app()
        app.session_interface = Memory()
        app.before_request(lambda: log.append("before"))
        app.after_request(lambda response: log.append("after") or response)
        app.test_client().get("/untouched")
        self.assertEqual(log, ["open", "before", "after", "save"])

    def test_a_subclass_of_the_usual_one_is_too(self):
        class Counting(SecureCookieSessionInterface):
            def open_session(self, app, request):
                session = super().open_session(app, request)
                session.setdefault("visitor", 7)
                return session

        app = make_app()
        app.session_interface = Counting()
        self.assertIn("Set-Cookie", app.test_client().get("/untouched").headers)

    def test_unless_it_says_that_it_can_sleep(self):
        class Sleeping(SecureCookieSessionInterface):
            wants_all_requests = False

            def open_session(self, app, request):
                raise AssertionError("it was woken")

        app = make_app()
        app.session_interface = Sleeping()
        self.assertEqual(app.test_client().get("/untouched").status_code, 200)

    def test_one_that_is_not_finished_says_what_is_missing(self):
        app = make_app()
        app.session_interface = SessionInterface()
        with self.assertRaisesRegex(NotImplementedError, r"SessionInterface has no open_session\(\)"):
            app.test_client().get("/get/x")


class FlashTest(unittest.TestCase):
    """Messages for the next page."""

    def test_they_are_shown_once(self):
        app = make_app()
        app.add_url_rule("/say/<text>/<category>", "say", lambda text, category: (flash(text, category), "ok")[1])
        app.add_url_rule("/show", "show", lambda: [get_flashed_messages(), get_flashed_messages(True)])
        app.add_url_rule("/errors", "errors", lambda: get_flashed_messages(category_filter=["error"]))
        client = app.test_client()
        client.get("/say/one/message")
        client.get("/say/two/error")
        self.assertEqual(client.get("/show").json, [["one", "two"], [["message", "one"], ["error", "two"]]])
        self.assertEqual(client.get("/show").json, [[], []])
        client.get("/say/one/message")
        client.get("/say/two/error")
        self.assertEqual(client.get("/errors").json, ["two"])


if __name__ == "__main__":
    unittest.main()
