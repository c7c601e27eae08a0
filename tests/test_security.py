import hashlib
import re
import subprocess
import sys
import unittest
from contextlib import contextmanager
from unittest import mock

from nanoweb import App, redirect, request, url_for
from nanoweb.security import check_password_hash, gen_salt, generate_password_hash, is_safe_redirect

# Made by Werkzeug 3.1.
FOREIGN = {
    "secret": "scrypt:1024:8:2$bhPZsyfvixUVNXj7$"
    "f9331a132a3b8ba8d5613dc0b0bdfc39d6603a9ee00a4b9ff4a2f3f77a2f1681"
    "e71e8379f3603525f78728b5d741828b709510503870ded907579cccbea41317",
    "pä✓\U0001f600": "pbkdf2:sha256:10$ZLxxNfbUFkY6kwdF$"
    "c4967c15471c7185c510af57608de4040ac3c417a2bbd604bdf22f085e550b30",
    "x" * 300: "pbkdf2:sha1:1$RUNurDjZoGG89nKhvc2I$338f1cd5e28ad36689724480ce1d97fa839a8468",
}


@contextmanager
def watched():
    """Have the two functions of hashlib note what they are asked to do, and cost nothing."""
    asked = []

    def scrypt(password, *, salt, n, r, p, maxmem):
        asked.append(f"scrypt:{n}:{r}:{p}")
        return b"\0"

    def pbkdf2_hmac(digest, password, salt, iterations):
        asked.append(f"pbkdf2:{digest}:{iterations}")
        return b"\0"

    with mock.patch("hashlib.scrypt", scrypt), mock.patch("hashlib.pbkdf2_hmac", pbkdf2_hmac):
        yield asked


@contextmanager
def without(*names):
    """Have hashlib lack functions, as where Python was built without OpenSSL."""
    with mock.patch.multiple(hashlib, **dict.fromkeys(names)):
        for name in names:
            delattr(hashlib, name)
        yield


class PasswordTest(unittest.TestCase):
    def test_a_password_fits_its_hash_and_no_other_does(self):
        for password in ["secret", "", "pä✓\U0001f600", "a$b:c", "x" * 1000, "\ud800", "a\0b"]:
            for method in ["scrypt:16:8:1", "pbkdf2:sha256:2"]:
                with self.subTest(password[:10], method=method):
                    stored = generate_password_hash(password, method)
                    self.assertTrue(check_password_hash(stored, password))
                    for wrong in [password + "x", "x" + password, password.swapcase() + "1", stored]:
                        self.assertFalse(check_password_hash(stored, wrong))

    def test_what_a_hash_costs_by_default(self):
        stored = generate_password_hash("secret")
        self.assertRegex(stored, r"\Ascrypt:32768:8:1\$[A-Za-z0-9]{16}\$[0-9a-f]{128}\Z")
        self.assertTrue(check_password_hash(stored, "secret"))

    def test_hashes_are_those_of_werkzeug(self):
        for password, stored in FOREIGN.items():
            method, salt, _ = stored.split("$")
            with self.subTest(method):
                self.assertTrue(check_password_hash(stored, password))
                self.assertFalse(check_password_hash(stored, password + "x"))
                with mock.patch("nanoweb.security.gen_salt", return_value=salt):
                    self.assertEqual(generate_password_hash(password, method), stored)

    def test_a_stored_hash_tells_all_that_its_method_costs(self):
        for method, full in [
            ("scrypt", "scrypt:32768:8:1"),
            ("scrypt:65536:8:2", "scrypt:65536:8:2"),
            ("pbkdf2", "pbkdf2:sha256:1000000"),
            ("pbkdf2:sha512", "pbkdf2:sha512:1000000"),
            ("pbkdf2:sha512:210000", "pbkdf2:sha512:210000"),
        ]:
            with self.subTest(method), watched() as asked:
                stored = generate_password_hash("secret", method)
                self.assertRegex(stored, rf"\A{full}\$[A-Za-z0-9]{{16}}\$00\Z")
                self.assertTrue(check_password_hash(stored, "secret"))
                self.assertTrue(check_password_hash(stored.replace(full, method), "secret"))
                self.assertEqual(asked, [full] * 3)

    def test_equal_passwords_have_different_hashes(self):
        self.assertEqual(len({generate_password_hash("secret", "pbkdf2:sha256:1") for _ in range(50)}), 50)

    def test_a_method_that_is_none_is_an_error_that_tells_what_there_is(self):
        for method in [
            "",
            "sha256",
            "plain",
            "SCRYPT",
            "scrypt:",
            "scrypt:16",
            "scrypt:16:8",
            "scrypt:16:8:1:1",
            "scrypt:16:8:-1",
            "scrypt:16:8:+1",
            "scrypt:1_6:8:1",
            "scrypt: 16:8:1",
            "scrypt:16:8:1\n",
            "scrypt:١٦:8:1",
            "scrypt:016:8:1",
            "scrypt:16:8:100",
            "pbkdf2:",
            "pbkdf2:sha256:",
            "pbkdf2:sha256:0",
            "pbkdf2:sha256:1:1",
            "pbkdf2:sha256:1e3",
            "pbkdf2::1",
            "pbkdf2:sha 256:1",
            "pbkdf2:sha256\0:1",
            "scrypt:16:8:1$salt",
        ]:
            with self.subTest(method), self.assertRaises(ValueError) as caught:
                generate_password_hash("swordfish", method)
            self.assertIn(repr(method), str(caught.exception))
            self.assertIn("'scrypt:N:r:p'", str(caught.exception))
            self.assertNotIn("swordfish", str(caught.exception))

    def test_a_method_that_makes_no_sense_is_an_error_that_tells_why(self):
        for method, why in [
            ("scrypt:1:8:1", "power of 2"),
            ("scrypt:1000:8:1", "power of 2"),
            ("pbkdf2:sha257:1", "no such digest"),
            ("pbkdf2:shake_128:1", "no such digest"),
            ("scrypt:1048576:8:1", "at most 2097152"),
            ("pbkdf2:sha256:10000001", "10000000 iterations are the most"),
        ]:
            with self.subTest(method), self.assertRaisesRegex(ValueError, f"{method}.*{why}"):
                generate_password_hash("secret", method)

    def test_a_salt_has_at_least_one_character(self):
        self.assertRegex(generate_password_hash("secret", "scrypt:16:8:1", salt_length=1), r"\$[A-Za-z0-9]\$")
        for length in [0, -1]:
            with self.subTest(length), self.assertRaisesRegex(ValueError, f"a salt of {length} characters"):
                generate_password_hash("secret", "scrypt:16:8:1", salt_length=length)

    def test_a_salt_is_random_letters_and_digits(self):
        self.assertRegex(gen_salt(500), r"\A[A-Za-z0-9]{500}\Z")
        self.assertEqual(len({gen_salt(16) for _ in range(100)}), 100)

    def test_what_is_not_text_is_the_callers_mistake_and_the_error_does_not_show_it(self):
        stored = generate_password_hash("swordfish", "scrypt:16:8:1")
        for call in [
            lambda: generate_password_hash(b"swordfish"),
            lambda: check_password_hash(stored, b"swordfish"),
            lambda: check_password_hash(stored, None),
            lambda: check_password_hash(None, b"swordfish"),
            lambda: check_password_hash(stored.encode(), "swordfish"),
        ]:
            with self.assertRaisesRegex(TypeError, "not text") as caught:
                call()
            self.assertNotIn("swordfish", str(caught.exception))


MALFORMED = [
    "",
    "$",
    "$$",
    "secret",
    "scrypt:16:8:1",
    "scrypt:16:8:1$salt",
    "md5$salt$5ebe2294ecd0e0f08eab7690d2a6ee69",
    "plain$$secret",
    "scrypt:16:8$salt$00",
    "scrypt:15:8:1$salt$00",
    "scrypt:x:8:1$salt$00",
    "scrypt:16:8:1:1$salt$00",
    " scrypt:16:8:1$salt$00",
    "scrypt :16:8:1$salt$00",
    "pbkdf2:sha256:0$salt$00",
    "pbkdf2:sha256:-1$salt$00",
    "pbkdf2:sha256:1 $salt$00",
    "pbkdf2:sha256:\n1$salt$00",
    "pbkdf2:sha256:\u0661$salt$00",
    "pbkdf2:sha256:1:1$salt$00",
    "\ud800$\ud800$\ud800",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
    "a" * 1_000_000,
]

ABSURD = [
    "scrypt:1048576:8:1$salt$00",
    "scrypt:32768:64:2$salt$00",
    "scrypt:32768:8:9$salt$00",
    "scrypt:2:99999999:1$salt$00",
    "scrypt:2:1:99999999$salt$00",
    "scrypt:1073741824:8:1$salt$00",
    "scrypt:" + "9" * 10_000 + ":8:1$salt$00",
    "pbkdf2:sha256:10000001$salt$00",
    "pbkdf2:sha256:99999999$salt$00",
    "pbkdf2:sha256:" + "9" * 10_000 + "$salt$00",
]


class StoredHashTest(unittest.TestCase):
    """A stored hash is data: whatever stands there, the answer is yes or no, in time and memory that we know."""

    def test_what_is_no_hash_fits_no_password(self):
        for stored in [None, *MALFORMED, *ABSURD]:
            for password in ["secret", "", "\ud800"]:
                with self.subTest((stored or "None")[:50], password=password), watched():
                    self.assertIs(check_password_hash(stored, password), False)

    def test_nor_does_one_that_was_damaged(self):
        for stored in [generate_password_hash("secret", method) for method in ["scrypt:16:8:1", "pbkdf2:sha256:1"]]:
            method, salt, digest = stored.split("$")
            for damaged in [
                stored[:-1],
                stored + "0",
                stored + "\n",
                f"{method}$x{salt}${digest}",
                f"{method}${salt}$0{digest}",
                f"{method}${salt}$",
                f"{method}$$",
                f"{method}$${digest}",
                f"{method}${salt}${digest[:-1]}ä",
                f"{method}${salt}${digest[:-1]}\ud800",
                f"{method}${salt}\ud800${digest}",
            ]:
                with self.subTest(damaged):
                    self.assertIs(check_password_hash(damaged, "secret"), False)

    def test_where_there_is_no_hash_the_answer_takes_as_long_as_where_there_is(self):
        # Or the time would tell which names are taken.
        for stored in [None, *MALFORMED]:
            with self.subTest((stored or "None")[:50]), watched() as asked:
                check_password_hash(stored, "secret")
                self.assertEqual(asked, ["scrypt:32768:8:1"])

    def test_a_method_alone_costs_what_it_says_and_fits_no_password(self):
        for method in ["scrypt:65536:8:1", "pbkdf2:sha512:500000", "scrypt:32768:8:1"]:
            with self.subTest(method), watched() as asked:
                for password in ["secret", "", "\0"]:
                    self.assertFalse(check_password_hash(f"{method}$$", password))
                self.assertEqual(asked, [method] * 3)

    def test_absurd_costs_are_never_paid(self):
        for stored in ABSURD:
            with self.subTest(stored[:50]), watched() as asked:
                check_password_hash(stored, "secret")
                self.assertEqual(asked, ["scrypt:32768:8:1"])

    def test_the_most_that_a_hash_may_cost(self):
        for method in ["scrypt:262144:8:1", "scrypt:32768:8:8", "scrypt:32768:64:1", "pbkdf2:sha512:10000000"]:
            with self.subTest(method), watched() as asked:
                self.assertTrue(check_password_hash(f"{method}$salt$00", "secret"))
                self.assertEqual(asked, [method])

    def test_the_memory_that_a_hash_needs_is_what_it_is_given(self):
        # One byte less than RFC 7914, section 5, needs is an error of OpenSSL's, for any of these.
        for method in ["scrypt:2:1:1", "scrypt:2:99:99", "scrypt:1024:1:1", "scrypt:16:99:3"]:
            with self.subTest(method):
                self.assertTrue(check_password_hash(generate_password_hash("secret", method), "secret"))

    def test_hashes_are_compared_in_constant_time(self):
        stored = generate_password_hash("secret", "pbkdf2:sha256:1")
        with mock.patch("hmac.compare_digest", return_value=False) as compare:
            self.assertFalse(check_password_hash(stored, "secret"))
        compare.assert_called_once()


class WithoutOpenSSLTest(unittest.TestCase):
    def test_the_error_tells_what_is_missing_and_what_to_do(self):
        stored = generate_password_hash("secret", "scrypt:16:8:1")
        with without("scrypt"):
            for call in [lambda: generate_password_hash("secret"), lambda: check_password_hash(stored, "secret")]:
                with self.assertRaisesRegex(RuntimeError, r"no hashlib\.scrypt: .* OpenSSL.*method='pbkdf2'"):
                    call()
        with without("pbkdf2_hmac"), self.assertRaisesRegex(RuntimeError, r"no hashlib\.pbkdf2_hmac: .* another$"):
            generate_password_hash("secret", "pbkdf2:sha256:1")

    def test_pbkdf2_goes_on_and_unknown_visitors_take_as_long(self):
        with without("scrypt"):
            stored = generate_password_hash("secret", "pbkdf2:sha256:2")
            self.assertTrue(check_password_hash(stored, "secret"))
        with watched() as asked, without("scrypt"):
            self.assertFalse(check_password_hash(None, "secret"))
            self.assertEqual(asked, ["pbkdf2:sha256:1000000"])


OUR_OWN = [
    "/",
    "/account",
    "/account?tab=2#top",
    "/a b",
    "/größe/✓?q=ä",
    "/%2f/evil.example",
    "/%5Cevil.example",
    "/?next=//evil.example",
    "/login?next=https://evil.example/",
    "/a//b",
    "/:80",
    "/@evil.example",
    "/.evil.example",
    "/javascript:alert(1)",
]

ELSEWHERE = [
    None,
    "",
    " ",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/%2f..",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "\\evil.example",
    "/a\\b",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/\r\n/evil.example",
    "/\0/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "\x1f//evil.example",
    "\u00a0//evil.example",
    "\u3000//evil.example",
    "\ufeff//evil.example",
    "/\u200b/evil.example",
    "/\u2028/evil.example",
    "/\x85/evil.example",
    "/\x7f/evil.example",
    "/\ud800",
    "/a\nSet-Cookie: admin=1",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "http:\\\\evil.example",
    "https:\\evil.example",
    "h\nttps://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://here.example/",
    "mailto:ada@evil.example",
    "://evil.example",
    ":evil",
    "evil.example",
    "evil.example:80/",
    "account",
    "?tab=2",
    "#top",
    "./account",
    "../account",
    "；//evil.example",
    "／／evil.example",
]


class SafeRedirectTest(unittest.TestCase):
    """Open redirects: where browsers go is decided by the WHATWG's URL standard, not by RFC 3986."""

    def test_a_path_from_the_root_is_ours(self):
        for target in OUR_OWN:
            with self.subTest(target):
                self.assertIs(is_safe_redirect(target), True)
                self.assertIs(is_safe_redirect(target, "here.example"), True)

    def test_nothing_else_is(self):
        for target in [*ELSEWHERE, "https://here.example/"]:
            with self.subTest(target):
                self.assertIs(is_safe_redirect(target), False)

    def test_neither_with_a_host(self):
        for target in ELSEWHERE:
            with self.subTest(target):
                self.assertIs(is_safe_redirect(target, "here.example", "here.example:8000"), False)

    def test_a_whole_address_is_ours_if_its_host_is(self):
        hosts = ["here.example", "Shop.here.example:8000", "[::1]:5000", "127.0.0.1"]
        for target in [
            "https://here.example",
            "http://here.example/",
            "HTTPS://HERE.example/account?tab=2#top",
            "https://here.example?next=//evil.example",
            "https://here.example#@evil.example",
            "https://here.example/größe",
            "http://shop.HERE.example:8000/",
            "http://[::1]:5000/",
            "http://127.0.0.1/",
        ]:
            with self.subTest(target):
                self.assertIs(is_safe_redirect(target, *hosts), True)
        for target in [
            "https://here.example.evil.example/",
            "https://evil.example/here.example",
            "https://evil.example?here.example",
            "https://evil.example#here.example",
            "https://here.example@evil.example/",
            "https://here.example:80@evil.example/",
            "https://evil.example@here.example/",
            "https://evil.example\\@here.example/",
            "https://evil.example\\.here.example/",
            "https://here.example\\evil.example/",
            "https://here.example\t.evil.example/",
            "https://here.example .evil.example/",
            "https://here.example%2eevil.example/",
            "https://evil.example%2f.here.example/",
            "https://here.example。evil.example/",
            "https://here.example：80/",
            "https://here.example:80/",
            "https://here.example:/",
            "https://here.example./",
            "https://shop.here.example/",
            "https://other.here.example/",
            "https:here.example/",
            "https:/here.example/",
            "https:///here.example/",
            "//here.example/",
            "httpſ://here.example/",
            "https://here.example/\n",
            "ws://here.example/",
            "https://",
            "https:///",
            "https://?",
        ]:
            with self.subTest(target):
                self.assertIs(is_safe_redirect(target, *hosts), False)

    def test_letters_that_only_look_alike_do_not_pass(self):
        for target in ["https://ḱeep.example/", "https://\u212aeep.example/", "https://kеep.example/"]:
            with self.subTest(target):
                self.assertIs(is_safe_redirect(target, "keep.example"), False)

    def test_a_long_address_takes_no_time(self):
        for target in [
            "/" * 1_000_000,
            "https://" + "a." * 500_000,
            "https://" + "here.example@" * 100_000,
            "h" * 10**6,
        ]:
            self.assertIs(is_safe_redirect(target, "here.example"), False)

    def test_a_login_form_sends_nobody_elsewhere(self):
        app = App(__name__)

        @app.route("/")
        def index():
            return "home"

        @app.route("/login")
        def login():
            target = request.args.get("next")
            return redirect(target if is_safe_redirect(target, request.host) else url_for("index"))

        client = app.test_client()
        for target in ELSEWHERE:
            if target is None or "\ud800" in target:
                continue
            with self.subTest(target):
                self.assertEqual(client.get("/login", query_string={"next": target}).headers["Location"], "/")
        for target in OUR_OWN:
            with self.subTest(target):
                location = client.get("/login", query_string={"next": target}).headers["Location"]
                self.assertTrue(re.fullmatch(r"/(?!/)[!-~]*", location), location)
        for target in ["/account?tab=2", "http://localhost/account"]:
            self.assertEqual(client.get("/login", query_string={"next": target}).headers["Location"], target)


class WeightTest(unittest.TestCase):
    def test_who_hashes_and_signs_nothing_loads_nothing_for_it(self):
        code = (
            "import sys, nanoweb; app = nanoweb.App('sample'); app.secret_key = 'key';"
            "app.route('/')(lambda: 'hello');"
            "environ = {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/', 'SERVER_NAME': 'a', 'SERVER_PORT': '80',"
            " 'wsgi.url_scheme': 'http'};"
            "list(app(environ, lambda *args: None));"
            "print(*sorted({'hashlib', 'hmac', 'secrets', 'nanoweb.security', 'nanoweb.signing'} & set(sys.modules)))"
        )
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        self.assertEqual(found.stdout, "\n")


if __name__ == "__main__":
    unittest.main()
