import copy
import pickle
import unittest

from nanoweb.dicts import MultiDict
from nanoweb.exceptions import BadRequestKeyError
from nanoweb.fields import EnvironHeaders, Headers

COOKIES = [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("X-Count", "5"), ("set-cookie", "b=2")]


class HeadersTest(unittest.TestCase):
    """Fields in their order, names in any case."""

    def setUp(self):
        self.headers = Headers(COOKIES)

    def test_it_is_made_of_pairs_a_dict_or_other_headers(self):
        for source, expected in [
            (COOKIES, COOKIES),
            (iter(COOKIES), COOKIES),
            (Headers(COOKIES), COOKIES),
            (
                {"A": "1", "B": ["2", "3"], "C": ("4",), "D": {"5"}, "E": []},
                [("A", "1"), ("B", "2"), ("B", "3"), ("C", "4"), ("D", "5")],
            ),
            (MultiDict([("A", "1"), ("A", "2")]), [("A", "1"), ("A", "2")]),
            (EnvironHeaders({"HTTP_HOST": "a", "HTTP_X_B": "c"}), [("Host", "a"), ("X-B", "c")]),
            (None, []),
            ({}, []),
        ]:
            with self.subTest(source):
                self.assertEqual(list(Headers(source)), expected)

    def test_a_name_is_found_in_any_case(self):
        for name in ["Set-Cookie", "set-cookie", "SET-COOKIE"]:
            with self.subTest(name):
                self.assertEqual((self.headers[name], self.headers.get(name)), ("a=1", "a=1"))
                self.assertEqual(self.headers.getlist(name), ["a=1", "b=2"])
                self.assertEqual(self.headers.get_all(name), ["a=1", "b=2"])
                self.assertIn(name, self.headers)
        self.assertNotIn("Cookie", self.headers)
        self.assertNotIn(5, self.headers)

    def test_a_missing_name_is_a_bad_request_and_a_key_error(self):
        for look in [lambda: self.headers["Age"], lambda: self.headers.pop("Age")]:
            with self.assertRaises(BadRequestKeyError):
                look()
        self.assertEqual((self.headers.get("Age"), self.headers.get("Age", "0")), (None, "0"))

    def test_a_type_converts_and_what_does_not_fit_is_the_default(self):
        self.assertEqual((self.headers.get("X-Count", type=int), self.headers.get("Content-Type", 7, int)), (5, 7))
        self.headers.add("X-Count", "many")
        self.assertEqual(self.headers.getlist("X-Count", type=int), [5])

    def test_it_is_a_list_of_fields_too(self):
        self.assertEqual((self.headers[0], self.headers[-1], len(self.headers)), (COOKIES[0], COOKIES[-1], 4))
        self.assertEqual((type(self.headers[1:3]), list(self.headers[1:3])), (Headers, COOKIES[1:3]))
        self.headers[0] = ("A", 1)
        self.headers[2:] = [("B", "2")]
        self.assertEqual(list(self.headers), [("A", "1"), ("Set-Cookie", "a=1"), ("B", "2")])
        del self.headers[0], self.headers[1:]
        self.assertEqual(list(self.headers), [("Set-Cookie", "a=1")])
        self.assertRaises(IndexError, lambda: self.headers[1])

    def test_names_and_values_come_in_order_and_in_lower_case_if_asked(self):
        self.assertEqual(list(self.headers.items()), COOKIES)
        self.assertEqual(list(self.headers.keys(lower=True)), ["content-type", "set-cookie", "x-count", "set-cookie"])
        self.assertEqual(list(self.headers.values()), ["text/html", "a=1", "5", "b=2"])
        self.assertEqual(dict(self.headers)["Set-Cookie"], "a=1")

    def test_setting_replaces_all_at_the_place_of_the_first(self):
        self.headers["SET-COOKIE"] = "c=3"
        self.assertEqual(list(self.headers), [COOKIES[0], ("SET-COOKIE", "c=3"), COOKIES[2]])
        self.headers.set("Age", 60)
        self.assertEqual(self.headers[-1], ("Age", "60"))

    def test_adding_adds(self):
        self.headers.add("Set-Cookie", "c=3")
        self.headers.add_header("Age", 60)
        self.assertEqual(list(self.headers), [*COOKIES, ("Set-Cookie", "c=3"), ("Age", "60")])

    def test_keyword_arguments_become_parameters(self):
        headers = Headers()
        headers.add("Content-Disposition", "attachment", filename="a b.txt")
        headers.set("X", "y", max_age=5, gone=None)
        self.assertEqual(
            list(headers), [("Content-Disposition", 'attachment; filename="a b.txt"'), ("X", "y; max-age=5")]
        )
        headers.set("Content-Disposition", "attachment", **{"filename*": "UTF-8''%E2%9C%93.txt"})
        self.assertEqual(headers[0][1], "attachment; filename*=UTF-8''%E2%9C%93.txt")

    def test_lists_of_values_are_set_and_asked_for_at_once(self):
        self.headers.setlist("Set-Cookie", ["c=3", "d=4"])
        self.assertEqual(self.headers.getlist("set-cookie"), ["c=3", "d=4"])
        self.headers.setlist("Set-Cookie", iter(()))
        self.assertNotIn("Set-Cookie", self.headers)
        with self.assertRaises(ValueError):
            self.headers.setlist("Content-Type", ["text/plain", "x\r\n"])
        self.assertEqual(self.headers.getlist("Content-Type"), ["text/html"])
        self.assertEqual(self.headers.setlistdefault("Via", ["a", "b"]), ["a", "b"])
        self.assertEqual(self.headers.setlistdefault("via", ["c"]), ["a", "b"])
        self.assertEqual(self.headers.setdefault("Via", "c"), "a")
        self.assertEqual(self.headers.setdefault("Age", 60), "60")

    def test_extending_adds_and_updating_replaces(self):
        for source, extended, updated in [
            ({"x-count": 6}, ["5", "6"], ["6"]),
            ({"x-count": ["6", "7"]}, ["5", "6", "7"], ["6", "7"]),
            ({"x-count": []}, ["5"], []),
            ([("x-count", "6"), ("X-Count", "7")], ["5", "6", "7"], ["7"]),
            (Headers([("x-count", "6"), ("X-Count", "7")]), ["5", "6", "7"], ["6", "7"]),
            (MultiDict([("x-count", "6"), ("x-count", "7")]), ["5", "6", "7"], ["6", "7"]),
            (EnvironHeaders({"HTTP_X_COUNT": "6"}), ["5", "6"], ["6"]),
            (None, ["5"], ["5"]),
        ]:
            with self.subTest(source):
                one, other = Headers(COOKIES), Headers(COOKIES)
                one.extend(source)
                other.update(source)
                self.assertEqual((one.getlist("X-Count"), other.getlist("X-Count")), (extended, updated))
                self.assertEqual((one.getlist("Set-Cookie"), other.getlist("Set-Cookie")), (["a=1", "b=2"],) * 2)
        self.headers.extend(Age="1")
        self.headers.update({"Age": "2"}, Via=["a", "b"])
        self.assertEqual((self.headers.getlist("Age"), self.headers.getlist("Via")), (["2"], ["a", "b"]))
        for method in [self.headers.extend, self.headers.update]:
            self.assertRaises(TypeError, method, {}, {})

    def test_every_way_to_write_goes_through_what_a_subclass_overrides(self):
        class Lower(Headers):
            def set(self, key, value, **params):
                super().set(key.lower(), value, **params)

            def add(self, key, value, **params):
                super().add(key.lower(), value, **params)

        headers = Lower([("A", "1")])
        headers.extend({"B": ["2", "3"]})
        headers.update({"C": "4"}, D=["5", "6"])
        headers.setlist("E", ["7", "8"])
        headers["F"] = "9"
        headers.setdefault("G", "10")
        headers |= [("H", "11")]
        self.assertEqual(list(headers.keys()), [*"abbcddeefgh"])

    def test_it_may_be_extended_and_updated_with_itself(self):
        self.headers.update(self.headers)
        self.assertEqual(self.headers, Headers(COOKIES))
        self.headers.extend(self.headers)
        self.assertEqual(len(self.headers), 8)

    def test_two_can_be_joined(self):
        joined = self.headers | {"x-count": "6"}
        self.assertEqual((joined["X-Count"], self.headers["X-Count"]), ("6", "5"))
        self.headers |= [("x-count", "7")]
        self.assertEqual(self.headers.getlist("X-Count"), ["7"])
        for wrong in [None, 5]:
            with self.assertRaises(TypeError):
                self.headers |= wrong
            with self.assertRaises(TypeError):
                self.headers | wrong

    def test_removing_takes_all_of_a_name(self):
        self.headers.remove("Set-cookie")
        self.headers.remove("nothing")
        del self.headers["x-count"], self.headers["nothing"]
        self.assertEqual(list(self.headers), COOKIES[:1])
        self.headers.clear()
        self.assertFalse(self.headers)

    def test_taking_out_gives_a_value_or_a_field(self):
        self.assertEqual((self.headers.pop("set-cookie"), "Set-Cookie" in self.headers), ("a=1", False))
        self.assertEqual((self.headers.pop("Age", "0"), self.headers.pop("Age", default=None)), ("0", None))
        self.assertEqual((self.headers.pop(0), self.headers.popitem()), (COOKIES[0], COOKIES[2]))
        self.assertRaises(IndexError, self.headers.pop)
        self.assertEqual(Headers(COOKIES).pop(), COOKIES[-1])

    def test_equal_are_those_that_say_the_same(self):
        self.assertEqual(self.headers, Headers([(name.upper(), value) for name, value in reversed(COOKIES)]))
        self.assertNotEqual(self.headers, Headers(COOKIES[:3]))
        self.assertNotEqual(Headers(COOKIES[:1] * 2), Headers(COOKIES[:1]))
        self.assertNotEqual(self.headers, COOKIES)
        self.assertRaises(TypeError, hash, self.headers)

    def test_copies_are_of_their_own(self):
        for other in [
            self.headers.copy(),
            copy.copy(self.headers),
            copy.deepcopy(self.headers),
            Headers(self.headers),
            pickle.loads(pickle.dumps(self.headers)),
        ]:
            self.assertEqual(other, self.headers)
            other.clear()
            self.assertEqual(len(self.headers), 4)
        self.headers.to_wsgi_list().clear()
        self.assertEqual(self.headers.to_wsgi_list(), COOKIES)

    def test_it_shows_itself_as_it_is_sent(self):
        self.assertEqual(str(self.headers[:2]), "Content-Type: text/html\r\nSet-Cookie: a=1\r\n\r\n")
        self.assertEqual(repr(self.headers[:1]), "Headers([('Content-Type', 'text/html')])")


class InjectionTest(unittest.TestCase):
    """Nothing that is put into Headers, in whatever way, starts a second field."""

    WAYS = {
        "Headers(list)": lambda name, value: Headers([(name, value)]),
        "Headers(dict)": lambda name, value: Headers({name: value}),
        "Headers(dict of lists)": lambda name, value: Headers({name: [value]}),
        "Headers(MultiDict)": lambda name, value: Headers(MultiDict([(name, value)])),
        "add": lambda name, value: Headers().add(name, value),
        "add_header": lambda name, value: Headers().add_header(name, value),
        "set": lambda name, value: Headers().set(name, value),
        "[name]": lambda name, value: Headers().__setitem__(name, value),
        "[0]": lambda name, value: Headers([("A", "b")]).__setitem__(0, (name, value)),
        "[:]": lambda name, value: Headers().__setitem__(slice(None), [(name, value)]),
        "setdefault": lambda name, value: Headers().setdefault(name, value),
        "setlist": lambda name, value: Headers().setlist(name, ["a", value]),
        "setlistdefault": lambda name, value: Headers().setlistdefault(name, [value]),
        "extend": lambda name, value: Headers().extend([(name, value)]),
        "update": lambda name, value: Headers().update({name: value}),
        "update(pairs)": lambda name, value: Headers().update([(name, value)]),
        "|=": lambda name, value: Headers().__ior__({name: value}),
        "|": lambda name, value: Headers() | {name: value},
    }

    def test_a_control_character_in_a_value_is_refused(self):
        for way, put in self.WAYS.items():
            for value in ["b\r\nSet-Cookie: c=d", "b\nC: d", "b\rC: d", "b\0", "\x1b[2J", "b\x7f", "b\r\n c", "b\n"]:
                with self.subTest(way, value=value), self.assertRaisesRegex(ValueError, "header A: "):
                    put("A", value)

    def test_a_name_is_a_token(self):
        for way, put in self.WAYS.items():
            for name in ["A\r\nB", "A\n", "A:", "A B", "", "Ä", "A\0"]:
                with self.subTest(way, name=name), self.assertRaisesRegex(ValueError, "header name"):
                    put(name, "b")

    def test_bytes_and_what_latin_1_cannot_say_are_refused(self):
        for way, put in self.WAYS.items():
            with self.subTest(way):
                self.assertRaises(TypeError, put, "A", b"b")
                self.assertRaises(ValueError, put, "A", "\u2713")

    def test_a_parameter_cannot_bring_in_a_field(self):
        for value in ["a\r\nB: c", "a\n"]:
            with self.subTest(value), self.assertRaises(ValueError):
                Headers().add("Content-Disposition", "attachment", name=value)

    def test_what_a_lax_server_let_through_is_not_copied(self):
        self.assertRaises(ValueError, Headers, EnvironHeaders({"HTTP_A": "b\r\nC: d"}))


class EnvironHeadersTest(unittest.TestCase):
    """The fields of a request as WSGI has them (PEP 3333, "environ Variables")."""

    def setUp(self):
        self.environ = {
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": "example.com",
            "HTTP_X_FORWARDED_FOR": "::1",
            "CONTENT_TYPE": "text/plain",
            "CONTENT_LENGTH": "",
            "HTTP_CONTENT_TYPE": "text/evil",
            "HTTP_CONTENT_LENGTH": "666",
            "wsgi.input": None,
        }
        self.headers = EnvironHeaders(self.environ)

    def test_only_the_fields_are_there(self):
        fields = [("Host", "example.com"), ("X-Forwarded-For", "::1"), ("Content-Type", "text/plain")]
        self.assertEqual((list(self.headers), len(self.headers)), (fields, 3))
        self.assertEqual((self.headers.to_wsgi_list(), list(self.headers.items())), (fields, fields))
        self.assertEqual(list(self.headers.keys(lower=True)), ["host", "x-forwarded-for", "content-type"])
        self.assertEqual((list(Headers(self.headers)), self.headers), (fields, Headers(fields)))
        self.assertIn("Host: example.com\r\n", str(self.headers))

    def test_a_name_is_found_in_any_case(self):
        for name, value in [
            ("host", "example.com"),
            ("X-FORWARDED-FOR", "::1"),
            ("content-type", "text/plain"),
            ("Content-Length", None),
            ("Method", None),
            ("wsgi.input", None),
        ]:
            with self.subTest(name):
                self.assertEqual((self.headers.get(name), name in self.headers), (value, value is not None))
                self.assertEqual(self.headers.getlist(name), [] if value is None else [value])
        self.assertRaises(BadRequestKeyError, lambda: self.headers["Content-Length"])
        self.assertEqual((self.headers.get("Age", 5, int), self.headers.get("Host", 5, int)), (5, 5))

    def test_it_is_a_view(self):
        self.environ["CONTENT_LENGTH"] = "5"
        self.assertEqual((self.headers["Content-Length"], len(self.headers)), ("5", 4))

    def test_it_has_no_order(self):
        for look in [lambda: self.headers[0], lambda: self.headers[:1]]:
            with self.assertRaisesRegex(KeyError, "no order"):
                look()

    def test_every_way_to_change_it_is_refused(self):
        for name, arguments in [
            *((name, ("A", "b")) for name in ["__setitem__", "add", "add_header", "set", "setdefault", "setlist"]),
            *((name, ({"A": "b"},)) for name in ["extend", "update", "__ior__"]),
            *((name, ("Host",)) for name in ["__delitem__", "remove", "pop"]),
            *((name, ()) for name in ["popitem", "clear"]),
            ("setlistdefault", ("A", ["b"])),
        ]:
            with self.subTest(name), self.assertRaisesRegex(TypeError, "EnvironHeaders cannot be changed"):
                getattr(self.headers, name)(*arguments)
        for make in [self.headers.copy, lambda: copy.copy(self.headers), lambda: self.headers | {"A": "b"}]:
            with self.assertRaisesRegex(TypeError, "Headers"):
                make()
