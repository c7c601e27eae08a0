import copy
import pickle
import unittest

from nanoweb.directives import (
    ContentSecurityPolicy,
    HeaderSet,
    RequestCacheControl,
    ResponseCacheControl,
    cache_control_property,
)
from nanoweb.fields import Headers
from nanoweb.headers import parse_cache_control_header, parse_csp_header, parse_set_header


def copies(value):
    """Yield (how, copy) for every way to copy a value."""
    yield "copy", copy.copy(value)
    yield "deepcopy", copy.deepcopy(value)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield f"pickle {protocol}", pickle.loads(pickle.dumps(value, protocol))


class HeaderSetTest(unittest.TestCase):
    """Vary, Allow, Content-Language: names in an order, the same in any case."""

    def setUp(self):
        self.changes = []
        self.names = HeaderSet(["Cookie", "Accept", "DNT"], on_update=lambda names: self.changes.append(str(names)))

    def test_names_are_the_same_in_any_case(self):
        for name in ["Cookie", "cookie", "COOKIE"]:
            self.assertIn(name, self.names)
        for other in ["Set-Cookie", "", 1, None]:
            self.assertNotIn(other, self.names)
        self.assertEqual((self.names.find("accept"), self.names.find("x"), self.names.index("dnt")), (1, -1, 2))
        self.assertRaises(IndexError, self.names.index, "x")
        self.assertEqual(self.names.as_set(), {"cookie", "accept", "dnt"})
        self.assertEqual(self.names.as_set(preserve_casing=True), {"Cookie", "Accept", "DNT"})

    def test_the_first_spelling_of_a_name_stays(self):
        self.assertEqual(list(HeaderSet(["Accept", "ACCEPT", "accept"])), ["Accept"])
        self.names.add("COOKIE")
        self.assertEqual((str(self.names), self.changes), ("Cookie, Accept, DNT", []))

    def test_it_is_read_from_a_field_and_written_to_one(self):
        for field, expected in [
            ("Cookie, accept", "Cookie, accept"),
            (None, ""),
            (", ,", ""),
            ('"a b", c', '"a b", c'),
        ]:
            with self.subTest(field):
                self.assertEqual(HeaderSet(parse_set_header(field)).to_header(), expected)
        self.assertEqual(repr(self.names), "HeaderSet(['Cookie', 'Accept', 'DNT'])")

    def test_every_change_is_told_after_it_happened(self):
        for name, change, expected in [
            ("add", lambda names: names.add("X"), ["Cookie", "Accept", "DNT", "X"]),
            ("update", lambda names: names.update(["X", "dnt", "x", "Y"]), ["Cookie", "Accept", "DNT", "X", "Y"]),
            ("remove", lambda names: names.remove("ACCEPT"), ["Cookie", "DNT"]),
            ("remove as spelled", lambda names: names.remove("Accept"), ["Cookie", "DNT"]),
            ("discard", lambda names: names.discard("Cookie"), ["Accept", "DNT"]),
            ("pop", lambda names: names.pop(), ["Accept", "DNT"]),
            ("del", lambda names: names.__delitem__(-1), ["Cookie", "Accept"]),
            ("set", lambda names: names.__setitem__(0, "X"), ["X", "Accept", "DNT"]),
            ("set to one that is there", lambda names: names.__setitem__(0, "dnt"), ["dnt", "Accept"]),
            ("set in another spelling", lambda names: names.__setitem__(2, "Dnt"), ["Cookie", "Accept", "Dnt"]),
            ("clear", lambda names: names.clear(), []),
            ("|=", lambda names: names.__ior__(["X"]), ["Cookie", "Accept", "DNT", "X"]),
            ("-=", lambda names: names.__isub__(["ACCEPT"]), ["Cookie", "DNT"]),
        ]:
            with self.subTest(name):
                self.setUp()
                change(self.names)
                self.assertEqual((list(self.names), len(self.names)), (expected, len(expected)))
                self.assertEqual(self.changes, [", ".join(expected)])

    def test_what_changes_nothing_is_not_told(self):
        self.names.update([])
        self.names.discard("X")
        self.assertRaises(KeyError, self.names.remove, "X")
        self.assertRaises(IndexError, self.names.__delitem__, 9)
        self.assertRaises(IndexError, self.names.__setitem__, 9, "X")
        self.assertEqual((self.changes, len(self.names)), ([], 3))

    def test_one_text_is_not_taken_for_a_list_of_letters(self):
        for make in [lambda: HeaderSet("Cookie"), lambda: self.names.update("Cookie")]:
            with self.assertRaisesRegex(TypeError, "'Cookie' is one name"):
                make()

    def test_what_is_no_text_is_no_name(self):
        for name in [b"Cookie", None, 5]:
            with self.subTest(name):
                self.assertRaises(TypeError, self.names.add, name)
                self.assertRaises(TypeError, HeaderSet, [name])
        self.assertEqual((len(self.names), self.changes), (3, []))

    def test_it_is_a_set(self):
        other = HeaderSet(["ACCEPT", "X"])
        self.assertEqual(list(self.names | other), ["Cookie", "Accept", "DNT", "X"])
        self.assertEqual(list(other & self.names), ["Accept"])
        self.assertEqual(list(self.names - other), ["Cookie", "DNT"])
        self.assertEqual(HeaderSet(["a", "B"]), HeaderSet(["b", "A"]))
        self.assertNotEqual(HeaderSet(["a"]), HeaderSet(["a", "b"]))
        self.assertTrue(HeaderSet(["a"]) < HeaderSet(["A", "b"]))
        self.assertTrue(self.names and not HeaderSet())
        self.assertEqual((self.names[0], self.names[-1], self.names[:2]), ("Cookie", "DNT", ["Cookie", "Accept"]))
        self.assertRaises(TypeError, hash, self.names)

    def test_a_copy_tells_nobody(self):
        for name, other in copies(self.names):
            with self.subTest(name):
                self.assertEqual((type(other), list(other)), (HeaderSet, list(self.names)))
                other.add("X")
                self.assertEqual((self.changes, "X" in self.names), ([], False))

    def test_no_name_starts_another_field(self):
        headers = Headers()
        names = HeaderSet(on_update=lambda names: headers.set("Vary", names.to_header()))
        names.add("Cookie")
        with self.assertRaisesRegex(ValueError, "header Vary"):
            names.add("a\r\nSet-Cookie: admin=1")
        self.assertEqual(list(headers), [("Vary", "Cookie")])


class RequestCacheControlTest(unittest.TestCase):
    """RFC 9111, section 5.2.1."""

    def test_a_directive_is_an_attribute(self):
        field = "no-cache, no-store, No-Transform, only-if-cached, max-age=60, MIN-FRESH=5, stale-if-error=7"
        asked = RequestCacheControl(parse_cache_control_header(field))
        self.assertEqual((asked.no_cache, asked.no_store, asked.no_transform, asked.only_if_cached), (True,) * 4)
        self.assertEqual((asked.max_age, asked.min_fresh, asked.stale_if_error, asked.max_stale), (60, 5, 7, None))
        self.assertEqual(RequestCacheControl({"max-stale": None}).max_stale, True)
        self.assertEqual(RequestCacheControl({"max-stale": "9"}).max_stale, 9)
        missing = RequestCacheControl()
        self.assertEqual((missing.no_cache, missing.only_if_cached, missing.max_age), (False, False, None))

    def test_a_number_that_is_none_is_none(self):
        for text, expected in [
            ("0", 0),
            ("007", 7),
            ("9" * 18, 10**18 - 1),
            (None, None),
            ("", None),
            ("-1", None),
            ("+5", None),
            ("5_0", None),
            (" 5", None),
            ("5\n", None),
            ("1.5", None),
            ("٥", None),
            ("x", None),
            ("9" * 19, None),
            ("9" * 100000, None),
        ]:
            with self.subTest(text and text[:20]):
                asked = RequestCacheControl({"max-age": text, "min-fresh": text})
                self.assertEqual((asked.max_age, asked.min_fresh), (expected, expected))

    def test_it_cannot_be_changed(self):
        asked = RequestCacheControl({"max-age": "60"})
        for name, change in {
            "attribute": lambda: setattr(asked, "max_age", 5),
            "flag": lambda: setattr(asked, "no_store", False),
            "delete": lambda: delattr(asked, "max_age"),
            "set": lambda: asked.__setitem__("max-age", "5"),
            "del": lambda: asked.__delitem__("max-age"),
            "pop": lambda: asked.pop("max-age"),
            "popitem": asked.popitem,
            "clear": asked.clear,
            "update": lambda: asked.update({}),
            "setdefault": lambda: asked.setdefault("a"),
            "|=": lambda: asked.__ior__({}),
        }.items():
            with self.subTest(name), self.assertRaisesRegex(TypeError, "RequestCacheControl cannot be changed"):
                change()
        self.assertEqual((asked, asked.copy()), ({"max-age": "60"}, {"max-age": "60"}))
        self.assertEqual(hash(asked), hash(RequestCacheControl(asked)))
        self.assertEqual(str(asked), "max-age=60")

    def test_it_knows_whether_there_was_a_field(self):
        for values, provided in [(None, False), ((), True), ({"no-cache": None}, True)]:
            with self.subTest(values):
                asked = RequestCacheControl(values)
                self.assertEqual((asked.provided, dict(asked)), (provided, dict(values or ())))
                for name, other in copies(asked):
                    self.assertEqual(
                        (type(other), other, other.provided), (RequestCacheControl, asked, provided), name
                    )

    def test_it_has_no_directives_of_a_response(self):
        asked, answered = RequestCacheControl(), ResponseCacheControl()
        for name in ["public", "private", "s_maxage", "immutable", "must_revalidate", "must_understand"]:
            self.assertEqual((hasattr(asked, name), hasattr(answered, name)), (False, True), name)
        for name in ["max_stale", "min_fresh", "only_if_cached"]:
            self.assertEqual((hasattr(asked, name), hasattr(answered, name)), (True, False), name)


class ResponseCacheControlTest(unittest.TestCase):
    """RFC 9111, section 5.2.2."""

    def setUp(self):
        self.fields = []
        self.control = ResponseCacheControl((), on_update=lambda control: self.fields.append(str(control)))

    def test_what_is_assigned_is_written(self):
        for name, value, field, read in [
            ("max_age", 60, "max-age=60", 60),
            ("max_age", 0, "max-age=0", 0),
            ("max_age", "60", "max-age=60", 60),
            ("s_maxage", 60.9, "s-maxage=60", 60),
            ("stale_while_revalidate", 1, "stale-while-revalidate=1", 1),
            ("stale_if_error", 2, "stale-if-error=2", 2),
            ("no_store", True, "no-store", True),
            ("no_store", 1, "no-store", True),
            ("no_transform", True, "no-transform", True),
            ("public", True, "public", True),
            ("must_revalidate", True, "must-revalidate", True),
            ("proxy_revalidate", True, "proxy-revalidate", True),
            ("must_understand", True, "must-understand", True),
            ("immutable", True, "immutable", True),
            ("private", True, "private", True),
            ("private", "Set-Cookie", 'private="Set-Cookie"', "Set-Cookie"),
            ("no_cache", True, "no-cache", True),
            ("no_cache", "Set-Cookie", 'no-cache="Set-Cookie"', "Set-Cookie"),
            ("no_cache", "Set-Cookie, X", 'no-cache="Set-Cookie, X"', "Set-Cookie, X"),
        ]:
            with self.subTest(name, value=value):
                self.setUp()
                setattr(self.control, name, value)
                self.assertEqual((getattr(self.control, name), self.fields), (read, [field]))
                self.assertEqual(getattr(ResponseCacheControl(parse_cache_control_header(field)), name), read)

    def test_none_false_and_del_take_a_directive_away(self):
        for name in ["max_age", "no_store", "private"]:
            for take in [lambda: setattr(self.control, name, None), lambda: setattr(self.control, name, False)]:  # noqa: B023
                self.setUp()
                setattr(self.control, name, "5")
                take()
                self.assertEqual((self.fields[1:], dict(self.control)), ([""], {}))
            setattr(self.control, name, "5")
            delattr(self.control, name)
            delattr(self.control, name)  # and one that is not there is no error
            self.assertEqual(dict(self.control), {})

    def test_what_could_not_be_read_back_is_refused(self):
        for name, value in [
            ("max_age", -1),
            ("max_age", "+5"),
            ("max_age", "5_0"),
            ("max_age", "60s"),
            ("max_age", ""),
            ("max_age", "٥"),
            ("max_age", 10**18),
            ("max_age", float("nan")),
            ("max_age", True),
            ("stale_if_error", True),
        ]:
            with self.subTest(name, value=value), self.assertRaises(ValueError):
                setattr(self.control, name, value)
        with self.assertRaisesRegex(ValueError, "'60s' is no number of seconds: give a number from 0 up"):
            self.control.max_age = "60s"
        self.assertEqual((dict(self.control), self.fields), ({}, []))

    def test_directives_that_nobody_knows_are_kept(self):
        control = ResponseCacheControl(parse_cache_control_header('surrogate="a, b", x, max-age=1'))
        control.max_age = 2
        self.assertEqual(str(control), 'surrogate="a, b", x, max-age=2')
        self.assertEqual(repr(control), "<ResponseCacheControl max-age='2' surrogate='a, b' x=None>")

    def test_a_subclass_can_know_more(self):
        class CacheControl(ResponseCacheControl):
            surrogate = cache_control_property("surrogate", True, int, doc="For the proxy in front.")
            share = ResponseCacheControl.cache_property("share", None, float)

        control = CacheControl({"surrogate": None, "share": "x"})
        self.assertEqual(
            (control.surrogate, control.share, CacheControl.surrogate.__doc__),
            (True, None, "For the proxy in front."),
        )
        control.surrogate, control.share = 5, "0.5"
        self.assertEqual((str(control), control.share), ("surrogate=5, share=0.5", 0.5))

    def test_a_copy_tells_nobody(self):
        self.control.max_age = 60
        for name, other in copies(self.control):
            with self.subTest(name):
                self.assertEqual((type(other), other), (ResponseCacheControl, self.control))
                other.no_store = True
                self.assertEqual((self.fields, self.control.no_store), (["max-age=60"], False))
        self.assertIs(type(self.control.copy()), dict)

    def test_no_value_starts_another_field(self):
        headers = Headers()
        control = ResponseCacheControl(on_update=lambda control: headers.set("Cache-Control", str(control)))
        with self.assertRaisesRegex(ValueError, "header Cache-Control"):
            control.private = "a\r\nSet-Cookie: admin=1"
        self.assertEqual(list(headers), [])


class ContentSecurityPolicyTest(unittest.TestCase):
    """Content Security Policy Level 3, section 2.2."""

    def test_a_directive_is_an_attribute(self):
        fields = []
        policy = ContentSecurityPolicy(
            parse_csp_header("default-src 'self'; img-src *"), lambda csp: fields.append(str(csp))
        )
        self.assertEqual((policy.default_src, policy.img_src, policy.sandbox), ("'self'", "*", None))
        policy.script_src_elem = "https://code.example"
        policy.img_src = None
        del policy.default_src, policy.worker_src
        self.assertEqual(
            fields,
            [
                "default-src 'self'; img-src *; script-src-elem https://code.example",
                "default-src 'self'; script-src-elem https://code.example",
                "script-src-elem https://code.example",
            ],
        )
        self.assertEqual(repr(policy), "<ContentSecurityPolicy script-src-elem='https://code.example'>")

    def test_a_directive_may_have_no_sources(self):
        policy = ContentSecurityPolicy({"upgrade-insecure-requests": None, "default-src": "'self'"})
        self.assertEqual(ContentSecurityPolicy({"sandbox": None}).sandbox, "")
        policy.sandbox = ""
        self.assertEqual(
            (str(policy), policy.sandbox), ("upgrade-insecure-requests; default-src 'self'; sandbox", "")
        )

    def test_no_value_starts_another_directive(self):
        # CVE-2024-54133: what a program let others write into a policy switched the policy off.
        for sources in ["x; script-src *", "x;", "x, script-src *", "x\r\nSet-Cookie: a=b", "x\x00", "x\n", "é"]:
            with self.subTest(sources):
                policy = ContentSecurityPolicy({"img-src": sources})
                with self.assertRaisesRegex(ValueError, "is more than one, or none"):
                    policy.to_header()
        for name in ["", "a;b", "a\nb", "a:b", "é"]:
            with self.subTest(name), self.assertRaises(ValueError):
                ContentSecurityPolicy({name: "x"}).to_header()

    def test_a_subclass_can_know_more(self):
        class Policy(ContentSecurityPolicy):
            trusted_types = cache_control_property("trusted-types", "", None)

        policy = Policy()
        policy.trusted_types = "default"
        self.assertEqual(str(policy), "trusted-types default")

    def test_it_can_be_copied(self):
        policy = ContentSecurityPolicy({"img-src": "*"}, on_update=lambda policy: self.fail("told"))
        for name, other in copies(policy):
            with self.subTest(name):
                other.img_src = "x"
                self.assertEqual((type(other), other.img_src, policy.img_src), (ContentSecurityPolicy, "x", "*"))


if __name__ == "__main__":
    unittest.main()
