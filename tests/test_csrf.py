"""Requests that a page of another site makes a browser send, and those that only look like them."""

import re
import unittest

from nanoweb import App, request, session
from nanoweb.csrf import CSRFError, CSRFProtect, csrf_token
from nanoweb.middleware import ProxyFix
from nanoweb.signing import base64_decode, base64_encode

COOKIE = {"Cookie": "theme=dark"}
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "REPORT", "X"]


def make_app(**config):
    app = App(__name__)
    app.secret_key = "dev"
    app.testing = True
    app.config.update(config)

    @app.route("/", methods=["GET", "OPTIONS", "TRACE", *UNSAFE])
    def view():
        return "through"

    @app.get("/form")
    def form():
        return csrf_token()

    @app.post("/login")
    def login():
        session["user"] = "ada"
        return "hello"

    @app.get("/set/<value>")
    def set_token(value):
        session["_csrf_token"] = value
        return "set"

    return app


class CsrfTest(unittest.TestCase):
    def setUp(self):
        self.app = make_app()
        self.csrf = CSRFProtect(self.app)
        self.client = self.app.test_client()

    def post(self, fields, path="/", site="http://example.com", method="POST", **kwargs):
        return self.client.open(path, method=method, headers=fields, base_url=site, **kwargs)

    def get(self, path):
        return self.client.get(path, base_url="http://example.com")

    def assert_through(self, fields, **kwargs):
        with self.subTest(fields, **kwargs):
            self.assertEqual(self.post(fields, **kwargs).text, "through")

    def assert_refused(self, fields, reason="", **kwargs):
        with self.subTest(fields, **kwargs):
            response = self.post(fields, **kwargs)
            self.assertEqual(response.status_code, 403)
            self.assertIn(reason, response.text)


class FetchMetadataTest(CsrfTest):
    """Sec-Fetch-Site: what each browser sends today."""

    def test_own_pages_and_the_visitor_get_through(self):
        for site in ["same-origin", "none"]:
            self.assert_through({"Sec-Fetch-Site": site})
            self.assert_through({"Sec-Fetch-Site": site, **COOKIE})
            # A page without referrers sends this along, and so does the form of a sandboxed one.
            self.assert_through({"Sec-Fetch-Site": site, "Origin": "null", **COOKIE})

    def test_others_do_not_not_even_neighbours(self):
        for site in [
            "cross-site",
            "same-site",
            "",
            "Same-Origin",
            " same-origin,",
            "same-origin, cross-site",
            "same-origin\xa0",
            "same-origin;cross-site",
        ]:
            self.assert_refused({"Sec-Fetch-Site": site}, "Sec-Fetch-Site is")
            self.assert_refused({"Sec-Fetch-Site": site, "Origin": "http://example.com", **COOKIE})
            self.assert_refused({"Sec-Fetch-Site": site, "Referer": "http://example.com/form"})

    def test_every_method_that_is_not_known_to_be_safe_is_checked(self):
        for method in UNSAFE:
            self.assert_refused({"Sec-Fetch-Site": "cross-site"}, method=method)
            self.assert_through({"Sec-Fetch-Site": "same-origin"}, method=method)

    def test_safe_methods_pass_from_wherever(self):
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"]:
            with self.subTest(method):
                fields = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", **COOKIE}
                self.assertEqual(self.post(fields, method=method).status_code, 200)

    def test_the_answer_says_why_and_to_nobody_s_harm(self):
        self.assert_refused({"Sec-Fetch-Site": "<b>"}, "&lt;b&gt;")
        self.assert_refused({"Sec-Fetch-Site": "cross-site"}, "bring its csrf_token along")
        self.assertLess(len(self.post({"Sec-Fetch-Site": "x" * 5000}).text), 1000)
        self.assertLess(len(self.post({"Origin": "x" * 5000}).text), 1000)

    def test_an_address_without_a_view_is_no_way_around(self):
        for path in ["/nowhere", "/form"]:
            with self.subTest(path):
                self.assertEqual(self.post({"Sec-Fetch-Site": "cross-site"}, path=path).status_code, 403)


class OriginTest(CsrfTest):
    """Without Sec-Fetch-Site: over plain HTTP, and in older browsers."""

    def test_the_very_same_origin_gets_through(self):
        for site, origin in [
            ("http://example.com", "http://example.com"),
            ("http://example.com", "http://example.com:80"),
            ("http://example.com", "HTTP://EXAMPLE.com"),
            ("http://EXAMPLE.com", "http://example.com"),
            ("https://example.com", "https://example.com"),
            ("https://example.com", "https://example.com:443"),
            ("http://example.com:8080", "http://example.com:8080"),
            ("http://localhost:5000", "http://localhost:5000"),
            ("http://127.0.0.1", "http://127.0.0.1"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
            ("https://xn--mller-kva.example", "https://xn--mller-kva.example"),
            ("http://my_host", "http://my_host"),
        ]:
            self.assert_through({"Origin": origin, **COOKIE}, site=site)
            self.assert_through({"Referer": f"{origin}/form?a=https://evil.example#x", **COOKIE}, site=site)
            self.assert_through({"Referer": origin}, site=site)

    def test_every_other_does_not(self):
        for origin in [
            "https://example.com",  # another scheme: plain HTTP may be written by whoever is in between
            "http://example.com:8080",
            "http://example.com:443",
            "http://www.example.com",
            "http://example.com.",
            "http://example.com.evil.example",
            "http://evil-example.com",
            "http://evil.example",
            "http://example.com@evil.example",
            "http://evil.example?http://example.com",
            "http://evil.example#@example.com",
            "http://evil.example\\@example.com",
            "http://example.com:080080",
            "http://example.com:",
            "http://example.com:\u0668\u0660",
            "http://example.com:80 http://evil.example",
            "http://evil.example http://example.com",
            "http://example.com, http://evil.example",
            "http://exa\u017fmple.com",
            "http://[::1]",
            "//example.com",
            "example.com",
            "http:///",
            "null",
            "NULL",
            "file://",
            "about:blank",
            "",
            " ",
            "http://example.com/",  # an origin has no path
        ]:
            fields = {"Origin": origin.encode().decode("latin-1"), "Referer": "http://example.com/"}
            self.assert_refused(fields, "Origin is")
            self.assert_refused({**fields, **COOKIE})
            if not origin.endswith(("com/", "com:")):
                self.assert_refused({"Referer": fields["Origin"]}, "Referer is")

    def test_the_referer_is_asked_only_where_there_is_no_origin(self):
        self.assert_through({"Origin": "http://example.com", "Referer": "https://evil.example/"})
        self.assert_refused({"Origin": "https://evil.example", "Referer": "http://example.com/"})

    def test_a_host_that_is_not_trusted_is_refused_as_such(self):
        self.app.config["TRUSTED_HOSTS"] = ["example.com"]
        response = self.post({"Origin": "http://evil.example"}, site="http://evil.example")
        self.assertEqual(response.status_code, 400)

    def test_behind_a_proxy_the_visitor_s_address_counts(self):
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example", **COOKIE}
        for fields in [{"Origin": "https://shop.example"}, {"Referer": "https://shop.example/cart"}]:
            self.assert_refused({**forwarded, **fields}, site="http://127.0.0.1:8000")
        self.app.wsgi_app = ProxyFix(self.app.wsgi_app, x_proto=1, x_host=1)
        for fields in [{"Origin": "https://shop.example"}, {"Referer": "https://shop.example/cart"}]:
            self.assert_through({**forwarded, **fields}, site="http://127.0.0.1:8000")
        self.assert_refused({**forwarded, "Origin": "http://127.0.0.1:8000"}, site="http://127.0.0.1:8000")


class NoBrowserTest(CsrfTest):
    """None of the three fields."""

    def test_without_a_cookie_there_is_nothing_to_misuse(self):
        self.assert_through({})
        self.assert_through({"Authorization": "Bearer token"})
        self.assert_through({"User-Agent": "curl/8.5.0", "Content-Type": "application/json"}, data=b"{}")

    def test_with_a_cookie_it_may_be_an_old_browser(self):
        self.assert_refused(COOKIE, "it has a cookie")
        self.assertEqual(self.post({}, "/login").text, "hello")
        self.assert_refused({}, "it has a cookie")

    def test_tests_may_switch_it_off(self):
        self.app.config["CSRF_ENABLED"] = False
        self.assert_through({"Sec-Fetch-Site": "cross-site", **COOKIE})
        with self.app.test_request_context(method="POST", headers=COOKIE):
            self.csrf.protect()


class TrustedOriginsTest(CsrfTest):
    """CSRF_TRUSTED_ORIGINS."""

    def test_pages_of_those_listed_get_through_and_of_no_others(self):
        self.app.config["CSRF_TRUSTED_ORIGINS"] = ["https://Shop.example", "http://[::1]:80", "app://x", "http://a:8"]
        for origin in ["https://shop.example", "https://shop.example:443", "http://[::1]", "app://x", "http://a:8"]:
            self.assert_through({"Origin": origin, "Sec-Fetch-Site": "cross-site", **COOKIE})
            self.assert_through({"Origin": origin, **COOKIE})
            self.assert_through({"Referer": f"{origin}/", "Sec-Fetch-Site": "same-site", **COOKIE})
        for origin in ["http://shop.example", "https://a.shop.example", "https://shop.example:8", "app://y", "null"]:
            self.assert_refused({"Origin": origin, "Sec-Fetch-Site": "cross-site"})
            self.assert_refused({"Origin": origin})
        self.assert_refused({"Sec-Fetch-Site": "cross-site"})

    def test_a_mistake_in_the_list_shows_at_the_start(self):
        for origins, error in [
            (["shop.example"], ValueError),
            (["https://*.shop.example"], ValueError),
            (["https://shop.example/"], ValueError),
            (["https://shop.example", "null"], ValueError),
            ([""], ValueError),
            ("https://shop.example", TypeError),
        ]:
            with self.subTest(origins), self.assertRaisesRegex(error, "CSRF_TRUSTED_ORIGINS"):
                CSRFProtect(make_app(CSRF_TRUSTED_ORIGINS=origins))
        for origins in [None, [], ()]:
            with self.subTest(origins):
                CSRFProtect(make_app(CSRF_TRUSTED_ORIGINS=origins))


class TokenTest(CsrfTest):
    """The way out: a token that only a page of this session can have."""

    def setUp(self):
        super().setUp()
        self.token = self.get("/form").text

    def test_it_opens_the_door_wherever_the_request_seems_to_come_from(self):
        for fields in [
            {},
            {"Origin": "null"},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site"},
        ]:
            self.assert_through(fields, data={"csrf_token": self.token})
            self.assert_through({**fields, "X-CSRF-Token": self.token})
            self.assert_through({**fields, "X-CSRFToken": self.token})
            self.assert_refused(fields)
            self.assert_refused(fields, query_string={"csrf_token": self.token})

    def test_it_comes_with_files_and_is_read_from_nothing_but_forms(self):
        self.assert_through({}, data={"csrf_token": self.token}, content_type="multipart/form-data")
        self.assert_refused({}, json={"csrf_token": self.token})

    def test_each_time_it_is_another_text_and_good_all_the_same(self):
        tokens = {self.get("/form").text for _ in range(20)}
        self.assertEqual(len(tokens), 20)
        for token in tokens:
            self.assertIsNotNone(re.fullmatch(r"[A-Za-z0-9_-]{86}", token, re.ASCII))
            self.assert_through({"X-CSRF-Token": token})

    def test_what_is_not_it_is_refused(self):
        mask, secret = base64_decode(self.token)[:32], base64_decode(self.token)[32:]
        for token in [
            "",
            "A" * 86,
            self.token[:-1],
            self.token + "=",
            self.token + "A",
            self.token.swapcase(),
            f" {self.token}",
            "ä" * 86,
            base64_encode(secret + secret).decode(),
            base64_encode(mask + mask).decode(),
            base64_encode(mask).decode(),
        ]:
            self.assert_refused({}, data={"csrf_token": token})
            if token.isascii():
                self.assert_refused({"X-CSRF-Token": token})
                self.assert_refused({"X-CSRF-Token": token}, data={"csrf_token": self.token})

    def test_another_session_has_another(self):
        self.client = self.app.test_client()
        self.assert_refused({"X-CSRF-Token": self.token, **COOKIE})
        self.get("/form")
        self.assert_refused({"X-CSRF-Token": self.token})

    def test_a_session_that_was_tampered_with_has_none(self):
        for value in ["x", "A" * 43 + "=", base64_encode(b"short").decode()]:
            self.get(f"/set/{value}")
            self.assert_refused({"X-CSRF-Token": self.token})
            self.assert_refused({"X-CSRF-Token": base64_encode(b"").decode()})

    def test_the_session_is_left_alone_where_the_fields_are_enough(self):
        self.assertNotIn("Vary", self.post({"Sec-Fetch-Site": "same-origin"}).headers)
        self.assertNotIn("Set-Cookie", self.post({"Sec-Fetch-Site": "cross-site"}).headers)

    def test_without_a_secret_key_the_error_names_the_cure(self):
        self.app.secret_key = None
        with self.assertRaisesRegex(RuntimeError, "secret key"):
            self.get("/form")
        self.assert_refused({"X-CSRF-Token": self.token})

    def test_templates_have_it(self):
        (for_templates,) = self.app.template_context_processors[None][-1:]
        self.assertIs(for_templates()["csrf_token"], csrf_token)


class ExemptTest(CsrfTest):
    """What other sites may send."""

    def test_a_view_is_exempt_alone(self):
        @self.app.post("/webhook")
        @self.csrf.exempt
        def webhook():
            return "through"

        self.assertEqual(webhook(), "through")
        fields = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", **COOKIE}
        self.assert_through(fields, path="/webhook")
        self.assert_refused(fields)

    def test_a_blueprint_is_exempt_with_those_inside_it(self):
        class Blueprint:
            """As much of one as is looked at."""

        self.app.blueprints = {name: Blueprint() for name in ["api", "api.v1", "site", "site.api"]}
        self.csrf.exempt(self.app.blueprints["api"])
        expected = {
            "api.view": 200,
            "api.v1.view": 200,
            "site.view": 403,
            "site.api.view": 403,
            "unknown.view": 403,
            "api": 403,
        }
        for endpoint in expected:
            self.app.add_url_rule(f"/{endpoint}", endpoint, lambda: "through", methods=["POST"])
        for endpoint, status in expected.items():
            with self.subTest(endpoint):
                self.assertEqual(self.post({"Sec-Fetch-Site": "cross-site"}, f"/{endpoint}").status_code, status)

    def test_a_view_may_ask_for_the_check_itself(self):
        @self.app.route("/some", methods=["GET", "POST"])
        @self.csrf.exempt
        def some():
            if "free" not in request.args:
                self.csrf.protect()
            return "through"

        self.assert_refused({"Sec-Fetch-Site": "cross-site"}, path="/some")
        self.assert_through({"Sec-Fetch-Site": "cross-site"}, path="/some?free=1")
        self.assert_through({"Sec-Fetch-Site": "cross-site"}, path="/some", method="GET")


class SwitchTest(unittest.TestCase):
    """Off by default; on with one line."""

    def test_without_that_line_nothing_is_refused(self):
        response = make_app().test_client().post("/", headers={"Sec-Fetch-Site": "cross-site", **COOKIE})
        self.assertEqual(response.status_code, 200)

    def test_it_serves_several_applications_made_later(self):
        csrf = CSRFProtect()
        for app in [make_app(), make_app(CSRF_ENABLED=True)]:
            csrf.init_app(app)
            self.assertIs(app.extensions["csrf"], csrf)
            response = app.test_client().post("/", headers={"Sec-Fetch-Site": "cross-site"})
            self.assertEqual(response.status_code, 403)

    def test_the_form_is_not_read_where_there_is_nothing_to_compare_with(self):
        app = make_app()
        CSRFProtect(app)

        @app.errorhandler(CSRFError)
        def refused(error):
            return request.stream.read(), 403

        response = app.test_client().post("/", headers={"Origin": "null"}, data={"csrf_token": "x"})
        self.assertEqual(response.data, b"csrf_token=x")

    def test_a_refusal_can_be_answered_in_ones_own_words(self):
        app = make_app()
        CSRFProtect(app)

        @app.errorhandler(CSRFError)
        def refused(error):
            return f"no: {error.description}", error.code

        response = app.test_client().post("/", headers={"Origin": "https://evil.example"})
        self.assertEqual(response.status_code, 403)
        self.assertTrue(response.text.startswith("no: This POST may come from a page of another site: Origin is 'h"))
        self.assertIn("not 'http://localhost'", response.text)


if __name__ == "__main__":
    unittest.main()
