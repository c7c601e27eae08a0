"""The cookies that a client keeps: what it reads in Set-Cookie, and where it sends it (RFC 6265, section 5)."""

import unittest
from datetime import datetime, timezone

from nanoweb.cookiejar import Cookie, CookieJar


def read(field, host="a.example", path="/dir/page"):
    return Cookie.parse(field, host, path)


class ReadTest(unittest.TestCase):
    """Set-Cookie, sections 5.2 and 5.3."""

    def test_a_cookie_has_what_the_field_says(self):
        cookie = read(
            'a="b\\073c"; Path=/x; Secure; HttpOnly; SameSite=Lax; Max-Age=5; Expires=Fri, 01 Jan 2199 00:00:00 GMT'
        )
        self.assertEqual((cookie.key, cookie.value, cookie.decoded_value), ("a", '"b\\073c"', "b;c"))
        self.assertEqual((cookie.domain, cookie.path, cookie.origin_only), ("a.example", "/x", True))
        self.assertEqual((cookie.secure, cookie.http_only, cookie.same_site), (True, True, "Lax"))
        self.assertEqual((cookie.max_age, cookie.expires), (5, datetime(2199, 1, 1, tzinfo=timezone.utc)))
        self.assertEqual(repr(cookie), "<Cookie a='\"b\\\\073c\"' of a.example/x>")

    def test_a_cookie_may_say_next_to_nothing(self):
        cookie = read("a")
        self.assertEqual((cookie.key, cookie.value, cookie.decoded_value), ("a", "", ""))
        self.assertEqual((cookie.secure, cookie.http_only, cookie.same_site), (False, False, None))
        self.assertEqual((cookie.max_age, cookie.expires, cookie.is_expired), (None, None, False))
        self.assertEqual((cookie.domain, cookie.path, cookie.origin_only), ("a.example", "/dir", True))

    def test_blanks_around_names_and_values_do_not_count(self):
        cookie = read(" a = 1 ; Path = /x ;\tMax-Age\t=\t0\t")
        self.assertEqual((cookie.key, cookie.value, cookie.path, cookie.max_age), ("a", "1", "/x", 0))

    def test_what_has_no_name_is_no_cookie(self):
        for field in ["", "=x", " = x", "; Path=/"]:
            with self.subTest(field):
                self.assertIsNone(read(field))

    def test_what_a_server_would_not_read_is_kept_all_the_same(self):
        for field, key, value in [("a b=1", "a b", "1"), ("a=b c", "a", "b c"), ('a=b"c', "a", 'b"c')]:
            with self.subTest(field):
                cookie = read(field)
                self.assertEqual((cookie.decoded_key, cookie.decoded_value), (key, value))

    def test_a_host_sets_cookies_for_itself_and_what_it_is_in(self):
        for host, domain, kept in [
            ("a.example", "a.example", "a.example"),
            ("a.example", ".a.example", "a.example"),
            ("a.example", "A.EXAMPLE", "a.example"),
            ("www.a.example", "a.example", "a.example"),
            ("a.example", "", "a.example"),
            ("a.example", "b.example", None),
            ("a.example", "www.a.example", None),
            ("ba.example", "a.example", None),
            ("a.example", "a.example.", None),
            ("a.example", "xa.example", None),
            ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "0.0.1", None),
            ("127.0.0.1", "1", None),
            ("[::1]", "[::1]", "[::1]"),
            ("[::1]", "1]", None),
            ("", "a.example", None),
        ]:
            with self.subTest(host=host, domain=domain):
                cookie = read(f"a=1; Domain={domain}", host)
                self.assertEqual(cookie and cookie.domain, kept)
                self.assertTrue(cookie is None or cookie.origin_only == (domain == ""))

    def test_a_path_that_is_none_is_that_of_the_request_up_to_its_last_slash(self):
        for option, path, expected in [
            ("", "/dir/page", "/dir"),
            ("", "/dir/", "/dir"),
            ("", "/page", "/"),
            ("", "/", "/"),
            ("Path=", "/dir/page", "/dir"),
            ("Path=relative", "/dir/page", "/dir"),
            ("Path=/x/", "/dir/page", "/x/"),
        ]:
            with self.subTest(option=option, path=path):
                self.assertEqual(read(f"a=1; {option}", path=path).path, expected)

    def test_a_length_of_life_is_a_row_of_digits(self):
        for text, expected in [("60", 60), ("0", 0), ("-1", -1)]:
            with self.subTest(text):
                self.assertEqual(read(f"a=1; Max-Age={text}").max_age, expected)
        for text in ["", "soon", "+1", "1.5", "1_0", "٣", "--1", "9" * 5000]:
            with self.subTest(text):
                self.assertIsNone(read(f"a=1; Max-Age={text}").max_age)


class MatchTest(unittest.TestCase):
    """Where a cookie is sent: sections 5.1.3 and 5.1.4."""

    def test_a_path_covers_what_is_below(self):
        for own, path, expected in [
            ("/", "/", True),
            ("/", "/x", True),
            ("/x", "/x", True),
            ("/x", "/x/", True),
            ("/x", "/x/y", True),
            ("/x", "/xy", False),
            ("/x", "/", False),
            ("/x/", "/x", False),
            ("/x/", "/x/y", True),
        ]:
            with self.subTest(own=own, path=path):
                self.assertEqual(read(f"a=1; Path={own}").matches("a.example", path), expected)

    def test_a_domain_covers_names_below_and_no_addresses(self):
        for field, host, expected in [
            ("a=1; Path=/", "a.example", True),
            ("a=1; Path=/", "www.a.example", False),
            ("a=1; Path=/; Domain=a.example", "www.a.example", True),
            ("a=1; Path=/; Domain=a.example", "x.www.a.example", True),
            ("a=1; Path=/; Domain=a.example", "ba.example", False),
            ("a=1; Path=/; Domain=a.example", "example", False),
        ]:
            with self.subTest(field=field, host=host):
                self.assertEqual(read(field).matches(host, "/"), expected)
        for domain, host in [("0.0.1", "127.0.0.1"), ("1", "127.0.0.1"), ("1]", "[::1]")]:
            with self.subTest(domain):
                self.assertFalse(Cookie("a", "1", domain, "/", False, {}).matches(host, "/"))


class JarTest(unittest.TestCase):
    """One cookie for each name, domain and path; section 5.4."""

    def put(self, *fields):
        jar = CookieJar()
        for field in fields:
            jar.put(read(field))
        return jar

    def test_the_last_one_counts(self):
        jar = self.put("a=1; Path=/", "a=2; Path=/", "b=3; Path=/")
        self.assertEqual((jar.field("a.example", "/"), len(jar)), ("a=2; b=3", 2))

    def test_it_may_be_changed_while_it_is_read(self):
        jar = self.put("a=1; Path=/")

        class Busy(Cookie):  # as if by another thread
            def matches(self, host, path):
                jar.put(read("b=2; Path=/"))
                return True

        jar.put(Busy.parse("c=3; Path=/", "a.example", "/"))
        jar.put(read("d=4; Path=/"))
        self.assertEqual(jar.field("a.example", "/"), "a=1; c=3; d=4")

    def test_those_of_longer_paths_come_first(self):
        jar = self.put("a=1; Path=/", "a=2; Path=/x/y", "a=3; Path=/x", "b=4; Path=/x/y")
        self.assertEqual(jar.field("a.example", "/x/y/z"), "a=2; b=4; a=3; a=1")
        self.assertEqual(jar.field("a.example", "/"), "a=1")
        self.assertEqual(jar.field("b.example", "/"), "")

    def test_one_that_has_ended_takes_the_one_before_with_it(self):
        ago, ahead = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2199 00:00:00 GMT"
        for options, kept in [
            (f"Expires={ago}", False),
            ("Expires=Sunday, 06-Nov-94 08:49:37 GMT", False),
            ("Expires=Thu, 01-Jan-1970 00:00:00 GMT", False),  # as Netscape wrote it, and programs do since
            (f"Expires={ahead}", True),
            ("Expires=nonsense", True),
            (f"Expires={ago}; Max-Age=60", True),
            (f"Expires={ahead}; Max-Age=0", False),
            ("Max-Age=-1", False),
            ("Max-Age=1", True),
            ("Max-Age=soon", True),
        ]:
            with self.subTest(options):
                jar = self.put("a=old; Path=/", f"a=new; Path=/; {options}")
                self.assertEqual(jar.field("a.example", "/"), "a=new" if kept else "")

    def test_a_cookie_is_found_by_what_its_name_stands_for(self):
        jar = self.put("grö=1; Path=/gr%C3%B6".encode().decode("latin-1"))
        for domain in ["a.example", "A.Example", ".a.example", "a.example:5000"]:
            with self.subTest(domain):
                self.assertEqual(jar.get("grö", domain, "/grö").decoded_value, "1")
        self.assertIsNone(jar.get("grö", "b.example", "/grö"))
        jar.delete("grö", "A.example", "/grö")
        jar.delete("never there", "a.example", "/")
        self.assertEqual(len(jar), 0)


if __name__ == "__main__":
    unittest.main()
