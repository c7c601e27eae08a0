import base64
import copy
import pickle
import unittest

from nanoweb.credentials import Authorization, WWWAuthenticate
from nanoweb.exceptions import Unauthorized
from nanoweb.fields import Headers

DIGEST = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
    'response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def basic(data):
    return "Basic " + base64.b64encode(data).decode("ascii")


def copies(value):
    """Yield (how, copy) for every way to copy a value."""
    yield "copy", copy.copy(value)
    yield "deepcopy", copy.deepcopy(value)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield f"pickle {protocol}", pickle.loads(pickle.dumps(value, protocol))


class BasicTest(unittest.TestCase):
    """RFC 7617."""

    def test_it_holds_a_user_and_a_password(self):
        for data, username, password in [
            (b"Aladdin:open sesame", "Aladdin", "open sesame"),
            ("jürgen:größe".encode(), "jürgen", "größe"),
            (b"user:a:b::", "user", "a:b::"),
            (b"user:", "user", ""),
            (b":token", "", "token"),
            (b":", "", ""),
        ]:
            with self.subTest(data):
                auth = Authorization.from_header(basic(data))
                self.assertEqual(
                    (auth.type, auth.username, auth.password, auth.token), ("basic", username, password, None)
                )
                self.assertEqual(auth.to_header(), basic(data))
                self.assertEqual(auth, Authorization("basic", {"username": username, "password": password}))

    def test_the_scheme_is_written_in_any_case_and_blanks_are_none_of_it(self):
        text = basic(b"a:b")[6:]
        for field in [f"basic {text}", f"BASIC   {text}", f"Basic {text} ", f"Basic {text}\t"]:
            with self.subTest(field):
                self.assertEqual(
                    Authorization.from_header(field), Authorization("basic", {"username": "a", "password": "b"})
                )
        self.assertEqual(Authorization("Basic", {"username": "a", "password": "b"}).to_header(), f"Basic {text}")

    def test_what_is_malformed_is_no_authorization(self):
        for field in [
            "Basic",
            "Basic ",
            basic(b"no colon"),
            basic(b"a\xff:b"),  # not UTF-8
            basic(b"a\0b:c"),
            basic(b"a:b\r\nc"),
            basic(b"a:b\x7f"),
            "Basic YTpi!",
            "Basic YTpi YTpi",
            "Basic YTp\ni",
            "Basic YTo",  # the padding is missing
            "Basic YTo==",
            "Basic YTo=YTo=",
            "Basic YTp=",  # the same bytes as "YTo=", in another spelling
            "Basic é",
            "Basic ٣",
            'Basic username="a", password="b"',
            "Basic\tYTpi",
            "Basic:YTpi",
        ]:
            with self.subTest(field):
                self.assertIsNone(Authorization.from_header(field))

    def test_what_would_be_read_otherwise_is_not_sent(self):
        for data in [
            {},
            {"username": "a"},
            {"password": "b"},
            {"username": "a:b", "password": "c"},
            {"username": "a\n", "password": "b"},
            {"username": "a", "password": "b\0"},
        ]:
            with self.subTest(data), self.assertRaises(ValueError):
                Authorization("basic", data).to_header()


class AuthorizationTest(unittest.TestCase):
    """RFC 9110, section 11.4; RFC 6750 (Bearer); RFC 7616 (Digest)."""

    def test_a_token_is_what_has_no_equals_sign_but_at_the_end(self):
        for field, scheme, token in [
            ("Bearer mF_9.B5f-4.1JqM", "bearer", "mF_9.B5f-4.1JqM"),
            ("bearer  abc== ", "bearer", "abc=="),
            ("Negotiate", "negotiate", ""),
            ("Token 1|a:b", "token", "1|a:b"),
        ]:
            with self.subTest(field):
                auth = Authorization.from_header(field)
                self.assertEqual((auth.type, auth.token, auth.parameters), (scheme, token, {}))
                self.assertEqual(auth.to_header(), f"{scheme.title()} {token}".rstrip())
        self.assertEqual(str(Authorization("bearer", token="abc")), "Bearer abc")

    def test_parameters_are_items_and_attributes(self):
        auth = Authorization.from_header(DIGEST)
        self.assertEqual((auth.type, auth.token), ("digest", None))
        self.assertEqual((auth.username, auth["uri"], auth.get("nc")), ("Mufasa", "/dir/index.html", "00000001"))
        self.assertEqual((auth.missing, auth["missing"], auth.get("missing", "x")), (None, None, "x"))
        self.assertTrue("qop" in auth and "missing" not in auth)
        auth = Authorization.from_header("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=c;d, flag, Signature=e")
        self.assertEqual(auth.type, "aws4-hmac-sha256")
        self.assertEqual(
            auth.parameters, {"Credential": "a/b", "SignedHeaders": "c;d", "flag": None, "Signature": "e"}
        )

    def test_digest_is_quoted_as_its_rfc_wants(self):
        self.assertEqual(Authorization.from_header(DIGEST).to_header(), DIGEST)
        plain = 'Digest username="a", realm="b", uri="c", algorithm=d, nonce="e", nc=f, cnonce="g", qop=h, '
        plain += 'response="i", opaque="j"'
        self.assertEqual(Authorization.from_header(plain).to_header(), plain)
        auth = Authorization(
            "digest", {"username": "a", "qop": "auth-int", "algorithm": "not a token", "opaque": None}
        )
        self.assertEqual(auth.to_header(), 'Digest username="a", qop=auth-int, algorithm="not a token", opaque')

    def test_what_has_no_scheme_is_none(self):
        for field in [None, "", " ", " Bearer x", "Bearer/x y", "é x", '"Basic" YTpi', ", Basic YTpi"]:
            with self.subTest(field):
                self.assertIsNone(Authorization.from_header(field))
                self.assertIsNone(WWWAuthenticate.from_header(field))

    def test_its_repr_keeps_the_secret(self):
        for field, shown in [
            (basic(b"ada:secret"), "<Authorization Basic 'ada'>"),
            ("Bearer secret", "<Authorization Bearer>"),
            ("Digest username=ada, response=secret", "<Authorization Digest 'ada'>"),
        ]:
            self.assertEqual(repr(Authorization.from_header(field)), shown)

    def test_equal_are_those_that_say_the_same(self):
        auth = Authorization("bearer", token="a")
        self.assertEqual(auth, Authorization("Bearer", {}, "a"))
        for other in [
            Authorization("bearer", token="b"),
            Authorization("x", token="a"),
            WWWAuthenticate("bearer", token="a"),
            "Bearer a",
        ]:
            self.assertNotEqual(auth, other)
        self.assertEqual(auth, type("Ours", (Authorization,), {})("bearer", token="a"))
        self.assertRaises(TypeError, hash, auth)

    def test_it_can_be_copied(self):
        for field in [DIGEST, "Bearer abc", basic(b"a:b")]:
            auth = Authorization.from_header(field)
            for name, other in copies(auth):
                with self.subTest(field, name=name):
                    self.assertEqual((type(other), other), (Authorization, auth))
                    other.parameters["x"] = "y"
                    self.assertNotIn("x", auth)

    def test_what_python_looks_for_is_no_parameter(self):
        auth = Authorization("bearer", token="a")
        for name in ["__html__", "__deepcopy__", "_repr_html_"]:
            self.assertFalse(hasattr(auth, name), name)
        with self.assertRaises(AttributeError):
            Authorization.__new__(Authorization).username  # noqa: B018

    def test_reading_takes_no_longer_for_what_is_hostile(self):
        for field in [
            "Basic " + "A" * 200000,
            "Digest " + 'a="\\' * 50000,
            "Bearer " + "=" * 200000 + "x",
            " " * 200000,
        ]:
            Authorization.from_header(field)  # would not end if it were quadratic


class WWWAuthenticateTest(unittest.TestCase):
    """RFC 9110, section 11.6.1."""

    def test_a_realm_is_always_quoted(self):
        for challenge, field in [
            (
                WWWAuthenticate("basic", {"realm": "kitchen", "charset": "UTF-8"}),
                'Basic realm="kitchen", charset=UTF-8',
            ),
            (
                WWWAuthenticate("Bearer", {"realm": "a", "error": "invalid_token"}),
                'Bearer realm="a", error=invalid_token',
            ),
            (WWWAuthenticate("negotiate"), "Negotiate"),
            (WWWAuthenticate("negotiate", token="a=="), "Negotiate a=="),
            (WWWAuthenticate("x", {"realm": 'a "b" \\c', "flag": None}), r'X realm="a \"b\" \\c", flag'),
        ]:
            with self.subTest(field):
                self.assertEqual((challenge.to_header(), str(challenge)), (field, field))
                self.assertEqual(repr(challenge), f"<WWWAuthenticate {field}>")
                read = WWWAuthenticate.from_header(field)
                self.assertEqual((read.type, dict(read.parameters)), (challenge.type, dict(challenge.parameters)))

    def test_digest_is_quoted_as_its_rfc_wants(self):
        values = {
            "realm": "a",
            "domain": "d",
            "nonce": "n",
            "opaque": "o",
            "qop": "auth",
            "stale": "TRUE",
            "algorithm": "MD5",
        }
        self.assertEqual(
            WWWAuthenticate("digest", values).to_header(),
            'Digest realm="a", domain="d", nonce="n", opaque="o", qop="auth", stale=TRUE, algorithm=MD5',
        )

    def test_every_change_is_told_after_it_happened(self):
        for name, change, expected in [
            ("attribute", lambda asked: setattr(asked, "charset", "UTF-8"), 'Basic realm="a", charset=UTF-8'),
            ("item", lambda asked: asked.__setitem__("realm", "b"), 'Basic realm="b"'),
            ("None", lambda asked: setattr(asked, "realm", None), "Basic"),
            ("del attribute", lambda asked: delattr(asked, "realm"), "Basic"),
            ("del item", lambda asked: asked.__delitem__("realm"), "Basic"),
            ("parameters", lambda asked: asked.parameters.update(x="y"), 'Basic realm="a", x=y'),
            ("new parameters", lambda asked: setattr(asked, "parameters", {"x": "y"}), "Basic x=y"),
            ("type", lambda asked: setattr(asked, "type", "Digest"), 'Digest realm="a"'),
            ("token", lambda asked: setattr(asked, "token", "t"), "Basic t"),
        ]:
            with self.subTest(name):
                fields = []
                asked = WWWAuthenticate("basic", {"realm": "a"}, on_update=lambda asked: fields.append(str(asked)))  # noqa: B023
                change(asked)
                self.assertEqual(fields, [expected])

    def test_what_changes_nothing_is_not_told(self):
        asked = WWWAuthenticate("basic", {"realm": "a"})
        asked.on_update = lambda asked: self.fail("told")
        asked.missing = None
        del asked.missing, asked["missing"]
        self.assertEqual(
            (asked.realm, asked["realm"], asked.get("missing"), "realm" in asked), ("a", "a", None, True)
        )

    def test_new_parameters_are_listened_to_as_well(self):
        fields = []
        asked = WWWAuthenticate("basic", on_update=lambda asked: fields.append(str(asked)))
        asked.parameters = {"a": "1"}
        asked.parameters["b"] = "2"
        asked.c = "3"
        self.assertEqual(fields, ["Basic a=1", "Basic a=1, b=2", "Basic a=1, b=2, c=3"])

    def test_a_copy_tells_nobody(self):
        asked = WWWAuthenticate("basic", {"realm": "a"}, on_update=lambda asked: self.fail("told"))
        for name, other in copies(asked):
            with self.subTest(name):
                self.assertEqual((type(other), other), (WWWAuthenticate, asked))
                other.realm = "b"
                other.parameters["x"] = "y"
                self.assertEqual(dict(asked.parameters), {"realm": "a"})

    def test_a_second_challenge_in_the_field_is_read_as_more_of_the_first(self):
        asked = WWWAuthenticate.from_header('Basic realm="a", Digest realm="b", nonce="c"')
        self.assertEqual(dict(asked.parameters), {"realm": "a", "Digest realm": "b", "nonce": "c"})

    def test_an_error_and_headers_take_it_as_it_is(self):
        asked = WWWAuthenticate("basic", {"realm": "kitchen"})
        self.assertIn(
            ("WWW-Authenticate", 'Basic realm="kitchen"'), Unauthorized(www_authenticate=asked).get_headers()
        )
        headers = Headers()
        with self.assertRaisesRegex(ValueError, "header WWW-Authenticate"):
            headers["WWW-Authenticate"] = WWWAuthenticate("basic", {"realm": "a\r\nSet-Cookie: admin=1"})


if __name__ == "__main__":
    unittest.main()
