"""Requests without a server: how far the client goes by itself, and what a test gets to see."""

import gc
import io
import json
import unittest
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl
from wsgiref.validate import validator

from nanoweb import (
    App,
    Request,
    Response,
    g,
    has_request_context,
    redirect,
    request,
    session,
    stream_with_context,
)
from nanoweb.sessions import SessionInterface
from nanoweb.testing import Client, ClientRedirectError, Cookie, EnvironBuilder, TestResponse


@validator
def echo(environ, start_response):
    """Answers with what was asked; with ?to= a redirect, with ?set= a cookie."""
    asked = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    headers = [
        ("Content-Type", "application/json"),
        *[("Set-Cookie", value) for name, value in asked if name == "set"],
    ]
    to = dict(asked).get("to")
    if to is not None and environ["PATH_INFO"] != "/end":
        start_response(f"{dict(asked).get('code', 302)} Go on", [*headers, ("Location", to)])
        return [b"elsewhere"]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    names = "REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING HTTP_HOST HTTP_COOKIE CONTENT_TYPE HTTP_X_OWN"
    answer = {name: environ.get(name) for name in names.split()}
    answer["body"] = environ["wsgi.input"].read(length).decode("latin-1")
    start_response("200 OK", headers)
    return [json.dumps(answer).encode()]


class CookieTest(unittest.TestCase):
    """The client keeps cookies as a browser does (RFC 6265)."""

    def setUp(self):
        self.client = Client(echo)

    def sent(self, path="/", base="http://localhost", **keywords):
        """The Cookie field of a request."""
        return self.client.get(path, base, **keywords).json["HTTP_COOKIE"]

    def test_a_cookie_is_sent_back_until_it_is_dropped(self):
        self.assertIsNone(self.sent(query_string={"set": "a=1; Path=/"}))
        self.assertEqual(self.sent(), "a=1")
        self.assertEqual(self.sent(query_string={"set": "a=2; Path=/"}), "a=1")
        self.assertEqual(self.sent(), "a=2")
        self.sent(query_string={"set": "a=; Path=/; Max-Age=0"})
        self.assertIsNone(self.sent())

    def test_it_is_sent_to_its_path_and_below(self):
        for attributes, paths in [
            ("Path=/x", {"/x": True, "/x/": True, "/x/y": True, "/xy": False, "/": False}),
            ("Path=/x/", {"/x/y": True, "/x": False}),
            ("Path=/", {"/": True, "/x/y": True}),
            ("", {"/dir/page": True, "/dir/other": True, "/": False, "/directory": False}),
            ("Path=relative", {"/dir/other": True, "/": False}),
            ("Path=/gr%C3%B6", {"/grö": True, "/gr%C3%B6/x": True}),
        ]:
            for path, is_sent in paths.items():
                with self.subTest(attributes=attributes, path=path):
                    self.client = Client(echo)
                    self.sent("/dir/page", query_string={"set": f"a=1; {attributes}"})
                    self.assertEqual(self.sent(path), "a=1" if is_sent else None)

    def test_where_the_application_is_mounted_is_part_of_the_path(self):
        self.sent("/x", "http://localhost/app", query_string={"set": "a=1; Path=/app"})
        self.assertEqual(self.sent("/y", "http://localhost/app"), "a=1")
        self.assertIsNone(self.sent("/y"))

    def test_it_is_sent_to_its_host_and_with_a_domain_to_hosts_below(self):
        for attributes, hosts in [
            ("", {"a.example": True, "A.EXAMPLE:5000": True, "www.a.example": False, "ba.example": False}),
            ("Domain=a.example", {"a.example": True, "www.a.example": True, "ba.example": False}),
            ("Domain=.A.example", {"a.example": True, "www.a.example": True, "example": False}),
            ("Domain=b.example", {"b.example": False, "a.example": False}),
        ]:
            for host, is_sent in hosts.items():
                with self.subTest(attributes=attributes, host=host):
                    self.client = Client(echo)
                    self.sent("/", "http://a.example", query_string={"set": f"a=1; Path=/; {attributes}"})
                    self.assertEqual(self.sent("/", f"http://{host}"), "a=1" if is_sent else None)

    def test_a_host_may_be_an_address(self):
        for host in ["127.0.0.1:5000", "[::1]:5000", "[::1]"]:
            with self.subTest(host):
                self.sent("/", f"http://{host}", query_string={"set": "a=1; Path=/"})
                self.assertEqual(self.sent("/", f"http://{host}"), "a=1")
        self.sent("/", "http://127.0.0.1", query_string={"set": "b=1; Path=/; Domain=0.0.1"})
        self.assertEqual(self.sent("/", "http://127.0.0.1"), "a=1")

    def test_a_host_may_be_known_by_the_servers_name_alone(self):
        environ = EnvironBuilder("/", "http://a.example").get_environ()
        del environ["HTTP_HOST"]
        self.client.set_cookie("a", "1", domain="a.example")
        self.assertEqual(self.client.open(environ).json["HTTP_COOKIE"], "a=1")

    def test_an_own_cookie_field_comes_before_those_of_the_jar(self):
        self.client.set_cookie("a", "1")
        self.assertEqual(self.sent(headers={"Cookie": "own=1"}), "own=1; a=1")

    def test_what_is_no_cookie_is_ignored(self):
        for field in ["=x; Path=/", "", "; Path=/"]:
            with self.subTest(field):
                self.sent(query_string={"set": field})
                self.assertIsNone(self.sent())

    def test_the_jar_can_be_read_and_changed(self):
        self.client.set_cookie("a", "b;c ä", domain="a.example", path="/x", max_age=60, secure=True, samesite="Lax")
        cookie = self.client.get_cookie("a", "a.example", "/x")
        self.assertEqual((cookie.value, cookie.decoded_value), ('"b\\073c \\303\\244"', "b;c ä"))
        self.assertEqual(
            (cookie.max_age, cookie.secure, cookie.http_only, cookie.same_site), (60, True, False, "Lax")
        )
        self.assertEqual((cookie.domain, cookie.path, cookie.origin_only), ("a.example", "/x", True))
        self.assertIsNone(self.client.get_cookie("a"))
        self.client.delete_cookie("a", domain="a.example", path="/x")
        self.assertIsNone(self.client.get_cookie("a", "a.example", "/x"))
        self.client.set_cookie("a")
        self.assertEqual(self.client.get_cookie("a").value, "")
        self.client.delete_cookie("a")
        self.client.delete_cookie("never there")
        self.assertIsNone(self.client.get_cookie("a"))

    def test_a_domain_and_a_path_may_be_written_in_several_ways(self):
        for domain, path, host, address in [
            ("A.example", "/", "a.example", "http://a.example/"),
            (".a.example:5000", "/", "a.example", "http://a.example/"),
            ("::1", "/", "[::1]", "http://[::1]:5000/"),
            ("[::1]", "/", "[::1]", "http://[::1]:5000/"),
            ("127.0.0.1", "/grö", "127.0.0.1", "http://127.0.0.1/gr%C3%B6"),
        ]:
            with self.subTest(domain):
                self.client.set_cookie("a", "1", domain=domain, path=path)
                self.assertEqual(self.client.get_cookie("a", domain, path).domain, host)
                self.assertEqual(self.sent("/", address), "a=1")
                self.client.delete_cookie("a", domain=domain, path=path)
                self.assertIsNone(self.sent("/", address))
        for domain in ["", "a b", "a/b", "http://a.example"]:
            with self.subTest(domain), self.assertRaisesRegex(ValueError, "no host name or address"):
                self.client.set_cookie("a", domain=domain)

    def test_a_cookie_may_keep_a_promise_to_its_host(self):
        self.client.set_cookie("__Host-a", "1", secure=True)
        self.assertEqual(self.sent("/", "https://localhost"), "__Host-a=1")
        with self.assertRaisesRegex(ValueError, "__Host-"):
            self.client.set_cookie("__Host-a", "1")

    def test_a_cookie_tells_when_it_ends(self):
        self.client.set_cookie("a", expires=datetime(2199, 1, 1, tzinfo=timezone.utc), httponly=True)
        cookie = self.client.get_cookie("a")
        self.assertEqual(cookie.expires, datetime(2199, 1, 1, tzinfo=timezone.utc))
        self.assertEqual((cookie.http_only, cookie.max_age, cookie.is_expired), (True, None, False))
        self.client.set_cookie("a", max_age=timedelta(0))
        self.assertIsNone(self.client.get_cookie("a"))
        self.assertEqual(repr(Cookie("a", "1", "localhost", "/x", True, {})), "<Cookie a='1' of localhost/x>")

    def test_a_cookie_may_go_to_subdomains(self):
        self.client.set_cookie("a", "1", domain="a.example", origin_only=False)
        self.assertEqual(self.sent("/", "http://www.a.example"), "a=1")

    def test_a_client_may_do_without(self):
        self.client = Client(echo, use_cookies=False)
        self.sent(query_string={"set": "a=1; Path=/"})
        self.assertIsNone(self.sent())
        self.assertEqual(self.sent(headers={"Cookie": "own=1"}), "own=1")
        for what in [
            lambda: self.client.set_cookie("a"),
            lambda: self.client.get_cookie("a"),
            lambda: self.client.delete_cookie("a"),
        ]:
            with self.assertRaisesRegex(TypeError, "use_cookies=False"):
                what()


class RedirectTest(unittest.TestCase):
    """follow_redirects: to where a browser would go (RFC 9110, section 15.4)."""

    def follow(self, to, code=302, path="/dir/page", base="http://localhost", client=None, **keywords):
        query = {"to": to, "code": code}
        return (client or Client(echo)).open(path, base, query_string=query, follow_redirects=True, **keywords)

    def test_it_goes_where_the_location_says(self):
        for to, expected in [
            ("/end", ["localhost", "", "/end", ""]),
            ("/end?a=1#fragment", ["localhost", "", "/end", "a=1"]),
            ("/end#fragment", ["localhost", "", "/end", ""]),
            ("end", ["localhost", "", "/dir/end", ""]),
            ("../end", ["localhost", "", "/end", ""]),
            ("http://localhost/end", ["localhost", "", "/end", ""]),
            ("http://localhost", ["localhost", "", "/", ""]),
            ("http://LOCALHOST:80/end", ["localhost:80", "", "/end", ""]),
            ("http://me:pw@localhost/end", ["localhost", "", "/end", ""]),
            ("//localhost/end", ["localhost", "", "/end", ""]),
            ("/gr%C3%B6%C3%9Fe%20x", ["localhost", "", "/gr\xc3\xb6\xc3\x9fe x", ""]),
            ("/end?q=%C3%A4", ["localhost", "", "/end", "q=%C3%A4"]),
        ]:
            with self.subTest(to):
                response = self.follow(to)
                found = [response.json[name] for name in ["HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING"]]
                self.assertEqual(found, expected)

    def test_the_method_and_the_body_stay_for_some_statuses(self):
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE"]:
            for code in [301, 302, 303, 305, 307, 308]:
                with self.subTest(method=method, code=code):
                    response = self.follow("/end", code, method=method, data={"a": "1"}, headers={"X-Own": "1"})
                    kept = code in (307, 308)
                    self.assertEqual(
                        [response.json[name] for name in ["REQUEST_METHOD", "body", "CONTENT_TYPE", "HTTP_X_OWN"]],
                        [method, "a=1", "application/x-www-form-urlencoded", "1"]
                        if kept
                        else ["HEAD" if method == "HEAD" else "GET", "", None, "1"],
                    )

    def test_a_body_is_sent_again_from_its_start(self):
        @Request.application
        def app(request):
            data = request.get_data(as_text=True)
            return Response(data) if request.path == "/end" else Response("", 307, {"Location": "/end"})

        for keywords in [{"data": "text"}, {"json": "text"}, {"input_stream": io.BytesIO(b"text")}]:
            with self.subTest(keywords):
                self.assertIn("text", Client(app).post("/", follow_redirects=True, **keywords).text)

    def test_a_stream_is_sent_again_from_where_it_stood(self):
        stream = io.BytesIO(b"0123456789")
        stream.seek(4)
        response = self.follow("/end", 307, method="POST", input_stream=stream)
        self.assertEqual(response.json["body"], "456789")

    def test_a_body_that_is_not_sent_again_may_be_closed(self):
        @Request.application
        def app(request):
            request.input_stream.close()
            return Response("end") if request.path == "/end" else Response("", 303, {"Location": "/end"})

        self.assertEqual(Client(app).post("/", data="x", follow_redirects=True).text, "end")

    def test_other_statuses_are_no_redirects(self):
        for code in [200, 300, 306, 404]:
            with self.subTest(code):
                self.assertEqual(self.follow("/end", code).status_code, code)

    def test_a_redirect_to_nowhere_is_the_answer(self):
        self.assertEqual(self.follow("").status_code, 302)
        response = Client(Response("", 302)).get("/", follow_redirects=True)
        self.assertEqual((response.status_code, response.history), (302, ()))

    def test_where_the_application_is_mounted_stays_unless_it_is_left(self):
        for to, root, path in [
            ("/app/end", "/app", "/end"),
            ("/app", "/app", ""),
            ("/application", "", "/application"),
            ("/end", "", "/end"),
            ("end", "/app", "/dir/end"),
        ]:
            with self.subTest(to):
                found = self.follow(to, base="http://localhost/app").json
                self.assertEqual((found["SCRIPT_NAME"], found["PATH_INFO"]), (root, path))
        found = self.follow("/gr%C3%B6/end", base="http://localhost/grö").json
        self.assertEqual((found["SCRIPT_NAME"], found["PATH_INFO"]), ("/gr\xc3\xb6", "/end"))

    def test_another_site_is_not_followed_to(self):
        for to in [
            "http://other.example/",
            "//other.example/",
            "http://notlocalhost/",
            "mailto:me",
            "http://a.localhost/",
        ]:
            with self.subTest(to), self.assertRaisesRegex(RuntimeError, "redirected to"):
                self.follow(to)

    def test_a_subdomain_is_followed_to_if_allowed(self):
        with self.assertRaisesRegex(RuntimeError, "allow_subdomain_redirects=True"):
            self.follow("http://www.localhost/end")
        client = Client(echo, allow_subdomain_redirects=True)
        self.assertEqual(self.follow("http://www.localhost/end", client=client).json["HTTP_HOST"], "www.localhost")
        with self.assertRaisesRegex(RuntimeError, "another site"):
            self.follow("http://other.example/", client=client)

    def test_cookies_are_kept_on_the_way(self):
        client = Client(echo)
        query = [("to", "/end"), ("set", "a=1; Path=/"), ("set", "b=2; Path=/other")]
        for _ in range(2):
            self.assertEqual(client.get("/", query_string=query, follow_redirects=True).json["HTTP_COOKIE"], "a=1")
            client.set_cookie("a", "before")  # goes along to the first, and is replaced by it

    def test_an_own_cookie_field_goes_along(self):
        for client in [Client(echo), Client(echo, use_cookies=False)]:
            response = self.follow("/end", client=client, headers={"Cookie": "own=1"})
            self.assertEqual(response.json["HTTP_COOKIE"], "own=1")

    def test_the_history_holds_the_responses_on_the_way(self):
        response = self.follow("/a?to=/b%3Fto=/end", 303)
        self.assertEqual([one.status_code for one in response.history], [303, 302, 302])
        self.assertEqual([one.request.path for one in response.history], ["/dir/page", "/a", "/b"])
        self.assertEqual((response.request.path, response.history[0].text), ("/end", "elsewhere"))

    def test_a_redirect_is_read_and_closed_before_the_next_request(self):
        log = []

        def app(environ, start_response):
            log.append(environ["PATH_INFO"])
            start_response("302 Found", [("Location", "/end")] if environ["PATH_INFO"] == "/" else [])
            try:
                yield b"x"
            finally:
                log.append("closed")

        response = Client(app).get("/", follow_redirects=True)
        self.assertEqual(log, ["/", "closed", "/end"])
        self.assertEqual((response.history[0].text, response.text), ("x", "x"))

    def test_fields_about_the_body_go_with_it(self):
        @Request.application
        def app(request):
            if request.path != "/end":
                return Response("", 303, {"Location": "/end"})
            return Response(repr(sorted(request.headers.keys())))

        fields = {"Content-Type": "a/b", "Content-Encoding": "gzip", "Transfer-Encoding": "chunked", "X-Own": "1"}
        response = Client(app).post("/", data="x", headers=fields, follow_redirects=True)
        self.assertEqual(response.text, "['Host', 'User-Agent', 'X-Own']")

    def test_a_body_that_cannot_be_read_twice_is_not(self):
        class Socket(io.BytesIO):
            def seekable(self):
                return False

        response = self.follow("/end", 307, method="POST", input_stream=Socket(b"x"), content_length=1)
        self.assertEqual((response.status_code, response.json["body"]), (200, "x"))  # nobody had read it

    def test_an_endless_way_is_an_error(self):
        for to in ["/", "?a=1", "#top"]:
            asked = []

            @Request.application
            def app(request, asked=asked, to=to):
                asked.append(request)
                return Response("", 302, {"Location": to})

            with self.subTest(to), self.assertRaisesRegex(ClientRedirectError, "20 redirects, the last one to"):
                Client(app).get("/", follow_redirects=True)
            self.assertEqual(len(asked), 21)

    def test_it_goes_nowhere_unless_asked(self):
        response = Client(echo).get("/?to=/end")
        self.assertEqual((response.status_code, response.location), (302, "/end"))


class ClientTest(unittest.TestCase):
    """Sending requests, and the response that a test gets."""

    def test_each_method_has_its_function(self):
        client = Client(echo)
        for method in ["get", "post", "put", "delete", "patch", "options", "head", "trace"]:
            with self.subTest(method):
                response = getattr(client, method)("/x", headers={"X-Own": "1"})
                self.assertEqual(response.json["REQUEST_METHOD"], method.upper())
                self.assertEqual(getattr(Client, method).__name__, method)
                self.assertEqual((response.json["PATH_INFO"], response.json["HTTP_X_OWN"]), ("/x", "1"))

    def test_what_to_send_may_be_given_in_several_ways(self):
        builder = EnvironBuilder("/x", method="PUT", data="body")
        for what in [builder, builder.get_request(), builder.get_environ()]:
            with self.subTest(type(what).__name__):
                answer = Client(echo).open(what).json
                self.assertEqual(
                    (answer["REQUEST_METHOD"], answer["PATH_INFO"], answer["body"]), ("PUT", "/x", "body")
                )

    def test_what_is_sent_twice_is_the_same(self):
        client = Client(echo)
        for what in [EnvironBuilder("/x", method="PUT", data="body"), EnvironBuilder("/x").get_environ()]:
            answers = [client.open(what).json for _ in range(2)]
            self.assertEqual(answers[0], answers[1])

    def test_what_says_it_all_gets_no_arguments(self):
        builder = EnvironBuilder("/x")
        for what in [builder, builder.get_request(), builder.get_environ()]:
            with self.subTest(type(what).__name__):
                self.assertEqual(Client(echo).get(what).status_code, 200)
                with self.assertRaisesRegex(TypeError, "says it all: 'data' does not go with it"):
                    Client(echo).get(what, data="x")
                with self.assertRaisesRegex(TypeError, "says it all"):
                    Client(echo).get(what, "http://a.example")

    def test_a_request_that_is_given_keeps_its_class_and_its_environ(self):
        class Own(Request):
            pass

        given = Own(EnvironBuilder("/x").get_environ())
        before = dict(given.environ)
        client = Client(echo)
        client.set_cookie("a", "1")
        response = client.open(given)
        self.assertIs(type(response.request), Own)
        self.assertEqual(response.json["HTTP_COOKIE"], "a=1")
        self.assertEqual(given.environ, before)

    def test_the_request_of_the_moment_may_be_sent_on(self):
        with App("example").test_request_context("/x?a=1"):
            response = Client(echo).open(request)
        self.assertEqual((response.json["PATH_INFO"], response.json["QUERY_STRING"]), ("/x", "a=1"))
        self.assertIs(type(response.request), Request)

    def test_a_request_says_where_it_comes_from(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: [request.remote_addr, request.headers["User-Agent"]])
        client = app.test_client()
        self.assertEqual(client.get("/").json, ["127.0.0.1", "nanoweb"])
        client.environ_base["REMOTE_ADDR"] = "10.0.0.1"
        self.assertEqual(client.get("/", environ_base={"HTTP_USER_AGENT": "curl"}).json, ["10.0.0.1", "curl"])
        builder = EnvironBuilder("/", headers={"User-Agent": "own"})
        for what in [builder, builder.get_request(), builder.get_environ()]:
            with self.subTest(type(what).__name__):
                self.assertEqual(client.open(what).json, ["10.0.0.1", "own"])

    def test_an_application_says_where_it_is(self):
        app = App("example")
        app.config.update(SERVER_NAME="a.example:5000", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
        app.add_url_rule("/", "view", lambda: request.url)
        self.assertEqual(app.test_client().get("/").text, "https://a.example:5000/root/")

    def test_a_request_may_say_who_sends_it(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: [request.authorization.username, request.authorization.password])
        self.assertEqual(app.test_client().get("/", auth=("ada", "open sesame")).json, ["ada", "open sesame"])

    def test_the_response_tells_what_was_asked(self):
        response = Client(echo).post("/x?a=1", data={"b": "2"})
        self.assertIsInstance(response, TestResponse)
        self.assertEqual((response.request.path, response.request.args["a"], response.history), ("/x", "1", ()))
        self.assertIn("<TestResponse", repr(response))
        self.assertFalse(TestResponse.__test__)  # pytest would take it for a test case

    def test_the_body_is_bytes_text_or_json(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: {"a": "ä"})
        response = app.test_client().get("/")
        self.assertEqual((response.json, response.get_json()), ({"a": "ä"}, {"a": "ä"}))
        self.assertEqual((response.text, response.data), ('{"a":"\\u00e4"}\n', b'{"a":"\\u00e4"}\n'))

    def test_json_is_read_by_the_applications_json(self):
        app = App("example")
        app.add_url_rule("/", "view", dict)
        app.json.loads = lambda data: ("read by the application", data)
        self.assertEqual(app.test_client().get("/").json, ("read by the application", b"{}\n"))

    def test_a_response_is_an_application_too(self):
        self.assertEqual(Client(Response('{"a": 1}', mimetype="application/json")).get("/").json, {"a": 1})

    def test_nothing_is_added_to_what_the_application_sent(self):
        def bare(environ, start_response):
            start_response("200 OK", [("X", "1")])
            return [b"x"]

        response = Client(bare).get("/")
        self.assertEqual(
            (list(response.headers), response.content_type, response.is_json), ([("X", "1")], None, False)
        )

    def test_a_stream_runs_while_it_is_read_and_is_closed_then(self):
        log = []

        def endless(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            try:
                while True:
                    log.append("block")
                    yield b"x"
            finally:
                log.append("closed")

        response = Client(endless).get("/")
        self.assertEqual(log, ["block"])
        response.close()
        self.assertEqual(log, ["block", "closed"])
        log.clear()
        blocks = Client(endless).get("/").iter_encoded()
        self.assertEqual([next(blocks), next(blocks), *log], [b"x", b"x", "block", "block"])
        del blocks
        gc.collect()  # where it is not noticed at once
        self.assertEqual(log, ["block", "block", "closed"])

        class Body:
            def __iter__(self):
                return iter([b"a", b"b"])

            def close(self):
                closed.append(True)

        def finite(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return Body()

        closed = []
        Client(finite).get("/")
        gc.collect()
        self.assertEqual(closed, [True])  # and so is one that nobody read
        for buffered in [True, False]:
            with self.subTest(buffered=buffered):
                closed = []
                response = Client(finite).get("/", buffered=buffered)
                self.assertEqual(closed, [True] if buffered else [])
                self.assertEqual((response.text, response.data, closed), ("ab", b"ab", [True]))
                response.close()
                self.assertEqual(closed, [True])

    def test_a_stream_that_breaks_is_closed(self):
        closed = []

        class Body:
            def __iter__(self):
                yield b"x"
                raise ZeroDivisionError

            def close(self):
                closed.append(True)

        def broken(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return Body()

        response = Client(broken).get("/")
        with self.assertRaises(ZeroDivisionError):
            _ = response.data
        self.assertEqual(closed, [True])
        with self.assertRaises(ZeroDivisionError):
            Client(broken).get("/", buffered=True)
        self.assertEqual(closed, [True, True])

    def test_a_response_may_be_of_another_class(self):
        class Own(Response):
            def shout(self):
                return self.get_data(as_text=True).upper()

        class OwnTest(TestResponse):
            pass

        response = Client(echo, Own).get("/x")
        self.assertIsInstance(response, Own)
        self.assertIsInstance(response, TestResponse)
        self.assertIn('"PATH_INFO": "/X"', response.shout())
        self.assertIs(type(Client(echo, OwnTest).get("/")), OwnTest)

    def test_a_response_is_of_the_applications_class(self):
        class Own(Response):
            own = True

        app = App("example")
        app.add_url_rule("/", "view", lambda: "x")
        self.assertIs(type(app.test_client().get("/")), TestResponse)
        app.response_class = Own
        self.assertTrue(app.test_client().get("/").own)

    def test_a_response_can_be_made_for_a_test_of_its_own(self):
        asked = EnvironBuilder("/x").get_request()
        response = TestResponse([b"text"], "200 OK", {"Content-Type": "text/plain"}, asked)
        self.assertEqual((response.text, response.request.path, response.history), ("text", "/x", ()))

    def test_a_bad_host_reaches_the_application(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: request.host)
        for host in ["a b", "a/b", "[", "[::1", "<x>", ""]:
            with self.subTest(host):
                self.assertIn(app.test_client().get("/", headers={"Host": host}).status_code, (200, 400))

    def test_a_client_may_be_used_in_a_with_statement(self):
        with Client(echo) as client:
            self.assertEqual(client.get("/").status_code, 200)
        self.assertIn("<Client of ", repr(client))

    def test_an_error_of_the_application_reaches_the_test(self):
        def broken(environ, start_response):
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            Client(broken).get("/")


class ContextTest(unittest.TestCase):
    """In a with block, a test sees what the last request saw."""

    def setUp(self):
        self.app = App("example")
        self.app.secret_key = "key"
        self.app.testing = True
        self.log = []
        self.app.teardown_request(lambda error: self.log.append((request.path, error)))

        @self.app.route("/<name>")
        def view(name):
            if name == "fail":
                raise LookupError(name)
            g.name = session["name"] = name
            return redirect("/" + name[1:]) if len(name) > 1 else name

        @self.app.route("/stream/<name>")
        def stream(name):
            g.name = name
            return stream_with_context(f"{word} {g.name} " for word in "ab")

    def test_the_last_request_can_be_looked_at_until_the_next_or_the_end(self):
        with self.app.test_client() as client:
            self.assertFalse(has_request_context())
            for name in "ab":
                client.get(f"/{name}")
                self.assertEqual((request.path, g.name, session["name"]), (f"/{name}", name, name))
            self.assertEqual(self.log, [("/a", None)])
        self.assertEqual((self.log, has_request_context()), ([("/a", None), ("/b", None)], False))
        client.get("/c")
        self.assertFalse(has_request_context())

    def test_after_redirects_it_is_the_last_one(self):
        with self.app.test_client() as client:
            client.get("/abc", follow_redirects=True)
            self.assertEqual((request.path, self.log), ("/c", [("/abc", None), ("/bc", None)]))

    def test_a_request_that_fails_is_over_and_its_error_told(self):
        with self.app.test_client() as client:
            client.get("/a")
            with self.assertRaises(LookupError) as caught:
                client.get("/fail")
            self.assertFalse(has_request_context())
            self.assertEqual(self.log, [("/a", None), ("/fail", caught.exception)])
            client.get("/b")
            self.assertEqual(request.path, "/b")
        self.app.testing = False
        with self.assertLogs(self.app.logger), self.app.test_client() as client:
            self.assertEqual(client.get("/fail").status_code, 500)
            self.assertEqual(request.path, "/fail")
        self.assertEqual(repr(self.log[-1]), "('/fail', LookupError('fail'))")

    def test_a_stream_and_the_test_look_at_the_same_context(self):
        with self.app.test_client() as client:
            response = client.get("/stream/x")
            self.assertEqual((g.name, response.text, g.name), ("x", "a x b x ", "x"))
            self.assertEqual(self.log, [])
        self.assertEqual(self.log, [("/stream/x", None)])

    def test_two_clients_can_be_in_such_blocks(self):
        with self.app.test_client() as outer:
            outer.get("/o")
            with self.app.test_client() as inner:
                inner.get("/i")
                self.assertEqual(request.path, "/i")
            self.assertEqual(request.path, "/o")
            with self.assertRaisesRegex(RuntimeError, "in a with block already"), outer:
                pass

    def test_a_request_that_is_sent_again_without_a_block_leaves_no_context(self):
        with self.app.test_client() as client:
            response = client.get("/a")
        client.open(response.request)
        self.assertEqual((has_request_context(), len(self.log)), (False, 2))

    def test_an_error_in_the_test_leaves_no_context(self):
        with self.assertRaises(ZeroDivisionError), self.app.test_client() as client:
            client.get("/a")
            raise ZeroDivisionError
        self.assertEqual((has_request_context(), len(self.log)), (False, 1))

    def test_it_is_no_garbage_afterwards(self):
        def work():
            with self.app.test_client() as client:
                client.get("/abc", follow_redirects=True)
                with client.session_transaction() as opened:
                    opened["name"] = "x"
                return client.get("/stream/x").text

        work()
        gc.collect()
        self.assertEqual((work(), gc.collect()), ("a x b x ", 0))


class SessionTransactionTest(unittest.TestCase):
    """What the next request finds in its session."""

    def setUp(self):
        self.app = App("example")
        self.app.secret_key = "key"
        self.app.add_url_rule("/", "view", lambda: repr(sorted(session.items())))
        self.client = self.app.test_client()

    def test_it_is_saved_at_the_end_of_the_block(self):
        with self.client.session_transaction() as opened:
            opened["a"] = (1, 2)
            self.assertFalse(has_request_context())
        self.assertEqual(self.client.get("/").text, "[('a', (1, 2))]")
        with self.client.session_transaction() as opened:
            self.assertEqual(opened.pop("a"), (1, 2))
        self.assertEqual((self.client.get("/").text, self.client.get_cookie("session")), ("[]", None))

    def test_an_error_in_the_block_saves_nothing(self):
        with self.assertRaises(ZeroDivisionError), self.client.session_transaction() as opened:
            opened["a"] = 1
            raise ZeroDivisionError
        self.assertEqual(self.client.get("/").text, "[]")

    def test_its_address_decides_which_cookies_count(self):
        with self.client.session_transaction("/", base_url="https://one.example/") as opened:
            opened["a"] = 1
        for url, text in [("https://one.example/", "[('a', 1)]"), ("https://two.example/", "[]")]:
            self.assertEqual(self.client.get("/", base_url=url).text, text)

    def test_within_a_with_block_the_test_keeps_its_request(self):
        with self.client:
            self.client.get("/?q")
            with self.client.session_transaction() as opened:
                opened["a"] = 1
                self.assertEqual(request.query_string, b"q")
            self.assertEqual(request.query_string, b"q")
            self.assertEqual(self.client.get("/").text, "[('a', 1)]")

    def test_no_hook_runs_but_teardown_once(self):
        log = []
        self.app.before_request(lambda: log.append("before"))
        self.app.teardown_request(lambda error: log.append("teardown"))
        with self.client.session_transaction() as opened:
            opened["a"] = 1
            self.assertEqual(log, [])
        self.assertEqual(log, ["teardown"])

    def test_an_interface_of_your_own_is_asked(self):
        log = []

        class Own(SessionInterface):
            def open_session(self, app, request):
                log.append(("open", request.path))
                return {}

            def save_session(self, app, session, response):
                log.append(("save", session, request.path))

        self.app.session_interface = Own()
        with self.client.session_transaction("/there") as opened:
            opened["a"] = 1
        self.assertEqual(log[-2:], [("open", "/there"), ("save", {"a": 1}, "/there")])

    def test_where_there_can_be_none_it_says_so(self):
        self.app.secret_key = None
        for client, error, text in [
            (self.client, RuntimeError, "no secret key"),
            (self.app.test_client(use_cookies=False), TypeError, "use_cookies"),
        ]:
            with self.assertRaisesRegex(error, text), client.session_transaction():
                self.fail("it was opened")


if __name__ == "__main__":
    unittest.main()
