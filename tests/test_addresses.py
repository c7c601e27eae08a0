"""The addresses of views, inside and outside of a request."""

import unittest

from nanoweb import (
    App,
    url_for,
)


class UrlForTest(unittest.TestCase):
    """Addresses of views, inside and outside of a request."""

    def setUp(self):
        self.app = App("example")
        self.app.add_url_rule("/", "index", lambda: "")
        self.app.add_url_rule("/user/<name>", "user", lambda name: "")

    def test_in_a_request_it_is_a_path_unless_asked_otherwise(self):
        with self.app.test_request_context(base_url="https://example.org/below"):
            for arguments, expected in [
                ({}, "/below/user/J%C3%BCrgen"),
                ({"page": 2}, "/below/user/J%C3%BCrgen?page=2"),
                ({"tag": ["a", "b c"]}, "/below/user/J%C3%BCrgen?tag=a&tag=b+c"),
                ({"none": None}, "/below/user/J%C3%BCrgen"),
                ({"_anchor": "x y/ü"}, "/below/user/J%C3%BCrgen#x%20y/%C3%BC"),
                ({"_external": True}, "https://example.org/below/user/J%C3%BCrgen"),
                ({"_scheme": "http"}, "http://example.org/below/user/J%C3%BCrgen"),
            ]:
                with self.subTest(arguments):
                    self.assertEqual(url_for("user", name="Jürgen", **arguments), expected)

    def test_outside_of_a_request_a_path_needs_no_server_name(self):
        with self.app.app_context():
            self.assertEqual(url_for("user", name="x"), "/user/x")
            with self.assertRaisesRegex(RuntimeError, "set SERVER_NAME"):
                url_for("index", _external=True)

    def test_outside_of_a_request_server_name_makes_it_a_full_address(self):
        self.app.config.update(SERVER_NAME="example.org", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
        with self.app.app_context():
            self.assertEqual(url_for("user", name="x"), "https://example.org/root/user/x")
            self.assertEqual(url_for("user", name="x", _external=False), "/root/user/x")
        self.assertEqual(self.app.url_for("index"), "https://example.org/root/")

    def test_an_unknown_endpoint_is_an_error_that_suggests_one(self):
        with self.app.test_request_context(), self.assertRaisesRegex(LookupError, "user"):
            url_for("usr", name="x")

    def test_a_handler_can_know_other_addresses(self):
        self.app.url_build_error_handlers.append(lambda error, endpoint, values: f"elsewhere:{endpoint}")
        with self.app.test_request_context():
            self.assertEqual(url_for("missing"), "elsewhere:missing")

    def test_a_handler_is_told_everything_that_was_asked(self):
        asked = []
        self.app.url_build_error_handlers.append(lambda error, endpoint, values: asked.append(values))
        self.app.url_build_error_handlers.append(lambda error, endpoint, values: "/found")
        with self.app.test_request_context():
            url_for("missing", page=1, _anchor="top")
            url_for("missing", _scheme="https")
        usual = {"_anchor": None, "_external": False, "_method": None, "_scheme": None}
        self.assertEqual(asked[0], {**usual, "page": 1, "_anchor": "top"})
        self.assertEqual(asked[1], {**usual, "_external": True, "_scheme": "https"})

    def test_an_application_builds_its_own_addresses_also_in_a_request_to_another_one(self):
        other = App("other")
        with other.test_request_context(base_url="https://other.example/below"):
            self.assertEqual(self.app.url_for("user", name="x"), "/user/x")
            self.assertEqual(other.url_for("static", filename="x"), "/below/static/x")

    def test_a_variable_may_have_any_name_but_the_arguments_own(self):
        self.app.add_url_rule("/<self>/<app>", "names", lambda **names: "")
        self.assertEqual(self.app.url_for("names", self=1, app=2), "/1/2")

    def test_server_name_does_not_decide_which_hosts_are_answered(self):
        self.app.config["SERVER_NAME"] = "example.org"
        self.assertEqual(self.app.test_client().get("/", base_url="http://other.test/").status_code, 200)

    def test_trusted_hosts_do(self):
        self.app.config["TRUSTED_HOSTS"] = ["example.org", ".example.net"]
        client = self.app.test_client()
        for host, status in [
            ("example.org", 200),
            ("example.org:8080", 200),
            ("a.example.net", 200),
            ("a.example.org", 400),
            ("evil.test", 400),
            ("example.org@evil.test", 400),
        ]:
            with self.subTest(host):
                self.assertEqual(client.get("/", headers={"Host": host}).status_code, status)


if __name__ == "__main__":
    unittest.main()
