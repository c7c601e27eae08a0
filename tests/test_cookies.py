import unittest
import warnings
from datetime import datetime, timedelta, timezone

from nanoweb.cookies import dump_cookie, parse_cookie
from nanoweb.headers import parse_date

UTC = timezone.utc
NOVEMBER = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


class CaseTest(unittest.TestCase):
    def check(self, function, cases):
        for *arguments, expected in cases:
            with self.subTest(arguments):
                self.assertEqual(function(*arguments), expected)


class ParseCookieTest(CaseTest):
    """RFC 6265, section 5.4, and what browsers and attackers send."""

    def test_cookies_come_in_the_order_sent(self):
        self.check(
            parse_cookie,
            [
                (None, []),
                ("", []),
                ("a=b", [("a", "b")]),
                ("a=1; b=2; a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
                ("a=1;b=2 ;\tc=3;", [("a", "1"), ("b", "2"), ("c", "3")]),
                ("a", [("a", "")]),
                ("a=", [("a", "")]),
                ("a=b=c", [("a", "b=c")]),
                ("a = b", [("a", "b")]),
                ("a=%20,b", [("a", "%20,b")]),
                ("a[b]=c", [("a[b]", "c")]),
            ],
        )

    def test_a_cookie_without_a_name_cannot_pass_for_another(self):
        for text in [
            "=__Host-test=bad; a=1",
            " =__Host-test=bad;a=1",
            '="x"; a=1',
            "==__Host-test=bad; a=1",
            ";=b;a=1",
        ]:
            with self.subTest(text):
                self.assertEqual(parse_cookie(text), [("a", "1")])

    def test_quoted_values_are_unquoted(self):
        self.check(
            parse_cookie,
            [
                ('a="b"', [("a", "b")]),
                ('a=""', [("a", "")]),
                ('a="b; c=d"; e=f', [("a", "b; c=d"), ("e", "f")]),
                ('a="b; c=d; g"; e=f', [("a", "b; c=d; g"), ("e", "f")]),  # c is no cookie
                ('a= "b" ; e=f', [("a", "b"), ("e", "f")]),
                (r'a="\073\"\\"', [("a", ';"\\')]),
                (r'a="\303\251"', [("a", "é")]),
                (r'a="\351"', [("a", "\ufffd")]),
                (r'a="\400\12"', [("a", "40012")]),
                (r"a=\073", [("a", r"\073")]),
            ],
        )

    def test_what_cannot_be_read_is_left_out_and_the_rest_is_not(self):
        self.check(
            parse_cookie,
            [
                ("a=b c; d=e", [("d", "e")]),
                ("a b=c; d=e", [("d", "e")]),
                ("a\tb=c; f=g\th; d=e", [("d", "e")]),
                ('a="b"c; d=e', [("d", "e")]),
                ('a=b"c"; d=e', [("d", "e")]),
                ('"a"="b"; d=e', [("d", "e")]),
                ('a="b; d=e', [("d", "e")]),
                ('a={"x": 1}; d=e', [("d", "e")]),
                (r'a="\"; d=e', [("d", "e")]),
            ],
        )

    def test_bytes_over_127_are_utf_8_or_replaced(self):
        self.check(
            parse_cookie,
            [
                ("a=\xc3\xa9", [("a", "é")]),
                ("\xc3\xa9=a", [("é", "a")]),
                ('a="\xc3\xa9"', [("a", "é")]),
                ("a=\xe9; b=c", [("a", "\ufffd"), ("b", "c")]),
                ("a=日; b=c", [("a", "?"), ("b", "c")]),
            ],
        )


class DumpCookieTest(CaseTest):
    """RFC 6265, section 4.1, and the attributes that came after it."""

    def check_dump(self, cases):
        for arguments, options, expected in cases:
            with self.subTest(arguments, **options):
                self.assertEqual(dump_cookie(*arguments, **options), expected)

    def test_values_are_quoted_as_they_always_were(self):
        self.check_dump(
            [
                (("a", "b"), {}, "a=b; Path=/"),
                (("a",), {}, "a=; Path=/"),
                (("a", 'a;b, "cé\n'), {}, r'a="a\073b\054 \"c\303\251\012"; Path=/'),
                (("a", "!#$%&'()*+-./:<=>?@[]^_`{|}~"), {}, "a=!#$%&'()*+-./:<=>?@[]^_`{|}~; Path=/"),
                (("a", "\\"), {}, r'a="\\"; Path=/'),
                (("a", " "), {}, 'a=" "; Path=/'),
                (("a", "\x00\x1a\x1f\x7f"), {}, r'a="\000\032\037\177"; Path=/'),
                (("é", "b"), {}, "\xc3\xa9=b; Path=/"),
            ]
        )

    def test_every_value_survives(self):
        for value in ["", "a", 'a;b, "cé\n', "\\", r"\073", '"', "a=b", "日😀", " x ", "".join(map(chr, range(256)))]:
            with self.subTest(value):
                self.assertEqual(parse_cookie(dump_cookie("a", value, path=None)), [("a", value)])

    def test_attributes_are_written(self):
        self.check_dump(
            [
                (("a", "b"), {"path": None}, "a=b"),
                (("a", "b"), {"path": "/é;x y"}, "a=b; Path=/%C3%A9%3Bx%20y"),
                (("a", "b"), {"path": "/a\r\nb"}, "a=b; Path=/a%0D%0Ab"),
                (("a", "b"), {"domain": ".Example.com"}, "a=b; Domain=Example.com; Path=/"),
                (("a", "b"), {"domain": "exämple.com"}, "a=b; Domain=xn--exmple-cua.com; Path=/"),
                (("a", "b"), {"domain": "localhost:5000"}, "a=b; Domain=localhost; Path=/"),
                (("a", "b"), {"secure": True, "httponly": True}, "a=b; Secure; HttpOnly; Path=/"),
                (("a", "b"), {"samesite": "lax"}, "a=b; Path=/; SameSite=Lax"),
                (("a", "b"), {"samesite": "NONE"}, "a=b; Path=/; SameSite=None"),
                (("a", "b"), {"partitioned": True}, "a=b; Secure; Path=/; Partitioned"),
                (("a", "b"), {"max_age": 5, "sync_expires": False}, "a=b; Max-Age=5; Path=/"),
                (("a", "b"), {"max_age": timedelta(days=1), "sync_expires": False}, "a=b; Max-Age=86400; Path=/"),
                (("a", "b"), {"expires": 0}, "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
                (("a", "b"), {"expires": NOVEMBER}, "a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/"),
                (("a", "b"), {"expires": "Sun, 06 Nov 1994"}, "a=b; Expires=Sun, 06 Nov 1994; Path=/"),
                (
                    ("a", "b"),
                    {"expires": 0, "max_age": 0, "domain": "x.org", "secure": True},
                    "a=b; Domain=x.org; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/",
                ),
            ]
        )

    def test_max_age_is_written_as_a_date_too(self):
        parts = dict(part.split("=", 1) for part in dump_cookie("a", "b", max_age=3600).split("; "))
        left = parse_date(parts["Expires"]) - datetime.now(UTC)
        self.assertTrue(timedelta(minutes=50) < left < timedelta(minutes=70), left)

    def test_a_name_that_would_be_another_cookie_is_refused(self):
        for name in ["", " ", "a b", "a=b", "a;b", "a,b", 'a"b', "a\tb", "a\r\nb", "a\0", "a\x7f"]:
            with self.subTest(name), self.assertRaisesRegex(ValueError, "cookie name"):
                dump_cookie(name, "b")

    def test_control_characters_are_refused_in_every_attribute(self):
        for character in map(chr, [*range(32), 127]):
            for attribute in ["domain", "expires", "samesite"]:
                with self.subTest(character, attribute=attribute), self.assertRaises(ValueError):
                    dump_cookie("a", "b", **{attribute: f"Lax{character}"})

    def test_an_attribute_cannot_bring_in_another(self):
        for attribute in [
            {"domain": "a.org; Secure"},
            {"domain": "a..org"},
            {"domain": "[::1]"},
            {"domain": "."},
            {"expires": "now; Domain=b.org"},
            {"samesite": "Lax; Secure"},
        ]:
            with self.subTest(**attribute), self.assertRaises(ValueError):
                dump_cookie("a", "b", **attribute)
        self.assertNotIn("; Domain", dump_cookie("a", "b", path="/; Domain=b.org"))

    def test_samesite_is_one_of_three(self):
        for wrong in ["", "Laxx", "true", "Non"]:
            with self.subTest(wrong), self.assertRaisesRegex(ValueError, "'Strict', 'Lax', 'None'"):
                dump_cookie("a", "b", samesite=wrong)

    def test_a_prefix_must_be_true(self):
        for name, options in [
            ("__Secure-a", {}),
            ("__SECURE-a", {}),
            ("__Host-a", {}),
            ("__Host-a", {"secure": True, "path": "/x"}),
            ("__Host-a", {"secure": True, "path": None}),
            ("__host-a", {"secure": True, "domain": "a.org"}),
        ]:
            with self.subTest(name, **options), self.assertRaisesRegex(ValueError, "browsers"):
                dump_cookie(name, "b", **options)
        self.assertEqual(dump_cookie("__Host-a", "b", secure=True), "__Host-a=b; Secure; Path=/")
        self.assertEqual(
            dump_cookie("__Secure-a", "b", partitioned=True, path=None), "__Secure-a=b; Secure; Partitioned"
        )

    def test_a_value_is_text(self):
        for wrong in [5, None, b"b", ["b"]]:
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "not text"):
                dump_cookie("a", wrong)

    def test_a_cookie_that_browsers_drop_is_warned_of(self):
        with self.assertWarnsRegex(UserWarning, "'a' takes 4094 bytes"):
            dump_cookie("a", "b" * (4094 - len("a=; Path=/")))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            dump_cookie("a", "b" * (4093 - len("a=; Path=/")))
            dump_cookie("a", "b" * 5000, max_size=0)
