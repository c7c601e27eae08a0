import unittest

from nanoweb.urls import iri_to_uri, uri_to_iri
from tests.growth import is_linear


class UrlTest(unittest.TestCase):
    def check(self, function, cases):
        for address, expected in cases:
            with self.subTest(address):
                self.assertEqual(function(address), expected)


class IriToUriTest(UrlTest):
    """RFC 3987, section 3.1."""

    def test_what_is_ascii_already_stays_as_it_is(self):
        for address in [
            "",
            "/",
            "/a/b.html",
            "/already%20quoted",
            "/a;b=1,2:3@4!$&'()*+~",
            "?a=1&b=2",
            "#top",
            "http://example.com/a?b=c#d",
            "//example.com/a",
            "http://user:secret@example.com:8080/",
            "http://[::1]:5000/",
            "http://[fe80::1%25Eth0]/",
            "mailto:ada@example.com",
            "../up",
            "/%zz",
        ]:
            with self.subTest(address):
                self.assertEqual(iri_to_uri(address), address)

    def test_each_part_is_quoted_by_its_own_rule(self):
        self.check(
            iri_to_uri,
            [
                ("/größe", "/gr%C3%B6%C3%9Fe"),
                ('/a b"<>\\^`{|}[]', "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D"),
                ("?q=ä b/?@", "?q=%C3%A4%20b/?@"),
                ("#fuß#2", "#fu%C3%9F#2"),
                ("http://ü:ß@example.com/", "http://%C3%BC:%C3%9F@example.com/"),
                ("/\U0001f600", "/%F0%9F%98%80"),
                ("über:x", "%C3%BCber:x"),  # no scheme: that is ASCII
            ],
        )

    def test_host_names_are_in_ascii_and_lower_case(self):
        self.check(
            iri_to_uri,
            [
                ("http://bücher.example/", "http://xn--bcher-kva.example/"),
                ("HTTP://EXAMPLE.com/A", "http://example.com/A"),
                ("//日本語.jp", "//xn--wgv71a119e.jp"),
                ("http://my_service:80/", "http://my_service:80/"),
                ("http://example.com:/", "http://example.com/"),
                ("http://example.com:0080/", "http://example.com:80/"),
                ("http://example.com./", "http://example.com./"),
            ],
        )

    def test_doing_it_twice_changes_nothing_more(self):
        for address in ["/größe a", "http://bücher.example/ä?ö=ü#ß", "/100%", "/%C3%A4%zz", "//a/\\b"]:
            with self.subTest(address):
                once = iri_to_uri(address)
                self.assertEqual(iri_to_uri(once), once)
                self.assertTrue(once.isascii() and " " not in once)

    def test_an_empty_query_or_fragment_stays(self):
        for address in ["/a?", "/a#", "/a?#", "http://example.com?"]:
            with self.subTest(address):
                self.assertEqual(iri_to_uri(address), address)

    def test_a_path_never_turns_into_a_host(self):
        # urlsplit() drops blanks in front, tabs and line breaks, urlunsplit() slashes: these became hosts.
        self.check(
            iri_to_uri,
            [
                (" //evil.example", "%20//evil.example"),
                ("////evil.example", "////evil.example"),
                ("///evil.example", "///evil.example"),
                ("/\\evil.example", "/%5Cevil.example"),
                ("\\\\evil.example", "%5C%5Cevil.example"),
                ("http:evil", "http:evil"),
                (" http://evil.example", "%20http://evil.example"),
            ],
        )

    def test_tabs_and_line_breaks_are_refused_wherever_they_stand(self):
        for character in "\t\r\n":
            for pattern in ["/a_b", "_//evil.example", "/_/evil.example", "http://a_b/", "/a?b_", "/a#_", "/a_"]:
                address = pattern.replace("_", character)
                with self.subTest(address), self.assertRaisesRegex(ValueError, "has a tab or line break in it"):
                    iri_to_uri(address)

    def test_other_control_characters_are_quoted_but_stand_in_no_host(self):
        for code in [*range(9), 11, 12, *range(14, 32), 127]:
            with self.subTest(code):
                self.assertEqual(iri_to_uri(f"{chr(code)}//evil.example"), f"%{code:02X}//evil.example")
                self.assertEqual(iri_to_uri(f"/?{chr(code)}#{chr(code)}"), f"/?%{code:02X}#%{code:02X}")
                self.assertRaises(ValueError, iri_to_uri, f"http://a{chr(code)}b/")

    def test_a_host_or_port_that_can_be_none_is_refused(self):
        for address in [
            "http://a b/",
            "http://<x>/",
            "http://a\\b/",
            "http://[::1",
            "http://[::1]x/",
            "http://[<>]/",
            "http://[]/",
            "http://[:]/",
            "http://[1.2.3.4]/",
            "http://[::1::]/",
            "http://./",
            "http://.a/",
            "http://a..b/",
            "http://::1/",
            "http://a:b/",
            "http://a:٣/",
            "http://a:99999/",
            "http://a:0000000080/",
            "http://ä..b/",
            "http://ａ／ｂ/",  # letters that become "a/b" in ASCII: CVE-2019-9636
            "http://evil．example＠good/",
            "//a|b",
        ]:
            with self.subTest(address), self.assertRaises(ValueError):
                iri_to_uri(address)

    def test_a_host_is_what_stands_behind_the_last_at_sign(self):
        self.check(
            iri_to_uri,
            [
                ("http://good.example@evil.example/", "http://good.example@evil.example/"),
                ("//evil.example\\@good.example/", "//evil.example%5C@good.example/"),
                ("http://a:b@c@d/", "http://a:b%40c@d/"),
            ],
        )


class UriToIriTest(UrlTest):
    """RFC 3987, section 3.2."""

    def test_what_people_can_read_is_unquoted(self):
        self.check(
            uri_to_iri,
            [
                ("/gr%C3%B6%c3%9fe", "/größe"),
                ("http://xn--bcher-kva.example/", "http://bücher.example/"),
                ("http://XN--BCHER-KVA.example/A", "http://bücher.example/A"),
                ("http://u%C3%BC:p%C3%9F@a/", "http://uü:pß@a/"),
                ("?a=%C3%A4#%C3%B6", "?a=ä#ö"),
                ("/%41%7E%22", '/A~"'),
                ("http://example.com:8000/a?b", "http://example.com:8000/a?b"),
                ("http://[::1]:8000/", "http://[::1]:8000/"),
                ("", ""),
            ],
        )

    def test_what_would_change_the_meaning_stays_quoted(self):
        for address in [
            "/a%2Fb%3Fc%23d%25e",
            "?a%26b%3Dc%2Bd%23e%25",
            "#a%25b",
            "http://a%40b:c%3Ad%2Fe@f/",
            "/100%",
            "/%zz",
        ]:
            with self.subTest(address):
                self.assertEqual(uri_to_iri(address), address)

    def test_what_cannot_be_seen_stays_quoted(self):
        for code in ["%00", "%0A", "%1B", "%20", "%7F", "%C2%85", "%C2%A0", "%E2%80%8B", "%E2%80%AE", "%EF%BB%BF"]:
            for address in [f"/a{code}b", f"?{code}", f"#{code}", f"http://{code}@a/"]:
                with self.subTest(address):
                    self.assertEqual(uri_to_iri(address), address)

    def test_bytes_that_are_no_utf_8_stay_quoted(self):
        self.check(uri_to_iri, [("/%FF%C3%A4%C3", "/%FFä%C3"), ("/%ed%a0%80", "/%ED%A0%80"), ("/%c3%28", "/%C3(")])

    def test_a_host_that_only_looks_encoded_stays_as_it_is(self):
        # The last is half in the one and half in the other: nobody wrote that.
        for address in ["http://xn--/", "http://xn--zz--.com/", f"http://xn--{'a' * 80}/", "http://xn--bcher-kva.é/"]:
            with self.subTest(address):
                self.assertEqual(uri_to_iri(address), address)

    def test_and_back_it_is_the_same_address(self):
        for uri in [
            "http://xn--bcher-kva.example:8080/gr%C3%B6%C3%9Fe?q=a%26b%20c&d=%C3%A4#fu%C3%9F",
            "/a%2Fb%00%FF%E2%80%AE",
            "http://u%40x:p%3A@example.com/",
        ]:
            with self.subTest(uri):
                self.assertEqual(iri_to_uri(uri_to_iri(uri)), uri)


class AttackTest(unittest.TestCase):
    """What takes long must be refused, or take a time that grows with the length alone."""

    def test_a_long_host_name_is_refused_at_once(self):
        # The idna codec takes quadratic time: CVE-2022-45061.
        for host in ["ä" * 100_000, "ä." * 50_000, "a" * 300 + "ä"]:
            with self.subTest(host[:9]), self.assertRaisesRegex(ValueError, "253 is the most") as caught:
                iri_to_uri(f"http://{host}/")
            self.assertLess(len(str(caught.exception)), 200)

    def test_no_address_takes_quadratic_time(self):
        for function in [iri_to_uri, uri_to_iri]:
            for start, middle in [
                ("/", "%"),
                ("/", "%C3"),
                ("/", "%2F%41"),
                ("/", "ä"),
                ("http://", "xn--a."),
                ("http://", "@"),
                ("http://", "a"),
                ("a", "+"),
                ("", "?#"),
                ("", "//"),
            ]:
                with self.subTest(function.__name__, attack=start + middle):
                    short, long = (start + middle * count for count in (1_000, 16_000))
                    self.assertTrue(is_linear(function, short, long))


if __name__ == "__main__":
    unittest.main()
